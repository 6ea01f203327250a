//! `hwdr schema`: the JSON Schema of the values.

use anyhow::Result;
use clap::Args;

use crate::product::PRODUCTS;
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
pub(super) struct Command {}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<()> {
        PRODUCTS.iter().for_each(|product| print_data(product.schema()));
        Ok(())
    }
}
