//! What is remembered of each backup: when it was verified last, with which result, and when it was restored somewhere else to prove it. Whoever may write the Secret may write
//! anything, so nothing depends on it but a line in the list.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Verdict;
use crate::plain_data;

/// So many are remembered.
const MOST: usize = 500;
/// The longest id.
const LONGEST: usize = 253;
/// The largest text that is read.
pub const LARGEST: usize = 256 << 10;

/// One result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// The backup.
    pub id: String,
    /// When.
    pub time: Timestamp,
    /// How it was.
    pub verdict: Verdict,
    /// Whether it was restored somewhere else.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_drill: bool,
    /// How much of the data was read for it.
    #[serde(default)]
    pub depth: Depth,
}

/// How much of the data a verification has read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// The ends of large files.
    #[default]
    Ends,
    /// Some of it, chosen at random.
    Part,
    /// All of it.
    All,
}

impl Verified {
    /// Whether a newer result says too little to replace this one: damage is not gone because nobody could look, or because other data was read.
    fn outlasts(&self, new: &Self) -> bool {
        let is_bad = matches!(self.verdict, Verdict::Damaged | Verdict::Missing);
        is_bad
            && match new.verdict {
                Verdict::Unknown => true,
                Verdict::Fine => self.depth > Depth::Ends && new.depth < Depth::All,
                Verdict::Damaged | Verdict::Missing => false,
            }
    }
}

/// The results, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    all: Vec<Verified>,
}

impl Memory {
    /// Reads what was written. What is no result is left out.
    pub fn parse(text: &str) -> Self {
        let all: Vec<serde_json::Value> = match text.len() <= LARGEST {
            true => serde_json::from_str(text).unwrap_or_default(),
            false => Vec::new(),
        };
        let results = all.into_iter().take(MOST).filter_map(|one| serde_json::from_value::<Verified>(one).ok());
        Self { all: results.filter(|one| is_id(&one.id)).collect() }
    }

    /// As it is written.
    pub fn text(&self) -> String {
        plain_data::text(&self.all)
    }

    /// The result of the last verification of a backup.
    pub fn of(&self, id: &str) -> Option<&Verified> {
        self.all.iter().rev().find(|one| one.id == id && !one.is_drill)
    }

    /// When a backup was restored somewhere else.
    pub fn drilled(&self, id: &str) -> Option<Timestamp> {
        self.all.iter().rev().find(|one| one.id == id && one.is_drill).map(|one| one.time)
    }

    /// Adds a result, in place of an older one of the same kind, unless that one tells more: then it is returned. Those of backups that are not in
    /// `known` any more go, if all are known.
    pub fn add(&mut self, new: Verified, known: Option<&BTreeSet<String>>) -> Option<Verdict> {
        let is_same = |one: &Verified| one.id == new.id && one.is_drill == new.is_drill;
        let kept = self.all.iter().find(|one| is_same(one) && one.outlasts(&new)).map(|one| one.verdict);
        self.all.retain(|one| {
            is_same(one) && kept.is_some() || !is_same(one) && known.is_none_or(|known| known.contains(&one.id))
        });
        if kept.is_some() {
            return kept;
        }
        let over = self.all.len().saturating_add(1).saturating_sub(MOST);
        self.all.drain(..over);
        self.all.push(new);
        None
    }
}

fn is_id(id: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verified(id: &str, verdict: Verdict) -> Verified {
        Verified {
            id: id.to_owned(),
            time: "2025-12-01T00:00:00Z".parse().unwrap(),
            verdict,
            is_drill: false,
            depth: Depth::Ends,
        }
    }

    #[test]
    fn a_drill_is_no_verification() {
        let mut memory = Memory::default();
        memory.add(verified("1", Verdict::Damaged), None);
        let drill = Verified { is_drill: true, ..verified("1", Verdict::Fine) };
        memory.add(drill.clone(), None);
        memory.add(drill.clone(), None);
        let memory = Memory::parse(&memory.text());
        assert_eq!((memory.all.len(), memory.of("1").unwrap().verdict), (2, Verdict::Damaged));
        assert_eq!((memory.drilled("1"), memory.drilled("2")), (Some(drill.time), None));
    }

    #[test]
    fn the_newest_of_each_backup_is_kept() {
        let mut memory = Memory::default();
        memory.add(verified("1", Verdict::Fine), None);
        memory.add(verified("2", Verdict::Missing), None);
        memory.add(verified("1", Verdict::Damaged), None);
        assert_eq!(memory.of("1").unwrap().verdict, Verdict::Damaged);
        assert_eq!(Memory::parse(&memory.text()), memory);
        memory.add(verified("3", Verdict::Fine), Some(&["1", "3"].map(str::to_owned).into()));
        assert_eq!((memory.of("2"), memory.all.len()), (None, 2), "it is gone");
        for id in 0..MOST {
            memory.add(verified(&format!("{id}"), Verdict::Fine), None);
        }
        assert_eq!(memory.all.len(), MOST);
        assert!(memory.text().len() < LARGEST / 2);
    }

    #[test]
    fn damage_is_remembered_until_as_much_was_read_again() {
        use Depth::{All, Ends, Part};
        use Verdict::{Damaged, Fine, Missing, Unknown};
        for (old, new, is_kept) in [
            ((Damaged, All), (Fine, Ends), true),
            ((Damaged, All), (Fine, All), false),
            // Chosen at random: it may be other data.
            ((Damaged, Part), (Fine, Part), true),
            ((Damaged, Ends), (Fine, Ends), false),
            ((Damaged, Ends), (Unknown, All), true),
            ((Missing, Part), (Unknown, Ends), true),
            ((Missing, All), (Damaged, Ends), false),
            ((Unknown, All), (Fine, Ends), false),
            ((Fine, All), (Unknown, Ends), false),
        ] {
            let result = |(verdict, depth)| Verified { depth, ..verified("1", verdict) };
            let mut memory = Memory::default();
            assert_eq!(memory.add(result(old), None), None);
            let kept = memory.add(result(new), None);
            assert_eq!(kept, Some(old.0).filter(|_| is_kept), "{old:?} {new:?}");
            assert_eq!(memory.all, [result(if is_kept { old } else { new })]);
        }
    }

    #[test]
    fn what_others_wrote_is_left_out() {
        let good = r#"{"id":"1","time":"2025-12-01T00:00:00Z","verdict":"fine"}"#;
        for (text, expected) in [
            (format!("[{good}]"), 1),
            (format!("[{good},{}]", good.replace("fine", "perfect")), 1),
            (format!("[{}]", good.replace("\"1\"", "\"\\u001b[2J\"")), 0),
            (format!("[{}]", good.replace("\"1\"", "\"\"")), 0),
            (format!("[{}]", good.replace("2025", "tomorrow")), 0),
            (good.to_owned(), 0),
            (String::new(), 0),
            ("[1, null, [], {}]".to_owned(), 0),
            (format!("[{}{good}]", format!("{good},").repeat(20_000)), 0),
        ] {
            assert_eq!(Memory::parse(&text).all.len(), expected);
        }
    }
}
