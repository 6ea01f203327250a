use super::*;
use crate::sample::{at, plan, run, snapshot, source, window};

fn none() -> Settings {
    Settings::default()
}

#[test]
fn the_sources_settings_are_taken_over() {
    let (source, snapshot) = (source(), snapshot());
    let plan = plan(Some(&source), Backup::Snapshot(&snapshot), None, &none()).unwrap();
    // What RDS reports of a small gp3 volume may not be asked for.
    let expected = Settings { iops: None, throughput: None, ..source.settings.clone() };
    assert_eq!(plan.wanted, expected);
    assert_eq!(plan.origin, Origin::Snapshot("rds:events-2026-01-01-03-00".parse().unwrap()));
    let tags: Vec<_> = plan.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    assert_eq!(tags, ["hwdr/run=run-1", "team=data"], "AWS's own tags cannot be set");
    assert!(plan.notes.is_empty(), "{:?}", plan.notes);
}

#[test]
fn a_plan_is_the_same_after_it_was_recorded() {
    let (source, window) = (source(), window());
    let plan = plan(Some(&source), Backup::Time(&window, When::At(at("2026-01-02T00:00:00Z"))), None, &none()).unwrap();
    let text = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let altered = text.replace("events-2", "$(id)");
    assert!(serde_json::from_str::<Plan>(&altered).is_err());
}

#[test]
fn given_settings_win() {
    let (source, snapshot) = (source(), snapshot());
    let given = Settings { class: Some("db.t4g.small".into()), multi_az: Some(false), ..none() };
    let plan = plan(Some(&source), Backup::Snapshot(&snapshot), None, &given).unwrap();
    assert_eq!(plan.wanted.class.as_deref(), Some("db.t4g.small"));
    assert_eq!(plan.wanted.multi_az, Some(false));
    assert_eq!(plan.wanted.subnet_group.as_deref(), Some("private"));
}

#[test]
fn a_snapshot_must_be_available_and_of_mariadb() {
    let source = source();
    for (change, expected) in [
        (Snapshot { status: "creating".into(), percent: 40, ..snapshot() }, "not available: creating, 40 %"),
        (Snapshot { status: "failed".into(), percent: 0, ..snapshot() }, "not available: failed"),
        (Snapshot { engine: "mysql".into(), ..snapshot() }, "is of engine mysql, not mariadb"),
        (Snapshot { engine: "a\u{1b}[2J".into(), ..snapshot() }, "is of engine \"a\\u{1b}[2J\", not mariadb"),
        (Snapshot { encrypted: false, ..snapshot() }, "neither would the new instance be"),
        (Snapshot { id: "a;b".into(), ..snapshot() }, "it must be an identifier of RDS"),
    ] {
        let refused = plan(Some(&source), Backup::Snapshot(&change), None, &none()).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
        assert!(!refused.help().is_empty());
    }
    let other = Instance { engine: "postgres".into(), ..source };
    let refused = plan(Some(&other), Backup::Snapshot(&snapshot()), None, &none()).unwrap_err();
    assert_eq!(refused.to_string(), "instance events is of engine postgres, not mariadb");
}

#[test]
fn the_targets_name_must_be_free() {
    let (source, snapshot) = (source(), snapshot());
    let other = Instance { id: "events-2".into(), ..source.clone() };
    let refused = plan(Some(&source), Backup::Snapshot(&snapshot), Some(&other), &none()).unwrap_err();
    assert!(matches!(refused, Refused::Taken { .. }), "{refused}");
    let mut own = other.clone();
    own.tags.insert(RUN_TAG.into(), "run-2".into());
    assert!(plan(Some(&source), Backup::Snapshot(&snapshot), Some(&own), &none()).is_err(), "another run's");
    own.tags.insert(RUN_TAG.into(), "run-1".into());
    assert!(
        plan(Some(&source), Backup::Snapshot(&snapshot), Some(&own), &none()).is_ok(),
        "its own, made before it was cut off"
    );
}

#[test]
fn the_source_is_never_the_target() {
    let (source, snapshot, window) = (source(), snapshot(), window());
    let run = run();
    let target: InstanceId = "Events".parse().unwrap();
    let given = given_all();
    let ask =
        |source, backup| Plan::of(&Ask { run: &run, target: &target, there: None, source, backup, given: &given });
    assert!(matches!(ask(Some(&source), Backup::Snapshot(&snapshot)), Err(Refused::IsSource { .. })));
    assert!(matches!(ask(None, Backup::Time(&window, When::Latest)), Err(Refused::IsSource { .. })));
    let gone = Window { retained: true, ..window.clone() };
    assert!(ask(None, Backup::Time(&gone, When::Latest)).is_ok(), "the name of a lost instance may be used again");
    assert!(ask(None, Backup::Snapshot(&snapshot)).is_ok());
}

fn given_all() -> Settings {
    Settings {
        class: Some("db.r6g.large".into()),
        subnet_group: Some("private".into()),
        security_groups: Some(["sg-1".to_owned()].into()),
        parameter_group: Some("events-10-11".into()),
        multi_az: Some(true),
        ..none()
    }
}

#[test]
fn without_the_source_nothing_is_guessed() {
    let snapshot = snapshot();
    let refused = plan(None, Backup::Snapshot(&snapshot), None, &none()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the source is gone, and with it its settings: instance class, subnet group, security groups, parameter group, multi-AZ \
         must be given"
    );
    let some = Settings { parameter_group: None, security_groups: Some([].into()), ..given_all() };
    let refused = plan(None, Backup::Snapshot(&snapshot), None, &some).unwrap_err();
    assert_eq!(refused, Refused::Missing { names: vec!["security groups", "parameter group"] });
    let plan = plan(None, Backup::Snapshot(&snapshot), None, &given_all()).unwrap();
    assert_eq!(plan.wanted.option_group.as_deref(), Some("events-audit"), "the snapshot knows it");
    assert_eq!(plan.wanted.public, Some(false));
}

#[test]
fn storage_never_shrinks() {
    let (source, snapshot) = (source(), Snapshot { storage_gib: 200, ..snapshot() });
    let given = Settings { storage_gib: Some(199), ..none() };
    let refused = plan(Some(&source), Backup::Snapshot(&snapshot), None, &given).unwrap_err();
    assert_eq!(refused, Refused::TooSmall { asked: 199, least: 200 });
    let taken = plan(Some(&source), Backup::Snapshot(&snapshot), None, &none()).unwrap();
    assert_eq!(taken.wanted.storage_gib, Some(200), "the source is smaller than the snapshot");
    let big = Snapshot { storage_gib: 500, ..snapshot };
    let taken = plan(Some(&source), Backup::Snapshot(&big), None, &none()).unwrap();
    assert_eq!((taken.wanted.storage_limit_gib, taken.wanted.iops), (None, None));
}

#[test]
fn each_storage_type_is_told_what_it_accepts() {
    let snapshot = snapshot();
    for (kind, size, expected) in [
        ("gp2", 100, (None, None)),
        ("gp3", 100, (None, None)),
        ("gp3", 400, (Some(3000), Some(125))),
        ("io1", 100, (Some(3000), None)),
        ("standard", 100, (None, None)),
    ] {
        let mut source = source();
        source.settings.storage_type = Some(kind.into());
        source.settings.storage_gib = Some(size);
        let wanted = plan(Some(&source), Backup::Snapshot(&snapshot), None, &none()).unwrap().wanted;
        assert_eq!((wanted.iops, wanted.throughput), expected, "{kind} {size}");
    }
}

#[test]
fn a_point_in_time_must_be_within_the_window() {
    let (source, window) = (source(), window());
    for (time, good) in [
        ("2026-01-01T02:59:59Z", false),
        ("2026-01-01T03:00:00Z", true),
        ("2026-01-08T12:00:00Z", true),
        ("2026-01-08T12:00:01Z", false),
    ] {
        let plan = plan(Some(&source), Backup::Time(&window, When::At(at(time))), None, &none());
        assert_eq!(plan.is_ok(), good, "{time}");
        if let Err(refused) = plan {
            assert!(refused.help().contains("2026-01-01T03:00:00Z to 2026-01-08T12:00:00Z"), "{}", refused.help());
        }
    }
    let latest = plan(Some(&source), Backup::Time(&window, When::Latest), None, &none()).unwrap();
    assert_eq!(latest.origin, Origin::Time { of: Source::Instance("events".parse().unwrap()), at: None });
    let kept = Window { retained: true, ..window };
    let latest = plan(None, Backup::Time(&kept, When::Latest), None, &given_all()).unwrap();
    assert_eq!(latest.origin, Origin::Time { of: Source::Retained("db-ABC".into()), at: None });
}

#[test]
fn groups_of_another_major_version_must_be_given() {
    let (source, old) = (source(), Snapshot { version: "10.6.20".into(), ..snapshot() });
    let refused = plan(Some(&source), Backup::Snapshot(&old), None, &none()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the backup is of MariaDB 10.6.20, the source is of 10.11.9 now: its parameter group and option group cannot be used"
    );
    let given = Settings { parameter_group: Some("p".into()), option_group: Some("o".into()), ..none() };
    let taken = plan(Some(&source), Backup::Snapshot(&old), None, &given).unwrap();
    assert_eq!(taken.wanted.parameter_group.as_deref(), Some("p"));
    assert_eq!(taken.notes, ["the backup is of version 10.6.20, the source of 10.11.9 now"]);
    let mut default = source.clone();
    default.settings.parameter_group = Some("default.mariadb10.11".into());
    default.settings.option_group = Some("default:mariadb-10-11".into());
    let taken = plan(Some(&default), Backup::Snapshot(&old), None, &none()).unwrap();
    assert_eq!(
        (taken.wanted.parameter_group, taken.wanted.option_group),
        (None, None),
        "RDS chooses the default of the version"
    );
    let minor = Snapshot { version: "10.11.8".into(), ..snapshot() };
    assert!(plan(Some(&source), Backup::Snapshot(&minor), None, &none()).is_ok());
}

#[test]
fn what_rds_would_refuse_is_refused_first() {
    let snapshot = snapshot();
    let mut full = source();
    full.tags = (0..50).map(|number| (format!("tag-{number}"), String::new())).collect();
    let refused = plan(Some(&full), Backup::Snapshot(&snapshot), None, &none()).unwrap_err();
    assert_eq!(refused, Refused::TooManyTags { count: 50 });
    let source = source();
    for given in [
        Settings { port: Some(80), ..none() },
        Settings { backup_days: Some(36), ..none() },
        Settings { monitoring: Some(crate::Monitoring { interval: 5, role: None }), ..none() },
    ] {
        assert!(plan(Some(&source), Backup::Snapshot(&snapshot), None, &given).is_err(), "{given:?}");
    }
}

#[test]
fn what_is_not_restored_is_said() {
    let snapshot = Snapshot { instance: "events-0".into(), key: Some("other".into()), ..snapshot() };
    let source =
        Instance { managed_password: true, replicas: vec!["r1".into()], replica_of: Some("main".into()), ..source() };
    let notes = plan(Some(&source), Backup::Snapshot(&snapshot), None, &none()).unwrap().notes;
    for expected in ["of instance events-0", "another key", "Secrets Manager", "r1", "replica of main"] {
        assert!(notes.iter().any(|note| note.contains(expected)), "{expected}: {notes:?}");
    }
}
