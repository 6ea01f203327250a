//! What is looked at before a restore: whatever can be known to fail is found before anything is changed.

mod fits;
mod places;
mod there;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hwdr_run::{Halt, Store as _};
use jiff::Timestamp;

use self::fits::{fits, fits_ndb, intact, must_be_own, nodes, schemas_of};
use self::places::{assigned, bare, blocks, connect, parts_fit, renamed, slots};
pub(super) use self::there::has_tablespaces;
use self::there::{is_empty, only_copy, tables};
use super::must_be_over;
use crate::backup::refused;
use crate::check;
use crate::doctor;
use crate::finding::{self, Finding};
use crate::id::BackupId;
use crate::inventory::{Blocks, HostName, Inventory, Role};
use crate::local;
use crate::manifest::Manifest;
use crate::plan::Step;
use crate::plan::backup::{SYSTEM, UserDump};
use crate::plan::restore::{Request, restore};
use crate::record::{Diary, RemoteStore};
use crate::remote::{Remote, all};
use crate::stored::{Contents, Kind, Stored, charsets};
use crate::words::{Account, Command};

/// What a restore would do.
#[derive(Debug)]
pub struct Ready {
    /// Its record, as it begins.
    pub diary: Diary,
    /// Its steps.
    pub steps: Vec<Step>,
    /// The backup's folder.
    pub folder: PathBuf,
    /// What is odd, though it works.
    pub findings: Vec<Finding>,
    /// The rows of each table.
    pub rows: BTreeMap<String, u64>,
    /// What `ndb_restore` must have restored.
    pub expected: Expected,
}

/// What a restore must bring back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    /// Rows in data files, if they could be counted.
    pub rows: Option<u64>,
    /// Changes in logs.
    pub changes: u64,
}

impl Expected {
    fn of(ndb: &check::Ndb) -> Self {
        Self { rows: ndb.restored, changes: ndb.changes }
    }
}

impl Ready {
    /// Plans the steps of a record.
    fn new(
        inventory: &Inventory,
        stored: &Stored,
        contents: &Contents,
        diary: Diary,
        (rows, expected): (BTreeMap<String, u64>, Expected),
        findings: Vec<Finding>,
    ) -> Self {
        let charsets = charsets(&stored.folder, contents.schemas.as_deref());
        let request = Request { diary: &diary, folder: &stored.folder, contents, charsets: &charsets, rows: &rows };
        let steps = restore(inventory, &request);
        Self { diary, steps, folder: stored.folder.clone(), findings, rows, expected }
    }
}

/// Looks whether a restore would work, and plans it. Nothing is changed.
///
/// # Errors
/// Everything that would make it fail.
pub async fn prepare(
    remote: &std::sync::Arc<Remote>,
    stored: &Stored,
    wipe: bool,
    now: Timestamp,
) -> Result<Ready, Halt> {
    let inventory = &remote.inventory;
    if let Some(earlier) = RemoteStore::find(remote).await? {
        must_be_over(&earlier.load()?, earlier.is_foreign())?;
    }
    let Usable { manifest, contents, ndb, databases } = Usable::of(stored)?;
    must_be_own(inventory, manifest)?;
    let mut facts = doctor::look(remote).await;
    // An empty cluster may be without either.
    (facts.safe_mode, facts.data_nodes) = (None, None);
    facts.versions.clear();
    // What a restore must know of them is another thing.
    let others = facts.others.take();
    // A restore sends nothing there, and makes no room for a backup.
    facts.away = None;
    (facts.has_earlier, facts.newest) = (true, None);
    let mut findings = doctor::judge(inventory, &facts);
    findings.retain(|finding| finding.level != finding::Level::Fine);
    findings.extend(ndb.findings.iter().cloned());
    if let Some(manifest) = manifest {
        findings.extend(intact(&stored.folder, stored.id, manifest));
        findings.extend(fits(manifest, &facts));
    } else {
        findings.extend(ndb.version.as_deref().and_then(|version| fits_ndb(version, &facts)));
    }
    findings.extend(nodes(inventory, &facts, &contents, manifest));
    let (tables, more) = tables(remote, &facts).await?;
    findings.extend(more);
    findings.extend(is_empty(&tables, wipe));
    findings.extend(only_copy(others.as_ref(), wipe));
    let (blocks, more) = blocks(inventory, &facts, manifest);
    findings.extend(more);
    let bare = bare(inventory, manifest, &blocks);
    findings.extend(renamed(remote, blocks.iter().map(|(_, host)| host).chain(&bare)).await);
    findings.extend(parts_fit(inventory, &facts, &contents, stored.id, wipe));
    if manifest.is_none() && inventory.blocks == Blocks::Disks {
        findings.push(Finding::warning(
            "hopsfs",
            "the cookbook's script does not back up blocks: those that are on the data nodes stay as they are",
        ).help("in a cluster that was deployed again, data nodes start only with the blocks of the old one: bring them first"));
    }
    if contents.users.is_none() {
        findings.push(Finding::warning("mysql", "the backup has no users and grants"));
    }
    findings.extend(schemas_of(&contents));
    if finding::is_bad(&findings) {
        return Err(refused(&findings, &format!("backup {} cannot be restored; nothing was changed", stored.id)));
    }
    let safety = match wipe && tables.iter().any(|(_, count)| *count > 0) {
        true => Some(safety_id(&used_ids(remote, stored.id).await?, now)?),
        false => None,
    };
    let diary = Diary {
        safety,
        before: tables.into_iter().map(|(name, _)| name).collect(),
        databases,
        blocks,
        bare,
        connect: connect(inventory, &facts),
        slots: slots(&facts),
        has_tablespaces: has_tablespaces(remote).await?,
        users: facts.users.unwrap_or(UserDump::Dump),
        ..Diary::new(&inventory.name, stored.id, &stored.folder, now)
    };
    let expected = Expected::of(&ndb);
    Ok(Ready::new(inventory, stored, &contents, diary, (ndb.rows, expected), findings))
}

/// A backup that can be restored, as far as its own files show.
struct Usable<'s> {
    /// What it says of itself; none of a cookbook's.
    manifest: Option<&'s Manifest>,
    contents: Contents,
    ndb: check::Ndb,
    /// The databases that are in it, but for the server's own.
    databases: Vec<String>,
}

impl<'s> Usable<'s> {
    /// Reads it.
    ///
    /// # Errors
    /// If it is not complete, cannot be read, or is only elsewhere: hosts are sent what is in the folder here.
    fn of(stored: &'s Stored) -> Result<Self, Halt> {
        let id = stored.id;
        let manifest = match &stored.kind {
            Kind::Ours(manifest) => Some(&**manifest),
            Kind::Cookbook => None,
            Kind::Incomplete => {
                return Err(Halt::new(format!("backup {id} is not complete: it has no manifest"))
                    .help("choose another: helm hwdr vm list"));
            }
            Kind::Unreadable(why) => return Err(Halt::new(format!("backup {id} cannot be used: {why}"))),
        };
        if !stored.is_here {
            return Err(Halt::new(format!("backup {id} is not in the folder here"))
                .help(format!("bring it: helm hwdr vm fetch {id}")));
        }
        let contents = stored.contents().map_err(Halt::new)?;
        let ndb = check::ndb(&stored.folder, &contents.files, id);
        let mut databases: Vec<String> =
            ndb.databases.iter().filter(|name| !SYSTEM.contains(&name.as_str())).cloned().collect();
        // Those without tables.
        let more = manifest.into_iter().flat_map(|manifest| &manifest.databases);
        databases.extend(more.filter(|name| !ndb.databases.contains(*name)).cloned());
        Ok(Self { manifest, contents, ndb, databases })
    }
}

/// Plans a restore on paper: no host is asked, so that a runbook can be written before it is needed.
///
/// # Errors
/// If the backup cannot be used.
pub fn on_paper(inventory: &Inventory, stored: &Stored, wipe: bool, now: Timestamp) -> Result<Ready, Halt> {
    let Usable { manifest, contents, ndb, databases } = Usable::of(stored)?;
    must_be_own(inventory, manifest)?;
    let mut findings = ndb.findings.clone();
    let hosts: Vec<&HostName> = inventory.with(Role::DataNode).map(|host| &host.name).collect();
    let all = manifest.and_then(|manifest| manifest.blocks.as_deref()).unwrap_or_default();
    let blocks = assigned(all, &hosts).unwrap_or_else(|finding| {
        findings.push(finding);
        Vec::new()
    });
    if finding::is_bad(&findings) {
        return Err(refused(&findings, &format!("backup {} cannot be restored", stored.id)));
    }
    let has_pump = manifest.is_none_or(|manifest| !manifest.server.starts_with("mysql-9"));
    let bare = bare(inventory, manifest, &blocks);
    let diary = Diary {
        safety: if wipe { Some(safety_id(&[stored.id].into(), now)?) } else { None },
        before: if wipe { databases.clone() } else { Vec::new() },
        databases,
        blocks,
        bare,
        slots: contents.parts.len().max(1),
        has_tablespaces: wipe,
        users: if has_pump { UserDump::Pump } else { UserDump::Dump },
        ..Diary::new(&inventory.name, stored.id, &stored.folder, now)
    };
    let expected = Expected::of(&ndb);
    Ok(Ready::new(inventory, stored, &contents, diary, (ndb.rows, expected), findings))
}

/// The rows of the backup of a run, and what a restore must bring back.
///
/// # Errors
/// If the backup was damaged since the run was begun.
pub(super) fn counts(remote: &Remote, diary: &Diary) -> Result<(BTreeMap<String, u64>, Expected), Halt> {
    let folder = remote.inventory.backups.join(&diary.folder);
    let files = local::files(&folder).unwrap_or_default();
    let ndb = check::ndb(&folder, &files, diary.backup);
    let mut findings = ndb.findings.clone();
    if let Some(manifest) = Manifest::read(&folder).map_err(Halt::new)? {
        findings.extend(intact(&folder, diary.backup, &manifest));
    }
    match finding::is_bad(&findings) {
        true => Err(refused(&findings, &format!("the restore cannot be resumed: backup {} is damaged", diary.backup))),
        false => Ok((ndb.rows.clone(), Expected::of(&ndb))),
    }
}

/// The ids of backups that the data nodes have, and of the one that is restored.
pub(super) async fn used_ids(remote: &Remote, backup: BackupId) -> Result<BTreeSet<BackupId>, Halt> {
    let script = "# lists the backups\n[ ! -d \"$1/BACKUP\" ] || ls -- \"$1/BACKUP\"";
    let mut used: BTreeSet<BackupId> = [backup].into();
    let hosts = remote.inventory.with(Role::Ndb);
    let calls: Vec<_> = hosts
        .map(|host| Command::script(&host.name, Account::Mysql, script, &[&remote.inventory.paths.ndb_backups]))
        .collect();
    for said in all(calls.iter().map(|call| remote.call(call, Path::new("/")))).await? {
        used.extend(said.out.lines().filter_map(|line| line.strip_prefix("BACKUP-")?.parse::<BackupId>().ok()));
    }
    Ok(used)
}

/// An id for the backup of the cluster as it was: that of this minute, or of the next one that is not used.
pub(super) fn safety_id(used: &BTreeSet<BackupId>, now: Timestamp) -> Result<BackupId, Halt> {
    let time = now.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let ids = (0..1440).map(|minutes| time.checked_add(jiff::Span::new().minutes(minutes)).ok().and_then(BackupId::of));
    let free = ids.flatten().find(|id| !used.contains(id));
    free.ok_or_else(|| {
        Halt::new("there is no id for a backup of the cluster as it is: after 2042 the form has more than 32 bits")
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::restore) fn diary() -> Diary {
        let now = "2026-11-30T20:00:00Z".parse().unwrap();
        Diary { slots: 4, users: UserDump::Pump, ..Diary::new("c", "7".parse().unwrap(), Path::new("7"), now) }
    }
}
