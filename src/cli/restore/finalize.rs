//! `hwdr finalize`: a restore is good, and becomes the normal state.

use clap::Args;

use super::{OWN, block_on, connection, consent, log_format};
use crate::cli::change::Change;
use crate::cli::files;
use crate::cli::inputs::Inputs;
use crate::cli::messages::Failure;
use crate::finalize::without_restore;
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::mode::Mode;
use crate::pipeline;
use crate::run::show::Show;
use crate::run::state::{Phase, Store};
use crate::run::{Hold, Run, audit, steps};
use crate::source::Source;
use crate::values;

/// Makes a restore final: the restore blocks leave the values files, helm upgrade follows, and the old volumes are given up
///
///   helm hwdr finalize RELEASE CHART -f values.yaml [flags of helm upgrade]
///
/// Comments and all else in the files stay as they are. The markers stay, so that the backup is not restored twice.
/// Flags of its own: --dry-run, --yes, --log-format (see helm hwdr upgrade --help).
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Finalize {
    /// The release, the chart, and flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "RELEASE CHART FLAGS")]
    arguments: Vec<String>,
}

impl Finalize {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        block_on(finalize(&self.arguments))
    }
}

async fn finalize(arguments: &[String]) -> Result<(), Failure> {
    let parsed = Invocation::parse(Mode::Upgrade, OWN, arguments);
    let invocation = parsed.map_err(|error| Failure::unusable(error.to_string()))?;
    if invocation.release.is_empty() || invocation.chart.is_empty() {
        return Err(Failure::unusable("a release and a chart are needed: helm upgrade is run without the restore")
            .help("helm hwdr finalize RELEASE CHART -f values.yaml"));
    }
    if let Some((flag, why)) = &invocation.forbidden {
        return Err(Failure::refused(format!("{flag} does not go with this: {why}")).help(format!("leave {flag} out")));
    }
    let changes = changes(&invocation)?;
    let mut helm = Helm::find(&invocation).await?;
    helm.freeze_values(|name| match changes.iter().find(|change| change.before.name == name) {
        Some(change) => Ok(change.after.text.clone().into_bytes()),
        None => files::read(name),
    })?;
    let inputs = Inputs::read_by(&invocation.values, Some(Mode::Upgrade), None, &mut |name| helm.read(name))?;
    if pipeline::asks_for_restore(&inputs.values) {
        return Err(Failure::refused(
            "the values still ask for a restore, by a --set flag or from a place that hwdr does not change",
        )
        .help("leave that flag out")
        .help("see where it comes from: helm hwdr values --origins"));
    }
    let cluster = connection(&invocation).connect().await?;
    let mut stores = Vec::new();
    for store in Store::all(&cluster, &invocation.release).await? {
        let state = store.state()?;
        if state.phase.is_open() {
            return Err(Failure::refused(format!("the restore of backup {} is not over", state.backup_id))
                .help(format!("helm hwdr resume {0}, or helm hwdr undo {0}", invocation.release)));
        }
        if state.phase == Phase::Restored {
            stores.push(store);
        }
    }
    for change in &changes {
        anstream::print!("{}", change.diff());
    }
    let volumes: usize = stores.iter().filter_map(|store| Some(store.state().ok()?.before.volumes.len())).sum();
    if invocation.is_on("dry-run") {
        return Ok(());
    }
    let what = format!(
        "Release {} in namespace {} of {}: {} values files are changed as shown, helm upgrade is run, and {volumes} old volumes are \
         deleted for good. There is no way back to before the restore then.",
        invocation.release,
        cluster.namespace,
        cluster.context,
        changes.len()
    );
    consent::ask(&invocation.release, &what, invocation.is_on("yes"))?;

    let mut show = Show::new(log_format(&invocation)?);
    let hold = Hold::take(&cluster, &invocation.release, |text| show.tell(text)).await?;
    let outcome = async {
        for change in &changes {
            change
                .write()
                .map_err(|error| Failure::unusable(format!("{} cannot be written: {error}", change.before.name)))?;
        }
        show.tell(&format!("helm upgrade {}", invocation.release));
        helm.upgrade("without the restore, by hwdr").await?;
        for store in stores {
            // Everything has to be well without the old volumes before they go.
            let mut run =
                Run::new(cluster.clone(), store, helm_of(&invocation).await?, Show::new(log_format(&invocation)?))?;
            steps::ready(&mut run).await?;
            let volumes = run.state.before.volumes.clone();
            let given_up = steps::give_up(&cluster, &volumes).await?;
            run.state.phase = Phase::Finalized;
            run.save().await?;
            audit::note(&cluster, &run.state, "are given up", &format!("{given_up} old volumes")).await;
            run.show.rest();
            anstream::println!(
                "The restore of backup {} is final: {given_up} old volumes are given up.",
                run.state.backup_id
            );
        }
        Ok(())
    };
    let outcome = outcome.await;
    hold.release().await;
    outcome
}

async fn helm_of(invocation: &Invocation) -> Result<Helm, Failure> {
    Ok(Helm::find(invocation).await?)
}

/// What has to change in the values files.
fn changes(invocation: &Invocation) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for name in &invocation.values.files {
        let bytes = files::read(name).map_err(|error| Failure::unusable(format!("cannot read {name}: {error}")))?;
        let before = values::text_of(name, bytes)?;
        let text = without_restore(&before.text).map_err(|error| {
            Failure::refused(format!("{name}: {error}"))
                .help("take what asks for the restore out by hand, and try again")
        })?;
        if let Some(text) = text {
            if name == "-" {
                return Err(Failure::refused(
                    "the values on standard input ask for a restore, and hwdr cannot change them there",
                )
                .help("take it out where they come from"));
            }
            let after = Source::new(name.clone(), text);
            changes.push(Change { before, after, mended: 1 });
        }
    }
    Ok(changes)
}
