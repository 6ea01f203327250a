//! An in-place restore without a backup id.
//!
//! ## What it does
//! Looks for `inPlace: true` without a `backupId`, if all values are given: for a file that is linted alone, the id may
//! be in another.
//!
//! ## Why is this bad
//! The chart refuses it; charts that cannot restore by themselves ignore the block, and the upgrade restores nothing.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       inPlace: true
//!       forceDataClear: true
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
//! None: only you know which backup is meant.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::product::hopsworks::asked;
use crate::values::Value;

/// See the head of this file.
pub struct InPlaceWithoutId;

impl Rule for InPlaceWithoutId {
    fn name(&self) -> &'static str {
        "in-place-without-id"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("in_place_without_id.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(in_place) = asked::in_place(values) else { return };
        if !context.whole || asked::global_id(values).is_some() {
            return;
        }
        findings.push(
            Finding::error(self.name(), &in_place.value.place, "inPlace asks for a restore, but there is no backupId")
                .help(format!("set global._hopsworks.restoreFromBackup.backupId; {}", asked::LIST_IDS)),
        );
    }
}
