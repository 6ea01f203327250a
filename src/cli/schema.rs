//! `hwdr schema`: the JSON Schema of the values.

use anyhow::Result;
use clap::Args;

use crate::product::{self, Product};
use crate::shown::print_data;

/// Prints the JSON Schema of the backup and restore values
///
/// For editors, put it next to the values and add this line to them:
///
///   # yaml-language-server: $schema=hopsworks.schema.json
///
/// A chart takes it as its values.schema.json.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Command {
    /// The product whose values they are
    #[arg(long, value_name = "NAME", default_value = product::FIRST.name(), value_parser = super::words::product())]
    product: &'static dyn Product,
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        print_data(self.product.schema());
        Ok(())
    }
}
