//! `hwdr version`.

use std::env::consts::{ARCH, OS};

use anyhow::Result;
use clap::Args;
use serde_json::json;

use crate::cli::words::Form;
use crate::shown::{print as show, print_json};

/// Prints the version
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        print(self.output);
        Ok(())
    }
}

/// Prints it.
pub(super) fn print(form: Form) {
    let version = env!("CARGO_PKG_VERSION");
    match form {
        Form::Text => show(&format!("hwdr {version}\n")),
        Form::Json => print_json(&json!({"version": version, "os": OS, "arch": ARCH}), false),
    }
}
