//! What Streams has outside its cluster, as services of the product.

use super::maker::TEMPLATE;
use super::steps::{self, KAFKA, MARIADB};
use crate::product::service::{Doing, Files, Service};
use crate::run::{Halt, Run};

/// MariaDB on RDS. Its backups are RDS's own: `hwdr streams database list`.
pub(super) struct MariaDb;
/// Kafka. Its backup is the mirror: `hwdr streams mirror`.
pub(super) struct Kafka;

impl Service for MariaDb {
    fn name(&self) -> &'static str {
        MARIADB
    }

    fn title(&self) -> &'static str {
        "MariaDB"
    }

    fn elsewhere(&self) -> Option<&'static str> {
        Some("helm hwdr streams database list -f values.yaml")
    }
}

impl Service for Kafka {
    fn name(&self) -> &'static str {
        KAFKA
    }

    fn title(&self) -> &'static str {
        "Kafka"
    }

    fn templates(&self) -> Files {
        &[(TEMPLATE, include_str!("templates/mirror-maker.yaml"))]
    }

    fn elsewhere(&self) -> Option<&'static str> {
        Some("helm hwdr streams mirror --for backup -f values.yaml")
    }

    fn undo<'r>(&self, run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(steps::undo_mirror(run))
    }
}
