//! Volumes: kept beyond their claims, set aside, given back, or deleted.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::{Value as Json, json};

use super::ours::{TRIES, restless};
use super::{GONE, quiesce, workloads_of};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind, Selection, WaitState};
use crate::mode::Mode;
use crate::run::state::{Before, Scaled, State, Volume};
use crate::run::{Context as _, Halt, Run};

/// Makes the volumes outlive their claims before anything is stopped, because a StatefulSet may delete its claims when it is scaled down
/// (`persistentVolumeClaimRetentionPolicy.whenScaled`).
pub(super) async fn keep(run: &mut Run) -> Result<(), Halt> {
    if run.state.wipe {
        return Ok(());
    }
    for held in run.state.before.volumes.clone() {
        run.show.tell(&format!("keeping volume {} of claim {}", held.volume, held.name()));
        set_policy(run, &held, "Retain").await?;
    }
    Ok(())
}

/// Deletes the claims; the volumes stay.
pub(super) async fn set_aside(run: &mut Run) -> Result<(), Halt> {
    // Somebody may have started something since.
    quiesce::stop(run).await?;
    let sets = workloads_of(run.product(), &run.cluster, &run.state.release).await?;
    let prefixes: Vec<_> = sets.iter().flat_map(|(_, set, _)| prefixes_of(set)).collect();
    for held in run.state.before.volumes.clone() {
        let name = held.name().to_owned();
        let Some(claim) = run.cluster.get(Kind::CLAIM, None, &name).await? else { continue };
        // A claim of another volume is new: the old one was set aside already.
        if text(&claim, "/spec/volumeName") != held.volume {
            continue;
        }
        let uid = text(&claim, "/metadata/uid");
        let is_of_a_set = prefixes.iter().any(|prefix| is_claim(&claim, prefix));
        if !is_noted(&run.state.before, &held, uid) || !is_of_a_set {
            return Err(Halt::new(format!(
                "claim {name} (uid {uid}) did not belong to the release's StatefulSets before the restore: it is not deleted"
            ))
            .help(format!("see what it is:\n{}", run.cluster.commands().kubectl(&format!("get pvc {name} -o yaml"))))
            .help(format!("undo the restore:\n{}", run.undo())));
        }
        if !run.state.wipe {
            must_be_kept(run, &held).await?;
        }
        run.cluster.delete_this(Kind::CLAIM, None, &claim).await?;
        gone(run, &name, text(&claim, "/metadata/uid")).await?;
    }
    Ok(())
}

/// Checks that this restore made all claims of these workloads.
///
/// # Errors
/// A claim that was there before: hwdr must not delete its data.
pub(super) async fn must_be_new(run: &Run, workloads: &[Scaled]) -> Result<(), Halt> {
    let before = &run.state.before;
    if before.claims.is_none() && run.state.mode == Mode::Upgrade {
        return Err(Halt::new("hwdr does not know which claims there were, because an older hwdr began this restore")
            .help("so nothing can restart on empty volumes: undo the restore, then restore again"));
    }
    let was_there = |claim: &Json| {
        let uid = text(claim, "/metadata/uid");
        // Another volume may have got the name of a deleted one.
        let is_kept = |held: &Volume| !run.state.wipe && held.volume == text(claim, "/spec/volumeName");
        // Whatever the state says, a claim older than the run was there.
        !run.is_since(claim)
            || before.claims.iter().flatten().any(|before| before == uid)
            || before.volumes.iter().any(is_kept)
    };
    // One that is being deleted goes in any case.
    let is_going = |claim: &Json| claim.pointer("/metadata/deletionTimestamp").is_some();
    let claims = claims_of(run, workloads).await?;
    if let Some(claim) = claims.iter().find(|claim| was_there(claim) && !is_going(claim)) {
        let name = text(claim, "/metadata/name");
        return Err(Halt::new(format!("claim {name} was there before the restore, so its data are not deleted")).help(
            format!(
                "see what its volume holds, and if that is not needed:\n{}",
                run.cluster.commands().kubectl(&format!("delete pvc {name} --wait=false"))
            ),
        ));
    }
    Ok(())
}

/// Deletes the claims of stopped workloads, with what this restore wrote there ([`must_be_new`]).
pub(super) async fn empty(run: &mut Run, workloads: &[Scaled]) -> Result<(), Halt> {
    for claim in claims_of(run, workloads).await? {
        run.cluster.delete_this(Kind::CLAIM, None, &claim).await?;
        gone(run, text(&claim, "/metadata/name"), text(&claim, "/metadata/uid")).await?;
    }
    Ok(())
}

/// The claims of workloads, as they are now.
async fn claims_of(run: &Run, workloads: &[Scaled]) -> Result<Vec<Json>, Halt> {
    let mut claims = run.cluster.list(Kind::CLAIM, None, "").await?;
    let mut prefixes = Vec::new();
    for workload in workloads.iter().filter(|workload| workload.kind == Kind::STATEFUL_SET.kind) {
        let set = run.cluster.get(Kind::STATEFUL_SET, None, &workload.name).await?;
        if let Some(set) = set.filter(|set| run.is_its(set)) {
            prefixes.extend(prefixes_of(&set));
        }
    }
    claims.retain(|claim| prefixes.iter().any(|prefix| is_claim(claim, prefix)));
    Ok(claims)
}

/// How the claims of a StatefulSet begin: `template-set-`.
pub fn prefixes_of(set: &Json) -> Vec<String> {
    let templates = set.pointer("/spec/volumeClaimTemplates").and_then(Json::as_array).into_iter().flatten();
    let name = text(set, "/metadata/name");
    templates.map(|template| format!("{}-{name}-", text(template, "/metadata/name"))).collect()
}

/// Recreates the old claims, bound to the old volumes. What was restored to the new volumes is deleted.
pub(super) async fn give_back(run: &mut Run) -> Result<(), Halt> {
    quiesce::stop(run).await?;
    all_there(&run.cluster, &run.state, run.since).await?;
    for index in 0..run.state.before.volumes.len() {
        let held = run.state.before.volumes[index].clone();
        let name = held.name().to_owned();
        let volume = its_volume(run, &held).await?;
        let mut claim = run.cluster.get(Kind::CLAIM, None, &name).await?;
        // One that is about to be bound stays: if it were deleted now, the volume would keep a uid that no state knows.
        if !claim.as_ref().is_some_and(|claim| is_bound_to(claim, &volume) || waits_for(claim, &volume)) {
            if let Some(claim) = &claim {
                // Only the noted claim may be older than the run: this run did not put any other in the way.
                if !is_noted(&run.state.before, &held, text(claim, "/metadata/uid")) {
                    run.must_be_since(Kind::CLAIM, claim)?;
                }
                run.cluster.delete_this(Kind::CLAIM, None, claim).await?;
                gone(run, &name, text(claim, "/metadata/uid")).await?;
            }
            // The volume waits for a claim of this name only; with the old claim's uid it would wait for that one forever.
            let claim_ref = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": run.cluster.namespace, "name": name,
                "uid": null, "resourceVersion": null,
            });
            change(run, &held, &json!({"spec": {"claimRef": claim_ref}})).await?;
            claim = match run.cluster.create(Kind::CLAIM, None, &again(&held)).await {
                // It exists already, or an answer was lost: checked below.
                Err(error) if error.is_conflict() => run.cluster.get(Kind::CLAIM, None, &name).await?,
                made => Some(made?),
            };
        }
        // The volume is this claim's from now on.
        run.state.before.volumes[index].uid = text(&claim.unwrap_or_default(), "/metadata/uid").to_owned();
        run.save().await?;
        let selection = Selection::one(Kind::CLAIM, None, &name);
        let what = format!("claim {name} is bound to its old volume");
        run.wait(&what, &selection, GONE, |objects| {
            let claim = objects.get(&name);
            let is_its = claim.is_some_and(|claim| text(claim, "/spec/volumeName") == held.volume);
            match claim.map(|claim| text(claim, "/status/phase")) {
                Some("Bound") if is_its => WaitState::Done,
                Some("Bound") => WaitState::Never("it is bound to another volume".to_owned()),
                Some("Lost") => WaitState::Never("it is Lost".to_owned()),
                phase => WaitState::NotYet(phase.unwrap_or("not there").to_owned()),
            }
        })
        .await?;
    }
    Ok(())
}

/// Resets the volumes' reclaim policies once everything runs on them again: until then they outlive their claims.
pub(super) async fn settle(run: &mut Run) -> Result<(), Halt> {
    for held in run.state.before.volumes.clone() {
        let volume = run.cluster.get(Kind::VOLUME, None, &held.volume).await?.unwrap_or_default();
        let claim = run.cluster.get(Kind::CLAIM, None, held.name()).await?;
        if claim.is_some_and(|claim| is_bound_to(&claim, &volume)) {
            set_policy(run, &held, &held.policy).await?;
        } else {
            run.show.warn(&format!(
                "volume {} is not bound to its claim, and keeps the reclaim policy Retain",
                held.volume
            ));
        }
    }
    Ok(())
}

/// Checks that all old volumes are there and belong to the noted claims, before anything is stopped to give them back.
///
/// # Errors
/// If one is gone, being deleted, or another claim's.
pub async fn all_there(cluster: &Cluster, state: &State, since: Timestamp) -> Result<(), Halt> {
    for held in &state.before.volumes {
        let volume = cluster.get(Kind::VOLUME, None, &held.volume).await?;
        let Some(volume) = volume.filter(|volume| volume.pointer("/metadata/deletionTimestamp").is_none()) else {
            return Err(Halt::new(format!(
                "PersistentVolume/{}: it is gone, and the old data of claim {} with it: there is no way back",
                held.volume,
                held.name()
            ))
            .help("restore from a backup instead: helm hwdr upgrade"));
        };
        must_be_its(cluster, &state.before, since, held, &volume).await?;
    }
    Ok(())
}

/// Whether `uid` is the noted claim's.
fn is_noted(before: &Before, held: &Volume, uid: &str) -> bool {
    let among_all = || before.claims.iter().flatten().any(|noted| noted == uid);
    !uid.is_empty() && (held.uid == uid || held.uid.is_empty() && among_all())
}

/// The claim that a volume is for: its namespace, its name, its uid.
fn claim_of(volume: &Json) -> [&str; 3] {
    ["/spec/claimRef/namespace", "/spec/claimRef/name", "/spec/claimRef/uid"].map(|pointer| text(volume, pointer))
}

/// Checks on the live volume, whatever the state says, that it belongs to the noted claim. After it was given back, it belongs to that
/// claim's successor: without a uid yet, or with that of a claim that this run made.
///
/// # Errors
/// If it is any other claim's, or nobody's.
async fn must_be_its(
    cluster: &Cluster,
    before: &Before,
    since: Timestamp,
    held: &Volume,
    volume: &Json,
) -> Result<(), Halt> {
    let [namespace, name, uid] = claim_of(volume);
    let is_its = (namespace, name) == (cluster.namespace.as_str(), held.name());
    if is_its && (uid.is_empty() || is_noted(before, held, uid)) {
        return Ok(());
    }
    if is_its && let Some(claim) = cluster.get(Kind::CLAIM, None, name).await? {
        let made = text(&claim, "/metadata/creationTimestamp").parse::<Timestamp>();
        if is_bound_to(&claim, volume) && made.is_ok_and(|made| made >= since) {
            return Ok(());
        }
    }
    let whose =
        if name.is_empty() { "no claim's".to_owned() } else { format!("claim {namespace}/{name}'s (uid {uid})") };
    Err(Halt::new(format!(
        "PersistentVolume/{} is {whose}, and not the one of claim {}/{} that was noted before the restore: it is left alone",
        held.volume,
        cluster.namespace,
        held.name()
    ))
    .help(format!("look at it:\n{}", cluster.commands().kubectl(&format!("get pv {} -o yaml", held.volume)))))
}

/// The volume of a noted claim, as it is now.
///
/// # Errors
/// If it is gone, or another claim's.
async fn its_volume(run: &Run, held: &Volume) -> Result<Json, Halt> {
    let volume = run
        .cluster
        .get(Kind::VOLUME, None, &held.volume)
        .await?
        .ok_or_else(|| Halt::new(format!("PersistentVolume/{} of claim {} is gone", held.volume, held.name())))?;
    must_be_its(&run.cluster, &run.state.before, run.since, held, &volume).await?;
    Ok(volume)
}

/// Patches the volume of a noted claim, in exactly the version that was checked.
async fn change(run: &Run, held: &Volume, patch: &Json) -> Result<(), Halt> {
    for _ in 0..TRIES {
        let volume = its_volume(run, held).await?;
        match run.cluster.patch_this(Kind::VOLUME, None, &volume, patch).await {
            // It has changed meanwhile: its controller writes its status.
            Err(error) if error.is_conflict() => {}
            changed => return Ok(changed.map(drop)?),
        }
    }
    Err(restless(Kind::VOLUME, &held.volume))
}

/// Whether this claim is the one that the volume is bound to, and is not being deleted.
fn is_bound_to(claim: &Json, volume: &Json) -> bool {
    let uid = text(claim, "/metadata/uid");
    text(claim, "/spec/volumeName") == text(volume, "/metadata/name")
        && claim.pointer("/metadata/deletionTimestamp").is_none()
        && !uid.is_empty()
        && text(volume, "/spec/claimRef/uid") == uid
}

/// Whether this claim and the volume are for each other, but not bound yet.
fn waits_for(claim: &Json, volume: &Json) -> bool {
    text(claim, "/spec/volumeName") == text(volume, "/metadata/name")
        && claim.pointer("/metadata/deletionTimestamp").is_none()
        && text(volume, "/spec/claimRef/uid").is_empty()
        && ["namespace", "name"]
            .iter()
            .all(|key| text(volume, &format!("/spec/claimRef/{key}")) == text(claim, &format!("/metadata/{key}")))
}

/// Deletes the old volumes that are no longer claimed, with their data. Returns how many.
pub async fn give_up(run: &mut Run) -> Result<usize, Halt> {
    let mut given_up = 0;
    for held in run.state.before.volumes.clone() {
        let Some(volume) = run.cluster.get(Kind::VOLUME, None, &held.volume).await? else { continue };
        let is_released = matches!(text(&volume, "/status/phase"), "Released" | "Failed");
        let [namespace, name, uid] = claim_of(&volume);
        let is_its = (namespace, name) == (run.cluster.namespace.as_str(), held.name());
        if is_released && is_its && is_noted(&run.state.before, &held, uid) {
            set_policy(run, &held, "Delete").await?;
            given_up += 1;
        } else {
            run.show.warn(&format!(
                "volume {} is no longer the one set aside for claim {}: it is left as it is",
                held.volume,
                held.name()
            ));
        }
    }
    Ok(given_up)
}

/// The claims of StatefulSets, as they have to be recreated. Those without a volume hold nothing.
pub async fn of(cluster: &Cluster, stateful_sets: &[Json]) -> Result<Vec<Volume>, Halt> {
    let claims = cluster.list(Kind::CLAIM, None, "").await?;
    let mut volumes = Vec::new();
    for set in stateful_sets {
        for prefix in prefixes_of(set) {
            for claim in claims.iter().filter(|claim| is_claim(claim, &prefix)) {
                let volume = text(claim, "/spec/volumeName");
                let Some(found) = cluster.get(Kind::VOLUME, None, volume).await?.filter(|_| !volume.is_empty()) else {
                    continue;
                };
                volumes.push(Volume {
                    claim: bare(claim)?,
                    uid: text(claim, "/metadata/uid").to_owned(),
                    volume: volume.to_owned(),
                    policy: text(&found, "/spec/persistentVolumeReclaimPolicy").to_owned(),
                });
            }
        }
    }
    Ok(volumes)
}

/// Whether a claim belongs to a StatefulSet: its name is the prefix and a number.
pub fn is_claim(claim: &Json, prefix: &str) -> bool {
    let number = text(claim, "/metadata/name").strip_prefix(prefix);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A claim without what the cluster wrote into it, so that it can be recreated for the same volume.
fn bare(claim: &Json) -> Result<PersistentVolumeClaim, Halt> {
    let mut annotations = claim.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({}));
    if let Some(map) = annotations.as_object_mut() {
        map.retain(|key, _| !key.starts_with("pv.kubernetes.io/") && !key.starts_with("volume."));
    }
    let bare = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": claim["metadata"]["name"],
            "labels": claim.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({})),
            "annotations": annotations,
        },
        "spec": claim["spec"],
    });
    serde_json::from_value(bare)
        .map_err(|error| Halt::new(format!("claim {} cannot be read: {error}", text(claim, "/metadata/name"))))
}

/// The claim to recreate: for its old volume only, with nothing from the state but a claim's own fields.
fn again(held: &Volume) -> Json {
    let mut spec = held.claim.spec.clone().unwrap_or_default();
    spec.volume_name = Some(held.volume.clone());
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": held.name(),
            "labels": held.claim.metadata.labels,
            "annotations": held.claim.metadata.annotations,
        },
        "spec": spec,
    })
}

async fn set_policy(run: &Run, held: &Volume, policy: &str) -> Result<(), Halt> {
    change(run, held, &json!({"spec": {"persistentVolumeReclaimPolicy": policy}})).await
}

/// Checks again before a claim is deleted: its volume is the only copy.
async fn must_be_kept(run: &Run, held: &Volume) -> Result<(), Halt> {
    let volume = its_volume(run, held).await?;
    if text(&volume, "/spec/persistentVolumeReclaimPolicy") == "Retain" {
        return Ok(());
    }
    Err(Halt::new(format!(
        "PersistentVolume/{}: its reclaim policy is not Retain, so its claim is not deleted",
        held.volume
    ))
    .help("see what changes it back: kubectl get events -A | grep PersistentVolume"))
}

/// Waits until exactly this claim is gone; a new one of its name has another uid.
async fn gone(run: &mut Run, name: &str, uid: &str) -> Result<(), Halt> {
    let selection = Selection::one(Kind::CLAIM, None, name);
    run.wait(&format!("claim {name} is gone"), &selection, GONE, |objects| match objects.get(name) {
        Some(claim) if text(claim, "/metadata/uid") == uid => WaitState::NotYet(format!(
            "it is held back by {}",
            claim.pointer("/metadata/finalizers").map(Json::to_string).unwrap_or_default()
        )),
        _ => WaitState::Done,
    })
    .await
    .map_err(|halt| halt.help(format!("see which pod uses it: kubectl describe pvc {name}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_belong_to_the_set_of_their_whole_name() {
        let claim = |name: &str| json!({"metadata": {"name": name}});
        assert!(is_claim(&claim("data-mysqlds-0"), "data-mysqlds-"));
        assert!(!is_claim(&claim("data-mysqlds-extra-0"), "data-mysqlds-"));
        assert!(!is_claim(&claim("data-mysqlds-"), "data-mysqlds-"));
    }

    #[test]
    fn a_claim_that_goes_is_not_the_one_that_a_volume_is_bound_to() {
        let volume = json!({"metadata": {"name": "pv"}, "spec": {"claimRef": {"uid": "1"}}});
        let claim = |uid: &str, going: Json| json!({"metadata": {"uid": uid, "deletionTimestamp": going}, "spec": {"volumeName": "pv"}});
        let mut there = claim("1", Json::Null);
        there["metadata"].as_object_mut().unwrap().remove("deletionTimestamp");
        assert!(is_bound_to(&there, &volume));
        assert!(!is_bound_to(&claim("1", json!("2026-01-01T00:00:00Z")), &volume));
        there["metadata"]["uid"] = json!("2");
        assert!(!is_bound_to(&there, &volume));
        there["metadata"]["uid"] = json!("");
        assert!(!is_bound_to(&there, &json!({"metadata": {"name": "pv"}, "spec": {"claimRef": {"uid": ""}}})));
    }

    #[test]
    fn a_claim_that_its_volume_does_not_know_yet_waits_for_it() {
        let volume = |uid: Json| json!({"metadata": {"name": "pv"}, "spec": {"claimRef": {"namespace": "n", "name": "c", "uid": uid}}});
        let claim = json!({"metadata": {"namespace": "n", "name": "c", "uid": "2"}, "spec": {"volumeName": "pv"}});
        assert!(waits_for(&claim, &volume(Json::Null)) && !is_bound_to(&claim, &volume(Json::Null)));
        // The volume is still, or already, another claim's.
        assert!(!waits_for(&claim, &volume(json!("1"))));
        for (at, other) in [("/metadata/name", "d"), ("/metadata/namespace", "m"), ("/spec/volumeName", "other")] {
            let mut claim = claim.clone();
            *claim.pointer_mut(at).unwrap() = other.into();
            assert!(!waits_for(&claim, &volume(Json::Null)), "{at}");
        }
        let mut going = claim.clone();
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert!(!waits_for(&going, &volume(Json::Null)));
    }

    #[test]
    fn a_claim_is_made_again_for_its_volume_and_without_the_binding_of_old() {
        let claim = json!({
            "metadata": {"name": "c", "uid": "1", "labels": {"a": "b"}, "finalizers": ["kubernetes.io/pvc-protection"],
                "annotations": {"pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "n", "mine": "1"}},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}, "storageClassName": "fast",
                "volumeMode": "Filesystem", "volumeName": "pv-1"}, "status": {"phase": "Bound"},
        });
        let mut held = Volume {
            claim: bare(&claim).unwrap(),
            uid: "1".to_owned(),
            volume: "pv-1".to_owned(),
            policy: "Delete".to_owned(),
        };
        let expected = json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim",
            "metadata": {"name": "c", "labels": {"a": "b"}, "annotations": {"mine": "1"}}, "spec": claim["spec"],
        });
        assert_eq!(again(&held), expected);
        // Other fields of the state are ignored.
        held.claim.metadata.namespace = Some("other".to_owned());
        held.claim.metadata.finalizers = Some(vec!["x/y".to_owned()]);
        held.claim.spec.as_mut().unwrap().volume_name = Some("other".to_owned());
        assert_eq!(again(&held), expected);
        assert!(serde_json::from_value::<PersistentVolumeClaim>(json!({"apiVersion": "v1", "kind": "Pod"})).is_err());
    }

    #[test]
    fn a_claims_uid_was_noted_with_it_or_by_an_older_hwdr_among_all() {
        let held = |uid: &str| Volume {
            claim: PersistentVolumeClaim::default(),
            uid: uid.to_owned(),
            volume: "pv-1".to_owned(),
            policy: "Delete".to_owned(),
        };
        let before = Before { claims: Some(vec!["1".to_owned(), "2".to_owned()]), ..Before::default() };
        assert!(is_noted(&before, &held("1"), "1") && is_noted(&before, &held(""), "2"));
        for (noted, uid) in [("1", "2"), ("1", ""), ("", ""), ("", "3")] {
            assert!(!is_noted(&before, &held(noted), uid), "{noted} {uid}");
        }
        assert!(!is_noted(&Before::default(), &held(""), "1"));
    }
}
