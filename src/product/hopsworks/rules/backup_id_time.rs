//! A backup id that is not a time, or is in the future.
//!
//! ## What it does
//! Hopsworks makes ids with `date -u +%y%V%u%H%M`: year, ISO week, weekday, hour and minute in UTC; older versions
//! with `%y%m%d%H%M`. The rule reads the id back as a time.
//!
//! ## Why is this bad
//! An id in the future is a typing error: there is no such backup, and the restore fails (error). One that is not a
//! time may be an error too; and HopsFS, whose bucket is rewound to the time of the backup, then depends on what the
//! backup's metadata say about it (warning). RonDB's own ids of up to five digits are allowed: its charts before 0.8
//! create them. A few ids fit two days, the first and the last of a year: only the backup's metadata tell which.
//! Superset's ids are a time to the second; of these, only the future is checked here.
//!
//! ## Example
//! Week 84 does not exist:
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "258411200"
//! ```
//!
//! ## Use instead
//! 2025, week 48, Monday, 12:00:
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! None: only you know which backup is meant.

use jiff::Timestamp;

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::asked;
use crate::product::hopsworks::backup_id::BackupId;
use crate::values::Value;

/// Clocks may differ.
const GRACE_SECONDS: i64 = 15 * 60;

/// See the head of this file.
pub struct BackupIdTime;

impl Rule for BackupIdTime {
    fn name(&self) -> &'static str {
        "backup-id-time"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("backup_id_time.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        for id in asked::ids(values) {
            let Some(parsed) = id.digits().and_then(|digits| BackupId::parse(&digits).ok()) else { continue };
            let place = &id.entry.value.place;
            match parsed.time() {
                None if id.service == "RonDB" && parsed.as_str().len() <= 5 => {}
                None => findings.push(
                    Finding::warning(self.name(), place, format!("backup id {parsed} is not one point in time")).help(
                        "ids are year, ISO week, weekday, hour, minute: 254811200 is 2025, week 48, Monday, 12:00",
                    ),
                ),
                Some(time) => findings.extend(self.to_come(&id, time, context, asked::LIST_IDS)),
            }
        }
        if let Some((time, id)) = asked::superset_id(values).and_then(|id| Some((id.time()?, id))) {
            findings.extend(self.to_come(&id, time, context, asked::LIST_SUPERSET_IDS));
        }
    }
}

impl BackupIdTime {
    fn to_come(&self, id: &asked::Id<'_>, time: Timestamp, context: &Context, list: &str) -> Option<Finding> {
        if time.as_second() <= context.now?.as_second() + GRACE_SECONDS {
            return None;
        }
        let message = format!("backup id {} is from {}, which is in the future", id.digits()?, view::minute(time));
        Some(Finding::error(self.name(), &id.entry.value.place, message).help(list))
    }
}
