//! The settings of MirrorMaker 2 for one mirror, one way.
//!
//! What MirrorMaker does not bring over, whatever its settings (`MirrorSourceConnector.syncTopicAcls`): ACLs of groups, of the
//! cluster, of transactional ids and of topics by prefix; `Allow Write` of any topic; and `Allow All` arrives as `Allow Read`.
//! Neither do SCRAM users, quotas, and the topic's `min.insync.replicas` (`DefaultConfigPropertyFilter`). A restored cluster
//! needs those from somewhere else, or its producers stay shut out.

mod cluster;
mod escape;
#[cfg(test)]
mod read;
#[cfg(test)]
pub(crate) mod tests;

pub use cluster::{Cluster, Credentials, Path, Scram, Secret, Security, Trust};

use crate::select::{GROUPS_EXCLUDE, Groups, TOPICS_EXCLUDE, Topics};

/// One mirror: from `source` to `target`, never the other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// Where records are read.
    pub source: Cluster,
    /// Where they are written.
    pub target: Cluster,
    /// The topics meant; no other is mirrored.
    pub topics: Topics,
    /// The groups whose committed offsets are kept in step.
    pub groups: Groups,
    /// How many tasks share the partitions.
    pub tasks: u16,
    /// Whether each record arrives once. Otherwise a mirror that was killed sends again what it had not noted yet: duplicates.
    /// The cost is a transaction around each batch, whose marker takes an offset at the target: offsets there are no longer
    /// counts of records, and the source's idempotent producers do not help (KIP-618).
    pub exactly_once: bool,
}

/// Why a mirror makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadMirror {
    /// Both ends have one name.
    #[error("the mirror's source and target are both called {0:?}: give each cluster an alias of its own")]
    OneAlias(String),
    /// Both ends are one cluster.
    #[error(
        "the mirror's source and target share the broker {0}: a cluster cannot be mirrored to itself under the same topic names"
    )]
    OneCluster(String),
    /// A cluster without an address.
    #[error("cluster {0:?} has no bootstrap servers: give at least one HOST:PORT")]
    NoServers(String),
    /// A number that Kafka does not take.
    #[error("{what} is 0: give 1 or more")]
    Zero {
        /// Which.
        what: String,
    },
}

/// Seconds between two looks at new topics, groups and offsets. MirrorMaker's own are 60 and 600: a restore would wait for them,
/// and a group's offset would be ten minutes old at a disaster.
const SOON: &str = "5";
/// Seconds between two syncs of the settings and ACLs of topics: each is a call for every topic.
const SETTINGS: &str = "30";

/// Whether a topic is one in which any mirror notes which offset became which.
pub(crate) fn is_offset_syncs(topic: &str) -> bool {
    topic.starts_with("mm2-offset-syncs.") && topic.ends_with(".internal")
}

impl Mirror {
    /// The mirror turned round: for the restore.
    pub fn turned(&self) -> Self {
        Self { source: self.target.clone(), target: self.source.clone(), ..self.clone() }
    }

    /// Where MirrorMaker writes which offset became which: `mm2-offset-syncs.ALIAS.internal` at the target.
    pub fn offset_syncs_topic(&self) -> String {
        format!("mm2-offset-syncs.{}.internal", self.source.alias)
    }

    /// Where it writes the groups' offsets, at the target.
    pub fn checkpoints_topic(&self) -> String {
        format!("{}.checkpoints.internal", self.source.alias)
    }

    /// Whether a topic of the target is one in which this mirror keeps what it knows.
    pub fn is_its_own(&self, topic: &str) -> bool {
        let alias = &self.source.alias;
        let of_connect = ["offsets", "status", "configs"].map(|what| format!("mm2-{what}.{alias}.internal"));
        topic == self.offset_syncs_topic()
            || topic == self.checkpoints_topic()
            || of_connect.iter().any(|own| own == topic)
    }

    /// The group of its workers, at the target (`MirrorMakerConfig.workerConfig`).
    pub fn worker_group(&self) -> String {
        format!("{}-mm2", self.source.alias)
    }

    /// Checks what no part can know alone.
    ///
    /// # Errors
    /// If both ends are the same, or something is missing.
    pub fn check(&self) -> Result<(), BadMirror> {
        let (source, target) = (&self.source, &self.target);
        if source.alias == target.alias {
            return Err(BadMirror::OneAlias(source.alias.to_string()));
        }
        for cluster in [source, target] {
            if cluster.servers.is_empty() {
                return Err(BadMirror::NoServers(cluster.alias.to_string()));
            }
            if cluster.replication == 0 {
                return Err(BadMirror::Zero { what: format!("the replication factor of {}", cluster.alias) });
            }
        }
        if self.tasks == 0 {
            return Err(BadMirror::Zero { what: "the number of tasks".to_owned() });
        }
        match source.servers.iter().find(|server| target.servers.contains(server)) {
            Some(server) => Err(BadMirror::OneCluster(server.to_string())),
            None => Ok(()),
        }
    }

    /// The text of `connect-mirror-maker.properties`, for Kafka 3.5 and later (`EnvVarConfigProvider` came with 3.5, the others
    /// earlier). It has no secret: those are read by MirrorMaker from where [`Secret`] says.
    ///
    /// # Errors
    /// As [`Mirror::check`].
    pub fn properties(&self) -> Result<String, BadMirror> {
        self.check()?;
        let (source, target) = (self.source.alias.as_str(), self.target.alias.as_str());
        let mut out = escape::Properties::default();
        let factor = self.target.replication.to_string();

        out.heading("The two clusters.");
        out.set("clusters", format!("{source},{target}"));
        let providers =
            self.source.providers().chain(self.target.providers()).collect::<std::collections::BTreeSet<_>>();
        if !providers.is_empty() {
            out.set("config.providers", providers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(","));
        }
        for (name, class) in &providers {
            out.set(format!("config.providers.{name}.class"), *class);
        }
        self.source.write(&mut out);
        self.target.write(&mut out);

        out.heading("One way only. Without the last line MirrorMaker starts workers for the other way, too (MirrorMakerConfig.clusterPairs).");
        out.set(format!("{source}->{target}.enabled"), "true");
        out.set(format!("{target}->{source}.enabled"), "false");
        out.set("emit.heartbeats.enabled", "false");
        out.set("heartbeats.replication.enabled", "false");

        // Connect holds back the tasks of a worker that left for five minutes, even from the same worker when it is back: after the target's
        // brokers were gone, or the mirror was killed, it would stand still (KIP-415).
        out.heading("Go on at once after a fault.");
        out.set(format!("{target}.scheduled.rebalance.max.delay.ms"), "0");

        out.heading("Topics keep their names.");
        out.set("replication.policy.class", "org.apache.kafka.connect.mirror.IdentityReplicationPolicy");
        out.set("topics", self.topics.patterns());
        out.set("topics.exclude", TOPICS_EXCLUDE);
        out.set("groups", self.groups.patterns());
        out.set("groups.exclude", GROUPS_EXCLUDE);
        out.set("tasks.max", self.tasks.to_string());
        out.set("refresh.topics.interval.seconds", SOON);
        out.set("refresh.groups.interval.seconds", SOON);
        out.set("sync.topic.configs.enabled", "true");
        out.set("sync.topic.configs.interval.seconds", SETTINGS);
        out.set("sync.topic.acls.enabled", "true");
        out.set("sync.topic.acls.interval.seconds", SETTINGS);

        out.heading("Groups go on where they were. The offsets' translation lies at the target: it is needed when the source is gone (KIP-716).");
        out.set("emit.checkpoints.enabled", "true");
        out.set("emit.checkpoints.interval.seconds", SOON);
        out.set("sync.group.offsets.enabled", "true");
        out.set("sync.group.offsets.interval.seconds", SOON);
        out.set("offset-syncs.topic.location", "target");
        out.set(format!("{target}.offset.flush.interval.ms"), "5000");

        out.heading("Replication factors at the target.");
        for topic in [
            "",
            "checkpoints.topic.",
            "heartbeats.topic.",
            "offset-syncs.topic.",
            "offset.storage.",
            "status.storage.",
            "config.storage.",
        ] {
            out.set(format!("{topic}replication.factor"), factor.clone());
        }

        out.heading(
            "Only what was committed: records of transactions that were aborted would arrive as if they counted.",
        );
        out.set(format!("{source}.consumer.isolation.level"), "read_committed");
        if self.exactly_once {
            // KIP-618 and KIP-710: a worker must be able to ask the leader to fence off older tasks.
            out.set(format!("{target}.exactly.once.source.support"), "enabled");
            out.set("dedicated.mode.enable.internal.rest", "true");
            out.set("listeners", "http://127.0.0.1:8083");
        }
        Ok(out.text())
    }
}
