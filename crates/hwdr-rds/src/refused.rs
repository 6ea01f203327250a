//! Why a restore is refused before anything is changed.

use hwdr_values::refusal::Refusal;
use hwdr_values::shown::{plain, word};
use jiff::Timestamp;
use thiserror::Error;

/// Why a restore is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refused {
    /// The snapshot is not there yet, or never will be.
    #[error("snapshot {} is not available: {}", plain(.id), plain(.state))]
    NotAvailable {
        /// The snapshot.
        id: String,
        /// Its status and progress.
        state: String,
    },
    /// Another engine.
    #[error("{} is of engine {}, not mariadb", plain(.what), plain(.engine))]
    NotMariaDb {
        /// A snapshot, backups or an instance.
        what: String,
        /// Its engine.
        engine: String,
    },
    /// Parameter and option groups belong to a major version, and the source has another one than the backup.
    #[error(
        "the backup is of MariaDB {backup}, the source is of {source_version} now: its {} cannot be used",
        .names.join(" and ")
    )]
    OtherVersion {
        /// The backup's version.
        backup: String,
        /// The source's.
        source_version: String,
        /// What must be given.
        names: Vec<&'static str>,
    },
    /// Less storage than the backup has.
    #[error("storage of {asked} GiB is less than the backup's {least} GiB")]
    TooSmall {
        /// What was asked for.
        asked: u32,
        /// What is needed.
        least: u32,
    },
    /// The target is the source.
    #[error("the target is the source, {}: a restore makes a new instance", plain(.target))]
    IsSource {
        /// The name.
        target: String,
    },
    /// The target's name is taken.
    #[error("instance {} exists already ({}), and this run has not made it", plain(.target), plain(.status))]
    Taken {
        /// The name.
        target: String,
        /// That instance's status.
        status: String,
    },
    /// No backup of this time.
    #[error("{time} is outside the window that {} can be restored to: {earliest} to {latest}", plain(.instance))]
    Outside {
        /// The time.
        time: Timestamp,
        /// The instance.
        instance: String,
        /// The oldest time.
        earliest: Timestamp,
        /// The newest time.
        latest: Timestamp,
    },
    /// The source is gone, so its settings are not known.
    #[error("the source is gone, and with it its settings: {} must be given", .names.join(", "))]
    Missing {
        /// What must be given.
        names: Vec<&'static str>,
    },
    /// The new instance would not be encrypted, while the source is.
    #[error("the source is encrypted, but {} is not: neither would the new instance be", plain(.backup))]
    Unencrypted {
        /// The snapshot, or the instance whose backups they are.
        backup: String,
    },
    /// No room for the run's own tag.
    #[error("the source has {count} tags, and with the run's own tag there would be more than 50, which RDS allows")]
    TooManyTags {
        /// How many.
        count: usize,
    },
    /// A setting that RDS does not accept.
    #[error("{what} {given}: it must be {expected}")]
    NotASetting {
        /// The setting.
        what: &'static str,
        /// What was given.
        given: String,
        /// What is accepted.
        expected: &'static str,
    },
}

impl Refused {
    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            Self::NotAvailable { id, .. } => format!(
                "wait for it, or choose another one:\naws rds wait db-snapshot-available --db-snapshot-identifier {}",
                word(id)
            ),
            Self::NotMariaDb { .. } => "choose a snapshot of a MariaDB instance".to_owned(),
            Self::OtherVersion { names, .. } => {
                format!("give {} of the backup's major version", names.join(" and "))
            }
            Self::TooSmall { least, .. } => format!("give {least} GiB or more, or no size at all"),
            Self::IsSource { .. } => "give another name for the new instance".to_owned(),
            Self::Taken { target, .. } => format!(
                "give another name, or look at that instance:\naws rds describe-db-instances --db-instance-identifier {}",
                word(target)
            ),
            Self::Outside { earliest, latest, .. } => {
                format!("give a time from {earliest} to {latest}, or choose a snapshot")
            }
            Self::Missing { .. } => {
                "give them; nothing is guessed, since RDS's defaults are not what the source had".to_owned()
            }
            Self::Unencrypted { backup } => format!(
                "choose an encrypted backup, or copy the snapshot with the source's key first:\n\
                 aws rds copy-db-snapshot --source-db-snapshot-identifier {} --target-db-snapshot-identifier NAME --kms-key-id KEY",
                word(backup)
            ),
            Self::TooManyTags { .. } => "remove a tag from the source".to_owned(),
            Self::NotASetting { .. } => "correct it".to_owned(),
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        Self::new(refused.to_string()).help(refused.help())
    }
}
