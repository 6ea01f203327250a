//! `hwdr post-render`: from standard input to standard output, as Helm calls it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;

use super::files::Once;
use super::inputs::{self, InputArgs, write_stdout};
use super::messages::Messages;
use crate::helm::parent::Parent;
use crate::helm::run::Orders;
use crate::mode::Mode;
use crate::pipeline::{self, Outcome as Rendering};
use crate::refusal::Refusal;
use crate::render::Marker;
use crate::{helm, private, stream};

/// Injects a restore into the manifests that Helm renders (standard input to standard output)
///
/// Without a restore in the values, the output is the input, byte for byte.
/// Helm 3:  --post-renderer hwdr --post-renderer-args post-render
/// Helm 4:  see helm hwdr post-renderer install
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct PostRender {
    /// Render an in-place restore although hwdr has not set the old data aside
    #[arg(long)]
    unguarded: bool,
    /// The orders of the run of hwdr that started this helm
    #[arg(long, hide = true, value_name = "FILE")]
    orders: Option<PathBuf>,
    #[command(flatten)]
    inputs: InputArgs,
}

impl PostRender {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        inputs::widen_pipes();
        let parent = helm::parent::find();
        let messages = Messages::for_post_renderer(parent.as_ref().map(|parent| parent.pid));
        let result = match &self.orders {
            Some(path) => obey(path),
            None => self.render(parent.as_ref(), &messages),
        };
        result.inspect_err(|error| messages.copy_to_helm(error))
    }

    fn render(&self, helm: Option<&Parent>, messages: &Messages) -> Result<()> {
        let inputs = inputs::resolve(&self.inputs, helm)?;
        let (restore, stdin) = match inputs.restore() {
            Ok(None) => return inputs::pass_on(),
            Ok(Some(restore)) => (restore, inputs::read_stdin()?),
            Err(error) => {
                // Helm reports a pipe that nobody reads, and not why.
                inputs::read_stdin()?;
                return Err(error);
            }
        };
        ensure!(
            restore.mode() == Mode::Install || self.unguarded,
            Refusal::new(
                "an in-place restore replaces the cluster's data, and a plain helm upgrade sets nothing aside"
            )
            .help("set the old volumes aside yourself, then add --unguarded to hwdr post-render")
            .help("or let hwdr do all of it, with a way back: helm hwdr upgrade RELEASE CHART -f values.yaml")
        );
        match pipeline::run(&*restore, inputs.namespace.as_deref(), stdin, Marker::Injected)? {
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

/// Renders for a run of hwdr: only the plan that was agreed to.
fn obey(path: &Path) -> Result<()> {
    let unusable = || format!("the orders {} cannot be used", path.display());
    // They are written once the run has recorded that this helm works.
    let until = Instant::now() + Duration::from_secs(60);
    while !path.exists() && Instant::now() < until {
        sleep(Duration::from_millis(20));
    }
    let bytes = fs::read(path).with_context(unusable)?;
    let orders: Orders = serde_json::from_slice(&bytes).with_context(unusable)?;
    ensure!(
        !cfg!(target_os = "linux") || Path::new("/proc").join(orders.run.to_string()).exists(),
        Refusal::new("the hwdr process that started this helm has ended, so nothing is applied")
    );
    let stdin = inputs::read_stdin()?;
    let Some(agreed) = &orders.digest else {
        private::write(&orders.keep, &stdin).with_context(unusable)?;
        return write_stdout(|out| out.write_all(&stdin));
    };
    let inputs =
        inputs::Inputs::read(&orders.values, Some(orders.mode), Some(orders.namespace), &mut Once::beside_stream())?;
    let Some(mut restore) = inputs.restore()? else {
        bail!(Refusal::new("the values no longer ask for a restore"));
    };
    if let Some(names) = orders.objects {
        restore.choose(names.named());
    }
    match pipeline::run(&*restore, inputs.namespace.as_deref(), stdin, Marker::IsThere)? {
        Rendering::Unchanged(stdin) => write_stdout(|out| out.write_all(&stdin)),
        Rendering::Restore { stream, rendered, plan } => {
            ensure!(
                plan.digest() == agreed,
                Refusal::new(format!(
                    "the chart now renders another plan ({}) than the one that you agreed to ({agreed})",
                    plan.digest()
                ))
                .help("start again, and check the new plan")
            );
            write_stdout(|out| stream::write(&stream, &rendered.edits, &rendered.appended, out))
        }
    }
}
