//! Restores: looks first, then runs the plan's steps by the engine, and can resume and undo them.

mod prepare;
mod run;

use std::sync::Arc;

use hwdr_run::{Goal, Halt, Lock as _, Phase, RESTORE, Record as _, Show, Step, Store as _, UNDO, go};

use jiff::Timestamp;

use crate::inventory::Role;
use crate::lock::RemoteLock;
use crate::plan::restore::{FRAGILE, REDONE};
use crate::plan::{self};
use crate::record::{Diary, RemoteStore};
use crate::remote::{Remote, all};
use crate::words::{Account, Command, LONG};

pub use prepare::{Ready, on_paper, prepare};
pub use run::Run;

/// Waits until no `ndb_restore` runs. One that was begun by a process that was killed since goes on by itself, and would make what is dropped or
/// made anew here.
const SETTLE: &str = "# waits for the end of what an interrupted run has left\n\
    runs() { for comm in /proc/[0-9]*/comm; do [ \"$(cat \"$comm\" 2>/dev/null)\" != ndb_restore ] || return 0; done; return 1; }\n\
    while runs; do sleep 1; done";

/// How a run did not come to its end.
#[derive(Debug)]
pub enum Ended {
    /// It was refused: nothing was changed.
    Refused(Halt),
    /// It stopped in the middle.
    Stopped(Halt),
}

impl From<Halt> for Ended {
    fn from(halt: Halt) -> Self {
        Self::Stopped(halt)
    }
}

/// What is done with a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Restores, or goes on with it.
    Restore,
    /// Undoes it.
    Undo,
    /// Gives up what was set aside.
    Finalize,
}

/// Begins a restore that was prepared.
///
/// # Errors
/// If a step fails: the run can then be resumed or undone.
pub async fn begin<W: Show>(
    remote: Arc<Remote>,
    ready: Ready,
    shown: W,
    stop: impl Future<Output = ()>,
) -> Result<Diary, Ended> {
    let opened = async {
        let found = RemoteStore::find(&remote).await?;
        if let Some(earlier) = &found {
            must_be_over(&earlier.load()?, earlier.is_foreign())?;
        }
        let store = RemoteStore::begin(Arc::clone(&remote), found.as_ref(), ready.diary.clone());
        let mut run = Run::new(Arc::clone(&remote), ready.diary.clone(), store, ready.rows, ready.expected, shown)?;
        run.plan(Deed::Restore)?;
        Ok(run)
    };
    let what = format!("restore of backup {}", ready.diary.backup);
    locked(&remote, &what, opened, Deed::Restore, stop).await
}

/// Carries out a run under the lock, which is taken before the run is opened.
async fn locked<W: Show>(
    remote: &Arc<Remote>,
    what: &str,
    opened: impl Future<Output = Result<Run<W>, Halt>>,
    deed: Deed,
    stop: impl Future<Output = ()>,
) -> Result<Diary, Ended> {
    let lock = RemoteLock::take(remote, what).await.map_err(Ended::Refused)?;
    let work = async {
        let run = opened.await.map_err(Ended::Refused)?;
        carry_out(run, deed, stop).await.map_err(Ended::Stopped)
    };
    let done = lock.guard(work).await;
    lock.release().await;
    done
}

/// Refuses if an earlier run is not over. One that is `is_foreign` was of a cluster that is gone: it can only be forgotten.
///
/// # Errors
/// If it is not.
pub fn must_be_over(earlier: &Diary, is_foreign: bool) -> Result<(), Halt> {
    if is_foreign {
        return Err(foreign(earlier));
    }
    let what = match earlier.phase {
        Phase::Undone | Phase::Finalized => return Ok(()),
        Phase::Restored if is_given_up(earlier) => "is being finalized",
        Phase::Restored => "is done, but what it has set aside is still there",
        Phase::Running | Phase::Failed | Phase::Undoing => "is not done",
    };
    let halt = Halt::new(format!(
        "the restore of backup {} that began at {} {what}",
        earlier.backup,
        earlier.began.strftime("%Y-%m-%d %H:%M UTC")
    ));
    Err(match earlier.phase {
        Phase::Restored if is_given_up(earlier) => {
            return Err(halt.help("delete the rest of what it has set aside: helm hwdr vm finalize"));
        }
        Phase::Restored => halt.help("give up what it has set aside: helm hwdr vm finalize"),
        _ => halt.help("resume it: helm hwdr vm resume"),
    }
    .help("or undo it: helm hwdr vm undo"))
}

/// Refuses a backup of a cluster in the middle of a restore: it would be complete, and the next restore's `latest`.
///
/// # Errors
/// If the run is not over. Of a cluster that is gone, it says nothing of this one.
pub fn must_hold_still(earlier: &Diary, is_foreign: bool) -> Result<(), Halt> {
    match earlier.phase.is_open() && !is_foreign {
        false => Ok(()),
        true => Err(Halt::new(format!(
            "the restore of backup {} is not done: what there is now is no state to back up",
            earlier.backup
        ))
        .help("resume it: helm hwdr vm resume")
        .help("or undo it: helm hwdr vm undo")),
    }
}

/// Whether some of what was set aside may be deleted already.
fn is_given_up(diary: &Diary) -> bool {
    diary.is_begun("finalize")
}

/// Why nothing can be done with the run of a cluster that is gone: what its record says was done, was not done on this one.
fn foreign(earlier: &Diary) -> Halt {
    Halt::new(format!(
        "the restore of backup {} that began at {} is not over, but the management node has no record of it: the cluster was deployed again since",
        earlier.backup,
        earlier.began.strftime("%Y-%m-%d %H:%M UTC")
    ))
    .help("forget it, then restore again: helm hwdr vm finalize")
}

/// Goes on with the last run, undoes it, or finalizes it.
///
/// # Errors
/// If there is none, or a step fails.
pub async fn go_on<W: Show>(
    remote: Arc<Remote>,
    deed: Deed,
    shown: W,
    stop: impl Future<Output = ()>,
) -> Result<Diary, Ended> {
    let what = match deed {
        Deed::Restore => "resume",
        Deed::Undo => "undo",
        Deed::Finalize => "finalize",
    };
    let opened = async {
        let store = last(&remote).await?;
        let mut diary = store.load()?;
        allowed(&diary, store.is_foreign(), deed)?;
        // Only a restore needs the backup: it is read whole, because it may have been damaged since.
        let (rows, expected) = match deed {
            Deed::Restore => prepare::counts(&remote, &diary)?,
            Deed::Undo | Deed::Finalize => Default::default(),
        };
        if deed != Deed::Finalize {
            settle(&remote).await?;
        }
        if redo(&mut diary, deed) {
            // What was interrupted may have made them, and dropping databases leaves them.
            diary.has_tablespaces |= prepare::has_tablespaces(&remote).await?;
        }
        if deed == Deed::Restore && diary.is_begun("save") && !diary.is_done("save") {
            // What was half saved has taken its id.
            let used = prepare::used_ids(&remote, diary.backup).await?;
            diary.safety = Some(prepare::safety_id(&used, Timestamp::now())?);
        }
        let mut run = Run::new(Arc::clone(&remote), diary, store, rows, expected, shown)?;
        run.plan(deed)?;
        run.has_files()?;
        Ok(run)
    };
    locked(&remote, what, opened, deed, stop).await
}

/// Forgets the run of a cluster that is gone: its record says from now on that it is over. Nothing on the hosts is changed.
///
/// # Errors
/// If the run is of this cluster, or the record cannot be written.
pub async fn forget(remote: Arc<Remote>) -> Result<Diary, Ended> {
    let lock = RemoteLock::take(&remote, "finalize").await.map_err(Ended::Refused)?;
    let work = async {
        let mut store = last(&remote).await?;
        let mut diary = store.load()?;
        if !store.is_foreign() {
            return Err(Halt::new(format!("another hwdr works on the restore of backup {} just now", diary.backup)));
        }
        diary.why = Some("forgotten: the cluster was deployed again".to_owned());
        (diary.phase, diary.ended) = (Phase::Finalized, Some(Timestamp::now()));
        store.save(&diary).await?;
        Ok(diary)
    };
    let done = lock.guard(work).await;
    lock.release().await;
    done.map_err(Ended::Refused)
}

/// Waits until nothing of an interrupted run is at work on the hosts.
async fn settle(remote: &Remote) -> Result<(), Halt> {
    let hosts = remote.inventory.with(Role::Ndb);
    let calls: Vec<_> =
        hosts.map(|host| Command::script(&host.name, Account::Mysql, SETTLE, &[]).within(LONG)).collect();
    all(calls.iter().map(|call| remote.call(call, std::path::Path::new("/")))).await?;
    Ok(())
}

/// The last run.
///
/// # Errors
/// If there is none.
pub async fn last(remote: &Arc<Remote>) -> Result<RemoteStore, Halt> {
    let none = || Halt::new("there is no restore on this cluster, nor a record of one beside the backups here");
    RemoteStore::find(remote).await?.ok_or_else(none)
}

/// Whether something may be done with a run as it is. One that is `is_foreign` was of a cluster that is gone.
///
/// # Errors
/// If not.
pub fn allowed(diary: &Diary, is_foreign: bool, deed: Deed) -> Result<(), Halt> {
    if is_foreign {
        return Err(foreign(diary));
    }
    let refused = |why: &str| Err(Halt::new(format!("the restore of backup {} {why}", diary.backup)));
    match (deed, diary.phase) {
        (Deed::Restore, Phase::Running | Phase::Failed) => Ok(()),
        // What an undone one had restored is still there, and the backup that was made before.
        (Deed::Finalize, Phase::Restored | Phase::Undone) => Ok(()),
        // What undo would put back is perhaps gone on one host, and not on another.
        (Deed::Undo, Phase::Restored) if is_given_up(diary) => {
            refused("is being finalized: what it had set aside is partly gone. Delete the rest: helm hwdr vm finalize")
        }
        (Deed::Undo, Phase::Running | Phase::Failed | Phase::Restored | Phase::Undoing) => Ok(()),
        (_, Phase::Undone) => refused("is undone"),
        (_, Phase::Finalized) => refused("is finalized: what it had set aside is gone"),
        (Deed::Restore, Phase::Restored) => refused("is done"),
        (_, Phase::Undoing) => refused("is being undone: go on with that: helm hwdr vm undo"),
        (Deed::Finalize, _) => refused("is not done"),
    }
}

/// Takes back that steps were done, if one was interrupted that cannot be repeated by itself; says whether it was so.
fn redo(diary: &mut Diary, deed: Deed) -> bool {
    let prefix = if deed == Deed::Undo { "undo-" } else { "" };
    let own = |name: &str| name.strip_prefix(prefix).filter(|name| !name.starts_with("undo-")).map(str::to_owned);
    let is_cut = |name: &&str| {
        let name = format!("{prefix}{name}");
        diary.is_begun(&name) && !diary.is_done(&name)
    };
    if !FRAGILE.iter().any(is_cut) {
        return false;
    }
    diary.is_redo = true;
    diary.steps.retain(|step| !own(&step.step).is_some_and(|name| REDONE.contains(&name.as_str())));
    true
}

async fn carry_out<W: Show>(mut run: Run<W>, deed: Deed, stop: impl Future<Output = ()>) -> Result<Diary, Halt> {
    let steps: Vec<Step<Run<W>>> = run
        .steps()
        .iter()
        .map(|plan::Step { name, does, .. }| Step { name, does, act: |run: &mut Run<W>| Box::pin(run.perform()) })
        .collect();
    let goal = match deed {
        Deed::Restore => RESTORE,
        Deed::Undo => UNDO,
        // Whether it was undone must be known as long as it is not done.
        Deed::Finalize => Goal { during: run.phase(), after: Phase::Finalized },
    };
    go(&mut run, &steps, goal, stop).await?;
    Ok(run.into_diary())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diary(steps: &[(&str, bool)]) -> Diary {
        let mut diary = prepare::tests::diary();
        let now = "2026-11-30T20:00:00Z".parse().unwrap();
        for (name, is_done) in steps {
            diary.begin(name, now);
            if *is_done {
                diary.end(name, now);
            }
        }
        diary
    }

    #[test]
    fn what_cannot_be_repeated_begins_anew() {
        let names = |diary: &Diary| diary.steps.iter().map(|step| step.step.clone()).collect::<Vec<_>>();
        // Data can be restored twice.
        let mut run = diary(&[("parts", true), ("metadata", true), ("data", false)]);
        assert!(!redo(&mut run, Deed::Restore));
        assert!(!run.is_redo && names(&run) == ["parts", "metadata", "data"]);
        for steps in [
            &[("parts", true), ("metadata", false)][..],
            &[("parts", true), ("metadata", true), ("data", true), ("indexes", false)],
            &[("parts", true), ("metadata", true), ("data", true), ("indexes", true), ("schemas", false)],
        ] {
            let mut run = diary(steps);
            assert!(redo(&mut run, Deed::Restore));
            assert!(run.is_redo && names(&run) == ["parts"], "{steps:?}");
        }
        let mut run = diary(&[("metadata", true), ("data", true), ("undo-clear", true), ("undo-metadata", false)]);
        assert!(redo(&mut run, Deed::Undo));
        assert_eq!(names(&run), ["metadata", "data"]);
    }

    #[test]
    fn what_is_half_deleted_cannot_be_put_back() {
        let mut run = diary(&[("aside", true), ("finalize", false)]);
        run.phase = Phase::Restored;
        let refused = allowed(&run, false, Deed::Undo).unwrap_err();
        assert!(refused.problem.contains("is being finalized"), "{refused:?}");
        assert!(allowed(&run, false, Deed::Finalize).is_ok());
        let refused = must_be_over(&run, false).unwrap_err();
        assert!(!refused.help.iter().any(|help| help.contains("undo")), "{refused:?}");
    }

    #[test]
    fn a_run_can_only_be_what_comes_next() {
        for (phase, resume, undo, finalize) in [
            (Phase::Running, true, true, false),
            (Phase::Failed, true, true, false),
            (Phase::Restored, false, true, true),
            (Phase::Undoing, false, true, false),
            (Phase::Undone, false, false, true),
            (Phase::Finalized, false, false, false),
        ] {
            let mut diary = diary(&[]);
            diary.phase = phase;
            let can = [Deed::Restore, Deed::Undo, Deed::Finalize].map(|deed| allowed(&diary, false, deed).is_ok());
            assert_eq!(can, [resume, undo, finalize], "{phase:?}");
            assert_eq!(must_be_over(&diary, false).is_ok(), matches!(phase, Phase::Undone | Phase::Finalized));
            let holds_still = matches!(phase, Phase::Restored | Phase::Undone | Phase::Finalized);
            assert_eq!(must_hold_still(&diary, false).is_ok(), holds_still, "{phase:?}");
            assert!(must_hold_still(&diary, true).is_ok());
            // What was done on a cluster that is gone was not done on this one.
            let foreign = [Deed::Restore, Deed::Undo, Deed::Finalize].map(|deed| allowed(&diary, true, deed).is_ok());
            assert_eq!((foreign, must_be_over(&diary, true).is_ok()), ([false; 3], false), "{phase:?}");
        }
    }
}
