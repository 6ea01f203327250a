//! What doctor says.

use serde::Serialize;

use super::Mend;
use crate::backups::{Fault, Severity};
use crate::refusal::Refusal;
use crate::run::{Cause, Halt};

/// How bad something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Nothing is wrong.
    Ok,
    /// A restore works, but something is wrong.
    Warning,
    /// hwdr could not find out.
    Unknown,
    /// A restore would fail, or lose data.
    Problem,
}

impl Level {
    /// One word, stable.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Unknown => "unknown",
            Self::Problem => "problem",
        }
    }
}

impl From<Severity> for Level {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Ok => Self::Ok,
            Severity::Warning => Self::Warning,
            Severity::Unknown => Self::Unknown,
            Severity::Critical => Self::Problem,
        }
    }
}

/// A line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What was checked: one word, stable.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What is the case, and why.
    pub what: String,
    /// What to do about it; commands on lines of their own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
}

impl Line {
    /// A line of this level.
    pub fn new(level: Level, check: &'static str, what: impl Into<String>) -> Self {
        Self { check, level, what: what.into(), fix: None }
    }

    /// Nothing is wrong.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Level::Ok, check, what)
    }

    /// Something is wrong, and a restore works.
    pub fn warning(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Level::Warning, check, what)
    }

    /// A restore would fail, or lose data.
    pub fn problem(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Level::Problem, check, what)
    }

    /// It could not be found out.
    pub fn unknown(check: &'static str, what: impl Into<String>) -> Self {
        Self::new(Level::Unknown, check, what)
    }

    /// Adds what to do about it.
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self { fix: Some(fix.into()), ..self }
    }

    /// What a fault says.
    pub fn of(check: &'static str, fault: &Fault) -> Self {
        Self { check, level: fault.severity.into(), what: fault.what.clone(), fix: fault.fix.clone() }
    }

    /// What a fault says of `about`, which could not be read.
    pub fn unread(check: &'static str, about: &str, fault: &Fault) -> Self {
        let line = Self::of(check, fault);
        Self { what: format!("{about}: {}", line.what), ..line }
    }

    /// A reason of a run not to begin.
    pub fn refused(check: &'static str, halt: &Halt) -> Self {
        let level = if halt.cause == Cause::Unread { Level::Unknown } else { Level::Problem };
        let line = Self::new(level, check, halt.problem.clone());
        if halt.help.is_empty() { line } else { line.fix(halt.help.join("\n")) }
    }
}

impl From<(&'static str, Refusal)> for Line {
    fn from((check, refusal): (&'static str, Refusal)) -> Self {
        Self::refused(check, &refusal.into())
    }
}

/// Lines that belong together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Section {
    /// Its heading.
    pub title: &'static str,
    /// The lines.
    pub lines: Vec<Line>,
}

/// All that doctor found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The lines.
    pub sections: Vec<Section>,
    /// What cannot be found out by looking; it does not count.
    pub not_checked: Vec<String>,
}

impl Report {
    /// The worst of all lines.
    pub fn level(&self) -> Level {
        self.lines().map(|line| line.level).max().unwrap_or(Level::Ok)
    }

    /// All lines.
    pub fn lines(&self) -> impl Iterator<Item = &Line> {
        self.sections.iter().flat_map(|section| &section.lines)
    }

    /// How many lines of each level there are, the worst first.
    pub fn counts(&self) -> [(Level, usize); 4] {
        [Level::Problem, Level::Unknown, Level::Warning, Level::Ok]
            .map(|level| (level, self.lines().filter(|line| line.level == level).count()))
    }
}

impl Mend {
    /// For people: the object, and what changes.
    pub fn text(&self) -> String {
        let namespace = self.namespace.as_ref().map_or_else(String::new, |name| format!(" in namespace {name}"));
        if self.field.is_empty() {
            return format!("{}/{}{namespace}: missing -> created ({})", self.kind.kind, self.name, self.why);
        }
        let field = self.field.trim_start_matches('/').replace('/', ".");
        format!("{}/{}{namespace}: {field}: {} -> {} ({})", self.kind.kind, self.name, self.from, self.to, self.why)
    }
}
