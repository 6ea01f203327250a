//! Where partitions begin and end.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Error;
use super::groups::Offsets;
use super::topics::Topic;
use super::{Client, retry};
use crate::wire::code::Code;
use crate::wire::offsets::{End, ListOffsets, NewestTimes};

/// Where a partition begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ends {
    /// The first offset that is kept.
    pub begin: i64,
    /// The offset after the last that is decided: open transactions lie beyond it.
    pub end: i64,
}

/// Partitions by topic and number.
pub type Positions = BTreeMap<String, BTreeMap<i32, Ends>>;

/// What is known of a partition.
pub fn of_partition<T: Copy>(all: &BTreeMap<String, BTreeMap<i32, T>>, topic: &str, partition: i32) -> Option<T> {
    all.get(topic)?.get(&partition).copied()
}

impl Client {
    /// Both ends of all partitions of these topics: two questions to each broker, however many partitions there are.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn positions(&mut self, topics: &[Topic], within: Duration) -> Result<Positions, Error> {
        retry!(self, "the offsets of partitions", within, self.positions_once(topics))
    }

    async fn positions_once(&mut self, topics: &[Topic]) -> Result<Positions, Error> {
        let mut positions = Positions::new();
        // The beginnings first: an end that was read before them could lie in front of them.
        for (topic, partition, offset) in self.one_end(topics, End::First).await? {
            positions.entry(topic).or_default().insert(partition, Ends { begin: offset, end: offset });
        }
        for (topic, partition, offset) in self.one_end(topics, End::Decided).await? {
            if let Some(ends) = positions.get_mut(&topic).and_then(|topic| topic.get_mut(&partition)) {
                ends.end = offset.max(ends.begin);
            }
        }
        Ok(positions)
    }

    /// Where what is written to these partitions ends, decided or not.
    ///
    /// # Errors
    /// See [`Error`].
    pub(crate) async fn written(&mut self, topics: &[Topic], within: Duration) -> Result<Offsets, Error> {
        retry!(self, "the offsets of partitions", within, self.written_once(topics))
    }

    async fn written_once(&mut self, topics: &[Topic]) -> Result<Offsets, Error> {
        let mut written = Offsets::new();
        for (topic, partition, offset) in self.one_end(topics, End::Written).await? {
            written.entry(topic).or_default().insert(partition, offset);
        }
        Ok(written)
    }

    /// The time of the newest record of each partition that has one, in milliseconds since 1970: as its producer, or the topic's broker, says.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn newest_records(&mut self, topics: &[Topic], within: Duration) -> Result<Offsets, Error> {
        retry!(self, "the times of records", within, self.newest_once(topics))
    }

    async fn newest_once(&mut self, topics: &[Topic]) -> Result<Offsets, Error> {
        let by_leader = self.by_leader(topics).await?;
        let requests = by_leader.iter().map(|(leader, topics)| (*leader, NewestTimes(topics))).collect();
        let mut newest = Offsets::new();
        for (topic, partitions) in self.ask_each(requests).await?.into_iter().flatten() {
            for (partition, code, time) in partitions {
                let what = || format!("the times of topic {topic:?}, partition {partition}");
                code.check().map_err(|code| Error::Refused { what: what(), code })?;
                if time >= 0 {
                    newest.entry(topic.clone()).or_default().insert(partition, time);
                }
            }
        }
        Ok(newest)
    }

    async fn one_end(&mut self, topics: &[Topic], end: End) -> Result<Vec<(String, i32, i64)>, Error> {
        let by_leader = self.by_leader(topics).await?;
        let requests = by_leader.iter().map(|(leader, topics)| (*leader, ListOffsets { end, topics })).collect();
        let mut offsets = Vec::new();
        for (topic, partitions) in self.ask_each(requests).await?.into_iter().flatten() {
            for (partition, code, offset) in partitions {
                let what = || format!("the offsets of topic {topic:?}, partition {partition}");
                code.check().map_err(|code| Error::Refused { what: what(), code })?;
                offsets.push((topic.clone(), partition, offset));
            }
        }
        Ok(offsets)
    }

    /// Partitions by the broker that leads them.
    async fn by_leader(&mut self, topics: &[Topic]) -> Result<BTreeMap<i32, Vec<(String, Vec<i32>)>>, Error> {
        let mut by_leader: BTreeMap<i32, Vec<(String, Vec<i32>)>> = BTreeMap::new();
        for topic in topics {
            for partition in &topic.partitions {
                let leader = self.leader(&topic.name, partition.index).await?;
                let own = by_leader.entry(leader).or_default();
                match own.last_mut() {
                    Some((name, indexes)) if *name == topic.name => indexes.push(partition.index),
                    _ => own.push((topic.name.clone(), vec![partition.index])),
                }
            }
        }
        Ok(by_leader)
    }

    /// Who leads a partition.
    pub(super) async fn leader(&mut self, topic: &str, partition: i32) -> Result<i32, Error> {
        if self.leaders.is_empty() {
            self.look().await?;
        }
        let refused =
            |code| Error::Refused { what: format!("topic {topic:?}, partition {partition}"), code: Code(code) };
        match self.leaders.get(topic).and_then(|topic| topic.get(&partition)) {
            Some(&leader @ 0..) => Ok(leader),
            Some(_) => Err(refused(5)),
            None => Err(refused(3)),
        }
    }
}
