//! Texts in which values stand, and places inside them. Everything that points at something an operator
//! wrote (a finding, an error, the origin of a value) does so with a [`Place`].

use std::fmt;
use std::sync::Arc;

/// A named text: a values file, standard input, or the text of one `--set` argument.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// What the operator calls it: a path as it was given, or the flag (`--set`).
    pub name: String,
    /// The whole text.
    pub text: String,
}

impl Source {
    /// A source that can be shared by many places.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Line and column of a byte offset, both counted from 1; the column counts characters.
    /// An offset past the end, or inside a character, is taken as the nearest one before it.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &self.text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}

/// A range of bytes in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes from `start` up to, and without, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Where something was written: a span of a source. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// The part of it that is meant.
    pub span: Span,
}

impl Place {
    /// The part `span` of `source`.
    pub fn new(source: Arc<Source>, span: Span) -> Self {
        Self { source, span }
    }

    /// The text that stands there.
    pub fn text(&self) -> &str {
        self.source.text.get(self.span.start..self.span.end).unwrap_or_default()
    }
}

/// `file:line:column`, as compilers write it and editors and terminals understand it.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.line_column(self.span.start);
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let source = Source::new("values.yaml", "a: é\nbé: x\n");
        for (needle, expected) in [("a", (1, 1)), ("é\n", (1, 4)), ("bé", (2, 1)), ("x", (2, 5))] {
            let offset = source.text.find(needle).unwrap();
            assert_eq!(source.line_column(offset), expected, "{needle:?}");
        }
        assert_eq!(source.line_column(999), (3, 1));
    }
}
