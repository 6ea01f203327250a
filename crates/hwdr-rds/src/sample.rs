//! An instance and a snapshot for the unit tests.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    Ask, Backup, Endpoint, Insights, Instance, InstanceId, Kind, Member, Monitoring, Plan, Refused, RunId, Settings,
    Snapshot, Window,
};

pub(crate) fn source() -> Instance {
    let member = |name: &str, status: &str| vec![Member { name: name.into(), status: status.into() }];
    Instance {
        id: "events".into(),
        resource_id: Some("db-ABC".into()),
        status: "available".into(),
        endpoint: Some(Endpoint { host: "events.abc.eu-north-1.rds.amazonaws.com".into(), port: 3306 }),
        engine: "mariadb".into(),
        version: "10.11.9".into(),
        encrypted: true,
        key: Some("arn:aws:kms:eu-north-1:1:key/a".into()),
        vpc: Some("vpc-1".into()),
        master_user: Some("root".into()),
        parameter_groups: member("events-10-11", "in-sync"),
        option_groups: member("events-audit", "in-sync"),
        security_groups: member("sg-1", "active"),
        settings: Settings {
            class: Some("db.r6g.large".into()),
            subnet_group: Some("private".into()),
            security_groups: Some(BTreeSet::from(["sg-1".into()])),
            parameter_group: Some("events-10-11".into()),
            option_group: Some("events-audit".into()),
            storage_type: Some("gp3".into()),
            storage_gib: Some(100),
            iops: Some(3000),
            throughput: Some(125),
            storage_limit_gib: Some(500),
            multi_az: Some(true),
            public: Some(false),
            port: Some(3306),
            deletion_protection: Some(true),
            backup_days: Some(7),
            backup_window: Some("03:00-03:30".into()),
            maintenance_window: Some("sun:05:00-sun:06:00".into()),
            ca: Some("rds-ca-rsa2048-g1".into()),
            iam_login: Some(true),
            tags_to_snapshots: Some(true),
            log_exports: Some(BTreeSet::from(["error".into()])),
            monitoring: Some(Monitoring { interval: 60, role: Some("arn:aws:iam::1:role/monitoring".into()) }),
            insights: Some(Insights { on: true, days: Some(7), ..Insights::default() }),
            network: Some("IPV4".into()),
            minor_upgrades: Some(false),
            log_volume: Some(false),
        },
        tags: BTreeMap::from([("team".into(), "data".into()), ("aws:cloudformation:stack-name".into(), "x".into())]),
        ..Instance::default()
    }
}

pub(crate) fn snapshot() -> Snapshot {
    Snapshot {
        id: "rds:events-2026-01-01-03-00".into(),
        kind: Kind::Automatic,
        instance: "events".into(),
        status: "available".into(),
        percent: 100,
        taken: Some(at("2026-01-01T03:00:00Z")),
        engine: "mariadb".into(),
        version: "10.11.9".into(),
        storage_gib: 100,
        encrypted: true,
        key: Some("arn:aws:kms:eu-north-1:1:key/a".into()),
        option_group: Some("events-audit".into()),
        ..Snapshot::default()
    }
}

pub(crate) fn window() -> Window {
    Window {
        instance: "events".into(),
        resource_id: "db-ABC".into(),
        retained: false,
        earliest: at("2026-01-01T03:00:00Z"),
        latest: at("2026-01-08T12:00:00Z"),
        engine: "mariadb".into(),
        version: "10.11.9".into(),
        storage_gib: 100,
        encrypted: true,
        key: Some("arn:aws:kms:eu-north-1:1:key/a".into()),
        option_group: Some("events-audit".into()),
    }
}

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn run() -> RunId {
    "run-1".parse().unwrap()
}

/// Plans with the run `run-1` and the target `events-2`.
pub(crate) fn plan(
    source: Option<&Instance>,
    backup: Backup<'_>,
    there: Option<&Instance>,
    given: &Settings,
) -> Result<Plan, Refused> {
    let (run, target): (_, InstanceId) = (run(), "events-2".parse().unwrap());
    Plan::of(&Ask { run: &run, target: &target, there, source, backup, given })
}

/// What the plan makes, once all is in force.
pub(crate) fn restored(plan: &Plan) -> Instance {
    Instance {
        id: plan.target.to_string(),
        settings: plan.wanted.or(&source().settings),
        tags: plan.tags.clone(),
        ..source()
    }
}
