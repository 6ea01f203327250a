//! Facts about Hopsworks for the plan's digest, beside those of all plans. They contain no sentences and no keys.

use serde_json::{Value as Json, json};

use super::checks::remotes_of;
use super::object_storage::Remote;
use super::plan::Facts;
use super::request::{HopsFs, Keys, Restore, S3, Snapshot};
use super::rondb::facts::left_out_by;
use super::superset::asked::Asked;
use super::warnings::{believes_the_status, swallows_failures, tries};

/// What the values ask for, and what the stream shows of Hopsworks.
pub(super) fn facts(restore: &Restore, shown: &Facts) -> Vec<(&'static str, Json)> {
    let storage = &shown.storage;
    let reached = json!({
        "account": storage.service_account,
        "toolbox": storage.toolbox,
        "remotes": [remote(&storage.restore), remote(&storage.own)],
        "notTaken": remotes_of(restore, shown).map(|remote| remote.not_taken),
    });
    let opensearch = shown.opensearch.as_ref().map(|opensearch| (opensearch.is_in_clear(), opensearch.ca.is_some()));
    let all = [("restore", asked(restore)), ("storage", reached), ("opensearch", json!(opensearch))];
    // Left out where it is not asked for: older plans have none.
    all.into_iter().chain(restore.superset.as_ref().map(|asked| ("superset", superset(asked)))).collect()
}

/// What the values ask of Superset.
pub(super) fn superset(asked: &Asked) -> Json {
    let Asked { id, initiated_by, seconds, folder, key, metadata } = asked;
    json!([id, initiated_by, seconds, folder, key, metadata])
}

/// What the values ask for. A new setting must be added here.
fn asked(restore: &Restore) -> Json {
    let Restore {
        mode,
        backup_id,
        rondb,
        opensearch,
        velero,
        velero_main,
        velero_users,
        bucket,
        hopsfs_bucket,
        restore_s3,
        backups_s3,
        cluster_s3,
        backup_prefix,
        rondb_metadata,
        opensearch_metadata,
        toolbox,
        hopsfs,
        skips_tls_verify,
        rondb_seconds,
        excluded_databases,
        excluded_tables,
        node_groups_may_change,
        rolls_in_sequence,
        wipes_on_uninstall,
        not_honoured,
        // It has a fact of its own.
        superset: _,
    } = restore;
    let snapshots: Vec<_> = opensearch
        .iter()
        .map(|Snapshot { repository, key, id, indices, payload }| json!([repository, key, id, indices, payload]))
        .collect();
    let hopsfs = match hopsfs {
        HopsFs::Toolbox => json!("toolbox"),
        HopsFs::Worker { image, pods } => json!({"image": image, "pods": pods}),
        HopsFs::Here => json!("here"),
    };
    json!({
        "mode": mode,
        "backupId": backup_id,
        "rondb": rondb,
        "opensearch": snapshots,
        "velero": velero,
        "veleroBackups": [velero_main, velero_users],
        "buckets": [bucket, hopsfs_bucket],
        "s3": [s3(restore_s3), s3(backups_s3), s3(cluster_s3)],
        "backupPrefix": backup_prefix,
        "metadata": [rondb_metadata, opensearch_metadata],
        "toolbox": toolbox,
        "hopsfs": hopsfs,
        "skipsTlsVerify": skips_tls_verify,
        "rondbSeconds": rondb_seconds,
        "excluded": [excluded_databases, excluded_tables],
        "nodeGroupsMayChange": node_groups_may_change,
        "rollsInSequence": rolls_in_sequence,
        "wipesOnUninstall": wipes_on_uninstall,
        "notHonoured": not_honoured,
    })
}

/// Where object storage is, and which Secret has its keys.
fn s3(storage: &S3) -> Json {
    let S3 { region, endpoint, keys } = storage;
    let keys = keys.as_ref().map(|Keys { id, secret }| [id, secret]);
    json!([region, endpoint, keys])
}

/// How the chart reaches object storage. A key in plain text does not change what is read, and must not be guessable: it is left out.
fn remote(remote: &Remote) -> Json {
    let references = remote.credentials.iter().map(|entry| json!([entry["name"], entry["valueFrom"]]));
    json!([references.collect::<Vec<_>>(), remote.options])
}

/// What the plan warns about in a Job of the chart, and what that Job leaves out.
pub(super) fn chart_job(job: &Json) -> Json {
    json!((tries(job), believes_the_status(job), swallows_failures(job), left_out_by(job)))
}

/// The values of an injected object, without keys: those are among the facts about storage.
pub(super) fn object(values: &Json) -> Json {
    let mut values = values.clone();
    if let Some(values) = values.as_object_mut() {
        values.remove("credentials");
        // Which Velero backup that is stands among what the values ask for.
        values.remove("velero_archive");
        for name in ["opensearch_credentials", "app_env"] {
            let entries = values.get_mut(name).and_then(Json::as_array_mut);
            for entry in entries.into_iter().flatten().filter_map(Json::as_object_mut) {
                entry.remove("value");
            }
        }
        for name in ["key", "password"] {
            let owner = if name == "password" {
                values.get_mut("database").and_then(Json::as_object_mut)
            } else {
                Some(&mut *values)
            };
            let entry = owner.and_then(|owner| owner.get_mut(name)?.as_object_mut());
            entry.map(|entry| entry.remove("value"));
        }
    }
    values
}
