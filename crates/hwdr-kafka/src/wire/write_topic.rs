//! A topic is made, and records are written to it.

use super::Request;
use super::code::Code;
use super::read::{Malformed, Reader};
use super::write::Writer;

/// Makes a compacted topic of one partition.
pub(crate) struct CreateCompacted<'a> {
    pub(crate) topic: &'a str,
    pub(crate) replication: i16,
}

impl Request for CreateCompacted<'_> {
    const KEY: i16 = 19;
    const VERSION: i16 = 4;
    const NAME: &'static str = "CreateTopics";
    type Answer = Vec<Code>;

    fn write(&self, out: &mut Writer) {
        out.list(&[()], |out, ()| {
            out.string(self.topic);
            out.i32(1);
            out.i16(self.replication);
            out.list::<()>(&[], |_, ()| ()); // no assignment to brokers
            out.list(&[("cleanup.policy", "compact")], |out, (name, value)| {
                out.string(name);
                out.nullable_string(Some(value));
            });
        });
        out.i32(10_000); // milliseconds
        out.bool(false);
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        r.i32()?; // throttle time
        r.list(|r| {
            r.string()?;
            let code = Code(r.i16()?);
            r.nullable_string()?; // message
            Ok(code)
        })
    }
}

/// Writes a batch to the first partition of a topic, to all replicas.
pub(crate) struct Produce<'a> {
    pub(crate) topic: &'a str,
    pub(crate) batch: &'a [u8],
}

impl Request for Produce<'_> {
    const KEY: i16 = 0;
    const VERSION: i16 = 7;
    const NAME: &'static str = "Produce";
    type Answer = Vec<Code>;

    fn write(&self, out: &mut Writer) {
        out.nullable_string(None); // no transaction
        out.i16(-1); // all replicas
        out.i32(10_000); // milliseconds
        out.list(&[()], |out, ()| {
            out.string(self.topic);
            out.list(&[()], |out, ()| {
                out.i32(0);
                out.bytes(self.batch);
            });
        });
    }

    fn read(r: &mut Reader<'_>) -> Result<Self::Answer, Malformed> {
        let topics = r.list(|r| {
            r.string()?;
            r.list(|r| {
                r.i32()?;
                let code = Code(r.i16()?);
                r.i64()?; // offset
                r.i64()?; // time
                r.i64()?; // log start
                Ok(code)
            })
        })?;
        r.i32()?; // throttle time
        Ok(topics.into_iter().flatten().collect())
    }
}
