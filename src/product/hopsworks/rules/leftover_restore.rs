//! A restore block that should be removed.
//!
//! ## What it does
//! Looks for a restore block that restores nothing (empty, or without an id), for a backup, of the cluster or of Superset, that is older
//! than backups are kept, and, in a file that is linted alone and for no specific run (`--for`), for any restore at all.
//!
//! ## Why is this bad
//! The values are kept, and used again for the next upgrade. A restore block in them makes that upgrade fail, or wipes a
//! healthy cluster. After a restore, remove the block, and run `helm upgrade` once more. As long as Superset's restore is enabled, the chart
//! does not prepare its database for a new version. `helm hwdr finalize` takes the block out of the values.
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
const TURN_OFF: &str = "once the restore is done and checked, set enabled: false; helm hwdr finalize does it";

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
        self.superset(values, context, findings);
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
        if let Some(finding) = self.expired(&id, view::set(values, keys::BACKUPS, "ttl"), context) {
            findings.push(finding);
        } else if !context.whole && context.mode.is_none() {
            findings.push(
                Finding::warning(self.name(), &block.key, "this file asks for a restore, whenever it is used")
                    .help(REMOVE),
            );
        }
    }
}

impl LeftoverRestore {
    /// Superset's restore, if it is enabled: it has an id, and an upgrade, of its own.
    fn superset(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(enabled) = asked::superset_restore(values).filter(|entry| !is_unknown(&entry.value)) else { return };
        let ttl = [keys::SUPERSET_BACKUPS, keys::BACKUPS].iter().find_map(|path| view::set(values, path, "ttl"));
        let expired = asked::superset_id(values).and_then(|id| self.expired(&id, ttl, context));
        if let Some(finding) = expired {
            findings.push(finding);
        } else if !context.whole && context.mode.is_none() && asked::global_id(values).is_none() {
            let message = "this file asks for a restore of Superset, whenever it is used";
            findings.push(Finding::warning(self.name(), &enabled.key, message).help(TURN_OFF));
        }
    }

    /// A backup that should be gone.
    fn expired(&self, id: &asked::Id<'_>, ttl: Option<&Entry>, context: &Context) -> Option<Finding> {
        let kept = ttl::parse(ttl?.value.as_str()?).ok()?;
        let age = context.now?.as_second() - id.time()?.as_second();
        let message = format!(
            "backup {} is {} old, and backups are kept for {}",
            id.digits()?,
            duration(age.unsigned_abs()),
            duration(kept.unsigned_abs())
        );
        (age > kept).then(|| {
            Finding::warning(self.name(), &id.entry.value.place, message)
                .help("it is probably gone. If the block is left from an earlier restore, remove it")
        })
    }
}
