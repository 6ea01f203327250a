//! Who stands behind the addresses that restore Jobs use. They may not wait for those Jobs, whatever their containers are called.

use serde_json::Value as Json;

use super::ObjectStorage;
use super::pods::{Role, Workload};
use super::read::{items, text};

/// The addresses, and what answers there.
pub fn servers(workloads: &[Workload], storage: &ObjectStorage) -> Vec<(String, Role)> {
    let entries = workloads.iter().flat_map(|workload| workload.pod.all_containers());
    let opensearch = entries
        .flat_map(|container| items(&container["env"]))
        .filter(|entry| entry["name"] == "OPENSEARCH_URL")
        .map(|entry| (text(&entry["value"]).to_owned(), Role::OpenSearch));
    let endpoint = storage.options.iter().filter(|(key, _)| key == "endpoint");
    opensearch.chain(endpoint.map(|(_, url)| (url.clone(), Role::ObjectStorage))).collect()
}

/// Gives the workloads behind the Service that `url` names their role.
pub fn give_role(workloads: &mut [Workload], services: &[Json], url: &str, role: Role) {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    // Within its namespace a Service has its name for a host; from elsewhere, its name and then its namespace.
    let name = host.split('.').next().unwrap_or_default();
    let Some(service) = services.iter().find(|service| service["metadata"]["name"] == name) else { return };
    let Some(selector) = service["spec"]["selector"].as_object().filter(|selector| !selector.is_empty()) else {
        return;
    };
    for workload in workloads.iter_mut().filter(|workload| workload.role == Role::Application) {
        if selector.iter().all(|(key, value)| workload.pod.label(key) == text(value)) {
            workload.role = role;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_answers_at_an_address_is_no_application() {
        let deployment = json!({"metadata": {"name": "objects"}, "spec": {"template": {
            "metadata": {"labels": {"app": "minio"}}, "spec": {"containers": [{"name": "server"}]},
        }}});
        let service = json!({"metadata": {"name": "minio"}, "spec": {"selector": {"app": "minio"}}});
        for (url, role) in [
            ("http://minio:9000", Role::ObjectStorage),
            ("https://minio.hopsworks.svc.cluster.local/", Role::ObjectStorage),
            ("https://s3.eu-north-1.amazonaws.com", Role::Application),
            ("", Role::Application),
        ] {
            let mut workloads = [Workload::of(0, "Deployment", &deployment).unwrap()];
            give_role(&mut workloads, std::slice::from_ref(&service), url, Role::ObjectStorage);
            assert_eq!(workloads[0].role, role, "{url}");
        }
    }
}
