//! The engine: does a run's steps one after the other, and writes down before and after each what it does, so that a run that is cut off
//! anywhere goes on with `resume`, or back with `undo`.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "JSON that is read by a key is null where there is none, objects of the API server are maps, and digits are counted before"
)]

pub mod audit;
mod hold;
pub mod preflight;
pub mod show;
pub mod state;
pub mod steps;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

pub use hold::{Hold, Onlooker};

use crate::cluster::{Cluster, ClusterError, Objects, Selection, Verdict, WaitError};
use crate::helm::run::{Helm, HelmError};
use crate::leave;
use crate::mode::Mode;
use crate::refusal::Refusal;
use crate::shown;
use crate::velero::{Holes, Location};
use show::Show;
use state::{Phase, State, Store};

/// Why a run stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub help: Vec<String>,
    /// What kind of a stop it is.
    pub cause: Cause,
}

/// What kind of a stop it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Something is wrong.
    Problem,
    /// The operator stopped it: nothing is wrong.
    Wish,
    /// The Lease is lost: the state is another's, and may not be written.
    Lost,
}

impl Halt {
    /// Something is wrong.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: Vec::new(), cause: Cause::Problem }
    }

    /// Adds something to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        Self { problem: refusal.problem, help: refusal.help, cause: Cause::Problem }
    }
}

impl From<ClusterError> for Halt {
    fn from(error: ClusterError) -> Self {
        Refusal::from(error).into()
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

/// A run that goes on.
pub struct Run {
    /// The cluster.
    pub cluster: Cluster,
    /// Where it is.
    pub state: State,
    /// Helm, and what it is given; none where it has been run already.
    pub helm: Helm,
    /// What people see.
    pub show: Show,
    /// Where Velero's backups lie, as far as this run was told; never written down, for it may hold credentials.
    pub location: Option<Location>,
    /// Asked where Velero could not bring every object back.
    pub accepts: fn(&Holes) -> bool,
    /// Whether files of HopsFS that could not be read, and were named by an earlier stop, can be done without.
    pub accepts_unread: bool,
    /// Whether something runs that should not be cut off: a wish to stop waits for its end.
    pub is_busy: Arc<AtomicBool>,
    /// Since when there is the run, by the API server's clock.
    pub since: Timestamp,
    store: Store,
}

/// How many findings are kept, how many characters of each, and how many bytes of all: the state has to fit into an object, whatever pods say
/// (`state::store`, `ROOM`), or it could not be written any more, and the run neither go on nor back.
const FINDINGS: usize = 200;
const LONGEST: usize = 1000;
const MOST: usize = 48 << 10;

/// What a step does: idempotent, for it may have been cut off anywhere.
pub type Act = for<'r> fn(&'r mut Run) -> Pin<Box<dyn Future<Output = Result<(), Halt>> + 'r>>;

/// A step of a run.
pub struct Step {
    /// One word, stable: it stands in the state.
    pub name: &'static str,
    /// What it does, for people.
    pub does: &'static str,
    /// Does it.
    pub act: Act,
}

/// How a run ends.
#[derive(Debug, Clone, Copy)]
pub struct Goal {
    /// The phase while it goes on.
    pub during: Phase,
    /// The phase when all is done.
    pub after: Phase,
}

/// Towards the restored cluster.
pub const RESTORE: Goal = Goal { during: Phase::Running, after: Phase::Restored };
/// Back to what was there before.
pub const UNDO: Goal = Goal { during: Phase::Undoing, after: Phase::Undone };

impl Run {
    /// A run of the state in `store`, which goes on in a Secret.
    ///
    /// # Errors
    /// Where the state cannot be read, or taken over from an older hwdr's ConfigMap.
    pub async fn new(cluster: Cluster, store: Store, helm: Helm, show: Show) -> Result<Self, Halt> {
        let store = store.into_secret().await?;
        Ok(Self {
            cluster,
            state: store.state()?,
            helm,
            show,
            location: None,
            accepts: |_| false,
            accepts_unread: false,
            is_busy: Arc::default(),
            since: store.since(),
            store,
        })
    }

    /// Does all steps that are not done, in order.
    ///
    /// # Errors
    /// Where one cannot be done, or the operator wants to stop: the state says so then, too.
    pub async fn go(&mut self, steps: &[Step], goal: Goal) -> Result<(), Halt> {
        let is_busy = self.is_busy.clone();
        // However this process ends from here on, the way on is told.
        let _way_on = leave::way_on(&self.state.release);
        let _listens = leave::run_listens();
        let going = async {
            self.state.phase = goal.during;
            self.state.why = None;
            self.save().await?;
            for (index, step) in steps.iter().enumerate() {
                if self.state.is_done(step.name) {
                    continue;
                }
                let began = Timestamp::now();
                self.state.begin(step.name, began);
                self.save().await?;
                self.show.begin(index + 1, steps.len(), step);
                audit::note(&self.cluster, &self.state, "begins", step.name).await;
                (step.act)(self).await?;
                self.state.end(step.name, Timestamp::now());
                self.save().await?;
                self.show.end(step, began);
                audit::note(&self.cluster, &self.state, "is done", step.name).await;
            }
            self.state.phase = goal.after;
            self.state.ended = Some(Timestamp::now());
            self.save().await
        };
        let result = tokio::select! {
            biased;
            () = interrupted(&is_busy) => Err(Halt { cause: Cause::Wish, ..Halt::new("interrupted") }),
            result = going => result,
        };
        self.show.rest();
        let Err(mut halt) = result else { return Ok(()) };
        if halt.cause == Cause::Lost {
            return Err(halt);
        }
        if halt.cause == Cause::Problem && goal.during == Phase::Running {
            self.state.phase = Phase::Failed;
        }
        // Logs of pods and helm's words may hold secrets: they are for the terminal alone.
        let first_line = shown::kept(&halt.problem);
        self.state.why = Some(first_line.clone());
        self.save().await?;
        audit::note(&self.cluster, &self.state, "stops", &first_line).await;
        let release = &self.state.release;
        let fix = if halt.cause == Cause::Wish { "" } else { "fix the cause, then " };
        halt.help.push(format!("{fix}resume: helm hwdr resume {release}"));
        if goal.during == Phase::Running && self.state.mode == Mode::Upgrade {
            halt.help.push(format!("or undo it: helm hwdr undo {release}"));
        }
        Err(halt)
    }

    /// Writes the state down.
    ///
    /// # Errors
    /// Where that fails: then nothing may be changed.
    pub async fn save(&mut self) -> Result<(), Halt> {
        self.store.save(&self.state).await
    }

    /// Says what was found to be restored, and keeps it for the report.
    pub fn finding(&mut self, text: &str) {
        self.show.note(text);
        self.keep(text);
    }

    /// The same of what could not be found out, or was done without.
    pub fn doubt(&mut self, text: &str) {
        self.show.warn(text);
        self.keep(text);
    }

    fn keep(&mut self, text: &str) {
        let text: String = shown::said(text).chars().take(LONGEST).collect();
        // A step that is done again finds it again.
        let findings = &mut self.state.findings;
        if self.state.phase == Phase::Running && has_room(findings, &text) {
            findings.push(text);
        }
    }

    /// Waits, and shows what is seen.
    ///
    /// # Errors
    /// *Never*, or the limit.
    pub async fn wait(
        &mut self,
        what: &str,
        selection: &Selection,
        limit: Duration,
        see: impl FnMut(&Objects) -> Verdict,
    ) -> Result<(), Halt> {
        let show = &mut self.show;
        Ok(self.cluster.wait(what, selection, limit, see, |seen| show.tell(&format!("{what}: {seen}"))).await?)
    }
}

/// Whether a finding is a new one, and there is room for it.
fn has_room(findings: &[String], text: &String) -> bool {
    let bytes = |text: &String| serde_json::Value::from(text.as_str()).to_string().len();
    let all = findings.iter().map(bytes).sum::<usize>().saturating_add(bytes(text));
    findings.len() < FINDINGS && all <= MOST && !findings.contains(text)
}

/// Ends when the operator presses Ctrl-C, and nothing runs that should not be cut off. A second time ends the process ([`leave`]): everything
/// that was begun is written down.
async fn interrupted(is_busy: &AtomicBool) {
    tokio::select! {
        () = signalled(SignalKind::interrupt()) => {}
        () = signalled(SignalKind::terminate()) => {}
        // The terminal is gone.
        () = signalled(SignalKind::hangup()) => {}
    }
    while is_busy.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn signalled(kind: SignalKind) {
    if leave::is_ignored(kind) {
        // As `nohup` has it: to listen would undo that.
        return std::future::pending().await;
    }
    match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        // It cannot be had: then none comes.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pods_say_leaves_room_for_the_state() {
        let mut findings = Vec::new();
        for number in 0..10_000 {
            // As long as one may be, of characters that take much room.
            let text = format!("{number}{}", "\u{1f600}".repeat(LONGEST - 5));
            if has_room(&findings, &text) {
                findings.push(text);
            }
        }
        assert!(findings.len() > 10 && serde_json::to_string(&findings).unwrap().len() < MOST + FINDINGS);
        assert!(!has_room(&["a".to_owned()], &"a".to_owned()) && has_room(&[], &"a".to_owned()));
        let many: Vec<_> = (0..FINDINGS).map(|number| number.to_string()).collect();
        assert!(!has_room(&many, &"a".to_owned()));
    }
}
