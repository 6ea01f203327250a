//! `hwdr status`: whether backups are made, and why not.

pub(super) mod bucket;
mod machine;
pub(super) mod metrics;
mod people;

use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use clap::{Args, ValueEnum};
use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use super::Outcome;
use super::backups::look::{Asks, LookArgs, Looked};
use super::connection::block_on;
use super::messages::Failure;
use crate::backups::{Severity, Status, status};
use crate::lint::ttl;
use crate::rights;
use crate::shown;

/// How often `--watch` looks.
const LOOK: Duration = Duration::from_secs(15);

/// Shows whether backups are made, service by service
#[derive(Debug, Args)]
pub(super) struct Command {
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    /// The age at which a backup is too old: 36h, 8d [default: 1.5 times the schedule's longest interval]
    #[arg(long, value_name = "AGE", value_parser = age)]
    max_age: Option<SignedDuration>,
    /// Read the cluster again every 15 s, and print the status when it has changed
    #[arg(long)]
    watch: bool,
    /// Look at the bucket in the values, too, with this machine's credentials: does it keep old versions, and for long enough?
    #[arg(long)]
    with_bucket: bool,
    #[command(flatten)]
    look: LookArgs,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    #[default]
    Text,
    /// One JSON object
    Json,
    /// Metrics in the text form of Prometheus
    Prometheus,
    /// One line for Nagios
    Nagios,
}

pub(super) fn age(text: &str) -> Result<SignedDuration, String> {
    let wrong = |wrong: ttl::TtlError| {
        let meant = wrong.meant.map_or_else(String::new, |meant| format!(": did you mean {meant}?"));
        format!("expected a number of days or hours, like 36h or 8d{meant}")
    };
    ttl::parse(text).map(SignedDuration::from_secs).map_err(wrong)
}

impl From<Severity> for Outcome {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Ok => Self::Clean,
            Severity::Warning => Self::Refused,
            Severity::Critical => Self::Unusable,
            Severity::Unknown => Self::Unknown,
        }
    }
}

impl Command {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Outcome> {
        ensure!(
            !self.watch || !matches!(self.output, Form::Prometheus | Form::Nagios),
            Failure::unknown(anyhow!("--watch is for people, and for -o json"))
        );
        block_on(self.looks()).map_err(|error| {
            let failure = Failure::unknown(error);
            // A monitor reads nothing else.
            match self.output {
                Form::Nagios => shown::print(&machine::unknown(&failure.to_string())),
                Form::Prometheus => shown::print_data(&metrics::unknown(Timestamp::now())),
                Form::Text | Form::Json => {}
            }
            failure.into()
        })
    }

    async fn looks(&self) -> Result<Outcome> {
        let mut last: Option<Status> = None;
        let mut bucket = if self.with_bucket { Some(self.look.bucket()?) } else { None };
        loop {
            let mut looked = self.look.look(rights::Command::Status, Asks::Backups).await?.with_last_words().await;
            let mut status = status(&looked.inventory(), self.max_age);
            if let Some(bucket) = &mut bucket
                && let Some(service) = bucket.status().await
            {
                status = status.with(service);
            }
            if !last.as_ref().is_some_and(|last| last.is_like(&status)) {
                self.print(&status, &looked);
            }
            if !self.watch {
                return Ok(status.severity.into());
            }
            last = Some(status);
            sleep(LOOK).await;
        }
    }

    fn print(&self, status: &Status, looked: &Looked) {
        match self.output {
            Form::Text => shown::print(&people::text(status, looked)),
            Form::Json => shown::print_json(&machine::json(status, looked), !self.watch),
            Form::Prometheus => {
                let release = looked.release.as_deref().unwrap_or_default();
                shown::print_data(&metrics::text(status, &looked.cluster.namespace, release));
            }
            Form::Nagios => shown::print(&machine::nagios(status)),
        }
    }
}
