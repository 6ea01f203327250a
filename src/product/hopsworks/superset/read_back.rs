//! Reads the restored database through Superset itself: only its own code shows that the passwords of connections can be decrypted.

use std::time::Duration;

use hwdr_run::WayOn;
use jiff::Timestamp;
use serde::Deserialize;

use super::{APPLICATION, Superset};
use crate::cluster::Cluster;
use crate::cluster::condition::text;
use crate::product::service::Service as _;
use crate::run::steps::{ready_pod, workloads_are_ready};
use crate::run::{Context as _, Halt, Record as _, Run};
use crate::shown::kept;

/// How long it may take: Python imports Superset.
const LIMIT: Duration = Duration::from_secs(180);
/// Reads the database in Superset's container, and prints one line of JSON; no password is printed.
const PROBE: &str = include_str!("templates/probe.py");
/// The entry in the state that says that all of it was read.
pub(super) const READ: &str = "superset-read";
/// So many names are said.
const NAMED: usize = 5;

/// What Superset's own code reads.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Probe {
    /// The schema's version; none if the database has none.
    pub revision: Option<String>,
    /// How many tables there are.
    pub tables: u64,
    /// How many dashboards; none without their table.
    pub dashboards: Option<u64>,
    /// How many connections; none without their table.
    pub connections: Option<u64>,
    /// How many connections have a password, or another secret.
    pub sealed: u64,
    /// Those of which one cannot be decrypted, by name.
    pub unreadable: Vec<String>,
}

/// Waits until Superset is ready, and reads its database, if it was restored.
///
/// # Errors
/// If Superset is not ready in time, or none of its connections can be decrypted.
pub(super) async fn read(run: &mut Run) -> Result<(), Halt> {
    if !run.state.parts.iter().any(|part| part.step == Superset.name()) {
        return Ok(());
    }
    // Findings of an earlier try no longer hold.
    run.state.findings.retain(|finding| !finding.starts_with("superset database: "));
    workloads_are_ready(run, Superset.title(), &[APPLICATION]).await?;
    let Some(pod) = ready_pod(run, APPLICATION).await? else {
        run.doubt("superset database: it was not read: no pod of Superset is ready");
        return Ok(());
    };
    let pod = text(&pod, "/metadata/name").to_owned();
    run.show.tell(&format!("reading Superset's database in pod {pod}"));
    let probe = match probe(&run.cluster, &pod).await {
        Ok(probe) => probe,
        Err(why) => {
            run.doubt(&format!("superset database: it was not read in pod {pod}: {why}"));
            return Ok(());
        }
    };
    let Probe { revision, tables, dashboards, connections, sealed, unreadable } = &probe;
    let (Some(revision), Some(dashboards), Some(connections)) = (revision, dashboards, connections) else {
        return Err(Halt::new(format!(
            "superset database: it has {tables} tables, but not all of those that Superset has: alembic_version, dashboards, dbs"
        ))
        .help(way_on(run)));
    };
    let counts = format!(
        "superset database: tables {tables}, dashboards {dashboards}, connections {connections} ({sealed} with a password), schema {}",
        kept(revision)
    );
    if unreadable.is_empty() {
        let decrypted = if *sealed > 0 { "; each password can be decrypted" } else { "" };
        run.finding(&format!("{counts}{decrypted}"));
        run.state.begin(READ, Timestamp::now());
        run.state.end(READ, Timestamp::now());
        return run.save().await;
    }
    let names: Vec<_> = unreadable.iter().take(NAMED).map(|name| kept(name)).collect();
    let problem = format!(
        "{counts}; the passwords of {} cannot be decrypted with Superset's key: {}",
        unreadable.len(),
        names.join(", ")
    );
    // A key that is right for some was the backup's.
    if (unreadable.len() as u64) < *sealed {
        run.doubt(&problem);
        return Ok(());
    }
    Err(Halt::new(problem)
        .help("bring back Superset's key (its Secret) of the time of the backup, and restart its pods")
        .help(way_on(run)))
}

/// How to go on from here, or back.
fn way_on(run: &Run) -> String {
    let WayOn { resume, undo } = run.way_on();
    undo.map_or_else(|| format!("then: {resume}"), |undo| format!("then: {resume}; or go back: {undo}"))
}

/// Reads the database in a pod of Superset.
///
/// # Errors
/// Why it cannot be read.
pub(super) async fn probe(cluster: &Cluster, pod: &str) -> Result<Probe, String> {
    let read = cluster.exec(pod, "superset", &["python", "-c", PROBE], LIMIT).await?;
    let line = read.out.lines().rev().find(|line| line.starts_with('{'));
    let why = || kept(read.error.lines().last().unwrap_or("it printed nothing"));
    serde_json::from_str(line.ok_or_else(why)?).map_err(|error| format!("its answer is not understood: {error}"))
}
