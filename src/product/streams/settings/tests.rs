//! Which settings are taken, and what is said of those that are not.

use super::*;
use crate::source::Source;
use crate::values::read_one;

/// Settings of a source that is there, with a restore of everything.
const ALL: &str = r#"
velero: {namespace: backups, storageLocation: s3, schedule: nightly, cron: "@daily", ttl: 48h}
mariadb:
  region: eu-west-1
  instance: streams-prod
  endpointUrl: http://127.0.0.1:5000
  subnetGroup: streams-prod
  securityGroups: [sg-0123456789abcdef0]
  parameterGroup: default.mariadb10.11
  optionGroup: default:mariadb-10-11
  class: db.m6g.large
kafka:
  backup: {bootstrapServers: "B-1.example.com:9096, b-2:9096", secret: streams-kafka-backup, protocol: sasl_tls}
  topics: ["streams.*"]
  groups: []
  replicationFactor: 2
  tasks: 8
restore:
  namespace: {backup: streams-20260101000000}
  mariadb: {pointInTime: 2026-01-01T00:00:00Z, instance: streams-prod-2}
  kafka: {bootstrapServers: "[::1]:9096", secret: streams-kafka-new, mirrorBackAs: restored}
"#;

fn settings(text: &str) -> Result<Settings, Refusal> {
    let indented: String = text.lines().map(|line| format!("    {line}\n")).collect();
    Settings::from_values(&read_one(Source::new("values.yaml", format!("hwdr:\n  streams:\n{indented}"))).unwrap())
}

#[test]
fn everything_is_read() {
    let found = settings(ALL).unwrap();
    assert_eq!(found.velero.namespace.as_str(), "backups");
    assert_eq!((found.velero.cron.as_str(), found.velero.ttl.seconds), ("@daily", 172_800));
    let mariadb = found.mariadb.unwrap();
    assert_eq!(mariadb.replacement.option_group.unwrap().as_str(), "default:mariadb-10-11");
    let kafka = found.kafka.unwrap();
    assert_eq!(kafka.backup.bootstrap_servers.to_string(), "b-1.example.com:9096,b-2:9096");
    assert_eq!((kafka.groups.len(), kafka.replication_factor, kafka.tasks), (0, 2, 8));
    let restore = found.restore.unwrap();
    assert_eq!(restore.parts(), ["namespace", "mariadb", "kafka"]);
    assert_eq!(restore.kafka.as_ref().unwrap().mirror_back_as.as_ref().unwrap().as_str(), "restored");
    assert_eq!(restore.namespace.unwrap().time(), Some("2026-01-01T00:00:00Z".parse().unwrap()));
    assert_eq!(restore.mariadb.unwrap().from, Origin::PointInTime("2026-01-01T00:00:00Z".parse().unwrap()));
}

#[test]
fn what_is_left_out_has_a_default() {
    let found = settings("kafka: {backup: {bootstrapServers: 'b:9092', protocol: plaintext}}").unwrap();
    assert_eq!(found.velero.schedule.as_str(), "streams");
    assert_eq!((found.velero.cron.as_str(), found.velero.ttl.text.as_str()), ("0 3 * * *", "720h"));
    let kafka = found.kafka.unwrap();
    assert_eq!((kafka.replication_factor, kafka.tasks, kafka.backup.secret), (3, 4, None));
    assert_eq!((kafka.topics, kafka.groups), (vec![Pattern("streams.*".into())], vec![Pattern(".*".into())]));
    for text in ["{}", "restore:", "restore: {}", "velero: {ttl: ''}", "restore: {namespace: null}"] {
        assert_eq!(settings(text).map(|settings| settings.restore), Ok(None), "{text}");
    }
    for values in ["", "hwdr:", "hwdr: {streams: }", "other: 1"] {
        let values = read_one(Source::new("values.yaml", values)).unwrap();
        assert!(Settings::from_values(&values).is_ok_and(|settings| settings.mariadb.is_none()));
    }
}

/// Each refused with words that name the place and what is wrong.
#[test]
fn what_cannot_be_used_is_refused() {
    let all: Vec<(&str, &str, &str)> = vec![
        ("nightly", "Nightly", "velero.schedule: expected the name of an object"),
        ("namespace: backups", "namespace: a.b", "velero.namespace: expected the name of a namespace"),
        ("\"@daily\"", "\"0 3 30 2 *\"", "velero.cron: expected a schedule"),
        ("48h", "2d", "velero.ttl: expected a number of hours"),
        ("48h", "0h", "velero.ttl: expected"),
        ("eu-west-1", "Europe", "mariadb.region: expected a region"),
        ("instance: streams-prod\n", "instance: streams--prod\n", "mariadb.instance: expected the identifier"),
        ("instance: streams-prod\n", "instance: 1streams\n", "mariadb.instance: expected"),
        ("instance: streams-prod\n", "instance: Streams\n", "mariadb.instance: expected"),
        ("instance: streams-prod\n", "instance:\n", "mariadb: instance is missing"),
        ("instance: streams-prod\n", "instanse: streams-prod\n", "no key 'instanse'"),
        ("http://127.0.0.1:5000", "http://me:x@host", "mariadb.endpointUrl: expected an address"),
        ("http://127.0.0.1:5000", "ftp://host", "mariadb.endpointUrl: expected an address"),
        ("[sg-0123456789abcdef0]", "sg-0123456789abcdef0", "mariadb.securityGroups: expected a list"),
        ("[sg-0123456789abcdef0]", "[default]", "mariadb.securityGroups: expected the id"),
        ("default.mariadb10.11", "--help", "mariadb.parameterGroup: expected the name of a group"),
        ("db.m6g.large", "m6g.large", "mariadb.class: expected the class"),
        ("b-2:9096", "b-2", "kafka.backup.bootstrapServers: expected servers with ports"),
        ("b-2:9096", "b-2:0", "kafka.backup.bootstrapServers: expected"),
        ("b-2:9096", "b-2:70000", "kafka.backup.bootstrapServers: expected"),
        ("b-2:9096", "", "kafka.backup.bootstrapServers: expected"),
        ("b-2:9096", "SASL_SSL://b-2:9096", "kafka.backup.bootstrapServers: expected"),
        ("secret: streams-kafka-backup", "password: x", "no key 'password'"),
        ("secret: streams-kafka-backup", "secret: ''", "kafka.backup: secret is missing"),
        ("sasl_tls", "SASL_SSL", "kafka.backup.protocol: expected sasl_tls or plaintext"),
        ("[\"streams.*\"]", "[\"a,b\"]", "kafka.topics: expected a regular expression"),
        ("[\"streams.*\"]", "[1]", "kafka.topics: expected a regular expression"),
        ("replicationFactor: 2", "replicationFactor: 0", "kafka.replicationFactor: expected a whole number"),
        ("replicationFactor: 2", "replicationFactor: '2'", "kafka.replicationFactor: expected a whole number"),
        ("tasks: 8", "tasks: 1.5", "kafka.tasks: expected a whole number from 1 to 1000"),
        ("restore:", "restor:", "no key 'restor'"),
        ("{backup: streams-20260101000000}", "streams-20260101000000", "restore.namespace: expected a map"),
        ("{backup: streams-20260101000000}", "{backup: a_b}", "restore.namespace.backup: expected the name"),
        ("{backup: streams-20260101000000}", "{}", "restore.namespace: backup is missing"),
        ("2026-01-01T00:00:00Z", "yesterday", "restore.mariadb.pointInTime: expected a time in UTC"),
        ("pointInTime: 2026-01-01T00:00:00Z", "snapshot: a--b", "restore.mariadb.snapshot: expected the identifier"),
        ("pointInTime: 2026-01-01T00:00:00Z", "snapshot: other:a", "restore.mariadb.snapshot: expected"),
        ("pointInTime: 2026-01-01T00:00:00Z, ", "", "restore.mariadb: snapshot or pointInTime is missing"),
        ("{pointInTime", "{snapshot: a, pointInTime", "restore.mariadb.pointInTime: stands beside a snapshot"),
        (
            "instance: streams-prod-2",
            "instance: streams-prod-2, class: large",
            "restore.mariadb.class: expected the class",
        ),
        ("streams-prod-2", "streams-prod", "restore.mariadb.instance: names the instance that is used today"),
        ("\"[::1]:9096\"", "\"[::g]:9096\"", "restore.kafka.bootstrapServers: expected servers"),
        (
            "mirrorBackAs: restored",
            "mirrorBackAs: backup",
            "restore.kafka.mirrorBackAs: expected another name than backup",
        ),
        ("mirrorBackAs: restored", "mirrorBackAs: 2nd", "restore.kafka.mirrorBackAs: expected another name"),
        ("restore:", "mirror: true\nrestore:", "no key 'mirror'"),
    ];
    for (right, wrong, says) in all {
        assert!(ALL.contains(right), "{right}");
        let refusal = settings(&ALL.replacen(right, wrong, 1)).expect_err(wrong);
        assert!(refusal.problem.contains(says), "{wrong}: {}", refusal.problem);
        assert!(refusal.problem.starts_with("hwdr.streams"), "{}", refusal.problem);
        assert!(refusal.place.is_some() && !refusal.help.is_empty(), "{wrong}");
    }
}

#[test]
fn a_restore_needs_to_know_what_is_used_today() {
    for (restore, part) in [
        ("mariadb: {snapshot: 'rds:a-2026-01-01-03-00', instance: b}", "mariadb"),
        ("kafka: {bootstrapServers: 'b:9096'}", "kafka"),
    ] {
        let refusal = settings(&format!("restore: {{{restore}}}")).unwrap_err();
        assert!(refusal.problem.contains(&format!("asks for {part}, but hwdr.streams.{part}")), "{}", refusal.problem);
    }
}

#[test]
fn snapshots_of_all_kinds_have_a_name() {
    for text in ["mine", "rds:streams-prod-2026-01-01-03-00", "awsbackup:job-3a2b1c"] {
        assert!(names::Setting::parse(text).is_some_and(|id: SnapshotId| id.as_str() == text), "{text}");
    }
}

#[test]
fn clusters_that_share_a_server_are_the_same() {
    let read = |text: &str| <Bootstrap as names::Setting>::parse(text).unwrap();
    assert!(read("a:1,b:2").shared(&read("c:3, B:2")).is_some());
    assert!(read("a:1,b:2").shared(&read("b:1,a:2")).is_none());
}
