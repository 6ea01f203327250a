//! A time to live that does not parse.
//!
//! ## What it does
//! Checks that `backups.ttl`, and Superset's own (`superset.backups.ttl`), is a number of days or hours, such as `60d` or `36h`.
//!
//! ## Why is this bad
//! Each service reads it with its own script. One that does not understand it keeps backups forever, or deletes the
//! wrong ones; Velero refuses its schedule.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       ttl: 2w
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       ttl: 14d
//! ```
//!
//! ## Fix
//! Safe, if it is clear what was meant: `2w` becomes `14d`.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, ttl, view};
use crate::product::hopsworks::keys;
use crate::values::Value;

/// See the head of this file.
pub struct Ttl;

impl Rule for Ttl {
    fn name(&self) -> &'static str {
        "ttl"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("ttl.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let entries = [keys::BACKUPS, keys::SUPERSET_BACKUPS].map(|path| view::set(values, path, "ttl"));
        findings.extend(entries.into_iter().flatten().filter_map(|entry| self.finding(&entry.value)));
    }
}

impl Ttl {
    fn finding(&self, value: &Value) -> Option<Finding> {
        if is_unknown(value) {
            return None;
        }
        let place = &value.place;
        let Some(text) = value.as_str() else {
            let finding = Finding::error(self.name(), place, "a ttl is a number followed by d (days) or h (hours)");
            return Some(finding.help("for example ttl: 60d"));
        };
        let error = ttl::parse(text).err()?;
        if error.too_long {
            let finding =
                Finding::error(self.name(), place, "this is longer than Velero can count: 106751d, or 292 years");
            return Some(finding.help("for example ttl: 3650d; without a ttl, backups are kept forever"));
        }
        let finding =
            Finding::error(self.name(), place, format!("ttl '{text}' is not a number of days (d) or hours (h)"));
        Some(match error.meant {
            Some(meant) => finding.help(format!("did you mean {meant}?")).fix(format!("write {meant}"), place, meant),
            None => finding.help("for example ttl: 60d"),
        })
    }
}
