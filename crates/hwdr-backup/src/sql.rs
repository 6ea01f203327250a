//! Dumps of `mysqldump` and `mysqlpump`: whether they are whole.

use crate::checker::Checker;
use crate::flaw::Flaw;

use serde::Serialize;

/// What the first lines of a dump say, and what the last line then is (client/mysqldump.cc, `write_header` and `write_footer`;
/// client/dump/mysqldump_tool_chain_maker.cc and sql_formatter.cc of MySQL 8: `format_dump_start` and `format_dump_end`).
const TOOLS: [(&str, &str); 3] = [
    ("-- MySQL dump ", "-- Dump completed"),
    ("-- MariaDB dump ", "-- Dump completed"),
    ("-- Dump created by MySQL pump utility", "-- Dump end time"),
];
/// What else such a file could be.
const OTHER: [(&[u8], &str); 4] =
    [(&[0x1f, 0x8b], "gzip"), (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"), (b"PK\x03\x04", "zip"), (b"BZh", "bzip2")];
/// So much of a line is kept, to see what it says.
const LINE: usize = 200;
/// The longest delimiter.
const DELIMITER: usize = 16;

/// Checks a dump.
#[derive(Debug)]
pub struct Dump {
    at: u64,
    line: Vec<u8>,
    last: Vec<u8>,
    closes_with: Option<&'static str>,
    inside: Inside,
    before: u8,
    escaped: bool,
    delimiter: Vec<u8>,
    tail: Vec<u8>,
    is_open: bool,
    statements: u64,
    accounts: u64,
    begun: Vec<u8>,
}

/// Where in a statement the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    Code,
    Quote(u8),
    LineComment,
    Comment,
    /// A line that says what ends statements from now on: `DELIMITER ;;`.
    Delimiter,
}

/// What a dump contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DumpFacts {
    /// How many statements.
    pub statements: u64,
    /// How many of them create an account.
    pub accounts: u64,
    /// Whether its last line says that it is whole; else only its last statement is known to be.
    pub says_that_it_is_whole: bool,
}

impl Default for Dump {
    fn default() -> Self {
        Self {
            at: 0,
            line: Vec::new(),
            last: Vec::new(),
            closes_with: None,
            inside: Inside::Code,
            before: b'\n',
            escaped: false,
            delimiter: b";".to_vec(),
            tail: Vec::new(),
            is_open: false,
            statements: 0,
            accounts: 0,
            begun: Vec::new(),
        }
    }
}

impl Dump {
    fn take(&mut self, byte: u8) -> Result<(), Flaw> {
        if byte == 0 {
            return Err(Flaw::damaged("has a zero byte: it is no text").at(self.at));
        }
        self.lex(byte);
        if byte == b'\n' {
            self.end_line();
        } else if self.line.len() < LINE {
            self.line.push(byte);
            if self.at < 4 {
                let of = OTHER.iter().find(|(magic, _)| self.line == *magic);
                if let Some((_, name)) = of {
                    return Err(Flaw::damaged(format!("is a {name} file")).expected("plain text"));
                }
            }
        }
        self.before = byte;
        self.at = self.at.saturating_add(1);
        Ok(())
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        let text = line.trim_ascii();
        if !text.is_empty() {
            if let Some((_, end)) = TOOLS.iter().find(|(begin, _)| text.starts_with(begin.trim_end().as_bytes())) {
                self.closes_with = Some(end);
            }
            self.last = text.to_vec();
        }
    }

    /// Whether what comes next begins a statement, a comment or a line without either.
    pub(crate) fn is_between_statements(&self) -> bool {
        self.inside == Inside::Code && !self.is_open
    }

    fn close(&mut self) {
        self.is_open = false;
        self.begun.clear();
        self.tail.clear();
    }

    /// Follows quotes, comments and the ends of statements.
    fn lex(&mut self, byte: u8) {
        match self.inside {
            Inside::LineComment => {
                if byte == b'\n' {
                    self.inside = Inside::Code;
                }
            }
            Inside::Delimiter => {
                if byte == b'\n' {
                    let new = self
                        .line
                        .trim_ascii()
                        .rsplit(|byte: &u8| byte.is_ascii_whitespace())
                        .next()
                        .unwrap_or_default();
                    if (1..=DELIMITER).contains(&new.len()) {
                        self.delimiter = new.to_vec();
                    }
                    self.inside = Inside::Code;
                }
            }
            Inside::Comment => {
                if byte == b'/' && self.before == b'*' {
                    self.inside = Inside::Code;
                    if self.begun == b"/" {
                        self.close();
                    }
                }
            }
            Inside::Quote(quote) => {
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' && quote != b'`' {
                    self.escaped = true;
                } else if byte == quote {
                    self.inside = Inside::Code;
                }
                self.tail.clear();
            }
            Inside::Code => self.code(byte),
        }
    }

    fn code(&mut self, byte: u8) {
        match byte {
            b'\'' | b'"' | b'`' => {
                self.inside = Inside::Quote(byte);
                self.escaped = false;
                self.open(byte);
            }
            b'#' => self.inside = Inside::LineComment,
            // `/*! … */` is code that ends with a delimiter as any other.
            b'*' if self.before == b'/' => self.inside = Inside::Comment,
            byte if byte.is_ascii_whitespace() => {
                if self.tail.ends_with(b"--") {
                    if self.begun == b"--" {
                        self.close();
                    }
                    if byte != b'\n' {
                        self.inside = Inside::LineComment;
                    }
                } else if byte != b'\n' && self.begun.eq_ignore_ascii_case(b"DELIMITER") {
                    self.close();
                    self.inside = Inside::Delimiter;
                } else if self.is_open {
                    self.remember(b' ');
                }
                self.tail.clear();
            }
            byte => {
                self.open(byte);
                self.tail.push(byte);
                if self.tail.len() > DELIMITER {
                    self.tail.remove(0);
                }
                if self.tail.ends_with(&self.delimiter) {
                    self.statements = self.statements.saturating_add(1);
                    if self.begun.to_ascii_uppercase().starts_with(b"CREATE USER ") {
                        self.accounts = self.accounts.saturating_add(1);
                    }
                    self.close();
                }
            }
        }
    }

    fn open(&mut self, byte: u8) {
        self.is_open = true;
        self.remember(byte);
    }

    fn remember(&mut self, byte: u8) {
        if self.begun.len() < LINE {
            self.begun.push(byte);
        }
    }
}

impl Checker for Dump {
    type Facts = DumpFacts;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        piece.iter().try_for_each(|byte| self.take(*byte))
    }

    fn finish(mut self) -> Result<DumpFacts, Flaw> {
        let end = self.at;
        if self.at == 0 {
            return Err(Flaw::damaged("is empty").expected("statements").at(0));
        }
        let (is_comment, is_line_whole) = (self.inside == Inside::LineComment, self.before == b'\n');
        if !is_line_whole {
            if is_comment {
                self.inside = Inside::Code;
            }
            self.end_line();
        }
        if let Some(with) = self.closes_with {
            let last = String::from_utf8_lossy(&self.last).into_owned();
            if !self.last.starts_with(with.as_bytes()) {
                let last: String = last.chars().take(40).collect();
                return Err(Flaw::damaged(format!("ends with {last:?}: it is cut")).expected(with).at(end));
            }
        }
        match self.inside {
            Inside::Quote(_) => return Err(Flaw::damaged("ends in a quoted text: it is cut").at(end)),
            Inside::Comment => return Err(Flaw::damaged("ends in a comment: it is cut").at(end)),
            Inside::Code | Inside::LineComment | Inside::Delimiter => {}
        }
        if self.is_open {
            return Err(Flaw::damaged("ends in the middle of a statement: it is cut").expected("; at its end").at(end));
        }
        Ok(DumpFacts {
            statements: self.statements,
            accounts: self.accounts,
            says_that_it_is_whole: self.closes_with.is_some(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checker::check_whole;

    const DATABASES: &str = "-- MySQL dump 10.13  Distrib 8.0.34, for Linux (x86_64)\n--\n-- Host: localhost    Database: \n\
        /*!40101 SET NAMES utf8mb4 */;\n/*!50503 SET character_set_client = utf8mb4 */;\nCREATE DATABASE /*!32312 IF NOT EXISTS*/ `hops` /*!40100 */;\n\n\
        USE `hops`;\nCREATE TABLE `a` (\n  `id` int NOT NULL COMMENT 'it''s; \\' \"x\\\\',\n  PRIMARY KEY (`id`)\n) ENGINE=ndbcluster;\n\
        DELIMITER ;;\nCREATE PROCEDURE `p`()\nBEGIN\n  -- it's a comment; with \"quotes\n  SELECT 1; # it's another\n  SELECT 5--3; /* don't; */\nEND ;;\nDELIMITER ;\n\
        /*!40101 SET CHARACTER_SET_CLIENT=@OLD */;\n\n-- Dump completed on 2025-11-24 12:00:03\n";
    const USERS: &str = "-- Dump created by MySQL pump utility, version: 8.0.34, Linux (x86_64)\n-- Dump start time: Mon Nov 24 12:00:00 2025\n\
        -- Server version: 8.0.34\n\nSET @OLD_TIME_ZONE=@@TIME_ZONE;\nCREATE USER 'a;b'@'%' IDENTIFIED WITH 'caching_sha2_password' AS '$A$005$\x01\x7f;\\'x';\n\
        GRANT USAGE ON *.* TO 'a;b'@'%';\nSET TIME_ZONE=@OLD_TIME_ZONE;\n-- Dump end time: Mon Nov 24 12:00:01 2025\n";
    const OWN: &str =
        "-- users of the cluster\nCREATE USER 'x'@'%' IDENTIFIED BY 'y';\nGRANT USAGE ON *.* TO 'x'@'%';\n";

    fn check(text: &[u8]) -> Result<DumpFacts, Flaw> {
        check_whole(Dump::default(), text)
    }

    #[test]
    fn good_dumps_are_fine() {
        let facts =
            |statements, accounts, says_that_it_is_whole| Ok(DumpFacts { statements, accounts, says_that_it_is_whole });
        assert_eq!(check(DATABASES.as_bytes()), facts(7, 0, true));
        assert_eq!(check(USERS.as_bytes()), facts(4, 1, true));
        assert_eq!(check(OWN.as_bytes()), facts(2, 1, false));
        assert_eq!(check(format!("-- schemata\n{DATABASES}").as_bytes()), facts(7, 0, true), "with a line in front");
        assert_eq!(check(b"-- schemata without data\n"), facts(0, 0, false), "a cluster without databases");
        assert_eq!(check(DATABASES.trim_end().as_bytes()), facts(7, 0, true), "without the last line break");
        assert_eq!(check(DATABASES.replace('\n', "\r\n").as_bytes()), facts(7, 0, true));
        assert_eq!(
            check(
                "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\nUSE `a`;\n-- Dump completed\n"
                    .as_bytes()
            ),
            facts(1, 0, true)
        );
    }

    #[test]
    fn a_dump_that_is_cut_is_damaged() {
        for text in [DATABASES, USERS] {
            // The first lines alone do not say yet what wrote the rest.
            let begin = text.find('\n').unwrap();
            let end = text.rfind("-- Dump ").unwrap() + "-- Dump ".len();
            for cut in begin..end {
                assert!(check(&text.as_bytes()[..cut]).is_err(), "cut at {cut}: {:?}", &text[..cut]);
            }
        }
        // Without a last line that says it, a cut between two statements cannot be told.
        let second = OWN.find("GRANT").unwrap();
        for cut in second + 1..OWN.trim_end().len() {
            assert!(check(&OWN.as_bytes()[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn what_is_no_dump_is_damaged() {
        for bytes in [&b""[..], b"\x1f\x8b\x08\0", b"-- MySQL dump \n\0", b"CREATE USER 'a", b"(\xb5\x2f\xfd", b"/* a"]
        {
            assert!(check(bytes).is_err(), "{bytes:?}");
        }
    }
}
