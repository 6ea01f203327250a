//! A schedule that is invalid or never fires.
//!
//! ## What it does
//! Reads `backups.schedule`, and Superset's own (`superset.backups.schedule`), as Kubernetes and Velero do: five fields in UTC, `@yearly` … `@hourly`, or `@every` with a
//! Go duration; and checks whether it ever fires. `@every` itself is a warning.
//!
//! ## Why is this bad
//! An invalid schedule makes the upgrade fail halfway, with some of its objects applied. One that never fires, such as on
//! the 30th of February, is accepted everywhere; you notice that there are no backups on the day you need one. `@every`
//! counts from when each service's own schedule was created, so the backups of RonDB, OpenSearch and Velero drift apart;
//! Kubernetes does not document it for CronJobs at all.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       schedule: "0 3 30 2 *"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       schedule: "0 3 * * SUN"
//! ```
//!
//! ## Fix
//! Safe, if it is clear what was meant: `@Weekly` becomes `@weekly`.

use crate::lint::cron::Schedule;
use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::keys;
use crate::values::Value;

const FORMS: &str = "for example \"@weekly\", or \"0 3 * * SUN\": minute, hour, day, month, day of week, in UTC";

/// See the head of this file.
pub struct ScheduleRule;

impl Rule for ScheduleRule {
    fn name(&self) -> &'static str {
        "schedule"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("schedule.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let entries = [keys::BACKUPS, keys::SUPERSET_BACKUPS].map(|path| view::set(values, path, "schedule"));
        findings.extend(entries.into_iter().flatten().filter_map(|entry| self.finding(&entry.value)));
    }
}

impl ScheduleRule {
    fn finding(&self, value: &Value) -> Option<Finding> {
        let text = value.as_str().filter(|_| !is_unknown(value))?;
        let place = &value.place;
        Some(match Schedule::parse(text) {
            Err(error) => {
                let finding = Finding::error(self.name(), place, error.problem);
                match error.meant {
                    Some(meant) => {
                        let fix = format!("\"{meant}\"");
                        let help = format!("did you mean {fix}?");
                        if meant.eq_ignore_ascii_case(text.trim()) {
                            finding.help(help).fix(format!("write {meant}"), place, fix)
                        } else {
                            finding.help(help)
                        }
                    }
                    None => finding.help(FORMS),
                }
            }
            Ok(schedule) if schedule.never_fires() => {
                Finding::error(self.name(), place, format!("'{text}' never fires: no backup would be taken"))
                    .help(FORMS)
            }
            Ok(Schedule::Every(_)) => {
                Finding::warning(self.name(), place, "@every lets the backups of the services drift apart")
                    .help("Kubernetes does not document @every for CronJobs; use five fields")
            }
            Ok(Schedule::Fields(_)) => return None,
        })
    }
}
