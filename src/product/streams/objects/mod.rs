//! The namespace of the release, which Velero backs up as a whole: what holds data is outside of it.

mod backups;
pub(super) mod doctor;
mod schedule;
mod stored;
mod verify;

use crate::backups::{Seen, Series};
use crate::product::service::{Doing, Service};
use crate::product::shelf::{Shelf, Stored};
use crate::verify::Verify;

/// All that is in the namespace.
pub struct Objects;

impl Service for Objects {
    fn name(&self) -> &'static str {
        "objects"
    }

    fn title(&self) -> &'static str {
        "Kubernetes objects"
    }

    fn backups(&self, seen: &Seen) -> Vec<Series> {
        vec![backups::series(seen)]
    }

    fn stored<'r>(&'r self, shelf: &'r Shelf<'r>) -> Doing<'r, Stored> {
        Box::pin(async move { Stored { series: vec![stored::read(shelf).await], ..Stored::default() } })
    }

    fn verifier(&self) -> Option<Box<dyn Verify>> {
        Some(Box::new(verify::Check::default()))
    }
}
