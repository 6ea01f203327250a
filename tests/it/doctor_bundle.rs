//! `hwdr doctor --bundle`: what is in it, and that no credential is, wherever it was.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::json;

use crate::backups::Lab;
use crate::doctor::{CORE, doctor, lab};

/// A credential that looks like a word, so that only its place, or the Secret that holds it, tells what it is.
const MARK: &str = "marked-for-nobody";
/// The same that is in no Secret.
const LOOSE: &str = "Loose7Canary";

/// The files of a bundle.
fn files(lab: &Lab, name: &str) -> BTreeMap<String, String> {
    let bytes = fs::read(lab.home.path(name)).expect("it was written");
    let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
    let mut files = BTreeMap::new();
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        let path = entry.path().expect("a path").display().to_string();
        assert_eq!(entry.header().mode().unwrap(), 0o600, "{path}");
        let mut text = String::new();
        entry.read_to_string(&mut text).expect("a text");
        files.insert(path.trim_start_matches("hwdr-bundle/").to_owned(), text);
    }
    files
}

/// A release, pods, events and logs that tell more than they should.
fn plant(lab: &Lab) {
    let api = &lab.api;
    let secret = |name: &str, namespace: &str, data: serde_json::Value| {
        api.put(
            &format!("/api/v1/namespaces/{namespace}/secrets/{name}"),
            json!({"metadata": {"name": name, "namespace": namespace}, "type": "Opaque", "data": data}),
        );
    };
    secret("db", "hopsworks", json!({"odd": STANDARD.encode(MARK), "user": STANDARD.encode("hopsworks")}));
    secret(
        "cloud",
        "velero",
        json!({"cloud": STANDARD.encode(format!("[default]\naws_access_key_id=A\naws_secret_access_key={MARK}2\n"))}),
    );
    let env = json!([{"name": "PLAIN", "value": MARK}, {"name": "DB_PASSWORD", "value": LOOSE}, {"name": "BACKUP_ID", "value": "254811200"}]);
    let annotations =
        json!({"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"x\": \"{LOOSE}\"}}"), "note": MARK});
    let container = json!({"name": "c", "image": "x:1", "env": env, "args": ["--password", LOOSE, format!("--token={LOOSE}"), MARK]});
    api.put(
        &format!("{CORE}/pods/failed"),
        json!({"metadata": {"name": "failed", "namespace": "hopsworks", "annotations": annotations, "managedFields": [{"x": LOOSE}]},
            "spec": {"containers": [container]},
            "status": {"phase": "Failed", "message": format!("said {MARK}"), "containerStatuses": [
                {"name": "c", "image": "x:1", "state": {"terminated": {"exitCode": 1, "message": format!("password: {LOOSE}")}}}]}}),
    );
    api.text(
        &format!("{CORE}/pods/failed/log"),
        &format!("starting\nconnecting with {MARK}\npassword={LOOSE}\nmysql://root:{LOOSE}@db/\ndone\n"),
    );
    api.put(
        &format!("{CORE}/events/e"),
        json!({"metadata": {"name": "e"}, "message": format!("failed: {MARK} token={LOOSE}")}),
    );
    api.put(
        &format!("{CORE}/configmaps/conf"),
        json!({"metadata": {"name": "conf"}, "data": {"a.conf": format!("[s3]\nsecret_access_key = {LOOSE}\nlogin: {MARK}\nregion = x\n"), "api-token": LOOSE}}),
    );
    api.put(
        "/apis/apps/v1/namespaces/hopsworks/deployments/app",
        json!({"metadata": {"name": "app"}, "spec": {"template": {"spec": {"containers": [container]}}}}),
    );
    // Helm's record: its values and its manifest.
    let release = json!({"name": "hops", "version": 3, "info": {"status": "deployed", "first_deployed": lab.ago(60), "notes": MARK},
        "chart": {"metadata": {"name": "hopsworks", "version": "4.8.0", "appVersion": "4.8"}},
        "config": {"global": {"odd": MARK, "password": LOOSE}}, "manifest": format!("kind: Secret\ndata: {MARK}")});
    api.put(
        &format!("{CORE}/secrets/sh.helm.release.v1.hops.v3"),
        json!({"type": "helm.sh/release.v1", "metadata": {"name": "sh.helm.release.v1.hops.v3", "labels": {"owner": "helm", "name": "hops", "version": "3"}},
            "data": {"release": crate::common::packed(&release)}}),
    );
}

#[test]
fn no_credential_is_in_a_bundle() {
    let lab = lab();
    plant(&lab);
    let ran = doctor(&lab, &["hops", "--bundle", "b.tar.gz", "-o", "json"]);
    assert!(ran.stderr.contains("Written to b.tar.gz"), "{}", ran.stderr);
    assert_eq!(fs::metadata(lab.home.path("b.tar.gz")).unwrap().permissions().mode() & 0o777, 0o600);
    let files = files(&lab, "b.tar.gz");
    let encoded = [MARK, LOOSE].map(|mark| STANDARD.encode(mark));
    for (name, text) in &files {
        for mark in [MARK, LOOSE, &encoded[0], &encoded[1]] {
            let line = text.lines().find(|line| line.contains(mark));
            assert_eq!(line, None, "{name}");
        }
        assert!(!text.contains("H4sI"), "{name}: Helm's record");
    }
    // What a supporter needs is there.
    for (name, words) in [
        ("README.txt", "Look through it before you pass it on"),
        ("doctor.json", "\"check\": \"velero-plugin\""),
        ("status.json", "\"services\""),
        ("lint.json", "["),
        ("runs.json", "["),
        ("versions.json", "\"chart\": \"hopsworks-4.8.0\""),
        ("hopsworks/secrets.json", "\"odd\": \"17 bytes\""),
        ("velero/secrets.json", "\"cloud\""),
        ("hopsworks/pods.json", "\"254811200\""),
        ("hopsworks/events.json", "failed: ***"),
        ("hopsworks/configmaps.json", "region = x"),
        ("hopsworks/statefulsets.json", "node-group-0"),
        ("hopsworks/deployments.json", "\"app\""),
        ("hopsworks/persistentvolumeclaims.json", "rondb-ndbmtd-node-group-0-0"),
        ("hopsworks/logs/failed.c.txt", "starting\nconnecting with ***\n"),
        ("velero/backups.json", "k8s-backups-main-0"),
        ("velero/deployments.json", "velero/velero:v1.17.1"),
        ("cluster/persistentvolumes.json", "pv-1"),
    ] {
        assert!(files.get(name).is_some_and(|text| text.contains(words)), "{name}: {words}\n{:?}", files.get(name));
    }
    // It is not written over.
    let again = doctor(&lab, &["hops", "--bundle", "b.tar.gz"]).failed(2);
    assert!(again.contains("b.tar.gz exists, and is not overwritten"), "{again}");
    assert_eq!(lab.api.writes(), [""; 0]);
}

/// Without the right to read Secrets, and others, the rest is there, and what is missing is listed.
#[test]
fn half_the_permissions_make_half_a_bundle() {
    let lab = lab();
    plant(&lab);
    for path in [
        "/api/v1/namespaces/hopsworks/secrets",
        "/api/v1/namespaces/velero/secrets",
        "/api/v1/namespaces/hopsworks/events",
        "/apis/velero.io",
    ] {
        lab.api.fail(path, 403);
    }
    lab.api.fail(&format!("{CORE}/pods/failed/log"), 403);
    let ran = doctor(&lab, &["hops", "--bundle", "half.tar.gz"]);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("Not in it:") && said.contains("hopsworks/events.json: list events: is forbidden"), "{said}");
    let files = files(&lab, "half.tar.gz");
    for missing in
        ["hopsworks/secrets.json: list secrets: is forbidden", "velero/backups.json", "hopsworks/logs/failed.c.txt"]
    {
        assert!(files["README.txt"].contains(missing), "{missing}: {}", files["README.txt"]);
    }
    assert!(files["hopsworks/pods.json"].contains("\"254811200\""));
    // By its name or its form, the loose one is known all the same.
    for (name, text) in &files {
        assert_eq!(text.lines().find(|line| line.contains(LOOSE)), None, "{name}");
    }
    assert!(!files.contains_key("hopsworks/secrets.json"));
}
