//! RonDB begun anew: tables of a metadata Job that failed half-way stand in the way of another one, and `ndb_restore` cannot go on with them.

use serde_json::Value as Json;

use super::{quiesce, volumes, workloads_of};
use crate::cluster::condition::text;
use crate::run::state::Scaled;
use crate::run::{Context as _, Halt, Run};
use crate::topology::Role;

/// The Job that restores the metadata (`templates/rondb-metadata.yaml`).
const METADATA: &str = "rondb-metadata";
/// What of RonDB is started anew, on empty volumes: the MySQL servers know tables, too.
const RONDB: &[Role] = &[Role::Rdrs, Role::ReplicaApplier, Role::BinlogServer, Role::Mysqld, Role::DataNode];

/// Empties RonDB, where `failed` is the Job of its metadata: it may have made tables. Nothing but this restore has written there: its volumes
/// were new, which is looked at once more, and everybody else waits for this Job.
pub async fn empty(run: &mut Run, failed: &Json) -> Result<(), Halt> {
    if text(failed, "/metadata/labels/app.kubernetes.io~1component") != METADATA {
        return Ok(());
    }
    run.show.note("RonDB's metadata may be half restored: its data nodes start once more, on empty volumes");
    run.state.emptied = at_work(run).await?;
    run.save().await?;
    go_on(run).await
}

/// Goes on with that, where it was cut off.
pub async fn go_on(run: &mut Run) -> Result<(), Halt> {
    if run.state.emptied.is_empty() {
        return Ok(());
    }
    let workloads = run.state.emptied.clone();
    let rondb = at_work(run).await?;
    let is_rondb =
        |workload: &Scaled| rondb.iter().any(|live| (&live.kind, &live.name) == (&workload.kind, &workload.name));
    if let Some(other) = workloads.iter().find(|workload| !is_rondb(workload)) {
        return Err(Halt::new(format!(
            "{}/{} is none of RonDB's in release {}, and is not emptied",
            other.kind, other.name, run.state.release
        ))
        .help(format!("go back, and restore once more: helm hwdr undo {}", run.state.release)));
    }
    volumes::must_be_new(run, &workloads).await?;
    quiesce::stop_these(run, &workloads).await?;
    volumes::empty(run, &workloads).await?;
    quiesce::start_these(run, &workloads).await?;
    run.state.emptied.clear();
    run.save().await
}

/// The release's workloads of RonDB as they are now.
async fn at_work(run: &Run) -> Result<Vec<Scaled>, Halt> {
    let workloads = workloads_of(&run.cluster, &run.state.release).await?;
    let rondb = workloads.into_iter().filter(|(_, _, role)| role.is_some_and(|role| RONDB.contains(&role)));
    Ok(rondb.filter_map(|(kind, object, role)| Some(Scaled::of(kind, &object, quiesce::tier(role)?))).collect())
}
