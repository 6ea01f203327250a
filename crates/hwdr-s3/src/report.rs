//! The result of a rewind or an undo: counts, and the first of the keys that need attention.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use hwdr_values::shown::{lines, plain};

/// How many keys are named of each kind. All are counted, and reported as they come ([`Tally::tell`]).
const NAMED: usize = 100;

/// Why a key is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Its version is in an archive: current again, but readable only after it is restored from there.
    Archived,
    /// Its version is in an archive and would have to be copied: not done.
    ArchivedNotCopied,
    /// A delete marker put later covers nothing: if there was a version, it has expired.
    Expired,
    /// Somebody changed it since: left as it is.
    Changed,
    /// The server keeps no versions of it, so hiding or overwriting it would lose its data: left as it is.
    Unversioned,
    /// Its versions are listed in a contradictory order: left as it is.
    Unclear,
    /// The server refused.
    Failed,
}

impl Why {
    /// What it means, after a number of keys.
    pub fn means(self) -> &'static str {
        match self {
            Self::Archived => {
                "are current again, but lie in an archive: they cannot be read before\n\
                 aws s3api restore-object --bucket … --key … --restore-request Days=30"
            }
            Self::ArchivedNotCopied => {
                "were overwritten, and their old version is in an archive, which cannot be copied: restore that version, then rewind again\n\
                 aws s3api restore-object --bucket … --key … --version-id … --restore-request Days=30"
            }
            Self::Expired => {
                "have a delete marker that was put later over nothing: if they existed at that time, a lifecycle rule has removed them for good"
            }
            Self::Changed => "were changed by somebody after the rewind, and are left as they are",
            Self::Unversioned => {
                "are left as they are: this server keeps no versions of them (version null), so hiding or overwriting them would lose their data"
            }
            Self::Unclear => {
                "are left as they are: the server lists their versions out of order, as SeaweedFS does with those from a time when versioning was suspended"
            }
            Self::Failed => "could not be done",
        }
    }
}

/// What is done to a key, for the observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// Its delete markers are removed.
    Undelete,
    /// An older version is copied on top.
    Copy,
    /// A delete marker is put on top.
    Hide,
}

/// A key that needs attention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// The key.
    pub key: String,
    /// Why.
    pub why: Why,
    /// The version concerned, or what the server said.
    pub detail: String,
}

/// What happens to keys, while it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// An act on a key (in a dry run: one that would be done).
    Act(Act, &'a str),
    /// A key that needs attention.
    Notice(&'a Notice),
}

/// The observer: called from many tasks.
pub type Follow = Box<dyn Fn(&Event<'_>) + Send + Sync>;

/// Keys that need attention: the first of each kind, and how many there are.
#[derive(Debug, Clone, Default)]
struct Notices {
    named: Vec<Notice>,
    counts: Vec<(Why, u64)>,
}

/// Counts that grow during the work.
#[derive(Default)]
pub struct Tally {
    keys: AtomicU64,
    versions: AtomicU64,
    undeleted: AtomicU64,
    copied: AtomicU64,
    hidden: AtomicU64,
    born_later: AtomicU64,
    unreadable: AtomicU64,
    notices: Mutex<Notices>,
    follow: Option<Follow>,
}

impl std::fmt::Debug for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.report().fmt(f)
    }
}

/// A snapshot of the counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Keys processed.
    pub keys: u64,
    /// Their versions and delete markers.
    pub versions: u64,
    /// Keys whose delete markers were removed.
    pub undeleted: u64,
    /// Keys on which an older version was copied.
    pub copied: u64,
    /// Keys on which a delete marker was put.
    pub hidden: u64,
    /// Keys that did not exist then, and were left.
    pub born_later: u64,
    /// Entries whose keys the server could not write.
    pub unreadable: u64,
    /// How many keys need attention, by reason.
    pub to_look_at: Vec<(Why, u64)>,
    /// The first of them.
    pub notices: Vec<Notice>,
}

impl Report {
    /// How many keys were changed.
    pub fn acts(&self) -> u64 {
        self.undeleted + self.copied + self.hidden
    }

    /// What was done so far, on a line.
    pub fn counts(&self) -> String {
        format!("{} keys changed, of {} with {} versions", self.acts(), self.keys, self.versions)
    }

    /// The keys that need attention, one line for each reason, with the first few keys.
    pub fn notable(&self) -> Vec<String> {
        const NAMED: usize = 5;
        let line = |&(why, count): &(Why, u64)| {
            let of_kind = self.notices.iter().filter(|notice| notice.why == why).take(NAMED);
            let keys: Vec<_> = of_kind
                .map(|notice| format!("{} {}", plain(&notice.key), lines(&notice.detail)).trim_end().to_owned())
                .collect();
            format!("{count} keys {} ({})", why.means(), keys.join(", "))
        };
        let unreadable =
            format!("{} entries have keys that this server cannot write: left as they are", self.unreadable);
        self.to_look_at.iter().map(line).chain((self.unreadable > 0).then_some(unreadable)).collect()
    }

    /// How many keys need attention for this reason.
    pub fn count(&self, why: Why) -> u64 {
        self.to_look_at.iter().find(|(known, _)| *known == why).map_or(0, |(_, count)| *count)
    }
}

impl Tally {
    /// Counts that also report each event to `follow`.
    pub fn followed_by(follow: Follow) -> Self {
        Self { follow: Some(follow), ..Self::default() }
    }

    /// Keys were processed.
    pub fn looked(&self, keys: usize, versions: usize, unreadable: u64) {
        self.keys.fetch_add(keys as u64, Ordering::Relaxed);
        self.versions.fetch_add(versions as u64, Ordering::Relaxed);
        self.unreadable.fetch_add(unreadable, Ordering::Relaxed);
    }

    /// A key that did not exist then was left.
    pub fn left(&self) {
        self.born_later.fetch_add(1, Ordering::Relaxed);
    }

    /// Something was done to a key.
    pub fn acted(&self, act: Act, key: &str) {
        let count = match act {
            Act::Undelete => &self.undeleted,
            Act::Copy => &self.copied,
            Act::Hide => &self.hidden,
        };
        count.fetch_add(1, Ordering::Relaxed);
        self.tell(&Event::Act(act, key));
    }

    /// A key needs attention.
    pub fn notice(&self, key: &str, why: Why, detail: impl Into<String>) {
        let notice = Notice { key: key.to_owned(), why, detail: detail.into() };
        self.tell(&Event::Notice(&notice));
        let mut guard = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        let Notices { named, counts } = &mut *guard;
        let count = match counts.iter_mut().find(|(known, _)| *known == why) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                counts.push((why, 1));
                counts.sort();
                1
            }
        };
        if count <= NAMED as u64 {
            named.push(notice);
        }
    }

    /// Tells the observer.
    fn tell(&self, event: &Event<'_>) {
        if let Some(follow) = &self.follow {
            follow(event);
        }
    }

    /// The counts now.
    pub fn report(&self) -> Report {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let Notices { named: notices, counts: to_look_at } =
            self.notices.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Report {
            keys: read(&self.keys),
            versions: read(&self.versions),
            undeleted: read(&self.undeleted),
            copied: read(&self.copied),
            hidden: read(&self.hidden),
            born_later: read(&self.born_later),
            unreadable: read(&self.unreadable),
            to_look_at,
            notices,
        }
    }
}
