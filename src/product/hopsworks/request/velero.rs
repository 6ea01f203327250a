//! Velero's names in the values; the defaults are from the public docs.

use super::super::keys::{self, below};
use super::read::{Reader, error};
use crate::names::is_object;
use crate::refusal::Refusal;
use crate::values::{Data, Value};
use crate::velero::Velero;

/// The default names of the schedules, main first.
pub const SCHEDULES: [&str; 2] = ["k8s-backups-main", "k8s-backups-users-resources"];
/// The default folder of Velero in the bucket.
pub const PREFIX: &str = "k8s_backup";

impl Default for Velero {
    fn default() -> Self {
        Self {
            namespace: "velero".to_owned(),
            deployment: "velero".to_owned(),
            main_schedule: SCHEDULES[0].to_owned(),
            users_schedule: SCHEDULES[1].to_owned(),
            location: "hopsworks-bsl".to_owned(),
            prefix: PREFIX.to_owned(),
            path_style: None,
        }
    }
}

impl Velero {
    /// What `values` say.
    ///
    /// # Errors
    /// If a value has the wrong type, or is not a name.
    pub fn from_values(values: &Value) -> Result<Self, Refusal> {
        let reader = Reader { values };
        let usual = Self::default();
        let at = |keys: &[&'static str]| below(keys::VELERO, keys);
        // They become names of objects and parts of paths.
        let object = |keys: &[&'static str], usual: String| {
            let path = at(keys);
            match reader.string(&path)?.filter(|name| !name.is_empty()) {
                None => Ok(usual),
                Some(name) if is_object(&name) => Ok(name),
                Some(_) => Err(error(
                    reader.at(&path).unwrap_or(values),
                    &path,
                    "expected the name of an object: lower-case letters, digits, dashes and dots only",
                    &format!("the chart's default is {usual}"),
                )),
            }
        };
        let style = at(&["backup", "storageLocation", "s3ForcePathStyle"]);
        Ok(Self {
            namespace: object(&["namespace"], usual.namespace)?,
            deployment: object(&["deploymentName"], usual.deployment)?,
            main_schedule: object(&["backup", "mainScheduleName"], usual.main_schedule)?,
            users_schedule: object(&["backup", "usersScheduleName"], usual.users_schedule)?,
            location: object(&["backup", "storageLocation", "name"], usual.location)?,
            prefix: reader
                .name(&at(&["backup", "storageLocation", "storagePrefix"]))?
                .map_or(usual.prefix, |prefix| prefix.trim_matches('/').to_owned()),
            path_style: match reader.at(&style) {
                None => None,
                // Velero's own settings are texts.
                Some(Value { data: Data::String(text), .. }) => Some(text == "true"),
                Some(_) => Some(reader.boolean(&style)?),
            },
        })
    }
}
