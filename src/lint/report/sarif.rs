//! For code scanning: SARIF 2.1.0, as GitHub accepts it. It refuses a whole report for one location without a file, and for a run that
//! claims to be unsuccessful; so a flag gets a file of its own name, and an unreadable file is a result.

#![expect(
    clippy::indexing_slicing,
    reason = "reading JSON by a missing key gives null, and what is written to is made here"
)]

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::lint::report::{Failure, LintRun, Range, fingerprint};
use crate::lint::{Finding, Note, page, rules, view};
use crate::shown;
use crate::source::{Place, Source};

/// The rule of files that cannot be read.
const UNREADABLE: &str = "unreadable";

/// The run as SARIF text. Paths under `folder`, the working folder, become relative.
pub fn render(run: &LintRun, folder: Option<&Path>) -> String {
    let mut report = Report { folder, lines: HashMap::new() };
    let mut results: Vec<Json> = run.findings.iter().map(|finding| report.finding(finding)).collect();
    results.extend(run.failures.iter().map(|failure| report.failure(failure)));
    let mut invocation = json!({ "executionSuccessful": true });
    if !run.notes.is_empty() {
        invocation["toolExecutionNotifications"] = run.notes.iter().map(|note| report.note(note)).collect();
    }
    if let Some(folder) = folder {
        invocation["workingDirectory"] = json!({ "uri": format!("{}/", report.uri(&folder.to_string_lossy())) });
    }
    let json = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "hwdr",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules::all().map(rule).chain([unreadable()]).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results,
        }],
    });
    shown::json(&format!("{json:#}\n"))
}

fn rule(rule: &'static dyn rules::Rule) -> Json {
    let page = page::of(rule.source());
    json!({
        "id": rule.name(),
        "shortDescription": { "text": page::summary(rule.source()) },
        "fullDescription": { "text": page::description(rule.source()) },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": rule.level().name() },
        "properties": { "precision": "high", "problem.severity": rule.level().name() },
    })
}

fn unreadable() -> Json {
    let text = "A file that cannot be read as values. Nothing in it was checked.";
    json!({
        "id": UNREADABLE,
        "shortDescription": { "text": "A file that cannot be read as values." },
        "fullDescription": { "text": text },
        "help": { "text": text, "markdown": text },
        "defaultConfiguration": { "level": "error" },
        "properties": { "precision": "very-high", "problem.severity": "error" },
    })
}

/// The index of a rule in the list of rules.
fn index(name: &str) -> usize {
    rules::all().position(|rule| rule.name() == name).unwrap_or_else(|| rules::all().count())
}

struct Report<'r> {
    folder: Option<&'r Path>,
    /// The fingerprints of the lines of each text, computed once.
    lines: HashMap<*const Source, Vec<String>>,
}

impl Report<'_> {
    fn finding(&mut self, finding: &Finding) -> Json {
        let message = match &finding.help {
            Some(help) => format!("{}\n{help}", finding.message),
            None => finding.message.clone(),
        };
        let mut json = self.result(finding.rule, finding.level.name(), &message, &finding.place);
        if !finding.related.is_empty() {
            let related = finding.related.iter().map(|(place, text)| {
                let mut json = self.location(place);
                json["message"] = json!({ "text": text });
                json
            });
            json["relatedLocations"] = related.collect();
        }
        if let Some(fix) = &finding.fix {
            let changes = fix.edits.iter().map(|edit| {
                json!({
                    "artifactLocation": { "uri": self.uri(&edit.place.source.name) },
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

    fn failure(&mut self, failure: &Failure) -> Json {
        let nowhere = || Place::new(Source::new(failure.name.clone(), ""), crate::source::Span::default());
        let place = failure.error.place.clone().unwrap_or_else(nowhere);
        self.result(UNREADABLE, "error", &failure.error.message, &place)
    }

    fn result(&mut self, rule: &str, level: &str, message: &str, place: &Place) -> Json {
        json!({
            "ruleId": rule,
            "ruleIndex": index(rule),
            "level": level,
            "message": { "text": message },
            "locations": [self.location(place)],
            "partialFingerprints": { "primaryLocationLineHash": self.fingerprint(place, message) },
        })
    }

    fn note(&self, note: &Note) -> Json {
        json!({ "level": "note", "message": { "text": note.message }, "locations": [self.location(&note.place)] })
    }

    fn location(&self, place: &Place) -> Json {
        let mut json = json!({ "physicalLocation": {
            "artifactLocation": { "uri": self.uri(&place.source.name) },
            "region": region(place),
        } });
        if view::from_flag(place) {
            json["message"] = json!({ "text": format!("the flag {}", place.source.name) });
        }
        json
    }

    /// The line identifies an alert across runs; the message does, if it is in no file.
    fn fingerprint(&mut self, place: &Place, message: &str) -> String {
        let of_message = || fingerprint::of_lines(message).swap_remove(0);
        if view::from_flag(place) || place.source.text.is_empty() {
            return of_message();
        }
        let lines = self.lines.entry(Arc::as_ptr(&place.source));
        let lines = lines.or_insert_with(|| fingerprint::of_lines(&place.source.text));
        lines.get(Range::of(place).line - 1).cloned().unwrap_or_else(of_message)
    }

    /// A path as a relative URI reference, or outside the working folder as an absolute one.
    fn uri(&self, path: &str) -> String {
        let inside = self.folder.and_then(|folder| Path::new(path).strip_prefix(folder).ok()).and_then(Path::to_str);
        let path = inside.filter(|inside| !inside.is_empty()).unwrap_or(path);
        let plain = path.trim_start_matches("./");
        let mut uri = if plain.starts_with('/') { "file://".to_owned() } else { String::new() };
        for byte in plain.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                    uri.push(char::from(byte))
                }
                _ => uri.push_str(&format!("%{byte:02X}")),
            }
        }
        uri
    }
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
