//! `hwdr diff`: what post-render would change, and what a release would become.

mod live;

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use anyhow::Result;
use clap::Args;
use similar::{ChangeTag, TextDiff};

use super::Outcome;
use super::connection::block_on;
use super::inputs;
use super::messages::{Failure, warn};
use super::plan::Looking;
use super::restore::{self, Command as Restore};
use crate::helm::invocation::Invocation;
use crate::pipeline::{self, Outcome as Rendering};
use crate::render::Marker;
use crate::render::Rendered;
use crate::shown::{self, lines, mask, plain};
use crate::stream::Stream;
use crate::yaml::Tree;

/// Shows what would change, as a unified diff
///
/// With a release and a chart, it compares the release, as helm has recorded it,
/// with what helm hwdr upgrade would apply, and changes nothing.
///
/// Without them, it reads the rendered manifests from standard input, and shows
/// what post-render would change in them.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr diff RELEASE CHART -f values.yaml [FLAGS]\n       helm template … | helm hwdr diff -f values.yaml --for MODE [FLAGS]"
)]
pub(super) struct Diff {
    /// The release, the chart, and flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true, value_name = "RELEASE CHART FLAGS")]
    arguments: Vec<String>,
}

/// Lines of context around a change.
const CONTEXT: usize = 3;

impl Diff {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Outcome> {
        let Some(mut invocation) = restore::parse(Restore::Diff, None, &self.arguments)? else {
            return Ok(Outcome::Clean);
        };
        let tells = invocation.is_on("detailed-exitcode");
        // As terraform's: 1 is any failure, 2 are changes.
        match (compare(&mut invocation), tells) {
            (Ok(true), true) => Ok(Outcome::Unusable),
            (Ok(_), _) => Ok(Outcome::Clean),
            (Err(error), true) => Err(Failure::refused(&error).into()),
            (Err(error), false) => Err(error),
        }
    }
}

/// Compares, prints, and returns whether there are changes.
fn compare(invocation: &mut Invocation) -> Result<bool> {
    let looking = Looking::of(Restore::Diff, invocation)?;
    let is_short = invocation.is_on("summary");
    if !invocation.release.is_empty() {
        return block_on(live::compare(&looking, invocation, is_short));
    }
    let inputs = inputs::typed(&looking.inputs(invocation), "diff")?;
    let bytes = inputs::stream("diff")?;
    let Some(restore) = inputs.restore()? else {
        shown::print("No restore in the values: post-render changes nothing.\n");
        return Ok(false);
    };
    match pipeline::run(&*restore, inputs.namespace.as_deref(), inputs::not_empty(bytes)?, Marker::Injected)? {
        Rendering::Unchanged(_) => {
            shown::print("Only hooks: post-render changes nothing.\n");
            Ok(false)
        }
        Rendering::Restore { stream, rendered, plan } => {
            plan.warnings.iter().for_each(|warning| warn(warning));
            if !is_short {
                shown::print(&hunks(&stream, &rendered));
            }
            shown::print(&summary(&rendered));
            Ok(!rendered.changes.is_empty())
        }
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
