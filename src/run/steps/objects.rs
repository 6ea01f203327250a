//! A restore into a new cluster: the storage location, and the Kubernetes objects from it, before helm creates its own.

use serde_json::Value as Json;

use super::created::RESTORE;
use super::is_foreign;
use super::parts::brought_back;
use super::pause_backups;
use crate::cluster::condition::text;
use crate::cluster::{Kind, WaitState, condition};
use crate::product::request::{Backup, Recorded};
use crate::run::{Context as _, Halt, Run};
use crate::velero::{
    BackupNames, Wanted, ensure_storage_location, find_set, is_read_only, no_location, open_storage_location,
    restore_objects,
};

/// Creates the location, if this run was told how Velero accesses it; otherwise it must exist.
pub(super) async fn location(run: &mut Run) -> Result<(), Halt> {
    let velero = run.state.current_velero();
    let there = run.cluster.get(Kind::STORAGE_LOCATION, Some(&velero.namespace), &velero.location).await?;
    let Some(location) = run.location.clone() else {
        if there.is_some() {
            return Ok(());
        }
        return Err(no_location(&velero).into());
    };
    if there.is_none() {
        // hwdr creates it read-only; the last step makes it writable.
        run.state.opens_location = true;
        run.save().await?;
    }
    let show = &mut run.show;
    ensure_storage_location(&run.cluster, &velero, &location, &mut |text| show.tell(text)).await?;
    Ok(())
}

/// Chooses the backups nearest to the id, once, and restores them.
pub async fn restore(run: &mut Run) -> Result<(), Halt> {
    let id = checked(run)?;
    let [main, users] = run.state.objects.clone().unwrap_or_default().named();
    let (wanted, velero) = (Wanted { id, main, users }, run.state.current_velero());
    let (show, release, namespace) = (&mut run.show, &run.state.release, &run.cluster.namespace);
    let is_foreign = |schedule: &Json| is_foreign(schedule, release, namespace);
    let set = find_set(&run.cluster, &velero, &wanted, Some(&is_foreign), &mut |text| show.tell(text)).await?;
    for chosen in set.both() {
        run.show.note(&format!("{}: {}", chosen.backup.name, chosen.skew_text()));
        for note in &chosen.notes {
            run.show.warn(note);
        }
    }
    let [main, users] = set.both();
    run.state.objects = Some(BackupNames::of(Some(&main.backup.name), Some(&users.backup.name)));
    run.save().await?;
    if !run.state.restores_anew {
        for chosen in set.both() {
            forget(run, &chosen.backup.name).await?;
        }
        run.state.restores_anew = true;
        run.save().await?;
    }
    let (show, accepts, partial) = (&mut run.show, run.accepts, run.state.accept_partial);
    let mut accepts = |holes: &_| partial || accepts(holes);
    let restored =
        restore_objects(&run.cluster, &velero, &set, run.hold.as_deref(), &mut accepts, &mut |text| show.tell(text))
            .await?;
    for restored in restored {
        for warning in &restored.warnings {
            run.show.warn(warning);
        }
        run.finding(&brought_back(&restored.name, restored.items, !restored.has_holes));
    }
    known(run).await
}

/// Deletes a Restore that ended before this run: what it restored may be gone again, with the release that took it over.
async fn forget(run: &mut Run, restore: &str) -> Result<(), Halt> {
    let velero = run.state.velero();
    let Some(found) = run.cluster.get(Kind::RESTORE, Some(&velero), restore).await? else { return Ok(()) };
    if matches!(condition::restore(Some(&found), true), WaitState::NotYet(_)) {
        return Ok(());
    }
    must_be_hwdrs(&found, &velero)?;
    run.show.tell(&format!("{restore} was restored before: restoring it again; existing objects stay as they are"));
    Ok(run.cluster.delete_this(Kind::RESTORE, Some(&velero), &found).await?)
}

/// Checks that a Restore is hwdr's, by the label of what hwdr creates for a backup id.
fn must_be_hwdrs(restore: &Json, velero: &str) -> Result<(), Halt> {
    if !text(restore, "/metadata/labels/hwdr.hopsworks.ai~1restore-id").is_empty() {
        return Ok(());
    }
    let name = text(restore, "/metadata/name");
    Err(Halt::new(format!("Velero Restore {name} exists, but hwdr did not create it"))
        .help("what it restored may be gone, so it must run again; existing objects stay as they are")
        .help(format!("delete it, then resume: kubectl -n {velero} delete restores.velero.io {name}")))
}

/// The metadata were restored with the objects: checks that they name no id that failed, or that is missing among later ones. By one schedule, Velero
/// copies them before the data's own backups have ended: then none names the id, and only the bucket can show that it is whole. The Jobs that restore
/// the data look there, and a new cluster has nothing to lose.
async fn known(run: &mut Run) -> Result<(), Halt> {
    let backups = run.state.parts.iter().map(|part| (part.step.clone(), part.backup.clone())).collect();
    let recorded = Recorded { backups, metadata: run.state.metadata.clone() };
    let objections = run.product().objections(&run.cluster, &recorded).await?;
    let (older, against): (Vec<_>, Vec<_>) = objections.into_iter().partition(|objection| objection.is_older);
    let (id, namespace) = (&run.state.backup_id, &run.cluster.namespace);
    if let Some(objection) = against.into_iter().next() {
        return Err(Halt::new(objection.what)
            .help("see which backups are whole:\nhelm hwdr backups list --from-bucket -f values.yaml")
            .help(format!("start over with one of them:\n{}", run.cluster.commands().start_over(&run.state.release)))
            .help(format!(
                "or, if {id} is whole, with the Velero backup that belongs to it:\n\
                 helm hwdr backups show {id} --from-bucket -f values.yaml"
            )));
    }
    let Some(first) = older.first() else { return Ok(()) };
    // The metadata of another namespace are as empty, and so are its Secrets: the chart would make new passwords.
    if run.cluster.names(Kind::SECRET, None, RESTORE).await?.is_empty() {
        return Err(Halt::new(format!("{}, and Velero has restored no Secret into namespace {namespace}", first.what))
            .help("name the namespace that was backed up: -n NAME"));
    }
    let what: Vec<_> = older.iter().map(|objection| objection.what.as_str()).collect();
    run.show.warn(&format!(
        "{}\nVelero copied the records before this backup was among them, so they cannot show whether it is whole: the Jobs that restore \
         it look in the bucket, and nothing that needs the data starts without. To look now:\n\
         helm hwdr backups verify {id} --from-bucket -f values.yaml",
        what.join("\n")
    ));
    Ok(())
}

/// Resumes backups, and makes the location writable if this run created it.
pub(super) async fn open(run: &mut Run) -> Result<(), Halt> {
    let velero = run.state.current_velero();
    if run.state.opens_location {
        open_storage_location(&run.cluster, &velero).await?;
    } else if is_read_only(&run.cluster, &velero).await? {
        run.show.warn(&format!(
            "Velero may not write to {}, which this run did not create: no backup of it succeeds until you run\n{}",
            velero.location,
            velero.open()
        ));
    }
    pause_backups::lift(run, false).await
}

fn checked(run: &Run) -> Result<Backup, Halt> {
    let id = &run.state.backup_id;
    run.product().backup(id).map_err(|error| Halt::new(format!("{id}: {error}")))
}
