//! Inputs that must not break the linter: each is named in an error, the other files are still linted, and neither memory nor
//! time grows without limit.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::common::{self, Home, run};

/// A file with one finding, which must be told whatever stands beside it.
const GOOD: &str = "global: {_hopsworks: {restoreFromBackup: {backupId: 254811200}}}\n";

#[test]
fn each_is_named_and_the_rest_is_linted() {
    let home = Home::new();
    home.write("good.yaml", GOOD);
    home.write("binary.yaml", [0x7f, b'E', b'L', b'F', 0, 0xff]);
    home.write("latin.yaml", b"a: caf\xe9\n");
    home.write("list.yaml", "- a\n");
    home.write("nul.yaml", "a: \0\n");
    home.write("deep-flow.yaml", format!("a: {}", "[".repeat(10_000)));
    home.write("deeper-flow.yaml", format!("a: {}{}", "[".repeat(300_000), "]".repeat(300_000)));
    let deep: String = (0..10_000).map(|level| format!("{}a:\n", " ".repeat(level))).collect();
    home.write("deep-block.yaml", deep.split_inclusive('\n').take(5_000).collect::<String>());
    home.write("deep-list.yaml", "- ".repeat(100_000));
    let bomb: String =
        (1..40).map(|n| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(", "))).collect();
    home.write("bomb.yaml", format!("l0: &l0 [x, x]\n{bomb}"));
    std::fs::create_dir(home.path("folder.yaml")).unwrap();
    File::create(home.path("huge.yaml")).unwrap().set_len(1 << 30).unwrap();
    run(home.command("mkfifo").arg("pipe.yaml"), b"").ok();
    std::os::unix::fs::symlink("loop.yaml", home.path("loop.yaml")).unwrap();

    let bad = [
        "binary.yaml",
        "latin.yaml",
        "list.yaml",
        "nul.yaml",
        "deep-flow.yaml",
        "deeper-flow.yaml",
        "deep-block.yaml",
        "deep-list.yaml",
        "bomb.yaml",
        "folder.yaml",
        "huge.yaml",
        "pipe.yaml",
        "loop.yaml",
        "missing.yaml",
        "/dev/zero",
    ];
    let start = Instant::now();
    // No more than 1 GiB of addresses.
    let mut limited = home.command("sh");
    limited.args([
        "-c",
        "ulimit -v 1048576; exec \"$@\"",
        "sh",
        common::HWDR,
        "lint",
        "--select",
        "backup-id-number",
        "--format",
        "json",
    ]);
    let ran = run(limited.args(bad).arg("good.yaml"), b"");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    let told: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(told["findings"].as_array().unwrap().len(), 1, "{told:#}");
    for name in bad {
        assert!(ran.stderr.contains(name), "{name} is not named:\n{}", ran.stderr);
        // And alone, as a layer.
        run(home.hwdr().args(["values", "-f", name]), b"").failed(2);
    }
}

/// What a shell hands over by `<(…)` is a pipe, and right.
#[test]
fn a_pipe_of_the_shell_is_read() {
    let home = Home::new();
    let script = format!("'{}' values -o json -f <(echo 'a: 1')", common::HWDR);
    assert_eq!(run(home.command("bash").args(["-c", &script]), b"").text(), "{\n  \"a\": 1\n}\n");
}

/// Links that lead to the same folders twice on each level: 2^17 charts of a few kilobytes.
#[test]
fn a_chart_that_links_to_itself_is_refused_early() {
    let home = Home::new();
    for level in 0..18 {
        std::fs::create_dir_all(home.path(&format!("l{level}/charts"))).unwrap();
        home.write(&format!("l{level}/Chart.yaml"), format!("apiVersion: v2\nname: l{level}\nversion: 1.0.0\n"));
        for name in ["a", "b"].iter().filter(|_| level < 17) {
            let link = home.path(&format!("l{level}/charts/{name}"));
            std::os::unix::fs::symlink(format!("../../l{}", level + 1), link).unwrap();
        }
    }
    let ran = run(home.hwdr().args(["values", "--chart", "l0"]), b"");
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert!(ran.stderr.contains("more than 100000 entries"), "{}", ran.stderr);
}

/// What is wrong on a command line is quoted, and is no text for a terminal or a CI system to act on.
#[test]
fn a_quoted_command_line_is_harmless() {
    let home = Home::new();
    let bad = "x\n::error::y\u{1b}[2J";
    for line in [
        &["lint", "--for", bad][..],
        &["lint", "--select", bad],
        &["lint", "-f", bad],
        &["values", bad],
        &["history", bad],
        &["rbac", bad],
        &["upgrade", "r", "c", "-f", bad],
        &[bad],
    ] {
        let ran = run(home.hwdr().args(line), b"");
        assert_eq!(ran.code, Some(2), "{}", ran.stderr);
        let is_bad = |line: &str| line.trim_start().starts_with("::") || line.contains('\u{1b}');
        assert!(!ran.stderr.lines().any(is_bad), "{line:?}:\n{}", ran.stderr);
    }
}

#[test]
fn a_missing_inventory_is_named_with_the_command_that_writes_one() {
    let home = Home::new();
    for command in ["lint", "backup"] {
        let said = run(home.hwdr().args(["vm", command]).env_remove("HWDR_INVENTORY"), b"").failed(2);
        for words in ["cannot read inventory.yaml", "helm hwdr vm init ADDRESS\n", "or name it with --inventory"] {
            assert!(format!("{said}\n").contains(words), "{said}");
        }
    }
}
