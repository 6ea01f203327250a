//! `hwdr krm`: post-render for kustomize, as a KRM function.

use std::fs;
use std::path::PathBuf;

use crate::common::{Case, HWDR, Home, Major, cache, objects, run, testdata};
use hwdr::source::Source;
use hwdr::values::{Helm, ValueInputs, read, read_one};
use serde_json::{Value as Json, json};

const NEW_CLUSTER: Case = Case::new("none", "install");

/// The case's values as one map.
fn values() -> Json {
    let files = vec![testdata("values/base.yaml"), testdata("values/new-cluster.yaml")];
    let inputs = ValueInputs { files, ..ValueInputs::default() };
    read(&inputs, Helm::V3, &mut |name| fs::read(name)).expect("values").to_json().to_string().parse().expect("JSON")
}

/// A ResourceList as kustomize writes it: items in block style.
fn resource_list(stream: &[u8], spec: &Json) -> String {
    let mut list = format!(
        "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: hwdr.hopsworks.ai/v1\n  \
         kind: PostRender\n  metadata: {{name: restore}}\n  spec: {spec}\nitems:\n"
    );
    for object in objects(stream).values() {
        list.push_str(&format!("- {object}\n"));
    }
    list
}

/// The items of a ResourceList by name.
fn items(list: &str) -> std::collections::BTreeMap<String, Json> {
    let list = read_one(Source::new("list", list)).expect("YAML").to_json().to_string();
    let list: Json = list.parse().expect("JSON");
    let items = list["items"].as_array().expect("items").iter();
    items
        .map(|item| {
            let metadata = &item["metadata"];
            (format!("{}/{}/{}", item["kind"], metadata["namespace"], metadata["name"]), item.clone())
        })
        .collect()
}

#[test]
fn the_items_get_what_post_render_adds() {
    let home = Home::new();
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    let spec = json!({"for": "install", "namespace": "hopsworks", "values": values()});
    let list = resource_list(&stream, &spec);
    let after = run(home.hwdr().arg("krm"), list.as_bytes()).text();
    assert!(after.starts_with(list.split("items:").next().expect("a head")), "what is not an item stays");
    let rendered = run(home.hwdr().arg("post-render").args(NEW_CLUSTER.flags()), &stream).ok();
    let mut expected: Vec<String> = objects(&rendered).values().map(Json::to_string).collect();
    let mut found: Vec<String> = items(&after).values().map(Json::to_string).collect();
    let canonical = |objects: &mut Vec<String>| {
        for object in objects.iter_mut() {
            let value: Json = object.parse().expect("JSON");
            *object = sorted(&value).to_string();
        }
        objects.sort();
    };
    canonical(&mut expected);
    canonical(&mut found);
    assert_eq!(found, expected);
    assert_eq!(run(home.hwdr().arg("krm"), after.as_bytes()).text(), after, "a second time nothing is added");
}

/// As docs/gitops.md says, through the real kustomize (`$KUSTOMIZE`, or what `scripts/tools` has built).
#[test]
fn kustomize_runs_it() {
    let home = Home::new();
    let kustomize = std::env::var_os("KUSTOMIZE").map_or_else(|| cache().join("bin/kustomize"), PathBuf::from);
    assert!(kustomize.exists(), "there is no kustomize at {}: `make test` installs it", kustomize.display());
    let stream = home.stream(Major::Three, &NEW_CLUSTER);
    home.write("app/all.yaml", &stream);
    home.write("app/kustomization.yaml", "resources: [all.yaml]\ntransformers: [hwdr.yaml]\n");
    let function = json!({
        "apiVersion": "hwdr.hopsworks.ai/v1",
        "kind": "PostRender",
        "metadata": {
            "name": "restore",
            "annotations": {"config.kubernetes.io/function": json!({"exec": {"path": HWDR, "args": ["krm"]}}).to_string()},
        },
        "spec": {"for": "install", "values": values()},
    });
    home.write("app/hwdr.yaml", function.to_string());
    let mut command = home.command(&kustomize);
    command.args(["build", "--enable-alpha-plugins", "--enable-exec", "app"]);
    let output = run(&mut command, b"").ok();
    let built = objects(&output);
    let rendered = objects(&run(home.hwdr().arg("post-render").args(NEW_CLUSTER.flags()), &stream).ok());
    assert_eq!(built.keys().collect::<Vec<_>>(), rendered.keys().collect::<Vec<_>>());
    for (name, object) in &built {
        assert_eq!(sorted(object), sorted(&rendered[name]), "{name}");
    }

    // As Flux's controllers build (docs/gitops.md): without plugins, and with files from everywhere.
    let flux = |folder: &str| {
        let line = ["build", "--load-restrictor", "LoadRestrictionsNone", folder];
        run(home.command(&kustomize).args(line), b"")
    };
    let refused = flux("app");
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.contains("external plugins disabled"), "{}", refused.stderr);
    // What was rendered elsewhere stays what it is.
    home.write("plain/all.yaml", &output);
    home.write("plain/kustomization.yaml", "resources: [all.yaml]\n");
    assert_eq!(objects(&flux("plain").ok()), built);
}

/// With its keys in order.
fn sorted(value: &Json) -> Json {
    match value {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.iter().map(|(key, value)| (key.clone(), sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Json::Object(entries.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[test]
fn without_a_restore_the_list_stays_as_it_is() {
    let home = Home::new();
    let list = resource_list(b"", &json!({"for": "install", "values": {}}));
    assert_eq!(run(home.hwdr().arg("krm"), list.as_bytes()).text(), list);
}

#[test]
fn what_is_not_understood_is_refused() {
    let home = Home::new();
    let restore = |more: Json| json!({"global": {"_hopsworks": {"restoreFromBackup": more}}});
    let in_place = restore(json!({"backupId": "260751536", "inPlace": true, "forceDataClear": true}));
    let cases = [
        (json!({"values": {}}), 2, "spec.for must be install"),
        (json!({"for": "install"}), 2, "spec.values is missing"),
        (json!({"for": "install", "values": [], "x": 1}), 2, "spec.values is missing"),
        (json!({"for": "install", "values": {}, "x": 1}), 2, "spec.x is unknown"),
        (json!({"for": "install", "values": {}, "unguarded": "yes"}), 2, "spec.unguarded must be"),
        (json!({"for": "upgrade", "values": in_place}), 1, "set spec.unguarded: true"),
        (json!({"for": "install", "values": restore(json!({"backupId": 254_811_200}))}), 1, "backup-id-number"),
        (json!({"for": "install", "values": restore(json!({"backupId": "254811200"}))}), 1, "no RonDB"),
    ];
    for (spec, code, problem) in cases {
        let stream = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: hopsworks}\n";
        let mut spec = spec;
        if code == 1 {
            spec["namespace"] = json!("hopsworks");
        }
        let said = run(home.hwdr().arg("krm"), resource_list(stream, &spec).as_bytes()).failed(code);
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(problem), "{spec}: {said}");
    }
    for (text, problem) in [
        ("", "it is empty, or has no kind"),
        ("kind: List\nitems: []\n", "its kind is List"),
        ("kind: ResourceList\n---\nkind: ResourceList\n", "expected one document"),
        ("kind: [\n", "ResourceList:"),
    ] {
        let said = run(home.hwdr().arg("krm"), text.as_bytes()).failed(2);
        assert!(said.contains(problem), "{text:?}: {said}");
    }
}
