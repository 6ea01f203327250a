//! Does the steps.

use std::future::Future;
use std::pin::Pin;

use hwdr_values::shown::kept;
use jiff::Timestamp;

use crate::{Cause, Halt, Phase, Record, Store};

/// What the steps of a run act on. The engine uses its record, the store of that, and its display; all else is the steps' own.
pub trait Context: Sized {
    /// Where the record is kept.
    type Store: Store;
    /// What people see.
    type Show: Show;

    /// What the engine uses.
    fn parts(&mut self) -> Parts<'_, Self::Store, Self::Show>;

    /// The commands that go on with the run, or back.
    fn way_on(&self) -> WayOn;

    /// Notes what has happened to a step, for those who ask later. A run does not stop where that fails.
    fn note(&self, happened: &str, what: &str) -> impl Future<Output = ()>;

    /// Writes the record.
    ///
    /// # Errors
    /// Where that fails: then nothing may be changed.
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

    /// The same of what could not be found out, or was done without.
    fn doubt(&mut self, text: &str) {
        let parts = self.parts();
        parts.show.warn(text);
        parts.record.keep(text);
    }
}

/// What the engine uses of a context.
#[derive(Debug)]
pub struct Parts<'r, S: Store, W> {
    /// What the run has written down.
    pub record: &'r mut S::Record,
    /// Where that is kept.
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
    /// Something that the operator has to know, though the run goes on.
    fn warn(&mut self, text: &str);
    /// Nothing moves any more.
    fn rest(&mut self);
}

/// What a step does. It is idempotent: it may have been cut off anywhere before.
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

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// The phase while it goes on.
    pub during: Phase,
    /// The phase when all is done.
    pub after: Phase,
}

/// Everything is restored.
pub const RESTORE: Goal = Goal { during: Phase::Running, after: Phase::Restored };
/// Everything is as it was before.
pub const UNDO: Goal = Goal { during: Phase::Undoing, after: Phase::Undone };

/// Does all steps that are not done, in order. A run that is stopped by `stop` ends between two awaits, wherever that is.
///
/// # Errors
/// Where a step cannot be done, or `stop` has ended: the record then says why. Where the lock is lost, nothing is written any more.
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
    // Logs of pods and the words of others may hold secrets: all but their first line is for the terminal alone.
    let first_line = kept(&halt.problem);
    let entries = run.parts().record.entries();
    if halt.cause == Cause::Problem && goal.during == Phase::Running {
        *entries.phase = Phase::Failed;
    }
    *entries.why = Some(first_line.clone());
    run.save().await?;
    run.note("stops", &first_line).await;
    let WayOn { resume, undo } = run.way_on();
    let fix = if halt.cause == Cause::Wish { "" } else { "fix the cause, then " };
    halt.help.push(format!("{fix}resume: {resume}"));
    if let (Phase::Running, Some(undo)) = (goal.during, undo) {
        halt.help.push(format!("or undo it: {undo}"));
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
