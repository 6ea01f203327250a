//! A service as generic code sees it: how it is recognized in a rendered stream, what its objects are rendered from, and what it does during
//! a run. All but its names is optional.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value as Json;

use crate::backups::{Seen, Series};
use crate::cluster::Cluster;
use crate::doctor::Call;
use crate::product::shelf::{Shelf, Stored};
use crate::run::{Halt, Run};
use crate::steps::Object;
use crate::topology::{Pod, Role};
use crate::verify::Verify;

/// Work that takes time.
pub type Doing<'r, T> = Pin<Box<dyn Future<Output = T> + 'r>>;

/// Files by name, built into the program.
pub type Files = &'static [(&'static str, &'static str)];

/// A part of a product that holds data.
pub trait Service: Sync {
    /// One word, stable: also the name of its steps.
    fn name(&self) -> &'static str;

    /// Its name, for people.
    fn title(&self) -> &'static str;

    /// The roles of its workloads.
    fn roles(&self) -> &'static [Role] {
        &[]
    }

    /// The role of pods that a workload of this kind runs; none if they are not its own.
    fn role(&self, _kind: &str, _pod: &Pod) -> Option<Role> {
        None
    }

    /// Words that mark a ConfigMap which it must read: no other is parsed.
    fn hints(&self) -> &'static [&'static str] {
        &[]
    }

    /// The templates of its objects, and of pieces of them.
    fn templates(&self) -> Files {
        &[]
    }

    /// The scripts that its objects run.
    fn scripts(&self) -> Files {
        &[]
    }

    /// How a Job checks the backup that `object` will restore, before anything is stopped.
    fn look(&self, _object: &Object) -> Option<Look> {
        None
    }

    /// What to do about a problem that such a Job reports.
    fn advice(&self, _problem: &str) -> Option<String> {
        None
    }

    /// Whether the pods of a Job wait for each other: then some that run do not show that the others will.
    fn needs_all_pods(&self, _job: &Json) -> bool {
        false
    }

    /// Roles that may have to restart on empty volumes before a failed Job can be recreated.
    fn may_be_emptied(&self) -> &'static [Role] {
        &[]
    }

    /// Whether they have to, for this Job.
    fn has_to_be_emptied(&self, _failed: &Json) -> bool {
        false
    }

    /// Which servers the pods of its Jobs call.
    fn calls(&self) -> &'static [Call] {
        &[]
    }

    /// The backups of its data that the cluster knows; none if it has no backups of its own.
    fn backups(&self, _seen: &Seen) -> Vec<Series> {
        Vec::new()
    }

    /// The backups of its data that are in the bucket, for when there is no cluster to ask. What it cannot read, it says in the series.
    fn stored<'r>(&'r self, _shelf: &'r Shelf<'r>) -> Doing<'r, Stored> {
        Box::pin(async { Stored::default() })
    }

    /// What deletes its old backups, where hwdr cannot spare one of them; in a sentence that begins with the service.
    fn clean_up(&self) -> Option<&'static str> {
        None
    }

    /// What checks whether its part of a backup can be restored.
    fn verifier(&self) -> Option<Box<dyn Verify>> {
        None
    }

    /// Where to look for backups that the cluster does not know.
    fn elsewhere(&self) -> Option<&'static str> {
        None
    }

    /// Adds details to the failure of a Job, if there are any.
    fn explain<'r>(&self, _run: &'r Run, _failed: &'r Json, halt: Halt) -> Doing<'r, Halt> {
        Box::pin(async { halt })
    }

    /// If the Job of this name stands for work of this machine, does that work and lets the Job end.
    fn do_locally<'r>(&self, _run: &'r mut Run, _job: &'r str) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async { Ok(()) })
    }

    /// Suspends a Job that stands for work of this machine; leaves any other alone.
    fn rest(&self, _job: &mut Json) {}

    /// Checks whether what was restored can be used.
    fn verify<'r>(&self, _run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async { Ok(()) })
    }

    /// What its own backups wait for, if the product itself says that a restore is under way: a mark that it sets, and takes away at the end.
    fn fence<'r>(&self, _cluster: &'r Cluster) -> Doing<'r, Result<Option<String>, Halt>> {
        Box::pin(async { Ok(None) })
    }

    /// Sets that mark to what it was before the run (`is_undone`), or takes it away: then its data are restored and verified.
    fn lift<'r>(&self, _run: &'r mut Run, _is_undone: bool) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async { Ok(()) })
    }

    /// Undoes what a restore did outside volumes and Kubernetes objects.
    fn undo<'r>(&self, _run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async { Ok(()) })
    }
}

/// How a backup is checked: a container of a Job.
pub struct Look {
    /// Its template.
    pub template: &'static str,
    /// The script that restores, and its argument for a check; none if the template says what to run.
    pub script: Option<(&'static str, &'static str)>,
    /// The volumes that it needs.
    pub volumes: Vec<Json>,
}
