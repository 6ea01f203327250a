//! Waits for a Job, and says why it failed.

use std::time::{Duration, Instant};

use super::PART;
use crate::cluster::condition::{self, text};
use crate::cluster::{Cluster, Kind, Selection, WaitError, WaitState, progress_of, why_job_failed, why_pods_wait};
use crate::product;
use crate::run::Halt;
use crate::run::show::Show;

/// How often pods are checked while waiting for their Job.
const LOOK: Duration = Duration::from_secs(10);

/// Waits for the end of a Job. Reports what keeps its pods from starting, which ends the wait if it lasts longer than `patience` and none
/// of them is running.
///
/// # Errors
/// If it fails, is deleted, or does not start: with its pods' own messages.
pub async fn ends_well(
    cluster: &Cluster,
    show: &mut Show,
    what: &str,
    job: &str,
    patience: Duration,
) -> Result<(), Halt> {
    let labels = format!("batch.kubernetes.io/job-name={job}");
    let selection = Selection::one(Kind::JOB, None, job);
    let (began, mut stuck) = (Instant::now(), None::<Instant>);
    let (mut progress, mut warned) = (String::new(), String::new());
    loop {
        let waited = cluster.wait(
            what,
            &selection,
            LOOK,
            |objects| {
                objects.get(job).map_or(WaitState::Never("it was deleted".to_owned()), |job| condition::job(Some(job)))
            },
            |seen| show.tell(&format!("{what}: {seen}{progress}")),
        );
        let mut halt = match waited.await {
            Ok(()) => return Ok(()),
            Err(WaitError::Limit { .. }) if began.elapsed() < PART => {
                let why = why_pods_wait(cluster, &labels).await;
                let told = progress_of(cluster, job).await.map(|told| format!("; {told}")).unwrap_or_default();
                let moves = told != progress;
                progress = told;
                let Some(first) = why.first() else {
                    stuck = None;
                    continue;
                };
                if *first != warned {
                    show.warn(first);
                    warned.clone_from(first);
                }
                if moves || works_alone(cluster, job, &labels).await {
                    stuck = None;
                    continue;
                }
                if stuck.get_or_insert_with(Instant::now).elapsed() < patience {
                    continue;
                }
                Halt::new(format!("{what}: its pods do not start"))
            }
            Err(error) => Halt::from(error),
        };
        let mut reasons = why_job_failed(cluster, job).await;
        reasons.extend(why_pods_wait(cluster, &labels).await);
        if !reasons.is_empty() {
            halt.problem = format!("{}\n{}", halt.problem, reasons.join("\n"));
        }
        let namespace = &cluster.namespace;
        return Err(halt.help(format!("see all of it: kubectl -n {namespace} logs job/{job} --all-containers")));
    }
}

/// Whether a Job has running pods that need no others: pods that cannot be scheduled start when these have ended.
async fn works_alone(cluster: &Cluster, job: &str, labels: &str) -> bool {
    let found = cluster.get(Kind::JOB, None, job).await.ok().flatten().unwrap_or_default();
    let pods = cluster.list(Kind::POD, None, labels).await.unwrap_or_default();
    let together = product::services().any(|service| service.needs_all_pods(&found));
    !together && pods.iter().any(|pod| text(pod, "/status/phase") == "Running")
}
