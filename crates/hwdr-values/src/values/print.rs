//! Prints values: as JSON the way Go writes it, and as a template prints them.

use std::fmt::Write as _;

use super::{Data, Number, Value, number};

impl Number {
    /// The number as a float, its type in JSON.
    #[allow(clippy::cast_precision_loss)] // As in Go.
    pub fn as_f64(&self) -> f64 {
        match self {
            Number::Int(int) => *int as f64,
            Number::Float(float) => *float,
        }
    }

    /// As Go's JSON encoder prints it: `254811200`.
    pub fn to_json_text(&self) -> String {
        match self {
            Number::Int(int) => int.to_string(),
            Number::Float(float) => number::json_float(*float),
        }
    }

    /// As a template prints it: `2.548112e+08` for a float.
    pub fn rendered(&self) -> String {
        match self {
            Number::Int(int) => int.to_string(),
            Number::Float(float) => number::go_float(*float),
        }
    }
}

impl Value {
    /// The value as JSON. Whole numbers are integers there, as Go prints them.
    pub fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.data {
            Data::Null => Json::Null,
            Data::Bool(value) => Json::Bool(*value),
            Data::Number(number) => json_number(number),
            Data::String(text) => Json::String(text.clone()),
            Data::List(list) => list.iter().map(Value::to_json).collect(),
            Data::Map(map) => map.iter().map(|(name, entry)| (name.clone(), entry.value.to_json())).collect(),
        }
    }

    /// The value as JSON, exactly as Go writes it (`toJson` of a template): Go's numbers, and `<`, `>` and `&` escaped.
    /// With `indent`, each entry is on its own line, indented by this many blanks per level.
    pub fn to_json_text(&self, indent: usize) -> String {
        let mut text = String::new();
        self.json(&mut text, indent, 0);
        text
    }

    fn json(&self, text: &mut String, indent: usize, depth: usize) {
        let line = |text: &mut String, depth: usize| {
            if indent > 0 {
                text.push('\n');
                text.extend(std::iter::repeat_n(' ', indent * depth));
            }
        };
        match &self.data {
            Data::Null => text.push_str("null"),
            Data::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Data::Number(number) => text.push_str(&number.to_json_text()),
            Data::String(string) => json_string(string, text),
            Data::List(list) => {
                text.push('[');
                for (index, item) in list.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    line(text, depth + 1);
                    item.json(text, indent, depth + 1);
                }
                if !list.is_empty() {
                    line(text, depth);
                }
                text.push(']');
            }
            Data::Map(map) => {
                text.push('{');
                for (index, (name, entry)) in map.iter().enumerate() {
                    if index > 0 {
                        text.push(',');
                    }
                    line(text, depth + 1);
                    json_string(name, text);
                    text.push_str(if indent > 0 { ": " } else { ":" });
                    entry.value.json(text, indent, depth + 1);
                }
                if !map.is_empty() {
                    line(text, depth);
                }
                text.push('}');
            }
        }
    }

    /// What a template prints for the value: `2.548112e+08` for a whole number of a values file, `[a b]` for a list, and nothing for null.
    pub fn rendered(&self) -> String {
        let mut text = String::new();
        if self.data != Data::Null {
            self.render(&mut text);
        }
        text
    }

    /// Go's `fmt` with `%v`.
    fn render(&self, text: &mut String) {
        match &self.data {
            Data::Null => text.push_str("<nil>"),
            Data::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Data::Number(number) => text.push_str(&number.rendered()),
            Data::String(string) => text.push_str(string),
            Data::List(list) => {
                text.push('[');
                for (index, item) in list.iter().enumerate() {
                    if index > 0 {
                        text.push(' ');
                    }
                    item.render(text);
                }
                text.push(']');
            }
            Data::Map(map) => {
                text.push_str("map[");
                for (index, (name, entry)) in map.iter().enumerate() {
                    if index > 0 {
                        text.push(' ');
                    }
                    text.push_str(name);
                    text.push(':');
                    entry.value.render(text);
                }
                text.push(']');
            }
        }
    }
}

/// A string as Go's `encoding/json` writes it, safe inside HTML.
fn json_string(string: &str, text: &mut String) {
    text.push('"');
    for character in string.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let _ = write!(text, "\\u{:04x}", u32::from(character));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

fn json_number(number: &Number) -> serde_json::Value {
    let text = number.to_json_text();
    if text != "-0" {
        if let Ok(int) = text.parse::<i64>() {
            return int.into();
        }
        if let Ok(uint) = text.parse::<u64>() {
            return uint.into();
        }
    }
    number.as_f64().into()
}
