//! OpenSearch, from its snapshots.

pub mod facts;
mod plan;
mod stored;
mod trust;
mod verify;

use serde_json::{Value as Json, json};

use crate::backups::{Seen, Series};
use crate::doctor::Call;
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::catalogue;
use crate::product::hopsworks::keys;
use crate::product::hopsworks::plan::{Facts, Input, Part};
use crate::product::service::{Doing, Files, Look, Service};
use crate::product::shelf::{Shelf, Stored};
use crate::refusal::Refusal;
use crate::steps::{Object, Planned, injected};
use crate::topology::{Missing, Pod, Role, Topology, is_lasting};
use crate::verify::Verify;

/// OpenSearch.
pub struct OpenSearch;

/// OpenSearch itself.
pub const SERVER: Role = Role { name: "openSearch", rank: 20, group: "OpenSearch", stops: Some(4), holds_data: true };
/// The CronJob that takes OpenSearch's snapshots.
pub const BACKUP: Role =
    Role { name: "openSearchBackup", rank: 21, group: "backups", stops: Some(0), holds_data: false };

/// What `opensearch.sh` says about a certificate.
const UNKNOWN: &str = "cannot be checked by the chart's CA";

impl Service for OpenSearch {
    fn name(&self) -> &'static str {
        "opensearch"
    }

    fn title(&self) -> &'static str {
        "OpenSearch"
    }

    fn roles(&self) -> &'static [Role] {
        &[SERVER, BACKUP]
    }

    fn role(&self, kind: &str, pod: &Pod) -> Option<Role> {
        match kind {
            "CronJob" if takes_snapshots(pod) => Some(BACKUP),
            _ if is_lasting(kind) && pod.has("opensearch") => Some(SERVER),
            _ => None,
        }
    }

    fn hints(&self) -> &'static [&'static str] {
        // The settings of repositories, and the CA.
        &[".json", trust::HINT]
    }

    fn calls(&self) -> &'static [Call] {
        &[Call { labels: &[], role: SERVER, port: 9200 }]
    }

    fn backups(&self, seen: &Seen) -> Vec<Series> {
        vec![catalogue::series::<BackupId>(seen, catalogue::Service::OpenSearch, self.name(), self.title(), BACKUP)]
    }

    fn stored<'r>(&'r self, shelf: &'r Shelf<'r>) -> Doing<'r, Stored> {
        Box::pin(async move { Stored { series: vec![stored::read(shelf).await], ..Stored::default() } })
    }

    fn clean_up(&self) -> Option<&'static str> {
        Some(
            "is cleaned up by its own CronJob: each run deletes snapshots that are older than the ttl, and their records. Nothing exempts \
             one of them; a longer ttl in the values keeps all",
        )
    }

    fn verifier(&self) -> Option<Box<dyn Verify>> {
        Some(Box::new(verify::Check::default()))
    }

    fn templates(&self) -> Files {
        &[
            ("opensearch.yaml", include_str!("templates/opensearch.yaml")),
            ("pieces/opensearch-env.yaml", include_str!("templates/pieces/opensearch-env.yaml")),
            ("pieces/opensearch-look.yaml", include_str!("templates/pieces/opensearch-look.yaml")),
        ]
    }

    fn scripts(&self) -> Files {
        &[("opensearch.sh", include_str!("templates/opensearch.sh"))]
    }

    fn look(&self, object: &Object) -> Option<Look> {
        let ca = object.values.get("ca").and_then(Json::as_object).map(|ca| {
            let mut volume = serde_json::Map::from_iter([("name".to_owned(), json!("opensearch-ca"))]);
            volume.extend(ca.clone());
            Json::Object(volume)
        });
        (object.template == "opensearch.yaml").then(|| Look {
            template: "pieces/opensearch-look.yaml",
            script: Some(("opensearch.sh", "look")),
            volumes: ca.into_iter().collect(),
        })
    }

    fn advice(&self, problem: &str) -> Option<String> {
        problem.contains(UNKNOWN).then(|| {
            format!(
                "renew OpenSearch's certificate, or correct the CA, and start again; or start again with --set {}=true: then \
                 nothing is checked, and whoever controls the network between pods can take OpenSearch's password",
                keys::dotted(keys::SKIP_TLS_VERIFY)
            )
        })
    }
}

/// Whether pods of a CronJob take OpenSearch's snapshots: they are about OpenSearch, and about snapshots or backups. One of the two words alone
/// also stands in CronJobs that snapshot something else, or that clean up indices.
fn takes_snapshots(pod: &Pod) -> bool {
    let of = |container: &Json| {
        let env = container["env"].as_array().into_iter().flatten();
        let env = env.flat_map(|entry| [&entry["name"], &entry["value"]].map(Json::to_string));
        let own = ["name", "image", "command", "args"].map(|key| container[key].to_string());
        own.into_iter().chain(env).collect::<Vec<_>>()
    };
    let labels =
        ["app", "app.kubernetes.io/name", "app.kubernetes.io/component"].map(|name| pod.label(name).to_owned());
    let words: Vec<_> = pod.all_containers().flat_map(of).chain(labels).map(|text| text.to_lowercase()).collect();
    let says = |word: &str| words.iter().any(|text| text.contains(word));
    says("opensearch") && (says("snapshot") || says("backup"))
}

impl Part for OpenSearch {
    fn plan(&self, input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
        plan::plan(input, before)
    }

    /// Whoever can answer in its place gets its password.
    fn warnings(&self, input: &Input, steps: &[Planned]) -> Vec<String> {
        let (Some(_), Some(opensearch)) = (injected(steps, self.name()), &input.facts.opensearch) else {
            return Vec::new();
        };
        let exposed = "anyone who can answer in its place receives its password";
        let warning = if opensearch.is_in_clear() {
            format!("OpenSearch uses plain HTTP: {exposed}")
        } else if input.restore.skips_tls_verify {
            format!(
                "OpenSearch's certificate is not checked (curl --insecure), because {} is true: whoever controls the network \
                 between pods can take its password. Remove the setting when the certificate is right",
                keys::dotted(keys::SKIP_TLS_VERIFY)
            )
        } else if opensearch.ca.is_none() {
            format!(
                "OpenSearch's certificate is not checked (curl --insecure): the chart mounts no CA for it that hwdr can find. So {exposed}"
            )
        } else {
            return Vec::new();
        };
        vec![warning]
    }

    fn missing(&self, topology: &Topology, facts: &Facts) -> Vec<Missing> {
        let mut missing = Vec::new();
        let Some(opensearch) = &facts.opensearch else { return missing };
        if topology.role(SERVER).next().is_none() {
            missing.push(Missing::new(
                "OpenSearch's own servers: hwdr takes it for an external one, which must be reachable from the cluster",
                "set olk.opensearch.enabled to true, unless it is meant to be external",
            ));
        }
        if opensearch.repositories.is_empty() {
            missing.push(Missing::new(
                "the settings of OpenSearch's snapshot repositories: they must be registered already",
                "set global._hopsworks.backups.enabled to true",
            ));
        }
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_opensearchs_snapshots_are_its_backups() {
        let role = |app: &str, image: &str, script: &str| {
            let pod = json!({"metadata": {"labels": {"app": app}}, "spec": {"containers": [{"name": "c", "image": image, "command": ["bash", "-c", script]}]}});
            let cron_job = json!({"metadata": {"name": "c"}, "spec": {"jobTemplate": {"spec": {"template": pod}}}});
            let found = crate::topology::Workload::of(&crate::product::hopsworks::Hopsworks, 0, "CronJob", &cron_job);
            found.is_some_and(|found| found.role == BACKUP)
        };
        for (app, image, script, expected) in [
            ("opensearch-backup", "hwutils", "/scripts/run.sh", true),
            ("", "hwutils", "curl -XPUT $OPENSEARCH_URL/_snapshot/default/$id", true),
            ("", "opensearch:2.19", "/scripts/create_snapshot.sh", true),
            ("postgres", "postgres", "pg_dump > snapshot.sql", false),
            ("volumes", "kubectl", "kubectl create -f volumesnapshot.yaml", false),
            ("opensearch", "curator", "delete old indices", false),
        ] {
            assert_eq!(role(app, image, script), expected, "{app} {image} {script}");
        }
    }

    #[test]
    fn what_is_said_of_a_certificate_is_what_the_script_says() {
        let script = include_str!("templates/opensearch.sh");
        let setting = keys::dotted(keys::SKIP_TLS_VERIFY);
        assert!(script.contains(UNKNOWN) && script.contains(&setting));
        let said = format!("opensearch: the certificate of https://o:9200 {UNKNOWN} (Secret certs)");
        assert!(OpenSearch.advice(&said).is_some_and(|advice| advice.contains(&setting)));
        assert!(OpenSearch.advice("opensearch: no such snapshot").is_none());
    }
}
