//! `hwdr rules`: the linter's rules.

use anyhow::Result;
use clap::Args;

use super::lint::{explain, rule_name};

/// Lists the linter's rules, or prints the page of one
#[derive(Debug, Args)]
pub(super) struct Command {
    /// The rule
    #[arg(value_name = "RULE", value_parser = rule_name)]
    rule: Option<&'static str>,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        explain(self.rule.unwrap_or_default()).map(|_| ())
    }
}
