//! Whether backups are made, service by service, and why not.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::fault::{Fault, Severity};
use super::inventory::Inventory;
use super::part::{BackupPart, PartState};
use super::series::{Join, Maker, Series};
use super::view::{ago, long};
use crate::lint::cron::Schedule;
use crate::shown::{kept, word};

/// A backup is too old after so many of the longest intervals.
const INTERVALS: f64 = 1.5;
/// What to do without a backup that is new enough.
const MAKE: &str = "make one now:\nhelm hwdr backups create --wait";

/// Whether something backs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Enabled {
    /// All is well.
    Enabled,
    /// Backups are on, but something is wrong.
    Partial,
    /// Nothing makes backups.
    Disabled,
    /// hwdr could not find out.
    #[default]
    Unknown,
}

impl Enabled {
    /// One word, stable.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Partial => "partial",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }

    /// All of them.
    pub const ALL: [Self; 4] = [Self::Enabled, Self::Partial, Self::Disabled, Self::Unknown];
}

/// The status of one series. What is not known is none.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceStatus {
    /// The series: `objects/main`.
    pub name: String,
    /// The name of the series for people.
    #[serde(skip)]
    pub called: String,
    /// Whether it backs up.
    pub is: Enabled,
    /// The worst of its faults.
    pub severity: Severity,
    /// The schedule, as it is written.
    pub schedule: Option<String>,
    /// The longest time between two runs, in seconds.
    pub interval_seconds: Option<i64>,
    /// The age at which the last good backup is too old, in seconds.
    pub limit_seconds: Option<i64>,
    /// The name of the last good backup.
    pub last_good: Option<String>,
    /// Its time.
    pub last_good_time: Option<Timestamp>,
    /// How old that is, in seconds.
    pub age_seconds: Option<i64>,
    /// Whether there is a good one; none if not known.
    pub has_good: Option<bool>,
    /// The state of the newest one.
    pub last_run: Option<&'static str>,
    /// Whether the newest one that is over has failed, at least in part.
    #[serde(skip)]
    pub last_failed: Option<bool>,
    /// How long the last good one took, in seconds.
    pub took_seconds: Option<i64>,
    /// How large it is.
    pub bytes: Option<u64>,
    /// When it expires.
    pub expires: Option<Timestamp>,
    /// When the next one is due.
    pub next: Option<Timestamp>,
    /// What is wrong.
    pub faults: Vec<Fault>,
    /// Whether it makes no backups of its own: then the rest is not known.
    #[serde(skip)]
    pub is_a_look: bool,
}

impl ServiceStatus {
    /// The status of something that makes no backups of its own, with what is wrong with it.
    pub fn of(name: &str, called: String, faults: Vec<Fault>) -> Self {
        let severity = faults.iter().map(|fault| fault.severity).max().unwrap_or(Severity::Ok);
        Self {
            name: name.to_owned(),
            called,
            is: match severity {
                Severity::Ok => Enabled::Enabled,
                Severity::Unknown => Enabled::Unknown,
                Severity::Warning | Severity::Critical => Enabled::Partial,
            },
            severity,
            faults,
            is_a_look: true,
            ..Self::default()
        }
    }
}

/// The status of a release's backups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// When the cluster was read.
    pub now: Timestamp,
    /// All of it.
    pub is: Enabled,
    /// The worst of all faults.
    pub severity: Severity,
    /// The newest set that can be restored into a new cluster.
    pub last_usable: Option<String>,
    /// Its time.
    pub last_usable_time: Option<Timestamp>,
    /// Whether there is one; none if not known.
    pub has_usable: Option<bool>,
    /// The age at which it is too old, in seconds.
    pub limit_seconds: Option<i64>,
    /// Problems of the whole, beside those of each series.
    pub faults: Vec<Fault>,
    /// Each series.
    pub services: Vec<ServiceStatus>,
}

impl Status {
    /// Adds what makes no backups of its own: it counts like every service.
    pub fn with(mut self, service: ServiceStatus) -> Self {
        self.severity = self.severity.max(service.severity);
        if self.is == Enabled::Enabled && service.is != Enabled::Enabled {
            self.is = if service.is == Enabled::Unknown { Enabled::Unknown } else { Enabled::Partial };
        }
        self.services.push(service);
        self
    }

    /// Whether it says the same as another one. Time alone changes nothing: not an age, nor when the next backup is due.
    pub fn is_like(&self, other: &Self) -> bool {
        let same = |one: &[Fault], other: &[Fault]| {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_like(other))
        };
        let services = self.services.iter().zip(&other.services);
        (self.is, self.severity, &self.last_usable) == (other.is, other.severity, &other.last_usable)
            && same(&self.faults, &other.faults)
            && self.services.len() == other.services.len()
            && services.into_iter().all(|(one, other)| {
                let of = |it: &ServiceStatus| (it.is, it.severity, it.has_good, it.last_run, it.last_failed);
                let names = |it: &ServiceStatus| [Some(it.name.clone()), it.last_good.clone(), it.schedule.clone()];
                of(one) == of(other) && names(one) == names(other) && same(&one.faults, &other.faults)
            })
    }
}

/// The status of all backups. `max_age` is the age at which a backup is too old; without it, its schedule decides.
pub fn status(inventory: &Inventory, max_age: Option<SignedDuration>) -> Status {
    let now = inventory.now;
    let services: Vec<_> = inventory.series.iter().map(|series| of(series, now, max_age)).collect();
    let all = |wanted: &[Enabled]| services.iter().all(|service| wanted.contains(&service.is));
    let usable = inventory.usable().next();
    let last_usable = usable.map(|set| inventory.name(set).to_owned());
    let last_usable_time = usable.and_then(|set| set.time);
    let is_known = usable.is_some() || !inventory.may_hide_usable();
    let has_usable = is_known.then_some(usable.is_some());
    let limit_seconds = services.iter().filter_map(|service| service.limit_seconds).max();
    let faults: Vec<_> =
        apart(&services, last_usable.as_deref(), last_usable_time, limit_seconds, now).into_iter().collect();
    let is = match () {
        () if services.is_empty() => Enabled::Unknown,
        () if all(&[Enabled::Enabled]) && faults.is_empty() => Enabled::Enabled,
        () if all(&[Enabled::Disabled]) => Enabled::Disabled,
        () if all(&[Enabled::Enabled, Enabled::Unknown]) && faults.is_empty() => Enabled::Unknown,
        () => Enabled::Partial,
    };
    let severity = services.iter().map(|service| service.severity).max().unwrap_or(Severity::Unknown);
    let severity = faults.iter().map(|fault| fault.severity).fold(severity, Ord::max);
    Status { now, is, severity, last_usable, last_usable_time, has_usable, limit_seconds, faults, services }
}

/// A problem if each service has good backups, but they do not fit together.
fn apart(
    services: &[ServiceStatus],
    name: Option<&str>,
    time: Option<Timestamp>,
    limit: Option<i64>,
    now: Timestamp,
) -> Option<Fault> {
    let are_good =
        services.iter().all(|service| service.has_good == Some(true) && service.severity <= Severity::Warning);
    let limit = limit?;
    let age = time.map(|time| now.duration_since(time));
    if !are_good || age.is_some_and(|age| age.as_secs() <= limit) {
        return None;
    }
    let newest = match (name, age) {
        (Some(name), Some(age)) => format!("the newest that can be restored as a whole is {name}, {} old", ago(age)),
        _ => "none can be restored as a whole".to_owned(),
    };
    let what = format!("the services' newest backups do not belong together: {newest}");
    Some(Fault::new(Severity::Critical, what).fix("see why:\nhelm hwdr backups list").keyed("apart"))
}

fn of(series: &Series, now: Timestamp, max_age: Option<SignedDuration>) -> ServiceStatus {
    let mut faults: Vec<_> = series.faults.iter().chain(&series.odd).cloned().collect();
    let makers: &[Maker] = series.makers.as_deref().unwrap_or_default();
    let awake: Vec<_> = makers.iter().filter(|maker| !maker.is_suspended).collect();
    match &series.makers {
        Err(fault) => faults.push(fault.clone()),
        Ok(makers) if makers.is_empty() => {
            // What a restore can do without may be left out by choice.
            let severity = if series.join == Join::Optional { Severity::Warning } else { Severity::Critical };
            faults.push(Fault::new(severity, "nothing makes backups").fix(series.turn_on));
        }
        Ok(_) => {}
    }
    for maker in makers.iter().filter(|maker| maker.is_suspended) {
        let what = format!("{} is suspended: it makes no backups", maker.object);
        faults.push(
            Fault::new(Severity::Critical, what)
                .fix(format!("unless a restore is running, resume it:\n{}", maker.wake)),
        );
    }
    let plan = Timing::of(&awake, now, &mut faults);
    faults.extend(series.unread.clone().filter(|fault| !faults.contains(fault)));
    let good = series.last_good(now);
    let limit = max_age.map(|age| age.as_secs()).or_else(|| {
        // A backup counts from its beginning on, and is not good before its end.
        let takes = good.and_then(BackupPart::took).map_or(0, |took| took.as_secs());
        plan.interval.map(|interval| too_long(interval).saturating_add(takes))
    });
    match good {
        Some(good) => judge(good, now, limit, &plan, &mut faults),
        None if series.unread.is_none() && !makers.is_empty() => faults.push(none_yet(&awake, limit, &plan, now)),
        None => {}
    }
    faults.extend(series.ahead(now).map(|part| of_clock(part, now)));
    let over = series.last_over(now);
    let running = series.last_run(now).filter(|run| run.state == PartState::Running);
    faults.extend(over.into_iter().chain(running).filter_map(|run| of_run(run, plan.interval, now)));
    faults.sort_by_key(|fault| std::cmp::Reverse(fault.severity));
    faults.dedup();
    let severity = faults.iter().map(|fault| fault.severity).max().unwrap_or(Severity::Ok);
    let is = match &series.makers {
        Err(fault) if fault.is_unknown() => Enabled::Unknown,
        Err(_) => Enabled::Disabled,
        Ok(_) if awake.is_empty() => Enabled::Disabled,
        Ok(_) if severity == Severity::Ok => Enabled::Enabled,
        Ok(_) if severity == Severity::Unknown => Enabled::Unknown,
        Ok(_) => Enabled::Partial,
    };
    let is_open = |part: &BackupPart| matches!(part.state, PartState::Unknown(_));
    let may_be_good = series.is_unknown() || series.parts.iter().any(is_open);
    ServiceStatus {
        name: series.name(),
        called: series.called.clone(),
        is,
        severity,
        schedule: makers.first().map(|maker| kept(&maker.schedule)),
        interval_seconds: plan.interval,
        limit_seconds: limit,
        last_good: good.map(|good| good.name.clone()),
        last_good_time: good.and_then(|good| good.time),
        age_seconds: good.and_then(|good| Some(now.duration_since(good.time?).as_secs().max(0))),
        has_good: if good.is_none() && may_be_good { None } else { Some(good.is_some()) },
        last_run: series.last_run(now).map(|run| run.state.word()),
        last_failed: over.and_then(|run| match run.state {
            PartState::Failed(_) | PartState::Partial { .. } => Some(true),
            PartState::Unknown(_) => None,
            // A newer run may have failed.
            _ if series.is_unknown() => None,
            _ => Some(false),
        }),
        took_seconds: good.and_then(BackupPart::took).map(|took| took.as_secs()),
        bytes: good.and_then(|good| good.bytes),
        expires: good.and_then(|good| good.expires),
        next: plan.next,
        faults,
        is_a_look: false,
    }
}

/// When backups are made.
#[derive(Debug, Default)]
struct Timing {
    /// The shortest of its makers' longest intervals, in seconds.
    interval: Option<i64>,
    /// When the first of them runs next.
    next: Option<Timestamp>,
}

impl Timing {
    fn of(makers: &[&Maker], now: Timestamp, faults: &mut Vec<Fault>) -> Self {
        let mut plan = Self::default();
        for maker in makers {
            match Schedule::in_zone(&maker.schedule) {
                Ok((schedule, _)) if schedule.never_fires() => {
                    let what = format!("the schedule {:?} of {} never fires", kept(&maker.schedule), maker.object);
                    faults.push(Fault::new(Severity::Critical, what).fix("correct it in the values, and upgrade"));
                }
                Ok((schedule, zone)) => {
                    let gap = schedule.longest_gap();
                    faults.extend(gap.and_then(|gap| silent(maker, gap, now)));
                    plan.interval = [plan.interval, gap].into_iter().flatten().min();
                    // hwdr only counts in UTC.
                    let is_utc = maker.zone.is_none() && zone.is_none();
                    let next = schedule.next(now, maker.last.or(maker.since)).filter(|_| is_utc);
                    plan.next = [plan.next, next].into_iter().flatten().min();
                }
                Err(error) => {
                    let what = format!(
                        "the schedule {:?} of {} cannot be read: {}",
                        kept(&maker.schedule),
                        maker.object,
                        kept(&error.to_string())
                    );
                    faults.push(Fault::new(Severity::Unknown, what).fix("correct it in the values, and upgrade"));
                }
            }
        }
        plan
    }
}

/// So many seconds are too long for an interval of `gap` seconds.
fn too_long(gap: i64) -> i64 {
    (gap as f64 * INTERVALS) as i64
}

/// A problem if a schedule no longer fires. The backups need not show it: in a bucket that clusters share, they may be another cluster's.
fn silent(maker: &Maker, gap: i64, now: Timestamp) -> Option<Fault> {
    let fired = maker.last.or(maker.since)?;
    let is_silent = now.duration_since(fired).as_secs() > too_long(gap);
    let since =
        if maker.last.is_some() { format!("since {fired:.0}") } else { format!("since it was created, {fired:.0}") };
    is_silent.then(|| {
        Fault::new(Severity::Critical, format!("{} has not fired {since}", maker.object))
            .fix("see whether what makes backups is running (Velero, or the controller of CronJobs)")
    })
}

/// What is wrong with the last good backup.
fn judge(good: &BackupPart, now: Timestamp, limit: Option<i64>, plan: &Timing, faults: &mut Vec<Fault>) {
    let Some(time) = good.time else { return };
    let age = now.duration_since(time);
    if let Some(limit) = limit.map(SignedDuration::from_secs).filter(|limit| age > *limit) {
        let what = format!("the last good backup, {}, is {} old: more than {}", good.name, ago(age), ago(limit));
        faults.push(Fault::new(Severity::Critical, what).fix(MAKE).keyed("too old"));
    }
    if let (Some(expires), Some(next)) = (good.expires, plan.next)
        && expires < next
    {
        let what = format!("the last good backup, {}, expires before the next one is made ({next:.0})", good.name);
        faults
            .push(Fault::new(Severity::Warning, what).fix("keep backups for longer than the time between them (ttl)"));
    }
}

/// No good backup: only a warning if none was due yet.
fn none_yet(awake: &[&Maker], limit: Option<i64>, plan: &Timing, now: Timestamp) -> Fault {
    let since = awake.iter().filter_map(|maker| maker.since).min();
    let waits = since.map(|since| now.duration_since(since).as_secs());
    if waits.zip(limit).is_some_and(|(waits, limit)| waits <= limit) {
        let next = plan.next.map_or_else(String::new, |next| format!("; the next is due at {next:.0}"));
        return Fault::new(Severity::Warning, format!("no good backup yet{next}")).fix(MAKE);
    }
    Fault::new(Severity::Critical, "there is no good backup").fix(MAKE)
}

/// A backup from the future.
fn of_clock(part: &BackupPart, now: Timestamp) -> Fault {
    let ahead = part.time.map_or(SignedDuration::ZERO, |time| time.duration_since(now));
    let what = format!("{} is {} ahead of this machine's clock: one of the two clocks is wrong", part.name, ago(ahead));
    Fault::new(Severity::Warning, what).fix("compare them:\ndate -u").keyed("ahead")
}

/// What is wrong with the newest one that is over, or with one that runs.
fn of_run(run: &BackupPart, interval: Option<i64>, now: Timestamp) -> Option<Fault> {
    let name = &run.name;
    let fault = match &run.state {
        PartState::Good | PartState::Expired(_) => return None,
        PartState::Failed(why) => Fault::new(Severity::Warning, format!("the last run failed, {name}: {why}")),
        PartState::Partial { why, .. } => {
            Fault::new(Severity::Warning, format!("the last backup is not whole, {name}: {why}"))
        }
        PartState::Unknown(why) => Fault::new(Severity::Unknown, format!("the last backup, {name}: {why}")),
        PartState::Running => {
            let takes = now.duration_since(run.started.or(run.time)?).as_secs();
            interval.filter(|interval| takes > *interval)?;
            let what = format!("{name} has run for {}, longer than the time between two", long(takes));
            Fault::new(Severity::Warning, what).keyed("too long")
        }
    };
    Some(fault.fix(format!("see all that is known of it:\nhelm hwdr backups show {}", word(name))))
}
