//! What was found about a bucket: for each finding how bad it is, what it means, and what to do.

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Good, or harmless.
    Ok,
    /// Restores work, but something is wrong, or unknown.
    Warning,
    /// Restores fail, or data is lost.
    Error,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was checked: `versioning`, `lifecycle`, `permission`, `encryption`, `object-lock`, `clock`.
    pub about: &'static str,
    /// The lifecycle rule concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// What is the case, and what it means.
    pub message: String,
    /// What to do: text, or a command on a line of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Whether hwdr's own lifecycle rule fixes it.
    #[serde(skip)]
    pub mended_by_own_rule: bool,
}

impl Finding {
    /// A finding without a fix.
    pub fn new(level: Level, about: &'static str, message: impl Into<String>) -> Self {
        Self { level, about, rule: None, message: message.into(), fix: None, mended_by_own_rule: false }
    }

    /// Adds what to do.
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }
}
