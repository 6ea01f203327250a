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

/// What is known of a Job's failure besides its condition: its pods' containers, their last log lines, and the pods' events.
/// What cannot be read is left out, because something is wrong already.
pub async fn why_job_failed(cluster: &Cluster, job: &str) -> Vec<String> {
    let pods = pods_of(cluster, job).await;
    let mut reasons = Vec::new();
    // One pod is enough: the others failed for the same reason, or because of it.
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

/// Why pods do not even start: no image, no node. Pods that wait in a gate are fine.
pub async fn why_pods_wait(cluster: &Cluster, labels: &str) -> Vec<String> {
    why_they_wait(cluster, &cluster.list(Kind::POD, None, labels).await.unwrap_or_default()).await
}

/// Why these pods, which were read, do not even start.
pub async fn why_they_wait(cluster: &Cluster, pods: &[Json]) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut mounts = Vec::new();
    if pods.iter().any(is_starting) {
        let events = cluster.list(Kind::EVENT, None, "").await.unwrap_or_default();
        mounts = events.into_iter().filter(is_of_no_mount).collect();
    }
    for pod in pods {
        let name = text(pod, "/metadata/name");
        let about = |event: &&Json| text(event, "/involvedObject/uid") == text(pod, "/metadata/uid");
        if let Some(event) = mounts.iter().rfind(about).filter(|_| is_starting(pod)) {
            reasons.push(format!("pod {name}: {}", said(text(event, "/message"))));
        }
        let conditions = pod.pointer("/status/conditions").and_then(Json::as_array).into_iter().flatten();
        for condition in conditions.filter(|condition| condition["reason"] == "Unschedulable") {
            reasons.push(format!("pod {name} cannot be scheduled: {}", text(condition, "/message")));
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

/// Whether a pod is scheduled, and none of its containers has started.
fn is_starting(pod: &Json) -> bool {
    let mut states = containers(pod);
    text(pod, "/status/phase") == "Pending"
        && !text(pod, "/spec/nodeName").is_empty()
        && states.all(|container| {
            matches!(text(container, "/state/waiting/reason"), "ContainerCreating" | "PodInitializing")
        })
}

/// Whether an event says that a volume cannot be mounted, because its Secret, its ConfigMap or a key in it does not exist (kubernetes,
/// pkg/volume). Events of slow disks have other words.
fn is_of_no_mount(event: &Json) -> bool {
    let message = text(event, "/message");
    let is_missing =
        message.contains("not found") && ["secret \"", "configmap \""].iter().any(|kind| message.contains(kind));
    text(event, "/reason") == "FailedMount" && (is_missing || message.contains("references non-existent"))
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

/// What a Job's pods report to people in their termination messages. Plain numbers are for other pods.
pub async fn words_of(cluster: &Cluster, job: &str) -> Vec<String> {
    let pods = pods_of(cluster, job).await;
    let done = pods.iter().filter(|pod| text(pod, "/status/phase") == "Succeeded");
    let words = done.flat_map(containers).map(|container| text(container, "/state/terminated/message").trim());
    words.filter(|words| words.contains(' ')).map(said).collect()
}

/// The progress of a Job of hwdr's own image, as its first pod last reported it.
pub async fn progress_of(cluster: &Cluster, job: &str) -> Option<String> {
    let labels = format!("batch.kubernetes.io/job-name={job},batch.kubernetes.io/job-completion-index=0");
    let pods = cluster.list(Kind::POD, None, &labels).await.unwrap_or_default();
    let pod = pods.iter().find(|pod| text(pod, "/status/phase") == "Running")?;
    let container = text(pod, "/spec/containers/0/name");
    let log = log(cluster, text(pod, "/metadata/name"), container, LINES).await;
    log.lines().rev().find_map(|line| line.strip_prefix("progress: ")).map(shown::kept)
}

/// The warnings that Kubernetes recorded about an object.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_whose_secret_is_not_there_is_told_from_one_that_takes_its_time() {
        let pod = |reason: &str, node: &str| {
            let waiting = json!([{"state": {"waiting": {"reason": reason}}}]);
            json!({"spec": {"nodeName": node}, "status": {"phase": "Pending", "containerStatuses": waiting}})
        };
        assert!(is_starting(&pod("ContainerCreating", "n")));
        assert!(!is_starting(&pod("ContainerCreating", "")) && !is_starting(&pod("ImagePullBackOff", "n")));
        // A pod whose first container runs.
        let mut begun = pod("PodInitializing", "n");
        begun["status"]["initContainerStatuses"] = json!([{"state": {"running": {}}}]);
        assert!(!is_starting(&begun));
        let event = |reason: &str, message: &str| json!({"reason": reason, "message": message});
        for (reason, message, expected) in [
            ("FailedMount", "MountVolume.SetUp failed for volume \"ca\" : secret \"certs\" not found", true),
            (
                "FailedMount",
                "MountVolume.SetUp failed for volume \"ca\" : references non-existent secret key: ca.pem",
                true,
            ),
            ("FailedMount", "Unable to attach or mount volumes: timed out waiting for the condition", false),
            ("FailedMount", "driver name ebs.csi.aws.com not found in the list of registered CSI drivers", false),
            ("BackOff", "not found", false),
        ] {
            assert_eq!(is_of_no_mount(&event(reason, message)), expected, "{message}");
        }
    }
}
