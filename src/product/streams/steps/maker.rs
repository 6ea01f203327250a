//! MirrorMaker 2, as a Deployment for the time of the restore.

use hwdr_kafka::mirror::{Mirror, Security};
use serde_json::{Value as Json, json};

use crate::cluster::{Kind, Selection, WaitState};
use crate::product::streams::kafka::SECRETS;
use crate::product::streams::own::Own;
use crate::product::streams::secrets::Secrets;
use crate::render;
use crate::run::steps::PODS;
use crate::run::{Halt, Run};

/// The template of the ConfigMap with its settings, and of the Deployment.
pub const TEMPLATE: &str = "mirror-maker.yaml";
/// The name of both, before the id of the restore.
const NAME: &str = "hwdr-mirror";

/// Starts it, if the settings name an image; otherwise somebody else runs it, and the settings that it needs are named.
pub(super) async fn start(run: &mut Run, own: &Own, mirror: &Mirror) -> Result<(), Halt> {
    let (settings, _) = own.asked()?;
    let Some(image) = settings.kafka.and_then(|kafka| kafka.image) else {
        run.show.note(
            "start MirrorMaker 2 where both clusters can be reached, with these settings:\n\
             helm hwdr streams mirror --for restore --exactly-once --properties -f values.yaml",
        );
        return Ok(());
    };
    let properties = mirror.properties().map_err(|error| Halt::new(error.to_string()))?;
    let secrets = Secrets::of(own)?;
    let mut mounts = Vec::new();
    for (cluster, secret) in [(&mirror.source, secrets.backup), (&mirror.target, secrets.new_one)] {
        let (Security::SaslTls { .. }, Some(secret)) = (&cluster.security, secret) else { continue };
        let certificates = Secrets::certificates(&run.cluster, &secret).await?;
        mounts.push(json!({"cluster": cluster.alias.as_str(), "secret": secret, "certificates": certificates}));
    }
    let context = json!({
        "id": run.state.backup_id,
        "name": name(run),
        "namespace": run.cluster.namespace,
        "image": image.as_str(),
        "properties": properties,
        "folder": SECRETS,
        "mounts": mounts,
    });
    for object in render::objects(TEMPLATE, &context).map_err(|error| Halt::new(error.to_string()))? {
        let kind = if object["kind"] == "Deployment" { Kind::DEPLOYMENT } else { Kind::CONFIG_MAP };
        match run.cluster.create(kind, None, &object).await {
            Err(error) if error.is_conflict() => {
                let there = run.cluster.get(kind, None, &name(run)).await?.unwrap_or_default();
                run.must_be_ours(kind, &there)?;
            }
            made => drop(made?),
        }
    }
    Ok(())
}

/// Ends it, and waits until its pods are gone.
///
/// # Errors
/// If its objects are somebody else's, or a pod does not go.
pub async fn stop(run: &mut Run) -> Result<(), Halt> {
    let name = name(run);
    for kind in [Kind::DEPLOYMENT, Kind::CONFIG_MAP] {
        run.delete_own(kind, None, &name).await?;
    }
    let label = run.state.backup_id.clone();
    run.wait("MirrorMaker has ended", &Selection::all(Kind::POD), PODS, |pods| {
        let left: Vec<_> = pods.iter().filter(|(_, pod)| is_of(pod, &label)).map(|(name, _)| name.as_str()).collect();
        if left.is_empty() { WaitState::Done } else { WaitState::NotYet(left.join(", ")) }
    })
    .await
}

/// Whether a pod is MirrorMaker's.
fn is_of(pod: &Json, id: &str) -> bool {
    let label = |key: &str| pod.pointer(&format!("/metadata/labels/{key}")).and_then(Json::as_str);
    label("app.kubernetes.io~1name") == Some(NAME) && label("hwdr.hopsworks.ai~1restore-id") == Some(id)
}

fn name(run: &Run) -> String {
    format!("{NAME}-{}", run.state.backup_id)
}
