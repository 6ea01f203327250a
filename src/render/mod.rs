//! Renders a plan into the stream: injects objects, adds gates to those who must wait, and makes markers permanent.

#![expect(
    clippy::indexing_slicing,
    reason = "the topology found the objects in this stream, and JSON that is written to is made here"
)]

mod ours;
mod preflight;
mod templates;

use std::collections::BTreeSet;
use std::iter;

use serde_json::{Value as Json, json};
use thiserror::Error;

use crate::plan::{Plan, held_by};
use crate::product::request::Request;
use crate::product::{Ground, Product};
use crate::steps::{Access, By};
use crate::stream::Stream;
use crate::stream::edit::{At, EditError, Edits};
use crate::topology::{MANAGED_BY, Topology, USER, VOLUMES, Workload, template_path};
use crate::yaml;

use ours::Document;

pub use crate::topology::GATE;
pub use preflight::preflight;
pub use templates::script;

/// Where the token of the account is mounted in a container that uses the API (kubernetes.io, "Configure Service Accounts for Pods").
const TOKEN: &str = "mountPath: /var/run/secrets/kubernetes.io/serviceaccount";

/// The result of post-render.
#[derive(Debug)]
pub struct Rendered {
    /// Lines added to documents (and the TTL removed from markers).
    pub edits: Edits,
    /// Whole documents added after the stream.
    pub appended: Vec<String>,
    /// What was done to which object, for people: `Kind/name` and a few words.
    pub changes: Vec<SummaryLine>,
}

/// One line of the summary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SummaryLine {
    /// `Kind/name`.
    pub object: String,
    /// What hwdr does to it.
    pub what: String,
    /// Whether hwdr adds it.
    pub is_new: bool,
}

/// Why a plan cannot be rendered into this stream.
#[derive(Debug, Error)]
pub enum RenderError {
    /// A document cannot be changed in place.
    #[error("{object} (line {line} of the stream): {source}")]
    Edit {
        /// `Kind/name`.
        object: String,
        /// Where it begins.
        line: usize,
        /// The reason.
        source: EditError,
    },
    /// The stream was processed by hwdr before, with other values.
    #[error(
        "{0} is already in the stream, but is not the one that this plan makes: give hwdr the stream as Helm renders it"
    )]
    OtherPlan(String),
    /// Something has hwdr's label, but is not part of this plan.
    #[error(
        "{0} has the label {MANAGED_BY}: hwdr, but is not part of this plan: remove the label, \
         or give hwdr the stream as Helm renders it"
    )]
    NotOurs(String),
    /// The rendered text is not what it must be, for example because a value has a meaning in YAML.
    #[error("{object} cannot be rendered: {why}")]
    Broken {
        /// `Kind/name`, or the template.
        object: String,
        /// The reason.
        why: String,
    },
}

/// Who creates the ConfigMap that marks the whole restore as run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// hwdr injects it.
    Injected,
    /// A run of hwdr has its own record, in a Secret.
    IsThere,
}

/// Renders `plan` into `stream`.
///
/// # Errors
/// If a document cannot be edited in place, or something in the stream looks like hwdr's but is not what this plan makes.
pub fn render(
    stream: &Stream,
    topology: &Topology,
    request: &dyn Request,
    plan: &Plan,
    marker: Marker,
) -> Result<Rendered, RenderError> {
    let mut rendered = Rendered { edits: Edits::new(), appended: Vec::new(), changes: Vec::new() };
    let ground = request.ground(topology);
    let common = common(&ground, plan);
    gates(stream, topology, plan, &common, &mut rendered)?;
    harden(stream, topology, plan, &mut rendered)?;
    inject(stream, topology, &ground, plan, &common, marker, &mut rendered)?;
    Ok(rendered)
}

/// Whether a ConfigMap contains the scripts of this hwdr, and no others.
pub fn is_with_our_scripts(product: &dyn Product, configmap: &Json) -> bool {
    let data = configmap["data"].as_object();
    // Helm 3 and 4 disagree on a text's last line break.
    let same = |name: &str, text: &str| {
        data.and_then(|data| data.get(name)?.as_str()).is_some_and(|there| there.trim_end() == text.trim_end())
    };
    let scripts = templates::scripts(product);
    data.is_some_and(|data| data.len() == scripts.len()) && scripts.iter().all(|(name, text)| same(name, text))
}

/// The manifests that run the monitor in a cluster.
///
/// # Errors
/// If a value would change the meaning of the text.
pub fn monitor(context: &Json) -> Result<String, RenderError> {
    templates::render("monitor.yaml", context)
}

/// The objects of a template that no plan injects: a step of a run creates them itself.
///
/// # Errors
/// If a value would change the meaning of the text.
pub fn objects(template: &str, context: &Json) -> Result<Vec<Json>, RenderError> {
    let text = templates::render(template, context)?;
    text.split("\n---\n").map(|object| templates::json(template, object)).collect()
}

/// JSON as YAML.
pub fn to_yaml(value: &Json) -> String {
    yaml::write(value, 0)
}

/// What every template may use.
fn common(ground: &Ground, plan: &Plan) -> Json {
    let common = json!({
        "id": plan.backup_id,
        "labels": {
            "app.kubernetes.io/name": "hwdr",
            MANAGED_BY: "hwdr",
            "hwdr.hopsworks.ai/restore-id": plan.backup_id,
        },
        "mode": plan.mode,
        "namespace": plan.namespace,
        "account": ground.account,
        "toolbox": ground.toolbox,
        "deadline": ground.deadline,
        "hygiene": {
            "securityContext": {
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
                "readOnlyRootFilesystem": true,
                "runAsNonRoot": true,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        },
        // A pod reserves this while it waits, too: with more, waiting pods would keep those that they wait for off a full cluster.
        "small": resources("10m", "64Mi", "512Mi"),
        "large": resources("20m", "128Mi", "2Gi"),
        "volumes": volumes(plan),
    });
    with(&common, &ground.more)
}

/// What every template may use, plus what an object's template may.
fn with(common: &Json, values: &Json) -> Json {
    let mut context = common.clone();
    if let (Some(context), Some(values)) = (context.as_object_mut(), values.as_object()) {
        context.extend(values.clone());
    }
    context
}

/// Requests, and a memory limit: a CPU limit would only slow down a restore.
fn resources(cpu: &str, memory: &str, limit: &str) -> Json {
    json!({"resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"memory": limit}}})
}

/// A gate's mounts: the scripts, and a token of the pod's own account, which pods may have disabled.
fn volumes(plan: &Plan) -> Json {
    json!([
        {"name": VOLUMES[0], "configMap": {"name": format!("hwdr-scripts-{}", plan.backup_id), "defaultMode": 0o555}},
        {"name": VOLUMES[1], "projected": {"sources": [
            {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
            {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
        ]}},
    ])
}

/// The gate's volumes for a pod whose containers do not mount the token.
fn without_token(volumes: &Json) -> Json {
    let volumes = volumes.as_array().into_iter().flatten();
    volumes.filter(|volume| volume["name"] != VOLUMES[1]).cloned().collect()
}

/// What `workload` must wait for: the injected steps that hold its role, and the last Job of each.
fn holds<'p>(plan: &'p Plan, workload: &'p Workload) -> (Vec<&'static str>, Vec<String>) {
    let jobs: Vec<String> = held_by(&plan.steps, workload, &plan.namespace).map(str::to_owned).collect();
    let step = |job: &String| plan.steps.iter().find(|step| step.last_job.as_ref() == Some(job)).map(|step| step.step);
    (jobs.iter().filter_map(step).collect(), jobs)
}

/// Adds an init container to everybody who would write, or read, too soon.
fn gates(
    stream: &Stream,
    topology: &Topology,
    plan: &Plan,
    common: &Json,
    rendered: &mut Rendered,
) -> Result<(), RenderError> {
    let volumes = common["volumes"].as_array().map(Vec::as_slice).unwrap_or_default();
    for workload in &topology.workloads {
        let (steps, after) = holds(plan, workload);
        if after.is_empty() {
            ours::has_gate(workload, None, volumes)?;
            continue;
        }
        let object = &stream.objects()[workload.object];
        let look = stream.look(object);
        let template = template_path(object.kind()).and_then(|template| look.tree.path(look.root, template));
        let Some(spec) = template.and_then(|template| look.tree.get(template, "spec")) else { continue };
        let mut context = common.clone();
        context["after"] = json!(after);
        context["run_as_user"] = json!(workload.pod.user().is_none().then_some(USER));
        let gate = templates::render("gate.yaml", &context)?;
        if ours::has_gate(workload, Some(&templates::json("gate.yaml", &gate)?), volumes)? {
            continue;
        }
        let edited = rendered.edits.add_to_list(&look, spec, "initContainers", &gate, At::Front).and_then(|()| {
            for volume in volumes {
                rendered.edits.add_to_list(&look, spec, "volumes", &yaml::write(volume, 0), At::End)?;
            }
            Ok(())
        });
        edited.map_err(|source| edit_error(stream, workload.object, source))?;
        rendered.changes.push(SummaryLine {
            object: name_of(stream, workload.object),
            what: format!("waits for {}", steps.join(", ")),
            is_new: false,
        });
    }
    Ok(())
}

/// Makes the chart's own markers permanent: no TTL, and kept when they leave the manifest.
fn harden(stream: &Stream, topology: &Topology, plan: &Plan, rendered: &mut Rendered) -> Result<(), RenderError> {
    let adopted: BTreeSet<&str> = plan
        .steps
        .iter()
        .filter(|step| matches!(step.by, By::Chart(_)))
        .flat_map(|step| step.markers.iter().map(String::as_str))
        .collect();
    let jobs = topology.jobs.iter().map(|job| (job.object, "Job"));
    let restores = topology.restores.iter().map(|restore| (restore.object, "Restore"));
    for (index, kind) in jobs.chain(restores) {
        let object = &stream.objects()[index];
        if !adopted.contains(format!("{kind}/{}", object.name()).as_str()) {
            continue;
        }
        let look = stream.look(object);
        let mut what = Vec::new();
        let mut edit = || -> Result<(), EditError> {
            let metadata = look.tree.get(look.root, "metadata").unwrap_or(look.root);
            let annotations = look.tree.get(metadata, "annotations");
            // Without an id in its name it identifies no backup, and would block the next installation.
            let is_backup = |id: &str| topology.product.backup(id).is_ok();
            let names_backup =
                object.name().match_indices('-').any(|(at, _)| object.name().get(at + 1..).is_some_and(is_backup));
            let kept = annotations.and_then(|map| look.tree.get(map, "helm.sh/resource-policy"));
            if kept.is_none() && (kind == "Restore" || names_backup) {
                rendered.edits.add_to_map(&look, metadata, "annotations", "helm.sh/resource-policy", "keep")?;
                what.push("kept");
            }
            if let Some(spec) = look.tree.get(look.root, "spec")
                && look.tree.get(spec, "ttlSecondsAfterFinished").is_some()
            {
                rendered.edits.remove_entry(&look, spec, "ttlSecondsAfterFinished")?;
                what.push("no TTL");
            }
            Ok(())
        };
        edit().map_err(|source| edit_error(stream, index, source))?;
        if !what.is_empty() {
            let what = format!("the chart's own marker: {}", what.join(", "));
            rendered.changes.push(SummaryLine { object: name_of(stream, index), what, is_new: false });
        }
    }
    Ok(())
}

/// Adds hwdr's own objects, in the order that Kubernetes needs.
fn inject(
    stream: &Stream,
    topology: &Topology,
    ground: &Ground,
    plan: &Plan,
    common: &Json,
    marker: Marker,
    rendered: &mut Rendered,
) -> Result<(), RenderError> {
    let mut documents = Vec::new();
    let mut waited_for = BTreeSet::new();
    let mut accounts = BTreeSet::new();
    let mut jobs = Vec::new();
    for step in &plan.steps {
        for object in &step.objects {
            let mut context = with(common, &object.values);
            context["after"] = json!(object.after);
            waited_for.extend(object.after.iter().cloned());
            if object.id.starts_with("Job/") {
                accounts.extend(ground.account.clone());
            }
            let mut text = templates::render(object.template, &context)?;
            if !text.contains(TOKEN) {
                context["volumes"] = without_token(&context["volumes"]);
                text = templates::render(object.template, &context)?;
            }
            jobs.push(Document::new(object.id.clone(), text, object.what)?);
        }
    }
    for workload in &topology.workloads {
        let (_, after) = holds(plan, workload);
        if !after.is_empty() {
            accounts.insert(workload.pod.service_account().to_owned());
            waited_for.extend(after);
        }
    }
    let id = &plan.backup_id;
    if !waited_for.is_empty() {
        let mut context = common.clone();
        context["jobs"] = json!(waited_for);
        context["accounts"] = json!(accounts);
        let gate = Access { template: "access.yaml", name: "gate", values: json!({}) };
        for access in iter::once(&gate).chain(plan.steps.iter().rev().flat_map(|step| &step.access)) {
            let text = templates::render(access.template, &with(&context, &access.values))?;
            let ids = ["Role", "RoleBinding"].map(|kind| format!("{kind}/hwdr-{}-{id}", access.name));
            for (id, text) in ids.into_iter().zip(text.split("\n---\n")) {
                documents.push(Document::new(id, text.to_owned(), "lets pods see what they wait for")?);
            }
        }
        context["scripts"] = json!(templates::scripts(topology.product));
        let text = templates::render("scripts.yaml", &context)?;
        documents.push(Document::new(format!("ConfigMap/hwdr-scripts-{id}"), text, "the scripts of the Jobs")?);
    }
    documents.extend(jobs);
    if marker == Marker::Injected {
        let mut context = common.clone();
        context["backup_time"] = json!(id.time.map(|time| time.to_string()).unwrap_or_default());
        context["version"] = json!(env!("CARGO_PKG_VERSION"));
        context["digest"] = json!(plan.digest());
        context["plan"] = json!(format!("{}\n", plan.to_json()));
        let text = templates::render("marker.yaml", &context)?;
        documents.push(Document::new(format!("ConfigMap/hwdr-restore-{id}"), text, "the marker of the restore")?);
    }

    let present = ours::present(stream, topology, &documents)?;
    for Document { id, text, what, .. } in documents.into_iter().filter(|document| !present.contains(&document.id)) {
        rendered.appended.push(text);
        rendered.changes.push(SummaryLine { object: id, what, is_new: true });
    }
    Ok(())
}

fn name_of(stream: &Stream, object: usize) -> String {
    let object = &stream.objects()[object];
    format!("{}/{}", object.kind(), object.name())
}

fn edit_error(stream: &Stream, object: usize, source: EditError) -> RenderError {
    RenderError::Edit { object: name_of(stream, object), line: stream.objects()[object].line, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::PRODUCTS;

    /// An immutable object must depend only on its name and this program, or another upgrade of the release fails in the middle.
    #[test]
    fn scripts_are_ours_by_all_of_their_content() {
        let mut ours = json!({"data": templates::scripts(PRODUCTS[0]).iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect::<serde_json::Map<_, _>>()});
        assert!(is_with_our_scripts(PRODUCTS[0], &ours));
        ours["data"]["gate.sh"] = json!(templates::script(PRODUCTS[0], "gate.sh").trim_end());
        assert!(is_with_our_scripts(PRODUCTS[0], &ours));
        for (name, text) in
            [("gate.sh", json!("#!/bin/bash\nexit 0\n")), ("more.sh", json!("")), ("gate.sh", Json::Null)]
        {
            let mut other = ours.clone();
            other["data"][name] = text;
            assert!(!is_with_our_scripts(PRODUCTS[0], &other), "{name}");
        }
        assert!(!is_with_our_scripts(PRODUCTS[0], &json!({})));
    }
}
