//! The plan of a restore: what will be done, in order. Made from settings and topology alone; the same input gives the same plan.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

mod digest;
mod order;

use serde::Serialize;
use serde_json::Value as Json;

use crate::backup_id::BackupId;
use crate::mode::Mode;
use crate::plain_data;
use crate::remotes;
use crate::settings::{HopsFs, Restore, SKIP_TLS_VERIFY};
pub use crate::steps::PlanError;
use crate::steps::{self, ALL, By, Input, Planned};
use crate::topology::{self, Autoscaler, Member, Missing, Remote, Role, Topology};

pub use digest::is_comparable;
pub use order::held_by;

/// A plan.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Into a new cluster, or in place.
    pub mode: Mode,
    /// The global backup id: it names the markers of the whole.
    pub backup_id: BackupId,
    /// When that backup was made, where the id names a time.
    pub backup_time: Option<String>,
    /// The release's namespace.
    pub namespace: String,
    /// Who is restored.
    pub cluster: Cluster,
    /// The steps in order.
    pub steps: Vec<Planned>,
    /// From where on the old data is not there any more.
    pub point_of_no_return: PointOfNoReturn,
    /// What the operator has to know: defects of the chart's own steps, and what is left to chance.
    pub warnings: Vec<String>,
    #[serde(skip)]
    digest: String,
}

/// What the stream shows of the cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Everything that has a part in the restore.
    pub members: Vec<Member>,
    /// What would undo a scaling by hand.
    pub autoscalers: Vec<Autoscaler>,
    /// Velero's Schedules.
    pub schedules: Vec<String>,
    /// What was looked for, and is done without.
    pub missing: Vec<Missing>,
}

/// From where on there is no way back to the data as it was.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PointOfNoReturn {
    /// The step; none where nothing that is there is lost.
    pub step: Option<&'static str>,
    /// What is lost there, or why nothing is.
    pub why: &'static str,
}

impl Plan {
    /// Plans the restore.
    ///
    /// # Errors
    /// Where something that a step needs is not in the stream: half a restore is not planned.
    pub fn new(restore: &Restore, topology: &Topology, namespace: Option<&str>) -> Result<Self, PlanError> {
        let namespace = topology.namespace.as_deref().or(namespace).ok_or_else(|| {
            PlanError::new(
                "the namespace of the release is not known: the chart's objects do not name it",
                "add --namespace NAME (behind --post-renderer-args when helm runs hwdr)",
            )
        })?;
        let mut steps = Vec::new();
        let input = Input { restore, topology, namespace };
        for plan in ALL {
            let planned = plan(&input, &steps)?;
            steps.extend(planned.into_iter().map(as_the_chart_does_it));
        }
        let injects_jobs = steps.iter().flat_map(|step| &step.objects).any(|object| object.id.starts_with("Job/"));
        if injects_jobs {
            check_storage(restore, topology)?;
        }
        check_templates(restore, topology, namespace, &steps)?;
        order::check(topology, namespace, &steps)?;
        let warnings = warnings(restore, topology, namespace, &steps);
        Ok(Self {
            mode: restore.mode,
            backup_id: restore.backup_id.clone(),
            backup_time: restore.backup_id.time().map(|time| time.to_string()),
            namespace: namespace.to_owned(),
            cluster: Cluster {
                members: topology::members(topology),
                autoscalers: topology.autoscalers.clone(),
                schedules: topology.schedules.clone(),
                missing: topology::missing(topology),
            },
            digest: digest::of(&digest::facts(restore, topology, namespace, &steps), topology),
            steps,
            point_of_no_return: point_of_no_return(restore.mode),
            warnings,
        })
    }

    /// A name for the plan that only an equal plan has, whatever its sentences: two digits of its form, and 16 of SHA-256 over its facts.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The plan as JSON, indented.
    pub fn to_json(&self) -> String {
        plain_data::text(self)
    }
}

/// What is known of a step that the chart itself brings: the end of its Job, and not what that looked at.
fn as_the_chart_does_it(mut step: Planned) -> Planned {
    if let By::Chart(object) = &step.by {
        step.verified = match object.split_once('/') {
            Some(("Job", _)) => "the Job is complete: what it looked at is the chart's own business",
            Some(("Restore", _)) => step.verified,
            _ => "nothing shows it but its log",
        };
    }
    step
}

fn point_of_no_return(mode: Mode) -> PointOfNoReturn {
    match mode {
        Mode::Install => PointOfNoReturn {
            step: None,
            why: "a new cluster has no data to lose, and the bucket gains versions but loses none",
        },
        Mode::Upgrade => PointOfNoReturn {
            step: Some("rondb"),
            why: "RonDB's and OpenSearch's nodes start on empty volumes: old ones that are not set aside before are lost",
        },
    }
}

/// Injected Jobs read the backup from the bucket: everything that takes must be known.
fn check_storage(restore: &Restore, topology: &Topology) -> Result<(), PlanError> {
    let missing = |what: &str, help: &str| {
        Err(PlanError::new(format!("{what} is not known, and the restore Jobs need it"), help))
    };
    if topology.storage.service_account.is_none() {
        return missing(
            "how the chart reaches its backups (the CronJob whose pods are labelled rondbService: create-backup)",
            "set global._hopsworks.backups.enabled: true (and rondb.rondb.backups.enabled: true, where the chart has that), and switch \
             managedObjectStorage or minio on, so that the chart renders its backup CronJobs",
        );
    }
    if restore.bucket.is_none() {
        return missing(
            "the bucket of the backups",
            "set global._hopsworks.managedObjectStorage.s3.bucket.name, or minio.hopsfs.bucket",
        );
    }
    if restore.toolbox.is_none() && topology.storage.toolbox.is_none() {
        return missing("the image with bash, kubectl, rclone and jq", "set global._hopsworks.toolbox.image");
    }
    for remote in remotes_of(restore, topology) {
        // Objects that the server encrypts with a key of the client cannot be read without it.
        if let Some(option) = remote.not_taken.iter().find(|option| option.starts_with("sse_customer_key")) {
            return Err(PlanError::new(
                format!(
                    "rclone's option {option} in the chart's rclone.conf is a secret in plain text, which hwdr copies nowhere"
                ),
                "restore from a bucket whose encryption needs no key of the client (SSE-S3, SSE-KMS)",
            ));
        }
        let endpoint = remote.options.iter().find(|(key, _)| key == "endpoint").map_or("", |(_, url)| url);
        let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest).split('/').next();
        if authority.is_some_and(|authority| authority.contains('@')) {
            return Err(PlanError::new(
                "the endpoint of the object storage has a login in it, which hwdr copies nowhere",
                "write the endpoint without it, and keep the keys in a Secret",
            ));
        }
    }
    Ok(())
}

/// The object storage that hwdr's Jobs read: RonDB's backup, and HopsFS's blocks.
fn remotes_of(restore: &Restore, topology: &Topology) -> [Remote; 2] {
    [remotes::of_backup(restore, &topology.storage), remotes::of_blocks(restore, &topology.storage)]
}

/// What a restore in place adds to a pod has to arrive in it.
fn check_templates(
    restore: &Restore,
    topology: &Topology,
    namespace: &str,
    steps: &[Planned],
) -> Result<(), PlanError> {
    // hwdr's own Jobs need nothing of the data nodes, but that nobody starts them anew meanwhile.
    let by_chart = steps.iter().any(|step| step.step == "rondb" && !step.is_injected());
    let rolls = restore.rolls_in_sequence
        || topology.workloads.iter().any(|workload| workload.pod.label("rondbService") == "ndbmtd-sequenced-rollout");
    for workload in topology.workloads.iter().filter(|_| restore.mode == Mode::Upgrade) {
        let is_data = workload.role == Role::DataNode;
        let matters = if is_data { by_chart || rolls } else { held_by(steps, workload, namespace).next().is_some() };
        if workload.partition == 0 || !matters {
            continue;
        }
        return Err(PlanError::new(
            format!(
                "{}/{} keeps its pods below number {} as they are (updateStrategy.rollingUpdate.partition), also those that are made \
                 anew: they would start as before the restore",
                workload.kind, workload.name, workload.partition
            ),
            if is_data {
                "set rondb.rondb.ndbmtdSequencedRollout.enabled: false until the restore is done"
            } else {
                "set its partition to 0 until the restore is done"
            },
        ));
    }
    Ok(())
}

/// What is at stake beside the steps themselves.
fn warnings_of_settings(restore: &Restore, topology: &Topology, warnings: &mut Vec<String>) {
    let in_place = restore.mode == Mode::Upgrade;
    if in_place && restore.node_groups_may_change {
        warnings.push(
            "rondb.rondb.forceNodeGroupChange is true: the chart does not stop another number of node groups than the cluster has. \
             Take it out, unless the number is meant to change"
                .to_owned(),
        );
    }
    if in_place && restore.wipes_on_uninstall {
        warnings.push(
            "helm uninstall deletes the data claims (global._hopsworks.wipeDataOnUninstall, on by default), but those labelled \
             hopsworks.ai/keep=true: do not uninstall to go back"
                .to_owned(),
        );
    }
    let keeps = topology.workloads.iter().filter(|workload| workload.loses_claims && !workload.claims.is_empty());
    let mut names: Vec<_> = keeps.map(|workload| workload.name.as_str()).collect();
    names.sort_unstable();
    if in_place && !names.is_empty() {
        warnings.push(format!(
            "the data claims of {} go with their StatefulSets, whatever wipeDataOnUninstall says \
             (persistentVolumeClaimRetentionPolicy.whenDeleted: Delete): do not delete these to start them anew",
            names.join(", ")
        ));
    }
    if topology.role(Role::BinlogServer).next().is_some() {
        warnings.push(
            "clusters that replicate from this one do not get what is restored, which stands in no binlog: restore them from the same \
             backup, and start their replication anew"
                .to_owned(),
        );
    }
    if topology.role(Role::ReplicaApplier).next().is_some() {
        warnings.push(
            "this cluster replicates from another one: its replica applier goes on from the backup's epoch, for which the other \
             cluster must still have the binlog"
                .to_owned(),
        );
    }
    let [main, users] = restore.velero.schedules();
    let named = |schedule: &str| topology.schedules.iter().any(|name| name == schedule);
    let found = topology.schedules.is_empty() || named(main) && named(users);
    if !found {
        warnings.push(format!(
            "the chart's Velero Schedules are {}, and the values name {main} and {users} (hopsworks.velero.backup.mainScheduleName and \
             usersScheduleName): backups of other schedules are not found",
            topology.schedules.join(", ")
        ));
    }
}

fn warnings(restore: &Restore, topology: &Topology, namespace: &str, steps: &[Planned]) -> Vec<String> {
    let mut warnings = Vec::new();
    for workload in &topology.workloads {
        let held = steps.iter().any(|step| step.is_injected() && step.holds.contains(&workload.role));
        if let Some(other) = workload.namespace.as_deref().filter(|other| held && *other != namespace) {
            warnings.push(format!(
                "{}/{} is in the namespace {other}, and does not wait for the restore: stop it until that is done",
                workload.kind, workload.name
            ));
        }
    }
    for restore in topology.restores.iter().filter(|restore| restore.spec["existingResourcePolicy"] != "update") {
        warnings.push(format!(
            "the chart's own Restore/{} has no existingResourcePolicy: update, so what exists stays as it is",
            restore.name
        ));
    }
    warnings_of_settings(restore, topology, &mut warnings);
    let objects = steps.iter().any(|step| step.step == "objects");
    if restore.mode == Mode::Upgrade && !objects {
        warnings.push("Velero is off in the chart, so no Kubernetes objects are brought back".to_owned());
    }
    if restore.mode == Mode::Upgrade && objects {
        let [main, users] = restore.velero.schedules();
        let unnamed = [(&restore.velero_main, main), (&restore.velero_users, users)];
        for (_, schedule) in unnamed.iter().filter(|(name, _)| name.is_none()) {
            warnings.push(format!(
                "no Velero backup of {schedule} is named: Velero takes its newest, which may be later than the data"
            ));
        }
    }
    if let (HopsFs::Here, Some(step)) = (&restore.hopsfs, steps::injected(steps, "hopsfs"))
        && let Some(job) = &step.last_job
    {
        warnings.push(format!(
            "HopsFS waits until helm hwdr has brought its bucket back from this machine (behind plain helm nobody does: docs/s3.md), \
             and then lets Job {job} run"
        ));
    }
    if steps.iter().flat_map(|step| &step.objects).any(|object| object.id.starts_with("Job/")) {
        let mut not_taken: Vec<_> =
            remotes_of(restore, topology).into_iter().flat_map(|remote| remote.not_taken).collect();
        not_taken.sort();
        not_taken.dedup();
        if !not_taken.is_empty() {
            warnings.push(format!(
                "options of the chart's rclone.conf that hwdr's Jobs do not take over, for they may be secrets: {}",
                not_taken.join(", ")
            ));
        }
    }
    if let (Some(_), Some(opensearch)) = (steps::injected(steps, "opensearch"), &topology.opensearch) {
        let exposed = "so whoever can answer in its place is sent its password";
        if opensearch.is_in_clear() {
            warnings.push(format!("OpenSearch is reached by plain HTTP, {exposed}"));
        } else if restore.skips_tls_verify {
            warnings.push(format!(
                "OpenSearch's certificate is not checked (curl --insecure), for {SKIP_TLS_VERIFY} is true: whoever controls the network \
                 between pods can take its password. Take the setting out when the certificate is right"
            ));
        } else if opensearch.ca.is_none() {
            warnings.push(format!(
                "OpenSearch's certificate is not checked (curl --insecure): the chart mounts no CA for it that hwdr can find, {exposed}"
            ));
        }
    }
    for step in steps {
        let By::Chart(id) = &step.by else { continue };
        let Some(job) = id.strip_prefix("Job/").and_then(|name| topology.job(name)) else { continue };
        if restore.mode == Mode::Upgrade && !job.name.ends_with(restore.rondb.as_str()) && step.step != "opensearch" {
            warnings.push(format!(
                "the chart's own {id} has no backup id in its name: one that is left from an earlier restore has to be deleted first"
            ));
        }
        let tries = tries(&job.json);
        if step.step == "rondb" && tries > 0 {
            warnings.push(format!(
                "the chart's own {id} begins anew where it fails (backoffLimit: {tries}), and then the tables that its first try has made \
                 stand in its way: the reason is in the log of its first pod"
            ));
        }
        if step.step == "opensearch" && believes_the_status(&job.json) {
            warnings.push(format!(
                "the chart's own {id} does not look at failed shards: OpenSearch answers 200 also where some failed"
            ));
        }
        if swallows_failures(&job.json) && steps::injected(steps, "rows").is_none() {
            warnings.push(format!(
                "the chart's own {id} runs ndb_restore in the background and waits for all at once: a node that failed is not noticed"
            ));
        }
    }
    warnings
}

/// How often a Job begins anew where it fails: by default six times (Kubernetes, `backoffLimit`).
fn tries(job: &Json) -> u64 {
    job["spec"]["backoffLimit"].as_u64().unwrap_or(6)
}

/// Whether the Job's own words restore a snapshot, and none is about shards. What is in a ConfigMap is not known.
fn believes_the_status(job: &Json) -> bool {
    let words = job["spec"]["template"]["spec"].to_string();
    words.contains("_snapshot/") && words.contains("_restore") && !words.contains("shards")
}

/// Whether a script of the Job starts something in the background and then waits without looking at what became of it:
/// bash's bare `wait` is always true.
fn swallows_failures(job: &Json) -> bool {
    let containers = ["initContainers", "containers"]
        .into_iter()
        .flat_map(|key| job["spec"]["template"]["spec"][key].as_array().into_iter().flatten());
    let mut scripts = containers.flat_map(|container| {
        ["command", "args"]
            .into_iter()
            .flat_map(|key| container[key].as_array().into_iter().flatten())
            .filter_map(|word| word.as_str())
    });
    scripts.any(|script| {
        script.contains("ndb_restore")
            && script.lines().any(|line| line.trim() == "wait")
            && script.lines().any(|line| line.trim_end().ends_with('&'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_restore_that_looks_at_no_shards_is_known_by_its_words() {
        let job = |script: &str| json!({"spec": {"template": {"spec": {"containers": [{"command": ["bash", "-c", script]}]}}}});
        for (script, expected) in [
            ("curl -X POST $URL/_snapshot/default/1/_restore?wait_for_completion=true", true),
            ("curl -X POST $URL/_snapshot/default/1/_restore | jq -e '.snapshot.shards.failed == 0'", false),
            ("/scripts/restore_snapshot.sh default 1", false),
        ] {
            assert_eq!(believes_the_status(&job(script)), expected, "{script}");
        }
    }
}
