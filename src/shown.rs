//! Everything that a person sees: [`tell`] and [`print`] are the only ways to print for people, and clippy refuses any other.
//!
//! A reader who stops reading (`head`) is not a failure; any other lost output is reported, and fails the command.

use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use anstream::ColorChoice;
use hwdr_values::special;
use serde_json::Value as Json;

pub use hwdr_values::shown::*;

/// Whether standard output could not be written.
static IS_LOST: AtomicBool = AtomicBool::new(false);

/// How much is said on standard error: one of the constants below.
static SAYS: AtomicU8 = AtomicU8::new(ALL);
const ALL: u8 = 0;
const NO_NOTES: u8 = 1;
const NOTHING: u8 = 2;

/// Columns of an output that is no terminal.
const COLUMNS: usize = 80;
/// Text in longer lines is hard to read.
const WIDEST: usize = 120;

/// The columns for text on standard output.
pub fn width() -> usize {
    width_of(io::stdout())
}

/// The columns for text on standard error.
pub fn message_width() -> usize {
    width_of(io::stderr())
}

/// The columns of a terminal, but not more than can be read.
fn width_of(stream: impl AsFd) -> usize {
    if cfg!(test) {
        return COLUMNS;
    }
    terminal_size::terminal_size_of(stream).map_or(COLUMNS, |(width, _)| usize::from(width.0).min(WIDEST))
}

/// From now on, progress and notes are left out (`--quiet`). Warnings, errors, questions and results stay.
pub fn leave_out_notes() {
    SAYS.store(NO_NOTES, Ordering::Relaxed);
}

/// From now on, standard error stays empty: a shell that completes a word would show it in the middle of the line.
pub fn be_silent() {
    SAYS.store(NOTHING, Ordering::Relaxed);
}

/// Whether progress and notes are left out.
pub fn is_quiet() -> bool {
    SAYS.load(Ordering::Relaxed) != ALL
}

/// Prints progress or a note on standard error, unless `--quiet` was given.
pub fn note(text: &str) {
    if !is_quiet() {
        tell(text);
    }
}

/// Prints text for people to standard output, unchanged: with its own line breaks.
pub fn print(text: &str) {
    written(&mut anstream::stdout().lock(), &screen(text));
}

/// Prints data for programs, already escaped as its format requires.
pub fn print_data(text: &str) {
    written(&mut std::io::stdout().lock(), text);
}

/// Prints JSON on one line, or indented, followed by a line break.
pub fn print_json(value: &Json, indented: bool) {
    let text = if indented { format!("{value:#}") } else { value.to_string() };
    print_data(&format!("{}\n", json(&text)));
}

/// Prints one or more lines for people on standard error.
pub fn tell(text: &str) {
    tell_bare(&format!("{text}\n"));
}

/// Prints a text without a line break at its end: a question.
pub fn tell_bare(text: &str) {
    if SAYS.load(Ordering::Relaxed) == NOTHING {
        return;
    }
    let mut out = anstream::stderr().lock();
    // Nobody is left to tell.
    let _ = out.write_all(screen(text).as_bytes()).and_then(|()| out.flush());
}

/// Prints a line of JSON on standard error, for programs that read it.
pub fn tell_json(value: &Json) {
    // Nobody is left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{}", json(&value.to_string()));
}

/// Whether standard error shows colours.
pub fn is_coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

/// Whether some of standard output was lost.
pub fn is_lost() -> bool {
    IS_LOST.load(Ordering::Relaxed)
}

fn written(out: &mut dyn Write, text: &str) {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe && !IS_LOST.swap(true, Ordering::Relaxed) => {
            tell(&format!("standard output cannot be written: {error}"));
        }
        _ => {}
    }
}

/// JSON text with characters escaped that a terminal would interpret, in JSON's own way.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // In ASCII, only line breaks between values are left: inside values they are already escaped.
        if c == '\n' || special(c).is_none() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

/// The command that sets these fields of an object's spec, given as JSON without its braces.
pub fn patch_command(namespace: &str, kind: &str, name: &str, spec: &str) -> String {
    let patch = format!("'{{\"spec\":{{{spec}}}}}'");
    format!("kubectl -n {} patch {kind} {} \\\n  --type merge -p {patch}", word(namespace), word(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_is_the_same_value_and_harmless() {
        let value = json!({"a\u{1b}": "\u{9b}2J\u{202e}\u{2028}\u{e0001}\u{7f}é\n", "b": [1, null]});
        for text in [value.to_string(), format!("{value:#}")] {
            let text = super::json(&text);
            assert_eq!(serde_json::from_str::<Json>(&text).unwrap(), value);
            assert!(text.chars().all(|c| c == '\n' || special(c).is_none()), "{text}");
        }
    }
}
