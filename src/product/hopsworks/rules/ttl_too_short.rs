//! A backup that expires before the next one exists.
//!
//! ## What it does
//! Compares `backups.ttl` with the longest time between two firings of `backups.schedule` (`@weekly` if none is set and all
//! values are given).
//!
//! ## Why is this bad
//! There are times without any backup. If the two are equal, the old backup expires when the new one has only just started
//! (warning). And if one backup fails, there is none until the next: consider keeping several.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       schedule: "@weekly"
//!       ttl: 5d
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       schedule: "@weekly"
//!       ttl: 60d
//! ```
//!
//! ## Fix
//! None: you decide how long to keep backups.

use crate::lint::cron::Schedule;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, ttl, view};
use crate::product::hopsworks::keys;
use crate::shown::duration;
use crate::values::Value;

/// See the head of this file.
pub struct TtlTooShort;

impl Rule for TtlTooShort {
    fn name(&self) -> &'static str {
        "ttl-too-short"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("ttl_too_short.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some(entry) = view::set(values, keys::BACKUPS, "ttl") else { return };
        let Some(Ok(kept)) = entry.value.as_str().map(ttl::parse) else { return };
        let schedule = view::set(values, keys::BACKUPS, "schedule");
        let text = match schedule {
            Some(schedule) => schedule.value.as_str(),
            None => context.whole.then_some("@weekly"),
        };
        let Some(gap) = text.and_then(|text| Schedule::parse(text).ok()?.longest_gap()) else { return };
        let place = &entry.value.place;
        let mut finding = if kept < gap {
            Finding::error(self.name(), place, "a backup expires before the next one exists")
        } else if kept == gap {
            Finding::warning(self.name(), place, "a backup expires when the next one has only just started")
        } else {
            return;
        };
        finding = finding.help(format!(
            "kept for {}, but up to {} pass between two backups: keep several",
            duration(kept.unsigned_abs()),
            duration(gap.unsigned_abs())
        ));
        if let Some(schedule) = schedule {
            finding = finding.related(&schedule.value.place, format!("up to {}", duration(gap.unsigned_abs())));
        }
        findings.push(finding);
    }
}
