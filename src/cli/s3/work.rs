//! `hwdr s3 work`: one pod of the Job that rewinds HopsFS's bucket.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use crate::cli::messages::warn;
use crate::cluster::Cluster;
use crate::product::hopsworks::hopsfs::bucket::Task;
use crate::refusal::Refusal;
use crate::s3::client::Client;
use crate::s3::report::Tally;
use crate::s3::rewind::Options;
use crate::s3::worker::{Worker, through, work};
use crate::shown::{duration, tell};

/// Does one pod's share of a rewind, as the variables of its Job say
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Only check whether it could be done
    #[arg(long)]
    check: bool,
}

/// How often a pod prints its progress. `helm hwdr watch` reads the first pod's last line.
const TELL: Duration = Duration::from_secs(5);

/// How long a bucket may take to answer the requests before a rewind.
const ANSWER: Duration = Duration::from_secs(90);

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let task = Task::of(|name| env::var(name).ok())?;
        if self.check {
            let check = async {
                let client = Client::connect(task.settings.clone()).await?;
                Ok(task.can_be_done(&client).await?)
            };
            return super::block_on(async {
                tokio::time::timeout(ANSWER, check).await.unwrap_or_else(|_| {
                    let bucket = &task.settings.bucket;
                    bail!(Refusal::new(format!(
                        "bucket {bucket} has not answered all requests within {}",
                        duration(ANSWER.as_secs())
                    )))
                })
            });
        }
        let place = place()?;
        super::block_on(async {
            let cluster = Cluster::of_this_pod()?;
            let (aim, warning) = task.aim(&cluster).await?;
            if let Some(warning) = warning.filter(|_| place.index == 0) {
                warn(&warning);
            }
            let client = Client::connect(task.settings.clone()).await?;
            task.is_in(&client).await?;
            let worker = place.index.saturating_add(1);
            tell(&format!("hwdr: bucket {} to {}, worker {worker} of {}", client.bucket(), aim.window, place.of));
            let tally = Arc::new(Tally::default());
            // One pod is enough to report on all shares.
            let teller =
                (place.index == 0).then(|| tokio::spawn(tell_progress(client.clone(), place.clone(), tally.clone())));
            let whole = work(&client, &aim, &place, Options::default(), &tally).await;
            if let Some(teller) = teller {
                teller.abort();
            }
            let report = tally.report();
            for line in report.notable() {
                tell(&format!("hwdr: {line}"));
            }
            tell(&format!("hwdr: {}", report.counts()));
            ensure!(whole?, Refusal::new("some keys could not be restored: the first are named above"));
            Ok(())
        })
    }
}

/// Which pod this is, from its environment (batch/v1, Indexed Jobs).
fn place() -> Result<Worker> {
    let variable = |name: &str| {
        let value = env::var(name).ok().filter(|value| !value.is_empty());
        value.with_context(|| format!("the variable {name} is not set: this command is for the pods of hwdr's Jobs"))
    };
    let number = |name: &str| {
        let text = variable(name)?;
        text.parse().ok().with_context(|| format!("the variable {name} is {text:?}, and should be a number"))
    };
    Ok(Worker { index: number("JOB_COMPLETION_INDEX")?, of: number("PODS")?, run: variable("RUN")? })
}

/// Prints the progress, until it is aborted.
async fn tell_progress(client: Client, place: Worker, tally: Arc<Tally>) {
    loop {
        tokio::time::sleep(TELL).await;
        let here = tally.report().counts();
        // The work itself reports errors.
        if let Ok(Some((done, all))) = through(&client, &place).await {
            tell(&format!("progress: {done} of {all} shares; this worker: {here}"));
        }
    }
}
