//! OpenSearch in the stream.

#![expect(
    clippy::indexing_slicing,
    reason = "JSON that is read by a key is null where there is none, and what is written to is made here"
)]

use serde_json::{Value as Json, json};

use super::{BACKUP, SERVER, trust};
use crate::topology::read::{items, text};
use crate::topology::{Role, Workload};

/// OpenSearch: where it is, and how the chart's own snapshot CronJob talks to it.
#[derive(Debug, Clone)]
pub struct OpenSearch {
    /// Its address, for an `env` entry: a plain value or a reference.
    pub url: Json,
    /// `env` entries with user and password.
    pub credentials: Vec<Json>,
    /// The CA of its certificate, if the chart mounts one: the source of a volume that holds only `ca.crt`.
    pub ca: Option<Json>,
    /// ConfigMaps that hold the settings of a snapshot repository under the key `<repository>.json`: (ConfigMap, repository).
    pub repositories: Vec<(String, String)>,
}

impl OpenSearch {
    /// OpenSearch, if the stream shows a client with credentials, or the server with its first password.
    pub fn of(workloads: &[Workload], configmaps: &[Json], services: &[Json]) -> Option<Self> {
        let server = workloads.iter().find(|workload| workload.role == SERVER);
        // Who takes snapshots may also restore them; the application's own user might not.
        let mut clients: Vec<&Workload> =
            workloads.iter().filter(|workload| matches!(workload.role, BACKUP | Role::APPLICATION | SERVER)).collect();
        clients.sort_by_key(|workload| match workload.role {
            BACKUP => 0,
            SERVER => 1,
            _ => 2,
        });
        let env = |name: &str| {
            clients
                .iter()
                .flat_map(|client| client.pod.all_containers())
                .flat_map(|container| items(&container["env"]))
                .find(|entry| entry["name"] == name)
        };
        let password = env("OPENSEARCH_PASSWORD")
            .filter(|_| clients.first().is_some_and(|client| client.role == BACKUP))
            .or_else(|| env("OPENSEARCH_INITIAL_ADMIN_PASSWORD"))?;
        let user = if password["name"] == "OPENSEARCH_PASSWORD" { env("OPENSEARCH_USER") } else { None };
        let mut credentials = vec![json!({"name": "OPENSEARCH_PASSWORD"})];
        for key in ["value", "valueFrom"] {
            if !password[key].is_null() {
                credentials[0][key] = password[key].clone();
            }
        }
        credentials.extend(user.cloned());
        let url = match env("OPENSEARCH_URL") {
            Some(entry) => entry.clone(),
            None => {
                let server = server?;
                let service = services.iter().find(|service| {
                    service["spec"]["clusterIP"] != "None"
                        && items(&service["spec"]["ports"]).any(|port| port["port"] == 9200)
                        && service["spec"]["selector"].as_object().is_some_and(|selector| {
                            selector.iter().all(|(key, value)| server.pod.label(key) == text(value))
                        })
                })?;
                json!({"name": "OPENSEARCH_URL", "value": format!("https://{}:9200", text(&service["metadata"]["name"]))})
            }
        };
        let repositories = configmaps
            .iter()
            .flat_map(|configmap| {
                let name = text(&configmap["metadata"]["name"]).to_owned();
                configmap["data"].as_object().into_iter().flatten().filter_map(move |(key, value)| {
                    let repository = key.strip_suffix(".json")?;
                    let settings: Json = serde_json::from_str(text(value)).ok()?;
                    (settings["type"].is_string() && settings["settings"].is_object())
                        .then(|| (name.clone(), repository.to_owned()))
                })
            })
            .collect();
        let ca = trust::ca(&clients, configmaps);
        Some(Self { url, credentials, ca, repositories })
    }

    /// Whether it is reached by plain HTTP: then there is no certificate.
    pub fn is_in_clear(&self) -> bool {
        text(&self.url["value"]).to_ascii_lowercase().starts_with("http://")
    }

    /// The object that holds the CA: `Secret NAME` or `ConfigMap NAME`.
    pub fn ca_from(&self) -> Option<String> {
        let ca = self.ca.as_ref()?;
        let secret = text(&ca["secret"]["secretName"]);
        Some(match secret {
            "" => format!("ConfigMap {}", text(&ca["configMap"]["name"])),
            _ => format!("Secret {secret}"),
        })
    }
}
