//! A set for programs, and states and durations for people.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::fitness::{Fitness, Usable};
use super::inventory::{BackupSet, Inventory};
use super::part::{BackupPart, PartState};
use crate::verify::memory::Verified;

/// A set for programs. What is not known is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SetView<'i> {
    id: Option<&'i str>,
    name: &'i str,
    time: Option<Timestamp>,
    age_seconds: Option<i64>,
    skew_seconds: Option<i64>,
    expires: Option<Timestamp>,
    kept: bool,
    usable: UsableView,
    reasons: Vec<String>,
    notes: Vec<String>,
    verified: Option<&'i Verified>,
    drilled: Option<Timestamp>,
    parts: Vec<PartView<'i>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UsableView {
    in_place: Usable,
    new_cluster: Usable,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartView<'i> {
    series: String,
    name: Option<&'i str>,
    state: &'static str,
    why: Option<&'i str>,
    done: Option<u64>,
    of: Option<u64>,
    time: Option<Timestamp>,
    skew_seconds: Option<i64>,
    started: Option<Timestamp>,
    ended: Option<Timestamp>,
    bytes: Option<u64>,
    expires: Option<Timestamp>,
    kept: bool,
}

impl<'i> SetView<'i> {
    /// The view of a set.
    pub fn new(inventory: &'i Inventory, set: &'i BackupSet) -> Self {
        let Fitness { in_place, new_cluster, reasons } = inventory.fitness(set);
        let parts = inventory.series.iter().enumerate().map(|(at, series)| {
            let part = inventory.part(set, at);
            let done = part.and_then(BackupPart::done);
            let skew = set.parts.get(at).copied().flatten().and_then(|joined| joined.skew);
            PartView {
                series: series.name(),
                name: part.map(|part| part.name.as_str()),
                state: part.map_or(if series.is_unknown() { "unknown" } else { "missing" }, |part| part.state.word()),
                why: part.and_then(|part| part.state.why()),
                done: done.map(|(done, _)| done),
                of: done.map(|(_, of)| of),
                time: part.and_then(|part| part.time),
                skew_seconds: skew.map(|skew| skew.as_secs()),
                started: part.and_then(|part| part.started),
                ended: part.and_then(|part| part.ended),
                bytes: part.and_then(|part| part.bytes),
                expires: part.and_then(BackupPart::until),
                kept: part.is_some_and(|part| part.is_kept),
            }
        });
        Self {
            id: inventory.id(set),
            name: inventory.name(set),
            time: set.time,
            age_seconds: set.time.map(|time| inventory.now.duration_since(time).as_secs()),
            skew_seconds: inventory.skew(set).map(|skew| skew.as_secs()),
            expires: inventory.expires(set),
            kept: inventory.is_kept(set),
            usable: UsableView { in_place, new_cluster },
            reasons,
            notes: inventory.notes(set).into_iter().chain(inventory.unrecorded(set)).collect(),
            verified: inventory.verified(set),
            drilled: inventory.drilled(set),
            parts: parts.collect(),
        }
    }
}

/// A duration as one number: `52s`, `3h`, `12d`.
pub fn ago(length: SignedDuration) -> String {
    let seconds = length.abs().as_secs();
    match seconds {
        0..=99 => format!("{seconds}s"),
        100..=5_999 => format!("{}m", seconds / 60),
        6_000..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Seconds as one number: `52s`, `3h`, `12d`.
pub(super) fn long(seconds: i64) -> String {
    ago(SignedDuration::from_secs(seconds))
}

/// A size as one number: `52B`, `3.4GiB`, `12GiB`.
pub fn size(bytes: u64) -> String {
    let mut units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].into_iter();
    let (mut left, mut unit) = (bytes as f64, "B");
    while left >= 1000.0
        && let Some(next) = units.next()
    {
        (left, unit) = (left / 1024.0, next);
    }
    if unit == "B" || left >= 10.0 { format!("{left:.0}{unit}") } else { format!("{left:.1}{unit}") }
}

/// A part's state in a table: at most four characters.
pub fn short(part: Option<&BackupPart>, is_unread: bool) -> String {
    match part.map(|part| &part.state) {
        None => if is_unread { "?" } else { "-" }.to_owned(),
        Some(PartState::Good) => "ok".to_owned(),
        Some(PartState::Partial { done: Some((done, of)), .. }) if *of < 100 => format!("{done}/{of}"),
        Some(PartState::Partial { .. }) => "part".to_owned(),
        Some(PartState::Failed(_)) => "FAIL".to_owned(),
        Some(PartState::Running) => "runs".to_owned(),
        Some(PartState::Expired(_)) => "gone".to_owned(),
        Some(PartState::Unknown(_)) => "?".to_owned(),
    }
}
