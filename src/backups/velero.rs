//! What Velero's own objects say of its backups: its Backups, the Schedules that make them, and the storage location that they are in.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::fault::{Fault, Reading, Severity};
use super::part::{BackupPart, PartState};
use super::seen::Seen;
use super::series::{AHEAD, Maker};
use super::view::ago;
use crate::backup_files::velero::AT_WORK;
use crate::cluster::condition::text;
use crate::lint::cron;
use crate::shown::{kept, patch_command, said, word};
use crate::velero::ObjectBackup;

/// After how long without a look a location is stale. Velero looks once a minute by default (velero, pkg/cmd/server/config); a flag of its server,
/// which is not read here, can say otherwise.
const SILENT: SignedDuration = SignedDuration::from_hours(2);
/// The same if the location itself says how often: so many times that, and a while for a restart.
const MISSED: i64 = 3;
const RESTART: i64 = 15 * 60;

/// What a Backup says.
pub fn part_of(backup: &ObjectBackup, now: Timestamp) -> BackupPart {
    let why = || match said(&backup.why) {
        why if why.is_empty() => format!("{} errors", backup.errors),
        why => why,
    };
    let state = match (backup.objection(now), backup.phase.as_str()) {
        (None, _) => PartState::Good,
        (Some(objection), _) if backup.is_deleting || backup.is_only_expired(now) => PartState::Expired(objection),
        (_, "PartiallyFailed") => PartState::Partial { done: backup.items, why: format!("PartiallyFailed: {}", why()) },
        (_, phase @ ("Failed" | "FailedValidation")) => PartState::Failed(format!("{phase}: {}", why())),
        (_, phase) if phase.is_empty() || AT_WORK.contains(&phase) => PartState::Running,
        (_, phase) => PartState::Unknown(format!("its phase is {:?}, which hwdr does not know", kept(phase))),
    };
    BackupPart {
        started: backup.started,
        ended: backup.completed,
        expires: backup.expiration,
        is_kept: backup.is_kept,
        ..BackupPart::new(backup.name.clone(), backup.time().or(backup.created), state)
    }
}

/// The Schedule of that name.
pub fn named<'s>(schedules: &'s [Json], name: &str) -> Option<&'s Json> {
    schedules.iter().find(|schedule| text(schedule, "/metadata/name") == name)
}

/// What makes backups by the Schedule of that name, and what is wrong with it.
pub fn makers(seen: &Seen, name: &str) -> (Reading<Vec<Maker>>, Option<Fault>) {
    let schedules = match &seen.schedules {
        Ok(schedules) => schedules,
        Err(fault) => return (Err(fault.clone()), None),
    };
    let Some(schedule) = named(schedules, name) else {
        return (Ok(Vec::new()), None);
    };
    let time = |pointer: &str| text(schedule, pointer).parse::<Timestamp>().ok();
    let namespace = &seen.velero.namespace;
    let maker = Maker {
        object: format!("Schedule/{name}"),
        schedule: text(schedule, "/spec/schedule").to_owned(),
        zone: None,
        is_suspended: schedule.pointer("/spec/paused").is_some_and(|paused| paused == true),
        wake: patch_command(namespace, "schedule", name, r#""paused":false"#),
        since: time("/metadata/creationTimestamp"),
        last: time("/status/lastBackup"),
    };
    let invalid = (text(schedule, "/status/phase") == "FailedValidation").then(|| {
        let why = schedule.pointer("/status/validationErrors").and_then(Json::as_array);
        let why = why.into_iter().flatten().filter_map(Json::as_str).collect::<Vec<_>>().join("; ");
        Fault::new(Severity::Critical, format!("Velero refuses Schedule/{name}: {}", said(&why)))
            .fix("correct it in the values, and upgrade")
    });
    (Ok(vec![maker]), invalid)
}

/// After how long without a look the location is stale; none if Velero is told never to look again (velero, internal/storage,
/// `IsReadyToValidate`).
fn silent_for(location: &Json) -> Option<SignedDuration> {
    match cron::go_seconds(text(location, "/spec/validationFrequency")) {
        Some(0) => None,
        Some(seconds) => Some(SignedDuration::from_secs(seconds.saturating_mul(MISSED).saturating_add(RESTART))),
        // Not given, or negative, which Velero takes for its own.
        None => Some(SILENT),
    }
}

/// Why no backup can be written to the storage location.
pub fn location(seen: &Seen) -> Option<Fault> {
    let name = &seen.velero.location;
    let namespace = word(&seen.velero.namespace);
    let critical = |what: String| Fault::new(Severity::Critical, what);
    let locations = match &seen.locations {
        Ok(locations) => locations,
        Err(fault) => return Some(fault.clone()),
    };
    let Some(location) = locations.iter().find(|location| text(location, "/metadata/name") == name) else {
        let fault = critical(format!("there is no storage location {name} in namespace {namespace}"));
        return Some(fault.fix(
            "if the values name another one, give them with -f; else create it:\n\
             helm hwdr bsl apply --bucket BUCKET --region REGION --iam",
        ));
    };
    let look = format!(
        "see what Velero says:\nkubectl -n {namespace} logs deployment/{} --tail=50",
        word(&seen.velero.deployment)
    );
    match text(location, "/status/phase") {
        "Available" => {}
        "" => {
            return Some(
                Fault::new(Severity::Warning, format!("Velero has not looked at the storage location {name} yet"))
                    .fix(look),
            );
        }
        phase => {
            let why = said(text(location, "/status/message"));
            return Some(critical(format!("the storage location {name} is {phase}: {why}")).fix(look));
        }
    }
    if text(location, "/spec/accessMode") == "ReadOnly" {
        let fault = critical(format!("the storage location {name} is read-only: Velero makes no new backups"));
        return Some(fault.fix(format!("unless a restore is running, let Velero write:\n{}", seen.velero.open())));
    }
    let looked: Timestamp = text(location, "/status/lastValidationTime").parse().ok()?;
    let silent = seen.now.duration_since(looked);
    let ahead = looked.duration_since(seen.now);
    if ahead > AHEAD {
        let what = format!("Velero's clock is {} ahead of this machine's: one of the two is wrong", ago(ahead));
        return Some(Fault::new(Severity::Warning, what).fix("compare them:\ndate -u").keyed("ahead"));
    }
    silent_for(location).filter(|limit| silent > *limit).map(|_| {
        let what = format!("Velero has not looked at the storage location {name} since {looked:.0}: is it running?");
        Fault::new(Severity::Warning, what).fix(format!("see whether it is running:\nkubectl -n {namespace} get pods"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_location_is_stale_after_what_it_says() {
        for (frequency, expected) in [
            (json!(null), Some(2 * 60)),
            (json!("1m0s"), Some(18)),
            (json!("6h0m0s"), Some(18 * 60 + 15)),
            (json!("0s"), None),
            (json!("-5m"), Some(2 * 60)),
            (json!("often"), Some(2 * 60)),
        ] {
            let found = silent_for(&json!({"spec": {"validationFrequency": frequency}}));
            assert_eq!(found.map(|limit| limit.as_mins()), expected, "{frequency}");
        }
    }
}
