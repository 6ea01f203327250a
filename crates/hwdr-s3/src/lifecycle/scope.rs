//! What a rule's filter means for a bucket that contains blocks and backups.

use super::rule::Rule;
use crate::folders::Folders;
use crate::journal::RESERVED;

/// What a rule applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// It applies, or may apply, to blocks.
    Blocks,
    /// It applies, or may apply, to backups in the same bucket, and to no block.
    Backups,
    /// Something else, as far as the filter shows: other prefixes, or objects with tags, which blocks do not have.
    Elsewhere,
}

/// What `rule` applies to.
pub(crate) fn scope(rule: &Rule, folders: Folders) -> Scope {
    let prefix = rule.prefix.trim_start_matches('/');
    let meets = |begin: &str| prefix.starts_with(begin) || begin.starts_with(prefix);
    if !rule.tags.is_empty() {
        Scope::Elsewhere
    } else if meets(folders.blocks) {
        Scope::Blocks
    } else if meets(RESERVED) || folders.backups.iter().any(|begin| meets(begin.trim_end_matches('/'))) {
        Scope::Backups
    } else {
        Scope::Elsewhere
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folders::TEST;

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
            assert_eq!(scope(&Rule { prefix: prefix.to_owned(), ..Rule::default() }, TEST), expected, "{prefix:?}");
        }
        assert_eq!(scope(&Rule { tags: vec!["a=b".to_owned()], ..Rule::default() }, TEST), Scope::Elsewhere);
    }
}
