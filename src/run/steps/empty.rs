//! Restarts workloads on empty volumes, after a Job left half-restored data that a retry cannot continue from.

use serde_json::Value as Json;

use super::{quiesce, volumes, workloads_of};
use crate::run::state::Scaled;
use crate::run::{Context as _, Halt, Run};
use crate::topology::Role;

/// Empties what the failed Job has written to, if its service needs that. Only this restore has written there: the volumes were new,
/// which is checked again, and everything else waits for this Job.
pub(super) async fn before_retry(run: &mut Run, failed: &Json) -> Result<(), Halt> {
    let service = run.product().services().iter().find(|service| service.has_to_be_emptied(failed));
    let Some(service) = service else { return Ok(()) };
    run.show.note(&format!("{} may be half restored: restarting it on empty volumes", service.title()));
    run.state.emptied = workloads(run, service.may_be_emptied()).await?;
    run.save().await?;
    go_on(run).await
}

/// Does so, or resumes it after an interruption.
pub(super) async fn go_on(run: &mut Run) -> Result<(), Halt> {
    if run.state.emptied.is_empty() {
        return Ok(());
    }
    let noted = run.state.emptied.clone();
    let services = run.product().services().iter().filter(|service| !service.may_be_emptied().is_empty());
    let titles: Vec<_> = services.clone().map(|service| service.title()).collect();
    let roles: Vec<_> = services.flat_map(|service| service.may_be_emptied()).copied().collect();
    let live = workloads(run, &roles).await?;
    let may_be_emptied =
        |workload: &Scaled| live.iter().any(|live| (&live.kind, &live.name) == (&workload.kind, &workload.name));
    if let Some(other) = noted.iter().find(|workload| !may_be_emptied(workload)) {
        return Err(Halt::new(format!(
            "{}/{} does not belong to {} in release {}: it is not emptied",
            other.kind,
            other.name,
            titles.join(" or "),
            run.state.release
        ))
        .help(format!("undo, then restore again:\n{}", run.undo())));
    }
    volumes::must_be_new(run, &noted).await?;
    quiesce::stop_these(run, &noted).await?;
    volumes::empty(run, &noted).await?;
    quiesce::start_these(run, &noted).await?;
    run.state.emptied.clear();
    run.save().await
}

/// The release's workloads of these roles as they are now.
async fn workloads(run: &Run, roles: &[Role]) -> Result<Vec<Scaled>, Halt> {
    let all = workloads_of(run.product(), &run.cluster, &run.state.release).await?;
    let chosen = all.into_iter().filter(|(_, _, role)| roles.contains(role));
    Ok(chosen.filter_map(|(kind, object, role)| Some(Scaled::of(kind, &object, role.stops?))).collect())
}
