//! The types of single settings. Each is checked once, where it is read; the limits are those of whoever takes the text in the end.

use std::fmt;
use std::net::Ipv6Addr;

use http::Uri;
use hwdr_kafka::name::Alias;
use jiff::Timestamp;

use crate::lint::cron::Schedule;
use crate::names::{is_namespace, is_object};
use crate::velero::time_of;

/// A setting that is written as a text.
pub trait Setting: Sized {
    /// What is expected, for messages.
    const EXPECTED: &'static str;
    /// A value as it can be written in YAML.
    const EXAMPLE: &'static str;
    /// Reads it; nothing if it is not one.
    fn parse(text: &str) -> Option<Self>;
}

/// Types that are a text of a certain form.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $expected:literal, $example:literal, $is:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(pub(in crate::product::streams) String);

        impl Setting for $name {
            const EXPECTED: &'static str = $expected;
            const EXAMPLE: &'static str = $example;

            fn parse(text: &str) -> Option<Self> {
                let is: fn(&str) -> bool = $is;
                is(text).then(|| Self(text.to_owned()))
            }
        }

        impl $name {
            /// Its text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

texts! {
    /// The name of a Kubernetes object.
    Name: "the name of an object: lower-case letters, digits, dashes and dots only", "streams-kafka-backup", is_object;
    /// The name of a namespace.
    Namespace: "the name of a namespace: lower-case letters, digits and dashes only", "velero", is_namespace;
    /// The name of a Velero backup.
    VeleroBackup: "the name of a Velero backup: lower-case letters, digits, dashes and dots only", "streams-20260101000000", is_object;
    /// A schedule of Velero, which fires.
    Cron: "a schedule: minute, hour, day, month, day of week, in UTC, or one like @daily", "\"0 3 * * *\"", is_cron;
    /// A region of AWS.
    Region: "a region of AWS", "eu-west-1", is_region;
    /// The identifier of an RDS instance (RDS API, `DBInstanceIdentifier`): RDS keeps it in lower case.
    InstanceId: "the identifier of an RDS instance: 1 to 63 lower-case letters, digits and single dashes, a letter first", "streams-prod",
        |text| text.len() <= 63 && !text.bytes().any(|byte| byte.is_ascii_uppercase()) && is_identifier(text);
    /// The identifier of a snapshot (RDS API, `DBSnapshotIdentifier`); that of an automatic one begins with `rds:`, that of AWS Backup with
    /// `awsbackup:`.
    SnapshotId: "the identifier of an RDS snapshot: letters, digits and single dashes, a letter first; an automatic one begins with rds:",
        "rds:streams-prod-2026-01-01-03-00", is_snapshot;
    /// The name of a subnet, parameter or option group of RDS.
    Group: "the name of a group: letters, digits, dots, colons, dashes and underscores only", "streams-prod",
        |text| (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".:-_".contains(&byte))
            && text.starts_with(|first: char| first.is_ascii_alphanumeric());
    /// The id of a VPC security group.
    SecurityGroup: "the id of a security group: sg- and hexadecimal digits", "sg-0123456789abcdef0",
        |text| text.strip_prefix("sg-").is_some_and(|id| (8..=17).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    /// The class of an RDS instance.
    Class: "the class of an RDS instance", "db.m6g.large",
        |text| text.strip_prefix("db.").is_some_and(|class| class.contains('.') && class.len() < 60
            && class.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.' || byte == b'-'));
    /// The address of a server: no credentials, no query.
    Endpoint: "an address, http or https, without credentials", "http://127.0.0.1:5000", is_endpoint;
    /// A container image that has Kafka.
    Image: "the name of a container image", "apache/kafka:4.0.0",
        |text| text.len() <= 500 && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"./:@_-".contains(&byte));
    /// What a mirror calls a cluster; the backup cluster has a name already.
    ClusterName: "another name than backup for the new cluster: letters, digits, underscores and dashes, a letter first", "restored",
        |text| text != "backup" && Alias::new(text).is_ok();
    /// A regular expression as MirrorMaker takes it: it splits its lists at commas.
    Pattern: "a regular expression without commas and blanks: MirrorMaker splits its list there", "\"streams.*\"",
        |text| !text.is_empty() && text.len() <= 1_000 && !text.contains(|c: char| c == ',' || c.is_whitespace() || c.is_control());
}

/// The servers of a Kafka cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bootstrap {
    /// Each with its host, in lower case, and its port.
    pub servers: Vec<(String, u16)>,
}

/// How clients connect to Kafka. Streams knows these two (Axway, "Customize installation settings").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// TLS, and SASL/SCRAM with SHA-512.
    SaslTls,
    /// Neither.
    Plaintext,
}

/// How long a Velero backup is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ttl {
    /// As Velero takes it.
    pub text: String,
    /// In seconds.
    pub seconds: i64,
}

impl Setting for Bootstrap {
    const EXPECTED: &'static str = "servers with ports, and commas between them";
    const EXAMPLE: &'static str = "\"b-1.example.com:9096,b-2.example.com:9096\"";

    fn parse(text: &str) -> Option<Self> {
        let servers: Option<Vec<_>> = text.split(',').map(|server| server_of(server.trim())).collect();
        servers.filter(|servers| servers.len() <= 1_000).map(|servers| Self { servers })
    }
}

impl fmt::Display for Bootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (host, port)) in self.servers.iter().enumerate() {
            let comma = if number > 0 { "," } else { "" };
            write!(f, "{comma}{host}:{port}")?;
        }
        Ok(())
    }
}

impl Bootstrap {
    /// A server of both: then they are the same cluster.
    pub fn shared<'b>(&'b self, other: &Self) -> Option<&'b (String, u16)> {
        self.servers.iter().find(|server| other.servers.contains(server))
    }
}

impl Setting for Protocol {
    const EXPECTED: &'static str = "sasl_tls or plaintext";
    const EXAMPLE: &'static str = "sasl_tls";

    fn parse(text: &str) -> Option<Self> {
        match text {
            "sasl_tls" => Some(Self::SaslTls),
            "plaintext" => Some(Self::Plaintext),
            _ => None,
        }
    }
}

impl Setting for Ttl {
    const EXPECTED: &'static str = "a number of hours, as Velero takes it";
    const EXAMPLE: &'static str = "720h";

    fn parse(text: &str) -> Option<Self> {
        let hours: i64 =
            text.strip_suffix('h').filter(|hours| is_digits(hours)).and_then(|hours| hours.parse().ok())?;
        let fits = (1..=876_000).contains(&hours);
        fits.then(|| Self { text: text.to_owned(), seconds: hours.saturating_mul(3_600) })
    }
}

impl Setting for Timestamp {
    const EXPECTED: &'static str = "a time in UTC";
    const EXAMPLE: &'static str = "2026-01-01T00:00:00Z";

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl VeleroBackup {
    /// When a Schedule made it, if its name says so.
    pub fn time(&self) -> Option<Timestamp> {
        time_of(&self.0)
    }
}

/// A host with its port.
fn server_of(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    let port = port.parse().ok().filter(|number| *number > 0 && is_digits(port))?;
    let v6 = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = v6.map_or_else(|| is_host(host), |address| address.parse::<Ipv6Addr>().is_ok());
    is_host.then(|| (host.to_ascii_lowercase(), port))
}

/// Whether it is a DNS name or an IPv4 address.
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_cron(text: &str) -> bool {
    Schedule::parse(text).is_ok_and(|schedule| !schedule.never_fires())
}

fn is_region(text: &str) -> bool {
    let mut parts = text.split('-');
    let number = parts.next_back().is_some_and(is_digits);
    let words: Vec<_> = parts.collect();
    let is_word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    number && (2..=4).contains(&words.len()) && words.iter().all(is_word) && text.len() <= 32
}

/// The form that RDS gives its identifiers: no dash at the end, nor two in a row.
fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.ends_with('-')
        && !text.contains("--")
}

fn is_snapshot(text: &str) -> bool {
    let own = text.strip_prefix("rds:").or_else(|| text.strip_prefix("awsbackup:")).unwrap_or(text);
    text.len() <= 255 && is_identifier(own)
}

fn is_endpoint(text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| {
        matches!(uri.scheme_str(), Some("http" | "https"))
            && uri.query().is_none()
            && uri.authority().is_some_and(|authority| !authority.as_str().contains('@') && is_host(authority.host()))
    })
}
