//! What the chart's own values say: its defaults, and the servers that Streams uses.

use super::keys::{self, Path};
use super::settings::names::{Bootstrap, Protocol, Setting as _};
use crate::lint::placeholder::is_unknown;
use crate::lint::view;
use crate::values::{Data, Value};

/// A server that the chart installs itself, unless it is told to use one outside.
pub struct Part {
    /// Its name, for people.
    pub title: &'static str,
    /// Whether the chart installs it.
    pub embedded: Path,
    /// The one outside.
    pub external: Path,
    /// The key of its address there.
    pub address: &'static str,
    /// The chart's default settings of the one outside: the address is of no server.
    pub defaults: &'static [(&'static [&'static str], &'static str)],
}

/// The two (Axway, "Helm parameters reference").
pub static PARTS: [Part; 2] = [MARIADB, KAFKA];
/// MariaDB.
pub const MARIADB: Part = Part {
    title: "MariaDB",
    embedded: keys::EMBEDDED_MARIADB,
    external: keys::MARIADB,
    address: "host",
    defaults: &[
        (&["host"], "my.db.host"),
        (&["port"], "3306"),
        (&["db", "name"], "streams"),
        (&["db", "user"], "streams"),
        (&["rootUsername"], "root"),
        (&["tls", "enabled"], "true"),
        (&["tls", "twoWay"], "true"),
    ],
};
/// Kafka.
pub const KAFKA: Part = Part {
    title: "Kafka",
    embedded: keys::EMBEDDED_KAFKA,
    external: keys::KAFKA,
    address: "bootstrapServers",
    defaults: &[
        (&["bootstrapServers"], "my.broker.1:port,my.broker.2:port"),
        (&["auth", "clientUsername"], "streams"),
        (&["auth", "clientProtocol"], "sasl_tls"),
    ],
};

impl Part {
    /// Whether a setting of the one outside is the chart's default.
    pub fn is_default(&self, path: &[&str], value: &Value) -> bool {
        let text = match &value.data {
            Data::String(text) => text.clone(),
            Data::Number(number) => view::number_digits(number),
            Data::Bool(on) => on.to_string(),
            _ => return false,
        };
        self.defaults.iter().any(|(key, default)| *key == path && *default == text)
    }

    /// Its address, as far as it is known: not the chart's default, and nothing that is filled in later.
    pub fn address<'v>(&self, values: &'v Value) -> Option<(&'v str, &'v Value)> {
        let value = &view::set(values, self.external, self.address)?.value;
        let text = value.as_str().filter(|_| !is_unknown(value) && !self.is_default(&[self.address], value))?;
        Some((text, value))
    }

    /// Whether the values say that the chart installs it.
    pub fn is_embedded(&self, values: &Value) -> Option<bool> {
        view::switch(values, self.embedded)
    }
}

/// How Streams connects to the Kafka outside: with TLS and a user by default.
pub fn protocol(values: &Value) -> Protocol {
    let set =
        view::set(values, keys::KAFKA_AUTH, "clientProtocol").and_then(|entry| Protocol::parse(entry.value.as_str()?));
    set.unwrap_or(Protocol::SaslTls)
}

/// The port of the MariaDB outside: 3306 by default.
pub fn port(values: &Value) -> u16 {
    let set = view::set(values, keys::MARIADB, "port");
    let text = set.map(|entry| match &entry.value.data {
        Data::Number(number) => view::number_digits(number),
        _ => entry.value.as_str().unwrap_or_default().to_owned(),
    });
    text.and_then(|text| text.parse().ok()).unwrap_or(3306)
}

/// The servers of the Kafka outside, if their form is right.
pub fn bootstrap(values: &Value) -> Option<(Bootstrap, &Value)> {
    let (text, value) = KAFKA.address(values)?;
    Some((Bootstrap::parse(text)?, value))
}

/// The servers of a cluster in hwdr's settings, if their form is right.
pub fn servers<'v>(values: &'v Value, path: &[&str]) -> Option<(Bootstrap, &'v Value)> {
    let value = &view::set(values, path, "bootstrapServers")?.value;
    Some((Bootstrap::parse(value.as_str().filter(|_| !is_unknown(value))?)?, value))
}

/// The name of an RDS instance, and its region.
#[derive(Debug, PartialEq, Eq)]
pub struct RdsHost {
    /// The identifier of the instance.
    pub instance: String,
    /// Its region.
    pub region: String,
}

impl RdsHost {
    /// What the endpoint of an instance says (RDS User Guide, "Finding the connection information"): `instance.hash.region.rds.amazonaws.com`.
    /// Clusters and proxies have other names.
    pub fn of(host: &str) -> Option<Self> {
        let host = host.to_ascii_lowercase();
        let name = host.strip_suffix(".cn").unwrap_or(&host).strip_suffix(".rds.amazonaws.com")?;
        let mut labels = name.split('.');
        let (instance, account, region) = (labels.next()?, labels.next()?, labels.next()?);
        let is_instance = labels.next().is_none() && !account.starts_with("cluster-") && !account.starts_with("proxy-");
        is_instance.then(|| Self { instance: instance.to_owned(), region: region.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_names_its_instance() {
        for (host, expected) in [
            ("streams-prod.c9akciq32.eu-west-1.rds.amazonaws.com", Some(("streams-prod", "eu-west-1"))),
            ("Streams.c9.cn-north-1.rds.amazonaws.com.cn", Some(("streams", "cn-north-1"))),
            ("streams.cluster-c9.eu-west-1.rds.amazonaws.com", None),
            ("streams.proxy-c9.eu-west-1.rds.amazonaws.com", None),
            ("eu-west-1.rds.amazonaws.com", None),
            ("db.example.com", None),
            ("", None),
        ] {
            let found = RdsHost::of(host);
            let found = found.as_ref().map(|host| (host.instance.as_str(), host.region.as_str()));
            assert_eq!(found, expected, "{host}");
        }
    }
}
