//! What the monitor shows: the metrics of the last look, and whether that is still true.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::shown::tell;

/// A look that is older is no longer believed in, whatever keeps the next one from coming.
const BELIEVED: Duration = Duration::from_secs(60);
/// What is served before the first look.
const NOTHING: &str = "# The cluster is not read yet.\n";

/// Written by who looks, read by who serves.
#[derive(Debug)]
pub(super) struct Board(Mutex<Shown>);

#[derive(Debug)]
struct Shown {
    metrics: String,
    looked: Option<Instant>,
    wrong: Option<String>,
}

impl Default for Board {
    fn default() -> Self {
        Self(Mutex::new(Shown { metrics: NOTHING.to_owned(), looked: None, wrong: None }))
    }
}

impl Board {
    /// The metrics of a look, and what is wrong all the same.
    pub(super) fn show(&self, metrics: String, wrong: Option<String>) {
        let mut shown = self.lock();
        shown.metrics = metrics;
        shown.looked = Some(Instant::now());
        shown.set_wrong(wrong);
    }

    /// The last look is no longer true.
    pub(super) fn stale(&self, why: String) {
        self.lock().set_wrong(Some(why));
    }

    /// The metrics of the last look.
    pub(super) fn metrics(&self) -> String {
        self.lock().metrics.clone()
    }

    /// Whether they are true.
    ///
    /// # Errors
    /// If not: why.
    pub(super) fn health(&self) -> Result<(), String> {
        let shown = self.lock();
        if let Some(wrong) = &shown.wrong {
            return Err(wrong.clone());
        }
        match shown.looked.map(|looked| looked.elapsed()) {
            None => Err("the cluster is not read yet".to_owned()),
            Some(age) if age > BELIEVED => Err(format!("the last look was {} s ago", age.as_secs())),
            Some(_) => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// Tells it, too, but only the first reason of several.
    fn set_wrong(&mut self, wrong: Option<String>) {
        match (&self.wrong, &wrong) {
            (None, Some(wrong)) => tell(&format!("hwdr: {wrong}")),
            (Some(_), None) => tell("hwdr: all is seen again"),
            _ => {}
        }
        self.wrong = wrong;
    }
}
