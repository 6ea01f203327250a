//! How text is shown, or kept where others read it. Much of it was written by others: names of files and objects, keys of a bucket,
//! messages from helm, pods and servers.
//!
//! - [`plain`] shows foreign characters as escapes, and [`screen`] does so for everything that goes to a terminal or a log.
//! - [`mask`] hides credentials, in excerpts, diffs and foreign text.
//! - [`duration`] says in a few units how long something takes, and [`counted`] how many there are.
//! - [`word`] turns any text into one word of a shell command.

mod duration;
pub mod mask;
mod plain;
mod word;

use std::fmt::Display;

pub use duration::duration;
pub use plain::{lines, plain, screen};
pub use word::word;

/// A number of things: `1 file`, `2 files`. `word` is one whose plural has an `s`.
pub fn counted(number: impl Display, word: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {word}{plural}")
}

/// The most characters of a line that is kept.
const KEPT: usize = 500;
/// The most lines of a foreign text.
const SAID: usize = 100;

/// What may be kept where others read it (the state of a run, its history, Events): one line, without credentials, of limited length.
pub fn kept(text: &str) -> String {
    said(text.lines().next().unwrap_or_default())
}

/// Foreign text that may be shown and kept: without credentials, of limited length, and with escapes for special characters.
pub fn said(text: &str) -> String {
    let masked = mask::credentials(text);
    let short = |line: &str| match line.char_indices().nth(KEPT) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line.to_owned(),
    };
    let all: Vec<_> = masked.lines().take(SAID).map(short).collect();
    lines(&all.join("\n")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_has_no_plural() {
        assert_eq!([0, 1, 2, 11].map(|number| counted(number, "file")), ["0 files", "1 file", "2 files", "11 files"]);
    }

    #[test]
    fn what_is_kept_is_one_harmless_line() {
        assert_eq!(kept("a\nb"), "a");
        assert_eq!(kept("login: password=hunter2"), "login: password=*******");
        assert_eq!(kept("\u{1b}[2Jx"), "\\u{1b}[2Jx");
        assert_eq!(kept(&"é".repeat(600)).chars().count(), 501);
        assert_eq!(said("a\npassword: |\n  hunter2\nb"), "a\npassword: *\n  *******\nb");
        assert_eq!(said(&"x\n".repeat(1_000)).lines().count(), SAID);
    }
}
