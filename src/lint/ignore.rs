//! `# hwdr: ignore[rule]`: a comment that excuses a line from rules.

use std::sync::Arc;

use crate::lint::{Finding, rules, view};
use crate::source::{Place, Source, Span};
use crate::values::Value;

const MARK: &str = "# hwdr: ignore";

/// Drops the findings that a comment on their line excuses, and adds one for each comment that names no rule.
pub fn apply(values: &Value, findings: &mut Vec<Finding>) {
    for source in view::sources(values) {
        for comment in comments(&source) {
            for name in &comment.rules {
                if !rules::is_known(name) {
                    findings.push(unknown(&source, &comment, name));
                }
            }
            if comment.rules.is_empty() {
                findings.push(
                    Finding::error(
                        "ignore-comment",
                        &Place::new(source.clone(), comment.span),
                        "this comment excuses nothing: it names no rule",
                    )
                    .help("name the rules: # hwdr: ignore[backup-id-number]"),
                );
            }
            findings.retain(|finding| {
                !(Arc::ptr_eq(&finding.place.source, &source)
                    && comment.line.start <= finding.place.span.start
                    && finding.place.span.start < comment.line.end
                    && comment.rules.contains(&finding.rule))
            });
        }
    }
}

fn unknown(source: &Arc<Source>, comment: &Comment<'_>, name: &str) -> Finding {
    let at = source.text[comment.span.start..comment.span.end].find(name).map_or(comment.span, |at| {
        let start = comment.span.start + at;
        Span::new(start, start + name.len())
    });
    let finding = Finding::error(
        "ignore-comment",
        &Place::new(source.clone(), at),
        format!("there is no rule '{name}' to ignore"),
    );
    match rules::nearest(name) {
        Some(rule) => finding.help(format!("did you mean '{rule}'?")),
        None => finding.help("hwdr lint --explain lists the rules"),
    }
}

struct Comment<'s> {
    line: Span,
    span: Span,
    rules: Vec<&'s str>,
}

/// The comments of a text that excuse something, with the lines they stand on.
fn comments(source: &Source) -> Vec<Comment<'_>> {
    let text = source.text.as_str();
    let mut found = Vec::new();
    for start in memchr::memmem::find_iter(text.as_bytes(), MARK) {
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        if start > line_start && !text[..start].ends_with([' ', '\t']) {
            continue; // YAML takes a # inside a word as part of it
        }
        let rest = &text[start + MARK.len()..line_end];
        let list = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or("", |(list, _)| list);
        found.push(Comment {
            line: Span::new(line_start, line_end),
            span: Span::new(start, start + text[start..line_end].trim_end().len()),
            rules: list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect(),
        });
    }
    found
}
