//! Superset, whose dashboards, connections and users are in a MySQL of its own: charts from 5.2 on back it up and restore it
//! (docs.hopsworks.ai, "Disaster Recovery", 5.2).

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

pub mod alone;
pub mod asked;
mod backups;
pub(super) mod beforehand;
pub(super) mod doctor;
pub mod facts;
mod fence;
pub mod id;
pub(super) mod key;
mod plan;
mod read_back;
mod stored;
pub(super) mod verify;

use serde_json::Value as Json;

use super::plan::{Input, Part};
use super::request::Restore;
use crate::backup_files::velero::objects;
use crate::backups::{Seen, Series};
use crate::cluster::Cluster;
use crate::doctor::Call;
use crate::product::request::Barrier;
use crate::product::service::{Doing, Files, Look, Service};
use crate::product::shelf::{Shelf, Stored};
use crate::refusal::Refusal;
use crate::run::{Halt, Run};
use crate::steps::{Object, Planned};
use crate::topology::{Pod, Role, is_lasting};
use crate::verify::Verify;

/// Superset.
pub struct Superset;

/// What uses the database: web server, workers, beat, flower, websocket (templates of the upstream chart, `app: superset…`).
pub const APPLICATION: Role = Role { name: "superset", rank: 50, group: "Superset", stops: Some(0), holds_data: false };
/// The Job that migrates the database's schema.
pub const INIT: Role = Role { name: "supersetInit", rank: 51, group: "Superset", stops: Some(0), holds_data: false };
/// Its MySQL.
pub const DATABASE: Role =
    Role { name: "supersetDatabase", rank: 52, group: "Superset", stops: Some(2), holds_data: true };
/// The CronJob that dumps the database.
pub const BACKUP: Role = Role { name: "supersetBackup", rank: 53, group: "backups", stops: Some(0), holds_data: false };

/// Where that listens, for those that do not say otherwise.
const DATABASE_PORT: u16 = 3306;

/// Its name.
pub const NAME: &str = "superset";
/// The first ConfigMap of its backups, by default.
pub const METADATA: &str = "superset-backups-metadata";
/// The folder of its backups in the bucket, by default.
pub const FOLDER: &str = "superset_backup";
/// The files of a backup, in a folder that is called like its id.
pub const DUMP: &str = "superset.sql.gz";
/// See [`DUMP`].
pub const MANIFEST: &str = "manifest.json";
/// The ConfigMap of its restores: who restored what, and the fence.
pub const AUDIT: &str = "superset-restore-audit";
/// The key in it: while it is there, Superset's backups are skipped.
pub const FENCE: &str = "inProgress";
/// What its restore Job is called, before the id.
pub const MARKER: &str = "superset-restore";
/// What the Job that migrates the schema is called, before the id.
pub const SCHEMA: &str = "hwdr-superset-schema";
/// How the chart holds Superset at zero while it restores (docs.hopsworks.ai, "Superset restore", 5.2).
pub static BARRIER: Barrier = Barrier {
    overlay: "values.superset-restore.yaml",
    off: "global._hopsworks.restoreFromBackup.superset.enabled=false",
    roles: &[APPLICATION],
    jobs: &[MARKER, SCHEMA],
};

impl Service for Superset {
    fn name(&self) -> &'static str {
        NAME
    }

    fn title(&self) -> &'static str {
        "Superset"
    }

    fn roles(&self) -> &'static [Role] {
        &[APPLICATION, INIT, DATABASE, BACKUP]
    }

    fn role(&self, kind: &str, pod: &Pod) -> Option<Role> {
        let is_superset = |name: &str| name == "superset" || name.starts_with("superset-");
        match kind {
            "CronJob" if dumps(pod) => Some(BACKUP),
            "Job" if pod.containers().any(|container| container["name"] == "superset-init-db") => Some(INIT),
            "StatefulSet" if pod.label("app.kubernetes.io/name") == "mysql" && pod.has("mysql") => Some(DATABASE),
            _ if is_lasting(kind) && is_superset(pod.label("app")) => Some(APPLICATION),
            _ => None,
        }
    }

    fn templates(&self) -> Files {
        &[
            ("superset.yaml", include_str!("templates/superset.yaml")),
            ("superset-access.yaml", include_str!("templates/superset-access.yaml")),
            ("superset-schema.yaml", include_str!("templates/superset-schema.yaml")),
            ("pieces/superset-env.yaml", include_str!("templates/pieces/superset-env.yaml")),
            ("pieces/superset-look.yaml", include_str!("templates/pieces/superset-look.yaml")),
        ]
    }

    fn scripts(&self) -> Files {
        &[("superset.sh", include_str!("templates/superset.sh"))]
    }

    /// One Job reloads the database, the other migrates it.
    fn calls(&self) -> &'static [Call] {
        &[Call { labels: &[], role: DATABASE, port: DATABASE_PORT }]
    }

    fn look(&self, object: &Object) -> Option<Look> {
        // Whoever reloads the dump, hwdr's Job migrates it.
        (object.template == "superset-schema.yaml").then(|| Look {
            template: "pieces/superset-look.yaml",
            script: Some(("superset.sh", "look")),
            volumes: Vec::new(),
        })
    }

    fn fence<'r>(&self, cluster: &'r Cluster) -> Doing<'r, Result<Option<String>, Halt>> {
        Box::pin(fence::read(cluster))
    }

    fn lift<'r>(&self, run: &'r mut Run, is_undone: bool) -> Doing<'r, Result<(), Halt>> {
        Box::pin(fence::lift(run, is_undone))
    }

    fn verify<'r>(&self, run: &'r mut Run) -> Doing<'r, Result<(), Halt>> {
        Box::pin(read_back::read(run))
    }

    fn backups(&self, seen: &Seen) -> Vec<Series> {
        backups::series(seen).into_iter().collect()
    }

    fn stored<'r>(&'r self, shelf: &'r Shelf<'r>) -> Doing<'r, Stored> {
        Box::pin(stored::read(shelf))
    }

    fn clean_up(&self) -> Option<&'static str> {
        Some(
            "is cleaned up by its own CronJob: each run deletes backups that are older than the ttl, and their records. Nothing exempts one of \
             them; a longer ttl in the values (superset.backups.ttl) keeps all",
        )
    }

    fn verifier(&self) -> Option<Box<dyn Verify>> {
        Some(Box::new(verify::Check::default()))
    }
}

/// Whether pods of a CronJob dump Superset's database.
fn dumps(pod: &Pod) -> bool {
    let of = |container: &Json| ["name", "image", "command", "args", "env"].map(|key| container[key].to_string());
    let labels =
        ["app", "app.kubernetes.io/name", "app.kubernetes.io/component"].map(|name| pod.label(name).to_owned());
    let words: Vec<_> = pod.all_containers().flat_map(of).chain(labels).map(|text| text.to_lowercase()).collect();
    let says = |word: &str| words.iter().any(|text| text.contains(word));
    says("superset") && (says("mysqldump") || says("backup"))
}

impl Part for Superset {
    fn plan(&self, input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
        let Some(asked) = &input.restore.superset else { return Ok(Vec::new()) };
        let Restore { velero, velero_main, hopsfs_bucket, .. } = input.restore;
        let archive = hopsfs_bucket.as_ref().zip(velero_main.as_ref()).map(|(bucket, name)| {
            let folder = if velero.prefix.is_empty() { String::new() } else { format!("{}/", velero.prefix) };
            format!("{bucket}/{}{}", objects::folder(&folder, name), objects::archive(name))
        });
        plan::plan(&plan::Input {
            asked,
            topology: input.topology,
            storage: &input.facts.storage,
            bucket: input.restore.hopsfs_bucket.as_deref(),
            mode: input.restore.mode,
            with_objects: before.iter().any(|step| step.step == "objects"),
            archive,
        })
    }

    fn warnings(&self, input: &Input, _: &[Planned]) -> Vec<String> {
        let asked = input.restore.superset.iter();
        asked.flat_map(|asked| plan::warnings(asked, input.restore.rondb.time())).collect()
    }
}
