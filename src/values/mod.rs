//! Values as Helm has them: read from files and `--set` flags, merged, and each knowing where it was written.

use std::collections::BTreeMap;

use crate::source::Place;

/// A value and where it was written: the place is in a values file, or in the text of a flag.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is, as Helm reads it.
    pub data: Data,
    /// Where the value stands. For a map that several layers add to: in the first of them.
    pub place: Place,
}

/// What Helm makes of a value.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `null`, `~` or nothing at all.
    Null,
    /// A YAML 1.1 boolean.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(String),
    /// A list; `--set 'a[2]=x'` fills the gap with nulls.
    List(Vec<Value>),
    /// A map.
    Map(Map),
}

/// A map's entries by key.
pub type Map = BTreeMap<String, Entry>;

/// One entry of a map.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the key was written (by the layer that set the value).
    pub key: Place,
    /// The value.
    pub value: Value,
}

/// A number, in the Go type that it has in Helm's templates: that decides how a template prints it.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// `int64`: from `--set`.
    Int(i64),
    /// `float64`: every number of a values file, whole ones too (YAML is read by way of JSON),
    /// which is why `254811200` without quotes is printed as `2.548112e+08`.
    Float(f64),
}

impl Value {
    /// The value at `path`, following map keys.
    pub fn get(&self, path: &[&str]) -> Option<&Value> {
        path.iter().try_fold(self, |value, key| Some(&value.entry(key)?.value))
    }

    /// The entry `key` of a map.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.data {
            Data::Map(map) => map.get(key),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.data {
            Data::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self.data {
            Data::Bool(value) => Some(value),
            _ => None,
        }
    }
}
