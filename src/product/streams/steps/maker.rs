//! MirrorMaker 2, as a Deployment for the time of the restore.

use hwdr_kafka::mirror::Mirror;
use serde_json::{Value as Json, json};

use super::own;
use crate::cluster::condition::text;
use crate::cluster::{Kind, Selection, WaitState, why_they_wait};
use crate::product::streams::maker::{BACK, Deployed, Mounted, NAME, OF_EVERY_DAY, objects};
use crate::product::streams::own::Own;
use crate::product::streams::secrets::Secrets;
use crate::product::streams::settings::names::Image;
use crate::run::steps::PODS;
use crate::run::{Context as _, Halt, Run};
use crate::shown::word;

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
    let named = Secrets::of(own)?;
    let labels = [(RESTORE_ID, run.state.backup_id.as_str())];
    let maker =
        Maker { name: &name(run), image: &image, secrets: [named.backup.name, named.new_one.name], labels: &labels };
    make(run, mirror, maker).await
}

/// Starts MirrorMaker the other way, for every day to come: it stays. Without an image it is somebody else's, and this gives false.
pub(super) async fn start_back(run: &mut Run, own: &Own, mirror: &Mirror) -> Result<bool, Halt> {
    let (settings, restore) = own.asked()?;
    let Some(image) = settings.kafka.and_then(|kafka| kafka.image) else {
        let servers = restore.kafka.map_or_else(String::new, |kafka| kafka.bootstrap_servers.to_string());
        run.show.note(&format!(
            "start MirrorMaker 2 where both clusters can be reached, with these settings:\n\
             helm hwdr streams mirror --for backup --name {} --properties -f values.yaml --set-json {}",
            mirror.source.alias,
            word(&format!("externalizedKafka.bootstrapServers={}", json!(servers)))
        ));
        return Ok(false);
    };
    let named = Secrets::of(own)?;
    let labels = [OF_EVERY_DAY, (RESTORE_ID, run.state.backup_id.as_str())];
    make(
        run,
        mirror,
        Maker { name: BACK, image: &image, secrets: [named.new_one.name, named.backup.name], labels: &labels },
    )
    .await?;
    Ok(true)
}

/// Why its pods do not run, as far as Kubernetes says.
pub(super) async fn why_it_waits(run: &Run) -> Vec<String> {
    let labels = format!("app.kubernetes.io/name={NAME},{RESTORE_ID}={}", run.state.backup_id);
    let pods = run.cluster.list(Kind::POD, None, &labels).await.unwrap_or_default();
    let mut reasons = why_they_wait(&run.cluster, &pods).await;
    reasons.extend(
        pods.iter()
            .filter(|pod| ends_again(pod))
            .map(|pod| format!("pod {} ends again and again", text(pod, "/metadata/name"))),
    );
    reasons
}

fn ends_again(pod: &Json) -> bool {
    let mut states = pod.pointer("/status/containerStatuses").and_then(Json::as_array).into_iter().flatten();
    states.any(|state| text(state, "/state/waiting/reason") == "CrashLoopBackOff")
}

/// How to see what it says.
pub(super) fn its_log(run: &Run) -> String {
    match own(run).is_ok_and(|own| makes_itself(&own)) {
        true => format!(
            "see what MirrorMaker says: kubectl -n {} logs deployment/{}",
            word(&run.cluster.namespace),
            name(run)
        ),
        false => "see what MirrorMaker says, in its log".to_owned(),
    }
}

/// How it is made.
struct Maker<'m> {
    name: &'m str,
    image: &'m Image,
    /// Of the source, and of the target.
    secrets: [Option<String>; 2],
    labels: &'m [(&'m str, &'m str)],
}

/// Makes its objects, or finds them as they would be made.
async fn make(run: &Run, mirror: &Mirror, maker: Maker<'_>) -> Result<(), Halt> {
    let mut secrets = [None, None];
    for (secret, mounted) in maker.secrets.into_iter().zip(&mut secrets) {
        let Some(secret) = secret else { continue };
        let certificates = Secrets::certificates(&run.cluster, &secret).await?;
        *mounted = Some(Mounted { secret, certificates });
    }
    let Maker { name, image, labels, .. } = maker;
    let deployed = Deployed { name, namespace: &run.cluster.namespace, image, secrets, labels };
    for object in objects(mirror, &deployed)? {
        let kind = if text(&object, "/kind") == "Deployment" { Kind::DEPLOYMENT } else { Kind::SECRET };
        match run.cluster.create(kind, None, &object).await {
            Err(error) if error.is_conflict() => {
                let there = run.cluster.get(kind, None, name).await?.unwrap_or_default();
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
pub(super) async fn stop(run: &mut Run) -> Result<(), Halt> {
    let mut names = vec![name(run)];
    let back = own(run).ok().filter(|own| own.ends.is_some());
    let is_ours = back.as_ref().is_some_and(makes_itself);
    // Somebody else's of that name was refused before, if this run makes one.
    if is_ours {
        names.push(BACK.to_owned());
    }
    for name in &names {
        for kind in [Kind::DEPLOYMENT, Kind::SECRET] {
            run.delete_own(kind, None, name).await?;
        }
    }
    if back.is_some() {
        if !is_ours {
            run.show
                .note("kafka: if you have started a MirrorMaker from the new cluster to the backup cluster, stop it");
        }
        run.show.note(
            "kafka: if the new cluster was mirrored to the backup cluster, that one has its records, too: mirror the old cluster to one that is empty",
        );
    }
    let label = run.state.backup_id.clone();
    run.wait("MirrorMaker has ended", &Selection::all(Kind::POD), PODS, |pods| {
        let left: Vec<_> = pods.iter().filter(|(_, pod)| is_of(pod, &label)).map(|(name, _)| name.as_str()).collect();
        if left.is_empty() { WaitState::Done } else { WaitState::NotYet(left.join(", ")) }
    })
    .await
}

/// Ends it for good: the run is undone, and Streams uses the old cluster again. Whatever mirrored that was stopped before the run began.
///
/// # Errors
/// As [`stop`].
pub async fn undo(run: &mut Run) -> Result<(), Halt> {
    stop(run).await?;
    let Ok(own) = own(run) else { return Ok(()) };
    // The backup cluster of one that was mirrored back is another one's now: stop() says so.
    let Some(kafka) =
        own.asked().ok().filter(|(_, restore)| restore.kafka.is_some()).and_then(|(settings, _)| settings.kafka)
    else {
        return Ok(());
    };
    if own.ends.is_none() {
        let start = start_every_day(kafka.image.is_some(), &run.cluster.namespace);
        run.finding(&format!(
            "kafka: nothing mirrors the old Kafka to the backup cluster until you start that mirror again, with the --name that it had:\n{start}"
        ));
    }
    Ok(())
}

/// The command that starts the mirror of every day, from Streams' own cluster to the backup cluster.
pub fn start_every_day(has_image: bool, namespace: &str) -> String {
    let mirror = "helm hwdr streams mirror --for backup";
    match has_image {
        true => format!("{mirror} --manifests -n {} -f values.yaml | kubectl apply -f -", word(namespace)),
        false => format!("{mirror} --properties -f values.yaml"),
    }
}

/// Whether a run makes the mirrors itself: without an image they are somebody else's, whatever they are called.
fn makes_itself(own: &Own) -> bool {
    own.asked().is_ok_and(|(settings, _)| settings.kafka.is_some_and(|kafka| kafka.image.is_some()))
}

/// Whether a pod is MirrorMaker's.
fn is_of(pod: &Json, id: &str) -> bool {
    let label = |key: &str| pod.pointer(&format!("/metadata/labels/{key}")).and_then(Json::as_str);
    label("app.kubernetes.io~1name") == Some(NAME) && label("hwdr.hopsworks.ai~1restore-id") == Some(id)
}

fn name(run: &Run) -> String {
    format!("{NAME}-{}", run.state.backup_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::streams::own::tests::{BOTH, values};

    #[test]
    fn a_pod_that_ends_again_and_again_is_known() {
        let pod = |reason: &str| json!({"status": {"containerStatuses": [{"state": {"waiting": {"reason": reason}}}]}});
        assert!(ends_again(&pod("CrashLoopBackOff")));
        assert!(!ends_again(&pod("ContainerCreating")) && !ends_again(&json!({})));
    }

    #[test]
    fn a_mirror_back_is_its_own_if_an_image_is_named() {
        assert!(!makes_itself(&Own::new(&values(BOTH))));
        let named = BOTH.replace("protocol: plaintext}}", "protocol: plaintext}, image: 'apache/kafka:4.0.0'}");
        assert!(makes_itself(&Own::new(&values(&named))));
    }
}
