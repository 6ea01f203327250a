//! Edits documents in place: adds lines, and removes some on request; all other bytes stay.
//!
//! Edits are collected with all that they need, and made when the document is written. What is known about
//! a collection is kept in its *shape*, taken from the tree once; the tree itself need not live on.

#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "the parser found these positions in this very text"
)]

mod splices;

use std::collections::{BTreeMap, BTreeSet};

use hwdr_values::source::Span;
use hwdr_values::yaml::{Budget, Data, NodeId, Tree};
use serde_json::Value as Json;
use thiserror::Error;

use super::inline::Value;
use super::shape::{Known, Shape};
use super::split::Document;
use super::{Look, Object, Stream, head, json_of, split};
pub(super) use splices::Splice;
use splices::{Added, List, Touched};

/// Why something cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// An alias elsewhere refers to it: the change would appear there, too.
    #[error("an alias (`*name`) shares it with another place in the document: write it out in both")]
    Aliased,
    /// What is to be removed comes from elsewhere, or what is to be extended exists twice.
    #[error("`{0}` is merged in (`<<`) from another mapping: write it out where it belongs")]
    MergedIn(String),
    /// An entry was added to something else.
    #[error("it is not a mapping")]
    NotAMapping,
    /// An item was added to something else.
    #[error("it is not a list")]
    NotAList,
    /// The mapping has this key already.
    #[error("the key `{0}` is there already")]
    Exists(String),
    /// The mapping does not have this key.
    #[error("there is no key `{0}`")]
    Missing(String),
    /// It is written in a way that cannot be edited (`? key`, line breaks other than LF and CRLF).
    #[error("it is written in a way that cannot be edited: {0}")]
    Unusual(&'static str),
    /// What is to be added is not one YAML value.
    #[error("the text to add is not valid: {0}")]
    Value(String),
    /// The edited document would not be YAML.
    #[error("the edited document cannot be read: {0}")]
    Broken(String),
}

/// Where an item goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// Before the first; several keep the order in which they were added.
    Front,
    /// After the last.
    End,
}

/// Edits of a stream's documents, not yet made.
#[derive(Debug, Default, Clone)]
pub struct Edits {
    /// By document.
    touched: BTreeMap<usize, Vec<Touched>>,
}

impl Edits {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.documents().is_empty()
    }

    /// Adds `key: value` at the end of mapping `map`, which may also be empty or null. The value is YAML text of one or
    /// many lines, indented from column 0.
    ///
    /// # Errors
    /// If `map` is not a mapping, has the key already, or is (inside) a node that an alias refers to.
    pub fn add_entry(&mut self, look: &Look<'_>, map: NodeId, key: &str, value_yaml: &str) -> Result<(), EditError> {
        let value = Value::new(value_yaml)?;
        if look.tree.is_merged_in(map, key) {
            return Err(EditError::Exists(key.to_owned()));
        }
        self.push(look, map, key, Added::Value(value))
    }

    /// Adds an item to the list at `key` of mapping `map`, which is created if it does not exist.
    ///
    /// A list merged in (`<<`) from a shared place is not changed there: `map` gets its own list of
    /// the same items and the new one, so that nothing is lost, here or elsewhere.
    ///
    /// # Errors
    /// Those of [`Edits::add_entry`] and [`Edits::add_item`].
    pub fn add_to_list(
        &mut self,
        look: &Look<'_>,
        map: NodeId,
        key: &str,
        item_yaml: &str,
        at: At,
    ) -> Result<(), EditError> {
        let value = Value::new(item_yaml)?;
        match self.added(look, map, key) {
            Some(Added::List(list)) => {
                list.add(value, at);
                return Ok(());
            }
            Some(_) => return Err(EditError::Exists(key.to_owned())),
            None => {}
        }
        let mut list = List::default();
        if let Some(there) = look.tree.get(map, key) {
            match self.add_item(look, there, item_yaml, at) {
                Err(EditError::Aliased) => {}
                done => return done,
            }
            is_only_merged(look, map, key)?;
            match json_of(&look.tree, there) {
                Json::Null => {}
                Json::Array(items) => list.items = items.iter().map(Value::of).collect::<Result<_, _>>()?,
                _ => return Err(EditError::NotAList),
            }
        }
        list.add(value, at);
        self.push(look, map, key, Added::List(list))
    }

    /// Adds `entry: value` to the mapping at `key` of mapping `map`, which is created if it does not exist, and copied if it is
    /// merged in, as in [`Edits::add_to_list`].
    ///
    /// # Errors
    /// Those of [`Edits::add_entry`].
    pub fn add_to_map(
        &mut self,
        look: &Look<'_>,
        map: NodeId,
        key: &str,
        entry: &str,
        value_yaml: &str,
    ) -> Result<(), EditError> {
        let mut entries = Vec::new();
        if let Some(there) = look.tree.get(map, key) {
            match self.add_entry(look, there, entry, value_yaml) {
                Err(EditError::Aliased) => {}
                done => return done,
            }
            is_only_merged(look, map, key)?;
            match json_of(&look.tree, there) {
                Json::Null => {}
                Json::Object(map) if map.contains_key(entry) => return Err(EditError::Exists(entry.to_owned())),
                Json::Object(map) => {
                    for (name, value) in &map {
                        entries.push((name.clone(), Value::of(value)?));
                    }
                }
                _ => return Err(EditError::NotAMapping),
            }
        }
        entries.push((entry.to_owned(), Value::new(value_yaml)?));
        self.push(look, map, key, Added::Map(entries))
    }

    /// Adds an item, YAML text indented from column 0, to the list `list`, which may also be empty or null.
    ///
    /// # Errors
    /// If `list` is not a list, or is (inside) a node that an alias refers to.
    pub fn add_item(&mut self, look: &Look<'_>, list: NodeId, item_yaml: &str, at: At) -> Result<(), EditError> {
        let value = Value::new(item_yaml)?;
        let touched = self.touch(look, list, Kind::List)?;
        if touched.shape.known == Known::Flow {
            value.as_json()?;
        }
        match at {
            At::Front => touched.front.push(value),
            At::End => touched.back.push((String::new(), Added::Value(value))),
        }
        Ok(())
    }

    /// Removes the lines of one entry of a mapping (all of them, if the key occurs more than once).
    ///
    /// # Errors
    /// If `map` is not a mapping, does not have the key, has it from a merge, or is (inside) a node that an alias refers to.
    pub fn remove_entry(&mut self, look: &Look<'_>, map: NodeId, key: &str) -> Result<(), EditError> {
        if look.tree.is_merged_in(map, key) {
            return Err(EditError::MergedIn(key.to_owned()));
        }
        let touched = self.touch(look, map, Kind::Mapping)?;
        let children = touched.shape.children.iter().enumerate();
        let found: Vec<_> = children.filter(|(_, child)| child.key.as_deref() == Some(key)).map(|(n, _)| n).collect();
        if found.is_empty() {
            return Err(EditError::Missing(key.to_owned()));
        }
        touched.removed.extend(found);
        Ok(())
    }

    /// The documents that have edits, in order.
    pub fn documents(&self) -> BTreeSet<usize> {
        let changed = self.touched.iter().filter(|(_, touched)| touched.iter().any(Touched::is_changed));
        changed.map(|(document, _)| *document).collect()
    }

    /// A document after its edits, with its separator line.
    pub fn apply_to(&self, stream: &Stream, document: usize) -> String {
        let whole = stream.documents[document].whole;
        let text = stream.text();
        let old = &text[whole.start..whole.end];
        let crlf = old.find('\n').is_some_and(|newline| old[..newline].ends_with('\r'));
        let mut splices: Vec<(Splice, usize)> = Vec::new();
        let touched = self.touched.get(&document).into_iter().flatten();
        for touched in touched.filter(|touched| touched.is_changed()) {
            splices.extend(touched.splices(text).into_iter().map(|splice| (splice, touched.start)));
        }
        // At the same position: inner collections before outer ones, and additions before removals.
        splices.sort_by_key(|(splice, start)| {
            let empty = splice.span.start == splice.span.end;
            (splice.span.start, !empty, std::cmp::Reverse(*start))
        });
        let mut new = String::with_capacity(old.len() + 1024);
        let mut done = whole.start;
        for (splice, _) in splices {
            if splice.span.start < done {
                // Inside something that was removed.
                continue;
            }
            new.push_str(&text[done..splice.span.start]);
            let line_break = if crlf { "\r\n" } else { "\n" };
            if splice.lines && !new.is_empty() && !new.ends_with('\n') {
                new.push_str(line_break);
            }
            match crlf {
                true => new.push_str(&splice.text.replace('\n', "\r\n")),
                false => new.push_str(&splice.text),
            }
            done = splice.span.end;
        }
        new.push_str(&text[done..whole.end]);
        new
    }

    /// Reads an edited document back: it must still be one document, of the same objects. Returns the objects' heads.
    pub fn read_back(&self, stream: &Stream, document: usize, new: &str) -> Result<Vec<Object>, EditError> {
        let Document { body, .. } = stream.documents[document];
        let broken = |message: String| EditError::Broken(message);
        let all = Span::new(0, new.len());
        let [now] = split::split(new, all).map_err(|error| broken(error.message))?[..] else {
            return Err(broken("it is more than one document".to_owned()));
        };
        let (mut objects, mut budget) = (Vec::new(), Budget::default());
        head::parse(new, 0, &now, 0, &mut objects, &mut budget).map_err(|error| broken(error.message))?;
        let keys = |text: &str| {
            let tree = Tree::parse(text).map_err(|error| broken(error.message))?;
            let root = *tree.roots().first().ok_or_else(|| broken("it is empty".to_owned()))?;
            let keys = tree.entries(root).iter().map(|(key, _)| tree.scalar(*key).map(str::to_owned));
            Ok::<_, EditError>((root, keys.collect::<Vec<_>>()))
        };
        let (root, before) = keys(&stream.text[body.start..body.end])?;
        let (_, after) = keys(&new[now.body.start..now.body.end])?;
        let mut touched = self.touched.get(&document).into_iter().flatten();
        if before != after && !touched.any(|touched| touched.node == root && touched.is_changed()) {
            return Err(broken("it has other keys at its top".to_owned()));
        }
        Ok(objects)
    }

    /// The same, if no object was added.
    pub(super) fn check(&self, stream: &Stream, document: usize, new: &str) -> Result<(), EditError> {
        let before = stream.objects.iter().filter(|object| object.document == document);
        let after = self.read_back(stream, document, new)?;
        match before.map(Object::id).eq(after.iter().map(Object::id)) {
            true => Ok(()),
            false => Err(EditError::Broken("it has become other objects".to_owned())),
        }
    }

    /// What will be added at `key` of `map`.
    fn added(&mut self, look: &Look<'_>, map: NodeId, key: &str) -> Option<&mut Added> {
        let touched = self.touched.get_mut(&look.document)?.iter_mut().find(|touched| touched.node == map)?;
        touched.back.iter_mut().find(|(added, _)| added == key).map(|(_, added)| added)
    }

    /// Adds an entry at the end of `map`.
    fn push(&mut self, look: &Look<'_>, map: NodeId, key: &str, added: Added) -> Result<(), EditError> {
        let touched = self.touch(look, map, Kind::Mapping)?;
        let mut children = touched.shape.children.iter().enumerate();
        let there = children.any(|(n, child)| child.key.as_deref() == Some(key) && !touched.removed.contains(&n));
        if there || touched.back.iter().any(|(added, _)| added == key) {
            return Err(EditError::Exists(key.to_owned()));
        }
        if touched.shape.known == Known::Flow {
            added.as_json()?;
        }
        touched.back.push((key.to_owned(), added));
        Ok(())
    }

    /// The record of a collection, created at its first edit.
    fn touch(&mut self, look: &Look<'_>, node: NodeId, kind: Kind) -> Result<&mut Touched, EditError> {
        let path = path_to(&look.tree, node);
        if path.iter().any(|id| look.tree.node(*id).shared || matches!(look.tree.node(*id).data, Data::Alias(_))) {
            return Err(EditError::Aliased);
        }
        match (&look.tree.node(node).data, kind) {
            (Data::Mapping { .. }, Kind::Mapping) | (Data::Sequence { .. }, Kind::List) => {}
            _ if super::head::is_null(&look.tree, node) => {}
            (_, Kind::Mapping) => return Err(EditError::NotAMapping),
            (_, Kind::List) => return Err(EditError::NotAList),
        }
        let is_list = kind == Kind::List;
        let all = self.touched.entry(look.document).or_default();
        let found = match all.iter().position(|touched| touched.node == node) {
            Some(found) if all[found].shape.is_list == is_list => found,
            // A null that became the other kind.
            Some(_) if is_list => return Err(EditError::NotAList),
            Some(_) => return Err(EditError::NotAMapping),
            None => {
                let shape = Shape::of(look, &path, is_list)?;
                let start = look.offset + look.tree.node(node).span.start;
                let (front, back) = (Vec::new(), Vec::new());
                all.push(Touched { node, start, shape, front, back, removed: BTreeSet::new() });
                all.len() - 1
            }
        };
        Ok(&mut all[found])
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Mapping,
    List,
}

/// The nodes from the document's root to `node`.
fn path_to(tree: &Tree, node: NodeId) -> Vec<NodeId> {
    let mut path: Vec<_> = std::iter::successors(Some(node), |node| tree.parent(*node)).collect();
    path.reverse();
    path
}

/// Only merged entries are copied: not all readers resolve a second entry of `map`'s own with the same key alike.
fn is_only_merged(look: &Look<'_>, map: NodeId, key: &str) -> Result<(), EditError> {
    match (look.tree.own_entry(map, key), look.tree.is_merged_in(map, key)) {
        (None, true) => Ok(()),
        (Some(_), true) => Err(EditError::MergedIn(key.to_owned())),
        (_, false) => Err(EditError::Aliased),
    }
}
