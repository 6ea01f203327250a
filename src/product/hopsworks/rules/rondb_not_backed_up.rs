//! RonDB left out of the backups.
//!
//! ## What it does
//! Looks for `backups.enabled: true` together with `rondb.rondb.backups.enabled: false`.
//!
//! ## Why is this bad
//! RonDB's own setting silently overrides the global one: OpenSearch and the Kubernetes objects are backed up, but the database,
//! without which none of it can be restored, is not. You notice it on the day you need it.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! rondb:
//!   rondb:
//!     backups:
//!       enabled: false
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::keys;
use crate::values::Value;

const RONDB: &[&str] = &["rondb", "rondb", "backups", "enabled"];

/// See the head of this file.
pub struct RondbNotBackedUp;

impl Rule for RondbNotBackedUp {
    fn name(&self) -> &'static str {
        "rondb-not-backed-up"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("rondb_not_backed_up.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let Some(backups) = view::set(values, keys::BACKUPS, "enabled") else { return };
        let Some(rondb) = view::entry(values, RONDB) else { return };
        if view::flag(&backups.value) == Some(true) && view::flag(&rondb.value) == Some(false) {
            findings.push(
                Finding::warning(
                    self.name(),
                    &rondb.value.place,
                    "backups are on, but not RonDB's: nothing could be restored",
                )
                .related(&backups.value.place, "on")
                .help("remove rondb.rondb.backups.enabled, or set it to true"),
            );
        }
    }
}
