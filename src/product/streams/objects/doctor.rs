//! What `hwdr doctor` says of the namespace's Schedule, beside what `hwdr status` says of it, and how it makes one.

use serde_json::Value as Json;

use super::schedule::{Difference, Wanted};
use crate::backups::velero::named;
use crate::cluster::Kind;
use crate::cluster::condition::text;
use crate::doctor::{Facts, Line, Mend};
use crate::mode::Mode;
use crate::product::streams::settings::Settings;
use crate::shown::plain;
use crate::velero::{HOLDS, Scope, image, is_server, minor, policy};

/// All of it.
pub(in super::super) fn examine(facts: &Facts) -> Vec<Line> {
    schedule(facts).into_iter().chain(rights(facts)).chain(holds(facts)).collect()
}

/// How the Schedule differs from the settings. A new cluster has none yet.
fn schedule(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "schedule";
    let (Ok(schedules), Mode::Upgrade) = (&facts.schedules, facts.mode) else { return Vec::new() };
    let Some(wanted) = Wanted::of_facts(facts) else { return Vec::new() };
    let name = &facts.velero.main_schedule;
    let Some(schedule) = named(schedules, name).filter(|it| is_of(it, wanted.namespace)) else { return Vec::new() };
    let differences = wanted.differences(schedule);
    if differences.is_empty() {
        return vec![Line::ok(CHECK, format!("Schedule/{name} is as in the settings"))];
    }
    let line = |difference: Difference| {
        Line::warning(CHECK, difference.what)
            .fix(format!("change the settings (hwdr.streams.velero), or the Schedule:\n{}", difference.fix))
    };
    differences.into_iter().map(line).collect()
}

/// What Velero's account on AWS needs, as long as its storage location cannot be used. A server other than AWS has policies of its own.
fn rights(facts: &Facts) -> Option<Line> {
    let locations = facts.locations.as_ref().ok()?;
    let location = locations.iter().find(|location| text(location, "/metadata/name") == facts.velero.location);
    let at = |pointer: &str| location.map_or("", |location| text(location, pointer));
    if at("/status/phase") == "Available" || !at("/spec/config/s3Url").is_empty() {
        return None;
    }
    let what = "whether Velero's account on AWS has the rights that it needs is not known";
    let fix =
        format!("for an account of its own, velero, with the least policy:\n{}", policy::setup("velero", location));
    Some(Line::unknown("velero-policy", what).fix(fix))
}

/// Whether Velero restores workloads without pods, where the values ask for a restore that needs it: of the namespace, with its servers.
fn holds(facts: &Facts) -> Option<Line> {
    const CHECK: &str = "velero-holds";
    let restore = Settings::from_values(facts.values.as_ref()?).ok()?.restore?;
    if restore.namespace.is_none() || (restore.mariadb.is_none() && restore.kafka.is_none()) {
        return None;
    }
    let mut servers = facts.servers.as_ref().ok()?.iter();
    let image = image(servers.find(|deployment| is_server(deployment, &facts.velero.deployment))?);
    match minor(image) {
        Some(minor) if minor < HOLDS => {
            let what = format!(
                "Velero is {}: before 1.{HOLDS} it cannot restore workloads without their pods, as a restore of the namespace with its servers needs",
                plain(image)
            );
            Some(
                Line::problem(CHECK, what)
                    .fix("upgrade Velero, with its CRDs:\nhttps://velero.io/docs/v1.17/upgrade-to-1.17/"),
            )
        }
        Some(_) => Some(Line::ok(CHECK, "Velero can restore workloads without their pods")),
        None => None,
    }
}

/// The Schedule, if Velero is there and has none of that name.
pub(in super::super) fn mends(facts: &Facts) -> Vec<Mend> {
    let (Ok(schedules), Mode::Upgrade) = (&facts.schedules, facts.mode) else { return Vec::new() };
    let name = &facts.velero.main_schedule;
    let Some(wanted) = Wanted::of_facts(facts).filter(|_| named(schedules, name).is_none()) else { return Vec::new() };
    vec![Mend {
        kind: Kind::SCHEDULE,
        namespace: Some(facts.velero.namespace.clone()),
        name: name.clone(),
        field: "",
        from: Json::Null,
        to: wanted.object(),
        why: format!("Velero backs up namespace {}", wanted.namespace),
    }]
}

fn is_of(schedule: &Json, namespace: &str) -> bool {
    Scope::of_schedule(schedule).has(namespace)
}
