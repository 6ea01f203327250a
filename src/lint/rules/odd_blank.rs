//! A character that looks like a space, but is a letter in YAML.
//!
//! ## What it does
//! Looks for characters that look like a space, or are invisible, but are letters in YAML, such as the no-break space of web pages.
//! It checks keys, and the values of known settings, without quotes.
//!
//! ## Why is this bad
//! They come from copied web pages. In YAML they are letters: a line indented with them is not indented, and its key is
//! another one, which nothing reads. They cannot be seen.
//!
//! ## Example
//! The second line begins with two no-break spaces:
//! ```yaml
//! global:
//!   _hopsworks:
//! ```
//!
//! ## Use instead
//! Plain spaces:
//! ```yaml
//! global:
//!   _hopsworks: {}
//! ```
//!
//! ## Fix
//! Safe: `--fix` writes spaces.

use crate::lint::rules::Rule;
use crate::lint::schema::Node;
use crate::lint::written::Written;
use crate::lint::{Context, Edit, Finding, Level};
use crate::source::{Place, Span};
use crate::values::Value;
use crate::values::lookalike::{is_odd_blank, plain_blanks};
use crate::yaml::{Data, NodeId, Style};

/// See the head of this file.
pub struct OddBlank;

impl Rule for OddBlank {
    fn name(&self) -> &'static str {
        "odd-blank"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("odd_blank.rs")
    }

    /// Nothing: this rule checks the written text.
    fn check(&self, _: &Value, _: &Context, _: &mut Vec<Finding>) {}

    fn check_written(&self, file: &Written, findings: &mut Vec<Finding>) {
        // Most files have none.
        if !file.source.text.contains(is_odd_blank) {
            return;
        }
        for node in file.tree.nodes() {
            if let Data::Mapping { entries, .. } = &node.data {
                for (key, _) in entries {
                    findings.extend(self.finding(file, *key, "key"));
                }
            }
        }
        for block in file.blocks() {
            for (key, value) in file.tree.entries(block.id) {
                let leaf = |schema: &&Node| !schema.keys().any(|_| true);
                if file.key(*key).and_then(|key| block.schema.get(key)).filter(leaf).is_some() {
                    findings.extend(self.finding(file, *value, "value"));
                }
            }
        }
    }
}

impl OddBlank {
    fn finding(&self, file: &Written, id: NodeId, what: &str) -> Option<Finding> {
        let Data::Scalar { value, style: Style::Plain } = &file.tree.node(id).data else { return None };
        let trimmed = value.trim_matches(|c: char| is_odd_blank(c) || c == ' ');
        // Inside a text they may be intended.
        if trimmed.len() == value.len() || !(value.starts_with(is_odd_blank) || value.ends_with(is_odd_blank)) {
            return None;
        }
        let place = file.place(id);
        let message = format!(
            "this {what} contains a character that looks like a space, but is a letter in YAML: it is not '{trimmed}'"
        );
        let start = place.span.start + place.text().find(trimmed).filter(|_| !trimmed.is_empty())?;
        let edit = |from: usize, to: usize| {
            let place = Place::new(file.source.clone(), Span::new(from, to));
            let text = plain_blanks(place.text());
            Edit { place, text }
        };
        let edits = vec![edit(place.span.start, start), edit(start + trimmed.len(), place.span.end)];
        let edits = edits.into_iter().filter(|edit| edit.place.span.start < edit.place.span.end).collect();
        Some(
            Finding::error(self.name(), &place, message)
                .help("write a plain space; --fix does it in the whole file")
                .rewrite("write spaces", edits),
        )
    }
}
