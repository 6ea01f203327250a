//! Services, and the workloads behind the addresses that restore Jobs use: those must not wait for the Jobs, whatever their names.

#![expect(clippy::indexing_slicing, reason = "reading JSON by a missing key gives null")]

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::pods::{Pod, Role, Workload};
use super::read::text;

/// A Service that selects its pods by labels.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Its name in Consul, if it has one.
    pub in_consul: Option<String>,
    selector: BTreeMap<String, String>,
}

impl Service {
    /// The Service described by `json`; `None` if it selects no pods.
    pub fn of(json: &Json) -> Option<Self> {
        let selector = json["spec"]["selector"].as_object().filter(|selector| !selector.is_empty())?;
        let selector = selector.iter().map(|(key, value)| (key.clone(), text(value).to_owned())).collect();
        let in_consul = json["metadata"]["annotations"]["consul.hashicorp.com/service-name"].as_str();
        Some(Self {
            name: text(&json["metadata"]["name"]).to_owned(),
            in_consul: in_consul.map(str::to_owned),
            selector,
        })
    }

    /// Whether it selects the pods of that template.
    pub fn chooses(&self, pod: &Pod) -> bool {
        self.selector.iter().all(|(key, value)| pod.label(key) == value)
    }
}

/// The host of a URL.
pub fn host_of(url: &str) -> &str {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    host.split(['/', ':']).next().unwrap_or_default()
}

/// Gives `role` to the workloads behind the Service in `url`, and to Consul's own if the name is one of Consul's.
pub fn give_role(workloads: &mut [Workload], services: &[Service], url: &str, role: Role) {
    let host = host_of(url);
    // Inside its namespace a Service's host is its name; from elsewhere, its name and then its namespace.
    let name = host.split('.').next().unwrap_or_default();
    let by_consul = host.ends_with(".consul");
    let is_it = |service: &&Service| service.name == name || by_consul && service.in_consul.as_deref() == Some(name);
    let service = services.iter().find(is_it);
    for workload in workloads.iter_mut().filter(|workload| workload.role == Role::APPLICATION) {
        let answers = service.is_some_and(|service| service.chooses(&workload.pod));
        let names = by_consul
            && (workload.pod.containers().any(|container| container["name"] == "consul")
                || workload.pod.label("app") == "consul");
        if answers || names {
            workload.role = role;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::FIRST;
    use crate::product::hopsworks::object_storage::ROLE;
    use serde_json::json;

    fn deployment(label: &str, container: &str) -> Workload {
        let json = json!({"metadata": {"name": label}, "spec": {"template": {
            "metadata": {"labels": {"app": label}}, "spec": {"containers": [{"name": container}]},
        }}});
        Workload::of(FIRST, 0, "Deployment", &json).unwrap()
    }

    #[test]
    fn who_answers_at_an_address_is_no_application() {
        let service = json!({"metadata": {"name": "minio"}, "spec": {"selector": {"app": "minio"}}});
        let named = json!({"metadata": {"name": "store", "annotations": {"consul.hashicorp.com/service-name": "objects"}},
                           "spec": {"selector": {"app": "minio"}}});
        let services: Vec<Service> = [service, named].iter().filter_map(Service::of).collect();
        for (url, storage, consul) in [
            ("http://minio:9000", ROLE, Role::APPLICATION),
            ("https://minio.hopsworks.svc.cluster.local/", ROLE, Role::APPLICATION),
            // None of these resolves while Consul waits.
            ("http://minio.service.consul:9000", ROLE, ROLE),
            ("http://objects.service.consul:9000", ROLE, ROLE),
            ("http://objects:9000", Role::APPLICATION, Role::APPLICATION),
            ("https://s3.eu-north-1.amazonaws.com", Role::APPLICATION, Role::APPLICATION),
            ("", Role::APPLICATION, Role::APPLICATION),
        ] {
            let mut workloads =
                [deployment("minio", "server"), deployment("consul-server", "consul"), deployment("web", "web")];
            give_role(&mut workloads, &services, url, ROLE);
            assert_eq!(workloads.map(|workload| workload.role), [storage, consul, Role::APPLICATION], "{url}");
        }
    }
}
