//! All backups that a service has of one kind of its data, and what makes them.

use jiff::{SignedDuration, Timestamp};

use super::fault::{Fault, Reading};
use super::part::BackupPart;

/// The backups of one service; a service whose data is backed up in several goes has several of these.
#[derive(Debug, Clone)]
pub struct Series {
    /// The service's name.
    pub service: &'static str,
    /// Which of its backups, where it has more than one kind.
    pub part: Option<&'static str>,
    /// The heading of its column.
    pub title: &'static str,
    /// The same in a sentence.
    pub called: String,
    /// How its backups belong to a set.
    pub join: Join,
    /// Its backups.
    pub parts: Vec<BackupPart>,
    /// Why these are not all, or none.
    pub unread: Option<Fault>,
    /// What is recorded among them, and is none.
    pub odd: Option<Fault>,
    /// What makes them.
    pub makers: Reading<Vec<Maker>>,
    /// How new ones are turned on, where nothing makes them.
    pub turn_on: &'static str,
    /// What else is wrong with it.
    pub faults: Vec<Fault>,
}

/// How the backups of a series belong to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// Each is of one set alone: by its id, or by its time.
    Own,
    /// One serves each set that it is nearest to (`velero::choose`).
    Nearest,
}

/// What makes backups by a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// `CronJob/name`.
    pub object: String,
    /// The schedule, as it is written.
    pub schedule: String,
    /// Its time zone, where that is not UTC.
    pub zone: Option<String>,
    /// Whether it rests.
    pub is_suspended: bool,
    /// The command that wakes it.
    pub wake: String,
    /// When it was made.
    pub since: Option<Timestamp>,
    /// When it last fired.
    pub last: Option<Timestamp>,
}

/// A clock that is further ahead than this is wrong.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// Whether a time has not come yet, by more than clocks may differ.
pub(super) fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    now.checked_add(AHEAD).is_ok_and(|soon| time > soon)
}

impl Series {
    /// Its name for programs: the service's, or `service/part`.
    pub fn name(&self) -> String {
        match self.part {
            None => self.service.to_owned(),
            Some(part) => format!("{}/{part}", self.service),
        }
    }

    /// The newest one that can be restored, as of `now`: one of a clock that was wrong is never the newest.
    pub fn last_good(&self, now: Timestamp) -> Option<&BackupPart> {
        self.timed(now, false).filter(|part| part.is_good()).max_by_key(|part| part.time)
    }

    /// The newest one, whatever became of it.
    pub fn last_run(&self, now: Timestamp) -> Option<&BackupPart> {
        self.timed(now, false).max_by_key(|part| part.time)
    }

    /// One whose time has not come yet.
    pub fn ahead(&self, now: Timestamp) -> Option<&BackupPart> {
        self.timed(now, true).max_by_key(|part| part.time)
    }

    fn timed(&self, now: Timestamp, ahead: bool) -> impl Iterator<Item = &BackupPart> {
        self.parts.iter().filter(move |part| part.time.is_some_and(|time| is_ahead(time, now) == ahead))
    }
}
