//! Checks a snapshot in its repository.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, future, stream};

use super::index::IndexMetadata;
use super::lucene;
use super::paths::{self, PathType};
use super::repository::{self, Entry, IndexOf, Repository};
use super::shard::{FileInfo, Generation, ShardSnapshot};
use super::smile::LONGEST;
use super::snapshot::{Snapshot, global_metadata};
use crate::checker::Checker as _;
use crate::flaw::{Finding, Flaw};
use crate::place::{self, Place};

/// What is said of `index.latest`.
const NOT_NEEDED: &str = " (a restore does not need this file)";

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The files whose content is in objects of their own.
    pub stored: Vec<Stored>,
    /// Whether there is a repository.
    pub is_repository: bool,
    /// Whether it knows the snapshot.
    pub is_there: bool,
    /// The names of the snapshot's indices.
    pub indices: Vec<String>,
    /// How many shards these have.
    pub shards: usize,
}

/// A file of a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The shard's folder.
    pub folder: String,
    /// The file.
    pub file: FileInfo,
}

/// Checks all metadata of the snapshot with this name, and that every object is there with its length. `base` is the repository's folder, with
/// the slash, or empty.
pub async fn check(place: &impl Place, base: &str, name: &str, at_once: usize) -> Checked {
    let mut checked = Checked::default();
    if let Err(finding) = snapshot(place, base, name, at_once, &mut checked).await {
        checked.findings.push(finding);
    }
    checked.findings.sort_by(|a, b| a.file.cmp(&b.file));
    checked.findings.dedup();
    checked.stored.sort_by(|a, b| (&a.folder, &a.file.name).cmp(&(&b.folder, &b.file.name)));
    checked
}

async fn snapshot(
    place: &impl Place,
    base: &str,
    name: &str,
    at_once: usize,
    checked: &mut Checked,
) -> Result<(), Finding> {
    let generation = generation(place, base, &mut checked.findings).await?;
    checked.is_repository = true;
    let list = format!("{base}index-{generation}");
    let repository = place::read(place, &list, repository::LONGEST, Repository::read).await?;
    let entry = repository.snapshot(name).map_err(|flaw| flaw.in_file(list.as_str()))?;
    checked.is_there = true;

    let [own, global] = ["snap", "meta"].map(|kind| format!("{base}{kind}-{}.dat", entry.uuid));
    let (snapshot, global) = future::join(
        place::read(place, &own, LONGEST, Snapshot::read),
        place::read(place, &global, LONGEST, global_metadata),
    )
    .await;
    checked.findings.extend(global.err());
    let snapshot = snapshot?;
    let flaws = snapshot.judge().into_iter().chain(repository.compare(entry, &snapshot));
    checked.findings.extend(flaws.map(|flaw| flaw.in_file(own.as_str())));
    if snapshot.is_shallow() {
        return Ok(());
    }

    let indices: Vec<_> = repository.indices(entry).collect();
    checked.indices = indices.iter().map(|index| index.name.to_owned()).collect();
    let sizes = stream::iter(&indices).map(|index| shards(place, base, index)).buffered(at_once);
    let sizes: Vec<_> = sizes.collect().await;
    let mut all = Vec::new();
    let mut is_whole = true;
    for (index, size) in indices.iter().zip(sizes) {
        match size {
            Ok(size) => {
                checked
                    .findings
                    .extend(Repository::judge_generations(index, size).map(|flaw| flaw.in_file(list.as_str())));
                all.extend((0..size).map(|shard| Shard::of(base, index, shard)));
            }
            Err(finding) => {
                is_whole = false;
                checked.findings.push(finding);
            }
        }
    }
    if is_whole && all.len() as u64 != snapshot.total_shards {
        let flaw = Flaw::damaged(format!("has {} shards", snapshot.total_shards));
        let expected = format!("{}, as its indices have together", all.len());
        checked.findings.push(flaw.expected(expected).in_file(own));
    }
    checked.shards = all.len();
    let mut shards = stream::iter(&all).map(|shard| shard.check(place, entry)).buffer_unordered(at_once);
    while let Some((findings, files)) = shards.next().await {
        checked.findings.extend(findings);
        checked.stored.extend(files);
    }
    Ok(())
}

/// The newest generation. OpenSearch finds it by listing, as we do; `index.latest` shows whether a newer one is gone.
async fn generation(place: &impl Place, base: &str, findings: &mut Vec<Finding>) -> Result<u64, Finding> {
    let latest_key = format!("{base}index.latest");
    let mut tries = 0;
    loop {
        let latest = place::read(place, &latest_key, 4096, paths::latest).await;
        let there = place.folder(base).await.map_err(|flaw| flaw.in_file(base))?;
        let newest = paths::newest(there.keys().map(String::as_str));
        tries += 1;
        match (newest, latest) {
            // A snapshot may just have ended.
            (Some(newest), Ok(latest)) if latest != newest && tries < 2 => {}
            (Some(newest), Ok(latest)) => {
                if latest > newest {
                    findings.push(
                        Flaw::missing("is not there, and index.latest refers to it")
                            .in_file(format!("{base}index-{latest}")),
                    );
                } else if latest < newest {
                    let flaw = Flaw::damaged(format!("refers to generation {latest}{NOT_NEEDED}"));
                    findings.push(flaw.expected(newest.to_string()).in_file(latest_key));
                }
                return Ok(newest);
            }
            // OpenSearch may be told not to write it, and does not need it.
            (Some(newest), Err(_)) if !there.contains_key("index.latest") => return Ok(newest),
            (Some(newest), Err(mut finding)) => {
                finding.flaw.what.push_str(NOT_NEEDED);
                findings.push(finding);
                return Ok(newest);
            }
            (None, _) if there.is_empty() => {
                return Err(Flaw::missing("there is no repository of OpenSearch's in this folder").in_file(base));
            }
            (None, _) => return Err(Flaw::missing("is not there").in_file(format!("{base}index-N"))),
        }
    }
}

/// How many shards an index has.
async fn shards(place: &impl Place, base: &str, index: &IndexOf<'_>) -> Result<u32, Finding> {
    let key = format!("{}meta-{}.dat", paths::index_folder(base, index.id), index.metadata);
    let metadata = place::read(place, &key, LONGEST, IndexMetadata::read).await?;
    metadata.is_of(index.name).map_err(|flaw| flaw.in_file(key))?;
    Ok(metadata.shards)
}

struct Shard {
    folder: String,
    path_type: PathType,
    generation: Option<String>,
}

impl Shard {
    fn of(base: &str, index: &IndexOf, shard: u32) -> Self {
        let generation = usize::try_from(shard).ok().and_then(|shard| index.generations.get(shard)?.as_ref());
        Self {
            folder: paths::shard_folder(base, index.id, index.path_type, shard),
            path_type: index.path_type,
            generation: generation.map(ToString::to_string),
        }
    }

    /// What is wrong with it, and the files that are in objects.
    async fn check(&self, place: &impl Place, entry: &Entry) -> (Vec<Finding>, Vec<Stored>) {
        match self.files(place, entry).await {
            Ok(checked) => checked,
            Err(finding) => (vec![finding], Vec::new()),
        }
    }

    async fn files(&self, place: &impl Place, entry: &Entry) -> Result<(Vec<Finding>, Vec<Stored>), Finding> {
        let folder = self.folder.as_str();
        let there = place.folder(folder).await.map_err(|flaw| flaw.in_file(folder))?;
        if there.is_empty() {
            let hint = match self.path_type {
                PathType::Fixed => "there is nothing in this folder of a shard",
                _ => {
                    "there is nothing in this folder of a shard, unless cluster.snapshot.shard.path.prefix is set: hwdr does not know that"
                }
            };
            return Err(Flaw::missing(hint).in_file(folder));
        }
        let own = format!("{folder}snap-{}.dat", entry.uuid);
        let snapshot = place::read(place, &own, LONGEST, ShardSnapshot::read).await?;
        let mut findings: Vec<_> =
            snapshot.judge(&entry.name).into_iter().map(|flaw| flaw.in_file(own.as_str())).collect();
        findings.extend(snapshot.compare(folder, &there));
        findings.extend(self.next(place, entry, &snapshot).await.err());
        let stored = snapshot.files.into_iter().filter(|file| !file.is_virtual());
        Ok((findings, stored.map(|file| Stored { folder: folder.to_owned(), file }).collect()))
    }

    /// Checks what the next snapshot needs.
    async fn next(&self, place: &impl Place, entry: &Entry, snapshot: &ShardSnapshot) -> Result<(), Finding> {
        let Some(generation) = &self.generation else { return Ok(()) };
        let key = format!("{}index-{generation}", self.folder);
        place::read(place, &key, LONGEST, |bytes| Generation::read(bytes)?.agrees(&entry.name, snapshot)).await.map_err(
            |mut finding| {
                finding.flaw.what.push_str(" (a restore does not need this file, but the next snapshot does)");
                finding
            },
        )
    }
}

impl Stored {
    /// Its objects in order, with their lengths.
    pub fn parts(&self) -> Vec<(String, u64)> {
        let parts = self.file.parts().unwrap_or_default();
        parts.into_iter().map(|(name, length)| (format!("{}{name}", self.folder), length)).collect()
    }

    /// The object by which it is named.
    pub fn key(&self) -> String {
        self.parts().into_iter().next_back().map_or_else(|| self.folder.clone(), |(key, _)| key)
    }

    /// Reads its last bytes: whether it is the file that the snapshot has recorded, and not another.
    ///
    /// # Errors
    /// It is another, or could not be read.
    pub async fn check_end(&self, place: &impl Place) -> Result<(), Finding> {
        self.ends(place).await.map_err(|flaw| flaw.in_file(self.key()))
    }

    async fn ends(&self, place: &impl Place) -> Result<(), Flaw> {
        let mut end = Vec::new();
        for (key, length) in self.parts().into_iter().rev() {
            let most = lucene::FOOTER.saturating_sub(end.len() as u64);
            let bytes = place.bytes(&key, length.saturating_sub(most)..length).await?;
            let Some(mut bytes) = bytes else { return Err(Flaw::missing("is not there")) };
            bytes.append(&mut end);
            end = bytes;
            if end.len() as u64 >= lucene::FOOTER {
                break;
            }
        }
        let written = lucene::footer(&end)?;
        if written == self.file.checksum { Ok(()) } else { Err(lucene::another(written, self.file.checksum)) }
    }

    /// Reads all of it.
    ///
    /// # Errors
    /// It is not the file that the snapshot has recorded, or could not be read.
    pub async fn read(&self, place: &impl Place) -> Result<(), Finding> {
        let mut checker = self.file.checker();
        for (key, length) in self.parts() {
            checker = place.feed(&key, length, checker).await.map_err(|flaw| flaw.in_file(key))?;
        }
        checker.finish().map_err(|flaw| flaw.in_file(self.key()))
    }
}

/// The files whose objects are there with the right lengths: those with a finding of their own need no second one.
pub fn readable(checked: &Checked) -> Vec<&Stored> {
    let wrong: BTreeMap<_, _> = checked.findings.iter().map(|finding| (finding.file.as_str(), ())).collect();
    let is_good = |stored: &&Stored| stored.parts().iter().all(|(key, _)| !wrong.contains_key(key.as_str()));
    checked.stored.iter().filter(is_good).collect()
}
