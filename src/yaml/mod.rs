//! YAML as a tree that knows where each node stands.
//!
//! The parser below is libyaml's (in Rust, by the YAML organisation), because Helm reads YAML by go-yaml v2, which is
//! libyaml's port to Go: both draw the same lines between what is YAML and what is not. What a scalar *means*
//! is not decided here, but by [`crate::values`].
//!
//! Nodes lie in one vector and point at each other by index, so that aliases cost nothing (no copies:
//! an alias bomb stays as small as its text) and a tree of any depth is dropped without recursion.

mod events;

use std::collections::HashMap;

use thiserror::Error;

use crate::source::Span;
use events::{Event, Events};

/// The index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

/// How deep collections may nest. go-yaml v2 stops at the same depth (`max_flow_level`, `max_indents` in its scanner).
pub const MAX_DEPTH: usize = 10_000;

/// All documents of one text.
#[derive(Debug)]
pub struct Tree {
    nodes: Vec<Node>,
    roots: Vec<NodeId>,
}

/// One node: a scalar, a sequence, a mapping, or an alias of another node.
#[derive(Debug)]
pub struct Node {
    /// What it is.
    pub data: Data,
    /// Its tag when written out (`!!str`, resolved to its long form), else none.
    pub tag: Option<String>,
    /// Whether it carries an anchor (`&name`).
    pub anchored: bool,
    /// For a scalar: libyaml's "plain implicit". So is a plain one without tag, and any one with the tag `!`.
    pub implicit: bool,
    /// Where it stands. A block collection ends where its last child ends.
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
    /// A mapping: all entries in order, with keys that occur twice kept twice.
    Mapping {
        /// Keys and values.
        entries: Vec<(NodeId, NodeId)>,
        /// Whether it is written in flow style (`{a: b}`).
        flow: bool,
    },
    /// `*name`: the node that it stands for.
    Alias(NodeId),
}

/// How a scalar was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: its meaning depends on what it looks like.
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
}

impl Tree {
    /// Reads all documents of `text`.
    ///
    /// # Errors
    /// Where the text is not YAML, or nests deeper than [`MAX_DEPTH`].
    pub fn parse(text: &str) -> Result<Self, SyntaxError> {
        Builder::new(text).run(usize::MAX)
    }

    /// Reads the first document of `text` and no further: what comes after it may be anything, as it may for go-yaml's `Unmarshal`.
    ///
    /// # Errors
    /// Where the first document is not YAML, or nests deeper than [`MAX_DEPTH`].
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

    /// The same nodes by their ids.
    pub fn ids(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes.len()).filter_map(|index| u32::try_from(index).ok().map(NodeId))
    }

    /// The node itself, which may be an alias.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// The node that `id` stands for: itself, or for an alias its target.
    pub fn resolve(&self, mut id: NodeId) -> NodeId {
        while let Data::Alias(target) = self.node(id).data {
            id = target;
        }
        id
    }

    /// The value of the last entry of mapping `id` (or of the mapping it is an alias of) whose key is the
    /// scalar `key`: go-yaml lets the last of equal keys win. Merge keys (`<<`) are not followed.
    pub fn get(&self, id: NodeId, key: &str) -> Option<NodeId> {
        self.entry(id, key).map(|(_, value)| value)
    }

    /// The same as [`Tree::get`], with the key's node.
    pub fn entry(&self, id: NodeId, key: &str) -> Option<(NodeId, NodeId)> {
        self.entries(id).iter().rev().find(|(k, _)| self.scalar(*k) == Some(key)).copied()
    }

    /// Follows mapping keys from `id`.
    pub fn path(&self, id: NodeId, keys: &[&str]) -> Option<NodeId> {
        keys.iter().try_fold(id, |node, key| self.get(node, key))
    }

    /// The entries of a mapping; nothing for other nodes.
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
    roots: Vec<NodeId>,
    /// Collections that are not yet closed.
    open: Vec<NodeId>,
    /// A mapping's key that waits for its value, for each open collection.
    keys: Vec<Option<NodeId>>,
    anchors: HashMap<String, NodeId>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, nodes: Vec::new(), roots: Vec::new(), open: Vec::new(), keys: Vec::new(), anchors: HashMap::new() }
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
                        return Err(SyntaxError { message, offset: span.start });
                    };
                    // The open collections are in the order in which they were met.
                    if self.open.binary_search(&target).is_ok() {
                        let message = format!("anchor '{anchor}' value contains itself");
                        return Err(SyntaxError { message, offset: span.start });
                    }
                    self.add(Data::Alias(target), None, None, false, span);
                }
                Event::Scalar { anchor, tag, value, style, implicit } => {
                    self.add(Data::Scalar { value, style }, anchor, tag, implicit, span);
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
        Ok(Tree { nodes: self.nodes, roots: self.roots })
    }

    fn add(&mut self, data: Data, anchor: Option<String>, tag: Option<String>, implicit: bool, span: Span) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).expect("a text of 4 GiB is refused before"));
        self.nodes.push(Node { data, tag, anchored: anchor.is_some(), implicit, span });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, id);
        }
        match self.open.last() {
            None => self.roots.push(id),
            Some(parent) => match &mut self.nodes[parent.0 as usize].data {
                Data::Sequence { items, .. } => items.push(id),
                Data::Mapping { entries, .. } => {
                    let key = self.keys.last_mut().expect("one for each open collection");
                    match key.take() {
                        None => *key = Some(id),
                        Some(key) => entries.push((key, id)),
                    }
                }
                Data::Scalar { .. } | Data::Alias(_) => unreachable!("only collections are opened"),
            },
        }
        id
    }

    fn open(&mut self, data: Data, anchor: Option<String>, tag: Option<String>, span: Span) -> Result<(), SyntaxError> {
        if self.open.len() >= MAX_DEPTH {
            return Err(SyntaxError { message: format!("exceeded max depth of {MAX_DEPTH}"), offset: span.start });
        }
        let id = self.add(data, anchor, tag, false, span);
        self.open.push(id);
        self.keys.push(None);
        Ok(())
    }

    fn close(&mut self, end: Span) {
        self.keys.pop();
        let id = self.open.pop().expect("the parser closes what it opened");
        let last_child = match &self.nodes[id.0 as usize].data {
            Data::Sequence { items, flow: false } => items.last().copied(),
            Data::Mapping { entries, flow: false } => entries.last().map(|(_, value)| *value),
            _ => None,
        };
        let end = last_child.map_or(end.end, |child| self.nodes[child.0 as usize].span.end);
        self.nodes[id.0 as usize].span.end = end;
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

    /// A parser that was tried before this one panicked on some of these.
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
