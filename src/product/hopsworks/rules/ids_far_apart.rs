//! Backups of one restore that were taken at different times.
//!
//! ## What it does
//! Compares the times in the ids of RonDB, OpenSearch and, if it is restored, Superset, and in the names of Velero backups, with that of
//! the global id, and reports a difference of more than an hour: services name their backups by their own clocks, and those of one
//! run differ only by minutes.
//!
//! ## Why is this bad
//! RonDB holds the metadata of the files in HopsFS, and Velero's backups the secrets and projects that belong to both.
//! What was created or deleted between two of them is in one and missing in the other. Superset's connections to Trino hold
//! passwords that RonDB has, too: for users who were added again between the two backups, they no longer work. `helm hwdr upgrade` and `install`
//! refuse them, unless a comment on the line ignores this rule.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! rondb:
//!   rondb:
//!     restoreFromBackup:
//!       backupId: "254711200"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! rondb:
//!   rondb:
//!     restoreFromBackup:
//!       backupId: "254811140"
//! ```
//!
//! ## Fix
//! None: only you know which backup is meant.

use jiff::Timestamp;

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::asked;
use crate::shown::duration;
use crate::source::Place;
use crate::values::Value;
use crate::velero::time_of;

const LIMIT_SECONDS: i64 = 3_600;

/// See the head of this file.
pub struct IdsFarApart;

impl Rule for IdsFarApart {
    fn name(&self) -> &'static str {
        "ids-far-apart"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("ids_far_apart.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let mut others: Vec<(&str, Timestamp, &Place)> = Vec::new();
        let own = asked::own_ids(values);
        others.extend(own.iter().filter_map(|id| Some((id.service, id.time()?, &id.entry.value.place))));
        for (_, _, entry) in asked::velero_names(values) {
            if let Some(time) = entry.value.as_str().and_then(time_of) {
                others.push(("Velero", time, &entry.value.place));
            }
        }
        let superset = asked::superset_id(values).filter(|_| asked::superset_restore(values).is_some());
        others.extend(superset.iter().filter_map(|id| Some((id.service, id.time()?, &id.entry.value.place))));
        let global = asked::global_id(values).and_then(|id| Some(("HopsFS", id.time()?, &id.entry.value.place)));
        let (base, base_time, base_place) = match global {
            Some(global) => global,
            None if !others.is_empty() => others.remove(0),
            None => return,
        };
        for (service, time, place) in others {
            let apart = time.as_second() - base_time.as_second();
            if apart.abs() <= LIMIT_SECONDS {
                continue;
            }
            let order = if apart > 0 { "later" } else { "earlier" };
            findings.push(
                Finding::warning(
                    self.name(),
                    place,
                    format!("{service}'s backup is {} {order} than {base}'s", duration(apart.unsigned_abs())),
                )
                .related(base_place, format!("{base}: {}", view::minute(base_time)))
                .help(format!("it is from {}; choose {}", view::minute(time), choice(service))),
            );
        }
    }
}

/// Superset may have a schedule of its own.
fn choice(service: &str) -> &'static str {
    if service == "Superset" { "the nearest one" } else { "one of the same run" }
}
