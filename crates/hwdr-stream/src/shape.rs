//! How a collection is written: all that an edit needs to know, in bytes of the stream.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the parser found these positions in this very text"
)]

use super::Look;
use super::edit::{EditError, Splice};
use hwdr_values::source::Span;
use hwdr_values::yaml::{Data, NodeId, Style};

/// A collection's children, and the positions where something can be added.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub known: Known,
    /// Whether it is a list (or will become one).
    pub is_list: bool,
    pub children: Vec<Child>,
    /// Where a first child goes: at the first one (block), or after the opening bracket (flow).
    pub front: usize,
    /// Where whole lines go after the last child.
    pub end: usize,
    /// The node itself.
    span: Span,
    /// In a flow collection with children on separate lines: the line break and indentation before each.
    pub gap: Option<String>,
    /// Whether it is a null in flow context, which needs brackets.
    bare: bool,
}

/// The style, as far as edits depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Lines; the keys or dashes are in this column.
    Block { column: usize },
    /// Nothing, null or empty brackets where a block is possible: lines will follow, in this column.
    Empty { column: usize },
    /// Brackets.
    Flow,
}

/// An entry or an item.
#[derive(Debug, Clone)]
pub(super) struct Child {
    /// The key, if it is a scalar.
    pub key: Option<String>,
    /// Where the key, or the item, begins.
    pub start: usize,
    /// Where the value ends.
    pub end: usize,
    /// Where the line of its end ends, line break included.
    pub line_end: usize,
    /// Whether it ends with the colon of its key.
    pub bare_colon: bool,
}

impl Shape {
    /// The shape of the last node of `path`.
    pub(super) fn of(look: &Look<'_>, path: &[NodeId], is_list: bool) -> Result<Self, EditError> {
        let Some((&node, above)) = path.split_last() else { return Err(EditError::Unusual("a path of no nodes")) };
        let text = look.text;
        let span = match above.last() {
            Some(parent) => written_span(look, *parent, node)?,
            None => look.tree.node(node).span,
        };
        let in_flow = above.iter().any(|id| is_flow(look, *id));
        let block = !in_flow && !is_flow(look, node) && is_collection(look, node);
        let mut children = children(look, node, if block { Some(column_of(look, node)?) } else { None })?;
        let mut gap = None;
        let mut bare = false;
        let (known, front, end) = if children.is_empty() {
            let content = &text[span.start..span.end];
            let brackets = is_collection(look, node);
            if in_flow || content.contains(['\n', '#']) {
                bare = !brackets;
                let front = if brackets { opening(text, span)? } else { span.end };
                (Known::Flow, front, span.end)
            } else {
                let parent = above.last().ok_or(EditError::Unusual("an empty document"))?;
                let column = column_of(look, *parent)? + 2;
                (Known::Empty { column }, span.start, below_comments(text, line_end(text, span.end)?, column))
            }
        } else if in_flow || is_flow(look, node) {
            let front = opening(text, span)?;
            let before = &text[front..children[0].start];
            if before.contains('\n') && before.trim().is_empty() {
                let line = before.rfind('\n').unwrap_or_default();
                gap = Some(format!("\n{}", &before[line + 1..]));
            }
            (Known::Flow, front, span.end)
        } else {
            let column = column_of(look, node)?;
            let front = if is_list { first_dash(text, span) } else { children[0].start };
            let front = above_comments(text, front, column);
            let end = children.last().map_or(span.end, |last| last.line_end);
            (Known::Block { column }, front, end)
        };
        for child in &mut children {
            child.start += look.offset;
            child.end += look.offset;
            child.line_end += look.offset;
        }
        let at = |offset: usize| offset + look.offset;
        let span = Span::new(at(span.start), at(span.end));
        Ok(Self { known, is_list, children, front: at(front), end: at(end), span, gap, bare })
    }

    /// Removes an empty node's brackets or `null`, with the blank before them.
    pub(super) fn emptied(&self, text: &str) -> Vec<Splice> {
        if self.span.start == self.span.end {
            return Vec::new();
        }
        let blanks = text[..self.span.start].len() - text[..self.span.start].trim_end_matches([' ', '\t']).len();
        let span = Span::new(self.span.start - blanks, self.span.end);
        vec![Splice { span, text: String::new(), lines: false }]
    }

    /// Fills an empty flow collection, or replaces a null with one.
    pub(super) fn filled(&self, content: &str) -> Splice {
        let (span, text) = match (self.bare, self.is_list) {
            (false, _) => (Span::new(self.front, self.front), content.to_owned()),
            (true, true) => (self.span, format!("[{content}]")),
            (true, false) => (self.span, format!("{{{content}}}")),
        };
        let text = if span.start == span.end && self.bare { format!(" {text}") } else { text };
        Splice { span, text, lines: false }
    }
}

fn is_flow(look: &Look<'_>, node: NodeId) -> bool {
    matches!(look.tree.node(node).data, Data::Mapping { flow: true, .. } | Data::Sequence { flow: true, .. })
}

fn is_collection(look: &Look<'_>, node: NodeId) -> bool {
    matches!(look.tree.node(node).data, Data::Mapping { .. } | Data::Sequence { .. })
}

/// The children of a collection with their ends; a block collection's keys or dashes are in `column`.
fn children(look: &Look<'_>, node: NodeId, column: Option<usize>) -> Result<Vec<Child>, EditError> {
    let mut children = Vec::new();
    let pairs: Vec<(Option<NodeId>, NodeId)> = match &look.tree.node(node).data {
        Data::Mapping { entries, .. } => entries.iter().map(|(key, value)| (Some(*key), *value)).collect(),
        Data::Sequence { items, .. } => items.iter().map(|item| (None, *item)).collect(),
        Data::Scalar { .. } | Data::Alias(_) => return Ok(children),
    };
    for (key, value) in pairs {
        let value_span = look.tree.node(value).span;
        let start = key.map_or(value_span.start, |key| look.tree.node(key).span.start);
        let end = end_of(look, key, value);
        let bare_colon = key.is_some() && look.text[..end].ends_with(':') && value_span.start == value_span.end;
        let line_end = match column {
            // A block scalar ends after its line break.
            Some(column) => {
                let content = end - usize::from(look.text[..end].ends_with('\n'));
                below_comments(look.text, line_end(look.text, content)?, column)
            }
            None => end,
        };
        let key = key.and_then(|key| look.tree.scalar(key)).map(str::to_owned);
        children.push(Child { key, start, end, line_end, bare_colon });
    }
    Ok(children)
}

/// Where an entry or an item ends. The parser places a missing value at the next token: the entry ends with its key's
/// colon, or with the dash.
fn end_of(look: &Look<'_>, key: Option<NodeId>, value: NodeId) -> usize {
    let span = look.tree.node(value).span;
    if span.start < span.end {
        return match &look.tree.node(value).data {
            Data::Mapping { entries, flow: false } => {
                entries.last().map_or(span.end, |(key, value)| end_of(look, Some(*key), *value))
            }
            Data::Sequence { items, flow: false } => items.last().map_or(span.end, |item| end_of(look, None, *item)),
            Data::Scalar { style: Style::Block, .. } => block_scalar_end(look.text, span),
            _ => span.end,
        };
    }
    let Some(key) = key else { return span.end };
    let behind = look.tree.node(key).span.end;
    let rest = &look.text[behind..];
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    if rest[blanks..].starts_with(':') { behind + blanks + 1 } else { behind }
}

/// Where a child of `parent` is written: a missing value is after its key's colon.
fn written_span(look: &Look<'_>, parent: NodeId, node: NodeId) -> Result<Span, EditError> {
    let span = look.tree.node(node).span;
    let key = look.tree.entries(parent).iter().find(|(_, value)| *value == node).map(|(key, _)| *key);
    match key {
        Some(key) if span.start == span.end => {
            let end = end_of(look, Some(key), node);
            match look.text[..end].ends_with(':') {
                true => Ok(Span::new(end, end)),
                false => Err(EditError::Unusual("a key without a colon")),
            }
        }
        _ => Ok(span),
    }
}

/// Where a block scalar's lines end. Trailing empty lines are part of its text only with `|+`.
fn block_scalar_end(text: &str, span: Span) -> usize {
    let content = &text[span.start..span.end];
    let header = content.lines().next().unwrap_or_default();
    let indicator = header.split_whitespace().find(|word| word.starts_with(['|', '>'])).unwrap_or_default();
    if indicator.contains('+') {
        return span.end;
    }
    let mut end = span.start + content.trim_end_matches(' ').len();
    while text[span.start..end].ends_with("\n\n") || text[span.start..end].ends_with("\n\r\n") {
        end -= if text[..end].ends_with("\r\n") { 2 } else { 1 };
    }
    end
}

/// Where the line ends in which something ends at `at`: only a comment may follow.
fn line_end(text: &str, at: usize) -> Result<usize, EditError> {
    let end = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len(), |newline| at + newline + 1);
    let rest = text[at..end].trim_end_matches('\n');
    let rest = rest.strip_suffix('\r').unwrap_or(rest);
    only_usual_breaks(rest)?;
    let rest = rest.trim_start_matches([' ', '\t']);
    if rest.is_empty() || rest.starts_with('#') {
        Ok(end)
    } else {
        Err(EditError::Unusual("something follows on its line"))
    }
}

/// After the comments that follow a child and are deeper than its collection: they belong to the child, and would become
/// part of a block scalar inserted before them.
fn below_comments(text: &str, at: usize, column: usize) -> usize {
    let (mut end, mut below) = (at, at);
    while end < text.len() {
        let next = memchr::memchr(b'\n', &text.as_bytes()[end..]).map_or(text.len(), |newline| end + newline + 1);
        let line = &text[end..next];
        let content = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - content.len();
        end = next;
        match content.starts_with('#') && indent > column {
            true => below = next,
            false if content.trim().is_empty() => {}
            false => break,
        }
    }
    below
}

/// The column of a block collection's keys or dashes.
fn column_of(look: &Look<'_>, node: NodeId) -> Result<usize, EditError> {
    let text = look.text;
    let at = match &look.tree.node(node).data {
        Data::Mapping { entries, .. } => {
            entries.first().map_or(look.tree.node(node).span.start, |(key, _)| look.tree.node(*key).span.start)
        }
        _ => first_dash(text, look.tree.node(node).span),
    };
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let before = text[line..at].trim_start_matches('\u{feff}');
    only_usual_breaks(before)?;
    if before.trim_end().ends_with('?') {
        return Err(EditError::Unusual("a key with `?`"));
    }
    Ok(before.chars().count())
}

/// Refuses a piece of a line in which YAML sees more than one line.
fn only_usual_breaks(text: &str) -> Result<(), EditError> {
    if text.contains(['\r', '\u{85}', '\u{2028}', '\u{2029}']) {
        return Err(EditError::Unusual("line breaks other than LF and CRLF"));
    }
    Ok(())
}

/// The dash of the first item of a block list: after the list's own anchor and tag, and comments.
fn first_dash(text: &str, span: Span) -> usize {
    let mut at = span.start;
    loop {
        let rest = &text[at..];
        let skip = match rest.as_bytes().first() {
            Some(b'&' | b'!') => rest.find([' ', '\t', '\r', '\n']),
            Some(b'#') => rest.find('\n'),
            Some(b' ' | b'\t' | b'\r' | b'\n') => Some(1),
            _ => None,
        };
        match skip {
            Some(skip) => at += skip,
            None => return at,
        }
    }
}

/// After the opening bracket of a flow collection, which may have an anchor and a tag before it.
fn opening(text: &str, span: Span) -> Result<usize, EditError> {
    let at = first_dash(text, span);
    if text[at..].starts_with(['[', '{']) { Ok(at + 1) } else { Err(EditError::Unusual("a single pair in a list")) }
}

/// Above the comments directly above `at` in its column: they belong to what follows.
fn above_comments(text: &str, at: usize, column: usize) -> usize {
    let mut above = at;
    loop {
        let Some(line_start) = above.checked_sub(column).filter(|start| *start > 0) else { return above };
        if !text.is_char_boundary(line_start)
            || !text[..line_start].ends_with('\n')
            || !is_blank(&text[line_start..above])
        {
            return above;
        }
        let before = text[..line_start - 1].rfind('\n').map_or(0, |newline| newline + 1);
        let line = &text[before..line_start];
        let indent = line.len() - line.trim_start_matches(' ').len();
        if indent != column || !line[indent..].starts_with('#') {
            return above;
        }
        above = before + column;
    }
}

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ')
}
