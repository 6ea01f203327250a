//! Why a run stops.

use std::error::Error;
use std::fmt;

use hwdr_values::refusal::Refusal;

/// Why a run stops, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Halt {
    /// What is wrong.
    pub problem: String,
    /// What to do about it.
    pub help: Vec<String>,
    /// Why it stopped.
    pub cause: Cause,
}

/// Why a run stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Something is wrong.
    Problem,
    /// Something could not be read, so nobody knows whether anything is wrong.
    Unread,
    /// The operator stopped the run: nothing is wrong.
    Wish,
    /// The lock is lost: the record belongs to another process, and must not be written.
    Lost,
}

impl Halt {
    /// Something is wrong.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), help: Vec::new(), cause: Cause::Problem }
    }

    /// The lock is lost.
    pub fn lost(problem: impl Into<String>) -> Self {
        Self { cause: Cause::Lost, ..Self::new(problem) }
    }

    /// Adds something to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

impl fmt::Display for Halt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl Error for Halt {}

impl From<Refusal> for Halt {
    fn from(refusal: Refusal) -> Self {
        refusal.help.into_iter().fold(Self::new(refusal.problem), Self::help)
    }
}
