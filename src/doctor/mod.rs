//! Whether a restore would work now: all that it needs, as lines that say ok, warning, problem or unknown. Pure: [`Facts`] are what was read, and each
//! check is a function of them. It knows no product; [`Product::examine`](crate::product::Product::examine) adds what a product knows.
//!
//! What a run itself checks before it begins is not written twice: doctor calls the same functions (`run::preflight`, `backups::status`,
//! `s3::check`, the plan).

#![expect(clippy::indexing_slicing, reason = "JSON gives null for a missing key")]

mod access;
mod backups;
mod facts;
mod leftovers;
mod line;
mod mend;
mod network;
mod pods;
mod redact;
mod velero;
mod versions;
mod volumes;

use std::collections::BTreeSet;

pub use facts::{ApiServer, Bucket, Facts, HelmHere, Installed, Live, Place, Plugin, Prepared};
pub use line::{Level, Line, Report, Section};
pub use mend::{Mend, mends};
pub use network::Call;
pub use redact::Redactor;

/// A section of the report, and its checks.
type Check = (&'static str, &'static [fn(&Facts) -> Vec<Line>]);

/// All checks, in the order of the report.
const CHECKS: &[Check] = &[
    ("Cluster", &[versions::place, versions::kubernetes, versions::clock, access::rights]),
    ("Helm", &[versions::helm, versions::plugins, versions::chart]),
    ("Velero", &[velero::kinds, velero::server, velero::plugin, velero::location, velero::busy]),
    ("Backups", &[backups::lines]),
    ("Bucket", &[access::bucket, access::bucket_from_pods, access::bucket_by_velero]),
    ("Volumes", &[volumes::policies, volumes::room]),
    ("Pods", &[pods::images, network::lines]),
    ("Earlier restores", &[leftovers::runs, leftovers::set_aside, leftovers::jobs]),
];

/// What cannot be found out by looking, of any product.
const NOT_CHECKED: &[&str] = &[
    "What is in the backup: a restore in place looks at it by a Job before it stops anything (--in-cluster makes that Job now).",
    "Network policies of other kinds than Kubernetes' own (Cilium's, Calico's).",
];

/// Examines all facts.
pub fn examine(facts: &Facts) -> Report {
    let mut sections: Vec<_> = CHECKS
        .iter()
        .map(|(title, checks)| Section { title, lines: checks.iter().flat_map(|check| check(facts)).collect() })
        .collect();
    sections.push(Section { title: facts.product.title(), lines: facts.product.examine(facts) });
    sections.push(Section { title: "Restore", lines: prepared(facts) });
    // The plan warns of some of it, too.
    let mut said = BTreeSet::new();
    for section in &mut sections {
        section.lines.retain(|line| said.insert(line.what.clone()));
    }
    sections.retain(|section| !section.lines.is_empty());
    let mut not_checked: Vec<String> = NOT_CHECKED.iter().map(|text| (*text).to_owned()).collect();
    not_checked.extend(volumes::silent(facts));
    not_checked.extend(facts.product.unexamined().iter().map(|text| (*text).to_owned()));
    Report { sections, not_checked }
}

/// What the restore's own preflight says, if a chart was given.
fn prepared(facts: &Facts) -> Vec<Line> {
    match &facts.prepared {
        Prepared::No => Vec::new(),
        Prepared::Yes(lines) => lines.clone(),
    }
}
