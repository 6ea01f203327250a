//! The report of a run: what was restored, how long each step took (RTO), how old the backup was (RPO).

use std::fmt::Write as _;

use anyhow::{Result, bail};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

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
pub(super) fn print(state: &State, format: Option<&str>) -> Result<()> {
    match format {
        None | Some("text" | "table") => shown::print(&lines(&text(state))),
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
pub(super) fn text(state: &State) -> String {
    let mut out = format!("{}\n", head(state));
    if let Some(why) = &state.why {
        let _ = writeln!(out, "  because: {}", plain(why));
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
    if state.phase == Phase::Restored {
        let _ = writeln!(out, "\nCheck the cluster. Then make the restore final, or undo it:");
        let _ = writeln!(out, "  helm hwdr finalize {} CHART -f values.yaml", state.release);
        match (state.mode, state.ended) {
            (Mode::Upgrade, _) => drop(writeln!(out, "  helm hwdr undo {}", state.release)),
            (Mode::Install, Some(ended)) => {
                let _ = writeln!(out, "\nIf this was a drill, note it where the backup was made:");
                let _ = writeln!(out, "  helm hwdr backups drilled {} --at {ended:.0}", state.backup_id);
            }
            (Mode::Install, None) => {}
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
