//! Why something failed, in the cluster's own words.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use serde_json::Value as Json;

use super::condition::text;
use super::{Cluster, Kind};
use crate::shown::{self, said};

/// How many lines of a log are shown.
const LINES: i64 = 12;
/// How many bytes of them are fetched: a line may have no end.
const BYTES: i64 = 64 << 10;

/// What is known of a Job's failure beside its condition: its pods' containers, their last log lines, and the pods' events.
/// What cannot be read is left out: this is asked when something is wrong already.
pub async fn why_job_failed(cluster: &Cluster, job: &str) -> Vec<String> {
    let pods = pods_of(cluster, job).await;
    let mut reasons = Vec::new();
    // One pod's story is enough: the others failed for the same reason, or because of it.
    let failed = pods.iter().find(|pod| text(pod, "/status/phase") == "Failed").or_else(|| pods.first());
    let Some(pod) = failed else {
        reasons.extend(events(cluster, job).await);
        return reasons;
    };
    let name = text(pod, "/metadata/name");
    for container in containers(pod) {
        let state = &container["state"];
        let code = state.pointer("/terminated/exitCode").and_then(Json::as_i64);
        let waiting = text(state, "/waiting/reason");
        let container_name = text(container, "/name");
        if code.is_some_and(|code| code != 0) {
            reasons.push(format!(
                "pod {name}, container {container_name}: exit status {} ({})",
                code.unwrap_or_default(),
                text(state, "/terminated/reason")
            ));
            reasons.extend(last_lines(cluster, name, container_name).await);
            break;
        }
        if !matches!(waiting, "" | "PodInitializing" | "ContainerCreating") {
            reasons.push(format!(
                "pod {name}, container {container_name}: {waiting}: {}",
                said(text(state, "/waiting/message"))
            ));
        }
    }
    if reasons.is_empty() {
        reasons.extend(events(cluster, name).await);
    }
    reasons
}

/// Why pods do not even begin: no image, no room. Pods that wait in a gate are well.
pub async fn why_pods_wait(cluster: &Cluster, labels: &str) -> Vec<String> {
    let pods = cluster.list(Kind::POD, None, labels).await.unwrap_or_default();
    let mut reasons = Vec::new();
    for pod in &pods {
        let name = text(pod, "/metadata/name");
        let conditions = pod.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
        for condition in conditions.filter(|condition| condition["reason"] == "Unschedulable") {
            reasons.push(format!("pod {name} finds no place: {}", text(condition, "/message")));
        }
        for container in containers(pod) {
            let waiting = text(container, "/state/waiting/reason");
            if waiting.contains("Image") || matches!(waiting, "CreateContainerConfigError" | "CreateContainerError") {
                reasons.push(format!(
                    "pod {name}, container {}: {waiting}: {}",
                    text(container, "/name"),
                    said(text(container, "/state/waiting/message"))
                ));
            }
        }
    }
    reasons
}

async fn pods_of(cluster: &Cluster, job: &str) -> Vec<Json> {
    cluster.list(Kind::POD, None, &format!("batch.kubernetes.io/job-name={job}")).await.unwrap_or_default()
}

/// The states of all containers of a pod, in the order in which they run.
fn containers(pod: &Json) -> impl Iterator<Item = &Json> {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .filter_map(|pointer| pod.pointer(pointer)?.as_array())
        .flatten()
}

/// The end of a container's log.
async fn last_lines(cluster: &Cluster, pod: &str, container: &str) -> Vec<String> {
    let log = log(cluster, pod, container, LINES).await;
    log.lines().map(|line| format!("  {line}")).collect()
}

async fn log(cluster: &Cluster, pod: &str, container: &str, lines: i64) -> String {
    let api: Api<Pod> = Api::namespaced(cluster.client().clone(), &cluster.namespace);
    let parameters = LogParams {
        container: Some(container.to_owned()),
        tail_lines: Some(lines),
        limit_bytes: Some(BYTES),
        ..LogParams::default()
    };
    said(&api.logs(pod, &parameters).await.unwrap_or_default())
}

/// What a Job's pods say that they have done (their termination messages), for people: numbers alone are for other pods.
pub async fn words_of(cluster: &Cluster, job: &str) -> Vec<String> {
    let pods = pods_of(cluster, job).await;
    let done = pods.iter().filter(|pod| text(pod, "/status/phase") == "Succeeded");
    let words = done.flat_map(containers).map(|container| text(container, "/state/terminated/message").trim());
    words.filter(|words| words.contains(' ')).map(said).collect()
}

/// How far a Job of hwdr's own image says it is: the first pod's last word of it.
pub async fn progress_of(cluster: &Cluster, job: &str) -> Option<String> {
    let labels = format!("batch.kubernetes.io/job-name={job},batch.kubernetes.io/job-completion-index=0");
    let pods = cluster.list(Kind::POD, None, &labels).await.unwrap_or_default();
    let pod = pods.iter().find(|pod| text(pod, "/status/phase") == "Running")?;
    let container = text(pod, "/spec/containers/0/name");
    let log = log(cluster, text(pod, "/metadata/name"), container, LINES).await;
    log.lines().rev().find_map(|line| line.strip_prefix("progress: ")).map(shown::kept)
}

/// The warnings that Kubernetes recorded of an object.
async fn events(cluster: &Cluster, name: &str) -> Vec<String> {
    let events = cluster.list(Kind::EVENT, None, "").await.unwrap_or_default();
    let mut lines: Vec<_> = events
        .iter()
        .filter(|event| text(event, "/involvedObject/name") == name && text(event, "/type") == "Warning")
        .map(|event| format!("event of {name}: {}: {}", text(event, "/reason"), said(text(event, "/message"))))
        .collect();
    lines.dedup();
    lines.split_off(lines.len().saturating_sub(3))
}
