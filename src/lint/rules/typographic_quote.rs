//! A typographic quote, which is a letter in YAML.
//!
//! ## What it does
//! Looks in known settings, and in their keys, for the quotes that word processors and web pages write instead of `"` and `'`: `“ ”`, `‘ ’`
//! and similar ones.
//!
//! ## Why is this bad
//! In YAML they are letters. The backup id `“254811200”` is a text of eleven letters, which no backup has, and a key in such quotes is
//! another key, which nothing reads.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: “254811200”
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! ```
//!
//! ## Fix
//! Safe: `--fix` writes plain quotes, if they surround all of a value or a key.

use crate::lint::rules::Rule;
use crate::lint::schema::Node;
use crate::lint::written::Written;
use crate::lint::{Context, Finding, Level, placeholder, view};
use crate::product;
use crate::source::Place;
use crate::values::lookalike::{inside_curly, is_curly};
use crate::values::{Data, Value};

/// See the head of this file.
pub struct TypographicQuote;

impl Rule for TypographicQuote {
    fn name(&self) -> &'static str {
        "typographic-quote"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("typographic_quote.rs")
    }

    fn check(&self, values: &Value, _: &Context, findings: &mut Vec<Finding>) {
        let mut open: Vec<(&Value, &Node)> = vec![(values, product::of(values).shape())];
        while let Some((value, schema)) = open.pop() {
            match &value.data {
                Data::Map(map) => {
                    let known = map.iter().filter_map(|(key, entry)| Some((&entry.value, schema.child(key)?)));
                    open.extend(known);
                }
                Data::List(items) => open.extend(items.iter().map(|item| (item, schema))),
                Data::String(text) if text.contains(is_curly) && !placeholder::is_unknown(value) => {
                    findings.push(self.finding(&value.place, "value", text, schema.is_boolean()));
                }
                _ => {}
            }
        }
    }

    /// Keys: one with such quotes leads to no value.
    fn check_written(&self, file: &Written, findings: &mut Vec<Finding>) {
        // Most files have none.
        if !file.source.text.contains(is_curly) {
            return;
        }
        for block in file.blocks() {
            for (key, _) in file.tree.entries(block.id) {
                let meant = file.key(*key).filter(|key| block.schema.get(key).is_none()).and_then(inside_curly);
                if meant.is_some_and(|meant| block.schema.get(meant).is_some()) {
                    findings.push(self.finding(&file.place(*key), "key", file.key(*key).unwrap_or_default(), true));
                }
            }
        }
    }
}

impl TypographicQuote {
    fn finding(&self, place: &Place, what: &str, text: &str, bare: bool) -> Finding {
        let quote = text.chars().find(|character| is_curly(*character)).unwrap_or('“');
        let message = format!("this {what} contains a typographic quote ({quote}), which is a letter in YAML");
        let finding = Finding::error(self.name(), place, message);
        let Some(inner) = inside_curly(text.trim()) else { return finding.help("write plain quotes, or none") };
        let plain = if bare { inner.to_owned() } else { format!("\"{inner}\"") };
        if view::from_flag(place) {
            return finding.help(format!("write it without these quotes: {inner}"));
        }
        let mut finding =
            finding.help(format!("write plain quotes, or none: {plain}")).fix(format!("write {plain}"), place, plain);
        // Other mistakes appear after the quotes are gone.
        finding.hides = true;
        finding
    }
}
