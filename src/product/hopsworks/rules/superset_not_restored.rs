//! A restore of a cluster that leaves out Superset.
//!
//! ## What it does
//! Looks for a global `backupId` where Superset is on (`global._hopsworks.superset.enabled: true`) and its own restore
//! (`restoreFromBackup.superset.enabled`) is not, if all values are given.
//!
//! ## Why is this bad
//! Superset's dashboards, charts and users are in a database of their own, with backups and ids of their own; the global id does not restore
//! them. In place they stay as they are, newer than the cluster; in a new cluster there are none.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     superset:
//!       enabled: true
//!     restoreFromBackup:
//!       backupId: "260751536"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     superset:
//!       enabled: true
//!     restoreFromBackup:
//!       backupId: "260751536"
//!       superset:
//!         enabled: true
//!         backupId: "20260213153627-2116913658"
//! ```
//! A backup from before chart 5.2 has none of Superset; excuse the line with a comment: `# hwdr: ignore[superset-not-restored]`.
//!
//! ## Fix
//! None: only you know which backup is meant.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::Value;

/// See the head of this file.
pub struct SupersetNotRestored;

impl Rule for SupersetNotRestored {
    fn name(&self) -> &'static str {
        "superset-not-restored"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("superset_not_restored.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let asked = asked::superset_restore(values).is_some();
        if !context.whole || asked || !view::is_on(values, keys::SUPERSET_ENABLED) {
            return;
        }
        if let Some(id) = asked::global_id(values) {
            let message = "this does not restore Superset: it has backups and ids of its own";
            findings.push(Finding::warning(self.name(), &id.entry.key, message).help(format!(
                "add restoreFromBackup.superset: {{enabled: true, backupId: \"ID\"}}; {}",
                asked::LIST_SUPERSET_IDS
            )));
        }
    }
}
