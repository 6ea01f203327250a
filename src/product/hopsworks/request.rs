//! What the values ask for: the restore, in types that cannot be wrong.

mod read;
mod storage;
mod velero;

use serde_json::Value as Json;

use super::backup_id::BackupId;
use crate::mode::Mode;

pub use crate::product::SettingsError;
pub use crate::velero::Velero;
pub use storage::storage;
pub use velero::{PREFIX, SCHEDULES};

/// The ConfigMaps of the backups' metadata where the values do not name them: RonDB's, OpenSearch's.
pub const METADATA: [&str; 2] = ["rondb-backups-metadata", "opensearch-backups-metadata"];
/// The folder of RonDB's backups where the values do not name it.
pub const RONDB_FOLDER: &str = "rondb_backup";

/// Object storage, as far as the values name it for one of its uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct S3 {
    /// The region.
    pub region: Option<String>,
    /// The server's address.
    pub endpoint: Option<String>,
    /// Where the keys are.
    pub keys: Option<Keys>,
}

/// Keys of the object storage, by Secret and key in it.
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
    /// `global._hopsworks.restoreFromBackup.backupId`: also what HopsFS is restored by.
    pub backup_id: BackupId,
    /// RonDB's: its own (`rondb.rondb.restoreFromBackup.backupId`), or the global one.
    pub rondb: BackupId,
    /// OpenSearch's snapshots, by repository: never empty.
    pub opensearch: Vec<Snapshot>,
    /// What Velero's things are called.
    pub velero: Velero,
    /// The Velero backup of the cluster's objects, where the values name one.
    pub velero_main: Option<String>,
    /// The Velero backup of the users' resources, where the values name one.
    pub velero_users: Option<String>,
    /// The bucket that backups are read from, where the values name one.
    pub bucket: Option<String>,
    /// The bucket of HopsFS's blocks: another one, where backups are read from elsewhere.
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
    /// The image with bash, kubectl, rclone and jq, where the values name one.
    pub toolbox: Option<String>,
    /// Who brings HopsFS's bucket back, where the chart does not (`hwdr.hopsfs`).
    pub hopsfs: HopsFs,
    /// Whether OpenSearch's certificate is not checked, though the chart has a CA for it (`hwdr.opensearch.insecureSkipTLSVerify`).
    pub skips_tls_verify: bool,
    /// How long restoring RonDB may take, where the values say it.
    pub rondb_seconds: Option<u64>,
    /// Databases of RonDB's backup that the values leave out.
    pub excluded_databases: Vec<String>,
    /// Tables of it that they leave out: `database.table`.
    pub excluded_tables: Vec<String>,
    /// Whether the chart is told to let the number of node groups change (`rondb.rondb.forceNodeGroupChange`).
    pub node_groups_may_change: bool,
    /// Whether the chart starts data nodes anew one group after the other (`rondb.rondb.ndbmtdSequencedRollout.enabled`).
    pub rolls_in_sequence: bool,
    /// Whether the chart deletes data claims that are left when the release is uninstalled (`global._hopsworks.wipeDataOnUninstall`).
    pub wipes_on_uninstall: bool,
    /// A setting of RonDB's restore that hwdr's own Jobs do not honour, with dots; none where nothing of the kind is set.
    pub not_honoured: Option<String>,
}

/// Who brings HopsFS's bucket back: a key at the top of the values, which charts do not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HopsFs {
    /// The toolbox, with rclone: there wherever the chart is.
    Toolbox,
    /// hwdr's own image, in so many pods.
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
    /// The whole `payload`, a map: what `_restore` is given.
    pub payload: Json,
}

impl Restore {
    /// The bucket of HopsFS's blocks.
    pub fn blocks(&self) -> Option<&str> {
        self.hopsfs_bucket.as_deref().or(self.bucket.as_deref())
    }

    /// The folder of RonDB's backups in that bucket, where they lie in it.
    pub fn beside_blocks(&self) -> Option<&str> {
        (self.hopsfs_bucket == self.bucket).then_some(self.backup_prefix.as_str())
    }
}

/// The registry that an image's name begins with, if it names one.
pub fn registry_of(image: &str) -> Option<&str> {
    image.split_once('/').map(|(host, _)| host).filter(|host| host.contains(['.', ':']))
}

/// An image, from `registry` where its name does not begin with one.
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

    /// Nothing but a plain `true` gives up the check.
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
                (Err(error), None) => assert_eq!(error.path, keys::dotted(keys::SKIP_TLS_VERIFY), "{ours}"),
                (found, _) => panic!("{ours}: {found:?}"),
            }
        }
    }
}
