//! `hwdr lint`: findings for values files, each on its own or merged as Helm would.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::change::FileChange;
use super::files::Once;
use super::values::{ChartArgs, over_chart, within_schema};
use super::{Outcome, ValueArgs, files};
use crate::cores;
use crate::helm::command_line::{CommandLineError, has_long_dash};
use crate::lint::chart_file::{self, Owner};
use crate::lint::contents::{self, Contents};
use crate::lint::report::human::Look;
use crate::lint::report::{Failure, LintRun, github, human, json, sarif};
use crate::lint::view::from_flag;
use crate::lint::{Context, Finding, IdKind, Level, Note, fix, rules};
use crate::mode::Mode;
use crate::product::PRODUCTS;
use crate::shown::{self, word};
use crate::source::{Place, Source, Span};
use crate::values::chart::Unchecked;
use crate::values::{self, Value, ValueInputs, ValuesError};

/// Finds what is wrong with the backup and restore values of a cluster
///
/// Each FILE is checked alone: missing settings may be in another file. In a HelmRelease of Flux or an Application of Argo CD, the
/// values inside are checked. With -f and --set, the values are merged as Helm merges them, and missing settings are missing.
///
/// Exit codes: 0 no errors, 1 errors (with --strict: warnings too), 2 wrong usage or an input that cannot be read.
#[derive(Debug, Args)]
pub struct Command {
    /// Values files, each checked alone
    #[arg(id = "fragments", value_name = "FILE")]
    files: Vec<String>,
    /// The Helm command that the values are for
    #[arg(long = "for", value_name = "COMMAND", value_parser = super::words::mode())]
    mode: Option<Mode>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Fix in the files what can be fixed with certainty
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

fn rule_name(name: &str) -> Result<&'static str, String> {
    match (rules::find(name), rules::nearest(name)) {
        (Some(rule), _) => Ok(rule.name()),
        (None, Some(nearest)) => Err(format!("there is no such rule; did you mean '{nearest}'?")),
        (None, None) => Err("there is no such rule; hwdr lint --explain lists them".to_owned()),
    }
}

impl Command {
    /// Runs the command.
    pub fn run(self) -> Result<Outcome> {
        run(&self)
    }
}

fn run(args: &Command) -> Result<Outcome> {
    if let Some(name) = &args.explain {
        return explain(name);
    }
    let merged = args.values != ValueArgs::default() || args.chart.path.is_some();
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
    let (run, changes) = if merged { linter.merged()? } else { linter.fragments() };
    print(args, &run, &changes);
    Ok(if !run.failures.is_empty() {
        Outcome::Unusable
    } else if run.count(Level::Error) > 0 || args.strict && !run.findings.is_empty() {
        Outcome::Refused
    } else {
        Outcome::Clean
    })
}

/// How the chart wants the id of a service that has one of its own. What is wrong with the chart is told where it is read.
fn id_kind(path: &str) -> Option<IdKind> {
    let chart = files::chart(path, values::Helm::V3).ok()?;
    PRODUCTS.iter().find_map(|product| product.id_kind(&chart))
}

fn explain(name: &str) -> Result<Outcome> {
    let text = match rules::find(name) {
        _ if name.is_empty() => rules::all().map(|rule| rules::line(rule) + "\n").collect(),
        Some(rule) => rules::explain(rule),
        None => bail!("--explain {name}: {}", rule_name(name).err().unwrap_or_default()),
    };
    shown::print(&text);
    Ok(Outcome::Clean)
}

/// Whether a name is that of a file, or of nothing at all; not of standard input or a pipe.
fn is_file(name: &str) -> bool {
    name.trim() != "-" && std::fs::metadata(name).map_or(true, |data| data.is_file() || data.is_dir())
}

/// Prints all.
fn print(args: &Command, run: &LintRun, changes: &[FileChange]) {
    let look = Look { width: 80, colour: true };
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
    match args.format {
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

/// What came of one file.
#[derive(Default)]
struct Done {
    findings: Vec<Finding>,
    notes: Vec<Note>,
    failure: Option<Failure>,
    change: Option<FileChange>,
    /// What was found before the change.
    before: Vec<Finding>,
    /// It holds no values of a product.
    left_out: bool,
}

impl Linter<'_> {
    fn chosen(&self, mut findings: Vec<Finding>) -> Vec<Finding> {
        let (select, ignore) = (&self.args.select, &self.args.ignore);
        findings.retain(|f| (select.is_empty() || select.contains(&f.rule)) && !ignore.contains(&f.rule));
        findings
    }

    /// Lints merged values. What is but a warning about the chart's own files is not the operator's to mend.
    fn lint(&self, values: &Value) -> Vec<Finding> {
        let mut findings = self.chosen(crate::lint::lint(values, &self.context));
        findings.retain(|finding| {
            let mut places = finding.related.iter().map(|(place, _)| place).chain([&finding.place]);
            finding.level == Level::Error || places.any(|place| self.wrote(place))
        });
        findings
    }

    /// Whether it is the operator who wrote it, not the chart.
    fn wrote(&self, place: &Place) -> bool {
        from_flag(place) || self.args.values.files.contains(&place.source.name)
    }

    fn wants_fixes(&self) -> bool {
        self.args.fix || self.args.diff
    }

    fn writes(&self) -> bool {
        self.args.fix && !self.args.diff
    }

    /// Says of a file that sops has signed why it is not mended.
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

    /// Each file for itself, on all cores.
    fn fragments(&self) -> (LintRun, Vec<FileChange>) {
        let names = &self.args.files;
        let (mut run, mut changes) = (LintRun { files: names.len(), ..LintRun::default() }, Vec::new());
        for mut done in cores::map(names, 16, |name| self.fragment(name)) {
            if self.writes()
                && let Some(change) = &done.change
                && let Err(failure) = written(change)
            {
                run.unwritten += 1;
                run.failures.push(failure);
                done.findings = done.before;
                done.change = None;
            }
            run.findings.extend(done.findings);
            run.notes.extend(done.notes);
            run.failures.extend(done.failure);
            run.left_out += usize::from(done.left_out);
            run.fixed += done.change.as_ref().map_or(0, |change| change.mended);
            changes.extend(done.change);
        }
        if self.args.diff {
            run.fixed = 0;
        }
        (run, changes)
    }

    fn fragment(&self, name: &str) -> Done {
        match read(name).and_then(|source| self.contents(&source)) {
            Ok(done) => done,
            Err(error) => Done { failure: Some(Failure { name: name.to_owned(), error }), ..Done::default() },
        }
    }

    fn contents(&self, source: &Arc<Source>) -> Result<Done, ValuesError> {
        let owner = owner(&source.name);
        let chosen = |contents: &Contents| {
            let mut findings = self.chosen(contents.lint(&self.context));
            findings.retain(|finding| owner != Owner::Product || finding.level == Level::Error);
            findings
        };
        let lint = |source: &Arc<Source>| Contents::read(source).ok().map(|contents| chosen(&contents));
        let mut done = match Contents::read(source) {
            Ok(contents) if contents.is_empty() || owner != Owner::Operator && !contents.are_of(owner) => {
                return Ok(Done { left_out: true, ..Done::default() });
            }
            Ok(contents) => Done { findings: chosen(&contents), notes: contents.notes(), ..Done::default() },
            // What is no YAML yet may become it.
            Err(error) => {
                let after = self.wants_fixes().then(|| values::pasted::mended(source)).flatten();
                let after = after.map(|text| Source::new(source.name.clone(), text));
                let Some((findings, after)) = after.and_then(|after| Some((lint(&after)?, after))) else {
                    return Err(error);
                };
                let failure = self.args.diff.then(|| Failure { name: source.name.clone(), error });
                let change = Some(FileChange { before: source.clone(), after, mended: 1 });
                Done { findings, change, failure, ..Done::default() }
            }
        };
        if self.wants_fixes() {
            let now = done.change.as_ref().map_or(source, |change| &change.after);
            if let Some(fixed) = fix::all(now, &done.findings, &lint) {
                let mended = fixed.mended + done.change.as_ref().map_or(0, |change| change.mended);
                done.change = Some(FileChange { before: source.clone(), after: fixed.source, mended });
                if !self.args.diff {
                    done.before = std::mem::replace(&mut done.findings, fixed.findings);
                }
            }
        }
        done.notes.extend(self.sealed(done.findings.iter()));
        Ok(done)
    }

    /// What all layers merge to.
    fn merged(&self) -> Result<(LintRun, Vec<FileChange>)> {
        let mut run = LintRun { files: self.args.values.files.len(), ..LintRun::default() };
        let mut files = Once::new();
        for name in &self.args.values.files {
            if let Err(error) = holds_values(name, &mut files) {
                run.failures.push(Failure { name: name.clone(), error });
            }
        }
        if !run.failures.is_empty() {
            return Ok((run, Vec::new()));
        }
        let mut changes: HashMap<String, FileChange> = HashMap::new();
        let values = match self.read_merged(&changes, &mut files) {
            Ok(values) => values,
            Err(error) => {
                // All files were read: what has no place is the chart, or a file of --set-file.
                let elsewhere = || self.args.chart.path.clone().unwrap_or_else(|| "--set-file".to_owned());
                let name = error.place.as_ref().map_or_else(elsewhere, |place| place.source.name.clone());
                run.failures.push(Failure { name, error });
                return Ok((run, Vec::new()));
            }
        };
        run.findings = self.lint(&values);
        run.notes.extend(contents::open(&values));
        run.notes.extend(self.sealed(run.findings.iter()));
        let chart = self.args.chart.path.clone().unwrap_or_default();
        match self.schema_allows(&mut files) {
            Ok(unchecked) => {
                let is_folder = Path::new(&chart).is_dir();
                let schema =
                    if is_folder { format!("{}/values.schema.json", chart.trim_end_matches('/')) } else { chart };
                let place = Place::new(Source::new(schema, ""), Span::default());
                run.notes.extend(unchecked.iter().map(|part| Note::new(&place, part.to_string())));
            }
            Err(error) => run.failures.push(Failure { name: chart, error }),
        }
        if self.wants_fixes() {
            let mut sources: Vec<Arc<Source>> = Vec::new();
            for place in run.findings.iter().filter_map(|f| Some(&f.fix.as_ref()?.edits.first()?.place)) {
                // A chart's own files are not the operator's to mend.
                if self.args.values.files.contains(&place.source.name)
                    && !sources.iter().any(|source| Arc::ptr_eq(source, &place.source))
                {
                    sources.push(place.source.clone());
                }
            }
            for source in sources {
                if let Some((text, mended)) = fix::apply(&source, &run.findings) {
                    let after = Source::new(source.name.clone(), text);
                    changes.insert(source.name.clone(), FileChange { before: source, after, mended });
                }
            }
            if self.read_merged(&changes, &mut files).is_err() {
                changes.clear();
            }
            if self.writes() {
                changes.retain(|_, change| match written(change) {
                    Ok(()) => true,
                    Err(failure) => {
                        run.unwritten += 1;
                        run.failures.push(failure);
                        false
                    }
                });
                let values = self.read_merged(&changes, &mut files)?;
                run.fixed = changes.values().map(|change| change.mended).sum();
                run.findings = self.lint(&values);
            }
        }
        let mut changes: Vec<FileChange> = changes.into_values().collect();
        changes.sort_by(|a, b| a.before.name.cmp(&b.before.name));
        Ok((run, changes))
    }

    /// Whether the chart's schema lets Helm go on; and what of it was not checked.
    fn schema_allows(&self, files: &mut Once<'_>) -> Result<Vec<Unchecked>, ValuesError> {
        let inputs = ValueInputs::from(&self.args.values);
        let values = values::read(&inputs, values::Helm::V3, &mut files.pass())?;
        within_schema(values, &self.args.chart, values::Helm::V3).map(|(_, unchecked)| unchecked)
    }

    fn read_merged(&self, changes: &HashMap<String, FileChange>, files: &mut Once<'_>) -> Result<Value, ValuesError> {
        let inputs = ValueInputs::from(&self.args.values);
        let mut once = files.pass();
        let values = values::read(&inputs, values::Helm::V3, &mut |name| match changes.get(name) {
            Some(change) => Ok(change.after.text.clone().into_bytes()),
            None => once(name),
        })?;
        let mut values = over_chart(values, &self.args.chart, values::Helm::V3)?;
        crate::lint::view::drop_handed_down(&mut values, &|key| self.wrote(key));
        Ok(values)
    }
}

/// Makes a change in its file.
fn written(change: &FileChange) -> Result<(), Failure> {
    let name = change.before.name.clone();
    change
        .write()
        .map_err(|error| Failure { error: ValuesError::unreadable(format!("{name} was not fixed: {error}")), name })
}

/// Whether the file can be read, and holds values.
fn holds_values(name: &str, files: &mut Once<'_>) -> Result<(), ValuesError> {
    let bytes = files.pass()(name).map_err(|error| unreadable(name, &error))?;
    let values = values::read_one(values::text_of(name, bytes)?)?;
    match contents::kind(&values) {
        Some((_, kind)) => Err(ValuesError::unreadable(format!(
            "{name} is not a values file but the Kubernetes object {kind}. To lint the values in it, leave out -f: hwdr lint {}",
            word(name)
        ))),
        None => Ok(()),
    }
}

fn read(name: &str) -> Result<Arc<Source>, ValuesError> {
    let source = values::text_of(name, files::read(name).map_err(|error| unreadable(name, &error))?)?;
    values::refuse_template(&source)?;
    Ok(source)
}

fn unreadable(name: &str, error: &io::Error) -> ValuesError {
    ValuesError::unreadable(format!("cannot read {name}: {error}"))
}

/// Whose values a file holds, by the chart in whose folder it stands, up to three folders below the chart's own (`ci/`, `values/x/`).
fn owner(name: &str) -> Owner {
    let Some(path) = Some(name).filter(|name| is_file(name)).and_then(|name| std::path::absolute(name).ok()) else {
        return Owner::Operator;
    };
    let chart = path.ancestors().skip(1).take(4).map(|folder| folder.join("Chart.yaml")).find(|chart| chart.is_file());
    let Some(chart) = chart else { return Owner::Operator };
    let folder = chart.parent();
    let defaults = path.parent() == folder && path.file_name().is_some_and(|file| file == "values.yaml");
    let inside = folder.and_then(Path::parent).and_then(Path::file_name).is_some_and(|name| name == "charts");
    match read(&chart.to_string_lossy()) {
        Ok(chart) => chart_file::owner(chart, defaults, inside),
        Err(_) => Owner::Operator,
    }
}
