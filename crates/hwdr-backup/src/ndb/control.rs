//! Control files: the tables, and how many rows each fragment has.

use std::collections::{BTreeMap, BTreeSet};

use crate::checker::Checker;
use crate::flaw::Flaw;
use crate::window::{Window, word};

use super::header::{FileKind, Header, WORDS};

/// The most words in a section: of the lists, and of the description of a table with 512 columns with long defaults.
const LONGEST: usize = 8 << 20;
/// NDB has 20,320 objects at most (`NDB_MAX_TABLES`); RonDB has more.
const MOST_OBJECTS: usize = 1 << 20;
/// The most counts that are kept.
const MOST_COUNTS: usize = 4 << 20;
/// Nodes in all descriptions.
const MOST_NODES: u16 = 1024;

const TABLE_LIST: u32 = 4;
const TABLE_DESCRIPTION: u32 = 5;
const GCP_ENTRY: u32 = 6;
const FRAGMENT_INFO: u32 = 7;

/// Keys of properties (`DictTabInfo.hpp`).
const NAME: u32 = 1;
const ID: u32 = 2;
const REPLICAS: u32 = 138;
const END: u32 = 999;
/// Where the types of properties stand, and which there are (`SimpleProperties.hpp`).
const NUMBER: u32 = 0;
const BINARY: [u32; 2] = [1, 2];

/// Checks a control file.
#[derive(Debug, Default)]
pub struct Control {
    window: Window,
    state: State,
    header: Option<Header>,
    listed: BTreeSet<u32>,
    descriptions: usize,
    tables: BTreeMap<u32, Table>,
    gcp: Option<[u32; 2]>,
    last: Option<(u32, u32)>,
    counts: BTreeMap<(u32, u32), u64>,
    fragments: BTreeMap<u32, u32>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Header,
    List,
    Descriptions,
    Gcp,
    Counts,
}

/// What a control file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlFacts {
    /// Its header.
    pub header: Header,
    /// The tables, by their ids.
    pub tables: BTreeMap<u32, Table>,
    /// The global checkpoints at the beginning and at the end.
    pub gcp: [u32; 2],
    /// How many rows each fragment has (table, fragment), of those that were counted in this file.
    pub counts: BTreeMap<(u32, u32), u64>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// `database/schema/table`.
    pub name: String,
    /// The nodes that hold its fragments, whether they ran or not; the fragments' own nodes are at their place, none if the file does not say it.
    pub replicas: Vec<Box<[u16]>>,
}

impl Control {
    /// The next section, if all of it is there. Returns whether there was one.
    fn step(&mut self) -> Result<bool, Flaw> {
        if self.state == State::Header {
            let Some(head) = self.window.words(WORDS) else { return Ok(false) };
            let header = Header::parse(head)?;
            if header.kind != FileKind::Control {
                return Err(Flaw::damaged(format!("is a {}", header.kind.word())).expected("a control file"));
            }
            self.header = Some(header);
            self.window.skip(WORDS);
            self.state = State::List;
            return Ok(true);
        }
        let (Some(kind), Some(length)) = (self.window.word(0), self.window.word(1)) else { return Ok(false) };
        let at = self.window.at();
        let length = length as usize;
        let expected = match self.state {
            State::Header | State::List => TABLE_LIST,
            State::Descriptions => TABLE_DESCRIPTION,
            State::Gcp => GCP_ENTRY,
            State::Counts => FRAGMENT_INFO,
        };
        if kind != expected {
            return Err(Flaw::damaged(format!("has a section of type {kind}"))
                .expected(format!("type {expected}"))
                .at(at));
        }
        let is_length = match kind {
            TABLE_LIST => (3..=MOST_OBJECTS).contains(&length),
            TABLE_DESCRIPTION => (4..=LONGEST).contains(&length),
            GCP_ENTRY => length == 4,
            _ => length == 8,
        };
        if !is_length {
            return Err(Flaw::damaged(format!("a section of type {kind} has {length} words")).at(at));
        }
        let Some(section) = self.window.words(length) else { return Ok(false) };
        match kind {
            TABLE_LIST => {
                self.listed = (2..length).filter_map(|index| word(section, index)).collect();
                // Objects of several kinds may have the same id.
                self.descriptions = length.saturating_sub(2);
                self.state = State::Descriptions;
            }
            TABLE_DESCRIPTION => {
                if let Some((id, table)) = description(section, at)? {
                    if !self.listed.contains(&id) {
                        return Err(Flaw::damaged(format!("describes table {id}, which it does not list")).at(at));
                    }
                    if self.tables.insert(id, table).is_some() {
                        return Err(Flaw::damaged(format!("describes table {id} twice")).at(at));
                    }
                }
                self.descriptions = self.descriptions.saturating_sub(1);
                if self.descriptions == 0 {
                    self.state = State::Gcp;
                }
            }
            GCP_ENTRY => {
                let gcp = [word(section, 2).unwrap_or_default(), word(section, 3).unwrap_or_default()];
                let [start, stop] = gcp;
                if start > stop {
                    return Err(
                        Flaw::damaged(format!("ends at checkpoint {stop}, before its beginning at {start}")).at(at)
                    );
                }
                self.gcp = Some(gcp);
                self.state = State::Counts;
            }
            _ => {
                let get = |index| word(section, index).unwrap_or_default();
                let (table, fragment, rows) = (get(2), get(3), u64::from(get(5)) << 32 | u64::from(get(4)));
                self.count(table, fragment, rows).map_err(|flaw| flaw.at(at))?;
            }
        }
        self.window.skip(length);
        Ok(true)
    }

    fn count(&mut self, table: u32, fragment: u32, rows: u64) -> Result<(), Flaw> {
        let Some(known) = self.tables.get(&table) else {
            return Err(Flaw::damaged(format!("counts the rows of table {table}, which it does not describe")));
        };
        // They are written in order.
        let expected = match self.last {
            Some((last, number)) if last == table => number.saturating_add(1),
            _ => 0,
        };
        if fragment != expected || expected == 0 && self.fragments.contains_key(&table) {
            let name = &known.name;
            return Err(Flaw::damaged(format!("counts the rows of fragment {fragment} of {name}"))
                .expected(format!("fragment {expected}")));
        }
        self.last = Some((table, fragment));
        self.fragments.insert(table, fragment.saturating_add(1));
        if rows > 0 {
            if self.counts.len() >= MOST_COUNTS {
                return Err(Flaw::unknown(format!("has more than {MOST_COUNTS} fragments: hwdr does not count them")));
            }
            self.counts.insert((table, fragment), rows);
        }
        Ok(())
    }
}

impl Checker for Control {
    type Facts = ControlFacts;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        self.window.push(piece);
        while self.step()? {}
        Ok(())
    }

    fn finish(self) -> Result<ControlFacts, Flaw> {
        let end = self.window.at().saturating_add(self.window.rest().len() as u64);
        if self.header.is_none() {
            return Err(Header::parse(self.window.rest()).err().unwrap_or_else(|| Flaw::damaged("ends in its header")));
        }
        self.window.is_over("a section")?;
        let early = |what: &str| Flaw::damaged(format!("ends before {what}")).at(end);
        let (Some(header), Some(gcp)) = (self.header, self.gcp) else {
            return Err(early(match self.state {
                State::Header | State::List => "its list of tables",
                State::Descriptions => "the last description of a table",
                _ => "its checkpoints",
            }));
        };
        for (id, table) in &self.tables {
            let (has, should) = (self.fragments.get(id).copied().unwrap_or_default(), table.replicas.len());
            if has == 0 || (has as usize) < should {
                return Err(early(&format!("the counts of all {should} fragments of {}", table.name))
                    .expected(format!("{should} counts, and there are {has}")));
            }
        }
        Ok(ControlFacts { header, tables: self.tables, gcp, counts: self.counts })
    }
}

/// Reads the description of an object: its id and table, if it is one.
fn description(section: &[u8], at: u64) -> Result<Option<(u32, Table)>, Flaw> {
    // Others are indexes, tablespaces, files, hash maps, foreign keys (`DictTabInfo::TableType`).
    let is_table = matches!(word(section, 2), Some(1 | 2));
    let words = section.len() / 4;
    let bad = |index: usize, what: &str| {
        Flaw::damaged(format!("the description of an object {what}"))
            .at(at.saturating_add(index.saturating_mul(4) as u64))
    };
    let (mut id, mut name, mut replicas, mut is_ended) = (None, None, Vec::new(), false);
    let mut index = 3_usize;
    while let Some(head) = word(section, index) {
        let (kind, key) = (head >> 16, head & 0xffff);
        let Some(value) = word(section, index.saturating_add(1)) else {
            // A word behind the end.
            if head == 0 {
                break;
            }
            return Err(bad(index, "ends in the middle of a property"));
        };
        let begin = index.saturating_add(2);
        match kind {
            NUMBER => {
                match key {
                    ID if !is_ended => id = Some(value),
                    END => is_ended = true,
                    _ => {}
                }
                index = begin;
            }
            kind if BINARY.contains(&kind) => {
                let (size, first) = (value as usize, begin.saturating_mul(4));
                let Some(bytes) = first.checked_add(size).and_then(|last| section.get(first..last)) else {
                    return Err(bad(index, &format!("has a property of {size} bytes, and {words} words in all")));
                };
                match key {
                    NAME if !is_ended && name.is_none() => name = Some(text(bytes)),
                    REPLICAS if is_table => {
                        replicas = nodes(bytes).ok_or_else(|| bad(index, "has no list of its fragments' nodes"))?
                    }
                    _ => {}
                }
                index = begin.saturating_add(size.div_ceil(4));
            }
            kind => return Err(bad(index, &format!("has a property of type {kind}"))),
        }
    }
    if !is_table {
        return Ok(None);
    }
    match (id, name, is_ended) {
        (Some(id), Some(name), true) => Ok(Some((id, Table { name, replicas }))),
        _ => Err(bad(3, "has no id, no name or no end")),
    }
}

/// The name of a table: up to the zero at its end.
fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
}

/// The nodes of each fragment: the number of replicas, of fragments, and for each a log part and its nodes, in 16 bits each.
fn nodes(bytes: &[u8]) -> Option<Vec<Box<[u16]>>> {
    let mut numbers = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok()).map(u16::from_be_bytes);
    let (replicas, fragments) = (numbers.next()?, numbers.next()?);
    if !(1..=8).contains(&replicas) {
        return None;
    }
    let one = |_| {
        numbers.next()?;
        let nodes: Box<[u16]> = numbers.by_ref().take(usize::from(replicas)).collect();
        (nodes.len() == usize::from(replicas) && nodes.iter().all(|node| *node <= MOST_NODES)).then_some(nodes)
    };
    (0..fragments).map(one).collect()
}
