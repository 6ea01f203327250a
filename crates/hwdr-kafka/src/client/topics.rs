//! Brokers and topics.

use std::collections::BTreeMap;
use std::time::Duration;

use super::connection::Connection;
use super::error::Error;
use super::{Client, retry};
use crate::name::Server;
use crate::wire::admin::{DescribeConfigs, Everything, Metadata};

/// A topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its partitions, by number.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number.
    pub index: i32,
    /// Whether a broker leads it: otherwise nothing of it can be read.
    pub led: bool,
    /// On how many brokers it is meant to be.
    pub replicas: usize,
    /// On how many it is whole.
    pub in_sync: usize,
}

impl Client {
    /// All topics, by name. A topic that the user may not see is not there.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn topics(&mut self, within: Duration) -> Result<Vec<Topic>, Error> {
        retry!(self, "the list of topics", within, self.topics_once())
    }

    /// The settings that someone made for topics, by topic and name; secrets and defaults are left out.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn settings(
        &mut self,
        topics: &[String],
        within: Duration,
    ) -> Result<BTreeMap<String, BTreeMap<String, String>>, Error> {
        retry!(self, "the settings of topics", within, self.settings_once(topics))
    }

    async fn settings_once(&mut self, topics: &[String]) -> Result<BTreeMap<String, BTreeMap<String, String>>, Error> {
        let mut all = BTreeMap::new();
        for some in topics.chunks(500) {
            for (topic, code, settings) in self.ask_any(DescribeConfigs(some)).await? {
                code.check()
                    .map_err(|code| Error::Refused { what: format!("the settings of topic {topic:?}"), code })?;
                let set = settings.into_iter().filter(|(.., set)| *set);
                all.insert(topic, set.filter_map(|(name, value, _)| value.map(|value| (name, value))).collect());
            }
        }
        Ok(all)
    }

    async fn topics_once(&mut self) -> Result<Vec<Topic>, Error> {
        let everything = self.look().await?;
        let mut topics: Vec<Topic> = everything
            .topics
            .into_iter()
            .filter(|topic| topic.code.check().is_ok() || topic.code.passes())
            .map(|topic| {
                let mut partitions: Vec<Partition> = topic
                    .partitions
                    .iter()
                    .map(|at| Partition {
                        index: at.index,
                        led: at.leader >= 0,
                        replicas: at.replicas.len(),
                        in_sync: at.in_sync.len(),
                    })
                    .collect();
                partitions.sort_by_key(|partition| partition.index);
                Topic { name: topic.name, partitions }
            })
            .collect();
        topics.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(topics)
    }

    /// Looks at the cluster, and keeps who leads what.
    pub(super) async fn look(&mut self) -> Result<Everything, Error> {
        let everything = self.first_answer().await?;
        self.cluster.clone_from(&everything.cluster);
        self.controller = everything.controller;
        let brokers: BTreeMap<i32, Server> = everything
            .brokers
            .iter()
            .filter_map(|at| {
                let host = if at.host.contains(':') { format!("[{}]", at.host) } else { at.host.clone() };
                Some((at.id, Server::parse(&format!("{host}:{}", at.port)).ok()?))
            })
            .collect();
        if brokers.is_empty() {
            let problem = "the cluster says that it has no broker with an address".to_owned();
            return Err(Error::Connection { broker: "any".to_owned(), problem });
        }
        self.connections.retain(|id, _| brokers.get(id) == self.brokers.get(id));
        self.brokers = brokers;
        self.leaders = everything
            .topics
            .iter()
            .map(|topic| (topic.name.clone(), topic.partitions.iter().map(|at| (at.index, at.leader)).collect()))
            .collect();
        Ok(everything)
    }

    /// The answer of the first address that gives one: an open connection, else those that the caller gave and those seen before.
    async fn first_answer(&mut self) -> Result<Everything, Error> {
        let open = self.connections.keys().next().copied();
        if let Some(broker) = open {
            let answers = self.ask_each(vec![(broker, Metadata)]).await;
            if let Some(answer) = answers?.pop() {
                return Ok(answer);
            }
        }
        let mut servers = self.servers.clone();
        servers.extend(self.brokers.values().filter(|server| !self.servers.contains(server)).cloned());
        let first = self.turn.checked_rem(servers.len()).unwrap_or(0);
        servers.rotate_left(first);
        let mut last = Error::Connection { broker: "any".to_owned(), problem: "no address was given".to_owned() };
        for server in servers {
            let asked = async {
                let mut connection = Connection::open(&server, &self.access, self.tls.as_ref()).await?;
                let everything = connection.ask(&Metadata).await?;
                Ok::<_, Error>((connection, everything))
            };
            match asked.await {
                Ok((connection, everything)) => {
                    // The broker that answered is among those that it names, if its address is the one that was given.
                    let own = everything
                        .brokers
                        .iter()
                        .find(|at| at.host == server.host() && at.port == i32::from(server.port()));
                    if let Some(own) = own {
                        self.brokers.insert(own.id, server);
                        self.connections.insert(own.id, connection);
                    }
                    return Ok(everything);
                }
                Err(error) if error.passes() => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}
