//! One rewind by several: the pods of a Job, which know of each other only through the bucket.
//!
//! The first cuts the keys into shares and writes the run down; all take theirs; the first waits for the last share, and notes that the run
//! is through. Any of them may be cut off anywhere and be started again: shares go on from their checkpoints.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::client::{Client, Error};
use super::journal::{Aim, Run, State};
use super::preflight::{self, Stopped};
use super::report::Tally;
use super::rewind::{Options, rewind_share};
use super::share::split;

/// Which of the workers this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Which one; the first is 0.
    pub index: usize,
    /// How many there are.
    pub of: usize,
    /// What they have in common and no others: the Job's uid.
    pub run: String,
}

/// How often the others are looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Shares for each worker: so many are worked on at a time, and a worker that is faster has none of another's.
const SHARES_EACH: usize = 8;

/// Does this worker's shares of the rewind, and says whether every key of theirs could be done. The first comes back when all shares are through.
///
/// # Errors
/// Where the bucket may not or cannot be rewound, or a call fails for good. The same call goes on from there.
pub async fn work(
    client: &Client,
    aim: &Aim,
    place: &Place,
    options: Options,
    tally: &Arc<Tally>,
) -> Result<bool, Stopped> {
    let (run, state) =
        if place.index == 0 { begun(client, aim, place, options).await? } else { found(client, place).await? };
    if state != State::Begun {
        return Ok(true);
    }
    let mine = (place.index..run.shares.len()).step_by(place.of.max(1));
    let whole = stream::iter(mine)
        .map(|share| rewind_share(client, run.clone(), share, options, tally))
        .buffer_unordered(options.workers)
        .try_fold(true, |whole, share| async move { Ok(whole && share) })
        .await?;
    if place.index == 0 && whole {
        while run.through(client).await? < run.shares.len() {
            tokio::time::sleep(LOOK).await;
        }
        run.mark(client, State::Finished).await?;
    }
    Ok(whole)
}

/// How many shares of the workers' run are through, and of how many; none before it is begun.
///
/// # Errors
/// Where the bucket cannot be read.
pub async fn through(client: &Client, place: &Place) -> Result<Option<(usize, usize)>, Error> {
    match of_all(client, place).await? {
        None => Ok(None),
        Some((run, State::Begun)) => Ok(Some((run.through(client).await?, run.shares.len()))),
        Some((run, _)) => Ok(Some((run.shares.len(), run.shares.len()))),
    }
}

/// The run of these workers, written down: theirs already, one of the same aim that was cut off, or a new one.
async fn begun(client: &Client, aim: &Aim, place: &Place, options: Options) -> Result<(Run, State), Stopped> {
    if let Some(run) = of_all(client, place).await? {
        return Ok(run);
    }
    let now = preflight::bucket(client).await?;
    preflight::time(client, aim, now).await?;
    preflight::permissions(client, &aim.prefix, false).await?;
    // What an earlier Job has left half done takes nothing away, and what this one brings back does not depend on it.
    for (run, state) in Run::all(client).await? {
        if state == State::Begun && run.workers.is_some() && !run.aim.exact && run.aim != *aim {
            run.mark(client, State::Finished).await?;
        }
    }
    let mut run = match preflight::unfinished(client, aim).await? {
        Some(run) => run,
        None => Run::new(aim.clone(), split(client, &aim.prefix, options.shares.max(SHARES_EACH * place.of)).await?),
    };
    run.workers = Some(place.run.clone());
    run.begin(client).await?;
    Ok((run, State::Begun))
}

/// The run of these workers, once the first has written it down.
async fn found(client: &Client, place: &Place) -> Result<(Run, State), Error> {
    loop {
        if let Some(run) = of_all(client, place).await? {
            return Ok(run);
        }
        tokio::time::sleep(LOOK).await;
    }
}

async fn of_all(client: &Client, place: &Place) -> Result<Option<(Run, State)>, Error> {
    let runs = Run::all(client).await?;
    Ok(runs.into_iter().find(|(run, _)| run.workers.as_ref() == Some(&place.run)))
}
