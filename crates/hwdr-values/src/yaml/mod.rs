//! YAML as a tree that knows the position of each node.
//!
//! The parser below is libyaml's (in Rust, by the YAML organisation), because Helm reads YAML with go-yaml v2, which is
//! a port of libyaml to Go: both agree on what is YAML and what is not. [`crate::values`] decides what a scalar
//! *means*.
//!
//! Nodes are in one vector and refer to each other by index, so aliases cost nothing (no copies:
//! an alias bomb stays as small as its text) and dropping a tree of any depth needs no recursion. Whoever does
//! copy checks a [`Budget`] first.
//!
//! Merge keys (`<<`) are ordinary entries of a mapping here; lookups ([`Tree::get`], [`Tree::entry`], [`Tree::path`])
//! follow them.

mod budget;
mod events;
mod write;

use std::collections::{HashMap, HashSet};

use thiserror::Error;

use crate::source::Span;
pub use budget::{Budget, Spent, TooMuch, check};
use events::{Event, Events};
pub use write::{block, flow, is_printable, quote, write};

/// The index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// How deep collections may nest. go-yaml v2 stops at the same depth (`max_flow_level`, `max_indents` in its scanner).
pub const MAX_DEPTH: usize = 10_000;

/// All documents of one text.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    /// The collection that contains each node.
    parents: Vec<Option<NodeId>>,
    roots: Vec<NodeId>,
}

/// One node: a scalar, a sequence, a mapping, or an alias of another node.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub data: Data,
    /// Its tag if written (`!!str`, resolved to its long form), else `None`.
    pub tag: Option<String>,
    /// Whether it carries an anchor (`&name`).
    pub anchored: bool,
    /// Whether an alias refers to it.
    pub shared: bool,
    /// For a scalar: libyaml's "plain implicit". True for a plain one without tag, and any one with the tag `!`.
    pub implicit: bool,
    /// Its position. A block collection ends where its last child ends.
    pub span: Span,
}

/// What a node is.
#[derive(Debug)]
pub enum Data {
    /// A scalar: its text with quotes, escapes and folding undone.
    Scalar {
        /// The text.
        value: String,
        /// How it was written.
        style: Style,
    },
    /// A list.
    Sequence {
        /// The items in order.
        items: Vec<NodeId>,
        /// Whether it is written in flow style (`[a, b]`).
        flow: bool,
    },
    /// A mapping: all entries in order; keys that occur twice are kept twice.
    Mapping {
        /// Keys and values.
        entries: Vec<(NodeId, NodeId)>,
        /// Whether it is written in flow style (`{a: b}`).
        flow: bool,
    },
    /// `*name`: the node that it refers to.
    Alias(NodeId),
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: its meaning depends on its text.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// As a block, `|` or `>`.
    Block,
}

/// Why a text is not YAML.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct SyntaxError {
    /// What is wrong, in the parser's words.
    pub message: String,
    /// The byte where it was noticed.
    pub offset: usize,
    /// The byte where the current element begins, such as a text in quotes or a block, if the parser reports it.
    pub since: Option<usize>,
}

impl Tree {
    /// Reads all documents of `text`.
    ///
    /// # Errors
    /// If the text is not YAML, or nests deeper than [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Builder::new(text).run(usize::MAX)
    }

    /// Reads only the first document of `text`: what follows may be anything, as in go-yaml's `Unmarshal`.
    ///
    /// # Errors
    /// If the first document is not YAML, or nests deeper than [`MAX_DEPTH`].
    pub fn parse_first(text: &str) -> Result<Self, SyntaxError> {
        Builder::new(text).run(1)
    }

    /// The root node of each document. A document without content has a plain empty scalar as its root.
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// All nodes, in the order in which they begin in the text.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The ids of all nodes, in the order in which they begin in the text.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes.len()).filter_map(|index| u32::try_from(index).ok().map(NodeId))
    }

    /// The node itself, which may be an alias.
    #[expect(
        clippy::indexing_slicing,
        reason = "ids are those of this tree: only it makes them, and nodes are only added"
    )]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The node that `id` refers to: itself, or an alias's target.
    pub fn resolve(&self, mut id: NodeId) -> NodeId {
        while let Data::Alias(target) = self.node(id).data {
            id = target;
        }
        id
    }

    /// The collection that contains a node; `None` for a root.
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.parents.get(id.index()).copied().flatten()
    }

    /// Whether a mapping's key is a merge key by go-yaml's rule: `<<` without quotes, or tagged `!!merge`.
    pub fn is_merge_key(&self, key: NodeId) -> bool {
        let node = self.node(key);
        let tagged = node.tag.as_deref() == Some("tag:yaml.org,2002:merge");
        matches!(&node.data, Data::Scalar { value, .. } if value == "<<") && (node.implicit || tagged)
    }

    /// What a merge key's value brings in; the first wins: a mapping, an alias of one, or a list of those.
    pub fn merged(&self, value: NodeId) -> Vec<NodeId> {
        match &self.node(value).data {
            Data::Sequence { items, .. } => items.clone(),
            _ => vec![value],
        }
    }

    /// The value that mapping `id` (or the mapping it is an alias of) has for the scalar `key`.
    pub fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entry(id, key).map(|(_, value)| value)
    }

    /// The value as [`Tree::get`] finds it, with the key's node, which is in another mapping if the entry is merged in.
    ///
    /// The later entry wins, and a merge overrides what precedes it, as in go-yaml v2
    /// (`decode.go`), which both Helms finally use to read manifests and values.
    pub fn entry(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        enum Next<'t> {
            Mapping(NodeId),
            Entries(&'t [(NodeId, NodeId)]),
        }
        // Each mapping is searched once, however often it is merged in.
        let mut seen = HashSet::new();
        let mut open = vec![Next::Entries(self.entries(id))];
        while let Some(next) = open.pop() {
            let entries = match next {
                Next::Mapping(map) if !seen.insert(self.resolve(map)) => continue,
                Next::Mapping(map) => self.entries(map),
                Next::Entries(entries) => entries,
            };
            let Some((&(found, value), before)) = entries.split_last() else { continue };
            open.push(Next::Entries(before));
            if self.is_merge_key(found) {
                open.extend(self.merged(value).into_iter().rev().map(Next::Mapping));
            } else if self.scalar(found) == Some(key) {
                return Some((found, value));
            }
        }
        None
    }

    /// The entry of `key` in mapping `id` itself, without merges.
    pub fn own_entry(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        let is_it = |found: NodeId| !self.is_merge_key(found) && self.scalar(found) == Some(key);
        self.entries(id).iter().rev().find(|(found, _)| is_it(*found)).copied()
    }

    /// Whether a merge brings `key` into mapping `id`.
    pub fn is_merged_in(&self, id: NodeId, key: &str) -> bool {
        let merges = self.entries(id).iter().filter(|(found, _)| self.is_merge_key(*found));
        merges.flat_map(|(_, value)| self.merged(*value)).any(|map| self.entry(map, key).is_some())
    }

    /// Follows mapping keys from `id`.
    pub fn path(&self, id: NodeId, keys: &[&str]) -> Option<NodeId> {
        keys.iter().try_fold(id, |node, key| self.get(node, key))
    }

    /// The entries of a mapping as written, including merge keys; nothing for other nodes.
    pub fn entries(&self, id: NodeId) -> &[(NodeId, NodeId)] {
        match &self.node(self.resolve(id)).data {
            Data::Mapping { entries, .. } => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; nothing for other nodes.
    pub fn items(&self, id: NodeId) -> &[NodeId] {
        match &self.node(self.resolve(id)).data {
            Data::Sequence { items, .. } => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub fn scalar(&self, id: NodeId) -> Option<&str> {
        match &self.node(self.resolve(id)).data {
            Data::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }
}

/// Builds the tree from the parser's events without recursion.
struct Builder<'t> {
    text: &'t str,
    nodes: Vec<Node>,
    parents: Vec<Option<NodeId>>,
    roots: Vec<NodeId>,
    /// Collections that are still open.
    open: Vec<NodeId>,
    /// For each open collection, a mapping's key that waits for its value.
    keys: Vec<Option<NodeId>>,
    anchors: HashMap<String, NodeId>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self {
            text,
            nodes: Vec::new(),
            parents: Vec::new(),
            roots: Vec::new(),
            open: Vec::new(),
            keys: Vec::new(),
            anchors: HashMap::new(),
        }
    }

    /// Reads at most `documents` documents.
    fn run(mut self, documents: usize) -> Result<Tree, SyntaxError> {
        let mut events = Events::new(self.text);
        loop {
            let (event, span) = events.next()?;
            match event {
                Event::StreamEnd => break,
                Event::StreamStart => {}
                Event::DocumentStart => self.anchors.clear(),
                Event::DocumentEnd if self.roots.len() >= documents => break,
                Event::DocumentEnd => {}
                Event::Alias { anchor } => {
                    let Some(&target) = self.anchors.get(&anchor) else {
                        let message = format!("unknown anchor '{anchor}' referenced");
                        return Err(SyntaxError { message, offset: span.start, since: None });
                    };
                    // The open collections are in the order in which they began.
                    if self.open.binary_search(&target).is_ok() {
                        let message = format!("anchor '{anchor}' value contains itself");
                        return Err(SyntaxError { message, offset: span.start, since: None });
                    }
                    if let Some(node) = self.nodes.get_mut(target.index()) {
                        node.shared = true;
                    }
                    self.add(Data::Alias(target), None, None, false, span)?;
                }
                Event::Scalar { anchor, tag, value, style, implicit } => {
                    self.add(Data::Scalar { value, style }, anchor, tag, implicit, span)?;
                }
                Event::SequenceStart { anchor, tag, flow } => {
                    self.open(Data::Sequence { items: Vec::new(), flow }, anchor, tag, span)?;
                }
                Event::MappingStart { anchor, tag, flow } => {
                    self.open(Data::Mapping { entries: Vec::new(), flow }, anchor, tag, span)?;
                }
                Event::CollectionEnd => self.close(span),
            }
        }
        Ok(Tree { nodes: self.nodes, parents: self.parents, roots: self.roots })
    }

    fn add(
        &mut self,
        data: Data,
        anchor: Option<String>,
        tag: Option<String>,
        implicit: bool,
        span: Span,
    ) -> Result<NodeId, SyntaxError> {
        let Ok(number) = u32::try_from(self.nodes.len()) else {
            return Err(SyntaxError {
                message: "more than four billion nodes".to_owned(),
                offset: span.start,
                since: None,
            });
        };
        let id = NodeId(number);
        self.nodes.push(Node { data, tag, anchored: anchor.is_some(), shared: false, implicit, span });
        self.parents.push(self.open.last().copied());
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        let Some(parent) = self.open.last() else {
            self.roots.push(id);
            return Ok(id);
        };
        match (self.nodes.get_mut(parent.index()).map(|node| &mut node.data), self.keys.last_mut()) {
            (Some(Data::Sequence { items, .. }), _) => items.push(id),
            (Some(Data::Mapping { entries, .. }), Some(key)) => match key.take() {
                None => *key = Some(id),
                Some(key) => entries.push((key, id)),
            },
            // Only collections are opened, each with a slot for its key.
            _ => {}
        }
        Ok(id)
    }

    fn open(&mut self, data: Data, anchor: Option<String>, tag: Option<String>, span: Span) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError {
                message: format!("exceeded max depth of {MAX_DEPTH}"),
                offset: span.start,
                since: None,
            });
        }
        let id = self.add(data, anchor, tag, false, span)?;
        self.open.push(id);
        self.keys.push(None);
        Ok(())
    }

    fn close(&mut self, end: Span) {
        self.keys.pop();
        // The parser closes what it has opened.
        let Some(id) = self.open.pop() else { return };
        let last_child = match self.nodes.get(id.index()).map(|node| &node.data) {
            Some(Data::Sequence { items, flow: false }) => items.last().copied(),
            Some(Data::Mapping { entries, flow: false }) => entries.last().map(|(_, value)| *value),
            _ => None,
        };
        let child = last_child.and_then(|child| self.nodes.get(child.index()));
        let end = child.map_or(end.end, |child| child.span.end);
        if let Some(node) = self.nodes.get_mut(id.index()) {
            node.span.end = end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of<'t>(text: &'t str, tree: &Tree, id: NodeId) -> &'t str {
        let span = tree.node(id).span;
        &text[span.start..span.end]
    }

    #[test]
    fn spans_are_bytes_of_the_text() {
        let text = "\u{feff}é: 'ü'\nlist:\n- a\n- b # last\n\n# comment\nflow: {x: [1, 2]}\nend: \"q\"\n";
        let tree = Tree::parse(text).unwrap();
        let root = tree.roots()[0];
        assert_eq!(text_of(text, &tree, tree.get(root, "é").unwrap()), "'ü'");
        assert_eq!(text_of(text, &tree, tree.get(root, "list").unwrap()), "- a\n- b");
        assert_eq!(text_of(text, &tree, tree.path(root, &["flow", "x"]).unwrap()), "[1, 2]");
        assert_eq!(text_of(text, &tree, tree.get(root, "end").unwrap()), "\"q\"");
    }

    #[test]
    fn the_last_of_equal_keys_wins_and_aliases_are_followed() {
        let tree = Tree::parse("a: &x {k: 1}\nb: *x\na: 2\n").unwrap();
        let root = tree.roots()[0];
        assert_eq!(tree.scalar(tree.get(root, "a").unwrap()), Some("2"));
        assert_eq!(tree.scalar(tree.path(root, &["b", "k"]).unwrap()), Some("1"));
    }

    /// As go-yaml v2 decodes them: tests/it/values_oracle compares values with merges with Helm's own packages.
    #[test]
    fn lookups_follow_merge_keys() {
        for (text, expected) in [
            ("{k: own, <<: {k: merged}}", Some("merged")),
            ("{<<: {k: merged}, k: own}", Some("own")),
            ("{<<: {j: 1}, k: own}", Some("own")),
            ("{<<: [{k: first}, {k: second}]}", Some("first")),
            ("{<<: [{j: 1}, {<<: {k: deep}}, {k: third}]}", Some("deep")),
            ("{<<: {<<: [{j: 1}, {j: 2}], k: 1}, <<: {j: 3}}", Some("1")),
            ("{x: &x {k: shared}, <<: *x}", Some("shared")),
            ("{x: &x {k: x}, y: &y {<<: *x, j: 1}, <<: [*y, *x]}", Some("x")),
            ("{x: &x {k: x}, y: &y {k: first, <<: *x}, <<: [*y, *x]}", Some("x")),
            ("{\"<<\": {k: 1}}", None),
            ("{!!merge <<: {k: 1}}", Some("1")),
            ("{<<: text}", None),
        ] {
            let tree = Tree::parse(text).unwrap();
            let found = tree.get(tree.roots()[0], "k");
            assert_eq!(found.and_then(|node| tree.scalar(node)), expected, "{text}");
        }
        let tree = Tree::parse("{x: &x {k: 1}, y: {<<: *x, j: 1}}").unwrap();
        let (x, y) = (tree.get(tree.roots()[0], "x").unwrap(), tree.get(tree.roots()[0], "y").unwrap());
        assert_eq!(tree.parent(tree.entry(y, "k").unwrap().0), Some(x));
        assert!(tree.node(x).shared && tree.own_entry(y, "k").is_none() && tree.own_entry(y, "j").is_some());
        assert!(tree.is_merged_in(y, "k") && !tree.is_merged_in(y, "j"));
    }

    /// Each merges the one before ten times: searched as often as they are written, there would be 10⁴⁰ of them.
    #[test]
    fn a_lookup_searches_each_mapping_once() {
        let mut text = "x0: &x0 {a: 1}\n".to_owned();
        for level in 1..40 {
            text.push_str(&format!(
                "x{level}: &x{level} {{<<: [{}]}}\n",
                vec![format!("*x{}", level - 1); 10].join(", ")
            ));
        }
        let tree = Tree::parse(&text).unwrap();
        let last = tree.get(tree.roots()[0], "x39").unwrap();
        assert!(tree.get(last, "b").is_none() && tree.get(last, "a").is_some());
    }

    #[test]
    fn every_document_has_a_root() {
        let tree = Tree::parse("---\n---\na: 1\n...\n---\n- x\n").unwrap();
        assert_eq!(tree.roots().len(), 3);
        assert_eq!(Tree::parse("# nothing\n").unwrap().roots().len(), 0);
    }

    #[test]
    fn what_is_not_yaml_says_where() {
        for (text, needle) in [
            ("a: b: c\n", ": c"),
            ("x: *nope\n", "*nope"),
            ("a: [1\n", ""),
            ("a: &a [*a]\n", "*a"),
            ("a: é\nb: x\0y\n", "\0y"),
            ("a: \u{ffff}\n", "\u{ffff}"),
        ] {
            let error = Tree::parse(text).unwrap_err();
            assert!(text[error.offset.min(text.len())..].starts_with(needle), "{text:?}: {error:?}");
        }
    }

    #[test]
    fn a_text_may_end_inside_a_block_scalar() {
        for (text, value) in
            [("a: |\n  x", "x"), ("a: |+\n  x", "x"), ("a: |-\n  x", "x"), ("a: >", ""), ("a: |\n  x\n", "x\n")]
        {
            let tree = Tree::parse(text).unwrap();
            let node = tree.get(tree.roots()[0], "a").unwrap();
            assert_eq!(tree.scalar(node), Some(value), "{text:?}");
            assert!(tree.node(node).span.end <= text.len());
        }
    }

    /// A parser tried before this one panicked on some of these.
    #[test]
    fn odd_texts_are_read_or_refused() {
        assert_eq!(Tree::parse("[!!str, b]").unwrap().roots().len(), 1);
        for text in [
            "a: \"b\\",
            "\"\\",
            "? ",
            "- !<",
            "&",
            "*",
            "%",
            "%YAML 1.2\n---\na: 1\n",
            "|",
            ">\t",
            "!",
            "\u{feff}\u{feff}",
            "a\u{85}b",
        ] {
            let _ = Tree::parse(text);
        }
        assert_eq!(Tree::parse("%YAML 1.2\n---\na: 1\n").unwrap_err().message, "found incompatible YAML document");
        assert!(Tree::parse("%YAML 1.1\n---\na: 1\n").is_ok());
    }

    #[test]
    fn depth_is_bounded() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(Tree::parse(&deep(MAX_DEPTH)).is_ok());
        assert!(Tree::parse(&deep(MAX_DEPTH + 1)).is_err());
    }
}
