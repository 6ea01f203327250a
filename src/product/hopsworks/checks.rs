//! Problems that would make a plan fail, beyond those that the services find.

use super::object_storage::Remote;
use super::plan::{Facts, Input};
use super::request::Restore;
use super::{remotes, rondb};
use crate::mode::Mode;
use crate::plan::held_by;
use crate::refusal::Refusal;
use crate::steps::Planned;

/// Injected Jobs read the backup from the bucket: everything that needs must be known.
///
/// # Errors
/// What is not known.
pub(super) fn check_storage(restore: &Restore, facts: &Facts) -> Result<(), Refusal> {
    let missing = |what: &str, help: &str| {
        Err(Refusal::new(format!("{what} is not known, and the restore Jobs need it")).help(help))
    };
    if facts.storage.service_account.is_none() {
        return missing(
            "how the chart reaches its backups (the CronJob whose pods are labelled rondbService: create-backup)",
            "set global._hopsworks.backups.enabled to true (and rondb.rondb.backups.enabled, where the chart has that), and switch \
             managedObjectStorage or minio on, so that the chart renders its backup CronJobs",
        );
    }
    if restore.bucket.is_none() {
        return missing(
            "the bucket of the backups",
            "set global._hopsworks.managedObjectStorage.s3.bucket.name, or minio.hopsfs.bucket",
        );
    }
    if restore.toolbox.is_none() && facts.storage.toolbox.is_none() {
        return missing("the image with bash, kubectl, rclone and jq", "set global._hopsworks.toolbox.image");
    }
    for remote in remotes_of(restore, facts) {
        // Objects encrypted with a key of the client (SSE-C) cannot be read without it.
        if let Some(option) = remote.not_taken.iter().find(|option| option.starts_with("sse_customer_key")) {
            let what = "in the chart's rclone.conf is a secret in plain text, which hwdr does not copy";
            return Err(Refusal::new(format!("rclone's option {option} {what}"))
                .help("restore from a bucket whose encryption needs no client key (SSE-S3, SSE-KMS)"));
        }
        let endpoint = remote.options.iter().find(|(key, _)| key == "endpoint").map_or("", |(_, url)| url);
        let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).split('/').next();
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err(Refusal::new("the endpoint of the object storage contains a login, which hwdr does not copy")
                .help("remove the login from the endpoint, and keep the keys in a Secret"));
        }
    }
    Ok(())
}

/// The object storage that hwdr's Jobs read: RonDB's backup, and HopsFS's blocks.
pub(super) fn remotes_of(restore: &Restore, facts: &Facts) -> [Remote; 2] {
    [remotes::of_backup(restore, &facts.storage), remotes::of_blocks(restore, &facts.storage)]
}

/// What a restore in place adds to a pod must reach it.
///
/// # Errors
/// A workload whose pods keep their old template.
pub(super) fn check_templates(input: &Input, steps: &[Planned]) -> Result<(), Refusal> {
    let Input { restore, topology, namespace, .. } = *input;
    // hwdr's own Jobs only need the data nodes not to be restarted meanwhile.
    let by_chart = steps.iter().any(|step| step.step == "rondb" && !step.is_injected());
    let rolls = restore.rolls_in_sequence
        || topology.workloads.iter().any(|workload| workload.pod.label(rondb::LABEL) == "ndbmtd-sequenced-rollout");
    for workload in topology.workloads.iter().filter(|_| restore.mode == Mode::Upgrade) {
        let is_data = workload.role == rondb::DATA_NODE;
        let matters = if is_data { by_chart || rolls } else { held_by(steps, workload, namespace).next().is_some() };
        if workload.partition == 0 || !matters {
            continue;
        }
        return Err(keeps_old_pods(&format!("{}/{}", workload.kind, workload.name), workload.partition, is_data));
    }
    Ok(())
}

/// Refuses a workload whose pods below number `partition` keep their old template.
pub(super) fn keeps_old_pods(id: &str, partition: u64, is_data: bool) -> Refusal {
    let help = if is_data {
        "set rondb.rondb.ndbmtdSequencedRollout.enabled: false until the restore is done"
    } else {
        "set its partition to 0 until the restore is done"
    };
    Refusal::new(format!(
        "{id} keeps its pods below number {partition} on the old template (updateStrategy.rollingUpdate.partition), even recreated \
         ones: they would start as before the restore"
    ))
    .help(help)
}
