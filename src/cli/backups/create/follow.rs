//! Waits for the end of something that was begun: a Job, or a Backup of Velero's.

use std::time::Duration;

use serde_json::Value as Json;
use tokio::time::Instant;

use super::Begun;
use crate::cli::ask;
use crate::cluster::{Cluster, Kind, Selection, WaitError, WaitState, condition, why_job_failed, why_pods_wait};
use crate::shown::{duration, said};
use crate::velero::ObjectBackup;

/// How often it is looked why pods do not start.
const LOOK: Duration = Duration::from_secs(20);

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Followed {
    /// Well.
    Complete,
    /// Not well: why.
    Failed(String),
    /// It has not ended in time: what was seen last.
    Late(String),
}

/// Waits for the end.
pub(super) async fn end(cluster: &Cluster, one: &Begun, until: Instant) -> Followed {
    let selection = Selection::one(one.kind, Some(&one.namespace), &one.name);
    let began = Instant::now();
    let mut told = String::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let seen = cluster
            .wait(
                &one.called,
                &selection,
                left.min(LOOK),
                |objects| {
                    objects
                        .get(&one.name)
                        .map_or(WaitState::Never("it was deleted".to_owned()), |it| state(one.kind, it))
                },
                |seen| {
                    if seen != told {
                        ask::tell(&format!("{}: {seen}", one.called));
                        seen.clone_into(&mut told);
                    }
                },
            )
            .await;
        match seen {
            Ok(()) => {
                ask::tell(&format!("{}: complete", one.called));
                return Followed::Complete;
            }
            Err(WaitError::Limit { last, .. }) if left <= LOOK => {
                let waited = duration(began.elapsed().as_secs());
                return Followed::Late(format!("not after {waited}: {last}. It goes on"));
            }
            Err(WaitError::Limit { .. }) => tell_why_it_waits(cluster, one, &mut told).await,
            Err(WaitError::Never { why, .. }) => return Followed::Failed(with_words(cluster, one, why).await),
        }
    }
}

fn state(kind: Kind, object: &Json) -> WaitState {
    if kind == Kind::JOB {
        return condition::job(Some(object));
    }
    match condition::backup(Some(object)) {
        WaitState::Never(_) => {
            let backup = ObjectBackup::read(object);
            let why = if backup.why.is_empty() { format!("{} errors", backup.errors) } else { backup.why };
            WaitState::Never(format!("{}: {}", backup.phase, said(&why)))
        }
        state => state,
    }
}

/// Says, once, why pods do not start.
async fn tell_why_it_waits(cluster: &Cluster, one: &Begun, told: &mut String) {
    if one.kind != Kind::JOB {
        return;
    }
    let labels = format!("batch.kubernetes.io/job-name={}", one.name);
    if let Some(why) = why_pods_wait(cluster, &labels).await.into_iter().next()
        && why != *told
    {
        ask::warn(&format!("{}: {why}", one.called));
        *told = why;
    }
}

/// Adds a failed Job's last words.
async fn with_words(cluster: &Cluster, one: &Begun, why: String) -> String {
    let words = if one.kind == Kind::JOB { why_job_failed(cluster, &one.name).await } else { Vec::new() };
    std::iter::once(why).chain(words).collect::<Vec<_>>().join("\n")
}
