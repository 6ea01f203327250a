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

/// The other way: its Helm chart (reference: the same).
pub const INSTALL_BY_HELM: &str = "helm repo add vmware-tanzu \\\n  \
                       https://vmware-tanzu.github.io/helm-charts\n\
                       helm install velero vmware-tanzu/velero --version 11.2.0 \\\n  \
                       --namespace velero --create-namespace --wait \\\n  \
                       --set 'initContainers[0].name=velero-plugin-for-aws' \\\n  \
                       --set 'initContainers[0].image=velero/velero-plugin-for-aws:v1.13.0' \\\n  \
                       --set 'initContainers[0].volumeMounts[0].mountPath=/target' \\\n  \
                       --set 'initContainers[0].volumeMounts[0].name=plugins' \\\n  \
                       --set-json configuration.backupStorageLocation='[]' \\\n  \
                       --set credentials.useSecret=false --set snapshotsEnabled=false";
/// The image of its plugin for S3.
pub const PLUGIN: &str = "velero/velero-plugin-for-aws:v1.13.0";

/// Whether a Deployment is Velero's server, which `usual` names. "velero install" and the Helm chart both call it velero; a release of another name
/// gives it another, and a label.
pub fn is_server(deployment: &serde_json::Value, usual: &str) -> bool {
    text(deployment, "/metadata/name") == usual
        || text(deployment, "/metadata/labels/app.kubernetes.io~1name") == "velero"
        || text(deployment, "/metadata/labels/component") == "velero"
}

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
    let Some(server) = deployments.iter().find(|deployment| is_server(deployment, usual)) else {
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
