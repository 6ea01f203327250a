//! Whether all of the backup can be read from where it will be restored.

use std::time::Duration;

use serde_json::Value as Json;

use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, Kind, Selection, condition, words_of};
use crate::product;
use crate::run::Halt;
use crate::run::show::Show;
use crate::run::steps::job;

/// How long its pod may be unable to start, for want of an image or a node.
const PATIENCE: Duration = Duration::from_secs(2 * 60);
/// How long a deleted Job may stay.
const GONE: Duration = Duration::from_secs(60);

/// Runs `job` ([`crate::render::preflight`]) to check the backup, and deletes it. If it cannot be scheduled, the restore may still begin:
/// the restore makes room, and may bring the account. Returns whether it has looked.
///
/// # Errors
/// What it found wrong with the backup, or with its own image.
pub async fn can_be_read(cluster: &Cluster, show: &mut Show, job: &Json) -> Result<bool, Halt> {
    let name = text(job, "/metadata/name");
    let unseen = |why: &str| format!("the backup itself was not checked: {why}");
    let account = text(job, "/spec/template/spec/serviceAccountName");
    if let Ok(None) = cluster.get(Kind::SERVICE_ACCOUNT, None, account).await {
        show.warn(&unseen(&format!("there is no ServiceAccount {account} yet")));
        return Ok(false);
    }
    show.note("checking that the backup can be read, before anything is stopped");
    // Left by an interrupted process.
    if let Some(earlier) = cluster.get(Kind::JOB, None, name).await? {
        let label = |job: &Json| text(job, "/metadata/labels/hwdr.hopsworks.ai~1restore-id").to_owned();
        if label(&earlier) != label(job) {
            return Err(Halt::new(format!("Job {name} exists, but hwdr did not create it"))
                .help(format!("see what it is: kubectl -n {} get job {name} -o yaml", cluster.namespace)));
        }
        cluster.delete_this(Kind::JOB, None, &earlier).await?;
    }
    let selection = Selection::one(Kind::JOB, None, name);
    cluster
        .wait(&format!("Job {name} is gone"), &selection, GONE, |jobs| condition::gone(jobs, |_| true), |_| {})
        .await?;
    let made = cluster.create(Kind::JOB, None, job).await?;
    let ended = job::ends_well(cluster, show, &format!("preflight: Job {name}"), name, PATIENCE).await;
    let words = words_of(cluster, name).await;
    let has_looked = ended.is_ok() || has_run(cluster, name).await;
    if let Err(error) = cluster.delete_this(Kind::JOB, None, &made).await {
        show.warn(&format!("{error}; it is deleted automatically within an hour"));
    }
    for words in words {
        match words.strip_prefix("WARNING: ") {
            Some(doubt) => show.warn(doubt),
            None => show.note(&words),
        }
    }
    let Err(halt) = ended else { return Ok(true) };
    if !has_looked {
        show.warn(&unseen(&halt.problem));
        return Ok(false);
    }
    let problem = format!("the backup cannot be restored as it is; nothing was changed\n{}", halt.problem);
    // Without the help on where to see its log: that is deleted with the Job.
    Err(Halt::new(problem).help(help(&halt.problem)))
}

/// What to do about a problem that it found.
fn help(problem: &str) -> String {
    let advice = product::services().find_map(|service| service.advice(problem));
    advice.unwrap_or_else(|| "fix the problem, and start again".to_owned())
}

/// Whether a pod of the Job was ever scheduled; yes if that is not known.
async fn has_run(cluster: &Cluster, name: &str) -> bool {
    let job = cluster.get(Kind::JOB, None, name).await;
    let pods = cluster.list(Kind::POD, None, &format!("batch.kubernetes.io/job-name={name}")).await;
    let (Ok(Some(job)), Ok(pods)) = (job, pods) else { return true };
    // A pod that the Job's deadline ended is gone, but counted.
    number(&job, "/status/failed") > 0 || pods.iter().any(|pod| !text(pod, "/spec/nodeName").is_empty())
}
