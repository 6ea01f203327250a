//! What was there before a run, so that undo can bring it back.

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
    /// The release's revision; 0 if there was no release.
    pub revision: u64,
    /// The moment before the first change, which the bucket goes back to, too.
    pub moment: Option<Timestamp>,
    /// What was scaled to zero, in that order.
    pub workloads: Vec<Scaled>,
    /// The autoscalers of these workloads.
    pub autoscalers: Vec<Autoscaler>,
    /// What makes backups on a schedule.
    pub paused: Vec<Paused>,
    /// The claims, and the volumes behind them.
    pub volumes: Vec<Volume>,
    /// The uids of the claims that workloads with data had: their volumes hold nothing of this restore. None if not checked.
    pub claims: Option<Vec<String>>,
    /// The Velero Backups of what Velero may overwrite.
    pub objects: Vec<String>,
    /// The uids of the Jobs that existed before the rollback.
    pub jobs: Option<Vec<String>>,
    /// The namespace of Velero's objects.
    pub velero_namespace: Option<String>,
    /// The storage location was created by the run that this one starts over.
    pub own_location: bool,
    /// The mark of a restore that the product itself had left (`Service::fence`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fence: Option<String>,
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
    /// Workloads of one tier stop together, lower tiers first.
    pub tier: u8,
    /// How many pods the chart gives it when all parts are restored, if it holds it at zero until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<u64>,
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
            held: None,
        }
    }
}

/// An autoscaler, which is inactive while its workload has no pods.
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

/// A CronJob or Schedule, and whether it was paused before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paused {
    /// `CronJob` or `Schedule`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Whether it was paused before.
    pub was: bool,
}

/// A claim that is set aside.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Volume {
    /// The claim, as it has to be recreated.
    pub claim: PersistentVolumeClaim,
    /// The claim's uid: the volume is changed only while it is that claim's. Empty if an older hwdr noted it only in [`Before::claims`].
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
