//! Back to what was there before a restore in place.

use serde_json::Value as Json;

use super::{fence, helm, quiesce, verify};
use crate::cluster::condition::text;
use crate::cluster::{Kind, Selection, Verdict, condition};
use crate::run::{Halt, Run};

/// Ends the restore's Jobs, then stops what writes.
pub async fn stop(run: &mut Run) -> Result<(), Halt> {
    fence::again(run).await?;
    if run.state.is_begun("helm") {
        helm::clear_pending(run).await?;
        delete_jobs(run).await?;
        finish_restores(run).await?;
    }
    // Before that nothing was stopped.
    if run.state.is_begun("quiesce") {
        quiesce::stop(run).await?;
    }
    Ok(())
}

/// Makes the revision of before the newest again.
pub async fn rollback(run: &mut Run) -> Result<(), Halt> {
    let (release, before) = (run.state.release.clone(), run.state.before.revision);
    let now = run.helm.release(&release).await?;
    let is_same = now.as_ref().is_none_or(|now| now.revision == before);
    if is_same || run.state.is_done("undo-rolled-back") {
        return Ok(());
    }
    run.show.tell(&format!("helm rollback {release} {before}"));
    run.helm.rollback(&release, before).await?;
    run.state.begin("undo-rolled-back", jiff::Timestamp::now());
    run.state.end("undo-rolled-back", jiff::Timestamp::now());
    run.save().await?;
    fence::again(run).await
}

/// Gives everything its pods back.
pub async fn start(run: &mut Run) -> Result<(), Halt> {
    quiesce::start(run).await?;
    verify::ready(run).await
}

/// Takes away what says that the backup was restored.
pub async fn markers(run: &mut Run) -> Result<(), Halt> {
    if !run.state.is_begun("helm") {
        return Ok(());
    }
    delete_jobs(run).await?;
    let velero = run.state.before.velero_namespace.clone();
    let parts = run.state.parts.clone();
    for restore in parts.iter().flat_map(|part| &part.objects).filter_map(|object| object.strip_prefix("Restore/")) {
        run.cluster.delete(Kind::RESTORE, velero.as_deref().or(Some("velero")), restore).await?;
    }
    Ok(())
}

/// Velero cannot be stopped in the middle of a Restore: what it still writes would be written over what is brought back.
async fn finish_restores(run: &mut Run) -> Result<(), Halt> {
    let namespace = run.state.before.velero_namespace.clone();
    let parts = run.state.parts.clone();
    for restore in parts.iter().flat_map(|part| &part.objects).filter_map(|object| object.strip_prefix("Restore/")) {
        let selection = Selection::one(Kind::RESTORE, namespace.as_deref().or(Some("velero")), restore);
        run.wait(&format!("Velero restore {restore} has ended"), &selection, super::PODS, |objects| {
            match objects.get(restore).map(|found| condition::restore(Some(found), true)) {
                Some(Verdict::NotYet(seen)) => Verdict::NotYet(seen),
                _ => Verdict::Done,
            }
        })
        .await?;
    }
    Ok(())
}

/// Deletes the Jobs of all parts, and waits until their pods are gone.
async fn delete_jobs(run: &mut Run) -> Result<(), Halt> {
    let parts = run.state.parts.clone();
    let jobs: Vec<_> =
        parts.iter().flat_map(|part| &part.objects).filter_map(|object| object.strip_prefix("Job/")).collect();
    for job in &jobs {
        run.cluster.delete(Kind::JOB, None, job).await?;
    }
    let of_a_job = |pod: &Json| {
        let job = text(pod, "/metadata/labels/batch.kubernetes.io~1job-name");
        jobs.contains(&job) && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
    };
    run.wait("the restore's Jobs have ended", &Selection::all(Kind::POD), super::PODS, |pods| {
        condition::gone(pods, of_a_job)
    })
    .await
}
