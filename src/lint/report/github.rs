//! For GitHub Actions: workflow commands, which show up as annotations of the changed lines.

use crate::lint::report::{Range, Run};
use crate::lint::view;

/// One command a line, and the summary as a line of the log.
pub fn render(run: &Run) -> String {
    let mut text = String::new();
    for finding in &run.findings {
        let range = Range::of(&finding.place);
        let mut properties = String::new();
        if !view::from_flag(&finding.place) {
            properties = format!(
                "file={},line={},endLine={},col={},",
                property(&finding.place.source.name),
                range.line,
                range.end_line,
                range.column
            );
            if range.line == range.end_line {
                properties.push_str(&format!("endColumn={},", range.end_column));
            }
        }
        let message = match &finding.help {
            Some(help) => format!("{}\n{help}", finding.message),
            None => finding.message.clone(),
        };
        text.push_str(&format!("::{} {properties}title={}::{}\n", finding.level.name(), finding.rule, data(&message)));
    }
    for failure in &run.failures {
        let line = failure.error.place.as_ref().map_or(1, |place| Range::of(place).line);
        let message = data(&failure.error.message);
        text.push_str(&format!("::error file={},line={line},title=not readable::{message}\n", property(&failure.name)));
    }
    text.push_str(&run.summary());
    text.push('\n');
    text
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
