//! How far a verification is.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts that grow while it goes on.
#[derive(Debug, Default)]
pub struct Meter {
    read: AtomicU64,
    data: AtomicU64,
    expected: AtomicU64,
    files: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Files that were read, or whose ends were.
    pub files: u64,
    /// Bytes that were read in all.
    pub read: u64,
    /// How many of the chosen data.
    pub data: u64,
    /// How many bytes of data are chosen.
    pub expected: u64,
}

impl Meter {
    /// Data is going to be read.
    pub(super) fn expect(&self, bytes: impl Iterator<Item = u64>) {
        self.expected.store(bytes.fold(0, u64::saturating_add), Ordering::Relaxed);
    }

    /// Bytes were read.
    pub(super) fn read(&self, bytes: u64, is_data: bool) {
        self.read.fetch_add(bytes, Ordering::Relaxed);
        if is_data {
            self.data.fetch_add(bytes, Ordering::Relaxed);
        }
    }

    /// A file is done.
    pub(super) fn done(&self) {
        self.files.fetch_add(1, Ordering::Relaxed);
    }

    /// How far it is.
    pub fn progress(&self) -> Progress {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Progress {
            files: get(&self.files),
            read: get(&self.read),
            data: get(&self.data),
            expected: get(&self.expected),
        }
    }
}
