//! What a chart holds at zero while it restores, and how many pods each of these workloads has afterwards.

use anyhow::{Result, ensure};

use crate::cluster::{Cluster, Kind};
use crate::mode::Mode;
use crate::product::Barrier;
use crate::refusal::Refusal;
use crate::run::state::Scaled;
use crate::topology::{Topology, Workload};

/// The workloads that wait for the restore, and what the operator has to know of them.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// With the numbers of pods that they have otherwise.
    pub(super) workloads: Vec<Scaled>,
    /// Warnings for the plan.
    pub(super) warnings: Vec<String>,
}

/// What the chart holds at zero behind `barrier`. `free` is what it renders without the restore; values of the operator's own may hold
/// workloads at zero there, too, such as an edited copy of the chart's overlay: then the number is that of the cluster.
///
/// # Errors
/// If nothing would run afterwards, or the cluster cannot be read.
pub(super) async fn held(
    cluster: &Cluster,
    mode: Mode,
    now: &Topology,
    free: &Topology,
    barrier: &Barrier,
) -> Result<Held> {
    let mut live = Vec::new();
    for workload in now.workloads.iter().filter(|workload| is_held(workload, barrier)) {
        let kind = Kind::named(&workload.kind).filter(|_| mode == Mode::Upgrade);
        let Some(kind) = kind else { continue };
        let object = cluster.get(kind, None, &workload.name).await?;
        live.extend(object.map(|object| Scaled::of(kind, &object, 0)));
    }
    Ok(of(now, free, &live, barrier)?)
}

fn is_held(workload: &Workload, barrier: &Barrier) -> bool {
    barrier.roles.contains(&workload.role) && workload.replicas == Some(0)
}

fn of(now: &Topology, free: &Topology, live: &[Scaled], barrier: &Barrier) -> Result<Held, Refusal> {
    let mut held = Held { warnings: left_out(now, free, barrier), ..Held::default() };
    // What stays at zero by the operator's own values.
    let mut stays = Vec::new();
    for workload in now.workloads.iter().filter(|workload| is_held(workload, barrier)) {
        let is_it = |other: &&Workload| (&other.kind, &other.name) == (&workload.kind, &workload.name);
        let Some(free) = free.workloads.iter().find(is_it) else { continue };
        let mut runs = live.iter().filter(|live| (&live.kind, &live.name) == (&workload.kind, &workload.name));
        let runs = runs.find_map(|live| Some(live.replicas).filter(|pods| *pods > 0));
        let name = format!("{}/{}", workload.kind, workload.name);
        let pods = match (free.replicas, runs) {
            (Some(0), Some(pods)) => {
                held.warnings.push(format!(
                    "the values hold {name} at zero without the restore, too: after it, it has {pods} again, as now, until the next helm \
                     upgrade with these values. {LEAVE_OUT}"
                ));
                pods
            }
            (Some(0), None) => {
                stays.push(name);
                0
            }
            (Some(pods), _) => pods,
            // Helm leaves the number alone; without one, Kubernetes makes one.
            (None, runs) => runs.unwrap_or(1),
        };
        held.workloads.push(Scaled {
            kind: workload.kind.clone(),
            name: workload.name.clone(),
            replicas: 0,
            was_ready: true,
            tier: workload.role.stops.unwrap_or_default(),
            held: Some(pods),
        });
    }
    let runs_otherwise =
        now.workloads.iter().any(|workload| barrier.roles.contains(&workload.role) && workload.replicas != Some(0));
    let will_run = runs_otherwise || held.workloads.iter().any(|workload| workload.held != Some(0));
    if will_run || stays.is_empty() {
        return Ok(held);
    }
    Err(Refusal::new(format!(
        "the values hold {} at zero without the restore, too: what is restored would not run afterwards",
        stays.join(", ")
    ))
    .help(format!("{LEAVE_OUT}: hwdr adds {} itself", barrier.overlay))
    .help("see where they come from: helm hwdr values --origins"))
}

/// Checks that what runs is not stopped by the values, now that the restore is over. `now` is what the chart renders with them.
///
/// # Errors
/// If all of it would be, or the cluster cannot be read.
pub(super) async fn runs_on(cluster: &Cluster, now: &Topology, barrier: &Barrier) -> Result<()> {
    let all: Vec<_> = now.workloads.iter().filter(|workload| barrier.roles.contains(&workload.role)).collect();
    if all.iter().any(|workload| !is_held(workload, barrier)) {
        return Ok(());
    }
    for workload in all {
        let Some(kind) = Kind::named(&workload.kind) else { continue };
        let Some(object) = cluster.get(kind, None, &workload.name).await? else { continue };
        ensure!(
            Scaled::of(kind, &object, 0).replicas == 0,
            Refusal::new(format!(
                "{}/{} runs, and the values hold it at zero, although the restore is over: helm upgrade would stop it",
                workload.kind, workload.name
            ))
            .help(format!("{LEAVE_OUT}, such as a copy of {}", barrier.overlay))
            .help("see where they come from: helm hwdr values --origins")
        );
    }
    Ok(())
}

/// What to do about zeros of the operator's own.
const LEAVE_OUT: &str = "Leave the zeros out of the values";

/// What the chart does not render at all behind `barrier`.
fn left_out(now: &Topology, free: &Topology, barrier: &Barrier) -> Vec<String> {
    let is_there = |free: &Workload| now.workloads.iter().any(|now| (&now.kind, &now.name) == (&free.kind, &free.name));
    let gone = free.workloads.iter().filter(|free| barrier.roles.contains(&free.role) && !is_there(free));
    gone.map(|free| {
        format!(
            "{}/{} is not there while the chart restores ({}): helm hwdr finalize brings it back",
            free.kind, free.name, barrier.overlay
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::FIRST;
    use crate::stream::Stream;

    /// What a chart renders with these numbers of pods: of the web server, and of the workers; `-` is none.
    fn rendered(node: &str, worker: &str) -> Topology {
        let one = |name: &str, replicas: &str| {
            let replicas = if replicas == "-" { String::new() } else { format!("replicas: {replicas}, ") };
            format!(
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{{replicas}template: {{metadata: {{labels: \
                 {{app: {name}}}}}, spec: {{containers: [{{name: c}}]}}}}}}\n"
            )
        };
        let text = format!("{}{}", one("superset", node), one("superset-worker", worker));
        Topology::of(FIRST, &Stream::parse(text.into_bytes()).unwrap())
    }

    fn barrier() -> &'static Barrier {
        FIRST.barriers().first().copied().unwrap()
    }

    fn live(name: &str, replicas: u64) -> Scaled {
        Scaled { kind: "Deployment".to_owned(), name: name.to_owned(), replicas, was_ready: true, tier: 0, held: None }
    }

    #[test]
    fn zeros_of_the_operators_own_are_not_what_runs_afterwards() {
        let now = rendered("0", "0");
        // Free: the web server and the workers; live: the same; the pods afterwards; how many warnings.
        for (free, there, afterwards, warned) in [
            (("1", "-"), (1, 1), Some([1, 1]), 0),
            (("2", "-"), (1, 3), Some([2, 3]), 0),
            (("1", "-"), (0, 0), Some([1, 1]), 0),
            (("0", "0"), (2, 1), Some([2, 1]), 2),
            // Workers at zero are a choice.
            (("1", "0"), (1, 0), Some([1, 0]), 0),
            (("0", "0"), (1, 0), Some([1, 0]), 1),
            (("0", "0"), (0, 0), None, 0),
        ] {
            let there = [live("superset", there.0), live("superset-worker", there.1)];
            let found = of(&now, &rendered(free.0, free.1), &there, barrier());
            let Some(afterwards) = afterwards else {
                let refusal = found.unwrap_err();
                assert!(refusal.problem.contains("hold Deployment/superset, Deployment/superset-worker at zero"));
                continue;
            };
            let found = found.unwrap();
            let pods: Vec<_> = found.workloads.iter().map(|workload| workload.held.unwrap()).collect();
            assert_eq!((&pods[..], found.warnings.len()), (&afterwards[..], warned), "{free:?}");
        }
        // For a new cluster there is no other number.
        assert!(of(&now, &rendered("0", "0"), &[], barrier()).is_err());
        // A chart that holds nothing.
        assert!(of(&rendered("1", "0"), &rendered("1", "0"), &[], barrier()).is_ok());
    }
}
