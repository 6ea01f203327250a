//! Superset at zero replicas, although it is not restored.
//!
//! ## What it does
//! Looks for zero replicas of Superset's web server (`superset.superset.supersetNode.replicas.replicaCount`) while
//! `restoreFromBackup.superset.enabled` is not true, if all values are given. Zero workers alone are a choice.
//!
//! ## Why is this bad
//! The chart's values.superset-restore.yaml holds all of Superset at zero while its database is reloaded. If it stays among the values
//! after that, Helm succeeds, and nobody can open a dashboard. `helm hwdr upgrade` and `install` restore without it.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       superset:
//!         enabled: false
//! superset:
//!   superset:
//!     supersetNode:
//!       replicas:
//!         enabled: true
//!         replicaCount: 0
//! ```
//!
//! ## Use instead
//! ```yaml
//! superset:
//!   superset:
//!     supersetNode:
//!       replicas:
//!         enabled: true
//!         replicaCount: 1
//! ```
//!
//! ## Fix
//! None: usually a whole file is left out.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::{Data, Value};

/// See the head of this file.
pub struct SupersetAtZero;

impl Rule for SupersetAtZero {
    fn name(&self) -> &'static str {
        "superset-at-zero"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("superset_at_zero.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(replicas) = view::set(values, keys::SUPERSET_REPLICAS, "replicaCount") else { return };
        let is_zero = matches!(&replicas.value.data, Data::Number(number) if number.as_f64() == 0.0);
        // Without this switch, the count is not rendered.
        let counts = view::switch(values, &[keys::SUPERSET_REPLICAS, &["enabled"]].concat()) != Some(false);
        let off = view::set(values, keys::SUPERSET_RESTORE, "enabled");
        let is_restored = asked::superset_restore(values).is_some() || off.is_none() && !context.whole;
        if !is_zero || !counts || is_restored || asked::lacks_superset(values) {
            return;
        }
        let finding = Finding::warning(
            self.name(),
            &replicas.value.place,
            "Superset does not run: it has zero replicas, and no restore is asked for",
        )
        .help("left from a restore? Leave out values.superset-restore.yaml, or set replicaCount: 1");
        findings.push(off.iter().fold(finding, |finding, off| finding.related(&off.value.place, "no restore")));
    }
}
