//! `index-<generation>`: which snapshots and indices there are. It is the only file of metadata without a checksum, so all that it says
//! is compared with others.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::paths::{Id, PathType};
use super::snapshot::Snapshot;
use crate::flaw::Flaw;

/// How long it may be. It has some 100 bytes for each index of each snapshot.
pub const LONGEST: u64 = 64 << 20;
/// `SnapshotState.SUCCESS`.
const SUCCESS: i8 = 1;

/// What is in a repository.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repository {
    snapshots: Vec<Entry>,
    indices: BTreeMap<String, Index>,
    #[serde(default)]
    index_metadata_identifiers: BTreeMap<String, Id>,
    #[serde(default, rename = "min_version")]
    _min_version: Option<String>,
}

/// A snapshot, as the repository knows it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// How people call it.
    pub name: String,
    /// How its files are called.
    pub uuid: Id,
    #[serde(default)]
    state: Option<i8>,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    index_metadata_lookup: BTreeMap<Id, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Index {
    id: Id,
    snapshots: Vec<Id>,
    #[serde(default)]
    shard_generations: Vec<Option<Id>>,
    #[serde(default)]
    shard_path_type: PathType,
}

/// An index of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexOf<'r> {
    /// How people call it.
    pub name: &'r str,
    /// How its folder is called.
    pub id: &'r Id,
    /// Which `meta-*.dat` of its folder is that of the snapshot.
    pub metadata: &'r Id,
    /// Which `index-*` of each shard's folder is the newest; a shard without files has none.
    pub generations: &'r [Option<Id>],
    /// Where its shards are.
    pub path_type: PathType,
}

impl Repository {
    /// Reads it.
    ///
    /// # Errors
    /// It is not as OpenSearch writes it.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.len() as u64 > LONGEST {
            return Err(Flaw::unknown(format!("is longer than hwdr reads ({} MiB)", LONGEST >> 20)));
        }
        let repository: Self =
            serde_json::from_slice(bytes).map_err(|error| Flaw::damaged(format!("cannot be read: {error}")))?;
        repository.is_consistent()?;
        Ok(repository)
    }

    /// Whether all that it refers to is in it.
    fn is_consistent(&self) -> Result<(), Flaw> {
        let uuids: BTreeSet<_> = self.snapshots.iter().map(|entry| &entry.uuid).collect();
        let ids: BTreeSet<_> = self.indices.values().map(|index| &index.id).collect();
        if uuids.len() != self.snapshots.len() || ids.len() != self.indices.len() {
            return Err(Flaw::damaged("has two snapshots or indices of the same id"));
        }
        let known = self.indices.values().flat_map(|index| &index.snapshots);
        if let Some(unknown) = known.into_iter().find(|uuid| !uuids.contains(uuid)) {
            return Err(Flaw::damaged(format!("an index refers to snapshot {unknown}, which it does not have")));
        }
        for (id, identifier) in self.snapshots.iter().flat_map(|entry| &entry.index_metadata_lookup) {
            if !ids.contains(id) || !self.index_metadata_identifiers.contains_key(identifier) {
                return Err(Flaw::damaged(format!("a snapshot refers to index {id}, of which it does not have all")));
            }
        }
        Ok(())
    }

    /// All snapshots.
    pub fn snapshots(&self) -> &[Entry] {
        &self.snapshots
    }

    /// The snapshot of this name.
    ///
    /// # Errors
    /// There is none.
    pub fn snapshot(&self, name: &str) -> Result<&Entry, Flaw> {
        self.snapshots.iter().find(|entry| entry.name == name).ok_or_else(|| {
            let newest: Vec<_> = self.snapshots.iter().map(|entry| entry.name.as_str()).rev().take(5).collect();
            let there = match newest.as_slice() {
                [] => "no snapshot at all".to_owned(),
                newest => format!("{} others, such as {}", self.snapshots.len(), newest.join(", ")),
            };
            Flaw::missing(format!("the repository has no snapshot {name}, but {there}"))
        })
    }

    /// The indices of a snapshot.
    pub fn indices<'r>(&'r self, entry: &'r Entry) -> impl Iterator<Item = IndexOf<'r>> {
        let of = |index: &&Index| index.snapshots.contains(&entry.uuid);
        self.indices.iter().filter(move |(_, index)| of(index)).map(|(name, index)| {
            let newer = entry.index_metadata_lookup.get(&index.id);
            IndexOf {
                name,
                id: &index.id,
                // Before OpenSearch's own first version they were called as the snapshot.
                metadata: newer.and_then(|key| self.index_metadata_identifiers.get(key)).unwrap_or(&entry.uuid),
                generations: &index.shard_generations,
                path_type: index.shard_path_type,
            }
        })
    }

    /// What is wrong with the generations of an index' shards, of which it has this many.
    pub fn judge_generations(index: &IndexOf, shards: u32) -> Option<Flaw> {
        let there = index.generations.len() as u64;
        let what = || format!("has {there} generations for the shards of index {}", index.name);
        (there < u64::from(shards)).then(|| Flaw::damaged(what()).expected(shards.to_string()))
    }

    /// What differs between the repository's list and the snapshot's own file.
    pub fn compare(&self, entry: &Entry, snapshot: &Snapshot) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if snapshot.name != entry.name || snapshot.uuid != entry.uuid {
            flaws.push(
                Flaw::damaged(format!("is of snapshot {} ({})", snapshot.name, snapshot.uuid))
                    .expected(format!("{} ({})", entry.name, entry.uuid)),
            );
        }
        if entry.state.is_some_and(|state| state != SUCCESS) && snapshot.is_success() {
            flaws.push(Flaw::damaged("says SUCCESS, but the repository's list does not"));
        }
        if let (Some(listed), Some(own)) = (&entry.version, snapshot.version())
            && *listed != own
        {
            flaws.push(
                Flaw::damaged(format!("is of OpenSearch {own}"))
                    .expected(format!("{listed}, as in the repository's list")),
            );
        }
        let listed: BTreeSet<_> = self.indices(entry).map(|index| index.name).collect();
        let own: BTreeSet<_> = snapshot.indices.iter().map(String::as_str).collect();
        if let Some(gone) = own.difference(&listed).next() {
            flaws.push(Flaw::damaged(format!("has index {gone}, which the repository's list does not have")));
        }
        if let Some(more) = listed.difference(&own).next() {
            flaws.push(Flaw::damaged(format!("does not have index {more}, which the repository's list has")));
        }
        flaws
    }
}
