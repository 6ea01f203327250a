//! What follows a run that was begun: `resume`, `undo`, `watch`, `history`.

use std::time::Duration;

use clap::Args;

use super::{OWN, block_on, connection, consent, log_format, report};
use crate::cli::ask;
use crate::cli::connection::ConnectionArgs;
use crate::cli::files;
use crate::cli::inputs::Inputs;
use crate::cli::messages::Failure;
use crate::cluster::{Cluster, Kind, Selection, Verdict, WaitError, progress_of};
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::mode::Mode;
use crate::run::audit;
use crate::run::preflight;
use crate::run::show::{LogFormat, Show};
use crate::run::state::{Phase, Progress, State, Store};
use crate::run::steps::{INSTALL, UNDO, UPGRADE, all_there};
use crate::run::{Hold, Onlooker, RESTORE, Run, UNDO as BACK};

/// Goes on with a run that was cut off or has stopped
///
///   helm hwdr resume RELEASE
///
/// Where helm has not run yet, the chart and the values have to be given again, for hwdr stores none:
///   helm hwdr resume RELEASE CHART -f values.yaml
/// with --from here, if that was given.
/// Flags of its own: --accept-partial, --output, --log-format (see helm hwdr upgrade --help).
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Resume {
    /// The release, and the chart with its flags where they are needed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "RELEASE")]
    arguments: Vec<String>,
}

/// Goes back to what was there before a restore in place: volumes, objects, the release, its pods
///
///   helm hwdr undo RELEASE
///
/// Flags of its own: --yes, --accept-partial, --output, --log-format (see helm hwdr upgrade --help).
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Undo {
    /// The release, and flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "RELEASE")]
    arguments: Vec<String>,
}

/// Shows a run from a second terminal, until it ends
#[derive(Debug, Args)]
pub struct Watch {
    /// The release
    release: String,
    /// Form of the lines while it runs
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    log_format: LogFormat,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Shows what hwdr has done to a release
#[derive(Debug, Args)]
pub struct History {
    /// The release
    release: String,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Flags of hwdr's own that each command has.
const RESUME_FLAGS: &[&str] = &[
    "accept-partial",
    "expect-cluster",
    "output",
    "log-format",
    "from",
    "iam",
    "secret",
    "credentials-file",
    "credentials-env",
];
const UNDO_FLAGS: &[&str] = &["yes", "accept-partial", "expect-cluster", "output", "log-format"];

impl Resume {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(async {
            let (invocation, cluster, store) = open(&self.arguments).await?;
            super::only("resume", &invocation, RESUME_FLAGS)?;
            if let Some((flag, why)) = &invocation.forbidden {
                return Err(Failure::refused(format!("{flag} does not go with a restore: {why}"))
                    .help(format!("leave {flag} out")));
            }
            let state = store.state()?;
            match state.phase {
                Phase::Running | Phase::Failed => go(&invocation, cluster, &state, false).await,
                Phase::Undoing => go(&invocation, cluster, &state, true).await,
                Phase::Restored | Phase::Undone | Phase::Finalized => {
                    Err(Failure::refused("there is nothing to go on with: the last run is over")
                        .help(format!("see: helm hwdr history {}", state.release)))
                }
            }
        })
    }
}

impl Undo {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(async {
            let (invocation, cluster, store) = open(&self.arguments).await?;
            super::only("undo", &invocation, UNDO_FLAGS)?;
            let state = store.state()?;
            let release = &state.release;
            if let Some(reason) = no_way_back(&state) {
                return Err(Failure::refused(format!("release {release}: {reason}")));
            }
            let what = format!(
                "Release {release} in namespace {} of {} ({}) goes back to {}: what was written since then is lost, the restored data too.",
                cluster.namespace, cluster.context, cluster.server, state.began
            );
            if state.is_begun("set-aside") {
                all_there(&cluster, &state.before.volumes).await?;
            }
            consent::ask(release, &what, invocation.is_on("yes"))?;
            go(&invocation, cluster, &state, true).await
        })
    }
}

/// Why a run cannot be taken back.
fn no_way_back(state: &State) -> Option<&'static str> {
    match state.phase {
        Phase::Undone => Some("it is as it was before already"),
        Phase::Finalized => Some("its old volumes were given up by finalize"),
        _ if state.mode == Mode::Install => {
            Some("there was nothing before a new cluster: uninstall the release, delete its claims, and begin again")
        }
        Phase::Restored if state.wipe => Some("its old volumes were deleted (--wipe)"),
        _ if state.wipe && state.is_begun("set-aside") => {
            Some("its old volumes were deleted (--wipe): helm hwdr resume is the only way")
        }
        _ => None,
    }
}

/// Takes the release of a command line, and finds its newest run.
async fn open(arguments: &[String]) -> Result<(Invocation, Cluster, Store), Failure> {
    // Resumed runs are upgrades or installs: which flags take a value differs in nothing that may be given here.
    let parsed = Invocation::parse(Mode::Upgrade, OWN, arguments);
    let mut invocation = parsed.map_err(|error| Failure::unusable(error.to_string()))?;
    super::from_here(&mut invocation)?;
    if invocation.release.is_empty() {
        return Err(Failure::unusable("a release is needed").help("see which there are: helm list -A"));
    }
    let cluster = connection(&invocation).connect().await?;
    preflight::right_cluster(&cluster, invocation.own("expect-cluster")).await?;
    let store = newest(&cluster, &invocation.release).await?;
    Ok((invocation, cluster, store))
}

async fn newest(cluster: &Cluster, release: &str) -> Result<Store, Failure> {
    let found = Store::all(cluster, release).await?.into_iter().next();
    found.ok_or_else(|| {
        Failure::refused(format!("no run of hwdr is known of release {release} in namespace {}", cluster.namespace))
            .help("name the namespace: -n NAME")
            .help("see which there are: kubectl get configmap -A -l hwdr.hopsworks.ai/release")
    })
}

/// Goes on with a run, onwards or back.
async fn go(invocation: &Invocation, cluster: Cluster, seen: &State, back: bool) -> Result<(), Failure> {
    let mut helm = Helm::find(invocation).await?;
    helm.freeze_values(files::read)?;
    let mut location = None;
    if helm.has_chart() && !back {
        let inputs = Inputs::read_by(&invocation.values, Some(seen.mode), None, &mut |name| helm.read(name))?;
        if super::hash(&inputs.values) != seen.chart.values {
            return Err(Failure::refused("these are other values than those that were agreed to")
                .help("give the same files and flags as before, --from here among them")
                .help(format!("or go back, and begin again: helm hwdr undo {}", seen.release)));
        }
        if let Some(restore) = inputs.restore()? {
            location = super::location(invocation, &inputs.values, &restore)?;
        }
    }
    let mut show = Show::new(log_format(invocation)?);
    let hold = Hold::take(&cluster, &invocation.release, |text| show.tell(text)).await?;
    let outcome = async {
        // Whoever held it before may have written in the meantime.
        let cluster = hold.cluster();
        let store = Store::load(&cluster, &seen.backup_id).await?;
        let same =
            |store: &Store| store.state().is_ok_and(|state| (state.phase, state.began) == (seen.phase, seen.began));
        let store = store.filter(same).ok_or_else(|| {
            Failure::refused("another run has gone on with it meanwhile")
                .help(format!("helm hwdr history {}", seen.release))
        })?;
        let mut run = Run::new(cluster, store, helm, show)?;
        run.location = location;
        run.accepts = |holes| ask::accepts(holes, false);
        run.state.accept_partial |= invocation.is_on("accept-partial");
        run.accepts_unread = invocation.is_on("accept-partial");
        let (steps, goal) = match (back, run.state.mode) {
            (true, _) => (UNDO, BACK),
            (false, Mode::Upgrade) => (UPGRADE, RESTORE),
            (false, Mode::Install) => (INSTALL, RESTORE),
        };
        let outcome = run.go(steps, goal).await;
        outcome.map(|()| run.state.clone()).map_err(|halt| Failure::from(halt).stopped())
    };
    let outcome = hold.guard(outcome).await;
    hold.release().await;
    report::print(&outcome?, invocation.own("output"))
}

/// How often `watch` asks the pods how far they are.
const LOOK: Duration = Duration::from_secs(5);

/// The step that is worked on.
fn now(state: &State) -> Option<&Progress> {
    state.steps.iter().rev().find(|step| step.ended.is_none())
}

impl Watch {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(async {
            let cluster = self.connection.connect().await?;
            let state = newest(&cluster, &self.release).await?.state()?;
            let (name, mut show) = (state.name(), Show::new(self.log_format));
            let selection = Selection::one(Kind::CONFIG_MAP, None, &name);
            let (mut last, mut progress, mut onlooker, mut alone) = (None, String::new(), Onlooker::default(), None);
            let outcome = loop {
                let watched = cluster.wait(
                    "the run",
                    &selection,
                    LOOK,
                    |objects| {
                        let text = objects.get(&name).and_then(|object| object["data"]["state.json"].as_str());
                        let Some(state) = text.and_then(|text| serde_json::from_str::<State>(text).ok()) else {
                            return Verdict::Never("its state is gone".to_owned());
                        };
                        let over = !matches!(state.phase, Phase::Running | Phase::Undoing);
                        let seen = now(&state).map_or_else(
                            || format!("{:?}", state.phase),
                            |step| format!("{} (since {})", step.step, step.began),
                        );
                        last = Some(state);
                        if over { Verdict::Done } else { Verdict::NotYet(seen) }
                    },
                    |seen| show.tell(&format!("{seen}{progress}")),
                );
                match watched.await {
                    Err(WaitError::Limit { .. }) => {}
                    outcome => break outcome,
                }
                let nobody = onlooker.nobody(&cluster, &self.release).await;
                if let Some(why) = nobody.as_ref().filter(|_| nobody != alone) {
                    show.warn(&format!("it does not go on: {why}. helm hwdr resume {}", self.release));
                }
                alone = nobody;
                let step = last.as_ref().and_then(now).and_then(|step| step.step.split_once(':'));
                let told = match step {
                    Some((_, job)) => progress_of(&cluster, job).await,
                    None => None,
                };
                progress = told.map(|told| format!(": {told}")).unwrap_or_default();
            };
            show.rest();
            outcome.map_err(crate::run::Halt::from)?;
            report::print(&last.unwrap_or(state), None)
        })
    }
}

impl History {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(async {
            let cluster = self.connection.connect().await?;
            let name = audit::name(&self.release);
            let found = cluster.get(Kind::CONFIG_MAP, None, &name).await.map_err(crate::run::Halt::from)?;
            let Some(found) = found else {
                return Err(Failure::refused(format!(
                    "ConfigMap {name} is not in namespace {}: hwdr has done nothing to release {}",
                    cluster.namespace, self.release
                ))
                .help("name the namespace: -n NAME"));
            };
            print!("{}", found["data"]["log"].as_str().unwrap_or_default());
            Ok(())
        })
    }
}
