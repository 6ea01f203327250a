//! Splits a stream into documents where Helm splits it.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use super::StreamError;
use hwdr_values::source::Span;

/// One document: the text between two separator lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Document {
    /// With the separator line above it.
    pub whole: Span,
    /// Without.
    pub body: Span,
}

/// The documents of `part` of the text, in order. Together, their spans cover the part, which begins
/// at the start of the text or at a separator.
///
/// A line that starts with `---` separates, and only blanks and a comment may follow on it: the rule of `YAMLReader` in
/// `k8s.io/apimachinery`, which Helm 3 uses. Helm 4's kyaml agrees except for the first line.
pub(super) fn split(text: &str, part: Span) -> Result<Vec<Document>, StreamError> {
    let mut documents = Vec::new();
    let mut whole = part.start;
    let mut body = part.start;
    let bytes = &text.as_bytes()[..part.end];
    for at in separators(&bytes[part.start..]).map(|at| part.start + at) {
        if at > whole || body > whole {
            documents.push(Document { whole: Span::new(whole, at), body: Span::new(body, at) });
        }
        whole = at;
        body = memchr::memchr(b'\n', &bytes[at..]).map_or(part.end, |newline| at + newline + 1);
        check_separator(text, at, &text[at + 3..body], documents.len(), body)?;
    }
    if part.end > whole {
        documents.push(Document { whole: Span::new(whole, part.end), body: Span::new(body, part.end) });
    }
    Ok(documents)
}

/// Parts of about `size` bytes that can be split independently.
pub(super) fn parts(text: &str, size: usize) -> Vec<Span> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start < text.len() {
        let from = text.len().min(start + size);
        let next = memchr::memmem::find(&text.as_bytes()[from..], b"\n---");
        let end = next.map_or(text.len(), |newline| from + newline + 1);
        parts.push(Span::new(start, end));
        start = end;
    }
    parts
}

/// Where lines start with `---`.
fn separators(bytes: &[u8]) -> impl Iterator<Item = usize> {
    let first = bytes.starts_with(b"---").then_some(0);
    first.into_iter().chain(memchr::memmem::find_iter(bytes, b"\n---").map(|newline| newline + 1))
}

fn check_separator(text: &str, at: usize, rest: &str, document: usize, body: usize) -> Result<(), StreamError> {
    let said = rest.trim();
    let message = if said.is_empty() {
        return Ok(());
    } else if said.starts_with('#') {
        if !rest.starts_with('#') {
            return Ok(());
        }
        format!("`---{}` is a word in YAML but a separator in Helm: put a space before the `#`", excerpt(said))
    } else {
        format!("Helm allows only a comment after `---` on its line, not `{}`", excerpt(said))
    };
    let end = text[body..].find("\n---").map_or(text.len(), |end| body + end);
    Err(StreamError::new(text, at, document, &text[body..end], message))
}

/// The beginning of a text, short enough for a message.
fn excerpt(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(text: &str) -> Vec<&str> {
        split(text, Span::new(0, text.len()))
            .unwrap()
            .iter()
            .map(|document| &text[document.body.start..document.body.end])
            .collect()
    }

    #[test]
    fn documents_are_cut_at_lines_that_start_with_three_dashes() {
        for (text, expected) in [
            ("", vec![]),
            ("a: 1\n", vec!["a: 1\n"]),
            ("---\na: 1\n---\nb: 2", vec!["a: 1\n", "b: 2"]),
            ("a: 1\n--- # b\nb: 2\n", vec!["a: 1\n", "b: 2\n"]),
            ("a: 1\r\n---  \t\r\nb: 2\r\n", vec!["a: 1\r\n", "b: 2\r\n"]),
            ("---\n---\n---", vec!["", "", ""]),
            ("a: |\n  ---\n  x\n ---\n", vec!["a: |\n  ---\n  x\n ---\n"]),
            ("a: -\n--\n", vec!["a: -\n--\n"]),
            ("\u{feff}---\na: 1\n---\nb: 1\n", vec!["\u{feff}---\na: 1\n", "b: 1\n"]),
        ] {
            assert_eq!(bodies(text), expected, "{text:?}");
        }
    }

    #[test]
    fn text_behind_a_separator_is_refused() {
        for text in ["a: 1\n--- b: 2\n", "---a: 1\n", "a: 1\n---#x\n", "a: 1\n----\n", "--- |\n x\n", "--- {a: 1}\n"] {
            assert!(split(text, Span::new(0, text.len())).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_spans_are_the_text() {
        let text = "# top\n---\na: 1\n\n---\n--- # x\nb: |\n  ---\n";
        let documents = split(text, Span::new(0, text.len())).unwrap();
        let joined: String = documents.iter().map(|d| &text[d.whole.start..d.whole.end]).collect();
        assert_eq!(joined, text);
        assert_eq!(documents.len(), 4);
        for size in 1..text.len() {
            let parts = parts(text, size).into_iter();
            assert_eq!(parts.flat_map(|part| split(text, part).unwrap()).collect::<Vec<_>>(), documents, "{size}");
        }
    }
}
