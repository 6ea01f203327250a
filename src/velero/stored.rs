//! Velero's backups in the bucket: `<prefix>/backups/<name>/velero-backup.json` is the Backup, and beside it are its objects, `<name>.tar.gz`
//! (Velero, pkg/persistence/object_store_layout.go).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::{ObjectBackup, Velero, time_of};
use crate::backups::velero::part_of;
use crate::backups::{BackupPart, Fault, PartState, Reading, Severity};
use crate::cluster::condition::text;
use crate::product::shelf::{MOST, Place, Shelf, unknown};
use crate::s3::objects::Object;
use crate::shown::kept;

/// A backup that is not over for so long never will be: Velero itself gives its plugins four hours.
const OVER: SignedDuration = SignedDuration::from_hours(24);
/// So many other schedules are named.
const NAMED: usize = 3;

/// The folder of one backup.
#[derive(Debug)]
pub struct Folder {
    /// Its name, which is the backup's.
    pub name: String,
    /// The backup, if it is there.
    pub backup: Reading<Option<Json>>,
    /// The size of what it holds; none if that is missing.
    pub contents: Option<u64>,
    /// The size of all its files.
    pub bytes: u64,
    /// When the last of them was written.
    pub newest: Option<Timestamp>,
    /// When the bucket's rules delete the first of them.
    pub swept: Option<Timestamp>,
}

/// The folders of all backups.
///
/// # Errors
/// If they cannot be listed.
pub async fn folders(shelf: &Shelf<'_>) -> Reading<Vec<Folder>> {
    let place = Place { folder: shelf.velero.prefix.clone(), ..Place::default() };
    let bucket = shelf.bucket(&place).await?;
    let top = match place.folder.as_str() {
        "" => "backups/".to_owned(),
        folder => format!("{folder}/backups/"),
    };
    // A page has a hundred backups: each has some ten files.
    let all = bucket.list(&top).await?;
    if all.is_cut {
        return Err(unknown(format!("{top} has more than {MOST} files: not all of its backups could be listed")));
    }
    let mut by_name: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
    for object in &all.objects {
        if let Some((name, _)) = object.key.strip_prefix(&top).and_then(|rest| rest.split_once('/')) {
            by_name.entry(name).or_default().push(object);
        }
    }
    let folder = async |(name, objects): (&str, Vec<&Object>)| {
        let file = |file: &str| objects.iter().find(|object| object.key == format!("{top}{name}/{file}"));
        let backup = match file("velero-backup.json") {
            None => Ok(None),
            Some(object) => bucket.read(object).await.and_then(|bytes| parsed(&bytes, name).map(Some)),
        };
        Folder {
            backup,
            contents: file(&format!("{name}.tar.gz")).map(|object| object.size),
            bytes: objects.iter().fold(0, |sum: u64, object| sum.saturating_add(object.size)),
            newest: objects.iter().map(|object| object.modified).max(),
            swept: bucket.expires(objects.iter().copied()),
            name: name.to_owned(),
        }
    };
    Ok(bucket.each(by_name.into_iter().collect(), folder).await)
}

/// The Backup in a file.
///
/// # Errors
/// If it is not the one of that name.
pub fn parsed(bytes: &[u8], name: &str) -> Reading<Json> {
    let backup: Json =
        serde_json::from_slice(bytes).map_err(|error| unknown(format!("velero-backup.json is damaged: {error}")))?;
    let is_backup = text(&backup, "/kind") == "Backup" && text(&backup, "/apiVersion").starts_with("velero.io/");
    if !is_backup {
        return Err(unknown("velero-backup.json is not a Backup of Velero's"));
    }
    match text(&backup, "/metadata/name") {
        other if other != name => Err(unknown(format!("velero-backup.json is that of the backup {}", kept(other)))),
        _ => Ok(backup),
    }
}

/// What a folder says of its backup.
pub fn part(folder: &Folder, now: Timestamp) -> BackupPart {
    let named = || BackupPart::new(folder.name.clone(), time_of(&folder.name), PartState::Good);
    let part = match &folder.backup {
        // Velero does not see it without.
        Ok(None) => {
            let is_new = folder.newest.is_some_and(|newest| now.duration_since(newest) < OVER);
            let why = || "velero-backup.json is missing: Velero will not find it".to_owned();
            let state = if is_new { PartState::Running } else { PartState::Partial { done: None, why: why() } };
            BackupPart { state, ..named() }
        }
        Err(fault) => BackupPart { state: PartState::Unknown(fault.what.clone()), ..named() },
        Ok(Some(backup)) => {
            let backup = ObjectBackup::read(backup);
            let part = part_of(&backup, now);
            let is_old = part.time.or(folder.newest).is_none_or(|time| now.duration_since(time) > OVER);
            let state = match (&part.state, folder.contents) {
                (PartState::Running, _) if is_old => PartState::Failed(format!(
                    "its phase is still {}: Velero has stopped before it was over",
                    kept(&backup.phase)
                )),
                (PartState::Good, None) => {
                    PartState::Partial { done: None, why: format!("{}.tar.gz is missing", folder.name) }
                }
                (PartState::Good, Some(0)) => {
                    PartState::Partial { done: None, why: format!("{}.tar.gz is empty", folder.name) }
                }
                (state, _) => state.clone(),
            };
            BackupPart { state, ..part }
        }
    };
    BackupPart { bytes: Some(folder.bytes), swept: folder.swept, ..part }
}

/// Names other schedules, if none of the backups is of this one.
pub fn others(folders: &[Folder], schedule: &str, velero: &Velero) -> Option<Fault> {
    let of = |folder: &Folder| Some(kept(&ObjectBackup::read(folder.backup.as_ref().ok()?.as_ref()?).schedule));
    let known = velero.schedules();
    let others: BTreeSet<_> =
        folders.iter().filter_map(of).filter(|name| !name.is_empty() && !known.contains(&name.as_str())).collect();
    let named: Vec<_> = others.into_iter().take(NAMED).collect();
    (!named.is_empty()).then(|| {
        let what = format!("no backup is of the schedule {schedule}, but there are some of {}", named.join(", "));
        Fault::new(Severity::Warning, what).fix("if the values give the schedules other names, give them with -f")
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use serde_json::json;

    pub(crate) const MAIN: &str = "k8s-backups-main";
    /// The name of [`backup`]s.
    pub(crate) const NAME: &str = "k8s-backups-main-20251124120040";

    fn now() -> Timestamp {
        "2025-12-01T00:00:00Z".parse().unwrap()
    }

    /// As Velero 1.17 writes it.
    pub(crate) fn backup(name: &str, schedule: &str, phase: &str) -> Json {
        json!({"kind": "Backup", "apiVersion": "velero.io/v1",
            "metadata": {"name": name, "namespace": "velero", "labels": {"velero.io/schedule-name": schedule, "velero.io/storage-location": "x"}},
            "spec": {"storageLocation": "of-the-old-cluster", "ttl": "720h0m0s"},
            "status": {"version": 1, "formatVersion": "1.1.0", "expiration": "2025-12-24T12:00:40Z", "phase": phase,
                "startTimestamp": "2025-11-24T12:00:40Z", "completionTimestamp": "2025-11-24T12:00:55Z",
                "progress": {"totalItems": 120, "itemsBackedUp": 120}, "errors": 2}})
    }

    /// Its folder.
    pub(crate) fn folder(backup: Reading<Option<Json>>, contents: Option<u64>) -> Folder {
        Folder {
            name: NAME.to_owned(),
            backup,
            contents,
            bytes: 2_000,
            newest: Some("2025-11-24T12:00:56Z".parse().unwrap()),
            swept: None,
        }
    }

    fn one(folder: Folder) -> BackupPart {
        part(&folder, now())
    }

    #[test]
    fn a_backup_is_what_velero_wrote_of_it() {
        let of = |phase: &str| Ok(Some(backup(NAME, MAIN, phase)));
        let file = |bytes: &[u8]| parsed(bytes, NAME).map(Some);
        let other = backup("other", MAIN, "Completed").to_string();
        for (read, contents, word, why) in [
            (of("Completed"), Some(900), "good", ""),
            (of("Completed"), None, "partial", "k8s-backups-main-20251124120040.tar.gz is missing"),
            (of("Completed"), Some(0), "partial", "k8s-backups-main-20251124120040.tar.gz is empty"),
            (of("PartiallyFailed"), Some(900), "partial", "PartiallyFailed: 2 errors"),
            (of("Failed"), None, "failed", "Failed: 2 errors"),
            (
                of("Finalizing"),
                Some(900),
                "failed",
                "its phase is still Finalizing: Velero has stopped before it was over",
            ),
            (of("Deleting"), Some(900), "expired", "is being deleted"),
            (of("Tomorrow"), Some(900), "unknown", "its phase is \"Tomorrow\", which hwdr does not know"),
            (Ok(None), Some(900), "partial", "velero-backup.json is missing: Velero will not find it"),
            (
                file(b"{\"kind\":"),
                Some(9),
                "unknown",
                "velero-backup.json is damaged: EOF while parsing a value at line 1 column 8",
            ),
            (file(b"[]"), Some(9), "unknown", "velero-backup.json is not a Backup of Velero's"),
            (file(other.as_bytes()), Some(9), "unknown", "velero-backup.json is that of the backup other"),
        ] {
            let part = one(folder(read, contents));
            assert_eq!((part.state.word(), part.state.why().unwrap_or_default()), (word, why));
            assert_eq!(part.bytes, Some(2_000));
            assert_eq!(part.time.map(|time| time.to_string()).as_deref(), Some("2025-11-24T12:00:40Z"));
        }
        let good = one(folder(of("Completed"), Some(900)));
        assert_eq!(good.expires.unwrap().to_string(), "2025-12-24T12:00:40Z");
        let rule = Folder { swept: "2025-12-02T00:00:00Z".parse().ok(), ..folder(of("Completed"), Some(900)) };
        assert_eq!(one(rule).until().unwrap().to_string(), "2025-12-02T00:00:00Z");
    }

    #[test]
    fn a_new_one_that_is_not_over_runs() {
        let at = |now: &str, backup| part(&folder(backup, None), now.parse().unwrap()).state.word();
        assert_eq!(at("2025-11-24T13:00:00Z", Ok(Some(backup(NAME, MAIN, "Finalizing")))), "running");
        assert_eq!(at("2025-11-24T13:00:00Z", Ok(None)), "running");
        assert_eq!(at("2026-01-24T13:00:00Z", Ok(Some(backup(NAME, MAIN, "Completed")))), "expired");
    }
}
