//! From values and a rendered stream to the changed one: what `post-render`, `diff` and `plan` have in common.

use crate::mode::Mode;
use crate::plan::{Plan, PlanError};
use crate::render::{self, RenderError, Rendered};
use crate::settings::{Restore, SettingsError};
use crate::stream::{Stream, StreamError};
use crate::topology::Topology;
use crate::values::Value;

/// What became of a stream.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing is to be done with it: here it is again.
    Unchanged(Vec<u8>),
    /// A restore was rendered into it.
    Restore {
        /// The stream.
        stream: Box<Stream>,
        /// What changes.
        rendered: Box<Rendered>,
        /// Why.
        plan: Box<Plan>,
    },
}

/// Why a stream cannot be rendered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The values are contradictory, or of the wrong types.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The stream is none.
    #[error(transparent)]
    Stream(#[from] StreamError),
    /// The restore cannot be planned.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
}

/// Whether the values ask for a restore, be it in a way that is refused later. Does not depend on the mode.
pub fn asks_for_restore(values: &Value) -> bool {
    !matches!(Restore::from_values(values, Mode::Install), Ok(None))
}

/// Renders the restore that `values` ask for into the stream `bytes`.
///
/// # Errors
/// Where anything is not as it must be; then nothing was changed.
pub fn run(values: &Value, mode: Mode, namespace: Option<&str>, bytes: Vec<u8>) -> Result<Outcome, Error> {
    let Some(restore) = Restore::from_values(values, mode)? else { return Ok(Outcome::Unchanged(bytes)) };
    let stream = Stream::parse(bytes)?;
    let topology = Topology::of(&stream);
    // Helm 4's strategy `separate` runs the post-renderer on hooks apart: there is nothing to restore in those.
    if topology.hooks_only {
        return Ok(Outcome::Unchanged(stream.into_bytes()));
    }
    let plan = Plan::new(&restore, &topology, namespace)?;
    let rendered = render::render(&stream, &topology, &restore, &plan)?;
    Ok(Outcome::Restore { stream: Box::new(stream), rendered: Box::new(rendered), plan: Box::new(plan) })
}
