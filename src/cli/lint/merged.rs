//! Values files and flags, merged as Helm merges them.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;

use super::{Linter, unreadable, written};
use crate::cli::change::FileChange;
use crate::cli::files::Once;
use crate::cli::values::{over_chart, within_schema};
use crate::lint::report::{Failure, LintRun};
use crate::lint::view::{drop_handed_down, from_flag};
use crate::lint::{Finding, Level, Note, contents, fix};
use crate::shown::word;
use crate::source::{Place, Source, Span};
use crate::values::chart::Unchecked;
use crate::values::{self, Value, ValueInputs, ValuesError};

impl Linter<'_> {
    /// Checks what all layers merge to.
    pub(super) fn merged(&self) -> Result<(LintRun, Vec<FileChange>)> {
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
                // All files were read: an error without a place is in the chart, or in a file of --set-file.
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
            changes = self.fixes(&run.findings);
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

    /// The fixes for the operator's files. A chart's own files are not changed.
    fn fixes(&self, findings: &[Finding]) -> HashMap<String, FileChange> {
        let mut sources: Vec<&Arc<Source>> = Vec::new();
        for place in findings.iter().filter_map(|f| Some(&f.fix.as_ref()?.edits.first()?.place)) {
            if self.args.values.files.contains(&place.source.name)
                && !sources.iter().any(|source| Arc::ptr_eq(source, &place.source))
            {
                sources.push(&place.source);
            }
        }
        let change = |before: &Arc<Source>| {
            let (text, mended) = fix::apply(before, findings)?;
            let after = Source::new(before.name.clone(), text);
            Some((before.name.clone(), FileChange { before: before.clone(), after, mended }))
        };
        sources.into_iter().filter_map(change).collect()
    }

    /// Checks the values against the chart's schema; returns the parts of it that were not checked.
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
        drop_handed_down(&mut values, &|key| self.wrote(key));
        Ok(values)
    }

    /// Lints merged values. Mere warnings about the chart's own files are left out: the operator cannot fix them.
    fn lint(&self, values: &Value) -> Vec<Finding> {
        let mut findings = self.chosen(crate::lint::lint(values, &self.context));
        findings.retain(|finding| {
            let mut places = finding.related.iter().map(|(place, _)| place).chain([&finding.place]);
            finding.level == Level::Error || places.any(|place| self.wrote(place))
        });
        findings
    }

    /// Whether the operator wrote it, not the chart.
    fn wrote(&self, place: &Place) -> bool {
        from_flag(place) || self.args.values.files.contains(&place.source.name)
    }
}

/// Checks that the file can be read, and contains values.
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
