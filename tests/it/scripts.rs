//! The scripts of injected Jobs, run by bash as in their containers, on backups made here and with stand-ins for the programs that talk to
//! servers. lab/tests uses NDB's real files, and the real programs.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use base64::Engine as _;
use hwdr::product::FIRST;
use hwdr::render;
use tempfile::TempDir;

use crate::common::executable;

const ID: &str = "254811200";

/// `rclone` on a folder, as far as the scripts ask for it.
const RCLONE: &str = r#"#!/bin/bash
words=() include='' recursive=false
while [ $# -gt 0 ]; do
  case $1 in
    --include) include=${2#/} && shift ;;
    --exclude | --min-size) shift ;;
    --recursive) recursive=true ;;
    --*) ;;
    *) words+=("$1") ;;
  esac
  shift
done
from=$BUCKETS/${words[1]#source:}
case ${words[0]} in
  copy) (cd "$from" && find . -type f -name "${include:-*}" -print0 | tar -c --null -T -) | tar -x -C "${words[2]}" ;;
  check) ;;
  cat) cat "$from" ;;
  lsf) cd "$from" && if $recursive; then find . -type f -name "${include:-*}" | sed 's#^\./##'; else ls -F; fi ;;
esac
"#;

/// A folder that stands for a container: `/work`, programs, and a bucket.
struct Container(TempDir);

/// What a script said, and how it ended.
struct Said {
    status: i32,
    text: String,
    last_word: String,
}

impl Container {
    fn new() -> Self {
        let container = Self(TempDir::new().expect("a folder"));
        for folder in ["bin", "work", "buckets"] {
            fs::create_dir(container.path(folder)).expect("a folder");
        }
        container.program("rclone", RCLONE);
        container
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    fn program(&self, name: &str, text: &str) {
        executable(&self.path(&format!("bin/{name}")), text);
    }

    /// A node's part of the backup.
    fn part(&self, node: u32, control: &[u8], log: &[u8]) {
        let folder = format!("buckets/bucket/rondb_backup/{ID}/rondb/{node}");
        self.write(&format!("{folder}/BACKUP-{ID}.{node}.ctl"), control);
        self.write(&format!("{folder}/BACKUP-{ID}.{node}.log"), log);
        self.write(&format!("{folder}/BACKUP-{ID}-0.{node}.Data"), "rows");
    }

    fn run(&self, script: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Said {
        let text = render::script(FIRST, script);
        let folder = self.0.path().to_str().expect("a path");
        let text =
            text.replace("/work", &format!("{folder}/work")).replace("/dev/termination-log", &format!("{folder}/said"));
        let text = text.replace("/key/", &format!("{folder}/key/"));
        self.write(script, text);
        let _ = fs::remove_file(self.path("said"));
        let path = format!("{folder}/bin:{}", std::env::var("PATH").unwrap_or_default());
        let output = Command::new("bash")
            .arg(self.path(script))
            .args(arguments)
            .env("PATH", path)
            .env("BUCKETS", self.path("buckets"))
            .env("FOLDER", folder)
            .envs([
                ("BUCKET", "bucket"),
                ("BACKUP_PREFIX", "rondb_backup"),
                ("BACKUP_ID", ID),
                ("PATIENCE", "0"),
                ("PODS", "1"),
            ])
            .envs([("MGMD", "mgmd:1186"), ("START_SECONDS", "5"), ("RESTORE_SECONDS", "5")])
            .envs(environment.iter().copied())
            .output()
            .expect("bash");
        Said {
            status: output.status.code().unwrap_or(-1),
            text: String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            last_word: self.read("said"),
        }
    }

    fn rows(&self) -> Vec<String> {
        let mut rows: Vec<_> = self.read("work/rows").lines().map(str::to_owned).collect();
        rows.sort();
        rows
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn section(kind: u32, content: &[u8]) -> Vec<u8> {
    [words(&[kind, 2 + u32::try_from(content.len() / 4).unwrap()]), content.to_vec()].concat()
}

/// The 12 words in front of a control file (1), a log (2), or one that is read backwards (5).
fn header(kind: u32) -> Vec<u8> {
    [b"NDBBCKUP".to_vec(), words(&[0x08_0000, 1, 10, kind, 254_811_200, 1, 2, 0x1234_5678, 9, 9])].concat()
}

/// The control file of a second node: the first counts the rows.
fn second_control() -> Vec<u8> {
    [header(1), section(4, &words(&[12]))].concat()
}

fn table(id: u32, name: &str) -> Vec<u8> {
    table_with(id, name, &[])
}

/// With more properties, each a key and a number.
fn table_with(id: u32, name: &str, properties: &[u32]) -> Vec<u8> {
    let mut text = [name.as_bytes(), b"\0"].concat();
    let length = u32::try_from(text.len()).unwrap();
    text.resize(text.len().next_multiple_of(4), 0);
    section(5, &[words(&[2, 1 << 16 | 1, length]), text, words(&[2, id]), words(properties), words(&[999, 0])].concat())
}

fn fragment(table: u32, fragment: u32, rows: u32) -> Vec<u8> {
    section(7, &words(&[table, fragment, rows, 0, 0, 0]))
}

/// What the node that led the backup has counted.
fn control() -> Vec<u8> {
    [
        header(1),
        section(4, &words(&[12, 13, 14, 15, 16, 4])),
        table(12, "hopsworks/def/project"),
        table(13, "heartbeat/def/heartbeat"),
        table(14, "hopsworks/def/NDB$BLOB_12_3"),
        table(15, "hopsworks/def/left out"),
        table(16, "hopsworks/def/NDB$BLOB_15_3"),
        table(4, "mysql/def/ndb_schema"),
        section(6, &words(&[10, 20])),
        fragment(12, 0, 500),
        fragment(12, 1, 600),
        fragment(12, 2, 0),
        fragment(13, 0, 3),
        fragment(14, 0, 2),
        fragment(15, 0, 7),
        fragment(16, 0, 9),
        fragment(4, 0, 1),
    ]
    .concat()
}

/// An insert, and `deleted` deletes, of table 12.
fn log(deleted: usize) -> Vec<u8> {
    let entries =
        [words(&[4, 12, 0, 0, 7]), words(&[5, 12, 0x1_0001, 0, 1, 99]).repeat(deleted), words(&[0]), vec![0; 64]];
    [header(2), entries.concat()].concat()
}

/// As NDB writes it with `CompressedBackup=1`: what gzip makes, with another head and tail.
fn compressed(plain: &[u8]) -> Vec<u8> {
    let mut gzip =
        Command::new("gzip").args(["-n", "-c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("gzip");
    gzip.stdin.take().expect("a pipe").write_all(plain).expect("gzip reads");
    let packed = gzip.wait_with_output().expect("gzip").stdout;
    let mut head = vec![254, 3, 1, 16, 0, 0, 2];
    head.resize(512, 0);
    [&head[..], &packed[10..], b"DBDN", &[0; 200]].concat()
}

#[test]
fn compressed_control_files_count_the_same_rows() {
    for form in [|plain: &[u8]| plain.to_vec(), |plain: &[u8]| compressed(plain)] {
        let container = Container::new();
        container.part(1, &form(&control()), &form(&log(2)));
        container.part(2, &form(&second_control()), &form(&log(1)));
        let said = container.run("fetch.sh", &["rows"], &[]);
        assert_eq!(said.status, 0, "{}", said.text);
        let expected = [
            "12 0 500 hopsworks/def/project",
            "12 1 600 hopsworks/def/project",
            "13 0 3 heartbeat/def/heartbeat",
            "14 0 2 hopsworks/def/NDB$BLOB_12_3",
            "15 0 7 hopsworks/def/left out",
            "16 0 9 hopsworks/def/NDB$BLOB_15_3",
            "4 0 1 mysql/def/ndb_schema",
        ];
        assert_eq!(container.rows(), expected);
        let mut deleted: Vec<_> = container.read("work/deleted").lines().map(str::to_owned).collect();
        deleted.sort();
        assert_eq!(deleted, ["12 1", "12 2"]);
    }
}

/// A backup that NDB itself wrote (MySQL 9.7.2, two data nodes, `CompressedBackup=1`, rows deleted while it ran), without its rows: 22,584 by its own
/// word, and 405 entries in its logs.
#[test]
fn files_of_a_real_backup_are_read() {
    let container = Container::new();
    for node in [1, 2] {
        let file = |kind: &str| {
            fs::read(format!("{}/testdata/ndb/BACKUP-{ID}.{node}.{kind}", env!("CARGO_MANIFEST_DIR"))).expect("a file")
        };
        container.part(node, &file("ctl"), &file("log"));
    }
    let said = container.run("fetch.sh", &["rows"], &[]);
    assert_eq!(said.status, 0, "{}", said.text);
    let expected = [
        "2 0 1 sys/def/SYSTAB_0",
        "2 1 1 sys/def/SYSTAB_0",
        "4 0 1535 hopsworks/def/project",
        "4 1 1465 hopsworks/def/project",
        "6 0 9780 hopsworks/def/other",
        "6 1 9749 hopsworks/def/other",
        "7 0 1 heartbeat/def/heartbeat",
        "7 1 2 heartbeat/def/heartbeat",
        "8 0 23 other_db/def/t1",
        "8 1 27 other_db/def/t1",
    ];
    assert_eq!(container.rows(), expected);
    assert_eq!(container.read("work/deleted"), "6 203\n6 202\n");
    // As that backup was restored: fewer than it counts, by what its logs delete.
    let counted = "hopsworks.project 3000\nhopsworks.other 19209\nheartbeat.heartbeat 3\nother_db.t1 50\n";
    assert_eq!(compare(&container, counted).status, 0);
}

#[test]
fn what_is_left_out_is_not_counted() {
    let container = Container::new();
    container.part(1, &compressed(&control()), &log(0));
    let left_out = [("EXCLUDE_DATABASES", "ycsb,dbt2,heartbeat"), ("EXCLUDE_TABLES", "hopsworks.left out")];
    let said = container.run("fetch.sh", &["look"], &left_out);
    assert_eq!(said.status, 0, "{}", said.text);
    let expected = [
        "12 0 500 hopsworks/def/project",
        "12 1 600 hopsworks/def/project",
        "14 0 2 hopsworks/def/NDB$BLOB_12_3",
        "4 0 1 mysql/def/ndb_schema",
    ];
    assert_eq!(container.rows(), expected);
    assert!(said.last_word.contains("1103 rows"), "{}", said.last_word);
}

/// `ndb_restore` reads no backup of a newer RonDB: the tag of the image may show that.
#[test]
fn a_backup_of_a_newer_rondb_is_warned_of() {
    // The version is the 11th word of the header.
    let wrote = |version: [u8; 3]| {
        let mut control = control();
        control[40..44].copy_from_slice(&[&[0], &version[..]].concat());
        control
    };
    for (version, image, is_newer) in [
        ([24, 10, 6], "registry:5000/rondb:24.10.5", true),
        ([24, 10, 6], "rondb:22.10.17-h1", true),
        ([24, 10, 6], "rondb:24.10.6", false),
        ([22, 10, 1], "rondb:24.10.0", false),
        // Of another numbering, or none.
        ([24, 10, 6], "hopsworks/rondb:4.8.0", false),
        ([24, 10, 6], "rondb:24.08.09@sha256:ab", true),
        ([24, 10, 6], "rondb:24.08.09", true),
        ([200, 1, 1], "rondb:24.10.0", false),
        ([24, 10, 6], "rondb@sha256:ab", false),
        ([24, 10, 6], "", false),
    ] {
        let container = Container::new();
        container.part(1, &wrote(version), &log(0));
        container.part(2, &second_control(), &log(0));
        let said = container.run("fetch.sh", &["look"], &[("IMAGE", image)]);
        assert_eq!(said.status, 0, "{image}: {}", said.text);
        let words = format!("RonDB 24.10.6 wrote it, which is newer than {image}");
        assert_eq!(said.last_word.starts_with("WARNING: "), is_newer, "{image}: {}", said.last_word);
        assert_eq!(said.last_word.contains(&words), is_newer, "{image}: {}", said.last_word);
    }
}

/// What cannot be counted is not restored: nobody would see that a part is missing.
#[test]
fn control_files_that_cannot_be_read_are_refused() {
    let mut damaged = compressed(&control());
    damaged[530] ^= 0xff;
    let whole = control();
    for (control, expected) in [
        (damaged, "is damaged"),
        ([b"NDBXFRM1".to_vec(), vec![0; 600]].concat(), "is encrypted"),
        (whole[..whole.len() - 8].to_vec(), "is cut short"),
        (whole[..30].to_vec(), "is no control file"),
        (b"something else".to_vec(), "is no file of an NDB backup"),
        (Vec::new(), "is no file of an NDB backup"),
    ] {
        let container = Container::new();
        container.part(1, &control, &log(0));
        let said = container.run("fetch.sh", &["control"], &[]);
        assert!(said.status != 0 && said.text.contains(expected), "{expected}: {} {}", said.status, said.text);
    }
}

/// `counted`: what the cluster holds, as `database.table rows`.
fn compare(container: &Container, counted: &str) -> Said {
    container.write("counts", counted);
    container.program("ndb_waiter", "#!/bin/sh\n");
    let count = r#"#!/bin/bash
for word; do
  case $word in
    --database=*) database=${word#*=} ;;
    --*) ;;
    *) grep -q "^$database.$word " "$FOLDER/counts" &&
      echo "$(sed -n "s/^$database.$word //p" "$FOLDER/counts") records in table $word" || echo " Table $word does not exist!" ;;
  esac
done
echo; echo "NDBT_ProgramExit: 0 - OK"
"#;
    container.program("ndb_select_count", count);
    container.run("rows.sh", &["restore-native-backup"], &[])
}

#[test]
fn a_restore_that_lies_is_found_out() {
    let container = Container::new();
    container.part(1, &control(), &log(2));
    container.part(2, &second_control(), &log(0));
    let fetched = container.run("fetch.sh", &["rows"], &[("EXCLUDE_DATABASES", "heartbeat")]);
    assert_eq!(fetched.status, 0, "{}", fetched.text);

    let whole = "hopsworks.project 1100\nhopsworks.left out 7\n";
    let said = compare(&container, whole);
    assert_eq!((said.status, said.text.as_str()), (0, said.last_word.as_str()), "{}", said.text);
    assert!(said.text.contains("all 1107 rows of 2 tables"), "{}", said.text);

    // More were written while the backup was made, or deleted, as its log says.
    for counted in ["hopsworks.project 1101\nhopsworks.left out 7\n", "hopsworks.project 1098\nhopsworks.left out 7\n"]
    {
        assert_eq!(compare(&container, counted).status, 0);
    }
    let said = compare(&container, "hopsworks.project 1097\n");
    assert_eq!(said.status, 1, "{}", said.text);
    for expected in [
        "Job restore-native-backup",
        "hopsworks.project has 1097 of 1100 rows",
        "hopsworks.left out has no table for of 7",
    ] {
        assert!(said.text.contains(expected), "{expected}: {}", said.text);
    }

    // One that is read backwards leads to the beginning of the backup.
    container.part(2, &second_control(), &header(5));
    assert_eq!(container.run("fetch.sh", &["rows"], &[]).status, 0);
    let said = compare(&container, "hopsworks.project 1\nhopsworks.left out 7\nheartbeat.heartbeat 3\n");
    assert!(said.status == 0 && said.last_word.starts_with("WARNING: 1 of 3 tables"), "{}", said.text);
}

/// Rows that have expired are in the backup, and nobody sees them.
#[test]
fn tables_whose_rows_expire_are_not_compared() {
    const NONE: u32 = 0xffff_ff00;
    let tables = [
        header(1),
        table_with(12, "hopsworks/def/project", &[159, 0, 164, NONE, 165, NONE]),
        table_with(13, "hopsworks/def/passing", &[164, 3600, 165, 2]),
        table_with(14, "hopsworks/def/everywhere", &[159, 1]),
    ];
    let fragments = [fragment(12, 0, 5), fragment(13, 0, 6), fragment(14, 0, 7)];
    let container = Container::new();
    container.part(1, &[tables.concat(), fragments.concat()].concat(), &log(0));
    assert_eq!(container.run("fetch.sh", &["rows"], &[]).status, 0);
    let said = compare(&container, "hopsworks.project 5\n");
    assert!(said.status == 0 && said.text.contains("all 5 rows of 1 tables"), "{}", said.text);
    assert!(said.text.contains("not compared: 2 tables"), "{}", said.text);
}

#[test]
fn without_the_part_that_counts_nothing_is_believed() {
    let container = Container::new();
    container.part(2, &second_control(), &log(0));
    assert_eq!(container.run("fetch.sh", &["rows"], &[]).status, 0);
    let said = compare(&container, "hopsworks.project 500\n");
    assert!(said.status == 1 && said.text.contains("no part of backup"), "{}", said.text);
}

/// What is read is no part of a program.
#[test]
fn names_of_tables_do_nothing() {
    let container = Container::new();
    let odd = "a$(touch $FOLDER/done)`b`";
    let control = [header(1), table(12, &format!("hopsworks/def/{odd}")), fragment(12, 0, 5)].concat();
    container.part(1, &control, &log(0));
    assert_eq!(container.run("fetch.sh", &["rows"], &[]).status, 0);
    let said = compare(&container, "");
    assert!(said.status == 1 && said.text.contains(&format!("hopsworks.{odd} has no table for of 5")), "{}", said.text);
    assert!(!container.path("done").exists());
}

/// Nor are they lines of their own: what stands where a number should is a program to bash's arithmetic.
#[test]
fn a_line_break_in_a_name_is_no_line_of_its_own() {
    let odd = "a\n12 1 x[$(touch${IFS}$FOLDER/done)] hopsworks/def/a\n";
    let control = [
        header(1),
        table(12, &format!("hopsworks/def/{odd}")),
        table(13, "hopsworks/def/project"),
        fragment(12, 0, 5),
        fragment(13, 0, 2),
    ];
    let container = Container::new();
    container.part(1, &control.concat(), &log(0));
    assert_eq!(container.run("fetch.sh", &["rows"], &[]).status, 0);
    assert_eq!(container.rows(), ["12 0 5 -", "13 0 2 hopsworks/def/project"]);
    let said = compare(&container, "hopsworks.project 2\n");
    assert_eq!(said.status, 0, "{}", said.text);
    container.program("ndb_show_tables", "#!/bin/sh\n");
    container.program("ndb_restore", "#!/bin/sh\necho 'Processing data in table: x(12) fragment 1'\n");
    let environment = [("JOB_COMPLETION_INDEX", "0")];
    assert_eq!(container.run("fetch.sh", &["parts"], &environment).status, 0);
    let said = container.run("rondb.sh", &["data"], &environment);
    assert_eq!((said.status, said.last_word.as_str()), (0, "0\n"), "{}", said.text);
    assert!(!container.path("done").exists());
}

/// `hopsfs.sh` where a ConfigMap says this of the backup, and its files these times: the moments that are brought back.
fn hopsfs(entry: &str, files: &str) -> Said {
    let container = Container::new();
    let metadata = serde_json::json!({"data": {ID: entry}}).to_string();
    container.write("metadata", metadata);
    container.program("kubectl", "#!/bin/sh\ncat $FOLDER/metadata\n");
    let rclone = format!(
        "#!/bin/sh\n[ $1 != lsf ] || {{ printf '{files}'; exit; }}\necho \"$*\" | grep -o 'version_at=\"[^\"]*\"'\n"
    );
    container.program("rclone", &rclone);
    let time = "2025-11-24T12:00:00Z";
    let environment = [("METADATA_CONFIGMAP", "m"), ("RONDB_ID", ID), ("RONDB_TIME", time), ("BACKUP_TIME", time)];
    container.run("hopsfs.sh", &[], &environment)
}

#[test]
fn a_time_of_the_metadata_that_is_none_is_not_known() {
    let whole = r#"{"state":"SUCCESS","start_time":"2025-11-24T12:00:05.5Z","end_time":"2025-11-24T12:30:00Z"}"#;
    let said = hopsfs(whole, "2025-11-24 14:10:00\\n");
    assert!(
        said.status == 0 && !said.text.contains("14:10") && said.text.contains("version_at=\"2025-11-24 12:30:00\""),
        "{}",
        said.text
    );
    assert!(
        said.text.contains("version_at=\"2025-11-24 12:00:05\"") && !said.text.contains("WARNING"),
        "{}",
        said.text
    );
    for end in ["", r#","end_time":"soon""#, r#","end_time":"""#, r#","end_time":{}"#] {
        let entry = format!(r#"{{"state":"SUCCESS","start_time":"2025-11-24T12:00:05Z"{end}}}"#);
        // The files were written when it ended: the newest of them tells. None can be from before it began.
        let said = hopsfs(&entry, "2025-11-24 14:10:00\\n2025-11-24 14:12:30\\n2025-11-24 12:01:00\\n");
        assert!(said.status == 0 && !said.text.contains("WARNING"), "{end}: {}", said.text);
        assert!(said.text.contains("version_at=\"2025-11-24 14:12:30\""), "{end}: {}", said.text);
        let said = hopsfs(&entry, ["", "2025-11-24 11:59:00\\n"][usize::from(end.is_empty())]);
        assert!(said.status == 0 && said.text.contains("WARNING"), "{end}: {}", said.text);
        assert!(said.text.contains("version_at=\"2025-11-24 13:00:00\""), "{end}: {}", said.text);
        assert!(!said.text.contains("version_at=\"\""), "{end}: {}", said.text);
    }
}

#[test]
fn a_count_that_fails_is_tried_again() {
    let container = Container::new();
    container.part(1, &control(), &log(0));
    assert_eq!(container.run("fetch.sh", &["rows"], &[]).status, 0);
    compare(&container, "");
    container.program("ndb_select_count", "#!/bin/sh\necho no connection\nexit 1\n");
    let said = container.run("rows.sh", &["restore-native-backup"], &[]);
    assert!(said.status == 75 && said.text.contains("no connection"), "{} {}", said.status, said.text);
}

/// A Job that was made at `made`, by hwdr or by the chart, and is complete.
fn gate(made: &str, is_ours: bool, any_age: &str) -> Said {
    let container = Container::new();
    let label = if is_ours { ID } else { "" };
    let kubectl = format!(
        "#!/bin/sh\ncase $* in\n  *configmap*) echo 2026-02-13T12:00:00Z ;;\n  *) echo '{made}/{label} Complete=CompletionsReached ' ;;\nesac\n"
    );
    container.program("kubectl", &kubectl);
    let environment = [("SCRIPTS", "hwdr-scripts-1"), ("GATE_SECONDS", "5"), ("ANY_AGE", any_age)];
    container.run("gate.sh", &["restore-native-backup"], &environment)
}

#[test]
fn a_job_of_long_ago_opens_no_gate() {
    for (made, is_ours, any_age, opens) in [
        ("2026-02-13T12:00:01Z", true, "", true),
        ("2026-02-13T11:59:59Z", true, "", false),
        // Helm makes the chart's own Jobs before hwdr's scripts.
        ("2026-02-13T11:58:00Z", false, "", true),
        ("2026-02-13T12:01:00Z", false, "", true),
        ("2025-11-01T12:00:00Z", false, "", false),
        ("2025-11-01T12:00:00Z", false, "setup-mysqld-dont-remove", false),
        ("2025-11-01T12:00:00Z", false, "setup-mysqld-dont-remove restore-native-backup", true),
    ] {
        let said = gate(made, is_ours, any_age);
        assert_eq!(said.status == 0, opens, "{made} {is_ours} {any_age}: {}", said.text);
        assert!(opens || said.text.contains("is left from an earlier restore"), "{}", said.text);
    }
}

/// `ndb_restore` that writes its arguments down and ends with `status`.
fn restore(part: &str, waiter: &str, status: u8) -> (Said, String) {
    let container = Container::new();
    container.part(1, &control(), &log(0));
    let left_out = [("EXCLUDE_DATABASES", "heartbeat,ycsb"), ("EXCLUDE_TABLES", "a.b"), ("JOB_COMPLETION_INDEX", "0")];
    assert_eq!(container.run("fetch.sh", &["parts"], &left_out).status, 0);
    container.program("ndb_waiter", waiter);
    container.program("ndb_show_tables", "#!/bin/sh\n");
    container.program(
        "ndb_restore",
        &format!("#!/bin/sh\necho \"$*\" >>$FOLDER/calls\n[ \"$1\" = --help ] || exit {status}\n"),
    );
    let said = container.run("rondb.sh", &[part], &left_out);
    let calls = container.read("calls");
    (said, calls.lines().filter(|line| !line.starts_with("--help")).collect())
}

#[test]
fn every_part_of_the_restore_leaves_the_same_out() {
    for part in ["metadata", "data", "indexes"] {
        let (said, calls) = restore(part, "#!/bin/sh\n", 0);
        assert_eq!(said.status, 0, "{}", said.text);
        assert!(calls.ends_with("--exclude-databases=heartbeat,ycsb --exclude-tables=a.b"), "{calls}");
    }
}

/// Status 75 alone says that another try does no harm (`podFailurePolicy`).
#[test]
fn only_what_has_not_begun_is_tried_again() {
    let (said, calls) = restore("metadata", "#!/bin/sh\nexit 1\n", 0);
    assert_eq!((said.status, calls.as_str()), (75, ""), "{}", said.text);
    assert_eq!(restore("metadata", "#!/bin/sh\n", 75).0.status, 1);
    assert_eq!(restore("metadata", "#!/bin/sh\n", 3).0.status, 3);
}

/// `curl` that writes down what it is given, and ends with `status`.
fn opensearch(password: &str, ca: &str, status: u8) -> (Said, String, String) {
    let container = Container::new();
    let curl = format!(
        "#!/bin/bash\nfor word; do\n  [ \"$last\" != --config ] || cat \"$word\" >\"$FOLDER/settings\"\n  last=$word\ndone\n\
         env >\"$FOLDER/environment\"\necho \"$*\" >>\"$FOLDER/calls\"\nexit {status}\n"
    );
    container.program("curl", &curl);
    let environment = [
        ("OPENSEARCH_URL", "https://opensearch:9200"),
        ("OPENSEARCH_PASSWORD", password),
        ("OPENSEARCH_CA", ca),
        ("OPENSEARCH_CA_FROM", "Secret certs"),
        ("REPOSITORY", "default"),
        ("SNAPSHOT", ID),
        ("PAYLOAD", "{}"),
        ("INDICES", ""),
        ("MANDATORY_INDICES", "projects"),
    ];
    let said = container.run("opensearch.sh", &[], &environment);
    assert!(
        !container.read("environment").contains("OPENSEARCH_PASSWORD"),
        "curl needs no password in its environment"
    );
    (said, container.read("settings"), container.read("calls"))
}

/// Settings of curl's are one to a line, in quotes: `url = "http://elsewhere"` would send the login there.
#[test]
fn a_password_is_no_setting_of_curls() {
    for password in [
        "simple",
        "a\"\nurl = \"http://elsewhere\"\n#",
        "\\",
        "\r\n\t\"",
        "gr\u{fc}n \u{2028}",
        &"long".repeat(100),
        "",
    ] {
        let (_, settings, calls) = opensearch(password, "", 60);
        let login =
            settings.strip_prefix("header = \"Authorization: Basic ").and_then(|rest| rest.strip_suffix("\"\n"));
        let login = login.unwrap_or_else(|| panic!("{password:?}: {settings}"));
        assert!(login.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte)), "{login}");
        let mut decoder =
            Command::new("base64").arg("-d").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        decoder.stdin.take().expect("a pipe").write_all(login.as_bytes()).expect("base64 reads");
        let decoded = decoder.wait_with_output().expect("base64").stdout;
        assert_eq!(String::from_utf8_lossy(&decoded), format!("admin:{password}"));
        assert!(password.is_empty() || !calls.contains(password), "{calls}");
    }
}

#[test]
fn a_server_that_the_charts_ca_does_not_know_is_sent_nothing_more() {
    for status in [60, 77] {
        let (said, _, calls) = opensearch("p", "/ca/ca.crt", status);
        assert!(calls.contains("--cacert /ca/ca.crt") && !calls.contains("--insecure"), "{calls}");
        assert!(
            said.status == 1 && said.text.contains("cannot be checked by the chart's CA (Secret certs)"),
            "{}",
            said.text
        );
        assert_eq!(calls.lines().count(), 1, "{calls}");
        // The way on, and what it costs: each line short enough to be shown whole.
        for words in ["hwdr.opensearch.insecureSkipTLSVerify: true", "can take OpenSearch's password"] {
            assert!(said.text.contains(words), "{}", said.text);
        }
        assert!(said.text.lines().all(|line| line.chars().count() < 400), "{}", said.text);
    }
    // Where the chart has none, or the values say so, the plan has told it.
    let (_, _, calls) = opensearch("p", "", 60);
    assert!(calls.contains("--insecure") && !calls.contains("--cacert"), "{calls}");
}

/// What lies in the bucket is SQL: no line of it is a command of the client, and nothing in it reads or writes files of the pod.
#[test]
fn sql_of_the_backup_is_read_as_sql_alone() {
    let container = Container::new();
    container.program(
        "mysqld",
        "#!/bin/bash\necho \"$*\" >>\"$FOLDER/servers\"\n[[ $* != *--initialize-insecure* ]] || exit 0\nexec sleep 30\n",
    );
    container.program(
        "mysql",
        "#!/bin/bash\necho \"$*\" >>\"$FOLDER/clients\"\n[[ $* == *-e* ]] || cat >>\"$FOLDER/read\"\necho 1\n",
    );
    container.write("work/sql/databases.sql", "CREATE DATABASE a;\n\\! touch /tmp/x\n");
    container.write("work/sql/users.sql", "system touch /tmp/x\nCREATE USER u;\n");
    let said = container.run("mysqld.sh", &["sql"], &[("MYSQL_ROOT_PASSWORD", "p'\\w")]);
    assert_eq!(said.status, 0, "{}", said.text);
    let clients = container.read("clients");
    for client in clients.lines() {
        assert!(client.starts_with("--no-defaults --binary-mode --local-infile=0 "), "{client}");
    }
    assert!(clients.lines().count() >= 4, "{clients}");
    for server in container.read("servers").lines() {
        assert!(server.contains("--secure-file-priv=NULL --local-infile=OFF"), "{server}");
    }
    // Whatever is no statement stays what it is, for the server to refuse.
    let read = container.read("read");
    assert!(read.contains("\\! touch /tmp/x\n") && read.contains("system touch /tmp/x\n"), "{read}");
    assert!(read.contains("CREATE USER IF NOT EXISTS u;") && read.contains("IDENTIFIED BY 'p''\\\\w'"), "{read}");
}

const SUPERSET: &str = "20260722215632-2116913658";
const REVISION: &str = "c233f5365c9e";

/// A dump as mysqldump writes it, as far as the scripts look at it.
fn dump(revision: &str, last: &str) -> Vec<u8> {
    let sql = format!(
        "-- MySQL dump 10.13\nSET @@SESSION.SQL_LOG_BIN= 0;\nSET @@GLOBAL.GTID_PURGED=/*!80000 '+'*/ '3e11fa47:1-5,\n4e11:1-3';\n\
         CREATE TABLE `alembic_version` (\n  `version_num` varchar(32) NOT NULL\n);\n\
         INSERT INTO `alembic_version` VALUES ('{revision}');\nINSERT INTO `dbs` VALUES (1,'a\\n\\\\! id');\n{last}"
    );
    let mut gzip = Command::new("gzip").arg("-n").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().expect("a pipe").write_all(sql.as_bytes()).expect("gzip reads");
    gzip.wait_with_output().expect("gzip").stdout
}

const WHOLE: &str = "-- Dump completed on 2026-07-22 21:56:33\n";

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The Velero backup with the key.
const ARCHIVE: &str = "k8s_backup/backups/main/main.tar.gz";

/// A container with a backup of Superset in the bucket.
fn superset(dump: &[u8], manifest: &str) -> Container {
    let container = Container::new();
    container.program("timeout", "#!/bin/bash\nshift\nexec \"$@\"\n");
    let folder = format!("buckets/bucket/superset_backup/{SUPERSET}");
    container.write(&format!("{folder}/superset.sql.gz"), dump);
    container.write(&format!("{folder}/manifest.json"), manifest);
    container
}

fn manifest(dump: &[u8], key: &str) -> String {
    format!(
        r#"{{"backupId": "{SUPERSET}", "dump": {{"path": "superset_backup/{SUPERSET}/superset.sql.gz", "sizeBytes": {}, "sha256": "{}"}},
            "image": "superset:6.0.0", "schemaVersion": "{REVISION}", "secretKeyFingerprint": "{}"}}"#,
        dump.len(),
        sha256(dump),
        sha256(key.as_bytes())
    )
}

fn look_at_superset(container: &Container, key: &str, is_restored: &str) -> Said {
    let environment = [
        ("BACKUP_PREFIX", "superset_backup"),
        ("BACKUP_ID", SUPERSET),
        ("SUPERSET_SECRET_KEY", key),
        ("KEY_SECRET", "superset-secret-key"),
        ("KEY_IS_RESTORED", is_restored),
        ("VELERO_ARCHIVE", &format!("bucket/{ARCHIVE}")),
        ("NAMESPACE", "hopsworks"),
        ("DATABASE", "superset"),
        ("APPS", "superset"),
        ("INITIATED_BY", "ops"),
    ];
    container.run("superset.sh", &["look"], &environment)
}

#[test]
fn a_dump_of_superset_is_as_its_manifest_says() {
    let whole = dump(REVISION, WHOLE);
    let container = superset(&whole, &manifest(&whole, "key"));
    let said = look_at_superset(&container, "key", "false");
    assert_eq!(said.status, 0, "{}", said.text);
    assert!(
        said.last_word.contains(REVISION) && said.last_word.contains("made with this cluster's key"),
        "{}",
        said.last_word
    );
    assert_eq!(container.read("work/revision").trim(), REVISION);

    let flipped: Vec<u8> = whole.iter().enumerate().map(|(at, byte)| if at == 30 { byte ^ 1 } else { *byte }).collect();
    let cut = dump(REVISION, "");
    let other =
        manifest(&whole, "key").replace(&format!(r#""backupId": "{SUPERSET}""#), r#""backupId": "20260101000000-1""#);
    for (dump, manifest, words) in [
        (&flipped, &manifest(&whole, "key"), "is not what its manifest describes: SHA-256"),
        (&whole[..whole.len() - 9].to_vec(), &manifest(&whole, "key"), "is not what its manifest describes: SHA-256"),
        (&whole, &other, "is not what its manifest describes: id"),
        (&cut, &manifest(&cut, "key"), "is cut short"),
        (&whole, &"[1]".to_owned(), "is not a JSON object"),
        (&Vec::new(), &manifest(&whole, "key"), "superset.sql.gz is missing or empty"),
    ] {
        let container = superset(dump, manifest);
        let said = look_at_superset(&container, "key", "false");
        assert!(said.status == 1 && said.text.contains(words), "{words}: {}", said.text);
        // Nobody waits for what does not come.
        assert_eq!(container.read("work/revision").trim(), "-");
    }
}

#[test]
fn the_key_of_a_dump_is_compared_where_that_can_be() {
    let whole = dump(REVISION, WHOLE);
    let said = |manifest: &str, restored| look_at_superset(&superset(&whole, manifest), "key", restored);
    let own = manifest(&whole, "key");
    let (full, short) = (sha256(b"key"), &sha256(b"key")[..16]);
    assert_eq!(said(&own.replace(&full, short), "false").status, 0);
    let other = manifest(&whole, "another");
    let refused = said(&other, "false");
    assert!(
        refused.status == 1 && refused.text.contains("made with another key than this cluster has"),
        "{}",
        refused.text
    );
    // Velero brings that key back.
    let warned = said(&other, "true");
    assert!(warned.status == 0 && warned.last_word.starts_with("WARNING: "), "{}", warned.last_word);
    // What it brings back is looked at.
    let archived = |secret: &str, key: &str| {
        let container = superset(&whole, &other);
        let folder = "resources/secrets/namespaces/hopsworks";
        let encoded = base64::engine::general_purpose::STANDARD.encode(key);
        container.write(&format!("x/{folder}/{secret}.json"), format!(r#"{{"data": {{"secret-key": "{encoded}"}}}}"#));
        fs::create_dir_all(container.path("buckets/bucket/k8s_backup/backups/main")).expect("a folder");
        let archive = container.path(&format!("buckets/bucket/{ARCHIVE}"));
        let made =
            Command::new("tar").arg("-C").arg(container.path("x")).arg("-czf").arg(archive).arg("resources").status();
        assert!(made.expect("tar").success());
        look_at_superset(&container, "key", "true")
    };
    let brought = archived("superset-secret-key", "another");
    assert!(
        brought.status == 0 && brought.last_word.contains("the key that Velero brings back"),
        "{}",
        brought.last_word
    );
    let refused = archived("superset-secret-key", "a third");
    assert!(
        refused.status == 1 && refused.text.contains("and than bucket/k8s_backup/backups/main/main.tar.gz"),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains("third"), "{}", refused.text);
    let warned = archived("others-secret-key", "another");
    assert!(warned.status == 0 && warned.last_word.starts_with("WARNING: "), "{}", warned.last_word);
    for unknown in ["none", "crc:1234", ""] {
        let warned = said(&own.replace(&full, unknown), "false");
        assert!(
            warned.status == 0 && warned.last_word.contains("cannot be compared"),
            "{unknown}: {}",
            warned.last_word
        );
    }
}

#[test]
fn a_dump_of_superset_is_read_as_sql_alone() {
    let whole = dump(REVISION, WHOLE);
    let container = superset(&whole, "{}");
    container.write("work/backup/superset.sql.gz", &whole);
    container.program(
        "mysql",
        "#!/bin/bash\necho \"$*\" >>\"$FOLDER/calls\"\n[[ $* == *' -e '* ]] && echo 3 || cat >\"$FOLDER/sql\"\n",
    );
    let environment = [
        ("BACKUP_ID", SUPERSET),
        ("DATABASE", "superset"),
        ("MYSQL_HOST", "hops-mysql"),
        ("MYSQL_LOGIN", "superset"),
        ("MYSQL_PASSWORD", "secret"),
    ];
    let said = container.run("superset.sh", &["reload"], &environment);
    assert_eq!(said.status, 0, "{}", said.text);
    let (sql, calls) = (container.read("sql"), container.read("calls"));
    assert!(!sql.contains("GTID_PURGED") && !sql.contains("4e11") && !sql.contains("SQL_LOG_BIN"), "{sql}");
    assert!(sql.contains("INSERT INTO `dbs`") && sql.ends_with(WHOLE), "{sql}");
    assert!(calls.lines().all(|call| call.contains("--binary-mode") && call.contains("--local-infile=0")), "{calls}");
    assert!(!calls.contains("secret") && calls.contains("DROP DATABASE IF EXISTS `superset`"), "{calls}");
}

/// `kubectl` on one ConfigMap, one Job and a list of pods, as far as the script asks for it.
const KUBECTL: &str = r#"#!/bin/bash
echo "$*" >>"$FOLDER/kubectl"
case "$1 $2" in
  'get configmap') [ -f "$FOLDER/audit" ] && cat "$FOLDER/audit" ;;
  'get jobs') echo '{"items": [{"metadata": {"annotations": {"meta.helm.sh/release-name": "hops", "other": "x"}}}]}' ;;
  'get pods') cat "$FOLDER/pods" ;;
  'create -f') cat >"$FOLDER/audit" ;;
  'patch configmap')
    patch=${!#}
    [[ $* != *--patch-file* ]] || patch=$(cat "$patch")
    jq --argjson patch "$patch" '. * $patch | .data |= with_entries(select(.value != null))' "$FOLDER/audit" >"$FOLDER/patched"
    mv "$FOLDER/patched" "$FOLDER/audit"
    ;;
esac
"#;

/// Runs a stage of Superset's Job. `since` is how long it has run already, in seconds.
fn stage(container: &Container, stage: &str, since: &str) -> Said {
    container.program("kubectl", KUBECTL);
    container.program("sleep", "#!/bin/sh\n");
    let environment = [
        ("BACKUP_PREFIX", "superset_backup"),
        ("BACKUP_ID", SUPERSET),
        ("KEY_SECRET", "superset-secret-key"),
        ("APPS", "superset superset-worker"),
        ("INITIATED_BY", "ops: ticket 1"),
        ("SECONDS", since),
    ];
    container.run("superset.sh", &[stage], &environment)
}

fn audit(container: &Container) -> serde_json::Value {
    serde_json::from_str(&container.read("audit")).expect("a ConfigMap")
}

/// The events of the audit trail, in their order.
fn events(container: &Container) -> Vec<String> {
    let audit = audit(container);
    let mut all: Vec<_> =
        audit["data"].as_object().expect("data").iter().filter(|(key, _)| key.starts_with("h-")).collect();
    all.sort_by_key(|(key, _)| (*key).clone());
    let entry =
        |text: &serde_json::Value| serde_json::from_str::<serde_json::Value>(text.as_str().unwrap()).expect("an entry");
    all.into_iter().map(|(_, text)| entry(text)["event"].as_str().expect("an event").to_owned()).collect()
}

fn pods(all: &[(&str, &str, &str, bool)]) -> String {
    let pod = |(name, app, phase, waits): &(&str, &str, &str, bool)| {
        let gate = if *waits {
            serde_json::json!([{"name": "hwdr-gate", "state": {"running": {}}}])
        } else {
            serde_json::json!([])
        };
        serde_json::json!({"metadata": {"name": name, "labels": {"app": app}}, "status": {"phase": phase, "initContainerStatuses": gate}})
    };
    serde_json::json!({"items": all.iter().map(pod).collect::<Vec<_>>()}).to_string()
}

#[test]
fn supersets_job_sets_the_fence_and_waits_until_nothing_uses_the_database() {
    let whole = dump(REVISION, WHOLE);
    let container = superset(&whole, &manifest(&whole, "key"));
    // Those that wait behind hwdr's gate, are over, or are not Superset's do not count.
    let others = [
        ("a", "superset", "Pending", true),
        ("b", "superset", "Succeeded", false),
        ("c", "superset-worker", "Failed", false),
        ("d", "other", "Running", false),
    ];
    container.write("pods", pods(&others));
    let said = stage(&container, "begin", "0");
    assert_eq!(said.status, 0, "{}", said.text);
    let made = audit(&container);
    assert_eq!(made["data"]["inProgress"], SUPERSET, "{made:#}");
    assert_eq!(events(&container), ["begins, by hwdr", "the pods are gone"]);
    // As the chart would make it: Velero keeps it, and Helm takes it over.
    assert_eq!(made["metadata"]["labels"]["backup.hops.works/include"], "true");
    let annotations = serde_json::json!({"helm.sh/resource-policy": "keep", "meta.helm.sh/release-name": "hops"});
    assert_eq!(made["metadata"]["annotations"], annotations);
    let entry =
        made["data"].as_object().unwrap().values().find(|text| text.as_str().unwrap().contains("begins")).unwrap();
    assert!(entry.as_str().unwrap().contains("\"initiatedBy\":\"ops: ticket 1\""), "{entry}");

    // One that stays is named, and the fence with it.
    container.write("pods", pods(&[("web-1", "superset", "Running", false)]));
    let said = stage(&container, "begin", "901");
    assert!(said.status == 1 && said.text.contains("these pods still use Superset's database"), "{}", said.text);
    assert!(said.text.contains("web-1"), "{}", said.text);
    assert_eq!(events(&container).last().unwrap(), "failed: pods use the database: web-1 ");
    assert_eq!(audit(&container)["data"]["inProgress"], SUPERSET);
}

#[test]
fn supersets_job_waits_for_the_key_of_the_backup() {
    let whole = dump(REVISION, WHOLE);
    let container = superset(&whole, &manifest(&whole, "key"));
    container.write("audit", r#"{"data": {"inProgress": "x"}}"#);
    container.write("key/secret-key", "another");
    let said = stage(&container, "fetch", "1801");
    let words = format!("Secret superset-secret-key is not the one that backup {SUPERSET} was made with");
    assert!(
        said.status == 1 && said.text.contains(&words) && said.text.contains("the database is as it was"),
        "{}",
        said.text
    );
    assert!(
        events(&container).last().unwrap().starts_with("failed: Secret superset-secret-key"),
        "{:?}",
        events(&container)
    );
    container.write("key/secret-key", "key");
    let said = stage(&container, "fetch", "1801");
    assert_eq!(said.status, 0, "{}", said.text);
    assert_eq!(events(&container).last().unwrap(), "the manifest is verified");
    // Without a fingerprint that hwdr knows, nothing is waited for.
    let container = superset(&whole, &manifest(&whole, "key").replace(&sha256(b"key"), "none"));
    container.write("audit", r#"{"data": {}}"#);
    assert_eq!(stage(&container, "fetch", "1801").status, 0);
    // A dump that does not fit is noted.
    let container = superset(&dump(REVISION, ""), &manifest(&whole, "key"));
    container.write("audit", r#"{"data": {}}"#);
    assert_eq!(stage(&container, "fetch", "0").status, 1);
    assert!(
        events(&container).last().unwrap().contains("is not what its manifest describes"),
        "{:?}",
        events(&container)
    );
}

#[test]
fn supersets_job_takes_the_fence_away_and_keeps_the_newest_entries() {
    let container = Container::new();
    let old: serde_json::Map<_, _> =
        (0..60).map(|at| (format!("h-20200101{at:06}"), "{\"event\": \"old\"}".into())).collect();
    let mut data = old;
    data.insert("inProgress".to_owned(), SUPERSET.into());
    container.write("audit", serde_json::json!({"data": data}).to_string());
    let said = stage(&container, "end", "0");
    assert_eq!(said.status, 0, "{}", said.text);
    let audit = audit(&container);
    assert!(audit["data"].get("inProgress").is_none(), "{audit:#}");
    let all = events(&container);
    assert_eq!((all.len(), all.last().unwrap().as_str()), (50, "the database is reloaded"));
    assert!(
        audit["data"].get("h-20200101000010").is_none() && audit["data"].get("h-20200101000011").is_some(),
        "{audit:#}"
    );
}

/// In Superset's image: whether it knows the schema that the other container has read.
#[test]
fn a_schema_that_supersets_image_does_not_know_is_refused() {
    let look = |revision: &str, migrations: bool| {
        let container = Container::new();
        container.write("work/revision", revision);
        container.write("migrations/one.py", format!("revision: str = '{REVISION}'\n"));
        let folder = if migrations { "echo \"$FOLDER/migrations\"" } else { "exit 1" };
        container.program("python", &format!("#!/bin/bash\n{folder}\n"));
        container.run("superset.sh", &["known"], &[("BACKUP_ID", SUPERSET), ("IMAGE", "superset:6")])
    };
    let known = look(REVISION, true);
    assert!(known.status == 0 && known.last_word.contains("Superset's image knows schema"), "{}", known.last_word);
    let newer = look("ffffffffffff", true);
    assert!(newer.status == 1 && newer.text.contains("was made by a newer Superset"), "{}", newer.text);
    let unsure = look(REVISION, false);
    assert!(
        unsure.status == 0 && unsure.last_word.starts_with("WARNING: whether Superset knows schema"),
        "{}",
        unsure.last_word
    );
    // The other container says why.
    let unread = look("-", true);
    assert_eq!((unread.status, unread.last_word.as_str()), (0, ""), "{}", unread.text);
}

/// As much of SQLAlchemy as the probe calls, on SQLite.
const SQLALCHEMY: &str = r#"
import re, sqlite3
class Text: pass
class Url:
    def __init__(self, text):
        self.path, self.password = text.split("//")[-1], (re.search(r":([^:@]+)@", text) or [None, None])[1]
class Engine:
    def __init__(self, url): self.url = url
    def connect(self):
        if self.url.path.startswith("fails"): raise RuntimeError(f"cannot log in with {self.url.password}")
        return Connection(sqlite3.connect(self.url.path))
class Preparer:
    def quote(self, name): return '"' + name + '"'
class Connection:
    class dialect: identifier_preparer = Preparer()
    def __init__(self, own): self.own = own
    def __enter__(self): return self
    def __exit__(self, *_): self.own.close()
    def execute(self, text):
        found = self.own.execute(text)
        class Result:
            def fetchall(self): return found.fetchall()
            def scalar(self): return found.fetchone()[0]
        return Result()
class Inspector:
    def __init__(self, connection): self.own = connection.own
    def get_table_names(self): return [row[0] for row in self.own.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    def get_columns(self, table): return [{"name": row[1]} for row in self.own.execute(f"PRAGMA table_info({table})")]
class engine:
    make_url = staticmethod(Url)
def create_engine(url, poolclass=None): return Engine(url)
def inspect(connection): return Inspector(connection)
def text(sql): return sql
"#;

/// What Superset's own code would read, and each reason why it cannot.
#[test]
fn the_probe_says_what_it_read_or_why_not() {
    let probe =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/product/hopsworks/superset/templates/probe.py"))
            .expect("a file");
    let run = |config: &str, sql: &str| {
        let container = Container::new();
        container.write("modules/sqlalchemy/__init__.py", SQLALCHEMY);
        container.write("modules/sqlalchemy/pool.py", "class NullPool: pass\n");
        container.write("modules/superset/__init__.py", "");
        container.write("modules/superset/config.py", "SECRET_KEY = 'k'\n");
        container.write("modules/superset/utils/encrypt.py", concat!(
            "class Column:\n    def __init__(self, key): self.key = key\n",
            "    def process_result_value(self, value, dialect):\n        if value is not None and not value.startswith(self.key): raise ValueError(value)\n",
            "class SQLAlchemyUtilsAdapter:\n    def create(self, config, *args): return Column(config['SECRET_KEY'])\n",
        ));
        let database = container.path("database").display().to_string();
        container.write("modules/superset_config.py", config.replace("PLACE", &database));
        let make = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
        let made = Command::new("python3").args(["-c", make, &database, sql]).status();
        assert!(made.expect("python3").success());
        let mut python = Command::new("python3");
        python.args(["-c", &probe]).env("PYTHONPATH", container.path("modules")).env_remove("SUPERSET_CONFIG_PATH");
        let output = python.env_remove("SUPERSET_SECRET_KEY").output().expect("python3");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    const CONFIG: &str = "SECRET_KEY = 'key'\nSQLALCHEMY_DATABASE_URI = 'x//PLACE'\nprint('loaded')\n";
    const WHOLE: &str = "CREATE TABLE alembic_version (version_num); INSERT INTO alembic_version VALUES ('a1'); CREATE TABLE dashboards (id); \
        CREATE TABLE dbs (id, database_name, password, encrypted_extra); INSERT INTO dbs VALUES (1, 'one', 'key:x', NULL), (2, 'two', NULL, NULL);";
    let read = |sql: &str| {
        let (is_well, out, error) = run(CONFIG, sql);
        assert!(is_well, "{error}");
        let line = out.lines().last().expect("a line").to_owned();
        serde_json::from_str::<serde_json::Value>(&line).unwrap_or_else(|wrong| panic!("{wrong}: {out}"))
    };
    assert_eq!(
        read(WHOLE),
        serde_json::json!({"revision": "a1", "tables": 3, "dashboards": 0, "connections": 2, "sealed": 1, "unreadable": []})
    );
    // Another key; a tunnel of a connection that is gone; and no tables at all.
    let other = read(&format!(
        "{WHOLE} UPDATE dbs SET password = 'other:x'; CREATE TABLE ssh_tunnels (database_id, password); INSERT INTO ssh_tunnels VALUES (9, 'z');"
    ));
    assert_eq!(other["unreadable"], serde_json::json!(["one", "ssh_tunnels of connection 9", "two"]), "{other}");
    let nothing = read("CREATE TABLE other (a);");
    assert_eq!(
        (&nothing["revision"], &nothing["dashboards"], &nothing["connections"]),
        (&().into(), &().into(), &().into()),
        "{nothing}"
    );
    for (config, words) in [
        (
            "SQLALCHEMY_DATABASE_URI = 'x//PLACE'\n",
            "LookupError: no SECRET_KEY in superset_config or SUPERSET_SECRET_KEY",
        ),
        (
            "SECRET_KEY = 'key'\nSQLALCHEMY_DATABASE_URI = 'x://u:hunter2@h//fails'\n",
            "RuntimeError: cannot log in with ***",
        ),
        ("import nonsense_module\n", "ModuleNotFoundError: No module named 'nonsense_module'"),
        ("SECRET_KEY = 'key'\n", "module 'superset.config' has no attribute 'SQLALCHEMY_DATABASE_URI'"),
    ] {
        let (is_well, out, error) = run(config, "");
        assert!(
            !is_well && error.contains(words) && !error.contains("hunter2") && !out.contains('{'),
            "{words}: {error}"
        );
    }
}
