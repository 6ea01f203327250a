//! A values file as it was written: YAML before it becomes values, which lose duplicate keys and where lines begin.
//!
//! Rules check it in [`Rule::check_written`](crate::lint::rules::Rule::check_written); the text is parsed once for all of them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::lint::Finding;
use crate::lint::schema::Node;
use crate::product::{self, Product};
use crate::source::{Place, Source, Span};
use crate::values::Value;
use crate::yaml::{Data, NodeId, Style, Tree};

mod lost;

pub use lost::Lost;

/// Rules whose findings only repeat a finding of lost indentation.
const HIDDEN: [&str; 3] = ["misplaced-key", "unknown-key", "duplicate-key"];

/// One values file.
pub struct Written {
    /// The product that the values are for.
    pub product: &'static dyn Product,
    /// Its text.
    pub source: Arc<Source>,
    /// The document that Helm 3 reads.
    pub tree: Tree,
    /// The values in it.
    pub root: NodeId,
    /// The parts that have lost their indentation, in order.
    pub lost: Vec<Lost>,
}

/// A mapping known to the schema.
#[derive(Clone)]
pub struct Block {
    /// The mapping.
    pub id: NodeId,
    /// What the schema says about it.
    pub schema: &'static Node,
    /// Its path in the values.
    pub path: Vec<String>,
}

impl Written {
    /// The files that the operator gave, without flags and the files of a chart.
    pub fn all(values: &Value) -> Vec<Self> {
        let (product, place) = (product::of(values), &values.place);
        if place.source.layers.is_empty() {
            return Self::of(product, &place.source, Some(place.span)).into_iter().collect();
        }
        place.source.layers.iter().filter_map(|layer| Self::of(product, layer, None)).collect()
    }

    /// The values in `source`: all of it, or the part at `span`.
    fn of(product: &'static dyn Product, source: &Arc<Source>, span: Option<Span>) -> Option<Self> {
        if source.text.is_empty() || source.name.starts_with("--") {
            return None;
        }
        let mut tree = Tree::parse_first(&source.text).ok()?;
        let stands = |tree: &Tree| tree.ids().find(|id| span.is_none_or(|span| tree.node(*id).span == span));
        let mut root = stands(&tree);
        if root.is_none() {
            // Values inside a later document: those of an object in a list of objects.
            tree = Tree::parse(&source.text).ok()?;
            root = stands(&tree);
        }
        let mut written = Self { product, source: Arc::clone(source), tree, root: root?, lost: Vec::new() };
        written.lost = lost::find(&written);
        Some(written)
    }

    /// The place of a node.
    pub fn place(&self, id: NodeId) -> Place {
        Place::new(Arc::clone(&self.source), self.tree.node(id).span)
    }

    /// The mappings known to the schema, each before those inside it. Aliases are not followed: their targets are visited themselves.
    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        if self.is_mapping(self.root) {
            blocks.push(Block { id: self.root, schema: self.product.shape(), path: Vec::new() });
        }
        let mut next = 0;
        while let Some(block) = blocks.get(next).cloned() {
            for (key, value) in self.tree.entries(block.id) {
                let Some(name) = self.key(*key) else { continue };
                if let Some(schema) = block.schema.child(name).filter(|_| self.is_mapping(*value)) {
                    let path = block.path.iter().cloned().chain([name.to_owned()]).collect();
                    blocks.push(Block { id: *value, schema, path });
                }
            }
            next += 1;
        }
        blocks
    }

    /// The text of a key, if it is a scalar of its own.
    pub fn key(&self, id: NodeId) -> Option<&str> {
        match &self.tree.node(id).data {
            Data::Scalar { value, .. } => Some(value),
            _ => None,
        }
    }

    /// Whether the node is a mapping, and not an alias of one.
    pub fn is_mapping(&self, id: NodeId) -> bool {
        matches!(self.tree.node(id).data, Data::Mapping { .. })
    }

    /// Whether the node is a mapping that is not in braces.
    pub fn is_block(&self, id: NodeId) -> bool {
        matches!(self.tree.node(id).data, Data::Mapping { flow: false, .. })
    }

    /// Whether the node is empty, or `null`.
    pub fn is_nothing(&self, id: NodeId) -> bool {
        let node = self.tree.node(id);
        matches!(&node.data, Data::Scalar { value, style: Style::Plain } if matches!(value.as_str(), "" | "~" | "null"))
            && !node.anchored
            && node.tag.is_none()
    }

    /// How many blanks precede the node on its line; `None` if anything else does.
    pub fn indent(&self, id: NodeId) -> Option<usize> {
        let start = self.tree.node(id).span.start;
        let line = self.source.line(start).start;
        let before = self.source.text.get(line..start)?;
        // A byte order mark is not part of the first line.
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        before.bytes().all(|byte| byte == b' ').then_some(before.len())
    }

    /// Whether a place is in a part that has lost its indentation.
    pub fn is_lost(&self, span: Span) -> bool {
        let next = self.lost.partition_point(|lost| lost.span.start <= span.start);
        next.checked_sub(1).and_then(|at| self.lost.get(at)).is_some_and(|lost| span.start < lost.span.end)
    }

    /// Drops the findings that only repeat that indentation was lost.
    pub fn settle(&self, findings: &mut Vec<Finding>) {
        if self.lost.is_empty() {
            return;
        }
        let above: HashSet<Span> = self.lost.iter().map(|lost| self.tree.node(lost.above).span).collect();
        findings.retain(|finding| {
            let span = finding.place.span;
            !(HIDDEN.contains(&finding.rule)
                && Arc::ptr_eq(&finding.place.source, &self.source)
                && (above.contains(&span) || self.is_lost(span)))
        });
    }
}
