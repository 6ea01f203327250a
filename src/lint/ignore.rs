//! `# hwdr: ignore[rule]`: a comment that exempts a line from rules.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use std::collections::HashSet;
use std::sync::Arc;

use crate::lint::{Finding, rules, view};
use crate::source::{Place, Source, Span};
use crate::values::Value;

const MARK: &str = "# hwdr: ignore";

/// Drops the findings that a comment on their line excuses, and adds one for each comment without a valid rule.
pub fn apply(values: &Value, findings: &mut Vec<Finding>) {
    for source in view::sources(values) {
        let comments = comments(&source);
        let mut excused: HashSet<(usize, &str)> = HashSet::new();
        for comment in &comments {
            for name in &comment.rules {
                if rules::is_known(name) {
                    excused.insert((comment.line.start, name));
                } else {
                    findings.push(unknown(&source, name));
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
        }
        if excused.is_empty() {
            continue;
        }
        findings.retain(|finding| {
            !Arc::ptr_eq(&finding.place.source, &source)
                || !excused.contains(&(source.line(finding.place.span.start).start, finding.rule))
        });
    }
}

fn unknown(source: &Arc<Source>, name: &str) -> Finding {
    // The name is part of the text that the comment was read from.
    let at = (name.as_ptr() as usize).saturating_sub(source.text.as_ptr() as usize);
    let at = Span::new(at, at + name.len());
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

/// The comments of a text that excuse something, with their lines.
fn comments(source: &Source) -> Vec<Comment<'_>> {
    let text = source.text.as_str();
    let mut found = Vec::new();
    let mut done = 0;
    for start in memchr::memmem::find_iter(text.as_bytes(), MARK) {
        let Span { start: line_start, end: line_end } = source.line(start);
        // A second mark on a line is part of the first one's comment.
        if start < done {
            continue;
        }
        if start > line_start && !text[..start].ends_with([' ', '\t']) {
            continue; // YAML takes a # inside a word as part of it
        }
        done = line_end;
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
