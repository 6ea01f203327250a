//! `hwdr lint` and `hwdr schema` as a person or a hook runs them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Ran {
    code: i32,
    out: String,
    err: String,
}

fn hwdr_in(dir: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_hwdr"))
        .args(arguments)
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn hwdr(arguments: &[&str]) -> Ran {
    hwdr_in(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lint").as_path(), arguments)
}

/// A folder of its own for a test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hwdr-lint-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Compares with a file of `testdata/lint`; `UPDATE_GOLDEN=1` writes it anew.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lint").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == text, "{name}:\n{}", similar::TextDiff::from_lines(kept.as_str(), text).unified_diff());
}

#[test]
fn people_see_the_line_underlined_and_what_to_do() {
    let ran = hwdr(&["lint", "wrong.yaml"]);
    assert_eq!(ran.code, 1);
    assert_eq!(ran.err, "");
    golden("wrong.human.txt", &ran.out);
    let help = ran.out.lines().filter(|line| !line.contains(" | "));
    for line in help {
        assert!(line.chars().count() <= 80, "more than 80 columns: {line}");
    }
}

#[test]
fn layers_are_merged_and_what_is_missing_is_missing() {
    let ran = hwdr(&[
        "lint",
        "-f",
        "base.yaml",
        "-f",
        "overlay.yaml",
        "--for",
        "upgrade",
        "--set",
        "jobs.ttlSecondsAfterFinished=x",
    ]);
    assert_eq!(ran.code, 1);
    golden("merged.human.txt", &ran.out);
    assert_eq!(hwdr(&["lint", "base.yaml", "overlay.yaml", "--for", "upgrade"]).code, 0, "each for itself is right");
}

#[test]
fn programs_get_json_sarif_and_github_commands() {
    for (format, name) in [("json", "wrong.json"), ("sarif", "wrong.sarif"), ("github", "wrong.github.txt")] {
        let ran = hwdr(&["lint", "wrong.yaml", "--format", format]);
        assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{format}");
        if format == "sarif" {
            // The rules' pages are in it, which have tests of their own.
            let mut sarif: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
            sarif["runs"][0]["tool"]["driver"]["rules"] = serde_json::json!("as in docs/rules.md");
            sarif["runs"][0]["tool"]["driver"]["semanticVersion"] = serde_json::json!("any");
            golden(name, &(serde_json::to_string_pretty(&sarif).unwrap() + "\n"));
        } else {
            golden(name, &ran.out);
        }
    }
}

#[test]
fn a_fix_changes_what_it_must_and_keeps_every_other_byte() {
    let folder = Folder::new("fix");
    let before = "# kept\r\nglobal:\r\n  _hopsworks: # kept\r\n    backups: {enabled: 'yes', ttl: 2w,   schedule: \"@Daily\"}\r\n    \
                  restoreFromBackup:\r\n      backupId:   254811200   # kept\r\n# kept";
    let after = before
        .replace("'yes'", "true")
        .replace("2w", "14d")
        .replace("\"@Daily\"", "\"@daily\"")
        .replace("254811200", "\"254811200\"");
    folder.write("a.yaml", before);
    folder.write("b.yaml", "global: {}\n");

    let diff = hwdr_in(&folder.0, &["lint", "--diff", "a.yaml", "b.yaml"]);
    assert!(diff.out.contains("-      backupId:   254811200   # kept"), "{}", diff.out);
    assert!(diff.out.contains("+      backupId:   \"254811200\"   # kept"), "{}", diff.out);
    assert_eq!(folder.read("a.yaml"), before, "--diff changes nothing");

    let fixed = hwdr_in(&folder.0, &["lint", "--fix", "--for", "install", "a.yaml", "b.yaml"]);
    assert_eq!(fixed.code, 0, "{}", fixed.out);
    assert!(fixed.out.contains("4 fixed"), "{}", fixed.out);
    assert_eq!(folder.read("a.yaml"), after);
    assert_eq!(folder.read("b.yaml"), "global: {}\n");
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 2, "no file is left behind");
}

#[test]
fn a_fix_of_merged_values_goes_into_the_layer_that_is_wrong() {
    let folder = Folder::new("merged-fix");
    folder.write("a.yaml", "global: {_hopsworks: {backups: {enabled: 'true', schedule: '@weekly'}}}\n");
    folder.write("b.yaml", "global: {_hopsworks: {backups: {ttl: 3w}}} # kept\n");
    let ran = hwdr_in(&folder.0, &["lint", "--fix", "-f", "a.yaml", "-f", "b.yaml"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert_eq!(folder.read("a.yaml"), "global: {_hopsworks: {backups: {enabled: true, schedule: '@weekly'}}}\n");
    assert_eq!(folder.read("b.yaml"), "global: {_hopsworks: {backups: {ttl: 21d}}} # kept\n");
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_linted() {
    let folder = Folder::new("bad");
    folder.write("good.yaml", "global: {_hopsworks: {backups: {ttl: 2w}}}\n");
    folder.write("binary.yaml", [0u8, 159, 146, 150]);
    folder.write("broken.yaml", "a: [1\nb: 2\n");
    folder.write("list.yaml", "- a\n");
    std::fs::create_dir(folder.0.join("folder.yaml")).unwrap();
    let names = ["missing.yaml", "binary.yaml", "broken.yaml", "list.yaml", "folder.yaml"];
    let ran = hwdr_in(&folder.0, &[&["lint", "good.yaml"], &names[..]].concat());
    assert_eq!(ran.code, 2);
    for name in names {
        assert!(ran.err.contains(name), "{name}: {}", ran.err);
    }
    assert!(ran.out.contains("error[ttl]"), "{}", ran.out);
    assert!(ran.out.ends_with("1 error in 6 files; 1 can be fixed with --fix; 5 files not readable\n"), "{}", ran.out);
}

#[test]
fn rules_can_be_chosen_and_unknown_ones_are_refused() {
    let rules = |arguments: &[&str]| -> Vec<String> {
        let ran = hwdr(&[&["lint", "wrong.yaml", "--format", "json"], arguments].concat());
        let json: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        json["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(rules(&["--select", "ttl,schedule"]), ["schedule", "ttl"]);
    assert!(!rules(&["--ignore", "ttl"]).contains(&"ttl".to_owned()));
    for flag in ["--select", "--ignore"] {
        let ran = hwdr(&["lint", "wrong.yaml", flag, "tll"]);
        assert_eq!(ran.code, 2);
        assert!(ran.err.contains("did you mean 'ttl'?"), "{}", ran.err);
    }
}

#[test]
fn warnings_count_only_when_strict() {
    let folder = Folder::new("strict");
    folder.write("a.yaml", "global: {_hopsworks: {restoreFromBackup: {backupId: \"254811200\"}}}\n");
    assert_eq!(hwdr_in(&folder.0, &["lint", "a.yaml"]).code, 0);
    assert_eq!(hwdr_in(&folder.0, &["lint", "a.yaml", "--strict"]).code, 1);
}

#[test]
fn files_and_layers_do_not_go_together() {
    for arguments in [&["lint", "base.yaml", "-f", "overlay.yaml"][..], &["lint"]] {
        let ran = hwdr(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("hwdr lint FILE"), "{}", ran.err);
    }
}

#[test]
fn credentials_are_not_printed() {
    let folder = Folder::new("secret");
    folder.write("a.yaml", "global:\n  _hopsworks:\n    backups: {ttl: 2w, secretAccessKey: hunter2hunter2}\n");
    for format in ["human", "json", "sarif", "github"] {
        let ran = hwdr_in(&folder.0, &["lint", "a.yaml", "--format", format]);
        assert_eq!(ran.code, 1);
        assert!(ran.out.contains("clear-text-credentials"), "{}", ran.out);
        assert!(!ran.out.contains("hunter2"), "{}", ran.out);
    }
}

#[test]
fn the_pages_are_printed_and_kept_in_the_docs() {
    let ran = hwdr(&["lint", "--explain", "backup-id-number"]);
    assert_eq!(ran.code, 0);
    assert!(ran.out.starts_with("backup-id-number (error)\nA backup id that is a number"), "{}", ran.out);
    assert_eq!(hwdr(&["lint", "--explain", "nothing-like-it"]).code, 2);
    let list = hwdr(&["lint", "--explain"]);
    assert!(ran.out.lines().chain(list.out.lines()).all(|line| line.chars().count() <= 80), "{}{}", ran.out, list.out);
    assert!(list.out.lines().any(|line| line.starts_with("ttl-too-short")), "{}", list.out);

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    let document = hwdr::lint::rules::document();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &document).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(kept, document, "run: UPDATE_GOLDEN=1 cargo test --test lint_cli");
}

#[test]
fn the_schema_is_printed_as_it_is() {
    let ran = hwdr(&["schema"]);
    assert_eq!(ran.out, include_str!("../schema/hopsworks.schema.json"));
}
