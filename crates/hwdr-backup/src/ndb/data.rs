//! Data files: fragments with their rows.

use crate::checker::Checker;
use crate::flaw::Flaw;
use crate::window::{Window, word};

use super::header::{FileKind, Header, WORDS};

/// The most words of a row: NDB has 7,500, and as many on disk; RonDB has a little more.
const LONGEST_ROW: usize = 64 << 10;
/// The most words that fill up a page of 32 KiB.
const LONGEST_FILL: usize = (32 << 10) / 4 + 2;
/// The most fragments that are kept.
const MOST_FRAGMENTS: usize = 1 << 20;

pub(super) const HEAD: u32 = 2;
pub(super) const FOOT: u32 = 3;
pub(super) const FILL: u32 = 8;
pub(super) const FOOT_WORDS: usize = 6;
const HEAD_WORDS: usize = 5;
/// The first word of a row has this above the number of bytes of a bitmap that says which columns are null (`AttributeHeader::READ_PACKED`).
const PACKED: u32 = 0xfff3;

/// Checks a data file.
#[derive(Debug, Default)]
pub struct Data {
    window: Window,
    header: Option<Header>,
    open: Option<Fragment>,
    fragments: Vec<Fragment>,
    rows: u64,
}

/// What a data file contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFacts {
    /// Its header.
    pub header: Header,
    /// The fragments in it.
    pub fragments: Vec<Fragment>,
}

/// A fragment in a data file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fragment {
    /// Its table.
    pub table: u32,
    /// Its number in the table.
    pub number: u32,
    /// Its rows.
    pub rows: u64,
}

impl Data {
    /// The fragments that were read to their end.
    pub fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    /// How many rows were read.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    fn step(&mut self) -> Result<bool, Flaw> {
        let Some(header) = self.header else {
            let Some(head) = self.window.words(WORDS) else { return Ok(false) };
            let header = Header::parse(head)?;
            if header.kind != FileKind::Data {
                return Err(Flaw::damaged(format!("is a {}", header.kind.word())).expected("a data file"));
            }
            self.header = Some(header);
            self.window.skip(WORDS);
            return Ok(true);
        };
        let at = self.window.at();
        match &mut self.open {
            Some(fragment) => {
                let Some(length) = self.window.word(0) else { return Ok(false) };
                if length == 0 {
                    let count = FOOT_WORDS.saturating_add(1);
                    let Some(foot) = self.window.words(count) else { return Ok(false) };
                    footer(foot.get(4..).unwrap_or_default(), fragment)
                        .map_err(|flaw| flaw.at(at.saturating_add(4)))?;
                    if self.fragments.len() >= MOST_FRAGMENTS {
                        return Err(Flaw::unknown(format!("has more than {MOST_FRAGMENTS} fragments")));
                    }
                    self.fragments.push(*fragment);
                    self.open = None;
                    self.window.skip(count);
                    return Ok(true);
                }
                let length = length as usize;
                if length > LONGEST_ROW {
                    return Err(Flaw::damaged(format!(
                        "row {} of fragment {} of table {} has {length} words",
                        fragment.rows, fragment.number, fragment.table
                    ))
                    .expected(format!("at most {LONGEST_ROW}"))
                    .at(at));
                }
                let Some(row) = self.window.words(length.saturating_add(1)) else { return Ok(false) };
                check_row(row.get(4..).unwrap_or_default(), header.is_little)
                    .map_err(|flaw| flaw.at(at.saturating_add(4)))?;
                fragment.rows = fragment.rows.saturating_add(1);
                self.rows = self.rows.saturating_add(1);
                self.window.skip(length.saturating_add(1));
            }
            None => {
                let (Some(kind), Some(length)) = (self.window.word(0), self.window.word(1)) else { return Ok(false) };
                let length = length as usize;
                match kind {
                    HEAD if length == HEAD_WORDS => {
                        let Some(head) = self.window.words(length) else { return Ok(false) };
                        let get = |index| word(head, index).unwrap_or_default();
                        self.open = Some(Fragment { table: get(2), number: get(3), rows: 0 });
                    }
                    FILL if (2..=LONGEST_FILL).contains(&length) => {
                        if self.window.words(length).is_none() {
                            return Ok(false);
                        }
                    }
                    HEAD | FILL => {
                        return Err(Flaw::damaged(format!("a section of type {kind} has {length} words")).at(at));
                    }
                    kind => {
                        return Err(Flaw::damaged(format!("has a section of type {kind}"))
                            .expected("the next fragment (type 2), or the end")
                            .at(at));
                    }
                }
                self.window.skip(length);
            }
        }
        Ok(true)
    }
}

/// Compares a footer with the fragment that was read.
fn footer(foot: &[u8], fragment: &Fragment) -> Result<(), Flaw> {
    let is = parse_footer(foot).ok_or_else(|| Flaw::damaged("has no footer behind the rows of a fragment"))?;
    let &Fragment { table, number, rows } = fragment;
    if (is.table, is.number) != (table, number) {
        return Err(Flaw::damaged(format!("the footer is of fragment {} of table {}", is.number, is.table))
            .expected(format!("fragment {number} of table {table}")));
    }
    // It has 32 bits for the number.
    if is.rows != rows & 0xffff_ffff {
        return Err(Flaw::damaged(format!("fragment {number} of table {table} has {rows} rows"))
            .expected(format!("{}, as its footer says", is.rows)));
    }
    Ok(())
}

/// A footer, if these words are one.
pub(super) fn parse_footer(foot: &[u8]) -> Option<Fragment> {
    let is_foot = word(foot, 0)? == FOOT && word(foot, 1)? as usize == FOOT_WORDS && word(foot, 5)? == 0;
    let fragment = Fragment { table: word(foot, 2)?, number: word(foot, 3)?, rows: u64::from(word(foot, 4)?) };
    is_foot.then_some(fragment)
}

fn check_row(row: &[u8], is_little: bool) -> Result<(), Flaw> {
    let Some(first) = word(row, 0).map(|first| if is_little { first.swap_bytes() } else { first }) else {
        return Ok(());
    };
    let (id, bitmap) = (first >> 16, (first & 0xffff) as usize);
    let is_inside = bitmap.saturating_add(4) <= row.len();
    if id != PACKED || bitmap == 0 || !bitmap.is_multiple_of(4) || !is_inside {
        return Err(Flaw::damaged(format!("a row begins with {first:08x}"))
            .expected(format!("{PACKED:x}, and the length of a bitmap")));
    }
    Ok(())
}

impl Checker for Data {
    type Facts = DataFacts;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        self.window.push(piece);
        while self.step()? {}
        Ok(())
    }

    fn finish(self) -> Result<DataFacts, Flaw> {
        let Some(header) = self.header else {
            return Err(Header::parse(self.window.rest()).err().unwrap_or_else(|| Flaw::damaged("ends in its header")));
        };
        if let Some(fragment) = self.open {
            let end = self.window.at().saturating_add(self.window.rest().len() as u64);
            return Err(Flaw::damaged(format!(
                "ends behind {} rows of fragment {} of table {}",
                fragment.rows, fragment.number, fragment.table
            ))
            .expected("the fragment's footer")
            .at(end));
        }
        self.window.is_over("a section")?;
        Ok(DataFacts { header, fragments: self.fragments })
    }
}
