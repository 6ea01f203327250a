//! Backups that leave out the Kubernetes objects.
//!
//! ## What it does
//! Looks for `backups.enabled: true` together with `hopsworks.velero.backup.enabled: false`.
//!
//! ## Why is this bad
//! The backup of a cluster is data and Kubernetes objects: secrets, projects, service accounts. Without the objects, the
//! status in the cluster settings is *partial*, and a new cluster cannot be restored: its passwords and certificates do
//! not match the data.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! hopsworks:
//!   velero:
//!     backup:
//!       enabled: false
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! hopsworks:
//!   velero:
//!     backup:
//!       enabled: true
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::keys;
use crate::values::Value;

/// See the head of this file.
pub struct BackupsWithoutVelero;

impl Rule for BackupsWithoutVelero {
    fn name(&self) -> &'static str {
        "backups-without-velero"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("backups_without_velero.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let Some(backups) = view::set(values, keys::BACKUPS, "enabled") else { return };
        let Some(velero) = view::entry(values, keys::VELERO_BACKUP_ENABLED) else { return };
        if view::flag(&backups.value) == Some(true) && view::flag(&velero.value) == Some(false) {
            findings.push(
                Finding::warning(
                    self.name(),
                    &velero.value.place,
                    "backups are on, but not those of Kubernetes objects",
                )
                .related(&backups.value.place, "on")
                .help("set hopsworks.velero.backup.enabled to true, or a new cluster cannot be restored"),
            );
        }
    }
}
