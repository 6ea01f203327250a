//! Jobs of a revision that helm rolls back to. They did their work when that revision was new. They must not do it again on today's data,
//! and what waits for them must find them complete.
//!
//! Such a Job may fill a database (a second time it fails for good, and the servers that wait for it do not start), or restore an older
//! backup over
//! the data.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::applied::{objects_of, put};
use super::parts;
use crate::cluster::condition::{self, text};
use crate::cluster::{Cluster, ClusterError, Kind, WaitState};
use crate::run::{Context as _, Halt, Run};

/// Notes the existing Jobs, once, so that those of a rollback are not among them.
pub(super) async fn note(run: &mut Run) -> Result<(), Halt> {
    if run.state.before.jobs.is_none() {
        let jobs = run.cluster.list(Kind::JOB, None, "").await?;
        // A rollback affects no others, and users' Jobs may be more than the state has room for.
        let ours = jobs.iter().filter(|job| run.is_its(job));
        run.state.before.jobs = Some(ours.map(|job| text(job, "/metadata/uid").to_owned()).collect());
        run.save().await?;
    }
    Ok(())
}

/// Replaces the Jobs that the rollback made with complete ones.
pub(super) async fn must_not_run_twice(run: &mut Run) -> Result<(), Halt> {
    let Some(noted) = run.state.before.jobs.clone() else { return Ok(()) };
    let (release, namespace) = (run.state.release.clone(), run.cluster.namespace.clone());
    let manifest = run.helm.manifest(&release).await?;
    let jobs = jobs_of(manifest, &release, &namespace).map_err(|why| {
        Halt::new(format!("release {release}: its manifest cannot be read: {why}"))
            .help(format!("look at it: helm get manifest {release}"))
    })?;
    for job in jobs {
        let name = text(&job, "/metadata/name").to_owned();
        let there = run.cluster.get(Kind::JOB, None, &name).await?;
        if let Some(there) = &there {
            let is_old = noted.iter().any(|uid| uid == text(there, "/metadata/uid"));
            if is_old || condition::job(Some(there)) == WaitState::Done {
                continue;
            }
            run.must_be_ours(Kind::JOB, there)?;
            run.cluster.delete_this(Kind::JOB, None, there).await?;
        }
        parts::make(run, &job).await?;
        complete(&run.cluster, &name).await?;
        run.show.tell(&format!("Job {name} did its work before: it is not run again"));
    }
    Ok(())
}

/// The Jobs of a manifest, suspended, with Helm's own labels and annotations.
fn jobs_of(manifest: String, release: &str, namespace: &str) -> Result<Vec<Json>, String> {
    let mut jobs = objects_of(manifest, release, namespace)?;
    jobs.retain(|object| {
        text(object, "/apiVersion").starts_with("batch/")
            && text(object, "/kind") == "Job"
            && text(object, "/metadata/namespace") == namespace
    });
    for job in &mut jobs {
        put(job, &["spec", "suspend"], true.into());
    }
    Ok(jobs)
}

/// Marks a suspended Job as complete. Kubernetes 1.31 and later require `SuccessCriteriaMet` as well, and earlier ones refuse it
/// (kubernetes, pkg/apis/batch/validation/validation.go, `validateJobStatus`).
async fn complete(cluster: &Cluster, name: &str) -> Result<(), ClusterError> {
    let status = |conditions: &[&str]| {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let condition = |kind: &&str| {
            json!({"type": kind, "status": "True", "reason": "CompletedBefore",
            "message": "it did its work before a rollback by hwdr", "lastProbeTime": now, "lastTransitionTime": now})
        };
        let conditions: Vec<_> = conditions.iter().map(condition).collect();
        json!({"status": {"startTime": now, "completionTime": now, "conditions": conditions}})
    };
    let patch = status(&["SuccessCriteriaMet", "Complete"]);
    match cluster.patch_status(Kind::JOB, None, name, &patch).await {
        Err(ClusterError::Call { code: 422, .. }) => {
            cluster.patch_status(Kind::JOB, None, name, &status(&["Complete"])).await.map(drop)
        }
        patched => patched.map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_jobs_of_a_manifest_rest_and_are_helms() {
        let job = |name: &str, more: &str| {
            format!(
                "---\n# Source: c/templates/x.yaml\napiVersion: batch/v1\nkind: Job\nmetadata:\n  name: {name}\n{more}spec:\n  backoffLimit: 0\n"
            )
        };
        let manifest = [
            job("setup", "  labels: {a: b}\n"),
            job("elsewhere", "  namespace: other\n"),
            job("here", "  namespace: hopsworks\n  annotations:\n"),
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n".to_owned(),
        ]
        .concat();
        let jobs = jobs_of(manifest, "r", "hopsworks").unwrap();
        let owned = json!({"meta.helm.sh/release-name": "r", "meta.helm.sh/release-namespace": "hopsworks"});
        let expected = |name: &str, labels: Json| {
            json!({"apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "namespace": "hopsworks", "labels": labels, "annotations": owned},
            "spec": {"backoffLimit": 0, "suspend": true}})
        };
        assert_eq!(
            jobs,
            [
                expected("setup", json!({"a": "b", "app.kubernetes.io/managed-by": "Helm"})),
                expected("here", json!({"app.kubernetes.io/managed-by": "Helm"})),
            ]
        );
        assert!(jobs_of("a: [".to_owned(), "r", "hopsworks").is_err());
    }
}
