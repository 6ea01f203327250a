//! What a run would do, before anything is asked or changed: for the run itself, and for `hwdr plan`.

use anyhow::{Result, bail, ensure};
use serde_json::Value as Json;

use super::flags::Command;
use super::prepare::{Found, Ready, can_run_locally, look, prepare, state};
use super::{approved, plain, touched};
use crate::cli::plan as plan_view;
use crate::cluster::condition::text;
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::lint::Finding;
use crate::product::Request;
use crate::refusal::Refusal;
use crate::run::preflight;
use crate::run::state::State;
use crate::values::Value;
use crate::velero::Location;

/// What a run would do.
pub(in crate::cli) struct Proposed {
    /// The plan, and what it was made from.
    pub(in crate::cli) ready: Ready,
    /// What was found in the cluster.
    pub(super) found: Found,
    /// The state with which it begins.
    pub(super) state: State,
    /// Where Velero's backups are, if a flag says how Velero gets access.
    pub(super) location: Option<Location>,
    /// All that it was made from, for a file.
    pub(in crate::cli) facts: Json,
}

/// Plans a run, and looks for every reason not to begin.
///
/// # Errors
/// The first such reason; also if it is not the plan that was approved (`--plan`, `--expect-plan`).
pub(in crate::cli) async fn propose(
    command: Command,
    invocation: &Invocation,
    restore: Box<dyn Request>,
    values: &Value,
    helm: Helm,
) -> Result<Proposed> {
    super::no_pipes(invocation)?;
    close_together(&plain::show_findings(values, restore.mode()))?;
    super::no_forbidden(invocation)?;
    let location = super::location(invocation, values, &*restore)?;
    // A plan is not told how Velero gets access; the run that follows it is.
    let access = (command != Command::Plan).then_some(location.as_ref());
    let ready = prepare(invocation, restore, values, helm, command == Command::Rerun, access).await?;
    // An open run is the first thing to know.
    let found = look(invocation, &ready).await?;
    can_run_locally(&ready, command == Command::Plan || invocation.is_on("dry-run")).await?;
    let facts = approved::facts(invocation, &ready, &found).await?;
    if let Some(file) = invocation.own("plan") {
        approved::same(file, &facts)?;
    }
    if let Some(expected) = invocation.own("expect-plan") {
        let digest = ready.plan.digest();
        ensure!(
            expected == digest,
            Refusal::new(format!("this is plan {digest}, and not {expected} (--expect-plan). Nothing was changed"))
                .help(match invocation.is_on("dry-run") {
                    true => "see what it would do: leave out --expect-plan",
                    false => "see what it would do: add --dry-run, and leave out --expect-plan",
                })
        );
    }
    let state = state(invocation, &ready, &found);
    Ok(Proposed { ready, found, state, location, facts })
}

impl Proposed {
    /// What it would do, for people.
    pub(in crate::cli) fn text(&self) -> String {
        let steps = self.state.steps_to_do();
        let mut shown = format!("{}\n{}", plan_view::text(&self.ready.plan), touched::by_run(&self.state, &steps));
        if let Some(job) = &self.ready.preflight {
            shown.push_str(&format!(
                "Before that, Job {} checks that the backup can be read\n",
                text(job, "/metadata/name")
            ));
        }
        if !self.found.markers.is_empty() {
            shown.push_str(&format!(
                "Markers of the earlier restore to delete: {}\n",
                preflight::names(&self.found.markers)
            ));
        }
        format!("{shown}\n{}", plan_view::summary(&self.ready.plan))
    }
}

/// Refuses backups of different times, which do not match, unless a comment at the id allows them.
fn close_together(findings: &[Finding]) -> Result<()> {
    const RULE: &str = "ids-far-apart";
    let Some(finding) = findings.iter().find(|finding| finding.rule == RULE) else { return Ok(()) };
    let refusal = Refusal::new(format!("{}: {}", finding.place, finding.message));
    let refusal = finding.help.iter().fold(refusal, |refusal, help| refusal.help(help.as_str()));
    bail!(refusal.help(format!("or, if you want exactly these, add a comment after the id: # hwdr: ignore[{RULE}]")))
}
