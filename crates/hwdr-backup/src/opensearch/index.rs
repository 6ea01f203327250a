//! `indices/<index>/meta-<id>.dat`: the settings of an index.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::smile;
use crate::flaw::Flaw;

/// What is needed of an index' settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexMetadata {
    /// How people call it.
    pub name: String,
    /// How many shards it has.
    pub shards: u32,
}

#[derive(Deserialize)]
struct Content {
    settings: Settings,
}

#[derive(Deserialize)]
struct Settings {
    #[serde(rename = "index.number_of_shards")]
    shards: String,
}

/// OpenSearch allows 1,024 unless told otherwise (`index.max_number_of_shards`).
const MOST_SHARDS: u32 = 100_000;

impl IndexMetadata {
    /// Reads it.
    ///
    /// # Errors
    /// It is not as OpenSearch wrote it.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        let content: BTreeMap<String, Content> = smile::read(bytes, "index-metadata")?;
        let mut content = content.into_iter();
        let (Some((name, content)), None) = (content.next(), content.next()) else {
            return Err(Flaw::unknown("is not of one index"));
        };
        let shards = content.settings.shards.parse().ok().filter(|shards| (1..=MOST_SHARDS).contains(shards));
        let shards = shards.ok_or_else(|| Flaw::unknown("its number of shards is none"))?;
        Ok(Self { name, shards })
    }

    /// Checks that it is the index of this name.
    ///
    /// # Errors
    /// It is another.
    pub fn is_of(&self, name: &str) -> Result<(), Flaw> {
        if self.name == name {
            return Ok(());
        }
        Err(Flaw::damaged(format!("is of index {}", self.name)).expected(name))
    }
}
