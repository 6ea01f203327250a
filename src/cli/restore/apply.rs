//! `hwdr upgrade` and `hwdr install`: a restore in place, and into a new cluster.

use std::env;
use std::io;
use std::process::ExitStatus;

use clap::Args;
use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value as Json, json};
use tokio::process::Command as Process;
use tokio::signal::unix::{SignalKind, signal};

use super::flags::{self, Command, Line};
use super::{block_on, connection, consent, log_format, report};
use crate::catalogue::{self, Catalogue, MetadataNames, Service};
use crate::cli::ask;
use crate::cli::files::Once;
use crate::cli::inputs::Inputs;
use crate::cli::messages::Failure;
use crate::cli::plan as plan_view;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::hopsfs;
use crate::leave;
use crate::lint::report::human::{self, Look};
use crate::lint::{self, Context, Finding};
use crate::mode::Mode;
use crate::pipeline;
use crate::plan::Plan;
use crate::remotes;
use crate::render::{self, Marker as Whole};
use crate::run::preflight::{self, Marker, Wanted};
use crate::run::show::Show;
use crate::run::state::{Before, Chart, SecretStore, State};
use crate::run::steps::{INSTALL, UPGRADE};
use crate::run::{Halt, Lease, Lock as _, RESTORE, Run, Step};
use crate::s3::client::{Client, Settings};
use crate::settings::{HopsFs, Restore};
use crate::shown::{is_coloured, print, tell, tell_bare};
use crate::steps::injected;
use crate::stream::{self, Stream};
use crate::topology::Topology;
use crate::values::Value;
use crate::velero::BackupNames;

/// Restores a backup in place, with a way back; without a restore in the values it lints, and is helm upgrade
///
/// What each step does, and how to go back: docs/restore.md.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr upgrade RELEASE CHART -f values.yaml [FLAGS]",
    after_help = flags::help(Command::Upgrade)
)]
pub struct Upgrade {
    #[command(flatten)]
    line: Line,
}

/// Restores a backup into a new cluster; without a restore in the values it lints, and is helm install
///
/// Velero's storage location is made where it is not there. --iam, --secret,
/// --credentials-file or --credentials-env says how Velero reads the bucket.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr install RELEASE CHART -f values.yaml --iam [FLAGS]",
    after_help = flags::help(Command::Install)
)]
pub struct Install {
    #[command(flatten)]
    line: Line,
}

/// Restores the same backup in place once more
///
/// Deletes the markers of the earlier restore, and nothing else. Then it does
/// what helm hwdr upgrade does.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr rerun RELEASE CHART -f values.yaml [FLAGS]",
    after_help = flags::help(Command::Rerun)
)]
pub struct Rerun {
    #[command(flatten)]
    line: Line,
}

impl Rerun {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(apply(Command::Rerun, &self.line.arguments))
    }
}

impl Upgrade {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(apply(Command::Upgrade, &self.line.arguments))
    }
}

impl Install {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(apply(Command::Install, &self.line.arguments))
    }
}

/// What is known before anything is asked or changed.
struct Ready {
    restore: Restore,
    topology: Topology,
    plan: Plan,
    /// The Job that looks at the backup.
    preflight: Option<Json>,
    chart: Chart,
    cluster: Cluster,
    helm: Helm,
    wipe: bool,
    rerun: bool,
}

/// What was found in the cluster.
#[derive(PartialEq)]
struct Found {
    before: Before,
    /// What is deleted first, to restore once more.
    markers: Vec<Marker>,
}

async fn apply(command: Command, arguments: &[String]) -> Result<(), Failure> {
    let mode = if command == Command::Install { Mode::Install } else { Mode::Upgrade };
    let rerun = command == Command::Rerun;
    let Some(mut invocation) = super::parse(command, Some(mode), arguments)? else { return Ok(()) };
    if invocation.release.is_empty() || invocation.chart.is_empty() {
        return Err(Failure::unusable("a release and a chart are needed")
            .help(format!("helm hwdr {} RELEASE CHART -f values.yaml", command.word())));
    }
    let format = log_format(&invocation)?;
    super::from_here(&mut invocation)?;
    let mut files = Once::new();
    let inputs = Inputs::read(&invocation.values, Some(mode), None, &mut files)?;
    let mut helm = Helm::find(&invocation).await?;
    helm.freeze(&mut files.pass())?;
    let Some(restore) = inputs.restore()? else {
        only_for_a_restore(command, &invocation)?;
        return plain(mode, &invocation, &helm, &inputs.values).await;
    };
    report::known(invocation.own("output"))?;
    super::no_pipes(&invocation)?;
    close_together(&show_findings(&inputs.values, mode))?;
    if let Some((flag, why)) = &invocation.forbidden {
        return Err(
            Failure::refused(format!("{flag} cannot be used with a restore: {why}")).help(format!("leave {flag} out"))
        );
    }
    let location = super::location(&invocation, &inputs.values, &restore)?;
    let ready = prepare(&invocation, restore, &inputs.values, helm, rerun).await?;
    bucket_from_here(&ready, invocation.is_on("dry-run")).await?;
    let found = look(&invocation, &ready).await?;
    let state = state(&invocation, &ready, &found);
    let steps = if mode == Mode::Upgrade { UPGRADE } else { INSTALL };
    let mut shown = format!("{}\n{}", plan_view::text(&ready.plan), around(steps, &state));
    if let Some(job) = &ready.preflight {
        shown.push_str(&format!(
            "Before that, Job {} checks that the backup can be read\n",
            text(job, "/metadata/name")
        ));
    }
    if !found.markers.is_empty() {
        shown.push_str(&format!(
            "Markers of the earlier restore that are deleted: {}\n",
            preflight::names(&found.markers)
        ));
    }
    if invocation.is_on("dry-run") {
        print(&format!("{shown}\n"));
        return Ok(());
    }
    // Standard output is for the report.
    tell(&shown);
    consent::ask(&invocation.release, &cost(&ready, &state), invocation.is_on("yes"))?;

    let mut show = Show::new(format);
    make_namespace(&ready.cluster).await?;
    let lease = Lease::take(&ready.cluster, &state.release, |text| show.tell(text)).await?;
    let outcome = async {
        let cluster = lease.cluster();
        if let Some(job) = &ready.preflight {
            preflight::can_be_read(&cluster, &mut show, job).await?;
        }
        // Nobody else begins any more; somebody may have before.
        if look(&invocation, &ready).await? != found {
            return Err(Failure::refused("the cluster has changed since you were asked: nothing was done")
                .help("start again, and check the plan"));
        }
        preflight::delete_markers(&cluster, &found.markers).await?;
        let store = SecretStore::create(&cluster, &state, &ready.plan).await?;
        let mut run = Run::new(cluster, store, ready.helm, show).await?;
        run.location = location;
        run.accepts = |holes| ask::accepts(holes, false);
        run.go(steps, RESTORE).await.map(|()| run.state.clone()).map_err(stopped)
    };
    let outcome = lease.guard(outcome).await;
    lease.release().await;
    report::print(&outcome?, invocation.own("output"))
}

/// Plans.
async fn prepare(
    invocation: &Invocation,
    mut restore: Restore,
    values: &Value,
    helm: Helm,
    rerun: bool,
) -> Result<Ready, Failure> {
    let cluster = connection(invocation).connect().await?;
    preflight::right_cluster(&cluster, invocation.own("expect-cluster")).await?;
    // First, for rendering and all that follows ask the cluster, too.
    preflight::permissions(&cluster, restore.mode).await?;
    let is_there = cluster.get(Kind::NAMESPACE, None, &cluster.namespace).await.map_err(Halt::from)?.is_some();
    if !is_there && !invocation.rest.iter().any(|flag| flag == "--create-namespace") {
        return Err(Failure::refused(format!("there is no namespace {} in {}", cluster.namespace, cluster.context))
            .help("name the right one: -n NAME")
            .help("or create it: --create-namespace"));
    }
    let rendering = helm.render(restore.mode, &cluster.namespace).await?;
    let stream = Stream::parse(rendering.stream).map_err(pipeline::Error::from)?;
    let topology = Topology::of(&stream);
    let velero = topology.velero_namespace.as_deref();
    if let Some(namespace) = velero.or((restore.mode == Mode::Install).then_some(&restore.velero.namespace)) {
        preflight::velero_permissions(&cluster, restore.mode, namespace).await?;
    }
    if restore.mode == Mode::Upgrade {
        known(&cluster, &mut restore, &topology).await?;
    }
    let plan = Plan::new(&restore, &topology, Some(&cluster.namespace)).map_err(pipeline::Error::from)?;
    if plan.namespace != cluster.namespace {
        return Err(Failure::refused(format!(
            "the chart's objects are in namespace {}, but helm is told {}",
            plan.namespace, cluster.namespace
        ))
        .help(format!("add -n {}", plan.namespace)));
    }
    let chart = Chart {
        argument: super::without_credentials(&invocation.chart),
        name: rendering.chart,
        app_version: rendering.app_version,
        values: super::hash(values),
    };
    // In a new cluster there is no account yet that may read it, and nothing that could be lost.
    let preflight = match restore.mode {
        Mode::Upgrade => render::preflight(&topology, &restore, &plan).map_err(pipeline::Error::from)?,
        Mode::Install => None,
    };
    // Helm's post-renderer will do the same when it is too late to refuse.
    let rendered =
        render::render(&stream, &topology, &restore, &plan, Whole::IsThere).map_err(pipeline::Error::from)?;
    stream::write(&stream, &rendered.edits, &rendered.appended, &mut io::sink())
        .map_err(|error| Failure::refused(format!("the restore cannot be rendered: {error}")))?;
    Ok(Ready { restore, topology, plan, preflight, chart, cluster, helm, wipe: invocation.is_on("wipe"), rerun })
}

/// Whether this machine may bring HopsFS's bucket back, where it has to: not to be found out when the old data are gone.
async fn bucket_from_here(ready: &Ready, dry_run: bool) -> Result<(), Failure> {
    let Some(settings) = settings_from_here(ready) else { return Ok(()) };
    let restore = &ready.restore;
    let client = Client::connect(hopsfs::from_here(settings)).await?;
    let backup = hopsfs::backup_in(restore.beside_blocks(), &restore.rondb);
    Ok(hopsfs::can_be_rewound(&client, &backup, dry_run).await?)
}

/// How this machine reaches HopsFS's bucket, where it has to bring it back.
fn settings_from_here(ready: &Ready) -> Option<Settings> {
    let restore = &ready.restore;
    if restore.hopsfs != HopsFs::Here || injected(&ready.plan.steps, "hopsfs").is_none() {
        return None;
    }
    let options = remotes::of_blocks(restore, &ready.topology.storage).options;
    let option = |name: &str| options.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    Some(hopsfs::settings(restore.blocks().unwrap_or_default(), option))
}

/// Looks for every reason not to begin.
async fn look(invocation: &Invocation, ready: &Ready) -> Result<Found, Failure> {
    let wanted = Wanted {
        release: &invocation.release,
        restore: &ready.restore,
        topology: &ready.topology,
        plan: &ready.plan,
        chart: &ready.chart,
        wipe: ready.wipe,
        rerun: ready.rerun,
    };
    let (before, markers) = preflight::check(&ready.cluster, &ready.helm, &wanted).await?;
    Ok(Found { before, markers })
}

fn state(invocation: &Invocation, ready: &Ready, found: &Found) -> State {
    let (restore, now) = (&ready.restore, Timestamp::now());
    let mut state = State::new(&invocation.release, &ready.plan, ready.chart.clone(), now);
    state.before = Before { moment: Some(now), ..found.before.clone() };
    state.wipe = ready.wipe;
    state.from_here = settings_from_here(ready).map(|settings| hopsfs::place(&settings));
    state.metadata = [restore.rondb_metadata.clone(), restore.opensearch_metadata.clone()];
    state.objects = Some(BackupNames::of(restore.velero_main.as_deref(), restore.velero_users.as_deref()));
    state.velero = restore.velero.clone();
    state.accept_partial = invocation.is_on("accept-partial");
    state.opens_location = state.before.own_location;
    state
}

/// The state of the run lies in the release's namespace, and in a new cluster it may not be there yet.
async fn make_namespace(cluster: &Cluster) -> Result<(), Failure> {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": cluster.namespace}});
    if cluster.get(Kind::NAMESPACE, None, &cluster.namespace).await.map_err(Halt::from)?.is_none() {
        cluster.create(Kind::NAMESPACE, None, &namespace).await.map_err(Halt::from)?;
    }
    Ok(())
}

/// Every id has to be one that the catalogue knows, and that ended well; and of Velero's backups those are taken that the values name, or
/// that are nearest to the id's time.
async fn known(cluster: &Cluster, restore: &mut Restore, topology: &Topology) -> Result<(), Failure> {
    let names =
        MetadataNames { rondb: restore.rondb_metadata.clone(), opensearch: restore.opensearch_metadata.clone() };
    let velero = &restore.velero;
    let velero = velero.in_namespace(topology.velero_namespace.as_deref().unwrap_or(&velero.namespace));
    let catalogue = Catalogue::load(cluster, &velero.namespace, &names).await.map_err(Halt::from)?;
    let snapshots = restore.opensearch.iter().map(|snapshot| (Service::OpenSearch, &snapshot.id));
    for (service, id) in std::iter::once((Service::RonDb, &restore.rondb)).chain(snapshots) {
        if let Some(objection) = catalogue.objection(service, id) {
            return Err(Failure::refused(objection).help(format!(
                "see what there is: kubectl -n {} get configmap -l app=backups-metadata",
                cluster.namespace
            )));
        }
    }
    let named = restore.velero_main.is_some() || restore.velero_users.is_some();
    if topology.velero_namespace.is_none() && !named {
        return Ok(());
    }
    let wanted = catalogue::Wanted {
        id: restore.backup_id.clone(),
        main: restore.velero_main.clone(),
        users: restore.velero_users.clone(),
    };
    let set = catalogue::choose(&catalogue.objects, &wanted, &velero, Timestamp::now()).map_err(Halt::from)?;
    // A chart that renders its own Restores names the backups itself.
    if topology.restores.is_empty() {
        let [main, users] = set.both();
        restore.velero_main = Some(main.backup.name.clone());
        restore.velero_users = Some(users.backup.name.clone());
    }
    Ok(())
}

/// A run that has stopped in the middle is more than a refusal.
fn stopped(halt: Halt) -> Failure {
    Failure::from(halt).stopped()
}

/// Refuses what makes sense for a restore alone, where the values ask for none: a values file was forgotten, or the wrong one given.
fn only_for_a_restore(command: Command, invocation: &Invocation) -> Result<(), Failure> {
    let flag = flags::for_a_restore().find(|flag| invocation.own(flag).is_some_and(|value| value != "false"));
    let given = match flag {
        Some(flag) => format!("--{flag}"),
        None if command == Command::Rerun => command.word().to_owned(),
        None => return Ok(()),
    };
    Err(Failure::refused(format!("{given} is for a restore, and the values ask for none"))
        .help("give the values of the restore with -f: global._hopsworks.restoreFromBackup.backupId"))
}

/// No restore: the linter's word, and then helm as it is, with what was read here.
async fn plain(mode: Mode, invocation: &Invocation, frozen: &Helm, values: &Value) -> Result<(), Failure> {
    show_findings(values, mode);
    if let expected @ Some(_) = invocation.own("expect-cluster") {
        preflight::right_cluster(&connection(invocation).connect().await?, expected).await?;
    }
    tell(&format!("The values ask for no restore: running helm {mode}"));
    let program = env::var_os("HELM_BIN").filter(|name| !name.is_empty()).unwrap_or_else(|| "helm".into());
    let mut helm = Process::new(program);
    helm.args([mode.to_string(), invocation.release.clone(), invocation.chart.clone()]);
    helm.args(&invocation.rest).args(invocation.connection()).args(Invocation::value_flags(frozen.values()));
    // hwdr's flag of the same name as helm's, which wants a value in some versions.
    if invocation.is_on("dry-run") {
        helm.arg("--dry-run=server");
    }
    if let Some(form) = invocation.own("output") {
        helm.args(["-o", form]);
    }
    let status = to_its_end(helm).await.map_err(|error| Failure::unusable(format!("helm cannot be run: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::refused(format!("helm {mode} failed ({status})"))) }
}

/// Runs a helm in the foreground. Ctrl-C, or a terminal that is gone, is for helm, which is told, too; a wish to end that came to this
/// process alone is handed on. The copies of the values are deleted behind it.
async fn to_its_end(mut helm: Process) -> io::Result<ExitStatus> {
    let _listening = leave::child_listens();
    let mut ends = signal(SignalKind::terminate())?;
    let mut helm = helm.spawn()?;
    loop {
        tokio::select! {
            status = helm.wait() => return status,
            Some(()) = ends.recv() => {
                let pid = helm.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
                // It may have ended meanwhile.
                let _ = pid.map(|pid| kill_process(pid, Signal::TERM));
            }
        }
    }
}

/// What the linter finds; its errors are refused elsewhere.
fn show_findings(values: &Value, mode: Mode) -> Vec<Finding> {
    let findings = lint::lint(values, &Context { mode: Some(mode), whole: true, ..Context::default() });
    tell_bare(&human::render(&findings, Look { colour: is_coloured(), ..Look::default() }));
    findings
}

/// Backups of different times are halves of different wholes: refused, unless the line that names one excuses it.
fn close_together(findings: &[Finding]) -> Result<(), Failure> {
    const RULE: &str = "ids-far-apart";
    let Some(finding) = findings.iter().find(|finding| finding.rule == RULE) else { return Ok(()) };
    let failure = Failure::refused(format!("{}: {}", finding.place, finding.message));
    let failure = finding.help.iter().fold(failure, |failure, help| failure.help(help.as_str()));
    Err(failure.help(format!("or, if you want exactly these, add a comment after the id: # hwdr: ignore[{RULE}]")))
}

/// What the run does around the steps of the plan.
fn around(steps: &[Step], state: &State) -> String {
    let mut text = String::from("The run\n");
    for (number, step) in (1..).zip(steps) {
        text.push_str(&format!("  {number}. {:<13} {}\n", step.name, step.does));
    }
    if !state.before.volumes.is_empty() {
        let names: Vec<_> = state.before.volumes.iter().map(|volume| volume.name()).collect();
        let what = if state.wipe { "Volumes that are DELETED" } else { "Volumes that are set aside" };
        text.push_str(&format!("{what}: {}\n", names.join(", ")));
    }
    text
}

/// What consent is asked for, in plain words.
fn cost(ready: &Ready, state: &State) -> String {
    let (plan, cluster) = (&ready.plan, &ready.cluster);
    let since = plan.backup_time.as_deref().unwrap_or("that backup");
    let place = format!(
        "Release {} in namespace {} of {} ({})",
        state.release, cluster.namespace, cluster.context, cluster.server
    );
    match (plan.mode, state.wipe) {
        (Mode::Install, _) => format!("{place} is installed, and backup {} restored into it.", plan.backup_id),
        (Mode::Upgrade, false) => format!(
            "{place} stops, and goes back to {since}: everything written since is no longer in it. \
             The old volumes are set aside, and helm hwdr undo puts them back until helm hwdr finalize."
        ),
        (Mode::Upgrade, true) => format!(
            "{place} stops, and goes back to {since}: everything written since is LOST, because its old volumes are deleted (--wipe). \
             There is no way back."
        ),
    }
}
