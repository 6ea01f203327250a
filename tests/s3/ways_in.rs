//! Other ways to connect than keys in the environment over plain HTTP: a private certificate, and a pod's web identity (IRSA).

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::world::{Bucket, endpoint};
use crate::{output_of, runtime};

/// A server of `servers.py`, which ends with the test.
struct Server {
    child: Child,
    port: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Self {
        let mut command = Command::new("python3");
        command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/s3/servers.py")).args(arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("python3 runs");
        let mut port = String::new();
        let out = child.stdout.take().expect("it is a pipe");
        BufReader::new(out).read_line(&mut port).expect("it says its port");
        Self { child, port: port.trim().to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn check(endpoint: &str, bucket: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hwdr"));
    command.args(["s3", "check", "--endpoint", endpoint, "--path-style", "--bucket", bucket]).stdin(Stdio::null());
    command
}

#[test]
fn a_certificate_of_ones_own_is_trusted_when_it_is_named() {
    runtime().block_on(async {
        let own = Bucket::new("tls").await;
        let folder = TempDir::new().expect("a temporary folder");
        let target = endpoint();
        let target = target.strip_prefix("http://").expect("the lab's server speaks plain HTTP");
        let server = Server::start(&["tls", target, folder.path().to_str().expect("it is UTF-8")]);
        let endpoint = format!("https://localhost:{}", server.port);
        let text = output_of(check(&endpoint, &own.name).env_remove("AWS_CA_BUNDLE")).1;
        assert!(text.contains("certificate is not trusted") && text.contains("--ca-bundle"), "{text}");
        let certificate = folder.path().join("ca.pem");
        for by_flag in [true, false] {
            let mut command = check(&endpoint, &own.name);
            if by_flag {
                command.arg("--ca-bundle").arg(&certificate)
            } else {
                command.env("AWS_CA_BUNDLE", &certificate)
            };
            let text = output_of(&mut command).1;
            assert!(text.contains("versioning"), "{text}");
        }
    });
}

#[test]
fn a_pods_web_identity_is_changed_for_keys() {
    runtime().block_on(async {
        let own = Bucket::new("irsa").await;
        let folder = TempDir::new().expect("a temporary folder");
        let key = |name| std::env::var(name).expect("the lab's keys are in the environment");
        let server = Server::start(&["sts", "a-token", &key("AWS_ACCESS_KEY_ID"), &key("AWS_SECRET_ACCESS_KEY")]);
        let token = folder.path().join("token");
        let asked = |text: &str| {
            std::fs::write(&token, text).expect("the token");
            let mut command = check(&endpoint(), &own.name);
            for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"] {
                command.env_remove(name);
            }
            command.env("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
            command.env("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/hwdr").env("AWS_REGION", "us-east-1");
            command.env("AWS_ENDPOINT_URL_STS", format!("http://127.0.0.1:{}", server.port));
            command.env("AWS_EC2_METADATA_DISABLED", "true").env("HOME", folder.path());
            output_of(&mut command).1
        };
        assert!(asked("a-token").contains("versioning"), "{}", asked("a-token"));
        assert!(asked("another").contains("not this one"), "{}", asked("another"));
    });
}
