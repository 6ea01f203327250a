//! The values that matter for backups and restores: where they stand, and what they mean.
//!
//! Rules look at the values through this, so that each of them reads as a sentence.

#![expect(clippy::string_slice, reason = "digits are counted before, and a time has as many as its form")]

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::backup_id::BackupId;
use crate::source::{Place, Source};
use crate::values::{Data, Entry, Number, Value};

/// Whether the chart takes itself as installed or upgraded.
pub const MODE: &[&str] = &["global", "_hopsworks", "mode"];
/// The settings of backups.
pub const BACKUPS: &[&str] = &["global", "_hopsworks", "backups"];
/// The restore that is asked for.
pub const RESTORE: &[&str] = &["global", "_hopsworks", "restoreFromBackup"];
/// What RonDB alone is restored from.
pub const RONDB_RESTORE: &[&str] = &["rondb", "rondb", "restoreFromBackup"];
/// What OpenSearch alone is restored from.
pub const OPENSEARCH_REPOSITORIES: &[&str] = &["olk", "opensearch", "restore", "repositories"];
/// Which Velero backups are restored.
pub const VELERO_RESTORE: &[&str] = &["hopsworks", "velero", "restore"];
/// The boolean that turns Velero's schedules off.
pub const VELERO_BACKUP_ENABLED: &[&str] = &["hopsworks", "velero", "backup", "enabled"];

/// How to see which backups there are.
pub const LIST_IDS: &str = "the ids that there are:\nkubectl get cm -n hopsworks -l app=backups-metadata -o yaml";

/// The names of Velero backups: the key that holds one, the setting of the schedule that it is of, and that setting's default.
pub const VELERO_NAMES: [(&str, &str, &str); 2] = [
    ("mainScheduleBackupId", "mainScheduleName", "k8s-backups-main"),
    ("usersScheduleBackupId", "usersScheduleName", "k8s-backups-users-resources"),
];

/// The entry at `path`, with its key.
pub fn entry<'v>(values: &'v Value, path: &[&str]) -> Option<&'v Entry> {
    let (last, parents) = path.split_last()?;
    values.get(parents)?.entry(last)
}

/// The entry at `path/key` if it holds something: neither null nor an empty text, which Helm takes for "not set".
pub fn set<'v>(values: &'v Value, path: &[&str], key: &str) -> Option<&'v Entry> {
    values.get(path)?.entry(key).filter(|entry| !is_empty(&entry.value))
}

/// Null, or a text of nothing.
pub fn is_empty(value: &Value) -> bool {
    match &value.data {
        Data::Null => true,
        Data::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Whether the values are those of Hopsworks' chart, or for one overlay of them.
pub fn is_hopsworks(values: &Value) -> bool {
    is_map(values, &["global", "_hopsworks"])
        || ["hopsworks", "rondb", "olk", "hopsfs"].iter().any(|section| is_map(values, &[section]))
}

/// Whether there is a map at `path`.
pub fn is_map(values: &Value, path: &[&str]) -> bool {
    values.get(path).is_some_and(|value| matches!(value.data, Data::Map(_)))
}

/// What a switch is meant to be: `"true"` and `"no"` in quotes are wrong, but clear.
pub fn flag(value: &Value) -> Option<bool> {
    match &value.data {
        Data::Bool(value) => Some(*value),
        Data::String(text) => boolean_word(text),
        _ => None,
    }
}

/// `inPlace`, where it asks for a restore in place.
pub fn in_place(values: &Value) -> Option<&Entry> {
    set(values, RESTORE, "inPlace").filter(|entry| flag(&entry.value) == Some(true))
}

/// What a switch at `path` is meant to be; false where there is none.
pub fn is_on(values: &Value, path: &[&str]) -> bool {
    values.get(path).and_then(flag).unwrap_or(false)
}

/// What a switch at `path` says, where it says something.
pub fn switch(values: &Value, path: &[&str]) -> Option<bool> {
    values.get(path).and_then(flag)
}

/// The boolean that a word stands for in YAML 1.1.
pub fn boolean_word(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

/// Whether a value was given by a flag (`--set …`) and not by a file.
pub fn from_flag(place: &Place) -> bool {
    place.source.name.starts_with("--")
}

/// Takes out of the charts' sections the `global` that Helm itself hands down to every subchart; what `wrote` says of its key that the
/// operator wrote it stays.
pub fn drop_handed_down(values: &mut Value, wrote: &dyn Fn(&Place) -> bool) {
    let Data::Map(sections) = &mut values.data else { return };
    for (_, section) in sections.iter_mut().filter(|(name, _)| *name != "global") {
        if let Data::Map(map) = &mut section.value.data {
            map.retain(|name, entry| name != "global" || wrote(&entry.key));
        }
        drop_handed_down(&mut section.value, wrote);
    }
}

/// The path as Helm's `--set` and Helm's own messages write it.
pub fn dotted(path: &[&str]) -> String {
    path.join(".")
}

/// The last key of a path, with the block that it stands in where the key alone says little.
pub fn short(path: &[&str]) -> String {
    match path {
        [.., block, key @ ("enabled" | "name" | "image")] => format!("{block}.{key}"),
        [.., key] => (*key).to_owned(),
        [] => String::new(),
    }
}

/// One backup id in the values.
pub struct Id<'v> {
    /// What is restored by it.
    pub service: &'static str,
    /// Its path.
    pub path: Vec<&'v str>,
    /// The entry.
    pub entry: &'v Entry,
}

impl Id<'_> {
    /// The id's digits as they were meant, in quotes or not.
    pub fn digits(&self) -> Option<String> {
        match &self.entry.value.data {
            Data::String(text) => Some(text.clone()),
            Data::Number(number) => Some(number_digits(number)),
            _ => None,
        }
    }

    /// The point in time that the id names.
    pub fn time(&self) -> Option<Timestamp> {
        BackupId::parse(&self.digits()?).ok()?.time()
    }

    /// The last key of its path.
    pub fn key(&self) -> &str {
        self.path.last().map_or("", |key| key)
    }
}

/// A number's digits without exponent, as a person writes it.
pub fn number_digits(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::Float(value) => value.to_string(),
    }
}

/// The global id, by which HopsFS is restored, and the other services unless they have their own.
pub fn global_id(values: &Value) -> Option<Id<'_>> {
    let entry = set(values, RESTORE, "backupId")?;
    Some(Id { service: "HopsFS", path: [RESTORE, &["backupId"]].concat(), entry })
}

/// The ids of single services.
pub fn own_ids(values: &Value) -> Vec<Id<'_>> {
    let mut ids = Vec::new();
    if let Some(entry) = set(values, RONDB_RESTORE, "backupId") {
        ids.push(Id { service: "RonDB", path: [RONDB_RESTORE, &["backupId"]].concat(), entry });
    }
    for (repository, snapshots) in map(values.get(OPENSEARCH_REPOSITORIES)) {
        for (snapshot, settings) in map(snapshots.value.get(&["snapshots"])) {
            let Some(entry) = settings.value.entry("snapshot_name").filter(|entry| !is_empty(&entry.value)) else {
                continue;
            };
            let path =
                [OPENSEARCH_REPOSITORIES, &[repository.as_str(), "snapshots", snapshot, "snapshot_name"]].concat();
            ids.push(Id { service: "OpenSearch", path, entry });
        }
    }
    ids
}

/// All ids.
pub fn ids(values: &Value) -> Vec<Id<'_>> {
    global_id(values).into_iter().chain(own_ids(values)).collect()
}

/// Velero's schedules as the values name them, each with the key of the backup that is restored.
pub fn velero_schedules(values: &Value) -> [(&'static str, &str); 2] {
    VELERO_NAMES.map(|(key, setting, default)| {
        let named = set(values, &["hopsworks", "velero", "backup"], setting).and_then(|entry| entry.value.as_str());
        (key, named.unwrap_or(default))
    })
}

/// The names of Velero backups that are set, each with its key and the schedule it should be of.
pub fn velero_names(values: &Value) -> Vec<(&'static str, &str, &Entry)> {
    velero_schedules(values)
        .into_iter()
        .filter_map(|(key, schedule)| Some((key, schedule, set(values, VELERO_RESTORE, key)?)))
        .collect()
}

/// The point in time in a Velero backup's name: `…-20260213153627`, or `…-20260213T153627Z` as the docs have it.
pub fn velero_time(name: &str) -> Option<Timestamp> {
    let stamp = name.rsplit('-').next()?;
    let digits: String = stamp.chars().filter(|c| !matches!(c, 'T' | 't' | 'Z' | 'z')).collect();
    if digits.len() != 14 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &digits[..4],
        &digits[4..6],
        &digits[6..8],
        &digits[8..10],
        &digits[10..12],
        &digits[12..]
    );
    text.parse().ok()
}

/// The entries of a map; nothing for other values.
pub fn map(value: Option<&Value>) -> impl Iterator<Item = (&String, &Entry)> {
    value
        .and_then(|value| match &value.data {
            Data::Map(map) => Some(map),
            _ => None,
        })
        .into_iter()
        .flatten()
}

/// A distance in time, in words short enough for a message.
pub fn in_words(seconds: i64) -> String {
    let seconds = seconds.abs();
    let plural = |n: i64, unit: &str| format!("{n} {unit}{}", if n == 1 { "" } else { "s" });
    match seconds {
        0..60 => plural(seconds, "second"),
        60..7_200 => plural(seconds / 60, "minute"),
        7_200..172_800 => plural(seconds / 3_600, "hour"),
        _ => plural(seconds / 86_400, "day"),
    }
}

/// A point in time to the minute, in UTC.
pub fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// All texts that values come from.
pub fn sources(values: &Value) -> Vec<Arc<Source>> {
    let layers = &values.place.source.layers;
    let mut sources = layers.clone();
    let mut seen: HashSet<*const Source> = layers.iter().map(Arc::as_ptr).collect();
    let mut open = vec![values];
    while let Some(value) = open.pop() {
        let source = &value.place.source;
        // What Helm itself brought about stands nowhere, each piece in a nowhere of its own.
        if !source.text.is_empty() && seen.insert(Arc::as_ptr(source)) {
            sources.push(source.clone());
        }
        match &value.data {
            Data::List(items) => open.extend(items),
            Data::Map(map) => open.extend(map.values().map(|entry| &entry.value)),
            _ => {}
        }
    }
    sources
}
