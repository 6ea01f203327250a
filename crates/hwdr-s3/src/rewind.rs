//! The rewind itself: walks the shares, decides key by key, records what it is about to do, and does it.
//!
//! Memory holds a few pages of a few shares, whatever the size of the bucket. While one page is processed, the next is listed.

#![expect(clippy::indexing_slicing, reason = "indices are those that the decision found among this key's entries")]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use tokio::sync::OnceCell;

use super::client::{Client, Error, Problem};
use super::copy;
use super::decide::{Done, Verdict, decide, may_be_copy, may_be_lost};
use super::history::{Entry, History, Nulls};
use super::journal::{Aim, Checkpoint, Record, Rewind, State, own_copies};
use super::preflight::{self, Stopped};
use super::report::{Act, Report, Tally, Why};
use super::share::{Chunk, Share, Walk, split};

/// How a rewind is done. The default is right; tests make everything smaller.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Change nothing.
    pub dry_run: bool,
    /// Objects above this many bytes are copied in parts.
    pub copy_limit: u64,
    /// About how many shares the keys are split into.
    pub shares: usize,
    /// How many of them are processed in parallel.
    pub workers: usize,
    /// How often a worker's share records its progress.
    pub checkpoint_every: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dry_run: false,
            copy_limit: copy::LARGEST_COPY,
            shares: 32,
            workers: 8,
            checkpoint_every: Duration::from_secs(5),
        }
    }
}

/// Pages of one share that are processed in parallel.
const PAGES_AHEAD: usize = 3;
/// Keys in one DeleteObjects: S3 takes 1,000; smaller requests are answered sooner, and in parallel.
const BATCH: usize = 250;
/// Copies of one page in progress; the client's pace is the limit.
const COPIES: usize = 64;

/// Rewinds what is below a prefix to a time. An interrupted run of the same aim is resumed in its shares, but from the start: the keys
/// themselves show what is done, and anybody could have written notes of progress. [`preflight`] checks what is allowed
/// in the first place.
///
/// # Errors
/// If a call fails after all retries, or another rewind is unfinished. The same call continues from there.
pub async fn rewind(client: &Client, aim: &Aim, options: Options, tally: &Arc<Tally>) -> Result<Report, Stopped> {
    let unfinished = if options.dry_run { None } else { preflight::unfinished(client, aim).await? };
    let resumed = unfinished.is_some();
    let run = match unfinished {
        Some(run) => run,
        None => Rewind::new(aim.clone(), split(client, &aim.prefix, options.shares).await?),
    };
    let begun = OnceCell::new();
    if resumed {
        let _ = begun.set(());
    }
    let shares = run.shares.len();
    let work = Work::new(client, run, begun, options, tally).await?;

    let whole = work.shares((0..shares).collect()).await?;
    if whole && work.begun.initialized() {
        work.run.mark(client, State::Finished).await?;
    }
    Ok(tally.report())
}

/// Does some shares of a run: the work of one pod. Whoever hands out the shares has begun the run. Returns whether all of it could be done.
///
/// # Errors
/// If a call fails after all retries. The same call continues from there.
pub(crate) async fn rewind_shares(
    client: &Client,
    run: Rewind,
    shares: Vec<usize>,
    options: Options,
    tally: &Arc<Tally>,
) -> Result<bool, Error> {
    let work = Work::new(client, run, OnceCell::new_with(Some(())), options, tally).await?;
    work.shares(shares).await
}

struct Work {
    client: Client,
    run: Rewind,
    /// Set once the run is recorded, before the first act.
    begun: OnceCell<()>,
    options: Options,
    own_copies: HashMap<String, String>,
    nulls: Nulls,
    tally: Arc<Tally>,
}

impl Work {
    async fn new(
        client: &Client,
        run: Rewind,
        begun: OnceCell<()>,
        options: Options,
        tally: &Arc<Tally>,
    ) -> Result<Self, Error> {
        let (own_copies, nulls) = (own_copies(client).await?, client.nulls().await?);
        Ok(Self { client: client.clone(), run, begun, options, own_copies, nulls, tally: tally.clone() })
    }

    /// Does shares, some in parallel, and returns whether all of them could be done. An error stops the others.
    async fn shares(&self, numbers: Vec<usize>) -> Result<bool, Error> {
        let shares = stream::iter(numbers).map(|number| self.share(number));
        let done = shares.buffer_unordered(self.options.workers);
        done.try_fold(true, |whole, share| async move { Ok(whole && share) }).await
    }

    /// Does a share, and returns whether all of it could be done.
    async fn share(&self, number: usize) -> Result<bool, Error> {
        let Some(share) = self.run.shares.get(number) else { return Ok(true) };
        let mut share: Share = share.clone();
        if self.run.workers.is_some() {
            let checkpoint = self.run.checkpoint(&self.client, number).await?;
            if checkpoint.through {
                return Ok(true);
            }
            share.after = share.after.max(checkpoint.after);
        }
        let mut walk = Walk::new(&self.client, &self.run.aim.prefix, &share);
        let pages = stream::poll_fn({
            // The walk is a future of its own, so that it continues while pages are processed.
            let (sender, receiver) = tokio::sync::mpsc::channel(1);
            let mut receiver: tokio::sync::mpsc::Receiver<Result<Chunk, Error>> = receiver;
            let lister = tokio::spawn(async move {
                loop {
                    let page = walk.next().await.transpose();
                    let Some(page) = page else { return };
                    let failed = page.is_err();
                    if sender.send(page).await.is_err() || failed {
                        return;
                    }
                }
            });
            let lister = AbortOnDrop(lister);
            move |context| {
                let _ = &lister;
                receiver.poll_recv(context)
            }
        });
        let mut acts = std::pin::pin!(
            pages
                .map(|page| async {
                    let page = page?;
                    let upto = page.upto.clone();
                    Ok::<_, Error>((upto, self.page(number, page).await?))
                })
                .buffered(PAGES_AHEAD)
        );
        let mut whole = true;
        let mut written = Instant::now();
        while let Some(done) = acts.next().await {
            let (upto, page_whole) = done?;
            whole &= page_whole;
            // Not past a key that failed: the next run must retry it.
            if let Some(after) = upto.filter(|_| whole && written.elapsed() >= self.options.checkpoint_every) {
                self.checkpoint(number, Checkpoint::after(after)).await?;
                written = Instant::now();
            }
        }
        if whole {
            self.checkpoint(number, Checkpoint::through()).await?;
        }
        Ok(whole)
    }

    /// Workers inform each other, and themselves after a restart.
    async fn checkpoint(&self, share: usize, checkpoint: Checkpoint) -> Result<(), Error> {
        if self.run.workers.is_some() {
            self.run.set_checkpoint(&self.client, share, &checkpoint).await?;
        }
        Ok(())
    }

    /// Does one page, and returns whether all of it could be done.
    async fn page(&self, share: usize, page: Chunk) -> Result<bool, Error> {
        let aim = &self.run.aim;
        let folders = self.client.folders();
        let keys: Vec<&History> = page.keys.iter().filter(|history| aim.touches(&history.key, folders)).collect();
        let versions = keys.iter().map(|history| history.entries.len()).sum();
        self.tally.looked(keys.len(), versions, page.unreadable);

        let mut todo = Vec::new();
        let mut compare = Vec::new();
        let mut whole = true;
        for history in keys {
            let key = history.key.as_str();
            if may_be_lost(history, aim.window) {
                self.tally.notice(key, Why::Expired, "");
            }
            match decide(history, aim.window, aim.exact) {
                Verdict::Keep => {}
                Verdict::BornLater => self.tally.left(),
                Verdict::Unclear => self.tally.notice(key, Why::Unclear, ""),
                Verdict::Undelete { target } => {
                    let one = Todo { history, act: Act::Undelete, source: target };
                    if one.source().is_archived() {
                        self.tally.notice(key, Why::Archived, &one.source().version);
                    }
                    todo.push(one);
                }
                Verdict::Hide => todo.push(Todo { history, act: Act::Hide, source: 0 }),
                Verdict::Copy { source, maybe_done } => {
                    let one = Todo { history, act: Act::Copy, source };
                    match (self.is_own_copy(one.newest(), one.source()), maybe_done) {
                        (true, _) => {}
                        (false, true) => compare.push(one),
                        (false, false) => todo.push(one),
                    }
                }
            }
        }
        let compared = self.without_same(compare).await?;
        todo.extend(compared);
        todo.retain(|one| {
            if one.act != Act::Undelete && !one.history.outlives(self.nulls) {
                self.tally.notice(one.key(), Why::Unversioned, "");
                return false;
            }
            let archived = one.act == Act::Copy && one.source().is_archived();
            if archived {
                self.tally.notice(one.key(), Why::ArchivedNotCopied, one.source().version.as_str());
                whole = false;
            }
            !archived
        });
        if todo.is_empty() {
            return Ok(whole);
        }
        if self.options.dry_run {
            todo.iter().for_each(|one| self.tally.acted(one.act, one.key()));
            return Ok(whole);
        }
        self.begun.get_or_try_init(|| self.run.begin(&self.client)).await?;
        let records: Vec<Record> = todo.iter().map(Todo::record).collect();
        self.run.write(&self.client, share, &records).await?;
        let (deleted, copied) = tokio::join!(self.delete(&todo), self.copy(share, &todo));
        Ok(deleted? && copied? && whole)
    }

    /// Whether the notes say that the current version is a copy of that one, and it may be one.
    fn is_own_copy(&self, newest: &Entry, source: &Entry) -> bool {
        self.own_copies.get(&newest.version) == Some(&source.version) && may_be_copy(newest, source)
    }

    /// Those whose current version is not yet the wanted one.
    async fn without_same<'a>(&self, compare: Vec<Todo<'a>>) -> Result<Vec<Todo<'a>>, Error> {
        let client = &self.client;
        let all: Vec<_> = stream::iter(compare)
            .map(|one| async move {
                copy::same(client, one.key(), &one.newest().version, &one.source().version)
                    .await
                    .map(|same| (one, same))
            })
            .buffer_unordered(COPIES)
            .collect()
            .await;
        let mut left = Vec::new();
        for one in all {
            let (one, same) = one?;
            if !same {
                left.push(one);
            }
        }
        Ok(left)
    }

    /// Removes and puts delete markers.
    async fn delete(&self, todo: &[Todo<'_>]) -> Result<bool, Error> {
        let undelete: Vec<&Todo> = todo.iter().filter(|one| one.act == Act::Undelete).collect();
        let hide: Vec<&Todo> = todo.iter().filter(|one| one.act == Act::Hide).collect();
        let removing = stream::iter(undelete.chunks(BATCH)).map(|batch| async move {
            let markers: Vec<(&str, &str)> = batch
                .iter()
                .flat_map(|one| one.markers().iter().map(|marker| (one.key(), marker.version.as_str())))
                .collect();
            let mut failed = Vec::new();
            for markers in markers.chunks(1000) {
                failed.extend(self.client.remove_markers(markers).await?);
            }
            Ok::<_, Error>(self.count(batch, failed))
        });
        let hiding = stream::iter(hide.chunks(BATCH)).map(|batch| async move {
            let keys: Vec<&str> = batch.iter().map(|one| one.key()).collect();
            let failed = self.client.put_markers(&keys).await?;
            Ok::<_, Error>(self.count(batch, failed))
        });
        let (removed, hidden) = tokio::join!(
            removing.buffer_unordered(8).collect::<Vec<_>>(),
            hiding.buffer_unordered(8).collect::<Vec<_>>()
        );
        let mut whole = true;
        for done in removed.into_iter().chain(hidden) {
            whole &= done?;
        }
        Ok(whole)
    }

    /// Counts what was done, and names what failed.
    fn count(&self, batch: &[&Todo<'_>], failed: Vec<(String, String)>) -> bool {
        for one in batch {
            if !failed.iter().any(|(key, _)| key == one.key()) {
                self.tally.acted(one.act, one.key());
            }
        }
        for (key, reason) in &failed {
            self.tally.notice(key, Why::Failed, reason.clone());
        }
        failed.is_empty()
    }

    /// Puts copies on top.
    async fn copy(&self, share: usize, todo: &[Todo<'_>]) -> Result<bool, Error> {
        let limit = self.options.copy_limit;
        let copies: Vec<_> = stream::iter(todo.iter().filter(|one| one.act == Act::Copy))
            .map(|one| async move {
                let source = one.source();
                let copied =
                    copy::put_on_top(&self.client, one.key(), &source.version, source.size, &source.class, limit).await;
                (one, copied)
            })
            .buffer_unordered(COPIES)
            .collect()
            .await;
        let mut whole = true;
        let mut unlike = Vec::new();
        for (one, copied) in copies {
            match copied {
                Ok(copied) => {
                    self.tally.acted(Act::Copy, one.key());
                    if copied.etag != one.source().etag {
                        unlike.extend(copied.version.map(|version| (version, one.source().version.clone())));
                    }
                }
                Err(error) => {
                    self.tally.notice(one.key(), Why::Failed, one_key_only(error)?.to_string());
                    whole = false;
                }
            }
        }
        if !unlike.is_empty() {
            self.run.write_copies(&self.client, share, &unlike).await?;
        }
        Ok(whole)
    }
}

/// An error about one key; any other ends the run.
pub(super) fn one_key_only(error: Error) -> Result<Error, Error> {
    match error.problem {
        Problem::Refused(..) | Problem::NotFound(_) | Problem::Denied(_) => Ok(error),
        _ => Err(error),
    }
}

/// Aborts the task when nobody waits for it any more.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One key that needs something done.
struct Todo<'a> {
    history: &'a History,
    act: Act,
    /// The index of the version that must become current; for `Hide`, the one to hide.
    source: usize,
}

impl<'a> Todo<'a> {
    fn newest(&self) -> &'a Entry {
        &self.history.entries[0]
    }

    fn key(&self) -> &'a str {
        &self.history.key
    }

    fn source(&self) -> &'a Entry {
        &self.history.entries[self.source]
    }

    fn markers(&self) -> &'a [Entry] {
        &self.history.entries[..self.source]
    }

    fn record(&self) -> Record {
        let version = self.source().version.clone();
        let done = match self.act {
            Act::Undelete => Done::Undelete {
                target: version,
                markers: self.markers().iter().map(|marker| marker.version.clone()).collect(),
            },
            Act::Copy => Done::Copy { source: version, was: self.history.visible().map(|entry| entry.version.clone()) },
            Act::Hide => Done::Hide { was: version },
        };
        Record { key: self.key().to_owned(), done }
    }
}
