//! Helm's flags for values, under their names in Helm, and parsed as Helm does.

use clap::error::ErrorKind;
use clap::{ArgMatches, Args, Command, Error, FromArgMatches};

use crate::helm::command_line::file_names;
use crate::product::{NAMED, Product};

/// Helm's flags for values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValueArgs {
    /// The files, each on its own: `-f`.
    pub files: Vec<String>,
    /// `--set`.
    pub set: Vec<String>,
    /// `--set-string`.
    pub set_string: Vec<String>,
    /// `--set-json`.
    pub set_json: Vec<String>,
    /// `--set-file`.
    pub set_file: Vec<String>,
    /// `--set-literal`.
    pub set_literal: Vec<String>,
    /// The name of their product: `--product`.
    pub product: Option<String>,
}

impl ValueArgs {
    /// Whether any values are given. Their product's name alone is none.
    pub(super) fn are_given(&self) -> bool {
        *self != Self { product: self.product.clone(), ..Self::default() }
    }

    /// What `--product` sets.
    pub(super) fn named(&self) -> Option<String> {
        self.product.as_ref().map(|name| format!("{}={name}", NAMED.join(".")))
    }
}

/// The same as on the command line: one `-f` may name several files.
#[derive(Debug, Args)]
#[command(next_help_heading = "Values (as for helm)")]
struct Given {
    #[command(flatten)]
    helms: Helms,
    /// Whose values they are [default: what their keys say]
    #[arg(long, value_name = "NAME", value_parser = super::words::product())]
    product: Option<&'static dyn Product>,
}

/// Those that helm has, too.
#[derive(Debug, Args)]
#[command(next_help_heading = "Values (as for helm)")]
struct Helms {
    /// Values files (repeatable, or with commas; `-` is standard input)
    #[arg(short = 'f', long = "values", value_name = "FILE")]
    files: Vec<String>,
    /// Set values: `a.b=1,c[0]=x`
    #[arg(long, value_name = "K=V")]
    set: Vec<String>,
    /// Set values that stay strings
    #[arg(long, value_name = "K=V")]
    set_string: Vec<String>,
    /// Set values given as JSON
    #[arg(long, value_name = "K=JSON")]
    set_json: Vec<String>,
    /// Set values to the text of files
    #[arg(long, value_name = "K=FILE")]
    set_file: Vec<String>,
    /// Set one value to the text after `=`, literally
    #[arg(long, value_name = "K=V")]
    set_literal: Vec<String>,
}

/// Adds helm's flags for values to the help of a command that reads its own line.
pub(super) fn helms(command: Command) -> Command {
    Helms::augment_args(command)
}

impl FromArgMatches for ValueArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let Given { helms, product } = Given::from_arg_matches(matches)?;
        let Helms { files, set, set_string, set_json, set_file, set_literal } = helms;
        let wrong = |message: String| Error::raw(ErrorKind::ValueValidation, message);
        let mut names = Vec::new();
        for value in files {
            names.extend(file_names(&value).map_err(|error| wrong(error.to_string()))?);
        }
        let product = product.map(|product| product.name().to_owned());
        Ok(Self { files: names, set, set_string, set_json, set_file, set_literal, product })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ValueArgs {
    fn augment_args(command: Command) -> Command {
        Given::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Given::augment_args_for_update(command)
    }
}
