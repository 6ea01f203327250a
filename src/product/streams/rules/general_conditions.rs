//! General conditions that are not accepted by the text `yes`.
//!
//! ## What it does
//! Looks for an `acceptGeneralConditions` that is a boolean, or any text but `yes`.
//!
//! ## Why is this bad
//! The chart compares it with the text `yes`. Without quotes, YAML reads `yes` as `true`: the chart refuses to render, and in the middle of a
//! recovery that looks like anything else.
//!
//! ## Example
//! ```yaml
//! acceptGeneralConditions: yes
//! ```
//!
//! ## Use instead
//! ```yaml
//! acceptGeneralConditions: "yes"
//! ```
//!
//! ## Fix
//! Safe, if it is `true`: `--fix` writes `"yes"`.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::values::{Data, Value};

/// See the head of this file.
pub struct GeneralConditions;

impl Rule for GeneralConditions {
    fn name(&self) -> &'static str {
        "general-conditions"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("general_conditions.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let Some(entry) = view::set(values, &[], "acceptGeneralConditions") else { return };
        let (value, place) = (&entry.value, &entry.value.place);
        let quoted = if view::from_flag(place) {
            "--set-string acceptGeneralConditions=yes"
        } else {
            "write it in quotes: acceptGeneralConditions: \"yes\""
        };
        findings.push(match &value.data {
            Data::Bool(is_meant) => {
                let message = format!("this is the boolean {is_meant}, and the chart expects the text yes");
                let finding = Finding::error(self.name(), place, message).help(quoted);
                if *is_meant { finding.fix("write \"yes\"", place, "\"yes\"") } else { finding }
            }
            Data::String(text) if text == "yes" || is_unknown(value) => return,
            Data::String(_) => {
                Finding::warning(self.name(), place, "only the text yes accepts the general conditions").help(quoted)
            }
            _ => return,
        });
    }
}
