//! `hwdr streams mirror`: Kafka's mirror, which is MirrorMaker 2.

mod before;
mod compare;

use anyhow::Result;
use clap::{Args, ValueEnum};
use hwdr_kafka::mirror::Mirror;
use hwdr_kafka::name::Alias;

use super::{given, needed};
use crate::cli::connection::block_on;
use crate::cli::messages::Failure;
use crate::cli::words::Form;
use crate::cli::{Outcome, ValueArgs};
use crate::product::streams::kafka::{FILES, SECRETS, Shape, for_backup, for_restore};
use crate::product::streams::keys;
use crate::product::streams::maker::{Deployed, Mounted, OF_EVERY_DAY, objects};
use crate::product::streams::settings::Settings;
use crate::product::streams::settings::names::Name;
use crate::render::to_yaml;
use crate::shown::print_data;
use crate::values::Value;

/// How the block looks.
const EXAMPLE: &str =
    "hwdr:\n  streams:\n    kafka: {backup: {bootstrapServers: \"b-1:9096\", secret: streams-kafka-backup}}";
const IMAGE: &str = "hwdr:\n  streams:\n    kafka: {image: apache/kafka:4.0.0}";
const NEW: &str = "hwdr:\n  streams:\n    restore:\n      kafka: {bootstrapServers: \"new-1:9096\"}";

/// Shows what Kafka's mirror has brought over, and what not; or prints the settings of MirrorMaker 2 (--properties)
///
/// --for backup is the mirror from Streams' cluster (externalizedKafka) to the backup cluster; --for restore is the one from the backup cluster
/// to the new one (hwdr.streams.restore.kafka). Never run both at once: topics keep their names, so records would go round in a circle.
/// Where a mirror writes into the cluster that this one reads from, nothing is printed, and a comparison is never complete.
///
/// A mirror is complete when no record is missing and no consumer group would skip one. Stop the producers first: hwdr cannot see whether
/// they go on.
///
/// With --properties it prints what connect-mirror-maker.sh reads. There are no secrets in it. MirrorMaker, and hwdr on this machine,
/// read them from files: DIR/CLUSTER/username, password and ca.crt. The clusters are called backup, and production or (the new one)
/// restored, unless --name says otherwise. MirrorMaker keeps its positions under these names, so a cluster keeps its name, and a new
/// one gets a new name: a restored cluster that is mirrored again is --for backup --name restored.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr streams mirror --for backup|restore -f values.yaml [OPTIONS]")]
pub(super) struct Command {
    /// Print the settings of MirrorMaker
    #[arg(long)]
    properties: bool,
    /// Print a Deployment of MirrorMaker for the release's namespace, and its settings: for "kubectl apply -f -". It needs hwdr.streams.kafka.image, and Secrets with the keys
    /// username, password and ca.crt
    #[arg(long, conflicts_with_all = ["properties", "watch"])]
    manifests: bool,
    /// The namespace of the Deployment
    #[arg(short, long, env = "HELM_NAMESPACE", hide_env = true, value_name = "NAME")]
    namespace: Option<String>,
    /// Which way the records go
    #[arg(long = "for", value_enum, value_name = "WAY")]
    way: Way,
    /// What Streams' own cluster, today's or the new one, is called
    #[arg(long, value_name = "NAME", value_parser = Alias::new)]
    name: Option<Alias>,
    /// The folder with the secrets, on the machine of MirrorMaker and on this one
    #[arg(long, value_name = "DIR", default_value = SECRETS)]
    secrets: String,
    /// Bring each record once: a mirror that is killed sends nothing twice. Offsets at the target are then no counts of records
    #[arg(long, requires = "properties")]
    exactly_once: bool,
    /// Look again and again, until it is complete
    #[arg(long, conflicts_with = "properties")]
    watch: bool,
    /// Format of the comparison
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT", conflicts_with = "properties")]
    output: Form,
    #[command(flatten)]
    values: ValueArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// From Streams' cluster to the backup cluster
    Backup,
    /// From the backup cluster to the new cluster
    Restore,
}

impl Command {
    pub(super) fn run(self) -> Result<Outcome> {
        let values = given(&self.values, "which clusters")?;
        let mirror = self.mirror(&values)?;
        let data = match (self.manifests, self.properties) {
            (true, _) => self.deployment(&mirror, &Settings::from_values(&values)?)?,
            (_, true) => mirror.properties()?,
            (false, false) => return block_on(compare::run(&mirror, &self.secrets, self.output, self.watch)),
        };
        block_on(before::no_circle(&mirror, &self.secrets))?;
        print_data(&data);
        Ok(Outcome::Clean)
    }

    fn mirror(&self, values: &Value) -> Result<Mirror> {
        let settings = Settings::from_values(values)?;
        let kafka = needed(&settings.kafka, keys::MIRROR, EXAMPLE)?;
        let shape = Shape { name: self.name.clone(), secrets: self.secrets.clone(), exactly_once: self.exactly_once };
        Ok(match self.way {
            Way::Backup => for_backup(values, kafka, &shape).map_err(Failure::usage)?,
            Way::Restore => {
                let asked = settings.restore.and_then(|restore| restore.kafka);
                for_restore(values, kafka, needed(&asked, keys::RESTORE_KAFKA, NEW)?, &shape)?
            }
        })
    }

    /// The Deployment, as YAML. Each Secret has its certificates in `ca.crt`.
    fn deployment(&self, mirror: &Mirror, settings: &Settings) -> Result<String> {
        let kafka = needed(&settings.kafka, keys::MIRROR, EXAMPLE)?;
        let image = needed(&kafka.image, &[keys::MIRROR, &["image"]].concat(), IMAGE)?;
        let mounted = |secret: &Option<Name>| {
            secret.as_ref().map(|secret| Mounted { secret: secret.to_string(), certificates: FILES[2] })
        };
        let (own, backup) = (mounted(&kafka.secret), mounted(&kafka.backup.secret));
        let (way, secrets) = match self.way {
            Way::Backup => (OF_EVERY_DAY.1, [own, backup]),
            Way::Restore => {
                let new = settings.restore.as_ref().and_then(|restore| restore.kafka.as_ref());
                ("restore", [backup, new.and_then(|new| mounted(&new.secret)).or(own)])
            }
        };
        let deployed = Deployed {
            name: &format!("hwdr-mirror-for-{way}"),
            namespace: self.namespace.as_deref().unwrap_or("default"),
            image,
            secrets,
            labels: &[(OF_EVERY_DAY.0, way)],
        };
        let objects = objects(mirror, &deployed)?;
        Ok(objects.iter().map(|object| format!("---\n{}\n", to_yaml(object))).collect())
    }
}
