//! An id for one service, without the global id.
//!
//! ## What it does
//! Looks for a backup id of RonDB or a snapshot of OpenSearch without `global._hopsworks.restoreFromBackup.backupId`, if all
//! values are given.
//!
//! ## Why is this bad
//! HopsFS is restored only by the global id. Without it, RonDB's metadata come back but the files that they describe do
//! not, and nothing reports it.
//!
//! ## Example
//! ```yaml
//! rondb:
//!   rondb:
//!     restoreFromBackup:
//!       backupId: "254811140"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! rondb:
//!   rondb:
//!     restoreFromBackup:
//!       backupId: "254811140"
//! ```
//!
//! ## Fix
//! None: only you know which backup is meant.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::product::hopsworks::asked;
use crate::values::Value;

/// See the head of this file.
pub struct OverrideWithoutGlobalId;

impl Rule for OverrideWithoutGlobalId {
    fn name(&self) -> &'static str {
        "override-without-global-id"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("override_without_global_id.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        if !context.whole || asked::global_id(values).is_some() {
            return;
        }
        for id in asked::own_ids(values) {
            let message =
                format!("{} has a backup id of its own, but HopsFS has none: the global id is not set", id.service);
            findings.push(
                Finding::error(self.name(), &id.entry.value.place, message)
                    .help("set global._hopsworks.restoreFromBackup.backupId as well"),
            );
        }
    }
}
