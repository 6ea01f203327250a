//! Which parts belong together: by id, or else by time. Of Velero's backups, each set has the one that a restore would choose (`velero::choose`).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::inventory::{BackupSet, Joined};
use super::part::BackupPart;
use super::series::{Join, Series};
use crate::velero::{Nearness, nearness, rank};

/// How many neighbours on each side are compared. Real backups are never closer together than that.
const NEIGHBOURS: usize = 4;

/// The sets, in no order.
pub(super) fn join(series: &[Series]) -> Vec<BackupSet> {
    let mut sets = Vec::new();
    for at in of(series, Join::Own).chain(of(series, Join::Whole)) {
        let all = (0..parts(series, at).len()).collect();
        add_own(&mut sets, series, at, all);
    }
    let mut rest = Vec::new();
    let has_own = !sets.is_empty();
    for at in of(series, Join::Optional).chain(of(series, Join::Nearest)) {
        let used = add_nearest(&mut sets, series, at);
        let times = times(&sets);
        // Of what is backed up more often than the rest, not each has a line.
        let is_optional = has_own && series.get(at).is_some_and(|series| series.join == Join::Optional);
        let is_of_none = |part: &usize| {
            let time = parts(series, at).get(*part).and_then(|part| part.time);
            if is_optional && parts(series, at).get(*part).is_some_and(BackupPart::is_good) {
                return false;
            }
            let near = |time: Timestamp| neighbours(&times, time).next().is_some_and(|(skew, _)| is_near(skew));
            !used.contains(part) && !time.is_some_and(near)
        };
        rest.push((at, (0..parts(series, at).len()).filter(is_of_none).collect()));
    }
    let mut of_none = Vec::new();
    for (at, parts) in rest {
        add_own(&mut of_none, series, at, parts);
    }
    sets.append(&mut of_none);
    sets
}

/// The parts that no set has, each alone.
pub(super) fn lone(series: &[Series], sets: &[BackupSet]) -> Vec<BackupSet> {
    let taken: BTreeSet<_> = sets
        .iter()
        .flat_map(|set| set.parts.iter().enumerate().filter_map(|(at, joined)| Some((at, joined.as_ref()?.part))))
        .collect();
    let all = (0..series.len()).flat_map(|at| (0..parts(series, at).len()).map(move |part| (at, part)));
    let alone = |(at, part): (usize, usize)| {
        let time = parts(series, at).get(part)?.time;
        let mut set = BackupSet { time, parts: vec![None; series.len()], passed_over: Vec::new() };
        put(&mut set, at, part, time);
        Some(set)
    };
    all.filter(|it| !taken.contains(it)).filter_map(alone).collect()
}

fn of(series: &[Series], join: Join) -> impl Iterator<Item = usize> {
    series.iter().enumerate().filter(move |(_, series)| series.join == join).map(|(at, _)| at)
}

fn parts(series: &[Series], at: usize) -> &[BackupPart] {
    series.get(at).map_or(&[], |series| &series.parts)
}

fn part_of<'s>(series: &'s [Series], set: &BackupSet, at: usize) -> Option<&'s BackupPart> {
    parts(series, at).get(set.parts.get(at)?.as_ref()?.part)
}

fn is_near(skew: SignedDuration) -> bool {
    nearness(skew) == Nearness::Near
}

/// The times of sets, earliest first, with their places.
fn times(sets: &[BackupSet]) -> Vec<(Timestamp, usize)> {
    let mut times: Vec<_> = sets.iter().enumerate().filter_map(|(at, set)| Some((set.time?, at))).collect();
    times.sort_unstable();
    times
}

/// The ones nearest to `time` on each side, the nearest first: how much later each is, and its place.
fn neighbours(sorted: &[(Timestamp, usize)], time: Timestamp) -> impl Iterator<Item = (SignedDuration, usize)> {
    let middle = sorted.partition_point(|(other, _)| *other < time);
    let (before, after) = sorted.split_at(middle);
    let near = before.iter().rev().take(NEIGHBOURS).chain(after.iter().take(NEIGHBOURS));
    let mut near: Vec<_> = near.map(|(other, at)| (other.duration_since(time), *at)).collect();
    near.sort_by(|(one, a), (other, b)| rank(*one).cmp(&rank(*other)).then(a.cmp(b)));
    near.into_iter()
}

/// Puts a part into a set.
fn put(set: &mut BackupSet, at: usize, part: usize, time: Option<Timestamp>) {
    let skew = time.zip(set.time).map(|(time, of)| time.duration_since(of));
    if let Some(slot) = set.parts.get_mut(at) {
        *slot = Some(Joined { part, skew });
    }
}

/// Adds parts of which each belongs to one set: by the same id, else to the nearest in time (good ones to good ones), else as a new set.
fn add_own(sets: &mut Vec<BackupSet>, series: &[Series], at: usize, mut rest: Vec<usize>) {
    let own = parts(series, at);
    let ids: BTreeMap<&str, usize> = {
        let ids = sets.iter().enumerate().flat_map(|(place, set)| {
            let parts = (0..series.len()).filter_map(move |other| part_of(series, set, other));
            parts.filter(|part| part.is_id).map(move |part| (part.name.as_str(), place))
        });
        ids.collect()
    };
    let mut by_id = Vec::new();
    let mut taken = BTreeSet::new();
    rest.retain(|place| {
        let part = own.get(*place).filter(|part| part.is_id);
        match part.and_then(|part| ids.get(part.name.as_str())) {
            Some(set) if taken.insert(*set) => {
                by_id.push((*set, *place));
                false
            }
            _ => true,
        }
    });
    for (set, place) in by_id {
        if let (Some(set), Some(part)) = (sets.get_mut(set), own.get(place)) {
            put(set, at, place, part.time);
        }
    }
    let is_whole = |set: usize| {
        let part = |other: usize| sets.get(set).and_then(|set| part_of(series, set, other));
        (0..series.len()).all(|other| part(other).is_none_or(BackupPart::is_good))
    };
    let free = times(sets).into_iter().filter(|(_, set)| !taken.contains(set));
    // Attempts that failed do not hide the good one beside them.
    let (whole, broken): (Vec<_>, Vec<_>) = free.partition(|(_, set)| is_whole(*set));
    let mut pairs = Vec::new();
    for place in &rest {
        let Some((part, time)) = own.get(*place).and_then(|part| Some((part, part.time?))) else { continue };
        for (sorted, are_whole) in [(&whole, true), (&broken, false)] {
            for (skew, set) in neighbours(sorted, time).filter(|(skew, _)| is_near(*skew)) {
                pairs.push((!(part.is_good() && are_whole), rank(skew), *place, set));
            }
        }
    }
    pairs.sort();
    let mut placed = BTreeSet::new();
    for (_, _, place, set) in pairs {
        if placed.contains(&place) || !taken.insert(set) {
            continue;
        }
        placed.insert(place);
        if let (Some(set), Some(part)) = (sets.get_mut(set), own.get(place)) {
            put(set, at, place, part.time);
        }
    }
    for place in rest.into_iter().filter(|place| !placed.contains(place)) {
        let Some(part) = own.get(place) else { continue };
        let mut set = BackupSet { time: part.time, parts: vec![None; series.len()], passed_over: Vec::new() };
        put(&mut set, at, place, part.time);
        sets.push(set);
    }
}

/// Adds to each set the good part that is nearest to its time, or else a near one that is not good. Returns the parts that sets have or have passed
/// over.
fn add_nearest(sets: &mut [BackupSet], series: &[Series], at: usize) -> BTreeSet<usize> {
    let own = parts(series, at);
    let sorted = |is_good: bool| {
        let mut sorted: Vec<_> = own.iter().enumerate().filter(|(_, part)| part.is_good() == is_good).collect();
        // Of two from the same moment, the one that a restore would choose.
        sorted.sort_by(|(_, a), (_, b)| a.time.cmp(&b.time).then_with(|| a.name.cmp(&b.name)));
        let timed = sorted.into_iter().filter_map(|(place, part)| Some((part.time?, place)));
        timed.collect::<Vec<_>>()
    };
    let (good, bad) = (sorted(true), sorted(false));
    let mut used = BTreeSet::new();
    for set in sets {
        let Some(time) = set.time else { continue };
        let near_bad: Vec<_> = neighbours(&bad, time).filter(|(skew, _)| is_near(*skew)).collect();
        let near = nearest(&good, time).filter(|(skew, _)| nearness(*skew) != Nearness::TooFar);
        let chosen = near.or_else(|| near_bad.first().copied());
        if let Some((skew, place)) = chosen {
            put(set, at, place, time.checked_add(skew).ok());
        }
        let others = near_bad.iter().map(|(_, place)| *place).filter(|place| Some(*place) != chosen.map(|(_, it)| it));
        set.passed_over.extend(others.map(|place| (at, place)));
        used.extend(chosen.map(|(_, place)| place).into_iter().chain(near_bad.iter().map(|(_, place)| *place)));
    }
    used
}

/// The one nearest to `time`; of several from the same moment, the first.
fn nearest(sorted: &[(Timestamp, usize)], time: Timestamp) -> Option<(SignedDuration, usize)> {
    let from = |time: Timestamp| sorted.partition_point(|(other, _)| *other < time);
    let middle = from(time);
    let earlier = middle.checked_sub(1).and_then(|at| sorted.get(at)).and_then(|(other, _)| sorted.get(from(*other)));
    let both = [earlier, sorted.get(middle)].into_iter().flatten();
    both.map(|(other, at)| (other.duration_since(time), *at))
        .min_by(|(one, _), (other, _)| rank(*one).cmp(&rank(*other)))
}
