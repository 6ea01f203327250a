//! What a YAML scalar means to Helm: go-yaml v2's `resolve.go`, with its own reading of YAML 1.1.

#![expect(clippy::indexing_slicing, reason = "empty texts return earlier, and groups have four bytes")]

use std::borrow::Cow;

use super::number;
use super::timestamp::is_timestamp;
use crate::yaml::{Data, Node, NodeId, Tree};

/// What a scalar means.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'t> {
    /// `null`, `~` or nothing.
    Null,
    /// `y`, `yes`, `true`, `on` and their opposites, in three kinds of capitalization.
    Bool(bool),
    /// A whole number; octal by a leading zero.
    Int(i64),
    /// A whole number beyond `i64`.
    Uint(u64),
    /// A number with a point or an exponent, an infinity or NaN.
    Float(f64),
    /// Text. Timestamps are text, too.
    Text(Cow<'t, str>),
}

/// The prefix of YAML's own tags, which are written `!!name`.
const YAML_TAGS: &str = "tag:yaml.org,2002:";

/// What the node means, if it is a scalar (or an alias of one) that Helm can read.
pub fn resolve_plain(tree: &Tree, id: NodeId) -> Option<Scalar<'_>> {
    resolve_node(tree.node(tree.resolve(id)))?.ok()
}

/// What a scalar means, or why its tag does not fit; `None` for a collection.
pub(super) fn resolve_node(node: &Node) -> Option<Result<Scalar<'_>, String>> {
    let Data::Scalar { value, .. } = &node.data else { return None };
    Some(match &node.tag {
        None if node.implicit => Ok(resolve_text(value)),
        None => Ok(Scalar::Text(value.into())),
        Some(tag) => resolve_tagged(tag, value),
    })
}

/// The string that a mapping's key becomes in JSON (`sigs.k8s.io/yaml`); `None` if Helm refuses the key.
pub fn key_text(tree: &Tree, key: NodeId) -> Option<String> {
    match resolve_plain(tree, key)? {
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Int(int) => Some(int.to_string()),
        Scalar::Float(float) => Some(number::go_float_key(float)),
        Scalar::Text(text) => Some(text.into_owned()),
        Scalar::Null | Scalar::Uint(_) => None,
    }
}

/// What a scalar without quotes and tag means.
pub(crate) fn resolve_text(text: &str) -> Scalar<'_> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Scalar::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Scalar::Bool(false),
        ".nan" | ".NaN" | ".NAN" => Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Scalar::Float(f64::NEG_INFINITY),
        _ => match text.as_bytes()[0] {
            b'.' => number::parse_point_float(text).map(Scalar::Float),
            b'0'..=b'9' | b'+' | b'-' => resolve_number(text),
            _ => None,
        }
        .unwrap_or(Scalar::Text(text.into())),
    }
}

/// A number that starts with a digit or a sign. Underscores are ignored everywhere; sexagesimal numbers are not supported.
fn resolve_number(text: &str) -> Option<Scalar<'static>> {
    let plain = text.replace('_', "");
    if let Some(int) = number::parse_int(&plain) {
        return Some(Scalar::Int(int));
    }
    if let Some(uint) = number::parse_uint(&plain) {
        return Some(Scalar::Uint(uint));
    }
    if number::looks_like_float(&plain)
        && let Some(float) = number::parse_decimal(&plain)
    {
        return Some(Scalar::Float(float));
    }
    // Go's own parser handles `0b`, so this only adds a sign after the prefix: `0b-11`.
    if let Some(digits) = plain.strip_prefix("0b") { number::parse_binary(digits).map(Scalar::Int) } else { None }
}

/// A scalar with a tag: quotes then make no difference.
fn resolve_tagged<'t>(tag: &str, text: &'t str) -> Result<Scalar<'t>, String> {
    let kept = Ok(Scalar::Text(text.into()));
    let Some(name) = tag.strip_prefix(YAML_TAGS) else { return kept };
    if name == "binary" {
        return decode_base64(text)
            .map(|bytes| Scalar::Text(go_lossy(&bytes).into()))
            .ok_or_else(|| "!!binary value contains invalid base64 data".to_owned());
    }
    if name == "timestamp" && is_timestamp(text) {
        return kept;
    }
    if !matches!(name, "bool" | "int" | "float" | "null" | "timestamp") {
        return kept; // `!!str`, and tags unknown to go-yaml.
    }
    let scalar = resolve_text(text);
    let is = match &scalar {
        Scalar::Null => "null",
        Scalar::Bool(_) => "bool",
        Scalar::Int(_) | Scalar::Uint(_) => "int",
        Scalar::Float(_) => "float",
        Scalar::Text(_) if text == "<<" => "merge",
        Scalar::Text(_) => "str",
    };
    match scalar {
        #[allow(clippy::cast_precision_loss)] // Go converts it, too.
        Scalar::Int(int) if name == "float" => Ok(Scalar::Float(int as f64)),
        scalar if is == name => Ok(scalar),
        _ => Err(format!("cannot decode !!{is} `{text}` as a !!{name}")),
    }
}

/// Go's `base64.StdEncoding`: padding is required, line breaks are ignored.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !symbols.len().is_multiple_of(4) {
        return None;
    }
    let padding = symbols.iter().rev().take_while(|byte| **byte == b'=').count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(symbols.len() / 4 * 3);
    for (index, group) in symbols.chunks_exact(4).enumerate() {
        let last = (index + 1) * 4 == symbols.len();
        let used = if last { 4 - padding } else { 4 };
        let mut bits = 0_u32;
        for symbol in &group[..used] {
            let value = match symbol {
                b'A'..=b'Z' => symbol - b'A',
                b'a'..=b'z' => symbol - b'a' + 26,
                b'0'..=b'9' => symbol - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return None,
            };
            bits = bits << 6 | u32::from(value);
        }
        bits <<= 6 * (4 - used);
        bytes.extend_from_slice(&bits.to_be_bytes()[1..used]);
    }
    Some(bytes)
}

/// Bytes as Go's JSON encoder writes them: each byte that is not part of UTF-8 becomes one U+FFFD. (Rust's own function joins some of them.)
pub(super) fn go_lossy(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(std::iter::repeat_n('\u{fffd}', chunk.invalid().len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_are_yaml_1_1_in_gos_way() {
        let text = |text: &'static str| Scalar::Text(text.into());
        for (written, expected) in [
            ("yes", Scalar::Bool(true)),
            ("y", Scalar::Bool(true)),
            ("On", Scalar::Bool(true)),
            ("oN", text("oN")),
            ("OFF", Scalar::Bool(false)),
            ("n", Scalar::Bool(false)),
            ("~", Scalar::Null),
            ("Null", Scalar::Null),
            ("nULL", text("nULL")),
            ("254811200", Scalar::Int(254_811_200)),
            ("1_000", Scalar::Int(1000)),
            ("1__0_", Scalar::Int(10)),
            ("_1", text("_1")),
            ("0777", Scalar::Int(511)),
            ("08", Scalar::Float(8.0)),
            ("0o17", Scalar::Int(15)),
            ("0x_1F", Scalar::Int(31)),
            ("0b11", Scalar::Int(3)),
            ("0b-11", Scalar::Int(-3)),
            ("-0b11", Scalar::Int(-3)),
            ("-0", Scalar::Int(0)),
            ("+", text("+")),
            ("18446744073709551615", Scalar::Uint(u64::MAX)),
            ("18446744073709551616", Scalar::Float(18_446_744_073_709_551_616.0)),
            ("1e3", Scalar::Float(1000.0)),
            ("1.e3", Scalar::Float(1000.0)),
            ("1e400", text("1e400")),
            (".5", Scalar::Float(0.5)),
            (".5_0", Scalar::Float(0.5)),
            ("._5", text("._5")),
            ("-.5", Scalar::Float(-0.5)),
            ("-.inf", Scalar::Float(f64::NEG_INFINITY)),
            (".", text(".")),
            ("1:30", text("1:30")),
            ("190:20:30.15", text("190:20:30.15")),
            ("2001-12-14", text("2001-12-14")),
            ("0x1p3", text("0x1p3")),
            ("inf", text("inf")),
            ("=", text("=")),
        ] {
            assert_eq!(resolve_text(written), expected, "{written}");
        }
    }

    #[test]
    fn tags_bind_the_meaning() {
        for (written, expected) in [
            ("!!str 12", Ok(Scalar::Text("12".into()))),
            ("!!int '0x10'", Ok(Scalar::Int(16))),
            ("!!float 1", Ok(Scalar::Float(1.0))),
            ("!!int 1.5", Err("cannot decode !!float `1.5` as a !!int")),
            ("!!bool \"yes\"", Ok(Scalar::Bool(true))),
            ("!!binary aGk=", Ok(Scalar::Text("hi".into()))),
            ("!!binary aGk", Err("!!binary value contains invalid base64 data")),
            ("!!binary gICA", Ok(Scalar::Text("\u{fffd}\u{fffd}\u{fffd}".into()))),
            ("!foo 12", Ok(Scalar::Text("12".into()))),
            ("! 12", Ok(Scalar::Text("12".into()))),
            ("!!timestamp 2001-1-1", Ok(Scalar::Text("2001-1-1".into()))),
            ("!!timestamp x", Err("cannot decode !!str `x` as a !!timestamp")),
            ("!!null ''", Ok(Scalar::Null)),
        ] {
            let tree = Tree::parse(written).unwrap();
            let resolved = resolve_node(tree.node(tree.roots()[0])).unwrap();
            assert_eq!(resolved, expected.map_err(str::to_owned), "{written}");
        }
    }
}
