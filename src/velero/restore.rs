//! Velero's Restores of a set: main first, then the users' resources, each to its end.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::Set;
use super::Velero;
use super::results;
use super::{MANAGED_BY, installed, storage};
use crate::cluster::condition::{self, number, text};
use crate::cluster::{Cluster, Kind, Objects, Selection, WaitState};
use crate::refusal::Refusal;

/// How long Velero may take to start: it does one Restore at a time, and its own restart takes half a minute.
const BEGIN: Duration = Duration::from_secs(300);
/// How long one Restore may take: a few thousand objects take minutes.
const LIMIT: Duration = Duration::from_secs(3600);

/// A Restore that did not restore everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holes {
    /// Its name, and its backup's.
    pub name: String,
    /// How many errors Velero counted.
    pub count: u64,
    /// What they say, one a line.
    pub errors: Vec<String>,
    /// Why they could not be read, if so.
    pub unread: Option<String>,
}

/// A Restore that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Its name, and its backup's.
    pub name: String,
    /// How many objects.
    pub items: u64,
    /// Whether it was done before this call.
    pub was_done: bool,
    /// Whether it has errors that were accepted.
    pub has_holes: bool,
    /// What Velero left as it was, and its other warnings, without objects that Kubernetes itself creates.
    pub warnings: Vec<String>,
    /// Why the warnings could not be read, if there are any.
    pub unread: Option<String>,
}

/// Restores the set's two backups, one after the other, or the one that is both. Continues a Restore of the same name, unless it is done already.
///
/// Existing objects are not overwritten: a new cluster has few, and a Secret that an operator created for it is meant to stay. `accepts`
/// is asked if Velero could not restore everything. `hold`: the ConfigMap with Velero's changes to what it
/// restores, so that no workload has pods; then pods are not restored either.
///
/// # Errors
/// If one fails, or its errors are not accepted: with Velero's own reasons.
pub async fn restore_objects(
    cluster: &Cluster,
    velero: &Velero,
    set: &Set,
    hold: Option<&str>,
    accepts: &mut dyn FnMut(&Holes) -> bool,
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<Restored>, Refusal> {
    match hold {
        Some(_) => can_hold(cluster, velero, tell).await?,
        None => drop(installed::check(cluster, velero, tell).await?),
    }
    let mut all: Vec<Restored> = Vec::new();
    for chosen in set.both() {
        let name = &chosen.backup.name;
        if all.iter().all(|restored| restored.name != *name) {
            all.push(one(cluster, velero, &object(set, &velero.namespace, name, hold), accepts, tell).await?);
        }
    }
    Ok(all)
}

/// Checks that Velero is there, and can restore workloads without their pods, as far as its image says.
///
/// # Errors
/// If it is not there, or too old.
pub async fn can_hold(cluster: &Cluster, velero: &Velero, tell: &mut dyn FnMut(&str)) -> Result<(), Refusal> {
    installed::can_hold(&installed::check(cluster, velero, tell).await?)
}

async fn one(
    cluster: &Cluster,
    velero: &Velero,
    wanted: &Json,
    accepts: &mut dyn FnMut(&Holes) -> bool,
    tell: &mut dyn FnMut(&str),
) -> Result<Restored, Refusal> {
    let (name, of) = (text(wanted, "/metadata/name"), velero.namespace.as_str());
    let mut there = cluster.get(Kind::RESTORE, Some(of), name).await?;
    if there.as_ref().is_some_and(|restore| !text(restore, "/metadata/deletionTimestamp").is_empty()) {
        gone(cluster, of, name, tell).await?;
        there = None;
    }
    let namespace = cluster.get(Kind::NAMESPACE, None, &cluster.namespace).await?;
    if namespace.as_ref().is_some_and(|namespace| !text(namespace, "/metadata/deletionTimestamp").is_empty()) {
        return Err(Refusal::new(format!("namespace {} is being deleted, with everything in it", cluster.namespace))
            .help(format!("wait until it is gone: kubectl get namespace {}", cluster.namespace)));
    }
    if let Some(restore) = &there
        && has_lost(restore, namespace.as_ref())
    {
        tell(&format!("namespace {} no longer holds what {name} has restored: restoring it again", cluster.namespace));
        same_restore(restore, wanted)?;
        cluster.delete_this(Kind::RESTORE, Some(of), restore).await?;
        gone(cluster, of, name, tell).await?;
        there = None;
    }
    let phase = there.as_ref().map_or("", |restore| text(restore, "/status/phase"));
    let was_done = matches!(phase, "Completed" | "PartiallyFailed");
    match &there {
        Some(restore) => same_restore(restore, wanted)?,
        None => {
            // Velero fails a Restore for good that is created while it cannot read the bucket (restore_controller.go).
            storage::available(cluster, velero, tell).await?;
            keeps_hold(cluster, of, wanted).await?;
            tell(&format!("restoring {name}"));
            match cluster.create(Kind::RESTORE, Some(of), wanted).await {
                Err(error) if error.is_conflict() => {
                    same_restore(&cluster.get(Kind::RESTORE, Some(of), name).await?.unwrap_or_default(), wanted)?;
                }
                made => drop(made?),
            }
        }
    }
    to_its_end(cluster, of, name, tell).await?;
    let restore = cluster.get(Kind::RESTORE, Some(of), name).await?.unwrap_or_default();
    let mut restored = Restored {
        name: name.to_owned(),
        items: number(&restore, "/status/progress/itemsRestored"),
        was_done,
        has_holes: false,
        warnings: Vec::new(),
        unread: None,
    };
    if text(&restore, "/status/phase") == "PartiallyFailed" {
        let holes = Holes::of(cluster, of, &restore, tell).await;
        if !accepts(&holes) {
            return Err(not_accepted(of, &holes));
        }
        restored.has_holes = true;
    } else if number(&restore, "/status/warnings") > 0 {
        match results::fetch(cluster, of, name, tell).await {
            Ok(results) => restored.warnings = results.warnings,
            Err(why) => restored.unread = Some(why),
        }
    }
    tell(&match (was_done, restored.has_holes) {
        (true, false) => format!("{name} was restored before"),
        (true, true) => format!("{name} was restored before, with errors that were accepted"),
        (false, true) => format!("{name} is restored, with errors that were accepted"),
        (false, false) => format!("{name} is restored (objects: {})", restored.items),
    });
    Ok(restored)
}

/// Whether the namespace that a Restore restored is gone, or was recreated: the restored objects are gone with it.
fn has_lost(restore: &Json, namespace: Option<&Json>) -> bool {
    let completed = text(restore, "/status/completionTimestamp");
    // Both are RFC 3339 in UTC and whole seconds.
    !completed.is_empty() && namespace.is_none_or(|found| text(found, "/metadata/creationTimestamp") > completed)
}

/// The Restore of a backup, with its name.
fn object(set: &Set, namespace: &str, name: &str, hold: Option<&str>) -> Json {
    let mut restore = json!({
        "apiVersion": "velero.io/v1",
        "kind": "Restore",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {
                MANAGED_BY.0: MANAGED_BY.1,
                "app.kubernetes.io/component": "objects",
                "hwdr.hopsworks.ai/restore-id": set.id.id,
            },
        },
        "spec": {"backupName": name},
    });
    if let (Some(hold), Some(spec)) = (hold, restore.get_mut("spec").and_then(Json::as_object_mut)) {
        spec.insert("resourceModifier".to_owned(), json!({"kind": "ConfigMap", "name": hold}));
        // Velero restores pods themselves, too, which would start at once.
        spec.insert("excludedResources".to_owned(), json!(["pods", "replicasets.apps"]));
    }
    restore
}

/// Checks that the cluster's CRD has the field by which Velero changes what it restores: the API server would drop it without a word, and pods would
/// start at once. CRDs may be older than the server.
async fn keeps_hold(cluster: &Cluster, namespace: &str, wanted: &Json) -> Result<(), Refusal> {
    const HOLD: &str = "/spec/resourceModifier/name";
    if text(wanted, HOLD).is_empty() {
        return Ok(());
    }
    let made = match cluster.would_create(Kind::RESTORE, Some(namespace), wanted).await {
        // What is there is looked at when it is found.
        Err(error) if error.is_conflict() => return Ok(()),
        made => made?,
    };
    match text(&made, HOLD) == text(wanted, HOLD) {
        true => Ok(()),
        false => Err(Refusal::new(
            "the cluster's CRD of Velero's Restores has no spec.resourceModifier: Velero would restore workloads with their pods, which would use the old servers",
        )
        .help(installed::upgrade())),
    }
}

/// Checks that an existing Restore restores the backup of its name, and changes it as this one would: without that, pods start at once.
fn same_restore(restore: &Json, wanted: &Json) -> Result<(), Refusal> {
    let (name, namespace) = (text(wanted, "/metadata/name"), text(wanted, "/metadata/namespace"));
    let backup = text(restore, "/spec/backupName");
    if backup != name {
        let is = if backup.is_empty() { text(restore, "/spec/scheduleName") } else { backup };
        return Err(Refusal::new(format!("there is a Velero Restore {name}, but it restores {is}"))
            .help(again(namespace, name)));
    }
    let changes = |restore: &Json| match text(restore, "/spec/resourceModifier/name") {
        "" => "as it was backed up".to_owned(),
        by => format!("with the changes of ConfigMap {by}"),
    };
    let (is, must) = (changes(restore), changes(wanted));
    if is == must {
        return Ok(());
    }
    Err(Refusal::new(format!("there is a Velero Restore {name}, but it restores the namespace {is}, not {must}"))
        .help(format!("see who made it:\nkubectl -n {namespace} get restore.velero.io -o yaml \\\n{name}"))
        .help(again(namespace, name)))
}

/// Waits until Velero has finished it.
async fn to_its_end(cluster: &Cluster, namespace: &str, name: &str, tell: &mut dyn FnMut(&str)) -> Result<(), Refusal> {
    let one = Selection::one(Kind::RESTORE, Some(namespace), name);
    let what = format!("Velero's Restore {name}");
    let began = |objects: &Objects| match objects.get(name).map(|restore| text(restore, "/status/phase")) {
        None | Some("" | "New") => WaitState::NotYet("Velero has not started it".to_owned()),
        Some(_) => WaitState::Done,
    };
    cluster.wait(&what, &one, BEGIN, began, |seen| tell(&format!("{name}: {seen}"))).await.map_err(|error| {
        Refusal::from(error)
            .help(format!(
                "check whether Velero is busy with another one, or not running:\nkubectl -n {namespace} get restores,pods"
            ))
            .help("the Restore stays: run this again to wait for it")
    })?;
    let ended = |objects: &Objects| in_tenths(condition::restore(objects.get(name), true), objects.get(name));
    cluster.wait(&what, &one, LIMIT, ended, |seen| tell(&format!("{name}: {seen}"))).await.map_err(|error| {
        Refusal::from(error).help(format!("see more:\nvelero restore logs \\\n{name}")).help(again(namespace, name))
    })
}

/// The verdict, with progress in tenths: not a line for each second.
fn in_tenths(verdict: WaitState, restore: Option<&Json>) -> WaitState {
    let (WaitState::NotYet(_), Some(restore)) = (&verdict, restore) else { return verdict };
    let (done, all) =
        (number(restore, "/status/progress/itemsRestored"), number(restore, "/status/progress/totalItems"));
    match (done * 10).checked_div(all) {
        Some(tenths) => WaitState::NotYet(format!("{}, {} % of {all}", text(restore, "/status/phase"), tenths * 10)),
        None => verdict,
    }
}

/// Waits until a Restore that is being deleted is gone.
async fn gone(cluster: &Cluster, namespace: &str, name: &str, tell: &mut dyn FnMut(&str)) -> Result<(), Refusal> {
    let one = Selection::one(Kind::RESTORE, Some(namespace), name);
    let see = |objects: &Objects| match objects.get(name) {
        None => WaitState::Done,
        Some(_) => WaitState::NotYet("it is being deleted".to_owned()),
    };
    let what = format!("Velero's Restore {name}");
    Ok(cluster.wait(&what, &one, BEGIN, see, |seen| tell(&format!("{name}: {seen}"))).await?)
}

/// How to repeat a Restore.
fn again(namespace: &str, name: &str) -> String {
    format!(
        "fix the cause, delete this Restore, and run again; what it restored stays:\nkubectl -n {namespace} delete restore.velero.io \\\n{name}"
    )
}

fn not_accepted(namespace: &str, holes: &Holes) -> Refusal {
    Refusal::new(format!("Velero's Restore {} is PartiallyFailed, which is not accepted\n{}", holes.name, holes.text()))
        .help(again(namespace, &holes.name))
        .help("or accept it, if what is missing is not needed: --accept-partial")
}

impl Holes {
    /// What a Restore in Velero's namespace could not restore.
    pub async fn of(cluster: &Cluster, namespace: &str, restore: &Json, tell: &mut dyn FnMut(&str)) -> Self {
        let name = text(restore, "/metadata/name").to_owned();
        let results = results::fetch(cluster, namespace, &name, tell).await;
        Self {
            name,
            count: number(restore, "/status/errors"),
            unread: results.as_ref().err().cloned(),
            errors: results.map(|results| results.errors).unwrap_or_default(),
        }
    }

    /// What is missing, one a line, as far as it is known.
    pub fn text(&self) -> String {
        match &self.unread {
            None => results::shortened(&self.errors),
            Some(why) => format!(
                "its errors ({}) cannot be shown: {why}\nask Velero:\nvelero restore describe --details \\\n{}",
                self.count, self.name
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restore_of_something_else_is_not_taken_for_ours() {
        let restore = |spec: Json| json!({"metadata": {"name": "a", "namespace": "velero"}, "spec": spec});
        let wanted = restore(json!({"backupName": "a"}));
        assert_eq!(same_restore(&restore(json!({"backupName": "a", "scheduleName": "s"})), &wanted), Ok(()));
        let held = restore(json!({"backupName": "a", "resourceModifier": {"kind": "ConfigMap", "name": "hold"}}));
        assert_eq!(same_restore(&held, &held), Ok(()));
        let refusal = same_restore(&wanted, &held).unwrap_err();
        assert!(
            refusal.problem.ends_with("as it was backed up, not with the changes of ConfigMap hold"),
            "{refusal:?}"
        );
        assert!(same_restore(&held, &wanted).is_err());
        for (spec, is) in [(json!({"backupName": "b"}), "b"), (json!({"scheduleName": "s"}), "s")] {
            let refusal = same_restore(&restore(spec), &wanted).unwrap_err();
            assert_eq!(refusal.problem, format!("there is a Velero Restore a, but it restores {is}"));
            assert!(refusal.help[0].ends_with("delete restore.velero.io \\\na"));
        }
    }

    #[test]
    fn a_restore_does_not_outlive_its_namespace() {
        let restore = json!({"status": {"completionTimestamp": "2026-02-13T15:36:27Z"}});
        let made = |time: &str| json!({"metadata": {"creationTimestamp": time}});
        assert!(!has_lost(&restore, Some(&made("2026-02-13T15:36:27Z"))));
        assert!(has_lost(&restore, Some(&made("2026-02-13T15:36:28Z"))));
        assert!(has_lost(&restore, None));
        assert!(!has_lost(&json!({"status": {"phase": "InProgress"}}), None));
    }

    #[test]
    fn progress_moves_in_tenths() {
        let restore = |done: u64| json!({"status": {"phase": "InProgress", "progress": {"itemsRestored": done, "totalItems": 300}}});
        let seen = |done| in_tenths(condition::restore(Some(&restore(done)), true), Some(&restore(done)));
        assert_eq!(seen(29), WaitState::NotYet("InProgress, 0 % of 300".to_owned()));
        assert_eq!(seen(31), WaitState::NotYet("InProgress, 10 % of 300".to_owned()));
        assert_eq!(in_tenths(WaitState::Done, None), WaitState::Done);
    }

    #[test]
    fn holes_that_cannot_be_read_are_still_holes() {
        let mut holes =
            Holes { name: "a".to_owned(), count: 2, errors: vec!["one".to_owned(), "two".to_owned()], unread: None };
        assert_eq!(holes.text(), "one\ntwo");
        holes.unread = Some("no way".to_owned());
        assert_eq!(
            holes.text(),
            "its errors (2) cannot be shown: no way\nask Velero:\nvelero restore describe --details \\\na"
        );
    }
}
