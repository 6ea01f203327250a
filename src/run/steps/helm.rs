//! Runs helm once, with the plan that was agreed to.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use hwdr_run::process;
use serde_json::Value as Json;

use super::{pause_backups, quiesce, scripts, undo};
use crate::cluster::Kind;
use crate::cluster::condition::text;
use crate::commands::Commands;
use crate::helm::run::{Agreed, Release};
use crate::helm::{overlay, record};
use crate::mode::Mode;
use crate::plan;
use crate::run::state::State;
use crate::run::{Context as _, Halt, Run, lease};
use crate::shown::word;

/// How long a helm on another machine may run: its own default --timeout.
const ELSEWHERE: Duration = Duration::from_secs(5 * 60);

/// `helm upgrade`; then again what it may have undone: paused backups, and pods of workloads whose number the chart leaves to an autoscaler.
///
/// # Errors
/// If helm refuses, somebody has changed the release since, or the chart renders another plan.
pub async fn upgrade(run: &mut Run) -> Result<(), Halt> {
    apply(run, Mode::Upgrade).await?;
    pause_backups::keep_paused(run).await?;
    quiesce::start(run).await
}

/// `helm install`.
pub(super) async fn install(run: &mut Run) -> Result<(), Halt> {
    apply(run, Mode::Install).await
}

async fn apply(run: &mut Run, mode: Mode) -> Result<(), Halt> {
    let (release, before) = (run.state.release.clone(), run.state.before.revision);
    let now = settled(run).await?;
    let description = run.state.description();
    // The run was interrupted after helm, before the state said so.
    let is_done = |now: &Release| now.status == "deployed" && now.description == description;
    if now.as_ref().is_some_and(is_done) {
        return Ok(());
    }
    if let Some(other) = now.as_ref().filter(|now| now.revision > before && now.status == "deployed") {
        return Err(Halt::new(format!(
            "release {release}: revision {} ({}) is not this run's: somebody has changed the release since",
            other.revision, other.description
        ))
        .help(format!("look at it:\n{}", run.cluster.commands().helm(&format!("history {release}")))));
    }
    plan_is_comparable(&run.state, &run.cluster.commands())?;
    if !run.helm.has_chart() {
        return Err(Halt::new("helm has not run yet in this restore, and hwdr stores no values").help(format!(
            "give the chart and the values again (the same files and flags as before):\n{} -f values.yaml",
            run.cluster.commands().hwdr(&format!("resume {release} {}", word(&run.state.chart.argument)))
        )));
    }
    scripts::can_be_applied(run.product(), &run.cluster, &run.state.backup_id).await?;
    let mut flags = vec!["--description".to_owned(), description];
    flags.extend(now.as_ref().map(Release::over_conflicts).unwrap_or_default());
    if let Some(failed) = now.filter(|_| mode == Mode::Install) {
        // helm install needs the name free; it takes over what a first attempt made, which carries the release's name.
        forget(run, failed.revision).await?;
    }
    if let Some(barrier) = run.barrier.take() {
        // A helm that was cut off may have made it.
        let mut jobs = run.state.names("Job");
        jobs.retain(|name| barrier.jobs.iter().any(|job| name.starts_with(job)));
        undo::delete_jobs(run, &jobs).await?;
        overlay::raise(&mut run.helm, barrier, mode, &run.cluster.namespace).await?;
    }
    run.show.tell(&format!("helm {mode} {release}"));
    run.is_busy.store(true, Ordering::Relaxed);
    let done = begin(run, mode, &flags).await;
    run.is_busy.store(false, Ordering::Relaxed);
    done
}

/// Checks that this hwdr can tell whether the chart still renders the plan that was agreed to. Helm must not run with another one.
///
/// # Errors
/// If the run was begun by an hwdr that made another kind of digest.
pub fn plan_is_comparable(state: &State, commands: &Commands) -> Result<(), Halt> {
    if plan::is_comparable(&state.digest) {
        return Ok(());
    }
    let (version, release) = (word(&state.version), &state.release);
    let halt = Halt::new(format!(
        "hwdr {version} began this run and noted the plan in an older form ({}): this hwdr cannot tell whether the chart still renders \
         the plan that you agreed to",
        state.digest
    ))
    .help(format!("resume with the version that began it: hwdr {version}"));
    Err(match state.mode {
        Mode::Upgrade => halt.help(format!("or undo, and start again:\n{}", commands.undo(release))),
        Mode::Install => halt.help(format!("or start over:\n{}", commands.start_over(release))),
    })
}

/// Runs helm, and notes its process: if this process is killed, that one may continue. It gets its orders only after the state is written.
async fn begin(run: &mut Run, mode: Mode, flags: &[String]) -> Result<(), Halt> {
    let objects = run.state.objects.clone().filter(|_| mode == Mode::Upgrade);
    let agreed = Agreed { mode: run.state.mode, digest: run.state.digest.clone(), objects };
    let begun = run.helm.begin(mode, &run.cluster.namespace, agreed, flags)?;
    run.state.helm = begun.process().map(process::name);
    run.save().await?;
    run.helm.end(mode, begun).await?;
    run.state.helm = None;
    run.save().await
}

/// The release, once no helm of this run works on it. A pending revision is marked as failed: helm does not start while it is pending,
/// and a rollback needs to see what it applied.
pub(super) async fn settled(run: &mut Run) -> Result<Option<Release>, Halt> {
    let release = run.state.release.clone();
    let began = Instant::now();
    let pending = loop {
        let now = run.helm.release(&release).await?;
        // A helm that runs, but has not written its record yet.
        let works =
            run.state.helm.as_deref().is_some_and(|helm| process::is_of_this_machine(helm) && !process::is_dead(helm));
        let Some(found) = now.as_ref().filter(|now| now.status.starts_with("pending-")) else {
            if !works {
                return Ok(now);
            }
            wait_for(run, began, "it has not written its record yet").await?;
            continue;
        };
        let is_over = match &run.state.helm {
            Some(helm) if process::is_of_this_machine(helm) => !works,
            // It may still run elsewhere; helm gives up by itself after its --timeout.
            _ => found.deployed_since().is_none_or(|since| since > ELSEWHERE),
        };
        if is_over {
            break found.clone();
        }
        let status = format!("revision {} is {}", found.revision, found.status);
        wait_for(run, began, &status).await?;
    };
    run.show.tell(&format!("helm was interrupted: marking revision {} as failed", pending.revision));
    let (kind, record) = record(run, pending.revision).await?;
    let patch = record::failed(&record).ok_or_else(|| {
        Halt::new(format!("release {release}: the record of revision {} cannot be read", pending.revision)).help(
            format!("repair the release by hand:\n{}", run.cluster.commands().helm(&format!("history {release}"))),
        )
    })?;
    run.cluster.patch(kind, None, text(&record, "/metadata/name"), &patch).await?;
    Ok(run.helm.release(&release).await?)
}

async fn wait_for(run: &mut Run, began: Instant, status: &str) -> Result<(), Halt> {
    if began.elapsed() > ELSEWHERE * 3 {
        let end = run.state.helm.as_deref().map_or_else(|| "on the machine where it runs".to_owned(), lease::kill);
        return Err(Halt::new(format!(
            "release {}: a helm that was started before is still running: {status}",
            run.state.release
        ))
        .help(format!("end it: {end}")));
    }
    run.show.tell(&format!("waiting for the helm that was started before: {status}"));
    tokio::time::sleep(Duration::from_secs(2)).await;
    Ok(())
}

/// Deletes the record of a revision.
async fn forget(run: &mut Run, revision: u64) -> Result<(), Halt> {
    let (kind, record) = record(run, revision).await?;
    Ok(run.cluster.delete_this(kind, None, &record).await?)
}

/// Helm's record of a revision: a Secret by default, `HELM_DRIVER=configmap` otherwise (helm.sh/docs/topics/advanced).
async fn record(run: &Run, revision: u64) -> Result<(Kind, Json), Halt> {
    let release = &run.state.release;
    let name = format!("sh.helm.release.v1.{release}.v{revision}");
    for kind in [Kind::SECRET, Kind::CONFIG_MAP] {
        if let Some(found) = run.cluster.get(kind, None, &name).await? {
            return Ok((kind, found));
        }
    }
    Err(Halt::new(format!("release {release}: no Secret or ConfigMap holds Helm's record of revision {revision}"))
        .help("remove that revision from Helm's storage (HELM_DRIVER), then resume"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_of_another_form_is_refused_with_the_ways_out() {
        let old: State = serde_json::from_str(include_str!("../../../fuzz/seeds/state.json")).unwrap();
        let commands = Commands::of("prod", None);
        let halt = plan_is_comparable(&old, &commands).unwrap_err();
        assert!(halt.problem.contains("hwdr 0.1.0 began this run") && halt.problem.contains("0011223344556677"));
        assert!(
            halt.help[0].contains("hwdr 0.1.0") && halt.help[1].contains("helm hwdr undo hopsworks -n prod"),
            "{:?}",
            halt.help
        );
        let installs = State { mode: Mode::Install, ..old.clone() };
        assert!(
            plan_is_comparable(&installs, &commands).unwrap_err().help[1].contains("helm uninstall hopsworks -n prod")
        );
        let now = State { digest: "020011223344556677".to_owned(), ..old };
        assert_eq!(plan_is_comparable(&now, &commands), Ok(()));
    }
}
