//! `hwdr values`, and reading values for every other command.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::ValueArgs;
use super::files::{self, Once};
use crate::shown::{self, json, lines, print_data};
use crate::values::chart::Unchecked;
use crate::values::{self, Helm, Value, ValueInputs, ValuesError, show};

/// Prints the values as Helm would read them
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORM", default_value_t)]
    output: Form,
    /// Show where each value comes from: file, line and column, or flag
    #[arg(long)]
    origins: bool,
    /// Read as this major version of Helm does
    #[arg(long, value_name = "3|4", default_value = "3", value_parser = major)]
    helm: Helm,
    #[command(flatten)]
    chart: ChartArgs,
    #[command(flatten)]
    values: ValueArgs,
}

/// Forms of the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// YAML, with origins as comments
    #[default]
    Yaml,
    /// JSON, with origins as a list of paths
    Json,
}

/// The chart with the defaults below the values.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub(super) struct ChartArgs {
    /// Put the values over the defaults of this chart and its subcharts (a folder, or a packed chart)
    #[arg(long = "chart", value_name = "DIR|TGZ", help_heading = "Values (as for helm)")]
    pub path: Option<String>,
}

fn major(text: &str) -> Result<Helm, String> {
    match text {
        "3" => Ok(Helm::V3),
        "4" => Ok(Helm::V4),
        _ => Err("3 or 4 is expected".to_owned()),
    }
}

impl Command {
    /// Prints the values.
    ///
    /// # Errors
    /// If a file cannot be read, or Helm refuses something.
    pub(super) fn run(self) -> Result<()> {
        let (values, unchecked) = load(&self.values, &self.chart, self.helm)?;
        for note in unchecked {
            shown::note(&format!("note: {}", lines(&note.to_string())));
        }
        let text = match (self.output, self.origins) {
            (Form::Yaml, origins) => show::yaml(&values, origins),
            (Form::Json, false) => json(&(values.to_json_text(2) + "\n")),
            (Form::Json, true) => json(&format!("{:#}\n", show::origins(&values))),
        };
        print_data(&text);
        Ok(())
    }
}

impl From<&ValueArgs> for ValueInputs {
    fn from(args: &ValueArgs) -> Self {
        Self {
            files: args.files.clone(),
            set_json: args.set_json.clone(),
            set: args.set.clone(),
            set_string: args.set_string.iter().cloned().chain(args.named()).collect(),
            set_file: args.set_file.clone(),
            set_literal: args.set_literal.clone(),
        }
    }
}

/// The values from the flags, over the chart's defaults if a chart is given.
///
/// # Errors
/// If a file cannot be read, or Helm refuses something.
fn load(args: &ValueArgs, chart: &ChartArgs, helm: Helm) -> Result<(Value, Vec<Unchecked>), ValuesError> {
    within_schema(values::read(&args.into(), helm, &mut Once::new().pass())?, chart, helm)
}

/// Puts values over the chart's defaults, if a chart is given, and checks them against its schema. Also returns the parts of the schema that
/// were not checked.
///
/// # Errors
/// As [`over_chart`], and if the chart's schema refuses them.
pub(super) fn within_schema(
    values: Value,
    chart: &ChartArgs,
    helm: Helm,
) -> Result<(Value, Vec<Unchecked>), ValuesError> {
    match &chart.path {
        Some(path) => files::chart(path, helm)?.checked_values(values, helm),
        None => Ok((values, Vec::new())),
    }
}

/// Puts values over the chart's defaults, if a chart is given.
///
/// # Errors
/// If the chart cannot be read, or Helm refuses it.
pub(super) fn over_chart(values: Value, chart: &ChartArgs, helm: Helm) -> Result<Value, ValuesError> {
    match &chart.path {
        Some(path) => files::chart(path, helm)?.values(values, helm),
        None => Ok(values),
    }
}
