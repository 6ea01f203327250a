use std::collections::BTreeMap;

use proptest::prelude::*;

use super::read::read;
use super::*;
use crate::name::{Alias, Server};

fn secured(alias: &str, server: &str) -> Cluster {
    Cluster {
        alias: Alias::new(alias).expect("an alias"),
        servers: Server::parse_list(server).expect("servers"),
        security: Security::SaslTls {
            trust: Trust::Pem(Path::new("/etc/ca/ca.crt").expect("a path")),
            scram: Scram::Sha512,
            credentials: Credentials::Password {
                user: Secret::env("KAFKA_USER").expect("a variable"),
                password: Secret::directory("/etc/kafka", "password").expect("a file"),
            },
        },
        replication: 3,
    }
}

pub(crate) fn mirror() -> Mirror {
    let backup = Cluster { security: Security::Plaintext, replication: 1, ..secured("backup", "b:9092") };
    Mirror {
        source: secured("prod", "a-0:9093,a-1:9093"),
        target: backup,
        topics: Topics::parse("streams*").expect("topics"),
        groups: Groups::parse("*").expect("groups"),
        tasks: 4,
        exactly_once: false,
    }
}

fn settings(mirror: &Mirror) -> BTreeMap<String, String> {
    let entries = read(&mirror.properties().expect("a mirror"));
    let count = entries.len();
    let settings: BTreeMap<_, _> = entries.into_iter().collect();
    assert_eq!(settings.len(), count, "each is set once");
    settings
}

#[test]
fn one_way() {
    let there = settings(&mirror());
    for (key, value) in [
        ("clusters", "prod,backup"),
        ("prod->backup.enabled", "true"),
        ("backup->prod.enabled", "false"),
        ("emit.heartbeats.enabled", "false"),
        ("replication.policy.class", "org.apache.kafka.connect.mirror.IdentityReplicationPolicy"),
        ("backup.scheduled.rebalance.max.delay.ms", "0"),
        ("topics", "streams.*"),
        ("groups", ".*"),
        ("sync.group.offsets.enabled", "true"),
        ("sync.topic.configs.enabled", "true"),
        ("sync.topic.acls.enabled", "true"),
        ("replication.factor", "1"),
        ("offset-syncs.topic.location", "target"),
        ("backup.offset.flush.interval.ms", "5000"),
        ("prod.bootstrap.servers", "a-0:9093,a-1:9093"),
        ("prod.security.protocol", "SASL_SSL"),
        ("prod.ssl.truststore.location", "/etc/ca/ca.crt"),
        ("backup.security.protocol", "PLAINTEXT"),
        ("config.providers", "directory,env"),
        (
            "prod.sasl.jaas.config",
            "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"${env:KAFKA_USER}\" \
             password=\"${directory:/etc/kafka:password}\";",
        ),
    ] {
        assert_eq!(there.get(key).map(String::as_str), Some(value), "{key}");
    }
}

#[test]
fn turned() {
    let back = settings(&mirror().turned());
    assert_eq!(back["backup->prod.enabled"], "true");
    assert_eq!(back["prod->backup.enabled"], "false");
    assert_eq!(back["replication.factor"], "3", "it is that of the new target");
    assert_eq!(back["backup.consumer.isolation.level"], "read_committed");
    assert_eq!(back["prod.offset.flush.interval.ms"], "5000");
    assert_eq!(mirror().turned().turned(), mirror());
}

#[test]
fn exactly_once() {
    let once = settings(&Mirror { exactly_once: true, ..mirror() });
    assert_eq!(once["backup.exactly.once.source.support"], "enabled");
    assert_eq!(once["dedicated.mode.enable.internal.rest"], "true");
    assert!(!settings(&mirror()).contains_key("listeners"));
}

#[test]
fn refused() {
    let good = mirror();
    let same_alias =
        Mirror { target: Cluster { alias: good.source.alias.clone(), ..good.target.clone() }, ..good.clone() };
    let same_server =
        Mirror { target: Cluster { servers: good.source.servers.clone(), ..good.target.clone() }, ..good.clone() };
    let no_server = Mirror { target: Cluster { servers: Vec::new(), ..good.target.clone() }, ..good.clone() };
    let no_replica = Mirror { target: Cluster { replication: 0, ..good.target.clone() }, ..good.clone() };
    for bad in [same_alias, same_server, no_server, no_replica, Mirror { tasks: 0, ..good }] {
        bad.properties().expect_err("it makes no sense");
    }
    for bad in ["etc/ca", "/etc/${x}", "/etc/a:b", "/etc/a}b", "/etc/ä"] {
        Path::new(bad).expect_err(bad);
    }
    Secret::env("A}B").expect_err("it would end the reference");
    Secret::file("/etc/x", "a:b").expect_err("it would split the reference");
}

proptest! {
    #[test]
    fn any_text_is_read_back(entries in prop::collection::vec(("\\PC{1,12}|[ \t\n\r\\\\:=#!\u{c}]{1,6}", any::<String>()), 0..8)) {
        let mut text = String::new();
        for (key, value) in &entries {
            escape::line(&mut text, key, value);
        }
        prop_assert_eq!(read(&text), entries);
    }
}

#[test]
fn what_a_mirror_knows_is_under_its_sources_name() {
    let mirror = mirror();
    for topic in [
        "mm2-offsets.prod.internal",
        "mm2-offset-syncs.prod.internal",
        "prod.checkpoints.internal",
        "mm2-status.prod.internal",
    ] {
        assert!(mirror.is_its_own(topic), "{topic}");
    }
    for topic in ["mm2-offsets.prod-2.internal", "prod", "mm2-offsets.backup.internal"] {
        assert!(!mirror.is_its_own(topic), "{topic}");
    }
}
