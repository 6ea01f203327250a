//! What the values ask for: the restore, in types that cannot be wrong.

mod places;
pub(super) mod read;
mod storage;
mod values;
mod velero;

use serde_json::Value as Json;

use super::backup_id::BackupId;
use super::superset::asked::Asked;
use crate::mode::Mode;

pub use crate::velero::Velero;
pub use places::{repositories, rondb_place, superset_place, superset_ttl};
pub use storage::{metadata, storage};
pub use values::values_of;
pub use velero::{PREFIX, SCHEDULES};

/// The default ConfigMaps of the backups' metadata: RonDB's, OpenSearch's.
pub const METADATA: [&str; 2] = ["rondb-backups-metadata", "opensearch-backups-metadata"];
/// The default folder of RonDB's backups.
pub const RONDB_FOLDER: &str = "rondb_backup";

/// Object storage for one of its uses, as far as the values describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3 {
    /// The region.
    pub region: Option<String>,
    /// The server's address.
    pub endpoint: Option<String>,
    /// Where the keys are.
    pub keys: Option<Keys>,
}

/// Keys of the object storage: a Secret and a key in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keys {
    /// The id of the access key.
    pub id: (String, String),
    /// The access key itself.
    pub secret: (String, String),
}

/// A restore, as the values ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restore {
    /// Whether it goes onto the running cluster or into a new one.
    pub mode: Mode,
    /// `global._hopsworks.restoreFromBackup.backupId`: also HopsFS's.
    pub backup_id: BackupId,
    /// RonDB's: its own (`rondb.rondb.restoreFromBackup.backupId`), or the global one.
    pub rondb: BackupId,
    /// OpenSearch's snapshots, by repository: never empty.
    pub opensearch: Vec<Snapshot>,
    /// Velero's names.
    pub velero: Velero,
    /// The Velero backup of the cluster's objects, if the values name one.
    pub velero_main: Option<String>,
    /// The Velero backup of the users' resources, if the values name one.
    pub velero_users: Option<String>,
    /// The bucket that backups are read from, if the values name one.
    pub bucket: Option<String>,
    /// The bucket of HopsFS's blocks: another one if backups are read from elsewhere.
    pub hopsfs_bucket: Option<String>,
    /// Where RonDB's backup is read from (`rondb.rondb.restoreFromBackup.s3`).
    pub restore_s3: S3,
    /// Where RonDB's backups are written (`rondb.rondb.backups.s3`).
    pub backups_s3: S3,
    /// The cluster's own storage (`global._hopsworks.managedObjectStorage.s3`).
    pub cluster_s3: S3,
    /// The folder of RonDB's backups in the bucket.
    pub backup_prefix: String,
    /// The first ConfigMap of RonDB's backup metadata: later ones add `-1`, `-2`, … to its name.
    pub rondb_metadata: String,
    /// The first ConfigMap of OpenSearch's.
    pub opensearch_metadata: String,
    /// The image with bash, kubectl, rclone and jq, if the values name one.
    pub toolbox: Option<String>,
    /// Who rewinds HopsFS's bucket if the chart does not (`hwdr.hopsfs`).
    pub hopsfs: HopsFs,
    /// Whether to trust OpenSearch's certificate unchecked although the chart has a CA (`hwdr.opensearch.insecureSkipTLSVerify`).
    pub skips_tls_verify: bool,
    /// How long restoring RonDB may take, if the values say so.
    pub rondb_seconds: Option<u64>,
    /// Databases of RonDB's backup that the values exclude.
    pub excluded_databases: Vec<String>,
    /// Tables of it that they exclude: `database.table`.
    pub excluded_tables: Vec<String>,
    /// Whether the chart lets the number of node groups change (`rondb.rondb.forceNodeGroupChange`).
    pub node_groups_may_change: bool,
    /// Whether the chart restarts data nodes one group at a time (`rondb.rondb.ndbmtdSequencedRollout.enabled`).
    pub rolls_in_sequence: bool,
    /// Whether the chart deletes the remaining data claims when the release is uninstalled (`global._hopsworks.wipeDataOnUninstall`).
    pub wipes_on_uninstall: bool,
    /// The dotted key of a setting for RonDB's restore that hwdr's own Jobs do not honour, if one is set.
    pub not_honoured: Option<String>,
    /// Superset's restore, if it is asked for.
    pub superset: Option<Asked>,
}

/// Who rewinds HopsFS's bucket: a top-level key of the values, which charts do not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopsFs {
    /// The toolbox, with rclone: every chart has it.
    Toolbox,
    /// hwdr's own image.
    Worker {
        /// The image (`hwdr.hopsfs.image`).
        image: String,
        /// How many pods (`hwdr.hopsfs.pods`).
        pods: usize,
    },
    /// The operator's machine (`hwdr.hopsfs.from: here`): the run itself does it.
    Here,
}

/// One OpenSearch snapshot to restore: `olk.opensearch.restore.repositories.<repository>.snapshots.<key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The repository's name in OpenSearch; `default` is the usual one.
    pub repository: String,
    /// The snapshot's key in the values; `default` is the usual one. Part of the marker's name.
    pub key: String,
    /// The snapshot's name: a backup id.
    pub id: BackupId,
    /// Which indices, in OpenSearch's own syntax (`"-myindex"` skips one); none means all.
    pub indices: Option<String>,
    /// The whole `payload`, a map: it goes to `_restore`.
    pub payload: Json,
}

impl Restore {
    /// The bucket of HopsFS's blocks.
    pub fn blocks(&self) -> Option<&str> {
        self.hopsfs_bucket.as_deref().or(self.bucket.as_deref())
    }

    /// The folder of RonDB's backups in that bucket, if they are in it.
    pub fn beside_blocks(&self) -> Option<&str> {
        (self.hopsfs_bucket == self.bucket).then_some(self.backup_prefix.as_str())
    }
}

/// The registry in an image's name, if there is one.
pub fn registry_of(image: &str) -> Option<&str> {
    image.split_once('/').map(|(host, _)| host).filter(|host| host.contains(['.', ':']))
}

/// An image, from `registry` if its name contains none.
pub fn from_registry(image: &str, registry: Option<&str>) -> String {
    match (registry_of(image), registry) {
        (None, Some(registry)) => format!("{registry}/{image}"),
        _ => image.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::hopsworks::keys;
    use crate::source::Source;
    use crate::values::read_one;

    /// Only a plain `true` turns the check off.
    #[test]
    fn the_check_of_opensearchs_certificate_is_skipped_on_demand_alone() {
        for (ours, expected) in [
            ("", Some(false)),
            ("hwdr: {opensearch: null}", Some(false)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: null}}", Some(false)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: false}}", Some(false)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: true}}", Some(true)),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: 'false'}}", None),
            ("hwdr: {opensearch: {insecureSkipTLSVerify: 1}}", None),
        ] {
            let text = format!("global: {{_hopsworks: {{restoreFromBackup: {{backupId: '254811200'}}}}}}\n{ours}\n");
            let values = read_one(Source::new("values.yaml", text)).unwrap();
            match (Restore::from_values(&values, Mode::Install), expected) {
                (Ok(restore), Some(expected)) => assert_eq!(restore.unwrap().skips_tls_verify, expected, "{ours}"),
                (Err(refusal), None) => {
                    assert!(refusal.problem.starts_with(&keys::dotted(keys::SKIP_TLS_VERIFY)), "{ours}")
                }
                (found, _) => panic!("{ours}: {found:?}"),
            }
        }
    }
}
