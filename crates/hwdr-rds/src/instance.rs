//! An instance, as RDS describes it.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::{RUN_TAG, RunId, Settings};

/// A database instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its identifier.
    pub id: String,
    /// RDS's own id of it, which no other instance ever has.
    pub resource_id: Option<String>,
    /// `available`, `creating`, …
    pub status: String,
    /// How far it is with what its status says.
    pub percent: Option<u8>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Where clients reach it; not known while it is created.
    pub endpoint: Option<Endpoint>,
    /// The engine: `mariadb`.
    pub engine: String,
    /// The engine's version: `10.11.9`.
    pub version: String,
    /// Whether its storage is encrypted.
    pub encrypted: bool,
    /// The key that encrypts its storage.
    pub key: Option<String>,
    /// Its VPC.
    pub vpc: Option<String>,
    /// The name of the master user.
    pub master_user: Option<String>,
    /// Whether Secrets Manager keeps, and changes, the master user's password.
    pub managed_password: bool,
    /// The instance that it is a read replica of.
    pub replica_of: Option<String>,
    /// Its read replicas.
    pub replicas: Vec<String>,
    /// The newest time that it can be restored to. It has none without automatic backups.
    pub latest_restorable: Option<Timestamp>,
    /// Its parameter groups, and whether each is in force.
    pub parameter_groups: Vec<Member>,
    /// Its option groups, and whether each is in force.
    pub option_groups: Vec<Member>,
    /// Its security groups, and whether each is in force.
    pub security_groups: Vec<Member>,
    /// Changes that were asked for and are not in force yet.
    pub pending: Vec<&'static str>,
    /// Its settings.
    pub settings: Settings,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Where clients reach an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The host's name.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A group that an instance is a member of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The group.
    pub name: String,
    /// `in-sync`, `applying`, `pending-reboot`, … (parameter and option groups); `active`, `adding`, … (security groups).
    pub status: String,
}

impl Instance {
    /// Whether the run has made it.
    pub fn is_of(&self, run: &RunId) -> bool {
        self.tags.get(RUN_TAG).is_some_and(|tag| tag == run.as_str())
    }

    /// Whether it answers clients now, with all that it has.
    ///
    /// In `storage-optimization` and `storage-initialization` it answers more slowly; both may take hours ("DB instance status", user guide).
    pub fn is_up(&self) -> bool {
        matches!(self.status.as_str(), "available" | "storage-optimization" | "storage-initialization")
    }

    /// Whether it will never be available without help.
    pub fn is_lost(&self) -> bool {
        self.status.starts_with("incompatible-")
            || matches!(
                self.status.as_str(),
                "failed"
                    | "restore-error"
                    | "storage-full"
                    | "insufficient-capacity"
                    | "inaccessible-encryption-credentials"
                    | "inaccessible-encryption-credentials-recoverable"
                    | "delete-precheck"
                    | "deleting"
                    | "stopping"
                    | "stopped"
            )
    }

    /// The major version, which parameter and option groups belong to: `10.11` of `10.11.9`.
    pub fn major(&self) -> &str {
        major(&self.version)
    }
}

/// MariaDB's major version has two parts.
pub(crate) fn major(version: &str) -> &str {
    match version.match_indices('.').nth(1) {
        Some((end, _)) => version.get(..end).unwrap_or(version),
        None => version,
    }
}
