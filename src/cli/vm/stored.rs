//! `hwdr vm list`, `show`, `verify`, `keep`, `unkeep` and `prune`: the backups in the folder.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use clap::Args;
use hwdr_vm::check;
use hwdr_vm::finding::{self, Finding};
use hwdr_vm::manifest::KEEP;
use hwdr_vm::stored::{self, Kind, Stored};
use serde_json::{Value as Json, json};

use super::{Form, InventoryArgs, folder, now, text};
use crate::cli::Outcome;
use crate::cli::ask::{Question, YES};
use crate::refusal::Refusal;
use crate::shown::{self, plain, print, print_json};

/// Lists the backups, also those of the cookbook's script
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm list [OPTIONS]")]
pub(super) struct List {
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    #[command(flatten)]
    inventory: InventoryArgs,
}

/// Shows what is in a backup
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm show ID [OPTIONS]")]
pub(super) struct Show {
    #[command(flatten)]
    which: Which,
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
}

/// Reads all files of a backup: digests, RonDB's own files, dumps
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm verify ID [OPTIONS]")]
pub(super) struct Verify {
    #[command(flatten)]
    which: Which,
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
}

/// Keeps a backup from being pruned
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm keep ID [OPTIONS]")]
pub(super) struct Keep {
    #[command(flatten)]
    which: Which,
}

/// Lets a backup be pruned again
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm unkeep ID [OPTIONS]")]
pub(super) struct Unkeep {
    #[command(flatten)]
    which: Which,
}

/// Deletes backups that are older than backups.keepDays of the inventory
///
/// The newest complete backup stays, and those that are kept, and what the cookbook's script has written.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm prune [OPTIONS]")]
pub(super) struct Prune {
    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    inventory: InventoryArgs,
}

#[derive(Debug, Args)]
pub(super) struct Which {
    /// The id of the backup, or latest
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    inventory: InventoryArgs,
}

impl Which {
    /// The backup.
    fn find(&self) -> Result<Stored> {
        let inventory = self.inventory.read()?;
        let found = stored::find(&inventory.backups, &self.id);
        Ok(found.map_err(|why| Refusal::new(why).help("see which there are: helm hwdr vm list"))?)
    }
}

fn time(stored: &Stored) -> String {
    stored.time.map_or_else(|| "-".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

fn gib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 30))
}

impl List {
    pub(super) fn run(&self) -> Result<Outcome> {
        let inventory = self.inventory.read()?;
        let (all, packed) = stored::list(&inventory.backups).map_err(Refusal::new)?;
        if self.output == Form::Json {
            let all: Vec<Json> = all.iter().map(as_json).collect();
            print_json(&json!({ "backups": all, "packed": packed }), true);
            return Ok(Outcome::Clean);
        }
        let mut out = String::new();
        if all.is_empty() {
            let _ = writeln!(out, "There is no backup in {}.", folder(&inventory).display());
        } else {
            let _ = writeln!(out, "{:<10}  {:<16}  {:>8}  {:<10}  KEPT", "ID", "MADE (UTC)", "GIB", "STATE");
        }
        for stored in &all {
            let size = match &stored.kind {
                Kind::Ours(manifest) => gib(manifest.bytes),
                _ => "-".to_owned(),
            };
            let kept = if stored.is_kept { "yes" } else { "" };
            let line = format!("{:<10}  {:<16}  {size:>8}  {:<10}  {kept}", stored.id, time(stored), stored.state());
            let _ = writeln!(out, "{}", line.trim_end());
        }
        for name in packed {
            let _ = writeln!(out, "Packed, unpack it with tar -xzf to use it: {}", plain(&name));
        }
        print(&out);
        Ok(Outcome::Clean)
    }
}

fn as_json(stored: &Stored) -> Json {
    let manifest = match &stored.kind {
        Kind::Ours(manifest) => serde_json::to_value(manifest).unwrap_or_default(),
        _ => Json::Null,
    };
    json!({
        "id": stored.id, "folder": stored.folder, "state": stored.state(), "time": stored.time, "isKept": stored.is_kept, "manifest": manifest,
    })
}

impl Show {
    pub(super) fn run(&self) -> Result<Outcome> {
        let stored = self.which.find()?;
        if self.output == Form::Json {
            print_json(&as_json(&stored), true);
            return Ok(Outcome::Clean);
        }
        let mut out = format!("Backup {}: {}\n  {}\n", stored.id, stored.state(), stored.folder.display());
        match &stored.kind {
            Kind::Ours(manifest) => {
                let _ = writeln!(
                    out,
                    "  made {} to {} UTC",
                    manifest.began.strftime("%Y-%m-%d %H:%M"),
                    manifest.finished.strftime("%H:%M")
                );
                let _ = writeln!(out, "  cluster {}, {}", plain(&manifest.cluster), plain(&manifest.server));
                let rows = manifest.rows.map_or_else(|| "rows not counted".to_owned(), |rows| format!("{rows} rows"));
                let nodes: Vec<_> = manifest.nodes.iter().map(|node| format!("{} on {}", node.id, node.host)).collect();
                let _ = writeln!(out, "  RonDB: {} tables, {rows}; data nodes {}", manifest.tables, nodes.join(", "));
                match &manifest.blocks {
                    None => out.push_str("  HopsFS: blocks are in object storage\n"),
                    Some(all) => {
                        for blocks in all {
                            let _ = writeln!(
                                out,
                                "  HopsFS: {} blocks of {}, {} GiB",
                                blocks.blocks,
                                blocks.host,
                                gib(blocks.bytes)
                            );
                        }
                    }
                }
                if !manifest.vanished.is_empty() {
                    let some: Vec<_> = manifest.vanished.iter().take(10).map(|block| format!("blk_{block}")).collect();
                    let _ = writeln!(
                        out,
                        "  {} blocks were deleted while it was made: {}",
                        manifest.vanished.len(),
                        some.join(", ")
                    );
                }
            }
            Kind::Cookbook => {
                out.push_str("  made by the cookbook's script: RonDB, users and schemas, no blocks of HopsFS\n")
            }
            Kind::Incomplete => out.push_str("  it has no manifest: hwdr was interrupted\n"),
            Kind::Unreadable(why) => {
                let _ = writeln!(out, "  {}", shown::lines(why));
            }
        }
        print(&out);
        Ok(Outcome::Clean)
    }
}

impl Verify {
    pub(super) fn run(&self) -> Result<Outcome> {
        let stored = self.which.find()?;
        let mut findings = match &stored.kind {
            Kind::Ours(manifest) => check::verify(&stored.folder, manifest),
            Kind::Cookbook => check::cookbook(&stored.folder, &stored.contents().map_err(Refusal::new)?, stored.id),
            Kind::Incomplete => vec![Finding::error("", "it is not complete: it has no manifest")],
            Kind::Unreadable(why) => vec![Finding::error("", why)],
        };
        let is_bad = finding::is_bad(&findings);
        if !is_bad {
            findings.push(Finding::fine("", format!("backup {} can be restored", stored.id)));
        }
        match self.output {
            Form::Text => print(&text(&findings)),
            Form::Json => print_json(&json!({ "id": stored.id, "findings": findings }), true),
        }
        Ok(if is_bad { Outcome::Refused } else { Outcome::Clean })
    }
}

impl Keep {
    pub(super) fn run(&self) -> Result<Outcome> {
        let stored = self.which.find()?;
        std::fs::write(stored.folder.join(KEEP), "")
            .with_context(|| format!("{} cannot be written", stored.folder.display()))?;
        print(&format!("Backup {} is kept until: helm hwdr vm unkeep {}\n", stored.id, stored.id));
        Ok(Outcome::Clean)
    }
}

impl Unkeep {
    pub(super) fn run(&self) -> Result<Outcome> {
        let stored = self.which.find()?;
        match std::fs::remove_file(stored.folder.join(KEEP)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).context("it cannot be changed");
            }
            _ => print(&format!("Backup {} is pruned when it is old enough\n", stored.id)),
        }
        Ok(Outcome::Clean)
    }
}

impl Prune {
    pub(super) fn run(&self) -> Result<Outcome> {
        let inventory = self.inventory.read()?;
        let (all, _) = stored::list(&inventory.backups).map_err(Refusal::new)?;
        let old = stored::old(&all, inventory.keep_days, now());
        if old.is_empty() {
            print(&format!("No backup is older than {} days.\n", inventory.keep_days));
            return Ok(Outcome::Clean);
        }
        let mut out = String::new();
        for stored in &old {
            let _ = writeln!(out, "{:<10}  {:<16}  {}", stored.id, time(stored), stored.state());
        }
        print(&out);
        if self.dry_run {
            return Ok(Outcome::Clean);
        }
        let prompt = format!("Delete {} backups? [y/N] ", old.len());
        Question { prompt: &prompt, agree: YES, what: "backups are deleted", help: "to agree: --yes" }.ask(self.yes)?;
        for stored in old {
            // Without its manifest it is not complete, whatever happens then.
            let manifest = stored.folder.join(hwdr_vm::manifest::FILE);
            let gone = match std::fs::remove_file(&manifest) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => std::fs::remove_dir_all(&stored.folder),
            };
            gone.with_context(|| format!("{} cannot be deleted", stored.folder.display()))?;
            print(&format!("Backup {} is deleted\n", stored.id));
        }
        Ok(Outcome::Clean)
    }
}
