//! The catalogue of a cluster.

use serde_json::Value as Json;

use super::{Catalogue, MetadataNames, rotated};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError, Kind};

/// The labels of all ConfigMaps of backup metadata (domain: written by the backup CronJobs).
const LABELS: &str = "app=backups-metadata";

impl Catalogue {
    /// Reads what the cluster knows, with Velero's backups in its namespace. Where Velero is not installed, it knows no backups of objects.
    ///
    /// # Errors
    /// Where the API server refuses, or is not there.
    pub async fn load(cluster: &Cluster, velero: &str, names: &MetadataNames) -> Result<Self, ClusterError> {
        let mut config_maps = cluster.list(Kind::CONFIG_MAP, None, LABELS).await?;
        // An older one may have lost its labels, or never had any.
        for name in [&names.rondb, &names.opensearch] {
            add_unlabelled(cluster, name, &mut config_maps).await?;
        }
        let backups = match cluster.list(Kind::BACKUP, Some(velero), "").await {
            Err(ClusterError::Call { code: 404, .. }) => Vec::new(),
            backups => backups?,
        };
        Ok(Self::new(&config_maps, &backups, names))
    }
}

/// Adds `<name>`, `<name>-1`, … up to the first that is not there.
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
