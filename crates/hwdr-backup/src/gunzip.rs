//! A file that is packed by gzip, read in pieces.

use std::io::{self, Write};

use flate2::write::GzDecoder;

use crate::checker::{Checker, check_whole};
use crate::flaw::Flaw;

/// Takes what is unpacked.
pub(crate) trait Sink {
    /// What is known in the end.
    type Facts;

    /// The next piece.
    fn take(&mut self, piece: &[u8]) -> Result<(), Flaw>;

    /// There is no more.
    fn end(self) -> Result<Self::Facts, Flaw>;
}

/// Unpacks one file, and checks its checksum and its length.
pub(crate) struct Gunzip<S: Sink>(GzDecoder<Bounded<S>>);

struct Bounded<S> {
    sink: S,
    left: u64,
    most: u64,
    flaw: Option<Flaw>,
}

impl<S: Sink> Write for Bounded<S> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        let taken = match self.left.checked_sub(piece.len() as u64) {
            Some(left) => {
                self.left = left;
                self.sink.take(piece)
            }
            None => Err(Flaw::unknown(format!("unpacks to more than hwdr reads ({} MiB)", self.most >> 20))),
        };
        taken.map(|()| piece.len()).map_err(|flaw| {
            self.flaw = Some(flaw);
            io::Error::other("what is in it is wrong")
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<S: Sink> Gunzip<S> {
    /// At most so many bytes are unpacked.
    pub(crate) fn new(sink: S, most: u64) -> Self {
        Self(GzDecoder::new(Bounded { sink, left: most, most, flaw: None }))
    }

    fn wrong(&mut self, otherwise: impl Into<String>) -> Flaw {
        self.0.get_mut().flaw.take().unwrap_or_else(|| Flaw::damaged(otherwise))
    }
}

impl<S: Sink> Checker for Gunzip<S> {
    type Facts = S::Facts;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        let mut rest = piece;
        while !rest.is_empty() {
            match self.0.write(rest) {
                // It takes nothing behind the end.
                Ok(0) => return Err(Flaw::damaged("has more behind its end")),
                Ok(taken) => rest = rest.get(taken..).unwrap_or_default(),
                Err(error) => return Err(self.wrong(format!("cannot be unpacked: {error}"))),
            }
        }
        Ok(())
    }

    fn finish(mut self) -> Result<S::Facts, Flaw> {
        if self.0.header().is_none() {
            return Err(Flaw::damaged("ends early"));
        }
        if self.0.try_finish().is_err() {
            return Err(self.wrong("ends early, or its checksum is wrong"));
        }
        let bounded = self.0.finish().map_err(|error| Flaw::damaged(format!("cannot be unpacked: {error}")))?;
        bounded.sink.end()
    }
}

/// Keeps all.
struct Whole(Vec<u8>);

impl Sink for Whole {
    type Facts = Vec<u8>;

    fn take(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        self.0.extend_from_slice(piece);
        Ok(())
    }

    fn end(self) -> Result<Vec<u8>, Flaw> {
        Ok(self.0)
    }
}

/// Keeps nothing.
struct Nothing;

impl Sink for Nothing {
    type Facts = ();

    fn take(&mut self, _: &[u8]) -> Result<(), Flaw> {
        Ok(())
    }

    fn end(self) -> Result<(), Flaw> {
        Ok(())
    }
}

/// Unpacks a file that is in memory, to at most so many bytes.
pub(crate) fn whole(bytes: &[u8], most: u64) -> Result<Vec<u8>, Flaw> {
    check_whole(Gunzip::new(Whole(Vec::new()), most), bytes)
}

/// Checks a file that is in memory, which unpacks to at most so many bytes.
pub(crate) fn check(bytes: &[u8], most: u64) -> Result<(), Flaw> {
    check_whole(Gunzip::new(Nothing, most), bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    /// Packs a file, for tests.
    pub(crate) fn packed(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn bounds_and_ends_are_kept() {
        let file = packed(b"content");
        assert_eq!(whole(&file, 7), Ok(b"content".to_vec()));
        assert_eq!(whole(&packed(b""), 0), Ok(Vec::new()));
        assert_eq!(whole(&file, 6).unwrap_err().what, "unpacks to more than hwdr reads (0 MiB)");
        assert_eq!(check(&[file.as_slice(), b"x"].concat(), 7).unwrap_err().what, "has more behind its end");
        assert_eq!(check(&file.repeat(2), 70).unwrap_err().what, "has more behind its end");
        assert_eq!(check(b"", 7).unwrap_err().what, "ends early");
        assert_eq!(check(&file[..5], 7).unwrap_err().what, "ends early");
        assert!(check(b"this is no such file", 7).unwrap_err().what.starts_with("cannot be unpacked"));
        assert!(check(&packed(&vec![0; 3 << 20]), 1 << 20).unwrap_err().what.contains("more than hwdr reads (1 MiB)"));
    }

    proptest! {
        #[test]
        fn no_damage_is_missed_however_it_is_cut(content: Vec<u8>, cuts: Vec<u8>, at: proptest::sample::Index, bit in 0u8..8) {
            let file = packed(&content);
            let mut checker = Gunzip::new(Whole(Vec::new()), 1 << 20);
            let mut rest = file.as_slice();
            for cut in cuts {
                let (piece, after) = rest.split_at(usize::from(cut).min(rest.len()));
                prop_assert!(checker.feed(piece).is_ok());
                rest = after;
            }
            prop_assert!(checker.feed(rest).is_ok());
            prop_assert_eq!(checker.finish(), Ok(content.clone()));
            prop_assert!(check(&file[..at.index(file.len())], 1 << 20).is_err());
            // Some bits say nothing of the content: the time in the header, and what fills the last byte.
            let mut damaged = file.clone();
            damaged[at.index(file.len())] ^= 1 << bit;
            prop_assert!(whole(&damaged, 1 << 20).map_or(true, |read| read == content));
        }
    }
}
