//! The permissions that Helm needs to apply a chart, from the chart's rendered stream.

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Scope;
use crate::stream::{Stream, json_of};

/// What Helm does with each object of a release.
const HELM: [&str; 4] = ["get", "create", "patch", "delete"];
/// What it does with hooks, too: Helm 3 waits for Jobs and Pods, Helm 4 for those of any kind (helm, `WatchUntilReady`).
const WAITS: [&str; 2] = ["list", "watch"];
/// The hooks that install, upgrade and rollback run.
const HOOKS: [&str; 6] =
    ["pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-rollback", "post-rollback"];
/// The cluster-wide kinds, of those that charts contain.
const CLUSTER_WIDE: [&str; 14] = [
    "APIService",
    "CSIDriver",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingWebhookConfiguration",
];

/// A rule that a chart needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    /// The namespace; none for the whole cluster.
    pub namespace: Option<String>,
    /// The rule, with the keys of a Role's.
    pub rule: BTreeMap<&'static str, Vec<String>>,
    /// Whether the chart itself grants it. Nobody may grant what they do not have (kubernetes.io, "Using RBAC Authorization",
    /// "Privilege escalation prevention").
    pub is_given: bool,
}

/// A verb on a resource: place, group, resource, verb. What is in other namespaces has no place of its own.
pub type Granted = BTreeSet<(Scope, String, String, String)>;

/// What `stream` needs, in the namespace of the release, Velero's and others, without what is granted already.
pub fn rules(stream: &Stream, [release, velero]: [&str; 2], granted: &Granted) -> Vec<Rule> {
    let (mut rules, mut granted, mut given) = (BTreeSet::new(), granted.clone(), Vec::new());
    let place_of = |namespace: Option<&str>| match namespace {
        None => Some(Scope::Cluster),
        Some(name) if name == release => Some(Scope::Release),
        Some(name) if name == velero => Some(Scope::Velero),
        Some(_) => None,
    };
    // Those of `verbs` that are new.
    let mut new = |namespace: Option<&str>, group: &str, resource: &str, verbs: &[String]| -> Vec<String> {
        let is_new = |verb: &&String| {
            let Some(place) = place_of(namespace) else { return true };
            granted.insert((place, group.to_owned(), resource.to_owned(), (**verb).clone()))
        };
        verbs.iter().filter(is_new).cloned().collect()
    };
    for object in stream.objects() {
        let look = stream.look(object);
        let json = json_of(&look.tree, look.root);
        let helm: Vec<_> = match hooks(&json) {
            None => HELM.to_vec(),
            Some(hooks) if hooks.iter().any(|hook| HOOKS.contains(hook)) => [HELM.as_slice(), &WAITS].concat(),
            // Of a test, for example.
            Some(_) => continue,
        };
        let helm: Vec<_> = helm.into_iter().map(str::to_owned).collect();
        let group = object.group();
        let namespace =
            (!CLUSTER_WIDE.contains(&object.kind())).then(|| object.namespace().unwrap_or(release).to_owned());
        let resource = plural(object.kind());
        let verbs = new(namespace.as_deref(), group, &resource, &helm);
        if !verbs.is_empty() {
            let rule = BTreeMap::from([
                ("apiGroups", vec![group.to_owned()]),
                ("resources", vec![resource]),
                ("verbs", verbs),
            ]);
            rules.insert(Rule { namespace: namespace.clone(), rule, is_given: false });
        }
        if matches!(object.kind(), "Role" | "ClusterRole") {
            given
                .extend(json["rules"].as_array().into_iter().flatten().map(|rule| (namespace.clone(), given_by(rule))));
        }
    }
    for (namespace, rule) in given {
        let list = |key: &str| rule.get(key).cloned().unwrap_or_default();
        if rule.contains_key("resourceNames") || rule.contains_key("nonResourceURLs") {
            rules.insert(Rule { namespace, rule, is_given: true });
            continue;
        }
        for (group, resource) in
            list("apiGroups").iter().flat_map(|group| list("resources").into_iter().map(move |it| (group.clone(), it)))
        {
            let verbs = new(namespace.as_deref(), &group, &resource, &list("verbs"));
            if !verbs.is_empty() {
                let rule =
                    BTreeMap::from([("apiGroups", vec![group]), ("resources", vec![resource]), ("verbs", verbs)]);
                rules.insert(Rule { namespace: namespace.clone(), rule, is_given: true });
            }
        }
    }
    rules.into_iter().collect()
}

/// When helm runs an object as a hook; none if it is not one.
fn hooks(object: &Json) -> Option<Vec<&str>> {
    let hooks = object["metadata"]["annotations"]["helm.sh/hook"].as_str()?;
    Some(hooks.split(',').map(str::trim).collect())
}

fn given_by(rule: &Json) -> BTreeMap<&'static str, Vec<String>> {
    let list = |key: &str| -> Vec<String> {
        let words = rule[key].as_array().into_iter().flatten();
        words.filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let keys = ["apiGroups", "resources", "resourceNames", "nonResourceURLs", "verbs"];
    keys.into_iter().map(|key| (key, list(key))).filter(|(_, words)| !words.is_empty()).collect()
}

/// The resource of a kind, as Kubernetes derives it by default (apimachinery, `meta.UnsafeGuessKindToResource`).
fn plural(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    match kind.as_bytes() {
        b"endpoints" => kind,
        [.., b's'] => format!("{kind}es"),
        [front @ .., b'y'] => format!("{}ies", String::from_utf8_lossy(front)),
        _ => format!("{kind}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helm_waits_for_hooks_and_runs_no_tests() {
        let object = |kind: &str, hook: &str| {
            let hook =
                if hook.is_empty() { String::new() } else { format!("  annotations: {{helm.sh/hook: \"{hook}\"}}\n") };
            format!("---\napiVersion: v1\nkind: {kind}\nmetadata:\n  name: x\n{hook}")
        };
        let stream = [
            object("Pod", "pre-install, post-upgrade"),
            object("Service", ""),
            object("Secret", "test"),
            object("ConfigMap", "post-delete"),
        ];
        let stream = Stream::parse(stream.concat().into_bytes()).unwrap();
        let rules = rules(&stream, ["hopsworks", "velero"], &Granted::new());
        let verbs: Vec<_> =
            rules.iter().map(|it| (it.rule["resources"].join(","), it.rule["verbs"].join(","))).collect();
        assert_eq!(
            verbs.iter().map(|(resource, verbs)| (resource.as_str(), verbs.as_str())).collect::<Vec<_>>(),
            [("pods", "get,create,patch,delete,list,watch"), ("services", "get,create,patch,delete")]
        );
    }

    #[test]
    fn resources_are_called_as_kubernetes_calls_them() {
        for (kind, resource) in [
            ("ConfigMap", "configmaps"),
            ("NetworkPolicy", "networkpolicies"),
            ("Ingress", "ingresses"),
            ("Endpoints", "endpoints"),
            ("StorageClass", "storageclasses"),
            ("HorizontalPodAutoscaler", "horizontalpodautoscalers"),
        ] {
            assert_eq!(plural(kind), resource);
        }
    }
}
