//! OpenSearch, from its snapshots.

use serde_json::json;

use super::{BACKUP, SERVER};
use crate::product::hopsworks::plan::{Input, chart_job, previous, time_of, undone};
use crate::product::hopsworks::request::Snapshot;
use crate::refusal::Refusal;
use crate::steps::{By, Object, Planned};
use crate::topology::Role;

/// The indices of every Hopsworks: of its projects, and of its feature store (logicalclocks/ePipe writes them under these names).
pub(super) const MANDATORY: [&str; 2] = ["projects", "featurestore"];

pub(super) fn plan(input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
    let mut steps = Vec::new();
    for snapshot in &input.restore.opensearch {
        steps.push(one(input, before, snapshot)?);
    }
    Ok(steps)
}

fn one(input: &Input, before: &[Planned], snapshot: &Snapshot) -> Result<Planned, Refusal> {
    let Snapshot { repository, key, id, indices, payload } = snapshot;
    let topology = input.topology;
    let name = format!("opensearch-restore-{repository}-{key}");
    let planned = |by, marker: String, objects| Planned {
        does: match indices {
            None => format!("restores all indices from repository {repository}; open ones of the same name are closed"),
            Some(indices) => format!("restores the indices {indices} from repository {repository}"),
        },
        backup_time: time_of(id),
        markers: vec![format!("Job/{marker}")],
        verified: "no shard failed, every index has its primaries, none of Hopsworks' own is missing; what was copied is compared",
        undone: undone(input.restore.mode),
        objects,
        last_job: Some(marker),
        holds: &[Role::APPLICATION, BACKUP],
        needs: &[SERVER],
        ..Planned::new("opensearch", id, by)
    };
    let global = &input.restore.backup_id;
    // The chart names the Job by either id; one for a third is refused.
    let found = match chart_job(topology, &name, id, |_| true) {
        Err(error) => chart_job(topology, &name, global, |_| true).map_err(|_| error),
        found => found,
    };
    if let Some(job) = found? {
        return Ok(planned(By::Chart(format!("Job/{}", job.name)), job.name.clone(), Vec::new()));
    }
    let Some(opensearch) = &input.facts.opensearch else {
        return Err(Refusal::new(
            "OpenSearch is not in the rendered stream, or nothing in it says how to log in \
             (env OPENSEARCH_PASSWORD of the snapshot CronJob, or OPENSEARCH_INITIAL_ADMIN_PASSWORD of the server)",
        )
        .help(
            "post-render the whole umbrella chart with backups enabled (global._hopsworks.backups.enabled is true)",
        ));
    };
    let marker = format!("{name}-{id}");
    let checked = !input.restore.skips_tls_verify;
    let client = topology.role(BACKUP).chain(topology.role(SERVER)).next();
    let object = Object {
        template: "opensearch.yaml",
        id: format!("Job/{marker}"),
        what: "restores OpenSearch's snapshot",
        values: json!({
            "job": marker,
            "marker": true,
            "backup_id": id,
            "repository": repository,
            "mandatory": MANDATORY.join(" "),
            "payload": payload.to_string(),
            "indices": indices.as_deref().unwrap_or_default(),
            "repository_configmap": opensearch.repositories.iter().find(|(_, name)| name == repository).map(|(configmap, _)| configmap),
            "opensearch_url": opensearch.url,
            "ca": opensearch.ca.as_ref().filter(|_| checked),
            "ca_from": opensearch.ca_from().filter(|_| checked),
            "opensearch_credentials": opensearch.credentials,
            "settings": client.map(|client| client.pod.settings()),
            "pods": 1,
        }),
        after: previous(before).into_iter().collect(),
    };
    Ok(planned(By::Hwdr(vec![object.id.clone()]), marker, vec![object]))
}
