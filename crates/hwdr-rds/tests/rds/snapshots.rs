//! Snapshots: made, waited for, listed.

use super::*;

#[tokio::test]
async fn snapshots_are_made_and_waited_for() {
    let stand_in = StandIn::start(World::new()).await;
    let rds = stand_in.client();
    let (of, name, run) = (id("events"), snapshot_id("before-restore"), run("run-1"));
    let others = [("backup".to_owned(), "7".to_owned())];
    assert_eq!(rds.create_snapshot(&of, &name, &run, &others).await.unwrap(), Begun::Asked);
    assert_eq!(rds.create_snapshot(&of, &name, &run, &others).await.unwrap(), Begun::Adopted);
    let mut seen = Vec::new();
    let made = rds.wait_snapshot(&name, &wait(), &mut |progress: &Progress| seen.push(progress.percent)).await.unwrap();
    assert!(seen.ends_with(&[Some(90)]), "{seen:?}");
    assert_eq!((made.tags["backup"].as_str(), made.tags[RUN_TAG].as_str()), ("7", "run-1"));
    let error = rds.create_snapshot(&of, &name, &"run-2".parse().unwrap(), &[]).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::Foreign), "{error}");
    let error = rds.create_snapshot(&of, &snapshot_id(AUTOMATIC), &run, &[]).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::Setting(_)), "{error}");
    let error = rds.create_snapshot(&id("nowhere"), &snapshot_id("a"), &run, &[]).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::NotFound(_)), "{error}");
    stand_in
        .world()
        .instances
        .get_mut("events")
        .unwrap()
        .elements
        .insert("DBInstanceStatus".into(), "modifying".into());
    let error = rds.create_snapshot(&of, &snapshot_id("b"), &run, &[]).await.unwrap_err();
    assert!(error.to_string().contains("events is modifying"), "{error}");
}

#[tokio::test]
async fn a_snapshot_that_fails_says_why() {
    let mut world = World::new();
    world.events.push(("manual".into(), "Storage volume is unavailable.".into()));
    let mut made = world.snapshot_of("events", "manual");
    (made.progress, made.ends) = ([10].into(), "failed");
    world.snapshots.insert("manual".into(), made);
    let stand_in = StandIn::start(world).await;
    let error = stand_in.client().wait_snapshot(&snapshot_id("manual"), &wait(), &mut quiet()).await.unwrap_err();
    assert!(
        error.to_string().ends_with("its status is failed\n  2026-01-08T12:00:00Z Storage volume is unavailable."),
        "{error}"
    );
    let error = stand_in.client().wait_snapshot(&snapshot_id("gone"), &wait(), &mut quiet()).await.unwrap_err();
    assert!(matches!(*error.problem, Problem::NotFound(_)), "{error}");
}

#[tokio::test]
async fn everything_is_listed_page_by_page() {
    let mut world = World { page: 3, ..World::new() };
    for number in 0..10 {
        let mut other = world.instances["events"].clone();
        other.elements.insert("DBInstanceIdentifier".into(), format!("other-{number}"));
        world.instances.insert(format!("other-{number}"), other);
        let snapshot = world.snapshot_of("events", "manual");
        world.snapshots.insert(format!("manual-{number}"), snapshot);
        let snapshot = world.snapshot_of("other-0", "manual");
        world.snapshots.insert(format!("of-other-{number}"), snapshot);
    }
    let stand_in = StandIn::start(world).await;
    let rds = stand_in.client();
    assert_eq!(rds.instances().await.unwrap().len(), 11);
    let snapshots = rds.snapshots(&id("events")).await.unwrap();
    assert_eq!(snapshots.len(), 11);
    assert_eq!(snapshots.iter().filter(|snapshot| snapshot.kind == hwdr_rds::Kind::Automatic).count(), 1);
    assert_eq!(rds.window(&id("other-1")).await.unwrap(), None);
    assert_eq!(rds.snapshot(&snapshot_id("nowhere")).await.unwrap(), None);
}

/// A command may run it on any thread.
#[tokio::test]
async fn a_restore_can_be_spawned() {
    let stand_in = StandIn::start(World::new()).await;
    let rds = stand_in.client();
    let plan = plan(&rds).await;
    let done = tokio::spawn(async move { rds.restore(&plan, &wait(), &mut |_: &Progress| {}).await.is_ok() });
    assert!(done.await.unwrap());
}
