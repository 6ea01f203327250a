//! Reads what doctor judges: in parallel, each for a bounded time. What cannot be read is unknown.

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key")]

use std::collections::BTreeSet;
use std::env;
use std::fs::{self, File};
use std::future::Future;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use serde_json::Value as Json;
use tokio::time::timeout;

use super::{Asked, now, prepared};
use crate::backups::{Fault, Reading, Severity, status};
use crate::cli::backups::look::{Asks, Heads, Looked, PAGE, PATIENCE, Reader, absent};
use crate::cli::files::Once;
use crate::cli::{restore, s3};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::doctor::{ApiServer, Facts, HelmHere, Installed, Live, Place, Plugin, Prepared};
use crate::helm::record;
use crate::helm::run::Helm;
use crate::mode::Mode;
use crate::product::{self, Product};
use crate::rights::{self, Right};
use crate::run::preflight::{denied_to, right_cluster};
use crate::run::state::{Paused, SecretStore, State, Volume};
use crate::run::steps::{found_at_work, is_of, release_of, volumes_of};
use crate::run::{Cause, Halt, Store as _};
use crate::shown::said;
use crate::source::Source;
use crate::topology::{Role, Workload};
use crate::values::{Value, read_one};
use crate::velero::Velero;

/// How long all questions of one kind may take.
const LIMIT: Duration = Duration::from_secs(60);
/// How many plugins are looked at, and how many bytes of each.
const PLUGINS: usize = 500;
const PLUGIN: u64 = 64 << 10;

/// What was read.
pub(super) struct Read {
    /// For the checks.
    pub facts: Facts,
    /// The cluster.
    pub cluster: Cluster,
}

/// A reason of a run not to begin, as a fault.
fn fault_of(halt: &Halt) -> Fault {
    let severity = if halt.cause == Cause::Unread { Severity::Unknown } else { Severity::Critical };
    let fault = Fault::new(severity, halt.problem.clone());
    if halt.help.is_empty() { fault } else { fault.fix(halt.help.join("\n")) }
}

/// The result of `work`, if it comes in time.
async fn in_time<T>(what: &str, work: impl Future<Output = Result<T, Halt>>) -> Reading<T> {
    match timeout(LIMIT, work).await {
        Ok(done) => done.map_err(|halt| fault_of(&halt)),
        Err(_) => Err(Fault::new(Severity::Unknown, format!("{what}: no answer within {} s", LIMIT.as_secs()))),
    }
}

/// Reads everything.
///
/// # Errors
/// If there is no cluster to ask, or it is not clear which release is meant.
pub(super) async fn read(asked: &Asked, given: Option<&Value>, files: &mut Once<'_>) -> Result<Read> {
    let cluster = restore::connection(&asked.invocation).connect().await?.hurried(PATIENCE);
    let usual = Velero::default();
    let reader = Reader { cluster: &cluster, velero: &usual, command: rights::Command::Doctor };
    let named = Some(asked.invocation.release.as_str()).filter(|name| !name.is_empty());
    let (api, place, kinds, record, helm) = tokio::join!(
        api(&reader),
        place(&reader, asked.invocation.own("expect-cluster")),
        kinds(&reader),
        record(&reader, named),
        helm_here(asked),
    );
    let own = record.as_ref().ok().and_then(Option::as_ref).map(|(_, values)| values);
    let values = given.or(own).cloned();
    let installed =
        record.as_ref().map(|found| found.as_ref().map(|(installed, _)| installed.clone())).map_err(Clone::clone);
    let release = named.map(str::to_owned).or_else(|| Some(installed.as_ref().ok()?.as_ref()?.release.clone()));
    let mode = asked.mode.unwrap_or(match &installed {
        Ok(None) => Mode::Install,
        _ => Mode::Upgrade,
    });
    let product = values.as_ref().map_or(product::FIRST, product::of);
    let velero = values.as_ref().map(|values| product.velero(values)).transpose()?.unwrap_or_default();
    let storage = values.as_ref().map(|values| product.storage(values)).transpose()?.unwrap_or_default();
    let reader = Reader { velero: &velero, ..reader };
    let of_velero = Some(velero.namespace.as_str());
    let whole = |object: Json| object;
    let list = |kind: Kind, namespace| reader.read(kind, cluster.pages(kind, namespace, "", PAGE, whole), None);
    // Without Velero, there are no objects of it.
    let absent = kinds.as_ref().err().filter(|fault| !fault.is_unknown());
    let lists = |kind: Kind| reader.read(kind, cluster.pages(kind, of_velero, "", PAGE, whole), absent);
    let (looked, servers, locations, schedules, restores, sets, deployments, capacities, left) = tokio::join!(
        Looked::at(&cluster, values.as_ref(), release.as_deref(), rights::Command::Doctor, Asks::Installed),
        list(Kind::DEPLOYMENT, of_velero),
        lists(Kind::STORAGE_LOCATION),
        lists(Kind::SCHEDULE),
        lists(Kind::RESTORE),
        list(Kind::STATEFUL_SET, None),
        list(Kind::DEPLOYMENT, None),
        reader.read(Kind::STORAGE_CAPACITY, cluster.list_everywhere(Kind::STORAGE_CAPACITY, ""), None),
        released(&reader),
    );
    let workloads = workloads(product, &cluster, release.as_deref(), sets, deployments);
    let (pods, policies, labels, jobs, telling, runs, makers, denied, bucket, volumes) = tokio::join!(
        list(Kind::POD, None),
        list(Kind::NETWORK_POLICY, None),
        reader.read(Kind::NAMESPACE, cluster.get(Kind::NAMESPACE, None, &cluster.namespace), None),
        reader.read(Kind::JOB, cluster.pages(Kind::JOB, None, "app.kubernetes.io/managed-by=hwdr", PAGE, whole), None),
        telling(&reader, product),
        runs(&cluster, release.as_deref()),
        makers(&cluster, release.as_deref(), kinds.is_ok().then_some(&velero.namespace)),
        all_denied(&reader, mode),
        s3::bucket(product, &storage, s3::Depth::All),
        volumes(&cluster, &workloads),
    );
    let inventory = looked?.inventory();
    let mut facts = Facts {
        now: now(),
        mode,
        product,
        place,
        release,
        values,
        storage,
        api,
        denied,
        helm,
        installed,
        kinds,
        servers,
        locations,
        schedules,
        restores,
        status: status(&inventory, None),
        inventory,
        bucket,
        workloads,
        volumes,
        capacities,
        released: left,
        pods,
        policies,
        labels: labels.map(Option::unwrap_or_default),
        runs,
        jobs,
        makers,
        telling,
        images: Vec::new(),
        prepared: Prepared::No,
        velero,
    };
    if !asked.invocation.chart.is_empty() {
        let (lines, images) = prepared::prepare(asked, files, &cluster, &facts).await?;
        facts.images = images;
        facts.prepared = Prepared::Yes(lines);
    }
    Ok(Read { facts, cluster })
}

/// The API server's version, and how far its clock is from this machine's.
async fn api(reader: &Reader<'_>) -> Reading<ApiServer> {
    let (version, ahead) = tokio::join!(
        reader.read(Kind::NAMESPACE, reader.cluster.at("/version"), None),
        timeout(PATIENCE, reader.cluster.clock()),
    );
    let version = version?;
    let number = |key: &str| {
        let digits: String = text(&version, key).chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    Ok(ApiServer {
        version: said(text(&version, "/gitVersion")),
        minor: number("/major").zip(number("/minor")),
        ahead: ahead.ok().flatten(),
    })
}

async fn place(reader: &Reader<'_>, expected: Option<&str>) -> Place {
    let cluster = reader.cluster;
    let (system, other) = tokio::join!(
        reader.read(Kind::NAMESPACE, cluster.get(Kind::NAMESPACE, None, "kube-system"), None),
        in_time("which cluster it is", right_cluster(cluster, expected)),
    );
    let uid = system.ok().flatten().map(|system| text(&system, "/metadata/uid").to_owned());
    Place {
        context: cluster.context.clone(),
        server: cluster.server.clone(),
        namespace: cluster.namespace.clone(),
        commands: cluster.commands(),
        uid: uid.filter(|uid| !uid.is_empty()),
        other: other.err(),
    }
}

/// The kinds of Velero that are served. A kind is served once its CRD is established.
async fn kinds(reader: &Reader<'_>) -> Reading<Vec<String>> {
    let group = Kind::BACKUP.api_version();
    // Doctor itself says how to install it.
    let absent = Fault { fix: None, ..absent() };
    let served = reader.read(Kind::BACKUP, reader.cluster.at(&format!("/apis/{group}")), Some(&absent)).await?;
    let resources = served["resources"].as_array().into_iter().flatten();
    Ok(resources.map(|resource| text(resource, "/kind").to_owned()).collect())
}

/// The newest revision of the release, and its values; none if nothing is installed. If no release is named, it is the only one.
async fn record(reader: &Reader<'_>, named: Option<&str>) -> Reading<Option<(Installed, Value)>> {
    let Heads { kind, records } = reader.heads().await;
    let of = |head: &Json| text(head, "/metadata/labels/name").to_owned();
    let mut heads = records?;
    heads.retain(|head| named.is_none_or(|named| of(head) == named));
    let releases: BTreeSet<_> = heads.iter().map(of).filter(|name| !name.is_empty()).collect();
    if releases.len() > 1 {
        let names = releases.into_iter().collect::<Vec<_>>().join(", ");
        return Err(Fault::new(Severity::Unknown, format!("the namespace has several releases: {names}"))
            .fix("name the one that is meant:\nhelm hwdr doctor RELEASE"));
    }
    let revision = |head: &Json| text(head, "/metadata/name").rsplit_once(".v")?.1.parse::<u64>().ok();
    let newest = heads.iter().filter_map(|head| Some((revision(head)?, text(head, "/metadata/name")))).max();
    let (Some((revision, name)), Some(release)) = (newest, releases.first()) else { return Ok(None) };
    let object = reader.read(kind, reader.cluster.get(kind, None, name), None).await?;
    let strange = || {
        Fault::new(
            Severity::Unknown,
            format!("Helm's record of release {release}, revision {revision}, cannot be read"),
        )
    };
    let read = object.as_ref().and_then(record::read).ok_or_else(strange)?;
    let config = if read.config.is_object() { read.config.to_string() } else { "{}".to_owned() };
    let values = read_one(Source::new("the release's values", config)).map_err(|_| strange())?;
    let metadata = |key: &str| said(text(&read.chart.metadata, key));
    let installed = Installed {
        release: release.clone(),
        revision,
        status: said(&read.info.status),
        chart: format!("{}-{}", metadata("/name"), metadata("/version")),
        app_version: metadata("/appVersion"),
    };
    Ok(Some((installed, values)))
}

/// Helm, and its plugins.
async fn helm_here(asked: &Asked) -> Reading<HelmHere> {
    let helm = Helm::find(&asked.invocation).await.map_err(|error| {
        Fault::new(Severity::Unknown, said(&error.to_string())).fix("name the helm to use: HELM_BIN=/path/to/helm")
    })?;
    Ok(HelmHere { version: helm.version().to_owned(), major: helm.major(), plugins: plugins(&folders()) })
}

/// The folders of Helm's plugins: what helm tells its own plugins, or where it looks (helm.sh/helm/pkg/helmpath).
fn folders() -> Vec<PathBuf> {
    let from = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folders) = from("HELM_PLUGINS") {
        return env::split_paths(&folders).collect();
    }
    let data = from("HELM_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| from("XDG_DATA_HOME").map(|data| Path::new(&data).join("helm")));
    let data = data.or_else(|| from("HOME").map(|home| Path::new(&home).join(".local/share/helm")));
    data.into_iter().map(|data| data.join("plugins")).collect()
}

/// The plugins in folders: only one level of each is read.
fn plugins(folders: &[PathBuf]) -> Vec<Plugin> {
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).into_iter().flatten().flatten());
    let read = |folder: PathBuf| {
        let mut text = String::new();
        File::open(folder.join("plugin.yaml")).ok()?.take(PLUGIN).read_to_string(&mut text).ok()?;
        let is_new = text.lines().any(|line| line.starts_with("apiVersion:"));
        Some(Plugin { folder: folder.display().to_string(), is_new })
    };
    let mut plugins: Vec<_> = entries.take(PLUGINS).filter_map(|entry| read(entry.path())).collect();
    plugins.sort_by(|one, other| one.folder.cmp(&other.folder));
    plugins
}

/// The volumes that were this namespace's and have no claim any more.
async fn released(reader: &Reader<'_>) -> Reading<Vec<Json>> {
    let namespace = &reader.cluster.namespace;
    let is_left = |volume: Json| {
        let is_its = text(&volume, "/spec/claimRef/namespace") == namespace;
        let is_left = matches!(text(&volume, "/status/phase"), "Released" | "Failed");
        (is_its && is_left).then_some(volume)
    };
    let volumes = reader.read(Kind::VOLUME, reader.cluster.pages(Kind::VOLUME, None, "", PAGE, is_left), None).await?;
    Ok(volumes.into_iter().flatten().collect())
}

/// What runs of the release, with its roles.
fn workloads(
    product: &dyn Product,
    cluster: &Cluster,
    release: Option<&str>,
    sets: Reading<Vec<Json>>,
    deployments: Reading<Vec<Json>>,
) -> Reading<Vec<Live>> {
    let is_its = |object: &Json| match (release, release_of(object)) {
        (Some(release), _) => is_of(object, release, &cluster.namespace),
        (None, owner) => owner.is_none(),
    };
    let live = |kind: Kind, object: Json| {
        let role = Workload::of(product, 0, kind.kind, &object).map_or(Role::APPLICATION, |workload| workload.role);
        Live { kind: kind.kind, object, role }
    };
    let mut all: Vec<_> = sets?.into_iter().map(|object| live(Kind::STATEFUL_SET, object)).collect();
    all.extend(deployments?.into_iter().map(|object| live(Kind::DEPLOYMENT, object)));
    all.retain(|live| is_its(&live.object));
    Ok(all)
}

async fn volumes(cluster: &Cluster, workloads: &Reading<Vec<Live>>) -> Reading<Vec<Volume>> {
    let workloads = workloads.as_ref().map_err(Clone::clone)?;
    let sets: Vec<_> = workloads
        .iter()
        .filter(|live| live.role.holds_data && live.kind == Kind::STATEFUL_SET.kind)
        .map(|live| live.object.clone())
        .collect();
    in_time("volumes", volumes_of(cluster, &sets)).await
}

/// The states of hwdr's runs.
async fn runs(cluster: &Cluster, release: Option<&str>) -> Reading<Vec<Result<State, Fault>>> {
    let Some(release) = release else { return Ok(Vec::new()) };
    let runs = in_time("the states of earlier restores", SecretStore::all(cluster, release)).await?;
    Ok(runs.kept.iter().chain(&runs.old).map(|store| store.load().map_err(|halt| fault_of(&halt))).collect())
}

async fn makers(cluster: &Cluster, release: Option<&str>, velero: Option<&String>) -> Reading<Vec<Paused>> {
    let Some(release) = release else { return Ok(Vec::new()) };
    in_time("what makes backups", found_at_work(cluster, release, velero.map(String::as_str))).await
}

async fn telling(reader: &Reader<'_>, product: &dyn Product) -> Reading<Vec<Json>> {
    let mut told = Vec::new();
    for name in product.telling() {
        told.extend(reader.read(Kind::CONFIG_MAP, reader.cluster.get(Kind::CONFIG_MAP, None, name), None).await?);
    }
    Ok(told)
}

/// The rights that a restore, and what goes on with it or back, would lack.
async fn all_denied(
    reader: &Reader<'_>,
    mode: Mode,
) -> Reading<Vec<(rights::Command, String, &'static Right, &'static str)>> {
    use rights::Command::{Install, Resume, Undo, Upgrade};
    let commands: &[_] = if mode == Mode::Upgrade { &[Upgrade, Resume, Undo] } else { &[Install, Resume] };
    let ask = denied_to(reader.cluster, commands, &reader.velero.namespace);
    match timeout(LIMIT, reader.read(Kind::ACCESS_REVIEW, ask, None)).await {
        Ok(found) => found,
        Err(_) => Err(Fault::new(Severity::Unknown, format!("no answer within {} s", LIMIT.as_secs()))),
    }
}
