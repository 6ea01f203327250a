//! Texts that contain values, and places inside them. Everything that points at something an operator
//! wrote (a finding, an error, the origin of a value) uses a [`Place`].

use std::fmt;
use std::sync::{Arc, OnceLock};

/// A named text: a values file, standard input, or the text of one `--set` argument.
pub struct Source {
    /// The operator's name for it: a path as given, or the flag (`--set`).
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The merged files, if the source stands for several.
    pub layers: Vec<Arc<Source>>,
    /// Where lines begin, computed on first use: there may be as many places as bytes.
    lines: OnceLock<Lines>,
}

impl Source {
    /// A source that can be shared by many places.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), layers: Vec::new(), lines: OnceLock::new() })
    }

    /// The result of merging several files: it has no text of its own.
    pub fn merged(layers: Vec<Arc<Source>>) -> Arc<Self> {
        Arc::new(Self { name: String::new(), text: String::new(), layers, lines: OnceLock::new() })
    }

    /// Line and column of a byte offset, both counted from 1; the column counts characters.
    /// An offset past the end, or inside a character, is rounded down to the nearest one.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let lines = self.lines();
        let line = lines.starts.partition_point(|start| *start <= offset);
        let start = lines.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        (line, lines.characters(&self.text, offset) - lines.characters(&self.text, start) + 1)
    }

    /// The line that contains a byte, without its line break. Lines end only at `\n`.
    pub fn line(&self, offset: usize) -> Span {
        let lines = self.lines();
        let line = lines.starts.partition_point(|start| *start <= offset);
        let start = lines.starts.get(line.saturating_sub(1)).copied().unwrap_or_default();
        Span::new(start, lines.starts.get(line).map_or(self.text.len(), |next| next - 1))
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::of(&self.text))
    }
}

/// The line index is not compared.
impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.text, &self.layers) == (&other.name, &other.text, &other.layers)
    }
}

impl Eq for Source {}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("name", &self.name).field("text", &self.text).finish_non_exhaustive()
    }
}

/// Where lines begin in a text, and how many characters precede every [`STRIDE`]th byte.
struct Lines {
    starts: Vec<usize>,
    characters: Vec<usize>,
}

/// How many bytes there are between two counts of characters.
const STRIDE: usize = 512;

impl Lines {
    fn of(text: &str) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        let mut count = 0;
        let mut characters = vec![0];
        for chunk in text.as_bytes().chunks(STRIDE) {
            count += chunk.iter().filter(|byte| is_first(**byte)).count();
            characters.push(count);
        }
        Self { starts, characters }
    }

    /// How many characters begin before a byte.
    fn characters(&self, text: &str, offset: usize) -> usize {
        let chunk = offset / STRIDE;
        let rest = text.as_bytes().get(chunk * STRIDE..offset).unwrap_or_default();
        self.characters.get(chunk).copied().unwrap_or_default() + rest.iter().filter(|byte| is_first(**byte)).count()
    }
}

/// Whether a byte of UTF-8 begins a character.
fn is_first(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
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
    /// The bytes from `start` up to, but excluding, `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Where something was written: a span of a source. Cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// The part of it concerned.
    pub span: Span,
}

impl Place {
    /// The part `span` of `source`.
    pub fn new(source: Arc<Source>, span: Span) -> Self {
        Self { source, span }
    }

    /// The text at this place.
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

    #[test]
    fn long_lines_and_long_texts_are_counted_right() {
        let text = format!("{}\n{}\n", "é€x".repeat(700), "ab\n".repeat(700));
        let source = Source::new("values.yaml", text);
        for (offset, _) in source.text.char_indices().step_by(97) {
            let before = &source.text[..offset];
            let start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let expected = (before.matches('\n').count() + 1, before[start..].chars().count() + 1);
            assert_eq!(source.line_column(offset), expected, "{offset}");
            let line = source.line(offset);
            assert_eq!((line.start, source.text[line.start..line.end].contains('\n')), (start, false), "{offset}");
        }
    }
}
