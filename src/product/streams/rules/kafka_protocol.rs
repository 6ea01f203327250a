//! A protocol of Kafka that does not fit the ports or the Secrets.
//!
//! ## What it does
//! Compares `externalizedKafka.auth.clientProtocol` with the ports in `bootstrapServers`, and `protocol` of the backup cluster with its own.
//! On Amazon MSK the ports are fixed, and a wrong one is an error: 9096 and 9196 are SASL/SCRAM with TLS (`sasl_tls`), 9092 is `plaintext`, and
//! 9094, 9194 (TLS alone), 9098 and 9198 (IAM) are neither. Elsewhere they are only customary (warning). With `plaintext`, a Secret is
//! reported too: nothing uses its password.
//!
//! ## Why is this bad
//! A client that speaks TLS to a plaintext port, or the other way round, gets no clear error: it tries again until something times out.
//!
//! ## Example
//! ```yaml
//! embeddedKafka:
//!   enabled: false
//! externalizedKafka:
//!   bootstrapServers: b-1.streams.x1y2z3.c2.kafka.eu-west-1.amazonaws.com:9092
//!   auth:
//!     clientProtocol: sasl_tls
//! ```
//!
//! ## Use instead
//! ```yaml
//! embeddedKafka:
//!   enabled: false
//! externalizedKafka:
//!   bootstrapServers: b-1.streams.x1y2z3.c2.kafka.eu-west-1.amazonaws.com:9096
//!   auth:
//!     clientProtocol: sasl_tls
//! ```
//!
//! ## Fix
//! None: the port or the protocol may be the wrong one.

use crate::lint::placeholder::is_unknown;
use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product::streams::chart;
use crate::product::streams::keys::{BACKUP_KAFKA, KAFKA_AUTH, RESTORE_KAFKA};
use crate::product::streams::settings::names::{Bootstrap, Protocol, Setting as _};
use crate::values::Value;

/// Amazon MSK's ports, and the protocol of Streams that each speaks (MSK Developer Guide, "Port information").
const PORTS: [(u16, Option<Protocol>); 7] = [
    (9092, Some(Protocol::Plaintext)),
    (9094, None),
    (9096, Some(Protocol::SaslTls)),
    (9098, None),
    (9194, None),
    (9196, Some(Protocol::SaslTls)),
    (9198, None),
];

/// See the head of this file.
pub struct KafkaProtocol;

impl Rule for KafkaProtocol {
    fn name(&self) -> &'static str {
        "kafka-protocol"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("kafka_protocol.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        let production = protocol(values, KAFKA_AUTH, "clientProtocol", context);
        let backup = protocol(values, BACKUP_KAFKA, "protocol", context);
        let clusters = [
            (production, chart::bootstrap(values)),
            (production, chart::servers(values, RESTORE_KAFKA)),
            (backup, chart::servers(values, BACKUP_KAFKA)),
        ];
        for (protocol, servers) in clusters {
            let (Some(protocol), Some((servers, value))) = (protocol, servers) else { continue };
            findings.extend(self.ports(protocol, &servers, value));
        }
        for (protocol, path) in [(production, RESTORE_KAFKA), (backup, BACKUP_KAFKA)] {
            let Some(secret) = view::set(values, path, "secret") else { continue };
            if protocol == Some(Protocol::Plaintext) {
                findings.push(
                    Finding::warning(
                        self.name(),
                        &secret.key,
                        "nothing uses this Secret: with plaintext there is no password",
                    )
                    .help("remove it, or set the protocol to sasl_tls"),
                );
            }
        }
    }
}

impl KafkaProtocol {
    /// The first server whose port speaks something else.
    fn ports(&self, protocol: Protocol, servers: &Bootstrap, value: &Value) -> Option<Finding> {
        let speaks = |port: u16| PORTS.iter().find(|(known, _)| *known == port).map(|(_, speaks)| *speaks);
        servers.servers.iter().find_map(|(host, port)| {
            let found = speaks(*port).filter(|found| *found != Some(protocol))?;
            let is_msk =
                host.contains(".kafka.") && (host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn"));
            // Elsewhere 9094 and 9098 may be anything that is encrypted.
            if !is_msk && found.is_none() && protocol == Protocol::SaslTls {
                return None;
            }
            let (word, right) = match protocol {
                Protocol::SaslTls => ("sasl_tls", "9096"),
                Protocol::Plaintext => ("plaintext", "9092"),
            };
            let place = &value.place;
            Some(if is_msk {
                Finding::error(self.name(), place, format!("port {port} of Amazon MSK does not speak {word}"))
                    .help(format!("{word} is at port {right}"))
            } else {
                Finding::warning(self.name(), place, format!("port {port} rarely speaks {word}"))
                    .help(format!("{word} is usually at port {right}: look at the brokers' listeners"))
            })
        })
    }
}

/// The protocol at `path`: the default where the values are whole and say nothing.
fn protocol(values: &Value, path: &[&str], key: &str, context: &Context) -> Option<Protocol> {
    match view::set(values, path, key) {
        Some(entry) => Protocol::parse(entry.value.as_str().filter(|_| !is_unknown(&entry.value))?),
        None => context.whole.then_some(Protocol::SaslTls),
    }
}
