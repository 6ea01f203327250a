//! A command in a container.

use std::pin::pin;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::api::{Api, AttachParams};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

use super::Cluster;
use crate::refusal::with_causes;
use crate::shown::duration;

/// How much of each stream is kept.
const MOST: usize = 8 << 20;
/// Why a command that ran failed (k8s.io/apimachinery, `remotecommand.NonZeroExitCodeReason`); any other failure is the cluster's own.
const ENDED_BADLY: &str = "NonZeroExitCode";
const BROKEN: &str = "the connection to the command broke";

/// What a command wrote, up to 8 MiB each. Without its exit status: what it wrote decides.
#[derive(Debug, Default)]
pub struct Output {
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub error: String,
}

impl Cluster {
    /// Runs a command in a container of the release's namespace, to its end. Only for commands that change nothing there: it checks no
    /// lock, and a lost answer cannot be asked for again. RBAC requires `get` and, from Kubernetes 1.35 on, `create` of `pods/exec`.
    ///
    /// # Errors
    /// If the API server or the node refuses, in their words; if the connection breaks; if the command does not end within `limit`.
    pub async fn exec(&self, pod: &str, container: &str, command: &[&str], limit: Duration) -> Result<Output, String> {
        let api: Api<Pod> = Api::namespaced(self.client().clone(), &self.namespace);
        let parameters = AttachParams::default().container(container);
        let run = async {
            let process = api.exec(pod, command.iter().copied(), &parameters).await;
            let mut process = process.map_err(|error| with_causes(&error))?;
            let mut ended = pin!(process.take_status().ok_or(BROKEN)?);
            let (out, error) = (process.stdout(), process.stderr());
            let mut reading = pin!(async { tokio::join!(all_of(out), all_of(error)) });
            let mut status = None;
            // A connection that breaks ends the status, and leaves the streams open.
            let (out, error) = loop {
                tokio::select! {
                    read = &mut reading => break read,
                    told = &mut ended, if status.is_none() => status = Some(told.ok_or(BROKEN)?),
                }
            };
            let status = match status {
                Some(status) => status,
                None => ended.await.ok_or(BROKEN)?,
            };
            has_run(status).map(|()| Output { out, error })
        };
        timeout(limit, run).await.unwrap_or_else(|_| Err(format!("no end within {}", duration(limit.as_secs()))))
    }
}

/// Checks that a command was run at all.
fn has_run(status: Status) -> Result<(), String> {
    match (status.status.as_deref(), status.reason.as_deref()) {
        (Some("Failure"), Some(ENDED_BADLY)) => Ok(()),
        (Some("Failure"), _) => Err(status.message.unwrap_or_else(|| "the command could not be run".to_owned())),
        _ => Ok(()),
    }
}

/// Reads to the end, because an unread stream blocks the other one.
async fn all_of(stream: Option<impl AsyncRead + Unpin>) -> String {
    let (mut all, mut some) = (Vec::new(), [0; 8192]);
    if let Some(mut stream) = stream {
        while let Ok(read @ 1..) = stream.read(&mut some).await {
            all.extend_from_slice(some.get(..read.min(MOST.saturating_sub(all.len()))).unwrap_or_default());
        }
    }
    String::from_utf8_lossy(&all).into_owned()
}
