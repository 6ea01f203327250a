//! A text that has lost its indentation.
//!
//! ## What it does
//! Looks for keys beside an empty block that should contain them: `backups` beside an empty `_hopsworks`.
//!
//! ## Why is this bad
//! A page of the docs loses its indentation when it is pasted. The result is valid YAML, and Helm accepts any key: nothing reads `backupId`
//! at the start of a line, so the pasted restore is an empty cluster, or none at all.
//!
//! ## Example
//! ```yaml
//! global:
//! _hopsworks:
//! backups:
//! enabled: true
//! schedule: "@weekly"
//! restoreFromBackup:
//! backupId: "254811200"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       schedule: "@weekly"
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! Safe: `--fix` restores the indentation if each key can be in one place only.

use crate::lint::rules::Rule;
use crate::lint::written::Written;
use crate::lint::{Context, Finding, Level};
use crate::values::Value;

/// See the head of this file.
pub struct LostIndentation;

impl Rule for LostIndentation {
    fn name(&self) -> &'static str {
        "lost-indentation"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("lost_indentation.rs")
    }

    /// Nothing: values have no lines.
    fn check(&self, _: &Value, _: &Context, _: &mut Vec<Finding>) {}

    fn check_written(&self, file: &Written, findings: &mut Vec<Finding>) {
        for lost in &file.lost {
            let (key, above) = (file.key(lost.first).unwrap_or_default(), file.key(lost.above).unwrap_or_default());
            let message = format!("'{key}' is beside '{above}', not inside it: this text has lost its indentation");
            let finding = Finding::error(self.name(), &file.place(lost.first), message)
                .related(&file.place(lost.above), "nothing is inside it");
            findings.push(if lost.shifts.is_empty() {
                finding.help(format!("'{key}' belongs at {}: indent each key under its parent", lost.path))
            } else {
                finding
                    .help(format!("'{key}' belongs at {}; --fix indents it and what follows", lost.path))
                    .rewrite("restore the indentation", lost.edits(file))
            });
        }
    }
}
