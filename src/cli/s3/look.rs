//! A look at the bucket that values name, from this machine, for commands that are about more than the bucket.

use std::time::Duration;

use tokio::time::timeout;

use super::lifecycle::now;
use crate::backups::{Fault, Reading, Severity};
use crate::doctor::Bucket;
use crate::product::hopsworks::hopsfs::bucket::{FOLDERS, from_here, of_values};
use crate::product::{Product, Storage};
use crate::s3::check::{check, keeps};
use crate::s3::client::{Client, Error, Problem};
use crate::s3::finding::Finding;
use crate::s3::lifecycle::judge::Needs;
use crate::shown::said;

/// How long the bucket may take: it is asked again and again, and credentials are looked for in several places.
const LIMIT: Duration = Duration::from_secs(30);

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Depth {
    /// Whether it keeps old versions for long enough. Only reads.
    Keeps,
    /// Whether a restore may do all that it has to, too.
    All,
}

/// What was found in the bucket of the values; none if the product has none.
///
/// # Errors
/// If no values name it, or it cannot be asked.
pub(in crate::cli) async fn bucket(product: &dyn Product, storage: &Storage, depth: Depth) -> Reading<Option<Bucket>> {
    if product.keys().bucket.is_none() {
        return Ok(None);
    }
    let unknown = |what: String| Fault::new(Severity::Unknown, what);
    let Some(name) = &storage.bucket else {
        return Err(unknown("which bucket the backups are in is not known: no values name one".to_owned())
            .fix("give the values: -f values.yaml"));
    };
    match timeout(LIMIT, findings(name, storage, depth)).await {
        Ok(Ok(findings)) => Ok(Some(Bucket { name: name.clone(), findings })),
        Ok(Err(error)) => {
            let severity = match error.problem {
                Problem::NoBucket | Problem::Region(_) => Severity::Critical,
                // A server inside the cluster cannot be reached from here.
                _ => Severity::Unknown,
            };
            Err(unread(severity, &error))
        }
        Err(_) => Err(unknown(format!("from this machine: bucket {name}: no answer within {} s", LIMIT.as_secs()))
            .fix("see whether this machine has credentials for it, and reaches the server:\nhelm hwdr s3 check -f values.yaml")),
    }
}

/// The problem that the bucket could not be asked from here.
pub(in crate::cli) fn unread(severity: Severity, error: &Error) -> Fault {
    Fault::new(severity, format!("from this machine: {}", said(&error.to_string()))).fix(error.help())
}

async fn findings(bucket: &str, storage: &Storage, depth: Depth) -> Result<Vec<Finding>, Error> {
    let settings = of_values(bucket, storage.endpoint.as_deref(), storage.region.as_deref());
    let client = Client::connect(from_here(settings)).await?;
    let apply = "helm hwdr s3 lifecycle -f values.yaml --apply";
    let needs = Needs { bucket, folders: FOLDERS, ttl: storage.ttl, now: now(), apply };
    match depth {
        Depth::Keeps => keeps(&client, &needs).await,
        Depth::All => check(&client, &needs).await,
    }
}
