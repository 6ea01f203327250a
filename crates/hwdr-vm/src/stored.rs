//! The backups in the folder: hwdr's own, complete or not, and those of the cookbook's script.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::check::name_of;
use crate::id::BackupId;
use crate::inventory::Inventory;
use crate::local;
use crate::manifest::{KEEP, Manifest};
use crate::plan::backup::{SCHEMAS, USERS};

/// A backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// Its id.
    pub id: BackupId,
    /// Its folder.
    pub folder: PathBuf,
    /// Who made it.
    pub kind: Kind,
    /// When it was made, as far as that is known.
    pub time: Option<Timestamp>,
    /// Whether it is kept.
    pub is_kept: bool,
    /// Whether all of it is in the folder here.
    pub is_here: bool,
    /// Whether all of it is in the place of the inventory.
    pub is_away: bool,
}

/// Who made a backup.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// hwdr.
    Ours(Box<Manifest>),
    /// The cookbook's script.
    Cookbook,
    /// hwdr, and it is not complete.
    Incomplete,
    /// hwdr or another, and it cannot be read.
    Unreadable(String),
}

/// What a restore needs of a backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// All its files.
    pub files: Vec<(String, u64)>,
    /// The file with users, if there is one.
    pub users: Option<String>,
    /// The file with schemas, if there is one that can be loaded where tables exist.
    pub schemas: Option<String>,
    /// The data nodes that it has parts of, each with the folder of its part.
    pub parts: Vec<(u16, String)>,
}

impl Stored {
    /// A backup in a folder, of which nothing else is known.
    pub fn new(id: BackupId, folder: PathBuf, kind: Kind) -> Self {
        Self { id, folder, kind, time: None, is_kept: false, is_here: true, is_away: false }
    }

    /// What it says of itself, if it is one of hwdr's, and complete.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.kind {
            Kind::Ours(manifest) => Some(manifest),
            _ => None,
        }
    }

    /// Whether it is complete.
    pub fn is_whole(&self) -> bool {
        matches!(self.kind, Kind::Ours(_) | Kind::Cookbook)
    }

    /// Whether it is this cluster's to delete: its manifest says so, or it lies in the folder here.
    pub fn is_of(&self, inventory: &Inventory) -> bool {
        match &self.kind {
            Kind::Ours(manifest) => manifest.cluster == inventory.name,
            _ => self.folder.is_dir(),
        }
    }

    /// How it is, in a word.
    pub fn state(&self) -> &'static str {
        match &self.kind {
            Kind::Ours(manifest) if manifest.vanished.is_empty() => "complete",
            Kind::Ours(_) => "gaps",
            Kind::Cookbook => "cookbook",
            Kind::Incomplete => "incomplete",
            Kind::Unreadable(_) => "unreadable",
        }
    }

    /// What is in it.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn contents(&self) -> Result<Contents, String> {
        let files =
            local::files(&self.folder).map_err(|error| format!("{} cannot be read: {error}", self.folder.display()))?;
        let first = |names: &[&str]| {
            names
                .iter()
                .find(|name| files.iter().any(|(path, size)| path == *name && *size > 0))
                .map(|name| (*name).to_owned())
        };
        let mut parts: Vec<(u16, String)> = files
            .iter()
            .filter_map(|(path, _)| {
                let name = name_of(path, self.id)?;
                let folder = format!("BACKUP-{}", self.id);
                let end = path.find(&format!("{folder}/"))?.checked_add(folder.len())?;
                Some((name.node, path.get(..end)?.to_owned()))
            })
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        parts.dedup_by_key(|(node, _)| *node);
        // Names of older scripts stand behind. Their "schema.sql" drops each table before it makes it, mysql's own, too: loaded after the rows,
        // it would leave none.
        let schemas = first(&[SCHEMAS, "schema.sql"]);
        let schemas = match &schemas {
            Some(file) if drops_tables(&self.folder.join(file))? => None,
            _ => schemas,
        };
        Ok(Contents { users: first(&[USERS, "users.sql"]), schemas, parts, files })
    }
}

/// The character sets of databases in a dump, if there is one.
pub fn charsets(folder: &Path, dump: Option<&str>) -> std::collections::BTreeMap<String, String> {
    let text = dump.and_then(|dump| fs::read(folder.join(dump)).ok()).unwrap_or_default();
    crate::plan::restore::charsets(&String::from_utf8_lossy(&text))
}

/// Whether a dump drops tables.
fn drops_tables(path: &Path) -> Result<bool, String> {
    use std::io::{BufRead as _, BufReader};
    let unread = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
    for line in BufReader::new(fs::File::open(path).map_err(unread)?).split(b'\n') {
        if line.map_err(unread)?.starts_with(b"DROP TABLE ") {
            return Ok(true);
        }
    }
    Ok(false)
}

/// All backups in the folder, the newest first. Other files and folders are not looked at; packed ones of the cookbook's script are returned by
/// name.
///
/// # Errors
/// If the folder cannot be read.
pub fn list(folder: &Path) -> Result<(Vec<Stored>, Vec<String>), String> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
        entries => entries.map_err(|error| format!("{} cannot be read: {error}", folder.display()))?,
    };
    let (mut found, mut packed) = (Vec::new(), Vec::new());
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        let path = entry.path();
        if name.starts_with("hops_hopsworks_") && name.ends_with(".tar.gz") {
            packed.push(name);
        } else if path.is_dir()
            && let Some(stored) = stored(&path, &name)
        {
            found.push(stored);
        }
    }
    // One that is unpacked is listed already.
    let is_unpacked = |name: &String| {
        let folder = name.strip_suffix(".tar.gz").unwrap_or(name);
        found.iter().any(|stored| stored.folder.file_name().is_some_and(|it| it == folder))
    };
    packed.retain(|name| !is_unpacked(name));
    found.sort_by_key(|stored| std::cmp::Reverse((stored.time, stored.id)));
    Ok((found, packed))
}

pub(crate) fn stored(path: &Path, name: &str) -> Option<Stored> {
    let changed =
        || fs::metadata(path).and_then(|data| data.modified()).ok().and_then(|time| Timestamp::try_from(time).ok());
    if let Ok(id) = name.parse::<BackupId>() {
        let is_kept = path.join(KEEP).exists();
        let (kind, time) = match Manifest::read(path) {
            Ok(Some(manifest)) if manifest.id == id => {
                let time = manifest.finished;
                (Kind::Ours(Box::new(manifest)), Some(time))
            }
            Ok(Some(manifest)) => (Kind::Unreadable(format!("its manifest is of backup {}", manifest.id)), changed()),
            Ok(None) => (Kind::Incomplete, changed()),
            Err(why) => (Kind::Unreadable(why), changed()),
        };
        return Some(Stored { time, is_kept, ..Stored::new(id, path.to_owned(), kind) });
    }
    if !name.starts_with("hops_hopsworks_") || !name.contains(".backup") {
        return None;
    }
    let id = cookbook_id(path)?;
    let is_kept = path.join(KEEP).exists();
    Some(Stored { time: changed(), is_kept, ..Stored::new(id, path.to_owned(), Kind::Cookbook) })
}

/// The id of a backup of the cookbook's script: its folder `BACKUP-<id>` lies in `BACKUP`, or in one folder for each node.
fn cookbook_id(path: &Path) -> Option<BackupId> {
    let inner = fs::read_dir(path).ok()?.flatten().filter(|entry| entry.path().is_dir());
    let folders = inner.flat_map(|entry| fs::read_dir(entry.path()).into_iter().flatten().flatten());
    folders.filter_map(|entry| entry.file_name().to_str()?.strip_prefix("BACKUP-")?.parse().ok()).next()
}

/// The backup of an id among those that there are: a number, or `latest`, which is one of this cluster.
///
/// # Errors
/// If there is none.
pub fn choose(all: Vec<Stored>, packed: &[String], inventory: &Inventory, id: &str) -> Result<Stored, String> {
    let folder = &inventory.backups;
    if id == "latest" {
        let complete = all.into_iter().find(|stored| stored.is_whole() && stored.is_of(inventory));
        return complete
            .ok_or_else(|| format!("there is no complete backup of {} in {}", inventory.name, folder.display()));
    }
    let number: BackupId = id.parse()?;
    let found = all.into_iter().find(|stored| stored.id == number);
    found.ok_or_else(|| {
        let hint = match packed.is_empty() {
            true => String::new(),
            false => format!("; these are packed, unpack the one with tar -xzf: {}", packed.join(", ")),
        };
        format!("there is no backup {number} in {}{hint}", folder.display())
    })
}

/// The backups that prune spares: the newest complete one, and the newest without gaps, if that is another.
fn spared<'s>(all: impl Iterator<Item = &'s Stored> + Clone) -> Vec<BackupId> {
    let complete = all.filter_map(|stored| Some((stored.id, stored.manifest()?)));
    let newest = complete.clone().next();
    let without_gaps = complete.into_iter().find(|(_, manifest)| manifest.vanished.is_empty());
    newest.into_iter().chain(without_gaps).map(|(id, _)| id).collect()
}

/// What prune would delete here, though it stays elsewhere: what was sent more than `days` ago. The newest complete one stays, because the blocks that
/// it has are not copied again, and the newest without gaps.
pub fn sent(all: &[Stored], days: u16, now: Timestamp) -> Vec<&Stored> {
    let limit = now.as_second().saturating_sub(i64::from(days).saturating_mul(86_400));
    let spared = spared(all.iter().filter(|stored| stored.is_here));
    all.iter()
        .filter(|stored| stored.is_here && stored.is_away && stored.manifest().is_some())
        .filter(|stored| !spared.contains(&stored.id))
        .filter(|stored| !stored.is_kept)
        .filter(|stored| stored.time.is_some_and(|time| time.as_second() < limit))
        .collect()
}

/// What prune would delete: complete backups and remains older than `days`, but never the newest complete one, the newest without gaps, nor one that
/// is kept.
pub fn old(all: &[Stored], days: u16, now: Timestamp) -> Vec<&Stored> {
    let limit = now.as_second().saturating_sub(i64::from(days).saturating_mul(86_400));
    let spared = spared(all.iter());
    all.iter()
        // What the cookbook's script wrote is not hwdr's to delete.
        .filter(|stored| matches!(stored.kind, Kind::Ours(_) | Kind::Incomplete))
        .filter(|stored| !stored.is_kept && !spared.contains(&stored.id))
        .filter(|stored| stored.time.is_some_and(|time| time.as_second() < limit))
        .collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    const NOW: &str = "2026-11-30T00:00:00Z";

    pub(crate) fn inventory() -> crate::inventory::Inventory {
        let text = include_str!("../../../testdata/vm/inventory.yaml");
        crate::inventory::read(&hwdr_values::source::Source::new("inventory.yaml", text)).unwrap()
    }

    /// A complete one.
    pub(crate) fn ours(sums: &str) -> Kind {
        let now: Timestamp = NOW.parse().unwrap();
        let manifest = serde_json::from_value(serde_json::json!({
            "form": 1, "version": "0", "cluster": "c", "id": 1, "began": now, "finished": now, "server": "", "nodes": [], "tables": 0,
            "rows": null, "databases": [], "blocks": null, "files": [], "bytes": 0, "sums": sums,
        }));
        Kind::Ours(Box::new(manifest.unwrap()))
    }

    /// One that was made so many days ago.
    pub(crate) fn one(id: &str, kind: Kind, days: i64, is_kept: bool) -> Stored {
        let now: Timestamp = NOW.parse().unwrap();
        let time = Timestamp::from_second(now.as_second() - days * 86_400).unwrap();
        let new = Stored::new(id.parse().unwrap(), PathBuf::new(), kind);
        Stored { time: Some(time), is_kept, ..new }
    }

    fn find(folder: &Path, id: &str) -> Result<Stored, String> {
        let (all, packed) = list(folder)?;
        choose(all, &packed, &inventory(), id)
    }

    #[test]
    fn latest_is_a_backup_of_this_cluster() {
        let mut own = ours("a");
        let inventory = inventory();
        let of = |all: &[Stored], id| choose(all.to_vec(), &[], &inventory, id).map(|stored| stored.id.number());
        let other = one("3", own.clone(), 1, false);
        assert!(
            of(std::slice::from_ref(&other), "latest").unwrap_err().contains("no complete backup of hopsworks-prod")
        );
        let Kind::Ours(manifest) = &mut own else { panic!("it is not ours") };
        manifest.cluster = inventory.name.clone();
        let all = [one("4", Kind::Incomplete, 0, false), other, one("2", own, 2, false)];
        assert_eq!((of(&all, "latest"), of(&all, "3")), (Ok(2), Ok(3)));
    }

    fn touch(root: &Path, files: &[&str]) {
        for file in files {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
    }

    #[test]
    fn all_layouts_are_found() {
        let root = tempfile::tempdir().unwrap();
        touch(
            root.path(),
            &[
                "9/BACKUP/BACKUP-9/BACKUP-9.1.ctl",
                "hops_hopsworks_26-11-30_20-00.backup_7/BACKUP/BACKUP-7/BACKUP-7.1.ctl",
                "hops_hopsworks_26-11-30_20-00.backup_7/BACKUP/BACKUP-7/BACKUP-7.2.ctl",
                "hops_hopsworks_26-11-30_20-00.backup_7/sql/users.sql",
                "hops_hopsworks_26-11-30_20-00.backup_7.tar.gz",
                "hops_hopsworks_20-01-01.backup/1/BACKUP-5/BACKUP-5-0.1.Data",
                "hops_hopsworks_20-01-01.backup/2/BACKUP-5/BACKUP-5-0.2.Data",
                "hops_hopsworks_20-01-01.backup/users.sql",
                "hops_hopsworks_19-01-01.backup.tar.gz",
                "other/x",
            ],
        );
        let (all, packed) = list(root.path()).unwrap();
        let mut seen: Vec<_> = all.iter().map(|it| (it.id.number(), it.state())).collect();
        seen.sort();
        assert_eq!(seen, [(5, "cookbook"), (7, "cookbook"), (9, "incomplete")]);
        assert_eq!(packed, ["hops_hopsworks_19-01-01.backup.tar.gz"]);
        let new = find(root.path(), "7").unwrap().contents().unwrap();
        assert_eq!(new.parts, [(1, "BACKUP/BACKUP-7".to_owned()), (2, "BACKUP/BACKUP-7".to_owned())]);
        assert_eq!((new.users.as_deref(), new.schemas), (Some("sql/users.sql"), None));
        let older = find(root.path(), "5").unwrap().contents().unwrap();
        assert_eq!(older.parts, [(1, "1/BACKUP-5".to_owned()), (2, "2/BACKUP-5".to_owned())]);
        assert_eq!(older.users.as_deref(), Some("users.sql"));
        assert!(find(root.path(), "8").unwrap_err().contains("no backup 8"));
    }

    #[test]
    fn schemas_that_drop_tables_are_not_loaded() {
        let root = tempfile::tempdir().unwrap();
        let name = "hops_hopsworks_20-01-01.backup";
        touch(root.path(), &[&format!("{name}/1/BACKUP-5/BACKUP-5-0.1.Data")]);
        let path = root.path().join(name).join("schema.sql");
        let table = "CREATE TABLE `hdfs_inodes` (\n  `id` int\n);\n";
        for (text, expected) in [
            (table.to_owned(), Some("schema.sql")),
            (format!("USE `hops`;\nDROP TABLE IF EXISTS `hdfs_inodes`;\n{table}"), None),
        ] {
            fs::write(&path, &text).unwrap();
            let contents = find(root.path(), "5").unwrap().contents().unwrap();
            assert_eq!(contents.schemas.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn the_newest_and_what_is_kept_stay() {
        let now: Timestamp = NOW.parse().unwrap();
        let all = [
            one("6", Kind::Incomplete, 1, false),
            one("5", ours("a"), 40, false),
            one("4", ours("a"), 41, true),
            one("3", ours("a"), 42, false),
            one("2", Kind::Incomplete, 43, false),
            one("1", Kind::Cookbook, 44, false),
        ];
        let old: Vec<_> = old(&all, 30, now).iter().map(|stored| stored.id.number()).collect();
        assert_eq!(old, [3, 2]);
    }

    #[test]
    fn the_newest_without_gaps_stays_too() {
        let now: Timestamp = NOW.parse().unwrap();
        let mut gaps = ours("a");
        let Kind::Ours(manifest) = &mut gaps else { panic!("it is not ours") };
        manifest.vanished = vec![7];
        let at = |id, kind: &Kind, days| Stored { is_away: true, ..one(id, kind.clone(), days, false) };
        let all = [at("5", &gaps, 40), at("4", &gaps, 41), at("3", &ours("a"), 42), at("2", &ours("a"), 43)];
        let ids = |found: Vec<&Stored>| found.iter().map(|stored| stored.id.number()).collect::<Vec<_>>();
        assert_eq!((ids(old(&all, 30, now)), ids(sent(&all, 30, now))), (vec![4, 2], vec![4, 2]));
    }

    #[test]
    fn what_was_sent_leaves_the_folder_earlier() {
        let now: Timestamp = NOW.parse().unwrap();
        let at = |id, days, is_here, is_away| Stored { is_here, is_away, ..one(id, ours("a"), days, false) };
        let all = [
            at("6", 3, false, true),
            at("5", 4, true, true),
            at("4", 5, true, false),
            at("3", 6, true, true),
            Stored { kind: Kind::Cookbook, ..at("2", 7, true, true) },
        ];
        let sent: Vec<_> = sent(&all, 2, now).iter().map(|stored| stored.id.number()).collect();
        assert_eq!(sent, [3]);
    }
}
