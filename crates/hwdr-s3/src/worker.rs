//! One rewind by several: the pods of a Job, which know of each other only through the bucket.
//!
//! The first cuts the keys into shares and writes the run down; all take theirs; the first waits for the last share, and notes that the run
//! is through. What they tell each other there is sealed with the Job's uid. Any of them may be cut off anywhere and be started again: shares go on from their checkpoints. Another Job begins anew,
//! whatever an earlier one has done: HopsFS may have deleted blocks again in between.

use std::sync::Arc;
use std::time::Duration;

use super::client::{Client, Error};
use super::journal::{Aim, Rewind, State};
use super::preflight::{self, Stopped};
use super::report::Tally;
use super::rewind::{Options, rewind_shares};
use super::share::split;

/// Which of the workers this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Which one; the first is 0.
    pub index: usize,
    /// How many there are.
    pub of: usize,
    /// What they have in common and no others: the Job's uid.
    pub run: String,
}

/// How often the others are looked for.
const LOOK: Duration = Duration::from_secs(3);
/// Shares for each worker: so many are worked on at a time, and a worker that is faster has none of another's.
const SHARES_EACH: usize = 8;

/// Does this worker's shares of the rewind, and says whether every key of theirs could be done. The first comes back when all shares are through.
///
/// # Errors
/// Where the bucket may not or cannot be rewound, the run was taken back or replaced, or a call fails for good. The same call goes on from there.
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
                "run {} of bucket {} says that it is this Job's, and goes to {}, while this pod is to go to {}",
                run.id,
                client.bucket(),
                run.aim.window,
                aim.window
            ),
            "what is recorded of the backup has changed meanwhile, or somebody else wrote that run (docs/s3.md says who may). Have the Job created again:\nhelm hwdr resume RELEASE",
        ));
    }
    let run = match state {
        State::Begun => run,
        State::Finished if run.through(client).await? == run.shares.len() => return Ok(true),
        // Alone there is nobody who would go on with the old one.
        State::Finished | State::Undone if place.of == 1 => begin(client, aim, place, options).await?.0,
        State::Finished | State::Undone => {
            return Err(Stopped::refused(
                format!("run {} of bucket {} was undone, or another has taken its place", run.id, client.bucket()),
                "have the Job created again, which starts from the beginning:\nhelm hwdr resume RELEASE",
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

/// How many shares of the workers' run are through, and of how many; none before it is begun.
///
/// # Errors
/// Where the bucket cannot be read.
pub async fn through(client: &Client, place: &Worker) -> Result<Option<(usize, usize)>, Error> {
    match theirs(client, place).await? {
        None => Ok(None),
        Some((run, _)) => Ok(Some((run.through(client).await?, run.shares.len()))),
    }
}

/// Writes a run down. That of an earlier Job has nothing more to say; one that a person has left half done has.
async fn begin(client: &Client, aim: &Aim, place: &Worker, options: Options) -> Result<(Rewind, State), Stopped> {
    preflight::bucket(client, aim.exact).await?;
    preflight::permissions(client, &aim.prefix, false).await?;
    for (run, state) in Rewind::all(client).await? {
        // What such a run has brought back takes nothing away from what this one does. One of these very workers is theirs.
        let is_theirs = run.is_of(&place.run);
        if state == State::Begun && !is_theirs && (run.workers.is_some() && !run.aim.exact || run.aim == *aim) {
            run.mark(client, State::Finished).await?;
        }
    }
    is_free(client).await?;
    let shares = split(client, &aim.prefix, options.shares.max(SHARES_EACH * place.of)).await?;
    let run = Rewind::new(aim.clone(), shares).shared_by(&place.run);
    run.begin(client).await?;
    // Where a lost node's pod has begun one as well, all take the same.
    Ok(theirs(client, place).await?.unwrap_or((run, State::Begun)))
}

/// Whether nobody has left a rewind half done that says more than that blocks are to be there.
///
/// # Errors
/// Where somebody has.
pub async fn is_free(client: &Client) -> Result<(), Stopped> {
    let runs = Rewind::all(client).await?;
    match runs.into_iter().find(|(run, state)| *state == State::Begun && (run.workers.is_none() || run.aim.exact)) {
        None => Ok(()),
        Some((run, _)) => Err(preflight::half_done(client, &run)),
    }
}

/// The run of these workers, once the first has written it down.
async fn found(client: &Client, place: &Worker) -> Result<(Rewind, State), Error> {
    loop {
        if let Some(run) = theirs(client, place).await? {
            return Ok(run);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// The run of these workers that goes on, or else the one that has come furthest; the same for all of them.
async fn theirs(client: &Client, place: &Worker) -> Result<Option<(Rewind, State)>, Error> {
    let runs = Rewind::all(client).await?.into_iter().filter(|(run, _)| run.is_of(&place.run));
    let runs = runs.map(|(run, state)| (run.shared_by(&place.run), state));
    Ok(runs.min_by_key(|(_, state)| match state {
        State::Begun => 0,
        State::Finished => 1,
        State::Undone => 2,
    }))
}
