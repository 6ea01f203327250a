//! The shell around the core, with an `ssh` that runs commands on this machine: failures, locks, records, copies.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::future::Future;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use hwdr_run::{Cause, Halt, Lock as _, Phase, Show, Store as _};
use hwdr_values::source::Source;
use hwdr_vm::act::step as step_of;
use hwdr_vm::doctor::{judge, look};
use hwdr_vm::finding::Level;
use hwdr_vm::inventory::{HostName, read};
use hwdr_vm::lock::RemoteLock;
use hwdr_vm::plan::{Act, Copy, Direction, Step};
use hwdr_vm::record::{Diary, RemoteStore};
use hwdr_vm::remote::{How, Remote, all};
use hwdr_vm::restore::{Deed, Ended, forget, go_on};
use hwdr_vm::words::{Account, Command, Expect, Input};

/// Folders of hosts, and programs for them.
struct Sandbox {
    folder: tempfile::TempDir,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Sandbox {
    fn new(hosts: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        };
        own("ssh", include_str!("hands/ssh"));
        own("bin/sudo", include_str!("hands/sudo"));
        own("bin/systemctl", "#!/bin/sh\necho \"$@\"\n");
        for number in 0..hosts {
            fs::create_dir_all(folder.path().join(format!("hosts/10.0.0.{number}/hops/backups"))).unwrap();
        }
        Self { folder, lines: Arc::default() }
    }

    fn host(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("hosts/10.0.0.{number}"))
    }

    /// The inventory: the first host has the management server.
    fn remote(&self, hosts: usize) -> Remote {
        let mut text = format!("name: test\nbackups: {{folder: {:?}}}\nhosts:\n", self.folder.path().join("backups"));
        for number in 0..hosts {
            let roles = if number == 0 { "[management, mysql, namenode]" } else { "[ndb, datanode]" };
            let node = if number == 0 { String::new() } else { format!(", nodeId: {number}") };
            text.push_str(&format!("  h{number}: {{address: 10.0.0.{number}, roles: {roles}{node}}}\n"));
        }
        text.push_str(
            "paths: {mysqlBin: /sandbox/hops/bin, mysqlSocket: /sandbox/hops/sock, ndbScripts: /sandbox/hops/scripts, ndbBackups: /sandbox/hops/backups,\n  \
             blocks: /sandbox/hops/dn, hadoop: /sandbox/hops/hadoop, epipe: /sandbox/hops/epipe, kafka: /sandbox/hops/kafka}\n",
        );
        let inventory = read(&Source::new("inventory.yaml", text)).unwrap();
        let lines = Arc::clone(&self.lines);
        let tell = Arc::new(move |host: &HostName, line: &str| lines.lock().unwrap().push(format!("{host} {line}")));
        Remote::new(inventory, tell).unwrap().with_ssh(self.folder.path().join("ssh"))
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn name(text: &str) -> HostName {
    HostName::parse(text).unwrap()
}

fn call(host: &str, words: &[&str]) -> Command {
    Command::new(&name(host), Account::Login, words.iter().copied())
}

const HERE: &str = "/";

#[test]
fn words_arrive_as_they_are_and_failures_name_host_command_status_and_last_lines() {
    let sandbox = Sandbox::new(2);
    let remote = sandbox.remote(2);
    block_on(async {
        let odd = "a b'c\"$(touch x)`y`\\ ;|&\n*";
        let said = remote.call(&call("h0", &["printf", "%s", odd]), Path::new(HERE)).await.unwrap();
        assert_eq!(said.out.trim_end_matches('\n'), odd);
        let read = call("h0", &["cat"]).reading(Input::Text("secret".to_owned()));
        assert!(!read.to_string().contains("secret"));
        assert_eq!(remote.call(&read, Path::new(HERE)).await.unwrap().out, "secret\n");

        let failed = remote.call(&call("h1", &["ls", "/nonexistent"]), Path::new(HERE)).await.unwrap_err();
        assert_eq!((failed.host.as_str(), &failed.how), ("h1", &How::Status(2)));
        let text = failed.to_string();
        assert!(text.starts_with("h1: ls /nonexistent: exit status 2\n  h1: ls: cannot access"), "{text}");

        // As Hadoop's commands end: that is not ssh's own status.
        let hadoop = call("h1", &["sh", "-c", "echo 'Call From h1 failed' >&2; exit 255"]);
        assert_eq!(remote.call(&hadoop, Path::new(HERE)).await.unwrap_err().how, How::Status(255));

        let slow = call("h1", &["sleep", "30"]).within(Duration::from_millis(300));
        assert_eq!(remote.call(&slow, Path::new(HERE)).await.unwrap_err().how, How::Late(0));

        fs::write(sandbox.host(1).join("no-sudo-mysql"), "").unwrap();
        let asks = Command::new(&name("h1"), Account::Mysql, ["true"]);
        let halt = Halt::from(remote.call(&asks, Path::new(HERE)).await.unwrap_err());
        assert_eq!(halt.help, ["sudo must not ask: add a rule with NOPASSWD for this user on the host"]);

        fs::remove_dir_all(sandbox.host(1)).unwrap();
        let gone = remote.call(&call("h1", &["true"]), Path::new(HERE)).await.unwrap_err();
        assert_eq!(gone.how, How::Unreachable);
        assert!(gone.to_string().starts_with("h1 cannot be reached over SSH\n  h1: ssh: connect to host"), "{gone}");
        // Its lines carry its name.
        remote.call_aloud(&call("h0", &["echo", "hello"]), Path::new(HERE)).await.unwrap();
        assert!(sandbox.lines.lock().unwrap().contains(&"h0 hello".to_owned()));
    });
}

#[test]
fn what_is_waited_for_is_not_said_by_some_alone() {
    let sandbox = Sandbox::new(2);
    let remote = sandbox.remote(2);
    let said = |said: &str| {
        let expect = Expect::Soon { text: "Safe mode is OFF", but: Some("Safe mode is ON") };
        let command = call("h0", &["echo", said]).within(Duration::from_secs(5)).expecting(expect);
        let step = Step { name: "safemode", does: "waits", acts: vec![Act::Call(command)], width: None };
        block_on(step_of(&remote, &step, Path::new(HERE))).map(drop)
    };
    assert_eq!(said("Safe mode is OFF in nn1, Safe mode is OFF in nn2"), Ok(()));
    let failed = said("Safe mode is OFF in nn1, Safe mode is ON in nn2").unwrap_err();
    assert!(matches!(failed.how, How::Said(_)), "{failed}");
}

#[test]
fn a_failure_on_one_host_ends_the_rest() {
    let sandbox = Sandbox::new(3);
    let remote = sandbox.remote(3);
    let began = Instant::now();
    let calls = [call("h0", &["sleep", "30"]), call("h1", &["false"]), call("h2", &["sleep", "30"])];
    let failed = block_on(all(calls.iter().map(|call| remote.call(call, Path::new(HERE))))).unwrap_err();
    assert_eq!((failed.host.as_str(), failed.how), ("h1", How::Status(1)));
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[test]
fn only_one_holds_the_lock_and_it_ends_with_its_process() {
    let sandbox = Sandbox::new(2);
    block_on(async {
        let (one, other) = (sandbox.remote(2), sandbox.remote(2));
        let lock = RemoteLock::take(&one, "backup 7").await.unwrap();
        let refused = RemoteLock::take(&other, "restore").await.unwrap_err();
        assert!(
            refused.problem.contains("another run works on this cluster: process")
                && refused.problem.contains("(backup 7)"),
            "{refused}"
        );
        // It is not lost while it is held.
        assert!(tokio::time::timeout(Duration::from_millis(300), lock.lost()).await.is_err());
        lock.release().await;
        let again = RemoteLock::take(&other, "restore").await.unwrap();
        // As after kill -9.
        drop(again);
        let mut tries = 0;
        while RemoteLock::take(&one, "backup 8").await.is_err() {
            tries += 1;
            assert!(tries < 50, "the lock is left behind");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
}

#[test]
fn the_lock_is_lost_with_the_connection() {
    let sandbox = Sandbox::new(2);
    block_on(async {
        let remote = sandbox.remote(2);
        let lock = RemoteLock::take(&remote, "backup 7").await.unwrap();
        // What holds it on the host dies.
        let mut fuser = std::process::Command::new("fuser");
        let killed = fuser.arg("-k").arg(sandbox.host(0).join("hops/backups/hwdr/lock")).output().expect("fuser");
        assert!(killed.status.success(), "{killed:?}");
        let halt = tokio::time::timeout(Duration::from_secs(20), lock.lost()).await.unwrap();
        assert_eq!(halt.cause, Cause::Lost);
    });
}

/// The record of a restore that was begun.
fn diary() -> Diary {
    serde_json::from_value(serde_json::json!({
        "form": 1, "version": "0", "run": "20261130200000", "cluster": "test", "backup": 7, "folder": "7", "safety": null, "isRedo": false,
        "before": [], "databases": [], "blocks": [], "slots": 1, "users": "pump", "began": "2026-11-30T20:00:00Z", "phase": "running",
        "why": null, "ended": null, "steps": [], "findings": [],
    }))
    .unwrap()
}

struct Silent;

impl Show for Silent {
    fn begin(&mut self, _: usize, _: usize, _: &str, _: &str) {}
    fn end(&mut self, _: &str, _: jiff::Timestamp) {}
    fn note(&mut self, _: &str) {}
    fn warn(&mut self, _: &str) {}
    fn rest(&mut self) {}
}

#[test]
fn a_cluster_that_was_deployed_again_inherits_no_run() {
    let sandbox = Sandbox::new(2);
    let remote = Arc::new(sandbox.remote(2));
    let go = |deed| go_on(Arc::clone(&remote), deed, Silent, std::future::pending());
    block_on(async {
        let mut store = RemoteStore::begin(Arc::clone(&remote), None, diary());
        store.save(&diary()).await.unwrap();
        assert!(!RemoteStore::find(&remote).await.unwrap().unwrap().is_foreign());
        let Err(Ended::Refused(halt)) = forget(Arc::clone(&remote)).await else { panic!("it is forgotten") };
        assert!(halt.problem.contains("another hwdr"), "{halt}");
        // The hosts are lost, and deployed again.
        fs::remove_dir_all(sandbox.host(0).join("hops/backups/hwdr")).unwrap();
        for deed in [Deed::Restore, Deed::Undo, Deed::Finalize] {
            let Err(Ended::Refused(halt)) = go(deed).await else { panic!("{deed:?} is not refused") };
            assert!(halt.problem.contains("the cluster was deployed again since"), "{deed:?} {halt}");
        }
        assert_eq!(forget(Arc::clone(&remote)).await.unwrap().phase, Phase::Finalized);
        let Err(Ended::Refused(halt)) = go(Deed::Restore).await else { panic!("it is resumed") };
        assert!(halt.problem.contains("is finalized"), "{halt}");
    });
}

#[test]
fn a_record_that_was_sent_in_part_replaces_none() {
    let sandbox = Sandbox::new(2);
    let remote = Arc::new(sandbox.remote(2));
    let mut diary = diary();
    block_on(async {
        let mut store = RemoteStore::begin(Arc::clone(&remote), None, diary.clone());
        store.save(&diary).await.unwrap();
        let there = sandbox.host(0).join("hops/backups/hwdr/run.json");
        let before = fs::read(&there).unwrap();
        diary.findings.push("later".into());
        for bytes in ["0", "100"] {
            fs::write(sandbox.host(0).join("cut"), bytes).unwrap();
            store.save(&diary).await.unwrap_err();
            assert_eq!(fs::read(&there).unwrap(), before);
        }
        fs::remove_file(sandbox.host(0).join("cut")).unwrap();
        store.save(&diary).await.unwrap();
        let found = RemoteStore::find(&remote).await.unwrap().unwrap();
        assert_eq!(found.load().unwrap().findings, ["later"]);
        // An empty one is none: the one beside the backup is there.
        fs::write(&there, "").unwrap();
        let mut found = RemoteStore::find(&remote).await.unwrap().unwrap();
        assert_eq!((found.load().unwrap().findings, found.is_foreign()), (vec!["later".to_owned()], false));
        found.save(&diary).await.unwrap();
        assert!(!fs::read(&there).unwrap().is_empty());
    });
}

#[test]
fn a_second_copy_sends_only_what_is_new_and_shares_the_rest() {
    let sandbox = Sandbox::new(2);
    let remote = sandbox.remote(2);
    let there = sandbox.host(1).join("hops/dn/current");
    fs::create_dir_all(&there).unwrap();
    fs::write(there.join("blk_1"), vec![1; 5000]).unwrap();
    fs::write(sandbox.host(1).join("hops/dn/in_use.lock"), "x").unwrap();
    let copy = |to: &str, from: Option<&str>| Copy {
        host: name("h1"),
        account: Account::Hdfs,
        remote: "/sandbox/hops/dn".to_owned(),
        local: sandbox.folder.path().join(to),
        direction: Direction::Pull,
        options: ["--exclude=/in_use.lock".to_owned()]
            .into_iter()
            .chain(from.map(|from| format!("--link-dest={}", sandbox.folder.path().join(from).display())))
            .collect(),
        may_vanish: true,
        limit: Duration::from_secs(60),
    };
    block_on(async {
        assert_eq!(remote.copy(&copy("one", None)).await.unwrap(), 5000);
        fs::write(there.join("blk_2"), vec![2; 7000]).unwrap();
        assert_eq!(remote.copy(&copy("two", Some("one"))).await.unwrap(), 7000);
        let inode = |path: &str| fs::metadata(sandbox.folder.path().join(path)).unwrap().ino();
        assert_eq!(inode("one/current/blk_1"), inode("two/current/blk_1"));
        assert!(!sandbox.folder.path().join("two/in_use.lock").exists());
        // And back to an empty host.
        fs::remove_dir_all(&there).unwrap();
        let back = Copy { direction: Direction::Push, options: Vec::new(), ..copy("two", None) };
        assert_eq!(remote.copy(&back).await.unwrap(), 12_000);
        assert_eq!(fs::read(there.join("blk_2")).unwrap(), vec![2; 7000]);
        // A folder that is not there is no empty one.
        let missing = Copy { remote: "/sandbox/nothing".to_owned(), ..copy("three", None) };
        let failed = remote.copy(&missing).await.unwrap_err();
        assert!(matches!(failed.how, How::Status(23)), "{failed}");
    });
}

#[test]
fn the_doctor_names_what_is_wrong_on_each_host() {
    let sandbox = Sandbox::new(8);
    fs::write(sandbox.host(3).join("noise"), "Welcome!\n").unwrap();
    fs::write(sandbox.host(4).join("no-sudo-hdfs"), "").unwrap();
    fs::remove_dir_all(sandbox.host(5)).unwrap();
    let remote = sandbox.remote(8);
    let facts = block_on(look(&remote));
    let found = judge(&remote.inventory, &facts);
    let about = |host: &str, what: &str| {
        let found = found.iter().find(|it| it.about == host && it.what.contains(what));
        assert!(found.is_some_and(|it| it.level == Level::Error), "{host} {what}\n{found:#?}");
    };
    about("h3", "the shell prints text when it starts: Welcome!");
    about("h4", "sudo to hdfs fails");
    about("h5", "cannot be reached over SSH");
    about("h6", "/sandbox/hops/dn is not there (datanode)");
}
