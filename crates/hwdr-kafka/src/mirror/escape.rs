//! Text that `java.util.Properties.load` reads back as it was meant.

use std::fmt::Write as _;

/// Settings under headings, in the order in which they were set.
#[derive(Default)]
pub(super) struct Properties(String);

impl Properties {
    /// Starts a block with a comment.
    pub(super) fn heading(&mut self, text: &str) {
        let gap = if self.0.is_empty() { "" } else { "\n" };
        writeln!(self.0, "{gap}# {text}").unwrap_or_default();
    }

    pub(super) fn set(&mut self, key: impl AsRef<str>, value: impl AsRef<str>) {
        line(&mut self.0, key.as_ref(), value.as_ref());
    }

    pub(super) fn text(self) -> String {
        self.0
    }
}

/// `key = value`, as one logical line.
pub(super) fn line(out: &mut String, key: &str, value: &str) {
    for c in key.chars() {
        // These end a key, or begin a comment.
        if matches!(c, ' ' | ':' | '=' | '#' | '!') {
            out.push('\\');
        }
        escape(out, c);
    }
    out.push_str(" = ");
    for (place, c) in value.chars().enumerate() {
        // Spaces before a value belong to the separator.
        if place == 0 && c == ' ' {
            out.push('\\');
        }
        escape(out, c);
    }
    out.push('\n');
}

/// The file is read as ISO 8859-1 (Kafka's `Utils.loadProps` loads a stream of bytes), so all else is `\uXXXX` in UTF-16.
fn escape(out: &mut String, c: char) {
    match c {
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{c}' => out.push_str("\\f"),
        ' '..='~' => out.push(c),
        c => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}").unwrap_or_default();
            }
        }
    }
}
