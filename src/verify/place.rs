//! A bucket, as the readers of backups see it.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ask::{Ask, flaw_of, unread};
use crate::backup_files::{Checker, Flaw, Place};
use crate::product::shelf::{Bucket, not_all};

/// A bucket, and who asks.
#[derive(Debug, Clone, Copy)]
pub struct InBucket<'a> {
    /// Who asks.
    pub ask: &'a Ask<'a>,
    /// The bucket.
    pub bucket: &'a Bucket,
    /// Whether what is read whole is data that was chosen.
    pub is_data: bool,
}

impl Place for InBucket<'_> {
    async fn folder(&self, folder: &str) -> Result<BTreeMap<String, u64>, Flaw> {
        let level = self.bucket.level(folder).await.map_err(|fault| unread(&fault))?;
        if let Some(why) = not_all(&level) {
            return Err(Flaw::unknown(why));
        }
        let name = |key: &str| key.strip_prefix(folder).unwrap_or(key).to_owned();
        Ok(level.objects.iter().map(|object| (name(&object.key), object.size)).collect())
    }

    async fn bytes(&self, key: &str, range: Range<u64>) -> Result<Option<Vec<u8>>, Flaw> {
        let bytes = self.bucket.client.read(key, range).await.map_err(|error| flaw_of(&error))?;
        self.ask.meter.read(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64), false);
        self.ask.meter.done();
        Ok(bytes)
    }

    async fn feed<C: Checker + Send + 'static>(&self, key: &str, length: u64, checker: C) -> Result<C, Flaw> {
        let object = self.ask.object(self.bucket, key).await?;
        if object.size != length {
            return Err(Flaw::unknown("has changed since it was listed"));
        }
        self.ask.begin(self.bucket, &object, length, checker, self.is_data).await
    }
}
