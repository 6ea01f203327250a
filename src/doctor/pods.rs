//! Images: those that cannot be pulled, and those that a restore needs and nothing here has run.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Facts, Line};
use crate::cluster::condition::text;
use crate::shown::{plain, said, word};

/// The states of all containers of a pod.
fn statuses(pod: &Json) -> impl Iterator<Item = &Json> {
    ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .filter_map(|pointer| pod.pointer(pointer)?.as_array())
        .flatten()
}

/// The images that containers of these pods have run, by the names in their specs.
fn have_run(pods: &[Json]) -> BTreeSet<&str> {
    let mut run = BTreeSet::new();
    for pod in pods {
        for status in statuses(pod).filter(|status| !text(status, "/imageID").is_empty()) {
            run.insert(text(status, "/image"));
            let name = text(status, "/name");
            let specs =
                ["/spec/initContainers", "/spec/containers"].into_iter().filter_map(|at| pod.pointer(at)?.as_array());
            run.extend(
                specs
                    .flatten()
                    .filter(|container| text(container, "/name") == name)
                    .map(|container| text(container, "/image")),
            );
        }
    }
    run
}

pub(super) fn images(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "images";
    let pods = match &facts.pods {
        Ok(pods) => pods,
        Err(fault) => return vec![Line::unread(CHECK, "pods", fault)],
    };
    let mut lines = Vec::new();
    let mut named = BTreeSet::new();
    for pod in pods {
        for status in statuses(pod) {
            let reason = text(status, "/state/waiting/reason");
            let image = text(status, "/image");
            if reason.contains("Image") && named.insert(image) {
                let what = format!(
                    "pod {} cannot get the image {}: {reason}: {}",
                    plain(text(pod, "/metadata/name")),
                    plain(image),
                    said(text(status, "/state/waiting/message"))
                );
                lines.push(Line::problem(CHECK, what).fix(format!(
                    "see the events of the pod:\nkubectl -n {} describe pod {}",
                    word(&facts.place.namespace),
                    word(text(pod, "/metadata/name"))
                )));
            }
        }
    }
    let run = have_run(pods);
    let unknown: Vec<_> =
        facts.images.iter().filter(|image| !run.contains(image.as_str())).map(|image| plain(image)).collect();
    if !unknown.is_empty() {
        lines.push(
            Line::unknown(
                CHECK,
                format!("no pod here runs {}: whether it can be pulled is not known", unknown.join(", ")),
            )
            .fix("have a Job pull it, and look at the backup: --in-cluster"),
        );
    } else if !facts.images.is_empty() {
        lines
            .push(Line::ok(CHECK, format!("all {} images of the restore's Jobs run here already", facts.images.len())));
    } else if lines.is_empty() {
        lines.push(Line::ok(CHECK, "no pod waits for an image"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_image_has_run_if_its_digest_is_known() {
        let pod = |id: &str| {
            json!({"spec": {"containers": [{"name": "a", "image": "x:1"}]},
                "status": {"containerStatuses": [{"name": "a", "image": "docker.io/x:1", "imageID": id}]}})
        };
        assert_eq!(have_run(&[pod("")]), BTreeSet::new());
        assert_eq!(have_run(&[pod("sha256:ab")]), BTreeSet::from(["docker.io/x:1", "x:1"]));
    }
}
