//! The namespace of the release, from its Velero backup.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{NAMESPACE, is_of, own};
use crate::cluster::condition::{shortened, text};
use crate::cluster::{Kind, Selection, WaitState};
use crate::product::streams::preflight::of_namespace;
use crate::run::state::Paused;
use crate::run::steps::{is_of_namespace, keep_paused, pause, restore_objects};
use crate::run::{Context as _, Halt, Run};
use crate::velero::HOLDS;

/// How long Velero may take to find a backup in the bucket.
const FOUND: Duration = Duration::from_secs(180);

/// Pauses what makes backups of the release, and the Schedule of the settings, which is no release's.
pub(super) async fn fence(run: &mut Run) -> Result<(), Halt> {
    pause(run).await?;
    let (settings, _) = own(run)?.asked()?;
    let (namespace, name) = (settings.velero.namespace.to_string(), settings.velero.schedule.to_string());
    let mut noted = run.state.before.paused.iter();
    if namespace != run.state.velero() || noted.any(|paused| paused.kind == Kind::SCHEDULE.kind && paused.name == name)
    {
        return Ok(());
    }
    let Some(found) = run.cluster.get(Kind::SCHEDULE, Some(&namespace), &name).await? else { return Ok(()) };
    if !is_of_namespace(&found, &run.cluster.namespace) {
        return Ok(());
    }
    let was = found.pointer("/spec/paused").is_some_and(|paused| *paused == true);
    run.state.before.paused.push(Paused { kind: Kind::SCHEDULE.kind.to_owned(), namespace, name, was });
    run.save().await?;
    keep_paused(run).await
}

/// What Velero changes in what it restores (velero.io, "Restore Resource Modifiers"): no pod of a Deployment or a StatefulSet starts before its servers
/// are there. DaemonSets have no number of pods, and whether a CronJob was suspended could not be told afterwards: those are named instead.
const HELD: &str = "\
version: v1
resourceModifierRules:
- conditions:
    groupResource: deployments.apps
  patches:
  - {operation: replace, path: /spec/replicas, value: \"0\"}
- conditions:
    groupResource: statefulsets.apps
  patches:
  - {operation: replace, path: /spec/replicas, value: \"0\"}
";

/// Waits for a backup, and checks that it is of this namespace: before, Velero may not have known it.
async fn is_same_namespace(run: &mut Run, name: &str) -> Result<(), Halt> {
    let velero = run.state.velero();
    let selection = Selection::one(Kind::BACKUP, Some(&velero), name);
    // In a new cluster, Velero reads the bucket once a minute.
    run.wait(&format!("Velero backup {name}"), &selection, FOUND, |objects| match objects.get(name) {
        Some(_) => WaitState::Done,
        None => WaitState::NotYet("it is not there".to_owned()),
    })
    .await
    .map_err(|halt| halt.help("see which there are: helm hwdr backups list -f values.yaml"))?;
    let backup = run.cluster.get(Kind::BACKUP, Some(&velero), name).await?.unwrap_or_default();
    of_namespace(&backup, &run.cluster.namespace)?;
    // What was changed while it was made may be missing.
    is_of(run, NAMESPACE, text(&backup, "/status/startTimestamp").parse().ok()).await
}

/// Restores it. If its servers are restored, too, its workloads have no pods until helm says where
/// these are.
pub(super) async fn restore(run: &mut Run) -> Result<(), Halt> {
    let (_, restore) = own(run)?.asked()?;
    if let Some(backup) = &restore.namespace {
        is_same_namespace(run, backup.as_str()).await?;
    }
    if restore.mariadb.is_none() && restore.kafka.is_none() {
        return restore_objects(run).await;
    }
    let velero = run.state.velero();
    let name = format!("hwdr-hold-{}", run.state.backup_id);
    let modifier = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": velero, "labels": {"app.kubernetes.io/name": "hwdr", "app.kubernetes.io/managed-by": "hwdr"}},
        "data": {"modifiers.yaml": HELD},
    });
    match run.cluster.create(Kind::CONFIG_MAP, Some(&velero), &modifier).await {
        Err(error) if error.is_conflict() => {
            let there = run.cluster.get(Kind::CONFIG_MAP, Some(&velero), &name).await?.unwrap_or_default();
            if there.get("data") != modifier.get("data") {
                return Err(Halt::new(format!(
                    "ConfigMap {name} in namespace {velero} is not what this run would make"
                ))
                .help(format!("see who made it, and delete it: kubectl -n {velero} delete configmap {name}")));
            }
        }
        made => drop(made?),
    }
    run.hold = Some(name.clone());
    restore_objects(run).await?;
    hold(run).await?;
    if let Some(there) = run.cluster.get(Kind::CONFIG_MAP, Some(&velero), &name).await? {
        run.cluster.delete_this(Kind::CONFIG_MAP, Some(&velero), &there).await?;
    }
    let mut free = Vec::new();
    for kind in [Kind::DAEMON_SET, Kind::CRON_JOB] {
        // The chart has none, so nobody needs the right to list them.
        let objects = run.cluster.list(kind, None, "").await.unwrap_or_default();
        free.extend(objects.iter().map(|object| format!("{}/{}", kind.kind, text(object, "/metadata/name"))));
    }
    if !free.is_empty() {
        let free: Vec<_> = free.iter().map(String::as_str).collect();
        run.doubt(&format!(
            "pods of {} run as they were restored: until helm names the new servers, they use the old ones, if those answer",
            shortened(&free)
        ));
    }
    Ok(())
}

/// Stops what has pods after all: Velero may be older than its image says, or somebody else may have started it.
async fn hold(run: &mut Run) -> Result<(), Halt> {
    let mut started = Vec::new();
    for kind in [Kind::DEPLOYMENT, Kind::STATEFUL_SET] {
        for workload in run.cluster.list(kind, None, "").await? {
            if has_pods(&workload) {
                run.cluster.patch_this(kind, None, &workload, &json!({"spec": {"replicas": 0}})).await?;
                started.push(format!("{}/{}", kind.kind, text(&workload, "/metadata/name")));
            }
        }
    }
    if started.is_empty() {
        return Ok(());
    }
    let started: Vec<_> = started.iter().map(String::as_str).collect();
    Err(Halt::new(format!(
        "{} had pods before the new servers were there, though Velero was told to restore them without: they are stopped now. If the old servers \
         answer, they have used them",
        shortened(&started)
    ))
    .help(format!("see which Velero restores (1.{HOLDS} or later can hold pods back):\nhelm hwdr doctor -f values.yaml"))
    .help(format!("and resume:\n{}", run.resume())))
}

/// Whether a Deployment or StatefulSet asks for pods: without a number it is one.
fn has_pods(workload: &Json) -> bool {
    workload.pointer("/spec/replicas").and_then(Json::as_u64) != Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_workload_without_a_number_has_a_pod() {
        let of = |spec: Json| has_pods(&json!({"spec": spec}));
        assert!(of(json!({"replicas": 2})) && of(json!({})));
        assert!(!of(json!({"replicas": 0})));
    }
}
