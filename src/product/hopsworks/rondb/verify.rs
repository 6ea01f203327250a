//! Whether RonDB's part of a backup can be restored: all files of all data nodes are there, belong together, and have the rows that were counted while
//! the backup was made.

use std::collections::BTreeSet;

use super::RonDb;
use super::stored::Beside;
use crate::backup_files::ndb::{
    Control, Data as Rows, Facts, FileKind, Listed, Log, Name, Unpacked, Whole, check_ends, judge, missing,
};
use crate::product::hopsworks::backup_id::BackupId;
use crate::product::hopsworks::request::rondb_place;
use crate::product::service::{Doing, Service as _};
use crate::product::shelf::{Bucket, not_all};
use crate::s3::objects::Object;
use crate::verify::{Ask, Chosen, Data, DataFile, Finding, Flaw, PartReport, Verify, unread};

/// Files of data up to this size are always read whole.
const SMALL: u64 = 1 << 20;
/// Logs are what was changed while the backup was made: much less than the data.
const SMALL_LOG: u64 = 64 << 20;
/// Larger control files are none: they have tables and counts alone.
const LARGEST_CONTROL: u64 = 1 << 30;

/// The check of one backup.
#[derive(Default)]
pub(super) struct Check {
    bucket: Option<Bucket>,
    folder: String,
    id: u32,
    files: Vec<File>,
    findings: Vec<Finding>,
    unchecked: Vec<String>,
    others: usize,
    beside: Option<Result<Beside, Finding>>,
}

/// A file of the backup.
struct File {
    listed: Listed,
    object: Object,
    state: State,
    is_packed: bool,
}

/// What is known of a file, and whether it is compressed.
type Read = (Facts, bool);

fn both<T>(read: Result<(T, bool), Flaw>, facts: impl FnOnce(T) -> Facts) -> Result<Read, Flaw> {
    read.map(|(read, is_packed)| (facts(read), is_packed))
}

/// How much of a file is known.
enum State {
    /// Nothing: something is wrong with it.
    Bad,
    /// Its ends, or its beginning.
    Partly(Facts),
    /// All of it.
    Whole(Facts),
}

impl File {
    /// Whether it has rows or changes, which are only read if that is asked for.
    fn is_large(&self) -> bool {
        match self.listed.name.kind {
            FileKind::Control => false,
            FileKind::Data => self.object.size > SMALL,
            FileKind::Log => self.object.size > SMALL_LOG,
        }
    }
}

impl Check {
    async fn look_at(&mut self, ask: &Ask<'_>) -> Result<(), Finding> {
        let id = ask.id_of(RonDb.name());
        let not_one = |why: String| Flaw::unknown(why).in_file(id);
        let id = BackupId::parse(id).map_err(|why| not_one(format!("is no id of RonDB: {why}")))?;
        self.id = id.as_str().parse().map_err(|_| not_one("is no id of RonDB".to_owned()))?;
        let place =
            rondb_place(ask.shelf.values).map_err(|refusal| Flaw::unknown(refusal.problem).in_file("the values"))?;
        self.folder = format!("{}/{id}/rondb/", place.folder);
        let failed = |folder: &str, fault| unread(&fault).in_file(folder);
        let bucket = ask.shelf.bucket(&place).await.map_err(|fault| failed(&self.folder, fault))?.into_owned();
        let objects = bucket.list(&self.folder).await.map_err(|fault| failed(&self.folder, fault))?;
        if let Some(why) = not_all(&objects) {
            return Err(Flaw::unknown(why).in_file(&self.folder));
        }
        let beside = Beside::read(&bucket, &place.folder, &id).await;
        self.beside = Some(beside.map_err(|fault| failed(&format!("{}/", place.folder), fault)));
        let mut files = Vec::new();
        for object in objects.objects {
            let path = object.key.strip_prefix(&self.folder).unwrap_or_default();
            match Name::parse(path, self.id) {
                Some(name) => files.push((name, object)),
                None => self.others = self.others.saturating_add(1),
            }
        }
        let listed =
            |(name, object): &(Name, Object)| Listed { name: *name, path: object.key.clone(), size: object.size };
        let all: Vec<_> = files.iter().map(listed).collect();
        self.findings.extend(missing(&self.folder, self.id, &all));
        self.findings.extend(ask.written_later(RonDb.name(), files.iter().map(|(_, object)| object)));
        if !ask.knows_the_end(RonDb.name()) {
            self.unchecked.push(
                "whether a file was replaced since: when the backup ended is known to the cluster alone".to_owned(),
            );
        }
        let files = files.into_iter().zip(all).map(|((_, object), listed)| File {
            listed,
            object,
            state: State::Bad,
            is_packed: false,
        });
        self.files = files.collect();
        let (large, small): (Vec<usize>, Vec<usize>) =
            (0..self.files.len()).partition(|at| self.files.get(*at).is_some_and(File::is_large));
        let ends = ask.each_little(large, async |at| (at, self.ends(ask, &bucket, at).await)).await;
        let whole = ask.each(small, async |at| (at, self.whole(ask, &bucket, at, false).await)).await;
        self.take(ends, State::Partly);
        self.take(whole, State::Whole);
        self.bucket = Some(bucket);
        Ok(())
    }

    /// Keeps what was read, or what is wrong.
    fn take(&mut self, read: Vec<(usize, Result<Read, Flaw>)>, state: impl Fn(Facts) -> State) {
        for (at, facts) in read {
            let Some(file) = self.files.get_mut(at).filter(|file| file.object.size > 0) else { continue };
            match facts {
                Ok((facts, is_packed)) => {
                    file.state = state(facts);
                    file.is_packed = is_packed;
                }
                Err(flaw) => {
                    file.state = State::Bad;
                    self.findings.push(flaw.in_file(&file.object.key));
                }
            }
        }
    }

    async fn ends(&self, ask: &Ask<'_>, bucket: &Bucket, at: usize) -> Result<Read, Flaw> {
        let File { listed, object, .. } = self.file(at)?;
        let (head, tail) = ask.ends(bucket, object).await?;
        let ends = check_ends(listed.name.kind, &head, &tail, object.size)?;
        let is_packed = ends.is_packed;
        Ok((Facts::Ends(ends), is_packed))
    }

    async fn whole(&self, ask: &Ask<'_>, bucket: &Bucket, at: usize, is_data: bool) -> Result<Read, Flaw> {
        let File { listed, object, .. } = self.file(at)?;
        if listed.name.kind == FileKind::Control && object.size > LARGEST_CONTROL {
            return Err(Flaw::unknown(format!("has {} bytes: hwdr reads up to {LARGEST_CONTROL}", object.size)));
        }
        match listed.name.kind {
            FileKind::Control => {
                both(ask.check(bucket, object, Unpacked::new(Control::default()), is_data).await, Facts::Control)
            }
            FileKind::Data => {
                both(ask.check(bucket, object, Unpacked::new(Rows::default()), is_data).await, Facts::Data)
            }
            FileKind::Log => both(ask.check(bucket, object, Unpacked::new(Log::default()), is_data).await, Facts::Log),
        }
    }

    /// Reads the first bytes of a file, whose ends are known.
    async fn beginning(&self, ask: &Ask<'_>, bucket: &Bucket, at: usize, bytes: u64) -> Result<(), Flaw> {
        let File { listed, object, .. } = self.file(at)?;
        match listed.name.kind {
            FileKind::Log => ask.begin(bucket, object, bytes, Unpacked::new(Log::default()), true).await.map(drop),
            _ => ask.begin(bucket, object, bytes, Unpacked::new(Rows::default()), true).await.map(drop),
        }
    }

    fn file(&self, at: usize) -> Result<&File, Flaw> {
        self.files.get(at).ok_or_else(|| Flaw::unknown("is not in the list"))
    }

    /// The files with data that are not read yet, by their places.
    fn large(&self) -> Vec<usize> {
        (0..self.files.len()).filter(|at| self.files.get(*at).is_some_and(File::is_large)).collect()
    }
}

/// What is wrong if these are all nodes that have a part.
fn without_part(beside: &Beside, nodes: &BTreeSet<u16>) -> Option<Flaw> {
    let nodes: BTreeSet<u32> = nodes.iter().copied().map(u32::from).collect();
    // That nothing is there at all is known already.
    if nodes.is_empty() {
        return None;
    }
    let expected = "a part of each data node; if it was not running, --read-data 100% shows that all rows are there";
    let flaw = beside.absent(&nodes).map(Flaw::missing).or_else(|| beside.fewer(&nodes).map(Flaw::unknown));
    flaw.map(|flaw| flaw.expected(expected))
}

impl Verify for Check {
    fn look<'v>(&'v mut self, ask: &'v Ask<'v>) -> Doing<'v, Vec<DataFile>> {
        Box::pin(async move {
            if let Err(finding) = self.look_at(ask).await {
                self.findings.push(finding);
            }
            let files = self.large().into_iter().filter_map(|at| self.files.get(at));
            files.map(|file| DataFile { key: file.object.key.clone(), size: file.object.size }).collect()
        })
    }

    fn read<'v>(&'v mut self, ask: &'v Ask<'v>, chosen: Vec<Chosen>) -> Doing<'v, ()> {
        Box::pin(async move {
            let Some(bucket) = self.bucket.clone() else { return };
            let large = self.large();
            let (mut whole, mut begun) = (Vec::new(), Vec::new());
            for Chosen { file, bytes } in chosen {
                let Some(at) = large.get(file).copied() else { continue };
                let is_good = self.files.get(at).is_some_and(|file| !matches!(file.state, State::Bad));
                let is_all = self.files.get(at).is_some_and(|file| file.object.size <= bytes);
                match (is_good, is_all) {
                    // What is known to be damaged is not read.
                    (false, _) => {}
                    (true, true) => whole.push(at),
                    (true, false) => begun.push((at, bytes)),
                }
            }
            let begun = ask.each(begun, async |(at, bytes)| (at, self.beginning(ask, &bucket, at, bytes).await)).await;
            for (at, flaw) in begun.into_iter().filter_map(|(at, read)| Some((at, read.err()?))) {
                self.take(vec![(at, Err(flaw))], State::Partly);
            }
            let whole = ask.each(whole, async |at| (at, self.whole(ask, &bucket, at, true).await)).await;
            self.take(whole, State::Whole);
        })
    }

    fn report(self: Box<Self>, _: &Ask<'_>) -> Vec<PartReport> {
        let Self { folder, id, files, mut findings, mut unchecked, others, beside, .. } = *self;
        let nodes: BTreeSet<u16> = files.iter().map(|file| file.listed.name.node).collect();
        let has_rows = |file: &&File| file.listed.name.kind == FileKind::Data;
        let are_all_read =
            findings.is_empty() && files.iter().filter(has_rows).all(|file| matches!(file.state, State::Whole(_)));
        // The rows themselves tell more than their neighbours' nodes.
        if let Some(beside) = beside.filter(|_| !are_all_read) {
            let flaw = |beside: Beside| without_part(&beside, &nodes).map(|flaw| flaw.in_file(&folder));
            findings.extend(beside.map_or_else(Some, flaw));
        }
        let sizes = |of: &dyn Fn(&File) -> bool| {
            let data = files.iter().filter(|file| file.listed.name.kind != FileKind::Control && of(file));
            data.fold(0_u64, |sum, file| sum.saturating_add(file.object.size))
        };
        let data = Data { read: sizes(&|file| matches!(file.state, State::Whole(_))), of: sizes(&|_| true) };
        let is_packed = files.iter().any(|file| file.is_packed);
        let read: Vec<_> = files
            .into_iter()
            .filter_map(|File { listed, state, .. }| match state {
                State::Bad => None,
                State::Partly(facts) | State::Whole(facts) => Some((listed, facts)),
            })
            .collect();
        let Whole { findings: found, notes, nodes, tables, rows } = judge(&folder, id, &read, nodes, are_all_read);
        findings.extend(found);
        unchecked.extend(notes);
        if data.read < data.of {
            unchecked.push(match is_packed {
                true => {
                    "the checksums of compressed files, and the rows in them, but of those that were read".to_owned()
                }
                false => "the rows of files of which only the ends were read".to_owned(),
            });
        }
        if !are_all_read {
            unchecked.push("whether all rows are there that were counted: all data must be read for that".to_owned());
        }
        if !read.is_empty() && !is_packed {
            unchecked.push(
                "the values in rows: NDB's files have no checksums (RonDB writes them with CompressedBackup=1)"
                    .to_owned(),
            );
        }
        if others > 0 {
            unchecked.push(format!("{others} other files below {folder}: no restore reads them"));
        }
        let mut report = PartReport::new(RonDb.name(), RonDb.title(), findings);
        if !read.is_empty() {
            let rows = rows.map_or_else(|| "an unknown number of rows".to_owned(), |rows| format!("{rows} rows"));
            let nodes: Vec<_> = nodes.iter().map(ToString::to_string).collect();
            report.facts.push(format!("data nodes {}; {tables} tables, {rows}", nodes.join(", ")));
            let control = read.iter().find_map(|(_, facts)| match facts {
                Facts::Control(facts) => Some(&facts.header),
                _ => None,
            });
            report.facts.extend(control.map(|header| format!("written by RonDB {}", header.written_by())));
            report.data = Some(data);
        }
        report.unchecked = unchecked;
        vec![report]
    }
}
