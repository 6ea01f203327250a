//! Superset, whose dashboards, connections and users are in a MySQL of its own: charts from 5.2 on back it up and restore it
//! (docs.hopsworks.ai, "Disaster Recovery", 5.2).

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

mod backups;
pub(super) mod doctor;
pub mod id;
mod stored;
mod verify;

use serde_json::Value as Json;

use super::plan::{Input, Part};
use crate::backups::{Seen, Series};
use crate::product::service::{Doing, Service};
use crate::product::shelf::{Shelf, Stored};
use crate::refusal::Refusal;
use crate::steps::Planned;
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
/// The Secret with the key that encrypts the connections in the database.
pub const KEY: &str = "superset-secret-key";
/// The ConfigMap of its restores: who restored what, and the fence.
pub const AUDIT: &str = "superset-restore-audit";
/// The key in it: while it is there, Superset's backups are skipped.
pub const FENCE: &str = "inProgress";
/// What its restore Job is called, before the id.
pub const MARKER: &str = "superset-restore";

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
    fn plan(&self, _input: &Input, _before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
        Ok(Vec::new())
    }
}
