//! The names of Velero's objects.

use serde::{Deserialize, Serialize};

use crate::shown::patch_command;

/// How a chart names Velero's objects of this cluster: settings with the product's defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Velero {
    /// Velero's namespace.
    pub namespace: String,
    /// The Deployment of its server.
    pub deployment: String,
    /// The schedule of the cluster's own objects.
    pub main_schedule: String,
    /// The schedule of the users' resources.
    pub users_schedule: String,
    /// The storage location of both.
    pub location: String,
    /// Its folder in the bucket.
    pub prefix: String,
    /// Whether the bucket is in the URL's path, if the values say.
    pub path_style: Option<bool>,
}

impl Velero {
    /// The same in another namespace.
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// The command that gives the location write access, which the new cluster's backups need.
    pub fn open(&self) -> String {
        patch_command(&self.namespace, "backupstoragelocation", &self.location, r#""accessMode":"ReadWrite""#)
    }

    /// The schedules, main first.
    pub fn schedules(&self) -> [&str; 2] {
        [&self.main_schedule, &self.users_schedule]
    }
}
