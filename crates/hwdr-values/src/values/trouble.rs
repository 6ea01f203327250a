//! What is wrong with a text that is not YAML, as found by [`super::pasted`] and [`super::slip`].

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use crate::source::Span;

/// What is wrong with a text that is not YAML.
#[derive(Debug, PartialEq)]
pub(super) struct Trouble {
    /// What it is, and what to do. It quotes only keys: a value may be a secret.
    pub message: String,
    /// What to write instead of the text at the span.
    pub write: Option<String>,
    /// Its position.
    pub span: Span,
    /// Certain corrections: what to write, and where; empty if uncertain.
    pub(super) mend: Vec<(Span, String)>,
}

impl Trouble {
    /// Something that only a person can correct.
    pub(super) fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), write: None, span, mend: Vec::new() }
    }

    /// Adds what to write.
    pub(super) fn write(self, write: impl Into<String>) -> Self {
        Self { write: Some(write.into()), ..self }
    }

    /// Adds the changes that certainly correct it.
    pub(super) fn mend(self, mend: Vec<(Span, String)>) -> Self {
        Self { mend, ..self }
    }

    /// The message; it omits what to write if that may be a secret.
    pub(super) fn words(&self, text: &str) -> String {
        const SECRET: [&str; 7] = ["pass", "pwd", "secret", "token", "key", "credential", "auth"];
        let start = text[..self.span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[self.span.end..].find('\n').map_or(text.len(), |newline| self.span.end + newline);
        let near = text[start..end].to_lowercase();
        match self.write.as_ref().filter(|_| !SECRET.iter().any(|word| near.contains(word))) {
            Some(write) => format!("{}: {write}", self.message),
            None => self.message.clone(),
        }
    }
}

/// The character boundary at `at`, or the nearest before it.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}
