//! Axway Streams on Kubernetes, with its MariaDB on AWS RDS and its Kafka outside: all that hwdr knows about it.

pub mod chart;
pub mod database;
pub mod kafka;
pub mod keys;
pub mod maker;
pub mod objects;
pub mod own;
pub mod preflight;
pub mod request;
pub mod rules;
pub mod secrets;
mod services;
pub mod settings;
pub mod steps;

use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::request::{Backup, Request};
use super::service::Service;
use super::{Keys, Path, Product, Storage};
use crate::doctor::{Facts, Line, Mend};
use crate::lint::rules::Rule;
use crate::lint::schema::{self, Node};
use crate::mode::Mode;
use crate::refusal::Refusal;
use crate::run::Step;
use crate::topology::Role;
use crate::values::Value;
use crate::velero::Velero;
use own::Own;
use settings::Settings;
use settings::names::{Setting as _, VeleroBackup};

/// Axway Streams.
pub struct Streams;

/// The step that restores the namespace.
const OBJECTS: &str = "objects";

impl Product for Streams {
    fn name(&self) -> &'static str {
        "streams"
    }

    fn title(&self) -> &'static str {
        "Axway Streams"
    }

    /// The word is in many names: only the whole name of a chart, with its path, is this one.
    fn is_named(&self, name: &str) -> bool {
        name.rsplit('/').next() == Some(self.name())
    }

    fn names(&self) -> &'static [&'static str] {
        &["Axway"]
    }

    fn keys(&self) -> &'static Keys {
        &keys::KEYS
    }

    fn schema(&self) -> &'static str {
        include_str!("schema.json")
    }

    fn shape(&self) -> &'static Node {
        static SHAPE: LazyLock<Node> = LazyLock::new(|| schema::read(Streams.schema()));
        &SHAPE
    }

    fn rules(&self) -> &'static [&'static dyn Rule] {
        rules::ALL
    }

    fn services(&self) -> &'static [&'static dyn Service] {
        &[&objects::Objects, &services::MariaDb, &services::Kafka]
    }

    fn groups(&self) -> &'static [&'static str] {
        &[Role::APPLICATION.group]
    }

    /// All its pods are applications: what holds data is outside.
    fn anchor(&self) -> Role {
        Role::APPLICATION
    }

    fn request(&self, values: &Value, mode: Mode) -> Result<Option<Box<dyn Request>>, Refusal> {
        Ok(request::Asked::from_values(values, mode)?.map(|asked| Box::new(asked) as Box<dyn Request>))
    }

    fn steps(&self, mode: Mode, own: &Json) -> Vec<Step> {
        steps::of(mode, own)
    }

    fn check_own(&self, own: &Json) -> Result<(), String> {
        Own::read(own).map(drop)
    }

    fn cutover(&self, own: &Json) -> Result<Vec<(Vec<&'static str>, String)>, Refusal> {
        let own = Own::read(own).map_err(Refusal::new)?;
        Ok([own.cutover()?, own.settings_after()?].concat())
    }

    fn times(&self, own: &Json) -> Vec<(String, Timestamp)> {
        Own::read(own).map(|own| own.times.into_iter().collect()).unwrap_or_default()
    }

    fn velero(&self, values: &Value) -> Result<Velero, Refusal> {
        let velero = Settings::from_values(values)?.velero;
        Ok(Velero {
            namespace: velero.namespace.0,
            main_schedule: velero.schedule.0.clone(),
            // There is one schedule: the namespace is backed up as a whole.
            users_schedule: velero.schedule.0,
            location: velero.storage_location.0,
            prefix: String::new(),
            ..Velero::default()
        })
    }

    /// How long backups of the namespace are kept, and when they are made; the data are in no bucket.
    fn storage(&self, values: &Value) -> Result<Storage, Refusal> {
        let velero = Settings::from_values(values)?.velero;
        Ok(Storage { ttl: Some(velero.ttl.seconds), cron: Some(velero.cron.0), ..Storage::default() })
    }

    fn backup_keys(&self) -> &'static [Path] {
        &[
            keys::VELERO_TTL,
            &["hwdr", "streams", "velero", "namespace"],
            &["hwdr", "streams", "velero", "storageLocation"],
            &["hwdr", "streams", "velero", "schedule"],
        ]
    }

    /// The id of a backup is the name of a Velero backup of the namespace.
    fn backup(&self, id: &str) -> Result<Backup, String> {
        let name = VeleroBackup::parse(id).ok_or_else(|| format!("expected {}", VeleroBackup::EXPECTED))?;
        Ok(Backup { time: name.time(), id: name.0 })
    }

    fn restore_values(&self, id: &str, _parts: &[(String, &str)], _mode: Mode) -> Json {
        json!({"hwdr": {"streams": {"restore": {"namespace": {"backup": id}}}}})
    }

    fn ends(&self) -> &'static str {
        "status.completionTimestamp of Velero's Backup"
    }

    fn examine(&self, facts: &Facts) -> Vec<Line> {
        objects::doctor::examine(facts)
    }

    fn mends(&self, facts: &Facts) -> Vec<Mend> {
        objects::doctor::mends(facts)
    }

    fn unexamined(&self) -> &'static [&'static str] {
        &[
            "The database and Kafka, which are backed up outside of the cluster: helm hwdr streams database list, helm hwdr streams mirror.",
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::{self, FIRST, PRODUCTS};
    use crate::source::Source;
    use crate::values::read_one;

    fn read(text: &str) -> Value {
        read_one(Source::new("values.yaml", text)).unwrap()
    }

    #[test]
    fn values_say_whose_they_are() {
        for text in [
            "externalizedMariadb: {host: a}",
            "externalizedKafka: {}",
            "embeddedMariadb: {enabled: false}",
            "embeddedKafka:",
            "acceptGeneralConditions: \"yes\"",
            "hwdr: {streams: {}}",
            "hub: {replicaCount: 2}\nhwdr: {product: streams}",
            "hopsworks: {}\nhwdr: {product: streams}",
            "hwdr: {streams: {restore: {namespace: {backup: a}}}}\nhopsworks: {velero: {}}",
        ] {
            assert_eq!(product::of(&read(text)).name(), "streams", "{text}");
            assert!(product::is_known(&read(text)), "{text}");
        }
        for text in [
            "",
            "streams: {x: 1}",
            "hub: {replicaCount: 2}",
            "hwdr: {hopsfs: {from: here}}",
            "global: {_hopsworks: {}}",
            "hopsworks: {}\nembeddedKafka: {}",
            "embeddedKafka: {}\nhwdr: {product: hopsworks}",
            "hwdr: {product: grafana}",
            "global: {_hopsworks: {restoreFromBackup: {backupId: '254811200'}}}\nhwdr: {streams: {restore: {namespace: {backup: a}}}}",
        ] {
            assert_eq!(product::of(&read(text)).name(), FIRST.name(), "{text}");
        }
    }

    #[test]
    fn a_charts_name_is_whole() {
        let is_named = |name: &str| PRODUCTS.iter().any(|product| product.is_named(name));
        assert!(is_named("streams") && is_named("charts/streams") && is_named("hopsworks-prod"));
        assert!(!is_named("kafka-streams") && !is_named("streams-app") && !is_named("upstreams"));
    }
}
