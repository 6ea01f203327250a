//! `hwdr s3 rewind` on a real S3 server: random pasts, faults on the way, kills at any request. Part of the lab's tests (lab/tests/15-bucket.sh).
//!
//! Tries `HWDR_S3_CASES` random pasts (default 1), starting at seed `HWDR_S3_SEED`. Outside the lab, any SeaweedFS of the version in
//! lab/versions.sh works, on loopback with the lab's keys: set `HWDR_LAB_S3_ENDPOINT`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
//! `AWS_REGION`.

mod backups;
mod lifecycle;
mod planted;
mod promise;
mod proxy;
mod ways_in;
mod world;

use std::net::{SocketAddr, ToSocketAddrs};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _};
use hwdr::s3::client::Client;
use hwdr::s3::journal::{Aim, Checkpoint, Rewind, State as RunState};
use hwdr::s3::preflight;
use hwdr::s3::report::{Report, Tally};
use hwdr::s3::rewind::{Options, rewind};
use hwdr::s3::share::{Share, Walk, split};
use hwdr::s3::undo::{last_run, undo};
use hwdr::s3::window::{Window, shown};
use hwdr::s3::worker::{Worker, through, work};
use proxy::{Fault, Proxy};
use world::{Bucket, State, World, endpoint, lab_s3, now, over, read, settings, versions};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("threads can be started")
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

fn target() -> SocketAddr {
    let endpoint = endpoint();
    let host = endpoint.strip_prefix("http://").expect("the lab's server speaks plain HTTP");
    host.to_socket_addrs().expect("it has an address").next().expect("one")
}

fn aim(second: i64, exact: bool) -> Aim {
    Aim { prefix: String::new(), window: Window { from: second, to: second }, exact, backups: None }
}

/// Small, so that a few keys take every path.
fn small() -> Options {
    Options { copy_limit: 24, shares: 4, workers: 4, checkpoint_every: Duration::ZERO, ..Options::default() }
}

async fn done(client: &Client, aim: &Aim, options: Options) -> Report {
    let report = rewind(client, aim, options, &Arc::new(Tally::default())).await.expect("it is rewound");
    assert_eq!(report.to_look_at, [], "{:.300}", report.notices.iter().map(|n| n.detail.as_str()).collect::<String>());
    report
}

async fn undone(client: &Client) -> Report {
    let run = last_run(client, "").await.expect("there is something to undo");
    let report = undo(client, &run, small(), &Arc::new(Tally::default())).await.expect("it is taken back");
    assert_eq!(report.to_look_at, [], "{:.300}", report.notices.iter().map(|n| n.detail.as_str()).collect::<String>());
    report
}

/// What a client is to see after a rewind: what it saw then, and without `exact` also what was born later.
fn expected(then: &State, before: &State, exact: bool) -> State {
    let kept = |key: &String| if exact { None } else { before.get(key).cloned().flatten() };
    then.iter().map(|(key, content)| (key.clone(), content.clone().or_else(|| kept(key)))).collect()
}

fn assert_same(what: &str, got: &State, wanted: &State) {
    let show = |content: &Option<Vec<u8>>| content.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    for (key, wanted) in wanted {
        assert_eq!(show(&got[key]), show(wanted), "{what}: {key:.60}");
    }
}

/// How many data versions there are; a rewind only ever adds to them.
async fn data_versions(client: &Client) -> usize {
    let mut walk = Walk::new(client, "", &Share::default());
    let mut count = 0;
    while let Some(chunk) = walk.next().await.expect("it is listed") {
        let own = |key: &str| key.starts_with(".hwdr/");
        count += chunk.keys.iter().filter(|h| !own(&h.key)).flat_map(|h| &h.entries).filter(|e| e.is_data()).count();
    }
    count
}

#[test]
fn a_random_past_comes_back_second_by_second() {
    let seed = number("HWDR_S3_SEED", 1);
    for case in 0..number("HWDR_S3_CASES", 1) {
        runtime().block_on(async {
            let seed = seed + case;
            println!("seed {seed}");
            let world = World::new(seed, 60, 5).await;
            let mut random = fastrand::Rng::with_seed(seed);
            let client = &world.bucket.client;
            assert_same("the model itself", &world.read().await, &world.rounds.last().unwrap().1);
            // Backwards: what lies after a time that was gone back to has changed.
            for (second, then) in world.rounds.iter().rev() {
                let exact = random.bool();
                let what = format!("seed {seed}, back to {}, exact: {exact}", shown(*second));
                let aim = aim(*second, exact);
                let before = world.read().await;
                let versions = data_versions(client).await;

                let looked = done(client, &aim, Options { dry_run: true, ..small() }).await;
                assert_same(&format!("{what}, dry run"), &world.read().await, &before);
                let report = done(client, &aim, small()).await;
                assert_eq!(report.acts(), looked.acts(), "{what}: a dry run counts what is done");
                let wanted = expected(then, &before, exact);
                assert_same(&what, &world.read().await, &wanted);
                let listed = lab_s3(&["list", client.bucket()]);
                let listed = listed.lines().filter(|line| !line.starts_with(" .hwdr/")).count();
                assert_eq!(listed, wanted.values().flatten().count(), "{what}: what a client lists");

                let again = done(client, &aim, small()).await;
                assert_eq!(again.acts(), 0, "{what}: a second rewind changes nothing: {again:?}");
                assert!(data_versions(client).await >= versions, "{what}: a data version is gone");
                if report.acts() > 0 {
                    undone(client).await;
                    assert_same(&format!("{what}, undone"), &world.read().await, &before);
                    assert!(data_versions(client).await >= versions, "{what}: a data version is gone");
                    let twice = preflight_free_undo(client).await;
                    assert_eq!(twice, 0, "{what}: a second undo changes nothing");
                }
            }
        });
    }
}

/// Takes the newest run back once more, whatever its mark says.
async fn preflight_free_undo(client: &Client) -> u64 {
    let runs = Rewind::all(client).await.expect("the journal can be read");
    let (run, _) = runs.last().expect("there is a run");
    undo(client, run, small(), &Arc::new(Tally::default())).await.expect("it is taken back").acts()
}

fn hwdr(endpoint: &str, bucket: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hwdr"));
    command.args(["s3", "rewind", "--endpoint", endpoint, "--path-style", "--bucket", bucket]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(endpoint: &str, bucket: &str, arguments: &[&str]) -> (Output, String) {
    output_of(&mut hwdr(endpoint, bucket, arguments))
}

fn output_of(command: &mut Command) -> (Output, String) {
    let out = command.output().expect("hwdr runs");
    let text = format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    // Messages are wrapped.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (out, text)
}

#[test]
fn a_kill_at_any_request_and_a_second_run_end_the_same() {
    runtime().block_on(async {
        let world = World::new(number("HWDR_S3_SEED", 1) + 1000, 30, 3).await;
        let (second, then) = &world.rounds[1];
        let time = shown(*second);
        let arguments = ["--at", &time, "--exact", "--yes"];
        let bucket = world.bucket.name.as_str();
        let before = world.read().await;
        let pid = Arc::new(AtomicU32::new(0));
        let fatal = Arc::new(AtomicU64::new(u64::MAX));
        let (child, at) = (pid.clone(), fatal.clone());
        let proxy = Proxy::start(target(), move |request, _| {
            if request != at.load(Ordering::SeqCst) {
                return Fault::None;
            }
            // By the number: half of them before the server has seen the request, half after.
            let _ = Command::new("kill").args(["-9", &child.load(Ordering::SeqCst).to_string()]).status();
            if request % 2 == 0 { Fault::CutBefore } else { Fault::CutAfter }
        });
        // How many requests a whole run makes; and how far it gets without acting is not of interest here.
        let (out, text) = output(&proxy.endpoint, bucket, &arguments);
        assert!(out.status.success(), "{text}");
        let whole = proxy.requests.load(Ordering::SeqCst);
        assert_same("without a kill", &world.read().await, then);
        undone(&world.bucket.client).await;
        assert_same("undone", &world.read().await, &before);

        let kills = number("HWDR_S3_KILLS", 4);
        let mut random = fastrand::Rng::with_seed(number("HWDR_S3_SEED", 1));
        for kill in 0..kills {
            let request = whole * kill / kills + random.u64(0..=whole / kills);
            proxy.requests.store(0, Ordering::SeqCst);
            let mut run = hwdr(&proxy.endpoint, bucket, &arguments).spawn().expect("hwdr runs");
            pid.store(run.id(), Ordering::SeqCst);
            fatal.store(request, Ordering::SeqCst);
            run.wait().expect("it ends");
            fatal.store(u64::MAX, Ordering::SeqCst);
            let (out, text) = output(&proxy.endpoint, bucket, &arguments);
            assert!(out.status.success(), "killed at request {request} of {whole}: {text}");
            assert_same(&format!("killed at request {request} of {whole}"), &world.read().await, then);
            let (out, text) = output(&endpoint(), bucket, &["--undo", "--yes"]);
            assert!(out.status.success(), "{text}");
            assert_same(&format!("killed at request {request}, undone"), &world.read().await, &before);
        }
    });
}

#[test]
fn faults_on_the_way_change_nothing_of_the_outcome() {
    runtime().block_on(async {
        let world = World::new(number("HWDR_S3_SEED", 1) + 2000, 45, 3).await;
        let (second, then) = &world.rounds[1];
        let before = world.read().await;
        for fault in [Fault::Busy, Fault::CutBefore, Fault::CutAfter, Fault::Half, Fault::Slow] {
            let hit = Arc::new(AtomicU64::new(0));
            let hits = hit.clone();
            let proxy = Proxy::start(target(), move |request, _| {
                if request % 3 == 1 {
                    hits.fetch_add(1, Ordering::SeqCst);
                    fault
                } else {
                    Fault::None
                }
            });
            let client = Client::connect(settings(&world.bucket.name, &proxy.endpoint)).await.expect("it connects");
            let aim = aim(*second, true);
            done(&client, &aim, small()).await;
            assert!(hit.load(Ordering::SeqCst) > 3, "{fault:?}: met");
            assert_same(&format!("{fault:?}"), &world.read().await, then);
            assert_eq!(
                done(&world.bucket.client, &aim, small()).await.acts(),
                0,
                "{fault:?}: a second rewind changes nothing"
            );
            undone(&client).await;
            assert_same(&format!("{fault:?}, undone"), &world.read().await, &before);
        }
    });
}

#[test]
fn metadata_tags_and_type_come_back_with_the_bytes() {
    runtime().block_on(async {
        let own = Bucket::new("metadata").await;
        let client = &own.client;
        for (key, times) in [("small", 3), ("large", 600_000)] {
            client.put(key, b"0123456789".repeat(times)).await.expect("it is put");
            let (_, version) = versions(client, key).await.remove(0);
            let headers = [
                ("content-type", "text/x-hwdr"),
                ("cache-control", "max-age=7"),
                ("x-amz-meta-owner", "lab"),
                ("x-amz-tagging", "kind=block&level=1"),
            ];
            let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let upload = client.begin_parts(key, headers).await.expect("it begins");
            // The larger one in two parts, of which the first is as small as S3 takes it.
            let (first, last) = ((5 << 20) - 1, 10 * times as u64 - 1);
            let ranges = if last > first { vec![(0, first), (first + 1, last)] } else { vec![(0, last)] };
            let mut etags = Vec::new();
            for (number, range) in (1..).zip(ranges) {
                etags.push(client.copy_part(&upload, number, &version, range).await.expect("it is copied"));
            }
            client.finish_parts(&upload, &etags).await.expect("it is put together");
        }
        let then = now();
        over(then).await;
        let before = read(client, ["small".to_owned(), "large".to_owned()]).await;
        let (_, was) = versions(client, "large").await.remove(0);
        let etag = client.head("large", &was).await.expect("it is there").get("etag").map(str::to_owned);
        assert!(etag.as_ref().is_some_and(|etag| etag.contains("-2")), "{etag:?}");
        for key in ["small", "large"] {
            client.put(key, b"overwritten".to_vec()).await.expect("it is put");
        }
        for (key, limit) in [("small", 1000), ("large", 1000)] {
            let mut aim = aim(then, false);
            aim.prefix = key.to_owned();
            let report = done(client, &aim, Options { copy_limit: limit, ..small() }).await;
            assert_eq!(report.copied, 1, "{key}");
            let (_, version) = versions(client, key).await.remove(0);
            let head = client.head(key, &version).await.expect("it is there");
            if key == "large" {
                assert_eq!(head.get("etag"), etag.as_deref(), "it is copied in the same parts");
            }
            assert_eq!(head.get("content-type"), Some("text/x-hwdr"), "{key}");
            assert_eq!(head.get("cache-control"), Some("max-age=7"), "{key}");
            assert_eq!(head.get("x-amz-meta-owner"), Some("lab"), "{key}");
            let tags = client.tags(key, &version).await.expect("it has tags");
            assert_eq!(tags, [("kind", "block"), ("level", "1")].map(|(k, v)| (k.to_owned(), v.to_owned())), "{key}");
        }
        let after = read(client, ["small".to_owned(), "large".to_owned()]).await;
        assert_same("the bytes", &after, &before);
    });
}

/// As Ceph answers: `d` is a key, and the begin of others.
fn ceph_lists(line: &str) -> &'static str {
    macro_rules! page {
        ($truncated:literal, $next:literal, $($key:literal),*) => {
            concat!("<ListVersionsResult><IsTruncated>", $truncated, "</IsTruncated><NextKeyMarker>", $next,
                "</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>",
                $("<Version><Key>", $key, "</Key><VersionId>v1</VersionId><LastModified>2026-02-13T15:36:27Z</LastModified><Size>1</Size></Version>",)*
                "</ListVersionsResult>")
        };
    }
    let asks = |what: &str| line.contains(what);
    match () {
        () if asks("max-keys=1000&prefix=&") => page!("true", "d1", "d", "d1"),
        () if asks("max-keys=1000&") => page!("false", "", "d1"),
        () if asks("prefix=&") && asks("key-marker") => page!("false", "",),
        () if asks("prefix=d&") && asks("key-marker=d1") => page!("true", "d2", "d2"),
        () if asks("prefix=d&") && asks("key-marker=d2") => page!("false", "",),
        () if asks("prefix=d&") && asks("version-id-marker=v1") => page!("true", "d1", "d1"),
        // The marker's own key once more.
        () => page!("true", "d", "d"),
    }
}

#[test]
fn a_server_that_gives_the_markers_own_key_again_is_cut_into_shares() {
    runtime().block_on(async {
        let proxy = Proxy::start(target(), |_, line| Fault::Answer(ceph_lists(line)));
        let client = Client::connect(settings("ceph", &proxy.endpoint)).await.expect("it connects");
        let shares = tokio::time::timeout(Duration::from_secs(20), split(&client, "", 4)).await;
        let shares = shares.expect("it comes to an end").expect("it is listed");
        let ends: Vec<_> = shares.iter().map(|share| share.end.clone()).collect();
        assert_eq!(ends, [Some("d1\u{10ffff}".to_owned()), None]);
    });
}

#[test]
fn shares_hold_every_key_once_and_are_the_same_again() {
    runtime().block_on(async {
        let own = Bucket::new("shares").await;
        let client = &own.client;
        // Most keys lie below one prefix.
        let mut keys: Vec<String> = (0..1300).map(|number| format!("skewed/deep/blk_{number:05}")).collect();
        keys.extend((0..30).map(|number| format!("other-{number}/one")));
        keys.push("other".to_owned());
        let put: Vec<_> = keys.iter().map(|key| client.put(key, Vec::new())).collect();
        for put in futures_util::future::join_all(put).await {
            put.expect("it is put");
        }
        let shares = split(client, "", 8).await.expect("it is split");
        assert_eq!(split(client, "", 8).await.expect("it is split"), shares);
        let mut seen = Vec::new();
        let mut largest = 0;
        for share in &shares {
            let mut walk = Walk::new(client, "", share);
            let before = seen.len();
            while let Some(chunk) = walk.next().await.expect("it is listed") {
                seen.extend(chunk.keys.into_iter().map(|history| history.key));
            }
            largest = largest.max(seen.len() - before);
        }
        seen.sort();
        keys.sort();
        assert_eq!(seen, keys);
        assert!(largest <= 1000, "what is more than a page is cut: {largest} of {}, {shares:?}", keys.len());
    });
}

fn worker(index: usize, run: &str) -> Worker {
    Worker { index, of: 3, run: run.to_owned() }
}

/// All three pods of a Job, side by side, as each comes to its end.
async fn job(client: &Client, aim: &Aim, run: &str) -> Vec<Report> {
    let pods = (0..3).map(|index| async move {
        let tally = Arc::new(Tally::default());
        let whole = work(client, aim, &worker(index, run), small(), &tally).await;
        assert!(whole.expect("the share is done"), "worker {index}");
        tally.report()
    });
    futures_util::future::join_all(pods).await
}

#[test]
fn pods_share_a_run() {
    runtime().block_on(async {
        let own = Bucket::new("pods").await;
        let client = &own.client;
        // More than a page, so that there is something to share.
        let keys: Vec<String> = (0..1200).map(|number| format!("blocks-{}/blk_{number:04}", number % 3)).collect();
        let puts = futures_util::stream::iter(&keys).map(|key| client.put(key, key.clone().into_bytes()));
        puts.buffer_unordered(16).try_collect::<()>().await.expect("they are put");
        let then = now();
        over(then).await;
        for some in keys.chunks(500) {
            client.put_markers(&some.iter().map(String::as_str).collect::<Vec<_>>()).await.expect("they are deleted");
        }
        let aim = aim(then, false);

        // The first pod alone, which cuts the keys, does its share, waits for the others, and is killed.
        let tally = Arc::new(Tally::default());
        let (place, options) = (worker(0, "one"), small());
        let alone = work(client, &aim, &place, options, &tally);
        let own_are_through = async {
            loop {
                let done = through(client, &place).await.expect("it can be read");
                if done.is_some_and(|(done, all)| done == all.div_ceil(3)) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::select! {
            _ = alone => panic!("it waits for the others"),
            () = own_are_through => {}
        }
        let before = tally.report().undeleted;
        assert!(before < 1200, "there is something left for the others");

        // Started again, with the others.
        let reports = job(client, &aim, "one").await;
        assert_eq!(before + reports.iter().map(|report| report.undeleted).sum::<u64>(), 1200);
        let state = read(client, keys.iter().cloned()).await;
        assert!(keys.iter().all(|key| state[key].as_deref() == Some(key.as_bytes())), "{state:?}");
        // Pods that are started again behind the end have nothing left to do, and wait for nobody.
        for report in job(client, &aim, "one").await {
            assert_eq!(report.keys, 0);
        }
        let states: Vec<_> =
            Rewind::all(client).await.expect("they are read").into_iter().map(|(_, state)| state).collect();
        assert_eq!(states, [RunState::Finished]);
    });
}

#[test]
fn a_job_begins_anew_whatever_an_earlier_one_has_done() {
    runtime().block_on(async {
        let own = Bucket::new("anew").await;
        let client = &own.client;
        client.put("a", b"1".to_vec()).await.expect("it is put");
        let then = now();
        over(then).await;
        client.put_markers(&["a"]).await.expect("it is deleted");
        let later = now();
        over(later).await;
        let half = |second, workers: Option<&str>| {
            let run = Rewind::new(aim(second, false), vec![Share::default()]);
            workers.map_or(run.clone(), |workers| run.shared_by(workers))
        };
        // Both of earlier Jobs; the one of the same aim says that all is done, which HopsFS has undone since.
        let (other, same) = (half(later, Some("other")), half(then, Some("same")));
        for run in [&other, &same] {
            run.begin(client).await.expect("it is written");
        }
        same.set_checkpoint(client, 0, &Checkpoint::through()).await.expect("it is written");
        job(client, &aim(then, false), "new").await;
        assert_eq!(client.get("a").await.expect("it can be read"), Some(b"1".to_vec()));
        let runs = Rewind::all(client).await.expect("they are read");
        assert!(runs.iter().all(|(_, state)| *state == RunState::Finished), "{runs:?}");
        assert_eq!(runs.iter().filter(|(run, _)| run.is_of("new")).count(), 1, "{runs:?}");

        // A pod whose run another has replaced, or somebody has taken back, does not say that all is done.
        let mine = half(then, Some("mine"));
        mine.begin(client).await.expect("it is written");
        for state in [RunState::Finished, RunState::Undone] {
            mine.mark(client, state).await.expect("it is written");
            let refused = work(client, &aim(then, false), &worker(1, "mine"), small(), &Arc::default()).await;
            assert!(refused.unwrap_err().to_string().contains("was undone"), "{state:?}");
        }
        // Alone there is nobody who would go on with the old one: it begins anew.
        client.put_markers(&["a"]).await.expect("it is deleted");
        let alone = Worker { index: 0, of: 1, run: "mine".to_owned() };
        for _ in 0..2 {
            assert!(work(client, &aim(then, false), &alone, small(), &Arc::default()).await.expect("it is done"));
        }
        assert_eq!(client.get("a").await.expect("it can be read"), Some(b"1".to_vec()));
        // What a person has left half done is theirs to finish.
        half(later, None).begin(client).await.expect("it is written");
        let refused = work(client, &aim(then, false), &worker(0, "newer"), small(), &Arc::default()).await;
        assert!(refused.unwrap_err().to_string().contains("was interrupted"));
    });
}

#[test]
fn what_cannot_work_is_refused_before_the_first_write() {
    runtime().block_on(async {
        let own = Bucket::new("refused").await;
        let (bucket, client) = (&own.name, &own.client);
        client.put("a", b"1".to_vec()).await.expect("it is put");
        let then = now();
        over(then).await;
        client.put_markers(&["a"]).await.expect("it is deleted");
        let time = shown(then);
        let refused = |endpoint: &str, bucket: &str, arguments: &[&str], words: &[&str]| {
            let (out, text) = output(endpoint, bucket, arguments);
            assert_eq!(out.status.code(), Some(1), "{text}");
            for word in words {
                assert!(text.contains(word), "{word:?} in: {text}");
            }
        };
        let to_come = shown(now() + 3600);
        refused(&endpoint(), bucket, &["--at", &to_come, "--yes"], &["has not passed yet", bucket]);
        refused(&endpoint(), bucket, &["--at", "2001-01-01T00:00:00Z", "--yes"], &["is before everything", bucket]);
        refused(&endpoint(), bucket, &["--at", &time], &["without a terminal", "--dry-run"]);
        refused(&endpoint(), bucket, &["--undo", "--yes"], &["nothing to undo", bucket]);
        refused(&endpoint(), "test-no-such-bucket", &["--at", &time, "--yes"], &["there is no such bucket"]);
        let plain = Bucket::plain("plain").await;
        refused(&endpoint(), &plain.name, &["--at", &time, "--yes"], &["has no versioning", "put-bucket-versioning"]);
        let clock = Proxy::start(target(), |_, _| Fault::Clock);
        refused(&clock.endpoint, bucket, &["--at", &time, "--yes"], &["s apart", "clock"]);
        for (setting, answer, words) in [
            (&["GET", "?versioning"], "<V><Status>Suspended</Status></V>", ["versioning is Suspended", "permanently"]),
            (&["GET", "?versioning"], "<V><Status>Enabled</Status><MfaDelete>Enabled</MfaDelete></V>", ["MFA delete", "MFADelete=Disabled"]),
            (
                &["GET", "?object-lock"],
                "<O><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>COMPLIANCE</Mode><Days>9</Days></DefaultRetention></Rule></O>",
                ["object lock with a default retention (COMPLIANCE)", "put-object-lock-configuration"],
            ),
        ] {
            let told = proxy::only(target(), setting, "", Fault::Answer(answer));
            refused(&told.endpoint, bucket, &["--at", &time, "--yes"], &words);
        }
        // One call after the other is not allowed; a server in front says so.
        let calls: [(&[&str], &str, &str); 7] = [
            (&["GET", "?versioning"], "", "s3:GetBucketVersioning"),
            (&["GET", "versions="], "", "s3:ListBucketVersions"),
            (&["HEAD", "probe-"], "", "s3:GetObjectVersion"),
            (&["GET", "tagging"], "", "s3:GetObjectVersionTagging"),
            (&["DELETE", "probe-", "versionId"], "", "s3:DeleteObjectVersion"),
            (&["POST", "uploads="], "", "s3:PutObject"),
            (&["DELETE", "probe-"], "?", "s3:DeleteObject"),
        ];
        for (with, without, action) in calls {
            let denied = proxy::only(target(), with, without, Fault::Denied);
            refused(&denied.endpoint, bucket, &["--at", &time, "--yes"], &[action, "not allowed"]);
        }
        let entries = versions(client, "a").await;
        assert_eq!(entries.iter().map(|(data, _)| *data).collect::<Vec<_>>(), [false, true], "nothing was done");
        let listed = lab_s3(&["versions", bucket]);
        assert!(!listed.contains(".hwdr/"), "nothing was written: {listed}");
        assert!(preflight::bucket(client, true).await.is_ok());
    });
}

#[test]
fn a_rewind_that_was_cut_off_is_not_mixed_with_another() {
    runtime().block_on(async {
        let own = Bucket::new("mixed").await;
        let (bucket, client) = (&own.name, &own.client);
        client.put("a", b"1".to_vec()).await.expect("it is put");
        let then = now();
        over(then).await;
        client.put_markers(&["a"]).await.expect("it is deleted");
        let run = Rewind::new(aim(then, false), vec![Share::default()]);
        run.begin(client).await.expect("it is written");
        let (out, text) = output(&endpoint(), bucket, &["--at", &shown(then), "--exact", "--yes"]);
        assert_eq!(out.status.code(), Some(1), "{text}");
        assert!(text.contains("was interrupted") && text.contains("--undo"), "{text}");
        let (out, text) = output(&endpoint(), bucket, &["--at", &shown(then), "--yes"]);
        assert!(out.status.success(), "{text}");
        assert_eq!(client.get("a").await.expect("it can be read"), Some(b"1".to_vec()));
    });
}
