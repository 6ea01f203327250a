//! The state of a run is kept in a Secret `hwdr-restore-<id>` in the release's namespace, of hwdr's own type. Not in a ConfigMap, as in
//! an older hwdr: the chart's own backup accounts may write those (docs/security.md).

use std::cmp::Reverse;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{FORM, NO_BACKUP, Phase, RELEASE, State, check, name_of};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::mode::Mode;
use crate::names::is_release;
use crate::plain_data;
use crate::plan::Plan;
use crate::run::{Halt, Store, lease};

/// The type of the Secret.
const TYPE: &str = "hwdr.hopsworks.ai/run";
/// The label with the backup id.
const BACKUP_ID: &str = "hwdr.hopsworks.ai/restore-id";
/// The key of the state.
const STATE: &str = "state.json";
/// The size limit of a Secret (kubernetes, `MaxSecretSize`), less room for what a run adds to its state.
const ROOM: usize = (1 << 20) - (128 << 10);

/// The state in the cluster, and the version of it that this process knows.
pub struct SecretStore {
    cluster: Cluster,
    kind: Kind,
    object: Json,
    /// What was written last, even if the answer was lost.
    tried: String,
}

/// The states of the runs of a release.
pub struct Runs {
    /// Newest first, without abandoned ones.
    pub kept: Vec<SecretStore>,
    /// Those of an older hwdr, in ConfigMaps, newest first, without any that has a Secret of the same name.
    pub old: Vec<SecretStore>,
}

impl SecretStore {
    /// Creates the state of a new run, in place of an earlier run's for the same backup id. The Lease is held, and preflight has checked
    /// that the earlier run is over.
    ///
    /// # Errors
    /// If it cannot be written, or could not be read back.
    pub async fn create(cluster: &Cluster, state: &State, plan: &Plan) -> Result<Self, Halt> {
        let mut object = object_of(state);
        let plan = plan.to_json();
        if plan.len() + written(state).len() > ROOM {
            return Err(Halt::new(format!(
                "the plan and the state of this restore do not fit into a Secret of {} KiB: nothing was changed",
                ROOM >> 10
            )));
        }
        object["data"]["plan.json"] = STANDARD.encode(plan).into();
        // A run that could not be resumed is not begun.
        checked(&object, state, &cluster.namespace)?;
        if let Some(earlier) = cluster.get(Kind::SECRET, None, &state.name()).await?.filter(is_state) {
            another_releases(&earlier, state, cluster)?;
            // Not overwritten: the creation time says which run is the newest.
            cluster.delete_this(Kind::SECRET, None, &earlier).await?;
        }
        Self::make(cluster, &object).await
    }

    async fn make(cluster: &Cluster, object: &Json) -> Result<Self, Halt> {
        match cluster.create(Kind::SECRET, None, object).await {
            Err(error) if error.is_conflict() => {
                let (name, namespace) = (text(object, "/metadata/name"), &cluster.namespace);
                // An earlier call of ours may have succeeded, and its answer been lost.
                let there = cluster.get(Kind::SECRET, None, name).await?.unwrap_or_default();
                if is_state(&there) && there["data"] == object["data"] {
                    return Ok(Self::of(cluster, Kind::SECRET, there));
                }
                Err(Halt::new(format!("Secret {name} exists, but is not the state of this run"))
                    .help(format!("see what it is:\nkubectl -n {namespace} get secret {name} -o yaml")))
            }
            made => Ok(Self::of(cluster, Kind::SECRET, made?)),
        }
    }

    /// The state of the run for this backup id, if there is one: in a Secret, or else in an older hwdr's ConfigMap.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn find(cluster: &Cluster, backup_id: &str) -> Result<Option<Self>, Halt> {
        for kind in [Kind::SECRET, Kind::CONFIG_MAP] {
            if let Some(found) = cluster.get(kind, None, &name_of(backup_id)).await?.filter(is_state) {
                return Ok(Some(Self::of(cluster, kind, found)));
            }
        }
        Ok(None)
    }

    /// The states of all runs of this release. The API server's creation times say which is the newest.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn all(cluster: &Cluster, release: &str) -> Result<Runs, Halt> {
        if !is_release(release) {
            return Err(
                Halt::new(format!("{release:?} is not a valid release name")).help("list the releases: helm list -A")
            );
        }
        Self::labelled(cluster, &format!("{RELEASE}={release}")).await
    }

    /// The states of all runs of all releases in the namespace.
    ///
    /// # Errors
    /// If they cannot be read.
    pub async fn of_all(cluster: &Cluster) -> Result<Runs, Halt> {
        Self::labelled(cluster, RELEASE).await
    }

    async fn labelled(cluster: &Cluster, labels: &str) -> Result<Runs, Halt> {
        let mut found = Vec::new();
        for kind in [Kind::SECRET, Kind::CONFIG_MAP] {
            let objects = cluster.list(kind, None, labels).await?;
            let mut stores: Vec<_> =
                objects.into_iter().filter(is_state).map(|object| Self::of(cluster, kind, object)).collect();
            stores.sort_by_key(|store| Reverse(store.since()));
            found.push(stores);
        }
        let (mut old, kept) = (found.pop().unwrap_or_default(), found.pop().unwrap_or_default());
        old.retain(|store| !kept.iter().any(|secret| secret.name() == store.name()));
        // An installation that starts over abandons those before it.
        let given_up =
            |store: &Self| store.load().is_ok_and(|state| state.mode == Mode::Install && state.phase.is_open());
        let kept = kept.into_iter().enumerate().filter(|(index, store)| *index == 0 || !given_up(store));
        Ok(Runs { kept: kept.map(|(_, store)| store).collect(), old })
    }

    /// The kind of the object that keeps it.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The name of that object.
    pub fn name(&self) -> &str {
        text(&self.object, "/metadata/name")
    }

    /// Whether an older hwdr wrote it, where others may write, too.
    pub fn is_old(&self) -> bool {
        self.kind == Kind::CONFIG_MAP
    }

    /// What to do about it if nobody here began that run.
    pub fn nobodys(&self) -> String {
        nobodys(self.kind.kind, self.name(), &self.cluster.namespace)
    }

    /// When the run began, by the API server's clock: it made nothing that is older.
    pub fn since(&self) -> Timestamp {
        let made = text(&self.object, "/metadata/creationTimestamp").parse().unwrap_or(Timestamp::MAX);
        if self.is_old() { made } else { self.load().ok().and_then(|state| state.since).unwrap_or(made) }
    }

    /// Moves the state to a Secret, if an older hwdr began the run in a ConfigMap.
    ///
    /// # Errors
    /// If the Secret cannot be written.
    pub async fn into_secret(self) -> Result<Self, Halt> {
        if !self.is_old() {
            return Ok(self);
        }
        let state = State { form: FORM, since: Some(self.since()), ..self.load()? };
        let mut object = object_of(&state);
        if let Some(plan) = said(&self.object, "plan.json") {
            object["data"]["plan.json"] = STANDARD.encode(plan).into();
        }
        let store = Self::make(&self.cluster, &object).await?;
        // If it stays, the Secret counts.
        let _ = self.cluster.delete_this(Kind::CONFIG_MAP, None, &self.object).await;
        Ok(store)
    }

    fn of(cluster: &Cluster, kind: Kind, mut object: Json) -> Self {
        object["kind"] = kind.kind.into();
        let tried = said(&object, STATE).unwrap_or_default();
        Self { cluster: cluster.clone(), kind, object, tried }
    }
}

impl Store for SecretStore {
    type Record = State;

    fn load(&self) -> Result<State, Halt> {
        read(&self.object, &self.cluster.namespace)
    }

    async fn save(&mut self, state: &State) -> Result<(), Halt> {
        let before = std::mem::replace(&mut self.tried, written(state));
        self.object["data"][STATE] = STANDARD.encode(&self.tried).into();
        self.object["data"]["planDigest"] = STANDARD.encode(&state.digest).into();
        match self.cluster.replace(Kind::SECRET, None, &self.object).await {
            Ok(object) => self.object = object,
            Err(error) if error.is_conflict() => {
                let now = self.cluster.get(Kind::SECRET, None, self.name()).await?.unwrap_or_default();
                let there = said(&now, STATE).unwrap_or_default();
                // An earlier write of ours may have succeeded, and its answer been lost.
                if there == before {
                    self.object["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
                    self.object = self.cluster.replace(Kind::SECRET, None, &self.object).await?;
                } else if there == self.tried {
                    self.object = now;
                } else {
                    return Err(lease::lost(&self.cluster.commands(), &state.release));
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// Checks that a new run may delete the state in `earlier`: not if it is another release's and can still be resumed or undone.
fn another_releases(earlier: &Json, new: &State, cluster: &Cluster) -> Result<(), Halt> {
    let (of, name) = (text(earlier, "/metadata/labels/hwdr.hopsworks.ai~1release"), new.name());
    let is_over = |state: State| match state.phase {
        Phase::Undone | Phase::Finalized => true,
        Phase::Restored => state.mode == Mode::Install,
        Phase::Running | Phase::Failed | Phase::Undoing => false,
    };
    if of == new.release || read(&with_kind(earlier), &cluster.namespace).is_ok_and(is_over) {
        return Ok(());
    }
    let commands = cluster.commands();
    Err(Halt::new(format!(
        "Secret {name} is the state of a restore of the same backup into release {of}, which is not over: deleting it would make undo impossible"
    ))
    .help(format!(
        "end that one first, by one of these:\n{}\n{}\n{}",
        commands.resume(of),
        commands.undo(of),
        commands.with_values("finalize", of)
    ))
    .help(format!(
        "if that release is gone, and nothing of it is needed:\n{}",
        commands.kubectl(&format!("delete secret {name}"))
    )))
}

/// Adds the kind, which objects from a list or an answer may lack.
fn with_kind(secret: &Json) -> Json {
    let mut secret = secret.clone();
    secret["kind"] = Kind::SECRET.kind.into();
    secret
}

/// Reads the state of a run from the object that keeps it.
///
/// # Errors
/// If there is none, a later hwdr wrote it, or it contains what hwdr would not write.
pub fn read(object: &Json, namespace: &str) -> Result<State, Halt> {
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    let text = said(object, STATE).unwrap_or_default();
    let state: State = serde_json::from_str(&text).map_err(|error| {
        Halt::new(format!("{kind} {name}: its state cannot be read: {error}"))
            .help("use the version of hwdr that wrote it (its data.version)")
            .help(nobodys(kind, name, namespace))
    })?;
    if state.form > FORM {
        return Err(Halt::new(format!("{kind} {name}: a later hwdr ({:?}) has written it", state.version))
            .help("use that version, or a later one"));
    }
    checked(object, &state, namespace)?;
    Ok(state)
}

/// Checks that a state contains only what hwdr would write, and belongs to the run that its object names.
fn checked(object: &Json, state: &State, namespace: &str) -> Result<(), Halt> {
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    let label = |key: &str| object["metadata"]["labels"][key].as_str();
    let of_another = || {
        let (release, id) = (label(RELEASE).unwrap_or_default(), label(BACKUP_ID));
        let is_its = state.release == release && state.name() == name && id.is_none_or(|id| id == state.backup_id);
        (!is_its).then(|| {
            format!(
                "it is of release {:?} and backup {:?}, but its name and labels are another run's",
                state.release, state.backup_id
            )
        })
    };
    match check::check(state, namespace).err().or_else(of_another) {
        None => Ok(()),
        Some(why) => Err(Halt::new(format!("{kind} {name}: hwdr did not write this state: {why}"))
            .help(format!("see what it says:\nkubectl -n {namespace} get {} {name} -o yaml", kind.to_lowercase()))
            .help(nobodys(kind, name, namespace))),
    }
}

/// What to do about a state that nobody here wrote.
fn nobodys(kind: &str, name: &str, namespace: &str) -> String {
    format!("if nobody here began that restore:\nkubectl -n {namespace} delete {} {name}", kind.to_lowercase())
}

/// Whether an object keeps the state of a run. A ConfigMap may be the marker that post-render makes, a Secret anything.
fn is_state(object: &Json) -> bool {
    let is_secret = object["type"].is_string();
    !object["data"][STATE].is_null() && (!is_secret || object["type"] == TYPE)
}

/// What an object holds under a key.
fn said(object: &Json, key: &str) -> Option<String> {
    let data = object["data"][key].as_str()?;
    if object["type"] != TYPE {
        return Some(data.to_owned());
    }
    String::from_utf8(STANDARD.decode(data).ok()?).ok()
}

/// The Secret of a state.
fn object_of(state: &State) -> Json {
    let data = [
        ("backupId", state.backup_id.clone()),
        ("backupTime", state.backup_time.clone().unwrap_or_default()),
        ("mode", state.mode.to_string()),
        ("version", state.version.clone()),
        ("planDigest", state.digest.clone()),
        (STATE, written(state)),
    ];
    let data: serde_json::Map<_, _> =
        data.into_iter().map(|(key, value)| (key.to_owned(), STANDARD.encode(value).into())).collect();
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": TYPE,
        "metadata": {
            "name": state.name(),
            "labels": {
                "app.kubernetes.io/name": "hwdr",
                "app.kubernetes.io/managed-by": "hwdr",
                BACKUP_ID: state.backup_id,
                RELEASE: state.release,
                NO_BACKUP: "true",
            },
        },
        "data": data,
    })
}

fn written(state: &State) -> String {
    plain_data::text(state)
}

#[cfg(test)]
mod tests;
