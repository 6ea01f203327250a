//! The parts of the restore that the cluster does: waits for each, and says why one failed.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::PART;
use crate::cluster::condition::{self, text};
use crate::cluster::{Kind, Selection, Verdict, why_job_failed};
use crate::run::{Halt, Run};

/// Waits for every object of every part, in order. A Job that failed before is made again first.
pub async fn wait(run: &mut Run) -> Result<(), Halt> {
    again(run).await?;
    let velero = run.state.before.velero_namespace.clone();
    for part in run.state.parts.clone() {
        let last = part.objects.last().and_then(|object| object.split_once('/')).map_or("", |(_, name)| name);
        let name = format!("{}:{last}", part.step);
        if run.state.is_done(&name) {
            continue;
        }
        run.state.begin(&name, jiff::Timestamp::now());
        run.save().await?;
        for object in &part.objects {
            match object.split_once('/') {
                Some(("Job", job)) => job_is_complete(run, &part.step, job).await?,
                Some(("Restore", restore)) => {
                    let selection = Selection::one(Kind::RESTORE, velero.as_deref().or(Some("velero")), restore);
                    let (what, partial) =
                        (format!("{}: Velero restore {restore}", part.step), run.state.accept_partial);
                    run.wait(&what, &selection, PART, |objects| condition::restore(objects.get(restore), partial))
                        .await
                        .map_err(|halt| {
                            halt.help(format!("see what it could not do: velero restore describe {restore} --details"))
                                .help("if that can be done without: helm hwdr resume RELEASE --accept-partial")
                        })?;
                }
                _ => run.show.warn(&format!("{}: nothing shows when {object} is done but its log", part.step)),
            }
        }
        run.state.end(&name, jiff::Timestamp::now());
        run.save().await?;
        run.show.tell(&format!("{} is restored", part.step));
    }
    Ok(())
}

async fn job_is_complete(run: &mut Run, step: &str, job: &str) -> Result<(), Halt> {
    let what = format!("{step}: Job {job}");
    let absent = Duration::from_secs(300);
    let selection = Selection::one(Kind::JOB, None, job);
    // A Job that nobody has made will not come by itself.
    run.wait(&what, &selection, absent, |objects| match objects.get(job) {
        Some(_) => Verdict::Done,
        None => Verdict::NotYet("it is not there".to_owned()),
    })
    .await?;
    match run.wait(&what, &selection, PART, |objects| condition::job(objects.get(job))).await {
        Ok(()) => Ok(()),
        Err(mut halt) => {
            let reasons = why_job_failed(&run.cluster, job).await;
            if !reasons.is_empty() {
                halt.problem = format!("{}\n{}", halt.problem, reasons.join("\n"));
            }
            Err(halt
                .help(format!("see all of it: kubectl -n {} logs job/{job} --all-containers", run.cluster.namespace)))
        }
    }
}

/// Makes Jobs that have failed again, from themselves: helm would not, and they cannot go on.
async fn again(run: &mut Run) -> Result<(), Halt> {
    let parts = run.state.parts.clone();
    for job in parts.iter().flat_map(|part| &part.objects).filter_map(|object| object.strip_prefix("Job/")) {
        let Some(found) = run.cluster.get(Kind::JOB, None, job).await? else { continue };
        if !matches!(condition::job(Some(&found)), Verdict::Never(_)) {
            continue;
        }
        run.show.tell(&format!("making Job {job} again, which has failed"));
        let uid = text(&found, "/metadata/uid").to_owned();
        run.cluster.delete(Kind::JOB, None, job).await?;
        let selection = Selection::one(Kind::JOB, None, job);
        run.wait(&format!("Job {job} is gone"), &selection, super::GONE, |objects| match objects.get(job) {
            Some(job) if text(job, "/metadata/uid") == uid => Verdict::NotYet("it is being deleted".to_owned()),
            _ => Verdict::Done,
        })
        .await?;
        match run.cluster.create(Kind::JOB, None, &fresh(&found)).await {
            Err(error) if !error.is_conflict() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// A Job without what the cluster wrote into it.
pub fn fresh(job: &Json) -> Json {
    let mut spec = job["spec"].clone();
    if let Some(spec) = spec.as_object_mut() {
        spec.remove("selector");
    }
    if let Some(labels) = spec.pointer_mut("/template/metadata/labels").and_then(Json::as_object_mut) {
        labels.retain(|key, _| !key.ends_with("controller-uid") && !key.ends_with("job-name"));
    }
    let mut labels = job.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.retain(|key, _| !key.ends_with("controller-uid") && !key.ends_with("job-name"));
    }
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job["metadata"]["name"],
            "labels": labels,
            "annotations": job.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({})),
        },
        "spec": spec,
    })
}
