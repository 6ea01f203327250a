//! Whether a restore has the permissions that it needs.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::{Value as Json, json};

use crate::cluster::{Cluster, ClusterError, Kind};
use crate::rights::{self, Command, Right, Scope};
use crate::run::Halt;

/// How many questions are asked at once.
const AT_ONCE: usize = 8;

/// Checks the permissions of a restore in the release's namespace and in the whole cluster.
///
/// # Errors
/// What is not allowed.
pub async fn permissions(cluster: &Cluster, command: Command) -> Result<(), Halt> {
    allowed(cluster, command, &cluster.namespace, |place| place != Scope::Velero).await
}

/// Checks the permissions of a restore in Velero's namespace.
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
    let denied = denied(cluster, command, namespace, |right| is_at(right.place) && right.without.is_none()).await?;
    refuse(command, namespace, &denied)
}

/// A right that is not granted, and the verb.
type Denied = (&'static Right, &'static str);

/// Refuses, if anything is not granted.
///
/// # Errors
/// What is not.
pub fn refuse(command: Command, namespace: &str, denied: &[Denied]) -> Result<(), Halt> {
    if denied.is_empty() {
        return Ok(());
    }
    let denied: Vec<_> = denied.iter().map(|(right, verb)| format!("{verb} {}", right.resource)).collect();
    Err(Halt::new(format!("in namespace {namespace} you may not: {}", denied.join(", ")))
        .help(format!("see what it needs, and why: helm hwdr rbac {}", command.name()))
        .help("ask for a role that allows it, or use another context"))
}

/// The rights of `command` that `counts` selects, and that are not granted, in the order of the list.
///
/// # Errors
/// If the API server does not say.
async fn denied(
    cluster: &Cluster,
    command: Command,
    namespace: &str,
    counts: impl Fn(&Right) -> bool,
) -> Result<Vec<Denied>, ClusterError> {
    let rights = rights::of(command).filter(|right| counts(right));
    let asked: Vec<_> = rights.flat_map(|right| right.verbs.iter().map(move |verb| (right, *verb))).collect();
    let answers =
        are_allowed(cluster, asked.iter().map(|(right, verb)| attributes(right, verb, namespace)).collect()).await?;
    Ok(asked.into_iter().zip(answers).filter(|(_, is_allowed)| !is_allowed).map(|(right, _)| right).collect())
}

/// The rights of several commands that are not granted, of each command and in each namespace: the release's, and Velero's. Each is asked for once.
///
/// # Errors
/// If the API server does not say.
pub async fn denied_to(
    cluster: &Cluster,
    commands: &[Command],
    velero: &str,
) -> Result<Vec<(Command, String, &'static Right, &'static str)>, ClusterError> {
    let of = |command: Command| {
        rights::of(command).flat_map(move |right| right.verbs.iter().map(move |verb| (command, right, *verb)))
    };
    let all: Vec<_> = commands.iter().copied().flat_map(of).collect();
    let namespace = |right: &Right| if right.place == Scope::Velero { velero } else { cluster.namespace.as_str() };
    let wanted: Vec<_> = all.iter().map(|(_, right, verb)| attributes(right, verb, namespace(right))).collect();
    let mut once: Vec<Json> = Vec::new();
    for attributes in &wanted {
        if !once.contains(attributes) {
            once.push(attributes.clone());
        }
    }
    let answers = are_allowed(cluster, once.clone()).await?;
    let denied: Vec<_> = once.iter().zip(answers).filter(|(_, is_allowed)| !is_allowed).map(|(it, _)| it).collect();
    let lacks = all.into_iter().zip(&wanted).filter(|(_, attributes)| denied.contains(attributes));
    Ok(lacks.map(|((command, right, verb), _)| (command, namespace(right).to_owned(), right, verb)).collect())
}

/// A verb of a right, as the API server is asked for it.
fn attributes(right: &Right, verb: &str, namespace: &str) -> Json {
    let (resource, sub) = right.resource.split_once('/').unwrap_or((right.resource, ""));
    let mut attributes = json!({"group": right.group, "resource": resource, "verb": verb});
    let mut add = |key: &str, value: &str| {
        if let Some(map) = attributes.as_object_mut().filter(|_| !value.is_empty()) {
            map.insert(key.to_owned(), value.into());
        }
    };
    add("subresource", sub);
    add("name", right.name.unwrap_or_default());
    add("namespace", if right.place == Scope::Cluster { "" } else { namespace });
    attributes
}

/// Whether each is allowed, in this order.
async fn are_allowed(cluster: &Cluster, asked: Vec<Json>) -> Result<Vec<bool>, ClusterError> {
    let asked = asked.into_iter().map(|attributes| async move {
        let review = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        });
        let answer = cluster.create(Kind::ACCESS_REVIEW, None, &review).await?;
        Ok(answer.pointer("/status/allowed") == Some(&Json::Bool(true)))
    });
    stream::iter(asked.collect::<Vec<_>>()).buffered(AT_ONCE).try_collect().await
}
