//! Which of Velero's backups belong to a backup id: those nearest to its time, never blindly the latest.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::{ObjectBackup, Velero};
use crate::product::request::Backup;
use crate::refusal::Refusal;
use crate::shown::duration;

/// A backup farther from the id's time than this is reported.
const FAR: SignedDuration = SignedDuration::from_hours(1);
/// A backup farther than this must be named.
const TOO_FAR: SignedDuration = SignedDuration::from_hours(24);

/// How near a backup is to a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Near enough.
    Near,
    /// It is used, but what changed in between does not match.
    Far,
    /// It is not used, unless it is named.
    TooFar,
}

/// How near a backup is that began so much later.
pub fn nearness(skew: SignedDuration) -> Nearness {
    match skew.abs() {
        far if far > TOO_FAR => Nearness::TooFar,
        far if far > FAR => Nearness::Far,
        _ => Nearness::Near,
    }
}

/// Sorts by nearness. Of two that are equally far, the later one is first: an object too many does no harm; a missing Secret does.
pub fn rank(skew: SignedDuration) -> impl Ord {
    (skew.unsigned_abs(), Reverse(skew))
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The backup id of the restore.
    pub id: Backup,
    /// The Velero backup of the cluster's objects, if it is named.
    pub main: Option<String>,
    /// The Velero backup of the users' resources, if it is named.
    pub users: Option<String>,
}

impl Wanted {
    /// The names that were given.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        [&self.main, &self.users].into_iter().flatten().map(String::as_str)
    }
}

/// A backup to restore.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Which.
    pub backup: ObjectBackup,
    /// How much later than the id's time it began; negative: earlier. None if the id names no time.
    pub skew: Option<SignedDuration>,
    /// Whether it was named, and not chosen by its time.
    pub is_named: bool,
    /// Notes on the choice.
    pub notes: Vec<String>,
}

/// The backups of objects that belong to one backup id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// The backup id.
    pub id: Backup,
    /// The cluster's own objects.
    pub main: Chosen,
    /// The users' namespaces, and what is in them.
    pub users: Chosen,
}

impl Set {
    /// Both, in the order in which they are restored.
    pub fn both(&self) -> [&Chosen; 2] {
        [&self.main, &self.users]
    }
}

impl Chosen {
    /// How far it is from the id's time, for people.
    pub fn skew_text(&self) -> String {
        self.skew.map_or_else(|| "the id names no time".to_owned(), apart)
    }
}

/// Chooses the set for `wanted` as of `now`.
///
/// # Errors
/// If a named backup does not exist or cannot be restored, or none is near enough: with the backups that exist.
pub fn choose(backups: &[ObjectBackup], wanted: &Wanted, velero: &Velero, now: Timestamp) -> Result<Set, Refusal> {
    let choice = Choice { backups, wanted, velero, now };
    Ok(Set {
        id: wanted.id.clone(),
        main: choice.of(&velero.main_schedule, "--main", wanted.main.as_deref())?,
        users: choice.of(&velero.users_schedule, "--users", wanted.users.as_deref())?,
    })
}

struct Choice<'c> {
    backups: &'c [ObjectBackup],
    wanted: &'c Wanted,
    velero: &'c Velero,
    now: Timestamp,
}

impl Choice<'_> {
    fn of(&self, schedule: &str, flag: &str, name: Option<&str>) -> Result<Chosen, Refusal> {
        match name {
            Some(name) => self.named(schedule, name),
            None => self.nearest(schedule, flag),
        }
    }

    /// The one that was named, if it can be restored.
    fn named(&self, schedule: &str, name: &str) -> Result<Chosen, Refusal> {
        let Some(backup) = self.backups.iter().find(|backup| backup.name == name) else {
            return Err(self.with_list(Refusal::new(format!("there is no Velero backup {name}")), schedule));
        };
        if !backup.schedule.is_empty() && backup.schedule != schedule {
            let problem = format!("the Velero backup {name} is one of {}, not of {schedule}", backup.schedule);
            return Err(self.with_list(Refusal::new(problem), schedule));
        }
        if let Some(objection) = backup.objection(self.now) {
            return Err(self.refused(backup, &objection, schedule));
        }
        let mut chosen = self.chosen(backup, true);
        if chosen.skew.is_some_and(|skew| nearness(skew) != Nearness::Near) {
            chosen.notes.push(format!("{} is {}: it is used because it was named", backup.name, chosen.skew_text()));
        }
        Ok(chosen)
    }

    /// The good one that is nearest to the id's time.
    fn nearest(&self, schedule: &str, flag: &str) -> Result<Chosen, Refusal> {
        let Velero { namespace, location, .. } = self.velero;
        let id = &self.wanted.id;
        let Some(time) = id.time else {
            return Err(self.with_list(
                Refusal::new(format!(
                    "the backup id {id} names no time, so no backup of {schedule} can be nearest to it"
                ))
                .help(format!("name the one that belongs to it: {flag} NAME")),
                schedule,
            ));
        };
        let mut all: Vec<_> = self
            .backups
            .iter()
            .filter(|backup| backup.schedule == schedule && backup.location == self.velero.location)
            .filter_map(|backup| Some((backup.time()?.duration_since(time), backup)))
            .collect();
        all.sort_by(|(one, a), (other, b)| rank(*one).cmp(&rank(*other)).then_with(|| a.name.cmp(&b.name)));
        let mut good = all.iter().filter(|(_, backup)| backup.objection(self.now).is_none());
        let Some((skew, backup)) = good.next() else {
            return Err(match all.first() {
                Some((_, backup)) => self.refused(backup, &backup.objection(self.now).unwrap_or_default(), schedule),
                None => Refusal::new(format!(
                    "Velero knows no backup of the schedule {schedule} in the storage location {location}"
                ))
                .help(format!("see what it knows:\nkubectl -n {namespace} get backups --show-labels"))
                .help(format!(
                    "see whether the location is the right one (bucket, prefix):\nkubectl -n {namespace} get \
                     backupstoragelocation {location} -o yaml"
                )),
            });
        };
        if nearness(*skew) == Nearness::TooFar {
            return Err(self.with_list(
                Refusal::new(format!(
                    "the nearest good backup of {schedule} to {id} ({time}) is {}, which is {}: objects and data would \
                     hardly match",
                    backup.name,
                    apart(*skew)
                ))
                .help(format!("use it anyway: {flag} {}", backup.name)),
                schedule,
            ));
        }
        let mut chosen = self.chosen(backup, false);
        if nearness(*skew) != Nearness::Near {
            chosen.notes.push(format!(
                "{} is the nearest good one, but {}: what changed in between does not match the data",
                backup.name,
                apart(*skew)
            ));
        }
        if let Some((_, other)) = good.next().filter(|(other, _)| other.abs() == skew.abs()) {
            chosen
                .notes
                .push(format!("{} is equally near; the later one is used (name the other with {flag})", other.name));
        }
        for (_, nearer) in all.iter().take_while(|(_, other)| other.name != backup.name) {
            let Some(objection) = nearer.objection(self.now) else { continue };
            chosen.notes.push(format!("{} is nearer, but {objection}: skipped", nearer.name));
        }
        Ok(chosen)
    }

    fn chosen(&self, backup: &ObjectBackup, is_named: bool) -> Chosen {
        let skew = self.wanted.id.time.zip(backup.time()).map(|(id, backup)| backup.duration_since(id));
        Chosen { backup: backup.clone(), skew, is_named, notes: Vec::new() }
    }

    /// Refuses a backup that cannot be restored.
    fn refused(&self, backup: &ObjectBackup, objection: &str, schedule: &str) -> Refusal {
        let Velero { namespace, location, .. } = self.velero;
        let name = &backup.name;
        let mut refusal = Refusal::new(format!("the Velero backup {name} {objection}"));
        if backup.is_only_expired(self.now) {
            let until = self.now.saturating_add(SignedDuration::from_hours(7 * 24)).unwrap_or(Timestamp::MAX);
            refusal = refusal.help(format!(
                "Velero deletes it at its next check, unless {location} is ReadOnly. If you want it, keep it for \
                 a week:\nkubectl -n {namespace} patch backup \\\n{name} \\\n--type merge -p '{{\"status\":{{\"expiration\":\"{until:.0}\"}}}}'"
            ));
        } else if backup.phase == "PartiallyFailed" {
            refusal = refusal.help(format!("see what is missing in it:\nvelero backup describe --details \\\n{name}"));
        }
        self.with_list(refusal, schedule)
    }

    /// Adds the good backups of the schedule, nearest first.
    fn with_list(&self, refusal: Refusal, schedule: &str) -> Refusal {
        let namespace = &self.velero.namespace;
        const SHOWN: usize = 5;
        let far = |backup: &ObjectBackup| {
            self.wanted.id.time.zip(backup.time()).map(|(id, time)| time.duration_since(id).abs())
        };
        let mut good: Vec<_> = self
            .backups
            .iter()
            .filter(|backup| backup.schedule == schedule && backup.objection(self.now).is_none())
            .collect();
        good.sort_by_key(|backup| far(backup));
        if good.is_empty() {
            return refusal.help(format!(
                "there is no good backup of {schedule}; list them all:\nkubectl -n {namespace} get backups \\\n-l velero.io/schedule-name={schedule}"
            ));
        }
        let names: Vec<_> = good.iter().take(SHOWN).map(|backup| backup.name.as_str()).collect();
        let more = match good.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!("\nand {more} more"),
        };
        refusal.help(format!("the good backups of {schedule}, nearest first:\n{}{more}", names.join("\n")))
    }
}

/// How far from a time, for people: `52 s later`, `3 h 20 min earlier`.
pub fn apart(skew: SignedDuration) -> String {
    match (skew.unsigned_abs().as_secs(), skew.is_negative()) {
        (0, _) => "at the same time".to_owned(),
        (seconds, true) => format!("{} earlier", duration(seconds)),
        (seconds, false) => format!("{} later", duration(seconds)),
    }
}

#[cfg(test)]
mod tests;
