//! `hwdr upgrade` and `hwdr install`: a restore in place, and into a new cluster.

use anyhow::{Result, ensure};
use clap::Args;
use serde_json::json;

use super::flags::{Command, Line};
use super::prepare::{Ready, look};
use super::propose::{Proposed, propose};
use super::{block_on, consent, log_format, plain, report};
use crate::cli::ask;
use crate::cli::files::Once;
use crate::cli::inputs::Inputs;
use crate::cli::messages::Failure;
use crate::cluster::{Cluster, Kind};
use crate::helm::run::Helm;
use crate::mode::Mode;
use crate::refusal::Refusal;
use crate::run::preflight;
use crate::run::show::Show;
use crate::run::state::{SecretStore, State};
use crate::run::{Lease, Lock as _, RESTORE, Run};
use crate::shown::{plain, print};

/// Restores a backup in place, and can be undone; without a restore in the values, lints them and runs helm upgrade
///
/// What each step does, and how to undo it: docs/restore.md.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr upgrade RELEASE CHART -f values.yaml [FLAGS]"
)]
pub(crate) struct Upgrade {
    #[command(flatten)]
    line: Line,
}

/// Restores a backup into a new cluster; without a restore in the values, lints them and runs helm install
///
/// Creates Velero's storage location if it does not exist: --iam, --secret,
/// --credentials-file or --credentials-env says how Velero reads the bucket.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr install RELEASE CHART -f values.yaml --iam [FLAGS]"
)]
pub(crate) struct Install {
    #[command(flatten)]
    line: Line,
}

/// Restores the same backup in place again
///
/// Deletes only the markers of the earlier restore. Then it does what
/// helm hwdr upgrade does.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr rerun RELEASE CHART -f values.yaml [FLAGS]"
)]
pub(crate) struct Rerun {
    #[command(flatten)]
    line: Line,
}

impl Rerun {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        block_on(apply(Command::Rerun, &self.line.arguments))
    }
}

impl Upgrade {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        block_on(apply(Command::Upgrade, &self.line.arguments))
    }
}

impl Install {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        block_on(apply(Command::Install, &self.line.arguments))
    }
}

async fn apply(command: Command, arguments: &[String]) -> Result<()> {
    let mode = if command == Command::Install { Mode::Install } else { Mode::Upgrade };
    let Some(mut invocation) = super::parse(command, Some(mode), arguments)? else { return Ok(()) };
    let format = log_format(&invocation)?;
    super::from_here(&mut invocation)?;
    let mut files = Once::new();
    let inputs = Inputs::read_of(&invocation, Some(mode), &mut files)?;
    let mut helm = Helm::find(&invocation).await?;
    helm.freeze(&mut files.pass())?;
    let Some(restore) = inputs.restore()? else {
        plain::only_for_a_restore(command, &invocation)?;
        return plain::run(mode, &invocation, &helm, &inputs.values).await;
    };
    report::known(invocation.own("output"))?;
    let proposed = propose(command, &invocation, restore, &inputs.values, helm).await?;
    if invocation.is_on("dry-run") {
        print(&proposed.text());
        return Ok(());
    }
    // Standard output is for the report.
    ask::show(&proposed.text(), invocation.is_on("yes"));
    let Proposed { ready, found, state, location, .. } = proposed;
    let steps = state.steps_to_do();
    consent(&invocation.release, &cost(&ready, &state), invocation.is_on("yes"))?;

    let mut show = Show::new(format);
    make_namespace(&ready.cluster).await?;
    let commands = ready.cluster.commands();
    let lease = Lease::take(&ready.cluster, &state.release, |text| show.tell(text)).await?;
    let outcome = async {
        let cluster = lease.cluster();
        if let Some(job) = &ready.preflight {
            preflight::can_be_read(&cluster, &mut show, job).await?;
        }
        // The Lease keeps others from starting, but one may have started before.
        ensure!(
            look(&invocation, &ready).await? == found,
            Refusal::new("the cluster has changed since you were asked: nothing was done")
                .help("start again, and check the plan")
        );
        preflight::delete_markers(&cluster, &found.markers).await?;
        let store = SecretStore::create(&cluster, &state, &ready.plan).await?;
        let mut run = Run::new(cluster, store, ready.helm, show).await?;
        run.location = location;
        run.accepts = |holes| ask::accepts(holes, false);
        run.go(&steps, RESTORE).await.map(|()| run.state.clone()).map_err(|halt| Failure::stopped(halt).into())
    };
    let outcome: Result<State> = lease.guard(outcome).await;
    lease.release().await;
    report::print(&outcome?, &commands, invocation.own("output"))
}

/// Creates the release's namespace, which holds the state of the run. In a new cluster it may not exist yet.
async fn make_namespace(cluster: &Cluster) -> Result<()> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}});
    if cluster.get(Kind::NAMESPACE, None, &cluster.namespace).await?.is_none() {
        cluster.create(Kind::NAMESPACE, None, &namespace).await?;
    }
    Ok(())
}

/// What the operator agrees to.
fn cost(ready: &Ready, state: &State) -> String {
    let (plan, cluster) = (&ready.plan, &ready.cluster);
    let since = plan.backup_time.as_deref().unwrap_or("that backup");
    let place = format!(
        "Release {} in namespace {} of {} ({})",
        state.release, cluster.namespace, cluster.context, cluster.server
    );
    if let Some(cost) = ready.cost() {
        return format!("{place}: {cost}");
    }
    match (plan.mode, state.wipe) {
        (Mode::Install, _) => {
            let buckets: Vec<_> = ready.restore.written().into_iter().map(plain).collect();
            let writes = match buckets.is_empty() {
                true => String::new(),
                false => {
                    format!(" It writes to bucket {}: the old cluster must not run any more.", buckets.join(" and "))
                }
            };
            format!("{place} is installed, and backup {} restored into it.{writes}", plan.backup_id)
        }
        (Mode::Upgrade, _) if !ready.is_whole() => {
            let services = plan.product.services().iter();
            let taken = services.filter(|service| plan.steps.iter().any(|step| step.step == service.name()));
            let titles = taken.map(|service| service.title()).collect::<Vec<_>>().join(" and ");
            let back = match state.wipe {
                true => "is LOST, because its old volumes are deleted (--wipe). This cannot be undone.",
                false => {
                    "is gone from it. The old volumes are set aside. Until helm hwdr finalize, helm hwdr undo puts them back."
                }
            };
            format!(
                "{place}: {titles} alone stops, and goes back to {since}: everything written to it since then {back}"
            )
        }
        (Mode::Upgrade, false) => format!(
            "{place} stops, and goes back to {since}: everything written since then is gone from it. \
             The old volumes are set aside. Until helm hwdr finalize, helm hwdr undo puts them back."
        ),
        (Mode::Upgrade, true) => format!(
            "{place} stops, and goes back to {since}: everything written since then is LOST, because its old volumes are deleted \
             (--wipe). This cannot be undone."
        ),
    }
}
