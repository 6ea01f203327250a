//! The pure core: what has to be done to one key.
//!
//! Nothing here removes a data version, so no rewind or undo does.

#![expect(clippy::indexing_slicing, reason = "indices are those of one key's entries, which are counted here")]

use super::history::{Entry, History, NULL};
use super::window::Window;

/// What one key needs to be as it was. Indices point into [`History::entries`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it was.
    Keep,
    /// Remove the delete markers above data version `target`: nothing else is above it.
    Undelete {
        /// The data version that becomes current; `target` markers are above it.
        target: usize,
    },
    /// Put a copy of data version `source` on top: the other data above it must stay.
    Copy {
        /// The version to copy.
        source: usize,
        /// The current version may be such a copy already (equal size, entity tag and storage class): compare them first.
        maybe_done: bool,
    },
    /// Put a delete marker on top: the key did not exist (only with `exact`).
    Hide,
    /// It did not exist then, and is left (without `exact`).
    BornLater,
    /// The listing contradicts itself: the order of versions is unknown, so the key is left.
    Unclear,
}

/// Decides about one key. With `exact`, a key that did not exist in the window is hidden.
pub fn decide(history: &History, window: Window, exact: bool) -> Verdict {
    let entries = &history.entries;
    let Some(newest) = entries.first() else { return Verdict::Keep };
    if !history.is_in_order() {
        return Verdict::Unclear;
    }
    let Some(target) = current_in(entries, window) else {
        return match (newest.is_data(), exact) {
            (false, _) => Verdict::Keep,
            (true, true) => Verdict::Hide,
            (true, false) => Verdict::BornLater,
        };
    };
    if target == 0 {
        return Verdict::Keep;
    }
    if are_removable(entries, target) {
        return Verdict::Undelete { target };
    }
    Verdict::Copy { source: target, maybe_done: entries.get(target).is_some_and(|wanted| looks_like(newest, wanted)) }
}

/// Whether something that existed may be lost: nothing was current in the window, and the oldest entry is a delete marker
/// put after it began. What it deleted, if anything, has expired since.
pub(crate) fn may_be_lost(history: &History, window: Window) -> bool {
    let entries = &history.entries;
    let late = |oldest: &Entry| !oldest.is_data() && oldest.modified > window.from;
    current_in(entries, window).is_none() && entries.last().is_some_and(late)
}

/// Whether the first `count` entries are delete markers that may be removed. A marker with the id `null` is from a time without
/// versioning: its id may later name data.
fn are_removable(entries: &[Entry], count: usize) -> bool {
    entries.iter().take(count).all(|entry| !entry.is_data() && entry.version != NULL)
}

/// Whether `entry` may be a copy of `wanted`, by what a listing shows of them.
pub(crate) fn looks_like(entry: &Entry, wanted: &Entry) -> bool {
    may_be_copy(entry, wanted) && entry.etag == wanted.etag
}

/// Whether `entry` may be a copy of `wanted` with a different entity tag, as in an encrypted bucket. Notes about copies are believed
/// only if this is true.
pub(crate) fn may_be_copy(entry: &Entry, wanted: &Entry) -> bool {
    entry.is_data() && wanted.is_data() && entry.size == wanted.size && entry.class == wanted.class
}

/// The newest data version that was current at some moment of the window.
fn current_in(entries: &[Entry], window: Window) -> Option<usize> {
    let put = put_times(entries);
    (0..entries.len()).find(|&at| {
        let outlived = at == 0 || put[at - 1] > window.from;
        entries[at].is_data() && put[at] <= window.to && outlived
    })
}

/// When each entry came on top. The listing's order counts: an entry cannot have come before the one below it, even if its time says so
/// (on S3 a multipart upload has the time of its start).
fn put_times(entries: &[Entry]) -> Vec<i64> {
    let mut put: Vec<i64> = entries.iter().map(|entry| entry.modified).collect();
    for at in (1..put.len()).rev() {
        put[at - 1] = put[at - 1].max(put[at]);
    }
    put
}

/// What was done to one key, as the journal records it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "act", rename_all = "lowercase")]
pub enum Done {
    /// Delete markers were removed.
    Undelete {
        /// The version that became current.
        target: String,
        /// The markers' ids.
        markers: Vec<String>,
    },
    /// A version was copied on top.
    Copy {
        /// The version that was copied.
        source: String,
        /// What was current before: a data version's id, or none if the key was deleted.
        was: Option<String>,
    },
    /// A delete marker was put on top.
    Hide {
        /// The version that was current before.
        was: String,
    },
}

/// What returns one key to its state before the rewind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// It is already there, or was never changed.
    Nothing,
    /// Put a delete marker on top.
    PutMarker,
    /// Remove this many delete markers from the top.
    RemoveMarkers(usize),
    /// Put a copy of this entry on top. If `maybe_done`, the current version may be one already.
    Copy {
        /// The entry to copy.
        source: usize,
        /// Compare first.
        maybe_done: bool,
    },
    /// Somebody has changed the key since, or the journal's claim was never true: it is left.
    Changed,
}

/// Decides how one key goes back after a rewind to `window`. The journal is not trusted: its claim must be what a rewind to that window
/// would do, judged by the key's own versions. `is_copy` knows hwdr's own copies that a listing does not identify (their entity tags differ
/// from their sources'): whether the first version was made from the second.
pub fn back(history: &History, done: &Done, window: Window, is_copy: impl Fn(&str, &str) -> bool) -> Back {
    let entries = &history.entries;
    let Some(newest) = entries.first() else { return Back::Changed };
    if !history.is_in_order() {
        return Back::Changed;
    }
    let find = |version: &str| entries.iter().position(|entry| entry.is_data() && entry.version == version);
    match done {
        Done::Undelete { .. } if !newest.is_data() => Back::Nothing,
        Done::Undelete { target, markers } => {
            let is_listed = |marker: &String| entries.iter().any(|entry| entry.version == *marker);
            let was_undeleted = newest.version == *target && !markers.iter().any(is_listed);
            if was_undeleted && current_in(entries, window) == Some(0) { Back::PutMarker } else { Back::Changed }
        }
        Done::Hide { was } => match find(was) {
            Some(0) => Back::Nothing,
            Some(at) if are_removable(entries, at) && current_in(entries, window).is_none() => Back::RemoveMarkers(at),
            _ => Back::Changed,
        },
        Done::Copy { source, was } => {
            let is_of = |at: usize| {
                entries.get(at).is_some_and(|entry| {
                    looks_like(newest, entry) || may_be_copy(newest, entry) && is_copy(&newest.version, &entry.version)
                })
            };
            let source = find(source).filter(|&at| at > 0 && was_put_by(entries, at, window.to));
            let copied = source.is_some_and(is_of);
            let Some(was) = was else {
                return match (newest.is_data(), copied) {
                    (false, _) => Back::Nothing,
                    (true, true) => Back::PutMarker,
                    (true, false) => Back::Changed,
                };
            };
            match find(was) {
                Some(0) => Back::Nothing,
                Some(at) if source.is_none_or(|source| at >= source) => Back::Changed,
                Some(at) if entries.get(at).is_some_and(|was| looks_like(newest, was)) => {
                    Back::Copy { source: at, maybe_done: true }
                }
                Some(at) if is_of(at) => Back::Nothing,
                Some(at) if copied => Back::Copy { source: at, maybe_done: false },
                _ => Back::Changed,
            }
        }
    }
}

/// Whether entry `at` was put by the end of second `to`.
fn was_put_by(entries: &[Entry], at: usize, to: i64) -> bool {
    put_times(entries).get(at).is_some_and(|put| *put <= to)
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
