//! YAML's events, from libyaml. The only unsafe code: the crate is libyaml itself, translated to Rust line by line, with C's interface.

#![expect(unsafe_code, reason = "libyaml takes and returns pointers")]

use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::ptr::NonNull;

use libyaml_rs as c;

use super::{Style, SyntaxError};
use crate::source::Span;

/// What the parser encounters.
#[derive(Debug)]
pub(crate) enum Event {
    StreamStart,
    DocumentStart,
    DocumentEnd,
    Alias { anchor: String },
    Scalar { anchor: Option<String>, tag: Option<String>, value: String, style: Style, implicit: bool },
    SequenceStart { anchor: Option<String>, tag: Option<String>, flow: bool },
    MappingStart { anchor: Option<String>, tag: Option<String>, flow: bool },
    CollectionEnd,
    StreamEnd,
}

/// The events of one text.
pub(crate) struct Events<'t> {
    text: &'t str,
    /// The byte at which libyaml starts counting: after a byte order mark.
    begin: usize,
    /// On the heap, and behind a pointer: libyaml keeps a pointer to the parser in the parser, so it must not move, and no reference to it
    /// may claim to be unique.
    parser: NonNull<c::yaml_parser_t>,
}

impl<'t> Events<'t> {
    /// Starts parsing.
    pub(crate) fn new(text: &'t str) -> Self {
        let body = text.strip_prefix('\u{feff}').unwrap_or(text);
        let parser = NonNull::from(Box::leak(Box::new(MaybeUninit::<c::yaml_parser_t>::uninit()))).cast();
        // SAFETY: yaml_parser_initialize sets all of the parser, and fails only without memory. The text outlives the parser, which reads
        // no more than its length.
        unsafe {
            assert!(c::yaml_parser_initialize(parser.as_ptr()).ok, "out of memory");
            c::yaml_parser_set_encoding(parser.as_ptr(), c::YAML_UTF8_ENCODING);
            c::yaml_parser_set_input_string(parser.as_ptr(), body.as_ptr(), body.len() as u64);
        }
        Self { text, begin: text.len() - body.len(), parser }
    }

    /// The next event, and its position in bytes.
    ///
    /// # Errors
    /// If the text is not YAML. The parser is unusable after that.
    pub(crate) fn next(&mut self) -> Result<(Event, Span), SyntaxError> {
        let mut event = MaybeUninit::<c::yaml_event_t>::uninit();
        // SAFETY: the parser is initialised; yaml_parser_parse sets the event, which is deleted once it is copied.
        let (copy, start, end) = unsafe {
            if c::yaml_parser_parse(self.parser.as_ptr(), event.as_mut_ptr()).fail {
                return Err(self.problem());
            }
            let found = event.assume_init_ref();
            let copy = copy(found);
            let marks = (found.start_mark.index, found.end_mark.index);
            c::yaml_event_delete(event.as_mut_ptr());
            (copy, marks.0, marks.1)
        };
        let span = Span::new(self.byte(start), self.byte(end));
        // go-yaml v2 supports only YAML 1.1 (`found incompatible YAML document`).
        let message = match copy {
            Ok(event) => return Ok((event, span)),
            Err(message) => message,
        };
        Err(SyntaxError { message: message.to_owned(), offset: span.start, since: None })
    }

    /// The byte of the text that a mark stands for. Unlike its model in C, libyaml-rs counts bytes.
    fn byte(&self, index: u64) -> usize {
        (self.begin + index as usize).min(self.text.len())
    }

    /// libyaml's error message, with its context.
    fn problem(&self) -> SyntaxError {
        // SAFETY: the parser is initialised, and nothing changes it while this reads; both texts are null or of libyaml's own, which live as
        // long as the program.
        let (parser, problem, context) = unsafe {
            let parser = self.parser.as_ref();
            (parser, words(parser.problem), words(parser.context))
        };
        let message = match (problem, context) {
            (Some(problem), Some(context)) => format!("{problem} {context}"),
            (Some(problem), None) => problem.to_owned(),
            _ => "this is not YAML".to_owned(),
        };
        let offset = match parser.error {
            // libyaml reports no line for a character that YAML does not allow.
            c::YAML_READER_ERROR => forbidden(self.text),
            _ => self.byte(parser.problem_mark.index),
        };
        let since = context.map(|_| self.byte(parser.context_mark.index));
        SyntaxError { message, offset, since }
    }
}

impl Drop for Events<'_> {
    fn drop(&mut self) {
        // SAFETY: it was initialised, is deleted once, and lies in a box that nothing else owns.
        unsafe {
            c::yaml_parser_delete(self.parser.as_ptr());
            drop(Box::from_raw(self.parser.as_ptr()));
        }
    }
}

/// A copy of an event before libyaml frees it.
///
/// # Safety
/// `yaml_parser_parse` has set the event: its type says which part of the union is valid.
unsafe fn copy(event: &c::yaml_event_t) -> Result<Event, &'static str> {
    // SAFETY: see above; texts are null or end in a zero, except a scalar's, which has a length.
    unsafe {
        Ok(match event.type_ {
            c::YAML_DOCUMENT_START_EVENT => {
                let version = event.data.document_start.version_directive;
                if !version.is_null() && ((*version).major, (*version).minor) != (1, 1) {
                    return Err("found incompatible YAML document");
                }
                Event::DocumentStart
            }
            c::YAML_DOCUMENT_END_EVENT => Event::DocumentEnd,
            c::YAML_ALIAS_EVENT => Event::Alias { anchor: text(event.data.alias.anchor).unwrap_or_default() },
            c::YAML_SCALAR_EVENT => {
                let scalar = event.data.scalar;
                let value = std::slice::from_raw_parts(scalar.value, scalar.length as usize);
                Event::Scalar {
                    anchor: text(scalar.anchor),
                    tag: text(scalar.tag),
                    value: String::from_utf8_lossy(value).into_owned(),
                    style: match scalar.style {
                        c::YAML_SINGLE_QUOTED_SCALAR_STYLE | c::YAML_DOUBLE_QUOTED_SCALAR_STYLE => Style::Quoted,
                        c::YAML_LITERAL_SCALAR_STYLE | c::YAML_FOLDED_SCALAR_STYLE => Style::Block,
                        _ => Style::Plain,
                    },
                    implicit: scalar.plain_implicit,
                }
            }
            c::YAML_SEQUENCE_START_EVENT => {
                let start = event.data.sequence_start;
                let flow = start.style == c::YAML_FLOW_SEQUENCE_STYLE;
                Event::SequenceStart { anchor: text(start.anchor), tag: text(start.tag), flow }
            }
            c::YAML_MAPPING_START_EVENT => {
                let start = event.data.mapping_start;
                let flow = start.style == c::YAML_FLOW_MAPPING_STYLE;
                Event::MappingStart { anchor: text(start.anchor), tag: text(start.tag), flow }
            }
            c::YAML_SEQUENCE_END_EVENT | c::YAML_MAPPING_END_EVENT => Event::CollectionEnd,
            c::YAML_STREAM_END_EVENT | c::YAML_NO_EVENT => Event::StreamEnd,
            _ => Event::StreamStart,
        })
    }
}

/// A UTF-8 text from C, or `None` for null.
///
/// # Safety
/// It is null or ends in a zero.
unsafe fn text(text: *const u8) -> Option<String> {
    // SAFETY: see above.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text.cast()) }.to_string_lossy().into_owned())
}

/// A static text of libyaml's.
///
/// # Safety
/// It is null, or ends in a zero and lives as long as the program.
unsafe fn words(text: *const i8) -> Option<&'static str> {
    // SAFETY: see above.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text.cast()) }.to_str().unwrap_or_default())
}

/// The position of the first character that YAML does not allow.
fn forbidden(text: &str) -> usize {
    let allowed = |character: char| match character {
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{feff}' => true,
        other => other >= '\u{a0}' && !matches!(other, '\u{fffe}' | '\u{ffff}'),
    };
    text.find(|character| !allowed(character)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Counts all events of a text, moving the parser meanwhile; the message if the text is not YAML.
    fn count(text: &str) -> Result<usize, String> {
        let mut events = Events::new(text);
        for number in 1.. {
            let mut moved = Box::new(events);
            let (event, span) = moved.next().map_err(|error| format!("{} {:?}", error.message, error.since))?;
            assert!(text.get(span.start..span.end).is_some(), "{event:?} {span:?}");
            if matches!(event, Event::StreamEnd) {
                return Ok(number);
            }
            events = *moved;
        }
        Ok(0)
    }

    /// `make miri` runs it with every memory access checked: the parser may move, be dropped in the middle, and fail.
    #[test]
    fn the_parser_is_used_as_it_may_be() {
        for (text, expected) in [
            ("", Ok(2)),
            ("\u{feff}a: &x !!str 'é'\nb: *x\n", Ok(10)),
            ("%YAML 1.1\n%TAG !e! tag:example,2026:\n---\n- !e!x {a: [b, \"c\"]}\n- |\n  d\n...\n", Ok(14)),
            ("%YAML 1.2\n---\na", Err("found incompatible YAML document None".to_owned())),
            ("a: [b", Err("did not find expected ',' or ']' while parsing a flow sequence Some(3)".to_owned())),
            ("a: \u{1}", Err("control characters are not allowed None".to_owned())),
        ] {
            assert_eq!(count(text), expected, "{text:?}");
        }
        let mut events = Events::new("a: {b: c}");
        assert!(matches!(events.next(), Ok((Event::StreamStart, _))));
    }
}
