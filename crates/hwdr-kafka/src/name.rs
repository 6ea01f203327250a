//! Names, checked once.

use std::fmt;

/// Why a name or an address is refused: what it is, what is wrong and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {given:?}: {wrong}; allowed: {allowed}")]
pub struct BadName {
    what: &'static str,
    given: String,
    wrong: &'static str,
    allowed: &'static str,
}

impl BadName {
    pub(crate) fn new(what: &'static str, given: &str, wrong: &'static str, allowed: &'static str) -> Self {
        Self { what, given: given.chars().take(80).collect(), wrong, allowed }
    }
}

/// A topic's name: 1 to 249 of `a-z A-Z 0-9 . _ -`, and not `.` or `..`, as Kafka itself demands
/// (`org.apache.kafka.common.internals.Topic`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicName(String);

impl TopicName {
    /// Checks a name.
    ///
    /// # Errors
    /// If Kafka would refuse it.
    pub fn new(name: &str) -> Result<Self, BadName> {
        let refuse = |wrong| {
            Err(BadName::new("topic", name, wrong, "1 to 249 letters (a-z), digits, dots, underscores and hyphens"))
        };
        if name.is_empty() || name.len() > 249 {
            return refuse("it is empty or too long");
        }
        if name == "." || name == ".." {
            return refuse("it is no name");
        }
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
            return refuse("it has another character");
        }
        Ok(Self(name.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TopicName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What MirrorMaker calls a cluster.
///
/// MirrorMaker keeps its positions at the target under the source's alias (`mm2-offsets.ALIAS.internal`), so a new cluster needs
/// a new alias: under the old one the mirror would go on at the old cluster's offsets, and skip records or copy them twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Alias(String);

/// First parts of MirrorMaker's own settings: an alias is the first part of a setting, too (`ALIAS.bootstrap.servers`), and these
/// would be taken for both (`MirrorMakerConfig.connectorBaseConfig`).
const RESERVED: [&str; 20] = [
    "admin",
    "client",
    "clusters",
    "config",
    "connector",
    "consumer",
    "emit",
    "groups",
    "header",
    "key",
    "name",
    "offset",
    "producer",
    "replication",
    "source",
    "status",
    "target",
    "tasks",
    "topics",
    "value",
];

impl Alias {
    /// Checks an alias.
    ///
    /// # Errors
    /// If MirrorMaker could take it for something else.
    pub fn new(alias: &str) -> Result<Self, BadName> {
        let refuse = |wrong| {
            Err(BadName::new(
                "cluster alias",
                alias,
                wrong,
                "1 to 64 letters (a-z), digits, underscores and hyphens, starting with a letter, for example prod-2",
            ))
        };
        if alias.is_empty() || alias.len() > 64 {
            return refuse("it is empty or too long");
        }
        if !alias.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) {
            return refuse("it has another character");
        }
        if !alias.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return refuse("it does not start with a letter");
        }
        if RESERVED.contains(&alias) {
            return refuse("MirrorMaker's own settings start with it");
        }
        Ok(Self(alias.to_owned()))
    }

    /// The alias.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address of a broker, `HOST:PORT`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Server {
    host: String,
    port: u16,
}

impl Server {
    /// Reads `HOST:PORT`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// If there is no host, no port, or a character that neither has.
    pub fn parse(text: &str) -> Result<Self, BadName> {
        let refuse =
            |wrong| Err(BadName::new("broker", text, wrong, "HOST:PORT, for example kafka-0.example.com:9093"));
        let Some((host, port)) = text.rsplit_once(':') else { return refuse("it has no port") };
        let Ok(port @ 1..) = port.parse::<u16>() else { return refuse("its port is no number from 1 to 65535") };
        let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let good = match bare {
            Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
            None => host.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)),
        };
        if !good || host.is_empty() || host.len() > 253 {
            return refuse("its host is no name and no address");
        }
        Ok(Self { host: bare.unwrap_or(host).to_owned(), port })
    }

    /// Reads a comma-separated list.
    ///
    /// # Errors
    /// If it is empty, or one of them is no address.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, BadName> {
        text.split(',').map(|one| Self::parse(one.trim())).collect()
    }

    /// The host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics() {
        for good in ["streams.a", "A_b-9", &"x".repeat(249)] {
            assert_eq!(TopicName::new(good).expect(good).as_str(), good);
        }
        for bad in ["", ".", "..", "a b", "a,b", "ä", "${env:HOME}", &"x".repeat(250)] {
            TopicName::new(bad).expect_err(bad);
        }
    }

    #[test]
    fn aliases() {
        for good in ["prod", "backup-2", "p"] {
            assert_eq!(Alias::new(good).expect(good).as_str(), good);
        }
        for bad in ["", "source", "target", "a.b", "a->b", "9", "a b", "tasks"] {
            Alias::new(bad).expect_err(bad);
        }
    }

    #[test]
    fn servers() {
        for good in ["kafka-0.example.com:9093", "10.0.0.1:1", "[::1]:65535"] {
            assert_eq!(Server::parse(good).expect(good).to_string(), good);
        }
        for bad in ["", "kafka", "kafka:0", "kafka:65536", ":9092", "::1:9092", "ka fka:1", "[x]:1", "${env:X}:1"] {
            Server::parse(bad).expect_err(bad);
        }
        assert_eq!(Server::parse_list("a:1, b:2").expect("two").len(), 2);
        Server::parse_list("a:1,").expect_err("an empty one");
        assert_eq!(
            Server::parse("kafka\u{1b}").expect_err("no port").to_string(),
            "broker \"kafka\\u{1b}\": it has no port; allowed: HOST:PORT, for example kafka-0.example.com:9093"
        );
    }
}
