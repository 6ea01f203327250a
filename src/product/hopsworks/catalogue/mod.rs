//! The catalogue: the backups of data that exist, by id, as recorded in ConfigMaps. Pure, except [`load`].

mod load;
mod metadata;
mod series;

pub use load::{LABELS, objections};
pub use metadata::{DataBackup, Service, Unreadable};
pub use series::{not_backups, series};

use crate::product::request::Objection;
pub use crate::product::request::rotated;

use super::backup_id::BackupId;
use super::request::METADATA;

/// All backups that the cluster knows of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Backups of data, newest first.
    pub data: Vec<DataBackup>,
    /// Entries that cannot be read.
    pub unreadable: Vec<Unreadable>,
}

/// The ConfigMaps that hold the backups' metadata; rotation adds `-1`, `-2`, … to these names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataNames {
    /// `global._hopsworks.backups.metadataStore.configMap.ronDB`
    pub rondb: String,
    /// `global._hopsworks.backups.metadataStore.configMap.opensearch`
    pub opensearch: String,
}

/// How many of them pods may read: a Role names each.
pub const LET_READ: usize = 10;

impl Default for MetadataNames {
    fn default() -> Self {
        Self::from(METADATA.map(str::to_owned))
    }
}

impl From<[String; 2]> for MetadataNames {
    fn from([rondb, opensearch]: [String; 2]) -> Self {
        Self { rondb, opensearch }
    }
}

impl Catalogue {
    /// The catalogue of these ConfigMaps, as the API server gives them. Other ConfigMaps are
    /// skipped.
    pub fn new(config_maps: &[serde_json::Value], names: &MetadataNames) -> Self {
        let (mut data, unreadable) = metadata::read(config_maps, names);
        data.sort_by(|a, b| b.began().cmp(&a.began()).then_with(|| b.id.cmp(&a.id)));
        Self { data, unreadable }
    }

    /// The backup of a service's data with this id.
    pub fn data(&self, service: Service, id: &BackupId) -> Option<&DataBackup> {
        self.data.iter().find(|backup| backup.service == service && backup.id == *id)
    }

    /// What speaks against restoring a service's data from this id, and which ids would do; none if nothing does.
    pub fn objection(&self, service: Service, id: &BackupId) -> Option<Objection> {
        let good: Vec<_> = self
            .data
            .iter()
            .filter(|backup| backup.service == service && backup.is_good())
            .map(|backup| backup.id.as_str())
            .collect();
        let there = match good.as_slice() {
            [] => "there is no good one".to_owned(),
            ids => format!("the newest good ones are {}", ids.iter().take(5).copied().collect::<Vec<_>>().join(", ")),
        };
        let is_this = |entry: &&Unreadable| entry.service == service && entry.id.as_ref() == Some(id);
        let what = match (self.data(service, id), self.unreadable.iter().find(is_this)) {
            (Some(backup), _) if backup.is_good() => return None,
            (Some(backup), _) => {
                format!(
                    "{service}'s backup {id} is recorded as {} in ConfigMap {}; {there}",
                    backup.state, backup.config_map
                )
            }
            (None, Some(entry)) => format!("{service}'s record of backup {id} cannot be read: {entry}; {there}"),
            (None, None) => {
                let what = format!("{service}'s metadata have no backup {id}; {there}");
                return Some(Objection { what, is_older: self.ends_before(service, id) });
            }
        };
        Some(Objection { what, is_older: false })
    }

    /// Whether all records of a service are of backups before this one.
    fn ends_before(&self, service: Service, id: &BackupId) -> bool {
        let data = self.data.iter().filter(|backup| backup.service == service);
        let data = data.map(|backup| backup.id.time().or(backup.start));
        let unreadable = self.unreadable.iter().filter(|entry| entry.service == service);
        let mut times = data.chain(unreadable.filter_map(|entry| entry.id.as_ref()).map(BackupId::time));
        id.time().is_some_and(|time| times.all(|other| other.is_some_and(|other| other < time)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    fn config_map(name: &str, data: Json) -> Json {
        json!({"metadata": {"name": name}, "data": data})
    }

    fn entry(state: &str, start: &str) -> String {
        json!({"state": state, "start_time": start, "end_time": start, "path": "p"}).to_string()
    }

    #[test]
    fn rotated_config_maps_are_read_too() {
        let maps = [
            config_map("rondb-backups-metadata", json!({"254811200": entry("SUCCESS", "2025-11-24T12:00:00.123Z")})),
            config_map("rondb-backups-metadata-1", json!({"254821200": entry("SUCCESS", "2025-11-25T12:00:00Z")})),
            config_map("rondb-backups-metadata-12", json!({"254831200": entry("FAILED", "2025-11-26T12:00:00Z")})),
            config_map("opensearch-backups-metadata", json!({"254811205": entry("SUCCESS", "2025-11-24T12:05:00Z")})),
            config_map("rondb-backups-metadata-of-old", json!({"254811300": "x"})),
            config_map("something", json!({"254811300": entry("SUCCESS", "2025-11-24T13:00:00Z")})),
        ];
        let catalogue = Catalogue::new(&maps, &MetadataNames::default());
        let known: Vec<_> = catalogue.data.iter().map(|b| (b.service, b.id.as_str(), b.state.as_str())).collect();
        assert_eq!(
            known,
            [
                (Service::RonDb, "254831200", "FAILED"),
                (Service::RonDb, "254821200", "SUCCESS"),
                (Service::OpenSearch, "254811205", "SUCCESS"),
                (Service::RonDb, "254811200", "SUCCESS"),
            ]
        );
        assert_eq!(catalogue.unreadable, []);
    }

    #[test]
    fn what_speaks_against_an_id() {
        let maps = [config_map(
            "rondb-backups-metadata",
            json!({
                "254811200": entry("SUCCESS", "2025-11-24T12:00:00Z"),
                "254821200": entry("FAILED", "2025-11-25T12:00:00Z"),
                "254831200": "not JSON",
                "latest": entry("SUCCESS", "2025-11-25T12:00:00Z"),
            }),
        )];
        let catalogue = Catalogue::new(&maps, &MetadataNames::default());
        let id = |text: &str| BackupId::parse(text).unwrap();
        let there = "the newest good ones are 254811200";
        for (service, backup, what, is_older) in [
            (
                Service::RonDb,
                "254821200",
                "RonDB's backup 254821200 is recorded as FAILED in ConfigMap rondb-backups-metadata",
                false,
            ),
            (
                Service::RonDb,
                "254831200",
                "RonDB's record of backup 254831200 cannot be read: rondb-backups-metadata/254831200: \
                 not JSON: expected ident at line 1 column 2",
                false,
            ),
            // Of an earlier one there would be a record; a later one has none yet, and what is no id says nothing.
            (Service::RonDb, "254821159", "RonDB's metadata have no backup 254821159", false),
            (Service::RonDb, "254841200", "RonDB's metadata have no backup 254841200", true),
            // Who knows when that was?
            (Service::RonDb, "7", "RonDB's metadata have no backup 7", false),
        ] {
            let objection = Objection { what: format!("{what}; {there}"), is_older };
            assert_eq!(catalogue.objection(service, &id(backup)), Some(objection));
        }
        assert_eq!(catalogue.objection(Service::RonDb, &id("254811200")), None);
        // The first backup of all.
        let what = "OpenSearch's metadata have no backup 254811200; there is no good one".to_owned();
        let objection = Objection { what, is_older: true };
        assert_eq!(catalogue.objection(Service::OpenSearch, &id("254811200")), Some(objection));
        let unreadable: Vec<_> = catalogue.unreadable.iter().map(ToString::to_string).collect();
        assert_eq!(
            unreadable,
            [
                "rondb-backups-metadata/254831200: not JSON: expected ident at line 1 column 2",
                "rondb-backups-metadata/latest: a backup id is digits only, like 254811200",
            ]
        );
    }
}
