//! Runs `rclone` on this machine: with its configuration and its credentials, which are never on a command line.

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;

use hwdr_run::Halt;
use hwdr_values::shown::kept;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::Command as Process;

use crate::inventory::{Bucket, Target};
use crate::words::quote;

/// The most that is kept of what it prints: a line of some 100 bytes for each of some million files.
const MOST: u64 = 1 << 30;
/// How many of its last lines a message has.
const LAST: usize = 8;
/// The name of the remote that stands for a bucket; the environment describes it.
const OWN: &str = "hwdr";
/// The certificates of servers: AWS's variable, and rclone's.
const BUNDLE: &str = "AWS_CA_BUNDLE";
const CA_CERT: &str = "RCLONE_CA_CERT";
/// A bucket needs no configuration, and what rclone says of that is no news.
const NO_CONFIG: &str = "NOTICE: Config file ";
/// Its exit statuses for a folder and for a file that is not there (rclone's documentation, "Exit code").
const ABSENT: [i32; 2] = [3, 4];

/// rclone, and the place that it reaches.
#[derive(Debug, Clone)]
pub struct Rclone {
    program: PathBuf,
    at: String,
    env: Vec<(String, String)>,
}

/// What is at a path, if it is there.
pub type There = Option<String>;

impl Rclone {
    /// The one on the PATH.
    pub fn new(target: &Target) -> Self {
        let (at, env) = match target {
            Target::Rclone(at) => (at.clone(), Vec::new()),
            Target::S3(bucket) => (place_in(bucket), env_of(bucket)),
        };
        Self { program: "rclone".into(), at, env }
    }

    /// This rclone with another variable in its environment.
    pub fn with_env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A path in the place, for rclone and for people.
    pub fn path(&self, path: &str) -> String {
        match path.is_empty() || self.at.ends_with([':', '/']) {
            true => format!("{}{path}", self.at),
            false => format!("{}/{path}", self.at),
        }
    }

    /// The line that a person would type.
    pub fn typed<W: AsRef<str>>(&self, words: &[W]) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}={}", quote(value)));
        let words = words.iter().map(|word| quote(word.as_ref()));
        env.chain(["rclone".to_owned()]).chain(words).collect::<Vec<_>>().join(" ")
    }

    /// Runs it to its end; the result is what it prints.
    ///
    /// # Errors
    /// If it fails: also if what it reads is not there.
    pub async fn run<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Result<String, Halt> {
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        let shown = shown(&words);
        let there = self.ask(words).await?;
        there.ok_or_else(|| Halt::new(format!("{shown}: {} has no such file or folder", self.at)))
    }

    /// Runs it to its end, where it may be that there is nothing.
    ///
    /// # Errors
    /// If it fails otherwise.
    pub async fn ask<W: Into<OsString>>(&self, words: impl IntoIterator<Item = W>) -> Result<There, Halt> {
        self.work(words.into_iter().map(Into::into).collect(), None, &mut |_| {}).await
    }

    /// Writes a small file.
    ///
    /// # Errors
    /// If it fails.
    pub async fn write(&self, path: &str, text: &str) -> Result<(), Halt> {
        let words = ["rcat".into(), self.path(path).into()];
        self.work(words.into(), Some(text), &mut |_| {}).await.map(drop)
    }

    /// Copies much, and tells each line of progress.
    ///
    /// # Errors
    /// If it fails, or there is nothing to copy from.
    pub async fn copy(&self, words: Vec<OsString>, tell: &mut dyn FnMut(&str)) -> Result<(), Halt> {
        let more = ["--stats=30s", "--stats-one-line", "--stats-log-level=NOTICE", "--transfers=8", "--checkers=16"];
        let words: Vec<_> = words.into_iter().chain(more.map(OsString::from)).collect();
        let shown = shown(&words);
        let there = self.work(words, None, tell).await?;
        there.map(drop).ok_or_else(|| Halt::new(format!("{shown}: there is nothing to copy")))
    }

    async fn work(&self, words: Vec<OsString>, input: Option<&str>, tell: &mut dyn FnMut(&str)) -> Result<There, Halt> {
        let shown = shown(&words);
        let here = |error: io::Error| Halt::new(format!("{shown}: {error}"));
        let mut process = Process::new(&self.program);
        process.args(&words).envs(self.env.iter().map(|(name, value)| (name, value)));
        if let Some(bundle) = std::env::var_os(BUNDLE) {
            // rclone takes its own variable for this, and its older versions fail at AWS's.
            process.env_remove(BUNDLE);
            if std::env::var_os(CA_CERT).is_none() {
                process.env(CA_CERT, bundle);
            }
        }
        process.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
        process.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = process.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => {
                Halt::new("rclone is not on this machine").help("install it: apt-get install rclone")
            }
            _ => here(error),
        })?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let writing = async {
            if let (Some(text), Some(mut stdin)) = (input, stdin) {
                // If it ends without reading all of it, it says why.
                let _ = stdin.write_all(text.as_bytes()).await;
            }
        };
        let reading = async {
            let mut out = Vec::new();
            match stdout {
                Some(stdout) => stdout.take(MOST).read_to_end(&mut out).await.map(|_| out),
                None => Ok(out),
            }
        };
        let hearing = async {
            let mut last: Vec<String> = Vec::new();
            let mut lines = BufReader::new(stderr?).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains(NO_CONFIG) {
                    continue;
                }
                let line = without_time(&line);
                tell(&format!("rclone: {line}"));
                if !line.trim().is_empty() {
                    last.push(kept(line));
                }
                if last.len() > LAST {
                    last.remove(0);
                }
            }
            Some(last)
        };
        let ((), out, last) = tokio::join!(writing, reading, hearing);
        let out = out.map_err(here)?;
        let status = child.wait().await.map_err(here)?;
        match status.code() {
            Some(0) => {
                String::from_utf8(out).map(Some).map_err(|_| Halt::new(format!("{shown}: what it prints is not UTF-8")))
            }
            Some(code) if ABSENT.contains(&code) => Ok(None),
            code => {
                let how = code.map_or_else(|| "ended by a signal".to_owned(), |code| format!("exit status {code}"));
                let last: String = last.unwrap_or_default().iter().map(|line| format!("\n  {line}")).collect();
                Err(Halt::new(format!("{shown}: {how}{last}"))
                    .help(format!("try it: {}", self.typed(&["lsf", &self.at]))))
            }
        }
    }
}

/// What rclone says, without the time and the level in front of it.
fn without_time(line: &str) -> &str {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit() || b"/:".contains(&byte));
    let mut words = line.splitn(3, ' ');
    let rest = match (words.next(), words.next(), words.next()) {
        (Some(date), Some(time), Some(rest)) if !date.is_empty() && digits(date) && digits(time) => rest,
        _ => line,
    };
    ["ERROR :", "NOTICE:"].iter().find_map(|level| rest.strip_prefix(level)).unwrap_or(rest).trim()
}

/// A command, for messages: what it does and what with, without its options.
fn shown(words: &[OsString]) -> String {
    let words = words.iter().map(|word| word.to_string_lossy()).filter(|word| !word.starts_with('-'));
    let words = words.map(|word| quote(&hwdr_values::shown::plain(&word)));
    ["rclone".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

fn place_in(bucket: &Bucket) -> String {
    match &bucket.prefix {
        Some(prefix) => format!("{OWN}:{}/{prefix}", bucket.name),
        None => format!("{OWN}:{}", bucket.name),
    }
}

/// What describes a bucket to rclone. Keys are looked for in the environment, `~/.aws`, and the machine's role.
fn env_of(bucket: &Bucket) -> Vec<(String, String)> {
    let provider = if bucket.endpoint.is_some() { "Other" } else { "AWS" };
    let known = [("TYPE", "s3"), ("PROVIDER", provider), ("ENV_AUTH", "true"), ("NO_CHECK_BUCKET", "true")];
    let more = [("REGION", &bucket.region), ("ENDPOINT", &bucket.endpoint)];
    let more = more.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)));
    let variable = |name: &str| format!("RCLONE_CONFIG_{}_{name}", OWN.to_uppercase());
    known.into_iter().chain(more).map(|(name, value)| (variable(name), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_described_without_keys() {
        let bucket = Bucket {
            name: "hopsworks-backups".into(),
            prefix: Some("prod".into()),
            region: Some("eu-north-1".into()),
            endpoint: None,
        };
        let rclone = Rclone::new(&Target::S3(bucket.clone()));
        assert_eq!(rclone.path("7/manifest.json"), "hwdr:hopsworks-backups/prod/7/manifest.json");
        assert_eq!(
            rclone.typed(&["lsf", "hwdr:hopsworks-backups/prod"]),
            "RCLONE_CONFIG_HWDR_TYPE=s3 RCLONE_CONFIG_HWDR_PROVIDER=AWS RCLONE_CONFIG_HWDR_ENV_AUTH=true \
             RCLONE_CONFIG_HWDR_NO_CHECK_BUCKET=true RCLONE_CONFIG_HWDR_REGION=eu-north-1 rclone lsf hwdr:hopsworks-backups/prod"
        );
        let other =
            Bucket { prefix: None, region: None, endpoint: Some("https://minio.example:9000".into()), ..bucket };
        let rclone = Rclone::new(&Target::S3(other));
        assert_eq!(rclone.path(""), "hwdr:hopsworks-backups");
        let has = |name: &str, value: &str| rclone.env.contains(&(format!("RCLONE_CONFIG_HWDR_{name}"), value.into()));
        assert!(has("PROVIDER", "Other") && has("ENDPOINT", "https://minio.example:9000"), "{:?}", rclone.env);
    }

    #[test]
    fn what_rclone_says_has_no_second_time() {
        for (line, expected) in [
            (
                "2026/12/01 02:04:24 NOTICE:         393 B / 393 B, 100%, 0 B/s, ETA -",
                "393 B / 393 B, 100%, 0 B/s, ETA -",
            ),
            ("2026/12/01 02:04:24 ERROR : x: cannot be read", "x: cannot be read"),
            ("2026/12/01 02:04:24 Failed to copy: x", "Failed to copy: x"),
            ("Usage: rclone copy", "Usage: rclone copy"),
            ("", ""),
        ] {
            assert_eq!(without_time(line), expected);
        }
    }

    #[test]
    fn a_path_lies_below_the_place() {
        for (at, expected) in [("a:", "a:7"), ("a:b", "a:b/7")] {
            assert_eq!(Rclone::new(&Target::Rclone(at.into())).path("7"), expected);
        }
    }
}
