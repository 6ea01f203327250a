//! Values as Helm sees them: read from files and `--set` flags, merged, each with the place where it was written.
//!
//! Where Helm 3.22 and Helm 4.3 differ, [`Helm`] chooses. `tests/it/values_oracle` compares all of this with Helm's own
//! packages.

pub mod chart;
mod documents;
mod error;
mod from_yaml;
mod go_yaml;
mod json;
pub mod lookalike;
mod merge;
mod number;
pub mod pasted;
mod print;
mod resolve;
pub mod show;
mod slip;
mod strvals;
mod template;
mod timestamp;
mod trouble;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use crate::source::{Place, Source, Span};

pub(crate) use documents::read_source;
pub use documents::{read_all, read_inside, text_of};
pub use error::{Kind, ValuesError};
pub(crate) use resolve::resolve_text;
pub use resolve::{Scalar, key_text, resolve_plain};
pub use strvals::rename_files;
pub use template::refuse_template;

/// How deep values may nest: far deeper than any chart needs, and safe on a small stack. (Helm allows 10,000.)
pub const MAX_DEPTH: usize = 256;

/// Which Helm to follow. The two differ: Helm 4 merges all documents of a file where Helm 3 reads the first, ends
/// each with a line break, accepts a whole JSON object for `--set-json`, and an unfinished index in `--set`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Helm {
    /// Helm 3.
    V3,
    /// Helm 4.
    V4,
}

/// The values flags as given, in order. Helm does not care how different flags are mixed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ValueInputs {
    /// `-f`, `--values`
    pub files: Vec<String>,
    /// `--set-json`
    pub set_json: Vec<String>,
    /// `--set`
    pub set: Vec<String>,
    /// `--set-string`
    pub set_string: Vec<String>,
    /// `--set-file`
    pub set_file: Vec<String>,
    /// `--set-literal`
    pub set_literal: Vec<String>,
}

/// Returns the bytes of a file by its name; `-` is standard input.
pub type Read<'r> = dyn FnMut(&str) -> io::Result<Vec<u8>> + 'r;

/// Reads the files, left to right, and then applies the flags by kind, in Helm's order: JSON, plain, string, file, literal
/// (`MergeValues` in `pkg/cli/values/options.go`). `read` supplies the files: the core does no I/O itself.
///
/// # Errors
/// If a file cannot be read, or Helm refuses something. The first error in Helm's order is reported.
pub fn read(inputs: &ValueInputs, helm: Helm, read: &mut Read<'_>) -> Result<Value, ValuesError> {
    use strvals::Flag;

    let nowhere = Place::new(Source::new("", ""), Span::default());
    let mut values = Value { data: Data::Map(Map::new()), place: nowhere };
    let mut layers = Vec::new();
    for name in &inputs.files {
        let bytes = read(name).map_err(|error| ValuesError::unreadable(format!("cannot read {name}: {error}")))?;
        let layer = documents::read_bytes(name, bytes, helm)?;
        layers.push(Arc::clone(&layer.place.source));
        if layers.len() == 1 {
            values = layer;
        } else if let (Data::Map(base), Data::Map(layer)) = (&mut values.data, layer.data) {
            merge::merge(base, layer);
        }
    }
    if layers.len() > 1 {
        values.place = Place::new(Source::merged(layers), Span::default());
    }
    let Data::Map(map) = &mut values.data else { return Ok(values) };
    for (flag, arguments) in [
        (Flag::SetJson, &inputs.set_json),
        (Flag::Set, &inputs.set),
        (Flag::SetString, &inputs.set_string),
        (Flag::SetFile, &inputs.set_file),
        (Flag::SetLiteral, &inputs.set_literal),
    ] {
        for argument in arguments {
            if helm == Helm::V4 && flag == Flag::SetJson && argument.trim().starts_with('{') {
                merge::merge(map, json::read_object(flag.name(), argument)?);
            } else {
                strvals::apply(flag, argument, map, helm, read)?;
            }
        }
    }
    Ok(values)
}

/// Reads one values file as Helm 3 does, without merging anything, so that fragments can be linted.
///
/// # Errors
/// If Helm refuses it.
pub fn read_one(source: Arc<Source>) -> Result<Value, ValuesError> {
    read_source(&source, Helm::V3)
}

/// Merges `layer` over `base`, as Helm does with two values files.
pub fn merge_over(base: &mut Value, layer: Value) {
    if let (Data::Map(base), Data::Map(layer)) = (&mut base.data, layer.data) {
        merge::merge(base, layer);
    }
}

/// What `--set`, or `--set-string` for `text`, makes of one `key=value`.
///
/// # Errors
/// If Helm refuses it.
pub fn read_set(argument: &str, text: bool) -> Result<Value, ValuesError> {
    let flag = if text { strvals::Flag::SetString } else { strvals::Flag::Set };
    let mut map = Map::new();
    strvals::apply(flag, argument, &mut map, Helm::V3, &mut |_| Err(io::ErrorKind::Unsupported.into()))?;
    let source = Source::new(flag.name(), argument);
    let span = Span::new(0, argument.len());
    Ok(Value { data: Data::Map(map), place: Place::new(source, span) })
}

/// A value and where it was written: in a values file, or in the text of a flag.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is, as Helm reads it.
    pub data: Data,
    /// Where the value is. For a map from several layers: in the first of them; the uppermost one's source names them all.
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

/// A number, in its Go type in Helm's templates: that decides how a template prints it.
#[derive(Debug, Clone, PartialEq)]
pub enum Number {
    /// `int64`: from `--set`.
    Int(i64),
    /// `float64`: every number of a values file, whole ones too (YAML is read by way of JSON),
    /// which is why `254811200` without quotes is printed as `2.548112e+08`.
    Float(f64),
}

impl Data {
    /// What kind of value it is, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Data::Null => "null",
            Data::Bool(_) => "a boolean",
            Data::Number(_) => "a number",
            Data::String(_) => "a string",
            Data::List(_) => "a list",
            Data::Map(_) => "a map",
        }
    }
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
