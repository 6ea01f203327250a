//! A BackupStorageLocation: what it should be, and how an existing one differs.

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key, and what is written to is made here")]

use serde_json::{Map, Value as Json, json};

use super::Velero;
use super::{Credentials, MANAGED_BY};
use crate::cluster::condition::text;

/// The Secret that hwdr creates for given credentials, and its key (reference: the docs' names).
pub(super) const SECRET: &str = "hopsworks-bsl-credentials";
/// The key in it.
pub(super) const SECRET_KEY: &str = "cloud";

/// Where the backups are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// The folder in it, without slashes around it.
    pub prefix: String,
    /// The bucket's region.
    pub region: String,
    /// The server's URL, if it is not AWS's own.
    pub endpoint: Option<String>,
    /// Whether the bucket is in the path and not in the server's name.
    pub path_style: bool,
    /// How Velero may read it.
    pub access: Access,
}

/// How Velero gets access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// By the role of its pod or node.
    Role,
    /// By an existing Secret.
    Secret {
        /// Its name, in Velero's namespace.
        name: String,
        /// The key of the credentials file in it.
        key: String,
    },
    /// By these, which go into a Secret.
    Credentials(Credentials),
}

/// One difference between an existing location and the wanted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub field: &'static str,
    /// As it is.
    pub is: String,
    /// As it should be.
    pub wanted: String,
}

impl Location {
    /// The Secret that Velero reads.
    pub fn secret(&self) -> Option<(&str, &str)> {
        match &self.access {
            Access::Role => None,
            Access::Secret { name, key } => Some((name, key)),
            Access::Credentials(_) => Some((SECRET, SECRET_KEY)),
        }
    }

    /// Its `spec`.
    ///
    /// It is read-only. With write access Velero deletes expired backups (gc_controller.go), in a new cluster at the first sync, and the
    /// only backup left may be an expired one. A cluster created only to try a restore would also write its own backups among those of
    /// production. Reading and syncing are the same in both modes, and a Restore still puts its log and results beside the backup
    /// (restore_controller.go does not check the mode).
    pub fn spec(&self) -> Json {
        let mut config = Map::new();
        config.insert("region".to_owned(), self.region.clone().into());
        if let Some(endpoint) = &self.endpoint {
            config.insert("s3Url".to_owned(), endpoint.clone().into());
        }
        if self.path_style {
            config.insert("s3ForcePathStyle".to_owned(), "true".into());
        }
        let mut spec = json!({
            "provider": "aws",
            "accessMode": "ReadOnly",
            "config": config,
            "objectStorage": {"bucket": self.bucket, "prefix": self.prefix},
        });
        if let Some((name, key)) = self.secret() {
            spec["credential"] = json!({"name": name, "key": key});
        }
        spec
    }

    /// The whole object.
    pub fn object(&self, velero: &Velero) -> Json {
        json!({
            "apiVersion": "velero.io/v1",
            "kind": "BackupStorageLocation",
            "metadata": {"name": velero.location, "namespace": velero.namespace, "labels": {MANAGED_BY.0: MANAGED_BY.1}},
            "spec": self.spec(),
        })
    }

    /// How an existing one differs. Its access mode, and what was not asked for (a sync period, encryption, a CA), may be as they
    /// are.
    pub fn differences(&self, there: &Json) -> Vec<Difference> {
        let is = |pointer: &str| text(there, pointer).to_owned();
        let provider = is("/spec/provider");
        let style = is("/spec/config/s3ForcePathStyle");
        let pair = |name: &str, key: &str| if name.is_empty() { String::new() } else { format!("{name}/{key}") };
        let secret = self.secret().map_or_else(String::new, |(name, key)| pair(name, key));
        let fields = [
            // The plugin's full name is velero.io/aws; Velero adds the prefix if it is missing.
            ("provider", provider.strip_prefix("velero.io/").unwrap_or(&provider).to_owned(), "aws".to_owned()),
            ("bucket", is("/spec/objectStorage/bucket"), self.bucket.clone()),
            ("prefix", is("/spec/objectStorage/prefix").trim_matches('/').to_owned(), self.prefix.clone()),
            ("region", is("/spec/config/region"), self.region.clone()),
            (
                "endpoint",
                is("/spec/config/s3Url").trim_end_matches('/').to_owned(),
                self.endpoint.clone().unwrap_or_default().trim_end_matches('/').to_owned(),
            ),
            ("path style", (style == "true").to_string(), self.path_style.to_string()),
            ("secret", pair(&is("/spec/credential/name"), &is("/spec/credential/key")), secret),
        ];
        let differs =
            |(field, is, wanted): (_, String, String)| (is != wanted).then_some(Difference { field, is, wanted });
        fields.into_iter().filter_map(differs).collect()
    }
}

/// The differences for people, one a line.
pub(super) fn diff(differences: &[Difference]) -> String {
    let shown = |text: &str| if text.is_empty() { "(none)".to_owned() } else { text.to_owned() };
    let line = |difference: &Difference| {
        format!("{}: is {}, asked for {}", difference.field, shown(&difference.is), shown(&difference.wanted))
    };
    differences.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location() -> Location {
        Location {
            bucket: "b".to_owned(),
            prefix: "k8s_backup".to_owned(),
            region: "eu-north-1".to_owned(),
            endpoint: Some("https://s3.example.com".to_owned()),
            path_style: true,
            access: Access::Secret { name: "s".to_owned(), key: "cloud".to_owned() },
        }
    }

    #[test]
    fn what_was_made_is_what_was_wanted() {
        let roles = Location { access: Access::Role, endpoint: None, path_style: false, ..location() };
        for location in [location(), roles] {
            assert_eq!(location.differences(&location.object(&Velero::default())), []);
        }
    }

    #[test]
    fn only_what_was_asked_for_counts() {
        for (pointer, value, expected) in [
            ("/spec/provider", json!("velero.io/aws"), ""),
            ("/spec/accessMode", json!("ReadWrite"), ""),
            ("/spec/objectStorage/prefix", json!("/k8s_backup/"), ""),
            ("/spec/config/s3Url", json!("https://s3.example.com/"), ""),
            (
                "/spec/config",
                json!({"region": "eu-north-1", "s3Url": "https://s3.example.com", "s3ForcePathStyle": "true", "tagging": "a=b"}),
                "",
            ),
            ("/spec/provider", json!("gcp"), "provider: is gcp, asked for aws"),
            ("/spec/objectStorage/bucket", json!("c"), "bucket: is c, asked for b"),
            ("/spec/objectStorage", json!({"bucket": "b"}), "prefix: is (none), asked for k8s_backup"),
            ("/spec/config/s3ForcePathStyle", json!("false"), "path style: is false, asked for true"),
            ("/spec/credential", json!(null), "secret: is (none), asked for s/cloud"),
            ("/spec/credential/key", json!("x"), "secret: is s/x, asked for s/cloud"),
        ] {
            let mut there = location().object(&Velero::default());
            *there.pointer_mut(pointer).unwrap() = value.clone();
            assert_eq!(diff(&location().differences(&there)), expected, "{pointer} {value}");
        }
    }
}
