//! What one service says of one backup of its own.

use jiff::{SignedDuration, Timestamp};

/// One service's part of a backup. What is not known is none, never zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupPart {
    /// The backup id, or the name of its Job or Velero backup.
    pub name: String,
    /// Whether the name is a backup id.
    pub is_id: bool,
    /// The time that it restores to.
    pub time: Option<Timestamp>,
    /// Its state.
    pub state: PartState,
    /// How large it is.
    pub bytes: Option<u64>,
    /// How many of its pieces are there, and of how many: nodes, or indices.
    pub pieces: Option<(u64, u64)>,
    /// When it began.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// When what makes it deletes it.
    pub expires: Option<Timestamp>,
    /// When the bucket's rules delete the first of its files, if the bucket was read.
    pub swept: Option<Timestamp>,
    /// The Job that makes it, if nothing but the Job shows it.
    pub job: Option<String>,
    /// Whether somebody has protected it from expiry (`hwdr backups keep`).
    pub is_kept: bool,
}

/// The state of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartState {
    /// It can be restored.
    Good,
    /// Some of it is missing.
    Partial {
        /// How much is there, and of how much: nodes, or objects.
        done: Option<(u64, u64)>,
        /// What is missing, or why.
        why: String,
    },
    /// It failed.
    Failed(String),
    /// It is being made.
    Running,
    /// It is deleted, or about to be.
    Expired(String),
    /// hwdr could not find out.
    Unknown(String),
}

impl BackupPart {
    /// One of which nothing more is known.
    pub fn new(name: impl Into<String>, time: Option<Timestamp>, state: PartState) -> Self {
        Self {
            name: name.into(),
            is_id: false,
            time,
            state,
            bytes: None,
            pieces: None,
            started: None,
            ended: None,
            expires: None,
            swept: None,
            job: None,
            is_kept: false,
        }
    }

    /// Whether it can be restored.
    pub fn is_good(&self) -> bool {
        self.state == PartState::Good
    }

    /// How many of its pieces are there, and of how many.
    pub fn done(&self) -> Option<(u64, u64)> {
        match self.state {
            PartState::Partial { done: Some(done), .. } => Some(done),
            _ => self.pieces,
        }
    }

    /// When it is deleted, or the first of its files is.
    pub fn until(&self) -> Option<Timestamp> {
        [self.expires, self.swept].into_iter().flatten().min()
    }

    /// How long it took.
    pub fn took(&self) -> Option<SignedDuration> {
        let took = self.ended?.duration_since(self.started?);
        Some(took).filter(|took| !took.is_negative())
    }
}

impl PartState {
    /// One word, stable: for programs.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Partial { .. } => "partial",
            Self::Failed(_) => "failed",
            Self::Running => "running",
            Self::Expired(_) => "expired",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Why it is not good.
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Good | Self::Running => None,
            Self::Partial { why, .. } | Self::Failed(why) | Self::Expired(why) | Self::Unknown(why) => Some(why),
        }
    }
}
