//! The test chart of every generation, through both real Helms, for both restores.
//!
//! The changes are compared with `testdata/golden/<generation>-<mode>.diff`: the output of `hwdr diff` for Helm 3's stream. Helm 4
//! orders and indents differently, so its result is compared object by object. `UPDATE_GOLDEN=1 cargo test --test it golden` rewrites the
//! files: review the changes.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

use crate::common::{
    BOTH, Case, HWDR, Home, Major, ROOT, cache, difference, golden, objects, only_adds, run, testdata,
};
use hwdr::mode::Mode;
use hwdr::plan::Plan;
use hwdr::stream::Stream;
use hwdr::topology::Topology;
use hwdr::values::{self, Helm, ValueInputs};
use hwdr::{pipeline, render};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

macro_rules! cases {
    ($($name:ident: $generation:literal, $mode:literal $(, $superset:ident)?;)+) => {
        $(#[test] fn $name() {
            let case = Case::new($generation, $mode);
            $(let case = case.$superset();)?
            check(case);
        })+
    };
}

cases! {
    a_chart_without_restores_into_a_new_cluster: "none", "install";
    a_chart_without_restores_in_place: "none", "upgrade";
    a_chart_that_restores_into_a_new_cluster: "native", "install";
    a_chart_that_cannot_restore_in_place_yet: "native", "upgrade";
    a_chart_that_restores_in_place_into_a_new_cluster: "native-inplace", "install";
    a_chart_that_restores_in_place: "native-inplace", "upgrade";
    a_chart_that_only_backs_superset_up: "none", "upgrade", with_superset;
    a_chart_that_restores_superset: "native-inplace", "upgrade", with_superset;
    a_chart_that_restores_superset_into_a_new_cluster: "native-inplace", "install", with_superset;
}

fn check(case: Case) {
    let home = Home::new();
    let [three, four] = BOTH.map(|major| {
        let before = home.stream(major, &case);
        let after = post_render(&home, &case, &before);
        only_adds(&before, &after);
        assert_eq!(post_render(&home, &case, &before), after, "the second time it is other bytes");
        let twice = post_render(&home, &case, &after);
        assert!(twice == after, "a second pass changes more:\n{}", difference(&after, &twice));
        let printed = through_helm(&home, major, &case);
        assert_eq!(printed, home.printed(major, &case, &after), "Helm {} was given something else", major.number());
        kubernetes_takes(&home, &[("stream", &before), ("result", &after), ("printed", printed.as_bytes())]);
        (before, after)
    });
    same_objects(&three.0, &four.0, "the Helms render the chart differently");
    same_objects(&three.1, &four.1, "the Helms get different results");
    let shown = run(home.hwdr().arg("diff").args(case.flags()), &three.0).text();
    golden(&format!("{}.diff", case.name()), &without_scripts(&shown));
}

/// `hwdr post-render` on its own, told everything by flags.
fn post_render(home: &Home, case: &Case, stream: &[u8]) -> Vec<u8> {
    let mut hwdr = home.hwdr();
    hwdr.arg("post-render").args(case.flags()).args(unguarded(case));
    run(&mut hwdr, stream).ok()
}

/// `helm template` with hwdr as its post-renderer, which asks Helm's command line for the values.
fn through_helm(home: &Home, major: Major, case: &Case) -> String {
    let mut helm = home.helm(major);
    helm.args(case.template());
    home.post_renderer(&mut helm, major, unguarded(case));
    run(&mut helm, b"").text()
}

fn unguarded(case: &Case) -> &'static [&'static str] {
    if case.is_upgrade() { &["--unguarded"] } else { &[] }
}

/// Both streams hold the same objects, in whatever order and form. Where a document ends with a block scalar, the Helms do not
/// agree on its last line break.
fn same_objects(one: &[u8], other: &[u8], why: &str) {
    let text = |stream| {
        let mut text = format!("{:#?}", objects(stream));
        while text.contains("\\n\"") {
            text = text.replace("\\n\"", "\"");
        }
        text
    };
    let (one, other) = (text(one), text(other));
    assert!(one == other, "{why}:\n{}", difference(one.as_bytes(), other.as_bytes()));
}

/// The scripts stand in files of their own; golden files only name them.
fn without_scripts(diff: &str) -> String {
    let mut out = String::new();
    let mut in_scripts = false;
    for line in diff.split_inclusive('\n') {
        if line.starts_with("+++ ") {
            in_scripts = line.contains("/hwdr-scripts-");
        }
        let is_text = line.starts_with("+    ") || line == "+\n" || line.starts_with("@@");
        if in_scripts && is_text && !line.contains("hwdr") {
            continue;
        }
        out.push_str(line);
    }
    out
}

/// Decodes every object into Kubernetes' own types: see `tests/kube-schema`.
pub(crate) fn kubernetes_takes(home: &Home, streams: &[(&str, &[u8])]) {
    let mut program = Command::new(&*KUBE_SCHEMA);
    for (name, stream) in streams {
        program.arg(home.write(name, stream));
    }
    let ran = run(&mut program, b"");
    assert_eq!(ran.code, Some(0), "{}{}", String::from_utf8_lossy(&ran.stdout), ran.stderr);
}

/// The program of `tests/kube-schema`, built once for each state of its sources.
static KUBE_SCHEMA: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = format!("{ROOT}/tests/kube-schema");
    let mut hash = Sha256::new();
    for name in ["go.mod", "go.sum", "inspect.go", "main.go"] {
        hash.update(fs::read(format!("{folder}/{name}")).expect("a source of kube-schema"));
    }
    let hash: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let program = cache().join(format!("kube-schema/{hash}"));
    if !program.exists() {
        fs::create_dir_all(program.parent().expect("it has one")).expect("the cache");
        let new = program.with_extension(std::process::id().to_string());
        let mut go = Command::new("go");
        go.current_dir(&folder).env("CGO_ENABLED", "0");
        go.args(["build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o"]).arg(&new).arg(".");
        let built = go.output().expect("go builds tests/kube-schema: install Go 1.24 or newer");
        assert!(built.status.success(), "go build in {folder}:\n{}", String::from_utf8_lossy(&built.stderr));
        // Moved into place: another test may have built it in the meantime.
        fs::rename(new, &program).expect("the cache");
    }
    program
});

/// Who brings HopsFS's bucket back is the values' to say: the Job differs, and nothing else.
#[test]
fn hopsfs_by_hwdrs_own_image_or_from_the_operators_machine() {
    let home = Home::new();
    let case = Case::new("none", "upgrade");
    let stream = home.stream(Major::Three, &case);
    for (name, flags) in [
        ("hopsfs-worker", &["--set", "hwdr.hopsfs.image=hopsworks/hwdr:0.1.0", "--set", "hwdr.hopsfs.pods=8"][..]),
        ("hopsfs-here", &["--set", "hwdr.hopsfs.from=here"][..]),
    ] {
        let rendered = |flags: &[&str]| {
            let mut hwdr = home.hwdr();
            hwdr.arg("post-render").args(case.flags()).args(unguarded(&case)).args(flags);
            run(&mut hwdr, &stream).ok()
        };
        let (usual, result) = (rendered(&[]), rendered(flags));
        kubernetes_takes(&home, &[(name, &result)]);
        golden(&format!("{name}.diff"), &difference(&usual, &result));
    }
}

/// Before anything is stopped, each part of the backup is looked at by what will restore it. The scripts are left out of the golden files.
#[test]
fn a_backup_is_looked_at_by_what_will_restore_it() {
    let home = Home::new();
    for (name, generation, set) in [
        ("preflight", "none", vec![]),
        ("preflight-worker", "none", vec!["hwdr.hopsfs.image=hopsworks/hwdr:0.1.0"]),
        ("preflight-here", "none", vec!["hwdr.hopsfs.from=here"]),
        ("preflight-native", "native-inplace", vec![]),
    ] {
        let case = Case::new(generation, "upgrade");
        let Some(mut job) = look(&home.stream(Major::Three, &case), generation, set.first()) else {
            assert_eq!(generation, "native-inplace", "nothing looks at the backup");
            continue;
        };
        kubernetes_takes(&home, &[(name, render::to_yaml(&job).as_bytes())]);
        rights_of(name, &job["spec"]["template"]["spec"], true);
        let containers = job.pointer_mut("/spec/template/spec/containers").and_then(Json::as_array_mut);
        for container in containers.expect("containers") {
            let Some(script) = container.pointer_mut("/command/2") else { continue };
            assert!(script.as_str().expect("a text").starts_with("#!/bin/bash\n# "), "{script}");
            *script = "...".into();
        }
        golden(&format!("{name}.yaml"), &render::to_yaml(&job));
    }
}

/// The Job that looks at the backup before a restore in place, if there is anything to look at.
fn look(stream: &[u8], generation: &str, set: Option<&&str>) -> Option<Json> {
    let stream = Stream::parse(stream.to_vec()).expect("helm's stream");
    let mut set: Vec<String> = set.into_iter().map(|set| (*set).to_owned()).collect();
    set.push(format!("global._hopsworks.testGeneration={generation}"));
    let files = ["values/base.yaml", "values/in-place.yaml"].map(testdata).to_vec();
    let inputs = ValueInputs { files, set, ..ValueInputs::default() };
    let values = values::read(&inputs, Helm::V3, &mut |file| fs::read(file)).expect("values");
    let restore = pipeline::restore(&values, Mode::Upgrade).expect("good values").expect("a restore");
    let topology = Topology::of(restore.product(), &stream);
    let plan = Plan::new(&*restore, &topology, Some("hopsworks")).expect("a plan");
    render::preflight(&topology, &*restore, &plan).expect("it can be rendered")
}

/// What hwdr adds to a cluster may do as little as it can: each container of its own, wherever it stands, and each volume of its own pods.
#[test]
fn injected_containers_may_as_little_as_they_can() {
    let home = Home::new();
    let mut looked_at = 0;
    for mode in ["install", "upgrade"] {
        for flags in
            [&[][..], &["--set", "hwdr.hopsfs.image=hopsworks/hwdr:0.1.0"], &["--set", "hwdr.hopsfs.from=here"]]
        {
            let case = Case::new("none", mode);
            let mut hwdr = home.hwdr();
            hwdr.arg("post-render").args(case.flags()).args(unguarded(&case)).args(flags);
            let objects = objects(&run(&mut hwdr, &home.stream(Major::Three, &case)).ok());
            for (name, object) in &objects {
                let is_ours = object["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "hwdr";
                let template = if object["kind"] == "CronJob" {
                    "/spec/jobTemplate/spec/template/spec"
                } else {
                    "/spec/template/spec"
                };
                let Some(pod) = object.pointer(template) else { continue };
                looked_at += rights_of(name, pod, is_ours);
            }
            let scripts =
                objects.iter().find(|(name, _)| name.starts_with("ConfigMap/hwdr-scripts-")).expect("the scripts").1;
            assert_eq!(scripts["immutable"], true, "whoever may patch ConfigMaps could change what pods run");
        }
    }
    assert!(looked_at > 50, "{looked_at}");
}

/// Looks at the containers of a pod that are hwdr's, and says how many they are.
fn rights_of(name: &str, pod: &Json, is_ours: bool) -> usize {
    const TOKEN: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let containers = [list(&pod["initContainers"]), list(&pod["containers"])].concat();
    let ours: Vec<_> = containers.iter().filter(|container| is_ours || container["name"] == render::GATE).collect();
    for container in &ours {
        let security = &container["securityContext"];
        for (key, expected) in [
            ("allowPrivilegeEscalation", serde_json::json!(false)),
            ("readOnlyRootFilesystem", serde_json::json!(true)),
            ("runAsNonRoot", serde_json::json!(true)),
            ("capabilities", serde_json::json!({"drop": ["ALL"]})),
            ("seccompProfile", serde_json::json!({"type": "RuntimeDefault"})),
        ] {
            assert_eq!(security[key], expected, "{name}: {key} of {}", container["name"]);
        }
        // Bash writes here-documents to files, and sort what it cannot hold.
        let works = list(&container["volumeMounts"]).iter().any(|mount| mount["name"] == "work");
        let told = list(&container["env"]).iter().any(|entry| entry["name"] == "TMPDIR" && entry["value"] == "/work");
        assert_eq!(works, told, "{name}: TMPDIR of {}", container["name"]);
    }
    if is_ours {
        assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
        let volumes = list(&pod["volumes"]);
        for volume in volumes.iter().filter(|volume| volume["emptyDir"].is_object()) {
            assert!(volume["emptyDir"]["sizeLimit"].is_string(), "{name}: {volume}");
        }
        let mounts: Vec<_> = containers.iter().flat_map(|container| list(&container["volumeMounts"])).collect();
        for volume in &volumes {
            assert!(mounts.iter().any(|mount| mount["name"] == volume["name"]), "{name}: nobody mounts {volume}");
        }
        let has_token = volumes.iter().any(|volume| volume["name"] == "hwdr-token");
        assert_eq!(has_token, mounts.iter().any(|mount| mount["mountPath"] == TOKEN), "{name}");
    }
    ours.len()
}

/// OpenSearch's certificate is checked with the CA that the chart's own client is given, unless the values say not to; the plan says where
/// it is not checked.
#[test]
fn the_charts_ca_is_used_where_it_has_one() {
    const UNCHECKED: &str = "OpenSearch's certificate is not checked";
    let home = Home::new();
    let case = Case::new("none", "upgrade");
    let mut helm = home.helm(Major::Three);
    helm.args(case.template()).args(["--set", "olk.opensearch.protocol=https"]);
    let without = run(&mut helm, b"").text();
    let indented = |line: &str| {
        let pad = line.split("- name:").next().unwrap_or_default();
        format!("{pad}- name: CURL_CA_BUNDLE\n{pad}  value: /etc/repositories/ca.pem\n{line}")
    };
    let lines = without.split_inclusive('\n');
    let with: String = lines
        .map(|line| if line.contains("- name: OPENSEARCH_URL") { indented(line) } else { line.to_owned() })
        .collect();
    let skip = ["--set", "hwdr.opensearch.insecureSkipTLSVerify=true"];
    let check = ["--set", "hwdr.opensearch.insecureSkipTLSVerify=false"];
    for (stream, more, has_ca, unchecked) in [
        (&without, &[][..], false, Some("the chart mounts no CA for it that hwdr can find")),
        (&without, &skip, false, Some("can take its password")),
        (&with, &[], true, None),
        (&with, &check, true, None),
        (&with, &skip, false, Some("can take its password")),
    ] {
        let mut hwdr = home.hwdr();
        hwdr.arg("post-render").args(case.flags()).args(unguarded(&case)).args(more);
        let result = run(&mut hwdr, stream.as_bytes()).ok();
        kubernetes_takes(&home, &[("stream", &result)]);
        let objects = objects(&result);
        let restores = objects.iter().filter(|(name, _)| name.starts_with("Job/opensearch-restore-"));
        let mut jobs: Vec<(&str, Json)> = restores.map(|(name, job)| (name.as_str(), job.clone())).collect();
        assert!(!jobs.is_empty(), "nothing restores OpenSearch");
        jobs.push(("preflight", look(stream.as_bytes(), "none", more.get(1)).expect("a Job looks at the backup")));
        for (name, job) in &jobs {
            let pod = &job["spec"]["template"]["spec"];
            rights_of(name, pod, true);
            let source =
                serde_json::json!({"name": "opensearch-repositories", "items": [{"key": "ca.pem", "path": "ca.crt"}]});
            let volume = serde_json::json!({"name": "opensearch-ca", "configMap": source});
            let volumes = pod["volumes"].as_array().expect("volumes");
            let containers = pod["containers"].as_array().expect("containers");
            let mut entries = containers.iter().filter_map(|container| container["env"].as_array()).flatten();
            let is_told = entries.any(|entry| entry["name"] == "OPENSEARCH_CA");
            assert_eq!((volumes.contains(&volume), is_told), (has_ca, has_ca), "{name} {more:?}");
        }
        let mut plan = home.hwdr();
        plan.arg("plan").args(case.flags()).args(["-o", "json"]).args(more);
        let said = run(&mut plan, stream.as_bytes()).text();
        assert_eq!(said.contains(UNCHECKED), unchecked.is_some(), "{said}");
        assert!(unchecked.is_none_or(|why| said.contains(why)), "{said}");
    }
}

/// What a command may have to do, as Kubernetes takes it, with a reason for each rule.
#[test]
fn rights_are_printed_with_their_reasons() {
    let home = Home::new();
    let rbac = |words: &[&str], input: &[u8]| {
        let mut hwdr = home.hwdr();
        hwdr.arg("rbac").args(words).args(["-n", "hopsworks"]);
        run(&mut hwdr, input).text()
    };
    for command in hwdr::rights::Command::ALL {
        let printed = rbac(&[command.name()], b"");
        kubernetes_takes(&home, &[(command.name(), printed.as_bytes())]);
        let lines: Vec<_> = printed.lines().collect();
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("  - ")) {
            assert!(lines[at - 1].starts_with("  # "), "{} gives no reason for {line}", command.name());
        }
    }
    golden("rbac-upgrade.yaml", &rbac(&["upgrade"], b""));
    kubernetes_takes(&home, &[("all", rbac(&[], b"").as_bytes())]);
}

/// Helm applies what the chart renders, and with it what hwdr adds: `hwdr rbac` reads what that takes from the stream.
#[test]
fn helms_rights_are_those_for_the_charts_objects() {
    let home = Home::new();
    let case = Case::new("none", "upgrade");
    let stream = home.stream(Major::Three, &case);
    let mut hwdr = home.hwdr();
    hwdr.args(["rbac", "upgrade", "-", "-n", "hopsworks"]);
    let printed = run(&mut hwdr, &stream).text();
    kubernetes_takes(&home, &[("rbac", printed.as_bytes())]);
    let roles: Vec<Json> = Stream::parse(printed.clone().into_bytes())
        .map(|stream| {
            stream
                .objects()
                .iter()
                .map(|object| {
                    let look = stream.look(object);
                    hwdr::stream::json_of(&look.tree, look.root)
                })
                .collect()
        })
        .expect("a stream");
    let allows = |namespace: Option<&str>, group: &str, resource: &str, verb: &str| {
        let has = |rule: &Json, key: &str, word: &str| {
            rule[key].as_array().is_some_and(|words| words.iter().any(|it| it == word || it == "*"))
                && rule["resourceNames"].is_null()
        };
        let here = roles.iter().filter(|role| role["metadata"]["namespace"].as_str() == namespace);
        here.flat_map(|role| role["rules"].as_array().into_iter().flatten())
            .any(|rule| has(rule, "apiGroups", group) && has(rule, "resources", resource) && has(rule, "verbs", verb))
    };
    for (namespace, group, resource) in [
        (Some("hopsworks"), "apps", "statefulsets"),
        (Some("hopsworks"), "networking.k8s.io", "networkpolicies"),
        (Some("hopsworks"), "policy", "poddisruptionbudgets"),
        (Some("hopsworks"), "", "serviceaccounts"),
        (Some("hopsworks"), "", "secrets"),
        (Some("velero"), "velero.io", "schedules"),
        (None, "scheduling.k8s.io", "priorityclasses"),
    ] {
        for verb in ["get", "create", "patch", "delete"] {
            assert!(allows(namespace, group, resource, verb), "{verb} {resource} in {namespace:?}:\n{printed}");
        }
    }
    // What the chart's own Roles give: its backups write ConfigMaps.
    assert!(allows(Some("hopsworks"), "", "configmaps", "patch"));
    assert!(!allows(Some("hopsworks"), "", "nodes", "get"));
}

/// With no restore in the values, what comes out is what went in, whatever it is.
#[test]
fn without_a_restore_nothing_changes() {
    let home = Home::new();
    let case = Case::new("native-inplace", "install");
    let rendered = [home.stream(Major::Three, &case), home.stream(Major::Four, &case)];
    let odd: [&[u8]; 12] = [
        b"",
        b"\n",
        b"a: 1",
        b"\xef\xbb\xbfkind: ConfigMap\n",
        b"kind: ConfigMap\r\ndata:\r\n  a: |\r\n    b\r\n---\r\n",
        b"--- # comment\n---\n---",
        b"%YAML 1.2\n---\na: 1\n...\n",
        b"a: [1, 2\nb: }\n\t- x",
        b"a: 1\na: 2\n",
        b"\xff\xfe not UTF-8 \x80",
        b"a\0b",
        b"just a text",
    ];
    for stream in rendered.iter().map(Vec::as_slice).chain(odd) {
        for mode in ["install", "upgrade"] {
            let mut hwdr = home.hwdr();
            hwdr.args(["post-render", "--for", mode, "-f", &testdata("values/base.yaml")]);
            assert!(run(&mut hwdr, stream).ok() == stream, "changed: {:?}", String::from_utf8_lossy(stream));
        }
    }
}

/// The same through Helm: a post-renderer that changes nothing might as well not be there.
#[test]
fn without_a_restore_helm_prints_what_it_prints_without_hwdr() {
    let home = Home::new();
    let chart = testdata("chart");
    let base = testdata("values/base.yaml");
    for mode in [&[][..], &["--is-upgrade"]] {
        for major in BOTH {
            let template = |helm: &mut Command| {
                helm.args(["template", "hops", &chart, "-n", "hopsworks", "-f", &base]).args(mode);
            };
            let mut through_cat = home.helm(major);
            template(&mut through_cat);
            home.post_renderer_script(&mut through_cat, major, "#!/bin/sh\nexec cat\n");
            let mut through_hwdr = home.helm(major);
            template(&mut through_hwdr);
            home.post_renderer(&mut through_hwdr, major, &[]);
            assert_eq!(
                run(&mut through_hwdr, b"").text(),
                run(&mut through_cat, b"").text(),
                "Helm {}",
                major.number()
            );
        }
    }
}

/// Nothing of the surroundings gets into the result.
#[test]
fn the_result_depends_on_nothing_else() {
    let home = Home::new();
    let case = Case::new("none", "install");
    let stream = home.stream(Major::Three, &case);
    let expected = post_render(&home, &case, &stream);
    let mut hwdr = Command::new(HWDR);
    hwdr.arg("post-render").args(case.flags()).current_dir("/");
    hwdr.env_clear().env("TZ", "Asia/Kathmandu").env("LC_ALL", "tr_TR.UTF-8").env("HELM_DEBUG", "true");
    assert!(run(&mut hwdr, &stream).ok() == expected);
}
