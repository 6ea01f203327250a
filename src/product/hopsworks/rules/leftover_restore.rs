//! A restore block that should be removed.
//!
//! ## What it does
//! Looks for a restore block that restores nothing (empty, or without an id), for a backup that is older than backups
//! are kept, and, in a file that is linted alone and for no specific run (`--for`), for any restore at all.
//!
//! ## Why is this bad
//! The values are kept, and used again for the next upgrade. A restore block in them makes that upgrade fail, or wipes a
//! healthy cluster. After a restore, remove the block, and run `helm upgrade` once more.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       inPlace: false
//!       forceDataClear: false
//! ```
//!
//! ## Use instead
//! No block:
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! ```
//!
//! ## Fix
//! None: only you know when the restore has proved good.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, ttl, view};
use crate::product::hopsworks::{asked, keys};
use crate::shown::duration;
use crate::values::{Data, Entry, Value};

const REMOVE: &str = "once the restore is done and checked, remove the block";

/// See the head of this file.
pub struct LeftoverRestore;

impl Rule for LeftoverRestore {
    fn name(&self) -> &'static str {
        "leftover-restore"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("leftover_restore.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(block) = view::entry(values, keys::RESTORE) else { return };
        let Some(id) = asked::global_id(values) else {
            // Without in-place it restores nothing; with it, another rule asks for the id. An empty id says the same on purpose.
            // Superset is restored without the global id.
            let says = |(key, entry): (&String, &Entry)| key != "superset" && !view::is_empty(&entry.value);
            let bare = matches!(&block.value.data, Data::Map(map) if map.iter().any(says));
            let meant = block.value.entry("backupId").is_some();
            let in_place = view::set(values, keys::RESTORE, "inPlace");
            let in_place = in_place.is_some_and(|e| view::flag(&e.value) == Some(true) || is_unknown(&e.value));
            if context.whole && !context.chart && bare && !meant && !in_place {
                findings.push(
                    Finding::warning(self.name(), &block.key, "this block restores nothing: it has no backupId")
                        .help("left from an earlier restore? Remove it"),
                );
            }
            return;
        };
        if let (Some(now), Some(time), Some(kept)) = (context.now, id.time(), kept_seconds(values)) {
            let age = now.as_second() - time.as_second();
            if age > kept {
                let message = format!(
                    "backup {} is {} old, and backups are kept for {}",
                    id.digits().unwrap_or_default(),
                    duration(age.unsigned_abs()),
                    duration(kept.unsigned_abs())
                );
                findings.push(
                    Finding::warning(self.name(), &id.entry.value.place, message)
                        .help("it is probably gone. If the block is left from an earlier restore, remove it"),
                );
                return;
            }
        }
        if !context.whole && context.mode.is_none() {
            findings.push(
                Finding::warning(self.name(), &block.key, "this file asks for a restore, whenever it is used")
                    .help(REMOVE),
            );
        }
    }
}

fn kept_seconds(values: &Value) -> Option<i64> {
    ttl::parse(values.get(keys::BACKUPS)?.get(&["ttl"])?.as_str()?).ok()
}
