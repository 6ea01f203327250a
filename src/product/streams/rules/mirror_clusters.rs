//! A mirror of a Kafka cluster onto itself.
//!
//! ## What it does
//! Looks for a server of the backup cluster (`hwdr.streams.kafka.backup`) that is also one of production: in
//! `externalizedKafka.bootstrapServers`, or in the new cluster of a restore (`hwdr.streams.restore.kafka`).
//!
//! ## Why is this bad
//! The mirror keeps the names of topics. From a cluster to itself it reads what it writes, without end; and if production uses
//! the backup cluster, there is no backup.
//!
//! ## Example
//! ```yaml
//! embeddedKafka:
//!   enabled: false
//! externalizedKafka:
//!   bootstrapServers: prod-1.example.com:9096,prod-2.example.com:9096
//! hwdr:
//!   streams:
//!     kafka:
//!       backup:
//!         bootstrapServers: prod-2.example.com:9096
//!         secret: streams-kafka-backup
//! ```
//!
//! ## Use instead
//! ```yaml
//! embeddedKafka:
//!   enabled: false
//! externalizedKafka:
//!   bootstrapServers: prod-1.example.com:9096,prod-2.example.com:9096
//! hwdr:
//!   streams:
//!     kafka:
//!       backup:
//!         bootstrapServers: backup-1.example.com:9096
//!         secret: streams-kafka-backup
//! ```
//!
//! ## Fix
//! None.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level};
use crate::product::streams::chart;
use crate::product::streams::keys::{BACKUP_KAFKA, RESTORE_KAFKA};
use crate::values::Value;

/// See the head of this file.
pub struct MirrorClusters;

impl Rule for MirrorClusters {
    fn name(&self) -> &'static str {
        "mirror-clusters"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("mirror_clusters.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let Some((backup, place)) = chart::servers(values, BACKUP_KAFKA) else { return };
        let others = [
            ("the Kafka that Streams uses", chart::bootstrap(values)),
            ("the new production cluster", chart::servers(values, RESTORE_KAFKA)),
        ];
        for (what, other) in others {
            let Some((servers, value)) = other else { continue };
            let Some((host, port)) = backup.shared(&servers) else { continue };
            findings.push(
                Finding::error(self.name(), &place.place, format!("{host}:{port} is a server of {what}"))
                    .related(&value.place, what)
                    .help("name the servers of another cluster as the backup"),
            );
        }
    }
}
