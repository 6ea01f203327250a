//! What a bucket contains, judged by the names of its folders. The caller, who knows the bucket's owner, supplies all names.

/// Whose bucket it is, and how the names of folders at its top begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folders {
    /// The file system that keeps its blocks in the bucket, by its name for people.
    pub owner: &'static str,
    /// The name of hwdr's own lifecycle rule.
    pub rule: &'static str,
    /// What a rewind restores.
    pub blocks: &'static str,
    /// Backups that share the bucket; a slash at the end means the whole name. Rewinding them would undo later backups, and break a
    /// repository whose index names its contents.
    pub backups: &'static [&'static str],
}

impl Folders {
    /// Whether a folder (with the slash behind its name) is one of backups.
    pub fn are_backups(self, folder: &str) -> bool {
        self.backups.iter().any(|begin| folder.starts_with(begin))
    }
}

/// The folders that the tests use.
#[cfg(test)]
pub(crate) const TEST: Folders = Folders {
    owner: "HopsFS",
    rule: "HopsFSBlocksRetentionPolicy",
    blocks: "hopsfs",
    backups: &["rondb_backup/", "k8s_backup/", "opensearch"],
};
