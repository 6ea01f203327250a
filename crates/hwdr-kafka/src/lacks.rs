//! What the target of a mirror lacks though all records arrived: rights, and settings of topics.
//!
//! MirrorMaker brings over the rights to read topics, and most settings. It leaves rights to write and those of groups, and the settings
//! that its filter names (`DefaultConfigPropertyFilter`): `min.insync.replicas` is one. Whoever uses the target has to add them.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::{Acls, Client, Error};
use crate::look::Looker;
use crate::mirror::Mirror;

/// How a cluster moves a topic's partitions: for the time of that alone.
const OF_A_MOMENT: [&str; 2] = ["follower.replication.throttled.replicas", "leader.replication.throttled.replicas"];

/// What it lacks, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacks {
    /// Rights, in the words of `kafka-acls.sh`.
    pub rights: Vec<String>,
    /// Settings of topics.
    pub settings: Vec<String>,
    /// What could not be compared, and why.
    pub unseen: Vec<String>,
}

impl Lacks {
    /// Whether nothing is missing, as far as could be seen.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

type Settings = BTreeMap<String, BTreeMap<String, String>>;

impl Looker {
    /// What the target lacks of the source. What cannot be asked is named, and is no error: it needs more rights than a mirror does.
    pub async fn lacks(&mut self, mirror: &Mirror, within: Duration) -> Lacks {
        let mut lacks = Lacks::default();
        match both(self.source.acls(within).await, self.target.acls(within).await) {
            Ok((source, target)) => lacks.rights = rights(&source, &target, mirror),
            Err(error) => lacks.unseen.push(error.to_string()),
        }
        let source = settings(&mut self.source, mirror, within).await;
        match both(source, settings(&mut self.target, mirror, within).await) {
            Ok((source, target)) => lacks.settings = differences(&source, &target),
            Err(error) => lacks.unseen.push(error.to_string()),
        }
        lacks
    }
}

fn both<T>(source: Result<T, Error>, target: Result<T, Error>) -> Result<(T, T), Error> {
    Ok((source?, target?))
}

async fn settings(client: &mut Client, mirror: &Mirror, within: Duration) -> Result<Settings, Error> {
    let topics = client.topics(within).await?.into_iter().map(|topic| topic.name);
    let meant: Vec<_> = topics.filter(|topic| mirror.topics.contain(topic)).collect();
    client.settings(&meant, within).await
}

/// Rights that have to do with what is mirrored. A target that asks nobody for rights lacks none.
fn rights(source: &Acls, target: &Acls, mirror: &Mirror) -> Vec<String> {
    if *target == Acls::Off {
        return match source {
            Acls::On(all) if !all.is_empty() => {
                vec!["all: its brokers have no authorizer, so everyone may do everything".to_owned()]
            }
            _ => Vec::new(),
        };
    }
    source
        .missing_in(target)
        .iter()
        .filter(|acl| acl.is_about(&mirror.topics, &mirror.groups))
        .map(ToString::to_string)
        .collect()
}

/// Settings that someone made at the source, and that are others at the target. A topic that is not there is not counted here.
fn differences(source: &Settings, target: &Settings) -> Vec<String> {
    let mut found = Vec::new();
    for (topic, settings) in source {
        let Some(there) = target.get(topic) else { continue };
        for (name, value) in settings.iter().filter(|(name, _)| !OF_A_MOMENT.contains(&name.as_str())) {
            match there.get(name) {
                Some(other) if other == value => {}
                Some(other) => found.push(format!("topic {topic:?}: {name} is {other:?}, and {value:?} at the source")),
                None => found.push(format!("topic {topic:?}: {name} is not set, and {value:?} at the source")),
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Acl;

    #[test]
    fn rights_of_what_is_mirrored_are_missed() {
        let on = |acls: &[Acl]| Acls::On(acls.iter().cloned().collect());
        let (topic, group, cluster) = (2, 3, 4);
        let (read, write) = (3, 4);
        let all = [
            Acl::literal(topic, "streams.a", read),
            Acl::literal(topic, "streams.a", write),
            Acl::literal(topic, "other", write),
            Acl::literal(topic, "*", write),
            Acl::literal(group, "hub", read),
            Acl::literal(cluster, "kafka-cluster", write),
        ];
        let mirror = crate::mirror::tests::mirror();
        let missing = rights(&on(&all), &on(&all[..1]), &mirror);
        assert_eq!(missing.len(), 3, "{missing:?}");
        assert!(missing.iter().all(|one| !one.contains("other") && !one.contains("kafka-cluster")), "{missing:?}");
        assert!(missing.contains(&"allow \"User:u\" Write on literal topic \"streams.a\" from host \"*\"".to_owned()));
        assert_eq!(rights(&on(&all), &on(&all), &mirror), Vec::<String>::new());
        assert!(rights(&on(&all), &Acls::Off, &mirror)[0].contains("no authorizer"));
        assert_eq!(rights(&Acls::Off, &Acls::Off, &mirror), Vec::<String>::new());
    }

    #[test]
    fn settings_that_differ_are_named() {
        let of = |settings: &[(&str, &str)]| -> Settings {
            let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            [("streams.a".to_owned(), settings)].into()
        };
        let source = of(&[
            ("min.insync.replicas", "2"),
            ("retention.ms", "100"),
            ("leader.replication.throttled.replicas", "*"),
        ]);
        assert_eq!(
            differences(&source, &of(&[("retention.ms", "5")])),
            [
                "topic \"streams.a\": min.insync.replicas is not set, and \"2\" at the source",
                "topic \"streams.a\": retention.ms is \"5\", and \"100\" at the source"
            ]
        );
        assert_eq!(differences(&source, &source), Vec::<String>::new());
        assert_eq!(differences(&source, &Settings::new()), Vec::<String>::new());
    }
}
