//! What a rule's filter means for a bucket that HopsFS and backups live in.

use super::rule::Rule;
use crate::journal::RESERVED;

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// HopsFS's blocks are, or may be, among it.
    Blocks,
    /// Backups in the same bucket are, or may be, among it, and no block.
    Backups,
    /// Something else, as far as a filter tells: other prefixes, or objects with tags, which HopsFS gives none.
    Elsewhere,
}

/// Folders of backups that share the bucket with HopsFS (docs: Velero's prefix `k8s_backup`; the chart's `rondb_backup`), and hwdr's own.
const BACKUPS: [&str; 4] = ["rondb_backup", "k8s_backup", "opensearch", RESERVED];

/// What all prefixes of blocks begin with: `hopsfs-blocks-set-N/` in HopsFS (`CloudHelper.PREFIX_STR`).
const BLOCKS: &str = "hopsfs";

/// What `rule` is about.
pub fn scope(rule: &Rule) -> Scope {
    let prefix = rule.prefix.trim_start_matches('/');
    if !rule.tags.is_empty() {
        Scope::Elsewhere
    } else if prefix.starts_with(BLOCKS) || BLOCKS.starts_with(prefix) {
        Scope::Blocks
    } else if BACKUPS.iter().any(|folder| prefix.starts_with(folder) || folder.starts_with(prefix)) {
        Scope::Backups
    } else {
        Scope::Elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_tell() {
        for (prefix, expected) in [
            ("", Scope::Blocks),
            ("h", Scope::Blocks),
            ("hopsfs-blocks-set-3/", Scope::Blocks),
            ("hopsfs_blocks/", Scope::Blocks),
            ("rondb_backup/", Scope::Backups),
            ("opensearch/default/", Scope::Backups),
            (".hwdr/", Scope::Backups),
            ("logs/", Scope::Elsewhere),
            ("r", Scope::Backups),
            ("raw/", Scope::Elsewhere),
        ] {
            assert_eq!(scope(&Rule { prefix: prefix.to_owned(), ..Rule::default() }), expected, "{prefix:?}");
        }
        assert_eq!(scope(&Rule { tags: vec!["a=b".to_owned()], ..Rule::default() }), Scope::Elsewhere);
    }
}
