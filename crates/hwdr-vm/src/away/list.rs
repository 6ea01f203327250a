//! Which backups there are, here and elsewhere.

use hwdr_run::Halt;

use super::{place, rclone::Rclone};
use crate::id::BackupId;
use crate::inventory::Inventory;
use crate::manifest::{FILE, KEEP};
use crate::stored::{self, Kind, Stored};

/// All backups, here and in the place of the inventory, the newest first; and the names of packed ones here.
///
/// # Errors
/// If the folder or the place cannot be read.
pub async fn all(inventory: &Inventory) -> Result<(Vec<Stored>, Vec<String>), Halt> {
    match place(inventory) {
        Some(rclone) => all_in(&rclone, inventory).await,
        None => stored::list(&inventory.backups).map_err(Halt::new),
    }
}

/// All backups, here and in a certain place.
///
/// # Errors
/// As [`all()`].
pub async fn all_in(rclone: &Rclone, inventory: &Inventory) -> Result<(Vec<Stored>, Vec<String>), Halt> {
    let (here, packed) = stored::list(&inventory.backups).map_err(Halt::new)?;
    Ok((merge(here, away(rclone).await?, inventory), packed))
}

/// The backups in the place.
async fn away(rclone: &Rclone) -> Result<Vec<Stored>, Halt> {
    // One that was never written is empty.
    let Some(names) = rclone.ask(["lsf", "--dirs-only", &rclone.path("")]).await? else { return Ok(Vec::new()) };
    let ids: Vec<BackupId> = names.lines().filter_map(|name| name.strip_suffix('/')?.parse().ok()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let unwritten = |error| Halt::new(format!("/tmp cannot be written: {error}"));
    let folder = tempfile::Builder::new().prefix("hwdr-").tempdir().map_err(unwritten)?;
    let from = rclone.path("");
    let to = folder.path().display().to_string();
    let (manifests, kept) = (format!("--include=/*/{FILE}"), format!("--include=/*/{KEEP}"));
    rclone.run(["copy", &from, &to, &manifests, &kept, "--checkers=16", "--transfers=16"]).await?;
    let found = ids.into_iter().map(|id| {
        let found = stored::stored(&folder.path().join(id.to_string()), &id.to_string());
        // What has no manifest has nothing that was copied.
        let found = found.unwrap_or_else(|| Stored::new(id, folder.path().join(id.to_string()), Kind::Incomplete));
        match found.kind {
            // The time is that of the copy here.
            Kind::Incomplete | Kind::Unreadable(_) => Stored { time: id.time(), ..found },
            _ => found,
        }
    });
    Ok(found.collect())
}

/// What is here and what is elsewhere, as one list, the newest first.
pub fn merge(here: Vec<Stored>, away: Vec<Stored>, inventory: &Inventory) -> Vec<Stored> {
    let mut all: Vec<Stored> = here.into_iter().map(|stored| Stored { is_here: stored.is_whole(), ..stored }).collect();
    for there in away {
        let is_away = there.is_whole();
        let Some(one) = all.iter_mut().find(|stored| stored.id == there.id) else {
            let folder = inventory.backups.join(there.id.to_string());
            all.push(Stored { folder, is_here: false, is_away, ..there });
            continue;
        };
        one.is_kept |= there.is_kept;
        match (one.manifest(), there.manifest()) {
            (Some(ours), Some(theirs)) if ours.sums != theirs.sums => {
                one.kind =
                    Kind::Unreadable("the one here and the one in the place differ, and have the same id".into());
                (one.is_here, one.is_away) = (false, false);
            }
            (_, Some(_)) => {
                // Here is at most a part of it.
                if !one.is_here {
                    (one.kind, one.time) = (there.kind, there.time);
                }
                one.is_away = true;
            }
            _ => {}
        }
    }
    all.sort_by_key(|stored| std::cmp::Reverse((stored.time, stored.id)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stored::tests::{inventory, one, ours};

    #[test]
    fn what_is_here_and_elsewhere_is_one_backup() {
        let here = vec![
            one("1", ours("a"), 3, false),
            one("2", ours("a"), 2, false),
            one("3", Kind::Incomplete, 1, false),
            one("4", ours("a"), 0, false),
            one("7", Kind::Cookbook, 9, false),
        ];
        let away = vec![
            one("2", ours("a"), 2, true),
            one("3", ours("a"), 1, false),
            one("4", ours("b"), 0, false),
            one("5", ours("a"), 5, false),
            one("6", Kind::Incomplete, 6, false),
            one("1", Kind::Incomplete, 3, false),
        ];
        let all = merge(here, away, &inventory());
        let seen: Vec<_> =
            all.iter().map(|it| (it.id.number(), it.state(), it.is_here, it.is_away, it.is_kept)).collect();
        assert_eq!(
            seen,
            [
                (4, "unreadable", false, false, false),
                (3, "complete", false, true, false),
                (2, "complete", true, true, true),
                (1, "complete", true, false, false),
                (5, "complete", false, true, false),
                (6, "incomplete", false, false, false),
                (7, "cookbook", true, false, false),
            ]
        );
    }
}
