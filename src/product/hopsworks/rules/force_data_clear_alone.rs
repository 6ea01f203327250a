//! A confirmation that confirms nothing yet.
//!
//! ## What it does
//! Looks for `forceDataClear: true` without `inPlace: true`, if all values are given or `inPlace` is explicitly false.
//!
//! ## Why is this bad
//! It does nothing by itself. But it disables the question that protects the data: whoever sets `inPlace` later, in a
//! hurry, is no longer asked.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       forceDataClear: true
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! None: `inPlace` may be what is missing.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::Value;

/// See the head of this file.
pub struct ForceDataClearAlone;

impl Rule for ForceDataClearAlone {
    fn name(&self) -> &'static str {
        "force-data-clear-alone"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("force_data_clear_alone.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let force = view::set(values, keys::RESTORE, "forceDataClear").filter(|e| view::flag(&e.value) == Some(true));
        let in_place = view::set(values, keys::RESTORE, "inPlace");
        if in_place.is_some_and(|entry| is_unknown(&entry.value)) {
            return;
        }
        let (Some(force), false) = (force, asked::in_place(values).is_some()) else { return };
        if context.whole || in_place.is_some() {
            findings.push(
                Finding::warning(
                    self.name(),
                    &force.value.place,
                    "forceDataClear confirms an in-place restore that is not asked for",
                )
                .help("remove it: whoever sets inPlace later should be asked"),
            );
        }
    }
}
