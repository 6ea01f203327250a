//! What the first and the last bytes of a file say, where the rest is not read.

use crate::checker::Checker;
use crate::flaw::Flaw;
use crate::window::word;

use super::data::{FILL, FOOT_WORDS, Fragment, parse_footer};
use super::header::{FileKind, Header, WORDS};
use super::packed::{Trailer, Unpacked, is_packed};

/// What is known of a file of which only the ends were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Its header.
    pub header: Header,
    /// Whether it is compressed: then all that is known of its end is that it is that of a compressed file.
    pub is_packed: bool,
    /// The last fragment of a data file.
    pub last: Option<Fragment>,
}

/// Keeps the header, and ignores the rest.
#[derive(Default)]
struct Head {
    bytes: Vec<u8>,
}

impl Checker for Head {
    type Facts = Vec<u8>;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        let room = WORDS.saturating_mul(4).saturating_sub(self.bytes.len());
        self.bytes.extend(piece.iter().take(room));
        Ok(())
    }

    fn finish(self) -> Result<Vec<u8>, Flaw> {
        Ok(self.bytes)
    }
}

/// Checks the first and the last bytes of a file of `size` bytes: 64 KiB of each are enough.
///
/// # Errors
/// What is wrong.
pub fn check_ends(kind: FileKind, head: &[u8], tail: &[u8], size: u64) -> Result<Ends, Flaw> {
    let packed = is_packed(head)?;
    let mut reader = Unpacked::new(Head::default());
    reader.feed(head)?;
    let header = match packed {
        Some(_) => Header::parse(&reader.into_inner().finish()?)?,
        None => Header::parse(head)?,
    };
    if header.kind != kind {
        return Err(Flaw::damaged(format!("is a {}", header.kind.word())).expected(format!("a {}", kind.word())));
    }
    let mut last = None;
    match (packed, kind) {
        (Some(is_az31), _) => {
            Trailer::parse(is_az31, tail, size)?;
        }
        (None, _) if !size.is_multiple_of(4) => {
            return Err(Flaw::damaged(format!("has {size} bytes")).expected("a multiple of 4").at(size));
        }
        (None, FileKind::Data) => last = last_fragment(tail, size)?,
        (None, FileKind::Log) => {
            if tail.len() < 4 || !tail.ends_with(&[0; 4]) || size < (WORDS as u64).saturating_add(1).saturating_mul(4) {
                return Err(Flaw::damaged("is cut: its last word is not 0").at(size));
            }
        }
        (None, FileKind::Control) => {}
    }
    Ok(Ends { header, is_packed: packed.is_some(), last })
}

/// The fragment that a data file ends with; none if there is none in it.
fn last_fragment(tail: &[u8], size: u64) -> Result<Option<Fragment>, Flaw> {
    // The tail may begin in the middle of a word.
    let mut rest = tail.get(tail.len() % 4..).unwrap_or_default();
    // Pages are filled up behind the last fragment, or behind the header where there is none.
    for _ in 0..3 {
        if let Some(fragment) = footer_at_end(rest) {
            return Ok(Some(fragment));
        }
        let Some(shorter) = without_fill(rest) else { break };
        rest = shorter;
    }
    match rest.len() / 4 <= WORDS {
        true => Ok(None),
        false => Err(Flaw::damaged("is cut: it does not end with the footer of a fragment").at(size)),
    }
}

/// The footer that these words end with, behind the end of its rows.
fn footer_at_end(rest: &[u8]) -> Option<Fragment> {
    let foot = FOOT_WORDS.saturating_add(1).saturating_mul(4);
    let foot = rest.get(rest.len().checked_sub(foot)?..)?;
    (word(foot, 0)? == 0).then(|| parse_footer(foot.get(4..)?)).flatten()
}

/// These words without the section at their end that fills a page, if there is one: type, length, zeros.
fn without_fill(rest: &[u8]) -> Option<&[u8]> {
    let zeros = rest.iter().rev().take_while(|byte| **byte == 0).count() / 4;
    let words = rest.len() / 4;
    let from = words.checked_sub(zeros.saturating_add(2))?;
    let length = u32::try_from(words.saturating_sub(from)).ok()?;
    let is_fill = word(rest, from)? == FILL && word(rest, from.saturating_add(1))? == length;
    is_fill.then(|| rest.get(..from.saturating_mul(4))).flatten()
}
