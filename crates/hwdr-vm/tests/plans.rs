//! The commands of backups and restores as people see them: dry runs, the runbook's page, and its script, which is run with an `ssh` that writes
//! down what it gets. `UPDATE_GOLDEN=1` writes the files in testdata/vm anew.
#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use hwdr_values::source::Source;
use hwdr_vm::id::BackupId;
use hwdr_vm::inventory::{HostName, Inventory, read};
use hwdr_vm::manifest::BlocksOf;
use hwdr_vm::plan::backup::{self, UserDump};
use hwdr_vm::plan::restore::{self, finalize, undo};
use hwdr_vm::plan::{Step, dry_run};
use hwdr_vm::record::Diary;
use hwdr_vm::runbook;
use hwdr_vm::stored::Contents;

const FOLDER: &str = "/var/backups/hopsworks/2611302017";

fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/vm").join(name)
}

fn inventory() -> Inventory {
    let text = fs::read_to_string(testdata("inventory.yaml")).unwrap();
    read(&Source::new("inventory.yaml", text)).unwrap()
}

fn id() -> BackupId {
    "2611302017".parse().unwrap()
}

/// What a restore does, or what undoes and finalizes it.
fn steps(of: &str, safety: Option<BackupId>) -> Vec<Step> {
    steps_with(of, safety, &[])
}

/// The same, with data nodes that get no blocks.
fn steps_with(of: &str, safety: Option<BackupId>, bare: &[HostName]) -> Vec<Step> {
    let inventory = inventory();
    let parts = |node| (node, format!("BACKUP/BACKUP-{}", id()));
    let contents = Contents {
        files: Vec::new(),
        users: Some("sql/users.sql".to_owned()),
        schemas: Some("sql/schemata.sql".to_owned()),
        parts: vec![parts(1), parts(2)],
    };
    let blocks = ["data1", "data2"].map(|host| {
        let host = HostName::parse(host).unwrap();
        let own = BlocksOf {
            host: host.clone(),
            blocks: 12,
            bytes: 1 << 20,
            owner: "hdfs:hadoop".to_owned(),
            mode: "700".to_owned(),
            version: Default::default(),
        };
        (own, host)
    });
    let databases = ["hops".to_owned(), "it's`odd".to_owned()];
    let rows: BTreeMap<String, u64> = [("hops.hdfs_inodes".to_owned(), 7), ("mysql.ndb_schema".to_owned(), 1)].into();
    let charsets = [("hops".to_owned(), "latin1".to_owned())].into();
    let began = "2026-11-30T20:40:00Z".parse().unwrap();
    let diary = Diary {
        before: databases[..usize::from(safety.is_some())].to_vec(),
        databases: databases.to_vec(),
        blocks: blocks.to_vec(),
        bare: bare.to_vec(),
        safety,
        users: UserDump::Pump,
        slots: 6,
        ..Diary::new("test", id(), Path::new(FOLDER), began)
    };
    let request = restore::Request {
        diary: &diary,
        folder: Path::new(FOLDER),
        contents: &contents,
        charsets: &charsets,
        rows: &rows,
    };
    match of {
        "restore" => restore::restore(&inventory, &request),
        "undo" => undo(&inventory, &request, &|_| true),
        _ => finalize(&inventory, &request),
    }
}

fn golden(name: &str, text: &str) {
    let path = testdata(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, text).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), text, "{name}: UPDATE_GOLDEN=1 writes it anew");
}

#[test]
fn a_backup_runs_these_commands() {
    let inventory = inventory();
    let databases = ["hops".to_owned(), "hopsworks".to_owned()];
    let earlier = [PathBuf::from("/var/backups/hopsworks/2611292017")];
    let plan = |users| {
        let request =
            backup::Request { id: id(), folder: Path::new(FOLDER), databases: &databases, users, earlier: &earlier };
        dry_run(&backup::plan(&inventory, &request), &inventory, FOLDER)
    };
    golden("backup.txt", &plan(UserDump::Pump));
    // Where there is no mysqlpump.
    let dump = plan(UserDump::Dump);
    assert!(
        dump.contains("mysqldump -u root -S /srv/hops/mysql-cluster/mysql.sock --users --exclude-user=root@localhost"),
        "{dump}"
    );
}

#[test]
fn a_restore_runs_these_commands() {
    golden("restore.txt", &dry_run(&steps("restore", None), &inventory(), FOLDER));
    golden("restore-wipe.txt", &dry_run(&steps("restore", Some("2611302040".parse().unwrap())), &inventory(), FOLDER));
    golden("undo.txt", &dry_run(&steps("undo", Some("2611302040".parse().unwrap())), &inventory(), FOLDER));
    golden("finalize.txt", &dry_run(&steps("finalize", Some("2611302040".parse().unwrap())), &inventory(), FOLDER));
}

/// A data node that gets no blocks must forget the cluster that it was deployed in; its folder comes back, or is given up, like the others.
#[test]
fn folders_of_all_data_nodes_are_set_aside() {
    let bare = [HostName::parse("head2").unwrap()];
    for (of, name) in [("restore", "aside"), ("undo", "undo-blocks"), ("finalize", "finalize")] {
        let of_head2 = |bare| {
            let steps = steps_with(of, None, bare);
            let step = steps.into_iter().find(|step| step.name == name).unwrap();
            step.acts.iter().filter(|act| act.host().as_str() == "head2").count()
        };
        assert_eq!((of_head2(&bare), of_head2(&[])), (1, 0), "{of}");
    }
}

/// The scripts that set folders aside and put them back, run as they are.
#[test]
fn a_folder_that_was_set_aside_comes_back() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("dn");
    fs::create_dir_all(folder.join("current")).unwrap();
    fs::write(folder.join("current/VERSION"), "clusterID=CID-new\n").unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
    let bare = [HostName::parse("head2").unwrap()];
    let run = |of: &str, name: &str| {
        let steps = steps_with(of, None, &bare);
        let act = steps.iter().find(|step| step.name == name).unwrap().acts.iter().find(|act| act.host() == &bare[0]);
        let Some(hwdr_vm::plan::Act::Call(command)) = act else { panic!("{of} {name}") };
        let own = inventory().paths.blocks;
        let words = command.words.iter().map(|word| word.replace(&own, folder.to_str().unwrap()));
        let words: Vec<_> = words.collect();
        assert!(Command::new(&words[0]).args(&words[1..]).status().unwrap().success(), "{of} {name}");
    };
    let mode = || fs::metadata(&folder).unwrap().permissions().mode() & 0o777;
    // Each is repeated, as after an interruption.
    for _ in 0..2 {
        run("restore", "aside");
        assert_eq!((fs::read_dir(&folder).unwrap().count(), mode()), (0, 0o750));
    }
    fs::write(folder.join("restored"), "").unwrap();
    for _ in 0..2 {
        run("undo", "undo-blocks");
        assert!(folder.join("current/VERSION").exists() && !folder.join("restored").exists());
    }
}

/// Nothing may be dropped in a cluster that was found empty.
#[test]
fn nothing_is_dropped_without_wipe() {
    assert!(!dry_run(&steps("restore", None), &inventory(), FOLDER).contains("DROP"));
    let wiped = dry_run(&steps("restore", Some("2611302040".parse().unwrap())), &inventory(), FOLDER);
    let at = |text: &str| wiped.find(text).unwrap_or_else(|| panic!("{text}"));
    assert!(at("START BACKUP 2611302040") < at("DROP DATABASE") && at("DROP DATABASE") < at("--disable-indexes"));
}

#[test]
fn the_runbook_is_a_page_and_a_clean_script() {
    let inventory = inventory();
    let title = "Restore of backup 2611302017 of hopsworks-prod";
    golden("runbook.md", &runbook::page(&steps("restore", None), &inventory, title, FOLDER));
    let script = runbook::script(&steps("restore", Some("2611302040".parse().unwrap())), &inventory, title, FOLDER);
    golden("runbook.sh", &script);
    match Command::new("shellcheck").arg(testdata("runbook.sh")).output() {
        Ok(checked) => assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout)),
        Err(_) => assert!(Command::new("bash").arg("-n").arg(testdata("runbook.sh")).status().unwrap().success()),
    }
}

/// The script in front of MySQL's client, run as it is.
#[test]
fn sql_is_read_under_a_lock_and_users_that_are_there_stay() {
    let steps = steps("restore", None);
    let root = tempfile::tempdir().unwrap();
    let run = |name: &str, text: &str, status: i32| {
        let client = root.path().join("client");
        fs::write(&client, format!("#!/bin/sh\ncat\nexit {status}\n")).unwrap();
        fs::set_permissions(&client, fs::Permissions::from_mode(0o755)).unwrap();
        let step = steps.iter().find(|step| step.name == name).unwrap();
        let Some(hwdr_vm::plan::Act::Call(command)) = step.acts.first() else { panic!("{name}") };
        let is_client = |word: &String| word.ends_with("/mysql-client.sh");
        let words = command.words.iter().map(|word| if is_client(word) { client.to_str().unwrap() } else { word });
        let words: Vec<_> = words.collect();
        let input = root.path().join("input");
        fs::write(&input, text).unwrap();
        let done = Command::new(words[0]).args(&words[1..]).stdin(fs::File::open(&input).unwrap()).output().unwrap();
        (String::from_utf8(done.stdout).unwrap(), done.status.code())
    };
    let users = "CREATE USER 'a'@'%' X;\nCREATE USER IF NOT EXISTS 'b'@'%' X;\n-- CREATE USER\n";
    let expected = "DO GET_LOCK('hwdr', -1);\nCREATE USER IF NOT EXISTS 'a'@'%' X;\nCREATE USER IF NOT EXISTS 'b'@'%' X;\n-- CREATE USER\n";
    assert_eq!(run("users", users, 0), (expected.to_owned(), Some(0)));
    assert_eq!(run("schemas", users, 3), (format!("DO GET_LOCK('hwdr', -1);\n{users}"), Some(3)));
}

/// Programs that write down what they get: `ssh` answers as a good host does.
fn run_script(script: &str, fails_at: &str) -> (bool, String) {
    const SSH: &str = r#"#!/bin/bash
case $* in
  *"$FAILS_AT"*) [ -z "$FAILS_AT" ] || { echo 'it fails' >&2; exit 1; } ;;
esac
input=$([ -t 0 ] || cat)
echo "ssh $* <<< $input" >>"$LOG"
case $* in
  *safemode*)
    # The second name node leaves it later.
    if [ -e "$LOG.asked" ]; then echo 'Safe mode is OFF in head1 Safe mode is OFF in head2'; else echo 'Safe mode is OFF in head1 Safe mode is ON in head2'; fi
    touch "$LOG.asked" ;;
  *metadata_sync,*) echo looked ;;
  *'START BACKUP'*) echo 'Node 1: Backup 2611302040 started from node 49 completed' ;;
  # What RonDB 21 and 22 print.
  *ndb_restore*' -r '*) echo '2026-11-30 20:00:01 [restore_data] Restored 7 tuples and 0 log entries' ;;
  *ndb_restore*) echo '2026-11-30 20:00:00 [restore_metadata] Restoring tables' ;;
  *'counts the blocks'*) echo 'blocks 12' ;;
esac
"#;
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("ssh", SSH), ("rsync", "#!/bin/sh\necho \"rsync $*\" >>\"$LOG\"\n"), ("script", script)] {
        fs::write(folder.path().join(name), text).unwrap();
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    fs::create_dir_all(folder.path().join("backup/sql")).unwrap();
    for name in ["users", "schemata"] {
        fs::write(folder.path().join(format!("backup/sql/{name}.sql")), format!("the {name}\n")).unwrap();
    }
    // The backup lies elsewhere in the test.
    let text = script.replace(FOLDER, folder.path().join("backup").to_str().unwrap());
    fs::write(folder.path().join("script"), text).unwrap();
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command
        .arg(folder.path().join("script"))
        .env("PATH", path)
        .env("LOG", folder.path().join("log"))
        .env("FAILS_AT", fails_at);
    let done = command.output().unwrap();
    let log = fs::read_to_string(folder.path().join("log")).unwrap_or_default();
    (done.status.success(), format!("{log}{}", String::from_utf8_lossy(&done.stderr)))
}

/// Runs the script's function with a command that says this.
#[test]
fn the_script_lets_only_grants_for_what_is_gone_fail() {
    let head = include_str!("../src/runbook.sh");
    for (said, expected) in [
        ("Using socket: /x", true),
        ("ERROR 1146 (42S02) at line 3: Table 'a.b' doesn't exist", true),
        ("ERROR 1146 (42S02) at line 3: x\nERROR 2013 (HY000) at line 4: Lost connection", false),
    ] {
        let done =
            Command::new("bash").args(["-c", &format!("{head}\ngranted echo \"$1\""), "hwdr", said]).output().unwrap();
        assert_eq!(done.status.success(), expected, "{said}");
    }
}

#[test]
fn the_script_does_all_steps_and_stops_at_the_first_failure() {
    let steps = steps("restore", Some("2611302040".parse().unwrap()));
    let script = runbook::script(&steps, &inventory(), "Restore", FOLDER);
    let (is_good, log) = run_script(&script, "nothing fails");
    assert!(is_good, "{log}");
    for expected in [
        "<<< the users",
        "<<< the schemata",
        "DROP DATABASE `hops`;",
        "ALTER DATABASE `hops` CHARACTER SET latin1;",
        "kafka-restore.sh",
        "--rebuild-indexes",
        "rsync -rlpt",
    ] {
        assert!(log.contains(expected), "{expected}\n{log}");
    }
    assert_eq!(log.matches("safemode").count(), 2, "{log}");
    let (is_good, log) = run_script(&script, "--disable-indexes");
    assert!(!is_good && !log.contains("--rebuild-indexes") && log.contains("A command failed"), "{log}");
}
