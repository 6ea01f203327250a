//! Whether Velero is there at all: without it nothing ever answers, and every wait only ends by its limit.

use super::Velero;
use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::refusal::Refusal;

/// How it is installed (reference: the docs' own command).
const INSTALL: &str = "install it:\n\
                       velero install --image velero/velero:v1.17.1 \\\n  \
                       --plugins velero/velero-plugin-for-aws:v1.13.0 \\\n  \
                       --no-default-backup-location --no-secret \\\n  \
                       --use-volume-snapshots=false --wait";

/// Nothing, where Velero's resources are known and its server has a pod that is ready.
///
/// # Errors
/// Where one of them is missing; where the server is there and not ready, that is told, and left to the wait that follows.
pub async fn check(cluster: &Cluster, velero: &Velero, tell: &mut dyn FnMut(&str)) -> Result<(), Refusal> {
    let Velero { namespace, deployment: usual, .. } = velero;
    match cluster.list(Kind::STORAGE_LOCATION, Some(namespace), "").await {
        Err(ClusterError::Call { code: 404, .. }) => {
            return Err(
                Refusal::new("Velero is not in this cluster: its resources (velero.io/v1) are not known").help(INSTALL)
            );
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
            "Velero's resources are there, but no Deployment {usual} in the namespace {namespace}"
        ))
        .help(INSTALL));
    };
    if number(server, "/status/readyReplicas") == 0 {
        let name = text(server, "/metadata/name");
        tell(&format!("Velero's Deployment {name} has no pod that is ready (kubectl -n {namespace} describe pods)"));
    }
    Ok(())
}
