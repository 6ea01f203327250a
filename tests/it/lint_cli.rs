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
            sarif["runs"][0]["invocations"][0]["workingDirectory"] = serde_json::json!("where it runs");
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
    assert!(ran.out.ends_with("1 error in 1 file; 1 can be fixed with --fix; 5 files not readable\n"), "{}", ran.out);
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
    assert_eq!(kept, document, "run: UPDATE_GOLDEN=1 cargo test --test it lint_cli");
}

#[test]
fn the_schema_is_printed_as_it_is() {
    let ran = hwdr(&["schema"]);
    assert_eq!(ran.out, include_str!("../../src/product/hopsworks/schema.json"));
}

/// Runs with the text on standard input, and what comes out closed from the start where `closed`.
fn hwdr_with(dir: &Path, arguments: &[&str], stdin: &str, closed: bool) -> Ran {
    use std::io::{Read, Write};
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hwdr"));
    command.args(arguments).current_dir(dir).stdin(Stdio::piped()).stdout(writer).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut out = String::new();
    if closed {
        drop(reader);
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    } else {
        child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
        reader.read_to_string(&mut out).unwrap();
    }
    let output = child.wait_with_output().unwrap();
    Ran { code: output.status.code().unwrap(), out, err: String::from_utf8(output.stderr).unwrap() }
}

const TWO_WEEKS: &str = "global: {_hopsworks: {backups: {ttl: 2w}}}\n";

#[test]
fn a_diff_of_what_is_wrong_ends_as_the_findings_do() {
    let folder = Folder::new("diff-code");
    folder.write("wrong.yaml", TWO_WEEKS);
    folder.write("right.yaml", "global: {}\n");
    folder.write("broken.yaml", "a: [\n");
    for (arguments, code) in [
        (&["lint", "--diff", "wrong.yaml"][..], 1),
        (&["lint", "--diff", "-f", "wrong.yaml"], 1),
        (&["lint", "--diff", "--fix", "wrong.yaml"], 1),
        (&["lint", "--diff", "right.yaml"], 0),
        (&["lint", "--diff", "broken.yaml", "right.yaml"], 2),
        (&["lint", "--diff", "-f", "broken.yaml"], 2),
    ] {
        let ran = hwdr_in(&folder.0, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
        assert_eq!(
            ran.out.contains("+global: {_hopsworks: {backups: {ttl: 14d}}}"),
            code == 1,
            "{arguments:?}: {}",
            ran.out
        );
    }
    assert_eq!(folder.read("wrong.yaml"), TWO_WEEKS);
}

#[test]
fn standard_input_is_read_once_and_nothing_is_written_to_it() {
    let folder = Folder::new("stdin");
    for arguments in [&["lint", "-"][..], &["lint", "-f", "-"]] {
        let ran = hwdr_with(&folder.0, arguments, TWO_WEEKS, false);
        assert_eq!(ran.code, 1, "{arguments:?}: {}", ran.err);
        assert!(ran.out.contains("error[ttl]"), "{arguments:?}: {}", ran.out);
        let ran = hwdr_with(&folder.0, &[arguments, &["--diff"]].concat(), TWO_WEEKS, false);
        assert_eq!(ran.code, 1, "{arguments:?}: {}", ran.err);
        assert!(ran.out.contains("ttl: 14d"), "{arguments:?}: {}", ran.out);
        let ran = hwdr_in(&folder.0, &[arguments, &["--fix"]].concat());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.contains("--fix cannot write to -") && ran.err.contains("--diff"), "{}", ran.err);
    }
    assert_eq!(hwdr_in(&folder.0, &["lint", "-f", "-", "-f", "-"]).code, 2);
    let ran = hwdr_in(&folder.0, &["lint", "--fix", "/dev/stdin"]);
    assert!(ran.code == 2 || ran.out.contains("no findings"), "{}{}", ran.out, ran.err);
}

#[test]
fn a_reader_who_has_seen_enough_changes_nothing_about_the_result() {
    let folder = Folder::new("pipe");
    for (arguments, code) in [
        (&["lint", "-"][..], 1),
        (&["lint", "-", "--format", "sarif"], 1),
        (&["lint", "-", "--diff"], 1),
        (&["lint", "--explain"], 0),
        (&["schema"], 0),
    ] {
        let ran = hwdr_with(&folder.0, arguments, if code == 1 { TWO_WEEKS } else { "" }, true);
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.err);
        assert!(
            !ran.err.contains("pipe") && !ran.err.contains("panicked") && !ran.err.contains("fault in hwdr"),
            "{arguments:?}: {}",
            ran.err
        );
    }
}

#[test]
fn a_template_is_called_one() {
    let folder = Folder::new("template");
    folder.write("values.yaml.gotmpl", "a: \"{{ .Values.x }}\"\n");
    folder.write("jinja.yaml", "{% if x %}\na: 1\n{% endif %}\n");
    folder.write("helm.yaml", "a: {{ .Values.x }}\n");
    folder.write("chart.yaml", "global: {_hopsworks: {}}\nnote: '{{ .Release.Name }}'\n");
    for arguments in [
        &["lint", "values.yaml.gotmpl"][..],
        &["lint", "jinja.yaml"],
        &["lint", "helm.yaml"],
        &["lint", "-f", "helm.yaml"],
    ] {
        let ran = hwdr_in(&folder.0, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.err.contains("this file is a template"), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(hwdr_in(&folder.0, &["lint", "chart.yaml"]).code, 0);
}

#[test]
fn values_in_gitops_objects_are_linted_and_mended_where_they_stand() {
    let folder = Folder::new("gitops");
    let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: hopsworks}\nspec:\n  \
                   valuesFrom: [{kind: Secret, name: more}]\n  values:\n    global: {_hopsworks: {backups: {ttl: 2w}}}\n";
    folder.write("release.yaml", release);
    folder.write("namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: hopsworks}\n");
    let ran = hwdr_in(&folder.0, &["lint", "release.yaml", "namespace.yaml"]);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.out.contains("--> release.yaml:7:42"), "{}", ran.out);
    assert!(ran.out.contains("note: release.yaml:5:3: not checked: the values from valuesFrom\n"), "{}", ran.out);
    assert!(
        ran.out.ends_with(
            "1 error in 1 file; 1 file left out, it holds no values of Hopsworks or Axway Streams; 1 can be fixed with --fix\n"
        ),
        "{}",
        ran.out
    );
    assert_eq!(hwdr_in(&folder.0, &["lint", "--fix", "release.yaml"]).code, 0);
    assert_eq!(folder.read("release.yaml"), release.replace("2w", "14d"));
    let ran = hwdr_in(&folder.0, &["lint", "-f", "release.yaml"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.err.contains("Kubernetes object HelmRelease") && ran.err.contains("hwdr lint release.yaml"),
        "{}",
        ran.err
    );
}

#[test]
fn files_of_charts_are_not_the_operators() {
    let folder = Folder::new("charts");
    for (chart, name) in [
        ("rondb", "rondb"),
        ("hopsworks", "hopsworks"),
        ("mine", "mine\ndependencies: [{name: hopsworks, repository: 'oci://x'}]"),
    ] {
        std::fs::create_dir_all(folder.0.join(chart).join("ci")).unwrap();
        folder.write(&format!("{chart}/Chart.yaml"), format!("apiVersion: v2\nversion: 1.0.0\nname: {name}\n"));
    }
    let rondb = "backups: {enabled: true, schedule: '@weekly'}\nmysql: {password: hunter2}\n";
    folder.write("rondb/values.yaml", rondb);
    folder.write("rondb/ci/small.yaml", rondb);
    let hopsworks = "global: {_hopsworks: {onlinefs: {password: onlinefspw}, backups: {enabled: true}}}\n";
    folder.write("hopsworks/values.yaml", hopsworks);
    folder.write("mine/values.yaml", hopsworks);
    folder.write("values.yaml", "global: {}\n");
    let strict = |names: &[&str]| hwdr_in(&folder.0, &[&["lint", "--strict"], names].concat());
    let ran = strict(&["rondb/values.yaml", "rondb/ci/small.yaml", "hopsworks/values.yaml"]);
    assert_eq!(
        (ran.code, ran.out.as_str()),
        (0, "no findings in 1 file; 2 files left out, they hold no values of Hopsworks or Axway Streams\n")
    );
    let ran = strict(&["mine/values.yaml"]);
    assert!(ran.code == 1 && ran.out.contains("clear-text-credentials"), "{}", ran.out);
    let ran = strict(&["-f", "values.yaml", "--chart", "hopsworks"]);
    assert!(!ran.out.contains("clear-text-credentials"), "{}", ran.out);
}

/// A fix that is not written is none, and what was found is still there.
#[test]
fn what_is_not_written_is_not_counted_as_fixed() {
    let folder = Folder::new("utf16");
    let utf16: Vec<u8> = std::iter::once(0xfeff).chain(TWO_WEEKS.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    folder.write("powershell.yaml", &utf16);
    folder.write("plain.yaml", TWO_WEEKS);
    for arguments in
        [&["lint", "--fix", "powershell.yaml", "plain.yaml"][..], &["lint", "--fix", "-f", "powershell.yaml"]]
    {
        let ran = hwdr_in(&folder.0, arguments);
        assert_eq!(ran.code, 2, "{arguments:?}");
        assert!(ran.out.contains("error[ttl]") && ran.out.contains("1 file not written"), "{arguments:?}: {}", ran.out);
        assert!(ran.err.contains("it is in UTF-16") && ran.err.contains("iconv -f UTF-16 -t UTF-8"), "{}", ran.err);
        assert_eq!(ran.out.contains("; 1 fixed"), arguments.contains(&"plain.yaml"), "{arguments:?}: {}", ran.out);
    }
    assert_eq!(std::fs::read(folder.0.join("powershell.yaml")).unwrap(), utf16);
    assert_eq!(folder.read("plain.yaml"), TWO_WEEKS.replace("2w", "14d"));
}

#[test]
fn why_a_file_of_sops_is_not_fixed_is_said() {
    let folder = Folder::new("sops");
    let sealed = format!("{TWO_WEEKS}x: ENC[AES256_GCM,data:aGk=,iv:aGk=,tag:aGk=,type:str]\nsops: {{mac: x}}\n");
    folder.write("sealed.yaml", &sealed);
    for arguments in [
        &["lint", "--fix", "sealed.yaml"][..],
        &["lint", "--diff", "sealed.yaml"],
        &["lint", "--fix", "-f", "sealed.yaml"],
    ] {
        let ran = hwdr_in(&folder.0, arguments);
        let said = format!("{}{}", ran.out, ran.err).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(ran.code, 1, "{arguments:?}: {said}");
        assert!(
            said.contains("not fixed: sops has signed this file") && said.contains("Use: sops sealed.yaml"),
            "{said}"
        );
        assert!(!said.contains("can be fixed"), "{said}");
    }
    let ran = hwdr_in(&folder.0, &["lint", "sealed.yaml"]);
    assert!(!ran.out.contains("not fixed"), "it was not asked for: {}", ran.out);
    assert_eq!(folder.read("sealed.yaml"), sealed);
}

/// Names of files and texts in them reach no terminal as anything but text, and no log of GitHub Actions as a command.
#[test]
fn foreign_text_stays_text() {
    let home = Folder::new("foreign");
    let name = "a\n::error::x \u{1b}[2J\u{202e}.yaml";
    home.write(name, "global: {_hopsworks: {backups: {ttl: 2w}}}\n");
    home.write(
        "text.yaml",
        "global:\n  _hopsworks:\n    backups:\n      ttl: \"2w\" # \u{9b}31m\n      schedule: \"::error::\\e[2J\"\n",
    );
    for format in ["human", "json", "sarif", "github"] {
        for file in [name, "text.yaml", "missing\n::error::x"] {
            let ran = hwdr_in(&home.0, &["lint", "--format", format, file]);
            let all = format!("{}\n{}", ran.out, ran.err);
            assert!(!all.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{format} {file:?}: {all}");
            let own = |line: &&str| format == "github" && (line.contains("title=") || line.contains("::notice"));
            let commands: Vec<_> =
                all.lines().filter(|line| line.trim_start().starts_with("::")).filter(|line| !own(line)).collect();
            assert_eq!(commands, [""; 0], "{format} {file:?}: {all}");
        }
    }
}

/// What is shown of a file hides the credentials in it, whatever their keys are called and wherever they stand.
#[test]
fn a_diff_hides_credentials() {
    let home = Folder::new("hidden");
    home.write(
        "v.yaml",
        "common: &p hunter2\ntoken: hunter2\nsecret: hunter2\npassword: *p\nurl: https://me:hunter2@example.com/\nprivateKey: |\n  hunter2\nglobal:\n  \
         _hopsworks:\n    backups:\n      ttl: 2w\n      password:\n        hunter2\n",
    );
    for arguments in [&["lint", "--diff", "v.yaml"][..], &["lint", "v.yaml"], &["lint", "-f", "v.yaml"]] {
        let ran = hwdr_in(&home.0, arguments);
        let all = format!("{}\n{}", ran.out, ran.err);
        assert!(all.contains("2w") && !all.contains("hunter2"), "{arguments:?}: {all}");
    }
}
