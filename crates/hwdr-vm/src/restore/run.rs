//! A run against the hosts: what the engine acts on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hwdr_run::{Context, Halt, Parts, Record as _, Show, WayOn};
use hwdr_values::shown::plain;
use tokio::sync::watch;
use tokio::time::sleep;

use super::Deed;
use super::prepare::{Expected, request};
use crate::act::{self, Done};
use crate::away;
use crate::inventory::{HostName, Role};
use crate::local;
use crate::parse::{hopsfs, ndb};
use crate::plan::restore::{self, OLD_SCHEMAS, OLD_USERS};
use crate::plan::{Act, Step};
use crate::record::{Diary, RemoteStore};
use crate::remote::{Failed, How, Remote};
use crate::stored::{Contents, Kind, Stored};
use crate::words::{Account, Command, LONG};

/// How often it is shown how many blocks are reported.
const LOOK: Duration = Duration::from_secs(5);
/// How long no more blocks may be reported before those that report none are named.
const PATIENCE: Duration = Duration::from_secs(30);

/// A run.
#[derive(Debug)]
pub struct Run<W> {
    remote: Arc<Remote>,
    diary: Diary,
    store: RemoteStore,
    shown: W,
    folder: PathBuf,
    contents: Contents,
    rows: BTreeMap<String, u64>,
    expected: Expected,
    steps: Vec<Step>,
    deed: Deed,
}

impl<W: Show> Context for Run<W> {
    type Store = RemoteStore;
    type Show = W;

    fn parts(&mut self) -> Parts<'_, RemoteStore, W> {
        Parts { record: &mut self.diary, store: &mut self.store, show: &mut self.shown }
    }

    fn way_on(&self) -> WayOn {
        let word = match self.deed {
            Deed::Restore => "resume",
            Deed::Undo => "undo",
            Deed::Finalize => "finalize",
        };
        WayOn { resume: format!("helm hwdr vm {word}"), undo: Some("helm hwdr vm undo".to_owned()) }
    }

    async fn note(&self, _: &str, _: &str) {}
}

impl<W: Show> Run<W> {
    /// A run, without a plan yet.
    ///
    /// # Errors
    /// If the backup cannot be read.
    pub(super) fn new(
        remote: Arc<Remote>,
        diary: Diary,
        store: RemoteStore,
        rows: BTreeMap<String, u64>,
        expected: Expected,
        shown: W,
    ) -> Result<Self, Halt> {
        let folder = remote.inventory.backups.join(&diary.folder);
        // Who made it does not matter for what is in it.
        let stored = Stored::new(diary.backup, folder.clone(), Kind::Cookbook);
        let contents = stored.contents().map_err(Halt::new)?;
        Ok(Self {
            remote,
            diary,
            store,
            shown,
            folder,
            contents,
            rows,
            expected,
            steps: Vec::new(),
            deed: Deed::Restore,
        })
    }

    /// Plans what is to be done.
    ///
    /// # Errors
    /// If nothing can be done.
    pub(super) fn plan(&mut self, deed: Deed) -> Result<(), Halt> {
        let inventory = &self.remote.inventory;
        self.deed = deed;
        let request = request(&self.diary, &self.folder, &self.contents, &self.rows);
        self.steps = match deed {
            Deed::Restore => restore::restore(inventory, &request),
            Deed::Undo => restore::undo(inventory, &request, &|name| self.diary.is_begun(name)),
            Deed::Finalize => restore::finalize(inventory, &request),
        };
        match self.steps.is_empty() {
            true => Err(Halt::new("there is nothing to do")),
            false => Ok(()),
        }
    }

    /// The plan.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The record.
    pub(super) fn into_diary(self) -> Diary {
        self.diary
    }

    /// Does the step that was begun.
    pub(super) async fn perform(&mut self) -> Result<(), Halt> {
        let current = self.steps.iter().find(|step| self.diary.is_begun(step.name) && !self.diary.is_done(step.name));
        let Some(step) = current.cloned() else { return Err(Halt::new("no step was begun")) };
        let remote = Arc::clone(&self.remote);
        if step.name == "save-sql" {
            std::fs::create_dir_all(self.folder.join("runs"))
                .map_err(|error| Halt::new(format!("{} cannot be written: {error}", self.folder.display())))?;
        }
        let done = match step.name {
            "safemode" | "undo-safemode" => self.out_of_safe_mode(&step).await?,
            _ => act::step(&remote, &step, &self.folder, &mut |_| {}).await?,
        };
        self.judge(&step, &done).await
    }

    /// Waits until the name nodes leave safe mode: shows how many blocks are reported, and, if no more are for a while, by whom they are not.
    async fn out_of_safe_mode(&mut self, step: &Step) -> Result<Vec<Done>, Halt> {
        let (remote, folder) = (Arc::clone(&self.remote), self.folder.clone());
        let (tell, told) = watch::channel(None);
        let mut seen = |said: &str| {
            if let Ok(hopsfs::SafeMode { is_on: true, blocks: Some(blocks) }) = hopsfs::safe_mode(said) {
                tell.send_replace(Some(blocks));
            }
        };
        let mut waiting = pin!(act::step(&remote, step, &folder, &mut seen));
        let (mut blocks, mut since, mut named) = (None, Instant::now(), Vec::new());
        loop {
            tokio::select! {
                done = &mut waiting => match done {
                    Ok(done) => return Ok(done),
                    Err(failed) => return Err(self.missing(failed).await),
                },
                () = sleep(LOOK) => {}
            }
            let now = *told.borrow();
            if now != blocks {
                (blocks, since) = (now, Instant::now());
                if let Some((there, all)) = now {
                    self.shown.note(&format!("{there} of {all} blocks are reported"));
                }
            } else if since.elapsed() > PATIENCE {
                self.name_nodes_run().await?;
                let missing: Vec<_> = self.unreported().await.into_iter().map(|(line, _)| line).collect();
                if missing != named {
                    missing.iter().for_each(|line| self.shown.note(line));
                    named = missing;
                }
            }
        }
    }

    /// Refuses to wait for name nodes of which none runs.
    async fn name_nodes_run(&self) -> Result<(), Halt> {
        let mut stopped = Vec::new();
        for host in self.remote.inventory.with(Role::NameNode) {
            let look = Command::new(&host.name, Account::Root, ["systemctl", "is-active", "namenode"]);
            match self.remote.call(&look, &self.folder).await {
                Err(Failed { how: How::Status(_), .. }) => stopped.push(host.name.to_string()),
                // One that runs is enough, and so is one that cannot be asked now.
                _ => return Ok(()),
            }
        }
        let hosts = stopped.join(", ");
        Err(Halt::new(format!("the name node has stopped on {hosts}"))
            .help(format!("see why on {hosts}: journalctl -u namenode"))
            .help("mend it, then resume: helm hwdr vm resume"))
    }

    /// Looks at what a step has said, and at what it has done.
    async fn judge(&mut self, step: &Step, done: &[Done]) -> Result<(), Halt> {
        match step.name {
            "save-sql" => {
                for (file, from, to) in [
                    (OLD_USERS, "CREATE USER ", "CREATE USER IF NOT EXISTS "),
                    (OLD_SCHEMAS, "CREATE TABLE ", "CREATE TABLE IF NOT EXISTS "),
                ] {
                    let path = self.folder.join(file);
                    if path.exists() {
                        let changed = crate::backup::repeatable(&path, from, to);
                        changed.map_err(|error| Halt::new(format!("{} cannot be written: {error}", path.display())))?;
                    }
                }
                if let Some(rclone) = away::place(&self.remote.inventory) {
                    let stored = Stored::new(self.diary.backup, self.folder.clone(), Kind::Cookbook);
                    if let Err(halt) = away::keep_runs(&rclone, &stored).await {
                        // The restore needs it only here.
                        self.doubt(&format!("the old users and schemas were not sent: {}", halt.problem));
                    }
                }
                Ok(())
            }
            "data" => self.all_rows(done),
            "rows" => {
                self.count(done);
                Ok(())
            }
            "counted" => self.all_blocks().await,
            "topics" => {
                self.topics(step).await;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether `ndb_restore` has restored as many rows as the backup has. It knows of one part at a time: to it, half of the rows is a success.
    fn all_rows(&mut self, done: &[Done]) -> Result<(), Halt> {
        let said = done.iter().map(|done| ndb::restored(&format!("{}\n{}", done.said.out, done.said.err)));
        let (mut rows, mut is_known) = (0_u64, true);
        for restored in said {
            is_known &= restored.rows.is_some();
            rows = rows.saturating_add(restored.rows.unwrap_or_default());
        }
        match self.expected.rows {
            Some(expected) if is_known && rows != expected => {
                Err(Halt::new(format!("{rows} rows were restored, and the backup has {expected}"))
                    .help("see which part is missing: helm hwdr vm verify"))
            }
            Some(expected) if is_known => {
                self.finding(&format!("all {expected} rows of the backup were restored"));
                Ok(())
            }
            _ => {
                self.doubt("how many rows were restored is not known: ndb_restore or the backup does not say it");
                Ok(())
            }
        }
    }

    /// Compares the rows of each table.
    fn count(&mut self, done: &[Done]) {
        let said = done.iter().flat_map(|done| done.said.out.lines()).filter_map(|line| line.split_once('\t'));
        let counted: BTreeMap<&str, u64> =
            said.filter_map(|(count, table)| Some((table, count.parse().ok()?))).collect();
        let changes = self.expected.changes;
        let mut odd = Vec::new();
        let mut same = 0_usize;
        for (table, expected) in self.rows.iter().filter(|(table, _)| restore::counted(table).is_some()) {
            match counted.get(table.as_str()) {
                Some(count) if count.abs_diff(*expected) <= changes => same = same.saturating_add(1),
                Some(count) => odd.push(format!("{} has {count} rows, and the backup has {expected}", plain(table))),
                None => odd.push(format!("{} cannot be counted", plain(table))),
            }
        }
        let more = if changes == 0 {
            String::new()
        } else {
            format!(" (up to {changes} rows that changed during the backup)")
        };
        self.finding(&format!("{same} tables have the rows of the backup{more}"));
        for what in odd {
            self.doubt(&what);
        }
    }

    /// Compares the files on each data node with those in the backup.
    async fn all_blocks(&mut self) -> Result<(), Halt> {
        let inventory = &self.remote.inventory;
        for (blocks, host) in &self.diary.blocks {
            let said = self.remote.call(&restore::listing(inventory, host), &self.folder).await?;
            let there = hopsfs::listing(&said.out);
            let own = self.folder.join("hopsfs").join(blocks.host.as_str());
            let files =
                local::files(&own).map_err(|error| Halt::new(format!("{} cannot be read: {error}", own.display())))?;
            let here: BTreeMap<_, _> = files.into_iter().filter(|(path, _)| hopsfs::block_of(path).is_some()).collect();
            if let Some((path, size)) = here.iter().find(|(path, size)| there.get(*path) != Some(size)) {
                let what = match there.get(path) {
                    Some(other) => format!("has {other} bytes, expected {size}"),
                    None => "is not there".to_owned(),
                };
                return Err(Halt::new(format!("{host}: {} {what}", plain(path))));
            }
            let text = format!("{host}: {} blocks are there", blocks.blocks);
            self.shown.note(&text);
        }
        Ok(())
    }

    /// Why HopsFS stays in safe mode: which data node is missing, or has fewer blocks than it should.
    async fn missing(&self, failed: Failed) -> Halt {
        let mut halt = Halt::from(failed);
        for (line, silent) in self.unreported().await {
            halt.problem.push_str(&format!("\n- {line}"));
            if let Some(host) = silent {
                halt = halt.help(format!("see why on {host}: systemctl status datanode"));
            }
        }
        halt
    }

    /// The data nodes that have reported no or too few blocks: a line for each, and the host of one that does not report at all.
    async fn unreported(&self) -> Vec<(String, Option<HostName>)> {
        let inventory = &self.remote.inventory;
        let Some(host) = inventory.first(Role::NameNode) else { return Vec::new() };
        let hdfs = format!("{}/bin/hdfs", inventory.paths.hadoop);
        let report = Command::new(&host.name, Account::Hdfs, [&hdfs, "dfsadmin", "-report"]);
        let Ok(said) = self.remote.call(&report, &self.folder).await else { return Vec::new() };
        let mut lines = Vec::new();
        let live = hopsfs::live_nodes(&said.out);
        for host in inventory.with(Role::DataNode) {
            let expected =
                self.diary.blocks.iter().find(|(_, name)| *name == host.name).map(|(blocks, _)| blocks.blocks);
            let found = live.iter().find(|node| node.address == host.address || node.name == host.name.as_str());
            let line = match (found, expected) {
                (None, _) => format!("{}: its data node does not report", host.name),
                (Some(hopsfs::DataNode { blocks: Some(blocks), .. }), Some(expected)) if *blocks < expected => {
                    format!("{}: {blocks} of {expected} blocks are reported", host.name)
                }
                _ => continue,
            };
            lines.push((line, found.is_none().then(|| host.name.clone())));
        }
        lines
    }

    /// Compares the topics of Kafka with those in the metadata.
    async fn topics(&mut self, step: &Step) {
        const LIST: &str = "# lists the topics\n\
            at=$(sed -n 's|^advertised.listeners *= *[^:]*://\\([^,]*\\).*|\\1|p' \"$1/config/server.properties\" | tail -n 1)\n\
            exec \"$1/bin/kafka-topics.sh\" --bootstrap-server \"${at:-localhost:9092}\" --command-config \"$1/config/consumer.properties\" --list";
        const WANTED: &str = "SELECT topic_name FROM hopsworks.project_topics WHERE num_partitions IS NOT NULL AND num_replicas IS NOT NULL";
        let hosts = (
            step.acts.first().map(Act::host).cloned(),
            self.remote.inventory.first(Role::Mysql).map(|host| host.name.clone()),
        );
        let (Some(kafka), Some(mysql)) = hosts else { return };
        let inventory = &self.remote.inventory;
        let list = Command::script(&kafka, Account::Root, LIST, &[&inventory.paths.kafka]).within(LONG);
        let (there, wanted) =
            tokio::join!(self.remote.call(&list, &self.folder), crate::ask::sql(&self.remote, &mysql, WANTED));
        let text = match (there, wanted) {
            (Ok(there), Ok(wanted)) => {
                let topics: std::collections::BTreeSet<&str> = there.out.lines().map(str::trim).collect();
                let missing: Vec<_> = wanted
                    .lines()
                    .filter(|topic| !topics.contains(topic))
                    .map(|topic| plain(topic).into_owned())
                    .collect();
                match missing.is_empty() {
                    true => return self.finding(&format!("all {} topics are there", wanted.lines().count())),
                    false => format!("topics that are missing: {}", missing.join(", ")),
                }
            }
            (Err(failed), _) | (_, Err(failed)) => {
                format!("the topics could not be compared: {}", first(&failed, &kafka))
            }
        };
        self.doubt(&text);
    }
}

fn first(failed: &Failed, host: &HostName) -> String {
    match &failed.how {
        How::Unreachable => format!("{host} cannot be reached"),
        _ => failed.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}
