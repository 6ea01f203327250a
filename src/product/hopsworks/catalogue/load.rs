//! The catalogue of a cluster.

use serde_json::Value as Json;

use super::{Catalogue, MetadataNames, RecordId as _, Service, rotated};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::superset;
use crate::product::hopsworks::superset::id::SupersetId;
use crate::product::request::{Objection, Recorded};
use crate::refusal::Refusal;

/// The labels of all ConfigMaps of backup metadata (written by the backup CronJobs).
pub const LABELS: &str = "app=backups-metadata";

impl Catalogue {
    /// Reads what the cluster knows; with `has_superset` also of Superset.
    ///
    /// # Errors
    /// If the API server refuses or does not answer.
    pub async fn load(cluster: &Cluster, names: &MetadataNames, has_superset: bool) -> Result<Self, ClusterError> {
        let mut config_maps = cluster.list(Kind::CONFIG_MAP, None, LABELS).await?;
        // An older one may have lost its labels, or never had any.
        let superset = Some(&names.superset).filter(|_| has_superset);
        for name in [&names.rondb, &names.opensearch].into_iter().chain(superset) {
            add_unlabelled(cluster, name, &mut config_maps).await?;
        }
        Ok(Self::new(&config_maps, names))
    }
}

/// Reasons in the cluster's records not to restore from these backups. Velero's are not among them.
///
/// # Errors
/// If the cluster does not answer, or an id is invalid.
pub async fn objections(cluster: &Cluster, recorded: &Recorded) -> Result<Vec<Objection>, Refusal> {
    let names = MetadataNames::from(recorded.metadata.as_slice());
    let has_superset = recorded.backups.iter().any(|(service, _)| service == superset::NAME);
    let catalogue = Catalogue::load(cluster, &names, has_superset).await?;
    let mut objections = Vec::new();
    let invalid = |id: &str, problem: String| Refusal::new(format!("{id}: {problem}"));
    let parsed = |id: &str| BackupId::read(id).map_err(|problem| invalid(id, problem));
    for (service, id) in &recorded.backups {
        let objection = match service.as_str() {
            "rondb" => catalogue.objection(Service::RonDb, &parsed(id)?),
            "opensearch" => catalogue.objection(Service::OpenSearch, &parsed(id)?),
            superset::NAME => {
                catalogue.objection_to_superset(&SupersetId::read(id).map_err(|problem| invalid(id, problem))?)
            }
            _ => continue,
        };
        objections.extend(objection.filter(|objection| !objections.contains(objection)));
    }
    Ok(objections)
}

/// Adds `<name>`, `<name>-1`, … up to the first that does not exist.
async fn add_unlabelled(cluster: &Cluster, name: &str, config_maps: &mut Vec<Json>) -> Result<(), ClusterError> {
    for name in rotated(name) {
        if config_maps.iter().any(|config_map| text(config_map, "/metadata/name") == name) {
            continue;
        }
        let Some(config_map) = cluster.get(Kind::CONFIG_MAP, None, &name).await? else { break };
        config_maps.push(config_map);
    }
    Ok(())
}
