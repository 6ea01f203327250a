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
            let nothing = || Error::Nothing { topic: topic.to_owned(), partition, offset: from };
            let fetched = self.ask_each(asked).await?.pop().ok_or_else(nothing)?;
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
                // What was compacted away comes no more. A broker that does not have all of it yet, as after a change of leaders, gives nothing,
                // too: to take that for the end would be to miss the rest.
                // A batch that is bigger than what was asked for comes cut off only from a broker that does not keep to KIP-74.
                None if fetched.batches.is_empty() && fetched.last_stable >= between.end => return Ok(()),
                None if fetched.batches.is_empty() => return Err(nothing()),
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

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::{Arc, Mutex};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::batch::batch;
    use crate::client::Access;
    use crate::name::Server;
    use crate::wire::write::Writer;

    /// What a broker says to a fetch: the last stable offset, and batches.
    type Answers = Arc<Mutex<VecDeque<(i64, Vec<u8>)>>>;

    /// A broker with one partition, of topic t.
    async fn broker(answers: Answers) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, port, Arc::clone(&answers)));
            }
        });
        Server::parse(&format!("127.0.0.1:{port}")).expect("an address")
    }

    async fn serve(mut stream: TcpStream, port: u16, answers: Answers) {
        while let Ok(length) = stream.read_u32().await {
            let mut asked = vec![0; usize::try_from(length).expect("small")];
            stream.read_exact(&mut asked).await.expect("a request");
            let mut out = Writer::new(false);
            out.i32(i32::from_be_bytes(asked[4..8].try_into().expect("four bytes")));
            match i16::from_be_bytes(asked[..2].try_into().expect("two bytes")) {
                18 => versions(&mut out),
                3 => metadata(&mut out, port),
                _ => fetched(&mut out, answers.lock().expect("no panic").pop_front().expect("an answer")),
            }
            stream.write_all(&out.framed()).await.expect("it reads");
        }
    }

    fn versions(out: &mut Writer) {
        out.i16(0);
        out.list(&[(1_i16, 11_i16), (3, 7)], |out, (key, version)| {
            out.i16(*key);
            out.i16(*version);
            out.i16(*version);
        });
    }

    fn metadata(out: &mut Writer, port: u16) {
        out.i32(0);
        out.list(&[()], |out, ()| {
            out.i32(1);
            out.string("127.0.0.1");
            out.i32(port.into());
            out.nullable_string(None);
        });
        out.nullable_string(None);
        out.i32(1);
        out.list(&[()], |out, ()| {
            out.i16(0);
            out.string("t");
            out.bool(false);
            out.list(&[()], |out, ()| {
                out.i16(0);
                [0, 1, 0].into_iter().for_each(|number| out.i32(number));
                (0..3).for_each(|_| out.list::<()>(&[], |_, ()| ()));
            });
        });
    }

    fn fetched(out: &mut Writer, (last_stable, batches): (i64, Vec<u8>)) {
        out.i32(0);
        out.i16(0);
        out.i32(0);
        out.list(&[()], |out, ()| {
            out.string("t");
            out.list(&[()], |out, ()| {
                out.i32(0);
                out.i16(0);
                [last_stable, last_stable, 0].into_iter().for_each(|offset| out.i64(offset));
                out.list::<()>(&[], |_, ()| ());
                out.i32(-1);
                out.bytes(&batches);
            });
        });
    }

    #[tokio::test]
    async fn a_fetch_that_gives_nothing_is_not_the_end() {
        let records = |count: usize| batch(&vec![(b"k".to_vec(), b"v".to_vec()); count], 0);
        let answers = |all: Vec<(i64, Vec<u8>)>| Arc::new(Mutex::new(VecDeque::from(all)));
        for (what, all, expected) in [
            ("nothing once, of a leader that is behind", vec![(-1, Vec::new()), (3, records(3))], 3),
            ("compacted away", vec![(3, records(2)), (3, Vec::new())], 2),
            ("nothing in the middle", vec![(2, records(2)), (2, Vec::new()), (3, records(3))], 3),
        ] {
            let left = answers(all);
            let mut client = Client::new(vec![broker(Arc::clone(&left)).await], Access::default()).expect("a client");
            let read = client.count("t", 0, Ends { begin: 0, end: 3 }, Duration::from_secs(20)).await.expect(what);
            assert_eq!((read.records, left.lock().expect("no panic").len()), (expected, 0), "{what}");
        }
    }
}
