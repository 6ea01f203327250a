//! The record of a restore: on the management node, where all machines find it, and beside the backup, where it outlives the cluster.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hwdr_run::{Entries, Halt, Phase, Progress, Record, Store};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::backup::private;
use crate::id::BackupId;
use crate::inventory::HostName;
use crate::local::{self, sha256_of};
use crate::lock::FOLDER;
use crate::manifest::BlocksOf;
use crate::plan::backup::UserDump;
use crate::remote::{Failed, How, Remote};
use crate::words::{Account, Command, Input};

/// Writes the record, if it is still the one that is known. `$1` is its folder, `$2` the SHA-256 of what is known, or `none`, `$3` that of the new one: if
/// this process is killed meanwhile, the host sees the end of what it has sent, and takes that for all of it. An empty record is none.
const WRITE: &str = "# writes the record of the run\numask 077\nmkdir -p -- \"$1\" || exit 1\nnow=none\n\
    [ ! -s \"$1/run.json\" ] || now=$(sha256sum <\"$1/run.json\" | cut -d ' ' -f 1)\n[ \"$now\" = \"$2\" ] || exit 76\n\
    cat >\"$1/run.new\" && [ \"$(sha256sum <\"$1/run.new\" | cut -d ' ' -f 1)\" = \"$3\" ] || exit 77\n\
    sync \"$1/run.new\" && mv -f -- \"$1/run.new\" \"$1/run.json\"";
/// Reads it, or says that there never was one: an empty one is what is left of a record when the power fails.
const READ: &str =
    "# reads the record of the run\nif [ -e \"$1/run.json\" ]; then cat -- \"$1/run.json\"; else echo never; fi";
/// What [`READ`] says of a management node without a record.
const NEVER: &str = "never";
/// The exit status if another process has written it.
const OTHER: i32 = 76;
/// Its path below the folder of a backup.
pub const FILE: &str = "runs/run.json";

/// What a restore records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diary {
    /// The form of this record.
    pub form: u32,
    /// The version of hwdr that began the run.
    pub version: String,
    /// The run: the time when it was begun, as digits.
    pub run: String,
    /// The cluster.
    pub cluster: String,
    /// The backup.
    pub backup: BackupId,
    /// The name of its folder.
    pub folder: String,
    /// The backup of the cluster as it was, if its databases are dropped.
    pub safety: Option<BackupId>,
    /// Whether what was half restored is dropped first.
    pub is_redo: bool,
    /// The databases that the cluster had.
    pub before: Vec<String>,
    /// The databases of the backup.
    pub databases: Vec<String>,
    /// The blocks, and the hosts that they go to.
    pub blocks: Vec<(BlocksOf, HostName)>,
    /// The data nodes that get no blocks: their folders are set aside all the same.
    #[serde(default)]
    pub bare: Vec<HostName>,
    /// What clients of RonDB connect to, if the addresses of the inventory are names that only SSH knows.
    #[serde(default)]
    pub connect: Option<String>,
    /// How many `ndb_restore` may run at once.
    pub slots: usize,
    /// Whether the cluster had tablespaces.
    #[serde(default)]
    pub has_tablespaces: bool,
    /// What writes users.
    pub users: UserDump,
    /// When it was begun.
    pub began: Timestamp,
    /// Its phase.
    pub phase: Phase,
    /// Why it stopped.
    pub why: Option<String>,
    /// When it was done.
    pub ended: Option<Timestamp>,
    /// Its steps.
    pub steps: Vec<Progress>,
    /// What was found.
    pub findings: Vec<String>,
}

impl Diary {
    /// The record of a restore that begins now, of a backup of which nothing is known but its folder.
    pub fn new(cluster: &str, backup: BackupId, folder: &Path, now: Timestamp) -> Self {
        Self {
            form: Self::FORM,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            run: now.strftime("%Y%m%d%H%M%S").to_string(),
            cluster: cluster.to_owned(),
            backup,
            folder: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            safety: None,
            is_redo: false,
            before: Vec::new(),
            databases: Vec::new(),
            blocks: Vec::new(),
            bare: Vec::new(),
            connect: None,
            slots: 1,
            has_tablespaces: false,
            users: UserDump::Dump,
            began: now,
            phase: Phase::Running,
            why: None,
            ended: None,
            steps: Vec::new(),
            findings: Vec::new(),
        }
    }
}

impl Record for Diary {
    const FORM: u32 = 1;

    fn phase(&self) -> Phase {
        self.phase
    }

    fn steps(&self) -> &[Progress] {
        &self.steps
    }

    fn entries(&mut self) -> Entries<'_> {
        let Self { phase, why, ended, steps, findings, .. } = self;
        Entries { phase, why, ended, steps, findings }
    }
}

/// The record with a number that grows with each writing: of two, the one with the greater is the later one.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Envelope {
    form: u32,
    version: String,
    serial: u64,
    record: Diary,
}

/// Where the record of a run is kept.
#[derive(Debug)]
pub struct RemoteStore {
    remote: Arc<Remote>,
    /// The SHA-256 of what is on the management node, as far as this process knows.
    known: Option<String>,
    serial: u64,
    record: Diary,
    is_foreign: bool,
}

impl RemoteStore {
    /// A store for a new run, beside what is on the management node.
    pub fn begin(remote: Arc<Remote>, found: Option<&Self>, record: Diary) -> Self {
        let known = found.and_then(|found| found.known.clone());
        Self { remote, known, serial: found.map_or(0, |found| found.serial), record, is_foreign: false }
    }

    /// Whether only the record beside the backup here knows the run, and the management node never had one: the cluster was lost since, and
    /// this is another one. What the record says was done was not done on it.
    pub fn is_foreign(&self) -> bool {
        self.is_foreign
    }

    /// The last run on this cluster: what the management node has, or what lies beside a backup here, whatever is later. None if there was none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub async fn find(remote: &Arc<Remote>) -> Result<Option<Self>, Halt> {
        let command = command(remote, READ, &[])?;
        let said = remote.call(&command, &remote.inventory.backups).await?;
        // Lines are joined as they were: what was written ends without a line break.
        let text = said.out.trim_end_matches('\n');
        let was_never_there = text == NEVER;
        let text = if was_never_there { "" } else { text };
        let there = if text.is_empty() { None } else { Some(parse(text, &format!("the record on {}", command.host))?) };
        let known = there.as_ref().map(|_| sha256_of(text));
        let here = here(remote)?;
        let latest = match (there, here) {
            (Some(there), Some(here)) if here.record.run == there.record.run && here.serial > there.serial => {
                Some(here)
            }
            (Some(there), _) => Some(there),
            (None, here) => here,
        };
        let store = |Envelope { serial, record, .. }| Self {
            remote: Arc::clone(remote),
            known,
            serial,
            record,
            is_foreign: was_never_there,
        };
        Ok(latest.map(store))
    }

    /// The file here.
    fn path(&self) -> PathBuf {
        self.remote.inventory.backups.join(&self.record.folder).join(FILE)
    }
}

/// The latest record beside a backup here that belongs to a run that is not over.
fn here(remote: &Remote) -> Result<Option<Envelope>, Halt> {
    let entries = std::fs::read_dir(&remote.inventory.backups).into_iter().flatten().flatten();
    let mut all = Vec::new();
    for entry in entries {
        let path = entry.path().join(FILE);
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        let envelope = parse(&text, &path.display().to_string())?;
        let is_over = matches!(envelope.record.phase, Phase::Undone | Phase::Finalized);
        if envelope.record.cluster == remote.inventory.name && !is_over {
            all.push(envelope);
        }
    }
    Ok(all.into_iter().max_by_key(|envelope| envelope.record.began))
}

/// Whether a restore of the backup in a folder is not over: its record there says so. What is beside it is needed to undo it.
pub fn is_open(folder: &std::path::Path) -> bool {
    let text = std::fs::read_to_string(folder.join(FILE)).ok();
    // One that cannot be read may be of a run that is not over.
    text.is_some_and(|text| {
        parse(&text, FILE).map_or(true, |it| !matches!(it.record.phase, Phase::Undone | Phase::Finalized))
    })
}

fn parse(text: &str, what: &str) -> Result<Envelope, Halt> {
    #[derive(Deserialize)]
    struct Head {
        form: u32,
        version: String,
    }
    let unreadable = |error: serde_json::Error| Halt::new(format!("{what} cannot be read: {error}"));
    let head: Head = serde_json::from_str(text).map_err(unreadable)?;
    if head.form > Diary::FORM {
        let version = hwdr_values::shown::plain(&head.version).into_owned();
        return Err(Halt::new(format!("{what}: a later hwdr ({version}) has written it"))
            .help("use that version, or a later one"));
    }
    let envelope: Envelope = serde_json::from_str(text).map_err(unreadable)?;
    let Diary { run, folder, .. } = &envelope.record;
    // They become parts of paths.
    let is_run = (1..=20).contains(&run.len()) && run.bytes().all(|byte| byte.is_ascii_digit());
    let is_folder = !folder.is_empty() && !folder.contains('/') && !folder.starts_with('.');
    match is_run && is_folder {
        true => Ok(envelope),
        false => Err(Halt::new(format!("{what} is damaged: the run or its folder has no proper name"))),
    }
}

fn command(remote: &Remote, script: &'static str, more: &[&str]) -> Result<Command, Halt> {
    let host = remote.inventory.management().ok_or_else(|| Halt::new("the inventory has no management server"))?;
    let folder = format!("{}/{FOLDER}", remote.inventory.paths.ndb_backups);
    let arguments: Vec<&str> = [folder.as_str()].into_iter().chain(more.iter().copied()).collect();
    Ok(Command::script(&host.name, Account::Mysql, script, &arguments))
}

impl Store for RemoteStore {
    type Record = Diary;

    fn load(&self) -> Result<Diary, Halt> {
        Ok(self.record.clone())
    }

    async fn save(&mut self, record: &Diary) -> Result<(), Halt> {
        let serial = self.serial.saturating_add(1);
        let envelope = Envelope { form: Diary::FORM, version: record.version.clone(), serial, record: record.clone() };
        let text = serde_json::to_string_pretty(&envelope).map_err(|error| Halt::new(error.to_string()))?;
        let known = self.known.clone().unwrap_or_else(|| "none".to_owned());
        let command = command(&self.remote, WRITE, &[&known, &sha256_of(&text)])?.reading(Input::Text(text.clone()));
        match self.remote.call(&command, &self.remote.inventory.backups).await {
            Ok(_) => {}
            Err(Failed { how: How::Status(OTHER), host, .. }) => {
                return Err(Halt::lost(format!(
                    "the record on {host} was written by another process, so this one stops"
                )));
            }
            Err(failed) => return Err(failed.into()),
        }
        self.known = Some(sha256_of(&text));
        self.serial = serial;
        self.record = record.clone();
        let path = self.path();
        let unwritten = |error| Halt::new(format!("{} cannot be written: {error}", path.display()));
        if let Some(folder) = path.parent() {
            // Users with digests of their passwords will lie beside it.
            private(folder).map_err(unwritten)?;
        }
        local::replace(&path, &text).map_err(unwritten)
    }
}
