//! The state of a run: what was decided, what is done, and what was found before. It is written before and after every change, so that a
//! run can be interrupted anywhere. [`store`] keeps it, [`check`] validates it, and [`before`] holds what was there before the run.

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
use crate::product::{self, Product};
use crate::run::Step;
use crate::steps::By;
use crate::velero::{BackupNames, Velero};

pub use before::{Autoscaler, Before, Paused, Scaled, Volume};
pub use hwdr_run::{Phase, Progress};
pub use store::{Runs, SecretStore, read};

/// The label of what hwdr keeps in the cluster for a release. Its value is the release's name.
const RELEASE: &str = "hwdr.hopsworks.ai/release";
/// Velero ignores objects with this label (velero.io, "Exclude specific items from backup"): it would restore an old state.
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
    /// The form of this structure.
    pub form: u32,
    /// The program's version.
    pub version: String,
    /// The product's name. Left out for the first product, the only one that hwdr 0.1 knew.
    #[serde(default = "first_product", skip_serializing_if = "is_first_product")]
    pub product: String,
    /// Into a new cluster, or in place.
    pub mode: Mode,
    /// The release.
    pub release: String,
    /// The global backup id.
    pub backup_id: String,
    /// When that backup was made, if the id names a time.
    pub backup_time: Option<String>,
    /// The digest of the plan that was agreed to.
    pub digest: String,
    /// The chart as it was given, and a hash of the values. Until helm has run, `resume` must be given the same.
    pub chart: Chart,
    /// Where the run is.
    pub phase: Phase,
    /// Why it stopped, if it failed.
    pub why: Option<String>,
    /// When it began.
    pub began: Timestamp,
    /// When everything was done.
    pub ended: Option<Timestamp>,
    /// When the older hwdr's state was created that this one was taken over from, by the API server's clock.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// The Job or Restore that is being recreated: it may be deleted already. Helm's record contains it.
    #[serde(default, deserialize_with = "name_alone")]
    pub remade: Option<ObjectId>,
    /// The workloads that are being restarted on empty volumes: they may be stopped.
    #[serde(default)]
    pub emptied: Vec<Scaled>,
    /// The running helm: `machine/pid`.
    #[serde(default)]
    pub helm: Option<String>,
    /// The steps that were begun, in order.
    pub steps: Vec<Progress>,
    /// The parts of the restore that the cluster does, once helm has run.
    pub parts: Vec<Part>,
    /// The two chosen Velero backups (the cluster's own, the users'), if objects are restored before helm.
    #[serde(default)]
    pub objects: Option<BackupNames>,
    /// The first ConfigMaps of the backups' metadata, in the product's order; what is not given has its usual name. hwdr 0.1 reads two, neither more
    /// nor fewer.
    #[serde(default)]
    pub metadata: Vec<String>,
    /// The names of Velero's objects.
    #[serde(default)]
    pub velero: Velero,
    /// The Restores of earlier runs are deleted.
    #[serde(default)]
    pub restores_anew: bool,
    /// The storage location was created by this run, or by one that it starts over; it becomes writable when everything is done.
    #[serde(default)]
    pub opens_location: bool,
    /// Volumes are deleted, not set aside (`--wipe`).
    pub wipe: bool,
    /// A Velero Restore with reported failures counts as done (`--accept-partial`).
    pub accept_partial: bool,
    /// The agreed bucket and server, if the bucket is rewound from this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from_here: Option<String>,
    /// Files that were reported as unreadable: `resume --accept-partial` may do without them.
    #[serde(default)]
    pub unread: Vec<String>,
    /// What was found to be restored, for the report.
    #[serde(default)]
    pub findings: Vec<String>,
    /// What the product alone needs ([`crate::product::Request::own`]).
    #[serde(default, skip_serializing_if = "Json::is_null")]
    pub own: Json,
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
    /// Its Jobs, Restores or workloads, in order.
    pub objects: Vec<ObjectId>,
}

impl Part {
    /// Its name among the steps of the state: the step's name and its last object's.
    pub fn name(&self) -> String {
        let last = self.objects.last().map_or("", |object| object.name.as_str());
        format!("{}:{last}", self.step)
    }
}

/// The product of a state without one.
fn first_product() -> String {
    product::FIRST.name().to_owned()
}

fn is_first_product(name: &str) -> bool {
    name == product::FIRST.name()
}

/// An older hwdr kept the whole object, of which only the name is read.
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
    /// The product that is restored.
    pub fn product(&self) -> &'static dyn Product {
        // `check` accepts only a product that exists.
        product::named(&self.product).unwrap_or(product::FIRST)
    }

    /// The steps of the run.
    pub fn steps_to_do(&self) -> Vec<Step> {
        self.product().steps(self.mode, &self.own)
    }

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
            metadata: Vec::new(),
            velero: Velero::default(),
            restores_anew: false,
            opens_location: false,
            wipe: false,
            accept_partial: false,
            from_here: None,
            unread: Vec::new(),
            findings: Vec::new(),
            own: Json::Null,
            before: Before::default(),
        }
    }

    /// The names of all parts' objects of one kind.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let objects = self.parts.iter().flat_map(|part| &part.objects);
        objects.filter_map(|object| object.name_of(kind)).map(str::to_owned).collect()
    }

    /// The namespace of Velero's objects.
    pub fn velero(&self) -> String {
        self.before.velero_namespace.clone().unwrap_or_else(|| self.velero.namespace.clone())
    }

    /// The names and the namespace of Velero's objects.
    pub fn current_velero(&self) -> Velero {
        self.velero.in_namespace(&self.velero())
    }

    /// The description of this run's Helm revision: no other has it.
    pub fn description(&self) -> String {
        format!("hwdr restores backup {}, begun {}", self.backup_id, self.began)
    }

    /// The name of the object that keeps it.
    pub fn name(&self) -> String {
        name_of(&self.backup_id)
    }
}
