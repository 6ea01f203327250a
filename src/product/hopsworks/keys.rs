//! The keys of Hopsworks' values, in one place: for reading a restore, the linter, `hwdr finalize`, and the check whether a restore is asked
//! for.

pub use crate::product::Path;
use crate::product::{Bucket, Keys};

/// The block that all of Hopsworks' charts share.
pub const GLOBAL: Path = &["global", "_hopsworks"];
/// Whether the chart renders for install or upgrade.
pub const MODE: Path = &["global", "_hopsworks", "mode"];
/// Whether RonDB's chart renders for install or upgrade.
pub const RONDB_MODE: Path = &["rondb", "rondb", "mode"];

/// The restore that is asked for.
pub const RESTORE: Path = &["global", "_hopsworks", "restoreFromBackup"];
/// The id of the backup to restore.
pub const BACKUP_ID: Path = &["global", "_hopsworks", "restoreFromBackup", "backupId"];
/// Whether to restore onto the running cluster.
pub const IN_PLACE: Path = &["global", "_hopsworks", "restoreFromBackup", "inPlace"];
/// The confirmation that the cluster's data may go.
pub const FORCE_DATA_CLEAR: Path = &["global", "_hopsworks", "restoreFromBackup", "forceDataClear"];
/// Superset's restore, which charts from 5.2 on have.
pub const SUPERSET_RESTORE: Path = &["global", "_hopsworks", "restoreFromBackup", "superset"];
/// The id of Superset's backup, which has a form of its own.
pub const SUPERSET_BACKUP_ID: Path = &["global", "_hopsworks", "restoreFromBackup", "superset", "backupId"];

/// Superset, as all charts see it.
pub const SUPERSET: Path = &["global", "_hopsworks", "superset"];
/// Whether Superset is installed; if nothing is set, [`FULL_PLATFORM`] decides.
pub const SUPERSET_ENABLED: Path = &["global", "_hopsworks", "superset", "enabled"];
/// Whether all of Hopsworks is installed, or only the online feature store.
pub const FULL_PLATFORM: Path = &["global", "_hopsworks", "full_platform"];
/// Whether Superset's MySQL is installed with it.
pub const SUPERSET_MYSQL_ENABLED: Path = &["superset", "mysql", "enabled"];
/// Superset's backups, where they differ from those of other services.
pub const SUPERSET_BACKUPS: Path = &["superset", "backups"];
/// Superset's Secrets.
pub const SUPERSET_AUTH: Path = &["superset", "auth"];
/// For each of Superset's Secrets, the key of its name in [`SUPERSET_AUTH`], and that key's default.
pub const SUPERSET_SECRETS: [(&str, &str); 3] = [
    ("secretKeySecretName", "superset-secret-key"),
    ("mysqlUserSecretName", "superset-mysql-users-secrets"),
    ("adminUserSecret", "superset-admin-credentials"),
];
/// How often Superset's web server runs: settings of the upstream chart.
pub const SUPERSET_REPLICAS: Path = &["superset", "superset", "supersetNode", "replicas"];
/// Whether Trino is installed.
pub const TRINO_ENABLED: Path = &["global", "_hopsworks", "trino", "enabled"];

/// RonDB's own restore.
pub const RONDB_RESTORE: Path = &["rondb", "rondb", "restoreFromBackup"];
/// The id of RonDB's own backup.
pub const RONDB_BACKUP_ID: Path = &["rondb", "rondb", "restoreFromBackup", "backupId"];
/// How RonDB's backups are written.
pub const RONDB_BACKUPS: Path = &["rondb", "rondb", "backups"];
/// Whether the number of node groups may change.
pub const FORCE_NODE_GROUP_CHANGE: Path = &["rondb", "rondb", "forceNodeGroupChange"];
/// Whether data nodes restart one group at a time.
pub const SEQUENCED_ROLLOUT: Path = &["rondb", "rondb", "ndbmtdSequencedRollout", "enabled"];
/// How long restoring RonDB may take.
pub const RONDB_MINUTES: Path = &["rondb", "rondb", "timeoutsMinutes", "restoreNativeBackup"];

/// The repositories that OpenSearch's backups are written to.
pub const OPENSEARCH_BACKUPS: Path = &["olk", "opensearch", "backup", "repositories"];
/// OpenSearch's own restore.
pub const OPENSEARCH_RESTORE: Path = &["olk", "opensearch", "restore"];
/// OpenSearch's repositories with the snapshots to restore.
pub const OPENSEARCH_REPOSITORIES: Path = &["olk", "opensearch", "restore", "repositories"];
/// The name of each snapshot, with `*` for any key.
pub const SNAPSHOT_NAMES: Path =
    &["olk", "opensearch", "restore", "repositories", "*", "snapshots", "*", "snapshot_name"];

/// Velero's settings.
pub const VELERO: Path = &["hopsworks", "velero"];
/// The settings of Velero's backups.
pub const VELERO_BACKUP: Path = &["hopsworks", "velero", "backup"];
/// The boolean that turns Velero's schedules off.
pub const VELERO_BACKUP_ENABLED: Path = &["hopsworks", "velero", "backup", "enabled"];
/// Where Velero's backups are.
pub const VELERO_LOCATION: Path = &["hopsworks", "velero", "backup", "storageLocation"];
/// Which Velero backups to restore.
pub const VELERO_RESTORE: Path = &["hopsworks", "velero", "restore"];
/// The Velero backup of the cluster's own objects.
pub const VELERO_MAIN: Path = &["hopsworks", "velero", "restore", "mainScheduleBackupId"];
/// The Velero backup of the users' objects.
pub const VELERO_USERS: Path = &["hopsworks", "velero", "restore", "usersScheduleBackupId"];

/// The settings of backups.
pub const BACKUPS: Path = &["global", "_hopsworks", "backups"];
/// Whether backups are made.
pub const BACKUPS_ENABLED: Path = &["global", "_hopsworks", "backups", "enabled"];
/// How long backups are kept.
pub const TTL: Path = &["global", "_hopsworks", "backups", "ttl"];
/// The ConfigMaps of the backups' metadata, by service.
pub const METADATA: Path = &["global", "_hopsworks", "backups", "metadataStore", "configMap"];
/// The first ConfigMap of RonDB's metadata, which goes before the one above (rondb-helm, `rondb.backups.metadataStore.configMapName`).
pub const RONDB_METADATA: Path = &["rondb", "rondb", "backups", "metadataConfigmapName"];
/// What says how backups are called, and how long they are kept.
pub const BACKUP_NAMES: &[Path] = &[
    TTL,
    RONDB_METADATA,
    &["global", "_hopsworks", "backups", "metadataStore", "configMap", "ronDB"],
    &["global", "_hopsworks", "backups", "metadataStore", "configMap", "opensearch"],
    &["global", "_hopsworks", "backups", "metadataStore", "configMap", "superset"],
    SUPERSET_ENABLED,
    &["hopsworks", "velero", "namespace"],
    &["hopsworks", "velero", "backup", "mainScheduleName"],
    &["hopsworks", "velero", "backup", "usersScheduleName"],
    &["hopsworks", "velero", "backup", "storageLocation", "name"],
];
/// Object storage of a cloud, or the operator's own.
pub const OBJECT_STORAGE: Path = &["global", "_hopsworks", "managedObjectStorage"];
/// Whether it is used.
pub const OBJECT_STORAGE_ENABLED: Path = &["global", "_hopsworks", "managedObjectStorage", "enabled"];
/// Where it is.
pub const S3: Path = &["global", "_hopsworks", "managedObjectStorage", "s3"];
/// Its bucket.
pub const BUCKET: Path = &["global", "_hopsworks", "managedObjectStorage", "s3", "bucket", "name"];
/// Object storage inside the cluster.
pub const MINIO: Path = &["global", "_hopsworks", "minio"];
/// Whether it is used.
pub const MINIO_ENABLED: Path = &["global", "_hopsworks", "minio", "enabled"];
/// Whether HopsFS keeps its blocks there.
pub const MINIO_HOPSFS: Path = &["global", "_hopsworks", "minio", "hopsfs", "enabled"];
/// Its bucket.
pub const MINIO_BUCKET: Path = &["global", "_hopsworks", "minio", "hopsfs", "bucket"];
/// Whether data claims go when the release is uninstalled: on by default in the chart.
pub const WIPES: Path = &["global", "_hopsworks", "wipeDataOnUninstall"];
/// The image with bash, kubectl, rclone and jq.
pub const TOOLBOX: Path = &["global", "_hopsworks", "toolbox"];
/// The registry of images that name none.
pub const REGISTRY: Path = &["global", "_hopsworks", "imageRegistry"];

/// hwdr's own settings, which charts do not know.
pub const HWDR: Path = &["hwdr"];
/// Who rewinds HopsFS's bucket if the chart does not.
pub const HOPSFS: Path = &["hwdr", "hopsfs"];
/// From where.
pub const HOPSFS_FROM: Path = &["hwdr", "hopsfs", "from"];
/// Whether to restore with OpenSearch's certificate unchecked.
pub const SKIP_TLS_VERIFY: Path = &["hwdr", "opensearch", "insecureSkipTLSVerify"];

/// The places in the values that generic code uses.
pub static KEYS: Keys = Keys {
    shared: GLOBAL,
    marks: &["_hopsworks"],
    sections: &["hopsworks", "rondb", "olk", "hopsfs"],
    parts: &["rondb", "olk", "hopsfs"],
    ours: &[
        GLOBAL,
        &["global", "hopsworks"],
        &["_hopsworks"],
        &["hopsworks"],
        &["rondb"],
        &["olk"],
        &["restoreFromBackup"],
        &["global", "restoreFromBackup"],
    ],
    asks: &[RESTORE, RONDB_BACKUP_ID, SNAPSHOT_NAMES],
    goes: &[RESTORE, RONDB_RESTORE, SNAPSHOT_NAMES, VELERO_MAIN, VELERO_USERS],
    backup_id: BACKUP_ID,
    objects: [VELERO_MAIN, VELERO_USERS],
    bucket: Some(Bucket { name: BUCKET, storage: S3, from: HOPSFS_FROM }),
    ttl: TTL,
};

/// The path of `keys` below `path`.
pub fn below<'k>(path: Path, keys: &[&'k str]) -> Vec<&'k str> {
    [path, keys].concat()
}

/// A path as Helm's `--set` and Helm's own messages write it.
pub fn dotted(path: &[&str]) -> String {
    path.join(".")
}
