//! What every verification of a Velero backup begins with: its files in the bucket, whatever a product needs to be in them.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::backup_files::velero::{Checked, Item, check, objects};
use crate::product::shelf::{Bucket, Place};
use crate::verify::{Ask, Finding, InBucket, unread};

/// The folder of Velero's backups in a bucket.
#[derive(Debug)]
pub struct Look<'l> {
    ask: &'l Ask<'l>,
    bucket: Cow<'l, Bucket>,
    /// The folder, with a slash at its end; empty at the top of the bucket.
    pub prefix: String,
}

impl<'l> Look<'l> {
    /// Connects to the bucket.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn open(ask: &'l Ask<'l>) -> Result<Self, Finding> {
        let folder = ask.shelf.velero.prefix.trim_matches('/');
        let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let place = Place { folder: folder.to_owned(), ..Place::default() };
        let bucket = ask.shelf.bucket(&place).await.map_err(|fault| unread(&fault).in_file(&prefix))?;
        Ok(Self { ask, bucket, prefix })
    }

    /// Reads all files of the backup of this name, and keeps the objects that `keep` wants.
    pub async fn check(&self, name: &str, keep: impl Fn(&Item) -> bool + Send + 'static) -> Checked {
        let in_bucket = InBucket { ask: self.ask, bucket: &self.bucket, is_data: false };
        check(&in_bucket, &self.prefix, name, keep, seconds).await
    }

    /// Its files that were written after the part of this series had ended: some have no checksum. Or that its folder cannot be listed.
    pub async fn written_later(&self, series: &str, name: &str) -> Vec<Finding> {
        let folder = objects::folder(&self.prefix, name);
        match self.bucket.level(&folder).await {
            Ok(level) => self.ask.written_later(series, level.objects.iter()),
            Err(fault) => vec![unread(&fault).in_file(&folder)],
        }
    }

    /// The file with the objects of a backup.
    pub fn archive(&self, name: &str) -> String {
        format!("{}{}", objects::folder(&self.prefix, name), objects::archive(name))
    }
}

/// Whether it is a Secret.
pub fn is_secret(item: &Item) -> bool {
    item.kind == "Secret" && item.group.is_empty()
}

/// A time of Kubernetes, in seconds since 1970.
fn seconds(time: &str) -> Option<u64> {
    u64::try_from(time.parse::<Timestamp>().ok()?.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_in_seconds() {
        assert_eq!(seconds("2025-11-24T12:00:53Z"), Some(1_763_985_653));
        assert_eq!(seconds("never"), None);
    }
}
