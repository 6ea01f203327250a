//! The status for programs.

use jiff::SignedDuration;
use serde_json::{Value as Json, json};

use crate::backups::{ServiceStatus, Severity, Status, ago};
use crate::cli::backups::look::Looked;
use crate::shown::kept;

/// One JSON object. What is not known is null.
pub(super) fn json(status: &Status, looked: &Looked) -> Json {
    let mut out = json!(status);
    if let Some(map) = out.as_object_mut() {
        map.insert("namespace".to_owned(), json!(looked.cluster.namespace));
        map.insert("release".to_owned(), json!(looked.release));
    }
    out
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
