//! The digest of a plan: a name that only an equal plan has.
//!
//! It is made of facts (names, kinds, images, ids), and of no sentence and no `Debug` output: a later hwdr that words a plan differently
//! still knows the plan that was agreed to.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use std::iter::once;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::{believes_the_status, remotes_of, swallows_failures, tries};
use crate::settings::{HopsFs, Keys, Restore, S3, Snapshot};
use crate::steps::{By, Object, Planned};
use crate::topology::{Remote, Topology, left_out_by, members, without_revision};

/// The form of the facts. Whoever adds, drops or renames a fact counts it up: then a run that agreed to a plan of another form is told so.
/// The first form, of hwdr 0.1, was made of texts, and is known by its 16 digits.
const FORM: u8 = 2;

/// How many digits a digest has: two of the form, and the first 16 of SHA-256.
const DIGITS: usize = 18;

/// Whether this hwdr makes digests of this form, so that they can be compared with its own.
pub fn is_comparable(digest: &str) -> bool {
    digest.len() == DIGITS && digest.starts_with(&format!("{FORM:02x}"))
}

/// The digest of `facts`.
pub(super) fn of(facts: &Json, topology: &Topology) -> String {
    let mut text = sorted(facts).to_string();
    // Some of the chart's Jobs get another name with each revision of the release.
    for job in topology.workloads.iter().filter(|workload| workload.kind == "Job") {
        text = text.replace(&job.name, &without_revision(&job.name));
    }
    let hash = Sha256::digest(text);
    once(FORM).chain(hash.iter().take(8).copied()).map(|byte| format!("{byte:02x}")).collect()
}

/// All that tells one plan from another.
pub(super) fn facts(restore: &Restore, topology: &Topology, namespace: &str, steps: &[Planned]) -> Json {
    let members: Vec<_> =
        members(topology).into_iter().map(|member| json!([member.role, member.object, member.replicas])).collect();
    let mut elsewhere = Vec::new();
    let mut lose_claims = Vec::new();
    for workload in &topology.workloads {
        let id = format!("{}/{}", workload.kind, workload.name);
        if let Some(other) = workload.namespace.as_deref().filter(|other| *other != namespace) {
            elsewhere.push((id.clone(), other));
        }
        if workload.loses_claims && !workload.claims.is_empty() {
            lose_claims.push(id);
        }
    }
    let mut restores: Vec<_> = topology
        .restores
        .iter()
        .map(|restore| (&restore.name, restore.spec["existingResourcePolicy"].as_str()))
        .collect();
    // The Helms order a stream differently, and it is the same cluster.
    elsewhere.sort();
    lose_claims.sort();
    restores.sort();
    let autoscalers: Vec<_> = topology.autoscalers.iter().map(|scaler| (&scaler.name, &scaler.target)).collect();
    let storage = &topology.storage;
    json!({
        "namespace": namespace,
        "restore": asked(restore),
        "members": members,
        "elsewhere": elsewhere,
        "loseClaims": lose_claims,
        "autoscalers": autoscalers,
        "schedules": topology.schedules,
        "restores": restores,
        "storage": {
            "account": storage.service_account,
            "toolbox": storage.toolbox,
            "remotes": [remote(&storage.restore), remote(&storage.own)],
            "notTaken": remotes_of(restore, topology).map(|remote| remote.not_taken),
        },
        "opensearch": topology.opensearch.as_ref().map(|opensearch| (opensearch.is_in_clear(), opensearch.ca.is_some())),
        "steps": steps.iter().map(|step| self::step(step, topology)).collect::<Vec<_>>(),
    })
}

/// What the values ask for. A new setting has to be named here.
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

/// How the chart reaches object storage. A key that it has in plain says nothing about what is read, and is not to be guessed at.
fn remote(remote: &Remote) -> Json {
    let references = remote.credentials.iter().map(|entry| json!([entry["name"], entry["valueFrom"]]));
    json!([references.collect::<Vec<_>>(), remote.options])
}

/// A step: who does it, with what, and who waits for it.
fn step(step: &Planned, topology: &Topology) -> Json {
    let by = match &step.by {
        By::Chart(id) => json!(["chart", id, chart_job(id, topology)]),
        By::Hwdr(ids) => json!(["hwdr", ids]),
        By::Before(_) => json!(["before"]),
    };
    let objects: Vec<_> = step.objects.iter().map(object).collect();
    json!({
        "step": step.step, "by": by, "markers": step.markers, "objects": objects, "lastJob": step.last_job, "holds": step.holds,
    })
}

/// What the plan warns of in a Job of the chart, and what that Job leaves out.
fn chart_job(id: &str, topology: &Topology) -> Json {
    let job = id.strip_prefix("Job/").and_then(|name| topology.job(name));
    json!(job.map(|job| {
        (tries(&job.json), believes_the_status(&job.json), swallows_failures(&job.json), left_out_by(&job.json))
    }))
}

/// An object that is injected, without keys: those are named where the storage is.
fn object(object: &Object) -> Json {
    let mut values = object.values.clone();
    if let Some(values) = values.as_object_mut() {
        values.remove("credentials");
        let entries = values.get_mut("opensearch_credentials").and_then(Json::as_array_mut);
        for entry in entries.into_iter().flatten().filter_map(Json::as_object_mut) {
            entry.remove("value");
        }
    }
    json!([object.id, object.after, values])
}

/// The same with the keys of all maps in order: a tool before hwdr may have sorted the keys of the chart's objects.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_means_nothing_and_each_value_something() {
        let of = |facts: Json| of(&facts, &Topology::of(&crate::stream::Stream::parse(Vec::new()).unwrap()));
        let one = of(json!({"a": 1, "b": {"c": [1, 2], "d": null}}));
        assert_eq!(one, of(json!({"b": {"d": null, "c": [1, 2]}, "a": 1})));
        assert_ne!(one, of(json!({"a": 1, "b": {"c": [2, 1], "d": null}})));
        assert!(is_comparable(&one) && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
    }

    #[test]
    fn a_digest_of_another_form_is_told_apart() {
        for other in ["4e377f1f11193821", "", "00", "034e377f1f11193821", "024e377f1f111938211"] {
            assert!(!is_comparable(other), "{other}");
        }
    }
}
