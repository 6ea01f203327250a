//! How fast MirrorMaker is alone, and while hwdr looks at both clusters every five seconds, as a restore does. Both have hwdr's settings. The time is
//! from the first record that arrives to the last. `make bench-kafka` runs it; `HWDR_LAB_KAFKA` names Kafka's folder (lab/parts/kafka.sh).
//!
//! It fails if hwdr's looks cost MirrorMaker more than a tenth of its time, in the median of pairs of runs.

#[path = "../tests/kafka/world.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod world;

use std::time::{Duration, Instant};

use hwdr_kafka::client::Client;
use hwdr_kafka::mirror::Mirror;
use world::{LIMIT, World};

/// Pairs of runs.
const ROUNDS: usize = 5;
const PARTITIONS: i64 = 2;
/// Records in each partition.
const RECORDS: i64 = 1_000_000;
/// The most that the looks may cost.
const LIMIT_OF_RATIO: f64 = 1.1;
/// The pause between two looks of a restore (src/product/streams/steps/mirror.rs).
const PAUSE: Duration = Duration::from_secs(5);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let mut world = World::start();
    let (mut alone, mut watched) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        // Whoever is first finds a warmer or a colder machine.
        for is_watched in [round % 2 == 0, round % 2 != 0] {
            let name = format!("pace-{round}-{is_watched}");
            world.production.ask(&format!("topic {name}.a {PARTITIONS}"));
            for partition in 0..PARTITIONS {
                world.production.ask(&format!("produce {name}.a {partition} 0 {RECORDS}"));
            }
            let took = runtime.block_on(copied(&world, &world.mirror(&name), &format!("{name}.a"), is_watched));
            if is_watched { &mut watched } else { &mut alone }.push(took);
        }
    }
    let ratios = alone.iter().zip(&watched).map(|(alone, watched)| watched / alone).collect();
    print("MirrorMaker alone, records/s", alone.iter().map(|seconds| rate(*seconds)).collect());
    print("while hwdr looks, records/s", watched.iter().map(|seconds| rate(*seconds)).collect());
    let ratio = print("its time, as a ratio", ratios);
    assert!(
        ratio <= LIMIT_OF_RATIO,
        "while hwdr looks, MirrorMaker takes {ratio:.2} of its time, and at most {LIMIT_OF_RATIO} is allowed"
    );
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(seconds: f64) -> f64 {
    (RECORDS * PARTITIONS) as f64 / seconds
}

/// Has all records copied; gives the seconds.
async fn copied(world: &World, mirror: &Mirror, topic: &str, is_watched: bool) -> f64 {
    let mut running = world.run(mirror);
    let mut target = world.backup.client();
    let watch = async {
        if !is_watched {
            return std::future::pending().await;
        }
        let mut looker = world.looker();
        loop {
            looker.look(mirror, LIMIT).await.expect("both clusters");
            looker.source.workers(LIMIT).await.expect("workers");
            tokio::time::sleep(PAUSE).await;
        }
    };
    let ends = async {
        until(&mut target, topic, 1).await;
        let began = Instant::now();
        until(&mut target, topic, RECORDS * PARTITIONS).await;
        began.elapsed().as_secs_f64()
    };
    let took = tokio::select! { took = ends => took, () = watch => unreachable!("it looks for ever") };
    running.stop();
    took
}

/// Waits until a topic of the target has so many records.
async fn until(target: &mut Client, topic: &str, count: i64) {
    let end = Instant::now() + LIMIT;
    loop {
        let mut topics = target.topics(LIMIT).await.expect("topics");
        topics.retain(|there| there.name == topic);
        let positions = target.positions(&topics, LIMIT).await.expect("positions");
        if positions.values().flat_map(|partitions| partitions.values()).map(|ends| ends.end).sum::<i64>() >= count {
            return;
        }
        assert!(Instant::now() < end, "{topic} has no {count} records within {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Prints values; gives the one in the middle.
fn print(what: &str, mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let (first, middle, last) = (values[0], values[values.len() / 2], values[values.len() - 1]);
    println!("{what}: {middle:.2} (from {first:.2} to {last:.2}, {} rounds)", values.len());
    middle
}
