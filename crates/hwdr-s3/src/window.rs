//! The time to which a bucket is rewound.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A stretch of time. What was current at any moment in it becomes current; of several versions of one key the newest.
///
/// A point in time is a window of one moment. Version times have a resolution of one second, so a second counts whole: what was
/// put in the second `to` exists, and what was deleted in the second `from` does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// The state after this second, in seconds since 1970.
    pub from: i64,
    /// Up to the end of this second.
    pub to: i64,
}

/// How long a backup may take, if only the minute of its start is known. Its metadata shows the bucket at its *end*
/// (`START BACKUP … SNAPSHOTEND`). Blocks deleted within a day after the start are restored, too: extra blocks are harmless,
/// but a missing block means a lost file.
pub const LONGEST_BACKUP_SECONDS: i64 = 24 * 3600;

impl Window {
    /// The state at one moment (its whole second).
    pub fn at(time: Timestamp) -> Self {
        let second = time.as_nanosecond().div_euclid(1_000_000_000) as i64;
        Self { from: second, to: second }
    }

    /// The window of a backup that began at `begin` and ended at `end`. It includes the second before `begin`, so that what was
    /// deleted in the same second as `begin` exists.
    pub fn between(begin: Timestamp, end: Timestamp) -> Self {
        Self { from: Self::at(begin).from - 1, to: Self::at(end).to.max(Self::at(begin).to) }
    }

    /// The window of a backup of which only the start is known; `None` if it would end after the last representable time.
    pub fn of_backup(begin: Timestamp) -> Option<Self> {
        let end = Timestamp::from_second(begin.as_second().checked_add(LONGEST_BACKUP_SECONDS)?).ok()?;
        Some(Self::between(begin, end))
    }

    /// Whether it is one moment.
    pub(crate) fn is_point(self) -> bool {
        self.from == self.to
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_point() {
            return write!(f, "{}", shown(self.to));
        }
        write!(f, "any moment from {} to {}", shown(self.from.saturating_add(1)), shown(self.to))
    }
}

/// A time as people and machines read it: `2026-02-13T15:36:27Z`.
pub fn shown(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| format!("{second} s after 1970"), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_its_whole_second() {
        let window = Window::at("2026-02-13T15:36:27.9Z".parse().unwrap());
        assert_eq!(window, Window::at("2026-02-13T15:36:27Z".parse().unwrap()));
        assert_eq!(window.to_string(), "2026-02-13T15:36:27Z");
        assert_eq!(Window::at("1969-12-31T23:59:59.5Z".parse().unwrap()).to, -1);
    }

    #[test]
    fn a_backup_covers_the_day_from_its_begin_on() {
        let window = Window::of_backup("2025-11-24T12:00:00Z".parse().unwrap()).unwrap();
        assert_eq!(window.to_string(), "any moment from 2025-11-24T12:00:00Z to 2025-11-25T12:00:00Z");
        assert_eq!(Window::of_backup(Timestamp::MAX), None);
    }
}
