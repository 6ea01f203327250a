//! Reads what the cluster knows of backups: in parallel, page by page, each for a bounded time. What cannot be read is reported, and the rest is shown.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value as Json;
use tokio::time::timeout;

use super::target::{Lists, Target};
use crate::backups::{Fault, Inventory, PartState, Reading, Series, Severity};
use crate::cli::connection::ConnectionArgs;
use crate::cli::restore::release_name;
use crate::cli::status::bucket::BucketLook;
use crate::cli::{ValueArgs, inputs};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError, Kind, why_job_failed};
use crate::helm::record;
use crate::product::{self, Product};
use crate::rights;
use crate::shown::{kept, said, word};
use crate::values::Value;
use crate::velero::{INSTALL, ObjectBackup, Velero};
use crate::verify::memory::Memory;
use crate::verify::store;

/// How long each list may take, with all its pages.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a call is retried without an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Objects in a page. Not 500: that is what the list of a watch has (kube, `watcher::Config`), and `lab/tests/soak/87-rbac.sh` tells them apart.
pub(crate) const PAGE: u32 = 250;
/// ConfigMaps in a page: each may have a MiB.
const LARGE: u32 = 5;
/// How many ConfigMaps without a label are looked for.
const ROTATED: usize = 20;

/// What is asked beside the backups themselves, each with all before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asks {
    /// No more.
    Backups,
    /// When the release was installed.
    Installed,
    /// When backups were verified.
    Verified,
}

/// Which release's backups, and what its values call them.
#[derive(Debug, Args)]
pub(crate) struct LookArgs {
    /// The release, if the namespace has more than one
    #[arg(long, value_name = "NAME", value_parser = release_name)]
    release: Option<String>,
    #[command(flatten)]
    values: ValueArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The values, once they were read: a pipe can be read once.
    #[arg(skip)]
    read: OnceLock<Option<Value>>,
}

/// What was read.
pub(crate) struct Looked {
    /// The cluster.
    pub cluster: Cluster,
    /// The product that was looked for.
    pub product: &'static dyn Product,
    /// The release, if known.
    pub release: Option<String>,
    /// What Velero's things are called.
    pub velero: Velero,
    /// When it was installed.
    installed: Reading<Timestamp>,
    /// When the cluster was read.
    pub now: Timestamp,
    /// What the services have.
    pub series: Vec<Series>,
    /// When backups were verified.
    verified: Memory,
    /// What could not be read.
    pub unread: Vec<Fault>,
}

impl Looked {
    /// The backups, joined.
    pub(crate) fn inventory(&mut self) -> Inventory {
        let inventory = Inventory::new(self.now, self.installed.clone(), std::mem::take(&mut self.series));
        Inventory { verified: std::mem::take(&mut self.verified), ..inventory }
    }

    /// Adds the last words of each service's newest run that is over, if it failed.
    pub(crate) async fn with_last_words(mut self) -> Self {
        let failed = self.series.iter().enumerate().filter_map(|(at, series)| {
            let run = series.last_over(self.now).filter(|run| matches!(run.state, PartState::Failed(_)))?;
            Some((at, run.job.clone()?))
        });
        let words = failed.map(|(at, job)| {
            let cluster = &self.cluster;
            async move {
                let words = timeout(LIMIT, why_job_failed(cluster, &job)).await.unwrap_or_default();
                (at, job, words)
            }
        });
        for (at, job, words) in join_all(words.collect::<Vec<_>>()).await {
            let parts = self.series.get_mut(at).map(|series| series.parts.iter_mut());
            let part = parts.into_iter().flatten().find(|part| part.job.as_deref() == Some(&job));
            if let Some(PartState::Failed(why)) = part.map(|part| &mut part.state)
                && !words.is_empty()
            {
                *why = format!("{why}\n{}", words.join("\n"));
            }
        }
        self
    }
}

impl LookArgs {
    /// Those of the release in this namespace.
    pub(crate) fn new(values: ValueArgs, connection: ConnectionArgs) -> Self {
        Self { release: None, values, connection, read: OnceLock::new() }
    }

    /// Reads what the cluster knows of backups, for `command`.
    ///
    /// # Errors
    /// If it is not clear which release of which cluster is meant.
    pub(crate) async fn look(&self, command: rights::Command, asks: Asks) -> Result<Looked> {
        let values = self.values()?;
        let cluster = self.connection.connect().await?.hurried(PATIENCE);
        Looked::at(&cluster, values, self.release.as_deref(), command, asks).await
    }

    /// The bucket that the values name.
    ///
    /// # Errors
    /// If the values cannot be used.
    pub(crate) fn bucket(&self) -> Result<BucketLook> {
        let values = self.values()?;
        let product = values.map_or(product::FIRST, product::of);
        let storage = values.map(|values| product.storage(values)).transpose()?.unwrap_or_default();
        Ok(BucketLook::new(product, storage))
    }

    /// Connects, without a request yet; in a pod with its own account.
    ///
    /// # Errors
    /// If there is no way to a cluster.
    pub(crate) async fn connect(&self) -> Result<Cluster> {
        self.connection.connect_or_in_pod().await
    }

    /// The release's namespace, if it is given.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.connection.namespace.as_deref().filter(|namespace| !namespace.is_empty())
    }

    /// The release, if it is named.
    pub(crate) fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    /// The values, if any are given.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn values(&self) -> Result<Option<&Value>> {
        let read = match self.read.get() {
            Some(read) => read,
            None => {
                let values = inputs::values(&self.values)?;
                self.read.get_or_init(|| values)
            }
        };
        Ok(read.as_ref())
    }

    /// The values; if none are given, an empty map.
    ///
    /// # Errors
    /// If they cannot be read.
    pub(crate) fn values_or_empty(&self) -> Result<Value> {
        match self.values()? {
            Some(values) => Ok(values.clone()),
            None => inputs::values_or_empty(&self.values),
        }
    }

    /// What is looked for in that namespace.
    ///
    /// # Errors
    /// If the values cannot be used.
    pub(crate) fn target(&self, namespace: &str) -> Result<Target> {
        Target::new(self.values()?, self.release(), namespace)
    }
}

impl Looked {
    /// What the cluster knows of backups, which the values, if there are some, may call by other names.
    ///
    /// # Errors
    /// If it is not clear which release is meant, or the values cannot be used.
    pub(crate) async fn at(
        cluster: &Cluster,
        values: Option<&Value>,
        release: Option<&str>,
        command: rights::Command,
        asks: Asks,
    ) -> Result<Self> {
        let target = Target::new(values, release, &cluster.namespace)?;
        let reader = Reader { cluster, velero: &target.velero, command };
        let namespace = Some(target.velero.namespace.as_str());
        let absent = absent();
        let whole = |object: Json| object;
        let (config_maps, cron_jobs, jobs, backups, schedules, locations, helm) = tokio::join!(
            reader.read(Kind::CONFIG_MAP, reader.config_maps(&target), None),
            reader.read(Kind::CRON_JOB, cluster.pages(Kind::CRON_JOB, None, "", PAGE, whole), None),
            reader.read(Kind::JOB, cluster.pages(Kind::JOB, None, "", PAGE, whole), None),
            reader.read(
                Kind::BACKUP,
                cluster.pages(Kind::BACKUP, namespace, "", PAGE, |backup| ObjectBackup::read(&backup)),
                Some(&absent)
            ),
            reader.read(Kind::SCHEDULE, cluster.pages(Kind::SCHEDULE, namespace, "", PAGE, whole), Some(&absent)),
            reader.read(
                Kind::STORAGE_LOCATION,
                cluster.pages(Kind::STORAGE_LOCATION, namespace, "", PAGE, whole),
                Some(&absent)
            ),
            async {
                if asks < Asks::Installed {
                    return (Heads::none(), None);
                }
                let heads = reader.heads().await;
                // Usually there is one release, and nobody has to wait for the lists, which know it, too.
                let likely = target.release.clone().or_else(|| heads.only());
                let of_it = match likely {
                    Some(release) => Some((reader.more(&release, &heads, asks).await, release)),
                    None => None,
                };
                (heads, of_it)
            },
        );
        let (heads, likely) = helm;
        let lists = Lists { config_maps, cron_jobs, jobs, backups, schedules, locations };
        let release = target.release(&lists)?.or_else(|| heads.only());
        let (installed, verified) = match (likely, &release) {
            _ if asks < Asks::Installed => (Err(Fault::new(Severity::Unknown, "")), Ok(Memory::default())),
            (Some((more, likely)), Some(release)) if likely == *release => more,
            (_, Some(release)) => reader.more(release, &heads, asks).await,
            (_, None) => (Err(heads.no_release(&cluster.namespace)), Ok(Memory::default())),
        };
        let mut unread = lists.unread();
        unread.extend(installed.as_ref().err().cloned().filter(|fault| asks >= Asks::Installed && fault.is_unknown()));
        let of_memory = verified.as_ref().err().filter(|fault| fault.is_unknown());
        unread.extend(
            of_memory
                .map(|fault| Fault { what: format!("when backups were verified {}", fault.what), ..fault.clone() }),
        );
        let (now, verified) = (Timestamp::now(), verified.unwrap_or_default());
        let series = target.series(lists, release.as_deref(), now);
        let Target { product, velero, .. } = target;
        Ok(Self { product, release, velero, installed, now, series, verified, unread, cluster: cluster.clone() })
    }
}

/// The kind of the objects in which Helm keeps its records (helm, pkg/action, `Init`; pkg/storage/driver).
fn helm_driver() -> Reading<Kind> {
    match std::env::var("HELM_DRIVER").unwrap_or_default().as_str() {
        "" | "secret" | "secrets" => Ok(Kind::SECRET),
        "configmap" | "configmaps" => Ok(Kind::CONFIG_MAP),
        other => Err(Fault::new(
            Severity::Unknown,
            format!(
                "cannot be read: Helm keeps its records in {} (HELM_DRIVER), where hwdr does not look",
                kept(other)
            ),
        )),
    }
}

/// The problem if the API server does not know Velero's kinds.
pub(crate) fn absent() -> Fault {
    Fault::new(Severity::Critical, "Velero is not in this cluster: its resources (velero.io/v1) are not known")
        .fix(INSTALL)
}

/// The ConfigMaps of the metadata that are not among `known`: they have lost their label. And those by which the product says what it does. Only
/// those `there` are asked for, if that is known.
///
/// # Errors
/// If one cannot be read.
pub(crate) async fn unlabelled(
    cluster: &Cluster,
    target: &Target,
    known: &BTreeSet<String>,
    there: Option<&BTreeSet<String>>,
) -> Result<Vec<Json>, ClusterError> {
    let may_be = |name: &str| there.is_none_or(|there| there.contains(name));
    let each = target.records.iter().map(|(_, first)| async move {
        let mut more = Vec::new();
        for name in product::rotated(first).take(ROTATED) {
            if known.contains(&name) {
                continue;
            }
            if !may_be(&name) {
                break;
            }
            let Some(object) = cluster.get(Kind::CONFIG_MAP, None, &name).await? else { break };
            more.push(object);
        }
        Ok::<_, ClusterError>(more)
    });
    let telling = target.product.telling().iter().filter(|name| !known.contains(**name) && may_be(name));
    let telling = join_all(telling.map(|name| cluster.get(Kind::CONFIG_MAP, None, name)));
    let (each, telling) = tokio::join!(join_all(each), telling);
    let mut found = Vec::new();
    for more in each {
        found.extend(more?);
    }
    for object in telling {
        found.extend(object?);
    }
    Ok(found)
}

/// How to see what is wrong with the API server.
fn readyz(context: &str) -> String {
    format!("see whether it answers:\nkubectl --context {} get --raw /readyz", word(context))
}

/// Who reads, and for which command.
pub(crate) struct Reader<'r> {
    /// The cluster.
    pub cluster: &'r Cluster,
    /// What Velero's objects are called.
    pub velero: &'r Velero,
    /// The command.
    pub command: rights::Command,
}

impl Reader<'_> {
    /// The result of `work`, if it comes in time. `absent` is the problem if the API server does not know the kind.
    pub(crate) async fn read<T>(
        &self,
        kind: Kind,
        work: impl Future<Output = Result<T, ClusterError>>,
        absent: Option<&Fault>,
    ) -> Reading<T> {
        match timeout(LIMIT, work).await {
            Ok(read) => read.map_err(|error| self.fault(&error, absent)),
            Err(_) => {
                let what = format!("cannot be read: list {}: no answer within {} s", kind.plural, LIMIT.as_secs());
                Err(Fault::new(Severity::Unknown, what).fix(readyz(&self.cluster.context)))
            }
        }
    }

    /// What it means that something cannot be read. `absent` is the problem if the API server does not know the kind.
    pub(crate) fn fault(&self, error: &ClusterError, absent: Option<&Fault>) -> Fault {
        if let (ClusterError::Call { code: 404, .. }, Some(absent)) = (error, absent) {
            return absent.clone();
        }
        let fault = Fault::new(Severity::Unknown, format!("cannot be read: {}", said(&error.to_string())));
        match error {
            ClusterError::Call { code: 403, .. } => fault.fix(self.rights()),
            ClusterError::NoAnswer { context, .. } => fault.fix(readyz(context)),
            ClusterError::Call { code: 500.., .. } => fault.fix(readyz(&self.cluster.context)),
            _ => fault,
        }
    }

    /// Which rights are missing.
    fn rights(&self) -> String {
        format!(
            "ask for these rights:\nhelm hwdr rbac {} -n {} --velero-namespace {}",
            self.command.name(),
            word(&self.cluster.namespace),
            word(&self.velero.namespace)
        )
    }

    /// The metadata ConfigMaps: by label, and by name if they have lost it.
    async fn config_maps(&self, target: &Target) -> Result<Vec<Json>, ClusterError> {
        let labels = target.product.record_labels();
        // One list of names in place of a call for each that may have lost its label.
        let (found, heads) = tokio::join!(
            self.cluster.pages(Kind::CONFIG_MAP, None, labels, LARGE, |object: Json| object),
            self.cluster.heads(Kind::CONFIG_MAP, None, ""),
        );
        let (mut found, heads) = (found?, heads?);
        let names = |objects: &[Json]| objects.iter().map(|object| text(object, "/metadata/name").to_owned()).collect();
        let (known, there): (BTreeSet<_>, BTreeSet<_>) = (names(&found), names(&heads));
        found.extend(unlabelled(self.cluster, target, &known, Some(&there)).await?);
        Ok(found)
    }

    /// The heads of Helm's records.
    pub(crate) async fn heads(&self) -> Heads {
        match helm_driver() {
            Ok(kind) => {
                Heads { kind, records: self.read(kind, self.cluster.heads(kind, None, "owner=helm"), None).await }
            }
            Err(fault) => Heads { records: Err(fault), ..Heads::none() },
        }
    }

    /// When a release was installed, and when its backups were verified.
    async fn more(&self, release: &str, heads: &Heads, asks: Asks) -> (Reading<Timestamp>, Reading<Memory>) {
        let verified = async {
            match asks {
                Asks::Verified => self.read(Kind::SECRET, store::read(self.cluster, release), None).await,
                Asks::Backups | Asks::Installed => Ok(Memory::default()),
            }
        };
        tokio::join!(self.installed(release, heads), verified)
    }

    /// When a release was installed.
    async fn installed(&self, release: &str, Heads { kind, records }: &Heads) -> Reading<Timestamp> {
        let records = records.as_ref().map_err(time_is_unread)?;
        let name = |revision: u64| format!("sh.helm.release.v1.{release}.v{revision}");
        let revision = |record: &Json| text(record, "/metadata/name").rsplit_once(".v")?.1.parse::<u64>().ok();
        let revisions: BTreeSet<_> =
            records.iter().filter(|record| release_of(record) == release).filter_map(revision).collect();
        let created = |record: &Json| text(record, "/metadata/creationTimestamp").parse::<Timestamp>().ok();
        let first = records.iter().find(|record| text(record, "/metadata/name") == name(1)).and_then(created);
        // Later revisions may be of another installation: `helm install --replace` goes on counting.
        if let Some(first) = first.filter(|_| revisions.len() == 1) {
            return Ok(first);
        }
        let Some(newest) = revisions.last() else {
            let namespace = &self.cluster.namespace;
            let what = format!(
                "Helm has no record of release {release} in namespace {namespace}, so the time of its installation is unknown"
            );
            return Err(Fault::new(Severity::Unknown, what));
        };
        // Helm keeps ten revisions, and each has the time of its installation.
        let record = self.read(*kind, self.cluster.get(*kind, None, &name(*newest)), None).await?;
        record.as_ref().and_then(record::first_deployed).ok_or_else(|| {
            let what = format!("Helm's record of release {release} does not say when it was installed");
            Fault::new(Severity::Unknown, what)
        })
    }
}

/// Helm's records of all revisions of all releases, without their contents.
pub(crate) struct Heads {
    /// What they are kept in.
    pub kind: Kind,
    /// The metadata of the objects.
    pub records: Reading<Vec<Json>>,
}

fn time_is_unread(fault: &Fault) -> Fault {
    Fault { what: format!("the time of the installation {}", fault.what), ..fault.clone() }
}

/// The release of a record.
fn release_of(record: &Json) -> &str {
    text(record, "/metadata/labels/name")
}

impl Heads {
    fn none() -> Self {
        Self { kind: Kind::SECRET, records: Ok(Vec::new()) }
    }

    fn releases(&self) -> BTreeSet<&str> {
        self.records.iter().flatten().map(release_of).filter(|name| !name.is_empty()).collect()
    }

    /// The only release that there is.
    fn only(&self) -> Option<String> {
        let releases = self.releases();
        releases.first().filter(|_| releases.len() == 1).map(|name| (*name).to_owned())
    }

    /// Why it is not clear which release is meant.
    fn no_release(&self, namespace: &str) -> Fault {
        match &self.records {
            Err(fault) => time_is_unread(fault),
            Ok(_) if self.releases().is_empty() => {
                Fault::new(Severity::Critical, format!("nothing is installed in namespace {namespace}"))
                    .fix("if Helm does not keep its records in Secrets here, set HELM_DRIVER as for helm")
            }
            Ok(_) => Fault::new(
                Severity::Unknown,
                format!("namespace {namespace} has several releases, and none of them makes backups"),
            )
            .fix("name the one that is meant: --release NAME"),
        }
    }
}
