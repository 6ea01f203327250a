//! What is restored, into what, with which settings. Pure: what there is is handed in.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::wanted::wanted;
use crate::{ENGINE, Instance, InstanceId, RUN_TAG, Refused, RunId, Settings, Snapshot, SnapshotId, Window};

/// RDS allows so many tags on an instance.
const TAGS: usize = 50;

/// What a restore is asked to be.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// The run that asks.
    pub run: &'a RunId,
    /// The new instance's name.
    pub target: &'a InstanceId,
    /// The instance that has this name now, if there is one.
    pub there: Option<&'a Instance>,
    /// The instance whose settings are taken over; `None` if it is gone.
    pub source: Option<&'a Instance>,
    /// What is restored.
    pub backup: Backup<'a>,
    /// Settings that win over the source's.
    pub given: &'a Settings,
}

/// What is restored.
#[derive(Debug, Clone, Copy)]
pub enum Backup<'a> {
    /// A snapshot.
    Snapshot(&'a Snapshot),
    /// A point in time within the window.
    Time(&'a Window, When),
}

/// Which point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The newest one that there is.
    Latest,
    /// This one.
    At(Timestamp),
}

/// What is restored, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// A snapshot.
    Snapshot(SnapshotId),
    /// A point in time; without one the newest.
    Time {
        /// Whose backups.
        of: Source,
        /// The time.
        at: Option<Timestamp>,
    },
}

/// Whose backups are restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// Of an instance.
    Instance(InstanceId),
    /// Of an instance that is gone, by RDS's own id of it.
    Retained(String),
}

/// A restore that was decided on: all that [`crate::Rds::restore`] needs, now or in a later process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The run.
    pub run: RunId,
    /// The new instance.
    pub target: InstanceId,
    /// What is restored.
    pub origin: Origin,
    /// The new instance's settings.
    pub wanted: Settings,
    /// The new instance's tags, the run's own among them.
    pub tags: BTreeMap<String, String>,
    /// What will differ from the source, or is not restored, for people.
    pub notes: Vec<String>,
}

/// The backup's facts, whatever kind it is of.
pub(crate) struct Facts<'a> {
    pub(crate) what: String,
    pub(crate) id: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) engine: &'a str,
    pub(crate) version: &'a str,
    pub(crate) storage_gib: u32,
    pub(crate) encrypted: bool,
    pub(crate) key: Option<&'a str>,
    pub(crate) option_group: Option<&'a str>,
}

impl Plan {
    /// Decides. The source's settings are taken over, except for those that were given.
    ///
    /// # Errors
    /// If anything that is known now would make the restore fail, or be other than the source in what matters.
    pub fn of(ask: &Ask<'_>) -> Result<Self, Refused> {
        let backup = ask.backup.facts();
        let target = ask.target.as_str();
        // The name of a lost instance may be used again, which keeps its address.
        let lives = matches!(ask.backup, Backup::Time(window, _) if !window.retained);
        let mut sources =
            ask.source.map(|source| source.id.as_str()).into_iter().chain(lives.then_some(backup.instance));
        if sources.any(|id| id.eq_ignore_ascii_case(target)) {
            return Err(Refused::IsSource { target: target.to_owned() });
        }
        if let Some(there) = ask.there.filter(|there| !there.is_of(ask.run)) {
            return Err(Refused::Taken { target: target.to_owned(), status: there.status.clone() });
        }
        mariadb(&backup.what, backup.engine)?;
        if let Some(source) = ask.source {
            mariadb(&format!("instance {}", source.id), &source.engine)?;
        }
        let origin = ask.backup.origin()?;
        if ask.source.is_some_and(|source| source.encrypted) && !backup.encrypted {
            return Err(Refused::Unencrypted { backup: backup.id.to_owned() });
        }
        let wanted = wanted(ask, &backup)?;
        let tags = tags(ask)?;
        Ok(Self { run: ask.run.clone(), target: ask.target.clone(), origin, wanted, tags, notes: notes(ask, &backup) })
    }
}

impl<'a> Backup<'a> {
    fn facts(self) -> Facts<'a> {
        match self {
            Self::Snapshot(from) => Facts {
                what: format!("snapshot {}", from.id),
                id: &from.id,
                instance: &from.instance,
                engine: &from.engine,
                version: &from.version,
                storage_gib: from.storage_gib,
                encrypted: from.encrypted,
                key: from.key.as_deref(),
                option_group: from.option_group.as_deref(),
            },
            Self::Time(from, _) => Facts {
                what: format!("the automatic backup of {}", from.instance),
                id: &from.instance,
                instance: &from.instance,
                engine: &from.engine,
                version: &from.version,
                storage_gib: from.storage_gib,
                encrypted: from.encrypted,
                key: from.key.as_deref(),
                option_group: from.option_group.as_deref(),
            },
        }
    }

    fn origin(self) -> Result<Origin, Refused> {
        match self {
            Self::Snapshot(from) => {
                if !from.is_available() {
                    return Err(Refused::NotAvailable { id: from.id.clone(), state: from.stands() });
                }
                Ok(Origin::Snapshot(from.id.parse().map_err(|_| not_a_name("snapshot", &from.id))?))
            }
            Self::Time(window, when) => {
                let at = match when {
                    When::Latest => None,
                    When::At(time) if (window.earliest..=window.latest).contains(&time) => Some(time),
                    When::At(time) => {
                        let (earliest, latest) = (window.earliest, window.latest);
                        return Err(Refused::Outside { time, instance: window.instance.clone(), earliest, latest });
                    }
                };
                let of = if window.retained {
                    Source::Retained(window.resource_id.clone())
                } else {
                    let id = window.instance.parse().map_err(|_| not_a_name("instance", &window.instance))?;
                    Source::Instance(id)
                };
                Ok(Origin::Time { of, at })
            }
        }
    }
}

fn not_a_name(what: &'static str, given: &str) -> Refused {
    Refused::NotASetting { what, given: given.to_owned(), expected: "an identifier of RDS" }
}

fn mariadb(what: &str, engine: &str) -> Result<(), Refused> {
    match engine {
        ENGINE => Ok(()),
        _ => Err(Refused::NotMariaDb { what: what.to_owned(), engine: engine.to_owned() }),
    }
}

/// The source's tags without AWS's own, which nobody may set, and without those of the run that has made the source.
fn tags(ask: &Ask<'_>) -> Result<BTreeMap<String, String>, Refused> {
    let own = ask.source.map(|source| source.tags.clone()).unwrap_or_default();
    let mut tags: BTreeMap<_, _> =
        own.into_iter().filter(|(key, _)| !key.to_ascii_lowercase().starts_with("aws:")).collect();
    tags.insert(RUN_TAG.to_owned(), ask.run.to_string());
    match tags.len() {
        0..=TAGS => Ok(tags),
        count => Err(Refused::TooManyTags { count: count.saturating_sub(1) }),
    }
}

fn notes(ask: &Ask<'_>, backup: &Facts<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let Some(source) = ask.source else {
        return notes;
    };
    if !source.id.eq_ignore_ascii_case(backup.instance) {
        notes.push(format!("{} is of instance {}, the settings are of {}", backup.what, backup.instance, source.id));
    }
    if source.version != backup.version {
        notes.push(format!("the backup is of version {}, the source of {} now", backup.version, source.version));
    }
    if backup.encrypted && source.encrypted && source.key.as_deref() != backup.key {
        notes.push(
            "the backup is encrypted with another key than the source: the new instance keeps the backup's".to_owned(),
        );
    }
    if source.managed_password {
        notes.push(
            "Secrets Manager keeps the source's master password; the new instance has the one that it had when the backup was made"
                .to_owned(),
        );
    }
    if !source.replicas.is_empty() {
        notes.push(format!("read replicas are not restored: {}", source.replicas.join(", ")));
    }
    if let Some(of) = &source.replica_of {
        notes.push(format!("the source is a read replica of {of}; the new instance is none"));
    }
    notes
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
