//! A setting under `hwdr.streams` that cannot be used.
//!
//! ## What it does
//! Reads `hwdr.streams` as a backup or a restore of Streams does, and reports each setting that it would refuse: an unknown key, a value of the
//! wrong form, or two that contradict each other. In values that are linted as a whole, it also reports what is missing. And it finds
//! the blocks of `hwdr.streams` where nothing reads them: at the top of the values, below `streams` and below `hwdr`.
//!
//! ## Why is this bad
//! No chart reads these settings, so Helm takes anything. With `restor` for `restore`, or without `hwdr` above it, nothing is restored.
//!
//! ## Example
//! ```yaml
//! hwdr:
//!   streams:
//!     mariadb:
//!       region: eu-west-1
//!       instance: streams-prod
//!     restore:
//!       mariadb:
//!         snapshoot: rds:streams-prod-2026-01-01-03-00
//!         instance: streams_prod_2
//! ```
//!
//! ## Use instead
//! ```yaml
//! hwdr:
//!   streams:
//!     mariadb:
//!       region: eu-west-1
//!       instance: streams-prod
//!     restore:
//!       mariadb:
//!         snapshot: rds:streams-prod-2026-01-01-03-00
//!         instance: streams-prod-2
//! ```
//!
//! ## Fix
//! None: a setting that suddenly takes effect changes what hwdr does.

use crate::lint::rules::{Rule, Spoken};
use crate::lint::{Context, Finding, Level, placeholder, view};
use crate::product::says;
use crate::product::streams::settings::Settings;
use crate::values::Value;

/// Where blocks stand that belong into `hwdr.streams`: nothing reads them there.
const MISPLACED: [&[&str]; 8] = [
    &["streams", "restore"],
    &["streams", "mariadb"],
    &["streams", "kafka"],
    &["streams", "velero"],
    &["hwdr", "restore"],
    &["hwdr", "mariadb"],
    &["hwdr", "kafka"],
    &["hwdr", "velero"],
];

/// See the head of this file.
pub struct StreamsSettings;

impl Rule for StreamsSettings {
    fn name(&self) -> &'static str {
        "streams-settings"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("streams_settings.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let spoken = Spoken::of(findings);
        for problem in Settings::problems(values) {
            let Some(place) = &problem.refusal.place else { continue };
            let is_filled_in_later = placeholder::without(place.text()) != place.text();
            if problem.is_missing && !context.whole || is_filled_in_later || spoken.at(place) {
                continue;
            }
            let finding = Finding::error(self.name(), place, problem.refusal.problem);
            findings.push(problem.refusal.help.into_iter().fold(finding, Finding::help));
        }
        for path in MISPLACED.iter().filter(|path| says(values, path)) {
            let (Some(entry), Some(key)) = (view::entry(values, path), path.last()) else { continue };
            let message = format!("nothing reads {}: it belongs into hwdr.streams", view::dotted(path));
            findings
                .push(Finding::error(self.name(), &entry.key, message).help(format!("move it to hwdr.streams.{key}")));
        }
    }
}
