//! Whether Velero is installed: without it nothing answers, and every wait ends only at its limit.

use super::Velero;
use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::refusal::Refusal;

/// How to install it (reference: the docs' own command).
pub const INSTALL: &str = "install it:\n\
                       velero install --image velero/velero:v1.17.1 \\\n  \
                       --plugins velero/velero-plugin-for-aws:v1.13.0 \\\n  \
                       --no-default-backup-location --no-secret \\\n  \
                       --use-volume-snapshots=false --wait";

/// Checks that Velero's resources are known and its server exists.
///
/// # Errors
/// If one of them is missing. A server that is not ready is reported, and left to the wait that follows.
pub(super) async fn check(cluster: &Cluster, velero: &Velero, tell: &mut dyn FnMut(&str)) -> Result<(), Refusal> {
    let Velero { namespace, deployment: usual, .. } = velero;
    match cluster.list(Kind::STORAGE_LOCATION, Some(namespace), "").await {
        Err(ClusterError::Call { code: 404, .. }) => {
            return Err(Refusal::new(
                "Velero is not installed: the cluster does not know its resources (velero.io/v1)",
            )
            .help(INSTALL));
        }
        other => other?,
    };
    let deployments = cluster.list(Kind::DEPLOYMENT, Some(namespace), "").await?;
    // "velero install" and the Helm chart both call it velero; a release of another name gives it another, and a label.
    let is_server = |deployment: &&serde_json::Value| {
        text(deployment, "/metadata/name") == usual
            || text(deployment, "/metadata/labels/app.kubernetes.io~1name") == "velero"
            || text(deployment, "/metadata/labels/component") == "velero"
    };
    let Some(server) = deployments.iter().find(is_server) else {
        return Err(Refusal::new(format!(
            "Velero's resources exist, but there is no Deployment {usual} in the namespace {namespace}"
        ))
        .help(INSTALL));
    };
    if number(server, "/status/readyReplicas") == 0 {
        let name = text(server, "/metadata/name");
        tell(&format!("Velero's Deployment {name} has no ready pod (kubectl -n {namespace} describe pods)"));
    }
    Ok(())
}
