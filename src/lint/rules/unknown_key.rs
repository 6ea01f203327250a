//! A key that nothing reads.
//!
//! ## What it does
//! Compares the keys of the blocks for backups and restores with those that the schema lists. One that resembles a
//! known key is an error, any other a warning. Elsewhere, where the chart has hundreds of keys, only misspellings
//! of known keys are reported, as a warning.
//!
//! ## Why is this bad
//! Helm accepts any key. `schedul: "@daily"` leaves the backups weekly, and with `inplace: true` an upgrade restores
//! nothing.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       schedul: "@daily"
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!       schedule: "@daily"
//! ```
//!
//! ## Fix
//! None: a key that suddenly takes effect changes what Helm does.

use crate::lint::rules::{Rule, Spoken, nearest_of};
use crate::lint::schema::{self, Problem};
use crate::lint::{Context, Finding, Level};
use crate::product;
use crate::values::Value;

/// See the head of this file.
pub struct UnknownKey;

impl Rule for UnknownKey {
    fn name(&self) -> &'static str {
        "unknown-key"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("unknown_key.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let (spoken, product) = (Spoken::of(findings), product::of(values));
        schema::walk(values, &mut |problem| {
            let Problem::Unknown { path, key, entry, node } = problem else { return };
            if spoken.at(&entry.key) {
                return;
            }
            let block = path.last().copied().unwrap_or("the chart");
            let message = format!("{block} has no key '{key}'");
            if node.is_strict() {
                findings.push(match nearest_of(key, node.keys(), 3) {
                    Some(known) => {
                        Finding::error(self.name(), &entry.key, message).help(format!("did you mean '{known}'?"))
                    }
                    None => Finding::warning(self.name(), &entry.key, message)
                        .help(format!("its keys are {}", node.keys().collect::<Vec<_>>().join(", "))),
                });
            } else if let Some(known) = nearest_of(key, node.keys().filter(|known| known.len() >= 5), slips(key)) {
                let message = format!("'{key}' looks like '{known}'");
                // With one of these a whole restore is silently lost.
                let loses = product.loses_a_restore(known, &entry.value);
                let found = if loses { Finding::error } else { Finding::warning };
                findings.push(found(self.name(), &entry.key, message).help(format!("did you mean '{known}'?")));
            }
        });
    }
}

/// How many typing mistakes a word of that length may contain and still be recognised.
fn slips(key: &str) -> usize {
    if key.chars().count() >= 8 { 2 } else { 1 }
}
