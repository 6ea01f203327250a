//! Why values cannot be had.

use std::fmt;

use crate::source::Place;

/// Why values cannot be had: always something to tell the operator, and exit code 2.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesError {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What is wrong.
    pub message: String,
    /// Where it is written, as far as that is known.
    pub place: Option<Place>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file cannot be read at all: it does not exist, is a directory, is too large.
    Unreadable,
    /// Helm refuses it, too.
    Refused,
    /// Helm takes it, but hwdr does not: Helm's result is left to chance, or something is beyond a limit of hwdr's own.
    Unsupported,
}

impl ValuesError {
    /// What Helm refuses.
    pub fn refused(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { kind: Kind::Refused, message: message.into(), place }
    }

    /// What Helm takes but hwdr does not.
    pub(crate) fn unsupported(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { kind: Kind::Unsupported, message: message.into(), place }
    }

    /// A file that cannot be read. The message names it.
    pub fn unreadable(message: impl Into<String>) -> Self {
        Self { kind: Kind::Unreadable, message: message.into(), place: None }
    }
}

impl fmt::Display for ValuesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for ValuesError {}
