//! Reads what the cluster knows of backups: in parallel, page by page, each for a bounded time. What cannot be read is reported, and the rest is shown.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Args;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value as Json;
use tokio::time::timeout;

use crate::backups::{Fault, Inventory, Join, PartState, Reading, Seen, Series, Severity};
use crate::cli::connection::ConnectionArgs;
use crate::cli::messages::Failure;
use crate::cli::restore::release_name;
use crate::cli::{ValueArgs, inputs};
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError, Kind, why_job_failed};
use crate::helm::record;
use crate::names::is_release;
use crate::product::{self, Product};
use crate::rights;
use crate::run::steps::{is_of, release_of};
use crate::shown::{said, word};
use crate::topology::{Role, Workload};
use crate::velero::{INSTALL, ObjectBackup, Velero};
use crate::verify::memory::Memory;
use crate::verify::store;

/// How long each list may take, with all its pages.
const LIMIT: Duration = Duration::from_secs(30);
/// How long a call is retried without an answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Objects in a page. Not 500: that is what the list of a watch has (kube, `watcher::Config`), and `lab/tests/soak/87-rbac.sh` tells them apart.
const PAGE: u32 = 250;
/// ConfigMaps in a page: each may have a MiB.
const LARGE: u32 = 5;
/// How many ConfigMaps without a label are looked for.
const ROTATED: usize = 20;

/// Which release's backups, and what its values call them.
#[derive(Debug, Args)]
pub(crate) struct LookArgs {
    /// The release, if the namespace has more than one
    #[arg(long, value_name = "NAME", value_parser = release_name)]
    release: Option<String>,
    #[command(flatten)]
    pub values: ValueArgs,
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// What was read.
pub(crate) struct Looked {
    /// The cluster.
    pub cluster: Cluster,
    /// The product that was looked for.
    pub product: &'static dyn Product,
    /// The release, if known.
    pub release: Option<String>,
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
    /// Reads what the cluster knows of backups, for `command`. With `asks_when`, also when the release was installed.
    ///
    /// # Errors
    /// If it is not clear which release of which cluster is meant.
    pub(crate) async fn look(&self, command: rights::Command, asks_when: bool) -> Result<Looked> {
        let values = inputs::values(&self.values)?;
        let product = values.as_ref().map_or(product::FIRST, product::of);
        let velero = values.as_ref().map(|values| product.velero(values)).transpose()?;
        let velero = velero.unwrap_or_default();
        let storage = values.as_ref().map(|values| product.storage(values)).transpose()?;
        let records = product.record_names(values.as_ref())?;
        let cluster = self.connection.connect().await?.hurried(PATIENCE);
        let reader = Reader { cluster: &cluster, velero: &velero, command };
        let namespace = Some(velero.namespace.as_str());
        let absent =
            Fault::new(Severity::Critical, "Velero is not in this cluster: its resources (velero.io/v1) are not known")
                .fix(INSTALL);
        let whole = |object: Json| object;
        let (config_maps, cron_jobs, jobs, backups, schedules, locations, helm) = tokio::join!(
            reader.read(Kind::CONFIG_MAP, reader.config_maps(product, &records), None),
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
            reader.read(
                Kind::SECRET,
                async {
                    if asks_when { cluster.heads(Kind::SECRET, None, "owner=helm").await } else { Ok(Vec::new()) }
                },
                None
            ),
        );
        let release = match &self.release {
            Some(release) => Some(release.clone()),
            None => one_release(&cluster, product, &velero, &cron_jobs, &schedules)?,
        };
        let (release, installed) = match asks_when {
            true => reader.installed(release, helm).await?,
            false => (release, Err(Fault::new(Severity::Unknown, ""))),
        };
        let verified = match release.as_ref().filter(|_| asks_when) {
            Some(release) => reader.read(Kind::SECRET, store::read(&cluster, release), None).await,
            None => Ok(Memory::default()),
        };
        let is_its = |object: &Json| match (&release, release_of(object)) {
            (_, None) => true,
            (Some(release), _) => is_of(object, release, &cluster.namespace),
            (None, Some(_)) => false,
        };
        let of =
            |objects: Reading<Vec<Json>>| objects.map(|objects| objects.into_iter().filter(is_its).collect::<Vec<_>>());
        // What another release's Schedule makes is that release's.
        let others = schedules.iter().flatten().filter(|schedule| !is_its(schedule));
        let others: BTreeSet<_> = others.map(|schedule| text(schedule, "/metadata/name")).collect();
        let backups = backups.map(|backups| {
            backups.into_iter().filter(|backup| !others.contains(backup.schedule.as_str())).collect::<Vec<_>>()
        });
        let mut unread: Vec<Fault> = [&config_maps, &cron_jobs, &jobs, &schedules, &locations]
            .into_iter()
            .filter_map(|it| it.as_ref().err())
            .cloned()
            .collect();
        unread.extend(backups.as_ref().err().cloned());
        unread.extend(installed.as_ref().err().cloned().filter(|_| asks_when));
        unread.extend(
            verified
                .as_ref()
                .err()
                .map(|fault| Fault { what: format!("when backups were verified {}", fault.what), ..fault.clone() }),
        );
        unread.retain(Fault::is_unknown);
        let seen = Seen {
            now: Timestamp::now(),
            namespace: cluster.namespace.clone(),
            velero: velero.clone(),
            ttl: storage.and_then(|storage| storage.ttl),
            records,
            config_maps,
            cron_jobs: of(cron_jobs),
            jobs,
            backups,
            schedules: of(schedules),
            locations,
        };
        let mut series: Vec<_> = product.services().iter().flat_map(|service| service.backups(&seen)).collect();
        // First the services whose ids name a set.
        series.sort_by_key(|series| series.join == Join::Nearest);
        let verified = verified.unwrap_or_default();
        Ok(Looked { product, release, installed, now: seen.now, series, verified, unread, cluster: cluster.clone() })
    }
}

/// The release with backups in the namespace.
///
/// # Errors
/// If there are several.
fn one_release(
    cluster: &Cluster,
    product: &'static dyn Product,
    velero: &Velero,
    cron_jobs: &Reading<Vec<Json>>,
    schedules: &Reading<Vec<Json>>,
) -> Result<Option<String>> {
    let is_known =
        |object: &&Json| Workload::of(product, 0, "CronJob", object).is_some_and(|it| it.role != Role::OTHER);
    let is_named = |object: &&Json| velero.schedules().contains(&text(object, "/metadata/name"));
    let jobs = cron_jobs.iter().flatten().filter(is_known);
    let objects = jobs.chain(schedules.iter().flatten().filter(is_named));
    let releases: BTreeSet<_> = objects
        .filter_map(release_of)
        .filter(|[_, namespace]| *namespace == cluster.namespace)
        .map(|[release, _]| release.to_owned())
        .filter(|release| is_release(release))
        .collect();
    if releases.len() > 1 {
        let names: Vec<_> = releases.into_iter().collect();
        bail!(
            Failure::unusable(format!(
                "namespace {} has backups of several releases: {}",
                cluster.namespace,
                names.join(", ")
            ))
            .help("name one of them: --release NAME")
        );
    }
    Ok(releases.into_iter().next())
}

/// Who reads, and for which command.
struct Reader<'r> {
    cluster: &'r Cluster,
    velero: &'r Velero,
    command: rights::Command,
}

impl Reader<'_> {
    /// The result of `work`, if it comes in time. `absent` is the problem if the API server does not know the kind.
    async fn read<T>(
        &self,
        kind: Kind,
        work: impl Future<Output = Result<T, ClusterError>>,
        absent: Option<&Fault>,
    ) -> Reading<T> {
        let unknown = |what: String| Fault::new(Severity::Unknown, what);
        match timeout(LIMIT, work).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => {
                if let (ClusterError::Call { code: 404, .. }, Some(absent)) = (&error, absent) {
                    return Err(absent.clone());
                }
                let fault = unknown(format!("cannot be read: {}", said(&error.to_string())));
                Err(match error {
                    ClusterError::Call { code: 403, .. } => fault.fix(self.rights()),
                    ClusterError::NoAnswer { context, .. } => fault.fix(format!(
                        "see whether it answers:\nkubectl --context {} get --raw /readyz",
                        word(&context)
                    )),
                    _ => fault,
                })
            }
            Err(_) => {
                Err(unknown(format!("cannot be read: list {}: no answer within {} s", kind.plural, LIMIT.as_secs())))
            }
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
    async fn config_maps(&self, product: &dyn Product, records: &[(&str, String)]) -> Result<Vec<Json>, ClusterError> {
        let keep = |object: Json| object;
        let mut found = self.cluster.pages(Kind::CONFIG_MAP, None, product.record_labels(), LARGE, keep).await?;
        let names: BTreeSet<_> = found.iter().map(|object| text(object, "/metadata/name").to_owned()).collect();
        let unlabelled = records.iter().map(|(_, first)| {
            let names = &names;
            async move {
                let mut more = Vec::new();
                for name in product::rotated(first).take(ROTATED) {
                    if names.contains(&name) {
                        continue;
                    }
                    let Some(object) = self.cluster.get(Kind::CONFIG_MAP, None, &name).await? else { break };
                    more.push(object);
                }
                Ok::<_, ClusterError>(more)
            }
        });
        for more in join_all(unlabelled).await {
            found.extend(more?);
        }
        Ok(found)
    }

    /// When the release was installed, and which release it is if Helm knows only one.
    async fn installed(
        &self,
        release: Option<String>,
        helm: Reading<Vec<Json>>,
    ) -> Result<(Option<String>, Reading<Timestamp>)> {
        let namespace = &self.cluster.namespace;
        let records = match helm {
            Ok(records) => records,
            Err(fault) => {
                let what = format!("the time of the installation {}", fault.what);
                return Ok((release, Err(Fault { what, ..fault })));
            }
        };
        let of = |record: &Json| text(record, "/metadata/labels/name").to_owned();
        let releases: BTreeSet<_> = records.iter().map(of).filter(|name| !name.is_empty()).collect();
        let only = (releases.len() == 1).then(|| releases.first().cloned()).flatten();
        let Some(release) = release.or(only) else {
            let fault = match releases.is_empty() {
                true => Fault::new(Severity::Critical, format!("nothing is installed in namespace {namespace}")),
                false => Fault::new(
                    Severity::Unknown,
                    format!("namespace {namespace} has several releases, and none of them makes backups"),
                )
                .fix("name the one that is meant: --release NAME"),
            };
            return Ok((None, Err(fault)));
        };
        let name = |revision: u64| format!("sh.helm.release.v1.{release}.v{revision}");
        let revision = |record: &Json| text(record, "/metadata/name").rsplit_once(".v")?.1.parse::<u64>().ok();
        let revisions: BTreeSet<_> =
            records.iter().filter(|record| of(record) == release).filter_map(revision).collect();
        let created = |record: &Json| text(record, "/metadata/creationTimestamp").parse::<Timestamp>().ok();
        let first = records.iter().find(|record| text(record, "/metadata/name") == name(1)).and_then(created);
        // Later revisions may be of another installation: `helm install --replace` goes on counting.
        if let Some(first) = first.filter(|_| revisions.len() == 1) {
            return Ok((Some(release), Ok(first)));
        }
        let Some(newest) = revisions.last() else {
            let what = format!(
                "Helm has no record of release {release} in namespace {namespace}, so the time of its installation is unknown"
            );
            return Ok((Some(release), Err(Fault::new(Severity::Unknown, what))));
        };
        // Helm keeps ten revisions, and each has the time of its installation.
        let record = self.read(Kind::SECRET, self.cluster.get(Kind::SECRET, None, &name(*newest)), None).await;
        let installed = record.and_then(|record| {
            let first = record.as_ref().and_then(record::first_deployed);
            first.ok_or_else(|| {
                Fault::new(
                    Severity::Unknown,
                    format!("Helm's record of release {release} does not say when it was installed"),
                )
            })
        });
        Ok((Some(release), installed))
    }
}
