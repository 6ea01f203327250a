//! A value of the wrong kind.
//!
//! ## What it does
//! Compares values with the kinds that the schema lists: a map, a list, a text, a number, true or false. It reports only
//! what no other rule describes better.
//!
//! ## Why is this bad
//! Templates take a value for what they expect. At best Helm fails with a Go type in its message; at
//! worst it creates an object with a wrong value.
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
            let message = format!("{block} must be {}, but this is {}", node.expected(), value.data.kind());
            let finding = Finding::error(self.name(), &value.place, message);
            if let Some(help) = lost_space(value) {
                findings.push(finding.help(help));
                return;
            }
            findings.push(match node.example().filter(|example| !example.is_object()) {
                Some(example) => {
                    finding.help(format!("for example {}: {example}", path.last().copied().unwrap_or_default()))
                }
                None => finding,
            });
        });
    }
}

/// What to write if a missing space turned settings or items of a list into one text: `ttl:60d`, `-default`.
fn lost_space(value: &Value) -> Option<String> {
    let text = value.as_str().filter(|_| !value.place.text().starts_with(['"', '\'', '|', '>', '!', '&', '*']))?;
    if let Some(item) = text.strip_prefix('-').filter(|item| item.starts_with(|c: char| c.is_alphanumeric())) {
        let first = item.split(char::is_whitespace).next().unwrap_or(item);
        return Some(format!("if it is a list, a space is missing after the dash: - {first}"));
    }
    let (key, value) = text.split_once(':')?;
    let is_key = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !key.is_empty();
    (is_key && !value.is_empty() && !value.contains([':', '/', ' ']))
        .then(|| format!("if it is a setting, a space is missing after the colon: {key}: {value}"))
}
