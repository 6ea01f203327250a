//! How far a backup has come, beside what came: an interrupted one is resumed from there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hwdr_run::Halt;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::BackupId;
use crate::inventory::{HostName, Inventory, Role};
use crate::local;
use crate::parse::hopsfs::Version;
use crate::plan::backup::UserDump;
use crate::stored::{Kind, Stored};

/// Its path below the backup's folder.
pub const FILE: &str = "runs/backup.json";
/// The form that this program writes; it reads no other one.
const FORM: u32 = 1;

/// How far a backup has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// The form of this file.
    pub form: u32,
    /// The cluster.
    pub cluster: String,
    /// The backup.
    pub id: BackupId,
    /// When it was begun.
    pub began: Timestamp,
    /// The databases whose schemas it has.
    pub databases: Vec<String>,
    /// What writes users.
    pub users: UserDump,
    /// The hosts whose parts and blocks it has.
    pub hosts: BTreeSet<HostName>,
    /// The ids of the data nodes of HopsFS when it was begun: others are those of another cluster.
    pub versions: BTreeMap<HostName, Version>,
    /// The steps that are done.
    pub done: Vec<String>,
}

impl Progress {
    /// That of a backup that begins now.
    pub fn new(
        inventory: &Inventory,
        id: BackupId,
        databases: &[String],
        users: UserDump,
        versions: BTreeMap<HostName, Version>,
    ) -> Self {
        Self {
            form: FORM,
            cluster: inventory.name.clone(),
            id,
            began: Timestamp::now(),
            databases: databases.to_vec(),
            users,
            hosts: hosts(inventory),
            versions,
            done: Vec::new(),
        }
    }

    /// Reads it; none if there is none.
    ///
    /// # Errors
    /// If it is not one.
    pub fn read(folder: &Path) -> Result<Option<Self>, String> {
        let path = folder.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{} cannot be read: {error}", path.display())),
        };
        let progress: Self =
            serde_json::from_str(&text).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        match progress.form {
            FORM => Ok(Some(progress)),
            _ => Err(format!("{}: another version of hwdr has written it", path.display())),
        }
    }

    /// Whether a step is done.
    pub fn is_done(&self, step: &str) -> bool {
        self.done.iter().any(|done| done == step)
    }

    /// A step is done, with what it has said of blocks.
    ///
    /// # Errors
    /// If that cannot be written.
    pub fn end(&mut self, folder: &Path, step: &str, listed: &BTreeMap<HostName, String>) -> io::Result<()> {
        for (host, text) in listed {
            local::replace(&folder.join(list_of(host)), text)?;
        }
        self.done.push(step.to_owned());
        self.write(folder)
    }

    /// Writes it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let path = folder.join(FILE);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        local::replace(&path, &serde_json::to_string_pretty(self)?)
    }

    /// The blocks that were listed when RonDB's backup had ended.
    ///
    /// # Errors
    /// If a list is missing.
    pub fn listed(&self, folder: &Path, inventory: &Inventory) -> io::Result<BTreeMap<HostName, String>> {
        if !self.is_done("list") {
            return Ok(BTreeMap::new());
        }
        let all = inventory.with(Role::DataNode).map(|host| (&host.name, folder.join(list_of(&host.name))));
        all.map(|(host, path)| Ok((host.clone(), fs::read_to_string(path)?))).collect()
    }

    /// Whether the backup can be resumed.
    ///
    /// # Errors
    /// Why not.
    pub fn allows(&self, inventory: &Inventory, versions: &BTreeMap<HostName, Version>) -> Result<(), Halt> {
        let refused = |why: &str| {
            Halt::new(format!("backup {} cannot be resumed: {why}", self.id))
                .help("make another: helm hwdr vm backup\nWhat came already is not sent again.")
        };
        if self.cluster != inventory.name {
            return Err(refused(&format!("it is of the cluster {}", hwdr_values::shown::plain(&self.cluster))));
        }
        if self.hosts != hosts(inventory) {
            return Err(refused("the hosts of the inventory are others than when it was begun"));
        }
        if let Some((host, _)) = self.versions.iter().find(|(host, known)| versions.get(host) != Some(known)) {
            return Err(refused(&format!(
                "the data node of HopsFS on {host} has other ids than when it was begun, or none: its blocks would be those of another cluster"
            )));
        }
        if !self.is_done("ndb") {
            return Err(refused("RonDB's own backup had not ended"));
        }
        // Blocks that were deleted in between would not be missed.
        let has_blocks = crate::plan::backup::has_blocks(inventory);
        match has_blocks && !self.is_done("list") {
            true => Err(refused("the blocks of HopsFS were not listed when RonDB's backup had ended")),
            false => Ok(()),
        }
    }

    /// Removes it from a complete backup.
    pub fn remove(&self, folder: &Path) {
        // What stays is not part of the backup.
        for host in &self.hosts {
            let _ = fs::remove_file(folder.join(list_of(host)));
        }
        let path = folder.join(FILE);
        let _ = fs::remove_file(&path);
        let _ = path.parent().map(fs::remove_dir);
    }
}

fn hosts(inventory: &Inventory) -> BTreeSet<HostName> {
    let all = inventory.hosts.iter().filter(|host| host.has(Role::Ndb) || host.has(Role::DataNode));
    all.map(|host| host.name.clone()).collect()
}

fn list_of(host: &HostName) -> PathBuf {
    PathBuf::from(format!("runs/blocks-{host}.txt"))
}

/// The backup that was interrupted, if the newest one was: its folder, and how far it has come. One that was begun before `since` is of
/// another time.
///
/// # Errors
/// If its progress cannot be read.
pub fn interrupted(all: &[Stored], since: Option<Timestamp>) -> Result<Option<(PathBuf, Progress)>, String> {
    let newest =
        all.iter().filter(|stored| matches!(stored.kind, Kind::Ours(_) | Kind::Incomplete)).max_by_key(|it| it.time);
    let Some(stored) = newest.filter(|stored| stored.kind == Kind::Incomplete) else { return Ok(None) };
    let progress = Progress::read(&stored.folder)?.filter(|progress| progress.id == stored.id);
    let is_later = |progress: &Progress| since.is_none_or(|since| progress.began > since);
    Ok(progress.filter(is_later).map(|progress| (stored.folder.clone(), progress)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::tests::{inventory, one, ours};

    #[test]
    fn it_is_resumed_only_from_where_nothing_is_missed() {
        let inventory = inventory();
        let mut progress = Progress::new(&inventory, "7".parse().unwrap(), &[], UserDump::Pump, BTreeMap::new());
        let why = |progress: &Progress, inventory: &Inventory| {
            progress.allows(inventory, &BTreeMap::new()).map_err(|halt| halt.problem).err()
        };
        for (step, expected) in
            [("sql", "RonDB's own backup had not ended"), ("ndb", "the blocks of HopsFS were not listed")]
        {
            progress.done.push(step.into());
            if step == "sql" {
                assert!(why(&progress, &inventory).unwrap().contains(expected));
            }
        }
        assert!(why(&progress, &inventory).unwrap().contains("the blocks of HopsFS were not listed"));
        let in_s3 = Inventory { blocks: crate::inventory::Blocks::S3, ..inventory.clone() };
        assert_eq!(why(&progress, &in_s3), None);
        progress.done.push("list".into());
        assert_eq!(why(&progress, &inventory), None);
        let other = Inventory { name: "other".into(), ..inventory.clone() };
        assert!(why(&progress, &other).unwrap().contains("it is of the cluster hopsworks-prod"));
        let known = HostName::parse("data1").unwrap();
        let anew = Version { storage_id: "DS-2".into(), ..Version::default() };
        progress.versions = [(known.clone(), Version::default())].into();
        for now in [BTreeMap::new(), [(known.clone(), anew)].into()] {
            assert!(progress.allows(&inventory, &now).unwrap_err().problem.contains("data1 has other ids"));
        }
        assert!(progress.allows(&inventory, &progress.versions).is_ok());
        progress.versions.clear();
        let mut fewer = inventory;
        fewer.hosts.pop();
        assert!(why(&progress, &fewer).unwrap().contains("the hosts of the inventory are others"));
    }

    #[test]
    fn only_the_newest_one_is_resumed() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("7");
        let progress = Progress::new(&inventory(), "7".parse().unwrap(), &[], UserDump::Pump, BTreeMap::new());
        progress.write(&folder).unwrap();
        let at = |days| Stored { folder: folder.clone(), ..one("7", Kind::Incomplete, days, false) };
        let found = |all: &[Stored], since| interrupted(all, since).unwrap().map(|(_, progress)| progress.id.number());
        assert_eq!(found(&[at(1), one("6", ours("a"), 2, false)], None), Some(7));
        assert_eq!(found(&[one("8", ours("a"), 0, false), at(1)], None), None);
        assert_eq!(found(&[at(1)], Some(Timestamp::now())), None);
        progress.remove(&folder);
        assert!(!folder.join("runs").exists());
        assert_eq!(found(&[at(1)], None), None);
    }

    #[test]
    fn what_was_listed_is_there_again() {
        let root = tempfile::tempdir().unwrap();
        let mut progress = Progress::new(&inventory(), "7".parse().unwrap(), &[], UserDump::Pump, BTreeMap::new());
        progress.write(root.path()).unwrap();
        let host = HostName::parse("data1").unwrap();
        let listed: BTreeMap<_, _> = [(host, "owner hdfs:hdfs 700\n5 current/blk_1\n".to_owned())].into();
        progress.end(root.path(), "list", &listed).unwrap();
        let read = Progress::read(root.path()).unwrap().unwrap();
        assert!(read.is_done("list") && !read.is_done("parts"));
        let mut inventory = inventory();
        inventory.hosts.retain(|host| !host.has(Role::DataNode) || host.name.as_str() == "data1");
        assert_eq!(read.listed(root.path(), &inventory).unwrap(), listed);
        fs::remove_file(root.path().join("runs/blocks-data1.txt")).unwrap();
        assert!(read.listed(root.path(), &inventory).is_err());
        fs::write(root.path().join(FILE), "{}").unwrap();
        assert!(Progress::read(root.path()).is_err());
    }
}
