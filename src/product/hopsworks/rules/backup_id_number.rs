//! A backup id that is a number, because it has no quotes.
//!
//! ## What it does
//! Checks every backup id: the global one, RonDB's own, and OpenSearch's snapshot names.
//!
//! ## Why is this bad
//! Helm reads digits without quotes as a floating-point number, and templates print numbers from a million up with an exponent:
//! `254811200` becomes `2.548112e+08`. No backup has that name, so the restore fails when it looks for it: in an in-place restore, after
//! the data was cleared. The same happens with `--set`, once Helm has read the release back: use `--set-string`. A smaller number prints
//! unchanged, and is a warning.
//!
//! RonDB's own id is different: the schema of RonDB's charts before 0.8 takes only a number, which their templates print without an
//! exponent (from 0.6.2 on, whatever its size), and that of later charts takes only text. With `--chart`, the rule knows which of them the
//! chart takes, and the other is an error. Without it, a number from a million up is a warning.
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
//! Safe: `--fix` adds the quotes if the value is only digits. For RonDB's own id, it does so only if the chart is known, and removes the
//! quotes if the chart takes a number.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, IdKind, Level, view};
use crate::product::hopsworks::asked;
use crate::product::hopsworks::backup_id::BackupId;
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

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        for id in asked::ids(values) {
            let kind = context.id_kind.filter(|_| id.service == "RonDB");
            findings.extend(match (&id.entry.value.data, kind) {
                (Data::Number(number), Some(IdKind::Number)) if number.as_f64().fract() == 0.0 => None,
                (Data::Number(number), None) if id.service == "RonDB" && number.as_f64().fract() == 0.0 => {
                    self.of_rondb(&id, number)
                }
                (Data::Number(number), _) => Some(self.number(&id, number)),
                (Data::String(text), Some(IdKind::Number)) => Some(self.text(&id, text)),
                _ => None,
            });
        }
    }
}

impl BackupIdNumber {
    fn number(&self, id: &asked::Id<'_>, number: &Number) -> Finding {
        let place = &id.entry.value.place;
        let (digits, written) = (view::number_digits(number), place.text());
        let (shown, rendered) = (shown(id, number), rendered(number));
        let finding = if rendered == digits {
            let message = format!(
                "{} {shown} is a number: templates print it unchanged only because it is below 1000000",
                id.key()
            );
            Finding::warning(self.name(), place, message)
        } else {
            Finding::error(
                self.name(),
                place,
                format!("{} {shown} is a number: templates print it as {rendered}", id.key()),
            )
        };
        if view::from_flag(place) {
            finding.help(format!("give it as text: --set-string {}={digits}", view::dotted(&id.path)))
        } else if written == digits && BackupId::parse(written).is_ok() {
            let quoted = format!("\"{written}\"");
            finding.help(format!("write it in quotes: {}: {quoted}", id.key())).fix("add quotes", place, quoted)
        } else {
            finding.help(format!("write the digits of the id in quotes: {}: \"254811200\"", id.key()))
        }
    }

    /// A number for RonDB, if the chart that decides is not known.
    fn of_rondb(&self, id: &asked::Id<'_>, number: &Number) -> Option<Finding> {
        let (digits, rendered) = (view::number_digits(number), rendered(number));
        let message = format!(
            "RonDB's charts before 0.8 take backupId {} as a number; others print it as {rendered}",
            shown(id, number)
        );
        (rendered != digits).then(|| {
            Finding::warning(self.name(), &id.entry.value.place, message).help(format!(
                "from chart 0.8 on write it in quotes: backupId: \"{digits}\". Give --chart CHART to check which is right"
            ))
        })
    }

    /// Text, although the chart takes a number.
    fn text(&self, id: &asked::Id<'_>, text: &str) -> Finding {
        let place = &id.entry.value.place;
        let finding =
            Finding::error(self.name(), place, "Helm refuses text here: the schema of this chart takes a number");
        if BackupId::parse(text).is_err() {
            finding.help("write the digits of the id without quotes")
        } else if view::from_flag(place) {
            finding.help(format!("give it as a number: --set {}={text}", view::dotted(&id.path)))
        } else {
            finding.help(format!("write it without quotes: backupId: {text}")).fix("remove the quotes", place, text)
        }
    }
}

/// The number as written. An integer of `--set` becomes a float as soon as the release is read back.
fn shown(id: &asked::Id<'_>, number: &Number) -> String {
    let written = id.entry.value.place.text();
    if written.is_empty() { view::number_digits(number) } else { written.to_owned() }
}

/// What a template prints.
fn rendered(number: &Number) -> String {
    Number::Float(number.as_f64()).rendered()
}
