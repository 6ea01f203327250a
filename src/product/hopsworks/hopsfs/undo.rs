//! Brings back the blocks of HopsFS that were deleted since a restore began.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is read by a key is null where there is none, and what is written to is made here"
)]

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{MARKER, local};
use crate::cluster::condition::{self, text};
use crate::cluster::{Kind, WaitState};
use crate::run::steps::{fresh, job_is_complete, make};
use crate::run::{Halt, Run};

/// The restored HopsFS may have deleted blocks that the old metadata refer to. Brings them back with a copy of the restore's own Job, for the time
/// from before the restore to when the old cluster stopped writing. If that Job is not complete, nothing was let in, and nothing was deleted.
pub(super) async fn bucket(run: &mut Run) -> Result<(), Halt> {
    let restored_by = format!("{MARKER}-{}", run.state.backup_id);
    let steps = run.state.steps.iter();
    let still = steps.filter(|step| step.step == "helm").map(|step| step.began).next();
    let (Some(moment), Some(still)) = (run.state.before.moment, still) else { return Ok(()) };
    let Some(mut job) = run.cluster.get(Kind::JOB, None, &restored_by).await? else { return Ok(()) };
    if condition::job(Some(&job)) != WaitState::Done {
        return Ok(());
    }
    run.must_be_ours(Kind::JOB, &job)?;
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
        && matches!(condition::job(Some(&earlier)), WaitState::Never(_))
    {
        run.must_be_ours(Kind::JOB, &earlier)?;
        run.cluster.delete_this(Kind::JOB, None, &earlier).await?;
    }
    make(run, &fresh(run.product(), &job)).await?;
    local::rewind(run, &name).await?;
    job_is_complete(run, "undo-bucket", &name).await?;
    run.delete_own(Kind::JOB, None, &name).await
}

/// From `before` to when the old cluster had stopped writing: when helm created the Job, which HopsFS waited for, by the API server's clock. `still` is
/// by the operator's clock, which may be wrong: with a window too late or too early, blocks would stay deleted.
fn span(before: Timestamp, still: Timestamp, job: &Json) -> (Timestamp, Timestamp) {
    let made = text(job, "/metadata/creationTimestamp").parse().unwrap_or(still);
    (before.min(made), made)
}

/// Makes hwdr's own Job bring back what existed from `from` to `to`, without waiting for the restore's other Jobs. Returns whether it is one of
/// hwdr's.
fn tell_the_time(job: &mut Json, from: Timestamp, to: Timestamp) -> bool {
    let [from, to] = [from, to].map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    // The API server refuses a rule for a container that does not exist.
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
