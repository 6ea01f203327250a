//! The report for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::doctor::{Facts, Level, Line, Report};
use crate::lint::report::human::{hang, wrap};
use crate::mode::Mode;
use crate::shown::{lines, plain, width};

const INDENT: usize = 11;
/// Where commands begin: they are not broken, and the longest have to fit.
const COMMAND: usize = 8;
/// How a command begins: it stays on a line of its own.
const COMMANDS: [&str; 10] =
    ["helm ", "kubectl ", "velero ", "aws ", "date ", "timedatectl ", "mv ", "export ", "  ", "--"];

fn style(level: Level) -> Style {
    match level {
        Level::Ok => AnsiColor::Green.on_default(),
        Level::Warning | Level::Unknown => AnsiColor::Yellow.on_default().bold(),
        Level::Problem => AnsiColor::Red.on_default().bold(),
    }
}

/// All of it.
pub(super) fn text(facts: &Facts, report: &Report) -> String {
    let release =
        facts.release.as_ref().map_or_else(|| "the release".to_owned(), |name| format!("release {}", plain(name)));
    let what = match facts.mode {
        Mode::Upgrade => format!("Would a restore of {release} in place work now?"),
        Mode::Install => "Would a restore into a new cluster work now?".to_owned(),
    };
    let mut out = format!("{}\n", wrap(&what, width()));
    let bold = Style::new().bold();
    for section in &report.sections {
        let _ = writeln!(out, "\n{bold}{}{bold:#}", section.title);
        for (at, line) in section.lines.iter().enumerate() {
            // The fix of several in a row is printed once.
            let is_last = section.lines.get(at.saturating_add(1)).is_none_or(|next| next.fix != line.fix);
            of_line(&mut out, line, is_last);
        }
    }
    let _ = writeln!(out, "\n{bold}Not checked{bold:#}");
    for text in &report.not_checked {
        let _ = writeln!(out, "  - {}", hang(text, width(), 4));
    }
    let counts = report.counts().into_iter().filter(|(_, count)| *count > 0).map(|(level, count)| {
        let style = style(level);
        let plural = if count > 1 && matches!(level, Level::Problem | Level::Warning) { "s" } else { "" };
        format!("{style}{count} {}{plural}{style:#}", level.word())
    });
    let _ = writeln!(out, "\n{}", counts.collect::<Vec<_>>().join(", "));
    out
}

fn of_line(out: &mut String, line: &Line, with_fix: bool) {
    let (word, style) = (line.level.word(), style(line.level));
    let mut said = line.what.lines();
    let first = hang(said.next().unwrap_or_default(), width(), INDENT);
    let _ = writeln!(out, "  {style}{word:<9}{style:#}{first}");
    for more in said {
        let _ = writeln!(out, "{:INDENT$}  {}", "", hang(more, width(), INDENT.saturating_add(2)));
    }
    let dim = Style::new().dimmed();
    let mut continues = false;
    for fix in line.fix.iter().filter(|_| with_fix).flat_map(|fix| fix.lines()) {
        if continues || COMMANDS.iter().any(|front| fix.starts_with(front)) {
            let _ = writeln!(out, "{:COMMAND$}{dim}{}{dim:#}", "", lines(fix));
        } else {
            let _ = writeln!(out, "{:INDENT$}{}", "", hang(fix, width(), INDENT));
        }
        continues = fix.ends_with('\\');
    }
}
