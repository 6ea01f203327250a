//! Restores that come to their end.

use super::*;

#[tokio::test]
async fn a_snapshot_comes_back_with_everything_of_the_source() {
    let stand_in = StandIn::start(World::new()).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    let mut seen = Vec::new();
    let restored =
        rds.restore(&plan, &wait(), &mut |progress: &Progress| seen.push(progress.status.clone())).await.unwrap();
    assert_eq!(compare(&source(&rds).await, &restored), []);
    assert_eq!(restored.endpoint.as_ref().unwrap().host, "events-2.abc.eu-north-1.rds.amazonaws.com");
    assert_eq!(restored.endpoint.as_ref().unwrap().port, 3307);
    assert_eq!(restored.tags[RUN_TAG], "run-1");
    seen.dedup();
    assert_eq!(seen, ["creating", "available", "backing-up", "available", "modifying"]);
    // What a restore cannot set comes by one change, and nothing else is asked for. The first try came into the first backup.
    assert_eq!(stand_in.tries(), 3);
    assert_eq!(stand_in.changes(), ["RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance"]);
    let names: Vec<_> = stand_in.asked("ModifyDBInstance").into_keys().collect();
    assert_eq!(
        names,
        [
            "ApplyImmediately",
            "DBInstanceIdentifier",
            "EnablePerformanceInsights",
            "MaxAllocatedStorage",
            "MonitoringInterval",
            "MonitoringRoleArn",
            "PerformanceInsightsRetentionPeriod",
            "PreferredMaintenanceWindow",
        ]
    );
}

#[tokio::test]
async fn a_point_in_time_comes_back() {
    for (when, parameter, value) in [
        (When::At("2026-01-05T10:00:00Z".parse().unwrap()), "RestoreTime", "2026-01-05T10:00:00Z"),
        (When::Latest, "UseLatestRestorableTime", "true"),
    ] {
        let stand_in = StandIn::start(World::new()).await;
        let rds = stand_in.client();
        let (source, window) = (source(&rds).await, rds.window(&id("events")).await.unwrap().unwrap());
        assert_eq!(window.earliest, "2026-01-01T03:00:00Z".parse().unwrap());
        let plan = plan_with(Some(&source), Backup::Time(&window, when), &Settings::default());
        let restored = rds.restore(&plan, &wait(), &mut quiet()).await.unwrap();
        assert_eq!(compare(&source, &restored), []);
        let asked = stand_in.asked("RestoreDBInstanceToPointInTime");
        assert_eq!(asked[parameter], value);
        assert_eq!(asked["SourceDBInstanceIdentifier"], "events");
        assert_eq!(asked["MaxAllocatedStorage"], "500");
    }
}

#[tokio::test]
async fn the_kept_backups_of_a_lost_instance_come_back_under_its_name() {
    let mut world = World::new();
    world.instances.clear();
    world.backups.get_mut("events").unwrap().2 = true;
    let stand_in = StandIn::start(world).await;
    let rds = stand_in.client();
    assert_eq!(rds.instance(&id("events")).await.unwrap(), None);
    let window: Window = rds.window(&id("events")).await.unwrap().unwrap();
    let given = Settings {
        class: Some("db.r6g.xlarge".into()),
        subnet_group: Some("private".into()),
        security_groups: Some(["sg-events".to_owned()].into()),
        parameter_group: Some("events-10-11".into()),
        multi_az: Some(true),
        ..Settings::default()
    };
    let (run, target) = (run("run-1"), id("events"));
    let ask = Ask {
        run: &run,
        target: &target,
        there: None,
        source: None,
        backup: Backup::Time(&window, When::Latest),
        given: &given,
    };
    let restored = rds.restore(&Plan::of(&ask).unwrap(), &wait(), &mut quiet()).await.unwrap();
    assert!(given.unmet(&restored.settings).is_empty());
    assert_eq!(restored.settings.public, Some(false));
    assert_eq!(restored.settings.option_group.as_deref(), Some("events-audit"));
    assert_eq!(stand_in.asked("RestoreDBInstanceToPointInTime")["SourceDbiResourceId"], "db-EVENTS");
}

#[tokio::test]
async fn what_a_restore_forgets_is_set_afterwards() {
    let mut world = World::new();
    world.forgets = vec![
        "BackupRetentionPeriod",
        "PreferredBackupWindow",
        "Port",
        "DeletionProtection",
        "MultiAZ",
        "OptionGroupName",
        "EnableCloudwatchLogsExports.member.1",
        "VpcSecurityGroupIds.VpcSecurityGroupId.1",
    ];
    let stand_in = StandIn::start(world).await;
    let rds = stand_in.client();
    let restored = rds.restore(&plan(&rds).await, &wait(), &mut quiet()).await.unwrap();
    assert_eq!(compare(&source(&rds).await, &restored), []);
}

#[tokio::test]
async fn a_parameter_group_that_waits_for_a_reboot_gets_one() {
    for forgets in [vec![], vec!["DBParameterGroupName"]] {
        let stand_in = StandIn::start(World { needs_reboot: true, forgets, ..World::new() }).await;
        let rds = stand_in.client();
        let restored = rds.restore(&plan(&rds).await, &wait(), &mut quiet()).await.unwrap();
        assert_eq!(restored.parameter_groups[0].name, "events-10-11");
        assert_eq!(restored.parameter_groups[0].status, "in-sync");
        let changes = stand_in.changes();
        assert_eq!(changes, ["RestoreDBInstanceFromDBSnapshot", "ModifyDBInstance", "RebootDBInstance"]);
    }
}

#[tokio::test]
async fn a_run_that_was_cut_off_goes_on() {
    let stand_in = StandIn::start(World { needs_reboot: true, ..World::new() }).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    assert_eq!(rds.begin(&plan).await.unwrap(), Begun::Asked);
    // Cut off after each few looks, as often as it takes.
    for looks in 1.. {
        let mut left = looks % 4 + 1;
        let (rds, plan) = (stand_in.client(), plan.clone());
        assert_eq!(rds.begin(&plan).await.unwrap(), Begun::Adopted);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let mut stop = Some(stop);
        let mut show = move |_: &Progress| {
            left -= 1;
            if left == 0 {
                drop(stop.take());
            }
        };
        let wait = wait();
        tokio::select! {
            biased;
            _ = stopped => {}
            restored = rds.settle(&plan, &wait, &mut show) => {
                assert_eq!(compare(&source(&rds).await, &restored.unwrap()), []);
                break;
            }
        }
        assert!(looks < 100, "it does not end");
    }
    assert_eq!(stand_in.changes().iter().filter(|call| call.starts_with("Restore")).count(), 1);
}

#[tokio::test]
async fn an_answer_that_was_lost_makes_no_second_instance() {
    let stand_in = StandIn::start(World::new()).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    stand_in.world().faults = vec![("RestoreDBInstanceFromDBSnapshot", Fault::CutAfter)];
    assert_eq!(rds.begin(&plan).await.unwrap(), Begun::Adopted);
    assert_eq!(stand_in.world().instances.len(), 2);
}
