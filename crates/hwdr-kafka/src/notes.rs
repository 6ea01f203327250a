//! What MirrorMaker notes: which offset became which.
//!
//! It writes a pair (offset at the source, offset at the target) for the first record after each start, for every hundredth, for the
//! first after each gap at the source, and for the last one at each flush (`OffsetSyncWriter.PartitionState.update`,
//! `MirrorSourceTask.commit`). The topic is compacted by partition, so old pairs vanish; the newest stays.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::{Client, Ends, Error, Offsets, Topic, of_partition};
use crate::wire::read::{Malformed, Reader};

/// A pair of offsets of the same record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// At the source.
    pub source: i64,
    /// At the target.
    pub target: i64,
}

/// Pairs with the same distance, in one piece.
///
/// Between two of them with the same distance, as many records arrived as the source has offsets there: each offset holds one record,
/// and each translates exactly. It would be wrong only if as many records were lost as came twice in between, and no gap and no start
/// had been noted, which MirrorMaker does at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    first: Pair,
    last: Pair,
}

/// What an offset of the source is at the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Translated {
    /// This: all records from there on, and no other, come after it.
    Exact(i64),
    /// This or later. From here on nothing is skipped, but some records may come twice.
    AtLeast(i64),
    /// Nobody noted anything before it.
    Unknown,
}

impl Translated {
    /// These notes, where the target begins later: what lay before is gone, and the first that is left comes next.
    pub(crate) fn not_before(self, begin: i64) -> Self {
        match self {
            Self::Exact(at) => Self::Exact(at.max(begin)),
            Self::AtLeast(at) => Self::AtLeast(at.max(begin)),
            Self::Unknown => Self::Unknown,
        }
    }
}

/// All pairs of a mirror, by topic and partition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    runs: BTreeMap<String, BTreeMap<i32, Vec<Run>>>,
    /// Where to go on reading.
    read: i64,
    /// Where the mirror goes on, by its own positions: a mirror that was told where to begin has noted nothing of a partition until a record comes.
    begins: Offsets,
    /// Where the source began when the mirror did.
    began: Offsets,
    twice: u64,
}

/// Offsets of the source, before its beginning, between two records that arrived one after the other as far as was noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The offset at the source of the one before.
    pub(crate) after: i64,
    /// How many offsets of the source lie between.
    offsets: u64,
    /// What lies between at the target.
    pub(crate) target: Ends,
}

impl Notes {
    /// Takes the next pair.
    pub fn add(&mut self, topic: &str, partition: i32, pair: Pair) {
        let runs = self.runs.entry(topic.to_owned()).or_default().entry(partition).or_default();
        if let Some(last) = runs.last().map(|run| run.last).filter(|last| pair.source <= last.source) {
            // What came once more: all that arrived since, but for what is further on at the source.
            let arrived = pair.target.saturating_sub(last.target);
            let again = arrived.saturating_sub(pair.source.saturating_sub(last.source));
            self.twice = self.twice.saturating_add(u64::try_from(again).ok().filter(|_| arrived > 0).unwrap_or(0));
        }
        // The mirror went back, after it was killed: what it copies again is now further on in the target.
        runs.retain(|run| run.first.source < pair.source);
        if let Some(run) = runs.last_mut() {
            let back = run.last.source.saturating_sub(pair.source).saturating_add(1).max(0);
            run.last.source = run.last.source.saturating_sub(back);
            run.last.target = run.last.target.saturating_sub(back);
            if back == 0 && distance(run.last) == distance(pair) {
                run.last = pair;
                return;
            }
        }
        runs.push(Run { first: pair, last: pair });
    }

    fn of(&self, topic: &str, partition: i32) -> &[Run] {
        self.runs.get(topic).and_then(|topic| topic.get(&partition)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The last record that is known to have arrived.
    pub fn newest(&self, topic: &str, partition: i32) -> Option<Pair> {
        self.of(topic, partition).last().map(|run| run.last)
    }

    /// Records that came more than once, at most, as far as was noted: MirrorMaker was killed, and went back.
    pub fn twice(&self) -> u64 {
        self.twice
    }

    /// Takes where the source began when the mirror did: what expired since, before the first record came, is gone, too.
    pub(crate) fn began_at(&mut self, began: Offsets) {
        self.began = began;
    }

    /// Takes the mirror's own positions.
    pub(crate) fn begins_at(&mut self, begins: Offsets) {
        self.begins = begins;
    }

    /// The first offset that is to be copied of a partition of which nothing was noted, if the mirror knows it. One behind the end is of another
    /// cluster.
    pub(crate) fn begins(&self, topic: &str, partition: i32, end: i64) -> Option<i64> {
        let begins = of_partition(&self.begins, topic, partition);
        begins.filter(|begins| *begins <= end && self.newest(topic, partition).is_none())
    }

    /// What an offset of the source is at the target.
    pub fn translate(&self, topic: &str, partition: i32, offset: i64) -> Translated {
        let runs = self.of(topic, partition);
        let behind = runs.partition_point(|run| run.first.source <= offset);
        let Some(run) = behind.checked_sub(1).and_then(|at| runs.get(at)) else { return Translated::Unknown };
        let past = offset.saturating_sub(run.last.source);
        if past <= 0 {
            return Translated::Exact(offset.saturating_add(distance(run.first)));
        }
        let next = run.last.target.saturating_add(1);
        let adjacent = runs.get(behind).is_some_and(|following| following.first.target == next);
        // Right behind the last, or in a gap in which nothing arrived: whatever comes, comes next.
        if past == 1 || adjacent { Translated::Exact(next) } else { Translated::AtLeast(next) }
    }

    /// The pairs around an offset that does not translate exactly: the last before it, and the first after it.
    pub(crate) fn around(&self, topic: &str, partition: i32, offset: i64) -> Option<(Pair, Option<Pair>)> {
        let runs = self.of(topic, partition);
        let behind = runs.partition_point(|run| run.first.source <= offset);
        let before = behind.checked_sub(1).and_then(|at| runs.get(at))?;
        Some((before.last, runs.get(behind).map(|run| run.first)))
    }

    /// The gaps before `begin`.
    pub(crate) fn gaps(&self, topic: &str, partition: i32, begin: i64) -> Vec<Gap> {
        let began = of_partition(&self.began, topic, partition);
        // As if the record before the first had arrived.
        let first = began.map(|began| Pair { source: began.saturating_sub(1), target: -1 });
        let runs = self.of(topic, partition);
        let before = first.into_iter().chain(runs.iter().map(|run| run.last));
        let next = runs.iter().skip(usize::from(first.is_none())).map(|run| run.first);
        let gap = |(before, next): (Pair, Pair)| {
            let offsets = next.source.min(begin).saturating_sub(before.source).saturating_sub(1);
            let target = Ends { begin: before.target.saturating_add(1), end: next.target };
            let offsets = u64::try_from(offsets).ok().filter(|offsets| *offsets > 0)?;
            Some(Gap { after: before.source, offsets, target })
        };
        if let (Some(first), true) = (first, runs.is_empty()) {
            return gap((first, Pair { source: begin, target: 0 })).into_iter().collect();
        }
        before.zip(next).filter_map(gap).collect()
    }

    /// Offsets of the source, before `begin`, that no record arrived from though records around them did: records that expired before
    /// the mirror came to them, or markers of transactions, or compacted records: they are gone, and nobody can tell which they were. `counted` gives
    /// how many records lie in a gap at the target, where that is known: an exactly-once mirror has markers of its own there, which stand in for
    /// records that are gone. Otherwise, each offset counts.
    pub(crate) fn gone(&self, topic: &str, partition: i32, begin: i64, counted: impl Fn(Gap) -> Option<u64>) -> u64 {
        let gaps = self.gaps(topic, partition, begin).into_iter();
        let gone = |gap: Gap| {
            let offsets = gap.target.end.saturating_sub(gap.target.begin);
            gap.offsets.saturating_sub(counted(gap).unwrap_or(u64::try_from(offsets).unwrap_or(0)))
        };
        gaps.map(gone).fold(0, u64::saturating_add)
    }

    /// Reads what was noted since the last call, from the topic that [`crate::mirror::Mirror::offset_syncs_topic`] names. Where there
    /// is no such topic, nothing was noted.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn read_on(
        &mut self,
        target: &mut Client,
        all: &[Topic],
        topic: &str,
        within: Duration,
    ) -> Result<(), Error> {
        let Some(own) = all.iter().find(|one| one.name == topic).cloned() else { return Ok(()) };
        let ends =
            target.positions(&[own], within).await?.get(topic).and_then(|own| own.get(&0)).copied().unwrap_or_default();
        if ends.end < self.read {
            // It was deleted and made anew.
            *self = Self { began: std::mem::take(&mut self.began), ..Self::default() };
        }
        let between = Ends { begin: self.read.max(ends.begin), ..ends };
        let each = |record: crate::records::Record| {
            if let (Some(key), Some(value)) = (&record.key, &record.value) {
                let (topic, partition, pair) = pair(key, value)?;
                self.add(&topic, partition, pair);
            }
            Ok(())
        };
        target.records(topic, 0, between, within, each).await?;
        self.read = ends.end;
        Ok(())
    }
}

fn distance(pair: Pair) -> i64 {
    pair.target.saturating_sub(pair.source)
}

/// `OffsetSync.KEY_SCHEMA` and `VALUE_SCHEMA`.
fn pair(key: &[u8], value: &[u8]) -> Result<(String, i32, Pair), Malformed> {
    let mut key = Reader::new(key, false);
    let (topic, partition) = (key.string()?, key.i32()?);
    key.end()?;
    let mut value = Reader::new(value, false);
    let pair = Pair { source: value.i64()?, target: value.i64()? };
    value.end()?;
    if pair.source < 0 || pair.target < 0 {
        return Err(Malformed("a pair of offsets has a negative one"));
    }
    Ok((topic, partition, pair))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn noted(pairs: &[(i64, i64)]) -> Notes {
        let mut notes = Notes::default();
        for &(source, target) in pairs {
            notes.add("t", 0, Pair { source, target });
        }
        notes
    }

    #[test]
    fn translates() {
        use Translated::{AtLeast, Exact, Unknown};
        // 100 to 199 arrived as 0 to 99; 200 is a marker; 201 to 300 arrived as 100 to 199.
        let notes = noted(&[(100, 0), (199, 99), (201, 100), (300, 199)]);
        for (offset, to) in [
            (99, Unknown),
            (100, Exact(0)),
            (150, Exact(50)),
            (199, Exact(99)),
            (200, Exact(100)),
            (201, Exact(100)),
            (300, Exact(199)),
            (301, Exact(200)),
            (302, AtLeast(200)),
            (400, AtLeast(200)),
        ] {
            assert_eq!(notes.translate("t", 0, offset), to, "{offset}");
        }
        assert_eq!(notes.translate("t", 1, 150), Unknown);
        // Ten of the twenty between the pairs are missing: nobody knows which.
        let notes = noted(&[(0, 0), (20, 10)]);
        assert_eq!(notes.translate("t", 0, 5), AtLeast(1));
    }

    #[test]
    fn goes_back_after_a_kill() {
        let mut notes = noted(&[(0, 0), (99, 99)]);
        // Killed; 60 to 99 come again as 100 to 139.
        notes.add("t", 0, Pair { source: 60, target: 100 });
        notes.add("t", 0, Pair { source: 99, target: 139 });
        assert_eq!(notes.translate("t", 0, 59), Translated::Exact(59));
        assert_eq!(notes.translate("t", 0, 60), Translated::Exact(100));
        assert_eq!(notes.translate("t", 0, 100), Translated::Exact(140));
        assert_eq!(notes.newest("t", 0), Some(Pair { source: 99, target: 139 }));
        assert_eq!(notes.twice(), 40);
        // Killed once more, when ten had come that were not noted.
        notes.add("t", 0, Pair { source: 90, target: 150 });
        assert_eq!(notes.twice(), 60);
        assert_eq!(noted(&[(0, 0), (9, 9), (9, 9), (30, 41)]).twice(), 0);
    }

    #[test]
    fn counts_what_is_gone() {
        let notes = noted(&[(0, 0), (9, 9), (50, 10), (60, 20)]);
        let gone = |notes: &Notes, begin| notes.gone("t", 0, begin, |_| None);
        assert_eq!(gone(&notes, 50), 40, "10 to 49");
        assert_eq!(gone(&notes, 20), 10, "those that the source still has are not gone");
        assert_eq!(gone(&notes, 0), 0);
        // Markers at the target stand in for nothing.
        let notes = noted(&[(0, 0), (9, 9), (30, 41)]);
        assert_eq!(gone(&notes, 30), 0, "nobody has counted");
        assert_eq!(notes.gone("t", 0, 30, |gap| (gap.target == Ends { begin: 10, end: 41 }).then_some(0)), 20);
        assert_eq!(notes.gone("t", 0, 30, |_| Some(15)), 5);
    }

    #[test]
    fn counts_what_was_gone_before_the_first_came() {
        let began = |pairs: &[(i64, i64)]| {
            let mut notes = noted(pairs);
            notes.began_at([("t".to_owned(), [(0, 100)].into())].into());
            notes
        };
        let gone = |notes: &Notes, begin| notes.gone("t", 0, begin, |_| None);
        assert_eq!(gone(&began(&[(150, 0), (199, 49)]), 150), 50);
        assert_eq!(gone(&began(&[(100, 0), (199, 99)]), 150), 0, "all that expired had come");
        assert_eq!(gone(&began(&[(150, 50)]), 150), 0, "the first notes are gone, not the records");
        assert_eq!(gone(&began(&[]), 130), 30, "nothing has come");
        assert_eq!(gone(&noted(&[]), 130), 0);
        assert_eq!(gone(&began(&[(150, 0), (160, 10), (190, 11)]), 180), 50 + 19);
    }

    #[test]
    fn reads_as_mirror_maker_writes() {
        let key = b"\0\x02ab\0\0\0\x07";
        let value = [&9_i64.to_be_bytes()[..], &4_i64.to_be_bytes()].concat();
        assert_eq!(pair(key, &value), Ok(("ab".to_owned(), 7, Pair { source: 9, target: 4 })));
        pair(&key[..5], &value).expect_err("cut off");
        pair(key, &(-1_i64).to_be_bytes().repeat(2)).expect_err("negative");
    }

    proptest! {
        /// A source with gaps, a mirror that is killed now and then, and notes at random: no translation skips a record.
        #[test]
        fn never_skips(
            gaps in prop::collection::vec(any::<bool>(), 1..80),
            kills in prop::collection::btree_set(0_usize..80, 0..4),
            every in 1_usize..20,
        ) {
            let records: Vec<i64> = (0_i64..).zip(&gaps).filter(|(_, gap)| !**gap).map(|(offset, _)| offset).collect();
            let mut copies: Vec<i64> = Vec::new();
            let mut notes = Notes::default();
            let (mut at, mut before, mut kills) = (0, None, kills);
            while at < records.len() {
                let source = records[at];
                let pair = Pair { source, target: i64::try_from(copies.len()).expect("few") };
                if before.is_none_or(|before| source != before + 1) || copies.len().is_multiple_of(every) {
                    notes.add("t", 0, pair);
                }
                copies.push(source);
                (at, before) = (at + 1, Some(source));
                if kills.remove(&copies.len()) {
                    (at, before) = (at.saturating_sub(7), None);
                }
            }
            for offset in 0..i64::try_from(gaps.len()).expect("few") + 2 {
                let (from, exact) = match notes.translate("t", 0, offset) {
                    Translated::Exact(from) => (from, true),
                    Translated::AtLeast(from) => (from, false),
                    Translated::Unknown => continue,
                };
                let rest: Vec<i64> = copies[usize::try_from(from).expect("an offset").min(copies.len())..].to_vec();
                for record in records.iter().filter(|record| **record >= offset) {
                    prop_assert!(rest.contains(record), "{record} is skipped from {from} for {offset}: {copies:?}");
                }
                if exact && notes.newest("t", 0).is_some_and(|pair| pair.source >= offset) {
                    prop_assert!(rest.first().is_none_or(|first| *first >= offset), "{offset} to {from}: {copies:?}");
                }
            }
        }
    }
}
