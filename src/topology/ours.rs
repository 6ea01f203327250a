//! What an earlier pass of hwdr has added to the chart's pods. It says nothing about the chart, so it is hidden from other code.

#![expect(clippy::indexing_slicing, reason = "reading JSON by a missing key gives null")]

use serde_json::Value as Json;

use super::pods::template_path;

/// The init container that hwdr adds to the chart's own pods.
pub const GATE: &str = "hwdr-gate";
/// The volumes that it mounts.
pub const VOLUMES: [&str; 2] = ["hwdr-scripts", "hwdr-token"];

/// What hwdr, judging by names, has added to a pod. Whoever renders the plan decides by content whether it is ours.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Added {
    /// The init containers with the gate's name.
    pub gates: Vec<Json>,
    /// Whether one of them is the pod's first.
    pub is_first: bool,
    /// The volumes with the names of the gate's.
    pub volumes: Vec<Json>,
}

/// Removes it from the object.
pub(super) fn forget(kind: &str, object: &mut Json) -> Added {
    let Some(template) = template_path(kind) else { return Added::default() };
    let spec = template.iter().try_fold(object, |value, key| value.get_mut(*key)).and_then(|pod| pod.get_mut("spec"));
    let Some(spec) = spec else { return Added::default() };
    let is_first = spec["initContainers"][0]["name"] == GATE;
    let mut drop = |list: &str, names: &[&str]| -> Vec<Json> {
        let Some(items) = spec.get_mut(list).and_then(Json::as_array_mut) else { return Vec::new() };
        let (ours, rest) = items.drain(..).partition(|item| names.iter().any(|name| item["name"] == *name));
        *items = rest;
        ours
    };
    Added { gates: drop("initContainers", &[GATE]), is_first, volumes: drop("volumes", &VOLUMES) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_hwdr_adds_is_forgotten() {
        let job = |init: Json, volumes: Json| json!({"spec": {"template": {"spec": {"initContainers": init, "containers": [{"name": "c"}], "volumes": volumes}}}});
        let mut object = job(
            json!([{"name": GATE, "args": ["restore-native-backup-254811200"]}, {"name": "wait"}]),
            json!([{"name": "data"}, {"name": "hwdr-scripts", "configMap": {"name": "hwdr-scripts-254811200"}}, {"name": "hwdr-token"}]),
        );
        let added = forget("Job", &mut object);
        assert!(added.is_first && added.gates.len() == 1 && added.volumes.len() == 2, "{added:?}");
        assert_eq!(object, job(json!([{"name": "wait"}]), json!([{"name": "data"}])));
        let mut odd = json!({"spec": {"template": {"spec": {"initContainers": "none"}}}});
        forget("Job", &mut odd);
        forget("CronJob", &mut odd);
        forget("ConfigMap", &mut odd);
        assert_eq!(odd["spec"]["template"]["spec"]["initContainers"], "none");
    }
}
