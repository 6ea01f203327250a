//! Checks that the release's workloads are ready, and that their data can be read.

use serde_json::Value as Json;

use super::{PODS, is_of};
use crate::cluster::condition::{self, text};
use crate::cluster::{Kind, Selection, WaitState, why_pods_wait};
use crate::run::{Halt, Run};
use crate::topology::{Role, Workload};

/// Has each service check what was restored as soon as it can, and waits for the rest.
///
/// # Errors
/// If something cannot be used, or is not ready in time.
pub async fn restored(run: &mut Run) -> Result<(), Halt> {
    for service in run.product().services() {
        service.verify(run).await?;
    }
    ready(run).await
}

/// Waits until the workloads of `service`, which have these roles, are ready.
///
/// # Errors
/// If they are not ready in time.
pub async fn workloads_are_ready(run: &mut Run, service: &str, roles: &[Role]) -> Result<(), Halt> {
    let product = run.product();
    wait(run, &format!(" of {service}"), |kind, object| {
        let workload = Workload::of(product, 0, kind.kind, object);
        workload.is_some_and(|workload| roles.contains(&workload.role))
    })
    .await
}

/// Waits until all StatefulSets and Deployments of the release are ready.
pub async fn ready(run: &mut Run) -> Result<(), Halt> {
    wait(run, "", |_, _| true).await
}

/// Waits until the same workloads are ready, except those that were not ready before the restore either.
pub(super) async fn as_before(run: &mut Run) -> Result<(), Halt> {
    let workloads = run.state.before.workloads.iter();
    let was_not: Vec<_> =
        workloads.filter(|workload| !workload.was_ready).map(|workload| workload.name.clone()).collect();
    wait(run, "", |_, object| !was_not.iter().any(|name| name == text(object, "/metadata/name"))).await
}

/// Waits for the release's workloads that count; `of_what` describes them.
async fn wait(run: &mut Run, of_what: &str, counts: impl Fn(Kind, &Json) -> bool) -> Result<(), Halt> {
    let (release, namespace) = (run.state.release.clone(), run.cluster.namespace.clone());
    for (kind, what) in [(Kind::STATEFUL_SET, "StatefulSets"), (Kind::DEPLOYMENT, "Deployments")] {
        let (what, selection) = (format!("all {what}{of_what} are ready"), Selection::all(kind));
        let waited = run.wait(&what, &selection, PODS, |objects| {
            let ours = objects.values().filter(|object| is_of(object, &release, &namespace) && counts(kind, object));
            let late = ours.filter_map(|object| match condition::ready(object) {
                WaitState::Done => None,
                WaitState::NotYet(seen) | WaitState::Never(seen) => {
                    Some(format!("{} {seen}", text(object, "/metadata/name")))
                }
            });
            let late: Vec<_> = late.collect();
            if late.is_empty() { WaitState::Done } else { WaitState::NotYet(late.join(", ")) }
        });
        if let Err(mut halt) = waited.await {
            let reasons = why_pods_wait(&run.cluster, "").await;
            if !reasons.is_empty() {
                halt.problem = format!("{}\n{}", halt.problem, reasons.join("\n"));
            }
            let commands = run.cluster.commands();
            return Err(halt.help(format!(
                "see which pods are not ready, and why:\n{}\n{}",
                commands.kubectl("get pods"),
                commands.kubectl("describe pod NAME")
            )));
        }
    }
    Ok(())
}
