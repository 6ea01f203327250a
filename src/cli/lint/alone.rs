//! Values files, each checked alone.

use std::path::Path;
use std::sync::Arc;

use super::{Linter, files, is_file, unreadable, written};
use crate::cli::change::FileChange;
use crate::cores;
use crate::lint::chart_file::{self, Owner};
use crate::lint::contents::Contents;
use crate::lint::report::{Failure, LintRun};
use crate::lint::{Finding, Level, Note, fix};
use crate::source::Source;
use crate::values::{self, ValuesError};

/// The results for one file.
#[derive(Default)]
struct Done {
    findings: Vec<Finding>,
    notes: Vec<Note>,
    failure: Option<Failure>,
    change: Option<FileChange>,
    /// The findings before the change.
    before: Vec<Finding>,
    /// It contains no values of a product.
    left_out: bool,
}

impl Linter<'_> {
    /// Checks each file alone, on all cores.
    pub(super) fn alone(&self) -> (LintRun, Vec<FileChange>) {
        let names = &self.args.files;
        let (mut run, mut changes) = (LintRun { files: names.len(), ..LintRun::default() }, Vec::new());
        for mut done in cores::map(names, 16, |name| self.one(name)) {
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

    fn one(&self, name: &str) -> Done {
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
        let read = |source: &Arc<Source>| {
            let named = self.args.values.named().map(|set| values::read_set(&set, true)).transpose()?;
            Contents::read(source).map(|contents| contents.over_all(named.as_ref()))
        };
        let lint = |source: &Arc<Source>| read(source).ok().map(|contents| chosen(&contents));
        let mut done = match read(source) {
            Ok(contents) if contents.is_empty() || owner != Owner::Operator && !contents.are_of(owner) => {
                return Ok(Done { left_out: true, ..Done::default() });
            }
            Ok(contents) => Done { findings: chosen(&contents), notes: contents.notes(), ..Done::default() },
            // It is not YAML, but may be after a fix.
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
}

fn read(name: &str) -> Result<Arc<Source>, ValuesError> {
    let source = values::text_of(name, files::read(name).map_err(|error| unreadable(name, &error))?)?;
    values::refuse_template(&source)?;
    Ok(source)
}

/// Whose values a file holds: of the chart whose folder it is in, at most three levels below it (`ci/`, `values/x/`).
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
