//! Why values cannot be read.

use std::fmt;

use crate::source::Place;

/// Why values cannot be read: always reported to the operator, with exit code 2.
#[derive(Debug, Clone, PartialEq)]
pub struct ValuesError {
    /// What kind of failure it is.
    pub kind: Kind,
    /// What is wrong.
    pub message: String,
    /// Where it is written, if known.
    pub place: Option<Place>,
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file cannot be read at all: it does not exist, is a directory, is too large.
    Unreadable,
    /// Helm refuses it, too.
    Refused,
    /// Helm accepts it, but hwdr does not: Helm's result is random, or it exceeds a limit of hwdr's own.
    Unsupported,
}

impl ValuesError {
    /// Something that Helm refuses.
    pub fn refused(message: impl Into<String>, place: Option<Place>) -> Self {
        Self { kind: Kind::Refused, message: message.into(), place }
    }

    /// Something that Helm accepts but hwdr does not.
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
