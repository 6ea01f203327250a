//! Turns the edits of a collection into replacements of text.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the parser found these positions in this very text"
)]

use std::collections::BTreeSet;

use hwdr_values::source::Span;
use hwdr_values::yaml::{NodeId, quote};

use super::{At, EditError};
use crate::inline::{Value, yaml_key};
use crate::shape::{Known, Shape};

/// A collection with its edits.
#[derive(Debug, Clone)]
pub(super) struct Touched {
    /// The collection (a document is always parsed to the same tree).
    pub(super) node: NodeId,
    /// Where the collection begins in the stream: distinguishes inner from outer ones.
    pub(super) start: usize,
    pub(super) shape: Shape,
    pub(super) front: Vec<Value>,
    pub(super) back: Vec<(String, Added)>,
    pub(super) removed: BTreeSet<usize>,
}

/// What is added after the last child.
#[derive(Debug, Clone)]
pub(super) enum Added {
    /// An item, or an entry's value.
    Value(Value),
    /// A list that is added as an entry.
    List(List),
    /// A mapping that is added as an entry.
    Map(Vec<(String, Value)>),
}

/// The items of a list that is added.
#[derive(Debug, Clone, Default)]
pub(super) struct List {
    pub(super) items: Vec<Value>,
    /// How many of them were added before the first item.
    pub(super) front: usize,
}

impl Added {
    /// As JSON, on one line.
    pub(super) fn as_json(&self) -> Result<String, EditError> {
        match self {
            Added::Value(value) => value.as_json().map(str::to_owned),
            Added::List(List { items, .. }) => {
                let items = items.iter().map(Value::as_json).collect::<Result<Vec<_>, _>>()?;
                Ok(format!("[{}]", items.join(", ")))
            }
            Added::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| Ok(format!("{}: {}", quote(key), value.as_json()?)));
                Ok(format!("{{{}}}", entries.collect::<Result<Vec<_>, EditError>>()?.join(", ")))
            }
        }
    }
}

impl List {
    pub(super) fn add(&mut self, item: Value, at: At) {
        match at {
            At::Front => {
                self.items.insert(self.front, item);
                self.front += 1;
            }
            At::End => self.items.push(item),
        }
    }
}

/// A replacement of a piece of a document.
#[derive(Debug)]
pub(crate) struct Splice {
    /// Its position in the stream.
    pub span: Span,
    /// The new text.
    pub text: String,
    /// Whether the text is whole lines, which need a preceding line break.
    pub lines: bool,
}

impl Touched {
    pub(super) fn is_changed(&self) -> bool {
        !(self.front.is_empty() && self.back.is_empty() && self.removed.is_empty())
    }

    pub(super) fn splices(&self, text: &str) -> Vec<Splice> {
        match self.shape.known {
            Known::Block { column } => self.block(text, column),
            Known::Empty { column } => {
                let lines = self.added(column).map(|lines| format!("{}{lines}", " ".repeat(column))).collect();
                let mut splices = self.shape.emptied(text);
                splices.push(Splice { span: Span::new(self.shape.end, self.shape.end), text: lines, lines: true });
                splices
            }
            Known::Flow => self.flow(),
        }
    }

    /// The added items, each as its lines, the first without indentation.
    fn added(&self, column: usize) -> impl Iterator<Item = String> {
        let front = self.front.iter().map(move |value| value.as_item(column));
        let indent = " ".repeat(column + 2);
        let back = self.back.iter().map(move |(key, added)| match added {
            Added::Value(value) if self.shape.is_list => value.as_item(column),
            Added::Value(value) => value.as_entry(&yaml_key(key), column),
            Added::List(List { items, .. }) => {
                let items = items.iter().map(|item| format!("{indent}{}", item.as_item(column + 2)));
                format!("{}:\n{}", yaml_key(key), items.collect::<String>())
            }
            Added::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(name, value)| format!("{indent}{}", value.as_entry(&yaml_key(name), column + 2)));
                format!("{}:\n{}", yaml_key(key), entries.collect::<String>())
            }
        });
        front.chain(back)
    }

    fn block(&self, text: &str, column: usize) -> Vec<Splice> {
        let indent = " ".repeat(column);
        let children = &self.shape.children;
        let mut added: Vec<_> = self.added(column).collect();
        let mut back = added.split_off(self.front.len());
        let mut splices = Vec::new();
        if !added.is_empty() {
            let lines: String = added.iter().map(|lines| format!("{lines}{indent}")).collect();
            let at = self.shape.front;
            let starts_line = text[..at].ends_with(&indent) && at >= column && is_line_start(text, at - column);
            // Whole lines above the first item's, or in the middle of a line (`- - a`), whose rest moves down.
            let (at, text) = match starts_line {
                true => (at - column, added.iter().map(|lines| format!("{indent}{lines}")).collect()),
                false => (at, lines),
            };
            splices.push(Splice { span: Span::new(at, at), text, lines: false });
        }
        let mut number = 0;
        while number < children.len() {
            if !self.removed.contains(&number) {
                number += 1;
                continue;
            }
            let first = number;
            while number < children.len() && self.removed.contains(&number) {
                number += 1;
            }
            let (from, to) = (children[first].start, children[number - 1].line_end);
            let line = from - column.min(from);
            if first == 0 && number == children.len() {
                // All of them: what is left is empty, not null; additions replace it.
                let first_added = if back.is_empty() { "{}\n".to_owned() } else { back.remove(0) };
                splices.push(Splice { span: Span::new(from, to), text: first_added, lines: false });
            } else if is_line_start(text, line) && text[line..from].bytes().all(|byte| byte == b' ') {
                splices.push(Splice { span: Span::new(line, to), text: String::new(), lines: false });
            } else {
                // After a dash: the next entry moves up, if there is no comment in between.
                let next = children[number].start;
                let (to, text) = match text[to..next].trim().is_empty() {
                    true => (next, String::new()),
                    false => (to, "\n".to_owned()),
                };
                splices.push(Splice { span: Span::new(from, to), text, lines: false });
            }
        }
        if !back.is_empty() {
            let lines = back.iter().map(|lines| format!("{indent}{lines}")).collect();
            splices.push(Splice { span: Span::new(self.shape.end, self.shape.end), text: lines, lines: true });
        }
        splices
    }

    fn flow(&self) -> Vec<Splice> {
        let children = &self.shape.children;
        // Values without JSON were refused when they were added.
        let front = self.front.iter().filter_map(|value| value.as_json().ok());
        let front: Vec<_> = front.map(str::to_owned).collect();
        let back = self.back.iter().filter_map(|(key, added)| match self.shape.is_list {
            true => added.as_json().ok(),
            false => Some(format!("{}: {}", quote(key), added.as_json().ok()?)),
        });
        let back: Vec<_> = back.collect();
        let splice =
            |start: usize, end: usize, text: String| Splice { span: Span::new(start, end), text, lines: false };
        let left = children.len() - self.removed.len();
        let mut splices = Vec::new();
        let mut number = 0;
        while number < children.len() {
            if !self.removed.contains(&number) {
                number += 1;
                continue;
            }
            let first = number;
            while number < children.len() && self.removed.contains(&number) {
                number += 1;
            }
            let (from, to) = match (first, number == children.len()) {
                (_, false) => (children[first].start, children[number].start),
                (0, true) => (children[0].start, children[number - 1].end),
                (_, true) => (children[first - 1].end, children[number - 1].end),
            };
            splices.push(splice(from, to, String::new()));
        }
        if left == 0 {
            let all: Vec<_> = front.into_iter().chain(back).collect();
            splices.push(self.shape.filled(&all.join(", ")));
            return splices;
        }
        let gap = self.shape.gap.as_deref();
        if !front.is_empty() {
            let text = front.iter().map(|item| match gap {
                Some(gap) => format!("{gap}{item},"),
                None => format!("{item}, "),
            });
            splices.push(splice(self.shape.front, self.shape.front, text.collect()));
        }
        if !back.is_empty() {
            let last = (0..children.len()).rev().find(|number| !self.removed.contains(number)).unwrap_or_default();
            let last = &children[last];
            let start = if last.bare_colon { " ," } else { "," };
            let text = back.iter().map(|item| format!("{start}{}{item}", gap.unwrap_or(" ")));
            splices.push(splice(last.end, last.end, text.collect()));
        }
        splices
    }
}

fn is_line_start(text: &str, at: usize) -> bool {
    at == 0 || text.as_bytes()[at - 1] == b'\n' || text[..at].ends_with('\u{feff}')
}
