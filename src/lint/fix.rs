//! Applying fixes: the edits are made, and every other byte stays as it is.

use std::sync::Arc;

use crate::lint::{Edit, Finding};
use crate::source::Source;

/// The text of `source` with the fixes of those findings that touch it, and how many findings that mends;
/// none where there is nothing to do. Of edits that overlap, the first is made.
pub fn apply(source: &Arc<Source>, findings: &[Finding]) -> Option<(String, usize)> {
    let mut chosen: Vec<&Edit> = Vec::new();
    let mut mended = 0;
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        let here = fix.edits.iter().all(|edit| Arc::ptr_eq(&edit.place.source, source));
        let free = |edit: &Edit| chosen.iter().all(|other| !overlap(other, edit));
        if here && fix.edits.iter().all(free) {
            chosen.extend(&fix.edits);
            mended += 1;
        }
    }
    if chosen.is_empty() {
        return None;
    }
    chosen.sort_by_key(|edit| edit.place.span);
    let mut text = String::with_capacity(source.text.len() + 64);
    let mut done = 0;
    for edit in chosen {
        text.push_str(&source.text[done..edit.place.span.start]);
        text.push_str(&edit.text);
        done = edit.place.span.end;
    }
    text.push_str(&source.text[done..]);
    Some((text, mended))
}

fn overlap(a: &Edit, b: &Edit) -> bool {
    a.place.span.start < b.place.span.end && b.place.span.start < a.place.span.end || a.place.span == b.place.span
}
