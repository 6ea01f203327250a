//! An in-place restore that is not confirmed.
//!
//! ## What it does
//! Looks for `inPlace: true` without `forceDataClear: true`. In a file that is linted alone, only an explicit
//! `forceDataClear: false` counts: what is missing may be in another.
//!
//! ## Why is this bad
//! An in-place restore replaces all data of the cluster. `forceDataClear` confirms that this is meant; without it the
//! chart refuses the upgrade.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       inPlace: true
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       inPlace: true
//!       forceDataClear: true
//! ```
//!
//! ## Fix
//! None: only you can confirm it.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::Value;

/// See the head of this file.
pub struct InPlaceUnconfirmed;

impl Rule for InPlaceUnconfirmed {
    fn name(&self) -> &'static str {
        "in-place-unconfirmed"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("in_place_unconfirmed.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(in_place) = asked::in_place(values) else { return };
        let force = view::set(values, keys::RESTORE, "forceDataClear");
        let confirmed = force.map(|force| view::flag(&force.value));
        let unknown = force.is_some_and(|force| is_unknown(&force.value));
        if confirmed == Some(Some(true)) || unknown || (!context.whole && confirmed.is_none()) {
            return;
        }
        let mut finding = Finding::error(
            self.name(),
            &in_place.value.place,
            "inPlace replaces all data of the cluster, and forceDataClear does not confirm it",
        )
        .help("if the data may go, set global._hopsworks.restoreFromBackup.forceDataClear to true");
        if let Some(force) = force {
            finding = finding.related(&force.value.place, "not confirmed here");
        }
        findings.push(finding);
    }
}
