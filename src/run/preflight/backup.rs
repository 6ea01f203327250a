//! The backup itself: whether all of it can be read from where it will be restored.

use std::time::Duration;

use serde_json::Value as Json;

use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, Kind, Selection, condition, words_of};
use crate::product;
use crate::run::Halt;
use crate::run::show::Show;
use crate::run::steps::job;

/// How long its pod may be unable to begin: an image, or a place.
const PATIENCE: Duration = Duration::from_secs(2 * 60);
/// How long one that is deleted may stay.
const GONE: Duration = Duration::from_secs(60);

/// Has `job` ([`crate::render::preflight`]) look at the backup, and takes it away again. That it finds no place to run in is no reason against
/// the restore, which makes room, and may bring the account.
///
/// # Errors
/// With what it says against the backup, or against its own image.
pub async fn can_be_read(cluster: &Cluster, show: &mut Show, job: &Json) -> Result<(), Halt> {
    let name = text(job, "/metadata/name");
    let unseen = |why: &str| format!("the backup itself was not looked at: {why}");
    let account = text(job, "/spec/template/spec/serviceAccountName");
    if let Ok(None) = cluster.get(Kind::SERVICE_ACCOUNT, None, account).await {
        show.warn(&unseen(&format!("there is no ServiceAccount {account} yet")));
        return Ok(());
    }
    show.note("checking that the backup can be read, before anything is stopped");
    // That of a process that was cut off.
    if let Some(earlier) = cluster.get(Kind::JOB, None, name).await? {
        let label = |job: &Json| text(job, "/metadata/labels/hwdr.hopsworks.ai~1restore-id").to_owned();
        if label(&earlier) != label(job) {
            return Err(Halt::new(format!("there is a Job {name} already, which hwdr has not made"))
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
    let Err(halt) = ended else { return Ok(()) };
    if !has_looked {
        show.warn(&unseen(&halt.problem));
        return Ok(());
    }
    let problem =
        format!("the backup cannot be restored from as things are, and nothing was changed\n{}", halt.problem);
    // Where to see its log is no help: that is gone with it.
    Err(Halt::new(problem).help(help(&halt.problem)))
}

/// What to do about what it says.
fn help(problem: &str) -> String {
    let advice = product::services().find_map(|service| service.advice(problem));
    advice.unwrap_or_else(|| "fix what it says, and start again".to_owned())
}

/// Whether a pod of the Job has, or had, a place to run in. Where that cannot be known, yes.
async fn has_run(cluster: &Cluster, name: &str) -> bool {
    let job = cluster.get(Kind::JOB, None, name).await;
    let pods = cluster.list(Kind::POD, None, &format!("batch.kubernetes.io/job-name={name}")).await;
    let (Ok(Some(job)), Ok(pods)) = (job, pods) else { return true };
    // One that was ended by the Job's deadline is gone, and counted.
    number(&job, "/status/failed") > 0 || pods.iter().any(|pod| !text(pod, "/spec/nodeName").is_empty())
}
