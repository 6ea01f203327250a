//! The JSON Schema of the values, as the linter uses it: which keys there are, and what kind of value each takes.
//!
//! `schema.json` of a product is a complete JSON Schema, for Helm and for editors. Only the keywords about
//! shape are read here (a test lists them): rules report better what a value may be beyond that (patterns).
//! So the values are checked directly, with their places, without translation for a general validator and
//! back; tests compare the result with such a validator.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::lint::placeholder::is_unknown;
use crate::product;
use crate::values::{Data, Entry, Value};

/// What the schema says about one value.
#[derive(Debug, Default)]
pub struct Node {
    types: Vec<String>,
    properties: BTreeMap<String, Node>,
    /// What an unlisted key holds: anything, or nothing (`strict`), or this.
    others: Option<Box<Node>>,
    strict: bool,
    items: Option<Box<Node>>,
    choices: Vec<Json>,
    minimum: Option<f64>,
    example: Option<Json>,
}

/// One violation of the schema.
#[derive(Debug)]
pub enum Problem<'v> {
    /// A value of the wrong kind, or out of bounds.
    Wrong {
        /// Where it is.
        path: &'v [&'v str],
        /// The value.
        value: &'v Value,
        /// What is expected.
        node: &'static Node,
    },
    /// A value that is filled in before Helm sees it, and may be anything.
    Open {
        /// The value.
        value: &'v Value,
    },
    /// A key that the schema does not list.
    Unknown {
        /// The block that contains it.
        path: &'v [&'v str],
        /// The key.
        key: &'v str,
        /// The entry.
        entry: &'v Entry,
        /// What the schema says about the block.
        node: &'static Node,
    },
}

/// A schema that is built into the program.
#[expect(clippy::expect_used, reason = "schemas are part of the program, and the tests read them")]
pub fn read(text: &str) -> Node {
    let json: Json = serde_json::from_str(text).expect("the schema in the binary is JSON");
    Node::read(&json)
}

/// Calls `report` for every violation in the values.
pub fn walk(values: &Value, report: &mut dyn FnMut(Problem<'_>)) {
    visit(values, product::of(values).shape(), &mut Vec::new(), report);
}

fn visit<'v>(value: &'v Value, node: &'static Node, path: &mut Vec<&'v str>, report: &mut dyn FnMut(Problem<'_>)) {
    if is_unknown(value) {
        if !node.types.is_empty() {
            report(Problem::Open { value });
        }
        return;
    }
    if !node.accepts(value) {
        report(Problem::Wrong { path, value, node });
        return;
    }
    match &value.data {
        Data::Map(map) => {
            for (key, entry) in map {
                match node.properties.get(key).or(node.others.as_deref()) {
                    Some(child) => {
                        path.push(key);
                        visit(&entry.value, child, path, report);
                        path.pop();
                    }
                    None if !node.properties.is_empty() => report(Problem::Unknown { path, key, entry, node }),
                    None => {}
                }
            }
        }
        Data::List(items) => {
            if let Some(node) = &node.items {
                for item in items {
                    visit(item, node, path, report);
                }
            }
        }
        _ => {}
    }
}

impl Node {
    fn read(json: &Json) -> Self {
        let mut node = Self::default();
        match &json["type"] {
            Json::String(name) => node.types.push(name.clone()),
            Json::Array(names) => node.types.extend(names.iter().filter_map(Json::as_str).map(str::to_owned)),
            _ => {}
        }
        if let Json::Object(properties) = &json["properties"] {
            let known = properties.iter().filter(|(_, json)| json["not"].is_null());
            node.properties = known.map(|(key, json)| (key.clone(), Self::read(json))).collect();
        }
        match &json["additionalProperties"] {
            Json::Bool(allowed) => node.strict = !allowed,
            Json::Object(_) => node.others = Some(Box::new(Self::read(&json["additionalProperties"]))),
            _ => {}
        }
        if json["items"].is_object() {
            node.items = Some(Box::new(Self::read(&json["items"])));
        }
        node.choices = json["enum"].as_array().cloned().unwrap_or_default();
        node.minimum = json["minimum"].as_f64();
        node.example = json["examples"].get(0).cloned();
        node
    }

    /// Whether unlisted keys are refused.
    pub fn is_strict(&self) -> bool {
        self.strict
    }

    /// The keys that are listed.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// What is known about `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.properties.get(key)
    }

    /// What is known about `key`, which may be one with an arbitrary name.
    pub fn child(&self, key: &str) -> Option<&Node> {
        self.properties.get(key).or(self.others.as_deref())
    }

    /// What is known about the value at `path`.
    pub fn at<S: AsRef<str>>(&self, path: &[S]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.child(key.as_ref()))
    }

    /// Whether the value is a switch: true or false.
    pub fn is_boolean(&self) -> bool {
        self.types.iter().any(|name| name == "boolean")
    }

    /// An example of a valid value.
    pub fn example(&self) -> Option<&Json> {
        self.example.as_ref()
    }

    /// What is expected, in words.
    pub fn expected(&self) -> String {
        if !self.choices.is_empty() {
            let choices: Vec<&str> = self.choices.iter().filter_map(Json::as_str).filter(|c| !c.is_empty()).collect();
            return format!("one of {}", choices.join(", "));
        }
        let names: Vec<&str> = self.types.iter().filter(|name| *name != "null").map(|name| in_words(name)).collect();
        match self.minimum {
            Some(minimum) => format!("{} of at least {minimum}", names.join(" or ")),
            None => names.join(" or "),
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        let kind = kind(value);
        let fits = self.types.is_empty()
            || self.types.iter().any(|name| name == kind || (name == "number" && kind == "integer"));
        let chosen = self.choices.is_empty()
            || self.choices.iter().any(|choice| match &value.data {
                Data::Null => choice.is_null(),
                Data::String(text) => choice == text.as_str(),
                _ => false,
            });
        let enough = match (&value.data, self.minimum) {
            (Data::Number(number), Some(minimum)) => number.as_f64() >= minimum,
            _ => true,
        };
        fits && chosen && enough
    }
}

/// JSON Schema's name for the kind of a value.
fn kind(value: &Value) -> &'static str {
    match &value.data {
        Data::Null => "null",
        Data::Bool(_) => "boolean",
        Data::Number(number) if number.as_f64().fract() == 0.0 => "integer",
        Data::Number(_) => "number",
        Data::String(_) => "string",
        Data::List(_) => "array",
        Data::Map(_) => "object",
    }
}

fn in_words(kind: &str) -> &'static str {
    match kind {
        "null" => "nothing",
        "boolean" => "true or false",
        "integer" => "a whole number",
        "number" => "a number",
        "string" => "a string",
        "array" => "a list",
        _ => "a map",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::PRODUCTS;

    /// Calls `check` on every schema inside `json`.
    fn each(json: &Json, path: &str, check: &mut dyn FnMut(&Json, &str)) {
        check(json, path);
        for (key, child) in json["properties"].as_object().into_iter().flatten() {
            each(child, &format!("{path}.{key}"), check);
        }
        for key in ["additionalProperties", "items"] {
            if json[key].is_object() {
                each(&json[key], &format!("{path}.*"), check);
            }
        }
    }

    /// The JSON Schema keywords that the file may use: those that are read, and those irrelevant to shape.
    const KEYWORDS: [&str; 14] = [
        "type",
        "properties",
        "additionalProperties",
        "items",
        "enum",
        "minimum",
        // For keys that nothing reads: `misplaced-key` reports them in better words, so a property with this does not exist here.
        "not",
        "definitions",
        "patternProperties",
        // Ignored here.
        "$schema",
        "title",
        "description",
        "examples",
        "pattern",
    ];

    #[test]
    fn the_schema_uses_only_what_is_understood_here() {
        for product in PRODUCTS {
            let json: Json = serde_json::from_str(product.schema()).unwrap();
            each(&json, "", &mut |json, path| {
                for keyword in json.as_object().unwrap().keys() {
                    assert!(KEYWORDS.contains(&keyword.as_str()), "{path}: {keyword}");
                }
            });
        }
    }

    #[test]
    fn every_property_is_described_and_its_examples_fit() {
        for product in PRODUCTS {
            let json: Json = serde_json::from_str(product.schema()).unwrap();
            let definitions = json.get("definitions").cloned();
            each(&json, "", &mut |json, path| {
                if path.is_empty() || path.ends_with("s.*") && json["type"] == "string" {
                    return;
                }
                assert!(json["description"].as_str().is_some_and(|text| text.ends_with('.')), "{path}: no description");
                let examples = json["examples"].as_array().unwrap_or_else(|| panic!("{path}: no examples"));
                let mut alone = json.clone();
                if let Some(definitions) = &definitions {
                    alone["definitions"] = definitions.clone();
                }
                let validator = jsonschema::validator_for(&alone).unwrap();
                for example in examples {
                    assert!(validator.is_valid(example), "{path}: {example}");
                }
            });
        }
    }
}
