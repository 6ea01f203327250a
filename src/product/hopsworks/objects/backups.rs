//! Velero's backups of the cluster's objects and of the users'.

use crate::backups::velero::{location, makers, named, part_of};
use crate::backups::{BackupPart, Fault, Join, PartState, Seen, Series, Severity};
use crate::shown::kept;
use crate::velero::{ObjectBackup, Scope};

/// The backups of both schedules.
pub(super) fn series(seen: &Seen, service: &'static str) -> Vec<Series> {
    let velero = &seen.velero;
    let location = location(seen);
    let both = [("main", &velero.main_schedule), ("users", &velero.users_schedule)];
    let one = |(title, schedule): (&'static str, &String)| {
        let (parts, unread) = match &seen.backups {
            Ok(backups) => (
                backups
                    .iter()
                    .filter(|it| is_of(it, schedule, &velero.location))
                    .map(|it| with_namespace(part_of(it, seen.now), title, &it.scope, &seen.namespace))
                    .collect(),
                None,
            ),
            Err(fault) => (Vec::new(), Some(fault.clone())),
        };
        let (makers, invalid) = makers(seen, schedule);
        let mut faults: Vec<_> = location.iter().cloned().collect();
        faults.extend(invalid);
        faults.extend(without_namespace(seen, title, schedule));
        Series {
            parts,
            unread,
            makers,
            turn_on: "set global._hopsworks.backups.enabled and hopsworks.velero.backup.enabled to true in the values, and upgrade",
            faults,
            ..new_series(service, title)
        }
    };
    both.map(one).into()
}

/// What is wrong with a Schedule of the cluster's own objects that leaves out the release's namespace.
fn without_namespace(seen: &Seen, title: &str, schedule: &str) -> Option<Fault> {
    let (velero, namespace) = (&seen.velero.namespace, &seen.namespace);
    let scope = named(seen.schedules.as_deref().ok()?, schedule).map(Scope::of_schedule)?;
    let is_left_out = title == "main" && !scope.has(namespace);
    is_left_out.then(|| {
        let what = format!("Schedule/{schedule} in namespace {velero} does not back up namespace {namespace}");
        Fault::new(Severity::Critical, what)
            .fix("add it to hopsworks.velero.backup.includedNamespaces in the values, and upgrade")
    })
}

/// The same part: one of the cluster's own objects is good only if it has the release's namespace.
fn with_namespace(part: BackupPart, title: &str, scope: &Scope, namespace: &str) -> BackupPart {
    let is_left_out = title == "main" && part.is_good() && !scope.has(namespace);
    let why = || format!("it does not have namespace {}", kept(namespace));
    let state = if is_left_out { PartState::Partial { done: None, why: why() } } else { part.state };
    BackupPart { state, ..part }
}

/// The series of a schedule, without backups yet.
pub(super) fn new_series(service: &'static str, title: &'static str) -> Series {
    let called = format!("Kubernetes objects ({title})");
    // The ConfigMaps that record backups are among the cluster's own objects.
    let has_records = title == "main";
    Series { part: Some(title), called, has_records, ..Series::new(service, title, Join::Nearest) }
}

/// Whether a restore would count it to that schedule (`velero::choose`).
fn is_of(backup: &ObjectBackup, schedule: &str, location: &str) -> bool {
    backup.schedule == schedule && backup.location == location
}
