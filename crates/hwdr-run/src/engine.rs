//! Runs the steps.

use std::future::Future;
use std::pin::Pin;

use hwdr_values::shown::kept;
use jiff::Timestamp;

use crate::{Cause, Halt, Phase, Record, Store};

/// What the steps of a run act on. The engine uses its record, the record's store, and its display; everything else belongs to the steps.
pub trait Context: Sized {
    /// Where the record is kept.
    type Store: Store;
    /// What people see.
    type Show: Show;

    /// What the engine uses.
    fn parts(&mut self) -> Parts<'_, Self::Store, Self::Show>;

    /// The commands that resume or undo the run.
    fn way_on(&self) -> WayOn;

    /// Records what happened to a step, for later readers. If that fails, the run continues.
    fn note(&self, happened: &str, what: &str) -> impl Future<Output = ()>;

    /// Writes the record.
    ///
    /// # Errors
    /// If that fails: then nothing may be changed.
    fn save(&mut self) -> impl Future<Output = Result<(), Halt>> {
        async {
            let Parts { record, store, .. } = self.parts();
            store.save(record).await
        }
    }

    /// Shows what was found, and keeps it for the report.
    fn finding(&mut self, text: &str) {
        let parts = self.parts();
        parts.show.note(text);
        parts.record.keep(text);
    }

    /// Shows what could not be determined, or was skipped, and keeps it for the report.
    fn doubt(&mut self, text: &str) {
        let parts = self.parts();
        parts.show.warn(text);
        parts.record.keep(text);
    }
}

/// What the engine uses of a context.
#[derive(Debug)]
pub struct Parts<'r, S: Store, W> {
    /// The run's record.
    pub record: &'r mut S::Record,
    /// Where the record is kept.
    pub store: &'r mut S,
    /// What people see.
    pub show: &'r mut W,
}

/// The commands that continue a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WayOn {
    /// Resumes it.
    pub resume: String,
    /// Undoes it, where it can be undone.
    pub undo: Option<String>,
}

/// What people see of a run.
pub trait Show {
    /// A step begins: the `number`th of `all`.
    fn begin(&mut self, number: usize, all: usize, name: &str, does: &str);
    /// A step is done.
    fn end(&mut self, name: &str, began: Timestamp);
    /// Something to know.
    fn note(&mut self, text: &str);
    /// Something that the operator must know, though the run continues.
    fn warn(&mut self, text: &str);
    /// Nothing is moving any more.
    fn rest(&mut self);
}

/// What a step does. It is idempotent: it may have been interrupted anywhere before.
pub type Act<C> = for<'r> fn(&'r mut C) -> Pin<Box<dyn Future<Output = Result<(), Halt>> + 'r>>;

/// A step of a run.
#[derive(Debug)]
pub struct Step<C> {
    /// One word, stable: it is in the record.
    pub name: &'static str,
    /// What it does, for people.
    pub does: &'static str,
    /// Does it.
    pub act: Act<C>,
}

impl<C> Clone for Step<C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<C> Copy for Step<C> {}

/// The phases of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The phase during the run.
    pub during: Phase,
    /// The phase after the last step.
    pub after: Phase,
}

/// Everything is restored.
pub const RESTORE: Goal = Goal { during: Phase::Running, after: Phase::Restored };
/// Everything is as it was before the run.
pub const UNDO: Goal = Goal { during: Phase::Undoing, after: Phase::Undone };

/// Does all steps that are not done, in order. If `stop` ends, the run stops between two awaits, wherever that is.
///
/// # Errors
/// If a step fails, or `stop` has ended: the record then says why. After the lock is lost, nothing is written any more.
pub async fn go<C: Context>(
    run: &mut C,
    steps: &[Step<C>],
    goal: Goal,
    stop: impl Future<Output = ()>,
) -> Result<(), Halt> {
    let result = tokio::select! {
        biased;
        () = stop => Err(Halt { cause: Cause::Wish, ..Halt::new("interrupted") }),
        result = forward(run, steps, goal) => result,
    };
    run.parts().show.rest();
    let Err(mut halt) = result else { return Ok(()) };
    if halt.cause == Cause::Lost {
        return Err(halt);
    }
    // Pods' logs and other foreign text may hold secrets: only the first line is recorded.
    let first_line = kept(&halt.problem);
    let entries = run.parts().record.entries();
    if matches!(halt.cause, Cause::Problem | Cause::Unread) && goal.during == Phase::Running {
        *entries.phase = Phase::Failed;
    }
    *entries.why = Some(first_line.clone());
    run.save().await?;
    run.note("stops", &first_line).await;
    let WayOn { resume, undo } = run.way_on();
    let fix = if halt.cause == Cause::Wish { "" } else { "fix the cause, then " };
    halt.help.push(format!("{fix}resume:\n{resume}"));
    if let (Phase::Running, Some(undo)) = (goal.during, undo) {
        halt.help.push(format!("or undo it:\n{undo}"));
    }
    Err(halt)
}

async fn forward<C: Context>(run: &mut C, steps: &[Step<C>], goal: Goal) -> Result<(), Halt> {
    let entries = run.parts().record.entries();
    *entries.phase = goal.during;
    *entries.why = None;
    run.save().await?;
    for (number, step) in (1..).zip(steps) {
        if run.parts().record.is_done(step.name) {
            continue;
        }
        let began = Timestamp::now();
        run.parts().record.begin(step.name, began);
        run.save().await?;
        run.parts().show.begin(number, steps.len(), step.name, step.does);
        run.note("begins", step.name).await;
        (step.act)(run).await?;
        run.parts().record.end(step.name, Timestamp::now());
        run.save().await?;
        run.parts().show.end(step.name, began);
        run.note("is done", step.name).await;
    }
    let entries = run.parts().record.entries();
    *entries.phase = goal.after;
    *entries.ended = Some(Timestamp::now());
    run.save().await
}
