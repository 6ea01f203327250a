//! Limits what aliases may make of a text: each may repeat all that others repeat, so a few lines can stand for more than any
//! machine can hold.
//!
//! One measure for values and for the rendered stream. A tree holds no copies; whoever copies from it checks first.

use thiserror::Error;

use super::{Data, Node, NodeId, SyntaxError, Tree};

/// How many nodes aliases may repeat, in all documents together. Helm itself allows about as many in a small document.
pub(crate) const COPIES: u64 = 400_000;

/// How many bytes of text aliases may repeat. In Helm they cost nothing: Go's strings are shared.
pub(crate) const COPIED_BYTES: u64 = 16 << 20;

/// What aliases may still repeat.
#[derive(Debug)]
pub struct Budget {
    /// How many nodes of this document were decoded, each as often as aliases repeat it.
    decoded: u64,
    /// How many of them inside of aliases.
    aliased: u64,
    /// How many aliases are being followed. (None contains itself: the tree's builder refuses that.)
    following: usize,
    spent: Spent,
}

/// What aliases have repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    nodes: u64,
    bytes: u64,
}

impl Spent {
    /// The sum of both.
    pub fn and(self, other: Self) -> Self {
        Self { nodes: self.nodes.saturating_add(other.nodes), bytes: self.bytes.saturating_add(other.bytes) }
    }

    /// Whether it exceeds the limits for all documents together.
    pub fn is_too_much(self) -> bool {
        self.nodes > COPIES || self.bytes > COPIED_BYTES
    }
}

/// Why decoding stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TooMuch {
    /// Helm refuses it, too, with these words.
    #[error("document contains excessive aliasing")]
    ForHelm,
    /// Helm accepts it, or may.
    #[error("aliases (`*name`) repeat more than {COPIES} nodes or {} MiB of text", COPIED_BYTES >> 20)]
    ForUs,
}

impl Default for Budget {
    fn default() -> Self {
        // go-yaml counts the document as a node.
        Self { decoded: 1, aliased: 0, following: 0, spent: Spent::default() }
    }
}

impl Budget {
    /// Begins another document: go-yaml's measure is per document, the limits here are for all.
    pub(crate) fn next_document(&mut self) {
        *self = Self { spent: self.spent, ..Self::default() };
    }

    /// What is spent from here on counts as repeated by an alias, until [`Budget::leave`].
    pub fn follow(&mut self) {
        self.following += 1;
    }

    /// Ends an alias.
    pub fn leave(&mut self) {
        self.following = self.following.saturating_sub(1);
    }

    /// What aliases have repeated in all documents.
    pub fn spent(&self) -> Spent {
        self.spent
    }

    /// Counts a node.
    ///
    /// # Errors
    /// If aliases expand a small text too much. By go-yaml's measure, nearly all of up to 400,000 nodes may come from
    /// aliases, and a decreasing share of more, down to a tenth of 4,000,000.
    pub fn spend(&mut self, node: &Node) -> Result<(), TooMuch> {
        const LOW: f64 = 400_000.0;
        const HIGH: f64 = 4_000_000.0;
        self.decoded += 1;
        if self.following > 0 {
            self.aliased += 1;
            let bytes = match &node.data {
                Data::Scalar { value, .. } => value.len() as u64,
                _ => 0,
            };
            self.spent = self.spent.and(Spent { nodes: 1, bytes });
        }
        if self.aliased > 100 && self.decoded > 1000 {
            #[allow(clippy::cast_precision_loss)] // No text has as many nodes.
            let (decoded, aliased) = (self.decoded as f64, self.aliased as f64);
            let allowed = 0.99 - 0.89 * ((decoded - LOW) / (HIGH - LOW)).clamp(0.0, 1.0);
            if aliased / decoded > allowed {
                return Err(TooMuch::ForHelm);
            }
        }
        match self.spent.is_too_much() {
            true => Err(TooMuch::ForUs),
            false => Ok(()),
        }
    }
}

/// Walks a document as go-yaml decodes it, without creating anything: after that it is safe to copy.
///
/// # Errors
/// If aliases expand it too much, if it nests deeper than `depth` with all aliases followed, or if a merge key has
/// nothing to merge.
pub fn check(tree: &Tree, root: NodeId, depth: usize, budget: &mut Budget) -> Result<(), SyntaxError> {
    budget.next_document();
    Walk { tree, budget, limit: depth, left: depth }.node(root)
}

struct Walk<'t> {
    tree: &'t Tree,
    budget: &'t mut Budget,
    limit: usize,
    left: usize,
}

impl Walk<'_> {
    fn node(&mut self, id: NodeId) -> Result<(), SyntaxError> {
        self.spend(id)?;
        match &self.tree.node(id).data {
            Data::Scalar { .. } => Ok(()),
            Data::Alias(target) => self.deeper(id, |walk| walk.alias(|walk| walk.node(*target))),
            Data::Sequence { items, .. } => self.deeper(id, |walk| items.iter().try_for_each(|item| walk.node(*item))),
            Data::Mapping { .. } => self.deeper(id, |walk| walk.mapping(id)),
        }
    }

    fn mapping(&mut self, id: NodeId) -> Result<(), SyntaxError> {
        for (key, value) in self.tree.entries(id) {
            if !self.tree.is_merge_key(*key) {
                self.node(*key)?;
                self.node(*value)?;
                continue;
            }
            for source in self.tree.merged(*value) {
                self.merge(source)?;
            }
        }
        Ok(())
    }

    fn merge(&mut self, id: NodeId) -> Result<(), SyntaxError> {
        let target = self.tree.resolve(id);
        if !matches!(self.tree.node(target).data, Data::Mapping { .. }) {
            let message = "map merge requires map or sequence of maps as the value".to_owned();
            return Err(SyntaxError { message, offset: self.tree.node(id).span.start, since: None });
        }
        self.spend(id)?;
        self.deeper(id, |walk| match target == id {
            true => walk.mapping(id),
            false => walk.alias(|walk| {
                walk.spend(target)?;
                walk.mapping(target)
            }),
        })
    }

    fn alias(&mut self, inside: impl FnOnce(&mut Self) -> Result<(), SyntaxError>) -> Result<(), SyntaxError> {
        self.budget.follow();
        inside(self)?;
        self.budget.leave();
        Ok(())
    }

    fn deeper(
        &mut self,
        id: NodeId,
        inside: impl FnOnce(&mut Self) -> Result<(), SyntaxError>,
    ) -> Result<(), SyntaxError> {
        let Some(left) = self.left.checked_sub(1) else {
            let message = format!("nested deeper than {} levels", self.limit);
            return Err(SyntaxError { message, offset: self.tree.node(id).span.start, since: None });
        };
        self.left = left;
        inside(self)?;
        self.left += 1;
        Ok(())
    }

    fn spend(&mut self, id: NodeId) -> Result<(), SyntaxError> {
        let node = self.tree.node(id);
        self.budget.spend(node).map_err(|error| SyntaxError {
            message: error.to_string(),
            offset: node.span.start,
            since: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(text: &str, budget: &mut Budget) -> Result<(), String> {
        let tree = Tree::parse(text).unwrap();
        check(&tree, tree.roots()[0], 256, budget).map_err(|error| error.message)
    }

    /// `levels` lists, each ten times the one before.
    fn bomb(levels: usize, open: &str, close: &str) -> String {
        let lists = (1..levels).map(|level| {
            let all = vec![format!("*x{}", level - 1); 10].join(", ");
            format!("x{level}: &x{level} {open}{all}{close}\n")
        });
        format!("x0: &x0 {{a: b}}\n{}", lists.collect::<String>())
    }

    #[test]
    fn a_bomb_is_found_before_it_goes_off() {
        for (open, close) in [("[", "]"), ("{<<: [", "]}")] {
            assert_eq!(checked(&bomb(3, open, close), &mut Budget::default()), Ok(()));
            let wrong = checked(&bomb(60, open, close), &mut Budget::default()).unwrap_err();
            assert_eq!(wrong, TooMuch::ForHelm.to_string(), "{open}");
        }
    }

    #[test]
    fn long_texts_count_too() {
        let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 17].join(", "));
        assert_eq!(checked(&text, &mut Budget::default()), Err(TooMuch::ForUs.to_string()));
    }

    #[test]
    fn many_documents_share_the_limit() {
        let list = |item: &str, times| vec![item; times].join(", ");
        let (text, mut budget) = (format!("a: &a [{}]\nb: [{}]\n", list("x", 99), list("*a", 40)), Budget::default());
        let fits = (0..1000).take_while(|_| checked(&text, &mut budget).is_ok()).count();
        // Each repeats 40 lists of 99 items.
        assert_eq!(fits, 100);
    }

    #[test]
    fn aliases_count_for_depth() {
        let text = |levels: usize| {
            let lists = (1..levels).map(|level| format!("x{level}: &x{level} [*x{}]\n", level - 1));
            format!("x0: &x0 a\n{}", lists.collect::<String>())
        };
        assert_eq!(checked(&text(100), &mut Budget::default()), Ok(()));
        assert_eq!(checked(&text(200), &mut Budget::default()), Err("nested deeper than 256 levels".to_owned()));
    }

    #[test]
    fn a_merge_wants_mappings() {
        for text in ["{<<: x}", "{<<: [{a: 1}, x]}", "{x: &x [{a: 1}], <<: *x}", "{<<: }"] {
            assert!(checked(text, &mut Budget::default()).unwrap_err().contains("map merge requires"), "{text}");
        }
    }
}
