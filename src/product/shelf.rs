//! What a service reads its backups in a bucket with, when there is no cluster to ask.

use std::borrow::Cow;
use std::fmt::Display;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout_at};

use crate::backups::{Fault, Reading, Rewind, Series, Severity};
use crate::s3::client::{Client, Error, LONGEST_READ, Problem, Retries, Settings, Versioning};
use crate::s3::lifecycle::keep;
use crate::s3::lifecycle::policy::Policy;
use crate::s3::lifecycle::rule::Rule;
use crate::s3::objects::{Object, Objects};
use crate::shown::said;
use crate::values::Value;
use crate::velero::Velero;

/// How long all of it may take, or each call.
const LIMIT: Duration = Duration::from_secs(300);
/// How a call is retried while somebody waits.
const RETRIES: Retries =
    Retries { attempts: 4, first_pause: Duration::from_millis(200), limit: Duration::from_secs(15) };
/// How many calls a service makes at once; the client has a limit of its own.
const AT_ONCE: usize = 64;
/// How many folders, or files of one backup, are read.
pub const MOST: usize = 50_000;
/// The largest file that is read whole.
pub const LARGEST: u64 = 64 << 20;

/// The buckets with the backups, and what the values say.
#[derive(Debug)]
pub struct Shelf<'s> {
    /// When it was opened.
    pub now: Timestamp,
    /// The values; empty if there are none.
    pub values: &'s Value,
    /// What Velero's things are called.
    pub velero: Velero,
    /// The namespace of the release, if known.
    pub namespace: Option<String>,
    /// Whether a cluster has the release there; without one, helm may give a namespace that is not the release's.
    pub has_release: bool,
    /// How long backups of data are kept, if known.
    pub ttl: Option<SignedDuration>,
    /// The bucket that is meant.
    pub own: Bucket,
    settings: Settings,
    /// Whether somebody has named the bucket: then all backups are in it, whatever the values say.
    is_given: bool,
    deadline: Option<Instant>,
    unread: Mutex<Vec<Fault>>,
}

/// A bucket, and how long it keeps things.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// How it is reached.
    pub client: Client,
    /// Its lifecycle rules.
    pub rules: Reading<Vec<Rule>>,
    /// When all has to be read; without it, each call has its own time.
    deadline: Option<Instant>,
}

/// Where a service keeps its backups, as far as the values say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The bucket, if it is another one.
    pub bucket: Option<String>,
    /// The server of that bucket.
    pub endpoint: Option<String>,
    /// The region of that bucket.
    pub region: Option<String>,
    /// The folder, without a slash at its ends.
    pub folder: String,
}

/// What a service has in the bucket.
#[derive(Debug, Default)]
pub struct Stored {
    /// Its backups.
    pub series: Vec<Series>,
    /// How far back its data can be brought, if it has no backups of its own.
    pub rewinds: Vec<Rewind>,
    /// What else could not be read.
    pub unread: Vec<Fault>,
}

/// The settings and values that a shelf is opened with.
#[derive(Debug)]
pub struct Opening<'s> {
    /// The bucket.
    pub settings: Settings,
    /// Whether a flag named it.
    pub is_given: bool,
    /// The values.
    pub values: &'s Value,
    /// What Velero's things are called.
    pub velero: Velero,
    /// The namespace of the release, if known.
    pub namespace: Option<String>,
    /// Whether a cluster has the release there.
    pub has_release: bool,
    /// How long backups of data are kept, in seconds.
    pub ttl: Option<i64>,
}

impl<'s> Shelf<'s> {
    /// Connects to the bucket.
    ///
    /// # Errors
    /// If it does not exist, cannot be reached, or no credentials are found. A call that is not allowed is no error.
    pub async fn open(opening: Opening<'s>) -> Result<Self, Error> {
        let settings = Settings { retries: RETRIES, ..opening.settings };
        let deadline = Some(Instant::now() + LIMIT);
        let client = Client::connect(settings.clone()).await?;
        match client.list_level("", 1).await {
            Err(error) if !is_refusal(&error) => return Err(error),
            _ => {}
        }
        let own = Bucket::of(client, deadline).await;
        Ok(Self {
            now: Timestamp::now(),
            unread: Mutex::new(own.rules.as_ref().err().cloned().into_iter().collect()),
            values: opening.values,
            velero: opening.velero,
            namespace: opening.namespace,
            has_release: opening.has_release,
            ttl: opening.ttl.map(SignedDuration::from_secs),
            own,
            settings,
            is_given: opening.is_given,
            deadline,
        })
    }

    /// The same, for who reads whole files: it takes as long as the link needs, and each call has a limit alone.
    pub fn without_deadline(mut self) -> Self {
        self.deadline = None;
        self.own.deadline = None;
        self
    }

    /// The bucket of a place.
    ///
    /// # Errors
    /// If it cannot be connected to.
    pub async fn bucket(&self, place: &Place) -> Reading<Cow<'_, Bucket>> {
        let mut settings = self.settings.clone();
        settings.bucket = place.bucket.clone().unwrap_or(settings.bucket);
        settings.endpoint = place.endpoint.clone().or(settings.endpoint);
        settings.region = place.region.clone().or(settings.region);
        let is_own = settings.bucket == self.settings.bucket && settings.endpoint == self.settings.endpoint;
        if is_own || self.is_given {
            return Ok(Cow::Borrowed(&self.own));
        }
        let client = Client::connect(settings).await.map_err(|error| unread(&error))?;
        let bucket = Bucket::of(client, self.deadline).await;
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).extend(bucket.rules.as_ref().err().cloned());
        Ok(Cow::Owned(bucket))
    }

    /// The rules that could not be read: what they delete, and when, is not known.
    pub fn unread(&self) -> Vec<Fault> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Bucket {
    async fn of(client: Client, deadline: Option<Instant>) -> Self {
        let mut bucket = Self { client, rules: Ok(Vec::new()), deadline };
        bucket.rules = match bucket.in_time(bucket.client.lifecycle()).await {
            Ok(answer) => Policy::of(answer).map(|policy| policy.rules).map_err(|text| {
                let name = bucket.client.bucket();
                unknown(format!("the lifecycle rules of bucket {name} are not understood: {}", said(&text)))
            }),
            Err(fault) => Err(fault),
        };
        bucket
    }

    /// All objects below a folder.
    ///
    /// # Errors
    /// If they cannot be listed.
    pub async fn list(&self, folder: &str) -> Reading<Objects> {
        self.in_time(self.client.list(folder, MOST)).await
    }

    /// One level of a folder.
    ///
    /// # Errors
    /// If it cannot be listed.
    pub async fn level(&self, folder: &str) -> Reading<Objects> {
        self.in_time(self.client.list_level(folder, MOST)).await
    }

    /// The folders of backups in `folder`, each with its id, and the folders that are none, each with the reason.
    ///
    /// # Errors
    /// If it cannot be listed, or has more than [`MOST`] entries.
    pub async fn backups<I, E: Display>(
        &self,
        folder: &str,
        parse: impl Fn(&str) -> Result<I, E>,
    ) -> Reading<(Vec<(I, String)>, Vec<String>)> {
        let top = format!("{folder}/");
        let level = self.level(&top).await?;
        if level.is_cut {
            return Err(unknown(format!("{top} has more than {MOST} entries: not all of its backups could be listed")));
        }
        let (mut ids, mut odd) = (Vec::new(), Vec::new());
        for folder in level.folders {
            match parse(folder.strip_prefix(&top).unwrap_or_default().trim_end_matches('/')) {
                Ok(id) => ids.push((id, folder)),
                Err(problem) => odd.push(format!("{folder}: {problem}")),
            }
        }
        Ok((ids, odd))
    }

    /// The whole of an object, if it is not larger than [`LARGEST`].
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn read(&self, object: &Object) -> Reading<Vec<u8>> {
        if object.size > LARGEST {
            return Err(unknown(format!("{} has {} bytes: hwdr reads up to {LARGEST}", object.key, object.size)));
        }
        if object.size <= LONGEST_READ {
            let bytes = self.in_time(self.client.read(&object.key, 0..object.size)).await?;
            return bytes.ok_or_else(|| unknown(format!("{} is gone", object.key)));
        }
        let mut bytes = Vec::new();
        let mut body = std::pin::pin!(self.client.body(object, 0..object.size));
        while let Some(piece) = self.in_time(async { body.next().await.transpose() }).await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }

    /// Whether there is any object whose key begins like this.
    ///
    /// # Errors
    /// If it cannot be listed.
    pub async fn has(&self, begin: &str) -> Reading<bool> {
        let found = self.in_time(self.client.list(begin, 1)).await?;
        Ok(!found.objects.is_empty())
    }

    /// Whether it keeps versions.
    ///
    /// # Errors
    /// If the server does not say.
    pub async fn versioning(&self) -> Reading<Versioning> {
        self.in_time(self.client.versioning()).await
    }

    /// Does the same with each of `items`, many at once; the results are in their order.
    pub async fn each<T, R, F: Future<Output = R>>(&self, items: Vec<T>, work: impl Fn(T) -> F) -> Vec<R> {
        stream::iter(items.into_iter().map(work)).buffered(AT_ONCE).collect().await
    }

    /// When its rules delete the first of these objects.
    pub fn expires<'o>(&self, objects: impl Iterator<Item = &'o Object>) -> Option<Timestamp> {
        let rules = self.rules.as_deref().ok()?;
        objects.filter_map(|object| keep::current(rules, &object.key, object.modified)).min()
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Reading<T> {
        match timeout_at(self.deadline.unwrap_or_else(|| Instant::now() + LIMIT), work).await {
            Ok(done) => done.map_err(|error| unread(&error)),
            Err(_) => Err(unknown(format!("not read within {} s", LIMIT.as_secs()))),
        }
    }
}

/// Whether other calls may succeed all the same.
fn is_refusal(error: &Error) -> bool {
    matches!(error.problem, Problem::Denied(_) | Problem::Refused(..) | Problem::NotFound(_))
}

fn unread(error: &Error) -> Fault {
    unknown(said(&error.to_string())).fix(error.help())
}

/// Why a listing does not have all files of its folder; none if it has.
pub fn not_all(listed: &Objects) -> Option<String> {
    let is_all = !listed.is_cut && listed.unreadable == 0;
    (!is_all).then(|| format!("has more than {MOST} files, or some whose names cannot be read"))
}

/// Something that is not known.
pub fn unknown(what: impl Into<String>) -> Fault {
    Fault::new(Severity::Unknown, what)
}
