//! Words in suggested commands, which people copy into a shell.

use std::fmt::Write as _;

use crate::special;

/// A text as one word of a shell command, whatever it contains. If it has characters that a terminal interprets, it is written byte by
/// byte, in a form that bash, zsh and ksh accept.
pub fn word(text: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_safe) {
        return text.to_owned();
    }
    if !text.chars().any(|c| special(c).is_some()) {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    let mut out = String::from("$'");
    for byte in text.bytes() {
        match byte {
            b'\'' | b'\\' => {
                out.push('\\');
                out.push(char::from(byte));
            }
            b' '..=b'~' => out.push(char::from(byte)),
            _ => {
                // Three digits at most, so that what follows is not part of it.
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out.push('\'');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_word() {
        for (text, expected) in [
            ("blocks/1", "blocks/1"),
            ("", "''"),
            ("$(x)", "'$(x)'"),
            ("it's", "'it'\\''s'"),
            ("a b", "'a b'"),
            ("a\n'b", "$'a\\012\\'b'"),
            ("\u{1b}7", "$'\\0337'"),
        ] {
            assert_eq!(word(text), expected);
        }
    }

    /// A real shell reads back what was quoted.
    #[test]
    fn bash_reads_back_what_was_meant() {
        for text in ["$(touch x)`y`", "a'b\"c\\d", "x\ny\t\u{1b}[2J", "é\u{202e}z", "-n", "~ * ? # ! {a,b}", "\\\n"] {
            let script = format!("printf %s {}", word(text));
            let output = std::process::Command::new("bash").args(["-c", &script]).output().expect("bash");
            assert_eq!(String::from_utf8(output.stdout).unwrap(), text, "{script}");
        }
    }
}
