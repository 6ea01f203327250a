//! `hwdr diff`: what post-render would change.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use clap::Args;
use similar::{ChangeTag, TextDiff};

use super::inputs::{self, InputArgs};
use super::messages::warn;
use crate::pipeline::{self, Outcome as Rendering};
use crate::render::Marker;
use crate::render::Rendered;
use crate::shown::{self, lines, mask, plain};
use crate::stream::Stream;
use crate::yaml::Tree;

/// Shows what post-render would change, as a unified diff
///
/// Reads the rendered manifests from standard input:
///   helm template RELEASE CHART -f values.yaml |
///     helm hwdr diff -f values.yaml --for install
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Diff {
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
    pub(super) fn run(self) -> Result<()> {
        let inputs = inputs::typed(&self.inputs, "diff")?;
        let bytes = inputs::stream("diff")?;
        let Some(restore) = inputs.restore()? else {
            shown::print("No restore in the values: post-render changes nothing.\n");
            return Ok(());
        };
        match pipeline::run(&*restore, inputs.namespace.as_deref(), inputs::not_empty(bytes)?, Marker::Injected)? {
            Rendering::Unchanged(_) => shown::print("Only hooks: post-render changes nothing.\n"),
            Rendering::Restore { stream, rendered, plan } => {
                plan.warnings.iter().for_each(|warning| warn(warning));
                if !self.summary {
                    shown::print(&hunks(&stream, &rendered));
                }
                shown::print(&summary(&rendered));
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
            let _ = writeln!(out, "{style}{sign} {}{style:#}: {}", plain(&change.object), lines(&change.what));
        }
    }
    let _ = writeln!(out, "{} objects changed, {} added", touched.len(), new.len());
    out
}

/// The diff of each changed document, and each added document.
fn hunks(stream: &Stream, rendered: &Rendered) -> String {
    let mut out = String::new();
    for document in rendered.edits.documents() {
        let before = mask::short(stream.document(document));
        let after = mask::short(&rendered.edits.apply_to(stream, document));
        // From the text itself: without its credentials, it may not be YAML.
        let name = name(stream.document(document));
        unified(&mut out, &format!("a/{name}"), &format!("b/{name}"), &before, &after);
    }
    for document in &rendered.appended {
        unified(&mut out, "/dev/null", &format!("b/{}", name(document)), "", &mask::short(&format!("{document}\n")));
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
            let line = lines(change.value().trim_end_matches(['\n', '\r']));
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
    let [kind, name] = [&["kind"][..], &["metadata", "name"]].map(|path| text(path).unwrap_or_default());
    format!("{}/{}", plain(&kind), plain(&name))
}
