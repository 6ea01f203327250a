//! No data version is ever removed, whatever the server does with its key: odd keys, folders, what was put before versioning and while it
//! was suspended. The lab's own client compares the contents, version by version, byte by byte.
//!
//! Tries `HWDR_S3_CASES` random pasts (default 1), starting at seed `HWDR_S3_SEED`.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Arc;

use futures_util::StreamExt as _;
use hwdr::s3::client::Client;
use hwdr::s3::report::{Report, Tally, Why};
use hwdr::s3::rewind::rewind;
use hwdr::s3::undo::{last_run, undo};
use hwdr::s3::window::shown;

use crate::world::{Bucket, State, endpoint, folded, now, over, versions};
use crate::{aim, number, output, runtime, small};

const GHOST: &str = "ghost-";
const SUSPENDED: &str = "suspended-";

/// Every kind of key that S3 allows. A server may refuse some, fold some and never list some: no two of them fold to the same.
fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "plain",
        "two words",
        " blank",
        "blank ",
        "plus+sign",
        "per%41cent",
        "%2F%2e",
        "%00",
        "%",
        "&<>\"'`$(x)",
        "a=b?c#d;e:f,g",
        "tab\tkey",
        "line\nkey",
        "return\rkey",
        "control\u{1}key",
        "delete\u{7f}key",
        "next\u{85}key",
        "line\u{2028}key",
        "mark\u{feff}key",
        "none\u{fffe}key",
        "right\u{202e}key",
        "ünïcödé/ключ/鍵/🔑",
        "e\u{301}",
        "\u{e9}x",
        "dots/../up",
        "./here",
        "a/./b",
        "..",
        "...",
        "trail.",
        "trail./x",
        "trail..",
        ".hidden",
        "/leading",
        "fold//ed",
        "back\\slash",
        "~",
        "-",
        "*",
        "con",
        // What SeaweedFS uses itself; not a key beside which it puts them (`dir.versions` by `dir/`): it then gives other bytes than were put.
        "lone.versions/v_1",
        ".uploads/x",
        "v_1",
        "k",
        "k-1",
        "k/1",
        // Folders: alone, with keys below, one in the other.
        "dir/",
        "full/",
        "full/key",
        "deep/er/",
        "deep/er/key",
        "twice//",
    ]
    .map(str::to_owned)
    .to_vec();
    // Those that are deleted before they ever were, and those that are put while versioning is suspended.
    names.extend((0..4).map(|number| format!("{GHOST}{number}")));
    names.extend((0..8).map(|number| format!("{SUSPENDED}{number}")));
    names.extend([
        "n".repeat(255),
        "o".repeat(256),
        "p".repeat(1024),
        format!("long/{}", "q".repeat(1019)),
        "é".repeat(512),
        format!("{}/", "d/".repeat(60)),
    ]);
    names
}

/// A key as SeaweedFS knows it.
fn known_as(name: &str) -> String {
    folded(&name.replace('\\', "/"))
}

fn inventory(arguments: &[&str]) -> String {
    let done = Command::new("python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/s3/inventory.py"))
        .args(arguments)
        .env("LAB_S3_ENDPOINT", endpoint())
        .output()
        .expect("python3 runs");
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// All data versions: key, id and what is in it.
fn data(bucket: &str) -> BTreeSet<(String, String, String)> {
    let text = inventory(&["list", bucket]);
    text.lines().map(|line| serde_json::from_str(line).expect("it is JSON")).collect()
}

/// A bucket with a past, and what a client read at the end of each round.
struct Past {
    bucket: Bucket,
    names: Vec<String>,
    taken: BTreeSet<String>,
    rounds: Vec<(i64, State)>,
}

impl Past {
    async fn new(random: &mut fastrand::Rng) -> Self {
        let bucket = Bucket::plain("promise").await;
        let mut past = Self { bucket, names: names(), taken: BTreeSet::new(), rounds: Vec::new() };
        past.round(random, None).await;
        for status in ["Enabled", "Enabled", "Suspended", "Enabled"] {
            inventory(&["versioning", &past.bucket.name, status]);
            past.round(random, Some(status)).await;
        }
        past
    }

    /// Changes keys, a few times each. What a client overwrites or deletes without versions leaves no trace, and nothing to compare with: so
    /// without them each key is put once, those that are put while they are suspended are no others, and no folder is ever deleted.
    async fn round(&mut self, random: &mut fastrand::Rng, versioning: Option<&str>) {
        let client = &self.bucket.client;
        let deeds = self.names.iter().map(|name| {
            let is_suspended = name.starts_with(SUSPENDED);
            let times = match versioning {
                Some("Enabled") => random.usize(0..3),
                Some(_) => usize::from(is_suspended && random.bool()),
                None => usize::from(!is_suspended && random.bool()),
            };
            let (mut taken, mut random) = (self.taken.contains(name), random.fork());
            async move {
                for _ in 0..times {
                    let was_there = taken && !name.ends_with('/') || name.starts_with(GHOST);
                    if versioning == Some("Enabled") && was_there && random.bool() {
                        let failed = client.put_markers(&[&known_as(name)]).await.expect("the server answers");
                        assert_eq!(failed, [], "{name:?} is deleted");
                    } else {
                        // A key that the server does not take is none of this bucket.
                        taken |= client.put(name, content(name, &mut random)).await.is_ok();
                    }
                }
                taken.then(|| name.clone())
            }
        });
        let taken: Vec<_> = futures_util::stream::iter(deeds).buffer_unordered(16).collect().await;
        self.taken.extend(taken.into_iter().flatten());
        let end = now();
        over(end).await;
        let state = self.read().await;
        self.rounds.push((end, state));
    }

    async fn read(&self) -> State {
        read_all(&self.bucket.client, &self.names).await
    }
}

/// What is put. A folder is empty: SeaweedFS 4.48 takes data for one, and breaks off when it is to be read.
fn content(name: &str, random: &mut fastrand::Rng) -> Vec<u8> {
    if name.ends_with('/') { Vec::new() } else { format!("{} {:016x}", name.len(), random.u64(..)).into_bytes() }
}

/// What a client reads; of keys that the server refuses, nothing.
async fn read_all(client: &Client, names: &[String]) -> State {
    let reads = names.iter().map(|name| async move { (name.clone(), client.get(name).await.unwrap_or_default()) });
    futures_util::stream::iter(reads).buffer_unordered(16).collect().await
}

fn named(report: &Report, key: &str) -> bool {
    let of_key = report.notices.iter().filter(|notice| notice.key == known_as(key));
    of_key.into_iter().any(|notice| matches!(notice.why, Why::Unversioned | Why::Unclear))
}

#[test]
fn no_data_version_is_ever_removed() {
    let seed = number("HWDR_S3_SEED", 1);
    for case in 0..number("HWDR_S3_CASES", 1) {
        runtime().block_on(async {
            let seed = seed + 5000 + case;
            println!("seed {seed}");
            let mut random = fastrand::Rng::with_seed(seed);
            let past = Past::new(&mut random).await;
            let (client, bucket) = (&past.bucket.client, past.bucket.name.as_str());
            let mut there = data(bucket);
            let listed: BTreeSet<String> = there.iter().map(|(key, ..)| key.clone()).collect();
            assert!(listed.len() > 30, "most keys are taken, and listed: {listed:?}");
            for (second, then) in past.rounds.iter().rev() {
                let exact = random.bool();
                let what = format!("seed {seed}, back to {}, exact: {exact}", shown(*second));
                let before = past.read().await;
                let aim = aim(*second, exact);
                let tally = Arc::new(Tally::default());
                let report = rewind(client, &aim, small(), &tally).await.expect("it is rewound");
                let after = past.read().await;
                for name in &past.names {
                    let (then, before, after) = (&then[name], &before[name], &after[name]);
                    let left = name.ends_with('/') || !listed.contains(&known_as(name)) || named(&report, name);
                    let wanted = match then {
                        _ if left => before,
                        None if !exact => before,
                        then => then,
                    };
                    assert_eq!(after, wanted, "{what}: {name:?}");
                    // What is still there though it was not is named, wherever hwdr can know its name.
                    let is_silent = name.ends_with('/') && listed.contains(name) && exact && then.is_none();
                    assert!(!is_silent || after.is_none() || named(&report, name), "{what}: {name:?} is not named");
                }
                if report.acts() > 0 {
                    let run = last_run(client, "").await.expect("there is something to undo");
                    let report = undo(client, &run, small(), &Arc::default()).await.expect("it is taken back");
                    assert_eq!(report.count(Why::Changed), 0, "{what}: nobody else has changed it: {report:?}");
                    assert_eq!(past.read().await, before, "{what}, undone");
                }
                let now_there = data(bucket);
                let gone: Vec<_> = there.difference(&now_there).collect();
                assert!(gone.is_empty(), "{what}: gone: {gone:?}");
                there = now_there;
            }
        });
    }
}

#[test]
fn a_folder_that_was_born_later_is_left_and_named() {
    runtime().block_on(async {
        let own = Bucket::new("folder").await;
        let (bucket, client) = (own.name.as_str(), &own.client);
        client.put("old", b"1".to_vec()).await.expect("it is put");
        let then = now();
        over(then).await;
        for key in ["new", "dir/", "dir/key"] {
            client.put(key, Vec::new()).await.expect("it is put");
        }
        assert_eq!(versions(client, "dir/").await, [(true, "null".to_owned())], "the server keeps no versions of it");
        let there = data(bucket);
        let time = shown(then);
        let (out, text) = output(&endpoint(), bucket, &["--at", &time, "--exact", "--yes"]);
        assert_eq!(out.status.code(), Some(1), "{text}");
        assert!(text.contains("would lose their data dir/") && text.contains("1 keys could not be restored"), "{text}");
        assert_eq!(data(bucket), there);
        assert_eq!(versions(client, "dir/").await, [(true, "null".to_owned())]);
        for key in ["new", "dir/key"] {
            assert_eq!(client.get(key).await.expect("it can be read"), None, "{key} is hidden");
        }
        let (out, text) = output(&endpoint(), bucket, &["--undo", "--yes"]);
        assert!(out.status.success() && !text.contains("somebody"), "{text}");
        assert_eq!(client.get("new").await.expect("it can be read"), Some(Vec::new()));
    });
}

#[test]
fn exact_is_exact_where_something_may_be_lost() {
    runtime().block_on(async {
        let own = Bucket::new("lost").await;
        let (bucket, client) = (own.name.as_str(), &own.client);
        client.put("old", b"1".to_vec()).await.expect("it is put");
        let then = now();
        over(then).await;
        // What the marker deleted, if anything, a lifecycle rule has removed.
        client.put_markers(&["a"]).await.expect("it is deleted");
        client.put("a", b"2".to_vec()).await.expect("it is put");
        let time = shown(then);
        let (out, text) = output(&endpoint(), bucket, &["--at", &time, "--yes"]);
        assert!(out.status.success() && text.contains("removed them for good a"), "{text}");
        assert_eq!(client.get("a").await.expect("it can be read"), Some(b"2".to_vec()), "without --exact it is left");
        let (out, text) = output(&endpoint(), bucket, &["--at", &time, "--exact", "--yes"]);
        assert!(out.status.success() && text.contains("hide 1") && text.contains("removed them for good a"), "{text}");
        assert_eq!(client.get("a").await.expect("it can be read"), None);
        let (out, text) = output(&endpoint(), bucket, &["--undo", "--yes"]);
        assert!(out.status.success(), "{text}");
        assert_eq!(client.get("a").await.expect("it can be read"), Some(b"2".to_vec()));
    });
}
