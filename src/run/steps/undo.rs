//! Back to what was there before a restore in place.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{autoscalers, fence, helm, here, is_of, once, parts, quiesce, verify, volumes};
use crate::cluster::condition::text;
use crate::cluster::{Kind, Selection, Verdict, condition};
use crate::run::{Context as _, Halt, Record as _, Run};

/// Stops what writes. Helm and Velero cannot be stopped in the middle: what they still write would be written over what is given back.
pub async fn stop(run: &mut Run) -> Result<(), Halt> {
    run.state.findings.clear();
    if run.state.is_begun("set-aside") {
        volumes::all_there(&run.cluster, &run.state, run.since).await?;
    }
    fence::again(run).await?;
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

/// The restored HopsFS may have deleted blocks that the old metadata know: by the Job of the restore itself, told the time from the moment before
/// to when nothing of old wrote any more. Where that Job is not complete, nobody was let in, and nothing was deleted.
pub async fn bucket(run: &mut Run) -> Result<(), Halt> {
    let restored_by = format!("hopsfs-inplace-restore-{}", run.state.backup_id);
    let steps = run.state.steps.iter();
    let still = steps.filter(|step| step.step == "helm").map(|step| step.began).next();
    let (Some(moment), Some(still)) = (run.state.before.moment, still) else { return Ok(()) };
    let Some(mut job) = run.cluster.get(Kind::JOB, None, &restored_by).await? else { return Ok(()) };
    if condition::job(Some(&job)) != Verdict::Done {
        return Ok(());
    }
    run.must_have_made(Kind::JOB, &job)?;
    let (from, to) = span(moment.min(run.since), still, &job);
    if !tell_the_time(&mut job, from, to) {
        run.show.warn(&format!(
            "the chart's own Job {restored_by} restored HopsFS: blocks that were deleted since {from} stay deleted"
        ));
        return Ok(());
    }
    let name = format!("hwdr-undo-hopsfs-{}", run.state.backup_id);
    job["metadata"]["name"] = name.clone().into();
    if let Some(earlier) = run.cluster.get(Kind::JOB, None, &name).await?
        && matches!(condition::job(Some(&earlier)), Verdict::Never(_))
    {
        run.must_have_made(Kind::JOB, &earlier)?;
        run.cluster.delete_this(Kind::JOB, None, &earlier).await?;
    }
    parts::make(run, &parts::fresh(&job)).await?;
    here::rewind(run, &name).await?;
    parts::job_is_complete(run, "undo-bucket", &name).await?;
    run.delete_own(Kind::JOB, None, &name).await
}

/// From `before` to when nothing of old wrote any more: when helm had made the Job, which HopsFS waited for, by the API server's clock. `still` is by the
/// operator's, which may be wrong: with a window that lies too late or too early, blocks would stay deleted.
fn span(before: Timestamp, still: Timestamp, job: &Json) -> (Timestamp, Timestamp) {
    let made = text(job, "/metadata/creationTimestamp").parse().unwrap_or(still);
    (before.min(made), made)
}

/// Has hwdr's own Job bring back what was there from `from` to `to`, without waiting for the restore's other Jobs. Says whether it is one of
/// hwdr's.
fn tell_the_time(job: &mut Json, from: Timestamp, to: Timestamp) -> bool {
    let [from, to] = [from, to].map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    // The API server refuses a rule for a container that is not there.
    let containers = job.pointer("/spec/template/spec/containers").and_then(Json::as_array);
    let names: Vec<Json> = containers.into_iter().flatten().map(|container| container["name"].clone()).collect();
    if let Some(rules) = job.pointer_mut("/spec/podFailurePolicy/rules").and_then(Json::as_array_mut) {
        rules.retain(|rule| {
            let name = &rule["onExitCodes"]["containerName"];
            name.is_null() || names.contains(name)
        });
    }
    let Some(pod) = job.pointer_mut("/spec/template/spec").and_then(Json::as_object_mut) else { return false };
    pod.remove("initContainers");
    let containers = pod.get_mut("containers").and_then(Json::as_array_mut).into_iter().flatten();
    let mut told = 0;
    for variable in containers.flat_map(|container| container["env"].as_array_mut().into_iter().flatten()) {
        let value = match variable["name"].as_str() {
            Some("BACKUP_TIME") => from.as_str(),
            Some("RONDB_TIME") => to.as_str(),
            // No backup has this id, so the times alone count.
            Some("RONDB_ID") => "0",
            _ => continue,
        };
        variable["value"] = value.into();
        told += 1;
    }
    told == 3
}

/// Ends the restore's Jobs.
pub async fn parts(run: &mut Run) -> Result<(), Halt> {
    if run.state.is_begun("helm") { delete_jobs(run).await } else { Ok(()) }
}

/// Makes the revision of before the newest again.
pub async fn rollback(run: &mut Run) -> Result<(), Halt> {
    let (release, before) = (run.state.release.clone(), run.state.before.revision);
    if !run.state.is_begun("helm") {
        return Ok(());
    }
    // A rollback that was cut off is pending, too.
    let Some(now) = helm::settled(run).await? else { return Ok(()) };
    if !run.state.is_done("undo-rolled-back") {
        if now.revision == before {
            return Ok(());
        }
        once::note(run).await?;
        // The helm of the upgrade has ended: should this process end, too, nobody may take its end for that of the rollback.
        run.state.helm = None;
        run.save().await?;
        run.show.tell(&format!("helm rollback {release} {before}"));
        run.helm.rollback(&release, before, &now.over_conflicts()).await?;
        run.state.begin("undo-rolled-back", jiff::Timestamp::now());
        run.state.end("undo-rolled-back", jiff::Timestamp::now());
        run.save().await?;
    }
    once::not_again(run).await?;
    // Helm has resumed backups, also where hwdr was killed right after the rollback.
    fence::again(run).await
}

/// Gives everything its pods back.
pub async fn start(run: &mut Run) -> Result<(), Halt> {
    quiesce::start(run).await?;
    verify::as_before(run).await?;
    autoscalers::compare(run).await;
    jobs_ended(run).await
}

/// A Job of the release that still runs may write.
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
                Verdict::Done => {}
                Verdict::NotYet(seen) => at_work.push(format!("{name} {seen}")),
                Verdict::Never(why) => failed.push(format!("{name} {why}")),
            }
        }
        if at_work.is_empty() { Verdict::Done } else { Verdict::NotYet(at_work.join(", ")) }
    })
    .await
    .map_err(|halt| halt.help("see why: kubectl describe job NAME; or delete it: kubectl delete job NAME"))?;
    for job in failed {
        run.show.warn(&format!("a Job of the release has failed: {job}"));
    }
    Ok(())
}

/// Takes away what says that the backup was restored.
pub async fn markers(run: &mut Run) -> Result<(), Halt> {
    if !run.state.is_begun("helm") {
        return Ok(());
    }
    delete_jobs(run).await?;
    let velero = run.state.velero();
    for restore in run.state.names("Restore") {
        run.delete_own(Kind::RESTORE, Some(&velero), &restore).await?;
    }
    Ok(())
}

/// Velero cannot be stopped in the middle of a Restore: what it still writes would be written over what is brought back.
async fn finish_restores(run: &mut Run) -> Result<(), Halt> {
    let namespace = run.state.velero();
    for restore in run.state.names("Restore") {
        let selection = Selection::one(Kind::RESTORE, Some(&namespace), &restore);
        run.wait(&format!("Velero restore {restore} has ended"), &selection, super::PODS, |objects| {
            match objects.get(&restore).map(|found| condition::restore(Some(found), true)) {
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
    let jobs = run.state.names("Job");
    for job in &jobs {
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_time_is_the_clusters_whatever_the_operators_clock_says() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let job = json!({"metadata": {"creationTimestamp": "2026-02-13T15:40:02Z"}});
        let right = (time("2026-02-13T15:36:27Z"), time("2026-02-13T15:40:02Z"));
        for still in ["2026-02-13T15:40:00Z", "2026-02-13T15:55:00Z", "2026-02-13T15:20:00Z"] {
            assert_eq!(span(right.0, time(still), &job), right, "{still}");
        }
        assert_eq!(span(right.0, time("2026-02-13T15:40:00Z"), &json!({})), (right.0, time("2026-02-13T15:40:00Z")));
    }

    #[test]
    fn hwdrs_own_job_is_told_the_time_and_no_other() {
        let variable = |name: &str| json!({"name": name, "value": "old"});
        let pod = json!({"initContainers": [{}], "containers": [{"env": [variable("BACKUP_TIME"), variable("RONDB_ID"), variable("RONDB_TIME"), variable("BUCKET")]}]});
        let rule = |name: &str| json!({"action": "FailJob", "onExitCodes": {"containerName": name}});
        let rules = json!([{"action": "Ignore", "onPodConditions": []}, rule("wait"), rule("rewind")]);
        let mut job = json!({"spec": {"podFailurePolicy": {"rules": rules}, "template": {"spec": pod}}});
        job["spec"]["template"]["spec"]["containers"][0]["name"] = json!("rewind");
        let [from, to] = ["2026-02-13T15:36:27Z", "2026-02-13T15:40:00.5Z"].map(|time| time.parse().unwrap());
        assert!(tell_the_time(&mut job, from, to));
        let env = &job["spec"]["template"]["spec"]["containers"][0]["env"];
        assert_eq!(
            env.as_array().unwrap().iter().map(|v| v["value"].as_str().unwrap()).collect::<Vec<_>>(),
            ["2026-02-13T15:36:27Z", "0", "2026-02-13T15:40:00Z", "old"]
        );
        assert!(job["spec"]["template"]["spec"]["initContainers"].is_null());
        assert_eq!(
            job["spec"]["podFailurePolicy"]["rules"],
            json!([{"action": "Ignore", "onPodConditions": []}, rule("rewind")])
        );
        assert!(!tell_the_time(&mut json!({"spec": {"template": {"spec": {"containers": [{}]}}}}), from, to));
    }
}
