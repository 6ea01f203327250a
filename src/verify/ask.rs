//! What a service verifies a backup with.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};

use super::{Finding, Flaw, Meter};
use crate::backup_files::Checker;
use crate::backups::Fault;
use crate::product::shelf::{Bucket, Shelf};
use crate::s3::client::{Error, Problem};
use crate::s3::objects::Object;
use crate::shown::said;

/// How many files a service reads at once: of each, some pieces are in memory.
const AT_ONCE: usize = 4;
/// How many small reads it makes at once.
const ENDS_AT_ONCE: usize = 32;
/// How much of a file's beginning and end is read.
const END: u64 = 64 << 10;
/// Files that are written so much later than a backup ended are not the backup's: clocks differ, and a server may be slow.
const LATER: SignedDuration = SignedDuration::from_mins(10);

/// The backup, and where to look.
#[derive(Debug)]
pub struct Ask<'a> {
    /// The buckets.
    pub shelf: &'a Shelf<'a>,
    /// The backup id.
    pub id: &'a str,
    /// The time that the backup restores to, if known.
    pub time: Option<Timestamp>,
    /// Its parts, by the names of their series; none if only the id is known.
    pub parts: BTreeMap<String, Named>,
    /// How far it is.
    pub meter: Arc<Meter>,
}

/// A part of the backup, as the cluster or the bucket knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name: a backup id, or that of a Velero backup.
    pub name: String,
    /// When it ended, as the cluster says.
    pub ended: Option<Timestamp>,
}

impl Ask<'_> {
    /// The id by which a service knows its part: its own, or the backup's.
    pub fn id_of(&self, series: &str) -> &str {
        self.parts.get(series).map_or(self.id, |part| part.name.as_str())
    }

    /// Describes an object.
    ///
    /// # Errors
    /// If it is not there, or cannot be looked at.
    pub async fn object(&self, bucket: &Bucket, key: &str) -> Result<Object, Flaw> {
        let object = bucket.client.object(key).await.map_err(|error| flaw_of(&error))?;
        object.ok_or_else(|| Flaw::missing("is not there"))
    }

    /// Reads all of an object, whatever its size.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn check<C>(&self, bucket: &Bucket, object: &Object, checker: C, is_data: bool) -> Result<C::Facts, Flaw>
    where
        C: Checker + Send + 'static,
    {
        self.begin(bucket, object, object.size, checker, is_data).await?.finish()
    }

    /// Reads the first bytes of an object.
    ///
    /// # Errors
    /// What is wrong with it.
    pub async fn begin<C>(
        &self,
        bucket: &Bucket,
        object: &Object,
        bytes: u64,
        mut checker: C,
        is_data: bool,
    ) -> Result<C, Flaw>
    where
        C: Checker + Send + 'static,
    {
        let (client, object, meter) = (bucket.client.clone(), object.clone(), self.meter.clone());
        // In a task of its own: what is read is checked on all processors.
        let reading = tokio::spawn(async move {
            let mut body = std::pin::pin!(client.body(&object, 0..bytes.min(object.size)));
            while let Some(piece) = body.next().await {
                let piece = piece.map_err(|error| flaw_of(&error))?;
                meter.read(piece.len() as u64, is_data);
                checker.feed(&piece)?;
            }
            Ok(checker)
        });
        let read = match Aborting(reading).wait().await {
            Ok(read) => read,
            Err(error) => Err(Flaw::unknown(format!("the check has ended: {error}"))),
        };
        self.meter.done();
        read
    }

    /// The first and the last bytes of an object.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn ends(&self, bucket: &Bucket, object: &Object) -> Result<(Vec<u8>, Vec<u8>), Flaw> {
        let size = object.size;
        let get = async |from: u64, to: u64| {
            let bytes = bucket.client.read(&object.key, from..to).await.map_err(|error| flaw_of(&error))?;
            let bytes = bytes.ok_or_else(|| Flaw::missing("is gone since it was listed"))?;
            self.meter.read(bytes.len() as u64, false);
            match bytes.len() as u64 == to.saturating_sub(from) {
                true => Ok(bytes),
                false => Err(Flaw::unknown("has become shorter since it was listed")),
            }
        };
        let head = get(0, size.min(END)).await?;
        let tail = match size > END {
            true => get(size.saturating_sub(END), size).await?,
            false => head.clone(),
        };
        self.meter.done();
        Ok((head, tail))
    }

    /// Does the same with each of `items`, some at once; the results are in their order.
    pub async fn each<T, R, F: Future<Output = R>>(&self, items: Vec<T>, work: impl Fn(T) -> F) -> Vec<R> {
        stream::iter(items.into_iter().map(work)).buffered(AT_ONCE).collect().await
    }

    /// Does the same with each of `items`, for work that reads little.
    pub async fn each_little<T, R, F: Future<Output = R>>(&self, items: Vec<T>, work: impl Fn(T) -> F) -> Vec<R> {
        stream::iter(items.into_iter().map(work)).buffered(ENDS_AT_ONCE).collect().await
    }

    /// Objects that somebody has written after the backup of this series has ended, and so not the backup itself. If that is all of them, the bucket
    /// is a copy, which says nothing.
    pub fn written_later<'o>(&self, series: &str, objects: impl Iterator<Item = &'o Object> + Clone) -> Vec<Finding> {
        let ended = self.parts.get(series).and_then(|part| part.ended);
        let Some(last) = ended.and_then(|ended| ended.checked_add(LATER).ok()) else { return Vec::new() };
        if objects.clone().all(|object| object.modified > last) {
            return Vec::new();
        }
        let later = objects.filter(|object| object.modified > last);
        let finding = |object: &Object| {
            Flaw::damaged(format!("was written at {:.0}, after the backup", object.modified))
                .expected(format!("before {last:.0}, as the backup's other files: somebody has replaced it"))
                .in_file(&object.key)
        };
        later.map(finding).collect()
    }

    /// Whether it is known when the part of this series has ended.
    pub fn knows_the_end(&self, series: &str) -> bool {
        self.parts.get(series).is_some_and(|part| part.ended.is_some())
    }
}

/// Ends a task with the work that waits for it.
struct Aborting<T>(tokio::task::JoinHandle<T>);

impl<T> Aborting<T> {
    async fn wait(mut self) -> Result<T, tokio::task::JoinError> {
        (&mut self.0).await
    }
}

impl<T> Drop for Aborting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// What a call that failed says of a file.
pub fn flaw_of(error: &Error) -> Flaw {
    match &error.problem {
        Problem::NotFound(_) => Flaw::missing("is not there"),
        _ => Flaw::unknown(format!("cannot be read: {}", said(&error.to_string()))),
    }
}

/// What a fault says that kept a bucket from being read.
pub fn unread(fault: &Fault) -> Flaw {
    let fix = fault.fix.as_ref().map_or_else(String::new, |fix| format!("\n{fix}"));
    Flaw::unknown(format!("cannot be read: {}{fix}", fault.what))
}
