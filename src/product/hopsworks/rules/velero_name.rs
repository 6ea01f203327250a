//! A Velero backup of the wrong schedule, or a name that no backup can have.
//!
//! ## What it does
//! Checks that `mainScheduleBackupId` names a backup of the schedule `k8s-backups-main`, and `usersScheduleBackupId` one
//! of `k8s-backups-users-resources`; and that the name has Velero's form: the schedule, a hyphen, and 14 digits.
//!
//! ## Why is this bad
//! If the two are swapped, Velero restores the wrong objects, and reports `Completed`. A name with capital letters, such as
//! `…-20260213T153627Z` in the docs, cannot be the name of an object in Kubernetes: the API server refuses the Restore in
//! the middle of the upgrade. Velero itself writes the time without a `t` or a `z` (warning). A name that does not end in a
//! time may be one of your own (warning). If the values name the schedules differently (`hopsworks.velero.backup.mainScheduleName`), the
//! rule uses those names.
//!
//! ## Example
//! ```yaml
//! hopsworks:
//!   velero:
//!     restore:
//!       mainScheduleBackupId: k8s-backups-users-resources-20260213153627
//!       usersScheduleBackupId: k8s-backups-main-20260213153627
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

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::names::is_object;
use crate::product::hopsworks::asked;
use crate::values::Value;
use crate::velero::time_of;

const LIST: &str = "kubectl get backups.velero.io -n velero lists the names";

/// See the head of this file.
pub struct VeleroName;

impl Rule for VeleroName {
    fn name(&self) -> &'static str {
        "velero-name"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("velero_name.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let schedules = asked::velero_schedules(values);
        for (key, schedule, entry) in asked::velero_names(values) {
            let Some(name) = entry.value.as_str().filter(|_| !is_unknown(&entry.value)) else { continue };
            let place = &entry.value.place;
            let of_schedule = |schedule: &str| name.strip_prefix(schedule).and_then(|rest| rest.strip_prefix('-'));
            let others = schedules.iter().map(|(_, other)| *other);
            // Velero's own form of a name that is written as in the docs.
            let digits = time_of(name).and(of_schedule(schedule)).map(|stamp| {
                let digits: String = stamp.chars().filter(char::is_ascii_digit).collect();
                format!("Velero's own name has digits only: {schedule}-{digits}")
            });
            // Of `a` and `a-b` the longer name counts.
            let other = others.filter(|other| *other != schedule && of_schedule(other).is_some());
            let other = other
                .filter(|other| of_schedule(schedule).is_none() || other.len() > schedule.len())
                .max_by_key(|o| o.len());
            let finding = if let Some(other) = other {
                Finding::error(self.name(), place, format!("{key} names a backup of {other}, not of {schedule}"))
                    .help(LIST)
            } else if !is_object(name) {
                Finding::error(self.name(), place, "no object in Kubernetes can have this name")
                    .help(digits.unwrap_or_else(|| LIST.to_owned()))
            } else if of_schedule(schedule).is_none() {
                Finding::error(self.name(), place, format!("{key} names no backup of the schedule {schedule}"))
                    .help(LIST)
            } else if time_of(name).is_none() {
                Finding::warning(self.name(), place, "the name does not end in a time, like -20260213153627").help(LIST)
            } else if let Some(help) = digits.filter(|_| name.ends_with('z')) {
                Finding::warning(self.name(), place, "Velero never gives a backup such a name").help(help)
            } else {
                continue;
            };
            findings.push(finding);
        }
    }
}
