//! The commands that run restores: `upgrade` and `install`, and what follows them.

mod apply;
mod consent;
mod finalize;
mod follow;
mod report;

use std::env;
use std::future::Future;
use std::io;

pub use apply::{Install, Rerun, Upgrade};
pub use finalize::Finalize;
pub use follow::{History, Resume, Undo, Watch};

use super::connection::ConnectionArgs;
use super::messages::Failure;
use crate::helm::invocation::Invocation;
use crate::helm::run::HelmError;
use crate::run::Halt;
use crate::run::show::LogFormat;

/// hwdr's own flags among helm's, and whether each takes a value.
const OWN: &[(&str, bool)] = &[
    ("yes", false),
    ("dry-run", false),
    ("wipe", false),
    ("accept-partial", false),
    ("expect-cluster", true),
    ("output", true),
    ("log-format", true),
];

impl From<Halt> for Failure {
    fn from(halt: Halt) -> Self {
        let failure = Self::refused(halt.problem);
        halt.help.into_iter().fold(failure, Self::help)
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

/// Runs what needs a cluster: on one thread, for it mostly waits.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error: io::Error| Failure::unusable(format!("cannot begin: {error}")))?;
    runtime.block_on(future)
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

/// Bytes of a values file; standard input can be read only once, and here it is.
fn read_values(name: &str) -> io::Result<Vec<u8>> {
    super::files::read(name)
}
