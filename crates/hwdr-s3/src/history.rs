//! One key's history: its versions and delete markers, newest first, in the server's order.

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
    /// The version id; `null` if the bucket had no versioning when it was written.
    pub version: String,
    /// When it was put, in seconds since 1970. S3 is no more precise.
    pub modified: i64,
    /// Bytes; 0 for a marker.
    pub size: u64,
    /// The entity tag without quotes; empty for a marker.
    pub etag: String,
    /// The storage class; empty for a marker, or if the server names none.
    pub class: String,
    /// The server says that it is the current one (`IsLatest`).
    pub latest: bool,
}

/// The id of what was put while the bucket had no versioning. Only one version has it: the next put as `null` replaces it.
pub const NULL: &str = "null";

/// What a server keeps of a version with the id `null` when a delete marker or another version is put on top.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nulls {
    /// All of it, as S3 promises.
    Kept,
    /// Not that of a folder, a key that ends in `/`: the server uses the same id for what is put there, and deletes it permanently.
    /// (SeaweedFS 4.48, tried; MinIO's `putOpts` and `delOpts` in its object-api-options.go, read.)
    KeptButFolders,
    /// None: some keys of the bucket have no versions.
    Lost,
}

impl Entry {
    /// Whether it is a data version.
    pub fn is_data(&self) -> bool {
        self.kind == Kind::Data
    }

    /// Whether it is in an archive: it can become current, but must be restored before it is read or copied.
    /// (`GLACIER_IR` is not one: it reads at once. S3 User Guide, "Understanding and managing Amazon S3 storage classes".)
    pub(crate) fn is_archived(&self) -> bool {
        matches!(self.class.as_str(), "GLACIER" | "DEEP_ARCHIVE")
    }
}

/// All that the server knows about one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// The key.
    pub key: String,
    /// Newest first.
    pub entries: Vec<Entry>,
}

/// The most entries kept of one key: a key overwritten each second for a day has fewer.
const MOST: usize = 100_000;

impl History {
    /// Adds the key's entries from the next page.
    ///
    /// # Errors
    /// If there are too many.
    pub fn go_on(&mut self, more: Self) -> Result<(), String> {
        self.entries.extend(more.entries);
        if self.entries.len() > MOST { Err(format!("more than {MOST} versions of one key")) } else { Ok(()) }
    }

    /// Whether all of its data survives a delete marker or another version on top.
    pub(crate) fn outlives(&self, nulls: Nulls) -> bool {
        let has_null = self.entries.iter().any(|entry| entry.is_data() && entry.version == NULL);
        match nulls {
            Nulls::Kept => true,
            Nulls::KeptButFolders => !(has_null && self.key.ends_with('/')),
            Nulls::Lost => !has_null,
        }
    }

    /// Whether the entries are in the order in which they came, as far as the listing shows. SeaweedFS lists versions put while versioning
    /// was suspended last, even a current one (seen with 4.48): such a listing does not show the order.
    pub(crate) fn is_in_order(&self) -> bool {
        let mut pairs = self.entries.iter().zip(self.entries.iter().skip(1));
        !pairs.any(|(above, entry)| entry.latest || entry.version == NULL && entry.modified > above.modified)
    }

    /// What a client sees: the newest entry, if it is data.
    pub fn visible(&self) -> Option<&Entry> {
        self.entries.first().filter(|entry| entry.is_data())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history(key: &str, entries: &[(&str, Kind, bool)]) -> History {
        let entry = |&(version, kind, latest): &(&str, Kind, bool)| Entry {
            kind,
            version: version.to_owned(),
            modified: 5,
            size: 0,
            etag: String::new(),
            class: String::new(),
            latest,
        };
        History { key: key.to_owned(), entries: entries.iter().map(entry).collect() }
    }

    #[test]
    fn what_would_be_gone_is_known_beforehand() {
        let (data, marker) = (Kind::Data, Kind::Marker);
        let null = [("null", data, true)];
        let overwritten = [("v1", data, true), ("null", data, false)];
        for (key, entries, kept, but_folders, lost) in [
            ("k", &null[..], true, true, false),
            ("k/", &null, true, false, false),
            ("k", &overwritten, true, true, false),
            // A copy there would also have the id `null`, and replace it.
            ("k/", &overwritten, true, false, false),
            ("k/", &[("v1", data, true)], true, true, true),
            ("k/", &[("null", marker, true)], true, true, true),
        ] {
            let history = history(key, entries);
            let got = [Nulls::Kept, Nulls::KeptButFolders, Nulls::Lost].map(|nulls| history.outlives(nulls));
            assert_eq!(got, [kept, but_folders, lost], "{key} {entries:?}");
        }
    }

    #[test]
    fn a_key_without_end_is_refused() {
        let mut one = history("k", &[]);
        let page = history("k", &[("v", Kind::Data, false); 1000]);
        let pages = (0..MOST).find(|_| one.go_on(page.clone()).is_err());
        assert_eq!(pages, Some(MOST / 1000));
    }

    #[test]
    fn a_listing_out_of_order_is_seen() {
        let data = Kind::Data;
        assert!(history("k", &[("v2", data, true), ("v1", data, false)]).is_in_order());
        assert!(history("k", &[("v2", data, false), ("v1", data, false)]).is_in_order(), "a server that does not say");
        assert!(!history("k", &[("v1", data, false), ("null", data, true)]).is_in_order());
        for (modified, good) in [(5, true), (6, false)] {
            let mut history = history("k", &[("v2", data, true), ("v1", data, false), ("null", data, false)]);
            history.entries[2].modified = modified;
            assert_eq!(history.is_in_order(), good, "one of a time without versioning is not the oldest: {modified}");
        }
        let mut parts = history("k", &[("v2", data, true), ("v1", data, false)]);
        parts.entries[1].modified = 6;
        assert!(parts.is_in_order(), "an upload in parts has the time of its begin");
    }
}
