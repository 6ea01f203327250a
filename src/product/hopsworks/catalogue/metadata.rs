//! Backups of data, as the backup CronJobs record them: one entry per id, in rotating ConfigMaps.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::MetadataNames;
use crate::cluster::condition::text;
use crate::product::hopsworks::backup_id::BackupId;

/// A service that keeps its own backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// RonDB.
    RonDb,
    /// OpenSearch.
    OpenSearch,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RonDb => "RonDB",
            Self::OpenSearch => "OpenSearch",
        })
    }
}

/// One backup of a service's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataBackup {
    /// Whose data it is.
    pub service: Service,
    /// Its id.
    pub id: BackupId,
    /// `SUCCESS`, or whatever the CronJob recorded.
    pub state: String,
    /// When it began, as recorded.
    pub start: Option<Timestamp>,
    /// When it ended, as recorded.
    pub end: Option<Timestamp>,
    /// Where it is in the bucket.
    pub path: String,
    /// The ConfigMap that says so.
    pub config_map: String,
}

impl DataBackup {
    /// When it began: as recorded, or the minute that its id names.
    pub fn began(&self) -> Option<Timestamp> {
        self.start.or_else(|| self.id.time())
    }

    /// Whether it can be restored from.
    pub fn is_good(&self) -> bool {
        self.state == "SUCCESS"
    }
}

/// The entries of all ConfigMaps that hold such metadata, and those that cannot be read.
pub fn read(config_maps: &[Json], names: &MetadataNames) -> (Vec<DataBackup>, Vec<String>) {
    let (mut backups, mut unreadable) = (Vec::new(), Vec::new());
    for config_map in config_maps {
        let name = text(config_map, "/metadata/name");
        let Some(service) = service_of(name, names) else { continue };
        for (key, value) in config_map["data"].as_object().into_iter().flatten() {
            match entry(service, name, key, value.as_str().unwrap_or_default()) {
                Ok(backup) => backups.push(backup),
                Err(why) => unreadable.push(format!("{name}/{key}: {why}")),
            }
        }
    }
    (backups, unreadable)
}

/// Whose metadata a ConfigMap of this name holds: `<name>`, `<name>-1`, `<name>-2`, …
fn service_of(config_map: &str, names: &MetadataNames) -> Option<Service> {
    let is_of = |name: &str| {
        config_map.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok())
        })
    };
    [(Service::RonDb, &names.rondb), (Service::OpenSearch, &names.opensearch)]
        .into_iter()
        .find_map(|(service, name)| is_of(name).then_some(service))
}

fn entry(service: Service, config_map: &str, key: &str, value: &str) -> Result<DataBackup, String> {
    let id = BackupId::parse(key).map_err(|problem| problem.to_string())?;
    let entry: Json = serde_json::from_str(value).map_err(|error| format!("not JSON: {error}"))?;
    let time = |pointer: &str| text(&entry, pointer).parse::<Timestamp>().ok();
    Ok(DataBackup {
        service,
        id,
        state: text(&entry, "/state").to_owned(),
        start: time("/start_time"),
        end: time("/end_time"),
        path: text(&entry, "/path").to_owned(),
        config_map: config_map.to_owned(),
    })
}
