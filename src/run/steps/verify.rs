//! Everything that the release runs is ready.

use super::PODS;
use crate::cluster::condition::{self, text};
use crate::cluster::{Kind, Selection, Verdict};
use crate::run::{Halt, Run};

/// The annotation by which Helm knows what is a release's own.
const RELEASE: &str = "/metadata/annotations/meta.helm.sh~1release-name";

/// Waits until all StatefulSets and Deployments of the release are ready.
pub async fn ready(run: &mut Run) -> Result<(), Halt> {
    let release = run.state.release.clone();
    for (kind, what) in [(Kind::STATEFUL_SET, "StatefulSets"), (Kind::DEPLOYMENT, "Deployments")] {
        run.wait(&format!("all {what} are ready"), &Selection::all(kind), PODS, |objects| {
            let ours = objects.values().filter(|object| object.pointer(RELEASE).is_some_and(|name| *name == *release));
            let late = ours.filter_map(|object| match condition::ready(object) {
                Verdict::Done => None,
                Verdict::NotYet(seen) | Verdict::Never(seen) => {
                    Some(format!("{} {seen}", text(object, "/metadata/name")))
                }
            });
            let late: Vec<_> = late.collect();
            if late.is_empty() { Verdict::Done } else { Verdict::NotYet(late.join(", ")) }
        })
        .await
        .map_err(|halt| {
            halt.help("see which pods are not ready, and why: kubectl get pods; kubectl describe pod NAME")
        })?;
    }
    Ok(())
}
