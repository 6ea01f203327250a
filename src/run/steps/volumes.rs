//! Volumes: kept beyond their claims, set aside, given back, or given up.

use serde_json::{Value as Json, json};

use super::GONE;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind, Selection, Verdict};
use crate::run::state::Volume;
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
        run.cluster.delete(Kind::CLAIM, None, &name).await?;
        gone(run, &name, text(&claim, "/metadata/uid")).await?;
    }
    Ok(())
}

/// Makes the old claims again, bound to the old volumes. What was restored onto the new volumes goes.
pub async fn give_back(run: &mut Run) -> Result<(), Halt> {
    for held in run.state.before.volumes.clone() {
        let name = held.name().to_owned();
        let Some(volume) = run.cluster.get(Kind::VOLUME, None, &held.volume).await? else {
            return Err(Halt::new(format!(
                "PersistentVolume/{}: it is gone, and the data of claim {name} with it",
                held.volume
            ))
            .help("what was wiped cannot be given back: restore again with helm hwdr resume"));
        };
        let claim = run.cluster.get(Kind::CLAIM, None, &name).await?;
        let is_old = claim.as_ref().is_some_and(|claim| text(claim, "/spec/volumeName") == held.volume);
        if !is_old {
            if let Some(claim) = &claim {
                run.cluster.delete(Kind::CLAIM, None, &name).await?;
                gone(run, &name, text(claim, "/metadata/uid")).await?;
            }
            // Only a volume that nobody claims is bound to the claim that names it.
            if volume.pointer("/spec/claimRef").is_some() {
                run.cluster.patch(Kind::VOLUME, None, &held.volume, &json!({"spec": {"claimRef": null}})).await?;
            }
            run.cluster.create(Kind::CLAIM, None, &held.claim).await?;
        }
        let selection = Selection::one(Kind::CLAIM, None, &name);
        let what = format!("claim {name} is bound to its old volume");
        run.wait(&what, &selection, GONE, |objects| {
            match objects.get(&name).map(|claim| text(claim, "/status/phase")) {
                Some("Bound") => Verdict::Done,
                Some("Lost") => Verdict::Never("it is Lost".to_owned()),
                phase => Verdict::NotYet(phase.unwrap_or("not there").to_owned()),
            }
        })
        .await?;
        set_policy(&run.cluster, &held.volume, &held.policy).await?;
    }
    Ok(())
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
        let templates = set.pointer("/spec/volumeClaimTemplates").and_then(Json::as_array).into_iter().flatten();
        for template in templates {
            let prefix = format!("{}-{}-", text(template, "/metadata/name"), text(set, "/metadata/name"));
            for claim in claims.iter().filter(|claim| is_of(claim, &prefix)) {
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
fn is_of(claim: &Json, prefix: &str) -> bool {
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
        assert!(is_of(&claim("data-mysqlds-0"), "data-mysqlds-"));
        assert!(!is_of(&claim("data-mysqlds-extra-0"), "data-mysqlds-"));
        assert!(!is_of(&claim("data-mysqlds-"), "data-mysqlds-"));
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
