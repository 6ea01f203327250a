//! Values, mode and namespace for the commands that work on a rendered stream: from flags, or from the helm process that started
//! hwdr.

use std::io::{self, IsTerminal, Read, Write};

use anyhow::{Context as _, Result, ensure};
use clap::Args;

use super::ValueArgs;
use super::files::{self, Once};
use super::messages::Failure;
use crate::helm::invocation::Invocation;
use crate::helm::parent::Parent;
use crate::mode::Mode;
use crate::pipeline;
use crate::product::{self, Product, Request};
use crate::source::Source;
use crate::values::{self, Helm, Value, ValueInputs};

/// The flags of commands that work on a rendered stream.
#[derive(Debug, Args)]
pub(super) struct InputArgs {
    /// The helm command that does the restore
    #[arg(long = "for", value_name = "MODE", value_parser = super::words::mode())]
    pub mode: Option<Mode>,
    /// The release's namespace, if the chart's objects do not name it
    #[arg(short, long, env = "HELM_NAMESPACE", hide_env = true, value_name = "NAME")]
    pub namespace: Option<String>,
    // Last: its heading would stand above whatever follows.
    #[command(flatten)]
    pub values: ValueArgs,
}

/// What a rendering starts from.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The merged values.
    pub values: Value,
    /// What helm does, if known.
    pub mode: Option<Mode>,
    /// The namespace, if known.
    pub namespace: Option<String>,
}

/// What to add if hwdr has no flags, and no helm process to get them from.
const FLAGS: &str = "give hwdr the -f and --set flags that helm gets (each behind its own --post-renderer-args when helm runs it), and \
                     --for install or --for upgrade:\n\
                     hwdr post-render -f values.yaml --for install";

/// How to give a command the rendered stream.
fn in_a_pipe(command: &str) -> String {
    format!("helm template RELEASE CHART -f values.yaml | helm hwdr {command} -f values.yaml --for install")
}

/// Takes the flags, or those on the command line of the helm process that started this one.
///
/// # Errors
/// If neither names values, or a file cannot be read.
pub(super) fn resolve(arguments: &InputArgs, helm: Option<&Parent>) -> Result<Inputs> {
    let given = ValueInputs::from(&arguments.values);
    let line = helm.map(|helm| &helm.line);
    // Helm's majors read a few things differently; `read_both` refuses those.
    let values = if arguments.values.are_given() {
        read_both(&given, &mut Once::beside_stream())?
    } else {
        let helm = helm.ok_or_else(|| {
            Failure::unusable("hwdr has no values: no -f or --set was given, and no helm process has started it")
                .help(FLAGS)
        })?;
        ensure!(
            !helm.line.reuses_values,
            Failure::unusable(
                "helm takes values from the last release (--reuse-values), which are not on its command line"
            )
            .help("save them, and give helm the file with -f:\nhelm get values RELEASE -o yaml > values.yaml")
            .help(FLAGS)
        );
        let mut inputs = helm.line.values.clone();
        inputs.set_string.extend(given.set_string);
        read_both(&inputs, &mut Once::of_helm(helm))?
    };
    Ok(Inputs {
        values,
        mode: arguments.mode.or(line.and_then(|line| line.mode)),
        namespace: line.and_then(|line| line.namespace.clone()).or_else(|| arguments.namespace.clone()),
    })
}

/// Takes the flags of a command that people type. `command` is its name.
///
/// # Errors
/// If the flags name no values, or a file cannot be read.
pub(super) fn typed(arguments: &InputArgs, command: &str) -> Result<Inputs> {
    ensure!(
        arguments.values.are_given(),
        Failure::unusable("no values are given")
            .help(format!("give the -f and --set flags that helm template gets:\n{}", in_a_pipe(command)))
    );
    resolve(arguments, None)
}

/// The values from flags; `None` without such flags.
///
/// # Errors
/// If a file cannot be read, or Helm's majors read it differently.
pub(super) fn values(arguments: &ValueArgs) -> Result<Option<Value>> {
    let given = ValueInputs::from(arguments);
    if given == ValueInputs::default() { Ok(None) } else { read_both(&given, &mut Once::new()).map(Some) }
}

/// The values from flags; without such flags, an empty map.
///
/// # Errors
/// As [`values`].
pub(super) fn values_or_empty(arguments: &ValueArgs) -> Result<Value> {
    Ok(Inputs::read(&ValueInputs::from(arguments), None, None, &mut Once::new())?.values)
}

/// The rendered stream from standard input, for a command that people type.
///
/// # Errors
/// If it is a terminal, which would wait forever, or cannot be read.
pub(super) fn stream(command: &str) -> Result<Vec<u8>> {
    ensure!(
        !io::stdin().is_terminal(),
        Failure::unusable("standard input is a terminal, but should be the rendered manifests")
            .help(in_a_pipe(command))
    );
    read_stdin()
}

/// The stream, which is empty if helm has failed.
///
/// # Errors
/// If it is empty.
pub(super) fn not_empty(bytes: Vec<u8>) -> Result<Vec<u8>> {
    ensure!(
        !bytes.trim_ascii().is_empty(),
        Failure::unusable("nothing came on standard input: it should be the rendered manifests").help(
            "see what helm says, and pipe its output into this command:\nhelm template RELEASE CHART -f values.yaml",
        )
    );
    Ok(bytes)
}

/// How large a rendered stream may be. A release of Helm must fit, compressed, into a Secret of 1 MiB: that is about 20 MiB of manifests.
const MAX_STREAM: u64 = 256 << 20;

/// All of standard input.
///
/// # Errors
/// If it cannot be read.
pub(super) fn read_stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(MAX_STREAM.saturating_add(1)).read_to_end(&mut bytes);
    read.context("standard input cannot be read")?;
    ensure!(
        bytes.len() as u64 <= MAX_STREAM,
        Failure::unusable(format!("standard input is larger than {} MiB", MAX_STREAM >> 20))
            .help("see what Helm renders with: helm template … | wc -c")
    );
    Ok(bytes)
}

/// How much a pipe is asked to hold: what Linux grants to every user (`/proc/sys/fs/pipe-max-size`).
#[cfg(target_os = "linux")]
const PIPE: usize = 1 << 20;

/// Lets the pipes from and to helm hold more than their 64 KiB: each side then waits for the other a tenth as often. Where that is not allowed, or where
/// they are files, they stay as they are.
pub(super) fn widen_pipes() {
    #[cfg(target_os = "linux")]
    {
        let _ = rustix::pipe::fcntl_setpipe_size(io::stdin(), PIPE);
        let _ = rustix::pipe::fcntl_setpipe_size(io::stdout(), PIPE);
    }
}

/// Writes standard input to standard output, without reading it itself: Linux moves it from pipe to pipe.
///
/// # Errors
/// If one cannot be read, or the other be written.
pub(super) fn pass_on() -> Result<()> {
    let mut out = io::stdout().lock();
    io::copy(&mut io::stdin().lock(), &mut out)
        .and_then(|_| out.flush())
        .context("standard input cannot be passed on to standard output")
}

/// Writes all of standard output.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let mut out = io::stdout().lock();
    write(&mut out).and_then(|()| out.flush()).context("standard output cannot be written")
}

impl Inputs {
    /// Reads the values.
    ///
    /// # Errors
    /// If a file cannot be read, or the two majors of Helm would read it differently.
    pub(super) fn read(
        values: &ValueInputs,
        mode: Option<Mode>,
        namespace: Option<String>,
        files: &mut Once<'_>,
    ) -> Result<Self> {
        Ok(Self { values: read_both(values, files)?, mode, namespace })
    }

    /// Reads the values of a command that is given a chart: where the values do not say whose they are, its name does.
    ///
    /// # Errors
    /// As [`Inputs::read`].
    pub(super) fn read_of(invocation: &Invocation, mode: Option<Mode>, files: &mut Once<'_>) -> Result<Self> {
        let inputs = Self::read(&invocation.values, mode, None, files)?;
        if product::is_known(&inputs.values) {
            return Ok(inputs);
        }
        let Some(named) = product_of(&invocation.chart) else { return Ok(inputs) };
        let mut values = invocation.values.clone();
        values.set_string.push(format!("{}={}", product::NAMED.join("."), named.name()));
        Self::read(&values, mode, None, files)
    }

    /// The restore that the values ask for, if any.
    ///
    /// # Errors
    /// If the mode is not known, or the values are wrong.
    pub(super) fn restore(&self) -> Result<Option<Box<dyn Request>>> {
        if !pipeline::asks_for_restore(&self.values) {
            // A misplaced or misspelt block asks for nothing, though it was meant to.
            pipeline::without_errors(&self.values, self.mode)?;
            return Ok(None);
        }
        let mode = self.mode.ok_or_else(|| {
            Failure::unusable(
                "hwdr cannot tell whether helm installs or upgrades, and the restores differ (helm upgrade --install could do either)",
            )
            .help("add --for install (into a new cluster) or --for upgrade (in place) to hwdr")
        })?;
        Ok(pipeline::restore(&self.values, mode)?)
    }
}

/// The product whose chart has that name, if it is not the one that all values are read as without a name.
fn product_of(chart: &str) -> Option<&'static dyn Product> {
    let name = name_of(chart)?;
    product::PRODUCTS
        .iter()
        .copied()
        .find(|product| product.is_named(&name))
        .filter(|found| found.name() != product::FIRST.name())
}

/// The name of a chart: as its folder says, or its file, or the last part of its address.
fn name_of(chart: &str) -> Option<String> {
    if let Ok(bytes) = files::read(&format!("{}/Chart.yaml", chart.trim_end_matches('/'))) {
        let text = String::from_utf8(bytes).ok()?;
        let metadata = values::read_one(Source::new("Chart.yaml", text)).ok()?;
        return metadata.get(&["name"]).and_then(Value::as_str).map(str::to_owned);
    }
    let last = chart.trim_end_matches('/').rsplit('/').next()?;
    let Some(packed) = last.strip_suffix(".tgz") else { return Some(last.split(':').next()?.to_owned()) };
    // NAME-VERSION.tgz, as helm package names it: a version begins with a digit.
    let is_version = |at: &usize| {
        packed.get(at.saturating_add(1)..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    let end = packed.match_indices('-').map(|(at, _)| at).find(is_version);
    packed.get(..end.unwrap_or(packed.len())).map(str::to_owned)
}

/// The values as both majors of Helm read them.
///
/// # Errors
/// If they cannot be read, or the two read them differently.
fn read_both(inputs: &ValueInputs, files: &mut Once<'_>) -> Result<Value> {
    let v3 = values::read(inputs, Helm::V3, &mut files.pass())?;
    let v4 = values::read(inputs, Helm::V4, &mut files.pass())?;
    ensure!(
        v3.to_json() == v4.to_json(),
        Failure::unusable("Helm 3 and Helm 4 read these values differently: a file has more than one document")
            .help("keep one document in each values file")
    );
    Ok(v3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_chart_says_whose_it_is() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/streams/");
        for chart in [
            folder,
            "charts/streams",
            "streams-1.2.3.tgz",
            "./a/streams-3.0.0-beta.1.tgz",
            "oci://r.example.com/a/streams:3",
            "repo/streams",
        ] {
            assert_eq!(product_of(chart).map(Product::name), Some("streams"), "{chart}");
        }
        for chart in
            ["", "kafka-streams-1.0.0.tgz", "repo/other", concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/chart")]
        {
            assert!(product_of(chart).is_none(), "{chart}");
        }
    }

    #[test]
    fn values_that_say_nothing_are_their_charts() {
        let read = |chart: &str, set: &str| {
            let values = ValueInputs { set: vec![set.to_owned()], ..ValueInputs::default() };
            let invocation = Invocation { chart: chart.to_owned(), values, ..Invocation::default() };
            product::of(&Inputs::read_of(&invocation, None, &mut Once::new()).unwrap().values).name()
        };
        assert_eq!(read("repo/streams", "hub.replicaCount=2"), "streams");
        assert_eq!(read("repo/other", "hub.replicaCount=2"), product::FIRST.name());
        // What the values say counts more.
        assert_eq!(read("repo/streams", "global._hopsworks.x=1"), product::FIRST.name());
    }
}
