//! What the values ask for, as rules read it: ids of backups, and names of Velero's.

use jiff::Timestamp;

use super::backup_id::BackupId;
use super::keys;
use super::request::SCHEDULES;
use super::superset::id::SupersetId;
use crate::lint::Context;
use crate::lint::view::{entry, flag, is_empty, map, number_digits, set};
use crate::mode::Mode;
use crate::values::{Data, Entry, Value};

/// Install or upgrade, as the chart decides: `mode` in the values overrides Helm's.
pub fn mode(values: &Value, context: &Context) -> Option<Mode> {
    match values.get(keys::MODE).and_then(Value::as_str) {
        Some("install") => Some(Mode::Install),
        Some("upgrade") => Some(Mode::Upgrade),
        _ => context.mode,
    }
}

/// How to see which backups there are.
pub const LIST_IDS: &str = "list the ids:\nkubectl get cm -n hopsworks -l app=backups-metadata -o yaml";

/// How to see which backups of Superset there are.
pub const LIST_SUPERSET_IDS: &str = "list the ids:\nkubectl get cm superset-backups-metadata -n hopsworks -o yaml";

/// For each Velero backup to name: its key, the setting with the name of its schedule, and that setting's default.
pub const VELERO_NAMES: [(&str, &str, &str); 2] = [
    ("mainScheduleBackupId", "mainScheduleName", SCHEDULES[0]),
    ("usersScheduleBackupId", "usersScheduleName", SCHEDULES[1]),
];

/// `inPlace`, if it asks for a restore in place.
pub fn in_place(values: &Value) -> Option<&Entry> {
    set(values, keys::RESTORE, "inPlace").filter(|entry| flag(&entry.value) == Some(true))
}

/// One backup id in the values.
pub struct Id<'v> {
    /// What it restores.
    pub service: &'static str,
    /// Its path.
    pub path: Vec<&'v str>,
    /// The entry.
    pub entry: &'v Entry,
}

impl Id<'_> {
    /// The id's digits as they were meant, in quotes or not.
    pub fn digits(&self) -> Option<String> {
        match &self.entry.value.data {
            Data::String(text) => Some(text.clone()),
            Data::Number(number) => Some(number_digits(number)),
            _ => None,
        }
    }

    /// The point in time that the id names.
    pub fn time(&self) -> Option<Timestamp> {
        let text = self.digits()?;
        let of_superset = || SupersetId::parse(&text).ok().map(|id| id.time());
        BackupId::parse(&text).ok().and_then(|id| id.time()).or_else(of_superset)
    }

    /// The last key of its path.
    pub fn key(&self) -> &str {
        self.path.last().map_or("", |key| key)
    }
}

/// The global id: HopsFS's, and that of other services without one of their own.
pub fn global_id(values: &Value) -> Option<Id<'_>> {
    let entry = set(values, keys::RESTORE, "backupId")?;
    Some(Id { service: "HopsFS", path: [keys::RESTORE, &["backupId"]].concat(), entry })
}

/// The ids of single services.
pub fn own_ids(values: &Value) -> Vec<Id<'_>> {
    let mut ids = Vec::new();
    if let Some(entry) = set(values, keys::RONDB_RESTORE, "backupId") {
        ids.push(Id { service: "RonDB", path: [keys::RONDB_RESTORE, &["backupId"]].concat(), entry });
    }
    for (repository, snapshot, settings) in snapshots(values) {
        let Some(entry) = settings.entry("snapshot_name").filter(|entry| !is_empty(&entry.value)) else {
            continue;
        };
        let path = [keys::OPENSEARCH_REPOSITORIES, &[repository, "snapshots", snapshot, "snapshot_name"]].concat();
        ids.push(Id { service: "OpenSearch", path, entry });
    }
    ids
}

/// The settings of each snapshot of OpenSearch, with the keys of its repository and its own.
pub fn snapshots(values: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    map(values.get(keys::OPENSEARCH_REPOSITORIES)).flat_map(|(repository, settings)| {
        let all = map(settings.value.get(&["snapshots"]));
        all.map(|(snapshot, settings)| (repository.as_str(), snapshot.as_str(), &settings.value))
    })
}

/// `enabled` of Superset's restore, unless it says no: it may be still unknown.
pub fn superset_restore(values: &Value) -> Option<&Entry> {
    set(values, keys::SUPERSET_RESTORE, "enabled").filter(|entry| flag(&entry.value) != Some(false))
}

/// Superset's id, whether or not it is restored.
pub fn superset_id(values: &Value) -> Option<Id<'_>> {
    let entry = set(values, keys::SUPERSET_RESTORE, "backupId")?;
    Some(Id { service: "Superset", path: keys::SUPERSET_BACKUP_ID.to_vec(), entry })
}

/// The setting that decides whether Superset is installed: the first that is set. Without any, charts from 5.2 on install it.
pub fn superset_switch(values: &Value) -> Option<&Entry> {
    let settings = [keys::SUPERSET_ENABLED, keys::FULL_PLATFORM].into_iter();
    settings.filter_map(|path| entry(values, path)).find(|entry| !is_empty(&entry.value))
}

/// Whether the values say that Superset is not installed.
pub fn lacks_superset(values: &Value) -> bool {
    superset_switch(values).is_some_and(|entry| flag(&entry.value) == Some(false))
}

/// Whether the values say that Superset is installed: by a switch, or by settings of its backups. Without any, that depends on the chart.
pub fn has_superset(values: &Value) -> bool {
    let is_on = superset_switch(values).map(|entry| flag(&entry.value) == Some(true));
    is_on.unwrap_or_else(|| values.get(keys::SUPERSET_BACKUPS).is_some_and(|backups| !is_empty(backups)))
}

/// The names of Superset's Secrets.
pub fn superset_secrets(values: &Value) -> [&str; 3] {
    keys::SUPERSET_SECRETS.map(|(key, default)| {
        let named = set(values, keys::SUPERSET_AUTH, key).and_then(|entry| entry.value.as_str());
        named.unwrap_or(default)
    })
}

/// The ids of the cluster and of its services, but for Superset's, which has a form of its own.
pub fn ids(values: &Value) -> Vec<Id<'_>> {
    global_id(values).into_iter().chain(own_ids(values)).collect()
}

/// Velero's schedules as the values name them, each with the key of the backup to restore.
pub fn velero_schedules(values: &Value) -> [(&'static str, &str); 2] {
    VELERO_NAMES.map(|(key, setting, default)| {
        let named = set(values, keys::VELERO_BACKUP, setting).and_then(|entry| entry.value.as_str());
        (key, named.unwrap_or(default))
    })
}

/// The names of Velero backups that are set, each with its key and the schedule it should be from.
pub fn velero_names(values: &Value) -> Vec<(&'static str, &str, &Entry)> {
    velero_schedules(values)
        .into_iter()
        .filter_map(|(key, schedule)| Some((key, schedule, set(values, keys::VELERO_RESTORE, key)?)))
        .collect()
}
