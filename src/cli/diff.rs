//! `hwdr diff`: what post-render would change.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use clap::Args;
use similar::{ChangeTag, TextDiff};

use super::inputs::{self, InputArgs};
use super::messages::Failure;
use crate::pipeline::{self, Outcome as Rendering};
use crate::render::Marker;
use crate::render::Rendered;
use crate::stream::Stream;
use crate::yaml::{Data, NodeId, Tree};

/// Shows what post-render would change, as a unified diff
///
/// Reads the rendered manifests from standard input:
///   helm template RELEASE CHART -f values.yaml |
///     helm hwdr diff -f values.yaml --for install
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct Diff {
    /// Only the summary, one line for each object
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    inputs: InputArgs,
}

/// Lines of context around a change.
const CONTEXT: usize = 3;

impl Diff {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        let inputs = inputs::resolve(&self.inputs, None)?;
        let bytes = inputs::stream("diff")?;
        let Some(restore) = inputs.restore()? else {
            anstream::println!("No restore in the values: post-render changes nothing.");
            return Ok(());
        };
        match pipeline::run(&restore, inputs.namespace.as_deref(), inputs::not_empty(bytes)?, Marker::Injected)? {
            Rendering::Unchanged(_) => anstream::println!("Only hooks: post-render changes nothing."),
            Rendering::Restore { stream, rendered, plan } => {
                for warning in &plan.warnings {
                    anstream::eprintln!("hwdr: warning: {warning}");
                }
                if !self.summary {
                    anstream::print!("{}", hunks(&stream, &rendered));
                }
                anstream::print!("{}", summary(&rendered));
            }
        }
        Ok(())
    }
}

/// One line for each object.
fn summary(rendered: &Rendered) -> String {
    let mut out = String::new();
    let (new, touched): (Vec<_>, Vec<_>) = rendered.changes.iter().partition(|change| change.is_new);
    let (add, change) = (AnsiColor::Green.on_default(), AnsiColor::Yellow.on_default());
    for (sign, style, changes) in [('~', change, &touched), ('+', add, &new)] {
        for change in changes {
            let _ = writeln!(out, "{style}{sign} {}{style:#}: {}", change.object, change.what);
        }
    }
    let _ = writeln!(out, "{} objects changed, {} added", touched.len(), new.len());
    out
}

/// The diff of each touched document, and each document that is added.
fn hunks(stream: &Stream, rendered: &Rendered) -> String {
    let mut out = String::new();
    for document in rendered.edits.documents() {
        let before = masked(stream.document(document));
        let after = masked(&rendered.edits.apply_to(stream, document));
        let name = name(&before);
        unified(&mut out, &format!("a/{name}"), &format!("b/{name}"), &before, &after);
    }
    for document in &rendered.appended {
        unified(&mut out, "/dev/null", &format!("b/{}", name(document)), "", &masked(&format!("{document}\n")));
    }
    out
}

fn unified(out: &mut String, from: &str, to: &str, before: &str, after: &str) {
    let diff = TextDiff::from_lines(before, after);
    let (bold, dim) = (Style::new().bold(), AnsiColor::Cyan.on_default());
    let _ = writeln!(out, "{bold}--- {from}{bold:#}\n{bold}+++ {to}{bold:#}");
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let range =
            |start: usize, end: usize| format!("{},{}", if end > start { start + 1 } else { start }, end - start);
        let old = range(first.old_range().start, last.old_range().end);
        let new = range(first.new_range().start, last.new_range().end);
        let _ = writeln!(out, "{dim}@@ -{old} +{new} @@{dim:#}");
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Insert => ('+', AnsiColor::Green.on_default()),
                ChangeTag::Delete => ('-', AnsiColor::Red.on_default()),
                ChangeTag::Equal => (' ', Style::new()),
            };
            let line = change.value().trim_end_matches(['\n', '\r']);
            let _ = writeln!(out, "{style}{sign}{line}{style:#}");
        }
    }
}

/// `Kind/name` of a document's first object.
fn name(document: &str) -> String {
    let tree = Tree::parse(document).ok();
    let text = |path: &[&str]| {
        let tree = tree.as_ref()?;
        tree.scalar(tree.path(*tree.roots().first()?, path)?).map(str::to_owned)
    };
    format!("{}/{}", text(&["kind"]).unwrap_or_default(), text(&["metadata", "name"]).unwrap_or_default())
}

/// The document with the data of Secrets hidden, those inside a `List` too, and what the environment of containers has in plain under a
/// name that says so. Lines stay lines.
fn masked(document: &str) -> String {
    let Ok(tree) = Tree::parse(document) else { return document.to_owned() };
    let Some(&root) = tree.roots().first() else { return document.to_owned() };
    let mut spans = Vec::new();
    let objects =
        std::iter::once(root).chain(tree.get(root, "items").into_iter().flat_map(|items| tree.items(items).to_vec()));
    for object in objects {
        if tree.get(object, "kind").and_then(|kind| tree.scalar(kind)) == Some("Secret") {
            for key in ["data", "stringData"] {
                spans.extend(tree.get(object, key).into_iter().flat_map(|data| secrets(&tree, data)));
            }
        }
    }
    spans.extend(in_environment(&tree, root));
    spans.sort_unstable();
    let mut out = String::with_capacity(document.len());
    let mut at = 0;
    for (start, end) in spans {
        if start < at {
            continue;
        }
        out.push_str(&document[at..start]);
        out.push_str("\"***\"");
        out.extend(document[start..end].matches('\n'));
        at = end;
    }
    out.push_str(&document[at..]);
    out
}

fn secrets(tree: &Tree, data: NodeId) -> Vec<(usize, usize)> {
    tree.entries(data).iter().map(|(_, value)| tree.node(*value).span).map(|span| (span.start, span.end)).collect()
}

/// The values of all entries `{name: …, value: …}` whose name is that of a secret.
fn in_environment(tree: &Tree, root: NodeId) -> Vec<(usize, usize)> {
    const SECRET: [&str; 5] = ["PASSWORD", "SECRET", "KEY", "TOKEN", "CREDENTIAL"];
    let mut spans = Vec::new();
    let mut left = vec![root];
    while let Some(node) = left.pop() {
        match &tree.node(node).data {
            Data::Sequence { items, .. } => left.extend(items),
            Data::Mapping { entries, .. } => {
                left.extend(entries.iter().map(|(_, value)| value));
                let name = tree.get(node, "name").and_then(|name| tree.scalar(name)).unwrap_or_default().to_uppercase();
                if let Some(value) = tree.get(node, "value").filter(|_| SECRET.iter().any(|word| name.contains(word))) {
                    let span = tree.node(value).span;
                    spans.push((span.start, span.end));
                }
            }
            Data::Scalar { .. } | Data::Alias(_) => {}
        }
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        let document = "kind: List\nitems:\n- kind: Secret\n  data:\n    a: c2VjcmV0\n    b: |\n      c2Vj\n- kind: ConfigMap\n  data: {a: open}\n";
        let masked = masked(document);
        assert!(!masked.contains("c2V"), "{masked}");
        assert!(masked.contains("a: open"));
        assert_eq!(masked.lines().count(), document.lines().count());
    }
    #[test]
    fn keys_in_the_environment_are_masked() {
        let document = "kind: Job\nspec:\n  env:\n  - {name: AWS_SECRET_ACCESS_KEY, value: minio123}\n  - name: OPENSEARCH_PASSWORD\n    \
                        value: 'p w'\n  - name: BUCKET\n    value: hopsworks\n  - name: AWS_ACCESS_KEY_ID\n    valueFrom: {}\n";
        let masked = masked(document);
        assert!(!masked.contains("minio123") && !masked.contains("p w"), "{masked}");
        assert!(masked.contains("value: hopsworks") && masked.contains("valueFrom: {}"), "{masked}");
    }
}
