//! The credentials of Kafka's clusters, in the Secrets that the settings name.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hwdr_kafka::mirror::{Cluster as KafkaCluster, Security};
use serde_json::Value as Json;

use super::kafka::FILES;
use super::own::Own;
use super::settings::names::Name;
use crate::cluster::{Cluster, Kind};
use crate::refusal::Refusal;
use crate::shown::word;

/// The Secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secrets {
    /// Of the backup cluster.
    pub backup: Named,
    /// Of the new cluster.
    pub new_one: Named,
    /// Of the cluster that Streams used before.
    pub old: Named,
}

/// A Secret, and the setting that names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name; none for a cluster without credentials.
    pub name: Option<String>,
    setting: &'static str,
}

/// The contents of a Secret, by key.
type Contents = BTreeMap<String, Vec<u8>>;

impl Secrets {
    /// As the settings name them.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn of(own: &Own) -> Result<Self, Refusal> {
        let (settings, restore) = own.asked()?;
        let (backup, streams_own) = settings.kafka.map(|kafka| (kafka.backup.secret, kafka.secret)).unwrap_or_default();
        let new_one = restore.kafka.and_then(|kafka| kafka.secret).or_else(|| streams_own.clone());
        let named = |name: Option<Name>, setting| Named { name: name.map(|name| name.to_string()), setting };
        Ok(Self {
            backup: named(backup, "hwdr.streams.kafka.backup.secret"),
            new_one: named(new_one, "hwdr.streams.restore.kafka.secret"),
            old: named(streams_own, "hwdr.streams.kafka.secret"),
        })
    }

    /// The key of the certificates in a Secret.
    ///
    /// # Errors
    /// If the Secret cannot be read.
    pub async fn certificates(cluster: &Cluster, name: &str) -> Result<&'static str, Refusal> {
        let secret = cluster.get(Kind::SECRET, None, name).await?.unwrap_or_default();
        let has_usual = secret.pointer("/data/ca.crt").is_some();
        Ok(if has_usual { "ca.crt" } else { "truststore.pem" })
    }
}

impl Named {
    /// What is in it, by key: for this cluster of Kafka, from the release's namespace.
    ///
    /// # Errors
    /// If it is missing, or lacks something.
    pub async fn read(
        &self,
        cluster: &Cluster,
        of: &KafkaCluster,
    ) -> Result<impl Fn(&str) -> Result<Vec<u8>, Refusal> + use<>, Refusal> {
        let setting = self.setting;
        let contents = match (&of.security, self.name.as_deref()) {
            (Security::Plaintext, _) => Contents::new(),
            (_, None) => {
                return Err(Refusal::new(format!("no Secret is named with the credentials of cluster {}", of.alias))
                    .help(format!("name one with the keys {}: {setting}", FILES.join(", "))));
            }
            (_, Some(name)) => {
                let found = cluster.get(Kind::SECRET, None, name).await?.ok_or_else(|| {
                    Refusal::new(format!("there is no Secret {name} in namespace {} ({setting})", cluster.namespace)).help(format!(
                        "create it, of files without a line break at their end (printf %s PASSWORD > password):\nkubectl -n {} create secret generic {} --from-file=username --from-file=password --from-file=ca.crt",
                        word(&cluster.namespace),
                        word(name)
                    ))
                })?;
                contents(&found, name)?
            }
        };
        Ok(move |key: &str| {
            contents.get(key).cloned().ok_or_else(|| Refusal::new(format!("the Secret of {setting} has no {key}")))
        })
    }
}

/// The keys that are needed: the certificates may be called `truststore.pem`, too.
fn contents(secret: &Json, name: &str) -> Result<Contents, Refusal> {
    let one = |key: &str| {
        let text = secret.get("data")?.get(key)?.as_str()?;
        STANDARD.decode(text).ok().filter(|bytes| !bytes.is_empty())
    };
    let mut found = Contents::new();
    for key in FILES {
        let other = if key == "ca.crt" { one("truststore.pem") } else { None };
        let bytes = one(key).or(other).ok_or_else(|| {
            Refusal::new(format!("Secret {name} has no {key}, or an empty one"))
                .help(format!("it needs {}", FILES.join(", ")))
        })?;
        found.insert(key.to_owned(), bytes);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_has_a_user_a_password_and_certificates() {
        let whole = json!({"data": {"username": "dQ==", "password": "cA==", "truststore.pem": "Yw=="}});
        assert_eq!(contents(&whole, "s").unwrap()["ca.crt"], b"c");
        for key in ["username", "password", "truststore.pem"] {
            for other in [Json::Null, json!(""), json!("?"), json!(1)] {
                let mut secret = whole.clone();
                secret["data"][key] = other.clone();
                let refusal = contents(&secret, "s").unwrap_err();
                assert!(refusal.problem.contains("Secret s has no"), "{key} {other}: {refusal:?}");
            }
        }
    }
}
