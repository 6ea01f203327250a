//! The topology as shown to people: what was found in the stream, and what was looked for in vain.

use serde::Serialize;

use super::Topology;
use super::pods::Role;

/// One workload of the cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// Its role.
    pub role: Role,
    /// `Kind/name`.
    pub object: String,
    /// The number of its pods; `None` for Jobs and CronJobs, and if only an autoscaler sets it.
    pub replicas: Option<u64>,
}

/// Something that was not found, and that the restore does without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What, and the consequence.
    pub what: String,
    /// The value or flag that sets it.
    pub help: String,
}

impl Missing {
    /// Something that was not found, and the value or flag that sets it.
    pub fn new(what: &str, help: &str) -> Self {
        Self { what: what.to_owned(), help: help.to_owned() }
    }
}

/// Everybody with a part in a restore, by role and name: Helm 3 and 4 order a stream differently.
pub fn members(topology: &Topology) -> Vec<Member> {
    let known = topology.workloads.iter().filter(|workload| !workload.role.group.is_empty());
    let mut members: Vec<Member> = known
        .map(|workload| Member {
            role: workload.role,
            object: format!("{}/{}", workload.kind, workload.name),
            replicas: workload.replicas,
        })
        .collect();
    members.sort_by(|one, other| (one.role.rank, &one.object).cmp(&(other.role.rank, &other.object)));
    members
}
