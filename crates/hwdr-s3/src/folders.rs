//! What a bucket contains, judged by the names of its folders. The caller, who knows the bucket's owner, supplies the names.

/// How the names of folders at the top of a bucket begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Folders {
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
