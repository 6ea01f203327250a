//! Pods of the release in which something can be asked.

use serde_json::Value as Json;

use super::workloads_of;
use crate::cluster::{Cluster, Kind};
use crate::run::{Halt, Run};
use crate::topology::Role;

/// A ready pod of the release's workloads with this role, by the workloads' names.
///
/// # Errors
/// If they cannot be listed.
pub async fn ready_pod(run: &Run, role: Role) -> Result<Option<Json>, Halt> {
    let cluster = &run.cluster;
    for (_, object, _) in
        workloads_of(run.product(), cluster, &run.state.release).await?.iter().filter(|(_, _, of)| *of == role)
    {
        if let Some(pod) = pods_of(cluster, object).await?.into_iter().find(is_ready) {
            return Ok(Some(pod));
        }
    }
    Ok(None)
}

/// The pods of a workload, ready or not.
///
/// # Errors
/// If they cannot be listed.
pub async fn pods_of(cluster: &Cluster, workload: &Json) -> Result<Vec<Json>, Halt> {
    let labels = workload.pointer("/spec/selector/matchLabels").and_then(Json::as_object).into_iter().flatten();
    let labels: Vec<_> = labels.map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or(""))).collect();
    Ok(cluster.list(Kind::POD, None, &labels.join(",")).await?)
}

/// Whether a pod is ready.
pub fn is_ready(pod: &Json) -> bool {
    let mut conditions = pod.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
