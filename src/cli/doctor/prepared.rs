//! What the run of a restore checks before it begins, with the chart: the values, the plan, and every reason not to start.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::{Asked, now};
use crate::backups::{BackupSet, Inventory, Usable};
use crate::cli::ask;
use crate::cli::files::Once;
use crate::cli::inputs::Inputs;
use crate::cli::messages::Failure;
use crate::cli::restore::{self, Ready};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError};
use crate::doctor::{Facts, Level, Line};
use crate::helm::run::{Helm, HelmError};
use crate::lint::{self, Context};
use crate::mode::Mode;
use crate::pipeline;
use crate::private::{self, Folder};
use crate::product::Product;
use crate::run::show::{LogFormat, Show};
use crate::run::{Cause, Halt, Lease, Lock as _, preflight};
use crate::shown::{plain, tell};

/// How long rendering and all checks may take.
const LIMIT: Duration = Duration::from_secs(180);
/// How many of the linter's errors are shown.
const ERRORS: usize = 10;

/// Lines, and the images of the restore's Jobs.
type Found = (Vec<Line>, Vec<String>);

/// What an error says, as a line.
fn line_of(check: &'static str, error: &anyhow::Error) -> Line {
    let is_unread = error.chain().any(|cause| {
        let halt = cause.downcast_ref::<Halt>().is_some_and(|halt| halt.cause == Cause::Unread);
        let is_its_answer = |error: &HelmError| matches!(error, HelmError::Failed { .. } | HelmError::NotRendered(_));
        let helm = cause.downcast_ref::<HelmError>().is_some_and(|error| !is_its_answer(error));
        halt || helm || cause.is::<ClusterError>()
    });
    let failure = Failure::of(error);
    let (problem, help) = failure.parts();
    let line = Line::new(if is_unread { Level::Unknown } else { Level::Problem }, check, problem);
    if help.is_empty() { line } else { line.fix(help.join("\n")) }
}

/// Does all checks of the run.
///
/// # Errors
/// If nobody can be asked, or there is no room for a file.
pub(super) async fn prepare(asked: &Asked, files: &mut Once<'_>, cluster: &Cluster, facts: &Facts) -> Result<Found> {
    let (mut lines, mut images) = (Vec::new(), Vec::new());
    match timeout(LIMIT, ready(asked, files, cluster, facts, &mut lines)).await {
        Err(_) => lines.push(Line::unknown("plan", format!("no plan within {} s", LIMIT.as_secs()))),
        Ok(Err(error)) => lines.push(line_of("plan", &error)),
        Ok(Ok(None)) => {}
        Ok(Ok(Some((ready, is_clear)))) => {
            images = images_of(ready.preflight.as_ref());
            if asked.in_cluster {
                lines.push(in_cluster(asked, &ready, is_clear).await?);
            }
        }
    }
    Ok((lines, images))
}

/// Plans the restore, and looks for reasons not to start. None if there is no plan; else also whether there are no such reasons.
async fn ready(
    asked: &Asked,
    files: &mut Once<'_>,
    cluster: &Cluster,
    facts: &Facts,
    lines: &mut Vec<Line>,
) -> Result<Option<(Ready, bool)>> {
    let mut invocation = asked.invocation.clone();
    if let Err(error) = restore::no_forbidden(&invocation) {
        lines.push(line_of("flags", &error));
    }
    restore::no_pipes(&invocation)?;
    let folder = Folder::new()?;
    let mut inputs = Inputs::read_of(&invocation, Some(facts.mode), files)?;
    if !pipeline::asks_for_restore(&inputs.values) {
        let Some((id, values)) = newest(&facts.inventory, facts.product, facts.mode) else {
            lines.push(no_backup(facts));
            return Ok(None);
        };
        let overlay = folder.path().join("restore.yaml");
        private::write(&overlay, values.to_string().as_bytes())?;
        invocation.values.files.push(overlay.to_string_lossy().into_owned());
        inputs = Inputs::read_of(&invocation, Some(facts.mode), files)?;
        lines.push(Line::ok(
            "backup",
            format!("the values ask for no restore: checked with the newest backup, {}", plain(&id)),
        ));
    }
    let context = Context { mode: Some(facts.mode), whole: true, now: Some(now()), ..Context::default() };
    let findings = lint::lint(&inputs.values, &context);
    let errors: Vec<_> = findings.iter().filter(|finding| finding.level == lint::Level::Error).collect();
    for finding in errors.iter().take(ERRORS) {
        let line = Line::problem("values", format!("{}: {}", finding.place, finding.message));
        lines.push(Line { fix: finding.help.clone(), ..line });
    }
    if !errors.is_empty() {
        return Ok(None);
    }
    lines.push(Line::ok("values", "the linter finds no error in the values"));
    let Some(restore) = inputs.restore()? else { return Ok(None) };
    let mut helm = Helm::find(&invocation).await?;
    helm.freeze(&mut files.pass())?;
    let ready = restore::planned(&invocation, cluster.clone(), restore, &inputs.values, helm, false, None).await?;
    let steps = ready.plan.steps.len();
    lines.push(Line::ok(
        "plan",
        format!("backup {} is known, and its restore can be planned: {steps} steps", ready.plan.backup_id),
    ));
    lines.extend(ready.plan.warnings.iter().map(|warning| Line::warning("plan", warning.clone())));
    if let Err(error) = restore::can_run_locally(&ready, true).await {
        lines.push(line_of("from-here", &error));
    }
    let mut is_clear = true;
    for (well, reason) in restore::reasons(&invocation, &ready).await {
        match reason {
            Ok(()) => lines.push(Line::ok("preflight", well)),
            Err(halt) => {
                is_clear = false;
                lines.push(Line::refused("preflight", &halt));
            }
        }
    }
    Ok(Some((ready, is_clear)))
}

/// The newest backup that can be restored in this way, and the values that ask for it.
fn newest(inventory: &Inventory, product: &dyn Product, mode: Mode) -> Option<(String, Json)> {
    let is_usable = |set: &&BackupSet| {
        let fitness = inventory.fitness(set);
        let usable = if mode == Mode::Upgrade { fitness.in_place } else { fitness.new_cluster };
        usable == Usable::Yes
    };
    let set = inventory.past().find(is_usable)?;
    let id = inventory.restore_id(set)?;
    let parts: Vec<_> = inventory.restored(set).map(|(series, part)| (series.name(), part.name.as_str())).collect();
    Some((id.to_owned(), product.restore_values(id, &parts, mode)))
}

fn no_backup(facts: &Facts) -> Line {
    let key = crate::lint::view::dotted(facts.product.keys().backup_id);
    match facts.mode {
        Mode::Upgrade => Line::problem("backup", "the values name no backup, and none can be restored in place")
            .fix(format!("see why:\nhelm hwdr backups list -n {}", crate::shown::word(&facts.place.namespace))),
        Mode::Install => {
            Line::unknown("backup", "the values name no backup, and a new cluster knows of none: there is no plan")
                .fix(format!("give the values of the restore with -f: {key}"))
        }
    }
}

/// The images of a Job.
fn images_of(job: Option<&Json>) -> Vec<String> {
    let spec = job.map_or(&Json::Null, |job| job.pointer("/spec/template/spec").unwrap_or(&Json::Null));
    let containers = ["initContainers", "containers"].into_iter().filter_map(|key| spec.get(key)?.as_array()).flatten();
    let mut images: Vec<_> = containers.map(|container| text(container, "/image").to_owned()).collect();
    images.sort();
    images.dedup();
    images
}

/// Makes the Job with which a restore in place looks at the backup, and deletes it.
///
/// # Errors
/// If nobody can be asked.
async fn in_cluster(asked: &Asked, ready: &Ready, is_clear: bool) -> Result<Line> {
    const CHECK: &str = "backup-from-pod";
    let Some(job) = &ready.preflight else {
        return Ok(Line::ok(CHECK, "no Job of hwdr would read the backup, so none looks at it"));
    };
    if !is_clear {
        return Ok(Line::unknown(CHECK, "no Job has looked at the backup, because of the reasons above"));
    }
    let (cluster, name) = (&ready.cluster, text(job, "/metadata/name"));
    let what = format!(
        "Job {name} is made in namespace {} of {}, reads backup {}, and is deleted again.",
        cluster.namespace, cluster.context, ready.plan.backup_id
    );
    tell(&what);
    if !ask::agrees("Make it? [y/N] ", &what, asked.yes)? {
        return Ok(Line::unknown(CHECK, "no Job has looked at the backup: it was not agreed to"));
    }
    let mut show = Show::new(LogFormat::Text);
    let looked = async {
        let lease = Lease::take(cluster, &asked.invocation.release, |text| show.tell(text)).await?;
        let under = lease.cluster();
        let looked = lease.guard(preflight::can_be_read(&under, &mut show, job)).await;
        lease.release().await;
        looked
    };
    Ok(match looked.await {
        Ok(true) => {
            Line::ok(CHECK, format!("a Job could read backup {}; what it said of it is above", ready.plan.backup_id))
        }
        Ok(false) => Line::unknown(CHECK, "no Job has looked at the backup: the warning above says why"),
        Err(halt) => Line::refused(CHECK, &halt),
    })
}

/// The values of a bundle: what the linter says of them.
pub(super) fn lint_report(values: Option<&crate::values::Value>, mode: Mode) -> Json {
    let Some(values) = values else { return Json::Null };
    let context = Context { mode: Some(mode), whole: true, now: Some(now()), ..Context::default() };
    let shown = |finding: &lint::Finding| {
        json!({"rule": finding.rule, "level": format!("{:?}", finding.level).to_lowercase(), "place": finding.place.to_string(),
            "message": finding.message, "help": finding.help})
    };
    lint::lint(values, &context).iter().map(shown).collect()
}
