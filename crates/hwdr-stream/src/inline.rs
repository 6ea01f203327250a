//! The YAML text that an edit adds, formatted for its place: as block lines, or as JSON inside a flow collection.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use serde_json::Value as Json;

use super::edit::EditError;
use super::head::is_null;
use hwdr_values::yaml::{self, Data, NodeId, Style, Tree, quote};

/// A text that is one YAML value.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// As given, with line breaks `\n` and one at the end.
    text: String,
    shape: Shape,
    /// The text as JSON.
    json: Result<String, EditError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// A block mapping or list: its lines go below a key.
    Block,
    /// A literal or folded scalar: its first line goes after the key, and the rest keeps its indentation relative to the key.
    BlockScalar,
    /// Everything else.
    Inline,
}

impl Value {
    /// Checks the text.
    pub(super) fn new(text: &str) -> Result<Self, EditError> {
        let mut text = text.replace("\r\n", "\n");
        let blank = text.len() - text.trim_start_matches('\n').len();
        text.drain(..blank);
        if !text.ends_with('\n') {
            text.push('\n');
        }
        if !yaml::is_printable(&text) {
            return Err(EditError::Value("it has characters that YAML readers interpret differently".to_owned()));
        }
        let tree = Tree::parse(&text).map_err(|error| EditError::Value(error.message))?;
        let wrong = |message: &str| Err(EditError::Value(message.to_owned()));
        let Some(&root) = tree.roots().first() else {
            return Ok(Self { text: "\n".to_owned(), shape: Shape::Inline, json: Ok("null".to_owned()) });
        };
        if tree.roots().len() > 1 || text.starts_with("---") || text.starts_with("...") || text.contains("\n...") {
            return wrong("it is more than one document");
        }
        let span = tree.node(root).span;
        let shape = match &tree.node(root).data {
            Data::Mapping { flow: false, .. } | Data::Sequence { flow: false, .. } => Shape::Block,
            Data::Scalar { style: Style::Block, .. } => Shape::BlockScalar,
            _ => Shape::Inline,
        };
        let line = text[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        if shape == Shape::Block && line != span.start {
            return wrong("it does not begin in the first column");
        }
        if shape != Shape::Block && span.start != 0 {
            return wrong("a comment stands before it");
        }
        let mut json = String::new();
        let json = to_json(&tree, root, &mut json).map(|()| json);
        if ends_in_kept_breaks(&tree, root, &text) {
            return wrong("it ends in a `|+` scalar, which would include the blank lines that follow");
        }
        if has_anchor(&tree, root) {
            return wrong("it has an anchor");
        }
        Ok(Self { text, shape, json })
    }

    /// A value copied from elsewhere.
    pub(super) fn of(value: &Json) -> Result<Self, EditError> {
        Self::new(&yaml::write(value, 0))
    }

    /// Formats it as the value of `key` (already written as YAML) in column `column`:
    /// whole lines, the first without its indentation.
    pub(super) fn as_entry(&self, key: &str, column: usize) -> String {
        match self.shape {
            Shape::Block => format!("{key}:\n{}{}", " ".repeat(column + 2), shift(&self.text, column + 2)),
            Shape::BlockScalar => format!("{key}: {}", shift(&self.text, column)),
            Shape::Inline if self.text == "\n" => format!("{key}:\n"),
            Shape::Inline => format!("{key}: {}", shift(&self.text, column + 2)),
        }
    }

    /// Formats it as an item of a list with its dashes in column `column`: whole lines, the first without its
    /// indentation.
    pub(super) fn as_item(&self, column: usize) -> String {
        match self.shape {
            Shape::BlockScalar => format!("- {}", shift(&self.text, column)),
            Shape::Inline if self.text == "\n" => "-\n".to_owned(),
            Shape::Block | Shape::Inline => format!("- {}", shift(&self.text, column + 2)),
        }
    }

    /// As JSON, on one line.
    pub(super) fn as_json(&self) -> Result<&str, EditError> {
        self.json.as_deref().map_err(Clone::clone)
    }
}

/// Indents all lines but the first and the empty ones.
fn shift(text: &str, by: usize) -> String {
    let mut out = String::with_capacity(text.len() + by * 8);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if number > 0 && line != "\n" {
            out.extend(std::iter::repeat_n(' ', by));
        }
        out.push_str(line);
    }
    out
}

/// A key, written for a block mapping.
pub(super) fn yaml_key(key: &str) -> String {
    if is_surely_text(key) && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./".contains(&byte)) {
        key.to_owned()
    } else {
        quote(key)
    }
}

/// Whether the last line is part of a block scalar that keeps the line breaks after it.
fn ends_in_kept_breaks(tree: &Tree, mut node: NodeId, text: &str) -> bool {
    loop {
        let last = match &tree.node(node).data {
            Data::Sequence { items, flow: false } => items.last().copied(),
            Data::Mapping { entries, flow: false } => entries.last().map(|(_, value)| *value),
            _ => None,
        };
        match last {
            Some(last) => node = last,
            None => break,
        }
    }
    let span = tree.node(node).span;
    let header = text[span.start..span.end].lines().next().unwrap_or_default();
    let block = matches!(tree.node(node).data, Data::Scalar { style: Style::Block, .. });
    block && header.split('#').next().unwrap_or_default().contains('+')
}

fn has_anchor(tree: &Tree, root: NodeId) -> bool {
    let mut open = vec![root];
    while let Some(id) = open.pop() {
        let node = tree.node(id);
        if node.anchored {
            return true;
        }
        match &node.data {
            Data::Sequence { items, .. } => open.extend(items),
            Data::Mapping { entries, .. } => open.extend(entries.iter().flat_map(|(key, value)| [key, value])),
            Data::Scalar { .. } | Data::Alias(_) => {}
        }
    }
    false
}

/// Writes a node as JSON. The texts are the product's own templates: their nesting cannot overflow the stack.
fn to_json(tree: &Tree, id: NodeId, out: &mut String) -> Result<(), EditError> {
    let node = tree.node(id);
    if node.tag.is_some() {
        return Err(EditError::Value("a tag cannot go into JSON".to_owned()));
    }
    match &node.data {
        Data::Scalar { style: Style::Plain, .. } if is_null(tree, id) => out.push_str("null"),
        Data::Scalar { value, style: Style::Plain } => plain_to_json(value, out)?,
        Data::Scalar { value, .. } => out.push_str(&quote(value)),
        Data::Sequence { items, .. } => {
            out.push('[');
            for (number, item) in items.iter().enumerate() {
                out.push_str(if number > 0 { ", " } else { "" });
                to_json(tree, *item, out)?;
            }
            out.push(']');
        }
        Data::Mapping { entries, .. } => {
            out.push('{');
            for (number, (key, value)) in entries.iter().enumerate() {
                out.push_str(if number > 0 { ", " } else { "" });
                let key = tree.scalar(*key).ok_or_else(|| EditError::Value("a key that is not text".to_owned()))?;
                out.push_str(&quote(key));
                out.push_str(": ");
                to_json(tree, *value, out)?;
            }
            out.push('}');
        }
        Data::Alias(_) => return Err(EditError::Value("it has an alias".to_owned())),
    }
    Ok(())
}

/// A plain scalar keeps its meaning: numbers and booleans stay bare, words get quotes, and doubtful ones
/// (`0x1F`, `1_000`, `10:30`) stay as written, which is still YAML.
fn plain_to_json(value: &str, out: &mut String) -> Result<(), EditError> {
    if matches!(value, "true" | "false") || serde_json::from_str::<serde_json::Number>(value).is_ok() {
        out.push_str(value);
    } else if is_surely_text(value) {
        out.push_str(&quote(value));
    } else if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-._:".contains(&byte)) {
        out.push_str(value);
    } else {
        return Err(EditError::Value(format!("`{value}` needs quotes to go into JSON")));
    }
    Ok(())
}

/// Whether every YAML reader takes a plain scalar for text.
fn is_surely_text(value: &str) -> bool {
    const WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    let first = value.chars().next();
    first.is_some_and(|first| first.is_alphabetic() || first == '/' || first == '_')
        && !WORDS.iter().any(|word| value.eq_ignore_ascii_case(word))
}
