//! Lucene's frame around a file: a header that names the format, and a footer with a checksum of all before it (Lucene, `CodecUtil`).

use std::fmt;
use std::ops::Range;

use flate2::Crc;
use serde::{Deserialize, Deserializer, de};

use crate::checker::Checker;
use crate::flaw::Flaw;

const MAGIC: u32 = 0x3fd7_6c17;
const FOOTER_MAGIC: u32 = !MAGIC;
/// Magic, algorithm, checksum.
pub const FOOTER: u64 = 16;
/// The checksum, which covers all before it.
const CHECKSUM: u64 = 8;
/// How OpenSearch writes checksums (`Store.digestToString`).
const RADIX: u32 = 36;

/// The CRC-32 of a file without its last eight bytes, where it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checksum(pub u32);

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl<'de> Deserialize<'de> for Checksum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u32::from_str_radix(&text, RADIX).map(Self).map_err(|_| de::Error::custom("a checksum is a CRC-32 in base 36"))
    }
}

/// The checksum in a footer.
///
/// # Errors
/// It is none.
pub fn footer(bytes: &[u8]) -> Result<Checksum, Flaw> {
    let none = || Flaw::damaged("does not end with Lucene's footer: it is cut short, or another file");
    let bytes: &[u8; 16] = bytes.try_into().map_err(|_| none())?;
    let [m0, m1, m2, m3, a0, a1, a2, a3, h0, h1, h2, h3, c0, c1, c2, c3] = *bytes;
    if u32::from_be_bytes([m0, m1, m2, m3]) != FOOTER_MAGIC || [a0, a1, a2, a3, h0, h1, h2, h3] != [0; 8] {
        return Err(none());
    }
    Ok(Checksum(u32::from_be_bytes([c0, c1, c2, c3])))
}

/// The content between header and footer, if the checksum is right and the format is `codec`, version 1.
pub(super) fn content<'b>(bytes: &'b [u8], codec: &str) -> Result<&'b [u8], Flaw> {
    let Some((body, end)) = bytes.split_last_chunk::<{ FOOTER as usize }>() else {
        return Err(Flaw::damaged("is too short to be a file of OpenSearch's"));
    };
    let recorded = footer(end)?;
    let mut crc = Crc::new();
    crc.update(body);
    crc.update(end.get(..8).unwrap_or_default());
    if crc.sum() != recorded.0 {
        return Err(wrong(Checksum(crc.sum()), recorded));
    }
    let other = || Flaw::damaged("is a file of another kind").expected(format!("Lucene's header for {codec:?}"));
    let rest = body.strip_prefix(&MAGIC.to_be_bytes()).ok_or_else(other)?;
    let (length, rest) = rest.split_first().ok_or_else(other)?;
    let rest = rest.strip_prefix(codec.as_bytes()).filter(|_| usize::from(*length) == codec.len()).ok_or_else(other)?;
    let (version, content) = rest.split_first_chunk::<4>().ok_or_else(other)?;
    match u32::from_be_bytes(*version) {
        1 => Ok(content),
        version => Err(Flaw::unknown(format!("is of version {version} of its format")).expected("version 1")),
    }
}

fn wrong(is: Checksum, recorded: Checksum) -> Flaw {
    Flaw::damaged(format!("its bytes have the checksum {is}")).expected(recorded.to_string())
}

/// Reads a file of Lucene's, whose parts follow each other, and compares it with what the snapshot has recorded.
pub struct LuceneFile {
    length: u64,
    checksum: Checksum,
    crc: Crc,
    end: Vec<u8>,
    seen: u64,
}

impl LuceneFile {
    /// A file of this length and checksum.
    pub fn new(length: u64, checksum: Checksum) -> Self {
        Self { length, checksum, crc: Crc::new(), end: Vec::new(), seen: 0 }
    }
}

impl Checker for LuceneFile {
    type Facts = ();

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        let start = self.seen;
        self.seen = start.saturating_add(piece.len() as u64);
        if self.seen > self.length {
            return Err(Flaw::damaged("is too long").expected(format!("{} bytes", self.length)));
        }
        self.crc.update(within(piece, start, 0..self.length.saturating_sub(CHECKSUM)));
        self.end.extend_from_slice(within(piece, start, self.length.saturating_sub(FOOTER)..self.length));
        Ok(())
    }

    fn finish(self) -> Result<(), Flaw> {
        if self.seen != self.length {
            return Err(Flaw::damaged(format!("has {} bytes", self.seen)).expected(format!("{} bytes", self.length)));
        }
        let written = footer(&self.end)?;
        let is = Checksum(self.crc.sum());
        if written != self.checksum {
            return Err(another(written, self.checksum));
        }
        if is != written {
            return Err(wrong(is, written));
        }
        Ok(())
    }
}

/// The part of a piece, which starts at `start` of a file, that lies in a range of the file.
fn within(piece: &[u8], start: u64, range: Range<u64>) -> &[u8] {
    let place = |at: u64| usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX).min(piece.len());
    piece.get(place(range.start)..place(range.end)).unwrap_or_default()
}

/// A file whose checksum is not the recorded one.
pub fn another(written: Checksum, recorded: Checksum) -> Flaw {
    Flaw::damaged(format!("is another file than the snapshot's: its footer has the checksum {written}"))
        .expected(recorded.to_string())
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::checker::check_whole;

    /// A file in Lucene's frame, for tests.
    pub(crate) fn framed(codec: &str, content: &[u8]) -> Vec<u8> {
        let mut file = MAGIC.to_be_bytes().to_vec();
        file.push(codec.len() as u8);
        file.extend_from_slice(codec.as_bytes());
        file.extend_from_slice(&1u32.to_be_bytes());
        file.extend_from_slice(content);
        file.extend_from_slice(&FOOTER_MAGIC.to_be_bytes());
        file.extend_from_slice(&[0; 4]);
        let mut crc = Crc::new();
        crc.update(&file);
        file.extend_from_slice(&u64::from(crc.sum()).to_be_bytes());
        file
    }

    fn checksum(file: &[u8]) -> Checksum {
        footer(&file[file.len() - 16..]).unwrap()
    }

    #[test]
    fn a_frame_shows_what_is_in_it_and_what_is_not() {
        let file = framed("snapshot", b"content");
        assert_eq!(content(&file, "snapshot"), Ok(b"content".as_slice()));
        assert_eq!(content(&file, "metadata").unwrap_err().what, "is a file of another kind");
        assert_eq!(content(&file, "snapshots").unwrap_err().what, "is a file of another kind");
        assert_eq!(content(&file, "snap").unwrap_err().what, "is a file of another kind");
        for cut in 0..file.len() {
            assert!(content(&file[..cut], "snapshot").is_err(), "{cut}");
        }
        for at in 0..file.len() {
            let mut damaged = file.clone();
            damaged[at] ^= 1;
            assert!(content(&damaged, "snapshot").is_err(), "{at}");
        }
    }

    proptest! {
        #[test]
        fn a_file_is_the_recorded_one_however_it_is_cut(content: Vec<u8>, cuts: Vec<u8>, at: proptest::sample::Index, bit in 0u8..8) {
            let file = framed("it", &content);
            let (length, sum) = (file.len() as u64, checksum(&file));
            let mut checker = LuceneFile::new(length, sum);
            let mut rest = file.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(usize::from(cut).min(rest.len()));
                prop_assert!(checker.feed(piece).is_ok());
                rest = after;
            }
            prop_assert!(checker.feed(rest).is_ok());
            prop_assert!(checker.finish().is_ok());

            let mut damaged = file.clone();
            damaged[at.index(file.len())] ^= 1 << bit;
            prop_assert!(check_whole(LuceneFile::new(length, sum), &damaged).is_err());
            prop_assert!(check_whole(LuceneFile::new(length, sum), &file[..at.index(file.len())]).is_err());
            let longer = [file.as_slice(), b"x"].concat();
            prop_assert!(check_whole(LuceneFile::new(length, sum), &longer).is_err());
            let other = framed("it", &[content.as_slice(), b"y"].concat());
            prop_assert!(check_whole(LuceneFile::new(other.len() as u64, sum), &other).is_err());
        }
    }
}
