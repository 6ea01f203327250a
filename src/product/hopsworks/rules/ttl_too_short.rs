//! A backup that expires before the next one exists.
//!
//! ## What it does
//! Compares `backups.ttl` with the longest time between two firings of `backups.schedule` (`@weekly` if none is set and all
//! values are given). The same for Superset's own (`superset.backups`): what is not set there is as for all services.
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
use crate::values::{Entry, Value};

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
        let [ttl, schedule] = ["ttl", "schedule"].map(|key| view::set(values, keys::BACKUPS, key));
        findings.extend(self.finding(ttl, schedule, context));
        let [own_ttl, own_schedule] = ["ttl", "schedule"].map(|key| view::set(values, keys::SUPERSET_BACKUPS, key));
        if own_ttl.is_some() || own_schedule.is_some() {
            findings.extend(self.finding(own_ttl.or(ttl), own_schedule.or(schedule), context));
        }
    }
}

impl TtlTooShort {
    fn finding(&self, ttl: Option<&Entry>, schedule: Option<&Entry>, context: &Context) -> Option<Finding> {
        let ttl = &ttl?.value;
        let kept = ttl::parse(ttl.as_str()?).ok()?;
        let text = match schedule {
            Some(schedule) => schedule.value.as_str(),
            None => context.whole.then_some("@weekly"),
        };
        let gap = Schedule::parse(text?).ok()?.longest_gap()?;
        let place = &ttl.place;
        let mut finding = if kept < gap {
            Finding::error(self.name(), place, "a backup expires before the next one exists")
        } else if kept == gap {
            Finding::warning(self.name(), place, "a backup expires when the next one has only just started")
        } else {
            return None;
        };
        finding = finding.help(format!(
            "kept for {}, but up to {} pass between two backups: keep several",
            duration(kept.unsigned_abs()),
            duration(gap.unsigned_abs())
        ));
        if let Some(schedule) = schedule {
            finding = finding.related(&schedule.value.place, format!("up to {}", duration(gap.unsigned_abs())));
        }
        Some(finding)
    }
}
