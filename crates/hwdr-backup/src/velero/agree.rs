//! What the files of a backup must agree on.

use std::collections::BTreeSet;

use super::archive::{Facts, Item};
use super::backup::Backup;
use super::lists::ResourceList;
use crate::flaw::Flaw;

/// How far the times in an archive may be from those of the backup: both are Velero's clock, in whole seconds.
const SLACK: u64 = 60;

/// What is wrong with an archive beside the Backup: when Velero began and ended it (seconds since 1970).
pub fn with_times(facts: &Facts, began: u64, ended: u64) -> Option<Flaw> {
    let (first, last) = facts.written?;
    let is_within = began.saturating_sub(SLACK) <= first && last <= ended.saturating_add(SLACK);
    (!is_within).then(|| Flaw::damaged("its files were written at another time: it is the archive of another backup"))
}

/// What is wrong with the list of objects beside the Backup, which has counted them.
pub fn with_count(list: &ResourceList, backup: &Backup) -> Option<Flaw> {
    if !backup.is_completed() {
        return None;
    }
    let there = list.0.len() as u64;
    let Some(counted) = backup.items() else {
        return Some(Flaw::unknown(format!(
            "has {there} objects, and {} does not say how many",
            super::objects::BACKUP
        )));
    };
    (there != counted).then(|| {
        Flaw::damaged(format!("has {there} objects")).expected(format!("{counted}, as in {}", super::objects::BACKUP))
    })
}

/// What is wrong with an archive beside the list of objects. `has_operations`: plugins may have added some after the list was written.
pub fn with_list(facts: &Facts, list: &ResourceList, has_operations: bool) -> Vec<Flaw> {
    let listed: BTreeSet<_> = list.0.iter().collect();
    let gone: Vec<_> = listed.iter().copied().filter(|item| !facts.items.contains(item)).collect();
    let more: Vec<_> = facts.items.iter().filter(|item| !listed.contains(item)).collect();
    let mut flaws = Vec::new();
    if !gone.is_empty() {
        flaws.push(Flaw::missing(format!("does not have {}", some(&gone))).expected("all that its list names"));
    }
    if !more.is_empty() && !has_operations {
        flaws.push(Flaw::damaged(format!("has {}, which its list does not name", some(&more))));
    }
    flaws
}

fn some(items: &[&Item]) -> String {
    let first: Vec<_> = items.iter().take(3).map(|item| item.shown()).collect();
    match items.len().saturating_sub(first.len()) {
        0 => first.join(", "),
        more => format!("{} and {more} more objects", first.join(", ")),
    }
}
