//! A value of the wrong kind.
//!
//! ## What it does
//! Compares values with the kinds that the schema lists: a map, a list, a text, a number, true or false. It speaks only
//! where no other rule says it better.
//!
//! ## Why is this bad
//! Templates take a value for what they expect. The best outcome is that Helm fails with a Go type in its message; a
//! worse one is an object with a wrong value in it.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups: true
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::{Rule, Spoken};
use crate::lint::schema::{self, Problem};
use crate::lint::{Context, Finding, Level, view};
use crate::values::Value;

/// See the head of this file.
pub struct WrongType;

impl Rule for WrongType {
    fn name(&self) -> &'static str {
        "wrong-type"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("wrong_type.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let spoken = Spoken::of(findings);
        schema::walk(values, &mut |problem| {
            let Problem::Wrong { path, value, node } = problem else { return };
            if spoken.at(&value.place) {
                return;
            }
            let block = if path.is_empty() { "a values file".to_owned() } else { view::short(path) };
            let message = format!("{block} must be {}, and this is {}", node.expected(), value.data.kind());
            let finding = Finding::error(self.name(), &value.place, message);
            findings.push(match node.example().filter(|example| !example.is_object()) {
                Some(example) => {
                    finding.help(format!("for example {}: {example}", path.last().copied().unwrap_or_default()))
                }
                None => finding,
            });
        });
    }
}
