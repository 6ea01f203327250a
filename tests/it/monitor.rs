//! `hwdr monitor` against as much of an API server as it asks: what it serves, what it notices, and what it says when it sees nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::backups::{BATCH, CORE, Lab, RONDB, VELERO, failed};
use crate::common::s3_server::S3Server;
use crate::common::{HWDR, Home, golden, run};
use crate::golden::kubernetes_takes;

/// Longer than anything here takes, on a machine that does much else.
const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Monitor {
    child: Child,
    address: String,
    said: Arc<Mutex<String>>,
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// An answer: its status, its head and its body.
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Monitor {
    pub(crate) fn start(home: &Home, more: &[&str]) -> Self {
        // A shell lets what it runs in the background ignore signals.
        let mut hwdr = home.command("env");
        hwdr.args(["--default-signal=TERM,INT", HWDR, "monitor", "--listen", "127.0.0.1:0"]).args(more);
        hwdr.env("KUBECONFIG", home.path("kubeconfig")).env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
        let mut child = hwdr.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a pipe")).lines();
        let first = lines.next().expect("a line").expect("a text");
        let address = first.strip_prefix("hwdr: metrics at http://").and_then(|rest| rest.strip_suffix("/metrics"));
        let address = address.unwrap_or_else(|| panic!("{first}")).to_owned();
        let said = Arc::new(Mutex::new(String::new()));
        let saying = said.clone();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                saying.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Self { child, address, said }
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a limit");
        stream
    }

    fn ask(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).ok();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        Answer { status, head: head.to_lowercase(), body: body.to_owned() }
    }

    fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    fn metrics(&self) -> String {
        let answer = self.get("/metrics");
        assert_eq!(answer.status, 200, "{}", answer.head);
        answer.body
    }

    /// The value of a metric with all of its labels.
    pub(crate) fn value(&self, series: &str) -> Option<i64> {
        value(&self.metrics(), series)
    }

    #[track_caller]
    pub(crate) fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let until = Instant::now() + LONG;
        while !is_so() {
            assert!(Instant::now() < until, "{what}: {}\n{}{}", self.get("/healthz").body, self.said(), self.metrics());
            thread::sleep(Duration::from_millis(100));
        }
    }

    #[track_caller]
    pub(crate) fn is_seen(&self) {
        self.until("it is not seen", || self.get("/healthz").status == 200);
    }
}

fn value(metrics: &str, series: &str) -> Option<i64> {
    metrics.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

const LOOK: &str = r#"hwdr_look_timestamp_seconds{namespace="hopsworks",release="hops"}"#;

fn of(metric: &str, service: &str) -> String {
    format!(r#"hwdr_{metric}{{namespace="hopsworks",release="hops",service="{service}"}}"#)
}

fn disabled(service: &str) -> String {
    of("backups_state", service).replace('}', r#",state="disabled"}"#)
}

#[test]
fn it_serves_what_status_prints() {
    let lab = Lab::new();
    let monitor = Monitor::start(&lab.home, &[]);
    monitor.is_seen();
    let printed = String::from_utf8(lab.run(&["status", "-o", "prometheus"]).stdout).unwrap();
    let served = monitor.metrics();
    // Both have been looked at in another second.
    let timeless = |metrics: &str| {
        let is_of_now = |line: &&str| ["hwdr_look_", "hwdr_backup_age_"].iter().any(|name| line.starts_with(name));
        let lines = metrics.lines().map(|line| if is_of_now(&line) { line.split(' ').next().unwrap() } else { line });
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(timeless(&served), timeless(&printed));
    let head = monitor.get("/metrics").head;
    assert!(head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"), "{head}");
    assert_eq!(monitor.get("/healthz").body, "ok\n");
    assert_eq!((monitor.said().as_str(), lab.api.writes()), ("", Vec::new()));
}

/// By itself: the rest is served whatever the bucket answers.
#[test]
fn the_bucket_is_looked_at_if_asked_to() {
    let (lab, s3) = (Lab::new(), S3Server::start());
    lab.home.write("v.yaml", s3.values());
    s3.say("versioning", 200, "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>");
    let monitor = Monitor::start(&lab.home, &["--with-bucket", "-f", "v.yaml"]);
    monitor.is_seen();
    monitor.until("a bucket without versioning", || monitor.value(&of("backup_severity", "bucket")) == Some(2));
    assert_eq!(monitor.value(&of("backup_severity", "rondb")), Some(0));
    assert_eq!(monitor.value(&of("backup_has_good", "bucket")), None);
    assert_eq!(lab.api.writes(), [""; 0]);
}

#[test]
fn changes_are_seen_without_another_list() {
    let lab = Lab::new();
    let monitor = Monitor::start(&lab.home, &[]);
    monitor.is_seen();
    let lists = |kind: &str| lab.api.reads().iter().filter(|path| path.ends_with(kind)).count();
    let before = ["/cronjobs", "/jobs", "/backups"].map(lists);
    assert_eq!(monitor.value(&disabled("rondb")), Some(0));
    let path = format!("{BATCH}/cronjobs/create-backup");
    let well = lab.api.get(&path).unwrap();
    let mut suspended = well.clone();
    suspended["spec"]["suspend"] = true.into();
    lab.api.put(&path, suspended);
    monitor.until("a suspended CronJob", || monitor.value(&disabled("rondb")) == Some(1));
    lab.api.put(&path, well);
    monitor.until("one that is resumed", || monitor.value(&disabled("rondb")) == Some(0));
    lab.job("create-backup-1", "create-backup", lab.ago(1), failed());
    monitor.until("a failed Job", || monitor.value(&of("backup_last_run_failed", "rondb")) == Some(1));
    lab.api.remove(&format!("{BATCH}/jobs/create-backup-1"));
    monitor.until("a Job that is gone", || monitor.value(&of("backup_last_run_failed", "rondb")) == Some(0));
    let good = of("backup_last_good_timestamp_seconds", "objects/main");
    assert_eq!(monitor.value(&good), Some(lab.at(0).as_second() + 40));
    lab.api.remove(&format!("{VELERO}/backups/k8s-backups-main-0"));
    monitor.until("a backup that is gone", || monitor.value(&good) == Some(lab.at(1).as_second() + 40));
    lab.location(json!({"phase": "Unavailable"}), "ReadWrite");
    monitor.until("a location", || monitor.value(&of("backup_severity", "objects/users")) == Some(2));
    // Each kind is listed once; watches start again each minute.
    let now = ["/cronjobs", "/jobs", "/backups"].map(lists);
    let watches =
        |kind: &str| lab.api.reads().iter().filter(|it| it.starts_with("watch ") && it.ends_with(kind)).count();
    for (at, kind) in ["/cronjobs", "/jobs", "/backups"].into_iter().enumerate() {
        assert!(now[at] - before[at] < watches(kind), "{kind}: {:?}", lab.api.reads());
    }
    // It has lost its label, and is still one of the records: so is the one that follows it.
    let path = format!("{CORE}/configmaps/{RONDB}");
    let mut bare = lab.api.get(&path).unwrap();
    bare["metadata"]["labels"] = json!({});
    lab.api.remove(&path);
    monitor.until("records that are gone", || monitor.value(&of("backup_has_good", "rondb")) == Some(0));
    assert_eq!(monitor.value(&of("backup_age_seconds", "rondb")), None);
    lab.api.put(&path, bare);
    monitor.until("records without a label", || monitor.value(&of("backup_has_good", "rondb")) == Some(1));
}

#[test]
fn a_server_that_is_gone_is_said_and_its_metrics_stay() {
    let lab = Lab::new();
    let monitor = Monitor::start(&lab.home, &[]);
    monitor.is_seen();
    lab.api.is_gone(true);
    monitor.until("it does not notice", || monitor.get("/healthz").status == 503);
    assert!(monitor.get("/healthz").body.starts_with("the cluster is not seen: "));
    let (before, now) = (monitor.metrics(), Instant::now());
    let look = value(&before, LOOK).expect("a time");
    while now.elapsed() < Duration::from_secs(4) {
        assert_eq!(monitor.metrics(), before);
        thread::sleep(Duration::from_millis(200));
    }
    // What happens meanwhile is seen afterwards.
    lab.api.remove(&format!("{VELERO}/backups/k8s-backups-main-0"));
    lab.api.is_gone(false);
    monitor.is_seen();
    let good = of("backup_last_good_timestamp_seconds", "objects/main");
    monitor.until("what happened", || monitor.value(&good) == Some(lab.at(1).as_second() + 40));
    assert!(monitor.value(LOOK) > Some(look + 3));
    let said = monitor.said();
    assert_eq!(said.lines().count(), 2, "{said}");
    assert!(
        said.starts_with("hwdr: the cluster is not seen: ") && said.ends_with("hwdr: all is seen again\n"),
        "{said}"
    );
}

#[test]
fn a_server_that_hangs_is_not_there() {
    let lab = Lab::new();
    let monitor = Monitor::start(&lab.home, &[]);
    monitor.is_seen();
    lab.api.fail("/api/v1/namespaces/hopsworks/configmaps", 0);
    monitor.until("it does not notice", || monitor.get("/healthz").status == 503);
    assert!(monitor.get("/healthz").body.contains("has not answered within 10 s"), "{}", monitor.get("/healthz").body);
}

#[test]
fn before_the_first_look_there_is_nothing() {
    let lab = Lab::new();
    lab.api.is_gone(true);
    let monitor = Monitor::start(&lab.home, &[]);
    let answer = monitor.get("/healthz");
    assert_eq!((answer.status, answer.body.as_str()), (503, "the cluster is not read yet\n"));
    assert_eq!(monitor.metrics(), "# The cluster is not read yet.\n");
    lab.api.is_gone(false);
    monitor.is_seen();
    assert!(monitor.value(LOOK).is_some());
}

#[test]
fn what_may_not_be_read_is_unknown() {
    let lab = Lab::new();
    lab.api.fail(&format!("{CORE}/configmaps"), 403);
    lab.api.fail("/apis/velero.io", 404);
    let monitor = Monitor::start(&lab.home, &[]);
    // A refusal is an answer.
    monitor.is_seen();
    assert_eq!(monitor.value(&of("backup_severity", "rondb")), Some(3));
    assert_eq!(monitor.value(&of("backup_has_good", "rondb")), None);
    assert_eq!(monitor.value(&disabled("objects/main")), Some(1));
    // It is asked for again.
    lab.api.fail(&format!("{CORE}/configmaps"), 500);
    lab.api.fail("/apis/velero.io", 500);
    monitor.until("errors of the server are no answers", || monitor.get("/healthz").status == 503);
}

#[test]
fn a_release_has_to_be_clear() {
    let lab = Lab::new();
    lab.cron_job("create-backup-2", json!({"rondbService": "create-backup"}), "other");
    let monitor = Monitor::start(&lab.home, &[]);
    let unclear = || monitor.get("/healthz").body.contains("backups of several releases: hops, other");
    monitor.until("it does not notice", unclear);
    assert_eq!(monitor.value("hwdr_backups_severity"), Some(3));
    let monitor = Monitor::start(&lab.home, &["--release", "hops", "--max-age", "1h"]);
    monitor.is_seen();
    assert_eq!(monitor.value(&of("backup_limit_seconds", "rondb")), Some(3600));
}

#[test]
fn only_two_paths_can_be_read() {
    let lab = Lab::new();
    let monitor = Monitor::start(&lab.home, &[]);
    monitor.is_seen();
    let head = monitor.ask("HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "X"] {
        let answer = monitor.ask(&format!("{method} /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"));
        assert_eq!(answer.status, 405, "{method}");
        assert!(answer.head.contains("allow: get, head"), "{}", answer.head);
    }
    for path in ["/", "/metrics/", "/metrics/..", "//metrics", "/x?y", "/%6detrics"] {
        assert_eq!(monitor.get(path).status, 404, "{path}");
    }
    assert_eq!(monitor.get("/metrics?x=1").status, 200);
    for (request, code) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        (format!("GET /metrics HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(100_000)), 431),
        (format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(100_000)), 414),
    ] {
        // The connection may be reset before the answer is read.
        let status = monitor.ask(&request).status;
        assert!([code, 400, 431, 414, 0].contains(&status), "{code}: {status}");
    }
    assert_eq!(monitor.get("/healthz").status, 200);
    // A port can be listened on once.
    let message = lab.run(&["monitor", "--listen", &monitor.address]).failed(2);
    assert!(message.contains("cannot listen on") && message.contains("--listen"), "{message}");
}

#[test]
fn slow_clients_end() {
    let lab = Lab::new();
    let monitor = Monitor::start(&lab.home, &[]);
    monitor.is_seen();
    let began = Instant::now();
    // More than are served at a time: some say nothing, some do not end, and some do not read.
    let mut slow: Vec<_> = (0..40).map(|_| monitor.connect()).collect();
    for stream in slow.iter_mut().skip(10) {
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n").expect("it is open");
    }
    assert_eq!(monitor.get("/metrics").status, 200);
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    let mut rest = Vec::new();
    slow[0].read_to_end(&mut rest).ok();
    assert_eq!(rest, b"");
}

/// 20,000 backups over five ConfigMaps, and 3,000 Jobs of others: in 100 MB, and at rest in little processor time.
#[test]
fn twenty_thousand_backups_are_little() {
    let lab = Lab::new();
    lab.twenty_thousand();
    for number in 0..3_000 {
        lab.api.put(
            &format!("{BATCH}/jobs/other-{number}"),
            json!({"metadata": {"name": format!("other-{number}")}, "spec": {"x": "x".repeat(2_000)}}),
        );
    }
    let monitor = Monitor::start(&lab.home, &[]);
    monitor.is_seen();
    let proc = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", monitor.child.id())).expect("it runs");
    let ticks = || {
        let stat = proc("stat");
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
    };
    assert_eq!(monitor.value(&of("backup_has_good", "rondb")), Some(1));
    let before = ticks();
    thread::sleep(Duration::from_secs(45));
    let took = ticks() - before;
    let status = proc("status");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux");
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().expect("a number");
    println!("{kilobytes} kB; {took} hundredths of a second of 45 s");
    assert!(kilobytes < 100_000, "{kilobytes} kB");
    // A program that is not optimized rests ten times as long as it works.
    let limit = if cfg!(debug_assertions) { 900 } else { 225 };
    assert!(took < limit, "{took}");
}

#[test]
fn a_signal_ends_it_at_once() {
    let lab = Lab::new();
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut monitor = Monitor::start(&lab.home, &[]);
        monitor.is_seen();
        let _open = monitor.connect();
        let began = Instant::now();
        run(lab.home.command("kill").args([&format!("-{signal}"), &monitor.child.id().to_string()]), b"").ok();
        assert_eq!(monitor.child.wait().expect("it ends").code(), Some(code));
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

#[test]
fn what_it_prints_is_for_others() {
    let lab = Lab::new();
    lab.home.write(
        "v.yaml",
        "global: {_hopsworks: {backups: {ttl: 3d, enabled: true}, password: secret}}\nhopsworks: {velero: {namespace: vel, backup: {mainScheduleName: m}}}\n",
    );
    let image = ["--image", "registry.example.com/hwdr:0.1.0"];
    let manifests =
        |more: &[&str]| lab.run(&[&["monitor", "--manifests", "-n", "hopsworks"], &image[..], more].concat());
    let plain = manifests(&[]).text();
    kubernetes_takes(&lab.home, &[("monitor", plain.as_bytes())]);
    golden("monitor.yaml", &plain);
    let whole = ["--release", "hops", "--max-age", "2d", "--pull-secret", "p", "--prometheus-operator", "-f", "v.yaml"];
    let whole = manifests(&whole).text();
    golden("monitor-operator.yaml", &whole);
    // What is not the operator's own is the API server's.
    let core = whole.split("\n---\napiVersion: monitoring.coreos.com").next().unwrap();
    kubernetes_takes(&lab.home, &[("operator", format!("{core}\n").as_bytes())]);
    assert!(!whole.contains("secret\"") && !whole.contains("enabled"), "{whole}");
    // One for a named release.
    let rules = lab.run(&["monitor", "--alerts"]).text();
    assert!(rules.contains("expr: absent(hwdr_look_timestamp_seconds)\n"), "{rules}");
    let rules = lab.run(&["monitor", "--alerts", "--release", "hops", "-n", "hopsworks"]).text();
    let absent = r#"expr: absent(hwdr_look_timestamp_seconds{namespace="hopsworks",release="hops"})"#;
    assert!(rules.contains(absent), "{rules}");
    assert!(lab.run(&["monitor", "--dashboard"]).text().starts_with("{\n"));
    for wrong in [
        &["monitor", "--manifests"][..],
        &["monitor", "--manifests", "--image", "a b"],
        &["monitor", "--manifests", "--image", "-x"],
        &["monitor", "--manifests", "--image", "x", "-n", "A_B"],
        &["monitor", "--manifests", "--image", "x", "--pull-secret", "A B"],
        &["monitor", "--image", "x"],
        &["monitor", "--alerts", "--dashboard"],
        &["monitor", "--listen", "nowhere"],
        &["monitor", "--alerts", "--release", "A_B"],
    ] {
        lab.run(wrong).failed(2);
    }
}
