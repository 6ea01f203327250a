//! The name of one Velero backup without that of the other.
//!
//! ## What it does
//! Looks for `mainScheduleBackupId` without `usersScheduleBackupId`, or the other way round, if all values are given.
//!
//! ## Why is this bad
//! Without a name, Velero takes the latest backup. That one is later than the other, and later than the data: secrets and
//! projects of users then do not match what is restored.
//!
//! ## Example
//! ```yaml
//! hopsworks:
//!   velero:
//!     restore:
//!       mainScheduleBackupId: k8s-backups-main-20260213153627
//! ```
//!
//! ## Use instead
//! ```yaml
//! hopsworks:
//!   velero:
//!     restore:
//!       mainScheduleBackupId: k8s-backups-main-20260213153627
//!       usersScheduleBackupId: k8s-backups-users-resources-20260213153627
//! ```
//!
//! ## Fix
//! None: `kubectl get backups.velero.io -n velero` lists the names.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::product::hopsworks::asked;
use crate::values::Value;

/// See the head of this file.
pub struct VeleroNameAlone;

impl Rule for VeleroNameAlone {
    fn name(&self) -> &'static str {
        "velero-name-alone"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("velero_name_alone.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let names = asked::velero_names(values);
        let [(key, _, entry)] = names.as_slice() else { return };
        if !context.whole {
            return;
        }
        let schedules = asked::velero_schedules(values);
        let Some((missing, schedule)) = schedules.iter().find(|(other, _)| other != key) else { return };
        findings.push(
            Finding::warning(self.name(), &entry.value.place, format!("{key} is set and {missing} is not"))
                .help(format!("without it the latest backup of {schedule} is taken, which may not match")),
        );
    }
}
