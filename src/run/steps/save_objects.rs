//! A Velero backup of the Kubernetes objects that Velero's Restores may overwrite, and the way back from it.

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{PODS, created, parts};
use crate::cluster::condition::text;
use crate::cluster::{Kind, Selection, WaitState, condition};
use crate::run::{Context as _, Halt, Record as _, Run};

/// Backs up what the Schedules themselves select: that is what their backups restore.
pub(super) async fn act(run: &mut Run) -> Result<(), Halt> {
    let Some(namespace) = run.state.before.velero_namespace.clone() else { return Ok(()) };
    let names = run.state.velero.clone();
    for schedule in names.schedules() {
        let Some(template) = run.cluster.get(Kind::SCHEDULE, Some(&namespace), schedule).await? else { continue };
        let known = run.state.before.objects.iter().position(|name| is_by(name, schedule));
        let found = match known {
            Some(index) => run.cluster.get(Kind::BACKUP, Some(&namespace), &run.state.before.objects[index]).await?,
            None => None,
        };
        // A failed one stays, and another one is made.
        let has_failed = matches!(condition::backup(found.as_ref()), WaitState::Never(_));
        let index = match known {
            Some(index) if !has_failed => index,
            _ => {
                let moment = Timestamp::now().strftime("%Y%m%d%H%M%S");
                // Not prefixed with the schedule's name, so that it is not taken for one of its backups.
                let name = format!("hwdr-before-{}-{moment}-{schedule}", run.state.backup_id);
                let objects = &mut run.state.before.objects;
                objects.retain(|name| !is_by(name, schedule));
                objects.push(name);
                run.save().await?;
                run.state.before.objects.len() - 1
            }
        };
        let name = run.state.before.objects[index].clone();
        let mut spec = template["spec"]["template"].clone();
        if let Some(spec) = spec.as_object_mut() {
            // The schedule's own may be too short for an undo; Velero's default is 30 days.
            spec.remove("ttl");
        }
        let backup = json!({
            "apiVersion": "velero.io/v1",
            "kind": "Backup",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "hwdr"}},
            "spec": spec,
        });
        if run.cluster.get(Kind::BACKUP, Some(&namespace), &name).await?.is_none() {
            run.cluster.create(Kind::BACKUP, Some(&namespace), &backup).await?;
        }
        let selection = Selection::one(Kind::BACKUP, Some(&namespace), &name);
        run.wait(&format!("Velero backup {name}"), &selection, PODS, |objects| condition::backup(objects.get(&name)))
            .await
            .map_err(|halt| {
                halt.help(format!("see: velero backup describe {name} --details"))
                    .help(format!("see whether Velero is running: kubectl -n {namespace} get pods"))
            })?;
    }
    Ok(())
}

/// Whether a backup made before the restore is of that schedule: `hwdr-before-ID-TIME-SCHEDULE`. One schedule's name may be the end of
/// another's.
fn is_by(name: &str, schedule: &str) -> bool {
    name.splitn(5, '-').nth(4) == Some(schedule)
}

/// Whether this run made a Velero Backup or Restore; `run::state::check` has checked its name.
pub(super) fn is_own(run: &Run, object: &Json) -> bool {
    text(object, "/metadata/labels/app.kubernetes.io~1name") == "hwdr" && run.is_since(object)
}

/// Deletes what the restore created, and brings back what it may have overwritten. Does nothing if no objects were restored.
pub(super) async fn give_back(run: &mut Run) -> Result<(), Halt> {
    let Some(namespace) = run.state.before.velero_namespace.clone() else { return Ok(()) };
    if !run.state.is_begun("helm") {
        return Ok(());
    }
    created::take_away(run).await?;
    for name in run.state.before.objects.clone() {
        let backup = run.cluster.get(Kind::BACKUP, Some(&namespace), &name).await?;
        if backup.is_none_or(|backup| !is_own(run, &backup)) {
            run.show.warn(&format!(
                "Velero backup {name} is gone or was replaced: the objects in it stay as the restore left them"
            ));
            continue;
        }
        let restore = json!({
            "apiVersion": "velero.io/v1",
            "kind": "Restore",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "hwdr"}},
            "spec": {"backupName": name, "existingResourcePolicy": "update"},
        });
        let found = run.cluster.get(Kind::RESTORE, Some(&namespace), &name).await?;
        if let Some(failed) = &found
            && is_own(run, failed)
            && matches!(condition::restore(Some(failed), run.state.accept_partial), WaitState::Never(_))
        {
            run.cluster.delete_this(Kind::RESTORE, Some(&namespace), failed).await?;
        }
        parts::make(run, &restore).await?;
        parts::restore_is_complete(run, &name).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_is_by_the_schedule_of_that_whole_name() {
        let name = "hwdr-before-254811200-20260213153627-users-backup";
        assert!(is_by(name, "users-backup"));
        for other in ["backup", "-backup", "s-backup", ""] {
            assert!(!is_by(name, other), "{other}");
        }
    }
}
