//! A plan in a file, for a second pair of eyes: what it was made from, to be compared with what there is when it is run. Nothing is
//! taken from the file but the comparison, so that a wrong file can only refuse.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value as Json, json};

use super::prepare::{Found, Ready};
use crate::cli::messages::Failure;
use crate::cluster::condition::text;
use crate::cluster::{Cluster, Kind};
use crate::helm::invocation::Invocation;
use crate::plan::Plan;
use crate::private;
use crate::refusal::Refusal;
use crate::sha256;
use crate::shown::{kept, note, plain, word};

/// What a file of a plan says that it is.
const KIND: &str = "hwdr.hopsworks.ai/plan";
/// The form of what it was made from. Increase it when a fact is added, dropped or renamed.
const FORM: u64 = 1;
/// How large such a file may be: a plan has some hundred lines.
const MAX_FILE: u64 = 16 << 20;
/// How many changes are named.
const SHOWN: usize = 10;
/// How much of a value is shown.
const LONGEST: usize = 60;

/// Flags of helm with credentials.
const SECRET: [&str; 2] = ["--password", "--username"];

/// Everything that a run is made from: the command, the cluster, the chart, the values, and what is in the cluster.
///
/// # Errors
/// If the cluster does not answer, or the chart's files cannot be read.
pub(super) async fn facts(invocation: &Invocation, ready: &Ready, found: &Found) -> Result<Json> {
    let chart = &ready.chart;
    let charts = subcharts(Path::new(&invocation.chart)).context("the chart's own charts cannot be read")?;
    let mut before = json!(found.before);
    for workload in before.get_mut("workloads").and_then(Json::as_array_mut).into_iter().flatten() {
        // A pod that is not ready for a moment is no change.
        if let Some(workload) = workload.as_object_mut() {
            workload.remove("was_ready");
        }
    }
    Ok(json!({
        "command": ready.plan.mode.word(),
        "again": ready.rerun,
        "wipe": ready.wipe,
        "release": invocation.release,
        "namespace": ready.cluster.namespace,
        "helm": flags(&invocation.rest),
        "cluster": uid(&ready.cluster).await?,
        "chart": {"name": chart.name, "appVersion": chart.app_version, "files": ready.chart_digest, "charts": charts},
        "values": chart.values,
        "plan": ready.plan.digest(),
        "objects": ready.objects(),
        "found": before,
        "markers": found.markers.iter().map(ToString::to_string).collect::<Vec<_>>(),
    }))
}

/// Helm's other flags, without credentials.
fn flags(rest: &[String]) -> Vec<&str> {
    let mut rest = rest.iter().map(String::as_str);
    let mut shown = Vec::new();
    while let Some(flag) = rest.next() {
        match SECRET.iter().find(|secret| flag == **secret || flag.starts_with(&format!("{secret}="))) {
            // Its value is the next word.
            Some(secret) if flag == *secret => {
                rest.next();
            }
            Some(_) => {}
            None => shown.push(flag),
        }
    }
    shown
}

/// What tells a cluster from all others.
async fn uid(cluster: &Cluster) -> Result<String> {
    let system = cluster.get(Kind::NAMESPACE, None, "kube-system").await?.unwrap_or_default();
    Ok(text(&system, "/metadata/uid").to_owned())
}

/// The SHA-256 of the files of charts in a chart's folder, by name, and of a packed chart. Helm's own record of a chart lacks them.
fn subcharts(chart: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    if chart.is_file() {
        found.insert(String::new(), sha256::hex(fs::read(chart)?));
        return Ok(found);
    }
    let top = chart.join("charts");
    let mut folders = if top.is_dir() { vec![top] } else { Vec::new() };
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let name = path.strip_prefix(chart).unwrap_or(&path).to_string_lossy().into_owned();
                found.insert(name, sha256::hex(fs::read(&path)?));
            }
        }
    }
    Ok(found)
}

/// Checks that a file for a plan can be written, before the cluster is asked.
///
/// # Errors
/// If it exists.
pub(in crate::cli) fn can_be_made(file: &str) -> Result<()> {
    ensure!(
        fs::symlink_metadata(file).is_err(),
        Failure::unusable(format!("{} exists, and is not overwritten", plain(file)))
            .help("give the name of a new file: --out FILE")
    );
    Ok(())
}

/// Writes a plan, with what it was made from.
///
/// # Errors
/// If it cannot be written.
pub(in crate::cli) fn write(file: &str, plan: &Plan, machine: &Json, facts: &Json) -> Result<()> {
    let whole = json!({
        "kind": KIND,
        "form": FORM,
        "hwdr": env!("CARGO_PKG_VERSION"),
        "made": jiff::Timestamp::now().to_string(),
        "digest": plan.digest(),
        "madeFrom": facts,
        "plan": machine,
    });
    let path = PathBuf::from(file);
    private::write(&path, format!("{whole:#}\n").as_bytes())
        .with_context(|| format!("cannot write {}", plain(file)))?;
    let file = word(file);
    note(&format!("The plan is in {file}. When it is approved, give it to the run: --plan {file}"));
    Ok(())
}

/// Refuses a run that is not made from what the plan in a file was made from.
///
/// # Errors
/// If anything has changed, or the file is none of a plan.
pub(super) fn same(file: &str, facts: &Json) -> Result<()> {
    let called = plain(file);
    let bytes = read(file).with_context(|| format!("cannot read {called}"))?;
    let whole: Json = serde_json::from_slice(&bytes).with_context(|| format!("{called} is not JSON"))?;
    let how = "make one: helm hwdr plan RELEASE CHART -f values.yaml --out FILE";
    ensure!(
        whole.pointer("/kind").and_then(Json::as_str) == Some(KIND),
        Failure::unusable(format!("{called} is no plan of hwdr's")).help(how)
    );
    ensure!(
        whole.pointer("/form").and_then(Json::as_u64) == Some(FORM),
        Failure::unusable(format!("{called} was written by another version of hwdr, which compares other things"))
            .help(how)
    );
    let mut changes = Vec::new();
    differences("", whole.pointer("/madeFrom").unwrap_or(&Json::Null), facts, &mut changes);
    if changes.is_empty() {
        return Ok(());
    }
    let more = changes.len().saturating_sub(SHOWN);
    changes.truncate(SHOWN);
    if more > 0 {
        changes.push(format!("and {more} more"));
    }
    bail!(
        Refusal::new(format!(
            "this is not what the plan in {called} was made from. Nothing was changed.\n{}",
            changes.join("\n")
        ))
        .help("plan again, and have the new plan approved:\nhelm hwdr plan RELEASE CHART -f values.yaml --out FILE")
    );
}

/// A file of a size that can be a plan.
fn read(file: &str) -> io::Result<Vec<u8>> {
    use io::Read as _;
    let mut bytes = Vec::new();
    fs::File::open(file)?.take(MAX_FILE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a fact is about.
fn about(path: &str) -> &'static str {
    match path.split('.').next().unwrap_or_default() {
        "command" | "again" | "wipe" | "release" | "namespace" => "the command line",
        "helm" => "helm's flags",
        "cluster" => "the cluster itself",
        "chart" => "the chart",
        "values" => "the values",
        "plan" => "the steps",
        "objects" => "Velero's backups",
        "found" | "markers" => "what is in the cluster",
        _ => "the plan",
    }
}

/// Each place where two documents differ, with both values.
fn differences(path: &str, then: &Json, now: &Json, found: &mut Vec<String>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    if let (Some(then), Some(now)) = (named(then), named(now)) {
        let names = then.keys().chain(now.keys().filter(|name| !then.contains_key(*name)));
        for name in names {
            let value = |map: &BTreeMap<String, &Json>| map.get(name).map_or(Json::Null, |value| (*value).clone());
            differences(&below(name), &value(&then), &value(&now), found);
        }
    } else if then != now {
        let shown = |value: &Json| match value {
            Json::Null => "nothing".to_owned(),
            Json::String(text) => cut(text),
            Json::Object(_) => "there".to_owned(),
            other => cut(&other.to_string()),
        };
        found.push(format!("{} ({}): {} then, {} now", about(path), kept(path), shown(then), shown(now)));
    }
}

fn cut(text: &str) -> String {
    let short: String = kept(text).chars().take(LONGEST).collect();
    if short.len() < text.len() && text.chars().count() > LONGEST { format!("{short}…") } else { short }
}

/// The parts of a document by name; the items of a list by what they are called, if all have a name of their own.
fn named(value: &Json) -> Option<BTreeMap<String, &Json>> {
    match value {
        Json::Object(map) => Some(map.iter().map(|(name, value)| (name.clone(), value)).collect()),
        Json::Array(items) if !items.is_empty() => {
            let name = |item: &Json| {
                let name = ["/name", "/claim/metadata/name", "/uid"]
                    .iter()
                    .map(|at| text(item, at))
                    .find(|it| !it.is_empty())?;
                Some(format!(
                    "{}{name}",
                    Some(text(item, "/kind"))
                        .filter(|kind| !kind.is_empty())
                        .map_or_else(String::new, |kind| format!("{kind}/"))
                ))
            };
            let all: BTreeMap<_, _> = items.iter().filter_map(|item| Some((name(item)?, item))).collect();
            (all.len() == items.len()).then_some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(then: Json, now: Json) -> Vec<String> {
        let mut found = Vec::new();
        differences("", &then, &now, &mut found);
        found
    }

    #[test]
    fn each_change_is_named_with_what_was_and_is() {
        let facts = |replicas: u64, values: &str| {
            json!({"values": values, "found": {"revision": 3, "workloads": [
                {"kind": "StatefulSet", "name": "mysqlds", "replicas": replicas}, {"kind": "Deployment", "name": "rdrs", "replicas": 1},
            ]}})
        };
        assert!(changed(facts(2, "a"), facts(2, "a")).is_empty());
        assert_eq!(
            changed(facts(2, "a"), facts(3, "b")),
            [
                "what is in the cluster (found.workloads.StatefulSet/mysqlds.replicas): 2 then, 3 now",
                "the values (values): a then, b now",
            ]
        );
        let one = json!({"found": {"workloads": [{"kind": "Deployment", "name": "rdrs"}]}});
        let gone = changed(facts(2, "a"), one).join("\n");
        assert!(gone.contains("StatefulSet/mysqlds): there then, nothing now"), "{gone}");
        assert_eq!(
            changed(json!({"markers": ["Job/a"]}), json!({"markers": []}))[0],
            "what is in the cluster (markers): [\"Job/a\"] then, [] now"
        );
    }

    #[test]
    fn a_change_of_a_chart_in_a_chart_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("charts/rondb/templates");
        fs::create_dir_all(&inner).unwrap();
        fs::write(inner.join("a.yaml"), "a: 1\n").unwrap();
        let before = subcharts(folder.path()).unwrap();
        assert_eq!(before.keys().collect::<Vec<_>>(), ["charts/rondb/templates/a.yaml"]);
        fs::write(inner.join("a.yaml"), "a: 2\n").unwrap();
        assert_ne!(before, subcharts(folder.path()).unwrap());
        assert!(subcharts(Path::new("oci://host/chart")).unwrap().is_empty());
    }

    #[test]
    fn credentials_are_not_kept() {
        let rest = ["--username", "me", "--password=x", "--timeout", "5m", "--version=4.8"].map(str::to_owned);
        assert_eq!(flags(&rest), ["--timeout", "5m", "--version=4.8"]);
    }

    #[test]
    fn a_file_that_is_no_plan_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan");
        let name = file.to_str().unwrap();
        for (text, why) in [
            ("", "is not JSON"),
            ("[]", "is no plan of hwdr's"),
            ("{\"kind\": \"hwdr.hopsworks.ai/plan\"}", "another version"),
            ("{\"kind\": \"hwdr.hopsworks.ai/plan\", \"form\": 1}", "made from"),
        ] {
            fs::write(&file, text).unwrap();
            let error = format!("{:#}", same(name, &json!({"values": "a"})).unwrap_err());
            assert!(error.contains(why), "{text}: {error}");
        }
        fs::write(&file, "{\"kind\": \"hwdr.hopsworks.ai/plan\", \"form\": 1, \"madeFrom\": {\"values\": \"a\"}}")
            .unwrap();
        assert!(same(name, &json!({"values": "a"})).is_ok());
    }
}
