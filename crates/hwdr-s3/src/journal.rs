//! What was done, recorded before it is done, in the bucket itself: the next run finds it, from any machine.
//!
//! ```text
//! .hwdr/rewind/<run>.json                       what the run is to do, and its shares
//! .hwdr/rewind/<run>.finished.json, .undone.json  empty but for the time: the run is finished, or undone
//! .hwdr/journal/<run>/<share>-<time>-<number>   a page's acts: JSON, one per line
//! .hwdr/journal/<run>/<share>-checkpoint        the key after which the share continues
//! .hwdr/copies/<run>/<share>-<time>-<number>    copies that a listing does not identify
//! ```
//!
//! Others may be able to write there. So what is read is checked ([`checked`]), and of objects written once the *first* version is read:
//! later ones are not hwdr's.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::checked;
use super::client::{Client, Error, Problem};
use super::decide::Done;
use super::folders::Folders;
use super::history::{Entry, History, NULL};
use super::listing::Marker;
use super::share::{Share, Walk};
use super::window::Window;
use hwdr_values::plain_data;

/// Everything of hwdr's own in a bucket. Never rewound.
pub const RESERVED: &str = ".hwdr/";
const RUNS: &str = ".hwdr/rewind/";
const JOURNAL: &str = ".hwdr/journal/";
const COPIES: &str = ".hwdr/copies/";

/// How many runs are read, and the bytes of all of them: a run is a few kilobytes, and each restore writes one.
const MOST_RUNS: usize = 10_000;
const MOST_RUN_BYTES: usize = 64 << 20;
/// Bytes of acts in one object: a quarter of what one read accepts ([`super::client::MOST_OF_PAGE`]), so one more act still fits.
const MOST_OF_ACTS: usize = 4 << 20;
/// How many of its own copies hwdr knows, some 100 bytes each. Those beyond are copied again, which is harmless, and not undone.
const MOST_COPIES: usize = 500_000;

/// What a run is to do. Two runs of the same aim do the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// Keys below it.
    pub prefix: String,
    /// The time to rewind to.
    pub window: Window,
    /// Whether objects created later are hidden.
    pub exact: bool,
    /// A folder of backups under another than the usual name: also left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups: Option<String>,
}

impl Aim {
    /// Whether a rewind may change the key, in a bucket with such folders.
    pub fn touches(&self, key: &str, folders: Folders) -> bool {
        key.starts_with(&self.prefix) && !self.leaves(key, folders)
    }

    /// What a rewind leaves alone: hwdr's own notes, and backups that share the bucket, unless its prefix is theirs.
    fn leaves(&self, key: &str, folders: Folders) -> bool {
        if key.starts_with(RESERVED) {
            return true;
        }
        let named = self.backups.as_deref().is_some_and(|folder| {
            key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) && !self.prefix.starts_with(folder)
        });
        let folder = key.split_inclusive('/').next().unwrap_or_default();
        let Some(name) = folder.strip_suffix('/') else { return false };
        named || folders.are_backups(folder) && !self.prefix.starts_with(name)
    }
}

/// A run, as the journal records it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rewind {
    /// Its name: the time when it began, and a suffix that distinguishes runs of the same second.
    #[serde(skip)]
    pub id: String,
    /// When it was written, by the server's clock, in seconds since 1970; 0 before that.
    #[serde(skip)]
    pub written: i64,
    /// What it is to do.
    pub aim: Aim,
    /// The shares of the key space. They stay the same when the run is resumed.
    pub shares: Vec<Share>,
    /// The version of hwdr.
    pub hwdr: String,
    /// Who owns it, if several workers share it: a digest of their secret ([`Rewind::shared_by`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<String>,
    /// Their secret, if known. It is not written down: workers use it to recognize each other's checkpoints.
    #[serde(skip)]
    secret: Option<String>,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Begun, and neither finished nor undone.
    Begun,
    /// Finished, or replaced by another.
    Finished,
    /// Undone.
    Undone,
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The key.
    pub key: String,
    /// What is done to it.
    #[serde(flatten)]
    pub done: Done,
}

/// Where a share continues.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// After this key.
    pub after: String,
    /// The share is finished.
    pub through: bool,
    /// Proves that the writer knows the workers' secret.
    #[serde(default)]
    seal: String,
}

impl Checkpoint {
    /// Continues after that key.
    pub fn after(key: String) -> Self {
        Self { after: key, ..Self::default() }
    }

    /// Nothing is left to do.
    pub fn through() -> Self {
        Self { through: true, ..Self::default() }
    }
}

impl Rewind {
    /// A run that begins now.
    pub fn new(aim: Aim, shares: Vec<Share>) -> Self {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let id = format!("{now}-{:06x}", fastrand::u32(..0x100_0000));
        Self { id, written: 0, aim, shares, hwdr: env!("CARGO_PKG_VERSION").to_owned(), workers: None, secret: None }
    }

    /// The same run, for workers that share `secret`, which nobody else knows: a Job's uid.
    pub fn shared_by(self, secret: &str) -> Self {
        Self { workers: Some(digest(&["workers", secret])), secret: Some(secret.to_owned()), ..self }
    }

    /// Whether it belongs to the workers that share `secret`.
    pub fn is_of(&self, secret: &str) -> bool {
        self.workers.as_deref() == Some(&digest(&["workers", secret]))
    }

    /// All runs in the bucket, in the order in which the server received them.
    ///
    /// # Errors
    /// If they cannot be read, or were not written by hwdr.
    pub async fn all(client: &Client) -> Result<Vec<(Self, State)>, Error> {
        let mut found: BTreeMap<String, (State, Option<(History, Entry)>)> = BTreeMap::new();
        let mut walk = Walk::new(client, RUNS, &Share::default());
        while let Some(chunk) = walk.next().await? {
            for history in chunk.keys.into_iter().filter(|history| history.visible().is_some()) {
                let Some(name) = history.key.strip_prefix(RUNS).and_then(|name| name.strip_suffix(".json")) else {
                    continue;
                };
                let (id, state) = match name.split_once('.') {
                    Some((id, "undone")) => (id, State::Undone),
                    Some((id, "finished")) => (id, State::Finished),
                    Some(_) => continue,
                    None => (name, State::Begun),
                };
                if !checked::is_run_id(id) {
                    continue;
                }
                let known = found.entry(id.to_owned()).or_insert((state, None));
                if known.0 == State::Begun || state == State::Undone {
                    known.0 = state;
                }
                if state == State::Begun {
                    known.1 = first(&history).cloned().map(|entry| (history, entry));
                }
                if found.len() > MOST_RUNS {
                    return Err(damaged(client, RUNS, format!("it has more than {MOST_RUNS} runs")));
                }
            }
        }
        let (mut runs, mut bytes) = (Vec::new(), 0_usize);
        for (id, (state, written)) in found {
            let Some((History { key, .. }, entry)) = written else { continue };
            let Some(text) = client.get_version(&key, &entry.version).await? else { continue };
            bytes = bytes.saturating_add(text.len());
            if bytes > MOST_RUN_BYTES {
                return Err(damaged(client, RUNS, format!("its runs have more than {} MiB", MOST_RUN_BYTES >> 20)));
            }
            let run: Self = serde_json::from_slice(&text).map_err(|error| damaged(client, &key, error))?;
            checked::cover(&run.shares).map_err(|problem| damaged(client, &key, problem))?;
            runs.push((Self { id, written: entry.modified, ..run }, state));
        }
        runs.sort_by(|(one, _), (other, _)| (one.written, &one.id).cmp(&(other.written, &other.id)));
        Ok(runs)
    }

    /// How many of its shares are finished.
    ///
    /// # Errors
    /// If their checkpoints cannot be read.
    pub async fn through(&self, client: &Client) -> Result<usize, Error> {
        let mut through = 0;
        for share in 0..self.shares.len() {
            through += usize::from(self.checkpoint(client, share).await?.through);
        }
        Ok(through)
    }

    /// Records the start of the run before anything is changed. This also verifies that the bucket really keeps versions.
    ///
    /// # Errors
    /// If it cannot be written, or has no version: then nothing may be done.
    pub async fn begin(&self, client: &Client) -> Result<(), Error> {
        let key = format!("{RUNS}{}.json", self.id);
        let text = plain_data::text(self).into_bytes();
        client.put(&key, text).await?;
        let listed = client.list_versions(&key, &Marker::default(), None, 1).await?.keys;
        let version = listed.iter().find(|history| history.key == key).and_then(History::visible);
        if version.is_some_and(|entry| entry.version != NULL) {
            return Ok(());
        }
        Err(error(client, &key, Problem::Unversioned))
    }

    /// Records that it is finished or undone.
    ///
    /// # Errors
    /// If it cannot.
    pub async fn mark(&self, client: &Client, state: State) -> Result<(), Error> {
        let name = match state {
            State::Begun => return Ok(()),
            State::Finished => "finished",
            State::Undone => "undone",
        };
        let text = format!("{{\"at\": \"{}\"}}\n", jiff::Timestamp::now());
        client.put(&format!("{RUNS}{}.{name}.json", self.id), text.into_bytes()).await
    }

    /// Records what is about to be done. Each call writes a new object: nothing already written is lost.
    ///
    /// # Errors
    /// If it cannot be written; then nothing may be done.
    pub async fn write(&self, client: &Client, share: usize, records: &[Record]) -> Result<(), Error> {
        let mut text = Vec::new();
        for record in records {
            text.extend(plain_data::bytes(record));
            text.push(b'\n');
            if text.len() > MOST_OF_ACTS {
                client.put(&self.unique(JOURNAL, share), std::mem::take(&mut text)).await?;
            }
        }
        if text.is_empty() { Ok(()) } else { client.put(&self.unique(JOURNAL, share), text).await }
    }

    /// Records copies that a listing would not identify: each one's id and its source's.
    ///
    /// # Errors
    /// If it cannot.
    pub(crate) async fn write_copies(
        &self,
        client: &Client,
        share: usize,
        copies: &[(String, String)],
    ) -> Result<(), Error> {
        client.put(&self.unique(COPIES, share), plain_data::bytes(&copies)).await
    }

    fn unique(&self, folder: &str, share: usize) -> String {
        let now = jiff::Timestamp::now().as_millisecond();
        format!("{folder}{}/{share:05}-{now:013}-{:08x}", self.id, fastrand::u32(..))
    }

    /// Where the share continues: at its start, unless one of the workers recorded another position.
    ///
    /// # Errors
    /// If that cannot be read.
    pub(crate) async fn checkpoint(&self, client: &Client, share: usize) -> Result<Checkpoint, Error> {
        let bytes = client.get(&self.checkpoint_key(share)).await?.unwrap_or_default();
        let known = serde_json::from_slice(&bytes).unwrap_or_else(|_| Checkpoint::default());
        let is_theirs = self.seal(share, &known).is_some_and(|seal| seal == known.seal);
        Ok(if is_theirs { known } else { Checkpoint::default() })
    }

    /// Records how far the share is.
    ///
    /// # Errors
    /// If it cannot.
    pub async fn set_checkpoint(&self, client: &Client, share: usize, checkpoint: &Checkpoint) -> Result<(), Error> {
        let seal = self.seal(share, checkpoint).unwrap_or_default();
        let sealed = Checkpoint { seal, ..checkpoint.clone() };
        client.put(&self.checkpoint_key(share), plain_data::bytes(&sealed)).await
    }

    /// Proves that a worker wrote the checkpoint, for this share of this run.
    fn seal(&self, share: usize, checkpoint: &Checkpoint) -> Option<String> {
        let secret = self.secret.as_deref()?;
        let said = format!("{} {share} {} {}", self.id, checkpoint.through, checkpoint.after);
        // Twice, as in HMAC, so that nothing can be appended.
        Some(digest(&["seal", secret, &digest(&["said", secret, &said])]))
    }

    fn checkpoint_key(&self, share: usize) -> String {
        format!("{JOURNAL}{}/{share:05}-checkpoint", self.id)
    }

    /// Walks over the journal's objects.
    pub fn walk(&self, client: &Client) -> Walk {
        Walk::new(client, &format!("{JOURNAL}{}/", self.id), &Share::default())
    }

    /// Reads one of them: its acts, or none if it is of another kind.
    ///
    /// # Errors
    /// If it cannot be read, or has what this run cannot have written.
    pub async fn read(&self, client: &Client, page: &History) -> Result<Vec<Record>, Error> {
        let key = &page.key;
        let Some(number) = key.rsplit('/').next().and_then(checked::share_of) else { return Ok(Vec::new()) };
        let Some(share) = self.shares.get(number) else {
            return Err(damaged(client, key, format!("run {} has no share {number}", self.id)));
        };
        let Some(bytes) = read_first(client, page).await? else { return Ok(Vec::new()) };
        let mut records = Vec::new();
        for (at, line) in (1..).zip(bytes.split(|&byte| byte == b'\n')).filter(|(_, line)| !line.is_empty()) {
            let wrong = |problem: String| damaged(client, key, format!("line {at}: {problem}"));
            let record: Record = serde_json::from_slice(line).map_err(|error| wrong(error.to_string()))?;
            checked::record(&self.aim, client.folders(), share, &record).map_err(wrong)?;
            records.push(record);
        }
        Ok(records)
    }
}

/// The copies of all runs that a listing does not identify, by id, with their sources' ids. Their entity tags differ, as in a bucket
/// encrypted with a customer's key; elsewhere there are none. The caller compares them with the versions themselves
/// ([`super::decide::may_be_copy`]).
///
/// # Errors
/// If they cannot be read.
pub(crate) async fn own_copies(client: &Client) -> Result<HashMap<String, String>, Error> {
    let mut all = HashMap::new();
    let mut walk = Walk::new(client, COPIES, &Share::default());
    while let Some(chunk) = walk.next().await? {
        for history in chunk.keys {
            if all.len() > MOST_COPIES {
                return Ok(all);
            }
            let Some(bytes) = read_first(client, &history).await? else { continue };
            let pairs: Vec<(String, String)> =
                serde_json::from_slice(&bytes).map_err(|error| damaged(client, &history.key, error))?;
            all.extend(pairs);
        }
    }
    Ok(all)
}

/// The first data of a key: what hwdr writes once, under a unique name.
fn first(history: &History) -> Option<&Entry> {
    history.entries.iter().rfind(|entry| entry.is_data())
}

async fn read_first(client: &Client, history: &History) -> Result<Option<Vec<u8>>, Error> {
    match first(history).filter(|_| !history.key.ends_with('/')) {
        Some(entry) => client.get_version(&history.key, &entry.version).await,
        None => Ok(None),
    }
}

/// SHA-256 over texts, each prefixed with its length.
fn digest(texts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn damaged(client: &Client, key: &str, problem: impl ToString) -> Error {
    error(client, key, Problem::Journal(problem.to_string()))
}

fn error(client: &Client, key: &str, problem: Problem) -> Error {
    Error { action: "s3:GetObject", bucket: client.bucket().to_owned(), key: Some(key.to_owned()), problem }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folders::TEST;

    #[test]
    fn a_checkpoint_is_sealed_for_its_share_and_run() {
        let aim = Aim { prefix: String::new(), window: Window { from: 0, to: 0 }, exact: false, backups: None };
        let run = || Rewind { id: "a".to_owned(), ..Rewind::new(aim.clone(), vec![Share::default()]) };
        let (one, through) = (run().shared_by("uid"), Checkpoint::through());
        let seal = one.seal(0, &through);
        assert!(seal.is_some() && one.workers.is_some());
        assert_eq!(one.seal(0, &through), seal);
        assert_ne!(one.seal(1, &through), seal, "another share");
        assert_ne!(one.seal(0, &Checkpoint::after("k".to_owned())), seal);
        assert_ne!(Rewind { id: "b".to_owned(), ..run() }.shared_by("uid").seal(0, &through), seal, "another run");
        assert_ne!(run().shared_by("other").seal(0, &through), seal);
        assert_eq!(run().seal(0, &through), None, "nobody's");
        let text = serde_json::to_string(&one).unwrap();
        assert!(!text.contains("uid") && text.contains(&one.workers.unwrap()), "{text}");
    }

    #[test]
    fn backups_and_notes_are_left_alone() {
        for (prefix, key, left) in [
            ("", ".hwdr/rewind/x.json", true),
            (".hwdr/", ".hwdr/rewind/x.json", true),
            ("", "rondb_backup/254811200/users.sql", true),
            ("", "k8s_backup/x", true),
            ("", "opensearch_backup/index-1", true),
            ("rondb_backup/", "rondb_backup/254811200/users.sql", false),
            ("", "rondb_backups", false),
            ("", "blocks/1", false),
            ("", "/rondb_backup/x", false),
            ("", "our/backups/254811200/users.sql", true),
            ("", "our/backups2/x", false),
            ("our/backups/", "our/backups/254811200/users.sql", false),
        ] {
            let window = Window { from: 0, to: 0 };
            let aim = Aim { prefix: prefix.to_owned(), window, exact: false, backups: Some("our/backups".to_owned()) };
            let folders = Folders { blocks: "blocks", ..TEST };
            assert_eq!(aim.leaves(key, folders), left, "{prefix} {key}");
        }
    }
}
