//! `hwdr vm init`, `lint`, `schema` and `doctor`.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use hwdr_vm::ask;
use hwdr_vm::doctor;
use hwdr_vm::finding;
use hwdr_vm::inventory::{self, Found, SCHEMA};
use hwdr_vm::parse::show;
use hwdr_vm::remote::Remote;
use serde_json::json;

use super::{InventoryArgs, live, tell_problems, text};
use crate::cli::Outcome;
use crate::cli::messages::Failure;
use crate::cli::words::Form;
use crate::refusal::Refusal;
use crate::shown::{self, plain, word};
use crate::source::Source;
use crate::values::text_of;

/// Asks the management server, and writes an inventory
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm init ADDRESS [OPTIONS]")]
pub(super) struct Init {
    /// The address of RonDB's management server, or its name in ssh_config
    address: String,
    /// The user to log in as [default: what ssh_config says]
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// The folder for backups on this machine
    #[arg(long, value_name = "FOLDER", default_value = "/var/backups/hopsworks")]
    folder: String,
    /// The file to write, which must not exist; - is standard output
    #[arg(long, value_name = "FILE", default_value = "inventory.yaml")]
    to: String,
}

/// Checks an inventory, without asking a host
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm lint [OPTIONS]")]
pub(super) struct Lint {
    #[command(flatten)]
    inventory: InventoryArgs,
}

/// Prints the JSON Schema of inventories
///
/// For editors, put it next to the inventory and add this line to that:
///
///   # yaml-language-server: $schema=vm.schema.json
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Schema {}

/// Checks whether a backup or a restore would work now: hosts, users, tools, paths, versions, clocks, room, RonDB, HopsFS
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm doctor [OPTIONS]")]
pub(super) struct Doctor {
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    #[command(flatten)]
    inventory: InventoryArgs,
}

impl Init {
    pub(super) async fn run(&self) -> Result<Outcome> {
        if self.to != "-" && std::path::Path::new(&self.to).exists() {
            bail!(Refusal::new(format!("{} exists", plain(&self.to))).help("write another file: --to FILE"));
        }
        // The least inventory by which the management server can be asked; what is odd in an address is found by the same reader.
        let user = self.user.as_deref().map(|user| format!("ssh: {{user: {}}}\n", crate::yaml::quote(user)));
        let least = format!(
            "name: hopsworks\n{}hosts:\n  management: {{address: {}, roles: [management, ndb, mysql, namenode, datanode], nodeId: 1}}\nbackups: {{folder: {}}}\n",
            user.unwrap_or_default(),
            crate::yaml::quote(&self.address),
            crate::yaml::quote(&self.folder)
        );
        let inventory = inventory::read(&Source::new("the command line", least)).map_err(|problems| {
            let first = problems.into_iter().next();
            Failure::unusable(first.map(|problem| problem.problem).unwrap_or_default())
        })?;
        let remote = Remote::new(inventory, live::tell()).context("/tmp cannot be written")?;
        let Some(host) = remote.inventory.management().map(|host| host.name.clone()) else {
            bail!("no management server")
        };
        let said = ask::nodes(&remote, &host).await.map_err(hwdr_run::Halt::from);
        remote.close().await;
        let nodes = show::parse(&said?).map_err(Refusal::new)?;
        let found =
            Found { management: &self.address, user: self.user.as_deref(), nodes: &nodes, folder: &self.folder };
        let text = inventory::write(&found);
        if self.to == "-" {
            shown::print_data(&text);
            return Ok(Outcome::Clean);
        }
        std::fs::write(&self.to, text).with_context(|| format!("cannot write {}", self.to))?;
        shown::print(&format!(
            "{} is written. Look at what is guessed in it, then check it: helm hwdr vm doctor --inventory {}\n",
            plain(&self.to),
            word(&self.to)
        ));
        Ok(Outcome::Clean)
    }
}

impl Lint {
    pub(super) fn run(&self) -> Result<Outcome> {
        let (name, bytes) = (&self.inventory.inventory, self.inventory.bytes()?);
        let problems = inventory::lint(&text_of(name, bytes)?);
        tell_problems(&problems);
        match problems.len() {
            0 => {
                shown::print(&format!("{}: no errors\n", plain(name)));
                Ok(Outcome::Clean)
            }
            _ => Ok(Outcome::Refused),
        }
    }
}

impl Schema {
    pub(super) fn run(&self) -> Result<Outcome> {
        shown::print_data(SCHEMA);
        Ok(Outcome::Clean)
    }
}

impl Doctor {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let remote = self.inventory.remote()?;
        let facts = doctor::look(&remote).await;
        remote.close().await;
        let mut findings = doctor::judge(&remote.inventory, &facts);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
        match self.output {
            Form::Text => shown::print(&text(&findings)),
            Form::Json => shown::print_json(&json!({ "findings": findings }), true),
        }
        Ok(if finding::is_bad(&findings) { Outcome::Refused } else { Outcome::Clean })
    }
}
