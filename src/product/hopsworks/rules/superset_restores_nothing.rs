//! A restore of Superset that restores nothing.
//!
//! ## What it does
//! Looks for `restoreFromBackup.superset.enabled: true` without a `backupId`, if all values are given; where Superset is not installed
//! (`global._hopsworks.superset.enabled`, or, if that is not set, `global._hopsworks.full_platform`); and where its database is not
//! the chart's (`superset.mysql.enabled: false`). And for a `backupId` without `enabled: true` (warning), unless `enabled: false` is in
//! the same file, as after a restore.
//!
//! ## Why is this bad
//! The chart refuses a restore that it cannot do: only the MySQL that it installs with Superset is backed up and restored. An id alone
//! is ignored: the upgrade succeeds, and the dashboards are as they were.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     superset:
//!       enabled: false
//!     restoreFromBackup:
//!       superset:
//!         enabled: true
//!         backupId: "20260213153627-2116913658"
//! ```
//! An id alone:
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       superset:
//!         backupId: "20260213153627-2116913658"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       superset:
//!         enabled: true
//!         backupId: "20260213153627-2116913658"
//! ```
//!
//! ## Fix
//! None: only you know whether a restore is meant.

use std::sync::Arc;

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::{asked, keys};
use crate::values::{Entry, Value};

/// See the head of this file.
pub struct SupersetRestoresNothing;

impl Rule for SupersetRestoresNothing {
    fn name(&self) -> &'static str {
        "superset-restores-nothing"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("superset_restores_nothing.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        match asked::superset_restore(values) {
            Some(enabled) if view::flag(&enabled.value) == Some(true) => {
                self.enabled(enabled, values, context, findings)
            }
            Some(_) => {}
            None => findings.extend(self.id_alone(values, context)),
        }
    }
}

impl SupersetRestoresNothing {
    fn enabled(&self, enabled: &Entry, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let error = |message: &str| Finding::error(self.name(), &enabled.value.place, message);
        if context.whole && asked::superset_id(values).is_none() {
            findings.push(error("enabled asks for a restore of Superset, but there is no backupId").help(format!(
                "set {}; {}",
                view::dotted(keys::SUPERSET_BACKUP_ID),
                asked::LIST_SUPERSET_IDS
            )));
        }
        // In another file, superset.enabled may overrule full_platform.
        let decides = view::set(values, keys::SUPERSET, "enabled").is_some() || context.whole;
        if let Some(switch) = asked::superset_switch(values).filter(|_| decides && asked::lacks_superset(values)) {
            findings.push(
                error("this restores Superset, which is not installed: the chart refuses it")
                    .related(&switch.value.place, "not installed")
                    .help("set global._hopsworks.superset.enabled to true, or remove the restore"),
            );
        }
        let mysql = view::entry(values, keys::SUPERSET_MYSQL_ENABLED);
        if let Some(mysql) = mysql.filter(|mysql| view::flag(&mysql.value) == Some(false)) {
            findings.push(
                error("this restores Superset's own MySQL, which is off: the chart refuses it")
                    .related(&mysql.value.place, "off")
                    .help("restore a database that the chart does not run by its own means, and remove this"),
            );
        }
    }

    fn id_alone(&self, values: &Value, context: &Context) -> Option<Finding> {
        let id = asked::superset_id(values).filter(|id| !is_unknown(&id.entry.value))?;
        let off = view::set(values, keys::SUPERSET_RESTORE, "enabled");
        let meant = off.is_some_and(|off| Arc::ptr_eq(&off.value.place.source, &id.entry.value.place.source));
        if meant || off.is_none() && !context.whole {
            return None;
        }
        let message = "this does not restore Superset: enabled is not true";
        let finding = Finding::warning(self.name(), &id.entry.key, message)
            .help("set enabled: true beside it to restore this backup, or remove it");
        Some(off.iter().fold(finding, |finding, off| finding.related(&off.value.place, "off")))
    }
}
