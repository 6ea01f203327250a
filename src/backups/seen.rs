//! What was read from a cluster: the input of `Service::backups`.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::fault::Reading;
use crate::velero::{ObjectBackup, Velero};

/// What was read, and what could not be.
#[derive(Debug, Clone)]
pub struct Seen {
    /// When.
    pub now: Timestamp,
    /// The namespace of the release.
    pub namespace: String,
    /// What Velero's things are called.
    pub velero: Velero,
    /// For how many seconds backups of data are kept, if known.
    pub ttl: Option<i64>,
    /// When backups are made, where no chart says so.
    pub cron: Option<String>,
    /// The first ConfigMap of each service's metadata, by the service's name.
    pub records: Vec<(&'static str, String)>,
    /// The services that may be missing, and are not, as the values say: what makes no backups of them would be seen nowhere else.
    pub expected: Vec<&'static str>,
    /// The ConfigMaps of backups' metadata.
    pub config_maps: Reading<Vec<Json>>,
    /// The release's CronJobs, and those that belong to no release.
    pub cron_jobs: Reading<Vec<Json>>,
    /// The Jobs in the release's namespace.
    pub jobs: Reading<Vec<Json>>,
    /// Velero's Backups.
    pub backups: Reading<Vec<ObjectBackup>>,
    /// The release's Schedules, and those that belong to no release.
    pub schedules: Reading<Vec<Json>>,
    /// Velero's storage locations.
    pub locations: Reading<Vec<Json>>,
}
