//! The state of a run: what was decided, what is done, and what was found before. It is written before and after every change, so that a
//! run can be cut off anywhere. Where it lies is [`store`]'s; what it may say is [`check`]'s; what was there
//! before the run is [`before`]'s.

mod before;
mod check;
mod store;

use hwdr_run::{Entries, Record};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value as Json, json};

use crate::cluster::condition::text;
use crate::mode::Mode;
use crate::object_id::ObjectId;
use crate::plan::Plan;
use crate::product;
use crate::steps::By;
use crate::velero::{BackupNames, Velero};

pub use before::{Autoscaler, Before, Paused, Scaled, Volume};
pub use hwdr_run::{Phase, Progress};
pub use store::{Runs, SecretStore, read};

/// The label of what hwdr keeps in the cluster for a release: its name.
const RELEASE: &str = "hwdr.hopsworks.ai/release";
/// Velero leaves objects alone that carry this label (velero.io, "Exclude specific items from backup"): a state that
/// Velero brought back would be an old one.
const NO_BACKUP: &str = "velero.io/exclude-from-backup";
/// The newest form of the state that this program knows. The first one was kept in ConfigMaps.
const FORM: u32 = 2;

/// The name of the object that keeps the state of a run.
fn name_of(backup_id: &str) -> String {
    format!("hwdr-restore-{backup_id}")
}

/// The labels of what hwdr keeps in the cluster for a release.
pub fn labels(release: &str) -> Json {
    json!({"app.kubernetes.io/name": "hwdr", RELEASE: release, NO_BACKUP: "true"})
}

/// The state of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// The form of this very structure.
    pub form: u32,
    /// The program's version.
    pub version: String,
    /// The product's name. That of the first one is not written down, because hwdr 0.1 knew no other.
    #[serde(default = "first_product", skip_serializing_if = "is_first_product")]
    pub product: String,
    /// Into a new cluster, or in place.
    pub mode: Mode,
    /// The release.
    pub release: String,
    /// The global backup id.
    pub backup_id: String,
    /// When that backup was made, where the id names a time.
    pub backup_time: Option<String>,
    /// The digest of the plan that was agreed to.
    pub digest: String,
    /// The chart as it was given, and a hash of the values: what `resume` has to be given again while helm has not run.
    pub chart: Chart,
    /// Where the run is.
    pub phase: Phase,
    /// Why it stopped, where it failed.
    pub why: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When it was all done.
    pub ended: Option<Timestamp>,
    /// Where the state was taken over from an older hwdr's: when the API server made that one.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The Job or Restore that is made again: it may be deleted already. What it is stands in Helm's record.
    #[serde(default, deserialize_with = "name_alone")]
    pub remade: Option<ObjectId>,
    /// What is started anew on empty volumes: it may be stopped.
    #[serde(default)]
    pub emptied: Vec<Scaled>,
    /// The helm that runs: `machine/pid`.
    #[serde(default)]
    pub helm: Option<String>,
    /// The steps that were begun, in their order.
    pub steps: Vec<Progress>,
    /// The parts of the restore that the cluster does, once helm has run.
    pub parts: Vec<Part>,
    /// The two Velero backups that were chosen, where objects are restored before helm: the cluster's own, the users'.
    #[serde(default)]
    pub objects: Option<BackupNames>,
    /// The first ConfigMaps of the backups' metadata, in the product's order.
    #[serde(default)]
    pub metadata: [String; 2],
    /// What Velero's things are called.
    #[serde(default)]
    pub velero: Velero,
    /// The Restores of earlier runs are taken away.
    #[serde(default)]
    pub restores_anew: bool,
    /// The storage location was made by this run, or by one that it begins anew, and is given write access when all is done.
    #[serde(default)]
    pub opens_location: bool,
    /// Volumes are deleted, not set aside (`--wipe`).
    pub wipe: bool,
    /// A Velero Restore that says what it could not bring back is taken as done (`--accept-partial`).
    pub accept_partial: bool,
    /// The bucket and the server that were agreed to, where this machine brings a bucket back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_here: Option<String>,
    /// Files that could not be read, and were named: what `resume --accept-partial` may do without.
    #[serde(default)]
    pub unread: Vec<String>,
    /// What was found to be restored: for the report.
    #[serde(default)]
    pub findings: Vec<String>,
    /// What was found before anything was changed.
    pub before: Before,
}

/// What helm was given.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// The chart's argument.
    pub argument: String,
    /// Its name and version: `hopsworks-4.8.0`.
    pub name: String,
    /// The version of what it installs.
    pub app_version: String,
    /// A hash of the merged values.
    #[serde(default)]
    pub values: String,
}

/// A part of the restore that the cluster does: a step of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// The step's name.
    pub step: String,
    /// What it restores from.
    pub backup: String,
    /// What has to be done: Jobs, Restores or workloads, in order.
    pub objects: Vec<ObjectId>,
}

impl Part {
    /// Its name among the steps of the state: the step's, and that of what is done last.
    pub fn name(&self) -> String {
        let last = self.objects.last().map_or("", |object| object.name.as_str());
        format!("{}:{last}", self.step)
    }
}

/// The product of runs that do not say theirs.
fn first_product() -> String {
    product::FIRST.name().to_owned()
}

fn is_first_product(name: &str) -> bool {
    name == product::FIRST.name()
}

/// An older hwdr kept the whole object: only its name is taken from there.
fn name_alone<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ObjectId>, D::Error> {
    Ok(Option::<Json>::deserialize(deserializer)?.map(|kept| match kept {
        Json::String(id) => id.into(),
        object => ObjectId::new(text(&object, "/kind"), text(&object, "/metadata/name")),
    }))
}

impl Record for State {
    const FORM: u32 = FORM;

    fn phase(&self) -> Phase {
        self.phase
    }

    fn steps(&self) -> &[Progress] {
        &self.steps
    }

    fn entries(&mut self) -> Entries<'_> {
        let Self { phase, why, ended, steps, findings, .. } = self;
        Entries { phase, why, ended, steps, findings }
    }
}

impl State {
    /// The state of a run that begins now.
    pub fn new(release: &str, plan: &Plan, chart: Chart, now: Timestamp) -> Self {
        let parts = plan.steps.iter().map(|step| Part {
            step: step.step.to_owned(),
            backup: step.backup.clone(),
            objects: match &step.by {
                By::Chart(object) => vec![object.as_str().into()],
                By::Hwdr(objects) => objects.iter().map(|object| object.as_str().into()).collect(),
                By::Before(_) => Vec::new(),
            },
        });
        Self {
            form: FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            product: plan.product.name().to_owned(),
            mode: plan.mode,
            release: release.to_owned(),
            backup_id: plan.backup_id.to_string(),
            backup_time: plan.backup_time.clone(),
            digest: plan.digest().to_owned(),
            chart,
            phase: Phase::Running,
            why: None,
            began: now,
            ended: None,
            since: None,
            remade: None,
            emptied: Vec::new(),
            helm: None,
            steps: Vec::new(),
            parts: parts.filter(|part| !part.objects.is_empty()).collect(),
            objects: None,
            metadata: Default::default(),
            velero: Velero::default(),
            restores_anew: false,
            opens_location: false,
            wipe: false,
            accept_partial: false,
            from_here: None,
            unread: Vec::new(),
            findings: Vec::new(),
            before: Before::default(),
        }
    }

    /// The names of the objects of one kind that have to be done, of all parts.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let objects = self.parts.iter().flat_map(|part| &part.objects);
        objects.filter_map(|object| object.name_of(kind)).map(str::to_owned).collect()
    }

    /// Where Velero's objects lie.
    pub fn velero(&self) -> String {
        self.before.velero_namespace.clone().unwrap_or_else(|| self.velero.namespace.clone())
    }

    /// What Velero's things are called, and where they lie.
    pub fn current_velero(&self) -> Velero {
        self.velero.in_namespace(&self.velero())
    }

    /// What helm notes of this run's revision: no other has it.
    pub fn description(&self) -> String {
        format!("hwdr restores backup {}, begun {}", self.backup_id, self.began)
    }

    /// The name of the object that keeps it.
    pub fn name(&self) -> String {
        name_of(&self.backup_id)
    }
}
