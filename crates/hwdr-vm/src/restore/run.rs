//! A run against the hosts: what the engine acts on.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hwdr_run::{Context, Halt, Parts, Phase, Record as _, Show, WayOn};
use hwdr_values::shown::plain;
use tokio::time::sleep;

use super::Deed;
use super::prepare::Expected;
use crate::act::{self, Done};
use crate::away;
use crate::check;
use crate::doctor::some;
use crate::inventory::{HostName, Role};
use crate::local;
use crate::parse::{hopsfs, ndb, sql};
use crate::plan::backup::listing;
use crate::plan::restore::{self, OLD_SCHEMAS, OLD_USERS, Request};
use crate::plan::{Act, Step};
use crate::record::{Diary, RemoteStore};
use crate::remote::{Failed, How, Remote};
use crate::stored::{Contents, Kind, Stored, charsets};
use crate::words::{Account, Command, Input, LONG};

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
        let undo = (self.deed != Deed::Finalize).then(|| "helm hwdr vm undo".to_owned());
        WayOn { resume: format!("helm hwdr vm {word}"), undo }
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
        let dump = if deed == Deed::Undo { Some(OLD_SCHEMAS) } else { self.contents.schemas.as_deref() };
        let charsets = charsets(&self.folder, dump);
        let Self { diary, folder, contents, rows, .. } = &*self;
        let request = Request { diary, folder, contents, charsets: &charsets, rows };
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

    /// Refuses if a file is not here that is read after something is dropped: the machine that began the run has it.
    ///
    /// # Errors
    /// Which file it is.
    pub(super) fn has_files(&self) -> Result<(), Halt> {
        let left = self.steps.iter().filter(|step| !self.diary.is_done(step.name));
        let read = left.flat_map(|step| &step.acts).filter_map(|act| match act {
            Act::Call(Command { input: Input::File(path), .. }) => Some(self.folder.join(path)),
            _ => None,
        });
        match read.into_iter().find(|path| !path.is_file()) {
            Some(path) => {
                let halt = Halt::new(format!("{} is not on this machine; nothing was changed", path.display()))
                    .help("run this on the machine that began the restore, or copy the file from there");
                Err(match away::place(&self.remote.inventory) {
                    Some(_) => halt.help(format!("or bring it: helm hwdr vm fetch {}", self.diary.backup)),
                    None => halt,
                })
            }
            None => Ok(()),
        }
    }

    /// The plan.
    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// How far it is.
    pub(super) fn phase(&self) -> Phase {
        self.diary.phase
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
            crate::backup::private(&self.folder.join("runs"))
                .map_err(|error| Halt::new(format!("{} cannot be written: {error}", self.folder.display())))?;
        }
        let done = match step.name {
            "safemode" | "undo-safemode" => self.out_of_safe_mode(&step).await?,
            _ => act::step(&remote, &step, &self.folder).await?,
        };
        self.judge(&step, &done).await
    }

    /// Waits until the name nodes leave safe mode: shows how many blocks are reported, and, if no more are for a while, by whom they are not.
    async fn out_of_safe_mode(&mut self, step: &Step) -> Result<Vec<Done>, Halt> {
        let (remote, folder) = (Arc::clone(&self.remote), self.folder.clone());
        let mut waiting = pin!(act::step(&remote, step, &folder));
        let (mut blocks, mut since, mut named) = (None, Instant::now(), Vec::new());
        loop {
            tokio::select! {
                done = &mut waiting => match done {
                    Ok(done) => {
                        self.all_report().await;
                        return Ok(done);
                    }
                    // HopsFS may have been in safe mode before, too, and then nothing can be waited for.
                    Err(Failed { how: How::Said(_), .. }) if self.deed == Deed::Undo => {
                        self.doubt("HopsFS is still in safe mode: blocks are missing, or data nodes do not report");
                        return Ok(Vec::new());
                    }
                    Err(failed) => return Err(self.missing(failed).await),
                },
                () = sleep(LOOK) => {}
            }
            // Name nodes that do not answer yet say nothing new.
            let live = self.live().await;
            let now = live.as_deref().map(hopsfs::reported);
            if let Some(now) = now.filter(|now| blocks != Some(*now)) {
                (blocks, since) = (Some(now), Instant::now());
                match self.brought(None) {
                    0 => self.shown.note(&format!("{now} blocks are reported")),
                    all => self.shown.note(&format!("{now} of {all} blocks are reported")),
                }
            } else if since.elapsed() > PATIENCE {
                self.name_nodes_run().await?;
                let Some(live) = live else { continue };
                let missing: Vec<_> = self.unreported(&live).into_iter().map(|(line, _)| line).collect();
                if missing != named {
                    missing.iter().for_each(|line| self.shown.note(line));
                    named = missing;
                }
            }
        }
    }

    /// Names the data nodes that do not report. Safe mode may end without some: others have their blocks, too. A data node that has just started is
    /// waited for, for a while.
    async fn all_report(&mut self) {
        let since = Instant::now();
        loop {
            let live = self.live().await;
            let silent =
                live.map(|live| self.unreported(&live).into_iter().filter_map(|(line, host)| host.map(|_| line)));
            let silent: Option<Vec<_>> = silent.map(Iterator::collect);
            match silent {
                Some(silent) if silent.is_empty() => return,
                Some(silent) if since.elapsed() > PATIENCE => {
                    silent.iter().for_each(|line| self.doubt(line));
                    return;
                }
                None if since.elapsed() > PATIENCE => {
                    self.doubt("whether all data nodes of HopsFS report is not known: hdfs dfsadmin -report fails");
                    return;
                }
                _ => sleep(LOOK).await,
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
                    let size = path.metadata().map_or(0, |data| data.len());
                    if size > 0 || file == OLD_USERS {
                        // What it replaces is dropped next.
                        check::dump(&path).map_err(|flaw| {
                            Halt::new(format!(
                                "{} cannot be used to undo the restore: it {}",
                                path.display(),
                                flaw.what
                            ))
                        })?;
                    }
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
            "users" | "undo-users" => self.grants(step, done),
            "data" => self.all_rows(done),
            "rows" => self.count(done),
            "counted" => self.all_blocks().await,
            "topics" => self.topics(step).await,
            _ => Ok(()),
        }
    }

    /// Names the grants that could not be made, because what they are for is gone.
    fn grants(&mut self, step: &Step, done: &[Done]) -> Result<(), Halt> {
        let said = done.iter().map(|done| done.said.out.as_str()).collect::<Vec<_>>().join("\n");
        let stale = sql::stale(&said).map_err(Halt::new)?;
        let files = step.acts.iter().filter_map(|act| match act {
            Act::Call(Command { input: Input::File(path), .. }) => std::fs::read(self.folder.join(path)).ok(),
            _ => None,
        });
        let all: usize = files.map(|text| sql::users(&String::from_utf8_lossy(&text))).sum();
        if !stale.is_empty() && stale.len() >= all {
            return Err(Halt::new(format!("no user and no grant could be restored: {}", some(&stale))));
        }
        stale
            .iter()
            .for_each(|line| self.doubt(&format!("a grant is not restored, because what it is for is gone: {line}")));
        Ok(())
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
    fn count(&mut self, done: &[Done]) -> Result<(), Halt> {
        let said = done.iter().map(|done| done.said.out.as_str()).collect::<Vec<_>>().join("\n");
        let Rows { missing, same, less, more, odd } = Rows::new(&self.rows, &said);
        let changes = self.expected.changes;
        if !missing.is_empty() {
            let tables: Vec<_> = missing.iter().map(|table| (*table).to_owned()).collect();
            return Err(Halt::new(format!("MySQL cannot read {} tables of the backup: {}", tables.len(), some(&tables)))
                .help("see why on the first host with the role mysql: SELECT * FROM performance_schema.ndb_sync_excluded_objects")
                .help("correct that, then resume: helm hwdr vm resume"));
        }
        if self.expected.rows.is_none() {
            self.doubt("the rows of the tables cannot be compared: the backup does not count them");
            return Ok(());
        }
        if less.saturating_add(more) <= changes {
            let text = match odd.is_empty() {
                true => format!("{same} tables have the rows of the backup"),
                false => format!(
                    "{} tables have the rows of the backup, but for {} that changed while it was made",
                    same.saturating_add(odd.len()),
                    less.saturating_add(more)
                ),
            };
            self.finding(&text);
            return Ok(());
        }
        if less <= changes {
            // Somebody writes already; nothing of the backup is missing.
            odd.iter().for_each(|what| self.doubt(what));
            return Ok(());
        }
        let few: Vec<_> = odd.iter().take(10).map(|what| format!("\n- {what}")).collect();
        let rest = match odd.len().saturating_sub(few.len()) {
            0 => String::new(),
            rest => format!("\n- and {rest} more tables"),
        };
        Err(Halt::new(format!(
            "{less} rows of the backup are missing, and only {changes} may have changed while it was made{}{rest}",
            few.concat()
        ))
        .help(format!("see whether the backup is whole: helm hwdr vm verify {}", self.diary.backup)))
    }

    /// Compares the files on each data node with those in the backup.
    async fn all_blocks(&mut self) -> Result<(), Halt> {
        let inventory = &self.remote.inventory;
        for (blocks, host) in &self.diary.blocks {
            let said = self.remote.call(&listing(inventory, host), &self.folder).await?;
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
        let live = self.live().await;
        for (line, silent) in live.map(|live| self.unreported(&live)).unwrap_or_default() {
            halt.problem.push_str(&format!("\n- {line}"));
            if let Some(host) = silent {
                halt = halt.help(format!("see why on {host}: systemctl status datanode"));
            }
        }
        halt
    }

    /// The data nodes that the name nodes see, if they answer.
    async fn live(&self) -> Option<Vec<hopsfs::DataNode>> {
        let host = self.remote.inventory.first(Role::NameNode)?;
        let mut nodes = crate::ask::data_nodes(&self.remote, &host.name).await.ok()?;
        nodes.retain(|node| node.is_live);
        Some(nodes)
    }

    /// The blocks that a restore brings to a data node, or to all together. What they had before it is not known.
    fn brought(&self, host: Option<&HostName>) -> u64 {
        let own = self.diary.blocks.iter().filter(|(_, name)| host.is_none_or(|host| host == name));
        let sum = own.fold(0_u64, |sum, (blocks, _)| sum.saturating_add(blocks.blocks));
        if self.deed == Deed::Restore { sum } else { 0 }
    }

    /// The data nodes that have reported no or too few blocks: a line for each, and the host of one that does not report at all.
    fn unreported(&self, live: &[hopsfs::DataNode]) -> Vec<(String, Option<HostName>)> {
        let mut lines = Vec::new();
        for host in self.remote.inventory.with(Role::DataNode) {
            let expected = self.brought(Some(&host.name));
            let found = live.iter().find(|node| host.is_at(&node.address, &node.name));
            let line = match found {
                None => format!("{}: its data node does not report", host.name),
                Some(hopsfs::DataNode { blocks: Some(blocks), .. }) if *blocks < expected => {
                    format!("{}: {blocks} of {expected} blocks are reported", host.name)
                }
                _ => continue,
            };
            lines.push((line, found.is_none().then(|| host.name.clone())));
        }
        lines
    }

    /// Compares the topics of Kafka with those in the metadata.
    async fn topics(&mut self, step: &Step) -> Result<(), Halt> {
        const LIST: &str = "# lists the topics\n\
            at=$(sed -n 's|^advertised.listeners *= *[^:]*://\\([^,]*\\).*|\\1|p' \"$1/config/server.properties\" | tail -n 1)\n\
            exec \"$1/bin/kafka-topics.sh\" --bootstrap-server \"${at:-localhost:9092}\" --command-config \"$1/config/consumer.properties\" --describe";
        const WANTED: &str = "SELECT topic_name, num_partitions, num_replicas FROM hopsworks.project_topics \
            WHERE num_partitions IS NOT NULL AND num_replicas IS NOT NULL";
        let hosts = (
            step.acts.first().map(Act::host).cloned(),
            self.remote.inventory.first(Role::Mysql).map(|host| host.name.clone()),
        );
        let (Some(kafka), Some(mysql)) = hosts else { return Ok(()) };
        let inventory = &self.remote.inventory;
        let list = Command::script(&kafka, Account::Root, LIST, &[&inventory.paths.kafka]).within(LONG);
        let (there, wanted) =
            tokio::join!(self.remote.call(&list, &self.folder), crate::ask::sql(&self.remote, &mysql, WANTED));
        let (said, wanted) = match (there, wanted) {
            (Ok(said), Ok(wanted)) => (said.out, wanted),
            (Err(failed), _) | (_, Err(failed)) => {
                self.doubt(&format!("the topics could not be compared: {}", first(&failed, &kafka)));
                return Ok(());
            }
        };
        let there = topics(&said);
        let (mut count, mut missing) = (0_usize, Vec::new());
        for line in wanted.lines() {
            let mut fields = line.split('\t');
            let Some(topic) = fields.next() else { continue };
            let numbers: Vec<&str> = fields.collect();
            match there.get(topic) {
                None => missing.push(plain(topic).into_owned()),
                Some(is) if is.as_slice() == numbers => count = count.saturating_add(1),
                // One that was there before is left as it is.
                Some(is) => self.doubt(&format!(
                    "the topic {} has other partitions or replicas than the backup: {}, expected {}",
                    plain(topic),
                    plain(&is.join(" and ")),
                    plain(&numbers.join(" and "))
                )),
            }
        }
        if !missing.is_empty() {
            return Err(Halt::new(format!("topics are missing: {}", some(&missing)))
                .help(format!("see what kafka-restore.sh says on {kafka}")));
        }
        self.finding(&format!("{count} topics are there, with partitions and replicas as in the backup"));
        Ok(())
    }
}

/// Partitions and replicas of each topic, as `kafka-topics.sh --describe` has them: in the first line of each, and before Kafka 2.5 without
/// spaces behind the colons.
fn topics(text: &str) -> BTreeMap<&str, [&str; 2]> {
    fn of(line: &str) -> Option<(&str, [&str; 2])> {
        let field = |name: &str| line.split('\t').find_map(|field| Some(field.strip_prefix(name)?.trim()));
        Some((field("Topic:")?, [field("PartitionCount:")?, field("ReplicationFactor:")?]))
    }
    text.lines().filter_map(of).collect()
}

/// The rows of all tables, compared with those of the backup.
#[derive(Debug, Default, PartialEq, Eq)]
struct Rows<'r> {
    /// Tables that MySQL has not counted: it does not have them, or cannot read them.
    missing: Vec<&'r str>,
    /// Tables with as many.
    same: usize,
    /// Rows that are missing.
    less: u64,
    /// Rows that were not expected.
    more: u64,
    /// The tables with more or fewer, a line each.
    odd: Vec<String>,
}

impl<'r> Rows<'r> {
    /// Compares what was expected with what MySQL said: a count and a table a line.
    fn new(expected: &'r BTreeMap<String, u64>, said: &str) -> Self {
        let said = said.lines().filter_map(|line| line.split_once('\t'));
        let counted: BTreeMap<&str, u64> =
            said.filter_map(|(count, table)| Some((table, count.parse().ok()?))).collect();
        let mut found = Self::default();
        for (table, expected) in expected.iter().filter(|(table, _)| restore::counted(table).is_some()) {
            match counted.get(table.as_str()) {
                Some(count) if count == expected => found.same = found.same.saturating_add(1),
                Some(count) => {
                    found.less = found.less.saturating_add(expected.saturating_sub(*count));
                    found.more = found.more.saturating_add(count.saturating_sub(*expected));
                    found.odd.push(format!("{} has {count} rows, and the backup has {expected}", plain(table)));
                }
                // Whatever rows it had: an empty table is missing, too.
                None => found.missing.push(table),
            }
        }
        found
    }
}

fn first(failed: &Failed, host: &HostName) -> String {
    match &failed.how {
        How::Unreachable => format!("{host} cannot be reached"),
        _ => failed.to_string().lines().next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_read_with_partitions_and_replicas() {
        let text = "Topic: a\tTopicId: x\tPartitionCount: 3\tReplicationFactor: 1\tConfigs: \n\tTopic: a\tPartition: 0\tLeader: 1\n\
            Topic:b_old\tPartitionCount:1\tReplicationFactor:2\tConfigs:\n\tTopic: b_old\tPartition: 0\tLeader: 1\n";
        assert_eq!(topics(text), [("a", ["3", "1"]), ("b_old", ["1", "2"])].into());
    }

    #[test]
    fn rows_that_are_missing_are_told_from_rows_that_are_new() {
        let expected: BTreeMap<_, _> = [
            ("hops.a", 5),
            ("hops.b", 500),
            ("hops.c", 3),
            ("hops.d", 0),
            ("hops.NDB$BLOB_1_2", 9),
            ("hops.#sql-1_2", 3),
            ("mysql.x", 4),
        ]
        .map(|(table, rows)| (table.to_owned(), rows))
        .into();
        let found = Rows::new(&expected, "5\thops.a\n0\thops.b\n4\thops.c\nerror\n");
        assert_eq!((found.same, found.less, found.more, found.missing.as_slice()), (1, 500, 1, &["hops.d"][..]));
        assert_eq!(
            found.odd,
            ["hops.b has 0 rows, and the backup has 500", "hops.c has 4 rows, and the backup has 3",]
        );
    }
}
