//! Why a request is refused, and what to do about it.

use std::error::Error as StdError;

use thiserror::Error;

use crate::source::Place;

/// A reason, and the fixes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}")]
pub struct Refusal {
    /// What is wrong: the object, what was expected, what is there.
    pub problem: String,
    /// Where it was written, if a person has written it.
    pub place: Option<Place>,
    /// What to do about it; commands are on separate lines.
    pub help: Vec<String>,
}

impl Refusal {
    /// Something is wrong.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into(), place: None, help: Vec::new() }
    }

    /// Adds where it was written.
    pub fn at(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    /// Adds something to do about it.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }
}

/// An error with all its causes: the outermost text alone says nothing (`ServiceError`, `dispatch failure`).
pub fn with_causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
