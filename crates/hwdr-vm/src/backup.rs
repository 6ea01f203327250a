//! Makes a backup: checks first, then the steps of the plan, then checks of what came, and the manifest last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hwdr_run::{Halt, Lock as _, Show, Store as _};
use jiff::Timestamp;

use crate::act;
use crate::away::{self, modes};
use crate::check;
use crate::doctor::{self, Facts};
use crate::finding::{self, Finding, Level};
use crate::id::BackupId;
use crate::inventory::{Host, HostName, Inventory, Role};
use crate::local;
use crate::lock::RemoteLock;
use crate::manifest::{self, BlocksOf, FILE, FileOf, Manifest, NodeOf};
use crate::parse::hopsfs::Version;
use crate::parse::{hopsfs, show};
use crate::plan::backup::{Request, SCHEMAS, SHOW, USERS, plan};
use crate::plan::{Act, Step};
use crate::progress::Progress;
use crate::record::RemoteStore;
use crate::remote::Remote;
use crate::restore::must_hold_still;
use crate::stored::{Kind, Stored};
use crate::words::{Account, Command, LONG};

/// What was made.
#[derive(Debug)]
pub struct Made {
    /// What it says of itself.
    pub manifest: Manifest,
    /// Where it is.
    pub folder: PathBuf,
    /// The bytes of files that the hosts sent.
    pub sent: u64,
    /// Where it was sent, if the inventory says that.
    pub away: Option<String>,
}

/// What is known before a backup.
#[derive(Debug)]
pub struct Ready {
    /// What the hosts say.
    pub facts: Facts,
    /// Its plan.
    pub steps: Vec<Step>,
    /// Its folder.
    pub folder: PathBuf,
    /// Its id.
    pub id: BackupId,
    /// How far it has come.
    pub progress: Progress,
}

/// Looks whether a backup would work, and plans it. Nothing is changed.
///
/// # Errors
/// If it would not work.
pub async fn prepare(remote: &Remote, id: BackupId) -> Result<Ready, Halt> {
    let inventory = &remote.inventory;
    let facts = doctor::look(remote).await;
    let findings = doctor::judge(inventory, &facts);
    if finding::is_bad(&findings) {
        return Err(refused(&findings, "a backup would not work; nothing was changed"));
    }
    let folder = inventory.backups.join(id.to_string());
    if folder.exists() {
        return Err(used(id, &folder.display().to_string()));
    }
    if let Some(rclone) = away::place(inventory)
        && away::is_used(&rclone, id).await?
    {
        return Err(used(id, &rclone.path(&id.to_string())));
    }
    let own = format!("{}/BACKUP/BACKUP-{id}", inventory.paths.ndb_backups);
    for host in inventory.with(Role::Ndb) {
        let script = "# looks whether the id is new\n[ ! -e \"$1\" ] || echo used";
        let said = remote.call(&Command::script(&host.name, Account::Mysql, script, &[&own]), &folder).await?;
        if said.out.trim() == "used" {
            return Err(used(id, &format!("{own} on {}", host.name)));
        }
    }
    let empty = Vec::new();
    let databases = facts.databases.as_ref().and_then(|databases| databases.as_ref().ok()).unwrap_or(&empty);
    let users = facts.users.ok_or_else(|| Halt::new("no host has the role mysql"))?;
    let progress = Progress::new(inventory, id, databases, users, versions(&facts));
    Ok(ready(inventory, facts, folder, progress))
}

/// Looks whether an interrupted backup can be resumed, and plans it.
///
/// # Errors
/// If it cannot.
pub async fn prepare_again(remote: &Remote, folder: PathBuf, progress: Progress) -> Result<Ready, Halt> {
    // What the killed process has begun goes on by itself, and would still write while digests are read.
    let began = std::time::Instant::now();
    while local::is_written(&folder) {
        if began.elapsed() > LONG {
            return Err(Halt::new(format!("an earlier rsync still writes into {}", folder.display()))
                .help("wait until it is done, then go on: helm hwdr vm resume"));
        }
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    }
    let mut facts = doctor::look(remote).await;
    // RonDB has its parts already.
    facts.newest = None;
    let findings = doctor::judge(&remote.inventory, &facts);
    match finding::is_bad(&findings) {
        true => Err(refused(&findings, &format!("backup {} cannot be resumed now", progress.id))),
        false => {
            progress.allows(&remote.inventory, &versions(&facts))?;
            Ok(ready(&remote.inventory, facts, folder, progress))
        }
    }
}

/// The ids of the data nodes of HopsFS, of those that can be read.
fn versions(facts: &Facts) -> BTreeMap<HostName, Version> {
    let known = facts.versions.iter().filter_map(|(host, version)| Some((host.clone(), version.clone().ok()?)));
    known.collect()
}

/// Another process may have made or resumed the backup while this one looked.
fn is_as_it_was(folder: &Path, progress: &Progress) -> Result<(), Halt> {
    let expected = (!progress.done.is_empty()).then_some(progress);
    let there = Progress::read(folder).map_err(Halt::new)?;
    match !folder.join(FILE).exists() && there.as_ref() == expected {
        true => Ok(()),
        false => Err(Halt::new(format!("another hwdr has made or resumed backup {} just now", progress.id))
            .help("see how far it is: helm hwdr vm list")),
    }
}

fn ready(inventory: &Inventory, facts: Facts, folder: PathBuf, progress: Progress) -> Ready {
    let mut earlier = earlier(&inventory.backups);
    earlier.retain(|other| *other != folder);
    let Progress { id, users, ref databases, .. } = progress;
    let mut steps = plan(inventory, &Request { id, folder: &folder, databases, users, earlier: &earlier });
    steps.retain(|step| !progress.is_done(step.name));
    Ready { facts, steps, folder, id, progress }
}

/// What makes a run impossible, as one refusal.
pub fn refused(findings: &[Finding], what: &str) -> Halt {
    let mut text = what.to_owned();
    let errors = findings.iter().filter(|finding| finding.level == Level::Error);
    let mut halt = Halt::new("");
    for Finding { about, what, help, .. } in errors {
        let about = if about.is_empty() { String::new() } else { format!("{about}: ") };
        text.push_str(&format!("\n- {about}{what}"));
        if let Some(help) = help.as_ref().filter(|help| !halt.help.contains(help)) {
            halt = halt.help(help);
        }
    }
    Halt { problem: text, ..halt }
}

fn used(id: BackupId, place: &str) -> Halt {
    Halt::new(format!("backup id {id} is used already: {place}")).help("wait a minute, or give another: --id NUMBER")
}

/// Makes a backup that was prepared.
///
/// # Errors
/// If a step fails: then the backup is not complete, and says so.
pub async fn make(remote: &Arc<Remote>, ready: Ready, shown: &mut impl Show) -> Result<Made, Halt> {
    let lock = RemoteLock::take(remote, &format!("backup {}", ready.id)).await?;
    let work = async {
        // Only the lock keeps a restore from beginning now.
        if let Some(run) = RemoteStore::find(remote).await? {
            must_hold_still(&run.load()?, run.is_foreign())?;
        }
        work(remote, ready, shown).await
    };
    let made = lock.guard(work).await;
    lock.release().await;
    shown.rest();
    made
}

async fn work(remote: &Remote, ready: Ready, shown: &mut impl Show) -> Result<Made, Halt> {
    let Ready { facts, steps, folder, id, mut progress } = ready;
    let inventory = &remote.inventory;
    is_as_it_was(&folder, &progress)?;
    let here = |error: std::io::Error| Halt::new(format!("{} cannot be written: {error}", folder.display()));
    for inner in ["sql", "cluster"] {
        private(&folder.join(inner)).map_err(here)?;
    }
    let host = inventory.management().ok_or_else(|| Halt::new("the inventory has no management server"))?;
    let shows = crate::ask::nodes(remote, &host.name).await?;
    let nodes = show::parse(&shows).map_err(Halt::new)?;
    fs::write(folder.join(SHOW), &shows).map_err(here)?;
    if let Some(path) = &inventory.definition {
        let error = |error| Halt::new(format!("the cluster definition {} cannot be copied: {error}", path.display()));
        fs::copy(path, folder.join("cluster/definition.yml")).map_err(error)?;
    }
    progress.write(&folder).map_err(here)?;
    if let Some(Ok(others)) = &facts.others
        && !others.is_empty()
    {
        let tables = doctor::some(others);
        shown.warn(&format!("the rows of tables that are not in RonDB are not backed up: {tables}"));
    }
    let away = away::place(inventory);
    // More for the checks, and to send it.
    let checks = steps.len().saturating_add(1);
    let count = checks.saturating_add(usize::from(away.is_some()));
    let mut sent = 0_u64;
    let mut listed = progress.listed(&folder, inventory).map_err(here)?;
    for (number, step) in (1..).zip(&steps) {
        let at = Timestamp::now();
        shown.begin(number, count, step.name, step.does);
        for (act, done) in step.acts.iter().zip(act::step(remote, step, &folder).await?) {
            sent = sent.saturating_add(done.sent);
            if let ("before" | "list", Act::Call(command)) = (step.name, act) {
                // What was deleted between the two may be in the metadata, too.
                listed.entry(command.host.clone()).or_default().push_str(&done.said.out);
            }
        }
        if step.name == "blocks" && !gone(&folder, &listed).map_err(here)?.is_empty() {
            // A block that moves while it is copied, as when it has been written, is missed in both places.
            for done in act::step(remote, step, &folder).await? {
                sent = sent.saturating_add(done.sent);
            }
        }
        if step.name == "sql" {
            // A restore loads them beside what is there already, as the cookbook's script does.
            for (file, from, to) in REPEATABLE {
                if folder.join(file).exists() {
                    repeatable(&folder.join(file), from, to).map_err(here)?;
                }
            }
        }
        let lists = if step.name == "list" { listed.clone() } else { BTreeMap::new() };
        progress.end(&folder, step.name, &lists).map_err(here)?;
        shown.end(step.name, at);
    }
    let at = Timestamp::now();
    shown.begin(checks, count, "check", "reads all that came, and writes the manifest");
    let blocks = blocks(inventory, &facts, &folder, &listed)?;
    if let Some(text) = modes::write(&folder).map_err(here)? {
        fs::write(folder.join(modes::FILE), text).map_err(here)?;
    }
    let mut files = local::files(&folder).map_err(here)?;
    files.retain(|(path, _)| !check::is_own(path));
    let parts: Vec<_> = files.iter().filter(|(path, _)| path.starts_with("BACKUP/")).cloned().collect();
    let ndb = check::ndb(&folder, &parts, id);
    let mut findings = ndb.findings;
    for host in inventory.with(Role::Ndb) {
        for node in host.nodes.iter().filter(|node| !ndb.whole.nodes.contains(node)) {
            findings.push(Finding::error(host.name.as_str(), format!("there is no part of data node {node}")));
        }
    }
    findings.extend(check::dumps(&folder));
    if finding::is_bad(&findings) {
        return Err(refused(&findings, &format!("backup {id} is damaged, and is not announced as complete")));
    }
    for finding in findings.iter().filter(|finding| finding.level == Level::Warning) {
        shown.warn(&format!("{}: {}", finding.about, finding.what));
    }
    let vanished: Vec<u64> = blocks.as_ref().map(|(_, vanished)| vanished.clone()).unwrap_or_default();
    if !vanished.is_empty() {
        let some: Vec<_> = vanished.iter().take(5).map(|block| format!("blk_{block}")).collect();
        shown.warn(&format!(
            "{} blocks were deleted while the backup was made ({}{}). Files with them are damaged after a restore, if they were not deleted before RonDB's backup ended",
            vanished.len(),
            some.join(", "),
            if vanished.len() > some.len() { ", …" } else { "" }
        ));
    }
    let (files, sums) = digests(&folder, &files, &inventory.backups).map_err(here)?;
    fs::write(folder.join(manifest::SUMS), &sums).map_err(here)?;
    let group = |id: u16| nodes.iter().find(|node| node.id == id).and_then(|node| node.group);
    let nodes_of = |host: &Host| {
        let all = host.nodes.iter().map(|id| NodeOf { id: *id, group: group(*id), host: host.name.clone() });
        all.collect::<Vec<_>>()
    };
    let server = nodes.iter().find_map(|node| node.mysql.clone()).unwrap_or_default();
    let manifest = Manifest {
        form: manifest::FORM,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        cluster: inventory.name.clone(),
        id,
        began: progress.began,
        finished: Timestamp::now(),
        server,
        nodes: inventory.with(Role::Ndb).flat_map(nodes_of).collect(),
        tables: ndb.whole.tables,
        rows: ndb.whole.rows,
        databases: progress.databases.clone(),
        blocks: blocks.map(|(blocks, _)| blocks),
        vanished,
        bytes: files.iter().fold(0, |sum, file| sum.saturating_add(file.size)),
        files: files.into_iter().filter(|file| !file.path.starts_with("hopsfs/")).collect(),
        sums: local::sha256(&folder.join(manifest::SUMS)).map_err(here)?,
    };
    sync(&folder);
    manifest.write(&folder).map_err(here)?;
    progress.remove(&folder);
    shown.end("check", at);
    let Some(away) = away else { return Ok(Made { manifest, folder, sent, away: None }) };
    let at = Timestamp::now();
    shown.begin(count, count, away::STEP, away::DOES);
    let stored = Stored::new(id, folder.clone(), Kind::Ours(Box::new(manifest.clone())));
    let sending = away::send(&away, inventory, &stored, &mut |line| shown.note(line)).await;
    sending.map_err(|halt| {
        Halt { problem: format!("backup {id} is complete here, but was not sent: {}", halt.problem), ..halt }
            .help(format!("send it again: helm hwdr vm send {id}"))
    })?;
    shown.end(away::STEP, at);
    Ok(Made { manifest, folder, sent, away: Some(away.path(&id.to_string())) })
}

/// What is written so that it can be loaded where users and tables exist.
const REPEATABLE: [(&str, &str, &str); 3] = [
    (USERS, "CREATE USER ", "CREATE USER IF NOT EXISTS "),
    (SCHEMAS, "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "),
    (SCHEMAS, "CREATE EVENT ", "CREATE EVENT IF NOT EXISTS "),
];

/// Changes how lines of a dump begin.
///
/// # Errors
/// If it cannot be read or written.
pub(crate) fn repeatable(path: &Path, from: &str, to: &str) -> std::io::Result<()> {
    use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
    let new = path.with_extension("sql.new");
    let mut reader = BufReader::new(fs::File::open(path)?);
    let mut writer = BufWriter::new(fs::File::create(&new)?);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        match line.strip_prefix(from.as_bytes()) {
            Some(rest) if !line.starts_with(to.as_bytes()) => {
                writer.write_all(to.as_bytes())?;
                writer.write_all(rest)?;
            }
            _ => writer.write_all(&line)?,
        }
        line.clear();
    }
    writer.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    fs::rename(&new, path)
}

/// What came of each data node of HopsFS, and the blocks that came of none.
type Copied = (Vec<BlocksOf>, Vec<u64>);

/// The blocks in a listing of a data node.
fn were(said: &str) -> BTreeSet<u64> {
    hopsfs::whole(hopsfs::listing(said).keys().map(String::as_str))
}

/// The blocks in what came of a data node.
fn came(files: &[(String, u64)]) -> BTreeSet<u64> {
    hopsfs::whole(files.iter().map(|(path, _)| path.as_str()))
}

/// The blocks that were listed, and that no data node's copy has.
fn gone(folder: &Path, listed: &BTreeMap<HostName, String>) -> std::io::Result<Vec<u64>> {
    let (mut before, mut copied) = (BTreeSet::new(), BTreeSet::new());
    for (host, said) in listed {
        before.extend(were(said));
        copied.extend(came(&local::files(&folder.join("hopsfs").join(host.as_str()))?));
    }
    Ok(before.difference(&copied).copied().collect())
}

/// Compares what came of the data nodes of HopsFS with what they had while RonDB's backup was made. The result are the blocks of each, and those
/// that no data node's copy has.
fn blocks(
    inventory: &Inventory,
    facts: &Facts,
    folder: &Path,
    listed: &BTreeMap<HostName, String>,
) -> Result<Option<Copied>, Halt> {
    if listed.is_empty() {
        return Ok(None);
    }
    let mut all = Vec::new();
    let (mut before, mut copied) = (BTreeSet::new(), BTreeSet::new());
    for host in inventory.with(Role::DataNode) {
        let Some(said) = listed.get(&host.name) else { continue };
        let (owner, mode) = hopsfs::owner(said).ok_or_else(|| {
            Halt::new(format!("{}: owner and mode of {} cannot be read", host.name, inventory.paths.blocks))
        })?;
        let own = folder.join("hopsfs").join(host.name.as_str());
        let unread = |error| Halt::new(format!("{} cannot be read: {error}", own.display()));
        let mut files = local::files(&own).map_err(unread)?;
        // A backup that was resumed may have two of a block.
        let stale = hopsfs::stale(files.iter().map(|(path, _)| path.as_str()));
        let stale: BTreeSet<String> = stale.into_iter().map(str::to_owned).collect();
        for path in &stale {
            fs::remove_file(own.join(path)).map_err(unread)?;
        }
        files.retain(|(path, _)| !stale.contains(path));
        before.extend(were(said));
        copied.extend(came(&files));
        let own_blocks =
            files.iter().filter(|(path, _)| !path.ends_with(".meta")).filter_map(|(path, _)| hopsfs::block_of(path));
        let own_blocks: BTreeSet<u64> = own_blocks.collect();
        let version = fs::read_to_string(own.join("current/VERSION")).map_err(|error| error.to_string());
        let version = version
            .and_then(|text| hopsfs::version(&text))
            .map_err(|why| Halt::new(format!("{}: {why}", host.name)))?;
        if let Some(Ok(known)) = facts.versions.get(&host.name)
            && *known != version
        {
            return Err(Halt::new(format!("{}: the ids in VERSION changed while the backup was made", host.name)));
        }
        all.push(BlocksOf {
            host: host.name.clone(),
            blocks: own_blocks.len() as u64,
            bytes: local::size_of(&files),
            owner,
            mode,
            version,
        });
    }
    Ok(Some((all, before.difference(&copied).copied().collect())))
}

/// The digests of all files, as `sha256sum` writes them. A block that an earlier backup has, too, is the same file: its digest is known.
fn digests(folder: &Path, files: &[(String, u64)], backups: &Path) -> std::io::Result<(Vec<FileOf>, String)> {
    use std::os::unix::fs::MetadataExt as _;
    let mut known: BTreeMap<(u64, u64), String> = BTreeMap::new();
    for earlier in earlier(backups).iter().filter(|earlier| *earlier != folder) {
        let Ok(text) = fs::read_to_string(earlier.join(manifest::SUMS)) else { continue };
        for (path, sum) in check::sums(&text).into_iter().filter(|(path, _)| path.starts_with("hopsfs/")) {
            if let Ok(data) = fs::symlink_metadata(earlier.join(path)) {
                known.entry((data.dev(), data.ino())).or_insert_with(|| sum.to_owned());
            }
        }
    }
    let mut all = Vec::new();
    let mut text = String::new();
    for (path, size) in files {
        let full = folder.join(path);
        let data = fs::symlink_metadata(&full)?;
        let sha256 = match known.get(&(data.dev(), data.ino())) {
            Some(sum) => sum.clone(),
            None => local::sha256(&full)?,
        };
        if path.contains('\n') || path.contains('\\') {
            return Err(std::io::Error::other(format!("{path:?} cannot be written into {}", manifest::SUMS)));
        }
        text.push_str(&format!("{sha256}  {path}\n"));
        all.push(FileOf { path: path.clone(), size: *size, sha256 });
    }
    Ok((all, text))
}

/// Backups in a folder, complete or not, the newest first: their blocks need not be sent again.
pub(crate) fn earlier(backups: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(backups).into_iter().flatten().flatten();
    let mut found: Vec<(BackupId, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .filter(|(_, path): &(BackupId, PathBuf)| path.join("hopsfs").is_dir())
        .collect();
    found.sort_by_key(|(id, _)| std::cmp::Reverse(*id));
    found.into_iter().map(|(_, path)| path).collect()
}

/// Makes a folder that only this user can enter: dumps have digests of passwords.
pub(crate) fn private(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

/// Waits until all files are on the disk, so that a complete backup is one after a power failure, too.
pub(crate) fn sync(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        let _ = rustix::fs::syncfs(&folder);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_listed_and_has_no_copy_is_gone() {
        let root = tempfile::tempdir().unwrap();
        let host = |name| HostName::parse(name).unwrap();
        let listed: BTreeMap<_, _> = [
            (host("data1"), "owner hdfs:hdfs 700\n1 rbw/blk_1\n1 rbw/blk_1_1.meta\n1 a/blk_2\n1 a/blk_2_1.meta\n1 a/blk_3\n1 a/blk_3_1.meta\n"),
            (host("data2"), "1 a/blk_2\n1 a/blk_2_1.meta\n1 a/blk_4\n1 a/blk_4_1.meta\n1 a/blk_5\n"),
        ]
        .map(|(host, text)| (host, text.to_owned()))
        .into();
        // One has moved, one is on the other data node, one came without its checksums, and one had none.
        for file in ["data1/a/blk_1", "data1/a/blk_1_1.meta", "data2/a/blk_2", "data2/a/blk_2_1.meta", "data1/a/blk_3"]
        {
            let path = root.path().join("hopsfs").join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        assert_eq!(gone(root.path(), &listed).unwrap(), [3, 4]);
    }
}
