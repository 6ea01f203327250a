//! The Job that checks a backup before anything is stopped.

#![expect(
    clippy::indexing_slicing,
    reason = "reading JSON by a missing key gives null, and what is written to is made here"
)]

use serde_json::{Value as Json, json};

use super::{RenderError, common, templates};
use crate::plan::Plan;
use crate::product::request::Request;
use crate::topology::Topology;

/// The Job's deadline, in seconds: it lists, and reads the control files, which are gigabytes in a big cluster's backup.
const DEADLINE: u64 = 1200;
/// How long a service may take to answer, in seconds.
const ANSWER: u64 = 60;
/// How long the scripts retry, in seconds, how long a call of rclone may take, and how often it retries (rclone.org/docs): by default
/// it would continue for as long as the Job may run, without a message.
const PATIENCE: &[(&str, &str)] = &[
    ("PATIENCE", "20"),
    ("CALL_SECONDS", "240"),
    ("RCLONE_CONTIMEOUT", "10s"),
    ("RCLONE_RETRIES", "1"),
    ("RCLONE_LOW_LEVEL_RETRIES", "3"),
];

/// A Job that checks whether the backup is readable, with the same images and credentials as the restore; it changes
/// nothing. `None` if no Jobs of hwdr restore anything. Its account must already exist: it is for a restore in place.
///
/// # Errors
/// If a value would change the meaning of the template.
pub fn preflight(topology: &Topology, request: &dyn Request, plan: &Plan) -> Result<Option<Json>, RenderError> {
    let mut common = common(&request.ground(topology), plan);
    common["patience"] = json!(PATIENCE);
    common["deadline"] = json!(ANSWER);
    let (mut containers, mut settings, mut volumes) = (Vec::new(), None::<Json>, Vec::new());
    let mut pull_secrets = Vec::new();
    for object in plan.steps.iter().filter(|step| step.is_injected()).flat_map(|step| &step.objects) {
        let look = topology.product.services().iter().find_map(|service| service.look(object));
        let Some(look) = look else { continue };
        let name = object.template.trim_end_matches(".yaml").split('-').next().unwrap_or_default();
        let mut context = super::with(&common, &object.values);
        context["name"] = json!(format!("{name}-{}", containers.len()));
        if let Some((script, what)) = look.script {
            context["script"] = json!(templates::script(topology.product, script));
            context["what"] = json!(what);
        }
        containers.push(templates::render(look.template, &context)?);
        for volume in look.volumes {
            // The containers share the volumes.
            if !volumes.contains(&volume) {
                volumes.push(volume);
            }
        }
        let own = &object.values["settings"];
        for secret in own["imagePullSecrets"].as_array().into_iter().flatten() {
            if !pull_secrets.contains(secret) {
                pull_secrets.push(secret.clone());
            }
        }
        settings.get_or_insert_with(|| own.clone());
    }
    let mut context = common;
    let Some(settings) = settings else { return Ok(None) };
    context["settings"] = settings;
    // It must not preempt anything that runs.
    if let Some(settings) = context["settings"].as_object_mut() {
        settings.remove("priorityClassName");
        if !pull_secrets.is_empty() {
            settings.insert("imagePullSecrets".to_owned(), json!(pull_secrets));
        }
    }
    context["job"] = json!(format!("hwdr-preflight-{}", plan.backup_id));
    context["marker"] = json!(false);
    context["after"] = Json::Null;
    context["deadline"] = json!(DEADLINE);
    // The scripts of the restore do not exist yet.
    context["volumes"] = json!([]);
    context["containers"] = json!(containers);
    context["more_volumes"] = json!(volumes);
    templates::json("preflight.yaml", &templates::render("preflight.yaml", &context)?).map(Some)
}
