//! A second document in a values file.
//!
//! ## What it does
//! Looks for more than one YAML document (`---`) in a values file.
//!
//! ## Why is this bad
//! Helm 3 reads the first document and silently drops the others; Helm 4 merges them all. The same file is two
//! different configurations, and for Helm 3 a restore block in the second document does not exist.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! ---
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Use instead
//! One document; or two files, with `-f` for each.
//! ```yaml
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! None: whole documents would have to move.

#![expect(clippy::string_slice, reason = "positions were found in this very text")]

use crate::lint::rules::Rule;
use crate::lint::{Context, Finding, Level, view};
use crate::product;
use crate::source::{Place, Span};
use crate::values::Value;
use crate::yaml::Tree;

/// See the head of this file.
pub struct SecondDocument;

impl Rule for SecondDocument {
    fn name(&self) -> &'static str {
        "second-document"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("second_document.rs")
    }

    fn check(&self, values: &Value, context: &Context, findings: &mut Vec<Finding>) {
        for source in view::sources(values) {
            // Of two documents, the first may be the one that is not ours.
            if !context.whole && !product::is_known(values) && !product::is_in(&source.text) {
                continue;
            }
            // Most files have no marker, and need not be read again.
            if memchr::memmem::find(source.text.as_bytes(), b"\n---").is_none() {
                continue;
            }
            let Ok(tree) = Tree::parse(&source.text) else { continue };
            let is_empty = |id| tree.scalar(id).is_some_and(str::is_empty);
            let Some(&second) = tree.roots().iter().skip(1).find(|id| !is_empty(**id)) else { continue };
            let start = tree.node(second).span.start;
            let marker = source.text[..start].rfind("---").unwrap_or(start);
            let place = Place::new(source.clone(), Span::new(marker, marker + 3));
            findings.push(
                Finding::error(self.name(), &place, "Helm 3 drops what follows: it reads one document of a file")
                    .help("put it into the first document, or into a file of its own"),
            );
        }
    }
}
