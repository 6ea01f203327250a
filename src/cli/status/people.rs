//! The status for people.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use jiff::SignedDuration;

use crate::backups::{Enabled, Fault, ServiceStatus, Severity, Status, ago};
use crate::cli::backups::look::Looked;
use crate::lint::report::human::{hang, is_command, wrap};
use crate::shown::{lines, plain, width};

const INDENT: usize = 10;

fn style(is: Enabled) -> Style {
    match is {
        Enabled::Enabled => AnsiColor::Green.on_default(),
        Enabled::Partial | Enabled::Unknown => AnsiColor::Yellow.on_default().bold(),
        Enabled::Disabled => AnsiColor::Red.on_default().bold(),
    }
}

/// All of it.
pub(super) fn text(status: &Status, looked: &Looked) -> String {
    let release = looked.release.as_ref().map_or_else(String::new, |release| format!(" of release {}", plain(release)));
    let is = style(status.is);
    let mut out = format!(
        "Backups{release} in namespace {}: {is}{}{is:#}\n\n",
        plain(&looked.cluster.namespace),
        status.is.word()
    );
    if let (Some(name), Some(time)) = (&status.last_usable, status.last_usable_time) {
        let age = ago(status.now.duration_since(time));
        let _ = writeln!(out, "Newest that can be restored as a whole: {}, {age} ago\n", plain(name));
    }
    let mut said: Vec<&Fault> = Vec::new();
    for service in &status.services {
        let is = style(service.is);
        let _ = writeln!(out, "{is}{:<INDENT$}{is:#}{}", service.is.word(), service.called);
        facts(service).iter().for_each(|facts| line(&mut out, facts, 0));
        for fault in &service.faults {
            // The fix of a problem that two share is printed once.
            of_fault(&mut out, fault, !said.contains(&fault));
            said.push(fault);
        }
    }
    for fault in &status.faults {
        out.push('\n');
        of_fault(&mut out, fault, true);
    }
    for elsewhere in looked.product.services().iter().filter_map(|service| service.elsewhere()) {
        out.push('\n');
        for line in elsewhere.lines() {
            let is_command = line.starts_with("helm ");
            let _ = writeln!(out, "{}{}", if is_command { "  " } else { "" }, wrap(line, width().saturating_sub(2)));
        }
    }
    out
}

/// When it was last, and when it will be next; none for what makes no backups of its own.
fn facts(service: &ServiceStatus) -> Option<String> {
    if service.is_a_look {
        return None;
    }
    let last = match (&service.last_good, service.age_seconds) {
        (Some(name), Some(age)) => format!("{}, {} ago", plain(name), ago(SignedDuration::from_secs(age))),
        _ if service.has_good == Some(false) => "none".to_owned(),
        _ => "not known".to_owned(),
    };
    let schedule = service.schedule.as_ref().map_or_else(String::new, |it| format!("; schedule {}", plain(it)));
    let next = service.next.map_or_else(String::new, |next| format!("; next {next:.0}"));
    Some(format!("last good: {last}{schedule}{next}"))
}

fn of_fault(out: &mut String, fault: &Fault, with_fix: bool) {
    let (word, style) = match fault.severity {
        Severity::Ok => ("ok", AnsiColor::Green.on_default()),
        Severity::Warning => ("warning", AnsiColor::Yellow.on_default().bold()),
        Severity::Unknown => ("unknown", AnsiColor::Yellow.on_default().bold()),
        Severity::Critical => ("critical", AnsiColor::Red.on_default().bold()),
    };
    let mut text = fault.what.lines();
    let first = wrap(text.next().unwrap_or_default(), width().saturating_sub(INDENT + word.len() + 2));
    let pad = " ".repeat(INDENT);
    let _ = writeln!(out, "{pad}{style}{word}{style:#}: {}", first.replace('\n', &format!("\n{pad}")));
    // The lines of a log.
    text.for_each(|words| line(out, words, 2));
    let dim = Style::new().dimmed();
    for fix in fault.fix.iter().filter(|_| with_fix).flat_map(|fix| fix.lines()) {
        if is_command(fix) {
            let _ = writeln!(out, "{pad}  {dim}{}{dim:#}", lines(fix));
        } else {
            line(out, fix, 0);
        }
    }
}

fn line(out: &mut String, text: &str, more: usize) {
    let indent = INDENT + more;
    let _ = writeln!(out, "{:indent$}{}", "", hang(text, width(), indent));
}
