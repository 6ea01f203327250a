//! What there was before a run, so that it can be given back.

use std::fmt;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::cluster::condition::{self, text};
use crate::cluster::{Kind, WaitState};

/// What was found before anything was changed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Before {
    /// The release's revision; 0 where there was no release.
    pub revision: u64,
    /// The moment before the first change: the bucket's, too.
    pub moment: Option<Timestamp>,
    /// What was scaled to zero, in that order.
    pub workloads: Vec<Scaled>,
    /// The autoscalers of these workloads.
    pub autoscalers: Vec<Autoscaler>,
    /// What made backups by itself.
    pub paused: Vec<Paused>,
    /// The claims, and the volumes behind them.
    pub volumes: Vec<Volume>,
    /// The uids of the claims that there were, of what holds data: what is on their volumes is not this restore's. None where that was not
    /// looked at.
    pub claims: Option<Vec<String>>,
    /// The Velero Backups of what Velero may overwrite.
    pub objects: Vec<String>,
    /// The uids of the Jobs that there were before the release was rolled back.
    pub jobs: Option<Vec<String>>,
    /// Where Velero's objects lie.
    pub velero_namespace: Option<String>,
    /// The storage location was made by the run that this one begins anew.
    pub own_location: bool,
}

/// A workload, and how many pods it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scaled {
    /// `StatefulSet` or `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How many pods it had.
    pub replicas: u64,
    /// Whether they were all ready.
    #[serde(default)]
    pub was_ready: bool,
    /// Those of one tier are stopped together, lower ones first.
    pub tier: u8,
}

impl Scaled {
    /// A workload as it is now.
    pub fn of(kind: Kind, object: &Json, tier: u8) -> Self {
        Self {
            kind: kind.kind.to_owned(),
            name: text(object, "/metadata/name").to_owned(),
            replicas: object.pointer("/spec/replicas").and_then(Json::as_u64).unwrap_or(1),
            was_ready: condition::ready(object) == WaitState::Done,
            tier,
        }
    }
}

/// An autoscaler, which rests while its workload has no pods.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Autoscaler {
    /// Its name.
    pub name: String,
    /// `Deployment/name` or `StatefulSet/name`.
    pub target: String,
    /// The fewest pods.
    pub min: u64,
    /// The most pods.
    pub max: u64,
}

impl fmt::Display for Autoscaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {} pods of {}", self.min, self.max, self.target)
    }
}

/// A CronJob or Schedule, and whether it was at rest before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// `CronJob` or `Schedule`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it was at rest before.
    pub was: bool,
}

/// A claim that is set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// The claim, as it has to be made again.
    pub claim: PersistentVolumeClaim,
    /// The claim's uid: the volume is touched as long as it is that claim's. Empty where an older hwdr has noted it among
    /// [`Before::claims`] alone.
    #[serde(default)]
    pub uid: String,
    /// The volume that it was bound to.
    pub volume: String,
    /// The volume's reclaim policy before.
    pub policy: String,
}

impl Volume {
    /// The claim's name.
    pub fn name(&self) -> &str {
        self.claim.metadata.name.as_deref().unwrap_or_default()
    }

    /// The claim's storage class.
    pub fn class(&self) -> &str {
        self.claim.spec.as_ref().and_then(|spec| spec.storage_class_name.as_deref()).unwrap_or_default()
    }

    /// How much room the claim asks for, as Kubernetes writes it.
    pub fn size(&self) -> &str {
        let resources = self.claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
        let requests = resources.and_then(|resources| resources.requests.as_ref());
        requests.and_then(|requests| requests.get("storage")).map_or("", |size| size.0.as_str())
    }
}
