//! The linter: what an expert would say about a values file before Helm acts on it.
//!
//! [`lint`] runs every rule of [`rules`] over values read as Helm reads them. A rule is one file, whose
//! head is the page that `hwdr lint --explain RULE` prints; [`report`] has one file for each output format.

use std::sync::Arc;

use crate::mode::Mode;
use crate::product;
use crate::source::{Place, Source, Span};
use crate::values::Value;
use rules::Rule as _;
use rules::typographic_quote::TypographicQuote;
use written::Written;

pub mod chart_file;
pub mod contents;
pub mod cron;
pub mod fix;
pub mod ignore;
pub mod page;
pub mod placeholder;
pub mod report;
pub mod rules;
pub mod schema;
pub mod ttl;
pub mod view;
pub mod written;

#[cfg(test)]
mod false_alarms;
#[cfg(test)]
mod tests;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It works, but not as well or as safely as it should.
    Warning,
    /// The restore would fail, restore the wrong data, be silently ignored, or lose data.
    Error,
}

impl Level {
    /// `warning` or `error`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How bad it is.
    pub level: Level,
    /// Where it is.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// Other places that belong to it, and their labels.
    pub related: Vec<(Place, String)>,
    /// A change that does only what was certainly meant.
    pub fix: Option<Fix>,
    /// Whether fixing it may reveal other findings.
    pub hides: bool,
    /// Whether it had a fix, which is not made because sops has signed the file.
    pub sealed: bool,
}

/// A change of text that fixes a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Fix {
    /// What it does.
    pub title: String,
    /// The changes, which do not overlap.
    pub edits: Vec<Edit>,
}

/// One replacement.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// What is replaced.
    pub place: Place,
    /// What stands there instead.
    pub text: String,
}

/// A remark besides the findings, such as what was not checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    /// What it is about.
    pub place: Place,
    /// The remark.
    pub message: String,
}

impl Note {
    /// A note at a place.
    pub fn new(place: &Place, message: impl Into<String>) -> Self {
        Self { place: place.clone(), message: message.into() }
    }
}

/// What is known about the values besides the values themselves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Context {
    /// Whether Helm will install or upgrade, if known.
    pub mode: Option<Mode>,
    /// The values are complete, so what is missing is missing; not one overlay of several.
    pub whole: bool,
    /// The chart's defaults are among the values.
    pub chart: bool,
    /// The type that the chart's schema accepts for the id of a service with an id of its own, if known.
    pub id_kind: Option<IdKind>,
    /// The time of day. The core reads no clock: without it, nothing is said about the future.
    pub now: Option<jiff::Timestamp>,
}

/// The type of a backup id in a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    /// As a number.
    Number,
    /// As text.
    Text,
}

impl Finding {
    /// A finding of level error.
    pub fn error(rule: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Self::new(rule, Level::Error, place, message)
    }

    /// A finding of level warning.
    pub fn warning(rule: &'static str, place: &Place, message: impl Into<String>) -> Self {
        Self::new(rule, Level::Warning, place, message)
    }

    /// A finding without help, related places or fix.
    pub fn new(rule: &'static str, level: Level, place: &Place, message: impl Into<String>) -> Self {
        Self {
            rule,
            level,
            place: place.clone(),
            message: message.into(),
            help: None,
            related: Vec::new(),
            fix: None,
            hides: false,
            sealed: false,
        }
    }

    /// Adds what to do about it.
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// Adds another place that belongs to it.
    pub fn related(mut self, place: &Place, text: impl Into<String>) -> Self {
        self.related.push((place.clone(), text.into()));
        self
    }

    /// Adds a fix that replaces the text at `place`. A command-line flag cannot be fixed: there it adds nothing.
    pub fn fix(mut self, title: impl Into<String>, place: &Place, text: impl Into<String>) -> Self {
        if !view::from_flag(place) {
            let title = title.into();
            self.fix = fix::scalar(place, text.into()).map(|edits| Fix { title, edits });
        }
        self
    }

    /// Adds a fix with several edits, which may reveal more findings.
    pub fn rewrite(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits });
        self.hides = true;
        self
    }
}

/// All findings of all rules, sorted, without duplicates, and without those that a comment in the file excuses.
pub fn lint(values: &Value, context: &Context) -> Vec<Finding> {
    let (product, mut findings) = (product::of(values), Vec::new());
    let files = Written::all(values);
    for file in &files {
        for rule in product.rules() {
            rule.check_written(file, &mut findings);
        }
    }
    for rule in product.rules() {
        rule.check(values, context, &mut findings);
    }
    for file in &files {
        file.settle(&mut findings);
    }
    // Other findings about a value in typographic quotes are caused by the quotes.
    let (quoted, mut others): (Vec<_>, Vec<_>) = findings.into_iter().partition(|f| f.rule == TypographicQuote.name());
    let spoken = rules::Spoken::of(&quoted);
    others.retain(|finding| !spoken.at(&finding.place));
    let mut findings = [quoted, others].concat();
    ignore::apply(values, &mut findings);
    // A file signed by sops must be changed with sops, or it can no longer be opened. Each file is searched once.
    let mut sealed: Vec<(Arc<Source>, bool)> = Vec::new();
    for finding in findings.iter_mut().filter(|finding| finding.fix.is_some()) {
        let source = &finding.place.source;
        let known = sealed.iter().find(|(known, _)| Arc::ptr_eq(known, source)).map(|(_, is_sealed)| *is_sealed);
        let is_sealed = known.unwrap_or_else(|| {
            let is_sealed = placeholder::is_sealed(source);
            sealed.push((Arc::clone(source), is_sealed));
            is_sealed
        });
        if is_sealed {
            finding.fix = None;
            finding.sealed = true;
        }
    }
    sort(&mut findings);
    findings
}

/// Sorts findings by file, place and rule, and drops duplicates.
pub fn sort(findings: &mut Vec<Finding>) {
    fn key(finding: &Finding) -> (&str, Span, &str, &str) {
        (&finding.place.source.name, finding.place.span, finding.rule, &finding.message)
    }
    findings.sort_by(|a, b| key(a).cmp(&key(b)));
    findings.dedup_by(|a, b| key(a) == key(b));
}
