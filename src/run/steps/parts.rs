//! The parts of the restore that the cluster does: waits for each, and says why one failed.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{PART, applied, empty, job, quiesce};
use crate::cluster::condition::{self, text};
use crate::cluster::{Kind, Selection, WaitState, words_of};
use crate::object_id::ObjectId;
use crate::product::Product;
use crate::render::GATE;
use crate::run::state::Part;
use crate::run::{Context as _, Halt, Record as _, Run};
use crate::velero::{Holes, fetch_results, shortened};

/// How long an object may take to appear and to start.
const BEGIN: Duration = Duration::from_secs(300);
/// How long pods may be unable to start.
const STUCK: Duration = Duration::from_secs(10 * 60);

/// Waits for every object of every part, in order. Recreates first what failed before; ends at the first failure.
pub(super) async fn wait(run: &mut Run) -> Result<(), Halt> {
    if run.state.parts.iter().any(|part| run.state.is_begun(&part.name())) {
        again(run).await?;
    }
    for part in run.state.parts.clone() {
        let name = part.name();
        if run.state.is_done(&name) {
            continue;
        }
        run.state.begin(&name, jiff::Timestamp::now());
        run.save().await?;
        for object in &part.objects {
            match (object.kind.as_str(), object.name.as_str()) {
                ("Job", job) => {
                    job_is_there(run, &part.step, job).await?;
                    for service in run.product().services() {
                        service.do_locally(run, job).await?;
                    }
                    job_is_complete(run, &part.step, job).await?;
                }
                ("Restore", restore) => {
                    let ended = restore_is_complete(run, restore).await?;
                    let items = condition::number(&ended, "/status/progress/itemsRestored");
                    let is_whole = text(&ended, "/status/phase") == "Completed";
                    run.finding(&brought_back(restore, items, is_whole));
                }
                _ => run.show.warn(&format!("{}: only the log of {object} shows when it is done", part.step)),
            }
        }
        give_room_back(run, &part).await;
        run.state.end(&name, jiff::Timestamp::now());
        run.save().await?;
        run.show.note(&format!("{} is restored", part.step));
    }
    quiesce::start_held(run).await
}

/// Deletes pods that have ephemeral volumes, when their part is restored: these may be as large as the data's. Their Jobs stay, and show
/// that it was done.
async fn give_room_back(run: &mut Run, part: &Part) {
    for name in part.objects.iter().filter_map(|object| object.name_of("Job")) {
        let job = run.cluster.get(Kind::JOB, None, name).await.ok().flatten().unwrap_or_default();
        let volumes = job.pointer("/spec/template/spec/volumes").and_then(Json::as_array);
        let has_own = volumes.into_iter().flatten().any(|volume| volume["ephemeral"].is_object());
        if !has_own || !is_hwdrs(&job) || !run.is_its(&job) {
            continue;
        }
        let pods = run.cluster.list(Kind::POD, None, &format!("batch.kubernetes.io/job-name={name}")).await;
        for pod in
            pods.unwrap_or_default().iter().filter(|pod| matches!(text(pod, "/status/phase"), "Succeeded" | "Failed"))
        {
            if let Err(error) = run.cluster.delete_this(Kind::POD, None, pod).await {
                run.show.warn(&format!("{error}: its volume stays until helm hwdr finalize deletes the Job {name}"));
                return;
            }
        }
    }
}

/// What a Velero Restore restored, for the report.
pub(super) fn brought_back(restore: &str, items: u64, is_whole: bool) -> String {
    let holes = if is_whole { "without errors" } else { "with errors that were accepted" };
    format!("objects: {items} objects by Velero's Restore {restore}, {holes}")
}

/// Waits for a Velero Restore, and returns it as it ended.
pub(super) async fn restore_is_complete(run: &mut Run, restore: &str) -> Result<Json, Halt> {
    let namespace = run.state.velero();
    let what = format!("Velero restore {restore}");
    let selection = Selection::one(Kind::RESTORE, Some(&namespace), restore);
    // Without Velero it never starts.
    run.wait(&format!("{what} begins"), &selection, BEGIN, |objects| {
        match objects.get(restore).map(|found| text(found, "/status/phase")) {
            None => WaitState::NotYet("it is not there".to_owned()),
            Some("") => WaitState::NotYet("Velero has not started it".to_owned()),
            Some(_) => WaitState::Done,
        }
    })
    .await
    .map_err(|halt| halt.help(format!("see whether Velero is running: kubectl -n {namespace} get pods")))?;
    run.wait(&what, &selection, PART, |objects| condition::restore(objects.get(restore), true))
        .await
        .map_err(|halt| halt.help(format!("see more: velero restore describe {restore} --details")))?;
    let ended = run.cluster.get(Kind::RESTORE, Some(&namespace), restore).await?.unwrap_or_default();
    let show = &mut run.show;
    if text(&ended, "/status/phase") == "PartiallyFailed" {
        let holes = Holes::of(&run.cluster, &namespace, &ended, &mut |text| show.tell(text)).await;
        if !run.state.accept_partial && !(run.accepts)(&holes) {
            return Err(Halt::new(format!("{what} is PartiallyFailed\n{}", holes.text()))
                .help(format!("fix these problems, then resume (a failed Restore is recreated):\n{}", run.resume()))
                .help(format!("or accept it:\n{} --accept-partial", run.resume())));
        }
        run.show.warn(&format!("{what} is PartiallyFailed, and that is accepted\n{}", holes.text()));
    } else if condition::number(&ended, "/status/warnings") > 0 {
        match fetch_results(&run.cluster, &namespace, restore, &mut |text| show.tell(text)).await {
            Ok(results) if results.warnings.is_empty() => {}
            Ok(results) => run.show.warn(&format!("{what} warns:\n{}", shortened(&results.warnings))),
            Err(why) => run.show.warn(&format!("{what} has warnings, which cannot be shown: {why}")),
        }
    }
    Ok(ended)
}

/// Waits for a Job to exist, but not long: one that nobody creates never appears.
async fn job_is_there(run: &mut Run, step: &str, job: &str) -> Result<(), Halt> {
    run.wait(&format!("{step}: Job {job}"), &Selection::one(Kind::JOB, None, job), BEGIN, |objects| {
        if objects.contains_key(job) { WaitState::Done } else { WaitState::NotYet("it is not there".to_owned()) }
    })
    .await
}

/// Waits for a Job, and keeps its messages.
pub async fn job_is_complete(run: &mut Run, step: &str, job: &str) -> Result<(), Halt> {
    let ended = job::ends_well(&run.cluster, &mut run.show, &format!("{step}: Job {job}"), job, STUCK).await;
    if let Err(halt) = ended {
        return Err(explained(run, job, halt).await);
    }
    // The messages of a chart's own Job may hold secrets: they go only to the terminal.
    let is_ours = is_injected(run, job).await;
    for words in words_of(&run.cluster, job).await {
        let words = format!("{step}: {words}");
        if let (true, Some((step, doubt))) = (is_ours, words.split_once(": WARNING: ")) {
            run.doubt(&format!("{step}: {doubt}"));
        } else if is_ours {
            run.finding(&words);
        } else {
            run.show.note(&words);
        }
    }
    Ok(())
}

/// Adds what the services know about the failure of a Job.
async fn explained(run: &Run, job: &str, mut halt: Halt) -> Halt {
    let found = run.cluster.get(Kind::JOB, None, job).await.ok().flatten().unwrap_or_default();
    for service in run.product().services() {
        halt = service.explain(run, &found, halt).await;
    }
    halt
}

/// Whether a Job is hwdr's own.
async fn is_injected(run: &Run, job: &str) -> bool {
    let found = run.cluster.get(Kind::JOB, None, job).await.ok().flatten().unwrap_or_default();
    is_hwdrs(&found)
}

/// Whether a Job has the label of what hwdr creates for a backup id.
fn is_hwdrs(job: &Json) -> bool {
    job.pointer("/metadata/labels/hwdr.hopsworks.ai~1restore-id").is_some()
}

/// Recreates failed Jobs and Restores: they cannot continue, and helm would not recreate them.
async fn again(run: &mut Run) -> Result<(), Halt> {
    empty::go_on(run).await?;
    // The one that an interrupted run had deleted.
    remake(run).await?;
    let (parts, state) = (run.state.parts.clone(), &run.state);
    // One that is done may have failures that were accepted.
    let open: Vec<_> = parts.iter().filter(|part| !state.is_done(&part.name())).collect();
    for ObjectId { kind, name } in open.iter().flat_map(|part| &part.objects) {
        let kind = match kind.as_str() {
            "Job" => Kind::JOB,
            "Restore" => Kind::RESTORE,
            _ => continue,
        };
        let Some(found) = run.cluster.get(kind, run.place(kind).as_deref(), name).await? else { continue };
        let verdict = match kind {
            Kind::JOB => condition::job(Some(&found)),
            _ => condition::restore(Some(&found), run.state.accept_partial),
        };
        if matches!(verdict, WaitState::Never(_)) {
            run.must_be_ours(kind, &found)?;
            empty::before_retry(run, &found).await?;
            recreate(run, kind, &found).await?;
        }
    }
    // The chart's Jobs that waited for one of these failed with it, and others wait for them.
    for job in run.cluster.list(Kind::JOB, None, "").await? {
        if run.is_its(&job) && is_gated(&job) && matches!(condition::job(Some(&job)), WaitState::Never(_)) {
            recreate(run, Kind::JOB, &job).await?;
        }
    }
    Ok(())
}

/// Whether the pods of a Job wait for other Jobs.
fn is_gated(job: &Json) -> bool {
    let waiting = job.pointer("/spec/template/spec/initContainers").and_then(Json::as_array);
    waiting.is_some_and(|containers| containers.iter().any(|container| container["name"] == GATE))
}

async fn recreate(run: &mut Run, kind: Kind, found: &Json) -> Result<(), Halt> {
    let name = text(found, "/metadata/name");
    // Checked before it is deleted.
    applied::object(run, kind, name).await?;
    run.show.note(&format!("recreating {}/{name}, which failed", kind.kind));
    run.state.remade = Some(ObjectId::new(kind.kind, name));
    run.save().await?;
    run.cluster.delete_this(kind, run.place(kind).as_deref(), found).await?;
    remake(run).await
}

/// Recreates the object that the state names, as helm applied it.
async fn remake(run: &mut Run) -> Result<(), Halt> {
    let Some(ObjectId { kind, name }) = run.state.remade.clone() else { return Ok(()) };
    let kind = if kind == Kind::JOB.kind { Kind::JOB } else { Kind::RESTORE };
    let object = applied::object(run, kind, &name).await?;
    make(run, &object).await?;
    run.state.remade = None;
    run.save().await
}

/// Creates a Job or Restore, as soon as one of its name that is being deleted is gone. An existing one is left as it is.
pub async fn make(run: &mut Run, object: &Json) -> Result<(), Halt> {
    let name = text(object, "/metadata/name").to_owned();
    let kind = if text(object, "/kind") == Kind::JOB.kind { Kind::JOB } else { Kind::RESTORE };
    let namespace = run.place(kind);
    let selection = Selection::one(kind, namespace.as_deref(), &name);
    run.wait(&format!("{}/{name} is gone", kind.kind), &selection, super::GONE, |objects| match objects.get(&name) {
        Some(found) if found.pointer("/metadata/deletionTimestamp").is_some() => {
            WaitState::NotYet("it is being deleted".to_owned())
        }
        _ => WaitState::Done,
    })
    .await
    .map_err(|halt| match kind {
        // Velero first deletes the Restore's files from the bucket.
        Kind::RESTORE => halt.help("Velero deletes it as soon as it can read the bucket: velero backup-location get"),
        _ => halt,
    })?;
    match run.cluster.create(kind, namespace.as_deref(), object).await {
        Err(error) if !error.is_conflict() => Err(error.into()),
        _ => Ok(()),
    }
}

/// A Job without what the cluster wrote into it. One that stands for work on this machine is suspended again.
pub fn fresh(product: &dyn Product, job: &Json) -> Json {
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
    let mut job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job["metadata"]["name"],
            "labels": labels,
            "annotations": job.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({})),
        },
        "spec": spec,
    });
    product.services().iter().for_each(|service| service.rest(&mut job));
    job
}
