//! What a verification has found.

use serde::Serialize;

use super::{Finding, Flaw, Verdict};
use crate::backup_files::flaw;

/// What was found of one service's part.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PartReport {
    /// The service's name.
    pub service: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// How it is.
    pub verdict: Verdict,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What is there.
    pub facts: Vec<String>,
    /// What was not checked, and why.
    pub unchecked: Vec<String>,
    /// How much of its data was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Data>,
}

/// How much of the data was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Data {
    /// Bytes that were read.
    pub read: u64,
    /// Bytes that there are.
    pub of: u64,
}

impl PartReport {
    /// A report of what was found.
    pub fn new(service: &'static str, title: &'static str, findings: Vec<Finding>) -> Self {
        let verdict = flaw::worst(&findings);
        Self { service, title, verdict, findings, facts: Vec::new(), unchecked: Vec::new(), data: None }
    }

    /// A report that nothing could be looked at.
    pub fn unread(service: &'static str, title: &'static str, place: &str, why: Flaw) -> Self {
        Self::new(service, title, vec![why.in_file(place)])
    }
}

/// The worst of them. Without any, nothing was looked at.
pub fn worst(parts: &[PartReport]) -> Verdict {
    parts.iter().map(|part| part.verdict).max().unwrap_or(Verdict::Unknown)
}
