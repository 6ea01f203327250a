//! MirrorMaker 2, as a Deployment for the time of the restore.

use hwdr_kafka::mirror::Mirror;
use serde_json::Value as Json;

use crate::cluster::condition::text;
use crate::cluster::{Kind, Selection, WaitState};
use crate::product::streams::maker::{Deployed, Mounted, NAME, objects};
use crate::product::streams::own::Own;
use crate::product::streams::secrets::Secrets;
use crate::run::steps::PODS;
use crate::run::{Halt, Run};

/// The label of what hwdr makes for a restore.
const RESTORE_ID: &str = "hwdr.hopsworks.ai/restore-id";

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
    let (named, mut secrets) = (Secrets::of(own)?, [None, None]);
    for (secret, mounted) in [named.backup, named.new_one].into_iter().zip(&mut secrets) {
        let Some(secret) = secret else { continue };
        let certificates = Secrets::certificates(&run.cluster, &secret).await?;
        *mounted = Some(Mounted { secret, certificates });
    }
    let deployed = Deployed {
        name: &name(run),
        namespace: &run.cluster.namespace,
        image: &image,
        secrets,
        label: (RESTORE_ID, &run.state.backup_id),
    };
    for object in objects(mirror, &deployed)? {
        let kind = if text(&object, "/kind") == "Deployment" { Kind::DEPLOYMENT } else { Kind::SECRET };
        match run.cluster.create(kind, None, &object).await {
            Err(error) if error.is_conflict() => {
                let there = run.cluster.get(kind, None, &name(run)).await?.unwrap_or_default();
                run.must_be_ours(kind, &there)?;
                is_the_same(kind, &there, &object)?;
            }
            made => drop(made?),
        }
    }
    Ok(())
}

/// Checks that what is there does the same: it has the credentials of both clusters.
fn is_the_same(kind: Kind, there: &Json, wanted: &Json) -> Result<(), Halt> {
    let container = "/spec/template/spec/containers/0";
    let same = ["/data", &format!("{container}/image"), &format!("{container}/command")];
    let secrets = |object: &Json| -> Vec<Json> {
        let volumes = object.pointer("/spec/template/spec/volumes").and_then(Json::as_array).into_iter().flatten();
        volumes.filter_map(|volume| volume.pointer("/secret/secretName").cloned()).collect()
    };
    if same.iter().all(|at| there.pointer(at) == wanted.pointer(at)) && secrets(there) == secrets(wanted) {
        return Ok(());
    }
    let name = text(there, "/metadata/name");
    Err(Halt::new(format!("{}/{name} is there, and is not what this run would make", kind.kind))
        .help(format!("see who made it, and delete it: kubectl delete {} {name}", kind.plural)))
}

/// Ends it, and waits until its pods are gone.
///
/// # Errors
/// If its objects are somebody else's, or a pod does not go.
pub async fn stop(run: &mut Run) -> Result<(), Halt> {
    let name = name(run);
    for kind in [Kind::DEPLOYMENT, Kind::SECRET] {
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
