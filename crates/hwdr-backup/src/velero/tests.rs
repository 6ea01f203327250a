//! Backups with damage of each kind.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value as Json, json};
use tar::{Builder, Header};

use super::*;
use crate::flaw::{Finding, Verdict, worst};
use crate::gunzip::tests::packed;
use crate::place::tests::{Memory, done};

const NAME: &str = "k8s-backups-main-20251124120053";

/// A time as a number of seconds: enough for tests.
fn seconds(time: &str) -> Option<u64> {
    time.parse().ok()
}

fn checked(place: &Memory, name: &str) -> Checked {
    done(check(place, "k8s_backup/", name, |item| item.kind == "ConfigMap", seconds))
}

fn found(place: &Memory) -> Vec<Finding> {
    checked(place, NAME).findings
}

fn object(version: &str, kind: &str, namespace: &str, name: &str) -> Json {
    let mut object =
        json!({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "data": {"password": "c2VjcmV0"}});
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    object
}

fn objects() -> Vec<(&'static str, Json)> {
    vec![
        ("secrets", object("v1", "Secret", "hopsworks", "users")),
        ("configmaps", object("v1", "ConfigMap", "hopsworks", "rondb-backups-metadata")),
        ("deployments.apps", object("apps/v1", "Deployment", "hopsworks", "admin")),
        ("namespaces", object("v1", "Namespace", "", "hopsworks")),
        (
            "customresourcedefinitions.apiextensions.k8s.io",
            object(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                "",
                "a.very.long.name.of.a.definition.that.does.not.fit.into.the.header.example.com",
            ),
        ),
    ]
}

fn archive(objects: &[(&str, Json)], written: u64) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    let mut add = |path: &str, content: &[u8]| {
        let mut header = Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mtime(written);
        builder.append_data(&mut header, path, content).unwrap();
    };
    add("metadata/version", b"1.1.0\n");
    for (resource, object) in objects {
        let name = object["metadata"]["name"].as_str().unwrap();
        let scope = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => format!("namespaces/{namespace}"),
            None => "cluster".to_owned(),
        };
        let content = serde_json::to_vec(object).unwrap();
        add(&format!("resources/{resource}/{scope}/{name}.json"), &content);
        add(&format!("resources/{resource}/v1-preferredversion/{scope}/{name}.json"), &content);
    }
    packed(&builder.into_inner().unwrap())
}

/// A backup of these objects, made at this time.
fn backup(name: &str, objects: &[(&str, Json)], at: u64) -> Memory {
    let mut list: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (_, object) in objects {
        let resource = format!("{}/{}", object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap());
        let own = object["metadata"]["name"].as_str().unwrap();
        let entry = object["metadata"]["namespace"]
            .as_str()
            .map_or_else(|| own.to_owned(), |namespace| format!("{namespace}/{own}"));
        list.entry(resource).or_default().push(entry);
    }
    let own = json!({
        "apiVersion": "velero.io/v1", "kind": "Backup",
        "metadata": {"name": name, "namespace": "velero", "labels": {"velero.io/schedule-name": "k8s-backups-main"}},
        "spec": {"storageLocation": "hopsworks-bsl"},
        "status": {"phase": "Completed", "progress": {"totalItems": objects.len(), "itemsBackedUp": objects.len()},
            "startTimestamp": at.to_string(), "completionTimestamp": (at + 10).to_string(), "formatVersion": "1.1.0"},
    });
    let gz = |value: Json| packed(format!("{value}\n").as_bytes());
    let volumes = json!([{"metadata": {"labels": {"velero.io/backup-name": name}}, "spec": {"pod": {}}}]);
    let files = [
        ("velero-backup.json".to_owned(), serde_json::to_vec(&own).unwrap()),
        (format!("{name}.tar.gz"), archive(objects, at + 1)),
        (format!("{name}-resource-list.json.gz"), gz(json!(list))),
        (format!("{name}-volumesnapshots.json.gz"), gz(json!(null))),
        (format!("{name}-podvolumebackups.json.gz"), gz(volumes)),
        (format!("{name}-itemoperations.json.gz"), gz(json!([]))),
        (format!("{name}-volumeinfo.json.gz"), gz(json!([]))),
        (format!("{name}-results.gz"), gz(json!({"errors": {}, "warnings": {}}))),
        (format!("{name}-logs.gz"), packed(b"time=\"\" level=info msg=\"Backing up item\"\n")),
    ];
    Memory(files.into_iter().map(|(file, bytes)| (format!("k8s_backup/backups/{name}/{file}"), bytes)).collect())
}

fn good() -> Memory {
    backup(NAME, &objects(), 1_763_985_653)
}

#[test]
fn a_good_backup_is_read_whole() {
    let checked = checked(&good(), NAME);
    assert_eq!(checked.findings, []);
    let facts = checked.facts.unwrap();
    assert_eq!(facts.items.len(), 5);
    let kept: Vec<Json> = facts.kept.iter().map(|bytes| serde_json::from_slice(bytes).unwrap()).collect();
    assert_eq!(kept, [objects().remove(1).1]);
    assert_eq!(checked.backup.unwrap().schedule(), Some("k8s-backups-main"));
}

#[test]
fn no_damage_is_missed() {
    let good = good();
    let whole = checked(&good, NAME);
    for (key, bytes) in &good.0 {
        let with = |bytes: Vec<u8>| {
            Memory(
                [(key.clone(), bytes)]
                    .into_iter()
                    .chain(good.0.clone().into_iter().filter(|(other, _)| other != key))
                    .collect(),
            )
        };
        let mut gone = good.clone();
        gone.0.remove(key);
        assert_eq!(found(&gone).is_empty(), key.ends_with("-logs.gz"), "{key} is gone");
        for cut in (0..bytes.len()).step_by(17) {
            assert!(!found(&with(bytes[..cut].to_vec())).is_empty(), "{key} is cut at {cut}");
        }
        assert!(!found(&with([bytes.as_slice(), b"x"].concat())).is_empty(), "{key} is longer");
        for at in (0..bytes.len()).step_by(7) {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << (at % 8);
            let around =
                String::from_utf8_lossy(&flipped[at.saturating_sub(20)..(at + 20).min(bytes.len())]).into_owned();
            let after = checked(&with(flipped), NAME);
            let own = |checked: &Checked| checked.backup.as_ref().map(|backup| (backup.items(), backup.judge(NAME)));
            // Some bits say nothing (of gzip's header), or nothing that a restore reads (the Backup has no checksum).
            let is_same = after.facts == whole.facts && own(&after) == own(&whole);
            assert!(is_same || !after.findings.is_empty(), "{key} is damaged at {at}: {around}");
        }
    }
}

#[test]
fn files_of_another_backup_are_found() {
    let good = good();
    let (day, other_name) = (86_400, "k8s-backups-main-20251125120053");
    let mut more = objects();
    more.push(("secrets", object("v1", "Secret", "hopsworks", "another")));
    for (objects, says_nothing) in [
        // Their lists are the same; the archive's times are not.
        (objects(), vec!["-resource-list.json.gz"]),
        (more, vec![]),
    ] {
        let other = backup(other_name, &objects, 1_763_985_653 + day);
        for (key, bytes) in &other.0 {
            let key = key.replace(other_name, NAME);
            let same = [
                "-volumesnapshots.json.gz",
                "-itemoperations.json.gz",
                "-volumeinfo.json.gz",
                "-results.gz",
                "-logs.gz",
            ];
            let is_same = says_nothing.iter().chain(&same).any(|end| key.ends_with(end));
            let mut changed = good.clone();
            changed.0.insert(key.clone(), bytes.clone());
            assert_eq!(found(&changed).is_empty(), is_same, "{key}");
        }
    }
}

#[test]
fn it_says_what_is_wrong_and_no_secret() {
    let archive_key = format!("k8s_backup/backups/{NAME}/{NAME}.tar.gz");
    let at = 1_763_985_653;
    let with = |objects: &[(&str, Json)]| {
        let mut changed = good();
        changed.0.insert(archive_key.clone(), archive(objects, at));
        found(&changed)
    };
    let said = |found: Vec<Finding>| found.into_iter().map(|finding| finding.flaw.what).collect::<Vec<_>>();

    let mut gone = objects();
    gone.remove(0);
    let found_gone = with(&gone);
    assert_eq!(worst(&found_gone), Verdict::Missing);
    assert_eq!(said(found_gone), ["does not have Secret/users in namespace hopsworks"]);

    let mut more = objects();
    more.push(("secrets", object("v1", "Secret", "hopsworks", "other")));
    assert_eq!(said(with(&more)), ["has Secret/other in namespace hopsworks, which its list does not name"]);

    for (pointer, value) in
        [("/metadata/name", "other"), ("/metadata/namespace", "other"), ("/apiVersion", "apps/v1"), ("/kind", "")]
    {
        let mut builder = Builder::new(Vec::new());
        let mut object = objects().remove(0).1;
        *object.pointer_mut(pointer).unwrap() = json!(value);
        let content = serde_json::to_vec(&object).unwrap();
        let mut header = Header::new_ustar();
        header.set_size(content.len() as u64);
        builder
            .append_data(&mut header, "resources/secrets/namespaces/hopsworks/users.json", content.as_slice())
            .unwrap();
        let mut changed = good();
        changed.0.insert(archive_key.clone(), packed(&builder.into_inner().unwrap()));
        assert_eq!(
            said(found(&changed)),
            ["resources/secrets/namespaces/hopsworks/users.json is another object than its name says"]
        );
    }

    // The value is one that a parser would quote.
    let broken = br#"{"apiVersion":"v1","kind":"Secret","metadata":"hunter2"}"#;
    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_ustar();
    header.set_size(broken.len() as u64);
    builder.append_data(&mut header, "resources/secrets/namespaces/hopsworks/users.json", broken.as_slice()).unwrap();
    let mut changed = good();
    changed.0.insert(archive_key.clone(), packed(&builder.into_inner().unwrap()));
    let found = format!("{:?}", found(&changed));
    assert!(found.contains("is not an object of Kubernetes") && !found.contains("hunter2"), "{found}");

    let mut failed = good();
    let key = format!("k8s_backup/backups/{NAME}/velero-backup.json");
    let text = String::from_utf8(failed.0[&key].clone()).unwrap();
    failed.0.insert(key.clone(), text.replace("\"Completed\"", "\"PartiallyFailed\",\"errors\":2").into_bytes());
    assert_eq!(said(super::tests::found(&failed)), ["the backup is \"PartiallyFailed\", with 2 errors"]);
    failed.0.insert(key, text.replace("\"Completed\"", "\"Finalizing\"").into_bytes());
    let found = super::tests::found(&failed);
    assert_eq!(worst(&found), Verdict::Unknown);
    assert_eq!(said(found), ["the backup is Finalizing: it is not over"]);
    assert_eq!(said(super::tests::found(&Memory::default())), ["there is no backup of Velero's in this folder"]);
    for name in ["", "..", "a/b", "A", "a\n", &"a".repeat(254)] {
        assert_eq!(said(checked(&good(), name).findings), ["is no name of a backup of Velero's"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20))]
    #[test]
    fn nothing_is_found_in_good_ones(
        names in prop::collection::btree_set("[a-z][a-z0-9.:-]{0,120}[a-z]", 0..30), namespaces in prop::collection::vec("[a-z]{1,60}", 1..4),
    ) {
        let kinds = [("secrets", "v1", "Secret"), ("jobs.batch", "batch/v1", "Job"), ("clusterroles.rbac.authorization.k8s.io",
            "rbac.authorization.k8s.io/v1", "ClusterRole"), ("pods.metrics.k8s.io", "metrics.k8s.io/v1beta1", "PodMetrics")];
        let objects: Vec<_> = names.iter().enumerate().map(|(at, name)| {
            let (resource, version, kind) = kinds[at % kinds.len()];
            let namespace = if kind == "ClusterRole" { "" } else { namespaces[at % namespaces.len()].as_str() };
            (resource, object(version, kind, namespace, name))
        }).collect();
        let place = backup(NAME, &objects, 1_763_985_653);
        prop_assert_eq!(found(&place), []);
        prop_assert_eq!(checked(&place, NAME).facts.unwrap().items.len(), objects.len());
    }
}
