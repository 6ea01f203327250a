//! What helm applied for this run, from Helm's own record: the only source for recreating a Job or Restore.

use std::env;

use serde_json::{Value as Json, json};

use crate::cluster::Kind;
use crate::cluster::condition::text;
use crate::run::{Halt, Run};
use crate::stream::{Stream, json_of};

/// The Job or Restore that helm applied for this run, as rendered from the plan, with Helm's own labels and annotations.
///
/// # Errors
/// If Helm's newest revision is not this run's, does not have it, or is kept where others may write.
pub(super) async fn object(run: &Run, kind: Kind, name: &str) -> Result<Json, Halt> {
    let (release, commands) = (&run.state.release, run.cluster.commands());
    let refused = |why: String| {
        Halt::new(format!("{}/{name} cannot be recreated: {why}", kind.kind))
            .help(format!("see what is applied:\n{}", commands.helm(&format!("get manifest {release}"))))
            .help(format!("delete {}/{name}, and apply it from there; then:\n{}", kind.kind, run.resume()))
    };
    if driver_is_a_configmap(env::var("HELM_DRIVER").ok().as_deref()) {
        return Err(refused(
            "Helm keeps its records in ConfigMaps (HELM_DRIVER), which the chart's pods may write".to_owned(),
        ));
    }
    let now = run.helm.release(release).await?;
    if now.as_ref().is_none_or(|now| now.status != "deployed" || now.description != run.state.description()) {
        let is = now.map_or("gone".to_owned(), |now| format!("at revision {}, {}", now.revision, now.description));
        return Err(refused(format!("release {release} is {is}, which is not this run's")));
    }
    let manifest = run.helm.manifest(release).await?;
    let found = objects_of(manifest, release, &run.cluster.namespace)
        .map_err(|why| refused(format!("Helm's record: {why}")))?;
    let velero = run.state.velero();
    let of = if kind == Kind::RESTORE { &velero } else { &run.cluster.namespace };
    found
        .into_iter()
        .find(|object| {
            let is = |pointer: &str, expected: &str| text(object, pointer) == expected;
            is("/apiVersion", &kind.api_version())
                && is("/kind", kind.kind)
                && is("/metadata/name", name)
                && is("/metadata/namespace", of)
        })
        .ok_or_else(|| refused(format!("Helm's newest revision has no such object in namespace {of}")))
}

/// Whether Helm keeps its records in ConfigMaps (helm, `pkg/action/action.go`, `Init`).
fn driver_is_a_configmap(driver: Option<&str>) -> bool {
    matches!(driver, Some("configmap" | "configmaps"))
}

/// The objects of a manifest, with Helm's own labels and annotations; those without a namespace are in the release's.
pub(super) fn objects_of(manifest: String, release: &str, namespace: &str) -> Result<Vec<Json>, String> {
    let stream = Stream::parse(manifest.into_bytes()).map_err(|error| error.to_string())?;
    let objects = stream.objects().iter().map(|object| {
        let look = stream.look(object);
        let mut object = json_of(&look.tree, look.root);
        if text(&object, "/metadata/namespace").is_empty() {
            put(&mut object, &["metadata", "namespace"], namespace.into());
        }
        put(&mut object, &["metadata", "labels", "app.kubernetes.io/managed-by"], "Helm".into());
        put(&mut object, &["metadata", "annotations", "meta.helm.sh/release-name"], release.into());
        put(&mut object, &["metadata", "annotations", "meta.helm.sh/release-namespace"], namespace.into());
        object
    });
    Ok(objects.collect())
}

/// Sets the value at the end of a path; anything else than a mapping on the way becomes one.
pub(super) fn put(object: &mut Json, path: &[&str], value: Json) {
    let Some((key, rest)) = path.split_first() else {
        *object = value;
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    if let Some(map) = object.as_object_mut() {
        put(map.entry(*key).or_insert(Json::Null), rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_in_configmaps_are_not_believed() {
        assert!(driver_is_a_configmap(Some("configmap")) && driver_is_a_configmap(Some("configmaps")));
        assert!(
            !driver_is_a_configmap(None) && !driver_is_a_configmap(Some("")) && !driver_is_a_configmap(Some("secret"))
        );
    }
}
