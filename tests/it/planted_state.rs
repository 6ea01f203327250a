//! States of runs written by somebody else: in a ConfigMap, as older versions of hwdr kept them and as the chart's own backup accounts may.
//! They refer to a cluster that holds more than the release, and nothing else in it may change.

use crate::common::api_server::{ApiServer, NOW};
use crate::common::{self, Home, Ran, run};
use serde_json::{Value as Json, json};

const ID: &str = "254811200";
const CORE: &str = "/api/v1/namespaces/hopsworks";
/// Before any state was written.
const EARLIER: &str = "2026-01-01T00:00:00Z";

/// What is there of a cluster, and a helm that knows one release.
struct Lab {
    home: Home,
    api: ApiServer,
    kubeconfig: String,
    helm: String,
}

impl Lab {
    fn new(manifest: &str) -> Self {
        let (home, api) = (Home::new(), ApiServer::start());
        let kubeconfig = home.write("kubeconfig", api.kubeconfig());
        home.write("manifest", manifest);
        let status = json!({"version": 4, "info": {"status": "deployed", "description": description()}});
        home.write("status", status.to_string());
        let helm = home.script(
            "helm",
            "#!/bin/sh\necho \"$*\" >> asked\ncase \"$1 $2\" in\n  version*) echo v3.19.0 ;;\n  status*) cat status ;;\n  'get metadata') echo '{}' ;;\n  'get manifest') cat manifest ;;\nesac\n",
        );
        Self { home, api, kubeconfig, helm }
    }

    /// Plants a state in a ConfigMap.
    fn plant(&self, state: &Json) {
        let id = state["backupId"].as_str().expect("it has one");
        self.api.put(
            &format!("{CORE}/configmaps/hwdr-restore-{id}"),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("hwdr-restore-{id}"), "namespace": "hopsworks",
                "labels": {"hwdr.hopsworks.ai/release": "hops", "hwdr.hopsworks.ai/restore-id": id}},
                "data": {"state.json": state.to_string()}}),
        );
    }

    /// The same in a Secret, as a run has it.
    fn keep(&self, state: &Json) {
        use base64::Engine as _;
        let encoded = base64::engine::general_purpose::STANDARD.encode(state.to_string());
        let id = state["backupId"].as_str().expect("it has one");
        self.api.put(
            &format!("{CORE}/secrets/hwdr-restore-{id}"),
            json!({"apiVersion": "v1", "kind": "Secret", "type": "hwdr.hopsworks.ai/run",
                "metadata": {"name": format!("hwdr-restore-{id}"), "namespace": "hopsworks",
                    "labels": {"hwdr.hopsworks.ai/release": "hops", "hwdr.hopsworks.ai/restore-id": id}},
                "data": {"state.json": encoded}}),
        );
    }

    fn run(&self, line: &[&str]) -> Ran {
        let mut hwdr = self.home.hwdr();
        run(hwdr.env("KUBECONFIG", &self.kubeconfig).env("HELM_BIN", &self.helm).args(line), b"")
    }

    /// What was written, but for the run's own Secret.
    fn touched(&self) -> Vec<String> {
        self.api.writes().into_iter().filter(|write| !write.contains("hwdr-restore-")).collect()
    }

    /// Runs a command that has to say `words` (`…`: with others between them), and to touch nothing; gives its exit code.
    #[track_caller]
    fn leaves(&self, command: &[&str], words: &str) -> Option<i32> {
        let ran = self.run(command);
        let said = line(&ran);
        assert!(words.split(" … ").all(|words| said.contains(words)), "{command:?}: {words}: {}", ran.stderr);
        assert_eq!(self.touched(), [""; 0], "{command:?}");
        ran.code
    }

    /// Puts a claim there that was made before.
    fn claim(&self, name: &str, uid: &str, volume: &str) {
        self.api.put(
            &format!("{CORE}/persistentvolumeclaims/{name}"),
            json!({"kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "hopsworks", "uid": uid,
                "creationTimestamp": EARLIER}, "spec": {"volumeName": volume}}),
        );
    }

    /// Whether the run's own objects were written.
    fn wrote_state(&self) -> bool {
        self.api.writes().iter().any(|write| write.contains("hwdr-restore-"))
    }
}

fn description() -> String {
    format!("hwdr restores backup {ID}, begun 2026-02-13T15:36:27Z")
}

/// A message on one line.
fn line(ran: &Ran) -> String {
    ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A state of a restore in place, with these steps done and `more` in it.
fn state(phase: &str, done: &[&str], more: Json) -> Json {
    let steps: Vec<_> = done
        .iter()
        .map(|step| json!({"step": step, "began": "2026-02-13T15:36:28Z", "ended": "2026-02-13T15:36:29Z"}))
        .collect();
    let mut state = json!({
        "form": 1, "version": "0.1.0", "mode": "upgrade", "release": "hops", "backupId": ID, "backupTime": "2025-11-24T12:00:00Z",
        "digest": "020123456789abcdef", "chart": {"argument": "c", "name": "c-1", "appVersion": "1", "values": "00"}, "phase": phase, "why": null,
        "began": "2026-02-13T15:36:27Z", "ended": null, "steps": steps, "parts": [], "wipe": false, "acceptPartial": false,
        "before": {"revision": 3},
    });
    for (key, value) in more.as_object().expect("a map") {
        if key == "before" {
            for (key, value) in value.as_object().expect("a map") {
                state["before"][key] = value.clone();
            }
        } else {
            state[key] = value.clone();
        }
    }
    state
}

/// An object of a release.
fn owned(kind: &str, name: &str, by: [&str; 2], more: Json) -> Json {
    let mut object = json!({"kind": kind, "metadata": {"name": name, "namespace": "hopsworks",
        "annotations": {"meta.helm.sh/release-name": by[0], "meta.helm.sh/release-namespace": by[1]}}});
    for (key, value) in more.as_object().expect("a map") {
        object[key] = value.clone();
    }
    object
}

fn held(claim: &str, volume: &str) -> Json {
    json!({"claim": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim},
        "spec": {"volumeName": volume, "accessModes": ["ReadWriteOnce"]}}, "volume": volume, "policy": "Delete"})
}

fn volume(name: &str, of: [&str; 3], phase: &str) -> Json {
    json!({"kind": "PersistentVolume", "metadata": {"name": name}, "status": {"phase": phase},
        "spec": {"persistentVolumeReclaimPolicy": "Retain", "claimRef": {"namespace": of[0], "name": of[1], "uid": of[2]}}})
}

const HOPS: [&str; 2] = ["hops", "hopsworks"];
const TO_HELM: &[&str] = &["fence", "save-objects", "keep-volumes", "quiesce", "set-aside", "helm"];

#[test]
fn a_planted_run_is_not_gone_on_with_unasked() {
    let lab = Lab::new("");
    let workloads = json!([{"kind": "Deployment", "name": "app", "replicas": 1, "tier": 0}]);
    lab.plant(&state(
        "failed",
        &["fence"],
        json!({"before": {"workloads": workloads, "volumes": [held("data-0", "pv-1")]}}),
    ));
    for command in ["resume", "undo"] {
        let ran = lab.run(&[command, "hops"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        let told = line(&ran);
        for words in [
            "is in ConfigMap hwdr-restore-254811200",
            "delete configmap hwdr-restore-254811200",
            "hwdr cannot ask without a terminal",
        ] {
            assert!(told.contains(words), "{command}: {words}: {told}");
        }
    }
    let told = line(&lab.run(&["resume", "hops"]));
    for words in ["Deployment/app", "data-0 (pv-1)"] {
        assert!(told.contains(words), "{words}: {told}");
    }
    assert!(lab.api.writes().is_empty(), "{:?}", lab.api.writes());
}

/// The claim that a volume is bound to says whose it is, and the state does not.
#[test]
fn another_claims_volume_is_never_touched() {
    for (of, phase) in [
        (["payroll", "books-0", "uid-of-books"], "Bound"),
        (["payroll", "data-0", "noted"], "Released"),
        (["hopsworks", "books-0", "noted"], "Bound"),
        (["hopsworks", "data-0", "another"], "Released"),
    ] {
        let before = json!({"volumes": [held("data-0", "pv-1")], "claims": ["noted"]});
        for (command, planted) in [
            (&["undo", "hops", "--yes"][..], state("failed", &["fence", "set-aside"], json!({"before": before}))),
            (&["resume", "hops", "--yes"], state("undoing", &["set-aside", "undo-stop"], json!({"before": before}))),
            (&["resume", "hops", "--yes"], state("failed", &["fence", "save-objects"], json!({"before": before}))),
        ] {
            let lab = Lab::new("");
            lab.plant(&planted);
            lab.api.put("/api/v1/persistentvolumes/pv-1", volume("pv-1", of, phase));
            // Whoever it belongs to runs on it.
            lab.claim("data-0", "live", "pv-other");
            let code = lab.leaves(command, "that was noted before the restore: it is left alone");
            assert_ne!(code, Some(0), "{of:?}");
        }
        // Finalize deletes what was set aside.
        let lab = Lab::new("");
        lab.home.write("v.yaml", "a: 1\n");
        lab.plant(&state("restored", TO_HELM, json!({"before": before})));
        lab.api.put("/api/v1/persistentvolumes/pv-1", volume("pv-1", of, phase));
        let finalize = ["finalize", "hops", "c", "-f", "v.yaml", "--yes"];
        assert_eq!(lab.leaves(&finalize, "is no longer the one set aside for claim data-0"), Some(0), "{of:?}");
    }
}

/// Uids are no secret: the names of volumes tell them.
#[test]
fn a_claim_of_nobody_that_the_release_runs_is_not_deleted() {
    let before = json!({"volumes": [held("books-0", "pv-1")], "claims": ["noted"]});
    for wipe in [false, true] {
        let lab = Lab::new("");
        let done = ["fence", "save-objects", "keep-volumes", "quiesce"];
        lab.plant(&state("failed", &done, json!({"before": before, "wipe": wipe})));
        lab.api.put("/api/v1/persistentvolumes/pv-1", volume("pv-1", ["hopsworks", "books-0", "noted"], "Bound"));
        lab.claim("books-0", "noted", "pv-1");
        lab.leaves(&["resume", "hops", "--yes"], "did not belong to the release's StatefulSets");
    }
}

#[test]
fn the_volume_of_the_noted_claim_is_given_back_and_given_up() {
    let before = json!({"volumes": [held("data-0", "pv-1")], "claims": ["noted"]});
    let lab = Lab::new("");
    lab.plant(&state("failed", &["fence", "set-aside"], json!({"before": before})));
    lab.api.put("/api/v1/persistentvolumes/pv-1", volume("pv-1", ["hopsworks", "data-0", "noted"], "Released"));
    // What the restore has made by the name.
    lab.api.put(
        &format!("{CORE}/persistentvolumeclaims/data-0"),
        json!({"kind": "PersistentVolumeClaim", "metadata": {"name": "data-0", "namespace": "hopsworks"}, "spec": {"volumeName": "pv-2"}}),
    );
    lab.run(&["undo", "hops", "--yes"]).ok();
    let claim = lab.api.get(&format!("{CORE}/persistentvolumeclaims/data-0")).unwrap();
    assert_eq!(claim["spec"], json!({"volumeName": "pv-1", "accessModes": ["ReadWriteOnce"]}));
    let given = lab.api.get("/api/v1/persistentvolumes/pv-1").unwrap();
    assert_eq!(given["spec"]["claimRef"]["uid"], claim["metadata"]["uid"]);
    assert_eq!(given["spec"]["persistentVolumeReclaimPolicy"], "Delete");
    assert!(lab.touched().iter().all(|write| !write.contains("pv-2")));

    let lab = Lab::new("");
    lab.home.write("v.yaml", "a: 1\n");
    lab.plant(&state("restored", TO_HELM, json!({"before": before})));
    lab.api.put("/api/v1/persistentvolumes/pv-1", volume("pv-1", ["hopsworks", "data-0", "noted"], "Released"));
    lab.run(&["finalize", "hops", "c", "-f", "v.yaml", "--yes"]).ok();
    let given_up = lab.api.get("/api/v1/persistentvolumes/pv-1").unwrap();
    assert_eq!(given_up["spec"]["persistentVolumeReclaimPolicy"], "Delete");
}

/// A release of the same name in another namespace is another release.
#[test]
fn what_is_of_another_release_is_neither_stopped_nor_paused_nor_deleted() {
    let job = format!("{CORE}/x").replace("/api/v1", "/apis/batch/v1").replace("/x", "/jobs");
    let crons = job.replace("/jobs", "/cronjobs");
    let deployments = job.replace("/batch/v1", "/apps/v1").replace("/jobs", "/deployments");
    let velero = "/apis/velero.io/v1/namespaces/velero";
    let ended = json!({"status": {"phase": "Completed"}});
    let paused = json!([{"kind": "CronJob", "namespace": "hopsworks", "name": "theirs", "was": false},
        {"kind": "Schedule", "namespace": "velero", "name": "theirs", "was": false}]);
    let workloads = json!([{"kind": "Deployment", "name": "theirs", "replicas": 1, "tier": 0}]);
    let parts = |object: &str| json!([{"step": "x", "backup": "x", "objects": [object]}]);
    let saved = format!("hwdr-before-{ID}-20260213153627-k8s-backups-main");
    let undo = ["undo", "hops", "--yes"];
    for (who, by) in [("elsewhere", ["hops", "payroll"]), ("other", ["books", "hopsworks"]), ("nobody", ["", ""])] {
        let lab = Lab::new("");
        lab.api.put(&format!("{crons}/theirs"), owned("CronJob", "theirs", by, json!({"spec": {"suspend": false}})));
        lab.api.put(&format!("{velero}/schedules/theirs"), owned("Schedule", "theirs", by, json!({"spec": {}})));
        lab.plant(&state("failed", &["fence"], json!({"before": {"paused": paused, "veleroNamespace": "velero"}})));
        let code = lab.leaves(&undo, "CronJob/theirs in namespace hopsworks is not of release hops");
        assert_eq!(code, Some(0), "{who}");

        let lab = Lab::new("");
        lab.api
            .put(&format!("{deployments}/theirs"), owned("Deployment", "theirs", by, json!({"spec": {"replicas": 1}})));
        lab.plant(&state("failed", &["fence", "quiesce"], json!({"before": {"workloads": workloads}})));
        lab.leaves(&undo, "Deployment/theirs is not of release hops in namespace hopsworks");

        let lab = Lab::new("");
        lab.api.put(&format!("{job}/theirs"), owned("Job", "theirs", by, json!({"spec": {}})));
        lab.plant(&state("failed", TO_HELM, json!({"parts": parts("Job/theirs")})));
        lab.leaves(&undo, "Job/theirs is of … it is left alone");

        // What another Restore has brought back would go.
        let lab = Lab::new("");
        lab.api.put(&format!("{velero}/restores/theirs"), owned("Restore", "theirs", by, ended.clone()));
        let mut backup = owned("Backup", &saved, ["", ""], ended.clone());
        backup["metadata"]["labels"] = json!({"app.kubernetes.io/name": "hwdr"});
        lab.api.put(&format!("{velero}/backups/{saved}"), backup);
        let before = json!({"veleroNamespace": "velero", "objects": [saved]});
        lab.plant(&state("failed", TO_HELM, json!({"parts": parts("Restore/theirs"), "before": before})));
        lab.leaves(&undo, "Restore/theirs is of … it is left alone");
    }
    // What is the release's, and was there before the run, is not of its making.
    let lab = Lab::new("");
    let mut older = owned("Job", "setup", HOPS, json!({"spec": {}}));
    older["metadata"]["creationTimestamp"] = EARLIER.into();
    lab.api.put(&format!("{job}/setup"), older);
    lab.plant(&state("failed", TO_HELM, json!({"parts": parts("Job/setup")})));
    lab.leaves(&undo, "older than this run");
}

#[test]
fn a_job_is_made_again_as_helm_has_applied_it_and_not_as_the_state_has_it() {
    let jobs = "/apis/batch/v1/namespaces/hopsworks/jobs";
    let manifest = "---\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: restore\nspec:\n  backoffLimit: 0\n  template: {spec: {containers: [{name: c, image: agreed}]}}\n";
    let planted = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "restore"},
        "spec": {"template": {"spec": {"hostPID": true, "containers": [{"image": "evil", "securityContext": {"privileged": true}}]}}}});
    let parts = json!([{"step": "rondb", "backup": ID, "objects": ["Job/restore"]}]);
    let begun = [TO_HELM, &["rondb:restore"]].concat();
    let mut run = state("failed", &begun, json!({"parts": parts, "remade": planted}));
    // The part was begun, and is not done.
    run["steps"][TO_HELM.len()]["ended"] = Json::Null;

    let lab = Lab::new(manifest);
    lab.plant(&run);
    lab.run(&["resume", "hops", "--yes"]).ok();
    let made = lab.api.sent("POST", &format!("{jobs}/restore")).expect("it was made");
    assert_eq!(
        made,
        json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "restore", "namespace": "hopsworks", "labels": {"app.kubernetes.io/managed-by": "Helm"},
                "annotations": {"meta.helm.sh/release-name": "hops", "meta.helm.sh/release-namespace": "hopsworks"}},
            "spec": {"backoffLimit": 0, "template": {"spec": {"containers": [{"name": "c", "image": "agreed"}]}}}})
    );
    // From the first write on it is in a Secret, and goes on without asking.
    assert!(lab.api.get(&format!("{CORE}/configmaps/hwdr-restore-{ID}")).is_none());
    assert_eq!(lab.api.get(&format!("{CORE}/secrets/hwdr-restore-{ID}")).unwrap()["type"], "hwdr.hopsworks.ai/run");

    // Nothing is made, or taken away, that Helm does not have, or has of another run.
    for (manifest, description) in [("", description()), (manifest, "Upgrade complete".to_owned())] {
        let lab = Lab::new(manifest);
        let status = json!({"version": 5, "info": {"status": "deployed", "description": description}});
        lab.home.write("status", status.to_string());
        lab.plant(&run);
        let code = lab.leaves(&["resume", "hops", "--yes"], "Job/restore cannot be recreated");
        assert_eq!(code, Some(3), "{description}");
    }
}

/// What holds data and was there before is not emptied, whatever the state says was there.
#[test]
fn a_live_rondb_is_not_emptied() {
    let sets = "/apis/apps/v1/namespaces/hopsworks/statefulsets";
    let pods =
        json!({"metadata": {"labels": {"rondbService": "ndbmtd"}}, "spec": {"containers": [{"name": "ndbmtd"}]}});
    let spec = json!({"spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": pods,
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}]}});
    let emptied = json!([{"kind": "StatefulSet", "name": "node-group-0", "replicas": 2, "tier": 5}]);
    let parts = json!([{"step": "rondb", "backup": ID, "objects": ["Job/restore"]}]);
    let begun = [TO_HELM, &["rondb:restore"]].concat();
    for mode in ["upgrade", "install"] {
        let lab = Lab::new("");
        lab.api.put(&format!("{sets}/node-group-0"), owned("StatefulSet", "node-group-0", HOPS, spec.clone()));
        lab.claim("data-node-group-0-0", "live", "pv-1");
        let steps = if mode == "install" {
            vec!["storage", "objects", "helm", "fence", "rondb:restore"]
        } else {
            begun.clone()
        };
        let planted = state(
            "failed",
            &steps,
            json!({"mode": mode, "parts": parts, "emptied": emptied, "before": {"claims": []}}),
        );
        lab.plant(&planted);
        lab.leaves(&["resume", "hops", "--yes"], "claim data-node-group-0-0 was there before the restore");
    }
    // What is none of RonDB's is not even stopped.
    let lab = Lab::new("");
    let books = json!({"spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "books"}]}}}});
    lab.api.put(&format!("{sets}/node-group-0"), owned("StatefulSet", "node-group-0", HOPS, books));
    lab.plant(&state("failed", &begun, json!({"parts": parts, "emptied": emptied, "before": {"claims": []}})));
    lab.leaves(&["resume", "hops", "--yes"], "StatefulSet/node-group-0 does not belong to RonDB");
}

/// What a state and a history say is shown as text: it moves no cursor, and adds no line to a report.
#[test]
fn what_a_planted_run_says_is_shown_as_text() {
    let lab = Lab::new("");
    let why = "x\n::error::y\u{1b}[2J\u{202e}";
    lab.plant(&state("failed", &[], json!({"why": why, "findings": [why]})));
    lab.api.put(
        &format!("{CORE}/configmaps/hwdr-history-hops"),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "hwdr-history-hops", "namespace": "hopsworks"},
            "data": {"log": format!("{why}\n")}}),
    );
    for command in ["watch", "history"] {
        let told = lab.run(&[command, "hops"]).text();
        assert!(told.contains("\\u{1b}[2J\\u{202e}"), "{command}: {told}");
        assert!(!told.contains(['\u{1b}', '\u{202e}']), "{command}: {told}");
        assert!(!told.lines().any(|line| line.trim_start().starts_with("::")), "{command}: {told}");
    }
    let told = lab.run(&["watch", "hops"]).text();
    assert!(told.contains("because: \"x\\n::error::y"), "{told}");
}

/// The Secret counts; a ConfigMap beside it is told of, and no more.
#[test]
fn a_planted_run_does_not_take_the_place_of_the_real_one() {
    let lab = Lab::new("");
    lab.keep(&state("undone", &[], json!({})));
    // Of the same name, and of another one that is later by all that it says.
    lab.plant(&state("failed", &[], json!({})));
    lab.plant(&state("failed", &[], json!({"backupId": "254811300", "began": "2099-01-01T00:00:00Z"})));
    let ran = lab.run(&["resume", "hops", "--yes"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let told = line(&ran);
    assert!(
        told.contains("there is nothing to resume: the last run has ended")
            && told.contains("hwdr-restore-254811300 claims"),
        "{told}"
    );
    assert!(!told.contains("hwdr-restore-254811200"), "{told}");
    assert!(lab.api.writes().is_empty());
}

#[test]
fn which_of_two_open_runs_goes_on_is_not_for_their_dates_to_say() {
    let lab = Lab::new("");
    for (id, began) in [("254811200", "2026-02-13T15:36:27Z"), ("254811300", "2099-01-01T00:00:00Z")] {
        lab.plant(&state("failed", &[], json!({"backupId": id, "began": began})));
    }
    for command in ["resume", "undo"] {
        let ran = lab.run(&[command, "hops", "--yes"]);
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(line(&ran).contains("more than one run that is not over"), "{}", ran.stderr);
    }
    assert!(lab.api.writes().is_empty());
    // Of Secrets the newest is the one that the API server has made last.
    let lab = Lab::new("");
    let run = |id: &str, began: &str| state("undone", &[], json!({"backupId": id, "began": began}));
    lab.keep(&run("254811200", "2026-02-13T15:36:27Z"));
    lab.keep(&run("254811300", "2099-01-01T00:00:00Z"));
    let path = format!("{CORE}/secrets/hwdr-restore-254811300");
    let mut older = lab.api.get(&path).unwrap();
    older["metadata"]["creationTimestamp"] = EARLIER.into();
    lab.api.put(&path, older);
    assert!(lab.run(&["watch", "hops"]).text().contains("The restore of backup 254811200"));
}

#[test]
fn a_run_in_a_secret_goes_on_without_asking_and_is_kept_there() {
    let lab = Lab::new("");
    lab.keep(&state("failed", TO_HELM, json!({"phase": "failed"})));
    lab.run(&["resume", "hops"]).ok();
    assert!(lab.wrote_state() && lab.touched().is_empty(), "{:?}", lab.api.writes());
    assert_eq!(
        NOW,
        lab.api.get(&format!("{CORE}/secrets/hwdr-restore-{ID}")).unwrap()["metadata"]["creationTimestamp"]
    );
}

/// A run's state is an object of its own: when the API server made it says which run is the newest.
#[test]
fn a_new_run_for_the_same_backup_is_a_new_secret_and_nobody_elses() {
    use hwdr::cluster::{Cluster, Connection};
    use hwdr::mode::Mode;
    use hwdr::run::Store as _;
    use hwdr::run::state::{Chart, Phase, SecretStore, State};
    use hwdr::{pipeline, values};

    let lab = Lab::new("");
    let case = common::Case::new("none", "upgrade");
    let inputs = values::ValueInputs {
        files: vec![common::testdata("values/base.yaml"), common::testdata("values/in-place.yaml")],
        ..values::ValueInputs::default()
    };
    let merged = values::read(&inputs, values::Helm::V3, &mut |name| std::fs::read(name)).unwrap();
    let restore = pipeline::restore(&merged, Mode::Upgrade).unwrap().unwrap();
    let stream = lab.home.stream(common::Major::Three, &case);
    let plan = pipeline::plan(&*restore, Some("hopsworks"), stream).unwrap();
    let mut state = State::new("hops", &plan, Chart::default(), jiff::Timestamp::now());
    state.before.revision = 3;
    let connection = Connection { kubeconfig: Some(lab.kubeconfig.clone().into()), ..Connection::default() };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let create = |state: &State| {
        runtime.block_on(async {
            let cluster = Cluster::connect(&connection).await.unwrap();
            SecretStore::create(&cluster, state, &plan).await.map(|store| store.load().unwrap())
        })
    };
    let path = format!("{CORE}/secrets/{}", state.name());
    assert_eq!(create(&state).unwrap(), state);
    let first = lab.api.get(&path).unwrap();
    assert_eq!(first["metadata"]["labels"]["velero.io/exclude-from-backup"], "true");
    assert_eq!(create(&state).unwrap(), state);
    assert_ne!(lab.api.get(&path).unwrap()["metadata"]["uid"], first["metadata"]["uid"]);
    // Another release's way back stays.
    let there = lab.api.get(&path).unwrap();
    let other = State { release: "other".to_owned(), ..state.clone() };
    assert!(create(&other).unwrap_err().problem.contains("into release hops"));
    assert_eq!(lab.api.get(&path).unwrap(), there);
    // One that is over is in nobody's way.
    let over = State { phase: Phase::Undone, ..state.clone() };
    assert_eq!(create(&over).unwrap(), over);
    assert_eq!(create(&other).unwrap(), other);
    let over = State { phase: Phase::Finalized, ..other };
    assert_eq!(create(&over).unwrap(), over);
    assert_eq!(create(&state).unwrap(), state);
    // What could not be read again is not begun.
    let writes = lab.api.writes().len();
    let odd = State { release: "--x".to_owned(), ..state.clone() };
    assert!(create(&odd).unwrap_err().problem.contains("hwdr did not write this state: release"));
    assert_eq!(lab.api.writes().len(), writes);
    // Somebody else's Secret of that name stays.
    let theirs = json!({"kind": "Secret", "type": "Opaque", "metadata": {"name": state.name()}, "data": {"a": "b"}});
    lab.api.put(&path, theirs);
    assert!(create(&state).unwrap_err().problem.contains("is not the state of this run"));
    assert_eq!(lab.api.get(&path).unwrap()["data"], json!({"a": "b"}));
}

#[test]
fn what_no_hwdr_writes_is_refused_in_plain_words_and_without_a_panic() {
    for (more, words) in [
        (json!({"release": "--kubeconfig=/tmp/x"}), "release is"),
        (json!({"release": "other"}), "another run's"),
        (json!({"began": "9999-12-30T22:00:00Z"}), "not a time between 2000 and 2200"),
        (
            json!({"before": {"paused": [{"kind": "CronJob", "namespace": "kube-system", "name": "x", "was": false}]}}),
            "in namespace hopsworks",
        ),
        (json!({"before": {"objects": ["somebodys-backup"]}}), "a Velero Backup that this run made"),
        (json!({"parts": [{"step": "x", "backup": "x", "objects": ["Secret/x"]}]}), "Job/NAME, Restore/NAME"),
    ] {
        let lab = Lab::new("");
        lab.plant(&state("failed", TO_HELM, more));
        for line_of in [&["undo", "hops", "--yes"][..], &["resume", "hops", "--yes"], &["watch", "hops"]] {
            let ran = lab.run(line_of);
            assert_eq!(ran.code, Some(1), "{line_of:?}: {}", ran.stderr);
            assert!(line(&ran).contains(words) && !ran.stderr.contains("panicked"), "{line_of:?}: {}", ran.stderr);
        }
        assert!(lab.api.writes().is_empty());
    }
    // Nor does a release on the command line become anything else.
    let lab = Lab::new("");
    for release in ["hops,a=b", "Hops", "-x", "../x", "a b"] {
        for command in ["undo", "watch", "history", "resume"] {
            let ran = lab.run(&[command, "--", release]);
            assert_eq!(ran.code, Some(2), "{command} {release}: {}", ran.stderr);
        }
    }
    assert!(!lab.home.path("asked").exists(), "helm was asked");
}

/// An hwdr with another form of digests cannot compare the plan: refused before anything stops, and no matter once helm has run.
#[test]
fn a_plan_of_an_older_hwdr_is_refused_only_while_helm_has_to_run() {
    let old = json!({"digest": "4e377f1f11193821"});
    let lab = Lab::new("");
    lab.keep(&state("failed", &["fence", "save-objects"], old.clone()));
    let ran = lab.run(&["resume", "hops"]);
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    for words in [
        "noted the plan in an older form (4e377f1f11193821)",
        "resume with the version that began it: hwdr 0.1.0",
        "helm hwdr undo hops -n hopsworks",
    ] {
        assert!(line(&ran).contains(words), "{words}: {}", ran.stderr);
    }
    assert!(lab.api.writes().is_empty(), "{:?}", lab.api.writes());
    let lab = Lab::new("");
    lab.keep(&state("failed", TO_HELM, old));
    lab.run(&["resume", "hops"]).ok();
}

/// Helm's rollback resumes backups, and hwdr may be killed right after it.
#[test]
fn backups_are_paused_again_where_hwdr_was_killed_after_the_rollback() {
    let lab = Lab::new("");
    let path = "/apis/batch/v1/namespaces/hopsworks/cronjobs/create-backup";
    lab.api.put(path, owned("CronJob", "create-backup", HOPS, json!({"spec": {"suspend": false}})));
    let paused = json!([{"kind": "CronJob", "namespace": "hopsworks", "name": "create-backup", "was": false}]);
    let undone = ["undo-stop", "undo-bucket", "undo-parts", "undo-volumes", "undo-objects", "undo-rolled-back"];
    lab.keep(&state("undoing", &[TO_HELM, &undone].concat(), json!({"before": {"paused": paused}})));
    lab.run(&["resume", "hops"]).ok();
    assert_eq!(lab.touched(), [format!("PATCH {path}"), format!("PATCH {path}")], "paused, and resumed");
    assert_eq!(lab.api.get(path).unwrap()["spec"]["suspend"], false);
}

/// Velero's copy of the records is from before the data's backups had ended, if all begin by one schedule: it names older ones, or none.
/// A restore of Superset whose part is done, with a fence that was there before it, if `before` is not empty.
fn superset(phase: &str, before: &str) -> Json {
    let parts = json!([{"step": "superset", "backup": "20260722215632-1", "objects": ["Job/superset-restore-20260722215632-1"]}]);
    let done = [TO_HELM, &["superset:superset-restore-20260722215632-1"]].concat();
    let before = if before.is_empty() { json!({}) } else { json!({"fence": before}) };
    state(phase, &done, json!({"parts": parts, "before": before}))
}

fn audit(lab: &Lab, fence: &str) -> String {
    let path = format!("{CORE}/configmaps/superset-restore-audit");
    let audit = json!({"kind": "ConfigMap", "metadata": {"name": "superset-restore-audit", "namespace": "hopsworks"},
        "data": {"h-1": "{}", "inProgress": fence}});
    lab.api.put(&path, audit);
    path
}

/// Backups were kept from running before the run, and are again; or they were not.
#[test]
fn undo_puts_the_fence_back_that_was_there_before() {
    for before in ["20200101000000-1", ""] {
        let lab = Lab::new("");
        let path = audit(&lab, "20260722215632-1");
        lab.keep(&superset("failed", before));
        let ran = lab.run(&["undo", "hops", "--yes"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let now = lab.api.get(&path).expect("it stays");
        let expected = if before.is_empty() { Json::Null } else { json!(before) };
        assert_eq!((&now["data"]["inProgress"], &now["data"]["h-1"]), (&expected, &json!("{}")), "{now:#}");
        assert!(line(&ran).contains("the database is as it was before the run"), "{}", ran.stderr);
    }
}

/// Nobody has read the database: the fence stays, which says so, and what to do about it.
#[test]
fn a_fence_stays_until_the_database_was_read() {
    let lab = Lab::new("");
    let path = audit(&lab, "20260722215632-1");
    lab.keep(&superset("failed", ""));
    let ran = lab.run(&["resume", "hops", "--yes"]);
    let said = line(&ran);
    assert!(said.contains("superset database: it was not read: no pod of Superset is ready"), "{said}");
    assert!(said.contains("says 20260722215632-1, and stays: Superset is not backed up"), "{said}");
    assert!(said.contains("helm hwdr doctor --fix"), "{said}");
    assert_eq!(lab.api.get(&path).expect("it stays")["data"]["inProgress"], "20260722215632-1");
    // What cannot be read in a pod is a doubt, too.
    let lab = Lab::new("");
    audit(&lab, "20260722215632-1");
    let pods = json!({"metadata": {"labels": {"app": "superset"}}, "spec": {"containers": [{"name": "superset"}]}});
    lab.api.put(
        "/apis/apps/v1/namespaces/hopsworks/deployments/superset",
        owned(
            "Deployment",
            "superset",
            HOPS,
            json!({"spec": {"replicas": 1, "selector": {"matchLabels": {"app": "superset"}}, "template": pods},
            "status": {"replicas": 1, "readyReplicas": 1, "updatedReplicas": 1, "availableReplicas": 1}}),
        ),
    );
    lab.api.put(
        &format!("{CORE}/pods/superset-1"),
        json!({"kind": "Pod", "metadata": {"name": "superset-1", "namespace": "hopsworks", "labels": {"app": "superset"}},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}),
    );
    lab.keep(&superset("failed", ""));
    let said = line(&lab.run(&["resume", "hops", "--yes"]));
    assert!(said.contains("superset database: it was not read in pod superset-1: "), "{said}");
}

#[test]
fn an_installation_goes_on_without_a_record_of_its_backup() {
    let (velero, names) = ("/apis/velero.io/v1/namespaces/velero", ["k8s-backups-main", "k8s-backups-users-resources"]);
    let again = "give the chart and the values again";
    for (recorded, state_of_it, is_restored, words) in [
        (ID, "SUCCESS", true, again),
        (
            "254771200",
            "SUCCESS",
            true,
            "warning: RonDB's metadata have no backup 254811200; the newest good ones are 254771200 … \
             helm hwdr backups verify 254811200 --from-bucket … give the chart and the values again",
        ),
        (
            "",
            "",
            true,
            "RonDB's metadata have no backup 254811200; there is no good one … give the chart and the values again",
        ),
        (ID, "FAILED", true, "RonDB's backup 254811200 is recorded as FAILED … helm hwdr backups list --from-bucket"),
        // It would be named if it had ended well.
        (
            "254821200",
            "SUCCESS",
            true,
            "RonDB's metadata have no backup 254811200 … helm hwdr backups show 254811200 --from-bucket",
        ),
        ("", "", false, "Velero has restored no Secret into namespace hopsworks … name the namespace"),
    ] {
        let lab = Lab::new("");
        let helm =
            "#!/bin/sh\ncase $1 in version) echo v3.19.0;; *) echo 'Error: release: not found' >&2; exit 1;; esac\n";
        lab.home.script("helm", helm);
        let put = |path: &str, object: Json| lab.api.put(path, object);
        put(
            "/apis/apps/v1/namespaces/velero/deployments/velero",
            json!({"metadata": {"name": "velero"}, "status": {"readyReplicas": 1}}),
        );
        put(
            &format!("{velero}/backupstoragelocations/hopsworks-bsl"),
            json!({"metadata": {"name": "hopsworks-bsl"}, "status": {"phase": "Available", "lastSyncedTime": NOW}}),
        );
        for name in names {
            put(
                &format!("{velero}/backups/{name}-1"),
                json!({"metadata": {"name": format!("{name}-1"), "labels": {"velero.io/schedule-name": name}},
                    "spec": {"storageLocation": "hopsworks-bsl"},
                    "status": {"phase": "Completed", "startTimestamp": "2025-11-24T12:00:40Z"}}),
            );
        }
        if !recorded.is_empty() {
            let entry = json!({"state": state_of_it, "start_time": "2025-11-24T12:00:01Z"}).to_string();
            put(
                &format!("{CORE}/configmaps/rondb-backups-metadata"),
                json!({"metadata": {"name": "rondb-backups-metadata"}, "data": {recorded: entry}}),
            );
        }
        if is_restored {
            let labels = json!({"velero.io/restore-name": "k8s-backups-main-1"});
            put(&format!("{CORE}/secrets/users"), json!({"metadata": {"name": "users", "labels": labels}}));
        }
        let parts = json!([{"step": "rondb", "backup": ID, "objects": ["Job/restore"]}]);
        let metadata = ["rondb-backups-metadata", "opensearch-backups-metadata"];
        lab.keep(&state("failed", &["storage"], json!({"mode": "install", "parts": parts, "metadata": metadata})));
        let ran = lab.run(&["resume", "hops"]);
        let said = line(&ran);
        assert_eq!(ran.code, Some(3), "{said}");
        assert!(words.split(" … ").all(|words| said.contains(words)), "{words}: {said}");
        assert_eq!(said.contains(again), words.contains(again), "{said}");
        assert_eq!(said.contains("warning: RonDB"), recorded != ID && words.contains(again), "{said}");
    }
}
