//! What the operator has to know beside the steps themselves.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use serde_json::Value as Json;

use super::PARTS;
use super::checks::remotes_of;
use super::plan::Input;
use super::request::Restore;
use super::rondb;
use crate::mode::Mode;
use crate::steps::{self, By, Planned};
use crate::topology::Topology;

/// What happens to data when the release is uninstalled.
pub(super) const WIPES: &str = "helm uninstall deletes the data claims (global._hopsworks.wipeDataOnUninstall is on by default), except those with \
                                the label hopsworks.ai/keep=true. Do not uninstall to go back.";

/// Claims that go with these StatefulSets.
pub(super) fn loses_claims(names: &[&str]) -> String {
    format!(
        "the data claims of {} go with their StatefulSets, whatever wipeDataOnUninstall says \
         (persistentVolumeClaimRetentionPolicy.whenDeleted: Delete): do not delete these to start them anew",
        names.join(", ")
    )
}

/// Warnings about settings.
fn warnings_of_settings(restore: &Restore, topology: &Topology, warnings: &mut Vec<String>) {
    let in_place = restore.mode == Mode::Upgrade;
    if in_place && restore.node_groups_may_change {
        warnings.push(
            "rondb.rondb.forceNodeGroupChange is true: the chart accepts another number of node groups than the cluster has. \
             Remove it, unless the number is meant to change"
                .to_owned(),
        );
    }
    if in_place && restore.wipes_on_uninstall {
        warnings.push(WIPES.to_owned());
    }
    let keeps = topology.workloads.iter().filter(|workload| workload.loses_claims && !workload.claims.is_empty());
    let mut names: Vec<_> = keeps.map(|workload| workload.name.as_str()).collect();
    names.sort_unstable();
    if in_place && !names.is_empty() {
        warnings.push(loses_claims(&names));
    }
    if topology.role(rondb::BINLOG_SERVER).next().is_some() {
        warnings.push(
            "clusters that replicate from this one do not get the restored data, which are in no binlog: restore them from the same \
             backup, and restart their replication"
                .to_owned(),
        );
    }
    if topology.role(rondb::REPLICA_APPLIER).next().is_some() {
        warnings.push(
            "this cluster replicates from another one: its replica applier continues from the backup's epoch, and the other \
             cluster must still have the binlog since then"
                .to_owned(),
        );
    }
    let [main, users] = restore.velero.schedules();
    let named = |schedule: &str| topology.schedules.iter().any(|name| name == schedule);
    let found = topology.schedules.is_empty() || named(main) && named(users);
    if !found {
        warnings.push(format!(
            "the chart's Velero Schedules are {}, but the values name {main} and {users} (hopsworks.velero.backup.mainScheduleName and \
             usersScheduleName): backups of other schedules are not found",
            topology.schedules.join(", ")
        ));
    }
}

/// What the operator has to know: defects of the chart's own steps, and what the values leave open.
pub(super) fn warnings(input: &Input, steps: &[Planned]) -> Vec<String> {
    let Input { restore, topology, facts, .. } = *input;
    let mut warnings = Vec::new();
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
    if steps.iter().flat_map(|step| &step.objects).any(|object| object.id.starts_with("Job/")) {
        let mut not_taken: Vec<_> =
            remotes_of(restore, facts).into_iter().flat_map(|remote| remote.not_taken).collect();
        not_taken.sort();
        not_taken.dedup();
        if !not_taken.is_empty() {
            warnings.push(format!(
                "hwdr's Jobs do not use these options of the chart's rclone.conf, because they may be secrets: {}",
                not_taken.join(", ")
            ));
        }
    }
    warnings.extend(PARTS.iter().flat_map(|part| part.warnings(input, steps)));
    for step in steps {
        let By::Chart(id) = &step.by else { continue };
        let Some(job) = id.strip_prefix("Job/").and_then(|name| topology.job(name)) else { continue };
        if restore.mode == Mode::Upgrade && !job.name.ends_with(&step.backup) && step.step != "opensearch" {
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
                "the chart's own {id} does not check for failed shards: OpenSearch answers 200 even if some failed"
            ));
        }
        if swallows_failures(&job.json) && steps::injected(steps, "rows").is_none() {
            warnings.push(format!(
                "the chart's own {id} runs ndb_restore in the background and waits for all at once: it does not notice a failed node"
            ));
        }
    }
    warnings
}

/// How often a Job retries when it fails: by default six times (Kubernetes, `backoffLimit`).
pub(super) fn tries(job: &Json) -> u64 {
    job["spec"]["backoffLimit"].as_u64().unwrap_or(6)
}

/// Whether the Job's own words restore a snapshot, and none is about shards. A script in a ConfigMap is not seen.
pub(super) fn believes_the_status(job: &Json) -> bool {
    let words = job["spec"]["template"]["spec"].to_string();
    words.contains("_snapshot/") && words.contains("_restore") && !words.contains("shards")
}

/// Whether a script of the Job starts something in the background and then waits without checking its exit status:
/// bash's bare `wait` always succeeds.
pub(super) fn swallows_failures(job: &Json) -> bool {
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
