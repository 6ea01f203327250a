//! The catalogue of a cluster.

use serde_json::Value as Json;

use super::{Catalogue, MetadataNames, Service, rotated};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::request::{Objection, Recorded};
use crate::refusal::Refusal;

/// The labels of all ConfigMaps of backup metadata (written by the backup CronJobs).
pub const LABELS: &str = "app=backups-metadata";

impl Catalogue {
    /// Reads what the cluster knows.
    ///
    /// # Errors
    /// If the API server refuses or does not answer.
    pub async fn load(cluster: &Cluster, names: &MetadataNames) -> Result<Self, ClusterError> {
        let mut config_maps = cluster.list(Kind::CONFIG_MAP, None, LABELS).await?;
        // An older one may have lost its labels, or never had any.
        for name in [&names.rondb, &names.opensearch] {
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
    let catalogue = Catalogue::load(cluster, &MetadataNames::from(recorded.metadata.clone())).await?;
    let mut objections = Vec::new();
    for (service, id) in &recorded.backups {
        let service = match service.as_str() {
            "rondb" => Service::RonDb,
            "opensearch" => Service::OpenSearch,
            _ => continue,
        };
        let id = BackupId::parse(id).map_err(|problem| Refusal::new(format!("{id}: {problem}")))?;
        objections.extend(catalogue.objection(service, &id).filter(|objection| !objections.contains(objection)));
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
