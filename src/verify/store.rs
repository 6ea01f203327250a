//! Where results are remembered: a Secret `hwdr-verified-<release>` of a type of hwdr's own. Not a ConfigMap: the chart's own backup accounts may
//! write those (docs/security.md).

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use super::Verdict;
use super::memory::{LARGEST, Memory, Verified};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::refusal::Refusal;
use crate::run::state::labels;

/// The type of the Secret.
const TYPE: &str = "hwdr.hopsworks.ai/verified";
/// The key of the results.
const RESULTS: &str = "results.json";
/// How often a result is written if somebody else writes one at the same time.
const ATTEMPTS: u32 = 4;

/// The name of the Secret.
fn name_of(release: &str) -> String {
    format!("hwdr-verified-{release}")
}

/// What is remembered of the backups of a release.
///
/// # Errors
/// If it cannot be read.
pub async fn read(cluster: &Cluster, release: &str) -> Result<Memory, ClusterError> {
    let secret = cluster.get(Kind::SECRET, None, &name_of(release)).await?;
    Ok(secret.filter(is_ours).map(|secret| memory_of(&secret)).unwrap_or_default())
}

/// Remembers a result. With `known`, those of other backups are forgotten. Returns the verdict of an older result that tells more and stays.
///
/// # Errors
/// If it cannot be written.
pub async fn remember(
    cluster: &Cluster,
    release: &str,
    new: &Verified,
    known: Option<&BTreeSet<String>>,
) -> Result<Option<Verdict>, Refusal> {
    let name = name_of(release);
    for _ in 0..ATTEMPTS {
        let secret = cluster.get(Kind::SECRET, None, &name).await.map_err(|error| Refusal::from(&error))?;
        if secret.as_ref().is_some_and(|secret| !is_ours(secret)) {
            return Err(Refusal::new(format!("Secret {name} exists, but is not hwdr's"))
                .help(format!("see what it is:\nkubectl -n {} get secret {name} -o yaml", cluster.namespace)));
        }
        let mut memory = secret.as_ref().map(memory_of).unwrap_or_default();
        let kept = memory.add(new.clone(), known);
        let data = STANDARD.encode(memory.text());
        let written = match secret {
            Some(mut secret) => {
                if let Some(secret) = secret.as_object_mut() {
                    secret.insert("data".to_owned(), json!({RESULTS: data}));
                }
                cluster.replace(Kind::SECRET, None, &secret).await
            }
            None => cluster.create(Kind::SECRET, None, &object(&name, release, &data)).await,
        };
        match written {
            Err(error) if error.is_conflict() => {}
            Err(error) => return Err(Refusal::from(&error)),
            Ok(_) => return Ok(kept),
        }
    }
    Err(Refusal::new(format!("Secret {name} is written by somebody else all the time")))
}

fn object(name: &str, release: &str, data: &str) -> Json {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "metadata": {"name": name, "labels": labels(release)},
        "data": {RESULTS: data},
    })
}

fn is_ours(secret: &Json) -> bool {
    text(secret, "/type") == TYPE
}

fn memory_of(secret: &Json) -> Memory {
    let data = text(secret, "/data/results.json");
    let is_large = data.len() / 4 * 3 > LARGEST;
    let bytes = if is_large { Vec::new() } else { STANDARD.decode(data).unwrap_or_default() };
    Memory::parse(&String::from_utf8(bytes).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::memory::Depth;

    #[test]
    fn only_a_secret_of_our_type_is_read() {
        let mut memory = Memory::default();
        let time = "2025-12-01T00:00:00Z".parse().unwrap();
        memory.add(
            Verified { id: "1".to_owned(), time, verdict: Verdict::Fine, is_drill: false, depth: Depth::Ends },
            None,
        );
        let secret = object(&name_of("hops"), "hops", &STANDARD.encode(memory.text()));
        assert_eq!(memory_of(&secret), memory);
        assert!(is_ours(&secret) && secret["metadata"]["name"] == "hwdr-verified-hops");
        for other in ["Opaque", "hwdr.hopsworks.ai/run", ""] {
            assert!(!is_ours(&json!({"type": other, "data": secret["data"]})));
        }
        for data in ["%", "AA==", &"A".repeat(1 << 20)] {
            assert_eq!(memory_of(&json!({"data": {RESULTS: data}})), Memory::default());
        }
    }
}
