//! What is looked at before a restore: whatever can be known to fail is found before anything is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures_util::future::join_all;
use hwdr_run::{Halt, Phase, Record as _, Store as _};
use hwdr_values::shown::plain;
use jiff::Timestamp;

use super::must_be_over;
use crate::backup::refused;
use crate::check;
use crate::doctor::{self, Facts};
use crate::finding::{self, Finding};
use crate::id::BackupId;
use crate::inventory::{Blocks, HostName, Inventory, Role};
use crate::local;
use crate::manifest::{BlocksOf, Manifest};
use crate::parse::show::{Kind as NodeKind, Node, groups};
use crate::plan::Step;
use crate::plan::backup::{SYSTEM, UserDump};
use crate::plan::restore::{Request, restore};
use crate::record::{Diary, RemoteStore};
use crate::remote::{Remote, all};
use crate::stored::{Contents, Kind, Stored};
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
        let steps = restore(inventory, &request(&diary, &stored.folder, contents, &rows));
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
        must_be_over(&earlier.load()?)?;
    }
    let manifest = match &stored.kind {
        Kind::Ours(manifest) => Some(&**manifest),
        Kind::Cookbook => None,
        Kind::Incomplete => {
            return Err(Halt::new(format!("backup {} is not complete: it has no manifest", stored.id))
                .help("choose another: helm hwdr vm list"));
        }
        Kind::Unreadable(why) => return Err(Halt::new(format!("backup {} cannot be used: {why}", stored.id))),
    };
    must_be_here(stored)?;
    let contents = stored.contents().map_err(Halt::new)?;
    let mut facts = doctor::look(remote).await;
    // An empty cluster may be without either.
    facts.safe_mode = None;
    facts.versions.clear();
    // A restore sends nothing there.
    facts.away = None;
    let mut findings = doctor::judge(inventory, &facts);
    findings.retain(|finding| finding.level != finding::Level::Fine);
    let ndb = check::ndb(&stored.folder, &contents.files, stored.id);
    findings.extend(ndb.findings.iter().cloned());
    if let Some(manifest) = manifest {
        findings.extend(intact(stored, manifest));
        findings.extend(fits(manifest, &facts));
    }
    findings.extend(nodes(inventory, &facts, &contents, manifest));
    let tables = tables(remote, &facts).await?;
    findings.extend(is_empty(&tables, wipe));
    let mut databases: Vec<String> =
        ndb.databases.iter().filter(|name| !SYSTEM.contains(&name.as_str())).cloned().collect();
    databases.extend(
        manifest
            .into_iter()
            .flat_map(|manifest| manifest.databases.iter().cloned())
            .filter(|name| !ndb.databases.contains(name)),
    );
    let (blocks, more) = blocks(remote, inventory, &facts, manifest).await;
    findings.extend(more);
    if manifest.is_none() && inventory.blocks == Blocks::Disks {
        findings.push(Finding::warning(
            "hopsfs",
            "the cookbook's script does not back up blocks: those that are on the data nodes stay as they are",
        ));
    }
    if contents.users.is_none() {
        findings.push(Finding::warning("mysql", "the backup has no users and grants"));
    }
    if finding::is_bad(&findings) {
        return Err(refused(&findings, &format!("backup {} cannot be restored; nothing was changed", stored.id)));
    }
    let safety = match wipe && tables.iter().any(|(_, count)| *count > 0) {
        true => Some(safety_id(&used_ids(remote, stored.id).await?, now)?),
        false => None,
    };
    let state = State {
        safety,
        before: tables.into_iter().map(|(name, _)| name).collect(),
        databases,
        blocks,
        slots: slots(&facts),
        has_tablespaces: has_tablespaces(remote).await?,
        users: facts.users.unwrap_or(UserDump::Dump),
    };
    let diary = state.diary(inventory, stored, now);
    let expected = Expected::of(&ndb);
    Ok(Ready::new(inventory, stored, &contents, diary, (ndb.rows, expected), findings))
}

/// Refuses a backup that is only elsewhere: hosts are sent what is in the folder here.
fn must_be_here(stored: &Stored) -> Result<(), Halt> {
    match stored.is_here {
        true => Ok(()),
        false => Err(Halt::new(format!("backup {} is not in the folder here", stored.id))
            .help(format!("bring it: helm hwdr vm fetch {}", stored.id))),
    }
}

/// Plans a restore on paper: no host is asked, so that a runbook can be written before it is needed.
///
/// # Errors
/// If the backup cannot be used.
pub fn on_paper(inventory: &Inventory, stored: &Stored, wipe: bool, now: Timestamp) -> Result<Ready, Halt> {
    let manifest = match &stored.kind {
        Kind::Ours(manifest) => Some(&**manifest),
        Kind::Cookbook => None,
        _ => {
            return Err(
                Halt::new(format!("backup {} is not complete", stored.id)).help("choose another: helm hwdr vm list")
            );
        }
    };
    must_be_here(stored)?;
    let contents = stored.contents().map_err(Halt::new)?;
    let ndb = check::ndb(&stored.folder, &contents.files, stored.id);
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
    let databases: Vec<String> =
        ndb.databases.iter().filter(|name| !SYSTEM.contains(&name.as_str())).cloned().collect();
    let has_pump = manifest.is_none_or(|manifest| !manifest.server.starts_with("mysql-9"));
    let state = State {
        safety: if wipe { Some(safety_id(&[stored.id].into(), now)?) } else { None },
        before: if wipe { databases.clone() } else { Vec::new() },
        databases,
        blocks,
        slots: contents.parts.len().max(1),
        has_tablespaces: wipe,
        users: if has_pump { UserDump::Pump } else { UserDump::Dump },
    };
    let diary = state.diary(inventory, stored, now);
    let expected = Expected::of(&ndb);
    Ok(Ready::new(inventory, stored, &contents, diary, (ndb.rows, expected), findings))
}

/// The cluster as it is before a restore: what the hosts say, or what is assumed on paper.
struct State {
    safety: Option<BackupId>,
    before: Vec<String>,
    databases: Vec<String>,
    blocks: Vec<(BlocksOf, HostName)>,
    slots: usize,
    has_tablespaces: bool,
    users: UserDump,
}

impl State {
    /// The record of a restore that begins now.
    fn diary(self, inventory: &Inventory, stored: &Stored, now: Timestamp) -> Diary {
        let Self { safety, before, databases, blocks, slots, has_tablespaces, users } = self;
        Diary {
            form: Diary::FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: now.strftime("%Y%m%d%H%M%S").to_string(),
            cluster: inventory.name.clone(),
            backup: stored.id,
            folder: stored.folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            safety,
            is_redo: false,
            before,
            databases,
            blocks,
            slots,
            has_tablespaces,
            users,
            began: now,
            phase: Phase::Running,
            why: None,
            ended: None,
            steps: Vec::new(),
            findings: Vec::new(),
        }
    }
}

/// What a record asks for.
pub(super) fn request<'r>(
    diary: &'r Diary,
    folder: &'r std::path::Path,
    contents: &'r Contents,
    rows: &'r BTreeMap<String, u64>,
) -> Request<'r> {
    Request {
        run: &diary.run,
        id: diary.backup,
        folder,
        contents,
        databases: &diary.databases,
        before: &diary.before,
        blocks: &diary.blocks,
        safety: diary.safety,
        is_redo: diary.is_redo,
        users: diary.users,
        slots: diary.slots,
        has_tablespaces: diary.has_tablespaces,
        rows,
    }
}

/// The rows of the backup of a run, and what a restore must bring back.
pub(super) fn counts(remote: &Remote, diary: &Diary) -> (BTreeMap<String, u64>, Expected) {
    let folder = remote.inventory.backups.join(&diary.folder);
    let files = local::files(&folder).unwrap_or_default();
    let ndb = check::ndb(&folder, &files, diary.backup);
    let expected = Expected::of(&ndb);
    (ndb.rows, expected)
}

/// Whether the files are those of the manifest. Blocks are counted; `verify` reads them all.
fn intact(stored: &Stored, manifest: &Manifest) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &manifest.files {
        match local::sha256(&stored.folder.join(&file.path)) {
            Ok(sum) if sum == file.sha256 => {}
            Ok(_) => found.push(Finding::error(&file.path, "is damaged: its SHA-256 is another")),
            Err(error) => found.push(Finding::error(&file.path, format!("cannot be read: {error}"))),
        }
    }
    for blocks in manifest.blocks.iter().flatten() {
        let name = format!("hopsfs/{}", blocks.host);
        let bytes = local::files(&stored.folder.join(&name)).map(|files| local::size_of(&files));
        match bytes {
            Ok(bytes) if bytes == blocks.bytes => {}
            Ok(bytes) => found.push(
                Finding::error(name, format!("has {bytes} bytes, expected {}", blocks.bytes))
                    .help(format!("see what is wrong: helm hwdr vm verify {}", stored.id)),
            ),
            Err(error) => found.push(Finding::error(name, format!("cannot be read: {error}"))),
        }
    }
    if !manifest.vanished.is_empty() {
        let what = format!(
            "{} blocks were deleted while the backup was made: files with them will be damaged",
            manifest.vanished.len()
        );
        found.push(Finding::warning("hopsfs", what));
    }
    found
}

/// Whether the cluster has the version of the backup.
fn fits(manifest: &Manifest, facts: &Facts) -> Vec<Finding> {
    let Some(Ok(nodes)) = &facts.nodes else { return Vec::new() };
    let now = nodes.iter().find_map(|node| node.mysql.as_deref()).unwrap_or_default();
    match manifest.server == now || manifest.server.is_empty() {
        true => Vec::new(),
        false => {
            let what = format!("the backup is of {}, and the cluster is {}", plain(&manifest.server), plain(now));
            vec![Finding::error("", what).help("deploy the same version again, with the same cluster definition")]
        }
    }
}

/// Whether the parts can go to the data nodes that there are.
fn nodes(inventory: &Inventory, facts: &Facts, contents: &Contents, manifest: Option<&Manifest>) -> Vec<Finding> {
    let mut found = Vec::new();
    if contents.parts.is_empty() {
        found.push(Finding::error("", "the backup has no part of any data node"));
    }
    for node in manifest.into_iter().flat_map(|manifest| &manifest.nodes) {
        if !contents.parts.iter().any(|(id, _)| *id == node.id) {
            found.push(Finding::error(format!("node {}", node.id), "has no part in the backup"));
        }
    }
    let Some(Ok(all)) = &facts.nodes else { return found };
    let now: Vec<u16> = all.iter().filter(|node| node.kind == NodeKind::Data).map(|node| node.id).collect();
    let hosts = inventory.with(Role::Ndb).count();
    let then = contents.parts.len();
    if then != now.len() {
        let what = format!(
            "the backup has parts of {then} data nodes, and the cluster has {}: {hosts} hosts share the work",
            now.len()
        );
        let finding = Finding::warning("", what);
        found.push(match now.len() > then {
            true => finding.help("then spread the rows: ALTER TABLE … REORGANIZE PARTITION for each table"),
            false => finding.help("see that the data nodes have enough memory: DataMemory in config.ini"),
        });
    }
    if groups(all).is_empty() {
        found.push(Finding::error("", "the cluster has no node group").help("see ndb_mgm -e show"));
    }
    found
}

/// The tables of each database.
async fn tables(remote: &Remote, facts: &Facts) -> Result<Vec<(String, u64)>, Halt> {
    let Some(Ok(names)) = &facts.databases else { return Ok(Vec::new()) };
    let Some(host) = remote.inventory.first(Role::Mysql) else { return Ok(Vec::new()) };
    let statement = "SELECT COUNT(*), table_schema FROM information_schema.tables GROUP BY table_schema";
    let said = crate::ask::sql(remote, &host.name, statement).await?;
    let counts: BTreeMap<&str, u64> = said
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .filter_map(|(count, name)| Some((name, count.parse().ok()?)))
        .collect();
    Ok(names.iter().map(|name| (name.clone(), counts.get(name.as_str()).copied().unwrap_or_default())).collect())
}

/// Whether there is nothing in the way.
fn is_empty(tables: &[(String, u64)], wipe: bool) -> Vec<Finding> {
    let full: Vec<_> = tables
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(name, count)| format!("{} ({count} tables)", plain(name)))
        .collect();
    match full.is_empty() || wipe {
        true => Vec::new(),
        false => {
            let what = format!("the cluster is not empty: {}", full.join(", "));
            let help = "to replace what is there: --wipe. RonDB is backed up first, and undo puts it back";
            vec![Finding::error("mysql", what).help(help)]
        }
    }
}

/// Which host gets the blocks of which: its own if it is there, else one that has none; and what is in the way.
async fn blocks(
    remote: &Remote,
    inventory: &Inventory,
    facts: &Facts,
    manifest: Option<&Manifest>,
) -> (Vec<(BlocksOf, HostName)>, Vec<Finding>) {
    let mut found = Vec::new();
    let Some(all) = manifest.and_then(|manifest| manifest.blocks.as_ref()) else { return (Vec::new(), found) };
    if inventory.blocks == Blocks::S3 {
        found.push(Finding::error(
            "hopsfs",
            "the backup has blocks, and the inventory says that they are in object storage",
        ));
        return (Vec::new(), found);
    }
    let hosts: Vec<&HostName> = inventory.with(Role::DataNode).map(|host| &host.name).collect();
    let pairs = match assigned(all, &hosts) {
        Ok(pairs) => pairs,
        Err(finding) => return (Vec::new(), vec![finding]),
    };
    for (blocks, host) in &pairs {
        if blocks.host != *host {
            found.push(Finding::warning(
                host.as_str(),
                format!("gets the blocks of {}, which is not in the inventory", blocks.host),
            ));
        }
        if blocks.owner.split(':').next() != Some(inventory.users.hdfs.as_str()) {
            found.push(Finding::error(
                host.as_str(),
                format!(
                    "the blocks in the backup belong to {}, and the inventory says {}",
                    blocks.owner, inventory.users.hdfs
                ),
            ));
        }
        let Some(Ok(probe)) = facts.hosts.get(host) else { continue };
        let free = probe.free.get(&inventory.paths.blocks).map(|kib| kib.saturating_mul(1024));
        if free.is_some_and(|free| free < blocks.bytes) {
            let what = format!(
                "has {} MiB free for {} MiB of blocks: the old ones are set aside, not deleted",
                free.unwrap_or_default() >> 20,
                blocks.bytes >> 20
            );
            found.push(Finding::error(host.as_str(), what).help("make room, or delete the old blocks yourself"));
        }
    }
    let mounts = join_all(pairs.iter().map(|(_, host)| async move {
        let script = "# looks whether the folder can be renamed\nif mountpoint -q -- \"$1\"; then echo mount; fi";
        let said = remote
            .call(&Command::script(host, Account::Root, script, &[&inventory.paths.blocks]), std::path::Path::new("/"))
            .await;
        said.is_ok_and(|said| said.out.trim() == "mount").then(|| {
            let what = format!("{} is a mount point, and cannot be set aside by renaming", inventory.paths.blocks);
            Finding::error(host.as_str(), what).help("mount the disk one folder higher")
        })
    }));
    found.extend(mounts.await.into_iter().flatten());
    (pairs, found)
}

/// Gives the blocks of each data node to a host.
fn assigned(all: &[BlocksOf], hosts: &[&HostName]) -> Result<Vec<(BlocksOf, HostName)>, Finding> {
    let is_own = |host: &&&HostName| all.iter().any(|blocks| blocks.host == ***host);
    let mut free = hosts.iter().filter(|host| !is_own(host));
    let pairs = all.iter().map(|blocks| {
        let host = if hosts.contains(&&blocks.host) { Some(&blocks.host) } else { free.next().copied() };
        host.map(|host| (blocks.clone(), host.clone())).ok_or_else(|| {
            let what = format!(
                "the backup has blocks of {} data nodes, and the inventory has {}: those of {} have no place",
                all.len(),
                hosts.len(),
                blocks.host
            );
            Finding::error("hopsfs", what)
                .help("add as many hosts with the role datanode: each announces itself with its own VERSION")
        })
    });
    pairs.collect()
}

/// How many clients of RonDB may connect from the hosts: free slots.
fn slots(facts: &Facts) -> usize {
    let Some(Ok(nodes)) = &facts.nodes else { return 1 };
    let is_free = |node: &&Node| node.kind == NodeKind::Api && !node.is_connected && node.address.is_none();
    nodes.iter().filter(is_free).count().max(1)
}

/// The ids of backups that the data nodes have, and of the one that is restored.
pub(super) async fn used_ids(remote: &Remote, backup: BackupId) -> Result<BTreeSet<BackupId>, Halt> {
    let script = "# lists the backups\n[ ! -d \"$1/BACKUP\" ] || ls -- \"$1/BACKUP\"";
    let mut used: BTreeSet<BackupId> = [backup].into();
    let hosts = remote.inventory.with(Role::Ndb);
    let calls: Vec<_> = hosts
        .map(|host| Command::script(&host.name, Account::Mysql, script, &[&remote.inventory.paths.ndb_backups]))
        .collect();
    for said in all(calls.iter().map(|call| remote.call(call, std::path::Path::new("/")))).await? {
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

/// Whether RonDB has tablespaces.
async fn has_tablespaces(remote: &Remote) -> Result<bool, Halt> {
    let Some(host) = remote.inventory.first(Role::Mysql) else { return Ok(false) };
    let statement =
        "SELECT COUNT(*) FROM information_schema.files WHERE engine = 'ndbcluster' AND file_type = 'DATAFILE'";
    Ok(crate::ask::sql(remote, &host.name, statement).await?.trim() != "0")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::restore) fn diary() -> Diary {
        Diary {
            form: 1,
            version: "0".into(),
            run: "20261130200000".into(),
            cluster: "c".into(),
            backup: "7".parse().unwrap(),
            folder: "7".into(),
            safety: None,
            is_redo: false,
            before: Vec::new(),
            databases: Vec::new(),
            blocks: Vec::new(),
            slots: 4,
            has_tablespaces: false,
            users: UserDump::Pump,
            began: "2026-11-30T20:00:00Z".parse().unwrap(),
            phase: Phase::Running,
            why: None,
            ended: None,
            steps: Vec::new(),
            findings: Vec::new(),
        }
    }

    #[test]
    fn blocks_go_to_their_own_host_or_to_a_free_one() {
        let name = |text| HostName::parse(text).unwrap();
        let of = |host| BlocksOf {
            host: name(host),
            blocks: 1,
            bytes: 1,
            owner: "hdfs:hdfs".into(),
            mode: "700".into(),
            version: Default::default(),
        };
        let hosts = [name("a"), name("b"), name("c")];
        let hosts: Vec<_> = hosts.iter().collect();
        let to = |all: &[BlocksOf], hosts: &[&HostName]| {
            assigned(all, hosts).map(|pairs| pairs.into_iter().map(|(_, host)| host.to_string()).collect::<Vec<_>>())
        };
        assert_eq!(to(&[of("b"), of("x"), of("a")], &hosts).unwrap(), ["b", "c", "a"]);
        assert_eq!(to(&[of("x")], &hosts).unwrap(), ["a"]);
        assert!(
            to(&[of("a"), of("x"), of("y")], &hosts[..2])
                .unwrap_err()
                .what
                .contains("blocks of 3 data nodes, and the inventory has 2")
        );
    }

    #[test]
    fn a_full_cluster_is_refused_without_wipe() {
        let tables = [("hops".to_owned(), 3), ("empty".to_owned(), 0)];
        assert_eq!(is_empty(&tables, false)[0].what, "the cluster is not empty: hops (3 tables)");
        assert!(is_empty(&tables, true).is_empty() && is_empty(&tables[1..], false).is_empty());
    }
}
