//! Which object storage a restore reads, and with which keys: as the values say, or else as the chart's own pods show.

use serde_json::{Value as Json, json};

use super::object_storage::{ObjectStorage, Remote};
use super::request::{Keys, Restore};

/// Where RonDB's backup is read from. The chart's own restore takes `restoreFromBackup.s3`, or else the cluster's storage, and never
/// the keys that write its backups (logicalclocks/rondb-helm, `rondb.backup.credentials`).
pub fn of_backup(restore: &Restore, storage: &ObjectStorage) -> Remote {
    let mut remote = storage.restore.clone();
    let cluster = restore.cluster_s3.keys.as_ref().filter(|_| restore.backups_s3.keys.is_some());
    if let Some(keys) = restore.restore_s3.keys.as_ref().or(cluster) {
        remote.credentials = credentials(keys);
    } else if restore.backups_s3.keys.is_some() && remote.credentials == storage.own.credentials {
        // Those keys are for writing backups, and access to the cluster's storage is by role.
        remote.credentials.clear();
    }
    for (name, value) in [("endpoint", &restore.restore_s3.endpoint), ("region", &restore.restore_s3.region)] {
        if let Some(value) = value {
            remote.options.retain(|(key, _)| key != name);
            remote.options.push((name.to_owned(), value.clone()));
        }
    }
    remote
}

/// Where HopsFS's blocks are: the cluster's own storage, even if backups are written elsewhere.
pub fn of_blocks(restore: &Restore, storage: &ObjectStorage) -> Remote {
    let mut remote = storage.own.clone();
    let elsewhere = &restore.backups_s3;
    if elsewhere.keys.is_some() {
        remote.credentials = restore.cluster_s3.keys.as_ref().map(credentials).unwrap_or_default();
    }
    for (name, theirs, own) in [
        ("endpoint", &elsewhere.endpoint, &restore.cluster_s3.endpoint),
        ("region", &elsewhere.region, &restore.cluster_s3.region),
    ] {
        if theirs.is_some() {
            remote.options.retain(|(key, _)| key != name);
            remote.options.extend(own.iter().map(|value| (name.to_owned(), value.clone())));
        }
    }
    remote
}

/// `env` entries. They are optional: a chart without such a Secret omits them, and access is by role.
fn credentials(keys: &Keys) -> Vec<Json> {
    let entry = |name: &str, (secret, key): &(String, String)| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": key, "optional": true}}});
    vec![entry("AWS_ACCESS_KEY_ID", &keys.id), entry("AWS_SECRET_ACCESS_KEY", &keys.secret)]
}
