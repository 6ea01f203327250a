//! HopsFS, whose blocks are in a versioned bucket.

pub mod bucket;
mod local;
mod plan;
mod sample;
mod stored;
mod undo;
mod verify;

use serde_json::Value as Json;

use crate::product::hopsworks::plan::{Facts, Input, Part};
use crate::product::hopsworks::request::HopsFs as By;
use crate::product::service::{Doing, Files, Look, Service};
use crate::product::shelf::{Shelf, Stored};
use crate::refusal::Refusal;
use crate::run::steps::workloads_are_ready;
use crate::run::{Halt, Run};
use crate::steps::{Object, Planned, injected};
use crate::topology::{Missing, Pod, Role, Topology, is_lasting};
use crate::verify::Verify;

use bucket::Task;

/// HopsFS.
pub struct HopsFs;

/// HopsFS's name nodes.
pub const NAME_NODE: Role = Role { name: "nameNode", rank: 30, group: "HopsFS", stops: Some(2), holds_data: false };
/// HopsFS's data nodes.
pub const DATA_NODE: Role =
    Role { name: "hopsfsDataNode", rank: 31, group: "HopsFS", stops: Some(2), holds_data: false };

/// The contract name of the Job that restores the bucket.
pub const MARKER: &str = "hopsfs-inplace-restore";

impl Service for HopsFs {
    fn name(&self) -> &'static str {
        "hopsfs"
    }

    fn title(&self) -> &'static str {
        "HopsFS"
    }

    fn roles(&self) -> &'static [Role] {
        &[NAME_NODE, DATA_NODE]
    }

    fn role(&self, kind: &str, pod: &Pod) -> Option<Role> {
        match is_lasting(kind) {
            true if pod.has("namenode") => Some(NAME_NODE),
            true if pod.has("datanode") => Some(DATA_NODE),
            _ => None,
        }
    }

    fn clean_up(&self) -> Option<&'static str> {
        Some(
            "keeps its blocks as old versions in its bucket, which lifecycle rules delete by their age (NoncurrentVersionExpiration). Only \
             Object Lock exempts single versions, where the bucket was created with it. To see the rules, and to lengthen hwdr's own:\n\
             helm hwdr s3 lifecycle -f values.yaml --ttl 400d --apply",
        )
    }

    fn elsewhere(&self) -> Option<&'static str> {
        Some(
            "HopsFS is backed up by the old versions in its bucket. To check the bucket:\nhelm hwdr s3 check -f values.yaml",
        )
    }

    fn stored<'r>(&'r self, shelf: &'r Shelf<'r>) -> Doing<'r, Stored> {
        Box::pin(stored::read(shelf))
    }

    fn verifier(&self) -> Option<Box<dyn Verify>> {
        Some(Box::new(verify::Check::default()))
    }

    fn templates(&self) -> Files {
        &[
            ("hopsfs-access.yaml", include_str!("templates/hopsfs-access.yaml")),
            ("hopsfs-here.yaml", include_str!("templates/hopsfs-here.yaml")),
            ("hopsfs-worker.yaml", include_str!("templates/hopsfs-worker.yaml")),
            ("hopsfs.yaml", include_str!("templates/hopsfs.yaml")),
            ("pieces/bucket-env.yaml", include_str!("templates/pieces/bucket-env.yaml")),
            ("pieces/hopsfs-env.yaml", include_str!("templates/pieces/hopsfs-env.yaml")),
            ("pieces/hopsfs-look.yaml", include_str!("templates/pieces/hopsfs-look.yaml")),
            ("pieces/hopsfs-worker-look.yaml", include_str!("templates/pieces/hopsfs-worker-look.yaml")),
            ("pieces/worker-env.yaml", include_str!("templates/pieces/worker-env.yaml")),
        ]
    }

    fn scripts(&self) -> Files {
        &[("hopsfs.sh", include_str!("templates/hopsfs.sh"))]
    }

    fn look(&self, object: &Object) -> Option<Look> {
        let (template, script) = match object.template {
            "hopsfs.yaml" => ("pieces/hopsfs-look.yaml", Some(("hopsfs.sh", "look"))),
            // hwdr's own image has no script.
            "hopsfs-worker.yaml" => ("pieces/hopsfs-worker-look.yaml", None),
            _ => return None,
        };
        Some(Look { template, script, volumes: Vec::new() })
    }

    fn advice(&self, problem: &str) -> Option<String> {
        let is_old = problem.contains("argument '--check'");
        is_old.then(|| "the image in hwdr.hopsfs.image is of an older hwdr: run make image, and push it".to_owned())
    }

    fn needs_all_pods(&self, job: &Json) -> bool {
        Task::of_job(job).is_ok()
    }

    fn do_locally<'r>(&self, run: &'r mut Run, job: &'r str) -> Doing<'r, Result<(), Halt>> {
        Box::pin(local::rewind(run, job))
    }

    fn rest(&self, job: &mut Json) {
        local::rest(job);
    }

    /// Reads some files as soon as HopsFS is ready: an application that waits for a missing file never says so.
    fn verify<'r>(&self, run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async move {
            workloads_are_ready(run, HopsFs.title(), HopsFs.roles()).await?;
            sample::read(run).await
        })
    }

    fn undo<'r>(&self, run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(undo::bucket(run))
    }
}

impl Part for HopsFs {
    fn plan(&self, input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
        plan::plan(input, before)
    }

    fn missing(&self, _: &Topology, facts: &Facts) -> Vec<Missing> {
        let missing = Missing::new(
            "keys of the object storage in the backup CronJob: restore Jobs rely on the role of its service account",
            "set global._hopsworks.managedObjectStorage.s3.secret, unless the account has such a role",
        );
        facts.storage.own.credentials.is_empty().then_some(missing).into_iter().collect()
    }

    fn warnings(&self, input: &Input, steps: &[Planned]) -> Vec<String> {
        let job = injected(steps, self.name()).and_then(|step| step.last_job.as_ref());
        let Some(job) = job.filter(|_| input.restore.hopsfs == By::Here) else { return Vec::new() };
        vec![format!(
            "HopsFS waits until helm hwdr has brought its bucket back from this machine (behind plain helm nobody does: docs/s3.md), \
             and then lets Job {job} run"
        )]
    }
}
