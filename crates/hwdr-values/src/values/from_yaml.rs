//! Converts a YAML document to values, as `sigs.k8s.io/yaml` does for Helm: go-yaml v2 decodes the document, keys become strings, and
//! everything is written as JSON and read back, which makes every number a `float64`.
//!
//! What only the second half refuses (a number that JSON lacks, a key that is not text) is refused only if it survives the first half: an
//! entry replaced by a later one of the same key does not matter. [`Later`] carries such an error until then.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::resolve::{Scalar, resolve_node};
use super::{Data, Entry, MAX_DEPTH, Map, Number, Value, ValuesError, number};
use crate::source::{Place, Source, Span};
use crate::yaml::{Budget, Data as Yaml, NodeId, TooMuch, Tree};

/// A value, or why it cannot be written as JSON.
type Later = Result<Value, ValuesError>;

/// Decodes the document under `root`. The tree's spans count from byte `offset` of the source.
/// `budget` pays for what aliases repeat.
pub(super) fn decode(
    tree: &Tree,
    root: NodeId,
    source: &Arc<Source>,
    offset: usize,
    budget: &mut Budget,
) -> Result<Value, ValuesError> {
    budget.next_document();
    let mut decoder = Decoder { tree, source, offset, depth: 0, budget };
    decoder.node(root)?
}

struct Decoder<'t> {
    tree: &'t Tree,
    source: &'t Arc<Source>,
    offset: usize,
    /// How many collections are open.
    depth: usize,
    budget: &'t mut Budget,
}

impl Decoder<'_> {
    fn node(&mut self, id: NodeId) -> Result<Later, ValuesError> {
        self.count(id)?;
        let node = self.tree.node(id);
        if let Some(scalar) = resolve_node(node) {
            let scalar = scalar.map_err(|message| self.refused(message, id))?;
            return Ok(self.scalar(&scalar, id));
        }
        self.enter(id)?;
        let value = match &node.data {
            Yaml::Alias(target) => {
                self.budget.follow();
                let value = self.node(*target)?;
                self.budget.leave();
                value
            }
            Yaml::Sequence { items, .. } => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(self.node(*item)?);
                }
                let list = list.into_iter().collect::<Result<_, _>>();
                list.map(|list| Value { data: Data::List(list), place: self.place(id) })
            }
            Yaml::Mapping { .. } => {
                let mut entries = Entries::default();
                self.mapping(id, &mut entries)?;
                entries.into_map().map(|map| Value { data: Data::Map(map), place: self.place(id) })
            }
            // They are resolved above.
            Yaml::Scalar { .. } => return Err(self.refused("a scalar of no known kind".to_owned(), id)),
        };
        self.depth -= 1;
        Ok(value)
    }

    /// Adds the entries of a mapping in their order: a later key replaces an earlier one, and so does a merged entry,
    /// even an earlier key of the mapping itself.
    fn mapping(&mut self, id: NodeId, entries: &mut Entries) -> Result<(), ValuesError> {
        for (key, value) in self.tree.entries(id) {
            if self.tree.is_merge_key(*key) {
                self.merge(*value, entries)?;
                continue;
            }
            let name = self.key(*key)?;
            let value = self.node(*value)?;
            entries.insert(name, self.place(*key), value);
        }
        Ok(())
    }

    /// The value of a merge key; the first mapping wins.
    fn merge(&mut self, id: NodeId, entries: &mut Entries) -> Result<(), ValuesError> {
        self.tree.merged(id).into_iter().rev().try_for_each(|map| self.merge_one(map, entries))
    }

    fn merge_one(&mut self, id: NodeId, entries: &mut Entries) -> Result<(), ValuesError> {
        let target = self.tree.resolve(id);
        if !matches!(self.tree.node(target).data, Yaml::Mapping { .. }) {
            return Err(self.refused("map merge requires map or sequence of maps as the value", id));
        }
        self.count(id)?;
        self.enter(id)?;
        if target == id {
            self.mapping(id, entries)?;
        } else {
            self.budget.follow();
            self.count(target)?;
            self.mapping(target, entries)?;
            self.budget.leave();
        }
        self.depth -= 1;
        Ok(())
    }

    fn key(&mut self, id: NodeId) -> Result<Key, ValuesError> {
        let target = self.tree.resolve(id);
        if let Some(scalar) = resolve_node(self.tree.node(target)) {
            self.count(id)?;
            if target != id {
                self.budget.follow();
                self.count(target)?;
                self.budget.leave();
            }
            return scalar.map(Key::from).map_err(|message| self.refused(message, id));
        }
        // go-yaml reads `{}: x` at a document's start as `{}`, and ignores the rest.
        let message = "invalid map key: it is a collection";
        Err(ValuesError::unsupported(message, Some(self.place(id))))
    }

    fn scalar(&self, scalar: &Scalar<'_>, id: NodeId) -> Later {
        let place = self.place(id);
        #[allow(clippy::cast_precision_loss)] // As JSON does: 9007199254740993 becomes ...992.
        let data = match scalar {
            Scalar::Null => Data::Null,
            Scalar::Bool(value) => Data::Bool(*value),
            Scalar::Int(int) => Data::Number(Number::Float(*int as f64)),
            Scalar::Uint(uint) => Data::Number(Number::Float(*uint as f64)),
            Scalar::Float(float) if float.is_finite() => Data::Number(Number::Float(*float)),
            Scalar::Float(float) => {
                let message = format!("Helm cannot write {} as JSON", number::go_float(*float));
                return Err(ValuesError::refused(message, Some(place)));
            }
            Scalar::Text(text) => Data::String(text.clone().into_owned()),
        };
        Ok(Value { data, place })
    }

    /// Counts a node, and stops if aliases expand a small text too much.
    fn count(&mut self, id: NodeId) -> Result<(), ValuesError> {
        self.budget.spend(self.tree.node(id)).map_err(|error| match error {
            TooMuch::ForHelm => self.refused(error.to_string(), id),
            TooMuch::ForUs => ValuesError::unsupported(error.to_string(), Some(self.place(id))),
        })
    }

    fn enter(&mut self, id: NodeId) -> Result<(), ValuesError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            let message = format!("nested deeper than {MAX_DEPTH} levels");
            return Err(ValuesError::unsupported(message, Some(self.place(id))));
        }
        Ok(())
    }

    fn place(&self, id: NodeId) -> Place {
        let span = self.tree.node(id).span;
        Place::new(Arc::clone(self.source), Span::new(span.start + self.offset, span.end + self.offset))
    }

    fn refused(&self, message: impl Into<String>, id: NodeId) -> ValuesError {
        ValuesError::refused(message, Some(self.place(id)))
    }
}

/// A key in go-yaml, before it becomes a string: keys of different types are different keys.
enum Key {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond `i64`.
    Large,
    Float(f64),
    Text(String),
}

impl From<Scalar<'_>> for Key {
    fn from(scalar: Scalar<'_>) -> Self {
        match scalar {
            Scalar::Null => Key::Null,
            Scalar::Bool(value) => Key::Bool(value),
            Scalar::Int(int) => Key::Int(int),
            Scalar::Uint(_) => Key::Large,
            Scalar::Float(float) => Key::Float(float),
            Scalar::Text(text) => Key::Text(text.into_owned()),
        }
    }
}

/// The entries of a mapping during decoding, by each key's string.
#[derive(Default)]
struct Entries {
    slots: BTreeMap<String, Slot>,
    /// Why the mapping cannot be written as JSON.
    flaw: Option<ValuesError>,
}

struct Slot {
    /// What kind of key became this string: keys of two kinds (`1` and `"1"`) are two entries of which JSON keeps one, at random.
    kind: KeyKind,
    key: Place,
    value: Later,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum KeyKind {
    Bool,
    Int,
    /// Different floats may print the same, since keys are printed in single precision. No NaN equals another.
    Float(f64),
    Text,
}

impl Entries {
    /// Adds an entry or replaces the one with the same key.
    fn insert(&mut self, key: Key, place: Place, value: Later) {
        let (kind, name) = match key {
            Key::Bool(value) => (KeyKind::Bool, value.to_string()),
            Key::Int(int) => (KeyKind::Int, int.to_string()),
            Key::Float(float) => (KeyKind::Float(float), number::go_float_key(float)),
            Key::Text(text) => (KeyKind::Text, text),
            Key::Null => return self.flawed("Helm refuses null as a key", &place),
            Key::Large => return self.flawed("Helm refuses keys beyond 9223372036854775807", &place),
        };
        if kind == KeyKind::Float(0.0) {
            // Zero and minus zero are one key with two names.
            for name in ["0", "-0"] {
                if self.slots.get(name).is_some_and(|slot| slot.kind == kind) {
                    self.slots.remove(name);
                }
            }
        }
        let clash = self.slots.get(&name).is_some_and(|slot| slot.kind != kind);
        if clash && self.flaw.is_none() {
            let message = format!("Helm turns two keys into \"{name}\", and takes one of them at random");
            self.flaw = Some(ValuesError::unsupported(message, Some(place)));
        } else {
            self.slots.insert(name, Slot { kind, key: place, value });
        }
    }

    fn flawed(&mut self, message: &str, place: &Place) {
        self.flaw.get_or_insert_with(|| ValuesError::refused(message, Some(place.clone())));
    }

    /// The map, or the first reason why it cannot be written as JSON.
    fn into_map(self) -> Result<Map, ValuesError> {
        if let Some(flaw) = self.flaw {
            return Err(flaw);
        }
        let entry = |(name, slot): (String, Slot)| Ok((name, Entry { key: slot.key, value: slot.value? }));
        self.slots.into_iter().map(entry).collect()
    }
}
