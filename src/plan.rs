//! The plan of a restore: what will be done, in order. It depends only on settings and topology; equal input gives an equal plan.

mod digest;
mod order;

use serde::Serialize;

use crate::mode::Mode;
use crate::plain_data;
use crate::product::Product;
use crate::product::request::{Backup, Request};
use crate::refusal::Refusal;
use crate::steps::{By, Planned};
use crate::topology::{self, Autoscaler, Member, Missing, Topology, Workload};

pub use digest::is_comparable;
pub use order::held_by;

/// A plan.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The product.
    #[serde(skip)]
    pub product: &'static dyn Product,
    /// Into a new cluster, or in place.
    pub mode: Mode,
    /// The global backup id: it names the markers of the whole restore.
    pub backup_id: Backup,
    /// When that backup was made, if the id names a time.
    pub backup_time: Option<String>,
    /// The release's namespace.
    pub namespace: String,
    /// What is restored.
    pub cluster: Cluster,
    /// The steps in order.
    pub steps: Vec<Planned>,
    /// The point after which the old data no longer exists.
    pub point_of_no_return: PointOfNoReturn,
    /// What the operator must know: defects of the chart's own steps, and what is left to chance.
    pub warnings: Vec<String>,
    #[serde(skip)]
    digest: String,
}

/// What the stream shows about the cluster.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cluster {
    /// Everything that has a part in the restore.
    pub members: Vec<Member>,
    /// What would undo manual scaling.
    pub autoscalers: Vec<Autoscaler>,
    /// Velero's Schedules.
    pub schedules: Vec<String>,
    /// What was not found, and is done without.
    pub missing: Vec<Missing>,
}

/// The point after which the old data cannot be brought back.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PointOfNoReturn {
    /// The step; `None` if no existing data is lost.
    pub step: Option<&'static str>,
    /// What is lost there, or why nothing is.
    pub why: &'static str,
}

impl Plan {
    /// Plans the restore.
    ///
    /// # Errors
    /// If the stream lacks something that a step needs: half a restore is not planned.
    pub fn new(request: &dyn Request, topology: &Topology, namespace: Option<&str>) -> Result<Self, Refusal> {
        let namespace = topology.namespace.as_deref().or(namespace).ok_or_else(|| {
            Refusal::new("the namespace of the release is unknown: the chart's objects do not name it")
                .help("add --namespace NAME (after --post-renderer-args when helm runs hwdr)")
        })?;
        let draft = request.draft(topology, namespace)?;
        let steps: Vec<_> = draft.steps.into_iter().map(as_the_chart_does_it).collect();
        order::check(topology, namespace, &steps)?;
        let mut warnings = elsewhere(topology, namespace, &steps);
        warnings.extend(draft.warnings);
        let backup_id = request.backup();
        Ok(Self {
            product: request.product(),
            mode: request.mode(),
            backup_time: backup_id.time.map(|time| time.to_string()),
            backup_id,
            namespace: namespace.to_owned(),
            cluster: Cluster {
                members: topology::members(topology),
                autoscalers: topology.autoscalers.clone(),
                schedules: topology.schedules.clone(),
                missing: draft.missing,
            },
            digest: digest::of(&digest::facts(request, topology, namespace, &steps, draft.facts), topology),
            steps,
            point_of_no_return: request.point_of_no_return(),
            warnings,
        })
    }

    /// A name that only equal plans share, whatever their sentences: two digits of its form, and 16 of SHA-256 over its facts.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The plan as JSON, indented.
    pub fn to_json(&self) -> String {
        plain_data::text(self)
    }
}

/// What can be verified of a step that the chart itself brings: that its Job completed, not what the Job checked.
fn as_the_chart_does_it(mut step: Planned) -> Planned {
    if let By::Chart(object) = &step.by {
        step.verified = match object.split_once('/') {
            Some(("Job", _)) => "the Job is complete: what it looked at is the chart's own business",
            Some(("Restore", _)) => step.verified,
            _ => "nothing shows it but its log",
        };
    }
    step
}

/// The workloads that do not wait, because they are in another namespace.
fn elsewhere(topology: &Topology, namespace: &str, steps: &[Planned]) -> Vec<String> {
    let held = |workload: &&Workload| {
        steps.iter().any(|step| step.is_injected() && step.holds.contains(&workload.role))
            && workload.namespace.as_deref().is_some_and(|other| other != namespace)
    };
    let warning = |workload: &Workload| {
        format!(
            "{}/{} is in the namespace {}, and does not wait for the restore: stop it until the restore is done",
            workload.kind,
            workload.name,
            workload.namespace.as_deref().unwrap_or_default()
        )
    };
    topology.workloads.iter().filter(held).map(warning).collect()
}
