//! No address of the MariaDB or the Kafka outside, or one of the wrong form.
//!
//! ## What it does
//! Checks `externalizedMariadb.host`: a host without a port or a scheme; and `externalizedKafka.bootstrapServers`: hosts with ports, and commas
//! between them. In values that are linted as a whole, an address must be given where `embeddedMariadb.enabled` or
//! `embeddedKafka.enabled` is `false`.
//!
//! ## Why is this bad
//! The chart's defaults (`my.db.host`, `my.broker.1:port`) are of no server. Helm takes them, and any other text; the pods then wait for a
//! server that does not exist. On the command line, each comma of the servers needs a backslash, or `--set` takes what
//! follows for another setting.
//!
//! ## Example
//! ```yaml
//! embeddedMariadb:
//!   enabled: false
//! externalizedMariadb:
//!   host: streams-prod.c9akciq32.eu-west-1.rds.amazonaws.com:3306
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
//!   port: 3306
//!   tls:
//!     twoWay: false
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::streams::chart::{KAFKA, MARIADB, PARTS};
use crate::product::streams::settings::names::{Bootstrap, Setting as _, is_host};
use crate::values::Value;

/// See the head of this file.
pub struct ExternalAddress;

impl Rule for ExternalAddress {
    fn name(&self) -> &'static str {
        "external-address"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("external_address.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        if let Some((_, value)) = MARIADB.address(values).filter(|(host, _)| !is_host(host)) {
            findings.push(
                Finding::error(self.name(), &value.place, "host must be the name or the address of a host alone")
                    .help("leave out scheme and port; the port is externalizedMariadb.port"),
            );
        }
        if let Some((_, value)) = KAFKA.address(values).filter(|(servers, _)| Bootstrap::parse(servers).is_none()) {
            let message = format!("bootstrapServers must be {}", Bootstrap::EXPECTED);
            findings.push(
                Finding::error(self.name(), &value.place, message).help(format!("for example {}", Bootstrap::EXAMPLE)),
            );
        }
        for part in &PARTS {
            let Some(switch) = view::entry(values, part.embedded) else { continue };
            if !context.whole || part.is_embedded(values) != Some(false) {
                continue;
            }
            let path = format!("{}.{}", view::dotted(part.external), part.address);
            let Some(entry) = view::set(values, part.external, part.address) else {
                let message = format!("the chart's own {} is off, and {path} names no other", part.title);
                findings.push(Finding::error(self.name(), &switch.value.place, message).help(format!("set {path}")));
                continue;
            };
            if part.is_default(&[part.address], &entry.value) {
                findings.push(
                    Finding::error(self.name(), &entry.value.place, "this is the chart's example, and no server")
                        .related(&switch.value.place, "off")
                        .help(format!("set {path}")),
                );
            }
        }
    }
}
