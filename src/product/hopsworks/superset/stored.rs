//! Superset's backups in the bucket: `<folder>/<id>/{superset.sql.gz,manifest.json}` (docs.hopsworks.ai, "Disaster Recovery", Superset).

use jiff::{SignedDuration, Timestamp};

use super::id::SupersetId;
use super::{DUMP, MANIFEST, NAME, Superset};
use crate::backups::{BackupPart, Fault, Join, PartState, Reading, Series};
use crate::product::hopsworks::catalogue::not_backups;
use crate::product::hopsworks::request::{superset_place, superset_ttl};
use crate::product::service::Service as _;
use crate::product::shelf::{MOST, Shelf, Stored, unknown};
use crate::s3::objects::Objects;

/// A backup that lacks something is still being written if its last file is not older than this.
const RECENT: SignedDuration = SignedDuration::from_mins(30);

/// The folder of one backup.
struct Folder {
    id: SupersetId,
    name: String,
    objects: Reading<Objects>,
    /// When the bucket's rules delete the first of them.
    swept: Option<Timestamp>,
}

/// Reads what the bucket has; no series if that is nothing: then the cluster had no Superset.
pub(super) async fn read(shelf: &Shelf<'_>) -> Stored {
    match folders(shelf).await {
        Ok((folders, None)) if folders.is_empty() => Stored::default(),
        Ok((folders, odd)) => {
            let ttl = superset_ttl(shelf.values).or(shelf.ttl);
            let parts = folders.iter().map(|folder| part(folder, shelf.now, ttl)).collect();
            let series = Series::new(NAME, Superset.title(), Join::Optional);
            Stored { series: vec![Series { parts, odd, ..series }], ..Stored::default() }
        }
        Err(fault) => Stored {
            unread: vec![Fault { what: format!("{}: {}", Superset.title(), fault.what), ..fault }],
            ..Stored::default()
        },
    }
}

/// All folders with their objects, and a problem if some are not those of backups.
async fn folders(shelf: &Shelf<'_>) -> Reading<(Vec<Folder>, Option<Fault>)> {
    let place = superset_place(shelf.values).map_err(|refusal| unknown(refusal.problem))?;
    let bucket = shelf.bucket(&place).await?;
    let (ids, odd) = bucket.backups(&place.folder, SupersetId::parse).await?;
    let folder = async |(id, name): (SupersetId, String)| {
        let objects = bucket.list(&name).await;
        let swept = objects.as_ref().ok().and_then(|objects| bucket.expires(objects.objects.iter()));
        Folder { id, name, objects, swept }
    };
    let folders = bucket.each(ids, folder).await;
    Ok((folders, not_backups(&odd)))
}

/// What the files of a folder show.
fn part(folder: &Folder, now: Timestamp, ttl: Option<SignedDuration>) -> BackupPart {
    let time = folder.id.time();
    let expires = ttl.and_then(|ttl| time.checked_add(ttl).ok());
    let part = BackupPart {
        is_id: true,
        expires,
        swept: folder.swept,
        ..BackupPart::new(folder.id.as_str(), Some(time), PartState::Good)
    };
    let objects = match &folder.objects {
        Ok(objects) => objects,
        Err(fault) => return BackupPart { state: PartState::Unknown(fault.what.clone()), ..part },
    };
    let size = |name: &str| {
        let of = |key: &str| key.strip_prefix(&folder.name) == Some(name);
        objects.objects.iter().find(|object| of(&object.key)).map(|object| object.size)
    };
    let missing: Vec<_> = [DUMP, MANIFEST]
        .into_iter()
        .filter_map(|name| match size(name) {
            None => Some(format!("{name} is missing")),
            Some(0) => Some(format!("{name} is empty")),
            Some(_) => None,
        })
        .collect();
    let ended = objects.objects.iter().map(|object| object.modified).max();
    let is_recent = ended.is_some_and(|ended| now.duration_since(ended) < RECENT);
    let state = match () {
        () if missing.is_empty() => PartState::Good,
        () if objects.is_cut || objects.unreadable > 0 => {
            PartState::Unknown(format!("its folder has more than {MOST} files, or some whose names cannot be read"))
        }
        () if is_recent => PartState::Running,
        () => PartState::Partial { done: None, why: missing.join("; ") },
    };
    BackupPart { state, bytes: size(DUMP), ended, ..part }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::s3::objects::Object;

    const ID: &str = "20260722215632-2116913658";

    fn folder(files: &[(&str, u64)]) -> Folder {
        let object = |(name, size): &(&str, u64)| Object {
            key: format!("superset_backup/{ID}/{name}"),
            size: *size,
            modified: "2026-07-22T21:57:00Z".parse().unwrap(),
            etag: String::new(),
            class: String::new(),
        };
        let objects = Ok(Objects { objects: files.iter().map(object).collect(), ..Objects::default() });
        Folder { id: SupersetId::parse(ID).unwrap(), name: format!("superset_backup/{ID}/"), objects, swept: None }
    }

    fn at(folder: &Folder, now: &str) -> BackupPart {
        part(folder, now.parse().unwrap(), Some(SignedDuration::from_hours(48)))
    }

    #[test]
    fn a_backup_is_good_if_both_files_are_there() {
        let (dump, manifest) = ((DUMP, 700), (MANIFEST, 200));
        for (files, word, why) in [
            (vec![dump, manifest], "good", ""),
            (vec![dump, manifest, ("more", 0)], "good", ""),
            (vec![dump], "partial", "manifest.json is missing"),
            (vec![(DUMP, 0), manifest], "partial", "superset.sql.gz is empty"),
            (vec![("x/superset.sql.gz", 7)], "partial", "superset.sql.gz is missing; manifest.json is missing"),
        ] {
            let part = at(&folder(&files), "2026-07-23T00:00:00Z");
            assert_eq!((part.state.word(), part.state.why().unwrap_or_default()), (word, why), "{files:?}");
        }
        let part = at(&folder(&[dump, manifest]), "2026-07-23T00:00:00Z");
        assert_eq!((part.bytes, part.is_id, part.name.as_str()), (Some(700), true, ID));
        assert_eq!(part.until().unwrap().to_string(), "2026-07-24T21:56:32Z");
        assert_eq!(part.ended.unwrap().to_string(), "2026-07-22T21:57:00Z");
        // The manifest may still come.
        assert_eq!(at(&folder(&[dump]), "2026-07-22T22:00:00Z").state, PartState::Running);
        let rules = Folder { swept: Some("2026-07-23T12:00:00Z".parse().unwrap()), ..folder(&[dump, manifest]) };
        assert_eq!(at(&rules, "2026-07-23T00:00:00Z").until().unwrap().to_string(), "2026-07-23T12:00:00Z");
        let unread = Folder { objects: Err(unknown("not read within 300 s")), ..folder(&[]) };
        assert_eq!(at(&unread, "2026-07-23T00:00:00Z").state.word(), "unknown");
    }
}
