//! `hwdr values`: what it prints, where values come from, and what it refuses.

use crate::common::{self, BOTH, Home, run, testdata};

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
        ("a: b: c\n", "v.yaml:1:4", "two ': ' on one line"),
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

#[test]
fn a_flag_may_name_several_files() {
    let home = Home::new();
    home.write("a.yaml", "a: 1\n");
    home.write("b,c.yaml", "b: 2\n");
    for flags in [&["-f", "a.yaml,\"b,c.yaml\""][..], &["-fa.yaml", "--values=\"b,c.yaml\""]] {
        let printed = run(home.hwdr().args(["values", "-o", "json"]).args(flags), b"").text();
        assert_eq!(printed, "{\n  \"a\": 1,\n  \"b\": 2\n}\n", "{flags:?}");
    }
    for (flag, words) in
        [("", "is empty"), ("a.yaml,", "is empty"), ("a\"b", "a quote in the middle"), ("\"a", "a quote has no end")]
    {
        let message = run(home.hwdr().args(["values", "-f", flag]), b"").failed(2);
        assert!(message.contains(words), "{flag}: {message}");
    }
}

/// A chart's schema refuses what it refuses in Helm: the same schemas are applied to the same values, in the same order.
#[test]
fn a_charts_schema_is_applied_as_helm_does() {
    let home = Home::new();
    home.write("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 0.1.0\ndependencies:\n- {name: sub, version: 1.x, condition: sub.enabled}\n- {name: sub, alias: two, version: 1.x, condition: two.enabled}\n");
    home.write("c/values.yaml", "own: 1\nsub: {enabled: true}\ntwo: {enabled: false}\n");
    home.write("c/templates/v.yaml", "kind: V\n");
    home.write("c/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n");
    home.write("c/charts/sub/values.yaml", "size: 3\n");
    let own = r#"{"properties": {"own": {"type": "integer"}, "password": {"type": "string", "minLength": 8}}}"#;
    let sub = r#"{"properties": {"size": {"type": "integer", "maximum": 5}, "global": {"required": ["region"]}}}"#;
    let seventh = r#"{"$schema": "http://json-schema.org/draft-07/schema#", "properties": {"own": {"type": "integer"}, "at": {"format": "date"}}}"#;
    let late =
        r#"{"$schema": "https://json-schema.org/draft/2020-12/schema", "properties": {"at": {"format": "date"}}}"#;
    let fourth = r#"{"$schema": "http://json-schema.org/draft-04/schema#", "properties": {"own": {"type": "integer", "minimum": 1, "exclusiveMinimum": true}}}"#;
    let strict = r#"{"additionalProperties": false, "properties": {"own": {}, "sub": {}, "two": {}, "global": {}}}"#;
    let inner = r##"{"$defs": {"n": {"type": "number"}}, "properties": {"own": {"$ref": "#/$defs/n"}}}"##;
    let beside = r#"{"properties": {"own": {"$ref": "other.json"}}}"#;
    let ahead = r#"{"properties": {"at": {"type": "string", "pattern": "^(?!a)b"}}}"#;
    let pattern = r#"{"properties": {"at": {"type": "string", "pattern": "^[a-z]+\\d$"}}}"#;
    let none = "{}";
    let region = "global.region=eu";
    for (schema, of_sub, sets) in [
        (own, none, &["own=2", "own=x", "own=2.5", "own=null", "password=short", "password=long-enough"][..]),
        (seventh, none, &["own=2", "at=2026-01-01", "at=soon", "own=true"]),
        (late, none, &["at=soon"]),
        (fourth, none, &["own=1", "own=2"]),
        (strict, none, &["own=1", "more=1", region]),
        (inner, none, &["own=1", "own=x"]),
        (beside, none, &["own=1"]),
        (ahead, none, &["at=b", "at=a"]),
        (pattern, none, &["at=b1", "at=1", "at=b"]),
        ("{", none, &["own=1"]),
        (r#"{"type": 5}"#, none, &["own=1"]),
        ("true", none, &["own=1"]),
        ("false", none, &["own=1"]),
        (
            none,
            sub,
            &[
                region,
                "own=1",
                "global.region=eu,sub.size=9",
                "global.region=eu,sub.size=4",
                "sub.size=9,sub.enabled=false",
            ],
        ),
        (
            none,
            sub,
            &[
                "global.region=eu,two.enabled=true",
                "global.region=eu,two.enabled=true,two.size=9",
                "global.region=eu,two.size=9",
            ],
        ),
        (none, sub, &["global.region=eu,sub=null", "global.region=eu,sub=x", "global.region=eu,sub.size=x"]),
    ] {
        home.write("c/values.schema.json", schema);
        home.write("c/charts/sub/values.schema.json", of_sub);
        // Both Helms share the code for it: they take turns.
        for (major, set) in BOTH.into_iter().cycle().zip(sets) {
            let helm = run(home.helm(major).args(["template", "x", "c", "--set", set]), b"");
            let number = major.number().to_string();
            let hwdr = run(home.hwdr().args(["values", "--chart", "c", "--helm", &number, "--set", set]), b"");
            let case = format!("Helm {number} {schema} {of_sub} --set {set}: {}{}", helm.stderr, hwdr.stderr);
            assert_eq!(hwdr.code, Some(if helm.code == Some(0) { 0 } else { 2 }), "{case}");
            assert!(!hwdr.stderr.contains("short\"") && !common::has_fault(&hwdr.stderr), "{case}");
        }
    }
    // Helm fetches what a schema refers to on the web, and hwdr does not: that part allows all.
    home.write(
        "c/values.schema.json",
        r#"{"properties": {"own": {"$ref": "https://example.org/x.json"}, "b": {"type": "integer"}}}"#,
    );
    home.write("c/charts/sub/values.schema.json", none);
    let ran = run(home.hwdr().args(["values", "--chart", "c", "--set", "own=x"]), b"");
    let note = "not checked: the part of the schema of chart c at https://example.org/x.json, which helm fetches and hwdr does not";
    assert!(ran.code == Some(0) && ran.stderr.contains(note), "{}", ran.stderr);
    let json: serde_json::Value =
        run(home.hwdr().args(["lint", "--chart", "c", "--set", "own=x", "--format", "json"]), b"")
            .text()
            .parse()
            .expect("JSON");
    assert_eq!(json["notes"][0]["message"], note, "{json}");
    home.write("v.yaml", "own: 1\nb: hunter2\n");
    let message = run(home.hwdr().args(["values", "--chart", "c", "-f", "v.yaml"]), b"").failed(2);
    assert!(message.contains("v.yaml:2:4") && message.contains("c: b: value is not of type \"integer\""), "{message}");
    let ran = run(home.hwdr().args(["lint", "--chart", "c", "-f", "v.yaml"]), b"");
    assert!(ran.code == Some(2) && ran.stderr.contains("values.schema.json"), "{}", ran.stderr);
}
