//! A service without backups of its own: its data can be brought back to any time, as long as its bucket keeps what is deleted.

use jiff::{SignedDuration, Timestamp};

use super::fault::Reading;

/// How far back the data of a service can be brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewind {
    /// The service's name.
    pub service: &'static str,
    /// Its name in a sentence.
    pub called: &'static str,
    /// How long what is deleted is kept; none if for ever.
    pub kept: Reading<Option<SignedDuration>>,
}

impl Rewind {
    /// Until when data can be brought back to `time`; none if for ever, or not known.
    pub fn until(&self, time: Timestamp) -> Option<Timestamp> {
        time.checked_add(self.kept.as_ref().ok()?.as_ref().copied()?).ok()
    }
}
