//! Backups of data, as the backup CronJobs record them: one entry per id, in rotating ConfigMaps.

use std::fmt;

use jiff::Timestamp;
use serde_json::Value as Json;

use super::MetadataNames;
use crate::cluster::condition::text;
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::superset;
use crate::product::hopsworks::superset::id::SupersetId;

/// A service that keeps its own backups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// RonDB.
    RonDb,
    /// OpenSearch.
    OpenSearch,
    /// Superset.
    Superset,
}

/// The ids by which a service names its backups. RonDB and OpenSearch have the same, Superset has its own: their types keep them apart.
pub trait RecordId: Clone + Eq + Ord + fmt::Display {
    /// Takes a key of a ConfigMap.
    ///
    /// # Errors
    /// If it is not such an id: why.
    fn read(key: &str) -> Result<Self, String>;
    /// The id as it is written.
    fn text(&self) -> &str;
    /// The time that it names.
    fn moment(&self) -> Option<Timestamp>;
}

impl RecordId for BackupId {
    fn read(key: &str) -> Result<Self, String> {
        Self::parse(key).map_err(|problem| problem.to_string())
    }

    fn text(&self) -> &str {
        self.as_str()
    }

    fn moment(&self) -> Option<Timestamp> {
        self.time()
    }
}

impl RecordId for SupersetId {
    fn read(key: &str) -> Result<Self, String> {
        Self::parse(key).map_err(|problem| problem.to_string())
    }

    fn text(&self) -> &str {
        self.as_str()
    }

    fn moment(&self) -> Option<Timestamp> {
        Some(self.time())
    }
}

impl Service {
    /// The name of its series, and of its metadata's label.
    pub fn name(self) -> &'static str {
        match self {
            Self::RonDb => "rondb",
            Self::OpenSearch => "opensearch",
            Self::Superset => superset::NAME,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RonDb => "RonDB",
            Self::OpenSearch => "OpenSearch",
            Self::Superset => "Superset",
        })
    }
}

/// One backup of a service's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataBackup<I = BackupId> {
    /// Whose data it is.
    pub service: Service,
    /// Its id.
    pub id: I,
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

impl<I: RecordId> DataBackup<I> {
    /// When it began: as recorded, or the time that its id names.
    pub fn began(&self) -> Option<Timestamp> {
        self.start.or_else(|| self.id.moment())
    }

    /// Whether it can be restored from.
    pub fn is_good(&self) -> bool {
        self.state == "SUCCESS"
    }
}

/// An entry that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable<I = BackupId> {
    /// Whose backup it is about.
    pub service: Service,
    /// The ConfigMap.
    pub config_map: String,
    /// The key in it.
    pub key: String,
    /// The key as a backup id, where it is one.
    pub id: Option<I>,
    /// What is wrong with it.
    pub why: String,
}

impl<I> fmt::Display for Unreadable<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}: {}", self.config_map, self.key, self.why)
    }
}

/// What was read of the ConfigMaps of a service: its backups, and entries that cannot be read.
pub(super) type Read<I> = (Vec<DataBackup<I>>, Vec<Unreadable<I>>);

/// The entries of all ConfigMaps of RonDB and OpenSearch that hold such metadata.
pub(super) fn read(config_maps: &[Json], names: &MetadataNames) -> Read<BackupId> {
    let (mut backups, mut unreadable) = read_of(config_maps, Service::RonDb, &names.rondb);
    let (more, too) = read_of(config_maps, Service::OpenSearch, &names.opensearch);
    backups.extend(more);
    unreadable.extend(too);
    (backups, unreadable)
}

/// The entries of one service. Its ConfigMaps are those that the charts' own scripts take for it, by their labels, and those that are called `first`: they
/// may have lost their labels.
pub(super) fn read_of<I: RecordId>(config_maps: &[Json], service: Service, first: &str) -> Read<I> {
    let (mut backups, mut unreadable) = (Vec::new(), Vec::new());
    for config_map in config_maps {
        let name = text(config_map, "/metadata/name");
        if !is_rotated(name, first) && !is_labelled(config_map, service) {
            continue;
        }
        for (key, value) in config_map["data"].as_object().into_iter().flatten() {
            let id = I::read(key);
            let read = match &id {
                Ok(id) => entry(service, name, id, value.as_str().unwrap_or_default()),
                Err(problem) => Err(problem.clone()),
            };
            match read {
                Ok(backup) => backups.push(backup),
                Err(why) => {
                    let (config_map, key) = (name.to_owned(), key.clone());
                    unreadable.push(Unreadable { service, config_map, key, id: id.ok(), why });
                }
            }
        }
    }
    (backups, unreadable)
}

/// Whether a ConfigMap has the labels of a service's metadata (rondb-helm, `native_upload_kubectl.sh`; the others' scripts do the same).
fn is_labelled(config_map: &Json, service: Service) -> bool {
    text(config_map, "/metadata/labels/app") == "backups-metadata"
        && text(config_map, "/metadata/labels/service") == service.name()
}

/// Whether a ConfigMap is one of those that begin with `first`: `<first>`, `<first>-1`, `<first>-2`, …
fn is_rotated(config_map: &str, first: &str) -> bool {
    config_map.strip_prefix(first).is_some_and(|rest| {
        rest.is_empty() || rest.strip_prefix('-').is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

fn entry<I: RecordId>(service: Service, config_map: &str, id: &I, value: &str) -> Result<DataBackup<I>, String> {
    let entry: Json = serde_json::from_str(value).map_err(|error| format!("not JSON: {error}"))?;
    let time = |pointer: &str| text(&entry, pointer).parse::<Timestamp>().ok();
    Ok(DataBackup {
        service,
        id: id.clone(),
        state: text(&entry, "/state").to_owned(),
        start: time("/start_time"),
        end: time("/end_time"),
        path: text(&entry, "/path").to_owned(),
        config_map: config_map.to_owned(),
    })
}
