//! A backup id that is a number, because it stands without quotes.
//!
//! ## What it does
//! Looks at every backup id: the global one, RonDB's own, and OpenSearch's snapshot names.
//!
//! ## Why is this bad
//! Helm reads digits without quotes as a floating-point number, and templates print it as such: `254811200` becomes
//! `2.548112e+08`. No backup has that name. The restore then fails when it looks for it, which in an in-place restore
//! is after the data was cleared. The same happens with `--set`, which is why there is `--set-string`.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: 254811200
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! Safe: `--fix` adds the quotes, if there is nothing but digits.

use crate::backup_id::BackupId;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::values::{Data, Number, Value};

/// See the head of this file.
pub struct BackupIdNumber;

impl Rule for BackupIdNumber {
    fn name(&self) -> &'static str {
        "backup-id-number"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("backup_id_number.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        for id in view::ids(values) {
            let Data::Number(number) = &id.entry.value.data else { continue };
            let place = &id.entry.value.place;
            let digits = view::number_digits(number);
            let written = place.text();
            // What `--set` makes an integer at first is a float as soon as the release is read back.
            let shown = if written.is_empty() { &digits } else { written };
            let message = format!("{} {shown} is a number: templates print it as {}", id.key(), Number::Float(number.as_f64()).rendered());
            let finding = Finding::error(self.name(), place, message);
            findings.push(if view::from_flag(place) {
                finding.help(format!("give it as text: --set-string {}={digits}", view::dotted(&id.path)))
            } else if written == digits && BackupId::parse(written).is_ok() {
                let quoted = format!("\"{written}\"");
                finding.help(format!("write it in quotes: {}: {quoted}", id.key())).fix("add quotes", place, quoted)
            } else {
                finding.help(format!("write the digits of the id in quotes: {}: \"254811200\"", id.key()))
            });
        }
    }
}
