//! Undoes a restore in place.

use serde_json::Value as Json;

use super::{autoscalers, helm, is_of, once, pause_backups, quiesce, verify, volumes};
use crate::cluster::condition::text;
use crate::cluster::{Kind, Selection, WaitState, condition};
use crate::run::{Context as _, Halt, Record as _, Run};

/// Stops what writes. Waits for Helm and Velero, which cannot be stopped: they would overwrite what undo brings back.
pub(super) async fn stop(run: &mut Run) -> Result<(), Halt> {
    run.state.findings.clear();
    if run.state.is_begun("set-aside") {
        volumes::all_there(&run.cluster, &run.state, run.since).await?;
    }
    pause_backups::keep_paused(run).await?;
    if run.state.is_begun("helm") {
        helm::settled(run).await?;
        finish_restores(run).await?;
    }
    // Before that nothing was stopped.
    if run.state.is_begun("quiesce") {
        quiesce::stop(run).await?;
    }
    Ok(())
}

/// Has each service undo what it did outside of volumes and Kubernetes objects, such as in a bucket.
pub(super) async fn bucket(run: &mut Run) -> Result<(), Halt> {
    for service in run.product().services() {
        service.undo(run).await?;
    }
    Ok(())
}

/// Ends the restore's Jobs.
pub(super) async fn parts(run: &mut Run) -> Result<(), Halt> {
    let jobs = run.state.names("Job");
    if run.state.is_begun("helm") { delete_jobs(run, &jobs).await } else { Ok(()) }
}

/// Rolls the release back to its revision before the restore.
pub(super) async fn rollback(run: &mut Run) -> Result<(), Halt> {
    let (release, before) = (run.state.release.clone(), run.state.before.revision);
    if !run.state.is_begun("helm") {
        return Ok(());
    }
    // An interrupted rollback is pending, too.
    let Some(now) = helm::settled(run).await? else { return Ok(()) };
    if !run.state.is_done("undo-rolled-back") {
        if now.revision == before {
            return Ok(());
        }
        once::note(run).await?;
        // The helm of the upgrade has ended: if this process ends, too, its end must not be taken for that of the rollback.
        run.state.helm = None;
        run.save().await?;
        run.show.tell(&format!("helm rollback {release} {before}"));
        run.helm.rollback(&release, before, &now.over_conflicts()).await?;
        run.state.begin("undo-rolled-back", jiff::Timestamp::now());
        run.state.end("undo-rolled-back", jiff::Timestamp::now());
        run.save().await?;
    }
    once::must_not_run_twice(run).await?;
    // Helm resumed backups, even if hwdr was killed right after the rollback.
    pause_backups::keep_paused(run).await
}

/// Scales everything up again.
pub(super) async fn start(run: &mut Run) -> Result<(), Halt> {
    quiesce::start_all(run).await?;
    verify::as_before(run).await?;
    autoscalers::compare(run).await;
    jobs_ended(run).await
}

/// Waits for the release's own Jobs: a running one may write.
async fn jobs_ended(run: &mut Run) -> Result<(), Halt> {
    let (release, namespace) = (run.state.release.clone(), run.cluster.namespace.clone());
    let mut failed = Vec::new();
    run.wait("the release's own Jobs have ended", &Selection::all(Kind::JOB), super::PODS, |jobs| {
        failed.clear();
        let mut at_work = Vec::new();
        for (name, job) in
            jobs.iter().filter(|(_, job)| is_of(job, &release, &namespace) && job["spec"]["suspend"] != true)
        {
            match condition::job(Some(job)) {
                WaitState::Done => {}
                WaitState::NotYet(seen) => at_work.push(format!("{name} {seen}")),
                WaitState::Never(why) => failed.push(format!("{name} {why}")),
            }
        }
        if at_work.is_empty() { WaitState::Done } else { WaitState::NotYet(at_work.join(", ")) }
    })
    .await
    .map_err(|halt| {
        let commands = run.cluster.commands();
        halt.help(format!("see why:\n{}", commands.kubectl("describe job NAME")))
            .help(format!("or delete it:\n{}", commands.kubectl("delete job NAME")))
    })?;
    for job in failed {
        run.show.warn(&format!("a Job of the release has failed: {job}"));
    }
    Ok(())
}

/// Deletes the markers of the restore.
pub(super) async fn markers(run: &mut Run) -> Result<(), Halt> {
    if !run.state.is_begun("helm") {
        return Ok(());
    }
    let jobs = run.state.names("Job");
    delete_jobs(run, &jobs).await?;
    let velero = run.state.velero();
    for restore in run.state.names("Restore") {
        run.delete_own(Kind::RESTORE, Some(&velero), &restore).await?;
    }
    Ok(())
}

/// Waits for Velero's Restores, which cannot be stopped: they would overwrite what undo brings back.
async fn finish_restores(run: &mut Run) -> Result<(), Halt> {
    let namespace = run.state.velero();
    for restore in run.state.names("Restore") {
        let selection = Selection::one(Kind::RESTORE, Some(&namespace), &restore);
        run.wait(&format!("Velero restore {restore} has ended"), &selection, super::PODS, |objects| {
            match objects.get(&restore).map(|found| condition::restore(Some(found), true)) {
                Some(WaitState::NotYet(seen)) => WaitState::NotYet(seen),
                _ => WaitState::Done,
            }
        })
        .await?;
    }
    Ok(())
}

/// Deletes Jobs of this run, and waits until their pods are gone.
pub(super) async fn delete_jobs(run: &mut Run, jobs: &[String]) -> Result<(), Halt> {
    for job in jobs {
        run.delete_own(Kind::JOB, None, job).await?;
    }
    let of_a_job = |pod: &Json| {
        let job = text(pod, "/metadata/labels/batch.kubernetes.io~1job-name");
        jobs.iter().any(|name| name == job) && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
    };
    run.wait("the restore's Jobs have ended", &Selection::all(Kind::POD), super::PODS, |pods| {
        condition::gone(pods, of_a_job)
    })
    .await
}
