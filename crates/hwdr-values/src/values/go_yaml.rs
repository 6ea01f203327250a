//! Where go-yaml v2, which reads values for Helm, and libyaml, which reads them here, disagree on what is YAML
//! (`scannerc.go` and `readerc.go` of go.yaml.in/yaml/v2 2.4 beside libyaml 0.2.5). Each case is an error: what Helm
//! refuses is refused, and so is what Helm would read differently, with a spelling on which both agree.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the parser found these positions in this very text"
)]

use std::sync::Arc;

use super::ValuesError;
use crate::source::{Place, Source, Span};
use crate::yaml::{Data, Node, Style, SyntaxError, Tree};

/// go-yaml looks for the mark at the start of its buffer instead of at its position, and if it is there skips the first character of
/// each line. Where its buffer starts depends on the lengths of much earlier lines.
const INNER_MARK: &str = "a byte order mark inside the text: Helm may lose characters after it";

/// libyaml ends the tag at the comma; go-yaml makes the comma and what follows part of the tag.
const TAG_COMMA: &str = "Helm takes this comma for part of the tag: put a space before it";

/// go-yaml ends a plain scalar at a question mark inside `[]` and `{}`, and nothing that may follow a scalar starts with one.
const QUESTION_MARK: &str = "did not find expected ',', ']' or '}': Helm does not take a '?' here without quotes";

/// libyaml's messages if there is no `:` within 1,024 bytes of a key's start; go-yaml searches as many characters.
const NO_COLON: [&str; 3] =
    ["could not find expected ':'", "mapping values are not allowed in this context", "did not find expected ',' or"];

/// Refuses a text before it is parsed.
pub(super) fn check_text(text: &str, source: &Arc<Source>, offset: usize) -> Result<(), ValuesError> {
    match text.char_indices().skip(1).find(|(_, character)| *character == '\u{feff}') {
        Some((at, mark)) => {
            let span = Span::new(offset + at, offset + at + mark.len_utf8());
            Err(ValuesError::unsupported(INNER_MARK, Some(Place::new(Arc::clone(source), span))))
        }
        None => Ok(()),
    }
}

/// Refuses text that libyaml has accepted as YAML.
pub(super) fn check_tree(tree: &Tree, text: &str, source: &Arc<Source>, offset: usize) -> Result<(), ValuesError> {
    let place = |start, end| Some(Place::new(Arc::clone(source), Span::new(offset + start, offset + end)));
    if let Some(at) = behind_root(tree, text) {
        let message = "Helm stops at the end of this collection, and silently drops the rest of the text";
        return Err(ValuesError::unsupported(message, place(at, at)));
    }
    // Nodes come in the order of the text.
    let mut flow_ends = 0;
    for node in tree.nodes() {
        let in_flow = node.span.start < flow_ends;
        match &node.data {
            Data::Sequence { flow: true, .. } | Data::Mapping { flow: true, .. } => {
                flow_ends = flow_ends.max(node.span.end);
            }
            Data::Scalar { style: Style::Plain, value } if in_flow => {
                if value.contains('?') {
                    return Err(ValuesError::refused(QUESTION_MARK, place(node.span.start, node.span.end)));
                }
                if value.is_empty() && tag_meets_comma(node, text) {
                    return Err(ValuesError::unsupported(TAG_COMMA, place(node.span.end, node.span.end + 1)));
                }
            }
            Data::Scalar { style: Style::Quoted, .. } => {
                if let Some(at) = escaped_slash(&text[node.span.start..node.span.end]) {
                    let at = node.span.start + at;
                    return Err(ValuesError::refused("found unknown escape character", place(at, at + 2)));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether only libyaml refuses the text, as far as its error shows: then Helm may read it.
pub(super) fn only_libyaml_refuses(error: &SyntaxError, text: &str) -> bool {
    let at = error.offset.min(text.len());
    let before_bracket = text[at..].starts_with([',', '[', ']']);
    // go-yaml takes a colon before a bracket or a comma for text, and those after a tag for part of it.
    if error.message.starts_with("found unexpected ':'")
        || text[..at].split([' ', '\t', '\n', '[', '{']).any(|word| word.starts_with('!') && word.contains(','))
        || (before_bracket && error.message.ends_with("while scanning a tag"))
        || (before_bracket && error.message.starts_with("did not find expected tag URI"))
    {
        return true;
    }
    // go-yaml reads `{}: x` and `{?a} x` as `{}` and `{?a}`, and ignores the rest.
    if flow_root(text) && text[..at].contains(['}', ']']) {
        return true;
    }
    let long = |line: &str| line.len() > 1024 && !line.is_ascii();
    // The error is after the key, or at its start.
    NO_COLON.iter().any(|message| error.message.starts_with(message))
        && (text[..at].rsplit('\n').next().is_some_and(long) || text[at..].split('\n').next().is_some_and(long))
}

/// Where text follows a document that is a collection in brackets, except comments and the next document.
fn behind_root(tree: &Tree, text: &str) -> Option<usize> {
    let root = tree.node(*tree.roots().first()?);
    if !matches!(root.data, Data::Sequence { flow: true, .. } | Data::Mapping { flow: true, .. }) {
        return None;
    }
    let mut at = root.span.end;
    loop {
        at = text.len() - text[at..].trim_start().len();
        let rest = &text[at..];
        if !rest.starts_with('#') {
            return (!rest.is_empty() && !rest.starts_with("---") && !rest.starts_with("...")).then_some(at);
        }
        at += rest.find(['\n', '\r']).unwrap_or(rest.len());
    }
}

/// Whether the first document is a collection in brackets.
fn flow_root(text: &str) -> bool {
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{feff}', '\u{85}', '\u{2028}', '\u{2029}']);
        let skipped = match rest.chars().next() {
            Some('#' | '%') => rest.find(['\n', '\r']),
            Some('&' | '!') => rest.find(char::is_whitespace),
            _ if rest.starts_with("---") => Some(3),
            first => return matches!(first, Some('{' | '[')),
        };
        let Some(skipped) = skipped else { return false };
        rest = &rest[skipped..];
    }
}

/// Whether an empty node ends in a tag and a comma. (Helm refuses `!<tag>,`.)
fn tag_meets_comma(node: &Node, text: &str) -> bool {
    let written = &text[node.span.start..node.span.end];
    let last = written.rsplit(char::is_whitespace).next().unwrap_or(written);
    last.starts_with('!') && text[node.span.end..].starts_with(',')
}

/// The position of `\/` in a text in double quotes, with what may precede them: YAML 1.2 has this escape, YAML 1.1 and go-yaml do not.
fn escaped_slash(written: &str) -> Option<usize> {
    if !written.ends_with('"') {
        return None;
    }
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &written.as_bytes()[at..]) {
        if written.as_bytes().get(at + found + 1) == Some(&b'/') {
            return Some(at + found);
        }
        at += found + 2;
        if at > written.len() {
            break;
        }
    }
    None
}
