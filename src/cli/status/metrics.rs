//! The status as metrics in Prometheus' text form (prometheus.io, "Exposition formats"). A metric without a value is left out, and never zero.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::backups::{Enabled, ServiceStatus, Severity, Status};
use crate::shown::lines;

/// A metric: its name, what it is, and its value.
type Metric<T> = (&'static str, &'static str, fn(&T) -> Option<i64>);

/// What is always known, with each [`Status`] and without one.
const LOOK: (&str, &str) = ("look_timestamp_seconds", "When the cluster was read");
const SEVERITY: (&str, &str) = ("backups_severity", "The worst of all: 0 ok, 1 warning, 2 critical, 3 unknown");
const STATE: (&str, &str) = ("backups_state", "Whether backups are made, by the label state");

/// Of the whole.
const WHOLE: [Metric<Status>; 3] = [
    ("backups_has_usable", "Whether there is a backup that can be restored as a whole", |of| {
        of.has_usable.map(i64::from)
    }),
    ("backups_usable_timestamp_seconds", "The time of the newest backup that can be restored as a whole", |of| {
        seconds(of.last_usable_time)
    }),
    ("backups_limit_seconds", "The age at which it is too old", |of| of.limit_seconds),
];

/// Of each service.
const EACH: [Metric<ServiceStatus>; 11] = [
    ("backup_severity", "0 ok, 1 warning, 2 critical, 3 unknown", |of| Some(level(of.severity).into())),
    ("backup_has_good", "Whether there is a good backup", |of| of.has_good.map(i64::from)),
    ("backup_last_good_timestamp_seconds", "The time of the last good backup", |of| seconds(of.last_good_time)),
    ("backup_age_seconds", "The age of the last good backup", |of| of.age_seconds),
    ("backup_limit_seconds", "The age at which it is too old", |of| of.limit_seconds),
    ("backup_expires_timestamp_seconds", "When the last good backup expires", |of| seconds(of.expires)),
    ("backup_interval_seconds", "The longest interval of the schedule", |of| of.interval_seconds),
    ("backup_next_timestamp_seconds", "When the next one is due", |of| seconds(of.next)),
    ("backup_last_run_failed", "Whether the newest one that is over has failed", |of| of.last_failed.map(i64::from)),
    ("backup_duration_seconds", "How long the last good backup took", |of| of.took_seconds),
    ("backup_size_bytes", "How large the last good backup is", |of| of.bytes.and_then(|bytes| bytes.try_into().ok())),
];

fn seconds(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_second)
}

fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Ok => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
        Severity::Unknown => 3,
    }
}

fn head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP hwdr_{name} {help}.\n# TYPE hwdr_{name} gauge");
}

fn always(labels: &str, now: Timestamp, severity: Severity) -> String {
    let mut out = String::new();
    for ((name, help), value) in [(LOOK, now.as_second()), (SEVERITY, level(severity).into())] {
        head(&mut out, name, help);
        let _ = writeln!(out, "hwdr_{name}{labels} {value}");
    }
    out
}

/// The metrics if nothing could be read, not even which cluster or release is meant.
pub(in crate::cli) fn unknown(now: Timestamp) -> String {
    always("", now, Severity::Unknown)
}

/// All metrics.
pub(in crate::cli) fn text(status: &Status, namespace: &str, release: &str) -> String {
    let place = format!("namespace=\"{}\",release=\"{}\"", label(namespace), label(release));
    let mut out = always(&format!("{{{place}}}"), status.now, status.severity);
    let (name, help) = STATE;
    head(&mut out, name, help);
    let services = status.services.iter().map(|of| (of.name.as_str(), of.is));
    for (service, is) in std::iter::once(("all", status.is)).chain(services) {
        for state in Enabled::ALL {
            let (service, word, is_it) = (label(service), state.word(), u8::from(state == is));
            let _ = writeln!(out, "hwdr_{name}{{{place},service=\"{service}\",state=\"{word}\"}} {is_it}");
        }
    }
    for (name, help, value) in WHOLE {
        if let Some(value) = value(status) {
            head(&mut out, name, help);
            let _ = writeln!(out, "hwdr_{name}{{{place}}} {value}");
        }
    }
    for (name, help, value) in EACH {
        let mut known = status.services.iter().filter_map(|of| Some((label(&of.name), value(of)?))).peekable();
        if known.peek().is_some() {
            head(&mut out, name, help);
        }
        for (service, value) in known {
            let _ = writeln!(out, "hwdr_{name}{{{place},service=\"{service}\"}} {value}");
        }
    }
    out
}

/// The value of a label; without characters that a terminal would interpret.
fn label(text: &str) -> String {
    lines(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The names of all metrics, with what they are.
#[cfg(test)]
pub(in crate::cli) fn all() -> Vec<(String, &'static str)> {
    let whole = WHOLE.iter().map(|(name, help, _)| (*name, *help));
    let each = EACH.iter().map(|(name, help, _)| (*name, *help));
    [LOOK, SEVERITY, STATE]
        .into_iter()
        .chain(whole)
        .chain(each)
        .map(|(name, help)| (format!("hwdr_{name}"), help))
        .collect()
}
