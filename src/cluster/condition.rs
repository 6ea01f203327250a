//! Conditions to wait for, as functions of the objects: *done*, *not yet*, or *never, because*. Every terminal state is known here.

use serde_json::Value as Json;

use super::wait::{Objects, WaitState};

/// The text at a JSON pointer; empty if there is none.
pub fn text<'j>(object: &'j Json, pointer: &str) -> &'j str {
    object.pointer(pointer).and_then(Json::as_str).unwrap_or_default()
}

/// The number at a JSON pointer; 0 if there is none.
pub fn number(object: &Json, pointer: &str) -> u64 {
    object.pointer(pointer).and_then(Json::as_u64).unwrap_or_default()
}

/// The condition of this type, if it holds.
fn holds<'j>(object: &'j Json, kind: &str) -> Option<&'j Json> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind && condition["status"] == "True")
}

/// A Job that is complete. `Failed` is final (batch/v1); `FailureTarget` says so a little earlier.
pub fn job(job: Option<&Json>) -> WaitState {
    let Some(job) = job else { return WaitState::NotYet("it is not there yet".to_owned()) };
    if holds(job, "Complete").is_some() {
        return WaitState::Done;
    }
    if let Some(condition) = holds(job, "Failed").or_else(|| holds(job, "FailureTarget")) {
        return WaitState::Never(format!("{}: {}", text(condition, "/reason"), text(condition, "/message")));
    }
    let parts = number(job, "/spec/completions");
    let (active, succeeded, failed) =
        (number(job, "/status/active"), number(job, "/status/succeeded"), number(job, "/status/failed"));
    let mut seen = match (active, failed) {
        (0, 0) => "no pod yet".to_owned(),
        (_, 0) => "running".to_owned(),
        (_, failed) => format!("running, after {failed} failed pods"),
    };
    if parts > 1 {
        seen = format!("{seen}, {succeeded} of {parts} done");
    }
    WaitState::NotYet(seen)
}

/// A Velero Restore that is complete. `partial` accepts one with reported failures.
pub fn restore(restore: Option<&Json>, partial: bool) -> WaitState {
    let Some(restore) = restore else { return WaitState::NotYet("it is not there yet".to_owned()) };
    let (errors, warnings) = (number(restore, "/status/errors"), number(restore, "/status/warnings"));
    match text(restore, "/status/phase") {
        "Completed" => WaitState::Done,
        "PartiallyFailed" if partial => WaitState::Done,
        "PartiallyFailed" => WaitState::Never(format!("PartiallyFailed: {errors} errors, {warnings} warnings")),
        "FailedValidation" => {
            let why: Vec<_> = restore
                .pointer("/status/validationErrors")
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            WaitState::Never(format!("FailedValidation: {}", why.join("; ")))
        }
        "Failed" => WaitState::Never(format!("Failed: {}", text(restore, "/status/failureReason"))),
        "" => WaitState::NotYet("Velero has not started it".to_owned()),
        phase => WaitState::NotYet(match number(restore, "/status/progress/totalItems") {
            0 => phase.to_owned(),
            all => format!("{phase}, {} of {all} objects", number(restore, "/status/progress/itemsRestored")),
        }),
    }
}

/// A Velero Backup that is complete.
pub fn backup(backup: Option<&Json>) -> WaitState {
    let Some(backup) = backup else { return WaitState::NotYet("it is not there yet".to_owned()) };
    match text(backup, "/status/phase") {
        "Completed" => WaitState::Done,
        "" => WaitState::NotYet("Velero has not started it".to_owned()),
        phase @ ("Failed" | "PartiallyFailed" | "FailedValidation" | "Deleting") => {
            let why = [text(backup, "/status/failureReason").to_owned(), {
                let errors = backup.pointer("/status/validationErrors").and_then(Json::as_array);
                errors.into_iter().flatten().filter_map(Json::as_str).collect::<Vec<_>>().join("; ")
            }];
            WaitState::Never(format!("{phase}: {}", why.concat()))
        }
        phase => WaitState::NotYet(phase.to_owned()),
    }
}

/// Whether a Velero Backup has ended, or is being deleted. All other phases, of later versions of Velero too, mean that it runs or will run.
pub fn backup_is_over(backup: &Json) -> bool {
    let phase = text(backup, "/status/phase");
    matches!(phase, "Completed" | "PartiallyFailed" | "Failed" | "FailedValidation" | "Deleting")
}

/// A storage location that Velero can read and write. `Unavailable` right after the start is normal, so it is never final: the
/// caller's limit is.
pub fn storage_location(location: Option<&Json>) -> WaitState {
    let Some(location) = location else { return WaitState::NotYet("it is not there".to_owned()) };
    match text(location, "/status/phase") {
        "Available" => WaitState::Done,
        "" => WaitState::NotYet("Velero has not checked it yet".to_owned()),
        phase => WaitState::NotYet(format!("{phase}: {}", text(location, "/status/message"))),
    }
}

/// None of the objects that `counts` selects is left.
pub fn gone(objects: &Objects, counts: impl Fn(&Json) -> bool) -> WaitState {
    let left: Vec<_> = objects.iter().filter(|(_, object)| counts(object)).map(|(name, _)| name.as_str()).collect();
    if left.is_empty() {
        WaitState::Done
    } else {
        WaitState::NotYet(format!("{} left: {}", left.len(), shortened(&left)))
    }
}

/// A StatefulSet or Deployment whose pods are all up to date and ready.
pub fn ready(workload: &Json) -> WaitState {
    let wanted = workload.pointer("/spec/replicas").and_then(Json::as_u64).unwrap_or(1);
    let (ready, updated) = (number(workload, "/status/readyReplicas"), number(workload, "/status/updatedReplicas"));
    let seen = number(workload, "/status/observedGeneration") >= number(workload, "/metadata/generation");
    // A StatefulSet that was never changed has no updatedReplicas.
    let is_updated = updated >= wanted
        || text(workload, "/status/updateRevision") == text(workload, "/status/currentRevision")
            && workload["kind"] == "StatefulSet";
    if seen && ready >= wanted && is_updated {
        WaitState::Done
    } else {
        WaitState::NotYet(format!("{ready} of {wanted} ready"))
    }
}

/// A few names, and how many more.
pub fn shortened(names: &[&str]) -> String {
    const SHOWN: usize = 4;
    let mut text = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    if names.len() > SHOWN {
        text = format!("{text} and {} more", names.len() - SHOWN);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup_files::velero::AT_WORK;
    use serde_json::json;

    #[test]
    fn velero_ends_in_more_ways_than_one() {
        for (status, expected) in [
            (json!({"phase": "Completed"}), "done"),
            (json!({}), "not yet"),
            (json!({"phase": "New"}), "not yet"),
            (json!({"phase": "InProgress"}), "not yet"),
            (json!({"phase": "WaitingForPluginOperations"}), "not yet"),
            (json!({"phase": "WaitingForPluginOperationsPartiallyFailed"}), "not yet"),
            (json!({"phase": "FinalizingPartiallyFailed"}), "not yet"),
            (json!({"phase": "PartiallyFailed", "errors": 2}), "PartiallyFailed: 2 errors, 0 warnings"),
            (json!({"phase": "Failed", "failureReason": "no bucket"}), "Failed: no bucket"),
            (
                json!({"phase": "FailedValidation", "validationErrors": ["no such backup"]}),
                "FailedValidation: no such backup",
            ),
        ] {
            let found = match restore(Some(&json!({"status": status})), false) {
                WaitState::Done => "done".to_owned(),
                WaitState::NotYet(_) => "not yet".to_owned(),
                WaitState::Never(why) => why,
            };
            assert_eq!(found, expected, "{status}");
        }
        let partial = json!({"status": {"phase": "PartiallyFailed", "errors": 2}});
        assert_eq!(restore(Some(&partial), true), WaitState::Done);
    }

    #[test]
    fn a_backup_that_waits_is_not_over() {
        let is_over = |phase: &str| backup_is_over(&json!({"status": {"phase": phase}}));
        for phase in AT_WORK {
            assert!(!is_over(phase), "{phase}");
        }
        assert!(!backup_is_over(&json!({})));
        for phase in ["Completed", "PartiallyFailed", "Failed", "FailedValidation", "Deleting"] {
            assert!(is_over(phase), "{phase}");
        }
    }

    #[test]
    fn a_job_is_done_or_failed_by_its_conditions_alone() {
        let with = |conditions: Json| json!({"spec": {"completions": 2}, "status": {"active": 1, "succeeded": 1, "conditions": conditions}});
        assert_eq!(job(Some(&with(json!([])))), WaitState::NotYet("running, 1 of 2 done".to_owned()));
        assert_eq!(job(Some(&with(json!([{"type": "Complete", "status": "True"}])))), WaitState::Done);
        assert_eq!(
            job(Some(&with(json!([{"type": "Complete", "status": "False"}])))),
            WaitState::NotYet("running, 1 of 2 done".to_owned())
        );
        let failed =
            json!([{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too often"}]);
        assert_eq!(job(Some(&with(failed))), WaitState::Never("BackoffLimitExceeded: too often".to_owned()));
    }
}
