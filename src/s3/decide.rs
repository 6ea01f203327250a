//! The pure core: what has to be done to one key.
//!
//! Nothing here, and so nothing that is done, removes a data version.

use super::history::{Entry, History};
use super::window::Window;

/// What one key needs, to be as it was. Indices point into [`History::entries`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is as it was.
    Keep,
    /// Remove the delete markers above data version `target`: there is nothing else above it.
    Undelete {
        /// The data version that becomes current; as many markers lie above it.
        target: usize,
    },
    /// Put a copy of data version `source` on top: other data is above it, which must stay.
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
    /// A delete marker put later lies over nothing. If it deleted something that was there, that version has since expired.
    Expired,
}

/// Decides about one key. With `exact`, what did not exist in the window is hidden.
pub fn decide(history: &History, window: Window, exact: bool) -> Verdict {
    let entries = &history.entries;
    let Some(newest) = entries.first() else { return Verdict::Keep };
    let Some(target) = current_in(entries, window) else {
        return match (lost(entries, window), newest.is_data()) {
            (true, _) => Verdict::Expired,
            (false, false) => Verdict::Keep,
            (false, true) if exact => Verdict::Hide,
            (false, true) => Verdict::BornLater,
        };
    };
    if target == 0 {
        return Verdict::Keep;
    }
    // A marker with the id "null" is one of a time without versioning: its id may come to name data, so it is never removed.
    if entries[..target].iter().all(|entry| !entry.is_data() && entry.version != "null") {
        return Verdict::Undelete { target };
    }
    let wanted = &entries[target];
    Verdict::Copy { source: target, maybe_done: looks_like(newest, wanted) }
}

/// Whether `entry` may be a copy of `wanted`, by what a listing shows of them.
pub fn looks_like(entry: &Entry, wanted: &Entry) -> bool {
    entry.is_data() && entry.size == wanted.size && entry.etag == wanted.etag && entry.class == wanted.class
}

/// The newest data version that was current at some moment of the window.
fn current_in(entries: &[Entry], window: Window) -> Option<usize> {
    let put = put_times(entries);
    (0..entries.len()).find(|&at| {
        let outlived = at == 0 || put[at - 1] > window.from;
        entries[at].is_data() && put[at] <= window.to && outlived
    })
}

/// When each entry came on top. The order of the listing is what counts: an entry cannot have come before the one below it, though its
/// time may say so (on S3 the time of a multipart upload is that of its start).
fn put_times(entries: &[Entry]) -> Vec<i64> {
    let mut put: Vec<i64> = entries.iter().map(|entry| entry.modified).collect();
    for at in (1..put.len()).rev() {
        put[at - 1] = put[at - 1].max(put[at]);
    }
    put
}

/// Whether the oldest entry is a marker that was put after the window began.
fn lost(entries: &[Entry], window: Window) -> bool {
    entries.last().is_some_and(|oldest| !oldest.is_data() && oldest.modified > window.from)
}

/// What was done to one key, as the journal holds it.
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

/// What takes one key back to where it was before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// It is there already, or was never changed.
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
    /// Somebody has changed the key since: it is left.
    Changed,
}

/// Decides how one key goes back. `is_copy` knows hwdr's own copies, where no listing shows it (their entity tags differ from their
/// sources'): whether the first version was made from the second.
pub fn back(history: &History, done: &Done, is_copy: impl Fn(&str, &str) -> bool) -> Back {
    let entries = &history.entries;
    let Some(newest) = entries.first() else { return Back::Changed };
    let find = |version: &str| entries.iter().position(|entry| entry.version == version);
    match done {
        Done::Undelete { target, .. } if newest.is_data() && newest.version == *target => Back::PutMarker,
        Done::Undelete { .. } if !newest.is_data() => Back::Nothing,
        Done::Undelete { .. } => Back::Changed,
        Done::Hide { was } => match find(was) {
            Some(0) => Back::Nothing,
            Some(at) if entries[..at].iter().all(|entry| !entry.is_data() && entry.version != "null") => {
                Back::RemoveMarkers(at)
            }
            _ => Back::Changed,
        },
        Done::Copy { source, was } => {
            let is_of = |version: &str| is_copy(&newest.version, version);
            let copied = is_of(source) || find(source).is_some_and(|at| looks_like(newest, &entries[at]));
            match was {
                None if !newest.is_data() => Back::Nothing,
                None if copied => Back::PutMarker,
                None => Back::Changed,
                Some(was) if newest.version == *was || is_of(was) => Back::Nothing,
                Some(was) => match find(was) {
                    Some(at) if looks_like(newest, &entries[at]) => Back::Copy { source: at, maybe_done: true },
                    Some(at) if copied => Back::Copy { source: at, maybe_done: false },
                    _ => Back::Changed,
                },
            }
        }
    }
}

#[cfg(test)]
#[path = "decide_tests.rs"]
mod tests;
