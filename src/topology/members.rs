//! The topology as people are shown it: who was found in the stream, and what was looked for in vain.

use serde::Serialize;

use super::Topology;
use super::pods::Role;

/// One workload of the cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// What it is to Hopsworks.
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

/// Everybody who has a part in a restore, by role and name: the Helms order a stream differently.
pub fn members(topology: &Topology) -> Vec<Member> {
    let known = topology.workloads.iter().filter(|workload| workload.role != Role::Other);
    let mut members: Vec<Member> = known
        .map(|workload| Member {
            role: workload.role,
            object: format!("{}/{}", workload.kind, workload.name),
            replicas: workload.replicas,
        })
        .collect();
    members.sort_by(|one, other| (one.role, &one.object).cmp(&(other.role, &other.object)));
    members
}

/// What is not in the stream, though a whole installation has it. What a restore cannot do without is no part of this:
/// the steps refuse to be planned.
pub fn missing(topology: &Topology) -> Vec<Missing> {
    let mut missing = Vec::new();
    let mut add = |is_missing: bool, what: &str, help: &str| {
        if is_missing {
            missing.push(Missing { what: what.to_owned(), help: help.to_owned() });
        }
    };
    let none = |role: Role| topology.role(role).next().is_none();
    if let Some(rondb) = &topology.rondb {
        add(
            rondb.free_slots.is_none(),
            "RonDB's config.ini (a ConfigMap with the sections [ndbd] and [ndb_mgmd]): how many ndb_restore can connect at once \
             is not known, so one runs after the other",
            "post-render the whole umbrella chart",
        );
        add(
            rondb.root_password.is_none(),
            "MySQL's root password (env MYSQL_ROOT_PASSWORD by Secret): if the backup sets one, loading users can fail",
            "set rondb.rondb.mysql.credentialsSecretName",
        );
        add(
            none(Role::Mysqld),
            "MySQL servers (label rondbService: mysqld): none will wait for the restored users",
            "set rondb.rondb.clusterSize.minNumMySQLServers",
        );
    }
    add(
        topology.storage.own.credentials.is_empty(),
        "keys of the object storage in the backup CronJob: restore Jobs rely on the role of its service account",
        "set global._hopsworks.managedObjectStorage.s3.secret, unless the account has such a role",
    );
    if let Some(opensearch) = &topology.opensearch {
        add(
            none(Role::OpenSearch),
            "OpenSearch's own servers: it is taken for an external one, which has to be reachable from the cluster",
            "set olk.opensearch.enabled: true, unless it is meant to be external",
        );
        add(
            opensearch.repositories.is_empty(),
            "the settings of OpenSearch's snapshot repositories: they have to be registered already",
            "set global._hopsworks.backups.enabled: true",
        );
    }
    add(
        topology.schedules.is_empty(),
        "Velero's Schedules: the cluster's objects are not backed up from here on",
        "set hopsworks.velero.backup.enabled: true",
    );
    missing
}
