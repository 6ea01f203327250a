//! Whose an object is: hwdr deletes, scales or pauses only what is this release's or this run's, whatever the state names.

use jiff::Timestamp;
use serde_json::Value as Json;

use crate::cluster::Kind;
use crate::cluster::condition::text;
use crate::run::{Halt, Run};

/// How often a change is tried on an object that others write to, too.
pub(super) const TRIES: usize = 50;

/// The release of an object that Helm applied, and its namespace: a release of the same name elsewhere is another one.
const OWNER: [&str; 2] =
    ["/metadata/annotations/meta.helm.sh~1release-name", "/metadata/annotations/meta.helm.sh~1release-namespace"];
/// The label of what hwdr creates for a backup id (`templates/`).
const RESTORE_ID: &str = "/metadata/labels/hwdr.hopsworks.ai~1restore-id";

/// Whether an object is one of the release's.
pub fn is_of(object: &Json, release: &str, namespace: &str) -> bool {
    OWNER.map(|annotation| text(object, annotation)) == [release, namespace]
}

/// The release that an object belongs to, and that one's namespace; none where Helm has not applied it.
pub fn release_of(object: &Json) -> Option<[&str; 2]> {
    let owner = OWNER.map(|annotation| text(object, annotation));
    Some(owner).filter(|owner| owner.iter().any(|name| !name.is_empty()))
}

/// Whether an object is another release's.
pub fn is_foreign(object: &Json, release: &str, namespace: &str) -> bool {
    release_of(object).is_some() && !is_of(object, release, namespace)
}

/// Whether an object is one of the release's, or hwdr's for this backup id and nobody else's.
fn is_of_restore(object: &Json, release: &str, namespace: &str, backup_id: &str) -> bool {
    let is_nobodys = OWNER.iter().all(|annotation| text(object, annotation).is_empty());
    is_of(object, release, namespace) || is_nobodys && text(object, RESTORE_ID) == backup_id
}

/// Refuses an object of another release.
///
/// # Errors
/// If it is neither the release's nor hwdr's for this backup id.
pub fn must_be_of(kind: Kind, object: &Json, release: &str, namespace: &str, backup_id: &str) -> Result<(), Halt> {
    if is_of_restore(object, release, namespace, backup_id) {
        return Ok(());
    }
    let [name, of] = OWNER.map(|annotation| text(object, annotation));
    let whose =
        if name.is_empty() { "of no release".to_owned() } else { format!("of release {name} in namespace {of}") };
    Err(not_ours(kind, object, &whose, &format!("not of release {release} in namespace {namespace}")))
}

impl Run {
    /// Whether an object is one of the release's.
    pub fn is_its(&self, object: &Json) -> bool {
        is_of(object, &self.state.release, &self.cluster.namespace)
    }

    /// Whether an object was made since the run began, by the API server's clock: preflight saw what was there before.
    pub fn is_since(&self, object: &Json) -> bool {
        text(object, "/metadata/creationTimestamp").parse::<Timestamp>().is_ok_and(|made| made >= self.since)
    }

    /// Checks that this run, or its helm, made an object.
    ///
    /// # Errors
    /// If it is another release's, or older than the run.
    pub fn must_be_ours(&self, kind: Kind, object: &Json) -> Result<(), Halt> {
        let (state, namespace) = (&self.state, &self.cluster.namespace);
        must_be_of(kind, object, &state.release, namespace, &state.backup_id)?;
        self.must_be_since(kind, object)
    }

    /// Checks that an object was made since the run began.
    ///
    /// # Errors
    /// If it was there before.
    pub fn must_be_since(&self, kind: Kind, object: &Json) -> Result<(), Halt> {
        if self.is_since(object) {
            return Ok(());
        }
        let made = text(object, "/metadata/creationTimestamp");
        Err(not_ours(kind, object, &format!("of {made}"), &format!("older than this run, of {}", self.since)))
    }

    /// Patches an object as `decide` says, in exactly the version that it saw. Returns the object as it was, or none if it does not exist.
    ///
    /// # Errors
    /// Those of `decide`.
    pub async fn change(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        name: &str,
        decide: impl Fn(&Json) -> Result<Option<Json>, Halt>,
    ) -> Result<Option<Json>, Halt> {
        for _ in 0..TRIES {
            let Some(object) = self.cluster.get(kind, namespace, name).await? else { return Ok(None) };
            let Some(patch) = decide(&object)? else { return Ok(Some(object)) };
            match self.cluster.patch_this(kind, namespace, &object, &patch).await {
                // It changed meanwhile: its controller writes its status.
                Err(error) if error.is_conflict() => {}
                changed => return Ok(Some(changed.map(|_| object)?)),
            }
        }
        Err(restless(kind, name))
    }

    /// The namespace of Jobs and Restores: of a Restore Velero's, and else none, which is the release's.
    pub fn place(&self, kind: Kind) -> Option<String> {
        (kind == Kind::RESTORE).then(|| self.state.velero())
    }

    /// Deletes an object that this run made; a missing one is no error.
    ///
    /// # Errors
    /// If it is not this run's.
    pub async fn delete_own(&self, kind: Kind, namespace: Option<&str>, name: &str) -> Result<(), Halt> {
        let Some(found) = self.cluster.get(kind, namespace, name).await? else { return Ok(()) };
        self.must_be_ours(kind, &found)?;
        Ok(self.cluster.delete_this(kind, namespace, &found).await?)
    }
}

/// Why an object could not be changed.
pub(super) fn restless(kind: Kind, name: &str) -> Halt {
    Halt::new(format!("{}/{name} changed during every attempt to change it", kind.kind))
        .help(format!("see who writes it: kubectl get {} {name} -o yaml --show-managed-fields", kind.plural))
}

fn not_ours(kind: Kind, object: &Json, is: &str, and: &str) -> Halt {
    let (name, of) = (text(object, "/metadata/name"), text(object, "/metadata/namespace"));
    let plural = if kind.group.is_empty() { kind.plural.to_owned() } else { format!("{}.{}", kind.plural, kind.group) };
    Halt::new(format!("{}/{name} is {is}, and {and}: it is left alone", kind.kind))
        .help(format!("look at it: kubectl -n {of} get {plural} {name} -o yaml"))
        .help(format!("if it is in the way and nobody needs it: kubectl -n {of} delete {plural} {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_release_of_the_same_name_elsewhere_is_another_one() {
        let owned = |name: &str, namespace: &str, id: &str| {
            json!({"metadata": {"name": "j", "namespace": "hopsworks", "labels": {"hwdr.hopsworks.ai/restore-id": id},
                "annotations": {"meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace}}})
        };
        assert!(is_of(&owned("hops", "hopsworks", ""), "hops", "hopsworks"));
        for (name, namespace) in [("hops", "other"), ("other", "hopsworks"), ("hops", ""), ("", "hopsworks"), ("", "")]
        {
            assert!(!is_of(&owned(name, namespace, ""), "hops", "hopsworks"), "{name} {namespace}");
        }
        let name_alone = json!({"metadata": {"annotations": {"meta.helm.sh/release-name": "hops"}}});
        assert!(!is_of(&name_alone, "hops", "hopsworks"));
        // What hwdr created without helm has only its label; another release's with the same id is not ours.
        let ours = |object: &Json| must_be_of(Kind::JOB, object, "hops", "hopsworks", "254811200").is_ok();
        assert!(ours(&owned("", "", "254811200")) && ours(&owned("hops", "hopsworks", "")));
        assert!(!ours(&owned("", "", "254811201")) && !ours(&owned("hops", "other", "254811200")) && !ours(&json!({})));
        let halt = must_be_of(Kind::JOB, &owned("hops", "other", ""), "hops", "hopsworks", "1").unwrap_err();
        assert_eq!(
            halt.problem,
            "Job/j is of release hops in namespace other, and not of release hops in namespace hopsworks: it is left alone"
        );
    }
}
