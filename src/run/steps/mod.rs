//! The steps of a run, one file each. Each is idempotent: before it changes anything, it checks what is there, and notes it in the state.

mod applied;
mod autoscalers;
mod created;
mod empty;
mod helm;
pub mod job;
mod objects;
mod once;
mod ours;
mod parts;
mod pause_backups;
mod pods;
mod quiesce;
mod save_objects;
pub mod scripts;
mod undo;
mod verify;
mod volumes;

use std::time::Duration;

use serde_json::Value as Json;

use super::{Act, Halt, Run, Step};
use crate::cluster::{Cluster, Kind};
use crate::product::Product;
use crate::topology::{Role, Workload};

pub use autoscalers::found as autoscalers_of;
pub use helm::{plan_is_comparable, upgrade};
pub use objects::restore as restore_objects;
pub use ours::{is_foreign, is_of, must_be_of, release_of};
pub use parts::{fresh, job_is_complete, make};
pub use pause_backups::{found as found_at_work, is_of_namespace, keep_paused, pause};
pub use pods::{is_ready, pods_of, ready_pod};
pub use verify::{ready, restored, workloads_are_ready};
pub use volumes::{all_there, give_up, is_claim, of as volumes_of, prefixes_of};

/// How long pods may take to end, or to become ready.
pub const PODS: Duration = Duration::from_secs(30 * 60);
/// How long an object may take to go.
const GONE: Duration = Duration::from_secs(5 * 60);
/// How long a part of the restore may take, beyond the limits of its own Jobs.
const PART: Duration = Duration::from_secs(8 * 24 * 3600);

impl Run {
    /// The product that is restored.
    pub fn product(&self) -> &'static dyn Product {
        self.state.product()
    }
}

/// The StatefulSets and Deployments of a release as they are now, and their roles.
///
/// # Errors
/// If they cannot be listed.
pub async fn workloads_of(
    product: &dyn Product,
    cluster: &Cluster,
    release: &str,
) -> Result<Vec<(Kind, Json, Role)>, Halt> {
    let mut found = Vec::new();
    for kind in [Kind::STATEFUL_SET, Kind::DEPLOYMENT] {
        for object in
            cluster.list(kind, None, "").await?.into_iter().filter(|object| is_of(object, release, &cluster.namespace))
        {
            let role = Workload::of(product, 0, kind.kind, &object).map_or(Role::APPLICATION, |workload| workload.role);
            found.push((kind, object, role));
        }
    }
    Ok(found)
}

/// A step of a run.
pub const fn step(name: &'static str, does: &'static str, act: Act) -> Step {
    Step { name, does, act }
}

const FENCE: Step = step("fence", "pauses backups, so that none contains half-restored data", |run| {
    Box::pin(pause_backups::pause(run))
});
/// Stops what the plan names.
pub const QUIESCE: Step = step("quiesce", "stops everything that writes", |run| Box::pin(quiesce::stop(run)));
/// The last step of a restore in place.
pub const UNFENCE: Step = step("unfence", "resumes backups", |run| Box::pin(pause_backups::lift(run, false)));

/// The first step of a restore into a new cluster.
pub const STORAGE: Step =
    step("storage", "creates the storage location of the backups, or checks that it is available", |run| {
        Box::pin(objects::location(run))
    });
/// The last step of a restore into a new cluster.
pub const OPEN: Step = step("unfence", "resumes backups", |run| Box::pin(objects::open(run)));

/// A restore in place.
pub const UPGRADE: &[Step] = &[
    FENCE,
    step("save-objects", "backs up the Kubernetes objects that Velero may overwrite", |run| {
        Box::pin(save_objects::act(run))
    }),
    step("keep-volumes", "makes the volumes outlive their claims", |run| Box::pin(volumes::keep(run))),
    QUIESCE,
    step("set-aside", "sets the old volumes aside", |run| Box::pin(volumes::set_aside(run))),
    step("helm", "upgrades the release: new volumes, and the Jobs that restore", |run| Box::pin(helm::upgrade(run))),
    step("parts", "waits for each part of the restore", |run| Box::pin(parts::wait(run))),
    step("verify", "reads some of what was restored, and waits until everything is ready", |run| {
        Box::pin(verify::restored(run))
    }),
    UNFENCE,
];

/// A restore into a new cluster.
pub const INSTALL: &[Step] = &[
    STORAGE,
    step("objects", "restores the Kubernetes objects, before helm creates its own", |run| {
        Box::pin(objects::restore(run))
    }),
    step("helm", "installs the release, with the Jobs that restore", |run| Box::pin(helm::install(run))),
    FENCE,
    step("parts", "waits for each part of the restore", |run| Box::pin(parts::wait(run))),
    step("verify", "reads some of what was restored, and waits until everything is ready", |run| {
        Box::pin(verify::restored(run))
    }),
    OPEN,
];

/// Undoes a restore in place.
pub const UNDO: &[Step] = &[
    step("undo-stop", "stops the restore, and everything that writes", |run| Box::pin(undo::stop(run))),
    step("undo-bucket", "brings back what was deleted from the bucket since", |run| Box::pin(undo::bucket(run))),
    step("undo-parts", "ends the restore's Jobs", |run| Box::pin(undo::parts(run))),
    step("undo-volumes", "gives the old volumes back", |run| Box::pin(volumes::give_back(run))),
    step("undo-objects", "brings back the Kubernetes objects as they were", |run| {
        Box::pin(save_objects::give_back(run))
    }),
    step("undo-helm", "rolls the release back", |run| Box::pin(undo::rollback(run))),
    step("undo-start", "starts everything again, and waits until it is ready", |run| Box::pin(undo::start(run))),
    step("undo-policies", "resets the volumes' reclaim policies", |run| Box::pin(volumes::settle(run))),
    step("undo-markers", "deletes the restore's markers", |run| Box::pin(undo::markers(run))),
    step("undo-fence", "resumes backups", |run| Box::pin(pause_backups::lift(run, true))),
];
