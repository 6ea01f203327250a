//! What the record of a run of Streams has beside what every record has: the values that its steps need, and where the new database is.

use std::collections::BTreeMap;

use hwdr_kafka::client::Offsets;
use hwdr_kafka::name::TopicName;
use hwdr_rds::Plan;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::chart;
use super::keys::{self, Path};
use super::settings::names::{Bootstrap, Setting as _, is_host};
use super::settings::{Restore, Settings};
use crate::refusal::Refusal;
use crate::source::Source;
use crate::values::{self, Value};

/// The places in the values that the steps of a run need. None of them is secret: credentials are named by their Secrets.
const KEPT: &[Path] = &[
    keys::SETTINGS,
    &["externalizedMariadb", "host"],
    &["externalizedMariadb", "port"],
    &["externalizedKafka", "bootstrapServers"],
    &["externalizedKafka", "auth", "clientProtocol"],
];

/// What the record of a run has of Streams alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Own {
    /// The values at [`KEPT`]: a run that is resumed may be given none.
    values: Json,
    /// What is restored into which new instance, and how, once RDS was asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<Plan>,
    /// The host of the restored database, once it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Whether the new cluster of Kafka was seen without the topics, before anything was mirrored to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub was_new: bool,
    /// Where the partitions of the backup cluster began then: what expires there before it is mirrored is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Offsets>,
    /// By the name of a server: the workloads that were connected to the old one before they were stopped, and by how many pods.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<BTreeMap<String, BTreeMap<String, usize>>>,
    /// The brokers of the old cluster of Kafka, if it answered before everything was stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old_brokers: Vec<String>,
    /// How new the backup cluster was in each partition, in milliseconds since 1970, of which the old cluster has newer records, when the run halted
    /// for them: who resumes without bringing them over goes on without them. -1 stands for no record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<Offsets>,
    /// Whether the run halted because the backup cluster has no place of any consumer group: who resumes goes on without.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_groups: bool,
    /// The brokers of the new cluster of Kafka, as it names them itself: clients are connected to any of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brokers: Vec<String>,
    /// Where the partitions of the new cluster end, with all that came from the backup cluster, if it is mirrored back from there on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Offsets>,
    /// Whether the mirror back has been told to begin there: once it runs, its positions are its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub back_begun: bool,
    /// How new what was restored is, by part: what came later is lost.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub times: BTreeMap<String, Timestamp>,
}

impl Own {
    /// For a run that begins with these values.
    pub fn new(values: &Value) -> Self {
        let mut kept = Json::Object(Map::new());
        for path in KEPT {
            let Some(value) = values.get(path) else { continue };
            put(&mut kept, path, value.to_json());
        }
        Self {
            values: kept,
            plan: None,
            host: None,
            was_new: false,
            began: None,
            users: None,
            old_brokers: Vec::new(),
            left_behind: None,
            without_groups: false,
            brokers: Vec::new(),
            ends: None,
            back_begun: false,
            times: BTreeMap::new(),
        }
    }

    /// As the record has it.
    ///
    /// # Errors
    /// If hwdr would not write it.
    pub fn read(own: &Json) -> Result<Self, String> {
        let own: Self = serde_json::from_value(own.clone()).map_err(|error| format!("own cannot be read: {error}"))?;
        if let Some(host) = own.host.as_ref().filter(|host| !is_host(host)) {
            return Err(format!("own.host is {host:?}, not a host"));
        }
        own.brokers().map_err(|refusal| format!("own.{}", refusal.problem))?;
        own.old_brokers().map_err(|refusal| format!("own.{}", refusal.problem))?;
        for (key, offsets) in [("ends", &own.ends), ("began", &own.began)] {
            for (topic, partitions) in offsets.iter().flatten() {
                TopicName::new(topic).map_err(|error| format!("own.{key}: {error}"))?;
                if let Some((partition, at)) = partitions.iter().find(|(partition, at)| **partition < 0 || **at < 0) {
                    return Err(format!("own.{key} has partition {partition} of topic {topic} at {at}"));
                }
            }
        }
        if own.back_begun && own.ends.is_none() {
            return Err("own.backBegun is set, and own.ends is not".to_owned());
        }
        let (_, restore) = own.asked().map_err(|refusal| format!("own.values: {}", refusal.problem))?;
        let asked = restore.mariadb.map(|asked| asked.instance.to_string());
        if let Some(plan) = own.plan.as_ref().filter(|plan| asked.as_deref() != Some(plan.target.as_str())) {
            return Err(format!("own.plan makes instance {}, which the values do not ask for", plan.target));
        }
        Ok(own)
    }

    /// What tells one restore from another: the settings, but not the servers of today, which a run itself changes.
    pub fn facts(&self) -> &Json {
        keys::SETTINGS.iter().fold(&self.values, |value, key| value.get(*key).unwrap_or(&Json::Null))
    }

    /// For the record.
    pub fn to_json(&self) -> Json {
        json!(self)
    }

    /// The values.
    ///
    /// # Errors
    /// If they are none.
    pub fn values(&self) -> Result<Value, Refusal> {
        let source = Source::new("the record of the run", self.values.to_string());
        values::read_one(source).map_err(|error| Refusal::new(error.message))
    }

    /// The settings, and the restore that they ask for.
    ///
    /// # Errors
    /// If a setting is wrong, or they ask for none.
    pub fn asked(&self) -> Result<(Settings, Restore), Refusal> {
        let settings = Settings::from_values(&self.values()?)?;
        let restore = settings.restore.clone();
        Ok((settings, restore.ok_or_else(|| Refusal::new("they ask for no restore"))?))
    }

    /// What the chart's values are after the restore: each place, and its text.
    ///
    /// # Errors
    /// As [`Own::asked`].
    pub fn cutover(&self) -> Result<Vec<(Vec<&'static str>, String)>, Refusal> {
        let (_, restore) = self.asked()?;
        let at = |part: &chart::Part| part.external.iter().copied().chain([part.address]).collect();
        let host = self.host.clone().map(|host| (at(&chart::MARIADB), host));
        let servers = restore.kafka.map(|kafka| (at(&chart::KAFKA), kafka.bootstrap_servers.to_string()));
        Ok(host.into_iter().chain(servers).collect())
    }

    /// What hwdr's settings are after the restore, where the values have them: what was new is today's.
    ///
    /// # Errors
    /// As [`Own::asked`].
    pub fn settings_after(&self) -> Result<Vec<(Vec<&'static str>, String)>, Refusal> {
        let (settings, restore) = self.asked()?;
        let at = |path: Path, key| path.iter().copied().chain([key]).collect();
        let instance = restore.mariadb.filter(|_| self.host.is_some());
        let instance = instance.map(|new| (at(keys::SETTINGS_MARIADB, "instance"), new.instance.to_string()));
        let had_secret = settings.kafka.is_some_and(|kafka| kafka.secret.is_some());
        let secret = restore.kafka.and_then(|new| new.secret).filter(|_| had_secret);
        let secret = secret.map(|secret| (at(keys::MIRROR, "secret"), secret.to_string()));
        Ok(instance.into_iter().chain(secret).collect())
    }

    /// The brokers of the new cluster, with their ports.
    ///
    /// # Errors
    /// If one is none.
    pub fn brokers(&self) -> Result<Vec<(String, u16)>, Refusal> {
        servers("brokers", &self.brokers)
    }

    /// The brokers of the old cluster, with their ports.
    ///
    /// # Errors
    /// If one is none.
    pub fn old_brokers(&self) -> Result<Vec<(String, u16)>, Refusal> {
        servers("oldBrokers", &self.old_brokers)
    }

    /// The host of the database that Streams used before, if the values name one.
    ///
    /// # Errors
    /// As [`Own::values`].
    pub fn old_host(&self) -> Result<Option<String>, Refusal> {
        let values = self.values()?;
        Ok(chart::MARIADB.address(&values).map(|(host, _)| host.to_owned()))
    }
}

fn servers(key: &str, brokers: &[String]) -> Result<Vec<(String, u16)>, Refusal> {
    let mut all = Vec::new();
    for broker in brokers {
        let one = Bootstrap::parse(broker)
            .ok_or_else(|| Refusal::new(format!("{key} has {broker:?}, not a server with its port")))?;
        all.extend(one.servers);
    }
    Ok(all)
}

/// Sets the value at `path`.
pub fn put(all: &mut Json, path: &[&str], value: Json) {
    let Some((key, rest)) = path.split_first() else {
        *all = value;
        return;
    };
    if !all.is_object() {
        *all = json!({});
    }
    if let Some(map) = all.as_object_mut() {
        put(map.entry((*key).to_owned()).or_insert(Json::Null), rest, value);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Values that ask for a restore of both.
    pub(in crate::product::streams) const BOTH: &str = "\
externalizedMariadb: {host: streams-prod.c9.eu-west-1.rds.amazonaws.com, port: 3306, password: secret}
externalizedKafka: {bootstrapServers: 'old-1:9096', auth: {clientProtocol: plaintext, clientUsername: streams}}
embeddedMariadb: {enabled: false}
embeddedKafka: {enabled: false}
hwdr:
  streams:
    mariadb: {region: eu-west-1, instance: streams-prod}
    kafka: {backup: {bootstrapServers: 'b-1:9096', protocol: plaintext}}
    restore:
      mariadb: {snapshot: before, instance: streams-prod-2}
      kafka: {bootstrapServers: 'new-1:9096, new-2:9096'}
";

    pub(in crate::product::streams) fn values(text: &str) -> Value {
        values::read_one(Source::new("values.yaml", text)).unwrap()
    }

    #[test]
    fn it_has_what_the_steps_need_and_no_secret() {
        let mut own = Own::new(&values(BOTH));
        assert_eq!(own.facts().pointer("/restore/mariadb/snapshot"), Some(&json!("before")));
        assert!(!own.facts().to_string().contains("old-1"));
        let text = own.to_json().to_string();
        assert!(!text.contains("secret") && !text.contains("clientUsername"), "{text}");
        assert_eq!(Own::read(&own.to_json()), Ok(own.clone()));
        assert_eq!(own.asked().unwrap().1.parts(), ["mariadb", "kafka"]);
        assert_eq!(own.old_host().unwrap().as_deref(), Some("streams-prod.c9.eu-west-1.rds.amazonaws.com"));
        let places =
            |own: &Own| own.cutover().unwrap().into_iter().map(|(path, text)| format!("{}={text}", path.join(".")));
        assert_eq!(places(&own).collect::<Vec<_>>(), ["externalizedKafka.bootstrapServers=new-1:9096,new-2:9096"]);
        own.host = Some("streams-prod-2.c9.eu-west-1.rds.amazonaws.com".to_owned());
        assert_eq!(
            places(&own).next().unwrap(),
            "externalizedMariadb.host=streams-prod-2.c9.eu-west-1.rds.amazonaws.com"
        );
    }

    #[test]
    fn what_was_new_is_todays_when_it_is_final() {
        let text = BOTH.replace("protocol: plaintext}}", "protocol: plaintext}, secret: streams-kafka}").replace(
            "{bootstrapServers: 'new-1:9096, new-2:9096'}",
            "{bootstrapServers: 'new-1:9096', secret: streams-kafka-new}",
        );
        let after = |own: &Own| -> Vec<_> {
            own.settings_after().unwrap().into_iter().map(|(path, text)| format!("{}={text}", path.join("."))).collect()
        };
        let mut own = Own::new(&values(&text));
        assert_eq!(after(&own), ["hwdr.streams.kafka.secret=streams-kafka-new"], "the database is not there yet");
        own.host = Some("streams-prod-2.c9.eu-west-1.rds.amazonaws.com".to_owned());
        assert_eq!(after(&own)[0], "hwdr.streams.mariadb.instance=streams-prod-2");
        // Helm gets the chart's values alone.
        assert!(own.cutover().unwrap().iter().all(|(path, _)| path[0] != "hwdr"));
        // A file without the setting stays without it.
        let mut own = Own::new(&values(BOTH));
        own.host = Some("streams-prod-2.c9.eu-west-1.rds.amazonaws.com".to_owned());
        assert_eq!(after(&own), ["hwdr.streams.mariadb.instance=streams-prod-2"]);
    }

    #[test]
    fn what_hwdr_would_not_write_is_refused() {
        let own = Own::new(&values(BOTH)).to_json();
        let with = |path: &[&str], value: Json| {
            let mut own = own.clone();
            put(&mut own, path, value);
            own
        };
        for (own, expected) in [
            (Json::Null, "cannot be read"),
            (with(&["host"], json!("a b")), "not a host"),
            (with(&["brokers"], json!(["b-1:9092", "-x"])), "own.brokers has \"-x\""),
            (with(&["oldBrokers"], json!(["-x"])), "own.oldBrokers has \"-x\""),
            (with(&["more"], json!(1)), "unknown field"),
            (with(&["ends"], json!({"a\"b": {"0": 1}})), "own.ends: topic"),
            (with(&["ends"], json!({"a": {"0": -1}})), "own.ends has partition 0 of topic a at -1"),
            (with(&["began"], json!({"a": {"0": -1}})), "own.began has partition 0 of topic a at -1"),
            (with(&["backBegun"], json!(true)), "own.backBegun is set"),
            (with(&["values"], json!({})), "no restore"),
            (with(&["values", "hwdr", "streams", "restore", "mariadb", "instance"], json!("-")), "own.values"),
        ] {
            let refused = Own::read(&own).unwrap_err();
            assert!(refused.contains(expected), "{own}: {refused}");
        }
        let plan = |target: &str| json!({"run": "a", "target": target, "origin": {"snapshot": "before"}, "wanted": {}, "tags": {}, "notes": []});
        let planned = with(&["plan"], plan("streams-prod-2"));
        assert_eq!(
            Own::read(&planned).unwrap().plan.map(|plan| plan.target.to_string()).as_deref(),
            Some("streams-prod-2")
        );
        let refused = Own::read(&with(&["plan"], plan("streams-prod-3"))).unwrap_err();
        assert!(refused.contains("own.plan makes instance streams-prod-3"), "{refused}");
        let mut begun = with(&["ends"], json!({"a": {"0": 1}}));
        put(&mut begun, &["backBegun"], json!(true));
        assert_eq!(Own::read(&begun).unwrap().to_json(), begun);
    }
}
