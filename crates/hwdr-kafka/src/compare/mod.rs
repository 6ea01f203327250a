//! What a mirror has brought over, and what not.
//!
//! What can be known: an offset is a number, no count of records. Transactions leave markers that take an offset and are not mirrored;
//! compaction takes records out and leaves the numbers; an exactly-once mirror writes markers of its own. So a partition is complete
//! not when numbers agree, but when no record lies behind the last one that MirrorMaker noted as arrived. [`look`](crate::look) counts
//! those few records by reading; where it did not, all offsets behind the last note are an upper bound, and are said to be one.

mod group;
mod pace;
mod partition;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use group::{Committed, Unplaced, Verdict};
pub use pace::Pace;
pub use partition::Compared;
pub(crate) use partition::behind;
use partition::length;

use crate::client::{Ends, Offsets, Positions};
use crate::notes::{Notes, Pair};
use crate::select::{Groups, Topics};

/// One side, as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// Where partitions begin and end.
    pub positions: Positions,
    /// What groups have committed.
    pub committed: BTreeMap<String, Offsets>,
}

/// What was found by counting records, where offsets leave it open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// By topic and partition: how many records there are behind the last that was noted, at the source and at the target.
    pub(crate) behind: BTreeMap<(String, i32), (u64, u64)>,
    /// By topic, partition and offset at the source: which it is at the target.
    pub(crate) places: BTreeMap<(String, i32, i64), i64>,
    /// By topic, partition and the offset at the source of the last record before a gap: how many records lie in it at the target.
    pub(crate) gaps: BTreeMap<(String, i32, i64), u64>,
    /// What open transactions hide at the source.
    pub(crate) hidden: Vec<Hidden>,
}

/// What an open transaction hides at the source: MirrorMaker reads up to its first record, and stops there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The first offset that is not decided.
    pub since: i64,
    /// How many records lie from there on, at most.
    pub records: u64,
}

/// A topic on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TopicState {
    /// It is on both sides with the same partitions.
    Both(BTreeMap<i32, Compared>),
    /// It was not made at the target, or not yet: of all its records, at most as many.
    OnlySource(u64),
    /// It is at the target alone: nobody mirrors it.
    OnlyTarget,
    /// What was noted as arrived is behind the end at the target: the topic was deleted there since. MirrorMaker goes on from its own positions, and
    /// brings nothing of it again.
    Recreated,
    /// What was noted as brought over is behind the end at the source: the topic was deleted there since, or what was noted is of another
    /// cluster that was mirrored under the same name. Nothing can be told from it.
    OtherSource,
    /// Keys go to other partitions at the target. MirrorMaker adds partitions that lack, and leaves those that are too many.
    Partitions {
        /// How many at the source.
        source: usize,
        /// How many at the target.
        target: usize,
        /// Records that have not arrived, at most, in partitions that are there and in those that lack.
        missing: u64,
    },
}

/// Both sides, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// By topic.
    pub topics: BTreeMap<String, TopicState>,
    /// By group, topic and partition.
    pub groups: BTreeMap<String, BTreeMap<String, BTreeMap<i32, Committed>>>,
    unplaced: Unplaced,
    hidden: Vec<Hidden>,
}

impl Comparison {
    /// Compares both sides. Only topics and groups that are meant count.
    pub fn new(
        source: &Side,
        target: &Side,
        notes: &Notes,
        counted: &Counted,
        topics: &Topics,
        groups: &Groups,
    ) -> Self {
        let names: BTreeSet<&String> =
            source.positions.keys().chain(target.positions.keys()).filter(|name| topics.contain(name)).collect();
        let compared = |name: &String, at: i32, here: Ends, there: Ends| {
            let behind = counted.behind.get(&(name.clone(), at)).copied();
            let gone =
                notes.gone(name, at, here.begin, |gap| counted.gaps.get(&(name.clone(), at, gap.after)).copied());
            Compared::new(here, there, notes.newest(name, at), notes.begins(name, at, here.end), behind, gone)
        };
        let all = |name: &String, here: &BTreeMap<i32, Ends>, there: &BTreeMap<i32, Ends>| -> BTreeMap<_, _> {
            let there = |at| there.get(at).copied().unwrap_or_default();
            here.iter().map(|(at, ends)| (*at, compared(name, *at, *ends, there(at)))).collect()
        };
        let state = |name: &String| match (source.positions.get(name), target.positions.get(name)) {
            // What was noted is of a topic that is there no more.
            (Some(here), None) => TopicState::OnlySource(here.values().map(|ends| length(*ends)).sum()),
            (None, _) => TopicState::OnlyTarget,
            (Some(here), Some(there)) if !here.keys().eq(there.keys()) => {
                let missing = all(name, here, there).values().map(Compared::missing).sum();
                TopicState::Partitions { source: here.len(), target: there.len(), missing }
            }
            (Some(_), Some(there)) if ends_before(name, there, notes, |noted| noted.target) => TopicState::Recreated,
            (Some(here), Some(_)) if ends_before(name, here, notes, |noted| noted.source) => TopicState::OtherSource,
            (Some(here), Some(there)) => TopicState::Both(all(name, here, there)),
        };
        Self {
            topics: names.into_iter().map(|name| (name.clone(), state(name))).collect(),
            groups: group::compare(source, target, notes, counted, topics, groups),
            unplaced: group::unplaced(source, target, topics, groups),
            hidden: counted.hidden.clone(),
        }
    }

    fn partitions(&self) -> impl Iterator<Item = &Compared> {
        self.topics
            .values()
            .flat_map(|state| match state {
                TopicState::Both(partitions) => Some(partitions.values()),
                _ => None,
            })
            .flatten()
    }

    fn committed(&self) -> impl Iterator<Item = &Committed> {
        self.groups.values().flat_map(BTreeMap::values).flat_map(BTreeMap::values)
    }

    /// Records that have not arrived, at most: those of topics and partitions that are not at the target yet, too.
    pub fn missing(&self) -> u64 {
        let missing = |state: &TopicState| match state {
            TopicState::Both(partitions) => partitions.values().map(Compared::missing).fold(0, u64::saturating_add),
            TopicState::OnlySource(missing) | TopicState::Partitions { missing, .. } => *missing,
            TopicState::OnlyTarget | TopicState::Recreated | TopicState::OtherSource => 0,
        };
        self.topics.values().map(missing).fold(0, u64::saturating_add)
    }

    /// Each partition that both looks have, in this one and in an earlier one.
    fn pairs<'c>(&'c self, earlier: &'c Self) -> impl Iterator<Item = (&'c Compared, &'c Compared)> {
        let both = self.topics.iter().filter_map(|(topic, state)| match (state, earlier.topics.get(topic)?) {
            (TopicState::Both(now), TopicState::Both(then)) => Some((now, then)),
            _ => None,
        });
        both.flat_map(|(now, then)| now.iter().filter_map(|(at, now)| Some((now, then.get(at)?))))
    }

    /// Offsets whose records expired before they were copied, at most: they are lost for the target.
    pub fn expired(&self) -> u64 {
        self.partitions().map(|partition| partition.expired).fold(0, u64::saturating_add)
    }

    /// Records that groups will read a second time at the target, at most.
    pub fn read_again(&self) -> u64 {
        self.committed().map(|committed| committed.verdict.read_again()).fold(0, u64::saturating_add)
    }

    /// Topics into which something was written at the source since an earlier look.
    pub fn written_since(&self, earlier: &Self) -> Vec<&str> {
        let end = |of: &Self, topic: &str| match of.topics.get(topic) {
            Some(TopicState::Both(partitions)) => {
                Some(partitions.values().map(|at| at.source.end).fold(0_i64, i64::saturating_add))
            }
            _ => None,
        };
        let is_longer =
            |topic: &&String| end(earlier, topic).zip(end(self, topic)).is_some_and(|(then, now)| now > then);
        self.topics.keys().filter(is_longer).map(String::as_str).collect()
    }

    /// Whether the source has none of the topics: another cluster than was meant, an emptied one, or topics of other names. What the target
    /// has does not count.
    pub fn is_nothing(&self) -> bool {
        self.topics.values().all(|state| matches!(state, TopicState::OnlyTarget))
    }

    /// Whether all records arrived, in topics with the same partitions: never where there is none at the source, or where an open transaction hides
    /// some. It says nothing of the future: producers must have stopped.
    pub fn has_all_records(&self) -> bool {
        !self.is_nothing()
            && self.hidden.is_empty()
            && self.topics.values().all(|state| match state {
                TopicState::Both(partitions) => partitions.values().all(Compared::is_whole),
                TopicState::OnlyTarget => true,
                TopicState::OnlySource(_)
                | TopicState::Recreated
                | TopicState::OtherSource
                | TopicState::Partitions { .. } => false,
            })
    }

    /// Whether all records arrived, and no group would skip one or begin anywhere. Where it is not for a group's sake,
    /// [`Comparison::to_commit`] may help.
    pub fn is_complete(&self) -> bool {
        self.has_all_records() && self.committed().all(|committed| committed.verdict.is_safe())
    }

    /// Where groups begin as their own setting says (`auto.offset.reset`): with all records that are there, or behind them. The source has no place
    /// of theirs, so nothing is missing as far as the mirror goes: a cluster that was mirrored without `sync.group.offsets.enabled` has none at all.
    pub fn unplaced(&self) -> &Unplaced {
        &self.unplaced
    }

    /// What open transactions hide at the source, in two looks: nobody knows whether those records count, and none of them arrives.
    pub fn hidden(&self) -> &[Hidden] {
        &self.hidden
    }

    /// Offsets to commit at the target so that groups go on exactly where they were, by group: where MirrorMaker left them behind, or
    /// without one, and the place is known.
    ///
    /// It does both: it translates by one pair alone, to the place right after it, and of the pairs that were there before its own start
    /// it uses the newest only (`OffsetSyncStore`): a group that lags gets an early offset, or none.
    pub fn to_commit(&self) -> BTreeMap<String, Offsets> {
        let mut all: BTreeMap<String, Offsets> = BTreeMap::new();
        for (group, topics) in &self.groups {
            for (topic, partitions) in topics {
                for (partition, committed) in partitions {
                    if let Some(offset) = committed.to_commit() {
                        all.entry(group.clone())
                            .or_default()
                            .entry(topic.clone())
                            .or_default()
                            .insert(*partition, offset);
                    }
                }
            }
        }
        all
    }
}

/// Whether a partition of a topic ends before what was noted of it.
fn ends_before(topic: &str, partitions: &BTreeMap<i32, Ends>, notes: &Notes, of: fn(Pair) -> i64) -> bool {
    partitions.iter().any(|(at, ends)| notes.newest(topic, *at).is_some_and(|noted| of(noted) >= ends.end))
}

/// Whether any partition ends before what was noted of it, on either side: so it looks, too, if records arrived after the ends were read.
pub(crate) fn any_ends_before(source: &Positions, target: &Positions, notes: &Notes) -> bool {
    let any =
        |side: &Positions, of: fn(Pair) -> i64| side.iter().any(|(topic, ends)| ends_before(topic, ends, notes, of));
    any(source, |noted| noted.source) || any(target, |noted| noted.target)
}

/// A topic of the mirror that has records at the target before the mirror began.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "topic {topic:?}, partition {partition} has offsets {} to {} at the target already: a mirror would put its records behind them. \
     Mirror to a new cluster, or delete the topic there", ends.begin, ends.end
)]
pub struct Occupied {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// What it has.
    pub ends: Ends,
}

/// Which partitions at the target are not new, though this mirror has noted nothing of them: what is in them is not its own. One that
/// was emptied counts, too: its offsets do not begin at 0, and groups may have committed some of them.
pub fn occupied(target: &Positions, notes: &Notes, topics: &Topics) -> Vec<Occupied> {
    let meant = target.iter().filter(|(topic, _)| topics.contain(topic));
    let all = meant
        .flat_map(|(topic, partitions)| partitions.iter().map(move |(partition, ends)| (topic, *partition, *ends)));
    all.filter(|(topic, partition, ends)| ends.end > 0 && notes.newest(topic, *partition).is_none())
        .map(|(topic, partition, ends)| Occupied { topic: topic.clone(), partition, ends })
        .collect()
}
