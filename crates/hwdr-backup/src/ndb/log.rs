//! Logs: the changes while a backup was taken.

use crate::checker::Checker;
use crate::flaw::Flaw;
use crate::window::{Window, word};

use super::header::{FileKind, Header, WORDS};

/// The most words of an entry (`MAX_BACKUP_FILE_LOG_DATA_SIZE` and its header: a key and twice the columns of a row), and room for RonDB's.
const LONGEST: usize = 128 << 10;
/// Table, event and fragment.
const HEAD: usize = 3;
/// With this bit in the event, the checkpoint is behind the data.
const HAS_GCP: u32 = 0x1_0000;
/// Inserted, deleted, updated (`TriggerEvent`).
const EVENTS: [u32; 3] = [0, 1, 2];

/// Checks a log.
#[derive(Debug, Default)]
pub struct Log {
    window: Window,
    header: Option<Header>,
    entries: u64,
    is_ended: bool,
}

/// What a log contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFacts {
    /// Its header.
    pub header: Header,
    /// How many changes.
    pub entries: u64,
}

impl Log {
    fn step(&mut self) -> Result<bool, Flaw> {
        let Some(header) = self.header else {
            let Some(head) = self.window.words(WORDS) else { return Ok(false) };
            let header = Header::parse(head)?;
            if header.kind != FileKind::Log {
                return Err(Flaw::damaged(format!("is a {}", header.kind.word())).expected("a log"));
            }
            self.header = Some(header);
            self.window.skip(WORDS);
            return Ok(true);
        };
        let at = self.window.at();
        let Some(length) = self.window.word(0) else { return Ok(false) };
        if self.is_ended {
            // Nobody reads further; only zeros can be there.
            if length != 0 {
                return Err(Flaw::damaged("goes on behind its end").at(at));
            }
            self.window.skip(1);
            return Ok(true);
        }
        if length == 0 {
            self.is_ended = true;
            self.window.skip(1);
            return Ok(true);
        }
        let length = length as usize;
        if !(HEAD..=LONGEST).contains(&length) {
            return Err(Flaw::damaged(format!("an entry has {length} words"))
                .expected(format!("{HEAD} to {LONGEST}"))
                .at(at));
        }
        // A log that is read from its end has the length there, too.
        let behind = length.saturating_add(1);
        let count = behind.saturating_add(usize::from(header.is_undo));
        let Some(entry) = self.window.words(count) else { return Ok(false) };
        if header.is_undo && word(entry, behind) != Some(length as u32) {
            return Err(Flaw::damaged(format!(
                "an entry of {length} words ends with the length {}",
                word(entry, behind).unwrap_or_default()
            ))
            .at(at));
        }
        check_entry(entry.get(..behind.saturating_mul(4)).unwrap_or_default(), header.is_little)
            .map_err(|what| Flaw::damaged(what).at(at))?;
        self.entries = self.entries.saturating_add(1);
        self.window.skip(count);
        Ok(true)
    }
}

/// Whether the columns of an entry fill it.
fn check_entry(entry: &[u8], is_little: bool) -> Result<(), String> {
    let event = word(entry, 2).unwrap_or_default();
    if !EVENTS.contains(&(event & 0xffff)) || event & !(HAS_GCP | 0xffff) != 0 {
        return Err(format!("an entry has the event {event:x}"));
    }
    let words = entry.len() / 4;
    let end = words.saturating_sub(usize::from(event & HAS_GCP != 0));
    let mut index = HEAD.saturating_add(1);
    while index < end {
        let head = word(entry, index).unwrap_or_default();
        let size = if is_little { head.swap_bytes() } else { head } & 0xffff;
        index = index.saturating_add(1).saturating_add((size as usize).div_ceil(4));
    }
    if index != end {
        return Err("the columns of an entry are longer than it".to_owned());
    }
    Ok(())
}

impl Checker for Log {
    type Facts = LogFacts;

    fn feed(&mut self, piece: &[u8]) -> Result<(), Flaw> {
        self.window.push(piece);
        while self.step()? {}
        Ok(())
    }

    fn finish(self) -> Result<LogFacts, Flaw> {
        let Some(header) = self.header else {
            return Err(Header::parse(self.window.rest()).err().unwrap_or_else(|| Flaw::damaged("ends in its header")));
        };
        self.window.is_over("an entry")?;
        if !self.is_ended {
            return Err(Flaw::damaged(format!("ends behind {} changes", self.entries))
                .expected("a word of zeros at its end")
                .at(self.window.at()));
        }
        Ok(LogFacts { header, entries: self.entries })
    }
}
