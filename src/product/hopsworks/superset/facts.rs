//! Superset in the stream.

use serde_json::{Value as Json, json};

use super::key::ENTRY;
use super::{APPLICATION, DATABASE};
use crate::topology::read::{items, text};
use crate::topology::{PodSettings, Topology};

/// Where the upstream chart mounts Superset's configuration and scripts (apache/superset, `configMountPath`).
const CONFIG: &str = "/app/pythonpath";
/// The volume with them, by that chart's name for it.
const CONFIG_VOLUME: &str = "superset-config";
/// The variable with the key that encrypts the passwords of connections.
const KEY: &str = "SUPERSET_SECRET_KEY";
/// The kinds of volumes that another pod may mount, too.
const SHARED: [&str; 5] = ["secret", "configMap", "projected", "downwardAPI", "emptyDir"];

/// Superset, as the chart runs it.
#[derive(Debug, Clone)]
pub struct Superset {
    /// The image of its web server.
    pub image: String,
    /// What an injected pod adopts from it.
    pub settings: PodSettings,
    /// The variables of its container.
    pub env: Vec<Json>,
    /// Where more of them come from.
    pub env_from: Json,
    /// What its container mounts.
    pub mounts: Vec<Json>,
    /// The volumes behind that.
    pub volumes: Vec<Json>,
    /// Where its configuration and scripts are.
    pub config: String,
    /// The variable with the key, if it has one.
    pub key: Option<Json>,
    /// The labels `app` of everything that uses the database.
    pub apps: Vec<String>,
    /// Its database.
    pub database: Option<Database>,
}

/// Superset's MySQL, as the chart runs it.
#[derive(Debug, Clone)]
pub struct Database {
    /// Its image.
    pub image: String,
    /// Its address.
    pub host: String,
    /// Its name.
    pub name: String,
    /// Its user, who may change no other database; empty if the chart names none.
    pub user: String,
    /// The variable with that user's password.
    pub password: Json,
}

impl Superset {
    /// Superset, if the stream has it.
    pub fn of(topology: &Topology) -> Option<Self> {
        let all = || topology.role(APPLICATION);
        let node = all().find(|workload| workload.pod.label("app") == "superset").or_else(|| all().next())?;
        let container = node.pod.containers().find(|container| container["name"] == "superset");
        let container = container.or_else(|| node.pod.containers().next())?;
        let mounts: Vec<_> = items(&container["volumeMounts"]).cloned().collect();
        let is_shared = |volume: &&Json| SHARED.iter().any(|kind| volume[*kind].is_object());
        let is_mounted = |volume: &&Json| mounts.iter().any(|mount| mount["name"] == volume["name"]);
        let volumes: Vec<_> = items(&node.pod.spec["volumes"]).filter(is_shared).filter(is_mounted).cloned().collect();
        let mounts: Vec<_> =
            mounts.into_iter().filter(|mount| volumes.iter().any(|volume| volume["name"] == mount["name"])).collect();
        let config = mounts.iter().find(|mount| mount["name"] == CONFIG_VOLUME);
        let env: Vec<_> = items(&container["env"]).cloned().collect();
        let mut apps: Vec<_> = all().map(|workload| workload.pod.label("app").to_owned()).collect();
        apps.sort();
        apps.dedup();
        Some(Self {
            image: text(&container["image"]).to_owned(),
            settings: node.pod.settings(),
            env_from: container["envFrom"].clone(),
            config: config.map_or(CONFIG, |mount| text(&mount["mountPath"])).to_owned(),
            key: env.iter().find(|entry| entry["name"] == KEY).map(optional),
            env,
            mounts,
            volumes,
            apps,
            database: Database::of(topology),
        })
    }

    /// Whether the chart itself holds everything that uses the database at zero, and its init Job back.
    pub fn is_held(topology: &Topology) -> bool {
        topology.role(APPLICATION).all(|workload| workload.replicas == Some(0))
    }
}

/// The variable with the key, from the chart's own Secret of this name.
pub fn key_of(secret: &str) -> Json {
    json!({"name": KEY, "valueFrom": {"secretKeyRef": {"name": secret, "key": ENTRY, "optional": true}}})
}

/// The same reference, for a pod that starts without the Secret.
fn optional(entry: &Json) -> Json {
    let mut entry = entry.clone();
    if let Some(reference) = entry.pointer_mut("/valueFrom/secretKeyRef").and_then(Json::as_object_mut) {
        reference.insert("optional".to_owned(), json!(true));
    }
    entry
}

impl Database {
    fn of(topology: &Topology) -> Option<Self> {
        let set = topology.role(DATABASE).next()?;
        let container = set.pod.containers().find(|container| container["name"] == "mysql")?;
        let env = |name: &str| items(&container["env"]).find(|entry| entry["name"] == name);
        let service =
            topology.services.iter().find(|service| service.chooses(&set.pod) && !service.name.ends_with("-headless"));
        Some(Self {
            image: text(&container["image"]).to_owned(),
            host: service.map_or_else(|| set.name.clone(), |service| service.name.clone()),
            name: env("MYSQL_DATABASE").map_or("superset", |entry| text(&entry["value"])).to_owned(),
            user: env("MYSQL_USER").map_or("", |entry| text(&entry["value"])).to_owned(),
            password: env("MYSQL_PASSWORD").cloned().unwrap_or_default(),
        })
    }
}
