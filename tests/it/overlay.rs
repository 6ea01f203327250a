//! A values file that holds workloads at zero while a chart restores them, as operators give it: the chart's own, a copy that somebody has
//! edited, or a flag. With the real chart, and as much of a cluster as it takes.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::backups::{CORE, Lab};
use crate::common::{BOTH, Ran, objects, run, testdata};
use crate::doctor::{self, lab};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/hopsworks/deployments";
const SETS: &str = "/apis/apps/v1/namespaces/hopsworks/statefulsets";
const OVERLAY: &str = "values.superset-restore.yaml";
/// Also sets something of the operator's own.
const EDITED: &str = "superset:\n  superset:\n    service: {port: 8088}\n    supersetNode: {replicas: {enabled: true, replicaCount: 0}}\n    \
                      supersetWorker: {replicas: {enabled: true, replicaCount: 0}}\n";
const ZEROS: [&str; 2] = [
    "superset.superset.supersetNode.replicas.replicaCount=0",
    "superset.superset.supersetWorker.replicas.enabled=true,superset.superset.supersetWorker.replicas.replicaCount=0",
];

/// A helm that renders by the real one, knows the chart's overlay, and keeps what an upgrade is given.
fn helm(lab: &Lab) -> String {
    let overlay = STANDARD.encode(fs::read(testdata(&format!("chart/{OVERLAY}"))).expect("a file"));
    let chart = json!({"chart": {"metadata": {"name": "hopsworks", "version": "4.8.0", "appVersion": "4.8"},
        "files": [{"name": OVERLAY, "data": overlay}]}});
    lab.home.write("rendered", chart.to_string());
    let upgrade = "*) if [[ \" $* \" != *' --dry-run=server '* ]]; then\n\
        printf '%s\\n' \"$@\" | grep -o '/[^\"]*/\\(values\\|more\\)-[0-9]*' | while read -r file; do cat \"$file\"; done >upgraded\n\
        exit 1\n\
        fi;;\n";
    doctor::helm(lab, upgrade, "cat rendered")
}

/// A cluster with a backup of Superset, which runs there with two web servers.
fn ready() -> (Lab, String) {
    let lab = lab();
    let id = lab.at(0).strftime("%Y%m%d%H%M%S-7").to_string();
    let entry = json!({"state": "SUCCESS", "start_time": lab.at(0)}).to_string();
    lab.config_map("superset-backups-metadata", [(id.clone(), entry.into())].into_iter().collect());
    lab.home.write("base.yaml", fs::read(testdata("values/base.yaml")).expect("a file"));
    lab.home.write(OVERLAY, fs::read(testdata(&format!("chart/{OVERLAY}"))).expect("a file"));
    lab.home.write("edited.yaml", EDITED);
    lab.home.write("on.yaml", "global: {_hopsworks: {superset: {enabled: true}}}\nsuperset: {testRestores: true}\n");
    lab.home.write(
        "restore.yaml",
        format!(
            "global:\n  _hopsworks:\n    restoreFromBackup:\n      superset: {{enabled: true, backupId: \"{id}\"}}\n"
        ),
    );
    let mut real = lab.home.helm(BOTH[0]);
    real.args(["template", "hops", &testdata("chart"), "-n", "hopsworks", "-f", "base.yaml", "-f", "on.yaml"]);
    let rendered = run(real.arg("--is-upgrade"), b"").ok();
    for (name, mut object) in objects(&rendered) {
        let Some((kind, name)) = name.split_once('/') else { continue };
        if !name.contains("superset") && !name.contains("mysql") {
            continue;
        }
        object["metadata"]["annotations"] =
            json!({"meta.helm.sh/release-name": "hops", "meta.helm.sh/release-namespace": "hopsworks"});
        match kind {
            "Deployment" => {
                object["spec"]["replicas"] = if name.ends_with("worker") { 1.into() } else { 2.into() };
                lab.api.put(&format!("{DEPLOYMENTS}/{name}"), object);
            }
            "StatefulSet" => {
                let template = &object["spec"]["volumeClaimTemplates"][0]["metadata"]["name"];
                if let Some(template) = template.as_str() {
                    claim(&lab, &format!("{template}-{name}-0"));
                }
                lab.api.put(&format!("{SETS}/{name}"), object);
            }
            _ => {}
        }
    }
    (lab, id)
}

fn claim(lab: &Lab, name: &str) {
    lab.api.put(
        &format!("{CORE}/persistentvolumeclaims/{name}"),
        json!({"metadata": {"name": name, "namespace": "hopsworks", "uid": "uid-of-the-claim"},
            "spec": {"volumeName": "pv-2", "storageClassName": "fast", "resources": {"requests": {"storage": "2Gi"}}}}),
    );
    lab.api.put(
        "/api/v1/persistentvolumes/pv-2",
        json!({"metadata": {"name": "pv-2"}, "status": {"phase": "Bound"}, "spec": {"persistentVolumeReclaimPolicy": "Retain",
            "claimRef": {"namespace": "hopsworks", "name": name, "uid": "uid-of-the-claim"}}}),
    );
}

/// Nothing of Superset runs.
fn stop(lab: &Lab) {
    for name in ["hopsworks-superset", "hopsworks-superset-worker"] {
        let path = format!("{DEPLOYMENTS}/{name}");
        let mut object: Json = lab.api.get(&path).expect("it is there");
        object["spec"]["replicas"] = 0.into();
        lab.api.put(&path, object);
    }
}

fn hwdr(lab: &Lab, command: &str, more: &[&str]) -> Ran {
    let (helm, chart) = (helm(lab), testdata("chart"));
    let mut hwdr = lab.home.hwdr();
    hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("HELM_BIN", helm).env("AWS_EC2_METADATA_DISABLED", "true");
    hwdr.args([command, "hops", &chart, "-n", "hopsworks", "-f", "base.yaml", "-f", "on.yaml", "-f", "restore.yaml"]);
    run(hwdr.args(more), b"")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The same zeros, in three ways.
const WAYS: [&[&str]; 3] =
    [&["-f", "edited.yaml"], &["-f", OVERLAY, "-f", "edited.yaml"], &["--set", ZEROS[0], "--set", ZEROS[1]]];

#[test]
fn what_the_operators_own_zeros_hold_runs_again_or_the_restore_is_refused() {
    let (lab, id) = ready();
    for way in [&[][..], &["-f", OVERLAY]] {
        let text = one_line(&hwdr(&lab, "upgrade", &[&["--dry-run"], way].concat()).text());
        assert!(text.contains(&id) && !text.contains("at zero without the restore"), "{way:?}: {text}");
    }
    for way in WAYS {
        let text = one_line(&hwdr(&lab, "upgrade", &[&["--dry-run"], way].concat()).text());
        let said = "the values hold Deployment/hopsworks-superset at zero without the restore, too: after it, it has 2 again, as now";
        assert!(text.contains(said), "{way:?}: {text}");
    }
    stop(&lab);
    for way in WAYS {
        let said = one_line(&hwdr(&lab, "upgrade", &[&["--dry-run"], way].concat()).failed(1));
        assert!(said.contains("what is restored would not run afterwards"), "{way:?}: {said}");
        assert!(said.contains(&format!("Leave the zeros out of the values: hwdr adds {OVERLAY} itself")), "{said}");
    }
    // The chart's own file says what runs without it.
    hwdr(&lab, "upgrade", &["--dry-run", "-f", OVERLAY]).ok();
    assert_eq!(lab.api.writes(), [""; 0]);
}

#[test]
fn finalize_leaves_the_overlay_out_and_stops_nothing() {
    let (lab, _) = ready();
    let upgraded = || fs::read_to_string(lab.home.path("upgraded")).ok();
    for way in WAYS {
        let ran = hwdr(&lab, "finalize", &[&["--yes"], way].concat());
        let said = one_line(&ran.stderr);
        assert_eq!(ran.code, Some(1), "{way:?}: {said}");
        let words = "Deployment/hopsworks-superset runs, and the values hold it at zero, although the restore is over";
        assert!(said.contains(words) && upgraded().is_none(), "{way:?}: {said}");
    }
    let ran = hwdr(&lab, "finalize", &["--yes", "-f", OVERLAY]);
    assert!(one_line(&ran.stderr).contains(&format!("{OVERLAY} is left out")), "{}", ran.stderr);
    let given = upgraded().expect("helm upgrade ran");
    assert!(given.contains("testRestores") && !given.contains("replicaCount: 0"), "{given}");
    // It does not run anyway.
    stop(&lab);
    fs::remove_file(lab.home.path("upgraded")).expect("a file");
    hwdr(&lab, "finalize", &["--yes", "-f", "edited.yaml"]);
    assert!(upgraded().is_some_and(|given| given.contains("replicaCount: 0")));
}
