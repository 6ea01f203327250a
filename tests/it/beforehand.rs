//! What `hwdr install` sees of Superset's backup before it creates anything: from this machine, if it has credentials for the bucket.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::backups::{CORE, Lab};
use crate::common::s3_server::S3Server;
use crate::common::{BOTH, Ran, run, stored, testdata};
use crate::doctor::lab;

const SUPERSET: &str = "20251124120532-2116913658";
const LOCATION: &str = "/apis/velero.io/v1/namespaces/velero/backupstoragelocations/hopsworks-bsl";
const MAIN: &str = "k8s-backups-main-20251124120053";

/// A cluster with nothing in it but Velero, and a bucket with a backup of Superset, which was made with the key `key`, by this image.
fn ready(archived: &str, image: &str) -> (Lab, S3Server) {
    let (lab, s3) = (lab(), S3Server::start());
    lab.api.remove(&format!("{CORE}/persistentvolumeclaims/rondb-ndbmtd-node-group-0-0"));
    lab.api.remove(LOCATION);
    let at = "2025-11-24T12:06:00Z".parse().expect("a time");
    let print: String = Sha256::digest("key").iter().map(|byte| format!("{byte:02x}")).collect();
    for (key, bytes) in stored::superset(SUPERSET) {
        let text = String::from_utf8_lossy(&bytes)
            .replace(&"ab".repeat(32), &print)
            .replace("hopsworks/superset:5.2.0", image);
        let bytes = if key.ends_with(".json") { text.into_bytes() } else { bytes };
        s3.put(&key, bytes, at);
    }
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "superset-secret-key", "namespace": "hopsworks"},
        "data": {"secret-key": STANDARD.encode(archived)}});
    for (key, bytes) in stored::velero(MAIN, "k8s-backups-main", &[("secrets", secret)]) {
        s3.put(&key, bytes, at);
    }
    let base = std::fs::read_to_string(testdata("values/base.yaml")).expect("a file");
    lab.home.write("base.yaml", base.replace("http://s3.example.internal:8333", &s3.url));
    lab.home.write(
        "superset.yaml",
        format!(
            "global:\n  _hopsworks:\n    superset: {{enabled: true}}\n    restoreFromBackup:\n      superset: {{enabled: true, backupId: \
             \"{SUPERSET}\"}}\nhopsworks: {{velero: {{restore: {{mainScheduleBackupId: {MAIN}, usersScheduleBackupId: \
             k8s-backups-users-resources-20251124120053}}}}}}\n"
        ),
    );
    (lab, s3)
}

fn install(lab: &Lab, has_credentials: bool) -> Ran {
    install_with(lab, has_credentials, &["--iam"])
}

fn install_with(lab: &Lab, has_credentials: bool, access: &[&str]) -> Ran {
    let real = BOTH[0].program().display();
    let chart: Json =
        json!({"chart": {"metadata": {"name": "hopsworks", "version": "4.8.0", "appVersion": "4.8"}, "files": []}});
    lab.home.write("rendered", chart.to_string());
    let helm = lab.home.script(
        "helm",
        &format!(
            "#!/bin/bash\n\
             case \"$1 $2\" in\n\
             version*) exec {real} \"$@\";;\n\
             status*) echo 'Error: release: not found' >&2; exit 1;;\n\
             esac\n\
             args=(template); shift\n\
             while [ $# -gt 0 ]; do case $1 in --dry-run=server) ;; -o) shift;; *) args+=(\"$1\");; esac; shift; done\n\
             {real} \"${{args[@]}}\" >/dev/null || exit 1\n\
             cat rendered\n"
        ),
    );
    let mut hwdr = lab.home.hwdr();
    hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("HELM_BIN", helm).env("AWS_EC2_METADATA_DISABLED", "true");
    hwdr.env("AWS_CONFIG_FILE", "/dev/null").env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
        if has_credentials {
            hwdr.env(name, "a")
        } else {
            hwdr.env_remove(name)
        };
    }
    let restore = testdata("values/new-cluster.yaml");
    hwdr.args(["install", "hops", &testdata("chart"), "-n", "hopsworks", "--dry-run"]).args(access);
    run(hwdr.args(["-f", "base.yaml", "-f", &restore, "-f", "superset.yaml"]), b"")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn velero_and_its_location_are_looked_for_before_the_chart_is_rendered() {
    let (lab, _s3) = ready("key", "hopsworks/superset:6.0.0p4.4");
    let refused = |words: &str| {
        let ran = install_with(&lab, true, &[]);
        let said = one_line(&ran.stderr);
        assert_eq!(ran.code, Some(1), "{said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(lab.api.writes(), [""; 0]);
    };
    refused("there is no BackupStorageLocation hopsworks-bsl, so Velero knows no backups");
    refused("say how Velero accesses the bucket: --iam, --secret NAME, --credentials-file FILE or --credentials-env");
    lab.api.put(LOCATION, json!({"metadata": {"name": "hopsworks-bsl"}, "spec": {}}));
    let there = install_with(&lab, true, &[]);
    assert_eq!(there.code, Some(0), "{}", there.stderr);
    lab.api.remove("/apis/apps/v1/namespaces/velero/deployments/velero");
    refused("there is no Deployment velero in the namespace velero");
    refused("help: install it: velero install --image");
}

#[test]
fn another_key_is_refused_before_anything_is_created() {
    let (lab, _s3) = ready("another", "superset:6.0.0");
    let ran = install(&lab, true);
    let said = one_line(&ran.stderr);
    assert_eq!(ran.code, Some(1), "{said}");
    let words = format!(
        "Superset's backup {SUPERSET} was made with another key than Secret superset-secret-key in Velero's backup {MAIN}"
    );
    assert!(said.contains(&words) && !said.contains("YW5vdGhlcg"), "{said}");
    assert_eq!(lab.api.writes(), [""; 0]);
}

#[test]
fn what_fits_or_cannot_be_seen_is_no_reason_to_refuse() {
    let (lab, s3) = ready("key", "hopsworks/superset:6.0.0p4.4");
    let ran = install(&lab, true);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!one_line(&ran.stderr).contains("Superset's backup"), "{}", ran.stderr);
    // Nobody has credentials here; and the manifest is gone.
    let blind = install(&lab, false);
    assert_eq!(blind.code, Some(0), "{}", blind.stderr);
    let words = format!("Superset's backup {SUPERSET} was not looked at from this machine: ");
    assert!(one_line(&blind.stderr).contains(&words), "{}", blind.stderr);
    assert!(one_line(&blind.stderr).contains("--from-bucket"), "{}", blind.stderr);
    s3.remove(&format!("superset_backup/{SUPERSET}/manifest.json"));
    let ran = install(&lab, true);
    assert!(one_line(&ran.stderr).contains("manifest.json is not in bucket hopsworks"), "{}", ran.stderr);
    // By a newer Superset than the chart's.
    let (lab, _s3) = ready("key", "hopsworks/superset:7.1.0");
    let ran = install(&lab, true);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let words = "was made by hopsworks/superset:7.1.0, which is newer than the chart's docker.hops.works/hopsworks/superset:6.0.0p4.4";
    assert!(one_line(&ran.stderr).contains(words), "{}", ran.stderr);
    assert_eq!(lab.api.writes(), [""; 0]);
}
