//! Everything that the release runs is ready.

use super::{PODS, is_of};
use crate::cluster::condition::{self, text};
use crate::cluster::{Kind, Selection, Verdict, why_pods_wait};
use crate::run::{Halt, Run};

/// Waits until all StatefulSets and Deployments of the release are ready.
pub async fn ready(run: &mut Run) -> Result<(), Halt> {
    all_but(run, Vec::new()).await
}

/// The same, without those that were not ready before the restore either.
pub async fn as_before(run: &mut Run) -> Result<(), Halt> {
    let workloads = run.state.before.workloads.iter();
    let was_not = workloads.filter(|workload| !workload.was_ready).map(|workload| workload.name.clone()).collect();
    all_but(run, was_not).await
}

async fn all_but(run: &mut Run, passed_over: Vec<String>) -> Result<(), Halt> {
    let release = run.state.release.clone();
    for (kind, what) in [(Kind::STATEFUL_SET, "StatefulSets"), (Kind::DEPLOYMENT, "Deployments")] {
        let (what, selection) = (format!("all {what} are ready"), Selection::all(kind));
        let waited = run.wait(&what, &selection, PODS, |objects| {
            let ours = objects.iter().filter(|(name, object)| is_of(object, &release) && !passed_over.contains(name));
            let late = ours.filter_map(|(_, object)| match condition::ready(object) {
                Verdict::Done => None,
                Verdict::NotYet(seen) | Verdict::Never(seen) => {
                    Some(format!("{} {seen}", text(object, "/metadata/name")))
                }
            });
            let late: Vec<_> = late.collect();
            if late.is_empty() { Verdict::Done } else { Verdict::NotYet(late.join(", ")) }
        });
        if let Err(mut halt) = waited.await {
            let reasons = why_pods_wait(&run.cluster, "").await;
            if !reasons.is_empty() {
                halt.problem = format!("{}\n{}", halt.problem, reasons.join("\n"));
            }
            return Err(halt.help("see which pods are not ready, and why: kubectl get pods; kubectl describe pod NAME"));
        }
    }
    Ok(())
}
