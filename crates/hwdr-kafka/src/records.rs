//! Batches of records, version 2 (KIP-98; `DefaultRecordBatch`, `DefaultRecord`): the one that brokers have answered with since 0.11.
//!
//! Only what MirrorMaker's own topics need is decompressed: none and gzip.

use std::io::Read as _;

use crate::wire::read::{Malformed, Reader};

/// Records of one producer that were written together.
pub(crate) struct Batch<'a> {
    pub(crate) first: i64,
    pub(crate) last: i64,
    pub(crate) producer: i64,
    pub(crate) transactional: bool,
    /// A marker of a transaction's end, no record of anyone's.
    pub(crate) control: bool,
    compression: i16,
    /// How many records the batch says that it has: its offsets may be more, after compaction.
    pub(crate) count: u32,
    records: &'a [u8],
}

/// The most that a batch may be when it is decompressed.
const MOST_BYTES: u64 = 64 << 20;
/// The most records that a batch may have. Producers make batches of 16 kB, brokers take 1 MB (`message.max.bytes`).
const MOST_RECORDS: u32 = 1_000_000;

/// The next batch of what was fetched; none at the end, or where the last is cut off, as a fetch may do.
pub(crate) fn next<'a>(rest: &mut &'a [u8]) -> Result<Option<Batch<'a>>, Malformed> {
    let mut head = Reader::new(rest, false);
    let (Ok(first), Ok(length)) = (head.i64(), head.i32()) else { return Ok(None) };
    let length = usize::try_from(length).map_err(|_| Malformed("a batch's length is negative"))?;
    let Ok(body) = head.take(length) else { return Ok(None) };
    *rest = rest.get(length.saturating_add(12)..).unwrap_or_default();
    let mut r = Reader::new(body, false);
    r.i32()?; // leader epoch
    if r.i8()? != 2 {
        return Err(Malformed("a batch is not of version 2"));
    }
    r.i32()?; // checksum: the transport has one
    let attributes = r.i16()?;
    let last = r.i32()?;
    r.i64()?; // first timestamp
    r.i64()?; // last timestamp
    let producer = r.i64()?;
    r.i16()?; // producer epoch
    r.i32()?; // sequence
    let count = u32::try_from(r.i32()?).map_err(|_| Malformed("a batch has a negative number of records"))?;
    let last = first.checked_add(last.into()).filter(|last| first >= 0 && *last >= first);
    Ok(Some(Batch {
        first,
        last: last.ok_or(Malformed("a batch ends before it begins"))?,
        producer,
        transactional: attributes & 0x10 != 0,
        control: attributes & 0x20 != 0,
        compression: attributes & 7,
        count,
        records: r.rest(),
    }))
}

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
}

impl Batch<'_> {
    /// Whether this is the marker of an aborted transaction: key is version, then type 0 (`ControlRecordType`).
    pub(crate) fn is_abort(&self) -> Result<bool, Malformed> {
        let key = if self.control { self.records()?.into_iter().next().and_then(|record| record.key) } else { None };
        Ok(key.is_some_and(|key| key.get(2..4) == Some(&[0, 0])))
    }

    /// Its records.
    pub(crate) fn records(&self) -> Result<Vec<Record>, Malformed> {
        match self.compression {
            0 => self.read(self.records),
            1 => {
                let mut plain = Vec::new();
                let read = flate2::read::MultiGzDecoder::new(self.records).take(MOST_BYTES).read_to_end(&mut plain);
                read.map_err(|_| Malformed("a batch's gzip is broken"))?;
                self.read(&plain)
            }
            2 => Err(Malformed(
                "the topic is compressed by Snappy, which hwdr does not read: set its compression.type to gzip",
            )),
            3 => Err(Malformed(
                "the topic is compressed by LZ4, which hwdr does not read: set its compression.type to gzip",
            )),
            4 => Err(Malformed(
                "the topic is compressed by Zstandard, which hwdr does not read: set its compression.type to gzip",
            )),
            _ => Err(Malformed("a batch is compressed in an unknown way")),
        }
    }

    fn read(&self, bytes: &[u8]) -> Result<Vec<Record>, Malformed> {
        if self.count > MOST_RECORDS {
            return Err(Malformed("a batch has more than a million records"));
        }
        let mut r = Reader::new(bytes, false);
        let mut records = Vec::new();
        for _ in 0..self.count {
            let length = usize::try_from(r.varint()?).map_err(|_| Malformed("a record's length is negative"))?;
            let mut one = Reader::new(r.take(length)?, false);
            one.i8()?; // attributes
            one.varint()?; // timestamp
            let offset = self.first.checked_add(one.varint()?).ok_or(Malformed("an offset is too big"))?;
            let key = field(&mut one)?;
            let value = field(&mut one)?;
            // Headers follow: nothing that is read here has any.
            records.push(Record { offset, key, value });
        }
        Ok(records)
    }
}

fn field(r: &mut Reader<'_>) -> Result<Option<Vec<u8>>, Malformed> {
    match r.varint()? {
        -1 => Ok(None),
        length => {
            let length = usize::try_from(length).map_err(|_| Malformed("a record's field has a negative length"))?;
            r.take(length).map(|bytes| Some(bytes.to_vec()))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn nothing_panics(mut bytes in prop::collection::vec(any::<u8>(), 0..200), version_2: bool) {
            if version_2 && bytes.len() > 22 {
                // So that some get past the first checks.
                let length = u8::try_from(bytes.len() - 12).expect("small");
                bytes[..12].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, length]);
                bytes[16] = 2;
                bytes[21] = 0;
            }
            let mut rest = &bytes[..];
            while let Ok(Some(batch)) = next(&mut rest) {
                let _ = (batch.records(), batch.is_abort());
            }
        }
    }
}
