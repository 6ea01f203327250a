//! Records of one partition: for MirrorMaker's own topics, and to tell records from markers at a partition's end.

use std::collections::HashSet;
use std::time::Duration;

use super::error::Error;
use super::offsets::Ends;
use super::{Client, retry};
use crate::records::{self, Record};
use crate::wire::offsets::{Fetch, Fetched};
use crate::wire::read::Malformed;

/// How much is asked for at a time.
const AT_ONCE: i32 = 4 << 20;

/// What a partition holds between two offsets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Read {
    /// Records that count: no markers, none of an aborted transaction.
    pub records: u64,
    /// The offset of the last of them.
    pub last: Option<i64>,
}

impl Client {
    /// Counts the records of a partition from one offset to another, without looking into them.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn count(&mut self, topic: &str, partition: i32, between: Ends, within: Duration) -> Result<Read, Error> {
        retry!(self, "the records of a partition", within, self.count_once(topic, partition, between))
    }

    /// The offset of the record that has this many before it; the end if there is none.
    ///
    /// # Errors
    /// See [`Error`].
    pub(crate) async fn nth(
        &mut self,
        topic: &str,
        partition: i32,
        between: Ends,
        passed: u64,
        within: Duration,
    ) -> Result<i64, Error> {
        let (mut rest, mut found) = (passed, None);
        let each = |record: Record| {
            if rest == 0 && found.is_none() {
                found = Some(record.offset);
            }
            rest = rest.saturating_sub(1);
            Ok(())
        };
        self.records(topic, partition, between, within, each).await?;
        Ok(found.unwrap_or(between.end))
    }

    async fn count_once(&mut self, topic: &str, partition: i32, between: Ends) -> Result<Read, Error> {
        let mut read = Read::default();
        let seen = |batch: &records::Batch<'_>| {
            if batch.first >= between.begin && batch.last < between.end {
                read.records = read.records.saturating_add(batch.count.into());
                read.last = Some(batch.last);
                return Ok(());
            }
            // Only a batch that lies across an end is opened.
            for record in batch.records()? {
                if (between.begin..between.end).contains(&record.offset) {
                    read.records = read.records.saturating_add(1);
                    read.last = Some(record.offset);
                }
            }
            Ok(())
        };
        self.each_batch(topic, partition, between, seen).await?;
        Ok(read)
    }

    /// The records of a partition between two offsets.
    pub(crate) async fn records(
        &mut self,
        topic: &str,
        partition: i32,
        between: Ends,
        within: Duration,
        mut each: impl FnMut(Record) -> Result<(), Malformed>,
    ) -> Result<(), Error> {
        let mut tries = super::Tries::new("the records of a partition", within);
        let mut from = between.begin;
        loop {
            let rest = Ends { begin: from, ..between };
            // A second try goes on behind what was seen.
            let seen = |batch: &records::Batch<'_>| {
                for record in batch.records()?.into_iter().filter(|record| (from..between.end).contains(&record.offset))
                {
                    each(record)?;
                }
                from = batch.last.saturating_add(1);
                Ok(())
            };
            if tries.once(self.each_batch(topic, partition, rest, seen)).await?.is_some() {
                return Ok(());
            }
            self.forget();
        }
    }

    /// All batches of records that count, of those that lie between two offsets or across one of them.
    async fn each_batch(
        &mut self,
        topic: &str,
        partition: i32,
        between: Ends,
        mut seen: impl FnMut(&records::Batch<'_>) -> Result<(), Malformed>,
    ) -> Result<(), Error> {
        let mut from = between.begin;
        let mut most_bytes = AT_ONCE;
        while from < between.end {
            let leader = self.leader(topic, partition).await?;
            let asked = vec![(leader, Fetch { topic, partition, from, most_bytes })];
            let Some(fetched) = self.ask_each(asked).await?.pop() else { return Ok(()) };
            let what = || format!("the records of topic {topic:?}, partition {partition}, from offset {from}");
            fetched.code.check().map_err(|code| Error::Refused { what: what(), code })?;
            let malformed = |problem: Malformed| Error::Record {
                topic: topic.to_owned(),
                partition,
                offset: from,
                problem: problem.to_string(),
            };
            match counting(&fetched, from, between.end, &mut seen).map_err(malformed)? {
                Some(next) => from = next,
                // A batch that is bigger than what was asked for comes cut off only from a broker that does not keep to KIP-74.
                None if fetched.batches.is_empty() => return Ok(()),
                None if most_bytes < 64 << 20 => most_bytes = most_bytes.saturating_mul(4),
                None => return Err(malformed(Malformed("a batch is bigger than 64 MB"))),
            }
        }
        Ok(())
    }
}

/// Goes through what was fetched; where to go on, if there was a whole batch.
fn counting(
    fetched: &Fetched,
    from: i64,
    end: i64,
    seen: &mut impl FnMut(&records::Batch<'_>) -> Result<(), Malformed>,
) -> Result<Option<i64>, Malformed> {
    let mut rest = &fetched.batches[..];
    let mut next = None;
    let mut starts = fetched.aborted.clone();
    starts.sort_by_key(|(_, first)| *first);
    let mut starts = starts.into_iter().peekable();
    let mut aborted: HashSet<i64> = HashSet::new();
    while let Some(batch) = records::next(&mut rest)? {
        // A fetch begins with the batch that holds the offset: it may begin before it.
        if batch.last < from {
            continue;
        }
        if batch.first >= end {
            return Ok(Some(end));
        }
        next = batch.last.checked_add(1);
        while let Some((producer, _)) = starts.next_if(|(_, first)| *first <= batch.last) {
            aborted.insert(producer);
        }
        if batch.control {
            if batch.is_abort()? {
                aborted.remove(&batch.producer);
            }
            continue;
        }
        if !(batch.transactional && aborted.contains(&batch.producer)) {
            seen(&batch)?;
        }
    }
    Ok(next)
}
