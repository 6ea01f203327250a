//! `hwdr vm send` and `fetch`: backups to and from the place of the inventory.

use anyhow::Result;
use clap::Args;
use hwdr_run::Show as _;
use hwdr_vm::away::{self, rclone::Rclone};
use hwdr_vm::inventory::Inventory;

use super::live::Live;
use super::stored::Which;
use crate::cli::Outcome;
use crate::refusal::Refusal;
use crate::shown::print;

/// Sends a backup to the rclone remote or the bucket of the inventory
///
/// A backup does that itself; this sends one that was made before, or whose sending failed. What is there already is not sent again.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm send ID [OPTIONS]")]
pub(super) struct Send {
    #[command(flatten)]
    which: Which,
}

/// Brings a backup from the rclone remote or the bucket of the inventory into the folder here
///
/// A restore does that itself. What came already is not brought again, and all of it is checked.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm fetch ID [OPTIONS]")]
pub(super) struct Fetch {
    #[command(flatten)]
    which: Which,
}

/// The place that the inventory names.
fn place(inventory: &Inventory) -> Result<Rclone> {
    let none = || {
        Refusal::new("the inventory names no place that backups are sent to")
            .help("add it: backups.rclone or backups.s3")
    };
    Ok(away::place(inventory).ok_or_else(none)?)
}

impl Send {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.which.inventory()?;
        let rclone = place(&inventory)?;
        let stored = self.which.find_in(&inventory).await?;
        let sent = away::send(&rclone, &inventory, &stored, &mut |line| Live.note(line)).await?;
        let what = if sent { "is sent to" } else { "is there already:" };
        print(&format!("Backup {} {what} {}\n", stored.id, rclone.path(&stored.id.to_string())));
        Ok(Outcome::Clean)
    }
}

impl Fetch {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.which.inventory()?;
        let rclone = place(&inventory)?;
        let stored = self.which.find_in(&inventory).await?;
        let came = away::fetch(&rclone, &inventory, stored.id, &mut |line| Live.note(line)).await?;
        let what = if came { "is complete in" } else { "is there already:" };
        print(&format!("Backup {} {what} {}\n", stored.id, stored.folder.display()));
        Ok(Outcome::Clean)
    }
}
