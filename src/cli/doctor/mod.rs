//! `hwdr doctor`: would a restore work now?

mod bundle;
mod fix;
mod people;
mod prepared;
mod read;

use std::path::PathBuf;

use anyhow::{Result, anyhow, bail, ensure};
use clap::Args;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::Outcome;
use super::connection::block_on;
use super::files::Once;
use super::inputs::Inputs;
use super::messages::Failure;
use super::restore::{self, Command};
use crate::doctor::{Facts, Level, Report, examine, mends};
use crate::helm::invocation::Invocation;
use crate::mode::Mode;
use crate::shown;
use crate::values::{Value, ValueInputs};

/// Checks all that a restore would need, before it is needed
///
/// Reads the cluster, the bucket and this machine, and changes nothing. Without
/// -f it takes the values of the installed release. With a chart it also renders
/// and plans a restore, of the newest backup unless the values name another, and
/// does all checks of the run itself.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    disable_version_flag = true,
    override_usage = "helm hwdr doctor [--for MODE] [RELEASE [CHART]] [-f values.yaml] [FLAGS]"
)]
pub(super) struct Doctor {
    /// The release, the chart, and flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true, value_name = "RELEASE CHART FLAGS")]
    arguments: Vec<String>,
}

/// What is asked of doctor.
struct Asked {
    invocation: Invocation,
    mode: Option<Mode>,
    is_json: bool,
    fix: bool,
    in_cluster: bool,
    yes: bool,
    bundle: Option<PathBuf>,
}

impl From<Level> for Outcome {
    fn from(level: Level) -> Self {
        match level {
            Level::Ok => Self::Clean,
            Level::Warning => Self::Refused,
            Level::Problem => Self::Unusable,
            Level::Unknown => Self::Unknown,
        }
    }
}

impl Doctor {
    /// Runs the command.
    pub(super) fn run(self) -> Result<Outcome> {
        let Some(invocation) = restore::parse(Command::Doctor, None, &self.arguments)? else {
            return Ok(Outcome::Clean);
        };
        let asked = Asked::of(invocation)?;
        let mut files = Once::new();
        // What is wrong with the values is a wrong command line, and nothing unknown.
        let given = match asked.invocation.values == ValueInputs::default() {
            true => None,
            false => Some(Inputs::read_of(&asked.invocation, asked.mode, &mut files)?.values),
        };
        block_on(asked.run(given, &mut files))
    }
}

impl Asked {
    /// Reads hwdr's own flags.
    ///
    /// # Errors
    /// If one is wrong.
    fn of(mut invocation: Invocation) -> Result<Self> {
        restore::from_here(&mut invocation)?;
        let mode = match invocation.own("for") {
            None => None,
            Some("install") => Some(Mode::Install),
            Some("upgrade") => Some(Mode::Upgrade),
            Some(other) => bail!("--for {other}: expected install or upgrade"),
        };
        let is_json = match invocation.own("output").unwrap_or("text") {
            "text" => false,
            "json" => true,
            other => bail!("-o {other}: expected text or json"),
        };
        let asked = Self {
            mode,
            is_json,
            fix: invocation.is_on("fix"),
            in_cluster: invocation.is_on("in-cluster"),
            yes: invocation.is_on("yes"),
            bundle: invocation.own("bundle").map(Into::into),
            invocation,
        };
        ensure!(
            !asked.in_cluster || !asked.invocation.chart.is_empty(),
            Failure::unusable("--in-cluster needs a release and a chart, from which the Job is made")
                .help("helm hwdr doctor RELEASE CHART -f values.yaml --in-cluster")
        );
        if let Some(file) = &asked.bundle {
            bundle::can_be_made(file)?;
        }
        Ok(asked)
    }

    async fn run(&self, given: Option<Value>, files: &mut Once<'_>) -> Result<Outcome> {
        let unknown = |error| anyhow!(Failure::unknown(error));
        let read = read::read(self, given.as_ref(), files).await.map_err(unknown)?;
        let report = examine(&read.facts);
        self.print(&read.facts, &report);
        if let Some(file) = &self.bundle {
            bundle::write(file, &read, &machine(&read.facts, &report)).await?;
        }
        let mut mends = mends(&read.facts);
        if self.fix {
            let (proven, not) = read.facts.product.proven(&read.cluster, &read.facts).await;
            mends.extend(proven);
            not.iter().for_each(|why| shown::tell(&shown::lines(why)));
        }
        if !self.fix {
            if !mends.is_empty() && !self.is_json {
                let settings = match mends.len() {
                    1 => "1 setting".to_owned(),
                    count => format!("{count} settings"),
                };
                shown::note(&format!("{settings} can be changed safely: see them, and agree to each, with --fix"));
            }
            return Ok(report.level().into());
        }
        if !fix::apply(&read.cluster, &mends, self.yes).await? {
            return Ok(report.level().into());
        }
        // What is the case now.
        let again = Self { in_cluster: false, bundle: None, invocation: self.invocation.clone(), ..*self };
        let read = read::read(&again, given.as_ref(), files).await.map_err(unknown)?;
        let report = examine(&read.facts);
        again.print(&read.facts, &report);
        Ok(report.level().into())
    }

    fn print(&self, facts: &Facts, report: &Report) {
        if self.is_json {
            shown::print_json(&machine(facts, report), true);
        } else {
            shown::print(&people::text(facts, report));
        }
    }
}

/// The report for programs. What is not known is null.
fn machine(facts: &Facts, report: &Report) -> Json {
    let mut out = json!({
        "now": facts.now,
        "version": env!("CARGO_PKG_VERSION"),
        "for": facts.mode,
        "context": facts.place.context,
        "server": facts.place.server,
        "namespace": facts.place.namespace,
        "release": facts.release,
        "level": report.level(),
    });
    if let (Some(out), Json::Object(report)) = (out.as_object_mut(), json!(report)) {
        out.extend(report);
    }
    out
}

/// Now, by this machine's clock.
fn now() -> Timestamp {
    Timestamp::now()
}
