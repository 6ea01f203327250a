//! The way back: the new cluster of Kafka is mirrored to the backup cluster, if the settings ask for it.
//!
//! The backup cluster has all that the new one began with: a mirror that knew no position would put every record behind its own copy. So it is
//! told to begin where the new cluster ended before Streams was started: nothing comes twice, and what was published since is not left out.

use std::time::{Duration, Instant};

use hwdr_kafka::direction::Activity;
use tokio::time::sleep;

use super::mirror::{LOOK, mirror_back_of};
use super::{maker, own};
use crate::product::streams::kafka::{circle, other, unclear, unread};
use crate::product::streams::preflight::looker_back;
use crate::run::{Context as _, Halt, Run};
use crate::shown::kept;

/// How long MirrorMaker may take to begin.
const BEGINS: Duration = Duration::from_secs(5 * 60);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(3);

/// Starts it.
pub(super) async fn begin(run: &mut Run) -> Result<(), Halt> {
    let mut own = own(run)?;
    let (Some(mirror), Some(ends)) = (mirror_back_of(&own)?, &own.ends) else { return Ok(()) };
    let (name, to) = (mirror.source.alias.clone(), mirror.target.alias.clone());
    let resume = run.resume();
    let mut looker = looker_back(&run.cluster, &own, &mirror).await?;
    let workers = looker.source.workers(LOOK).await.map_err(|error| unread(&mirror.source, &error))?;
    if let Some(why) = circle(&workers, &mirror).or_else(|| unclear(&workers, &mirror)) {
        return Err(Halt::new(why).help(format!("stop it, and resume:\n{resume}")));
    }
    if let Some(why) = other(&workers, &mirror) {
        run.doubt(&format!("kafka: {why}"));
    }
    // A mirror that has run has newer positions: a run that is resumed leaves them.
    if !own.back_begun {
        looker.target.begin_at(&mirror, ends, LOOK).await.map_err(|error| unread(&mirror.target, &error))?;
        own.back_begun = true;
        run.state.own = own.to_json();
        run.save().await?;
    }
    if !maker::start_back(run, &own, &mirror).await? {
        run.finding(&format!(
            "kafka: a mirror of {name} to {to} will begin where the new cluster was when Streams was started"
        ));
        return Ok(());
    }
    let began = Instant::now();
    loop {
        // A broker may be gone for a minute.
        let workers = match looker.target.workers(LOOK).await {
            Ok(workers) => workers,
            Err(error) if began.elapsed() < BEGINS => {
                run.show.tell(&format!("kafka: looking again: {}", kept(&error.to_string())));
                sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(unread(&mirror.target, &error).into()),
        };
        let is_its = |activity: &Activity| matches!(activity, Activity::Mirrors(_));
        if workers.iter().any(|group| group.group == mirror.worker_group() && is_its(&group.activity)) {
            run.finding(&format!("kafka: the new cluster is mirrored to {to}, as {name}"));
            return Ok(());
        }
        if began.elapsed() > BEGINS {
            return Err(Halt::new(format!("the mirror of {name} to {to} has not begun"))
                .help(format!(
                    "see what MirrorMaker says:\n{}",
                    run.cluster.commands().kubectl("logs deployment/hwdr-mirror-for-backup")
                ))
                .help(format!("mend that, and resume:\n{resume}")));
        }
        run.show.tell(&format!("kafka: waiting for the mirror of {name} to {to}"));
        sleep(PAUSE).await;
    }
}
