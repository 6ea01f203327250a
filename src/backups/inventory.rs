//! All sets of backups, newest first.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::fault::{Fault, Reading};
use super::fitness::Usable;
use super::join;
use super::part::BackupPart;
use super::rewind::Rewind;
use super::series::{Join, Series, is_ahead};
use crate::verify::memory::{Memory, Verified};

/// The backups that there are.
#[derive(Debug, Clone)]
pub struct Inventory {
    /// When the cluster was read.
    pub now: Timestamp,
    /// When the release was installed.
    pub installed: Reading<Timestamp>,
    /// The backups of each service: those that name a set first.
    pub series: Vec<Series>,
    /// The backups joined, newest first.
    pub sets: Vec<BackupSet>,
    /// The services whose data are brought back from old versions, if the bucket was read.
    pub rewinds: Vec<Rewind>,
    /// Backups that belong to no set, because each set has another one that is nearer: each alone.
    pub lone: Vec<BackupSet>,
    /// When they were verified, as far as that is remembered.
    pub verified: Memory,
}

/// Backups of the services that belong to one point in time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSet {
    /// That point: the time of the first part.
    pub time: Option<Timestamp>,
    /// The part of each series, in the order of these.
    pub parts: Vec<Option<Joined>>,
    /// Parts from the same time that are not good, and were not chosen: series and part.
    pub passed_over: Vec<(usize, usize)>,
}

/// A part in a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// Its place in the series.
    pub part: usize,
    /// How much later than the set's time it is; negative: earlier.
    pub skew: Option<SignedDuration>,
}

impl Inventory {
    /// Joins what the services have.
    pub fn new(now: Timestamp, installed: Reading<Timestamp>, series: Vec<Series>) -> Self {
        let sets = join::join(&series);
        let lone = join::lone(&series, &sets);
        let (rewinds, verified) = (Vec::new(), Memory::default());
        let mut inventory = Self { now, installed, series, rewinds, sets: Vec::new(), verified, lone };
        let mut keyed: Vec<_> = sets.into_iter().map(|set| (inventory.name(&set).to_owned(), set)).collect();
        // Sets without a time are the last.
        keyed.sort_by(|(one, a), (other, b)| b.time.cmp(&a.time).then_with(|| other.cmp(one)));
        inventory.sets = keyed.into_iter().map(|(_, set)| set).collect();
        inventory
    }

    /// The part that a set has of a series.
    pub fn part(&self, set: &BackupSet, series: usize) -> Option<&BackupPart> {
        let joined = set.parts.get(series)?.as_ref()?;
        self.series.get(series)?.parts.get(joined.part)
    }

    /// The parts that a set has, with their series.
    pub fn parts<'i>(&'i self, set: &'i BackupSet) -> impl Iterator<Item = (&'i Series, &'i BackupPart)> {
        self.series.iter().enumerate().filter_map(|(at, series)| Some((series, self.part(set, at)?)))
    }

    /// The parts that a restore of a set is told. What can be left out is, unless it is good: a Job that failed has a name, and no backup.
    pub fn restored<'i>(&'i self, set: &'i BackupSet) -> impl Iterator<Item = (&'i Series, &'i BackupPart)> {
        self.parts(set).filter(|(series, part)| series.join != Join::Optional || part.is_good())
    }

    /// The backup id of a set; none if no part has one.
    pub fn id<'i>(&'i self, set: &'i BackupSet) -> Option<&'i str> {
        let own = self.parts(set).filter(|(series, _)| series.join.names_a_set());
        own.map(|(_, part)| part).find(|part| part.is_id).map(|part| part.name.as_str())
    }

    /// The backup id of a set that a restore can be told: each service that has its own backups names its part by an id. Else the id would be that of
    /// another service, or a Job would be taken for a backup.
    pub fn restore_id<'i>(&'i self, set: &'i BackupSet) -> Option<&'i str> {
        let mut own = self.series.iter().enumerate().filter(|(_, series)| series.join.names_a_set());
        let is_named = own.all(|(at, _)| self.part(set, at).is_some_and(|part| part.is_id));
        self.id(set).filter(|_| is_named)
    }

    /// The backup id of a set, or the name of its first part.
    pub fn name<'i>(&'i self, set: &'i BackupSet) -> &'i str {
        let first = || self.parts(set).next().map(|(_, part)| part.name.as_str());
        self.id(set).or_else(first).unwrap_or_default()
    }

    /// The names of all sets, if everything could be read: what is remembered of others may then go.
    pub fn known(&self, unread: &[Fault]) -> Option<BTreeSet<String>> {
        let is_complete = unread.iter().all(|fault| !Fault::is_unknown(fault));
        is_complete.then(|| self.sets.iter().map(|set| self.name(set).to_owned()).collect())
    }

    /// When it was verified last, and with which result.
    pub fn verified(&self, set: &BackupSet) -> Option<&Verified> {
        self.verified.of(self.name(set))
    }

    /// When it was restored somewhere else, to prove it.
    pub fn drilled(&self, set: &BackupSet) -> Option<Timestamp> {
        self.verified.drilled(self.name(set))
    }

    /// The sets that can be restored into a new cluster, newest first. One from the future is none of them: its clock was wrong, so nobody knows which is
    /// newer.
    pub fn usable(&self) -> impl DoubleEndedIterator<Item = &BackupSet> {
        self.past().filter(|set| self.fitness(set).new_cluster == Usable::Yes)
    }

    /// The sets that are not from the future, newest first.
    pub fn past(&self) -> impl DoubleEndedIterator<Item = &BackupSet> {
        self.sets.iter().filter(|set| !set.time.is_some_and(|time| is_ahead(time, self.now)))
    }

    /// How far apart the parts of a set are; none if fewer than two have a time.
    pub fn skew(&self, set: &BackupSet) -> Option<SignedDuration> {
        let times = || self.parts(set).filter_map(|(_, part)| part.time);
        let (first, last) = (times().min()?, times().max()?);
        (times().count() > 1).then(|| last.duration_since(first))
    }

    /// Whether one of its parts is protected from expiry. Others may still expire.
    pub fn is_kept(&self, set: &BackupSet) -> bool {
        self.parts(set).any(|(_, part)| part.is_kept)
    }

    /// When the first of its parts expires that it cannot do without, or something that it needs of old versions.
    pub fn expires(&self, set: &BackupSet) -> Option<Timestamp> {
        let versions = self.rewinds.iter().filter_map(|rewind| rewind.until(set.time?));
        let needed = self.parts(set).filter(|(series, _)| series.join != Join::Optional);
        needed.filter_map(|(_, part)| part.until()).chain(versions).min()
    }
}
