//! What a backup says of itself: written last, so that a backup without it is not complete.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::BackupId;
use crate::inventory::HostName;
use crate::local;
use crate::parse::hopsfs::Version;

/// The form that this program writes; it reads no later one.
pub const FORM: u32 = 1;
/// The manifest.
pub const FILE: &str = "manifest.json";
/// The digests of all other files, as `sha256sum` writes them.
pub const SUMS: &str = "SHA256SUMS";
/// Its existence keeps a backup from being pruned.
pub const KEEP: &str = "KEEP";

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of this file.
    pub form: u32,
    /// The version of hwdr that wrote it.
    pub version: String,
    /// The cluster.
    pub cluster: String,
    /// The backup.
    pub id: BackupId,
    /// When it was begun.
    pub began: Timestamp,
    /// When it was complete.
    pub finished: Timestamp,
    /// The version of RonDB and MySQL (`mysql-8.0.34 ndb-21.4.14`).
    pub server: String,
    /// The data nodes of RonDB.
    pub nodes: Vec<NodeOf>,
    /// How many tables are in RonDB's part, and how many rows, if they could be counted.
    pub tables: usize,
    /// Rows in the data files.
    pub rows: Option<u64>,
    /// The databases that MySQL had.
    pub databases: Vec<String>,
    /// The blocks of HopsFS by data node; none if they are in object storage.
    pub blocks: Option<Vec<BlocksOf>>,
    /// Blocks that were deleted while they were copied, and that are on no data node: files that have them are damaged.
    #[serde(default)]
    pub vanished: Vec<u64>,
    /// All files but those of blocks.
    pub files: Vec<FileOf>,
    /// The bytes of all files.
    pub bytes: u64,
    /// The SHA-256 of the file with all digests.
    pub sums: String,
}

/// A data node of RonDB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeOf {
    /// Its id.
    pub id: u16,
    /// Its node group.
    pub group: Option<u16>,
    /// Its host.
    pub host: HostName,
}

/// The blocks of one data node of HopsFS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlocksOf {
    /// Its host.
    pub host: HostName,
    /// How many blocks.
    pub blocks: u64,
    /// The bytes of all files.
    pub bytes: u64,
    /// The owner of the folder: `user:group`.
    pub owner: String,
    /// Its mode, in octal digits.
    pub mode: String,
    /// The ids that it announces itself with.
    pub version: Version,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FileOf {
    /// Its path in the backup.
    pub path: String,
    /// Its length.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl Manifest {
    /// Reads the manifest in a folder; none if there is none.
    ///
    /// # Errors
    /// If it is not one, or was written by a later hwdr.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        let path = folder.join(FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        };
        Self::parse(&text, &path.display().to_string()).map(Some)
    }

    /// Reads a manifest; `path` is where it comes from.
    ///
    /// # Errors
    /// If it is not one, or was written by a later hwdr.
    pub fn parse(text: &str, path: &str) -> Result<Self, String> {
        #[derive(Deserialize)]
        struct Head {
            form: u32,
            version: String,
        }
        let wrong = |error: serde_json::Error| format!("{path} is not a manifest: {error}");
        let head: Head = serde_json::from_str(text).map_err(wrong)?;
        if head.form > FORM {
            return Err(format!("{path}: a later hwdr ({}) has written it", hwdr_values::shown::plain(&head.version)));
        }
        let manifest: Self = serde_json::from_str(text).map_err(wrong)?;
        let is_octal =
            |mode: &str| (3..=4).contains(&mode.len()) && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        let is_owner = |owner: &str| {
            owner.split(':').count() == 2
                && owner.split(':').all(|name| {
                    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
                })
        };
        let odd = manifest.blocks.iter().flatten().find(|blocks| !is_octal(&blocks.mode) || !is_owner(&blocks.owner));
        match odd {
            Some(blocks) => Err(format!("{path} is not a manifest: owner or mode of the blocks of {}", blocks.host)),
            None => Ok(manifest),
        }
    }

    /// Writes it: from then on the backup is complete.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        local::replace(&folder.join(FILE), &serde_json::to_string_pretty(self)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_manifest_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Manifest::read(folder.path()), Ok(None));
        for (text, says) in [
            ("{}", "not a manifest"),
            ("{\"form\": 2, \"version\": \"9\"}", "a later hwdr (9)"),
            ("x", "not a manifest"),
        ] {
            std::fs::write(folder.path().join(FILE), text).unwrap();
            assert!(Manifest::read(folder.path()).unwrap_err().contains(says), "{text}");
        }
    }
}
