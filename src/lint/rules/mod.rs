//! The rules for the values of any product, one file each, and what all rules have in common. Each product has a list of its rules.
//!
//! The head of a rule's file is its page: what it does, why that is bad, an example, what to use instead, and
//! whether it can be fixed. Tests compare the examples with the rule, and `docs/rules.md` with the pages.

use std::collections::HashSet;
use std::sync::Arc;

use crate::lint::report::human::{hang, wrap};
use crate::lint::written::Written;
use crate::lint::{Context, Finding, Level, page};
use crate::product::PRODUCTS;
use crate::source::{Place, Source, Span};
use crate::values::Value;

/// A rule.
pub trait Rule: Sync {
    /// The name by which it is selected, ignored and explained.
    fn name(&self) -> &'static str;
    /// The worst level of its findings.
    fn level(&self) -> Level;
    /// The text of its file, whose head is its page.
    fn source(&self) -> &'static str;
    /// Adds its findings. It can see those of the rules before it in the list.
    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>);
    /// Adds its findings in the written file, which values no longer show. All rules do this before any of them checks values.
    fn check_written(&self, _: &Written, _: &mut Vec<Finding>) {}
    /// Adds its findings in the Kubernetes object around values: an Application of Argo CD, which may contain several.
    fn check_object(&self, _object: &Value, _values: &[&Value], _: &mut Vec<Finding>) {}
}

pub mod boolean_text;
pub mod clear_text_credentials;
pub mod dotted_key;
pub mod duplicate_key;
pub mod ignore_comment;
pub mod lost_indentation;
pub mod odd_blank;
pub mod second_document;
pub mod typographic_quote;
pub mod unknown_key;
pub mod wrong_type;

/// The places of findings: if one rule has reported something, a less specific one stays silent.
pub struct Spoken(HashSet<(*const Source, Span)>);

impl Spoken {
    /// The places that earlier rules have reported.
    pub fn of(findings: &[Finding]) -> Self {
        Self(findings.iter().map(|finding| Self::key(&finding.place)).collect())
    }

    /// Whether one of them has reported this place.
    pub fn at(&self, place: &Place) -> bool {
        self.0.contains(&Self::key(place))
    }

    fn key(place: &Place) -> (*const Source, Span) {
        (Arc::as_ptr(&place.source), place.span)
    }
}

/// All rules of all products, each once.
pub fn all() -> impl Iterator<Item = &'static dyn Rule> {
    let mut seen = HashSet::new();
    PRODUCTS.iter().flat_map(|product| product.rules()).copied().filter(move |rule| seen.insert(rule.name()))
}

/// The rule called `name`.
pub fn find(name: &str) -> Option<&'static dyn Rule> {
    all().find(|rule| rule.name() == name)
}

/// Whether there is a rule called `name`.
pub fn is_known(name: &str) -> bool {
    find(name).is_some()
}

/// The known rule name nearest to `name`, if one is near.
pub fn nearest(name: &str) -> Option<&'static str> {
    nearest_of(name, all().map(|rule| rule.name()), 3)
}

/// The word nearest to `word`, if no more than `limit` changes are between them.
pub fn nearest_of<'w>(word: &str, words: impl Iterator<Item = &'w str>, limit: usize) -> Option<&'w str> {
    let lower = word.to_lowercase();
    // Each extra character is a change, and the comparison takes the product of both lengths.
    let length = lower.chars().count();
    words
        .filter(|candidate| candidate.chars().count().abs_diff(length) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(&candidate.to_lowercase(), &lower), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .map(|(_, candidate)| candidate)
}

/// All pages as one document, `docs/rules.md`.
pub fn document() -> String {
    let mut text = String::from(
        "# Rules of `hwdr lint`\n\n\
         Made from the heads of the files in `src/lint/rules/` and `src/product/*/rules/`; `hwdr lint --explain RULE` prints a page in the terminal.\n\n\
         | rule | level | finds |\n|---|---|---|\n",
    );
    for rule in all() {
        let (name, level, summary) = (rule.name(), rule.level().name(), page::summary(rule.source()));
        text.push_str(&format!("| [{name}](#{name}) | {level} | {summary} |\n"));
    }
    for rule in all() {
        text.push_str(&format!("\n## {}\n\n", rule.name()));
        text.push_str(&page::of(rule.source()).replace("\n## ", "\n### "));
    }
    text
}

/// What a rule finds, as a line of the list of rules.
pub fn line(rule: &dyn Rule, width: usize) -> String {
    let summary = hang(&page::summary(rule.source()), width, 36);
    format!("{:<27} {:<7} {summary}", rule.name(), rule.level().name())
}

/// The page of one rule for a terminal: headings are bold, examples are indented.
pub fn explain(rule: &dyn Rule, width: usize) -> String {
    let bold = anstyle::Style::new().bold();
    let mut text = format!("{bold}{}{bold:#} ({})\n", rule.name(), rule.level().name());
    let mut paragraph = String::new();
    let mut example = false;
    let page = page::of(rule.source());
    for line in page.lines().chain([""]) {
        let fence = line.starts_with("```");
        let heading = line.strip_prefix("## ");
        if (fence || example || heading.is_some() || line.is_empty()) && !paragraph.is_empty() {
            text.push_str(&format!("{}\n", wrap(paragraph.trim_end(), width)));
            paragraph.clear();
        }
        match heading {
            _ if fence => example = !example,
            Some(heading) => text.push_str(&format!("\n{bold}{heading}{bold:#}\n")),
            None if example => text.push_str(&format!("    {line}\n")),
            None if !line.is_empty() => paragraph.push_str(&format!("{line} ")),
            None => {}
        }
    }
    text
}
