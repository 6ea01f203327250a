//! All backups that a service has of one kind of its data, and what makes them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::fault::{Fault, Reading};
use super::part::{BackupPart, PartState};

/// The backups of one service; a service whose data is backed up in several goes has several of these.
#[derive(Debug, Clone)]
pub struct Series {
    /// The service's name.
    pub service: &'static str,
    /// Which of its backups, if it has more than one kind.
    pub part: Option<&'static str>,
    /// The heading of its column.
    pub title: &'static str,
    /// Its name in a sentence.
    pub called: String,
    /// How its backups belong to a set.
    pub join: Join,
    /// Its backups.
    pub parts: Vec<BackupPart>,
    /// Why some or all are missing here.
    pub unread: Option<Fault>,
    /// Records among them that are not backups.
    pub odd: Option<Fault>,
    /// What makes them.
    pub makers: Reading<Vec<Maker>>,
    /// How to turn backups on, if nothing makes them.
    pub turn_on: &'static str,
    /// Other problems.
    pub faults: Vec<Fault>,
    /// Whether its backups hold a copy of the records of the others'.
    pub has_records: bool,
}

/// How the backups of a series belong to a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Join {
    /// Each belongs to one set, by its id or its time.
    Own,
    /// The same, and each is a Backup of Velero's with all that is in Kubernetes. Velero overwrites nothing: it is restored only where that is gone.
    Whole,
    /// Each may belong to several sets, as with [`Join::Nearest`]; but a set without one can be restored all the same: what it would bring back stays as
    /// it is.
    Optional,
    /// Each may belong to several sets: to those that it is nearest to (`velero::choose`).
    Nearest,
}

impl Join {
    /// Whether a set has its id from these.
    pub fn names_a_set(self) -> bool {
        matches!(self, Self::Own | Self::Whole)
    }

    /// Whether they are Velero's.
    pub fn is_velero(self) -> bool {
        matches!(self, Self::Nearest | Self::Whole)
    }
}

/// What makes backups by a schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Maker {
    /// `CronJob/name`.
    pub object: String,
    /// The schedule, as it is written.
    pub schedule: String,
    /// Its time zone, if that is not UTC.
    pub zone: Option<String>,
    /// Whether it is suspended.
    pub is_suspended: bool,
    /// The command that resumes it.
    pub wake: String,
    /// When it was created.
    pub since: Option<Timestamp>,
    /// When it last fired.
    pub last: Option<Timestamp>,
}

/// How far clocks may differ.
pub const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// Whether a time is in the future, by more than clocks may differ.
pub fn is_ahead(time: Timestamp, now: Timestamp) -> bool {
    now.checked_add(AHEAD).is_ok_and(|soon| time > soon)
}

impl Series {
    /// One without backups yet, of which it is not known what makes them.
    pub fn new(service: &'static str, title: &'static str, join: Join) -> Self {
        Self {
            service,
            part: None,
            title,
            called: title.to_owned(),
            join,
            parts: Vec::new(),
            unread: None,
            odd: None,
            makers: Ok(Vec::new()),
            turn_on: "",
            faults: Vec::new(),
            has_records: false,
        }
    }

    /// Adds what the bucket has of the same backups: how large they are, when its rules delete them, and what is wrong with those that the cluster
    /// calls good: a record stays when files are lost.
    pub fn add_stored(&mut self, stored: &Self) {
        let of: BTreeMap<&str, &BackupPart> = stored.parts.iter().map(|part| (part.name.as_str(), part)).collect();
        let has_any = self.parts.iter().any(|part| of.contains_key(part.name.as_str()));
        for part in &mut self.parts {
            match of.get(part.name.as_str()) {
                Some(same) => {
                    part.bytes = part.bytes.or(same.bytes);
                    part.pieces = part.pieces.or(same.pieces);
                    part.swept = same.swept;
                    // When it expires the cluster knows better: the bucket keeps what was planned when the backup ended.
                    if part.is_good() && !matches!(same.state, PartState::Expired(_)) {
                        part.state = same.state.clone();
                    }
                }
                None if !part.is_good() || stored.is_unknown() => {}
                None => {
                    part.state = match &stored.unread {
                        Some(fault) => PartState::Unknown(fault.what.clone()),
                        None if has_any => {
                            PartState::Partial { done: None, why: "its files are not in the bucket".to_owned() }
                        }
                        None => {
                            let why = "the bucket has none of these backups: is it another bucket?";
                            PartState::Unknown(why.to_owned())
                        }
                    };
                }
            }
        }
    }

    /// Its name for programs: the service's, or `service/part`.
    pub fn name(&self) -> String {
        match self.part {
            None => self.service.to_owned(),
            Some(part) => format!("{}/{part}", self.service),
        }
    }

    /// Whether there may be backups that could not be read.
    pub fn is_unknown(&self) -> bool {
        self.unread.as_ref().is_some_and(Fault::is_unknown)
    }

    /// The newest one that can be restored. One from the future does not count: its clock was wrong.
    pub fn last_good(&self, now: Timestamp) -> Option<&BackupPart> {
        self.timed(now, false).filter(|part| part.is_good()).max_by_key(|part| part.time)
    }

    /// The newest one, in any state.
    pub fn last_run(&self, now: Timestamp) -> Option<&BackupPart> {
        self.timed(now, false).max_by_key(|part| part.time)
    }

    /// The newest one that is over. One that runs, or hangs, does not hide how the one before it ended.
    pub fn last_over(&self, now: Timestamp) -> Option<&BackupPart> {
        self.timed(now, false).filter(|part| part.state != PartState::Running).max_by_key(|part| part.time)
    }

    /// One from the future.
    pub fn ahead(&self, now: Timestamp) -> Option<&BackupPart> {
        self.timed(now, true).max_by_key(|part| part.time)
    }

    fn timed(&self, now: Timestamp, ahead: bool) -> impl Iterator<Item = &BackupPart> {
        self.parts.iter().filter(move |part| part.time.is_some_and(|time| is_ahead(time, now) == ahead))
    }
}
