//! `hwdr backups` and `hwdr status` against as much of an API server as they ask: a cluster that is well, and one thing after the other that is not.

use crate::common::api_server::ApiServer;
use crate::common::s3_server::{S3Server, Wrong};
use crate::common::{Home, Ran, run};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

pub(crate) const CORE: &str = "/api/v1/namespaces/hopsworks";
pub(crate) const BATCH: &str = "/apis/batch/v1/namespaces/hopsworks";
pub(crate) const VELERO: &str = "/apis/velero.io/v1/namespaces/velero";
pub(crate) const RONDB: &str = "rondb-backups-metadata";
pub(crate) const OPENSEARCH: &str = "opensearch-backups-metadata";

/// A cluster with four daily backups, of which the oldest is from before its installation.
pub(crate) struct Lab {
    pub home: Home,
    pub api: ApiServer,
    pub now: Timestamp,
}

impl Lab {
    pub(crate) fn new() -> Self {
        let (home, api) = (Home::new(), ApiServer::start());
        home.write("kubeconfig", api.kubeconfig());
        let lab = Self { home, api, now: Timestamp::now() };
        lab.cron_job("create-backup", json!({"rondbService": "create-backup"}), "hops");
        lab.cron_job("opensearch-backup-default-default", json!({"app": "opensearch-backup"}), "hops");
        let days = 0..4;
        let entry = |day| (lab.id(day), lab.entry(day).to_string().into());
        lab.config_map(RONDB, days.clone().map(entry).collect());
        lab.config_map(OPENSEARCH, days.clone().map(entry).collect());
        for schedule in ["k8s-backups-main", "k8s-backups-users-resources"] {
            lab.api.put(
                &format!("{VELERO}/schedules/{schedule}"),
                json!({"metadata": {"name": schedule, "annotations": owner("hops")}, "spec": {"schedule": "@daily"},
                    "status": {"phase": "Enabled", "lastBackup": lab.at(0)}}),
            );
            for day in days.clone() {
                lab.backup(schedule, day, json!({"phase": "Completed"}));
            }
        }
        lab.location(json!({"phase": "Available", "lastValidationTime": lab.now}), "ReadWrite");
        lab.api.put(
            &format!("{CORE}/secrets/sh.helm.release.v1.hops.v1"),
            json!({"metadata": {"name": "sh.helm.release.v1.hops.v1", "labels": {"owner": "helm", "name": "hops"},
                "creationTimestamp": lab.ago(60)}}),
        );
        lab
    }

    pub(crate) fn ago(&self, hours: i64) -> Timestamp {
        self.now - SignedDuration::from_hours(hours)
    }

    /// When the backup of so many days ago was made.
    pub(crate) fn at(&self, day: i64) -> Timestamp {
        self.ago(5 + 24 * day)
    }

    pub(crate) fn id(&self, day: i64) -> String {
        self.at(day).strftime("%y%V%u%H%M").to_string()
    }

    pub(crate) fn entry(&self, day: i64) -> Json {
        let at = self.at(day);
        json!({"state": "SUCCESS", "start_time": at, "end_time": at + SignedDuration::from_mins(12), "duration_ms": 720_000, "path": "p"})
    }

    pub(crate) fn cron_job(&self, name: &str, labels: Json, release: &str) {
        self.api.put(
            &format!("{BATCH}/cronjobs/{name}"),
            json!({"metadata": {"name": name, "namespace": "hopsworks", "annotations": owner(release), "creationTimestamp": self.ago(2_000)},
                "spec": {"schedule": "@daily", "timeZone": "Etc/UTC", "jobTemplate": {"spec": {"template": {
                    "metadata": {"labels": labels}, "spec": {"containers": [{"name": "c"}]}}}}}, "status": {"lastScheduleTime": self.at(0)}}),
        );
    }

    pub(crate) fn config_map(&self, name: &str, data: Map<String, Json>) {
        self.api.put(
            &format!("{CORE}/configmaps/{name}"),
            json!({"metadata": {"name": name, "labels": {"app": "backups-metadata"}}, "data": data}),
        );
    }

    /// Replaces an entry; null takes it away.
    pub(crate) fn record(&self, config_map: &str, key: &str, value: Json) {
        let path = format!("{CORE}/configmaps/{config_map}");
        let mut object = self.api.get(&path).expect("it is there");
        match value {
            Json::Null => drop(object["data"].as_object_mut().expect("a map").remove(key)),
            value => object["data"][key] = value,
        }
        self.api.put(&path, object);
    }

    pub(crate) fn job(&self, name: &str, of: &str, at: Timestamp, mut status: Json) {
        status["startTime"] = json!(at);
        self.api.put(
            &format!("{BATCH}/jobs/{name}"),
            json!({"metadata": {"name": name, "creationTimestamp": at, "ownerReferences": [{"kind": "CronJob", "name": of}]},
                "status": status}),
        );
    }

    pub(crate) fn backup(&self, schedule: &str, day: i64, status: Json) {
        let name = format!("{schedule}-{day}");
        let mut status = status;
        status["startTimestamp"] = json!(self.at(day) + SignedDuration::from_secs(40));
        status["completionTimestamp"] = json!(self.at(day) + SignedDuration::from_secs(80));
        status["expiration"] = json!(self.at(day) + SignedDuration::from_hours(24 * 30));
        self.api.put(
            &format!("{VELERO}/backups/{name}"),
            json!({"metadata": {"name": name, "labels": {"velero.io/schedule-name": schedule}},
                "spec": {"storageLocation": "hopsworks-bsl"}, "status": status}),
        );
    }

    pub(crate) fn location(&self, status: Json, mode: &str) {
        self.api.put(
            &format!("{VELERO}/backupstoragelocations/hopsworks-bsl"),
            json!({"metadata": {"name": "hopsworks-bsl"}, "spec": {"accessMode": mode}, "status": status}),
        );
    }

    /// 20,000 backups over five ConfigMaps.
    pub(crate) fn twenty_thousand(&self) {
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (name, from, to) in [
            (RONDB, 0, 4_000),
            ("rondb-backups-metadata-1", 4_000, 8_000),
            ("rondb-backups-metadata-2", 8_000, 10_000),
            (OPENSEARCH, 0, 5_000),
            ("opensearch-backups-metadata-1", 5_000, 10_000),
        ] {
            let entry = |number: i64| {
                let at = first - SignedDuration::from_hours(number);
                let entry = json!({"state": "SUCCESS", "start_time": at, "end_time": at + SignedDuration::from_mins(9), "duration_ms": 540_000, "path": "bucket/rondb_backup"});
                (at.strftime("%y%V%u%H%M").to_string(), entry.to_string().into())
            };
            self.config_map(name, (from..to).map(entry).collect());
        }
    }

    pub(crate) fn run(&self, line: &[&str]) -> Ran {
        let mut hwdr = self.home.hwdr();
        run(hwdr.env("KUBECONFIG", self.home.path("kubeconfig")).env("TZ", "UTC").args(line), b"")
    }

    /// The list as JSON, and the exit code.
    fn list(&self) -> (Json, Option<i32>, String) {
        let ran = self.run(&["backups", "list", "-o", "json"]);
        let list = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        (list, ran.code, one_line(&ran.stderr))
    }
}

fn owner(release: &str) -> Json {
    json!({"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": "hopsworks"})
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A set on one line: its parts' states, and what it can be used for.
fn shown(set: &Json) -> String {
    let states: Vec<_> = set["parts"].as_array().unwrap().iter().map(|part| part["state"].as_str().unwrap()).collect();
    format!(
        "{} / {} {}",
        states.join(" "),
        set["usable"]["inPlace"].as_str().unwrap(),
        set["usable"]["newCluster"].as_str().unwrap()
    )
}

#[test]
fn a_cluster_that_is_well() {
    let lab = Lab::new();
    let (list, code, said) = lab.list();
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let sets = list["backups"].as_array().unwrap();
    let ids: Vec<_> = sets.iter().map(|set| set["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (0..4).map(|day| lab.id(day)).collect::<Vec<_>>());
    let all: Vec<_> = sets.iter().map(shown).collect();
    let good = "good good good good";
    assert_eq!(
        all,
        [
            format!("{good} / yes yes"),
            format!("{good} / yes yes"),
            format!("{good} / yes yes"),
            format!("{good} / no yes")
        ]
    );
    assert_eq!((&list["release"], &sets[0]["parts"][0]["bytes"]), (&json!("hops"), &Json::Null));
    // The same in other forms.
    let names = lab.run(&["backups", "list", "-o", "name"]).text();
    assert_eq!(names.lines().collect::<Vec<_>>(), ids);
    let yaml = lab.run(&["backups", "list", "-o", "yaml"]).text();
    let yaml = hwdr::values::read_one(hwdr::source::Source::new("list", &yaml)).expect("it is YAML").to_json();
    assert_eq!(yaml["backups"][3]["usable"], json!({"inPlace": "no", "newCluster": "yes"}));
    let table = lab.run(&["backups", "list"]).text();
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert_eq!(table.lines().count(), 5, "{table}");
    let colours = run(
        lab.home
            .hwdr()
            .env("KUBECONFIG", lab.home.path("kubeconfig"))
            .env("TZ", "UTC")
            .env_remove("NO_COLOR")
            .env("CLICOLOR_FORCE", "1")
            .args(["backups", "list"]),
        b"",
    )
    .text();
    assert!(colours.contains("\u{1b}[32mok\u{1b}[0m"), "{colours}");
    assert_eq!(anstream::adapter::strip_str(&colours).to_string(), table);
    // The status, in a few calls.
    let before = lab.api.reads().len();
    let ran = lab.run(&["status"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.starts_with("Backups of release hops in namespace hopsworks: enabled\n"), "{text}");
    assert!(text.contains(&format!("Newest that can be restored as a whole: {}, 5h ago\n", lab.id(0))), "{text}");
    assert!(text.contains("helm hwdr s3 check") && text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(lab.api.reads().len() - before <= 10, "{:?}", lab.api.reads());
    assert!(!lab.api.reads()[before..].iter().any(|read| read.contains("hwdr-verified")), "{:?}", lab.api.reads());
    assert_eq!(lab.api.writes(), [""; 0]);
}

/// Versioning that is off is told where the bucket is looked at, by the code, the metrics and the words.
#[test]
fn status_looks_at_the_bucket_if_asked_to() {
    let (lab, s3) = (Lab::new(), S3Server::start());
    lab.home.write("v.yaml", s3.values());
    let status = |more: &[&str]| {
        let mut hwdr = lab.home.hwdr();
        hwdr.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("TZ", "UTC");
        run(hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).args(["status", "-f", "v.yaml"]).args(more), b"")
    };
    let severity = |wanted: &str| {
        let metrics = String::from_utf8(status(&["--with-bucket", "-o", "prometheus"]).stdout).unwrap();
        let mut lines = metrics
            .lines()
            .filter(|line| line.starts_with("hwdr_backup_severity{") && line.contains("service=\"bucket\""));
        assert!(lines.next().is_some_and(|line| line.ends_with(wanted)), "{wanted}: {metrics}");
        // It has no backup of its own, so none is missing.
        assert!(!metrics.lines().any(|line| line.contains("has_good") && line.contains("\"bucket\"")), "{metrics}");
    };
    // As the server has the time, that is a warning in itself.
    let well = status(&["--with-bucket"]);
    let text = one_line(&String::from_utf8_lossy(&well.stdout));
    assert!(text.contains("Old versions in bucket hopsworks"), "{text}{}", well.stderr);
    assert!(!text.contains("versioning: "), "{text}");
    s3.say("versioning", 200, "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
    let off = status(&["--with-bucket"]);
    let text = one_line(&String::from_utf8_lossy(&off.stdout));
    assert_eq!(off.code, Some(2), "{text}");
    assert!(text.contains("partial Old versions in bucket hopsworks critical: versioning: "), "{text}");
    severity(" 2");
    // Who does not ask for it needs no credentials.
    let without = status(&[]);
    assert_eq!((without.code, without.stderr.as_str()), (Some(0), ""));
    assert!(!String::from_utf8_lossy(&without.stdout).contains("Old versions in bucket"));
    lab.home.write("v.yaml", "a: 1\n");
    let unnamed = status(&["--with-bucket"]);
    assert_eq!(unnamed.code, Some(3), "{}", unnamed.stderr);
    severity(" 3");
}

#[test]
fn show_has_the_values_and_the_command() {
    let lab = Lab::new();
    lab.record(OPENSEARCH, &lab.id(0), Json::Null);
    let other = (lab.at(0) - SignedDuration::from_mins(20)).strftime("%y%V%u%H%M").to_string();
    lab.record(OPENSEARCH, &other, lab.entry(0).to_string().into());
    let id = lab.id(0);
    for name in [&id, "latest", "k8s-backups-main-0", &other] {
        let text = lab.run(&["backups", "show", name]).text();
        assert!(text.starts_with(&format!("Backup {id}\n")), "{text}");
        for words in [
            format!("backupId: \"{id}\""),
            format!("snapshot_name: \"{other}\""),
            "mainScheduleBackupId: k8s-backups-main-0".to_owned(),
            format!("previous   {}", lab.id(1)),
            "in place: yes; for a new cluster: yes".to_owned(),
            "helm hwdr upgrade hops CHART -n hopsworks".to_owned(),
            "to ".to_owned(),
        ] {
            assert!(text.contains(&words), "{words}\n{text}");
        }
        // Its parts begin by one schedule.
        assert!(one_line(&text).contains("begun before RonDB and OpenSearch had ended, so it has no record"), "{text}");
        assert_eq!(text.matches("  verified ").count(), 1, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
    // The linter has nothing against them.
    let shown: Json = serde_json::from_slice(&lab.run(&["backups", "show", "latest", "-o", "json"]).ok()).unwrap();
    for (mode, values) in [("install", &shown["values"]["newCluster"]), ("upgrade", &shown["values"]["inPlace"])] {
        lab.home.write("restore.yaml", values.to_string());
        let base = crate::common::testdata("values/base.yaml");
        let ran = lab.run(&["lint", "-f", &base, "-f", "restore.yaml", "--for", mode]);
        assert_eq!(ran.code, Some(0), "{}{}", ran.stderr, String::from_utf8_lossy(&ran.stdout));
    }
    let message = lab.run(&["backups", "show", "254811200"]).failed(1);
    assert!(message.contains("there is no backup 254811200") && message.contains(&id), "{message}");
    assert!(lab.run(&["backups", "show", "last-failed"]).failed(1).contains("no backup has failed"));
}

/// What is done to a cluster that is well.
type Change = fn(&Lab);

#[test]
fn what_can_be_said_is_said_and_the_rest_is_unknown() {
    let good = "good good good good / yes yes";
    // What is done, the newest set, how many there are, the exit code, and words of the messages.
    let cases: [(Change, &str, usize, i32, &str); 17] = [
        (|lab| lab.record(RONDB, &lab.id(0), "{".into()), "unknown good good good / unknown unknown", 4, 2, ""),
        (
            |lab| lab.record(RONDB, &lab.id(0), json!({"state": "ODD\u{1b}[2J"}).to_string().into()),
            "unknown good good good / unknown unknown",
            4,
            2,
            "",
        ),
        (
            |lab| lab.record(RONDB, &lab.id(0), json!({"state": ["SUCCESS"]}).to_string().into()),
            "unknown good good good / unknown unknown",
            4,
            2,
            "",
        ),
        (
            |lab| lab.record(RONDB, "latest", "{}".into()),
            good,
            4,
            2,
            "RonDB: entries that are not backups: rondb-backups-metadata/latest: a backup id is digits only",
        ),
        (
            |lab| lab.record(OPENSEARCH, &lab.id(0), json!({"state": "FAILED"}).to_string().into()),
            "good failed good good / no no",
            4,
            0,
            "",
        ),
        (
            |lab| lab.api.fail(&format!("{CORE}/configmaps"), 403),
            "unknown unknown good good / unknown unknown",
            4,
            2,
            "cannot be read: list configmaps: is forbidden: not allowed ask for these rights: helm hwdr rbac backups -n hopsworks",
        ),
        (
            |lab| lab.api.fail(&format!("{VELERO}/backups"), 403),
            "good good unknown unknown / unknown unknown",
            4,
            2,
            "list backups: is forbidden",
        ),
        (|lab| lab.api.fail("/apis/velero.io", 404), "good good missing missing / yes no", 4, 0, ""),
        (
            |lab| lab.api.fail(&format!("{CORE}/secrets"), 403),
            "good good good good / unknown yes",
            4,
            2,
            "the time of the installation cannot be read: list secrets: is forbidden",
        ),
        (|lab| lab.api.fail(&format!("{BATCH}/jobs"), 403), good, 4, 2, "list jobs: is forbidden"),
        (
            |lab| lab.job("create-backup-1", "create-backup", lab.ago(1), json!({"active": 1})),
            "running missing good good / no no",
            5,
            0,
            "",
        ),
        (
            |lab| {
                lab.record(RONDB, &lab.id(0), Json::Null);
                lab.job("create-backup-1", "create-backup", lab.at(0), failed());
            },
            "failed good good good / no no",
            4,
            0,
            "",
        ),
        // It has recorded a backup: its end says the same.
        (|lab| lab.job("create-backup-1", "create-backup", lab.at(0), complete(lab)), good, 4, 0, ""),
        // Its record does not say that it failed.
        (
            |lab| {
                lab.record(RONDB, &lab.id(0), json!({"state": "STARTED"}).to_string().into());
                lab.job("create-backup-1", "create-backup", lab.at(0), failed());
            },
            "failed missing good good / no no",
            5,
            0,
            "",
        ),
        // It failed a minute after a good one.
        (
            |lab| {
                lab.job("create-backup-1", "create-backup", lab.at(0), complete(lab));
                lab.job("create-backup-2", "create-backup", lab.at(0) + SignedDuration::from_mins(1), failed());
            },
            "failed missing good good / no no",
            5,
            0,
            "",
        ),
        // Not a run of this CronJob, and one of nobody's.
        (
            |lab| {
                lab.job("create-backup-1", "another", lab.at(0), failed());
                lab.api.put(&format!("{BATCH}/jobs/x"), json!({"metadata": {"name": "x"}, "status": failed()}));
            },
            good,
            4,
            0,
            "",
        ),
        (
            |lab| lab.backup("k8s-backups-main", 0, json!({"phase": "Queued"})),
            "good good good good / yes yes",
            4,
            0,
            "",
        ),
    ];
    for (at, (change, newest, count, code, words)) in cases.into_iter().enumerate() {
        let lab = Lab::new();
        change(&lab);
        let (list, exit, said) = lab.list();
        let sets = list["backups"].as_array().unwrap();
        assert_eq!(
            (shown(&sets[0]).as_str(), sets.len(), exit),
            (newest, count, Some(code)),
            "case {at}: {list:#} {said}"
        );
        assert!(said.contains(words) && said.is_empty() == (code == 0 || words.is_empty()), "case {at}: {said}");
        for form in ["table", "wide", "yaml", "name"] {
            let ran = lab.run(&["backups", "list", "-o", form]);
            assert_eq!(ran.code, Some(code), "case {at}: {form}");
            let text = String::from_utf8(ran.stdout).unwrap();
            assert!(!text.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "case {at}: {text}");
            assert!(form != "table" || text.lines().all(|line| line.chars().count() <= 80), "case {at}: {text}");
        }
    }
}

pub(crate) fn failed() -> Json {
    json!({"failed": 2, "conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]})
}

fn complete(lab: &Lab) -> Json {
    json!({"succeeded": 1, "completionTime": lab.at(0) + SignedDuration::from_mins(14), "conditions": [{"type": "Complete", "status": "True"}]})
}

#[test]
fn status_says_each_reason_and_ends_by_it() {
    let suspend = |path: String, key: &str, lab: &Lab| {
        let mut object = lab.api.get(&path).expect("it is there");
        object["spec"][key] = true.into();
        lab.api.put(&path, object);
    };
    type Done = Box<dyn Fn(&Lab)>;
    let without = |path: &'static str| -> Done { Box::new(move |lab| lab.api.fail(path, 403)) };
    let location =
        |status: Json, mode: &'static str| -> Done { Box::new(move |lab| lab.location(status.clone(), mode)) };
    let cases: Vec<(Done, &str, i32, &str)> = vec![
        (
            Box::new(move |lab| suspend(format!("{BATCH}/cronjobs/create-backup"), "suspend", lab)),
            "partial",
            2,
            "CronJob/create-backup is suspended: it makes no backups unless a restore is running, resume it: kubectl -n hopsworks patch cronjob create-backup",
        ),
        (
            Box::new(move |lab| suspend(format!("{VELERO}/schedules/k8s-backups-main"), "paused", lab)),
            "partial",
            2,
            "Schedule/k8s-backups-main is suspended",
        ),
        (
            Box::new(|lab| {
                lab.job("create-backup-1", "create-backup", lab.ago(1), failed());
                lab.api.put(
                    &format!("{CORE}/pods/create-backup-1-x"),
                    json!({"metadata": {"name": "create-backup-1-x", "labels": {"batch.kubernetes.io/job-name": "create-backup-1"}},
                        "status": {"phase": "Failed", "containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 28, "reason": "Error"}}}]}}),
                );
                lab.api.put(&format!("{CORE}/pods/create-backup-1-x/log"), json!({"log": "no space left on device"}));
            }),
            "partial",
            1,
            "the last run failed, create-backup-1: BackoffLimitExceeded: too often pod create-backup-1-x, container c: exit status 28 (Error) {\"log\":\"no space left on device\"",
        ),
        // Velero takes over the backups that another cluster makes in the same bucket.
        (
            Box::new(|lab| {
                let path = format!("{VELERO}/schedules/k8s-backups-main");
                let mut schedule = lab.api.get(&path).expect("it is there");
                schedule["status"]["lastBackup"] = json!(lab.at(2));
                lab.api.put(&path, schedule);
            }),
            "partial",
            2,
            "critical: Schedule/k8s-backups-main has not fired since",
        ),
        (
            location(json!({"phase": "Unavailable", "message": "no such bucket, password=hunter2"}), "ReadWrite"),
            "partial",
            2,
            "the storage location hopsworks-bsl is Unavailable: no such bucket, password=*******",
        ),
        (
            location(json!({"phase": "Available"}), "ReadOnly"),
            "partial",
            2,
            "is read-only: Velero makes no new backups",
        ),
        (
            location(json!({"phase": "Available", "lastValidationTime": "2025-01-01T00:00:00Z"}), "ReadWrite"),
            "partial",
            1,
            "since 2025-01-01T00:00:00Z: is it running?",
        ),
        (
            Box::new(|lab| {
                let ahead = lab.now + SignedDuration::from_mins(200);
                lab.location(json!({"phase": "Available", "lastValidationTime": ahead}), "ReadWrite");
            }),
            "partial",
            1,
            "Velero's clock is 3h ahead of this machine's: one of the two is wrong",
        ),
        (Box::new(|lab| lab.api.fail("/apis/velero.io", 404)), "partial", 2, "Velero is not in this cluster"),
        (
            Box::new(|lab| (0..4).for_each(|day| lab.record(OPENSEARCH, &lab.id(day), Json::Null))),
            "partial",
            2,
            "OpenSearch last good: none",
        ),
        (
            Box::new(|lab| (0..2).for_each(|day| lab.record(RONDB, &lab.id(day), Json::Null))),
            "partial",
            2,
            "is 2d old: more than 36h",
        ),
        (Box::new(|lab| lab.record(RONDB, &lab.id(0), "{".into())), "unknown", 3, "cannot be read: not JSON"),
        (without("/api/v1/namespaces/hopsworks/configmaps"), "unknown", 3, "helm hwdr rbac status -n hopsworks"),
        (without("/apis/batch/v1/namespaces/hopsworks/cronjobs"), "unknown", 3, "list cronjobs: is forbidden"),
        (without("/apis/velero.io/v1/namespaces/velero/schedules"), "unknown", 3, "list schedules: is forbidden"),
        (without(""), "unknown", 3, "list configmaps: is forbidden"),
    ];
    for (change, is, code, words) in cases {
        let lab = Lab::new();
        change(&lab);
        let ran = lab.run(&["status"]);
        let text = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(ran.code, Some(code), "{text}{}", ran.stderr);
        assert!(one_line(&text).contains(words), "{words}\n{text}");
        assert!(text.lines().next().unwrap().ends_with(&format!(": {is}")), "{text}");
        // A word of others may be longer.
        assert!(text.lines().all(|line| line.chars().count() <= 80 || line.contains("metadata")), "{text}");
        for (form, begin) in [("json", "{"), ("prometheus", "# HELP"), ("nagios", "BACKUPS ")] {
            let ran = lab.run(&["status", "-o", form]);
            assert_eq!(ran.code, Some(code), "{form}");
            assert!(ran.stdout.starts_with(begin.as_bytes()), "{form}");
            assert!(!String::from_utf8_lossy(&ran.stdout).contains("hunter2"));
        }
    }
}

#[test]
fn programs_see_nothing_that_is_not_known() {
    let lab = Lab::new();
    (0..4).for_each(|day| lab.record(OPENSEARCH, &lab.id(day), Json::Null));
    lab.api.fail(&format!("{VELERO}/backups"), 403);
    let metrics = String::from_utf8(lab.run(&["status", "-o", "prometheus"]).stdout).unwrap();
    let has = |metric: &str, service: &str| {
        metrics.lines().any(|line| line.starts_with(metric) && line.contains(&format!("service=\"{service}\"")))
    };
    let worst = |metrics: &str, severity: u8| {
        let is_it =
            |line: &str| line.starts_with("hwdr_backups_severity{") && line.ends_with(&format!("}} {severity}"));
        metrics.lines().any(is_it)
    };
    assert!(worst(&metrics, 2), "{metrics}");
    assert!(has("hwdr_backup_age_seconds{", "rondb") && has("hwdr_backup_interval_seconds{", "rondb"), "{metrics}");
    assert!(metrics.contains("service=\"rondb\"} 86400"), "{metrics}");
    // None, and none that is known.
    assert!(!has("hwdr_backup_age_seconds{", "opensearch") && has("hwdr_backup_has_good{", "opensearch"), "{metrics}");
    assert!(!has("hwdr_backup_has_good{", "objects/main") && has("hwdr_backup_severity{", "objects/main"), "{metrics}");
    let status: Json = serde_json::from_slice(&lab.run(&["status", "-o", "json"]).stdout).unwrap();
    let of = |name: &str| status["services"].as_array().unwrap().iter().find(|of| of["name"] == name).unwrap().clone();
    assert_eq!((&of("opensearch")["hasGood"], &of("opensearch")["ageSeconds"]), (&json!(false), &Json::Null));
    assert_eq!((&of("objects/users")["hasGood"], &of("rondb")["bytes"]), (&Json::Null, &Json::Null));
    let line = String::from_utf8(lab.run(&["status", "-o", "nagios"]).stdout).unwrap();
    assert!(line.starts_with("BACKUPS CRITICAL - OpenSearch: there is no good backup | 'rondb_age'="), "{line}");
    assert_eq!(line.lines().count(), 1);
    // Each service is well, but their newest backups do not belong together.
    let apart = Lab::new();
    apart.config_map(OPENSEARCH, Map::new());
    let at = apart.at(0) + SignedDuration::from_hours(2);
    let entry = json!({"state": "SUCCESS", "start_time": at}).to_string();
    apart.record(OPENSEARCH, &at.strftime("%y%V%u%H%M").to_string(), entry.into());
    let metrics = String::from_utf8(apart.run(&["status", "-o", "prometheus"]).stdout).unwrap();
    assert!(worst(&metrics, 2), "{metrics}");
    assert!(
        metrics.lines().all(|line| !line.starts_with("hwdr_backup_severity{") || line.ends_with("} 0")),
        "{metrics}"
    );
    let well = Lab::new();
    let line = well.run(&["status", "-o", "nagios", "--max-age", "2d"]).text();
    assert!(line.starts_with("BACKUPS OK - RonDB 5h; ") && line.contains(";;172800;0"), "{line}");
    assert_eq!(well.run(&["status", "--max-age", "4h"]).code, Some(2));
    assert_eq!(well.run(&["status", "--max-age", "4 weeks"]).code, Some(2));
}

#[test]
fn objects_of_two_releases_are_told_apart() {
    let lab = Lab::new();
    lab.cron_job("create-backup-2", json!({"rondbService": "create-backup"}), "other");
    lab.job("create-backup-2-1", "create-backup-2", lab.ago(1), failed());
    for command in [&["backups", "list"][..], &["status"]] {
        let ran = lab.run(command);
        assert_eq!(ran.code, Some(if command.len() == 2 { 2 } else { 3 }), "{}", ran.stderr);
        let said = one_line(&ran.stderr);
        assert!(said.contains("backups of several releases: hops, other") && said.contains("--release NAME"), "{said}");
        let ran = lab.run(&[command, &["--release", "hops"]].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    }
    let ran = lab.run(&["status", "--release", "hops", "-o", "json"]);
    let status: Json = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(status["services"][0]["lastRun"], "good");
    assert!(lab.run(&["status", "--release", "A_B"]).stderr.contains("cannot be the name of a release"));
    // One in another namespace has its own Schedules in Velero's.
    let lab = Lab::new();
    let mut schedule = lab.api.get(&format!("{VELERO}/schedules/k8s-backups-main")).unwrap();
    schedule["metadata"]["annotations"]["meta.helm.sh/release-namespace"] = "elsewhere".into();
    lab.api.put(&format!("{VELERO}/schedules/k8s-backups-main"), schedule);
    let ran = lab.run(&["status"]);
    assert!(ran.code == Some(2) && String::from_utf8_lossy(&ran.stdout).contains("nothing makes backups"));
    // And their Backups.
    assert_eq!(shown(&lab.list().0["backups"][0]), "good good missing good / no no");
    // What is no name of a release names none.
    let odd = Lab::new();
    odd.cron_job("create-backup-2", json!({"rondbService": "create-backup"}), "\u{1b}[2J");
    let ran = odd.run(&["status", "-o", "prometheus"]);
    assert_eq!((ran.code, String::from_utf8_lossy(&ran.stdout).contains('\u{1b}')), (Some(0), false), "{}", ran.stderr);
}

#[test]
fn a_cluster_that_is_not_there_is_unknown_to_everybody() {
    let lab = Lab::new();
    let gone = lab.api.kubeconfig().replace(&lab.api.url, "http://127.0.0.1:1");
    lab.home.write("kubeconfig", gone);
    let ran = lab.run(&["status", "-o", "nagios"]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stdout.starts_with(b"BACKUPS UNKNOWN - "), "{}", String::from_utf8_lossy(&ran.stdout));
    // Nor without a way to it.
    std::fs::remove_file(lab.home.path("kubeconfig")).unwrap();
    let ran = lab.run(&["status", "-o", "nagios"]);
    assert_eq!((ran.code, ran.stdout.starts_with(b"BACKUPS UNKNOWN - there is no kubeconfig")), (Some(3), true));
    let ran = lab.run(&["status", "-o", "prometheus"]);
    let metrics = String::from_utf8_lossy(&ran.stdout);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(metrics.contains("hwdr_backups_severity 3\n"), "{metrics}");
    assert!(metrics.contains("\nhwdr_look_timestamp_seconds "), "{metrics}");
    lab.run(&["backups", "list"]).failed(2);
}

#[test]
fn all_config_maps_are_read_page_by_page() {
    let lab = Lab::new();
    for number in 1..13 {
        let at: Timestamp = "2025-11-24T12:00:00Z".parse().unwrap();
        let id = (at - SignedDuration::from_hours(24 * number)).strftime("%y%V%u%H%M").to_string();
        let entry = json!({"state": "SUCCESS", "start_time": at}).to_string();
        lab.config_map(&format!("{RONDB}-{number}"), Map::from_iter([(id, entry.into())]));
    }
    // One that has lost its label.
    let path = format!("{CORE}/configmaps/{RONDB}-13");
    lab.api.put(
        &path,
        json!({"metadata": {"name": format!("{RONDB}-13")}, "data": {"2401011200": "{\"state\":\"SUCCESS\"}"}}),
    );
    let (list, code, _) = lab.list();
    assert_eq!((code, list["backups"].as_array().unwrap().len()), (Some(0), 4 + 12 + 1));
    assert_eq!(lab.api.reads().iter().filter(|path| path.ends_with("/configmaps")).count(), 3 + 1);
    // The server has forgotten where it was: the list begins anew.
    lab.api.forget();
    assert_eq!(lab.list().0["backups"].as_array().unwrap().len(), 4 + 12 + 1);
    let pages = lab.api.reads().iter().filter(|path| path.ends_with("/configmaps")).count();
    assert_eq!(pages, 3 + 1 + 2 + 3 + 1);
}

/// Names are settings of the chart.
#[test]
fn other_names_are_those_of_the_values() {
    let lab = Lab::new();
    let move_to = |from: &str, to: &str, change: &dyn Fn(&mut Json)| {
        let mut object = lab.api.get(from).expect("it is there");
        lab.api.remove(from);
        object["metadata"]["name"] = to.rsplit('/').next().into();
        change(&mut object);
        lab.api.put(to, object);
    };
    move_to(&format!("{CORE}/configmaps/{RONDB}"), &format!("{CORE}/configmaps/other"), &|_| {});
    let schedules = "/apis/velero.io/v1/namespaces/velero/schedules";
    move_to(&format!("{schedules}/k8s-backups-main"), &format!("{schedules}/m"), &|_| {});
    for day in 0..4 {
        let path = format!("{VELERO}/backups/k8s-backups-main-{day}");
        move_to(&path, &path, &|backup| backup["metadata"]["labels"]["velero.io/schedule-name"] = "m".into());
    }
    let ran = lab.run(&["status"]);
    assert!(ran.code == Some(2) && String::from_utf8_lossy(&ran.stdout).contains("nothing makes backups"));
    lab.home.write(
        "v.yaml",
        "global: {_hopsworks: {backups: {ttl: 3d, metadataStore: {configMap: {ronDB: other}}}}}\nhopsworks: {velero: {backup: {mainScheduleName: m}}}\n",
    );
    assert_eq!(lab.run(&["status", "-f", "v.yaml"]).code, Some(0));
    let list = lab.run(&["backups", "list", "-o", "json", "-f", "v.yaml"]).ok();
    let list: Json = serde_json::from_slice(&list).unwrap();
    assert_eq!(shown(&list["backups"][0]), "good good good good / yes yes");
    // What the values say of how long backups are kept.
    let expires: Timestamp = list["backups"][0]["expires"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires.duration_since(lab.at(0)).as_hours(), 71);
    // Nobody has deleted them yet.
    assert_eq!(shown(&list["backups"][3]), "good good good good / no yes");
    lab.home.write("wrong.yaml", "hopsworks: {velero: {backup: {mainScheduleName: A/B}}}\n");
    lab.run(&["backups", "list", "-f", "wrong.yaml"]).failed(1);
}

/// Helm keeps ten revisions: the first one may be gone, and any other says when it was.
#[test]
fn an_installation_is_known_from_any_revision() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use std::io::Write as _;
    let lab = Lab::new();
    lab.api.remove(&format!("{CORE}/secrets/sh.helm.release.v1.hops.v1"));
    let record = |first: &str| {
        let release =
            json!({"name": "hops", "info": {"first_deployed": first, "status": "deployed"}, "manifest": "---\n"});
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(release.to_string().as_bytes()).unwrap();
        STANDARD.encode(STANDARD.encode(gzip.finish().unwrap()))
    };
    for (revision, data) in [(9, record("2020-01-01T00:00:00Z")), (12, record(&lab.ago(60).to_string()))] {
        let name = format!("sh.helm.release.v1.hops.v{revision}");
        lab.api.put(
            &format!("{CORE}/secrets/{name}"),
            json!({"kind": "Secret", "type": "helm.sh/release.v1", "metadata": {"name": name, "labels": {"owner": "helm", "name": "hops"}},
                "data": {"release": data}}),
        );
    }
    let installed = lab.ago(60).to_string();
    let (list, code, said) = lab.list();
    assert_eq!((code, list["installed"].as_str()), (Some(0), Some(installed.as_str())), "{said}");
    // The first revision may be from an earlier installation: helm uninstall --keep-history, and helm install --replace.
    let first = format!("{CORE}/secrets/sh.helm.release.v1.hops.v1");
    lab.api.put(
        &first,
        json!({"metadata": {"name": "sh.helm.release.v1.hops.v1", "labels": {"owner": "helm", "name": "hops"},
            "creationTimestamp": lab.ago(2_000)}}),
    );
    assert_eq!(lab.list().0["installed"].as_str(), Some(installed.as_str()));
    lab.api.remove(&first);
    // A record that cannot be read.
    let path = format!("{CORE}/secrets/sh.helm.release.v1.hops.v12");
    let mut broken = lab.api.get(&path).unwrap();
    broken["data"]["release"] = "x".into();
    lab.api.put(&path, broken);
    let (list, code, said) = lab.list();
    assert_eq!((code, &list["installed"]), (Some(2), &Json::Null));
    assert!(said.contains("Helm's record of release hops does not say when it was installed"), "{said}");
    assert_eq!(shown(&list["backups"][0]), "good good good good / unknown yes");
}

/// Without Velero's Backups, nobody knows which set is whole.
#[test]
fn what_may_not_be_listed_may_be_the_latest() {
    let lab = Lab::new();
    lab.api.fail("/apis/velero.io", 403);
    let ran = lab.run(&["backups", "show", "latest"]);
    let is_said = ran.stderr.contains("error: which backup is the latest that can be restored is not known");
    assert!(ran.code == Some(2) && is_said, "{:?} {}", ran.code, ran.stderr);
}

#[test]
fn an_empty_namespace_has_no_backups() {
    let lab = Lab { home: Home::new(), api: ApiServer::start(), now: Timestamp::now() };
    lab.home.write("kubeconfig", lab.api.kubeconfig());
    let ran = lab.run(&["backups", "list"]);
    assert_eq!(
        (ran.code, ran.stdout.len(), ran.stderr.as_str()),
        (
            Some(0),
            0,
            "There are no backups in namespace hopsworks.\nAnother namespace? -n NAME (helm list -A shows the releases)\n"
        )
    );
    assert_eq!(lab.list().0["backups"], json!([]));
    assert!(lab.run(&["backups", "show", "latest"]).failed(1).contains("no backup can be restored"));
    let ran = lab.run(&["status"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stdout.starts_with(b"Backups in namespace hopsworks: disabled\n"),
        "{}",
        String::from_utf8_lossy(&ran.stdout)
    );
}

#[test]
fn watch_prints_a_status_once_until_it_changes() {
    let lab = Lab::new();
    let mut hwdr = lab.home.command("timeout");
    hwdr.args(["5", crate::common::HWDR, "status", "--watch", "-o", "json"]);
    let ran = run(hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")), b"");
    assert_eq!(ran.code, Some(124), "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.split_inclusive(|byte| *byte == b'\n').collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(serde_json::from_slice::<Json>(lines[0]).unwrap()["is"], "enabled");
    assert!(lab.run(&["status", "--watch", "-o", "nagios"]).failed(3).contains("--watch"));
}

/// 20,000 backups over five ConfigMaps: in less than a second of processor time where the program is optimized, and in 100 MB.
#[test]
fn twenty_thousand_backups() {
    let lab = Lab::new();
    lab.twenty_thousand();
    for form in ["table", "json", "wide", "yaml"] {
        let mut limited = lab.home.command("bash");
        limited.env("KUBECONFIG", lab.home.path("kubeconfig")).args([
            "-c",
            "ulimit -d 102400; TIMEFORMAT='%U %S'; time \"$@\" > out",
            "bash",
            crate::common::HWDR,
            "backups",
            "list",
            "-o",
            form,
        ]);
        let ran = run(&mut limited, b"");
        assert_eq!(ran.code, Some(0), "{form}: {}", ran.stderr);
        let out = std::fs::read_to_string(lab.home.path("out")).unwrap();
        // In some years the first and the last days share their ids.
        assert!(out.lines().count() >= 9_900, "{form}: {}", out.lines().count());
        let seconds: f64 = ran.stderr.split_whitespace().map(|number| number.parse::<f64>().expect("a number")).sum();
        println!("{form}: {seconds} s");
        let limit = if cfg!(debug_assertions) { 15.0 } else { 1.0 };
        assert!(seconds < limit, "{form}: {seconds} s");
    }
}

impl Lab {
    /// What was made, as kinds.
    fn made(&self) -> Vec<String> {
        let kind = |write: &String| {
            let (path, _) = write.strip_prefix("POST ")?.rsplit_once('/')?;
            Some(path.rsplit('/').next()?.to_owned())
        };
        self.api.writes().iter().filter_map(kind).collect()
    }

    /// A backup of data whose id is that of the next minute: what the Jobs of this server, which run nothing, would have recorded.
    fn recorded_next(&self) -> String {
        let at = Timestamp::now() + SignedDuration::from_secs(60);
        let id = at.strftime("%y%V%u%H%M").to_string();
        for config_map in [RONDB, OPENSEARCH] {
            self.record(
                config_map,
                &id,
                json!({"state": "SUCCESS", "start_time": at, "end_time": at}).to_string().into(),
            );
        }
        id
    }
}

#[test]
fn create_makes_what_the_schedules_would_make() {
    let lab = Lab::new();
    let ran = lab.run(&["backups", "create", "--yes"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // All at once, in no order.
    let mut made = lab.made();
    made.sort();
    assert_eq!(made, ["backups", "backups", "jobs", "jobs"]);
    let said = one_line(&ran.stderr);
    for words in ["Backup of release hops in namespace hopsworks", "from CronJob/create-backup", "use --wait for it"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains("kubectl -n hopsworks logs -f --all-containers job/create-backup-manual-"), "{text}");
    assert!(ran.stderr.lines().all(|line| line.chars().count() <= 80), "{}", ran.stderr);
    let writes = lab.api.writes();
    let job = writes
        .iter()
        .find_map(|write| write.strip_prefix("POST ").filter(|path| path.contains("/jobs/create-")))
        .unwrap();
    let job = lab.api.sent("POST", job).unwrap();
    assert_eq!(job["metadata"]["ownerReferences"][0]["name"], "create-backup");
    assert_eq!(job["metadata"]["annotations"], json!({"cronjob.kubernetes.io/instantiate": "manual"}));
    let backup = writes
        .iter()
        .find_map(|write| write.strip_prefix("POST ").filter(|path| path.contains("/backups/k8s-backups-main-")));
    let backup = lab.api.sent("POST", backup.unwrap()).unwrap();
    assert_eq!(backup["metadata"]["labels"]["velero.io/schedule-name"], "k8s-backups-main");
}

#[test]
fn create_waits_and_shows_the_set() {
    let lab = Lab::new();
    let id = lab.recorded_next();
    let ran = lab.run(&["backups", "create", "--wait", "--yes"]);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert_eq!(ran.code, Some(0), "{text}{}", ran.stderr);
    assert!(text.starts_with(&format!("Backup {id}\n")), "{text}");
    assert!(text.contains("for a new cluster: yes") && text.contains(&format!("backupId: \"{id}\"")), "{text}");
    // Velero's copy has the records of the data: it is made afterwards.
    assert_eq!(lab.made(), ["jobs", "jobs", "backups", "backups"]);
    let told = one_line(&ran.stderr);
    let at = |words: &str| told.find(words).unwrap_or_else(|| panic!("{words}: {told}"));
    assert!(at("RonDB: complete") < at("Kubernetes objects (main): begun"), "{told}");
    // That is said before anybody waits.
    assert!(at("it will not be verified: which bucket?") < at("RonDB: begun"), "{told}");
    assert!(at("the backup is made, and not verified: which bucket?") > at("(main): begun"), "{told}");
    assert!(lab.run(&["backups", "create", "--bucket", "b", "--yes"]).failed(2).contains("add --wait"));
}

#[test]
fn create_verifies_what_it_has_made() {
    let s3 = S3Server::start();
    s3.put("hopsfs-blocks-set-0/1/1_1", "block", "2025-10-01T00:00:00Z".parse().unwrap());
    // What is done, the exit code, and words of the output and of the messages.
    let nowhere = "http://127.0.0.1:9";
    for (endpoint, code, words, warning) in [
        (s3.url.as_str(), 2, "RonDB missing", None),
        (nowhere, 0, "for a new cluster: yes", Some("the backup is made, and not verified: ")),
    ] {
        let lab = Lab::new();
        let id = lab.recorded_next();
        let mut hwdr = lab.home.hwdr();
        hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("AWS_ACCESS_KEY_ID", "a");
        hwdr.env("AWS_SECRET_ACCESS_KEY", "b").args(["backups", "create", "--wait", "--yes", "--path-style"]);
        let ran = run(hwdr.args(["--bucket", "b", "--endpoint", endpoint]), b"");
        let (text, said) = (one_line(&String::from_utf8_lossy(&ran.stdout)), one_line(&ran.stderr));
        assert!(ran.code == Some(code) && text.contains(words), "{:?} {text} {said}", ran.code);
        assert!(said.contains("Afterwards it is verified in bucket b."), "{said}");
        let later = format!("helm hwdr backups verify {id} -f values.yaml");
        assert_eq!(said.contains(&later), warning.is_some(), "{said}");
        assert!(warning.is_none_or(|warning| said.contains(warning)), "{said}");
        // As "backups verify" remembers it.
        let verified = lab.list().0["backups"][0]["verified"]["verdict"].clone();
        assert_eq!(verified, if warning.is_some() { Json::Null } else { "missing".into() });
    }
}

/// The bucket answers, and nothing of the backup can be read.
#[test]
fn create_does_not_end_well_if_nothing_could_be_verified() {
    let (lab, s3) = (Lab::new(), S3Server::start());
    let id = lab.recorded_next();
    for file in ["users.sql", "databases.sql"] {
        s3.put(&format!("rondb_backup/{id}/{file}"), "-- cut on its way\n", lab.now);
    }
    s3.put("opensearch_backup/index-0", "cut on its way", lab.now);
    for all in ["_backup", "prefix=hopsfs"] {
        s3.wrong(all, Wrong::Half);
    }
    let mut hwdr = lab.home.hwdr();
    hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("AWS_ACCESS_KEY_ID", "a");
    hwdr.env("AWS_SECRET_ACCESS_KEY", "b").args(["backups", "create", "--wait", "--yes", "--path-style"]);
    let ran = run(hwdr.args(["--bucket", "b", "--endpoint", &s3.url]), b"");
    let (text, said) = (one_line(&String::from_utf8_lossy(&ran.stdout)), one_line(&ran.stderr));
    assert_eq!(ran.code, Some(3), "{text} {said}");
    assert!(said.contains("the backup is made, and not verified: nothing of it could be read"), "{text} {said}");
}

#[test]
fn create_says_why_a_part_has_failed_and_ends_by_it() {
    let lab = Lab::new();
    let mut cron_job = lab.api.get(&format!("{BATCH}/cronjobs/create-backup")).unwrap();
    // The server completes only what is created; this Backup's location says that it failed.
    cron_job["spec"]["suspend"] = true.into();
    lab.api.put(&format!("{BATCH}/cronjobs/create-backup"), cron_job);
    lab.api.fail(&format!("{BATCH}/cronjobs/opensearch-backup-default-default"), 500);
    let ran = lab.run(&["backups", "create", "--wait", "--yes"]);
    let said = one_line(&ran.stderr);
    assert_eq!((ran.code, lab.made()), (Some(3), vec!["jobs".to_owned()]), "{said}");
    assert!(said.contains("CronJob/create-backup is suspended, and is run all the same"), "{said}");
    assert!(said.contains("what was begun goes on: Job/create-backup-manual-"), "{said}");
}

#[test]
fn create_refuses_early_and_says_how_to_mend_it() {
    let open = |lab: &Lab| {
        use base64::Engine as _;
        let state = json!({
            "form": 2, "version": "0.1.0", "mode": "upgrade", "release": "hops", "backupId": "254811200", "backupTime": "2025-11-24T12:00:00Z",
            "digest": "020123456789abcdef", "chart": {"argument": "c", "name": "c-1", "appVersion": "1", "values": "00"}, "phase": "running",
            "why": null, "began": "2026-02-13T15:36:27Z", "ended": null, "steps": [], "parts": [], "wipe": false, "acceptPartial": false,
            "before": {"revision": 3},
        });
        let state = base64::engine::general_purpose::STANDARD.encode(state.to_string());
        lab.api.put(
            &format!("{CORE}/secrets/hwdr-restore-254811200"),
            json!({"kind": "Secret", "type": "hwdr.hopsworks.ai/run", "metadata": {"name": "hwdr-restore-254811200", "labels":
                {"hwdr.hopsworks.ai/release": "hops", "hwdr.hopsworks.ai/restore-id": "254811200"}}, "data": {"state.json": state}}),
        );
    };
    let cases: [(Change, &str); 9] = [
        (
            open,
            "a restore of backup 254811200 was begun at 2026-02-13T15:36:27Z and has not ended … helm hwdr undo hops -n hopsworks",
        ),
        (
            |lab| lab.job("create-backup-1", "create-backup", lab.ago(1), json!({"active": 1})),
            "RonDB: create-backup-1 is being made, since … wait until it has ended",
        ),
        (
            |lab| lab.backup("k8s-backups-main", 0, json!({"phase": "InProgress"})),
            "Kubernetes objects (main): k8s-backups-main-0 is being made",
        ),
        (
            |lab| lab.api.remove(&format!("{BATCH}/cronjobs/create-backup")),
            "RonDB: nothing makes backups … global._hopsworks.backups.enabled to true",
        ),
        (
            |lab| lab.location(json!({"phase": "Unavailable", "message": "no such bucket"}), "ReadWrite"),
            "the storage location hopsworks-bsl is Unavailable: no such bucket … kubectl -n velero logs",
        ),
        (
            |lab| lab.location(json!({"phase": "Available"}), "ReadOnly"),
            "the storage location hopsworks-bsl is read-only",
        ),
        (|lab| lab.api.fail(&format!("{BATCH}/jobs"), 403), "RonDB: cannot be read: list jobs: is forbidden"),
        (
            |lab| lab.api.deny("create jobs"),
            "in namespace hopsworks you may not: create jobs … helm hwdr rbac backups-create",
        ),
        (|lab| lab.api.deny("create backups"), "in namespace velero you may not: create backups"),
    ];
    for (change, words) in cases {
        let lab = Lab::new();
        change(&lab);
        let ran = lab.run(&["backups", "create", "--yes"]);
        let said = one_line(&ran.stderr);
        assert_eq!((ran.code, lab.made().len()), (Some(1), 0), "{words}: {said}");
        assert!(words.split(" … ").all(|words| said.contains(words)), "{words}: {said}");
    }
    // Nobody can be asked.
    let lab = Lab::new();
    let ran = lab.run(&["backups", "create"]);
    let said = one_line(&ran.stderr);
    assert!(ran.code == Some(1) && said.contains("without a terminal") && lab.made().is_empty(), "{said}");
    lab.run(&["backups", "create", "--timeout", "1h"]).failed(2);
    lab.run(&["backups", "create", "--wait", "--timeout", "soon"]).failed(2);
}

#[test]
fn without_velero_the_data_alone_is_backed_up() {
    let lab = Lab::new();
    lab.api.fail("/apis/velero.io", 404);
    let ran = lab.run(&["backups", "create", "--yes"]);
    let said = one_line(&ran.stderr);
    assert_eq!((ran.code, lab.made()), (Some(3), vec!["jobs".to_owned(); 2]), "{said}");
    assert!(
        said.contains("Velero is not in this cluster") && said.contains("the data is backed up without it"),
        "{said}"
    );
}

#[test]
fn what_is_kept_does_not_expire_and_what_is_not_kept_expires_as_before() {
    let lab = Lab::new();
    let path = |schedule: &str| format!("{VELERO}/backups/{schedule}-1");
    let schedules = ["k8s-backups-main", "k8s-backups-users-resources"];
    let before = schedules.map(|schedule| lab.api.get(&path(schedule)).unwrap()["status"]["expiration"].clone());
    let id = lab.id(1);
    let ran = lab.run(&["backups", "keep", &id]);
    assert!(ran.code == Some(1) && one_line(&ran.stderr).contains("without a terminal"), "{}", ran.stderr);
    lab.home.write("v.yaml", "global: {_hopsworks: {backups: {ttl: 20d}}}\n");
    let ran = lab.run(&["backups", "keep", &id, "--yes", "-f", "v.yaml"]);
    let said = one_line(&ran.stderr);
    assert_eq!(ran.code, Some(0), "{said}");
    for words in [
        "then never",
        "Not protected: RonDB is cleaned up by its own CronJob",
        "on, the next run deletes it",
        "HopsFS keeps its blocks as old versions",
        "helm hwdr s3 lifecycle -f values.yaml",
        "Velero's files in the bucket keep the old expiration",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    for (schedule, before) in schedules.iter().zip(&before) {
        let backup = lab.api.get(&path(schedule)).unwrap();
        assert_eq!(backup["status"]["expiration"], Json::Null);
        let noted: Timestamp =
            backup["metadata"]["annotations"]["hwdr.hopsworks.ai/kept"].as_str().unwrap().parse().unwrap();
        let before: Timestamp = before.as_str().unwrap().parse().unwrap();
        assert_eq!(noted.as_second(), before.as_second());
    }
    // It is shown.
    let list: Json = serde_json::from_slice(&lab.run(&["backups", "list", "-o", "json"]).ok()).unwrap();
    assert_eq!((&list["backups"][1]["kept"], &list["backups"][0]["kept"]), (&json!(true), &json!(false)));
    let table = lab.run(&["backups", "list"]).text();
    assert!(table.lines().nth(2).unwrap().contains("  kept  both"), "{table}");
    // What is known to go is not kept.
    assert!(!lab.run(&["backups", "list", "-f", "v.yaml"]).text().contains("kept"));
    assert!(lab.run(&["backups", "show", &id]).text().contains("protected from expiry"));
    assert!(lab.run(&["backups", "keep", &id]).text().contains("is kept already"));
    // And back.
    assert_eq!(lab.run(&["backups", "unkeep", &id, "--yes"]).code, Some(0));
    for (schedule, before) in schedules.iter().zip(&before) {
        let backup = lab.api.get(&path(schedule)).unwrap();
        let now: Timestamp = backup["status"]["expiration"].as_str().unwrap().parse().unwrap();
        assert_eq!(now.as_second(), before.as_str().unwrap().parse::<Timestamp>().unwrap().as_second());
        assert_eq!(backup["metadata"]["annotations"], json!({}));
    }
    assert!(lab.run(&["backups", "unkeep", &id]).text().contains("is not kept"));
    // What hwdr has not written is not taken for an expiration.
    let mut odd = lab.api.get(&path(schedules[0])).unwrap();
    odd["metadata"]["annotations"] = json!({"hwdr.hopsworks.ai/kept": "for ever"});
    lab.api.put(&path(schedules[0]), odd);
    assert!(one_line(&lab.run(&["backups", "unkeep", &id, "--yes"]).failed(1)).contains("which hwdr has not written"));
    // Of data alone nothing can be protected.
    lab.api.fail("/apis/velero.io", 404);
    let message = one_line(&lab.run(&["backups", "keep", &id, "--yes"]).failed(1));
    assert!(message.contains("has no part that hwdr can protect"), "{message}");
}

#[test]
fn a_backup_of_objects_that_no_set_has_is_shown_alone() {
    let lab = Lab::new();
    let mut status = lab.api.get(&format!("{VELERO}/backups/k8s-backups-main-0")).unwrap()["status"].clone();
    status["startTimestamp"] = json!(lab.at(0) + SignedDuration::from_mins(30));
    lab.api.put(
        &format!("{VELERO}/backups/by-hand"),
        json!({"metadata": {"name": "by-hand", "labels": {"velero.io/schedule-name": "k8s-backups-main"}},
            "spec": {"storageLocation": "hopsworks-bsl"}, "status": status}),
    );
    let text = lab.run(&["backups", "show", "by-hand"]).text();
    assert!(text.starts_with("Backup by-hand\n") && one_line(&text).contains("no set has this backup"), "{text}");
    assert_eq!(lab.list().0["backups"].as_array().unwrap().len(), 4);
}

#[test]
fn an_id_may_be_a_name_where_the_cluster_is_asked() {
    let lab = Lab::new();
    for (name, day) in [("latest", 0), ("oldest", 3)] {
        let ran = lab.run(&["objects", "restore", "--backup-id", name]);
        let words = format!("the {name} backup is {}", lab.id(day));
        assert!(one_line(&ran.stderr).contains(&words), "{}", ran.stderr);
    }
    assert!(lab.run(&["objects", "restore", "--backup-id", "last-failed"]).failed(1).contains("no backup has failed"));
    let message = lab.run(&["s3", "rewind", "--bucket", "b", "--backup-id", "latest"]).failed(2);
    assert!(message.contains("helm hwdr backups show latest"), "{message}");
}

#[test]
fn helms_records_may_be_config_maps() {
    let lab = Lab::new();
    lab.api.remove(&format!("{CORE}/secrets/sh.helm.release.v1.hops.v1"));
    lab.api.put(
        &format!("{CORE}/configmaps/sh.helm.release.v1.hops.v1"),
        json!({"metadata": {"name": "sh.helm.release.v1.hops.v1", "labels": {"owner": "helm", "name": "hops"},
            "creationTimestamp": lab.ago(60)}}),
    );
    let with = |driver: &str| {
        let mut hwdr = lab.home.hwdr();
        hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("HELM_DRIVER", driver);
        run(hwdr.args(["backups", "list", "-o", "json"]), b"")
    };
    let list: Json = serde_json::from_slice(&with("configmap").stdout).unwrap();
    assert_eq!(shown(&list["backups"][0]), "good good good good / yes yes");
    let ran = with("sql");
    let list: Json = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!((ran.code, shown(&list["backups"][0]).as_str()), (Some(2), "good good good good / unknown yes"));
    assert!(one_line(&ran.stderr).contains("Helm keeps its records in sql (HELM_DRIVER)"), "{}", ran.stderr);
}

#[test]
fn commands_in_warnings_are_whole() {
    let lab = Lab::new();
    lab.api.fail(&format!("{CORE}/configmaps"), 403);
    lab.api.fail("/apis/velero.io", 403);
    let long = "a".repeat(60);
    lab.home.write("v.yaml", format!("hopsworks: {{velero: {{namespace: {long}}}}}\n"));
    let ran = lab.run(&["backups", "list", "-f", "v.yaml"]);
    let command = format!("helm hwdr rbac backups -n hopsworks --velero-namespace {long}");
    assert!(ran.stderr.lines().any(|line| line.trim() == command), "{}", ran.stderr);
}

#[test]
fn a_schedule_with_its_time_zone_is_read() {
    let lab = Lab::new();
    let path = format!("{VELERO}/schedules/k8s-backups-main");
    let mut schedule = lab.api.get(&path).unwrap();
    schedule["spec"]["schedule"] = "CRON_TZ=Europe/Stockholm 0 3 * * *".into();
    lab.api.put(&path, schedule);
    assert_eq!(lab.run(&["status"]).code, Some(0));
    let path = format!("{BATCH}/cronjobs/create-backup");
    let mut cron_job = lab.api.get(&path).unwrap();
    cron_job["spec"]["schedule"] = "TZ=Europe/Stockholm 0 3 * * *".into();
    lab.api.put(&path, cron_job);
    let ran = lab.run(&["status"]);
    let text = one_line(&String::from_utf8(ran.stdout).unwrap());
    assert!(ran.code == Some(1) && text.contains("which Kubernetes takes in no new CronJob"), "{text}");
}
