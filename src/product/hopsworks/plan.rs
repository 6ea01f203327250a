//! How the services plan: from what the values ask for, and what the stream shows.

use super::backup_id::BackupId;
use super::object_storage::ObjectStorage;
use super::opensearch::facts::OpenSearch;
use super::request::Restore;
use super::rondb::facts::Rondb;
use crate::mode::Mode;
use crate::product::service::Service;
use crate::refusal::Refusal;
use crate::steps::Planned;
use crate::topology::{Job, Missing, Pod, Topology};

/// A service of Hopsworks.
pub(super) trait Part: Service {
    /// Its steps, after those that are planned already.
    ///
    /// # Errors
    /// If the stream lacks something that they need.
    fn plan(&self, input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal>;

    /// What of it a full installation has and this stream lacks, but a restore does not need.
    fn missing(&self, _topology: &Topology, _facts: &Facts) -> Vec<Missing> {
        Vec::new()
    }

    /// What the operator has to know about its steps.
    fn warnings(&self, _input: &Input, _steps: &[Planned]) -> Vec<String> {
        Vec::new()
    }
}

/// What the stream shows of Hopsworks.
#[derive(Debug)]
pub(super) struct Facts {
    /// RonDB, if the stream has data nodes.
    pub rondb: Option<Rondb>,
    /// OpenSearch, if the stream has it or says how to reach it.
    pub opensearch: Option<OpenSearch>,
    /// Where backups are read from.
    pub storage: ObjectStorage,
}

impl Facts {
    /// Reads it from what was found in the stream.
    pub(super) fn of(topology: &Topology) -> Self {
        let (workloads, config_maps) = (&topology.workloads, &topology.config_maps);
        Self {
            rondb: Rondb::of(workloads, config_maps),
            opensearch: OpenSearch::of(workloads, config_maps, &topology.service_objects),
            storage: ObjectStorage::of(workloads, config_maps),
        }
    }
}

/// What steps are planned from.
#[derive(Debug)]
pub(super) struct Input<'a> {
    /// What the values ask for.
    pub restore: &'a Restore,
    /// What the stream shows.
    pub topology: &'a Topology,
    /// What it shows of Hopsworks.
    pub facts: &'a Facts,
    /// The namespace of the release.
    pub namespace: &'a str,
}

/// The last Job of the steps before.
pub(super) fn previous(planned: &[Planned]) -> Option<String> {
    planned.iter().rev().find_map(|step| step.last_job.clone())
}

/// The chart's own Job for a step: with this name, or in place with this name and the id, whose containers do the work.
/// One for another id is refused: then chart and values disagree about what to restore.
pub(super) fn chart_job<'t>(
    topology: &'t Topology,
    name: &str,
    id: &BackupId,
    does_it: impl Fn(&Pod) -> bool,
) -> Result<Option<&'t Job>, Refusal> {
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
            return Err(Refusal::new(format!(
                "the chart's own Job {} does not restore backup {id}, which the values ask for",
                job.name
            ))
            .help("render the chart and hwdr with the same values: helm template … | grep -n BACKUP_ID"));
        }
        return Ok(Some(job));
    }
    Ok(None)
}

/// The time that an id names, for people.
pub(super) fn time_of(id: &BackupId) -> Option<String> {
    id.time().map(|time| time.to_string())
}

/// How to undo what is written to volumes.
pub(super) fn undone(mode: Mode) -> &'static str {
    match mode {
        Mode::Install => "uninstall the release and delete its volumes: the backup is only read",
        Mode::Upgrade => "put the old volumes back, if they were set aside",
    }
}
