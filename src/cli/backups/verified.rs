//! What people read of a verification.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::backups::size;
use crate::lint::report::human::{hang, wrap};
use crate::shown::{lines, plain, width};
use crate::verify::{Finding, PartReport, Verdict};

/// Where the verdicts stand.
const VERDICT: usize = 20;
/// Where the facts stand.
const FACTS: usize = 36;
/// What is wrong is below, indented by this.
const INDENT: usize = 4;

/// A verdict, in its colour.
pub(super) fn word(verdict: Verdict) -> String {
    let style = style(verdict);
    format!("{style}{}{style:#}", verdict.word())
}

fn style(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Fine => AnsiColor::Green.on_default(),
        Verdict::Unknown => AnsiColor::Yellow.on_default().bold(),
        Verdict::Missing | Verdict::Damaged => AnsiColor::Red.on_default().bold(),
    }
}

/// Lines of at most 80 columns.
pub(super) fn wrapped(text: &str) -> String {
    format!("{}\n", wrap(text, width()))
}

/// All parts: how each is, what is wrong, and what was not checked.
pub(super) fn text(out: &mut String, parts: &[PartReport], not_verified: &[&str]) {
    for part in parts {
        self::part(out, part);
    }
    let unchecked = || parts.iter().flat_map(|part| part.unchecked.iter().map(move |what| (part.title, what)));
    if unchecked().next().is_some() || !not_verified.is_empty() {
        out.push_str("\nNot checked:\n");
    }
    for (title, what) in unchecked() {
        let _ = writeln!(out, "  {}", hang(&format!("{title}: {what}"), width(), INDENT));
    }
    for title in not_verified {
        let _ = writeln!(out, "  {title}: hwdr cannot verify it yet");
    }
}

fn part(out: &mut String, part: &PartReport) {
    let mut facts = part.facts.clone();
    if let Some(data) = part.data {
        facts.push(format!("{} of {} of the data were read whole", size(data.read), size(data.of)));
    }
    let style = style(part.verdict);
    let _ = write!(out, "{:VERDICT$}{style}{}{style:#}", part.title, part.verdict.word());
    let blanks = FACTS.saturating_sub(VERDICT).saturating_sub(part.verdict.word().chars().count());
    for (at, fact) in facts.iter().enumerate() {
        let indent = if at == 0 { blanks } else { FACTS };
        let _ = write!(out, "{:indent$}{}", "", hang(&lines(fact), width(), FACTS));
        if at + 1 < facts.len() {
            out.push('\n');
        }
    }
    out.push('\n');
    for finding in &part.findings {
        self::finding(out, finding);
    }
}

fn finding(out: &mut String, Finding { file, flaw }: &Finding) {
    let at = flaw.at.map_or_else(String::new, |at| format!(", byte {at}"));
    let place = format!("{}{at}", plain(file));
    let style = style(flaw.verdict);
    let _ = writeln!(out, "{:INDENT$}{style}{}{style:#}", "", hang(&place, width(), INDENT));
    let indent = INDENT + 2;
    let _ = writeln!(out, "{:indent$}{}", "", hang(&lines(&flaw.what), width(), indent));
    if let Some(expected) = &flaw.expected {
        let _ = writeln!(out, "{:indent$}{}", "", hang(&format!("expected: {}", lines(expected)), width(), indent));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{Data, Flaw};

    #[test]
    fn what_people_read() {
        let damaged = vec![
            Flaw::damaged("is cut: it does not end with the footer of a fragment")
                .at(1_048_576)
                .in_file("rondb_backup/254871200/rondb/2/BACKUP-254871200-PART-1-OF-2/BACKUP-254871200-0.2.Data"),
            Flaw::missing("is not there").in_file("rondb_backup/254871200/rondb/1/BACKUP-254871200.1.log"),
        ];
        let parts = [
            PartReport {
                facts: vec!["data nodes 1, 2; 148 tables, 1204331 rows".to_owned()],
                unchecked: vec!["the values in rows: NDB's files have no checksums".to_owned()],
                data: Some(Data { read: 10 << 20, of: 9 << 30 }),
                ..PartReport::new("rondb", "RonDB", damaged)
            },
            PartReport {
                facts: vec![
                    "users.sql: 12 statements, 4 accounts".to_owned(),
                    "databases.sql: 80 statements".to_owned(),
                ],
                ..PartReport::new("users", "MySQL's users", Vec::new())
            },
            PartReport::unread(
                "hopsfs",
                "HopsFS",
                "b\u{1b}[2J",
                Flaw::unknown("cannot be read: s3:GetBucketVersioning on bucket b: AccessDenied").expected("yes"),
            ),
        ];
        let mut out = String::new();
        text(&mut out, &parts, &["OpenSearch"]);
        let out = anstream::adapter::strip_str(&out).to_string();
        assert_eq!(out, include_str!("verified.txt"), "\n{out}");
        assert!(out.lines().all(|line| line.chars().count() <= width() + 40 && !line.contains('\u{1b}')));
    }
}
