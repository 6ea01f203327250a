//! `hwdr plan`: the same plan for the same input, and none where a part of the restore could not be done.

mod common;

use common::{Case, Home, Major, Ran, golden, run};
use serde_json::Value as Json;

const NEW_CLUSTER: Case = Case { generation: "none", mode: "install" };

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
        let case = Case { generation, mode };
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
        ("nothing", Vec::new(), "no RonDB in the rendered stream"),
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

/// One that lies elsewhere can be restored as well: its snapshot CronJob says where it is.
#[test]
fn an_external_opensearch_is_restored_too() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let external = without(&stream, &["kind: StatefulSet\nmetadata:\n  name: opensearch\n"]);
    let shown = plan(&home, &NEW_CLUSTER, &[], &external).text();
    assert!(shown.contains("it is taken for an external one"), "{shown}");
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
    assert!(said.contains("all tables but of heartbeat, ycsb, dbt2, own, and a.b"), "{said}");
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
