//! The stream that Helm gives to a post-renderer: documents that keep their bytes.
//!
//! [`Stream::parse`] splits the stream as Helm does and proves that Helm reads every document the same way;
//! what Helm would refuse, or silently lose, is an error here. [`Stream::objects`] are the heads of all
//! objects; [`Stream::look`] parses one document in full; [`edit`] adds lines to documents; [`write()`] writes the
//! stream, with every byte that was not edited.
//!
//! How Helm reads its post-renderer's output is taken from the sources: Helm 3.22 feeds everything to
//! `k8s.io/apimachinery/pkg/util/yaml` (`YAMLReader`: a line that starts with `---` separates, only a comment may follow
//! on it) and each part to go-yaml v2, which takes the part's first document and ignores the rest; Helm 4.3 splits
//! with kyaml (`kio.ParseAll`) by much the same rule, and gives each part to go-yaml v3.

// Nothing that is read may end the program: what could panic is an error, or `expect` says why it cannot. Tests may.
#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::print_stderr,
        clippy::print_stdout,
        clippy::string_slice,
        clippy::todo,
        clippy::unimplemented,
        clippy::unreachable,
        clippy::unwrap_used
    )
)]
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "documents, objects and positions were found in this very stream"
)]

use std::sync::{Arc, Mutex};

use hwdr_values::cores;
use hwdr_values::source::Span;
use hwdr_values::yaml::{NodeId, Tree};

pub mod edit;
mod error;
mod head;
mod inline;
mod json;
mod parts;
mod plain;
#[cfg(test)]
mod plain_tests;
mod read;
mod shape;
mod split;
mod write;

pub use error::StreamError;
pub use head::Object;
pub use json::json_of;
pub use read::read;
use split::Document;
pub use write::write;

/// A rendered and validated stream.
#[derive(Debug)]
pub struct Stream {
    text: String,
    documents: Vec<Document>,
    objects: Vec<Object>,
    /// The tree of the document that was parsed last: the items of a `List` share it.
    last: Mutex<Option<(usize, Arc<Tree>)>>,
}

/// A document, parsed in full for one of its objects.
#[derive(Debug)]
pub struct Look<'a> {
    /// The whole document. Its spans are bytes of [`Look::text`].
    pub tree: Arc<Tree>,
    /// The object's own mapping: the root of the document, or an item of its `List`.
    pub root: NodeId,
    /// The document's text without its separator line.
    pub text: &'a str,
    /// Which document of the stream, from 0.
    pub document: usize,
    /// Where [`Look::text`] begins in the stream.
    pub offset: usize,
}

impl Stream {
    /// Splits and validates.
    ///
    /// # Errors
    /// If it is not UTF-8 or not YAML, has a scalar or a list as a document, is truncated, or is YAML that Helm would
    /// interpret differently; or if its expanded aliases would not fit into memory.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, StreamError> {
        let text = String::from_utf8(bytes).map_err(|error| {
            let offset = error.utf8_error().valid_up_to();
            StreamError::at_bytes(error.as_bytes(), offset, "this is not UTF-8".to_owned())
        })?;
        let (documents, objects) = parts::read(&text)?;
        Ok(Self { text, documents, objects, last: Mutex::new(None) })
    }

    /// The whole stream.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes it was made from.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    /// The heads of all objects in their order. The items of a `List` are separate objects,
    /// and the `List` is none: Helm does the same.
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The objects (as indices of [`Stream::objects`]) that are worth parsing, judged by head and document text. That text
    /// is the whole `List` for each of its items.
    pub fn select(&self, worth: impl Fn(&Object, &str) -> bool + Sync) -> Vec<usize> {
        const AT_A_TIME: usize = 256;
        let groups: Vec<_> = self.objects.chunks(AT_A_TIME).enumerate().collect();
        let chosen = cores::map(&groups, 1, |(group, objects)| {
            let objects = objects.iter().enumerate();
            let chosen = objects.filter(|(_, object)| worth(object, self.document(object.document)));
            chosen.map(|(index, _)| group * AT_A_TIME + index).collect::<Vec<_>>()
        });
        chosen.concat()
    }

    /// The number of documents, including those without content.
    pub fn documents(&self) -> usize {
        self.documents.len()
    }

    /// The text of a document with its separator line.
    pub fn document(&self, document: usize) -> &str {
        let span = self.documents[document].whole;
        &self.text[span.start..span.end]
    }

    /// The template that a document was rendered from: Helm 3 writes it as the comment `# Source: …` on top.
    pub fn source(&self, document: usize) -> Option<&str> {
        let span = self.documents[document].body;
        error::source_comment(&self.text[span.start..span.end])
    }

    /// Parses the document of an object in full.
    pub fn look(&self, object: &Object) -> Look<'_> {
        let mut look = self.look_at_document(object);
        if let Some(item) = object.item {
            let items = look.tree.get(look.root, "items").map(|items| look.tree.items(items)).unwrap_or_default();
            look.root = items.get(item).map_or(look.root, |item| look.tree.resolve(*item));
        }
        look
    }

    /// Parses the document of an object in full; for an item of a `List`, the whole `List`.
    #[expect(clippy::expect_used, reason = "an object was found by parsing this very document")]
    pub fn look_at_document(&self, object: &Object) -> Look<'_> {
        let Span { start, end } = self.documents[object.document].body;
        let text = &self.text[start..end];
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let tree = match &*last {
            Some((document, tree)) if *document == object.document => Arc::clone(tree),
            _ => Arc::new(Tree::parse(text).expect("Stream::parse() has read it")),
        };
        *last = Some((object.document, Arc::clone(&tree)));
        Look { root: tree.resolve(tree.roots()[0]), tree, text, document: object.document, offset: start }
    }
}

impl Look<'_> {
    /// The text of a node as written.
    pub fn written(&self, node: NodeId) -> &str {
        let span = self.tree.node(node).span;
        &self.text[span.start..span.end]
    }
}
