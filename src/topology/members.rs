//! The topology as people are shown it: who was found in the stream, and what was looked for in vain.

use serde::Serialize;

use super::Topology;
use super::pods::Role;

/// One workload of the cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// What it is.
    pub role: Role,
    /// `Kind/name`.
    pub object: String,
    /// How many pods it wants; none for Jobs and CronJobs, and where an autoscaler alone says it.
    pub replicas: Option<u64>,
}

/// Something that was looked for and not found, which a restore does without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// What, and what follows from it.
    pub what: String,
    /// The value or flag that names it.
    pub help: String,
}

impl Missing {
    /// Something that was looked for in vain, and the value or flag that names it.
    pub fn new(what: &str, help: &str) -> Self {
        Self { what: what.to_owned(), help: help.to_owned() }
    }
}

/// Everybody who has a part in a restore, by role and name: the Helms order a stream differently.
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
