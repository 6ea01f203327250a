//! Reads backups from the bucket itself, with nothing but credentials: no kubeconfig is looked for.

use anyhow::{Result, ensure};
use clap::Args;
use futures_util::future::join_all;

use super::look::{Asks, LookArgs, Looked};
use crate::backups::{Fault, Inventory, Severity};
use crate::cli::bucket::{BucketArgs, Target, still_at_it};
use crate::cli::messages::Failure;
use crate::cli::s3::unread;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::product::shelf::{Opening, Shelf};
use crate::product::{self, Product};
use crate::rights;
use crate::s3::client::Error;
use crate::values::Value;
use crate::velero::Velero;

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

/// What `list` and `show` read: the cluster, the bucket, or both.
#[derive(Debug, Args)]
pub(super) struct ReadArgs {
    #[command(flatten)]
    pub stored: StoredArgs,
    /// Read the bucket, too: what is missing in it, how large backups are, and when its rules delete them
    #[arg(long, conflicts_with = "from_bucket", help_heading = "Bucket")]
    with_bucket: bool,
}

/// The backups that were read.
pub(super) struct Found {
    /// The product that was looked for.
    pub product: &'static dyn Product,
    /// Its backups.
    pub inventory: Inventory,
    /// What could not be read.
    pub unread: Vec<Fault>,
    /// The namespace, if the cluster was read.
    pub namespace: Option<String>,
    /// The release, if known.
    pub release: Option<String>,
    /// The bucket, if it was read alone.
    pub bucket: Option<String>,
}

impl ReadArgs {
    /// Reads what is asked for. `finish` adds to what the cluster knows.
    ///
    /// # Errors
    /// If it is not clear which cluster, release or bucket is meant, or the one that is read alone cannot be reached.
    pub(super) async fn read(&self, look: &LookArgs, finish: impl AsyncFnOnce(Looked) -> Looked) -> Result<Found> {
        if !self.with_bucket
            && let Some(InBucket { product, bucket, inventory, unread }) = self.stored.look(look).await?
        {
            return Ok(Found { product, inventory, unread, namespace: None, release: None, bucket: Some(bucket) });
        }
        let mut looked = finish(look.look(rights::Command::Backups, Asks::Verified).await?).await;
        let mut rewinds = Vec::new();
        if self.with_bucket {
            let (product, values) = (looked.product, look.values_or_empty()?);
            let whereabouts = Whereabouts::in_cluster(&self.stored.bucket, &looked.cluster, product, &values).await;
            let (target, opening) = whereabouts.open(product, &values, look.namespace())?;
            match in_bucket(product, &target, opening).await {
                Ok(InBucket { inventory, unread, .. }) => {
                    for series in &mut looked.series {
                        let name = series.name();
                        if let Some(stored) = inventory.series.iter().find(|stored| stored.name() == name) {
                            series.add_stored(stored);
                        }
                    }
                    looked.unread.extend(unread);
                    rewinds = inventory.rewinds;
                }
                Err(error) => looked.unread.push(unread(Severity::Unknown, &error)),
            }
        }
        let inventory = Inventory { rewinds, ..looked.inventory() };
        let Looked { product, release, unread, cluster, .. } = looked;
        Ok(Found { product, inventory, unread, namespace: Some(cluster.namespace), release, bucket: None })
    }
}

impl StoredArgs {
    /// Reads the bucket, if that is asked for.
    ///
    /// # Errors
    /// If no bucket is named, or it cannot be reached.
    pub(super) async fn look(&self, look: &LookArgs) -> Result<Option<InBucket>> {
        if !self.from_bucket {
            ensure!(
                !self.bucket.is_given(),
                Failure::unusable("a bucket is named, but the cluster would be read")
                    .help("to read the bucket, add --from-bucket")
            );
            return Ok(None);
        }
        let values = look.values_or_empty()?;
        let product = product::of(&values);
        let (target, opening) = Whereabouts::given(&self.bucket).open(product, &values, look.namespace())?;
        Ok(Some(in_bucket(product, &target, opening).await?))
    }
}

/// What a bucket has.
async fn in_bucket(product: &'static dyn Product, target: &Target, opening: Opening<'_>) -> Result<InBucket, Error> {
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
        let installed = Err(Fault::new(Severity::Unknown, "the bucket does not show when the cluster was installed"));
        let inventory = Inventory { rewinds, ..Inventory::new(shelf.now, installed, series) };
        Ok(InBucket { product, bucket: target.bucket.clone(), inventory, unread })
    };
    let reading = format!("reading bucket {}: it may take a while", target.bucket);
    tokio::select! {
        found = work => found,
        never = still_at_it(&reading) => match never {},
    }
}

/// Which bucket has the backups, and the folder of Velero's in it.
pub(super) struct Whereabouts {
    bucket: BucketArgs,
    /// None if the values say which.
    folder: Option<String>,
}

impl Whereabouts {
    /// As the flags say, or else the values.
    pub(super) fn given(bucket: &BucketArgs) -> Self {
        Self { bucket: bucket.clone(), folder: None }
    }

    /// The same; if neither names a bucket, because the product has none of its own, the one of Velero's storage location.
    pub(super) async fn in_cluster(
        bucket: &BucketArgs,
        cluster: &Cluster,
        product: &dyn Product,
        values: &Value,
    ) -> Self {
        let given = Self::given(bucket);
        let Ok(velero) = product.velero(values) else { return given };
        if !given.is_missing(product) {
            return given;
        }
        let locations = cluster.list(Kind::STORAGE_LOCATION, Some(&velero.namespace), "").await.unwrap_or_default();
        let location = locations.iter().find(|location| text(location, "/metadata/name") == velero.location);
        let at = |pointer: &str| {
            let text = location.map_or("", |location| text(location, pointer));
            Some(text.to_owned()).filter(|text| !text.is_empty())
        };
        let mut bucket = given.bucket;
        bucket.bucket = at("/spec/objectStorage/bucket");
        bucket.server.endpoint = bucket.server.endpoint.or_else(|| at("/spec/config/s3Url"));
        bucket.server.region = bucket.server.region.or_else(|| at("/spec/config/region"));
        bucket.server.path_style |= at("/spec/config/s3ForcePathStyle").is_some_and(|style| style == "true");
        Self { bucket, folder: at("/spec/objectStorage/prefix").map(|folder| folder.trim_matches('/').to_owned()) }
    }

    /// Whether neither flags nor values can name the bucket.
    pub(super) fn is_missing(&self, product: &dyn Product) -> bool {
        product.keys().bucket.is_none() && self.bucket.bucket.is_none()
    }

    /// The bucket, and what has to be known to read backups in it.
    ///
    /// # Errors
    /// If no bucket is named, or the values cannot be used.
    pub(super) fn open<'v>(
        &self,
        product: &dyn Product,
        values: &'v Value,
        namespace: Option<&str>,
    ) -> Result<(Target, Opening<'v>)> {
        let storage = product.storage(values).map_err(Failure::usage)?;
        let velero = product.velero(values).map_err(Failure::usage)?;
        let target = self.bucket.of_backups(product, &storage, &velero)?;
        let opening = Opening {
            settings: target.settings(),
            is_given: self.bucket.bucket.is_some(),
            values,
            velero: Velero { prefix: self.folder.clone().unwrap_or_else(|| velero.prefix.clone()), ..velero },
            namespace: namespace.map(str::to_owned),
            has_release: false,
            ttl: storage.ttl,
        };
        Ok((target, opening))
    }
}
