//! What a run will touch, by name: shown before anybody agrees to it.

use crate::lint::report::human::{hang, wrap};
use crate::run::Record as _;
use crate::run::Step;
use crate::run::state::{Paused, Scaled, SecretStore, State, Volume};
use crate::shown::{lines, message_width, tell};

/// A volume, and the claim that it was set aside from.
pub(super) fn volume(held: &Volume) -> String {
    format!("{} ({})", held.name(), held.volume)
}

/// What a new run does around the steps of its plan.
pub(super) fn by_run(state: &State, steps: &[Step]) -> String {
    let mut text = steps_of(state, steps);
    if !state.before.volumes.is_empty() {
        let names: Vec<_> = state.before.volumes.iter().map(Volume::name).collect();
        text.push_str(&format!("{}: {}\n", set_aside(state), names.join(", ")));
    }
    text
}

/// What an undo does, and to what.
pub(super) fn by_undo(state: &State, steps: &[Step]) -> String {
    let mut text = format!("\n{}", steps_of(state, steps));
    let mut list = |what: &str, names: Vec<String>| add(&mut text, what, names);
    if state.is_begun("quiesce") {
        list("Workloads to stop and start", workloads(&state.before.workloads));
    }
    list("Paused, and resumed at the end", paused(&state.before.paused));
    if state.is_begun("set-aside") {
        list("Volumes to put back", state.before.volumes.iter().map(volume).collect());
    }
    if state.is_begun("helm") {
        list("Velero Backups to restore", state.before.objects.clone());
        list("Revision to roll back to", vec![state.before.revision.to_string()]);
        list("Jobs to delete", state.names("Job"));
        list("Velero's Restores to delete", state.names("Restore"));
    }
    text
}

/// What resuming a restore does, and to what.
pub(super) fn by_resume(state: &State, steps: &[Step]) -> String {
    let mut text = format!("\n{}", steps_of(state, steps));
    let mut list = |what: &str, names: Vec<String>| add(&mut text, what, names);
    let is_open = |step: &str| !state.is_done(step);
    if is_open("quiesce") || is_open("helm") {
        list("Workloads to stop and start", workloads(&state.before.workloads));
    }
    list("Workloads to restart on empty volumes", workloads(&state.emptied));
    list("Paused, and resumed at the end", paused(&state.before.paused));
    if is_open("set-aside") {
        list(set_aside(state), state.before.volumes.iter().map(volume).collect());
    }
    if is_open("objects") || is_open("parts") {
        let named = state.objects.clone().unwrap_or_default().named();
        list("Velero Backups to restore", named.into_iter().flatten().collect());
    }
    if is_open("parts") {
        list("Jobs to wait for, or to recreate", state.names("Job"));
        list("Velero's Restores to wait for, or to recreate", state.names("Restore"));
    }
    text
}

/// Warns of a state that others may have written: `is_ignored` if the release has others.
pub(super) fn warn_of_old(store: &SecretStore, is_ignored: bool) {
    let name = store.name();
    let what = if is_ignored {
        format!(
            "ConfigMap {name} claims to be the state of a run. Runs of this release are kept in Secrets, so it is ignored"
        )
    } else {
        format!(
            "the state of this run is in ConfigMap {name}, where an older hwdr has kept it. The chart's own pods may have changed it: \
             check what is named here. The run continues in a Secret"
        )
    };
    let text =
        format!("{}\n{}", wrap(&format!("warning: {what}"), message_width()), wrap(&store.nobodys(), message_width()));
    tell(&lines(&text));
}

/// The column in which a step says what it does.
const DOES: usize = 20;

fn steps_of(state: &State, steps: &[Step]) -> String {
    let mut text = String::from("The run\n");
    for (number, step) in (1..).zip(steps) {
        let done = if state.is_done(step.name) { " (done)" } else { "" };
        let line = format!("  {number:>2}. {:<13} {}{done}", step.name, step.does);
        let (head, does) = line.split_at_checked(DOES).unwrap_or((&line, ""));
        text.push_str(&format!("{head}{}\n", hang(does, message_width(), DOES)));
    }
    text
}

/// What happens to the old volumes.
fn set_aside(state: &State) -> &'static str {
    if state.wipe { "Volumes to DELETE" } else { "Volumes to set aside" }
}

fn add(text: &mut String, what: &str, names: Vec<String>) {
    if !names.is_empty() {
        text.push_str(&format!("{}\n", wrap(&format!("{what}: {}", names.join(", ")), message_width())));
    }
}

fn workloads(scaled: &[Scaled]) -> Vec<String> {
    scaled.iter().map(|workload| format!("{}/{}", workload.kind, workload.name)).collect()
}

fn paused(paused: &[Paused]) -> Vec<String> {
    paused.iter().map(|paused| format!("{}/{}", paused.kind, paused.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::steps::UNDO;

    #[test]
    fn steps_stand_in_columns_and_fit_a_terminal() {
        let state: State = serde_json::from_str(include_str!("../../../fuzz/seeds/state.json")).unwrap();
        for steps in [UNDO.to_vec(), state.steps_to_do()] {
            let text = steps_of(&state, &steps);
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
            let begins = text.lines().skip(1).map(|line| line.find(|c: char| c != ' ').unwrap_or_default());
            assert!(begins.clone().all(|begin| [2, 3, DOES].contains(&begin)), "{text}");
        }
        let text = steps_of(&state, UNDO);
        assert!(text.contains("\n   9. ") && text.contains("\n  10. "), "{text}");
    }
}
