//! Velero's backups of both schedules in the bucket.

use jiff::Timestamp;

use super::backups::new_series;
use crate::backups::{BackupPart, Series};
use crate::product::shelf::Shelf;
use crate::velero::stored::{Folder, folders, others, part};
use crate::velero::{ObjectBackup, Velero};

/// Reads what the bucket has of both schedules.
pub(super) async fn read(shelf: &Shelf<'_>, service: &'static str) -> Vec<Series> {
    let folders = folders(shelf).await;
    let schedules = shelf.velero.schedules();
    ["main", "users"]
        .into_iter()
        .zip(schedules)
        .map(|(title, schedule)| {
            let mut series = new_series(service, title);
            match &folders {
                Ok(folders) => {
                    series.parts = parts(folders, schedule, &shelf.velero, shelf.now);
                    series.odd = series.parts.is_empty().then(|| others(folders, schedule, &shelf.velero)).flatten();
                }
                Err(fault) => series.unread = Some(fault.clone()),
            }
            series
        })
        .collect()
}

/// The parts of a schedule.
fn parts(folders: &[Folder], schedule: &str, velero: &Velero, now: Timestamp) -> Vec<BackupPart> {
    folders.iter().filter(|folder| is_of(folder, schedule, velero)).map(|folder| part(folder, now)).collect()
}

/// Whether a backup is one of that schedule: it says so, or its name does if nobody can say more. Of several schedules that a name begins with, the
/// longest counts.
fn is_of(folder: &Folder, schedule: &str, velero: &Velero) -> bool {
    match &folder.backup {
        Ok(Some(backup)) => ObjectBackup::read(backup).schedule == schedule,
        Ok(None) | Err(_) => {
            let begins =
                |schedule: &&str| folder.name.strip_prefix(*schedule).is_some_and(|rest| rest.starts_with('-'));
            velero.schedules().into_iter().filter(begins).max_by_key(|name| name.len()) == Some(schedule)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::shelf::unknown;
    use crate::velero::stored::tests::{MAIN, NAME, backup, folder};

    #[test]
    fn backups_belong_to_the_schedule_that_they_name() {
        let velero = Velero { users_schedule: "k8s-backups".to_owned(), ..Velero::default() };
        let unread = || folder(Err(unknown("not read within 300 s")), None);
        let named = |schedule: &str| folder(Ok(Some(backup(NAME, schedule, "Completed"))), Some(9));
        for (folder, main, users) in [
            (named(MAIN), true, false),
            (named("k8s-backups"), false, true),
            (named("nightly"), false, false),
            (unread(), true, false),
            (Folder { name: "k8s-backups-20251124120040".to_owned(), ..unread() }, false, true),
            (Folder { name: "k8s-backups".to_owned(), ..unread() }, false, false),
        ] {
            assert_eq!(
                [MAIN, "k8s-backups"].map(|schedule| is_of(&folder, schedule, &velero)),
                [main, users],
                "{folder:?}"
            );
        }
        let fault = others(&[named("nightly"), named(""), unread()], MAIN, &velero).unwrap();
        assert_eq!(fault.what, "no backup is of the schedule k8s-backups-main, but there are some of nightly");
        assert_eq!(others(&[named("")], MAIN, &velero), None);
    }
}
