//! `hwdr rbac`: the rights that commands need.

use std::fs;

use anyhow::{Context as _, Result};
use clap::Args;

use super::inputs::read_stdin;
use super::words::one_of;
use crate::rights;
use crate::rights::print::Printed;
use crate::shown::print_data;
use crate::stream::Stream;

/// Prints the smallest Role and ClusterRole that a command needs
///
/// Each rule has its reason as a comment. What Helm needs for the objects of
/// the chart is read from the rendered chart:
///
///   helm template hopsworks CHART -n hopsworks -f values.yaml |
///     helm hwdr rbac upgrade - -n hopsworks
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Command {
    /// The command [default: all of them]
    #[arg(value_name = "COMMAND", value_parser = one_of(rights::Command::ALL.map(|command| (command.name(), command, None))))]
    command: Option<rights::Command>,
    /// The rendered chart: a file, or - for standard input
    #[arg(value_name = "STREAM")]
    stream: Option<String>,
    /// The release's namespace
    #[arg(short, long, env = "HELM_NAMESPACE", hide_env = true, value_name = "NAME", default_value = "hopsworks")]
    namespace: String,
    /// Velero's namespace
    #[arg(long, value_name = "NAME", default_value = "velero")]
    velero_namespace: String,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        let stream = self.stream.as_deref().map(read).transpose()?;
        let one = self.command.map(|command| [command]);
        let printed = Printed {
            commands: one.as_ref().map_or(&rights::Command::ALL, |one| one),
            namespaces: [&self.namespace, &self.velero_namespace],
            stream: stream.as_ref(),
        };
        print_data(&printed.yaml());
        Ok(())
    }
}

fn read(name: &str) -> Result<Stream> {
    let bytes =
        if name == "-" { read_stdin()? } else { fs::read(name).with_context(|| format!("cannot read {name}"))? };
    Ok(Stream::parse(bytes)?)
}
