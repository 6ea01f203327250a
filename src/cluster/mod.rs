//! The Kubernetes cluster: its objects as JSON, calls that outlast a restart of the API server, and waits that end.
//!
//! Objects are read as JSON and not as Kubernetes' own types, as everywhere in hwdr: few fields are read, and an object that is kept (a
//! claim that is set aside) must not lose fields that this program does not know.

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key, and what is written to is made here")]

pub mod condition;
mod discover;
mod exec;
mod kind;
mod names;
mod pages;
mod pulse;
mod reason;
mod refusal;
mod view;
mod wait;

use std::env;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http::{Request, Response};
use jiff::fmt::rfc2822;
use jiff::{SignedDuration, Timestamp};
use kube::api::{
    Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, Preconditions, PropagationPolicy,
};
use kube::client::{Body, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use serde_json::Value as Json;
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout};
use tower_http::classify::ServerErrorsFailureClass;
use tower_http::trace::TraceLayer;
use tracing::{Span, debug, warn, warn_span};

use crate::commands::Commands;
use crate::refusal::with_causes;
use crate::shown::{plain as plain_text, tell};

pub use discover::{Found, Labelled};
pub use exec::Output;
pub use kind::Kind;
pub use pulse::{Beat, Pulse};
pub use reason::{progress_of, why_job_failed, why_pods_wait, why_they_wait, words_of};
pub use view::{Sight, View, Watched};
pub use wait::{Objects, Selection, WaitError, WaitState};

/// How long a call is retried while the API server is unreachable: a restart takes half a minute.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long one call may take if somebody waits for it: a server may accept it and never answer.
const HURRIED: Duration = Duration::from_secs(30);

/// From this pause between two calls on, people are told.
const SILENCE: Duration = Duration::from_secs(1);

/// How to reach the cluster, as in Helm.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    /// `--kubeconfig`; else `$KUBECONFIG` and the usual place.
    pub kubeconfig: Option<PathBuf>,
    /// `--kube-context`; else the current one.
    pub context: Option<String>,
    /// `--namespace`; else the context's.
    pub namespace: Option<String>,
}

/// A connection to one cluster, and a namespace in it.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    pulse: Option<Pulse>,
    patience: Duration,
    /// The context that was given; else it is the current one.
    given: Option<String>,
    /// The context's name, for people.
    pub context: String,
    /// The API server's address.
    pub server: String,
    /// The release's namespace.
    pub namespace: String,
}

/// Why a call to the cluster failed.
#[derive(Debug, Clone, Error)]
pub enum ClusterError {
    /// There is no usable connection to it.
    #[error("the cluster cannot be reached: {0}")]
    Connection(String),
    /// A kubeconfig file does not exist.
    #[error("there is no kubeconfig file {0}")]
    NoKubeconfig(String),
    /// It does not answer: no connection, or no login.
    #[error("{what}: the API server {server} cannot be reached: {why}")]
    NoAnswer {
        /// What was asked.
        what: String,
        /// Its address.
        server: String,
        /// The context that leads to it.
        context: String,
        /// What happened.
        why: String,
    },
    /// It refused.
    #[error("{what}: {why}")]
    Call {
        /// What was asked: `get ConfigMap/x`.
        what: String,
        /// Its answer.
        why: String,
        /// The HTTP status; 0 if there was none.
        code: u16,
    },
}

impl ClusterError {
    /// Whether another writer was faster, or the object exists already.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Call { code: 409, .. })
    }

    /// Whether the API server has answered, and refuses: the same call would not succeed a moment later.
    pub fn is_refusal(&self) -> bool {
        // Too slow, too old, and too often: they pass.
        matches!(self, Self::Call { code: code @ 400..=499, .. } if ![408, 410, 429].contains(code))
    }
}

fn client(mut config: Config) -> Result<Client, ClusterError> {
    // A watch is answered when something happens; [`Cluster::call`] has its own limit.
    config.read_timeout = Some(Duration::from_secs(295));
    config.connect_timeout = Some(Duration::from_secs(10));
    // [`Cluster::call`] retries, and checks the lock before.
    config.default_retry = false;
    let builder = ClientBuilder::try_from(config).map_err(|error| ClusterError::Connection(error.to_string()))?;
    // Each request and its answer. Never headers, bodies or the query, which contains the commands of an `exec`.
    let log = TraceLayer::new_for_http()
        .make_span_with(|request: &Request<Body>| {
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch="));
            let method = if is_watch { "WATCH" } else { request.method().as_str() };
            warn_span!(target: "cluster", "request", %method, path = %request.uri().path())
        })
        .on_request(())
        .on_response(|response: &Response<_>, took: Duration, _: &Span| {
            debug!(target: "cluster", status = response.status().as_u16(), ?took, "answered");
        })
        .on_body_chunk(())
        .on_eos(())
        .on_failure(|failure: ServerErrorsFailureClass, took: Duration, _: &Span| {
            warn!(target: "cluster", %failure, ?took, "failed");
        });
    Ok(builder.with_layer(&log).build())
}

/// What is wrong with a kubeconfig, in plain words.
fn plain(error: &KubeconfigError, named: &str) -> String {
    match error {
        KubeconfigError::ReadConfig(error, path) => format!("cannot read the kubeconfig {}: {error}", path.display()),
        KubeconfigError::CurrentContextNotSet => format!("the kubeconfig {named} names no current context"),
        KubeconfigError::LoadContext(context) => format!("there is no context {context} in the kubeconfig {named}"),
        KubeconfigError::LoadClusterOfContext(cluster) => {
            format!("there is no cluster {cluster} in the kubeconfig {named}, but its context needs it")
        }
        // Paths come in two kinds of quotes.
        other => format!("the kubeconfig {named}: {}", other.to_string().replace("'\"", "").replace("\"'", "")),
    }
}

impl Cluster {
    /// Connects, without a call.
    ///
    /// # Errors
    /// If there is no usable kubeconfig.
    pub async fn connect(connection: &Connection) -> Result<Self, ClusterError> {
        let failed = |why: String| ClusterError::Connection(why);
        let options = KubeConfigOptions { context: connection.context.clone(), ..KubeConfigOptions::default() };
        let named = connection.kubeconfig.as_ref().map(|path| path.display().to_string());
        let named = named.or_else(|| env::var("KUBECONFIG").ok().filter(|paths| !paths.is_empty()));
        let named = named.unwrap_or_else(|| "~/.kube/config".to_owned());
        let kubeconfig = match &connection.kubeconfig {
            Some(path) => Kubeconfig::read_from(path),
            None => Kubeconfig::read(),
        };
        let kubeconfig = kubeconfig.map_err(|error| match &error {
            KubeconfigError::ReadConfig(cause, path) if cause.kind() == io::ErrorKind::NotFound => {
                ClusterError::NoKubeconfig(path.display().to_string())
            }
            _ => failed(plain(&error, &named)),
        })?;
        let context = connection.context.clone().or_else(|| kubeconfig.current_context.clone()).unwrap_or_default();
        let config = Config::from_custom_kubeconfig(kubeconfig, &options)
            .await
            .map_err(|error| failed(plain(&error, &named)))?;
        let client = client(config.clone())?;
        let namespace = connection
            .namespace
            .clone()
            .or_else(|| env::var("HELM_NAMESPACE").ok().filter(|name| !name.is_empty()))
            .unwrap_or_else(|| config.default_namespace.clone());
        if !is_segment(&namespace) {
            return Err(failed(format!("{} is not a valid namespace name", plain_text(&namespace))));
        }
        let server = config.cluster_url.to_string();
        let given = connection.context.clone();
        Ok(Self { client, pulse: None, patience: PATIENCE, given, context, server, namespace })
    }

    /// The cluster in which this process runs in a pod, with the pod's own account.
    ///
    /// # Errors
    /// If it does not run in a pod, or the pod has no token.
    pub fn of_this_pod() -> Result<Self, ClusterError> {
        let config = Config::incluster().map_err(|error| ClusterError::Connection(error.to_string()))?;
        let (server, namespace) = (config.cluster_url.to_string(), config.default_namespace.clone());
        let (client, context) = (client(config)?, String::new());
        Ok(Self { client, pulse: None, patience: PATIENCE, given: None, context, server, namespace })
    }

    /// Commands to paste, for this cluster and the release's namespace.
    pub fn commands(&self) -> Commands {
        Commands::of(&self.namespace, self.given.as_deref())
    }

    /// The same cluster, without calls while a lock is not renewed: another process may have taken it.
    pub fn under(&self, pulse: Pulse) -> Self {
        Self { pulse: Some(pulse), ..self.clone() }
    }

    /// The same cluster, whose calls are retried for this long, without a message, and each of which has to be answered in time.
    pub fn hurried(&self, patience: Duration) -> Self {
        Self { patience, ..self.clone() }
    }

    /// The objects of a kind: in the release's namespace, or in another one.
    pub fn api(&self, kind: Kind, namespace: Option<&str>) -> Api<DynamicObject> {
        let resource = kind.resource();
        if kind.namespaced {
            Api::namespaced_with(self.client.clone(), namespace.unwrap_or(&self.namespace), &resource)
        } else {
            Api::all_with(self.client.clone(), &resource)
        }
    }

    /// The client itself, for logs.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What is at a path of the API that is not of objects, such as `/version`.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn at(&self, path: &str) -> Result<Json, ClusterError> {
        let request = || async {
            let request = Request::get(path).body(Vec::new()).map_err(kube::Error::HttpError)?;
            self.client.request::<Json>(request).await
        };
        self.call(&format!("get {path}"), request).await
    }

    /// How far the API server's clock is ahead of this machine's, if it says what time it is. It says so in seconds.
    pub async fn clock(&self) -> Option<SignedDuration> {
        let request = Request::get("/version").body(Body::empty()).ok()?;
        let before = Timestamp::now();
        let answer = self.client.send(request).await.ok()?;
        let after = Timestamp::now();
        let there = answer.headers().get(http::header::DATE)?.to_str().ok()?;
        let there = rfc2822::parse(there).ok()?.timestamp();
        // Not before the request, nor after the answer, as far as a second tells.
        let (early, late) = (there.duration_since(after), there.duration_since(before));
        let nearest = if early.is_positive() { early } else { late.min(SignedDuration::ZERO) };
        Some(nearest)
    }

    /// One object, or none.
    ///
    /// # Errors
    /// If the API server refuses, or is gone for longer than a restart takes.
    pub async fn get(&self, kind: Kind, namespace: Option<&str>, name: &str) -> Result<Option<Json>, ClusterError> {
        are_segments("get", kind, namespace, name)?;
        let api = self.api(kind, namespace);
        let found = self.call(&format!("get {}/{name}", kind.kind), || api.get_opt(name)).await?;
        Ok(found.map(json_of))
    }

    /// All objects of a kind with these labels (`a=b,c=d`; empty: all).
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn list(&self, kind: Kind, namespace: Option<&str>, labels: &str) -> Result<Vec<Json>, ClusterError> {
        are_segments("list", kind, namespace, "all")?;
        self.list_in(&self.api(kind, namespace), kind, labels).await
    }

    /// All objects of a kind with these labels, in all namespaces.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn list_everywhere(&self, kind: Kind, labels: &str) -> Result<Vec<Json>, ClusterError> {
        self.list_in(&Api::all_with(self.client.clone(), &kind.resource()), kind, labels).await
    }

    async fn list_in(&self, api: &Api<DynamicObject>, kind: Kind, labels: &str) -> Result<Vec<Json>, ClusterError> {
        let parameters = ListParams { label_selector: Some(labels.to_owned()), ..ListParams::default() };
        let list = self.call(&format!("list {}", kind.plural), || api.list(&parameters)).await?;
        let (version, name) = (kind.api_version(), kind.kind);
        // Items of a list lack their kind.
        let named = |mut object: Json| {
            object["apiVersion"] = version.clone().into();
            object["kind"] = name.into();
            object
        };
        Ok(list.items.into_iter().map(json_of).map(named).collect())
    }

    /// Creates an object.
    ///
    /// # Errors
    /// As [`Cluster::get`]; see [`ClusterError::is_conflict`] for one that exists.
    pub async fn create(&self, kind: Kind, namespace: Option<&str>, object: &Json) -> Result<Json, ClusterError> {
        self.create_or_try(kind, namespace, object, false).await
    }

    /// What the API server would make of an object, which is not created.
    ///
    /// # Errors
    /// As [`Cluster::create`].
    pub async fn would_create(&self, kind: Kind, namespace: Option<&str>, object: &Json) -> Result<Json, ClusterError> {
        self.create_or_try(kind, namespace, object, true).await
    }

    async fn create_or_try(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        object: &Json,
        dry_run: bool,
    ) -> Result<Json, ClusterError> {
        let api = self.api(kind, namespace);
        let (object, name) = parsed(kind, object)?;
        are_segments("create", kind, namespace, if name.is_empty() { "new" } else { &name })?;
        let parameters = PostParams { field_manager: Some("hwdr".to_owned()), dry_run };
        let made = self.call(&format!("create {}/{name}", kind.kind), || api.create(&parameters, &object)).await?;
        Ok(json_of(made))
    }

    /// Replaces an object; if it has a `resourceVersion`, only that version.
    ///
    /// # Errors
    /// As [`Cluster::get`]; see [`ClusterError::is_conflict`] for one that another writer changed.
    pub async fn replace(&self, kind: Kind, namespace: Option<&str>, object: &Json) -> Result<Json, ClusterError> {
        let api = self.api(kind, namespace);
        let (object, name) = parsed(kind, object)?;
        are_segments("replace", kind, namespace, &name)?;
        let parameters = PostParams { field_manager: Some("hwdr".to_owned()), ..PostParams::default() };
        let now =
            self.call(&format!("replace {}/{name}", kind.kind), || api.replace(&name, &parameters, &object)).await?;
        Ok(json_of(now))
    }

    /// Merges a patch into an object (RFC 7386: null removes a key).
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn patch(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        name: &str,
        patch: &Json,
    ) -> Result<Json, ClusterError> {
        self.patch_in(kind, namespace, name, None, patch).await
    }

    /// Merges a patch into an object's status.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn patch_status(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        name: &str,
        patch: &Json,
    ) -> Result<Json, ClusterError> {
        self.patch_in(kind, namespace, name, Some("status"), patch).await
    }

    async fn patch_in(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        name: &str,
        part: Option<&str>,
        patch: &Json,
    ) -> Result<Json, ClusterError> {
        are_segments("patch", kind, namespace, name)?;
        let (api, patch) = (self.api(kind, namespace), Patch::Merge(patch));
        let parameters = PatchParams { field_manager: Some("hwdr".to_owned()), ..PatchParams::default() };
        let what =
            format!("patch {}{}/{name}", part.map_or(String::new(), |part| format!("the {part} of ")), kind.kind);
        let now = match part {
            Some(part) => self.call(&what, || api.patch_subresource(part, name, &parameters, &patch)).await?,
            None => self.call(&what, || api.patch(name, &parameters, &patch)).await?,
        };
        Ok(json_of(now))
    }

    /// Merges a patch into exactly this version of an object: another one of its name, or a later version, is a conflict.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn patch_this(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        object: &Json,
        patch: &Json,
    ) -> Result<Json, ClusterError> {
        let mut patch = patch.clone();
        for key in ["uid", "resourceVersion"] {
            patch["metadata"][key] = object["metadata"][key].clone();
        }
        self.patch(kind, namespace, condition::text(object, "/metadata/name"), &patch).await
    }

    /// Deletes an object; a missing one is no error. What it owns is deleted afterwards.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn delete(&self, kind: Kind, namespace: Option<&str>, name: &str) -> Result<(), ClusterError> {
        are_segments("delete", kind, namespace, name)?;
        self.delete_in(&self.api(kind, namespace), kind.kind, name, None).await
    }

    /// Deletes exactly this object: another one that has taken its name stays, and is a conflict.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn delete_this(&self, kind: Kind, namespace: Option<&str>, object: &Json) -> Result<(), ClusterError> {
        let (object, name) = parsed(kind, object)?;
        are_segments("delete", kind, namespace, &name)?;
        let preconditions = Preconditions { uid: object.metadata.uid, resource_version: None };
        self.delete_in(&self.api(kind, namespace), kind.kind, &name, Some(preconditions)).await
    }

    async fn delete_in(
        &self,
        api: &Api<DynamicObject>,
        kind: &str,
        name: &str,
        preconditions: Option<Preconditions>,
    ) -> Result<(), ClusterError> {
        let parameters = DeleteParams {
            propagation_policy: Some(PropagationPolicy::Background),
            preconditions,
            ..DeleteParams::default()
        };
        match self.call(&format!("delete {kind}/{name}"), || api.delete(name, &parameters)).await {
            Ok(_) | Err(ClusterError::Call { code: 404, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Calls, and retries while the server is unreachable or overloaded. Whoever holds the lock that this waits for must end it when the
    /// lock is lost.
    async fn call<T, F>(&self, what: &str, call: impl Fn() -> F) -> Result<T, ClusterError>
    where
        F: Future<Output = kube::Result<T>>,
    {
        let until = Instant::now() + self.patience;
        let mut is_told = false;
        let mut pause = Duration::from_millis(200);
        loop {
            while self.pulse.as_ref().is_some_and(|pulse| !pulse.is_fresh()) {
                sleep(Duration::from_millis(200)).await;
            }
            let answer = match self.patience < PATIENCE {
                true => in_time(HURRIED, call()).await,
                false => call().await,
            };
            let error = match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let (code, why, again) = meaning(&error);
            let is_away = again && code == 0;
            if !again || Instant::now() + pause > until {
                let what = what.to_owned();
                return Err(if is_away {
                    ClusterError::NoAnswer { what, server: self.server.clone(), context: self.context.clone(), why }
                } else {
                    ClusterError::Call { what, why, code }
                });
            }
            // A run shows that it waits. Before one, nothing else would be on the screen.
            if is_away && self.pulse.is_none() && self.patience == PATIENCE && !is_told && pause > SILENCE {
                is_told = true;
                let server = &self.server;
                let seconds = PATIENCE.as_secs();
                tell(&format!(
                    "The API server {server} does not answer.\nTrying again for {seconds} s; Ctrl-C ends it"
                ));
            }
            sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }
}

/// The answer, if it comes in time.
async fn in_time<T>(limit: Duration, call: impl Future<Output = kube::Result<T>>) -> kube::Result<T> {
    let late = |_| Err(kube::Error::Service(format!("no answer within {} s", limit.as_secs()).into()));
    timeout(limit, call).await.unwrap_or_else(late)
}

/// The HTTP status of a failed call (0 if there was none), the reason, and whether the same call may succeed later.
fn meaning(error: &kube::Error) -> (u16, String, bool) {
    match error {
        kube::Error::Api(status) => (status.code, status.message.clone(), status.code == 429 || status.code >= 500),
        kube::Error::HyperError(_) | kube::Error::Service(_) => (0, with_causes(error), true),
        _ => (0, with_causes(error), false),
    }
}

/// Whether a text may be used in the path of a URL as it is, as every name of an object may (Kubernetes calls it a path segment; names of
/// roles have colons). Anything else would lead to another object, or be no URL at all.
fn is_segment(name: &str) -> bool {
    const LONGEST: usize = 253;
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        && !matches!(name, "." | "..")
}

/// Refuses what is no valid name of an object or namespace, before the call.
fn are_segments(verb: &str, kind: Kind, namespace: Option<&str>, name: &str) -> Result<(), ClusterError> {
    match [Some(name), namespace].into_iter().flatten().find(|name| !is_segment(name)) {
        None => Ok(()),
        Some(wrong) => Err(ClusterError::Call {
            what: format!("{verb} {}", kind.kind),
            why: format!("{} is not a valid object name", plain_text(wrong)),
            code: 0,
        }),
    }
}

/// An object as JSON.
fn json_of(object: DynamicObject) -> Json {
    crate::plain_data::json(&object)
}

/// JSON as an object, and its name.
fn parsed(kind: Kind, object: &Json) -> Result<(DynamicObject, String), ClusterError> {
    let parsed: DynamicObject = serde_json::from_value(object.clone()).map_err(|error| ClusterError::Call {
        what: format!("read {}", kind.kind),
        why: error.to_string(),
        code: 0,
    })?;
    let name = parsed.metadata.name.clone().unwrap_or_default();
    Ok((parsed, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_call_that_is_never_answered_ends() {
        let never = in_time(Duration::from_millis(1), std::future::pending::<kube::Result<()>>());
        let (code, why, again) = meaning(&never.await.unwrap_err());
        assert!(code == 0 && again && why.contains("no answer within 0 s"), "{code} {why} {again}");
        assert!(matches!(in_time(HURRIED, async { Ok(1) }).await, Ok(1)));
    }

    #[test]
    fn a_name_leads_to_no_other_object() {
        for name in ["hops", "sh.helm.release.v1.hops.v1", "system:admin", "A_b-1"] {
            assert!(is_segment(name), "{name}");
        }
        for name in
            ["", ".", "..", "../secrets/x", "a/b", "a?watch=1", "a\nb", "a\u{1b}", "a%2fb", "é", &"a".repeat(254)]
        {
            assert!(!is_segment(name), "{name:?}");
            assert!(are_segments("get", Kind::SECRET, None, name).is_err(), "{name:?}");
            assert!(are_segments("get", Kind::SECRET, Some(name), "x").is_err(), "{name:?}");
        }
    }
}
