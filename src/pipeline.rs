//! From values and a rendered stream to the changed stream: the common part of `post-render`, `diff` and `plan`.

use crate::lint::{self, Context, Finding, Level};
use crate::mode::Mode;
use crate::plan::Plan;
use crate::product::{self, PRODUCTS, Request, says};
use crate::refusal::Refusal;
use crate::render::{self, Marker, RenderError, Rendered};
use crate::stream::{Stream, StreamError};
use crate::topology::Topology;
use crate::values::Value;

/// The result for a stream.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing to do: the stream itself.
    Unchanged(Vec<u8>),
    /// A restore was rendered into it.
    Restore {
        /// The stream.
        stream: Box<Stream>,
        /// What changes.
        rendered: Box<Rendered>,
        /// The reason for it.
        plan: Box<Plan>,
    },
}

/// Why a stream cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The linter's errors: with such values Helm would restore nothing, or the wrong thing.
    #[error("the values have errors")]
    Findings {
        /// What was found.
        findings: Vec<Finding>,
        /// What helm does, if known.
        mode: Option<Mode>,
    },
    /// The values are contradictory or of the wrong types, or their restore cannot be planned.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The stream is invalid.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The plan cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Whether anything in the values mentions a restore, even if it is refused later.
pub fn asks_for_restore(values: &Value) -> bool {
    product::of(values).keys().ask(values)
}

/// Whether values are for a product: hwdr also stands in front of helm for other charts, which it leaves alone.
fn are_ours(values: &Value) -> bool {
    PRODUCTS.iter().flat_map(|product| product.keys().ours).any(|path| says(values, path))
}

/// Refuses values of a product that have errors, whether or not they request a restore: with a misplaced block they do not,
/// but were meant to.
///
/// # Errors
/// The linter's findings.
pub fn without_errors(values: &Value, mode: Option<Mode>) -> Result<(), Error> {
    let context = Context { mode, whole: true, ..Context::default() };
    let mut findings = lint::lint(values, &context);
    findings.retain(|finding| finding.level == Level::Error);
    if findings.is_empty() || !are_ours(values) { Ok(()) } else { Err(Error::Findings { findings, mode }) }
}

/// The restore that `values` request, if any.
///
/// # Errors
/// If the linter finds an error, or the values contradict the mode: with such values Helm would restore nothing, or the wrong thing.
pub fn restore(values: &Value, mode: Mode) -> Result<Option<Box<dyn Request>>, Error> {
    without_errors(values, Some(mode))?;
    Ok(product::of(values).request(values, mode)?)
}

/// Plans the restore of the cluster in the stream `bytes`.
///
/// # Errors
/// If anything is wrong.
pub fn plan(restore: &dyn Request, namespace: Option<&str>, bytes: Vec<u8>) -> Result<Plan, Error> {
    let stream = Stream::parse(bytes)?;
    Ok(Plan::new(restore, &Topology::of(restore.product(), &stream), namespace)?)
}

/// Renders the restore into the stream `bytes`.
///
/// # Errors
/// If anything is wrong; then nothing was changed.
pub fn run(restore: &dyn Request, namespace: Option<&str>, bytes: Vec<u8>, marker: Marker) -> Result<Outcome, Error> {
    if marker == Marker::Injected && restore.needs_a_run() {
        let mode = restore.mode();
        return Err(Error::Refused(
            Refusal::new(format!(
                "the values ask for a restore that manifests alone cannot do: a plain helm {mode} would restore nothing"
            ))
            .help(format!("let hwdr do all of it:\nhelm hwdr {mode} RELEASE CHART -f values.yaml")),
        ));
    }
    let stream = Stream::parse(bytes)?;
    let topology = Topology::of(restore.product(), &stream);
    // Helm 4's strategy `separate` runs the post-renderer on hooks separately: they contain nothing to restore.
    if topology.hooks_only {
        return Ok(Outcome::Unchanged(stream.into_bytes()));
    }
    let plan = Plan::new(restore, &topology, namespace)?;
    let rendered = render::render(&stream, &topology, restore, &plan, marker)?;
    Ok(Outcome::Restore { stream: Box::new(stream), rendered: Box::new(rendered), plan: Box::new(plan) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::values::read_one;

    fn errors(text: &str) -> Option<usize> {
        let values = read_one(Source::new("values.yaml", text)).unwrap();
        match without_errors(&values, Some(Mode::Install)) {
            Ok(()) => None,
            Err(Error::Findings { findings, .. }) => Some(findings.len()),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_misplaced_block_stops_and_another_charts_own_does_not() {
        for text in [
            "global: {restoreFromBackup: {backupId: '254811200'}}",
            "restoreFromBackup: {backupId: '254811200'}",
            "hopsworks: {restoreFromBackup: {backupId: '254811200'}}",
            "global: {_hopsworks: {backups: {enabled: true, schedule: '@never'}}}",
        ] {
            assert!(errors(text).is_some(), "{text}");
        }
        for text in [
            "",
            "replicas: 1",
            "velero: {schedule: x}",
            "backups: {schedule: '@never', ttl: 1}",
            "opensearch: {backup: true}",
            "hopsworks: {}",
            "global: {_hopsworks: {mode: auto}}",
        ] {
            assert_eq!(errors(text), None, "{text}");
        }
    }
}
