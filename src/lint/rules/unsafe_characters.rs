//! Characters that a template or a shell would act on.
//!
//! ## What it does
//! Looks in the settings of backups and restores (names of snapshots, ConfigMaps, buckets, images, endpoints, indices)
//! for `{{`, `$`, backticks, quotes, `;`, `|`, `&`, `<`, `>`, backslashes, line breaks and other control characters.
//!
//! ## Why is this bad
//! These texts end up in shell scripts, URLs and YAML that the chart renders. There a `$(…)` is run, with the rights of
//! the backup's service account, and a quote or a line break changes what the rest of the script means.
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
use crate::lint::{Context, Finding, Level, placeholder, view};
use crate::values::{Data, Value};

const BLOCKS: [&[&str]; 9] = [
    view::BACKUPS,
    view::RESTORE,
    view::RONDB_RESTORE,
    &["olk", "opensearch", "restore"],
    view::VELERO_RESTORE,
    &["global", "_hopsworks", "managedObjectStorage"],
    &["global", "_hopsworks", "minio"],
    &["global", "_hopsworks", "imageRegistry"],
    &["global", "_hopsworks", "toolbox"],
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
        Finding::error(self.name(), place, format!("{what} would be acted on by a template or a shell"))
            .help("write the plain value")
    }
}

/// The first thing in a text that is not plain, but for what is filled in before Helm sees it.
fn dangerous(text: &str) -> Option<String> {
    let text = &placeholder::without(text);
    if text.contains("{{") {
        return Some("'{{'".to_owned());
    }
    let found = text.chars().find(|c| c.is_control() || "$`\"';|&<>\\".contains(*c))?;
    Some(match found {
        '\n' | '\r' => "a line break".to_owned(),
        c if c.is_control() => format!("the control character {}", c.escape_unicode()),
        c => format!("'{c}'"),
    })
}
