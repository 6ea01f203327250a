//! `hwdr streams mirror`: Kafka's mirror, which is MirrorMaker 2.

mod compare;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use hwdr_kafka::mirror::{Cluster, Credentials, Mirror, Path, Scram, Secret, Security, Trust};
use hwdr_kafka::name::{Alias, Server};
use hwdr_kafka::select::{Groups, Select, Topics};

use super::{Form, given, needed};
use crate::cli::connection::block_on;
use crate::cli::messages::Failure;
use crate::cli::{Outcome, ValueArgs};
use crate::product::streams::chart;
use crate::product::streams::keys;
use crate::product::streams::settings::Settings;
use crate::product::streams::settings::names::{Bootstrap, Pattern, Protocol};
use crate::refusal::Refusal;
use crate::shown::print_data;
use crate::values::Value;

/// How the block looks.
const EXAMPLE: &str =
    "hwdr:\n  streams:\n    kafka: {backup: {bootstrapServers: \"b-1:9096\", secret: streams-kafka-backup}}";
const NEW: &str = "hwdr:\n  streams:\n    restore:\n      kafka: {bootstrapServers: \"new-1:9096\"}";

/// Shows what Kafka's mirror has brought over, and what not; or prints the settings of MirrorMaker 2 (--properties)
///
/// --for backup is the mirror from Streams' cluster (externalizedKafka) to the backup cluster; --for restore is the one from the backup cluster
/// to the new one (hwdr.streams.restore.kafka). Never run both at once: topics keep their names, so records would go round in a circle.
///
/// A mirror is complete when no record is missing and no consumer group would skip one. Stop the producers first: hwdr cannot see whether
/// they go on.
///
/// With --properties it prints what connect-mirror-maker.sh reads. There are no secrets in it. MirrorMaker, and hwdr on this machine,
/// read them from files: DIR/CLUSTER/username, password and ca.crt. The clusters are called backup, and production or (the new one)
/// restored, unless --name says otherwise. MirrorMaker keeps its positions under these names, so a cluster keeps its name, and a new
/// one gets a new name: a restored cluster that is mirrored again is --for backup --name restored.
///
/// Exit codes: 0 complete, or printed; 1 not complete; 2 wrong usage; 3 could not look.
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr streams mirror --for backup|restore -f values.yaml [OPTIONS]")]
pub(super) struct Command {
    /// Print the settings of MirrorMaker
    #[arg(long)]
    properties: bool,
    /// Which way the records go
    #[arg(long = "for", value_enum, value_name = "WAY")]
    way: Way,
    /// What Streams' own cluster, today's or the new one, is called
    #[arg(long, value_name = "NAME", value_parser = Alias::new)]
    name: Option<Alias>,
    /// The folder with the secrets, on the machine of MirrorMaker and on this one
    #[arg(long, value_name = "DIR", default_value = "/etc/streams-mirror")]
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
        let mirror = self.mirror(&given(&self.values, "which clusters")?)?;
        if !self.properties {
            return block_on(compare::run(&mirror, &self.secrets, self.output, self.watch));
        }
        print_data(&mirror.properties()?);
        Ok(Outcome::Clean)
    }

    fn mirror(&self, values: &Value) -> Result<Mirror> {
        let settings = Settings::from_values(values)?;
        let kafka = needed(&settings.kafka, keys::MIRROR, EXAMPLE)?;
        let copies = kafka.replication_factor;
        let backup =
            self.cluster(Alias::new("backup")?, &kafka.backup.bootstrap_servers, kafka.backup.protocol, copies)?;
        let named = |usual: &str| self.name.clone().map_or_else(|| Alias::new(usual), Ok);
        let protocol = chart::protocol(values);
        let (source, target) = match self.way {
            Way::Backup => {
                let Some((servers, _)) = chart::bootstrap(values) else {
                    bail!(
                        Failure::unusable("the values name no servers of Streams' own Kafka")
                            .help(format!("set {}.bootstrapServers", keys::KAFKA.join(".")))
                    );
                };
                (self.cluster(named("production")?, &servers, protocol, copies)?, backup)
            }
            Way::Restore => {
                let asked = settings.restore.and_then(|restore| restore.kafka);
                let new = needed(&asked, keys::RESTORE_KAFKA, NEW)?;
                (backup, self.cluster(named("restored")?, &new.bootstrap_servers, protocol, copies)?)
            }
        };
        let selects = |patterns: &[_]| patterns.iter().map(select).collect::<Result<Vec<_>>>();
        Ok(Mirror {
            source,
            target,
            topics: Topics::new(selects(&kafka.topics)?)?,
            groups: Groups::new(selects(&kafka.groups)?)?,
            tasks: kafka.tasks,
            exactly_once: self.exactly_once,
        })
    }

    fn cluster(&self, alias: Alias, servers: &Bootstrap, protocol: Protocol, replication: u16) -> Result<Cluster> {
        let folder = format!("{}/{alias}", self.secrets.trim_end_matches('/'));
        let security = match protocol {
            Protocol::Plaintext => Security::Plaintext,
            Protocol::SaslTls => Security::SaslTls {
                trust: Trust::Pem(Path::new(&format!("{folder}/ca.crt"))?),
                scram: Scram::Sha512,
                credentials: Credentials::Password {
                    user: Secret::directory(&folder, "username")?,
                    password: Secret::directory(&folder, "password")?,
                },
            },
        };
        Ok(Cluster { alias, servers: Server::parse_list(&servers.to_string())?, security, replication })
    }
}

/// A pattern as both this program and MirrorMaker understand it: a name, or the beginning of names with `.*`.
///
/// # Errors
/// If it is another regular expression: then hwdr could not tell which topics are meant.
fn select(pattern: &Pattern) -> Result<Select> {
    let text = pattern.to_string();
    let (name, is_prefix) = text.strip_suffix(".*").map_or((text.as_str(), false), |name| (name, true));
    if name.contains(|c: char| "*+?()[]{}|^$".contains(c)) {
        bail!(
            Refusal::new(format!("the pattern {:?} is a regular expression that hwdr does not compare by", text))
                .help("name topics and groups whole, or by their beginning: streams.*")
        );
    }
    // As a regular expression writes a dot.
    let name = name.replace("\\.", ".");
    Ok(if is_prefix { Select::Prefix(name) } else { Select::Name(name) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::streams::settings::names::Setting as _;

    #[test]
    fn patterns_are_names_and_beginnings() {
        let of = |text: &str| select(&Pattern::parse(text).unwrap()).ok();
        assert_eq!(of("streams.*"), Some(Select::Prefix("streams".to_owned())));
        assert_eq!(of(".*"), Some(Select::Prefix(String::new())));
        assert_eq!(of("streams\\.orders"), Some(Select::Name("streams.orders".to_owned())));
        assert_eq!(of("streams-[0-9]+"), None);
    }
}
