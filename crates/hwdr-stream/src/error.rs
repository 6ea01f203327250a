//! What is wrong with a stream, and where.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use std::fmt;

/// Why a stream is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamError {
    /// The document, from 1, as a person would count them in the stream.
    pub document: usize,
    /// The document's name: the template in its `# Source:` comment, else its kind and name.
    pub name: Option<String>,
    /// The line in the stream, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl std::error::Error for StreamError {}

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: document {}", self.line, self.column, self.document)?;
        if let Some(name) = &self.name {
            write!(f, " ({name})")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl StreamError {
    /// An error at byte `offset` of the stream, in the document with the text `body` (without separator).
    pub(super) fn new(stream: &str, offset: usize, document: usize, body: &str, message: String) -> Self {
        let (line, column) = line_column(stream, offset);
        Self { document: document + 1, name: name_of(body), line, column, message }
    }

    /// An error at byte `offset` of an unsplit stream that is UTF-8 up to there.
    pub(super) fn at_bytes(bytes: &[u8], offset: usize, message: String) -> Self {
        let before = str::from_utf8(&bytes[..offset]).unwrap_or_default();
        let (line, column) = line_column(before, offset);
        let mut document = 0;
        let mut start = 0;
        let mut content = false;
        for (at, line) in before.split_inclusive('\n').scan(0, |at, line| {
            *at += line.len();
            Some((*at - line.len(), line))
        }) {
            if line.starts_with("---") {
                document += usize::from(content);
                start = at + line.len();
                content = true;
            } else {
                content |= !line.trim().is_empty();
            }
        }
        Self { document: document + 1, name: name_of(&before[start..]), line, column, message }
    }
}

/// Line and column of a byte, both from 1.
fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let offset = text.floor_char_boundary(offset.min(text.len()));
    let before = &text[..offset];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = count_lines(before) + 1;
    (line, before[start..].chars().count() + 1)
}

/// The number of line ends in a text.
pub(super) fn count_lines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// A person's name for the document: it may not be YAML, so only lines are searched.
fn name_of(body: &str) -> Option<String> {
    if let Some(source) = source_comment(body) {
        return Some(source.to_owned());
    }
    let value = |key: &str| {
        let line = body.lines().find_map(|line| line.strip_prefix(key))?;
        let line = line.trim().trim_matches(['"', '\'']);
        (!line.is_empty() && line.len() < 254).then(|| line.to_owned())
    };
    let kind = value("kind:")?;
    Some(match value("  name:") {
        Some(name) => format!("{kind} {name}"),
        None => kind,
    })
}

/// The template named by Helm's comment, among the comments on top of a document.
pub(super) fn source_comment(body: &str) -> Option<&str> {
    let comments = body.lines().map(|line| line.trim_start_matches('\u{feff}')).take_while(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#')
    });
    comments.take(50).find_map(|line| line.strip_prefix("# Source: ")).map(str::trim)
}
