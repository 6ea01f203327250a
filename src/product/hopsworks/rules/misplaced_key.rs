//! A known block in a place where nothing reads it.
//!
//! ## What it does
//! Looks for `restoreFromBackup` and `backups` at the top, directly under `global`, or under a misspelt `_hopsworks`; for
//! the id and the switches of a restore outside their block; and for blocks of RonDB, OpenSearch and Velero with a level missing. A block
//! with other keys, such as `backups.s3`, is for another chart.
//!
//! ## Why is this bad
//! Helm takes any key, and templates read only those they know. A restore block one level too high is no error: the
//! installation succeeds, with an empty cluster.
//!
//! ## Example
//! ```yaml
//! global:
//!   restoreFromBackup:
//!     backupId: "254811200"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! None: whole blocks would have to move.

use crate::lint::rules::{Rule, nearest_of};
use crate::lint::schema::Node;
use crate::lint::{Context, Finding, Level, view};
use crate::product::Product as _;
use crate::product::hopsworks::{Hopsworks, keys};
use crate::values::{Data, Value};

/// Where a block is found by mistake, and where it belongs.
const MOVES: &[(&[&str], &[&str])] = &[
    (&["restoreFromBackup"], keys::RESTORE),
    (&["global", "restoreFromBackup"], keys::RESTORE),
    (&["_hopsworks"], keys::GLOBAL),
    (&["hopsworks", "restoreFromBackup"], keys::RESTORE),
    (&["hopsworks", "_hopsworks"], keys::GLOBAL),
    (&["hopsworks", "global"], &["global"]),
    (&["backups"], keys::BACKUPS),
    (&["global", "backups"], keys::BACKUPS),
    (&["hopsworks", "backups"], keys::BACKUPS),
    (&["backupId"], keys::BACKUP_ID),
    (&["global", "backupId"], keys::BACKUP_ID),
    (&["global", "_hopsworks", "backupId"], keys::BACKUP_ID),
    (&["inPlace"], keys::IN_PLACE),
    (&["global", "inPlace"], keys::IN_PLACE),
    (&["global", "_hopsworks", "inPlace"], keys::IN_PLACE),
    (&["forceDataClear"], keys::FORCE_DATA_CLEAR),
    (&["global", "forceDataClear"], keys::FORCE_DATA_CLEAR),
    (&["global", "_hopsworks", "forceDataClear"], keys::FORCE_DATA_CLEAR),
    (&["global", "_hopsworks", "backups", "restoreFromBackup"], keys::RESTORE),
    (&["global", "_hopsworks", "restoreFromBackup", "backups"], keys::BACKUPS),
    (&["rondb", "restoreFromBackup"], keys::RONDB_RESTORE),
    (&["olk", "restore"], keys::OPENSEARCH_RESTORE),
    (&["opensearch"], &["olk", "opensearch"]),
    (&["olk", "restoreFromBackup"], keys::OPENSEARCH_RESTORE),
    (&["olk", "opensearch", "restoreFromBackup"], keys::OPENSEARCH_RESTORE),
    (&["olk", "opensearch", "repositories"], keys::OPENSEARCH_REPOSITORIES),
    (&["superset", "restoreFromBackup"], keys::SUPERSET_RESTORE),
    (&["global", "_hopsworks", "superset", "restoreFromBackup"], keys::SUPERSET_RESTORE),
    (&["global", "_hopsworks", "superset", "backups"], keys::SUPERSET_BACKUPS),
    (&["velero"], keys::VELERO),
    (&["global", "velero"], keys::VELERO),
    (&["global", "_hopsworks", "velero"], keys::VELERO),
    (&["mainScheduleBackupId"], keys::VELERO_MAIN),
    (&["hopsworks", "mainScheduleBackupId"], keys::VELERO_MAIN),
    (&["hopsworks", "velero", "mainScheduleBackupId"], keys::VELERO_MAIN),
    (&["usersScheduleBackupId"], keys::VELERO_USERS),
    (&["hopsworks", "usersScheduleBackupId"], keys::VELERO_USERS),
    (&["hopsworks", "velero", "usersScheduleBackupId"], keys::VELERO_USERS),
];

/// Keys that mark a block as ours: other charts have blocks of the same name.
const SIGNS: [&str; 13] = [
    "backupId",
    "inPlace",
    "forceDataClear",
    "schedule",
    "ttl",
    "metadataStore",
    "restoreFromBackup",
    "backups",
    "restore",
    "backup",
    "enforcePrerequisiteCheck",
    "repositories",
    "_hopsworks",
];

/// See the head of this file.
pub struct MisplacedKey;

impl Rule for MisplacedKey {
    fn name(&self) -> &'static str {
        "misplaced-key"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("misplaced_key.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        for (wrong, right) in MOVES {
            let Some(entry) = view::entry(values, wrong).filter(|entry| is_ours(&entry.value, right)) else { continue };
            let message = format!("nothing reads {} here", view::dotted(wrong));
            findings.push(
                Finding::error(self.name(), &entry.key, message).help(format!("it belongs at {}", view::dotted(right))),
            );
        }
        // `_hopsworks`, misspelt: `hopsworks`, `_hopswork`, …
        for (key, entry) in view::map(values.get(&["global"])).filter(|(key, _)| *key != "_hopsworks") {
            if nearest_of(key, ["_hopsworks"].into_iter(), 2).is_some() && is_ours(&entry.value, keys::GLOBAL) {
                findings.push(
                    Finding::error(self.name(), &entry.key, format!("nothing reads global.{key}"))
                        .help("the key is _hopsworks, with an underscore in front: global._hopsworks"),
                );
            }
        }
    }
}

/// Where something belongs that is misplaced at `path`, and its schema.
pub fn belongs(path: &[String]) -> Option<(Vec<String>, &'static Node)> {
    let (_, right) = MOVES.iter().find(|(wrong, _)| path == *wrong)?;
    Some((right.iter().map(|&part| part.to_owned()).collect(), Hopsworks.shape().at(right)?))
}

/// Whether the block belongs at `right`: it has one of our signs with a value and, if we know all its keys (as of backups), no other key.
/// RonDB's chart on its own, for example, has `backups.s3` at the top.
fn is_ours(value: &Value, right: &[&str]) -> bool {
    let node = Hopsworks.shape().at(right).filter(|node| node.is_strict());
    let known = |key: &str| node.is_none_or(|node| SIGNS.contains(&key) || nearest_of(key, node.keys(), 2).is_some());
    match &value.data {
        Data::Map(map) => {
            map.iter().any(|(key, entry)| SIGNS.contains(&key.as_str()) && !view::is_empty(&entry.value))
                && map.keys().all(|key| known(key))
        }
        Data::Null | Data::List(_) => false,
        _ => !view::is_empty(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schema refuses what this rule refuses, and knows each place.
    #[test]
    fn the_schema_refuses_the_same() {
        let json: serde_json::Value = serde_json::from_str(Hopsworks.schema()).unwrap();
        let validator = jsonschema::validator_for(&json).unwrap();
        // Helm itself passes global to every subchart before it checks the schema.
        for (wrong, right) in MOVES.iter().filter(|(wrong, _)| wrong.last() != Some(&"global")) {
            assert!(Hopsworks.shape().at(right).is_some(), "{right:?}");
            for (inside, refused) in [
                (serde_json::json!("254811200"), true),
                (serde_json::json!({"backupId": "254811200"}), true),
                (serde_json::json!({"restore": {}}), true),
                (serde_json::json!(null), false),
            ] {
                let values = wrong.iter().rev().fold(inside, |inner, key| serde_json::json!({*key: inner}));
                // A block that lists all its keys refuses any other.
                let strict = wrong
                    .split_last()
                    .and_then(|(_, parent)| Hopsworks.shape().at(parent))
                    .is_some_and(Node::is_strict);
                assert_eq!(validator.is_valid(&values), !refused && !strict, "{values}");
            }
        }
    }
}
