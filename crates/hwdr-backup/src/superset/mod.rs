//! Superset's backups: `<folder>/<id>/superset.sql.gz`, a dump of its database, and `manifest.json` beside it, which says what the dump is
//! (docs.hopsworks.ai, "Disaster Recovery", Superset).

mod dump;
mod manifest;

pub use dump::{Dumped, SupersetDump};
pub use manifest::{LONGEST as LONGEST_MANIFEST, Manifest};

#[cfg(test)]
mod tests;
