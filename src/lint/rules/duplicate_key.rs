//! A key that occurs twice in one block.
//!
//! ## What it does
//! Looks for keys that occur more than once in a block of a values file. It is an error if a setting of backups or restores is
//! lost, else a warning.
//!
//! ## Why is this bad
//! Helm takes the last of them and silently drops the others, with everything inside. A restore added to the end of a
//! file under a second `global` drops all other global settings; a block added to the top is dropped itself, and the
//! cluster comes up empty.
//!
//! ## Example
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//! global:
//!   _hopsworks:
//!     backups:
//!       enabled: true
//! ```
//!
//! ## Use instead
//! One block with all of it:
//! ```yaml
//! global:
//!   _hopsworks:
//!     restoreFromBackup:
//!       backupId: "254811200"
//!     backups:
//!       enabled: true
//! ```
//!
//! ## Fix
//! None: only you know which of them is meant.

use std::collections::HashMap;

use crate::lint::rules::Rule;
use crate::lint::schema::Node;
use crate::lint::written::Written;
use crate::lint::{Context, Finding, Level};
use crate::values::Value;
use crate::yaml::{Data, NodeId};

/// How many lost settings a message names.
const NAMED: usize = 3;

/// See the head of this file.
pub struct DuplicateKey;

impl Rule for DuplicateKey {
    fn name(&self) -> &'static str {
        "duplicate-key"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn source(&self) -> &'static str {
        include_str!("duplicate_key.rs")
    }

    /// Nothing: values have each key once.
    fn check(&self, _: &Value, _: &Context, _: &mut Vec<Finding>) {}

    fn check_written(&self, file: &Written, findings: &mut Vec<Finding>) {
        let mut open = vec![(file.root, Some(file.product.shape()), Vec::new())];
        while let Some((id, schema, path)) = open.pop() {
            match &file.tree.node(id).data {
                Data::Mapping { entries, .. } => {
                    let mut last: HashMap<&str, (NodeId, NodeId)> = HashMap::new();
                    for (key, value) in entries {
                        if let Some(name) = file.key(*key).filter(|name| *name != "<<") {
                            last.insert(name, (*key, *value));
                        }
                    }
                    for (key, value) in entries {
                        let name = file.key(*key).unwrap_or_default();
                        let schema = schema.and_then(|schema| schema.child(name));
                        let path = if schema.is_some() { [&path[..], &[name]].concat() } else { Vec::new() };
                        if let Some((kept, replacement)) = last.get(name).filter(|(kept, _)| kept != key) {
                            findings.push(self.finding(file, (*key, *value), (*kept, *replacement), schema, &path));
                        }
                        open.push((*value, schema, path));
                    }
                }
                Data::Sequence { items, .. } => open.extend(items.iter().map(|item| (*item, None, Vec::new()))),
                Data::Scalar { .. } | Data::Alias(_) => {}
            }
        }
    }
}

impl DuplicateKey {
    fn finding(
        &self,
        file: &Written,
        (key, value): (NodeId, NodeId),
        (kept, replacement): (NodeId, NodeId),
        schema: Option<&'static Node>,
        path: &[&str],
    ) -> Finding {
        let same = file.tree.scalar(value).is_some_and(|text| file.tree.scalar(replacement) == Some(text));
        let lost = if same { Vec::new() } else { settings(file, value, schema, path) };
        let level = if lost.is_empty() { Level::Warning } else { Level::Error };
        let name = file.key(key).unwrap_or_default();
        let (line, _) = file.source.line_column(file.tree.node(kept).span.start);
        let message = format!("Helm drops this '{name}': the one in line {line} replaces it");
        let help = match lost.split_at_checked(NAMED) {
            _ if lost.is_empty() => "keep one of them".to_owned(),
            Some((named, more)) if !more.is_empty() => {
                format!("lost: {} and more. Put all of it under one '{name}'", named.join(", "))
            }
            _ => format!("lost: {}. Put all of it under one '{name}'", lost.join(", ")),
        };
        Finding::new(self.name(), level, &file.place(key), message)
            .related(&file.place(kept), "Helm takes this one")
            .help(help)
    }
}

/// The settings that the schema knows inside a node, with their paths; a few more than are named.
fn settings(file: &Written, value: NodeId, schema: Option<&'static Node>, path: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<(NodeId, &Node, Vec<&str>)> =
        schema.map(|schema| (value, schema, path.to_vec())).into_iter().collect();
    while let Some((id, schema, path)) = open.pop() {
        // What an alias brings is written elsewhere, but also lost here.
        let target = file.tree.resolve(id);
        match &file.tree.node(target).data {
            Data::Mapping { entries, .. } if !path.is_empty() && target == id => {
                for (key, value) in entries.iter().rev() {
                    let name = file.key(*key).unwrap_or_default();
                    if let Some(schema) = schema.child(name) {
                        open.push((*value, schema, [&path[..], &[name]].concat()));
                    }
                }
            }
            _ if file.is_nothing(id) => {}
            Data::Mapping { entries, .. } if entries.is_empty() => {}
            _ => found.push(path.join(".")),
        }
        if found.len() > NAMED {
            break;
        }
    }
    found
}
