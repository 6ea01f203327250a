//! The commands that run restores: `upgrade` and `install`, and what follows them.

mod apply;
mod consent;
mod finalize;
mod follow;
mod report;

use std::env;

use sha2::{Digest as _, Sha256};

pub use apply::{Install, Rerun, Upgrade};
pub use finalize::Finalize;
pub use follow::{History, Resume, Undo, Watch};

use super::bsl;
use super::bsl::AccessArgs;
use super::connection::ConnectionArgs;
pub use super::connection::block_on;
use super::messages::Failure;
use crate::helm::invocation::Invocation;
use crate::helm::run::HelmError;
use crate::run::show::LogFormat;
use crate::run::{Cause, Halt};
use crate::settings::Restore;
use crate::values::Value;
use crate::velero::Location;

/// hwdr's own flags of all these commands among helm's, and whether each takes a value.
const OWN: &[(&str, bool)] = &[
    ("yes", false),
    ("dry-run", false),
    ("wipe", false),
    ("accept-partial", false),
    ("expect-cluster", true),
    ("output", true),
    ("log-format", true),
    ("from", true),
    ("iam", false),
    ("secret", true),
    ("credentials-file", true),
    ("credentials-env", false),
];

impl From<Halt> for Failure {
    fn from(halt: Halt) -> Self {
        let is_lost = halt.cause == Cause::Lost;
        let failure = halt.help.into_iter().fold(Self::refused(halt.problem), Self::help);
        if is_lost { failure.stopped() } else { failure }
    }
}

impl From<HelmError> for Failure {
    fn from(error: HelmError) -> Self {
        let failure = match &error {
            HelmError::Failed { .. } => Self::refused(error.to_string()),
            _ => Self::unusable(error.to_string()),
        };
        match error {
            HelmError::Io { .. } => failure.help("name the helm to use: HELM_BIN=/path/to/helm"),
            _ => failure,
        }
    }
}

/// Refuses those of hwdr's own flags that are not among `known`: one that is passed over in silence would not do what it says.
fn only(command: &str, invocation: &Invocation, known: &[&str]) -> Result<(), Failure> {
    match invocation.own.iter().find(|(flag, _)| !known.contains(&flag.as_str())) {
        None => Ok(()),
        Some((flag, _)) => Err(Failure::unusable(format!("helm hwdr {command} has no flag --{flag}"))
            .help(format!("helm hwdr {command} --help"))),
    }
}

/// `--from here` is a value: so the plan, helm and a resumed run know it alike.
fn from_here(invocation: &mut Invocation) -> Result<(), Failure> {
    match invocation.own("from") {
        None => Ok(()),
        Some("here") => {
            invocation.values.set_string.push("hwdr.hopsfs.from=here".to_owned());
            Ok(())
        }
        Some(other) => Err(Failure::unusable(format!("--from {other}: expected here"))),
    }
}

/// A hash of merged values: of SHA-256, all digits.
fn hash(values: &Value) -> String {
    Sha256::digest(values.to_json().to_string()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A chart's name without the credentials that its URL may have.
fn without_credentials(chart: &str) -> String {
    match chart.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.split_once('@')?.1))) {
        Some((scheme, rest)) => format!("{scheme}://{rest}"),
        None => chart.to_owned(),
    }
}

/// The cluster that a command line names, and where it does not, what helm has put into the environment.
fn connection(invocation: &Invocation) -> ConnectionArgs {
    let or_env = |given: &Option<String>, name: &str| given.clone().or_else(|| env::var(name).ok());
    ConnectionArgs {
        kubeconfig: invocation.kubeconfig.clone().map(Into::into),
        kube_context: or_env(&invocation.context, "HELM_KUBECONTEXT"),
        namespace: or_env(&invocation.namespace, "HELM_NAMESPACE"),
    }
}

/// `--log-format`.
fn log_format(invocation: &Invocation) -> Result<LogFormat, Failure> {
    match invocation.own("log-format") {
        None | Some("text") => Ok(LogFormat::Text),
        Some("json") => Ok(LogFormat::Json),
        Some(other) => Err(Failure::unusable(format!("--log-format {other}: expected text or json"))),
    }
}

/// Where Velero's backups lie, by the values, where a flag says how it gets there.
fn location(invocation: &Invocation, values: &Value, restore: &Restore) -> Result<Option<Location>, Failure> {
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
            return Err(Failure::unusable("--iam, --secret, --credentials-file, --credentials-env: give one of these"));
        }
    }
    let storage =
        |key| values.get(&["global", "_hopsworks", "managedObjectStorage", "s3", key]).and_then(Value::as_str);
    let missing = |what: &str| {
        Failure::refused(format!(
            "the {what} of the backups is not in the values (global._hopsworks.managedObjectStorage.s3)"
        ))
        .help("make the storage location first, without the values: helm hwdr bsl apply")
    };
    let bucket = restore.bucket.as_deref().ok_or_else(|| missing("bucket"))?;
    let region = storage("region").ok_or_else(|| missing("region"))?;
    let endpoint = storage("endpoint").filter(|url| !url.is_empty());
    // A server of one's own rarely has a name for each bucket.
    bsl::location([bucket, region, "k8s_backup"], endpoint, endpoint.is_some(), access.access()?).map(Some)
}
