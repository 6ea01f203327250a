//! Reports in the form that their consumers require.

use std::path::Path;

use serde_json::Value as Json;

use super::{Failure, LintRun, github, human, json, sarif};
use crate::lint::{Context, contents, lint, rules};
use crate::source::Source;
use crate::values::{self, Helm, ValueInputs, ValuesError};

const FILE: &str =
    "global:\n  _hopsworks:\n    backups: {enabled: true, ttl: 6d, schedule: '@weekly', metadataStore: '${STORE}'}\n";

/// Findings in files and flags, files that cannot be read, and notes.
fn run() -> LintRun {
    let inputs = ValueInputs {
        files: vec!["/work/a b,c.yaml".into()],
        set: vec!["global._hopsworks.restoreFromBackup.backupId=254811200".into()],
        ..ValueInputs::default()
    };
    let values = values::read(&inputs, Helm::V3, &mut |_| Ok(FILE.into())).unwrap();
    let broken = values::read_one(Source::new("./broken%\n.yaml", "a: 1\nb: [\n")).unwrap_err();
    let missing = ValuesError::unreadable("cannot read gone.yaml");
    let failures = [("./broken%\n.yaml", broken), ("../gone.yaml", missing)];
    LintRun {
        findings: lint(&values, &Context { whole: true, ..Context::default() }),
        notes: contents::open(&values).into_iter().collect(),
        failures: failures.into_iter().map(|(name, error)| Failure { name: name.into(), error }).collect(),
        files: 3,
        ..LintRun::default()
    }
}

fn sarif() -> Json {
    serde_json::from_str(&sarif::render(&run(), Some(Path::new("/work")))).unwrap()
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn is_text(json: &Json) -> bool {
    json.as_str().is_some_and(|text| !text.trim().is_empty())
}

/// What GitHub's ingestion rules require of a place (GH1001, GH1003, GH1005, GH1006, GH1016, GH1017 of sarif-multitool).
fn check_location(location: &Json) {
    let place = &location["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().unwrap_or_else(|| panic!("no file: {location}"));
    assert!(!uri.is_empty() && !uri.starts_with('/') && (uri.starts_with("file:///") || !uri.contains(':')), "{uri}");
    let number = |name: &str| place["region"][name].as_u64().unwrap_or_else(|| panic!("no {name}: {location}"));
    let (start, end) = ((number("startLine"), number("startColumn")), (number("endLine"), number("endColumn")));
    assert!(start.0 > 0 && start.1 > 0 && start <= end, "{location}");
}

#[test]
fn github_takes_the_sarif() {
    let report = sarif();
    assert_eq!(report["$schema"], "https://json.schemastore.org/sarif-2.1.0.json"); // GH1011, GH1013
    assert_eq!(report["version"], "2.1.0");
    let run = &report["runs"][0];
    let rules = list(&run["tool"]["driver"]["rules"]); // GH1018
    assert!(is_text(&run["tool"]["driver"]["name"]) && rules.len() > super::super::rules::all().count());
    for rule in rules {
        assert!(is_text(&rule["id"]) && is_text(&rule["help"]["text"]), "{rule}"); // GH2012
        for name in ["shortDescription", "fullDescription"] {
            let text = rule[name]["text"].as_str().unwrap_or_default();
            assert!(!text.is_empty() && text.chars().count() <= 1024 && text.ends_with('.'), "{name}: {rule}");
        }
    }
    let results = list(&run["results"]); // GH1014
    assert!(results.len() > 3, "{results:?}");
    for result in results {
        assert!(is_text(&result["message"]["text"]), "{result}"); // GH1007, GH1015
        assert!(is_text(&result["partialFingerprints"]["primaryLocationLineHash"]), "{result}");
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(list(&result["locations"]).len(), 1); // GH1004
        list(&result["locations"]).iter().chain(list(&result["relatedLocations"])).for_each(check_location);
    }
    let invocation = &run["invocations"][0];
    // GitHub accepts no result of an unsuccessful run, and one unreadable file would hide all other files' findings.
    assert_eq!(invocation["executionSuccessful"], true);
    assert_eq!(invocation["workingDirectory"]["uri"], "file:///work/");
    let notes = list(&invocation["toolExecutionNotifications"]);
    assert_eq!(notes.len(), 1);
    list(&notes[0]["locations"]).iter().for_each(check_location);
}

#[test]
fn places_in_the_sarif_are_paths_from_the_working_folder() {
    let report = sarif();
    let uri = |rule: &str| -> Vec<String> {
        let results = list(&report["runs"][0]["results"]).iter().filter(|result| result["ruleId"] == rule);
        let uri = |result: &Json| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].clone();
        results.map(|result| uri(result).as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(uri("ttl-too-short"), ["a%20b%2Cc.yaml"]);
    assert_eq!(uri("backup-id-number"), ["--set"]);
    assert_eq!(uri("unreadable"), ["broken%25%0A.yaml", "../gone.yaml"]);
}

/// A workflow command is one line: nothing that was read may begin a second one, or another property.
#[test]
fn annotations_are_one_line_each_and_nothing_breaks_out_of_them() {
    let run = run();
    let text = github::render(&run);
    let commands: Vec<&str> = text.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), run.findings.len() + run.failures.len() + run.notes.len(), "{text}");
    assert_eq!(text.lines().count(), commands.len() + 1);
    assert!(commands.iter().any(|line| line.starts_with("::error file=/work/a b%2Cc.yaml,line=3,")), "{text}");
    assert!(commands.iter().any(|line| line.starts_with("::error file=./broken%25%0A.yaml,line=")), "{text}");
    assert!(
        commands.iter().any(|line| line.starts_with("::error title=backup-id-number::")),
        "a flag is in no file: {text}"
    );
    assert!(commands.iter().any(|line| line.starts_with("::notice file=/work/a b%2Cc.yaml,line=3,")), "{text}");
}

#[test]
fn a_file_that_cannot_be_read_is_not_counted_as_good() {
    assert!(run().summary().contains(" in 1 file; "), "{}", run().summary());
    assert!(run().summary().ends_with("; 2 files not readable"), "{}", run().summary());
    let broken = LintRun { files: 2, failures: run().failures, ..LintRun::default() };
    assert_eq!(broken.summary(), "nothing was checked; 2 files not readable");
    let json: Json = serde_json::from_str(&json::render(&broken)).unwrap();
    assert_eq!((&json["summary"]["files"], &json["summary"]["unreadable"]), (&2.into(), &2.into()));
    assert_eq!(
        LintRun { files: 1, left_out: 1, ..LintRun::default() }.summary(),
        "nothing was checked; 1 file left out, it holds no values of Hopsworks or Axway Streams"
    );
}

#[test]
fn descriptions_are_whole_sentences_however_long_the_page() {
    let page = |sentence: &str| {
        format!("//! Sum.\n//!\n//! ## What it does\n//! {}\n//!\n//! ## Example\n//! no\n", sentence.repeat(200))
    };
    assert_eq!(crate::lint::page::description(&page("A `b` *c*. ")).chars().count() % 7, 6);
    for rule in rules::all() {
        let text = crate::lint::page::description(rule.source());
        assert!(!text.contains('`') && text.len() > 80, "{}: {text}", rule.name());
    }
}

#[test]
fn help_keeps_its_indentation_and_its_commands() {
    let command = "helm hwdr finalize hopsworks CHART -n hopsworks --kube-context production -f values.yaml";
    let help = [
        "add it:\nhwdr:\n  streams:\n    kafka: {image: apache/kafka:4.0.0}".to_owned(),
        format!("make it final:\n{command}"),
    ];
    let shown = human::render_error("no image", None, &help, human::Look::default());
    let lines: Vec<_> = shown.lines().map(|line| line.trim_start_matches([' ', '|', '='])).collect();
    let column = |text: &str| shown.lines().find_map(|line| line.find(text)).unwrap();
    assert_eq!(column("streams:"), column("hwdr:") + 2, "{shown}");
    assert_eq!(column("kafka:"), column("hwdr:") + 4, "{shown}");
    assert!(lines.contains(&command), "{shown}");
    assert_eq!(human::wrap("  a b", 80), "  a b");
}
