//! Streams uses another RDS instance than the one that hwdr knows.
//!
//! ## What it does
//! Compares the RDS instance and the region in `externalizedMariadb.host` with `hwdr.streams.mariadb`. While a restore is asked for, the host may
//! also be that of its new instance (`hwdr.streams.restore.mariadb.instance`).
//!
//! ## Why is this bad
//! After a cutover, one of two places was left behind. If it is the host, the next `helm upgrade` moves Streams back to the old database, and
//! what was written since the cutover is not there. If it is `hwdr.streams.mariadb`, snapshots are taken of an instance that nobody uses.
//!
//! ## Example
//! ```yaml
//! embeddedMariadb:
//!   enabled: false
//! externalizedMariadb:
//!   host: streams-prod.c9akciq32.eu-west-1.rds.amazonaws.com
//!   tls:
//!     twoWay: false
//! hwdr:
//!   streams:
//!     mariadb:
//!       region: eu-west-1
//!       instance: streams-prod-2
//! ```
//!
//! ## Use instead
//! ```yaml
//! embeddedMariadb:
//!   enabled: false
//! externalizedMariadb:
//!   host: streams-prod-2.c9akciq32.eu-west-1.rds.amazonaws.com
//!   tls:
//!     twoWay: false
//! hwdr:
//!   streams:
//!     mariadb:
//!       region: eu-west-1
//!       instance: streams-prod-2
//! ```
//!
//! ## Fix
//! None: only you know which instance has the data.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::streams::chart::{MARIADB, RdsHost};
use crate::product::streams::keys::{RESTORE_MARIADB, SETTINGS_MARIADB};
use crate::values::{Entry, Value};

/// See the head of this file.
pub struct OtherInstance;

impl Rule for OtherInstance {
    fn name(&self) -> &'static str {
        "other-instance"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("other_instance.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let Some((host, value)) = MARIADB.address(values) else { return };
        let Some(used) = RdsHost::of(host).filter(|_| MARIADB.is_embedded(values) != Some(true)) else { return };
        let known = |path, key| view::set(values, path, key).filter(|entry| !is_unknown(&entry.value));
        let is = |entry: &Entry, text: &str| entry.value.as_str().is_some_and(|name| name.eq_ignore_ascii_case(text));
        let today = known(SETTINGS_MARIADB, "instance");
        let new = known(RESTORE_MARIADB, "instance");
        if let Some(today) = today.filter(|today| !is(today, &used.instance))
            && !new.is_some_and(|new| is(new, &used.instance))
        {
            let message =
                format!("this is a host of the instance {}, which hwdr.streams.mariadb does not name", used.instance);
            findings.push(
                Finding::error(self.name(), &value.place, message)
                    .related(&today.value.place, "the instance that hwdr backs up")
                    .help("write the same instance in both places: the one that Streams is to use"),
            );
        }
        if let Some(region) = known(SETTINGS_MARIADB, "region").filter(|region| !is(region, &used.region)) {
            let message =
                format!("this host is in the region {}, and hwdr.streams.mariadb.region is another", used.region);
            findings.push(
                Finding::error(self.name(), &region.value.place, message)
                    .related(&value.place, "the host")
                    .help(format!("write region: {}", used.region)),
            );
        }
    }
}
