//! Stops everything that writes, in order: the users of a service first, then the service.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::PODS;
use crate::cluster::condition::{self, gone, text};
use crate::cluster::{Kind, Selection, WaitState};
use crate::run::state::Scaled;
use crate::run::{Halt, Run};

/// Stops the noted workloads, as soon as no backup of them is running.
pub(super) async fn stop(run: &mut Run) -> Result<(), Halt> {
    finish_backups(run).await?;
    let workloads = run.state.before.workloads.clone();
    stop_these(run, &workloads).await
}

/// Scales workloads to zero, tier by tier, and waits until their pods are gone.
pub(super) async fn stop_these(run: &mut Run, workloads: &[Scaled]) -> Result<(), Halt> {
    let tiers: BTreeSet<_> = workloads.iter().map(|workload| workload.tier).collect();
    for tier in tiers {
        let of_tier: Vec<_> = workloads.iter().filter(|workload| workload.tier == tier).collect();
        let mut selectors = Vec::new();
        for workload in &of_tier {
            let Some(object) = scale(run, workload, |now| now != 0, 0).await? else { continue };
            selectors.push(object.pointer("/spec/selector/matchLabels").cloned().unwrap_or_default());
        }
        let names: Vec<_> = of_tier.iter().map(|workload| workload.name.as_str()).collect();
        let what = format!("{} stopped", names.join(", "));
        run.wait(&what, &Selection::all(Kind::POD), PODS, |pods| {
            gone(pods, |pod| selectors.iter().any(|selector| is_selected(pod, selector)))
        })
        .await
        .map_err(|halt| {
            halt.help(format!("see what holds them:\n{}", run.cluster.commands().kubectl("describe pod NAME")))
        })?;
    }
    Ok(())
}

/// Scales the noted workloads up again, but for those that the chart holds at zero.
pub(super) async fn start(run: &mut Run) -> Result<(), Halt> {
    let mut workloads = run.state.before.workloads.clone();
    workloads.retain(|workload| workload.held.is_none());
    start_these(run, &workloads).await
}

/// Scales up what the chart has held at zero, now that everything is restored.
pub(super) async fn start_held(run: &mut Run) -> Result<(), Halt> {
    let workloads = run.state.before.workloads.iter();
    let held = workloads.filter_map(|workload| Some(Scaled { replicas: workload.held?, ..workload.clone() }));
    let held: Vec<_> = held.filter(|workload| workload.replicas > 0).collect();
    start_these(run, &held).await
}

/// Scales everything up again.
pub(super) async fn start_all(run: &mut Run) -> Result<(), Halt> {
    let workloads = run.state.before.workloads.clone();
    start_these(run, &workloads).await
}

/// Scales workloads without pods up again: helm leaves the number alone if a chart does not set it.
pub(super) async fn start_these(run: &mut Run, workloads: &[Scaled]) -> Result<(), Halt> {
    for workload in workloads {
        scale(run, workload, |now| now == 0, workload.replicas).await?;
    }
    Ok(())
}

/// Waits for backups that began before the fence.
async fn finish_backups(run: &mut Run) -> Result<(), Halt> {
    let limit = Duration::from_secs(15 * 60);
    let paused = run.state.before.paused.iter().filter(|paused| paused.kind == Kind::CRON_JOB.kind);
    let paused: Vec<_> = paused.map(|paused| paused.name.clone()).collect();
    let is_cron = |job: &Json| {
        let owner = |key: &str| text(job, &format!("/metadata/ownerReferences/0/{key}"));
        owner("kind") == "CronJob" && paused.iter().any(|name| name == owner("name"))
    };
    run.wait("backups that were begun are done", &Selection::all(Kind::JOB), limit, |jobs| {
        gone(jobs, |job| is_cron(job) && job["status"]["active"].as_u64().unwrap_or_default() > 0)
    })
    .await
    .map_err(|halt| {
        halt.help(format!("or end it, then resume:\n{}", run.cluster.commands().kubectl("delete job NAME")))
    })?;
    finish_velero(run, limit).await
}

/// Waits for Velero's backups, which the fence does not end: those of the release's Schedules, and of its namespace.
async fn finish_velero(run: &mut Run, limit: Duration) -> Result<(), Halt> {
    let paused = run.state.before.paused.iter().find(|paused| paused.kind == Kind::SCHEDULE.kind);
    let namespace = run.state.before.velero_namespace.clone().or_else(|| paused.map(|paused| paused.namespace.clone()));
    let Some(velero) = namespace else { return Ok(()) };
    let schedules: Vec<_> =
        run.state.before.paused.iter().filter(|paused| paused.kind == "Schedule").cloned().collect();
    let namespace = run.cluster.namespace.clone();
    let counts = |backup: &Json| {
        let schedule = text(backup, "/metadata/labels/velero.io~1schedule-name");
        let is_ours = schedules.iter().any(|paused| paused.name == schedule) || includes(backup, &namespace);
        is_ours && !condition::backup_is_over(backup)
    };
    let selection = Selection { kind: Kind::BACKUP, namespace: Some(velero.clone()), name: None };
    run.wait("Velero backups that were begun are done", &selection, limit, |backups| {
        let left: Vec<_> = backups.iter().filter(|(_, backup)| counts(backup)).collect();
        let phase = |backup: &Json| Some(text(backup, "/status/phase").to_owned()).filter(|phase| !phase.is_empty());
        let named = left.iter().map(|(name, backup)| {
            format!("{name} is {}", phase(backup).unwrap_or_else(|| "not started by Velero".to_owned()))
        });
        if left.is_empty() { WaitState::Done } else { WaitState::NotYet(named.collect::<Vec<_>>().join(", ")) }
    })
    .await
    .map_err(|halt| {
        halt.help(format!("see whether Velero is running:\nkubectl -n {velero} get pods"))
            .help(format!("or delete that backup, then resume:\nvelero backup delete NAME -n {velero}"))
    })
}

/// Whether a Velero Backup includes the objects of a namespace. Names may be patterns (velero.io, "Resource filtering").
fn includes(backup: &Json, namespace: &str) -> bool {
    let list = |pointer: &str| backup.pointer(pointer).and_then(Json::as_array).cloned().unwrap_or_default();
    let named = |names: &[Json]| names.iter().filter_map(Json::as_str).any(|name| matches(name, namespace));
    let included = list("/spec/includedNamespaces");
    (included.is_empty() || named(&included)) && !named(&list("/spec/excludedNamespaces"))
}

/// Whether `name` matches the pattern: `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((front, rest)) => name.strip_prefix(front).is_some_and(|name| {
            (0..=name.len()).filter_map(|from| name.get(from..)).any(|behind| matches(rest, behind))
        }),
    }
}

/// Scales a workload of the release to this many pods, if `counts` accepts its present number. None if it does not exist.
///
/// # Errors
/// If it is another release's, whatever the state says.
async fn scale(run: &Run, workload: &Scaled, counts: impl Fn(u64) -> bool, pods: u64) -> Result<Option<Json>, Halt> {
    let Some(kind) = Kind::named(&workload.kind) else { return Ok(None) };
    let decide = |object: &Json| {
        if !run.is_its(object) {
            let (name, release, namespace) = (&workload.name, &run.state.release, &run.cluster.namespace);
            return Err(Halt::new(format!(
                "{}/{name} is not of release {release} in namespace {namespace}, and is left alone",
                kind.kind
            ))
            .help(format!("see whose it is: kubectl -n {namespace} get {} {name} -o yaml", kind.plural)));
        }
        let now = object.pointer("/spec/replicas").and_then(Json::as_u64).unwrap_or(1);
        Ok((counts(now) && now != pods).then(|| json!({"spec": {"replicas": pods}})))
    };
    run.change(kind, None, &workload.name, decide).await
}

/// Whether a pod has all labels of a selector, and has not ended.
fn is_selected(pod: &Json, selector: &Json) -> bool {
    let labels = &pod["metadata"]["labels"];
    let ended = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    let selector = selector.as_object();
    !ended && selector.is_some_and(|map| !map.is_empty() && map.iter().all(|(key, value)| labels[key] == *value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_velero_backup_is_of_a_namespace_by_its_filters() {
        let backup = |included: &[&str], excluded: &[&str]| json!({"spec": {"includedNamespaces": included, "excludedNamespaces": excluded}});
        for (included, excluded, expected) in [
            (&[][..], &[][..], true),
            (&["*"], &[], true),
            (&["hopsworks"], &[], true),
            (&["other", "hops*s"], &[], true),
            (&["hops*t"], &[], false),
            (&["other"], &[], false),
            (&[], &["hopsworks"], false),
            (&["*"], &["hops*"], false),
        ] {
            assert_eq!(includes(&backup(included, excluded), "hopsworks"), expected, "{included:?} {excluded:?}");
        }
        assert!(includes(&json!({}), "hopsworks"));
    }
}
