//! Superset, which hwdr does not restore.
//!
//! ## What it does
//! Looks for a restore of a cluster that has Superset (`global._hopsworks.superset.enabled`), and for a restore of Superset
//! (`restoreFromBackup.superset`).
//!
//! ## Why is this bad
//! Superset's dashboards are in a database of their own, with backups and ids of their own; the global id does not restore them. From 5.2
//! on, the chart restores them by `restoreFromBackup.superset`. hwdr ignores that restore: it does not wait for it, check it, or undo it.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     superset:
//!       enabled: true
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Use instead
//! Restore the cluster; then restore Superset in a separate upgrade, as the chart's docs say:
//! ```yaml
//! global:
//!   _hopsworks:
//!     superset:
//!       enabled: true
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::Value;

const SUPERSET: &[&str] = &["global", "_hopsworks", "superset"];

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

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let enabled = view::set(values, keys::SUPERSET_RESTORE, "enabled")
            .filter(|entry| view::flag(&entry.value) != Some(false));
        // An id without the switch restores nothing in the chart, either.
        if let Some(entry) = enabled.or(view::set(values, keys::SUPERSET_RESTORE, "backupId")) {
            findings.push(
                Finding::warning(
                    self.name(),
                    &entry.key,
                    "hwdr does not restore Superset, and does not check the chart's restore of it",
                )
                .help("check that its Job superset-restore-ID succeeds"),
            );
        } else if let (Some(id), true) =
            (asked::global_id(values), view::is_on(values, &[SUPERSET, &["enabled"]].concat()))
        {
            findings.push(
                Finding::warning(
                    self.name(),
                    &id.entry.key,
                    "this does not restore Superset: it has backups and ids of its own",
                )
                .help("afterwards restore it by restoreFromBackup.superset, as the chart's docs say"),
            );
        }
    }
}
