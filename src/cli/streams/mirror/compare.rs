//! What a mirror has brought over, for people and programs.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use hwdr_kafka::client::{Access, Client, Error, Hash, Login, Mechanism, Password, Roots};
use hwdr_kafka::compare::{Comparison, Pace, TopicState, Verdict};
use hwdr_kafka::direction::{Activity, Workers};
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::{Cluster, Mirror, Security};
use serde_json::{Value as Json, json};

use crate::cli::messages::{Failure, warn};
use crate::cli::streams::Form;
use crate::cli::{Outcome, files};
use crate::lint::report::human::wrap;
use crate::refusal::Refusal;
use crate::shown::{self, duration, plain, said, word};

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
    let mut access = Access::default();
    if let Security::SaslTls { .. } = &cluster.security {
        let folder = format!("{}/{}", secrets.trim_end_matches('/'), cluster.alias);
        let read = |name: &str| {
            let path = format!("{folder}/{name}");
            files::read(&path).with_context(|| format!("cannot read {path}"))
        };
        let secret = |name: &str| -> Result<String> {
            let Ok(text) = String::from_utf8(read(name)?) else { bail!("{folder}/{name} is not UTF-8") };
            Ok(text.trim_end_matches(['\r', '\n']).to_owned())
        };
        access.tls = Some(Roots::Pem(read("ca.crt")?));
        access.login = Some(Login {
            mechanism: Mechanism::Scram(Hash::Sha512),
            user: secret("username")?,
            password: Password::new(secret("password")?),
        });
    }
    Client::new(cluster.servers.clone(), access).map_err(|error| unread(cluster, &error))
}

/// A cluster could not be read.
fn unread(cluster: &Cluster, error: &Error) -> anyhow::Error {
    let servers: Vec<_> = cluster.servers.iter().map(|server| word(&server.to_string())).collect();
    let refusal = Refusal::new(format!("cluster {}: {}", cluster.alias, said(&error.to_string())))
        .help(format!("its servers are {}: can this machine reach them?", servers.join(", ")));
    Failure::unknown(refusal).into()
}

/// Why a mirror the other way would make a circle.
fn circle(workers: &[Workers], mirror: &Mirror) -> Option<String> {
    let first = workers.iter().find(|group| matches!(group.activity, Activity::Mirrors(_)))?;
    Some(format!(
        "a mirror writes into {}, from which this one reads: group {}, on {}. Stop it before this one runs: topics keep their names, so records \
         would go round in a circle",
        mirror.source.alias,
        plain(&first.group),
        first.hosts.iter().map(|host| plain(host)).collect::<Vec<_>>().join(", ")
    ))
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
        let _ = writeln!(text, "{}", wrap(&format!("- {line}"), 80));
    }
    text
}

/// What keeps it from being complete, one a line.
fn faults(now: &Comparison) -> Vec<String> {
    let topics = now.topics.iter().filter_map(|(topic, state)| {
        let topic = plain(topic);
        match state {
            TopicState::OnlySource => Some(format!("topic {topic} is not at the target yet")),
            TopicState::Partitions { source, target } => {
                Some(format!("topic {topic} has {source} partitions at the source and {target} at the target: keys go elsewhere. Delete it at the target"))
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
