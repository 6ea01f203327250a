//! Whether there is something to restore: what `hwdr status` says, and for a new cluster what Velero has found in the bucket.

use super::{Facts, Line};
use crate::backups::{Severity, ago};
use crate::mode::Mode;
use crate::shown::{plain, word};
use jiff::SignedDuration;

pub(super) fn lines(facts: &Facts) -> Vec<Line> {
    match facts.mode {
        Mode::Upgrade => running(facts),
        Mode::Install => synced(facts),
    }
}

fn running(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "backups";
    let status = &facts.status;
    let mut lines: Vec<Line> = Vec::new();
    let mut add = |line: Line| {
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    for service in &status.services {
        if service.severity == Severity::Ok {
            let age = service
                .age_seconds
                .map_or_else(String::new, |age| format!(", {} ago", ago(SignedDuration::from_secs(age))));
            let last = service.last_good.as_deref().map_or("none".into(), plain);
            add(Line::ok(CHECK, format!("{}: last good backup {last}{age}", service.called)));
        }
        for fault in &service.faults {
            let line = Line::of(CHECK, fault);
            // What all of Velero's share has no name of one in front.
            let is_shared = status.services.iter().filter(|other| other.faults.contains(fault)).count() > 1;
            let what = if is_shared { line.what.clone() } else { format!("{}: {}", service.called, line.what) };
            add(Line { what, ..line });
        }
    }
    for fault in &status.faults {
        add(Line::of(CHECK, fault));
    }
    match (&status.last_usable, status.last_usable_time) {
        (Some(name), Some(time)) => {
            let age = ago(facts.now.duration_since(time));
            add(Line::ok(CHECK, format!("the newest that can be restored as a whole: {}, {age} ago", plain(name))));
        }
        _ if facts.inventory.series.iter().any(|series| series.is_unknown()) => {
            add(Line::unknown(CHECK, "whether a backup can be restored as a whole is not known"));
        }
        _ => add(Line::problem(CHECK, "no backup can be restored as a whole")
            .fix(format!("see which there are, and why:\nhelm hwdr backups list -n {}", word(&facts.place.namespace)))),
    }
    lines
}

/// In a new cluster, only Velero's backups are known.
fn synced(facts: &Facts) -> Vec<Line> {
    const CHECK: &str = "backups";
    let theirs = facts.inventory.series.iter().filter(|series| series.join.is_velero());
    let mut lines = Vec::new();
    for series in theirs {
        if let Some(fault) = series.unread.as_ref().filter(|fault| fault.is_unknown()) {
            lines.push(Line::unread(CHECK, &series.called, fault));
            continue;
        }
        let good = series.parts.iter().filter(|part| part.is_good()).count();
        lines.push(match series.last_good(facts.now) {
            Some(part) => {
                let age =
                    part.time.map_or_else(String::new, |time| format!(", {} ago", ago(facts.now.duration_since(time))));
                Line::ok(
                    CHECK,
                    format!(
                        "{}: Velero has found {good} good backups, the newest {}{age}",
                        series.called,
                        plain(&part.name)
                    ),
                )
            }
            None => Line::problem(
                CHECK,
                format!("{}: Velero has found no good backup in the storage location", series.called),
            )
            .fix(format!(
                "it looks once a minute; see what is there:\nkubectl -n {} get backups.velero.io",
                word(&facts.velero.namespace)
            )),
        });
    }
    lines
}
