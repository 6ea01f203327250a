//! The steps of a restore, one file each: what it does to which data, whether the chart brings it itself, the objects it
//! renders, how it is verified and undone. [`ALL`] is the one list that plan, rendering and display go by.

mod hopsfs;
mod objects;
mod opensearch;
mod rondb;
mod rows;
mod users;

use serde::Serialize;
use serde_json::Value as Json;
use thiserror::Error;

use crate::backup_id::BackupId;
use crate::mode::Mode;
use crate::settings::Restore;
use crate::topology::{Job, Pod, Role, Topology};

/// What steps are planned from.
#[derive(Debug)]
pub struct Input<'a> {
    /// What the values ask for.
    pub restore: &'a Restore,
    /// What the stream shows.
    pub topology: &'a Topology,
    /// The namespace of the release.
    pub namespace: &'a str,
}

/// A step, as it will be done.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Planned {
    /// Which step: one word, stable.
    pub step: &'static str,
    /// What it does to which data.
    pub does: String,
    /// The backup it restores from: an id, or Velero's name.
    pub backup: String,
    /// When that backup was made, where its name tells.
    pub backup_time: Option<String>,
    /// Who brings the objects.
    pub by: By,
    /// The objects whose existence says that the step was run: `Kind/name`.
    pub markers: Vec<String>,
    /// How one sees that it worked.
    pub verified: &'static str,
    /// How it is taken back.
    pub undone: &'static str,
    /// What is injected, in order.
    #[serde(skip)]
    pub objects: Vec<Object>,
    /// The Job after which the step is done; none where the chart brings it without one.
    #[serde(skip)]
    pub last_job: Option<String>,
    /// Who may not start before.
    #[serde(skip)]
    pub holds: &'static [Role],
}

/// Whose objects do a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "who", content = "what")]
pub enum By {
    /// The chart's own, which are kept and hardened: `Kind/name`.
    Chart(String),
    /// hwdr's, in Jobs or Restores: `Kind/name`.
    Hwdr(Vec<String>),
    /// Nobody's that Helm applies: it has to be done before, and by what.
    Before(&'static str),
}

/// An object to inject.
#[derive(Debug, Clone)]
pub struct Object {
    /// The file under `templates/`.
    pub template: &'static str,
    /// `Kind/name`.
    pub id: String,
    /// What it does, in a few words.
    pub what: &'static str,
    /// What the template needs beside what all have.
    pub values: Json,
    /// For a Job: the Jobs that must be complete before it does anything.
    pub after: Vec<String>,
}

/// Why there is no plan: whatever is known to fail is not begun.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct PlanError {
    /// What is wrong or missing.
    pub problem: String,
    /// What to do about it.
    pub help: String,
}

impl PlanError {
    /// A refusal.
    pub fn new(problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: help.into() }
    }
}

impl Planned {
    /// Whether hwdr's own objects do it.
    pub fn is_injected(&self) -> bool {
        matches!(self.by, By::Hwdr(_))
    }
}

/// The step of that name, where hwdr's own objects do it.
pub fn injected<'p>(steps: &'p [Planned], name: &str) -> Option<&'p Planned> {
    steps.iter().find(|step| step.step == name && step.is_injected())
}

/// Plans one part of a restore, behind the steps that are planned already.
pub type Plan = fn(&Input, &[Planned]) -> Result<Vec<Planned>, PlanError>;

/// All steps in the order in which they are done.
pub const ALL: &[Plan] = &[objects::plan, rondb::plan, rows::plan, users::plan, hopsfs::plan, opensearch::plan];

/// The Job after which the step before is done.
fn previous(planned: &[Planned]) -> Option<String> {
    planned.iter().rev().find_map(|step| step.last_job.clone())
}

/// The chart's own Job for a step: of this name, or in place this name and the id, whose containers do the work.
/// One that is there for another id is refused: then chart and values disagree about what is restored.
fn chart_job<'t>(
    topology: &'t Topology,
    name: &str,
    id: &BackupId,
    does_it: impl Fn(&Pod) -> bool,
) -> Result<Option<&'t Job>, PlanError> {
    for job in &topology.jobs {
        let Some(suffix) = job.name.strip_prefix(name) else { continue };
        let suffix = suffix.strip_prefix('-').unwrap_or(suffix);
        if !suffix.is_empty() && BackupId::parse(suffix).is_err() {
            continue;
        }
        let Some(workload) = topology.workloads.iter().find(|workload| workload.object == job.object) else { continue };
        if !does_it(&workload.pod) {
            continue;
        }
        let is_it = if suffix.is_empty() { workload.pod.is_given(id.as_str()) } else { suffix == id.as_str() };
        if !is_it {
            return Err(PlanError::new(
                format!("the chart's own Job {} does not restore backup {id}, which the values ask for", job.name),
                "render the chart and hwdr with the same values: helm template … | grep -n BACKUP_ID",
            ));
        }
        return Ok(Some(job));
    }
    Ok(None)
}

/// The time that an id names, for people.
fn time_of(id: &BackupId) -> Option<String> {
    id.time().map(|time| time.to_string())
}

/// How what is written to volumes is taken back.
fn undone(mode: Mode) -> &'static str {
    match mode {
        Mode::Install => "uninstall the release and delete its volumes: the backup is only read",
        Mode::Upgrade => "put the old volumes back, if they were set aside",
    }
}
