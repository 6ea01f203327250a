//! What is looked at before anything is asked or changed: whether the namespace can come back, whether RDS has what is to be restored, and
//! whether Kafka can be mirrored.

mod left;
mod namespace;

use super::kafka::{self, SECRETS, Shape, circle, for_backup, other_alias, unclear};
use super::keys;
use super::maker::BACK;
use super::own::Own;
use super::secrets::Secrets;
use super::steps::mirror::{LOOK, mirror_back_of, mirror_of};
use super::{Streams, database};
use crate::cluster::{Cluster, Kind};
use crate::product::Product as _;
use crate::refusal::Refusal;
use crate::shown::plain;
use crate::velero::can_hold;
use hwdr_kafka::client::{Client, Topic};
use hwdr_kafka::compare::occupied;
use hwdr_kafka::direction::Workers;
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::{self, Mirror};
use hwdr_kafka::name::Server;
use hwdr_kafka::notes::Notes;
pub use namespace::of_namespace;

/// The setting with the name of the mirror back.
const BACK_AS: &str = "hwdr.streams.restore.kafka.mirrorBackAs";

/// Checks it.
///
/// # Errors
/// The first reason not to begin.
pub async fn check(cluster: &Cluster, own: &Own) -> Result<(), Refusal> {
    let (settings, restore) = own.asked()?;
    if let Some(backup) = &restore.namespace {
        namespace::is_backed_up(cluster, settings.velero.namespace.as_str(), backup.as_str()).await?;
        left::is_empty(cluster).await?;
        if restore.mariadb.is_some() || restore.kafka.is_some() {
            can_hold(cluster, &Streams.velero(&own.values()?)?, &mut |_| ()).await?;
        }
    }
    if let (Some(asked), Some(today)) = (&restore.mariadb, &settings.mariadb) {
        let rds = database::connect(today).await?;
        let source = rds.instance(&database::instance(today)?).await?;
        if let Some((source, endpoint)) = source.as_ref().and_then(|source| Some((source, source.endpoint.as_ref()?))) {
            let help = format!("correct {}.port", keys::MARIADB.join("."));
            database::has_port(&source.id, endpoint, &own.values()?, &help)?;
        }
        let plan = database::planned(&rds, today, asked, source.as_ref()).await?;
        if let Some(there) = rds.instance(&plan.target).await? {
            let since = there.created.map_or_else(String::new, |time| format!(", since {time}"));
            return Err(Refusal::new(format!(
                "instance {} is there already{since}, from an earlier restore: what was written to it since would count as the backup's",
                plan.target
            ))
            .help(format!("name another one: {}.instance", keys::RESTORE_MARIADB.join("."))));
        }
    }
    let Some(mirror) = restore.kafka.is_some().then(|| mirror_of(own)).transpose()? else { return Ok(()) };
    // The Secrets of a namespace that is restored come with it.
    if restore.namespace.is_none() {
        let mut looker = looker(cluster, own, &mirror).await?;
        no_circle(&mut looker, &mirror).await?;
        is_new(&mut looker, &mirror).await?;
        can_go_back(cluster, &mut looker, own, None).await?;
    }
    Ok(())
}

/// A look at both clusters, with the credentials of their Secrets.
///
/// # Errors
/// If a Secret is missing or incomplete.
pub async fn looker(cluster: &Cluster, own: &Own, mirror: &Mirror) -> Result<Looker, Refusal> {
    let (source, target) = clients(cluster, own, &mirror.source, &mirror.target).await?;
    Ok(Looker::new(source, target))
}

/// A look at both clusters for the mirror the other way, whose source is the new cluster.
///
/// # Errors
/// As [`looker`].
pub async fn looker_back(cluster: &Cluster, own: &Own, mirror: &Mirror) -> Result<Looker, Refusal> {
    let (target, source) = clients(cluster, own, &mirror.target, &mirror.source).await?;
    Ok(Looker::new(source, target))
}

/// The Kafka that Streams used before; none where the values do not name it, name the new one, or its Secret is gone. Whether it answers is not known.
pub async fn old_kafka(cluster: &Cluster, own: &Own) -> Option<Client> {
    let old = old_cluster(own)?;
    let secrets = Secrets::of(own).ok()?;
    kafka::client(&old, secrets.old.read(cluster, &old).await.ok()?).ok()
}

fn old_cluster(own: &Own) -> Option<mirror::Cluster> {
    let (settings, restore) = own.asked().ok()?;
    let shape = Shape { name: None, secrets: SECRETS.to_owned(), exactly_once: false };
    let old = for_backup(&own.values().ok()?, settings.kafka.as_ref()?, &shape).ok()?.source;
    let new = restore.kafka?.bootstrap_servers.servers;
    let is_new = |server: &Server| new.iter().any(|(host, port)| host == server.host() && *port == server.port());
    (!old.servers.iter().any(is_new)).then_some(old)
}

/// Of the backup cluster and of the new one, whichever way they are mirrored.
async fn clients(
    cluster: &Cluster,
    own: &Own,
    backup: &mirror::Cluster,
    new: &mirror::Cluster,
) -> Result<(Client, Client), Refusal> {
    let secrets = Secrets::of(own)?;
    let backup = kafka::client(backup, secrets.backup.read(cluster, backup).await?)?;
    Ok((backup, kafka::client(new, secrets.new_one.read(cluster, new).await?)?))
}

/// Checks that the new cluster can be mirrored back in the end, if that is asked for: no mirror of that name has been there, and no Deployment of
/// hwdr's has the name of the one that will do it. A run cannot be given other settings: `run` is how to resume it, and how to begin again.
///
/// # Errors
/// If one has: it would go on where that one was, or do the same twice.
pub async fn can_go_back(
    cluster: &Cluster,
    looker: &mut Looker,
    own: &Own,
    run: Option<(&str, &str)>,
) -> Result<(), Refusal> {
    let Some(back) = mirror_back_of(own)? else { return Ok(()) };
    let topics = looker.source.topics(LOOK).await.map_err(|error| kafka::unread(&back.target, &error))?;
    name_is_new(&back, topics.iter().map(|topic| topic.name.as_str()), run)?;
    if cluster.get(Kind::DEPLOYMENT, None, BACK).await?.is_some() {
        let refusal = Refusal::new(format!("Deployment {BACK} is there, from a cluster that is left: the new cluster is to be mirrored by one of that name"))
            .help(format!(
                "delete it, with its settings:\n{}",
                cluster.commands().kubectl(&format!("delete deployment,secret {BACK}"))
            ));
        return Err(refusal.help(match run {
            None => format!("or leave out {BACK_AS}"),
            Some((resume, _)) => format!("and resume:\n{resume}"),
        }));
    }
    Ok(())
}

/// Checks that none of these topics of the backup cluster are a mirror's that had the name of the one back.
fn name_is_new<'t>(
    back: &Mirror,
    topics: impl Iterator<Item = &'t str>,
    run: Option<(&str, &str)>,
) -> Result<(), Refusal> {
    let (alias, target) = (&back.source.alias, &back.target.alias);
    let found: Vec<_> = topics.filter(|topic| back.is_its_own(topic)).map(plain).collect();
    let Some(first) = found.first() else { return Ok(()) };
    let refusal = Refusal::new(format!(
        "cluster {target} has topic {first}: a cluster called {alias} was mirrored to it before, and the new one would go on where that one was"
    ));
    Err(match run {
        None => refusal.help(format!("give the new cluster another name: {BACK_AS}")),
        Some((resume, again)) => refusal
            .help(format!(
                "if the old {alias} is mirrored no more, stop its MirrorMaker, and delete what it has noted: topics {} of cluster {target}",
                found.join(", ")
            ))
            .help(format!("and resume:\n{resume}"))
            .help(again),
    })
}

/// Checks that nothing mirrors into the cluster that this mirror reads from.
///
/// # Errors
/// If something does, or may do.
pub async fn no_circle(looker: &mut Looker, mirror: &Mirror) -> Result<(), Refusal> {
    let workers = looker.source.workers(LOOK).await.map_err(|error| kafka::unread(&mirror.source, &error))?;
    refuse_circle(&workers, mirror)
}

/// Checks that none of the workers that were seen at the source mirrors into it.
///
/// # Errors
/// If one mirrors, or may do.
pub fn refuse_circle(workers: &[Workers], mirror: &Mirror) -> Result<(), Refusal> {
    if let Some(why) = circle(workers, mirror) {
        let name = other_alias(workers, mirror).map_or_else(|| "NAME".to_owned(), |alias| alias.to_string());
        return Err(Refusal::new(why).help(format!(
            "if the old Kafka still answers: stop Streams, wait until this is complete, and stop that MirrorMaker then:\n\
             helm hwdr streams mirror --for backup --name {name} -f values.yaml",
        ))
        .help("if it does not: stop that MirrorMaker, and start again"));
    }
    match unclear(workers, mirror) {
        None => Ok(()),
        Some(why) => Err(Refusal::new(why).help("stop it, and start again")),
    }
}

/// The backup cluster has none of the topics.
pub fn has_nothing(mirror: &Mirror) -> Refusal {
    let servers: Vec<_> = mirror.source.servers.iter().map(ToString::to_string).collect();
    Refusal::new(format!(
        "cluster {} ({}) has none of the topics that are mirrored, or its user may not see them",
        mirror.source.alias,
        servers.join(", ")
    ))
    .help(format!("check that these are its servers: {}.bootstrapServers", keys::BACKUP_KAFKA.join(".")))
    .help(format!("check that its topics are named: {}.topics", keys::MIRROR.join(".")))
}

/// A topic cannot be mirrored into one with more partitions: MirrorMaker adds partitions, and removes none.
pub fn more_partitions(topic: &str, source: usize, target: usize) -> String {
    format!(
        "topic {} has {source} partitions at the backup cluster and {target} at the new one: keys would go elsewhere",
        plain(topic)
    )
}

/// The first topic of the mirror that has more partitions at the target.
fn has_more_partitions(source: &[Topic], target: &[Topic], mirror: &Mirror) -> Option<String> {
    let meant = source.iter().filter(|topic| mirror.topics.contain(&topic.name));
    let mut both = meant.filter_map(|topic| Some((topic, target.iter().find(|there| there.name == topic.name)?)));
    let (here, there) = both.find(|(here, there)| there.partitions.len() > here.partitions.len())?;
    Some(more_partitions(&here.name, here.partitions.len(), there.partitions.len()))
}

/// Checks that the backup cluster has some of the topics, and the new cluster none. What an earlier mirror has brought over counts, too: Streams
/// may have written since. Empty topics may be there, if they have no more partitions.
///
/// # Errors
/// If the backup cluster has none of them, or the new one has one with records or with too many partitions.
pub async fn is_new(looker: &mut Looker, mirror: &Mirror) -> Result<(), Refusal> {
    let all = looker.source.topics(LOOK).await.map_err(|error| kafka::unread(&mirror.source, &error))?;
    if !all.iter().any(|topic| mirror.topics.contain(&topic.name)) {
        return Err(has_nothing(mirror));
    }
    let unread = |error: hwdr_kafka::client::Error| kafka::unread(&mirror.target, &error);
    let topics = looker.target.topics(LOOK).await.map_err(unread)?;
    let positions = looker.target.positions(&topics, LOOK).await.map_err(unread)?;
    if let Some(found) = occupied(&positions, &Notes::default(), &mirror.topics).first() {
        return Err(Refusal::new(plain(&found.to_string()))
            .help("name the servers of a new cluster: hwdr.streams.restore.kafka.bootstrapServers"));
    }
    match has_more_partitions(&all, &topics, mirror) {
        None => Ok(()),
        Some(why) => Err(Refusal::new(why).help(
            "delete the topic there: kafka-topics.sh --delete --topic NAME. MirrorMaker makes it as it is to be",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::super::own::tests::{BOTH, values};
    use super::*;
    use hwdr_kafka::client::Partition;
    use hwdr_kafka::direction::Activity;

    #[test]
    fn the_comparison_to_wait_for_has_the_name_that_the_mirror_has_given() {
        let mirror = mirror_of(&Own::new(&values(BOTH))).unwrap();
        let workers = |group: &str| {
            let (hosts, activity) = (vec!["/10.0.0.1".to_owned()], Activity::Mirrors(1));
            [Workers { group: group.to_owned(), hosts, activity, reads: None }]
        };
        let help = |group: &str| refuse_circle(&workers(group), &mirror).unwrap_err().help.join("\n");
        // A cluster that was restored before has a name of its own: under the usual one are notes of the cluster before.
        for (group, name) in [("prod-2-mm2", "prod-2"), ("production-mm2", "production")] {
            let help = help(group);
            assert!(help.contains(&format!("mirror --for backup --name {name} -f values.yaml")), "{help}");
        }
    }

    #[test]
    fn the_old_kafka_is_the_one_of_the_values() {
        let of = |text: &str| old_cluster(&Own::new(&values(text)));
        assert_eq!(of(BOTH).unwrap().servers, Server::parse_list("old-1:9096").unwrap());
        assert_eq!(of(&BOTH.replace("old-1:9096", "new-2:9096")), None, "Streams is there already");
        assert_eq!(of(&BOTH.replace("bootstrapServers: 'old-1:9096', ", "")), None);
    }

    #[test]
    fn a_topic_with_more_partitions_at_the_new_cluster_is_refused() {
        let mirror = mirror_of(&Own::new(&values(BOTH))).unwrap();
        let topic = |name: &str, count: i32| {
            let partitions = (0..count).map(|index| Partition { index, led: true, replicas: 1, in_sync: 1 });
            Topic { name: name.to_owned(), partitions: partitions.collect() }
        };
        let source = [topic("other", 1), topic("streams.a", 2), topic("streams.b", 2)];
        let of = |target: &[Topic]| has_more_partitions(&source, target, &mirror);
        assert_eq!(of(&[topic("other", 9), topic("streams.a", 2), topic("streams.b", 1)]), None, "one is added");
        let why = of(&[topic("streams.b", 3)]).unwrap();
        assert!(why.contains("streams.b has 2 partitions at the backup cluster and 3 at the new one"), "{why}");
    }

    #[test]
    fn a_name_that_was_used_is_refused_with_what_can_be_done() {
        let asked = BOTH.replace("new-2:9096'}", "new-2:9096', mirrorBackAs: prod-2}");
        let back = mirror_back_of(&Own::new(&values(&asked))).unwrap().unwrap();
        let of = |topics: &[&'static str], run| name_is_new(&back, topics.iter().copied(), run);
        assert!(of(&["streams.a", "mm2-offsets.prod.internal"], None).is_ok());
        let used = ["mm2-offsets.prod-2.internal", "streams.a", "mm2-status.prod-2.internal"];
        let help = of(&used, None).unwrap_err().help.join("\n");
        assert_eq!(help, "give the new cluster another name: hwdr.streams.restore.kafka.mirrorBackAs");
        // A run has its settings in its record.
        let help = of(&used, Some(("resume streams", "undo streams"))).unwrap_err().help.join("\n");
        for part in
            ["topics mm2-offsets.prod-2.internal, mm2-status.prod-2.internal of", "resume streams", "undo streams"]
        {
            assert!(help.contains(part), "{help}");
        }
    }
}
