//! A text that has lost its indentation.
//!
//! ## What it does
//! Looks for keys that stand beside an empty block which they belong inside of: `backups` beside an empty `_hopsworks`.
//!
//! ## Why is this bad
//! A page of the docs loses its indentation when it is pasted. What is left is YAML, and Helm takes any key: nothing reads `backupId` at
//! the start of a line, and the restore that was pasted is an empty cluster, or none at all.
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
//! Safe: `--fix` gives the indentation back where each key can stand in one place only.

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

    /// Nothing: values know nothing of lines.
    fn check(&self, _: &Value, _: &Context, _: &mut Vec<Finding>) {}

    fn check_written(&self, file: &Written, findings: &mut Vec<Finding>) {
        for lost in &file.lost {
            let (key, above) = (file.key(lost.first).unwrap_or_default(), file.key(lost.above).unwrap_or_default());
            let message =
                format!("'{key}' stands beside '{above}', not inside of it: this text has lost its indentation");
            let finding = Finding::error(self.name(), &file.place(lost.first), message)
                .related(&file.place(lost.above), "there is nothing inside of it");
            findings.push(if lost.shifts.is_empty() {
                finding
                    .help(format!("'{key}' belongs at {}: indent each key under the one that it is part of", lost.path))
            } else {
                finding
                    .help(format!("'{key}' belongs at {}; --fix indents it and what follows", lost.path))
                    .rewrite("restore the indentation", lost.edits(file))
            });
        }
    }
}
