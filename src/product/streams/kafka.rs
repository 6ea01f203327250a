//! Kafka's mirror as the settings name it: which clusters, which way, which topics and groups.

use hwdr_kafka::client::{Access, Client, Error, Hash, Login, Mechanism, Password, Roots};
use hwdr_kafka::compare::{Comparison, Hidden};
use hwdr_kafka::direction::{Activity, Workers};
use hwdr_kafka::mirror::{Cluster, Credentials, Mirror, Path, Scram, Secret, Security, Trust};
use hwdr_kafka::name::{Alias, BadName, Server};
use hwdr_kafka::select::{Groups, Select, Topics};

use super::chart;
use super::keys;
use super::settings::names::{Bootstrap, Pattern, Protocol};
use super::settings::{Kafka, KafkaRestore};
use crate::refusal::Refusal;
use crate::shown::{plain, said, word};
use crate::values::Value;

/// The folder in which MirrorMaker finds a folder of secrets for each cluster.
pub const SECRETS: &str = "/etc/streams-mirror";
/// The names of the backup cluster, Streams' cluster of today, and the new one: MirrorMaker keeps its positions under them.
const BACKUP: &str = "backup";
const PRODUCTION: &str = "production";
const RESTORED: &str = "restored";
/// The files of a folder of secrets: also the keys of a Secret.
pub const FILES: [&str; 3] = ["username", "password", "ca.crt"];

/// Where MirrorMaker and its secrets are, and how it works.
#[derive(Debug, Clone)]
pub struct Shape {
    /// What Streams' own cluster is called, if not as usual.
    pub name: Option<Alias>,
    /// The folder of the secrets.
    pub secrets: String,
    /// Whether each record arrives once.
    pub exactly_once: bool,
}

/// The mirror from Streams' cluster to the backup cluster.
///
/// # Errors
/// If the values name no servers of Streams' own Kafka, or a pattern cannot be compared by.
pub fn for_backup(values: &Value, kafka: &Kafka, shape: &Shape) -> Result<Mirror, Refusal> {
    let (servers, _) = chart::bootstrap(values).ok_or_else(|| {
        Refusal::new("the values name no servers of Streams' own Kafka")
            .help(format!("set {}.bootstrapServers", keys::KAFKA.join(".")))
    })?;
    let source = streams_own(values, &servers, PRODUCTION, kafka, shape)?;
    mirror(source, backup(kafka, shape)?, kafka, shape)
}

/// The mirror from the backup cluster to the new one.
///
/// # Errors
/// If a pattern cannot be compared by.
pub fn for_restore(values: &Value, kafka: &Kafka, new: &KafkaRestore, shape: &Shape) -> Result<Mirror, Refusal> {
    let target = streams_own(values, &new.bootstrap_servers, RESTORED, kafka, shape)?;
    mirror(backup(kafka, shape)?, target, kafka, shape)
}

fn mirror(source: Cluster, target: Cluster, kafka: &Kafka, shape: &Shape) -> Result<Mirror, Refusal> {
    let selects = |patterns: &[_]| patterns.iter().map(select).collect::<Result<Vec<_>, _>>();
    Ok(Mirror {
        source,
        target,
        topics: Topics::new(selects(&kafka.topics)?).map_err(named)?,
        groups: Groups::new(selects(&kafka.groups)?).map_err(named)?,
        tasks: kafka.tasks,
        exactly_once: shape.exactly_once,
    })
}

fn backup(kafka: &Kafka, shape: &Shape) -> Result<Cluster, Refusal> {
    let alias = Alias::new(BACKUP).map_err(named)?;
    cluster(alias, &kafka.backup.bootstrap_servers, kafka.backup.protocol, kafka.replication_factor, shape)
}

/// Streams' own cluster: the chart says how clients connect to it.
fn streams_own(
    values: &Value,
    servers: &Bootstrap,
    usual: &str,
    kafka: &Kafka,
    shape: &Shape,
) -> Result<Cluster, Refusal> {
    let alias = shape.name.clone().map_or_else(|| Alias::new(usual), Ok).map_err(named)?;
    cluster(alias, servers, chart::protocol(values), kafka.replication_factor, shape)
}

fn cluster(
    alias: Alias,
    servers: &Bootstrap,
    protocol: Protocol,
    replication: u16,
    shape: &Shape,
) -> Result<Cluster, Refusal> {
    let folder = format!("{}/{alias}", shape.secrets.trim_end_matches('/'));
    let [user, password, ca] = FILES;
    let security = match protocol {
        Protocol::Plaintext => Security::Plaintext,
        Protocol::SaslTls => Security::SaslTls {
            trust: Trust::Pem(Path::new(&format!("{folder}/{ca}")).map_err(named)?),
            scram: Scram::Sha512,
            credentials: Credentials::Password {
                user: Secret::directory(&folder, user).map_err(named)?,
                password: Secret::directory(&folder, password).map_err(named)?,
            },
        },
    };
    let servers = Server::parse_list(&servers.to_string()).map_err(named)?;
    Ok(Cluster { alias, servers, security, replication })
}

/// A client of a cluster. `secret` gives what is in one of [`FILES`].
///
/// # Errors
/// If a secret is missing, is no text, or cannot be used.
pub fn client(cluster: &Cluster, secret: impl Fn(&str) -> Result<Vec<u8>, Refusal>) -> Result<Client, Refusal> {
    let mut access = Access::default();
    if let Security::SaslTls { .. } = &cluster.security {
        let [user, password, ca] = FILES;
        let text = |name: &str| credential(&cluster.alias, name, secret(name)?);
        access.tls = Some(Roots::Pem(secret(ca)?));
        access.login = Some(Login {
            mechanism: Mechanism::Scram(Hash::Sha512),
            user: text(user)?,
            password: Password::new(text(password)?),
        });
    }
    Client::new(cluster.servers.clone(), access).map_err(|error| unread(cluster, &error))
}

/// A user or a password, if MirrorMaker can log in with it, too: it takes the whole file (`DirectoryConfigProvider`), and puts it between quotes
/// into a text (`sasl.jaas.config`).
fn credential(cluster: &Alias, name: &str, bytes: Vec<u8>) -> Result<String, Refusal> {
    let refused = |what: &str| Refusal::new(format!("{name} of cluster {cluster} {what}"));
    let text = String::from_utf8(bytes)
        .map_err(|_| refused("is not UTF-8").help("write it as plain text, without a byte-order mark"))?;
    if text.ends_with(['\r', '\n']) {
        return Err(refused("has a line break at its end, which MirrorMaker would take as a part of it").help(
            format!(
                "write it without: printf %s \"$(cat {name})\" > {name}.new, and make the Secret or the file of that"
            ),
        ));
    }
    if text.contains(|c: char| matches!(c, '"' | '\\') || c.is_control()) {
        return Err(refused("has a double quote, a backslash or a control character, with which MirrorMaker cannot log in")
            .help("give the cluster a user for the mirror without them: kafka-configs.sh --alter --entity-type users --add-config"));
    }
    Ok(text)
}

/// A cluster could not be read: why, and what helps.
pub fn unread(cluster: &Cluster, error: &Error) -> Refusal {
    let refusal = Refusal::new(format!("cluster {}: {}", cluster.alias, said(&error.to_string())));
    let [user, password, ca] = FILES;
    match error {
        Error::Login { .. } => refusal.help(format!("check {user} and {password} in the cluster's Secret, or in its folder of secrets")),
        Error::Certificate { .. } | Error::Roots(_) => {
            refusal.help(format!("check {ca} in the cluster's Secret, or in its folder of secrets"))
        }
        Error::Refused { code, .. } if code.is_denied() => refusal.help(
            "give the cluster's user the right that is missing (kafka-acls.sh): it describes the cluster, and reads and writes the topics and groups that are mirrored",
        ),
        Error::Connection { .. } | Error::Late { .. } | Error::Malformed { .. } => {
            let servers: Vec<_> = cluster.servers.iter().map(|server| word(&server.to_string())).collect();
            refusal.help(format!("its servers are {}: can this machine reach them?", servers.join(", ")))
        }
        // These say what to do themselves.
        _ => refusal,
    }
}

/// The mirror the other way. `workers` are those at the source of this one.
fn other_way<'w>(workers: &'w [Workers], mirror: &Mirror) -> Option<&'w Workers> {
    workers.iter().find(|group| mirrors(group) && is_the_other_way(group, mirror))
}

/// What the mirror the other way calls the cluster that it reads from: what it has noted is under that name.
pub fn other_alias(workers: &[Workers], mirror: &Mirror) -> Option<Alias> {
    Alias::new(other_way(workers, mirror)?.group.strip_suffix("-mm2")?).ok()
}

/// Why a mirror the other way would make a circle. `workers` are those at its source.
pub fn circle(workers: &[Workers], mirror: &Mirror) -> Option<String> {
    let first = other_way(workers, mirror)?;
    Some(format!(
        "a mirror writes into {}, from which this one reads: group {}, on {}. Stop it before this one runs: topics keep their names, so records \
         would go round in a circle",
        mirror.source.alias,
        plain(&first.group),
        first.hosts.iter().map(|host| plain(host)).collect::<Vec<_>>().join(", ")
    ))
}

/// Another mirror into the source of this one, from a third cluster for all that its name says.
pub fn other(workers: &[Workers], mirror: &Mirror) -> Option<String> {
    let group = workers.iter().find(|group| mirrors(group) && !is_the_other_way(group, mirror))?;
    Some(format!(
        "another mirror writes into {}: group {}. Make sure that it does not read from {}: records would go round in a circle",
        mirror.source.alias,
        plain(&group.group),
        mirror.target.alias
    ))
}

fn mirrors(group: &Workers) -> bool {
    matches!(group.activity, Activity::Mirrors(_))
}

/// Whether a mirror into the source of this one goes the other way. Streams' own cluster has one name today and another one tomorrow, so whatever
/// mirrors into the backup cluster counts; into Streams' own, the mirror from the backup cluster, whatever that is called there, and one that does not
/// say from where it comes.
fn is_the_other_way(group: &Workers, mirror: &Mirror) -> bool {
    let is_from_target = |reads: &[Server]| reads.iter().any(|server| mirror.target.servers.contains(server));
    mirror.source.alias.as_str() == BACKUP
        || group.group == format!("{}-mm2", mirror.target.alias)
        || group.reads.as_deref().is_none_or(is_from_target)
}

/// What works at the source of a mirror, and may be one that writes into it.
pub fn unclear(workers: &[Workers], mirror: &Mirror) -> Option<String> {
    let group = workers.iter().find(|group| group.activity == Activity::Unclear)?;
    Some(format!(
        "Kafka Connect works on {}, as group {}: it may mirror into it, and hwdr cannot see whether it does",
        mirror.source.alias,
        plain(&group.group)
    ))
}

/// What open transactions hide at the source, a line for each partition.
pub fn hidden(now: &Comparison) -> Vec<String> {
    let line = |hidden: &Hidden| {
        format!(
            "topic {}, partition {}: an open transaction hides up to {} records since offset {}, and MirrorMaker waits for its end. If its producer is \
             gone: kafka-transactions.sh find-hanging",
            plain(&hidden.topic),
            hidden.partition,
            hidden.records,
            hidden.since
        )
    };
    now.hidden().iter().map(line).collect()
}

/// A pattern as both this program and MirrorMaker understand it: a name, or the beginning of names with `.*`.
///
/// # Errors
/// If it is another regular expression: then hwdr could not tell which topics are meant.
fn select(pattern: &Pattern) -> Result<Select, Refusal> {
    let text = pattern.to_string();
    let (name, is_prefix) = text.strip_suffix(".*").map_or((text.as_str(), false), |name| (name, true));
    if name.contains(|c: char| "*+?()[]{}|^$".contains(c)) {
        return Err(Refusal::new(format!(
            "the pattern {text:?} is a regular expression that hwdr does not compare by"
        ))
        .help("name topics and groups whole, or by their beginning: streams.*"));
    }
    // As a regular expression writes a dot.
    let name = name.replace("\\.", ".");
    Ok(if is_prefix { Select::Prefix(name) } else { Select::Name(name) })
}

fn named(bad: BadName) -> Refusal {
    Refusal::new(bad.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::streams::settings::names::Setting as _;

    #[test]
    fn an_error_is_followed_by_what_helps() {
        let cluster = Cluster {
            alias: Alias::new(RESTORED).unwrap(),
            servers: Server::parse_list("new-1:9096").unwrap(),
            security: Security::Plaintext,
            replication: 3,
        };
        let broker = || "new-1:9096".to_owned();
        let helps = |error: Error| unread(&cluster, &error).help.join("\n");
        let late = Error::Late {
            what: "the topics",
            within: std::time::Duration::from_secs(3),
            last: "nothing answered".to_owned(),
        };
        assert_eq!(helps(late), "its servers are new-1:9096: can this machine reach them?");
        let login = Error::Login {
            broker: broker(),
            user: "u".to_owned(),
            mechanism: "SCRAM-SHA-512",
            problem: "no".to_owned(),
        };
        assert_eq!(helps(login), "check username and password in the cluster's Secret, or in its folder of secrets");
        let certificate = Error::Certificate { broker: broker(), problem: "UnknownIssuer".to_owned() };
        assert_eq!(helps(certificate), "check ca.crt in the cluster's Secret, or in its folder of secrets");
        // Nothing is wrong with the network.
        for error in [
            Error::Active { group: "g".to_owned(), state: "Stable".to_owned() },
            Error::Dates { broker: broker(), problem: "Expired".to_owned() },
        ] {
            assert_eq!(helps(error), "");
        }
    }

    #[test]
    fn a_mirror_from_a_third_cluster_is_no_circle() {
        let cluster = |alias: &str| Cluster {
            alias: Alias::new(alias).unwrap(),
            servers: Server::parse_list(&format!("{alias}-1:9096")).unwrap(),
            security: Security::Plaintext,
            replication: 3,
        };
        let (topics, groups) = (Topics::parse("streams*").unwrap(), Groups::parse("*").unwrap());
        let (source, target) = (cluster(PRODUCTION), cluster(BACKUP));
        let to_backup = Mirror { source, target, topics, groups, tasks: 1, exactly_once: false };
        let reading = |mirror: &Mirror, group: &str, activity, reads: Option<&str>| {
            let reads = reads.map(|servers| Server::parse_list(servers).unwrap());
            let workers = [Workers { group: group.to_owned(), hosts: vec!["/10.0.0.1".to_owned()], activity, reads }];
            (circle(&workers, mirror).is_some(), other(&workers, mirror).is_some())
        };
        let is = |mirror: &Mirror, group: &str, activity| reading(mirror, group, activity, Some("plant-1:9096"));
        assert_eq!(is(&to_backup, "backup-mm2", Activity::Mirrors(1)), (true, false));
        assert_eq!(is(&to_backup, "plant-mm2", Activity::Mirrors(1)), (false, true));
        // The name is free to choose: Axway's page has `source`. Where it reads from tells.
        let named = |reads| reading(&to_backup, "source-mm2", Activity::Mirrors(1), reads);
        assert_eq!(named(Some("backup-2:9096,backup-1:9096")), (true, false));
        assert_eq!(named(None), (true, false), "it may be");
        for activity in [Activity::Idle, Activity::Unclear] {
            assert_eq!(is(&to_backup, "backup-mm2", activity), (false, false));
        }
        // Into the backup cluster, a mirror of any name.
        assert_eq!(is(&to_backup.turned(), "prod-2-mm2", Activity::Mirrors(1)), (true, false));
    }

    #[test]
    fn a_secret_that_mirrormaker_cannot_use_is_refused() {
        let of = |text: &str| credential(&Alias::new(BACKUP).unwrap(), "password", text.as_bytes().to_vec());
        let good = "pass: word=#!$x'";
        assert_eq!(of(good).as_deref(), Ok(good));
        for (text, expected) in [
            ("secret\n", "password of cluster backup has a line break at its end"),
            ("secret\r\n", "a line break at its end"),
            ("a\nb", "a control character"),
            ("a\"b", "a double quote"),
            ("a\\b", "a backslash"),
        ] {
            let refusal = of(text).unwrap_err();
            assert!(refusal.problem.contains(expected) && !refusal.problem.contains("secret"), "{refusal:?}");
        }
    }

    #[test]
    fn patterns_are_names_and_beginnings() {
        let of = |text: &str| select(&Pattern::parse(text).unwrap()).ok();
        assert_eq!(of("streams.*"), Some(Select::Prefix("streams".to_owned())));
        assert_eq!(of(".*"), Some(Select::Prefix(String::new())));
        assert_eq!(of("streams\\.orders"), Some(Select::Name("streams.orders".to_owned())));
        assert_eq!(of("streams-[0-9]+"), None);
    }
}
