//! Whether a set can be restored: onto the running cluster, into a new one, and why not.

use serde::Serialize;

use super::inventory::{BackupSet, Inventory};
use super::part::{BackupPart, PartState};
use super::rewind::Rewind;
use super::series::{Join, Series, is_ahead};
use super::view::ago;
use crate::velero::apart;
use crate::verify::Verdict;

/// Why Velero's backup of everything is not restored onto what runs.
const OVERWRITES_NOTHING: &str = "Velero overwrites nothing, so the namespace has to be gone before it is restored";

/// An answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Usable {
    /// Yes, as far as the cluster knows.
    Yes,
    /// hwdr could not find out.
    Unknown,
    /// No, for a reason.
    No,
}

/// What a set can be used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitness {
    /// For a restore onto the running cluster.
    pub in_place: Usable,
    /// For a restore into a new cluster.
    pub new_cluster: Usable,
    /// Why not, or why hwdr does not know.
    pub reasons: Vec<String>,
}

impl Inventory {
    /// What a set can be used for.
    pub fn fitness(&self, set: &BackupSet) -> Fitness {
        let mut fitness = Fitness { in_place: Usable::Yes, new_cluster: Usable::Yes, reasons: Vec::new() };
        for (at, series) in self.series.iter().enumerate() {
            if series.join == Join::Optional {
                continue;
            }
            let Some((usable, why)) = self.objection(set, at, series) else { continue };
            fitness.new_cluster = fitness.new_cluster.max(usable);
            // Without Velero, a restore in place does not touch Kubernetes objects.
            let is_left_out = series.join == Join::Nearest && series.unread.as_ref().is_some_and(|it| !it.is_unknown());
            if !is_left_out {
                fitness.in_place = fitness.in_place.max(usable);
            }
            fitness.reasons.push(format!("{}: {why}", series.called));
        }
        for rewind in &self.rewinds {
            let Some((usable, why)) = self.no_longer(set, rewind) else { continue };
            fitness.new_cluster = fitness.new_cluster.max(usable);
            fitness.in_place = fitness.in_place.max(usable);
            fitness.reasons.push(format!("{}: {why}", rewind.called));
        }
        if self.id(set).is_none() {
            let is_hidden = self.series.iter().any(|series| series.join.names_a_set() && series.is_unknown());
            let usable = if is_hidden { Usable::Unknown } else { Usable::No };
            fitness.new_cluster = fitness.new_cluster.max(usable);
            fitness.in_place = fitness.in_place.max(usable);
        }
        if self.series.iter().any(|series| series.join == Join::Whole) {
            fitness.in_place = Usable::No;
            // What cannot be restored at all has its reasons.
            if fitness.new_cluster == Usable::Yes {
                fitness.reasons.push(format!("in place: {OVERWRITES_NOTHING}"));
            }
        }
        if fitness.in_place != Usable::No {
            let (in_place, why) = self.age(set);
            fitness.in_place = fitness.in_place.max(in_place);
            fitness.reasons.extend(why);
        }
        fitness
    }

    /// What speaks against a set's part of a series.
    fn objection(&self, set: &BackupSet, at: usize, series: &Series) -> Option<(Usable, String)> {
        let Some(part) = self.part(set, at) else {
            return Some(match &series.unread {
                Some(fault) if fault.is_unknown() => (Usable::Unknown, fault.what.clone()),
                Some(fault) => (Usable::No, fault.what.clone()),
                None if series.join.names_a_set() => (Usable::No, "no backup within an hour".to_owned()),
                None => (Usable::No, "no good backup within a day".to_owned()),
            });
        };
        let says = |why: &str| if why.is_empty() { part.state.word().to_owned() } else { why.to_owned() };
        match &part.state {
            PartState::Good => None,
            PartState::Running => Some((Usable::No, "it is being made".to_owned())),
            PartState::Unknown(why) => Some((Usable::Unknown, says(why))),
            PartState::Partial { done: Some((done, of)), why } => Some((Usable::No, format!("{done} of {of}: {why}"))),
            PartState::Partial { why, .. } | PartState::Failed(why) | PartState::Expired(why) => {
                Some((Usable::No, says(why)))
            }
        }
    }

    /// Why data cannot be brought back to the time of a set from old versions.
    fn no_longer(&self, set: &BackupSet, rewind: &Rewind) -> Option<(Usable, String)> {
        let kept = match &rewind.kept {
            Ok(kept) => (*kept)?,
            Err(fault) if fault.is_unknown() => return Some((Usable::Unknown, fault.what.clone())),
            Err(fault) => return Some((Usable::No, fault.what.clone())),
        };
        let is_over = rewind.until(set.time?).is_some_and(|until| until <= self.now);
        let why = || {
            format!("its bucket keeps what is deleted for {} only, so what was deleted since may be gone", ago(kept))
        };
        is_over.then(|| (Usable::No, why()))
    }

    /// Whether all parts are from after the last installation.
    fn age(&self, set: &BackupSet) -> (Usable, Option<String>) {
        let needed = self.parts(set).filter(|(series, _)| series.join != Join::Optional);
        let first = needed.filter_map(|(_, part)| part.time).min();
        match (&self.installed, set.time.map(|time| first.map_or(time, |first| first.min(time)))) {
            (Err(fault), _) => {
                let usable = if fault.is_unknown() { Usable::Unknown } else { Usable::No };
                (usable, Some(format!("in place: {}", fault.what)))
            }
            (Ok(_), None) => (Usable::Unknown, Some("in place: the id names no time".to_owned())),
            (Ok(installed), Some(time)) if time <= *installed => (
                Usable::No,
                Some(format!("in place: older than the installation of {installed:.0}, which made new certificates")),
            ),
            _ if set.time.is_some_and(|time| is_ahead(time, self.now)) => {
                (Usable::Unknown, Some("in place: its time is in the future".to_owned()))
            }
            _ => (Usable::Yes, None),
        }
    }

    /// Whether the copy of the records in a set is from before its data's backups had ended: one schedule begins all at once. A restore into a new
    /// cluster needs no record, and only says so. It is no note, because it is true of each scheduled set.
    pub fn unrecorded(&self, set: &BackupSet) -> Option<String> {
        let (copy, part) = self.parts(set).find(|(series, part)| series.has_records && part.is_good())?;
        let began = part.started?;
        let is_late = |part: &BackupPart| part.is_good() && part.ended.is_some_and(|ended| ended > began);
        let data = self.parts(set).filter(|(series, _)| series.join == Join::Own);
        let late: Vec<_> = data.filter(|(_, part)| is_late(part)).map(|(series, _)| series.called.as_str()).collect();
        (!late.is_empty()).then(|| {
            format!(
                "{}: begun before {} had ended, so it has no record of that: a restore into a new cluster says so, and goes on",
                copy.called,
                late.join(" and ")
            )
        })
    }

    /// More about a set: what it does not bring back, parts that are far from the others, and those that were passed over.
    pub fn notes(&self, set: &BackupSet) -> Vec<String> {
        let mut notes = Vec::new();
        for (at, series) in self.series.iter().enumerate().filter(|(_, series)| series.join == Join::Optional) {
            let Some((usable, why)) = self.objection(set, at, series) else { continue };
            let so = if usable == Usable::No { "; a restore does not bring it back" } else { "" };
            notes.push(format!("{}: {why}{so}", series.called));
        }
        for (series, joined) in self.series.iter().zip(&set.parts) {
            let skew = joined.as_ref().and_then(|joined| joined.skew);
            let far = skew.filter(|skew| crate::velero::nearness(*skew) != crate::velero::Nearness::Near);
            if let Some(skew) = far {
                notes.push(format!(
                    "{}: {}, so what changed in between does not match the data",
                    series.called,
                    apart(skew)
                ));
            }
        }
        for (at, part) in &set.passed_over {
            let Some(series) = self.series.get(*at) else { continue };
            let Some(part) = series.parts.get(*part) else { continue };
            let why = part.state.why().unwrap_or("it is being made");
            notes.push(format!("{}: {} is not taken: {why}", series.called, part.name));
        }
        for (series, part) in self.parts(set).filter(|(_, part)| part.is_good()) {
            let Some(expires) = part.expires.filter(|expires| *expires <= self.now) else { continue };
            notes.push(format!("{}: it is kept until {expires:.0} only: the next clean-up deletes it", series.called));
        }
        if let Some(verified) = self.verified(set).filter(|verified| verified.verdict != Verdict::Fine) {
            let since = ago(self.now.duration_since(verified.time));
            notes.push(format!("verified {since} ago: {}", verified.verdict.word()));
        }
        notes
    }
}
