//! Charts' `values.schema.json`, applied as Helm applies them (`ValidateAgainstSchema` in its `jsonschema.go`): after all values are merged
//! and disabled subcharts removed, the chart's own to all of the values, and each subchart's to its section.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::{PatternOptions, Retrieve, Uri};
use serde_json::Value as Json;

use super::Chart;
use super::table::{Node, Table};
use crate::source::Place;
use crate::values::{Data, Value, ValuesError};

/// How many objections are shown.
const MOST: usize = 10;

/// A part of a schema that is on the web: Helm fetches it, but hwdr does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unchecked {
    /// The chart whose schema it is.
    pub chart: String,
    /// Where it is.
    pub uri: String,
}

/// The note about it.
impl fmt::Display for Unchecked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chart, uri } = self;
        write!(f, "not checked: the part of the schema of chart {chart} at {uri}, which helm fetches and hwdr does not")
    }
}

/// A violation of a schema.
struct Objection {
    chart: String,
    message: String,
    place: Option<Place>,
}

/// Refuses values that violate a schema, and returns what was not checked.
pub(super) fn check(chart: &Chart, values: &Table) -> Result<Vec<Unchecked>, ValuesError> {
    let (mut objections, elsewhere) = (Vec::new(), Elsewhere::default());
    collect(chart, values, &mut objections, &elsewhere)?;
    let Some(first) = objections.first() else { return Ok(elsewhere.take()) };
    let lines = objections.iter().take(MOST).map(|objection| format!("\n{}: {}", objection.chart, objection.message));
    let message = format!("the values violate the chart's schema (values.schema.json){}", lines.collect::<String>());
    // A value that only the chart sets has no line of the operator's to show.
    Err(ValuesError::refused(message, first.place.clone()))
}

fn collect(
    chart: &Chart,
    values: &Table,
    objections: &mut Vec<Objection>,
    elsewhere: &Elsewhere,
) -> Result<(), ValuesError> {
    let objection = |message: String, place| Objection { chart: chart.name.clone(), message, place };
    if let Some(schema) = &chart.schema {
        let unusable = |why: String| {
            ValuesError::refused(format!("{}: values.schema.json cannot be used: {why}", chart.name), None)
        };
        let schema: Json = serde_json::from_slice(schema).map_err(|error| unusable(error.to_string()))?;
        let validator = jsonschema::options()
            .with_base_uri("file:///values.schema.json")
            .with_retriever(elsewhere.of(&chart.name))
            // As in Go, without look-ahead.
            .with_pattern_options(PatternOptions::regex())
            .build(&schema)
            .map_err(|error| unusable(error.to_string()))?;
        for error in validator.iter_errors(&json(values)) {
            let path = path(&error.instance_path().to_string());
            // Masked: a value may be a secret.
            let at = if path.is_empty() { "the values".to_owned() } else { path.join(".") };
            objections.push(objection(format!("{at}: {}", error.masked()), place(values, &path)));
        }
    }
    for subchart in &chart.dependencies {
        let Some(slot) = values.get(&subchart.name).filter(|slot| !slot.is_null()) else { continue };
        match slot.table() {
            Some(section) => collect(subchart, section, objections, elsewhere)?,
            None => objections.push(objection(format!("{}: expected a map", subchart.name), slot.place)),
        }
    }
    Ok(())
}

fn json(values: &Table) -> Json {
    let nowhere = Place::new(crate::source::Source::new("", ""), crate::source::Span::default());
    Value { data: Data::Map(values.clone().into_map()), place: nowhere }.to_json()
}

/// The names in a JSON pointer.
fn path(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
}

/// Where the value at a path, or its nearest written parent, was written.
fn place(values: &Table, path: &[String]) -> Option<Place> {
    let (mut table, mut place) = (values.clone(), None);
    for name in path {
        let Some(slot) = table.get(name) else { break };
        place = slot.place.or(place);
        match slot.node {
            Node::Table(inner) => table = inner,
            _ => break,
        }
    }
    place
}

/// What a schema refers to outside itself. Helm fetches what is on the web; hwdr fetches nothing, and such a part allows everything. A file
/// beside the schema is not found by Helm either: it looks in the root directory.
#[derive(Clone, Default)]
struct Elsewhere {
    chart: String,
    unchecked: Arc<Mutex<Vec<Unchecked>>>,
}

impl Elsewhere {
    /// The references of this chart's schema.
    fn of(&self, chart: &str) -> Self {
        Self { chart: chart.to_owned(), unchecked: Arc::clone(&self.unchecked) }
    }

    fn take(self) -> Vec<Unchecked> {
        std::mem::take(&mut *self.unchecked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Retrieve for Elsewhere {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn Error + Send + Sync>> {
        match uri.scheme().as_str() {
            "file" => Err(format!("there is no {uri}").into()),
            _ => {
                let unchecked = Unchecked { chart: self.chart.clone(), uri: uri.to_string() };
                self.unchecked.lock().unwrap_or_else(PoisonError::into_inner).push(unchecked);
                Ok(Json::Bool(true))
            }
        }
    }
}
