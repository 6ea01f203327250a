//! Whether a mirror writes into a cluster.
//!
//! Topic names are kept, so MirrorMaker cannot tell a record that it brought itself from another
//! (`IdentityReplicationPolicy`): two mirrors in both directions copy every record for ever. Neither may start while the other runs.
//!
//! What can be seen of a mirror from outside, and what not:
//! - Its workers are a Connect group *at its target*, `SOURCE-mm2` (`MirrorMakerConfig.workerConfig`). Members leave the group when they
//!   end, or ten seconds after they were killed (`session.timeout.ms`). But MirrorMaker with heartbeats, its default, has such a group
//!   at its source, too, for the other way, which copies nothing (`MirrorMakerConfig.clusterPairs`).
//! - The states of its tasks are in `mm2-status.SOURCE.internal` beside the group: a mirror that copies has tasks of
//!   `MirrorSourceConnector`. They stay `RUNNING` there after a kill. Only both together tell: members, and tasks.
//! - Where it reads from is in `mm2-configs.SOURCE.internal` beside the states: its name alone tells nothing, as people choose it.
//! - Heartbeats do not tell: with the default settings both clusters have them under both pairs of aliases, whichever way is on.
//! - A mirror by a Connect cluster of other names is a Connect group, too, but its states are in a topic that only its own settings
//!   name. It cannot be told from any other connector, so it counts as [`Activity::Unclear`].
//! - A mirror of another make (a program that consumes and produces) is not seen.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::{Client, Ends, Error, Group, Topic};
use crate::name::Server;

/// A group of workers at a cluster into which they may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workers {
    /// The group's name.
    pub group: String,
    /// Where its members are.
    pub hosts: Vec<String>,
    /// What they do.
    pub activity: Activity,
    /// The servers from which they mirror, if they mirror and their settings say so.
    pub reads: Option<Vec<Server>>,
}

/// What a group of workers does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activity {
    /// It mirrors into the cluster, by this many tasks.
    Mirrors(usize),
    /// It has no task that copies: heartbeats alone.
    Idle,
    /// It is another kind of Connect cluster; what it does is known to itself.
    Unclear,
}

impl Client {
    /// All Connect workers at this cluster, and whether they mirror into it: what must be none at the source of a mirror that is to
    /// start.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn workers(&mut self, within: Duration) -> Result<Vec<Workers>, Error> {
        let topics = self.topics(within).await?;
        let groups = self.groups(within).await?;
        let mut found = Vec::new();
        for group in groups.iter().filter(|group| is_connect(group)) {
            let activity = match own_topic("status", &group.id, &topics) {
                None => Activity::Unclear,
                Some(topic) => {
                    let states = self.states(topic, within).await?;
                    activity(&states)
                }
            };
            let reads = match (activity, own_topic("configs", &group.id, &topics)) {
                (Activity::Mirrors(_), Some(topic)) => reads(&self.states(topic, within).await?),
                _ => None,
            };
            let hosts = group.members.iter().map(|member| member.host.clone()).collect();
            found.push(Workers { group: group.id.clone(), hosts, activity, reads });
        }
        Ok(found)
    }

    /// The newest value of each key of a topic of states or settings.
    async fn states(&mut self, topic: &Topic, within: Duration) -> Result<BTreeMap<String, String>, Error> {
        let mut states = BTreeMap::new();
        let positions = self.positions(std::slice::from_ref(topic), within).await?;
        for (partition, ends) in positions.get(&topic.name).into_iter().flatten() {
            let between: Ends = *ends;
            let each = |record: crate::records::Record| {
                let key = record.key.and_then(|key| String::from_utf8(key).ok());
                // A key without a value is deleted.
                match (key, record.value.and_then(|value| String::from_utf8(value).ok())) {
                    (Some(key), Some(value)) => drop(states.insert(key, value)),
                    (Some(key), None) => drop(states.remove(&key)),
                    (None, _) => {}
                }
                Ok(())
            };
            self.records(&topic.name, *partition, between, within, each).await?;
        }
        Ok(states)
    }
}

/// Connect's groups have this type (`WorkerGroupMember`, `DistributedHerder`), or none is left in them.
fn is_connect(group: &Group) -> bool {
    group.protocol == "connect" && group.is_active()
}

/// A topic in which MirrorMaker keeps what it knows.
fn own_topic<'a>(what: &str, group: &str, topics: &'a [Topic]) -> Option<&'a Topic> {
    let name = format!("mm2-{what}.{}.internal", group.strip_suffix("-mm2")?);
    topics.iter().find(|topic| topic.name == name)
}

/// Keys are `status-task-CONNECTOR-NUMBER`, values JSON with a `state` (`KafkaStatusBackingStore`). A task that is paused, waits to be
/// assigned, or has failed copies again as soon as someone says so, or the workers share their tasks anew.
fn activity(states: &BTreeMap<String, String>) -> Activity {
    let copies = |value: &String| {
        let state = serde_json::from_str::<serde_json::Value>(value).ok();
        let state = state.as_ref().and_then(|state| state.get("state")?.as_str());
        !matches!(state, Some("DESTROYED" | "STOPPED"))
    };
    let tasks = states.iter().filter(|(key, _)| key.starts_with("status-task-MirrorSourceConnector-"));
    match tasks.filter(|(_, value)| copies(value)).count() {
        0 => Activity::Idle,
        tasks => Activity::Mirrors(tasks),
    }
}

/// The servers that the connector of a mirror reads from (`KafkaConfigBackingStore`; `MirrorMakerConfig.connectorBaseConfig`).
fn reads(settings: &BTreeMap<String, String>) -> Option<Vec<Server>> {
    let connector: serde_json::Value = serde_json::from_str(settings.get("connector-MirrorSourceConnector")?).ok()?;
    Server::parse_list(connector.get("properties")?.get("source.cluster.bootstrap.servers")?.as_str()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Member;

    #[test]
    fn where_a_mirror_reads_from_is_in_its_settings() {
        let of = |value: &str| reads(&[("connector-MirrorSourceConnector".to_owned(), value.to_owned())].into());
        let servers = Server::parse_list("b-1:9096,b-2:9096").expect("two servers");
        assert_eq!(
            of(
                r#"{"properties":{"name":"MirrorSourceConnector","source.cluster.bootstrap.servers":"b-1:9096,b-2:9096"}}"#
            ),
            Some(servers)
        );
        for unknown in [
            r#"{"properties":{"source.cluster.bootstrap.servers":"${env:SERVERS}"}}"#,
            r#"{"properties":{}}"#,
            "no JSON",
        ] {
            assert_eq!(of(unknown), None, "{unknown}");
        }
        assert_eq!(reads(&BTreeMap::new()), None);
    }

    #[test]
    fn which_groups_count() {
        let group = |protocol: &str, state: &str, members: usize| Group {
            id: "prod-mm2".to_owned(),
            protocol: protocol.to_owned(),
            state: state.to_owned(),
            members: vec![Member { client: "c".to_owned(), host: "/10.0.0.1".to_owned() }; members],
        };
        assert!(is_connect(&group("connect", "Stable", 1)));
        assert!(is_connect(&group("connect", "PreparingRebalance", 0)), "someone is about to be in it");
        assert!(!is_connect(&group("connect", "Empty", 0)));
        assert!(!is_connect(&group("consumer", "Stable", 1)));
    }

    #[test]
    fn what_workers_do() {
        let states =
            |all: &[(&str, &str)]| all.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let task = "status-task-MirrorSourceConnector-0";
        for (all, expected) in [
            (&[][..], Activity::Idle),
            (&[("status-task-MirrorHeartbeatConnector-0", r#"{"state":"RUNNING"}"#)], Activity::Idle),
            (&[("status-connector-MirrorSourceConnector", r#"{"state":"RUNNING"}"#)], Activity::Idle),
            (&[(task, r#"{"state":"RUNNING","worker_id":"a:1"}"#)], Activity::Mirrors(1)),
            (&[(task, r#"{"state":"PAUSED"}"#)], Activity::Mirrors(1)),
            (&[(task, r#"{"state":"FAILED"}"#)], Activity::Mirrors(1)),
            (&[(task, r#"{"state":"DESTROYED"}"#)], Activity::Idle),
            (&[(task, "no JSON")], Activity::Mirrors(1)),
        ] {
            assert_eq!(activity(&states(all)), expected, "{all:?}");
        }
    }
}
