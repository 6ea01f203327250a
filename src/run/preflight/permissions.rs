//! What a restore does, and so has to be allowed to.

use serde_json::{Value as Json, json};

use crate::cluster::{Cluster, Kind};
use crate::mode::Mode;
use crate::run::Halt;

/// API group, resource, verb, and whether only one mode needs it.
type Need = (&'static str, &'static str, &'static str, Option<Mode>);

/// What a restore does, and so has to be allowed to.
const NEEDS: &[Need] = &[
    ("", "configmaps", "create", None),
    ("", "configmaps", "update", None),
    ("", "secrets", "list", None),
    ("", "secrets", "create", None),
    ("", "secrets", "update", None),
    ("", "secrets", "delete", None),
    ("", "pods", "watch", None),
    ("", "pods/log", "get", None),
    ("batch", "jobs", "watch", None),
    ("batch", "jobs", "delete", None),
    ("batch", "jobs", "create", None),
    ("batch", "jobs", "patch", None),
    ("batch", "cronjobs", "patch", None),
    ("coordination.k8s.io", "leases", "create", None),
    ("coordination.k8s.io", "leases", "update", None),
    ("apps", "statefulsets", "patch", Some(Mode::Upgrade)),
    ("apps", "deployments", "patch", Some(Mode::Upgrade)),
    ("autoscaling", "horizontalpodautoscalers", "list", Some(Mode::Upgrade)),
    ("", "persistentvolumeclaims", "delete", Some(Mode::Upgrade)),
    ("", "persistentvolumeclaims", "create", Some(Mode::Upgrade)),
    ("", "persistentvolumes", "patch", Some(Mode::Upgrade)),
];

/// The same in Velero's namespace.
const NEEDS_OF_VELERO: &[Need] = &[
    ("velero.io", "restores", "create", None),
    ("velero.io", "restores", "watch", None),
    ("velero.io", "restores", "delete", None),
    ("velero.io", "backups", "list", None),
    ("velero.io", "backups", "patch", None),
    ("velero.io", "backups", "create", Some(Mode::Upgrade)),
    ("velero.io", "schedules", "patch", None),
    ("velero.io", "backupstoragelocations", "get", Some(Mode::Install)),
];

/// That a restore may do what it has to in the release's namespace.
///
/// # Errors
/// With what it may not.
pub async fn permissions(cluster: &Cluster, mode: Mode) -> Result<(), Halt> {
    allowed(cluster, NEEDS, mode, &cluster.namespace).await
}

/// The same in Velero's namespace.
///
/// # Errors
/// With what it may not.
pub async fn velero_permissions(cluster: &Cluster, mode: Mode, namespace: &str) -> Result<(), Halt> {
    allowed(cluster, NEEDS_OF_VELERO, mode, namespace).await
}

async fn allowed(cluster: &Cluster, needs: &[Need], mode: Mode, namespace: &str) -> Result<(), Halt> {
    let mut denied = Vec::new();
    for (group, resource, verb, only) in needs {
        if only.is_some_and(|only| only != mode) {
            continue;
        }
        let (resource_name, sub) = resource.split_once('/').unwrap_or((resource, ""));
        let mut attributes = json!({"group": group, "resource": resource_name, "verb": verb});
        if !sub.is_empty() {
            attributes["subresource"] = sub.into();
        }
        if *resource != "persistentvolumes" {
            attributes["namespace"] = namespace.into();
        }
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        });
        let answer = cluster.create(Kind::ACCESS_REVIEW, None, &review).await?;
        if answer.pointer("/status/allowed") != Some(&Json::Bool(true)) {
            denied.push(format!("{verb} {resource}"));
        }
    }
    if denied.is_empty() {
        return Ok(());
    }
    Err(Halt::new(format!("in namespace {namespace} you may not: {}", denied.join(", ")))
        .help(format!("see what you may do: kubectl auth can-i --list -n {namespace}"))
        .help("ask for a role that allows it, or use another context"))
}
