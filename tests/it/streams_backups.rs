//! Velero's backups of a namespace of Axway Streams, through the commands that look at them and make them, against as much of an API server and of a
//! bucket as they ask.

use crate::common::api_server::ApiServer;
use crate::common::s3_server::S3Server;
use crate::common::{BOTH, Home, Ran, packed, run, stored, testdata};
use crate::monitor::Monitor;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

const CORE: &str = "/api/v1/namespaces/prod";
const VELERO: &str = "/apis/velero.io/v1/namespaces/velero";
const SCHEDULE: &str = "/apis/velero.io/v1/namespaces/velero/schedules/streams";
const SCHEDULED: &str = "streams-20260110030000";

/// A release `streams` in namespace `prod`, with a scheduled backup and one that was made by hand.
struct Lab {
    home: Home,
    api: ApiServer,
    now: Timestamp,
}

impl Lab {
    fn new() -> Self {
        let lab = Self { home: Home::new(), api: ApiServer::start(), now: Timestamp::now() };
        lab.home.write("kubeconfig", lab.api.kubeconfig());
        let release = json!({"name": "streams", "version": 1, "info": {"status": "deployed", "first_deployed": lab.ago(300)},
            "chart": {"metadata": {"name": "streams", "version": "3.0.0", "appVersion": "3.0"}}, "config": {}, "manifest": "x"});
        lab.api.put(
            &format!("{CORE}/secrets/sh.helm.release.v1.streams.v1"),
            json!({"type": "helm.sh/release.v1", "kind": "Secret", "metadata": {"name": "sh.helm.release.v1.streams.v1",
                "creationTimestamp": lab.ago(300), "labels": {"owner": "helm", "name": "streams", "version": "1"}},
                "data": {"release": packed(&release)}}),
        );
        lab.api.put(
            SCHEDULE,
            json!({"metadata": {"name": "streams", "creationTimestamp": lab.ago(300)}, "spec": {"schedule": "0 3 * * *",
                "template": {"includedNamespaces": ["prod"], "storageLocation": "default", "ttl": "720h0m0s"}},
                "status": {"phase": "Enabled", "lastBackup": lab.ago(5)}}),
        );
        lab.backup(SCHEDULED, "streams", 5, &json!({"includedNamespaces": ["prod"]}));
        lab.backup("before-the-upgrade", "", 30, &json!({"includedNamespaces": ["prod"]}));
        lab.api.put(
            &format!("{VELERO}/backupstoragelocations/default"),
            json!({"metadata": {"name": "default"}, "spec": {"accessMode": "ReadWrite", "provider": "aws",
                "objectStorage": {"bucket": "b", "prefix": "k8s_backup"}, "config": {"s3ForcePathStyle": "true"}},
                "status": {"phase": "Available", "lastValidationTime": lab.now}}),
        );
        lab
    }

    fn ago(&self, hours: i64) -> Timestamp {
        self.now - SignedDuration::from_hours(hours)
    }

    fn backup(&self, name: &str, schedule: &str, hours: i64, spec: &Json) {
        let mut spec = spec.clone();
        spec["storageLocation"] = "default".into();
        let labels = if schedule.is_empty() { json!({}) } else { json!({"velero.io/schedule-name": schedule}) };
        self.api.put(
            &format!("{VELERO}/backups/{name}"),
            json!({"metadata": {"name": name, "labels": labels}, "spec": spec, "status": {"phase": "Completed",
                "startTimestamp": self.ago(hours), "completionTimestamp": self.ago(hours) + SignedDuration::from_secs(20),
                "expiration": self.ago(hours) + SignedDuration::from_hours(720)}}),
        );
    }

    fn run(&self, line: &[&str]) -> Ran {
        let values = testdata("values/streams.yaml");
        let mut hwdr = self.home.hwdr();
        hwdr.env("KUBECONFIG", self.home.path("kubeconfig")).env("TZ", "UTC").env("HELM_BIN", BOTH[0].program());
        hwdr.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
        run(hwdr.args(line).args(["-n", "prod", "-f", &values]), b"")
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn out(ran: &Ran) -> String {
    one_line(&String::from_utf8_lossy(&ran.stdout))
}

#[test]
fn each_backup_of_the_namespace_is_shown_with_what_it_is_good_for() {
    let lab = Lab::new();
    lab.backup("two-namespaces", "", 20, &json!({"includedNamespaces": ["prod", "staging"]}));
    lab.backup("without-secrets", "", 10, &json!({"includedNamespaces": ["prod"], "excludedResources": ["secrets"]}));
    lab.backup("of-staging", "", 9, &json!({"includedNamespaces": ["staging"]}));
    lab.backup("nightly-20260110030000", "nightly", 8, &json!({}));
    let ran = lab.run(&["backups", "list", "-o", "json"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let list: Json = serde_json::from_slice(&ran.stdout).expect("JSON");
    let sets: Vec<_> = list["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|set| {
            let text = |value: &Json| value.as_str().unwrap_or("-").to_owned();
            (
                text(&set["id"]),
                text(&set["usable"]["inPlace"]),
                text(&set["usable"]["newCluster"]),
                text(&set["reasons"][0]),
            )
        })
        .collect();
    let expected = [
        (SCHEDULED, "yes", "in place: Velero overwrites nothing"),
        ("without-secrets", "no", "Kubernetes objects: its settings leave objects out (excludedResources: secrets)"),
        ("two-namespaces", "no", "Kubernetes objects: it has 2 namespaces (prod, staging), and a restore"),
        ("before-the-upgrade", "yes", "in place: Velero overwrites nothing"),
    ];
    assert_eq!(sets.len(), expected.len(), "{sets:?}");
    for ((id, in_place, new_cluster, reason), expected) in sets.iter().zip(expected) {
        assert_eq!((id.as_str(), in_place.as_str(), new_cluster.as_str()), (expected.0, "no", expected.1));
        assert!(reason.starts_with(expected.2), "{reason}");
    }
    assert_eq!(list["release"], "streams");

    let table = lab.run(&["backups", "list"]).text();
    assert!(table.contains("NAMESPACE") && table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let shown = one_line(&lab.run(&["backups", "show", "latest"]).text());
    for words in [
        SCHEDULED,
        "in place: no; for a new cluster: yes",
        "Where the namespace is gone, or in a new cluster",
        "restore: namespace: backup: streams-20260110030000",
        "helm hwdr install streams CHART -n prod \\ -f values.yaml -f restore.yaml",
    ] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert!(!shown.contains("--iam"), "{shown}");
    let status = lab.run(&["status"]);
    assert!(status.code == Some(0) && out(&status).contains("enabled"), "{} {}", out(&status), status.stderr);
    // No ConfigMap records anything.
    assert!(
        !lab.api.reads().iter().any(|read| read.contains("/configmaps?") && !read.contains("labelSelector")),
        "{:?}",
        lab.api.reads()
    );
}

#[test]
fn a_backup_is_made_from_the_schedule_and_kept() {
    let lab = Lab::new();
    let ran = lab.run(&["backups", "create", "--yes"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let said = one_line(&ran.stderr);
    assert!(said.contains("Backup/streams-TIME from Schedule/streams") && !said.contains("data"), "{said}");
    let writes = lab.api.writes();
    let [write] = writes.as_slice() else { panic!("{writes:?}") };
    let made = lab.api.sent("POST", write.strip_prefix("POST ").expect("it is created")).expect("an object");
    assert_eq!(made["metadata"]["labels"]["velero.io/schedule-name"], "streams");
    assert_eq!(made["spec"]["includedNamespaces"], json!(["prod"]));

    let kept = lab.run(&["backups", "keep", "before-the-upgrade", "--yes"]);
    assert_eq!(kept.code, Some(0), "{}", kept.stderr);
    let backup = lab.api.get(&format!("{VELERO}/backups/before-the-upgrade")).expect("it is there");
    assert_eq!(backup["status"]["expiration"], Json::Null);
}

#[test]
fn a_schedule_that_is_missing_is_said_and_made() {
    let lab = Lab::new();
    lab.api.clock(SignedDuration::ZERO);
    let kinds = ["Backup", "Restore", "Schedule", "BackupStorageLocation", "DownloadRequest"];
    let kinds = kinds.map(|kind| json!({"kind": kind, "name": "x", "namespaced": true, "verbs": ["list"]}));
    lab.api.put(
        "/apis/velero.io/v1",
        json!({"kind": "APIResourceList", "groupVersion": "velero.io/v1", "resources": kinds}),
    );
    let schedule = lab.api.get(SCHEDULE).expect("it is there");
    let lines = || -> Vec<String> {
        let ran = lab.run(&["doctor", "-o", "json"]);
        let report: Json =
            serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        let lines =
            report["sections"].as_array().unwrap().iter().flat_map(|section| section["lines"].as_array().unwrap());
        let text = |line: &Json, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        lines
            .map(|line| {
                format!(
                    "{} {}: {}\n{}",
                    text(line, "level"),
                    text(line, "check"),
                    text(line, "what"),
                    text(line, "fix")
                )
            })
            .collect()
    };
    let has = |lines: &[String], begin: &str| lines.iter().any(|line| line.starts_with(begin));
    let well = lines();
    assert!(has(&well, "ok schedule: Schedule/streams is as in the settings"), "{well:#?}");
    assert!(has(&well, "ok storage-location: default is Available: s3://b/k8s_backup, read and write"), "{well:#?}");
    for check in ["reclaim-policy", "bucket:", "velero-policy"] {
        assert!(!well.iter().any(|line| line.contains(&format!(" {check}"))), "{check}: {well:#?}");
    }

    let mut other = schedule.clone();
    other["spec"]["schedule"] = "@weekly".into();
    lab.api.put(SCHEDULE, other);
    let differs = lines();
    assert!(has(&differs, "warning schedule: Schedule/streams fires at \"@weekly\""), "{differs:#?}");

    lab.api.remove(SCHEDULE);
    let status = lab.run(&["status"]);
    let text = out(&status);
    assert!(status.code == Some(2) && text.contains("there is no Schedule streams"), "{:?} {text}", status.code);
    assert!(text.contains("velero schedule create streams -n velero"), "{text}");
    let refused = lab.run(&["backups", "create", "--yes"]).failed(1);
    assert!(one_line(&refused).contains("nothing backs up namespace prod"), "{refused}");
    let missing = lines();
    let line = missing.iter().find(|line| line.contains("there is no Schedule streams in namespace velero"));
    assert!(
        line.is_some_and(|line| line.starts_with("problem backups: ") && line.contains("--schedule '0 3 * * *'")),
        "{missing:#?}"
    );
    let mended = lab.run(&["doctor", "--fix", "--yes"]);
    assert!(
        one_line(&mended.stderr).contains("Schedule/streams in namespace velero: missing -> created"),
        "{}",
        mended.stderr
    );
    let mended = lines();
    assert!(has(&mended, "ok schedule: "), "{mended:#?}");
    assert_eq!(lab.api.writes(), [format!("POST {SCHEDULE}")]);
    assert_eq!(lab.api.get(SCHEDULE).expect("it was made")["spec"]["template"]["includedNamespaces"], json!(["prod"]));
}

#[test]
fn the_monitor_sees_the_schedule_and_its_backups() {
    let lab = Lab::new();
    // No object names the release: it is only known where Helm's records are read.
    let values = testdata("values/streams.yaml");
    let monitor = Monitor::start(&lab.home, &["-n", "prod", "-f", &values, "--release", "streams"]);
    monitor.is_seen();
    let of = |metric: &str| format!(r#"hwdr_{metric}{{namespace="prod",release="streams",service="objects"}}"#);
    assert_eq!(monitor.value(&of("backup_severity")), Some(0));
    assert_eq!(monitor.value(&of("backup_last_good_timestamp_seconds")), Some(lab.ago(5).as_second()));
    lab.api.remove(SCHEDULE);
    monitor.until("a Schedule that is gone", || monitor.value(&of("backup_severity")) == Some(2));
}

/// The bucket is the one of Velero's storage location, as long as there is a cluster; else it has to be named.
#[test]
fn a_backup_is_verified_in_veleros_bucket() {
    let (lab, s3) = (Lab::new(), S3Server::start());
    let object = |kind: &str, name: &str| json!({"apiVersion": if kind == "Secret" { "v1" } else { "apps/v1" }, "kind": kind, "metadata": {"name": name, "namespace": "prod"}});
    let all = [
        ("secrets", object("Secret", "streams-database-secret")),
        ("secrets", object("Secret", "sh.helm.release.v1.streams.v1")),
        ("deployments.apps", object("Deployment", "streams-hub")),
    ];
    let at = "2025-11-24T12:00:59Z".parse().expect("a time");
    let fill = |objects: &[(&str, Json)]| {
        for (key, bytes) in stored::velero(SCHEDULED, "streams", objects) {
            // Velero's folder, and the top of a bucket.
            s3.put(key.strip_prefix("k8s_backup/").expect("below it"), bytes.clone(), at);
            s3.put(&key, bytes, at);
        }
    };
    let path = format!("{VELERO}/backupstoragelocations/default");
    let mut location = lab.api.get(&path).expect("it is there");
    location["spec"]["config"]["s3Url"] = s3.url.as_str().into();
    lab.api.put(&path, location);
    let mut backup = lab.api.get(&format!("{VELERO}/backups/{SCHEDULED}")).expect("it is there");
    backup["status"] = stored::status(all.len());
    lab.api.put(&format!("{VELERO}/backups/{SCHEDULED}"), backup);
    fill(&all);
    let ran = lab.run(&["backups", "verify", SCHEDULED]);
    assert_eq!(ran.code, Some(0), "{} {}", out(&ran), ran.stderr);
    assert!(out(&ran).contains("3 objects of namespace prod, 2 of them Secrets"), "{}", out(&ran));
    fill(&all[1..]);
    let ran = lab.run(&["backups", "verify", SCHEDULED]);
    assert!(ran.code == Some(2) && out(&ran).contains("has no Secret"), "{} {}", out(&ran), ran.stderr);

    let refused = lab.run(&["backups", "list", "--from-bucket"]).failed(2);
    assert!(one_line(&refused).contains("give --bucket BUCKET"), "{refused}");
    let list = ["backups", "list", "--from-bucket", "--bucket", "b", "--path-style", "--endpoint", &s3.url];
    let listed = lab.run(&list).text();
    // This file does not say which namespaces it has.
    assert!(listed.contains(SCHEDULED) && one_line(&listed).contains("it has all namespaces"), "{listed}");
}
