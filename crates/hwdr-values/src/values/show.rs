//! Shows values to people: as YAML that Helm reads back to the same values, with the origin of each.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use std::fmt::Write as _;

use super::{Data, Scalar, Value, resolve_text};
use crate::source::Place;

/// The values as YAML. With `origins`, each line with a value shows where it was written.
pub fn yaml(values: &Value, origins: bool) -> String {
    let mut printer = Printer { text: String::new(), origins };
    match &values.data {
        Data::Map(map) if !map.is_empty() => printer.children(values, 0),
        _ => {
            printer.text.push_str(&leaf(values));
            printer.text.push('\n');
        }
    }
    printer.text
}

/// Each value that is not a filled map or list, with its path as `--set` writes it and where it was written.
pub fn origins(values: &Value) -> serde_json::Value {
    let mut all = Vec::new();
    collect(values, &mut String::new(), &mut all);
    all.into()
}

fn collect(value: &Value, path: &mut String, all: &mut Vec<serde_json::Value>) {
    let before = path.len();
    match &value.data {
        Data::Map(map) if !map.is_empty() => {
            for (name, entry) in map {
                if before > 0 {
                    path.push('.');
                }
                for character in name.chars() {
                    if matches!(character, '.' | '=' | ',' | '[' | '\\') {
                        path.push('\\');
                    }
                    path.push(character);
                }
                collect(&entry.value, path, all);
                path.truncate(before);
            }
        }
        Data::List(list) if !list.is_empty() => {
            for (index, item) in list.iter().enumerate() {
                let _ = write!(path, "[{index}]");
                collect(item, path, all);
                path.truncate(before);
            }
        }
        _ => all.push(serde_json::json!({
            "path": path, "value": value.to_json(), "origin": origin(&value.place),
        })),
    }
}

/// How much of a flag's argument is shown with each of its values, in characters.
const LONGEST_ARGUMENT: usize = 200;

/// Where a value comes from: `values.yaml:3:9`, or the flag with its argument. Nothing for what Helm itself added.
fn origin(place: &Place) -> Option<String> {
    match place.source.name.as_str() {
        "" => None,
        flag if flag.starts_with("--") => {
            let argument = &place.source.text;
            // One argument may hold thousands of values, and each would repeat all of it.
            match argument.char_indices().nth(LONGEST_ARGUMENT) {
                Some((end, _)) => Some(format!("{flag} {}…", &argument[..end])),
                None => Some(format!("{flag} {argument}")),
            }
        }
        _ => Some(place.to_string()),
    }
}

struct Printer {
    text: String,
    origins: bool,
}

impl Printer {
    /// The entries of a map or the items of a list, each on one line or more.
    fn children(&mut self, value: &Value, indent: usize) {
        match &value.data {
            Data::Map(map) => {
                for (name, entry) in map {
                    self.indent(indent);
                    let key = text(name);
                    // Beyond 1,024 characters, a key must be explicit.
                    if key.len() > 1000 {
                        let _ = write!(self.text, "? {key}\n{:indent$}", "");
                    } else {
                        self.text.push_str(&key);
                    }
                    self.text.push(':');
                    self.child(&entry.value, indent + 2, false);
                }
            }
            Data::List(list) => {
                for item in list {
                    self.indent(indent);
                    self.text.push('-');
                    self.child(item, indent + 2, true);
                }
            }
            _ => {}
        }
    }

    /// What follows a `:` or a `-`.
    fn child(&mut self, value: &Value, indent: usize, in_list: bool) {
        let filled = match &value.data {
            Data::Map(map) => !map.is_empty(),
            Data::List(list) => !list.is_empty(),
            _ => false,
        };
        if filled && in_list {
            // Its first line is after the dash.
            self.text.push(' ');
            let start = self.text.len();
            self.children(value, indent);
            self.text.replace_range(start..start + indent, "");
            return;
        }
        if filled {
            self.text.push('\n');
            self.children(value, indent);
            return;
        }
        self.text.push(' ');
        self.text.push_str(&leaf(value));
        if let Some(origin) = origin(&value.place).filter(|_| self.origins) {
            // An argument may contain anything, even a line break.
            let origin: String = origin.chars().map(|c| if printable(c) { c } else { '\u{fffd}' }).collect();
            let _ = write!(self.text, " # {origin}");
        }
        self.text.push('\n');
    }

    fn indent(&mut self, by: usize) {
        self.text.extend(std::iter::repeat_n(' ', by));
    }
}

fn leaf(value: &Value) -> String {
    match &value.data {
        Data::Null => "null".to_owned(),
        Data::Bool(value) => value.to_string(),
        // Without a point it would be read as a whole number, and lose its sign.
        Data::Number(number) => Some(number.to_json_text()).filter(|text| text != "-0").unwrap_or("-0.0".to_owned()),
        Data::String(string) => text(string),
        Data::List(_) => "[]".to_owned(),
        Data::Map(_) => "{}".to_owned(),
    }
}

/// A text, in quotes if it would not be text without them.
fn text(string: &str) -> String {
    let first = |c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '/');
    let later = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '.' | '-' | '+' | '@');
    let plain = string.starts_with(first) && string.chars().all(later);
    if plain && matches!(resolve_text(string), Scalar::Text(_)) {
        return string.to_owned();
    }
    let mut quoted = "\"".to_owned();
    for character in string.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            _ if printable(character) => quoted.push(character),
            _ => {
                let _ = write!(quoted, "\\U{:08x}", u32::from(character));
            }
        }
    }
    quoted.push('"');
    quoted
}

/// Whether YAML allows a character unescaped within a line.
fn printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{fefe}' | '\u{ff00}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    fn values(text: &str) -> Value {
        read_one(Source::new("v.yaml", text)).unwrap()
    }

    #[test]
    fn what_is_printed_reads_back() {
        for text in [
            "a: 'yes'\nb: \"1\"\nc: [1, {d: null, e: [[1, {f: g}]]}, []]\n\"x y\": {e: {}}\n",
            "a: \"\\0\\x7f\\u2028\\ufeff'\\\"\\\\/\"\n'~': ''\n'<<': '#'\n",
            "{}",
            "n: [1.5, 1e30, -0.0, 254811200]\nm: |\n  line\n  line\n",
            "a: '=,.[]{}:? x'\n'- a': '@x'\n",
        ] {
            let before = values(text);
            for origins in [false, true] {
                let printed = yaml(&before, origins);
                assert_eq!(values(&printed).to_json(), before.to_json(), "{printed}");
            }
        }
    }

    #[test]
    fn origins_stand_behind_the_values() {
        assert_eq!(
            yaml(&values("a:\n  b: [x, 'y']\n"), true),
            "a:\n  b:\n    - x # v.yaml:2:7\n    - \"y\" # v.yaml:2:10\n"
        );
        let json = origins(&values("a.b: [{c: 1}]\n"));
        assert_eq!(json, serde_json::json!([{"path": "a\\.b[0].c", "value": 1, "origin": "v.yaml:1:11"}]));
    }
}
