//! `hwdr backups verify` on files that NDB itself wrote, in as much of a bucket as it asks: a good backup, and one kind of damage after the other.

use std::fs;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use crate::common::api_server::ApiServer;
use crate::common::s3_server::{S3Server, Wrong};
use crate::common::{Home, ROOT, Ran, run, stored};

const ID: &str = "254811200";
/// Velero's backups of the cluster's own objects, and of the users'.
const MAIN: &str = "k8s-backups-main-20251124120053";
const USERS_OBJECTS: &str = "k8s-backups-users-resources-20251124120053";
const CORE: &str = "/api/v1/namespaces/hopsworks";
const DATABASES: &str = "-- MySQL dump 10.13\nUSE `hops`;\n-- Dump completed on 2025-11-24 12:00:03\n";
const USERS: &str = "-- users\nCREATE USER 'a'@'%' IDENTIFIED BY 'b';\nGRANT USAGE ON *.* TO 'a'@'%';\n";

/// A cluster, and its bucket with one backup.
pub(crate) struct Lab {
    pub home: Home,
    api: ApiServer,
    pub s3: S3Server,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let lab = Self { home: Home::new(), api: ApiServer::start(), s3: S3Server::start() };
        lab.home.write("kubeconfig", lab.api.kubeconfig());
        let owner = json!({"meta.helm.sh/release-name": "hops", "meta.helm.sh/release-namespace": "hopsworks"});
        lab.api.put(
            "/apis/batch/v1/namespaces/hopsworks/cronjobs/create-backup",
            json!({"metadata": {"name": "create-backup", "namespace": "hopsworks", "annotations": owner},
                "spec": {"schedule": "@daily", "jobTemplate": {"spec": {"template": {"metadata": {"labels": {"rondbService": "create-backup"}},
                    "spec": {"containers": [{"name": "c"}]}}}}}}),
        );
        lab.api.put(
            &format!("{CORE}/secrets/sh.helm.release.v1.hops.v1"),
            json!({"metadata": {"name": "sh.helm.release.v1.hops.v1", "labels": {"owner": "helm", "name": "hops"}}}),
        );
        let entry = json!({"state": "SUCCESS", "start_time": "2025-11-24T12:00:00Z", "end_time": "2025-11-24T12:12:00Z", "duration_ms": 1, "path": "p"});
        lab.api.put(
            &format!("{CORE}/configmaps/rondb-backups-metadata"),
            json!({"metadata": {"name": "rondb-backups-metadata", "labels": {"app": "backups-metadata"}}, "data": {ID: entry.to_string()}}),
        );
        lab.api.put(
            &format!("{CORE}/configmaps/opensearch-backups-metadata"),
            json!({"metadata": {"name": "opensearch-backups-metadata", "labels": {"app": "backups-metadata"}}, "data": {ID: entry.to_string()}}),
        );
        for (name, schedule, objects) in velero() {
            lab.api.put(
                &format!("/apis/velero.io/v1/namespaces/velero/backups/{name}"),
                json!({"metadata": {"name": name, "labels": {"velero.io/schedule-name": schedule}},
                    "spec": {"storageLocation": "hopsworks-bsl"}, "status": stored::status(objects.len())}),
            );
        }
        lab.fill("threads");
        lab
    }

    /// Puts a good backup into the bucket.
    fn fill(&self, variant: &str) {
        let at = at("2025-11-24T12:05:00Z");
        let folder = format!("{ROOT}/crates/hwdr-backup/testdata/ndb/{variant}");
        let mut folders = vec![folder.clone()];
        while let Some(path) = folders.pop() {
            for entry in fs::read_dir(&path).expect("a folder").flatten() {
                let path = entry.path().display().to_string();
                match entry.path().is_dir() {
                    true => folders.push(path),
                    false => {
                        let key = path.strip_prefix(&folder).expect("below it").to_owned();
                        self.s3.put(&format!("rondb_backup/{ID}/rondb{key}"), fs::read(path).expect("a file"), at);
                    }
                }
            }
        }
        self.s3.put(&format!("rondb_backup/{ID}/users.sql"), USERS, at);
        self.s3.put(&format!("rondb_backup/{ID}/databases.sql"), DATABASES, at);
        self.s3.put("hopsfs-blocks-set-0/1/1_1", "block", self::at("2025-10-01T00:00:00Z"));
        let velero = velero().into_iter().map(|(name, schedule, objects)| stored::velero(name, schedule, &objects));
        for (key, bytes) in velero.chain([stored::opensearch()]).flatten() {
            self.s3.put(&key, bytes, at);
        }
    }

    fn verify(&self, more: &[&str]) -> Ran {
        let mut hwdr = self.home.hwdr();
        let hwdr = hwdr.env("KUBECONFIG", self.home.path("kubeconfig")).env("AWS_ACCESS_KEY_ID", "a");
        hwdr.env("AWS_SECRET_ACCESS_KEY", "b").args(["backups", "verify", ID]);
        run(hwdr.args(["--bucket", "b", "--endpoint", &self.s3.url, "--path-style"]).args(more), b"")
    }

    fn list(&self) -> Json {
        let mut hwdr = self.home.hwdr();
        let hwdr = hwdr.env("KUBECONFIG", self.home.path("kubeconfig"));
        let ran = run(hwdr.args(["backups", "list", "-o", "json"]), b"");
        serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
    }
}

/// A Velero backup: its name, its schedule, and its objects.
type VeleroBackup = (&'static str, &'static str, Vec<(&'static str, Json)>);

fn velero() -> [VeleroBackup; 2] {
    let object = |kind: &str, name: &str, data: Json| json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "hopsworks"}, "data": data});
    let entry = json!({"state": "SUCCESS", "start_time": "2025-11-24T12:00:00Z", "end_time": "2025-11-24T12:00:40Z", "duration_ms": 1, "path": "p"});
    let listed =
        |service: &str| object("ConfigMap", &format!("{service}-backups-metadata"), json!({ID: entry.to_string()}));
    let main = vec![
        ("configmaps", listed("rondb")),
        ("configmaps", listed("opensearch")),
        ("secrets", object("Secret", "mysql-users-secrets", json!({"a": "c2VjcmV0"}))),
    ];
    let project = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "project"}});
    [(MAIN, "k8s-backups-main", main), (USERS_OBJECTS, "k8s-backups-users-resources", vec![("namespaces", project)])]
}

/// The key of a file of Velero's backup of the cluster's own objects.
fn main(file: &str) -> String {
    format!("k8s_backup/backups/{MAIN}/{file}")
}

fn at(time: &str) -> Timestamp {
    time.parse().expect("a time")
}

fn text(ran: &Ran) -> String {
    let text = String::from_utf8_lossy(&ran.stdout);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn rondb(file: &str) -> String {
    format!("rondb_backup/{ID}/rondb/{file}")
}

#[test]
fn a_good_backup_is_fine_and_remembered() {
    let lab = Lab::new();
    for variant in ["threads", "direct", "plain", "compressed", "undo"] {
        if variant != "threads" {
            let lab = Lab { home: Home::new(), api: lab.api.clone(), s3: S3Server::start() };
            lab.home.write("kubeconfig", lab.api.kubeconfig());
            lab.fill(variant);
            for more in [&[][..], &["--read-data", "100%"], &["--from-bucket"]] {
                let ran = lab.verify(more);
                assert_eq!(ran.code, Some(0), "{variant}: {}{}", text(&ran), ran.stderr);
            }
            continue;
        }
        let ran = lab.verify(&["-o", "json"]);
        assert_eq!(ran.code, Some(0), "{}{}", text(&ran), ran.stderr);
        let report: Json = serde_json::from_slice(&ran.stdout).expect("JSON");
        assert_eq!((&report["verdict"], &report["id"]), (&json!("fine"), &json!(ID)));
        assert!(
            report["parts"].as_array().expect("a list").iter().all(|part| part["findings"] == json!([])),
            "{report}"
        );
    }
    let list = lab.list();
    assert_eq!(list["backups"][0]["verified"]["verdict"], "fine", "{list}");
    let secret = lab.api.get(&format!("{CORE}/secrets/hwdr-verified-hops")).expect("a Secret");
    assert_eq!(
        (&secret["type"], &secret["metadata"]["labels"]["hwdr.hopsworks.ai/release"]),
        (&json!("hwdr.hopsworks.ai/verified"), &json!("hops"))
    );
}

/// HopsFS's blocks are the old versions in its bucket.
#[test]
fn a_bucket_that_does_not_keep_old_versions_is_no_backup_of_hopsfs() {
    let rules = |days: u32| {
        format!(
            "<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
             <NoncurrentVersionExpiration><NoncurrentDays>{days}</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>"
        )
    };
    let versioning = |inner: &str| format!("<VersioningConfiguration>{inner}</VersioningConfiguration>");
    for (question, code, answer, verdict, words) in [
        ("versioning", 200, versioning("<Status>Suspended</Status>"), "missing", "versioning"),
        ("versioning", 200, versioning(""), "missing", "versioning"),
        (
            "versioning",
            200,
            versioning("<Status>Enabled</Status><ExcludedPrefixes><Prefix>x/</Prefix></ExcludedPrefixes>"),
            "missing",
            "keeps no versions of some keys",
        ),
        ("versioning", 403, "<Error><Code>AccessDenied</Code></Error>".to_owned(), "unknown", "cannot be read"),
        ("lifecycle", 200, rules(1), "missing", "keeps old versions 1 days, and the backup is "),
        ("lifecycle", 403, "<Error><Code>AccessDenied</Code></Error>".to_owned(), "unknown", "cannot be read"),
        ("lifecycle", 200, rules(36_500), "fine", ""),
    ] {
        let lab = Lab::new();
        lab.s3.say(question, code, &answer);
        let ran = lab.verify(&["-o", "json"]);
        let report: Json =
            serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        let parts = report["parts"].as_array().expect("parts");
        let of = parts.iter().find(|part| part["service"] == "hopsfs").expect("HopsFS");
        assert_eq!(of["verdict"], verdict, "{answer}: {of:#}");
        assert!(of["findings"].to_string().contains(words), "{answer}: {of:#}");
        let others = parts.iter().filter(|part| part["service"] != "hopsfs");
        assert!(others.into_iter().all(|part| part["verdict"] == "fine"), "{answer}: {report:#}");
        let code = match verdict {
            "fine" => 0,
            "missing" => 2,
            _ => 3,
        };
        assert_eq!(ran.code, Some(code), "{answer}");
    }
}

#[test]
fn a_drill_is_noted() {
    let lab = Lab::new();
    let drilled = |more: &[&str]| {
        let mut hwdr = lab.home.hwdr();
        let hwdr = hwdr.env("KUBECONFIG", lab.home.path("kubeconfig"));
        run(hwdr.args(["backups", "drilled"]).args(more), b"")
    };
    for (more, expected) in [
        (&["latest", "--at", "2020-01-01T00:00:00Z"][..], "is before backup"),
        (&["latest", "--at", "2999-01-01T00:00:00Z"], "is in the future"),
        (&["nothing-like-it"], "nothing-like-it"),
    ] {
        let ran = drilled(more);
        assert!(ran.code != Some(0) && ran.stderr.contains(expected), "{more:?}: {}", ran.stderr);
        assert_eq!(lab.api.get(&format!("{CORE}/secrets/hwdr-verified-hops")), None, "nothing was noted");
    }
    let ran = drilled(&["latest"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let backup = &lab.list()["backups"][0];
    assert!(backup["drilled"].is_string() && backup["verified"].is_null(), "{backup}");
}

/// One schedule begins all at once: Velero copies the records before the data's backups have ended.
#[test]
fn a_scheduled_backup_is_fine_without_a_record_of_itself() {
    let lab = Lab::new();
    for missing in 1..=2 {
        let [(name, schedule, objects), _] = velero();
        for (key, bytes) in stored::velero(name, schedule, &objects[missing..]) {
            lab.s3.put(&key, bytes, at("2025-11-24T12:05:00Z"));
        }
        let ran = lab.verify(&[]);
        let services = ["RonDB", "RonDB and OpenSearch"][missing - 1];
        let words = format!("main: it has no record of this backup of {services} yet");
        assert!(ran.code == Some(0) && text(&ran).contains(&words), "{:?} {}{}", ran.code, text(&ran), ran.stderr);
    }
}

#[test]
fn each_kind_of_damage_is_found() {
    let later = at("2025-11-24T15:00:00Z");
    let cut = |lab: &Lab, key: &str, bytes: Vec<u8>| lab.s3.put(key, bytes, at("2025-11-24T12:05:00Z"));
    let file = |name: &str| fs::read(format!("{ROOT}/crates/hwdr-backup/testdata/ndb/threads/{name}")).expect("a file");
    let part = "1/BACKUP-254811200-PART-1-OF-4";
    let [ctl, data, log] = ["BACKUP-254811200.1.ctl", "BACKUP-254811200-0.1.Data", "BACKUP-254811200.1.log"]
        .map(|name| format!("{part}/{name}"));
    let halved = |name: &str| file(name)[..file(name).len() / 8 * 4].to_vec();
    let snapshots = stored::opensearch();
    let has = |what: &str| snapshots.keys().find(|key| key.contains(what)).expect("it is there").clone();
    let list: Json = serde_json::from_slice(&snapshots["opensearch_backup/index-1"]).expect("JSON");
    let own = has(&format!("opensearch_backup/snap-{}", list["snapshots"][0]["uuid"].as_str().expect("its id")));
    assert_eq!(list["snapshots"][0]["name"], ID);
    // The names in a list of files are text.
    let of_shard = has(&own["opensearch_backup/".len()..].replacen("snap", "0/snap", 1));
    let names = String::from_utf8_lossy(&snapshots[&of_shard]).into_owned();
    let folder = of_shard.rsplit_once('/').expect("a folder").0;
    let is_in = |key: &&String| {
        key.rsplit_once("/__").is_some_and(|(of, name)| of == folder && names.contains(&format!("__{name}")))
    };
    let of_a_shard = snapshots.keys().find(is_in).expect("a file").clone();
    type Damage<'d> = Box<dyn Fn(&Lab) + 'd>;
    let cases: Vec<(&str, Damage, i32, &str)> = vec![
        ("ctl gone", Box::new(|lab| lab.s3.remove(&rondb(&ctl))), 2, "RonDB missing"),
        ("Data gone", Box::new(|lab| lab.s3.remove(&rondb(&data))), 2, "1.Data is not there"),
        ("log gone", Box::new(|lab| lab.s3.remove(&rondb(&log))), 2, "1.log is not there"),
        ("ctl cut", Box::new(|lab| cut(lab, &rondb(&ctl), halved(&ctl))), 1, "RonDB damaged"),
        ("Data cut", Box::new(|lab| cut(lab, &rondb(&data), halved(&data))), 1, "1.Data, byte"),
        (
            "log cut",
            Box::new(|lab| cut(lab, &rondb(&log), file(&log)[..48].to_vec())),
            1,
            "1.log, byte 48 ends behind 0 changes",
        ),
        ("empty", Box::new(|lab| cut(lab, &rondb(&data), Vec::new())), 1, "is empty"),
        (
            "of another backup",
            Box::new(|lab| {
                let plain = fs::read(format!("{ROOT}/crates/hwdr-backup/testdata/ndb/plain/1/BACKUP-254811200.1.ctl"))
                    .expect("a file");
                cut(lab, &rondb(&ctl), plain);
            }),
            1,
            "is of another backup with the same id",
        ),
        (
            "written later",
            Box::new(|lab| lab.s3.put(&rondb(&data), file(&data), later)),
            1,
            "was written at 2025-11-24T15:00:00Z, after the backup",
        ),
        (
            "users.sql gone",
            Box::new(|lab| lab.s3.remove(&format!("rondb_backup/{ID}/users.sql"))),
            2,
            "users.sql is not there",
        ),
        (
            "users.sql emptied",
            Box::new(|lab| cut(lab, &format!("rondb_backup/{ID}/users.sql"), b"-- users\n".to_vec())),
            1,
            "users.sql has no statement",
        ),
        (
            "databases.sql cut",
            Box::new(|lab| cut(lab, &format!("rondb_backup/{ID}/databases.sql"), DATABASES[..40].into())),
            1,
            "it is cut",
        ),
        ("a file of a shard gone", Box::new(|lab| lab.s3.remove(&of_a_shard)), 2, "is not there: it holds"),
        (
            "a file of a shard cut",
            Box::new(|lab| cut(lab, &of_a_shard, snapshots[&of_a_shard][1..].to_vec())),
            1,
            "OpenSearch damaged",
        ),
        (
            "metadata of a snapshot changed",
            Box::new(|lab| {
                let mut bytes = snapshots[&own].clone();
                bytes[40] ^= 1;
                cut(lab, &own, bytes);
            }),
            1,
            "its bytes have the checksum",
        ),
        (
            "the archive gone",
            Box::new(|lab| lab.s3.remove(&main(&format!("{MAIN}.tar.gz")))),
            2,
            ".tar.gz is not there",
        ),
        (
            "the archive of a backup with later records alone",
            Box::new(|lab| {
                let [(name, schedule, mut objects), _] = velero();
                let records = &mut objects[0].1["data"];
                *records = json!({"254821200": records[ID]});
                for (key, bytes) in stored::velero(name, schedule, &objects) {
                    cut(lab, &key, bytes);
                }
            }),
            2,
            "RonDB's metadata have no backup 254811200",
        ),
        (
            "another backup's archive",
            Box::new(|lab| {
                let [_, (name, schedule, objects)] = velero();
                let other = stored::velero(name, schedule, &objects);
                let key = format!("k8s_backup/backups/{USERS_OBJECTS}/{USERS_OBJECTS}.tar.gz");
                cut(lab, &main(&format!("{MAIN}.tar.gz")), other[&key].clone());
            }),
            1,
            "which its list does not name",
        ),
        (
            "Velero's results replaced",
            Box::new(|lab| {
                let files = stored::velero(MAIN, "k8s-backups-main", &[]);
                let key = main(&format!("{MAIN}-results.gz"));
                lab.s3.put(&key, files[&key].clone(), later);
            }),
            1,
            "was written at 2025-11-24T15:00:00Z, after the backup",
        ),
        (
            "no old block",
            Box::new(|lab| lab.s3.put("hopsfs-blocks-set-0/1/1_1", "block", later)),
            3,
            "has no block that is older than the backup",
        ),
        (
            "no block at all",
            Box::new(|lab| lab.s3.remove("hopsfs-blocks-set-0/1/1_1")),
            3,
            "has no blocks (below hopsfs*), and no old versions",
        ),
    ];
    for (name, damage, code, words) in cases {
        let lab = Lab::new();
        damage(&lab);
        let ran = lab.verify(&[]);
        assert!(
            ran.code == Some(code) && text(&ran).contains(words),
            "{name}: {:?} {}{}",
            ran.code,
            text(&ran),
            ran.stderr
        );
        let verdict = ["", "damaged", "missing", "unknown"][code as usize];
        assert_eq!(lab.list()["backups"][0]["verified"]["verdict"], verdict, "{name}");
    }
}

/// All rows have a replica in another node's part, so the tables alone do not show that one is missing.
#[test]
fn a_data_node_without_a_part_is_missed_by_its_neighbours() {
    let lab = Lab::new();
    let written = at("2025-11-24T12:05:00Z");
    // So large that only its ends are read.
    let [part, name] = ["1/BACKUP-254811200-PART-1-OF-4", "BACKUP-254811200-0.1.Data"];
    let mut data = fs::read(format!("{ROOT}/crates/hwdr-backup/testdata/ndb/threads/{part}/{name}")).expect("a file");
    data.splice(48..48, vec![0; 2 << 20]);
    lab.s3.put(&rondb(&format!("{part}/{name}")), data, written);
    lab.s3.remove_below(&rondb("2/"));
    let verdict = |words: &str, code: i32| {
        let ran = lab.verify(&[]);
        assert!(ran.code == Some(code) && text(&ran).contains(words), "{:?} {}{}", ran.code, text(&ran), ran.stderr);
    };
    verdict("data nodes without a part: 2", 0);
    for (id, words, code) in [
        ("254801200", "there is no part of node 2, as there is in the backup 254801200 before", 3),
        ("254821200", "there is no part of node 2", 2),
    ] {
        for node in 1..=2 {
            lab.s3.put(&format!("rondb_backup/{id}/rondb/{node}/BACKUP-{id}.{node}.ctl"), "", written);
        }
        verdict(words, code);
    }
}

#[test]
fn what_cannot_be_looked_at_is_said() {
    let lab = Lab::new();
    // The result is printed all the same.
    lab.api.fail(&format!("{CORE}/secrets/hwdr-verified-hops"), 403);
    let ran = lab.verify(&[]);
    assert!(
        ran.code == Some(0) && ran.stderr.contains("the result is not remembered"),
        "{:?} {}",
        ran.code,
        ran.stderr
    );
    // Nobody needs the cluster, if the bucket is enough.
    fs::remove_file(lab.home.path("kubeconfig")).expect("it is there");
    let ran = lab.verify(&["--from-bucket"]);
    assert!(
        ran.code == Some(0) && ran.stderr.contains("the result is not remembered"),
        "{:?} {}",
        ran.code,
        ran.stderr
    );
    let encrypted = Lab::new();
    let other = Lab { s3: S3Server::start(), ..encrypted };
    other.fill("encrypted");
    let ran = other.verify(&[]);
    assert!(ran.code == Some(3) && text(&ran).contains("is encrypted"), "{:?} {}", ran.code, text(&ran));
    for wrong in [&["--read-data", "0%"][..], &["--read-data", "ten"], &["--seed", "1"], &["--read-data", "110%"]] {
        assert_eq!(lab.verify(wrong).code, Some(2), "{wrong:?}");
    }
}

/// A folder that cannot be listed says nothing of the other one.
#[test]
fn what_could_not_be_listed_hides_no_other_part() {
    let lab = Lab::new();
    lab.s3.wrong("backups%2Fk8s-backups-main", Wrong::Half);
    let ran = lab.verify(&[]);
    assert!(ran.code == Some(3) && text(&ran).contains("users: 1 objects"), "{:?} {}", ran.code, text(&ran));
}

/// The cluster knows neither how large RonDB's part is nor what the bucket's rules delete. What the bucket does not say stays as it was.
#[test]
fn the_list_knows_the_buckets_rules_if_it_is_read_too() {
    let lab = Lab::new();
    let list_of = |more: &[&str], values: &str| {
        let mut hwdr = lab.home.hwdr();
        let hwdr = hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("AWS_ACCESS_KEY_ID", "a");
        hwdr.env("AWS_SECRET_ACCESS_KEY", "b").args(["backups", "list", "-o", "json"]);
        run(hwdr.args(more), values.as_bytes())
    };
    let list = |more: &[&str]| list_of(more, "");
    let rondb = |ran: &Ran| {
        let list: Json = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        assert!(list["namespace"] == "hopsworks" && list["backups"].as_array().unwrap().len() == 1, "{list}");
        let parts = list["backups"][0]["parts"].as_array().unwrap();
        parts.iter().find(|part| part["series"] == "rondb").unwrap().clone()
    };
    let bucket = ["--with-bucket", "--bucket", "b", "--endpoint", &lab.s3.url, "--path-style"];
    let alone = rondb(&list(&[]));
    assert!(alone["bytes"].is_null() && alone["expires"].is_null(), "{alone}");
    let unruled = rondb(&list(&bucket));
    assert!(unruled["bytes"].as_u64() > Some(1_000) && unruled["expires"].is_null(), "{unruled}");
    let rule = "<LifecycleConfiguration><Rule><ID>old</ID><Filter><Prefix>rondb_backup/</Prefix></Filter><Status>Enabled</Status>\
                <Expiration><Days>4000</Days></Expiration></Rule></LifecycleConfiguration>";
    lab.s3.say("lifecycle", 200, rule);
    let ruled = rondb(&list(&bucket));
    assert_eq!(ruled["expires"], "2036-11-06T12:05:00Z", "{ruled}");
    assert_eq!((&ruled["state"], &ruled["time"]), (&alone["state"], &alone["time"]));
    // The cluster does not know what was lost since.
    lab.s3.remove(&self::rondb("1/BACKUP-254811200-PART-1-OF-4/BACKUP-254811200.1.ctl"));
    assert_eq!((&rondb(&list(&[]))["state"], &rondb(&list(&bucket))["state"]), (&alone["state"], &json!("partial")));
    // A pipe can be read once, and both the cluster and the bucket need what is in it.
    let piped = list_of(&["--with-bucket", "--path-style", "-f", "-"], &lab.s3.values());
    assert_eq!(rondb(&piped)["expires"], ruled["expires"]);
    // Nobody answers there: the cluster's backups are shown all the same.
    let dead = ["--with-bucket", "--bucket", "b", "--endpoint", "http://127.0.0.1:9", "--path-style"];
    let ran = list(&dead);
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("from this machine: ") && rondb(&ran)["bytes"].is_null(), "{}", ran.stderr);
    for wrong in [&["--with-bucket"][..], &["--with-bucket", "--from-bucket", "--bucket", "b"]] {
        assert_eq!(list(wrong).code, Some(2), "{wrong:?}");
    }
}

#[test]
fn the_seed_chooses_the_same_data() {
    let lab = Lab::new();
    let read = |more: &[&str]| {
        let ran = lab.verify(&[more, &["-o", "json", "--from-bucket"]].concat());
        serde_json::from_slice::<Json>(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
    };
    let first = read(&["--read-data", "10%"]);
    let seed = first["seed"].to_string();
    assert_eq!(read(&["--read-data", "10%", "--seed", &seed])["bytesRead"], first["bytesRead"]);
    assert!(read(&[])["seed"].is_null());
}
