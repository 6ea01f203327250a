//! A sign of life: calls under a lock that needs renewal wait until it was renewed.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// When a lock was last renewed, by two clocks: one stops while the machine sleeps, and the other can be set.
#[derive(Debug, Clone)]
pub struct Pulse {
    last: Arc<Mutex<(Instant, SystemTime)>>,
    holds: Duration,
}

impl Pulse {
    /// A lock that was taken at `since`, and is valid for as long as it `holds`.
    pub fn new(since: Beat, holds: Duration) -> Self {
        Self { last: Arc::new(Mutex::new((since.0, since.1))), holds }
    }

    /// It was renewed by a call that began at `since`.
    pub fn beat(&self, since: Beat) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = (since.0, since.1);
    }

    /// Whether it is still valid.
    pub fn is_fresh(&self) -> bool {
        let (at, wall) = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        at.elapsed() < self.holds && wall.elapsed().is_ok_and(|age| age < self.holds)
    }
}

/// A moment.
#[derive(Debug, Clone, Copy)]
pub struct Beat(Instant, SystemTime);

impl Beat {
    /// This one.
    pub fn now() -> Self {
        Self(Instant::now(), SystemTime::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_believed_in_until_either_clock_says_no() {
        let (now, hour) = (Beat::now(), Duration::from_secs(3600));
        let pulse = Pulse::new(now, Duration::from_secs(10));
        assert!(pulse.is_fresh());
        // The machine has slept; its clock was set back.
        pulse.beat(Beat(now.0, now.1 - hour));
        assert!(!pulse.is_fresh());
        pulse.beat(Beat(now.0, now.1 + hour));
        assert!(!pulse.is_fresh());
        pulse.beat(now);
        assert!(pulse.is_fresh());
        assert!(!Pulse::new(now, Duration::ZERO).is_fresh());
    }
}
