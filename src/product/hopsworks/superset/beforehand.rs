//! What this machine sees of Superset's backup before an installation: there is no cluster yet in which a Job could look.

use std::time::Duration;

use futures_util::stream::StreamExt as _;
use serde_json::Value as Json;
use tokio::time::timeout;

use super::asked::Asked;
use super::facts::Superset;
use super::{MANIFEST, key};
use crate::backup_files::Checker as _;
use crate::backup_files::superset::{LONGEST_MANIFEST, Manifest};
use crate::backup_files::velero::{Archive, Item, objects};
use crate::mode::Mode;
use crate::product::hopsworks::hopsfs::bucket::{from_here, of_values};
use crate::product::hopsworks::request::Restore;
use crate::product::hopsworks::superset::id::SupersetId;
use crate::s3::client::{Client, Retries, Settings};
use crate::s3::preflight::Stopped;
use crate::shown::{kept, said, tell};
use crate::topology::Topology;
use crate::velero::verify::is_secret;

/// How long all of it may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How a call is retried while somebody waits.
const RETRIES: Retries =
    Retries { attempts: 3, first_pause: Duration::from_millis(200), limit: Duration::from_secs(15) };

/// Checks that the Velero backup brings the key that Superset's backup was made with. What cannot be read from this machine is told, and is
/// no reason to refuse: pods have other ways to the bucket.
///
/// # Errors
/// If it brings another key.
pub(in crate::product::hopsworks) async fn look(restore: &Restore, topology: &Topology) -> Result<(), Stopped> {
    let (Some(asked), Mode::Install) = (&restore.superset, restore.mode) else { return Ok(()) };
    let id = &asked.id;
    let read = timeout(LIMIT, read(restore, asked)).await;
    let seen = match read.unwrap_or_else(|_| Err(format!("no answer within {} s", LIMIT.as_secs()))) {
        Ok(seen) => seen,
        Err(why) => {
            tell(&format!(
                "Superset's backup {id} was not looked at from this machine: {why}. See elsewhere whether its key and its Superset fit: helm hwdr \
                 backups verify {id} --from-bucket -f values.yaml"
            ));
            return Ok(());
        }
    };
    let chart = Superset::of(topology).map(|superset| superset.image).unwrap_or_default();
    if let Some(made) = seen.manifest.images.iter().find(|made| is_newer(made, &chart)) {
        tell(&format!(
            "Superset's backup {id} was made by {}, which is newer than the chart's {}: a newer schema cannot be loaded. Use the chart's \
             version that made it",
            kept(made),
            kept(&chart)
        ));
    }
    let are_other = |secret: &Json| key::is_of(&seen.manifest.fingerprints, secret) == Some(false);
    // Of several namespaces, one is that of the backup.
    if seen.secrets.is_empty() || !seen.secrets.iter().all(are_other) {
        return Ok(());
    }
    Err(Stopped::refused(
        format!(
            "Superset's backup {id} was made with another key than Secret {} in Velero's backup {}: nobody could decrypt its connections",
            asked.key,
            restore.velero_main.as_deref().unwrap_or_default()
        ),
        "choose backups of the same time: helm hwdr backups list --from-bucket -f values.yaml",
    ))
}

/// What is in the bucket.
struct Seen {
    manifest: Manifest,
    /// The Secrets with the key's name in Velero's backup, if the values name one.
    secrets: Vec<Json>,
}

async fn read(restore: &Restore, asked: &Asked) -> Result<Seen, String> {
    let bucket = restore.hopsfs_bucket.as_ref().ok_or("the values name no bucket")?;
    let storage = &restore.cluster_s3;
    let settings = of_values(bucket, storage.endpoint.as_deref(), storage.region.as_deref());
    let settings = Settings { retries: RETRIES, ..settings };
    let why = |error: crate::s3::client::Error| said(&error.to_string());
    let client = Client::connect(from_here(settings)).await.map_err(why)?;
    let file = format!("{}/{}/{MANIFEST}", asked.folder, asked.id);
    let bytes = client.read(&file, 0..LONGEST_MANIFEST as u64).await.map_err(why)?;
    let bytes = bytes.ok_or_else(|| format!("{file} is not in bucket {bucket}"))?;
    let manifest = Manifest::read(&bytes, |text| SupersetId::parse(text).is_ok())
        .map_err(|flaw| format!("{file}: {}", flaw.what))?;
    let Some(main) = &restore.velero_main else { return Ok(Seen { manifest, secrets: Vec::new() }) };
    let prefix = &restore.velero.prefix;
    let folder = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    let file = format!("{}{}", objects::folder(&folder, main), objects::archive(main));
    let object = client.object(&file).await.map_err(why)?.ok_or_else(|| format!("{file} is not in bucket {bucket}"))?;
    let name = asked.key.clone();
    let mut archive = Archive::new(move |item: &Item| is_secret(item) && item.name == name);
    let mut body = std::pin::pin!(client.body(&object, 0..object.size));
    while let Some(piece) = body.next().await {
        archive.feed(&piece.map_err(why)?).map_err(|flaw| format!("{file}: {}", flaw.what))?;
    }
    let found = archive.finish().map_err(|flaw| format!("{file}: {}", flaw.what))?;
    let secrets = found.kept.iter().filter_map(|bytes| serde_json::from_slice(bytes).ok()).collect();
    Ok(Seen { manifest, secrets })
}

/// Whether the tag of an image is a later version than that of another; not if one is no version.
fn is_newer(one: &str, other: &str) -> bool {
    match (version(one), version(other)) {
        (Some(one), Some(other)) => one > other,
        _ => false,
    }
}

/// The numbers at the beginning of an image's tag, if there are at least two.
fn version(image: &str) -> Option<Vec<u64>> {
    let name = image.split('@').next()?;
    let tag = name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'))?;
    let numbers: String = tag.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let numbers: Vec<u64> = numbers.trim_end_matches('.').split('.').map_while(|number| number.parse().ok()).collect();
    (numbers.len() > 1).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_numbers() {
        for (one, other, expected) in [
            ("r:5000/superset:6.1.0", "superset:6.0.0p4.4", true),
            ("superset:6.10.0", "superset:6.9.9", true),
            ("superset:6.0.0p4.4", "superset:6.0.0", false),
            ("superset:6.0.0@sha256:ab", "superset:6.0.1", false),
            ("superset:latest", "superset:6.0.0", false),
            ("superset@sha256:7.7", "superset:6.0.0", false),
            ("localhost:7.1/superset", "superset:6.0.0", false),
            ("superset:7", "superset:6.0.0", false),
            ("superset:7.0", "", false),
        ] {
            assert_eq!(is_newer(one, other), expected, "{one} {other}");
        }
    }
}
