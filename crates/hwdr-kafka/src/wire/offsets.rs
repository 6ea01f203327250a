//! Where partitions begin and end, and their records.

use super::Request;
use super::code::Code;
use super::read::{Malformed, Reader};
use super::write::Writer;

/// Only what was committed, up to the last stable offset: what the mirror reads.
const READ_COMMITTED: i8 = 1;
/// All that all replicas have (`IsolationLevel`).
const READ_UNCOMMITTED: i8 = 0;

/// Which end of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    First,
    /// Of what is decided.
    Decided,
    /// Of what is written: with records of open transactions, and what lies behind them.
    Written,
}

/// One end of each of these partitions, of which the asked broker is the leader.
pub(crate) struct ListOffsets<'a> {
    pub(crate) end: End,
    pub(crate) topics: &'a [(String, Vec<i32>)],
}

/// Topic, then partition, error and offset.
pub(crate) type Offsets = Vec<(String, Vec<(i32, Code, i64)>)>;

impl Request for ListOffsets<'_> {
    const KEY: i16 = 2;
    const VERSION: i16 = 5;
    const NAME: &'static str = "ListOffsets";
    type Answer = Offsets;

    fn write(&self, out: &mut Writer) {
        out.i32(-1); // no replica
        out.i8(if self.end == End::Written { READ_UNCOMMITTED } else { READ_COMMITTED });
        out.list(self.topics, |out, (topic, partitions)| {
            out.string(topic);
            out.list(partitions, |out, partition| {
                out.i32(*partition);
                out.i32(-1); // any leader epoch
                // ListOffsetsRequest.EARLIEST_TIMESTAMP and LATEST_TIMESTAMP
                out.i64(if self.end == End::First { -2 } else { -1 });
            });
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        r.list(|r| {
            let topic = r.string()?;
            let partitions = r.list(|r| {
                let (partition, code) = (r.i32()?, Code(r.i16()?));
                r.i64()?; // timestamp
                let offset = r.i64()?;
                r.i32()?; // leader epoch
                Ok((partition, code, offset))
            })?;
            Ok((topic, partitions))
        })
    }
}

/// The time of the newest record of each of these partitions (KIP-734), of which the asked broker is the leader.
pub(crate) struct NewestTimes<'a>(pub(crate) &'a [(String, Vec<i32>)]);

impl Request for NewestTimes<'_> {
    const KEY: i16 = 2;
    const VERSION: i16 = 7;
    const FLEXIBLE: bool = true;
    const NAME: &'static str = "ListOffsets";
    /// Topic, then partition, error and time in milliseconds; -1 without any record.
    type Answer = Offsets;

    fn write(&self, out: &mut Writer) {
        out.i32(-1); // no replica
        out.i8(READ_COMMITTED);
        out.list(self.0, |out, (topic, partitions)| {
            out.string(topic);
            out.list(partitions, |out, partition| {
                out.i32(*partition);
                out.i32(-1); // any leader epoch
                out.i64(-3); // ListOffsetsRequest.MAX_TIMESTAMP
                out.tags();
            });
            out.tags();
        });
        out.tags();
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        let topics = r.list(|r| {
            let topic = r.string()?;
            let partitions = r.list(|r| {
                let (partition, code, time) = (r.i32()?, Code(r.i16()?), r.i64()?);
                r.i64()?; // offset
                r.i32()?; // leader epoch
                r.tags()?;
                Ok((partition, code, time))
            })?;
            r.tags()?;
            Ok((topic, partitions))
        })?;
        r.tags()?;
        Ok(topics)
    }
}

/// Records of one partition.
pub(crate) struct Fetch<'a> {
    pub(crate) topic: &'a str,
    pub(crate) partition: i32,
    pub(crate) from: i64,
    pub(crate) most_bytes: i32,
}

pub(crate) struct Fetched {
    pub(crate) code: Code,
    /// Where what is decided ends: -1 if the broker does not say.
    pub(crate) last_stable: i64,
    /// Producers whose transactions were aborted, and where those begin.
    pub(crate) aborted: Vec<(i64, i64)>,
    /// Batches, the last of which may be cut off.
    pub(crate) batches: Vec<u8>,
}

impl Request for Fetch<'_> {
    const KEY: i16 = 1;
    const VERSION: i16 = 11;
    const NAME: &'static str = "Fetch";
    type Answer = Fetched;

    fn write(&self, out: &mut Writer) {
        out.i32(-1); // no replica
        out.i32(500); // milliseconds to wait for the first byte
        out.i32(1);
        out.i32(self.most_bytes);
        out.i8(READ_COMMITTED);
        out.i32(0); // no session
        out.i32(-1);
        out.list(&[()], |out, ()| {
            out.string(self.topic);
            out.list(&[()], |out, ()| {
                out.i32(self.partition);
                out.i32(-1); // any leader epoch
                out.i64(self.from);
                out.i64(-1); // no log start: not a follower
                out.i32(self.most_bytes);
            });
        });
        out.list::<()>(&[], |_, ()| ());
        out.string(""); // no rack
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        let throttle = r.i32()?;
        let whole = Code(r.i16()?);
        r.i32()?; // session
        let topics = r.list(|r| {
            r.string()?;
            r.list(|r| {
                r.i32()?;
                let code = Code(r.i16()?);
                r.i64()?; // high watermark
                let last_stable = r.i64()?;
                r.i64()?; // log start
                let aborted = r.list(|r| Ok((r.i64()?, r.i64()?)))?;
                r.i32()?; // preferred replica
                Ok(Fetched { code, last_stable, aborted, batches: r.nullable_bytes()?.unwrap_or_default().to_vec() })
            })
        })?;
        let nothing = |code| Ok(Fetched { code, last_stable: -1, aborted: Vec::new(), batches: Vec::new() });
        match topics.into_iter().flatten().next() {
            _ if whole != Code::NONE => nothing(whole),
            Some(fetched) => Ok(fetched),
            // A client over its quota gets an answer without topics, and no error (`FetchContext.getThrottledResponse`).
            None if throttle > 0 => nothing(Code::THROTTLED),
            None => Err(Malformed("it lacks the partition")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_is_asked_for_as_the_mirror_reads_it() {
        let asked = |end| {
            let mut out = Writer::new(false);
            ListOffsets { end, topics: &[("t".to_owned(), vec![0])] }.write(&mut out);
            let framed = out.framed();
            // Isolation behind length and replica; the time is the last.
            (framed[8], i64::from_be_bytes(framed[framed.len() - 8..].try_into().expect("eight bytes")))
        };
        assert_eq!((asked(End::First), asked(End::Decided), asked(End::Written)), ((1, -2), (1, -1), (0, -1)));
    }

    #[test]
    fn a_throttled_answer_passes() {
        let read = |throttle: i32, code: i16| {
            let mut out = Writer::new(false);
            out.i32(throttle);
            out.i16(code);
            out.i32(0); // no session
            out.list::<()>(&[], |_, ()| ());
            let framed = out.framed();
            Fetch::read(&mut Reader::new(&framed[4..], false)).map(|fetched| fetched.code)
        };
        assert_eq!(read(1200, 0), Ok(Code::THROTTLED));
        assert!(Code::THROTTLED.passes());
        assert_eq!(read(0, 29), Ok(Code(29)));
        assert_eq!(read(0, 0), Err(Malformed("it lacks the partition")));
    }
}
