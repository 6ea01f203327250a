//! The backups of a service's data: what its CronJob has recorded, and its Jobs, because a run that fails records nothing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;

use super::metadata::{DataBackup, RecordId, Service, read_of};
use crate::backups::{BackupPart, Fault, Join, Maker, PartState, Reading, Seen, Series, Severity};
use crate::cluster::WaitState;
use crate::cluster::condition::{self, text};
use crate::lint::{cron, ttl};
use crate::product::hopsworks::Hopsworks;
use crate::shown::{kept, patch_command};
use crate::topology::{Role, Workload};

/// How much earlier than its Job a backup may be: an id has no seconds, and clocks differ a little.
const EARLIER: SignedDuration = SignedDuration::from_secs(120);
/// How many keys are named that are not ids.
const NAMED: usize = 3;

/// What the cluster knows of the backups of `service`, which have ids of the type `I`, and whose CronJob has the role `role`.
pub fn series<I: RecordId>(
    seen: &Seen,
    service: Service,
    name: &'static str,
    title: &'static str,
    role: Role,
) -> Series {
    let mut odd = None;
    let mut unread = None;
    let mut parts = match &seen.config_maps {
        Ok(config_maps) => {
            // The CronJob that runs knows better than values, which may be another release's.
            let ttl = ttl_of(seen, role).or(seen.ttl);
            let (parts, none) = recorded::<I>(seen, config_maps, service, name, ttl);
            odd = none;
            parts
        }
        Err(fault) => {
            unread = Some(fault.clone());
            Vec::new()
        }
    };
    match &seen.jobs {
        Ok(jobs) => {
            let jobs: Vec<_> = jobs.iter().filter(|job| is_run_of(seen, job, role)).collect();
            let unrecorded = unrecorded(&jobs, &parts, seen.now, unread.is_none());
            parts.extend(unrecorded);
        }
        Err(fault) => unread = unread.or_else(|| Some(fault.clone())),
    }
    Series {
        parts,
        unread,
        makers: makers(seen, role),
        turn_on: "set global._hopsworks.backups.enabled to true in the values, and upgrade",
        odd,
        faults: zoned(seen, role),
        ..Series::new(name, title, Join::Own)
    }
}

/// The CronJobs whose schedule names its time zone: they run, but cannot be made again.
fn zoned(seen: &Seen, role: Role) -> Vec<Fault> {
    let fault = |maker: Maker| {
        cron::zoned(&maker.schedule)?;
        let what = format!(
            "{} has a time zone in its schedule ({}), which Kubernetes takes in no new CronJob",
            maker.object,
            kept(&maker.schedule)
        );
        Some(Fault::new(Severity::Warning, what).fix("write the schedule in UTC in the values, and upgrade"))
    };
    makers(seen, role).unwrap_or_default().into_iter().filter_map(fault).collect()
}

/// For how many seconds the CronJob itself keeps backups: the ttl that its clean-up is given. None if it is given none.
fn ttl_of(seen: &Seen, role: Role) -> Option<i64> {
    let cron_job = seen.cron_jobs.as_ref().ok()?.iter().find(|cron_job| has_role(cron_job, role))?;
    let workload = Workload::of(&Hopsworks, 0, "CronJob", cron_job)?;
    // RonDB's chart: env TTL of cleanup-old-backups (templates/backups/create.yaml).
    let is_ttl = |entry: &&Json| matches!(text(entry, "/name"), "TTL" | "BACKUP_TTL" | "BACKUPS_TTL");
    let env = workload.pod.all_containers().filter_map(|container| container.get("env")?.as_array()).flatten();
    env.filter(is_ttl).find_map(|entry| ttl::parse(text(entry, "/value")).ok())
}

/// The entries of its ConfigMaps, and a problem if some are not backups.
fn recorded<I: RecordId>(
    seen: &Seen,
    config_maps: &[Json],
    service: Service,
    name: &str,
    ttl: Option<i64>,
) -> (Vec<BackupPart>, Option<Fault>) {
    let Some((_, first)) = seen.records.iter().find(|(of, _)| *of == name) else { return (Vec::new(), None) };
    let (backups, unreadable) = read_of::<I>(config_maps, service, first);
    let mut by_id: BTreeMap<String, BackupPart> = BTreeMap::new();
    let unknown = unreadable.iter().filter_map(|entry| {
        let id = entry.id.as_ref()?;
        let why = format!("{}/{id} cannot be read: {}", entry.config_map, entry.why);
        Some(part(id.text(), id.moment(), PartState::Unknown(why)))
    });
    let known = backups.into_iter().map(|backup| {
        let time = backup.id.moment().or(backup.start);
        let ttl = ttl.map(SignedDuration::from_secs);
        let expires = time.zip(ttl).and_then(|(time, ttl)| time.checked_add(ttl).ok());
        // It is not gone when that time has passed: the next run of the CronJob that succeeds deletes the files, and then the record.
        let part = part(backup.id.text(), time, state(&backup));
        BackupPart { started: backup.start, ended: backup.end, expires, ..part }
    });
    // If an id is recorded twice, the good record counts.
    for part in unknown.chain(known) {
        let is_better = by_id.get(&part.name).is_none_or(|other| !other.is_good());
        if is_better {
            by_id.insert(part.name.clone(), part);
        }
    }
    let odd: Vec<_> = unreadable.iter().filter(|entry| entry.id.is_none()).map(ToString::to_string).collect();
    (by_id.into_values().collect(), not_backups(&odd))
}

/// Names entries that are not backups; none if there are none.
pub fn not_backups(odd: &[String]) -> Option<Fault> {
    let more = match odd.len().checked_sub(NAMED) {
        None | Some(0) => String::new(),
        Some(more) => format!("; and {more} more"),
    };
    let named = odd.iter().take(NAMED).map(|entry| kept(entry)).collect::<Vec<_>>().join("; ");
    (!odd.is_empty()).then(|| {
        Fault::new(Severity::Warning, format!("entries that are not backups: {named}{more}"))
            .fix("no restore uses them: remove those that nobody needs")
    })
}

fn part(id: &str, time: Option<Timestamp>, state: PartState) -> BackupPart {
    BackupPart { is_id: true, ..BackupPart::new(id, time, state) }
}

/// What a record says. Today's CronJobs only write `SUCCESS`.
fn state<I: RecordId>(backup: &DataBackup<I>) -> PartState {
    if backup.is_good() {
        return PartState::Good;
    }
    let recorded = || format!("recorded as {:?} in ConfigMap {}", kept(&backup.state), backup.config_map);
    match backup.state.to_ascii_uppercase().as_str() {
        "FAILED" | "FAILURE" | "ERROR" => PartState::Failed(recorded()),
        "RUNNING" | "STARTED" | "IN_PROGRESS" => PartState::Running,
        "PARTIAL" => PartState::Partial { done: None, why: recorded() },
        _ => PartState::Unknown(format!("{}, which hwdr does not know", recorded())),
    }
}

/// Whether a Job is a run of a CronJob with that role, and of this release.
fn is_run_of(seen: &Seen, job: &Json, role: Role) -> bool {
    let owners = job.pointer("/metadata/ownerReferences").and_then(Json::as_array).into_iter().flatten();
    let Some(owner) = owners.into_iter().find(|owner| text(owner, "/kind") == "CronJob") else { return false };
    match &seen.cron_jobs {
        Ok(cron_jobs) => cron_jobs
            .iter()
            .any(|cron_job| text(cron_job, "/metadata/name") == text(owner, "/name") && has_role(cron_job, role)),
        // Its pods are those of its CronJob.
        Err(_) => {
            let template = job.get("spec").cloned().unwrap_or_default();
            has_role(&serde_json::json!({"spec": {"jobTemplate": {"spec": template}}}), role)
        }
    }
}

fn has_role(cron_job: &Json, role: Role) -> bool {
    Workload::of(&Hopsworks, 0, "CronJob", cron_job).is_some_and(|workload| workload.role == role)
}

/// Runs without a record. A complete one is only reported if all records could be read (`are_read`).
fn unrecorded(jobs: &[&Json], parts: &[BackupPart], now: Timestamp, are_read: bool) -> Vec<BackupPart> {
    let times = |(at, part): (usize, &BackupPart)| [part.started, part.time].map(|time| Some((time?, at)));
    let mut records: Vec<_> = parts.iter().enumerate().flat_map(times).flatten().collect();
    records.sort_unstable();
    let mut runs: Vec<_> = jobs.iter().filter_map(|job| Run::of(job)).collect();
    // Complete runs find their records first: a run that failed soon after one has none.
    runs.sort_by_key(|run| (run.state != WaitState::Done, run.started));
    let mut found = BTreeSet::new();
    let mut is_recorded = |run: &Run| {
        let from = run.started.checked_sub(EARLIER).unwrap_or(run.started);
        let to = run.ended.unwrap_or(now);
        let behind = records.partition_point(|(time, _)| *time < from);
        let near = records.iter().skip(behind).take_while(|(time, _)| *time <= to);
        let is_its = |at: &usize| !found.contains(at) && parts.get(*at).is_some_and(|part| run.may_be(&part.state));
        let own = near.map(|(_, at)| *at).find(is_its);
        own.is_some_and(|own| found.insert(own))
    };
    runs.retain(|run| !is_recorded(run));
    runs.into_iter().filter_map(|run| run.part(are_read)).collect()
}

/// A run of a CronJob.
struct Run<'j> {
    name: &'j str,
    state: WaitState,
    started: Timestamp,
    ended: Option<Timestamp>,
}

impl<'j> Run<'j> {
    fn of(job: &'j Json) -> Option<Self> {
        let time = |pointer: &str| text(job, pointer).parse::<Timestamp>().ok();
        let started = time("/status/startTime").or_else(|| time("/metadata/creationTimestamp"))?;
        let state = condition::job(Some(job));
        let ended = time("/status/completionTime").or_else(|| match state {
            WaitState::Never(_) => failed_at(job),
            _ => None,
        });
        Some(Self { name: text(job, "/metadata/name"), state, started, ended })
    }

    /// Whether a record with that state may be of this run. Of a run that failed, it also has to tell how it has ended.
    fn may_be(&self, state: &PartState) -> bool {
        let is_over = matches!(state, PartState::Good | PartState::Expired(_) | PartState::Failed(_));
        is_over || !matches!(self.state, WaitState::Never(_))
    }

    fn part(self, are_read: bool) -> Option<BackupPart> {
        let Self { name, started, ended, .. } = self;
        let state = match self.state {
            WaitState::Never(why) => PartState::Failed(why),
            WaitState::NotYet(_) => PartState::Running,
            WaitState::Done if are_read => {
                PartState::Unknown(format!("Job {name} is complete, but no record names its backup"))
            }
            WaitState::Done => return None,
        };
        let part = BackupPart::new(name, Some(started), state);
        Some(BackupPart { started: Some(started), ended, job: Some(name.to_owned()), ..part })
    }
}

/// When a Job failed.
fn failed_at(job: &Json) -> Option<Timestamp> {
    let conditions = job.pointer("/status/conditions")?.as_array()?;
    let failed = conditions.iter().find(|condition| text(condition, "/type") == "Failed")?;
    text(failed, "/lastTransitionTime").parse().ok()
}

/// The CronJobs with that role.
fn makers(seen: &Seen, role: Role) -> Reading<Vec<Maker>> {
    let cron_jobs = seen.cron_jobs.as_ref().map_err(Clone::clone)?;
    let maker = |cron_job: &Json| {
        let time = |pointer: &str| text(cron_job, pointer).parse::<Timestamp>().ok();
        let name = text(cron_job, "/metadata/name");
        let zone = text(cron_job, "/spec/timeZone");
        Maker {
            object: format!("CronJob/{name}"),
            schedule: text(cron_job, "/spec/schedule").to_owned(),
            zone: Some(zone.to_owned()).filter(|zone| !matches!(zone.as_str(), "" | "UTC" | "Etc/UTC")),
            is_suspended: cron_job.pointer("/spec/suspend").is_some_and(|suspend| suspend == true),
            wake: patch_command(&seen.namespace, "cronjob", name, r#""suspend":false"#),
            since: time("/metadata/creationTimestamp"),
            last: time("/status/lastScheduleTime"),
        }
    };
    Ok(cron_jobs.iter().filter(|cron_job| has_role(cron_job, role)).map(maker).collect())
}
