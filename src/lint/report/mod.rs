//! The result of a linter run, in the formats for people and programs: one file each.

mod fingerprint;
pub mod github;
pub mod human;
pub mod json;
pub mod sarif;

use crate::lint::{Finding, Level, Note};
use crate::product;
use crate::shown::counted;
use crate::source::Place;
use crate::values::ValuesError;

/// The result of one run.
#[derive(Debug, Default)]
pub struct LintRun {
    /// What was found, in order.
    pub findings: Vec<Finding>,
    /// What is not checked, and other remarks.
    pub notes: Vec<Note>,
    /// Files that could not be read.
    pub failures: Vec<Failure>,
    /// How many files were processed, including unreadable ones.
    pub files: usize,
    /// How many of them were skipped: they hold the values of another chart, or Kubernetes objects without values.
    pub left_out: usize,
    /// How many findings were fixed, and are no longer listed.
    pub fixed: usize,
    /// How many of the failures are files that could be read, but not written.
    pub unwritten: usize,
}

#[cfg(test)]
mod tests;

/// A file that could not be read as values.
#[derive(Debug)]
pub struct Failure {
    /// The file, or the flag.
    pub name: String,
    /// Why.
    pub error: ValuesError,
}

impl LintRun {
    /// How many findings are of this level.
    pub fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|finding| finding.level == level).count()
    }

    /// How many findings `--fix` would fix.
    pub fn fixable(&self) -> usize {
        self.findings.iter().filter(|finding| finding.fix.is_some()).count()
    }

    /// One line that summarizes the run.
    pub fn summary(&self) -> String {
        let mut parts = Vec::new();
        for (number, word) in [(self.count(Level::Error), "error"), (self.count(Level::Warning), "warning")] {
            if number > 0 {
                parts.push(counted(number, word));
            }
        }
        let mut text = if parts.is_empty() { "no findings".to_owned() } else { parts.join(" and ") };
        // A file that cannot be read, or is not ours, was not checked.
        let unreadable = self.failures.len().saturating_sub(self.unwritten);
        let looked_at = self.files.saturating_sub(unreadable + self.left_out);
        if looked_at > 0 {
            text.push_str(&format!(" in {}", counted(looked_at, "file")));
        } else if self.files > 0 && parts.is_empty() {
            "nothing was checked".clone_into(&mut text);
        }
        if self.left_out > 0 {
            let what = if self.left_out == 1 { "it holds" } else { "they hold" };
            text.push_str(&format!(
                "; {} left out, {what} no values of {}",
                counted(self.left_out, "file"),
                product::titles()
            ));
        }
        if self.fixed > 0 {
            text.push_str(&format!("; {} fixed", self.fixed));
        }
        if self.fixable() > 0 {
            text.push_str(&format!("; {} can be fixed with --fix", self.fixable()));
        }
        for (number, what) in [(unreadable, "not readable"), (self.unwritten, "not written")] {
            if number > 0 {
                text.push_str(&format!("; {} {what}", counted(number, "file")));
            }
        }
        text
    }
}

/// A place as editors count it: lines and columns from 1, the end one past the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first line.
    pub line: usize,
    /// The first column.
    pub column: usize,
    /// The last line.
    pub end_line: usize,
    /// One past the last column.
    pub end_column: usize,
}

impl Range {
    /// The range of a place.
    pub fn of(place: &Place) -> Self {
        let (line, column) = place.source.line_column(place.span.start);
        let (end_line, end_column) = place.source.line_column(place.span.end.max(place.span.start));
        Self { line, column, end_line, end_column }
    }
}
