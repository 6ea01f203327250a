//! Restores Kubernetes objects, before Helm creates its own: the storage location, the backups that Velero finds in it, and its Restores,
//! main first. Each function is idempotent: after an interruption, call it again to resume.

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key")]

mod backup;
mod backup_names;
mod choose;
mod credentials;
mod installed;
pub mod keep;
mod location;
mod names;
pub mod policy;
mod restore;
mod results;
mod scope;
mod server;
mod storage;
pub mod stored;
mod sync;
pub mod verify;

pub use backup::{ObjectBackup, backups, without_foreign};
pub use backup_names::BackupNames;
pub use choose::{Chosen, Nearness, Set, Wanted, apart, choose, nearness, rank};
pub use credentials::Credentials;
pub use installed::{HOLDS, INSTALL, INSTALL_BY_HELM, PLUGIN, image, is_server, minor};
pub use location::{Access, Difference, Location};
pub use names::{Velero, time_of};
pub use restore::{Holes, Restored, can_hold, restore_objects};
pub use results::{fetch as fetch_results, shortened};
pub use scope::Scope;
pub use storage::{
    StorageLocation, can_be_used, ensure_storage_location, help_with, is_read_only, no_location, open_storage_location,
};
pub use sync::{find_set, wait_synced};

/// The label of what hwdr created: it may also change its own unfinished objects.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "hwdr");

/// Whether hwdr created it.
fn is_ours(object: &serde_json::Value) -> bool {
    object["metadata"]["labels"][MANAGED_BY.0] == MANAGED_BY.1
}
