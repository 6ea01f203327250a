//! Hopsworks on Kubernetes: all that hwdr knows about it.

pub mod asked;
pub mod backup_id;
pub mod catalogue;
mod checks;
mod digest;
mod doctor;
pub mod hopsfs;
pub mod keys;
pub mod object_storage;
pub mod objects;
pub mod opensearch;
mod plan;
pub mod remotes;
pub mod request;
mod restore;
pub mod rondb;
pub mod rules;
pub mod superset;
pub mod users;
mod warnings;

use std::sync::LazyLock;

use serde_json::Value as Json;

use super::request::{Backup, Barrier, Objection, Recorded, Request};
use super::service::{Doing, Files, Service};
use super::{Keys, Path, Product, Storage};
use crate::cluster::Cluster;
use crate::doctor::{Facts, Line, Mend};
use crate::lint::IdKind;
use crate::lint::rules::Rule;
use crate::lint::schema::{self, Node};
use crate::mode::Mode;
use crate::refusal::Refusal;
use crate::topology::read::{items, text};
use crate::topology::{Role, Topology};
use crate::values::Value;
use crate::values::chart::Chart;
use crate::velero::Velero;
use backup_id::BackupId;
use object_storage::ObjectStorage;
use plan::Part;
use superset::alone::Alone;
use superset::id::SupersetId;

/// Hopsworks.
pub struct Hopsworks;

/// Its services, in the order of a restore.
static PARTS: &[&dyn Part] =
    &[&objects::Objects, &rondb::RonDb, &users::Users, &hopsfs::HopsFs, &opensearch::OpenSearch, &superset::Superset];

impl Product for Hopsworks {
    fn name(&self) -> &'static str {
        "hopsworks"
    }

    fn title(&self) -> &'static str {
        "Hopsworks"
    }

    fn names(&self) -> &'static [&'static str] {
        &[
            rondb::LABEL,
            rondb::MARKER,
            users::MARKER,
            hopsfs::MARKER,
            request::METADATA[0],
            request::METADATA[1],
            request::RONDB_FOLDER,
            "ndbmtd",
            "mgmd",
            "mysqld",
            "MySQL",
            "rdrs",
            "namenode",
            "ndb_restore",
            request::PREFIX,
            request::SCHEDULES[0],
            request::SCHEDULES[1],
            "Superset",
            superset::METADATA,
            superset::FOLDER,
            keys::SUPERSET_SECRETS[0].1,
            superset::AUDIT,
            superset::MARKER,
        ]
    }

    fn keys(&self) -> &'static Keys {
        &keys::KEYS
    }

    fn schema(&self) -> &'static str {
        include_str!("schema.json")
    }

    fn shape(&self) -> &'static Node {
        static SHAPE: LazyLock<Node> = LazyLock::new(|| schema::read(Hopsworks.schema()));
        &SHAPE
    }

    fn rules(&self) -> &'static [&'static dyn Rule] {
        rules::ALL
    }

    fn services(&self) -> &'static [&'static dyn Service] {
        static SERVICES: LazyLock<Vec<&'static dyn Service>> =
            LazyLock::new(|| PARTS.iter().map(|part| *part as &dyn Service).collect());
        &SERVICES
    }

    fn shared(&self) -> Files {
        &[
            ("pieces/patience.yaml", include_str!("templates/pieces/patience.yaml")),
            ("pieces/s3-env.yaml", include_str!("templates/pieces/s3-env.yaml")),
        ]
    }

    fn hints(&self) -> &'static [&'static str] {
        &["rclone.conf"]
    }

    fn groups(&self) -> &'static [&'static str] {
        &["RonDB", "MySQL", "HopsFS", "OpenSearch", "Superset", "S3", "application", "backups"]
    }

    fn anchor(&self) -> Role {
        rondb::DATA_NODE
    }

    fn servers(&self, topology: &Topology) -> Vec<(String, Role)> {
        let entries = topology.workloads.iter().flat_map(|workload| workload.pod.all_containers());
        let opensearch = entries
            .flat_map(|container| items(&container["env"]))
            .filter(|entry| entry["name"] == "OPENSEARCH_URL")
            .map(|entry| (text(&entry["value"]).to_owned(), opensearch::SERVER));
        let storage = ObjectStorage::of(&topology.workloads, &topology.config_maps);
        let remotes = [storage.restore, storage.own].into_iter().flat_map(|remote| remote.options);
        let endpoints = remotes.filter(|(key, _)| key == "endpoint").map(|(_, url)| (url, object_storage::ROLE));
        opensearch.chain(endpoints).collect()
    }

    fn barriers(&self) -> &'static [&'static Barrier] {
        static BARRIERS: [&Barrier; 1] = [&superset::BARRIER];
        &BARRIERS
    }

    fn request(&self, values: &Value, mode: Mode) -> Result<Option<Box<dyn Request>>, Refusal> {
        match request::Restore::from_values(values, mode)? {
            Some(restore) => Ok(Some(Box::new(restore))),
            None => Ok(Alone::from_values(values, mode)?.map(|restore| Box::new(restore) as Box<dyn Request>)),
        }
    }

    fn velero(&self, values: &Value) -> Result<Velero, Refusal> {
        Velero::from_values(values)
    }

    fn storage(&self, values: &Value) -> Result<Storage, Refusal> {
        request::storage(values)
    }

    fn backup_keys(&self) -> &'static [Path] {
        keys::BACKUP_NAMES
    }

    fn backup(&self, id: &str) -> Result<Backup, String> {
        let own = SupersetId::parse(id).map(|id| Backup::from(&id));
        own.or_else(|_| BackupId::parse(id).map(|id| Backup::from(&id)).map_err(|problem| problem.to_string()))
    }

    fn set_backup(&self, id: &str) -> Result<Backup, String> {
        if SupersetId::parse(id).is_ok() {
            return Err(format!(
                "this is the id of a backup of Superset alone: give that of the set that it belongs to: helm hwdr backups show {id}"
            ));
        }
        self.backup(id)
    }

    fn records(&self) -> &'static [&'static str] {
        &["rondb", "opensearch", superset::NAME]
    }

    fn recorded_id(&self, service: &str, id: &str) -> Result<Backup, String> {
        match service {
            superset::NAME => SupersetId::parse(id).map(|id| Backup::from(&id)).map_err(|problem| problem.to_string()),
            _ => BackupId::parse(id).map(|id| Backup::from(&id)).map_err(|problem| problem.to_string()),
        }
    }

    /// Superset has no backup of that id.
    fn recorded(&self, id: &Backup) -> Recorded {
        let backups = self.records().iter().filter(|service| **service != superset::NAME);
        Recorded {
            backups: backups.map(|service| ((*service).to_owned(), id.id.clone())).collect(),
            metadata: request::METADATA.map(str::to_owned).into(),
        }
    }

    fn record_labels(&self) -> &'static str {
        catalogue::LABELS
    }

    fn record_names(&self, values: Option<&Value>) -> Result<Vec<(&'static str, String)>, Refusal> {
        let [rondb, opensearch] = request::METADATA;
        let usual = || [rondb, opensearch, superset::METADATA].map(str::to_owned);
        let names = values.map_or_else(|| Ok(usual()), request::metadata)?;
        Ok(self.records().iter().copied().zip(names).collect())
    }

    fn expected(&self, values: &Value) -> Vec<&'static str> {
        if asked::has_superset(values) { vec![superset::NAME] } else { Vec::new() }
    }

    fn restore_values(&self, id: &str, parts: &[(String, &str)], mode: Mode) -> Json {
        request::values_of(id, parts, mode)
    }

    fn ends(&self) -> &'static str {
        "end_time in ConfigMap rondb-backups-metadata"
    }

    fn objections<'r>(
        &'r self,
        cluster: &'r Cluster,
        recorded: &'r Recorded,
    ) -> Doing<'r, Result<Vec<Objection>, Refusal>> {
        Box::pin(catalogue::objections(cluster, recorded))
    }

    fn belongs(&self, path: &[String]) -> Option<(Vec<String>, &'static Node)> {
        rules::misplaced_key::belongs(path)
    }

    fn loses_a_restore(&self, key: &str, value: &Value) -> bool {
        let is = |path: keys::Path| path.last() == Some(&key);
        is(keys::RESTORE) || keys::GLOBAL == [key, "_hopsworks"] && value.get(&["_hopsworks"]).is_some()
    }

    fn examine(&self, facts: &Facts) -> Vec<Line> {
        let mut lines = doctor::examine(facts);
        lines.extend(superset::doctor::examine(facts));
        lines
    }

    fn proven<'r>(&'r self, cluster: &'r Cluster, facts: &'r Facts) -> Doing<'r, (Vec<Mend>, Vec<String>)> {
        Box::pin(superset::doctor::proven(cluster, facts))
    }

    fn unexamined(&self) -> &'static [&'static str] {
        doctor::UNEXAMINED
    }

    fn telling(&self) -> &'static [&'static str] {
        &[superset::AUDIT]
    }

    fn id_kind(&self, chart: &Chart) -> Option<IdKind> {
        let takes = |kind| chart.takes(keys::RONDB_BACKUP_ID, kind);
        match (takes("integer")? || takes("number")?, takes("string")?) {
            (true, false) => Some(IdKind::Number),
            (false, true) => Some(IdKind::Text),
            _ => None,
        }
    }
}
