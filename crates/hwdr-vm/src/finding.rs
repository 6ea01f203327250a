//! What was found: by the doctor, or by what looks at a backup.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// As it should be.
    Fine,
    /// A backup or a restore works, though something is odd.
    Warning,
    /// A backup or a restore would fail.
    Error,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The host, or the file; empty for the whole cluster.
    pub about: String,
    /// What it is.
    pub what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
}

impl Finding {
    /// As it should be.
    pub fn fine(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self { level: Level::Fine, about: about.into(), what: what.into(), help: None }
    }

    /// Something is odd.
    pub fn warning(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self { level: Level::Warning, ..Self::fine(about, what) }
    }

    /// Something is wrong.
    pub fn error(about: impl Into<String>, what: impl Into<String>) -> Self {
        Self { level: Level::Error, ..Self::fine(about, what) }
    }

    /// Adds what to do about it.
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// Whether any is an error.
pub fn is_bad(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.level == Level::Error)
}
