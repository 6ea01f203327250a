//! Backups in a place elsewhere: a remote of rclone, or a bucket. Each backup is a folder there as it is here, whole in itself, and its manifest
//! is sent last: one without it is not complete.

mod fetch;
mod list;
pub mod modes;
pub mod rclone;
mod send;

use hwdr_run::Halt;
use hwdr_values::shown::plain;

pub use fetch::fetch;
pub use list::{all, all_in, merge};
pub use send::{keep_runs, on_paper, send};

use crate::check;
use crate::id::BackupId;
use crate::inventory::Inventory;
use crate::manifest::{self, KEEP, Manifest};
use crate::stored::Stored;
use rclone::Rclone;

/// The name of the step that sends a backup.
pub const STEP: &str = "send";
/// What it does.
pub const DOES: &str = "sends the backup to the place of the inventory, and its manifest last";

/// The place of an inventory, if it has one.
pub fn place(inventory: &Inventory) -> Option<Rclone> {
    inventory.target.as_ref().map(Rclone::new)
}

/// Whether the place can be written and read: a small file is written, read, and deleted again.
///
/// # Errors
/// Why not.
pub async fn probe(rclone: &Rclone) -> Result<(), Halt> {
    let name = format!("hwdr-probe-{}", std::process::id());
    let path = rclone.path(&name);
    rclone.write(&name, &name).await?;
    let read = rclone.run(["cat", &path]).await;
    let deleted = rclone.ask(["deletefile", &path]).await;
    match read?.as_str() == name {
        true => deleted.map(drop),
        false => Err(Halt::new(format!("{path}: what was written does not come back"))),
    }
}

/// Whether there is anything in the place by this id, complete or not.
///
/// # Errors
/// If the place cannot be read.
pub async fn is_used(rclone: &Rclone, id: BackupId) -> Result<bool, Halt> {
    let found = rclone.ask(["lsf", &rclone.path(&id.to_string())]).await?;
    Ok(found.is_some_and(|names| !names.is_empty()))
}

/// The manifest of a backup in the place, with its very text; none if the backup is not there, or not complete.
async fn manifest(rclone: &Rclone, id: BackupId) -> Result<Option<(Manifest, String)>, Halt> {
    let path = rclone.path(&format!("{id}/{}", manifest::FILE));
    // In a bucket, what is not there is read as nothing.
    let text = rclone.ask(["cat", &path]).await?.filter(|text| !text.is_empty());
    let Some(text) = text else { return Ok(None) };
    let manifest = Manifest::parse(&text, &path).map_err(Halt::new)?;
    match manifest.id == id {
        true => Ok(Some((manifest, text))),
        false => Err(Halt::new(format!("{path} is of backup {}", manifest.id))),
    }
}

/// The digests of a backup in the place: those that its manifest names.
async fn sums(rclone: &Rclone, manifest: &Manifest) -> Result<String, Halt> {
    let path = rclone.path(&format!("{}/{}", manifest.id, manifest::SUMS));
    let text = rclone.run(["cat", &path]).await?;
    if crate::local::sha256_of(&text) != manifest.sums {
        return Err(Halt::new(format!("{path} is not the file that the manifest names")));
    }
    if let Some(file) = check::sums(&text).into_keys().find(|file| !is_inside(file)) {
        return Err(Halt::new(format!("{path}: {} is not a path in a backup", plain(file))));
    }
    Ok(text)
}

/// Reads a backup in the place whole, and compares it with its digests. Nothing is stored here.
///
/// # Errors
/// If it cannot be read. What is wrong with it is a finding.
pub async fn verify(rclone: &Rclone, id: BackupId) -> Result<Vec<crate::finding::Finding>, Halt> {
    use crate::finding::Finding;
    let Some((manifest, _)) = manifest(rclone, id).await? else {
        return Ok(vec![Finding::error(rclone.path(&id.to_string()), "is not complete: it has no manifest")]);
    };
    let text = match sums(rclone, &manifest).await {
        Ok(text) => text,
        Err(halt) => return Ok(vec![Finding::error(rclone.path(&id.to_string()), halt.problem)]),
    };
    let list = Listed::new(&text)?;
    let folder = rclone.path(&id.to_string());
    // Its exit status only says that something differs: each line says what.
    let report =
        tempfile::NamedTempFile::new().map_err(|error| Halt::new(format!("/tmp cannot be written: {error}")))?;
    let combined = format!("--combined={}", report.path().display());
    let words = ["checksum", "sha256", &list.path(), &folder, "--download", "--one-way", "--checkers=8", &combined];
    let ran = rclone.ask(words).await;
    let said = std::fs::read_to_string(report.path()).unwrap_or_default();
    let mut found = Vec::new();
    let mut same = std::collections::BTreeSet::new();
    for line in said.lines() {
        match line.split_once(' ') {
            Some(("=", path)) => drop(same.insert(path)),
            Some(("*", path)) => {
                found.push(Finding::error(rclone.path(&format!("{id}/{path}")), "is damaged: its SHA-256 is another"))
            }
            Some(("!", path)) => found.push(Finding::error(rclone.path(&format!("{id}/{path}")), "cannot be read")),
            _ => {}
        }
    }
    let seen = |path: &str| same.contains(path) || found.iter().any(|it| it.about.ends_with(&format!("/{path}")));
    let missing: Vec<_> = check::sums(&text).into_keys().filter(|path| !seen(path)).collect();
    // Without a report nothing is known of any file.
    if said.is_empty() {
        ran?;
    }
    found.extend(missing.into_iter().map(|path| Finding::error(rclone.path(&format!("{id}/{path}")), "is missing")));
    Ok(found)
}

/// Keeps a backup in the place from being pruned, or no more.
///
/// # Errors
/// If the place cannot be written.
pub async fn keep(rclone: &Rclone, id: BackupId, is_kept: bool) -> Result<(), Halt> {
    match is_kept {
        // Not all places can hold an empty file.
        true => rclone.write(&format!("{id}/{KEEP}"), "kept\n").await,
        false => remove(rclone, id, KEEP).await,
    }
}

/// Deletes one file of a backup in the place, if it is there.
async fn remove(rclone: &Rclone, id: BackupId, file: &str) -> Result<(), Halt> {
    // "deletefile" fails where there is none.
    let only = format!("--include=/{file}");
    rclone.ask(["delete", &rclone.path(&id.to_string()), &only]).await.map(drop)
}

/// Deletes a backup in the place. Without its manifest it is not complete, whatever happens then.
///
/// # Errors
/// If it cannot be deleted.
pub async fn delete(rclone: &Rclone, id: BackupId) -> Result<(), Halt> {
    remove(rclone, id, manifest::FILE).await?;
    rclone.ask(["purge", &rclone.path(&id.to_string())]).await.map(drop)
}

/// A list of files for rclone, in a file of its own.
struct Listed(tempfile::NamedTempFile);

impl Listed {
    fn new(text: &str) -> Result<Self, Halt> {
        use std::io::Write as _;
        let unwritten = |error| Halt::new(format!("/tmp cannot be written: {error}"));
        let mut file = tempfile::NamedTempFile::new().map_err(unwritten)?;
        file.write_all(text.as_bytes()).map_err(unwritten)?;
        Ok(Self(file))
    }

    fn of<'p>(paths: impl IntoIterator<Item = &'p str>) -> Result<Self, Halt> {
        Self::new(&paths.into_iter().map(|path| format!("{path}\n")).collect::<String>())
    }

    fn path(&self) -> String {
        self.0.path().display().to_string()
    }

    /// The option that has rclone copy these, and nothing else.
    fn option(&self) -> String {
        format!("--files-from-raw={}", self.path())
    }
}

/// Whether a path lies in a backup, and is one of what is backed up.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && !path.contains(['\0', '\n', '\r'])
        && path.split('/').all(|part| !part.is_empty() && part != "." && part != "..")
        && !check::is_own(path)
}

/// The backup whose blocks need not be sent again: the newest complete one in the place.
fn base(all: &[Stored], id: BackupId) -> Option<&Manifest> {
    all.iter().filter(|stored| stored.is_away && stored.id != id).find_map(Stored::manifest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_backup() {
        for good in ["sql/users.sql", "hopsfs/data1/current/blk_1", "a"] {
            assert!(is_inside(good), "{good}");
        }
        for bad in ["", "/etc/x", "../x", "a/../b", "a//b", "a/./b", "manifest.json", "runs/run.json", "SHA256SUMS"] {
            assert!(!is_inside(bad), "{bad}");
        }
    }
}
