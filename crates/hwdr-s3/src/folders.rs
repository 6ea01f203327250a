//! What lives in a bucket, as far as its folders' names tell. Whoever knows the bucket's owner says it: nothing here does.

/// How the names of folders at the top of a bucket begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folders {
    /// What a rewind is for.
    pub blocks: &'static str,
    /// Backups that share the bucket; a slash at the end stands for the whole name. To rewind those would undo later backups, and break a
    /// repository whose index names what is in it.
    pub backups: &'static [&'static str],
}

impl Folders {
    /// Whether a folder (with the slash behind its name) is one of backups.
    pub fn are_backups(self, folder: &str) -> bool {
        self.backups.iter().any(|begin| folder.starts_with(begin))
    }
}
