//! The commands that run restores, up to where they need a cluster: what they refuse before they look for one.

use crate::common::api_server::{ApiServer, kubeconfig};
use crate::common::{self, BOTH, HWDR, Home, run, testdata};

/// The values of a restore in place, for one of both Helms.
fn in_place(home: &Home, helm: common::Major, more: &[&str]) -> common::Ran {
    let mut hwdr = home.hwdr();
    hwdr.env("HELM_BIN", helm.program()).env("KUBECONFIG", "/nonexistent");
    hwdr.args(["upgrade", "hops", &testdata("chart"), "-f", &testdata("values/base.yaml")]);
    hwdr.args(["-f", &testdata("values/in-place.yaml")]).args(more);
    run(&mut hwdr, b"")
}

#[test]
fn flags_that_would_work_against_a_restore_are_refused_before_a_cluster_is_looked_for() {
    let home = Home::new();
    for helm in BOTH {
        for (flag, why) in
            [("--atomic", "rolls back"), ("--wait", "waits for every step"), ("--force", "replaces objects")]
        {
            let message = in_place(&home, helm, &[flag]).failed(1);
            assert!(message.contains(flag) && message.contains(why), "{message}");
        }
    }
}

#[test]
fn flags_of_another_command_are_not_passed_over() {
    let home = Home::new();
    for (arguments, flag) in [
        (vec!["upgrade", "hops", "chart", "--iam"], "--iam"),
        (vec!["install", "hops", "chart", "--wipe"], "--wipe"),
        (vec!["upgrade", "hops", "chart", "--log-format=yaml"], "--log-format yaml"),
    ] {
        let message = run(home.hwdr().env("HELM_BIN", BOTH[0].program()).args(&arguments), b"").failed(2);
        assert!(message.contains(flag), "{message}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let home = Home::new();
    for (arguments, expected) in [
        (vec!["upgrade", "hops"], "a release and a chart are needed"),
        (vec!["install", "hops"], "a release and a chart are needed"),
        (vec!["finalize", "hops"], "a release and a chart are needed"),
        (vec!["undo", "--yes"], "a release is needed"),
        (vec!["resume", "--log-format", "json"], "a release is needed"),
    ] {
        let message = run(home.hwdr().args(&arguments), b"").failed(2);
        assert!(message.contains(expected), "{arguments:?}: {message}");
    }
    let message = in_place(&home, BOTH[0], &["--yes"]).failed(2);
    assert!(
        message.contains("there is no kubeconfig file /nonexistent") && message.contains("--kubeconfig"),
        "{message}"
    );
}

/// Findings point at the files that were given, not at the copies that helm gets.
#[test]
fn wrong_values_are_shown_where_they_stand() {
    let home = Home::new();
    let mut hwdr = home.hwdr();
    hwdr.env("HELM_BIN", BOTH[1].program()).env("KUBECONFIG", "/nonexistent");
    hwdr.args(["upgrade", "hops", &testdata("chart"), "-f", &testdata("values/wrong.yaml"), "--yes"]);
    let message = run(&mut hwdr, b"").failed(1);
    assert!(message.contains("values/wrong.yaml:") && !message.contains("/tmp/hwdr-"), "{message}");
}

/// Without a restore in the values it is helm, and helm's own words come through.
#[test]
fn without_a_restore_it_is_plain_helm() {
    let home = Home::new();
    for helm in BOTH {
        let mut hwdr = home.hwdr();
        hwdr.env("HELM_BIN", helm.program()).env("KUBECONFIG", "/nonexistent");
        hwdr.args(["upgrade", "hops", &testdata("chart"), "-f", &testdata("values/base.yaml"), "--atomic"]);
        let ran = run(&mut hwdr, b"");
        assert_eq!(ran.code, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("helm upgrade failed") && ran.stderr.contains("UPGRADE FAILED"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
    }
}

/// A helm that says what it was given, and renders instead of applying anything: `install` and `upgrade` are `template`.
fn harmless(home: &Home, helm: common::Major) -> String {
    let real = helm.program().display();
    home.script(
        "fake/helm",
        &format!(
            "#!/bin/bash\n\
             case $1 in version) exec {real} \"$@\";; esac\n\
             printf '%s\\n' \"$@\" >> called\n\
             for word; do case $word in */values-*) file=$(tr -d '\"\\\\' <<< \"${{word#*=}}\"); stat -c 'mode %a' \"$file\" \"${{file%/*}}\" >> called;; esac; done\n\
             args=(); for word; do case $word in install|upgrade) args+=(template);; *) args+=(\"$word\");; esac; done\n\
             exec {real} \"${{args[@]}}\"\n"
        ),
    )
}

/// A chart that prints its values, and nothing of Hopsworks.
fn mirror(home: &Home) -> &'static str {
    home.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\n");
    home.write("c/templates/v.yaml", "kind: V\nv: {{ toJson .Values | quote }}\n");
    "c"
}

/// A line of bash, with hwdr as `$HWDR`.
fn bash(home: &Home, helm: &str, line: &str, stdin: &[u8]) -> common::Ran {
    let mut bash = home.command("bash");
    bash.args(["-c", line]).env("HELM_BIN", helm).env("HWDR", HWDR);
    run(&mut bash, stdin)
}

/// Pipes of a shell are empty when they are read a second time: helm gets what hwdr has read, in files of this user alone.
#[test]
fn helm_gets_what_was_read() {
    let home = Home::new();
    home.write("a.yaml", "a: 1\n");
    let chart = mirror(&home);
    for major in BOTH {
        let helm = harmless(&home, major);
        for verb in ["install", "upgrade"] {
            for (flags, expected) in [
                ("-f a.yaml -f <(echo 'b: 2')", "{\\\"a\\\":1,\\\"b\\\":2}"),
                (
                    "-f a.yaml --set-file b=<(printf two),c=<(printf three)",
                    "{\\\"a\\\":1,\\\"b\\\":\\\"two\\\",\\\"c\\\":\\\"three\\\"}",
                ),
                ("-f - --set a=1", "{\\\"a\\\":1,\\\"stdin\\\":true}"),
                ("-f /dev/stdin", "{\\\"stdin\\\":true}"),
            ] {
                let _ = std::fs::remove_file(home.path("called"));
                let line = format!("\"$HWDR\" {verb} x {chart} -n n {flags}");
                let printed = bash(&home, &helm, &line, b"stdin: true\n").text();
                assert!(printed.contains(expected), "Helm {} {line}: {printed}", major.number());
                let called = std::fs::read_to_string(home.path("called")).unwrap();
                assert!(!called.contains("/dev/") && called.contains("mode 600\nmode 700\n"), "{line}: {called}");
                assert!(!called.contains("mode 644"), "{called}");
            }
        }
    }
}

#[test]
fn what_is_for_a_restore_alone_is_refused_without_one() {
    let home = Home::new();
    home.write("a.yaml", "a: 1\n");
    home.write("slip.yaml", "global: {_hopsworks: {restorefrombackup: {backupId: '254811200'}}}\n");
    let chart = mirror(&home);
    let helm = harmless(&home, BOTH[0]);
    for (command, flags, code, words) in [
        ("rerun", "-f a.yaml", 1, "rerun is for a restore, and the values ask for none"),
        ("upgrade", "-f a.yaml --wipe", 1, "--wipe is for a restore"),
        ("install", "-f a.yaml --iam", 1, "--iam is for a restore"),
        // Which cluster it is is looked at, and there is none.
        ("upgrade", "-f a.yaml --expect-cluster prod", 2, "the cluster cannot be reached"),
        ("install", "-f slip.yaml", 1, "did you mean 'restoreFromBackup'?"),
    ] {
        let line = format!("\"$HWDR\" {command} x {chart} -n n {flags}");
        let message = bash(&home, &helm, &line, b"").failed(code);
        assert!(message.contains(words), "{line}: {message}");
        assert!(!home.path("called").exists(), "{line}: helm was called");
    }
}

#[test]
fn what_cannot_be_read_for_certain_is_refused_before_helm_runs() {
    let home = Home::new();
    home.write("a.yaml", "a: 1\n");
    let chart = mirror(&home);
    let helm = harmless(&home, BOTH[0]);
    for (flags, words) in [
        ("-f <(false)", "this pipe is empty"),
        ("-f -", "this pipe is empty"),
        ("-f <(echo 'a: 1') -f /dev/fd/63", "a pipe, which can be read only once"),
        ("-f https://example.org/values.yaml", "curl -fsSL https://example.org/values.yaml > values.yaml"),
        ("-f secrets://secrets.yaml", "-f <(helm secrets decrypt FILE)"),
        ("-f oci://example.org/values", "hwdr does not fetch this"),
        ("--set-file a=ref+vault://secret", "hwdr does not fetch this"),
        ("-f \"$UNSET\"", "the name of a file is empty"),
        ("-f a.yaml,", "the name of a file is empty"),
        ("-f nowhere.yaml", "cannot read nowhere.yaml: No such file"),
        ("--set-file a=nowhere.txt", "cannot read nowhere.txt: No such file"),
        ("-f .", "it is a directory"),
    ] {
        for verb in ["install", "upgrade"] {
            let message = bash(&home, &helm, &format!("\"$HWDR\" {verb} x {chart} -n n {flags}"), b"").failed(2);
            let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(message.contains(words), "{verb} {flags}: {message}");
            assert!(!message.contains("cannot be run"), "{message}");
        }
    }
    assert!(!home.path("called").exists(), "helm ran");
}

/// In a restore helm reads the chart, the kubeconfig and its certificates more than once.
#[test]
fn a_pipe_that_helm_reads_several_times_is_refused() {
    let home = Home::new();
    for flag in ["--kubeconfig", "--ca-file"] {
        let line = format!(
            "\"$HWDR\" upgrade hops {} -f {} -f {} {flag} <(echo x)",
            testdata("chart"),
            testdata("values/base.yaml"),
            testdata("values/in-place.yaml")
        );
        let message = bash(&home, BOTH[0].program().to_str().unwrap(), &line, b"").failed(2);
        assert!(message.contains("is a pipe, but helm has to read it more than once"), "{flag}: {message}");
    }
}

const COMMANDS: [&str; 6] = ["upgrade", "install", "rerun", "finalize", "resume", "undo"];

/// Both forms of help show each flag that the command takes, in 80 columns.
#[test]
fn short_and_long_help_list_the_flags() {
    let home = Home::new();
    for (command, flags) in [
        ("upgrade", &["--dry-run", "-y, --yes", "--wipe", "--from <here>", "-o, --output <FORMAT>"][..]),
        ("rerun", &["--dry-run", "-y, --yes", "--wipe"]),
        ("install", &["--iam", "--secret <NAME[/KEY]>", "--credentials-file <FILE>", "--credentials-env"]),
        ("resume", &["--accept-partial", "--expect-cluster <NAME>", "--iam", "--from <here>"]),
        ("finalize", &["--dry-run", "-y, --yes", "--log-format <FORMAT>"]),
        ("undo", &["--dry-run", "-y, --yes", "--accept-partial"]),
    ] {
        for asked in [&["-h"][..], &["--help"], &["hops", "-h"], &["hops", "--help"]] {
            let printed = run(home.hwdr().env("COLUMNS", "80").arg(command).args(asked), b"").text();
            for flag in flags {
                assert!(printed.contains(flag), "{command} {asked:?}, {flag}: {printed}");
            }
        }
    }
}

/// Every command's help fits into 80 columns, and its headings hold what they say.
#[test]
fn help_is_readable_on_a_terminal_of_80_columns() {
    let home = Home::new();
    for command in [
        "",
        "lint",
        "values",
        "schema",
        "plan",
        "diff",
        "install",
        "upgrade",
        "resume",
        "undo",
        "finalize",
        "rerun",
        "watch",
        "history",
        "doctor",
        "s3",
        "s3 check",
        "s3 lifecycle",
        "s3 rewind",
        "bsl apply",
        "objects restore",
        "post-render",
        "post-renderer install",
        "krm",
    ] {
        for asked in ["-h", "--help"] {
            let mut hwdr = home.hwdr();
            hwdr.env("COLUMNS", "80").args(command.split_whitespace()).arg(asked);
            let printed = run(&mut hwdr, b"").text();
            let long = printed.lines().find(|line| line.chars().count() > 80);
            assert_eq!(long, None, "{command} {asked}");
            let printed = printed.split("Global options:").next().unwrap_or_default();
            let values = printed.split_once("Values (as for helm):").map_or("", |(_, values)| values);
            let values =
                values.split("\n\n").filter(|part| !part.trim_start().starts_with("Cluster")).collect::<String>();
            for other in ["--for ", "--summary", "--unguarded", "--output"] {
                assert!(!values.contains(other), "{command} {asked}: {other} is none of helm's");
            }
        }
    }
}

/// What is wrong with how the cluster or the bucket is named.
#[test]
fn names_of_files_and_servers_are_told_as_such() {
    let home = Home::new();
    let given = run(home.hwdr().args(["history", "hops", "--kubeconfig", "nope"]), b"").failed(2);
    let named = run(home.hwdr().env("KUBECONFIG", "nope").args(["history", "hops"]), b"").failed(2);
    for said in [given, named] {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("there is no kubeconfig file nope") && said.contains("$KUBECONFIG"), "{said}");
        assert!(!said.contains("get-contexts"), "{said}");
    }
    home.write("config", "apiVersion: v1\nkind: Config\ncontexts: []\n");
    let other =
        run(home.hwdr().args(["history", "hops", "--kubeconfig", "config", "--kube-context", "x"]), b"").failed(2);
    assert!(other.contains("kubectl config get-contexts"), "{other}");

    for endpoint in ["foo", "ftp://x", "https://u:p@x"] {
        let line = ["s3", "check", "--bucket", "b", "--region", "x", "--endpoint", endpoint];
        let said = run(home.hwdr().args(line).env("AWS_EC2_METADATA_DISABLED", "true"), b"").failed(2);
        assert!(said.contains("it must b"), "{endpoint}: {said}");
    }
}

/// Dashes of a web page are no flags, and no names of files.
#[test]
fn long_dashes_are_named() {
    let home = Home::new();
    for line in ["upgrade hops chart \u{2013}f values.yaml", "lint \u{2014}fix", "undo hops \u{2013}y"] {
        let said = run(home.hwdr().args(line.split(' ')), b"").failed(2);
        assert!(said.contains("long dash") || line.starts_with("undo"), "{line}: {said}");
    }
}

#[test]
fn help_is_given_wherever_it_is_asked_for_and_nothing_else_is_done() {
    let home = Home::new();
    let helm = harmless(&home, BOTH[0]);
    let mut lines: Vec<Vec<&str>> = Vec::new();
    for command in COMMANDS {
        lines.push(vec![command, "hops", "-h", "--yes"]);
        lines.push(vec![command, "--yes", "hops", "--help"]);
        lines.push(vec![command, "-h"]);
    }
    for command in [&["upgrade", "install", "rerun", "finalize", "resume"][..]].concat() {
        lines.push(vec![command, "hops", "chart", "--timeout", "5m", "-yh"]);
        lines.push(vec![command, "hops", "chart", "--nonsense", "-h"]);
    }
    for line in [
        "watch hops -h",
        "history hops --help",
        "bsl apply --bucket b -h",
        "objects restore --yes -h",
        "s3 rewind --undo -h",
    ] {
        lines.push(line.split(' ').collect());
    }
    for line in lines {
        let printed = run(home.hwdr().env("HELM_BIN", &helm).args(&line), b"").text();
        assert!(printed.contains("Usage: helm hwdr"), "{line:?}: {printed}");
    }
    assert!(!home.path("called").exists(), "helm ran");
}

#[test]
fn a_line_that_is_not_understood_whole_is_refused_before_anything_is_done() {
    let home = Home::new();
    let helm = harmless(&home, BOTH[0]);
    for command in COMMANDS.into_iter().chain(["watch", "history"]) {
        for (flag, tip) in [("--dryrun", "--dry-run"), ("--nonsense", ""), ("-Q", "")] {
            let message = run(home.hwdr().env("HELM_BIN", &helm).args([command, "hops", flag]), b"").failed(2);
            assert!(message.contains(flag), "{command}: {message}");
            // resume, watch and history have nothing to try.
            let has_it = !matches!(command, "resume" | "watch" | "history");
            assert!(!has_it || message.contains(tip), "{command} {flag}: {message}");
        }
    }
    for line in [
        "upgrade hops c more",
        "undo hops more",
        "resume hops c more",
        "finalize hops c -- --yes",
        "upgrade hops c --yes=perhaps",
        "upgrade hops c --timeout",
        "upgrade hops c --from",
        "undo hops --output yaml",
        "upgrade hops c --validate",
        "install hops c -i",
    ] {
        let line: Vec<&str> = line.split(' ').collect();
        run(home.hwdr().env("HELM_BIN", &helm).args(&line), b"").failed(2);
    }
    assert!(!home.path("called").exists(), "helm ran");
}

/// `--version` is the chart's there.
#[test]
fn a_charts_version_goes_to_helm() {
    let home = Home::new();
    let chart = mirror(&home);
    let helm = harmless(&home, BOTH[1]);
    for verb in ["install", "upgrade"] {
        let line = [verb, "--version", "0.1.0", "x", chart, "-n", "n", "--set", "a=1"];
        let printed = run(home.hwdr().env("HELM_BIN", &helm).args(line), b"").text();
        assert!(printed.contains("kind: V"), "{printed}");
    }
    assert_eq!(std::fs::read_to_string(home.path("called")).unwrap().matches("--version\n0.1.0\n").count(), 2);
}

/// The list of helm's flags is what both Helms say of themselves.
#[test]
fn helms_flags_are_known() {
    use hwdr::helm::flags::{FLAGS, Takes};
    use hwdr::values::Helm;

    let home = Home::new();
    for (major, known) in BOTH.into_iter().zip([Helm::V3, Helm::V4]) {
        for command in ["install", "upgrade", "template"] {
            let help = run(home.helm(major).args([command, "--help"]), b"").text();
            let (_, help) = help.split_once("\nFlags:").expect("flags");
            let mut said = Vec::new();
            for line in help.lines() {
                let Some((before, flag)) = line.split_once("--").filter(|(before, _)| before.len() == 6) else {
                    continue;
                };
                let short = before.trim().trim_matches(['-', ',']).chars().next();
                let mut words = flag.split(' ');
                let name = words.next().unwrap_or_default();
                let kind = words.next().unwrap_or_default();
                let takes = match (kind.is_empty(), flag.split("  ").next().unwrap_or_default().contains("[=")) {
                    (_, true) => Takes::Attached,
                    (true, _) => Takes::Nothing,
                    (false, false) => Takes::Value,
                };
                let flag = FLAGS.iter().find(|known| known.name == name);
                let flag = flag.unwrap_or_else(|| panic!("Helm {} {command}: --{name} is new", major.number()));
                assert_eq!(flag.takes(known, command), Some(takes), "Helm {} {command} --{name}", major.number());
                assert_eq!(flag.short, short, "--{name}");
                said.push(name.to_owned());
            }
            assert!(said.len() > 40, "{said:?}");
            // Those that helm does not tell of any more, and takes.
            let hidden = FLAGS.iter().filter(|flag| flag.takes(known, command).is_some());
            for flag in hidden.filter(|flag| !said.iter().any(|name| name == flag.name)) {
                let ran = run(home.helm(major).args([command, "x", "/nowhere", &format!("--{}=1", flag.name)]), b"");
                assert!(!ran.stderr.contains("unknown flag"), "Helm {} {command} --{}", major.number(), flag.name);
            }
        }
    }
}

/// A block that is misplaced asks for nothing: helm would install an empty cluster.
#[test]
fn an_error_stops_helm_also_where_no_restore_is_understood() {
    let home = Home::new();
    let chart = mirror(&home);
    let misplaced = "global: {restoreFromBackup: {backupId: \"254811200\"}, _hopsworks: {mode: auto}}\n";
    home.write("v.yaml", misplaced);
    home.write("other.yaml", "velero: {schedule: \"@never\"}\nbackups: {ttl: 1}\n");
    for major in BOTH {
        let helm = harmless(&home, major);
        for verb in ["install", "upgrade"] {
            let line = [verb, "x", chart, "-n", "n", "--yes", "-f"];
            let message = run(home.hwdr().env("HELM_BIN", &helm).args(line).arg("v.yaml"), b"").failed(1);
            assert!(message.contains("misplaced-key") && message.contains(&format!("--for {verb}")), "{message}");
            assert!(!home.path("called").exists(), "helm ran");
            run(home.hwdr().env("HELM_BIN", &helm).args(line).arg("other.yaml"), b"").ok();
            std::fs::remove_file(home.path("called")).unwrap();
        }
    }
}

#[test]
fn a_kubeconfig_that_is_wrong_is_named_plainly() {
    let home = Home::new();
    home.write("empty", "apiVersion: v1\nkind: Config\n");
    let missing = home.path("missing").display().to_string();
    let empty = home.path("empty").display().to_string();
    for (kubeconfig, more, words) in [
        (&missing, &[][..], format!("there is no kubeconfig file {missing}")),
        (&empty, &[], format!("the kubeconfig {empty} names no current context")),
        (&empty, &["--kube-context", "prod"], format!("there is no context prod in the kubeconfig {empty}")),
    ] {
        let message = run(home.hwdr().env("KUBECONFIG", kubeconfig).args(["undo", "hops"]).args(more), b"").failed(2);
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(message.contains(&words), "{message}");
    }
}

/// The values file is changed when helm has done it, and not before.
#[test]
fn finalize_changes_the_file_only_after_helm() {
    use std::os::unix::fs::PermissionsExt as _;

    let home = Home::new();
    let kubeconfig = home.write("kubeconfig", ApiServer::start().kubeconfig());
    let before = "# ours\na: 1\nadmin: {password: hunter2}\nglobal:\n  _hopsworks:\n    restoreFromBackup:\n      backupId: \"254811200\"\n";
    let after = "# ours\na: 1\nadmin: {password: hunter2}\n";
    let file = home.write("real/values.yaml", before);
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real/values.yaml", home.path("values.yaml")).unwrap();
    let helm = |major: common::Major, ends: &str| {
        let real = major.program().display();
        home.script(
            "fake/helm",
            &format!("#!/bin/bash\ncase $1 in version) exec {real} \"$@\";; esac\ncat \"$(printf '%s\\n' \"$@\" | grep values-0 | tr -d '\"')\" > got\n{ends}\n"),
        )
    };
    let finalize = |helm: &str, more: &[&str]| {
        let mut hwdr = home.hwdr();
        hwdr.env("HELM_BIN", helm).env("KUBECONFIG", &kubeconfig).args(["finalize", "hops", "c", "-f", "values.yaml"]);
        run(hwdr.args(more), b"")
    };
    let text = || std::fs::read_to_string(&file).unwrap();
    let left = || std::fs::read_dir(home.path("real")).unwrap().count();
    for major in BOTH {
        let fails = helm(major, "echo 'Error: UPGRADE FAILED: no' >&2; exit 1");
        let ran = finalize(&fails, &["--yes"]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(ran.stderr.contains("UPGRADE FAILED") && ran.stderr.contains("are as they were"), "{}", ran.stderr);
        assert!(!String::from_utf8_lossy(&ran.stdout).contains("hunter2"), "shown");
        assert_eq!((text().as_str(), left()), (before, 1), "Helm {}", major.number());
        assert_eq!(std::fs::read_to_string(home.path("got")).unwrap(), after, "helm has the new text all the same");
        // Somebody works on the file while helm does.
        let theirs = helm(major, &format!("echo 'b: 2' >> '{file}'"));
        let ran = finalize(&theirs, &["--yes"]);
        assert_eq!(ran.code, Some(3), "{}", ran.stderr);
        assert!(ran.stderr.contains("helm upgrade is done"), "{}", ran.stderr);
        assert_eq!(text(), format!("{before}b: 2\n"));
        std::fs::write(&file, before).unwrap();
        let dry = finalize(&helm(major, "exit 0"), &["--dry-run"]);
        assert_eq!(dry.code, Some(0));
        assert!(
            dry.stderr.contains("helm upgrade is run") && dry.stderr.contains("nothing was changed"),
            "{}",
            dry.stderr
        );
        assert_eq!(text(), before);

        finalize(&helm(major, "exit 0"), &["--yes"]).ok();
        assert_eq!((text().as_str(), left()), (after, 1));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(std::fs::symlink_metadata(home.path("values.yaml")).unwrap().is_symlink());
        std::fs::write(&file, before).unwrap();
    }
}

#[test]
fn undo_can_be_looked_at_first() {
    use hwdr::mode::Mode;
    use hwdr::run::Record as _;
    use hwdr::run::state::{Chart, State};
    use hwdr::{pipeline, values};

    let home = Home::new();
    let case = common::Case::new("none", "upgrade");
    let inputs = values::ValueInputs {
        files: vec![testdata("values/base.yaml"), testdata("values/in-place.yaml")],
        ..values::ValueInputs::default()
    };
    let merged = values::read(&inputs, values::Helm::V3, &mut |name| std::fs::read(name)).unwrap();
    let restore = pipeline::restore(&merged, Mode::Upgrade).unwrap().unwrap();
    let plan = pipeline::plan(&*restore, Some("hopsworks"), home.stream(BOTH[0], &case)).unwrap();
    let now = jiff::Timestamp::now();
    let chart: Chart = serde_json::from_value(
        serde_json::json!({"argument": "c", "name": "c-1", "app_version": "1", "appVersion": "1", "values": "0"}),
    )
    .unwrap();
    let mut state = State::new("hops", &plan, chart, now);
    state.before.revision = 7;
    state.begin("helm", now);
    let server = ApiServer::start();
    server.put(
        &format!("/api/v1/namespaces/hopsworks/configmaps/{}", state.name()),
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": state.name(), "labels": {"hwdr.hopsworks.ai/release": "hops"}},
            "data": {"state.json": serde_json::to_string(&state).unwrap()}}),
    );
    let kubeconfig = home.write("kubeconfig", server.kubeconfig());
    let mut hwdr = home.hwdr();
    hwdr.env("KUBECONFIG", kubeconfig).env("HELM_BIN", "/nowhere").args(["undo", "hops", "--dry-run", "--yes"]);
    let printed = run(&mut hwdr, b"").text();
    for part in
        ["Release hops in namespace hopsworks of here", "undo-helm", "Revision to roll back to: 7", "Jobs to delete: "]
    {
        assert!(printed.contains(part), "{part}: {printed}");
    }
    assert!(printed.lines().all(|line| line.chars().count() <= 80), "{printed}");
    assert_eq!(server.writes(), [""; 0], "something was changed");
}

/// Whoever waits is told for what: a server that does not answer is asked for a long time.
#[test]
fn s3_check_says_that_it_is_at_work() {
    let home = Home::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = format!("http://{}", silent.local_addr().expect("its address"));
    let mut hwdr = home.command("timeout");
    hwdr.args(["3", common::HWDR, "s3", "check", "--bucket", "b", "--endpoint", &server]);
    let ran = run(hwdr.env("AWS_ACCESS_KEY_ID", "x").env("AWS_SECRET_ACCESS_KEY", "y"), b"");
    assert!(ran.code == Some(124) && ran.stderr.contains("asking bucket b"), "{}", ran.stderr);
}

/// A kubeconfig of a server that takes calls and never answers.
fn silent_cluster(home: &Home) -> std::net::TcpListener {
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.local_addr().unwrap());
    home.write("kubeconfig", kubeconfig(&url));
    server
}

/// Waits up to half a minute for something.
fn until(what: &str, is_so: impl Fn() -> bool) {
    let began = std::time::Instant::now();
    while !is_so() {
        assert!(began.elapsed().as_secs() < 30, "{what}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// Frozen values go however a command ends; what a kill -9 leaves, the next one clears.
#[test]
fn nothing_that_may_be_secret_is_left() {
    let home = Home::new();
    home.write("v.yaml", "password: hunter2\n");
    std::fs::create_dir(home.path("tmp")).unwrap();
    let _server = silent_cluster(&home);
    let left = || std::fs::read_dir(home.path("tmp")).unwrap().count();
    let begin = || {
        // A signal that is ignored where the tests are started stays ignored.
        let mut hwdr = home.command("env");
        hwdr.args(["--default-signal=TERM,INT,HUP", HWDR])
            .env("HELM_BIN", BOTH[0].program())
            .env("KUBECONFIG", home.path("kubeconfig"))
            .env("TMPDIR", home.path("tmp"));
        hwdr.args(["finalize", "hops", "chart", "-f", "v.yaml", "--yes"]).stdin(std::process::Stdio::null());
        hwdr.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        hwdr.spawn().unwrap()
    };
    for (signal, code) in [("TERM", Some(143)), ("INT", Some(130)), ("HUP", Some(129))] {
        let mut hwdr = begin();
        until("values are frozen", || walk(&home.path("tmp")).iter().any(|name| name.contains("values-")));
        assert!(
            std::process::Command::new("kill")
                .args([&format!("-{signal}"), &hwdr.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(hwdr.wait().unwrap().code(), code, "{signal}");
        assert_eq!(left(), 0, "{signal}");
    }
    let mut hwdr = begin();
    until("values are frozen", || walk(&home.path("tmp")).iter().any(|name| name.contains("values-")));
    hwdr.kill().unwrap();
    hwdr.wait().unwrap();
    assert_eq!(left(), 1, "nobody could clear up");
    let mut hwdr = home.hwdr();
    hwdr.env("HELM_BIN", BOTH[0].program()).env("KUBECONFIG", "/nonexistent").env("TMPDIR", home.path("tmp"));
    run(hwdr.args(["finalize", "hops", "chart", "-f", "v.yaml", "--yes"]), b"").failed(2);
    assert_eq!(left(), 0);
}

/// All files below a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path().to_string_lossy().into_owned());
        found.extend(walk(&entry.path()));
    }
    found
}

/// A wish to end that reaches this process alone reaches helm, too.
#[test]
fn plain_helm_is_told_to_end() {
    let home = Home::new();
    home.write("v.yaml", "a: 1\n");
    std::fs::create_dir(home.path("tmp")).unwrap();
    let real = BOTH[0].program().display();
    let helm = home.script("slow/helm", &format!("#!/bin/bash\ncase $1 in version) exec {real} \"$@\";; esac\ntouch begun\ntrap 'touch told; exit 1' TERM\nsleep 60 & wait\n"));
    let mut hwdr = home.hwdr();
    hwdr.env("HELM_BIN", helm).env("TMPDIR", home.path("tmp")).args(["upgrade", "x", "chart", "-f", "v.yaml"]);
    let mut hwdr = hwdr.stderr(std::process::Stdio::null()).spawn().unwrap();
    until("helm works", || home.path("begun").exists());
    std::process::Command::new("kill").arg(hwdr.id().to_string()).status().unwrap();
    assert_eq!(hwdr.wait().unwrap().code(), Some(1));
    assert!(home.path("told").exists());
    assert_eq!(std::fs::read_dir(home.path("tmp")).unwrap().count(), 0);
}

/// A name is a name, whatever it looks like.
#[test]
fn a_namespace_of_other_characters_is_refused() {
    let home = Home::new();
    let _server = silent_cluster(&home);
    for namespace in ["a\u{1}b", "a/../b", "$(x)", "a\nb"] {
        let mut hwdr = home.hwdr();
        hwdr.env("KUBECONFIG", home.path("kubeconfig")).args(["history", "hops", "-n", namespace]);
        let message = run(&mut hwdr, b"").failed(2);
        assert!(message.contains("is not a valid namespace name"), "{namespace:?}: {message}");
    }
}
