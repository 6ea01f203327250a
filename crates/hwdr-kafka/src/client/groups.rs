//! Consumer groups and their committed offsets.

use std::collections::BTreeMap;
use std::time::Duration;

use super::error::Error;
use super::{Client, retry};
use crate::wire::Request as _;
use crate::wire::code::Code;
use crate::wire::groups::{
    ConsumerGroupDescribe, DescribeGroups, FindCoordinator, ListGroups, OffsetCommit, OffsetFetch,
};

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub id: String,
    /// What its members are: `consumer`, `connect`, …; empty where only offsets were committed.
    pub protocol: String,
    /// Kafka's name of its state: `Empty`, `Stable`, `PreparingRebalance`, …
    pub state: String,
    /// Who is in it.
    pub members: Vec<Member>,
}

impl Group {
    /// Whether someone is in it. `Dead` and `Empty` are the two states without members (`GroupState`).
    pub fn is_active(&self) -> bool {
        !self.members.is_empty() || !matches!(self.state.as_str(), "Empty" | "Dead")
    }
}

/// A member of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it calls itself.
    pub client: String,
    /// Where it is.
    pub host: String,
}

/// Offsets by topic and partition.
pub type Offsets = BTreeMap<String, BTreeMap<i32, i64>>;

impl Client {
    /// All groups with their members, by name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn groups(&mut self, within: Duration) -> Result<Vec<Group>, Error> {
        retry!(self, "the consumer groups", within, self.groups_once())
    }

    /// What these groups have committed.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn committed(&mut self, groups: &[String], within: Duration) -> Result<BTreeMap<String, Offsets>, Error> {
        retry!(self, "the groups' offsets", within, self.committed_once(groups))
    }

    /// Commits offsets for a group without members.
    ///
    /// # Errors
    /// If the group is active; and see [`Error`].
    pub async fn commit(&mut self, group: &str, offsets: &Offsets, within: Duration) -> Result<(), Error> {
        retry!(self, "the commit of a group's offsets", within, self.commit_once(group, offsets))
    }

    async fn groups_once(&mut self) -> Result<Vec<Group>, Error> {
        self.look().await?;
        let requests = self.brokers.keys().map(|broker| (*broker, ListGroups)).collect();
        let mut groups = BTreeMap::new();
        for (code, listed) in self.ask_each(requests).await? {
            code.check().map_err(|code| Error::Refused { what: "the list of groups".to_owned(), code })?;
            for one in listed {
                let group = Group { id: one.id.clone(), protocol: one.protocol, state: one.state, members: Vec::new() };
                groups.insert(one.id, group);
            }
        }
        let active: Vec<String> =
            groups.values().filter(|group| group.is_active()).map(|group| group.id.clone()).collect();
        for (id, state, members) in self.describe(&active).await? {
            if let Some(group) = groups.get_mut(&id) {
                group.state = state;
                group.members = members;
            }
        }
        Ok(groups.into_values().collect())
    }

    /// States and members of groups of both kinds: those that share partitions among themselves, and those of KIP-848, of which
    /// the older question says that they are dead or do not exist.
    async fn describe(&mut self, groups: &[String]) -> Result<Vec<(String, String, Vec<Member>)>, Error> {
        let by_broker = self.coordinators(groups).await?;
        let mut described = Vec::new();
        let mut others: Vec<(i32, Vec<String>)> = Vec::new();
        for (broker, groups) in &by_broker {
            for one in self.ask_each(vec![(*broker, DescribeGroups(groups))]).await?.into_iter().flatten() {
                if one.code == Code::GROUP_ID_NOT_FOUND || (one.code == Code::NONE && one.state == "Dead") {
                    match others.last_mut() {
                        Some((last, ids)) if last == broker => ids.push(one.id),
                        _ => others.push((*broker, vec![one.id])),
                    }
                    continue;
                }
                one.code.check().map_err(|code| Error::Refused { what: format!("group {:?}", one.id), code })?;
                described.push((one.id, one.state, members(one.members)));
            }
        }
        for (broker, groups) in &others {
            if !self.connections.get(broker).is_some_and(|connection| connection.knows(ConsumerGroupDescribe::KEY)) {
                continue;
            }
            for one in self.ask_each(vec![(*broker, ConsumerGroupDescribe(groups))]).await?.into_iter().flatten() {
                // Gone since it was listed, or of a third kind (share groups, KIP-932): the list's state stands.
                if one.code == Code::NONE {
                    described.push((one.id, one.state, members(one.members)));
                }
            }
        }
        Ok(described)
    }

    async fn coordinators(&mut self, groups: &[String]) -> Result<BTreeMap<i32, Vec<String>>, Error> {
        let mut by_broker: BTreeMap<i32, Vec<String>> = BTreeMap::new();
        for some in groups.chunks(1000) {
            for (group, broker, code) in self.ask_any(FindCoordinator(some)).await? {
                code.check().map_err(|code| Error::Refused { what: format!("group {group:?}"), code })?;
                by_broker.entry(broker).or_default().push(group);
            }
        }
        Ok(by_broker)
    }

    async fn committed_once(&mut self, groups: &[String]) -> Result<BTreeMap<String, Offsets>, Error> {
        let mut all: BTreeMap<String, Offsets> = groups.iter().map(|group| (group.clone(), Offsets::new())).collect();
        let by_broker = self.coordinators(groups).await?;
        let requests =
            by_broker.iter().flat_map(|(broker, groups)| groups.chunks(100).map(|some| (*broker, OffsetFetch(some))));
        let requests = requests.collect();
        for one in self.ask_each(requests).await?.into_iter().flatten() {
            let refused = |code| Error::Refused { what: format!("the offsets of group {:?}", one.group), code };
            if one.code == Code::GROUP_ID_NOT_FOUND {
                continue;
            }
            one.code.check().map_err(refused)?;
            let offsets = all.entry(one.group.clone()).or_default();
            for (topic, partitions) in one.topics {
                for (partition, code, offset) in partitions {
                    code.check().map_err(refused)?;
                    if offset >= 0 {
                        offsets.entry(topic.clone()).or_default().insert(partition, offset);
                    }
                }
            }
        }
        Ok(all)
    }

    async fn commit_once(&mut self, group: &str, offsets: &Offsets) -> Result<(), Error> {
        let active = |state: String| Error::Active { group: group.to_owned(), state };
        let ids = [group.to_owned()];
        for (_, state, members) in self.describe(&ids).await? {
            if !members.is_empty() || !matches!(state.as_str(), "Empty" | "Dead") {
                return Err(active(state));
            }
        }
        let topics: Vec<(String, Vec<(i32, i64)>)> = offsets
            .iter()
            .map(|(topic, partitions)| (topic.clone(), partitions.iter().map(|(at, offset)| (*at, *offset)).collect()))
            .collect();
        let broker = self.coordinators(&ids).await?.into_keys().next().unwrap_or(-1);
        for answer in self.ask_each(vec![(broker, OffsetCommit { group, topics: &topics })]).await? {
            for (topic, partition, code) in answer {
                // A consumer came in between: the broker looks, too.
                if code.is_active_group() {
                    return Err(active(code.to_string()));
                }
                let what = || format!("the offset of group {group:?} in topic {topic:?}, partition {partition}");
                code.check().map_err(|code| Error::Refused { what: what(), code })?;
            }
        }
        Ok(())
    }
}

fn members(pairs: Vec<(String, String)>) -> Vec<Member> {
    pairs.into_iter().map(|(client, host)| Member { client, host }).collect()
}
