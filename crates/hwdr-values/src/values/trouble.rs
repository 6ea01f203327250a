//! What is wrong with a text that is not YAML, as [`super::pasted`] and [`super::slip`] tell it.

#![expect(clippy::string_slice, reason = "places in a text are those that were found in this very text")]

use crate::source::Span;

/// What is wrong with a text that is not YAML.
#[derive(Debug, PartialEq)]
pub(super) struct Trouble {
    /// What it is, and what to do. It repeats nothing but keys: a value may be a secret.
    pub message: String,
    /// What to write in place of what stands at the span.
    pub write: Option<String>,
    /// Where it stands.
    pub span: Span,
    /// What to write instead, and where; none where that is not certain.
    pub(super) mend: Vec<(Span, String)>,
}

impl Trouble {
    /// What only a person can put right.
    pub(super) fn new(message: impl Into<String>, span: Span) -> Self {
        Self { message: message.into(), write: None, span, mend: Vec::new() }
    }

    /// Adds what to write.
    pub(super) fn write(self, write: impl Into<String>) -> Self {
        Self { write: Some(write.into()), ..self }
    }

    /// Adds the changes by which it is certainly put right.
    pub(super) fn mend(self, mend: Vec<(Span, String)>) -> Self {
        Self { mend, ..self }
    }

    /// What is said: what to write is left out where it may be a secret.
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

/// The boundary of characters at `at`, or the nearest before it.
pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default()
}
