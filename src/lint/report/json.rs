//! For programs: one JSON object. Fields are only added; `version` would change if one were removed.

#![expect(
    clippy::indexing_slicing,
    reason = "reading JSON by a missing key gives null, and what is written to is made here"
)]

use serde_json::{Value as Json, json};

use crate::lint::report::{LintRun, Range};
use crate::lint::{Finding, Level};
use crate::shown;
use crate::source::Place;

/// The run as JSON text.
pub fn render(run: &LintRun) -> String {
    let json = json!({
        "version": 1,
        "findings": run.findings.iter().map(finding).collect::<Vec<_>>(),
        "failures": run.failures.iter().map(|failure| {
            let mut json = json!({ "file": failure.name, "message": failure.error.message });
            if let Some(place) = &failure.error.place {
                let range = Range::of(place);
                json["line"] = range.line.into();
                json["column"] = range.column.into();
            }
            json
        }).collect::<Vec<_>>(),
        "notes": run.notes.iter().map(|note| {
            let mut json = location(&note.place);
            json["message"] = note.message.as_str().into();
            json
        }).collect::<Vec<_>>(),
        "summary": {
            "errors": run.count(Level::Error),
            "warnings": run.count(Level::Warning),
            "fixable": run.fixable(),
            "fixed": run.fixed,
            "files": run.files,
            "unreadable": run.failures.len(),
            "leftOut": run.left_out,
        },
    });
    shown::json(&format!("{json:#}\n"))
}

fn finding(finding: &Finding) -> Json {
    let mut json = json!({ "rule": finding.rule, "level": finding.level.name() });
    put(&mut json, location(&finding.place));
    json["message"] = finding.message.as_str().into();
    if let Some(help) = &finding.help {
        json["help"] = help.as_str().into();
    }
    if !finding.related.is_empty() {
        let related = finding.related.iter().map(|(place, message)| {
            let mut json = location(place);
            json["message"] = message.as_str().into();
            json
        });
        json["related"] = related.collect();
    }
    if let Some(fix) = &finding.fix {
        let edits = fix.edits.iter().map(|edit| {
            let mut json = location(&edit.place);
            json["text"] = edit.text.as_str().into();
            json
        });
        json["fix"] = json!({ "title": fix.title, "edits": edits.collect::<Vec<_>>() });
    }
    json
}

fn location(place: &Place) -> Json {
    let range = Range::of(place);
    json!({
        "file": place.source.name,
        "line": range.line,
        "column": range.column,
        "endLine": range.end_line,
        "endColumn": range.end_column,
    })
}

fn put(json: &mut Json, more: Json) {
    if let (Json::Object(json), Json::Object(more)) = (json, more) {
        json.extend(more);
    }
}
