//! `snap-<snapshot>.dat` and `index-<id>` of a shard: which files it has, and where their content is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_bytes::ByteBuf;

use super::lucene::{Checksum, LuceneFile};
use super::paths::Id;
use super::smile;
use crate::checker::check_whole;
use crate::flaw::{Finding, Flaw};

/// A file in a repository that is one in Lucene's index.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FileInfo {
    /// The object, without its parts; `v__…` if there is none, because all of it is in `meta_hash`.
    pub name: Id,
    /// Its name in the index.
    pub physical_name: Id,
    /// How many bytes it has.
    pub length: u64,
    /// The checksum in its footer.
    pub checksum: Checksum,
    #[serde(default)]
    part_size: Option<u64>,
    #[serde(default)]
    meta_hash: Option<ByteBuf>,
}

/// A file of ten terabytes in parts of a gigabyte has fewer.
const MOST_PARTS: u64 = 10_000;

impl FileInfo {
    /// Whether its content is in the metadata.
    pub fn is_virtual(&self) -> bool {
        self.name.as_str().starts_with("v__")
    }

    /// The objects that hold its content, in order, with their lengths (`FileInfo.partBytes`); none if it is virtual.
    ///
    /// # Errors
    /// There are too many.
    pub fn parts(&self) -> Result<Vec<(String, u64)>, Flaw> {
        if self.is_virtual() {
            return Ok(Vec::new());
        }
        let part = self.part_size.filter(|size| *size > 0).unwrap_or(u64::MAX);
        let count = self.length.div_ceil(part).max(1);
        if count > MOST_PARTS {
            return Err(Flaw::unknown(format!("has {count} parts, more than hwdr reads")));
        }
        if count == 1 {
            return Ok(vec![(self.name.to_string(), self.length)]);
        }
        let length = |index: u64| self.length.saturating_sub(part.saturating_mul(index)).min(part);
        Ok((0..count).map(|index| (format!("{}.part{index}", self.name), length(index))).collect())
    }

    /// Reads its content.
    pub fn checker(&self) -> LuceneFile {
        LuceneFile::new(self.length, self.checksum)
    }

    /// Checks content that is in the metadata.
    fn check_virtual(&self) -> Result<(), Flaw> {
        if !self.is_virtual() {
            return Ok(());
        }
        check_whole(self.checker(), self.meta_hash.as_deref().map_or(&[], Vec::as_slice))
            .map_err(|flaw| Flaw { what: format!("{}, which it holds: {}", self.physical_name, flaw.what), ..flaw })
    }
}

/// The files of a shard in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ShardSnapshot {
    name: String,
    /// All of them.
    #[serde(deserialize_with = "smile::list")]
    pub files: Vec<FileInfo>,
}

impl ShardSnapshot {
    /// Reads `snap-<snapshot>.dat` of a shard's folder.
    ///
    /// # Errors
    /// It is not as OpenSearch wrote it.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        smile::read(bytes, "snapshot")
    }

    /// How many bytes its files have together.
    pub fn bytes(&self) -> u64 {
        self.files.iter().fold(0, |sum, file| sum.saturating_add(file.length))
    }

    /// What is wrong with the list itself, if it is to be that of this snapshot.
    pub fn judge(&self, snapshot: &str) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.name != snapshot {
            flaws.push(Flaw::damaged(format!("is of snapshot {}", self.name)).expected(snapshot));
        }
        let names: BTreeSet<_> = self.files.iter().map(|file| &file.physical_name).collect();
        if names.len() != self.files.len() {
            flaws.push(Flaw::damaged("has two files of the same name"));
        }
        // Lucene opens an index by this file, and OpenSearch by its only one.
        if names.iter().filter(|name| name.as_str().starts_with("segments_")).count() != 1 {
            flaws.push(Flaw::damaged("has no file segments_N, or several"));
        }
        flaws.extend(self.files.iter().filter_map(|file| file.check_virtual().err()));
        flaws
    }

    /// What is wrong with the objects in the shard's folder, by their names in it and their lengths.
    pub fn compare(&self, folder: &str, there: &BTreeMap<String, u64>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for file in &self.files {
            let parts = match file.parts() {
                Ok(parts) => parts,
                Err(flaw) => {
                    findings.push(flaw.in_file(format!("{folder}{}", file.name)));
                    continue;
                }
            };
            for (name, length) in parts {
                let flaw = match there.get(&name) {
                    Some(is) if *is == length => continue,
                    Some(is) => Flaw::damaged(format!("has {is} bytes")).expected(format!("{length} bytes")),
                    None => Flaw::missing(format!("is not there: it holds {}", file.physical_name)),
                };
                findings.push(flaw.in_file(format!("{folder}{name}")));
            }
        }
        findings
    }
}

/// The files of a shard in all snapshots. A restore does not need it; the next snapshot does.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Generation {
    #[serde(deserialize_with = "smile::list")]
    files: Vec<FileInfo>,
    snapshots: BTreeMap<String, Files>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Files {
    #[serde(deserialize_with = "smile::list")]
    files: Vec<Id>,
}

impl Generation {
    /// Reads `index-<id>` of a shard's folder.
    ///
    /// # Errors
    /// It is not as OpenSearch wrote it.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        smile::read(bytes, "snapshots")
    }

    /// Checks that it has the same files for a snapshot as the snapshot's own list.
    ///
    /// # Errors
    /// It does not.
    pub fn agrees(&self, snapshot: &str, own: &ShardSnapshot) -> Result<(), Flaw> {
        let Some(listed) = self.snapshots.get(snapshot) else {
            return Err(Flaw::damaged(format!("does not have snapshot {snapshot}")));
        };
        let known: BTreeMap<_, _> = self.files.iter().map(|file| (&file.name, file)).collect();
        let listed: BTreeSet<_> = listed.files.iter().collect();
        let own: BTreeMap<_, _> = own.files.iter().map(|file| (&file.name, file)).collect();
        let is_same = listed.len() == own.len()
            && own.iter().all(|(name, file)| {
                listed.contains(name)
                    && known
                        .get(name)
                        .is_some_and(|known| (known.length, known.checksum) == (file.length, file.checksum))
            });
        if is_same {
            Ok(())
        } else {
            Err(Flaw::damaged(format!("has other files for snapshot {snapshot} than its own list")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, physical: &str, length: u64, part_size: Option<u64>) -> FileInfo {
        let id = |text| Id::new(text).unwrap();
        FileInfo {
            name: id(name),
            physical_name: id(physical),
            length,
            checksum: Checksum(1),
            part_size,
            meta_hash: None,
        }
    }

    #[test]
    fn a_file_is_in_as_many_parts_as_opensearch_makes() {
        let parts = |length, size| file("__x", "_0.cfs", length, size).parts().unwrap();
        let one = |length| vec![("__x".to_owned(), length)];
        assert_eq!(parts(10, None), one(10));
        assert_eq!(parts(10, Some(0)), one(10));
        assert_eq!(parts(0, Some(4)), one(0));
        assert_eq!(parts(4, Some(4)), one(4));
        let three = [("__x.part0", 4), ("__x.part1", 4), ("__x.part2", 2)];
        assert_eq!(parts(10, Some(4)), three.map(|(name, length)| (name.to_owned(), length)));
        assert!(file("__x", "_0.cfs", u64::MAX, Some(1)).parts().is_err());
        assert!(file("v__x", "segments_2", 10, None).parts().unwrap().is_empty());
    }

    #[test]
    fn objects_are_compared_with_the_list() {
        let shard = ShardSnapshot {
            name: "254811200".to_owned(),
            files: vec![file("__a", "_0.cfs", 7, Some(4)), file("__b", "segments_2", 3, None)],
        };
        let good = [("__a.part0", 4), ("__a.part1", 3), ("__b", 3), ("__of-another-snapshot", 1)];
        let good: BTreeMap<_, _> = good.into_iter().map(|(name, length)| (name.to_owned(), length)).collect();
        assert_eq!(shard.compare("f/", &good), []);
        assert_eq!(shard.judge("254811200"), []);
        assert_eq!(shard.judge("254811300").len(), 1);
        let mut cut = good.clone();
        cut.insert("__b".to_owned(), 2);
        let found = shard.compare("f/", &cut);
        assert_eq!(found, [Flaw::damaged("has 2 bytes").expected("3 bytes").in_file("f/__b")]);
        let mut gone = good;
        gone.remove("__a.part1");
        let found = shard.compare("f/", &gone);
        assert_eq!(found, [Flaw::missing("is not there: it holds _0.cfs").in_file("f/__a.part1")]);
    }
}
