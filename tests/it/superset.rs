//! Superset's backups, as `hwdr backups` and `hwdr status` see them in a cluster and in a bucket.

use base64::Engine as _;
use jiff::SignedDuration;
use serde_json::{Map, Value as Json, json};

use crate::backups::{CORE, Lab, failed};
use crate::common::s3_server::{S3Server, Wrong};
use crate::common::{Home, Ran, run, stored};

const METADATA: &str = "superset-backups-metadata";
const AUDIT: &str = "superset-restore-audit";
const CRON_JOB: &str = "create-superset-backup";
const SKIPPED: &str = "it was skipped: a restore of Superset is under way, or has failed (inProgress in ConfigMap/superset-restore-audit)";

/// A cluster that backs Superset up, ten minutes after the rest; but not the oldest time.
fn with_superset() -> Lab {
    let lab = Lab::new();
    lab.cron_job(CRON_JOB, json!({"app": "superset-backup"}), "hops");
    let entry = |day| (id(&lab, day), json!({"state": "SUCCESS", "start_time": lab.at(day)}).to_string().into());
    lab.config_map(METADATA, (0..3).map(entry).collect());
    lab
}

fn id(lab: &Lab, day: i64) -> String {
    (lab.at(day) + SignedDuration::from_mins(10)).strftime("%Y%m%d%H%M%S-2116913658").to_string()
}

fn fence(lab: &Lab) {
    lab.api.put(
        &format!("{CORE}/configmaps/{AUDIT}"),
        json!({"metadata": {"name": AUDIT}, "data": {"h-1": "{}", "inProgress": "20260722215632-2116913658"}}),
    );
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn list(lab: &Lab) -> Json {
    let ran = lab.run(&["backups", "list", "-o", "json"]);
    serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr))
}

/// Of each set: Superset's part, and whether the set can be used.
fn shown(list: &Json) -> Vec<String> {
    let one = |set: &Json| {
        let parts = set["parts"].as_array().unwrap();
        let part = parts.iter().find(|part| part["series"] == "superset").expect("a part");
        format!(
            "{} {} {}",
            part["name"].as_str().unwrap_or("-"),
            part["state"].as_str().unwrap(),
            set["usable"]["newCluster"].as_str().unwrap()
        )
    };
    list["backups"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn a_set_has_its_part_of_superset_and_can_do_without() {
    let lab = with_superset();
    let found = list(&lab);
    let good = |day| format!("{} good yes", id(&lab, day));
    // That of the day after the oldest is too far from it.
    assert_eq!(shown(&found), [good(0), good(1), good(2), "- missing yes".to_owned()]);
    let note = "Superset: no good backup within a day; a restore does not bring it back";
    assert_eq!(found["backups"][3]["notes"][0], note, "{found:#}");
    let table = lab.run(&["backups", "list"]).text();
    assert!(
        table.starts_with("ID         TIME (UTC)        AGE  RONDB  OPENS  SUPER  MAIN  USERS  LEFT  USABLE\n"),
        "{table}"
    );
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    assert!(lab.run(&["backups", "list", "-o", "wide"]).text().contains("OPENSEARCH  SUPERSET  MAIN"));
    // Its values are told where it has a good one, and only there.
    for day in [0, 1] {
        if day == 1 {
            (0..3).for_each(|day| lab.record(METADATA, &id(&lab, day), Json::Null));
            lab.record(METADATA, &id(&lab, 1), json!({"state": "FAILED"}).to_string().into());
        }
        let text = lab.run(&["backups", "show", &lab.id(day)]).text();
        let own = format!("superset:\n          enabled: true\n          backupId: \"{}\"\n", id(&lab, day));
        assert_eq!(text.contains(&own), day == 0, "{text}");
        assert!(text.contains("in place: yes; for a new cluster: yes"), "{text}");
        let said =
            "Superset: recorded as \"FAILED\" in ConfigMap superset-backups-metadata; a restore does not bring it back";
        assert_eq!(one_line(&text).contains(said), day == 1, "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }
    // By its own id, too.
    let lab = with_superset();
    let text = lab.run(&["backups", "show", &id(&lab, 2)]).text();
    assert!(text.starts_with("Backup ") && text.contains(&id(&lab, 2)), "{text}");
}

#[test]
fn without_superset_nothing_is_said_of_it() {
    let lab = Lab::new();
    for line in [
        &["backups", "list", "-o", "wide"][..],
        &["backups", "show", "latest"],
        &["status"],
        &["status", "-o", "prometheus"],
    ] {
        let ran = lab.run(line);
        let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr).to_lowercase();
        assert!(ran.code == Some(0) && !said.contains("superset"), "{line:?}: {said}");
    }
    let said = lab.run(&["backups", "keep", &lab.id(1), "--yes"]);
    assert!(said.code == Some(0) && !said.stderr.contains("Superset"), "{}", said.stderr);
}

#[test]
fn what_is_kept_is_said_of_superset_too() {
    let lab = with_superset();
    lab.home.write("v.yaml", "global: {_hopsworks: {backups: {ttl: 20d}}}\n");
    let ran = lab.run(&["backups", "keep", &lab.id(1), "--yes", "-f", "v.yaml"]);
    let said = one_line(&ran.stderr);
    assert!(ran.code == Some(0) && said.contains("Superset is cleaned up by its own CronJob"), "{said}");
    assert!(said.contains("(superset.backups.ttl) keeps all. From "), "{said}");
}

#[test]
fn status_knows_superset_and_its_fence() {
    let lab = with_superset();
    let ran = lab.run(&["status"]);
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.code == Some(0) && text.contains("Superset"), "{text}{}", ran.stderr);
    let metrics = lab.run(&["status", "-o", "prometheus"]).text();
    assert!(
        metrics.lines().any(|line| line.starts_with("hwdr_backup_has_good{") && line.contains("service=\"superset\"")),
        "{metrics}"
    );
    fence(&lab);
    lab.job(
        "create-superset-backup-1",
        CRON_JOB,
        lab.ago(1),
        json!({"succeeded": 1, "completionTime": lab.ago(1),
        "conditions": [{"type": "Complete", "status": "True"}]}),
    );
    let ran = lab.run(&["status"]);
    let text = one_line(&String::from_utf8_lossy(&ran.stdout));
    assert_eq!(ran.code, Some(1), "{text}");
    for words in [
        "until it is gone, Superset is not backed up",
        "doctor -n hopsworks --fix",
        &format!("the last run failed, create-superset-backup-1: {SKIPPED}"),
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // A run that failed is no reason against the rest.
    let lab = with_superset();
    lab.record(METADATA, &id(&lab, 0), Json::Null);
    lab.job("create-superset-backup-1", CRON_JOB, lab.at(0), failed());
    let found = list(&lab);
    assert_eq!(shown(&found)[0], format!("{} good yes", id(&lab, 1)));
    assert!(
        found["backups"][0]["notes"]
            .to_string()
            .contains("Superset: create-superset-backup-1 is not taken: BackoffLimitExceeded"),
        "{found:#}"
    );
}

/// A run of hwdr's that failed has left it: the words name the backup, and status is no longer well.
#[test]
fn a_fence_that_a_failed_run_left_is_shown_by_status() {
    let lab = with_superset();
    fence(&lab);
    let state = json!({"form": 1, "version": "0.1.0", "mode": "upgrade", "release": "hops", "backupId": "20260722215632-2116913658",
        "digest": "020123456789abcdef", "chart": {"argument": "c", "name": "c-1", "appVersion": "1", "values": "00"}, "phase": "failed",
        "why": "superset: the key", "began": "2026-07-23T15:36:27Z", "steps": [], "parts": [], "before": {"revision": 3}});
    let encoded = base64::engine::general_purpose::STANDARD.encode(state.to_string());
    lab.api.put(
        &format!("{CORE}/secrets/hwdr-restore-20260722215632-2116913658"),
        json!({"type": "hwdr.hopsworks.ai/run", "metadata": {"name": "hwdr-restore-20260722215632-2116913658",
            "labels": {"hwdr.hopsworks.ai/release": "hops"}}, "data": {"state.json": encoded}}),
    );
    for line in [&["status"][..], &["status", "-o", "nagios"]] {
        let ran = lab.run(line);
        let text = one_line(&String::from_utf8_lossy(&ran.stdout));
        assert_eq!(ran.code, Some(1), "{text}");
        assert!(text.contains("inProgress in ConfigMap/superset-restore-audit: 20260722215632-2116913658"), "{text}");
    }
}

/// It runs, and nothing has ever backed it up: only the values know of it.
#[test]
fn without_any_backup_it_is_seen_by_the_values() {
    let lab = Lab::new();
    lab.home
        .write("v.yaml", "global: {_hopsworks: {superset: {enabled: true}}}\nsuperset: {backups: {enabled: false}}\n");
    let ran = lab.run(&["status", "-f", "v.yaml"]);
    let text = one_line(&String::from_utf8_lossy(&ran.stdout));
    assert_eq!(ran.code, Some(1), "{text}");
    assert!(text.contains("disabled Superset last good: none") && text.contains("superset.backups.enabled"), "{text}");
    let metrics = String::from_utf8(lab.run(&["status", "-f", "v.yaml", "-o", "prometheus"]).stdout).unwrap();
    let of = |name: &str| metrics.lines().find(|line| line.starts_with(name) && line.contains("service=\"superset\""));
    assert!(of("hwdr_backup_has_good{").is_some_and(|line| line.ends_with(" 0")), "{metrics}");
    assert_eq!(of("hwdr_backup_age_seconds{"), None, "{metrics}");
    // The sets can do without.
    let table = lab.run(&["backups", "list", "-f", "v.yaml"]).text();
    assert!(table.contains("both"), "{table}");
}

/// What a run of `backups create --wait` leaves in the ConfigMaps; Superset's only if asked to.
fn records(lab: &Lab, has_superset: bool) {
    let at = jiff::Timestamp::now() + SignedDuration::from_secs(60);
    let entry = json!({"state": "SUCCESS", "start_time": at, "end_time": at}).to_string();
    for config_map in [crate::backups::RONDB, crate::backups::OPENSEARCH] {
        lab.record(config_map, &at.strftime("%y%V%u%H%M").to_string(), entry.clone().into());
    }
    if has_superset {
        lab.record(METADATA, &at.strftime("%Y%m%d%H%M%S-7").to_string(), entry.into());
    }
}

#[test]
fn create_runs_supersets_cron_job_and_waits_for_its_record() {
    for has_record in [true, false] {
        let lab = with_superset();
        if !has_record {
            fence(&lab);
            // The server's Jobs are as old as it is.
            (0..3).for_each(|day| lab.record(METADATA, &id(&lab, day), Json::Null));
        }
        records(&lab, has_record);
        let ran = lab.run(&["backups", "create", "--wait", "--yes"]);
        let said = one_line(&ran.stderr);
        assert_eq!(ran.code, Some(if has_record { 0 } else { 3 }), "{said}");
        let at = |words: &str| said.find(words).unwrap_or_else(|| panic!("{words}: {said}"));
        // It is data: Velero copies its record.
        assert!(at("Superset: complete") < at("Kubernetes objects (main): begun"), "{said}");
        assert_eq!(
            said.contains(&format!("{SKIPPED} the backup is not whole: it has nothing new of Superset")),
            !has_record,
            "{said}"
        );
        // It was said before.
        assert_eq!(said.contains("until it is gone, Superset is not backed up"), !has_record, "{said}");
    }
}

/// The id of the backup that RonDB, OpenSearch and HopsFS have.
const ID: &str = "254811200";
const SUPERSET: &str = "20251124120532-2116913658";

/// The bucket of a cluster that has Superset: what it alone adds, and a snapshot repository, with which sets have an id.
fn bucket() -> S3Server {
    let s3 = S3Server::start();
    let at = "2025-11-24T12:06:00Z".parse().unwrap();
    for (key, bytes) in stored::opensearch().into_iter().chain(stored::superset(SUPERSET)) {
        s3.put(&key, bytes, at);
    }
    s3.put(&format!("rondb_backup/{ID}/users.sql"), "CREATE …", at);
    s3
}

fn of_bucket(s3: &S3Server, line: &[&str]) -> Ran {
    let home = Home::new();
    home.write("v.yaml", "superset: {backups: {ttl: 4000d}}\n");
    let mut hwdr = home.hwdr();
    let hwdr = hwdr.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").env("TZ", "UTC");
    let hwdr = hwdr.arg("backups").args(line).args(["--from-bucket", "--bucket", "b", "-f", "v.yaml"]);
    run(hwdr.args(["--endpoint", &s3.url, "--path-style"]), b"")
}

fn parts(ran: &Ran) -> Vec<Json> {
    let found: Json = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let sets = found["backups"].as_array().expect("sets").iter();
    sets.flat_map(|set| set["parts"].as_array().unwrap().clone()).filter(|part| part["series"] == "superset").collect()
}

#[test]
fn the_bucket_alone_shows_supersets_backups() {
    let s3 = bucket();
    let found = parts(&of_bucket(&s3, &["list", "-o", "json"]));
    assert!(found.iter().all(|part| part["name"] == SUPERSET && part["state"] == "good"), "{found:?}");
    let dump = &stored::superset(SUPERSET)[&format!("superset_backup/{SUPERSET}/superset.sql.gz")];
    assert_eq!((&found[0]["bytes"], &found[0]["expires"]), (&json!(dump.len()), &json!("2036-11-06T12:05:32Z")));
    let text = String::from_utf8(of_bucket(&s3, &["show", SUPERSET]).stdout).unwrap();
    assert!(text.starts_with(&format!("Backup {ID}\n")) && text.contains(SUPERSET), "{text}");
    s3.remove(&format!("superset_backup/{SUPERSET}/manifest.json"));
    s3.put("superset_backup/latest/x", "x", "2025-11-24T12:06:00Z".parse().unwrap());
    let ran = of_bucket(&s3, &["list", "-o", "json"]);
    let found = parts(&ran);
    assert!(
        found.iter().any(|part| part["state"] == "partial" && part["why"] == "manifest.json is missing"),
        "{found:?}"
    );
    assert!(one_line(&ran.stderr).contains("entries that are not backups: superset_backup/latest/"), "{}", ran.stderr);
    // Without any, it has no column.
    for key in stored::superset(SUPERSET).into_keys().chain(["superset_backup/latest/x".to_owned()]) {
        s3.remove(&key);
    }
    let ran = of_bucket(&s3, &["list", "-o", "json"]);
    assert!(parts(&ran).is_empty() && !ran.stderr.contains("uperset"), "{}", ran.stderr);
}

/// A bucket whose answers end in their middle: what it has of one service is unknown, the rest is shown, and each command ends.
#[test]
fn a_bucket_that_is_cut_off_is_unknown_in_part() {
    let s3 = bucket();
    s3.wrong("prefix=superset_backup", Wrong::Half);
    s3.wrong("superset.sql.gz", Wrong::Half);
    let began = std::time::Instant::now();
    for line in [&["list", "-o", "json"][..], &["show", ID, "-o", "json"], &["verify", ID, "-o", "json"]] {
        let ran = of_bucket(&s3, line);
        let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), one_line(&ran.stderr));
        assert!(![Some(0), None].contains(&ran.code), "{line:?}: {said}");
        assert!(said.contains("uperset") && said.contains(ID), "{line:?}: {said}");
        assert!(!crate::common::has_fault(&said), "{line:?}: {said}");
    }
    assert!(began.elapsed().as_secs() < 120, "{:?}", began.elapsed());
    // One that is only slow is read to its end.
    let slow = bucket();
    slow.wrong("superset", Wrong::Slow);
    assert_eq!(
        parts(&of_bucket(&slow, &["list", "-o", "json"])),
        parts(&of_bucket(&bucket(), &["list", "-o", "json"]))
    );
    assert_eq!(verified(&slow, ID).expect("a report")["verdict"], "fine");
}

/// The report on Superset; none if it has none.
fn verified(s3: &S3Server, id: &str) -> Option<Json> {
    let ran = of_bucket(s3, &["verify", id, "-o", "json"]);
    let report: Json = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    report["parts"].as_array().expect("parts").iter().find(|part| part["service"] == "superset").cloned()
}

#[test]
fn each_kind_of_damage_to_supersets_backup_is_found() {
    let [dump, manifest] =
        ["superset.sql.gz", "manifest.json"].map(|file| format!("superset_backup/{SUPERSET}/{file}"));
    let at = "2025-11-24T12:06:00Z".parse().unwrap();
    let files = stored::superset(SUPERSET);
    let report = verified(&bucket(), ID).expect("a report");
    assert_eq!((&report["verdict"], &report["findings"]), (&json!("fine"), &json!([])), "{report:#}");
    let facts = report["facts"].to_string();
    for words in ["3 tables, ", " unpacked", "revision a1b2c3d4e5f6 of the schema", "image hopsworks/superset:5.2.0"] {
        assert!(facts.contains(words), "{words}: {facts}");
    }
    assert!(report["unchecked"].to_string().contains("Secret superset-secret-key"), "{report:#}");
    let other = "20251125120532-7";
    let [other_dump, other_manifest] = ["superset.sql.gz", "manifest.json"]
        .map(|file| stored::superset(other)[&format!("superset_backup/{other}/{file}")].clone());
    let flipped = |key: &str| {
        let mut bytes = files[key].clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 4;
        bytes
    };
    let renamed =
        |from: &str, to: &str| String::from_utf8(files[&manifest].clone()).unwrap().replace(from, to).into_bytes();
    let said = |text: &str| renamed("a1b2c3d4e5f6", text);
    type Damage<'d> = Box<dyn Fn(&S3Server) + 'd>;
    let cases: Vec<(Damage, &str, &str)> = vec![
        (Box::new(|s3| s3.remove(&dump)), "missing", "superset.sql.gz: is not there"),
        (Box::new(|s3| s3.remove(&manifest)), "missing", "manifest.json: is not there"),
        (Box::new(|s3| s3.put(&dump, flipped(&dump), at)), "damaged", "superset.sql.gz: "),
        (Box::new(|s3| s3.put(&dump, files[&dump][..100].to_vec(), at)), "damaged", "superset.sql.gz: ends early"),
        (Box::new(|s3| s3.put(&dump, Vec::new(), at)), "damaged", "superset.sql.gz: ends early"),
        (Box::new(|s3| s3.put(&dump, other_dump.clone(), at)), "damaged", "superset.sql.gz: has "),
        (
            Box::new(|s3| s3.put(&manifest, other_manifest.clone(), at)),
            "damaged",
            "manifest.json: names backup 20251125120532-7",
        ),
        (Box::new(|s3| s3.put(&manifest, "{", at)), "damaged", "manifest.json: is no JSON"),
        (
            Box::new(|s3| s3.put(&manifest, renamed("sha256", "shb256"), at)),
            "unknown",
            "manifest.json: does not say the size and the SHA-256 of the dump",
        ),
        (
            Box::new(|s3| s3.put(&manifest, renamed("size", "sizd"), at)),
            "unknown",
            "manifest.json: does not say the size and the SHA-256 of the dump",
        ),
        (
            Box::new(|s3| s3.put(&manifest, " ".repeat(70_000), at)),
            "unknown",
            "manifest.json: has 70000 bytes: hwdr reads up to 65536",
        ),
        (
            Box::new(|s3| s3.put(&manifest, said("ffffffffffff"), at)),
            "damaged",
            "superset.sql.gz: has the schema of revision a1b2c3d4e5f6",
        ),
    ];
    for (damage, verdict, words) in cases {
        let s3 = bucket();
        damage(&s3);
        // Without the manifest or the dump, the list knows it all the same.
        let report = verified(&s3, ID).expect("a report");
        let said: Vec<_> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| format!("{}: {}", it["file"].as_str().unwrap(), it["what"].as_str().unwrap()))
            .collect();
        assert_eq!(report["verdict"], verdict, "{words}: {said:?}");
        assert!(said.iter().any(|said| said.contains(words)), "{words}: {said:?}");
    }
    // None of its backups belongs to the set; and a cluster without Superset.
    let s3 = bucket();
    let report = verified(&s3, "254801200").expect("a report");
    assert_eq!(report["verdict"], "unknown", "{report:#}");
    files.keys().for_each(|key| s3.remove(key));
    assert_eq!(verified(&s3, ID), None);
}

#[test]
fn an_empty_record_is_no_superset() {
    let lab = Lab::new();
    lab.config_map(METADATA, Map::new());
    let found = list(&lab);
    assert_eq!(found["backups"][0]["parts"].as_array().unwrap().len(), 4, "{found:#}");
}
