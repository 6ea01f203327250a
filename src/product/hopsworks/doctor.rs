//! What `hwdr doctor` says of Hopsworks alone.

#![expect(clippy::indexing_slicing, reason = "JSON that is read by a key is null where there is none")]

use serde_json::Value as Json;

use super::{checks, keys, rondb, warnings};
use crate::cluster::condition::text;
use crate::doctor::{Facts, Level, Line};
use crate::mode::Mode;
use crate::shown::plain;
use crate::values::Data;

/// What looking does not show.
pub(super) const UNEXAMINED: &[&str] = &[
    "The registry with the Python environments is backed up elsewhere: see that it is, and that this cluster can reach the copy.",
    "Whether the chart is of exactly the version of Hopsworks that the backup was made with: no backup records it. \
     RonDB's version and Superset's image are recorded: helm hwdr backups verify prints them.",
    "Records in Kafka are in no backup: their producers have to send them again.",
];

/// All that only Hopsworks has.
pub(super) fn examine(facts: &Facts) -> Vec<Line> {
    let mut lines = wipes(facts);
    if facts.mode == Mode::Upgrade {
        lines.extend(rollout(facts));
        lines.extend(claims(facts));
    }
    lines
}

fn wipes(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "wipe-on-uninstall";
    let name = keys::dotted(keys::WIPES);
    let Some(values) = &facts.values else {
        return vec![
            Line::unknown(CHECK, format!("whether {name} is false is not known: there are no values"))
                .fix("give the values: -f values.yaml"),
        ];
    };
    vec![match values.get(keys::WIPES).map(|value| &value.data) {
        Some(Data::Bool(false)) => Line::ok(CHECK, format!("{name} is false: helm uninstall leaves the data claims")),
        _ => Line::warning(CHECK, warnings::WIPES).fix(format!("keep them:\n  {name}: false")),
    }]
}

/// Node groups whose pods keep their old template.
fn rollout(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "rollout-partition";
    // What runs has a line of its own if it is not known.
    let Ok(workloads) = &facts.workloads else { return Vec::new() };
    let groups: Vec<_> = workloads.iter().filter(|live| live.role == rondb::DATA_NODE).collect();
    let partition =
        |object: &Json| object["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_u64().unwrap_or_default();
    let held = groups.iter().find(|live| partition(&live.object) > 0);
    vec![match held {
        Some(live) => {
            let id = format!("{}/{}", live.kind, plain(text(&live.object, "/metadata/name")));
            let line = Line::from((CHECK, checks::keeps_old_pods(&id, partition(&live.object), true)));
            // hwdr's own Jobs only need the data nodes not to be restarted meanwhile: the plan knows who restores.
            Line { level: Level::Warning, ..line }
        }
        None if groups.is_empty() => return Vec::new(),
        None => Line::ok(CHECK, "node groups take a new template at once (no partition)"),
    }]
}

/// Claims that go with their StatefulSets.
fn claims(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "claim-retention";
    let Ok(workloads) = &facts.workloads else { return Vec::new() };
    let goes = |object: &Json| object["spec"]["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete";
    let going = workloads.iter().filter(|live| live.role.holds_data && goes(&live.object));
    let mut names: Vec<_> = going.map(|live| text(&live.object, "/metadata/name")).collect();
    names.sort_unstable();
    if names.is_empty() { Vec::new() } else { vec![Line::warning(CHECK, warnings::loses_claims(&names))] }
}
