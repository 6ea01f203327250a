//! Reads the documents of a stream in parts.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use super::head::{self, Object};
use super::split::{self, Document};
use super::{StreamError, error};
use hwdr_values::cores;
use hwdr_values::source::Span;
use hwdr_values::yaml::{Budget, Spent, TooMuch};

/// How many bytes of the stream a core gets at a time.
const PART: usize = 1 << 20;

/// The result of reading one part of the stream, with positions relative to the part's start.
struct Part {
    documents: Vec<Document>,
    objects: Vec<Object>,
    lines: usize,
    /// What aliases repeat, up to and including each document that has some.
    spent: Vec<(usize, Spent)>,
}

/// All documents, and the heads of all their objects.
pub(super) fn read(text: &str) -> Result<(Vec<Document>, Vec<Object>), StreamError> {
    let spans = split::parts(text, PART);
    merge(text, cores::map(&spans, 1, |span| read_part(text, *span)))
}

fn read_part(text: &str, span: Span) -> Result<Part, StreamError> {
    let documents = split::split(text, span)?;
    let mut part = Part { documents: Vec::new(), objects: Vec::new(), lines: 0, spent: Vec::new() };
    let mut budget = Budget::default();
    for (number, document) in documents.iter().enumerate() {
        let separator = usize::from(document.body.start > document.whole.start);
        let before = budget.spent();
        head::read(text, number, document, part.lines + separator, &mut part.objects, &mut budget)?;
        if budget.spent() != before {
            part.spent.push((number, budget.spent()));
        }
        part.lines += error::count_lines(&text[document.whole.start..document.whole.end]);
    }
    part.documents = documents;
    Ok(part)
}

/// Joins the parts, up to the first with an error.
fn merge(text: &str, parts: Vec<Result<Part, StreamError>>) -> Result<(Vec<Document>, Vec<Object>), StreamError> {
    let (mut documents, mut objects, mut lines) = (Vec::<Document>::new(), Vec::new(), 1);
    let mut spent = Spent::default();
    for part in parts {
        let before = documents.len();
        let part = part.map_err(|error| StreamError { document: error.document + before, ..error })?;
        documents.extend(part.documents);
        if let Some((number, _)) = part.spent.iter().find(|(_, here)| spent.and(*here).is_too_much()) {
            let Span { start, end } = documents[before + number].body;
            let message = TooMuch::ForUs.to_string();
            return Err(StreamError::new(text, start, before + number, &text[start..end], message));
        }
        spent = spent.and(part.spent.last().map(|(_, all)| *all).unwrap_or_default());
        objects.extend(part.objects.into_iter().map(|object| object.moved(before, lines)));
        lines += part.lines;
    }
    Ok((documents, objects))
}
