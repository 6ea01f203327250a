//! How rules look at values: with this, each rule reads like a sentence.

#![expect(clippy::string_slice, reason = "a time has as many digits as its form")]

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::source::{Place, Source};
use crate::values::{Data, Entry, Number, Value};

/// The entry at `path`, with its key.
pub fn entry<'v>(values: &'v Value, path: &[&str]) -> Option<&'v Entry> {
    let (last, parents) = path.split_last()?;
    values.get(parents)?.entry(last)
}

/// The entry at `path/key` if it contains something: neither null nor an empty text, which Helm treats as "not set".
pub fn set<'v>(values: &'v Value, path: &[&str], key: &str) -> Option<&'v Entry> {
    values.get(path)?.entry(key).filter(|entry| !is_empty(&entry.value))
}

/// Null, or an empty text.
pub fn is_empty(value: &Value) -> bool {
    match &value.data {
        Data::Null => true,
        Data::String(text) => text.is_empty(),
        _ => false,
    }
}

/// Whether there is a map at `path`.
pub fn is_map(values: &Value, path: &[&str]) -> bool {
    values.get(path).is_some_and(|value| matches!(value.data, Data::Map(_)))
}

/// What a switch is meant to be: `"true"` and `"no"` in quotes are wrong, but clear.
pub fn flag(value: &Value) -> Option<bool> {
    match &value.data {
        Data::Bool(value) => Some(*value),
        Data::String(text) => boolean_word(text),
        _ => None,
    }
}

/// What a switch at `path` is meant to be; false if there is none.
pub fn is_on(values: &Value, path: &[&str]) -> bool {
    values.get(path).and_then(flag).unwrap_or(false)
}

/// What a switch at `path` says, if it says something.
pub fn switch(values: &Value, path: &[&str]) -> Option<bool> {
    values.get(path).and_then(flag)
}

/// The boolean that a word stands for in YAML 1.1.
pub fn boolean_word(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "y" => Some(true),
        "false" | "no" | "off" | "n" => Some(false),
        _ => None,
    }
}

/// Whether a value was given by a flag (`--set …`) and not by a file.
pub fn from_flag(place: &Place) -> bool {
    place.source.name.starts_with("--")
}

/// Removes from the charts' sections the `global` that Helm itself passes to every subchart; it stays if `wrote` says that the operator
/// wrote its key.
pub fn drop_handed_down(values: &mut Value, wrote: &dyn Fn(&Place) -> bool) {
    let Data::Map(sections) = &mut values.data else { return };
    for (_, section) in sections.iter_mut().filter(|(name, _)| *name != "global") {
        if let Data::Map(map) = &mut section.value.data {
            map.retain(|name, entry| name != "global" || wrote(&entry.key));
        }
        drop_handed_down(&mut section.value, wrote);
    }
}

/// The path as in Helm's `--set` and Helm's own messages.
pub fn dotted(path: &[&str]) -> String {
    path.join(".")
}

/// The last key of a path, with its block if the key alone says little.
pub fn short(path: &[&str]) -> String {
    match path {
        [.., block, key @ ("enabled" | "name" | "image")] => format!("{block}.{key}"),
        [.., key] => (*key).to_owned(),
        [] => String::new(),
    }
}

/// A number's digits without exponent, as a person writes it.
pub fn number_digits(number: &Number) -> String {
    match number {
        Number::Int(value) => value.to_string(),
        Number::Float(value) => value.to_string(),
    }
}

/// The entries of a map; nothing for other values.
pub fn map(value: Option<&Value>) -> impl Iterator<Item = (&String, &Entry)> {
    value
        .and_then(|value| match &value.data {
            Data::Map(map) => Some(map),
            _ => None,
        })
        .into_iter()
        .flatten()
}

/// A point in time to the minute, in UTC.
pub fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    format!("{} {} UTC", &text[..10], &text[11..16])
}

/// All texts that values come from.
pub fn sources(values: &Value) -> Vec<Arc<Source>> {
    let layers = &values.place.source.layers;
    let mut sources = layers.clone();
    let mut seen: HashSet<*const Source> = layers.iter().map(Arc::as_ptr).collect();
    let mut open = vec![values];
    while let Some(value) = open.pop() {
        let source = &value.place.source;
        // What Helm itself added has no text, and each piece has its own empty source.
        if !source.text.is_empty() && seen.insert(Arc::as_ptr(source)) {
            sources.push(source.clone());
        }
        match &value.data {
            Data::List(items) => open.extend(items),
            Data::Map(map) => open.extend(map.values().map(|entry| &entry.value)),
            _ => {}
        }
    }
    sources
}
