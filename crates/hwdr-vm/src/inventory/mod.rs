//! The inventory: the machines of a cluster, what runs on each, and where things are on them.

mod read;
mod target;
mod write;

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

pub use read::{Problem, lint, read};
pub use target::{Bucket, Target};
pub use write::{Found, write};

/// The JSON Schema of the file.
pub const SCHEMA: &str = include_str!("schema.json");

/// The machines of one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The name of the cluster.
    pub name: String,
    /// How hosts are reached.
    pub ssh: Ssh,
    /// The machines, as in the file.
    pub hosts: Vec<Host>,
    /// The folder of the backups, here.
    pub backups: PathBuf,
    /// Where they are sent besides.
    pub target: Option<Target>,
    /// After how many days backups are pruned.
    pub keep_days: u16,
    /// After how many days those are pruned from the folder that were sent.
    pub keep_here_days: u16,
    /// The cluster definition, here.
    pub definition: Option<PathBuf>,
    /// Where HopsFS keeps its blocks.
    pub blocks: Blocks,
    /// The accounts on the hosts.
    pub users: Users,
    /// The port of the management server.
    pub management_port: u16,
    /// Where things are on the hosts.
    pub paths: Paths,
}

/// How hosts are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// Whom to log in as.
    pub user: Option<String>,
    /// The port.
    pub port: Option<u16>,
    /// Whether other accounts are used by sudo.
    pub sudo: bool,
    /// How many commands run at once.
    pub parallel: u16,
}

/// The accounts on the hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Users {
    /// Owns RonDB and MySQL.
    pub mysql: String,
    /// Owns HopsFS.
    pub hdfs: String,
}

/// Where HopsFS keeps its blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocks {
    /// On the disks of its data nodes.
    Disks,
    /// In object storage, which keeps them.
    S3,
}

/// Where things are on the hosts. The defaults are those of the documentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// MySQL's and NDB's programs.
    pub mysql_bin: String,
    /// The socket of the MySQL server.
    pub mysql_socket: String,
    /// RonDB's scripts.
    pub ndb_scripts: String,
    /// Where data nodes write backups, without `BACKUP`.
    pub ndb_backups: String,
    /// The blocks of a HopsFS data node.
    pub blocks: String,
    /// Hadoop.
    pub hadoop: String,
    /// ePipe.
    pub epipe: String,
    /// Kafka.
    pub kafka: String,
}

impl Default for Paths {
    fn default() -> Self {
        let [mysql_bin, mysql_socket, ndb_scripts, ndb_backups, blocks, hadoop, epipe, kafka] = [
            "/srv/hops/mysql/bin",
            "/srv/hops/mysql-cluster/mysql.sock",
            "/srv/hops/mysql-cluster/ndb/scripts",
            "/srv/hops/mysql-cluster/ndb/backups",
            "/srv/hopsworks-data/hops/hopsdata/hdfs/dn",
            "/srv/hops/hadoop",
            "/srv/hops/epipe",
            "/srv/hops/kafka",
        ]
        .map(str::to_owned);
        Self { mysql_bin, mysql_socket, ndb_scripts, ndb_backups, blocks, hadoop, epipe, kafka }
    }
}

/// The name of a machine, as the inventory has it: letters, digits, dots, dashes and underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct HostName(String);

impl HostName {
    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        is_name(text).then(|| Self(text.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for HostName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
            .ok_or_else(|| "a host has a name of letters, digits, dots, dashes and underscores".to_owned())
    }
}

impl fmt::Display for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name.
    pub name: HostName,
    /// What SSH connects to.
    pub address: String,
    /// What runs on it.
    pub roles: BTreeSet<Role>,
    /// The ids of its NDB data nodes: mostly one.
    pub nodes: Vec<u16>,
}

impl Host {
    /// Whether something runs on it.
    pub fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it is the machine that others know by this address and name: a name may have its domain or not.
    pub fn is_at(&self, address: &str, name: &str) -> bool {
        let label = |text: &str| match text.parse::<std::net::IpAddr>() {
            Ok(_) => text.to_owned(),
            Err(_) => text.split('.').next().unwrap_or_default().to_ascii_lowercase(),
        };
        let own = [label(&self.address), label(self.name.as_str())];
        [address, name].into_iter().filter(|text| !text.is_empty()).any(|text| own.contains(&label(text)))
    }
}

/// What can run on a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// RonDB's management server.
    Management,
    /// RonDB's data node.
    Ndb,
    /// MySQL.
    Mysql,
    /// HopsFS's name node.
    NameNode,
    /// HopsFS's data node.
    DataNode,
    /// ePipe.
    Epipe,
    /// Kafka.
    Kafka,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Management, Self::Ndb, Self::Mysql, Self::NameNode, Self::DataNode, Self::Epipe, Self::Kafka];

    /// Its word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Management => "management",
            Self::Ndb => "ndb",
            Self::Mysql => "mysql",
            Self::NameNode => "namenode",
            Self::DataNode => "datanode",
            Self::Epipe => "epipe",
            Self::Kafka => "kafka",
        }
    }
}

impl Inventory {
    /// The machines on which something runs.
    pub fn with(&self, role: Role) -> impl Iterator<Item = &Host> {
        self.hosts.iter().filter(move |host| host.has(role))
    }

    /// The first machine on which something runs.
    pub fn first(&self, role: Role) -> Option<&Host> {
        self.with(role).next()
    }

    /// The machine of this name.
    pub fn host(&self, name: &HostName) -> Option<&Host> {
        self.hosts.iter().find(|host| host.name == *name)
    }

    /// The management server: the reader makes sure that there is one. Of several it is the same whatever their order in the file, because it
    /// has the lock and the record.
    pub fn management(&self) -> Option<&Host> {
        self.with(Role::Management).min_by(|one, other| one.address.cmp(&other.address))
    }

    /// What clients of NDB connect to.
    pub fn connect_string(&self) -> String {
        let all = self.with(Role::Management).map(|host| match host.address.contains(':') {
            true => format!("[{}]:{}", host.address, self.management_port),
            false => format!("{}:{}", host.address, self.management_port),
        });
        all.collect::<Vec<_>>().join(",")
    }
}

/// Whether a text is a name of a cluster or a machine.
fn is_name(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_machine_is_known_by_address_or_name() {
        let inventory = crate::stored::tests::inventory();
        let host = inventory.hosts.iter().find(|host| host.name.as_str() == "data1").unwrap();
        for (address, name, expected) in [
            ("10.89.0.21", "", true),
            ("10.1.0.1", "data1", true),
            ("10.1.0.1", "Data1.example.com", true),
            ("10.1.0.1", "data11", false),
            ("10.89.0.22", "data2", false),
            ("10.1.0.1", "", false),
        ] {
            assert_eq!(host.is_at(address, name), expected, "{address} {name}");
        }
    }

    #[test]
    fn the_management_server_does_not_depend_on_the_order_of_hosts() {
        let mut inventory = crate::stored::tests::inventory();
        for host in inventory.hosts.iter_mut().take(2) {
            host.roles.insert(super::Role::Management);
        }
        let first = inventory.management().cloned().unwrap();
        inventory.hosts.reverse();
        assert_eq!(inventory.management(), Some(&first));
    }
}
