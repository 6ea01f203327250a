//! `hwdr s3`: the bucket that a service keeps its data in. One file a subcommand.

mod agree;
mod check;
mod findings;
mod lifecycle;
mod progress;
mod rewind;
mod storage;
mod target;
mod work;

use clap::{Args, Subcommand};

use super::messages::Failure;
use crate::s3::client::{Error, Problem};
use crate::s3::preflight::Stopped;

/// The bucket with HopsFS's blocks: brought back to a point in time, kept long enough for that, and checked
#[derive(Debug, Args)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Check(check::Command),
    Lifecycle(lifecycle::Command),
    Rewind(rewind::Command),
    #[command(hide = true)]
    Work(work::Command),
}

/// Runs work on a bucket to its end: on all processors, for it is much.
fn block_on<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Runtime::new();
    runtime.map_err(|error| Failure::unusable(format!("no threads can be started: {error}")))?.block_on(work)
}

impl Command {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        match &self.action {
            Action::Check(command) => command.run(),
            Action::Lifecycle(command) => command.run(),
            Action::Rewind(command) => command.run(),
            Action::Work(command) => command.run(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let failure = match error.problem {
            Problem::Setting(_) => Self::unusable(error.to_string()),
            _ => Self::refused(error.to_string()),
        };
        failure.help(error.help())
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused(refusal) => refusal.into(),
            Stopped::Failed(error) => error.into(),
        }
    }
}
