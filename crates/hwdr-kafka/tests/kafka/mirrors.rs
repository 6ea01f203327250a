//! MirrorMaker by hwdr's settings, and what hwdr says of it.

use std::time::{Duration, Instant};

use hwdr_kafka::client::{Error, Offsets};
use hwdr_kafka::compare::{Comparison, Hidden, TopicState, Verdict, occupied};
use hwdr_kafka::direction::{Activity, Workers};
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::Mirror;
use hwdr_kafka::name::Alias;
use hwdr_kafka::notes::Translated;

use crate::world::{LIMIT, World, until, values, values_from};

/// Records, groups and settings there; back to a new production; never both at once.
pub(crate) async fn there_and_back(world: &mut World) {
    let topics = [("main.a", 3), ("main.b", 1), ("main.compact", 1), ("main.empty", 2), ("main.transactions", 1)];
    for (topic, partitions) in topics {
        let setting = if topic == "main.compact" { "cleanup.policy=compact" } else { "retention.ms=864000000" };
        world.production.ask(&format!("topic {topic} {partitions} {setting}"));
    }
    world.production.ask("topic other.a 1");
    for (topic, partition, from, count) in [
        ("main.a", 0, 0, 1000),
        ("main.a", 1, 1000, 777),
        ("main.b", 0, 0, 5),
        ("main.compact", 0, 0, 50),
        ("other.a", 0, 0, 5),
    ] {
        world.production.ask(&format!("produce {topic} {partition} {from} {count}"));
    }
    world.production.ask("transaction main.transactions 0 0 100 commit");
    world.production.ask("transaction main.transactions 0 100 100 abort");
    world.production.ask("transaction main.transactions 0 200 100 commit");
    for (group, topic, partition, offset) in [
        ("main.end", "main.a", 0, 1000),
        ("main.end", "main.a", 1, 777),
        ("main.end", "main.transactions", 0, 303),
        ("main.middle", "main.a", 0, 333),
        ("main.middle", "main.transactions", 0, 150),
        ("main.middle", "main.empty", 1, 0),
        ("main.start", "main.a", 1, 0),
        ("other.g", "main.a", 0, 10),
    ] {
        world.production.ask(&format!("commit {group} {topic} {partition} {offset}"));
    }

    let mirror = world.mirror("main");
    let mut running = world.run(&mirror);
    let mut looker = world.looker();
    // What was consumed to the end, MirrorMaker itself brings to the end.
    let seen = until(&mut looker, &mirror, &running, |seen| {
        let end = seen.groups.get("main.end").map(|topics| topics.values().flat_map(|topic| topic.values()));
        seen.has_all_records() && end.is_some_and(|mut places| places.all(|place| place.verdict == Verdict::Same))
    })
    .await;
    let expected: Vec<&str> = topics.iter().map(|(topic, _)| *topic).collect();
    assert_eq!(seen.topics.keys().map(String::as_str).collect::<Vec<_>>(), expected);
    assert!(!world.backup.ask("topics").contains("other."), "only the topics meant");
    assert_eq!(seen.groups.keys().collect::<Vec<_>>(), ["main.end", "main.middle", "main.start"]);
    same_records(
        world,
        &[("main.a", 3), ("main.b", 1), ("main.compact", 1), ("main.empty", 2), ("main.transactions", 1)],
    );
    assert_eq!(seen.expired(), 0);

    // 333 is known exactly though MirrorMaker's own place is before it.
    assert_eq!(seen.groups["main.middle"]["main.a"][&0].translated, Translated::Exact(333));
    let settings = looker.target.settings(&["main.b".to_owned()], LIMIT).await.expect("settings");
    assert_eq!(settings["main.b"].get("retention.ms").map(String::as_str), Some("864000000"));

    // It is seen at its target, and not at its source.
    assert_eq!(
        activities(&looker.target.workers(LIMIT).await.expect("workers")),
        [("main-mm2".to_owned(), Activity::Mirrors(2))]
    );
    assert_eq!(looker.source.workers(LIMIT).await.expect("workers"), []);

    running.stop();
    let end = Instant::now() + LIMIT;
    while !looker.target.workers(LIMIT).await.expect("workers").is_empty() {
        assert!(Instant::now() < end, "it is still seen");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let seen = settle(&mut looker, &mirror).await;
    assert_eq!((seen.read_again(), seen.is_complete()), (0, true), "{:#?}", seen.groups);
    let middle = seen.groups["main.middle"]["main.a"][&0].target.expect("a place");
    let read = world.backup.ask("read main.a 0");
    assert_eq!(values_from(&read, middle), (333..1000).collect::<Vec<u64>>());
    let middle = seen.groups["main.middle"]["main.transactions"][&0].target.expect("a place");
    let read = world.backup.ask("read main.transactions 0");
    assert_eq!(values_from(&read, middle), (200..300).collect::<Vec<u64>>(), "150 was aborted: 200 comes next");

    // Production is lost, and comes back empty, under a name of its own.
    for (topic, _) in topics {
        world.production.ask(&format!("delete {topic}"));
    }
    let mut back = mirror.turned();
    back.target.alias = Alias::new("main-2").expect("an alias");
    let mut looker = Looker::new(world.backup.client(), world.production.client());
    // A broker deletes topics in the background.
    let end = Instant::now() + LIMIT;
    loop {
        let there = looker.target.topics(LIMIT).await.expect("topics");
        // One may be gone since they were listed.
        let positions = looker.target.positions(&there, LIMIT).await;
        let left = positions.map(|positions| occupied(&positions, looker.notes(), &back.topics));
        if left.as_ref().is_ok_and(Vec::is_empty) {
            break;
        }
        assert!(Instant::now() < end, "{left:?}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let mut running = world.run(&back);
    until(&mut looker, &back, &running, Comparison::has_all_records).await;
    same_records(
        world,
        &[("main.a", 3), ("main.b", 1), ("main.compact", 1), ("main.empty", 2), ("main.transactions", 1)],
    );
    running.stop();
    let seen = settle(&mut looker, &back).await;
    assert_eq!((seen.read_again(), seen.is_complete()), (0, true), "{:#?}", seen.groups);
    let middle = seen.groups["main.middle"]["main.transactions"][&0].target.expect("a place");
    assert_eq!(
        values_from(&world.production.ask("read main.transactions 0"), middle),
        (200..300).collect::<Vec<u64>>()
    );
}

/// Commits what MirrorMaker left behind.
async fn settle(looker: &mut Looker, mirror: &Mirror) -> Comparison {
    let seen = looker.look_closely(mirror, LIMIT).await.expect("both clusters");
    for (group, offsets) in seen.to_commit() {
        looker.target.commit(&group, &offsets, LIMIT).await.expect("nobody is in it");
    }
    looker.look_closely(mirror, LIMIT).await.expect("both clusters")
}

fn activities(workers: &[Workers]) -> Vec<(String, Activity)> {
    workers.iter().map(|workers| (workers.group.clone(), workers.activity)).collect()
}

fn same_records(world: &mut World, topics: &[(&str, i32)]) {
    for (topic, partitions) in topics {
        for partition in 0..*partitions {
            let command = format!("read {topic} {partition}");
            let (here, there) = (values(&world.production.ask(&command)), values(&world.backup.ask(&command)));
            assert_eq!(here, there, "{topic}-{partition}");
        }
    }
}

/// After the way back: production is mirrored again, and the backup gets what is new alone.
pub(crate) async fn goes_on(world: &mut World) {
    for lone in [&mut world.production, &mut world.backup] {
        lone.ask("topic on.a 3");
        lone.ask("produce on.a 0 0 100");
        lone.ask("produce on.a 2 0 10");
    }
    let mut mirror = world.mirror("on");
    mirror.source.alias = Alias::new("on-2").expect("an alias");
    let mut looker = world.looker();
    let begin: Offsets = [("on.a".to_owned(), [(0, 100), (1, 0), (2, 10)].into())].into();
    looker.target.begin_at(&mirror, &begin, LIMIT).await.expect("positions");
    looker.target.begin_at(&mirror, &begin, LIMIT).await.expect("the same again");
    let other: Offsets = [("on.a".to_owned(), [(0, 50)].into())].into();
    let error = looker.target.begin_at(&mirror, &other, LIMIT).await.expect_err("others are there");
    assert!(matches!(error, Error::Begun { .. }), "{error}");

    world.production.ask("produce on.a 0 100 50");
    world.production.ask("produce on.a 1 500 5");
    let mut running = world.run(&mirror);
    let end = |seen: &Comparison, partition: i32| match &seen.topics["on.a"] {
        TopicState::Both(partitions) => partitions[&partition].target.end,
        _ => -1,
    };
    until(&mut looker, &mirror, &running, |seen| end(seen, 0) >= 150 && end(seen, 1) >= 5).await;
    // It goes on from there after a restart, too.
    running.stop();
    world.production.ask("produce on.a 0 150 50");
    let mut running = world.run(&mirror);
    // Nothing comes to the last partition: that all of it was there is known by where the mirror began.
    until(&mut looker, &mirror, &running, |seen| end(seen, 0) >= 200 && seen.has_all_records()).await;
    running.stop();
    assert_eq!(values(&world.backup.ask("read on.a 0")), (0..200).collect::<Vec<u64>>());
    assert_eq!(values(&world.backup.ask("read on.a 1")), (500..505).collect::<Vec<u64>>());
    assert_eq!(looker.notes().translate("on.a", 0, 150), Translated::Exact(150));
}

/// The number shown is the true one, and a look takes less than a second.
pub(crate) async fn shows_the_lag(world: &mut World) {
    world.production.ask("topic lag.a 2");
    world.production.ask("produce lag.a 0 0 100");
    let mirror = world.mirror("lag");
    let mut running = world.run(&mirror);
    let mut looker = world.looker();
    until(&mut looker, &mirror, &running, Comparison::has_all_records).await;
    running.stop();
    for (count, behind) in [(1, 1), (41, 42), (958, 1000)] {
        world.production.ask(&format!("produce lag.a 0 100 {count}"));
        let began = Instant::now();
        let seen = looker.look(&mirror, LIMIT).await.expect("both clusters");
        let took = began.elapsed();
        assert_eq!(seen.missing(), behind);
        assert!(!seen.is_complete());
        println!("a look took {took:?}");
        assert!(took < Duration::from_secs(1), "the number is older than that: {took:?}");
    }
    let running = world.run(&mirror);
    until(&mut looker, &mirror, &running, Comparison::is_complete).await;
}

/// Killed in the middle: nothing is lost, and what comes twice is counted.
pub(crate) async fn killed(world: &mut World) {
    let mirror = world.mirror("kill");
    let (seen, here, there, noted) = kill_in_the_middle(world, &mirror, "kill").await;
    let mut once = there.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once, here, "each number is there");
    let TopicState::Both(partitions) = &seen.topics["kill.a"] else { panic!("{seen:#?}") };
    let target = partitions[&0].target;
    assert_eq!(u64::try_from(target.end - target.begin).expect("positive"), u64::try_from(there.len()).expect("few"));
    let twice = u64::try_from(there.len() - here.len()).expect("few");
    println!("{twice} of {} came twice; {noted} by the notes", here.len());
    assert!(twice <= noted);
    // No group skips one, wherever it stood.
    let committed = seen.groups["kill.g"]["kill.a"][&0];
    let read = world.backup.ask("read kill.a 0");
    let mut rest = values_from(&read, committed.target.expect("a place"));
    rest.sort_unstable();
    rest.dedup();
    assert!((15_000..60_000).all(|number| rest.binary_search(&number).is_ok()));
}

/// The same, with transactions: nothing comes twice.
pub(crate) async fn killed_but_exactly_once(world: &mut World) {
    let mirror = Mirror { exactly_once: true, ..world.mirror("once") };
    let (seen, here, there, noted) = kill_in_the_middle(world, &mirror, "once").await;
    assert_eq!((&there, noted), (&here, 0));
    let TopicState::Both(partitions) = &seen.topics["once.a"] else { panic!("{seen:#?}") };
    assert!(partitions[&0].target.end > 60_000, "its markers take offsets");
    assert_eq!(seen.missing(), 0);
}

async fn kill_in_the_middle(world: &mut World, mirror: &Mirror, name: &str) -> (Comparison, Vec<u64>, Vec<u64>, u64) {
    world.production.ask(&format!("topic {name}.a 1"));
    world.production.ask(&format!("produce {name}.a 0 0 20000"));
    world.production.ask(&format!("commit {name}.g {name}.a 0 15000"));
    let mut running = world.run(mirror);
    let mut looker = world.looker();
    until(&mut looker, mirror, &running, |seen| {
        matches!(&seen.topics[&format!("{name}.a")], TopicState::Both(partitions) if partitions[&0].target.end > 1000)
    })
    .await;
    world.production.ask(&format!("produce {name}.a 0 20000 40000"));
    running.kill();
    let workers = looker.target.workers(LIMIT).await.expect("workers");
    let own = workers.iter().any(|workers| workers.group == mirror.worker_group());
    assert!(own, "it counts as running for some seconds: {workers:?}");
    let mut running = world.run(mirror);
    until(&mut looker, mirror, &running, Comparison::has_all_records).await;
    running.stop();
    let seen = settle(&mut looker, mirror).await;
    assert!(seen.is_complete(), "{seen:#?}");
    let command = format!("read {name}.a 0");
    let noted = looker.notes().twice();
    // Read anew, as by who restores from that cluster.
    let mut back = Looker::new(world.backup.client(), world.production.client());
    assert!(back.twice_at_source(LIMIT).await.expect("the notes") >= noted, "those of other mirrors, too");
    (seen, values(&world.production.ask(&command)), values(&world.backup.ask(&command)), noted)
}

/// The target is gone for a while: the mirror and the look go on after it.
pub(crate) async fn broker_gone(world: &mut World) {
    world.production.ask("topic gone.a 1");
    world.production.ask("produce gone.a 0 0 1000");
    let mirror = world.mirror("gone");
    let running = world.run(&mirror);
    let mut looker = world.looker();
    until(&mut looker, &mirror, &running, Comparison::has_all_records).await;
    world.backup.down();
    world.production.ask("produce gone.a 0 1000 1000");
    tokio::time::sleep(Duration::from_secs(10)).await;
    world.backup.up();
    let seen = until(&mut looker, &mirror, &running, Comparison::is_complete).await;
    assert_eq!(seen.missing(), 0);
    let mut there = values(&world.backup.ask("read gone.a 0"));
    there.sort_unstable();
    there.dedup();
    assert_eq!(there, (0..2000).collect::<Vec<u64>>());
}

/// Records that expire while no mirror runs are counted.
pub(crate) async fn expired_on_the_way(world: &mut World) {
    let mirror = world.mirror("gap");
    expire(world, &mirror, "gap").await;
}

/// The same, with transactions: their markers do not stand in for what is gone.
pub(crate) async fn expired_but_exactly_once(world: &mut World) {
    let mirror = Mirror { exactly_once: true, ..world.mirror("gap-once") };
    expire(world, &mirror, "gap-once").await;
}

async fn expire(world: &mut World, mirror: &Mirror, name: &str) {
    world.production.ask(&format!("topic {name}.a 1"));
    world.production.ask(&format!("produce {name}.a 0 0 100"));
    world.production.ask(&format!("delete-before {name}.a 0 10"));
    let mut looker = world.looker();
    // Ten more expire before the first comes.
    looker.began_at([(format!("{name}.a"), [(0, 10)].into())].into());
    world.production.ask(&format!("delete-before {name}.a 0 20"));
    let mut running = world.run(mirror);
    until(&mut looker, mirror, &running, Comparison::has_all_records).await;
    running.stop();
    world.production.ask(&format!("produce {name}.a 0 100 100"));
    world.production.ask(&format!("delete-before {name}.a 0 150"));
    world.production.ask(&format!("commit {name}.g {name}.a 0 120"));
    let seen = looker.look(mirror, LIMIT).await.expect("both clusters");
    assert_eq!((seen.missing(), seen.expired()), (50, 60));
    let running = world.run(mirror);
    let seen = until(&mut looker, mirror, &running, Comparison::is_complete).await;
    assert_eq!(seen.expired(), 60, "they stay counted");
    let there = values(&world.backup.ask(&format!("read {name}.a 0")));
    assert_eq!(there, (20..100).chain(150..200).collect::<Vec<u64>>());
}

/// A transaction that nobody ends hides what lies behind it, until Kafka aborts it.
pub(crate) async fn hidden_by_a_transaction(world: &mut World) {
    world.production.ask("topic hidden.a 1");
    world.production.ask("produce hidden.a 0 0 10");
    let mirror = world.mirror("hidden");
    let running = world.run(&mirror);
    let mut looker = world.looker();
    until(&mut looker, &mirror, &running, Comparison::has_all_records).await;
    world.production.ask("transaction hidden.a 0 10 5 open");
    world.production.ask("produce hidden.a 0 20 5");
    looker.look(&mirror, LIMIT).await.expect("both clusters");
    let seen = looker.look(&mirror, LIMIT).await.expect("both clusters");
    let hidden = Hidden { topic: "hidden.a".to_owned(), partition: 0, since: 10, records: 10 };
    assert_eq!((seen.hidden(), seen.has_all_records()), (&[hidden][..], false));
    // After the producer's transaction.timeout.ms, a minute.
    until(&mut looker, &mirror, &running, Comparison::has_all_records).await;
    assert_eq!(values(&world.backup.ask("read hidden.a 0")), (0..10).chain(20..25).collect::<Vec<u64>>());
}

/// Targets that are not fit for the mirror.
pub(crate) async fn differs(world: &mut World) {
    world.production.ask("topic differ.more 1");
    world.production.ask("topic differ.fewer 3");
    world.production.ask("topic differ.full 1");
    world.backup.ask("topic differ.more 2");
    world.backup.ask("topic differ.fewer 1");
    world.backup.ask("topic differ.full 1");
    world.backup.ask("produce differ.full 0 0 3");
    let mirror = world.mirror("differ");
    let mut looker = world.looker();
    let topics = looker.target.topics(LIMIT).await.expect("topics");
    let positions = looker.target.positions(&topics, LIMIT).await.expect("positions");
    let found = occupied(&positions, looker.notes(), &mirror.topics);
    assert_eq!(found.iter().map(|one| one.topic.as_str()).collect::<Vec<_>>(), ["differ.full"]);
    let seen = looker.look(&mirror, LIMIT).await.expect("both clusters");
    assert_eq!(seen.topics["differ.more"], TopicState::Partitions { source: 1, target: 2, missing: 0 });
    assert_eq!(seen.topics["differ.fewer"], TopicState::Partitions { source: 3, target: 1, missing: 0 });

    // MirrorMaker adds what lacks, and leaves what is too much.
    let running = world.run(&mirror);
    let seen =
        until(&mut looker, &mirror, &running, |seen| matches!(seen.topics["differ.fewer"], TopicState::Both(_))).await;
    assert_eq!(seen.topics["differ.more"], TopicState::Partitions { source: 1, target: 2, missing: 0 });
    assert!(!seen.is_complete());
}
