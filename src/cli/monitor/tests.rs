//! Alerts, dashboard and documentation against the metrics that there are.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{ABSENT, ALERTS, DASHBOARD};
use crate::cli::status::metrics;
use crate::source::Source;
use crate::values::read_one;

const DOCS: &str = include_str!("../../../docs/monitor.md");

/// The words of a text that name metrics of ours.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("hwdr_")).map(str::to_owned).collect()
}

fn known() -> BTreeSet<String> {
    metrics::all().into_iter().map(|(name, _)| name).collect()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Each alert: its name, its expression, and the whole.
fn alerts() -> Vec<(String, String, Json)> {
    let rules = read_one(Source::new("alerts.yaml", ALERTS)).expect("YAML").to_json();
    let rules = rules["groups"][0]["rules"].as_array().expect("rules").clone();
    let text = |rule: &Json, key: &str| one_line(rule[key].as_str().expect("a text"));
    rules.into_iter().map(|rule| (text(&rule, "alert"), text(&rule, "expr"), rule)).collect()
}

#[test]
fn alerts_are_about_metrics_that_there_are() {
    let alerts = alerts();
    assert_eq!(alerts.len(), 11);
    for (name, expr, rule) in &alerts {
        let metrics = named(expr);
        assert!(!metrics.is_empty() && metrics.is_subset(&known()), "{name}: {metrics:?}");
        assert!(["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
        for key in ["summary", "description"] {
            assert!(rule["annotations"][key].as_str().is_some_and(|text| !text.is_empty()), "{name}: {key}");
        }
    }
    assert_eq!(ALERTS.matches(ABSENT).count(), 1);
}

/// Blind spots are what nobody finds: each severity but 0, and each metric that tells of trouble, is in an alert.
#[test]
fn each_kind_of_trouble_has_an_alert() {
    let all = alerts().into_iter().map(|(_, expr, _)| expr).collect::<Vec<_>>().join("\n");
    for part in [
        "absent(hwdr_look_timestamp_seconds)",
        "time() - hwdr_look_timestamp_seconds >",
        "hwdr_backup_severity == 1",
        "hwdr_backup_severity == 2",
        "hwdr_backup_severity == 3",
        "hwdr_backups_severity == 3",
        "state=\"disabled\"",
        "hwdr_backup_has_good == 0",
        "hwdr_backup_last_run_failed == 1",
        "hwdr_backups_has_usable == 0",
        "time() - hwdr_backup_last_good_timestamp_seconds > hwdr_backup_limit_seconds",
        "time() - hwdr_backups_usable_timestamp_seconds > hwdr_backups_limit_seconds",
        "hwdr_backup_expires_timestamp_seconds < hwdr_backup_next_timestamp_seconds",
    ] {
        assert!(all.contains(part), "{part}");
    }
    // A gauge that nobody sets any more would be young for ever.
    assert!(!all.contains("age_seconds"));
}

#[test]
fn the_documentation_has_each_alert_and_each_metric() {
    let docs = one_line(DOCS);
    for (name, expr, _) in alerts() {
        assert!(docs.contains(&format!("`{name}`")), "{name}");
        assert!(docs.contains(&format!("`{expr}`")), "docs/monitor.md lacks `{expr}`");
    }
    for (name, help) in metrics::all() {
        assert!(docs.contains(&format!("`{name}`")), "{name}: {help}");
    }
    let made_up: Vec<_> = named(DOCS).difference(&known()).cloned().collect();
    assert_eq!(made_up, [""; 0]);
}

/// All queries of the dashboard, with their panel.
fn queries(panel: &Json) -> Vec<String> {
    let targets = panel["targets"].as_array().expect("targets");
    targets.iter().map(|target| target["expr"].as_str().expect("a query").to_owned()).collect()
}

#[test]
fn the_dashboard_asks_for_metrics_that_there_are() {
    let dashboard: Json = serde_json::from_str(DASHBOARD).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let (mut ids, mut places, mut used) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{}", panel["id"]);
        let at = |key: &str| panel["gridPos"][key].as_u64().expect("a place");
        for x in at("x")..at("x") + at("w") {
            for y in at("y")..at("y") + at("h") {
                assert!(x < 24 && places.insert((x, y)), "{} is on another", panel["title"]);
            }
        }
        for query in queries(panel) {
            let metrics = named(&query);
            assert!(metrics.is_subset(&known()), "{query}");
            // What is chosen above is what is shown.
            let is_chosen = query.contains("{namespace=~\"$namespace\",release=~\"$release\"}");
            assert!(is_chosen || query.contains("ALERTS{alertname=~\"Hwdr.*\""), "{query}");
            used.extend(metrics);
        }
        assert_eq!(panel["datasource"]["uid"], "${datasource}");
    }
    let unused: Vec<_> = known().difference(&used).cloned().collect();
    // The dashboard computes the age itself, and the others say no more than what is shown.
    let unused_ok =
        ["hwdr_backup_age_seconds", "hwdr_backup_interval_seconds", "hwdr_backups_has_usable", "hwdr_backups_state"];
    assert_eq!(unused, unused_ok);
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    let names: Vec<_> = variables.iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["datasource", "namespace", "release"]);
}
