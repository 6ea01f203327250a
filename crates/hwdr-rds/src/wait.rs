//! Waiting, with a limit, through short outages.

use std::time::Duration;

use tokio::time::{Instant as Clock, sleep};

use crate::Error;

/// How a wait is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How long it may take in all.
    pub limit: Duration,
    /// The pause between two looks.
    pub every: Duration,
    /// For how long RDS may be out of reach meanwhile.
    pub patience: Duration,
}

impl Default for Wait {
    /// Two hours; a look every ten seconds.
    fn default() -> Self {
        Self { limit: Duration::from_secs(7_200), every: Duration::from_secs(10), patience: Duration::from_secs(300) }
    }
}

/// How far it is: told at each look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The instance or snapshot.
    pub what: String,
    /// Its status, in RDS's words.
    pub status: String,
    /// How far it is with what its status says, if RDS tells.
    pub percent: Option<u8>,
    /// What is waited for.
    pub doing: String,
    /// For how long.
    pub waited: Duration,
}

/// A wait under way.
pub(crate) struct Watch {
    wait: Wait,
    began: Clock,
    heard: Clock,
}

impl Watch {
    pub(crate) fn new(wait: &Wait) -> Self {
        let now = Clock::now();
        Self { wait: *wait, began: now, heard: now }
    }

    /// What was seen; `None` while RDS is out of reach for no longer than it may be.
    pub(crate) fn forgive<T>(&mut self, seen: Result<T, Error>) -> Result<Option<T>, Error> {
        match seen {
            Ok(seen) => {
                self.heard = Clock::now();
                Ok(Some(seen))
            }
            Err(error) if error.may_pass() && self.heard.elapsed() < self.wait.patience && !self.is_over() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn waited(&self) -> Duration {
        self.began.elapsed()
    }

    pub(crate) fn limit(&self) -> Duration {
        self.wait.limit
    }

    pub(crate) fn is_over(&self) -> bool {
        self.waited() >= self.wait.limit
    }

    pub(crate) async fn pause(&self) {
        sleep(self.wait.every.min(self.wait.limit.saturating_sub(self.waited()))).await;
    }
}
