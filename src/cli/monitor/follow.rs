//! Follows the cluster by watches, and computes the status anew when something has changed, and from time to time, because time alone changes it.
//!
//! A look counts only if all is seen: each kind by its watch, or the API server refuses it, and the API server itself has answered lately. Else the
//! last look stays on the board, with its time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::board::Board;
use crate::backups::{Fault, Inventory, Reading, ServiceStatus, Severity, status};
use crate::cli::backups::look::{Reader, absent, unlabelled};
use crate::cli::backups::target::{Lists, Target};
use crate::cli::status::bucket::BucketLook;
use crate::cli::status::metrics;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, ClusterError, Kind, Sight, View, Watched};
use crate::rights;
use crate::shown::said;
use crate::velero::ObjectBackup;

/// How long a call is retried without an answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);
/// How often the API server is asked whether it is there.
const BEAT: Duration = Duration::from_secs(15);
/// How long it may take to answer.
const ANSWER: Duration = Duration::from_secs(10);
/// The pause after a look: at least the first, at most the second, and in between so many times as long as the look took.
const PAUSES: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(20)];
const REST: u32 = 10;
/// The pause if something is not seen.
const AGAIN: Duration = Duration::from_millis(500);
/// The pause after a look at the bucket, which is longer than a look holds only if nothing was found out.
const AGAIN_IN_BUCKET: Duration = Duration::from_secs(60);
/// Objects in a page, and ConfigMaps, of which each may have a MiB.
const PAGES: [u32; 2] = [250, 5];
/// How many objects of a kind are kept, and how many ConfigMaps.
const MOST: [usize; 2] = [50_000, 64];

/// What is watched.
struct Views {
    config_maps: View<Json>,
    cron_jobs: View<Json>,
    jobs: View<Json>,
    backups: View<ObjectBackup>,
    schedules: View<Json>,
    locations: View<Json>,
}

impl Views {
    fn new(cluster: &Cluster, target: &Target, changed: &Arc<Notify>) -> Result<Self, ClusterError> {
        let [page, few] = PAGES;
        let [most, little] = MOST;
        let whole = |kind: Kind| Watched { kind, labels: "", page, most, keep: Some };
        let labels = target.product.record_labels();
        let velero = Some(target.velero.namespace.as_str());
        let view = |watched: Watched<Json>, namespace| cluster.view(watched, namespace, changed.clone());
        let backups: Watched<ObjectBackup> =
            Watched { kind: Kind::BACKUP, labels: "", page, most, keep: |backup| Some(ObjectBackup::read(&backup)) };
        Ok(Self {
            config_maps: view(Watched { labels, page: few, most: little, ..whole(Kind::CONFIG_MAP) }, None)?,
            cron_jobs: view(whole(Kind::CRON_JOB), None)?,
            jobs: view(Watched { keep: of_cron_job, ..whole(Kind::JOB) }, None)?,
            backups: cluster.view(backups, velero, changed.clone())?,
            schedules: view(whole(Kind::SCHEDULE), velero)?,
            locations: view(whole(Kind::STORAGE_LOCATION), velero)?,
        })
    }

    /// What they show.
    ///
    /// # Errors
    /// If one is stale: why.
    fn lists(&self, reader: &Reader) -> Result<Lists, String> {
        let absent = absent();
        Ok(Lists {
            config_maps: reading(&self.config_maps, reader, None)?,
            cron_jobs: reading(&self.cron_jobs, reader, None)?,
            jobs: reading(&self.jobs, reader, None)?,
            backups: reading(&self.backups, reader, Some(&absent))?,
            schedules: reading(&self.schedules, reader, Some(&absent))?,
            locations: reading(&self.locations, reader, Some(&absent))?,
        })
    }
}

/// A namespace may have many Jobs that are no backups.
fn of_cron_job(job: Json) -> Option<Json> {
    let owners = job.pointer("/metadata/ownerReferences").and_then(Json::as_array);
    let is_its = owners.into_iter().flatten().any(|owner| text(owner, "/kind") == "CronJob");
    is_its.then_some(job)
}

fn reading<T: Clone>(view: &View<T>, reader: &Reader, absent: Option<&Fault>) -> Result<Reading<Vec<T>>, String> {
    match view.sight() {
        Sight::Current(objects) => Ok(Ok(objects)),
        Sight::Refused(error) => Ok(Err(reader.fault(&error, absent))),
        Sight::Stale(why) => Err(why),
    }
}

/// The API server's last answer: ConfigMaps that the watch does not see. That it answers at all is as important.
struct Beat {
    at: Instant,
    answer: Result<Result<Vec<Json>, ClusterError>, String>,
}

impl Beat {
    async fn new(cluster: &Cluster, target: &Target, views: &Views) -> Self {
        let known: BTreeSet<String> = match views.config_maps.sight() {
            Sight::Current(objects) => objects.iter().map(|object| name(object).to_owned()).collect(),
            Sight::Refused(_) => BTreeSet::new(),
            // All of them would be asked for.
            Sight::Stale(why) => return Self { at: Instant::now(), answer: Err(why) },
        };
        let answer = match timeout(ANSWER, unlabelled(cluster, target, &known, None)).await {
            Ok(Err(error)) if !error.is_refusal() => Err(error.to_string()),
            Ok(answer) => Ok(answer),
            Err(_) => Err(format!("the API server has not answered within {} s", ANSWER.as_secs())),
        };
        Self { at: Instant::now(), answer }
    }

    /// When it is time for the next one.
    fn next(&self) -> Instant {
        self.at + if self.answer.is_ok() { BEAT } else { AGAIN }
    }

    /// Adds what it found.
    ///
    /// # Errors
    /// If there was no answer: why.
    fn add(&self, lists: &mut Lists, reader: &Reader) -> Result<(), String> {
        let found = self.answer.as_ref().map_err(Clone::clone)?;
        match (&mut lists.config_maps, found) {
            (Ok(config_maps), Ok(found)) => {
                let known: BTreeSet<_> = config_maps.iter().map(|object| name(object).to_owned()).collect();
                config_maps.extend(found.iter().filter(|object| !known.contains(name(object))).cloned());
            }
            (config_maps @ Ok(_), Err(error)) => *config_maps = Err(reader.fault(error, None)),
            (Err(_), _) => {}
        }
        Ok(())
    }
}

fn name(object: &Json) -> &str {
    text(object, "/metadata/name")
}

/// Follows without end.
///
/// # Errors
/// If a namespace has no valid name.
pub(super) async fn follow(
    cluster: &Cluster,
    target: &Target,
    max_age: Option<SignedDuration>,
    bucket: Option<BucketLook>,
    board: &Board,
) -> Result<(), ClusterError> {
    let changed = Arc::new(Notify::new());
    let in_bucket = watch::Sender::new(None);
    if let Some(bucket) = bucket {
        // By itself: a server that does not answer must not keep the cluster from being seen.
        tokio::spawn(look_again(bucket, in_bucket.clone(), changed.clone()));
    }
    let views = Views::new(cluster, target, &changed)?;
    let reader = Reader { cluster, velero: &target.velero, command: rights::Command::Monitor };
    let started = Instant::now();
    let mut beat = Beat { at: started, answer: Err(String::new()) };
    let mut is_begun = false;
    loop {
        tokio::select! {
            () = changed.notified() => {}
            () = sleep_until(beat.next()) => {}
        }
        if Instant::now() >= beat.next() {
            beat = Beat::new(cluster, target, &views).await;
        }
        let began = Instant::now();
        let lists = views.lists(&reader).and_then(|mut lists| beat.add(&mut lists, &reader).map(|()| lists));
        match lists {
            Ok(lists) => {
                is_begun = true;
                let bucket = in_bucket.borrow().clone();
                look(lists, target, max_age, bucket, board);
                let [least, most] = PAUSES;
                sleep(began.elapsed().saturating_mul(REST).clamp(least, most)).await;
            }
            Err(why) => {
                // The first lists take a moment.
                if is_begun || started.elapsed() > ANSWER {
                    board.stale(format!("the cluster is not seen: {}", said(&why)));
                }
                sleep(AGAIN).await;
            }
        }
    }
}

/// Looks at the bucket again and again.
async fn look_again(mut bucket: BucketLook, found: watch::Sender<Option<ServiceStatus>>, changed: Arc<Notify>) {
    loop {
        found.send_replace(bucket.status().await);
        changed.notify_one();
        sleep(AGAIN_IN_BUCKET).await;
    }
}

/// Puts the status on the board.
fn look(lists: Lists, target: &Target, max_age: Option<SignedDuration>, bucket: Option<ServiceStatus>, board: &Board) {
    let now = Timestamp::now();
    let release = match target.release(&lists) {
        Ok(release) => release,
        Err(error) => return board.show(metrics::unknown(now), Some(error.to_string())),
    };
    let series = target.series(lists, release.as_deref(), now);
    // A status does not depend on it.
    let installed = Err(Fault::new(Severity::Unknown, ""));
    let mut status = status(&Inventory::new(now, installed, series), max_age);
    if let Some(bucket) = bucket {
        status = status.with(bucket);
    }
    board.show(metrics::text(&status, &target.namespace, release.as_deref().unwrap_or_default()), None);
}
