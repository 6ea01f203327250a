//! Everything that a person sees: [`tell`] and [`print`] are the only ways out for what people read, and clippy refuses any other.
//!
//! A reader who has seen enough (`head`) is no failure; any other output that is lost is told, and ends the command badly.

use std::io::{ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::ColorChoice;
use hwdr_values::special;
use serde_json::Value as Json;

pub use hwdr_values::shown::*;

/// Whether standard output could not be written.
static IS_LOST: AtomicBool = AtomicBool::new(false);

/// Prints what people read to standard output, as it is: with its own line breaks.
pub fn print(text: &str) {
    written(&mut anstream::stdout().lock(), &screen(text));
}

/// Prints what programs read, which is escaped already as its form has it.
pub fn print_data(text: &str) {
    written(&mut std::io::stdout().lock(), text);
}

/// Prints JSON on one line, or indented, with a line break behind it.
pub fn print_json(value: &Json, indented: bool) {
    let text = if indented { format!("{value:#}") } else { value.to_string() };
    print_data(&format!("{}\n", json(&text)));
}

/// Tells people a line or more on standard error.
pub fn tell(text: &str) {
    tell_bare(&format!("{text}\n"));
}

/// The same without a line break behind it: a question.
pub fn tell_bare(text: &str) {
    let mut out = anstream::stderr().lock();
    // Nobody is left to tell.
    let _ = out.write_all(screen(text).as_bytes()).and_then(|()| out.flush());
}

/// Tells programs that read standard error a line of JSON.
pub fn tell_json(value: &Json) {
    // Nobody is left to tell.
    let _ = writeln!(std::io::stderr().lock(), "{}", json(&value.to_string()));
}

/// Whether standard error shows colours.
pub fn is_coloured() -> bool {
    anstream::AutoStream::choice(&std::io::stderr()) != ColorChoice::Never
}

/// Whether something of standard output was lost.
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

/// The text of some JSON, in which what a terminal would act on is escaped, as JSON has it.
pub fn json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        // Of ASCII, only line breaks between values are left: inside them they are escaped already.
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
