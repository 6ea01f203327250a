//! How fast a mirror is, and how long it will take.

use std::time::Duration;

use super::Comparison;

/// How fast a mirror is, from two looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Records that arrive at the target in a second, in partitions that both looks have.
    pub copied: f64,
    /// Records that come to the source in a second.
    pub produced: f64,
    /// Records that are missing.
    pub missing: u64,
}

impl Pace {
    /// The pace between two looks; none if no time passed.
    pub fn between(earlier: &Comparison, later: &Comparison, passed: Duration) -> Option<Self> {
        let seconds = passed.as_secs_f64();
        if seconds <= 0.0 {
            return None;
        }
        // A partition that only one look has would seem to have come at once.
        let rate = |one: fn(&super::Compared) -> i64| {
            let differences = later.pairs(earlier).map(|(now, then)| one(now).saturating_sub(one(then)));
            let difference = differences.fold(0_i64, i64::saturating_add).max(0);
            #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
            let difference = difference as f64;
            difference / seconds
        };
        Some(Self { copied: rate(|at| at.target.end), produced: rate(|at| at.source.end), missing: later.missing() })
    }

    /// How long until nothing is missing; none if the mirror does not get closer.
    pub fn left(&self) -> Option<Duration> {
        #[expect(clippy::cast_precision_loss, reason = "a time for people")]
        let missing = self.missing as f64;
        if missing == 0.0 {
            return Some(Duration::ZERO);
        }
        Duration::try_from_secs_f64(missing / (self.copied - self.produced))
            .ok()
            .filter(|_| self.copied > self.produced)
    }
}
