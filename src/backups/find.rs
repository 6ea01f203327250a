//! The set that a person means: by an id, by the name of a part, or by `latest`, `oldest` and `last-failed`.

use super::fitness::Usable;
use super::inventory::{BackupSet, Inventory};
use super::part::PartState;
use super::series::Series;
use crate::refusal::Refusal;

/// Names that commands take for an id.
pub const NAMES: [&str; 3] = ["latest", "oldest", FAILED];
/// The one that names no backup to restore from.
pub const FAILED: &str = "last-failed";
/// So many ids are named where one is not there.
const NAMED: usize = 5;

impl Inventory {
    /// The set of that name.
    ///
    /// # Errors
    /// Where there is none: with those that there are.
    pub fn find(&self, name: &str) -> Result<&BackupSet, Refusal> {
        let found = match name {
            "latest" => self.usable().next(),
            "oldest" => self.usable().next_back(),
            "last-failed" => self.sets.iter().find(|set| self.has_failed(set)),
            name => self.named(name),
        };
        found.ok_or_else(|| match name {
            "latest" | "oldest" if self.may_hide_usable() => {
                Refusal::new(format!("which backup is the {name} that can be restored is not known"))
                    .help("not all backups could be read: fix that first, or name a backup by its id")
                    .help(SEE)
            }
            "latest" | "oldest" => Refusal::new("no backup can be restored into a new cluster").help(SEE),
            "last-failed" => Refusal::new("no backup has failed, as far as the cluster knows").help(SEE),
            name => self.none_of(name),
        })
    }

    /// Whether there may be backups that could not be read.
    pub fn is_unknown(&self) -> bool {
        self.series.iter().any(Series::is_unknown)
    }

    /// Whether there may be one that can be restored, though none is known: backups could not be read, or what one has is not known.
    pub fn may_hide_usable(&self) -> bool {
        let is_open = |set: &BackupSet| self.fitness(set).new_cluster == Usable::Unknown;
        self.is_unknown() || self.sets.iter().any(is_open)
    }

    fn has_failed(&self, set: &BackupSet) -> bool {
        let failed = |state: &PartState| matches!(state, PartState::Failed(_) | PartState::Partial { .. });
        let others = set.passed_over.iter().filter_map(|(at, part)| self.series.get(*at)?.parts.get(*part));
        self.parts(set).map(|(_, part)| part).chain(others).any(|part| failed(&part.state))
    }

    /// The set with that id; else the one with a part of that name, of several the one that is nearest to it; else that part alone.
    fn named(&self, name: &str) -> Option<&BackupSet> {
        let by_id = self.sets.iter().find(|set| self.name(set) == name);
        let by_part = || {
            let with = self.sets.iter().filter_map(|set| {
                let is_it = |at: &usize| self.part(set, *at).is_some_and(|part| part.name == name);
                let at = (0..self.series.len()).find(is_it)?;
                let skew = set.parts.get(at)?.as_ref()?.skew;
                Some((skew.map(|skew| skew.abs()), set))
            });
            with.min_by_key(|(skew, _)| *skew).map(|(_, set)| set)
        };
        let alone = || self.lone.iter().find(|set| self.name(set) == name);
        by_id.or_else(by_part).or_else(alone)
    }

    /// Whether a backup belongs to no set.
    pub fn is_alone(&self, set: &BackupSet) -> bool {
        !self.sets.contains(set)
    }

    fn none_of(&self, name: &str) -> Refusal {
        let refusal = Refusal::new(format!("there is no backup {name}"));
        let ids: Vec<_> = self.sets.iter().filter_map(|set| self.id(set)).take(NAMED).collect();
        let is_unread = self.series.iter().any(|series| series.join.names_a_set() && series.unread.is_some());
        let refusal = match ids.as_slice() {
            [] => refusal,
            ids => refusal.help(format!("the newest are {}", ids.join(", "))),
        };
        match is_unread {
            true => refusal.help("not all backups could be read: fix that first").help(SEE),
            false => refusal.help(SEE),
        }
    }
}

const SEE: &str = "see them all:\nhelm hwdr backups list";
