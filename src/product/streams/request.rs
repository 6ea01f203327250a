//! A restore of Streams: of its database and its Kafka in place, or of its namespace, with or without them, where that is gone.

use serde_json::{Value as Json, json};

use super::own::Own;
use super::preflight;
use super::settings::{KafkaRestore, MariaDbRestore, Origin, Restore, Settings};
use super::steps::{KAFKA, MARIADB, start_every_day};
use super::{Streams, chart, keys};
use crate::cluster::Cluster;
use crate::mode::Mode;
use crate::plan::PointOfNoReturn;
use crate::product::request::{Backup, Draft, Ground, Request};
use crate::product::service::Doing;
use crate::product::{Path, Product};
use crate::refusal::Refusal;
use crate::s3::preflight::Stopped;
use crate::sha256;
use crate::steps::{By, Planned};
use crate::topology::Topology;
use crate::values::Value;
use crate::velero::Velero;

/// The restore.
#[derive(Debug)]
pub struct Asked {
    settings: Settings,
    restore: Restore,
    own: Own,
    velero: Velero,
}

impl Asked {
    /// The restore that `values` ask for, or none.
    ///
    /// # Errors
    /// If a setting is wrong; if the chart's own server would be used instead of the restored one; if the mode does not fit.
    pub fn from_values(values: &Value, mode: Mode) -> Result<Option<Self>, Refusal> {
        let settings = Settings::from_values(values)?;
        let Some(restore) = settings.restore.clone() else { return Ok(None) };
        for (part, is_asked) in [(&chart::MARIADB, restore.mariadb.is_some()), (&chart::KAFKA, restore.kafka.is_some())]
        {
            if is_asked {
                will_be_used(values, part)?;
            }
        }
        match (mode, &restore.namespace) {
            (Mode::Upgrade, Some(_)) => Err(at(values, keys::RESTORE_BACKUP)(
                "asks for the namespace, but the release is there: Velero restores only what does not exist".to_owned(),
            )
            .help("where only the database or Kafka is lost, leave the namespace out")
            .help("where the namespace is gone: helm hwdr install")),
            (Mode::Install, None) => Err(at(values, keys::RESTORE)(
                "names no Velero backup of the namespace, and its Secrets are in no other place".to_owned(),
            )
            .help(format!("name it: {}", keys::RESTORE_BACKUP.join(".")))
            .help("where the release still exists: helm hwdr upgrade")),
            _ => Ok(Some(Self { own: Own::new(values), velero: Streams.velero(values)?, settings, restore })),
        }
    }

    fn parts(&self) -> Vec<Planned> {
        let Restore { namespace, mariadb, kafka, .. } = &self.restore;
        let namespace = namespace.as_ref().map(|backup| Planned {
            does: "restores the namespace: every object that is not there".to_owned(),
            verified: "Velero's Restore is Completed, and all pods are ready",
            undone: "delete the namespace",
            backup_time: backup.time().map(|time| time.to_string()),
            ..Planned::new(super::OBJECTS, backup, By::Before("Velero"))
        });
        let mariadb = mariadb.as_ref().map(|asked| self.database(asked));
        let kafka = kafka.as_ref().map(|asked| self.kafka(asked));
        namespace.into_iter().chain(mariadb).chain(kafka).collect()
    }

    fn database(&self, asked: &MariaDbRestore) -> Planned {
        let source = self.settings.mariadb.as_ref().map_or_else(String::new, |source| source.instance.to_string());
        Planned {
            does: format!(
                "restores {} into the new RDS instance {}, with the settings of {source}; Streams then uses it ({})",
                match &asked.from {
                    Origin::Snapshot(id) => format!("snapshot {id}"),
                    Origin::PointInTime(time) => format!("{source} at {time}"),
                },
                asked.instance,
                key(&chart::MARIADB)
            ),
            backup_time: match &asked.from {
                Origin::Snapshot(_) => None,
                Origin::PointInTime(time) => Some(time.to_string()),
            },
            verified: "the instance is available with its parameter group in force; no pod is connected to the old host",
            undone: "the old host is set again; no instance is deleted",
            ..Planned::new(MARIADB, &asked.from, By::Before("AWS RDS, before helm upgrades the release"))
        }
    }

    fn kafka(&self, asked: &KafkaRestore) -> Planned {
        let servers = &asked.bootstrap_servers;
        let from =
            self.settings.kafka.as_ref().map_or_else(String::new, |kafka| kafka.backup.bootstrap_servers.to_string());
        Planned {
            does: format!(
                "mirrors topics and consumer groups to the new cluster {servers}; Streams then uses it ({})",
                key(&chart::KAFKA)
            ),
            verified: "no record is missing, and no consumer group skips one",
            undone: "the old servers are set again; no topic is deleted",
            ..Planned::new(KAFKA, from, By::Before("MirrorMaker 2, before helm upgrades the release"))
        }
    }

    /// What the restore does not do, or does otherwise than one may think.
    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.restore.mariadb.is_some() && self.restore.kafka.is_none() {
            warnings.push(
                "The database goes back to its backup, and Kafka does not: what Streams has read from Kafka since then is not read again. To have it read \
                 again, set the consumer groups back to that time while Streams is stopped (kafka-consumer-groups.sh --reset-offsets --to-datetime)"
                    .to_owned(),
            );
        }
        if self.restore.kafka.is_some() {
            warnings.push(
                "MirrorMaker brings over topics with their settings, groups, and ACLs of topics that read. It does not bring users, quotas, ACLs that write, \
                 and ACLs of groups: the new cluster must have them"
                    .to_owned(),
            );
            warnings.push("Records that had not been mirrored when the old Kafka was lost are lost".to_owned());
            let back = self.restore.kafka.as_ref().and_then(|kafka| kafka.mirror_back_as.as_ref());
            // Before the namespace is back, nobody has the credentials to look.
            if let (Some(name), Mode::Install) = (back, self.mode()) {
                warnings.push(format!(
                    "Whether a cluster called {} was mirrored to the backup cluster before is looked at when the Secrets are back: the name must be new there \
                     (hwdr.streams.restore.kafka.mirrorBackAs), and a run cannot be given another one",
                    name.as_str()
                ));
            }
            if back.is_none() {
                warnings.push(
                    "Nothing mirrors the new cluster afterwards. To have it mirrored to the backup cluster from the end of this run on, name it: \
                     hwdr.streams.restore.kafka.mirrorBackAs. Later, it can be mirrored to a backup cluster that is empty, and to no other"
                        .to_owned(),
                );
            }
            if self.settings.kafka.as_ref().is_none_or(|kafka| kafka.image.is_none()) {
                warnings.push(
                    "No image for MirrorMaker is named (hwdr.streams.kafka.image), and the chart's values do not say which it has: the run will wait until \
                     you start MirrorMaker yourself"
                        .to_owned(),
                );
            }
        }
        let mirrored =
            self.settings.kafka.as_ref().filter(|_| self.mode() == Mode::Install && self.restore.kafka.is_none());
        if let Some(kafka) = mirrored {
            warnings.push(format!(
                "Nothing mirrors Kafka afterwards, if its mirror ran in the namespace: that is in no backup, so that it does not come back by itself. \
                 Start it again, with the --name that it had:\n{}",
                start_every_day(kafka.image.is_some(), "NAMESPACE")
            ));
        }
        warnings
    }
}

/// Checks that the chart will use the server that takes the place of this one.
fn will_be_used(values: &Value, part: &chart::Part) -> Result<(), Refusal> {
    if part.is_embedded(values).unwrap_or(true) {
        let embedded = part.embedded.join(".");
        return Err(at(values, keys::RESTORE)(format!(
            "asks for a restore of the {} outside, but the chart uses its own: {embedded} is not false",
            part.title
        ))
        .help(format!("set {embedded}: false, as in the values of the running release")));
    }
    match part.address(values) {
        Some((_, value)) if value.place.source.name.starts_with("--") => Err(Refusal::new(format!(
            "{} comes from a flag ({}), which would win over the new server",
            key(part),
            value.place.source.name
        ))
        .help("write it into a values file, and leave out the flag")),
        _ => Ok(()),
    }
}

/// The place in the chart's values of a server outside.
fn key(part: &chart::Part) -> String {
    format!("{}.{}", part.external.join("."), part.address)
}

/// A refusal at a place in the values.
fn at<'v>(values: &'v Value, path: Path) -> impl Fn(String) -> Refusal + use<'v> {
    let place = values.get(path).map(|value| value.place.clone());
    move |problem| Refusal::new(format!("{} {problem}", path.join("."))).at(place.clone())
}

impl Request for Asked {
    fn product(&self) -> &'static dyn Product {
        &Streams
    }

    fn mode(&self) -> Mode {
        if self.restore.namespace.is_some() { Mode::Install } else { Mode::Upgrade }
    }

    /// The record of a run has this name: another restore has another one.
    fn backup(&self) -> Backup {
        let Restore { namespace, mariadb, kafka, .. } = &self.restore;
        let of_kafka =
            |kafka: &KafkaRestore| format!("kafka-{}", sha256::short(kafka.bootstrap_servers.to_string(), 8));
        let time = match mariadb.as_ref().map(|asked| &asked.from) {
            Some(Origin::PointInTime(time)) => Some(*time),
            _ => None,
        };
        match (namespace, mariadb, kafka) {
            (Some(backup), ..) => Backup { id: backup.to_string(), time: backup.time() },
            (None, Some(database), _) => Backup { id: database.instance.to_string(), time },
            (None, None, Some(kafka)) => Backup { id: of_kafka(kafka), time: None },
            // Settings::from_values gives no restore that asks for nothing.
            (None, None, None) => Backup { id: String::new(), time: None },
        }
    }

    fn velero(&self) -> &Velero {
        &self.velero
    }

    fn objects(&self) -> [Option<&str>; 2] {
        let backup = self.restore.namespace.as_ref().map(|backup| backup.as_str());
        [backup, backup]
    }

    fn needs_a_run(&self) -> bool {
        true
    }

    fn own(&self) -> Json {
        self.own.to_json()
    }

    fn is_whole(&self) -> bool {
        self.restore.namespace.is_some()
    }

    fn draft(&self, _: &Topology, _: &str) -> Result<Draft, Refusal> {
        Ok(Draft {
            steps: self.parts(),
            warnings: self.warnings(),
            missing: Vec::new(),
            facts: vec![("streams", self.own.facts().clone())],
        })
    }

    fn cost(&self) -> Option<String> {
        let Restore { namespace, mariadb, kafka, .. } = &self.restore;
        let namespace =
            namespace.as_ref().map(|backup| format!("its namespace comes back from Velero backup {backup}"));
        let mariadb = mariadb.as_ref().map(|asked| {
            format!(
                "its database is restored from {} to a new RDS instance, {}, which costs what an instance costs",
                asked.from, asked.instance
            )
        });
        let kafka = kafka.as_ref().map(|_| "its Kafka is what was mirrored to the backup cluster".to_owned());
        let parts: Vec<_> = namespace.into_iter().chain(mariadb).chain(kafka).collect();
        let back = match self.mode() {
            Mode::Upgrade => {
                "Its pods stop meanwhile. The servers of today are left as they are; until helm hwdr finalize, helm hwdr undo goes back to them."
            }
            Mode::Install => "Nothing that exists is changed.",
        };
        Some(format!("{}. {back}", parts.join("; ")))
    }

    fn point_of_no_return(&self) -> PointOfNoReturn {
        PointOfNoReturn {
            step: None,
            why: "the old instance and the old Kafka are left as they are; what is written to the new ones is not in the old",
        }
    }

    /// Nothing is injected.
    fn ground(&self, _: &Topology) -> Ground {
        Ground { account: None, toolbox: None, deadline: 0, more: json!({}) }
    }

    fn can_run_locally<'r>(
        &'r self,
        cluster: &'r Cluster,
        _: &'r Topology,
        _: &'r [Planned],
        _: bool,
    ) -> Doing<'r, Result<(), Stopped>> {
        Box::pin(async { preflight::check(cluster, &self.own).await.map_err(Stopped::Refused) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::own::tests::{BOTH, values};
    use super::*;

    fn asked(text: &str, mode: Mode) -> Result<Option<Asked>, Refusal> {
        Asked::from_values(&values(text), mode)
    }

    #[test]
    fn a_restore_in_place_has_a_step_for_each_part() {
        let asked = asked(BOTH, Mode::Upgrade).unwrap().unwrap();
        let steps = asked.parts();
        assert_eq!(steps.iter().map(|step| step.step).collect::<Vec<_>>(), ["mariadb", "kafka"]);
        assert!(
            steps[0].does.contains("snapshot before") && steps[0].does.contains("streams-prod-2"),
            "{}",
            steps[0].does
        );
        assert_eq!(asked.backup().id, "streams-prod-2");
        assert_eq!((asked.mode(), asked.objects()), (Mode::Upgrade, [None, None]));
    }

    #[test]
    fn a_run_has_only_the_steps_that_are_asked_for() {
        let names = |text: &str, mode: Mode| -> Vec<&str> {
            let own = asked(text, mode).unwrap().unwrap().own();
            Streams.steps(mode, &own).iter().map(|step| step.name).collect()
        };
        let both = ["fence", "mariadb", "quiesce", "kafka", "helm", "verify", "unfence"];
        assert_eq!(names(BOTH, Mode::Upgrade), both);
        let back = BOTH.replace("new-2:9096'}", "new-2:9096', mirrorBackAs: restored}");
        assert_eq!(names(&back, Mode::Upgrade)[both.len()..], ["mirror-back"]);
        let database = BOTH.replace("      kafka: {bootstrapServers: 'new-1:9096, new-2:9096'}\n", "");
        assert_eq!(names(&database, Mode::Upgrade), ["fence", "mariadb", "quiesce", "helm", "verify", "unfence"]);
        let (head, _) = BOTH.split_once("      mariadb: {snapshot").unwrap();
        let namespace = format!("{head}      namespace: {{backup: streams-20260101030000}}\n");
        assert_eq!(names(&namespace, Mode::Install), ["storage", "fence", "objects", "verify", "unfence"]);
    }

    #[test]
    fn that_nothing_mirrors_kafka_afterwards_is_said() {
        let warnings = |text: &str, mode: Mode| asked(text, mode).unwrap().unwrap().warnings().join("\n");
        let (head, _) = BOTH.split_once("      mariadb: {snapshot").unwrap();
        let namespace = format!("{head}      namespace: {{backup: streams-20260101030000}}\n");
        let said = warnings(&namespace, Mode::Install);
        assert!(said.contains("helm hwdr streams mirror --for backup --properties -f values.yaml"), "{said}");
        let without =
            namespace.replace("    kafka: {backup: {bootstrapServers: 'b-1:9096', protocol: plaintext}}\n", "");
        assert_eq!(warnings(&without, Mode::Install), "", "nothing mirrored it before");
        let kafka = format!("{namespace}      kafka: {{bootstrapServers: 'new-1:9096'}}\n");
        assert!(!warnings(&kafka, Mode::Install).contains("if its mirror ran in the namespace"));
    }

    #[test]
    fn each_restore_has_a_name_of_its_own() {
        let id = |text: &str| asked(text, Mode::Upgrade).unwrap().unwrap().backup().id;
        let kafka_alone = BOTH.replace("      mariadb: {snapshot: before, instance: streams-prod-2}\n", "");
        let other = kafka_alone.replace("new-1:9096", "new-3:9096");
        assert!(id(&kafka_alone).starts_with("kafka-") && id(&kafka_alone) != id(&other));
        assert!(crate::names::is_object(&id(&kafka_alone)));
    }

    #[test]
    fn a_mode_that_does_not_fit_is_refused() {
        let whole = BOTH.replace("    restore:\n", "    restore:\n      namespace: {backup: streams-20260101030000}\n");
        let both = asked(&whole, Mode::Install).unwrap().unwrap();
        assert_eq!(both.backup().id, "streams-20260101030000");
        assert_eq!(both.parts().len(), 3);
        for (text, mode, expected) in [
            (whole.as_str(), Mode::Upgrade, "helm hwdr install"),
            (BOTH, Mode::Install, "hwdr.streams.restore.namespace.backup"),
            (&BOTH.replace("embeddedKafka: {enabled: false}", ""), Mode::Upgrade, "embeddedKafka.enabled: false"),
        ] {
            let refusal = asked(text, mode).unwrap_err();
            assert!(refusal.place.is_some() && refusal.help.iter().any(|help| help.contains(expected)), "{refusal:?}");
        }
        assert!(asked("hwdr: {streams: {restore: {}}}", Mode::Upgrade).unwrap().is_none());
    }
}
