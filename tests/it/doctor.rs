//! `hwdr doctor` against as much of an API server as it asks: a cluster that is well, and one thing after the other that is not.

use crate::backups::Lab;
use crate::common::s3_server::S3Server;
use crate::common::{BOTH, Ran, run, testdata};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

pub(crate) const CORE: &str = "/api/v1/namespaces/hopsworks";
const APPS: &str = "/apis/apps/v1/namespaces/hopsworks";
const BATCH: &str = "/apis/batch/v1/namespaces/hopsworks";
const VELERO: &str = "/apis/velero.io/v1/namespaces/velero";
const POLICIES: &str = "/apis/networking.k8s.io/v1/namespaces/hopsworks/networkpolicies";

/// A cluster that `hwdr status` finds well, with all else that doctor looks at.
pub(crate) fn lab() -> Lab {
    let lab = Lab::new();
    let api = &lab.api;
    api.clock(SignedDuration::ZERO);
    api.put("/version", json!({"major": "1", "minor": "34+", "gitVersion": "v1.34.4"}));
    let kinds = ["Backup", "Restore", "Schedule", "BackupStorageLocation", "DownloadRequest"];
    let kinds: Vec<_> =
        kinds.iter().map(|kind| json!({"kind": kind, "name": "x", "namespaced": true, "verbs": ["list"]})).collect();
    api.put(
        "/apis/velero.io/v1",
        json!({"kind": "APIResourceList", "groupVersion": "velero.io/v1", "resources": kinds}),
    );
    api.put(
        "/api/v1/namespaces/kube-system",
        json!({"metadata": {"name": "kube-system", "uid": "uid-of-the-cluster"}}),
    );
    api.put(
        "/api/v1/namespaces/hopsworks",
        json!({"metadata": {"name": "hopsworks", "labels": {"name": "hopsworks"}}}),
    );
    velero(&lab, "velero/velero:v1.17.1", "velero/velero-plugin-for-aws:v1.13.0");
    let values = json!({"global": {"_hopsworks": {"wipeDataOnUninstall": false,
        "managedObjectStorage": {"enabled": true, "s3": {"bucket": {"name": "hopsworks"}, "region": "x", "endpoint": "http://127.0.0.1:9"}}}}});
    record(&lab, "deployed", values);
    node_group(&lab, json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}));
    api.put(
        &format!("{CORE}/persistentvolumeclaims/rondb-ndbmtd-node-group-0-0"),
        json!({"metadata": {"name": "rondb-ndbmtd-node-group-0-0", "namespace": "hopsworks"},
            "spec": {"volumeName": "pv-1", "storageClassName": "fast", "resources": {"requests": {"storage": "10Gi"}}}}),
    );
    volume(&lab, "Retain");
    location(&lab, json!({"phase": "Available", "lastValidationTime": lab.now}), "ReadWrite");
    api.put(
        "/apis/storage.k8s.io/v1/csistoragecapacities/c",
        json!({"metadata": {"name": "c"}, "storageClassName": "fast", "capacity": "100Gi"}),
    );
    lab
}

fn owner() -> Json {
    json!({"meta.helm.sh/release-name": "hops", "meta.helm.sh/release-namespace": "hopsworks"})
}

fn velero(lab: &Lab, server: &str, plugin: &str) {
    lab.api.put(
        "/apis/apps/v1/namespaces/velero/deployments/velero",
        json!({"metadata": {"name": "velero"}, "status": {"readyReplicas": 1}, "spec": {"template": {"spec": {
            "initContainers": [{"name": "p", "image": plugin}], "containers": [{"name": "velero", "image": server}]}}}}),
    );
}

fn record(lab: &Lab, status: &str, values: Json) {
    record_since(lab, status, &lab.ago(60), values);
}

/// The same, first installed then.
fn record_since(lab: &Lab, status: &str, installed: &Timestamp, values: Json) {
    let release = json!({"name": "hops", "version": 3, "info": {"status": status, "first_deployed": installed},
        "chart": {"metadata": {"name": "hopsworks", "version": "4.8.0", "appVersion": "4.8"}}, "config": values, "manifest": "x"});
    lab.api.put(
        &format!("{CORE}/secrets/sh.helm.release.v1.hops.v3"),
        json!({"type": "helm.sh/release.v1", "kind": "Secret", "metadata": {"name": "sh.helm.release.v1.hops.v3", "creationTimestamp": lab.ago(60),
            "labels": {"owner": "helm", "name": "hops", "version": "3"}}, "data": {"release": crate::common::packed(&release)}}),
    );
}

fn node_group(lab: &Lab, update: Json) {
    lab.api.put(
        &format!("{APPS}/statefulsets/node-group-0"),
        json!({"metadata": {"name": "node-group-0", "annotations": owner()}, "spec": {"updateStrategy": update,
            "template": {"metadata": {"labels": {"rondbService": "ndbmtd"}}, "spec": {"containers": [{"name": "ndbmtd"}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "rondb-ndbmtd"}}]}}),
    );
}

/// Superset and its MySQL, which nothing backs up.
fn superset(lab: &Lab) {
    let (web, database) = (json!({"app": "superset"}), json!({"app.kubernetes.io/name": "mysql"}));
    let pods = |labels: &Json, container: &str| json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": container}]}});
    lab.api.put(
        &format!("{APPS}/deployments/superset"),
        json!({"metadata": {"name": "superset", "annotations": owner()}, "spec": {"template": pods(&web, "superset")}}),
    );
    lab.api.put(
        &format!("{APPS}/statefulsets/hops-mysql"),
        json!({"metadata": {"name": "hops-mysql", "annotations": owner()}, "spec": {"template": pods(&database, "mysql")}}),
    );
}

fn location(lab: &Lab, status: Json, mode: &str) {
    lab.api.put(
        &format!("{VELERO}/backupstoragelocations/hopsworks-bsl"),
        json!({"metadata": {"name": "hopsworks-bsl"}, "status": status,
            "spec": {"accessMode": mode, "objectStorage": {"bucket": "hopsworks", "prefix": "/k8s_backup/"}}}),
    );
}

fn volume(lab: &Lab, policy: &str) {
    lab.api.put(
        "/api/v1/persistentvolumes/pv-1",
        json!({"metadata": {"name": "pv-1"}, "status": {"phase": "Bound"}, "spec": {"persistentVolumeReclaimPolicy": policy,
            "claimRef": {"namespace": "hopsworks", "name": "rondb-ndbmtd-node-group-0-0"}}}),
    );
}

pub(crate) fn doctor(lab: &Lab, more: &[&str]) -> Ran {
    doctor_of(lab, "", more)
}

/// The same, of a cluster where helm has this `HELM_DRIVER`.
fn doctor_of(lab: &Lab, driver: &str, more: &[&str]) -> Ran {
    let mut hwdr = lab.home.hwdr();
    hwdr.env("HELM_DRIVER", driver);
    hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("TZ", "UTC").env("HELM_BIN", BOTH[0].program());
    // No credentials for any bucket: that of the values does not answer either.
    hwdr.env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"] {
        hwdr.env_remove(name);
    }
    run(hwdr.arg("doctor").args(more), b"")
}

/// All lines as `level check: what`, without those of a bucket that nobody has credentials for.
fn lines(lab: &Lab, more: &[&str]) -> Vec<String> {
    let ran = doctor(lab, &[&["-o", "json"], more].concat());
    let mut lines = of_report(&ran);
    lines.retain(|line| !line.starts_with("unknown bucket: "));
    lines
}

/// All lines of a report, as `level check: what`.
fn of_report(ran: &Ran) -> Vec<String> {
    let report: Json = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let lines = report["sections"].as_array().unwrap().iter().flat_map(|section| section["lines"].as_array().unwrap());
    let word = |line: &Json, key: &str| line[key].as_str().unwrap().to_owned();
    lines.map(|line| format!("{} {}: {}", word(line, "level"), word(line, "check"), word(line, "what"))).collect()
}

#[test]
fn a_cluster_that_is_well() {
    let lab = lab();
    let all = lines(&lab, &[]);
    let bad: Vec<_> = all.iter().filter(|line| !line.starts_with("ok ")).collect();
    assert_eq!(bad, [""; 0], "{all:#?}");
    for words in [
        "ok cluster: here at http://127.0.0.1",
        "ok kubernetes: Kubernetes v1.34.4",
        "ok clock: this machine and the API server agree",
        "ok permissions: you may do all that upgrade, resume and undo need",
        "ok helm: helm v3.",
        "ok helm-plugins: 0 plugins",
        "ok release: release hops, revision 3: chart hopsworks-4.8.0, app version 4.8, deployed",
        "ok velero-crds: the cluster knows all kinds",
        "ok velero: velero has a ready pod: velero/velero:v1.17.1",
        "ok velero-plugin: the plugin for S3: velero/velero-plugin-for-aws:v1.13.0",
        "ok storage-location: hopsworks-bsl is Available",
        "ok velero-restores: no Restore of Velero is under way",
        "ok backups: RonDB: last good backup",
        "ok backups: the newest that can be restored as a whole: ",
        "ok bucket-from-pods: a pod wrote RonDB's backup",
        "ok bucket-by-velero: Velero wrote k8s-backups-",
        "ok reclaim-policy: all 1 volumes of data outlive",
        "ok room: there is room",
        "ok images: no pod waits",
        "ok network-policies: the namespace has no NetworkPolicy",
        "ok runs: hwdr has no record",
        "ok old-volumes: ",
        "ok jobs: ",
        "ok wipe-on-uninstall: ",
        "ok rollout-partition: ",
    ] {
        assert!(all.iter().any(|line| line.starts_with(words)), "{words}: {all:#?}");
    }
    assert_eq!(lab.api.writes(), [""; 0]);
    // For people, in 80 columns, with and without colours.
    let ran = doctor(&lab, &[]);
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(
        text.starts_with("Would a restore of release hops in place work now?\n\nCluster\n  ok       here at "),
        "{text}"
    );
    assert!(text.contains("\nNot checked\n") && text.contains("registry with the Python environments"), "{text}");
    assert!(text.ends_with("1 unknown, 25 ok\n") || text.contains(" unknown, "), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    let colours = run(
        lab.home
            .hwdr()
            .env("KUBECONFIG", lab.home.path("kubeconfig"))
            .env("HELM_BIN", BOTH[0].program())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("NO_COLOR")
            .env("CLICOLOR_FORCE", "1")
            .arg("doctor"),
        b"",
    );
    let colours = String::from_utf8(colours.stdout).unwrap();
    assert!(colours.contains("\u{1b}[32mok"), "{colours}");
    assert!(anstream::adapter::strip_str(&colours).to_string().lines().all(|line| line.chars().count() <= 80));
}

/// What is done to a cluster that is well, and how the line begins that says so.
type Case = (fn(&Lab), &'static str);

#[test]
fn each_thing_that_is_wrong_has_its_line() {
    let cases: &[Case] = &[
        (
            |lab| lab.api.put("/version", json!({"major": "1", "minor": "26", "gitVersion": "v1.26.0"})),
            "problem kubernetes: Kubernetes v1.26.0 is too old",
        ),
        (
            |lab| lab.api.put("/version", json!({"gitVersion": "odd\u{1b}[2J"})),
            "unknown kubernetes: the API server's version is",
        ),
        (|lab| lab.api.fail("/version", 403), "unknown kubernetes: the version of Kubernetes: cannot be read"),
        (|lab| lab.api.clock(SignedDuration::from_mins(7)), "warning clock: the API server's clock is"),
        (|lab| lab.api.clock(SignedDuration::from_mins(-7)), "warning clock: the API server's clock is"),
        (
            |lab| lab.api.deny("patch persistentvolumes"),
            "problem permissions: upgrade: in namespace hopsworks you may not: patch persistentvolumes",
        ),
        (
            |lab| lab.api.deny("get pods/log"),
            "ok permissions: upgrade: in namespace hopsworks you may not: get pods/log; it works without",
        ),
        (|lab| lab.api.fail("/apis/authorization.k8s.io", 403), "unknown permissions: permissions: cannot be read"),
        (
            |lab| {
                drop(lab.home.write("data/plugins/new/plugin.yaml", "apiVersion: v1\ntype: postrenderer/v1\nname: x\n"))
            },
            "problem helm-plugins: ",
        ),
        (
            |lab| record(lab, "pending-upgrade", json!({})),
            "problem release: release hops, revision 3: chart hopsworks-4.8.0, app version 4.8, pending-upgrade",
        ),
        (
            |lab| lab.api.fail(&format!("{CORE}/secrets"), 403),
            "unknown release: cannot be read: list secrets: is forbidden",
        ),
        (|lab| lab.api.fail("/apis/velero.io", 404), "problem velero-crds: Velero is not in this cluster"),
        (
            |lab| lab.api.put("/apis/velero.io/v1", json!({"resources": [{"kind": "Backup"}]})),
            "problem velero-crds: the cluster does not know these kinds of Velero: Restore",
        ),
        (
            |lab| lab.api.remove("/apis/apps/v1/namespaces/velero/deployments/velero"),
            "problem velero: there is no Deployment velero in namespace velero",
        ),
        (
            |lab| {
                lab.api
                    .put("/apis/apps/v1/namespaces/velero/deployments/velero", json!({"metadata": {"name": "velero"}}))
            },
            "problem velero: Velero's Deployment velero has no ready pod",
        ),
        (
            |lab| velero(lab, "velero/velero:v1.8.1", "velero/velero-plugin-for-aws:v1.4.0"),
            "problem velero: Velero is velero/velero:v1.8.1: before 1.9",
        ),
        (
            |lab| velero(lab, "velero/velero:v1.16.0", "velero/velero-plugin-for-aws:v1.12.0"),
            "warning velero: Velero is velero/velero:v1.16.0",
        ),
        (
            |lab| velero(lab, "velero/velero@sha256:ab", "velero/velero-plugin-for-aws:v1.13.0"),
            "unknown velero: the version of Velero",
        ),
        (
            |lab| velero(lab, "velero/velero:v1.17.1", "velero/velero-plugin-for-aws:v1.10.0"),
            "warning velero-plugin: the plugin velero/velero-plugin-for-aws:v1.10.0 is older",
        ),
        (
            |lab| velero(lab, "velero/velero:v1.17.1", "velero/velero-plugin-for-aws@sha256:ab"),
            "unknown velero-plugin: whether the plugin fits Velero is not in the images' names",
        ),
        (|lab| velero(lab, "velero/velero:v1.17.1", "other"), "ok velero-plugin: Velero has a plugin for S3"),
        (
            |lab| {
                velero(lab, "velero/velero:v1.17.1", "other");
                location(
                    lab,
                    json!({"phase": "Unavailable", "message": "unable to locate ObjectStore plugin named velero.io/aws"}),
                    "ReadWrite",
                );
            },
            "problem velero-plugin: no init container",
        ),
        (
            |lab| location(lab, json!({"phase": "Unavailable", "message": "api error NoSuchBucket: no"}), "ReadWrite"),
            "problem storage-location: hopsworks-bsl is Unavailable: api error NoSuchBucket",
        ),
        (
            |lab| location(lab, json!({}), "ReadWrite"),
            "unknown storage-location: Velero has not looked at hopsworks-bsl yet",
        ),
        (
            |lab| location(lab, json!({"phase": "Available"}), "ReadOnly"),
            "problem storage-location: hopsworks-bsl is read-only",
        ),
        (
            |lab| lab.api.remove(&format!("{VELERO}/backupstoragelocations/hopsworks-bsl")),
            "problem storage-location: there is no storage location hopsworks-bsl",
        ),
        (
            |lab| {
                lab.api.put(&format!("{VELERO}/backupstoragelocations/hopsworks-bsl"), json!({"metadata": {"name": "hopsworks-bsl"},
                "spec": {"objectStorage": {"bucket": "hopsworks", "prefix": "other"}}, "status": {"phase": "Available"}}))
            },
            "problem storage-location: hopsworks-bsl has the prefix \"other\", but the values say \"k8s_backup\"",
        ),
        (
            |lab| lab.api.fail(&format!("{VELERO}/backupstoragelocations"), 403),
            "unknown storage-location: Velero's storage locations: cannot be read",
        ),
        (
            |lab| {
                lab.api.put(
                    &format!("{VELERO}/restores/r"),
                    json!({"metadata": {"name": "r"}, "status": {"phase": "InProgress"}}),
                )
            },
            "warning velero-restores: Velero is at work on r",
        ),
        (
            |lab| {
                lab.api.put(
                    &format!("{VELERO}/schedules/k8s-backups-main"),
                    json!({"metadata": {"name": "k8s-backups-main", "annotations": owner()},
                "spec": {"schedule": "@daily", "paused": true}, "status": {"phase": "Enabled"}}),
                )
            },
            "problem backups: Kubernetes objects (main): Schedule/k8s-backups-main is suspended",
        ),
        (|lab| lab.api.fail(&format!("{CORE}/configmaps"), 403), "unknown backups: "),
        (|lab| volume(lab, "Delete"), "warning reclaim-policy: 1 of 1 volumes of data go with their claims"),
        (|lab| lab.api.fail("/api/v1/persistentvolumes", 403), "unknown reclaim-policy: the volumes of data: "),
        (
            |lab| lab.api.fail("/api/v1/persistentvolumes", 403),
            "unknown old-volumes: volumes without a claim: cannot be read",
        ),
        (
            |lab| {
                lab.api.put(
                    "/apis/storage.k8s.io/v1/csistoragecapacities/c",
                    json!({"storageClassName": "fast", "capacity": "9Gi"}),
                )
            },
            "problem room: storage class fast has room for 9216 MiB, but the new volumes need 10240 MiB",
        ),
        (|lab| lab.api.fail("/apis/storage.k8s.io", 403), "unknown room: the room of storage classes: cannot be read"),
        (
            |lab| {
                lab.api.put(&format!("{CORE}/pods/p"), json!({"metadata": {"name": "p"}, "status": {"containerStatuses": [
                {"name": "c", "image": "x:1", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "denied"}}}]}}))
            },
            "problem images: pod p cannot get the image x:1: ImagePullBackOff: denied",
        ),
        (|lab| lab.api.fail(&format!("{CORE}/pods"), 403), "unknown images: pods: cannot be read"),
        (
            |lab| {
                lab.api.put(
                    &format!("{POLICIES}/deny"),
                    json!({"metadata": {"name": "deny"}, "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}),
                )
            },
            "problem network-policies: NetworkPolicy/deny lets no pod with the labels ",
        ),
        (
            |lab| {
                lab.api.put(&format!("{POLICIES}/ip"), json!({"metadata": {"name": "ip"}, "spec": {"podSelector": {"matchLabels": {"rondbService": "ndbmtd"}},
                "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}]}}))
            },
            "unknown network-policies: NetworkPolicy/ip may let no pod",
        ),
        (
            |lab| {
                superset(lab);
                lab.api.put(&format!("{POLICIES}/own"), json!({"metadata": {"name": "own"}, "spec": {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "mysql"}},
                "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "superset"}}}]}]}}))
            },
            "problem network-policies: NetworkPolicy/own lets no pod with the labels app.kubernetes.io/name=hwdr, \
             app.kubernetes.io/managed-by=hwdr reach StatefulSet/hops-mysql at port 3306",
        ),
        (superset, "warning superset: Superset runs, and nothing backs it up"),
        (|lab| lab.api.fail(POLICIES, 403), "unknown network-policies: NetworkPolicies: cannot be read"),
        (
            |lab| {
                lab.api.put(
                    "/api/v1/persistentvolumes/pv-0",
                    json!({"metadata": {"name": "pv-0"}, "status": {"phase": "Released"},
                "spec": {"claimRef": {"namespace": "hopsworks", "name": "x"}}}),
                )
            },
            "warning old-volumes: 1 volumes were claims' of namespace hopsworks",
        ),
        (
            |lab| {
                lab.api.put(&format!("{BATCH}/jobs/hwdr-preflight-1"), json!({"metadata": {"name": "hwdr-preflight-1",
                "labels": {"app.kubernetes.io/managed-by": "hwdr"}}, "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}]}}))
            },
            "warning jobs: hwdr's Job hwdr-preflight-1 has failed: BackoffLimitExceeded",
        ),
        (
            |lab| {
                lab.api.put(
                    &format!("{CORE}/secrets/hwdr-restore-1"),
                    json!({"type": "hwdr.hopsworks.ai/run", "metadata": {"name": "hwdr-restore-1",
                "labels": {"hwdr.hopsworks.ai/release": "hops"}}, "data": {"state.json": "e30="}}),
                )
            },
            "problem runs: Secret hwdr-restore-1: its state cannot be read",
        ),
        (
            |lab| node_group(lab, json!({"rollingUpdate": {"partition": 2}})),
            "warning rollout-partition: StatefulSet/node-group-0 keeps its pods below number 2",
        ),
        (|lab| record(lab, "deployed", json!({})), "warning wipe-on-uninstall: helm uninstall deletes the data claims"),
        (
            |lab| {
                lab.api.put(
                    &format!("{CORE}/configmaps/superset-restore-audit"),
                    json!({"metadata": {"name": "superset-restore-audit"}, "data": {"inProgress": "now"}}),
                )
            },
            "warning superset: Superset's restore is under way, or has failed",
        ),
    ];
    for (change, expected) in cases {
        let lab = lab();
        change(&lab);
        let all = lines(&lab, &[]);
        assert!(all.iter().any(|line| line.starts_with(expected)), "{expected}: {all:#?}");
        assert_eq!(lab.api.writes(), [""; 0], "{expected}");
    }
    // Several at once, for people: in 80 columns, but for commands, and without a terminal's own sequences.
    for (at, per) in [(0, 3), (1, 3), (2, 3)] {
        let lab = lab();
        cases.iter().skip(at).step_by(per).for_each(|(change, _)| change(&lab));
        let text = String::from_utf8(doctor(&lab, &[]).stdout).unwrap();
        let long = text.lines().find(|line| line.chars().count() > 80);
        assert_eq!(long, None, "{text}");
        assert!(!text.contains('\u{1b}') && text.contains("problem"), "{text}");
    }
}

/// What is wrong with the bucket itself, from this machine.
#[test]
fn the_bucket_is_judged_from_this_machine() {
    const SHORT: &str = "<LifecycleConfiguration><Rule><ID>r</ID><Status>Enabled</Status><Filter><Prefix></Prefix></Filter>\
                         <NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>";
    let off = "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>";
    let excluded = "<VersioningConfiguration><Status>Enabled</Status><ExcludedPrefixes><Prefix>x/</Prefix></ExcludedPrefixes></VersioningConfiguration>";
    for (question, answer, expected) in [
        ("versioning", off, "problem bucket: versioning: "),
        ("versioning", excluded, "warning bucket: versioning: "),
        ("lifecycle", SHORT, "problem bucket: lifecycle: "),
    ] {
        let (lab, s3) = (lab(), S3Server::start());
        s3.say(question, 200, answer);
        let values = json!({"global": {"_hopsworks": {"wipeDataOnUninstall": false, "backups": {"ttl": "60d"},
            "managedObjectStorage": {"enabled": true, "s3": {"bucket": {"name": "hopsworks"}, "region": "x", "endpoint": s3.url}}}}});
        record(&lab, "deployed", values);
        let mut hwdr = lab.home.hwdr();
        hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("TZ", "UTC").env("HELM_BIN", BOTH[0].program());
        let ran = run(
            hwdr.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b").args(["doctor", "-o", "json"]),
            b"",
        );
        let all = of_report(&ran);
        assert!(all.iter().any(|line| line.starts_with(expected)), "{expected}: {all:#?}");
    }
}

#[test]
fn the_exit_code_is_that_of_the_worst_line() {
    let lab = lab();
    // Nobody has credentials for the bucket.
    assert_eq!(doctor(&lab, &[]).code, Some(3));
    lab.api.deny("patch persistentvolumes");
    assert_eq!(doctor(&lab, &[]).code, Some(2));
    for (line, words) in [
        (&["--for", "elsewhere"][..], "expected install or upgrade"),
        (&["-o", "yaml"], "expected text or json"),
        (&["--in-cluster"], "needs a release and a chart"),
        (&["--set", "a[=1"], ""),
        (&["--nonsense"], "there is no flag --nonsense"),
    ] {
        let message = doctor(&lab, line).failed(2);
        assert!(message.contains(words), "{line:?}: {message}");
    }
    let nowhere = run(lab.home.hwdr().env("KUBECONFIG", "/nonexistent").arg("doctor"), b"").failed(3);
    assert!(nowhere.contains("there is no kubeconfig file"), "{nowhere}");
    let wrong = lines(&lab, &["--expect-cluster", "prod"]);
    assert!(wrong.iter().any(|line| line.starts_with("problem cluster: this is context here at ")), "{wrong:#?}");
    // It may be that cluster, by its uid.
    lab.api.fail("/api/v1/namespaces/kube-system", 403);
    let unknown = lines(&lab, &["--expect-cluster", "prod"]);
    assert!(unknown.iter().any(|line| line.starts_with("unknown cluster: ")), "{unknown:#?}");
}

/// After a restore into a new cluster, the records and Velero's Backups are of the cluster before: nobody has written anything from here.
#[test]
fn the_uploads_of_the_cluster_before_prove_nothing() {
    let lab = lab();
    let newest = lines(&lab, &[]);
    assert!(newest.iter().any(|line| line.starts_with("ok bucket-from-pods: a pod wrote ")), "{newest:#?}");
    record_since(&lab, "deployed", &lab.now, json!({}));
    let all = lines(&lab, &[]);
    for words in [
        "ok bucket-from-pods: Velero's pod can read the bucket of its storage location",
        "unknown bucket-by-velero: whether Velero's account may write there is not known",
    ] {
        assert!(all.iter().any(|line| line.starts_with(words)), "{words}: {all:#?}");
    }
}

/// A new cluster knows of nothing but what Velero has found.
#[test]
fn for_a_new_cluster_other_things_matter() {
    let lab = lab();
    lab.api.remove(&format!("{CORE}/secrets/sh.helm.release.v1.hops.v1"));
    lab.api.remove(&format!("{CORE}/secrets/sh.helm.release.v1.hops.v3"));
    let all = lines(&lab, &[]);
    for words in [
        "ok release: nothing is installed in namespace hopsworks",
        "ok permissions: you may do all that install and resume need",
        "ok backups: Kubernetes objects (main): Velero has found 4 good backups, the newest k8s-backups-main-0",
        "unknown wipe-on-uninstall: ",
        "unknown bucket-by-velero: ",
    ] {
        assert!(all.iter().any(|line| line.starts_with(words)), "{words}: {all:#?}");
    }
    assert!(!all.iter().any(|line| line.contains("reclaim-policy")), "{all:#?}");
    let there = self::lab();
    let all = lines(&there, &["--for", "install"]);
    assert!(all.iter().any(|line| line.starts_with("problem release: release hops, revision 3")), "{all:#?}");
}

#[test]
fn fix_asks_and_changes_what_it_said() {
    let lab = lab();
    volume(&lab, "Delete");
    let cron_job = format!("{BATCH}/cronjobs/create-backup");
    let mut object = lab.api.get(&cron_job).unwrap();
    object["spec"]["suspend"] = true.into();
    lab.api.put(&cron_job, object);
    let ran = doctor(&lab, &["hops"]);
    assert!(ran.stderr.contains("2 settings can be changed safely"), "{}", ran.stderr);
    // Nobody can be asked.
    let ran = doctor(&lab, &["hops", "--fix"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(ran.stderr.contains("hwdr cannot ask without a terminal: PersistentVolume/pv-1"), "{}", ran.stderr);
    assert_eq!(lab.api.writes(), [""; 0]);
    let ran = doctor(&lab, &["hops", "--fix", "--yes"]);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "PersistentVolume/pv-1: spec.persistentVolumeReclaimPolicy: \"Delete\" -> \"Retain\"",
        "CronJob/create-backup in namespace hopsworks: spec.suspend: true -> false",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(lab.api.writes(), ["PATCH /api/v1/persistentvolumes/pv-1", &format!("PATCH {cron_job}")[..]]);
    assert_eq!(lab.api.get(&cron_job).unwrap()["spec"]["suspend"], false);
    assert_eq!(
        lab.api.get("/api/v1/persistentvolumes/pv-1").unwrap()["spec"]["persistentVolumeReclaimPolicy"],
        "Retain"
    );
    // The second report is of what is the case now.
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(text.contains("outlive their claims (Retain)") && text.matches("Not checked").count() == 2, "{text}");
}

/// Backups are not resumed while a restore has paused them, or may have.
#[test]
fn fix_leaves_the_fence_of_a_restore() {
    for state in ["e30=", ""] {
        let lab = lab();
        let cron_job = format!("{BATCH}/cronjobs/create-backup");
        let mut object = lab.api.get(&cron_job).unwrap();
        object["spec"]["suspend"] = true.into();
        lab.api.put(&cron_job, object);
        match state {
            "" => lab.api.fail(&format!("{CORE}/configmaps"), 403),
            state => lab.api.put(
                &format!("{CORE}/secrets/hwdr-restore-1"),
                json!({"type": "hwdr.hopsworks.ai/run", "metadata": {"name": "hwdr-restore-1", "labels": {"hwdr.hopsworks.ai/release": "hops"}},
                    "data": {"state.json": state}}),
            ),
        }
        let ran = doctor(&lab, &["hops", "--fix", "--yes"]);
        assert!(ran.stderr.contains("nothing that --fix could change"), "{}", ran.stderr);
        assert_eq!(lab.api.writes(), [""; 0]);
    }
}

/// What such a helm says of a chart with nothing but a name.
const NAMED: &str = r#"echo '{"chart": {"metadata": {"name": "hopsworks", "version": "4.8.0", "appVersion": "4.8"}}}'"#;

/// A helm that knows the release, and renders by the real one. `more` are cases of commands in which it is special, and `chart` prints the
/// release that it would make.
pub(crate) fn helm(lab: &Lab, more: &str, chart: &str) -> String {
    let real = BOTH[0].program().display();
    let status = json!({"version": 3, "info": {"status": "deployed", "first_deployed": lab.ago(60)}});
    lab.home.write("status", status.to_string());
    lab.home.script(
        "helm",
        &format!(
            "#!/bin/bash\n\
             case \"$1 $2\" in\n\
             version*) exec {real} \"$@\";;\n\
             status*) exec cat status;;\n\
             'get metadata') echo '{{\"chart\": \"hopsworks\", \"version\": \"4.8.0\", \"appVersion\": \"4.8\"}}'; exit;;\n\
             {more}\
             esac\n\
             args=(template --is-upgrade); shift\n\
             while [ $# -gt 0 ]; do case $1 in --dry-run=server) ;; -o) shift;; *) args+=(\"$1\");; esac; shift; done\n\
             {real} \"${{args[@]}}\" >/dev/null || exit 1\n\
             {chart}\n"
        ),
    )
}

/// The lines about the restore itself, with a chart.
fn restore(lab: &Lab, more: &[&str]) -> (Vec<String>, Ran) {
    let (base, chart) = (testdata("values/base.yaml"), testdata("chart"));
    let helm = helm(lab, "", NAMED);
    let mut hwdr = lab.home.hwdr();
    hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("HELM_BIN", helm).env("AWS_EC2_METADATA_DISABLED", "true");
    hwdr.args(["doctor", "-o", "json", "hops", &chart, "-n", "hopsworks", "-f", &base]).args(more);
    let ran = run(&mut hwdr, b"");
    let report: Json = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
    let sections = report["sections"].as_array().unwrap();
    let lines =
        sections.iter().filter(|section| section["title"] == "Restore").flat_map(|it| it["lines"].as_array().unwrap());
    let word = |line: &Json, key: &str| line[key].as_str().unwrap().to_owned();
    let lines = lines.map(|line| format!("{} {}: {}", word(line, "level"), word(line, "check"), word(line, "what")));
    (lines.collect(), ran)
}

/// With a chart, the restore of the newest backup is rendered and planned, and the run's own checks are made.
#[test]
fn with_a_chart_the_runs_own_checks_are_made() {
    let lab = lab();
    let (lines, _) = restore(&lab, &[]);
    let has = |lines: &[String], words: &str| {
        assert!(lines.iter().any(|line| line.starts_with(words)), "{words}: {lines:#?}")
    };
    has(&lines, &format!("ok backup: the values ask for no restore: checked with the newest backup, {}", lab.id(0)));
    has(&lines, "ok values: the linter finds no error");
    has(&lines, &format!("ok plan: backup {} is known, and its restore can be planned: ", lab.id(0)));
    for well in [
        "no other restore of the release is open",
        "the scripts of the Jobs can be applied",
        "this backup was not restored here before",
        "chart and app version are those of the release",
        "all that holds data is in the chart",
        "no storage class reports too little room",
    ] {
        has(&lines, &format!("ok preflight: {well}"));
    }
    assert_eq!(lab.api.writes(), [""; 0]);
    // One thing after the other.
    let (lines, _) = restore(&lab, &["--set-string", "global._hopsworks.restoreFromBackup.backupId=254811200"]);
    has(&lines, "problem values: ");
    let (lines, _) = restore(&lab, &["--atomic"]);
    has(&lines, "problem flags: --atomic cannot be used with a restore");
    let (lines, _) = restore(&lab, &["--set", "rondb.rondb.ndbmtdSequencedRollout.enabled=true"]);
    has(&lines, "problem plan: ");
    lab.api.put(
        &format!("{CORE}/configmaps/hwdr-restore-{}", lab.id(0)),
        json!({"metadata": {"name": "x", "annotations": owner()}, "data": {"a": "b"}}),
    );
    let (lines, _) = restore(&lab, &[]);
    has(&lines, &format!("problem preflight: backup {} was restored here before", lab.id(0)));
    lab.api.fail(&format!("{CORE}/persistentvolumeclaims"), 403);
    let (lines, _) = restore(&lab, &[]);
    has(&lines, "unknown preflight: list persistentvolumeclaims: ");
    assert_eq!(lab.api.writes(), [""; 0]);
}

/// The Job that looks at the backup is made after a question, and deleted.
#[test]
fn in_cluster_makes_the_runs_own_job() {
    let lab = lab();
    let job = format!("{BATCH}/jobs/hwdr-preflight-{}", lab.id(0));
    let (base, chart, helm) = (testdata("values/base.yaml"), testdata("chart"), helm(&lab, "", NAMED));
    let mut hwdr = lab.home.hwdr();
    hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("HELM_BIN", &helm).env("AWS_EC2_METADATA_DISABLED", "true");
    let ran = run(hwdr.args(["doctor", "hops", &chart, "-f", &base, "--in-cluster"]), b"");
    assert_eq!(ran.code, Some(3), "{}", ran.stderr);
    assert!(ran.stderr.contains("hwdr cannot ask without a terminal: Job hwdr-preflight-"), "{}", ran.stderr);
    assert_eq!(lab.api.writes(), [""; 0]);
    // Its account is not there.
    let (lines, _) = restore(&lab, &["--in-cluster", "--yes"]);
    assert!(lines.iter().any(|line| line.starts_with("unknown backup-from-pod: no Job has looked")), "{lines:#?}");
    assert_eq!(lab.api.writes(), [""; 0]);
    lab.api.put(&format!("{CORE}/serviceaccounts/rondb-backups-sa"), json!({"metadata": {"name": "rondb-backups-sa"}}));
    let (lines, _) = restore(&lab, &["--in-cluster", "--yes"]);
    assert!(lines.iter().any(|line| line.starts_with("ok backup-from-pod: a Job could read backup")), "{lines:#?}");
    assert_eq!(lab.api.writes(), [format!("POST {job}"), format!("DELETE {job}")]);
}

/// Helm's records are read where helm writes them.
#[test]
fn the_release_is_known_from_config_maps_too() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let lab = lab();
    let of = |driver: &str| {
        let ran = doctor_of(&lab, driver, &["-o", "json"]);
        let report: Json =
            serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {}", ran.stderr));
        let lines =
            report["sections"].as_array().unwrap().iter().flat_map(|section| section["lines"].as_array().unwrap());
        lines
            .filter(|line| line["check"] == "release")
            .map(|line| line["what"].as_str().unwrap().to_owned())
            .collect::<String>()
    };
    assert!(of("sql").contains("Helm keeps its records in sql (HELM_DRIVER)"), "{}", of("sql"));
    for revision in [1, 3] {
        let name = format!("sh.helm.release.v1.hops.v{revision}");
        let mut object = lab.api.get(&format!("{CORE}/secrets/{name}")).unwrap();
        lab.api.remove(&format!("{CORE}/secrets/{name}"));
        if let Some(data) = object["data"]["release"].as_str() {
            let once = String::from_utf8(STANDARD.decode(data).unwrap()).unwrap();
            object["data"]["release"] = once.into();
        }
        (object["kind"], object["type"]) = ("ConfigMap".into(), Json::Null);
        lab.api.put(&format!("{CORE}/configmaps/{name}"), object);
    }
    assert!(of("").contains("nothing is installed"), "{}", of(""));
    assert!(of("configmap").contains("release hops, revision 3: chart hopsworks-4.8.0"), "{}", of("configmap"));
    // Nobody sees there when backups were verified.
    assert!(!lab.api.reads().iter().any(|read| read.contains("hwdr-verified")));
}
