//! The digest of a plan: equal only for equal plans.
//!
//! It is computed from facts (names, kinds, images, ids), not from sentences or `Debug` output: a later hwdr that words a plan differently
//! still recognises the approved plan.

#![expect(clippy::indexing_slicing, reason = "reading JSON by a missing key gives null")]

use serde_json::{Value as Json, json};

use crate::product::request::Request;
use crate::sha256;
use crate::steps::{By, Planned};
use crate::topology::{Topology, members, without_revision};

/// The form of the facts. Increase it when a fact is added, dropped or renamed: a run that approved a plan of another form is then told.
/// The first form, of hwdr 0.1, was computed from texts, and is recognised by its 16 digits.
const FORM: u8 = 2;

/// The length of a digest: two digits of the form, and the first 16 of SHA-256.
const DIGITS: usize = 18;

/// Whether this hwdr computes digests of this form, so that they are comparable with its own.
pub fn is_comparable(digest: &str) -> bool {
    digest.len() == DIGITS && digest.starts_with(&format!("{FORM:02x}"))
}

/// The digest of `facts`.
pub(super) fn of(facts: &Json, topology: &Topology) -> String {
    let mut text = sorted(facts).to_string();
    // The names of some of the chart's Jobs change with each revision of the release.
    for job in topology.workloads.iter().filter(|workload| workload.kind == "Job") {
        text = text.replace(&job.name, &without_revision(&job.name));
    }
    format!("{FORM:02x}{}", sha256::short(text, 16))
}

/// Everything that distinguishes one plan from another.
pub(super) fn facts(
    request: &dyn Request,
    topology: &Topology,
    namespace: &str,
    steps: &[Planned],
    of_product: Vec<(&'static str, Json)>,
) -> Json {
    let members: Vec<_> =
        members(topology).into_iter().map(|member| json!([member.role, member.object, member.replicas])).collect();
    let mut elsewhere = Vec::new();
    let mut lose_claims = Vec::new();
    for workload in &topology.workloads {
        let id = format!("{}/{}", workload.kind, workload.name);
        if let Some(other) = workload.namespace.as_deref().filter(|other| *other != namespace) {
            elsewhere.push((id.clone(), other));
        }
        if workload.loses_claims && !workload.claims.is_empty() {
            lose_claims.push(id);
        }
    }
    let mut restores: Vec<_> = topology
        .restores
        .iter()
        .map(|restore| (&restore.name, restore.spec["existingResourcePolicy"].as_str()))
        .collect();
    // Helm 3 and 4 order a stream differently, but it is the same cluster.
    elsewhere.sort();
    lose_claims.sort();
    restores.sort();
    let autoscalers: Vec<_> = topology.autoscalers.iter().map(|scaler| (&scaler.name, &scaler.target)).collect();
    let mut facts = json!({
        "namespace": namespace,
        "members": members,
        "elsewhere": elsewhere,
        "loseClaims": lose_claims,
        "autoscalers": autoscalers,
        "schedules": topology.schedules,
        "restores": restores,
        "steps": steps.iter().map(|step| self::step(step, request, topology)).collect::<Vec<_>>(),
    });
    for (name, fact) in of_product {
        facts[name] = fact;
    }
    facts
}

/// A step: who does it, with what, and who waits for it.
fn step(step: &Planned, request: &dyn Request, topology: &Topology) -> Json {
    let by = match &step.by {
        By::Chart(id) => {
            let job = id.strip_prefix("Job/").and_then(|name| topology.job(name));
            json!(["chart", id, job.map(|job| request.facts_of_job(job))])
        }
        By::Hwdr(ids) => json!(["hwdr", ids]),
        By::Before(_) => json!(["before"]),
    };
    let objects = step.objects.iter().map(|object| json!([object.id, object.after, request.facts_of_object(object)]));
    json!({
        "step": step.step, "by": by, "markers": step.markers, "objects": objects.collect::<Vec<_>>(), "lastJob": step.last_job,
        "holds": step.holds,
    })
}

/// The same with the keys of all maps in order: a tool before hwdr may have sorted the keys of the chart's objects.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_means_nothing_and_each_value_something() {
        let topology = Topology::of(crate::product::FIRST, &crate::stream::Stream::parse(Vec::new()).unwrap());
        let of = |facts: Json| of(&facts, &topology);
        let one = of(json!({"a": 1, "b": {"c": [1, 2], "d": null}}));
        assert_eq!(one, of(json!({"b": {"d": null, "c": [1, 2]}, "a": 1})));
        assert_ne!(one, of(json!({"a": 1, "b": {"c": [2, 1], "d": null}})));
        assert!(is_comparable(&one) && one.bytes().all(|byte| byte.is_ascii_hexdigit()), "{one}");
    }

    #[test]
    fn a_digest_of_another_form_is_told_apart() {
        for other in ["4e377f1f11193821", "", "00", "034e377f1f11193821", "024e377f1f111938211"] {
            assert!(!is_comparable(other), "{other}");
        }
    }
}
