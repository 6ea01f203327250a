//! `hwdr vm list`, `show`, `verify`, `keep`, `unkeep` and `prune`: the backups in the folder.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use clap::Args;
use hwdr_vm::away::{self, rclone::Rclone};
use hwdr_vm::check;
use hwdr_vm::finding::{self, Finding};
use hwdr_vm::inventory::Inventory;
use hwdr_vm::manifest::KEEP;
use hwdr_vm::record;
use hwdr_vm::stored::{self, Kind, Stored};
use serde_json::{Value as Json, json};

use super::{InventoryArgs, folder, now, text};
use crate::cli::Outcome;
use crate::cli::ask::confirm;
use crate::cli::words::Form;
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
/// The newest complete backup stays, the newest without gaps, those that are kept, and what the cookbook's script has written.
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
    /// The machines.
    pub(super) fn inventory(&self) -> Result<Inventory> {
        self.inventory.read()
    }

    /// The backup.
    pub(super) async fn find_in(&self, inventory: &Inventory) -> Result<Stored> {
        find(inventory, &self.id).await
    }
}

/// A backup, here or in the place of the inventory.
pub(super) async fn find(inventory: &Inventory, id: &str) -> Result<Stored> {
    let choose = |(all, packed): (_, Vec<_>)| stored::choose(all, &packed, inventory, id);
    let found = match away::all(inventory).await {
        Ok(all) => choose(all),
        // What is whole here can be restored without the place.
        Err(halt) => {
            let found = choose(stored::list(&inventory.backups).map_err(Refusal::new)?);
            if !found.as_ref().is_ok_and(Stored::is_whole) {
                return Err(halt.into());
            }
            shown::note(&format!("only the backups here are known: {}", halt.problem));
            found
        }
    };
    Ok(found.map_err(|why| Refusal::new(why).help("see which there are: helm hwdr vm list"))?)
}

fn time(stored: &Stored) -> String {
    stored.time.map_or_else(|| "-".to_owned(), |time| time.strftime("%Y-%m-%d %H:%M").to_string())
}

fn gib(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / f64::from(1 << 30))
}

/// Where a backup is, in a word.
fn whereabouts(stored: &Stored) -> &'static str {
    match (stored.is_here, stored.is_away) {
        (true, true) => "both",
        (true, false) => "here",
        (false, true) => "away",
        (false, false) => "-",
    }
}

impl List {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.inventory.read()?;
        let (all, packed) = away::all(&inventory).await?;
        let has_place = inventory.target.is_some();
        if self.output == Form::Json {
            let all: Vec<Json> = all.iter().map(as_json).collect();
            print_json(&json!({ "backups": all, "packed": packed }), true);
            return Ok(Outcome::Clean);
        }
        let mut out = String::new();
        if all.is_empty() {
            let _ = writeln!(out, "There is no backup in {}.", folder(&inventory).display());
        } else {
            let head = if has_place { "WHERE  KEPT" } else { "KEPT" };
            let _ = writeln!(out, "{:<10}  {:<16}  {:>8}  {:<10}  {head}", "ID", "MADE (UTC)", "GIB", "STATE");
        }
        for stored in &all {
            let size = match &stored.kind {
                Kind::Ours(manifest) => gib(manifest.bytes),
                _ => "-".to_owned(),
            };
            let kept = if stored.is_kept { "yes" } else { "" };
            let place = if has_place { format!("{:<5}  ", whereabouts(stored)) } else { String::new() };
            let line =
                format!("{:<10}  {:<16}  {size:>8}  {:<10}  {place}{kept}", stored.id, time(stored), stored.state());
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
        "id": stored.id, "folder": stored.folder, "state": stored.state(), "time": stored.time, "isKept": stored.is_kept,
        "isHere": stored.is_here, "isAway": stored.is_away, "manifest": manifest,
    })
}

impl Show {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.which.inventory()?;
        let stored = self.which.find_in(&inventory).await?;
        if self.output == Form::Json {
            print_json(&as_json(&stored), true);
            return Ok(Outcome::Clean);
        }
        let mut out = format!("Backup {}: {}\n", stored.id, stored.state());
        if stored.is_here || !stored.is_away {
            let _ = writeln!(out, "  {}", stored.folder.display());
        }
        if let Some(rclone) = away::place(&inventory).filter(|_| stored.is_away) {
            let _ = writeln!(out, "  {}", rclone.path(&stored.id.to_string()));
        }
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
            Kind::Incomplete => {
                out.push_str("  it has no manifest: it was interrupted. If it is the newest: helm hwdr vm resume\n")
            }
            Kind::Unreadable(why) => {
                let _ = writeln!(out, "  {}", shown::lines(why));
            }
        }
        print(&out);
        Ok(Outcome::Clean)
    }
}

impl Verify {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.which.inventory()?;
        let stored = self.which.find_in(&inventory).await?;
        let mut findings = match &stored.kind {
            Kind::Ours(_) if !stored.is_here => Vec::new(),
            Kind::Ours(manifest) => check::verify(&stored.folder, manifest),
            Kind::Cookbook => check::cookbook(&stored.folder, &stored.contents().map_err(Refusal::new)?, stored.id),
            Kind::Incomplete => vec![Finding::error("", "it is not complete: it has no manifest")],
            Kind::Unreadable(why) => vec![Finding::error("", why)],
        };
        if let Some(rclone) = away::place(&inventory).filter(|_| stored.is_away) {
            findings.extend(away::verify(&rclone, stored.id).await?);
        }
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
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.which.inventory()?;
        let stored = self.which.find_in(&inventory).await?;
        if let Some(rclone) = away::place(&inventory).filter(|_| stored.is_away) {
            away::keep(&rclone, stored.id, true).await?;
        }
        if stored.folder.is_dir() {
            std::fs::write(stored.folder.join(KEEP), "")
                .with_context(|| format!("{} cannot be written", stored.folder.display()))?;
        }
        print(&format!("Backup {} is kept until: helm hwdr vm unkeep {}\n", stored.id, stored.id));
        Ok(Outcome::Clean)
    }
}

impl Unkeep {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.which.inventory()?;
        let stored = self.which.find_in(&inventory).await?;
        if let Some(rclone) = away::place(&inventory).filter(|_| stored.is_away) {
            away::keep(&rclone, stored.id, false).await?;
        }
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
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.inventory.read()?;
        let rclone = away::place(&inventory);
        let (all, _) = away::all(&inventory).await?;
        // What is beside a backup is needed as long as its restore can be undone.
        let is_over = |stored: &&Stored| !record::is_open(&stored.folder);
        // The place may have those of other clusters, and what another machine sends just now.
        let (ours, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|stored| stored.is_of(&inventory));
        if !others.is_empty() {
            shown::note(&format!("{} backups of other clusters, or incomplete elsewhere, stay", others.len()));
        }
        let all = ours;
        let old: Vec<_> = stored::old(&all, inventory.keep_days, now()).into_iter().filter(is_over).collect();
        let sent = stored::sent(&all, inventory.keep_here_days, now()).into_iter().filter(is_over);
        let sent: Vec<_> = sent.filter(|stored| !old.iter().any(|other| other.id == stored.id)).collect();
        for stored in all.iter().filter(|stored| !is_over(stored)) {
            shown::note(&format!(
                "backup {} stays: its restore can still be undone (helm hwdr vm finalize)",
                stored.id
            ));
        }
        if old.is_empty() && sent.is_empty() {
            print(&format!("No backup is older than {} days.\n", inventory.keep_days));
            return Ok(Outcome::Clean);
        }
        let mut out = String::new();
        for stored in &old {
            let _ = writeln!(out, "{:<10}  {:<16}  {}", stored.id, time(stored), stored.state());
        }
        for stored in &sent {
            let _ = writeln!(out, "{:<10}  {:<16}  only here: it was sent", stored.id, time(stored));
        }
        print(&out);
        if self.dry_run {
            return Ok(Outcome::Clean);
        }
        let prompt = format!("Delete {} backups? [y/N] ", old.len().saturating_add(sent.len()));
        confirm(&prompt, "backups are deleted", "to agree: --yes", self.yes)?;
        for stored in old {
            delete(stored, rclone.as_ref()).await?;
            print(&format!("Backup {} is deleted\n", stored.id));
        }
        for stored in sent {
            delete(stored, None).await?;
            print(&format!("Backup {} is deleted here\n", stored.id));
        }
        Ok(Outcome::Clean)
    }
}

/// Deletes a backup here, and in a place. Without its manifest it is not complete, whatever happens then.
async fn delete(stored: &Stored, rclone: Option<&Rclone>) -> Result<()> {
    if let Some(rclone) = rclone {
        away::delete(rclone, stored.id).await?;
    }
    let manifest = stored.folder.join(hwdr_vm::manifest::FILE);
    let gone = match std::fs::remove_file(&manifest) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => std::fs::remove_dir_all(&stored.folder),
    };
    match gone {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be deleted", stored.folder.display()))
        }
        _ => Ok(()),
    }
}
