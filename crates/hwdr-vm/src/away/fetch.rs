//! Brings a backup from the place into the folder here.

use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use hwdr_run::Halt;

use super::rclone::Rclone;
use super::{Listed, manifest, modes, sums};
use crate::backup::{private, refused, sync};
use crate::check;
use crate::finding::{self, Level};
use crate::id::BackupId;
use crate::inventory::Inventory;
use crate::local;
use crate::manifest::{FILE, Manifest, SUMS};
use crate::plan::restore::{OLD_SCHEMAS, OLD_USERS};

/// Brings a backup here. What came already is not brought again; all of it is compared with its digests, and its manifest comes last.
/// The result says whether there was anything to do.
///
/// # Errors
/// If it is not complete in the place, there is no room here, or what comes is damaged.
pub async fn fetch(
    rclone: &Rclone,
    inventory: &Inventory,
    id: BackupId,
    tell: &mut dyn FnMut(&str),
) -> Result<bool, Halt> {
    let folder = inventory.backups.join(id.to_string());
    let here = Manifest::read(&folder).map_err(Halt::new)?;
    let Some((there, text)) = manifest(rclone, id).await? else {
        return Err(Halt::new(format!("{} is not there, or not complete", rclone.path(&id.to_string())))
            .help("see which there are: helm hwdr vm list"));
    };
    match here {
        Some(here) if here.sums == there.sums => {
            runs(rclone, id, &folder).await?;
            return Ok(false);
        }
        Some(_) => {
            return Err(Halt::new(format!("{} is another backup with the same id", folder.display()))
                .help("nothing was brought: look at both, and move the wrong one away"));
        }
        None => {}
    }
    let room = local::free(&inventory.backups).unwrap_or_default();
    let came = local::files(&folder).map_or(0, |files| local::size_of(&files));
    let missing = there.bytes.saturating_sub(came);
    if room < missing {
        return Err(Halt::new(format!(
            "{} has {} MiB free, and {} MiB of backup {id} are to come",
            inventory.backups.display(),
            room >> 20,
            missing >> 20
        ))
        .help("make room, or name another folder: backups.folder in the inventory"));
    }
    let unwritten = |error: io::Error| Halt::new(format!("{} cannot be written: {error}", folder.display()));
    let digests = sums(rclone, &there).await?;
    private(&folder).map_err(unwritten)?;
    let list = Listed::of(check::sums(&digests).into_keys())?;
    let from = rclone.path(&id.to_string());
    rclone.copy(vec!["copy".into(), from.clone().into(), (&folder).into(), list.option().into()], tell).await?;
    fs::write(folder.join(SUMS), &digests).map_err(unwritten)?;
    runs(rclone, id, &folder).await?;
    attributes(&folder, &digests)?;
    let mut findings = check::digests(&folder, &there);
    findings.retain(|finding| finding.level == Level::Error);
    if finding::is_bad(&findings) {
        return Err(refused(&findings, &format!("what came of backup {id} is damaged, and is not complete here"))
            .help(format!("what is right stays; see what is wrong elsewhere: helm hwdr vm verify {id}")));
    }
    sync(&folder);
    local::replace(&folder.join(FILE), &text).map_err(unwritten)?;
    Ok(true)
}

/// Brings what a restore from another machine has left, to be undone.
async fn runs(rclone: &Rclone, id: BackupId, folder: &Path) -> Result<(), Halt> {
    let old = [OLD_USERS, OLD_SCHEMAS].map(|file| OsString::from(format!("--include=/{file}")));
    let words = [OsString::from("copy"), rclone.path(&id.to_string()).into(), folder.into()];
    rclone.ask(words.into_iter().chain(old)).await.map(drop)
}

/// Gives what came the modes that it had. What is no block holds data that only this user may read.
fn attributes(folder: &Path, digests: &str) -> Result<(), Halt> {
    for path in check::sums(digests).into_keys().filter(|path| !path.starts_with("hopsfs/")) {
        match fs::set_permissions(folder.join(path), Permissions::from_mode(0o600)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Halt::new(format!("{path}: its mode cannot be changed: {error}")));
            }
            _ => {}
        }
    }
    match fs::read_to_string(folder.join(modes::FILE)) {
        Ok(text) => modes::apply(folder, &text).map_err(Halt::new),
        // Earlier versions of hwdr wrote none.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Halt::new(format!("{} cannot be read: {error}", modes::FILE))),
    }
}
