//! `hwdr plan`: what a restore will do, step by step.

use std::fmt::Write as _;

use anstyle::Style;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::inputs::{self, InputArgs};
use crate::lint::report::human::hang;
use crate::lint::view::dotted;
use crate::mode::Mode;
use crate::pipeline;
use crate::plain_data;
use crate::plan::Plan;
use crate::product;
use crate::refusal::Refusal;
use crate::render;
use crate::shown;
use crate::steps::{By, Planned};

/// Shows what a restore will do, step by step
///
/// Reads the rendered manifests from standard input:
///   helm template RELEASE CHART -f values.yaml |
///     helm hwdr plan -f values.yaml --for install
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Command {
    /// Output format
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    #[command(flatten)]
    inputs: InputArgs,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For programs
    Yaml,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let inputs = inputs::typed(&self.inputs, "plan")?;
        let bytes = inputs::stream("plan")?;
        let Some(restore) = inputs.restore()? else {
            bail!(
                Refusal::new("the values ask for no restore: there is nothing to plan")
                    .help(format!("set {} (a text, in quotes)", dotted(product::of(&inputs.values).keys().backup_id)))
            );
        };
        let plan = pipeline::plan(&*restore, inputs.namespace.as_deref(), inputs::not_empty(bytes)?)?;
        match self.output {
            Format::Text => shown::print(&text(&plan)),
            Format::Json => shown::print_json(&machine(&plan), true),
            Format::Yaml => shown::print(&format!("{}\n", render::to_yaml(&machine(&plan)))),
        }
        Ok(())
    }
}

/// The plan with its digest, for programs.
fn machine(plan: &Plan) -> serde_json::Value {
    let mut object = serde_json::Map::new();
    object.insert("digest".to_owned(), plan.digest().into());
    if let serde_json::Value::Object(plan) = plain_data::json(plan) {
        object.extend(plan);
    }
    object.into()
}

/// The plan, for people.
pub(super) fn text(plan: &Plan) -> String {
    let bold = Style::new().bold();
    let mut out = String::new();
    let how = match plan.mode {
        Mode::Install => "into a new cluster",
        Mode::Upgrade => "in place",
    };
    let title = format!("Restore of {}, {how}", with_time(&plan.backup_id.id, plan.backup_time.as_deref()));
    let _ = writeln!(out, "{bold}{title}{bold:#}");
    let _ = writeln!(out, "Namespace {}, plan {}\n", plan.namespace, plan.digest());

    let _ = writeln!(out, "{bold}The cluster{bold:#}");
    for label in plan.product.groups() {
        let members: Vec<String> = plan
            .cluster
            .members
            .iter()
            .filter(|member| member.role.group == *label)
            .map(|member| match member.replicas {
                Some(replicas) if replicas != 1 => format!("{} x{replicas}", member.object),
                _ => member.object.clone(),
            })
            .collect();
        if !members.is_empty() {
            field(&mut out, label, &members.join(", "));
        }
    }
    if !plan.cluster.autoscalers.is_empty() {
        let names: Vec<_> = plan.cluster.autoscalers.iter().map(|scaler| scaler.target.as_str()).collect();
        field(&mut out, "autoscaled", &names.join(", "));
    }
    for missing in &plan.cluster.missing {
        field(&mut out, "not found", &format!("{} ({})", missing.what, missing.help));
    }

    for (number, step) in (1..).zip(&plan.steps) {
        let _ = writeln!(out, "\n{bold}{number}. {}{bold:#}", step.step);
        one(&mut out, step);
    }

    let _ = writeln!(out, "\n{bold}Point of no return{bold:#}");
    let point = &plan.point_of_no_return;
    let text = point.step.map_or_else(|| format!("none: {}", point.why), |step| format!("{step}: {}", point.why));
    line(&mut out, &text);
    if !plan.warnings.is_empty() {
        let _ = writeln!(out, "\n{bold}Warnings{bold:#}");
        for warning in &plan.warnings {
            line(&mut out, warning);
        }
    }
    out
}

fn one(out: &mut String, step: &Planned) {
    field(out, "does", &step.does);
    field(out, "backup", &with_time(&step.backup, step.backup_time.as_deref()));
    match &step.by {
        By::Chart(object) => field(out, "by", &format!("the chart's own {object}, which is kept and made to last")),
        By::Before(what) => field(out, "by", what),
        By::Hwdr(objects) => field(out, "by", &format!("hwdr: {}", objects.join(", "))),
    }
    if !step.markers.is_empty() {
        field(out, "marker", &step.markers.join(", "));
    }
    field(out, "verified", step.verified);
    field(out, "undone", step.undone);
}

fn with_time(backup: &str, time: Option<&str>) -> String {
    time.map_or_else(|| backup.to_owned(), |time| format!("{backup} ({time})"))
}

fn field(out: &mut String, label: &str, text: &str) {
    let _ = writeln!(out, "  {label:<12}{}", hang(text, shown::width(), 14));
}

fn line(out: &mut String, text: &str) {
    let _ = writeln!(out, "  {}", hang(text, shown::width(), 2));
}
