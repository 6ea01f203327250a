//! A switch given as text.
//!
//! ## What it does
//! Checks every switch that the schema knows, such as `inPlace` and `backups.enabled`, for text instead of `true` or
//! `false`.
//!
//! ## Why is this bad
//! In a template, any text that is not empty is true. `forceDataClear: "false"` therefore means *yes, clear the
//! data*: the opposite of what it says.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       inPlace: true
//!       forceDataClear: "false"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       inPlace: true
//!       forceDataClear: true
//! ```
//!
//! ## Fix
//! Safe: `--fix` writes what the text says (`"false"` becomes `false`), if it is a word that YAML knows.

use crate::lint::rules::Rule;
use crate::lint::schema::{self, Problem};
use crate::lint::{Context, Finding, Level, view};
use crate::values::{Data, Value};

/// See the head of this file.
pub struct BooleanText;

impl Rule for BooleanText {
    fn name(&self) -> &'static str {
        "boolean-text"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("boolean_text.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        schema::walk(values, &mut |problem| {
            let Problem::Wrong { path, value, node } = problem else { return };
            let Data::String(text) = &value.data else { return };
            if !node.is_boolean() {
                return;
            }
            let key = view::short(path);
            let effect = match (text.is_empty(), view::boolean_word(text)) {
                (true, _) => "is an empty text, not true or false".to_owned(),
                (_, Some(false)) => format!("is the text \"{text}\", which Helm's templates take for true"),
                _ => format!("is the text \"{text}\", not true or false"),
            };
            let finding = Finding::error(self.name(), &value.place, format!("{key} {effect}"));
            findings.push(match view::boolean_word(text) {
                Some(meant) if view::from_flag(&value.place) => {
                    finding.help(format!("give it as a boolean: --set {}={meant}", view::dotted(path)))
                }
                Some(meant) => finding
                    .help(format!("write it without quotes: {}: {meant}", path.last().copied().unwrap_or_default()))
                    .fix(format!("write {meant}"), &value.place, meant.to_string()),
                None => finding.help("write true or false, without quotes"),
            });
        });
    }
}
