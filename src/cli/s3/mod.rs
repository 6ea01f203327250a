//! `hwdr s3`: the bucket that a service keeps its data in. One file a subcommand.

mod check;
mod findings;
mod lifecycle;
mod look;
mod rewind;
mod storage;
mod work;

pub(super) use look::{Depth, bucket, unread};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};

/// The bucket with HopsFS's blocks: check it, keep its old versions long enough, and rewind it
#[derive(Debug, Args)]
pub(super) struct Command {
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

/// Runs work on a bucket to its end, on all processors.
fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Runtime::new();
    runtime.context("no threads can be started")?.block_on(work)
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        match self.action {
            Action::Check(command) => command.run(),
            Action::Lifecycle(command) => command.run(),
            Action::Rewind(command) => command.run(),
            Action::Work(command) => command.run(),
        }
    }
}
