//! Charts' `values.schema.json`, applied as Helm applies them (`ValidateAgainstSchema` in its `jsonschema.go`): when all values are merged and
//! the subcharts that are off are gone, the chart's own to all of the values, and each subchart's to its section.

use std::error::Error;

use jsonschema::{PatternOptions, Retrieve, Uri};
use serde_json::Value as Json;

use super::Chart;
use super::table::{Node, Table};
use crate::source::Place;
use crate::values::{Data, Value, ValuesError};

/// How many objections are told.
const MOST: usize = 10;

/// What a schema has against the values.
struct Objection {
    chart: String,
    message: String,
    place: Option<Place>,
}

/// Refuses values that a schema does.
pub(super) fn check(chart: &Chart, values: &Table) -> Result<(), ValuesError> {
    let mut objections = Vec::new();
    collect(chart, values, &mut objections)?;
    let Some(first) = objections.first() else { return Ok(()) };
    let lines = objections.iter().take(MOST).map(|objection| format!("\n{}: {}", objection.chart, objection.message));
    let message =
        format!("the values do not meet the chart's schema (values.schema.json){}", lines.collect::<String>());
    // Where only the chart itself has it, there is no line of the operator's to show.
    Err(ValuesError::refused(message, first.place.clone()))
}

fn collect(chart: &Chart, values: &Table, objections: &mut Vec<Objection>) -> Result<(), ValuesError> {
    let objection = |message: String, place| Objection { chart: chart.name.clone(), message, place };
    if let Some(schema) = &chart.schema {
        let unusable = |why: String| {
            ValuesError::refused(format!("{}: values.schema.json cannot be used: {why}", chart.name), None)
        };
        let schema: Json = serde_json::from_slice(schema).map_err(|error| unusable(error.to_string()))?;
        let validator = jsonschema::options()
            .with_base_uri("file:///values.schema.json")
            .with_retriever(Elsewhere)
            // As in Go, there is no looking ahead.
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
            Some(section) => collect(subchart, section, objections)?,
            None => objections.push(objection(format!("{}: a map is expected", subchart.name), slot.place)),
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

/// Where the value at a path, or what it lies in, was written.
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

/// What a schema refers to outside of itself. Helm fetches what is on the web; here nothing is fetched, and such a part allows all. A file
/// beside the schema is none of Helm's either: it looks at the root of the machine.
struct Elsewhere;

impl Retrieve for Elsewhere {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Json, Box<dyn Error + Send + Sync>> {
        match uri.scheme().as_str() {
            "file" => Err(format!("there is no {uri}").into()),
            _ => Ok(Json::Bool(true)),
        }
    }
}
