//! Checks before anything is asked or changed: the plan, and every reason not to start.

use anyhow::{Result, bail, ensure};
use jiff::Timestamp;
use serde_json::Value as Json;

use super::connection;
use super::held::{self, Held};
use crate::cluster::{Cluster, Kind};
use crate::helm::invocation::Invocation;
use crate::helm::overlay;
use crate::helm::run::Helm;
use crate::mode::Mode;
use crate::plan::Plan;
use crate::product::Request;
use crate::refusal::Refusal;
use crate::render::{self, Marker as Whole};
use crate::rights;
use crate::run::preflight::{self, Marker, Proposal};
use crate::run::state::{Before, Chart, Scaled, State};
use crate::run::steps::{STORAGE, is_foreign};
use crate::shown::note;
use crate::stream::{self, Stream};
use crate::topology::Topology;
use crate::values::Value;
use crate::velero::{self, BackupNames, Location};

/// What is known before anything is asked or changed.
pub(in crate::cli) struct Ready {
    pub(super) restore: Box<dyn Request>,
    topology: Topology,
    pub(in crate::cli) plan: Plan,
    /// The Job that checks the backup.
    pub(in crate::cli) preflight: Option<Json>,
    pub(super) chart: Chart,
    /// The digest of the chart's files, without those of its own charts.
    pub(super) chart_digest: String,
    /// The stream that helm would apply.
    pub(in crate::cli) stream: Vec<u8>,
    pub(in crate::cli) cluster: Cluster,
    pub(super) helm: Helm,
    pub(super) wipe: bool,
    pub(super) rerun: bool,
    /// What the chart holds at zero while it restores.
    held: Vec<Scaled>,
}

impl Ready {
    /// Whether the whole product is restored, and not a service of it alone.
    pub(super) fn is_whole(&self) -> bool {
        self.restore.is_whole()
    }

    /// The Velero backups that were chosen: the cluster's own objects, the users'.
    pub(super) fn objects(&self) -> [Option<&str>; 2] {
        self.restore.objects()
    }

    /// What the operator agrees to, in the product's own words.
    pub(super) fn cost(&self) -> Option<String> {
        self.restore.cost()
    }
}

/// What was found in the cluster.
#[derive(PartialEq)]
pub(super) struct Found {
    pub(super) before: Before,
    /// What is deleted first, to restore again.
    pub(super) markers: Vec<Marker>,
}

/// Renders and plans the restore. `access` is where Velero's backups are, if that was given; none at all if it need not be.
pub(super) async fn prepare(
    invocation: &Invocation,
    restore: Box<dyn Request>,
    values: &Value,
    helm: Helm,
    rerun: bool,
    access: Option<Option<&Location>>,
) -> Result<Ready> {
    let cluster = connection(invocation).connect().await?;
    preflight::right_cluster(&cluster, invocation.own("expect-cluster")).await?;
    // First, because rendering and everything after it also ask the cluster.
    let command = match (restore.mode(), rerun) {
        (Mode::Install, _) => rights::Command::Install,
        (Mode::Upgrade, false) => rights::Command::Upgrade,
        (Mode::Upgrade, true) => rights::Command::Rerun,
    };
    preflight::permissions(&cluster, command).await?;
    let is_there = cluster.get(Kind::NAMESPACE, None, &cluster.namespace).await?.is_some();
    ensure!(
        is_there || invocation.rest.iter().any(|flag| flag == "--create-namespace"),
        Refusal::new(format!("there is no namespace {} in {}", cluster.namespace, cluster.context))
            .help("name the right one: -n NAME")
            .help(match restore.mode() {
                Mode::Install => "or create it: --create-namespace",
                Mode::Upgrade => "see where the release is:\nhelm list -A",
            })
    );
    if let Some(location) = access.filter(|_| restore.mode() == Mode::Install) {
        // Before rendering: a chart that looks Velero's kinds up cannot say plainly that they are missing.
        velero_is_ready(&cluster, &*restore, command, location).await?;
    }
    planned(invocation, cluster, restore, values, helm, rerun, Some(command)).await
}

/// Checks that Velero is there, with a storage location or a way to create one, if the restore needs them.
async fn velero_is_ready(
    cluster: &Cluster,
    restore: &dyn Request,
    command: rights::Command,
    location: Option<&Location>,
) -> Result<()> {
    let steps = restore.product().steps(restore.mode(), &restore.own());
    if !restore.is_whole() || steps.iter().all(|step| step.name != STORAGE.name) {
        return Ok(());
    }
    let velero = restore.velero();
    preflight::velero_permissions(cluster, command, &velero.namespace).await?;
    Ok(velero::can_be_used(cluster, velero, location, &mut |text| note(text)).await?)
}

/// The same for a cluster that may be used: renders and plans. `command` is the one whose rights in Velero's namespace are checked.
pub(in crate::cli) async fn planned(
    invocation: &Invocation,
    cluster: Cluster,
    mut restore: Box<dyn Request>,
    values: &Value,
    mut helm: Helm,
    rerun: bool,
    command: Option<rights::Command>,
) -> Result<Ready> {
    if rerun && restore.barrier().is_some() {
        // The markers of the earlier restore are deleted later, and with one of them the chart refuses.
        helm.without_lookups();
    }
    let free = match restore.barrier() {
        Some(barrier) => Some(overlay::raise(&mut helm, barrier, restore.mode(), &cluster.namespace).await?),
        None => None,
    };
    let rendering = helm.render(restore.mode(), &cluster.namespace).await?;
    let stream = Stream::parse(rendering.stream)?;
    let topology = Topology::of(restore.product(), &stream);
    let velero = topology.velero_namespace.as_deref();
    let velero = velero.or((restore.mode() == Mode::Install).then_some(&restore.velero().namespace));
    if let (true, Some(namespace), Some(command)) = (restore.is_whole(), velero, command) {
        preflight::velero_permissions(&cluster, command, namespace).await?;
    }
    if restore.mode() == Mode::Upgrade {
        known(&cluster, &invocation.release, &mut *restore, &topology).await?;
    }
    let mut plan = Plan::new(&*restore, &topology, Some(&cluster.namespace))?;
    ensure!(
        plan.namespace == cluster.namespace,
        Refusal::new(format!(
            "the chart's objects are in namespace {}, but helm is told {}",
            plan.namespace, cluster.namespace
        ))
        .help(format!("add -n {}", plan.namespace))
    );
    let chart = Chart {
        argument: super::without_credentials(&invocation.chart),
        name: rendering.chart,
        app_version: rendering.app_version,
        values: super::hash(values),
    };
    // A new cluster has no account yet that may read the backup, and no data to lose.
    let preflight = match restore.mode() {
        Mode::Upgrade => render::preflight(&topology, &*restore, &plan)?,
        Mode::Install => None,
    };
    // Helm's post-renderer does the same, but then it is too late to refuse.
    let rendered = render::render(&stream, &topology, &*restore, &plan, Whole::IsThere)?;
    let mut applied = Vec::new();
    stream::write(&stream, &rendered.edits, &rendered.appended, &mut applied)
        .map_err(|error| Refusal::new(format!("the restore cannot be rendered: {error}")))?;
    let mut held = Held::default();
    if let (Some(free), Some(barrier)) = (free, restore.barrier()) {
        let free = Topology::of(restore.product(), &Stream::parse(free)?);
        held = held::held(&cluster, restore.mode(), &topology, &free, barrier).await?;
    }
    plan.warnings.extend(held.warnings);
    Ok(Ready {
        restore,
        topology,
        plan,
        preflight,
        chart,
        chart_digest: rendering.digest,
        stream: applied,
        cluster,
        helm,
        wipe: invocation.is_on("wipe"),
        rerun,
        held: held.workloads,
    })
}

/// Checks that this machine can do its part of the restore, before the old data are gone.
pub(in crate::cli) async fn can_run_locally(ready: &Ready, dry_run: bool) -> Result<()> {
    Ok(ready.restore.can_run_locally(&ready.cluster, &ready.topology, &ready.plan.steps, dry_run).await?)
}

/// What is checked.
fn proposal<'r>(invocation: &'r Invocation, ready: &'r Ready) -> Proposal<'r> {
    Proposal {
        release: &invocation.release,
        restore: &*ready.restore,
        topology: &ready.topology,
        plan: &ready.plan,
        chart: &ready.chart,
        wipe: ready.wipe,
        rerun: ready.rerun,
        held: &ready.held,
    }
}

/// Looks for every reason not to start.
pub(super) async fn look(invocation: &Invocation, ready: &Ready) -> Result<Found> {
    let (before, markers) = preflight::check(&ready.cluster, &ready.helm, &proposal(invocation, ready)).await?;
    Ok(Found { before, markers })
}

/// All checks, and the reasons not to start.
pub(in crate::cli) async fn reasons(invocation: &Invocation, ready: &Ready) -> Vec<preflight::Checked> {
    preflight::check_all(&ready.cluster, &ready.helm, &proposal(invocation, ready)).await
}

/// The state of a run that starts now.
pub(super) fn state(invocation: &Invocation, ready: &Ready, found: &Found) -> State {
    let (restore, now) = (&ready.restore, Timestamp::now());
    let mut state = State::new(&invocation.release, &ready.plan, ready.chart.clone(), now);
    state.before = Before { moment: Some(now), ..found.before.clone() };
    state.wipe = ready.wipe;
    state.from_here = restore.place_of_local(&ready.topology, &ready.plan.steps);
    state.metadata = restore.recorded().metadata;
    let [main, users] = restore.objects();
    state.objects = Some(BackupNames::of(main, users));
    state.velero = restore.velero().clone();
    state.own = restore.own();
    state.accept_partial = invocation.is_on("accept-partial");
    state.opens_location = state.before.own_location;
    state
}

/// Checks that the catalogue knows every id, and that its backup succeeded. Chooses the Velero backups that the values name, or those
/// nearest to the id's time.
async fn known(cluster: &Cluster, release: &str, restore: &mut dyn Request, topology: &Topology) -> Result<()> {
    let product = restore.product();
    if let Some(objection) = product.objections(cluster, &restore.recorded()).await?.into_iter().next() {
        bail!(Refusal::new(objection.what).help(format!(
            "see what there is: kubectl -n {} get configmap -l app=backups-metadata",
            cluster.namespace
        )));
    }
    let [main, users] = restore.objects().map(|name| name.map(str::to_owned));
    let named = main.is_some() || users.is_some();
    if !restore.is_whole() || topology.velero_namespace.is_none() && !named {
        return Ok(());
    }
    let velero = restore.velero();
    let velero = velero.in_namespace(topology.velero_namespace.as_deref().unwrap_or(&velero.namespace));
    let is_foreign = |schedule: &Json| is_foreign(schedule, release, &cluster.namespace);
    let backups = velero::backups(cluster, &velero.namespace, Some(&is_foreign)).await?;
    let wanted = velero::Wanted { id: restore.backup(), main, users };
    let set = velero::choose(&backups, &wanted, &velero, Timestamp::now())?;
    // A chart that renders its own Restores names the backups itself.
    if topology.restores.is_empty() {
        restore.choose(set.both().map(|chosen| Some(chosen.backup.name.clone())));
    }
    Ok(())
}
