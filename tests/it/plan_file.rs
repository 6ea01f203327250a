//! Plans in files (four eyes), and `hwdr diff` against a release, with the real chart and as much of a cluster as they ask.

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};

use crate::backups::{CORE, Lab};
use crate::common::{BOTH, Ran, run, testdata};
use crate::doctor::{self, lab};

/// A helm that knows the release and what it has applied, and renders by the real one.
fn helm(lab: &Lab) -> String {
    let chart = "echo \"{\\\"chart\\\": {\\\"templates\\\": \\\"$(cat chart/templates/* | sha256sum)\\\", \
        \\\"metadata\\\": {\\\"name\\\": \\\"hopsworks\\\", \\\"version\\\": \\\"4.8.0\\\", \\\"appVersion\\\": \\\"4.8\\\"}}}\"";
    doctor::helm(lab, "'get manifest') exec cat manifest;;\n", chart)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("a file");
        }
    }
}

/// A cluster with a backup, and a copy of the chart.
fn ready() -> Lab {
    let lab = lab();
    copy(Path::new(&testdata("chart")), &lab.home.path("chart"));
    lab.home.write("base.yaml", fs::read(testdata("values/base.yaml")).expect("a file"));
    lab.home.write(
        "restore.yaml",
        format!(
            "global:\n  _hopsworks:\n    restoreFromBackup: {{backupId: \"{}\", inPlace: true, forceDataClear: true}}\n",
            lab.id(0)
        ),
    );
    lab
}

fn hwdr(lab: &Lab, command: &str, more: &[&str]) -> Ran {
    let helm = helm(lab);
    let mut hwdr = lab.home.hwdr();
    hwdr.env("KUBECONFIG", lab.home.path("kubeconfig")).env("HELM_BIN", helm).env("AWS_EC2_METADATA_DISABLED", "true");
    hwdr.args([command, "hops", "chart", "-n", "hopsworks", "-f", "base.yaml", "-f", "restore.yaml"]).args(more);
    run(&mut hwdr, b"")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What is refused before anything is asked.
fn refused(lab: &Lab, more: &[&str]) -> String {
    let said = one_line(&hwdr(lab, "upgrade", &[&["--plan", "a.plan", "--dry-run"], more].concat()).failed(1));
    assert!(said.contains("this is not what the plan in a.plan was made from. Nothing was changed."), "{said}");
    assert!(said.contains("plan again, and have the new plan approved"), "{said}");
    said
}

#[test]
fn a_run_is_what_its_plan_was_made_from_or_is_refused() {
    let lab = ready();
    let made = hwdr(&lab, "plan", &["--out", "a.plan"]);
    let noted = made.stderr.clone();
    let text = made.text();
    let last = one_line(text.split("\n\n").last().expect("a part"));
    assert!(last.contains(" steps (") && last.contains("by hwdr"), "{last}");
    assert!(noted.contains("--plan a.plan"), "{noted}");
    let file: Json = serde_json::from_slice(&fs::read(lab.home.path("a.plan")).expect("a file")).expect("JSON");
    assert!(last.starts_with(&format!("Plan {}:", file["digest"].as_str().expect("a digest"))), "{last}");
    // It is nobody else's, and is not overwritten.
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(lab.home.path("a.plan")).expect("a file"));
    assert_eq!(mode & 0o777, 0o600);
    assert!(hwdr(&lab, "plan", &["--out", "a.plan"]).failed(2).contains("exists"));

    let same = hwdr(&lab, "upgrade", &["--plan", "a.plan", "--dry-run"]).text();
    assert_eq!(same, text, "both show the same plan");

    let said = refused(&lab, &["--set", "olk.opensearch.replicas=3"]);
    assert!(said.contains("the values (values): "), "{said}");
    let said = refused(&lab, &["--wipe"]);
    assert!(said.contains("the command line (wipe): false then, true now"), "{said}");
    let said = refused(&lab, &["--skip-crds"]);
    assert!(said.contains("helm's flags (helm): "), "{said}");

    let helper = lab.home.path("chart/templates/_helpers.tpl");
    let before = fs::read(&helper).expect("a file");
    fs::write(&helper, [&before[..], b"{{/* another */}}\n"].concat()).expect("a file");
    assert!(refused(&lab, &[]).contains("the chart (chart.files): "));
    fs::write(&helper, before).expect("a file");
    lab.home.write("chart/charts/hopsfs/templates/more.yaml", "{{/* more */}}\n");
    assert!(refused(&lab, &[]).contains("the chart (chart.charts.charts/hopsfs/templates/more.yaml): nothing then, "));
    fs::remove_file(lab.home.path("chart/charts/hopsfs/templates/more.yaml")).expect("a file");

    let cron_job = "/apis/batch/v1/namespaces/hopsworks/cronjobs/create-backup";
    let mut object = lab.api.get(cron_job).expect("it is there");
    let before = object.clone();
    object["spec"]["suspend"] = true.into();
    lab.api.put(cron_job, object);
    let said = refused(&lab, &[]);
    assert!(
        said.contains("what is in the cluster (found.paused.CronJob/create-backup.was): false then, true now"),
        "{said}"
    );
    lab.api.put(cron_job, before);

    let system = "/api/v1/namespaces/kube-system";
    lab.api.put(system, json!({"metadata": {"name": "kube-system", "uid": "another"}}));
    assert!(refused(&lab, &[]).contains("the cluster itself (cluster): uid-of-the-cluster then, another now"));
    lab.api.put(system, json!({"metadata": {"name": "kube-system", "uid": "uid-of-the-cluster"}}));

    assert_eq!(hwdr(&lab, "upgrade", &["--plan", "a.plan", "--dry-run"]).text(), text, "all is as before");
    lab.home.write("b.plan", "{}");
    let said = hwdr(&lab, "upgrade", &["--plan", "b.plan", "--dry-run"]).failed(2);
    assert!(said.contains("b.plan is no plan of hwdr's"), "{said}");
    assert!(hwdr(&lab, "upgrade", &["--plan", "c.plan", "--dry-run"]).failed(2).contains("cannot read c.plan"));
    assert_eq!(lab.api.writes(), [""; 0]);
}

#[test]
fn a_digest_is_enough_to_hold_a_run_to() {
    let lab = ready();
    let json: Json = serde_json::from_str(&hwdr(&lab, "plan", &["-o", "json"]).text()).expect("JSON");
    let digest = json["digest"].as_str().expect("a digest");
    assert!(hwdr(&lab, "upgrade", &["--dry-run", "--expect-plan", digest]).text().contains(digest));
    let said = one_line(&hwdr(&lab, "upgrade", &["--dry-run", "--expect-plan", "02aaaaaaaaaaaaaaaa"]).failed(1));
    assert!(said.contains(&format!("this is plan {digest}, and not 02aaaaaaaaaaaaaaaa")), "{said}");
    assert!(said.contains("see what it would do: leave out --expect-plan"), "{said}");
    // Without a restore there is no plan.
    lab.home.write("restore.yaml", "{}\n");
    let said = one_line(&hwdr(&lab, "upgrade", &["--expect-plan", digest]).failed(1));
    assert!(said.contains("--expect-plan is for a restore"), "{said}");
    assert!(hwdr(&lab, "plan", &[]).failed(1).contains("there is nothing to plan"));
    assert_eq!(lab.api.writes(), [""; 0]);
}

#[test]
fn a_plan_of_a_release_needs_its_chart_and_a_file_needs_a_release() {
    let lab = ready();
    for (line, expected) in [
        (&["plan", "hops", "-f", "base.yaml"][..], "a release is named, but no chart"),
        (&["diff", "hops"], "a release is named, but no chart"),
        (&["plan", "-f", "base.yaml", "--out", "a.plan"], "it needs a release and a chart"),
        (&["diff", "-f", "base.yaml", "--timeout", "5m"], "--timeout is for helm"),
        (&["plan", "-f", "base.yaml", "--for", "both"], "--for both: expected install or upgrade"),
        (&["diff", "-f", "base.yaml", "--product", "other"], "--product other: expected hopsworks or streams"),
    ] {
        let said = one_line(&run(lab.home.hwdr().args(line), b"").failed(2));
        assert!(said.contains(expected), "{line:?}: {said}");
    }
}

/// What helm has recorded is compared with what it would apply.
#[test]
fn a_release_is_compared_with_what_it_would_become() {
    let lab = ready();
    lab.home.write("restore.yaml", "{}\n");
    let mut real = lab.home.helm(BOTH[0]);
    real.args(["template", "hops", "chart", "-n", "hopsworks", "-f", "base.yaml", "--is-upgrade"]);
    lab.home.write("manifest", run(&mut real, b"").text());
    let same = hwdr(&lab, "diff", &["--detailed-exitcode"]);
    assert_eq!((same.code, same.text().as_str()), (Some(0), "0 objects changed, 0 added, 0 removed\n"));

    let more = ["--set", "rondb.rondb.clusterSize.activeDataReplicas=3"];
    let changed = hwdr(&lab, "diff", &more);
    assert_eq!(changed.code, Some(0), "{}", changed.stderr);
    let text = changed.text();
    assert!(
        text.contains("--- a/StatefulSet.apps/node-group-0") && text.contains("\n+") && text.contains("~ "),
        "{text}"
    );
    assert_eq!(hwdr(&lab, "diff", &[&more[..], &["--detailed-exitcode"]].concat()).code, Some(2));
    let short = hwdr(&lab, "diff", &[&more[..], &["--summary"]].concat()).text();
    assert!(!short.contains("@@") && short.contains("objects changed"), "{short}");

    // With a restore, what hwdr injects is added.
    lab.home.write(
        "restore.yaml",
        format!("global: {{_hopsworks: {{restoreFromBackup: {{backupId: \"{}\", inPlace: true, forceDataClear: true}}}}}}\n", lab.id(0)),
    );
    let text = hwdr(&lab, "diff", &["--summary"]).text();
    assert!(text.contains(&format!("+ Job.batch/restore-native-backup-{}", lab.id(0))), "{text}");

    // Any error is 1.
    let chart_error = hwdr(&lab, "diff", &["--detailed-exitcode", "--set", "rondb=1"]);
    assert_eq!(chart_error.code, Some(1), "{}", chart_error.stderr);
    lab.api.fail(CORE, 500);
    assert_eq!(hwdr(&lab, "diff", &["--detailed-exitcode", "--kube-context", "nowhere"]).code, Some(1));
    assert_eq!(lab.api.writes(), [""; 0]);
}

/// Of a piped stream, too.
#[test]
fn a_piped_stream_has_the_exit_code_of_its_changes() {
    let case = crate::common::Case::new("none", "install");
    let home = crate::common::Home::new();
    let stream = home.stream(BOTH[0], &case);
    let code = |more: &[&str], stream: &[u8]| run(home.hwdr().arg("diff").args(case.flags()).args(more), stream).code;
    assert_eq!((code(&[], &stream), code(&["--detailed-exitcode"], &stream)), (Some(0), Some(2)));
    assert_eq!((code(&[], b""), code(&["--detailed-exitcode"], b"")), (Some(2), Some(1)));
    home.write("none.yaml", "a: 1\n");
    let none = run(home.hwdr().args(["diff", "-f", "none.yaml", "--for", "install", "--detailed-exitcode"]), &stream);
    assert_eq!(none.code, Some(0));
}
