//! OpenSearch's snapshots in the bucket, by the repository's own index: `<folder>/index-<n>` is JSON that names all snapshots and their indices, and
//! the newest counts (OpenSearch, `BlobStoreRepository.latestIndexBlobId`, `RepositoryData.snapshotsFromXContent`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::OpenSearch;
use crate::backup_files::opensearch::paths::generation;
use crate::backups::{BackupPart, Fault, Join, PartState, Reading, Series, Severity};
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::catalogue::not_backups;
use crate::product::hopsworks::hopsfs::bucket::REPOSITORIES;
use crate::product::hopsworks::request::repositories;
use crate::product::service::Service as _;
use crate::product::shelf::{Bucket, MOST, Place, Shelf, unknown};
use crate::s3::objects::{Object, Objects};
use crate::shown::kept;

/// So many folders are looked into where the values name no repository.
const TRIED: usize = 10;

/// A repository, as it was read.
#[derive(Debug)]
struct Repository {
    folder: String,
    /// The newest index.
    index: Reading<Index>,
    /// When each of the files in its folder was written, by name.
    files: BTreeMap<String, (Timestamp, Option<Timestamp>)>,
    /// The ids of the indices that have a folder; none if they could not be listed.
    indices: Reading<BTreeSet<String>>,
}

/// What is read of the index. Unknown fields are other things that hwdr does not need.
#[derive(Debug, Default, Deserialize)]
struct Index {
    snapshots: Vec<Snapshot>,
    #[serde(default)]
    indices: BTreeMap<String, IndexEntry>,
}

#[derive(Debug, Deserialize)]
struct Snapshot {
    name: String,
    uuid: String,
    state: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct IndexEntry {
    id: String,
    #[serde(default)]
    snapshots: Vec<String>,
}

/// Reads what the bucket has.
pub(super) async fn read(shelf: &Shelf<'_>) -> Series {
    let mut series = Series::new(OpenSearch.name(), OpenSearch.title(), Join::Own);
    let places = match places(shelf).await {
        Ok(places) => places,
        Err(fault) => {
            series.unread = Some(fault);
            return series;
        }
    };
    let mut read = Vec::new();
    for place in &places {
        match shelf.bucket(place).await {
            Ok(bucket) => match repository(&bucket, place).await {
                Ok(found) => read.extend(found),
                Err(fault) => series.unread = Some(fault),
            },
            Err(fault) => series.unread = Some(fault),
        }
    }
    if read.is_empty() && series.unread.is_none() {
        let folders: Vec<_> = places.iter().map(|place| format!("{}/", place.folder)).collect();
        series.unread = Some(match folders.as_slice() {
            [] => absent(format!("bucket {} has no snapshot repository", shelf.own.client.bucket())),
            folders => absent(format!("there is no snapshot repository in {}", folders.join(", "))),
        });
    }
    let (parts, odd) = parts(&read, shelf.ttl);
    series.parts = parts;
    series.odd = odd;
    if let Some(Err(fault)) = read.into_iter().map(|repository| repository.index).find(Result::is_err) {
        series.unread = Some(fault);
    }
    series
}

fn absent(what: String) -> Fault {
    Fault::new(Severity::Critical, what).fix("if the values name another folder, give them with -f")
}

/// Where the repositories are: as the values say, or else in folders that are called like it, or one level below.
pub(super) async fn places(shelf: &Shelf<'_>) -> Reading<Vec<Place>> {
    let places = repositories(shelf.values).map_err(|refusal| unknown(refusal.problem))?;
    if !places.is_empty() {
        return Ok(places);
    }
    let mut folders = shelf.own.level(REPOSITORIES).await?.folders;
    folders.truncate(TRIED);
    let mut found = Vec::new();
    for folder in folders {
        let level = shelf.own.level(&folder).await?;
        if newest(&level, &folder).is_none() {
            found.extend(level.folders.into_iter().take(TRIED));
        }
        found.push(folder);
    }
    Ok(found
        .into_iter()
        .map(|folder| Place { folder: folder.trim_end_matches('/').to_owned(), ..Place::default() })
        .collect())
}

/// The repository in a folder; none if there is none.
async fn repository(bucket: &Bucket, place: &Place) -> Reading<Option<Repository>> {
    let folder = if place.folder.is_empty() { String::new() } else { format!("{}/", place.folder) };
    let level = bucket.level(&folder).await?;
    if level.is_cut {
        return Err(unknown(format!("{folder} has more than {MOST} files")));
    }
    let Some(newest) = newest(&level, &folder) else { return Ok(None) };
    let top = format!("{folder}indices/");
    let (index, indices) = tokio::join!(bucket.read(newest), bucket.level(&top));
    let name = |key: &str, of: &str| key.strip_prefix(of).unwrap_or_default().trim_end_matches('/').to_owned();
    let file = |object: &Object| (name(&object.key, &folder), (object.modified, bucket.expires([object].into_iter())));
    Ok(Some(Repository {
        index: index.and_then(|bytes| {
            serde_json::from_slice(&bytes).map_err(|error| unknown(format!("{} is damaged: {error}", newest.key)))
        }),
        files: level.objects.iter().map(file).collect(),
        indices: indices.map(|found| found.folders.iter().map(|folder| name(folder, &top)).collect()),
        folder,
    }))
}

/// The index with the highest number.
fn newest<'o>(level: &'o Objects, folder: &str) -> Option<&'o Object> {
    let number = |object: &Object| generation(object.key.strip_prefix(folder)?);
    let numbered = level.objects.iter().filter_map(|object| Some((number(object)?, object)));
    numbered.max_by_key(|(number, _)| *number).map(|(_, object)| object)
}

/// The parts of all repositories, and a problem if some snapshots are not backups.
fn parts(repositories: &[Repository], ttl: Option<SignedDuration>) -> (Vec<BackupPart>, Option<Fault>) {
    let mut by_id: BTreeMap<String, BackupPart> = BTreeMap::new();
    let mut odd = Vec::new();
    for repository in repositories {
        let Ok(index) = &repository.index else { continue };
        let mut of: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for entry in index.indices.values() {
            for uuid in &entry.snapshots {
                of.entry(uuid).or_default().push(&entry.id);
            }
        }
        for snapshot in &index.snapshots {
            let Ok(id) = BackupId::parse(&snapshot.name) else {
                odd.push(format!("snapshot {} in {}", kept(&snapshot.name), repository.folder));
                continue;
            };
            let indices = of.get(snapshot.uuid.as_str()).map_or(&[][..], Vec::as_slice);
            let part = part(repository, snapshot, &id, indices, ttl);
            // If several repositories have it, a good one counts.
            if by_id.get(&part.name).is_none_or(|other| !other.is_good()) {
                by_id.insert(part.name.clone(), part);
            }
        }
    }
    (by_id.into_values().collect(), not_backups(&odd))
}

fn part(
    repository: &Repository,
    snapshot: &Snapshot,
    id: &BackupId,
    indices: &[&str],
    ttl: Option<SignedDuration>,
) -> BackupPart {
    let kept_until = id.time().zip(ttl).and_then(|(time, ttl)| time.checked_add(ttl).ok());
    // OpenSearch writes both at the end.
    let [file, meta] = ["snap", "meta"].map(|kind| format!("{kind}-{}.dat", snapshot.uuid));
    let files: Vec<_> = [&file, &meta].into_iter().filter_map(|name| repository.files.get(name)).collect();
    let missing = [&file, &meta].into_iter().find(|name| !repository.files.contains_key(*name));
    let there = repository.indices.as_ref().map(|there| indices.iter().filter(|id| there.contains(**id)).count());
    let of = indices.len() as u64;
    let pieces = there.as_ref().ok().map(|done| (*done as u64, of)).filter(|_| of > 0);
    // `SnapshotState` in OpenSearch's source.
    let state = match (snapshot.state, missing, &there) {
        (Some(1), Some(file), _) => {
            PartState::Partial { done: None, why: format!("{}{} is missing", repository.folder, kept(file)) }
        }
        (Some(1), None, Ok(done)) if (*done as u64) < of => PartState::Partial {
            done: pieces,
            why: format!("the files of {} of its indices are missing", of.saturating_sub(*done as u64)),
        },
        (Some(1), None, Ok(_)) if of == 0 => PartState::Partial { done: None, why: "it has no index".to_owned() },
        (Some(1), None, Ok(_)) => PartState::Good,
        (Some(1), None, Err(fault)) => PartState::Unknown(fault.what.clone()),
        (Some(0), ..) => PartState::Running,
        (Some(2), ..) => PartState::Failed("the snapshot is FAILED".to_owned()),
        (Some(3), ..) => {
            PartState::Partial { done: None, why: "the snapshot is PARTIAL: some shards are not in it".to_owned() }
        }
        (Some(4), ..) => {
            PartState::Failed("the snapshot is INCOMPATIBLE: another version of the server made it".to_owned())
        }
        (Some(state), ..) => PartState::Unknown(format!("its state is {state}, which hwdr does not know")),
        (None, ..) => PartState::Unknown("the repository does not record its state".to_owned()),
    };
    BackupPart {
        is_id: true,
        pieces,
        ended: files.iter().map(|(written, _)| *written).max(),
        expires: kept_until,
        swept: files.iter().filter_map(|(_, swept)| *swept).min(),
        ..BackupPart::new(id.as_str(), id.time(), state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As OpenSearch 3.8 wrote it, with other names.
    const INDEX_5: &str = r#"{"snapshots":[
        {"name":"254811200","uuid":"Aa","state":1,"index_metadata_lookup":{"i1":"x-_na_-1-2-1"},"version":"3.8.0"},
        {"name":"254821200","uuid":"Bb","state":3,"index_metadata_lookup":{},"version":"3.8.0"},
        {"name":"254831200","uuid":"Cc","state":2,"version":"3.8.0"},
        {"name":"254841200","uuid":"Dd","state":1,"version":"3.8.0"},
        {"name":"254851200","uuid":"Ee","state":1,"version":"3.8.0"},
        {"name":"254861200","uuid":"Ff","state":9},
        {"name":"254871200","uuid":"Gg"},
        {"name":"before-upgrade","uuid":"Hh","state":1}],
      "indices":{"projects":{"id":"i1","snapshots":["Aa","Dd"],"shard_generations":["g"]},
                 "featurestore":{"id":"i2","snapshots":["Dd"],"shard_generations":["g"]}},
      "min_version":"7.9.0","index_metadata_identifiers":{"x-_na_-1-2-1":"m1"}}"#;

    fn repository(index: &str, files: &[&str], indices: &[&str]) -> Repository {
        let written = "2025-11-24T12:05:00Z".parse().unwrap();
        Repository {
            folder: "opensearch_backup/".to_owned(),
            index: serde_json::from_str(index).map_err(|error| unknown(error.to_string())),
            files: files.iter().map(|file| ((*file).to_owned(), (written, None))).collect(),
            indices: Ok(indices.iter().map(|&id| id.to_owned()).collect()),
        }
    }

    fn shown(parts: &[BackupPart]) -> Vec<String> {
        let one = |part: &BackupPart| {
            let done = part.done().map_or_else(String::new, |(done, of)| format!(" {done}/{of}"));
            format!("{} {}{done} {}", part.name, part.state.word(), part.state.why().unwrap_or_default())
        };
        parts.iter().map(|part| one(part).trim_end().to_owned()).collect()
    }

    #[test]
    fn snapshots_are_what_the_index_and_the_files_say() {
        let files = ["snap-Aa.dat", "meta-Aa.dat", "snap-Dd.dat", "meta-Dd.dat", "snap-Ee.dat"];
        let (found, odd) = parts(&[repository(INDEX_5, &files, &["i1"])], Some(SignedDuration::from_hours(24)));
        assert_eq!(
            shown(&found),
            [
                "254811200 good 1/1",
                "254821200 partial the snapshot is PARTIAL: some shards are not in it",
                "254831200 failed the snapshot is FAILED",
                "254841200 partial 1/2 the files of 1 of its indices are missing",
                "254851200 partial opensearch_backup/meta-Ee.dat is missing",
                "254861200 unknown its state is 9, which hwdr does not know",
                "254871200 unknown the repository does not record its state",
            ]
        );
        assert_eq!(found[0].ended.unwrap().to_string(), "2025-11-24T12:05:00Z");
        assert_eq!(found[0].until().unwrap().to_string(), "2025-11-25T12:00:00Z");
        assert_eq!(odd.unwrap().what, "entries that are not backups: snapshot before-upgrade in opensearch_backup/");
    }

    #[test]
    fn a_good_one_counts_if_two_repositories_have_it() {
        let bad = repository(INDEX_5, &[], &[]);
        let good = repository(INDEX_5, &["snap-Aa.dat", "meta-Aa.dat"], &["i1", "i2"]);
        for all in [[&bad, &good], [&good, &bad]] {
            let all: Vec<_> = all
                .into_iter()
                .map(|it| Repository {
                    index: serde_json::from_str(INDEX_5).map_err(|_| unknown("")),
                    folder: it.folder.clone(),
                    files: it.files.clone(),
                    indices: it.indices.clone(),
                })
                .collect();
            assert_eq!(shown(&parts(&all, None).0)[0], "254811200 good 1/1");
        }
    }

    #[test]
    fn damaged_indices_are_not_read() {
        for end in 0..INDEX_5.len() {
            assert!(serde_json::from_str::<Index>(&INDEX_5[..end]).is_err(), "cut at {end}");
        }
        for text in ["[]", "null", r#"{"snapshots":{}}"#, r#"{"snapshots":[{"name":1,"uuid":"x"}]}"#] {
            assert!(serde_json::from_str::<Index>(text).is_err(), "{text}");
        }
        assert!(parts(&[repository("{", &[], &[])], None).0.is_empty());
    }

    #[test]
    fn the_newest_index_has_the_highest_number() {
        let object = |key: &str| Object {
            key: key.to_owned(),
            size: 1,
            modified: "2025-11-24T12:05:00Z".parse().unwrap(),
            etag: String::new(),
            class: String::new(),
        };
        let keys = ["o/index-9", "o/index-10", "o/index.latest", "o/index-x", "o/index-", "o/snap-a.dat"];
        let level = Objects { objects: keys.map(object).into(), ..Objects::default() };
        assert_eq!(newest(&level, "o/").unwrap().key, "o/index-10");
        assert_eq!(newest(&Objects::default(), "o/"), None);
    }
}
