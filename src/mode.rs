//! Which of the two restores is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How Helm brings the chart up, and with it which restore is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// `helm install`: into a new cluster.
    Install,
    /// `helm upgrade`: in place, onto the running cluster.
    Upgrade,
}

impl Mode {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Install, Self::Upgrade];

    /// The one that Helm's word means.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }

    /// Helm's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Mode::Install => "install",
            Mode::Upgrade => "upgrade",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
