//! Reads the objects and logs of a bundle. Secrets come first: what they hold is taken out of all that follows.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, LogParams};
use serde_json::{Value as Json, json};
use tokio::time::timeout;

use super::archive::Archive;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::doctor::Redactor;
use crate::shown::said;

/// How long a list, and a log, may take.
const LIST: Duration = Duration::from_secs(30);
const LOG: Duration = Duration::from_secs(15);
/// Objects in a page: Helm's records have a MiB each.
const PAGE: u32 = 25;
/// How many calls there are at once.
const AT_ONCE: usize = 6;
/// How many logs there are, and how much of each.
const LOGS: usize = 40;
const LINES: i64 = 500;
const BYTES: i64 = 256 << 10;

/// What is read in the release's namespace.
const RELEASE: [Kind; 10] = [
    Kind::POD,
    Kind::EVENT,
    Kind::STATEFUL_SET,
    Kind::DEPLOYMENT,
    Kind::JOB,
    Kind::CRON_JOB,
    Kind::CLAIM,
    Kind::CONFIG_MAP,
    Kind::NETWORK_POLICY,
    Kind::AUTOSCALER,
];
/// And in Velero's.
const VELERO: [Kind; 7] =
    [Kind::POD, Kind::EVENT, Kind::DEPLOYMENT, Kind::BACKUP, Kind::RESTORE, Kind::SCHEDULE, Kind::STORAGE_LOCATION];

/// Adds what can be read, without credentials. Returns what takes them out of other texts.
pub(super) async fn collect(cluster: &Cluster, velero: &str, archive: &mut Archive) -> Redactor {
    let mut redactor = Redactor::default();
    let namespaces = if velero == cluster.namespace { vec![velero] } else { vec![cluster.namespace.as_str(), velero] };
    for namespace in &namespaces {
        let name = format!("{namespace}/secrets.json");
        let mut secrets = Vec::new();
        let keep = |mut secret: Json| {
            named(Kind::SECRET, &mut secret);
            redactor.learn(&secret);
            secrets.push(Redactor::default().object(&secret));
        };
        let read = timeout(LIST, cluster.pages(Kind::SECRET, Some(namespace), "", PAGE, keep)).await;
        match why(read) {
            None => archive.objects(&name, &secrets),
            Some(why) => archive.misses(format!(
                "{name}: {why}; so what Secrets hold could only be recognized by its name and its form"
            )),
        }
    }
    if let Some(most) = redactor.overflow() {
        // What is not known cannot be taken out.
        archive.misses(format!(
            "all objects but Secrets, and all logs: Secrets have more than {most} values, and hwdr looks for no more in them"
        ));
        return redactor;
    }
    let of =
        |namespace: &str, kinds: &[Kind]| kinds.iter().map(|kind| (namespace.to_owned(), *kind)).collect::<Vec<_>>();
    let mut wanted = of(&cluster.namespace, &RELEASE);
    wanted.extend(of(velero, &VELERO));
    wanted.push((String::new(), Kind::VOLUME));
    wanted.dedup();
    let redact = &redactor;
    let lists = wanted.into_iter().map(|(namespace, kind)| async move {
        let mut objects = Vec::new();
        let keep = |mut object: Json| {
            named(kind, &mut object);
            let is_its = kind.namespaced || text(&object, "/spec/claimRef/namespace") == cluster.namespace;
            if is_its {
                objects.push((source(kind, &object), redact.object(&object)));
            }
        };
        let at = (!namespace.is_empty()).then_some(namespace.as_str());
        let why = why(timeout(LIST, cluster.pages(kind, at, "", PAGE, keep)).await);
        let place = if namespace.is_empty() { "cluster" } else { &namespace };
        (format!("{place}/{}.json", kind.plural), namespace, objects, why)
    });
    let lists: Vec<_> = stream::iter(lists.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
    let mut logs = Vec::new();
    for (name, namespace, objects, why) in lists {
        let (sources, objects): (Vec<_>, Vec<_>) = objects.into_iter().unzip();
        logs.extend(sources.into_iter().flatten().flatten().map(|log| (namespace.clone(), log)));
        match why {
            Some(why) => archive.misses(format!("{name}: {why}")),
            None => archive.objects(&name, &objects),
        }
    }
    if logs.len() > LOGS {
        archive.misses(format!("{} more logs", logs.len().saturating_sub(LOGS)));
        logs.truncate(LOGS);
    }
    let logs = logs.into_iter().map(|(namespace, log)| async move {
        let read = timeout(LOG, log.read(cluster, &namespace)).await;
        let name = format!(
            "{namespace}/logs/{}.{}{}.txt",
            log.pod,
            log.container,
            if log.previous { ".previous" } else { "" }
        );
        let read = match read {
            Ok(Ok(text)) => Ok(redact.text(&text)),
            Ok(Err(error)) => Err(said(&error.to_string())),
            Err(_) => Err(format!("no answer within {} s", LOG.as_secs())),
        };
        (name, read)
    });
    let logs: Vec<_> = stream::iter(logs.collect::<Vec<_>>()).buffered(AT_ONCE).collect().await;
    for (name, log) in logs {
        match log {
            Ok(text) => archive.text(&name, &text),
            Err(why) => archive.misses(format!("{name}: {why}")),
        }
    }
    redactor
}

/// Adds the kind, which items of a list lack.
fn named(kind: Kind, object: &mut Json) {
    if let Some(object) = object.as_object_mut() {
        object.insert("kind".to_owned(), json!(kind.kind));
        object.insert("apiVersion".to_owned(), json!(kind.api_version()));
    }
}

/// Why something could not be read.
fn why<T>(read: Result<Result<T, crate::cluster::ClusterError>, tokio::time::error::Elapsed>) -> Option<String> {
    match read {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(said(&error.to_string())),
        Err(_) => Some(format!("no answer within {} s", LIST.as_secs())),
    }
}

/// A container's log.
struct Log {
    pod: String,
    container: String,
    /// That of the container that ran before.
    previous: bool,
}

impl Log {
    async fn read(&self, cluster: &Cluster, namespace: &str) -> kube::Result<String> {
        let api: Api<Pod> = Api::namespaced(cluster.client().clone(), namespace);
        let parameters = LogParams {
            container: Some(self.container.clone()),
            tail_lines: Some(LINES),
            limit_bytes: Some(BYTES),
            previous: self.previous,
            timestamps: true,
            ..LogParams::default()
        };
        api.logs(&self.pod, &parameters).await
    }
}

/// The logs of a pod that matter: hwdr's own, Velero's, and those of pods that failed or crash.
fn source(kind: Kind, pod: &Json) -> Option<Vec<Log>> {
    let label = |key: &str| text(pod, &format!("/metadata/labels/{key}"));
    let is_ours = label("app.kubernetes.io~1managed-by") == "hwdr" || label("app.kubernetes.io~1name") == "hwdr";
    let is_veleros =
        label("deploy") == "velero" || label("app.kubernetes.io~1name") == "velero" || label("component") == "velero";
    let has_failed = text(pod, "/status/phase") == "Failed";
    let statuses = ["/status/initContainerStatuses", "/status/containerStatuses"]
        .into_iter()
        .filter_map(|pointer| pod.pointer(pointer)?.as_array())
        .flatten();
    let mut logs = Vec::new();
    for status in statuses {
        let crashed = status.pointer("/lastState/terminated").is_some_and(|it| !it.is_null());
        let has_run = ["running", "terminated"]
            .iter()
            .any(|state| status.pointer(&format!("/state/{state}")).is_some_and(|it| !it.is_null()));
        let log = |previous: bool| Log {
            pod: text(pod, "/metadata/name").to_owned(),
            container: text(status, "/name").to_owned(),
            previous,
        };
        if has_run && (is_ours || is_veleros || has_failed || crashed) {
            logs.push(log(false));
        }
        if crashed {
            logs.push(log(true));
        }
    }
    (kind == Kind::POD && !logs.is_empty()).then_some(logs)
}
