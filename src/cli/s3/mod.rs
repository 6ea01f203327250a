//! `hwdr s3`: the bucket that HopsFS keeps its blocks in. One file a subcommand.

mod check;
mod findings;
mod lifecycle;
mod progress;
mod rewind;
mod storage;
mod target;

use clap::{Args, Subcommand};

use super::messages::Failure;
use crate::s3::client::Error;
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
}

impl Command {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        match &self.action {
            Action::Check(command) => command.run(),
            Action::Lifecycle(command) => command.run(),
            Action::Rewind(command) => command.run(),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::refused(error.to_string()).help(error.help())
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused { message, help } => Self::refused(message).help(help),
            Stopped::Failed(error) => error.into(),
        }
    }
}
