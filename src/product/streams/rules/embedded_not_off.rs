//! A server outside of the cluster that the chart ignores.
//!
//! ## What it does
//! Looks for settings in `externalizedMariadb` while `embeddedMariadb.enabled` is not `false`, and the same for Kafka. Settings that are equal
//! to the chart's defaults do not count. In a file that is linted alone, the switch may be in another file: only `true` is reported.
//!
//! ## Why is this bad
//! Both switches are on by default. The chart then installs its own MariaDB or Kafka, and ignores the settings of the one outside without a
//! word: Streams runs on an empty database, and no backup of the real one helps.
//!
//! ## Example
//! ```yaml
//! externalizedMariadb:
//!   host: streams-prod.c9akciq32.eu-west-1.rds.amazonaws.com
//!   tls:
//!     twoWay: false
//! ```
//!
//! ## Use instead
//! ```yaml
//! embeddedMariadb:
//!   enabled: false
//! externalizedMariadb:
//!   host: streams-prod.c9akciq32.eu-west-1.rds.amazonaws.com
//!   tls:
//!     twoWay: false
//! ```
//!
//! ## Fix
//! None: only you know which of the two has the data.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::streams::chart::{PARTS, Part};
use crate::values::{Data, Entry, Value};

/// See the head of this file.
pub struct EmbeddedNotOff;

impl Rule for EmbeddedNotOff {
    fn name(&self) -> &'static str {
        "embedded-not-off"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("embedded_not_off.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        for part in &PARTS {
            let Some(entry) = values.get(part.external).and_then(|outside| own(part, outside, &mut Vec::new())) else {
                continue;
            };
            let switch = view::entry(values, part.embedded);
            let is_known = switch.is_none_or(|switch| !is_unknown(&switch.value));
            let is_on = match part.is_embedded(values) {
                Some(is_on) => is_on,
                None => context.whole,
            };
            if !is_on || !is_known {
                continue;
            }
            let (outside, switched) = (view::dotted(part.external), view::dotted(part.embedded));
            let message = format!("{outside} is ignored: the chart installs its own {}", part.title);
            let finding = Finding::error(self.name(), &entry.key, message);
            findings.push(match switch {
                Some(switch) => finding.related(&switch.value.place, "on").help(format!("set {switched}: false")),
                None => finding.help(format!("set {switched}: false; the default is true")),
            });
        }
    }
}

/// A setting other than the chart's default: the address, or else the first one.
fn own<'v>(part: &Part, value: &'v Value, path: &mut Vec<&'v str>) -> Option<&'v Entry> {
    let Data::Map(map) = &value.data else { return None };
    let address = map.get_key_value(part.address).filter(|_| path.is_empty());
    for (key, entry) in address.into_iter().chain(map) {
        path.push(key);
        let found = match &entry.value.data {
            Data::Map(_) => own(part, &entry.value, path),
            _ => Some(entry).filter(|entry| !view::is_empty(&entry.value) && !part.is_default(path, &entry.value)),
        };
        path.pop();
        if found.is_some() {
            return found;
        }
    }
    None
}
