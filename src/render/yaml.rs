//! JSON as YAML, in the form that a person would write into a manifest.

use serde_json::Value as Json;

/// Writes `value` in block style behind a key, or at the start of a line: continuation lines get `indent` spaces.
/// A map or list that is not empty begins on the line where it stands, so put it on a line of its own.
pub fn write(value: &Json, indent: usize) -> String {
    let mut out = String::new();
    emit(value, indent, &mut out);
    out
}

fn emit(value: &Json, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Json::Object(map) if !map.is_empty() => {
            for (index, (key, value)) in map.iter().enumerate() {
                if index > 0 {
                    out.push('\n');
                    out.push_str(&pad);
                }
                out.push_str(&scalar(key));
                out.push(':');
                if is_block(value) {
                    out.push('\n');
                    out.push_str(&pad);
                    out.push_str("  ");
                } else {
                    out.push(' ');
                }
                emit(value, indent + 2, out);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push('\n');
                    out.push_str(&pad);
                }
                out.push_str("- ");
                emit(item, indent + 2, out);
            }
        }
        Json::String(text) => out.push_str(&scalar(text)),
        other => out.push_str(&other.to_string()),
    }
}

/// Whether a value takes lines of its own.
fn is_block(value: &Json) -> bool {
    match value {
        Json::Object(map) => !map.is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// A string, without quotes only where no YAML reader could take it for anything else.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.len() < 200
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-@".contains(&byte) || byte == b':')
        && !text.ends_with(':')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    if plain { text.to_owned() } else { Json::String(text.to_owned()).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_could_be_misread_is_quoted() {
        for (text, expected) in [
            ("docker.hops.works/hopsworks/rondb:1.2", "docker.hops.works/hopsworks/rondb:1.2"),
            ("254811200", "\"254811200\""),
            ("no", "\"no\""),
            ("", "\"\""),
            ("a: b", "\"a: b\""),
            ("-x", "\"-x\""),
            ("x:", "\"x:\""),
            ("é\n", "\"é\\n\""),
        ] {
            assert_eq!(scalar(text), expected);
        }
    }

    #[test]
    fn blocks_are_indented_below_their_key() {
        let value = json!({"a": [{"b": 1, "c": {"d": true}}, "x"], "e": {}, "f": []});
        assert_eq!(
            write(&value, 4),
            "a:\n      - b: 1\n        c:\n          d: true\n      - x\n    e: {}\n    f: []"
        );
    }
}
