//! OpenSearch's snapshot repositories, as OpenSearch 1.3 to 3.8 writes them (opensearch-project/OpenSearch, `repositories/blobstore`).
//!
//! ```text
//! index.latest                              the newest generation
//! index-<generation>                        all snapshots and indices (JSON)
//! snap-<snapshot>.dat                       one snapshot: its state, indices, failures
//! meta-<snapshot>.dat                       the cluster's settings then
//! indices/<index>/meta-<id>.dat             the index: its settings and mappings
//! indices/<index>/<shard>/index-<id>        the files of all snapshots of this shard
//! indices/<index>/<shard>/snap-<snapshot>.dat   the files of one of them
//! indices/<index>/<shard>/__<id>[.part<n>]  the content of a file, which several snapshots may share
//! ```
//!
//! `*.dat` and the shards' `index-*` are SMILE (binary JSON), which may be compressed, in Lucene's frame with a checksum. Lucene's own files have
//! such a frame, too, and their checksum is recorded beside their name.

pub mod check;
pub mod index;
pub mod lucene;
pub mod paths;
pub mod repository;
pub mod shard;
mod smile;
pub mod snapshot;

pub use check::{Checked, Stored, check, readable};
pub use index::IndexMetadata;
pub use lucene::{Checksum, LuceneFile};
pub use paths::{Id, PathType};
pub use repository::Repository;
pub use shard::{FileInfo, Generation, ShardSnapshot};
pub use snapshot::Snapshot;

#[cfg(test)]
mod tests;
