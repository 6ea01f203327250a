//! Volumes: kept beyond their claims, set aside, given back, or given up.

use serde_json::{Value as Json, json};

use super::{GONE, quiesce};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind, Selection, Verdict};
use crate::mode::Mode;
use crate::run::state::{Scaled, Volume};
use crate::run::{Halt, Run};

/// Notes the claims that are to be set aside, and makes their volumes outlive them: before anything is stopped, because a StatefulSet may
/// delete its claims when it is scaled down (`persistentVolumeClaimRetentionPolicy.whenScaled`).
pub async fn keep(run: &mut Run) -> Result<(), Halt> {
    if run.state.wipe {
        return Ok(());
    }
    for held in run.state.before.volumes.clone() {
        run.show.tell(&format!("keeping volume {} of claim {}", held.volume, held.name()));
        set_policy(&run.cluster, &held.volume, "Retain").await?;
    }
    Ok(())
}

/// Deletes the claims; the volumes stay.
pub async fn set_aside(run: &mut Run) -> Result<(), Halt> {
    // Somebody may have started something since.
    quiesce::stop(run).await?;
    for held in run.state.before.volumes.clone() {
        let name = held.name().to_owned();
        let Some(claim) = run.cluster.get(Kind::CLAIM, None, &name).await? else { continue };
        // A claim of another volume is a new one: it was set aside already.
        if text(&claim, "/spec/volumeName") != held.volume {
            continue;
        }
        if !run.state.wipe {
            must_be_kept(&run.cluster, &held.volume).await?;
        }
        run.cluster.delete_this(Kind::CLAIM, None, &claim).await?;
        gone(run, &name, text(&claim, "/metadata/uid")).await?;
    }
    Ok(())
}

/// That all claims of these workloads were made by this restore.
///
/// # Errors
/// With one that was there before: what is on its volume is nobody's to delete.
pub async fn must_be_new(run: &Run, workloads: &[Scaled]) -> Result<(), Halt> {
    let before = &run.state.before;
    if before.claims.is_none() && run.state.mode == Mode::Upgrade {
        return Err(Halt::new("which claims there were is not known, for an older hwdr has begun this restore")
            .help("so RonDB cannot be begun anew: go back, and restore once more"));
    }
    let was_there = |claim: &Json| {
        let uid = text(claim, "/metadata/uid");
        // A volume that was deleted may have left its name to another one.
        let is_kept = |held: &Volume| !run.state.wipe && held.volume == text(claim, "/spec/volumeName");
        before.claims.iter().flatten().any(|before| before == uid) || before.volumes.iter().any(is_kept)
    };
    // One that is being deleted goes whatever is done here.
    let is_going = |claim: &Json| claim.pointer("/metadata/deletionTimestamp").is_some();
    let claims = claims_of(run, workloads).await?;
    if let Some(claim) = claims.iter().find(|claim| was_there(claim) && !is_going(claim)) {
        let name = text(claim, "/metadata/name");
        return Err(Halt::new(format!(
            "claim {name} was there before the restore, so RonDB is not emptied of what is half restored"
        ))
        .help(format!(
            "see what its volume holds, and if that is not needed: kubectl delete pvc {name} --wait=false"
        )));
    }
    Ok(())
}

/// Deletes the claims of workloads that are stopped, with what this restore has written there ([`must_be_new`]).
pub async fn empty(run: &mut Run, workloads: &[Scaled]) -> Result<(), Halt> {
    for claim in claims_of(run, workloads).await? {
        run.cluster.delete_this(Kind::CLAIM, None, &claim).await?;
        gone(run, text(&claim, "/metadata/name"), text(&claim, "/metadata/uid")).await?;
    }
    Ok(())
}

/// The claims of workloads, as they are.
async fn claims_of(run: &Run, workloads: &[Scaled]) -> Result<Vec<Json>, Halt> {
    let mut claims = run.cluster.list(Kind::CLAIM, None, "").await?;
    let mut prefixes = Vec::new();
    for workload in workloads.iter().filter(|workload| workload.kind == Kind::STATEFUL_SET.kind) {
        if let Some(set) = run.cluster.get(Kind::STATEFUL_SET, None, &workload.name).await? {
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

/// Makes the old claims again, bound to the old volumes. What was restored onto the new volumes goes.
pub async fn give_back(run: &mut Run) -> Result<(), Halt> {
    quiesce::stop(run).await?;
    all_there(&run.cluster, &run.state.before.volumes).await?;
    for held in run.state.before.volumes.clone() {
        let name = held.name().to_owned();
        let volume = run.cluster.get(Kind::VOLUME, None, &held.volume).await?.unwrap_or_default();
        let claim = run.cluster.get(Kind::CLAIM, None, &name).await?;
        if !claim.as_ref().is_some_and(|claim| is_bound_to(claim, &volume)) {
            if let Some(claim) = &claim {
                run.cluster.delete_this(Kind::CLAIM, None, claim).await?;
                gone(run, &name, text(claim, "/metadata/uid")).await?;
            }
            // The volume waits for a claim of this name and no other; with the old claim's uid it would wait for that one for ever.
            let claim_ref = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": run.cluster.namespace, "name": name,
                "uid": null, "resourceVersion": null,
            });
            run.cluster.patch(Kind::VOLUME, None, &held.volume, &json!({"spec": {"claimRef": claim_ref}})).await?;
            match run.cluster.create(Kind::CLAIM, None, &held.claim).await {
                // It is there already, or an answer was lost: looked at below.
                Err(error) if !error.is_conflict() => return Err(error.into()),
                _ => {}
            }
        }
        let selection = Selection::one(Kind::CLAIM, None, &name);
        let what = format!("claim {name} is bound to its old volume");
        run.wait(&what, &selection, GONE, |objects| {
            let claim = objects.get(&name);
            let is_its = claim.is_some_and(|claim| text(claim, "/spec/volumeName") == held.volume);
            match claim.map(|claim| text(claim, "/status/phase")) {
                Some("Bound") if is_its => Verdict::Done,
                Some("Bound") => Verdict::Never("it is bound to another volume".to_owned()),
                Some("Lost") => Verdict::Never("it is Lost".to_owned()),
                phase => Verdict::NotYet(phase.unwrap_or("not there").to_owned()),
            }
        })
        .await?;
    }
    Ok(())
}

/// Gives the volumes their reclaim policy back, when everything runs on them again: until then they outlive their claims.
pub async fn settle(run: &mut Run) -> Result<(), Halt> {
    for held in run.state.before.volumes.clone() {
        let volume = run.cluster.get(Kind::VOLUME, None, &held.volume).await?.unwrap_or_default();
        let claim = run.cluster.get(Kind::CLAIM, None, held.name()).await?;
        if claim.is_some_and(|claim| is_bound_to(&claim, &volume)) {
            set_policy(&run.cluster, &held.volume, &held.policy).await?;
        } else {
            run.show.warn(&format!(
                "volume {} is not bound to its claim, and keeps the reclaim policy Retain",
                held.volume
            ));
        }
    }
    Ok(())
}

/// All old volumes are there: looked at before anything is stopped to give them back.
///
/// # Errors
/// Where one is gone, or going.
pub async fn all_there(cluster: &Cluster, volumes: &[Volume]) -> Result<(), Halt> {
    for held in volumes {
        let volume = cluster.get(Kind::VOLUME, None, &held.volume).await?;
        if volume.is_none_or(|volume| volume.pointer("/metadata/deletionTimestamp").is_some()) {
            return Err(Halt::new(format!(
                "PersistentVolume/{}: it is gone, and the old data of claim {} with it: there is no way back",
                held.volume,
                held.name()
            ))
            .help("restore from a backup instead: helm hwdr upgrade"));
        }
    }
    Ok(())
}

/// Whether this claim is the one that the volume is bound to, and not on its way out.
fn is_bound_to(claim: &Json, volume: &Json) -> bool {
    let uid = text(claim, "/metadata/uid");
    text(claim, "/spec/volumeName") == text(volume, "/metadata/name")
        && claim.pointer("/metadata/deletionTimestamp").is_none()
        && !uid.is_empty()
        && text(volume, "/spec/claimRef/uid") == uid
}

/// Gives the old volumes up: those that nobody claims are deleted, with what is on them.
pub async fn give_up(cluster: &Cluster, volumes: &[Volume]) -> Result<usize, Halt> {
    let mut given_up = 0;
    for held in volumes {
        let Some(volume) = cluster.get(Kind::VOLUME, None, &held.volume).await? else { continue };
        if text(&volume, "/status/phase") == "Released" {
            set_policy(cluster, &held.volume, "Delete").await?;
            given_up += 1;
        } else {
            set_policy(cluster, &held.volume, &held.policy).await?;
        }
    }
    Ok(given_up)
}

/// The claims of StatefulSets, as they have to be made again. Those without a volume hold nothing.
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
                    claim: bare(claim),
                    volume: volume.to_owned(),
                    policy: text(&found, "/spec/persistentVolumeReclaimPolicy").to_owned(),
                });
            }
        }
    }
    Ok(volumes)
}

/// Whether a claim is one of a StatefulSet: its name is the prefix and a number.
pub fn is_claim(claim: &Json, prefix: &str) -> bool {
    let number = text(claim, "/metadata/name").strip_prefix(prefix);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A claim without what the cluster wrote into it, so that it can be made again for the same volume.
fn bare(claim: &Json) -> Json {
    let mut annotations = claim.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({}));
    if let Some(map) = annotations.as_object_mut() {
        map.retain(|key, _| !key.starts_with("pv.kubernetes.io/") && !key.starts_with("volume."));
    }
    json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {
            "name": claim["metadata"]["name"],
            "labels": claim.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({})),
            "annotations": annotations,
        },
        "spec": claim["spec"],
    })
}

async fn set_policy(cluster: &Cluster, volume: &str, policy: &str) -> Result<(), Halt> {
    let patch = json!({"spec": {"persistentVolumeReclaimPolicy": policy}});
    cluster.patch(Kind::VOLUME, None, volume, &patch).await?;
    Ok(())
}

/// Looks once more before a claim is deleted: the volume behind it is the only copy.
async fn must_be_kept(cluster: &Cluster, volume: &str) -> Result<(), Halt> {
    let found = cluster.get(Kind::VOLUME, None, volume).await?.unwrap_or_default();
    if text(&found, "/spec/persistentVolumeReclaimPolicy") == "Retain" {
        return Ok(());
    }
    Err(Halt::new(format!("PersistentVolume/{volume}: its reclaim policy is not Retain, so its claim is not deleted"))
        .help("see what changes it back: kubectl get events -A | grep PersistentVolume"))
}

/// Waits until this very claim is gone; a new one of its name has another uid.
async fn gone(run: &mut Run, name: &str, uid: &str) -> Result<(), Halt> {
    let selection = Selection::one(Kind::CLAIM, None, name);
    run.wait(&format!("claim {name} is gone"), &selection, GONE, |objects| match objects.get(name) {
        Some(claim) if text(claim, "/metadata/uid") == uid => Verdict::NotYet(format!(
            "it is held back by {}",
            claim.pointer("/metadata/finalizers").map(Json::to_string).unwrap_or_default()
        )),
        _ => Verdict::Done,
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
    fn a_claim_is_made_again_for_its_volume_and_without_the_binding_of_old() {
        let claim = json!({
            "metadata": {"name": "c", "uid": "1", "labels": {"a": "b"}, "finalizers": ["kubernetes.io/pvc-protection"],
                "annotations": {"pv.kubernetes.io/bind-completed": "yes", "volume.kubernetes.io/selected-node": "n", "mine": "1"}},
            "spec": {"volumeName": "pv-1"}, "status": {"phase": "Bound"},
        });
        assert_eq!(
            bare(&claim),
            json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": "c", "labels": {"a": "b"}, "annotations": {"mine": "1"}}, "spec": {"volumeName": "pv-1"},
            })
        );
    }
}
