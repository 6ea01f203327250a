//! What Velero's Restores created: it was not there before, and undo deletes it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::save_objects;
use crate::cluster::Kind;
use crate::cluster::condition::{shortened, text};
use crate::run::{Halt, Run};
use crate::sha256;

/// Velero puts the Restore's name on what it creates, and on what it updates (velero, pkg/restore/restore.go, `addRestoreLabels`).
pub(super) const RESTORE: &str = "velero.io/restore-name";
/// Deleting these may delete data: they are left to the operator.
const LEFT: &[&str] = &[
    "PersistentVolume",
    "PersistentVolumeClaim",
    "StatefulSet",
    "CustomResourceDefinition",
    "VolumeSnapshot",
    "VolumeSnapshotContent",
];

/// Deletes what the run's Restores created.
pub(super) async fn take_away(run: &mut Run) -> Result<(), Halt> {
    let velero = run.state.velero();
    // What is younger than the backup made before the restore was not there; both times are the API server's.
    let Some(before) = run.state.before.objects.first() else { return Ok(()) };
    let backup = run.cluster.get(Kind::BACKUP, Some(&velero), before).await?.unwrap_or_default();
    let made = text(&backup, "/metadata/creationTimestamp").parse::<Timestamp>();
    let Some(since) = made.ok().filter(|_| save_objects::is_own(run, &backup)) else {
        run.show.warn(&format!("the Velero backup {before} is gone: what the restore created is left"));
        return Ok(());
    };
    let (mut left, mut namespaces) = (Vec::new(), BTreeSet::new());
    for restore in run.state.names("Restore") {
        // Only what this run has restored: another Restore's objects are not this run's.
        match run.cluster.get(Kind::RESTORE, Some(&velero), &restore).await? {
            Some(found) => run.must_be_ours(Kind::RESTORE, &found)?,
            None => {
                run.show.warn(&format!("there is no Velero Restore {restore}: what it may have created is left"));
                continue;
            }
        }
        let labelled = run.cluster.labelled(&format!("{RESTORE}={}", label(&restore))).await?;
        if !labelled.unseen.is_empty() {
            let kinds: Vec<_> = labelled.unseen.iter().map(String::as_str).collect();
            run.show.warn(&format!("could not look for objects that {restore} created among: {}", shortened(&kinds)));
        }
        for found in labelled.found.iter().filter(|found| is_younger(&found.object, since)) {
            let (kind, namespace) = (&found.resource.kind, text(&found.object, "/metadata/namespace"));
            let name = format!("{kind}/{}", text(&found.object, "/metadata/name"));
            let place = if namespace.is_empty() { String::new() } else { format!(" in namespace {namespace}") };
            if !namespace.is_empty() {
                namespaces.insert(namespace.to_owned());
            }
            if LEFT.contains(&kind.as_str()) {
                left.push(format!("{name}{place}"));
                continue;
            }
            run.show.tell(&format!("deleting {name}{place}, which was not there before"));
            if let Err(error) = run.cluster.delete_found(found).await {
                left.push(format!("{name}{place}: {error}"));
            }
        }
    }
    // Velero does not label the namespaces that it creates.
    for name in namespaces {
        match run.cluster.get(Kind::NAMESPACE, None, &name).await {
            Ok(Some(namespace)) if is_younger(&namespace, since) => left.push(format!("Namespace/{name}")),
            Ok(_) => {}
            // The right to list its objects does not include the namespace itself.
            Err(error) => left.push(format!("Namespace/{name}, perhaps: {error}")),
        }
    }
    if !left.is_empty() {
        run.show.warn(&format!(
            "not deleted, although they were not there before: they may hold data, or could not be deleted:\n{}",
            left.join("\n")
        ));
    }
    Ok(())
}

/// Whether an object was made after a moment, by the API server's clock, in whole seconds.
fn is_younger(object: &Json, since: Timestamp) -> bool {
    text(object, "/metadata/creationTimestamp").parse::<Timestamp>().is_ok_and(|made| made > since)
}

/// A name as Velero writes it into a label's value (velero, pkg/label/label.go, `GetValidName`): long ones end in six hex digits of their
/// hash.
fn label(name: &str) -> String {
    const ROOM: usize = 63;
    if name.len() <= ROOM {
        return name.to_owned();
    }
    let hash = sha256::short(name, 6);
    format!("{}{hash}", &name[..ROOM - hash.len()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_as_old_as_the_backup_was_there() {
        let since = "2026-02-13T15:36:27Z".parse().unwrap();
        let made = |time: &str| json!({"metadata": {"creationTimestamp": time}});
        assert!(is_younger(&made("2026-02-13T15:36:28Z"), since));
        for time in ["2026-02-13T15:36:27Z", "2026-02-13T15:36:26Z", ""] {
            assert!(!is_younger(&made(time), since), "{time}");
        }
    }

    #[test]
    fn long_names_are_hashed() {
        assert_eq!(label(&"a".repeat(63)), "a".repeat(63));
        // printf 'a%.0s' {1..64} | sha256sum
        assert_eq!(label(&"a".repeat(64)), format!("{}ffe054", "a".repeat(57)));
    }
}
