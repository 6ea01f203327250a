//! Planted states: each value of a good one, replaced by something that hwdr would not write.

use serde_json::{Value as Json, json};

use super::*;

/// The state of an unfinished restore in place, as an older hwdr kept it.
pub(crate) fn good() -> Json {
    let uid = "0b6d1a2c-0000-4000-8000-000000000001";
    json!({
        "form": 1, "version": "0.1.0", "mode": "upgrade", "release": "hops", "backupId": "254811200",
        "backupTime": "2025-11-24T12:00:00Z", "digest": "0123456789abcdef",
        "chart": {"argument": "./hopsworks", "name": "hopsworks-4.8.0", "appVersion": "4.8.0", "values": "00ff"},
        "phase": "failed", "why": "it stopped", "began": "2026-02-13T15:36:27.123Z", "ended": null,
        "remade": {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "hwdr-rondb-data-254811200"}, "spec": {"template": {}}},
        "emptied": [{"kind": "StatefulSet", "name": "node-group-0", "replicas": 2, "wasReady": true, "tier": 5}],
        "helm": "host.example:0a1b2c3d:pid4026531836/4711",
        "steps": [{"step": "fence", "began": "2026-02-13T15:36:28Z", "ended": "2026-02-13T15:36:29Z"},
            {"step": "rondb:hwdr-rondb-indexes-254811200", "began": "2026-02-13T15:40:00Z", "ended": null}],
        "parts": [{"step": "rondb", "backup": "254811200", "objects": ["Job/hwdr-rondb-data-254811200"]},
            {"step": "objects", "backup": "the newest completed one of schedule s", "objects": ["Restore/k8s-backups-main"]},
            {"step": "hopsfs", "backup": "254811200", "objects": ["StatefulSet/namenode"]}],
        "objects": ["k8s-backups-main-20251124120053", ""], "metadata": ["rondb-backups-metadata", ""],
        "wipe": false, "acceptPartial": false, "fromHere": "bucket hopsfs at https://s3.example.com", "unread": ["/Projects/a"], "findings": ["rondb: 7 rows"],
        "before": {
            "revision": 3, "moment": "2026-02-13T15:36:27Z",
            "workloads": [{"kind": "Deployment", "name": "app", "replicas": 1, "tier": 0}],
            "autoscalers": [{"name": "app", "target": "Deployment/app", "min": 1, "max": 2}],
            "paused": [{"kind": "CronJob", "namespace": "hopsworks", "name": "create-backup", "was": false},
                {"kind": "Schedule", "namespace": "velero", "name": "k8s-backups-main", "was": true}],
            "volumes": [{"claim": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data-node-group-0-0"},
                "spec": {"volumeName": "pvc-1"}}, "volume": "pvc-1", "policy": "Delete"}],
            "claims": [uid], "objects": ["hwdr-before-254811200-20260213153627-k8s-backups-main"], "jobs": [uid],
            "veleroNamespace": "velero",
        },
    })
}

fn checked(state: &Json) -> Result<State, String> {
    let state: State = serde_json::from_value(state.clone()).map_err(|error| error.to_string())?;
    check(&state, "hopsworks").map(|()| state)
}

#[test]
fn an_older_hwdrs_state_is_read_without_its_objects() {
    let state = checked(&good()).unwrap();
    assert_eq!(state.remade, Some(ObjectId::new("Job", "hwdr-rondb-data-254811200")));
    assert_eq!((state.before.volumes[0].name(), state.before.volumes[0].uid.as_str()), ("data-node-group-0-0", ""));
    // What is written now can be read again.
    let again = serde_json::to_value(&state).unwrap();
    assert_eq!(checked(&again).unwrap(), state);
    assert!(!again.to_string().contains("template"), "{again}");
}

/// hwdr 0.1 kept the names of two; a service that it did not know has ids of its own.
#[test]
fn more_services_may_be_recorded_than_an_older_hwdr_knew() {
    for names in [json!([]), json!(["a", "b"]), json!(["a", "", "c"])] {
        let mut planted = good();
        planted["metadata"] = names.clone();
        let state = checked(&planted).unwrap();
        assert_eq!(serde_json::to_value(&state).unwrap()["metadata"], names);
    }
    let mut none = good();
    none.as_object_mut().unwrap().remove("metadata");
    assert_eq!(checked(&none).unwrap().metadata, [""; 0]);
    let own = "20260722215632-2116913658";
    for (step, backup, is_good) in
        [("superset", own, true), ("superset", "254811200", false), ("rondb", own, false), ("opensearch", own, false)]
    {
        let mut planted = good();
        planted["parts"] = json!([{"step": step, "backup": backup, "objects": ["Job/a"]}]);
        assert_eq!(checked(&planted).is_ok(), is_good, "{step} {backup}");
    }
}

#[test]
fn what_no_hwdr_writes_is_refused_and_named() {
    let set = |at: &str, planted: Json| {
        let mut state = good();
        *state.pointer_mut(at).unwrap_or_else(|| panic!("{at}")) = planted;
        checked(&state)
    };
    let long = "x".repeat(LONGEST + 1);
    let (in_9999, before_all) = ("9999-12-30T22:00:00Z", "-009999-01-02T01:59:59Z");
    for (at, planted, words) in [
        ("/release", json!("--kubeconfig=/tmp/x"), "release"),
        ("/release", json!("hops --set a=b"), "release"),
        ("/backupId", json!("1/../../x"), "backupId"),
        ("/backupId", json!("254811200\n"), "backupId"),
        ("/version", json!("\u{1b}[2J"), "version"),
        ("/chart/argument", json!("c\nrm"), "chart"),
        ("/chart/name", json!(long), "chart"),
        ("/digest", json!("$(x)"), "digest"),
        ("/backupTime", json!("x"), "backupTime"),
        ("/backupTime", json!(in_9999), "backupTime"),
        ("/began", json!(in_9999), "began"),
        ("/ended", json!(before_all), "ended"),
        ("/before/moment", json!(in_9999), "before.moment"),
        ("/steps/0/began", json!(in_9999), "steps[0]"),
        ("/steps/1/ended", json!(in_9999), "steps[1]"),
        ("/steps/0/step", json!("a b"), "steps[0]"),
        ("/remade", json!("Secret/x"), "remade"),
        ("/remade", json!({"kind": "Pod", "metadata": {"name": "x"}, "spec": {"hostPID": true}}), "remade"),
        ("/fromHere", json!("bucket hopsfs"), "fromHere"),
        ("/fromHere", json!("bucket hopsfs at https://s3.example.com\nAWS"), "fromHere"),
        ("/helm", json!("host/1; rm -rf"), "helm"),
        ("/helm", json!("host/../../etc"), "helm"),
        ("/emptied/0/kind", json!("Secret"), "emptied[0]"),
        ("/emptied/0/name", json!("../x"), "emptied[0]"),
        ("/before/workloads/0/replicas", json!(1_000_000), "before.workloads[0]"),
        ("/before/workloads/0/tier", json!(9), "before.workloads[0]"),
        ("/before/autoscalers/0/name", json!(""), "before.autoscalers[0]"),
        ("/before/paused/0/namespace", json!("kube-system"), "before.paused[0]"),
        ("/before/paused/1/namespace", json!("kube-system"), "before.paused[1]"),
        ("/before/paused/1/namespace", json!("hopsworks"), "before.paused[1]"),
        ("/before/paused/0/kind", json!("Deployment"), "before.paused[0]"),
        ("/before/veleroNamespace", json!("a/b"), "veleroNamespace"),
        ("/before/volumes/0/volume", json!("a/b"), "before.volumes[0]"),
        ("/before/volumes/0/policy", json!("Wipe"), "before.volumes[0]"),
        ("/before/volumes/0/claim/metadata/name", json!(""), "before.volumes[0]"),
        ("/before/volumes/0/claim/kind", json!("Pod"), "PersistentVolumeClaim"),
        ("/before/claims/0", json!("a b"), "before[0]"),
        ("/before/revision", json!(0), "before.revision"),
        ("/before/objects/0", json!("somebodys-backup"), "before.objects[0]"),
        ("/before/objects/0", json!("hwdr-before-254811201-20260213153627-k8s-backups-main"), "before.objects[0]"),
        ("/before/objects/0", json!("hwdr-before-254811200-x-k8s-backups-main"), "before.objects[0]"),
        ("/objects/0", json!("-a"), "objects"),
        ("/metadata/0", json!("A"), "metadata"),
        ("/parts/0/backup", json!("254811200.*"), "parts[0]"),
        ("/parts/0/objects/0", json!("Secret/helm"), "parts[0][0]"),
        ("/parts/0/objects/0", json!("Job/../secrets/x"), "parts[0][0]"),
        ("/parts/1/objects/0", json!("Restore/"), "parts[1][0]"),
        ("/unread", json!(vec!["x"; MOST + 1]), "unread"),
        ("/findings", json!(vec!["x"; MOST + 1]), "findings"),
    ] {
        let why = set(at, planted.clone()).expect_err(&format!("{at} {planted}"));
        assert!(why.contains(words) && why.len() < 400, "{at} {planted}: {why}");
        assert!(!why.contains(char::is_control), "{why:?}");
    }
    // Nothing depends on this one.
    assert!(set("/why", json!("\u{1b}[2J")).is_ok());
}

#[test]
fn velero_is_called_as_the_values_may_call_it() {
    for (key, planted) in [("namespace", "a/b"), ("location", "../x"), ("mainSchedule", "-x"), ("prefix", "a\nb")] {
        let mut state = good();
        state["velero"] = serde_json::to_value(Velero::default()).unwrap();
        assert!(checked(&state).is_ok());
        assert!(!state["velero"][key].is_null(), "{key}");
        state["velero"][key] = json!(planted);
        assert!(checked(&state).unwrap_err().contains("velero"), "{key}");
    }
}

/// The pointers to everything in a value, including its root.
fn places(value: &Json, at: String, all: &mut Vec<String>) {
    match value {
        Json::Object(map) => {
            map.iter().for_each(|(key, value)| places(value, format!("{at}/{}", key.replace('/', "~1")), all))
        }
        Json::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, format!("{at}/{index}"), all))
        }
        _ => {}
    }
    all.push(at);
}

/// Any value in any place is refused, or can be written, read again and shown.
#[test]
fn odd_things_anywhere_are_refused_or_mean_what_they_say() {
    let mut all = Vec::new();
    places(&good(), String::new(), &mut all);
    let odd = [
        json!(null),
        json!(-1),
        json!(1e300),
        json!(u64::MAX),
        json!(true),
        json!(""),
        json!("--x"),
        json!("../../x"),
        json!("a\u{1b}[2Jb"),
        json!("9999-12-30T22:00:00Z"),
        json!("-009999-01-02T01:59:59Z"),
        json!("\u{e9}\u{2028}"),
        json!([]),
        json!({}),
        json!([[{}]]),
    ];
    let mut accepted = 0;
    for (at, planted) in all.iter().flat_map(|at| odd.iter().map(move |planted| (at, planted))) {
        let mut state = good();
        *state.pointer_mut(at).expect("it is a place") = planted.clone();
        let Ok(state) = checked(&state) else { continue };
        accepted += 1;
        let again = checked(&serde_json::to_value(&state).unwrap());
        assert_eq!(again.as_ref(), Ok(&state), "{at} {planted}");
        assert!(is_release(&state.release) && is_object(&state.name()), "{at} {planted}");
        assert!(!state.description().contains(char::is_control), "{at} {planted}");
    }
    // An empty list is fine, and so are values that nothing depends on.
    assert!((20..all.len() * odd.len() / 2).contains(&accepted), "{accepted} of {}", all.len() * odd.len());
}
