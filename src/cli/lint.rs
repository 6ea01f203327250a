//! `hwdr lint`: findings for values files, each checked alone, or merged as Helm does.

mod alone;
mod merged;

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::change::FileChange;
use super::values::ChartArgs;
use super::{Outcome, ValueArgs, files};
use crate::helm::command_line::{CommandLineError, has_long_dash};
use crate::lint::report::human::Look;
use crate::lint::report::{Failure, LintRun, github, human, json, sarif};
use crate::lint::{Context, Finding, IdKind, Level, Note, rules};
use crate::mode::Mode;
use crate::product::PRODUCTS;
use crate::shown::{self, word};
use crate::values::{self, ValuesError};

/// Finds what is wrong with the backup and restore values of a cluster
///
/// Each FILE is checked alone: missing settings may be in another file. In a HelmRelease of Flux or an Application of Argo CD, the
/// values inside are checked. With -f and --set, the values are merged as Helm merges them, and missing settings are missing.
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Values files, each checked alone
    #[arg(id = "fragments", value_name = "FILE")]
    files: Vec<String>,
    /// The Helm command that the values are for
    #[arg(long = "for", value_name = "COMMAND", value_parser = super::words::mode())]
    mode: Option<Mode>,
    /// Format of the output
    #[arg(short, long, visible_alias = "format", value_enum, default_value_t, value_name = "FORMAT")]
    output: Format,
    /// Fix in the files what can be fixed safely
    #[arg(long)]
    fix: bool,
    /// Show what --fix would change, and change nothing
    #[arg(long)]
    diff: bool,
    /// Only these rules (repeatable, or with commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule_name)]
    select: Vec<&'static str>,
    /// All but these rules (repeatable, or with commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule_name)]
    ignore: Vec<&'static str>,
    /// Exit with 1 for warnings too
    #[arg(long)]
    strict: bool,
    /// Print the page of a rule, or the list of rules
    #[arg(long, value_name = "RULE", num_args = 0..=1, default_missing_value = "", exclusive = true)]
    explain: Option<String>,
    #[command(flatten)]
    chart: ChartArgs,
    #[command(flatten)]
    values: ValueArgs,
}

/// Forms of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Excerpts and help, for people
    #[default]
    Human,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// The name of a rule.
pub(super) fn rule_name(name: &str) -> Result<&'static str, String> {
    match (rules::find(name), rules::nearest(name)) {
        (Some(rule), _) => Ok(rule.name()),
        (None, Some(nearest)) => Err(format!("there is no such rule; did you mean '{nearest}'?")),
        (None, None) => Err("there is no such rule; hwdr rules lists them".to_owned()),
    }
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Outcome> {
        run(&self)
    }
}

fn run(args: &Command) -> Result<Outcome> {
    if let Some(name) = &args.explain {
        return explain(name);
    }
    let merged = args.values.are_given() || args.chart.path.is_some();
    match (merged, args.files.is_empty()) {
        (true, false) => {
            bail!(
                "FILE cannot be used with -f, --set or --chart: hwdr lint FILE… checks each file alone, hwdr lint -f FILE… checks the merged values"
            )
        }
        (false, true) => bail!("no values are given: hwdr lint FILE…, or hwdr lint -f FILE… --set …"),
        _ => {}
    }
    let names: Vec<&String> = args.files.iter().chain(&args.values.files).collect();
    if let Some(name) = args.files.iter().find(|name| has_long_dash(name) && !Path::new(name).exists()) {
        bail!("{}", CommandLineError::LongDash(name.clone()));
    }
    if names.iter().filter(|name| name.trim() == "-").count() > 1 {
        bail!("standard input can be read once: give - only once");
    }
    if args.fix
        && !args.diff
        && let Some(name) = names.iter().find(|name| !is_file(name))
    {
        bail!("--fix cannot write to {name}: name a file, or use --diff to see what would change");
    }
    let context = Context {
        mode: args.mode,
        whole: merged,
        chart: args.chart.path.is_some(),
        id_kind: args.chart.path.as_deref().and_then(id_kind),
        now: Some(jiff::Timestamp::now()),
    };
    let linter = Linter { args, context };
    let (run, changes) = if merged { linter.merged()? } else { linter.alone() };
    print(args, &run, &changes);
    Ok(if !run.failures.is_empty() {
        Outcome::Unusable
    } else if run.count(Level::Error) > 0 || args.strict && !run.findings.is_empty() {
        Outcome::Refused
    } else {
        Outcome::Clean
    })
}

/// The kind of id that the chart takes for a service with an id of its own. Errors of the chart are reported where it is read.
fn id_kind(path: &str) -> Option<IdKind> {
    let chart = files::chart(path, values::Helm::V3).ok()?;
    PRODUCTS.iter().find_map(|product| product.id_kind(&chart))
}

/// Prints the page of a rule; with no name, the list of rules.
pub(super) fn explain(name: &str) -> Result<Outcome> {
    let text = match rules::find(name) {
        _ if name.is_empty() => rules::all().map(|rule| rules::line(rule, shown::width()) + "\n").collect(),
        Some(rule) => rules::explain(rule, shown::width()),
        None => bail!("--explain {name}: {}", rule_name(name).err().unwrap_or_default()),
    };
    shown::print(&text);
    Ok(Outcome::Clean)
}

/// Whether a path is a file or does not exist, and is neither standard input nor a pipe.
fn is_file(name: &str) -> bool {
    name.trim() != "-" && std::fs::metadata(name).map_or(true, |data| data.is_file() || data.is_dir())
}

/// Prints the results.
fn print(args: &Command, run: &LintRun, changes: &[FileChange]) {
    let look = Look { width: shown::width(), colour: true };
    for failure in &run.failures {
        let message = match &failure.error.place {
            Some(_) => failure.error.message.clone(),
            None => failure.error.to_string(),
        };
        let error = human::render_error(&message, failure.error.place.as_ref(), &[], look);
        shown::tell(&format!("{error}\n"));
    }
    if args.diff {
        for change in changes {
            shown::print(&change.diff());
        }
        shown::tell_bare(&human::render_notes(&run.notes, look));
        shown::tell(&run.summary());
        return;
    }
    match args.output {
        Format::Human => {
            shown::print(&human::render(&run.findings, look));
            shown::print(&human::render_notes(&run.notes, look));
            shown::print(&format!("{}\n", run.summary()));
        }
        Format::Json => shown::print_data(&json::render(run)),
        Format::Sarif => shown::print_data(&sarif::render(run, std::env::current_dir().ok().as_deref())),
        Format::Github => shown::print_data(&github::render(run)),
    }
}

struct Linter<'a> {
    args: &'a Command,
    context: Context,
}

impl Linter<'_> {
    fn chosen(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        let (select, ignore) = (&self.args.select, &self.args.ignore);
        findings.retain(|f| (select.is_empty() || select.contains(&f.rule)) && !ignore.contains(&f.rule));
        findings
    }

    fn wants_fixes(&self) -> bool {
        self.args.fix || self.args.diff
    }

    fn writes(&self) -> bool {
        self.args.fix && !self.args.diff
    }

    /// Notes on files that are not fixed because sops has signed them.
    fn sealed<'f>(&self, findings: impl Iterator<Item = &'f Finding>) -> Vec<Note> {
        let mut notes: Vec<Note> = Vec::new();
        for finding in findings.filter(|finding| finding.sealed && self.wants_fixes()) {
            let place = &finding.place;
            if !notes.iter().any(|note| Arc::ptr_eq(&note.place.source, &place.source)) {
                let message = format!(
                    "not fixed: sops has signed this file, and would not open it after a change. Use: sops {}",
                    word(&place.source.name)
                );
                notes.push(Note::new(place, message));
            }
        }
        notes
    }
}

/// Writes a change to its file.
fn written(change: &FileChange) -> Result<(), Failure> {
    let name = change.before.name.clone();
    change
        .write()
        .map_err(|error| Failure { error: ValuesError::unreadable(format!("{name} was not fixed: {error}")), name })
}

fn unreadable(name: &str, error: &io::Error) -> ValuesError {
    ValuesError::unreadable(format!("cannot read {name}: {error}"))
}
