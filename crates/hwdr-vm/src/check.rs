//! Whether the files of a backup are whole: NDB's own files by their structure, dumps by their last words, all by their digests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use hwdr_backup::ndb::{Control, Data, Facts, FileKind, Listed, Log, Name, Unpacked, Whole, judge, missing};
use hwdr_backup::sql::{Dump, DumpFacts};
use hwdr_backup::{Checker, Flaw};

use crate::finding::Finding;
use crate::id::BackupId;
use crate::local;
use crate::manifest::{self, Manifest};
use crate::plan::backup::TIMERS;
use crate::stored::Contents;

/// What is known of RonDB's part of a backup.
#[derive(Debug, Clone, Default)]
pub struct Ndb {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What all files together say.
    pub whole: Whole,
    /// The rows of each table, as they were counted while the backup was made: `database.table`.
    pub rows: BTreeMap<String, u64>,
    /// How many rows `ndb_restore` brings back, which leaves out RonDB's own tables; none if the counts are not known.
    pub restored: Option<u64>,
    /// The databases of its tables.
    pub databases: BTreeSet<String>,
    /// The version of NDB that wrote it: `21.4.14`.
    pub version: Option<String>,
    /// How many changes its logs have: rows that were changed while the backup was made.
    pub changes: u64,
}

/// Which file of a backup a path is: `…/BACKUP-7/BACKUP-7.2.ctl`, or with a folder for each of several parts. The folders above
/// differ: hwdr and newer scripts of the cookbook have the files of all nodes in one, older ones a folder a node.
pub fn name_of(path: &str, id: BackupId) -> Option<Name> {
    let file = path.rsplit('/').next()?;
    let node = file.rsplit('.').nth(1)?;
    let part = path.rsplit('/').nth(1).filter(|folder| folder.contains("-PART-"));
    let rest = part.map_or_else(|| file.to_owned(), |part| format!("{part}/{file}"));
    Name::parse(&format!("{node}/{rest}"), id.number())
}

/// Reads RonDB's part of a backup whole. `all` are the files in `folder`: what is not of RonDB is left out.
pub fn ndb(folder: &Path, all: &[(String, u64)], id: BackupId) -> Ndb {
    let mut found = Ndb::default();
    let files: Vec<Listed> = all
        .iter()
        .filter_map(|(path, size)| Some(Listed { name: name_of(path, id)?, path: path.clone(), size: *size }))
        .collect();
    let shown = |finding: hwdr_backup::Finding| {
        let expected = finding.flaw.expected.map(|expected| format!(", expected {expected}")).unwrap_or_default();
        let at = finding.flaw.at.map(|at| format!(" (at byte {at})")).unwrap_or_default();
        Finding::error(finding.file, format!("{}{expected}{at}", finding.flaw.what))
    };
    found.findings.extend(missing("", id.number(), &files).into_iter().map(shown));
    let mut read = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        let facts = match file.name.kind {
            FileKind::Control => feed(&path, Unpacked::new(Control::default())).map(|facts| Facts::Control(facts.0)),
            FileKind::Data => feed(&path, Unpacked::new(Data::default())).map(|facts| Facts::Data(facts.0)),
            FileKind::Log => feed(&path, Unpacked::new(Log::default())).map(|facts| Facts::Log(facts.0)),
        };
        match facts {
            Ok(facts) => read.push((file, facts)),
            Err(flaw) => found.findings.push(shown(flaw.in_file(&file.path))),
        }
    }
    let nodes = read.iter().map(|(file, _)| file.name.node).collect();
    found.whole = judge("", id.number(), &read, nodes, found.findings.is_empty());
    found.findings.extend(found.whole.findings.clone().into_iter().map(shown));
    // Each file counts fragments of its own, or the same as another.
    let mut counts: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    let mut names: BTreeMap<u32, String> = BTreeMap::new();
    for (_, facts) in &read {
        match facts {
            Facts::Control(control) => {
                found.version = Some(control.header.written_by());
                counts.extend(&control.counts);
                names.extend(control.tables.iter().map(|(id, table)| (*id, table.name.clone())));
            }
            Facts::Log(log) => found.changes = found.changes.saturating_add(log.entries),
            _ => {}
        }
    }
    let of = |id: u32| counts.range((id, 0)..=(id, u32::MAX)).fold(0_u64, |sum, (_, rows)| sum.saturating_add(*rows));
    let left_out = names.iter().filter(|(_, name)| is_left_out(name, &names)).map(|(id, _)| of(*id));
    found.restored = found.whole.rows.map(|all| left_out.fold(all, u64::saturating_sub));
    for (id, name) in &names {
        let mut parts = name.splitn(3, '/');
        let (Some(database), Some(_), Some(table)) = (parts.next(), parts.next(), parts.next()) else { continue };
        found.databases.insert(database.to_owned());
        found.rows.insert(format!("{database}.{table}"), of(*id));
    }
    found
}

/// Whether `ndb_restore` leaves a table out: RonDB's own (`RestoreMetaData::markSysTables` in storage/ndb/tools/restore/Restore.cpp), the one that it
/// is told to leave out, and what holds their long values.
fn is_left_out(name: &str, all: &BTreeMap<u32, String>) -> bool {
    const OWN: [&str; 11] = [
        "SYSTAB_0",
        "NDB$EVENTS_0",
        "sys/def/SYSTAB_0",
        "sys/def/NDB$EVENTS_0",
        "cluster_replication/def/apply_status",
        "cluster/def/apply_status",
        "cluster/def/schema",
        "mysql/def/ndb_apply_status",
        "mysql/def/ndb_schema",
        "mysql/def/ndb_schema_result",
        "mysql/def/ndb_sql_metadata",
    ];
    let is_own = |name: &str| {
        OWN.contains(&name)
            || name.starts_with("ndb_index_stat")
            || name.contains("/ndb_index_stat")
            || name == format!("{}/def/{}", TIMERS.0, TIMERS.1)
    };
    let main = name.rsplit('/').next().and_then(|name| name.strip_prefix("NDB$BLOB_")?.split('_').next()?.parse().ok());
    let main = main.and_then(|id: u32| all.get(&id));
    is_own(name) || main.is_some_and(|main| is_own(main))
}

/// Reads a dump whole.
///
/// # Errors
/// What is wrong with it.
pub fn dump(path: &Path) -> Result<DumpFacts, Flaw> {
    feed(path, Dump::default())
}

fn feed<C: Checker>(path: &Path, mut checker: C) -> Result<C::Facts, Flaw> {
    let unread = |error: std::io::Error| Flaw::unknown(format!("cannot be read: {error}"));
    let mut file = File::open(path).map_err(unread)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut buffer).map_err(unread)?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else { break };
        checker.feed(piece)?;
    }
    checker.finish()
}

/// The digests in a file as `sha256sum` writes it, by path.
pub fn sums(text: &str) -> BTreeMap<&str, &str> {
    text.lines().filter_map(|line| line.split_once("  ")).map(|(sum, path)| (path, sum)).collect()
}

/// Compares all files of a complete backup with what it says of itself, and reads what RonDB and MySQL wrote.
pub fn verify(folder: &Path, manifest: &Manifest) -> Vec<Finding> {
    let mut found = digests(folder, manifest);
    let files = local::files(folder).unwrap_or_default();
    let parts: Vec<_> = files.into_iter().filter(|(path, _)| path.starts_with("BACKUP/")).collect();
    let ndb = ndb(folder, &parts, manifest.id);
    for node in &manifest.nodes {
        if !ndb.whole.nodes.contains(&node.id) {
            found.push(Finding::error(format!("node {}", node.id), "has no part in this backup"));
        }
    }
    found.extend(ndb.findings);
    found.extend(dumps(folder));
    if !manifest.vanished.is_empty() {
        let what = format!(
            "{} blocks were deleted while the backup was made: files with them are damaged after a restore",
            manifest.vanished.len()
        );
        found.push(Finding::warning("hopsfs", what));
    }
    found
}

/// Compares all files of a backup with their digests, and those with the manifest.
pub fn digests(folder: &Path, manifest: &Manifest) -> Vec<Finding> {
    let mut found = Vec::new();
    let path = folder.join(manifest::SUMS);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) => return vec![Finding::error(manifest::SUMS, format!("cannot be read: {error}"))],
    };
    match local::sha256(&path) {
        Ok(sum) if sum == manifest.sums => {}
        _ => found.push(Finding::error(manifest::SUMS, "is not the file that the manifest names")),
    }
    let expected = sums(&text);
    let files = match local::files(folder) {
        Ok(files) => files,
        Err(error) => return vec![Finding::error("", format!("the backup cannot be read: {error}"))],
    };
    let there: BTreeSet<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    for path in expected.keys().filter(|path| !there.contains(**path)) {
        found.push(Finding::error(*path, "is missing"));
    }
    for (path, _) in files.iter().filter(|(path, _)| !is_own(path)) {
        match expected.get(path.as_str()) {
            None => found.push(Finding::warning(path, "is not part of the backup")),
            Some(sum) => match local::sha256(&folder.join(path)) {
                Ok(found_sum) if found_sum == **sum => {}
                Ok(_) => found.push(Finding::error(path, "is damaged: its SHA-256 is another")),
                Err(error) => found.push(Finding::error(path, format!("cannot be read: {error}"))),
            },
        }
    }
    found
}

/// Reads what the cookbook's script has written: RonDB's files, and its dumps.
pub fn cookbook(folder: &Path, contents: &Contents, id: BackupId) -> Vec<Finding> {
    let mut found = ndb(folder, &contents.files, id).findings;
    let dumps = [&contents.users, &contents.schemas].into_iter().flatten();
    found.extend(dumps.filter_map(|file| one_dump(folder, file)));
    if contents.users.is_none() {
        found.push(Finding::warning("sql/users.sql", "is not there"));
    }
    found
}

/// What is wrong with the dumps of a backup.
pub fn dumps(folder: &Path) -> Vec<Finding> {
    // Without a database there is no schema.
    let is_there = |file: &&str| *file != crate::plan::backup::SCHEMAS || folder.join(file).exists();
    let files = [crate::plan::backup::USERS, crate::plan::backup::SCHEMAS].into_iter().filter(is_there);
    files.filter_map(|file| one_dump(folder, file)).collect()
}

fn one_dump(folder: &Path, file: &str) -> Option<Finding> {
    match dump(&folder.join(file)) {
        Err(flaw) => Some(Finding::error(file, flaw.what)),
        Ok(facts) if !facts.says_that_it_is_whole => {
            Some(Finding::warning(file, "does not say at its end that it is whole"))
        }
        Ok(_) => None,
    }
}

/// Files that are not part of what is backed up.
pub fn is_own(path: &str) -> bool {
    [manifest::FILE, manifest::SUMS, manifest::KEEP].contains(&path) || path.starts_with("runs/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_that_are_not_restored_are_left_out() {
        let all = [
            (3, "mysql/def/ndb_schema"),
            (8, "mysql/def/ndb_index_stat_sample"),
            (20, "hops/def/hdfs_inodes"),
            (30, "glassfish_timers/def/EJB__TIMER__TBL"),
        ];
        let all = all.map(|(id, name)| (id, name.to_owned())).into();
        for (name, expected) in [
            ("mysql/def/ndb_schema", true),
            ("mysql/def/ndb_index_stat_sample", true),
            ("mysql/def/NDB$BLOB_3_4", true),
            ("sys/def/SYSTAB_0", true),
            ("glassfish_timers/def/EJB__TIMER__TBL", true),
            ("glassfish_timers/def/NDB$BLOB_30_3", true),
            ("glassfish_timers/def/other", false),
            ("hops/def/hdfs_inodes", false),
            ("hops/def/NDB$BLOB_20_4", false),
            ("hops/def/NDB$BLOB_x_4", false),
            ("mysql/def/ndb_schema_of_mine", false),
        ] {
            assert_eq!(is_left_out(name, &all), expected, "{name}");
        }
    }

    #[test]
    fn files_are_known_in_all_layouts() {
        let id: BackupId = "7".parse().unwrap();
        for (path, expected) in [
            ("BACKUP/BACKUP-7/BACKUP-7.2.ctl", Some("2/BACKUP-7.2.ctl")),
            ("2/BACKUP-7/BACKUP-7-0.2.Data", Some("2/BACKUP-7-0.2.Data")),
            ("BACKUP/BACKUP-7/BACKUP-7-PART-1-OF-2/BACKUP-7.2.log", Some("2/BACKUP-7-PART-1-OF-2/BACKUP-7.2.log")),
            ("BACKUP/BACKUP-7/BACKUP-8.2.ctl", None),
            ("BACKUP/BACKUP-7/BACKUP-7-PART-3-OF-2/BACKUP-7.2.log", None),
            ("sql/users.sql", None),
        ] {
            assert_eq!(name_of(path, id).map(|name| name.path(7)).as_deref(), expected, "{path}");
        }
    }
}
