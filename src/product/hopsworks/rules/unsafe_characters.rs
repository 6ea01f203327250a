//! Characters that a template or a shell would interpret.
//!
//! ## What it does
//! Looks in the settings of backups and restores (names of snapshots, ConfigMaps, buckets, images, endpoints, indices), and
//! in hwdr's own (`hwdr`), for `{{`, `$`, backticks, quotes, `;`, `|`, `&`, `<`, `>`, backslashes, and for what YAML, JSON or
//! a terminal does not treat as text: line breaks (also U+0085, U+2028 and U+2029), control characters, byte order marks,
//! characters that change the direction of text, and invisible ones.
//!
//! ## Why is this bad
//! These texts end up in shell scripts, URLs and YAML that the chart renders. There, `$(…)` runs with the rights of the
//! backup's service account, and a quote or a line break changes what the rest of the script means. A character that is a
//! letter to one YAML parser ends the line for another, which then reads a separate object after it. And nobody reviews
//! what nobody can see.
//!
//! ## Example
//! ```yaml
//! olk:
//!   opensearch:
//!     restore:
//!       repositories:
//!         default:
//!           snapshots:
//!             default:
//!               snapshot_name: "$(date +%y%V%u)1140"
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Use instead
//! ```yaml
//! olk:
//!   opensearch:
//!     restore:
//!       repositories:
//!         default:
//!           snapshots:
//!             default:
//!               snapshot_name: "254811140"
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::{Rule, Spoken};
use crate::lint::{Context, Finding, Level, placeholder};
use crate::product::hopsworks::keys;
use crate::values::{Data, Value};
use hwdr_values::special;

const BLOCKS: [&[&str]; 21] = [
    keys::HWDR,
    keys::BACKUPS,
    keys::RESTORE,
    keys::RONDB_RESTORE,
    keys::OPENSEARCH_RESTORE,
    keys::VELERO_RESTORE,
    keys::SUPERSET_BACKUPS,
    keys::SUPERSET_AUTH,
    &["hopsworks", "velero", "namespace"],
    &["hopsworks", "velero", "deploymentName"],
    &["hopsworks", "velero", "backup", "mainScheduleName"],
    &["hopsworks", "velero", "backup", "usersScheduleName"],
    &["hopsworks", "velero", "backup", "schedule"],
    &["hopsworks", "velero", "backup", "ttl"],
    &["hopsworks", "velero", "backup", "includedNamespaces"],
    &["hopsworks", "velero", "backup", "excludedNamespaces"],
    keys::VELERO_LOCATION,
    keys::OBJECT_STORAGE,
    keys::MINIO,
    keys::REGISTRY,
    keys::TOOLBOX,
];

/// See the head of this file.
pub struct UnsafeCharacters;

impl Rule for UnsafeCharacters {
    fn name(&self) -> &'static str {
        "unsafe-characters"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("unsafe_characters.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let spoken = Spoken::of(findings);
        let mut open: Vec<&Value> = BLOCKS.iter().filter_map(|path| values.get(path)).collect();
        while let Some(value) = open.pop() {
            match &value.data {
                Data::List(items) => open.extend(items),
                Data::Map(map) => {
                    for (key, entry) in map {
                        if let Some(what) = dangerous(key) {
                            findings.push(self.finding(&entry.key, what));
                        }
                        open.push(&entry.value);
                    }
                }
                Data::String(text) => {
                    if let Some(what) = dangerous(text).filter(|_| !spoken.at(&value.place)) {
                        findings.push(self.finding(&value.place, what));
                    }
                }
                _ => {}
            }
        }
    }
}

impl UnsafeCharacters {
    fn finding(&self, place: &crate::source::Place, what: String) -> Finding {
        Finding::error(self.name(), place, what).help("write the plain value")
    }
}

/// The first unsafe character in a text, and why it is unsafe; placeholders that are filled in before Helm reads it do not count.
fn dangerous(text: &str) -> Option<String> {
    let text = &placeholder::without(text);
    let acted_on = |what: String| format!("a template or a shell would interpret {what}");
    if text.contains("{{") {
        return Some(acted_on("'{{'".to_owned()));
    }
    let found = text.chars().find(|c| special(*c).is_some() || "$`\"';|&<>\\".contains(*c))?;
    Some(match (found, special(found)) {
        ('\n' | '\r', _) => acted_on("a line break".to_owned()),
        (_, Some(_)) if found.is_ascii() => acted_on(format!("the control character {}", found.escape_unicode())),
        (_, Some(what)) => {
            format!("the character U+{:04X} is {what}: not all parsers read it alike", u32::from(found))
        }
        (_, None) => acted_on(format!("'{found}'")),
    })
}
