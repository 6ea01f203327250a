//! Findings about a bucket, for people: commands on lines of their own.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use anyhow::{Result, ensure};

use crate::lint::report::human::hang;
use crate::refusal::Refusal;
use crate::s3::finding::{Finding, Level};
use crate::shown::width;

const INDENT: usize = 9;

/// One line or more for each.
pub(super) fn text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for (at, finding) in findings.iter().enumerate() {
        let (word, style) = match finding.level {
            Level::Ok => ("ok", AnsiColor::Green.on_default()),
            Level::Warning => ("warning", AnsiColor::Yellow.on_default().bold()),
            Level::Error => ("error", AnsiColor::Red.on_default().bold()),
        };
        let message = hang(&format!("{}: {}", finding.about, finding.message), width(), INDENT);
        let _ = writeln!(out, "{style}{word:<INDENT$}{style:#}{message}");
        // If several in a row have the same fix, it is printed once, below them.
        if findings.get(at + 1).is_some_and(|next| next.fix == finding.fix) {
            continue;
        }
        let dim = Style::new().dimmed();
        for line in finding.fix.iter().flat_map(|fix| fix.lines()) {
            let is_command = ["aws ", "helm ", "timedatectl "].iter().any(|name| line.starts_with(name));
            let line = if is_command { format!("  {dim}{line}{dim:#}") } else { hang(line, width(), INDENT) };
            let _ = writeln!(out, "{:INDENT$}{line}", "");
        }
    }
    out
}

/// How the command ends: with an error if there is anything to fix.
pub(super) fn outcome(findings: &[Finding], bucket: &str) -> Result<()> {
    let count = |level: Level| findings.iter().filter(|finding| finding.level == level).count();
    let named = |count: usize, word: &str| match count {
        0 => None,
        1 => Some(format!("1 {word}")),
        _ => Some(format!("{count} {word}s")),
    };
    let named: Vec<_> =
        [named(count(Level::Error), "error"), named(count(Level::Warning), "warning")].into_iter().flatten().collect();
    ensure!(named.is_empty(), Refusal::new(format!("bucket {bucket}: {}", named.join(", "))));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read() {
        let findings = [
            Finding::new(Level::Ok, "clock", "the same"),
            Finding::new(
                Level::Error,
                "lifecycle",
                "a long message that says what is wrong with it all, and does not fit on one line",
            )
            .fix("change it:\naws s3api do"),
        ];
        let shown = anstream::adapter::strip_str(&text(&findings)).to_string();
        assert_eq!(
            shown,
            "ok       clock: the same\n\
             error    lifecycle: a long message that says what is wrong with it all, and does\n         \
             not fit on one line\n         \
             change it:\n           \
             aws s3api do\n"
        );
        assert!(outcome(&findings[..1], "b").is_ok() && outcome(&findings, "b").is_err());
    }
}
