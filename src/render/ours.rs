//! What is ours: what this plan renders, compared by name and whole content. A label or a name alone proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::{GATE, RenderError};
use crate::stream::{Stream, json_of};
use crate::topology::{Topology, Workload};
use crate::yaml::is_printable;

/// An injected document.
#[derive(Debug)]
pub(super) struct Document {
    /// `Kind/name`.
    pub id: String,
    /// Its YAML.
    pub text: String,
    /// What it is for, in a few words.
    pub what: String,
    namespace: Option<String>,
    json: Json,
}

impl Document {
    /// Parses a rendered template: it must be the object `id` and nothing else, whatever the values and the chart
    /// have put into it.
    pub(super) fn new(id: String, text: String, what: impl Into<String>) -> Result<Self, RenderError> {
        let broken = |why: String| RenderError::Broken { object: id.clone(), why };
        if !is_printable(&text) {
            return Err(broken("it has characters that YAML readers interpret differently".to_owned()));
        }
        // A literal block at the end has its line break only if the line has.
        let stream = Stream::parse(format!("{text}\n").into_bytes()).map_err(|error| broken(error.to_string()))?;
        let [object] = stream.objects() else {
            return Err(broken(format!("it is {} objects", stream.objects().len())));
        };
        let (kind, name) = (object.kind(), object.name());
        if id != format!("{kind}/{name}") || object.item.is_some() || stream.documents() != 1 {
            return Err(broken(format!("it has become {kind}/{name}")));
        }
        let look = stream.look(object);
        let json = json_of(&look.tree, look.root);
        let own = keys_of(kind);
        let more = json.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).find(|key| !own.contains(key));
        if let Some(key) = more {
            return Err(broken(format!("it has the top-level key {key}")));
        }
        let namespace = object.namespace().map(str::to_owned);
        Ok(Self { what: what.into(), namespace, json, id, text })
    }
}

/// The top-level keys of an injected object.
fn keys_of(kind: &str) -> &'static [&'static str] {
    match kind {
        "ConfigMap" => &["apiVersion", "kind", "metadata", "data", "immutable"],
        "Role" => &["apiVersion", "kind", "metadata", "rules"],
        "RoleBinding" => &["apiVersion", "kind", "metadata", "roleRef", "subjects"],
        _ => &["apiVersion", "kind", "metadata", "spec"],
    }
}

/// Those of `documents` that are already in the stream, from an earlier pass.
///
/// # Errors
/// If an object in the stream has the name of one, or the label, but differs.
pub(super) fn present(
    stream: &Stream,
    topology: &Topology,
    documents: &[Document],
) -> Result<BTreeSet<String>, RenderError> {
    let by_id: BTreeMap<&str, &Document> = documents.iter().map(|document| (document.id.as_str(), document)).collect();
    let mut present = BTreeSet::new();
    for injected in &topology.injected {
        match by_id.get(injected.id.as_str()) {
            None => return Err(RenderError::NotOurs(injected.id.clone())),
            Some(document) if same(stream, injected.object, document) => present.insert(injected.id.clone()),
            Some(_) => return Err(RenderError::OtherPlan(injected.id.clone())),
        };
    }
    let known: BTreeSet<usize> = topology.injected.iter().map(|injected| injected.object).collect();
    for (index, object) in stream.objects().iter().enumerate().filter(|(index, _)| !known.contains(index)) {
        let id = format!("{}/{}", object.kind(), object.name());
        let Some(document) = by_id.get(id.as_str()) else { continue };
        let elsewhere = object.namespace().is_some() && object.namespace() != document.namespace.as_deref();
        if !elsewhere && !same(stream, index, document) {
            return Err(RenderError::OtherPlan(id));
        }
    }
    Ok(present)
}

/// Whether the object in the stream equals `document`. Helm 4 annotates every document with its file.
fn same(stream: &Stream, object: usize, document: &Document) -> bool {
    let Some(object) = stream.objects().get(object) else { return false };
    let look = stream.look(object);
    let mut there = json_of(&look.tree, look.root);
    if let Some(metadata) = there.get_mut("metadata").and_then(Json::as_object_mut)
        && let Some(annotations) = metadata.get_mut("annotations").and_then(Json::as_object_mut)
        && annotations.remove("postrenderer.helm.sh/postrender-filename").is_some()
        && annotations.is_empty()
    {
        metadata.remove("annotations");
    }
    there == document.json
}

/// Whether `workload` already has exactly this gate, from an earlier pass; `None` is the gate of a workload that does not wait.
///
/// # Errors
/// If it has another container or volume with a name of the gate's.
pub(super) fn has_gate(workload: &Workload, gate: Option<&Json>, volumes: &[Json]) -> Result<bool, RenderError> {
    let added = &workload.added;
    let named = |name: &Json| added.volumes.iter().filter(|volume| volume["name"] == *name).count();
    let containers =
        added.gates.len() + workload.pod.containers().filter(|container| container["name"] == GATE).count();
    let taken = volumes.iter().find(|volume| named(&volume["name"]) > 0);
    let of = format!("{}/{}", workload.kind, workload.name);
    let is_ours = gate.is_some_and(|gate| {
        let one = |volume: &Json| added.volumes.contains(volume) && named(&volume["name"]) == 1;
        containers == 1 && added.is_first && added.gates.first() == Some(gate) && volumes.iter().all(one)
    });
    match (containers, taken) {
        _ if is_ours => Ok(true),
        (0, None) => Ok(false),
        (0, Some(volume)) => Err(RenderError::OtherPlan(format!("the volume {} of {of}", volume["name"]))),
        _ => Err(RenderError::OtherPlan(format!("the container {GATE} of {of}"))),
    }
}
