//! The command line: one file a command. Each parses arguments, calls the library, and prints the result.

mod ask;
mod backups;
mod bsl;
mod bucket;
mod change;
mod completion;
mod connection;
mod diff;
mod doctor;
mod files;
mod global;
mod help;
mod ids;
mod inputs;
mod krm;
mod lint;
mod logs;
mod man;
mod messages;
mod monitor;
mod objects;
mod plan;
mod post_render;
mod post_renderer;
mod progress;
mod rbac;
mod restore;
mod rules;
mod s3;
mod schema;
mod status;
mod streams;
mod value_args;
mod values;
mod version;
mod vm;
mod words;

use std::env;
use std::process::ExitCode;

use anyhow::Result;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use global::Global;
use messages::Failure;
use value_args::ValueArgs;

use crate::{leave, shown};

/// Disaster recovery of Hopsworks clusters: lint backup and restore values, render and run restores.
#[derive(Debug, Parser)]
#[command(name = "hwdr", bin_name = "helm hwdr", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Subcommand)]
enum Command {
    Lint(Box<lint::Command>),
    Values(values::Command),
    Schema(schema::Command),
    Rules(rules::Command),
    Plan(plan::Command),
    Diff(diff::Diff),
    Install(restore::Install),
    Upgrade(restore::Upgrade),
    Resume(restore::Resume),
    Undo(restore::Undo),
    Finalize(restore::Finalize),
    Rerun(restore::Rerun),
    Watch(restore::Watch),
    History(restore::History),
    Status(Box<status::Command>),
    Doctor(doctor::Doctor),
    Backups(Box<backups::Command>),
    Monitor(Box<monitor::Command>),
    S3(s3::Command),
    Streams(streams::Command),
    Vm(Box<vm::Command>),
    Bsl(bsl::Command),
    Objects(objects::Command),
    PostRender(post_render::PostRender),
    PostRenderer(post_renderer::PostRenderer),
    Krm(krm::Command),
    Rbac(rbac::Command),
    Completion(completion::Command),
    Man(man::Command),
    Version(version::Command),
}

/// The command line as clap knows it: tests read the documentation's command lines by it.
#[must_use]
pub fn command_line() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// How a command ended. The numbers are part of the contract (docs/exit-codes.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All is well: exit code 0.
    Clean,
    /// There are findings, or something was refused; nothing was changed: exit code 1.
    Refused,
    /// The command line is wrong, or an input cannot be read: exit code 2.
    Unusable,
    /// A run has stopped in the middle, and can be resumed or undone: exit code 3.
    Stopped,
    /// It could not be found out (`status`, whose codes are Nagios'): exit code 3.
    Unknown,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => ExitCode::SUCCESS,
            Outcome::Refused => ExitCode::from(1),
            Outcome::Unusable => ExitCode::from(2),
            Outcome::Stopped | Outcome::Unknown => ExitCode::from(3),
        }
    }
}

/// Runs the command line, and returns how it ended.
pub fn run() -> Outcome {
    leave::on_panic();
    let line: Vec<String> = env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some((first, words)) = line.split_first()
        && first == completion::ASK
    {
        completion::answer(words);
        return Outcome::Clean;
    }
    // Before anything is printed, an error of this line too.
    global::colour(&line);
    let outcome = match Cli::try_parse() {
        Ok(cli) => command(cli).unwrap_or_else(|error| {
            let failure = Failure::of(&error);
            failure.print();
            failure.outcome
        }),
        Err(error) => unparsed(&error, &line),
    };
    if outcome == Outcome::Clean && shown::is_lost() { Outcome::Unusable } else { outcome }
}

fn command(cli: Cli) -> Result<Outcome> {
    cli.global.begin()?;
    match cli.command {
        Command::Lint(command) => return command.run(),
        Command::Status(command) => return command.run(),
        Command::Doctor(command) => return command.run(),
        Command::Backups(command) => return command.run(),
        Command::Streams(command) => return command.run(),
        Command::Diff(command) => return command.run(),
        Command::Vm(command) => return command.run(),
        Command::Monitor(command) => command.run(),
        Command::PostRender(command) => command.run(),
        Command::Plan(command) => command.run(),
        Command::Bsl(command) => command.run(),
        Command::Objects(command) => command.run(),
        Command::Krm(command) => command.run(),
        Command::PostRenderer(command) => command.run(),
        Command::Upgrade(command) => command.run(),
        Command::Install(command) => command.run(),
        Command::Resume(command) => command.run(),
        Command::Undo(command) => command.run(),
        Command::Finalize(command) => command.run(),
        Command::Rerun(command) => command.run(),
        Command::Watch(command) => command.run(),
        Command::History(command) => command.run(),
        Command::S3(command) => command.run(),
        Command::Rbac(command) => command.run(),
        Command::Schema(command) => command.run(),
        Command::Values(command) => command.run(),
        Command::Rules(command) => command.run(),
        Command::Completion(command) => command.run(),
        Command::Man(command) => command.run(),
        Command::Version(command) => command.run(),
    }?;
    Ok(Outcome::Clean)
}

/// Prints help, the version, or what is wrong with the line. That quotes the line, so it is shown as foreign text.
fn unparsed(error: &clap::Error, line: &[String]) -> Outcome {
    match error.kind() {
        ErrorKind::DisplayVersion => version::print(words::Form::Text),
        ErrorKind::DisplayHelp => help::print(line),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            shown::tell_bare(&help::of(line));
            return Outcome::Unusable;
        }
        _ if help::is_asked_for(line) => help::print(line),
        _ => {
            shown::tell_bare(&error.render().ansi().to_string());
            return Outcome::Unusable;
        }
    }
    Outcome::Clean
}
