//! The fence: nothing makes backups while a restore runs, and the restore's own do not expire.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use super::is_of;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::mode::Mode;
use crate::run::state::Paused;
use crate::run::{Context as _, Halt, Run};
use crate::velero::keep;

/// Notes what makes backups on a schedule, and pauses it.
///
/// # Errors
/// If it cannot be read or changed.
pub async fn pause(run: &mut Run) -> Result<(), Halt> {
    // In place, preflight has noted it.
    if run.state.before.paused.is_empty() && run.state.mode == Mode::Install {
        let velero = run.state.before.velero_namespace.clone();
        run.state.before.paused = found(&run.cluster, &run.state.release, velero.as_deref()).await?;
        run.save().await?;
    }
    keep_paused(run).await?;
    protect(run).await
}

/// Velero deletes expired backups: keeps those being restored for as long as a restore and its undo may take.
async fn protect(run: &mut Run) -> Result<(), Halt> {
    let (namespace, now) = (run.state.velero(), Timestamp::now());
    let until = now.saturating_add(SignedDuration::from_hours(14 * 24)).unwrap_or(now);
    for name in run.state.objects.clone().unwrap_or_default().named().into_iter().flatten() {
        let Some(backup) = run.cluster.get(Kind::BACKUP, Some(&namespace), &name).await? else { continue };
        if let Some(patch) = keep::until(&backup, until) {
            run.cluster.patch(Kind::BACKUP, Some(&namespace), &name, &patch).await?;
        }
    }
    Ok(())
}

/// Pauses what is not paused: helm may have resumed it.
///
/// # Errors
/// If it cannot be changed.
pub async fn keep_paused(run: &mut Run) -> Result<(), Halt> {
    for paused in run.state.before.paused.clone() {
        set(run, &paused, true).await?;
    }
    Ok(())
}

/// Has each service take away its own mark of a restore, and resumes backups.
pub(super) async fn lift(run: &mut Run, is_undone: bool) -> Result<(), Halt> {
    for service in run.product().services() {
        service.lift(run, is_undone).await?;
    }
    resume(run).await
}

/// Resumes what was not paused before.
pub(super) async fn resume(run: &mut Run) -> Result<(), Halt> {
    for paused in run.state.before.paused.clone() {
        set(run, &paused, paused.was).await?;
    }
    Ok(())
}

/// The release's CronJobs, and its Schedules in Velero's namespace.
pub async fn found(cluster: &Cluster, release: &str, velero: Option<&str>) -> Result<Vec<Paused>, Halt> {
    let mut found = Vec::new();
    let ours = |object: &Json| is_of(object, release, &cluster.namespace);
    for job in cluster.list(Kind::CRON_JOB, None, "").await?.iter().filter(|job| ours(job)) {
        found.push(Paused {
            kind: "CronJob".to_owned(),
            namespace: cluster.namespace.clone(),
            name: text(job, "/metadata/name").to_owned(),
            was: job.pointer("/spec/suspend").is_some_and(|suspend| suspend == true),
        });
    }
    let Some(namespace) = velero else { return Ok(found) };
    for schedule in cluster.list(Kind::SCHEDULE, Some(namespace), "").await?.iter().filter(|schedule| ours(schedule)) {
        found.push(Paused {
            kind: "Schedule".to_owned(),
            namespace: namespace.to_owned(),
            name: text(schedule, "/metadata/name").to_owned(),
            was: schedule.pointer("/spec/paused").is_some_and(|paused| paused == true),
        });
    }
    Ok(found)
}

/// Whether a Schedule of Velero's backs up this namespace and no other: some charts have none, and operators make them.
pub fn is_of_namespace(schedule: &Json, namespace: &str) -> bool {
    let included = schedule.pointer("/spec/template/includedNamespaces").and_then(Json::as_array);
    included.is_some_and(|names| names.len() == 1 && names.iter().all(|name| name == namespace))
}

/// Pauses or resumes an object of the release, or of its namespace alone; any other is left alone, whatever the state says.
async fn set(run: &mut Run, paused: &Paused, rest: bool) -> Result<(), Halt> {
    // `run::state::check` accepts only the namespaces of this release and of Velero.
    let (kind, key) = match paused.kind.as_str() {
        "Schedule" => (Kind::SCHEDULE, "paused"),
        _ => (Kind::CRON_JOB, "suspend"),
    };
    let namespace = Some(paused.namespace.as_str());
    let is_ours = |now: &Json| run.is_its(now) || is_of_namespace(now, &run.cluster.namespace);
    let decide = |now: &Json| {
        let is_as_wanted = now["spec"][key].as_bool().unwrap_or_default() == rest;
        Ok((is_ours(now) && !is_as_wanted).then(|| json!({"spec": {key: rest}})))
    };
    let seen = run.change(kind, namespace, &paused.name, decide).await?;
    if seen.is_some_and(|seen| !is_ours(&seen)) {
        run.show.warn(&format!(
            "{}/{} in namespace {} is not of release {}, and is left alone",
            kind.kind, paused.name, paused.namespace, run.state.release
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_of_the_namespace_alone_is_the_releases() {
        let schedule = |included: Json| json!({"spec": {"template": {"includedNamespaces": included}}});
        assert!(is_of_namespace(&schedule(json!(["streams"])), "streams"));
        for other in [json!(["streams", "other"]), json!(["*"]), json!([]), json!(["other"]), Json::Null] {
            assert!(!is_of_namespace(&schedule(other.clone()), "streams"), "{other}");
        }
    }
}
