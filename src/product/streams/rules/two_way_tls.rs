//! Two-way TLS with RDS, which has none.
//!
//! ## What it does
//! Looks for an RDS host in `externalizedMariadb.host` while `tls.twoWay` is not `false`. In a file that is linted alone, only `true` is reported.
//!
//! ## Why is this bad
//! `twoWay` is on by default, and the pods then want a certificate and a key of their own in the Secret `streams-database-secret`. RDS knows
//! one-way TLS only: after a cutover to RDS, pods wait for a Secret that nobody needs.
//!
//! ## Example
//! ```yaml
//! embeddedMariadb:
//!   enabled: false
//! externalizedMariadb:
//!   host: streams-prod.c9akciq32.eu-west-1.rds.amazonaws.com
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
//! None.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::streams::chart::{MARIADB, RdsHost};
use crate::product::streams::keys::MARIADB_TLS;
use crate::values::Value;

/// See the head of this file.
pub struct TwoWayTls;

impl Rule for TwoWayTls {
    fn name(&self) -> &'static str {
        "two-way-tls"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("two_way_tls.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let Some((_, host)) = MARIADB.address(values).filter(|(host, _)| RdsHost::of(host).is_some()) else { return };
        let switch = |key| view::set(values, MARIADB_TLS, key);
        let says = |key| switch(key).map(|entry| (view::flag(&entry.value), is_unknown(&entry.value)));
        let is_off = matches!(says("enabled"), Some((Some(false), _) | (_, true)));
        if is_off || MARIADB.is_embedded(values) == Some(true) {
            return;
        }
        let place = match (says("twoWay"), switch("twoWay")) {
            (Some((Some(true), false)), Some(entry)) => &entry.value.place,
            (None, _) if context.whole => &host.place,
            _ => return,
        };
        findings.push(
            Finding::warning(self.name(), place, "RDS knows one-way TLS only, and twoWay is on")
                .help("set externalizedMariadb.tls.twoWay: false; the default is true"),
        );
    }
}
