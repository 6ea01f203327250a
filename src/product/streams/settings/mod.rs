//! hwdr's own settings for Streams, `hwdr.streams` in the values: read once, and of checked types from then on.

pub mod names;
mod read;

use std::fmt;

use jiff::Timestamp;

use super::keys;
use crate::refusal::Refusal;
use crate::values::Value;
use names::{
    Bootstrap, Class, ClusterName, Cron, Endpoint, Group, Image, InstanceId, Name, Namespace, Pattern, Protocol,
    Region, SecurityGroup, SnapshotId, Ttl, VeleroBackup,
};
pub use read::Problem;
use read::{Block, Reader};

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// How the namespace is backed up.
    pub velero: Velero,
    /// The RDS instance that Streams uses today.
    pub mariadb: Option<MariaDb>,
    /// How Kafka is mirrored.
    pub kafka: Option<Kafka>,
    /// The restore that is asked for; none if the block is empty.
    pub restore: Option<Restore>,
}

/// How Velero backs up the namespace of the release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Velero {
    /// Velero's own namespace: `velero`.
    pub namespace: Namespace,
    /// Its storage location: `default`, as Velero's installer calls it.
    pub storage_location: Name,
    /// The name of the Schedule: `streams`.
    pub schedule: Name,
    /// When it fires, in UTC: every day at 3.
    pub cron: Cron,
    /// How long a backup is kept: 720 hours, as by default in Velero.
    pub ttl: Ttl,
}

/// An RDS instance of MariaDB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MariaDb {
    /// Its region.
    pub region: Region,
    /// Its identifier.
    pub instance: InstanceId,
    /// A server other than AWS.
    pub endpoint_url: Option<Endpoint>,
    /// What a new instance gets where the source no longer exists; where it does, the source's own count.
    pub replacement: Replacement,
}

/// Settings of a new RDS instance, for where there is no source to take them from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Replacement {
    /// The DB subnet group.
    pub subnet_group: Option<Group>,
    /// The VPC security groups.
    pub security_groups: Vec<SecurityGroup>,
    /// The DB parameter group.
    pub parameter_group: Option<Group>,
    /// The option group.
    pub option_group: Option<Group>,
    /// The instance class.
    pub class: Option<Class>,
    /// Whether there is a standby in another availability zone.
    pub multi_az: Option<bool>,
}

/// How Kafka is mirrored to its backup cluster, and back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kafka {
    /// The backup cluster.
    pub backup: Cluster,
    /// The topics to mirror: `streams.*`.
    pub topics: Vec<Pattern>,
    /// The consumer groups whose offsets are mirrored: all.
    pub groups: Vec<Pattern>,
    /// The copies of each new topic: 3.
    pub replication_factor: u16,
    /// How many of MirrorMaker's tasks run at once: 4.
    pub tasks: u16,
    /// The image that MirrorMaker runs in; without it, somebody else runs it during a restore.
    pub image: Option<Image>,
    /// The Secret with the credentials of Streams' own cluster, as that of the backup cluster; also of a new one that names no other.
    pub secret: Option<Name>,
}

/// A Kafka cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its servers.
    pub bootstrap_servers: Bootstrap,
    /// The Secret with `username`, `password`, and `truststore.pem` or `ca.crt`; only with [`Protocol::SaslTls`].
    pub secret: Option<Name>,
    /// How clients connect.
    pub protocol: Protocol,
}

/// A restore: what is not given is left as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Restore {
    /// The Velero backup of the namespace.
    pub namespace: Option<VeleroBackup>,
    /// The database.
    pub mariadb: Option<MariaDbRestore>,
    /// The new production cluster, which is filled from the backup cluster.
    pub kafka: Option<KafkaRestore>,
    /// Whether `helm test` has to go well in the end.
    pub test: bool,
}

/// A restore of the database to a new RDS instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MariaDbRestore {
    /// From what.
    pub from: Origin,
    /// The identifier of the new instance.
    pub instance: InstanceId,
    /// Its class, if not the source's.
    pub class: Option<Class>,
}

/// From what an RDS instance is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A snapshot.
    Snapshot(SnapshotId),
    /// The source's automated backups, up to this time.
    PointInTime(Timestamp),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(id) => id.fmt(f),
            Self::PointInTime(time) => time.fmt(f),
        }
    }
}

/// A new production cluster of Kafka. Its protocol is the chart's `externalizedKafka.auth.clientProtocol`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KafkaRestore {
    /// Its servers.
    pub bootstrap_servers: Bootstrap,
    /// The Secret with its credentials, as for the backup cluster; without it, that of Streams' own cluster.
    pub secret: Option<Name>,
    /// The name under which the new cluster is mirrored to the backup cluster in the end; without it, it is not.
    pub mirror_back_as: Option<ClusterName>,
}

impl Restore {
    /// The parts that are asked for, by their keys.
    pub fn parts(&self) -> Vec<&'static str> {
        let parts = [
            ("namespace", self.namespace.is_some()),
            ("mariadb", self.mariadb.is_some()),
            ("kafka", self.kafka.is_some()),
        ];
        parts.into_iter().filter(|(_, is_asked)| *is_asked).map(|(name, _)| name).collect()
    }
}

impl Settings {
    /// The settings in `values`, with the defaults for what they leave out.
    ///
    /// # Errors
    /// The first of their [`Settings::problems`].
    pub fn from_values(values: &Value) -> Result<Self, Refusal> {
        let mut reader = Reader::default();
        let settings = Self::read(&mut reader, values);
        match reader.problems.into_iter().next() {
            Some(problem) => Err(problem.refusal),
            None => Ok(settings),
        }
    }

    /// All that is wrong with the settings in `values`, in no order.
    pub fn problems(values: &Value) -> Vec<Problem> {
        let mut reader = Reader::default();
        Self::read(&mut reader, values);
        reader.problems
    }

    /// Reads what can be read; what cannot is a problem, and then the result is not used.
    fn read(reader: &mut Reader, values: &Value) -> Self {
        let all = Block::of(values);
        let ours = reader.any(all.as_ref(), "hwdr");
        let block = reader.block(ours.as_ref(), "streams", &["velero", "mariadb", "kafka", "restore"]);
        let block = block.as_ref();
        let mariadb = MariaDb::read(reader, block);
        let kafka = Kafka::read(reader, block);
        let restore = Restore::read(reader, block, mariadb.as_ref());
        Self { velero: Velero::read(reader, block), mariadb, kafka, restore }
    }
}

impl Velero {
    fn read(reader: &mut Reader, settings: Option<&Block<'_>>) -> Self {
        let block = reader.block(settings, "velero", &["namespace", "storageLocation", "schedule", "cron", "ttl"]);
        let block = block.as_ref();
        Self {
            namespace: reader.get(block, "namespace").unwrap_or_else(|| Namespace("velero".to_owned())),
            storage_location: reader.get(block, "storageLocation").unwrap_or_else(|| Name("default".to_owned())),
            schedule: reader.get(block, "schedule").unwrap_or_else(|| Name("streams".to_owned())),
            cron: reader.get(block, "cron").unwrap_or_else(|| Cron("0 3 * * *".to_owned())),
            ttl: reader.get(block, "ttl").unwrap_or_else(|| Ttl { text: "720h".to_owned(), seconds: 720 * 3_600 }),
        }
    }
}

impl MariaDb {
    fn read(reader: &mut Reader, settings: Option<&Block<'_>>) -> Option<Self> {
        let replacement = ["subnetGroup", "securityGroups", "parameterGroup", "optionGroup", "class", "multiAz"];
        let keys: Vec<_> = ["region", "instance", "endpointUrl"].into_iter().chain(replacement).collect();
        let block = reader.block(settings, "mariadb", &keys)?;
        let (region, instance) = (reader.required(&block, "region"), reader.required(&block, "instance"));
        let block = Some(&block);
        let endpoint_url = reader.get(block, "endpointUrl");
        let replacement = Replacement {
            subnet_group: reader.get(block, "subnetGroup"),
            security_groups: reader.list(block, "securityGroups").unwrap_or_default(),
            parameter_group: reader.get(block, "parameterGroup"),
            option_group: reader.get(block, "optionGroup"),
            class: reader.get(block, "class"),
            multi_az: reader.switch(block, "multiAz"),
        };
        Some(Self { region: region?, instance: instance?, endpoint_url, replacement })
    }
}

impl Kafka {
    fn read(reader: &mut Reader, settings: Option<&Block<'_>>) -> Option<Self> {
        let block = reader.block(
            settings,
            "kafka",
            &["backup", "topics", "groups", "replicationFactor", "tasks", "image", "secret"],
        )?;
        let backup = match reader.block(Some(&block), "backup", &["bootstrapServers", "secret", "protocol"]) {
            Some(backup) => Cluster::read(reader, &backup),
            None if block.has("backup") => None,
            None => reader.missing(
                &block,
                "backup",
                "backup: {bootstrapServers: \"b-1:9096\", secret: streams-kafka-backup}",
            ),
        };
        let block = Some(&block);
        let all = |pattern: &str| vec![Pattern(pattern.to_owned())];
        let topics = reader.list(block, "topics").unwrap_or_else(|| all("streams.*"));
        let groups = reader.list(block, "groups").unwrap_or_else(|| all(".*"));
        let replication_factor = reader.number(block, "replicationFactor", 32_767).unwrap_or(3);
        let tasks = reader.number(block, "tasks", 1_000).unwrap_or(4);
        let image = reader.get(block, "image");
        let secret = reader.get(block, "secret");
        Some(Self { backup: backup?, topics, groups, replication_factor, tasks, image, secret })
    }
}

impl Cluster {
    fn read(reader: &mut Reader, block: &Block<'_>) -> Option<Self> {
        let bootstrap_servers = reader.required(block, "bootstrapServers");
        let protocol = reader.get(Some(block), "protocol").unwrap_or(Protocol::SaslTls);
        let secret = match protocol {
            Protocol::SaslTls => Some(reader.required(block, "secret")?),
            Protocol::Plaintext => reader.get(Some(block), "secret"),
        };
        Some(Self { bootstrap_servers: bootstrap_servers?, secret, protocol })
    }
}

impl Restore {
    fn read(reader: &mut Reader, settings: Option<&Block<'_>>, source: Option<&MariaDb>) -> Option<Self> {
        let block = reader.block(settings, "restore", &["namespace", "mariadb", "kafka", "test"])?;
        let namespace = reader.block(Some(&block), "namespace", &["backup"]);
        let restore = Self {
            namespace: namespace.and_then(|namespace| reader.required(&namespace, "backup")),
            mariadb: MariaDbRestore::read(reader, &block, source),
            kafka: KafkaRestore::read(reader, &block),
            test: reader.switch(Some(&block), "test").unwrap_or_default(),
        };
        for (part, is_asked) in [("mariadb", restore.mariadb.is_some()), ("kafka", restore.kafka.is_some())] {
            if is_asked && !settings.is_some_and(|settings| settings.has(part)) {
                let path = [keys::SETTINGS, &[part]].concat().join(".");
                reader.incomplete(
                    &block,
                    &format!("asks for {part}, but {path} does not say what is used today"),
                    &path,
                );
            }
        }
        Some(restore).filter(|restore| !restore.parts().is_empty())
    }
}

impl MariaDbRestore {
    fn read(reader: &mut Reader, restore: &Block<'_>, source: Option<&MariaDb>) -> Option<Self> {
        let block = reader.block(Some(restore), "mariadb", &["snapshot", "pointInTime", "instance", "class"])?;
        let class = reader.get(Some(&block), "class");
        let instance: Option<InstanceId> = reader.required(&block, "instance");
        if let (Some(new), Some(source)) = (&instance, source)
            && *new == source.instance
        {
            reader.wrong(
                &block,
                "instance",
                "names the instance that is used today: RDS restores to a new one",
                "give it another name",
            );
        }
        let (snapshot, time) = (reader.get(Some(&block), "snapshot"), reader.get(Some(&block), "pointInTime"));
        let from = match (snapshot, time) {
            (Some(_), Some(_)) => {
                reader.wrong(&block, "pointInTime", "stands beside a snapshot", "keep one of the two");
                None
            }
            (Some(snapshot), None) => Some(Origin::Snapshot(snapshot)),
            (None, Some(time)) => Some(Origin::PointInTime(time)),
            (None, None) if block.has("snapshot") || block.has("pointInTime") => None,
            (None, None) => {
                reader.missing(&block, "snapshot or pointInTime", "snapshot: rds:streams-prod-2026-01-01-03-00")
            }
        };
        Some(Self { from: from?, instance: instance?, class })
    }
}

impl KafkaRestore {
    fn read(reader: &mut Reader, restore: &Block<'_>) -> Option<Self> {
        let block = reader.block(Some(restore), "kafka", &["bootstrapServers", "secret", "mirrorBackAs"])?;
        let bootstrap_servers = reader.required(&block, "bootstrapServers");
        let (secret, mirror_back_as) = (reader.get(Some(&block), "secret"), reader.get(Some(&block), "mirrorBackAs"));
        Some(Self { bootstrap_servers: bootstrap_servers?, secret, mirror_back_as })
    }
}

#[cfg(test)]
mod tests;
