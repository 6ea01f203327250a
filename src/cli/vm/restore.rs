//! `hwdr vm restore`, `resume`, `undo`, `finalize` and `runbook`.

use std::fmt::Write as _;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, ValueEnum};
use hwdr_run::{Phase, Record as _, Show as _, Store as _};
use hwdr_vm::away;
use hwdr_vm::inventory::Inventory;
use hwdr_vm::plan;
use hwdr_vm::progress::interrupted;
use hwdr_vm::record::Diary;
use hwdr_vm::remote::Remote;
use hwdr_vm::restore::{Deed, Ended, Ready, allowed, begin, forget, go_on, last, on_paper, prepare};
use hwdr_vm::runbook;
use hwdr_vm::stored::Stored;

use super::backup;
use super::live::Live;
use super::stored::find;
use super::{InventoryArgs, now, text};
use crate::cli::Outcome;
use crate::cli::ask::confirm;
use crate::cli::messages::Failure;
use crate::refusal::Refusal;
use crate::shown::{self, lines, print};

/// Restores a backup into a cluster that was deployed again
///
/// The cluster must have the version of the backup, and be empty, or --wipe is given. Whatever can be known to fail is found before anything is
/// changed. The blocks of HopsFS that are there are set aside by renaming, and --wipe backs RonDB up first: undo puts both back, until finalize.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm restore ID [OPTIONS]")]
pub(super) struct Restore {
    /// The id of the backup, or latest
    id: String,
    /// Print the commands, host by host, and run none of them
    #[arg(long)]
    dry_run: bool,
    /// Replace the databases that the cluster has: they are backed up, and then DROPPED
    #[arg(long)]
    wipe: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    inventory: InventoryArgs,
}

/// Resumes an interrupted restore, from this machine or another; or the newest backup here, if that was interrupted
///
/// A backup is resumed where nothing can be missed: when RonDB's own backup has ended, and the blocks of HopsFS are listed. A complete one that
/// was not sent to the place of the inventory is sent.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm resume [OPTIONS]")]
pub(super) struct Resume {
    #[command(flatten)]
    inventory: InventoryArgs,
}

/// Undoes a restore: everything is as it was before
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm undo [OPTIONS]")]
pub(super) struct Undo {
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    inventory: InventoryArgs,
}

/// Deletes what a restore has set aside: it can then no longer be undone
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm finalize [OPTIONS]")]
pub(super) struct Finalize {
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    inventory: InventoryArgs,
}

/// Prints a restore as a page, or as a script, for whoever must do it by hand
///
/// No host is asked: write it before it is needed.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr vm runbook ID [OPTIONS]")]
pub(super) struct Runbook {
    /// The id of the backup, or latest
    id: String,
    /// What to print
    #[arg(short, long, value_enum, default_value_t, value_name = "FORM")]
    output: Paper,
    /// For a cluster that is not empty
    #[arg(long)]
    wipe: bool,
    #[command(flatten)]
    inventory: InventoryArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Paper {
    /// A page in Markdown
    #[default]
    Page,
    /// A script for bash
    Script,
}

impl Restore {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let remote = self.inventory.remote()?;
        let mut found = find(&remote.inventory, &self.id).await?;
        if !self.dry_run {
            found = brought(&remote.inventory, found).await?;
        }
        let ready = prepare(&remote, &found, self.wipe, now()).await;
        let ready = match ready {
            Ok(ready) => ready,
            Err(halt) => {
                remote.close().await;
                return Err(halt.into());
            }
        };
        shown::tell_bare(&text(&ready.findings));
        if self.dry_run {
            remote.close().await;
            let folder = ready.folder.display().to_string();
            print(&plan::dry_run(&ready.steps, &remote.inventory, &folder));
            return Ok(Outcome::Clean);
        }
        let what = what(&ready, &found);
        print(&what);
        let help = "see the commands with --dry-run, then add --yes";
        let asked = confirm("Restore it? [y/N] ", "a restore replaces data", help, self.yes);
        if let Err(error) = asked {
            remote.close().await;
            return Err(error);
        }
        let stop = hwdr_run::interrupted(&super::BUSY);
        ended(&remote, begin(Arc::clone(&remote), ready, Live, stop).await).await
    }
}

/// A backup that is only in the place of the inventory is brought here.
async fn brought(inventory: &Inventory, found: Stored) -> Result<Stored> {
    let Some(rclone) = away::place(inventory).filter(|_| found.is_away && !found.is_here) else { return Ok(found) };
    Live.note(&format!("backup {} is brought here from {}", found.id, rclone.path(&found.id.to_string())));
    away::fetch(&rclone, inventory, found.id, &mut |line| Live.note(line)).await?;
    find(inventory, &found.id.to_string()).await
}

/// What a restore does, in a few lines.
fn what(ready: &Ready, found: &Stored) -> String {
    let diary = &ready.diary;
    let of = match found.manifest() {
        Some(manifest) => {
            format!("of {}, made at {}", lines(&manifest.cluster), manifest.finished.strftime("%Y-%m-%d %H:%M UTC,"))
        }
        None => "of the cookbook's script".to_owned(),
    };
    let mut out =
        format!("Backup {} {of} is restored into {} in {} steps.\n", diary.backup, diary.cluster, ready.steps.len());
    match diary.safety {
        Some(safety) => {
            let _ = writeln!(
                out,
                "The databases of the cluster are DROPPED: {}. They are backed up before, as {safety}.",
                lines(&diary.before.join(", "))
            );
        }
        None => out.push_str("RonDB is empty.\n"),
    }
    if !diary.blocks.is_empty() {
        let hosts: Vec<_> = diary.blocks.iter().map(|(_, host)| host.to_string()).collect();
        let _ = writeln!(out, "The blocks on {} are set aside, and replaced.", hosts.join(", "));
    }
    if !diary.bare.is_empty() {
        let hosts: Vec<_> = diary.bare.iter().map(ToString::to_string).collect();
        let _ = writeln!(out, "The folders of blocks on {} are set aside: they get none.", hosts.join(", "));
    }
    out
}

/// Prints how a run ended.
async fn ended(remote: &Remote, done: Result<Diary, Ended>) -> Result<Outcome> {
    remote.close().await;
    let diary = match done {
        Ok(diary) => diary,
        Err(Ended::Refused(halt)) => return Err(halt.into()),
        Err(Ended::Stopped(halt)) => return Err(Failure::stopped(halt).into()),
    };
    let mut out = String::new();
    for finding in &diary.findings {
        let _ = writeln!(out, "- {}", lines(finding));
    }
    out.push_str(&match diary.phase() {
        Phase::Restored => format!(
            "Backup {} is restored. Look at the cluster, then delete what was set aside: helm hwdr vm finalize\nOr go back: helm hwdr vm undo\n",
            diary.backup
        ),
        Phase::Undone => format!(
            "The restore of backup {} is undone. Delete what it had restored, before another one: helm hwdr vm finalize\n",
            diary.backup
        ),
        _ => format!("The restore of backup {} is finalized.\n", diary.backup),
    });
    print(&out);
    Ok(Outcome::Clean)
}

/// What `finalize` does with the run of a cluster that is gone.
const FORGOTTEN: &str = "the cluster was deployed again since, so it is forgotten. Nothing on the hosts is deleted.";

/// Goes on with the last run; asks before, if there is a question.
async fn follow(inventory: &InventoryArgs, deed: Deed, ask: Option<(&str, bool)>) -> Result<Outcome> {
    let remote = inventory.remote()?;
    let looked = async {
        let store = last(&remote).await?;
        let diary = store.load()?;
        // A run of a cluster that is gone can be forgotten, and nothing else.
        let is_lost = store.is_foreign() && deed == Deed::Finalize;
        if !is_lost {
            allowed(&diary, store.is_foreign(), deed)?;
        }
        Ok::<_, hwdr_run::Halt>((diary, is_lost))
    };
    let (looked, is_lost) = match looked.await {
        Ok((diary, is_lost)) => (Ok(diary), is_lost),
        Err(halt) => (Err(halt), false),
    };
    let ask = ask.map(|(what, is_given)| if is_lost { (FORGOTTEN, is_given) } else { (what, is_given) });
    let asked = match looked {
        Ok(diary) => match ask {
            Some((what, is_given)) => {
                let prompt = format!("The restore of backup {}: {what} Go on? [y/N] ", diary.backup);
                confirm(&prompt, what, "to agree: --yes", is_given)
            }
            None => Ok(()),
        },
        Err(halt) => Err(halt.into()),
    };
    if let Err(error) = asked {
        remote.close().await;
        return Err(error);
    }
    if is_lost {
        return ended(&remote, forget(Arc::clone(&remote)).await).await;
    }
    let stop = hwdr_run::interrupted(&super::BUSY);
    ended(&remote, go_on(Arc::clone(&remote), deed, Live, stop).await).await
}

impl Resume {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let remote = self.inventory.remote()?;
        let looked = last(&remote).await.and_then(|store| Ok((store.load()?, store.is_foreign())));
        let since = match &looked {
            Ok((diary, is_foreign)) if allowed(diary, *is_foreign, Deed::Restore).is_ok() => {
                // Another machine may have made the backup, and this one may have a part of it.
                let brought = async {
                    let found = find(&remote.inventory, &diary.backup.to_string()).await?;
                    let stored = brought(&remote.inventory, found).await?;
                    match stored.is_whole() && stored.folder.is_dir() {
                        true => Ok(()),
                        false => Err(Refusal::new(format!("backup {} is not complete here", diary.backup))
                            .help(format!("bring it here: helm hwdr vm fetch {}", diary.backup))
                            .into()),
                    }
                };
                let came: Result<()> = brought.await;
                remote.close().await;
                came?;
                return follow(&self.inventory, Deed::Restore, None).await;
            }
            // What came before its end is of the cluster as it was then.
            Ok((diary, _)) => Some(diary.ended.unwrap_or(diary.began)),
            Err(_) => None,
        };
        let (all, _) = hwdr_vm::stored::list(&remote.inventory.backups).map_err(Refusal::new)?;
        if let Some((folder, progress)) = interrupted(&all, since).map_err(Refusal::new)? {
            return backup::resume(&remote, folder, progress).await;
        }
        remote.close().await;
        if let (Some(rclone), Some(newest)) =
            (away::place(&remote.inventory), all.first().filter(|it| it.manifest().is_some()))
        {
            let sent = away::send(&rclone, &remote.inventory, newest, &mut |line| Live.note(line)).await?;
            if sent {
                print(&format!("Backup {} is sent to {}\n", newest.id, rclone.path(&newest.id.to_string())));
                return Ok(Outcome::Clean);
            }
        }
        // There is nothing else: why it is not the restore.
        let (diary, is_foreign) = looked?;
        allowed(&diary, is_foreign, Deed::Restore)?;
        Ok(Outcome::Clean)
    }
}

impl Undo {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let what = "what was restored is dropped, and what was there before is put back.";
        follow(&self.inventory, Deed::Undo, Some((what, self.yes))).await
    }
}

impl Finalize {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let what = "what was set aside is DELETED, and undo is no longer possible.";
        follow(&self.inventory, Deed::Finalize, Some((what, self.yes))).await
    }
}

impl Runbook {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let inventory = self.inventory.read()?;
        let found = find(&inventory, &self.id).await?;
        let ready = on_paper(&inventory, &found, self.wipe, now())?;
        let title = format!("Restore of backup {} of {}", found.id, inventory.name);
        let folder = ready.folder.display().to_string();
        let out = match self.output {
            Paper::Page => runbook::page(&ready.steps, &inventory, &title, &folder),
            Paper::Script => runbook::script(&ready.steps, &inventory, &title, &folder),
        };
        shown::print_data(&out);
        Ok(Outcome::Clean)
    }
}
