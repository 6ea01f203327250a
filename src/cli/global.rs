//! The flags of all commands.

use anstream::ColorChoice;
use anyhow::Result;
use clap::{Args, ColorChoice as When};

use super::logs;
use crate::shown;

/// The flags of all commands. Those that take helm's flags, too, read them with helm's (`restore::flags`).
#[derive(Debug, Args)]
#[command(next_help_heading = "Global options")]
pub(super) struct Global {
    /// Print no progress and no notes: only results, warnings, errors and questions
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Log each request to the cluster and the bucket, and each run of helm ($HWDR_LOG chooses)
    #[arg(short, long, global = true)]
    verbose: bool,
    /// When to use colours: auto is on a terminal, and not with $NO_COLOR
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t, hide_possible_values = true)]
    color: When,
}

impl Global {
    /// Does what the flags say.
    ///
    /// # Errors
    /// If `$HWDR_LOG` cannot be used.
    pub(super) fn begin(&self) -> Result<()> {
        begin(self.quiet, self.verbose)
    }
}

/// Does what the flags say, of a command that reads its own line.
///
/// # Errors
/// If `$HWDR_LOG` cannot be used.
pub(super) fn begin(quiet: bool, verbose: bool) -> Result<()> {
    if quiet {
        shown::leave_out_notes();
    }
    logs::begin(verbose)
}

/// Chooses colours as the line says, which may be wrong in other places.
pub(super) fn colour(line: &[String]) {
    let behind = |at: usize| line.get(at.saturating_add(1)).map(String::as_str);
    let given = line.iter().take_while(|word| *word != "--").enumerate().filter_map(|(at, word)| match word.as_str() {
        "--color" => behind(at),
        word => word.strip_prefix("--color="),
    });
    match given.last() {
        Some("always") => ColorChoice::Always.write_global(),
        Some("never") => ColorChoice::Never.write_global(),
        _ => {}
    }
}
