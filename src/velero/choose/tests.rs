//! Tables of choices. The id is 254811200: 2025-11-24T12:00Z.

use super::*;

/// The id of these tests, and one that names no time.
fn id(text: &str) -> Backup {
    let time = (text == "254811200").then(|| "2025-11-24T12:00:00Z".parse().unwrap());
    Backup { id: text.to_owned(), time }
}

const NOW: &str = "2025-12-01T00:00:00Z";

/// `main@12:00:52` is a backup of that schedule, begun then on the id's day; `main@+1d` a day later. A word after it
/// is its defect.
fn backup(text: &str) -> ObjectBackup {
    let (text, state) = text.split_once(' ').unwrap_or((text, "Completed"));
    let (schedule, time) = text.split_once('@').unwrap();
    let velero = Velero::default();
    let schedule = if schedule == "main" { velero.main_schedule } else { velero.users_schedule };
    let noon: Timestamp = "2025-11-24T12:00:00Z".parse().unwrap();
    let started = match time.strip_suffix('d') {
        Some(days) => noon + SignedDuration::from_hours(24 * days.parse::<i64>().unwrap()),
        None => format!("2025-11-24T{time}Z").parse().unwrap(),
    };
    ObjectBackup {
        name: format!("{schedule}-{}", time.replace(':', "")),
        schedule,
        phase: if state == "expired" { "Completed" } else { state }.to_owned(),
        location: velero.location,
        started: Some(started),
        expiration: Some(
            if state == "expired" { "2025-11-30T00:00:00Z" } else { "2026-01-24T12:00:00Z" }.parse().unwrap(),
        ),
        is_deleting: state == "Deleting",
        errors: u64::from(state == "PartiallyFailed") * 3,
        ..ObjectBackup::default()
    }
}

/// The choice of the main backup; the users' one is always good.
fn main_of(backups: &[&str], name: Option<&str>) -> Result<Chosen, Refusal> {
    let mut backups: Vec<_> = backups.iter().map(|text| backup(text)).collect();
    backups.push(backup("users@12:00:00"));
    let wanted = Wanted { id: id("254811200"), main: name.map(str::to_owned), users: None };
    choose(&backups, &wanted, &Velero::default(), NOW.parse().unwrap()).map(|set| set.main)
}

#[test]
fn the_nearest_good_one_is_chosen_and_never_blindly_the_latest() {
    for (backups, expected, notes) in [
        (&["main@12:00:52"][..], "main-120052 52 s later", &[][..]),
        (&["main@1d", "main@12:05:00", "main@11:00:00"], "main-120500 5 min later", &[]),
        (&["main@11:58:00", "main@12:05:00"], "main-115800 2 min earlier", &[]),
        (&["main@12:00:00", "main@2d"], "main-120000 at the same time", &[]),
        (
            &["main@12:01:00 PartiallyFailed", "main@12:40:00"],
            "main-124000 40 min later",
            &["k8s-backups-main-120100 is nearer, but is PartiallyFailed: 3 errors: skipped"],
        ),
        (
            &["main@12:01:00 expired", "main@12:02:00 Deleting", "main@12:03:00 InProgress", "main@12:40:00"],
            "main-124000 40 min later",
            &[
                "k8s-backups-main-120100 is nearer, but expired at 2025-11-30T00:00:00Z: skipped",
                "k8s-backups-main-120200 is nearer, but is being deleted: skipped",
                "k8s-backups-main-120300 is nearer, but is InProgress, not Completed: skipped",
            ],
        ),
        (
            &["main@11:30:00", "main@12:30:00"],
            "main-123000 30 min later",
            &["k8s-backups-main-113000 is equally near; the later one is used (name the other with --main)"],
        ),
        (
            &["main@15:20:00"],
            "main-152000 3 h 20 min later",
            &[
                "k8s-backups-main-152000 is the nearest good one, but 3 h 20 min later: what changed in between does not match \
               the data",
            ],
        ),
    ] {
        let chosen = main_of(backups, None).unwrap();
        let found = format!("{} {}", chosen.backup.name, chosen.skew_text());
        assert_eq!(found, format!("k8s-backups-{expected}"), "{backups:?}");
        assert_eq!(chosen.notes, notes, "{backups:?}");
        assert!(!chosen.is_named);
    }
}

#[test]
fn what_is_not_good_or_too_far_is_refused_with_what_is_there() {
    for (backups, name, problem, help) in [
        (
            &[][..],
            None,
            "Velero knows no backup of the schedule k8s-backups-main in the storage location hopsworks-bsl",
            "see what it knows",
        ),
        (
            &["main@12:00:00 PartiallyFailed"],
            None,
            "the Velero backup k8s-backups-main-120000 is PartiallyFailed: 3 errors",
            "velero backup describe --details \\\nk8s-backups-main-120000",
        ),
        (
            &["main@12:00:00 expired"],
            None,
            "the Velero backup k8s-backups-main-120000 expired at 2025-11-30T00:00:00Z",
            "patch backup \\\nk8s-backups-main-120000 \\\n--type merge -p '{\"status\":{\"expiration\":\"2025-12-08T00:00:00Z\"}}'",
        ),
        (
            &["main@-3d"],
            None,
            "the nearest good backup of k8s-backups-main to 254811200 (2025-11-24T12:00:00Z) is k8s-backups-main--3d, which is \
             3 days earlier: objects and data would hardly match",
            "use it anyway: --main k8s-backups-main--3d",
        ),
        (
            &["main@12:00:00", "main@12:30:00"],
            Some("k8s-backups-main-1"),
            "there is no Velero backup k8s-backups-main-1",
            "nearest first:\nk8s-backups-main-120000\nk8s-backups-main-123000",
        ),
        (
            &["main@12:00:00 Failed", "main@12:30:00"],
            Some("k8s-backups-main-120000"),
            "the Velero backup k8s-backups-main-120000 is Failed, not Completed",
            "k8s-backups-main-123000",
        ),
        (
            &["main@12:00:00"],
            Some("k8s-backups-users-resources-120000"),
            "the Velero backup k8s-backups-users-resources-120000 is one of k8s-backups-users-resources, not of \
             k8s-backups-main",
            "k8s-backups-main-120000",
        ),
    ] {
        let refusal = main_of(backups, name).unwrap_err();
        assert_eq!(refusal.problem, problem, "{backups:?}");
        assert!(refusal.help.iter().any(|text| text.contains(help)), "{backups:?}: {:?}", refusal.help);
    }
}

#[test]
fn a_name_wins_over_nearness_and_its_distance_is_said() {
    let chosen = main_of(&["main@12:00:00", "main@-3d"], Some("k8s-backups-main--3d")).unwrap();
    assert!(chosen.is_named);
    assert_eq!(chosen.notes, ["k8s-backups-main--3d is 3 days earlier: it is used because it was named"]);
}

#[test]
fn another_location_is_another_clusters() {
    let mut other = backup("main@12:00:00");
    other.location = "default".to_owned();
    let wanted = Wanted { id: id("254811200"), main: None, users: None };
    assert!(choose(&[other, backup("users@12:00:00")], &wanted, &Velero::default(), NOW.parse().unwrap()).is_err());
}

#[test]
fn an_id_without_a_time_needs_names() {
    let id = id("7");
    let now = NOW.parse().unwrap();
    let backups = [backup("main@12:00:00"), backup("users@12:00:00")];
    let mut wanted = Wanted { id, main: None, users: None };
    assert!(choose(&backups, &wanted, &Velero::default(), now).unwrap_err().problem.contains("names no time"));
    wanted.main = Some(backups[0].name.clone());
    wanted.users = Some(backups[1].name.clone());
    assert_eq!(choose(&backups, &wanted, &Velero::default(), now).unwrap().main.skew, None);
}
