//! Undoes a rewind: takes back what the journal says was done, key by key.

#![expect(clippy::indexing_slicing, reason = "indices are those that the decision found among this key's entries")]

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt};

use super::client::{Client, Error};
use super::copy;
use super::decide::{Back, back};
use super::history::{History, Nulls};
use super::journal::{Record, Rewind, State, own_copies};
use super::listing::Marker;
use super::preflight::Stopped;
use super::report::{Act, Report, Tally, Why};
use super::rewind::{Options, one_key_only};

/// Keys looked up in parallel; the client's pace is the limit.
const LOOKUPS: usize = 64;

/// The run to undo: the last below `prefix` that is not undone yet.
///
/// # Errors
/// If there is none.
pub async fn last_run(client: &Client, prefix: &str) -> Result<Rewind, Stopped> {
    let runs = Rewind::all(client).await?;
    let found = runs.into_iter().rfind(|(run, state)| *state != State::Undone && run.aim.prefix == prefix);
    found.map(|(run, _)| run).ok_or_else(|| {
        let name = client.bucket();
        let below = if prefix.is_empty() { String::new() } else { format!(" below {prefix}") };
        Stopped::refused(
            format!("bucket {name}: nothing to undo: no rewind{below} has changed anything, or it is undone already"),
            format!("see the journal:\naws s3 ls s3://{name}/.hwdr/rewind/"),
        )
    })
}

/// Undoes a run. Keys changed by somebody since are left, and named. If interrupted, the same call resumes it.
///
/// # Errors
/// If the journal is not what the run can have written (then nothing is changed), or a call fails after all retries.
pub async fn undo(client: &Client, run: &Rewind, options: Options, tally: &Arc<Tally>) -> Result<Report, Error> {
    let (own_copies, nulls) = (own_copies(client).await?, client.nulls().await?);
    let work = Work { client, options, own_copies, nulls, tally };
    let mut whole = true;
    // First to check all of it, then to act on it.
    for acts in [false, true] {
        let mut journal = run.walk(client);
        while let Some(chunk) = journal.next().await? {
            for page in chunk.keys {
                let records = run.read(client, &page).await?;
                if acts {
                    whole &= work.page(run, &records).await?;
                }
            }
        }
    }
    if whole && !options.dry_run {
        run.mark(client, State::Undone).await?;
    }
    Ok(tally.report())
}

struct Work<'a> {
    client: &'a Client,
    options: Options,
    own_copies: HashMap<String, String>,
    nulls: Nulls,
    tally: &'a Tally,
}

impl Work<'_> {
    async fn page(&self, run: &Rewind, records: &[Record]) -> Result<bool, Error> {
        let looked: Vec<Result<History, Error>> =
            stream::iter(records).map(|record| history(self.client, &record.key)).buffered(LOOKUPS).collect().await;
        let mut todo = Vec::new();
        for (record, found) in records.iter().zip(looked) {
            let found = found?;
            self.tally.looked(1, found.entries.len(), 0);
            let mut what = back(&found, &record.done, run.aim.window, |copy, source| {
                self.own_copies.get(copy).is_some_and(|known| known == source)
            });
            if let Back::Copy { source, maybe_done: true } = what {
                let (newest, source) = (&found.entries[0].version, &found.entries[source].version);
                if copy::same(self.client, &found.key, newest, source).await? {
                    what = Back::Nothing;
                }
            }
            match what {
                Back::Nothing => {}
                Back::Changed => self.tally.notice(&record.key, Why::Changed, ""),
                Back::PutMarker | Back::Copy { .. } if !found.outlives(self.nulls) => {
                    self.tally.notice(&record.key, Why::Unversioned, "");
                }
                _ => todo.push((found, what)),
            }
        }
        if self.options.dry_run {
            todo.iter().for_each(|(history, what)| self.tally.acted(act(*what), &history.key));
            return Ok(true);
        }
        Ok(self.delete(&todo).await? & self.copy(run, &todo).await?)
    }

    async fn delete(&self, todo: &[(History, Back)]) -> Result<bool, Error> {
        let mut failed = Vec::new();
        let put: Vec<&str> =
            todo.iter().filter(|(_, what)| *what == Back::PutMarker).map(|(history, _)| history.key.as_str()).collect();
        if !put.is_empty() {
            failed.extend(self.client.put_markers(&put).await?);
        }
        let remove: Vec<(&str, &str)> = todo
            .iter()
            .filter_map(|(history, what)| match what {
                Back::RemoveMarkers(count) => Some((history, *count)),
                _ => None,
            })
            .flat_map(|(history, count)| {
                history.entries[..count].iter().map(|marker| (history.key.as_str(), marker.version.as_str()))
            })
            .collect();
        for markers in remove.chunks(1000) {
            failed.extend(self.client.remove_markers(markers).await?);
        }
        for (history, what) in todo {
            let done = !matches!(what, Back::Copy { .. }) && !failed.iter().any(|(key, _)| *key == history.key);
            if done {
                self.tally.acted(act(*what), &history.key);
            }
        }
        for (key, reason) in &failed {
            self.tally.notice(key, Why::Failed, reason.clone());
        }
        Ok(failed.is_empty())
    }

    async fn copy(&self, run: &Rewind, todo: &[(History, Back)]) -> Result<bool, Error> {
        let copies: Vec<_> = stream::iter(todo)
            .filter_map(|(history, what)| async move {
                match what {
                    Back::Copy { source, .. } => Some((history, &history.entries[*source])),
                    _ => None,
                }
            })
            .map(|(history, source)| async move {
                let limit = self.options.copy_limit;
                let copied =
                    copy::put_on_top(self.client, &history.key, &source.version, source.size, &source.class, limit)
                        .await;
                (history, source, copied)
            })
            .buffer_unordered(LOOKUPS)
            .collect()
            .await;
        let mut whole = true;
        let mut unlike = Vec::new();
        for (history, source, copied) in copies {
            match copied {
                Ok(copied) => {
                    self.tally.acted(Act::Copy, &history.key);
                    if copied.etag != source.etag {
                        unlike.extend(copied.version.map(|version| (version, source.version.clone())));
                    }
                }
                Err(error) => {
                    self.tally.notice(&history.key, Why::Failed, one_key_only(error)?.to_string());
                    whole = false;
                }
            }
        }
        if !unlike.is_empty() {
            run.write_copies(self.client, 0, &unlike).await?;
        }
        Ok(whole)
    }
}

fn act(what: Back) -> Act {
    match what {
        Back::PutMarker => Act::Hide,
        Back::RemoveMarkers(_) => Act::Undelete,
        _ => Act::Copy,
    }
}

/// What the server knows of one key.
async fn history(client: &Client, key: &str) -> Result<History, Error> {
    let mut found = History { key: key.to_owned(), entries: Vec::new() };
    let mut after = Marker::default();
    loop {
        let page = client.list_versions(key, &after, None, 1000).await?;
        let gone_by = page.keys.last().is_some_and(|last| last.key != key);
        for history in page.keys {
            if history.key == key {
                found.go_on(history).map_err(|problem| client.endless(key, problem))?;
            }
        }
        match page.next {
            // On a server that lists folder by folder, the key may come after a folder of its name.
            Some(next) if !gone_by || client.lists_by_folder() && found.entries.is_empty() => after = next,
            _ => return Ok(found),
        }
    }
}
