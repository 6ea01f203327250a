//! `hwdr plan`: the same plan for the same input, and no plan if a part of the restore is impossible.

use crate::common::{self, Case, Home, Major, Ran, golden, run};
use serde_json::Value as Json;

const NEW_CLUSTER: Case = Case::new("none", "install");

fn plan(home: &Home, case: &Case, more: &[&str], stream: &[u8]) -> Ran {
    run(home.hwdr().arg("plan").args(case.flags()).args(more), stream)
}

/// The stream without the documents that have one of `words`.
fn without(stream: &[u8], words: &[&str]) -> Vec<u8> {
    let text = std::str::from_utf8(stream).expect("Helm writes UTF-8");
    let documents = text.split("\n---\n").filter(|document| !words.iter().any(|word| document.contains(word)));
    let left = documents.collect::<Vec<_>>().join("\n---\n");
    assert!(left.len() < text.len(), "nothing has {words:?}");
    left.into_bytes()
}

fn replaced(stream: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(stream).expect("Helm writes UTF-8");
    assert!(text.contains(from), "nothing has {from:?}");
    text.replace(from, to).into_bytes()
}

#[test]
fn every_step_is_shown() {
    for (generation, mode) in
        [("none", "install"), ("none", "upgrade"), ("native", "install"), ("native-inplace", "upgrade")]
    {
        let home = Home::new();
        let case = Case::new(generation, mode);
        let shown = plan(&home, &case, &[], &home.stream(Major::Three, &case)).text();
        let longest = shown.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{longest:?} columns");
        golden(&format!("{}.plan", case.name()), &shown);
    }
}

/// Both Helms render the same objects in another order.
#[test]
fn an_equal_stream_has_an_equal_plan() {
    let home = Home::new();
    let json = |stream: &[u8]| -> Json {
        serde_json::from_str(&plan(&home, &NEW_CLUSTER, &["-o", "json"], stream).text()).expect("JSON")
    };
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let (first, again) = (json(&stream), json(&stream));
    assert_eq!(first, again);
    let steps: Vec<&str> =
        first["steps"].as_array().into_iter().flatten().filter_map(|step| step["step"].as_str()).collect();
    assert_eq!(steps, ["objects", "objects", "rondb", "users", "hopsfs", "opensearch"]);
    assert_eq!(first["steps"][5]["backupTime"], "2025-11-24T11:40:00Z");
    assert_eq!(first["pointOfNoReturn"]["step"], Json::Null);

    let more = json(&replaced(&stream, "replicas: 2", "replicas: 3"));
    assert_ne!(first["digest"], more["digest"], "three replicas are another plan");

    let yaml = plan(&home, &NEW_CLUSTER, &["-o", "yaml"], &stream).text();
    let source = hwdr::source::Source::new("plan", yaml);
    let read = hwdr::values::read_one(source).expect("YAML").to_json();
    let read: Json = serde_json::from_str(&read.to_string()).expect("JSON");
    assert_eq!(read, first, "YAML and JSON say the same");
}

/// Objects are known by what they are, not by their names.
#[test]
fn names_are_the_charts_to_choose() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let renamed = replaced(&replaced(&stream, "node-group-0", "data-0"), "name: mgmds\n", "name: managers\n");
    let shown = plan(&home, &NEW_CLUSTER, &[], &renamed).text();
    assert!(shown.contains("StatefulSet/data-0 x2, StatefulSet/managers"), "{shown}");
}

/// Half a restore is not planned, and post-render does not inject it.
#[test]
fn what_cannot_be_restored_whole_is_refused() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let twice = [&stream[..], &replaced(&stream, "name: mgmds\n", "name: others\n")].concat();
    for (what, stream, problem) in [
        ("no RonDB", without(&stream, &["rondbService: ndbmtd"]), "no RonDB in the rendered stream"),
        ("no management server", without(&stream, &["rondbService: mgmd"]), "no RonDB management server"),
        ("no HopsFS", without(&stream, &["name: namenode"]), "no HopsFS in the rendered stream"),
        ("no OpenSearch", without(&stream, &["opensearch"]), "OpenSearch is not in the rendered stream"),
        ("no object storage", without(&stream, &["rondbService: create-backup"]), "how the chart reaches its backups"),
        ("no replicas", replaced(&stream, "replicas: 2", "replicas: 0"), "have no replicas"),
        ("two clusters", twice, "two RonDB clusters"),
        ("no RonDB at all", b"kind: List\n".to_vec(), "no RonDB in the rendered stream"),
    ] {
        for command in ["plan", "post-render"] {
            let ran = run(home.hwdr().args([command, "-n", "hopsworks"]).args(NEW_CLUSTER.flags()), &stream);
            let said = ran.failed(1);
            let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(said.contains(problem), "{what}, {command}: {said}");
            assert!(said.contains("help: "), "{what}, {command}: {said}");
        }
    }
}

/// A helm that failed, or a file that is empty, pipes nothing.
#[test]
fn an_empty_stream_is_told_apart_from_a_chart_without_rondb() {
    let home = Home::new();
    for command in ["plan", "diff"] {
        for stream in [&b""[..], b"\n \n"] {
            let said = run(home.hwdr().arg(command).args(NEW_CLUSTER.flags()), stream).failed(2);
            assert!(
                said.contains("nothing came on standard input") && said.contains("helm template"),
                "{command}: {said}"
            );
        }
    }
}

/// One that lies elsewhere can be restored as well: its snapshot CronJob says where it is.
#[test]
fn an_external_opensearch_is_restored_too() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let external = without(&stream, &["kind: StatefulSet\nmetadata:\n  name: opensearch\n"]);
    let shown = plan(&home, &NEW_CLUSTER, &[], &external).text();
    assert!(shown.contains("hwdr takes it for an external one"), "{shown}");
    assert!(shown.contains("Job/opensearch-restore-default-default-254811140"), "{shown}");
}

/// What comes out is in the plan, so another bucket is another plan.
#[test]
fn the_digest_names_all_that_is_done() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let digest = |more: &[&str]| {
        let json: Json =
            plan(&home, &NEW_CLUSTER, &[&["-o", "json"], more].concat(), &stream).text().parse().expect("JSON");
        json["digest"].to_string()
    };
    let bucket = digest(&["--set", "rondb.rondb.restoreFromBackup.s3.bucketName=other"]);
    let prefix = digest(&["--set", "rondb.rondb.restoreFromBackup.pathPrefix=other"]);
    let time = digest(&["--set", "rondb.rondb.timeoutsMinutes.restoreNativeBackup=60"]);
    let all = std::collections::BTreeSet::from([digest(&[]), bucket, prefix, time]);
    assert_eq!(all.len(), 4, "{all:?}");
}

/// What hwdr's own Jobs do not honour is not passed over in silence.
#[test]
fn tables_are_left_out_as_the_values_say_or_it_is_refused() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let more = [
        "--set",
        "rondb.rondb.restoreFromBackup.excludeTables={a.b}",
        "--set",
        "rondb.rondb.restoreFromBackup.excludeDatabases={own}",
    ];
    let said = plan(&home, &NEW_CLUSTER, &more, &stream).text();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("all tables except those of heartbeat, ycsb, dbt2 and own, and a.b"), "{said}");
    let more = ["--set", "rondb.rondb.restoreFromBackup.excludeTables=a.b"];
    assert!(plan(&home, &NEW_CLUSTER, &more, &stream).failed(1).contains("excludeTables"));
    let more = ["--set", "rondb.rondb.restoreFromBackup.includeTables={a.b}"];
    assert!(plan(&home, &NEW_CLUSTER, &more, &stream).failed(1).contains("includeTables"));
}

#[test]
fn without_a_restore_there_is_no_plan() {
    let home = Home::new();
    let base = common::testdata("values/base.yaml");
    let said = run(home.hwdr().args(["plan", "--for", "install", "-f", &base]), b"").failed(1);
    assert!(said.contains("the values ask for no restore"), "{said}");
}

/// What Helm renders with more values, and what hwdr makes of it with the same.
fn with_values(home: &Home, case: &Case, command: &str, set: &[&str]) -> (Vec<u8>, Ran) {
    let more: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
    let stream = run(home.helm(Major::Three).args(case.template()).args(&more), b"").ok();
    let mut hwdr = home.hwdr();
    hwdr.args([command, "-n", "hopsworks"]).args(case.flags()).args(&more);
    if command == "post-render" && case.is_upgrade() {
        hwdr.arg("--unguarded");
    }
    let ran = run(&mut hwdr, &stream);
    (stream, ran)
}

/// The object `Kind/name` of a stream.
fn object(stream: &[u8], name: &str) -> Json {
    common::objects(stream).remove(name).unwrap_or_else(|| panic!("no {name}"))
}

/// What an init container that hwdr adds waits for.
fn gate(object: &Json) -> Option<String> {
    let inits = object.pointer("/spec/template/spec/initContainers")?.as_array()?;
    let gate = inits.iter().find(|init| init["name"] == "hwdr-gate")?;
    Some(gate["args"].to_string())
}

/// The chart's setup Job waits for a binlog server, which so may not wait for what waits for that Job.
#[test]
fn with_global_replication_nobody_waits_for_himself() {
    let home = Home::new();
    let primary = ["rondb.rondb.globalReplication.primary.enabled=true"];
    let (_, ran) = with_values(&home, &NEW_CLUSTER, "post-render", &primary);
    let result = ran.ok();
    for (name, waits) in [
        ("Job/setup-mysqld-dont-remove", r#"["restore-native-backup-254811200"]"#),
        ("StatefulSet/mysqld-binlog-servers", r#"["restore-native-backup-254811200"]"#),
        ("StatefulSet/mysqlds", r#"["setup-mysqld-dont-remove-254811200"]"#),
    ] {
        assert_eq!(gate(&object(&result, name)).as_deref(), Some(waits), "{name}");
    }
    // Another chart's server waits for the MySQL servers.
    let (stream, _) = with_values(&home, &NEW_CLUSTER, "plan", &primary);
    let from = "- until mysqladmin --no-defaults --host=\"$BINLOG_SERVER_HOSTNAME\"";
    let circle = replaced(&stream, from, "- until nc mysqlds-0.headless-mysqlds 3306; mysqladmin");
    let said = run(home.hwdr().arg("plan").args(NEW_CLUSTER.flags()), &circle).failed(1);
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for member in [
        "Job/setup-mysqld-dont-remove waits for StatefulSet/mysqlds (its container wait-one-binlog-server)",
        "StatefulSet/mysqlds waits for Job/setup-mysqld-dont-remove",
    ] {
        assert!(said.contains(member), "{said}");
    }
}

/// Keys that the chart has in plain (MinIO in the cluster) reach the Jobs, and nobody's screen.
#[test]
fn keys_in_plain_reach_the_jobs_alone() {
    let home = Home::new();
    let minio = [
        "global._hopsworks.managedObjectStorage.enabled=false",
        "global._hopsworks.minio.enabled=true",
        "global._hopsworks.minio.hopsfs.enabled=true",
        "global._hopsworks.minio.hopsfs.bucket=hopsfs",
        "global._hopsworks.minio.password=pl41n",
    ];
    let result = with_values(&home, &NEW_CLUSTER, "post-render", &minio).1.ok();
    for job in [
        "Job/hwdr-rondb-metadata-254811200",
        "Job/setup-mysqld-dont-remove-254811200",
        "Job/hopsfs-inplace-restore-254811200",
    ] {
        assert!(
            object(&result, job).to_string().contains(r#""name":"AWS_SECRET_ACCESS_KEY","value":"pl41n""#),
            "{job}"
        );
    }
    for command in ["plan", "diff"] {
        let ran = with_values(&home, &NEW_CLUSTER, command, &minio).1;
        assert!(!ran.stderr.contains("pl41n") && !ran.text().contains("pl41n"), "{command} shows it");
    }
}

/// A backup in another place is read with that place's keys; HopsFS's bucket with the cluster's own.
#[test]
fn each_place_is_read_with_its_own_keys() {
    let home = Home::new();
    let at = |key: &str, value: &str| format!("rondb.rondb.restoreFromBackup.s3.{key}={value}");
    let set = [
        at("bucketName", "old"),
        at("endpoint", "http://old:8333"),
        at("keyCredentialsSecret.name", "old-keys"),
        at("keyCredentialsSecret.key", "id"),
        at("secretCredentialsSecret.name", "old-keys"),
        at("secretCredentialsSecret.key", "key"),
    ];
    let set: Vec<&str> = set.iter().map(String::as_str).collect();
    let result = with_values(&home, &NEW_CLUSTER, "post-render", &set).1.ok();
    let text = |job: &str| object(&result, job).to_string();
    let (rondb, hopsfs) = (text("Job/hwdr-rondb-metadata-254811200"), text("Job/hopsfs-inplace-restore-254811200"));
    for (old, own) in [("old-keys", "aws-credentials"), ("http://old:8333", "http://s3.example.internal:8333")] {
        assert!(rondb.contains(old) && !rondb.contains(own), "{rondb}");
        assert!(hopsfs.contains(own) && !hopsfs.contains(old), "{hopsfs}");
    }
}

/// A pod that is made anew from an old template does not know of the restore.
#[test]
fn a_frozen_template_is_refused_in_place() {
    let home = Home::new();
    let frozen = ["rondb.rondb.ndbmtdSequencedRollout.enabled=true"];
    for generation in ["none", "native-inplace"] {
        let case = Case::new(generation, "upgrade");
        let said = with_values(&home, &case, "plan", &frozen).1.failed(1);
        assert!(said.contains("ndbmtdSequencedRollout.enabled: false"), "{said}");
    }
    with_values(&home, &NEW_CLUSTER, "plan", &frozen).1.ok();
    // A chart of old with one replica, which nobody thaws: hwdr's own Jobs add nothing to its data nodes.
    for (generation, code) in [("none", 0), ("native-inplace", 1)] {
        let case = Case::new(generation, "upgrade");
        let stream = home.stream(Major::Three, &case);
        let stream = replaced(&stream, "rollingUpdate:\n", "rollingUpdate:\n      partition: 1\n");
        assert_eq!(plan(&home, &case, &[], &stream).code, Some(code), "{generation}");
    }
}

/// The chart's own word on what Helm does may not contradict it.
#[test]
fn a_chart_that_is_told_the_other_mode_is_refused() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let said = plan(&home, &NEW_CLUSTER, &["--set", "rondb.rondb.mode=upgrade"], &stream).failed(1);
    assert!(said.contains("rondb.rondb.mode: is upgrade") && said.contains("write auto"), "{said}");
    for path in ["rondb.rondb.mode", "global._hopsworks.mode"] {
        for fine in ["install", "auto"] {
            plan(&home, &NEW_CLUSTER, &["--set", &format!("{path}={fine}")], &stream).ok();
        }
    }
}

/// What Velero's things are called is the chart's to choose.
#[test]
fn veleros_names_are_settings() {
    let home = Home::new();
    let case = Case::new("none", "upgrade");
    let stream = home.stream(Major::Three, &case);
    let renamed =
        replaced(&replaced(&stream, "name: k8s-backups-main", "name: nightly"), "namespace: velero", "namespace: dr");
    let mut set = vec!["--set", "hopsworks.velero.namespace=dr", "--set", "hopsworks.velero.restore=null"];
    let shown = plan(&home, &case, &set, &renamed).text();
    assert!(
        shown.split_whitespace().collect::<Vec<_>>().join(" ").contains("backups of other schedules are not found"),
        "{shown}"
    );
    set.extend(["--set", "hopsworks.velero.backup.mainScheduleName=nightly"]);
    let shown = plan(&home, &case, &set, &renamed).text();
    assert!(shown.contains("Restore/nightly") && !shown.contains("Restore/k8s-backups-main"), "{shown}");
    assert!(!shown.contains("are not found"), "{shown}");
}

/// Where the chart's own restore can fail in a way that shows nowhere, the plan says so.
#[test]
fn faults_of_the_charts_own_restore_are_said() {
    let home = Home::new();
    let case = Case::new("native-inplace", "upgrade");
    let stream = home.stream(Major::Three, &case);
    let words = |stream: &[u8]| plan(&home, &case, &[], stream).text().split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = words(&stream);
    assert!(!shown.contains("begins anew where it fails"), "{shown}");
    assert!(
        shown.contains("node-group-0 go with")
            && shown.contains("go with their StatefulSets, whatever wipeDataOnUninstall"),
        "{shown}"
    );
    let shown = words(&replaced(&stream, "backoffLimit: 0\n", "backoffLimit: 2\n"));
    assert!(shown.contains("begins anew where it fails (backoffLimit: 2)"), "{shown}");
    let kept = words(&replaced(&stream, "whenDeleted: Delete\n", "whenDeleted: Retain\n"));
    assert!(!kept.contains("go with their StatefulSets"), "{kept}");
}

/// Both are typed by people: no word on post-renderers.
#[test]
fn without_values_the_whole_command_is_named() {
    let home = Home::new();
    for command in ["plan", "diff"] {
        let ran = run(home.hwdr().arg(command), b"");
        assert_eq!(ran.code, Some(2));
        assert!(ran.stderr.contains("no values are given"), "{}", ran.stderr);
        assert!(ran.stderr.contains(&format!("hwdr {command}")), "{}", ran.stderr);
        assert!(!ran.stderr.contains("post-render"), "{}", ran.stderr);
    }
}
