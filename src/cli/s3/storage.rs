//! Which bucket, and how long backups are kept: from flags, or else from the values.

use anyhow::Result;
use clap::Args;

use crate::cli::bucket::{BucketArgs, Target};
use crate::cli::messages::Failure;
use crate::cli::{ValueArgs, inputs};
use crate::product;
use crate::shown::word;

/// The bucket, or the values that name it.
#[derive(Debug, Clone, Args)]
pub(super) struct StorageArgs {
    #[command(flatten)]
    values: ValueArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

impl StorageArgs {
    /// The bucket, and the time to live in seconds, if the values have one.
    ///
    /// # Errors
    /// If the values cannot be read, or nothing names a bucket.
    pub(super) fn resolve(&self) -> Result<(Target, Option<i64>)> {
        let values = inputs::values_or_empty(&self.values)?;
        let product = product::of(&values);
        let storage = product.storage(&values).map_err(Failure::usage)?;
        Ok((self.bucket.resolve(product, &storage)?, storage.ttl))
    }

    /// The flags, for commands in messages.
    pub(super) fn flags(&self, target: &Target) -> String {
        let files: String = self.values.files.iter().map(|file| format!(" -f {}", word(file))).collect();
        format!("{}{files}", target.flags())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bucket::Server;

    fn resolved(set: &[&str], bucket: Option<&str>) -> Option<(String, Option<String>, Option<i64>)> {
        let values = ValueArgs { set: set.iter().map(|&text| text.to_owned()).collect(), ..ValueArgs::default() };
        let server =
            Server { endpoint: None, region: None, path_style: false, ca_bundle: None, requests_per_second: None };
        let arguments = StorageArgs { values, bucket: BucketArgs { bucket: bucket.map(str::to_owned), server } };
        let (target, ttl) = arguments.resolve().ok()?;
        Some((target.bucket, target.server.endpoint, ttl))
    }

    #[test]
    fn what_the_values_say() {
        let base = "global._hopsworks";
        let bucket = format!("{base}.managedObjectStorage.s3.bucket.name=b");
        let endpoint = format!("{base}.managedObjectStorage.s3.endpoint=https://s3.example.com");
        let ttl = format!("{base}.backups.ttl=36h");
        let all = [bucket.as_str(), &endpoint, &ttl];
        let server = || Some("https://s3.example.com".to_owned());
        assert_eq!(resolved(&all, None), Some(("b".to_owned(), server(), Some(129_600))));
        assert_eq!(
            resolved(&all, Some("c")),
            Some(("c".to_owned(), None, Some(129_600))),
            "another bucket is elsewhere"
        );
        assert_eq!(resolved(&[], Some("c")), Some(("c".to_owned(), None, None)));
        assert_eq!(resolved(&[], None), None);
        assert_eq!(resolved(&[&bucket, &format!("{base}.backups.ttl=2w")], None), None, "no guess of what 2w means");
    }
}
