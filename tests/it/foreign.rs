//! Others write the stream: its claims about itself are not trusted, its contents are not taken for YAML, and
//! small input does not become large.

use std::collections::BTreeMap;

use crate::common::{self, BOTH, Case, HWDR, Home, Major, Ran, objects, only_adds, run};
use hwdr::source::Source;
use hwdr::stream::{Stream, json_of};
use hwdr::values::{self, Helm, ValueInputs};
use serde_json::{Value as Json, json};

const CASE: Case = Case::new("none", "install");

fn post_render(home: &Home, stream: &[u8]) -> Ran {
    run(home.hwdr().arg("post-render").args(CASE.flags()), stream)
}

/// The chart's stream with more documents.
fn with(home: &Home, more: &str) -> Vec<u8> {
    [&home.stream(Major::Three, &CASE)[..], b"---\n", more.as_bytes()].concat()
}

/// The message, on one line, of a stream that is refused with this code.
#[track_caller]
fn refused(home: &Home, code: i32, stream: &[u8]) -> String {
    post_render(home, stream).failed(code).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A Deployment that has to wait, with more in its metadata and in its pods' spec.
fn deployment(metadata: &str, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  namespace: hopsworks\n{metadata}spec:\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n{spec}      \
         containers: [{{name: web, image: w}}]\n"
    )
}

/// The pod of that Deployment in what comes out.
fn pod(result: &[u8]) -> Json {
    let stream = Stream::parse(result.to_vec()).expect("a sound stream");
    let web = stream.objects().iter().find(|object| object.kind() == "Deployment" && object.name() == "web");
    let look = stream.look(web.expect("the Deployment"));
    json_of(&look.tree, look.root)["spec"]["template"]["spec"].clone()
}

fn names(list: &Json) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|item| item["name"].as_str().expect("a name")).collect()
}

#[test]
fn what_is_merged_into_a_pod_stays() {
    let home = Home::new();
    const LISTS: &str = "initContainers: [{name: wait-db, image: b, env: [{name: A, value: 'on'}]}], \
                         volumes: [{name: config, secret: {secretName: s}}]";
    let shared = |merge: &str| {
        let all = deployment("", &format!("      <<: {merge}\n"));
        all.replace("spec:\n  selector", &format!("x-pod: &pod {{{LISTS}}}\nx-none: &none {{}}\nspec:\n  selector"))
    };
    for document in [
        deployment("", &format!("      <<: {{{LISTS}}}\n")),
        deployment("", &format!("      <<: &d {{{LISTS}}}\n")),
        deployment("", &format!("      <<: [{{volumes: []}}, {{{LISTS}}}]\n")).replace("volumes: []}, {", "a: b}, {"),
        shared("*pod"),
        shared("[*none, *pod]"),
        shared("{<<: *pod}"),
        shared("*pod").replace("      containers: [", "      containers:\n      - ").replace("w}]", "w}"),
    ] {
        let stream = with(&home, &document);
        let result = post_render(&home, &stream).ok();
        if document.contains("*pod") {
            only_adds(&stream, &result);
        }
        let pod = pod(&result);
        assert_eq!(names(&pod["initContainers"]), ["hwdr-gate", "wait-db"], "{document}");
        assert_eq!(pod["initContainers"][1]["env"], json!([{"name": "A", "value": "on"}]), "{document}");
        assert_eq!(names(&pod["volumes"]), ["config", "hwdr-scripts", "hwdr-token"], "{document}");
        assert!(post_render(&home, &result).ok() == result, "a second pass changes more:\n{document}");
        for major in BOTH {
            let printed = home.printed(major, &CASE, &result);
            assert_eq!(self::pod(printed.as_bytes()), pod, "Helm {}", major.number());
        }
    }
    // Where nothing can be added without a loss, nothing is done.
    for (document, why) in [
        (
            shared("*pod").replace("      <<: *pod\n", "      volumes: []\n      <<: *pod\n"),
            "`volumes` is merged in (`<<`)",
        ),
        (
            shared("*pod")
                .replace("      <<: *pod\n", "      initContainers: *l\n")
                .replace("x-none: &none {}", "x-l: &l [{name: a}]"),
            "an alias (`*name`) shares it",
        ),
        (shared("*pod").replace("      <<: *pod\n", "      <<: text\n"), "map merge requires map"),
    ] {
        let code = if why.starts_with("map") { 2 } else { 1 };
        let message = refused(&home, code, &with(&home, &document));
        assert!(message.contains(why), "{document}\n{message}");
        assert!(code == 2 || message.contains("Deployment/web"), "{message}");
    }
}

/// A marker of the chart's own is kept though its annotations are merged in.
#[test]
fn what_is_merged_into_metadata_stays() {
    let home = Home::new();
    let case = Case::new("native-inplace", "upgrade");
    let stream = String::from_utf8(home.stream(Major::Three, &case)).unwrap();
    let restores =
        |document: &&str| document.contains("kind: Job\n") && document.contains("\n  name: restore-native-backup");
    let marker = common::documents(&stream).into_iter().find(restores).expect("the chart's own restore").to_owned();
    let name = marker.lines().find_map(|line| line.strip_prefix("  name: ")).expect("its name").to_owned();
    let merged = marker.replacen("\nmetadata:\n", "\nx: &x {annotations: {a: 'on'}}\nmetadata:\n  <<: *x\n", 1);
    let stream = stream.replace(&marker, &merged);
    let result = run(home.hwdr().args(["post-render", "--unguarded"]).args(case.flags()), stream.as_bytes()).ok();
    only_adds(stream.as_bytes(), &result);
    let annotations = &objects(&result)[&format!("Job/{name}")]["metadata"]["annotations"];
    assert_eq!(*annotations, json!({"a": "on", "helm.sh/resource-policy": "keep"}));
}

/// Who says that hwdr manages it, or that it is a hook, or has something by the gate's name, still waits, or is refused.
#[test]
fn nobody_gets_past_the_gate_by_a_name() {
    let home = Home::new();
    for metadata in [
        "  labels: {app.kubernetes.io/managed-by: hwdr}\n",
        "  labels: {app.kubernetes.io/managed-by: hwdr, hwdr.hopsworks.ai/restore-id: \"254811200\"}\n",
        "  annotations: {helm.sh/hook: pre-install}\n",
        "  annotations: {helm.sh/hook: \"\"}\n",
    ] {
        let stream = with(&home, &deployment(metadata, ""));
        let result = post_render(&home, &stream).ok();
        assert_eq!(names(&pod(&result)["initContainers"]), ["hwdr-gate"], "{metadata}");
        let shown = run(home.hwdr().args(["diff", "--summary"]).args(CASE.flags()), &stream).text();
        assert!(shown.contains("Deployment/web: waits for"), "{metadata}{shown}");
        assert!(post_render(&home, &result).ok() == result, "{metadata}");
    }
    let other = "is not the one that this plan makes";
    for (spec, why) in [
        ("      initContainers: [{name: hwdr-gate, image: i}]\n", "the container hwdr-gate of Deployment/web"),
        (
            "      initContainers: [{name: a}, {name: hwdr-gate, image: i}]\n",
            "the container hwdr-gate of Deployment/web",
        ),
        ("      volumes: [{name: hwdr-token, emptyDir: {}}]\n", "the volume \"hwdr-token\" of Deployment/web"),
    ] {
        let message = refused(&home, 1, &with(&home, &deployment("", spec)));
        assert!(message.contains(why) && message.contains(other), "{message}");
    }
    let object = |kind: &str, name: &str, labels: &str, more: &str| {
        format!(
            "apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: hopsworks, labels: {{{labels}}}}}\n{more}\n"
        )
    };
    const OURS: &str = "app.kubernetes.io/managed-by: hwdr";
    for (document, why) in [
        (object("Job", "writer", OURS, "spec: {}"), "Job/writer has the label"),
        (object("ConfigMap", "settings", OURS, "data: {}"), "ConfigMap/settings has the label"),
        (object("ConfigMap", "hwdr-scripts-254811200", OURS, "data: {}"), other),
        (object("ConfigMap", "hwdr-scripts-254811200", "", "data: {gate.sh: exit 0}"), other),
        (object("Role", "hwdr-gate-254811200", "", "rules: []"), other),
        (object("Job", "hwdr-rondb-data-254811200", "", "spec: {}"), other),
    ] {
        let message = refused(&home, 1, &with(&home, &document));
        assert!(message.contains(why), "{document}{message}");
    }
    // Elsewhere it is another object.
    let elsewhere = object("ConfigMap", "hwdr-scripts-254811200", "", "").replace("hopsworks", "other");
    post_render(&home, &with(&home, &elsewhere)).ok();
}

/// A gate of this plan that was changed since is none of this plan.
#[test]
fn a_gate_is_compared_whole() {
    let home = Home::new();
    let result = String::from_utf8(post_render(&home, &with(&home, &deployment("", ""))).ok()).unwrap();
    let at = result.find("name: web\n").expect("the Deployment");
    for (ours, changed) in [
        ("/hwdr/gate.sh", "/hwdr/none.sh"),
        ("hwdr-scripts-254811200", "hwdr-scripts-254811201"),
        ("restore-native-backup-254811200", "setup-mysqld"),
        ("path: token", "path: other"),
    ] {
        let (before, after) = result.split_at(at);
        let changed = format!("{before}{}", after.replacen(ours, changed, 1));
        if changed == result {
            continue;
        }
        assert!(refused(&home, 1, changed.as_bytes()).contains("is not the one that this plan makes"), "{ours}");
    }
    let list = result.replacen("initContainers:\n", "initContainers:\n        - {name: before, image: b}\n", 1);
    assert!(refused(&home, 1, list.as_bytes()).contains("hwdr-gate of"), "something before the gate");
}

/// What aliases and nesting make of a few kilobytes is refused before it takes memory (256 MiB) or time (10 s of a processor).
#[test]
fn what_would_not_fit_is_refused_in_little_memory() {
    let home = Home::new();
    let bomb = |levels: usize, times: usize, open: &str, close: &str| {
        let level =
            |n: usize| format!("  l{n}: &l{n} {open}{}{close}\n", vec![format!("*l{}", n - 1); times].join(", "));
        format!("kind: ConfigMap\ndata:\n  l0: &l0 {{a: b}}\n{}", (1..levels).map(level).collect::<String>())
    };
    let block: String = (1..40).map(|n| format!("- &l{n}\n{}", format!("  - *l{}\n", n - 1).repeat(10))).collect();
    let long = "x".repeat(1 << 20);
    let small =
        format!("kind: ConfigMap\na: &a [{}]\nb: [{}]\n---\n", vec!["x"; 99].join(","), vec!["*a"; 40].join(", "));
    let chain: String = (1..400).map(|n| format!("l{n}: &l{n} [*l{}]\n", n - 1)).collect();
    let merges: String = (1..5000).map(|n| format!("l{n}: &l{n} {{<<: *l{}}}\n", n - 1)).collect();
    for (name, document, why) in [
        ("lists", bomb(40, 10, "[", "]"), "excessive aliasing"),
        ("merges", bomb(40, 10, "{<<: [", "]}"), "excessive aliasing"),
        ("pods", bomb(40, 10, "[", "]").replace("ConfigMap\ndata", "Deployment\nspec"), "excessive aliasing"),
        ("a List", format!("kind: List\nitems:\n- &l0 {{kind: A}}\n{block}"), "excessive aliasing"),
        ("a long text", format!("kind: ConfigMap\na: &a {long}\nb: [{}]\n", vec!["*a"; 90].join(", ")), "aliases"),
        ("many documents", small.repeat(5000), "aliases"),
        ("brackets", format!("kind: A\nx: {}{}\n", "[".repeat(5000), "]".repeat(5000)), "nested deeper"),
        ("brackets without end", format!("kind: A\nx: {}\n", "[".repeat(5000)), "line"),
        ("dashes", format!("kind: A\nx:\n{}\n", "- ".repeat(5000)), "nested deeper"),
        ("aliases in a row", format!("kind: A\nl0: &l0 a\n{chain}"), "nested deeper"),
        ("merges in a row", format!("kind: A\nl0: &l0 {{a: 1}}\n{merges}"), "nested deeper"),
    ] {
        let mut limited = home.command("sh");
        limited
            .args(["-c", "ulimit -d 262144; ulimit -t 10; exec \"$@\"", "sh", HWDR, "post-render"])
            .args(CASE.flags());
        let message = run(&mut limited, document.as_bytes()).failed(2);
        assert!(message.contains("the rendered stream cannot be used") && message.contains(why), "{name}: {message}");
    }
}

/// Texts that the chart hands on may have any character: what was injected is the same objects with that text in them, to
/// both Helms.
#[test]
fn any_character_of_the_chart_comes_through_both_helms() {
    let home = Home::new();
    let special =
        (0..=0xff).chain(0x200b..=0x206f).chain([0x61c, 0xd7ff, 0xe000, 0xfdd0, 0xfeff, 0xfffd, 0xfffe, 0xffff]);
    let others = (0x100..0x11_0000).step_by(1009);
    let characters: Vec<char> = special.chain(others).filter_map(char::from_u32).collect();
    let text = |separator: char| {
        let lines = [
            "kind: ClusterRoleBinding",
            "metadata: {name: extra}",
            "roleRef: {name: view}",
            "---",
            "zzz: {w: [{q: \"",
            "- x",
        ];
        lines.map(|line| format!("{separator}{line}")).concat()
    };
    let all: String = characters.iter().map(|c| format!("a{c}: # {c}")).collect();
    let texts = ['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}', '\u{b}', '\u{c}'].map(text).concat();
    let odd = format!("{all}{texts}");
    let values = |class: &str| hwdr::yaml::flow(&json!({"global": {"_hopsworks": {"priorityClass": class}}}));
    for major in BOTH {
        let through = |name: &str, class: &str| {
            let file = home.write(name, values(class));
            let mut helm = home.helm(major);
            helm.args(CASE.template()).args(["-f", &file]);
            home.post_renderer(&mut helm, major, &[]);
            let printed = run(&mut helm, b"").ok();
            // Once more, as if Helm had asked twice.
            let again = run(home.hwdr().arg("post-render").args(CASE.flags()).args(["-f", &file]), &printed).ok();
            assert!(again == printed, "Helm {}: a second pass changes more", major.number());
            objects(&printed)
        };
        let (plain, with_odd) = (through("plain.json", "plain"), through("odd.json", &odd));
        let names = |objects: &BTreeMap<String, Json>| {
            objects.keys().filter(|name| !name.starts_with("PriorityClass/")).cloned().collect::<Vec<_>>()
        };
        assert_eq!(names(&with_odd), names(&plain), "Helm {}", major.number());
        let class = |objects: &BTreeMap<String, Json>| {
            objects["Job/hwdr-rondb-data-254811200"]["spec"]["template"]["spec"]["priorityClassName"].clone()
        };
        assert_eq!(class(&plain), "plain", "Helm {}", major.number());
        assert!(class(&with_odd) == odd, "Helm {}: {}", major.number(), class(&with_odd));
        let keys = |objects: &BTreeMap<String, Json>| {
            let keys =
                objects.values().map(|object| object.as_object().map(|map| map.keys().cloned().collect::<Vec<_>>()));
            keys.collect::<Vec<_>>()
        };
        assert_eq!(keys(&with_odd), keys(&plain), "Helm {}", major.number());
    }
}

/// In a KRM function's ResourceList too: what is injected are items, and nothing at the list's top.
#[test]
fn any_character_of_the_chart_stays_in_its_item() {
    let home = Home::new();
    let text = "a\u{2028}kind: Secret\u{85}items: []\n- x\u{2029}--- # \u{202e}\u{1f600}";
    let mut items = objects(&home.stream(Major::Three, &CASE));
    for object in items.values_mut().filter(|object| object["kind"] == "StatefulSet") {
        object["spec"]["template"]["spec"]["nodeSelector"] = json!({"label": text});
    }
    let files = ["base", "new-cluster"].map(|name| common::testdata(&format!("values/{name}.yaml"))).to_vec();
    let inputs = ValueInputs { files, ..ValueInputs::default() };
    let values = values::read(&inputs, Helm::V3, &mut |name| std::fs::read(name)).expect("values").to_json();
    let list = |values: &Json| {
        let spec = json!({"for": "install", "namespace": "hopsworks", "values": values});
        let list = json!({"kind": "ResourceList", "functionConfig": {"spec": spec}, "items": items.values().collect::<Vec<_>>()});
        hwdr::yaml::write(&list, 0) + "\n"
    };
    let before = list(&values);
    let after = run(home.hwdr().arg("krm"), before.as_bytes()).ok();
    let read = |text: &[u8]| {
        values::read_one(Source::new("list", str::from_utf8(text).expect("UTF-8"))).expect("YAML").to_json()
    };
    let (before, after) = (read(before.as_bytes()), read(&after));
    assert_eq!(after["functionConfig"], before["functionConfig"]);
    assert_eq!(after.as_object().map(|map| map.len()), Some(3));
    let new = &after["items"].as_array().unwrap()[items.len()..];
    let kinds: Vec<_> = new.iter().map(|item| item["kind"].as_str().unwrap_or_default()).collect();
    assert!(
        kinds.len() > 8 && kinds.iter().all(|kind| ["ConfigMap", "Job", "Role", "RoleBinding"].contains(kind)),
        "{kinds:?}"
    );
    let data = new.iter().find(|item| item["metadata"]["name"] == "hwdr-rondb-data-254811200").expect("the Job");
    assert_eq!(data["spec"]["template"]["spec"]["nodeSelector"]["label"], text);
    // In a value that hwdr itself uses it is refused.
    let mut odd = values;
    odd["olk"]["opensearch"]["restore"]["repositories"]["default"]["snapshots"]["default"] =
        json!({"snapshot_name": "254811200", "payload": {"indices": text}});
    let said = run(home.hwdr().arg("krm"), list(&odd).as_bytes()).failed(1);
    assert!(said.contains("unsafe-characters"), "{said}");
}
