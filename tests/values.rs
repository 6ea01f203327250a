//! `hwdr values`: what it prints, where values come from, and what it refuses.

mod common;

use common::{Home, run, testdata};

#[test]
fn layers_flags_and_origins() {
    let home = Home::new();
    home.write("a.yaml", "global: {_hopsworks: {backups: {ttl: 60d}}}\nlist: [1, {x: yes}]\n");
    home.write("b.yaml", "global:\n  _hopsworks:\n    backups:\n      ttl: 30d\n");
    home.write("motd.txt", "hello\n");
    let flags = ["-f", "a.yaml", "-f", "b.yaml", "--set", "id=254811200,gone=null", "--set-string", "text=254811200"];
    let json = run(home.hwdr().arg("values").args(flags).args(["-o", "json"]), b"").text();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let expected = serde_json::json!({
        "global": {"_hopsworks": {"backups": {"ttl": "30d"}}}, "list": [1, {"x": true}],
        "id": 254_811_200, "gone": null, "text": "254811200",
    });
    assert_eq!(json, expected);

    let yaml =
        run(home.hwdr().arg("values").args(flags).args(["--set-file", "motd=motd.txt", "--origins"]), b"").text();
    let expected = "\
global:
  _hopsworks:
    backups:
      ttl: \"30d\" # b.yaml:4:12
gone: null # --set id=254811200,gone=null
id: 254811200 # --set id=254811200,gone=null
list:
  - 1 # a.yaml:2:8
  - x: true # a.yaml:2:15
motd: \"hello\\n\" # --set-file motd=motd.txt
text: \"254811200\" # --set-string text=254811200
";
    assert_eq!(yaml, expected);
    let stdin = run(home.hwdr().args(["values", "-f", "-", "-o", "json"]), b"a: 0o17\nb: 017\n").text();
    assert_eq!(stdin, "{\n  \"a\": 15,\n  \"b\": 15\n}\n");
}

#[test]
fn a_chart_lies_below_the_values_as_a_folder_and_packed() {
    let home = Home::new();
    home.write("chart/Chart.yaml", "apiVersion: v2\nname: top\nversion: 1.0.0\ndependencies:\n- {name: sub, version: 1.x, condition: sub.enabled}\n- {name: idle, version: 1.x, condition: idle.enabled}\n");
    home.write("chart/values.yaml", "sub: {enabled: true, kept: 1}\nidle: {enabled: false}\nglobal: {region: here}\n");
    home.write("chart/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.2.3\n");
    home.write("chart/charts/sub/values.yaml", "own: {a: 1}\nkept: 0\ngone: 2\n");
    home.write("chart/charts/idle/Chart.yaml", "apiVersion: v2\nname: idle\nversion: 1.2.3\n");
    home.write("chart/charts/idle/values.yaml", "big: true\n");
    home.write("v.yaml", "sub: {gone: null, own: {b: 2}}\n");
    let expected = "\
global:
  region: here # chart/values.yaml:3:18
idle:
  enabled: false # chart/values.yaml:2:17
sub:
  enabled: true # chart/values.yaml:1:16
  global:
    region: here # chart/values.yaml:3:18
  kept: 1 # chart/values.yaml:1:28
  own:
    a: 1 # chart/charts/sub/values.yaml:1:10
    b: 2 # v.yaml:1:28
";
    let show =
        |chart: &str| run(home.hwdr().args(["values", "-f", "v.yaml", "--origins", "--chart", chart]), b"").text();
    assert_eq!(show("chart"), expected);
    run(home.command("tar").args(["-czf", "top-1.0.0.tgz", "chart"]), b"").ok();
    assert_eq!(show("top-1.0.0.tgz"), expected.replace("# chart/", "# top-1.0.0.tgz/"));

    home.write("chart/charts/idle/Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.2.3\n");
    let error = run(home.hwdr().args(["values", "--chart", "chart"]), b"").failed(2);
    assert!(error.contains("missing in charts/ directory: idle"), "{error}");
}

#[test]
fn what_helm_refuses_ends_with_code_2_and_its_place() {
    let home = Home::new();
    for (text, place, words) in [
        ("a: b: c\n", "v.yaml:1:5", "mapping values"),
        ("a: 1\nb: \"\\/\"\n", "v.yaml:2:5", "unknown escape"),
        ("- a\n", "v.yaml:1:1", "a list"),
        ("a: [x?y]\n", "v.yaml:1:5", "'?'"),
        ("a: [!!str,x]\n", "v.yaml:1:10", "part of the tag"),
        ("a: .inf\n", "v.yaml:1:4", "JSON"),
    ] {
        home.write("v.yaml", text);
        let error = run(home.hwdr().args(["values", "-f", "v.yaml"]), b"").failed(2);
        assert!(error.contains(place) && error.replace("\n      ", "").contains(words), "{text:?}: {error}");
    }
    run(home.hwdr().args(["values", "--set", "a["]), b"").failed(2);
    run(home.hwdr().args(["values", "--set", "a[", "--helm", "4"]), b"").ok();
    run(home.hwdr().args(["values", "-f", "none.yaml"]), b"").failed(2);
    run(home.hwdr().args(["values", "--chart", "none"]), b"").failed(2);
    run(home.hwdr().args(["values", "-f", "-", "-f", "-"]), b"a: 1").failed(2);
}

#[test]
fn lint_takes_the_chart_for_what_the_values_leave_out() {
    let home = Home::new();
    home.write("v.yaml", "global: {_hopsworks: {backups: {enabled: true, schedule: never}}}\n");
    let chart = testdata("chart");
    let ran = run(home.hwdr().args(["lint", "-f", "v.yaml", "--chart", &chart, "--fix", "--format", "json"]), b"");
    let found: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
    let rules: Vec<_> = found["findings"].as_array().unwrap().iter().map(|f| f["rule"].as_str().unwrap()).collect();
    // Nothing about the `global` that every subchart is handed, which stands where it should.
    assert_eq!(rules, ["backups-without-storage", "schedule"], "{found:#}");
}
