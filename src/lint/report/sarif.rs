//! For code scanning: SARIF 2.1.0.

use serde_json::{Value as Json, json};

use crate::lint::report::{Range, Run};
use crate::lint::{Finding, page, rules, view};
use crate::source::Place;

/// The run as SARIF text.
pub fn render(run: &Run) -> String {
    let names: Vec<&str> = rules::all().map(|rule| rule.name()).collect();
    let failures: Vec<Json> = run
        .failures
        .iter()
        .map(|failure| {
            json!({
                "level": "error",
                "message": { "text": format!("{}: {}", failure.name, failure.error.message) },
                "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(&failure.name) } } }],
            })
        })
        .collect();
    let json = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hwdr",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules::all().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": failures.is_empty(),
                "toolExecutionNotifications": failures,
            }],
            "results": run.findings.iter().map(|finding| result(finding, &names)).collect::<Vec<_>>(),
        }],
    });
    let mut text = serde_json::to_string_pretty(&json).expect("a JSON value can be written");
    text.push('\n');
    text
}

fn rule(rule: &'static dyn rules::Rule) -> Json {
    let page = page::of(rule.source());
    json!({
        "id": rule.name(),
        "shortDescription": { "text": page::summary(rule.source()) },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": rule.level().name() },
    })
}

fn result(finding: &Finding, names: &[&str]) -> Json {
    let message = match &finding.help {
        Some(help) => format!("{}\n{help}", finding.message),
        None => finding.message.clone(),
    };
    let mut json = json!({
        "ruleId": finding.rule,
        "ruleIndex": names.iter().position(|name| *name == finding.rule),
        "level": finding.level.name(),
        "message": { "text": message },
        "locations": [location(&finding.place)],
    });
    if !finding.related.is_empty() {
        let related = finding.related.iter().map(|(place, text)| {
            let mut json = location(place);
            json["message"] = json!({ "text": text });
            json
        });
        json["relatedLocations"] = related.collect();
    }
    if let Some(fix) = &finding.fix {
        let changes = fix.edits.iter().map(|edit| {
            json!({
                "artifactLocation": { "uri": uri(&edit.place.source.name) },
                "replacements": [{
                    "deletedRegion": region(&edit.place),
                    "insertedContent": { "text": edit.text },
                }],
            })
        });
        json["fixes"] =
            json!([{ "description": { "text": fix.title }, "artifactChanges": changes.collect::<Vec<_>>() }]);
    }
    json
}

fn location(place: &Place) -> Json {
    if view::from_flag(place) {
        return json!({ "message": { "text": format!("the flag {}", place.source.name) } });
    }
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&place.source.name) },
        "region": region(place),
    } })
}

fn region(place: &Place) -> Json {
    let range = Range::of(place);
    json!({
        "startLine": range.line,
        "startColumn": range.column,
        "endLine": range.end_line,
        "endColumn": range.end_column,
    })
}

/// A path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
