//! What each rule finds, and what it leaves alone. A row: what is linted, and the rules that speak.

use crate::lint::{Context, Level, fix, lint};
use crate::mode::Mode;
use crate::product::PRODUCTS;
use crate::source::Source;
use crate::values::{Value, read_one};

fn read(text: &str) -> Value {
    read_one(Source::new("values.yaml", text)).unwrap()
}

/// The rules that find something in `text`, as a fragment (one overlay) or whole, for an upgrade.
fn rules(text: &str, whole: bool) -> Vec<&'static str> {
    let found = lint(&read(text), &Context { mode: Some(Mode::Upgrade), whole, ..Context::default() });
    let mut names: Vec<_> = found.iter().map(|finding| finding.rule).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Values of a release whose servers are outside.
const OUTSIDE: &str =
    "acceptGeneralConditions: \"yes\"\nembeddedMariadb: {enabled: false}\nembeddedKafka: {enabled: false}\n";
const MARIADB: &str =
    "externalizedMariadb: {host: streams-prod.c9.eu-west-1.rds.amazonaws.com, tls: {twoWay: false}}\n";
const KAFKA: &str = "externalizedKafka: {bootstrapServers: 'b-1.x.c2.kafka.eu-west-1.amazonaws.com:9096'}\n";

#[test]
fn right_values_have_no_findings() {
    let settings = "hwdr: {streams: {velero: {schedule: streams}, mariadb: {region: eu-west-1, instance: streams-prod}, \
                    kafka: {backup: {bootstrapServers: 'backup:9096', secret: streams-kafka-backup}}}}\n";
    for whole in [true, false] {
        assert_eq!(rules(&format!("{OUTSIDE}{MARIADB}{KAFKA}{settings}"), whole), [""; 0]);
        assert_eq!(
            rules("acceptGeneralConditions: \"yes\"\nembeddedKafka: {replicaCount: 2}\nhub: {x: 1}", whole),
            [""; 0]
        );
    }
}

#[test]
fn a_server_outside_needs_the_embedded_one_off() {
    let host = "host: db.example.com";
    for (text, whole, expected) in [
        (format!("externalizedMariadb: {{{host}}}"), true, &["embedded-not-off"][..]),
        (format!("externalizedMariadb: {{{host}}}"), false, &[]),
        (format!("embeddedMariadb: {{enabled: true}}\nexternalizedMariadb: {{{host}}}"), false, &["embedded-not-off"]),
        (format!("embeddedMariadb: {{enabled: null}}\nexternalizedMariadb: {{{host}}}"), true, &["embedded-not-off"]),
        (format!("embeddedMariadb: {{enabled: '${{X}}'}}\nexternalizedMariadb: {{{host}}}"), true, &[]),
        (format!("embeddedMariadb: {{enabled: false}}\nexternalizedMariadb: {{{host}}}"), true, &[]),
        ("externalizedMariadb: {tls: {twoWay: false}}".to_owned(), true, &["embedded-not-off"]),
        // The chart's own values file, given with -f.
        (
            "externalizedMariadb: {host: my.db.host, port: 3306, db: {name: streams}, tls: {twoWay: true}}".to_owned(),
            true,
            &[],
        ),
        ("externalizedMariadb: {port: '3306'}".to_owned(), true, &[]),
        ("externalizedKafka: {bootstrapServers: 'b:9096'}".to_owned(), true, &["embedded-not-off"]),
        ("externalizedKafka: {bootstrapServers: 'my.broker.1:port,my.broker.2:port'}".to_owned(), true, &[]),
        ("externalizedKafka: {auth: {clientProtocol: plaintext}}".to_owned(), true, &["embedded-not-off"]),
    ] {
        assert_eq!(rules(&text, whole), expected, "{text} whole: {whole}");
    }
    let found =
        lint(&read("externalizedMariadb: {db: {name: x}, host: h}"), &Context { whole: true, ..Context::default() });
    assert_eq!(found[0].place.text(), "host", "at the address, not at the first key");
}

#[test]
fn addresses() {
    for (text, whole, expected) in [
        ("embeddedMariadb: {enabled: false}", true, &["external-address"][..]),
        ("embeddedMariadb: {enabled: false}", false, &[]),
        ("embeddedMariadb: {enabled: false}\nexternalizedMariadb: {host: my.db.host}", true, &["external-address"]),
        (
            "embeddedMariadb: {enabled: false}\nexternalizedMariadb: {host: 'jdbc:mariadb://h'}",
            false,
            &["external-address"],
        ),
        ("embeddedMariadb: {enabled: false}\nexternalizedMariadb: {host: 'h:3306'}", false, &["external-address"]),
        ("embeddedMariadb: {enabled: false}\nexternalizedMariadb: {host: 10.0.0.1}", true, &[]),
        ("embeddedMariadb: {enabled: false}\nexternalizedMariadb: {host: '${HOST}'}", true, &[]),
        ("embeddedMariadb: {enabled: false}\nexternalizedMariadb: {host: 5}", true, &["wrong-type"]),
        ("embeddedKafka: {enabled: false}", true, &["external-address"]),
        ("embeddedKafka: {enabled: false}\nexternalizedKafka: {bootstrapServers: b-1}", false, &["external-address"]),
        (
            "embeddedKafka: {enabled: false}\nexternalizedKafka: {bootstrapServers: 'a:1 b:2'}",
            true,
            &["external-address"],
        ),
        ("embeddedKafka: {enabled: false}\nexternalizedKafka: {bootstrapServers: 'a:1, b:2'}", true, &[]),
    ] {
        assert_eq!(rules(text, whole), expected, "{text} whole: {whole}");
    }
}

#[test]
fn instances() {
    let mariadb = "mariadb: {region: eu-west-1, instance: streams-prod}";
    let restore = |new: &str| format!("restore: {{mariadb: {{snapshot: s, instance: {new}}}}}");
    let host = |host: &str| MARIADB.replace("streams-prod.c9.eu-west-1.rds.amazonaws.com", host);
    for (outside, settings, expected) in [
        (MARIADB.to_owned(), mariadb.to_owned(), &[][..]),
        (MARIADB.to_owned(), mariadb.replace("streams-prod", "streams-2"), &["other-instance"]),
        (MARIADB.to_owned(), mariadb.replace("eu-west-1", "eu-west-2"), &["other-instance"]),
        (MARIADB.to_owned(), mariadb.replace("streams-prod", "'${X}'"), &[]),
        (host("streams-2.c9.eu-west-1.rds.amazonaws.com"), mariadb.to_owned(), &["other-instance"]),
        (host("db.example.com"), mariadb.to_owned(), &[]),
        // Before the cutover, and after it.
        (MARIADB.to_owned(), format!("{mariadb}, {}", restore("streams-2")), &[]),
        (host("streams-2.c9.eu-west-1.rds.amazonaws.com"), format!("{mariadb}, {}", restore("streams-2")), &[]),
        (
            host("streams-3.c9.eu-west-1.rds.amazonaws.com"),
            format!("{mariadb}, {}", restore("streams-2")),
            &["other-instance"],
        ),
    ] {
        let text = format!("embeddedMariadb: {{enabled: false}}\n{outside}hwdr: {{streams: {{{settings}}}}}\n");
        assert_eq!(rules(&text, true), expected, "{text}");
    }
}

#[test]
fn general_conditions() {
    for (written, expected) in [
        ("\"yes\"", &[][..]),
        ("'yes'", &[]),
        ("yes", &["general-conditions"]),
        ("true", &["general-conditions"]),
        ("no", &["general-conditions"]),
        ("\"true\"", &["general-conditions"]),
        ("''", &[]),
        ("'${ACCEPT}'", &[]),
        ("1", &["wrong-type"]),
    ] {
        assert_eq!(rules(&format!("acceptGeneralConditions: {written}"), true), expected, "{written}");
    }
    let source = Source::new("values.yaml", "acceptGeneralConditions: yes # agreed\n");
    let findings = lint(&read_one(source.clone()).unwrap(), &Context::default());
    assert_eq!(fix::apply(&source, &findings).unwrap().0, "acceptGeneralConditions: \"yes\" # agreed\n");
    let flag = read_one(Source::new("--set", "acceptGeneralConditions: true")).unwrap();
    let found = lint(&flag, &Context::default());
    assert!(found[0].fix.is_none() && found[0].help.as_ref().unwrap().contains("--set-string"), "{found:?}");
}

#[test]
fn protocols() {
    let msk = "b-1.x.c2.kafka.eu-west-1.amazonaws.com";
    let kafka = |servers: &str, protocol: &str| {
        format!(
            "embeddedKafka: {{enabled: false}}\nexternalizedKafka: {{bootstrapServers: '{servers}', auth: {{{protocol}}}}}\n"
        )
    };
    let (tls, plain) = ("clientProtocol: sasl_tls", "clientProtocol: plaintext");
    for (text, whole, level) in [
        (kafka(&format!("{msk}:9096"), tls), true, None),
        (kafka(&format!("{msk}:9196"), ""), true, None),
        (kafka(&format!("{msk}:9092"), tls), true, Some(Level::Error)),
        (kafka(&format!("{msk}:9092"), ""), true, Some(Level::Error)),
        (kafka(&format!("{msk}:9092"), ""), false, None),
        (kafka(&format!("{msk}:9094"), tls), true, Some(Level::Error)),
        (kafka(&format!("{msk}:9096,{msk}:9098"), tls), true, Some(Level::Error)),
        (kafka(&format!("{msk}:9092"), plain), true, None),
        (kafka(&format!("{msk}:9096"), plain), true, Some(Level::Error)),
        (kafka("kafka:9092", tls), true, Some(Level::Warning)),
        (kafka("kafka:9094", tls), true, None),
        (kafka("kafka:9094", plain), true, Some(Level::Warning)),
        (kafka("kafka:29092", tls), true, None),
        (
            "hwdr: {streams: {kafka: {backup: {bootstrapServers: 'b:9092', protocol: plaintext, secret: s}}}}"
                .to_owned(),
            true,
            Some(Level::Warning),
        ),
        (
            format!("hwdr: {{streams: {{kafka: {{backup: {{bootstrapServers: '{msk}:9092', secret: s}}}}}}}}"),
            true,
            Some(Level::Error),
        ),
    ] {
        let found = lint(&read(&text), &Context { mode: Some(Mode::Upgrade), whole, ..Context::default() });
        assert!(found.iter().all(|finding| finding.rule == "kafka-protocol"), "{text}: {found:?}");
        assert_eq!(found.first().map(|finding| finding.level), level, "{text} whole: {whole}: {found:?}");
    }
}

#[test]
fn mirrors() {
    let mirror = |more: &str, restore: &str| {
        format!(
            "{OUTSIDE}{MARIADB}externalizedKafka: {{bootstrapServers: 'a:9096,b:9096'}}\nhwdr: {{streams: {{kafka: {{backup: \
             {{bootstrapServers: 'c:9096', secret: s}}, {more}}}{restore}}}}}\n"
        )
    };
    for (more, restore, expected) in [
        ("tasks: 2", "", &[][..]),
        ("topics: [streams.*, streams-in], groups: ['.*']", "", &[]),
        ("topics: ['.*']", "", &["mirror-patterns"]),
        ("topics: ['^.+$']", "", &["mirror-patterns"]),
        ("topics: ['*']", "", &["mirror-patterns"]),
        ("topics: []", "", &["mirror-patterns"]),
        ("topics: [__consumer_offsets]", "", &["mirror-patterns"]),
        ("topics: ['${TOPICS}']", "", &[]),
        ("groups: []", "", &["mirror-patterns"]),
        ("groups: ['*']", "", &["mirror-patterns"]),
        ("replicationFactor: 1", "", &["mirror-copies"]),
        ("replicationFactor: 2", "", &[]),
        ("backup: {bootstrapServers: 'x:1, B:9096', secret: s}", "", &["mirror-clusters"]),
        ("tasks: 2", ", restore: {kafka: {bootstrapServers: 'c:9096'}}", &["mirror-clusters"]),
        ("tasks: 2", ", restore: {kafka: {bootstrapServers: 'a:9096'}}", &[]),
    ] {
        let text = if more.starts_with("backup") {
            mirror("", restore).replace("backup: {bootstrapServers: 'c:9096', secret: s}, ", more)
        } else {
            mirror(more, restore)
        };
        assert_eq!(rules(&text, true), expected, "{text}");
    }
}

#[test]
fn two_way_tls() {
    for (tls, whole, expected) in [
        ("twoWay: false", true, &[][..]),
        ("twoWay: true", true, &["two-way-tls"]),
        ("twoWay: true", false, &["two-way-tls"]),
        ("twoWay: '${X}'", true, &[]),
        ("enabled: false", true, &[]),
        ("enabled: true", true, &["two-way-tls"]),
        ("enabled: true", false, &[]),
    ] {
        let outside = MARIADB.replace("twoWay: false", tls);
        assert_eq!(
            rules(&format!("embeddedMariadb: {{enabled: false}}\n{outside}"), whole),
            expected,
            "{tls} whole: {whole}"
        );
    }
    let elsewhere = "embeddedMariadb: {enabled: false}\nexternalizedMariadb: {host: db.example.com}";
    assert_eq!(rules(elsewhere, true), [""; 0]);
}

#[test]
fn settings() {
    for (text, whole, expected) in [
        ("hwdr: {streams: {mariadb: {instance: a}}}", true, &["streams-settings"][..]),
        ("hwdr: {streams: {mariadb: {instance: a}}}", false, &[]),
        ("hwdr: {streams: {mariadb: {region: eu-west-1, instance: '${X}'}}}", true, &[]),
        ("hwdr: {streams: {mariadb: {region: eu-west-1, instance: a_b}}}", false, &["streams-settings"]),
        ("hwdr: {streams: {restore: {}}}", true, &[]),
        ("hwdr: {streams: {restore: {mariadb: {}}}}", true, &["streams-settings"]),
        ("hwdr: {streams: {restor: {namespace: {backup: a}}}}", false, &["streams-settings"]),
        ("hwdr: {streams: {restore: yes}}", false, &["streams-settings"]),
        ("embeddedKafka: {}\nhwdr: {streams: [1]}", false, &["streams-settings"]),
        ("embeddedKafka: {}\nstreams: {restore: {namespace: {backup: a}}}", false, &["streams-settings"]),
        ("embeddedKafka: {}\nstreams: {extraCertificatesSecrets: [a]}", true, &[]),
        ("embeddedKafka: {}\nhwdr: {restore: {namespace: {backup: a}}}", false, &["streams-settings"]),
        ("embeddedKafka: {}\nhwdr: {steams: {restore: {namespace: {backup: a}}}}", false, &["unknown-key"]),
        ("hwdr.streams.restore.namespace.backup: a\nembeddedKafka: {}", false, &["dotted-key"]),
        ("hwdr: {streams: {velero: {ttl: 2w}}}", false, &["streams-settings"]),
        ("embeddedKafka: {enabled: 'false'}", false, &["boolean-text"]),
        ("embeddedKafka: {}\nadminPassword: hunter2", true, &["clear-text-credentials"]),
    ] {
        assert_eq!(rules(text, whole), expected, "{text} whole: {whole}");
    }
}

#[test]
fn a_restore_left_in_the_values() {
    let text = "hwdr: {streams: {restore: {namespace: {backup: a}}}}";
    let found = |mode| lint(&read(text), &Context { mode, ..Context::default() });
    assert_eq!(found(None)[0].rule, "leftover-streams-restore");
    assert!(found(Some(Mode::Install)).is_empty());
}

/// Both schemas know the key by which values name their product, with the names that there are.
#[test]
fn values_can_name_each_product() {
    for product in PRODUCTS {
        for name in PRODUCTS.iter().map(|product| product.name()).chain([""]) {
            let schema = serde_json::from_str(product.schema()).unwrap();
            let values = serde_json::json!({"hwdr": {"product": name}});
            assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&values), "{product:?}: {name}");
        }
        let text = format!("hwdr: {{product: {}}}", product.name());
        assert!(
            rules(&text, true).is_empty() && rules(&text.replace("product: ", "product: x"), true) == ["wrong-type"]
        );
    }
}

/// What a general validator refuses, the linter reports.
#[test]
fn a_general_validator_agrees() {
    let streams = PRODUCTS.iter().find(|product| product.name() == "streams").unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(streams.schema()).unwrap()).unwrap();
    let all = format!("{OUTSIDE}{MARIADB}{KAFKA}");
    for (text, good) in [
        (all.as_str(), true),
        ("embeddedKafka: {replicaCount: 3, anything: [1]}", true),
        ("embeddedKafka: {enabled: 'false'}", false),
        ("acceptGeneralConditions: yes", false),
        ("embeddedKafka: {auth: {clientProtocol: ssl}}", false),
        ("hwdr: {streams: {velero: {ttl: 720h}, restore: null}}", true),
        ("hwdr: {streams: {velero: {ttl: 2w}}}", false),
        ("hwdr: {streams: {mariadb: {region: eu-west-1, instance: A}}}", false),
        ("hwdr: {streams: {mariadb: {region: eu-west-1, instance: a, class: large}}}", false),
        ("hwdr: {streams: {restore: {namspace: {backup: a}}}}", false),
        (
            "hwdr: {streams: {restore: {kafka: {bootstrapServers: b-1}}, kafka: {backup: {bootstrapServers: 'b:1', secret: s}}}}",
            false,
        ),
        ("hwdr: {streams: {kafka: {backup: {bootstrapServers: 'b:1', secret: s}, replicationFactor: 0}}}", false),
    ] {
        let values = read(text);
        assert_eq!(validator.is_valid(&values.to_json()), good, "the validator: {text}");
        let ours = lint(&values, &Context { mode: Some(Mode::Install), ..Context::default() });
        assert_eq!(!ours.iter().any(|finding| finding.level == Level::Error), good, "the linter: {text}: {ours:?}");
    }
}
