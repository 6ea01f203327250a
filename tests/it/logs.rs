//! The log of `-v` and `HWDR_LOG`: it contains every request, and no secret.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::Command;
use std::thread;

use crate::common::api_server::ApiServer;
use crate::common::{Home, run, testdata};

const SECRET: &str = "hunter2hunter2hunter2";

/// `hwdr` on a cluster that wants a token.
fn hwdr(home: &Home, api: &ApiServer, line: &[&str]) -> Command {
    let kubeconfig = api.kubeconfig().replace("user: {}", &format!("user: {{token: {SECRET}}}"));
    assert!(kubeconfig.contains(SECRET));
    let kubeconfig = home.write("kubeconfig", kubeconfig);
    let helm = home.script("helm", "#!/bin/sh\necho v3.19.0\n");
    let mut hwdr = home.hwdr();
    hwdr.env("KUBECONFIG", kubeconfig).env("HELM_BIN", helm).env_remove("HWDR_LOG").args(line);
    hwdr
}

/// The lines of the log, which name their part.
fn logged<'t>(stderr: &'t str, part: &str) -> Vec<&'t str> {
    stderr.lines().filter(|line| line.contains(&format!("{part}: ")) && line.contains("took=")).collect()
}

#[test]
fn requests_are_logged_where_somebody_asks_and_no_secret_is() {
    let (home, api) = (Home::new(), ApiServer::start());
    let chart = testdata("chart");
    let base = testdata("values/base.yaml");
    let in_place = testdata("values/in-place.yaml");
    let password = format!("global.password={SECRET}");
    let line = ["upgrade", "hops", &chart, "-f", &base, "-f", &in_place, "--set", &password, "--dry-run"];

    let quiet = run(&mut hwdr(&home, &api, &line), b"");
    assert!(quiet.code == Some(1) && !quiet.stderr.contains("took="), "{}", quiet.stderr);
    for flag in ["-v", "--verbose"] {
        for line in [[&line[..], &[flag][..]].concat(), [&[flag][..], &line[..]].concat()] {
            let ran = run(&mut hwdr(&home, &api, &line), b"");
            let (cluster, helm) = (logged(&ran.stderr, "cluster"), logged(&ran.stderr, "helm"));
            let asked = "request{method=POST path=/apis/authorization.k8s.io/v1/selfsubjectaccessreviews}: cluster: answered status=201";
            assert!(cluster.iter().any(|line| line.contains(asked)), "{}", ran.stderr);
            assert!(helm.iter().any(|line| line.contains("helm: helm version code=0")), "{}", ran.stderr);
            assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
            // But for the log, all is as it was.
            let log = [cluster, helm].concat();
            let rest: String =
                ran.stderr.split_inclusive('\n').filter(|line| !log.contains(&line.trim_end())).collect();
            assert_eq!((ran.code, rest), (quiet.code, quiet.stderr.clone()));
        }
    }
}

#[test]
fn the_environment_chooses_what_is_logged() {
    let (home, api) = (Home::new(), ApiServer::start());
    let history = |levels: &str| run(hwdr(&home, &api, &["history", "hops", "-v"]).env("HWDR_LOG", levels), b"");
    let all = history("");
    assert!(!logged(&all.stderr, "cluster").is_empty(), "{}", all.stderr);
    for levels in ["off", "cluster=warn", "helm=debug", "bucket=trace"] {
        let ran = history(levels);
        assert_eq!((ran.code, ran.stderr.contains("took=")), (all.code, false), "{}", ran.stderr);
    }
    // What libraries log stays out, whatever is asked for.
    let most = history("trace,kube_client=trace,hyper_util=trace");
    let log = most.stderr.lines().filter(|line| line.contains("DEBUG") || line.contains("TRACE"));
    assert_eq!(log.count(), logged(&all.stderr, "cluster").len(), "{}", most.stderr);
    let wrong = history("cluster=loud").failed(2);
    assert!(wrong.contains("HWDR_LOG=cluster=loud"), "{wrong}");
}

#[test]
fn requests_to_the_bucket_are_logged_without_their_signature() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = format!("http://{}", listener.local_addr().expect("its address"));
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let reader = BufReader::new(stream.try_clone().expect("a handle"));
            reader.lines().map_while(Result::ok).take_while(|line| !line.is_empty()).for_each(drop);
            let body = format!("<Error><Code>AccessDenied</Code><Message>no\nsecretKey: {SECRET}</Message></Error>");
            let head = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Type: application/xml";
            write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok();
        }
    });
    let mut hwdr = home.hwdr();
    hwdr.args(["-v", "s3", "lifecycle", "--bucket", "b", "--region", "r", "--endpoint", &server, "--ttl", "60d"]);
    let ran = run(hwdr.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET), b"");
    let log = logged(&ran.stderr, "bucket");
    assert!(log.iter().any(|line| line.contains("bucket: s3:Get") && line.contains("no\\n")), "{}", ran.stderr);
    for secret in ["hunter2", "AKIDEXAMPLE", "Signature"] {
        assert!(!ran.stderr.contains(secret), "{}", ran.stderr);
    }
}
