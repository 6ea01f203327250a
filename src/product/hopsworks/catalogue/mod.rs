//! The catalogue: the backups of data that exist, by id, as recorded in ConfigMaps. Pure, except [`load`].

mod load;
mod metadata;
mod series;

pub use load::{LABELS, objections};
pub use metadata::{DataBackup, RecordId, Service, Unreadable};
pub use series::{not_backups, series};

use crate::product::request::Objection;
pub use crate::product::request::rotated;

use super::backup_id::BackupId;
use super::request::METADATA;
use super::superset;
use super::superset::id::SupersetId;

/// All backups that the cluster knows of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Backups of data of RonDB and OpenSearch, newest first.
    pub data: Vec<DataBackup>,
    /// Those of Superset, newest first.
    pub superset: Vec<DataBackup<SupersetId>>,
    /// Entries of RonDB and OpenSearch that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Those of Superset.
    pub odd: Vec<Unreadable<SupersetId>>,
}

/// The ConfigMaps that hold the backups' metadata; rotation adds `-1`, `-2`, … to these names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataNames {
    /// `global._hopsworks.backups.metadataStore.configMap.ronDB`
    pub rondb: String,
    /// `global._hopsworks.backups.metadataStore.configMap.opensearch`
    pub opensearch: String,
    /// `global._hopsworks.backups.metadataStore.configMap.superset`
    pub superset: String,
}

/// How many of them pods may read: a Role names each.
pub const LET_READ: usize = 10;

impl Default for MetadataNames {
    fn default() -> Self {
        let [rondb, opensearch] = METADATA.map(str::to_owned);
        Self { rondb, opensearch, superset: superset::METADATA.to_owned() }
    }
}

/// In the order of `Product::records`. A run of an older hwdr has fewer; what is missing or empty has its usual name.
impl From<&[String]> for MetadataNames {
    fn from(names: &[String]) -> Self {
        let usual = Self::default();
        let mut given = names.iter().map(|name| Some(name.clone()).filter(|name| !name.is_empty()));
        let mut next = |usual: String| given.next().flatten().unwrap_or(usual);
        Self { rondb: next(usual.rondb), opensearch: next(usual.opensearch), superset: next(usual.superset) }
    }
}

impl Catalogue {
    /// The catalogue of these ConfigMaps, as the API server gives them. Other ConfigMaps are
    /// skipped.
    pub fn new(config_maps: &[serde_json::Value], names: &MetadataNames) -> Self {
        let (mut data, unreadable) = metadata::read(config_maps, names);
        let (mut superset, odd) = metadata::read_of::<SupersetId>(config_maps, Service::Superset, &names.superset);
        sort(&mut data);
        sort(&mut superset);
        Self { data, superset, unreadable, odd }
    }

    /// The backup of a service's data with this id.
    pub fn data(&self, service: Service, id: &BackupId) -> Option<&DataBackup> {
        self.data.iter().find(|backup| backup.service == service && backup.id == *id)
    }

    /// What speaks against restoring a service's data from this id, and which ids would do; none if nothing does.
    pub fn objection(&self, service: Service, id: &BackupId) -> Option<Objection> {
        let unreadable: Vec<_> = self.unreadable.iter().filter(|entry| entry.service == service).collect();
        objection(service, self.data.iter().filter(|backup| backup.service == service), &unreadable, id)
    }

    /// What speaks against restoring Superset from this id.
    pub fn objection_to_superset(&self, id: &SupersetId) -> Option<Objection> {
        objection(Service::Superset, self.superset.iter(), &self.odd.iter().collect::<Vec<_>>(), id)
    }
}

fn sort<I: RecordId>(backups: &mut [DataBackup<I>]) {
    backups.sort_by(|a, b| b.began().cmp(&a.began()).then_with(|| b.id.cmp(&a.id)));
}

fn objection<'b, I: RecordId + 'b>(
    service: Service,
    backups: impl Iterator<Item = &'b DataBackup<I>> + Clone,
    unreadable: &[&Unreadable<I>],
    id: &I,
) -> Option<Objection> {
    let good: Vec<_> = backups.clone().filter(|backup| backup.is_good()).map(|backup| backup.id.text()).collect();
    let there = match good.as_slice() {
        [] => "there is no good one".to_owned(),
        ids => format!("the newest good ones are {}", ids.iter().take(5).copied().collect::<Vec<_>>().join(", ")),
    };
    let found = backups.clone().find(|backup| backup.id == *id);
    let what = match (found, unreadable.iter().find(|entry| entry.id.as_ref() == Some(id))) {
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
            return Some(Objection { what, is_older: are_before(backups, unreadable, id) });
        }
    };
    Some(Objection { what, is_older: false })
}

/// Whether all records of a service are of backups before this one.
fn are_before<'b, I: RecordId + 'b>(
    backups: impl Iterator<Item = &'b DataBackup<I>>,
    unreadable: &[&Unreadable<I>],
    id: &I,
) -> bool {
    let data = backups.map(|backup| backup.id.moment().or(backup.start));
    let mut times = data.chain(unreadable.iter().filter_map(|entry| entry.id.as_ref()).map(RecordId::moment));
    id.moment().is_some_and(|time| times.all(|other| other.is_some_and(|other| other < time)))
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
            // As the values called it before.
            json!({"metadata": {"name": "my-rondb", "labels": {"app": "backups-metadata", "service": "rondb"}},
                "data": {"254771200": entry("SUCCESS", "2025-11-23T12:00:00Z")}}),
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
                (Service::RonDb, "254771200", "SUCCESS"),
            ]
        );
        assert_eq!(catalogue.unreadable, []);
    }

    /// Neither service ever sees the other's ids.
    #[test]
    fn supersets_backups_are_its_own() {
        let (own, other) = ("20260722215632-2116913658", "254811200");
        let data =
            json!({own: entry("SUCCESS", "2026-07-22T21:56:32Z"), other: entry("SUCCESS", "2025-11-24T12:00:00Z")});
        let maps = [config_map("superset-backups-metadata", data.clone()), config_map("rondb-backups-metadata", data)];
        let catalogue = Catalogue::new(&maps, &MetadataNames::default());
        assert_eq!(catalogue.superset.iter().map(|b| b.id.as_str()).collect::<Vec<_>>(), [own]);
        assert_eq!(catalogue.data.iter().map(|b| b.id.as_str()).collect::<Vec<_>>(), [other]);
        assert_eq!((catalogue.unreadable.len(), catalogue.odd.len()), (1, 1), "{catalogue:?}");
        let id = |text: &str| SupersetId::parse(text).unwrap();
        assert_eq!(catalogue.objection_to_superset(&id(own)), None);
        let Objection { what, is_older } = catalogue.objection_to_superset(&id("20260722215633-1")).unwrap();
        let expected = format!("Superset's metadata have no backup 20260722215633-1; the newest good ones are {own}");
        assert_eq!((what, is_older), (expected, true));
    }

    #[test]
    fn a_name_that_is_not_given_is_the_usual_one() {
        let names = |names: &[&str]| {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let MetadataNames { rondb, opensearch, superset } = names.as_slice().into();
            [rondb, opensearch, superset]
        };
        let usual = ["rondb-backups-metadata", "opensearch-backups-metadata", "superset-backups-metadata"];
        assert_eq!(names(&[]), usual);
        assert_eq!(names(&["", ""]), usual);
        assert_eq!(names(&["a", ""]), ["a", usual[1], usual[2]]);
        assert_eq!(names(&["a", "b", "c", "d"]), ["a", "b", "c"]);
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
