//! Which objects a Backup takes (velero, pkg/apis/velero/v1/backup_types.go, `BackupSpec`).

use serde_json::Value as Json;

use crate::cluster::condition::text;
use crate::shown::kept;

/// Settings that leave out objects of the namespaces, and whether the listed resources are those left out.
const LISTS: [(&str, bool); 4] = [
    ("includedResources", false),
    ("includedNamespaceScopedResources", false),
    ("excludedResources", true),
    ("excludedNamespaceScopedResources", true),
];
/// Resources that no restore brings back anyway (velero, pkg/controller/restore_controller.go, `nonRestorableResources`), and the one that Velero
/// leaves out of every backup by itself (pkg/controller/backup_controller.go, `prepareBackupRequest`).
const NEVER_RESTORED: [&str; 5] = [
    "events",
    "events.events.k8s.io",
    "backups.velero.io",
    "restores.velero.io",
    "volumesnapshots.snapshot.storage.k8s.io",
];
/// So many names are shown.
const NAMED: usize = 3;

/// What a Backup has: `spec` of a Backup, or `spec.template` of a Schedule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The namespaces; none if all.
    pub namespaces: Vec<String>,
    /// Those of them that are left out.
    excluded: Vec<String>,
    /// The settings that leave out objects, for people.
    filters: Vec<String>,
}

impl Scope {
    /// Reads it.
    pub fn of(spec: &Json) -> Self {
        let list = |key: &str| -> Vec<String> {
            let items = spec.get(key).and_then(Json::as_array).into_iter().flatten();
            items.filter_map(Json::as_str).map(str::to_owned).collect()
        };
        let mut namespaces = list("includedNamespaces");
        if namespaces.iter().any(|name| name == "*") {
            namespaces.clear();
        }
        let mut filters = Vec::new();
        for (key, leaves_out) in LISTS {
            let mut names = list(key);
            match leaves_out {
                true => names.retain(|name| !NEVER_RESTORED.contains(&name.as_str())),
                false if names.iter().any(|name| name == "*") => names.clear(),
                false => {}
            }
            if !names.is_empty() {
                filters.push(format!("{key}: {}", named(&names)));
            }
        }
        for key in ["labelSelector", "orLabelSelectors"] {
            if spec.get(key).is_some_and(says_something) {
                filters.push(key.to_owned());
            }
        }
        let policy = text(spec, "/resourcePolicy/name");
        if !policy.is_empty() {
            filters.push(format!("resourcePolicy: {}", kept(policy)));
        }
        Self { namespaces, excluded: list("excludedNamespaces"), filters }
    }

    /// That of the Backups that a Schedule makes.
    pub fn of_schedule(schedule: &Json) -> Self {
        schedule.pointer("/spec/template").map(Self::of).unwrap_or_default()
    }

    /// Whether it has anything of a namespace, as far as that can be told: newer versions of Velero take patterns.
    pub fn has(&self, namespace: &str) -> bool {
        let is_it = |name: &String| name == namespace;
        let may_be = |name: &String| is_it(name) || name.contains(['*', '?', '[', '{']);
        (self.namespaces.is_empty() || self.namespaces.iter().any(may_be)) && !self.excluded.iter().any(is_it)
    }

    /// Why it is not exactly one whole namespace: this one, if it is known which.
    pub fn objection(&self, namespace: Option<&str>) -> Option<String> {
        if let Some(namespace) = namespace.filter(|namespace| !self.has(namespace)) {
            return Some(format!("it does not have namespace {}", kept(namespace)));
        }
        match self.namespaces.as_slice() {
            [] => return Some(format!("it has all namespaces of the cluster, {ONE}")),
            [_] => {}
            names => return Some(format!("it has {} namespaces ({}), {ONE}", names.len(), named(names))),
        }
        let filters = self.filters.join("; ");
        (!filters.is_empty()).then(|| format!("its settings leave objects out ({filters})"))
    }
}

/// What is wrong with more.
const ONE: &str =
    "and a restore would bring back all of them: make one with --include-namespaces and this namespace alone";

fn says_something(value: &Json) -> bool {
    match value {
        Json::Array(items) => !items.is_empty(),
        Json::Object(map) => map.values().any(says_something),
        Json::Null => false,
        Json::String(text) => !text.is_empty(),
        Json::Bool(_) | Json::Number(_) => true,
    }
}

/// The first names of several.
fn named(names: &[String]) -> String {
    let mut shown: Vec<_> = names.iter().take(NAMED).map(|name| kept(name)).collect();
    if names.len() > NAMED {
        shown.push("…".to_owned());
    }
    shown.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_whole_namespace_alone_has_no_objection() {
        for (spec, has, expected) in [
            (json!({"includedNamespaces": ["streams"]}), true, ""),
            (
                json!({"includedNamespaces": ["streams"], "includedResources": ["*"], "labelSelector": {}, "ttl": "1h"}),
                true,
                "",
            ),
            (json!({"includedNamespaces": ["streams"], "excludedResources": ["events"]}), true, ""),
            (
                json!({"includedNamespaces": ["streams"], "snapshotVolumes": false, "includeClusterResources": false}),
                true,
                "",
            ),
            (json!({"includedNamespaces": ["other"]}), false, "it does not have namespace streams"),
            (json!({"excludedNamespaces": ["streams"]}), false, "it does not have namespace streams"),
            (json!({}), true, "it has all namespaces of the cluster, and a restore"),
            (json!({"includedNamespaces": ["*"]}), true, "it has all namespaces of the cluster, and a restore"),
            (json!({"includedNamespaces": ["streams", "b"]}), true, "it has 2 namespaces (streams, b), and a restore"),
            (json!({"includedNamespaces": ["a", "b", "c", "streams"]}), true, "it has 4 namespaces (a, b, c, …), and"),
            (
                json!({"includedNamespaces": ["streams"], "excludedResources": ["secrets", "events"]}),
                true,
                "its settings leave objects out (excludedResources: secrets)",
            ),
            (
                json!({"includedNamespaces": ["streams"], "includedResources": ["pods"], "orLabelSelectors": [{"matchLabels": {"a": "b"}}]}),
                true,
                "its settings leave objects out (includedResources: pods; orLabelSelectors)",
            ),
            (
                json!({"includedNamespaces": ["streams"], "labelSelector": {"matchLabels": {"a": "b"}}, "resourcePolicy": {"kind": "configmap", "name": "p"}}),
                true,
                "its settings leave objects out (labelSelector; resourcePolicy: p)",
            ),
        ] {
            let scope = Scope::of(&spec);
            assert_eq!(scope.has("streams"), has, "{spec}");
            let found = scope.objection(Some("streams")).unwrap_or_default();
            assert!(found.starts_with(expected) && found.is_empty() == expected.is_empty(), "{spec}: {found}");
        }
    }

    #[test]
    fn any_one_namespace_will_do_where_it_is_not_known_which() {
        assert_eq!(Scope::of(&json!({"includedNamespaces": ["other"]})).objection(None), None);
        assert!(Scope::of(&json!({"includedNamespaces": ["a", "b"]})).objection(None).is_some());
        // What was read need not be of the right form.
        assert_eq!(Scope::of(&json!([1])), Scope::of(&json!({"includedNamespaces": [1], "labelSelector": null})));
    }
}
