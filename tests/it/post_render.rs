//! `hwdr post-render`: where it gets the values from, what it refuses, and how it handles bad input.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::Command;

use crate::common::{self, BOTH, Case, HWDR, Home, Major, only_adds, run, testdata};

const NEW_CLUSTER: Case = Case::new("none", "install");
const ID: &str = "global._hopsworks.restoreFromBackup.backupId";

/// `helm template` of the test chart with base.yaml, and with hwdr told nothing.
fn template(home: &Home, major: Major) -> Command {
    let mut helm = home.helm(major);
    helm.args(["template", "hops", &testdata("chart"), "-n", "hopsworks", "-f", &testdata("values/base.yaml")]);
    home.post_renderer(&mut helm, major, &[]);
    helm
}

#[test]
fn values_are_learned_from_helm() {
    let home = Home::new();
    for (name, id) in [("a.yaml", "254811201"), ("b.yaml", "254811202"), ("c d.yaml", "254811203")] {
        home.write(name, format!("global: {{_hopsworks: {{restoreFromBackup: {{backupId: \"{id}\"}}}}}}\n"));
    }
    home.write("id", "254811204");
    let set = |id: &str| format!("{ID}={id}");
    let json = format!("{ID}=\"254811206\"");
    let map = "global._hopsworks.restoreFromBackup={\"backupId\":\"254811207\"}";
    let cases: [(&[&str], &str); 13] = [
        (&["-f", "a.yaml"], "254811201"),
        (&["-fa.yaml"], "254811201"),
        (&["-f=a.yaml"], "254811201"),
        (&["--values=a.yaml"], "254811201"),
        (&["--values", "a.yaml,b.yaml"], "254811202"),
        (&["-f", "b.yaml", "-f", "a.yaml"], "254811201"),
        (&["-f", "a.yaml", "-f", "c d.yaml"], "254811203"),
        (&["--set-file", &set("id")], "254811204"),
        (&["--set-string", &set("254811205")], "254811205"),
        (&["-f", "a.yaml", "--set-string", &set("254811205"), "--timeout", "5m"], "254811205"),
        (&["--set-json", &json], "254811206"),
        (&["--set-json", map], "254811207"),
        (&["--set-literal", &set("254811208")], "254811208"),
    ];
    for major in BOTH {
        for (flags, id) in cases {
            let printed = run(template(&home, major).args(flags), b"").text();
            let marker = format!("  name: hwdr-restore-{id}\n");
            assert!(printed.contains(&marker), "Helm {}: no {id} by {flags:?}", major.number());
        }
    }
}

#[test]
fn other_values_count_too() {
    let home = Home::new();
    for major in BOTH {
        let mut helm = template(&home, major);
        helm.args(["--set-string", &format!("{ID}=254811200")]);
        helm.args(["--set", "rondb.rondb.restoreFromBackup.pathPrefix=elsewhere,global._hopsworks.backups.ttl=30d"]);
        let printed = run(&mut helm, b"").text();
        let count = printed.matches("value: elsewhere\n").count();
        assert!(count >= 4, "Helm {}: {count} containers read from elsewhere", major.number());
    }
}

/// A post-renderer is often a script that does more. Its grandparent's values are as good.
#[test]
fn a_wrapper_may_stand_between() {
    let home = Home::new();
    let direct =
        BOTH.map(|major| run(template(&home, major).args(["-f", &testdata("values/new-cluster.yaml")]), b"").text());
    for script in [
        format!("#!/bin/sh\nexec {HWDR} post-render\n"),
        format!("#!/bin/sh\ncat | {HWDR} post-render | cat\n"),
        format!("#!/bin/sh\nsh -c '{HWDR} post-render; exit $?'\n"),
    ] {
        for (major, direct) in BOTH.into_iter().zip(&direct) {
            let mut helm = home.helm(major);
            helm.args(["template", "hops", &testdata("chart"), "-n", "hopsworks"]);
            helm.args(["-f", &testdata("values/base.yaml"), "-f", &testdata("values/new-cluster.yaml")]);
            home.post_renderer_script(&mut helm, major, &script);
            assert!(run(&mut helm, b"").text() == *direct, "Helm {}:\n{script}", major.number());
        }
    }
}

/// As much of a Kubernetes API server as Helm wants to see before it renders: that there is one.
fn api_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head = BufReader::new(&stream).lines().map_while(Result::ok);
            let head: Vec<String> = head.take_while(|line| !line.is_empty()).collect();
            let body = match head.first().and_then(|line| line.split(' ').nth(1)) {
                Some(path) if path.starts_with("/version") => {
                    r#"{"major": "1", "minor": "34", "gitVersion": "v1.34.4"}"#
                }
                Some(path) if path.starts_with("/apis") => {
                    r#"{"kind": "APIGroupList", "apiVersion": "v1", "groups": []}"#
                }
                Some(path) if path.starts_with("/api/v1") => {
                    r#"{"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "v1", "resources": []}"#
                }
                _ => r#"{"kind": "APIVersions", "versions": ["v1"]}"#,
            };
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
            stream.write_all(answer.as_bytes()).ok();
        }
    });
    format!("http://{address}")
}

/// The release that is there already, as Helm's memory driver reads it.
const RELEASE: &str = "
- name: hops
  namespace: hopsworks
  version: 1
  info: {status: deployed, first_deployed: 2026-01-01T00:00:00Z, last_deployed: 2026-01-01T00:00:00Z}
  chart: {metadata: {apiVersion: v2, name: hopsworks, version: 4.8.0}}
";

/// What Helm would apply, hwdr refuses to make where it does not know enough, or too much would be lost. Whoever ran helm gets to
/// read why: Helm 4 throws away what a post-renderer writes to standard error.
/// Helm's arguments, the releases that there are, hwdr's message, and what it tells to do.
type Unknown<'a> = (&'a [&'a str], &'a [&'a str], &'a str, &'a [&'a str]);

#[test]
fn what_is_not_known_is_refused_with_the_flags_to_add() {
    let home = Home::new();
    let server = api_server();
    let (base, new, in_place) =
        (testdata("values/base.yaml"), testdata("values/new-cluster.yaml"), testdata("values/in-place.yaml"));
    home.write("a.yaml", "a: 1\n---\nb: 2\n");
    // Values of the last release are not read: Helm itself needs the chart's own to render it.
    let chart = testdata("chart/values.yaml");
    let cases: &[Unknown] = &[
        // What helm is asked, which releases there are, and what the message says.
        (
            &["upgrade", "--install", "-f", &base, "-f", &new],
            &[],
            "hwdr cannot tell whether helm installs or upgrades",
            &["add --for install (into a new cluster) or --for upgrade (in place)"],
        ),
        (
            &["upgrade", "--install", "-f", &base, "-f", &in_place],
            &["hops"],
            "hwdr cannot tell whether helm installs or upgrades",
            &["add --for install (into a new cluster) or --for upgrade (in place)"],
        ),
        (
            &["upgrade", "--reuse-values", "-f", &chart, "-f", &base],
            &["hops"],
            "helm takes values from the last release (--reuse-values)",
            &[
                "helm get values RELEASE -o yaml",
                "--for install or --for upgrade:",
                "hwdr post-render -f values.yaml --for install",
                "--post-renderer-args",
            ],
        ),
        (
            &["upgrade", "--reset-then-reuse-values", "-f", &base, "-f", &new],
            &["hops"],
            "helm takes values from the last release",
            &["helm get values RELEASE -o yaml"],
        ),
        (
            &["upgrade", "-f", &base, "-f", &in_place],
            &["hops"],
            "an in-place restore replaces the cluster's data, and a plain helm upgrade sets nothing aside",
            &["helm hwdr upgrade RELEASE CHART", "--unguarded"],
        ),
        (
            &["upgrade", "-f", &base, "-f", &new],
            &["hops"],
            "an upgrade restores only in place, and inPlace is not set",
            &["set inPlace and forceDataClear to true"],
        ),
        (
            &["install", "-f", "a.yaml"],
            &[],
            "a file has more than one document",
            &["keep one document in each values file"],
        ),
    ];
    for major in BOTH {
        for &(line, releases, message, help) in cases {
            let memory = home.write("releases", if releases.is_empty() { "[]" } else { RELEASE });
            let mut helm = home.helm(major);
            helm.env("HELM_DRIVER", "memory").env("HELM_MEMORY_DRIVER_DATA", memory);
            helm.args(line).args(["hops", &testdata("chart"), "-n", "hopsworks", "--dry-run=client"]);
            helm.args(["--kube-apiserver", &server]);
            home.post_renderer(&mut helm, major, &[]);
            let ran = run(&mut helm, b"");
            // Lines are broken at 80 columns.
            let stderr = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(ran.code, Some(1), "Helm {} {line:?}\n{stderr}", major.number());
            assert!(!String::from_utf8_lossy(&ran.stdout).contains("kind:"), "Helm {} {line:?}", major.number());
            for part in [message].iter().chain(help) {
                assert!(stderr.contains(part), "Helm {} {line:?}: {part:?} is not in\n{stderr}", major.number());
            }
        }
    }
}

/// Without Helm above it, and without flags, hwdr knows nothing.
#[test]
fn without_values_and_without_helm_it_fails() {
    let home = Home::new();
    let message = run(home.hwdr().arg("post-render"), b"kind: ConfigMap\n").failed(2);
    let said = message.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("hwdr has no values: no -f or --set was given, and no helm process has started it"),
        "{said}"
    );
    assert!(message.contains("hwdr post-render -f values.yaml --for install\n"), "{message}");
    let mut hwdr = home.hwdr();
    hwdr.args(["post-render", "-f", &testdata("values/base.yaml"), "-f", &testdata("values/new-cluster.yaml")]);
    let message = run(&mut hwdr, b"kind: ConfigMap\n").failed(2);
    assert!(message.contains("add --for install (into a new cluster) or --for upgrade (in place)"), "{message}");
}

#[test]
fn in_place_needs_a_guard_or_the_word_that_there_is_none() {
    let home = Home::new();
    let case = Case::new("native-inplace", "upgrade");
    let stream = home.stream(Major::Three, &case);
    let post_render = |more: &[&str]| run(home.hwdr().arg("post-render").args(case.flags()).args(more), &stream);
    let message = post_render(&[]).failed(1);
    assert!(message.contains("helm hwdr upgrade"), "{message}");
    only_adds(&stream, &post_render(&["--unguarded"]).ok());
}

/// hwdr with the values of a restore into a new cluster, and more.
fn post_render(home: &Home, more: &[&str], stream: &[u8]) -> common::Ran {
    run(home.hwdr().arg("post-render").args(NEW_CLUSTER.flags()).args(more), stream)
}

#[test]
fn a_stream_that_helm_would_not_take_is_refused_with_its_place() {
    let home = Home::new();
    let cases: [(&str, &[u8], &str); 14] = [
        ("not YAML", b"kind: ConfigMap\ndata: [a\n", "line 3"),
        ("a tab", b"kind: ConfigMap\ndata:\n\ta: 1\n", "line 3"),
        ("not YAML, second document", b"kind: ConfigMap\n---\nkind: }\n", "line 3"),
        ("cut short in a quote", b"kind: ConfigMap\nmetadata:\n  name: \"hopsw", "line "),
        ("cut short in a list", b"kind: ConfigMap\nx: [1,\n  2", "line "),
        ("not UTF-8", b"kind: ConfigMap\nname: \xff\xfe\n", "line 2"),
        ("UTF-16", b"\xff\xfek\0i\0n\0d\0", "line 1"),
        ("a NUL", b"kind: ConfigMap\nname: a\0b\n", "line 2"),
        ("a scalar", b"kind: ConfigMap\n---\njust a text\n", "line 3"),
        ("a number", b"42\n", "line 1"),
        ("a list", b"---\n- kind: ConfigMap\n", "line 2"),
        ("text behind ---", b"kind: A\n--- kind: B\n", "line 2"),
        ("an alias without an anchor", b"kind: ConfigMap\na: *b\n", "line 2"),
        ("two documents in one", b"kind: A\n...\nkind: B\n", "line "),
    ];
    for (name, stream, place) in cases {
        let message = post_render(&home, &[], stream).failed(2);
        assert!(message.contains("the rendered stream cannot be used"), "{name}: {message}");
        assert!(message.contains(place), "{name}: {message}");
        assert!(message.contains("document "), "{name}: {message}");
    }
}

/// A real stream that is cut off anywhere gives a message or a whole result, and never half of one.
#[test]
fn a_real_stream_cut_short_is_never_half_written() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    for part in 1..24 {
        let cut = &stream[..stream.len() * part / 24];
        let ran = post_render(&home, &[], cut);
        match ran.code {
            Some(0) => only_adds(cut, &ran.ok()),
            Some(1) => drop(ran.failed(1)),
            _ => drop(ran.failed(2)),
        }
    }
}

/// What is odd, and right for Helm, is right for hwdr: it comes out as it went in, beside a whole restore.
#[test]
fn odd_documents_keep_their_bytes() {
    let home = Home::new();
    let rendered = home.stream(Major::Three, &NEW_CLUSTER);
    let expected = post_render(&home, &[], &rendered).ok();
    let cases = [
        ("duplicate keys", "kind: ConfigMap\nmetadata: {name: odd}\ndata: {a: x}\ndata: {a: y}\n"),
        (
            "a List",
            "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: odd}\n  data: {a: eA==}\n",
        ),
        ("an empty List", "apiVersion: v1\nkind: List\nitems: []\n"),
        ("anchors", "kind: ConfigMap\nmetadata: &m\n  name: odd\ndata: {a: *m}\nx: &x [1, *m]\ny: *x\n"),
        (
            "separators in a block scalar",
            "kind: ConfigMap\nmetadata:\n  name: odd\ndata:\n  a: |\n    ---\n    b\n    --- c\n",
        ),
        ("carriage returns", "kind: ConfigMap\r\nmetadata:\r\n  name: odd\r\n"),
        ("flow style", "{\"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"odd\"}}\n"),
        ("nothing", "\n"),
        ("comments only", "# Source: odd\n"),
        ("null", "null\n"),
        ("beyond ASCII", "kind: ConfigMap\nmetadata: {name: odd}\ndata: {\u{e9}: \"\u{1f600} \\u00e9 \u{2028}\"}\n"),
        ("trailing blanks", "kind: ConfigMap   \nmetadata:  \n  name: odd\t \n"),
    ];
    for (name, document) in cases {
        for separator in ["---\n", "--- # a comment\n", "---  \r\n"] {
            let stream = [b"# top\n", separator.as_bytes(), document.as_bytes(), &rendered].concat();
            let result = post_render(&home, &[], &stream);
            assert_eq!(result.code, Some(0), "{name}, {separator:?}: {}", result.stderr);
            let expected = [b"# top\n", separator.as_bytes(), document.as_bytes(), &expected].concat();
            assert!(result.stdout == expected, "{name}, {separator:?}");
        }
    }
    let with_mark = |stream: &[u8]| [b"\xef\xbb\xbf", stream].concat();
    assert!(post_render(&home, &[], &with_mark(&rendered)).ok() == with_mark(&expected), "a byte order mark");
    let end = rendered.len() - 1;
    let ran = post_render(&home, &[], &rendered[..end]).ok();
    assert!(ran.starts_with(&rendered[..200]) && ran.ends_with(b"\n"), "no line break at the end");
}

/// The chart's objects inside of a `List` are as good as outside: they get their gates there.
#[test]
fn a_restore_goes_into_a_list_too() {
    let home = Home::new();
    let rendered = String::from_utf8(home.stream(Major::Three, &NEW_CLUSTER)).unwrap();
    let list: String = common::documents(&rendered)
        .iter()
        .map(|document| {
            let body = document.split_once('\n').expect("a separator").1;
            let mut lines = body.lines().filter(|line| !line.starts_with('#'));
            let first = format!("- {}\n", lines.next().unwrap_or_default());
            lines.fold(first, |item, line| if line.is_empty() { item + "\n" } else { format!("{item}  {line}\n") })
        })
        .collect();
    let list = format!("apiVersion: v1\nkind: List\nitems:\n{list}");
    let result = post_render(&home, &[], list.as_bytes()).ok();
    only_adds(list.as_bytes(), &result);
    let count = |stream: &str| stream.matches("- name: hwdr-gate\n").count();
    let plain = String::from_utf8(post_render(&home, &[], rendered.as_bytes()).ok()).unwrap();
    assert_eq!(count(str::from_utf8(&result).unwrap()), count(&plain));
}

#[test]
fn an_id_that_is_none_is_refused_where_it_stands() {
    let home = Home::new();
    let long = "9".repeat(300);
    let digits = "a backup id is digits only";
    for (id, problem) in [
        ("\"254811200; rm -rf /\"", digits),
        ("\"$(reboot)\"", digits),
        ("\"`reboot`\"", digits),
        ("\"254811200\\n\"", digits),
        ("|\n    254811200\n    --for\n", digits),
        ("\"../254811200\"", digits),
        ("\"-1\"", digits),
        ("\"+254811200\"", digits),
        ("\" 254811200\"", digits),
        ("\"0x0F30\"", digits),
        ("\"\u{662}\u{665}\u{664}\"", digits),
        ("\"054811200\"", "does not start with a zero"),
        ("\"4294967296\"", "up to 4294967295"),
        (&format!("\"{long}\""), "up to 4294967295"),
        ("254811200", "is a number: templates print it"),
        ("2.548112e+08", "is a number: templates print it"),
        (&long, "backup-id-number"),
        ("true", "must be a string"),
        ("[\"254811200\"]", "must be a string"),
    ] {
        for before in [
            "global:\n _hopsworks:\n  restoreFromBackup:\n   backupId: ",
            "rondb:\n rondb:\n  restoreFromBackup:\n   backupId: ",
        ] {
            // RonDB's charts before 0.8 take its own id as a number alone: it is only warned of.
            if before.starts_with("rondb") && ["254811200", "2.548112e+08"].contains(&id) {
                continue;
            }
            let problem = if before.starts_with("rondb") && id == long { "up to 4294967295" } else { problem };
            home.write("bad.yaml", format!("{before}{id}\n"));
            let message = post_render(&home, &["-f", "bad.yaml"], b"").failed(1);
            let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(message.contains(problem), "{id}: {message}");
            assert!(message.contains("bad.yaml:4:14"), "{id}: {message}");
        }
    }
}

#[test]
fn values_that_cannot_be_read_are_refused() {
    let home = Home::new();
    home.write("tab.yaml", "a:\n\tb: 1\n");
    home.write("latin.yaml", b"a: \xe9\n");
    home.write("cut.yaml", "a: {b: 1,\n");
    home.write("list.yaml", "- a\n");
    home.write("text.yaml", "just a text\n");
    home.write("folder/file", "");
    home.write("reads", "reads-nothing");
    let cases: [(&[&str], &str); 11] = [
        (&["-f", "missing.yaml"], "missing.yaml"),
        (&["-f", "folder"], "folder"),
        (&["-f", "tab.yaml"], "tab.yaml:2"),
        (&["-f", "latin.yaml"], "latin.yaml"),
        (&["-f", "cut.yaml"], "cut.yaml"),
        (&["-f", "list.yaml"], "list.yaml"),
        (&["-f", "text.yaml"], "text.yaml"),
        (&["--set", "a[="], "--set"),
        (&["--set-json", "a={"], "--set-json"),
        (&["--set-file", "a=missing.txt"], "missing.txt"),
        (&["-f", "-"], "standard input is the rendered stream"),
    ];
    for (flags, part) in cases {
        let message = post_render(&home, flags, b"kind: ConfigMap\n").failed(2);
        assert!(message.contains(part), "{flags:?}: {message}");
    }
}

/// Where helm's standard error is a file, nothing of it is written over.
#[test]
fn helms_log_is_not_written_over() {
    let home = Home::new();
    for major in BOTH {
        let log = std::fs::File::create(home.path("log")).unwrap();
        (&log).write_all(b"what was there before\n").unwrap();
        let mut helm = template(&home, major);
        helm.args(["--is-upgrade", "-f", &testdata("values/in-place.yaml")])
            .stderr(log)
            .stdout(std::process::Stdio::null());
        assert!(!helm.status().unwrap().success());
        let log = std::fs::read_to_string(home.path("log")).unwrap();
        assert!(log.starts_with("what was there before\n"), "Helm {}: {log}", major.number());
    }
}

/// What a chart has by default asks for no restore, and needs no mode.
#[test]
fn defaults_ask_for_nothing() {
    let home = Home::new();
    home.write(
        "a.yaml",
        "olk: {opensearch: {restore: {repositories: {default: {snapshots: {default: {payload: {indices: x}}}}}}}}\n",
    );
    home.write("b.yaml", "rondb: {rondb: {restoreFromBackup: {backupId: null, pathPrefix: rondb_backup}}}\n");
    let stream = b"kind: ConfigMap\n";
    for file in ["a.yaml", "b.yaml"] {
        assert_eq!(run(home.hwdr().args(["post-render", "-f", file]), stream).ok(), stream, "{file}");
    }
}

/// A helm command line that bash completes: `more` may have a `<(…)`.
fn through_bash(home: &Home, helm: &Command, more: &str) -> Command {
    let mut bash = home.command("bash");
    bash.args(["-c", &format!("\"$0\" \"$@\" {more}")]).arg(helm.get_program()).args(helm.get_args());
    for (name, value) in helm.get_envs() {
        value.map(|value| bash.env(name, value));
    }
    bash.env("NEW", testdata("values/new-cluster.yaml"));
    bash
}

/// Helm has drained a pipe when hwdr is started: a restore in it would vanish without a word.
#[test]
fn what_helm_alone_has_read_is_refused() {
    let home = Home::new();
    run(home.command("mkfifo").arg("pipe"), b"").ok();
    let restore = std::fs::read(testdata("values/new-cluster.yaml")).unwrap();
    for major in BOTH {
        for (more, words) in [
            ("-f <(cat \"$NEW\")", "it is a pipe, and helm has already read it"),
            ("-f /dev/fd/7 7< <(cat \"$NEW\")", "it is a pipe, and helm has already read it"),
            ("-f /proc/self/fd/7 7< <(cat \"$NEW\")", "it is a pipe, and helm has already read it"),
            ("-f /dev/stdin", "it is a pipe, and helm has already read it"),
            ("-f -", "helm has already read its standard input"),
            ("-f pipe & cat \"$NEW\" > pipe; wait $!", "it is a pipe, and helm has already read it"),
            ("--set-file global._hopsworks.restoreFromBackup.backupId=<(printf 254811200)", "it is a pipe"),
            ("--is-upgrade -f <(cat \"$NEW\")", "it is a pipe, and helm has already read it"),
        ] {
            let ran = run(&mut through_bash(&home, &template(&home, major), more), &restore);
            let stderr = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_ne!(ran.code, Some(0), "Helm {} {more}: {}", major.number(), String::from_utf8_lossy(&ran.stdout));
            assert!(stderr.contains(words), "Helm {} {more}: {stderr}", major.number());
            assert!(!String::from_utf8_lossy(&ran.stdout).contains("kind:"), "Helm {} {more}", major.number());
        }
        // A file by another name is a file.
        for more in ["-f /dev/fd/7 7< \"$NEW\"", "-f /dev/null -f \"$NEW\""] {
            let printed = run(&mut through_bash(&home, &template(&home, major), more), b"").text();
            assert!(printed.contains("name: hwdr-restore-254811200"), "Helm {} {more}", major.number());
        }
    }
}

/// Files are looked for where helm has found them, and are the ones that helm has read.
#[test]
fn files_are_helms() {
    let home = Home::new();
    let restore = std::fs::read_to_string(testdata("values/new-cluster.yaml")).unwrap();
    for major in BOTH {
        for (script, is_refused) in [
            (format!("#!/bin/sh\ncd /\nexec {HWDR} post-render\n"), false),
            (format!("#!/bin/sh\nsleep 0.5\n: > \"$HWDR_TEST/v.yaml\"\nexec {HWDR} post-render\n"), true),
            (format!("#!/bin/sh\nrm \"$HWDR_TEST/v.yaml\"\nexec {HWDR} post-render\n"), true),
        ] {
            home.write("v.yaml", &restore);
            let mut helm = home.helm(major);
            helm.args(["template", "hops", &testdata("chart"), "-n", "hopsworks"]);
            helm.args(["-f", &testdata("values/base.yaml"), "-f", "v.yaml"]).env("HWDR_TEST", home.path(""));
            home.post_renderer_script(&mut helm, major, &script);
            let ran = run(&mut helm, b"");
            assert_eq!(ran.code != Some(0), is_refused, "Helm {}: {script}: {}", major.number(), ran.stderr);
            if !is_refused {
                assert!(ran.text().contains("name: hwdr-restore-254811200"), "{script}");
            }
        }
    }
}

/// Values on a command line of hwdr's own are read once, and never from the stream.
#[test]
fn its_own_flags_are_read_once() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let bash = |line: &str| {
        let mut bash = home.command("bash");
        bash.args(["-c", line]).env("HWDR", HWDR).env("BASE", testdata("values/base.yaml"));
        run(bash.env("NEW", testdata("values/new-cluster.yaml")), &stream)
    };
    for command in ["post-render", "diff --summary", "plan"] {
        let printed = bash(&format!("\"$HWDR\" {command} --for install -f \"$BASE\" -f <(cat \"$NEW\")")).text();
        assert!(printed.contains("254811200"), "{command}: {printed}");
        let both = bash(&format!("\"$HWDR\" {command} --for install -f \"$BASE\",\"$NEW\"")).text();
        assert_eq!(both, printed, "{command}");
        for flags in ["-f -", "-f /dev/stdin", "-f /dev/fd/0", "--set-file a=-"] {
            let message = bash(&format!("\"$HWDR\" {command} --for install {flags}")).failed(2);
            assert!(message.contains("standard input is the rendered"), "{command} {flags}: {message}");
        }
        let message = bash(&format!("\"$HWDR\" {command} --for install -f \"$BASE\" -f <(false)")).failed(2);
        assert!(message.contains("this pipe is empty"), "{command}: {message}");
    }
}

/// A block that is misplaced asks for no restore, and is an error all the same; another chart's values are none of hwdr's.
#[test]
fn errors_stop_also_where_no_restore_is_understood() {
    let home = Home::new();
    home.write("misplaced.yaml", "global: {restoreFromBackup: {backupId: \"254811200\"}}\n");
    home.write("other.yaml", "velero: {schedule: \"@never\"}\nbackups: {ttl: 1}\n");
    for mode in [&["--for", "install"][..], &["--for", "upgrade"], &[]] {
        let post_render =
            |file: &str| run(home.hwdr().args(["post-render", "-f", file]).args(mode), b"kind: ConfigMap\n");
        let message = post_render("misplaced.yaml").failed(1);
        assert!(message.contains("misplaced-key") && message.contains("misplaced.yaml:1:10"), "{message}");
        assert_eq!(post_render("other.yaml").ok(), b"kind: ConfigMap\n");
    }
}
