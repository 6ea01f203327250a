//! Checks before anything is changed.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::client::{Client, Error, Versioning};
use super::journal::{Aim, RESERVED, Rewind, State};
use super::listing::Marker;
use super::window::shown;
use super::xml;
use hwdr_values::refusal::Refusal;
use hwdr_values::shown::{plain, word};

/// Clocks may differ by this much.
const CLOCKS: Duration = Duration::from_secs(60);

/// How many pages are searched for something that existed at the time.
const PAGES: u32 = 20;

/// Why nothing was done.
#[derive(Debug)]
pub enum Stopped {
    /// The request is valid, but refused.
    Refused(Refusal),
    /// A call failed.
    Failed(Error),
}

impl Stopped {
    /// A refusal.
    pub fn refused(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self::Refused(Refusal::new(message).help(help))
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Stopped {}

impl From<Stopped> for Refusal {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused(refusal) => refusal,
            Stopped::Failed(error) => Self::new(error.to_string()).help(error.help()),
        }
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Checks that the bucket keeps versions, is writable, and has a clock that agrees with ours. `exact`: keys will be hidden.
///
/// # Errors
/// If one of these checks fails.
pub async fn bucket(client: &Client, exact: bool) -> Result<SystemTime, Stopped> {
    let versioning = client.versioning().await?;
    versioned(client.bucket(), &versioning)?;
    if exact {
        without_exceptions(client.bucket(), &versioning)?;
    }
    let there = clock(client.bucket(), &versioning)?;
    lock(client).await?;
    Ok(there)
}

/// Checks that bucket `name` keeps versions, and allows undeleting them.
///
/// # Errors
/// If it does not.
pub fn versioned(name: &str, versioning: &Versioning) -> Result<(), Stopped> {
    let help = format!(
        "what was deleted or overwritten without versions cannot be restored; enable it for the future:\n\
         aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
    );
    match versioning.status.as_deref() {
        Some("Enabled") => {}
        Some(status) => {
            let message =
                format!("bucket {name}: versioning is {status}, not Enabled: a delete would remove data permanently");
            return Err(Stopped::refused(message, help));
        }
        None => {
            return Err(Stopped::refused(format!("bucket {name} has no versioning: it keeps no older versions"), help));
        }
    }
    if versioning.mfa_delete {
        return Err(Stopped::refused(
            format!("bucket {name} has MFA delete: delete markers can only be removed with a second factor"),
            "as the account's root user, turn it off for the restore:\naws s3api put-bucket-versioning --versioning-configuration Status=Enabled,MFADelete=Disabled",
        ));
    }
    if versioning.purges {
        return Err(Stopped::refused(
            format!("bucket {name} has PurgeOnDelete: a delete removes all versions of a key"),
            "turn it off first: what it has removed cannot be restored",
        ));
    }
    Ok(())
}

/// Checks that every key of a bucket that is [`versioned`] has versions: hiding a key without versions would lose its data.
///
/// # Errors
/// If some keys have none.
pub fn without_exceptions(name: &str, versioning: &Versioning) -> Result<(), Stopped> {
    let Some(exceptions) = versioning.exceptions else { return Ok(()) };
    Err(Stopped::refused(
        format!(
            "bucket {name} keeps no versions of some keys ({exceptions}): what is deleted or overwritten there is lost"
        ),
        format!(
            "keep versions of all keys; this replaces the setting, without exceptions:\n\
             aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
        ),
    ))
}

/// The server's time, if it agrees with ours.
///
/// # Errors
/// If it does not.
pub fn clock(name: &str, versioning: &Versioning) -> Result<SystemTime, Stopped> {
    let here = SystemTime::now();
    let there = versioning.server_time.unwrap_or(here);
    let apart = here.duration_since(there).or_else(|_| there.duration_since(here)).unwrap_or_default();
    if apart > CLOCKS {
        return Err(Stopped::refused(
            format!(
                "this machine's clock and that of bucket {name}'s server are {} s apart: versions have the server's times, so TIME \
                 would mean a different moment",
                apart.as_secs()
            ),
            "set the wrong clock:\ntimedatectl set-ntp true",
        ));
    }
    Ok(there)
}

/// An object lock does not keep delete markers, but its default retention would lock every copy and every page of the journal.
///
/// # Errors
/// If there is a default retention.
pub async fn lock(client: &Client) -> Result<(), Stopped> {
    let Some(text) = client.object_lock().await? else { return Ok(()) };
    let Some(mode) = xml::text_of(&text, "Mode") else { return Ok(()) };
    let name = client.bucket();
    Err(Stopped::refused(
        format!(
            "bucket {name} has an object lock with a default retention ({mode}): the copies and the journal of a rewind could not be \
             removed until it expires"
        ),
        format!(
            "remove the default retention for the restore; locked objects stay locked:\naws s3api put-object-lock-configuration \
             --bucket {name} --object-lock-configuration ObjectLockEnabled=Enabled"
        ),
    ))
}

/// Checks that the time is in the past, and not before everything in the bucket.
///
/// # Errors
/// If it is not.
pub async fn time(client: &Client, aim: &Aim, now: SystemTime) -> Result<(), Stopped> {
    let name = client.bucket();
    let now = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs()) as i64;
    let window = aim.window;
    if window.from > now || window.is_point() && window.to >= now {
        return Err(Stopped::refused(
            format!("{} has not passed yet: it is {} at bucket {name}", shown(window.to), shown(now)),
            "give a time that has passed; without a zone, TIME is taken as UTC",
        ));
    }
    let mut after = Marker::default();
    let mut oldest = i64::MAX;
    for _ in 0..PAGES {
        let page = client.list_versions(&aim.prefix, &after, None, 1000).await?;
        if let Some(other) = page.keys.iter().find(|history| !history.key.starts_with(&aim.prefix)) {
            let (prefix, key) = (&aim.prefix, &other.key);
            return Err(Stopped::refused(
                format!("bucket {name}: asked for keys that begin with {prefix:?}, the server answers with {key:?}"),
                "it changes slashes in keys: give --prefix as the server writes it, as that key begins",
            ));
        }
        let entries = page.keys.iter().filter(|key| !key.key.starts_with(RESERVED)).flat_map(|key| &key.entries);
        oldest = entries.map(|entry| entry.modified).fold(oldest, i64::min);
        if oldest <= window.to {
            return Ok(());
        }
        match page.next {
            Some(next) => after = next,
            None if oldest == i64::MAX => {
                return Err(Stopped::refused(
                    format!("bucket {name} has no object whose key begins with {:?}, and never had", aim.prefix),
                    format!("see what is there:\naws s3api list-object-versions --bucket {name} --max-items 10"),
                ));
            }
            None => return Err(before(name, aim, oldest)),
        }
    }
    // Too many to list them all. On AWS the date of a bucket may be later than its creation, so it alone proves nothing.
    match client.created().await {
        Some(created) if window.to < created => Err(before(name, aim, created.min(oldest))),
        _ => Ok(()),
    }
}

fn before(name: &str, aim: &Aim, oldest: i64) -> Stopped {
    Stopped::refused(
        format!(
            "{} is before everything in bucket {name} below {:?}: the oldest version left is of {}",
            aim.window,
            aim.prefix,
            shown(oldest)
        ),
        "give a later time, or check whether a lifecycle rule has removed older versions:\nhwdr s3 rewind … --dry-run",
    )
}

/// Checks that this identity may make every call that is needed. Writes no data; at most a delete marker on one of hwdr's own keys, and
/// only on a server without conditional deletes.
///
/// # Errors
/// The first call that is not allowed.
pub async fn permissions(client: &Client, prefix: &str, dry_run: bool) -> Result<(), Stopped> {
    let version = a_version(client, prefix).await;
    // Permissions below the prefix may differ from those on hwdr's own notes, which are at the top.
    let below = (!prefix.is_empty()).then(|| probe_key(prefix));
    for key in [Some(probe_key("")), below].into_iter().flatten() {
        for probe in Probe::ALL.into_iter().filter(|probe| !dry_run || probe.reads()) {
            probe.make(client, prefix, &key, &version).await?;
        }
    }
    Ok(())
}

/// A key that does not exist, in hwdr's own folder below `prefix`.
pub(crate) fn probe_key(prefix: &str) -> String {
    format!("{prefix}{RESERVED}probe-{:016x}", fastrand::u64(..))
}

/// A call that a rewind needs, to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// List versions.
    List,
    /// Read an object: hwdr's own notes.
    Get,
    /// Read a version's description.
    Read,
    /// Read a version's tags.
    ReadTags,
    /// Remove a version (a rewind removes delete markers only).
    Remove,
    /// Begin an upload and abort it.
    Write,
    /// Begin an upload with a tag and abort it.
    WriteTags,
    /// Put a delete marker.
    Delete,
}

impl Probe {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 8] =
        [Self::List, Self::Get, Self::Read, Self::ReadTags, Self::Remove, Self::Write, Self::WriteTags, Self::Delete];

    /// The action, as IAM knows it.
    pub fn action(self) -> &'static str {
        match self {
            Self::List => "s3:ListBucketVersions",
            Self::Get => "s3:GetObject",
            Self::Read => "s3:GetObjectVersion",
            Self::ReadTags => "s3:GetObjectVersionTagging",
            Self::Remove => "s3:DeleteObjectVersion",
            Self::Write => "s3:PutObject",
            Self::WriteTags => "s3:PutObjectTagging",
            Self::Delete => "s3:DeleteObject",
        }
    }

    /// Whether a dry run needs it.
    fn reads(self) -> bool {
        matches!(self, Self::List | Self::Get | Self::Read | Self::ReadTags)
    }

    /// Makes the call on a key that does not exist; `version`: of [`a_version`].
    ///
    /// # Errors
    /// If it is not allowed.
    pub async fn make(self, client: &Client, prefix: &str, key: &str, version: &str) -> Result<(), Error> {
        match self {
            Self::List => client.list_versions(prefix, &Marker::default(), None, 1).await.map(drop),
            Self::Get => client.get(key).await.map(drop),
            Self::Read => client.try_reading(key, version).await,
            Self::ReadTags => client.try_reading_tags(key, version).await,
            Self::Remove => client.try_removing(key, version).await,
            Self::Write => client.try_writing(key).await,
            Self::WriteTags => client.try_writing_tags(key).await,
            Self::Delete => match client.try_deleting(key).await? {
                Some(marker) => client.remove_markers(&[(key, &marker)]).await.map(drop),
                None => Ok(()),
            },
        }
    }
}

/// The id of no version. MinIO refuses ids of any other form before it checks permissions (`getOpts` in its object-api-options.go).
const NO_VERSION: &str = "00000000-0000-4000-8000-000000000000";

/// A version id in a form that the server accepts; the key that it is used for has no versions.
pub(crate) async fn a_version(client: &Client, prefix: &str) -> String {
    let page = client.list_versions(prefix, &Marker::default(), None, 10).await;
    let entries = page.into_iter().flat_map(|page| page.keys).flat_map(|key| key.entries);
    entries.map(|entry| entry.version).find(|version| version != "null").unwrap_or_else(|| NO_VERSION.to_owned())
}

/// The interrupted run to resume, if there is one.
///
/// # Errors
/// If an interrupted run had another aim: two half rewinds do not make a whole one.
pub async fn unfinished(client: &Client, aim: &Aim) -> Result<Option<Rewind>, Stopped> {
    let runs = Rewind::all(client).await?;
    let Some((run, _)) = runs.into_iter().rfind(|(run, state)| *state == State::Begun && overlap(&run.aim, aim)) else {
        return Ok(None);
    };
    if run.aim == *aim {
        return Ok(Some(run));
    }
    Err(half_done(client, &run))
}

/// Says that a run was interrupted, and how to undo it.
pub(crate) fn half_done(client: &Client, run: &Rewind) -> Stopped {
    let (name, Aim { prefix, window, exact, .. }) = (client.bucket(), &run.aim);
    Stopped::refused(
        format!(
            "a rewind of bucket {name}{} to {window}{} was interrupted (run {}): finish it or undo it first",
            if prefix.is_empty() { String::new() } else { format!(" below {}", plain(prefix)) },
            if *exact { ", exact," } else { "" },
            run.id
        ),
        format!(
            "undo it:\nhwdr s3 rewind --bucket {name}{} --undo",
            if prefix.is_empty() { String::new() } else { format!(" --prefix {}", word(prefix)) }
        ),
    )
}

fn overlap(one: &Aim, other: &Aim) -> bool {
    one.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&one.prefix)
}
