//! What shells and Helm get to complete a line with.

use std::time::{Duration, Instant};

use crate::backups::Lab;
use crate::common::{BOTH, HWDR, Home, run};

/// The words with which a line goes on, and the directive.
fn completed(lab: &Lab, words: &[&str]) -> (Vec<String>, String) {
    let ran = run(lab.home.hwdr().env("KUBECONFIG", "kubeconfig").arg("__complete").args(words), b"");
    assert!(ran.code == Some(0) && ran.stderr.is_empty(), "{words:?}: {:?} {}", ran.code, ran.stderr);
    parsed(&ran.text())
}

fn parsed(text: &str) -> (Vec<String>, String) {
    let mut lines: Vec<&str> = text.lines().collect();
    let directive = lines.pop().expect("a directive").to_owned();
    let word = |line: &&str| line.split('\t').next().unwrap_or_default().to_owned();
    (lines.iter().map(word).collect(), directive)
}

#[test]
fn the_cluster_is_asked_for_names() {
    let lab = Lab::new();
    assert_eq!(completed(&lab, &["upgrade", ""]), (vec!["hops".to_owned()], ":4".to_owned()));
    assert_eq!(completed(&lab, &["undo", "h"]).0, ["hops"]);
    assert!(completed(&lab, &["undo", "x"]).0.is_empty());
    let (ids, _) = completed(&lab, &["backups", "show", ""]);
    let all: Vec<String> = (0..4).map(|day| lab.id(day)).collect();
    assert!(ids.contains(&"latest".to_owned()) && ids.ends_with(&all), "{ids:?} {all:?}");
    assert_eq!(completed(&lab, &["status", "--kube-context", ""]).0, ["here"]);
    assert_eq!(completed(&lab, &["upgrade", "hops", ""]), (Vec::new(), ":0".to_owned()));
    assert!(lab.api.writes().is_empty(), "{:?}", lab.api.writes());
}

/// A cluster that does not answer, or denies, is no reason to wait or to complain.
#[test]
fn it_ends_in_time_and_in_silence() {
    let lab = Lab::new();
    lab.api.fail("/api/v1/namespaces/hopsworks/secrets", 0);
    let begun = Instant::now();
    assert!(completed(&lab, &["upgrade", ""]).0.is_empty());
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    lab.api.fail("/api/v1/namespaces/hopsworks/secrets", 403);
    assert!(completed(&lab, &["upgrade", ""]).0.is_empty());
    for kubeconfig in ["/nonexistent", "/dev/null"] {
        let mut hwdr = lab.home.hwdr();
        hwdr.env("KUBECONFIG", kubeconfig).args(["__complete", "backups", "show", ""]);
        let ran = run(&mut hwdr, b"");
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{kubeconfig}");
        assert_eq!(parsed(&ran.text()).0, ["latest", "oldest", "last-failed"], "{kubeconfig}");
    }
}

/// Helm asks the plugin by `plugin.complete`, and takes its own flags off the line before.
#[test]
fn both_helms_complete_the_plugin() {
    let lab = Lab::new();
    lab.home.plugin();
    for major in BOTH {
        let asked = |words: &[&str]| {
            let mut helm = lab.home.helm(major);
            helm.env("KUBECONFIG", "kubeconfig").arg("__complete").args(words);
            parsed(&run(&mut helm, b"").text())
        };
        let number = major.number();
        assert_eq!(asked(&["hwdr", "back"]), (vec!["backups".to_owned()], ":4".to_owned()), "Helm {number}");
        assert_eq!(asked(&["hwdr", "backups", "k"]).0, ["keep"], "Helm {number}");
        assert!(asked(&["hwdr", "backups", "list", "--fr"]).0.contains(&"--from-bucket".to_owned()), "Helm {number}");
        assert_eq!(asked(&["hwdr", "undo", "-n", "hopsworks", ""]).0, ["hops"], "Helm {number}");
        assert!(asked(&["hwdr", "undo", "-n", "other", ""]).0.is_empty(), "Helm {number}");
        assert_eq!(asked(&["--namespace", "hopsworks", "hwdr", "undo", ""]).0, ["hops"], "Helm {number}");
        assert!(asked(&["hwdr", "backups", "show", ""]).0.contains(&lab.id(0)), "Helm {number}");
        assert_eq!(
            asked(&["hwdr", "upgrade", "hops", "chart", "-f", ""]),
            (Vec::new(), ":0".to_owned()),
            "Helm {number}"
        );
    }
}

/// The script of bash, as bash calls it.
#[test]
fn bash_gets_the_words() {
    let home = Home::new();
    let folder = std::path::Path::new(HWDR).parent().expect("it has one").display().to_string();
    for (line, expected) in [
        ("hwdr back", "backups"),
        ("hwdr backups k", "keep"),
        ("hwdr status -o ", "text json prometheus nagios"),
        ("hwdr rules dotted", "dotted-key"),
        // bash takes what stands before the sign for a word of its own.
        ("hwdr status --output=na", "nagios"),
        ("FOO=1 hwdr --color ne", "never"),
        ("hwdr nonsense ", ""),
    ] {
        let script = format!(
            "PATH=\"{folder}:$PATH\"; source <(hwdr completion bash); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}\n\
             COMP_WORDBREAKS=$' \\t\\n\"\\'><=;|&(:'; _hwdr hwdr x y; echo \"${{COMPREPLY[*]}}\""
        );
        let said = run(home.command("bash").args(["-c", &script]), b"").text();
        assert_eq!(said.trim_end(), expected, "{line}");
    }
}
