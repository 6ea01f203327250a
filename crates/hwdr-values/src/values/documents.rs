//! From the bytes of a values file to values: its text, its documents, and their merged result.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use std::borrow::Cow;
use std::sync::Arc;

use super::resolve::go_lossy;
use super::{Data, Helm, Map, Value, ValuesError, from_yaml, go_yaml, merge, pasted, template};
use crate::source::{Place, Source, Span};
use crate::yaml::{Budget, SyntaxError, Tree};

/// The text of a values file. libyaml, and so Helm, reads UTF-8 and, after a byte order mark, UTF-16
/// (what PowerShell's `>` writes).
///
/// # Errors
/// If the bytes are not text.
pub fn text_of(name: &str, bytes: Vec<u8>) -> Result<Arc<Source>, ValuesError> {
    let text = match bytes.get(..2) {
        Some([0xff, 0xfe]) => utf16(name, &bytes, u16::from_le_bytes)?,
        Some([0xfe, 0xff]) => utf16(name, &bytes, u16::from_be_bytes)?,
        _ => String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let line = memchr::memchr_iter(b'\n', &error.as_bytes()[..valid]).count() + 1;
            ValuesError::unreadable(format!("{name}:{line}: not a text in UTF-8 (byte {valid})"))
        })?,
    };
    Ok(Source::new(name, text))
}

fn utf16(name: &str, bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, ValuesError> {
    let (units, rest) = bytes.as_chunks::<2>();
    char::decode_utf16(units.iter().map(|pair| unit(*pair)))
        .collect::<Result<String, _>>()
        .ok()
        .filter(|_| rest.is_empty())
        .ok_or_else(|| {
            ValuesError::unreadable(format!("{name}: not a text in UTF-16, which its first two bytes announce"))
        })
}

/// Reads the bytes of a values file.
pub(super) fn read_bytes(name: &str, bytes: Vec<u8>, helm: Helm) -> Result<Value, ValuesError> {
    if helm == Helm::V4 && matches!(bytes.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff])) {
        // It splits the file into lines at single bytes, and appends one more byte to most.
        return Err(ValuesError::unsupported(format!("{name}: Helm 4 does not read UTF-16: save it as UTF-8"), None));
    }
    read_source(&text_of(name, bytes)?, helm)
}

/// Reads one values file: Helm 3 takes the first document, Helm 4 merges all.
///
/// # Errors
/// If Helm refuses it.
pub(crate) fn read_source(source: &Arc<Source>, helm: Helm) -> Result<Value, ValuesError> {
    read_documents(source, helm).map_err(|error| template::explain(error, source))
}

/// Every document of a file that is a map, as Kubernetes tools read it.
///
/// # Errors
/// If it is not YAML, or cannot be written as JSON.
pub fn read_all(source: &Arc<Source>) -> Result<Vec<Value>, ValuesError> {
    let tree = Tree::parse(&source.text)
        .map_err(|error| template::explain(explained(&error, &source.text, source, 0), source))?;
    let mut budget = Budget::default();
    let documents = tree.roots().iter().map(|root| from_yaml::decode(&tree, *root, source, 0, &mut budget));
    let maps = documents.filter(|value| !matches!(value, Ok(Value { data, .. }) if !matches!(data, Data::Map(_))));
    maps.collect()
}

/// Reads values at `span` of another text, such as those of a block scalar: indented, and with places in the whole text.
///
/// # Errors
/// If Helm would refuse them.
pub fn read_inside(source: &Arc<Source>, span: Span) -> Result<Value, ValuesError> {
    let text = source.text.get(span.start..span.end).unwrap_or_default();
    read_document(source, span.start, text, &mut Budget::default())
}

fn read_documents(source: &Arc<Source>, helm: Helm) -> Result<Value, ValuesError> {
    let mut budget = Budget::default();
    match helm {
        Helm::V3 => read_document(source, 0, &source.text, &mut budget),
        Helm::V4 => {
            let mut map = Map::new();
            for (offset, text) in split(source)? {
                if let Data::Map(layer) = read_document(source, offset, &text, &mut budget)?.data {
                    merge::merge(&mut map, layer);
                }
            }
            Ok(Value { data: Data::Map(map), place: whole(source) })
        }
    }
}

/// Reads the first document of `text`, which is at `offset` in the source. Empty text, or `null`, is an empty map.
fn read_document(source: &Arc<Source>, offset: usize, text: &str, budget: &mut Budget) -> Result<Value, ValuesError> {
    go_yaml::check_text(text, source, offset)?;
    let tree = Tree::parse_first(text).map_err(|error| explained(&error, text, source, offset))?;
    go_yaml::check_tree(&tree, text, source, offset)?;
    let value = match tree.roots().first() {
        Some(root) => from_yaml::decode(&tree, *root, source, offset, budget)?,
        None => Value { data: Data::Null, place: whole(source) },
    };
    match value.data {
        Data::Map(_) => Ok(value),
        Data::Null => Ok(Value { data: Data::Map(Map::new()), place: value.place }),
        other => Err(ValuesError::refused(format!("values are a map, not {}", other.kind()), Some(value.place))),
    }
}

/// Why `text`, which is at `offset` in the source, is not YAML: in plain words, at the line to change.
fn explained(error: &SyntaxError, text: &str, source: &Arc<Source>, offset: usize) -> ValuesError {
    let trouble = pasted::find(text, error);
    let span = Span::new(offset + trouble.span.start, offset + trouble.span.end);
    let place = Some(Place::new(Arc::clone(source), span));
    if go_yaml::only_libyaml_refuses(error, text) {
        let message =
            format!("hwdr cannot read this, though Helm may: write the texts near it in quotes ({})", error.message);
        let at = offset + error.offset;
        return ValuesError::unsupported(message, Some(Place::new(Arc::clone(source), Span::new(at, at))));
    }
    let mends = !trouble.mend.is_empty() && pasted::mended(source).is_some();
    ValuesError::refused(trouble.words(text) + if mends { " (hwdr lint --fix does it)" } else { "" }, place)
}

/// The documents of a file as Helm 4 splits it, with the `YAMLReader` of `k8s.io/apimachinery`: at every line that starts with `---`,
/// whatever that means in YAML. Each ends in a line break, added if the file has none.
fn split(source: &Arc<Source>) -> Result<Vec<(usize, Cow<'_, str>)>, ValuesError> {
    let text = source.text.as_str();
    let mut documents = Vec::new();
    let mut start = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if let Some(rest) = line.strip_prefix("---") {
            let rest = rest.trim();
            if !rest.is_empty() && !rest.starts_with('#') {
                let message = format!("Helm 4 refuses text after the document separator: {rest}");
                let place = Place::new(Arc::clone(source), Span::new(at, at + line.trim_end().len()));
                return Err(ValuesError::refused(message, Some(place)));
            }
            if at > start {
                documents.push((start, Cow::Borrowed(&text[start..at])));
                start = at + line.len();
            }
        }
        at += line.len();
    }
    if at > start {
        let last = &text[start..];
        let ended = if last.ends_with('\n') { last.into() } else { format!("{last}\n").into() };
        documents.push((start, ended));
    }
    Ok(documents)
}

fn whole(source: &Arc<Source>) -> Place {
    Place::new(Arc::clone(source), Span::new(0, source.text.len()))
}

/// The text of a file given by `--set-file`. Helm keeps its bytes; what is not UTF-8 is converted here as in Helm's JSON.
pub(super) fn set_file_text(bytes: &[u8]) -> String {
    go_lossy(bytes)
}
