//! The backup itself: whether all of it can be read from where it will be restored.

use std::time::Duration;

use serde_json::Value as Json;

use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind, Selection, condition, words_of};
use crate::run::Halt;
use crate::run::show::Show;
use crate::run::steps::job;

/// How long its pod may be unable to begin: an image, or a place.
const PATIENCE: Duration = Duration::from_secs(2 * 60);
/// How long one that is deleted may stay.
const GONE: Duration = Duration::from_secs(60);

/// Has `job` ([`crate::render::preflight`]) look at the backup, and takes it away again.
///
/// # Errors
/// With what it says against it, or why it cannot look.
pub async fn can_be_read(cluster: &Cluster, show: &mut Show, job: &Json) -> Result<(), Halt> {
    let name = text(job, "/metadata/name");
    show.note("looking whether the backup can be read, before anything is stopped");
    // That of a process that was cut off.
    cluster.delete(Kind::JOB, None, name).await?;
    let selection = Selection::one(Kind::JOB, None, name);
    cluster
        .wait(&format!("Job {name} is gone"), &selection, GONE, |jobs| condition::gone(jobs, |_| true), |_| {})
        .await?;
    cluster.create(Kind::JOB, None, job).await?;
    let ended = job::ends_well(cluster, show, &format!("preflight: Job {name}"), name, PATIENCE).await;
    let words = words_of(cluster, name).await;
    let taken_away = cluster.delete(Kind::JOB, None, name).await;
    for words in words {
        show.note(&words);
    }
    ended.map_err(|halt| Halt {
        problem: format!("the backup cannot be restored from as things are, and nothing was changed\n{}", halt.problem),
        // Its log is gone with it.
        help: vec!["mend what it says, and begin again".to_owned()],
        ..halt
    })?;
    Ok(taken_away?)
}
