//! Backups in a place elsewhere, with the real rclone and a folder behind it.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::future::Future;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use hwdr_values::source::Source;
use hwdr_vm::away::{self, modes, rclone::Rclone};
use hwdr_vm::inventory::{Inventory, read};
use hwdr_vm::local;
use hwdr_vm::manifest::{FILE, Manifest, SUMS};
use hwdr_vm::stored::{Stored, choose, list};

/// A folder of backups, and a place.
struct Sandbox {
    folder: tempfile::TempDir,
}

impl Sandbox {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// The inventory of a machine with a folder of this name.
    fn inventory(&self, name: &str) -> Inventory {
        let text = format!(
            "name: test\nhosts: {{h: {{roles: [management, ndb, mysql, namenode, datanode], nodeId: 1}}}}\n\
             backups: {{folder: {:?}, rclone: 'test:prod'}}\n",
            self.folder.path().join(name)
        );
        read(&Source::new("inventory.yaml", text)).unwrap()
    }

    fn rclone(&self) -> Rclone {
        let target = self.inventory("here").target.unwrap();
        let place = self.folder.path().join("place");
        fs::create_dir_all(&place).unwrap();
        Rclone::new(&target)
            .with_env("RCLONE_CONFIG", "/dev/null")
            .with_env("RCLONE_CONFIG_TEST_TYPE", "alias")
            .with_env("RCLONE_CONFIG_TEST_REMOTE", place.to_str().unwrap())
    }

    /// A file in the place.
    fn there(&self, path: &str) -> PathBuf {
        self.folder.path().join("place/prod").join(path)
    }

    /// A complete backup in the folder here.
    fn backup(&self, id: u32, blocks: &[(&str, &str)]) -> Stored {
        let folder = self.folder.path().join(format!("here/{id}"));
        let mut files: BTreeMap<String, String> = [
            ("sql/users.sql", "CREATE USER x;\n"),
            ("BACKUP/BACKUP-1/BACKUP-1.1.ctl", "control"),
            ("hopsfs/h/current/VERSION", "clusterID=CID-1\n"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .into();
        files.extend(blocks.iter().map(|(name, text)| (format!("hopsfs/h/current/{name}"), (*text).to_owned())));
        for (path, text) in &files {
            fs::create_dir_all(folder.join(path).parent().unwrap()).unwrap();
            fs::write(folder.join(path), text).unwrap();
        }
        fs::create_dir_all(folder.join("hopsfs/h/current/tmp")).unwrap();
        fs::create_dir_all(folder.join("cluster")).unwrap();
        fs::set_permissions(folder.join("hopsfs/h/current"), Permissions::from_mode(0o700)).unwrap();
        for (path, _) in files.iter().filter(|(path, _)| path.contains("blk_")) {
            fs::set_permissions(folder.join(path), Permissions::from_mode(0o640)).unwrap();
        }
        fs::write(folder.join(modes::FILE), modes::write(&folder).unwrap().unwrap()).unwrap();
        let all = local::files(&folder).unwrap();
        let line = |path: &str| format!("{}  {path}\n", local::sha256(&folder.join(path)).unwrap());
        let sums: String = all.iter().map(|(path, _)| line(path)).collect();
        fs::write(folder.join(SUMS), &sums).unwrap();
        let now = format!("2026-11-30T00:00:{:02}Z", id % 60);
        let manifest: Manifest = serde_json::from_value(serde_json::json!({
            "form": 1, "version": "0", "cluster": "test", "id": id, "began": now, "finished": now, "server": "", "nodes": [], "tables": 0,
            "rows": null, "databases": [], "blocks": null, "files": [], "bytes": 9, "sums": local::sha256_of(&sums),
        }))
        .unwrap();
        // What a restore has left is no part of it.
        fs::create_dir_all(folder.join("runs")).unwrap();
        fs::write(folder.join("runs/run.json"), "{}").unwrap();
        manifest.write(&folder).unwrap();
        let (all, _) = list(&self.folder.path().join("here")).unwrap();
        choose(all, &[], &self.inventory("here"), &id.to_string()).unwrap()
    }

    fn send(&self, stored: &Stored) -> Result<bool, hwdr_run::Halt> {
        block_on(away::send(&self.rclone(), &self.inventory("here"), stored, &mut |_| {}))
    }

    fn fetch(&self, to: &str, id: u32) -> Result<bool, hwdr_run::Halt> {
        let id = id.to_string().parse().unwrap();
        block_on(away::fetch(&self.rclone(), &self.inventory(to), id, &mut |_| {}))
    }

    /// Number, state, and whether it is here and elsewhere.
    fn all(&self, name: &str) -> Vec<(u32, &'static str, bool, bool)> {
        let (all, _) = block_on(away::all_in(&self.rclone(), &self.inventory(name))).unwrap();
        all.iter().map(|it| (it.id.number(), it.state(), it.is_here, it.is_away)).collect()
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

#[test]
fn a_backup_goes_there_and_comes_back_as_it_was() {
    let sandbox = Sandbox::new();
    let stored = sandbox.backup(7, &[("blk_1", "one"), ("blk_2", "")]);
    assert_eq!(sandbox.all("here"), [(7, "complete", true, false)]);
    assert!(sandbox.send(&stored).unwrap());
    assert_eq!(sandbox.all("here"), [(7, "complete", true, true)]);
    assert!(!sandbox.send(&stored).unwrap());
    assert!(!sandbox.there("7/runs").exists());

    // Another machine.
    assert_eq!(sandbox.all("elsewhere"), [(7, "complete", false, true)]);
    assert!(sandbox.fetch("elsewhere", 7).unwrap());
    assert!(!sandbox.fetch("elsewhere", 7).unwrap());
    let (here, there) = (sandbox.folder.path().join("here/7"), sandbox.folder.path().join("elsewhere/7"));
    for (path, _) in local::files(&here).unwrap().into_iter().filter(|(path, _)| !path.starts_with("runs/")) {
        assert_eq!(fs::read(here.join(&path)).unwrap(), fs::read(there.join(&path)).unwrap(), "{path}");
    }
    let mode = |path: &str| fs::metadata(there.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("hopsfs/h/current"), mode("hopsfs/h/current/blk_1")), (0o700, 0o640));
    assert!(there.join("hopsfs/h/current/tmp").is_dir());
    assert_eq!(mode("sql/users.sql"), 0o600);
    assert_eq!(sandbox.all("elsewhere"), [(7, "complete", true, true)]);
}

#[test]
fn what_was_not_sent_whole_is_not_complete() {
    let sandbox = Sandbox::new();
    let stored = sandbox.backup(7, &[("blk_1", "one")]);
    // A folder where a file should be.
    fs::create_dir_all(sandbox.there("7/hopsfs/h/current/blk_1/x")).unwrap();
    let halt = sandbox.send(&stored).unwrap_err();
    assert!(halt.problem.contains("rclone copy"), "{halt}");
    assert!(!sandbox.there("7").join(FILE).exists());
    assert_eq!(sandbox.all("here"), [(7, "complete", true, false)]);
    assert_eq!(sandbox.all("elsewhere"), [(7, "incomplete", false, false)]);
    assert!(sandbox.fetch("elsewhere", 7).unwrap_err().problem.contains("not there, or not complete"));
    fs::remove_dir_all(sandbox.there("7/hopsfs/h/current/blk_1")).unwrap();
    assert!(sandbox.send(&stored).unwrap());
    assert_eq!(sandbox.all("elsewhere"), [(7, "complete", false, true)]);
}

#[test]
fn damage_in_the_place_is_found_there_and_does_not_come_back() {
    let sandbox = Sandbox::new();
    let stored = sandbox.backup(7, &[("blk_1", "one"), ("blk_2", "two")]);
    sandbox.send(&stored).unwrap();
    let verify = || {
        let found = block_on(away::verify(&sandbox.rclone(), stored.id)).unwrap();
        found.into_iter().map(|it| format!("{}: {}", it.about, it.what)).collect::<Vec<_>>()
    };
    assert_eq!(verify(), [""; 0]);
    let (one, two) = (sandbox.there("7/hopsfs/h/current/blk_1"), sandbox.there("7/hopsfs/h/current/blk_2"));
    fs::write(&one, "oNe").unwrap();
    fs::remove_file(&two).unwrap();
    assert_eq!(
        verify(),
        [
            "test:prod/7/hopsfs/h/current/blk_1: is damaged: its SHA-256 is another",
            "test:prod/7/hopsfs/h/current/blk_2: is missing"
        ]
    );
    let halt = sandbox.fetch("elsewhere", 7).unwrap_err();
    assert!(!sandbox.folder.path().join("elsewhere/7").join(FILE).exists(), "{halt}");
    fs::write(&two, "two").unwrap();
    let halt = sandbox.fetch("elsewhere", 7).unwrap_err();
    assert!(halt.problem.contains("hopsfs/h/current/blk_1: is damaged"), "{halt}");
    fs::write(&one, "one").unwrap();
    assert!(sandbox.fetch("elsewhere", 7).unwrap());
    // Digests that were changed with what they are of.
    fs::write(sandbox.there("7").join(SUMS), "0  hopsfs/h/current/blk_1\n").unwrap();
    assert!(verify()[0].contains("is not the file that the manifest names"));
    assert!(sandbox.fetch("other", 7).unwrap_err().problem.contains("is not the file that the manifest names"));
}

#[test]
fn another_backup_with_the_same_id_is_not_replaced() {
    let sandbox = Sandbox::new();
    sandbox.send(&sandbox.backup(7, &[("blk_1", "one")])).unwrap();
    let other = sandbox.backup(7, &[("blk_1", "other")]);
    assert!(sandbox.send(&other).unwrap_err().problem.contains("another backup with the same id"));
    assert!(sandbox.fetch("here", 7).unwrap_err().problem.contains("another backup with the same id"));
    assert_eq!(fs::read_to_string(sandbox.there("7/hopsfs/h/current/blk_1")).unwrap(), "one");
    assert_eq!(sandbox.all("here"), [(7, "unreadable", false, false)]);
}

#[test]
fn a_backup_is_kept_and_deleted_there() {
    let sandbox = Sandbox::new();
    let rclone = sandbox.rclone();
    let is_used = |id: u32| block_on(away::is_used(&rclone, id.to_string().parse().unwrap())).unwrap();
    assert!(!is_used(7));
    let (one, two) = (sandbox.backup(7, &[("blk_1", "one")]), sandbox.backup(8, &[("blk_1", "one")]));
    for stored in [&one, &two] {
        sandbox.send(stored).unwrap();
    }
    let is_kept = || {
        let (all, _) = block_on(away::all_in(&rclone, &sandbox.inventory("elsewhere"))).unwrap();
        all.iter().map(|it| (it.id.number(), it.is_kept)).collect::<Vec<_>>()
    };
    block_on(away::keep(&rclone, one.id, true)).unwrap();
    assert_eq!(is_kept(), [(8, false), (7, true)]);
    block_on(away::keep(&rclone, one.id, false)).unwrap();
    block_on(away::keep(&rclone, one.id, false)).unwrap();
    assert_eq!(is_kept(), [(8, false), (7, false)]);
    assert!(is_used(7) && !is_used(9));
    block_on(away::delete(&rclone, one.id)).unwrap();
    assert!(!is_used(7) && !sandbox.there("7").exists() && sandbox.there("8").join(FILE).exists());
    assert_eq!(is_kept(), [(8, false)]);
    block_on(away::delete(&rclone, one.id)).unwrap();
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let sandbox = Sandbox::new();
    block_on(away::probe(&sandbox.rclone())).unwrap();
    // Nothing stays of it.
    assert_eq!(fs::read_dir(sandbox.folder.path().join("place/prod")).unwrap().count(), 0);
    let missing = sandbox.rclone().with_env("RCLONE_CONFIG_TEST_REMOTE", "none:");
    let halt = block_on(away::probe(&missing)).unwrap_err();
    assert!(halt.problem.starts_with("rclone rcat test:prod/hwdr-probe-"), "{halt}");
    assert!(halt.help.iter().any(|help| help.contains("rclone lsf test:prod")), "{halt}");
}
