//! A backup of everything now: what is made for it, of what, and why it should not be begun. Pure.

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key, and what is written to is made here")]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value as Json, json};

use super::fault::{Fault, Severity};
use super::part::{BackupPart, PartState};
use super::series::{Join, Maker, Series};
use super::view::ago;
use crate::cluster::condition::text;
use crate::lint::cron::Schedule;
use crate::object_id::ObjectId;

/// A scheduled run that is due so soon is named.
const SOON: SignedDuration = SignedDuration::from_mins(10);
/// The longest name of a Job (kubernetes, pkg/apis/batch/validation), of which its pods' labels are made.
const LONGEST: usize = 63;

/// What a backup of everything is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Making {
    /// Of each service's backups: what is run. Data is first.
    pub makes: Vec<Make>,
    /// Services that are left out, and why.
    pub left_out: Vec<Fault>,
    /// What to know before.
    pub warnings: Vec<String>,
    /// The minute that the newest backup is named by: another one cannot be begun in it.
    pub taken: Option<Timestamp>,
}

/// Something that is run for a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Make {
    /// The series, for people.
    pub called: String,
    /// What it is made from: a CronJob, or a Schedule of Velero's.
    pub from: ObjectId,
    /// Whether it is data; else Kubernetes objects.
    pub is_data: bool,
}

/// What is made for a backup now.
///
/// # Errors
/// Every reason not to begin.
pub fn making(series: &[Series], now: Timestamp) -> Result<Making, Vec<Fault>> {
    let (mut making, mut against) = (Making::default(), Vec::new());
    for series in series {
        let of = |fault: &Fault| Fault { what: format!("{}: {}", series.called, fault.what), ..fault.clone() };
        let makers = match &series.makers {
            Ok(makers) => makers,
            // Data can be backed up without Velero.
            Err(fault) if !fault.is_unknown() && series.join == Join::Nearest => {
                making.left_out.push(of(fault));
                continue;
            }
            Err(fault) => {
                against.push(of(fault));
                continue;
            }
        };
        // A restore can do without it, and it may be off by choice.
        if makers.is_empty() && series.join == Join::Optional {
            making.warnings.push(format!("{}: nothing makes backups, so it is not in this one", series.called));
            continue;
        }
        if makers.is_empty() {
            against.push(of(&Fault::new(Severity::Critical, "nothing makes backups").fix(series.turn_on)));
        }
        against.extend(series.unread.iter().map(of));
        let (grave, light): (Vec<_>, Vec<_>) =
            series.faults.iter().partition(|fault| matches!(fault.severity, Severity::Critical | Severity::Unknown));
        against.extend(grave.into_iter().map(of));
        making.warnings.extend(light.into_iter().map(|fault| of(fault).what));
        against.extend(series.parts.iter().filter(|part| part.state == PartState::Running).map(|part| {
            let since = part.started.or(part.time).map_or_else(String::new, |time| format!(", since {time:.0}"));
            of(&Fault::new(Severity::Warning, format!("{} is being made{since}", part.name))
                .fix("wait until it has ended:\nhelm hwdr backups list"))
        }));
        let took = series.last_good(now).and_then(BackupPart::took).unwrap_or_default().max(SOON);
        for maker in makers {
            making.warnings.extend(about(series, maker, now, took));
            making.makes.push(Make {
                called: series.called.clone(),
                from: maker.object.as_str().into(),
                is_data: !series.join.is_velero(),
            });
        }
    }
    making.makes.sort_by_key(|make| !make.is_data);
    // A run that failed has used its name, too.
    let named = |part: &&BackupPart| part.is_id || part.job.is_some();
    let ids = series.iter().filter(|series| !series.join.is_velero()).flat_map(|series| &series.parts);
    let ids = ids.filter(named).filter_map(|part| part.time);
    making.taken = ids.filter(|time| minute(*time) == minute(now)).max();
    against.dedup();
    if against.is_empty() { Ok(making) } else { Err(against) }
}

/// A backup id has no seconds (`%y%V%u%H%M`).
fn minute(time: Timestamp) -> i64 {
    time.as_second().div_euclid(60)
}

/// How long it is until another backup can be begun, if the newest one has this minute's name.
pub fn until_free(taken: Timestamp, now: Timestamp) -> Option<SignedDuration> {
    let left = 60_i64.saturating_sub(now.as_second().rem_euclid(60));
    (minute(taken) == minute(now)).then(|| SignedDuration::from_secs(left))
}

/// What to know of something that is run.
fn about(series: &Series, maker: &Maker, now: Timestamp, took: SignedDuration) -> Vec<String> {
    let mut warnings = Vec::new();
    if maker.is_suspended {
        warnings.push(format!("{}: {} is suspended, and is run all the same", series.called, maker.object));
        return warnings;
    }
    let next = Schedule::in_zone(&maker.schedule).ok().filter(|(_, zone)| zone.is_none() && maker.zone.is_none());
    let next = next.and_then(|(schedule, _)| schedule.next(now, maker.last.or(maker.since)));
    if let Some(next) = next.filter(|next| next.duration_since(now) < took) {
        warnings.push(format!(
            "{}: {} runs by its schedule in {}, and may disturb this backup",
            series.called,
            maker.object,
            ago(next.duration_since(now))
        ));
    }
    warnings
}

/// The Job that a CronJob would make, as `kubectl create job --from` makes it (kubectl, pkg/cmd/create/create_job.go).
pub fn job_of(cron_job: &Json, now: Timestamp) -> Json {
    let (name, template) = (text(cron_job, "/metadata/name"), &cron_job["spec"]["jobTemplate"]);
    let mut annotations = Map::from_iter([("cronjob.kubernetes.io/instantiate".to_owned(), "manual".into())]);
    annotations.extend(map(&template["metadata"]["annotations"]));
    json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(name, now),
            "labels": map(&template["metadata"]["labels"]),
            "annotations": annotations,
            "ownerReferences": [owner("batch/v1", "CronJob", cron_job)],
        },
        "spec": template["spec"],
    })
}

/// The name of a Job: its CronJob's, and the minute.
pub fn job_name(cron_job: &str, now: Timestamp) -> String {
    let end = format!("-manual-{}", now.strftime("%y%m%d%H%M"));
    let room = LONGEST.saturating_sub(end.len());
    let begin: String = cron_job.chars().take(room).collect();
    format!("{}{end}", begin.trim_end_matches(['-', '.']))
}

/// The Backup that a Schedule would make, as Velero makes it (velero, pkg/builder/backup_builder.go, `FromSchedule`). A restore knows it by the
/// label.
pub fn backup_of(schedule: &Json, now: Timestamp) -> Json {
    let (name, template) = (text(schedule, "/metadata/name"), &schedule["spec"]["template"]);
    let own = &template["metadata"]["labels"];
    let mut labels = map(if own.is_object() { own } else { &schedule["metadata"]["labels"] });
    labels.insert("velero.io/schedule-name".to_owned(), name.into());
    let mut metadata = json!({
        "name": backup_name(name, now),
        "labels": labels,
        "annotations": map(&schedule["metadata"]["annotations"]),
    });
    if schedule["spec"]["useOwnerReferencesInBackup"] == true {
        metadata["ownerReferences"] = json!([owner("velero.io/v1", "Schedule", schedule)]);
    }
    json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": metadata, "spec": template})
}

/// The name of a Backup (velero, pkg/apis/velero/v1/schedule_types.go, `TimestampedName`).
pub fn backup_name(schedule: &str, now: Timestamp) -> String {
    format!("{schedule}-{}", now.strftime("%Y%m%d%H%M%S"))
}

fn owner(version: &str, kind: &str, of: &Json) -> Json {
    json!({"apiVersion": version, "kind": kind, "name": of["metadata"]["name"], "uid": of["metadata"]["uid"], "controller": true})
}

fn map(value: &Json) -> Map<String, Json> {
    value.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-02-13T15:36:27Z".parse().unwrap()
    }

    fn maker(object: &str) -> Maker {
        Maker {
            object: object.to_owned(),
            schedule: "@weekly".to_owned(),
            zone: None,
            is_suspended: false,
            wake: String::new(),
            since: None,
            last: None,
        }
    }

    fn series(join: Join, makers: &[&str]) -> Series {
        Series {
            called: format!("{join:?}"),
            makers: Ok(makers.iter().map(|name| maker(name)).collect()),
            turn_on: "turn it on",
            ..Series::new("s", "s", join)
        }
    }

    type Change = fn(&mut [Series]);

    #[test]
    fn every_reason_not_to_begin_is_named() {
        let cases: [(Change, &str); 7] = [
            (|_| {}, ""),
            (|all| all[0].makers = Ok(Vec::new()), "Own: nothing makes backups"),
            (|all| all[1].faults.push(Fault::new(Severity::Critical, "no bucket")), "Nearest: no bucket"),
            (|all| all[1].faults.push(Fault::new(Severity::Warning, "slow")), ""),
            (|all| all[0].unread = Some(Fault::new(Severity::Unknown, "forbidden")), "Own: forbidden"),
            (|all| all[1].makers = Err(Fault::new(Severity::Unknown, "forbidden")), "Nearest: forbidden"),
            (
                |all| {
                    all[0].parts.push(BackupPart::new("p", "2026-02-13T15:00:00Z".parse().ok(), PartState::Running));
                },
                "Own: p is being made, since 2026-02-13T15:00:00Z",
            ),
        ];
        for (change, expected) in cases {
            let mut all = [series(Join::Own, &["CronJob/a"]), series(Join::Nearest, &["Schedule/b"])];
            change(&mut all);
            let found = making(&all, now()).map_err(|faults| faults[0].what.clone());
            assert_eq!(found.err().unwrap_or_default(), expected);
        }
    }

    #[test]
    fn data_goes_first_and_velero_may_be_absent() {
        let mut all = [series(Join::Nearest, &["Schedule/b"]), series(Join::Own, &["CronJob/a", "CronJob/c"])];
        let names = |making: &Making| making.makes.iter().map(|make| make.from.to_string()).collect::<Vec<_>>();
        assert_eq!(names(&making(&all, now()).unwrap()), ["CronJob/a", "CronJob/c", "Schedule/b"]);
        all[0].makers = Err(Fault::new(Severity::Critical, "Velero is not in this cluster"));
        let without = making(&all, now()).unwrap();
        assert_eq!((names(&without).len(), without.left_out.len()), (2, 1));
    }

    /// It can be off while records of its old backups are still there.
    #[test]
    fn what_a_restore_can_do_without_does_not_stop_a_backup() {
        let mut all = [series(Join::Own, &["CronJob/a"]), series(Join::Optional, &[])];
        all[1].parts.push(BackupPart::new("old", "2026-01-13T15:00:00Z".parse().ok(), PartState::Good));
        let found = making(&all, now()).unwrap();
        assert_eq!((found.makes.len(), found.left_out.len()), (1, 0));
        assert_eq!(found.warnings, ["Optional: nothing makes backups, so it is not in this one"]);
        // What was not read may be a reason.
        all[1].makers = Err(Fault::new(Severity::Unknown, "forbidden"));
        assert_eq!(making(&all, now()).unwrap_err()[0].what, "Optional: forbidden");
    }

    #[test]
    fn a_minute_names_one_backup_alone() {
        let mut all = [series(Join::Own, &["CronJob/a"])];
        let id =
            |time: &str| BackupPart { is_id: true, ..BackupPart::new("260751536", time.parse().ok(), PartState::Good) };
        for (time, expected) in [("2026-02-13T15:36:00Z", Some(33)), ("2026-02-13T15:35:59Z", None)] {
            let failed = BackupPart::new("j", time.parse().ok(), PartState::Failed("no room".to_owned()));
            for part in [id(time), BackupPart { job: Some("j".to_owned()), ..failed }] {
                all[0].parts = vec![part];
                let taken = making(&all, now()).unwrap().taken;
                let left = taken.and_then(|taken| until_free(taken, now())).map(|left| left.as_secs());
                assert_eq!(left, expected, "{time}");
            }
        }
    }

    #[test]
    fn what_runs_soon_or_is_suspended_is_said() {
        let mut all = [series(Join::Own, &["CronJob/a"])];
        for (schedule, suspended, expected) in [
            ("40 15 * * *", false, "Own: CronJob/a runs by its schedule in 3m, and may disturb this backup"),
            ("40 16 * * *", false, ""),
            ("CRON_TZ=Europe/Stockholm 40 15 * * *", false, ""),
            ("40 15 * * *", true, "Own: CronJob/a is suspended, and is run all the same"),
        ] {
            all[0].makers =
                Ok(vec![Maker { schedule: schedule.to_owned(), is_suspended: suspended, ..maker("CronJob/a") }]);
            assert_eq!(making(&all, now()).unwrap().warnings.concat(), expected, "{schedule}");
        }
    }

    #[test]
    fn a_job_is_as_kubectl_makes_it() {
        let cron_job = json!({"metadata": {"name": "create-backup", "uid": "u", "labels": {"no": "no"}}, "spec": {"schedule": "@daily",
            "jobTemplate": {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": {"backoffLimit": 1}}}});
        assert_eq!(
            job_of(&cron_job, now()),
            json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "create-backup-manual-2602131536", "labels": {"a": "b"},
                "annotations": {"c": "d", "cronjob.kubernetes.io/instantiate": "manual"},
                "ownerReferences": [{"apiVersion": "batch/v1", "kind": "CronJob", "name": "create-backup", "uid": "u", "controller": true}]},
                "spec": {"backoffLimit": 1}})
        );
        let long = job_name(&format!("{}-{}", "a".repeat(44), "b".repeat(20)), now());
        assert_eq!(long, format!("{}-manual-2602131536", "a".repeat(44)));
    }

    #[test]
    fn a_backup_is_as_velero_makes_it() {
        let mut schedule = json!({"metadata": {"name": "main", "uid": "u", "labels": {"a": "b"}, "annotations": {"c": "d"}},
            "spec": {"schedule": "@daily", "template": {"storageLocation": "l", "ttl": "1440h"}}});
        let made = backup_of(&schedule, now());
        assert_eq!(
            made,
            json!({"apiVersion": "velero.io/v1", "kind": "Backup", "metadata": {"name": "main-20260213153627",
                "labels": {"a": "b", "velero.io/schedule-name": "main"}, "annotations": {"c": "d"}},
                "spec": {"storageLocation": "l", "ttl": "1440h"}})
        );
        schedule["spec"]["useOwnerReferencesInBackup"] = true.into();
        schedule["spec"]["template"]["metadata"] = json!({"labels": {"own": "1"}});
        let made = backup_of(&schedule, now());
        assert_eq!(made["metadata"]["labels"], json!({"own": "1", "velero.io/schedule-name": "main"}));
        assert_eq!(made["metadata"]["ownerReferences"][0]["name"], "main");
    }
}
