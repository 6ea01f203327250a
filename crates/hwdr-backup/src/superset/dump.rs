//! `superset.sql.gz`: whether it is whole, and the dump of a database of Superset's. It is read once, in pieces.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::checker::Checker;
use crate::flaw::Flaw;
use crate::gunzip::{Gunzip, Sink};
use crate::sql::Dump;

/// How much a dump may unpack to: far more than dashboards and charts.
const LONGEST: u64 = 64 << 30;
/// So much of a line is kept, to see what it says. Lines of data are longer.
const LINE: usize = 512;
/// How many tables are told apart.
const MOST: usize = 10_000;
/// Tables that each database of Superset's has (apache/superset: `superset/migrations`, `superset/models`).
const TABLES: [&str; 3] = ["alembic_version", "dashboards", "dbs"];
/// The table with the revision of the schema (alembic, `runtime/migration.py`).
const VERSION: &str = "alembic_version";

/// Checks a dump.
pub struct SupersetDump {
    digest: Sha256,
    size: u64,
    content: Gunzip<Content>,
}

/// What a dump is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dumped {
    /// How many bytes the file has.
    pub size: u64,
    /// How many it unpacks to.
    pub unpacked: u64,
    /// The SHA-256 of the file, in hexadecimal digits.
    pub digest: String,
    /// How many tables it creates.
    pub tables: usize,
    /// The revision of the schema.
    pub revision: String,
    /// Whether its last line says that it is whole; else only its last statement is known to be.
    pub says_that_it_is_whole: bool,
}

impl Default for SupersetDump {
    fn default() -> Self {
        Self { digest: Sha256::new(), size: 0, content: Gunzip::new(Content::default(), LONGEST) }
    }
}

impl Checker for SupersetDump {
    type Facts = Dumped;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        self.digest.update(piece);
        self.size = self.size.saturating_add(piece.len() as u64);
        self.content.feed(piece)
    }

    fn finish(self) -> Result<Dumped, Flaw> {
        let dumped = self.content.finish()?;
        let mut digest = String::new();
        for byte in self.digest.finalize() {
            let _ = write!(digest, "{byte:02x}");
        }
        Ok(Dumped { size: self.size, digest, ..dumped })
    }
}

/// The statements, unpacked.
#[derive(Default)]
struct Content {
    dump: Dump,
    unpacked: u64,
    /// A line that may begin a statement.
    line: Vec<u8>,
    /// Whether the line goes on that was begun.
    is_inside: bool,
    /// Whether it is kept.
    is_kept: bool,
    tables: BTreeSet<String>,
    revisions: BTreeSet<String>,
}

impl Content {
    fn take_byte(&mut self, byte: u8) -> Result<(), Flaw> {
        if !self.is_inside {
            self.is_inside = true;
            self.is_kept = self.dump.is_between_statements();
        }
        self.dump.feed(&[byte])?;
        if byte == b'\n' {
            self.end_line();
        } else if self.is_kept && self.line.len() < LINE {
            self.line.push(byte);
        }
        Ok(())
    }

    fn end_line(&mut self) {
        self.is_inside = false;
        let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("CREATE") if words.next() == Some("TABLE") => {
                let name = words.find(|word| !["IF", "NOT", "EXISTS"].contains(word)).map(name_of);
                self.tables.extend(name.filter(|_| self.tables.len() < MOST));
            }
            Some("INSERT" | "REPLACE") if words.any(|word| word == "INTO") => {
                let is_version = words.next().map(name_of).as_deref() == Some(VERSION);
                if is_version && self.revisions.len() < MOST {
                    self.revisions.extend(texts(&line));
                }
            }
            _ => {}
        }
    }
}

/// The name of a table, which may be quoted, and stand behind that of its database.
fn name_of(word: &str) -> String {
    let name = word.split('(').next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    name.trim_matches('`').to_owned()
}

/// The quoted texts in a line that hold no quotes themselves.
fn texts(line: &str) -> impl Iterator<Item = String> {
    let quote = if line.contains('\'') { '\'' } else { '"' };
    line.split(quote).skip(1).step_by(2).map(str::to_owned)
}

impl Sink for Content {
    type Facts = Dumped;

    fn take(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        self.unpacked = self.unpacked.saturating_add(piece.len() as u64);
        piece.iter().try_for_each(|byte| self.take_byte(*byte))
    }

    fn end(mut self) -> Result<Dumped, Flaw> {
        if self.is_inside {
            self.end_line();
        }
        let facts = self.dump.finish()?;
        if let Some(missing) = TABLES.iter().find(|table| !self.tables.contains(**table)) {
            let what = format!("does not create the table {missing}");
            return Err(Flaw::damaged(what).expected("a dump of Superset's database"));
        }
        let mut revisions = self.revisions.into_iter();
        match (revisions.next(), revisions.len()) {
            (Some(revision), 0) => Ok(Dumped {
                size: 0,
                unpacked: self.unpacked,
                digest: String::new(),
                tables: self.tables.len(),
                revision,
                says_that_it_is_whole: facts.says_that_it_is_whole,
            }),
            (None, _) => Err(Flaw::damaged(format!("has no revision of its schema in the table {VERSION}"))),
            (Some(_), more) => {
                let what = format!("has {} revisions of its schema in the table {VERSION}", more.saturating_add(1));
                Err(Flaw::damaged(what).expected("one"))
            }
        }
    }
}
