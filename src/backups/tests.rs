//! Tables of what belongs together, and what is said of it. The day is that of the id 254811200: 2025-11-24.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::product::request::Backup;
use crate::velero::{ObjectBackup, Velero, Wanted, choose};

const NOW: &str = "2025-12-01T00:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

/// `12:00`, or `+2d` from noon on.
fn time(text: &str) -> Timestamp {
    match text.strip_suffix('d') {
        Some(days) => {
            let noon: Timestamp = "2025-11-24T12:00:00Z".parse().unwrap();
            noon + SignedDuration::from_hours(24 * days.parse::<i64>().unwrap())
        }
        None => format!("2025-11-24T{text}:00Z").parse().unwrap(),
    }
}

/// `id@12:00 failed`: a part of that name and time, and what is wrong with it. A name of digits is an id.
fn part(text: &str) -> BackupPart {
    let (text, state) = text.split_once(' ').unwrap_or((text, ""));
    let (name, at) = text.split_once('@').unwrap();
    let state = match state {
        "" => PartState::Good,
        "failed" => PartState::Failed("no room".to_owned()),
        "partial" => PartState::Partial { done: Some((3, 4)), why: "node 2".to_owned() },
        "running" => PartState::Running,
        "expired" => PartState::Expired("expired".to_owned()),
        _ => PartState::Unknown("not JSON".to_owned()),
    };
    let time = (!at.is_empty()).then(|| time(at));
    BackupPart { is_id: name.bytes().all(|byte| byte.is_ascii_digit()), ..BackupPart::new(name, time, state) }
}

fn series(service: &'static str, join: Join, parts: &[&str]) -> Series {
    Series {
        parts: parts.iter().map(|text| part(text)).collect(),
        makers: Ok(vec![maker("@daily")]),
        turn_on: "turn it on",
        ..Series::new(service, service, join)
    }
}

fn maker(schedule: &str) -> Maker {
    Maker {
        object: "CronJob/it".to_owned(),
        schedule: schedule.to_owned(),
        zone: None,
        is_suspended: false,
        wake: "wake it".to_owned(),
        since: Some("2025-01-01T00:00:00Z".parse().unwrap()),
        last: Some("2025-11-30T23:00:00Z".parse().unwrap()),
    }
}

fn inventory(series: Vec<Series>) -> Inventory {
    Inventory::new(now(), Ok("2025-11-01T00:00:00Z".parse().unwrap()), series)
}

/// Each set as its name and its parts.
fn sets(inventory: &Inventory) -> Vec<String> {
    let of = |set: &BackupSet| {
        let parts = (0..inventory.series.len())
            .map(|at| inventory.part(set, at).map_or("-", |part| part.name.as_str()))
            .collect::<Vec<_>>();
        parts.join(" ")
    };
    inventory.sets.iter().map(of).collect()
}

/// A record of success stays when files are lost.
#[test]
fn the_bucket_speaks_against_what_the_cluster_calls_good() {
    let stored = ["1@12:00", "2@+1d partial", "3@+2d unknown", "5@+4d"];
    let with = |stored: Series| {
        let mut ours = series("rondb", Join::Own, &["1@12:00", "2@+1d", "3@+2d", "4@+3d", "5@+4d failed"]);
        ours.add_stored(&stored);
        let said = |part: &BackupPart| format!("{} {}", part.state.word(), part.state.why().unwrap_or_default());
        ours.parts.iter().map(|part| said(part).trim_end().to_owned()).collect::<Vec<_>>()
    };
    let gone = "partial its files are not in the bucket";
    assert_eq!(
        with(series("rondb", Join::Own, &stored)),
        ["good", "partial node 2", "unknown not JSON", gone, "failed no room"]
    );
    let other = "unknown the bucket has none of these backups: is it another bucket?";
    assert_eq!(with(series("rondb", Join::Own, &["9@12:00"])), [other, other, other, other, "failed no room"]);
    // What was not read speaks against nothing.
    let unread = Some(Fault::new(Severity::Unknown, "cannot be read"));
    assert_eq!(
        with(Series { unread, ..series("rondb", Join::Own, &[]) }),
        ["good", "good", "good", "good", "failed no room"]
    );
    // Read, and nothing there.
    let none = "unknown the bucket has no repository";
    let unread = Some(Fault::new(Severity::Critical, "the bucket has no repository"));
    assert_eq!(with(Series { unread, ..series("rondb", Join::Own, &[]) }), [none, none, none, none, "failed no room"]);
    // It was kept since.
    assert_eq!(with(series("rondb", Join::Own, &["1@12:00 expired"]))[0], "good");
}

#[test]
fn parts_of_one_run_are_one_set() {
    for (one, other, nearest, expected) in [
        // By id, and by time where clocks differ.
        (&["1@12:00", "2@1d"][..], &["1@12:00", "3@1d"][..], &[][..], &["2 3 -", "1 1 -"][..]),
        (&["1@12:00"], &["9@12:40"], &[], &["1 9 -"]),
        (&["1@12:00"], &["9@13:20"], &[], &["- 9 -", "1 - -"]),
        // An id goes before a time.
        (&["1@12:00", "2@12:30"], &["2@12:00"], &[], &["2 2 -", "1 - -"]),
        // Each is of one set alone, and the nearest.
        (&["1@12:00", "2@12:30"], &["8@12:05", "9@12:10"], &[], &["2 9 -", "1 8 -"]),
        // A good one goes to a good one, though a run that failed is nearer.
        (&["job@12:00 failed", "2@12:30"], &["9@12:00"], &[], &["2 9 -", "job - -"]),
        // Nor do many that failed hide it.
        (
            &["j1@12:01 failed", "j2@12:02 failed", "j3@12:03 failed", "j4@12:04 failed", "5@12:20"],
            &["9@12:00"],
            &[],
            &["5 9 -", "j4 - -", "j3 - -", "j2 - -", "j1 - -"],
        ),
        // What failed is seen, and so is what has no time.
        (&["1@12:00"], &["job@12:01 failed"], &[], &["1 job -"]),
        (&["1@"], &["1@", "2@"], &[], &["- 2 -", "1 1 -"]),
        // The nearest serves both; one that is not good is taken where there is no other.
        (&["1@12:00", "2@13:30"], &[], &["v@12:50"], &["2 - v", "1 - v"]),
        (&["1@12:00"], &[], &["v@12:01 failed", "w@20:00"], &["1 - w"]),
        (&["1@12:00"], &[], &["v@12:01 failed"], &["1 - v"]),
        (&["1@12:00"], &[], &["v@2d"], &["- - v", "1 - -"]),
        // One at the same time of each; of two that are as far, the later.
        (&["1@12:00"], &[], &["v@11:00", "w@13:00"], &["1 - w"]),
    ] {
        let all = vec![series("a", Join::Own, one), series("b", Join::Own, other), series("v", Join::Nearest, nearest)];
        assert_eq!(sets(&inventory(all)), expected, "{one:?} {other:?} {nearest:?}");
    }
}

/// What is backed up for itself goes with each set that it is near to, and is missed by none.
#[test]
fn a_set_can_do_without_what_is_optional() {
    let all = |optional: &[&str]| {
        inventory(vec![
            series("a", Join::Own, &["1@12:00", "2@1d"]),
            series("s", Join::Optional, optional),
            series("v", Join::Nearest, &["v@12:00", "w@1d"]),
        ])
    };
    for (optional, sets_of, notes) in [
        (
            &["s1@12:10"][..],
            ["2 s1 w", "1 s1 v"],
            ["s: 23 h 50 min earlier, so what changed in between does not match the data", ""],
        ),
        (&[], ["2 - w", "1 - v"], ["s: no good backup within a day; a restore does not bring it back"; 2]),
        (&["s1@4d"], ["2 - w", "1 - v"], ["s: no good backup within a day; a restore does not bring it back"; 2]),
        (
            &["job@12:02 failed"],
            ["2 - w", "1 job v"],
            [
                "s: no good backup within a day; a restore does not bring it back",
                "s: no room; a restore does not bring it back",
            ],
        ),
        // More than there are sets: no line of their own.
        (&["s1@12:00", "s2@18:00", "s3@1d"], ["2 s3 w", "1 s1 v"], ["", ""]),
    ] {
        let found = all(optional);
        assert_eq!(sets(&found), sets_of, "{optional:?}");
        for (set, expected) in found.sets.iter().zip(notes) {
            let fitness = found.fitness(set);
            assert_eq!((fitness.in_place, fitness.new_cluster, fitness.reasons), (Usable::Yes, Usable::Yes, vec![]));
            assert_eq!(found.notes(set).first().map_or("", String::as_str), expected, "{optional:?}");
            assert_eq!(found.restore_id(set), found.id(set));
        }
        // Each can be found by its name.
        for text in optional {
            let name = text.split('@').next().unwrap();
            assert!(found.find(name).is_ok(), "{name}");
        }
    }
    // A run of it that failed is seen, and one that is before the installation spoils nothing.
    assert_eq!(sets(&all(&["job@4d failed"])), ["- job -", "2 - w", "1 - v"]);
    let installed = Ok(time("11:30"));
    let early = Inventory::new(
        now(),
        installed,
        vec![series("a", Join::Own, &["1@12:00"]), series("s", Join::Optional, &["s1@11:00"])],
    );
    assert_eq!(early.fitness(&early.sets[0]).in_place, Usable::Yes);
    // Without anything else, it is not hidden.
    assert_eq!(
        sets(&inventory(vec![series("a", Join::Own, &[]), series("s", Join::Optional, &["s1@12:00"])])),
        ["- s1"]
    );
}

#[test]
fn objects_alone_are_a_set_of_their_own() {
    let all = vec![
        series("a", Join::Own, &["1@12:00"]),
        series("main", Join::Nearest, &["m1@12:00", "m2@4d", "m3@5d failed"]),
        series("users", Join::Nearest, &["u1@12:02", "u2@4d"]),
    ];
    assert_eq!(sets(&inventory(all)), ["- m3 -", "- m2 u2", "1 m1 u1"]);
}

/// Whatever there is, a set has the Velero backup that a restore of its id would choose.
#[test]
fn the_nearest_is_the_one_that_a_restore_chooses() {
    let mut random = fastrand::Rng::with_seed(7);
    let velero = Velero::default();
    for _ in 0..300 {
        let texts: Vec<_> = (0..random.usize(1..8))
            .map(|at| {
                let state = ["", "", "", " failed"][random.usize(0..4)];
                format!("v{at}@{:02}:{:02}{state}", random.usize(8..16), random.usize(0..4) * 15)
            })
            .collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let all = inventory(vec![series("a", Join::Own, &["254811200@12:00"]), series("v", Join::Nearest, &texts)]);
        let objects: Vec<_> = texts
            .iter()
            .flat_map(|text| {
                let part = part(text);
                velero.schedules().map(|schedule| ObjectBackup {
                    name: part.name.clone(),
                    schedule: schedule.to_owned(),
                    phase: if part.is_good() { "Completed" } else { "Failed" }.to_owned(),
                    location: velero.location.clone(),
                    started: part.time,
                    ..ObjectBackup::default()
                })
            })
            .collect();
        let id = Backup { id: "254811200".to_owned(), time: Some(time("12:00")) };
        let chosen = choose(&objects, &Wanted { id, main: None, users: None }, &velero, now());
        let set = all.find("254811200").unwrap();
        let part = all.part(set, 1).filter(|part| part.is_good());
        assert_eq!(part.map(|part| &part.name), chosen.ok().map(|set| set.main.backup.name).as_ref(), "{texts:?}");
    }
}

#[test]
fn what_a_set_can_be_used_for() {
    use Usable::{No, Unknown, Yes};
    for (parts, installed, expected) in [
        (["1@12:00", "1@12:00", "v@12:00"], "2025-11-01T00:00:00Z", (Yes, Yes, "")),
        (
            ["1@12:00", "1@12:00", "v@12:00"],
            "2025-11-25T00:00:00Z",
            (No, Yes, "in place: older than the installation of 2025-11-25T00:00:00Z, which made new certificates"),
        ),
        // One of its parts is.
        (
            ["1@12:00", "1@12:00", "v@10:00"],
            "2025-11-24T11:00:00Z",
            (No, Yes, "in place: older than the installation of 2025-11-24T11:00:00Z, which made new certificates"),
        ),
        (["1@9d", "1@9d", "v@9d"], "2025-11-01T00:00:00Z", (Unknown, Yes, "in place: its time is in the future")),
        (["1@12:00", "1@12:00", "v@12:00"], "", (Unknown, Yes, "in place: not read")),
        (["1@12:00 failed", "1@12:00", "v@12:00"], "2025-11-01T00:00:00Z", (No, No, "a: no room")),
        (["1@12:00 partial", "1@12:00", "v@12:00"], "2025-11-01T00:00:00Z", (No, No, "a: 3 of 4: node 2")),
        (["1@12:00", "1@12:00 odd", "v@12:00"], "2025-11-01T00:00:00Z", (Unknown, Unknown, "b: not JSON")),
        (["1@12:00", "1@12:00", "v@12:00 running"], "2025-11-01T00:00:00Z", (No, No, "v: it is being made")),
        (["1@12:00", "2@1d", "v@12:00"], "2025-11-01T00:00:00Z", (No, No, "b: no backup within an hour")),
        (["1@12:00", "1@12:00", "v@3d"], "2025-11-01T00:00:00Z", (No, No, "v: no good backup within a day")),
    ] {
        let [one, other, nearest] = parts;
        let all = vec![
            series("a", Join::Own, &[one]),
            series("b", Join::Own, &[other]),
            series("v", Join::Nearest, &[nearest]),
        ];
        let installed = installed.parse().map_err(|_| Fault::new(Severity::Unknown, "not read"));
        let all = Inventory::new(now(), installed, all);
        let Fitness { in_place, new_cluster, reasons } = all.fitness(all.find("1").unwrap());
        assert_eq!((in_place, new_cluster, reasons.join("; ").as_str()), expected, "{parts:?}");
    }
}

#[test]
fn what_could_not_be_read_is_unknown_and_what_is_not_there_is_missing() {
    let mut all =
        vec![series("a", Join::Own, &["1@12:00"]), series("b", Join::Own, &[]), series("v", Join::Nearest, &[])];
    all[1].unread = Some(Fault::new(Severity::Unknown, "forbidden"));
    all[2].unread = Some(Fault::new(Severity::Critical, "Velero is not there"));
    let all = inventory(all);
    let fitness = all.fitness(all.find("1").unwrap());
    // Velero is not there, so nothing can be restored by it into a new cluster; in place it is not needed.
    assert_eq!((fitness.in_place, fitness.new_cluster), (Usable::Unknown, Usable::No));
    assert_eq!(fitness.reasons, ["b: forbidden", "v: Velero is not there"]);
}

#[test]
fn a_copy_of_the_records_from_before_the_end_has_none() {
    let ended = |text: &str, at: &str| BackupPart { ended: Some(time(at)), ..part(text) };
    let copy = BackupPart { started: Some(time("12:01")), ..part("v@12:01") };
    let of = |a: BackupPart, b: BackupPart, copy: BackupPart| {
        let [mut one, mut other] = ["a", "b"].map(|service| series(service, Join::Own, &[]));
        (one.parts, other.parts) = (vec![a], vec![b]);
        let copies = Series { parts: vec![copy], has_records: true, ..series("v", Join::Nearest, &[]) };
        let all = inventory(vec![one, other, copies]);
        let set = all.find("1").unwrap();
        assert_eq!(all.fitness(set).new_cluster, Usable::Yes);
        assert_eq!(all.notes(set), [""; 0]);
        all.unrecorded(set)
    };
    let says = |late: &str| {
        Some(format!(
            "v: begun before {late} had ended, so it has no record of that: a restore into a new cluster says so, and goes on"
        ))
    };
    let one = |at: &str| ended("1@12:00", at);
    assert_eq!(of(one("12:12"), one("12:00"), copy.clone()), says("a"));
    assert_eq!(of(one("12:12"), one("12:02"), copy.clone()), says("a and b"));
    assert_eq!(of(one("12:00"), one("12:01"), copy.clone()), None);
    // Who does not know when something began or ended says nothing.
    assert_eq!(of(part("1@12:00"), part("1@12:00"), copy.clone()), None);
    assert_eq!(of(one("12:12"), one("12:12"), BackupPart { started: None, ..copy }), None);
}

/// A restore takes the first service's id for the id of all.
#[test]
fn only_ids_are_restored() {
    for (one, other, expected) in [
        (&["1@12:00"][..], &["1@12:00"][..], Some("1")),
        (&["1@12:00"], &["9@12:05"], Some("1")),
        (&["1@12:00"], &["job@12:05 odd"], None),
        (&["job@12:00 odd"], &["9@12:05"], None),
        (&[], &["9@12:05"], None),
    ] {
        let parts = [("a", Join::Own, one), ("b", Join::Own, other), ("v", Join::Nearest, &["v@12:00"])];
        let all = inventory(parts.map(|(name, join, parts)| series(name, join, parts)).into());
        assert_eq!(all.restore_id(&all.sets[0]), expected, "{one:?} {other:?}");
    }
}

#[test]
fn names_of_sets() {
    let all = inventory(vec![
        series("a", Join::Own, &["1@12:00", "2@1d", "3@2d failed", "job@3d failed", "4@4d running", "6@9d"]),
        series("v", Join::Nearest, &["v1@12:00", "v2@1d", "v6@9d"]),
    ]);
    for (name, expected) in [
        ("latest", Some("2")),
        ("oldest", Some("1")),
        ("last-failed", Some("job")),
        ("job", Some("job")),
        ("3", Some("3")),
        ("v1", Some("1")),
        ("v2", Some("2")),
        ("5", None),
        ("", None),
    ] {
        assert_eq!(all.find(name).ok().map(|set| all.name(set)), expected, "{name}");
    }
    let refusal = all.find("5").unwrap_err();
    assert!(refusal.help[0].contains("6, 4, 3, 2, 1"), "{refusal:?}");
    let said = |all: Inventory| all.find("latest").unwrap_err().problem;
    assert_eq!(said(inventory(Vec::new())), "no backup can be restored into a new cluster");
    let unread = |severity| Some(Fault::new(severity, "velero"));
    let without = |severity| {
        let velero = Series { unread: unread(severity), ..series("v", Join::Nearest, &[]) };
        said(inventory(vec![series("a", Join::Own, &["1@12:00"]), velero]))
    };
    assert_eq!(without(Severity::Unknown), "which backup is the latest that can be restored is not known");
    let odd = inventory(vec![series("a", Join::Own, &["1@12:00 strange"])]);
    assert_eq!(status(&odd, None).services[0].has_good, None);
    assert_eq!(said(odd), "which backup is the latest that can be restored is not known");
    assert_eq!(without(Severity::Critical), "no backup can be restored into a new cluster");
}

/// The status of one series, as its state, its severity and what is wrong.
fn status_of(change: impl Fn(&mut Series), max_age: Option<i64>) -> (Enabled, Severity, Vec<String>) {
    let mut one = series("a", Join::Own, &["1@5d", "2@6d"]);
    change(&mut one);
    let status = status(&inventory(vec![one]), max_age.map(SignedDuration::from_hours));
    let [service] = status.services.try_into().unwrap();
    assert_eq!((status.is, status.severity), (service.is, service.severity));
    let is_given = |what: &str| ["forbidden", "no Velero"].contains(&what);
    assert!(service.faults.iter().all(|it| it.fix.is_some() || is_given(&it.what)), "{:?}", service.faults);
    (service.is, service.severity, service.faults.into_iter().map(|fault| fault.what).collect())
}

#[test]
fn each_reason_is_said() {
    use Enabled::{Disabled, Enabled as On, Partial};
    let bad = |state: &'static str| move |one: &mut Series| one.parts.push(part(&format!("3@6d {state}")));
    type Change = Box<dyn Fn(&mut Series)>;
    let cases: Vec<(Change, Option<i64>, Enabled, Severity, &str)> = vec![
        (Box::new(|_| {}), None, On, Severity::Ok, ""),
        (Box::new(|_| {}), Some(11), Partial, Severity::Critical, "the last good backup, 2, is 12h old: more than 11h"),
        (
            Box::new(|one| one.makers.as_mut().unwrap()[0].is_suspended = true),
            None,
            Disabled,
            Severity::Critical,
            "CronJob/it is suspended: it makes no backups",
        ),
        (Box::new(|one| one.makers = Ok(Vec::new())), None, Disabled, Severity::Critical, "nothing makes backups"),
        (
            Box::new(|one| one.makers = Err(Fault::new(Severity::Unknown, "forbidden"))),
            None,
            Enabled::Unknown,
            Severity::Unknown,
            "forbidden",
        ),
        (
            Box::new(|one| one.makers = Err(Fault::new(Severity::Critical, "no Velero"))),
            None,
            Disabled,
            Severity::Critical,
            "no Velero",
        ),
        (
            Box::new(|one| one.makers = Ok(vec![maker("@hourly")])),
            None,
            Partial,
            Severity::Critical,
            "the last good backup, 2, is 12h old: more than 90m",
        ),
        (
            Box::new(|one| one.makers = Ok(vec![maker("0 0 30 2 *")])),
            None,
            Partial,
            Severity::Critical,
            "the schedule \"0 0 30 2 *\" of CronJob/it never fires",
        ),
        (Box::new(|one| one.parts.clear()), None, Partial, Severity::Critical, "there is no good backup"),
        (
            Box::new(|one| {
                one.parts.clear();
                one.makers.as_mut().unwrap()[0].since = Some("2025-11-30T12:00:00Z".parse().unwrap());
            }),
            None,
            Partial,
            Severity::Warning,
            "no good backup yet; the next is due at 2025-12-02T00:00:00Z",
        ),
        (
            Box::new(|one| {
                one.parts.clear();
                one.unread = Some(Fault::new(Severity::Unknown, "forbidden"));
            }),
            None,
            Enabled::Unknown,
            Severity::Unknown,
            "forbidden",
        ),
        (
            Box::new(|one| one.parts.push(part("job@6d failed"))),
            None,
            Partial,
            Severity::Warning,
            "the last run failed, job: no room",
        ),
        (
            Box::new(|one| one.makers.as_mut().unwrap()[0].last = Some("2025-11-29T00:00:00Z".parse().unwrap())),
            None,
            Partial,
            Severity::Critical,
            "CronJob/it has not fired since 2025-11-29T00:00:00Z",
        ),
        (
            Box::new(|one| one.makers.as_mut().unwrap()[0].last = None),
            None,
            Partial,
            Severity::Critical,
            "CronJob/it has not fired since it was created, 2025-01-01T00:00:00Z",
        ),
        // It is not too old while the next one is made.
        (
            Box::new(|one| {
                one.makers = Ok(vec![Maker { last: Some(now()), ..maker("@hourly") }]);
                let took = SignedDuration::from_mins(40);
                let started = now() - SignedDuration::from_mins(100);
                let (started, ended) = (Some(started), Some(started + took));
                one.parts.push(BackupPart { time: started, started, ended, ..part("3@6d") });
            }),
            None,
            On,
            Severity::Ok,
            "",
        ),
        // Nor does one that runs hide it.
        (
            Box::new(|one| one.parts.extend(["job@6d failed", "next@6d running"].map(part))),
            None,
            Partial,
            Severity::Warning,
            "the last run failed, job: no room",
        ),
        (Box::new(bad("failed")), None, Partial, Severity::Warning, "the last run failed, 3: no room"),
        (Box::new(bad("partial")), None, Partial, Severity::Warning, "the last backup is not whole, 3: node 2"),
        (Box::new(bad("odd")), None, Enabled::Unknown, Severity::Unknown, "the last backup, 3: not JSON"),
        (
            Box::new(|one| one.parts[1].expires = Some("2025-12-01T12:00:00Z".parse().unwrap())),
            None,
            Partial,
            Severity::Warning,
            "the last good backup, 2, expires before the next one is made (2025-12-02T00:00:00Z)",
        ),
        (
            Box::new(|one| one.parts.push(part("3@9d"))),
            None,
            Partial,
            Severity::Warning,
            "3 is 2d ahead of this machine's clock: one of the two clocks is wrong",
        ),
        // Nor does it hide that the others are old.
        (
            Box::new(|one| one.parts = vec![part("1@1d"), part("3@9d")]),
            None,
            Partial,
            Severity::Critical,
            "the last good backup, 1, is 5d old: more than 36h; 3 is 2d ahead of this machine's clock: one of the two clocks is wrong",
        ),
    ];
    for (change, max_age, is, severity, what) in cases {
        let found = status_of(change, max_age);
        assert_eq!((found.0, found.1, found.2.join("; ").as_str()), (is, severity, what));
    }
}

/// A schedule is foreign text.
/// In metrics, what is not known is never zero.
#[test]
fn whether_the_newest_run_has_failed_may_be_unknown() {
    for (parts, unread, expected) in [
        (&["1@12:00", "2@1d"][..], None, Some(false)),
        (&["1@12:00", "2@1d running"], None, Some(false)),
        (&["1@12:00", "2@1d failed"], None, Some(true)),
        (&["1@12:00", "2@1d partial"], None, Some(true)),
        (&["1@12:00", "2@1d strange"], None, None),
        // A run that has failed is none of the records.
        (&["1@12:00", "2@1d"], Some(Severity::Unknown), None),
        (&["1@12:00", "2@1d failed"], Some(Severity::Unknown), Some(true)),
        (&["1@12:00", "2@1d"], Some(Severity::Critical), Some(false)),
        (&[], None, None),
    ] {
        let unread_for = unread.map(|severity| Fault::new(severity, "cannot be read"));
        let one = Series { unread: unread_for, ..series("a", Join::Own, parts) };
        let found = status(&inventory(vec![one]), None).services[0].last_failed;
        assert_eq!(found, expected, "{parts:?} {unread:?}");
    }
}

#[test]
fn what_can_be_left_out_is_restored_only_if_it_is_good() {
    let of = |optional: &str| {
        let all = vec![series("a", Join::Own, &["1@12:00"]), series("s", Join::Optional, &[optional])];
        let inventory = inventory(all);
        let names = inventory.restored(&inventory.sets[0]).map(|(_, part)| part.name.clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!((of("s1@12:00"), of("job@12:00 failed")), (vec!["1".to_owned(), "s1".to_owned()], vec!["1".to_owned()]));
}

#[test]
fn a_schedule_may_be_long() {
    let mut one = series("a", Join::Own, &["1@6d"]);
    one.makers = Ok(vec![maker(&"x".repeat(100_000))]);
    let status = status(&inventory(vec![one]), None);
    assert_eq!(status.is, Enabled::Unknown);
    assert!(format!("{status:?}").len() < 5_000);
}

#[test]
fn the_whole_is_no_better_than_its_parts() {
    let of = |words: &[Enabled]| {
        let one = |is: &Enabled| {
            let mut one = series("a", Join::Own, &["1@6d"]);
            match is {
                Enabled::Enabled => {}
                Enabled::Partial => one.parts.push(part("job@6d failed")),
                Enabled::Disabled => one.makers = Ok(Vec::new()),
                Enabled::Unknown => one.makers = Err(Fault::new(Severity::Unknown, "forbidden")),
            }
            one
        };
        status(&inventory(words.iter().map(one).collect()), None).is
    };
    use Enabled::{Disabled, Enabled as On, Partial, Unknown};
    for (parts, expected) in [
        (&[On, On][..], On),
        (&[On, Disabled], Partial),
        (&[On, Partial], Partial),
        (&[Disabled, Disabled], Disabled),
        (&[On, Unknown], Unknown),
        (&[Disabled, Unknown], Partial),
        (&[], Unknown),
    ] {
        assert_eq!(of(parts), expected, "{parts:?}");
    }
}

/// Each service is well, and no two of their backups fit together.
#[test]
fn backups_that_do_not_belong_together_are_none() {
    let one = |name, at: &[&str]| series(name, Join::Own, at);
    for (one, other, is, last, what) in [
        (one("a", &["1@6d"]), one("b", &["2@6d"]), Enabled::Enabled, Some("1"), ""),
        (
            one("a", &["1@6d", "3@2d"]),
            one("b", &["2@5d", "4@2d"]),
            Enabled::Partial,
            Some("3"),
            "the services' newest backups do not belong together: the newest that can be restored as a whole is 3, 4d old",
        ),
        (
            one("a", &["1@6d"]),
            one("b", &["2@5d"]),
            Enabled::Partial,
            None,
            "the services' newest backups do not belong together: none can be restored as a whole",
        ),
    ] {
        let status = status(&inventory(vec![one, other]), None);
        let said: Vec<_> = status.faults.iter().map(|fault| fault.what.as_str()).collect();
        assert_eq!((status.is, status.last_usable.as_deref(), said.concat().as_str()), (is, last, what));
        assert_eq!(status.severity, if what.is_empty() { Severity::Ok } else { Severity::Critical });
    }
}

#[test]
fn sizes_are_short() {
    for (bytes, expected) in [
        (0, "0B"),
        (999, "999B"),
        (1_000, "1.0KiB"),
        (10_240, "10KiB"),
        (1_000_000, "977KiB"),
        (5_368_709_120, "5.0GiB"),
        (u64::MAX, "16EiB"),
    ] {
        assert_eq!(size(bytes), expected);
    }
}

/// HopsFS in words of this room: its data are brought back from old versions.
#[test]
fn old_versions_limit_how_long_a_set_is_of_use() {
    let days = |days: i64| SignedDuration::from_hours(24 * days);
    let of = |kept: Reading<Option<SignedDuration>>| {
        let good = BackupPart { expires: Some(time("12:00") + days(30)), ..part("254811200@12:00") };
        let one = Series { parts: vec![good], ..series("files", Join::Own, &[]) };
        let rewind = Rewind { service: "blocks", called: "Blocks", kept };
        let inventory = Inventory { rewinds: vec![rewind], ..Inventory::new(now(), Ok(time("08:00")), vec![one]) };
        let set = &inventory.sets[0];
        let fitness = inventory.fitness(set);
        let expires = inventory.expires(set).unwrap().duration_since(time("12:00"));
        (fitness.new_cluster, fitness.in_place, fitness.reasons.join("; "), expires.as_hours() / 24)
    };
    let fault = |severity| Err(Fault::new(severity, "versioning is off"));
    let both = |usable: Usable, reason: &str, days: i64| (usable, usable, reason.to_owned(), days);
    assert_eq!(of(Ok(None)), both(Usable::Yes, "", 30));
    assert_eq!(of(Ok(Some(days(60)))), both(Usable::Yes, "", 30));
    assert_eq!(of(Ok(Some(days(20)))), both(Usable::Yes, "", 20));
    let gone = "Blocks: its bucket keeps what is deleted for 5d only, so what was deleted since may be gone";
    assert_eq!(of(Ok(Some(days(5)))), both(Usable::No, gone, 5));
    assert_eq!(of(fault(Severity::Critical)), both(Usable::No, "Blocks: versioning is off", 30));
    assert_eq!(of(fault(Severity::Unknown)), both(Usable::Unknown, "Blocks: versioning is off", 30));
}

/// From the bucket, a backup that has outlived its time is still there.
#[test]
fn what_is_kept_no_longer_is_said() {
    let good = BackupPart { expires: Some(time("12:00")), ..part("254811200@12:00") };
    let one = Series { parts: vec![good], ..series("files", Join::Own, &[]) };
    let inventory = Inventory::new(now(), Ok(time("08:00")), vec![one]);
    let set = &inventory.sets[0];
    assert_eq!(
        inventory.notes(set),
        ["files: it is kept until 2025-11-24T12:00:00Z only: the next clean-up deletes it"]
    );
    assert_eq!(inventory.fitness(set).new_cluster, Usable::Yes);
}

#[test]
fn a_status_is_another_one_when_more_than_time_has_changed() {
    let of = |hours: i64, parts: &[&str]| {
        let now = now() + SignedDuration::from_hours(hours);
        let all = vec![series("a", Join::Own, parts)];
        status(&Inventory::new(now, Ok("2025-11-01T00:00:00Z".parse().unwrap()), all), None)
    };
    // Too old, and older every hour.
    let old = of(0, &["1@4d"]);
    assert_eq!(old.severity, Severity::Critical);
    assert!(old.is_like(&of(30, &["1@4d"])) && old != of(30, &["1@4d"]));
    for (hours, parts) in [(0, &["1@4d", "2@6d"][..]), (0, &["1@4d", "j@6d failed"]), (0, &[]), (24 * 30, &["1@4d"])] {
        assert!(!old.is_like(&of(hours, parts)), "{parts:?}");
    }
}

#[test]
fn what_no_set_has_is_found_alone() {
    let all = vec![series("a", Join::Own, &["1@12:00"]), series("v", Join::Nearest, &["m@12:01", "far@12:50"])];
    let inventory = inventory(all);
    let alone = inventory.find("far").unwrap();
    assert!(inventory.is_alone(alone) && inventory.name(alone) == "far");
    assert_eq!(alone.parts.iter().flatten().count(), 1);
    assert!(!inventory.is_alone(inventory.find("m").unwrap()));
}
