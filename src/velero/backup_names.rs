//! The two Velero Backups that belong together.

use serde::{Deserialize, Serialize};

/// The names of the Velero Backups of a set. An empty name means that none was chosen by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "[String; 2]", into = "[String; 2]")]
pub struct BackupNames {
    /// Of the cluster's own objects.
    pub main: String,
    /// Of the users' resources.
    pub users: String,
}

impl BackupNames {
    /// Those that values name, or that were chosen.
    pub fn of(main: Option<&str>, users: Option<&str>) -> Self {
        let [main, users] = [main, users].map(|name| name.unwrap_or_default().to_owned());
        Self { main, users }
    }

    /// The main one, then the users', each if it has a name.
    pub fn named(self) -> [Option<String>; 2] {
        [self.main, self.users].map(|name| Some(name).filter(|name| !name.is_empty()))
    }
}

impl From<[String; 2]> for BackupNames {
    fn from([main, users]: [String; 2]) -> Self {
        Self { main, users }
    }
}

impl From<BackupNames> for [String; 2] {
    fn from(names: BackupNames) -> Self {
        [names.main, names.users]
    }
}
