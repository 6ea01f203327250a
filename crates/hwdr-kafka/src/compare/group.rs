//! Where a group is on both sides.

use std::collections::BTreeMap;

use super::{Counted, Side};
use crate::client::{Ends, of_partition};
use crate::notes::{Notes, Translated};
use crate::select::{Groups, Topics};

/// A group's place in one partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Committed {
    /// What it committed at the source.
    pub source: i64,
    /// What that is at the target.
    pub translated: Translated,
    /// What is committed there.
    pub target: Option<i64>,
    /// What that means.
    pub verdict: Verdict,
}

/// What a group would do at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on where it was.
    Same,
    /// Read up to this many records a second time.
    Behind(u64),
    /// Skip up to this many records: they would be lost for it.
    Ahead(u64),
    /// Begin where its own setting says (`auto.offset.reset`): with everything, or with nothing that is there.
    Nowhere,
    /// Nobody can tell.
    Unknown,
}

impl Verdict {
    /// Whether no record is lost for the group.
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Same | Self::Behind(_))
    }

    pub(super) fn read_again(self) -> u64 {
        if let Self::Behind(records) = self { records } else { 0 }
    }
}

impl Committed {
    /// `place` is the offset at the source of what comes next.
    fn new(committed: i64, place: i64, translated: Translated, other: Option<i64>, source: Ends, target: Ends) -> Self {
        let difference = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        let verdict = match (translated, other) {
            // No record ever came here and none waits: wherever the group begins is the same place.
            (Translated::Unknown, None) if target.begin == target.end && place >= source.end => Verdict::Same,
            (_, None) => Verdict::Nowhere,
            (Translated::Unknown, Some(other)) if target.begin == target.end && other == target.end => Verdict::Same,
            // It begins with all that there is.
            (Translated::Unknown, Some(other)) if other <= target.begin => {
                Verdict::Behind(difference(other, target.end))
            }
            (Translated::Unknown, Some(_)) => Verdict::Unknown,
            (Translated::Exact(at), Some(other)) if other == at => Verdict::Same,
            (Translated::Exact(at), Some(other)) if other < at => {
                Verdict::Behind(difference(other.max(target.begin), at))
            }
            (Translated::Exact(at), Some(other)) => Verdict::Ahead(difference(at, other)),
            // Nothing is behind the place.
            (Translated::AtLeast(at), Some(other)) if other == at && at >= target.end => Verdict::Same,
            (Translated::AtLeast(at), Some(other)) if other <= at => {
                Verdict::Behind(difference(other.max(target.begin), target.end))
            }
            (Translated::AtLeast(at), Some(other)) => Verdict::Ahead(difference(at, other)),
        };
        Self { source: committed, translated, target: other, verdict }
    }

    /// The place that is known and not yet committed.
    pub(super) fn to_commit(self) -> Option<i64> {
        match (self.translated, self.verdict) {
            (Translated::Exact(at), Verdict::Behind(_) | Verdict::Nowhere) => Some(at),
            (Translated::AtLeast(at), Verdict::Nowhere) => Some(at),
            _ => None,
        }
    }
}

/// Partitions in which a group has no place, by group, topic and partition. Without any group, all partitions stand under none.
pub type Unplaced = BTreeMap<Option<String>, BTreeMap<String, Vec<i32>>>;

type All = BTreeMap<String, BTreeMap<String, BTreeMap<i32, Committed>>>;

pub(super) fn compare(
    source: &Side,
    target: &Side,
    notes: &Notes,
    counted: &Counted,
    topics: &Topics,
    groups: &Groups,
) -> All {
    let mut all = All::new();
    for (group, offsets) in source.committed.iter().filter(|(group, _)| groups.contain(group)) {
        for (topic, partitions) in offsets.iter().filter(|(topic, _)| topics.contain(topic)) {
            for (partition, committed) in partitions {
                let ends = |side: &Side| of_partition(&side.positions, topic, *partition);
                // Of a topic that was deleted there is nothing to go on with.
                let Some(here) = ends(source) else { continue };
                let other = target
                    .committed
                    .get(group)
                    .and_then(|group| group.get(topic))
                    .and_then(|topic| topic.get(partition));
                // What lay before the beginning is gone on both sides, or copied: the first that is left comes next.
                let place = (*committed).max(here.begin);
                let translated = match counted.places.get(&(topic.clone(), *partition, place)) {
                    Some(exact) => Translated::Exact(*exact),
                    None => notes.translate(topic, *partition, place),
                };
                let there = ends(target).unwrap_or_default();
                // Nothing has come since the mirror was told to begin before that place: what comes next comes at the end.
                let translated = match notes.begins(topic, *partition, here.end) {
                    Some(begins) if begins <= place => Translated::Exact(there.end),
                    _ => translated,
                };
                // An offset before the beginning is out of range: a consumer there may begin at the end instead.
                let translated = translated.not_before(there.begin);
                let compared = Committed::new(*committed, place, translated, other.copied(), here, there);
                all.entry(group.clone()).or_default().entry(topic.clone()).or_default().insert(*partition, compared);
            }
        }
    }
    all
}

/// Where groups have a place on neither side, though there are records at the target: by group, topic and partition. Topics that a group has no
/// place in at all are not its own, as far as anybody can tell; with no group at all, they are nobody's, and stand under none.
pub(super) fn unplaced(source: &Side, target: &Side, topics: &Topics, groups: &Groups) -> Unplaced {
    let all = |name: &String, has_place: &dyn Fn(i32) -> bool| -> Vec<i32> {
        let partitions = target.positions.get(name).into_iter().flatten();
        partitions.filter(|(at, ends)| ends.begin < ends.end && !has_place(**at)).map(|(at, _)| *at).collect()
    };
    let mut unplaced = Unplaced::new();
    let mut has_group = false;
    for (group, offsets) in source.committed.iter().filter(|(group, _)| groups.contain(group)) {
        for (topic, places) in offsets.iter().filter(|(topic, _)| topics.contain(topic)) {
            has_group = true;
            let there = target.committed.get(group).and_then(|group| group.get(topic));
            let has_place = |at: i32| places.contains_key(&at) || there.is_some_and(|there| there.contains_key(&at));
            let partitions = all(topic, &has_place);
            if !partitions.is_empty() {
                unplaced.entry(Some(group.clone())).or_default().insert(topic.clone(), partitions);
            }
        }
    }
    if !has_group {
        for topic in target.positions.keys().filter(|topic| topics.contain(topic)) {
            let partitions = all(topic, &|_| false);
            if !partitions.is_empty() {
                unplaced.entry(None).or_default().insert(topic.clone(), partitions);
            }
        }
    }
    unplaced
}
