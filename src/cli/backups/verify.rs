//! `hwdr backups verify`: can a backup be restored?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;

use super::look::{Asks, LookArgs, PATIENCE};
use super::stored::{StoredArgs, Whereabouts};
use super::{told, verified};
use crate::backups::{BackupSet, Fault, Inventory, size};
use crate::cli::messages::Failure;
use crate::cli::progress::Progress;
use crate::cli::words::Form;
use crate::cli::{Outcome, ask};
use crate::cluster::Cluster;
use crate::product::shelf::Shelf;
use crate::product::{self, Product};
use crate::rights;
use crate::shown::{self, duration, plain, word};
use crate::values::Value;
use crate::verify::memory::{Depth, Verified};
use crate::verify::{self, Amount, Ask, Meter, Named, PartReport, Verdict, store, worst};

/// Checks whether a backup can be restored
///
/// It reads the bucket, and restores nothing: every file of every service that a restore needs is there, whole, and of this backup. ID is a backup id,
/// the name of a part, or one of latest, oldest and last-failed. It reads headers, ends of files
/// and metadata. With --read-data it also reads that much of the data.
#[derive(Debug, Args)]
pub(super) struct VerifyBackup {
    /// The backup
    #[arg(value_name = "ID")]
    id: String,
    /// Read so much of the data, too, chosen at random: 10%, 5GiB
    #[arg(long, value_name = "PERCENT|SIZE")]
    read_data: Option<Amount>,
    /// Choose the same data as an earlier verification
    #[arg(long, value_name = "N", requires = "read_data")]
    seed: Option<u64>,
    /// Format of the output
    #[arg(short, long, value_enum, default_value_t, value_name = "FORMAT")]
    output: Form,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    stored: StoredArgs,
}

/// What is read of the data, and how the result is printed.
#[derive(Default)]
struct How {
    amount: Option<Amount>,
    seed: Option<u64>,
    output: Form,
}

/// Which backup is meant, and who knows it.
pub(super) struct Meant {
    id: String,
    time: Option<Timestamp>,
    parts: BTreeMap<String, Named>,
    /// All backups that there are, if that is known.
    known: Option<BTreeSet<String>>,
    /// Where the result is remembered.
    memory: Option<(Cluster, String)>,
}

impl VerifyBackup {
    pub(super) async fn run(&self) -> Result<Outcome> {
        let values = self.look.values_or_empty()?;
        let product = product::of(&values);
        let (target, mut opening) =
            self.whereabouts(product, &values).await?.open(product, &values, self.look.namespace())?;
        let meant = self.meant(product).await?;
        opening.namespace = opening.namespace.or_else(|| meant.namespace());
        opening.has_release = meant.memory.is_some();
        let shelf = Shelf::open(opening).await.map_err(Failure::unknown)?.without_deadline();
        let how = How { amount: self.read_data, seed: self.seed, output: self.output };
        let parts = meant.verify(product, &target.bucket, &shelf, how).await;
        Ok(outcome(worst(&parts)))
    }

    /// Where the backup is.
    async fn whereabouts(&self, product: &dyn Product, values: &Value) -> Result<Whereabouts> {
        let given = Whereabouts::given(&self.stored.bucket);
        if self.stored.from_bucket || !given.is_missing(product) {
            return Ok(given);
        }
        let cluster = self.look.connect().await?.hurried(PATIENCE);
        Ok(Whereabouts::in_cluster(&self.stored.bucket, &cluster, product, values).await)
    }

    /// The backup that the id means.
    async fn meant(&self, product: &'static dyn Product) -> Result<Meant> {
        let literal = product.backup(&self.id).ok();
        // The bucket is read in any case; this is about who knows which backups there are.
        let in_bucket = match self.stored.from_bucket {
            true => self.stored.look(&self.look).await?,
            false => None,
        };
        let (inventory, unread, memory) = match in_bucket {
            Some(found) => (found.inventory, found.unread, None),
            None => {
                let mut looked = self.look.look(rights::Command::Verify, Asks::Installed).await?;
                let inventory = looked.inventory();
                (inventory, looked.unread, Some((looked.cluster, looked.release)))
            }
        };
        told(&unread);
        match (inventory.find(&self.id), literal) {
            (Ok(set), _) => Ok(Meant::of(product, &inventory, set, &unread, memory)),
            (Err(_), Some(backup)) => {
                ask::warn(&format!("backup {backup} is not among those that are known: its id is taken as it is"));
                let memory = memory.and_then(|(cluster, release)| Some((cluster, release?)));
                Ok(Meant { id: backup.id, time: backup.time, parts: BTreeMap::new(), known: None, memory })
            }
            (Err(refusal), None) => bail!(Failure::unknown(refusal)),
        }
    }
}

impl Meant {
    /// A set. `memory` is the cluster that knows it, and the release.
    pub(super) fn of(
        product: &dyn Product,
        inventory: &Inventory,
        set: &BackupSet,
        unread: &[Fault],
        memory: Option<(Cluster, Option<String>)>,
    ) -> Self {
        let id = inventory.name(set).to_owned();
        Self {
            time: set.time.or_else(|| product.backup(&id).ok()?.time),
            // Only the cluster knows when a backup ended.
            parts: parts_of(inventory, set, memory.is_some()),
            known: inventory.known(unread),
            memory: memory.and_then(|(cluster, release)| Some((cluster, release?))),
            id,
        }
    }

    /// The namespace of the release, if a cluster knows it.
    fn namespace(&self) -> Option<String> {
        self.memory.as_ref().map(|(cluster, _)| cluster.namespace.clone())
    }

    /// Verifies it, prints what was found, and remembers the result.
    async fn verify(self, product: &dyn Product, bucket: &str, shelf: &Shelf<'_>, how: How) -> Vec<PartReport> {
        let seed = how.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
        let meter = Arc::new(Meter::default());
        let ask = Ask { shelf, id: &self.id, time: self.time, parts: self.parts, meter: meter.clone() };
        let progress = show_progress(meter.clone());
        let parts = verify::run(&ask, product, how.amount, seed).await;
        drop(progress);
        let services = product.services().iter().filter(|service| service.verifier().is_none());
        let report = Report {
            id: &self.id,
            time: self.time,
            bucket,
            verdict: worst(&parts),
            seed: how.amount.map(|_| seed),
            bytes_read: meter.progress().read,
            parts: &parts,
            not_verified: services.map(|service| service.title()).collect(),
        };
        match how.output {
            Form::Text => shown::print(&report.text()),
            Form::Json => shown::print_json(&json!(report), true),
        }
        let (verdict, depth) = (report.verdict, depth(how.amount, &parts));
        let result = Verified { id: self.id.clone(), time: shelf.now, verdict, is_drill: false, depth };
        remember(self.memory, &result, self.known.as_ref()).await;
        parts
    }

    /// Verifies it after it was made. If its bucket cannot be read from here, that is said, and the command that verifies it elsewhere: it is no failure of
    /// the backup.
    pub(super) async fn verify_made(self, product: &dyn Product, values: &Value, bucket: &Whereabouts) -> Outcome {
        let later =
            format!("verify it where that can be done:\nhelm hwdr backups verify {} -f values.yaml", word(&self.id));
        let opened = async {
            let (target, mut opening) = bucket.open(product, values, self.namespace().as_deref())?;
            opening.has_release = self.memory.is_some();
            anyhow::Ok((target.bucket, Shelf::open(opening).await?.without_deadline()))
        };
        let (bucket, shelf) = match opened.await {
            Ok(opened) => opened,
            Err(error) => {
                let failure = Failure::of(&error);
                let (problem, help) = failure.parts();
                let help: String = help.iter().map(|help| format!("{help}\n")).collect();
                ask::warn(&format!("the backup is made, and not verified: {problem}\n{help}{later}"));
                return Outcome::Clean;
            }
        };
        let parts = self.verify(product, &bucket, &shelf, How::default()).await;
        if parts.iter().all(|part| part.verdict == Verdict::Unknown) {
            ask::warn(&format!("the backup is made, and not verified: nothing of it could be read\n{later}"));
        }
        outcome(worst(&parts))
    }
}

/// The names of the parts of a set.
fn parts_of(inventory: &Inventory, set: &BackupSet, is_cluster: bool) -> BTreeMap<String, Named> {
    let part = inventory.parts(set).map(|(series, part)| {
        (series.name(), Named { name: part.name.clone(), ended: part.ended.filter(|_| is_cluster) })
    });
    part.collect()
}

/// Remembers a result, or says that it cannot.
async fn remember(memory: Option<(Cluster, String)>, result: &Verified, known: Option<&BTreeSet<String>>) {
    let why = match memory {
        None => "only a cluster with the release can remember it".to_owned(),
        Some((cluster, release)) => match store::remember(&cluster, &release, result, known).await {
            Ok(None) => return,
            Ok(Some(kept)) => {
                let read = format!("helm hwdr backups verify {} --read-data 100%", word(&result.id));
                let kept = kept.word();
                ask::warn(&format!(
                    "the backup is still listed as {kept}: an earlier verification found more\nto read all of it again:\n{read}"
                ));
                return;
            }
            Err(refusal) => {
                let help: String = refusal.help.iter().map(|help| format!("\n{help}")).collect();
                format!("{}{help}", refusal.problem)
            }
        },
    };
    ask::warn(&format!("the result is not remembered: {why}"));
}

/// How much of the data was read.
fn depth(amount: Option<Amount>, parts: &[PartReport]) -> Depth {
    let data: Vec<_> = parts.iter().filter_map(|part| part.data).collect();
    // Without any, nothing was found to read.
    let is_all = !data.is_empty() && data.iter().all(|data| data.read == data.of);
    match amount {
        _ if is_all => Depth::All,
        Some(_) => Depth::Part,
        None => Depth::Ends,
    }
}

/// Shows how far it is.
fn show_progress(meter: Arc<Meter>) -> Progress {
    let began = Instant::now();
    Progress::start(move || line(meter.progress(), began.elapsed()))
}

/// How far it is: with the rate, and the time that is left for the data.
fn line(progress: verify::Progress, elapsed: Duration) -> String {
    let verify::Progress { files, read, data, expected } = progress;
    let seconds = elapsed.as_secs_f64().max(0.001);
    let rate = read as f64 / seconds;
    let of = match expected {
        0 => size(read),
        expected => format!("{} of {} of the data", size(data), size(expected)),
    };
    let left = expected.saturating_sub(data) as f64 / rate.max(1.0);
    let left = match data > 0 && left > 1.0 {
        true => format!("; {} left", duration(left as u64)),
        false => String::new(),
    };
    format!("verify: {files} files, {of} ({}/s){left}", size(rate as u64))
}

/// What the exit codes mean.
fn outcome(verdict: Verdict) -> Outcome {
    match verdict {
        Verdict::Fine => Outcome::Clean,
        Verdict::Damaged => Outcome::Refused,
        Verdict::Missing => Outcome::Unusable,
        Verdict::Unknown => Outcome::Unknown,
    }
}

/// What was found, for programs and for people.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report<'r> {
    id: &'r str,
    time: Option<Timestamp>,
    bucket: &'r str,
    verdict: Verdict,
    /// The seed by which data was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    bytes_read: u64,
    parts: &'r [PartReport],
    /// Services that hwdr cannot verify.
    not_verified: Vec<&'static str>,
}

impl Report<'_> {
    fn text(&self) -> String {
        let mut out = String::new();
        verified::text(&mut out, self.parts, &self.not_verified);
        let (id, bucket) = (plain(self.id), plain(self.bucket));
        let time = self.time.map_or_else(String::new, |time| format!(" of {time:.0}"));
        let read = size(self.bytes_read);
        let seed = self.seed.map_or_else(String::new, |seed| format!("; --seed {seed} chooses the same data again"));
        let _ = writeln!(out, "\nBackup {id}{time}: {}", verified::word(self.verdict));
        out.push_str(&verified::wrapped(&format!("{read} read from bucket {bucket}{seed}")));
        if self.verdict == Verdict::Fine && self.seed.is_none() {
            out.push_str("To read some of the data, too, add --read-data 10%\n");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_has_a_rate_and_the_time_left() {
        let progress = |files, read, data, expected| verify::Progress { files, read, data, expected };
        let after = Duration::from_secs(10);
        assert_eq!(line(progress(3, 20 << 20, 0, 0), after), "verify: 3 files, 20MiB (2.0MiB/s)");
        assert_eq!(
            line(progress(9, 100 << 20, 50 << 20, 650 << 20), after),
            "verify: 9 files, 50MiB of 650MiB of the data (10MiB/s); 1 min left"
        );
        assert_eq!(line(progress(0, 0, 0, 0), Duration::ZERO), "verify: 0 files, 0B (0B/s)");
    }

    #[test]
    fn exit_codes() {
        let codes = [Verdict::Fine, Verdict::Damaged, Verdict::Missing, Verdict::Unknown].map(outcome);
        assert_eq!(codes, [Outcome::Clean, Outcome::Refused, Outcome::Unusable, Outcome::Unknown]);
    }
}
