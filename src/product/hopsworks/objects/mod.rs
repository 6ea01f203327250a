//! Kubernetes objects, by Velero.

mod backups;
mod plan;
mod stored;
mod verify;

use crate::backups::{Seen, Series};
use crate::product::hopsworks::plan::{Input, Part};
use crate::product::service::{Doing, Files, Service};
use crate::product::shelf::{Shelf, Stored};
use crate::refusal::Refusal;
use crate::steps::Planned;
use crate::verify::Verify;

/// Kubernetes objects.
pub struct Objects;

impl Service for Objects {
    fn name(&self) -> &'static str {
        "objects"
    }

    fn title(&self) -> &'static str {
        "Kubernetes objects"
    }

    fn backups(&self, seen: &Seen) -> Vec<Series> {
        backups::series(seen, self.name())
    }

    fn stored<'r>(&'r self, shelf: &'r Shelf<'r>) -> Doing<'r, Stored> {
        Box::pin(async move { Stored { series: stored::read(shelf, self.name()).await, ..Stored::default() } })
    }

    fn verifier(&self) -> Option<Box<dyn Verify>> {
        Some(Box::new(verify::Check::default()))
    }

    fn templates(&self) -> Files {
        &[("velero-restore.yaml", include_str!("templates/velero-restore.yaml"))]
    }
}

impl Part for Objects {
    fn plan(&self, input: &Input, _: &[Planned]) -> Result<Vec<Planned>, Refusal> {
        plan::plan(input)
    }
}
