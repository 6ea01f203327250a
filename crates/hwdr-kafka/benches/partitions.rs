//! How long one look at 1,000 partitions on both sides takes, and its calls. `make bench-kafka` runs it; `HWDR_LAB_KAFKA` names Kafka's folder
//! (lab/parts/kafka.sh). It fails if a look takes longer than two seconds, in the median.

#[path = "../tests/kafka/world.rs"]
#[allow(dead_code, reason = "shared with the tests")]
mod world;

use std::time::{Duration, Instant};

use world::{LIMIT, World};

const ROUNDS: usize = 21;
/// The most that a look may take.
const MOST: Duration = Duration::from_secs(2);

fn main() {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let mut world = World::start();
    runtime.block_on(measure(&mut world));
}

async fn measure(world: &mut World) {
    for lone in [&mut world.production, &mut world.backup] {
        lone.ask("many many. 20 50");
        lone.ask("produce many.-0 0 0 100");
        for group in 0..20 {
            lone.ask(&format!("commit many.g{group} many.-0 0 50"));
        }
    }
    let mirror = world.mirror("many");
    let mut looker = world.looker();
    let mut looks = Vec::new();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let seen = looker.look(&mirror, LIMIT).await.expect("both clusters");
        looks.push(began.elapsed());
        assert_eq!(seen.topics.len(), 20);
    }
    let look = print("a look at 1,000 partitions and 20 groups on both sides", looks);
    assert!(look < MOST, "a look takes {look:.1?}, and at most {MOST:?} is allowed");

    let (mut metadata, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let topics = looker.source.topics(LIMIT).await.expect("topics");
        metadata.push(began.elapsed());
        let meant: Vec<_> = topics.into_iter().filter(|topic| topic.name.starts_with("many")).collect();
        let began = Instant::now();
        let positions = looker.source.positions(&meant, LIMIT).await.expect("positions");
        ends.push(began.elapsed());
        assert_eq!(positions.values().map(std::collections::BTreeMap::len).sum::<usize>(), 1000);
    }
    print("topics, over TLS", metadata);
    print("both ends of 1,000 partitions, over TLS", ends);
}

/// Prints times; gives the one in the middle.
fn print(what: &str, mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    let (first, middle, last) = (times[0], times[times.len() / 2], times[times.len() - 1]);
    println!("{what}: {middle:.1?} (from {first:.1?} to {last:.1?}, {} rounds)", times.len());
    middle
}
