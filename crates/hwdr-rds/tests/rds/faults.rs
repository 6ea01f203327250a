//! Restores that are refused, fail, or meet faults on the way.

use super::*;

#[tokio::test]
async fn an_instance_that_the_run_has_not_made_is_never_touched() {
    let stand_in = StandIn::start(World::new()).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    for tag in [None, Some("run-2")] {
        let mut other = stand_in.world().instances["events"].clone();
        other.elements.insert("DBInstanceIdentifier".into(), "events-2".into());
        other.elements.insert("MultiAZ".into(), "false".into());
        other.tags.extend(tag.map(|tag| (RUN_TAG.to_owned(), tag.to_owned())));
        stand_in.world().instances.insert("events-2".into(), other);
        for error in [
            rds.begin(&plan).await.unwrap_err(),
            rds.settle(&plan, &wait(), &mut quiet()).await.unwrap_err(),
            rds.restore(&plan, &wait(), &mut quiet()).await.unwrap_err(),
        ] {
            assert_eq!(error.to_string(), "restore of instance events-2: it exists, and this run has not made it");
        }
    }
    assert_eq!(stand_in.tries(), 0);
}

#[tokio::test]
async fn the_source_is_only_looked_at() {
    let stand_in = StandIn::start(World { needs_reboot: true, ..World::new() }).await;
    let rds = stand_in.client();
    let before = stand_in.world().instances["events"].elements.clone();
    rds.restore(&plan(&rds).await, &wait(), &mut quiet()).await.unwrap();
    let world = stand_in.world();
    assert_eq!(world.instances["events"].elements, before);
    for (action, asked) in &world.calls {
        assert!(!action.starts_with("Delete"), "{action}");
        assert!(
            action.starts_with("Describe") || asked.get("DBInstanceIdentifier").is_none_or(|id| id != "events"),
            "{action}"
        );
    }
}

#[tokio::test]
async fn each_state_that_is_an_end_ends_the_wait_with_the_reason() {
    for state in ["failed", "incompatible-restore", "incompatible-network", "insufficient-capacity", "storage-full"] {
        let mut world = World { states: vec!["creating", state], ..World::new() };
        world.events.push(("events-2".into(), "The subnets have no free address.".into()));
        world.events.push(("events".into(), "of another instance".into()));
        let error = fails(&StandIn::start(world).await).await;
        let text = error.to_string();
        assert_eq!(
            text,
            format!(
                "restore of instance events-2: its status is {state}\n  2026-01-08T12:00:00Z The subnets have no free address."
            )
        );
        assert!(error.help().contains("describe-events --source-type db-instance --source-identifier events-2"));
    }
}

#[tokio::test]
async fn each_refusal_has_its_own_message() {
    type Change = fn(&mut World);
    let cases: [(Change, &str, &str); 9] = [
        (|world| world.quota = 1, "a quota is used up (InstanceQuotaExceeded", "quota"),
        (
            |world| world.denied = Some("RestoreDBInstanceFromDBSnapshot"),
            "rds:RestoreDBInstanceFromDBSnapshot is not allowed",
            "allow rds:Restore",
        ),
        (|world| world.denied = Some("AddTagsToResource"), "rds:AddTagsToResource is not allowed", "allow rds:AddTags"),
        (|world| world.denied = Some("ModifyDBInstance"), "rds:ModifyDBInstance is not allowed", "allow rds:Modify"),
        (
            |world| world.groups.retain(|(name, _)| *name != "subnet:private"),
            "not found (DBSubnetGroupNotFoundFault",
            "check",
        ),
        (
            |world| world.groups.retain(|(name, _)| *name != "parameter:events-10-11"),
            "DBParameterGroupNotFound",
            "check",
        ),
        (
            |world| world.groups.retain(|(name, _)| *name != "security:sg-events"),
            "Invalid security group sg-events",
            "correct",
        ),
        (
            |world| world.forgets = vec!["DBSubnetGroupName"],
            "did not take these settings: subnet group private",
            "mend",
        ),
        (
            |world| world.faults = vec![("RestoreDBInstanceFromDBSnapshot", Fault::Html); 3],
            "makes no sense",
            "may not be RDS",
        ),
    ];
    for (change, expected, help) in cases {
        let mut world = World::new();
        change(&mut world);
        let error = fails(&StandIn::start(world).await).await;
        assert!(error.to_string().contains(expected), "{expected}: {error}");
        assert!(error.help().contains(help), "{expected}: {}", error.help());
    }
}

#[tokio::test]
async fn a_creating_snapshot_is_refused_by_rds_too() {
    let stand_in = StandIn::start(World::new()).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    stand_in.world().snapshots.get_mut(AUTOMATIC).unwrap().progress = [10, 20].into();
    let error = rds.begin(&plan).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::State(_)), "{error}");
}

#[tokio::test]
async fn short_outages_are_waited_for_and_long_ones_are_not() {
    use Fault::{Broken, Cut, Throttle};
    let stand_in = StandIn::start(World::new()).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    rds.begin(&plan).await.unwrap();
    // More in a row than a call's own retries.
    stand_in.world().faults =
        [Cut, Throttle, Broken, Cut, Cut, Broken, Throttle, Cut].map(|fault| ("DescribeDBInstances", fault)).into();
    stand_in.world().faults.push(("ModifyDBInstance", Cut));
    let restored = rds.settle(&plan, &wait(), &mut quiet()).await.unwrap();
    assert_eq!(compare(&source(&rds).await, &restored), []);
    let mut impatient = wait();
    impatient.patience = Duration::ZERO;
    for (fault, expected) in [(Cut, "no answer"), (Throttle, "asks for fewer requests"), (Broken, "no answer")] {
        stand_in.world().faults = vec![("DescribeDBInstances", fault); 3];
        let error = rds.settle(&plan, &impatient, &mut quiet()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(error.may_pass());
    }
}

#[tokio::test]
async fn a_wait_ends_at_its_limit_and_says_what_is_missing() {
    let stand_in = StandIn::start(World { states: vec!["creating"], ..World::new() }).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    let mut short = wait();
    short.limit = Duration::from_millis(100);
    let error = rds.restore(&plan, &short, &mut quiet()).await.unwrap_err();
    assert!(error.to_string().contains("its status is creating; waiting for the instance"), "{error}");
    stand_in.world().instances.get_mut("events-2").unwrap().states = ["failed".to_owned()].into();
    stand_in.world().instances.remove("events-2");
    let error = rds.settle(&plan, &wait(), &mut quiet()).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::NotFound(_)), "{error}");
}

#[tokio::test]
async fn wrong_credentials_and_no_server_are_told_apart() {
    let stand_in = StandIn::start(World::new()).await;
    let error = client(&stand_in.endpoint, "AKIDWRONG").instances().await.unwrap_err();
    assert!(matches!(*error.problem, Problem::Credentials(_)), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    let error = client("http://127.0.0.1:1", stand_in::KEY).instances().await.unwrap_err();
    assert!(matches!(*error.problem, Problem::Transport(_)), "{error}");
    assert!(!format!("{:?}", stand_in.client()).contains("secret"));
}
