//! The commands that run restores: `upgrade`, `install` and `rerun`, and the commands for their runs.

mod apply;
pub(super) mod approved;
mod finalize;
mod flags;
mod follow;
mod held;
mod plain;
mod prepare;
mod propose;
mod report;
mod touched;
mod watch;

use std::env;

use anyhow::{Context as _, Result, bail, ensure};

pub(super) use flags::{Command, WORDS, documented};
pub(super) use prepare::{Ready, can_run_locally, planned, reasons};
pub(super) use propose::propose;

pub(super) use apply::{Install, Rerun, Upgrade};
pub(super) use finalize::Finalize;
pub(super) use follow::{Resume, Undo};
pub(super) use watch::{History, Watch};

use super::bsl;
use super::bsl::AccessArgs;
use super::connection::ConnectionArgs;
pub(super) use super::connection::block_on;
use super::messages::Failure;
use crate::cli::ask::Question;
use crate::cli::words::LOG_FORMATS;
use crate::cli::{files, global, help};
use crate::helm::command_line::asks_for_help;
use crate::helm::invocation::Invocation;
use crate::lint::report::human::wrap;
use crate::lint::view::dotted;
use crate::mode::Mode;
use crate::names::is_release;
use crate::product::{self, Request};
use crate::refusal::Refusal;
use crate::run::show::LogFormat;
use crate::sha256;
use crate::shown::message_width;
use crate::values::Value;
use crate::velero::Location;

/// Parses a command's line; `None` if it asks for help, which is printed. Nothing is done if any part of the line is not understood.
pub(super) fn parse(command: Command, mode: Option<Mode>, arguments: &[String]) -> Result<Option<Invocation>> {
    let (own, word) = (flags::own(command), command.word());
    if asks_for_help(arguments, &own) {
        help::print(&[word.to_owned(), "--help".to_owned()]);
        return Ok(None);
    }
    let unusable = |why: String| Failure::unusable(why).help(format!("helm hwdr {word} --help"));
    let invocation = Invocation::parse(mode, &own, arguments).map_err(|error| unusable(error.to_string()))?;
    let color = invocation.own("color").unwrap_or("auto");
    ensure!(
        matches!(color, "auto" | "always" | "never"),
        unusable(format!("--color {color}: expected auto, always or never"))
    );
    global::begin(invocation.is_on("quiet"), invocation.is_on("verbose"))?;
    if !invocation.release.is_empty() {
        release_name(&invocation.release).map_err(unusable)?;
    }
    ensure!(
        matches!(command, Command::Resume | Command::Doctor | Command::Plan | Command::Diff)
            || !invocation.release.is_empty() && !invocation.chart.is_empty(),
        Failure::unusable("a release and a chart are needed")
            .help(format!("helm hwdr {word} RELEASE CHART -f values.yaml"))
    );
    Ok(Some(invocation))
}

/// Whether a command understands its line.
#[cfg(test)]
pub(super) fn read(command: Command, arguments: &[String]) -> Result<(), String> {
    let parsed = Invocation::parse(command.mode(), &flags::own(command), arguments);
    parsed.map(|_| ()).map_err(|error| error.to_string())
}

/// The name of a release, and nothing that helm or the API server would read as anything else.
pub(super) fn release_name(name: &str) -> Result<String, String> {
    if is_release(name) {
        return Ok(name.to_owned());
    }
    Err(format!("{name:?} cannot be the name of a release: up to 53 lower-case letters, digits, dashes and dots"))
}

/// Refuses a flag that hwdr cannot pass on to the helm of a restore.
pub(super) fn no_forbidden(invocation: &Invocation) -> Result<()> {
    let Some((flag, why)) = &invocation.forbidden else { return Ok(()) };
    bail!(Refusal::new(format!("{flag} cannot be used with a restore: {why}")).help(format!("leave {flag} out")))
}

/// Asks for the release's name, unless `--yes` was given. `what` says what will happen.
fn consent(release: &str, what: &str, is_given: bool) -> Result<()> {
    let question = Question {
        prompt: &format!("{}\nType the name of the release to continue: ", wrap(what, message_width())),
        agree: &[release],
        what,
        help: "check the plan with --dry-run, then add --yes",
    };
    question.ask(is_given)
}

/// Refuses pipes: helm runs several times, and hwdr also reads the kubeconfig. A pipe would be empty for all but the first.
pub(super) fn no_pipes(invocation: &Invocation) -> Result<()> {
    let values = invocation.rest.iter().map(|word| match word.split_once('=') {
        Some((flag, value)) if flag.starts_with('-') => value,
        _ => word,
    });
    let named = [Some(&invocation.chart), invocation.kubeconfig.as_ref()].into_iter().flatten().map(String::as_str);
    match named.chain(values).find(|name| files::is_fifo(name)) {
        None => Ok(()),
        Some(pipe) => bail!(
            Failure::unusable(format!("{pipe} is a pipe, but helm has to read it more than once"))
                .help("write it to a file, and give that")
        ),
    }
}

/// Makes `--from here` a value, so that the plan, helm and a resumed run all know it.
pub(super) fn from_here(invocation: &mut Invocation) -> Result<()> {
    match invocation.own("from") {
        None => Ok(()),
        Some("here") => {
            let buckets = product::PRODUCTS.iter().filter_map(|product| product.keys().bucket.as_ref());
            invocation.values.set_string.extend(buckets.map(|keys| format!("{}=here", dotted(keys.from))));
            Ok(())
        }
        Some(other) => bail!("--from {other}: expected here"),
    }
}

/// The SHA-256 hash of merged values, in full.
fn hash(values: &Value) -> String {
    sha256::hex(values.to_json().to_string())
}

/// A chart's name without the credentials that its URL may have. An OCI chart's digest also has an `@`, and is kept.
fn without_credentials(chart: &str) -> String {
    let Some((scheme, rest)) = chart.split_once("://") else { return chart.to_owned() };
    let end = rest.rfind("@sha").filter(|_| scheme == "oci").unwrap_or(rest.len());
    let (rest, digest) = rest.split_at_checked(end).unwrap_or((rest, ""));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://{host}{digest}")
}

/// The cluster that a command line names, or the one that helm has put into the environment.
pub(super) fn connection(invocation: &Invocation) -> ConnectionArgs {
    let or_env = |given: &Option<String>, name: &str| given.clone().or_else(|| env::var(name).ok());
    ConnectionArgs {
        kubeconfig: invocation.kubeconfig.clone().map(Into::into),
        kube_context: or_env(&invocation.context, "HELM_KUBECONTEXT"),
        namespace: or_env(&invocation.namespace, "HELM_NAMESPACE"),
    }
}

/// `--log-format`.
fn log_format(invocation: &Invocation) -> Result<LogFormat> {
    let given = invocation.own("log-format").unwrap_or("text");
    let found = LOG_FORMATS.into_iter().find(|(word, ..)| *word == given);
    Ok(found.with_context(|| format!("--log-format {given}: expected text or json"))?.1)
}

/// Where Velero's backups are, from the values, if a flag says how Velero gets access.
fn location(invocation: &Invocation, values: &Value, restore: &dyn Request) -> Result<Option<Location>> {
    let access = AccessArgs {
        iam: invocation.is_on("iam"),
        secret: invocation.own("secret").map(str::to_owned),
        credentials_file: invocation.own("credentials-file").map(Into::into),
        credentials_env: invocation.is_on("credentials-env"),
    };
    let given = [access.iam, access.secret.is_some(), access.credentials_file.is_some(), access.credentials_env];
    match given.iter().filter(|given| **given).count() {
        0 => return Ok(None),
        1 => {}
        _ => {
            bail!("--iam, --secret, --credentials-file, --credentials-env: give one of these");
        }
    }
    let product = restore.product();
    let flag =
        ["iam", "secret", "credentials-file", "credentials-env"].into_iter().zip(given).find(|(_, given)| *given);
    let flag = flag.map_or("iam", |(flag, _)| flag);
    let by_hand = format!(
        "create the storage location, then run this again without --{flag}:\nhelm hwdr bsl apply --bucket BUCKET --region REGION --{flag}{}",
        match flag {
            "secret" => " NAME",
            "credentials-file" => " FILE",
            _ => "",
        }
    );
    let Some(keys) = &product.keys().bucket else {
        bail!(Refusal::new(format!("{} names no bucket of its backups in its values", product.title())).help(by_hand));
    };
    let path = keys.storage;
    let storage = |key| values.get(path).and_then(|storage| storage.get(&[key])).and_then(Value::as_str);
    let missing = |what: &str| {
        Refusal::new(format!("the {what} of the backups is not in the values ({})", dotted(path))).help(&by_hand)
    };
    let bucket = restore.bucket().ok_or_else(|| missing("bucket"))?;
    let region = storage("region").ok_or_else(|| missing("region"))?;
    let endpoint = storage("endpoint").filter(|url| !url.is_empty());
    // Servers other than AWS rarely have a host name for each bucket.
    let path_style = restore.velero().path_style.unwrap_or(endpoint.is_some());
    bsl::location([bucket, region, &restore.velero().prefix], endpoint, path_style, access.access()?).map(Some)
}

#[cfg(test)]
mod tests {
    use super::without_credentials;

    #[test]
    fn a_charts_name_has_no_credentials_and_keeps_its_digest() {
        for (chart, expected) in [
            ("./chart", "./chart"),
            ("https://me:p@ss/w@host/c.tgz", "https://host/c.tgz"),
            ("oci://host:5000/c", "oci://host:5000/c"),
            ("oci://host/c@sha256:ab", "oci://host/c@sha256:ab"),
            ("oci://me:x@host/c@sha256:ab", "oci://host/c@sha256:ab"),
        ] {
            assert_eq!(without_credentials(chart), expected);
        }
    }
}
