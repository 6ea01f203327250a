//! The status for programs.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};

use crate::backups::{Enabled, ServiceStatus, Severity, Status, ago};
use crate::cli::backups::look::Looked;
use crate::shown::{kept, lines};

/// One JSON object. What is not known is null.
pub(super) fn json(status: &Status, looked: &Looked) -> Json {
    let mut out = json!(status);
    if let Some(map) = out.as_object_mut() {
        map.insert("namespace".to_owned(), json!(looked.cluster.namespace));
        map.insert("release".to_owned(), json!(looked.release));
    }
    out
}

fn level(severity: Severity) -> u8 {
    match severity {
        Severity::Ok => 0,
        Severity::Warning => 1,
        Severity::Critical => 2,
        Severity::Unknown => 3,
    }
}

/// A metric: its name, what it is, and what it is of a service.
type Metric = (&'static str, &'static str, fn(&ServiceStatus) -> Option<i64>);

/// A metric without a value is left out, and never zero.
const METRICS: [Metric; 10] = [
    ("severity", "0 ok, 1 warning, 2 critical, 3 unknown", |of| Some(level(of.severity).into())),
    ("has_good", "Whether there is a good backup", |of| of.has_good.map(i64::from)),
    ("last_good_timestamp_seconds", "The time of the last good backup", |of| {
        of.last_good_time.map(|time| time.as_second())
    }),
    ("age_seconds", "The age of the last good backup", |of| of.age_seconds),
    ("limit_seconds", "The age at which it is too old", |of| of.limit_seconds),
    ("interval_seconds", "The longest interval of the schedule", |of| of.interval_seconds),
    ("next_timestamp_seconds", "When the next one is due", |of| of.next.map(|time| time.as_second())),
    ("last_run_failed", "Whether the newest one that is over has failed", |of| of.last_failed.map(i64::from)),
    ("duration_seconds", "How long the last good backup took", |of| of.took_seconds),
    ("size_bytes", "How large the last good backup is", |of| of.bytes.and_then(|bytes| i64::try_from(bytes).ok())),
];

fn head(out: &mut String, name: &str, help: &str) {
    let _ = writeln!(out, "# HELP hwdr_{name} {help}.\n# TYPE hwdr_{name} gauge");
}

/// What is always known: when hwdr looked, and how bad it is.
fn look(labels: &str, now: Timestamp, severity: Severity) -> String {
    let mut out = String::new();
    head(&mut out, "look_timestamp_seconds", "When the cluster was read");
    let _ = writeln!(out, "hwdr_look_timestamp_seconds{labels} {}", now.as_second());
    head(&mut out, "backups_severity", "The worst of all: 0 ok, 1 warning, 2 critical, 3 unknown");
    let _ = writeln!(out, "hwdr_backups_severity{labels} {}", level(severity));
    out
}

/// The metrics if nothing could be read, not even which cluster is meant.
pub(super) fn unknown_metrics(now: Timestamp) -> String {
    look("", now, Severity::Unknown)
}

/// Metrics in Prometheus' text form (prometheus.io, "Exposition formats").
pub(super) fn prometheus(status: &Status, looked: &Looked) -> String {
    let place = format!(
        "namespace=\"{}\",release=\"{}\"",
        label(&looked.cluster.namespace),
        label(looked.release.as_deref().unwrap_or_default())
    );
    let mut out = look(&format!("{{{place}}}"), status.now, status.severity);
    head(&mut out, "backups_state", "Whether backups are made, by the label state");
    for (service, is) in
        std::iter::once(("all", status.is)).chain(status.services.iter().map(|of| (of.name.as_str(), of.is)))
    {
        for state in Enabled::ALL {
            let _ = writeln!(
                out,
                "hwdr_backups_state{{{place},service=\"{}\",state=\"{}\"}} {}",
                label(service),
                state.word(),
                u8::from(state == is)
            );
        }
    }
    if let Some(time) = status.last_usable_time {
        head(
            &mut out,
            "backups_usable_timestamp_seconds",
            "The time of the newest backup that can be restored as a whole",
        );
        let _ = writeln!(out, "hwdr_backups_usable_timestamp_seconds{{{place}}} {}", time.as_second());
    }
    for (name, help, value) in METRICS {
        let known = || status.services.iter().filter_map(|service| Some((service, value(service)?)));
        if known().next().is_some() {
            head(&mut out, &format!("backup_{name}"), help);
        }
        for (service, value) in known() {
            let _ = writeln!(out, "hwdr_backup_{name}{{{place},service=\"{}\"}} {value}", label(&service.name));
        }
    }
    out
}

/// The value of a label; without characters that a terminal would interpret.
fn label(text: &str) -> String {
    lines(text).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// One line, as Nagios' plugins have it (monitoring-plugins.org, "Development Guidelines").
pub(super) fn nagios(status: &Status) -> String {
    let word = match status.severity {
        Severity::Ok => "OK",
        Severity::Warning => "WARNING",
        Severity::Critical => "CRITICAL",
        Severity::Unknown => "UNKNOWN",
    };
    let worst = |service: &ServiceStatus| {
        let fault = service.faults.iter().find(|fault| fault.severity == service.severity)?;
        Some(format!("{}: {}", service.called, line(&fault.what)))
    };
    let of = status.services.iter().filter(|service| service.severity == status.severity);
    let mut said: Vec<_> = of.filter_map(worst).collect();
    said.extend(status.faults.iter().map(|fault| line(&fault.what)));
    if said.is_empty() {
        let age = |service: &ServiceStatus| {
            Some(format!("{} {}", service.called, ago(SignedDuration::from_secs(service.age_seconds?))))
        };
        said = status.services.iter().filter_map(age).collect();
    }
    let data = status.services.iter().filter_map(|service| {
        let limit = service.limit_seconds.map_or_else(String::new, |limit| limit.to_string());
        Some(format!("'{}_age'={}s;;{limit};0", service.name, service.age_seconds?))
    });
    let data = data.collect::<Vec<_>>().join(" ");
    let data = if data.is_empty() { data } else { format!(" | {data}") };
    format!("BACKUPS {word} - {}{data}\n", said.join("; "))
}

/// The same if nothing could be read.
pub(super) fn unknown(problem: &str) -> String {
    format!("BACKUPS UNKNOWN - {}\n", line(problem))
}

/// One line, without the separator of the performance data.
fn line(text: &str) -> String {
    kept(text).replace('|', "/")
}
