//! `hwdr backups keep` and `unkeep`: a backup protected from expiry, as far as that can be done.

use std::fmt::Write as _;

use anstyle::Style;
use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;
use serde_json::Value as Json;

use super::look::{Asks, LookArgs, Looked};
use super::told;
use crate::backups::{BackupSet, Inventory};
use crate::cli::Outcome;
use crate::cli::ask;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::lint::report::human::hang;
use crate::refusal::Refusal;
use crate::rights;
use crate::run::preflight;
use crate::shown::{self, plain, word};
use crate::velero::keep::{self, KEPT};

/// How often a change is tried while Velero writes to the object, too.
const TRIES: usize = 10;

/// Protects a backup from expiry, as far as that can be done
///
/// Velero's Backups of it get no expiration. It says what it cannot protect, and how long that lives: what the services' own CronJobs clean up, and
/// what the bucket's lifecycle rules delete.
///
/// ID is a backup id, the name of a part, or one of latest, oldest (that can be restored) and last-failed.
#[derive(Debug, Args)]
pub(super) struct Keep {
    #[command(flatten)]
    it: Which,
}

/// Lets a backup that was kept expire as before
///
/// Velero's Backups get their own expiration back. One that has passed is deleted by Velero within an hour.
///
/// ID is a backup id, the name of a part, or one of latest, oldest (that can be restored) and last-failed.
#[derive(Debug, Args)]
pub(super) struct Unkeep {
    #[command(flatten)]
    it: Which,
}

#[derive(Debug, Args)]
struct Which {
    /// The backup
    #[arg(value_name = "ID")]
    id: String,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    look: LookArgs,
}

impl Keep {
    pub(super) async fn run(&self) -> Result<Outcome> {
        self.it.run(true).await
    }
}

impl Unkeep {
    pub(super) async fn run(&self) -> Result<Outcome> {
        self.it.run(false).await
    }
}

/// A Backup to change.
struct Change {
    called: String,
    name: String,
    /// What happens to it, for people.
    what: String,
    is_needed: bool,
}

impl Which {
    async fn run(&self, keeps: bool) -> Result<Outcome> {
        let mut looked = self.look.look(rights::Command::BackupsKeep, Asks::Backups).await?;
        let unread = told(&looked.unread);
        let inventory = looked.inventory();
        let set = inventory.find(&self.id)?;
        if inventory.parts(set).any(|(series, _)| series.join.is_velero()) {
            let namespace = &looked.velero.namespace;
            preflight::velero_permissions(&looked.cluster, rights::Command::BackupsKeep, namespace).await?;
        }
        let changes = changes(&looked, &inventory, set, keeps).await?;
        if !changes.iter().any(|change| change.is_needed) {
            let already = if keeps { "kept already" } else { "not kept" };
            shown::print(&format!("Backup {} is {already}: nothing was changed.\n", plain(inventory.name(set))));
            return Ok(if unread.is_empty() { Outcome::Clean } else { Outcome::Unusable });
        }
        ask::show(text_of(&looked, &inventory, set, &changes, keeps).trim_end(), self.yes);
        let prompt = if keeps { "Keep it? [y/N] " } else { "Let it expire? [y/N] " };
        ask::confirm(prompt, "nothing was changed", "check what is shown above, then add --yes", self.yes)?;
        for change in changes.iter().filter(|change| change.is_needed) {
            apply(&looked.cluster, &looked.velero.namespace, &change.name, keeps).await?;
        }
        let done = if keeps { "is kept" } else { "expires as before" };
        shown::print(&format!("Backup {} {done}.\n", plain(inventory.name(set))));
        Ok(if unread.is_empty() { Outcome::Clean } else { Outcome::Unusable })
    }
}

/// What is changed of each of the set's Backups.
async fn changes(looked: &Looked, inventory: &Inventory, set: &BackupSet, keeps: bool) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (series, part) in inventory.parts(set).filter(|(series, _)| series.join.is_velero()) {
        let found = looked.cluster.get(Kind::BACKUP, Some(&looked.velero.namespace), &part.name).await?;
        let Some(backup) = found else {
            bail!(Refusal::new(format!("the Velero backup {} is gone", part.name)).help("start again"));
        };
        if keeps {
            can_be_kept(&backup, &looked.velero.namespace)?;
        }
        let patch = patch(&backup, keeps, &looked.velero.namespace)?;
        let what = if keeps { kept_text(&backup) } else { unkept_text(&backup, inventory.now) };
        let (called, name) = (series.called.clone(), part.name.clone());
        changes.push(Change { called, name, what, is_needed: patch.is_some() });
    }
    if changes.is_empty() {
        let refusal = Refusal::new(format!(
            "backup {} has no part that hwdr can protect: Velero has no backup of that time",
            inventory.name(set)
        ));
        let others = not_protected(looked, inventory, set);
        bail!(refusal.help(format!("what deletes it:\n{}", others.join("\n"))));
    }
    Ok(changes)
}

/// Refuses a Backup whose expiration would be written again, or that is gone soon.
fn can_be_kept(backup: &Json, namespace: &str) -> Result<()> {
    let name = text(backup, "/metadata/name");
    let is_deleting =
        !text(backup, "/metadata/deletionTimestamp").is_empty() || text(backup, "/status/phase") == "Deleting";
    if is_deleting {
        bail!(
            Refusal::new(format!("the Velero backup {name} is being deleted"))
                .help("choose another:\nhelm hwdr backups list")
        );
    }
    if !crate::cluster::condition::backup_is_over(backup) {
        bail!(Refusal::new(format!("the Velero backup {name} is still being made")).help(format!(
            "wait for it:\nkubectl -n {} get backup {} -w",
            word(namespace),
            word(name)
        )));
    }
    Ok(())
}

/// The patch that does it; none if nothing has to be done.
fn patch(backup: &Json, keeps: bool, namespace: &str) -> Result<Option<Json>> {
    if keeps {
        return Ok(keep::keep(backup));
    }
    let name = text(backup, "/metadata/name");
    Ok(keep::release(backup).map_err(|noted| {
        Refusal::new(format!(
            "the Velero backup {name} has the annotation {KEPT}: {noted:?}, which hwdr has not written"
        ))
        .help(format!(
            "set its expiration yourself, and remove the annotation:\nkubectl -n {} edit backup {}",
            word(namespace),
            word(name)
        ))
    })?)
}

fn kept_text(backup: &Json) -> String {
    match text(backup, "/status/expiration") {
        _ if keep::is_kept(backup) => "kept already".to_owned(),
        "" => "has no expiration; that is noted".to_owned(),
        expiration => format!("expires at {expiration}; then never"),
    }
}

fn unkept_text(backup: &Json, now: Timestamp) -> String {
    if let Some(expiration) = keep::expires_again(backup) {
        return format!("expires at {expiration:.0}, as somebody has set since it was kept");
    }
    match keep::before(backup).ok().flatten() {
        _ if !keep::is_kept(backup) => "not kept".to_owned(),
        None => "had no expiration, and stays".to_owned(),
        Some(expiration) if expiration <= now => {
            format!("expired at {expiration:.0}: Velero DELETES it within an hour")
        }
        Some(expiration) => format!("expires at {expiration:.0}"),
    }
}

/// Writes it into exactly the version that was looked at.
async fn apply(cluster: &Cluster, namespace: &str, name: &str, keeps: bool) -> Result<()> {
    for _ in 0..TRIES {
        let Some(backup) = cluster.get(Kind::BACKUP, Some(namespace), name).await? else { break };
        if keeps {
            can_be_kept(&backup, namespace)?;
        }
        let Some(patch) = patch(&backup, keeps, namespace)? else { return Ok(()) };
        match cluster.patch_this(Kind::BACKUP, Some(namespace), &backup, &patch).await {
            Err(error) if error.is_conflict() => {}
            done => return Ok(done.map(drop)?),
        }
    }
    bail!(
        Refusal::new(format!("the Velero backup {name} is gone, or changed during every attempt to change it"))
            .help("start again")
    )
}

/// What is done, and what cannot be.
fn text_of(looked: &Looked, inventory: &Inventory, set: &BackupSet, changes: &[Change], keeps: bool) -> String {
    let bold = Style::new().bold();
    let mut out = format!("{bold}Backup {}{bold:#}\n", plain(inventory.name(set)));
    for Change { called, name, what, .. } in changes {
        let _ = writeln!(out, "  {called:<28}{}", hang(&plain(name), shown::message_width(), 30));
        let _ = writeln!(out, "  {:<28}{}", "", hang(what, shown::message_width(), 30));
        let others: Vec<_> = inventory
            .sets
            .iter()
            .filter(|other| *other != set && inventory.parts(other).any(|(_, part)| part.name == *name))
            .map(|other| inventory.name(other))
            .collect();
        if let [first, more @ ..] = others.as_slice() {
            let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
            let _ = writeln!(
                out,
                "  {:<28}{}",
                "",
                hang(&format!("also of backup {}{more}", plain(first)), shown::message_width(), 30)
            );
        }
    }
    if keeps {
        let _ = writeln!(out, "\nNot protected:");
        for line in not_protected(looked, inventory, set) {
            let _ = writeln!(out, "  {}", hang(&line, shown::message_width(), 4));
        }
    }
    out
}

/// What else deletes parts of a set, and when.
fn not_protected(looked: &Looked, inventory: &Inventory, set: &BackupSet) -> Vec<String> {
    let mut lines = Vec::new();
    for service in looked.product.services() {
        let Some(how) = service.clean_up() else { continue };
        let is_recorded = looked.product.records().contains(&service.name());
        let part = inventory.parts(set).find(|(series, _)| series.service == service.name()).map(|(_, part)| part);
        if is_recorded && part.is_none() {
            continue;
        }
        let until = match part.map(|part| part.expires) {
            None => String::new(),
            Some(None) => ". Until when is not known: neither its CronJob nor the values (-f) have a ttl".to_owned(),
            Some(Some(expires)) => format!(". From {expires:.0} on, the next run deletes it"),
        };
        lines.push(format!("{} {how}{until}", service.title()));
    }
    lines.push(
        "Velero's files in the bucket keep the old expiration: another cluster that reads the same storage location for writing deletes them \
         when it is over, and so does this one if the Backup object is synced again"
            .to_owned(),
    );
    lines
}
