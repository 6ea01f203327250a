//! `hwdr krm`: post-render as a KRM function, for kustomize and tools built on it (Argo CD, Flux).
//!
//! The specification: <https://github.com/kubernetes-sigs/kustomize/blob/master/cmd/config/docs/api-conventions/functions-spec.md>.

use anyhow::{Result, ensure};
use clap::Args;

use super::inputs::{self, write_stdout};
use super::messages::warn;
use crate::krm;
use crate::mode::Mode;
use crate::pipeline::{self, Outcome};
use crate::refusal::Refusal;
use crate::render::Marker;

/// Injects a restore into a ResourceList: a KRM function, for kustomize
///
/// Its functionConfig holds the values (docs/gitops.md). Without a restore in them, the items stay as they are.
#[derive(Debug, Args)]
pub(super) struct Command {}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let bytes = inputs::read_stdin()?;
        let list = krm::read(bytes)?;
        if !pipeline::asks_for_restore(&list.config.values) {
            pipeline::without_errors(&list.config.values, Some(list.config.mode))?;
            return write_stdout(|out| out.write_all(list.stream.text().as_bytes()));
        }
        let config = &list.config;
        let Some(restore) = pipeline::restore(&config.values, config.mode)? else {
            return write_stdout(|out| out.write_all(list.stream.text().as_bytes()));
        };
        ensure!(
            restore.mode() == Mode::Install || config.unguarded,
            Refusal::new("an in-place restore replaces the cluster's data, and nothing sets the old data aside first")
                .help("if you have set the old volumes aside yourself, set spec.unguarded: true in the functionConfig")
        );
        match pipeline::run(&*restore, config.namespace.as_deref(), list.stream.into_bytes(), Marker::Injected)? {
            Outcome::Unchanged(bytes) => write_stdout(|out| out.write_all(&bytes)),
            Outcome::Restore { stream, rendered, plan } => {
                plan.warnings.iter().for_each(|warning| warn(warning));
                let list = krm::write(&stream, *rendered)?;
                write_stdout(|out| out.write_all(list.as_bytes()))
            }
        }
    }
}
