//! `hwdr values`, and reading values for every other command: the files that `-f` and `--set-file` name, and standard input.

use std::io::{self, Read};

use clap::Args;

use super::{Outcome, ValueArgs};
use crate::values::{self, Helm, Value, ValueInputs, ValuesError};

/// Print the values that Helm would have
#[derive(Debug, Args)]
pub struct Command {
    #[command(flatten)]
    values: ValueArgs,
}

impl Command {
    /// Prints the values as JSON.
    pub fn run(&self) -> Outcome {
        match load(&self.values, Helm::V3) {
            Ok(values) => {
                println!("{:#}", values.to_json());
                Outcome::Clean
            }
            Err(error) => {
                eprintln!("error: {error}");
                Outcome::Unusable
            }
        }
    }
}

impl From<&ValueArgs> for ValueInputs {
    fn from(args: &ValueArgs) -> Self {
        Self {
            files: args.files.clone(),
            set_json: args.set_json.clone(),
            set: args.set.clone(),
            set_string: args.set_string.clone(),
            set_file: args.set_file.clone(),
            set_literal: args.set_literal.clone(),
        }
    }
}

/// What the flags come to.
///
/// # Errors
/// Where a file cannot be read, or Helm refuses something.
pub fn load(args: &ValueArgs, helm: Helm) -> Result<Value, ValuesError> {
    values::read(&args.into(), helm, &mut read_file)
}

/// The bytes of a values file; `-` is standard input.
pub fn read_file(name: &str) -> io::Result<Vec<u8>> {
    if name.trim() == "-" {
        let mut bytes = Vec::new();
        io::stdin().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(name)
}
