//! A restore while backups are off.
//!
//! ## What it does
//! Looks for a global `backupId` where `global._hopsworks.backups.enabled` is false (error), or is not set although all
//! values are given (warning).
//!
//! ## Why is this bad
//! With backups off, the chart renders neither the service account nor the settings of the object storage that a
//! restore needs to download the backup. And the restored cluster would have no backups.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: false
//!     restoreFromBackup:
//!       backupId: "254811200"
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
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::Value;

/// See the head of this file.
pub struct RestoreWithoutBackups;

impl Rule for RestoreWithoutBackups {
    fn name(&self) -> &'static str {
        "restore-without-backups"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("restore_without_backups.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(id) = asked::global_id(values) else { return };
        let help = "set global._hopsworks.backups.enabled to true, as it was when the backup was taken";
        match view::set(values, keys::BACKUPS, "enabled") {
            Some(enabled) if view::flag(&enabled.value) == Some(false) => findings.push(
                Finding::error(
                    self.name(),
                    &enabled.value.place,
                    "backups are off, and a restore needs their settings",
                )
                .related(&id.entry.value.place, "the restore")
                .help(help),
            ),
            None if context.whole => findings.push(
                Finding::warning(
                    self.name(),
                    &id.entry.key,
                    "a restore needs the settings of backups, which are not on",
                )
                .help(help),
            ),
            _ => {}
        }
    }
}
