//! Tables of cases, and random histories against a model that knows nothing of versions.

use proptest::prelude::*;

use super::*;
use crate::history::Kind;

/// `d5` is data put at second 5, `m5` a delete marker; newest first. Ids count from the oldest entry.
fn history(text: &str) -> History {
    let words: Vec<&str> = text.split_whitespace().collect();
    let entries = words.iter().enumerate().map(|(at, word)| {
        let data = word.starts_with('d');
        let number = words.len() - at;
        Entry {
            kind: if data { Kind::Data } else { Kind::Marker },
            version: if word.ends_with('!') { "null".to_owned() } else { format!("v{number}") },
            modified: word.trim_matches(|c: char| !c.is_ascii_digit()).parse().unwrap(),
            size: u64::from(data),
            etag: if data { format!("e{number}") } else { String::new() },
            class: String::new(),
            latest: false,
        }
    });
    History { key: "k".to_owned(), entries: entries.collect() }
}

fn at(second: i64) -> Window {
    Window { from: second, to: second }
}

#[test]
fn what_one_key_needs() {
    use Verdict::{BornLater, Copy, Hide, Keep, Undelete};
    let copy = |source| Copy { source, maybe_done: false };
    for (text, window, left, exact) in [
        ("", at(5), Keep, Keep),
        ("d3", at(5), Keep, Keep),
        ("d5", at(5), Keep, Keep), // the second counts whole
        ("d6", at(5), BornLater, Hide),
        ("m5 d3", at(5), Keep, Keep), // it was deleted then
        ("m6 d3", at(5), Undelete { target: 1 }, Undelete { target: 1 }),
        ("m8 m7 m6 d3", at(5), Undelete { target: 3 }, Undelete { target: 3 }),
        ("m6! d3", at(5), copy(1), copy(1)), // the id "null" may come to name data
        ("d6 d3", at(5), copy(1), copy(1)),
        ("m7 d6 d3", at(5), copy(2), copy(2)),
        ("d7 m6 d3", at(5), copy(2), copy(2)),
        ("d6 m4 d3", at(5), BornLater, Hide),
        ("m7 d6", at(5), Keep, Keep),    // born later, and gone again
        ("d5 m5 d5", at(5), Keep, Keep), // within a second the order decides
        ("m5 d5 m5", at(5), Keep, Keep),
        ("m6", at(5), Keep, Keep), // what it deleted is gone
        ("m5", at(5), Keep, Keep),
        ("d9 m6", at(5), BornLater, Hide),    // it may have existed, but not as this
        ("d6 d4 d8", at(7), BornLater, Hide), // an upload begun at 6 and finished after 8, as the order says
        // A window: whatever was current in it, the newest.
        ("m6 d3", Window { from: 5, to: 9 }, Undelete { target: 1 }, Undelete { target: 1 }),
        ("m5 d3", Window { from: 5, to: 9 }, Keep, Keep),
        ("m8 d7 m6 d3", Window { from: 5, to: 9 }, Undelete { target: 1 }, Undelete { target: 1 }),
        ("m8 d7", Window { from: 5, to: 9 }, Undelete { target: 1 }, Undelete { target: 1 }),
        ("d11 m10 d7", Window { from: 5, to: 9 }, copy(2), copy(2)),
        ("d11", Window { from: 5, to: 9 }, BornLater, Hide),
    ] {
        let history = history(text);
        assert_eq!(decide(&history, window, false), left, "{text} at {window:?}");
        assert_eq!(decide(&history, window, true), exact, "{text} at {window:?}, exact");
    }
}

#[test]
fn what_may_be_lost_is_known_whatever_lies_above() {
    for (text, lost) in [
        ("", false),
        ("m6", true),
        ("m5", false), // deleted before
        ("d9 m6", true),
        ("m10 d9 m6", true),
        ("d9 m6 d3", false), // what it deleted is there
        ("d9", false),       // born later, as far as the listing shows
        ("d9 m6 m4", false),
    ] {
        assert_eq!(may_be_lost(&history(text), at(5)), lost, "{text}");
    }
    assert!(!may_be_lost(&history("d8 m6"), Window { from: 5, to: 9 }), "another one was current in the window");
}

#[test]
fn what_contradicts_itself_is_left() {
    let mut unclear = history("d6 d3!");
    unclear.entries[1].latest = true;
    for exact in [false, true] {
        assert_eq!(decide(&unclear, at(5), exact), Verdict::Unclear);
    }
    let done = Done::Copy { source: "null".to_owned(), was: None };
    assert_eq!(back(&unclear, &done, at(5), |_, _| true), Back::Changed);
}

/// Write access to the journal alone is not enough to change a key that no rewind has changed.
#[test]
fn a_journal_that_lies_changes_nothing() {
    let undelete = |target: &str, markers: &[&str]| Done::Undelete {
        target: target.to_owned(),
        markers: markers.iter().map(|marker| (*marker).to_owned()).collect(),
    };
    let hide = |was: &str| Done::Hide { was: was.to_owned() };
    let copy = |source: &str, was: Option<&str>| Done::Copy { source: source.to_owned(), was: was.map(str::to_owned) };
    for (text, done, what) in [
        ("d9", undelete("v1", &["x"]), "born later: no rewind to 5 makes it current"),
        ("d3 m2", undelete("v2", &["v1"]), "the marker that is said to be removed is there"),
        ("d9 d3", undelete("v1", &["x"]), "it is not current"),
        ("m9 d3", hide("v1"), "it was there at 5: no exact rewind hides it"),
        ("m9! d8", hide("v1"), "a marker of a time without versioning"),
        ("m9 d8", hide("v2"), "the version is a marker"),
        ("d3", copy("v1", None), "the current version is its own source"),
        ("d9 d3", copy("v2", Some("v1")), "the same"),
        ("d9 d3", copy("v1", None), "it is no copy of it"),
        ("d9 m6", copy("v1", None), "the source is a marker"),
        ("d9 d3", copy("gone", Some("v1")), "the source is not there"),
        ("d9 d8 d7", copy("v1", Some("v2")), "the source was put after the time"),
        ("d9 d4 d3", copy("v2", Some("v1")), "what was current is older than what was copied"),
    ] {
        // Nor do notes about copies, if size or class show that it is none.
        let mut entries = history(text);
        if let Some(newest) = entries.entries.first_mut().filter(|_| matches!(done, Done::Copy { .. })) {
            newest.size += 1;
        }
        assert_eq!(back(&entries, &done, at(5), |_, _| true), Back::Changed, "{text}: {what}");
    }
}

#[test]
fn a_copy_that_may_be_there_is_compared_first() {
    let mut copied = history("d9 d6 d3");
    copied.entries[0].etag = "e1".to_owned();
    assert_eq!(decide(&copied, at(5), false), Verdict::Copy { source: 2, maybe_done: true });
    copied.entries[0].class = "GLACIER_IR".to_owned();
    assert_eq!(decide(&copied, at(5), false), Verdict::Copy { source: 2, maybe_done: false });
}

/// What a client may do, second by second.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Put,
    Delete,
    /// An undelete by hand: the marker on top is removed.
    Undelete,
    /// A lifecycle rule removes the oldest entry, unless it is current.
    Expire,
    /// A second passes.
    Tick,
}

/// One key of a bucket, as a server keeps it.
#[derive(Debug, Clone, Default)]
struct Key {
    /// Newest first.
    entries: Vec<Entry>,
    made: u32,
}

impl Key {
    fn put(&mut self, kind: Kind, second: i64, etag: &str) {
        self.made += 1;
        let entry = Entry {
            kind,
            version: format!("v{}", self.made),
            modified: second,
            size: u64::from(kind == Kind::Data),
            etag: etag.to_owned(),
            class: String::new(),
            latest: false,
        };
        self.entries.insert(0, entry);
    }

    fn put_data(&mut self, second: i64) {
        let etag = format!("e{}", self.made + 1);
        self.put(Kind::Data, second, &etag);
    }

    /// What a client reads: the content, identified by the entity tag.
    fn seen(&self) -> Option<String> {
        self.entries.first().filter(|entry| entry.is_data()).map(|entry| entry.etag.clone())
    }

    fn history(&self) -> History {
        History { key: "k".to_owned(), entries: self.entries.clone() }
    }

    fn data(&self) -> Vec<String> {
        self.entries.iter().filter(|entry| entry.is_data()).map(|entry| entry.version.clone()).collect()
    }

    /// Carries out the decision, and returns what the journal records of it.
    fn act(&mut self, verdict: Verdict, second: i64) -> Option<Done> {
        let was = self.entries.first().filter(|entry| entry.is_data()).map(|entry| entry.version.clone());
        match verdict {
            Verdict::Keep | Verdict::BornLater | Verdict::Unclear | Verdict::Copy { maybe_done: true, .. } => None,
            Verdict::Undelete { target } => {
                let markers: Vec<_> = self.entries.drain(..target).map(|entry| entry.version).collect();
                Some(Done::Undelete { target: self.entries[0].version.clone(), markers })
            }
            Verdict::Copy { source, .. } => {
                let from = self.entries[source].clone();
                self.put(Kind::Data, second, &from.etag);
                Some(Done::Copy { source: from.version, was })
            }
            Verdict::Hide => {
                self.put(Kind::Marker, second, "");
                Some(Done::Hide { was: was.unwrap() })
            }
        }
    }

    fn go_back(&mut self, back: Back, second: i64) {
        match back {
            Back::Nothing | Back::Changed | Back::Copy { maybe_done: true, .. } => {}
            Back::PutMarker => self.put(Kind::Marker, second, ""),
            Back::RemoveMarkers(count) => drop(self.entries.drain(..count)),
            Back::Copy { source, .. } => {
                let etag = self.entries[source].etag.clone();
                self.put(Kind::Data, second, &etag);
            }
        }
    }
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        4 => Just(Deed::Put),
        3 => Just(Deed::Delete),
        1 => Just(Deed::Undelete),
        1 => Just(Deed::Expire),
        4 => Just(Deed::Tick)
    ];
    prop::collection::vec(deed, 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// After a rewind a client sees what it saw at that time; a second one does nothing; an undo brings back what it saw before; no
    /// data version is lost at any point.
    #[test]
    fn a_rewind_is_what_a_client_saw(deeds in deeds(), back_to in 0..12_i64, exact: bool, width in 0..3_i64) {
        let window = Window { from: back_to, to: back_to + width };
        let mut key = Key::default();
        let mut second = 1;
        // What a client saw: when the window began, and each time it changed within.
        let mut seen = key.seen();
        let mut without_trace = false;
        for deed in deeds {
            match deed {
                Deed::Put => key.put_data(second),
                Deed::Delete => key.put(Kind::Marker, second, ""),
                Deed::Undelete => {
                    if key.entries.first().is_some_and(|entry| !entry.is_data()) {
                        // A removed marker has left no trace: the past now looks as if it had never existed.
                        without_trace = true;
                        key.entries.remove(0);
                    }
                }
                Deed::Expire => {
                    if key.entries.len() > 1 {
                        without_trace = true;
                        key.entries.pop();
                    }
                }
                Deed::Tick => second += 1,
            }
            if second <= window.from || second <= window.to && key.seen().is_some() {
                seen = key.seen();
            }
        }
        let before = key.clone();
        let verdict = decide(&key.history(), window, exact);
        let done = key.act(verdict, second + 10);
        if exact && current_in(&before.entries, window).is_none() {
            prop_assert_eq!(key.seen(), None, "exact is exact, whatever has expired");
        }
        if !without_trace {
            match seen {
                Some(seen) => prop_assert_eq!(key.seen(), Some(seen)),
                None if exact => prop_assert_eq!(key.seen(), None),
                None => prop_assert_eq!(key.seen(), before.seen()),
            }
        }
        prop_assert!(before.data().iter().all(|version| key.data().contains(version)), "a data version is gone");

        let again = decide(&key.history(), window, exact);
        let nothing = matches!(
            again,
            Verdict::Keep | Verdict::BornLater | Verdict::Copy { maybe_done: true, .. }
        );
        prop_assert!(nothing, "a second rewind would {:?}", again);

        if let Some(done) = done {
            // Cut off before the act, an undo has nothing to do.
            let idle = back(&before.history(), &done, window, |_, _| false);
            prop_assert!(matches!(idle, Back::Nothing | Back::Copy { maybe_done: true, .. }), "{:?}", idle);
            for _ in 0..2 {
                let what = back(&key.history(), &done, window, |_, _| false);
                key.go_back(what, second + 20);
                prop_assert_eq!(key.seen(), before.seen());
            }
            // Somebody wrote to it since: it is theirs.
            key.put_data(second + 30);
            let theirs = key.seen();
            let what = back(&key.history(), &done, window, |_, _| false);
            prop_assert_eq!(what, Back::Changed);
            prop_assert_eq!(key.seen(), theirs);
        }
        prop_assert!(before.data().iter().all(|version| key.data().contains(version)), "a data version is gone");
    }
}
