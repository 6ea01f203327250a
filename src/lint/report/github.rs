//! For GitHub Actions: workflow commands, which appear as annotations of the changed lines.

use crate::lint::report::{LintRun, Range};
use crate::lint::view;
use crate::shown::lines;
use crate::source::Place;

/// One command per line, and the summary as a line of the log.
pub fn render(run: &LintRun) -> String {
    let mut text = String::new();
    for finding in &run.findings {
        let message = match &finding.help {
            Some(help) => format!("{}\n{help}", finding.message),
            None => finding.message.clone(),
        };
        text.push_str(&command(finding.level.name(), Some(&finding.place), finding.rule, &message));
    }
    for failure in &run.failures {
        let message = &failure.error.message;
        text.push_str(&match &failure.error.place {
            Some(place) => command("error", Some(place), "not readable", message),
            None if failure.name.starts_with("--") => command("error", None, "not readable", message),
            None => format!("::error file={},line=1,title=not readable::{}\n", property(&failure.name), data(message)),
        });
    }
    for note in &run.notes {
        text.push_str(&command("notice", Some(&note.place), "not checked", &note.message));
    }
    text.push_str(&run.summary());
    text.push('\n');
    text
}

/// One workflow command. A flag has no file.
fn command(name: &str, place: Option<&Place>, title: &str, message: &str) -> String {
    let mut properties = String::new();
    if let Some(place) = place.filter(|place| !view::from_flag(place)) {
        let range = Range::of(place);
        properties = format!(
            "file={},line={},endLine={},col={},",
            property(&place.source.name),
            range.line,
            range.end_line,
            range.column
        );
        if range.line == range.end_line {
            properties.push_str(&format!("endColumn={},", range.end_column));
        }
    }
    format!("::{name} {properties}title={}::{}\n", property(title), data(message))
}

/// Log output is already escaped; here line breaks become part of the annotation.
fn data(text: &str) -> String {
    lines(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
