//! A run against a cluster: what its steps act on and share. The engine that does the steps is the crate `hwdr-run`; here are its store
//! (a Secret), its lock (a Lease) and its display.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "JSON gives null for a missing key, objects of the API server are maps, and digits are counted before"
)]

pub mod audit;
mod lease;
pub mod preflight;
pub mod show;
pub mod state;
pub mod steps;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use hwdr_run::{Goal, Parts, WayOn, interrupted};
use jiff::Timestamp;

pub use hwdr_run::{Cause, Context, Halt, Lock, RESTORE, Record, Store, UNDO};
pub use lease::{Lease, Onlooker};

use crate::cluster::{Cluster, ClusterError, Objects, Selection, WaitError, WaitState};
use crate::helm::run::{Helm, HelmError};
use crate::leave;
use crate::mode::Mode;
use crate::product::Barrier;
use crate::refusal::Refusal;
use crate::velero::{Holes, Location};
use show::Show;
use state::{SecretStore, State};

/// A step of a run.
pub type Step = hwdr_run::Step<Run>;

/// What a step does.
type Act = hwdr_run::Act<Run>;

impl From<ClusterError> for Halt {
    fn from(error: ClusterError) -> Self {
        Self { cause: Cause::Unread, ..Refusal::from(error).into() }
    }
}

impl From<HelmError> for Halt {
    fn from(error: HelmError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<WaitError> for Halt {
    fn from(error: WaitError) -> Self {
        Self::new(error.to_string())
    }
}

/// A run in progress.
pub struct Run {
    /// The cluster.
    pub cluster: Cluster,
    /// Its state.
    pub state: State,
    /// Helm and its arguments, of which there are none once it has run.
    pub helm: Helm,
    /// What people see.
    pub show: Show,
    /// Where Velero's backups are, if this run was told. Never saved: it may hold credentials.
    pub location: Option<Location>,
    /// How the chart holds workloads at zero, if helm has to be told.
    pub barrier: Option<&'static Barrier>,
    /// The ConfigMap with Velero's changes to what it restores, if no workload is to have pods.
    pub hold: Option<String>,
    /// Asked when Velero could not restore every object.
    pub accepts: fn(&Holes) -> bool,
    /// Whether to do without the restored files that an earlier stop named as unreadable.
    pub accepts_unread: bool,
    /// Whether something runs that must not be interrupted: a request to stop waits for its end.
    pub is_busy: Arc<AtomicBool>,
    /// When the run began, by the API server's clock.
    pub since: Timestamp,
    store: SecretStore,
}

impl Context for Run {
    type Store = SecretStore;
    type Show = Show;

    fn parts(&mut self) -> Parts<'_, SecretStore, Show> {
        Parts { record: &mut self.state, store: &mut self.store, show: &mut self.show }
    }

    fn way_on(&self) -> WayOn {
        WayOn { resume: self.resume(), undo: (self.state.mode == Mode::Upgrade).then(|| self.undo()) }
    }

    async fn note(&self, happened: &str, what: &str) {
        audit::note(&self.cluster, &self.state, happened, what).await;
    }
}

impl Run {
    /// A run of the state in `store`, which is moved to a Secret.
    ///
    /// # Errors
    /// If the state cannot be read, or moved from an older hwdr's ConfigMap.
    pub async fn new(cluster: Cluster, store: SecretStore, helm: Helm, show: Show) -> Result<Self, Halt> {
        let store = store.into_secret().await?;
        Ok(Self {
            cluster,
            state: store.load()?,
            helm,
            show,
            location: None,
            barrier: None,
            hold: None,
            accepts: |_| false,
            accepts_unread: false,
            is_busy: Arc::default(),
            since: store.since(),
            store,
        })
    }

    /// Does all remaining steps, in order.
    ///
    /// # Errors
    /// If one fails, or the operator stops the run. The state says so, too.
    pub async fn go(&mut self, steps: &[Step], goal: Goal) -> Result<(), Halt> {
        let is_busy = self.is_busy.clone();
        // However this process ends from now on, it says how to continue.
        let _way_on = leave::way_on(&self.resume());
        let _listens = leave::run_listens();
        hwdr_run::go(self, steps, goal, interrupted(&is_busy)).await
    }

    /// The command that resumes it.
    pub fn resume(&self) -> String {
        self.cluster.commands().resume(&self.state.release)
    }

    /// The command that undoes it.
    pub fn undo(&self) -> String {
        self.cluster.commands().undo(&self.state.release)
    }

    /// Waits, and shows the progress.
    ///
    /// # Errors
    /// *Never*, or the limit.
    pub async fn wait(
        &mut self,
        what: &str,
        selection: &Selection,
        limit: Duration,
        see: impl FnMut(&Objects) -> WaitState,
    ) -> Result<(), Halt> {
        let show = &mut self.show;
        Ok(self.cluster.wait(what, selection, limit, see, |seen| show.tell(&format!("{what}: {seen}"))).await?)
    }
}
