//! What is left in the namespace: Velero restores only what does not exist, and claims and Secrets outlive helm uninstall.

use serde_json::Value as Json;

use crate::cluster::condition::{shortened, text};
use crate::cluster::{Cluster, ClusterError, Kind};
use crate::refusal::Refusal;
use crate::shown::{plain, word};

/// Kinds of which anything would be in the way.
const ANY: [Kind; 12] = [
    Kind::DEPLOYMENT,
    Kind::STATEFUL_SET,
    Kind::DAEMON_SET,
    Kind::CLAIM,
    Kind::SECRET,
    Kind::CONFIG_MAP,
    Kind::SERVICE,
    Kind::INGRESS,
    Kind::JOB,
    Kind::CRON_JOB,
    Kind::AUTOSCALER,
    Kind::DISRUPTION_BUDGET,
];
/// Kinds that clusters put into each new namespace themselves, too (OpenShift's accounts and bindings, for one): of these, what Helm made counts.
const OF_HELM: [Kind; 4] = [Kind::SERVICE_ACCOUNT, Kind::ROLE, Kind::ROLE_BINDING, Kind::NETWORK_POLICY];
/// Without these, the look is none. The others need rights that somebody may not have.
const NEEDED: [Kind; 5] = [Kind::DEPLOYMENT, Kind::STATEFUL_SET, Kind::CLAIM, Kind::SECRET, Kind::CONFIG_MAP];
/// The ConfigMaps of certificates that Kubernetes, OpenShift and Istio put into each namespace.
const ROOTS: [&str; 3] = ["kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"];

/// Checks that nothing is.
///
/// # Errors
/// If something is, or the namespace is being deleted.
pub(super) async fn is_empty(cluster: &Cluster) -> Result<(), Refusal> {
    let namespace = &cluster.namespace;
    let Some(found) = cluster.get(Kind::NAMESPACE, None, namespace).await? else { return Ok(()) };
    let is_going = found.pointer("/metadata/deletionTimestamp").is_some();
    let mut left = Vec::new();
    for kind in ANY.into_iter().chain(OF_HELM) {
        let objects = match cluster.list(kind, None, "").await {
            Err(error @ ClusterError::Call { .. }) if error.is_refusal() && !NEEDED.contains(&kind) => continue,
            objects => objects?,
        };
        let counts = objects.iter().filter(|object| is_left(kind, object));
        left.extend(counts.map(|object| format!("{}/{}", kind.kind, text(object, "/metadata/name"))));
    }
    if is_going {
        let still = if left.is_empty() { String::new() } else { format!(", and still has {}", named(&left)) };
        return Err(Refusal::new(format!("namespace {namespace} is being deleted{still}")).help(format!(
            "wait until it is gone; see what holds it:\nkubectl get namespace {} -o jsonpath='{{.status.conditions}}'",
            word(namespace)
        )));
    }
    if left.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(format!(
        "namespace {namespace} is not empty: it has {}. Velero restores only what does not exist, so these would stay as they are",
        named(&left)
    ))
    .help("where only the database or Kafka is lost: helm hwdr upgrade, without the namespace in the values")
    .help(format!("where nothing of it is needed, remove all of it:\nkubectl delete namespace {}", word(namespace))))
}

/// Whether an object is neither Kubernetes' own nor hwdr's.
fn is_left(kind: Kind, object: &Json) -> bool {
    let name = text(object, "/metadata/name");
    // OpenShift makes each account one for its registry, of another type.
    let is_accounts = text(object, "/type") == "kubernetes.io/service-account-token"
        || !text(object, "/metadata/annotations/kubernetes.io~1service-account.name").is_empty();
    let is_clusters = match kind {
        Kind::CONFIG_MAP => ROOTS.contains(&name),
        Kind::SECRET => is_accounts,
        Kind::SERVICE => name == "kubernetes" && text(object, "/metadata/labels/component") == "apiserver",
        _ => false,
    };
    let is_hwdrs = text(object, "/metadata/labels/app.kubernetes.io~1name") == "hwdr";
    let is_helms = !text(object, "/metadata/annotations/meta.helm.sh~1release-name").is_empty();
    !is_clusters && !is_hwdrs && (is_helms || ANY.contains(&kind))
}

fn named(left: &[String]) -> String {
    let names: Vec<_> = left.iter().map(|name| plain(name)).collect();
    shortened(&names.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_kubernetes_makes_itself_is_nothing_left() {
        let named = |name: &str| json!({"metadata": {"name": name}});
        for name in ["kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert"] {
            assert!(!is_left(Kind::CONFIG_MAP, &named(name)), "{name}");
        }
        let api = json!({"metadata": {"name": "kubernetes", "labels": {"component": "apiserver"}}});
        assert!(!is_left(Kind::SERVICE, &api));
        assert!(is_left(Kind::SERVICE, &named("kubernetes")));
        let account = json!({"kubernetes.io/service-account.name": "default"});
        let docker = json!({"type": "kubernetes.io/dockercfg", "metadata": {"name": "a", "annotations": account}});
        assert!(!is_left(Kind::SECRET, &docker));
        assert!(is_left(Kind::CONFIG_MAP, &named("streams-programs")));
        assert!(is_left(Kind::SECRET, &named("streams-database-secret")));
        for kind in [Kind::SERVICE, Kind::INGRESS, Kind::CRON_JOB, Kind::AUTOSCALER] {
            assert!(is_left(kind, &named("streams-hub")), "{kind:?}");
        }
        assert!(!is_left(
            Kind::SECRET,
            &json!({"type": "kubernetes.io/service-account-token", "metadata": {"name": "default-token"}})
        ));
        assert!(!is_left(
            Kind::SECRET,
            &json!({"metadata": {"name": "a", "labels": {"app.kubernetes.io/name": "hwdr"}}})
        ));
    }

    #[test]
    fn of_accounts_and_rights_what_helm_made_counts() {
        let helms = json!({"metadata": {"name": "streams", "annotations": {"meta.helm.sh/release-name": "streams"}}});
        for kind in OF_HELM {
            assert!(!is_left(kind, &json!({"metadata": {"name": "default"}})), "{kind:?}");
            assert!(is_left(kind, &helms), "{kind:?}");
        }
    }
}
