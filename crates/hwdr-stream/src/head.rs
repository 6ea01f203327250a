//! The head of an object: its kind and name.

#![expect(clippy::indexing_slicing, clippy::string_slice, reason = "positions were found in this very text")]

use super::StreamError;
use super::plain::{self, Scan};
use super::split::Document;
use hwdr_values::source::Span;
use hwdr_values::values::MAX_DEPTH;
use hwdr_values::yaml::{self, Budget, Data, NodeId, Style, Tree};

/// The head of one object of the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// apiVersion, kind, namespace and name, concatenated.
    text: Box<str>,
    /// Where apiVersion, kind and namespace end in it.
    ends: [usize; 3],
    /// Which document of the stream, from 0.
    pub document: usize,
    /// Which item of a `List`, from 0, if the document is one.
    pub item: Option<usize>,
    /// The line of the stream on which the object begins, from 1.
    pub line: usize,
}

impl Object {
    /// `apiVersion`, or empty.
    pub fn api_version(&self) -> &str {
        &self.text[..self.ends[0]]
    }

    /// The group of `apiVersion`, empty for the core group.
    pub fn group(&self) -> &str {
        self.api_version().split_once('/').map_or("", |(group, _)| group)
    }

    /// `kind`, or empty.
    pub fn kind(&self) -> &str {
        &self.text[self.ends[0]..self.ends[1]]
    }

    /// `metadata.namespace`.
    pub fn namespace(&self) -> Option<&str> {
        let namespace = &self.text[self.ends[1]..self.ends[2]];
        (!namespace.is_empty()).then_some(namespace)
    }

    /// `metadata.name`, or empty.
    pub fn name(&self) -> &str {
        &self.text[self.ends[2]..]
    }

    /// Its identity: apiVersion, kind, namespace and name.
    pub(super) fn id(&self) -> [&str; 4] {
        [self.api_version(), self.kind(), self.namespace().unwrap_or_default(), self.name()]
    }

    /// The same object, this many documents and lines further on.
    pub(super) fn moved(self, documents: usize, lines: usize) -> Self {
        Self { document: self.document + documents, line: self.line + lines, ..self }
    }

    /// Builds a head. `head` is apiVersion, kind, namespace and name.
    pub(super) fn new(head: [&str; 4], document: usize, item: Option<usize>, line: usize) -> Self {
        let mut ends = [0; 3];
        let mut end = 0;
        for (slot, part) in ends.iter_mut().zip(head) {
            end += part.len();
            *slot = end;
        }
        Self { text: head.concat().into_boxed_str(), ends, document, item, line }
    }
}

/// Reads the heads of a document's objects; the document's text begins on line `first_line`.
pub(super) fn read(
    stream: &str,
    number: usize,
    document: &Document,
    first_line: usize,
    objects: &mut Vec<Object>,
    budget: &mut Budget,
) -> Result<(), StreamError> {
    let Span { start, end } = document.body;
    let body = &stream[start..end];
    match plain::scan(body.as_bytes()) {
        Scan::Empty => Ok(()),
        Scan::Object(head) => {
            let text = |span: Span| &body[span.start..span.end];
            let parts = [text(head.api_version), text(head.kind), text(head.namespace), text(head.name)];
            let line = first_line + memchr::memchr_iter(b'\n', &body.as_bytes()[..head.start]).count();
            objects.push(Object::new(parts, number, None, line));
            Ok(())
        }
        Scan::Unsure => parse(stream, number, document, first_line, objects, budget),
    }
}

/// Reads the heads of a document's objects with the parser.
pub(super) fn parse(
    stream: &str,
    number: usize,
    document: &Document,
    first_line: usize,
    objects: &mut Vec<Object>,
    budget: &mut Budget,
) -> Result<(), StreamError> {
    let Span { start, end } = document.body;
    let body = &stream[start..end];
    let fail = |offset: usize, message: String| StreamError::new(stream, start + offset, number, body, message);
    let tree = Tree::parse(body).map_err(|error| {
        // The parser does not report where such a character is.
        let character = error.message.contains("control char").then(|| body.find(is_control)).flatten();
        let offset = character.unwrap_or(error.offset);
        fail(offset, explain(body, offset, error.message))
    })?;
    let Some(&root) = tree.roots().first() else { return Ok(()) };
    if let Some(&second) = tree.roots().get(1) {
        let message = "a second document without a preceding line `---`: Helm would drop it".to_owned();
        return Err(fail(tree.node(second).span.start, message));
    }
    yaml::check(&tree, root, MAX_DEPTH, budget).map_err(|error| fail(error.offset, error.message))?;
    let what = match &tree.node(root).data {
        Data::Mapping { .. } => {
            heads(body, &tree, root, number, first_line, objects);
            return Ok(());
        }
        Data::Scalar { .. } if is_null(&tree, root) => return Ok(()),
        Data::Scalar { value, .. } if value.len() < 40 && !value.contains('\n') => format!("the text `{value}`"),
        Data::Scalar { .. } => "a text".to_owned(),
        Data::Sequence { .. } | Data::Alias(_) => "a list".to_owned(),
    };
    Err(fail(tree.node(root).span.start, format!("the document is {what}, not an object (`kind: …`)")))
}

/// Adds the heads of an object, or of a list's items.
fn heads(body: &str, tree: &Tree, root: NodeId, document: usize, first_line: usize, objects: &mut Vec<Object>) {
    let mut lines = Lines { body, line: first_line, offset: 0 };
    let head = head(tree, root);
    let items = tree.get(root, "items").map(|items| tree.items(items)).unwrap_or_default();
    if !is_list(tree, root) {
        objects.push(Object::new(head, document, None, lines.at(tree.node(root).span.start)));
        return;
    }
    for (item, &node) in items.iter().enumerate() {
        let line = lines.at(tree.node(node).span.start);
        let mut own = self::head(tree, node);
        if own[1].is_empty() {
            // The items of a typed list (`kind: PodList`) may omit their kind.
            own[0] = head[0];
            own[1] = head[1].strip_suffix("List").unwrap_or_default();
        }
        objects.push(Object::new(own, document, Some(item), line));
    }
}

/// Whether Helm splits the object into its items: the Kubernetes libraries treat any object with a list as `items` at its top
/// as one, of any kind (`unstructuredJSONScheme.decode`, `FlattenListVisitor`).
fn is_list(tree: &Tree, root: NodeId) -> bool {
    tree.get(root, "items").is_some_and(|items| {
        matches!(tree.node(tree.resolve(items)).data, Data::Sequence { .. })
            && tree.items(items).iter().all(|item| matches!(tree.node(tree.resolve(*item)).data, Data::Mapping { .. }))
    })
}

/// apiVersion, kind, namespace and name of a mapping.
fn head(tree: &Tree, object: NodeId) -> [&str; 4] {
    let text = |keys: &[&str]| {
        let node = tree.path(object, keys).filter(|node| !is_null(tree, *node));
        node.and_then(|node| tree.scalar(node)).unwrap_or_default()
    };
    [text(&["apiVersion"]), text(&["kind"]), text(&["metadata", "namespace"]), text(&["metadata", "name"])]
}

/// Whether a node is YAML's null.
pub(super) fn is_null(tree: &Tree, node: NodeId) -> bool {
    let node = tree.node(tree.resolve(node));
    let null_tag = node.tag.as_deref().is_none_or(|tag| tag == "tag:yaml.org,2002:null");
    match &node.data {
        Data::Scalar { value, style: Style::Plain } => {
            null_tag && matches!(value.as_str(), "" | "~" | "null" | "Null" | "NULL")
        }
        _ => false,
    }
}

/// Counts lines forward.
struct Lines<'t> {
    body: &'t str,
    line: usize,
    offset: usize,
}

impl Lines<'_> {
    /// The line of an offset, which is not smaller than the previous one (an alias may point back: then the line is
    /// only approximate).
    fn at(&mut self, offset: usize) -> usize {
        if offset > self.offset {
            self.line += memchr::memchr_iter(b'\n', &self.body.as_bytes()[self.offset..offset]).count();
            self.offset = offset;
        }
        self.line
    }
}

/// Characters that YAML never allows.
fn is_control(character: char) -> bool {
    let allowed = matches!(character, '\n' | '\r' | '\t' | '\u{85}' | '\u{feff}');
    !allowed && (character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}'))
}

/// The parser's message, and the fix if the cause is known.
fn explain(body: &str, offset: usize, message: String) -> String {
    let rest = &body[body.floor_char_boundary(offset.min(body.len()))..];
    if rest.starts_with('\t') {
        format!("{message}; a tab cannot indent YAML")
    } else if body.trim_start_matches('\u{feff}').starts_with('%') {
        format!("{message}; Helm cannot read a stream with directives (`%YAML`, `%TAG`)")
    } else if message.contains("<document start>") {
        format!("{message}; Helm would drop this text, which has no `---` before it")
    } else if rest.trim().is_empty() {
        format!("{message}; is the stream cut short?")
    } else {
        message
    }
}
