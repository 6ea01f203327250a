//! Resuming and undoing a run: `resume`, `undo`.

use anyhow::{Result, bail, ensure};
use clap::Args;

use super::flags::Command;
use super::{block_on, connection, consent, log_format, release_name, report, touched};
use crate::cli::ask;
use crate::cli::connection::ConnectionArgs;
use crate::cli::files::Once;
use crate::cli::inputs::Inputs;
use crate::cli::messages::Failure;
use crate::cli::words::{LOG_FORMATS, one_of};
use crate::cluster::Cluster;
use crate::commands::Commands;
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::lint::report::human::wrap;
use crate::mode::Mode;
use crate::refusal::Refusal;
use crate::run::preflight;
use crate::run::show::{LogFormat, Show};
use crate::run::state::{Phase, SecretStore, State};
use crate::run::steps::{UNDO, all_there, plan_is_comparable};
use crate::run::{Lease, Lock as _, RESTORE, Record as _, Run, Store as _, UNDO as BACK};
use crate::shown::{self, lines};

/// Resumes a run that was interrupted or has stopped
///
/// If helm has not run yet, give the chart and the values again (and
/// --from here, if it was given before): hwdr does not store them.
///   helm hwdr resume RELEASE CHART -f values.yaml
/// It asks for confirmation only if an older hwdr has started the run and kept
/// its state in a ConfigMap, which others may have changed; --yes answers.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr resume RELEASE [CHART -f values.yaml] [FLAGS]"
)]
pub(crate) struct Resume {
    /// The release, and the chart with its flags if they are needed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, hide = true, value_name = "RELEASE")]
    arguments: Vec<String>,
}

/// Undoes a restore in place: volumes, objects, the release and its pods are as they were before
#[derive(Debug, Args)]
#[command(override_usage = "helm hwdr undo RELEASE [OPTIONS]")]
pub(crate) struct Undo {
    /// The release
    #[arg(value_parser = release_name)]
    release: Option<String>,
    /// Show what would be undone, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask for the release's name
    #[arg(short, long)]
    yes: bool,
    /// Continue if Velero could not restore every object
    #[arg(long)]
    accept_partial: bool,
    /// Refuse any other cluster: its context, server, or the uid of kube-system
    #[arg(long, value_name = "NAME")]
    expect_cluster: Option<String>,
    /// Format of the report: text, json or markdown
    #[arg(short, long, value_name = "FORMAT")]
    output: Option<String>,
    /// Format of the lines while it runs
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = one_of(LOG_FORMATS))]
    log_format: LogFormat,
    #[command(flatten)]
    connection: ConnectionArgs,
}

impl Resume {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        // The run may be an upgrade or an install.
        let Some(mut invocation) = super::parse(Command::Resume, None, &self.arguments)? else { return Ok(()) };
        super::from_here(&mut invocation)?;
        let format = log_format(&invocation)?;
        report::known(invocation.own("output"))?;
        super::no_forbidden(&invocation)?;
        block_on(async {
            let (cluster, store) = open(&invocation).await?;
            let state = store.load()?;
            let back = match state.phase {
                Phase::Running | Phase::Failed => false,
                Phase::Undoing => true,
                Phase::Restored | Phase::Undone | Phase::Finalized => {
                    bail!(
                        Refusal::new("there is nothing to resume: the last run has ended")
                            .help(format!("see its report:\n{}", cluster.commands().watch(&state.release)))
                            .help(format!("or all that was done:\n{}", cluster.commands().history(&state.release)))
                    );
                }
            };
            // A state in a Secret was written after consent.
            if store.is_old() {
                let touches = match back {
                    true => touched::by_undo(&state, UNDO),
                    false => touched::by_resume(&state, &state.steps_to_do()),
                };
                ask::show(&lines(&touches), invocation.is_on("yes"));
                let what = format!(
                    "The restore of backup {} into release {} in namespace {} of {} ({}), started {}, {}.",
                    state.backup_id,
                    state.release,
                    cluster.namespace,
                    cluster.context,
                    cluster.server,
                    state.began,
                    if back { "is undone" } else { "continues" }
                );
                consent(&state.release, &what, invocation.is_on("yes"))?;
            }
            go(&invocation, format, cluster, &state, back).await
        })
    }
}

impl Undo {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        report::known(self.output.as_deref())?;
        let invocation = self.invocation();
        block_on(async {
            let (cluster, store) = open(&invocation).await?;
            let state = store.load()?;
            let release = &state.release;
            if let Some(refusal) = no_way_back(&state, &cluster.commands()) {
                bail!(refusal);
            }
            let what = format!(
                "Release {release} in namespace {} of {} ({}) goes back to {}: everything written since then is lost, including the restored data.",
                cluster.namespace, cluster.context, cluster.server, state.began
            );
            if state.is_begun("set-aside") {
                all_there(&cluster, &state, store.since()).await?;
            }
            let touches = lines(&touched::by_undo(&state, UNDO)).into_owned();
            if self.dry_run {
                shown::print(&format!("{}\n{touches}", wrap(&what, shown::width())));
                return Ok(());
            }
            ask::show(&touches, self.yes);
            consent(release, &what, self.yes)?;
            go(&invocation, self.log_format, cluster, &state, true).await
        })
    }

    /// The command line in the form of the commands that also take helm's flags.
    fn invocation(&self) -> Invocation {
        let mut own = Vec::new();
        own.extend(self.accept_partial.then(|| ("accept-partial".to_owned(), "true".to_owned())));
        own.extend(self.expect_cluster.iter().map(|name| ("expect-cluster".to_owned(), name.clone())));
        own.extend(self.output.iter().map(|form| ("output".to_owned(), form.clone())));
        // Helm sets flags that are not given to nothing.
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        Invocation {
            release: self.release.clone().unwrap_or_default(),
            namespace: given(&self.connection.namespace),
            context: given(&self.connection.kube_context),
            kubeconfig: self.connection.kubeconfig.as_ref().map(|path| path.to_string_lossy().into_owned()),
            own,
            ..Invocation::default()
        }
    }
}

/// Why a run cannot be undone, and what can be done instead.
fn no_way_back(state: &State, commands: &Commands) -> Option<Refusal> {
    let release = &state.release;
    let refusal = |reason: &str| Refusal::new(format!("release {release}: {reason}"));
    let resume = || format!("resume it:\n{}", commands.resume(release));
    Some(match state.phase {
        Phase::Undone => refusal("it was already undone"),
        Phase::Finalized => refusal("finalize has given up its old volumes"),
        phase if state.mode == Mode::Install => {
            let refusal = refusal("a new cluster has nothing to go back to");
            let refusal = if phase.is_open() { refusal.help(resume()) } else { refusal };
            refusal.help(format!("start over:\n{}", commands.start_over(release)))
        }
        Phase::Restored if state.wipe => refusal("its old volumes were deleted (--wipe)"),
        _ if state.wipe && state.is_begun("set-aside") => {
            refusal("its old volumes were deleted (--wipe), so the only way is to resume").help(resume())
        }
        _ => return None,
    })
}

/// What else can be done with a run whose values are not known any more.
fn other_way(state: &State, commands: &Commands) -> String {
    match state.mode {
        Mode::Upgrade => format!("or undo the run, and start again:\n{}", commands.undo(&state.release)),
        Mode::Install => format!("or start over:\n{}", commands.start_over(&state.release)),
    }
}

/// Finds the newest run of the release on a command line.
async fn open(invocation: &Invocation) -> Result<(Cluster, SecretStore)> {
    ensure!(!invocation.release.is_empty(), Failure::unusable("a release is needed").help("list them:\nhelm list -A"));
    super::no_pipes(invocation)?;
    let cluster = connection(invocation).connect().await?;
    preflight::right_cluster(&cluster, invocation.own("expect-cluster")).await?;
    let store = newest(&cluster, &invocation.release).await?;
    Ok((cluster, store))
}

/// The newest run of a release. Runs of an older hwdr, in ConfigMaps, count only if there is no other: anybody who may write ConfigMaps can
/// plant one, with any time.
pub(super) async fn newest(cluster: &Cluster, release: &str) -> Result<SecretStore> {
    let runs = SecretStore::all(cluster, release).await?;
    for old in &runs.old {
        touched::warn_of_old(old, !runs.kept.is_empty());
    }
    let is_open = |store: &&SecretStore| store.load().map_or(true, |state| state.phase.is_open());
    let counting = if runs.kept.is_empty() { runs.old } else { runs.kept };
    let open: Vec<_> = counting.iter().filter(is_open).collect();
    if open.len() > 1 {
        let names: Vec<_> = open.iter().map(|store| format!("{}/{}", store.kind().kind, store.name())).collect();
        let refusal = Refusal::new(format!(
            "release {release} has more than one run that is not over, and only one of them can continue: {}",
            names.join(", ")
        ));
        bail!(open.iter().fold(refusal, |refusal, store| refusal.help(store.nobodys())));
    }
    let open = open.first().map(|store| store.name().to_owned());
    let found = counting.into_iter().find(|store| open.as_deref().is_none_or(|name| name == store.name()));
    Ok(found.ok_or_else(|| {
        Refusal::new(format!("hwdr knows no run for release {release} in namespace {}", cluster.namespace))
            .help("name the namespace: -n NAME")
            .help("list them:\nkubectl get secret -A -l hwdr.hopsworks.ai/release")
    })?)
}

/// Resumes a run, or undoes it.
async fn go(invocation: &Invocation, format: LogFormat, cluster: Cluster, seen: &State, back: bool) -> Result<()> {
    // Later steps stop the cluster, so check first that helm can continue.
    if !back && !seen.is_begun("helm") {
        plan_is_comparable(seen, &cluster.commands())?;
    }
    let mut helm = Helm::find(invocation).await?;
    let mut files = Once::new();
    let (mut location, mut barrier) = (None, None);
    if helm.has_chart() && !back {
        let inputs = Inputs::read_of(invocation, Some(seen.mode), &mut files)?;
        helm.freeze(&mut files.pass())?;
        ensure!(
            super::hash(&inputs.values) == seen.chart.values,
            Refusal::new("these are not the values that you agreed to")
                .help("give the same files and flags as before, including --from here")
                .help(other_way(seen, &cluster.commands()))
        );
        if let Some(restore) = inputs.restore()? {
            location = super::location(invocation, &inputs.values, &*restore)?;
            barrier = restore.barrier();
        }
    }
    let mut show = Show::new(format);
    let lease = Lease::take(&cluster, &invocation.release, |text| show.tell(text)).await?;
    let outcome = async {
        // Whoever held the Lease before may have written in the meantime.
        let cluster = lease.cluster();
        let store = SecretStore::find(&cluster, &seen.backup_id).await?;
        // A state that others may write must be the one that was shown.
        let same = |store: &SecretStore| {
            store.load().is_ok_and(|state| {
                (state.phase, state.began) == (seen.phase, seen.began) && (!store.is_old() || state == *seen)
            })
        };
        let store = store.filter(same).ok_or_else(|| {
            Refusal::new("another process has continued this run").help(cluster.commands().history(&seen.release))
        })?;
        let mut run = Run::new(cluster, store, helm, show).await?;
        run.location = location;
        run.barrier = barrier;
        run.accepts = |holes| ask::accepts(holes, false);
        run.state.accept_partial |= invocation.is_on("accept-partial");
        run.accepts_unread = invocation.is_on("accept-partial");
        let (steps, goal) = if back { (UNDO.to_vec(), BACK) } else { (run.state.steps_to_do(), RESTORE) };
        let outcome = run.go(&steps, goal).await;
        outcome.map(|()| run.state.clone()).map_err(|halt| Failure::stopped(halt).into())
    };
    let outcome: Result<State> = lease.guard(outcome).await;
    lease.release().await;
    report::print(&outcome?, &cluster.commands(), invocation.own("output"))
}
