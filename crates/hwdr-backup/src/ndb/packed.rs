//! Files that are compressed, which the checkers of plain files do not notice.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use crate::checker::Checker;
use crate::flaw::Flaw;

use super::header::shown;

/// The header of the older form of compression (`ndb_az31.cpp`), 512 bytes of which all others are 0.
const AZ31: [(usize, u8); 7] = [(0, 254), (1, 3), (2, 1), (3, 16), (6, 2), (22, 2), (77, 1)];
const AZ31_SIZE: usize = 512;
/// The end of its trailer: behind CRC-32 and length, and before zeros up to a multiple of 512.
const AZ31_END: &[u8] = b"DBDN";
const AZ31_TRAILER: usize = 12;
/// The newer form (`ndb_ndbxfrm1.h`), also of encrypted files.
const XFRM: &[u8] = b"NDBXFRM1";
/// Its fixed header, and the most that it may have with all that follows.
const XFRM_SIZE: usize = 160;
const XFRM_MOST: usize = 32_768;
const XFRM_TRAILER: usize = 56;
const LITTLE: u64 = 0xfedc_ba98_7654_3210;
const DEFLATED: u64 = 0x100;
const COMPRESSED: u64 = 0xf000_0f00;
const ENCRYPTED: u64 = 0x0fff_f000;
const CRC_IN_TRAILER: u64 = 0x30;
/// The most that may follow the compressed data: padding to a block, and the trailer.
const REST: usize = 70_000;
/// What is decompressed at a time.
const PIECE: usize = 64 << 10;

/// Reads a file that may be compressed, and gives it to a checker of plain files. Its facts are those of the checker, and whether the file is compressed.
pub struct Unpacked<C> {
    inner: C,
    state: State,
    head: Vec<u8>,
    at: u64,
}

enum State {
    /// It is not clear yet what it is.
    Head,
    Plain,
    Packed(Box<Packed>),
}

struct Packed {
    form: Form,
    inflate: Decompress,
    crc: Crc,
    size: u64,
    is_over: bool,
    rest: Vec<u8>,
    out: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Az31,
    Xfrm,
}

/// How a file is packed, and how long the header is that says so.
enum Packing {
    Plain,
    Packed(Form, usize),
    /// More bytes are needed.
    Unclear,
}

impl<C: Checker> Unpacked<C> {
    /// A reader for files that `inner` checks.
    pub fn new(inner: C) -> Self {
        Self { inner, state: State::Head, head: Vec::new(), at: 0 }
    }

    /// The checker, as far as it has come.
    pub fn into_inner(self) -> C {
        self.inner
    }

    fn begin(&mut self, is_all: bool) -> Result<(), Flaw> {
        match packing(&self.head, is_all)? {
            Packing::Unclear => Ok(()),
            Packing::Plain => {
                self.state = State::Plain;
                self.inner.feed(&std::mem::take(&mut self.head))
            }
            Packing::Packed(form, size) => {
                let mut packed = Packed {
                    form,
                    inflate: Decompress::new(false),
                    crc: Crc::new(),
                    size: 0,
                    is_over: false,
                    rest: Vec::new(),
                    out: Vec::with_capacity(PIECE),
                };
                let head = std::mem::take(&mut self.head);
                self.at = size as u64;
                let fed = packed.feed(head.get(size..).unwrap_or_default(), &mut self.inner, &mut self.at);
                self.state = State::Packed(Box::new(packed));
                fed
            }
        }
    }
}

impl<C: Checker> Checker for Unpacked<C> {
    type Facts = (C::Facts, bool);

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        match &mut self.state {
            State::Plain => self.inner.feed(piece),
            State::Packed(packed) => packed.feed(piece, &mut self.inner, &mut self.at),
            State::Head => {
                self.head.extend_from_slice(piece);
                self.begin(false)
            }
        }
    }

    fn finish(mut self) -> Result<Self::Facts, Flaw> {
        if matches!(self.state, State::Head) {
            self.begin(true)?;
        }
        if let State::Packed(packed) = &self.state {
            packed.finish(self.at)?;
        }
        let is_packed = matches!(self.state, State::Packed(_));
        Ok((self.inner.finish()?, is_packed))
    }
}

/// How the file with this beginning is packed.
fn packing(head: &[u8], is_all: bool) -> Result<Packing, Flaw> {
    if begins(head, &[254, 3, 1], is_all) {
        if head.len() < AZ31_SIZE {
            return if is_all {
                Err(Flaw::damaged("ends in its header").at(head.len() as u64))
            } else {
                Ok(Packing::Unclear)
            };
        }
        let expected = |at: usize| AZ31.iter().find(|(place, _)| *place == at).map_or(0, |(_, byte)| *byte);
        let odd = head.iter().take(AZ31_SIZE).enumerate().find(|(at, byte)| **byte != expected(*at));
        return match odd {
            Some((at, byte)) => Err(Flaw::damaged(format!("a byte of the header of the compression is {byte}"))
                .expected(expected(at).to_string())
                .at(at as u64)),
            None => Ok(Packing::Packed(Form::Az31, AZ31_SIZE)),
        };
    }
    if begins(head, XFRM, is_all) {
        if head.len() < XFRM_SIZE {
            return if is_all {
                Err(Flaw::damaged("ends in its header").at(head.len() as u64))
            } else {
                Ok(Packing::Unclear)
            };
        }
        let bad = |what: &str, at: u64| Err(Flaw::damaged(format!("the header of the compression {what}")).at(at));
        let is_little = match number(head, 8, true) {
            Some(LITTLE) => true,
            _ if number(head, 8, false) == Some(LITTLE) => false,
            _ => return bad("has no byte order", 8),
        };
        let short =
            |at: usize| number(head, at, is_little).map(|long| if is_little { long & 0xffff_ffff } else { long >> 32 });
        let size = short(16).and_then(|size| usize::try_from(size).ok()).unwrap_or_default();
        if !(XFRM_SIZE..=XFRM_MOST).contains(&size) {
            return bad("has a length that none has", 16);
        }
        let flags = number(head, 32, is_little).unwrap_or_default();
        if flags & ENCRYPTED != 0 {
            return Err(Flaw::unknown("is encrypted: only its header can be read without the password"));
        }
        if flags & COMPRESSED != DEFLATED {
            return Err(
                Flaw::unknown(format!("is compressed in a way that hwdr does not know (flags {flags:x})")).at(32)
            );
        }
        return match head.len() < size {
            true if is_all => Err(Flaw::damaged("ends in its header").at(head.len() as u64)),
            true => Ok(Packing::Unclear),
            false => Ok(Packing::Packed(Form::Xfrm, size)),
        };
    }
    Ok(if head.len() < XFRM.len() && !is_all { Packing::Unclear } else { Packing::Plain })
}

/// Whether a file begins so. Of one that is shorter, nothing is known before all of it is there.
fn begins(head: &[u8], magic: &[u8], is_all: bool) -> bool {
    head.starts_with(magic) || is_all && !head.is_empty() && head.len() < magic.len() && magic.starts_with(head)
}

fn number(bytes: &[u8], at: usize, is_little: bool) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(8)?)?.try_into().ok()?;
    Some(if is_little { u64::from_le_bytes(bytes) } else { u64::from_be_bytes(bytes) })
}

impl Packed {
    fn feed<C: Checker>(&mut self, piece: &[u8], inner: &mut C, at: &mut u64) -> Result<(), Flaw> {
        let mut piece = piece;
        while !self.is_over {
            let before = (self.inflate.total_in(), self.inflate.total_out());
            self.out.clear();
            let status = self.inflate.decompress_vec(piece, &mut self.out, FlushDecompress::None);
            let taken = self.inflate.total_in().saturating_sub(before.0);
            let given = self.inflate.total_out().saturating_sub(before.1);
            let status = status.map_err(|_| Flaw::damaged("cannot be decompressed").at(at.saturating_add(taken)))?;
            *at = at.saturating_add(taken);
            piece = usize::try_from(taken).ok().and_then(|taken| piece.get(taken..)).unwrap_or_default();
            self.crc.update(&self.out);
            self.size = self.size.saturating_add(given);
            inner.feed(&self.out)?;
            match status {
                Status::StreamEnd => self.is_over = true,
                _ if taken == 0 && given == 0 => return Ok(()),
                Status::Ok | Status::BufError => {}
            }
        }
        if self.rest.len().saturating_add(piece.len()) > REST {
            return Err(Flaw::damaged("goes on behind the end of what is compressed").at(*at));
        }
        self.rest.extend_from_slice(piece);
        Ok(())
    }

    fn finish(&self, at: u64) -> Result<(), Flaw> {
        let end = at.saturating_add(self.rest.len() as u64);
        if !self.is_over {
            return Err(Flaw::damaged("ends in the middle of what is compressed").at(end));
        }
        let trailer = Trailer::parse(self.form == Form::Az31, &self.rest, end)?;
        let (size, crc) = (trailer.size, trailer.crc);
        // The older form has 32 bits for the length.
        let is_size = if self.form == Form::Az31 { self.size & 0xffff_ffff } else { self.size };
        if size != is_size {
            return Err(Flaw::damaged(format!("has {is_size} bytes when decompressed")).expected(size.to_string()));
        }
        match crc {
            Some(crc) if crc != self.crc.sum() => {
                Err(Flaw::damaged(format!("its CRC-32 is {:08x}", self.crc.sum())).expected(format!("{crc:08x}")))
            }
            _ => Ok(()),
        }
    }
}

/// What the end of a compressed file says.
pub(crate) struct Trailer {
    size: u64,
    crc: Option<u32>,
}

impl Trailer {
    /// Reads it from the end of a file, which may be more than the trailer; `end` is the length of the file.
    pub(crate) fn parse(is_az31: bool, rest: &[u8], end: u64) -> Result<Self, Flaw> {
        let none =
            || Flaw::damaged("does not end as a compressed file does: it is cut, or goes on behind its end").at(end);
        if is_az31 {
            let zeros = rest.iter().rev().take_while(|byte| **byte == 0).count();
            let told = rest.len().saturating_sub(zeros);
            let trailer = told.checked_sub(AZ31_TRAILER).and_then(|from| rest.get(from..told)).ok_or_else(none)?;
            if trailer.get(8..) != Some(AZ31_END) || zeros >= AZ31_SIZE || !end.is_multiple_of(512) {
                return Err(none());
            }
            let long = number(trailer, 0, true).unwrap_or_default();
            return Ok(Self { crc: Some((long & 0xffff_ffff) as u32), size: long >> 32 });
        }
        let trailer = rest.len().checked_sub(XFRM_TRAILER).and_then(|from| rest.get(from..)).ok_or_else(none)?;
        if !trailer.ends_with(XFRM) {
            return Err(none());
        }
        let is_little = match number(trailer, 40, true) {
            Some(LITTLE) => true,
            _ if number(trailer, 40, false) == Some(LITTLE) => false,
            _ => return Err(none()),
        };
        let flags = number(trailer, 0, is_little).unwrap_or_default();
        let size = number(trailer, 8, is_little).unwrap_or_default();
        let sum = trailer.get(20..24).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
        Ok(Self { size, crc: sum.filter(|_| flags & 0xf0 == CRC_IN_TRAILER) })
    }
}

/// Whether a file with this beginning is compressed, and in the older form.
pub(crate) fn is_packed(head: &[u8]) -> Result<Option<bool>, Flaw> {
    match packing(head, true)? {
        Packing::Packed(form, _) => Ok(Some(form == Form::Az31)),
        Packing::Plain if head.is_empty() => Err(Flaw::damaged(format!("begins with {}", shown(head)))),
        _ => Ok(None),
    }
}
