//! Whether Velero is installed: without it nothing answers, and every wait ends only at its limit.

use serde_json::Value as Json;

use super::Velero;
use crate::cluster::condition::{number, text};
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::refusal::Refusal;
use crate::shown::plain;

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
pub fn is_server(deployment: &Json, usual: &str) -> bool {
    text(deployment, "/metadata/name") == usual
        || text(deployment, "/metadata/labels/app.kubernetes.io~1name") == "velero"
        || text(deployment, "/metadata/labels/component") == "velero"
}

/// The oldest minor version of Velero 1 that changes what it restores (`spec.resourceModifier`; its changelog of 1.12). Before, the API server drops
/// the field, and Velero restores workloads with their pods.
pub const HOLDS: u32 = 12;

/// The minor version of a `v1.N.…` tag of an image.
pub fn minor(image: &str) -> Option<u32> {
    let (_, tag) = image.split('@').next()?.rsplit_once(':')?;
    let mut parts = tag.trim_start_matches('v').split('.');
    let major = parts.next()?;
    parts.next()?.parse().ok().filter(|_| major == "1")
}

/// The image of Velero's server.
pub fn image(server: &Json) -> &str {
    text(server, "/spec/template/spec/containers/0/image")
}

/// How to have a Velero that changes what it restores.
pub(super) fn upgrade() -> String {
    format!("upgrade Velero, with its CRDs, to 1.{HOLDS} or later:\nhttps://velero.io/docs/v1.17/upgrade-to-1.17/")
}

/// Checks that Velero's server, as far as its image says, changes what it restores.
///
/// # Errors
/// If it is too old.
pub(super) fn can_hold(server: &Json) -> Result<(), Refusal> {
    match minor(image(server)) {
        Some(minor) if minor < HOLDS => Err(Refusal::new(format!(
            "Velero is {}: before 1.{HOLDS} it cannot restore a workload without its pods, which would use the old servers",
            plain(image(server))
        ))
        .help(upgrade())),
        _ => Ok(()),
    }
}

/// Checks that Velero's resources are known and its server exists, which it gives.
///
/// # Errors
/// If one of them is missing. A server that is not ready is reported, and left to the wait that follows.
pub(super) async fn check(cluster: &Cluster, velero: &Velero, tell: &mut dyn FnMut(&str)) -> Result<Json, Refusal> {
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
    Ok(server.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn versions_are_in_tags() {
        for (image, expected) in [
            ("velero/velero:v1.17.1", Some(17)),
            ("registry:5000/velero:v1.18.0@sha256:ab", Some(18)),
            ("velero/velero:1.9.0-rc.1", Some(9)),
            ("velero/velero:latest", None),
            ("velero/velero@sha256:ab", None),
            ("velero/velero:v2.1.0", None),
            ("velero", None),
        ] {
            assert_eq!(minor(image), expected, "{image}");
        }
    }

    #[test]
    fn an_old_velero_cannot_hold() {
        let of = |image: &str| can_hold(&json!({"spec": {"template": {"spec": {"containers": [{"image": image}]}}}}));
        assert!(of("velero/velero:v1.12.0").is_ok() && of("velero/velero@sha256:ab").is_ok());
        let refusal = of("velero/velero:v1.11.3").unwrap_err();
        assert!(refusal.problem.contains("velero:v1.11.3: before 1.12") && !refusal.help.is_empty(), "{refusal:?}");
    }
}
