//! One rewind shared by several workers: the pods of a Job, which communicate only through the bucket.
//!
//! The first worker splits the keys into shares and records the run; all take their shares; the first waits for the last share, and records
//! the end. Messages are sealed with the Job's uid. Any worker may be interrupted anywhere and restarted: shares continue from their
//! checkpoints. Another Job starts from the beginning, whatever an earlier one has done: blocks may have been deleted again in between.

use std::sync::Arc;
use std::time::Duration;

use super::client::{Client, Error};
use super::journal::{Aim, Rewind, State};
use super::preflight::{self, Stopped};
use super::report::Tally;
use super::rewind::{Options, rewind_shares};
use super::share::split;

/// Identifies a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Its index; the first is 0.
    pub index: usize,
    /// How many there are.
    pub of: usize,
    /// The secret they share: the Job's uid.
    pub run: String,
}

/// How often to look for the other workers' progress.
const LOOK: Duration = Duration::from_secs(3);
/// Shares for each worker: this many are processed in parallel, and a faster worker takes none of another's.
const SHARES_EACH: usize = 8;

/// Does this worker's shares of the rewind, and returns whether all their keys could be done. The first returns when all shares are
/// finished.
///
/// # Errors
/// If the bucket may not or cannot be rewound, the run was undone or replaced, or a call fails after all retries. The same call resumes it.
pub async fn work(
    client: &Client,
    aim: &Aim,
    place: &Worker,
    options: Options,
    tally: &Arc<Tally>,
) -> Result<bool, Stopped> {
    let (run, state) = match theirs(client, place).await? {
        Some(run) => run,
        None if place.index == 0 => begin(client, aim, place, options).await?,
        None => found(client, place).await?,
    };
    if run.aim != *aim {
        return Err(Stopped::refused(
            format!(
                "run {} of bucket {} claims to be this Job's, but rewinds to {}, and this pod must rewind to {}",
                run.id,
                client.bucket(),
                run.aim.window,
                aim.window
            ),
            "the record of the backup has changed, or somebody else wrote that run (docs/s3.md says who may). Recreate the Job:\nhelm hwdr resume RELEASE",
        ));
    }
    let run = match state {
        State::Begun => run,
        State::Finished if run.through(client).await? == run.shares.len() => return Ok(true),
        // A single worker has nobody who would resume the old one.
        State::Finished | State::Undone if place.of == 1 => begin(client, aim, place, options).await?.0,
        State::Finished | State::Undone => {
            return Err(Stopped::refused(
                format!("run {} of bucket {} was undone, or replaced by another", run.id, client.bucket()),
                "recreate the Job, which starts from the beginning:\nhelm hwdr resume RELEASE",
            ));
        }
    };
    let mine: Vec<usize> = (place.index..run.shares.len()).step_by(place.of.max(1)).collect();
    let whole = rewind_shares(client, run.clone(), mine, options, tally).await?;
    if place.index == 0 && whole {
        while run.through(client).await? < run.shares.len() {
            tokio::time::sleep(LOOK).await;
        }
        run.mark(client, State::Finished).await?;
    }
    Ok(whole)
}

/// How many shares of the workers' run are finished, and of how many; `None` before it begins.
///
/// # Errors
/// If the bucket cannot be read.
pub async fn through(client: &Client, place: &Worker) -> Result<Option<(usize, usize)>, Error> {
    match theirs(client, place).await? {
        None => Ok(None),
        Some((run, _)) => Ok(Some((run.through(client).await?, run.shares.len()))),
    }
}

/// Records a run. A run of an earlier Job is obsolete; one that a person left unfinished is not.
async fn begin(client: &Client, aim: &Aim, place: &Worker, options: Options) -> Result<(Rewind, State), Stopped> {
    preflight::bucket(client, aim.exact).await?;
    preflight::permissions(client, &aim.prefix, false).await?;
    for (run, state) in Rewind::all(client).await? {
        // What such a run restored takes nothing away from this one. A run of these very workers is theirs.
        let is_theirs = run.is_of(&place.run);
        if state == State::Begun && !is_theirs && (run.workers.is_some() && !run.aim.exact || run.aim == *aim) {
            run.mark(client, State::Finished).await?;
        }
    }
    is_free(client).await?;
    let shares = split(client, &aim.prefix, options.shares.max(SHARES_EACH * place.of)).await?;
    let run = Rewind::new(aim.clone(), shares).shared_by(&place.run);
    run.begin(client).await?;
    // A lost node's pod may have begun one, too: all take the same.
    Ok(theirs(client, place).await?.unwrap_or((run, State::Begun)))
}

/// Checks that nobody has left a rewind unfinished that does more than bring blocks back.
///
/// # Errors
/// If somebody has.
pub async fn is_free(client: &Client) -> Result<(), Stopped> {
    let runs = Rewind::all(client).await?;
    match runs.into_iter().find(|(run, state)| *state == State::Begun && (run.workers.is_none() || run.aim.exact)) {
        None => Ok(()),
        Some((run, _)) => Err(preflight::half_done(client, &run)),
    }
}

/// The run of these workers, once the first has recorded it.
async fn found(client: &Client, place: &Worker) -> Result<(Rewind, State), Error> {
    loop {
        if let Some(run) = theirs(client, place).await? {
            return Ok(run);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The unfinished run of these workers, or else the furthest one; the same for all of them.
async fn theirs(client: &Client, place: &Worker) -> Result<Option<(Rewind, State)>, Error> {
    let runs = Rewind::all(client).await?.into_iter().filter(|(run, _)| run.is_of(&place.run));
    let runs = runs.map(|(run, state)| (run.shared_by(&place.run), state));
    Ok(runs.min_by_key(|(_, state)| match state {
        State::Begun => 0,
        State::Finished => 1,
        State::Undone => 2,
    }))
}
