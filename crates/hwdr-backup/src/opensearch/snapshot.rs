//! `snap-<snapshot>.dat` and `meta-<snapshot>.dat`: how a snapshot ended, and the cluster's settings then.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::paths::Id;
use super::smile;
use crate::flaw::Flaw;

/// Marks the id of a version as OpenSearch's own, and not Elasticsearch's (`Version.MASK`).
const MASK: u64 = 0x0800_0000;
/// The end of the id of a release; others are of versions before it.
const RELEASE: u64 = 99;

/// A snapshot, as OpenSearch finished it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Snapshot {
    /// How people call it: in Hopsworks, the backup id.
    pub name: String,
    /// How its files are called.
    pub uuid: Id,
    /// `SUCCESS`, `PARTIAL`, `FAILED`, …
    pub state: String,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    version_id: u64,
    /// The names of its indices.
    #[serde(deserialize_with = "smile::list")]
    pub indices: Vec<String>,
    /// How many shards these have together.
    pub total_shards: u64,
    successful_shards: u64,
    #[serde(default, deserialize_with = "smile::list")]
    failures: Vec<Failure>,
    #[serde(default)]
    remote_store_index_shallow_copy: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Failure {
    #[serde(default)]
    index: Option<String>,
    #[serde(default)]
    shard_id: Option<u32>,
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Outer {
    snapshot: Snapshot,
}

impl Snapshot {
    /// Reads `snap-<snapshot>.dat` of the repository's folder.
    ///
    /// # Errors
    /// It is not as OpenSearch wrote it.
    pub fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        smile::read::<Outer>(bytes, "snapshot").map(|outer| outer.snapshot)
    }

    /// Whether OpenSearch says that it is whole.
    pub fn is_success(&self) -> bool {
        self.state == "SUCCESS"
    }

    /// The version of OpenSearch that made it; none if it is no release.
    pub fn version(&self) -> Option<String> {
        let id = self.version_id & !MASK;
        (id % 100 == RELEASE).then(|| format!("{}.{}.{}", id / 1_000_000, id / 10_000 % 100, id / 100 % 100))
    }

    /// Why it cannot be restored whole.
    pub fn judge(&self) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        if !self.is_success() {
            let why = self.reason.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            flaws.push(Flaw::damaged(format!("the snapshot is {}{why}", self.state)).expected("SUCCESS"));
        }
        if let Some(first) = self.failures.first() {
            let index = first.index.as_deref().unwrap_or("an index");
            let shard = first.shard_id.map(|shard| format!(", shard {shard}")).unwrap_or_default();
            let why = first.reason.as_deref().unwrap_or("OpenSearch does not say why");
            flaws.push(Flaw::damaged(format!("{} shards failed. {index}{shard}: {why}", self.failures.len())));
        } else if self.successful_shards != self.total_shards {
            flaws.push(Flaw::damaged(format!(
                "only {} of {} shards are in the snapshot",
                self.successful_shards, self.total_shards
            )));
        }
        if self.is_shallow() {
            flaws.push(Flaw::unknown("its files are in OpenSearch's remote store, where hwdr does not look"));
        }
        flaws
    }

    /// Whether it only refers to the files of a remote store.
    pub fn is_shallow(&self) -> bool {
        self.remote_store_index_shallow_copy == Some(true)
    }
}

/// Reads `meta-<snapshot>.dat` of the repository's folder: only whether it can be read.
///
/// # Errors
/// It cannot.
pub fn global_metadata(bytes: &[u8]) -> Result<(), Flaw> {
    smile::read::<IgnoredAny>(bytes, "metadata").map(|_| ())
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value as Json, json};

    use super::super::lucene::tests::framed;
    use super::*;

    fn snapshot(change: Json) -> Snapshot {
        let mut snapshot = json!({
            "name": "254811200", "uuid": "u", "version_id": 137_227_827, "indices": ["a"], "data_streams": [], "state": "SUCCESS",
            "metadata": null, "start_time": 1, "end_time": 2, "total_shards": 2, "successful_shards": 2, "failures": [],
        });
        snapshot.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let content = serde_smile::to_vec(&json!({"snapshot": snapshot})).unwrap();
        Snapshot::read(&framed("snapshot", &content)).unwrap()
    }

    #[test]
    fn what_opensearch_says_of_a_snapshot_decides() {
        for (id, version) in [
            (137_227_827, Some("3.1.0")),
            (136_217_827, Some("2.0.0")),
            (135_248_527, Some("1.3.7")),
            (7_100_299, Some("7.10.2")),
            (136_217_807, None),
        ] {
            assert_eq!(snapshot(json!({"version_id": id})).version().as_deref(), version);
        }
        for (change, expected) in [
            (json!({}), vec![]),
            (
                json!({"state": "PARTIAL", "successful_shards": 1, "failures": [{"index": "a", "index_uuid": "x", "shard_id": 1,
                "reason": "node left", "status": "INTERNAL_SERVER_ERROR"}]}),
                vec!["the snapshot is PARTIAL", "1 shards failed. a, shard 1: node left"],
            ),
            (json!({"state": "FAILED", "reason": "boom"}), vec!["the snapshot is FAILED: boom"]),
            (json!({"successful_shards": 1}), vec!["only 1 of 2 shards are in the snapshot"]),
            (
                json!({"remote_store_index_shallow_copy": true}),
                vec!["its files are in OpenSearch's remote store, where hwdr does not look"],
            ),
        ] {
            let said: Vec<_> = snapshot(change).judge().into_iter().map(|flaw| flaw.what).collect();
            assert_eq!(said, expected);
        }
    }
}
