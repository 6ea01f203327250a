//! Names of objects in a repository.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use crate::flaw::Flaw;

/// A part of an object's name: letters, digits, `-`, `_` and `.`, as in OpenSearch's ids and names of files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(String);

/// OpenSearch's ids have 22 characters, and names of files that many and a few more.
const LONGEST: usize = 128;

impl Id {
    /// The id in this text, if it is one.
    pub fn new(text: &str) -> Option<Self> {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_id = !text.is_empty()
            && text.len() <= LONGEST
            && text.bytes().all(good)
            && text.bytes().any(|byte| byte != b'.');
        is_id.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| de::Error::custom("an id has letters, digits, -, _ and . only"))
    }
}

/// Where the folders of an index' shards are: `shard_path_type` of the repository, since OpenSearch 2.17 (`RemoteStoreEnums.PathType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PathType {
    /// In the index' own folder.
    #[default]
    Fixed,
    /// In a folder named by a hash, outside the repository's own.
    HashedPrefix,
    /// In a folder named by a hash, in the repository's own.
    HashedInfix,
}

impl<'de> Deserialize<'de> for PathType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u64::deserialize(deserializer)? {
            0 => Ok(Self::Fixed),
            1 => Ok(Self::HashedPrefix),
            2 => Ok(Self::HashedInfix),
            _ => Err(de::Error::custom("shards are at a path of a kind that hwdr does not know")),
        }
    }
}

/// The folder of an index, in the repository's folder.
pub fn index_folder(base: &str, index: &Id) -> String {
    format!("{base}indices/{index}/")
}

/// The folder of a shard. `base` is the repository's folder, with the slash, or empty.
pub fn shard_folder(base: &str, index: &Id, path_type: PathType, shard: u32) -> String {
    let hash = || composite(fnv1a(format!("{shard}{index}").as_bytes()));
    match path_type {
        PathType::Fixed => format!("{base}indices/{index}/{shard}/"),
        PathType::HashedPrefix => format!("{}/{base}indices/{index}/{shard}/", hash()),
        PathType::HashedInfix => format!("{base}{}/indices/{index}/{shard}/", hash()),
    }
}

/// FNV-1a of 64 bits (draft-eastlake-fnv).
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The first 6 bits in base 64, the next 14 as they are (`FNV_1A_COMPOSITE_1`).
fn composite(hash: u64) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let first = ALPHABET.get((hash >> 58) as usize).copied().unwrap_or_default();
    format!("{}{:014b}", char::from(first), hash >> 44 & 0x3fff)
}

/// The newest generation, by the names of the objects in the repository's folder; none if there are no snapshots.
pub fn newest<'n>(names: impl IntoIterator<Item = &'n str>) -> Option<u64> {
    names.into_iter().filter_map(generation).max()
}

/// The generation of `index-<generation>`; none if that is not what the object is.
pub fn generation(name: &str) -> Option<u64> {
    name.strip_prefix("index-")?.parse().ok()
}

/// The generation in `index.latest`.
///
/// # Errors
/// It is none.
pub fn latest(bytes: &[u8]) -> Result<u64, Flaw> {
    bytes
        .try_into()
        .map(u64::from_be_bytes)
        .map_err(|_| Flaw::damaged(format!("has {} bytes", bytes.len())).expected("8 bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_their_folder() {
        for good in ["3uE-_xQyTNmJx0PLzS5P9w", "0", "__x.part1", "v__x", "_0.cfs"] {
            assert!(Id::new(good).is_some(), "{good}");
        }
        let long = "a".repeat(LONGEST + 1);
        for bad in ["", ".", "..", "...", "a/b", "/", "a b", "a\n", "é", "%2f", "a?b", long.as_str()] {
            assert!(Id::new(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn shards_are_where_opensearch_puts_them() {
        let index = Id::new("3uE-_xQyTNmJx0PLzS5P9w").unwrap();
        assert_eq!(shard_folder("", &index, PathType::Fixed, 0), "indices/3uE-_xQyTNmJx0PLzS5P9w/0/");
        assert_eq!(shard_folder("b/", &index, PathType::Fixed, 12), "b/indices/3uE-_xQyTNmJx0PLzS5P9w/12/");
        let hashed = shard_folder("b/", &index, PathType::HashedPrefix, 1);
        let (hash, rest) = hashed.split_once('/').unwrap();
        assert_eq!((hash.len(), rest), (15, "b/indices/3uE-_xQyTNmJx0PLzS5P9w/1/"));
        assert_eq!(
            shard_folder("b/", &index, PathType::HashedInfix, 1),
            format!("b/{hash}/indices/3uE-_xQyTNmJx0PLzS5P9w/1/")
        );
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(composite(u64::MAX), "_11111111111111");
        assert_eq!(composite(0x0412_3456_789a_bcde), "B00000100100011");
    }

    #[test]
    fn the_newest_generation_is_the_highest_number() {
        assert_eq!(newest(["index-9", "index-10", "index.latest", "index-x", "snap-1.dat", "index-"]), Some(10));
        assert_eq!(newest(["index.latest"]), None);
        assert_eq!(latest(&[0, 0, 0, 0, 0, 0, 1, 2]), Ok(258));
        assert!(latest(&[1]).is_err());
    }
}
