//! Which nodes' parts were not restored, if rows are missing: RonDB's management server logs the start and the end of every `ndb_restore`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::product::hopsworks::Hopsworks;
use crate::run::Halt;
use crate::topology::Workload;

use super::MANAGEMENT_NODE;

/// How long reading the log may take.
const LIMIT: Duration = Duration::from_secs(30);
/// Reads the management server's log: where the chart puts it (logicalclocks/rondb-helm, files/configs/config.ini), or the default.
const READ: &str = r#"cat /srv/hops/mysql-cluster/log/*cluster.log* /srv/hops/mysql-cluster/mgmd/*cluster.log* 2>/dev/null |
grep -E "Restore (started|completed): backup $1 from node" | tail -n 2000"#;

/// Adds what the management server logged to the failure of the Job that compares rows.
pub(super) async fn explain(cluster: &Cluster, restore: &str, backup: &str, mut halt: Halt) -> Halt {
    if let Some(told) = nodes(cluster, restore, backup).await {
        halt.problem = format!("{}\n{told}", halt.problem);
    }
    let namespace = &cluster.namespace;
    halt.help(format!("see why ndb_restore failed: kubectl -n {namespace} logs job/{restore} --all-containers"))
        .help("RonDB's restore cannot be completed: start again, or choose another backup")
}

/// What the management server logged about the nodes of `backup` since the chart's Job `restore` was created, in a sentence. Nothing if it
/// cannot be asked: the failure itself is known already.
async fn nodes(cluster: &Cluster, restore: &str, backup: &str) -> Option<String> {
    let job = cluster.get(Kind::JOB, None, restore).await.ok()??;
    let since = text(&job, "/metadata/creationTimestamp").to_owned();
    for pod in cluster.list(Kind::POD, None, "").await.ok()? {
        let Some((name, container)) = management(&pod) else { continue };
        let Ok(log) = cluster.exec(name, container, &["sh", "-c", READ, "sh", backup], LIMIT).await else { continue };
        if let Some(told) = told(&log.out, &since) {
            return Some(told);
        }
    }
    None
}

/// Name and container of a management server's pod.
fn management(pod: &Json) -> Option<(&str, &str)> {
    let of_pod = serde_json::json!({"spec": {"template": pod}});
    let is_one =
        Workload::of(&Hopsworks, 0, "StatefulSet", &of_pod).is_some_and(|workload| workload.role == MANAGEMENT_NODE);
    let containers = pod.pointer("/spec/containers")?.as_array()?;
    let named = containers.iter().find(|container| text(container, "/name") == "mgmd").or(containers.first())?;
    is_one.then_some((text(pod, "/metadata/name"), text(named, "/name")))
}

/// Lines of a cluster log (`2026-02-13 15:36:00 [MgmtSrvr] INFO -- Node 1: Restore started: backup 1 from node 2`; newer ones have a T in the
/// time) as a sentence; none if no part's end is missing. `since` is a time as Kubernetes writes it, in UTC as in pods.
fn told(log: &str, since: &str) -> Option<String> {
    let second = |time: &str| time.get(..19).map(|time| time.replace('T', " "));
    let since = second(since).unwrap_or_default();
    let mut runs = BTreeMap::<u32, (u32, u32)>::new();
    for line in log.lines().filter(|line| second(line).is_some_and(|time| time >= since)) {
        let Some(node) = line.rsplit(' ').next().and_then(|node| node.parse().ok()) else { continue };
        let (begun, ended) = runs.entry(node).or_default();
        if line.contains("Restore completed") { *ended += 1 } else { *begun += 1 }
    }
    let failed = runs.iter().filter(|(_, (begun, ended))| ended < begun);
    let failed: Vec<_> = failed.map(|(node, (begun, ended))| format!("node {node}: {ended} of {begun}")).collect();
    let whole = runs.iter().filter(|(_, (begun, ended))| ended >= begun).map(|(node, _)| node.to_string());
    let whole: Vec<_> = whole.collect();
    if failed.is_empty() {
        return None;
    }
    let others = if whole.is_empty() { String::new() } else { format!("; all of node {}", whole.join(", ")) };
    Some(format!("runs of ndb_restore that completed, by the management server's log: {}{others}", failed.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_node_whose_restore_has_no_end_is_named() {
        let log = "\
2026-02-12 10:00:00 [MgmtSrvr] INFO     -- Node 1: Restore started: backup 7 from node 1
2026-02-13T15:35:59.338918Z [MgmtSrvr] INFO     -- Node 1: Restore started: backup 7 from node 1
2026-02-13T15:36:01.338918Z [MgmtSrvr] INFO     -- Node 1: Restore started: backup 7 from node 1
2026-02-13 15:36:02 [MgmtSrvr] INFO     -- Node 1: Restore completed: backup 7 from node 1
2026-02-13 15:36:03 [MgmtSrvr] INFO     -- Node 2: Restore started: backup 7 from node 1
2026-02-13 15:36:03 [MgmtSrvr] INFO     -- Node 2: Restore started: backup 7 from node 2
2026-02-13 15:36:04 [MgmtSrvr] INFO     -- Node 2: Restore completed: backup 7 from node 1
short
";
        let expected =
            "runs of ndb_restore that completed, by the management server's log: node 2: 0 of 1; all of node 1";
        assert_eq!(told(log, "2026-02-13T15:36:00Z").as_deref(), Some(expected));
        assert_eq!(told(log, "2026-02-13T15:36:05Z"), None);
        assert_eq!(told("", ""), None);
    }

    #[test]
    fn the_management_servers_pod_is_known_by_its_label() {
        let pod = |label: &str| json!({"metadata": {"name": "p", "labels": {"rondbService": label}}, "spec": {"containers": [{"name": "mgmd"}]}});
        assert_eq!(management(&pod("mgmd")), Some(("p", "mgmd")));
        assert_eq!(management(&pod("ndbmtd")), None);
    }
}
