//! One look at both sides of a mirror.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::client::{Client, Ends, Error, Positions, Topic};
use crate::compare::{Comparison, Counted, Side, any_ends_before, behind};
use crate::mirror::Mirror;
use crate::notes::{Notes, Translated};

/// A partition with more than this many offsets that may be missing is not counted: the difference of offsets says enough.
const COUNTED: i64 = 10_000;
/// The same for a partition of which nothing was noted.
const MARKERS: i64 = 10;
/// How many partitions are counted in one look.
const PARTITIONS: usize = 100;

/// Both ends of a mirror, and what it noted.
pub struct Looker {
    /// Where records are read.
    pub source: Client,
    /// Where they are written.
    pub target: Client,
    notes: Notes,
}

impl Looker {
    /// Nothing is read yet.
    pub fn new(source: Client, target: Client) -> Self {
        Self { source, target, notes: Notes::default() }
    }

    /// What MirrorMaker noted, as far as was read.
    pub fn notes(&self) -> &Notes {
        &self.notes
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

    /// The same, and where a group's place lies between two notes, it is found by counting the records there: for the end of a restore,
    /// when nothing moves any more.
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
        let mut counted = Counted::default();
        self.count(&source, &target, &mut counted, within).await?;
        if closely {
            self.place(&source, &target, &mut counted, within).await?;
        }
        Ok(Comparison::new(&source, &target, &self.notes, &counted, &mirror.topics, &mirror.groups))
    }

    /// Counts records where offsets alone leave open whether any is missing.
    async fn count(
        &mut self,
        source: &Side,
        target: &Side,
        counted: &mut Counted,
        within: Duration,
    ) -> Result<(), Error> {
        for (topic, partition, here, there) in
            open(&source.positions, &target.positions, &self.notes).into_iter().take(PARTITIONS)
        {
            let waiting = self.source.count(&topic, partition, here, within).await?.records;
            let arrived = self.target.count(&topic, partition, there, within).await?.records;
            counted.behind.insert((topic, partition), (waiting, arrived));
        }
        Ok(())
    }

    /// Finds groups' places between two notes. If as many records lie between the notes at both sides, they are the same, and in
    /// the same order: the one that comes next at the source is as many behind the first note as at the target.
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
            let end =
                |side: &Side| side.positions.get(&topic).and_then(|topic| topic.get(&partition)).map(|ends| ends.end);
            let (Some(here), Some(there)) = (end(source), end(target)) else { continue };
            let here = Ends { begin: before.source.saturating_add(1), end: after.map_or(here, |after| after.source) };
            let there = Ends { begin: before.target.saturating_add(1), end: after.map_or(there, |after| after.target) };
            if here.end.saturating_sub(here.begin) > COUNTED || there.end.saturating_sub(there.begin) > COUNTED {
                continue;
            }
            let all = self.source.count(&topic, partition, here, within).await?.records;
            if self.target.count(&topic, partition, there, within).await?.records != all {
                continue;
            }
            let passed =
                self.source.count(&topic, partition, Ends { end: place.min(here.end), ..here }, within).await?.records;
            let found = self.target.nth(&topic, partition, there, passed, within).await?;
            counted.places.insert((topic, partition, place), found);
        }
        Ok(())
    }
}

/// Where groups are.
fn places(source: &Side) -> BTreeSet<(String, i32, i64)> {
    let mut places = BTreeSet::new();
    for (topic, partitions) in source.committed.values().flatten() {
        for (partition, committed) in partitions {
            if let Some(ends) = source.positions.get(topic).and_then(|topic| topic.get(partition)) {
                places.insert((topic.clone(), *partition, (*committed).max(ends.begin)));
            }
        }
    }
    places
}

/// Partitions with a few offsets behind the last noted record, at the source: any of them may be a record or none.
fn open(source: &Positions, target: &Positions, notes: &Notes) -> Vec<(String, i32, Ends, Ends)> {
    let few = |ends: Ends, most: i64| ends.end.saturating_sub(ends.begin) <= most;
    let mut open = Vec::new();
    for (topic, partitions) in source {
        for (partition, ends) in partitions {
            let Some(other) = target.get(topic).and_then(|topic| topic.get(partition)) else { continue };
            let noted = notes.newest(topic, *partition);
            let (here, there) = behind(*ends, *other, noted);
            // With no note at all, nothing arrived: what is there may be the markers of transactions alone.
            let most = if noted.is_some() { COUNTED } else { MARKERS };
            if here.begin < here.end && few(here, most) && few(there, most) {
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
