//! What an instance can be restored from.

use std::collections::BTreeMap;

use hwdr_values::shown::plain;
use jiff::Timestamp;

use crate::{RUN_TAG, RunId};

/// A snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Its identifier.
    pub id: String,
    /// Who made it.
    pub kind: Kind,
    /// The instance that it was made of.
    pub instance: String,
    /// RDS's own id of that instance.
    pub resource_id: Option<String>,
    /// `available`, `creating`, …
    pub status: String,
    /// How much of it is made.
    pub percent: u8,
    /// When it was made, which is when the database had this content; not known while it begins.
    pub taken: Option<Timestamp>,
    /// The engine.
    pub engine: String,
    /// The engine's version.
    pub version: String,
    /// The size of the storage, in GiB: a new instance cannot have less.
    pub storage_gib: u32,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The key that encrypts it.
    pub key: Option<String>,
    /// The option group that its instance had.
    pub option_group: Option<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// Who made a snapshot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Kind {
    /// Somebody: kept until somebody deletes it.
    #[default]
    Manual,
    /// RDS, each day: it goes with its retention, or with the instance.
    Automatic,
    /// Another service, such as `awsbackup`.
    Other(String),
}

impl Snapshot {
    /// Whether it can be restored.
    pub fn is_available(&self) -> bool {
        self.status == "available"
    }

    /// Whether it will never be available.
    pub fn is_lost(&self) -> bool {
        self.status == "deleting" || self.status.starts_with("failed") || self.status.starts_with("incompatible")
    }

    /// Whether the run has made it.
    pub fn is_of(&self, run: &RunId) -> bool {
        self.tags.get(RUN_TAG).is_some_and(|tag| tag == run.as_str())
    }

    /// How it stands, for people: `creating, 40 %`.
    pub fn stands(&self) -> String {
        match self.is_available() {
            true => self.status.clone(),
            false => format!("{}, {} %", plain(&self.status), self.percent),
        }
    }
}

/// The times that an instance can be restored to, also after it was deleted, if its backups were kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The instance.
    pub instance: String,
    /// RDS's own id of it.
    pub resource_id: String,
    /// Whether the instance is gone and only its backups are kept.
    pub retained: bool,
    /// The oldest time.
    pub earliest: Timestamp,
    /// The newest time: usually five minutes ago.
    pub latest: Timestamp,
    /// The engine.
    pub engine: String,
    /// The engine's version.
    pub version: String,
    /// The size of the storage, in GiB.
    pub storage_gib: u32,
    /// Whether the backups are encrypted.
    pub encrypted: bool,
    /// The key that encrypts them.
    pub key: Option<String>,
    /// The option group that the instance has.
    pub option_group: Option<String>,
}
