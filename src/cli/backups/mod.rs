//! `hwdr backups`: lists backups, shows what each can be used for, makes one now, and protects one from expiry.

mod create;
mod drilled;
mod keep;
pub(super) mod look;
mod show;
mod stored;
mod table;
pub(super) mod target;
mod verified;
mod verify;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::Outcome;
use super::ask;
use super::connection::block_on;
use crate::backups::{BackupPart, Fault, Inventory, PartState, SetView};
use crate::shown::{self, plain};
use look::LookArgs;
use stored::{Found, ReadArgs};

/// Lists backups, shows what each can be used for, makes and keeps them
#[derive(Debug, Args)]
pub(super) struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    List(Box<List>),
    Show(Box<show::ShowSet>),
    Create(Box<create::Create>),
    Keep(Box<keep::Keep>),
    Unkeep(Box<keep::Unkeep>),
    Verify(Box<verify::VerifyBackup>),
    Drilled(Box<drilled::Drilled>),
}

/// Lists all backups, the newest first
///
/// Each line has the backups of all services that belong together, and says whether they can be restored in place (onto the running cluster) and
/// into a new cluster. It reads the cluster, with --with-bucket the bucket, too, and with --from-bucket the bucket alone.
#[derive(Debug, Args)]
struct List {
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: ListFormat,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    read: ReadArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum ListFormat {
    /// 80 columns
    #[default]
    Table,
    /// One line for each, with all that is known
    Wide,
    /// One JSON object
    Json,
    /// The same as YAML
    Yaml,
    /// The ids alone
    Name,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Outcome> {
        block_on(async {
            match &self.action {
                Action::List(list) => list.run().await,
                Action::Show(show) => show.run().await,
                Action::Create(create) => create.run().await,
                Action::Keep(keep) => keep.run().await,
                Action::Unkeep(unkeep) => unkeep.run().await,
                Action::Verify(verify) => verify.run().await,
                Action::Drilled(drilled) => drilled.run().await,
            }
        })
    }
}

impl List {
    async fn run(&self) -> Result<Outcome> {
        let found = self.read.read(&self.look, async |looked| looked).await?;
        let Found { inventory, unread, namespace, release, bucket, .. } = found;
        let unread = told(&unread);
        let odd = told_odd(&inventory);
        let head = Head {
            now: inventory.now.to_string(),
            namespace,
            bucket,
            release,
            installed: inventory.installed.as_ref().ok().map(ToString::to_string),
            unread: &unread,
        };
        match self.output {
            ListFormat::Table => {
                shown::print(&table::table(&inventory, &table::local(inventory.sets.iter().filter_map(|set| set.time))))
            }
            ListFormat::Wide => {
                shown::print(&table::wide(&inventory, &table::local(inventory.sets.iter().filter_map(|set| set.time))))
            }
            ListFormat::Name => {
                let names = inventory.sets.iter().map(|set| format!("{}\n", plain(inventory.name(set))));
                shown::print(&names.collect::<String>());
            }
            ListFormat::Json => print_list(&head, &inventory),
            ListFormat::Yaml => print_yaml(&head, &inventory),
        }
        if inventory.sets.is_empty() && unread.is_empty() {
            let place = match (&head.bucket, &head.namespace) {
                (Some(bucket), _) => format!("bucket {}", plain(bucket)),
                (None, namespace) => format!("namespace {}", plain(namespace.as_deref().unwrap_or_default())),
            };
            let other = match head.bucket {
                Some(_) => "",
                None => "\nAnother namespace? -n NAME (helm list -A shows the releases)",
            };
            shown::note(&format!("There are no backups in {place}.{other}"));
        }
        Ok(if unread.is_empty() && !odd { Outcome::Clean } else { Outcome::Unusable })
    }
}

/// What a list begins with.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Head<'h> {
    now: String,
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bucket: Option<String>,
    release: Option<String>,
    installed: Option<String>,
    unread: &'h [Fault],
}

/// One backup at a time, to save memory: there may be thousands.
fn print_list(head: &Head, inventory: &Inventory) {
    let mut text = serde_json::to_string(head).unwrap_or_default();
    text.truncate(text.len().saturating_sub("}".len()));
    text.push_str(",\"backups\":[");
    for (at, set) in inventory.sets.iter().enumerate() {
        let set = serde_json::to_string(&SetView::new(inventory, set)).unwrap_or_default();
        text.push_str(if at == 0 { "\n" } else { ",\n" });
        text.push_str(&set);
    }
    text.push_str("\n]}\n");
    shown::print_data(&shown::json(&text));
}

fn print_yaml(head: &Head, inventory: &Inventory) {
    let mut text = written(&json!(head), 0);
    text.push_str(if inventory.sets.is_empty() { "backups: []\n" } else { "backups:\n" });
    for set in &inventory.sets {
        let set = written(&json!(SetView::new(inventory, set)), 4);
        text.push_str(&format!("  - {}", set.trim_start()));
    }
    shown::print_data(&text);
}

/// A map as YAML, with a line break behind it.
fn written(value: &Json, indent: usize) -> String {
    let text = crate::yaml::write(value, indent);
    format!("{}\n", text.trim_start_matches('\n').trim_end())
}

/// Reports what could not be read, each problem once.
pub(super) fn told(unread: &[Fault]) -> Vec<Fault> {
    let mut told: Vec<Fault> = Vec::new();
    for fault in unread {
        if told.iter().any(|other| other.what == fault.what) {
            continue;
        }
        let fix = fault.fix.as_ref().map_or_else(String::new, |fix| format!("\n{fix}"));
        // The same fix for several in a row is printed once.
        let is_said = told.last().is_some_and(|last| last.fix == fault.fix);
        ask::warn(&format!("{}{}", fault.what, if is_said { "" } else { &fix }));
        told.push(fault.clone());
    }
    told
}

/// Reports entries that cannot be read. Returns whether there are any.
fn told_odd(inventory: &Inventory) -> bool {
    let mut is_odd = false;
    for series in &inventory.series {
        // A Job without a record was read.
        let unknown = |part: &BackupPart| part.job.is_none() && matches!(part.state, PartState::Unknown(_));
        is_odd |= series.parts.iter().any(unknown);
        if let Some(fault) = &series.odd {
            ask::warn(&format!("{}: {}", series.called, fault.what));
            is_odd = true;
        }
    }
    is_odd
}
