//! Showing runs: `watch`, `history`.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;

use super::follow::newest;
use super::{block_on, release_name, report};
use crate::cli::connection::ConnectionArgs;
use crate::cli::words::{LOG_FORMATS, one_of};
use crate::cluster::{Kind, Selection, WaitError, WaitState, progress_of};
use crate::refusal::Refusal;
use crate::run::show::{LogFormat, Show};
use crate::run::state::{Phase, Progress, State, read};
use crate::run::{Onlooker, Store as _, audit};
use crate::shown::{self, lines};

/// Shows a run from a second terminal, until it ends
#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The release
    #[arg(value_parser = release_name)]
    release: String,
    /// Format of the lines while it runs
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(LOG_FORMATS))]
    log_format: LogFormat,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Shows what hwdr has done to a release
#[derive(Debug, Args)]
pub(crate) struct History {
    /// The release
    #[arg(value_parser = release_name)]
    release: String,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// How often `watch` asks the pods for their progress.
const LOOK: Duration = Duration::from_secs(5);

/// The current step.
fn now(state: &State) -> Option<&Progress> {
    state.steps.iter().rev().find(|step| step.ended.is_none())
}

impl Watch {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        block_on(async {
            let cluster = self.connection.connect().await?;
            let store = newest(&cluster, &self.release).await?;
            let (kind, state) = (store.kind(), store.load()?);
            let (name, mut show) = (state.name(), Show::new(self.log_format));
            let selection = Selection::one(kind, None, &name);
            let (mut last, mut progress, mut onlooker, mut alone) = (None, String::new(), Onlooker::default(), None);
            let outcome = loop {
                let watched = cluster.wait(
                    "the run",
                    &selection,
                    LOOK,
                    |objects| {
                        let object = objects.get(&name);
                        let Some(state) = object.and_then(|object| read(object, &cluster.namespace).ok()) else {
                            return WaitState::Never("its state is gone".to_owned());
                        };
                        let over = !matches!(state.phase, Phase::Running | Phase::Undoing);
                        let seen = now(&state).map_or_else(
                            || format!("{:?}", state.phase),
                            |step| format!("{} (since {})", step.step, step.began),
                        );
                        last = Some(state);
                        if over { WaitState::Done } else { WaitState::NotYet(seen) }
                    },
                    |seen| show.tell(&format!("{seen}{progress}")),
                );
                match watched.await {
                    Err(WaitError::Limit { .. }) => {}
                    outcome => break outcome,
                }
                let nobody = onlooker.nobody(&cluster, &self.release).await;
                if let Some(why) = nobody.as_ref().filter(|_| nobody != alone) {
                    show.warn(&format!(
                        "the run has stopped: {why}. Resume it:\n{}",
                        cluster.commands().resume(&self.release)
                    ));
                }
                alone = nobody;
                let step = last.as_ref().and_then(now).and_then(|step| step.step.split_once(':'));
                let told = match step {
                    Some((_, job)) => progress_of(&cluster, job).await,
                    None => None,
                };
                progress = told.map(|told| format!(": {told}")).unwrap_or_default();
            };
            show.rest();
            outcome?;
            report::print(&last.unwrap_or(state), &cluster.commands(), None)
        })
    }
}

impl History {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        block_on(async {
            let cluster = self.connection.connect().await?;
            let name = audit::name(&self.release);
            let found = cluster.get(Kind::CONFIG_MAP, None, &name).await?;
            let Some(found) = found else {
                bail!(
                    Refusal::new(format!(
                        "ConfigMap {name} is not in namespace {}: hwdr has done nothing to release {}",
                        cluster.namespace, self.release
                    ))
                    .help("name the namespace: -n NAME")
                );
            };
            shown::print(&lines(found["data"]["log"].as_str().unwrap_or_default()));
            Ok(())
        })
    }
}
