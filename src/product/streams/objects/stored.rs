//! The Backups of the namespace in the bucket.

use super::backups::{new_series, part, time_of};
use crate::backups::{BackupPart, Series};
use crate::product::shelf::Shelf;
use crate::velero::ObjectBackup;
use crate::velero::stored::{self, Folder};

/// Reads what the bucket has.
pub(super) async fn read(shelf: &Shelf<'_>) -> Series {
    let mut series = new_series();
    let (schedule, namespace) = (&shelf.velero.main_schedule, shelf.namespace.as_deref());
    match stored::folders(shelf).await {
        Ok(folders) => {
            let its = |folder: &Folder| of(folder, schedule, namespace, stored::part(folder, shelf.now));
            series.parts = folders.iter().filter_map(its).collect();
            series.odd = series.parts.is_empty().then(|| stored::others(&folders, schedule, &shelf.velero)).flatten();
        }
        Err(fault) => series.unread = Some(fault),
    }
    series
}

/// The part of a folder, if it may have anything of the namespace, and is of its Schedule or of none.
fn of(folder: &Folder, schedule: &str, namespace: Option<&str>, read: BackupPart) -> Option<BackupPart> {
    let Ok(Some(backup)) = &folder.backup else {
        // Nothing but the name says what it is: one with a time is of a Schedule.
        let is_its = folder.name.strip_prefix(schedule).is_some_and(|rest| rest.starts_with('-'));
        return (is_its || time_of(&folder.name).is_none()).then_some(BackupPart { is_id: true, ..read });
    };
    let backup = ObjectBackup::read(backup);
    let is_of = backup.schedule.is_empty() || backup.schedule == schedule;
    let has_it = namespace.is_none_or(|namespace| backup.scope.has(namespace));
    (is_of && has_it).then(|| part(read, &backup.scope, namespace))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::Reading;
    use crate::product::shelf::unknown;
    use jiff::Timestamp;
    use serde_json::{Value as Json, json};

    fn folder(name: &str, backup: Reading<Option<Json>>) -> Folder {
        let newest = "2026-01-10T03:00:10Z".parse().ok();
        Folder { name: name.to_owned(), backup, contents: Some(900), bytes: 2_000, newest, swept: None }
    }

    fn backup(name: &str, schedule: &str, namespaces: &[&str]) -> Folder {
        let backup = json!({"kind": "Backup", "apiVersion": "velero.io/v1",
            "metadata": {"name": name, "labels": {"velero.io/schedule-name": schedule}},
            "spec": {"includedNamespaces": namespaces, "storageLocation": "of-the-old-cluster"},
            "status": {"phase": "Completed", "startTimestamp": "2026-01-10T03:00:00Z"}});
        folder(name, Ok(Some(backup)))
    }

    #[test]
    fn a_folder_is_of_the_namespace_or_not_looked_at() {
        let now: Timestamp = "2026-01-12T00:00:00Z".parse().unwrap();
        for (folder, known, unknown) in [
            (backup("streams-20260110030000", "streams", &["prod"]), Some("good"), Some("good")),
            (backup("by-hand", "", &["prod"]), Some("good"), Some("good")),
            (backup("by-hand", "", &["staging"]), None, Some("good")),
            (backup("by-hand", "", &["prod", "staging"]), Some("partial"), Some("partial")),
            (backup("by-hand", "", &[]), Some("partial"), Some("partial")),
            (backup("nightly-20260110030000", "nightly", &["prod"]), None, None),
            (folder("streams-20260110030000", Ok(None)), Some("partial"), Some("partial")),
            (folder("by-hand", Err(unknown("damaged"))), Some("unknown"), Some("unknown")),
            (folder("nightly-20260110030000", Err(unknown("damaged"))), None, None),
        ] {
            let state = |namespace| {
                let part = of(&folder, "streams", namespace, stored::part(&folder, now))?;
                assert!(part.is_id && part.name == folder.name);
                Some(part.state.word())
            };
            assert_eq!([state(Some("prod")), state(None)], [known, unknown], "{folder:?}");
        }
    }
}
