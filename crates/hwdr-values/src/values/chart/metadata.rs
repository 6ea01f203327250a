//! What `Chart.yaml` (and, in old charts, `requirements.yaml`) says about a chart and its subcharts.

#![expect(clippy::indexing_slicing, reason = "pairs have two")]

use super::Files;
use crate::values::{Data, Helm, Value, ValuesError, number, read_source, text_of};

/// The parts of a chart's metadata that matter to values.
#[derive(Debug)]
pub(super) struct Metadata {
    pub name: String,
    pub version: String,
    pub requirements: Option<Vec<Requirement>>,
}

/// A subchart as its parent requests it.
#[derive(Debug, Clone)]
pub(super) struct Requirement {
    /// The subchart's name, and later its alias if it has one.
    pub name: String,
    pub version: String,
    pub condition: String,
    pub tags: Vec<String>,
    pub imports: Vec<Import>,
    pub alias: Option<String>,
}

/// An entry of `import-values`: a path in the subchart's values and its target in the parent's.
#[derive(Debug, Clone)]
pub(super) struct Import {
    pub child: String,
    pub parent: String,
}

/// Reads the metadata of a chart.
pub(super) fn read(files: &Files, label: &str) -> Result<Metadata, ValuesError> {
    let missing = || ValuesError::refused(format!("{label}: Chart.yaml file is missing"), None);
    let chart = parse("Chart.yaml", files, label)?.ok_or_else(missing)?;
    let old = parse("requirements.yaml", files, label)?;
    let dependencies = |value: &Value| value.entry("dependencies").map(|entry| entry.value.clone());
    let requirements = match old.as_ref().and_then(dependencies).or_else(|| dependencies(&chart)) {
        None => None,
        Some(value) => match &value.data {
            Data::Null => None,
            Data::List(list) => Some(list.iter().map(requirement).collect::<Result<Vec<_>, _>>()?),
            _ => return Err(unexpected("dependencies must be a list", &value)),
        },
    };
    let metadata = Metadata { name: text(&chart, "name")?, version: text(&chart, "version")?, requirements };
    let invalid = |what: &str| Err(ValuesError::refused(what, Some(chart.place.clone())));
    if metadata.name.is_empty() || metadata.name == "." || metadata.name == ".." || metadata.name.contains('/') {
        return invalid("chart.metadata.name is required, and must not be a path");
    }
    if super::constraint::Version::parse(&metadata.version).is_none() {
        return invalid("chart.metadata.version is required, and must be a version like 1.2.3");
    }
    let mut names: Vec<_> =
        metadata.requirements.iter().flatten().map(|r| r.alias.as_ref().unwrap_or(&r.name)).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return invalid(&format!("more than one dependency with name or alias \"{}\"", pair[0]));
    }
    Ok(metadata)
}

fn parse(name: &str, files: &Files, label: &str) -> Result<Option<Value>, ValuesError> {
    let Some(bytes) = files.get(name) else { return Ok(None) };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).to_vec();
    read_source(&text_of(&format!("{label}/{name}"), bytes)?, Helm::V3).map(Some)
}

fn requirement(value: &Value) -> Result<Requirement, ValuesError> {
    if !matches!(value.data, Data::Map(_)) {
        return Err(unexpected("a dependency must be a map", value));
    }
    let alias = text(value, "alias")?;
    let clean = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !alias.chars().all(clean) {
        return Err(unexpected("dependency has disallowed characters in the alias", value));
    }
    Ok(Requirement {
        name: text(value, "name")?,
        version: text(value, "version")?,
        condition: text(value, "condition")?,
        tags: list(value, "tags")?.iter().map(scalar).collect::<Result<_, _>>()?,
        imports: list(value, "import-values")?.iter().filter_map(import).collect(),
        alias: Some(alias).filter(|alias| !alias.is_empty()),
    })
}

/// An import: a map with `child` and `parent`, or the name of something under `exports`. Anything else is ignored.
fn import(value: &Value) -> Option<Import> {
    let part = |name: &str| match value.entry(name) {
        Some(entry) if entry.value.data != Data::Null => entry.value.rendered(),
        _ => "<nil>".to_owned(),
    };
    match &value.data {
        Data::Map(_) => Some(Import { child: part("child"), parent: part("parent") }),
        Data::String(name) => Some(Import { child: format!("exports.{name}"), parent: ".".to_owned() }),
        _ => None,
    }
}

fn list<'v>(value: &'v Value, name: &str) -> Result<&'v [Value], ValuesError> {
    match value.entry(name).map(|entry| &entry.value.data) {
        None | Some(Data::Null) => Ok(&[]),
        Some(Data::List(list)) => Ok(list),
        Some(_) => Err(unexpected(&format!("{name} must be a list"), value)),
    }
}

fn text(value: &Value, name: &str) -> Result<String, ValuesError> {
    value.entry(name).map_or(Ok(String::new()), |entry| scalar(&entry.value))
}

/// A field that is a string. `sigs.k8s.io/yaml` turns numbers and booleans into one: version 1.10 becomes "1.1".
fn scalar(value: &Value) -> Result<String, ValuesError> {
    match &value.data {
        Data::Null => Ok(String::new()),
        Data::String(text) => Ok(text.clone()),
        Data::Bool(value) => Ok(value.to_string()),
        Data::Number(number) if number.as_f64().fract() == 0.0 => Ok(number.to_json_text()),
        Data::Number(number) => Ok(number::go_float_key(number.as_f64())),
        Data::List(_) | Data::Map(_) => Err(unexpected("expected text", value)),
    }
}

fn unexpected(what: &str, value: &Value) -> ValuesError {
    ValuesError::refused(format!("{what}, not {}", value.data.kind()), Some(value.place.clone()))
}
