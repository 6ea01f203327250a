//! RonDB, from a native backup.

pub mod facts;
mod nodes;
mod plan;
mod rows;
mod stored;
mod verify;

pub use plan::{MARKER, NEEDS};

use serde_json::Value as Json;

use crate::backups::{Seen, Series};
use crate::cluster::condition::text;
use crate::doctor::Call;
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::catalogue;
use crate::product::hopsworks::plan::{Facts, Input, Part};
use crate::product::service::{Doing, Files, Look, Service};
use crate::product::shelf::{Shelf, Stored};
use crate::refusal::Refusal;
use crate::run::{Halt, Run};
use crate::steps::{Object, Planned};
use crate::topology::{Missing, Pod, Role, Topology, is_lasting};
use crate::verify::Verify;

/// RonDB.
pub struct RonDb;

const fn role(name: &'static str, rank: u8, group: &'static str, stops: Option<u8>, holds_data: bool) -> Role {
    Role { name, rank, group, stops, holds_data }
}

/// RonDB's data nodes (`ndbmtd`).
pub const DATA_NODE: Role = role("dataNode", 10, "RonDB", Some(5), true);
/// RonDB's management server (`ndb_mgmd`): it knows the cluster, holds no data, and keeps running.
pub const MANAGEMENT_NODE: Role = role("managementNode", 11, "RonDB", None, false);
/// MySQL servers for clients.
pub const MYSQLD: Role = role("mysqld", 12, "MySQL", Some(3), true);
/// MySQL servers that write the binlog of global replication.
pub const BINLOG_SERVER: Role = role("binlogServer", 13, "MySQL", Some(1), true);
/// MySQL servers that apply the binlog of another cluster.
pub const REPLICA_APPLIER: Role = role("replicaApplier", 14, "MySQL", Some(1), true);
/// RonDB's REST server.
pub const RDRS: Role = role("rdrs", 15, "MySQL", Some(1), false);
/// The Job of every installation that creates MySQL's users.
pub const MYSQLD_SETUP: Role = role("mysqldSetup", 16, "MySQL", Some(0), false);
/// The CronJob that backs RonDB up.
pub const BACKUP: Role = role("rondbBackup", 17, "backups", Some(0), false);

/// The label of RonDB's chart (`rondb.labels.rondbService.*` in its helpers).
pub const LABEL: &str = "rondbService";
/// The port of RonDB's management server, and that of its data nodes (`ServerPort` in the chart's `config.ini`).
pub const MANAGEMENT_PORT: u16 = 1186;
/// See [`MANAGEMENT_PORT`].
pub const DATA_PORT: u16 = 11860;
/// Its values, and the names of the containers if it is missing.
const KNOWN: &[(&str, Option<&str>, Role)] = &[
    ("ndbmtd", Some("ndbmtd"), DATA_NODE),
    ("mgmd", Some("mgmd"), MANAGEMENT_NODE),
    ("mysqld", Some("mysqld"), MYSQLD),
    ("rdrs", Some("rdrs"), RDRS),
    ("binlog-server", None, BINLOG_SERVER),
    ("replica-applier", None, REPLICA_APPLIER),
    ("setup-mysqld", None, MYSQLD_SETUP),
    ("create-backup", None, BACKUP),
];

/// The label that tells hwdr's Jobs apart (the block `component` of their templates).
fn component(job: &Json) -> &str {
    text(job, "/metadata/labels/app.kubernetes.io~1component")
}

impl Service for RonDb {
    fn name(&self) -> &'static str {
        "rondb"
    }

    fn title(&self) -> &'static str {
        "RonDB"
    }

    fn roles(&self) -> &'static [Role] {
        &[DATA_NODE, MANAGEMENT_NODE, MYSQLD, BINLOG_SERVER, REPLICA_APPLIER, RDRS, MYSQLD_SETUP, BACKUP]
    }

    fn role(&self, kind: &str, pod: &Pod) -> Option<Role> {
        let label = pod.label(LABEL);
        let mut known = KNOWN.iter();
        let by_label = known.find(|(value, _, _)| *value == label);
        let has = |container: &Option<&str>| is_lasting(kind) && container.is_some_and(|name| pod.has(name));
        by_label.or_else(|| KNOWN.iter().find(|(_, container, _)| has(container))).map(|(_, _, role)| *role)
    }

    fn hints(&self) -> &'static [&'static str] {
        // Sections of `config.ini`.
        &["[ndb", "[NDB", "[Ndb"]
    }

    /// `ndb_restore` talks to all nodes.
    fn calls(&self) -> &'static [Call] {
        const LABELS: &[(&str, &str)] = &[(LABEL, "restore-backup")];
        &[
            Call { labels: LABELS, role: MANAGEMENT_NODE, port: MANAGEMENT_PORT },
            Call { labels: LABELS, role: DATA_NODE, port: DATA_PORT },
        ]
    }

    fn backups(&self, seen: &Seen) -> Vec<Series> {
        vec![catalogue::series::<BackupId>(seen, catalogue::Service::RonDb, self.name(), self.title(), BACKUP)]
    }

    fn stored<'r>(&'r self, shelf: &'r Shelf<'r>) -> Doing<'r, Stored> {
        Box::pin(async move { Stored { series: vec![stored::read(shelf).await], ..Stored::default() } })
    }

    /// `rclone … --min-age TTL`: by the age of the files, whatever the records say (rondb-helm, files/scripts/backups/cleanup_old_backups.sh).
    fn clean_up(&self) -> Option<&'static str> {
        Some(
            "is cleaned up by its own CronJob: each run deletes the folders in the bucket with a file older than the ttl, and their \
             records. Nothing exempts one of them; a longer ttl in the values keeps all",
        )
    }

    fn verifier(&self) -> Option<Box<dyn Verify>> {
        Some(Box::new(verify::Check::default()))
    }

    fn templates(&self) -> Files {
        &[
            ("pieces/fetch.yaml", include_str!("templates/pieces/fetch.yaml")),
            ("pieces/left-out.yaml", include_str!("templates/pieces/left-out.yaml")),
            ("pieces/rondb.yaml", include_str!("templates/pieces/rondb.yaml")),
            ("pieces/rondb-look.yaml", include_str!("templates/pieces/rondb-look.yaml")),
            ("rondb-access.yaml", include_str!("templates/rondb-access.yaml")),
            ("rondb-data.yaml", include_str!("templates/rondb-data.yaml")),
            ("rondb-indexes.yaml", include_str!("templates/rondb-indexes.yaml")),
            ("rondb-metadata.yaml", include_str!("templates/rondb-metadata.yaml")),
            ("rondb-rows.yaml", include_str!("templates/rondb-rows.yaml")),
        ]
    }

    fn scripts(&self) -> Files {
        &[
            ("account.sh", include_str!("templates/account.sh")),
            ("fetch.sh", include_str!("templates/fetch.sh")),
            ("mysqld.sh", include_str!("templates/mysqld.sh")),
            ("rondb.sh", include_str!("templates/rondb.sh")),
            ("rows.sh", include_str!("templates/rows.sh")),
        ]
    }

    fn look(&self, object: &Object) -> Option<Look> {
        let look = Look { template: "pieces/rondb-look.yaml", script: Some(("fetch.sh", "look")), volumes: Vec::new() };
        (object.template == "rondb-metadata.yaml").then_some(look)
    }

    /// The MySQL servers know tables, too.
    fn may_be_emptied(&self) -> &'static [Role] {
        &[RDRS, REPLICA_APPLIER, BINLOG_SERVER, MYSQLD, DATA_NODE]
    }

    /// Tables of a metadata Job that failed halfway make another one fail, and `ndb_restore` cannot continue from them.
    fn has_to_be_emptied(&self, failed: &Json) -> bool {
        component(failed) == "rondb-metadata"
    }

    /// Adds the nodes whose parts are missing, if the Job that compares rows failed.
    fn explain<'r>(&self, run: &'r Run, failed: &'r Json, halt: Halt) -> Doing<'r, Halt> {
        Box::pin(async move {
            let part = run.state.parts.iter().find(|part| part.step == "rondb");
            let restore = part.and_then(|part| part.objects.first()).and_then(|object| object.name_of("Job"));
            match (component(failed), part.zip(restore)) {
                ("rondb-rows", Some((part, restore))) => {
                    nodes::explain(&run.cluster, restore, &part.backup, halt).await
                }
                _ => halt,
            }
        })
    }
}

impl Part for RonDb {
    fn plan(&self, input: &Input, _: &[Planned]) -> Result<Vec<Planned>, Refusal> {
        let mut steps = plan::plan(input)?;
        steps.extend(rows::plan(input, &steps));
        Ok(steps)
    }

    fn missing(&self, topology: &Topology, facts: &Facts) -> Vec<Missing> {
        let mut missing = Vec::new();
        let Some(rondb) = &facts.rondb else { return missing };
        if rondb.free_slots.is_none() {
            missing.push(Missing::new(
                "RonDB's config.ini (a ConfigMap with the sections [ndbd] and [ndb_mgmd]): how many ndb_restore can connect at once \
                 is not known, so one runs after the other",
                "post-render the whole umbrella chart",
            ));
        }
        if rondb.root_password.is_none() {
            missing.push(Missing::new(
                "MySQL's root password (env MYSQL_ROOT_PASSWORD by Secret): if the backup sets one, loading users can fail",
                "set rondb.rondb.mysql.credentialsSecretName",
            ));
        }
        if topology.role(MYSQLD).next().is_none() {
            missing.push(Missing::new(
                "MySQL servers (label rondbService: mysqld): none will wait for the restored users",
                "set rondb.rondb.clusterSize.minNumMySQLServers",
            ));
        }
        missing
    }
}
