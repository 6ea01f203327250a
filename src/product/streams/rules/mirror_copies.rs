//! A mirror with one copy of each topic.
//!
//! ## What it does
//! Looks for `hwdr.streams.kafka.replicationFactor: 1`.
//!
//! ## Why is this bad
//! It is the number of copies of each topic that MirrorMaker makes: in the backup cluster, and, on a restore, in the new production cluster. With
//! one copy, a broker that fails takes its part of the topics along. Axway's sample configuration has 1.
//!
//! ## Example
//! ```yaml
//! hwdr:
//!   streams:
//!     kafka:
//!       backup:
//!         bootstrapServers: backup-1.example.com:9096
//!         secret: streams-kafka-backup
//!       replicationFactor: 1
//! ```
//!
//! ## Use instead
//! ```yaml
//! hwdr:
//!   streams:
//!     kafka:
//!       backup:
//!         bootstrapServers: backup-1.example.com:9096
//!         secret: streams-kafka-backup
//!       replicationFactor: 3
//! ```
//!
//! ## Fix
//! None: the number of brokers limits it.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::streams::keys::MIRROR;
use crate::values::{Data, Value};

/// See the head of this file.
pub struct MirrorCopies;

impl Rule for MirrorCopies {
    fn name(&self) -> &'static str {
        "mirror-copies"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn source(&self) -> &'static str {
        include_str!("mirror_copies.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let Some(entry) = view::set(values, MIRROR, "replicationFactor") else { return };
        let Data::Number(number) = &entry.value.data else { return };
        if view::number_digits(number) == "1" {
            findings.push(
                Finding::warning(self.name(), &entry.value.place, "each topic of the mirror has one copy")
                    .help("write 3, the default, or as many as the cluster has brokers"),
            );
        }
    }
}
