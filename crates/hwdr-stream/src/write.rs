//! Writes the stream.

#![expect(clippy::indexing_slicing, reason = "the parser found these positions in this very text")]

use std::io::{self, Write};

use super::Stream;
use super::edit::Edits;
use hwdr_values::yaml;

/// Writes the stream with its edits, followed by `appended` as separate documents (each without separator).
///
/// Makes all edits, and reads them back, before the first byte is written.
///
/// # Errors
/// The errors of `out`; [`io::ErrorKind::InvalidData`] if an edited document is no longer YAML or has become another object, or
/// an appended one is not one document of printable ASCII. Then nothing was written.
pub fn write(stream: &Stream, edits: &Edits, appended: &[String], out: &mut dyn Write) -> io::Result<()> {
    let mut edited = Vec::new();
    for document in edits.documents() {
        let text = edits.apply_to(stream, document);
        edits.check(stream, document, &text).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        edited.push((document, text));
    }
    for text in appended {
        if !is_one_document(text) {
            let message = "a document to append is not one document of printable ASCII";
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
    }
    let text = stream.text();
    let mut written = 0;
    let mut last = text;
    for (document, new) in &edited {
        let span = stream.documents[*document].whole;
        out.write_all(&text.as_bytes()[written..span.start])?;
        out.write_all(new.as_bytes())?;
        written = span.end;
        if written == text.len() {
            last = new;
        }
    }
    out.write_all(&text.as_bytes()[written..])?;
    let mut behind = String::new();
    for document in appended {
        if !last.is_empty() && !last.ends_with('\n') {
            behind.push('\n');
        }
        behind.push_str("---\n");
        behind.push_str(document);
        last = document;
    }
    if !appended.is_empty() && !behind.ends_with('\n') {
        behind.push('\n');
    }
    out.write_all(behind.as_bytes())?;
    out.flush()
}

/// Whether a text can follow a separator without changing its meaning.
fn is_one_document(text: &str) -> bool {
    let one = Stream::parse(text.as_bytes().to_vec()).is_ok_and(|stream| stream.documents() == 1);
    one && yaml::is_printable(text) && !text.starts_with("---")
}
