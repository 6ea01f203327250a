//! Whether a restore has the permissions that it needs.

use serde_json::{Value as Json, json};

use crate::cluster::{Cluster, Kind};
use crate::rights::{self, Command, Scope};
use crate::run::Halt;

/// Checks the permissions of a restore in the release's namespace and in the whole cluster.
///
/// # Errors
/// What is not allowed.
pub async fn permissions(cluster: &Cluster, command: Command) -> Result<(), Halt> {
    allowed(cluster, command, &cluster.namespace, |place| place != Scope::Velero).await
}

/// The same in Velero's namespace.
///
/// # Errors
/// What is not allowed.
pub async fn velero_permissions(cluster: &Cluster, command: Command, namespace: &str) -> Result<(), Halt> {
    allowed(cluster, command, namespace, |place| place == Scope::Velero).await
}

/// Checks each right of `command`, except those that it can do without.
async fn allowed(
    cluster: &Cluster,
    command: Command,
    namespace: &str,
    is_at: impl Fn(Scope) -> bool,
) -> Result<(), Halt> {
    let mut denied = Vec::new();
    for right in rights::of(command).filter(|right| is_at(right.place) && right.without.is_none()) {
        let (resource, sub) = right.resource.split_once('/').unwrap_or((right.resource, ""));
        for verb in right.verbs {
            let mut attributes = json!({"group": right.group, "resource": resource, "verb": verb});
            if !sub.is_empty() {
                attributes["subresource"] = sub.into();
            }
            if right.place != Scope::Cluster {
                attributes["namespace"] = namespace.into();
            }
            let review = json!({
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            });
            let answer = cluster.create(Kind::ACCESS_REVIEW, None, &review).await?;
            if answer.pointer("/status/allowed") != Some(&Json::Bool(true)) {
                denied.push(format!("{verb} {}", right.resource));
            }
        }
    }
    if denied.is_empty() {
        return Ok(());
    }
    Err(Halt::new(format!("in namespace {namespace} you may not: {}", denied.join(", ")))
        .help(format!("see what it needs, and why: helm hwdr rbac {}", command.name()))
        .help("ask for a role that allows it, or use another context"))
}
