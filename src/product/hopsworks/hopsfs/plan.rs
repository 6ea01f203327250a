//! HopsFS: undeletes the blocks in the versioned bucket that were deleted after the backup.

use serde_json::json;

use super::{MARKER, NAME_NODE};
use crate::product::hopsworks::catalogue::{LET_READ, rotated};
use crate::product::hopsworks::object_storage;
use crate::product::hopsworks::plan::{Input, chart_job, previous, time_of};
use crate::product::hopsworks::remotes;
use crate::product::hopsworks::request::{HopsFs, from_registry, registry_of};
use crate::refusal::Refusal;
use crate::steps::{Access, By, Object, Planned};
use crate::topology::Role;

pub(super) fn plan(input: &Input, before: &[Planned]) -> Result<Vec<Planned>, Refusal> {
    let id = &input.restore.backup_id;
    let topology = input.topology;
    let Some(name_node) = topology.role(NAME_NODE).next() else {
        return Err(Refusal::new(
            "no HopsFS in the rendered stream: no StatefulSet or Deployment with a container namenode",
        )
        .help("post-render the whole umbrella chart, not a part of it"));
    };
    let marker = format!("{MARKER}-{id}");
    let planned = |by, markers, objects, last_job| Planned {
        does: "brings back the blocks that were deleted after the backup; no version of any is removed".to_owned()
            + match &input.restore.hopsfs {
                HopsFs::Here => ", from the machine on which hwdr runs",
                _ => "",
            },
        backup_time: time_of(id),
        markers,
        verified: "every block that was there then is current again in the bucket",
        undone: "nothing is lost by it: blocks that no file knows are swept by HopsFS",
        objects,
        last_job,
        holds: &[NAME_NODE, Role::APPLICATION],
        needs: &[object_storage::ROLE],
        ..Planned::new("hopsfs", id, by)
    };
    if let Some(job) = chart_job(topology, MARKER, id, |_| true)? {
        let by = By::Chart(format!("Job/{}", job.name));
        return Ok(vec![planned(by, vec![format!("Job/{}", job.name)], Vec::new(), Some(job.name.clone()))]);
    }
    // A chart that restores into a new cluster tells its name node which backup to roll the bucket back to.
    if name_node.pod.is_given(id.as_str()) {
        let by = By::Chart(format!("{}/{}", name_node.kind, name_node.name));
        return Ok(vec![planned(by, Vec::new(), Vec::new(), None)]);
    }
    let Some(time) = time_of(id) else {
        return Err(Refusal::new(format!(
            "backup id {id} is not one point in time, so hwdr does not know the time to rewind HopsFS's bucket to"
        ))
        .help(
            "use an id that Hopsworks made (date -u +%y%V%u%H%M), of a day that is not the first or last of its year",
        ));
    };
    // A chart's default registry is in no values file.
    let registry = input.facts.storage.toolbox.as_deref().and_then(registry_of);
    let (template, what, pods, image) = match &input.restore.hopsfs {
        HopsFs::Toolbox => ("hopsfs.yaml", "undeletes HopsFS's blocks in the bucket", 1, None),
        HopsFs::Worker { image, pods } => {
            ("hopsfs-worker.yaml", "rewinds HopsFS's bucket", *pods, Some(from_registry(image, registry)))
        }
        HopsFs::Here => ("hopsfs-here.yaml", "says when HopsFS's bucket is rewound: rests until then", 1, None),
    };
    let blocks = remotes::of_blocks(input.restore, &input.facts.storage);
    let object = Object {
        template,
        id: format!("Job/{marker}"),
        what,
        values: json!({
            "job": marker,
            "bucket": input.restore.blocks(),
            "rclone": blocks.options,
            "credentials": blocks.credentials,
            "marker": true,
            "backup_id": id,
            "backup_time": time,
            "backups": input.restore.beside_blocks().unwrap_or_default(),
            "rondb_id": input.restore.rondb,
            "rondb_time": time_of(&input.restore.rondb).unwrap_or_else(|| time.clone()),
            "settings": name_node.pod.settings(),
            "pods": pods,
            "image": image,
        }),
        after: previous(before).into_iter().collect(),
    };
    let by = By::Hwdr(vec![object.id.clone()]);
    // The Job reads the backup's end from the catalogue. If the run itself rewinds the bucket, no pod reads it.
    let config_maps: Vec<_> = rotated(&input.restore.rondb_metadata).take(LET_READ).collect();
    let reads = Access {
        template: "hopsfs-access.yaml",
        name: "catalogue",
        values: json!({"metadata_configmaps": config_maps}),
    };
    let access = Some(reads).filter(|_| input.restore.hopsfs != HopsFs::Here);
    let step = planned(by, vec![object.id.clone()], vec![object], Some(marker));
    Ok(vec![Planned { access: access.into_iter().collect(), ..step }])
}
