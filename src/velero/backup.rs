//! Backups of Kubernetes objects: Velero's Backups.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, ClusterError, Kind};

/// All Backups in Velero's namespace, newest first; none if Velero is not installed.
///
/// # Errors
/// If the API server refuses, or is unreachable.
pub async fn backups(cluster: &Cluster, velero: &str) -> Result<Vec<ObjectBackup>, ClusterError> {
    let found = match cluster.list(Kind::BACKUP, Some(velero), "").await {
        Err(ClusterError::Call { code: 404, .. }) => Vec::new(),
        found => found?,
    };
    let mut backups: Vec<_> = found.iter().map(ObjectBackup::read).collect();
    backups.sort_by(|a, b| b.time().cmp(&a.time()).then_with(|| b.name.cmp(&a.name)));
    Ok(backups)
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
