//! Whether the old Kafka has records that no mirror has brought to the backup cluster.

use hwdr_kafka::client::{Offsets, Topic, of_partition};
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::Mirror;
use jiff::Timestamp;

use super::mirror::{ANSWERS, newest_records};
use crate::cluster::condition::shortened;
use crate::product::streams::own::Own;
use crate::product::streams::preflight::old_kafka;
use crate::run::{Context as _, Halt, Run};
use crate::shown::{kept, plain};

/// Checks that the old Kafka, if it still answers, has no record that is newer than all in the backup cluster, in any partition: Streams has published
/// until it was stopped, and the mirror ended before. MirrorMaker keeps partitions, and one may be behind while another is not. Said once: who
/// resumes without more in the backup cluster leaves them. The times are a hint, no proof: those of markers of transactions, which are not mirrored,
/// count as well.
pub(super) async fn nothing_is_left_behind(
    run: &mut Run,
    looker: &mut Looker,
    mirror: &Mirror,
    own: &mut Own,
) -> Result<(), Halt> {
    let Some(mut old) = old_kafka(&run.cluster, own).await else { return Ok(()) };
    let Ok(mut topics) = old.topics(ANSWERS).await else { return Ok(()) };
    topics.retain(|topic| mirror.topics.contain(&topic.name));
    let unled = unled(&mut topics);
    let newest = match old.newest_records(&topics, ANSWERS).await {
        Ok(newest) => newest,
        Err(error) => {
            run.doubt(&format!(
                "kafka: the old Kafka still answers, and whether it has newer records than were mirrored could not be seen: {}",
                kept(&error.to_string())
            ));
            return Ok(());
        }
    };
    let mirrored = newest_records(looker, mirror).await?;
    if !unled.is_empty() {
        let unled: Vec<_> = unled.iter().map(String::as_str).collect();
        run.doubt(&format!(
            "kafka: the old Kafka still answers, but no broker leads these partitions, so whether they have newer records could not be seen: {}",
            shortened(&unled)
        ));
    }
    let behind = behind(&newest, &mirrored);
    let Some((what, is_at)) = newest_of(&behind, &newest, &mirrored) else { return Ok(()) };
    let what = format!(
        "the old Kafka still answers, and seems to have records that cluster {} does not have: {what}{is_at}",
        mirror.source.alias,
    );
    if own.left_behind.as_ref() == Some(&behind) {
        run.doubt(&format!("kafka: {what}. Such records are not in the new cluster"));
        return Ok(());
    }
    own.left_behind = Some(behind);
    run.state.own = own.to_json();
    run.save().await?;
    let resume = run.resume();
    Err(Halt::new(what)
        .help(
            "see whether any are missing; NAME is what MirrorMaker calls the old Kafka:\n\
               helm hwdr streams mirror --for backup --name NAME -f values.yaml",
        )
        .help("if so, start that MirrorMaker again until nothing is missing, and stop it then")
        .help(format!("and resume:\n{resume}"))
        .help("if nothing more is mirrored, that resume goes on, and leaves them"))
}

/// Takes out partitions that no broker leads, which nobody can ask about, and names them.
fn unled(topics: &mut [Topic]) -> Vec<String> {
    let mut unled = Vec::new();
    for topic in topics {
        let name = plain(&topic.name).into_owned();
        topic.partitions.retain(|partition| {
            if !partition.led {
                unled.push(format!("{name}, partition {}", partition.index));
            }
            partition.led
        });
    }
    unled
}

/// The partitions of which the old cluster has newer records than were mirrored, and how new those are: -1 if there are none.
fn behind(old: &Offsets, mirrored: &Offsets) -> Offsets {
    let mut behind = Offsets::new();
    for (topic, partitions) in old {
        for (partition, time) in partitions {
            let there = of_partition(mirrored, topic, *partition).unwrap_or(-1);
            if *time > there {
                behind.entry(topic.clone()).or_default().insert(*partition, there);
            }
        }
    }
    behind
}

/// The partitions that are behind, in words, and how far the one with the newest record is.
fn newest_of(behind: &Offsets, old: &Offsets, mirrored: &Offsets) -> Option<(String, String)> {
    let all: Vec<_> =
        behind.iter().flat_map(|(topic, partitions)| partitions.keys().map(move |at| (topic.as_str(), *at))).collect();
    let (topic, at) = all.iter().copied().max_by_key(|(topic, at)| of_partition(old, topic, *at))?;
    let shown = |time: Option<i64>| {
        let time = time.and_then(|time| Timestamp::from_millisecond(time).ok());
        time.map_or_else(|| "none".to_owned(), |time| time.to_string())
    };
    let named: Vec<_> = all.iter().map(|(topic, at)| format!("{}, partition {at}", plain(topic))).collect();
    let named = shortened(&named.iter().map(String::as_str).collect::<Vec<_>>());
    let is_at = format!(
        ". Of {}, partition {at}, its newest is of {}, the newest there of {}",
        plain(topic),
        shown(of_partition(old, topic, at)),
        shown(of_partition(mirrored, topic, at))
    );
    Some((named, is_at))
}

#[cfg(test)]
mod tests {
    use hwdr_kafka::client::Partition;

    use super::*;

    fn times(all: &[(i32, i64)]) -> Offsets {
        [("streams.a".to_owned(), all.iter().copied().collect())].into()
    }

    #[test]
    fn records_that_are_left_behind_are_found_in_each_partition() {
        for (old, mirrored, expected) in [
            (&[][..], &[][..], &[][..]),
            (&[(0, 5)], &[(0, 5)], &[]),
            (&[(0, 5)], &[(0, 6)], &[]), // the topic there has the broker's times
            (&[(0, 6)], &[(0, 5)], &[(0, 5)]),
            (&[(0, 6), (1, 9)], &[(0, 5), (1, 9)], &[(0, 5)]), // the newest of all is there
            (&[(0, 6), (1, 9)], &[(1, 9)], &[(0, -1)]),
        ] {
            let found = behind(&times(old), &times(mirrored));
            assert_eq!(found.get("streams.a").cloned().unwrap_or_default(), expected.iter().copied().collect());
        }
    }

    #[test]
    fn what_is_left_behind_is_named() {
        let (old, mirrored) = (times(&[(0, 6000), (1, 9000), (2, 3000)]), times(&[(0, 5000), (2, 3000)]));
        let (named, is_at) = newest_of(&behind(&old, &mirrored), &old, &mirrored).unwrap();
        assert_eq!(named, "streams.a, partition 0, streams.a, partition 1");
        assert!(
            is_at.ends_with("partition 1, its newest is of 1970-01-01T00:00:09Z, the newest there of none"),
            "{is_at}"
        );
        assert_eq!(newest_of(&Offsets::new(), &old, &mirrored), None);
    }

    #[test]
    fn partitions_that_nobody_leads_are_named_and_not_asked_about() {
        let partition = |index, led| Partition { index, led, replicas: 1, in_sync: 1 };
        let partitions = vec![partition(0, true), partition(1, false)];
        let mut topics = [Topic { name: "streams.a".to_owned(), partitions }];
        assert_eq!(unled(&mut topics), ["streams.a, partition 1"]);
        assert_eq!(topics[0].partitions, [partition(0, true)]);
    }
}
