//! What a service is to those who know none: how it is seen in a rendered stream, what its objects are rendered from, and what it does while a
//! run goes on. All but the name is optional.

use std::future::Future;
use std::pin::Pin;

use serde_json::Value as Json;

use crate::run::{Halt, Run};
use crate::steps::Object;
use crate::topology::{Pod, Role};

/// Work that takes time.
pub type Doing<'r, T> = Pin<Box<dyn Future<Output = T> + 'r>>;

/// Files by name, built into the program.
pub type Files = &'static [(&'static str, &'static str)];

/// A part of a product that holds data.
pub trait Service: Sync {
    /// One word, stable: that of its steps.
    fn name(&self) -> &'static str;

    /// Its name, for people.
    fn title(&self) -> &'static str;

    /// What its workloads are.
    fn roles(&self) -> &'static [Role] {
        &[]
    }

    /// What pods are to it, which a workload of that kind runs; none where they are not its own.
    fn role(&self, _kind: &str, _pod: &Pod) -> Option<Role> {
        None
    }

    /// Words by which it knows a ConfigMap that it has to look at: no other is parsed.
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

    /// How a Job looks, before anything is stopped, at the backup that `object` will restore.
    fn look(&self, _object: &Object) -> Option<Look> {
        None
    }

    /// What to do about something that such a Job said.
    fn advice(&self, _problem: &str) -> Option<String> {
        None
    }

    /// Whether the pods of a Job wait for each other, so that those which run are no sign that the others will.
    fn needs_all_pods(&self, _job: &Json) -> bool {
        false
    }

    /// Which roles may have to start again on empty volumes, before a Job that failed can be made again.
    fn may_be_emptied(&self) -> &'static [Role] {
        &[]
    }

    /// Whether they have to, for this Job.
    fn has_to_be_emptied(&self, _failed: &Json) -> bool {
        false
    }

    /// Says more about the failure of a Job, where that can be found out.
    fn explain<'r>(&self, _run: &'r Run, _failed: &'r Json, halt: Halt) -> Doing<'r, Halt> {
        Box::pin(async { halt })
    }

    /// Does from this machine what the Job of this name stands for, if it is such a Job, and lets it end.
    fn do_locally<'r>(&self, _run: &'r mut Run, _job: &'r str) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async { Ok(()) })
    }

    /// Has a Job that stands for work of this machine wait for it again; any other stays as it is.
    fn rest(&self, _job: &mut Json) {}

    /// Looks whether what was restored can be used.
    fn verify<'r>(&self, _run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async { Ok(()) })
    }

    /// Takes back what a restore did outside of volumes and Kubernetes objects.
    fn undo<'r>(&self, _run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(async { Ok(()) })
    }
}

/// How a backup is looked at: a container of a Job.
pub struct Look {
    /// Its template.
    pub template: &'static str,
    /// The script that restores, and what that is asked instead; none where the template says what is run.
    pub script: Option<(&'static str, &'static str)>,
    /// The volumes that it wants.
    pub volumes: Vec<Json>,
}
