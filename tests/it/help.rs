//! What holds for every command of the program as it is run. The commands are those that its own help lists, so that none is forgotten.

use std::io::Read as _;
use std::process::Stdio;

use crate::common::{BOTH, Home, run};

/// All commands, as the help lists them, each as its words.
fn commands(home: &Home) -> Vec<Vec<String>> {
    fn below(home: &Home, path: &[String], found: &mut Vec<Vec<String>>) {
        let help = run(home.hwdr().args(path).arg("--help"), b"").text();
        let listed =
            help.split_once("Commands:\n").map_or("", |(_, list)| list.split("\n\n").next().unwrap_or_default());
        // The lines of a description that is broken begin further to the right.
        let names = listed.lines().filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')));
        let names: Vec<_> =
            names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").collect();
        for name in &names {
            let path = [path, &[(*name).to_owned()]].concat();
            below(home, &path, found);
        }
        if names.is_empty() {
            found.push(path.to_vec());
        }
    }
    let mut found = Vec::new();
    below(home, &[], &mut found);
    assert!(found.len() > 35 && found.contains(&vec!["backups".into(), "list".into()]), "{found:?}");
    found
}

#[test]
fn each_command_refuses_a_flag_that_it_does_not_have_and_does_nothing() {
    let home = Home::new();
    for command in commands(&home) {
        for flag in ["--no-such-flag", "-Z"] {
            let said = run(home.hwdr().args(&command).arg(flag), b"").failed(2);
            assert!(said.contains(flag), "{command:?}: {said}");
            assert!(!said.contains("kubeconfig"), "{command:?} looked for a cluster first: {said}");
        }
    }
}

#[test]
fn help_is_given_wherever_it_is_asked_for() {
    let home = Home::new();
    for command in commands(&home) {
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let name = format!("Usage: helm hwdr {}", words.join(" "));
        for (before, behind) in [
            (&[][..], &["-h"][..]),
            (&[], &["--help"]),
            (&[], &["x", "y", "-h"]),
            (&[], &["--no-such-flag", "-h"]),
            (&[], &["-n", "x", "--kube-context", "y", "--help"]),
            (&["--color", "never", "-v"], &["--help"]),
            (&["help"], &[]),
        ] {
            let line = [before, &words, behind].concat();
            let shown = run(home.hwdr().args(&line), b"").text();
            assert!(shown.contains(&name), "{line:?}: {shown}");
            assert!(shown.contains("\nExamples:\n  ") && shown.contains("\nExit codes:\n  0  "), "{line:?}: {shown}");
        }
    }
}

/// Helm takes its own flags out of the line, and leaves the rest to the plugin.
#[test]
fn help_comes_through_both_helms() {
    let home = Home::new();
    home.plugin();
    for major in BOTH {
        for line in [
            "hwdr upgrade hops chart -n ns -h",
            "hwdr upgrade -h",
            "-n ns hwdr upgrade --kube-context x --help",
            "hwdr upgrade hops chart --nonsense -h",
        ] {
            let shown = run(home.helm(major).args(line.split(' ')), b"").text();
            assert!(shown.contains("Usage: helm hwdr upgrade RELEASE"), "Helm {}: {line}: {shown}", major.number());
            assert!(shown.contains("--kube-context <NAME>") && shown.contains("-n, --namespace <NAME>"), "{shown}");
        }
        let ran = run(home.helm(major).args(["hwdr", "status", "--no-such-flag"]), b"");
        assert_eq!(ran.code, Some(2), "Helm {}: {}", major.number(), ran.stderr);
    }
}

#[test]
fn the_version_is_one_line_or_json() {
    let home = Home::new();
    let text = format!("hwdr {}\n", env!("CARGO_PKG_VERSION"));
    for line in ["version", "--version", "-V", "version -o text", "lint --version"] {
        assert_eq!(run(home.hwdr().args(line.split(' ')), b"").text(), text, "{line}");
    }
    let json = run(home.hwdr().args(["version", "-o", "json"]), b"").text();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
}

/// A reader that has read enough is no failure, and is not told of.
#[test]
fn a_reader_may_leave_early() {
    let home = Home::new();
    for line in ["rules", "schema", "help upgrade", "rbac", "completion bash", "monitor --dashboard"] {
        let mut hwdr = home.hwdr();
        hwdr.args(line.split(' ')).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = hwdr.spawn().expect("the program");
        // Closed before a byte is written, or after the first.
        drop(child.stdout.take());
        let mut said = String::new();
        child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("text");
        let status = child.wait().expect("its end");
        assert!(status.success() && said.is_empty(), "{line}: {status} {said}");
    }
}

#[test]
fn colours_are_as_the_flag_says() {
    let home = Home::new();
    let shown = |line: &[&str]| run(home.hwdr().env_remove("NO_COLOR").args(line), b"").text();
    for line in [&["rules", "dotted-key"][..], &["upgrade", "--help"], &["backups", "--help"]] {
        let with = |when: &str| shown(&[line, &["--color", when]].concat());
        assert!(!shown(line).contains('\u{1b}') && !with("auto").contains('\u{1b}'), "{line:?}");
        assert!(with("always").contains('\u{1b}') && !with("never").contains('\u{1b}'), "{line:?}");
    }
    // A wrong line, too.
    let wrong = run(home.hwdr().env_remove("NO_COLOR").args(["--color=always", "status", "--nonsense"]), b"").stderr;
    assert!(wrong.contains('\u{1b}'), "{wrong:?}");
    for line in [&["lint", "--color", "blue"][..], &["upgrade", "a", "b", "--color", "blue"]] {
        assert!(run(home.hwdr().args(line), b"").failed(2).contains("blue"));
    }
}

/// Notes are left out, and warnings and errors are not.
#[test]
fn quiet_leaves_out_notes() {
    let home = Home::new();
    let folder = home.path("pages");
    let said = |more: &[&str]| run(home.hwdr().arg("man").arg(&folder).args(more), b"").stderr;
    assert!(said(&[]).contains("pages are in") && said(&["-q"]).is_empty());
    let chart = crate::common::testdata("chart");
    home.write("a.yaml", "a: 1\n");
    for major in BOTH {
        let plain = |more: &[&str]| {
            let mut hwdr = home.hwdr();
            hwdr.env("HELM_BIN", major.program()).args(["upgrade", "x", &chart, "-f", "a.yaml"]).args(more);
            run(&mut hwdr, b"").stderr
        };
        assert!(plain(&[]).contains("The values ask for no restore"));
        let quiet = plain(&["-q"]);
        assert!(!quiet.contains("The values ask") && quiet.contains("helm upgrade failed"), "{quiet}");
    }
}

/// There is a manual page for each command, and a second run writes the same.
#[test]
fn each_command_has_a_manual_page() {
    let home = Home::new();
    let written = |folder: &str| {
        let mut hwdr = home.hwdr();
        run(hwdr.env("SOURCE_DATE_EPOCH", "1700000000").args(["man", "-q", folder]), b"").ok();
        let entries = std::fs::read_dir(home.path(folder)).expect("a folder");
        let page = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.expect("an entry");
            (entry.file_name().into_string().expect("a name"), std::fs::read_to_string(entry.path()).expect("a text"))
        };
        entries.map(page).collect::<std::collections::BTreeMap<_, _>>()
    };
    let pages = written("one");
    assert_eq!(pages, written("two"));
    for command in commands(&home) {
        let name = format!("hwdr-{}.1", command.join("-"));
        let page = pages.get(&name).unwrap_or_else(|| panic!("{name}: {:?}", pages.keys()));
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "\"EXIT STATUS\"", "EXAMPLES"] {
            assert!(page.contains(&format!(".SH {section}\n")), "{name}: {section}: {page}");
        }
        assert!(page.contains("2023\\-11\\-14") || page.contains("2023-11-14"), "{name}: {page}");
    }
}
