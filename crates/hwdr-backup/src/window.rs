//! The part of a file that was fed and is not yet understood.

use crate::flaw::Flaw;

/// Bytes that wait to be read, and their place in the file.
#[derive(Debug, Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    start: usize,
    at: u64,
}

impl Window {
    /// Adds what comes next.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.bytes.drain(..self.start.min(self.bytes.len()));
        self.start = 0;
        self.bytes.extend_from_slice(piece);
    }

    /// What waits.
    pub(crate) fn rest(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// The place of its first byte.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// The big-endian word at `index` (in words).
    pub(crate) fn word(&self, index: usize) -> Option<u32> {
        word(self.rest(), index)
    }

    /// The first so many words, if all are there.
    pub(crate) fn words(&self, count: usize) -> Option<&[u8]> {
        self.rest().get(..count.checked_mul(4)?)
    }

    /// Goes on behind so many words, which must be there.
    pub(crate) fn skip(&mut self, words: usize) {
        let bytes = words.saturating_mul(4).min(self.rest().len());
        self.start = self.start.saturating_add(bytes);
        self.at = self.at.saturating_add(bytes as u64);
    }

    /// The file has ended: nothing may wait.
    pub(crate) fn is_over(&self, what: &str) -> Result<(), Flaw> {
        match self.rest() {
            [] => Ok(()),
            rest => {
                Err(Flaw::damaged(format!("ends in the middle of {what}"))
                    .at(self.at.saturating_add(rest.len() as u64)))
            }
        }
    }
}

/// The big-endian word at `index` (in words).
pub(crate) fn word(bytes: &[u8], index: usize) -> Option<u32> {
    let begin = index.checked_mul(4)?;
    let bytes = bytes.get(begin..begin.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}
