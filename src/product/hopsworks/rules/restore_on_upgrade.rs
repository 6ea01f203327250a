//! A backup id in an upgrade that is not in place.
//!
//! ## What it does
//! Looks for a global `backupId` without `inPlace: true` when Helm upgrades (`--for upgrade`, or
//! `global._hopsworks.mode: upgrade`).
//!
//! ## Why is this bad
//! Usually an earlier restore into a new cluster has left it in the values. The chart refuses such an upgrade; charts
//! that cannot restore by themselves ignore the id.
//!
//! ## Example
//! ```yaml
//! # helm upgrade
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Use instead
//! No `restoreFromBackup` block, if you do not want to restore; otherwise:
//! ```yaml
//! # helm upgrade
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       inPlace: true
//!       forceDataClear: true
//! ```
//!
//! ## Fix
//! None: the block may have to be removed or completed.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::mode::Mode;
use crate::product::hopsworks::{asked, keys};
use crate::values::Value;

/// See the head of this file.
pub struct RestoreOnUpgrade;

impl Rule for RestoreOnUpgrade {
    fn name(&self) -> &'static str {
        "restore-on-upgrade"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("restore_on_upgrade.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        if asked::mode(values, context) != Some(Mode::Upgrade) || asked::in_place(values).is_some() {
            return;
        }
        let in_place = view::set(values, keys::RESTORE, "inPlace");
        if in_place.is_some_and(|entry| is_unknown(&entry.value)) {
            return;
        }
        // With several overlays, inPlace may be in another.
        let not_in_place = in_place.is_some();
        if let Some(id) = asked::global_id(values).filter(|_| context.whole || not_in_place) {
            findings.push(
                Finding::error(self.name(), &id.entry.key, "an upgrade restores only in place, and inPlace is not set")
                    .help(
                        "a block left from an earlier restore? Remove it. Otherwise set inPlace and forceDataClear to true",
                    ),
            );
        }
    }
}
