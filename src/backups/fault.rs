//! What is wrong with backups, how bad it is, and what to do about it.

use serde::Serialize;

/// How bad something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Nothing is wrong.
    Ok,
    /// Something to look at soon.
    Warning,
    /// hwdr could not find out.
    Unknown,
    /// A restore would not work, or lose more than it may.
    Critical,
}

/// A problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, and why.
    pub what: String,
    /// What to do about it; commands on lines of their own.
    pub fix: Option<String>,
}

/// What was read; or why it was not: it does not exist, or it cannot be read.
pub type Reading<T> = Result<T, Fault>;

impl Fault {
    /// Something of this severity.
    pub fn new(severity: Severity, what: impl Into<String>) -> Self {
        Self { severity, what: what.into(), fix: None }
    }

    /// Adds what to do about it.
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// Whether something could not be read.
    pub fn is_unknown(&self) -> bool {
        self.severity == Severity::Unknown
    }
}
