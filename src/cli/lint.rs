//! `hwdr lint`: findings for values files, each on its own or merged as Helm would.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use super::change::Change;
use super::values::{ChartArgs, over_chart};
use super::{Outcome, ValueArgs, files};
use crate::lint::report::human::Look;
use crate::lint::report::{Failure, Run, github, human, json, sarif};
use crate::lint::view::{RONDB_RESTORE, from_flag};
use crate::lint::{Context, Finding, IdKind, Level, fix, rules};
use crate::mode::Mode;
use crate::source::Source;
use crate::values::{self, Value, ValueInputs, ValuesError};

/// Find what is wrong with the backup and restore values of a cluster
///
/// With FILEs, each is looked at for itself: what is missing in it may stand in another. With -f and --set, the values are
/// merged as Helm merges them, and what is missing is missing.
///
/// Exit codes: 0 no errors, 1 errors (with --strict: warnings too), 2 wrong usage or an input that cannot be read.
#[derive(Debug, Args)]
pub struct Command {
    /// Values files, each for itself
    #[arg(id = "fragments", value_name = "FILE")]
    files: Vec<String>,
    /// Take the values as those of this Helm command
    #[arg(long = "for", value_name = "COMMAND")]
    mode: Option<Mode>,
    /// Form of the output
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Mend what can be mended for certain, in the files
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
    /// Runs the command, and says why it cannot.
    pub fn run(&self) -> Outcome {
        run(self).unwrap_or_else(|error| {
            anstream::eprintln!(
                "{}",
                human::render_error(&format!("{error:#}"), None, &[], Look { width: 80, colour: true })
            );
            Outcome::Unusable
        })
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
                "FILE and -f, --set or --chart do not go together: hwdr lint FILE… looks at each file for itself, hwdr lint -f FILE … at what they merge to"
            )
        }
        (false, true) => bail!("no values to look at: hwdr lint FILE…, or hwdr lint -f FILE… --set …"),
        _ => {}
    }
    let context = Context {
        mode: args.mode,
        whole: merged,
        chart: args.chart.path.is_some(),
        rondb_id: args.chart.path.as_deref().and_then(rondb_id),
        now: Some(jiff::Timestamp::now()),
    };
    let linter = Linter { args, context };
    let (mut run, changes) = if merged { linter.merged()? } else { linter.fragments() };
    for change in changes.iter().filter(|_| args.fix && !args.diff) {
        if let Err(error) = change.write() {
            run.failures.push(Failure {
                name: change.before.name.clone(),
                error: ValuesError::unreadable(format!("cannot write {}: {error}", change.before.name)),
            });
        }
    }
    print(args, &run, &changes)?;
    Ok(if !run.failures.is_empty() {
        Outcome::Unusable
    } else if run.count(Level::Error) > 0 || args.strict && !run.findings.is_empty() {
        Outcome::Refused
    } else {
        Outcome::Clean
    })
}

/// How the chart wants RonDB's own backup id, as far as its schema says. What is wrong with the chart is told where it is read.
fn rondb_id(path: &str) -> Option<IdKind> {
    let chart = files::chart(path, values::Helm::V3).ok()?;
    let takes = |kind| chart.takes(&[RONDB_RESTORE, &["backupId"]].concat(), kind);
    match (takes("integer")? || takes("number")?, takes("string")?) {
        (true, false) => Some(IdKind::Number),
        (false, true) => Some(IdKind::Text),
        _ => None,
    }
}

fn explain(name: &str) -> Result<Outcome> {
    let mut out = anstream::stdout().lock();
    if name.is_empty() {
        for rule in rules::all() {
            writeln!(out, "{}", rules::line(rule))?;
        }
        return Ok(Outcome::Clean);
    }
    match rules::find(name) {
        Some(rule) => write!(out, "{}", rules::explain(rule))?,
        None => bail!("--explain {name}: {}", rule_name(name).unwrap_err()),
    }
    Ok(Outcome::Clean)
}

fn print(args: &Command, run: &Run, changes: &[Change]) -> Result<()> {
    let look = Look { width: 80, colour: true };
    let mut errors = anstream::stderr().lock();
    for failure in &run.failures {
        let message = match &failure.error.place {
            Some(_) => failure.error.message.clone(),
            None => failure.error.to_string(),
        };
        writeln!(errors, "{}\n", human::render_error(&message, failure.error.place.as_ref(), &[], look))?;
    }
    let mut out = io::BufWriter::new(anstream::stdout());
    if args.diff {
        for change in changes {
            out.write_all(change.diff().as_bytes())?;
        }
        out.flush()?;
        writeln!(errors, "{}", run.summary())?;
        return Ok(());
    }
    let text = match args.format {
        Format::Human => format!("{}{}\n", human::render(&run.findings, look), run.summary()),
        Format::Json => json::render(run),
        Format::Sarif => sarif::render(run),
        Format::Github => github::render(run),
    };
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(())
}

struct Linter<'a> {
    args: &'a Command,
    context: Context,
}

/// What came of one file.
struct Done {
    findings: Vec<Finding>,
    failure: Option<Failure>,
    change: Option<Change>,
}

impl Linter<'_> {
    fn lint(&self, values: &Value) -> Vec<Finding> {
        let mut findings = crate::lint::lint(values, &self.context);
        let (select, ignore) = (&self.args.select, &self.args.ignore);
        findings.retain(|f| (select.is_empty() || select.contains(&f.rule)) && !ignore.contains(&f.rule));
        findings
    }

    fn wants_fixes(&self) -> bool {
        self.args.fix || self.args.diff
    }

    /// Each file for itself, on all cores.
    fn fragments(&self) -> (Run, Vec<Change>) {
        let names = &self.args.files;
        let next = AtomicUsize::new(0);
        let work = || {
            let mut done = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = names.get(number) else { return done };
                done.push((number, self.fragment(name)));
            }
        };
        // A thread costs more than a few files do.
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(names.len() / 16 + 1);
        let mut all = std::thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                all.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            all
        });
        all.sort_by_key(|(number, _)| *number);
        let (mut run, mut changes) = (Run { files: names.len(), ..Run::default() }, Vec::new());
        for (_, done) in all {
            run.findings.extend(done.findings);
            run.failures.extend(done.failure);
            run.fixed += done.change.as_ref().map_or(0, |change| change.mended);
            changes.extend(done.change);
        }
        (run, changes)
    }

    fn fragment(&self, name: &str) -> Done {
        let source = match read(name) {
            Ok(source) => source,
            Err(error) => return Done::failed(name, error),
        };
        let lint = |source: &Arc<Source>| values::read_one(source.clone()).ok().map(|values| self.lint(&values));
        let fixes = self.wants_fixes() && name != "-";
        let mut done = match values::read_one(source.clone()) {
            Ok(values) => Done { findings: self.lint(&values), failure: None, change: None },
            // What is no YAML yet may become it.
            Err(error) => {
                let after =
                    fixes.then(|| values::pasted::mended(&source)).flatten().map(|text| Source::new(name, text));
                match after.and_then(|after| Some((lint(&after)?, after))) {
                    Some((findings, after)) => {
                        let change = Some(Change { before: source.clone(), after, mended: 1 });
                        Done { findings, failure: None, change }
                    }
                    None => return Done::failed(name, error),
                }
            }
        };
        if fixes {
            let now = done.change.as_ref().map_or(&source, |change| &change.after);
            if let Some(fixed) = fix::all(now, &done.findings, &lint) {
                let mended = fixed.mended + done.change.as_ref().map_or(0, |change| change.mended);
                done.change = Some(Change { before: source, after: fixed.source, mended });
                done.findings = fixed.findings;
            }
        }
        done
    }

    /// What all layers merge to.
    fn merged(&self) -> Result<(Run, Vec<Change>)> {
        let mut run = Run { files: self.args.values.files.len(), ..Run::default() };
        let mut changes: HashMap<String, Change> = HashMap::new();
        let mut values = match self.read_merged(&changes) {
            Ok(values) => values,
            Err(error) => {
                let name = error.place.as_ref().map_or("values".to_owned(), |place| place.source.name.clone());
                run.failures.push(Failure { name, error });
                return Ok((run, Vec::new()));
            }
        };
        run.findings = self.lint(&values);
        if self.wants_fixes() {
            let mut sources: Vec<Arc<Source>> = Vec::new();
            for place in run.findings.iter().filter_map(|f| Some(&f.fix.as_ref()?.edits.first()?.place)) {
                // A chart's own files are not the operator's to mend.
                if self.args.values.files.contains(&place.source.name)
                    && place.source.name != "-"
                    && !sources.iter().any(|source| Arc::ptr_eq(source, &place.source))
                {
                    sources.push(place.source.clone());
                }
            }
            for source in sources {
                if let Some((text, mended)) = fix::apply(&source, &run.findings) {
                    let after = Source::new(source.name.clone(), text);
                    changes.insert(source.name.clone(), Change { before: source, after, mended });
                }
            }
            match self.read_merged(&changes) {
                Ok(fixed) => values = fixed,
                Err(_) => changes.clear(),
            }
            run.fixed = changes.values().map(|change| change.mended).sum();
            run.findings = self.lint(&values);
        }
        let mut changes: Vec<Change> = changes.into_values().collect();
        changes.sort_by(|a, b| a.before.name.cmp(&b.before.name));
        Ok((run, changes))
    }

    fn read_merged(&self, changes: &HashMap<String, Change>) -> Result<Value, ValuesError> {
        let inputs = ValueInputs::from(&self.args.values);
        let values = values::read(&inputs, values::Helm::V3, &mut |name| match changes.get(name) {
            Some(change) => Ok(change.after.text.clone().into_bytes()),
            None => files::read(name),
        })?;
        let mut values = over_chart(values, &self.args.chart, values::Helm::V3)?;
        let files = &self.args.values.files;
        crate::lint::view::drop_handed_down(&mut values, &|key| from_flag(key) || files.contains(&key.source.name));
        Ok(values)
    }
}

fn read(name: &str) -> Result<Arc<Source>, ValuesError> {
    let bytes = files::read(name).map_err(|error| ValuesError::unreadable(format!("cannot read {name}: {error}")))?;
    values::text_of(name, bytes)
}

impl Done {
    fn failed(name: &str, error: ValuesError) -> Self {
        Self { findings: Vec::new(), failure: Some(Failure { name: name.to_owned(), error }), change: None }
    }
}
