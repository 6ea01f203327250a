//! Kafka, in a new cluster: its records and its consumer groups, from the backup cluster.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use hwdr_kafka::client::{Client, Ends, Offsets};
use hwdr_kafka::compare::{Comparison, Pace, TopicState};
use hwdr_kafka::direction::{Activity, Workers};
use hwdr_kafka::lacks::Lacks;
use hwdr_kafka::look::Looker;
use hwdr_kafka::mirror::{Cluster, Mirror};
use hwdr_kafka::name::{Alias, Server};
use jiff::Timestamp;
use tokio::time::sleep;

use super::left_behind::nothing_is_left_behind;
use super::{KAFKA, Other, begin_again, maker, own};
use crate::cluster::condition::shortened;
use crate::product::streams::kafka::{self, SECRETS, Shape, for_restore, hidden};
use crate::product::streams::own::Own;
use crate::product::streams::preflight::{
    can_go_back, has_nothing, is_new, looker, more_partitions, no_circle, refuse_circle,
};
use crate::product::streams::settings::names::{Bootstrap, Setting as _};
use crate::refusal::Refusal;
use crate::run::{Context as _, Halt, Run};
use crate::shown::{duration, kept, plain};

/// How long one look at both clusters may take.
pub const LOOK: Duration = Duration::from_secs(60);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(5);
/// How long the mirror may stand still before it is given up.
const STALLED: Duration = Duration::from_secs(15 * 60);
/// How long records may come to the backup cluster without a pause: nothing but a mirror may write there, and that is looked for.
const WRITTEN: Duration = Duration::from_secs(10 * 60);
/// How long MirrorMaker may take to leave its group after it has ended.
const LEAVING: Duration = Duration::from_secs(120);
/// How long the old Kafka may take to answer: mostly, it is lost.
pub(super) const ANSWERS: Duration = Duration::from_secs(3);
/// How many groups are named.
const NAMED: usize = 5;

/// The mirror that the record asks for.
///
/// # Errors
/// If the settings name none.
pub fn mirror_of(own: &Own) -> Result<Mirror, Refusal> {
    let (settings, restore) = own.asked()?;
    let (Some(kafka), Some(new)) = (settings.kafka, restore.kafka) else {
        return Err(Refusal::new("the settings name no mirror of Kafka"));
    };
    // A mirror that is killed would bring records a second time, and groups would read them twice.
    let shape = Shape { name: None, secrets: SECRETS.to_owned(), exactly_once: true };
    let mirror = for_restore(&own.values()?, &kafka, &new, &shape)?;
    mirror.check().map_err(|error| Refusal::new(error.to_string()))?;
    Ok(mirror)
}

/// The mirror from the new cluster to the backup cluster, if it is asked for.
///
/// # Errors
/// If the settings name no mirror.
pub fn mirror_back_of(own: &Own) -> Result<Option<Mirror>, Refusal> {
    let (settings, restore) = own.asked()?;
    let (Some(kafka), Some(new)) = (settings.kafka, restore.kafka) else { return Ok(None) };
    let Some(name) = &new.mirror_back_as else { return Ok(None) };
    let name = Alias::new(name.as_str()).map_err(|error| Refusal::new(error.to_string()))?;
    let shape = Shape { name: Some(name), secrets: SECRETS.to_owned(), exactly_once: false };
    let mirror = for_restore(&own.values()?, &kafka, &new, &shape)?.turned();
    mirror.check().map_err(|error| Refusal::new(error.to_string()))?;
    Ok(Some(mirror))
}

/// Has MirrorMaker bring everything over, and then stops it.
pub(super) async fn mirror(run: &mut Run) -> Result<(), Halt> {
    let mut own = own(run)?;
    let mirror = mirror_of(&own)?;
    let mut looker = looker(&run.cluster, &own, &mirror).await?;
    no_circle(&mut looker, &mirror).await?;
    if !own.was_new {
        is_new(&mut looker, &mirror).await?;
        let again = begin_again(run, Other::Name);
        can_go_back(&run.cluster, &mut looker, &own, Some((&run.resume(), &again))).await?;
        nothing_is_left_behind(run, &mut looker, &mirror, &mut own).await?;
        has_groups(run, &mut looker, &mirror, &mut own).await?;
        own.began = Some(offsets(&mut looker.source, &mirror, &mirror.source, |ends| ends.begin).await?);
        own.was_new = true;
        run.state.own = own.to_json();
        run.save().await?;
    }
    looker.began_at(own.began.clone().unwrap_or_default());
    // A run that is resumed may have all of it.
    let before = looker.look(&mirror, LOOK).await.map_err(|error| kafka::unread(&mirror.target, &error))?;
    if !before.has_all_records() {
        maker::start(run, &own, &mirror).await?;
        until_all_is_there(run, &mut looker, &mirror).await?;
    }
    maker::stop(run).await?;
    until_nobody_mirrors(run, &mut looker, &mirror).await?;
    // What mirrors into the source meanwhile would go on behind this one's back.
    no_circle(&mut looker, &mirror).await?;
    let last = settle_groups(run, &mut looker, &mirror).await?;
    let newest = newest_of_all(&newest_records(&mut looker, &mirror).await?, Timestamp::now());
    // Nothing writes there yet: what comes behind these ends is Streams' own, and all before it is in the backup cluster.
    own.ends = match mirror_back_of(&own)? {
        Some(_) => Some(offsets(&mut looker.target, &mirror, &mirror.target, |ends| ends.end).await?),
        None => None,
    };
    own.brokers = named(&looker.target.brokers());
    for line in without(looker.lacks(&mirror, LOOK).await) {
        run.doubt(&format!("kafka: {line}"));
    }
    if let Some((time, true)) = newest {
        run.doubt(&format!(
            "kafka: the newest record has a time that is ahead of now, {time}: how old what was mirrored is cannot be told from it"
        ));
    }
    own.times.extend(newest.map(|(time, _)| (KAFKA.to_owned(), time)));
    run.state.own = own.to_json();
    run.save().await?;
    run.finding(&format!(
        "kafka: {} topics and {} consumer groups are in the new cluster, no record is missing",
        last.topics.values().filter(|state| matches!(state, TopicState::Both(_))).count(),
        last.groups.len()
    ));
    if last.expired() > 0 {
        run.doubt(&format!(
            "kafka: up to {} records had expired before they were mirrored: they are lost",
            last.expired()
        ));
    }
    if last.read_again() > 0 {
        run.doubt(&format!("kafka: consumer groups will read up to {} records a second time", last.read_again()));
    }
    if !last.groups.is_empty() {
        run.finding(&format!(
            "kafka: what consumer groups had read since MirrorMaker last noted their places in cluster {} is read again",
            mirror.source.alias
        ));
    }
    if let Some(line) = twice(&mut looker).await {
        run.doubt(&format!("kafka: {line}"));
    }
    for line in unplaced(&last) {
        run.doubt(&format!("kafka: {line}"));
    }
    Ok(())
}

/// Brokers for the record. Those that pods can resolve: others are none that they are connected to.
pub(super) fn named(brokers: &[Server]) -> Vec<String> {
    brokers.iter().map(ToString::to_string).filter(|server| Bootstrap::parse(server).is_some()).collect()
}

/// Checks that the backup cluster knows where any consumer group was. Said once: who resumes goes on without, as a cluster whose groups have never
/// committed anything has none, too.
async fn has_groups(run: &mut Run, looker: &mut Looker, mirror: &Mirror, own: &mut Own) -> Result<(), Halt> {
    let seen = looker.look(mirror, LOOK).await.map_err(|error| kafka::unread(&mirror.target, &error))?;
    if !seen.groups.is_empty() || own.without_groups {
        return Ok(());
    }
    own.without_groups = true;
    run.state.own = own.to_json();
    run.save().await?;
    Err(Halt::new(format!(
        "cluster {} does not know where any consumer group was: each would begin as its own setting says (auto.offset.reset), with all records \
         once more, or behind those that it has not read yet",
        mirror.source.alias
    ))
    .help("was it mirrored without sync.group.offsets.enabled? If the old Kafka still answers, mirror it with the settings that hwdr prints, and stop that mirror then:\nhelm hwdr streams mirror --for backup --properties -f values.yaml")
    .help(begin_again(run, Other::Groups))
    .help(format!("to go on without:\n{}", run.resume())))
}

/// That records are there more than once.
async fn twice(looker: &mut Looker) -> Option<String> {
    match looker.twice_at_source(LOOK).await.map(|twice| twice.saturating_add(looker.notes().twice())) {
        Ok(0) => None,
        Ok(twice) => Some(format!(
            "up to {twice} records are there twice, by what MirrorMaker has noted: when it is killed, it sends its last ones once more"
        )),
        Err(error) => Some(format!("whether records are there twice could not be seen: {}", kept(&error.to_string()))),
    }
}

/// Where groups begin as their own setting says, a line for each.
pub fn unplaced(now: &Comparison) -> Vec<String> {
    let begins = "begins as its own setting says (auto.offset.reset): with all records, or behind them";
    let line = |(group, topics): (&Option<String>, &BTreeMap<String, Vec<i32>>)| {
        let named = topics.iter().map(|(topic, partitions)| match group {
            Some(_) => format!("{} (partitions {})", plain(topic), listed(partitions)),
            None => plain(topic).into_owned(),
        });
        let named: Vec<_> = named.collect();
        let named = shortened(&named.iter().map(String::as_str).collect::<Vec<_>>());
        match group {
            Some(group) => format!("consumer group {} has no place in topics {named}: there it {begins}", plain(group)),
            None => format!("no consumer group has a place in topics {named}: each {begins}"),
        }
    };
    now.unplaced().iter().map(line).collect()
}

/// Numbers of partitions.
fn listed(partitions: &[i32]) -> String {
    let all: Vec<_> = partitions.iter().map(ToString::to_string).collect();
    shortened(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Looks until all records are there.
async fn until_all_is_there(run: &mut Run, looker: &mut Looker, mirror: &Mirror) -> Result<(), Halt> {
    let mut last: Option<(Instant, Comparison)> = None;
    let (mut moved, mut quiet) = (Instant::now(), Instant::now());
    loop {
        let began = Instant::now();
        // A broker may be gone for a minute.
        let (now, workers) = match both(looker, mirror).await {
            Ok(seen) => seen,
            Err(error) if moved.elapsed() < STALLED => {
                run.show.tell(&format!("kafka: looking again: {}", kept(&error.to_string())));
                sleep(PAUSE).await;
                continue;
            }
            Err(error) => return Err(kafka::unread(&mirror.target, &error).into()),
        };
        refuse_circle(&workers, mirror)?;
        if now.is_nothing() {
            return Err(has_nothing(mirror).into());
        }
        if let Some(why) = cannot_end(&now) {
            // A topic that is deleted there does not come again: MirrorMaker keeps its positions.
            return Err(Halt::new(why).help(begin_again(run, Other::Kafka)));
        }
        if now.has_all_records() {
            return Ok(());
        }
        let earlier = last.as_ref().map(|(_, earlier)| earlier);
        if earlier.is_none_or(|earlier| earlier.missing() != now.missing() || earlier.topics.len() != now.topics.len())
        {
            moved = began;
        }
        let written = earlier.map(|earlier| now.written_since(earlier)).unwrap_or_default();
        if written.is_empty() {
            quiet = began;
        }
        let pace = last.as_ref().and_then(|(then, earlier)| Pace::between(earlier, &now, began.duration_since(*then)));
        let mut line = line(&now, pace);
        for why in maker::why_it_waits(run).await {
            line.push_str(&format!("; {why}"));
        }
        let resume = run.resume();
        if quiet.elapsed() > WRITTEN {
            return Err(Halt::new(format!(
                "records have been written to cluster {} for {} without a pause, so the mirror cannot end: topics {}",
                mirror.source.alias,
                duration(WRITTEN.as_secs()),
                shortened(&written)
            ))
            .help(format!("stop what writes there, and resume:\n{resume}")));
        }
        if moved.elapsed() > STALLED {
            return Err(Halt::new(format!("the mirror has stood still for {}: {line}", duration(STALLED.as_secs())))
                .help(maker::its_log(run))
                .help(format!("mend that, and resume:\n{resume}")));
        }
        run.show.tell(&line);
        last = Some((began, now));
        sleep(PAUSE).await;
    }
}

/// Both clusters, compared, and what mirrors into the source.
async fn both(looker: &mut Looker, mirror: &Mirror) -> Result<(Comparison, Vec<Workers>), hwdr_kafka::client::Error> {
    Ok((looker.look(mirror, LOOK).await?, looker.source.workers(LOOK).await?))
}

/// Why no wait helps.
fn cannot_end(now: &Comparison) -> Option<String> {
    now.topics.iter().find_map(|(topic, state)| match state {
        TopicState::Recreated => {
            Some(format!("topic {} was deleted at the new cluster after it was mirrored", plain(topic)))
        }
        TopicState::OtherSource => {
            Some(format!("topic {} was deleted at the backup cluster after it was mirrored", plain(topic)))
        }
        // MirrorMaker adds those that lack.
        TopicState::Partitions { source, target, .. } if target > source => {
            Some(more_partitions(topic, *source, *target))
        }
        _ => None,
    })
}

/// How far it is, in one line.
fn line(now: &Comparison, pace: Option<Pace>) -> String {
    let not_there: Vec<_> = now
        .topics
        .iter()
        .filter(|(_, state)| matches!(state, TopicState::OnlySource(_) | TopicState::Partitions { .. }))
        .map(|(topic, _)| plain(topic))
        .collect();
    let mut line = format!("kafka: {} records are missing at most", now.missing());
    if let Some(pace) = pace {
        let left = pace.left().map_or_else(String::new, |left| format!("; {} left", duration(left.as_secs())));
        line.push_str(&format!(", {:.0}/s arrive{left}", pace.copied));
    }
    if !not_there.is_empty() {
        let named: Vec<_> = not_there.iter().map(AsRef::as_ref).collect();
        line.push_str(&format!("; topics without all partitions yet: {}", shortened(&named)));
    }
    if let Some(first) = hidden(now).first() {
        line.push_str(&format!("; {first}"));
    }
    line
}

/// Waits until no MirrorMaker writes into the new cluster: then its groups may be set, and Streams may start. Another Connect cluster there may be
/// anything, so it is named and left.
async fn until_nobody_mirrors(run: &mut Run, looker: &mut Looker, mirror: &Mirror) -> Result<(), Halt> {
    let began = Instant::now();
    let target = &mirror.target.alias;
    loop {
        let workers = looker.target.workers(LOOK).await.map_err(|error| kafka::unread(&mirror.target, &error))?;
        let Some(group) = workers.iter().find(|group| matches!(group.activity, Activity::Mirrors(_))) else {
            for group in workers.iter().filter(|group| group.activity == Activity::Unclear) {
                run.doubt(&format!(
                    "kafka: Kafka Connect works on {target}, as group {}: if it mirrors from {}, stop it before Streams is backed up again",
                    plain(&group.group),
                    mirror.source.alias
                ));
            }
            return Ok(());
        };
        let hosts: Vec<_> = group.hosts.iter().map(|host| plain(host)).collect();
        let what = format!("group {} still mirrors into {target}, on {}", plain(&group.group), hosts.join(", "));
        if began.elapsed() > LEAVING {
            return Err(Halt::new(what)
                .help(format!("everything is there: stop that MirrorMaker, and resume:\n{}", run.resume())));
        }
        run.show.tell(&format!("kafka: {what}"));
        sleep(PAUSE).await;
    }
}

/// What the new cluster lacks, a line for each kind.
fn without(lacks: Lacks) -> Vec<String> {
    let Lacks { rights, settings, unseen } = lacks;
    let kinds = [
        ("rights that the backup cluster has are missing in the new one", rights),
        ("topics have other settings than in the backup cluster", settings),
        ("whether the new cluster has all rights and settings could not be seen", unseen),
    ];
    let named = |all: &[String]| {
        shortened(&all.iter().map(|one| kept(one)).collect::<Vec<_>>().iter().map(AsRef::as_ref).collect::<Vec<_>>())
    };
    kinds.iter().filter(|(_, all)| !all.is_empty()).map(|(what, all)| format!("{what}: {}", named(all))).collect()
}

/// Where the partitions of a cluster begin, or end.
async fn offsets(client: &mut Client, mirror: &Mirror, of: &Cluster, end: fn(Ends) -> i64) -> Result<Offsets, Halt> {
    let unread = |error: hwdr_kafka::client::Error| Halt::from(kafka::unread(of, &error));
    let mut topics = client.topics(LOOK).await.map_err(unread)?;
    topics.retain(|topic| mirror.topics.contain(&topic.name));
    let positions = client.positions(&topics, LOOK).await.map_err(unread)?;
    let of = |partitions: BTreeMap<i32, Ends>| partitions.into_iter().map(|(at, ends)| (at, end(ends))).collect();
    Ok(positions.into_iter().map(|(topic, partitions)| (topic, of(partitions))).collect())
}

/// When the newest record of each partition was written that came over: later ones were lost with the old cluster.
pub(super) async fn newest_records(looker: &mut Looker, mirror: &Mirror) -> Result<Offsets, Halt> {
    let unread = |error: hwdr_kafka::client::Error| Halt::from(kafka::unread(&mirror.source, &error));
    let mut topics = looker.source.topics(LOOK).await.map_err(unread)?;
    topics.retain(|topic| mirror.topics.contain(&topic.name));
    looker.source.newest_records(&topics, LOOK).await.map_err(unread)
}

/// The newest of all, and whether it lies ahead of now: its producer's clock is wrong, or this machine's.
fn newest_of_all(times: &Offsets, now: Timestamp) -> Option<(Timestamp, bool)> {
    let newest = times.values().flat_map(BTreeMap::values).copied().max()?;
    let newest = Timestamp::from_millisecond(newest).ok()?;
    Some((newest, newest > now))
}

/// Sets groups at the new cluster that MirrorMaker left behind, and looks at all of it once more.
async fn settle_groups(run: &mut Run, looker: &mut Looker, mirror: &Mirror) -> Result<Comparison, Halt> {
    let unread = |error: hwdr_kafka::client::Error| Halt::from(kafka::unread(&mirror.target, &error));
    let now = looker.look_closely(mirror, LOOK).await.map_err(unread)?;
    for (group, offsets) in now.to_commit() {
        run.show.tell(&format!("kafka: setting consumer group {} where it was", plain(&group)));
        looker.target.commit(&group, &offsets, LOOK).await.map_err(unread)?;
    }
    let last = looker.look_closely(mirror, LOOK).await.map_err(unread)?;
    if last.is_complete() {
        return Ok(last);
    }
    let line = line(&last, None);
    let groups = last
        .groups
        .iter()
        .filter(|(_, topics)| topics.values().flat_map(BTreeMap::values).any(|committed| !committed.verdict.is_safe()));
    let groups: Vec<_> = groups.map(|(group, _)| plain(group)).take(NAMED).collect();
    let who = if groups.is_empty() {
        String::new()
    } else {
        format!("; groups that would skip records, or begin anywhere: {}", groups.join(", "))
    };
    Err(Halt::new(format!("the mirror is not complete: {line}{who}"))
        .help("see which:\nhelm hwdr streams mirror --for restore -f values.yaml")
        .help(format!("and resume:\n{}", run.resume())))
}

#[cfg(test)]
mod tests {
    use hwdr_kafka::compare::{Counted, Side};
    use hwdr_kafka::notes::{Notes, Pair};
    use hwdr_kafka::select::{Groups, Topics};

    use super::*;
    use crate::product::streams::own::tests::{BOTH, values};

    fn compared(source: &[(i32, i64)], target: &[(i32, i64)], notes: &Notes) -> Comparison {
        let side = |ends: &[(i32, i64)]| {
            let partitions = ends.iter().map(|(at, end)| (*at, Ends { begin: 0, end: *end })).collect();
            Side { positions: [("streams.a".to_owned(), partitions)].into(), ..Side::default() }
        };
        let (topics, groups) = (Topics::parse("streams*").unwrap(), Groups::parse("*").unwrap());
        Comparison::new(&side(source), &side(target), notes, &Counted::default(), &topics, &groups)
    }

    #[test]
    fn what_no_wait_helps_is_refused() {
        let mut notes = Notes::default();
        notes.add("streams.a", 0, Pair { source: 9, target: 9 });
        assert_eq!(cannot_end(&compared(&[(0, 10)], &[(0, 10)], &notes)), None);
        assert_eq!(cannot_end(&compared(&[(0, 90)], &[(0, 10)], &notes)), None, "they are on their way");
        let other = cannot_end(&compared(&[(0, 10)], &[(0, 10), (1, 0)], &notes)).unwrap();
        assert!(other.contains("streams.a has 1 partitions at the backup cluster and 2 at the new one"), "{other}");
        let fewer = compared(&[(0, 10), (1, 0)], &[(0, 10)], &notes);
        assert_eq!(cannot_end(&fewer), None, "MirrorMaker adds it");
        assert!(
            line(&fewer, None).ends_with("topics without all partitions yet: streams.a") && !fewer.has_all_records()
        );
        let anew = cannot_end(&compared(&[(0, 10)], &[(0, 0)], &notes)).unwrap();
        assert!(anew.contains("was deleted at the new cluster"), "{anew}");
        let emptied = cannot_end(&compared(&[(0, 0)], &[(0, 10)], &notes)).unwrap();
        assert!(emptied.contains("was deleted at the backup cluster"), "{emptied}");
    }

    #[test]
    fn groups_without_a_place_are_named() {
        let said = |committed: &[(&str, i32)]| {
            let places = |group: &str| {
                let own = committed.iter().filter(|(name, _)| *name == group).map(|(_, at)| (*at, 1_i64));
                Offsets::from([("streams.a".to_owned(), own.collect())])
            };
            let committed: BTreeMap<_, _> =
                committed.iter().map(|(name, _)| ((*name).to_owned(), places(name))).collect();
            let ends = (0..3).map(|at| (at, Ends { begin: 0, end: 5 })).collect();
            let side = Side { positions: [("streams.a".to_owned(), ends)].into(), committed };
            let target = Side { committed: BTreeMap::new(), ..side.clone() };
            let (topics, groups) = (Topics::parse("streams*").unwrap(), Groups::parse("*").unwrap());
            unplaced(&Comparison::new(&side, &target, &Notes::default(), &Counted::default(), &topics, &groups))
                .join("\n")
        };
        assert!(said(&[]).starts_with("no consumer group has a place in topics streams.a: each begins"));
        let one = said(&[("g", 0)]);
        assert!(one.starts_with("consumer group g has no place in topics streams.a (partitions 1, 2): there"), "{one}");
        assert_eq!(said(&[("g", 0), ("g", 1), ("g", 2)]), "");
    }

    fn times(all: &[(i32, i64)]) -> Offsets {
        [("streams.a".to_owned(), all.iter().copied().collect())].into()
    }

    #[test]
    fn a_time_ahead_of_now_is_known() {
        let now = Timestamp::from_second(10).unwrap();
        let of = |time| newest_of_all(&times(&[(0, 4000), (1, time)]), now).unwrap();
        assert_eq!(of(5000), (Timestamp::from_second(5).unwrap(), false));
        assert!(of(10_001).1);
        assert_eq!(newest_of_all(&Offsets::new(), now), None);
    }

    #[test]
    fn what_the_new_cluster_lacks_is_said_by_kind() {
        let lacks = Lacks { rights: vec!["allow x".to_owned()], settings: Vec::new(), unseen: vec!["no".to_owned()] };
        assert_eq!(
            without(lacks),
            [
                "rights that the backup cluster has are missing in the new one: allow x",
                "whether the new cluster has all rights and settings could not be seen: no"
            ]
        );
        assert_eq!(without(Lacks::default()), Vec::<String>::new());
    }

    #[test]
    fn the_way_back_has_the_name_that_is_asked_for() {
        let own = |text: &str| Own::new(&values(text));
        assert_eq!(mirror_back_of(&own(BOTH)).unwrap(), None);
        let asked = BOTH.replace("new-2:9096'}", "new-2:9096', mirrorBackAs: prod-2}");
        let (there, back) = (mirror_of(&own(&asked)).unwrap(), mirror_back_of(&own(&asked)).unwrap().unwrap());
        assert_eq!((back.source.alias.as_str(), &back.target), ("prod-2", &there.source));
        assert_eq!(back.source.servers, there.target.servers);
        assert!(
            !back.exactly_once && back.properties().unwrap().replace(' ', "").contains("prod-2->backup.enabled=true"),
            "{}",
            back.properties().unwrap()
        );
    }
}
