//! Checks a backup in its folder.

use super::agree;
use super::archive::{Archive, Facts, Item};
use super::backup::Backup;
use super::lists::ResourceList;
use super::objects::{self, BESIDE};
use crate::checker::Checker as _;
use crate::flaw::{Finding, Flaw};
use crate::place::{self, Place};

/// How long a packed list may be. Logs have a line for each object.
const LONGEST: u64 = 256 << 20;

/// What was looked at, and what is wrong with it.
#[derive(Debug, Default)]
pub struct Checked {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// The Backup, if it could be read.
    pub backup: Option<Backup>,
    /// The objects, if all of the archive is good.
    pub facts: Option<Facts>,
    /// How many bytes its files have together.
    pub bytes: u64,
}

/// Checks all files of the backup with this name. `prefix` is the storage location's, with the slash, or empty; objects for which `keep` is true are
/// kept; `seconds` reads a time as Kubernetes writes it (seconds since 1970).
pub async fn check(
    place: &impl Place,
    prefix: &str,
    name: &str,
    keep: impl Fn(&Item) -> bool + Send + 'static,
    seconds: impl Fn(&str) -> Option<u64>,
) -> Checked {
    let mut checked = Checked::default();
    if !objects::is_name(name) {
        checked.findings.push(Flaw::unknown("is no name of a backup of Velero's").in_file(name));
        return checked;
    }
    let folder = objects::folder(prefix, name);
    let there = match place.folder(&folder).await {
        Ok(there) if there.is_empty() => {
            checked.findings.push(Flaw::missing("there is no backup of Velero's in this folder").in_file(folder));
            return checked;
        }
        Ok(there) => there,
        Err(flaw) => {
            checked.findings.push(flaw.in_file(folder));
            return checked;
        }
    };
    checked.bytes = there.values().fold(0, |sum, length| sum.saturating_add(*length));
    let findings = &mut checked.findings;
    let key = |name: String| format!("{folder}{name}");

    let own = key(objects::BACKUP.to_owned());
    let backup = place::read(place, &own, LONGEST, Backup::read).await;
    let backup = backup.map_err(|finding| findings.push(finding)).ok();
    if let Some(backup) = &backup {
        findings.extend(backup.judge(name).into_iter().map(|flaw| flaw.in_file(own.as_str())));
    }

    let mut operations = Some(0);
    for beside in BESIDE {
        let file = format!("{name}{}", beside.end);
        if !beside.is_required && !there.contains_key(&file) {
            continue;
        }
        let read = place::read(place, &key(file), LONGEST, |bytes| (beside.read)(bytes, name)).await;
        let entries = read.map_err(|finding| findings.push(finding)).ok();
        if beside.end == objects::OPERATIONS {
            operations = entries;
        }
    }

    let list_key = key(objects::resource_list(name));
    let list = place::read(place, &list_key, LONGEST, ResourceList::read).await;
    let list = list.map_err(|finding| findings.push(finding)).ok();
    if let (Some(list), Some(backup)) = (&list, &backup) {
        findings.extend(agree::with_count(list, backup).map(|flaw| flaw.in_file(list_key)));
    }

    let archive_key = key(objects::archive(name));
    let facts = match there.get(&objects::archive(name)) {
        Some(length) => archive(place, &archive_key, *length, keep).await,
        None => Err(Flaw::missing("is not there")),
    };
    match facts {
        Ok(facts) => {
            let times = backup.as_ref().and_then(Backup::times).map(|times| times.map(&seconds));
            let mut flaws = Vec::new();
            if let Some([Some(began), Some(ended)]) = times {
                flaws.extend(agree::with_times(&facts, began, ended));
            }
            // One that is not whole may lack what it has counted.
            if let Some(list) = list.as_ref().filter(|_| backup.as_ref().is_some_and(Backup::is_completed)) {
                flaws.extend(agree::with_list(&facts, list, operations != Some(0)));
            }
            findings.extend(flaws.into_iter().map(|flaw| flaw.in_file(archive_key.as_str())));
            checked.facts = Some(facts);
        }
        Err(flaw) => findings.push(flaw.in_file(archive_key)),
    }
    checked.backup = backup;
    checked
}

async fn archive(
    place: &impl Place,
    key: &str,
    length: u64,
    keep: impl Fn(&Item) -> bool + Send + 'static,
) -> Result<Facts, Flaw> {
    place.feed(key, length, Archive::new(keep)).await?.finish()
}
