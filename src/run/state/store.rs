//! Where the state of a run lies: in a Secret `hwdr-restore-<id>` of the release's namespace, of a type of hwdr's own. Not in a ConfigMap, as an
//! older hwdr had it: the chart's own backup accounts may write those (docs/security.md).

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
/// A Secret holds so many bytes (kubernetes, `MaxSecretSize`), and a run adds to its state as it goes on.
const ROOM: usize = (1 << 20) - (128 << 10);

/// The state in the cluster, and the version of it that this process knows.
pub struct SecretStore {
    cluster: Cluster,
    kind: Kind,
    object: Json,
    /// What was written last, be the answer to it lost.
    tried: String,
}

/// The states of the runs of a release.
pub struct Runs {
    /// The newest first, without those that nobody can go on with.
    pub kept: Vec<SecretStore>,
    /// Those of an older hwdr, in ConfigMaps, the newest first. One beside a Secret of its name is none.
    pub old: Vec<SecretStore>,
}

impl SecretStore {
    /// Puts a new run's state there, in place of that of an earlier run for the same backup id: the Lease is held, and preflight has looked
    /// whether that one is over.
    ///
    /// # Errors
    /// Where it cannot be written, or could not be read again.
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
        // A run that could not be gone on with is not begun.
        checked(&object, state, &cluster.namespace)?;
        if let Some(earlier) = cluster.get(Kind::SECRET, None, &state.name()).await?.filter(is_state) {
            another_releases(&earlier, state, &cluster.namespace)?;
            // Not written over: its time of creation says which run is the newest.
            cluster.delete_this(Kind::SECRET, None, &earlier).await?;
        }
        Self::make(cluster, &object).await
    }

    async fn make(cluster: &Cluster, object: &Json) -> Result<Self, Halt> {
        match cluster.create(Kind::SECRET, None, object).await {
            Err(error) if error.is_conflict() => {
                let (name, namespace) = (text(object, "/metadata/name"), &cluster.namespace);
                // The answer to a call of our own may have been lost.
                let there = cluster.get(Kind::SECRET, None, name).await?.unwrap_or_default();
                if is_state(&there) && there["data"] == object["data"] {
                    return Ok(Self::of(cluster, Kind::SECRET, there));
                }
                Err(Halt::new(format!("there is a Secret {name}, which is no state of a run, or another one's"))
                    .help(format!("see what it is: kubectl -n {namespace} get secret {name} -o yaml")))
            }
            made => Ok(Self::of(cluster, Kind::SECRET, made?)),
        }
    }

    /// The state of the run for this backup id, if there is one: in a Secret, or where there is none, in an older hwdr's ConfigMap.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn find(cluster: &Cluster, backup_id: &str) -> Result<Option<Self>, Halt> {
        for kind in [Kind::SECRET, Kind::CONFIG_MAP] {
            if let Some(found) = cluster.get(kind, None, &name_of(backup_id)).await?.filter(is_state) {
                return Ok(Some(Self::of(cluster, kind, found)));
            }
        }
        Ok(None)
    }

    /// The states of all runs of this release. Which is the newest is what the API server says of when it has made them.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub async fn all(cluster: &Cluster, release: &str) -> Result<Runs, Halt> {
        if !is_release(release) {
            return Err(Halt::new(format!("{release:?} cannot be the name of a release"))
                .help("see which there are: helm list -A"));
        }
        let mut found = Vec::new();
        for kind in [Kind::SECRET, Kind::CONFIG_MAP] {
            let objects = cluster.list(kind, None, &format!("{RELEASE}={release}")).await?;
            let mut stores: Vec<_> =
                objects.into_iter().filter(is_state).map(|object| Self::of(cluster, kind, object)).collect();
            stores.sort_by_key(|store| Reverse(store.since()));
            found.push(stores);
        }
        let (mut old, kept) = (found.pop().unwrap_or_default(), found.pop().unwrap_or_default());
        old.retain(|store| !kept.iter().any(|secret| secret.name() == store.name()));
        // An installation that was begun anew has given up those before it.
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

    /// Whether an older hwdr has written it, where others may write, too.
    pub fn is_old(&self) -> bool {
        self.kind == Kind::CONFIG_MAP
    }

    /// What to do about it, where nobody here has begun that run.
    pub fn nobodys(&self) -> String {
        nobodys(self.kind.kind, self.name(), &self.cluster.namespace)
    }

    /// Since when there is the run, by the API server's clock: what is older is not of its making.
    pub fn since(&self) -> Timestamp {
        let made = text(&self.object, "/metadata/creationTimestamp").parse().unwrap_or(Timestamp::MAX);
        if self.is_old() { made } else { self.load().ok().and_then(|state| state.since).unwrap_or(made) }
    }

    /// Has the run go on in a Secret, where an older hwdr has begun it in a ConfigMap, which goes.
    ///
    /// # Errors
    /// Where the Secret cannot be written.
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
        // Where it stays the Secret counts.
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
                // The answer to a write of our own may have been lost, and the write not.
                if there == before {
                    self.object["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
                    self.object = self.cluster.replace(Kind::SECRET, None, &self.object).await?;
                } else if there == self.tried {
                    self.object = now;
                } else {
                    return Err(lease::lost());
                }
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }
}

/// That the state in `earlier` may be taken away for a new run: another release's that somebody may go on with, or back, is not for this one to delete.
fn another_releases(earlier: &Json, new: &State, namespace: &str) -> Result<(), Halt> {
    let (of, name) = (text(earlier, "/metadata/labels/hwdr.hopsworks.ai~1release"), new.name());
    let is_over = |state: State| match state.phase {
        Phase::Undone | Phase::Finalized => true,
        Phase::Restored => state.mode == Mode::Install,
        Phase::Running | Phase::Failed | Phase::Undoing => false,
    };
    if of == new.release || read(&with_kind(earlier), namespace).is_ok_and(is_over) {
        return Ok(());
    }
    Err(Halt::new(format!(
        "Secret {name} is the state of a restore of the same backup into release {of}, which is not over: with it went the way back"
    ))
    .help(format!("end that one first: helm hwdr resume {of}, helm hwdr undo {of} or helm hwdr finalize {of}"))
    .help(format!("if that release is gone, and nothing of it is needed: kubectl -n {namespace} delete secret {name}")))
}

/// An object of a list or an answer does not always say what it is.
fn with_kind(secret: &Json) -> Json {
    let mut secret = secret.clone();
    secret["kind"] = Kind::SECRET.kind.into();
    secret
}

/// What the object that keeps the state of a run says.
///
/// # Errors
/// Where a later hwdr wrote it, nobody did, or it says what no hwdr would write.
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

/// That a state says what an hwdr would write, and of the run that its object is for.
fn checked(object: &Json, state: &State, namespace: &str) -> Result<(), Halt> {
    let (kind, name) = (text(object, "/kind"), text(object, "/metadata/name"));
    let label = |key: &str| object["metadata"]["labels"][key].as_str();
    let of_another = || {
        let (release, id) = (label(RELEASE).unwrap_or_default(), label(BACKUP_ID));
        let is_its = state.release == release && state.name() == name && id.is_none_or(|id| id == state.backup_id);
        (!is_its).then(|| {
            format!(
                "it is of release {:?} and backup {:?}, and its name and labels are another run's",
                state.release, state.backup_id
            )
        })
    };
    match check::check(state, namespace).err().or_else(of_another) {
        None => Ok(()),
        Some(why) => Err(Halt::new(format!("{kind} {name}: no hwdr has written this state: {why}"))
            .help(format!("see what it says: kubectl -n {namespace} get {} {name} -o yaml", kind.to_lowercase()))
            .help(nobodys(kind, name, namespace))),
    }
}

/// What to do about a state that is none.
fn nobodys(kind: &str, name: &str, namespace: &str) -> String {
    format!("if nobody here has begun that restore: kubectl -n {namespace} delete {} {name}", kind.to_lowercase())
}

/// Whether an object keeps the state of a run: a ConfigMap may be the marker that post-render makes, a Secret anything.
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
