//! Finds where a text has lost its indentation, like a page of the docs when it is pasted: keys are side by side that the schema nests.
//!
//! A key with an empty block is *open*: the keys after it may have been inside. The schema shows which were; if only one place is
//! possible, the indentation can be restored.

use std::collections::HashSet;

use super::{Block, Written};
use crate::lint::Edit;
use crate::lint::schema::Node;
use crate::source::{Place, Span};
use crate::yaml::{Data, NodeId};

/// One part that has lost its indentation.
#[derive(Debug)]
pub struct Lost {
    /// From the first key that is too far left to the end of the last.
    pub span: Span,
    /// The first key.
    pub first: NodeId,
    /// The path that it should have.
    pub path: String,
    /// The empty key above it.
    pub above: NodeId,
    /// Lines by their first byte, and how many blanks each of them lacks; empty if uncertain.
    pub shifts: Vec<(usize, usize)>,
}

impl Lost {
    /// The edits that restore the indentation.
    pub fn edits(&self, written: &Written) -> Vec<Edit> {
        let place = |at| Place::new(written.source.clone(), Span::new(at, at));
        self.shifts.iter().map(|(at, blanks)| Edit { place: place(*at), text: " ".repeat(*blanks) }).collect()
    }
}

/// A block with nothing inside it yet.
struct Open {
    schema: &'static Node,
    key: NodeId,
    path: Vec<String>,
    /// The indentation of its keys.
    indent: usize,
    /// Whether it is where it should be, or can be moved there.
    certain: bool,
}

/// A part while it is being read.
struct Part {
    lost: Lost,
    certain: bool,
    /// Something unknown follows its last key.
    unknown: bool,
    seen: HashSet<Vec<String>>,
    /// Where the last key and its value begin, and how far they move.
    last: (NodeId, NodeId, usize),
}

/// All parts of a file, in order.
pub(super) fn find(written: &Written) -> Vec<Lost> {
    let mut all: Vec<Lost> = Vec::new();
    for block in written.blocks().iter().filter(|block| written.is_block(block.id)) {
        Reader { written, block, open: Vec::new(), run: None, keys: HashSet::new() }.read(&mut all);
    }
    // Inside a part that moves as a whole, nothing else moves.
    all.sort_by_key(|lost| (lost.span.start, std::cmp::Reverse(lost.span.end)));
    let mut end = 0;
    all.retain(|lost| {
        let outer = lost.span.start >= end;
        end = end.max(lost.span.end);
        outer
    });
    all
}

struct Reader<'w> {
    written: &'w Written,
    block: &'w Block,
    open: Vec<Open>,
    run: Option<Part>,
    keys: HashSet<&'w str>,
}

impl<'w> Reader<'w> {
    fn read(mut self, all: &mut Vec<Lost>) {
        let entries = self.written.tree.entries(self.block.id);
        let Some(base) = entries.first().and_then(|(key, _)| self.written.indent(*key)) else { return };
        for (key, value) in entries {
            self.entry(base, *key, *value, all);
        }
        self.close(all);
    }

    fn entry(&mut self, base: usize, key: NodeId, value: NodeId, all: &mut Vec<Lost>) {
        let Some(name) = self.written.key(key) else { return self.close(all) };
        let twice = !self.keys.insert(name);
        let here = self.block.schema.get(name);
        let last = self.open.len().wrapping_sub(1);
        // A key that may have any name counts only directly after its block.
        let knows = |(at, open): (usize, &Open)| {
            open.schema.get(name).is_some() || at == last && open.schema.child(name).is_some()
        };
        let home = self.open.iter().enumerate().rposition(knows);
        match home.filter(|_| here.is_none() || twice || self.run.is_some()) {
            Some(home) => {
                let others = self.open.iter().take(home).any(|open| open.schema.get(name).is_some());
                self.open.truncate(home + 1);
                let Some(parent) = self.open.last() else { return };
                let (above, schema) = (parent.key, parent.schema.child(name));
                let path = [&parent.path[..], &[name.to_owned()]].concat();
                let by = parent.indent.saturating_sub(base);
                let certain = parent.certain && here.is_none_or(|_| twice) && !others && by > 0;
                let seen = self.add(key, value, by, &path, above);
                let certain = certain && !seen;
                if let Some(run) = &mut self.run {
                    run.certain &= certain && !run.unknown;
                }
                if let Some(schema) = schema {
                    self.push(schema, key, value, path, base + by, certain);
                }
            }
            // Something unknown belongs to its surroundings, or ends them: what follows decides.
            None if here.is_none() && self.run.is_some() => {
                if let Some(run) = &mut self.run {
                    run.unknown = true;
                }
            }
            None => {
                self.close(all);
                self.open.clear();
                let path = [&self.block.path[..], &[name.to_owned()]].concat();
                match (here, self.written.product.belongs(&path)) {
                    (Some(schema), _) => self.push(schema, key, value, path, base, true),
                    (None, Some((path, schema))) => self.push(schema, key, value, path, base, false),
                    (None, None) => {}
                }
            }
        }
    }

    /// Records a key that is too far left. Returns whether its path occurred before.
    fn add(&mut self, key: NodeId, value: NodeId, by: usize, path: &[String], above: NodeId) -> bool {
        let start = self.written.tree.node(key).span.start;
        let run = self.run.get_or_insert_with(|| Part {
            lost: Lost { span: Span::new(start, start), first: key, path: path.join("."), above, shifts: Vec::new() },
            certain: true,
            unknown: false,
            seen: HashSet::new(),
            last: (key, value, by),
        });
        let (previous, _, moved) = run.last;
        if previous != key {
            let end = self.written.source.line(start).start;
            shift(self.written, self.written.tree.node(previous).span.start, end, moved, &mut run.lost.shifts);
        }
        run.last = (key, value, by);
        !run.seen.insert(path.to_vec())
    }

    /// Opens an empty block, or the block inside it that ends it.
    fn push(
        &mut self,
        schema: &'static Node,
        key: NodeId,
        value: NodeId,
        path: Vec<String>,
        indent: usize,
        certain: bool,
    ) {
        let mut chain = Vec::new();
        let (mut schema, mut key, mut value, mut path, mut indent) = (schema, key, value, path, indent);
        let tree = &self.written.tree;
        loop {
            if self.written.is_nothing(value) {
                chain.push(Open { schema, key, path, indent: indent + 2, certain });
                self.open.extend(chain);
                return;
            }
            let Data::Mapping { entries, flow: false } = &tree.node(value).data else { return };
            let Some((last_key, last_value)) = entries.last() else { return };
            let (Some(name), Some(column)) = (self.written.key(*last_key), self.written.indent(*last_key)) else {
                return;
            };
            let Some(child) = schema.child(name) else { return };
            // A block moves as a whole.
            let own = self.written.indent(key).unwrap_or_default();
            let inner = column + indent.saturating_sub(own);
            let name = name.to_owned();
            chain.push(Open { schema, key, path: path.clone(), indent: inner, certain });
            path.push(name);
            (schema, key, value, indent) = (child, *last_key, *last_value, inner);
        }
    }

    /// Ends the current part.
    fn close(&mut self, all: &mut Vec<Lost>) {
        let Some(mut run) = self.run.take() else { return };
        let tree = &self.written.tree;
        let (key, value, by) = run.last;
        let start = tree.node(key).span.start;
        let end = tree.node(value).span.end.max(tree.node(key).span.end);
        let end = start + self.written.source.text.get(start..end).map_or(0, |text| text.trim_end().len());
        shift(self.written, start, end, by, &mut run.lost.shifts);
        run.lost.span.end = end;
        if !run.certain {
            run.lost.shifts.clear();
        }
        all.push(run.lost);
    }
}

/// Adds the lines that begin in a part of the text, including the first.
fn shift(written: &Written, start: usize, end: usize, by: usize, shifts: &mut Vec<(usize, usize)>) {
    if by == 0 {
        return;
    }
    let mut line = written.source.line(start);
    while line.start < end {
        let text = written.source.text.get(line.start..line.end).unwrap_or_default();
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        if !text.trim().is_empty() {
            shifts.push((line.start + mark, by));
        }
        if line.end >= written.source.text.len() {
            return;
        }
        line = written.source.line(line.end + 1);
    }
}
