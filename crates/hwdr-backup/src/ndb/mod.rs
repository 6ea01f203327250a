//! The files of a native backup of NDB Cluster, or RonDB.
//!
//! Each data node writes three files, or, if it backs up with several threads, three files in each of `n` folders `BACKUP-<id>-PART-<i>-OF-<n>`:
//!
//! - `BACKUP-<id>.<node>.ctl`: the tables, the global checkpoints between which the backup was taken, and how many rows each fragment has
//!   (counted in the files of the node that led the backup alone, for all nodes). [`Control`]
//! - `BACKUP-<id>-0.<node>.Data`: the rows of the fragments that this node was asked for. [`Data`]
//! - `BACKUP-<id>.<node>.log`: the changes while the backup was taken. [`Log`]
//!
//! A file is a header of 12 words and sections of words, all big-endian but for the values of columns. It may be compressed, and then has a CRC-32 at
//! its end ([`Unpacked`]); otherwise nothing in it is a checksum (those in the footers of fragments are always 0), so that a changed byte in a value
//! of a column cannot be found. Encrypted files cannot be read without their password.
//!
//! What is known comes from the source of MySQL 9.7: `storage/ndb/src/kernel/blocks/backup/{BackupFormat.hpp,Backup.cpp}` (writer),
//! `storage/ndb/tools/restore/Restore.cpp` (reader), `storage/ndb/src/common/util/{ndb_az31,ndb_ndbxfrm1,ndbxfrm_file}.cpp` (compression),
//! `DictTabInfo.hpp` and `SimpleProperties.cpp` (tables).

mod control;
mod data;
mod ends;
mod header;
mod log;
mod name;
mod packed;
#[cfg(test)]
mod tests;
mod whole;
#[cfg(test)]
mod writer;

pub use control::{Control, ControlFacts, Table};
pub use data::{Data, DataFacts, Fragment};
pub use ends::{Ends, check_ends};
pub use header::{FileKind, Header};
pub use log::{Log, LogFacts};
pub use name::{Name, Part};
pub use packed::Unpacked;
pub use whole::{Facts, Listed, Whole, judge, missing};
