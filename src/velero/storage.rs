//! The storage location of the backups in the cluster: created, or checked to be the same, and available.

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key, and what is written to is made here")]

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::Velero;
use super::location::{self, Access, Location, SECRET, SECRET_KEY};
use super::{Credentials, MANAGED_BY, installed, is_ours};
use crate::cluster::condition::{self, text};
use crate::cluster::{Cluster, Kind, Objects, Selection, WaitError, WaitState};
use crate::refusal::Refusal;
use crate::shown::duration;

/// How long Velero may take to find a location available. It checks when the location changes and then once a minute
/// (backup_storage_location_controller.go, default of --store-validation-frequency): two checks, and half a minute for its own start.
const LIMIT: Duration = Duration::from_secs(150);

/// A location that is available.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageLocation {
    /// Whether this call created it. No if an interrupted earlier call did.
    pub is_new: bool,
    /// Whether hwdr created it, now or before.
    pub is_ours: bool,
    /// Whether Velero may only read it: then it deletes no expired backup, and writes no new one.
    pub is_read_only: bool,
}

/// Creates the location of Velero's backups, and waits until Velero finds it available. An existing one that is the same is left as it is.
///
/// # Errors
/// If Velero is missing, another location has the name (nothing is changed then), or it does not become available: with Velero's own words.
pub async fn ensure_storage_location(
    cluster: &Cluster,
    velero: &Velero,
    location: &Location,
    tell: &mut dyn FnMut(&str),
) -> Result<StorageLocation, Refusal> {
    installed::check(cluster, velero, tell).await?;
    let Velero { namespace, location: name, .. } = velero;
    let there = cluster.get(Kind::STORAGE_LOCATION, Some(namespace), name).await?;
    let change = change(velero, location, there.as_ref())?;
    match &location.access {
        Access::Role => {}
        Access::Secret { name, key } => check_secret(cluster, namespace, name, key).await?,
        Access::Credentials(credentials) => ensure_secret(cluster, namespace, credentials, tell).await?,
    }
    match change {
        LocationChange::Make => {
            tell(&format!("creating the storage location {name} ({}), read-only", place(location)));
            cluster.create(Kind::STORAGE_LOCATION, Some(namespace), &location.object(velero)).await?;
        }
        LocationChange::Again(object) => {
            tell(&format!("changing the storage location {name}, which was never in use, to {}", place(location)));
            cluster.replace(Kind::STORAGE_LOCATION, Some(namespace), &object).await?;
        }
        LocationChange::None => tell(&format!("the storage location {name} ({}) exists", place(location))),
    }
    available(cluster, velero, tell).await?;
    let now = cluster.get(Kind::STORAGE_LOCATION, Some(namespace), name).await?.unwrap_or_default();
    Ok(StorageLocation {
        is_new: there.is_none(),
        is_ours: is_ours(&now),
        is_read_only: text(&now, "/spec/accessMode") == "ReadOnly",
    })
}

/// Checks what a run needs before anything is changed: Velero itself, and its location, or how to create it.
///
/// # Errors
/// If Velero is missing, or the location is and `wanted` is none, or another location has its name.
pub async fn can_be_used(
    cluster: &Cluster,
    velero: &Velero,
    wanted: Option<&Location>,
    tell: &mut dyn FnMut(&str),
) -> Result<(), Refusal> {
    installed::check(cluster, velero, tell).await?;
    let there = cluster.get(Kind::STORAGE_LOCATION, Some(&velero.namespace), &velero.location).await?;
    match wanted {
        Some(location) => change(velero, location, there.as_ref()).map(drop),
        None if there.is_some() => Ok(()),
        None => Err(no_location(velero)),
    }
}

/// There is no storage location, and nobody has said how to create one.
pub fn no_location(velero: &Velero) -> Refusal {
    Refusal::new(format!("there is no BackupStorageLocation {}, so Velero knows no backups", velero.location))
        .help("say how Velero accesses the bucket: --iam, --secret NAME, --credentials-file FILE or --credentials-env")
        .help("or create it first:\nhelm hwdr bsl apply --bucket BUCKET --region REGION --iam")
}

/// Gives the location write access: then Velero takes new backups, and deletes expired ones. No error if it has it already.
///
/// # Errors
/// If it does not exist, or the API server refuses.
pub async fn open_storage_location(cluster: &Cluster, velero: &Velero) -> Result<(), Refusal> {
    let patch = json!({"spec": {"accessMode": "ReadWrite"}});
    cluster.patch(Kind::STORAGE_LOCATION, Some(&velero.namespace), &velero.location, &patch).await?;
    Ok(())
}

/// Whether Velero may only read the location.
///
/// # Errors
/// If the API server refuses.
pub async fn is_read_only(cluster: &Cluster, velero: &Velero) -> Result<bool, Refusal> {
    let location = cluster.get(Kind::STORAGE_LOCATION, Some(&velero.namespace), &velero.location).await?;
    Ok(location.is_some_and(|location| text(&location, "/spec/accessMode") == "ReadOnly"))
}

/// What has to be done to the location.
#[derive(Debug, Clone, PartialEq)]
enum LocationChange {
    /// Nothing: it exists.
    None,
    /// Create it.
    Make,
    /// Replace one that hwdr created and Velero never read: its bucket or endpoint was mistyped.
    Again(Json),
}

/// What has to be done to turn `there` into `location`.
fn change(velero: &Velero, location: &Location, there: Option<&Json>) -> Result<LocationChange, Refusal> {
    let Velero { namespace, location: name, .. } = velero;
    let Some(there) = there else { return Ok(LocationChange::Make) };
    let differences = location.differences(there);
    if differences.is_empty() {
        return Ok(LocationChange::None);
    }
    if is_ours(there) && text(there, "/status/lastSyncedTime").is_empty() {
        let mut object = there.clone();
        object["spec"] = location.spec();
        return Ok(LocationChange::Again(object));
    }
    let mut refusal = Refusal::new(format!(
        "another storage location has the name {name}; it is left as it is\n{}",
        location::diff(&differences)
    ))
    .help("if it is the right one, give flags that match it");
    let release = text(there, "/metadata/annotations/meta.helm.sh~1release-name");
    refusal = if release.is_empty() {
        refusal.help(format!(
            "if it is not needed any more, delete it; what is in its bucket stays:\nkubectl -n {namespace} delete backupstoragelocation \
             {name}"
        ))
    } else {
        refusal.help(format!(
            "it belongs to the Helm release {release}, which is installed already: change it in its values"
        ))
    };
    Err(refusal)
}

/// The place for people.
fn place(location: &Location) -> String {
    let at = location.endpoint.as_deref().map_or_else(String::new, |endpoint| format!(" at {endpoint}"));
    format!("s3://{}/{}{at}", location.bucket, location.prefix)
}

/// Checks that the Secret for Velero exists and has the key. Its value is not checked.
async fn check_secret(cluster: &Cluster, namespace: &str, name: &str, key: &str) -> Result<(), Refusal> {
    let Some(secret) = cluster.get(Kind::SECRET, Some(namespace), name).await? else {
        return Err(Refusal::new(format!("there is no Secret {name} in the namespace {namespace}"))
            .help(format!(
                "create it from a credentials file:\nkubectl -n {namespace} create secret generic {name} \\\n--from-file={key}=FILE"
            ))
            .help("or give hwdr the file: --credentials-file FILE"));
    };
    let keys: Vec<_> = secret["data"].as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    if keys.contains(&key) {
        return Ok(());
    }
    Err(Refusal::new(format!("the Secret {name} in the namespace {namespace} has no key {key}"))
        .help(format!("name the right one, as --secret {name}/KEY; it has: {}", keys.join(", "))))
}

/// Puts credentials into the Secret, unless hwdr did not create it.
async fn ensure_secret(
    cluster: &Cluster,
    namespace: &str,
    credentials: &Credentials,
    tell: &mut dyn FnMut(&str),
) -> Result<(), Refusal> {
    // With stringData they need not be encoded here.
    let new = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": namespace, "labels": {MANAGED_BY.0: MANAGED_BY.1}},
        "type": "Opaque",
        "stringData": {SECRET_KEY: credentials.text()},
    });
    let Some(there) = cluster.get(Kind::SECRET, Some(namespace), SECRET).await? else {
        tell(&format!("creating the Secret {SECRET}"));
        cluster.create(Kind::SECRET, Some(namespace), &new).await?;
        return Ok(());
    };
    if is_ours(&there) {
        // The API server changes nothing if the values are the same.
        let patch = json!({"stringData": {SECRET_KEY: credentials.text()}});
        cluster.patch(Kind::SECRET, Some(namespace), SECRET, &patch).await?;
        tell(&format!("the Secret {SECRET} holds these credentials"));
        return Ok(());
    }
    Err(Refusal::new(format!(
        "Secret {SECRET} exists in the namespace {namespace}, but hwdr did not create it; it is left as it is"
    ))
    .help(format!("if it holds the right credentials, use it: --secret {SECRET}"))
    .help(format!("or delete it:\nkubectl -n {namespace} delete secret {SECRET}")))
}

/// Waits until Velero finds the location available.
///
/// # Errors
/// Velero's own reason, with what it usually means: after two checks with an error that does not go away by itself, or at the limit.
pub(super) async fn available(cluster: &Cluster, velero: &Velero, tell: &mut dyn FnMut(&str)) -> Result<(), Refusal> {
    let Velero { namespace, deployment, location: name, .. } = velero;
    let one = Selection::one(Kind::STORAGE_LOCATION, Some(namespace), name);
    let what = format!("the storage location {name}");
    let mut watched = Watched::default();
    let see = |objects: &Objects| watched.see(objects.get(name));
    let result = cluster.wait(&what, &one, LIMIT, see, |seen| tell(&format!("{what}: {seen}"))).await;
    let Err(error) = result else { return Ok(()) };
    let message = watched.message;
    let mut refusal = match error {
        WaitError::Limit { last, .. } if message.is_empty() => {
            Refusal::new(format!("{what} is not available after {}: {last}", duration(LIMIT.as_secs())))
        }
        _ => Refusal::new(format!("{what} is not available. Velero says: {message}")),
    };
    if let Some(meaning) = meaning(&message) {
        refusal = refusal.help(meaning.help);
    }
    Err(refusal.help(format!("see what Velero does:\nkubectl -n {namespace} logs deployment/{deployment} --tail=50")))
}

/// What a wait has seen of a location.
#[derive(Debug, Default)]
struct Watched {
    /// Velero's last message.
    message: String,
    /// The time of the first check that gave a message.
    since: Option<String>,
}

impl Watched {
    /// What a location says. Its first message may be from before its Secret was changed.
    fn see(&mut self, location: Option<&Json>) -> WaitState {
        let verdict = condition::storage_location(location);
        let said = |pointer: &str| location.map_or("", |location| text(location, pointer)).to_owned();
        // The location's name and the plugin's transport surround it.
        let message = said("/status/message");
        self.message = message.rsplit_once("desc = ").map_or(message.as_str(), |(_, words)| words).to_owned();
        match &verdict {
            WaitState::NotYet(_) if !self.message.is_empty() => {}
            // It is Unavailable until Velero has checked it.
            WaitState::NotYet(_) if location.is_some() => {
                return WaitState::NotYet("Velero has not checked it yet".to_owned());
            }
            _ => return verdict,
        }
        let when = said("/status/lastValidationTime");
        let since = self.since.get_or_insert_with(|| when.clone());
        let seen = format!("Velero says: {}", self.message);
        if *since != when && meaning(&self.message).is_some_and(|meaning| meaning.is_final) {
            return WaitState::Never(seen);
        }
        WaitState::NotYet(seen)
    }
}

/// What a message from Velero means.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    /// Words that identify it: codes of S3, and of Velero's plugin loader.
    marks: &'static [&'static str],
    /// Whether the error does not go away by itself.
    is_final: bool,
    /// What to do.
    help: &'static str,
}

const MEANINGS: &[Meaning] = &[
    Meaning {
        marks: &["unable to locate ObjectStore plugin"],
        is_final: true,
        help: "Velero lacks its plugin for S3:\nvelero plugin add velero/velero-plugin-for-aws:v1.13.0",
    },
    Meaning {
        marks: &["NoSuchBucket"],
        is_final: true,
        help: "there is no such bucket at this endpoint: check --bucket, --region and --endpoint",
    },
    Meaning {
        marks: &["PermanentRedirect", "AuthorizationHeaderMalformed", "StatusCode: 301"],
        is_final: true,
        help: "the bucket is in another region: check --region",
    },
    Meaning {
        marks: &["InvalidAccessKeyId", "SignatureDoesNotMatch", "AccessDenied", "Forbidden", "StatusCode: 403"],
        is_final: true,
        help: "the credentials are wrong, or may not list this bucket: give others with --credentials-file FILE or \
               --credentials-env",
    },
    Meaning {
        marks: &["no EC2 IMDS role found", "failed to refresh cached credentials", "get credentials"],
        is_final: false,
        help: "Velero's pod has no role that may read the bucket: give it one (on EKS: velero install … --sa-annotations \
               eks.amazonaws.com/role-arn=ROLE_ARN), or give credentials (--credentials-file FILE, --secret NAME)",
    },
    Meaning {
        marks: &["no such host", "connection refused", "i/o timeout", "deadline exceeded", "dial tcp", "x509"],
        is_final: false,
        help: "Velero's pod cannot reach the server: check --endpoint and, without --path-style, the bucket's own host name",
    },
];

/// What to do about a location of which Velero gives this message, if hwdr knows it.
pub fn help_with(message: &str) -> Option<&'static str> {
    meaning(message).map(|meaning| meaning.help)
}

fn meaning(message: &str) -> Option<&'static Meaning> {
    MEANINGS.iter().find(|meaning| meaning.marks.iter().any(|mark| message.contains(mark)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(bucket: &str) -> Location {
        Location {
            bucket: bucket.to_owned(),
            prefix: "k8s_backup".to_owned(),
            region: "us-east-1".to_owned(),
            endpoint: None,
            path_style: false,
            access: Access::Role,
        }
    }

    #[test]
    fn a_foreign_location_is_left_alone_and_an_unused_one_of_ours_is_not() {
        let ours = location("b").object(&Velero::default());
        assert_eq!(change(&Velero::default(), &location("b"), None), Ok(LocationChange::Make));
        assert_eq!(change(&Velero::default(), &location("b"), Some(&ours)), Ok(LocationChange::None));
        let Ok(LocationChange::Again(object)) = change(&Velero::default(), &location("c"), Some(&ours)) else {
            panic!("it was never in use")
        };
        assert_eq!(object["spec"]["objectStorage"]["bucket"], "c");

        let mut used = ours.clone();
        used["status"]["lastSyncedTime"] = "2026-01-01T00:00:00Z".into();
        let mut foreign = ours;
        foreign["metadata"]["labels"] = json!({});
        for there in [used, foreign] {
            let refusal = change(&Velero::default(), &location("c"), Some(&there)).unwrap_err();
            assert!(refusal.problem.ends_with("it is left as it is\nbucket: is b, asked for c"), "{refusal}");
        }
    }

    #[test]
    fn veleros_messages_are_explained() {
        for (message, expected) in [
            (
                "operation error S3: ListObjectsV2, https response error StatusCode: 403, api error SignatureDoesNotMatch: x",
                "credentials are wrong",
            ),
            ("api error NoSuchBucket: The specified bucket does not exist", "no such bucket"),
            ("unable to locate ObjectStore plugin named velero.io/aws", "velero plugin add"),
            ("dial tcp: lookup b.s3.example.com: no such host", "cannot reach the server"),
        ] {
            assert!(meaning(message).is_some_and(|meaning| meaning.help.contains(expected)), "{message}");
        }
        assert!(meaning("something new").is_none());
    }

    #[test]
    fn a_wrong_key_is_final_when_velero_has_looked_twice() {
        let says = |phase: &str, message: &str, when: &str| json!({"status": {"phase": phase, "message": message, "lastValidationTime": when}});
        let denied = "StatusCode: 403, AccessDenied";
        for (seen, expected) in [
            (vec![says("Unavailable", denied, "1"), says("Unavailable", denied, "1")], "not yet"),
            (vec![says("Unavailable", denied, "1"), says("Unavailable", denied, "2")], "never"),
            (vec![says("Unavailable", denied, "1"), says("Available", "", "2")], "done"),
            (vec![says("Unavailable", "", ""), says("Unavailable", denied, "2")], "not yet"),
            (vec![says("Unavailable", "dial tcp", "1"), says("Unavailable", "dial tcp", "2")], "not yet"),
        ] {
            let mut watched = Watched::default();
            let last = seen.iter().map(|location| watched.see(Some(location))).last();
            let found = match last.unwrap() {
                WaitState::Done => "done",
                WaitState::NotYet(_) => "not yet",
                WaitState::Never(_) => "never",
            };
            assert_eq!(found, expected, "{seen:?}");
        }
    }
}
