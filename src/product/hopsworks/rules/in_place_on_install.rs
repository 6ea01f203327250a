//! An in-place restore in a new installation.
//!
//! ## What it does
//! Looks for `inPlace: true` when Helm installs (`--for install`, or `global._hopsworks.mode: install`).
//!
//! ## Why is this bad
//! The chart refuses it. A new cluster is restored by `backupId` alone, after Velero has brought back the Kubernetes
//! objects.
//!
//! ## Example
//! ```yaml
//! # helm install
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       inPlace: true
//!       forceDataClear: true
//! ```
//!
//! ## Use instead
//! ```yaml
//! # helm install
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! None: the command may be wrong instead.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::mode::Mode;
use crate::product::hopsworks::asked;
use crate::values::Value;

/// See the head of this file.
pub struct InPlaceOnInstall;

impl Rule for InPlaceOnInstall {
    fn name(&self) -> &'static str {
        "in-place-on-install"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("in_place_on_install.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        if asked::mode(values, context) != Some(Mode::Install) {
            return;
        }
        if let Some(in_place) = asked::in_place(values) {
            findings.push(
                Finding::error(
                    self.name(),
                    &in_place.value.place,
                    "inPlace is for a running cluster, not for an install",
                )
                .help("remove inPlace and forceDataClear, or use helm upgrade"),
            );
        }
    }
}
