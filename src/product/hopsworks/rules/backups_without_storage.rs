//! Backups that are on without object storage for them.
//!
//! ## What it does
//! Looks for `backups.enabled: true` where neither `global._hopsworks.managedObjectStorage.enabled` nor
//! `global._hopsworks.minio.enabled` (with `hopsfs.enabled`) is true. If the chart's defaults are not known, one of them
//! must be explicitly false.
//!
//! ## Why is this bad
//! The chart then silently ignores the settings of backups. You notice that there are none on the day you need one.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!     managedObjectStorage:
//!       enabled: false
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!     managedObjectStorage:
//!       enabled: true
//! ```
//!
//! ## Fix
//! None.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::keys;
use crate::values::Value;

/// See the head of this file.
pub struct BackupsWithoutStorage;

impl Rule for BackupsWithoutStorage {
    fn name(&self) -> &'static str {
        "backups-without-storage"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("backups_without_storage.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(enabled) = view::set(values, keys::BACKUPS, "enabled") else { return };
        let off = |path: &[&str]| view::switch(values, path) == Some(false);
        let minio = view::is_on(values, keys::MINIO_ENABLED) && !off(keys::MINIO_HOPSFS);
        if [keys::OBJECT_STORAGE_ENABLED, keys::MINIO_ENABLED, keys::MINIO_HOPSFS]
            .iter()
            .any(|path| values.get(path).is_some_and(is_unknown))
        {
            return;
        }
        let known = context.chart || off(keys::OBJECT_STORAGE_ENABLED) || (off(keys::MINIO_ENABLED) && context.whole);
        if view::flag(&enabled.value) != Some(true)
            || !context.whole
            || !known
            || minio
            || view::is_on(values, keys::OBJECT_STORAGE_ENABLED)
        {
            return;
        }
        let mut finding = Finding::error(
            self.name(),
            &enabled.value.place,
            "no backups are taken: there is no object storage for them",
        )
        .help("set global._hopsworks.managedObjectStorage.enabled (or minio.enabled) to true");
        for path in [keys::OBJECT_STORAGE_ENABLED, keys::MINIO_ENABLED, keys::MINIO_HOPSFS] {
            if let Some(entry) = view::entry(values, path).filter(|_| off(path)) {
                finding = finding.related(&entry.value.place, "off");
            }
        }
        findings.push(finding);
    }
}
