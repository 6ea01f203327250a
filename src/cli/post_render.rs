//! `hwdr post-render`: from standard input to standard output, as Helm calls it.

use clap::Args;

use super::inputs::{self, InputArgs, write_stdout};
use super::messages::{Failure, Messages};
use crate::mode::Mode;
use crate::pipeline::{self, Outcome as Rendering};
use crate::{helm, stream};

/// Injects a restore into the manifests that Helm renders (standard input to standard output)
///
/// Without a restore in the values, what comes out is what went in, byte for byte.
/// Helm 3:  --post-renderer hwdr --post-renderer-args post-render
/// Helm 4:  `helm hwdr post-renderer install` says how
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub struct PostRender {
    #[command(flatten)]
    inputs: InputArgs,
    /// Render an in-place restore though nobody has set the old data aside before
    #[arg(long)]
    unguarded: bool,
}

impl PostRender {
    /// Runs the command.
    pub fn run(&self) -> Result<(), Failure> {
        let parent = helm::parent::find();
        let messages = Messages::for_post_renderer(parent.as_ref().map(|parent| parent.pid));
        let result = self.render(parent.as_ref().map(|parent| &parent.line), &messages);
        if let Err(failure) = &result {
            messages.copy_to_helm(failure);
        }
        result
    }

    fn render(&self, line: Option<&helm::command_line::CommandLine>, messages: &Messages) -> Result<(), Failure> {
        let inputs = inputs::resolve(&self.inputs, line)?;
        let stdin = inputs::read_stdin()?;
        let Some(restore) = inputs.restore()? else {
            return write_stdout(|out| out.write_all(&stdin));
        };
        if restore.mode == Mode::Upgrade && !self.unguarded {
            return Err(Failure::refused(
                "an in-place restore replaces the cluster's data, and a plain helm upgrade sets nothing aside",
            )
            .help("set the old volumes aside yourself, then add --unguarded to hwdr post-render")
            .help("helm hwdr upgrade RELEASE CHART, which is to do all of it, is not in this version"));
        }
        match pipeline::run(&restore, inputs.namespace.as_deref(), stdin)? {
            Rendering::Unchanged(stdin) => write_stdout(|out| out.write_all(&stdin)),
            Rendering::Restore { stream, rendered, plan } => {
                for warning in &plan.warnings {
                    messages.warn(warning);
                }
                write_stdout(|out| stream::write(&stream, &rendered.edits, &rendered.appended, out))
            }
        }
    }
}
