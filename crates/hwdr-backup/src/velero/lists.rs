//! The lists beside an archive.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::archive::Item;
use crate::flaw::Flaw;
use crate::gunzip;

/// How much a list may unpack to.
const LONGEST: u64 = 256 << 20;
/// How many objects a list may name.
const MOST: usize = 500_000;

/// `<name>-resource-list.json.gz`: all objects of the archive, as Velero has counted them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceList(pub Vec<Item>);

impl ResourceList {
    /// Reads it.
    ///
    /// # Errors
    /// It is not whole, or not such a list.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        let content = gunzip::whole(bytes, LONGEST)?;
        let list: BTreeMap<String, Vec<String>> = serde_json::from_slice(&content).map_err(|error| not(&error))?;
        let mut items = Vec::new();
        for (resource, names) in list {
            // `apps/v1/Deployment`, `v1/Secret`.
            let (version, kind) = resource.rsplit_once('/').unwrap_or(("", &resource));
            let group = version.rsplit_once('/').map_or("", |(group, _)| group);
            for entry in names {
                let (namespace, name) = entry.split_once('/').unwrap_or(("", &entry));
                items.push(Item {
                    kind: kind.to_owned(),
                    group: group.to_owned(),
                    namespace: namespace.to_owned(),
                    name: name.to_owned(),
                });
                if items.len() > MOST {
                    return Err(Flaw::unknown(format!("has more than {MOST} objects, which is more than hwdr reads")));
                }
            }
        }
        Ok(Self(items))
    }
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    spec: Option<Spec>,
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    labels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Spec {
    #[serde(default)]
    backup_name: Option<String>,
}

/// A list of volumes or operations, of which each entry names its backup; how many entries it has.
///
/// # Errors
/// It is not whole, not a list, or of another backup.
pub fn entries(bytes: &[u8], backup: &str) -> Result<usize, Flaw> {
    let content = gunzip::whole(bytes, LONGEST)?;
    let list: Option<Vec<Entry>> = serde_json::from_slice(&content).map_err(|error| not(&error))?;
    let list = list.unwrap_or_default();
    for entry in &list {
        let labels = entry.metadata.as_ref().and_then(|metadata| metadata.labels.get("velero.io/backup-name"));
        let named = entry.spec.as_ref().and_then(|spec| spec.backup_name.as_ref()).or(labels);
        if let Some(named) = named.filter(|named| *named != backup) {
            return Err(Flaw::damaged(format!("is of backup {named}")).expected(backup));
        }
    }
    Ok(list.len())
}

/// A file that is JSON, whatever it says.
///
/// # Errors
/// It is not whole, or not JSON.
pub fn json(bytes: &[u8]) -> Result<(), Flaw> {
    let content = gunzip::whole(bytes, LONGEST)?;
    serde_json::from_slice::<IgnoredAny>(&content).map(|_| ()).map_err(|error| not(&error))
}

/// A file that is text.
///
/// # Errors
/// It is not whole.
pub fn text(bytes: &[u8]) -> Result<(), Flaw> {
    gunzip::check(bytes, u64::MAX >> 1)
}

fn not(error: &serde_json::Error) -> Flaw {
    Flaw::damaged(format!("is not as Velero writes it (line {}, column {})", error.line(), error.column()))
}
