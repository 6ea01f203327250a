//! Sessions in the documentation that need no cluster are run, and print what is shown.
//!
//! A comment in the line before a block says what it is:
//! - `<!-- run -->`: a session (`$ ` before what is typed) is run in a folder with the checkout's `testdata`. A line `…` stands for any lines.
//! - `<!-- run in a cluster -->`: the same, with a server that answers as a cluster's API server with a few backups. Times are of today, so digits are
//!   not compared.
//! - `<!-- run with a damaged backup -->`: the same, with a server that answers as an S3 server with one.
//! - `<!-- file: NAME -->`: the block is a file of that name in the folder.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use super::{Page, Part, is_current, pages};
use crate::backups::{Lab, OPENSEARCH};
use crate::common::{HWDR, Home, Major, ROOT, run};
use crate::{doctor, verify};

/// A folder in which `helm hwdr` is the program under test, without a plugin that has to be installed.
pub(super) struct Desk {
    home: Home,
    kubeconfig: String,
}

impl Desk {
    /// `more` is behind each `backups verify`, so that it finds the bucket's server.
    fn of(kubeconfig: String, more: &str) -> Self {
        let home = Home::new();
        let helm = Major::Three.program().display().to_string();
        let hwdr =
            format!("#!/bin/sh\ncase \" $* \" in *' verify '*) set -- \"$@\" {more} ;; esac\nexec '{HWDR}' \"$@\"\n");
        let program = home.script("bin/hwdr", &hwdr);
        let helm = format!("#!/bin/sh\n[ \"$1\" = hwdr ] || exec '{helm}' \"$@\"\nshift\nexec '{program}' \"$@\"\n");
        home.script("bin/helm", &helm);
        fs::create_dir(home.path("desk")).expect("a folder");
        symlink(format!("{ROOT}/testdata"), home.path("desk/testdata")).expect("a link");
        Self { home, kubeconfig }
    }

    /// Without a cluster.
    pub(super) fn new() -> Self {
        Self::of("/dev/null".to_owned(), "")
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        self.home.write(&format!("desk/{name}"), text);
    }

    /// What a line prints, on both outputs.
    pub(super) fn printed(&self, line: &str, colours: bool) -> String {
        let mut shell = self.home.command("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        shell.args(["-c", &format!("exec 2>&1\n{line}")]).current_dir(self.home.path("desk"));
        shell.env("PATH", format!("{}:{path}", self.home.path("bin").display()));
        shell.env("KUBECONFIG", &self.kubeconfig).env("HELM_BIN", Major::Three.program());
        shell.env("COLUMNS", "80").env("TZ", "UTC").env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
        if colours {
            shell.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
        }
        String::from_utf8(run(&mut shell, b"").stdout).expect("UTF-8")
    }
}

/// A cluster with four daily backups. OpenSearch's has failed once, the oldest set is from before the installation, and a volume would go with its
/// claim.
pub(super) fn cluster() -> (Lab, Desk) {
    let lab = doctor::lab();
    lab.record(OPENSEARCH, &lab.id(1), Json::Null);
    let why = json!({"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit", "lastTransitionTime": lab.at(1) + SignedDuration::from_mins(10)});
    let of = "opensearch-backup-default-default";
    lab.job(&format!("{of}-1"), of, lab.at(1), json!({"failed": 1, "conditions": [why]}));
    let path = "/api/v1/persistentvolumes/pv-1";
    let mut volume = lab.api.get(path).expect("it is there");
    volume["spec"]["persistentVolumeReclaimPolicy"] = "Delete".into();
    lab.api.put(path, volume);
    let desk = Desk::of(lab.home.path("kubeconfig").display().to_string(), "");
    (lab, desk)
}

/// A bucket with one backup, in which the end of a file of RonDB's is missing.
pub(super) fn damaged() -> (verify::Lab, Desk) {
    let lab = verify::Lab::new();
    let name = "2/BACKUP-254811200-PART-1-OF-4/BACKUP-254811200-0.2.Data";
    let whole = fs::read(format!("{ROOT}/crates/hwdr-backup/testdata/ndb/threads/{name}")).expect("a file");
    let cut = &whole[..whole.len() - 4];
    lab.s3.put(&format!("rondb_backup/254811200/rondb/{name}"), cut, "2025-11-24T12:05:00Z".parse().expect("a time"));
    let more = format!("--endpoint {} --path-style", lab.s3.url);
    let desk = Desk::of(lab.home.path("kubeconfig").display().to_string(), &more);
    (lab, desk)
}

/// A text in which all times, ids and durations are the same: `29h` and `2d` are `0u`.
pub(super) fn timeless(text: &str) -> String {
    let mut same = String::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if !c.is_ascii_digit() {
            same.push(c);
            continue;
        }
        same.push('0');
        while rest.next_if(char::is_ascii_digit).is_some() {}
        let mut after = rest.clone();
        let is_unit =
            after.next().is_some_and(|c| "smhd".contains(c)) && !after.next().is_some_and(char::is_alphanumeric);
        if is_unit {
            same.push('u');
            rest.next();
        }
    }
    same
}

#[test]
fn times_are_not_compared() {
    assert_eq!(timeless("55s, 1m and 29h"), timeless("7s, 88s and 2d"));
    assert_eq!(timeless("2026-11-30 a8x 3h"), "0-0-0 a0x 0u");
}

/// Each line that is typed in a session, with those that continue it, and what is shown behind it.
fn dialogue(session: &str) -> Vec<(String, String)> {
    let mut said: Vec<(String, String)> = Vec::new();
    for line in session.split_inclusive('\n') {
        match (line.strip_prefix("$ "), said.last_mut()) {
            (Some(typed), _) => said.push((typed.to_owned(), String::new())),
            (None, Some((typed, shown))) if shown.is_empty() && typed.ends_with("\\\n") => typed.push_str(line),
            (None, Some((_, shown))) => shown.push_str(line),
            (None, None) => panic!("a session begins with what is typed: {line}"),
        }
    }
    said
}

/// Whether what is printed is what is shown, where a line `…` stands for any lines.
fn fits(shown: &str, printed: &str) -> bool {
    let mut rest = printed;
    let mut pieces = shown.split("…\n");
    let first = pieces.next().unwrap_or_default();
    let Some(after) = rest.strip_prefix(first) else { return false };
    rest = after;
    let mut is_open = false;
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
        is_open = piece.is_empty();
    }
    is_open || rest.is_empty()
}

#[test]
fn left_out_lines_are_any_lines() {
    for (shown, printed, expected) in [
        ("a\nb\n", "a\nb\n", true),
        ("a\n", "a\nb\n", false),
        ("a\n…\n", "a\nb\nc\n", true),
        ("a\n…\nc\n", "a\nb\nc\n", true),
        ("a\n…\nc\n", "a\nb\nc\nd\n", false),
        ("a\n…\nd\n", "a\nb\nc\n", false),
        ("…\nc\n", "a\nb\nc\n", true),
    ] {
        assert_eq!(fits(shown, printed), expected, "{shown:?} {printed:?}");
    }
}

/// The page with the outputs of its sessions as they are now.
fn replayed(page: &Page) -> (String, usize) {
    let (desk, cluster, damaged) = (Desk::new(), cluster(), damaged());
    let (mut made, mut count) = (page.text.clone(), 0);
    for (number, part) in page.parts() {
        let Part::Code { text, comment: Some(comment), .. } = part else { continue };
        if let Some(name) = comment.strip_prefix("file: ") {
            desk.write(name, &text);
            continue;
        }
        let (desk, is_timeless) = match comment {
            "run" => (&desk, false),
            "run in a cluster" => (&cluster.1, true),
            "run with a damaged backup" => (&damaged.1, true),
            _ => continue,
        };
        count += 1;
        let mut now = String::new();
        for (typed, shown) in dialogue(&text) {
            let printed = desk.printed(&typed, false);
            let is_same = match is_timeless {
                true => fits(&timeless(&shown), &timeless(&printed)),
                false => fits(&shown, &printed),
            };
            now.push_str(&format!("$ {typed}{}", if is_same { &shown } else { &printed }));
        }
        assert!(made.contains(&text), "{}:{number}: an indented session cannot be replaced", page.path);
        made = made.replacen(&text, &now, 1);
    }
    (made, count)
}

#[test]
fn sessions_print_what_is_shown() {
    let mut counts = BTreeMap::new();
    for page in pages().iter().filter(|page| page.text.contains("<!-- run")) {
        let (made, count) = replayed(page);
        counts.insert(page.path.clone(), count);
        is_current(&page.path, &made);
    }
    assert!(counts.values().sum::<usize>() >= 10, "{counts:?}");
}
