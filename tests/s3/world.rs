//! A bucket with a random past, and a model that recorded what a client saw at the end of each round of changes.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt};
use hwdr::product::hopsworks::hopsfs::bucket::FOLDERS;
use hwdr::s3::client::{Client, Retries, Settings};
use hwdr::s3::listing::Marker;

/// What a client reads: each key's content, or none if it is not there.
pub(crate) type State = BTreeMap<String, Option<Vec<u8>>>;

pub(crate) struct World {
    pub bucket: Bucket,
    /// The end of each round, as S3 tells time, and what a client saw then.
    pub rounds: Vec<(i64, State)>,
    random: fastrand::Rng,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    name: String,
    /// What was put, newest first: content (none: a delete marker) and second.
    past: Vec<(Option<Vec<u8>>, i64)>,
}

pub(crate) fn endpoint() -> String {
    std::env::var("HWDR_LAB_S3_ENDPOINT")
        .expect("HWDR_LAB_S3_ENDPOINT names the S3 server: lab/test sets it (docs/lab.md)")
}

pub(crate) fn settings(bucket: &str, endpoint: &str) -> Settings {
    Settings {
        endpoint: Some(endpoint.to_owned()),
        path_style: true,
        retries: Retries { first_pause: Duration::from_millis(10), ..Retries::default() },
        ..Settings::new(bucket, FOLDERS)
    }
}

/// A bucket of a test's own, which goes away with it: SeaweedFS has room for some thirty.
pub(crate) struct Bucket {
    pub name: String,
    pub client: Client,
}

impl Bucket {
    /// Makes one with versions.
    pub(crate) async fn new(what: &str) -> Self {
        Self::make(what, &["versioned"]).await
    }

    /// Makes one without.
    pub(crate) async fn plain(what: &str) -> Self {
        Self::make(what, &[]).await
    }

    async fn make(what: &str, how: &[&str]) -> Self {
        let name = format!("test-{what}-{:08x}", fastrand::u32(..));
        lab_s3(&[&["make-bucket", &name], how].concat());
        let client = Client::connect(settings(&name, &endpoint())).await.expect("it connects");
        Self { name, client }
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        lab_s3(&["drop-bucket", &self.name]);
    }
}

/// The lab's own S3 client: written by others than hwdr's.
pub(crate) fn lab_s3(arguments: &[&str]) -> String {
    let done = std::process::Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lab/s3"))
        .args(arguments)
        .env("LAB_S3_ENDPOINT", endpoint())
        .output()
        .expect("lab/s3 runs");
    assert!(done.status.success(), "lab/s3 {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

pub(crate) fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64
}

/// Waits until `second` is over.
pub(crate) async fn over(second: i64) {
    while now() <= second {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Names of every awkward kind. SeaweedFS folds `//` and drops a leading slash, so no two of them may fold to the same.
fn names(count: usize) -> Vec<String> {
    let mut names: Vec<String> = [
        "plain",
        "with space",
        "plus+sign",
        "per%41cent",
        "am&p<er>\"sand'",
        "ünïcödé/ключ/鍵/🔑",
        "fold//ed",
        "/leading",
        "deep/er/still/1",
        // Names that begin alike, where SeaweedFS loses some.
        "x/1",
        "x/2",
        "x/3",
        "x",
        "x-b",
        "x.c",
        "x-d/1",
        "x-d/2",
        "k",
        "k-1",
        "k.2",
        "~tilde",
        "colon:semi;",
        "a=b?c#d",
        "(round)[square]{curly}",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("é".repeat(512));
    names.push(format!("long/{}", "n".repeat(1019)));
    for number in names.len()..count {
        names.push(format!("blocks-{}/blk_{number:06}", number % 3));
    }
    names.truncate(count.max(1));
    names
}

impl World {
    /// Makes a bucket and gives it a past of `rounds` rounds of changes to `count` keys, each round in seconds of its own.
    pub(crate) async fn new(seed: u64, count: usize, rounds: usize) -> Self {
        let bucket = Bucket::new("past").await;
        let keys = names(count).into_iter().map(|name| Key { name, past: Vec::new() }).collect();
        let mut world = Self { bucket, rounds: Vec::new(), random: fastrand::Rng::with_seed(seed), keys };
        for _ in 0..rounds {
            world.round().await;
        }
        world
    }

    async fn round(&mut self) {
        let client = &self.bucket.client;
        let seeds: Vec<u64> = self.keys.iter().map(|_| self.random.u64(..)).collect();
        let began = now();
        let changed = stream::iter(self.keys.clone().into_iter().zip(seeds))
            .map(|(mut key, seed)| async move {
                let mut random = fastrand::Rng::with_seed(seed);
                for _ in 0..random.usize(0..4) {
                    deed(client, &mut key, &mut random).await;
                }
                key
            })
            .buffered(16)
            .collect()
            .await;
        self.keys = changed;
        let end = now();
        // Deeds of this round happened in the seconds from `began` to `end`; the model only speaks of its end.
        for key in &mut self.keys {
            for (_, second) in &mut key.past {
                if *second >= began {
                    *second = end;
                }
            }
        }
        over(end).await;
        self.rounds.push((end, State::new()));
        self.tell();
    }

    /// What a client saw at the end of each round. A delete marker that somebody has removed by hand has left no trace of ever having been
    /// there: that is so on every server.
    fn tell(&mut self) {
        for (end, state) in &mut self.rounds {
            for key in &self.keys {
                let seen = key.past.iter().find(|(_, second)| second <= end).and_then(|(content, _)| content.clone());
                state.insert(key.name.clone(), seen);
            }
        }
    }

    /// What a client reads now.
    pub(crate) async fn read(&self) -> State {
        read(&self.bucket.client, self.keys.iter().map(|key| key.name.clone())).await
    }
}

/// What a client reads of these keys now.
pub(crate) async fn read(client: &Client, keys: impl IntoIterator<Item = String>) -> State {
    let keys: Vec<String> = keys.into_iter().collect();
    let read = keys.iter().map(|key| client.get(key));
    let contents = join_all(read).await;
    keys.iter().cloned().zip(contents.into_iter().map(|content| content.expect("it can be read"))).collect()
}

/// One change to one key.
async fn deed(client: &Client, key: &mut Key, random: &mut fastrand::Rng) {
    let name = key.name.as_str();
    match random.u32(0..10) {
        0..=4 => {
            let content = format!("{} at {}, {:016x}", name.len(), now(), random.u64(..)).into_bytes();
            client.put(name, content.clone()).await.expect("it is put");
            key.past.insert(0, (Some(content), now()));
        }
        // The marker of a key that never was would look like that of one whose versions have expired.
        5..=7 if !key.past.is_empty() => {
            // SeaweedFS folds keys in a path, not those in the body of a call.
            client.put_markers(&[&folded(name)]).await.expect("it is deleted");
            key.past.insert(0, (None, now()));
        }
        5..=8 => {
            // An upload in parts, out of the first half of an older version. (A server wants 5 MiB of all parts but the last.)
            let Some((Some(old), _)) = key.past.iter().find(|(content, _)| content.is_some()) else { return };
            let half = old.len().div_ceil(2);
            let Some((_, version)) = versions(client, name).await.into_iter().find(|(data, _)| *data) else { return };
            let upload = client.begin_parts(name, Vec::new()).await.expect("it begins");
            let etag = client.copy_part(&upload, 1, &version, (0, half as u64 - 1)).await.expect("it is copied");
            client.finish_parts(&upload, &[etag]).await.expect("it is put together");
            let content = old[..half].to_vec();
            key.past.insert(0, (Some(content), now()));
        }
        _ => {
            // Undeleted by hand.
            if !matches!(key.past.first(), Some((None, _))) {
                return;
            }
            let (data, version) = versions(client, name).await.remove(0);
            assert!(!data, "the newest of {name} is a delete marker");
            client.remove_markers(&[(&folded(name), &version)]).await.expect("it is undeleted");
            key.past.remove(0);
        }
    }
}

/// A key's versions, newest first: whether each is data, and its id.
pub(crate) async fn versions(client: &Client, key: &str) -> Vec<(bool, String)> {
    let key = folded(key);
    let mut after = Marker::default();
    let mut found = Vec::new();
    loop {
        let page = client.list_versions(&key, &after, None, 1000).await.expect("it is listed");
        for history in page.keys.into_iter().filter(|history| history.key == key) {
            found.extend(history.entries.into_iter().map(|entry| (entry.is_data(), entry.version)));
        }
        match page.next {
            Some(next) => after = next,
            None => return found,
        }
    }
}

/// A key as SeaweedFS knows it.
pub(crate) fn folded(key: &str) -> String {
    key.trim_start_matches('/').replace("//", "/")
}
