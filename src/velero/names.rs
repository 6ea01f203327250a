//! The names of Velero's objects.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::{Deserialize, Serialize};

use crate::shown::patch_command;

/// When a backup was made, from a name that a schedule gave: `…-20260213153627`, in UTC (`Schedule.TimestampedName`, velero/pkg/apis/velero/v1);
/// or from `…-20260213T153627Z`, as in Hopsworks' docs, in letters of either case.
pub fn time_of(backup: &str) -> Option<Timestamp> {
    let digits = backup.rsplit_once('-')?.1.replace(['T', 't', 'Z', 'z'], "");
    let time = DateTime::strptime("%Y%m%d%H%M%S", &digits).ok().filter(|_| digits.len() == 14)?;
    Offset::UTC.to_timestamp(time).ok()
}

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
    /// The same names, with Velero in another namespace.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_a_time() {
        for (name, expected) in [
            ("k8s-backups-main-20260213153627", Some("2026-02-13T15:36:27Z")),
            ("k8s-backups-main-20260213T153627Z", Some("2026-02-13T15:36:27Z")),
            ("k8s-backups-main-20260213t153627z", Some("2026-02-13T15:36:27Z")),
            ("k8s-backups-main-20261313153627", None),
            ("k8s-backups-main-2026021315", None),
            ("x", None),
            ("x-", None),
        ] {
            assert_eq!(time_of(name).map(|time| time.to_string()).as_deref(), expected, "{name}");
        }
    }
}
