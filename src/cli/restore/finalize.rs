//! `hwdr finalize`: makes a restore final.

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::flags::{Command, Line};
use super::{block_on, connection, consent, held, log_format, touched};
use crate::cli::ask;
use crate::cli::change::FileChange;
use crate::cli::files::{self, Once};
use crate::cli::inputs::Inputs;
use crate::cli::messages::Failure;
use crate::cluster::Cluster;
use crate::finalize::{with_text, without_restore};
use crate::helm::invocation::Invocation;
use crate::helm::overlay;
use crate::helm::run::Helm;
use crate::lint::report::human::wrap;
use crate::lint::view::dotted;
use crate::mode::Mode;
use crate::pipeline;
use crate::product;
use crate::refusal::Refusal;
use crate::run::show::{LogFormat, Show};
use crate::run::state::{Phase, SecretStore, State};
use crate::run::{Context as _, Lease, Lock as _, Run, Store as _, audit, preflight, steps};
use crate::shown::{self, lines};
use crate::source::Source;
use crate::stream::Stream;
use crate::topology::Topology;
use crate::values::{self, Value};

/// Makes a restore final: removes its blocks from the values files, runs helm upgrade, and deletes the old volumes
///
/// The files are changed after helm upgrade has succeeded. Comments and all else
/// in them stay. The markers stay, so that the backup is not restored twice.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr finalize RELEASE CHART -f values.yaml [FLAGS]"
)]
pub(crate) struct Finalize {
    #[command(flatten)]
    line: Line,
}

impl Finalize {
    /// Runs the command.
    pub(crate) fn run(self) -> Result<()> {
        block_on(finalize(&self.line.arguments))
    }
}

async fn finalize(arguments: &[String]) -> Result<()> {
    let Some(invocation) = super::parse(Command::Finalize, Some(Mode::Upgrade), arguments)? else { return Ok(()) };
    super::no_forbidden(&invocation)?;
    super::no_pipes(&invocation)?;
    let format = log_format(&invocation)?;
    let mut prepared = prepare(&invocation, &[]).await?;
    let cluster = connection(&invocation).connect().await?;
    preflight::right_cluster(&cluster, invocation.own("expect-cluster")).await?;
    let states = restored(&cluster, &invocation.release, true).await?;
    let cutover = cutover(&states)?;
    if !cutover.is_empty() {
        prepared = prepare(&invocation, &cutover).await?;
    }
    let Prepared { changes, inputs, mut helm } = prepared;
    for (path, value) in &cutover {
        ensure!(
            inputs.values.get(path).and_then(Value::as_str) == Some(value),
            Refusal::new(format!(
                "the release uses {value} since the restore, but the values do not say so: helm upgrade would go back to the old server"
            ))
            .help(format!("set {} to it in a values file, and leave out --set flags for it", dotted(path)))
            .help("see where it comes from: helm hwdr values --origins")
        );
    }
    for product in product::PRODUCTS {
        for barrier in product.barriers() {
            let lowered = overlay::lower(&mut helm, barrier, &inputs.values, &cluster.namespace).await?;
            if lowered.was_there {
                let what = format!("{} is left out: do not give it to helm any more", barrier.overlay);
                shown::tell(&format!("{what}, or what it holds stops again"));
            }
            if let Some(stream) = lowered.stream {
                held::runs_on(&cluster, &Topology::of(*product, &Stream::parse(stream)?), barrier).await?;
            }
        }
    }
    for change in &changes {
        shown::print(&change.diff());
    }
    let kept = states.iter().filter(|state| state.phase == Phase::Restored && !state.wipe);
    let volumes: Vec<String> = kept.flat_map(|state| &state.before.volumes).map(touched::volume).collect();
    let cost = if states.is_empty() {
        "and helm upgrade is run. There is no restore to make final: none was run, or the last one was undone."
            .to_owned()
    } else {
        format!(
            "helm upgrade is run, and {} old volumes are deleted for good. After that, the restore cannot be undone.",
            volumes.len()
        )
    };
    let what = format!(
        "Release {} in namespace {} of {}: {} values files are changed as shown, {cost}",
        invocation.release,
        cluster.namespace,
        cluster.context,
        changes.len()
    );
    if !volumes.is_empty() {
        ask::show(&lines(&format!("Volumes to delete: {}", volumes.join(", "))), invocation.is_on("yes"));
    }
    if invocation.is_on("dry-run") {
        shown::tell(&wrap(&format!("{what}\nThis is a dry run: nothing was changed"), shown::message_width()));
        return Ok(());
    }
    consent(&invocation.release, &what, invocation.is_on("yes"))?;

    let mut show = Show::new(format);
    let lease = Lease::take(&cluster, &invocation.release, |text| show.tell(text)).await?;
    let work = async {
        ensure!(
            restored(&cluster, &invocation.release, false).await? == states,
            Refusal::new("another process has continued a run while you were asked: nothing was done")
                .help(cluster.commands().history(&invocation.release))
        );
        let mut ready = Vec::new();
        for change in &changes {
            let unwritable =
                |error| Refusal::new(format!("{} cannot be written: {error}. Nothing was changed", change.before.name));
            ready.push((change, change.ready().map_err(unwritable)?));
        }
        show.tell(&format!("helm upgrade {}", invocation.release));
        helm.upgrade("without the restore, by hwdr").await.map_err(|error| {
            Failure::stopped(error)
                .help("the values files and the old volumes are as they were: fix the cause, and run this again")
        })?;
        for (change, ready) in ready {
            ready.put().map_err(|error| {
                let name = &change.before.name;
                Failure::stopped(Refusal::new(format!("helm upgrade is done, and {name} cannot be written: {error}")))
                    .help(format!(
                        "remove the restore from {name} yourself, and run this again: the old volumes are still there"
                    ))
            })?;
        }
        give_up(lease.cluster(), &states, &invocation, format).await.map_err(|error| Failure::stopped(error).into())
    };
    let outcome: Result<()> = lease.guard(work).await;
    lease.release().await;
    outcome
}

/// Makes the restores final, and deletes the old volumes.
async fn give_up(cluster: Cluster, states: &[State], invocation: &Invocation, format: LogFormat) -> Result<()> {
    for state in states {
        let Some(store) = SecretStore::find(&cluster, &state.backup_id).await? else { continue };
        let show = Show::new(format);
        let mut run = Run::new(cluster.clone(), store, Helm::find(invocation).await?, show).await?;
        // Everything must work without the old volumes before they are deleted.
        steps::ready(&mut run).await?;
        // From here on, the restore cannot be undone. After an interruption, finalize continues.
        run.state.phase = Phase::Finalized;
        run.save().await?;
        let given_up = steps::give_up(&mut run).await?;
        let id = &run.state.backup_id;
        // Not every product has volumes.
        let volumes = match given_up {
            0 => String::new(),
            1 => ": 1 old volume is given up".to_owned(),
            count => format!(": {count} old volumes are given up"),
        };
        audit::note(&cluster, &run.state, &format!("is final{volumes}"), "the restore").await;
        run.show.rest();
        shown::print(&format!("The restore of backup {id} is final{volumes}.\n"));
    }
    Ok(())
}

/// The restores that can be made final: those that are done, and final ones that may still have old volumes.
async fn restored(cluster: &Cluster, release: &str, warns: bool) -> Result<Vec<State>> {
    let mut states = Vec::new();
    let runs = SecretStore::all(cluster, release).await?;
    let counting = if runs.kept.is_empty() { &runs.old } else { &runs.kept };
    for store in runs.old.iter().filter(|_| warns) {
        touched::warn_of_old(store, !runs.kept.is_empty());
    }
    for store in counting {
        let state = store.load()?;
        ensure!(
            !state.phase.is_open(),
            Refusal::new(format!("the restore of backup {} has not ended", state.backup_id)).help(format!(
                "resume or undo it:\n{}\n{}",
                cluster.commands().resume(release),
                cluster.commands().undo(release)
            ))
        );
        if matches!(state.phase, Phase::Restored | Phase::Finalized) {
            states.push(state);
        }
    }
    Ok(states)
}

/// What is done to the values files, and helm with the values as they will be.
struct Prepared {
    changes: Vec<FileChange>,
    inputs: Inputs,
    helm: Helm,
}

async fn prepare(invocation: &Invocation, cutover: &[(Vec<&'static str>, String)]) -> Result<Prepared> {
    let mut files = Once::new();
    let changes = changes(invocation, cutover, &mut files)?;
    for change in &changes {
        files.put(&change.before.name, change.after.text.clone().into_bytes());
    }
    let inputs = Inputs::read_of(invocation, Some(Mode::Upgrade), &mut files)?;
    let mut helm = Helm::find(invocation).await?;
    helm.freeze(&mut files.pass())?;
    ensure!(
        !pipeline::asks_for_restore(&inputs.values),
        Refusal::new("the values still ask for a restore, by a --set flag or from a place that hwdr does not change")
            .help("leave that flag out")
            .help("see where it comes from: helm hwdr values --origins")
    );
    Ok(Prepared { changes, inputs, helm })
}

/// What restores have changed in the chart's values: the newest one counts.
fn cutover(states: &[State]) -> Result<Vec<(Vec<&'static str>, String)>> {
    let mut done: Vec<_> = states.iter().filter(|state| state.phase == Phase::Restored).collect();
    done.sort_by_key(|state| state.began);
    let mut all = Vec::new();
    for state in done {
        for (path, value) in state.product().cutover(&state.own)? {
            all.retain(|(earlier, _)| *earlier != path);
            all.push((path, value));
        }
    }
    Ok(all)
}

/// The changes of the values files: without the restore, and with what it has changed in the last file that says something else.
fn changes(
    invocation: &Invocation,
    cutover: &[(Vec<&'static str>, String)],
    files: &mut Once<'_>,
) -> Result<Vec<FileChange>> {
    let mut changes: Vec<FileChange> = Vec::new();
    let mut read = files.pass();
    let mut left: Vec<_> = cutover.iter().collect();
    // The last file wins.
    for name in invocation.values.files.iter().rev() {
        if changes.iter().any(|change| change.before.name == *name) {
            continue;
        }
        let bytes = read(name).with_context(|| format!("cannot read {name}"))?;
        let before = values::text_of(name, bytes)?;
        let mut text = without_restore(&before.text).with_context(|| name.clone())?;
        let mut unsaid = Vec::new();
        for one in left {
            let (path, value) = one;
            let now = text.as_deref().unwrap_or(&before.text);
            match with_text(now, path, value).with_context(|| name.clone())? {
                Some(changed) => text = Some(changed),
                None => unsaid.push(one),
            }
        }
        left = unsaid;
        if let Some(text) = text {
            ensure!(
                name.trim() != "-" && !files::is_fifo(name),
                Refusal::new(format!(
                    "the values in {name} have to change for good, and hwdr cannot change them there"
                ))
                .help("remove the restore where they come from")
            );
            let after = Source::new(name.clone(), text);
            changes.push(FileChange { before, after, mended: 1 });
        }
    }
    changes.reverse();
    Ok(changes)
}
