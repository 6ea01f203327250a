//! Reads backups from the bucket itself, with nothing but credentials: no kubeconfig is looked for.

use anyhow::{Result, ensure};
use clap::Args;
use futures_util::future::join_all;

use crate::backups::{Fault, Inventory, Severity};
use crate::cli::ValueArgs;
use crate::cli::bucket::{BucketArgs, Target, still_at_it};
use crate::cli::inputs;
use crate::cli::messages::Failure;
use crate::product::shelf::{Opening, Shelf};
use crate::product::{self, Product};
use crate::values::Value;

/// Which bucket is read, if not the cluster.
#[derive(Debug, Args)]
pub(super) struct StoredArgs {
    /// Read the bucket, not the cluster: for when the cluster is gone
    #[arg(long, help_heading = "Bucket")]
    pub from_bucket: bool,
    #[command(flatten)]
    pub bucket: BucketArgs,
}

/// What was read.
pub(super) struct InBucket {
    /// The product that was looked for.
    pub product: &'static dyn Product,
    /// The bucket.
    pub bucket: String,
    /// Its backups.
    pub inventory: Inventory,
    /// What could not be read.
    pub unread: Vec<Fault>,
}

impl StoredArgs {
    /// Reads the bucket, if that is asked for.
    ///
    /// # Errors
    /// If no bucket is named, or it cannot be reached.
    pub(super) async fn look(&self, values: &ValueArgs) -> Result<Option<InBucket>> {
        if !self.from_bucket {
            ensure!(
                !self.bucket.is_given(),
                Failure::unusable("a bucket is named, but the cluster would be read")
                    .help("to read the bucket, add --from-bucket")
            );
            return Ok(None);
        }
        let values = inputs::values_or_empty(values)?;
        let product = product::of(&values);
        let (target, opening) = opening(&self.bucket, product, &values)?;
        let work = async {
            let shelf = Shelf::open(opening).await?;
            let found = join_all(product.services().iter().map(|service| service.stored(&shelf))).await;
            let mut unread = shelf.unread();
            let (mut series, mut rewinds) = (Vec::new(), Vec::new());
            for stored in found {
                unread.extend(stored.unread);
                rewinds.extend(stored.rewinds);
                series.extend(stored.series);
            }
            unread.extend(series.iter().filter_map(|series| series.unread.clone()));
            unread.retain(Fault::is_unknown);
            // First the services whose ids name a set.
            series.sort_by_key(|series| series.join);
            let installed =
                Err(Fault::new(Severity::Unknown, "the bucket does not show when the cluster was installed"));
            let inventory = Inventory { rewinds, ..Inventory::new(shelf.now, installed, series) };
            Ok(InBucket { product, bucket: target.bucket.clone(), inventory, unread })
        };
        let reading = format!("reading bucket {}: it may take a while", target.bucket);
        tokio::select! {
            found = work => found.map(Some),
            never = still_at_it(&reading) => match never {},
        }
    }
}

/// The bucket, and what has to be known to read backups in it.
///
/// # Errors
/// If no bucket is named, or the values cannot be used.
pub(super) fn opening<'v>(
    bucket: &BucketArgs,
    product: &dyn Product,
    values: &'v Value,
) -> Result<(Target, Opening<'v>)> {
    let storage = product.storage(values).map_err(Failure::usage)?;
    let target = bucket.resolve(product, &storage)?;
    let opening = Opening {
        settings: target.settings(),
        is_given: bucket.bucket.is_some(),
        values,
        velero: product.velero(values).map_err(Failure::usage)?,
        ttl: storage.ttl,
    };
    Ok((target, opening))
}
