//! A Velero backup of the Kubernetes objects that Velero's Restores may overwrite, and the way back from it.

use serde_json::json;

use super::PODS;
use crate::cluster::{Kind, Selection, condition};
use crate::run::{Halt, Run};
use crate::settings::{MAIN_SCHEDULE, USERS_SCHEDULE};

/// Backs up by what the Schedules themselves say: that is what their backups bring back.
pub async fn act(run: &mut Run) -> Result<(), Halt> {
    let Some(namespace) = run.state.before.velero_namespace.clone() else { return Ok(()) };
    for schedule in [MAIN_SCHEDULE, USERS_SCHEDULE] {
        let Some(template) = run.cluster.get(Kind::SCHEDULE, Some(&namespace), schedule).await? else { continue };
        let moment = run.state.began.strftime("%Y%m%d%H%M%S");
        // No name of the schedule in front: nobody should take it for one of its backups.
        let name = format!("hwdr-before-{}-{moment}-{schedule}", run.state.backup_id);
        if !run.state.before.objects.contains(&name) {
            run.state.before.objects.push(name.clone());
            run.save().await?;
        }
        let backup = json!({
            "apiVersion": "velero.io/v1",
            "kind": "Backup",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "hwdr"}},
            "spec": template["spec"]["template"],
        });
        if run.cluster.get(Kind::BACKUP, Some(&namespace), &name).await?.is_none() {
            run.cluster.create(Kind::BACKUP, Some(&namespace), &backup).await?;
        }
        let selection = Selection::one(Kind::BACKUP, Some(&namespace), &name);
        run.wait(&format!("Velero backup {name}"), &selection, PODS, |objects| condition::backup(objects.get(&name)))
            .await
            .map_err(|halt| halt.help(format!("see: velero backup describe {name} --details")))?;
    }
    Ok(())
}

/// Brings back what the restore may have overwritten. Where no object was restored, there is nothing to bring back.
pub async fn give_back(run: &mut Run) -> Result<(), Halt> {
    let Some(namespace) = run.state.before.velero_namespace.clone() else { return Ok(()) };
    if !run.state.is_begun("helm") {
        return Ok(());
    }
    for name in run.state.before.objects.clone() {
        let restore = json!({
            "apiVersion": "velero.io/v1",
            "kind": "Restore",
            "metadata": {"name": name, "labels": {"app.kubernetes.io/name": "hwdr"}},
            "spec": {"backupName": name, "existingResourcePolicy": "update"},
        });
        if run.cluster.get(Kind::RESTORE, Some(&namespace), &name).await?.is_none() {
            run.cluster.create(Kind::RESTORE, Some(&namespace), &restore).await?;
        }
        let partial = run.state.accept_partial;
        let selection = Selection::one(Kind::RESTORE, Some(&namespace), &name);
        run.wait(&format!("Velero restore {name}"), &selection, PODS, |objects| {
            condition::restore(objects.get(&name), partial)
        })
        .await
        .map_err(|halt| halt.help(format!("see: velero restore describe {name} --details")))?;
    }
    Ok(())
}
