//! Velero's backups in a bucket, as Velero 1.17 and 1.18 write them (velero, `pkg/persistence/object_store_layout.go`, `pkg/backup`).
//!
//! ```text
//! backups/<name>/velero-backup.json     the Backup
//!                <name>.tar.gz          the objects: resources/<resource>[/<version>]/{cluster,namespaces/<namespace>}/<name>.json
//!                <name>-*.json.gz       lists: of the objects, of volumes, of what plugins did
//!                <name>-results.gz      errors and warnings
//!                <name>-logs.gz
//! ```

pub mod agree;
pub mod archive;
pub mod backup;
pub mod check;
pub mod lists;
pub mod objects;
mod unpack;

pub use archive::{Archive, Facts, Item};
pub use backup::{AT_WORK, Backup};
pub use check::{Checked, check};
pub use lists::ResourceList;

#[cfg(test)]
mod tests;
