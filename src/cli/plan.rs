//! `hwdr plan`: what a restore will do, step by step.

use std::env;
use std::fmt::Write as _;

use anstyle::Style;
use anyhow::{Result, bail, ensure};
use clap::Args;

use super::ValueArgs;
use super::connection::block_on;
use super::files::Once;
use super::inputs::{self, InputArgs, Inputs};
use super::messages::Failure;
use super::restore::{self, Command as Restore, approved, propose};
use super::words::MODES;
use crate::helm::invocation::Invocation;
use crate::helm::run::Helm;
use crate::lint::report::human::{hang, wrap};
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
use crate::values::Value;

/// Shows what a restore will do, step by step
///
/// With a release and a chart, it renders the chart with helm, looks at the
/// cluster as the run does, and changes nothing. --out keeps the plan in a file.
/// The run compares it: helm hwdr upgrade RELEASE CHART … --plan FILE.
///
/// Without them, it reads the rendered manifests from standard input, and needs
/// no cluster.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr plan RELEASE CHART -f values.yaml [FLAGS]\n       helm template … | helm hwdr plan -f values.yaml --for MODE [FLAGS]"
)]
pub(super) struct Command {
    /// The release, the chart, and flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true, value_name = "RELEASE CHART FLAGS")]
    arguments: Vec<String>,
}

/// How a plan is printed.
#[derive(Debug, Clone, Copy)]
enum Format {
    Text,
    Json,
    Yaml,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let Some(mut invocation) = restore::parse(Restore::Plan, None, &self.arguments)? else { return Ok(()) };
        let asked = Asked::of(&mut invocation)?;
        if invocation.release.is_empty() {
            return asked.rendered(&invocation);
        }
        block_on(asked.live(invocation))
    }
}

/// What is asked for on a line with helm's flags, and maybe without a release: `plan` and `diff` share it.
pub(super) struct Looking {
    /// Which restore, if it is said.
    pub(super) mode: Option<Mode>,
    product: Option<String>,
}

impl Looking {
    /// Reads hwdr's own flags.
    ///
    /// # Errors
    /// If one is wrong, or there is a release without a chart.
    pub(super) fn of(command: Restore, invocation: &mut Invocation) -> Result<Self> {
        let word = command.word();
        ensure!(
            invocation.release.is_empty() || !invocation.chart.is_empty(),
            Failure::unusable("a release is named, but no chart")
                .help(format!("helm hwdr {word} RELEASE CHART -f values.yaml"))
                .help("or without both, with the rendered manifests on standard input")
        );
        if let Some(flag) = invocation.rest.first().filter(|_| invocation.release.is_empty()) {
            bail!(
                Failure::unusable(format!("{flag} is for helm, and helm only runs for a release and a chart"))
                    .help(format!("leave it out, or: helm hwdr {word} RELEASE CHART -f values.yaml"))
            );
        }
        let mode = match invocation.own("for") {
            None => None,
            Some(given) => {
                let found = MODES.into_iter().find(|(known, ..)| *known == given);
                let Some((_, mode, _)) = found else { bail!("--for {given}: expected install or upgrade") };
                Some(mode)
            }
        };
        let product = invocation.own("product").map(str::to_owned);
        if let Some(name) = &product {
            ensure!(
                product::named(name).is_some(),
                "--product {name}: expected {}",
                product::PRODUCTS.iter().map(|product| product.name()).collect::<Vec<_>>().join(" or ")
            );
        }
        restore::from_here(invocation)?;
        if !invocation.release.is_empty() {
            let named = ValueArgs { product: product.clone(), ..ValueArgs::default() }.named();
            invocation.values.set_string.extend(named);
        }
        Ok(Self { mode, product })
    }

    /// The same flags, for a command that reads the rendered manifests from standard input.
    pub(super) fn inputs(&self, invocation: &Invocation) -> InputArgs {
        let given = invocation.values.clone();
        InputArgs {
            mode: self.mode,
            namespace: invocation.namespace.clone().or_else(|| env::var("HELM_NAMESPACE").ok()),
            values: ValueArgs {
                files: given.files,
                set: given.set,
                set_string: given.set_string,
                set_json: given.set_json,
                set_file: given.set_file,
                set_literal: given.set_literal,
                product: self.product.clone(),
            },
        }
    }

    /// Which restore it is: in place, where the release exists.
    ///
    /// # Errors
    /// If helm cannot tell.
    pub(super) async fn mode(&self, helm: &Helm, release: &str) -> Result<Mode> {
        match self.mode {
            Some(mode) => Ok(mode),
            None if helm.release(release).await?.is_some() => Ok(Mode::Upgrade),
            None => Ok(Mode::Install),
        }
    }
}

/// What is asked of the command.
struct Asked {
    looking: Looking,
    format: Format,
    out: Option<String>,
}

impl Asked {
    fn of(invocation: &mut Invocation) -> Result<Self> {
        let looking = Looking::of(Restore::Plan, invocation)?;
        let format = match invocation.own("output").unwrap_or("text") {
            "text" => Format::Text,
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            other => bail!("-o {other}: expected text, json or yaml"),
        };
        let out = invocation.own("out").map(str::to_owned);
        ensure!(
            out.is_none() || !invocation.release.is_empty(),
            Failure::unusable(
                "--out keeps what a plan was made from, also what is in the cluster: it needs a release and a chart"
            )
            .help("helm hwdr plan RELEASE CHART -f values.yaml --out FILE")
        );
        if let Some(file) = &out {
            approved::can_be_made(file)?;
        }
        Ok(Self { looking, format, out })
    }

    /// Plans for the rendered manifests on standard input.
    fn rendered(&self, invocation: &Invocation) -> Result<()> {
        let inputs = inputs::typed(&self.looking.inputs(invocation), "plan")?;
        let bytes = inputs::stream("plan")?;
        let Some(restore) = inputs.restore()? else { bail!(no_restore(&inputs.values)) };
        let plan = pipeline::plan(&*restore, inputs.namespace.as_deref(), inputs::not_empty(bytes)?)?;
        self.print(&plan, || format!("{}\n{}", text(&plan), summary(&plan)));
        Ok(())
    }

    /// Plans for a release, as the run itself does.
    async fn live(&self, invocation: Invocation) -> Result<()> {
        let mut files = Once::new();
        let mut helm = Helm::find(&invocation).await?;
        helm.freeze(&mut files.pass())?;
        let mode = self.looking.mode(&helm, &invocation.release).await?;
        let inputs = Inputs::read_of(&invocation, Some(mode), &mut files)?;
        let Some(restore) = inputs.restore()? else { bail!(no_restore(&inputs.values)) };
        let proposed = propose(Restore::Plan, &invocation, restore, &inputs.values, helm).await?;
        let plan = &proposed.ready.plan;
        self.print(plan, || proposed.text());
        if let Some(file) = &self.out {
            approved::write(file, plan, &machine(plan), &proposed.facts)?;
        }
        Ok(())
    }

    fn print(&self, plan: &Plan, text: impl Fn() -> String) {
        match self.format {
            Format::Text => shown::print(&text()),
            Format::Json => shown::print_json(&machine(plan), true),
            Format::Yaml => shown::print(&format!("{}\n", render::to_yaml(&machine(plan)))),
        }
    }
}

fn no_restore(values: &Value) -> Refusal {
    Refusal::new("the values ask for no restore: there is nothing to plan")
        .help(format!("set {} (a text, in quotes)", dotted(product::of(values).keys().backup_id)))
}

/// The plan in one line.
pub(super) fn summary(plan: &Plan) -> String {
    let count = |is: fn(&By) -> bool| plan.steps.iter().filter(|step| is(&step.by)).count();
    let by = [
        ("hwdr", count(|by| matches!(by, By::Hwdr(_)))),
        ("the chart", count(|by| matches!(by, By::Chart(_)))),
        ("a run before helm", count(|by| matches!(by, By::Before(_)))),
    ];
    let by: Vec<String> =
        by.into_iter().filter(|(_, count)| *count > 0).map(|(who, count)| format!("{count} by {who}")).collect();
    let point = match plan.point_of_no_return.step {
        Some(step) => format!("point of no return: {step}"),
        None => "no point of no return".to_owned(),
    };
    let all = format!(
        "Plan {}: {} ({}), {}; {point}.",
        plan.digest(),
        shown::counted(plan.steps.len(), "step"),
        by.join(", "),
        shown::counted(plan.warnings.len(), "warning"),
    );
    format!("{}\n", wrap(&all, shown::width()))
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
