//! A path with dots as a key.
//!
//! ## What it does
//! Looks for keys such as `global._hopsworks.backups.ttl`, whose parts are keys of known blocks.
//!
//! ## Why is this bad
//! Helm splits paths at their dots only in `--set`. In a values file it is one key with dots in its name, which nothing reads: a restore
//! written like this does not happen.
//!
//! ## Example
//! ```yaml
//! global._hopsworks.restoreFromBackup.backupId: "254811200"
//! global._hopsworks.restoreFromBackup.inPlace: true
//! ```
//!
//! ## Use instead
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!       inPlace: true
//!       forceDataClear: true
//! ```
//!
//! ## Fix
//! Safe: `--fix` writes the blocks, if none of them exists already and each value is on the line of its key.

use std::collections::HashSet;

use crate::lint::rules::Rule;
use crate::lint::written::{Block, Written};
use crate::lint::{Context, Edit, Finding, Level};
use crate::values::Value;
use crate::yaml::NodeId;

/// See the head of this file.
pub struct DottedKey;

impl Rule for DottedKey {
    fn name(&self) -> &'static str {
        "dotted-key"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("dotted_key.rs")
    }

    /// Nothing: this rule checks the written text.
    fn check(&self, _: &Value, _: &Context, _: &mut Vec<Finding>) {}

    fn check_written(&self, file: &Written, findings: &mut Vec<Finding>) {
        for block in file.blocks() {
            let keys: Vec<(NodeId, NodeId, Vec<&str>)> = file
                .tree
                .entries(block.id)
                .iter()
                .filter_map(|(key, value)| Some((*key, *value, parts(&block, file.key(*key)?)?)))
                .collect();
            if keys.is_empty() {
                continue;
            }
            let mut edits = blocks(file, &block, &keys);
            let certain = edits.is_some();
            for (key, value, parts) in &keys {
                let name = parts.join(".");
                let written = file.place(*value);
                let written = if written.text().contains(['\n', '#']) { "…" } else { written.text() };
                let nested = parts.iter().rev().fold(written.to_owned(), |inner, part| format!("{{{part}: {inner}}}"));
                let nested = nested.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(&nested);
                let message = format!("nothing reads '{name}': dots make a path in --set, not in a values file");
                let finding = Finding::error(self.name(), &file.place(*key), message);
                // The first finding fixes all of them at once.
                findings.push(match edits.take() {
                    Some(edits) => finding.help("--fix writes the blocks").rewrite("write the blocks", edits),
                    None if certain => finding.help("--fix writes the blocks"),
                    None => finding.help(format!("write it as blocks: {nested}")),
                });
            }
        }
    }
}

/// The parts of a key that is a path to something in the schema.
fn parts<'k>(block: &Block, key: &'k str) -> Option<Vec<&'k str>> {
    let parts: Vec<&str> = key.split('.').collect();
    let (first, second) = (parts.first()?, parts.get(1)?);
    let known = block.schema.get(first)?.get(second).is_some();
    let plain =
        |part: &&str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') && !part.is_empty();
    // Deeper than any of our settings, it is not ours.
    (known && parts.len() <= 12 && parts.iter().all(plain)).then_some(parts)
}

/// The keys as blocks; `None` if that would create two blocks of one name, or a value is not on the line of its key.
fn blocks(file: &Written, block: &Block, keys: &[(NodeId, NodeId, Vec<&str>)]) -> Option<Vec<Edit>> {
    if !file.is_block(block.id) {
        return None;
    }
    let base = file.indent(keys.first()?.0)?;
    let entries = file.tree.entries(block.id);
    let others: HashSet<&str> = entries.iter().filter_map(|(key, _)| file.key(*key)).collect();
    let line_break = if file.source.text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut written: HashSet<Vec<&str>> = HashSet::new();
    let mut edits = Vec::new();
    let mut previous: &[&str] = &[];
    let mut next = entries.iter();
    for (key, value, parts) in keys {
        // After another key, the blocks of the one before it are closed.
        if next.by_ref().position(|(other, _)| other == key)? > 0 {
            previous = &[];
        }
        let (key, value) = (file.place(*key), file.place(*value));
        if others.contains(parts.first()?) || key.source.text.get(key.span.start..value.span.end)?.contains('\n') {
            return None;
        }
        let shared = parts.iter().zip(previous).take_while(|(a, b)| a == b).count();
        let shared = shared.min(parts.len() - 1).min(previous.len().saturating_sub(1));
        let mut text = "  ".repeat(shared);
        for (depth, part) in parts.iter().enumerate().skip(shared) {
            if !written.insert(parts.get(..=depth)?.to_vec()) {
                return None;
            }
            text.push_str(part);
            if depth + 1 < parts.len() {
                text.push_str(&format!(":{line_break}{}", " ".repeat(base + 2 * (depth + 1))));
            }
        }
        previous = parts;
        edits.push(Edit { place: key, text });
    }
    Some(edits)
}
