//! `hwdr backups create`: a backup of everything now.

mod follow;

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anstyle::Style;
use anyhow::{Result, bail, ensure};
use clap::Args;
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value as Json;
use tokio::time::{Instant, sleep};

use super::look::{Asks, LookArgs, Looked};
use super::stored::Whereabouts;
use super::verify::Meant;
use super::{show, told};
use crate::backups::{
    BackupPart, BackupSet, Fault, Inventory, Make, Making, Series, Usable, backup_of, job_name, job_of, making,
    until_free,
};
use crate::cli::Outcome;
use crate::cli::ask;
use crate::cli::bucket::BucketArgs;
use crate::cli::messages::Failure;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::leave;
use crate::lint::cron::go_seconds;
use crate::lint::report::human::hang;
use crate::mode::Mode;
use crate::object_id::ObjectId;
use crate::refusal::Refusal;
use crate::rights;
use crate::run::state::SecretStore;
use crate::run::{Record as _, Store as _, preflight};
use crate::shown::{self, plain, word};
use crate::values::Value;
use follow::Followed;

/// Makes a backup of everything now
///
/// It runs the CronJob of each service as "kubectl create job --from" does, and makes Velero's Backups from both Schedules. With --wait, Velero's are
/// made when the data is backed up: they copy the records of the backups, which show a new cluster that this one ended well. Without --wait, all begin at once.
///
/// When all is made, --wait verifies it as "hwdr backups verify" does, if this machine can reach the bucket.
#[derive(Debug, Args)]
pub(super) struct Create {
    /// Wait until it is complete, show it, and verify it
    #[arg(long)]
    wait: bool,
    /// How long to wait: 90m, 6h
    #[arg(long, value_name = "TIME", default_value = "6h", value_parser = limit, requires = "wait")]
    timeout: Duration,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    bucket: BucketArgs,
}

fn limit(text: &str) -> Result<Duration, String> {
    let seconds = go_seconds(text).and_then(|seconds| u64::try_from(seconds).ok()).filter(|seconds| *seconds > 0);
    seconds.map(Duration::from_secs).ok_or_else(|| "expected a time like 90m or 6h".to_owned())
}

/// Something that was begun.
#[derive(Debug, Clone)]
struct Begun {
    called: String,
    kind: Kind,
    namespace: String,
    name: String,
}

impl Begun {
    fn id(&self) -> ObjectId {
        ObjectId::new(self.kind.kind, self.name.clone())
    }
}

impl Create {
    pub(super) async fn run(&self) -> Result<Outcome> {
        ensure!(
            self.wait || !self.bucket.is_given(),
            Failure::unusable("a bucket is named, but without --wait nothing is verified in it").help("add --wait")
        );
        let looked = self.looked().await?;
        let making = self.making(&looked).await?;
        ask::show(&text_of(&making, &looked, self.wait), self.yes);
        if self.wait {
            let values = self.look.values_or_empty()?;
            let bucket = self.whereabouts(&looked, &values).await;
            match bucket.open(looked.product, &values, None) {
                Ok((target, _)) => {
                    ask::show(&format!("Afterwards it is verified in bucket {}.", plain(&target.bucket)), self.yes)
                }
                Err(error) => {
                    ask::warn(&format!("it will not be verified: {error}\ngive --bucket BUCKET, or -f values.yaml"))
                }
            }
        }
        for warning in &making.warnings {
            ask::warn(warning);
        }
        for fault in &making.left_out {
            ask::warn(&format!(
                "{}\nthe data is backed up without it: no new cluster can be restored from that",
                fault.what
            ));
        }
        let help = "check what is shown above, then add --yes";
        ask::confirm("Make this backup? [y/N] ", "nothing was made", help, self.yes)?;
        // Whoever was asked may have taken their time.
        let looked = if self.yes { looked } else { self.looked().await? };
        let making = self.making(&looked).await?;

        let begun = RefCell::new(Vec::new());
        let listens = leave::run_listens();
        let is_busy = AtomicBool::new(false);
        let made = tokio::select! {
            made = self.make(&looked, &making, &begun) => made,
            () = hwdr_run::interrupted(&is_busy) => Err(interrupted(&making, &begun.borrow(), &looked)),
        };
        drop(listens);
        made?;
        let begun = begun.into_inner();
        let is_whole = making.left_out.is_empty();
        if !self.wait {
            shown::print(&follow_text(&begun, &looked));
            return Ok(if is_whole { Outcome::Clean } else { Outcome::Stopped });
        }
        self.show(&begun, is_whole).await
    }

    /// Where it is verified.
    async fn whereabouts(&self, looked: &Looked, values: &Value) -> Whereabouts {
        Whereabouts::in_cluster(&self.bucket, &looked.cluster, looked.product, values).await
    }

    /// What there is, and may be done.
    async fn looked(&self) -> Result<Looked> {
        let looked = self.look.look(rights::Command::BackupsCreate, Asks::Backups).await?;
        preflight::permissions(&looked.cluster, rights::Command::BackupsCreate).await?;
        let has_velero = looked
            .series
            .iter()
            .any(|series| series.join.is_velero() && series.makers.as_ref().err().is_none_or(Fault::is_unknown));
        if has_velero {
            let namespace = &looked.velero.namespace;
            preflight::velero_permissions(&looked.cluster, rights::Command::BackupsCreate, namespace).await?;
        }
        Ok(looked)
    }

    /// What is made.
    ///
    /// # Errors
    /// All reasons not to begin.
    async fn making(&self, looked: &Looked) -> Result<Making> {
        no_restore(looked).await?;
        let making = making(&looked.series, looked.now).map_err(refusal)?;
        if making.makes.is_empty() {
            bail!(
                Refusal::new(format!("nothing makes backups in namespace {}", looked.cluster.namespace))
                    .help("name the release's namespace: -n NAME")
            );
        }
        Ok(making)
    }

    /// Makes it, and waits for it if asked to.
    async fn make(&self, looked: &Looked, making: &Making, begun: &RefCell<Vec<Begun>>) -> Result<()> {
        let until = Instant::now().checked_add(self.timeout).unwrap_or_else(Instant::now);
        if let Some(left) = making.taken.and_then(|taken| until_free(taken, Timestamp::now())) {
            let left = Duration::try_from(left).unwrap_or_default();
            ask::tell(&format!("the newest backup has this minute's name: beginning in {} s", left.as_secs()));
            sleep(left).await;
        }
        let (data, objects): (Vec<_>, Vec<_>) = making.makes.iter().partition(|make| make.is_data);
        if !self.wait {
            return begin(looked, making.makes.iter(), begun).await;
        }
        begin(looked, data.into_iter(), begun).await?;
        let jobs = begun.borrow().clone();
        follow(looked, &jobs, until, "no Backup of Velero's was made").await?;
        if objects.is_empty() {
            return Ok(());
        }
        // One may have begun meanwhile.
        no_restore(looked).await.map_err(Failure::stopped)?;
        begin(looked, objects.into_iter(), begun).await?;
        let objects: Vec<_> = begun.borrow().iter().skip(jobs.len()).cloned().collect();
        let meanwhile = if jobs.is_empty() { "make another" } else { "the data is backed up" };
        follow(looked, &objects, until, meanwhile).await
    }

    /// Shows the set that was made, and verifies it if a new cluster can be restored from it as far as the cluster knows.
    async fn show(&self, begun: &[Begun], is_whole: bool) -> Result<Outcome> {
        let mut looked = self.look.look(rights::Command::BackupsCreate, Asks::Installed).await?;
        told(&looked.unread);
        let inventory = looked.inventory();
        let Some(set) = made_by(&inventory, begun, looked.now) else {
            ask::warn(&format!(
                "the backup is complete, but no record names it\nsee what there is:\n{}",
                looked.cluster.commands().hwdr("backups list")
            ));
            return Ok(Outcome::Stopped);
        };
        shown::print(&show::text_of(&looked, &inventory, set));
        let unrecorded = unrecorded(&inventory, begun);
        for why in &unrecorded {
            ask::warn(why);
        }
        if !is_whole || !unrecorded.is_empty() || inventory.fitness(set).new_cluster != Usable::Yes {
            return Ok(Outcome::Stopped);
        }
        let values = self.look.values_or_empty()?;
        let bucket = self.whereabouts(&looked, &values).await;
        let Looked { product, cluster, release, unread, .. } = looked;
        let meant = Meant::of(product, &inventory, set, &unread, Some((cluster, release)));
        shown::print("\n");
        Ok(meant.verify_made(product, &values, &bucket).await)
    }
}

/// The Jobs that are complete and have left no record: the set may have an older backup in the place of theirs.
fn unrecorded(inventory: &Inventory, begun: &[Begun]) -> Vec<String> {
    let of = |part: &BackupPart| begun.iter().any(|one| one.kind == Kind::JOB && part.job.as_ref() == Some(&one.name));
    let all = inventory.series.iter().flat_map(|series| series.parts.iter().map(move |part| (series, part)));
    let said = |(series, part): (&Series, &BackupPart)| {
        let why = part.state.why().unwrap_or("it is being made");
        format!(
            "{}: {}: {why}\nthe backup is not whole: it has nothing new of {}",
            series.called, part.name, series.called
        )
    };
    all.filter(|(_, part)| of(part)).map(said).collect()
}

/// The set that was made: the one with a Backup that was begun, or else the first whose time is not before the Jobs'.
fn made_by<'i>(inventory: &'i Inventory, begun: &[Begun], now: Timestamp) -> Option<&'i BackupSet> {
    let has = |set: &&BackupSet, kind: Kind| {
        inventory.parts(set).any(|(_, part)| {
            let is_it = |it: &Begun| it.kind == kind && (it.name == part.name || part.job.as_ref() == Some(&it.name));
            begun.iter().any(is_it)
        })
    };
    let with_objects = inventory.sets.iter().filter(|set| has(set, Kind::BACKUP));
    let nearest = with_objects.min_by_key(|set| set.time.map(|time| now.duration_since(time).abs()));
    // The newest is the first.
    nearest.or_else(|| inventory.sets.iter().find(|set| inventory.id(set).is_some()))
}

/// Refuses while a restore runs, or has stopped in the middle: it would back up what is half restored.
async fn no_restore(looked: &Looked) -> Result<()> {
    let runs = match &looked.release {
        Some(release) => SecretStore::all(&looked.cluster, release).await?,
        None => SecretStore::of_all(&looked.cluster).await?,
    };
    let first = if runs.kept.is_empty() { &runs.old } else { &runs.kept };
    for store in first {
        let state = store.load()?;
        if state.phase().is_open() {
            let commands = looked.cluster.commands();
            let refusal = Refusal::new(format!(
                "a restore of backup {} was begun at {} and has not ended: a backup would be of what is half restored",
                state.backup_id, state.began
            ))
            .help(format!("see it:\n{}", commands.watch(&state.release)))
            .help(match state.mode {
                Mode::Upgrade => {
                    format!(
                        "resume or undo it:\n{}\n{}",
                        commands.resume(&state.release),
                        commands.undo(&state.release)
                    )
                }
                Mode::Install => format!(
                    "resume it:\n{}\nor, if it was given up, and the release is as it should be:\n{}",
                    commands.resume(&state.release),
                    commands.kubectl(&format!("delete {} {}", store.kind().kind.to_lowercase(), word(store.name())))
                ),
            });
            bail!(if store.is_old() { refusal.help(store.nobodys()) } else { refusal });
        }
    }
    Ok(())
}

/// All reasons as one refusal.
fn refusal(against: Vec<Fault>) -> Refusal {
    let problems: Vec<_> = against.iter().map(|fault| fault.what.as_str()).collect();
    let mut fixes: Vec<&str> = against.iter().filter_map(|fault| fault.fix.as_deref()).collect();
    fixes.dedup();
    fixes.into_iter().fold(Refusal::new(problems.join("\n")), |refusal, fix| refusal.help(fix))
}

/// Creates the objects, all at once.
async fn begin(looked: &Looked, makes: impl Iterator<Item = &Make>, begun: &RefCell<Vec<Begun>>) -> Result<()> {
    let all = join_all(makes.map(|make| begin_one(looked, make))).await;
    let mut failed = Vec::new();
    for one in all {
        match one {
            Ok(one) => {
                ask::tell(&format!("{}: begun, {}", one.called, one.id()));
                begun.borrow_mut().push(one);
            }
            Err(error) => failed.push(error),
        }
    }
    let Some(first) = failed.into_iter().next() else { return Ok(()) };
    let begun = begun.borrow();
    if begun.is_empty() {
        return Err(first);
    }
    Err(Failure::stopped(first)
        .help(format!("the backup is not whole, and what was begun goes on: {}", names(&begun)))
        .into())
}

async fn begin_one(looked: &Looked, make: &Make) -> Result<Begun> {
    let (cluster, name) = (&looked.cluster, make.from.name.as_str());
    let (from, kind, namespace) = match make.from.kind.as_str() {
        "Schedule" => (Kind::SCHEDULE, Kind::BACKUP, Some(looked.velero.namespace.as_str())),
        _ => (Kind::CRON_JOB, Kind::JOB, None),
    };
    let gone = || Refusal::new(format!("{}: {} is gone", make.called, make.from)).help("start again");
    let source = cluster.get(from, namespace, name).await?.ok_or_else(gone)?;
    let now = Timestamp::now();
    let object = if kind == Kind::JOB { job_of(&source, now) } else { backup_of(&source, now) };
    let made = match cluster.create(kind, namespace, &object).await {
        // The answer to an earlier call was lost, or somebody else does the same in this minute.
        Err(error) if error.is_conflict() => {
            let there = cluster.get(kind, namespace, text(&object, "/metadata/name")).await?;
            there.filter(|there| is_same(there, &object)).ok_or(error)?
        }
        made => made?,
    };
    Ok(Begun {
        called: make.called.clone(),
        kind,
        namespace: namespace.unwrap_or(&cluster.namespace).to_owned(),
        name: text(&made, "/metadata/name").to_owned(),
    })
}

/// Whether an object is made from the same as another one.
fn is_same(there: &Json, object: &Json) -> bool {
    let owner = "/metadata/ownerReferences/0/uid";
    let label = "/metadata/labels/velero.io~1schedule-name";
    [owner, label].iter().all(|at| text(there, at) == text(object, at))
}

/// Waits until all have ended.
async fn follow(looked: &Looked, begun: &[Begun], until: Instant, meanwhile: &str) -> Result<()> {
    let ends = join_all(begun.iter().map(|one| follow::end(&looked.cluster, one, until))).await;
    let failed: Vec<_> = begun.iter().zip(ends).filter(|(_, end)| *end != Followed::Complete).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let mut refusal = Refusal::new(String::new());
    let mut problems = Vec::new();
    for (one, end) in &failed {
        let (Followed::Failed(why) | Followed::Late(why)) = end else { continue };
        problems.push(format!("{}: {}: {why}", one.called, one.id()));
        refusal = refusal.help(see(one, &looked.cluster));
    }
    refusal.problem = format!("{}\nthe backup is not whole: {meanwhile}", problems.join("\n"));
    Err(Failure::stopped(refusal).into())
}

/// How to see more of something.
fn see(one: &Begun, cluster: &Cluster) -> String {
    let (namespace, name) = (word(&one.namespace), word(&one.name));
    match one.kind {
        Kind::JOB => {
            format!("see all of it:\nkubectl -n {} logs job/{name} --all-containers", word(&cluster.namespace))
        }
        _ => format!(
            "see why:\nvelero backup describe -n {namespace} --details {name}\nvelero backup logs -n {namespace} {name}"
        ),
    }
}

fn names(begun: &[Begun]) -> String {
    begun.iter().map(|one| one.id().to_string()).collect::<Vec<_>>().join(", ")
}

/// The operator has stopped waiting.
fn interrupted(making: &Making, begun: &[Begun], looked: &Looked) -> anyhow::Error {
    if begun.is_empty() {
        return Refusal::new("interrupted: nothing was begun").into();
    }
    let mut refusal = Refusal::new(format!("interrupted: what was begun goes on: {}", names(begun)))
        .help("see how it ends:\nhelm hwdr backups list");
    let is_begun = begun.iter().any(|one| one.kind == Kind::BACKUP);
    let schedules = making.makes.iter().filter(|make| !make.is_data && !is_begun);
    let commands: Vec<_> = schedules
        .map(|make| {
            format!(
                "velero backup create -n {} --from-schedule {}",
                word(&looked.velero.namespace),
                word(&make.from.name)
            )
        })
        .collect();
    if !commands.is_empty() {
        refusal = refusal
            .help(format!("Velero's Backups were not begun: when the Jobs are complete,\n{}", commands.join("\n")));
    }
    Failure::stopped(refusal).into()
}

/// What will be made, for consent.
fn text_of(making: &Making, looked: &Looked, waits: bool) -> String {
    let bold = Style::new().bold();
    let cluster = &looked.cluster;
    let release = looked.release.as_ref().map_or_else(String::new, |it| format!(" of release {}", plain(it)));
    let mut out = format!("{bold}Backup{release} in namespace {}{bold:#}\n", plain(&cluster.namespace));
    let _ =
        writeln!(out, "  {}", hang(&format!("of {} ({})", cluster.context, cluster.server), shown::message_width(), 2));
    let now = looked.now;
    let has_data = making.makes.iter().any(|make| make.is_data);
    for make in &making.makes {
        let object = match make.from.kind.as_str() {
            "Schedule" => format!("Backup/{}-TIME", make.from.name),
            _ => format!("Job/{}", job_name(&make.from.name, now)),
        };
        let when = if !make.is_data && has_data && waits { ", when the data is backed up" } else { "" };
        let _ = writeln!(out, "  {}{when}", make.called);
        let _ = writeln!(out, "    {}", plain(&object));
        let _ = writeln!(out, "    from {}", plain(&make.from.to_string()));
    }
    let has_objects = making.makes.iter().any(|make| !make.is_data);
    if has_objects && has_data && !waits {
        let _ = writeln!(
            out,
            "\n{}",
            hang(
                "All begin at once, as by the schedules: Velero copies the records of the backups before this one is among them. A new \
                 cluster can be restored from it, but that copy does not show that it ended well: use --wait for it.",
                shown::message_width(),
                0
            )
        );
    }
    out.trim_end().to_owned()
}

/// How to follow what was begun.
fn follow_text(begun: &[Begun], looked: &Looked) -> String {
    let mut out = String::new();
    for one in begun {
        let _ = writeln!(out, "{}\n  {}", one.called, plain(&one.id().to_string()));
    }
    let _ = write!(out, "\nFollow them:\n\n");
    let jobs: Vec<_> =
        begun.iter().filter(|one| one.kind == Kind::JOB).map(|one| format!("job/{}", word(&one.name))).collect();
    for job in jobs {
        let _ = writeln!(out, "  kubectl -n {} logs -f --all-containers {job}", word(&looked.cluster.namespace));
    }
    let _ = writeln!(out, "  helm hwdr backups list -n {}", word(&looked.cluster.namespace));
    out
}
