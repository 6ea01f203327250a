//! The backups that Velero finds in a storage location and shows as objects. After its first sync they are complete.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Set, Velero, Wanted, backups, choose, installed, storage};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind, Objects, Selection, WaitState};
use crate::refusal::Refusal;

/// How long Velero may take to sync the bucket: it does so once a minute (backup_sync_controller.go), less often if the location or the
/// server say so, and each new backup takes a few requests.
const LIMIT: Duration = Duration::from_secs(300);

/// Waits until Velero has synced the whole location at least once, and `names` exist.
///
/// Backups appear one after the other, in any order: before the first sync has ended, the nearest one may be missing.
///
/// # Errors
/// If Velero never syncs, or a name is missing after another sync: with the names that exist.
pub async fn wait_synced(
    cluster: &Cluster,
    velero: &Velero,
    names: &[&str],
    tell: &mut dyn FnMut(&str),
) -> Result<(), Refusal> {
    let Velero { namespace, location, .. } = velero;
    installed::check(cluster, velero, tell).await?;
    if cluster.get(Kind::STORAGE_LOCATION, Some(namespace), location).await?.is_none() {
        return Err(Refusal::new(format!("there is no storage location {location}, so Velero knows no backups"))
            .help("say where they are:\nhelm hwdr bsl apply --bucket BUCKET --region REGION --iam"));
    }
    storage::available(cluster, velero, tell).await?;
    let first = looked(cluster, velero, None, tell).await?;
    let missing = missing(cluster, namespace, names).await?;
    if missing.is_empty() {
        return Ok(());
    }
    tell(&format!("{} is missing: waiting until Velero has synced again", missing.join(", ")));
    looked(cluster, velero, Some(&first), tell).await?;
    let missing = self::missing(cluster, namespace, names).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let backups = cluster.list(Kind::BACKUP, Some(namespace), "").await?;
    let mut there: Vec<_> = backups.iter().map(|backup| text(backup, "/metadata/name")).collect();
    there.sort_unstable();
    Err(Refusal::new(format!(
        "Velero has synced the storage location {location}, and found no backup {} in it",
        missing.join(", ")
    ))
    .help(match there.as_slice() {
        [] => "it found none at all: check the location's bucket and prefix".to_owned(),
        names => format!("it found these:\n{}", names.join("\n")),
    }))
}

/// The set for `wanted`, of the backups that Velero finds, without those of a foreign Schedule ([`backups`]). Waits as [`wait_synced`] does.
///
/// # Errors
/// As [`wait_synced`] and [`choose`].
pub async fn find_set(
    cluster: &Cluster,
    velero: &Velero,
    wanted: &Wanted,
    is_foreign: Option<&dyn Fn(&Json) -> bool>,
    tell: &mut dyn FnMut(&str),
) -> Result<Set, Refusal> {
    let named: Vec<_> = wanted.names().collect();
    wait_synced(cluster, velero, &named, tell).await?;
    choose(&backups(cluster, &velero.namespace, is_foreign).await?, wanted, velero, Timestamp::now())
}

/// Waits until Velero has synced the location: at all, or at another time than `before`. Returns when it did.
async fn looked(
    cluster: &Cluster,
    velero: &Velero,
    before: Option<&str>,
    tell: &mut dyn FnMut(&str),
) -> Result<String, Refusal> {
    let Velero { namespace, deployment, location: name, .. } = velero;
    let one = Selection::one(Kind::STORAGE_LOCATION, Some(namespace), name);
    let what = format!("the backups in {name}");
    let mut when = String::new();
    let see = |objects: &Objects| {
        let Some(location) = objects.get(name) else {
            return WaitState::Never(format!("the storage location {name} was deleted"));
        };
        when = text(location, "/status/lastSyncedTime").to_owned();
        if !when.is_empty() && before.is_none_or(|before| when != before) {
            return WaitState::Done;
        }
        if matches!(text(location, "/spec/backupSyncPeriod"), "0" | "0s") {
            return WaitState::Never("Velero is told never to sync it (backupSyncPeriod: 0)".to_owned());
        }
        let again = if before.is_some() { "again " } else { "" };
        WaitState::NotYet(format!("Velero has not synced the bucket {again}yet; it does so once a minute"))
    };
    cluster.wait(&what, &one, LIMIT, see, |seen| tell(&format!("{what}: {seen}"))).await.map_err(|error| {
        Refusal::from(error)
            .help(format!("see what Velero does:\nkubectl -n {namespace} logs deployment/{deployment} --tail=50"))
    })?;
    Ok(when)
}

/// The names that do not exist.
async fn missing<'n>(cluster: &Cluster, namespace: &str, names: &[&'n str]) -> Result<Vec<&'n str>, Refusal> {
    let mut missing = Vec::new();
    for name in names {
        if cluster.get(Kind::BACKUP, Some(namespace), name).await?.is_none() {
            missing.push(*name);
        }
    }
    Ok(missing)
}
