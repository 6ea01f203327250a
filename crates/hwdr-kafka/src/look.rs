//! One look at both sides of a mirror.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::client::{Client, Code, Ends, Error, Offsets, Positions, Topic, of_partition};
use crate::compare::{Comparison, Counted, Hidden, Side, any_ends_before, behind};
use crate::mirror::{self, Mirror};
use crate::notes::{Notes, Translated};

/// A partition with more than this many offsets that may be missing is not counted: the difference of offsets says enough.
const COUNTED: i64 = 10_000;
/// The same for a partition of which nothing was noted.
const MARKERS: i64 = 10;
/// How many gaps are counted in one look.
const GAPS: usize = 100;
/// How many partitions are counted in one look, of those that were not counted before: a look must not take long.
const PARTITIONS: usize = 100;

/// By topic and partition: what was counted between which ends, at the source and at the target.
type Known = BTreeMap<(String, i32), (Ends, Ends, (u64, u64))>;

/// Both ends of a mirror, and what it noted.
pub struct Looker {
    /// Where records are read.
    pub source: Client,
    /// Where they are written.
    pub target: Client,
    notes: Notes,
    known: Known,
    /// By topic, partition and the offset at the source before it: each gap at the target, and how many records are in it.
    gaps: BTreeMap<(String, i32, i64), (Ends, u64)>,
    /// Partitions of the source in which more was written than decided, in the last look, and where what was decided ended.
    undecided: Offsets,
}

impl Looker {
    /// Nothing is read yet.
    pub fn new(source: Client, target: Client) -> Self {
        Self {
            source,
            target,
            notes: Notes::default(),
            known: Known::new(),
            gaps: BTreeMap::new(),
            undecided: Offsets::new(),
        }
    }

    /// Takes where the source began before the mirror did: what expires until its first record comes is counted as expired.
    pub fn began_at(&mut self, began: Offsets) {
        self.notes.began_at(began);
    }

    /// What MirrorMaker noted, as far as was read.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// How many records the source has twice, at most, by what mirrors into it have noted there: one that was killed sends some once more.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn twice_at_source(&mut self, within: Duration) -> Result<u64, Error> {
        let all = self.source.topics(within).await?;
        let mut twice = 0_u64;
        for topic in all.iter().filter(|topic| mirror::is_offset_syncs(&topic.name)) {
            let mut notes = Notes::default();
            notes.read_on(&mut self.source, &all, &topic.name, within).await?;
            twice = twice.saturating_add(notes.twice());
        }
        Ok(twice)
    }

    /// Looks at both sides and compares them.
    ///
    /// The source is read before the target: what looks complete was complete, at the time of the look at the source.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn look(&mut self, mirror: &Mirror, within: Duration) -> Result<Comparison, Error> {
        self.limited(mirror, within, false).await
    }

    /// Looks at both sides and compares them, and where a group's place lies between two notes, finds it by counting the records there: for
    /// the end of a restore, when nothing moves any more.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn look_closely(&mut self, mirror: &Mirror, within: Duration) -> Result<Comparison, Error> {
        self.limited(mirror, within, true).await
    }

    async fn limited(&mut self, mirror: &Mirror, within: Duration, closely: bool) -> Result<Comparison, Error> {
        // Each of the calls inside has this limit, and so has their sum.
        match tokio::time::timeout(within, self.look_now(mirror, within, closely)).await {
            Ok(looked) => looked,
            Err(_) => {
                Err(Error::Late { what: "the look at both clusters", within, last: "it took too long".to_owned() })
            }
        }
    }

    async fn look_now(&mut self, mirror: &Mirror, within: Duration, closely: bool) -> Result<Comparison, Error> {
        let (mut source, here) = side(&mut self.source, mirror, within).await?;
        let (mut target, there) = side(&mut self.target, mirror, within).await?;
        self.notes.read_on(&mut self.target, &there, &mirror.offset_syncs_topic(), within).await?;
        if any_ends_before(&source.positions, &target.positions, &self.notes) {
            // What arrived meanwhile lies behind these ends. Read again, they tell it from a topic that was deleted.
            source.positions = self.source.positions(&meant(&here, mirror), within).await?;
            target.positions = self.target.positions(&meant(&there, mirror), within).await?;
        }
        if has_no_note(&source.positions, &self.notes) {
            // Without them more seems to be missing, which is no reason to see nothing: they may need a right that the notes do not.
            match self.target.begins_at(mirror, &there, within).await {
                Ok(begins) => self.notes.begins_at(begins),
                Err(error) => tracing::debug!(%error, "the positions of the mirror were not read"),
            }
        }
        let written = self.source.written(&meant(&here, mirror), within).await?;
        let mut counted =
            Counted { hidden: hidden(&source.positions, &written, &mut self.undecided), ..Counted::default() };
        let most = if closely { usize::MAX } else { PARTITIONS };
        self.count(&source, &target, &mut counted, most, within).await?;
        self.fill_gaps(&source, &target, &mut counted, within).await?;
        if closely {
            self.place(&source, &target, &mut counted, within).await?;
        }
        Ok(Comparison::new(&source, &target, &self.notes, &counted, &mirror.topics, &mirror.groups))
    }

    /// Counts records where offsets alone leave open whether any is missing, in so many partitions at most. What was counted before
    /// between the same ends is known: the next look goes on with others.
    async fn count(
        &mut self,
        source: &Side,
        target: &Side,
        counted: &mut Counted,
        most: usize,
        within: Duration,
    ) -> Result<(), Error> {
        let open = open(&source.positions, &target.positions, &self.notes);
        for (topic, partition, here, there) in uncounted(open, &self.known, counted).into_iter().take(most) {
            // What cannot be counted is missing, as far as is known.
            let Some(waiting) = countable(self.source.count(&topic, partition, here, within).await)? else { continue };
            let Some(arrived) = countable(self.target.count(&topic, partition, there, within).await)? else { continue };
            let both = (waiting.records, arrived.records);
            self.known.insert((topic.clone(), partition), (here, there, both));
            counted.behind.insert((topic, partition), both);
        }
        Ok(())
    }

    /// Counts the records at the target in gaps of what was noted, where the source has lost some: markers of an exactly-once mirror are none. Each gap is
    /// counted once; where it is too long, or has expired at the target, its offsets count.
    async fn fill_gaps(
        &mut self,
        source: &Side,
        target: &Side,
        counted: &mut Counted,
        within: Duration,
    ) -> Result<(), Error> {
        let mut left = GAPS;
        for (key, lies) in gaps(&source.positions, &target.positions, &self.notes) {
            let records = match self.gaps.get(&key) {
                Some((known, records)) if *known == lies => *records,
                _ if left == 0 => continue,
                _ => {
                    left = left.saturating_sub(1);
                    let Some(read) = countable(self.target.count(&key.0, key.1, lies, within).await)? else { continue };
                    self.gaps.insert(key.clone(), (lies, read.records));
                    read.records
                }
            };
            counted.gaps.insert(key, records);
        }
        Ok(())
    }

    /// Finds groups' places between two notes. If as many records lie between the notes at both sides, they are the same, and in
    /// the same order: the one that comes next at the source is as many behind the first note as at the target. Where they cannot be
    /// counted, because some expired or are compressed, the note before stays the place: from there on, nothing is skipped.
    async fn place(
        &mut self,
        source: &Side,
        target: &Side,
        counted: &mut Counted,
        within: Duration,
    ) -> Result<(), Error> {
        for (topic, partition, place) in places(source) {
            if !matches!(self.notes.translate(&topic, partition, place), Translated::AtLeast(_)) {
                continue;
            }
            let Some((before, after)) = self.notes.around(&topic, partition, place) else { continue };
            let ends = |side: &Side| of_partition(&side.positions, &topic, partition);
            let (Some(here), Some(there)) = (ends(source), ends(target)) else { continue };
            let here = between(here, before.source, after.map(|after| after.source));
            let there = between(there, before.target, after.map(|after| after.target));
            let (Some(here), Some(there)) = (here, there) else { continue };
            let found = self.find(&topic, partition, place, here, there, within).await;
            if let Some(Some(found)) = countable(found)? {
                counted.places.insert((topic, partition, place), found);
            }
        }
        Ok(())
    }

    /// The place at the target, if as many records lie between the notes at both sides.
    async fn find(
        &mut self,
        topic: &str,
        partition: i32,
        place: i64,
        here: Ends,
        there: Ends,
        within: Duration,
    ) -> Result<Option<i64>, Error> {
        let all = self.source.count(topic, partition, here, within).await?.records;
        if self.target.count(topic, partition, there, within).await?.records != all {
            return Ok(None);
        }
        let passed =
            self.source.count(topic, partition, Ends { end: place.min(here.end), ..here }, within).await?.records;
        self.target.nth(topic, partition, there, passed, within).await.map(Some)
    }
}

/// What lies behind a noted offset and before the next one, if all of it is still there and it is few enough to be counted.
fn between(ends: Ends, before: i64, after: Option<i64>) -> Option<Ends> {
    let between = Ends { begin: before.saturating_add(1), end: after.unwrap_or(ends.end) };
    let is_whole = between.begin >= ends.begin && between.end <= ends.end;
    (is_whole && between.end.saturating_sub(between.begin) <= COUNTED).then_some(between)
}

/// What was counted; none if the records expired meanwhile, or are compressed in a way that hwdr does not read. No later look would do better, so
/// this is no reason to give up.
fn countable<T>(counted: Result<T, Error>) -> Result<Option<T>, Error> {
    match counted {
        Ok(counted) => Ok(Some(counted)),
        Err(Error::Record { .. } | Error::Refused { code: Code::OFFSET_OUT_OF_RANGE, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The gaps that can be counted, each by topic, partition and the offset at the source before it, and where it lies at the target.
fn gaps(source: &Positions, target: &Positions, notes: &Notes) -> Vec<((String, i32, i64), Ends)> {
    let mut gaps = Vec::new();
    for (topic, partitions) in source {
        for (partition, ends) in partitions {
            let Some(there) = of_partition(target, topic, *partition) else { continue };
            let is_there = |Ends { begin, end }: Ends| {
                begin < end && begin >= there.begin && end <= there.end && end.saturating_sub(begin) <= COUNTED
            };
            let all = notes.gaps(topic, *partition, ends.begin).into_iter().filter(|gap| is_there(gap.target));
            gaps.extend(all.map(|gap| ((topic.clone(), *partition, gap.after), gap.target)));
        }
    }
    gaps
}

/// Partitions in which more is written than decided, where what is decided has not moved since the last look: a transaction is open, and may stay so if
/// its producer is gone. `undecided` is what the last look saw, and then what this one did.
fn hidden(source: &Positions, written: &Offsets, undecided: &mut Offsets) -> Vec<Hidden> {
    let mut now = Offsets::new();
    let mut hidden = Vec::new();
    for (topic, partitions) in source {
        for (partition, ends) in partitions {
            let written = of_partition(written, topic, *partition).unwrap_or(ends.end);
            let records = u64::try_from(written.saturating_sub(ends.end)).unwrap_or(0);
            if records == 0 {
                continue;
            }
            now.entry(topic.clone()).or_default().insert(*partition, ends.end);
            if of_partition(undecided, topic, *partition) == Some(ends.end) {
                hidden.push(Hidden { topic: topic.clone(), partition: *partition, since: ends.end, records });
            }
        }
    }
    *undecided = now;
    hidden
}

/// Whether nothing was noted of a partition that has had records.
fn has_no_note(source: &Positions, notes: &Notes) -> bool {
    let mut all = source.iter().flat_map(|(topic, ends)| ends.iter().map(move |(at, ends)| (topic, *at, ends)));
    all.any(|(topic, partition, ends)| ends.end > 0 && notes.newest(topic, partition).is_none())
}

/// Where groups are.
fn places(source: &Side) -> BTreeSet<(String, i32, i64)> {
    let mut places = BTreeSet::new();
    for (topic, partitions) in source.committed.values().flatten() {
        for (partition, committed) in partitions {
            if let Some(ends) = of_partition(&source.positions, topic, *partition) {
                places.insert((topic.clone(), *partition, (*committed).max(ends.begin)));
            }
        }
    }
    places
}

/// A partition, and what is to be counted at the source and at the target.
type Open = (String, i32, Ends, Ends);

/// Those that are not known, after the others are taken as counted.
fn uncounted(open: Vec<Open>, known: &Known, counted: &mut Counted) -> Vec<Open> {
    let mut rest = Vec::new();
    for (topic, partition, here, there) in open {
        match known.get(&(topic.clone(), partition)) {
            Some((at_source, at_target, both)) if (*at_source, *at_target) == (here, there) => {
                counted.behind.insert((topic, partition), *both);
            }
            _ => rest.push((topic, partition, here, there)),
        }
    }
    rest
}

/// Partitions with a few offsets behind the last noted record, at the source: any of them may be a record or none.
fn open(source: &Positions, target: &Positions, notes: &Notes) -> Vec<Open> {
    let few = |ends: Ends, most: i64| ends.end.saturating_sub(ends.begin) <= most;
    let mut open = Vec::new();
    for (topic, partitions) in source {
        for (partition, ends) in partitions {
            let Some(other) = of_partition(target, topic, *partition) else { continue };
            let noted = notes.newest(topic, *partition);
            let (here, there) = behind(*ends, other, noted, notes.begins(topic, *partition, ends.end));
            // With no note at all, nothing arrived: what is there may be the markers of transactions alone.
            let most = if noted.is_some() { COUNTED } else { MARKERS };
            // Or some expired behind the last that was noted: which of them arrived shows at the target.
            let has_expired =
                there.begin < there.end && noted.is_some_and(|noted| ends.begin > noted.source.saturating_add(1));
            if (here.begin < here.end || has_expired) && few(here, most) && few(there, most) {
                open.push((topic.clone(), *partition, here, there));
            }
        }
    }
    open
}

async fn side(client: &mut Client, mirror: &Mirror, within: Duration) -> Result<(Side, Vec<Topic>), Error> {
    let all = client.topics(within).await?;
    // Groups before ends: a group's place then never lies behind the end that it is compared with.
    let groups = client.groups(within).await?.into_iter().map(|group| group.id);
    let groups: Vec<String> = groups.filter(|group| mirror.groups.contain(group)).collect();
    let committed = client.committed(&groups, within).await?;
    let positions = client.positions(&meant(&all, mirror), within).await?;
    Ok((Side { positions, committed }, all))
}

/// The topics of the mirror.
fn meant(all: &[Topic], mirror: &Mirror) -> Vec<Topic> {
    all.iter().filter(|topic| mirror.topics.contain(&topic.name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Access;

    #[test]
    fn what_was_counted_is_not_counted_again() {
        let ends = |end| Ends { begin: 10, end };
        let open = |partition, end| ("t".to_owned(), partition, ends(end), ends(10));
        let known: Known = [(("t".to_owned(), 0), (ends(11), ends(10), (0, 0)))].into();
        let mut counted = Counted::default();
        let rest = uncounted(vec![open(0, 11), open(1, 11)], &known, &mut counted);
        assert_eq!(rest, [open(1, 11)]);
        assert_eq!(counted.behind, [(("t".to_owned(), 0), (0, 0))].into());
        // Something was written since.
        assert_eq!(uncounted(vec![open(0, 12)], &known, &mut Counted::default()), [open(0, 12)]);
    }

    #[test]
    fn what_an_open_transaction_hides_is_seen_in_two_looks() {
        let mut undecided = Offsets::new();
        let mut look = |end, written| {
            let source = [("t".to_owned(), [(0, Ends { begin: 0, end })].into())].into();
            hidden(&source, &[("t".to_owned(), [(0, written)].into())].into(), &mut undecided)
        };
        assert_eq!(look(10, 12), [], "it may have come between the two questions");
        let seen = Hidden { topic: "t".to_owned(), partition: 0, since: 10, records: 3 };
        assert_eq!(look(10, 13), [seen]);
        assert_eq!(look(14, 14), [], "it was decided");
        assert_eq!(look(14, 15), []);
        assert_eq!(look(20, 21), [], "it moves");
    }

    #[test]
    fn only_what_is_there_is_counted() {
        let ends = Ends { begin: 100, end: 300 };
        assert_eq!(between(ends, 99, Some(200)), Some(Ends { begin: 100, end: 200 }));
        assert_eq!(between(ends, 150, None), Some(Ends { begin: 151, end: 300 }));
        assert_eq!(between(ends, 98, Some(200)), None, "the record at 99 has expired");
        assert_eq!(between(Ends { begin: 0, end: 20_000 }, 0, None), None, "too many");
        let refused = |code| Err(Error::Refused { what: "the records".to_owned(), code });
        assert!(matches!(countable::<()>(refused(Code::OFFSET_OUT_OF_RANGE)), Ok(None)));
        assert!(countable::<()>(refused(Code(29))).is_err(), "a right that is missing");
        let problem = "the topic is compressed by LZ4".to_owned();
        assert!(matches!(
            countable::<()>(Err(Error::Record { topic: "t".to_owned(), partition: 0, offset: 7, problem })),
            Ok(None)
        ));
        assert_eq!(countable(Ok(3)).ok().flatten(), Some(3));
    }

    /// A caller may give the look to another thread.
    #[test]
    fn can_be_sent() {
        fn send<T: Send>(_: &T) {}
        let client = || Client::new(Vec::new(), Access::default()).expect("a client");
        let mut looker = Looker::new(client(), client());
        let mirror = crate::mirror::tests::mirror();
        send(&looker.look(&mirror, Duration::ZERO));
    }
}
