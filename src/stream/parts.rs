//! Reading the documents of a stream, part by part.

use super::cores;
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
    merge(cores::map(spans.len(), |part| read_part(text, spans[part])))
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
fn merge(parts: Vec<Result<Part, StreamError>>) -> Result<(Vec<Document>, Vec<Object>), StreamError> {
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
