//! What is wrong with backups, how bad it is, and what to do about it.

use serde::Serialize;

/// How bad something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// Nothing is wrong.
    Ok,
    /// Something to look at soon.
    Warning,
    /// hwdr could not find out.
    #[default]
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
    /// Which problem it is, if `what` counts the time: it is the same one a minute later.
    #[serde(skip)]
    pub key: Option<&'static str>,
}

/// What was read; or why it was not: it does not exist, or it cannot be read.
pub type Reading<T> = Result<T, Fault>;

impl Fault {
    /// Something of this severity.
    pub fn new(severity: Severity, what: impl Into<String>) -> Self {
        Self { severity, what: what.into(), fix: None, key: None }
    }

    /// Adds what to do about it.
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// Names a problem whose words count the time.
    pub fn keyed(self, key: &'static str) -> Self {
        Self { key: Some(key), ..self }
    }

    /// Whether it is the same problem, though time has passed.
    pub fn is_like(&self, other: &Self) -> bool {
        let words = |fault: &Self| if fault.key.is_some() { String::new() } else { fault.what.clone() };
        (self.severity, self.key, words(self)) == (other.severity, other.key, words(other))
    }

    /// Whether something could not be read.
    pub fn is_unknown(&self) -> bool {
        self.severity == Severity::Unknown
    }
}
