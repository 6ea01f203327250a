//! The two kinds of restore.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How Helm applies the chart, and so which kind of restore is meant.
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

    /// The mode for Helm's word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }

    /// Helm's word for it.
    pub const fn word(self) -> &'static str {
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
