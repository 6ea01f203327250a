//! Reading the documents of a stream on all cores: they do not depend on each other.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::head::{self, Object};
use super::split::{self, Document};
use super::{StreamError, error};
use crate::source::Span;

/// How much of the stream is given to a core at a time.
const PART: usize = 1 << 20;

/// What was read of one part of the stream, counted from the part's beginning.
struct Part {
    documents: Vec<Document>,
    objects: Vec<Object>,
    lines: usize,
}

/// All documents, and the heads of all their objects.
pub(super) fn read(text: &str) -> Result<(Vec<Document>, Vec<Object>), StreamError> {
    let spans = split::parts(text, PART);
    let cores = thread::available_parallelism().map_or(1, usize::from).min(spans.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(span) = spans.get(number) else { return done };
            let part = read_part(text, *span);
            if part.is_err() {
                // What comes behind the first error is of no interest.
                next.store(spans.len(), Ordering::Relaxed);
            }
            done.push((number, part));
        }
    };
    let mut parts = thread::scope(|scope| {
        let others: Vec<_> = (1..cores).map(|_| scope.spawn(work)).collect();
        let mut parts = work();
        for other in others {
            parts.extend(other.join().expect("reading does not panic"));
        }
        parts
    });
    parts.sort_by_key(|(number, _)| *number);
    merge(parts.into_iter().map(|(_, part)| part))
}

fn read_part(text: &str, span: Span) -> Result<Part, StreamError> {
    let documents = split::split(text, span)?;
    let mut part = Part { documents: Vec::new(), objects: Vec::new(), lines: 0 };
    for (number, document) in documents.iter().enumerate() {
        let separator = usize::from(document.body.start > document.whole.start);
        head::read(text, number, document, part.lines + separator, &mut part.objects)?;
        part.lines += error::count_lines(&text[document.whole.start..document.whole.end]);
    }
    part.documents = documents;
    Ok(part)
}

/// Puts the parts together, up to the first that has an error.
fn merge(parts: impl Iterator<Item = Result<Part, StreamError>>) -> Result<(Vec<Document>, Vec<Object>), StreamError> {
    let (mut documents, mut objects, mut lines) = (Vec::new(), Vec::new(), 1);
    for part in parts {
        let before = documents.len();
        let part = part.map_err(|error| StreamError { document: error.document + before, ..error })?;
        documents.extend(part.documents);
        objects.extend(part.objects.into_iter().map(|object| object.moved(before, lines)));
        lines += part.lines;
    }
    Ok((documents, objects))
}
