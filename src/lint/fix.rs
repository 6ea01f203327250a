//! Applies fixes: makes the edits, and leaves every other byte as it is.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::lint::{Edit, Finding};
use crate::source::{Place, Source, Span};

/// How often a file is fixed: one fix may reveal other findings, such as restored indentation.
const ROUNDS: usize = 8;

/// A file after its fixes.
#[derive(Debug)]
pub struct Fixed {
    /// Its new text.
    pub source: Arc<Source>,
    /// The remaining findings.
    pub findings: Vec<Finding>,
    /// How many findings were fixed.
    pub mended: usize,
}

/// Fixes `source`, in which `findings` were found, until nothing is left to fix. `lint` returns the findings in a text, or `None` if it
/// cannot be read. A round that makes the text unreadable, or no better, is discarded.
pub fn all(
    source: &Arc<Source>,
    findings: &[Finding],
    lint: &dyn Fn(&Arc<Source>) -> Option<Vec<Finding>>,
) -> Option<Fixed> {
    let mut best: Option<Fixed> = None;
    for _ in 0..ROUNDS {
        let (now, found) = best.as_ref().map_or((source, findings), |fixed| (&fixed.source, &fixed.findings));
        let Some((text, mended)) = apply(now, found) else { break };
        let after = Source::new(source.name.clone(), text);
        let Some(left) = lint(&after) else { break };
        // A text that can be understood at last may contain more mistakes than the one that hid them.
        let better = left.len() < found.len() || found.iter().any(|finding| finding.hides && finding.fix.is_some());
        if !better {
            break;
        }
        let mended = mended + best.as_ref().map_or(0, |fixed| fixed.mended);
        best = Some(Fixed { source: after, findings: left, mended });
    }
    best
}

/// The text of `source` with the fixes of those findings that touch it, and how many findings that fixes;
/// `None` if there is nothing to do. Of overlapping edits, the first is made.
pub fn apply(source: &Arc<Source>, findings: &[Finding]) -> Option<(String, usize)> {
    let mut chosen: BTreeMap<Span, &Edit> = BTreeMap::new();
    let mut mended = 0;
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let here = fix.edits.iter().all(|edit| Arc::ptr_eq(&edit.place.source, source));
        if here && fix.edits.iter().all(|edit| is_free(&chosen, edit.place.span)) {
            chosen.extend(fix.edits.iter().map(|edit| (edit.place.span, edit)));
            mended += 1;
        }
    }
    if chosen.is_empty() {
        return None;
    }
    let mut text = String::with_capacity(source.text.len() + 64);
    let mut done = 0;
    for (span, edit) in chosen {
        text.push_str(&source.text[done..span.start]);
        text.push_str(&edit.text);
        done = span.end;
    }
    text.push_str(&source.text[done..]);
    Some((text, mended))
}

/// Whether no chosen edit overlaps `span`. As none of them overlaps another, only neighbours can.
fn is_free(chosen: &BTreeMap<Span, &Edit>, span: Span) -> bool {
    let overlaps = |other: &Span| span.start < other.end && other.start < span.end || span == *other;
    let mut before = chosen.range(..span).rev().map(|(other, _)| other);
    let mut after = chosen.range(span..).map(|(other, _)| other).take_while(|other| other.start <= span.end);
    !before.next().is_some_and(overlaps) && !after.any(overlaps)
}

/// The edits that write `text` instead of the scalar at `place`. `None` if other parts of the file refer to it by its anchor.
pub fn scalar(place: &Place, text: String) -> Option<Vec<Edit>> {
    let written = place.text();
    let edit = |start: usize, end: usize, text: String| {
        let span = Span::new(place.span.start + start, place.span.start + end);
        Edit { place: Place::new(Arc::clone(&place.source), span), text }
    };
    if written.starts_with('&') || (written.starts_with('!') && written.contains('\n')) {
        return None;
    }
    if !written.starts_with(['|', '>']) {
        return Some(vec![edit(0, written.len(), text)]);
    }
    // A block: a comment may follow on its first line, and the line break after its last one belongs to what follows.
    let indicator = written.len() - written[1..].trim_start_matches(|c: char| "+-0123456789".contains(c)).len();
    let first_line = written.find('\n').unwrap_or(written.len());
    let first_line = written[..first_line].strip_suffix('\r').map_or(first_line, str::len);
    let end = written.trim_end().len().max(first_line);
    Some(vec![edit(0, indicator, text), edit(first_line, end, String::new())])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(text: &str, value: &str, by: &str) -> Option<String> {
        let source = Source::new("values.yaml", text);
        let start = text.find(value).unwrap();
        let place = Place::new(Arc::clone(&source), Span::new(start, start + value.len()));
        let finding = Finding::error("ttl", &place, "x").fix("write it", &place, by);
        apply(&source, &[finding]).map(|(text, _)| text)
    }

    #[test]
    fn blocks_keep_their_comments_and_the_line_after_them() {
        for (text, value, expected) in [
            ("a: >-\n  2w\nb: 1\n", ">-\n  2w\n", Some("a: 14d\nb: 1\n")),
            ("a: | # kept\n  2w\n\n# kept\nb: 1\n", "| # kept\n  2w\n\n", Some("a: 14d # kept\n\n# kept\nb: 1\n")),
            ("a: |2-\r\n  2w\r\nb: 1\r\n", "|2-\r\n  2w\r\n", Some("a: 14d\r\nb: 1\r\n")),
            ("a: >\n  2w", ">\n  2w", Some("a: 14d")),
            ("a: &x 2w\nb: *x\n", "&x 2w", None),
            ("a: '2w' # kept\n", "'2w'", Some("a: 14d # kept\n")),
        ] {
            assert_eq!(replaced(text, value, "14d").as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn of_edits_that_overlap_the_first_is_made() {
        let source = Source::new("values.yaml", "0123456789");
        let finding = |start: usize, end: usize| {
            let place = Place::new(Arc::clone(&source), Span::new(start, end));
            Finding::error("ttl", &place, "x").fix("", &place, "_")
        };
        for (spans, expected) in [
            (&[(2, 4), (3, 5)][..], "01_456789"),
            (&[(3, 3), (3, 3)], "012_3456789"),
            (&[(3, 3), (3, 5)], "012__56789"),
            (&[(3, 8), (5, 5)], "012_89"),
            (&[(3, 3), (3, 8), (2, 4)], "012__89"),
            (&[(5, 6), (4, 7), (6, 6)], "01234__6789"),
        ] {
            let findings: Vec<_> = spans.iter().map(|(start, end)| finding(*start, *end)).collect();
            assert_eq!(apply(&source, &findings).unwrap().0, expected, "{spans:?}");
        }
    }
}
