//! Shows foreign characters as escapes: those that a terminal interprets, does not show, or takes for the direction of text.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::special;

/// A foreign text on one line. In quotes if it has special characters, so that its end is visible.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| special(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        push(&mut out, c);
    }
    out.push('"');
    Cow::Owned(out)
}

/// A text of several lines, otherwise like [`plain`], and without quotes.
pub fn lines(text: &str) -> Cow<'_, str> {
    let stays = |c: char| matches!(c, '\n' | '\t') || special(c).is_none();
    if text.chars().all(stays) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(16));
    for c in text.chars() {
        if stays(c) {
            out.push(c);
        } else {
            push(&mut out, c);
        }
    }
    Cow::Owned(out)
}

/// A character, or its escape.
fn push(out: &mut String, c: char) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if special(c).is_some() => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
        }
        c => out.push(c),
    }
}

/// Text for a terminal or a log: nothing special but line breaks, tabs and hwdr's colours, and no line that a CI system
/// takes for a command (`::error::` and `##[error]` of GitHub Actions, `##vso[` of Azure, `##teamcity[`).
pub fn screen(text: &str) -> Cow<'_, str> {
    let is_harmless =
        !text.contains("::") && !text.contains("##") && text.chars().all(|c| c == '\n' || special(c).is_none());
    if is_harmless {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len().saturating_add(64));
    for line in text.split_inclusive('\n') {
        let mut rest = line;
        // Whether only blanks and colours precede.
        let mut at_start = true;
        while let Some(c) = rest.chars().next() {
            if let Some(colour) = colour(rest) {
                out.push_str(colour);
                rest = rest.strip_prefix(colour).unwrap_or_default();
                continue;
            }
            // Three colons and a blank belong to an excerpt.
            if at_start && rest.starts_with("::") && !rest.starts_with("::: ") {
                out.push('\\');
            }
            if is_command(rest) {
                out.push_str("#\\");
                rest = rest.strip_prefix('#').unwrap_or_default();
            }
            at_start &= c.is_whitespace();
            match c {
                '\n' | '\t' => out.push(c),
                c => push(&mut out, c),
            }
            rest = rest.strip_prefix(c).unwrap_or_default();
        }
    }
    Cow::Owned(out)
}

/// Whether a text begins with `##word[`.
fn is_command(text: &str) -> bool {
    text.strip_prefix("##")
        .is_some_and(|rest| rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).starts_with('['))
}

/// The sequence at a text's beginning that sets a colour or weight used by hwdr. Those that hide text (8, 30, 7) are not among them.
fn colour(text: &str) -> Option<&str> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let (parameters, _) = parameters.split_once('m')?;
    let is_ours = |number: &str| {
        number.is_empty()
            || number.parse::<u8>().is_ok_and(|number| matches!(number, 0..=4 | 22..=24 | 31..=37 | 39 | 91..=97))
    };
    // The introducer has two bytes, the terminator one.
    let end = parameters.len().checked_add(3)?;
    if parameters.split(';').all(is_ours) { text.get(..end) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_stays_on_its_line_and_in_its_direction() {
        for (text, expected) in [
            ("blocks/1", "blocks/1"),
            ("é 中", "é 中"),
            ("a\nb", "\"a\\nb\""),
            ("a\"\u{1b}[2J\\", "\"a\\\"\\u{1b}[2J\\\\\""),
            ("a\u{202e}b", "\"a\\u{202e}b\""),
            ("a\u{9b}31mb", "\"a\\u{9b}31mb\""),
        ] {
            assert_eq!(plain(text), expected);
        }
        assert_eq!(lines("a\nb\tc\r\u{7}"), "a\nb\tc\\r\\u{7}");
    }

    #[test]
    fn a_screen_gets_colours_and_no_commands() {
        for (text, expected) in [
            ("a\n  b\n", "a\n  b\n"),
            ("\u{1b}[1m\u{1b}[91merror\u{1b}[0m: x", "\u{1b}[1m\u{1b}[91merror\u{1b}[0m: x"),
            ("\u{1b}[8mhidden", "\\u{1b}[8mhidden"),
            ("\u{1b}[31;40mx", "\\u{1b}[31;40mx"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("x\r::error::y", "x\\r::error::y"),
            ("::error::y", "\\::error::y"),
            ("a\n \t::add-mask::y\n", "a\n \t\\::add-mask::y\n"),
            ("\u{1b}[1m::error::y", "\u{1b}[1m\\::error::y"),
            ("std::io::Error", "std::io::Error"),
            (" ::: values.yaml:1:1", " ::: values.yaml:1:1"),
            (":::x::y", "\\:::x::y"),
            ("x ##[error]y", "x #\\#[error]y"),
            ("##vso[task]", "#\\#vso[task]"),
            ("## [x]", "## [x]"),
            ("a\u{2028}b\u{200b}", "a\\u{2028}b\\u{200b}"),
        ] {
            assert_eq!(screen(text), expected, "{text:?}");
            assert_eq!(screen(expected), expected, "a second time changes nothing");
        }
    }

    /// All of Unicode: the output is plain, whatever the input.
    #[test]
    fn nothing_special_gets_through() {
        for c in '\0'..=char::MAX {
            let text = format!("a{c}b");
            assert!(plain(&text).chars().all(|c| special(c).is_none()), "{c:?}");
            for shown in [lines(&text), screen(&text)] {
                assert!(shown.chars().all(|c| matches!(c, '\n' | '\t') || special(c).is_none()), "{c:?}");
            }
        }
    }
}
