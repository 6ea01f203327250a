//! Maps that are shared as in Go. Helm merges in place, and copies only the uppermost level of `global` for a subchart: what
//! a subchart adds deeper inside appears in the parent, too. To reproduce that, maps are handles here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::source::Place;
use crate::values::{Data, Entry, Map, Value};

/// A map that others may also hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Table(Rc<RefCell<BTreeMap<String, Slot>>>);

/// An entry of a table.
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// Where the key was written, if known.
    pub key: Option<Place>,
    /// Where the value was written, if known.
    pub place: Option<Place>,
    pub node: Node,
}

/// A value.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Null,
    Leaf(Data),
    Table(Table),
}

impl Slot {
    pub(super) fn of(table: Table) -> Self {
        Self { key: None, place: None, node: Node::Table(table) }
    }

    pub(super) fn table(&self) -> Option<&Table> {
        match &self.node {
            Node::Table(table) => Some(table),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.node, Node::Null)
    }
}

impl Table {
    pub(super) fn from_map(map: Map) -> Self {
        let slots = map.into_iter().map(|(name, entry)| {
            let node = match entry.value.data {
                Data::Null => Node::Null,
                Data::Map(map) => Node::Table(Self::from_map(map)),
                leaf => Node::Leaf(leaf),
            };
            (name, Slot { key: Some(entry.key), place: Some(entry.value.place), node })
        });
        Self(Rc::new(RefCell::new(slots.collect())))
    }

    /// Converts it back to a map; what only the chart added has no place.
    pub(super) fn into_map(self) -> Map {
        let entry = |(name, slot): (String, Slot)| {
            let nowhere = || Place::new(crate::source::Source::new("", ""), crate::source::Span::default());
            let data = match slot.node {
                Node::Null => Data::Null,
                Node::Leaf(data) => data,
                Node::Table(table) => Data::Map(table.into_map()),
            };
            let place = slot.place.unwrap_or_else(nowhere);
            (name, Entry { key: slot.key.unwrap_or_else(|| place.clone()), value: Value { data, place } })
        };
        self.slots().into_iter().map(entry).collect()
    }

    pub(super) fn get(&self, name: &str) -> Option<Slot> {
        self.0.borrow().get(name).cloned()
    }

    pub(super) fn set(&self, name: &str, slot: Slot) {
        self.0.borrow_mut().insert(name.to_owned(), slot);
    }

    pub(super) fn remove(&self, name: &str) {
        self.0.borrow_mut().remove(name);
    }

    /// The current entries.
    pub(super) fn slots(&self) -> Vec<(String, Slot)> {
        self.0.borrow().iter().map(|(name, slot)| (name.clone(), slot.clone())).collect()
    }

    /// A copy of this level: the tables in it stay shared.
    pub(super) fn shallow(&self) -> Self {
        Self(Rc::new(RefCell::new(self.0.borrow().clone())))
    }

    /// A copy that shares nothing.
    pub(super) fn deep(&self) -> Self {
        let copy = |(name, mut slot): (String, Slot)| {
            if let Node::Table(table) = slot.node {
                slot.node = Node::Table(table.deep());
            }
            (name, slot)
        };
        Self(Rc::new(RefCell::new(self.slots().into_iter().map(copy).collect())))
    }

    /// The table at a path of names joined by dots.
    pub(super) fn path(&self, path: &str) -> Option<Table> {
        path.split('.').try_fold(self.clone(), |table, name| table.get(name)?.table().cloned())
    }
}
