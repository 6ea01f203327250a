//! What a mirror has brought over, for people and programs.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::Result;
use hwdr_kafka::client::{Client, Error};
use hwdr_kafka::compare::{Comparison, Pace, TopicState, Verdict};
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::{Cluster, Mirror};
use serde_json::{Value as Json, json};

use crate::cli::messages::{Failure, warn};
use crate::cli::streams::Form;
use crate::cli::{Outcome, files};
use crate::lint::report::human::wrap;
use crate::product::streams::kafka::{self, circle};
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
    if let Some(why) = circle(&looker.source.workers(LIMIT).await.map_err(|error| unread(source, &error))?, mirror) {
        warn(&why);
    }
    let mut last: Option<(Instant, Comparison)> = None;
    loop {
        let began = Instant::now();
        let now = looker.look(mirror, LIMIT).await.map_err(|error| unread(target, &error))?;
        let now = match now.has_all_records() {
            // Nothing moves any more: then a group's place can be counted.
            true => looker.look_closely(mirror, LIMIT).await.map_err(|error| unread(target, &error))?,
            false => now,
        };
        let pace = last.as_ref().and_then(|(then, earlier)| Pace::between(earlier, &now, began.duration_since(*then)));
        match form {
            Form::Text => shown::print(&text(mirror, &now, pace)),
            Form::Json => shown::print_json(&machine(mirror, &now, pace), !watch),
        }
        if now.is_complete() {
            return Ok(Outcome::Clean);
        }
        if !watch {
            return Ok(Outcome::Refused);
        }
        last = Some((began, now));
        tokio::time::sleep(PAUSE).await;
    }
}

/// A client, with the secrets of the cluster's folder.
fn client(cluster: &Cluster, secrets: &str) -> Result<Client> {
    let folder = format!("{}/{}", secrets.trim_end_matches('/'), cluster.alias);
    Ok(kafka::client(cluster, |name| {
        let path = format!("{folder}/{name}");
        files::read(&path).map_err(|error| {
            Refusal::new(format!("cannot read {path}: {error}"))
                .help("put the cluster's secrets there, or name another folder: --secrets DIR")
        })
    })?)
}

/// A cluster could not be read.
fn unread(cluster: &Cluster, error: &Error) -> anyhow::Error {
    Failure::unknown(kafka::unread(cluster, error)).into()
}

/// For people, in 80 columns.
fn text(mirror: &Mirror, now: &Comparison, pace: Option<Pace>) -> String {
    let mut text = format!("Mirror {} -> {}: ", mirror.source.alias, mirror.target.alias);
    let _ = match (now.is_complete(), now.has_all_records()) {
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
    for line in faults(now).into_iter().take(NAMED) {
        let _ = writeln!(text, "{}", wrap(&format!("- {line}"), shown::width()));
    }
    text
}

/// What keeps it from being complete, one a line.
fn faults(now: &Comparison) -> Vec<String> {
    let topics = now.topics.iter().filter_map(|(topic, state)| {
        let topic = plain(topic);
        match state {
            TopicState::OnlySource => Some(format!("topic {topic} is not at the target yet")),
            TopicState::Recreated => {
                Some(format!("topic {topic} was deleted at the target since: MirrorMaker brings nothing of it again. Mirror to a new cluster"))
            }
            TopicState::Partitions { source, target } => {
                Some(format!("topic {topic} has {source} partitions at the source and {target} at the target: keys go elsewhere. Mirror to a new cluster"))
            }
            TopicState::Both(partitions) => {
                let missing = partitions.values().map(|partition| partition.missing()).fold(0, u64::saturating_add);
                (missing > 0).then(|| format!("topic {topic}: {missing} records are missing at most"))
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
    topics.chain(groups).collect()
}

fn machine(mirror: &Mirror, now: &Comparison, pace: Option<Pace>) -> Json {
    json!({
        "source": mirror.source.alias.as_str(),
        "target": mirror.target.alias.as_str(),
        "isComplete": now.is_complete(),
        "hasAllRecords": now.has_all_records(),
        "missing": now.missing(),
        "expired": now.expired(),
        "readAgain": now.read_again(),
        "pace": pace.map(|pace| json!({
            "copiedPerSecond": pace.copied, "producedPerSecond": pace.produced, "secondsLeft": pace.left().map(|left| left.as_secs()),
        })),
        "faults": faults(now),
    })
}
