//! Velero's backups of the cluster's objects and of the users'.

use crate::backups::velero::{location, makers, part_of};
use crate::backups::{Join, Seen, Series};
use crate::velero::ObjectBackup;

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
                    .map(|it| part_of(it, seen.now))
                    .collect(),
                None,
            ),
            Err(fault) => (Vec::new(), Some(fault.clone())),
        };
        let (makers, invalid) = makers(seen, schedule);
        let mut faults: Vec<_> = location.iter().cloned().collect();
        faults.extend(invalid);
        Series {
            parts,
            unread,
            makers,
            turn_on: "turn backups and Velero's schedules on in the values, and upgrade:\n\
                      global._hopsworks.backups.enabled: true\nhopsworks.velero.backup.enabled: true",
            faults,
            ..new_series(service, title)
        }
    };
    both.map(one).into()
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
