//! Damage to values by web pages, editors and merges, in plain words: a parser only says that a character
//! "cannot start any token".

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use super::lookalike::{inside_curly, is_curly, is_odd_blank, plain_blanks};
use super::slip;
use super::trouble::{Trouble, floor};
use crate::source::{Source, Span};
use crate::yaml::{SyntaxError, Tree};

/// How many different mistakes are corrected in one text.
const ROUNDS: usize = 20;

/// Corrects the text of a file that is not YAML, if it is certain what was meant.
pub fn mended(source: &Source) -> Option<String> {
    let mut text = source.text.clone();
    for _ in 0..ROUNDS {
        let Err(error) = Tree::parse_first(&text) else {
            return (text != source.text).then_some(text);
        };
        let mend = Some(find(&text, &error).mend).filter(|mend| !mend.is_empty())?;
        let (mut after, mut done) = (String::with_capacity(text.len()), 0);
        for (span, new) in mend {
            after.push_str(text.get(done..span.start)?);
            after.push_str(&new);
            done = span.end;
        }
        after.push_str(text.get(done..)?);
        text = after;
    }
    None
}

/// The cause of a parser's error.
pub(super) fn find(text: &str, error: &SyntaxError) -> Trouble {
    let mut trouble = pasted(text, error).unwrap_or_else(|| slip::find(text, error));
    let Span { start, end } = trouble.span;
    trouble.span = Span::new(floor(text, start), floor(text, end));
    trouble
}

/// Damage from copying, or a text that needs quotes only in YAML.
fn pasted(text: &str, error: &SyntaxError) -> Option<Trouble> {
    let at = floor(text, error.offset);
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
    let line = &text[start..end];
    conflict(text)
        .or_else(|| fence(text, line, start))
        .or_else(|| tab(text, line, start))
        .or_else(|| odd_blank(text, start, end))
        .or_else(|| curly(text, error.since.filter(|_| error.message.contains("quoted scalar")).unwrap_or(at)))
        .or_else(|| bare(text, at, start, end, error))
}

/// The marks that Git leaves where two sides changed the same lines.
fn conflict(text: &str) -> Option<Trouble> {
    let mark = "<<<<<<< ";
    let at = if text.starts_with(mark) { 0 } else { text.find(&format!("\n{mark}"))? + 1 };
    let message = "an unfinished merge: Git has marked what two sides changed. Keep one side, or the right parts of both, and \
                   delete the lines <<<<<<<, ======= and >>>>>>>";
    Some(Trouble::new(message, Span::new(at, at + mark.len() - 1)))
}

/// The fence around code in Markdown.
fn fence(text: &str, line: &str, start: usize) -> Option<Trouble> {
    let is_fence = |line: &str| line.trim_start_matches('\u{feff}').trim_start().starts_with("```");
    if !is_fence(line) {
        return None;
    }
    let mut fences = Vec::new();
    let (mut at, mut outside) = (0, false);
    for line in text.split_inclusive('\n') {
        if is_fence(line) {
            fences.push((Span::new(at, at + line.len()), String::new()));
        } else if !line.trim().is_empty() {
            // Before the first of two fences, or after the last, may be text that is not YAML at all.
            outside |= fences.len() >= 2;
        }
        at += line.len();
    }
    let first =
        text.find(|c: char| !c.is_whitespace() && c != '\u{feff}').is_some_and(|at| text[at..].starts_with("```"));
    let certain = !outside && (fences.len() == 1 || fences.len() == 2 && first);
    let message = "``` marks code in Markdown, and is not YAML: delete this line";
    let column = line.find('`').unwrap_or_default();
    let span = Span::new(start + column, start + column + 3);
    Some(Trouble::new(message, span).mend(if certain { fences } else { Vec::new() }))
}

/// Tabs as indentation.
fn tab(text: &str, line: &str, start: usize) -> Option<Trouble> {
    let indentation = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let column = line[..indentation(line)].find('\t')?;
    let mut mend = Vec::new();
    let (mut at, mut certain) = (0, true);
    for line in text.split_inclusive('\n') {
        let width = indentation(line);
        if width > 0 && !line.trim().is_empty() {
            certain &= !line[..width].contains(' ');
            mend.push((Span::new(at, at + width), "  ".repeat(width)));
        }
        at += line.len();
    }
    if !certain {
        mend.clear();
    }
    let message = "a tab: YAML takes only spaces for indentation. Write spaces";
    Some(Trouble::new(message, Span::new(start + column, start + column + 1)).mend(mend))
}

/// Odd blanks in the line where reading failed or the one before: at its start, after a colon, or at its end.
fn odd_blank(text: &str, start: usize, end: usize) -> Option<Trouble> {
    let before = text[..start].trim_end_matches('\n').rfind('\n').map_or(0, |newline| newline + 1);
    let near = &text[before..end];
    let found = before + near.find(is_odd_blank)?;
    let length = text[found..].chars().next().map_or(1, char::len_utf8);
    let blank = |c: char| c == ' ' || is_odd_blank(c);
    let mut mend = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let head = body.len() - body.trim_start_matches(blank).len();
        let tail = body.trim_end_matches(blank).len().max(head);
        // After the first colon followed by a blank of either kind.
        let colon =
            body[head..tail].char_indices().find(|(at, c)| *c == ':' && body[head + at + 1..].starts_with(blank));
        let value = colon.map_or(head, |(at, _)| head + at + 1);
        let value_end = tail - body[value..tail].trim_start_matches(blank).len();
        for (from, to) in [(0, head), (value, value_end), (tail, body.len())] {
            if from < to && body[from..to].contains(is_odd_blank) {
                mend.push((Span::new(at + from, at + to), plain_blanks(&body[from..to])));
            }
        }
        at += line.len();
    }
    let message =
        "a character that looks like a space, but is a letter in YAML: it comes from copied web pages. Write a space";
    Some(Trouble::new(message, Span::new(found, found + length)).mend(mend))
}

/// Typographic quotes around a value, in the line where reading failed or began.
fn curly(text: &str, at: usize) -> Option<Trouble> {
    let mut failed = None;
    let mut mend = Vec::new();
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let body = line.split(" #").next().unwrap_or(line).trim_end();
        let head = body.len() - body.trim_start_matches([' ', '-']).len();
        let value = body[head..].find(": ").map_or(head, |colon| head + colon + 2);
        let value = body.len() - body[value..].trim_start().len();
        let span = Span::new(start + value, start + body.len());
        let inner = inside_curly(&body[value..]);
        if let Some(inner) = inner {
            mend.push((span, format!("\"{inner}\"")));
        }
        if (start..=start + line.len()).contains(&at) && failed.is_none() && body[value..].contains(is_curly) {
            failed = Some((span, inner));
        }
        start += line.len();
    }
    let (span, inner) = failed?;
    let trouble = Trouble::new(
        "a typographic quote, which is a letter in YAML: it comes from web pages and word processors. Write plain quotes",
        span,
    );
    Some(match inner {
        Some(inner) => trouble.write(format!("\"{inner}\"")).mend(mend),
        None => trouble,
    })
}

/// A text without quotes that begins with a special character of YAML's: `@weekly`, `*/5 * * * *`.
fn bare(text: &str, at: usize, start: usize, end: usize, error: &SyntaxError) -> Option<Trouble> {
    let at = match text[at..end].chars().next() {
        Some('@' | '`') => at,
        // The error is after the asterisk.
        _ if error.message.contains("while scanning an alias") => start + text[start..at].rfind('*')?,
        _ => return None,
    };
    // In brackets the text ends at the next comma or bracket.
    let in_flow = text[start..at].contains(['{', '[']);
    let rest = &text[at..end];
    let rest = if in_flow { rest.split([',', '}', ']']).next().unwrap_or(rest) } else { rest };
    let rest = rest.split(" #").next().unwrap_or(rest).trim_end();
    let first = rest.chars().next()?;
    let span = Span::new(at, at + rest.len());
    let trouble = Trouble::new(format!("a text that begins with {first} needs quotes around it"), span);
    if rest.contains(['"', '\\', ':']) {
        return Some(trouble);
    }
    let quoted = format!("\"{rest}\"");
    Some(trouble.write(quoted.as_str()).mend(vec![(span, quoted)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first words of the message, the line, and the corrected text.
    fn said(text: &str) -> (String, usize, Option<String>) {
        let error = Tree::parse_first(text).unwrap_err();
        let trouble = find(text, &error);
        let source = Source::new("values.yaml", text);
        let words = trouble.message.split(' ').take(3).collect::<Vec<_>>().join(" ");
        (words, source.line_column(trouble.span.start).0, mended(&source))
    }

    #[test]
    fn what_people_paste_is_told_in_plain_words() {
        for (text, words, line, mended) in [
            ("a:\n  b: 1\n<<<<<<< HEAD\n  c: 1\n=======\n  c: 2\n>>>>>>> x\n", "an unfinished merge:", 3, None),
            ("```yaml\na: 1\n```\n", "``` marks code", 1, Some("a: 1\n")),
            ("a: 1\n```\n", "``` marks code", 2, Some("a: 1\n")),
            ("```yaml\na: 1\n```\nand so on\n", "``` marks code", 1, None),
            ("a:\n\tb:\n\t\tc: 1\n", "a tab: YAML", 2, Some("a:\n  b:\n    c: 1\n")),
            ("a:\n  b:\n\tc: 1\n", "a tab: YAML", 3, None),
            ("a:\u{a0}\"1\"\nb: 2\n", "a character that", 1, Some("a: \"1\"\nb: 2\n")),
            ("a:\n\u{a0}\u{a0}b:\n\u{a0}\u{a0}\u{a0} c:\u{a0}1\n", "a character that", 3, Some("a:\n  b:\n    c: 1\n")),
            ("a: @weekly # often\n", "a text that", 1, Some("a: \"@weekly\" # often\n")),
            ("{a: @weekly, b: @daily}\n", "a text that", 1, Some("{a: \"@weekly\", b: \"@daily\"}\n")),
            ("a: */5 * * * *\r\nb: 1\r\n", "a text that", 1, Some("a: \"*/5 * * * *\"\r\nb: 1\r\n")),
            ("a: @x \"y\"\n", "a text that", 1, None),
            ("a: “b: c”\n", "a typographic quote,", 1, Some("a: \"b: c\"\n")),
            ("a: “b\n  c”\nd: \"x”\ne: ‘f’\n", "a typographic quote,", 3, Some("a: “b\n  c”\nd: \"x\"\ne: \"f\"\n")),
            ("- a: 1\n- b: ‘it’s: d’\n", "a typographic quote,", 2, None),
        ] {
            let (found, at, after) = said(text);
            assert_eq!((found.as_str(), at, after.as_deref()), (words, line, mended), "{text:?}");
        }
    }
}
