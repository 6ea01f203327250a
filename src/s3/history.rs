//! One key's past: its versions and delete markers, newest first, in the order in which the server lists them.

/// What an entry of a versions listing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A data version: bytes that can be read.
    Data,
    /// A delete marker: the key looks deleted while it is on top.
    Marker,
}

/// One version or delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Data or marker.
    pub kind: Kind,
    /// The version id; `null` where the bucket had no versioning when it was written.
    pub version: String,
    /// When it was put, in seconds since 1970. S3 tells no more than the second.
    pub modified: i64,
    /// Bytes; 0 for a marker.
    pub size: u64,
    /// The entity tag without quotes; empty for a marker.
    pub etag: String,
    /// The storage class; empty for a marker, or where the server names none.
    pub class: String,
}

impl Entry {
    /// Whether it is a data version.
    pub fn is_data(&self) -> bool {
        self.kind == Kind::Data
    }

    /// Whether it lies in an archive: it can be made current, but neither read nor copied before it is restored from there.
    /// (`GLACIER_IR` is not one: it reads at once. S3 User Guide, "Understanding and managing Amazon S3 storage classes".)
    pub fn is_archived(&self) -> bool {
        matches!(self.class.as_str(), "GLACIER" | "DEEP_ARCHIVE")
    }
}

/// All that the server knows of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The key.
    pub key: String,
    /// Newest first.
    pub entries: Vec<Entry>,
}

impl History {
    /// Whether it may be one of the keys of which MinIO keeps no versions: what is hidden or overwritten is gone then.
    pub fn is_unversioned(&self) -> bool {
        self.key.ends_with('/') && self.visible().is_some_and(|entry| entry.version == "null")
    }

    /// What a client sees: the newest entry, if it is data.
    pub fn visible(&self) -> Option<&Entry> {
        self.entries.first().filter(|entry| entry.is_data())
    }
}
