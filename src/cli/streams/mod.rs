//! `hwdr streams`: what Axway Streams has outside its cluster, the database and Kafka.

mod database;
mod list;
mod mirror;
mod restore;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};

use super::messages::Failure;
use super::{Outcome, ValueArgs, inputs};
use crate::product::Product as _;
use crate::product::streams::Streams;
use crate::values::Value;

/// The database and Kafka of Axway Streams, which are outside the cluster
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Database(database::Command),
    Mirror(mirror::Command),
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Outcome> {
        match self.action {
            Action::Database(command) => command.run().map(|()| Outcome::Clean),
            Action::Mirror(command) => command.run(),
        }
    }
}

/// The values; `what` they are asked for.
///
/// # Errors
/// If none are given.
fn given(values: &ValueArgs, what: &str) -> Result<Value> {
    let Some(values) = inputs::values(values)? else {
        bail!(Failure::unusable(format!("{what}? No values are given")).help("give -f values.yaml"));
    };
    Ok(values)
}

/// A block of the settings that a command needs.
///
/// # Errors
/// If the values do not have it.
fn needed<'s, T>(block: &'s Option<T>, path: &[&str], example: &str) -> Result<&'s T> {
    let Some(block) = block else {
        bail!(
            Failure::unusable(format!("the values have no {}", path.join(".")))
                .help(format!("add it:\n{example}"))
                .help(format!("see all settings: docs/{}.md", Streams.name()))
        );
    };
    Ok(block)
}
