//! What `hwdr doctor` says of Superset alone.

use serde_json::Value as Json;

use super::backups::{TURN_ON, fence};
use super::read_back::{self, Probe};
use super::{APPLICATION, AUDIT, FENCE, MARKER, NAME, SCHEMA};
use crate::cluster::condition::{self, text};
use crate::cluster::{Cluster, Kind, WaitState};
use crate::doctor::{Facts, Level, Line, Mend};
use crate::run::steps::is_ready;
use crate::shown::kept;

/// Its last restore, if it has not ended well; and that nothing backs it up.
pub(in super::super) fn examine(facts: &Facts) -> Vec<Line> {
    [fenced(facts), unsaved(facts)].concat()
}

/// It runs, and nothing has ever backed it up: no list has a word of that.
fn unsaved(facts: &Facts) -> Vec<Line> {
    let runs = facts.workloads.iter().flatten().any(|live| live.role == APPLICATION);
    if !runs || facts.status.services.iter().any(|service| service.name == NAME) {
        return Vec::new();
    }
    let what = "Superset runs, and nothing backs it up: its dashboards, connections and users could not be restored";
    vec![Line::new(Level::Warning, NAME, what).fix(TURN_ON)]
}

fn fenced(facts: &Facts) -> Vec<Line> {
    let told = match &facts.telling {
        Ok(told) => told,
        Err(fault) => return vec![Line::unread(NAME, &format!("ConfigMap/{AUDIT}"), fault)],
    };
    let Some(fault) = fence(told, &facts.place.namespace) else { return Vec::new() };
    // The line on its backups says so, where there is one.
    let is_said = facts.status.services.iter().any(|service| service.faults.contains(&fault));
    if is_said { Vec::new() } else { vec![Line::of(NAME, &fault)] }
}

/// The fence that an earlier restore left can go once Superset's own code has read all of the database; or why not.
pub(in super::super) async fn proven(cluster: &Cluster, facts: &Facts) -> (Vec<Mend>, Vec<String>) {
    let audit = facts.telling.iter().flatten().find(|object| text(object, "/metadata/name") == AUDIT);
    let Some(from) = audit.and_then(|audit| audit.pointer("/data")?.get(FENCE)).cloned() else {
        return (Vec::new(), Vec::new());
    };
    match is_whole(cluster, facts).await {
        Ok(why) => {
            let mend = Mend {
                kind: Kind::CONFIG_MAP,
                namespace: Some(cluster.namespace.clone()),
                name: AUDIT.to_owned(),
                field: "/data/inProgress",
                from,
                to: Json::Null,
                why,
            };
            (vec![mend], Vec::new())
        }
        Err(why) => (Vec::new(), vec![format!("{FENCE} in ConfigMap/{AUDIT} stays: {why}")]),
    }
}

/// Says what Superset's own code has read, if that is all of it, and no restore of it runs.
async fn is_whole(cluster: &Cluster, facts: &Facts) -> Result<String, String> {
    let is_open = |run: &Result<crate::run::state::State, _>| run.as_ref().map_or(true, |state| state.phase.is_open());
    if facts.runs.as_ref().map_or(true, |runs| runs.iter().any(is_open)) {
        return Err("a run of hwdr is not over, or cannot be read".to_owned());
    }
    let jobs = cluster.list(Kind::JOB, None, "").await.map_err(|error| error.to_string())?;
    let is_at_work = |job: &&Json| {
        let name = text(job, "/metadata/name");
        [MARKER, SCHEMA].iter().any(|of| name.starts_with(of))
            && matches!(condition::job(Some(job)), WaitState::NotYet(_))
    };
    if let Some(job) = jobs.iter().find(is_at_work) {
        return Err(format!("Job {} is not over", kept(text(job, "/metadata/name"))));
    }
    let workloads = facts.workloads.as_ref().map_err(|fault| fault.what.clone())?;
    let pods = facts.pods.as_ref().map_err(|fault| fault.what.clone())?;
    let selectors = workloads.iter().filter(|live| live.role == APPLICATION);
    let selectors: Vec<_> = selectors.filter_map(|live| live.object.pointer("/spec/selector/matchLabels")).collect();
    let is_its = |pod: &&Json| {
        let labels = pod.pointer("/metadata/labels").cloned().unwrap_or_default();
        let has_all = |selector: &&Json| {
            selector
                .as_object()
                .is_some_and(|all| !all.is_empty() && all.iter().all(|(key, value)| labels[key] == *value))
        };
        is_ready(pod) && selectors.iter().any(has_all)
    };
    let pod = pods.iter().find(is_its).ok_or("no pod of Superset is ready, in which its database could be read")?;
    let pod = text(pod, "/metadata/name");
    match read_back::probe(cluster, pod)
        .await
        .map_err(|why| format!("its database was not read in pod {pod}: {why}"))?
    {
        Probe {
            revision: Some(_),
            tables,
            dashboards: Some(dashboards),
            connections: Some(connections),
            unreadable,
            ..
        } if unreadable.is_empty() => Ok(format!(
            "Superset's own code has read its database: {tables} tables, {dashboards} dashboards, {connections} connections"
        )),
        probe => Err(format!(
            "the database is not whole: {} tables, and the passwords of {} connections cannot be decrypted. Restore Superset from a backup",
            probe.tables,
            probe.unreadable.len()
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_patch_takes_the_fence_away_where_it_is_as_it_was() {
        let mend = Mend {
            kind: Kind::CONFIG_MAP,
            namespace: None,
            name: AUDIT.to_owned(),
            field: "/data/inProgress",
            from: json!("a"),
            to: Json::Null,
            why: String::new(),
        };
        assert_eq!(mend.field, format!("/data/{FENCE}"));
        assert_eq!(mend.patch(), json!({"data": {FENCE: null}}));
        assert!(mend.applies_to(&json!({"data": {FENCE: "a"}})) && !mend.applies_to(&json!({"data": {FENCE: "b"}})));
    }
}
