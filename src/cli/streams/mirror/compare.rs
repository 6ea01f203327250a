//! What a mirror has brought over, for people and programs.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use hwdr_kafka::client::{Client, Error};
use hwdr_kafka::compare::{Comparison, Pace, TopicState, Verdict};
use hwdr_kafka::lacks::Lacks;
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::{Cluster, Mirror};
use serde_json::{Value as Json, json};

use crate::cli::messages::Failure;
use crate::cli::words::Form;
use crate::cli::{Outcome, files};
use crate::lint::report::human::wrap;
use crate::product::streams::kafka::{self, circle, hidden, other, unclear};
use crate::product::streams::steps::mirror::unplaced;
use crate::refusal::Refusal;
use crate::shown::{self, duration, plain};

/// How long one look may take.
const LIMIT: Duration = Duration::from_secs(60);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// How many topics and groups are named.
const NAMED: usize = 20;

/// Looks at both clusters, until the mirror is complete if `watch`.
pub(super) async fn run(mirror: &Mirror, secrets: &str, form: Form, watch: bool) -> Result<Outcome> {
    mirror.check()?;
    let [source, target] = [&mirror.source, &mirror.target];
    let mut looker = Looker::new(client(source, secrets)?, client(target, secrets)?);
    let mut last: Option<(Instant, Comparison)> = None;
    loop {
        let began = Instant::now();
        let workers = looker.source.workers(LIMIT).await.map_err(|error| unread(source, &error))?;
        let others = Others {
            circle: circle(&workers, mirror),
            unclear: unclear(&workers, mirror).or_else(|| other(&workers, mirror)),
        };
        let now = looker.look(mirror, LIMIT).await.map_err(|error| unread(target, &error))?;
        let now = match now.has_all_records() {
            // Nothing moves any more: then a group's place can be counted.
            true => looker.look_closely(mirror, LIMIT).await.map_err(|error| unread(target, &error))?,
            false => now,
        };
        // Before, they may be on their way.
        let lacks = if now.has_all_records() { looker.lacks(mirror, LIMIT).await } else { Lacks::default() };
        let seen = Seen { now, lacks, others };
        let now = &seen.now;
        let pace = last.as_ref().and_then(|(then, earlier)| Pace::between(earlier, now, began.duration_since(*then)));
        match form {
            Form::Text => shown::print(&text(mirror, &seen, pace)),
            Form::Json => shown::print_json(&machine(mirror, &seen, pace), !watch),
        }
        // Two mirrors in a circle never end: no wait helps.
        if seen.others.circle.is_some() {
            return Ok(Outcome::Refused);
        }
        if now.is_complete() {
            return Ok(Outcome::Clean);
        }
        if !watch {
            return Ok(Outcome::Refused);
        }
        last = Some((began, seen.now));
        tokio::time::sleep(PAUSE).await;
    }
}

/// One look.
struct Seen {
    now: Comparison,
    lacks: Lacks,
    others: Others,
}

/// What else works at the source.
#[derive(Debug, Default)]
struct Others {
    /// A mirror the other way: both would copy every record for ever.
    circle: Option<String>,
    /// What may be one.
    unclear: Option<String>,
}

/// A client, with the secrets of the cluster's folder.
pub(super) fn client(cluster: &Cluster, secrets: &str) -> Result<Client, Refusal> {
    let folder = format!("{}/{}", secrets.trim_end_matches('/'), cluster.alias);
    kafka::client(cluster, |name| {
        let path = format!("{folder}/{name}");
        files::read(&path).map_err(|error| {
            Refusal::new(format!("cannot read {path}: {error}"))
                .help("put the cluster's secrets there, or name another folder: --secrets DIR")
        })
    })
}

/// A cluster could not be read.
fn unread(cluster: &Cluster, error: &Error) -> anyhow::Error {
    Failure::unknown(kafka::unread(cluster, error)).into()
}

/// For people, in 80 columns.
fn text(mirror: &Mirror, seen: &Seen, pace: Option<Pace>) -> String {
    let Seen { now, lacks, others } = seen;
    let mut text = format!("Mirror {} -> {}: ", mirror.source.alias, mirror.target.alias);
    let _ = match (now.is_complete(), now.has_all_records()) {
        _ if others.circle.is_some() => writeln!(text, "a circle, which never ends"),
        (true, _) => writeln!(text, "complete, if the producers have stopped"),
        (false, true) => writeln!(text, "all records arrived, but some groups would not go on where they were"),
        (false, false) => writeln!(text, "not complete"),
    };
    let _ = writeln!(text, "  records missing       {} at most", now.missing());
    let _ =
        writeln!(text, "  expired on the way    {} at most: they are lost for {}", now.expired(), mirror.target.alias);
    let _ = writeln!(text, "  to be read again      {} at most, by groups that are behind", now.read_again());
    if let Some(pace) = pace {
        let left = pace.left().map_or_else(
            || "the mirror does not get closer".to_owned(),
            |left| format!("{} left", duration(left.as_secs())),
        );
        let _ = writeln!(
            text,
            "  pace                  {:.0} records/s arrive, {:.0} records/s are written; {left}",
            pace.copied, pace.produced
        );
    }
    for line in others.circle.iter().cloned().chain(faults(now)).take(NAMED) {
        let _ = writeln!(text, "{}", wrap(&format!("- {line}"), shown::width()));
    }
    let kinds = [
        ("does not have the right", &lacks.rights),
        ("has another setting", &lacks.settings),
        ("could not be compared", &lacks.unseen),
    ];
    for (what, all) in kinds {
        for one in all.iter().take(NAMED) {
            let line = format!("Note: {} {what}: {}", mirror.target.alias, plain(one));
            let _ = writeln!(text, "{}", wrap(&line, shown::width()));
        }
    }
    for line in unplaced(now).iter().take(NAMED) {
        let _ = writeln!(text, "{}", wrap(&format!("Note: {line}"), shown::width()));
    }
    if let Some(unclear) = &others.unclear {
        let _ = writeln!(text, "{}", wrap(&format!("Note: {unclear}"), shown::width()));
    }
    text
}

/// What keeps it from being complete, one a line.
fn faults(now: &Comparison) -> Vec<String> {
    let topics = now.topics.iter().filter_map(|(topic, state)| {
        let topic = plain(topic);
        match state {
            TopicState::OnlySource(_) => Some(format!("topic {topic} is not at the target yet")),
            TopicState::Recreated => {
                Some(format!("topic {topic} was deleted at the target since: MirrorMaker brings nothing of it again. Mirror to a new cluster"))
            }
            TopicState::OtherSource => Some(format!(
                "topic {topic} has fewer records at the source than were brought over: it was deleted there since, or another cluster was mirrored under \
                 this name. Name today's cluster as its MirrorMaker does: --name NAME"
            )),
            TopicState::Partitions { source, target, .. } if target < source => {
                Some(format!("topic {topic} has {source} partitions at the source and {target} at the target: MirrorMaker adds the others"))
            }
            TopicState::Partitions { source, target, .. } => {
                Some(format!("topic {topic} has {source} partitions at the source and {target} at the target: keys go elsewhere. Mirror to a new cluster"))
            }
            TopicState::Both(partitions) => {
                let missing = partitions.values().map(|partition| partition.missing()).fold(0, u64::saturating_add);
                let is_whole = partitions.values().all(|partition| partition.is_whole());
                match missing {
                    0 if is_whole => None,
                    0 => Some(format!("topic {topic}: the target has more records than were to come: wait until MirrorMaker has noted the last")),
                    _ => Some(format!("topic {topic}: {missing} records are missing at most")),
                }
            }
            TopicState::OnlyTarget => None,
        }
    });
    let groups = now.groups.iter().flat_map(|(group, topics)| {
        topics.iter().flat_map(move |(topic, partitions)| {
            partitions.iter().filter(|(_, committed)| !committed.verdict.is_safe()).map(
                move |(partition, committed)| {
                    let place = format!("group {}, topic {}, partition {partition}", plain(group), plain(topic));
                    match committed.verdict {
                        Verdict::Ahead(records) => format!("{place}: it would skip up to {records} records"),
                        Verdict::Nowhere => format!("{place}: it has no offset at the target"),
                        _ => format!("{place}: where it would go on is not known"),
                    }
                },
            )
        })
    });
    let nothing = now.is_nothing().then(|| "the source has none of the topics that are mirrored".to_owned());
    nothing.into_iter().chain(topics).chain(hidden(now)).chain(groups).collect()
}

fn machine(mirror: &Mirror, seen: &Seen, pace: Option<Pace>) -> Json {
    let Seen { now, lacks, others } = seen;
    json!({
        "source": mirror.source.alias.as_str(),
        "target": mirror.target.alias.as_str(),
        "isComplete": now.is_complete() && others.circle.is_none(),
        "hasAllRecords": now.has_all_records(),
        "missing": now.missing(),
        "expired": now.expired(),
        "readAgain": now.read_again(),
        "pace": pace.map(|pace| json!({
            "copiedPerSecond": pace.copied, "producedPerSecond": pace.produced, "secondsLeft": pace.left().map(|left| left.as_secs()),
        })),
        "lacks": {"rights": lacks.rights, "settings": lacks.settings, "unseen": lacks.unseen},
        "unplaced": unplaced(now),
        "otherWay": others.circle,
        "unclear": others.unclear,
        "faults": others.circle.iter().cloned().chain(faults(now)).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use hwdr_kafka::client::Ends;
    use hwdr_kafka::compare::{Counted, Side};
    use hwdr_kafka::direction::{Activity, Workers};
    use hwdr_kafka::mirror::Security;
    use hwdr_kafka::name::{Alias, Server};
    use hwdr_kafka::notes::{Notes, Pair};
    use hwdr_kafka::select::{Groups, Topics};

    use super::*;

    fn mirror() -> Mirror {
        let cluster = |name: &str| Cluster {
            alias: Alias::new(name).unwrap(),
            servers: Server::parse_list(&format!("{name}.example.com:9092")).unwrap(),
            security: Security::Plaintext,
            replication: 3,
        };
        let (topics, groups) = (Topics::parse("streams*").unwrap(), Groups::parse("*").unwrap());
        Mirror { source: cluster("backup"), target: cluster("restored"), topics, groups, tasks: 4, exactly_once: true }
    }

    fn compared(arrived: i64, committed: Option<i64>) -> Comparison {
        let side = |end: i64, committed: Option<i64>| Side {
            positions: [("streams.a".to_owned(), [(0, Ends { begin: 0, end })].into())].into(),
            committed: committed
                .map(|at| ("g".to_owned(), BTreeMap::from([("streams.a".to_owned(), [(0, at)].into())])))
                .into_iter()
                .collect(),
        };
        let mut notes = Notes::default();
        for offset in [0, arrived - 1] {
            notes.add("streams.a", 0, Pair { source: offset, target: offset });
        }
        let mirror = mirror();
        Comparison::new(
            &side(100, Some(40)),
            &side(arrived, committed),
            &notes,
            &Counted::default(),
            &mirror.topics,
            &mirror.groups,
        )
    }

    fn workers(activity: Activity) -> Vec<Workers> {
        vec![Workers { group: "production-mm2".to_owned(), hosts: vec!["/10.0.0.1".to_owned()], activity, reads: None }]
    }

    fn seen(arrived: i64, committed: Option<i64>, workers: &[Workers]) -> Seen {
        let (mirror, lacks) = (mirror(), Lacks::default());
        let others = Others { circle: circle(workers, &mirror), unclear: unclear(workers, &mirror) };
        Seen { now: compared(arrived, committed), lacks, others }
    }

    #[test]
    fn what_has_arrived_is_said() {
        let mirror = mirror();
        let shown = text(&mirror, &seen(100, Some(40), &[]), None);
        assert!(shown.starts_with("Mirror backup -> restored: complete, if the producers have stopped\n"), "{shown}");
        let shown = text(&mirror, &seen(70, None, &[]), None);
        assert!(
            shown.starts_with("Mirror backup -> restored: not complete\n  records missing       30 at most\n"),
            "{shown}"
        );
        assert!(shown.contains("- topic streams.a: 30 records are missing at most\n"), "{shown}");
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
        let shown = shown.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(shown.contains("- group g, topic streams.a, partition 0: it has no offset at the target"), "{shown}");
        let machine = machine(&mirror, &seen(70, Some(50), &[]), None);
        assert_eq!((&machine["isComplete"], &machine["missing"]), (&json!(false), &json!(30)));
        assert_eq!(machine["faults"][1], "group g, topic streams.a, partition 0: it would skip up to 10 records");
    }

    #[test]
    fn a_mirror_the_other_way_is_no_complete_one() {
        let (mirror, seen) = (mirror(), seen(100, Some(40), &workers(Activity::Mirrors(2))));
        assert!(seen.now.is_complete() && seen.others.unclear.is_none());
        let shown = text(&mirror, &seen, None);
        assert!(shown.starts_with("Mirror backup -> restored: a circle, which never ends\n"), "{shown}");
        assert!(shown.contains("- a mirror writes into backup"), "{shown}");
        let machine = machine(&mirror, &seen, None);
        assert_eq!(machine["isComplete"], false);
        assert!(machine["otherWay"].as_str().unwrap().contains("production-mm2"), "{machine}");
        assert_eq!(machine["faults"][0], machine["otherWay"]);
    }

    #[test]
    fn what_may_be_a_mirror_and_what_is_missing_is_named() {
        let (mirror, mut seen) = (mirror(), seen(100, Some(40), &workers(Activity::Unclear)));
        seen.lacks.rights = vec!["allow \"User:u\" Write on literal topic \"streams.a\" from host \"*\"".to_owned()];
        let shown = text(&mirror, &seen, None);
        assert!(
            shown.contains("complete, if the producers") && shown.contains("Note: Kafka Connect works on backup"),
            "{shown}"
        );
        assert!(shown.contains("Note: restored does not have the right: allow \"User:u\" Write"), "{shown}");
        assert_eq!(machine(&mirror, &seen, None)["lacks"]["rights"][0], seen.lacks.rights[0].as_str());
    }
}
