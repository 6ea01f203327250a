//! What is looked at before a restore: whatever can be known to fail is found before anything is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use futures_util::future::join_all;
use hwdr_run::{Halt, Phase, Record as _, Store as _};
use hwdr_values::shown::plain;
use jiff::Timestamp;

use super::must_be_over;
use crate::ask::last;
use crate::backup::refused;
use crate::check;
use crate::doctor::{self, Facts, some};
use crate::finding::{self, Finding};
use crate::id::BackupId;
use crate::inventory::{Blocks, HostName, Inventory, Role};
use crate::local;
use crate::manifest::{BlocksOf, Manifest};
use crate::parse::hopsfs;
use crate::parse::show::{Kind as NodeKind, Node, groups};
use crate::plan::Step;
use crate::plan::backup::{SCHEMAS, SYSTEM, UserDump};
use crate::plan::restore::{Request, hosts_of_parts, restore};
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
        let steps = restore(inventory, &request(&diary, &stored.folder, contents, &rows, &charsets));
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
    // What a restore must know of them is another thing.
    let others = std::mem::take(&mut facts.others);
    // A restore sends nothing there.
    facts.away = None;
    let mut findings = doctor::judge(inventory, &facts);
    findings.retain(|finding| finding.level != finding::Level::Fine);
    let ndb = check::ndb(&stored.folder, &contents.files, stored.id);
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
    findings.extend(only_copy(&others, wipe));
    let mut databases: Vec<String> =
        ndb.databases.iter().filter(|name| !SYSTEM.contains(&name.as_str())).cloned().collect();
    databases.extend(
        manifest
            .into_iter()
            .flat_map(|manifest| manifest.databases.iter().cloned())
            .filter(|name| !ndb.databases.contains(name)),
    );
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
    let state = State {
        safety,
        before: tables.into_iter().map(|(name, _)| name).collect(),
        databases,
        blocks,
        bare,
        connect: connect(inventory, &facts),
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
    let bare = bare(inventory, manifest, &blocks);
    let state = State {
        safety: if wipe { Some(safety_id(&[stored.id].into(), now)?) } else { None },
        before: if wipe { databases.clone() } else { Vec::new() },
        databases,
        blocks,
        bare,
        connect: None,
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
    bare: Vec<HostName>,
    connect: Option<String>,
    slots: usize,
    has_tablespaces: bool,
    users: UserDump,
}

impl State {
    /// The record of a restore that begins now.
    fn diary(self, inventory: &Inventory, stored: &Stored, now: Timestamp) -> Diary {
        let Self { safety, before, databases, blocks, bare, connect, slots, has_tablespaces, users } = self;
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
            bare,
            connect,
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
    charsets: &'r BTreeMap<String, String>,
) -> Request<'r> {
    Request {
        run: &diary.run,
        id: diary.backup,
        folder,
        contents,
        databases: &diary.databases,
        before: &diary.before,
        blocks: &diary.blocks,
        bare: &diary.bare,
        connect: diary.connect.as_deref(),
        charsets,
        safety: diary.safety,
        is_redo: diary.is_redo,
        users: diary.users,
        slots: diary.slots,
        has_tablespaces: diary.has_tablespaces,
        rows,
    }
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

/// Whether the files are those of the manifest. Blocks are counted; `verify` reads them all.
fn intact(folder: &Path, id: BackupId, manifest: &Manifest) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in &manifest.files {
        match local::sha256(&folder.join(&file.path)) {
            Ok(sum) if sum == file.sha256 => {}
            Ok(_) => found.push(Finding::error(&file.path, "is damaged: its SHA-256 is another")),
            Err(error) => found.push(Finding::error(&file.path, format!("cannot be read: {error}"))),
        }
    }
    for blocks in manifest.blocks.iter().flatten() {
        let name = format!("hopsfs/{}", blocks.host);
        let bytes = local::files(&folder.join(&name)).map(|files| local::size_of(&files));
        match bytes {
            Ok(bytes) if bytes == blocks.bytes => {}
            Ok(bytes) => found.push(
                Finding::error(&name, format!("has {bytes} bytes, expected {}", blocks.bytes))
                    .help(format!("see what is wrong: helm hwdr vm verify {id}")),
            ),
            Err(error) => found.push(Finding::error(&name, format!("cannot be read: {error}"))),
        }
        let path = format!("{name}/current/VERSION");
        let text = std::fs::read_to_string(folder.join(&path)).map_err(|error| format!("cannot be read: {error}"));
        match text.and_then(|text| hopsfs::version(&text)) {
            Ok(version) if version == blocks.version => {}
            Ok(_) => found.push(Finding::error(path, "has other ids than the manifest: it is of another data node")),
            Err(why) => found.push(Finding::error(path, why)),
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

/// The same for a backup that has only the version of NDB in its files.
fn fits_ndb(version: &str, facts: &Facts) -> Option<Finding> {
    let Some(Ok(nodes)) = &facts.nodes else { return None };
    let now = nodes.iter().find_map(|node| node.mysql.as_deref())?;
    // 21.04.14 and 21.4.14 are the same.
    let numbers = |word: &str| word.split('.').map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>();
    let words = now.split(|c: char| !(c.is_ascii_digit() || c == '.'));
    let all: Vec<_> = words.filter_map(numbers).filter(|numbers| numbers.len() == 3).collect();
    let is_known = all.is_empty() || numbers(version).is_some_and(|version| all.contains(&version));
    (!is_known).then(|| {
        let what = format!("the backup is of NDB {version}, and the cluster is {}", plain(now));
        Finding::error("", what).help("deploy the same version again, with the same cluster definition")
    })
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
    // How many data nodes each node group has; a backup of the cookbook does not say it.
    let mut were: BTreeMap<u16, usize> = BTreeMap::new();
    for group in manifest.into_iter().flat_map(|manifest| &manifest.nodes).filter_map(|node| node.group) {
        let count = were.entry(group).or_default();
        *count = count.saturating_add(1);
    }
    let (mut were, mut are): (Vec<usize>, Vec<usize>) =
        (were.into_values().collect(), groups(all).into_iter().map(|(_, nodes)| nodes.len()).collect());
    were.sort_unstable();
    are.sort_unstable();
    if then == now.len() && !were.is_empty() && were != are {
        let shape = |sizes: &[usize]| sizes.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        let what = format!(
            "the node groups of the backup have {} data nodes, and those of the cluster {}: NoOfReplicas is another",
            shape(&were),
            shape(&are)
        );
        found.push(Finding::error("", what).help("deploy with the same cluster definition again"));
    }
    if groups(all).is_empty() {
        found.push(Finding::error("", "the cluster has no node group").help("see ndb_mgm -e show"));
    }
    found
}

/// The tables of each database.
async fn tables(remote: &Remote, facts: &Facts) -> Result<(Vec<(String, u64)>, Option<Finding>), Halt> {
    let Some(Ok(names)) = &facts.databases else { return Ok(Default::default()) };
    let Some(host) = remote.inventory.first(Role::Mysql) else { return Ok(Default::default()) };
    let statement = "SELECT COUNT(*), table_schema FROM information_schema.tables GROUP BY table_schema";
    let said = crate::ask::sql(remote, &host.name, statement).await?;
    let counts = said.lines().filter_map(|line| line.split_once('\t'));
    let counts = counts.filter_map(|(count, name)| Some((name, count.parse().ok()?)));
    let (rondb, finding) = match crate::ask::rondb_tables(remote, &host.name).await {
        Ok(rondb) => (rondb, None),
        Err(failed) => {
            let what = format!("whether RonDB has tables that MySQL does not know cannot be seen: {}", last(&failed));
            (Vec::new(), Some(Finding::warning("mysql", what)))
        }
    };
    Ok((together(names, &counts.collect(), &rondb), finding))
}

/// How many tables each database has, to MySQL or to RonDB: one may have tables that the other does not know.
fn together(names: &[String], mysql: &BTreeMap<&str, u64>, rondb: &[String]) -> Vec<(String, u64)> {
    let mut all: BTreeMap<&str, u64> = names.iter().map(|name| (name.as_str(), 0)).collect();
    for name in rondb {
        let count = all.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    let both = all.into_iter().map(|(name, count)| (name.to_owned(), count.max(mysql.get(name).copied().unwrap_or(0))));
    both.collect()
}

/// Whether a restore would drop tables of which there is no other copy: the backup that is made before has RonDB's alone.
fn only_copy(others: &[String], wipe: bool) -> Option<Finding> {
    (wipe && !others.is_empty()).then(|| {
        let what = format!(
            "--wipe would drop tables that are not in RonDB, and undo could not bring them back: {}",
            some(others)
        );
        Finding::error("mysql", what).help("copy and drop them first, or move them: ALTER TABLE … ENGINE=NDBCLUSTER")
    })
}

/// What is not restored beside tables and rows.
fn schemas_of(contents: &Contents) -> Option<Finding> {
    if contents.schemas.is_some() {
        return None;
    }
    let is_schema = |path: &str| [SCHEMAS, "schema.sql"].contains(&path);
    let (path, _) = contents.files.iter().find(|(path, size)| *size > 0 && is_schema(path))?;
    let what = "is not loaded, because it drops tables: views, routines, triggers and events are not restored";
    Some(Finding::warning(path, what).help("after the restore, run its statements for those by hand"))
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
fn blocks(
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
    (pairs, found)
}

/// The data nodes that get no blocks, of a backup that has all blocks there are: they must forget the file system that they were in.
fn bare(inventory: &Inventory, manifest: Option<&Manifest>, pairs: &[(BlocksOf, HostName)]) -> Vec<HostName> {
    // What the cookbook's script has written has none of any data node: those stay as they are.
    let has_all = manifest.is_some_and(|manifest| manifest.blocks.is_some() || inventory.blocks == Blocks::S3);
    let hosts = inventory.with(Role::DataNode).filter(|_| has_all).map(|host| &host.name);
    hosts.filter(|host| !pairs.iter().any(|(_, other)| other == *host)).cloned().collect()
}

/// Whether the folders of blocks can be set aside.
async fn renamed(remote: &Remote, hosts: impl Iterator<Item = &HostName>) -> Vec<Finding> {
    let path = &remote.inventory.paths.blocks;
    let looks = join_all(hosts.map(|host| async move {
        let script = "# looks whether the folder can be renamed\n\
            if [ -L \"$1\" ]; then echo link; elif mountpoint -q -- \"$1\"; then echo mount; else echo plain; fi";
        let look = Command::script(host, Account::Root, script, &[path]);
        let said = remote.call(&look, std::path::Path::new("/")).await;
        let (what, help) = match said.as_ref().map(|said| said.out.trim()) {
            Ok("plain") => return None,
            Ok("link") => (
                "is a link, and cannot be set aside by renaming",
                "name the folder itself: paths.blocks in the inventory",
            ),
            Ok("mount") => {
                ("is a mount point, and cannot be set aside by renaming", "mount the disk one folder higher")
            }
            _ => ("cannot be looked at", "see why: helm hwdr vm doctor"),
        };
        Some(Finding::error(host.as_str(), format!("{path} {what}")).help(help))
    }));
    looks.await.into_iter().flatten().collect()
}

/// Whether there is room for the parts of RonDB, and for those of the backup that is made before a wipe. A full disk stops its data node.
fn parts_fit(inventory: &Inventory, facts: &Facts, contents: &Contents, id: BackupId, wipe: bool) -> Vec<Finding> {
    let folder = format!("{}/BACKUP", inventory.paths.ndb_backups);
    let mut need: BTreeMap<&HostName, u64> = BTreeMap::new();
    for (node, _, host) in hosts_of_parts(inventory, contents) {
        let own =
            contents.files.iter().filter(|(path, _)| check::name_of(path, id).is_some_and(|name| name.node == node));
        let own = own.fold(0_u64, |sum, (_, size)| sum.saturating_add(*size));
        let sum = need.entry(&host.name).or_default();
        *sum = sum.saturating_add(own);
    }
    let mut found = Vec::new();
    for (host, need) in need {
        let Some(Ok(probe)) = facts.hosts.get(host) else { continue };
        let free = probe.free.get(&folder).map(|kib| kib.saturating_mul(1024));
        let what = |free: u64| format!("has {} MiB free at {folder} for {} MiB of parts", free >> 20, need >> 20);
        match free {
            Some(free) if free < need => {
                found.push(Finding::error(host.as_str(), what(free)).help("make room: a full disk stops RonDB"));
            }
            // How much the cluster holds now is not known.
            Some(free) if wipe && free.saturating_sub(need) < need => {
                let what = format!("{}, and for a backup of the cluster as it is", what(free));
                found.push(
                    Finding::warning(host.as_str(), what).help("see that there is room: a full disk stops RonDB"),
                );
            }
            _ => {}
        }
    }
    found
}

/// What clients of RonDB connect to, if the inventory has names that only this machine's SSH may know: the addresses that RonDB itself uses.
fn connect(inventory: &Inventory, facts: &Facts) -> Option<String> {
    let is_number = |text: &str| text.parse::<std::net::IpAddr>().is_ok();
    if inventory.with(Role::Management).all(|host| is_number(&host.address)) {
        return None;
    }
    let Some(Ok(nodes)) = &facts.nodes else { return None };
    let servers = nodes.iter().filter(|node| node.kind == NodeKind::Management && node.is_connected);
    // One that is connected by its own loopback says nothing of how others reach it.
    let is_seen = |address: &&str| address.parse::<std::net::IpAddr>().is_ok_and(|address| !address.is_loopback());
    let addresses: Vec<_> = servers.filter_map(|node| node.address.as_deref()).filter(is_seen).collect();
    let port = inventory.management_port;
    let all = addresses.iter().map(|address| match address.contains(':') {
        true => format!("[{address}]:{port}"),
        false => format!("{address}:{port}"),
    });
    (!addresses.is_empty()).then(|| all.collect::<Vec<_>>().join(","))
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
            bare: Vec::new(),
            connect: None,
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
    fn another_shape_of_node_groups_or_version_is_refused() {
        let show = crate::parse::show::tests::SHOW;
        let facts = |show: &str| Facts { nodes: Some(crate::parse::show::parse(show)), ..Facts::default() };
        let inventory = inventory();
        let part = |node| (node, "BACKUP/BACKUP-7".to_owned());
        let contents = Contents { files: Vec::new(), users: None, schemas: None, parts: vec![part(1), part(2)] };
        let Kind::Ours(mut manifest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
        let node =
            |id, group| crate::manifest::NodeOf { id, group: Some(group), host: HostName::parse("data1").unwrap() };
        manifest.nodes = vec![node(1, 0), node(2, 0)];
        let found = |show: &str| nodes(&inventory, &facts(show), &contents, Some(&manifest));
        assert_eq!(found(show), []);
        let [other] = found(&show.replace("ndb-9.7.2, Nodegroup: 0)", "ndb-9.7.2, Nodegroup: 1)")).try_into().unwrap();
        assert!(other.what.contains("have 2 data nodes, and those of the cluster 1 and 1"), "{other:?}");
        assert_eq!(fits_ndb("9.7.2", &facts(show)), None);
        assert_eq!(fits_ndb("21.4.14", &facts(&show.replace("ndb-9.7.2", "RonDB-21.04.14"))), None);
        assert!(fits_ndb("8.0.34", &facts(show)).is_some_and(|it| it.level == finding::Level::Error));
    }

    fn inventory() -> Inventory {
        crate::stored::tests::inventory()
    }

    #[test]
    fn data_nodes_without_blocks_forget_the_file_system_that_they_were_in() {
        let inventory = inventory();
        let Kind::Ours(mut manifest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
        let names = |hosts: Vec<HostName>| hosts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let data1 = BlocksOf {
            host: HostName::parse("data1").unwrap(),
            blocks: 1,
            bytes: 1,
            owner: "hdfs:hdfs".into(),
            mode: "700".into(),
            version: Default::default(),
        };
        let pairs = [(data1.clone(), data1.host.clone())];
        // Without blocks of any, the data nodes stay as they are.
        assert!(bare(&inventory, None, &[]).is_empty() && bare(&inventory, Some(&manifest), &[]).is_empty());
        let in_s3 = Inventory { blocks: Blocks::S3, ..inventory.clone() };
        assert_eq!(names(bare(&in_s3, Some(&manifest), &[])), ["data1", "data2"]);
        manifest.blocks = Some(vec![data1]);
        assert_eq!(names(bare(&inventory, Some(&manifest), &pairs)), ["data2"]);
    }

    #[test]
    fn a_name_that_only_ssh_knows_is_no_address_of_rondb() {
        let mut inventory = inventory();
        let facts =
            Facts { nodes: Some(crate::parse::show::parse(crate::parse::show::tests::SHOW)), ..Facts::default() };
        assert_eq!(connect(&inventory, &facts), None);
        for host in inventory.hosts.iter_mut().filter(|host| host.has(Role::Management)) {
            host.address = "bastion-head1".into();
        }
        assert_eq!(connect(&inventory, &facts).as_deref(), Some("10.89.0.11:1186"));
        let local = crate::parse::show::tests::SHOW.replace("id=49\t@10.89.0.11", "id=49\t@127.0.0.1");
        assert_eq!(connect(&inventory, &Facts { nodes: Some(crate::parse::show::parse(&local)), ..facts }), None);
    }

    #[test]
    fn parts_need_room_on_their_hosts() {
        let inventory = inventory();
        let id: BackupId = "7".parse().unwrap();
        let part = |node| format!("BACKUP/BACKUP-7/BACKUP-7-0.{node}.Data");
        let contents = Contents {
            files: vec![(part(1), 40 << 20), (part(2), 10 << 20)],
            users: None,
            schemas: None,
            parts: [1, 2].map(|node| (node, "BACKUP/BACKUP-7".to_owned())).into(),
        };
        let folder = format!("{}/BACKUP", inventory.paths.ndb_backups);
        let probe = || crate::parse::probe::Probe { free: [(folder.clone(), 30 << 10)].into(), ..Default::default() };
        let hosts = ["data1", "data2"].map(|host| (HostName::parse(host).unwrap(), Ok(probe())));
        let facts = Facts { hosts: hosts.into(), ..Facts::default() };
        let found = |wipe| parts_fit(&inventory, &facts, &contents, id, wipe);
        assert_eq!(found(true), found(false));
        let [only] = found(false).try_into().unwrap();
        assert!(
            only.about == "data1"
                && only.what.starts_with("has 30 MiB free at ")
                && only.what.ends_with("for 40 MiB of parts")
        );
    }

    #[test]
    fn a_backup_that_was_damaged_since_is_noticed() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            std::fs::create_dir_all(root.path().join(path).parent().unwrap()).unwrap();
            std::fs::write(root.path().join(path), text).unwrap();
        };
        let version = "clusterID=CID-a\nstorageID=DS-1\ndatanodeUuid=u-1\n";
        write("sql/users.sql", "x");
        write("hopsfs/data1/current/VERSION", version);
        let Kind::Ours(mut manifest) = crate::stored::tests::ours("a") else { panic!("it is not ours") };
        let sha256 = local::sha256_of("x");
        manifest.files = vec![crate::manifest::FileOf { path: "sql/users.sql".into(), size: 1, sha256 }];
        manifest.blocks = Some(vec![BlocksOf {
            host: HostName::parse("data1").unwrap(),
            blocks: 0,
            bytes: version.len() as u64,
            owner: "hdfs:hdfs".into(),
            mode: "700".into(),
            version: hopsfs::version(version).unwrap(),
        }]);
        let id = "7".parse().unwrap();
        let found = || intact(root.path(), id, &manifest).into_iter().map(|it| it.about).collect::<Vec<_>>();
        assert!(found().is_empty());
        // As long as before.
        write("hopsfs/data1/current/VERSION", &version.replace("DS-1", "DS-2"));
        write("sql/users.sql", "y");
        assert_eq!(found(), ["sql/users.sql", "hopsfs/data1/current/VERSION"]);
    }

    #[test]
    fn schemas_that_are_not_loaded_are_named() {
        let of = |schemas: Option<&str>, file: &str| {
            let files = vec![(file.to_owned(), 1)];
            schemas_of(&Contents { files, users: None, schemas: schemas.map(str::to_owned), parts: Vec::new() })
        };
        assert!(of(None, "schema.sql").is_some_and(|it| it.what.contains("because it drops tables")));
        assert_eq!((of(None, "users.sql"), of(Some("schema.sql"), "schema.sql")), (None, None));
    }

    #[test]
    fn a_full_cluster_is_refused_without_wipe() {
        let tables = [("hops".to_owned(), 3), ("empty".to_owned(), 0)];
        assert_eq!(is_empty(&tables, false)[0].what, "the cluster is not empty: hops (3 tables)");
        assert!(is_empty(&tables, true).is_empty() && is_empty(&tables[1..], false).is_empty());
    }

    #[test]
    fn tables_that_only_rondb_knows_are_in_the_way_too() {
        let names = ["hops".to_owned(), "empty".to_owned()];
        let rondb = ["hops", "hops", "hops", "lost"].map(str::to_owned);
        let all = together(&names, &[("hops", 2)].into(), &rondb);
        assert_eq!(all, [("empty".to_owned(), 0), ("hops".to_owned(), 3), ("lost".to_owned(), 1)]);
        assert_eq!(is_empty(&all, false)[0].what, "the cluster is not empty: hops (3 tables), lost (1 tables)");
    }

    #[test]
    fn what_has_no_other_copy_is_not_dropped() {
        let others = ["airflow.dag".to_owned()];
        let refused = only_copy(&others, true).unwrap();
        assert!(refused.level == finding::Level::Error && refused.what.ends_with("airflow.dag"), "{refused:?}");
        // Without --wipe nothing is dropped.
        assert_eq!((only_copy(&others, false), only_copy(&[], true)), (None, None));
    }
}
