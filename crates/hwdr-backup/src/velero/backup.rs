//! `velero-backup.json`: the Backup itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::flaw::Flaw;

/// Kubernetes stores no larger object.
const LONGEST: usize = 4 << 20;

/// Phases of a backup that is not over (velero, pkg/apis/velero/v1/backup_types.go; `Queued` and `ReadyToStart` from 1.18 on).
pub const AT_WORK: [&str; 8] = [
    "New",
    "Queued",
    "ReadyToStart",
    "InProgress",
    "WaitingForPluginOperations",
    "WaitingForPluginOperationsPartiallyFailed",
    "Finalizing",
    "FinalizingPartiallyFailed",
];

/// What is needed of a Backup.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Backup {
    kind: String,
    metadata: Metadata,
    #[serde(default)]
    status: Status,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Metadata {
    name: String,
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: String,
    failure_reason: String,
    errors: u64,
    progress: Option<Progress>,
    start_timestamp: Option<String>,
    completion_timestamp: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Progress {
    items_backed_up: u64,
}

impl Backup {
    /// Reads it.
    ///
    /// # Errors
    /// It is no Backup.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        if bytes.len() > LONGEST {
            return Err(Flaw::unknown(format!("is longer than hwdr reads ({} MiB)", LONGEST >> 20)));
        }
        let backup: Self =
            serde_json::from_slice(bytes).map_err(|error| Flaw::damaged(format!("cannot be read: {error}")))?;
        if backup.kind == "Backup" { Ok(backup) } else { Err(Flaw::damaged("is not a Backup of Velero's")) }
    }

    /// Why it cannot be restored, if it is to be the backup of this name.
    pub fn judge(&self, name: &str) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if self.metadata.name != name {
            flaws.push(Flaw::damaged(format!("is of backup {}", self.metadata.name)).expected(name));
        }
        match self.status.phase.as_str() {
            "Completed" => {}
            phase if AT_WORK.contains(&phase) => {
                flaws.push(Flaw::unknown(format!("the backup is {phase}: it is not over")))
            }
            phase => {
                let why = match (self.status.failure_reason.as_str(), self.status.errors) {
                    ("", 0) => String::new(),
                    ("", errors) => format!(", with {errors} errors"),
                    (why, _) => format!(": {why}"),
                };
                flaws.push(Flaw::damaged(format!("the backup is {phase:?}{why}")).expected("Completed"));
            }
        }
        flaws
    }

    /// Whether Velero says that it is whole.
    pub fn is_completed(&self) -> bool {
        self.status.phase == "Completed"
    }

    /// The schedule that made it.
    pub fn schedule(&self) -> Option<&str> {
        self.metadata.labels.get("velero.io/schedule-name").map(String::as_str)
    }

    /// How many objects it has.
    pub fn items(&self) -> Option<u64> {
        self.status.progress.map(|progress| progress.items_backed_up)
    }

    /// When Velero began it, and when it was done, as Kubernetes writes times.
    pub fn times(&self) -> Option<[&str; 2]> {
        Some([self.status.start_timestamp.as_deref()?, self.status.completion_timestamp.as_deref()?])
    }
}
