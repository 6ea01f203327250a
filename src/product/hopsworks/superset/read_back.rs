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
    match judge(&probe) {
        Read::Whole(what) => {
            run.finding(&what);
            run.state.begin(READ, Timestamp::now());
            run.state.end(READ, Timestamp::now());
            run.save().await
        }
        Read::Doubtful(what) => {
            run.doubt(&what);
            Ok(())
        }
        Read::NotWhole(what) => Err(Halt::new(what).help(way_on(run))),
        Read::Sealed(what) => Err(Halt::new(what)
            .help("bring back Superset's key (its Secret) of the time of the backup, and restart its pods")
            .help(way_on(run))),
    }
}

/// What a database is like, in words.
#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// All of it is there, and can be read.
    Whole(String),
    /// Some passwords cannot be decrypted. A key that is right for others was the backup's.
    Doubtful(String),
    /// Tables are missing.
    NotWhole(String),
    /// No password can be decrypted.
    Sealed(String),
}

fn judge(probe: &Probe) -> Read {
    let Probe { revision, tables, dashboards, connections, sealed, unreadable } = probe;
    let (Some(revision), Some(dashboards), Some(connections)) = (revision, dashboards, connections) else {
        return Read::NotWhole(format!(
            "superset database: it has {tables} tables, but not all of those that Superset has: alembic_version, dashboards, dbs"
        ));
    };
    let counts = format!(
        "superset database: tables {tables}, dashboards {dashboards}, connections {connections} ({sealed} with a password), schema {}",
        kept(revision)
    );
    if unreadable.is_empty() {
        let decrypted = if *sealed > 0 { "; each password can be decrypted" } else { "" };
        return Read::Whole(format!("{counts}{decrypted}"));
    }
    let names: Vec<_> = unreadable.iter().take(NAMED).map(|name| kept(name)).collect();
    let problem = format!(
        "{counts}; the passwords of {} cannot be decrypted with Superset's key: {}",
        unreadable.len(),
        names.join(", ")
    );
    if (unreadable.len() as u64) < *sealed { Read::Doubtful(problem) } else { Read::Sealed(problem) }
}

/// How to go on from here, or back.
fn way_on(run: &Run) -> String {
    let WayOn { resume, undo } = run.way_on();
    undo.map_or_else(|| format!("then:\n{resume}"), |undo| format!("then:\n{resume}\nor go back:\n{undo}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn probe(sealed: u64, unreadable: &[&str]) -> Probe {
        Probe {
            revision: Some("a1".to_owned()),
            tables: 60,
            dashboards: Some(2),
            connections: Some(9),
            sealed,
            unreadable: unreadable.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_database_is_judged_by_its_tables_and_passwords() {
        const COUNTS: &str = "superset database: tables 60, dashboards 2, connections 9";
        let whole = |sealed| judge(&probe(sealed, &[]));
        assert_eq!(
            whole(3),
            Read::Whole(format!("{COUNTS} (3 with a password), schema a1; each password can be decrypted"))
        );
        assert_eq!(whole(0), Read::Whole(format!("{COUNTS} (0 with a password), schema a1")));
        let Read::Doubtful(some) = judge(&probe(3, &["one"])) else { panic!("a doubt") };
        assert!(some.ends_with("the passwords of 1 cannot be decrypted with Superset's key: one"), "{some}");
        let Read::Sealed(all) = judge(&probe(7, &["1", "2", "3", "4", "5", "6", "7"])) else { panic!("a halt") };
        assert!(all.ends_with("the passwords of 7 cannot be decrypted with Superset's key: 1, 2, 3, 4, 5"), "{all}");
        for lacks in [
            Probe { revision: None, ..probe(0, &[]) },
            Probe { dashboards: None, ..probe(0, &[]) },
            Probe { connections: None, ..probe(0, &["x"]) },
        ] {
            let Read::NotWhole(what) = judge(&lacks) else { panic!("{lacks:?}") };
            assert!(what.contains("60 tables, but not all of those that Superset has"), "{what}");
        }
    }
}
