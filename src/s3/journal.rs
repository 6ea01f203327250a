//! What was done, written down before it is done, in the bucket itself: whoever comes next, from whatever machine, finds it.
//!
//! ```text
//! .hwdr/rewind/<run>.json                       what the run is to do, and its shares
//! .hwdr/rewind/<run>.finished.json, .undone.json  empty but for the time: the run is through, or taken back
//! .hwdr/journal/<run>/<share>-<time>-<number>   a page's acts: JSON, one a line
//! .hwdr/journal/<run>/<share>-checkpoint        the key after which the share goes on
//! .hwdr/copies/<run>/<share>-<time>-<number>    copies that a listing does not show to be such
//! ```

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::client::{Client, Error, Problem};
use super::decide::Done;
use super::share::{Share, Walk};
use super::window::Window;

/// Everything of hwdr's own in a bucket. Never rewound.
pub const RESERVED: &str = ".hwdr/";
const RUNS: &str = ".hwdr/rewind/";
const JOURNAL: &str = ".hwdr/journal/";
const COPIES: &str = ".hwdr/copies/";

/// What a run is to do. Two runs of the same aim do the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aim {
    /// Keys below it.
    pub prefix: String,
    /// To when.
    pub window: Window,
    /// Whether what was born later is hidden.
    pub exact: bool,
    /// A folder of backups under another name than the usual one: left alone, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backups: Option<String>,
}

impl Aim {
    /// What a rewind leaves alone: hwdr's own notes, and backups that share the bucket with HopsFS. To bring those back would undo later
    /// backups, and break OpenSearch's repository, whose index names what is in it.
    pub fn leaves(&self, key: &str) -> bool {
        if key.starts_with(RESERVED) {
            return true;
        }
        let named = self.backups.as_deref().is_some_and(|folder| {
            key.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')) && !self.prefix.starts_with(folder)
        });
        let Some((folder, _)) = key.split_once('/') else { return false };
        let usual = folder == "rondb_backup" || folder == "k8s_backup" || folder.starts_with("opensearch");
        named || usual && !self.prefix.starts_with(folder)
    }
}

/// A run, as the journal holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its name: the time of its begin, and something to tell it from others of that second.
    #[serde(skip)]
    pub id: String,
    /// What it is to do.
    pub aim: Aim,
    /// The parts of the key space that it is done in. They stay as they are when it is resumed.
    pub shares: Vec<Share>,
    /// The version of hwdr.
    pub hwdr: String,
    /// What the workers that share it have in common (a Job's uid), where it is done by several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<String>,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Begun, and neither finished nor taken back.
    Begun,
    /// Through, or another has taken its place.
    Finished,
    /// Taken back.
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

/// Where a share goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// After this key.
    pub after: String,
    /// The share is through.
    pub through: bool,
}

impl Run {
    /// A run that begins now.
    pub fn new(aim: Aim, shares: Vec<Share>) -> Self {
        let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let id = format!("{now}-{:06x}", fastrand::u32(..0x100_0000));
        Self { id, aim, shares, hwdr: env!("CARGO_PKG_VERSION").to_owned(), workers: None }
    }

    /// All runs that the bucket knows of, oldest first.
    ///
    /// # Errors
    /// Where they cannot be read.
    pub async fn all(client: &Client) -> Result<Vec<(Self, State)>, Error> {
        let mut names: BTreeMap<String, State> = BTreeMap::new();
        let mut walk = Walk::new(client, RUNS, &Share::default());
        while let Some(chunk) = walk.next().await? {
            for history in chunk.keys.iter().filter(|history| history.visible().is_some()) {
                let Some(name) = history.key.strip_prefix(RUNS).and_then(|name| name.strip_suffix(".json")) else {
                    continue;
                };
                let (id, state) = match name.split_once('.') {
                    Some((id, "undone")) => (id, State::Undone),
                    Some((id, "finished")) => (id, State::Finished),
                    Some(_) => continue,
                    None => (name, State::Begun),
                };
                let known = names.entry(id.to_owned()).or_insert(state);
                if *known == State::Begun || state == State::Undone {
                    *known = state;
                }
            }
        }
        let mut runs = Vec::new();
        for (id, state) in names {
            runs.extend(Self::load(client, &id).await?.map(|run| (run, state)));
        }
        Ok(runs)
    }

    /// The run of that name, if there is one: how a pod learns what it has to do.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn load(client: &Client, id: &str) -> Result<Option<Self>, Error> {
        let key = format!("{RUNS}{id}.json");
        let Some(bytes) = client.get(&key).await? else { return Ok(None) };
        let run: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(client, &key, &error))?;
        Ok(Some(Self { id: id.to_owned(), ..run }))
    }

    /// How many of its shares are through.
    ///
    /// # Errors
    /// Where their checkpoints cannot be read.
    pub async fn through(&self, client: &Client) -> Result<usize, Error> {
        let mut through = 0;
        for share in 0..self.shares.len() {
            through += usize::from(self.checkpoint(client, share).await?.through);
        }
        Ok(through)
    }

    /// Writes down that it begins.
    ///
    /// # Errors
    /// Where it cannot.
    pub async fn begin(&self, client: &Client) -> Result<(), Error> {
        let text = serde_json::to_vec_pretty(self).expect("it is plain data");
        client.put(&format!("{RUNS}{}.json", self.id), text).await
    }

    /// Writes down that it is finished or undone.
    ///
    /// # Errors
    /// Where it cannot.
    pub async fn mark(&self, client: &Client, state: State) -> Result<(), Error> {
        let name = match state {
            State::Begun => return Ok(()),
            State::Finished => "finished",
            State::Undone => "undone",
        };
        let text = format!("{{\"at\": \"{}\"}}\n", jiff::Timestamp::now());
        client.put(&format!("{RUNS}{}.{name}.json", self.id), text.into_bytes()).await
    }

    /// Writes down what is about to be done. Each call writes an object of its own: nothing that was written is lost.
    ///
    /// # Errors
    /// Where it cannot; then nothing may be done.
    pub async fn write(&self, client: &Client, share: usize, records: &[Record]) -> Result<(), Error> {
        let mut text = Vec::new();
        for record in records {
            serde_json::to_writer(&mut text, record).expect("it is plain data");
            text.push(b'\n');
        }
        client.put(&self.unique(JOURNAL, share), text).await
    }

    /// Writes down copies that a listing would not show to be such: each one's id and its source's.
    ///
    /// # Errors
    /// Where it cannot.
    pub async fn write_copies(&self, client: &Client, share: usize, copies: &[(String, String)]) -> Result<(), Error> {
        client.put(&self.unique(COPIES, share), serde_json::to_vec(copies).expect("they are texts")).await
    }

    fn unique(&self, folder: &str, share: usize) -> String {
        let now = jiff::Timestamp::now().as_millisecond();
        format!("{folder}{}/{share:05}-{now:013}-{:08x}", self.id, fastrand::u32(..))
    }

    /// Where the share goes on.
    ///
    /// # Errors
    /// Where that cannot be read.
    pub async fn checkpoint(&self, client: &Client, share: usize) -> Result<Checkpoint, Error> {
        let key = self.checkpoint_key(share);
        let Some(bytes) = client.get(&key).await? else { return Ok(Checkpoint::default()) };
        serde_json::from_slice(&bytes).map_err(|error| damaged(client, &key, &error))
    }

    /// Writes down how far the share is.
    ///
    /// # Errors
    /// Where it cannot.
    pub async fn set_checkpoint(&self, client: &Client, share: usize, checkpoint: &Checkpoint) -> Result<(), Error> {
        client.put(&self.checkpoint_key(share), serde_json::to_vec(checkpoint).expect("it is plain data")).await
    }

    fn checkpoint_key(&self, share: usize) -> String {
        format!("{JOURNAL}{}/{share:05}-checkpoint", self.id)
    }

    /// A walk over the journal's objects.
    pub fn walk(&self, client: &Client) -> Walk {
        Walk::new(client, &format!("{JOURNAL}{}/", self.id), &Share::default())
    }

    /// Reads one of them: its acts, or none if it is of another kind.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn read(&self, client: &Client, key: &str) -> Result<Vec<Record>, Error> {
        if key.ends_with("-checkpoint") {
            return Ok(Vec::new());
        }
        let bytes = client.get(key).await?.unwrap_or_default();
        let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).map_err(|error| damaged(client, key, &error))).collect()
    }
}

/// All runs' copies that a listing does not show to be such, each one's id with its source's: their entity tags differ, as where
/// the bucket encrypts by a key of one's own. Elsewhere there are none.
///
/// # Errors
/// Where they cannot be read.
pub async fn own_copies(client: &Client) -> Result<HashMap<String, String>, Error> {
    let mut all = HashMap::new();
    let mut walk = Walk::new(client, COPIES, &Share::default());
    while let Some(chunk) = walk.next().await? {
        for history in chunk.keys {
            let bytes = client.get(&history.key).await?.unwrap_or_default();
            let pairs: Vec<(String, String)> =
                serde_json::from_slice(&bytes).map_err(|error| damaged(client, &history.key, &error))?;
            all.extend(pairs);
        }
    }
    Ok(all)
}

fn damaged(client: &Client, key: &str, error: &serde_json::Error) -> Error {
    Error {
        action: "s3:GetObject",
        bucket: client.bucket().to_owned(),
        key: Some(key.to_owned()),
        problem: Problem::Nonsense(format!("the journal is damaged: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(aim.leaves(key), left, "{prefix} {key}");
        }
    }
}
