//! Sends a backup to the place.

use std::collections::BTreeMap;
use std::ffi::OsString;

use hwdr_run::Halt;

use super::rclone::Rclone;
use super::{Listed, base, manifest, sums};
use crate::check;
use crate::id::BackupId;
use crate::inventory::Inventory;
use crate::local;
use crate::manifest::{FILE, SUMS};
use crate::plan::restore::{OLD_SCHEMAS, OLD_USERS};
use crate::stored::{Kind, Stored};

/// The commands that send a backup, for people.
pub fn on_paper(rclone: &Rclone, inventory: &Inventory, id: BackupId) -> String {
    let (here, there) = (inventory.backups.join(id.to_string()).display().to_string(), rclone.path(&id.to_string()));
    let copy = ["copy", &here, &there, "--exclude=/runs/**", &format!("--exclude=/{FILE}")].map(str::to_owned);
    let last = ["copyto".to_owned(), format!("{here}/{FILE}"), format!("{there}/{FILE}")];
    format!("     {}\n     {}\n", rclone.typed(&copy), rclone.typed(&last))
}

/// Sends a complete backup. What is there already is not sent again; blocks that an earlier backup in the place has are copied there, by the
/// server, where it can. The result says whether there was anything to do.
///
/// # Errors
/// If it is not complete, or cannot be sent. Then it is not complete in the place, and can be sent again.
pub async fn send(
    rclone: &Rclone,
    inventory: &Inventory,
    stored: &Stored,
    tell: &mut dyn FnMut(&str),
) -> Result<bool, Halt> {
    let Kind::Ours(own) = &stored.kind else {
        return Err(Halt::new(format!("backup {} is not complete here, or not hwdr's: it cannot be sent", stored.id)));
    };
    let (id, folder) = (stored.id, &stored.folder);
    match manifest(rclone, id).await? {
        Some((there, _)) if there.sums == own.sums => {
            keep_it(rclone, stored).await?;
            return Ok(false);
        }
        Some(_) => {
            return Err(Halt::new(format!("{} is another backup with the same id", rclone.path(&id.to_string())))
                .help("nothing was sent: look at both, and delete the wrong one"));
        }
        None => {}
    }
    let unread = |error: std::io::Error| Halt::new(format!("{} cannot be read: {error}", folder.display()));
    let text = std::fs::read_to_string(folder.join(SUMS)).map_err(unread)?;
    if local::sha256_of(&text) != own.sums {
        return Err(Halt::new(format!("{}/{SUMS} is not the file that the manifest names", folder.display()))
            .help(format!("see what is wrong: helm hwdr vm verify {id}")));
    }
    let all = check::sums(&text);
    let target = rclone.path(&id.to_string());
    reuse(rclone, inventory, id, &all, tell).await?;
    // All of it: what is there already is left as it is.
    let list = Listed::of(all.keys().copied().chain([SUMS]))?;
    let words: Vec<OsString> = vec!["copy".into(), folder.into(), target.clone().into(), list.option().into()];
    rclone.copy(words, tell).await?;
    compare(rclone, stored, all.keys().copied().chain([SUMS])).await?;
    let (from, to) = (folder.join(FILE), format!("{target}/{FILE}"));
    rclone.run([OsString::from("copyto"), from.into(), to.into()]).await?;
    match manifest(rclone, id).await? {
        Some((there, _)) if there == **own => {
            keep_it(rclone, stored).await?;
            Ok(true)
        }
        _ => Err(Halt::new(format!("{target}: its manifest does not come back as it was sent"))
            .help(format!("send it again: helm hwdr vm send {id}"))),
    }
}

/// What is kept here is kept in the place, too.
async fn keep_it(rclone: &Rclone, stored: &Stored) -> Result<(), Halt> {
    if stored.is_kept { super::keep(rclone, stored.id, true).await } else { Ok(()) }
}

/// Has the server copy the blocks that an earlier backup in the place has, too. If it cannot, or something goes wrong, they are sent.
async fn reuse(
    rclone: &Rclone,
    inventory: &Inventory,
    id: BackupId,
    all: &BTreeMap<&str, &str>,
    tell: &mut dyn FnMut(&str),
) -> Result<(), Halt> {
    let (known, _) = super::all_in(rclone, inventory).await?;
    let Some(earlier) = base(&known, id) else { return Ok(()) };
    let features = rclone.run(["backend", "features", &rclone.path("")]).await.unwrap_or_default();
    let features: serde_json::Value = serde_json::from_str(&features).unwrap_or_default();
    if features.pointer("/Features/Copy").and_then(serde_json::Value::as_bool) != Some(true) {
        return Ok(());
    }
    let Ok(text) = sums(rclone, earlier).await else { return Ok(()) };
    let there = check::sums(&text);
    let shared = |(path, sum): &(&&str, &&str)| path.starts_with("hopsfs/") && there.get(**path) == Some(*sum);
    let shared: Vec<&str> = all.iter().filter(shared).map(|(path, _)| *path).collect();
    if shared.is_empty() {
        return Ok(());
    }
    let list = Listed::of(shared.iter().copied())?;
    let (from, to) = (rclone.path(&earlier.id.to_string()), rclone.path(&id.to_string()));
    let words: Vec<OsString> = vec!["copy".into(), from.into(), to.into(), list.option().into()];
    if let Err(halt) = rclone.copy(words, tell).await {
        tell(&format!(
            "blocks of backup {} cannot be copied in the place, so they are sent: {}",
            earlier.id, halt.problem
        ));
    }
    Ok(())
}

/// Whether all files are there, as long as they are here. rclone has compared digests of those that it sent.
async fn compare<'p>(rclone: &Rclone, stored: &Stored, paths: impl Iterator<Item = &'p str>) -> Result<(), Halt> {
    let target = rclone.path(&stored.id.to_string());
    let words = ["lsf", "--recursive", "--files-only", "--format=sp", "--separator= ", &target];
    let said = rclone.run(words).await?;
    let there: BTreeMap<&str, u64> = said
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(size, path)| Some((path, size.parse().ok()?)))
        .collect();
    for path in paths {
        let unread = |error| Halt::new(format!("{path} cannot be read: {error}"));
        let size = std::fs::metadata(stored.folder.join(path)).map_err(unread)?.len();
        let what = match there.get(path) {
            Some(other) if *other == size => continue,
            Some(other) => format!("has {other} bytes, expected {size}"),
            None => "is not there".to_owned(),
        };
        return Err(Halt::new(format!("{target}/{path} {what}: the backup is not announced as complete"))
            .help(format!("send it again: helm hwdr vm send {}", stored.id)));
    }
    Ok(())
}

/// Sends what the cluster had before a restore, beside the backup: whoever undoes the restore from another machine needs it.
///
/// # Errors
/// If it cannot be sent.
pub async fn keep_runs(rclone: &Rclone, stored: &Stored) -> Result<(), Halt> {
    for file in [OLD_USERS, OLD_SCHEMAS] {
        let path = stored.folder.join(file);
        if path.exists() {
            let to = rclone.path(&format!("{}/{file}", stored.id));
            rclone.run([OsString::from("copyto"), path.into(), to.into()]).await?;
        }
    }
    Ok(())
}
