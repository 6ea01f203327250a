//! What earlier restores have left.

use serde_json::Value as Json;

use super::{Facts, Line};
use crate::cluster::condition::text;
use crate::cluster::{WaitState, condition};
use crate::run::Halt;
use crate::run::preflight::stands_in_the_way;
use crate::shown::{plain, word};

/// Runs of hwdr that have not ended, or are not final.
pub(super) fn runs(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "runs";
    let runs = match &facts.runs {
        Ok(runs) => runs,
        Err(fault) => return vec![Line::unread(CHECK, "the states of earlier restores", fault)],
    };
    let mut lines = Vec::new();
    for run in runs {
        match run {
            Ok(state) => lines.extend({
                let halt = stands_in_the_way(state, &facts.place.commands);
                halt.as_ref().map(|halt: &Halt| Line::refused(CHECK, halt))
            }),
            Err(fault) => lines.push(Line::of(CHECK, fault)),
        }
    }
    if lines.is_empty() {
        let over = match runs.len() {
            0 => "hwdr has no record of an earlier restore of the release".to_owned(),
            1 => "the earlier restore is over".to_owned(),
            count => format!("all {count} earlier restores are over"),
        };
        lines.push(Line::ok(CHECK, over));
    }
    lines
}

/// Volumes that no claim has any more, and no run knows.
pub(super) fn set_aside(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "old-volumes";
    let released = match &facts.released {
        Ok(released) => released,
        Err(fault) => return vec![Line::unread(CHECK, "volumes without a claim", fault)],
    };
    let open =
        facts.runs.iter().flatten().flatten().filter(|state| stands_in_the_way(state, &facts.place.commands).is_some());
    let known: Vec<_> = open.flat_map(|state| &state.before.volumes).map(|volume| volume.volume.as_str()).collect();
    let name = |volume: &Json| text(volume, "/metadata/name").to_owned();
    let left: Vec<_> = released.iter().map(name).filter(|name| !known.contains(&name.as_str())).collect();
    let Some(first) = left.first() else {
        return vec![Line::ok(CHECK, "no volume is left without a claim")];
    };
    let what = format!(
        "{} volumes were claims' of namespace {} and have none any more, such as {}: they take room, and keep old data",
        left.len(),
        plain(&facts.place.namespace),
        plain(first)
    );
    vec![Line::warning(CHECK, what).fix(format!(
        "see whose they were, and delete those that nobody needs:\nkubectl get pv {} -o yaml\nkubectl get pv | grep Released",
        word(first)
    ))]
}

/// Jobs of hwdr that run, or have failed.
pub(super) fn jobs(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "jobs";
    let jobs = match &facts.jobs {
        Ok(jobs) => jobs,
        Err(fault) => return vec![Line::unread(CHECK, "Jobs", fault)],
    };
    let mut lines = Vec::new();
    for job in jobs {
        let name = text(job, "/metadata/name");
        let state = match condition::job(Some(job)) {
            WaitState::Done => continue,
            WaitState::NotYet(seen) => format!("is not over: {seen}"),
            WaitState::Never(why) => format!("has failed: {why}"),
        };
        lines.push(Line::warning(CHECK, format!("hwdr's Job {} {state}", plain(name))).fix(format!(
            "see why:\nkubectl -n {0} logs job/{1}\nif no restore is under way, it can go:\nkubectl -n {0} delete job {1}",
            word(&facts.place.namespace),
            word(name)
        )));
    }
    if lines.is_empty() {
        let done = jobs.len();
        lines.push(Line::ok(
            CHECK,
            match done {
                0 => "there are no Jobs of hwdr".to_owned(),
                _ => format!("{done} Jobs of earlier restores are complete, and mark what was restored"),
            },
        ));
    }
    lines
}
