//! Backups that leave out HopsFS, because its bucket keeps no old versions.
//!
//! ## What it does
//! Looks for `backups.enabled: true` together with `hopsfs.s3.bucket.versioning: false`.
//!
//! ## Why is this bad
//! HopsFS has no backup of its own: a restore brings back the versions of blocks that its bucket has kept. Without
//! versioning, a block that is deleted is gone, and so is every file of a backup that needs it.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! hopsfs:
//!   s3:
//!     bucket:
//!       versioning: false
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! hopsfs:
//!   s3:
//!     bucket:
//!       versioning: true
//! ```
//!
//! ## Fix
//! None: the bucket itself must be changed too.

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::hopsworks::keys;
use crate::values::Value;

/// See the head of this file.
pub struct BackupsWithoutVersioning;

impl Rule for BackupsWithoutVersioning {
    fn name(&self) -> &'static str {
        "backups-without-versioning"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("backups_without_versioning.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let Some(backups) = view::set(values, keys::BACKUPS, "enabled") else { return };
        let Some(versioning) = view::entry(values, &["hopsfs", "s3", "bucket", "versioning"]) else { return };
        if view::flag(&backups.value) == Some(true) && view::flag(&versioning.value) == Some(false) {
            findings.push(
                Finding::error(
                    self.name(),
                    &versioning.value.place,
                    "without versions in its bucket, HopsFS cannot be restored",
                )
                .related(&backups.value.place, "backups are on")
                .help("turn on the versioning of the bucket, and set hopsfs.s3.bucket.versioning: true"),
            );
        }
    }
}
