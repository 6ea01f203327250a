//! The Backups of the namespace: those of its Schedule, and those that were made by hand.

use jiff::Timestamp;

use super::Objects;
use super::schedule::Wanted;
use crate::backups::velero::{location, makers, named, part_of};
use crate::backups::{BackupPart, Fault, Join, Maker, PartState, Reading, Seen, Series, Severity};
use crate::product::service::Service as _;
use crate::product::streams::settings::names::{Setting as _, VeleroBackup};
use crate::velero::{ObjectBackup, Scope};

/// All that the cluster knows.
pub(super) fn series(seen: &Seen) -> Series {
    let (parts, unread) = match &seen.backups {
        Ok(backups) => {
            let parts = backups.iter().filter(|backup| is_its(backup, seen));
            (parts.map(|backup| part(part_of(backup, seen.now), &backup.scope, Some(&seen.namespace))).collect(), None)
        }
        Err(fault) => (Vec::new(), Some(fault.clone())),
    };
    let (makers, invalid) = makers(seen, &seen.velero.main_schedule);
    let mut faults: Vec<_> = location(seen).into_iter().chain(invalid).collect();
    let makers = makers.and_then(|makers| of_namespace(seen, makers));
    if makers.is_ok() {
        faults.extend(not_whole(seen));
    }
    Series { parts, unread, makers, faults, ..new_series() }
}

/// The series, without backups yet.
pub(super) fn new_series() -> Series {
    Series { called: Objects.title().to_owned(), ..Series::new(Objects.name(), "namespace", Join::Whole) }
}

/// Whether a backup has anything of the namespace, and is of its Schedule or of none.
fn is_its(backup: &ObjectBackup, seen: &Seen) -> bool {
    let is_of = backup.schedule.is_empty() || backup.schedule == seen.velero.main_schedule;
    is_of && backup.location == seen.velero.location && backup.scope.has(&seen.namespace)
}

/// The same part, which is only good if it has exactly the whole namespace.
pub(super) fn part(part: BackupPart, scope: &Scope, namespace: Option<&str>) -> BackupPart {
    let is_id = VeleroBackup::parse(&part.name).is_some();
    let state = match (part.state, scope.objection(namespace)) {
        (PartState::Good, Some(why)) => PartState::Partial { done: None, why },
        (state, _) => state,
    };
    BackupPart { is_id, state, ..part }
}

/// The Schedule, if it is there and of this namespace; or why not, and how to make one.
fn of_namespace(seen: &Seen, makers: Vec<Maker>) -> Reading<Vec<Maker>> {
    let (name, velero, namespace) = (&seen.velero.main_schedule, &seen.velero.namespace, &seen.namespace);
    if makers.is_empty() {
        let what = format!("there is no Schedule {name} in namespace {velero}: nothing backs up namespace {namespace}");
        let fault = Fault::new(Severity::Critical, what);
        return Err(match Wanted::of_seen(seen) {
            Some(wanted) => fault.fix(format!("create it:\n{}", wanted.command())),
            None => fault,
        });
    }
    let scope = scope(seen);
    if scope.is_some_and(|scope| !scope.has(namespace)) {
        let what = format!(
            "Schedule/{name} in namespace {velero} backs up other namespaces: nothing backs up namespace {namespace}"
        );
        return Err(Fault::new(Severity::Critical, what).fix(format!(
            "give the Schedule of this release a name of its own in the values, and create it:\n  hwdr.streams.velero.schedule: {name}-{namespace}"
        )));
    }
    Ok(makers)
}

/// What is wrong with what the Schedule backs up.
fn not_whole(seen: &Seen) -> Option<Fault> {
    let name = &seen.velero.main_schedule;
    let why = scope(seen)?.objection(Some(&seen.namespace))?;
    let fault = Fault::new(Severity::Critical, format!("no backup of Schedule/{name} can be restored: {why}"));
    let wanted = Wanted::of_seen(seen)?;
    Some(fault.fix(format!("create it anew; its backups stay:\n{}\n{}", wanted.deletion(), wanted.command())))
}

fn scope(seen: &Seen) -> Option<Scope> {
    named(seen.schedules.as_deref().ok()?, &seen.velero.main_schedule).map(Scope::of_schedule)
}

/// When it was made, if nothing but the name is there to say so.
pub(super) fn time_of(name: &str) -> Option<Timestamp> {
    VeleroBackup::parse(name)?.time()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::{BackupSet, Inventory, Usable, making, status};
    use crate::product::Product as _;
    use crate::product::streams::Streams;
    use crate::source::Source;
    use crate::values::read_one;
    use serde_json::{Value as Json, json};

    fn now() -> Timestamp {
        "2026-01-10T12:00:00Z".parse().unwrap()
    }

    fn backup(name: &str, schedule: &str, change: impl FnOnce(&mut Json)) -> ObjectBackup {
        let mut backup = json!({
            "metadata": {"name": name, "labels": {"velero.io/schedule-name": schedule, "velero.io/storage-location": "default"}},
            "spec": {"includedNamespaces": ["prod"], "storageLocation": "default", "ttl": "720h0m0s"},
            "status": {"phase": "Completed", "startTimestamp": "2026-01-10T03:00:00Z", "completionTimestamp": "2026-01-10T03:00:09Z",
                "expiration": "2026-02-09T03:00:00Z"}});
        change(&mut backup);
        ObjectBackup::read(&backup)
    }

    fn schedule(change: impl FnOnce(&mut Json)) -> Json {
        let mut schedule =
            Wanted { namespace: "prod", velero: &seen().velero, cron: "0 3 * * *", ttl: 720 * 3_600 }.object();
        schedule["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z".into();
        schedule["status"] = json!({"phase": "Enabled", "lastBackup": "2026-01-10T03:00:00Z"});
        change(&mut schedule);
        schedule
    }

    /// What is read of a cluster without backups, with the default settings.
    fn seen() -> Seen {
        let values = read_one(Source::new("values.yaml", "hwdr: {product: streams}")).unwrap();
        let storage = Streams.storage(&values).unwrap();
        let location = json!({"metadata": {"name": "default"}, "status": {"phase": "Available", "lastValidationTime": "2026-01-10T11:59:30Z"}});
        Seen {
            now: now(),
            namespace: "prod".to_owned(),
            velero: Streams.velero(&values).unwrap(),
            ttl: storage.ttl,
            cron: storage.cron,
            records: Vec::new(),
            expected: Vec::new(),
            config_maps: Ok(Vec::new()),
            cron_jobs: Ok(Vec::new()),
            jobs: Ok(Vec::new()),
            backups: Ok(Vec::new()),
            schedules: Ok(Vec::new()),
            locations: Ok(vec![location]),
        }
    }

    fn with(backups: Vec<ObjectBackup>) -> Seen {
        Seen { backups: Ok(backups), schedules: Ok(vec![schedule(|_| ())]), ..seen() }
    }

    /// The names, states and reasons of all sets, and whether a new cluster can be restored.
    fn sets(seen: &Seen) -> Vec<(String, &'static str, Usable, Vec<String>)> {
        let installed = Ok("2026-01-01T00:00:00Z".parse().unwrap());
        let inventory = Inventory::new(seen.now, installed, vec![series(seen)]);
        let of = |set: &BackupSet| {
            let fitness = inventory.fitness(set);
            assert_eq!(fitness.in_place, Usable::No, "Velero overwrites nothing");
            let state = inventory.part(set, 0).unwrap().state.word();
            (inventory.id(set).unwrap_or("-").to_owned(), state, fitness.new_cluster, fitness.reasons)
        };
        inventory.sets.iter().map(of).collect()
    }

    #[test]
    fn each_backup_is_a_set_that_is_whole_or_says_why_not() {
        let set = |pointer: &'static str, value: Json| {
            move |backup: &mut Json| match backup.pointer_mut(pointer) {
                Some(place) => *place = value,
                None => backup["spec"][pointer.rsplit('/').next().unwrap()] = value,
            }
        };
        for (pointer, value, state, usable, why) in [
            ("/kind", json!("Backup"), "good", Usable::Yes, "in place: Velero overwrites nothing"),
            ("/status/phase", json!("PartiallyFailed"), "partial", Usable::No, "PartiallyFailed: 0 errors"),
            ("/status/phase", json!("Failed"), "failed", Usable::No, "Failed"),
            ("/status/phase", json!("InProgress"), "running", Usable::No, "it is being made"),
            ("/status/phase", json!("Odd"), "unknown", Usable::Unknown, "which hwdr does not know"),
            (
                "/status/expiration",
                json!("2026-01-10T11:00:00Z"),
                "expired",
                Usable::No,
                "expired at 2026-01-10T11:00:00Z",
            ),
            ("/spec/includedNamespaces", json!(["prod", "b"]), "partial", Usable::No, "it has 2 namespaces (prod, b)"),
            ("/spec/includedNamespaces", json!(["*"]), "partial", Usable::No, "it has all namespaces"),
            (
                "/spec/excludedResources",
                json!(["secrets"]),
                "partial",
                Usable::No,
                "leave objects out (excludedResources: secrets)",
            ),
        ] {
            for (name, schedule) in [("streams-20260110030000", "streams"), ("before-the-upgrade", "")] {
                let found = sets(&with(vec![backup(name, schedule, set(pointer, value.clone()))]));
                let [(id, is, new_cluster, reasons)] = found.as_slice() else { panic!("{pointer}: {found:?}") };
                assert_eq!((id.as_str(), *is, *new_cluster), (name, state, usable), "{pointer} {value}");
                assert!(reasons.len() == 1 || usable == Usable::Unknown, "{reasons:?}");
                assert!(reasons.iter().any(|reason| reason.contains(why)), "{pointer} {value}: {reasons:?}");
            }
        }
    }

    #[test]
    fn only_backups_of_the_namespace_count() {
        let to =
            |pointer: &'static str, value: Json| move |backup: &mut Json| *backup.pointer_mut(pointer).unwrap() = value;
        let all = vec![
            backup("streams-20260110030000", "streams", |_| ()),
            backup("by-hand", "", |_| ()),
            backup("nightly-20260110030000", "nightly", |_| ()),
            backup("streams-20260109030000", "streams", to("/spec/includedNamespaces", json!(["staging"]))),
            backup("of-others", "", to("/spec/includedNamespaces", json!(["staging"]))),
            backup("elsewhere", "", to("/spec/storageLocation", json!("other"))),
        ];
        let names: Vec<_> = sets(&with(all)).into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, ["streams-20260110030000", "by-hand"]);
    }

    /// What status says of the Schedule, and whether a backup can be begun.
    #[test]
    fn a_schedule_that_does_not_back_up_the_namespace_is_said() {
        let critical = "there is no Schedule streams in namespace velero: nothing backs up namespace prod";
        for (schedules, says, fix) in [
            (Ok(vec![schedule(|_| ())]), "", ""),
            (
                Ok(Vec::new()),
                critical,
                "velero schedule create streams -n velero \\\n  --schedule '0 3 * * *' --ttl 720h",
            ),
            (Ok(vec![schedule(|it| it["metadata"]["name"] = "other".into())]), critical, "--include-namespaces prod"),
            (
                Ok(vec![schedule(|it| it["spec"]["template"]["includedNamespaces"] = json!(["staging"]))]),
                "Schedule/streams in namespace velero backs up other namespaces: nothing backs up namespace prod",
                "hwdr.streams.velero.schedule: streams-prod",
            ),
            (
                Ok(vec![schedule(|it| it["spec"]["template"]["labelSelector"] = json!({"matchLabels": {"a": "b"}}))]),
                "no backup of Schedule/streams can be restored: its settings leave objects out (labelSelector)",
                "kubectl -n velero delete schedules.velero.io streams\nvelero schedule create streams",
            ),
            (
                Ok(vec![schedule(|it| it["spec"]["paused"] = true.into())]),
                "Schedule/streams is suspended: it makes no backups",
                "kubectl -n velero patch schedule streams",
            ),
            (Err(Fault::new(Severity::Unknown, "cannot be read")), "cannot be read", ""),
        ] {
            let seen = Seen { schedules, ..with(vec![backup("streams-20260110030000", "streams", |_| ())]) };
            let installed = Ok("2026-01-01T00:00:00Z".parse().unwrap());
            let status = status(&Inventory::new(seen.now, installed, vec![series(&seen)]), None);
            let faults = &status.services[0].faults;
            match says {
                "" => assert_eq!(faults, &[]),
                says => {
                    let fault =
                        faults.iter().find(|fault| fault.what == says).unwrap_or_else(|| panic!("{says}: {faults:?}"));
                    assert!(fault.fix.as_deref().unwrap_or_default().contains(fix), "{fault:?}");
                }
            }
            let is_paused = says.contains("suspended");
            let made = making(&[series(&seen)], seen.now);
            assert_eq!(made.is_ok(), says.is_empty() || is_paused, "{says}: {made:?}");
            if let Ok(making) = made {
                let [make] = making.makes.as_slice() else { panic!("{making:?}") };
                assert!(!make.is_data && make.from.to_string() == "Schedule/streams" && making.taken.is_none());
            }
        }
    }
}
