//! Whether a Velero backup can bring back the namespace of the release.

use serde_json::Value as Json;

use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::refusal::Refusal;
use crate::shown::kept;
use crate::velero::Scope;

/// Checks it, if Velero knows the backup: in a new cluster it may not have read the bucket yet, and the run looks again.
///
/// # Errors
/// If the backup is of something else.
pub(super) async fn is_backed_up(cluster: &Cluster, velero: &str, name: &str) -> Result<(), Refusal> {
    match cluster.get(Kind::BACKUP, Some(velero), name).await? {
        Some(backup) => of_namespace(&backup, &cluster.namespace),
        None => Ok(()),
    }
}

/// Checks that a backup is of a namespace, and of nothing else: in another one, some of the configuration would be wrong (Axway's page, "Known
/// limitations"), and Velero would bring back the old one.
///
/// # Errors
/// If it is not.
pub fn of_namespace(backup: &Json, namespace: &str) -> Result<(), Refusal> {
    let Some(objection) = Scope::of(&backup["spec"]).objection(Some(namespace)) else { return Ok(()) };
    let name = kept(text(backup, "/metadata/name"));
    Err(Refusal::new(format!("Velero backup {name} cannot bring back namespace {namespace}: {objection}"))
        .help("Streams is restored into its own namespace, whole: name that one with -n NAME")
        .help("or choose another backup: helm hwdr backups list -f values.yaml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_backup_of_another_namespace_is_refused() {
        let backup = |names: Json| json!({"metadata": {"name": "b"}, "spec": {"includedNamespaces": names}});
        assert_eq!(of_namespace(&backup(json!(["streams"])), "streams"), Ok(()));
        for (names, of) in [
            (json!(["other"]), "does not have namespace streams"),
            (json!(["streams", "other"]), "2 namespaces"),
            (json!([]), "all namespaces"),
        ] {
            let refusal = of_namespace(&backup(names), "streams").unwrap_err();
            assert!(refusal.problem.contains(of) && refusal.help.len() == 2, "{refusal:?}");
        }
    }
}
