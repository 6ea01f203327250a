//! `hwdr vm`: Hopsworks 3 on machines, over SSH.

mod away;
mod backup;
mod inventory;
mod live;
mod restore;
mod stored;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use hwdr_vm::finding::{Finding, Level};
use hwdr_vm::inventory::Inventory;
use hwdr_vm::remote::Remote;
use jiff::Timestamp;

use super::Outcome;
use super::connection::block_on;
use super::files;
use super::messages::Failure;
use crate::lint::report::human::{self, Look};
use crate::shown::{self, plain};
use crate::values::text_of;

/// Hopsworks 3 on machines: backups and restores over SSH, without Kubernetes
///
/// The machines are in a file, inventory.yaml, which init writes. Commands run with the system's ssh: its configuration, agents, jump hosts and known
/// hosts. Nothing is installed on the machines.
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    Init(inventory::Init),
    Lint(inventory::Lint),
    Schema(inventory::Schema),
    Doctor(inventory::Doctor),
    Backup(backup::Backup),
    List(stored::List),
    Show(stored::Show),
    Verify(stored::Verify),
    Keep(stored::Keep),
    Unkeep(stored::Unkeep),
    Prune(stored::Prune),
    Send(away::Send),
    Fetch(away::Fetch),
    Restore(restore::Restore),
    Resume(restore::Resume),
    Undo(restore::Undo),
    Finalize(restore::Finalize),
    Runbook(restore::Runbook),
}

/// Nothing here must finish before a signal is obeyed: each step can be interrupted anywhere.
static BUSY: AtomicBool = AtomicBool::new(false);

/// The inventory, if none is named, and the variable that names another.
const FILE: &str = "inventory.yaml";
const VARIABLE: &str = "HWDR_INVENTORY";

/// Where the machines are written down.
#[derive(Debug, Clone, Args)]
struct InventoryArgs {
    /// The file with the machines
    #[arg(long, value_name = "FILE", default_value = FILE, env = VARIABLE)]
    inventory: String,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Outcome> {
        match self.action {
            Action::Init(it) => block_on(it.run()),
            Action::Lint(it) => it.run(),
            Action::Schema(it) => it.run(),
            Action::Doctor(it) => block_on(it.run()),
            Action::Backup(it) => block_on(it.run()),
            Action::List(it) => block_on(it.run()),
            Action::Show(it) => block_on(it.run()),
            Action::Verify(it) => block_on(it.run()),
            Action::Keep(it) => block_on(it.run()),
            Action::Unkeep(it) => block_on(it.run()),
            Action::Prune(it) => block_on(it.run()),
            Action::Send(it) => block_on(it.run()),
            Action::Fetch(it) => block_on(it.run()),
            Action::Restore(it) => block_on(it.run()),
            Action::Resume(it) => block_on(it.run()),
            Action::Undo(it) => block_on(it.run()),
            Action::Finalize(it) => block_on(it.run()),
            Action::Runbook(it) => block_on(it.run()),
        }
    }
}

impl InventoryArgs {
    /// The file itself.
    ///
    /// # Errors
    /// If it cannot be read.
    fn bytes(&self) -> Result<Vec<u8>> {
        Ok(files::read(&self.inventory).map_err(|error| {
            Failure::unusable(format!("cannot read {}: {error}", self.inventory))
                .help("write one:\nhelm hwdr vm init ADDRESS")
                .help("or name it with --inventory")
        })?)
    }

    /// The machines.
    ///
    /// # Errors
    /// If the file cannot be read, or something is wrong in it: all of it is printed.
    fn read(&self) -> Result<Inventory> {
        let source = text_of(&self.inventory, self.bytes()?)?;
        let problems = match hwdr_vm::inventory::read(&source) {
            Ok(inventory) => return Ok(inventory),
            Err(problems) => problems,
        };
        tell_problems(&problems);
        Err(Failure::unusable(format!("{} cannot be used: fix the errors above", plain(&self.inventory))).into())
    }

    /// The machines, to be reached.
    ///
    /// # Errors
    /// As [`InventoryArgs::read`].
    fn remote(&self) -> Result<Arc<Remote>> {
        let inventory = self.read()?;
        Ok(Arc::new(Remote::new(inventory, live::tell()).context("/tmp cannot be written")?))
    }
}

/// The backups that a line can name, each with its time: those in the folder of the inventory, and the newest. Whatever goes wrong, there are none.
pub(super) fn completed(inventory: Option<&str>) -> Vec<(String, Option<Timestamp>)> {
    let given = inventory.map(str::to_owned).or_else(|| std::env::var(VARIABLE).ok());
    let inventory = InventoryArgs { inventory: given.unwrap_or_else(|| FILE.to_owned()) };
    let found = inventory.read().ok().and_then(|inventory| hwdr_vm::stored::list(&inventory.backups).ok());
    let (all, _) = found.unwrap_or_default();
    let latest = all.first().map(|_| ("latest".to_owned(), None));
    latest.into_iter().chain(all.iter().map(|stored| (stored.id.to_string(), stored.time))).collect()
}

/// Prints what is wrong with an inventory, each with its place.
fn tell_problems(problems: &[crate::refusal::Refusal]) {
    let look = Look { colour: shown::is_coloured(), ..Look::default() };
    for problem in problems {
        shown::tell(&format!(
            "{}\n",
            human::render_error(&problem.problem, problem.place.as_ref(), &problem.help, look)
        ));
    }
}

/// What was found, for people.
fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for Finding { level, about, what, help } in findings {
        let word = match level {
            Level::Fine => "ok",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let about = if about.is_empty() { String::new() } else { format!("{}: ", plain(about)) };
        let line = format!("{word:<9}{about}{}", shown::lines(what));
        text.push_str(&human::hang_message(&line, 80, 9));
        text.push('\n');
        if let Some(help) = help {
            text.push_str(&format!(
                "         {}\n",
                human::hang_message(&format!("help: {help}"), 71, 15).replace('\n', "\n         ")
            ));
        }
    }
    text
}

/// The time now.
fn now() -> Timestamp {
    Timestamp::now()
}

/// The folder of the backups, for messages.
fn folder(inventory: &Inventory) -> PathBuf {
    inventory.backups.clone()
}
