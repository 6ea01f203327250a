//! The report of a run: what was restored, how long each step took (RTO), how old the backup was (RPO).

use std::fmt::Write as _;

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::commands::Commands;
use crate::lint::report::human::hang;
use crate::mode::Mode;
use crate::run::state::{Phase, State};
use crate::shown::{self, duration, lines, plain};

/// Refuses an unknown format, before anything is done.
pub(super) fn known(format: Option<&str>) -> Result<()> {
    match format {
        None | Some("text" | "table" | "json" | "markdown") => Ok(()),
        Some(other) => bail!("--output {other}: expected text, json or markdown"),
    }
}

/// Prints it as text, JSON or markdown.
pub(super) fn print(state: &State, commands: &Commands, format: Option<&str>) -> Result<()> {
    match format {
        None | Some("text" | "table") => shown::print(&lines(&text(state, commands))),
        Some("json") => shown::print_json(&machine(state), true),
        Some("markdown") => shown::print(&lines(&markdown(state))),
        Some(_) => known(format)?,
    }
    Ok(())
}

/// Step and seconds.
fn times(state: &State) -> impl Iterator<Item = (&str, f64)> {
    state
        .steps
        .iter()
        .filter_map(|step| Some((step.step.as_str(), (step.ended?.duration_since(step.began)).as_secs_f64())))
}

/// How long the run took.
fn whole(state: &State) -> SignedDuration {
    state.ended.unwrap_or_else(Timestamp::now).duration_since(state.began)
}

fn people(time: SignedDuration) -> String {
    duration(time.unsigned_abs().as_secs())
}

/// How old the backup was when the run started: later data are not in it.
fn age(state: &State) -> Option<SignedDuration> {
    let time: Timestamp = state.backup_time.as_deref()?.parse().ok()?;
    Some(state.began.duration_since(time))
}

/// The same of each part, where parts have times of their own. What was written while the run began is not negative.
fn ages(state: &State) -> Vec<(String, SignedDuration)> {
    let times = state.product().times(&state.own).into_iter();
    times.map(|(part, time)| (part, state.began.duration_since(time).max(SignedDuration::ZERO))).collect()
}

/// What is said of the ages.
fn said_of_ages(state: &State) -> Vec<(String, String)> {
    let parts = ages(state);
    match age(state) {
        Some(age) if parts.is_empty() => vec![("age of the backup (RPO)".to_owned(), people(age))],
        _ => parts.into_iter().map(|(part, age)| (format!("age of {} (RPO)", plain(&part)), people(age))).collect(),
    }
}

fn machine(state: &State) -> serde_json::Value {
    let ages: serde_json::Map<_, _> = ages(state).into_iter().map(|(part, age)| (part, age.as_secs().into())).collect();
    let steps: Vec<_> = times(state).map(|(step, seconds)| json!({"step": step, "seconds": seconds})).collect();
    json!({
        "release": state.release,
        "mode": state.mode,
        "backupId": state.backup_id,
        "backupTime": state.backup_time,
        "phase": state.phase,
        "why": state.why,
        "began": state.began.to_string(),
        "ended": state.ended.map(|time| time.to_string()),
        "seconds": whole(state).as_secs_f64(),
        "backupAgeSeconds": age(state).map(|age| age.as_secs()),
        "partAgeSeconds": ages,
        "steps": steps,
        "findings": state.findings,
    })
}

fn head(state: &State) -> String {
    let phase = match state.phase {
        Phase::Running => "is running",
        Phase::Failed => "has stopped",
        Phase::Restored => "is done",
        Phase::Undoing => "is being undone",
        Phase::Undone => "was undone",
        Phase::Finalized => "is final",
    };
    format!("The restore of backup {} into release {} {phase}", state.backup_id, state.release)
}

/// For people.
pub(super) fn text(state: &State, commands: &Commands) -> String {
    let mut out = format!("{}\n", head(state));
    if let Some(why) = &state.why {
        let _ = writeln!(out, "  because: {}", plain(why));
        if let Some(step) = state.steps.iter().rev().find(|step| step.ended.is_none()) {
            let _ = writeln!(out, "  stopped in: {}", plain(&step.step));
        }
    }
    for (step, seconds) in times(state) {
        let _ = writeln!(out, "  {step:<60} {seconds:>8.1} s");
    }
    if state.phase == Phase::Restored {
        let _ = writeln!(out, "  {:<60} {:>10}", "total time (RTO)", people(whole(state)));
    }
    for (what, age) in said_of_ages(state) {
        let _ = writeln!(out, "  {what:<60} {age:>10}");
    }
    if !state.findings.is_empty() {
        out.push_str("\nChecks:\n");
        for finding in &state.findings {
            let _ = writeln!(out, "  {}", hang(finding, shown::width(), 4));
        }
    }
    // A new cluster has nothing to go back to, and an undo goes on by itself.
    let undo = (state.mode == Mode::Upgrade && state.phase != Phase::Undoing).then(|| commands.undo(&state.release));
    let or_undo = undo.as_ref().map_or("", |_| ", or undo it");
    if state.phase == Phase::Restored {
        let _ = writeln!(out, "\nCheck the cluster. Then make the restore final{or_undo}:");
        let _ = writeln!(out, "  {}", commands.with_values("finalize", &state.release));
        let _ = writeln!(out, "  (with the same values files as for the restore)");
        match (&undo, state.ended) {
            (Some(undo), _) => drop(writeln!(out, "  {undo}")),
            (None, Some(ended)) => {
                let _ = writeln!(out, "\nIf this was a drill, note it where the backup was made:");
                let _ = writeln!(out, "  helm hwdr backups drilled {} --at {ended:.0}", state.backup_id);
            }
            (None, None) => {}
        }
    }
    if state.phase.is_open() && state.why.is_some() {
        let _ = writeln!(out, "\nFix the cause, then resume{or_undo}:\n  {}", commands.resume(&state.release));
        if let Some(undo) = undo {
            let _ = writeln!(out, "  {undo}");
        }
    }
    out
}

fn markdown(state: &State) -> String {
    let mut out = format!("# {}\n\n| step | seconds |\n|---|---:|\n", head(state));
    for (step, seconds) in times(state) {
        let _ = writeln!(out, "| {step} | {seconds:.1} |");
    }
    let _ = writeln!(out, "\n- Total time (RTO): {}", people(whole(state)));
    for (what, age) in said_of_ages(state) {
        let _ = writeln!(out, "- {what}: {age}");
    }
    if let Some(why) = &state.why {
        let _ = writeln!(out, "- Stopped: {}", plain(why));
    }
    if !state.findings.is_empty() {
        out.push_str("\n## Checks\n\n");
        for finding in &state.findings {
            let _ = writeln!(out, "- {finding}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(change: impl FnOnce(&mut State)) -> String {
        let mut state: State = serde_json::from_str(include_str!("../../../fuzz/seeds/state.json")).unwrap();
        change(&mut state);
        text(&state, &Commands::of("prod", None))
    }

    #[test]
    fn a_run_that_is_done_names_the_commands_that_follow() {
        let upgraded = state(|state| state.phase = Phase::Restored);
        let expected = "\nCheck the cluster. Then make the restore final, or undo it:\n  \
             helm hwdr finalize hopsworks CHART -n prod -f values.yaml\n  \
             (with the same values files as for the restore)\n  \
             helm hwdr undo hopsworks -n prod\n";
        assert!(upgraded.ends_with(expected), "{upgraded}");
        let installed = state(|state| (state.phase, state.mode) = (Phase::Restored, Mode::Install));
        assert!(installed.contains("\nCheck the cluster. Then make the restore final:\n"), "{installed}");
        assert!(!installed.contains("undo"), "{installed}");
    }

    #[test]
    fn a_run_that_has_stopped_names_its_step_and_the_way_on() {
        let stopped = |mode, phase| {
            state(|state| {
                (state.phase, state.mode) = (phase, mode);
                state.why = Some("helm upgrade failed:".to_owned());
            })
        };
        let upgrade = stopped(Mode::Upgrade, Phase::Failed);
        let expected = "\nFix the cause, then resume, or undo it:\n  \
             helm hwdr resume hopsworks -n prod\n  helm hwdr undo hopsworks -n prod\n";
        assert!(upgrade.contains("  because: helm upgrade failed:\n  stopped in: helm\n"), "{upgrade}");
        assert!(upgrade.ends_with(expected), "{upgrade}");
        for (mode, phase) in [(Mode::Install, Phase::Failed), (Mode::Upgrade, Phase::Undoing)] {
            let only = stopped(mode, phase);
            assert!(only.ends_with("\nFix the cause, then resume:\n  helm hwdr resume hopsworks -n prod\n"), "{only}");
        }
    }
}
