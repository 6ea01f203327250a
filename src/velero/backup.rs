//! Backups of Kubernetes objects: Velero's Backups.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{Scope, keep};
use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, ClusterError, Kind};

/// All Backups in Velero's namespace, newest first, without those of other releases' Schedules if `is_foreign` tells whose a Schedule is;
/// none if Velero is not installed.
///
/// # Errors
/// If the API server refuses, or is unreachable.
pub async fn backups(
    cluster: &Cluster,
    velero: &str,
    is_foreign: Option<&dyn Fn(&Json) -> bool>,
) -> Result<Vec<ObjectBackup>, ClusterError> {
    let mut backups: Vec<_> = all(cluster, Kind::BACKUP, velero).await?.iter().map(ObjectBackup::read).collect();
    if let Some(is_foreign) = is_foreign {
        backups = without_foreign(backups, &all(cluster, Kind::SCHEDULE, velero).await?, is_foreign);
    }
    backups.sort_by(|a, b| b.time().cmp(&a.time()).then_with(|| b.name.cmp(&a.name)));
    Ok(backups)
}

/// All of Velero's objects of a kind; none if it is not known.
async fn all(cluster: &Cluster, kind: Kind, velero: &str) -> Result<Vec<Json>, ClusterError> {
    match cluster.list(kind, Some(velero), "").await {
        Err(ClusterError::Call { code: 404, .. }) => Ok(Vec::new()),
        found => found,
    }
}

/// The Backups without those that another release's Schedule makes: two releases may call theirs the same.
pub fn without_foreign(
    backups: Vec<ObjectBackup>,
    schedules: &[Json],
    is_foreign: impl Fn(&Json) -> bool,
) -> Vec<ObjectBackup> {
    let foreign: BTreeSet<_> =
        schedules.iter().filter(|it| is_foreign(it)).map(|it| text(it, "/metadata/name")).collect();
    backups.into_iter().filter(|backup| !foreign.contains(backup.schedule.as_str())).collect()
}

/// One Velero Backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectBackup {
    /// Its name.
    pub name: String,
    /// The schedule that made it (label `velero.io/schedule-name`); empty if none did.
    pub schedule: String,
    /// `status.phase`.
    pub phase: String,
    /// `spec.storageLocation`.
    pub location: String,
    /// Which objects it has.
    pub scope: Scope,
    /// When Velero began to read objects. (`metadata.creationTimestamp` is no help: in a new cluster it is when the backup was
    /// synced.)
    pub started: Option<Timestamp>,
    /// When it was complete.
    pub completed: Option<Timestamp>,
    /// When it expires, and Velero deletes it.
    pub expiration: Option<Timestamp>,
    /// Whether the object is being deleted.
    pub is_deleting: bool,
    /// How many errors Velero counted.
    pub errors: u64,
    /// How many warnings.
    pub warnings: u64,
    /// When the object was made.
    pub created: Option<Timestamp>,
    /// How many objects are in it, and of how many, where Velero counts them.
    pub items: Option<(u64, u64)>,
    /// Velero's own words of why it failed.
    pub why: String,
    /// Whether it is kept ([`keep`]).
    pub is_kept: bool,
}

impl ObjectBackup {
    /// Reads it as the API server gives it.
    pub fn read(backup: &Json) -> Self {
        let time = |pointer: &str| text(backup, pointer).parse::<Timestamp>().ok();
        let count = |pointer: &str| backup.pointer(pointer).and_then(Json::as_u64);
        let invalid = backup.pointer("/status/validationErrors").and_then(Json::as_array);
        let invalid = invalid.into_iter().flatten().filter_map(Json::as_str);
        Self {
            name: text(backup, "/metadata/name").to_owned(),
            schedule: text(backup, "/metadata/labels/velero.io~1schedule-name").to_owned(),
            phase: text(backup, "/status/phase").to_owned(),
            location: text(backup, "/spec/storageLocation").to_owned(),
            scope: backup.get("spec").map(Scope::of).unwrap_or_default(),
            started: time("/status/startTimestamp"),
            completed: time("/status/completionTimestamp"),
            expiration: time("/status/expiration"),
            is_deleting: !text(backup, "/metadata/deletionTimestamp").is_empty()
                || text(backup, "/status/phase") == "Deleting",
            errors: number(backup, "/status/errors"),
            warnings: number(backup, "/status/warnings"),
            created: time("/metadata/creationTimestamp"),
            items: count("/status/progress/itemsBackedUp").zip(count("/status/progress/totalItems")),
            why: std::iter::once(text(backup, "/status/failureReason"))
                .chain(invalid)
                .filter(|why| !why.is_empty())
                .collect::<Vec<_>>()
                .join("; "),
            is_kept: keep::is_kept(backup),
        }
    }

    /// The moment that it captures: its start, or its end if that is all that is known.
    pub fn time(&self) -> Option<Timestamp> {
        self.started.or(self.completed)
    }

    /// Why it should not be restored; none if there is no reason.
    pub fn objection(&self, now: Timestamp) -> Option<String> {
        if self.is_deleting {
            return Some("is being deleted".to_owned());
        }
        match self.phase.as_str() {
            "Completed" => {}
            "" => return Some("has not started".to_owned()),
            "PartiallyFailed" => return Some(format!("is PartiallyFailed: {} errors", self.errors)),
            phase => return Some(format!("is {phase}, not Completed")),
        }
        let expiration = self.expiration.filter(|expiration| *expiration <= now)?;
        Some(format!("expired at {expiration:.0}"))
    }

    /// Whether the only objection is that it has expired.
    pub fn is_only_expired(&self, now: Timestamp) -> bool {
        !self.is_deleting && self.phase == "Completed" && self.objection(now).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn backups_of_a_foreign_schedule_are_foreign() {
        let backup = |name: &str, schedule: &str| ObjectBackup {
            name: name.to_owned(),
            schedule: schedule.to_owned(),
            ..ObjectBackup::default()
        };
        let all = || vec![backup("a", "main"), backup("b", "users"), backup("c", "")];
        let schedules = ["main", "users"].map(|name| json!({"metadata": {"name": name}}));
        let names = |is_foreign: &dyn Fn(&Json) -> bool| {
            without_foreign(all(), &schedules, is_foreign).into_iter().map(|it| it.name).collect::<String>()
        };
        assert_eq!(names(&|schedule| text(schedule, "/metadata/name") == "main"), "bc");
        assert_eq!(names(&|_| false), "abc");
        // In a new cluster there is no Schedule yet.
        assert_eq!(without_foreign(all(), &[], |_| true).len(), 3);
    }
}
