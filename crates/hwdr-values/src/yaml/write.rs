//! The only emitter: all YAML that hwdr writes, and JSON inside it, comes from here.
//!
//! It writes only printable ASCII and line feeds: characters that YAML 1.1, YAML 1.2, JSON or terminals take for a
//! line break, a text direction or nothing are escaped in double quotes, so that every reader reads the same.

use serde_json::Value as Json;

/// Whether a text consists of printable ASCII and line feeds.
pub fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\n'))
}

/// A string in double quotes. It reads the same in YAML 1.1 and 1.2, and also in JSON if it has no character beyond U+FFFF:
/// JSON writes those as two halves, which go-yaml refuses.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(character),
            '\0'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => out.push_str(&format!("\\U{:08x}", u32::from(character))),
        }
    }
    out.push('"');
    out
}

/// Writes `value` on one line, like JSON.
pub fn flow(value: &Json) -> String {
    match value {
        Json::String(text) => quote(text),
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(",")),
        Json::Object(map) => {
            let entries = map.iter().map(|(key, value)| format!("{}:{}", quote(key), flow(value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

/// Writes `value` as a person would write it in a manifest: in block style after a key, or at the start of a
/// line. Continuation lines get `indent` spaces. A map or list that is not empty begins on the current line, so put
/// it on a separate line.
pub fn write(value: &Json, indent: usize) -> String {
    let mut out = String::new();
    emit(value, indent, &mut out);
    out
}

/// Writes a text after a key as a literal block, its lines with `indent` spaces; in quotes if a block might not
/// preserve it.
pub fn block(text: &str, indent: usize) -> String {
    let blank = |character: char| matches!(character, ' ' | '\n');
    let content = text.strip_suffix('\n').unwrap_or_default();
    if content.is_empty() || content.starts_with(blank) || content.ends_with(blank) || !is_printable(text) {
        return quote(text);
    }
    let pad = " ".repeat(indent);
    let lines =
        content.split('\n').map(|line| if line.is_empty() { "\n".to_owned() } else { format!("\n{pad}{line}") });
    format!("|{}", lines.collect::<String>())
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

/// Whether a value takes several lines.
fn is_block(value: &Json) -> bool {
    match value {
        Json::Object(map) => !map.is_empty(),
        Json::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// A string, without quotes only if every YAML reader takes it for text.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '/')
        && text.len() < 200
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-@:".contains(&byte))
        && !text.ends_with(':')
        && !matches!(
            text.to_ascii_lowercase().as_str(),
            "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null"
        );
    if plain { text.to_owned() } else { quote(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::{Helm, read_source};
    use crate::yaml::Tree;
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
            ("\u{e9}\n\t\"\\", "\"\\u00e9\\n\\t\\\"\\\\\""),
            ("\u{85}\u{2028}\u{1f600}", "\"\\u0085\\u2028\\U0001f600\""),
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
        assert_eq!(flow(&value), value.to_string());
    }

    #[test]
    fn a_block_keeps_its_text() {
        assert_eq!(block("a: 1\n\n  b\n", 4), "|\n    a: 1\n\n      b");
        for text in [
            "",
            "\n",
            "a",
            "a\n",
            " a\n",
            "a\n\n",
            "a \n",
            "a\n  \n",
            "---\n",
            "# a\n",
            "\ta\n",
            "a\u{2028}b\n",
            "a\r\n",
        ] {
            let yaml = format!("k: {}\nl: 1\n", block(text, 2));
            let tree = Tree::parse(&yaml).unwrap();
            assert_eq!(tree.scalar(tree.get(tree.roots()[0], "k").unwrap()), Some(text), "{yaml}");
        }
    }

    /// All characters that any reader treats specially, and a sample of all others; in a text and in a key.
    #[test]
    fn every_character_comes_back_from_printable_ascii() {
        let characters: Vec<char> = ('\0'..='\u{ffff}').chain(('\u{10000}'..=char::MAX).step_by(37)).collect();
        for some in characters.chunks(2048) {
            let texts: Vec<String> = some.iter().map(|c| format!("{c}: {c}")).collect();
            let keys = some.iter().map(|c| (c.to_string(), json!(1))).collect::<serde_json::Map<_, _>>();
            let value = json!({"texts": texts, "keys": keys});
            for text in [write(&value, 0), flow(&value)] {
                assert!(is_printable(&text), "{:?}", some[0]);
                let tree = Tree::parse(&text).unwrap_or_else(|error| panic!("{:?}: {error}", some[0]));
                let root = tree.roots()[0];
                let items = tree.items(tree.get(root, "texts").unwrap()).iter();
                assert!(items.map(|item| tree.scalar(*item).unwrap()).eq(&texts), "{:?}", some[0]);
                let entries = tree.entries(tree.get(root, "keys").unwrap()).iter();
                assert!(entries.map(|(key, _)| tree.scalar(*key).unwrap()).eq(keys.keys()), "{:?}", some[0]);
            }
        }
        // No character is omitted here.
        assert!(('\0'..=char::MAX).all(|c| is_printable(&quote(&c.to_string()))));
    }

    /// go-yaml differs from libyaml in places ([`crate::values`] knows them).
    #[test]
    fn helm_reads_what_is_written() {
        let special =
            ['\0', '\u{7}', '\u{1b}', '\u{7f}', '\u{85}', '\u{a0}', '\u{200e}', '\u{2028}', '\u{2029}', '\u{202e}'];
        let special =
            special.into_iter().chain(['\u{fdd0}', '\u{feff}', '\u{fffe}', '\u{ffff}', '\u{10000}', '\u{10ffff}']);
        let value = json!({"a": special.map(|c| format!("{c}: # - {c}")).collect::<Vec<_>>()});
        for helm in [Helm::V3, Helm::V4] {
            for text in [write(&value, 0), flow(&value)] {
                assert_eq!(read_source(&Source::new("", text), helm).unwrap().to_json(), value);
            }
        }
    }
}
